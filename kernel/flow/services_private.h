/* services_private.h - what the files about services share. */
#ifndef FLOW_SERVICES_PRIVATE_H
#define FLOW_SERVICES_PRIVATE_H

#include <crm/module.h>

#include "flow/flow_private.h"
#include "flow/services.h"

#define SERVICE_FAILURES    5 /* within this long make it failing */
#define SERVICE_WINDOW_MS   600000LL
#define SERVICE_STEADY_MS   60000LL
#define SERVICE_PAUSE_FIRST 1000LL
#define SERVICE_PAUSE_MOST  300000LL
#define SERVICES_STOP_MS    20000u  /* of all, when the server ends */
#define SERVICE_WOKEN_MS    10000LL /* the pause after a failure that a wake leaves */

/* One run: what a module knows as an opaque handle. Freed when its thread has ended. */
struct crm_service {
    flow *flow;
    struct service_slot *slot;
    service code; /* its strings are the registry's, gone by now: the slot has them */
    pthread_t thread;
    int fd; /* an eventfd: something to look at */
    atomic_bool stop, woken;
    engine_session *session; /* of its thread, from its first read on */
    /* Under the lock of services: */
    uint32_t health;
    char text[SERVICE_TEXT_MAX + 1];
    int64_t since;         /* clock_now */
    int64_t until;         /* clock_mono when it should have stopped; 0: nobody told it to */
    bool is_stuck, is_over;
    crm_status status;     /* what it returned */
    int64_t down_since;    /* clock_now; 0: it does not say that it is down */
    const registry *last;  /* pinned while it drains, its module being off: what its last calls are on */
};

/* What is worth a notice. */
typedef enum service_trouble {
    TROUBLE_NONE,
    TROUBLE_FAILING,
    TROUBLE_DOWN, /* it has said so for as long as a healthy run takes to be one */
    TROUBLE_STUCK
} service_trouble;

/* A service by its name, through all its versions and runs. */
typedef struct service_slot {
    char name[SERVICE_NAME_MAX + 1], via[SERVICE_NAME_MAX + 9], title[SERVICE_TITLE_MAX + 1];
    crm_str module;         /* within `name` */
    const void *generation; /* that is in force; NULL: none is */
    crm_service *run;       /* NULL: it does not run */
    bool is_idle;
    int64_t due;            /* its next try; in the past: at once */
    uint32_t tries;         /* failures since the last healthy run */
    int64_t failed_at[SERVICE_FAILURES];
    bool is_failing;
    service_trouble told;   /* what those who look after the system know of it */
    crm_status error;
    char text[SERVICE_TEXT_MAX + 1]; /* of the last run */
    uint64_t starts, failed;
} service_slot;

struct services {
    pthread_mutex_t lock;   /* guards all of it; no code of a module runs under it */
    pthread_cond_t changed; /* by the monotonic clock */
    pthread_t thread;
    bool has_thread, is_stopping;
    uint64_t asked, seen;   /* looks that were asked for, and the one that was taken last */
    uint32_t running;       /* runs whose thread has not ended */
    int64_t leave_at;       /* clock_mono: whatever still runs then is left */
    service_slot slots[SERVICES_MAX];
    uint32_t count;
    bool is_full;           /* some that are in force have no slot */
    const registry *last;   /* pinned: in force when the last look was taken */
    const registry *left[SERVICES_MAX + 1]; /* nobody needs these pins any more: they go after the look */
    uint32_t left_count;
};

/* How long those that run may take to stop when the server ends. Lock held. */
uint32_t services_patience_ms(const struct services *x);
service_slot *slot_named(struct services *x, crm_str name);
/* A run ended by itself or was told to; `now` is clock_now. Lock held. */
void slot_ended(service_slot *slot, crm_service *run, int64_t now);
/* Whether its run is a healthy one. Lock held. */
bool run_is_steady(const crm_service *run, int64_t now);
/* Somebody has to look: a try is due, a run has ended. Lock held. */
void services_ask(struct services *x);
/* clock_now at which its trouble is to be judged anew; in the past: now; INT64_MAX: by nothing but what it
 * does. Lock held. */
int64_t slot_judged_at(const service_slot *slot, int64_t now);
/* Tells of what has become another trouble since they were told, on a worker. Lock held. */
void services_tell(flow *f);
/* An eventfd that becomes readable, for `why`. */
void run_tell(crm_service *run, atomic_bool *why);

#endif
