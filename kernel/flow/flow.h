/*
 * flow.h - what moves: the writer, the pools, what follows a commit, and time.
 *
 * Threads: one writer; a fast pool (2) and a slow pool (1-2, lower priority) with a reading session
 * each; crypto threads (2) for password hashes; workers (2) for due work; threads that wait for
 * other systems (4 while a person waits, 2 for due work). Completions come back to the poster's
 * mailbox. Everything is bounded: a full queue is UNAVAILABLE with a retry hint.
 */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include <stdatomic.h>

#include "data/data.h"

typedef struct flow flow;

typedef struct flow_options {
    engine *engine;
    uint32_t fast_threads, slow_threads, crypto_threads, worker_threads; /* 0: 2, 1, 2, 2 */
    uint32_t writer_queue;   /* interactive requests waiting at most; 0: 1024 */
    uint32_t group_max;      /* requests per commit; 0: 128; 1 shows what grouping is worth */
    /* Where the reserve for a full disk and the key of positions lie; NULL: no reserve is kept, and the key
     * is this process's alone. */
    const char *data_dir;
    /* A record as the API shows it, for webhooks; NULL: its id alone. */
    void (*record_json)(json_writer *w, crm_ctx *c, const record_view *v);
    /* The storage failed on COMMIT: nothing is acknowledged any more, the process should end non-zero
     * and let recovery decide. Writer thread. */
    void (*fatal)(void *arg);
    void *fatal_arg;
    bool has_no_services; /* services of modules (services.h) do not run: --safe, or no server */
} flow_options;

CRM_MUST_CHECK crm_status flow_start(const flow_options *o, flow **out);
/* After a registry was published: recurring jobs get their due rows, what waited is looked at, its services begin and
 * those that are not its own are told to stop. Not on a loop or the writer. */
CRM_MUST_CHECK crm_status flow_ready(flow *f);
/* The same on a worker, before anything that is submitted to it later; a failure is logged. Any thread. */
CRM_MUST_CHECK crm_status flow_ready_later(flow *f);
/*
 * Begins nothing new, lets services stop within ten seconds and what else is under way end within `ms`, cancels transfers, writes what came of
 * it all and joins every thread. False: after another four seconds a thread is still held by code that
 * cannot be interrupted. Then `f` and everything its threads use must stay: the process can only
 * _exit, and what was not acknowledged is the next start's.
 */
CRM_MUST_CHECK bool flow_stop(flow *f, int ms);
/*
 * The disk is full: interactive writes but vital ones are refused with NO_SPACE untried and no due
 * work begins, until flow_watch finds room for the reserve again. Any thread.
 */
bool flow_is_read_only(flow *f);
/* About once a second, one thread at a time: looks whether a full disk has room again; and a pool all of whose threads are held far longer than its
 * tasks may take gets one more, eight at most. */
void flow_watch(flow *f);

/* ---- the writer ------------------------------------------------------------------------------ */

typedef enum flow_lane { LANE_INTERACTIVE, LANE_BULK } flow_lane;

/*
 * One request's write. `commit` runs on the writer with call->tx set; it may
 * run again after a rollback (call_save_point before submitting, call_rerun between), so it keeps
 * no state outside the transaction and the call's arena. A status other than OK rolls back this request alone. `done` is
 * posted to `reply_to` after the group's durable COMMIT, with the commit function's status or the
 * commit's failure (NO_SPACE, INTERNAL). The caller keeps the struct alive until then.
 */
typedef struct write_request {
    crm_ctx *call;
    crm_status (*commit)(crm_ctx *c, void *arg);
    void (*done)(struct write_request *w, crm_status status);
    void *arg;
    mailbox *reply_to;          /* NULL: done runs on the writer */
    crm_status status;
    bool is_vital;              /* a few kilobytes without which nobody could read: tried on a full disk */
    uint64_t group;             /* for `done`: which of the writer's transactions it was in */
    atomic_int fate;            /* the writer's and writer_withdraw's */
    struct write_request *next;
} write_request;
/* Any thread. UNAVAILABLE at once when the lane is full (done is then not called). */
CRM_MUST_CHECK crm_status writer_submit(flow *f, flow_lane lane, write_request *w);
/*
 * Takes a request back that takes too long: true says that nothing of it is or will be committed;
 * false, that its commit has begun and `done` says soon what came of it. `done` is called in both
 * cases, with TIMEOUT in the first. Any thread, between writer_submit and `done`.
 */
bool writer_withdraw(write_request *w);
/*
 * Runs fn alone on the writer's thread, between groups and outside any transaction: the schema step
 * of a new registry. Waits. Not on the writer or a loop.
 */
CRM_MUST_CHECK crm_status writer_exclusive(flow *f, crm_status (*fn)(void *arg), void *arg);
/*
 * In such a function: the stored values mean something else now, so calls of registries older than
 * this write nothing any more: their requests end with UNAVAILABLE, code "schema_changed", untried. Who
 * asked begins again on the registry in force.
 */
void writer_refuse_older(flow *f, const registry *r);
/* Everything the writer does when it has nothing to do (engine_idle), now. Waits, as the above. */
CRM_MUST_CHECK crm_status writer_rest(flow *f);
/* In such a function: one request in a transaction of its own, and what follows a commit. */
CRM_MUST_CHECK crm_status writer_run_alone(flow *f, crm_ctx *c, crm_status (*commit)(crm_ctx *, void *),
                                           void *arg);
/* Pool and worker threads and start-up: submits in the bulk lane and waits. */
CRM_MUST_CHECK crm_status writer_run(flow *f, crm_ctx *c, crm_status (*commit)(crm_ctx *, void *), void *arg);

/* What the writer has done and what waits; any thread. */
typedef struct flow_stats {
    uint64_t requests; /* writes taken into a lane */
    uint64_t groups;   /* transactions; requests / groups is what a commit is shared by */
    uint64_t reruns;   /* groups that lost their transaction and were run request by request */
    uint64_t slow;     /* requests that held the writer for more than 5 ms */
    uint32_t waiting_interactive, waiting_bulk;
    uint32_t waiting_fast, waiting_slow; /* reads in the queues of the pools */
    uint32_t read_only;                  /* 1: the disk is full */
    uint64_t webhooks_sent, webhooks_failed, webhooks_dead; /* taken, attempts that failed, given up */
    uint32_t webhooks_under_way;
    uint64_t mails_dead;    /* given up since the start */
    uint64_t forms_bare;    /* kept as bare records since the start: what reads them kept failing */
    uint64_t forms_trapped; /* of robots, by a field that people do not see; since the start */
    uint32_t forms_waiting; /* requests stored and not worked out yet; at most 1000 are counted */
    int64_t keys_left; /* rows whose keys of names are to be made, by the last slice that made some */
} flow_stats;
void flow_stats_get(flow *f, flow_stats *out);

/* ---- pools ----------------------------------------------------------------------------------- */

/* ASK: a person waits for another system's answer; OUTSIDE: due work waits for one; LOOK: a file that a
 * person brings is looked over, which takes as long as whoever made it has decided. */
typedef enum flow_pool {
    POOL_FAST, POOL_SLOW, POOL_CRYPTO, POOL_WORKER, POOL_ASK, POOL_OUTSIDE, POOL_LOOK
} flow_pool;

/* `run` gets the thread's reading session (NULL on crypto threads); `done` comes to `reply_to`. */
typedef struct pool_task {
    void (*run)(struct pool_task *t, engine_session *session);
    void (*done)(struct pool_task *t);
    void *arg;
    mailbox *reply_to;
    int64_t user;               /* slow pool: at most one at a time per user; 0: no limit */
    bool is_repeatable;         /* stands as a due row: dropped unrun when the pool stops */
    struct pool_task *next;
} pool_task;
CRM_MUST_CHECK crm_status pool_submit(flow *f, flow_pool which, pool_task *t);
/* Asked by a long task of a pool: whether the server ends, and waits for it. */
bool pool_is_closing(void);

/* ---- after a commit -------------------------------------------------------------------------- */

/* Browsers' streams: called on the subscriber's loop after each commit with its changes, in order;
 * rights are the receiver's business. Take a reference (changes_ref) to keep it. */
typedef struct flow_subscriber flow_subscriber;
flow_subscriber *flow_subscribe(flow *f, mailbox *m, void (*fn)(void *arg, changes_batch *b), void *arg);
void flow_unsubscribe(flow_subscriber *s);

/* ---- time and work ---------------------------------------------------------------------------------
 * Due rows (`sys.due`: job, key, due, arg, attempts, error) + the clock layer; one timer wakes the scheduler.
 * Writer, inside a transaction: */
CRM_MUST_CHECK crm_status timers_schedule(crm_ctx *c, crm_str name, crm_str key, int64_t due, crm_str arg);
CRM_MUST_CHECK crm_status timers_unschedule(crm_ctx *c, crm_str name, crm_str key);
/* records_purge in commits of a bounded length: the record with some of its parts now, the others, which
 * nobody sees any more, by due rows. Writer, inside a transaction. */
CRM_MUST_CHECK crm_status bin_purge(crm_ctx *c, const entity *e, int64_t id);
/* Virtual time (sandbox only): steps to each due moment up to `until`, waiting at each until writer,
 * listeners, rules, outbox and jobs are idle. Worker thread. */
CRM_MUST_CHECK crm_status flow_advance(flow *f, int64_t until);
/* Whether nothing is queued or running but the caller's own task. Any thread. */
bool flow_is_idle(flow *f);

/* ---- notices, mail, inbox (writer, inside a transaction) ------------------------------------- */

/* A `notification` record, and mail through the outbox when the user has an address and mail is set up. */
CRM_MUST_CHECK crm_status notices_send(crm_ctx *c, int64_t user, crm_str kind, const record *about, crm_str text);
/* The same without mail and about no record, and none while the user has an unread one of that kind. */
CRM_MUST_CHECK crm_status notices_send_once(crm_ctx *c, int64_t user, crm_str kind, crm_str text);
/* Calls `tell` for each person who holds the function `settings`. */
CRM_MUST_CHECK crm_status notices_to_settings(crm_ctx *c,
                                              crm_status (*tell)(crm_ctx *c, int64_t user, const void *arg),
                                              const void *arg);
/* notices_send to each of them of the text of this key, in the deployment's language, about no record. */
CRM_MUST_CHECK crm_status notices_tell_settings(crm_ctx *c, crm_str kind, crm_str key, crm_str params_json);
/* `{title}`, `{owner}` … of `text` replaced by the record's fields as a person reads them.
 * Pool or writer. */
crm_str template_fill(crm_ctx *c, crm_str text, const record *subject);
/* The next "{name}" of a text that template_fill fills: *head is what stands before it, and *rest goes
 * on behind it. False when there is none left: *head is then all of the rest. A brace without its end
 * is text. */
bool template_next(crm_str *rest, crm_str *head, crm_str *name);
/* Queues one mail (`sys.outbox`); sent by a worker with back-off and jitter for three days, then dead. */
CRM_MUST_CHECK crm_status outbox_mail(crm_ctx *c, crm_str to, crm_str subject, crm_str body, crm_str key);
/* Stores a raw incoming request (`sys.inbox`) and queues its processing. *receipt is opaque. The same request again
 * within ten minutes, as senders that had no answer repeat it, is the first one: its receipt, and nothing new. */
CRM_MUST_CHECK crm_status inbox_store(crm_ctx *c, crm_str instance, crm_str content_type, crm_str body,
                                      crm_str address, crm_str *receipt);
/* Lets one go on that was held back as a robot's: it is worked out as though no guard stood before it. NOT_FOUND. */
CRM_MUST_CHECK crm_status inbox_release(crm_ctx *c, crm_str receipt);

/* Adds the flow layer's own rows to an open registry: rule hook, steps assign/notify/move/set,
 * strategies free/next, kernel jobs. */
CRM_MUST_CHECK crm_status flow_register(registry *r);

#endif
