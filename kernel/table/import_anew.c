/*
 * import_anew.c - a check that lost what its rows would have given to records begins anew: it has
 * written nothing but its notes and its counts.
 */
#include "data/stores.h"
#include "flow/batch.h"
#include "table/import_private.h"

/* Some of the notes on its rows; *is_done: there are no more. */
static crm_status drop_notes(crm_ctx *c, const batch_run *b, bool *is_done)
{
    const entity *e = registry_store(c->reg, STORE_BATCH_ROW);
    query *q = query_new(c->arena, e);
    store_row *rows;
    uint32_t count;
    if (!q) {
        return CRM_NOMEM;
    }
    q->where = cond_compare(c->arena, COND_EQ, &e->fields[BATCH_ROW_BATCH], value_int(b->id));
    q->limit = BATCH_SLICE_ROWS;
    crm_status s = store_list(c->session, c->arena, q, &rows, &count);
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        s = tx_delete(c->tx, e, rows[i].id);
    }
    *is_done = s == CRM_OK && count < BATCH_SLICE_ROWS;
    return s;
}

crm_status import_begin_anew(crm_ctx *c, batch_run *b, int64_t import)
{
    store_row row;
    bool is_done;
    crm_status s = drop_notes(c, b, &is_done);
    if (s != CRM_OK || !is_done) {
        return s;
    }
    s = store_load(c->tx, c->arena, c->reg, STORE_IMPORT, import, &row);
    if (s != CRM_OK) {
        return s;
    }
    log_event(LOG_INFO, "import.check_anew", "batch=%lld done=%lld", (long long)b->id,
              (long long)b->done);
    b->done = b->changed = b->failed = b->conflicts = b->hidden = b->notes = 0;
    b->cursor = CRM_S("");
    store_set(&row, IMPORT_CHECK_COUNTS, value_null());
    return store_save(c->tx, &row);
}
