/* flow_private.h - what the files of the flow layer share. */
#ifndef FLOW_FLOW_PRIVATE_H
#define FLOW_FLOW_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "flow/flow.h"

#define POOL_COUNT 7
#define POOL_QUEUE_MAX 512

typedef struct lane {
    write_request *head, *tail;
    uint32_t count, limit;
} lane;

typedef struct pool {
    flow *flow;
    flow_pool kind;
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pool_task *head, *tail;
    uint32_t count, running;
    uint32_t thread_count, most; /* those that were made, those that work may make */
    pthread_t threads[8];
    int64_t busy_users[8]; /* slow pool: whose tasks run now; 0 is free */
    int64_t since[8];      /* clock_mono when the thread took its task; 0: it has none */
    bool stopping;
} pool;

/* A due row whose failure could not be written: not before `until` (clock_mono). */
typedef struct held_due {
    int64_t id, until;
    int times;
} held_due;

typedef struct scheduler {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int64_t next_due;      /* ms UTC; INT64_MAX: none known */
    bool changes_waiting;  /* listeners have something to read */
    bool stopping, busy;
    uint32_t in_flight;    /* due rows being worked on */
    struct running_due *running;
    held_due held[64];
    atomic_bool advancing;
} scheduler;

/* One function that wants the writer for itself. */
typedef struct exclusive {
    crm_status (*fn)(void *arg);
    void *arg;
    crm_status status;
    bool is_done;
} exclusive;

struct flow {
    flow_options o;
    engine_session *writer_session;
    pthread_t writer_thread;
    pthread_mutex_t lock;  /* lanes */
    pthread_cond_t filled;
    lane lanes[2];
    exclusive *exclusive; /* waits for its turn */
    pthread_cond_t exclusive_done;
    bool stopping, writer_busy;
    int64_t last_commit;   /* clock_mono of its end */
    int64_t last_took;     /* the last group's time; 0 of a bulk one */
    atomic_bool is_read_only; /* the disk is full */
    uint32_t last_count;   /* requests in it */
    uint32_t guarded;      /* groups that still get savepoints, since a request has failed late */
    uint32_t expected;     /* interactive requests that wake a lingering writer; 0: any */
    atomic_bool failed;    /* storage failed: nothing is acknowledged any more */
    _Atomic uint64_t oldest;  /* serial of the oldest registry whose calls may still write */
    pool pools[POOL_COUNT];
    pthread_mutex_t subscribers_lock;
    flow_subscriber *subscribers;
    scheduler scheduler;
    struct courier *courier; /* NULL until started */
    struct services *services; /* likewise */
    _Atomic int64_t keys_left; /* rows whose keys of names are to be made */
    _Atomic uint64_t webhooks_sent, webhooks_failed, webhooks_dead, mails_dead, forms_bare,
        forms_trapped;
    _Atomic uint32_t forms_waiting;
    _Atomic uint64_t commits, groups_rerun, requests, slow_commits;
};

/* Set on the writer's thread, so that code inside a transaction can leave hints for after it. */
extern _Thread_local flow *writer_flow;

/* The running flow layer; there is one per process. Worker threads, in jobs' `work`. */
flow *flow_running(void);

/* Joins a thread unless it is still running at `until` (clock_mono). */
bool thread_join_by(pthread_t t, int64_t until);

crm_status writer_start(flow *f);
bool writer_stop(flow *f, int64_t until);
bool writer_is_idle(flow *f);
/* How many requests to wait for, when the last group answered `last` and `waiting` are there. */
uint32_t writer_expects(uint32_t last, uint32_t waiting);

void pool_start(pool *p, flow *f, flow_pool kind, uint32_t threads);
/* Tells the threads to end; pool_join waits for that. */
void pool_close(pool *p);
bool pool_join(pool *p, int64_t until);
bool pool_is_idle(pool *p);
/* One thread more when all are held. */
void pool_watch(pool *p);

crm_status scheduler_start(flow *f);
/* Launches nothing any more. */
void scheduler_close(flow *f);
bool scheduler_join(flow *f, int64_t until);
bool scheduler_is_idle(flow *f);
/* A due row was written for this moment; told after the commit. Any thread. */
void scheduler_due(flow *f, int64_t due);
/* Changes were committed: listeners may have work. Any thread. */
void scheduler_changes(flow *f);
/* timers_schedule of a job whose module may be without its code, or off: the row waits for it. */
CRM_MUST_CHECK crm_status timers_schedule_waiting(crm_ctx *c, crm_str name, crm_str key, int64_t due,
                                                  crm_str arg);
/* Writer thread, inside a transaction: the earliest due moment written since the last commit. */
void timers_hint(int64_t due);
int64_t timers_take_hint(void);

crm_status services_start(flow *f);
/* After a registry came into force: begins its services, tells the others to stop. Waits for no module. Not on
 * a loop or the writer. */
void services_follow(flow *f);
/* Tells all to stop and begins none. */
void services_close(flow *f);
/* Waits for them. False: one still runs after the longest time that those have to stop, and what
 * it uses has to stay. */
bool services_join(flow *f);
void services_free(flow *f); /* when all have ended, and nobody asks any more */
/* clock_now of the next try of one that failed; INT64_MAX: none waits. Any thread, and those below. */
int64_t services_next(flow *f);
/* The virtual clock was set. */
void services_nudge(flow *f);
/* Nothing is to be begun or told to stop now. */
bool services_are_settled(flow *f);
/* Writer: what was woken in a transaction, which begins; which is committed. */
void services_forget_hints(void);
void services_wake_hinted(flow *f);

/* At the start; the writer met NO_SPACE; once a second. */
void room_open(flow *f);
void room_ran_out(flow *f);
void room_watch(flow *f);

void subscribers_publish(flow *f, changes_batch *b);
/* Runs listeners of the current registry over what they have not seen. Scheduler thread. */
void listeners_run(flow *f, engine_session *s);
crm_status listeners_register(registry *r);

crm_status sweep_register(registry *r);
crm_status batch_register(registry *r);
crm_status bin_register(registry *r);
crm_status match_job_register(registry *r);
crm_status stage_job_register(registry *r);
/* How long the next slice waits after one that took so long. */
int64_t match_job_pause_ms(int64_t took_ns);
/* files_clear.c: attachments whose time is over, and contents that nothing refers to. */
crm_status files_clear_register(registry *r);
/* recompute.c. */
crm_status recompute_register(registry *r);
/* Notices of notes (notes.c). */
crm_status notes_register(registry *r);
/* Writer, at start and after a ТЗ is applied: schedules what new or changed formulas are for. */
crm_status recompute_ensure(crm_ctx *c);
crm_status rules_register(registry *r);
crm_status steps_register(registry *r);
/* The step found nobody: a record without an owner waits in the department that was searched, where
 * its people see it. Nothing for other steps, and where the record has a department. */
crm_status steps_leave_waiting(crm_ctx *c, record *subject, const rule_step *st);
crm_status strategies_register(registry *r);
crm_status outbox_register(registry *r);
crm_status inbox_register(registry *r);

/* inbox_bare.c: the stored request as a record of what its form makes, in the open transaction.
 * NOT_FOUND when that has no field for a long text. */
struct store_row;
crm_status inbox_keep_bare(crm_ctx *c, const integration *i, const struct store_row *row);
/* How many requests of forms are stored and not worked out yet, a thousand at most. */
uint32_t inbox_waiting(engine_session *s, const registry *r, arena *a);

/* Gives every job with `every_ms` its due row. Writer. */
crm_status timers_ensure(crm_ctx *c, void *unused);

/* The user meant by "owner", "department.head" or a login; 0 when there is none. */
int64_t people_meant(crm_ctx *c, crm_str who, const record *subject);

#endif
