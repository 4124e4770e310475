/*
 * tx.h - one write transaction: a group of requests, each in its own savepoint, or all in none.
 *
 * Writer thread only. The flow layer opens it, runs each request between tx_request_begin and _end,
 * and closes it; records.c writes rows through it. It gathers what must wait: full-text rows (once,
 * after the last savepoint is released), the change log's rows of the group and the changes that
 * listeners get after the commit.
 */
#ifndef DATA_TX_H
#define DATA_TX_H

#include "data/call.h"

struct tx {
    engine_session *session;
    arena *arena;              /* of the group */
    int64_t deadline;          /* clock_mono: ops of the open request end with TIMEOUT past it; 0: never */
    bool is_unguarded; /* requests get no savepoints, which cost a tenth of a write: one that fails after
                          it has written loses the transaction. Set before the first request */
    void *state;               /* tx.c's */
};

/* Changes of committed requests, in order, shared by any threads. */
typedef struct changes_batch {
    change *at;
    uint32_t count;
    int64_t last_position;
} changes_batch;
changes_batch *changes_ref(changes_batch *b);
void changes_unref(changes_batch *b);

/* Caches whose epoch a commit moves. The epoch is a row of `sys.epoch`, so every node sees it. A
 * cache entry is stamped with the epoch read BEFORE its row. */
typedef enum tx_cache { CACHE_PEOPLE, CACHE_SETTINGS, CACHE_SESSIONS, CACHE_TZ, CACHE_COUNT } tx_cache;

CRM_MUST_CHECK crm_status tx_begin(engine_session *writer, tx **out);
/*
 * Opens the savepoint and sets c->tx and c->session. Re-pins c->people to the newest and rebuilds
 * c->who by its id: UNAUTHENTICATED when that user was disabled since the request was queued.
 * On failure no request is open: tx_request_end is not called.
 */
CRM_MUST_CHECK crm_status tx_request_begin(tx *t, crm_ctx *c);
/* keep: releases the savepoint. Else rolls this request back alone and drops what it gathered.
 * UNAVAILABLE when the transaction is lost: tx_wants_guards tells whether savepoints would have saved
 * it; else re-run the group's requests one by one. */
CRM_MUST_CHECK crm_status tx_request_end(tx *t, bool keep);
bool tx_wants_guards(const tx *t);
/*
 * A row of a batch inside the open request: a second savepoint. Not kept, the row is rolled back alone
 * and what it gathered is dropped. *wrote tells whether a kept row left a change. Ending the request
 * as not kept ends an open row as well.
 */
CRM_MUST_CHECK crm_status tx_row_begin(tx *t);
CRM_MUST_CHECK crm_status tx_row_end(tx *t, bool keep, bool *wrote);
/* Writes full-text rows, builds people when touched, commits durably, publishes people. On failure
 * nothing of the group remains. */
CRM_MUST_CHECK crm_status tx_commit(tx *t);
/* After a commit; NULL when nothing changed. Changes of entities without history have position 0. */
changes_batch *tx_take_changes(tx *t);
/* True when a request touched people or settings: the writer closes the group after it. */
bool tx_must_close(const tx *t);
CRM_MUST_CHECK crm_status tx_touch(tx *t, tx_cache what);
uint64_t cache_epoch(tx_cache what); /* any thread */
/* The next of a gapless series (`sys.number`); rolls back with its request. */
CRM_MUST_CHECK crm_status tx_number(tx *t, crm_str series, int64_t *next);
void tx_rollback(tx *t);
void tx_free(tx *t);

/* Rows without rights, hooks or history, for the kernel's own (ENTITY_SYSTEM) stores and for
 * records.c itself. Blocking; inside the open request. */
CRM_MUST_CHECK crm_status tx_insert(tx *t, const entity *e, value *row, int64_t *id);
CRM_MUST_CHECK crm_status tx_update(tx *t, const entity *e, int64_t id, const value *row,
                                    const uint64_t set[4]);
CRM_MUST_CHECK crm_status tx_delete(tx *t, const entity *e, int64_t id);
CRM_MUST_CHECK crm_status tx_get(tx *t, const entity *e, int64_t id, arena *a, value **row);
CRM_MUST_CHECK crm_status tx_get_locked(tx *t, const entity *e, int64_t id, arena *a, value **row);
CRM_MUST_CHECK crm_status tx_list(tx *t, const query *q, engine_row_fn on_row, void *arg);

#endif
