/* store.c - see store.h. Blocking: the writer, pool and scheduler threads only. */
#include "flow/store.h"

crm_status store_new(arena *a, const registry *r, store which, store_row *out)
{
    const entity *e = registry_store(r, which);
    *out = (store_row){.e = e, .arena = a, .v = ARENA_ARRAY(a, value, e->field_count)};
    return out->v ? CRM_OK : CRM_NOMEM;
}

crm_status store_save(tx *t, store_row *row)
{
    if (row->id) {
        return tx_update(t, row->e, row->id, row->v, row->set);
    }
    return tx_insert(t, row->e, row->v, &row->id);
}

crm_status store_load(tx *t, arena *a, const registry *r, store which, int64_t id, store_row *out)
{
    crm_status s = store_new(a, r, which, out);
    if (s != CRM_OK) {
        return s;
    }
    out->id = id;
    return tx_get(t, out->e, id, a, &out->v);
}

typedef struct gather {
    arena *arena;
    const entity *e;
    store_row *rows;
    uint32_t count, limit;
    crm_status status;
} gather;

static bool gather_row(void *arg, const value *row, uint32_t matched)
{
    gather *g = arg;
    store_row *out = &g->rows[g->count];
    (void)matched;
    *out = (store_row){.e = g->e, .arena = g->arena, .id = row[COL_ID].i};
    out->v = ARENA_ARRAY(g->arena, value, g->e->field_count);
    if (!out->v) {
        g->status = CRM_NOMEM;
        return false;
    }
    for (uint32_t i = 0; i < g->e->field_count; i++) {
        out->v[i] = value_dup(g->arena, row[i]);
    }
    return ++g->count < g->limit;
}

crm_status store_list(engine_session *s, arena *a, const query *q, store_row **out, uint32_t *count)
{
    gather g = {.arena = a, .e = q->entity, .limit = q->limit ? q->limit : LIST_MAX};
    g.rows = ARENA_ARRAY(a, store_row, g.limit);
    if (!g.rows) {
        return CRM_NOMEM;
    }
    engine_op op = {
        .kind = ENGINE_LIST, .entity = q->entity, .query = q, .on_row = gather_row, .arg = &g};
    engine_batch b = {.ops = &op, .count = 1};
    crm_status st =
        thread_get_role() == THREAD_WRITER ? engine_write_now(s, &b) : engine_read_now(s, &b);
    *out = g.rows;
    *count = g.count;
    return st != CRM_OK ? st : g.status;
}

crm_status store_first(engine_session *s, arena *a, const registry *r, store which,
                       const cond *where, store_row *out)
{
    query *q = query_new(a, registry_store(r, which));
    store_row *rows;
    uint32_t count;
    if (!q) {
        return CRM_NOMEM;
    }
    q->where = where;
    q->limit = 1;
    crm_status st = store_list(s, a, q, &rows, &count);
    if (st != CRM_OK) {
        return st;
    }
    if (!count) {
        return CRM_NOT_FOUND;
    }
    *out = rows[0];
    return CRM_OK;
}
