/*
 * batch_world.h - a running flow layer with one entity and two users, for the tests of batches. On
 * either engine; virtual time, real threads.
 */
#ifndef TESTS_BATCH_WORLD_H
#define TESTS_BATCH_WORLD_H

#include "unit.h"

#include "data/stores.h"
#include "flow/batch.h"
#include "flow/flow.h"

enum { ITEM_NAME = COL_OWN, ITEM_OWNER, ITEM_CODE, ITEM_COLOR, ITEM_NOTE, ITEM_PHONE };

typedef struct batch_world {
    engine *engine;
    flow *flow;
    char dir[64]; /* empty: the engine in memory */
    int64_t anna, boris; /* sellers: anna may everything with items, boris with his own */
} batch_world;

/* `declare` (may be NULL) adds to the open registry. */
void batch_world_open(batch_world *w, bool is_sqlite, void (*declare)(registry *r));
void batch_world_close(batch_world *w);
/* Runs `commit` as the user (0: system) and waits. */
crm_status batch_world_do(int64_t user, crm_status (*commit)(crm_ctx *, void *), void *arg);
/* Until nothing is queued or due. */
void batch_world_settle(void);
/* Items of this name (NULL: all), not in the recycle bin. */
int64_t batch_world_count(const char *name);
/* Makes `n` items owned by `user`, named "old", and gives the first id. */
int64_t batch_world_items(int64_t user, int n);
/* One column of one row as text or number; NULL when there is no such row. */
const char *batch_world_text(const char *entity_name, int64_t id, uint16_t column);
int64_t batch_world_int(const char *entity_name, int64_t id, uint16_t column);

#endif
