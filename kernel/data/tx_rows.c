/* tx_rows.c - rows of the kernel's own stores: no rights, no hooks, no history. */
#include "data/stores.h"
#include "data/tx_private.h"

static void stamp(value *row)
{
    if (value_is_null(row[COL_REV])) {
        row[COL_REV] = value_int(1);
    }
    if (value_is_null(row[COL_CREATED_AT])) {
        row[COL_CREATED_AT] = row[COL_UPDATED_AT] = value_int(clock_now());
    }
}

crm_status tx_insert(tx *t, const entity *e, value *row, int64_t *id)
{
    row[COL_ID] = value_null();
    stamp(row);
    engine_op op = {.kind = ENGINE_INSERT, .entity = e, .row = row};
    crm_status st = tx_run(t, &op);
    if (!st) {
        *id = op.id;
        row[COL_ID] = value_int(op.id);
    }
    return st;
}

crm_status tx_update(tx *t, const entity *e, int64_t id, const value *row, const uint64_t set[4])
{
    engine_op op = {.kind = ENGINE_UPDATE, .entity = e, .id = id, .row = row};
    memcpy(op.set, set, sizeof op.set);
    return tx_run(t, &op);
}

crm_status tx_delete(tx *t, const entity *e, int64_t id)
{
    engine_op op = {.kind = ENGINE_DELETE, .entity = e, .id = id};
    return tx_run(t, &op);
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct one_row {
    const entity *entity;
    arena *arena;
    value *row;
} one_row;

value *row_dup(arena *a, const entity *e, const value *row)
{
    size_t bytes = 1;
    for (uint32_t i = 0; i < e->field_count; i++) {
        bytes += row[i].kind == VALUE_TEXT ? row[i].s.n + 1 : 0;
    }
    value *copy = ARENA_ARRAY(a, value, e->field_count);
    char *texts = arena_alloc(a, bytes);
    if (!copy || !texts) {
        return NULL;
    }
    memcpy(copy, row, e->field_count * sizeof *copy);
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (row[i].kind == VALUE_TEXT) {
            memcpy(texts, row[i].s.p, row[i].s.n);
            copy[i].s.p = texts;
            texts += row[i].s.n + 1; /* the arena gives zeroes: the text ends in 0 */
        }
    }
    return copy;
}

static bool take_one(void *arg, const value *row, uint32_t matched)
{
    one_row *one = arg;
    (void)matched;
    one->row = row_dup(one->arena, one->entity, row);
    return false;
}

static crm_status get(tx *t, engine_op *op, arena *a, value **row)
{
    one_row one = {.entity = op->entity, .arena = a};
    query q = {.entity = op->entity, .with_deleted = true};
    *row = NULL;
    op->kind = ENGINE_GET;
    op->query = &q;
    op->on_row = take_one;
    op->arg = &one;
    crm_status st = tx_run(t, op);
    if (st) {
        return st;
    }
    *row = one.row;
    return one.row ? CRM_OK : CRM_NOMEM;
}

crm_status tx_get(tx *t, const entity *e, int64_t id, arena *a, value **row)
{
    engine_op op = {.entity = e, .id = id};
    return get(t, &op, a, row);
}

crm_status tx_get_locked(tx *t, const entity *e, int64_t id, arena *a, value **row)
{
    engine_op op = {.entity = e, .id = id, .lock = true};
    return get(t, &op, a, row);
}

crm_status tx_list(tx *t, const query *q, engine_row_fn on_row, void *arg)
{
    engine_op op = {
        .kind = ENGINE_LIST, .entity = q->entity, .query = q, .on_row = on_row, .arg = arg};
    return tx_run(t, &op);
}

crm_status tx_find_row(engine_session *s, const entity *e, uint16_t column, value key, arena *a,
                       value **row)
{
    one_row one = {.entity = e, .arena = a};
    const field *path = &e->fields[column];
    cond where = {
        .op = COND_EQ, .path = {path}, .path_length = 1, .values = &key, .value_count = 1};
    query q = {.entity = e, .where = &where, .limit = 1};
    engine_op op = {.kind = ENGINE_LIST, .entity = e, .query = &q, .on_row = take_one, .arg = &one};
    engine_batch b = {.ops = &op, .count = 1};
    *row = NULL;
    crm_status st = engine_read_now(s, &b);
    if (st) {
        return st;
    }
    if (arena_failed(a)) {
        return CRM_NOMEM;
    }
    *row = one.row;
    return one.row ? CRM_OK : CRM_NOT_FOUND;
}
