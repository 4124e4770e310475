/* api_private.h - what the files of the API share. All of it runs on the loop thread. */
#ifndef NET_API_PRIVATE_H
#define NET_API_PRIVATE_H

#include "net/api.h"
#include "net/http.h"
#include "net/kept_rows.h"
#include "net/metrics.h"
#include "net/slow_shapes.h"
#include "net/turn.h"
#include "net/wheel.h"

#define API_JSON    "application/json; charset=utf-8"
#define API_PROBLEM "application/problem+json; charset=utf-8"

typedef struct session_cache session_cache;
typedef struct stream_list stream_list;
typedef struct openapi_cache openapi_cache;
typedef struct once_write once_write;

struct api {
    api_options o;
    mailbox *mail;
    engine_session *session; /* this loop's reading session */
    uint64_t seen_group;     /* of the writer's: no snapshot of `session` is older */
    uv_check_t turned; /* what arrived in this turn of the loop was taken */
    turn reads;
    session_cache *sessions;
    kept_rows *kept; /* of lists */
    slow_shapes slow_shapes;
    stream_list *streams;
    struct form_quota *quotas;
    struct tell_quota *tells;
    openapi_cache *openapi; /* NULL until somebody asks */
    api_stats stats;
    wheel waits; /* for other threads to come back with a call */
    metric *timeouts;
    int hashing; /* requests that wait for a password to be hashed */
    bool stopping;
    int open_handles;
};

/* One API request from its head to its reply. Lives in the http request's arena. */
typedef struct api_call {
    api *api;
    http_request *http;
    crm_ctx c;
    call_request request;
    principal who;
    session_info session;
    crm_str credential;     /* the cookie's or the bearer token it was found by */
    uint64_t session_epoch; /* read before `session` was */
    void (*next)(struct api_call *k); /* what follows a step that may complete later */
    const entity *entity;
    int64_t id;
    crm_str rest; /* of the path, behind what was matched */
    json_writer w;
    size_t mark; /* where this reply begins in http_body */
    record_read read;
    write_request write;
    crm_status (*commit)(crm_ctx *c, void *k); /* api_write's */
    once_write *once; /* its write is done once (once_take_key); NULL: as often as it comes */
    pool_task task;
    buf text; /* what a pool thread writes; copied into the reply */
    crm_status status;
    void (*run)(struct api_call *k); /* api_pool's */
    void (*read_more)(struct api_call *k); /* api_read's */
    void (*looked)(struct api_call *k);    /* api_look's */
    bool is_slow, is_read; /* is_read: api_read's, which stops when nobody waits for it */
    /* When the answer is due (clock_mono, api_limit's); 0: as long as it takes on pools. */
    int64_t ends_at;
    wheel_node wait; /* while another thread has the call */
    turn_node in_turn; /* while its read waits for the next turn */
    bool is_writing, is_vital; /* its write is tried on a full disk */
    atomic_bool is_gone;        /* nobody waits for the answer: a read stops */
    atomic_bool is_passed_over; /* answered without that thread: it only has to come back */
    void *own;                       /* the handler's */
} api_call;

/* ---- ending: each finishes the request and frees the call; `k` is gone afterwards ------------ */

void api_reply(api_call *k, int status); /* the JSON that stands in http_body */
void api_reply_empty(api_call *k, int status);
void api_reply_problem(api_call *k, int status); /* the problem+json that stands in http_body */
void api_reply_error(api_call *k, crm_status status); /* from c.error, else from the status */
void api_reply_method(api_call *k, const char *allow); /* 405 with the methods of this path */
void api_reply_code(api_call *k, crm_status status, const char *code);
/* 412: somebody was first, and `current` is the JSON of what holds now; empty: the caller may not read it. */
void api_reply_stale(api_call *k, crm_str current);
/* Frees the call alone: who called finishes the request, which is a stream or has pieces to come. */
http_request *api_let_go(api_call *k);
/* problem+json of the call's error into `out`; `current`: the JSON of the record for STALE, or
 * empty. */
void problem_write(buf *out, crm_ctx *c, crm_status status, crm_str request_id, crm_str current);
/* A text of the catalogue in the call's language, filled; with "reason" among the parameters, that of `key.reason`. */
crm_str problem_text(crm_ctx *c, crm_str key, crm_str params_json);
/* "detail" and "params" of one error in the call's language. */
void problem_detail(json_writer *w, crm_ctx *c, const field_error *e, bool is_of_field);
/* What the request asks for, as far as it was read, else the deployment's (`reg` NULL: Russian). */
crm_str problem_language(http_request *r, const registry *reg);
/* The protocol machinery's refusals: no call exists. */
void problem_refuse(void *arg, http_request *r, int status, const char *code);

/* Of a request whose head was read, or that begins again: to its route. `arg`: the api. */
void api_route(void *arg, http_request *r);

/* ---- steps ----------------------------------------------------------------------------------- */

/* The body as a JSON object into request.json; BAD_REQUEST or MEDIA with the error set. */
CRM_MUST_CHECK crm_status api_read_json(api_call *k);
/* If-Match, of what has a hash as its revision: the one that was seen; empty: whichever it is. What is no
 * tag matches none. */
crm_str api_seen_rev(const http_request *r);
/* Where a text is no JSON and why, as the params of an error: line, column, reason. */
crm_str api_json_fault(api_call *k, const json_error *fault);
/*
 * From now on the call has `ms` to its answer: a pool's thread that has not come back with it by then
 * is not waited for, the answer is 504. `next` steps of such a call may never run, so they count
 * nothing.
 */
void api_limit(api_call *k, uint32_t ms);
/* Runs `commit` on the writer (once, when the call has a key), then `done` here; answers 503 itself
 * when the queue is full, and 504 with nothing written when the writer does not come back within the
 * call's limit, else 10 s. */
void api_write(api_call *k, crm_status (*commit)(crm_ctx *c, void *k), void (*done)(api_call *k));
/* Runs `run` on a pool thread with its session in c.session, then `done` here. False: the queue is
 * full; answered with 503, `k` is gone. */
bool api_pool(api_call *k, flow_pool which, void (*run)(api_call *k), void (*done)(api_call *k));

/* Reads k->read inline, when this turn of the loop has time left for it. */
void api_read_inline(api_call *k);

/*
 * A read over data of any size: `run` on the fast pool with c.until set; when it ends with
 * TIMEOUT, once more on the slow pool with more time, else 504. It writes its answer to k->text.
 */
void api_read(api_call *k, void (*run)(api_call *k));
/* The same before a write: answers nothing and goes on with `done` here, k->status and c.error set. */
void api_look(api_call *k, void (*run)(api_call *k), void (*done)(api_call *k));

/* ---- writes that a client may repeat: once.c ------------------------------------------------ */

/*
 * For a write that is answered from k->id alone, called before anything is asked or looked at: the
 * request's Idempotency-Key, if it has one, makes api_write do it once. When a request was done under
 * its key before, `done` comes with that k->id and nothing is committed. False: answered, what stands
 * there is no key. Operations that call it declare the header in their OpenAPI, others do not.
 */
bool once_take_key(api_call *k);
/* The key as it was sent, or empty. */
crm_str once_key(const api_call *k);
/* Whether it was done already: what it needed then it need not find now. A pool's session. */
bool once_is_done(api_call *k);
/* api_write's: the commit that looks for what came of the key and stores it; the header of an answer
 * that was given before. */
CRM_MUST_CHECK crm_status once_commit(crm_ctx *c, void *k);
void once_tell(api_call *k);

/* ---- sessions -------------------------------------------------------------------------------- */

session_cache *session_cache_new(void);
void session_cache_free(session_cache *s);
/* Finds who asks and goes on with k->next; answers 401 itself. */
void session_require(api_call *k, void (*next)(api_call *k));
/* CSRF token and origin of an unsafe request; false: answered. */
bool session_check_csrf(api_call *k, bool has_session);
/* A POST that is a read with its question in the body. Only the kernel's own: what a module calls so
 * may write. */
bool session_is_question(const registry *reg, crm_str path);
void session_route(api_call *k);
void tokens_route(api_call *k);
void webhooks_route(api_call *k);
void model_route(api_call *k);
void modules_route(api_call *k);
/* <module>/settings. False: another route's path. */
bool module_settings_route(api_call *k);
/* What is asked about the settings of a module: k->own. */
typedef struct settings_ask {
    crm_str owner, seen, rev; /* seen: If-Match's; rev: of what was read */
} settings_ask;
/* Answers what was written of them with all of them. */
void module_settings_saved(api_call *k);
/* …/changes and …/undo. */
void module_settings_changes(api_call *k);
void module_settings_undo(api_call *k);

/* ---- routes under /api/v1 -------------------------------------------------------------------- */

void meta_route(api_call *k);
void strings_route(api_call *k);
void openapi_route(api_call *k);
void openapi_cache_free(openapi_cache *all);
void search_route(api_call *k);
void records_route(api_call *k); /* k->entity is set */
void records_write_route(api_call *k);
/* Duplicates of an entity with rules of matching. False: another route's path. */
bool duplicates_route(api_call *k);
void merge_preview_route(api_call *k);
void tell_route(api_call *k); /* a word to who is responsible for the record k->id, which has an owner */
/* Of the record k->id that is not there for the caller: its minimal card where his role shows one (to
 * a GET), else 404, of a merged one with where it went. */
void records_answer_missing(api_call *k);
/* Into k->text, of the record k->id that he has just written and may not read: that it is hidden from
 * him, and its minimal card where his role shows one. Pool. */
void records_look_hidden(api_call *k);
/* Minimal cards of records that he may not read, as JSON: cards[i] of ids[i], or left as it is. Pool. */
CRM_MUST_CHECK crm_status foreign_cards(crm_ctx *c, const entity *e, const value *ids,
                                        uint32_t count, crm_str *cards);
void aggregate_route(api_call *k); /* the same, its path is "aggregate" */
void export_route(api_call *k); /* of k->entity */
void import_route(api_call *k);
void file_route(api_call *k);
void address_route(api_call *k);
struct address;
void address_json(json_writer *w, const struct address *all); /* its filled parts, by name */
/* A file for this entity in the request's body; k->entity is set. */
void upload_route(api_call *k);
#define HOOK_BODY_MAX  (256 * 1024)  /* what is kept of one request */
#define HOOK_PARTS_MAX (1024 * 1024) /* with the files that a form has and that are not kept */
/*
 * A body in parts (multipart/form-data) as the urlencoded one that is kept instead: its texts as fields,
 * its files by name. One that cannot be read stays as it is. TOO_LARGE: what would be kept is.
 */
CRM_MUST_CHECK crm_status hook_take_parts(crm_ctx *c, crm_str *content_type, crm_str *body);
/* The server's early hook: bodies of uploads come in pieces, a longer one of a form is not read. */
void upload_early(void *arg, http_request *r);
/* The list's parameters, without those named in `own` (NULL: none; ends in NULL). */
CRM_MUST_CHECK crm_status records_read_query(api_call *k, query *q, const char *const *own);
void changes_route(api_call *k); /* of k->entity */
void history_route(api_call *k); /* of the record k->id */
void timeline_route(api_call *k); /* likewise */
/* What only the entity `batch` has: its error rows, cancel, undo. False: an ordinary record's route. */
bool batch_route(api_call *k);
/* An address for a page of a module's service, and such a page itself (/frames/…, no session). */
void frames_route(api_call *k);
void frame_page_route(api_call *k);
/* Their policy, for a file of a module that is a framed page or belongs to one. */
void frame_file_policy(http_request *r);
void module_route(api_call *k);
void requests_route(api_call *k); /* of forms, as they came */
void hook_route(api_call *k); /* /hook/<integration>, no session */

/* Reads the record k->id under the caller's rights and answers with it. */
void records_answer_one(api_call *k);
/* The same after a write of his, with this status: of one that he may not read any more, or in the bin,
 * with what he may know of it. */
void records_answer_written(api_call *k, int status);
/* As a "record" of a 412. */
void records_answer_stale(api_call *k);
void record_json(json_writer *w, crm_ctx *c, const record_view *v, const uint64_t select[4],
                 bool is_full);
/* A row of a list; `found` (NULL: no search) tells where the words stand. */
struct search_found;
void record_json_found(json_writer *w, crm_ctx *c, const record_view *v, const uint64_t select[4],
                       const struct search_found *found);

/* ---- events
 * ------------------------------------------------------------------------------------------------
 */

stream_list *streams_new(api *a);
/* Ends every stream and takes no more changes. */
void streams_quiet(stream_list *l);
void streams_free(stream_list *l);
void events_route(api_call *k);
void streams_end_session(stream_list *l, int64_t session, const char *reason);
void streams_end_all(stream_list *l, const char *reason);
void streams_meta(stream_list *l, const char *rev);

#endif
