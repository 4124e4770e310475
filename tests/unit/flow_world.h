/*
 * flow_world.h - a flow on the engine in memory, with late completion and on virtual time: one
 * entity with rules, a hook, jobs, a listener, and a form that a module reads.
 */
#ifndef FLOW_WORLD_H
#define FLOW_WORLD_H

#include <stdatomic.h>

#include "data/stores.h"
#include "flow/flow_private.h"

#define MINUTE 60000LL

enum { ITEM_NAME = COL_OWN, ITEM_OWNER, ITEM_CODE, ITEM_NOTE };

/* What runs, and what its jobs and hooks were told and did. */
extern struct flow_world {
    engine *engine;
    flow *flow;
    atomic_int job_runs, job_fails_left, seen_changes;
    atomic_bool bare_is_refused, form_is_mended;
    int64_t job_ran_at, overstayed_ns;
} fw;

int flow_world_open(void **state);
int flow_world_close(void **state);

/* One request and what it is to do. */
typedef struct act {
    crm_ctx c;
    write_request w;
    const char *name, *code, *login, *roles;
    bool fail, is_taken_back;
    int64_t id;
    atomic_int is_done;
} act;

/* Runs it as the system and waits for it. */
crm_status flow_world_do(crm_status (*commit)(crm_ctx *, void *), act *x);
/* Until nothing is left to do. */
void flow_world_settle(void);

typedef struct found {
    int64_t count, owner;
    char text[128];
} found;

/* What `take` gathers of an entity's rows; the latter of items counts them. */
found flow_world_look(const char *name, engine_row_fn take);
bool flow_world_item(void *arg, const value *row, uint32_t matched);

#endif
