/*
 * call.h - one call: who acts, on which snapshot of the registry, in which transaction, with what error.
 *
 * crm_ctx is what modules know as an opaque handle and the kernel as this struct. One thread at a
 * time uses it. It lives from the start of a request, job, rule step or command to its reply.
 */
#ifndef DATA_CALL_H
#define DATA_CALL_H

#include "data/engine.h"
#include "data/registry.h"

typedef enum principal_kind {
    PRINCIPAL_NOBODY,  /* a public route: no rights at all */
    PRINCIPAL_USER,
    PRINCIPAL_MODULE,  /* "module:<name>" with the grants it declares */
    PRINCIPAL_SYSTEM,  /* the kernel, and rules that stand in the applied ТЗ */
} principal_kind;

typedef struct access_scope access_scope; /* access.h */

/* Every execution has exactly one acting principal. */
typedef struct principal {
    principal_kind kind;
    int64_t user;          /* id of the user record; 0 for the other kinds */
    crm_str name;          /* login, module or "system": what history shows when user is 0 */
    const crm_str *roles;
    uint32_t role_count;
    int64_t department;
    const access_scope *scope; /* what a token leaves of it; NULL: all */
} principal;

typedef struct field_error {
    crm_str field, code;   /* "phone", "phone_invalid"; codes of API.md */
    crm_str params_json;   /* {} or the message's parameters */
    crm_str text;          /* literal text of a module, else empty: the catalogue's */
    struct field_error *next;
} field_error;

typedef struct call_error {
    crm_status status;     /* CRM_OK: none */
    crm_str code;          /* more exact than the status, else empty */
    crm_str text;          /* literal text, else the catalogue's by code */
    crm_str params_json;
    field_error *fields;
    int64_t current_rev;   /* STALE */
    int retry_after_s;
} call_error;

typedef struct tx tx;
struct people;

/* What a route handler sees of its HTTP request; NULL in jobs and rules. */
typedef struct call_request {
    crm_str method, path, query, content_type, body, address;
    const crm_str *param_names, *params; /* of the pattern */
    uint32_t param_count;
    json_t *json;          /* the parsed body, or NULL; read-only in handlers */
} call_request;

struct crm_ctx {
    arena *arena;
    bool is_arena_lent;        /* call_begin_in's: not freed with the call */
    const registry *reg;       /* pinned for as long as the call lives */
    const struct people *people; /* pinned likewise; branches of rights live as long as both */
    const principal *who;
    crm_str lang;              /* "ru", "en" */
    crm_str via;               /* "api", "form", "rule:R-1", "job:…": stands in the change log */
    engine_session *session;   /* this thread's reading session, or the writing one inside a tx */
    tx *tx;                    /* the open write transaction, or NULL */
    call_error error;
    call_request *request;
    const module_info *module; /* whose code is running; metered and named in crashes */
    buf *out;                  /* the reply of a module's handler */
    void *reply_state;         /* the plug layer's */
    int http_status;           /* of a module's reply when it is not 200 or 204 */
    uint32_t hook_depth;
    void *prepared;            /* what `prepare` or `work` left for `run`, which only reads it */
    struct call_saved *saved;  /* call_save_point's */
    const struct remote_verdict *verdicts; /* what services said of this write before it (flow/remote.h) */
    crm_str answered_by;       /* the module whose service's answer is being written, or empty */
    cond_env env;              /* me, now, day_start: fixed when the call starts */
    int64_t until;             /* clock_mono at which its time outside a tx is up: blocking reads
                                * and modules' host calls give up with TIMEOUT, what they gave is
                                * to be thrown away; 0: none. Inside a tx it is tx->deadline */
    int64_t try_until;         /* before `until`: the end of a first short try, after which a TIMEOUT
                                * only moves it to the slow pool; 0: this is not one */
    atomic_bool *gone;         /* set when nobody waits for the answer any more: what only reads stops
                                * as if its time were up; NULL: somebody does */
    int64_t cause;             /* whose change set off the rule whose step this is, though it runs as
                                * the system: it must give him nothing; 0: nobody's, it came from outside */
    int64_t batch;             /* the batch whose slice this is: its changes carry it; 0: none */
    bool is_quiet;             /* no rules, notices or webhooks follow */
    int64_t as_of;             /* what is written is told afterwards, as of this moment (ms UTC), and
                                * sets no timer; 0: it happens now. call_write_as_of sets it */
    bool is_of_stores;         /* writes the kernel's own stores only, so an older registry will do */
    uint32_t hidden;           /* records that `who` saved in this call and may not read any more */
    bool is_due;               /* a due row's work: what takes too long is tried again at a later moment */
    bool is_lenient;           /* outside data: an invalid phone is kept and marked, not refused */
};

/* Sets the error (the first wins; later field errors are added) and returns `status`. */
crm_status call_fail(crm_ctx *c, crm_status status, const char *code);
crm_status call_fail_field(crm_ctx *c, crm_str field, const char *code, crm_str params_json);
CRM_PRINTF(4, 5) crm_status call_fail_text(crm_ctx *c, crm_status status, const char *field,
                                           const char *fmt, ...);
/* From now on what is written has happened at `ms`, and so have its "now" and "today"; 0: the present. */
void call_write_as_of(crm_ctx *c, int64_t ms);
/* The moment at which what the call writes happens, ms UTC. */
int64_t call_now(const crm_ctx *c);
/*
 * A write may be run again: call_save_point (after prepare) remembers the call's state, call_rerun brings it
 * back, with the arena rewound: error, out, who, via, module, batch, quiet, lenient, hook depth; it
 * then writes in the present.
 */
void call_save_point(crm_ctx *c);
void call_rerun(crm_ctx *c);
/* A call for `who` on the current registry and people, pinned; call_end unpins and frees the arena. */
CRM_MUST_CHECK crm_status call_begin(crm_ctx *c, const principal *who, crm_str via);
/* The same in an arena of the caller's, which outlives the call. */
CRM_MUST_CHECK crm_status call_begin_in(crm_ctx *c, arena *a, const principal *who, crm_str via);
/* The same on a registry that the caller has pinned. */
CRM_MUST_CHECK crm_status call_begin_on(crm_ctx *c, const registry *pinned, const principal *who, crm_str via);
/* The same on the snapshots `from` holds. */
CRM_MUST_CHECK crm_status call_begin_from(crm_ctx *c, const crm_ctx *from, const principal *who, crm_str via);
void call_end(crm_ctx *c);
/*
 * From now on at most `ms` more (0: as before), never more than it had. Inside a transaction it holds
 * for the open request. Due work on virtual time has ten times as much: the moment of its next try
 * comes only when somebody moves the clock, so what a busy machine makes slow is waited for instead.
 */
void call_limit(crm_ctx *c, uint32_t ms);
bool call_is_stretched(const crm_ctx *c);
/* Whether nobody waits for its answer and it only reads. Its time is then over, too. */
bool call_is_left(const crm_ctx *c);
/* Whether the time the call has, inside a transaction or outside, is over. */
bool call_is_over(const crm_ctx *c);
/* Holds a batch of reads to that time. TIMEOUT, with `interrupted`: it has passed, do not run it. */
CRM_MUST_CHECK crm_status call_limit_read(const crm_ctx *c, engine_batch *b);
bool call_has_role(const crm_ctx *c, crm_str role);
/* Holds the function ("settings", "delete"): by role or by login, and his token names it. System
 * always does. */
bool call_may(const crm_ctx *c, crm_str function);
extern const principal principal_system;

#endif
