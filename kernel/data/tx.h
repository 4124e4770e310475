/*
 * tx.h - one write transaction: a group of requests, each in its own savepoint.
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
    const registry *reg;
    arena *arena;              /* of the group */
    change *changes;           /* committed-to-be, in order */
    uint32_t change_count;
    bool people_touched, settings_touched;
    void *state;               /* tx.c's */
};

CRM_MUST_CHECK crm_status tx_begin(engine_session *writer, const registry *reg, tx **out);
CRM_MUST_CHECK crm_status tx_request_begin(tx *t);
/* keep: releases the savepoint. Else rolls this request back alone and drops what it gathered. */
CRM_MUST_CHECK crm_status tx_request_end(tx *t, bool keep);
/* Writes full-text rows, commits durably, reloads people when touched. On failure all is undone. */
CRM_MUST_CHECK crm_status tx_commit(tx *t);
void tx_rollback(tx *t);
void tx_free(tx *t);

/* Rows without rights, hooks or history, for the kernel's own (ENTITY_SYSTEM) stores and for
 * records.c itself. Blocking; inside the open request. */
CRM_MUST_CHECK crm_status tx_insert(tx *t, const entity *e, value *row, int64_t *id);
CRM_MUST_CHECK crm_status tx_update(tx *t, const entity *e, int64_t id, const value *row,
                                    const uint64_t set[4]);
CRM_MUST_CHECK crm_status tx_delete(tx *t, const entity *e, int64_t id);
CRM_MUST_CHECK crm_status tx_get(tx *t, const entity *e, int64_t id, arena *a, value **row);
CRM_MUST_CHECK crm_status tx_list(tx *t, const query *q, engine_row_fn on_row, void *arg);

#endif
