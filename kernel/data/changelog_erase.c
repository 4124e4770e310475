/* changelog_erase.c - values taken out of the past of a record, whose changes stay. */
#include "data/changelog.h"
#include "data/changelog_body.h"
#include "data/stores.h"
#include "data/tx_private.h"

typedef struct erasing {
    const entity *entity;
    arena *arena;
    const uint64_t *fields;
    value **rows;
    uint32_t count, cap;
    crm_status status;
} erasing;

static bool on_erase(void *arg, const value *row, uint32_t matched)
{
    erasing *x = arg;
    crm_str body;
    (void)matched;
    value *copy = ARENA_ARRAY(x->arena, value, CHANGE_COLUMNS);
    x->status = changelog_strip_body(x->arena, x->entity, row[CHANGE_BODY].s, x->fields, &body);
    if (x->status || !copy) {
        return false;
    }
    copy[COL_ID] = row[COL_ID];
    copy[CHANGE_BODY] = value_text(body);
    x->rows[x->count++] = copy;
    return true;
}

/* The changes of one record; a page at a time, since a past may be long. */
static crm_status erase_page(tx *t, const query *q, erasing *x, int64_t *last)
{
    uint64_t set[4] = {0};
    bits_add(set, CHANGE_BODY);
    x->count = 0;
    crm_status st = tx_list(t, q, on_erase, x);
    st = st ? st : x->status;
    for (uint32_t i = 0; !st && i < x->count; i++) {
        *last = x->rows[i][COL_ID].i;
        st = tx_update(t, q->entity, *last, x->rows[i], set);
    }
    return st;
}

crm_status changelog_erase(tx *t, const entity *e, int64_t id, const uint64_t fields[4])
{
    const entity *log = registry_store(tx_registry(t), STORE_CHANGE);
    erasing x = {.entity = e, .arena = t->arena, .fields = fields};
    int64_t last = 0;
    crm_status st = CRM_OK;
    x.rows = ARENA_ARRAY(t->arena, value *, LIST_MAX);
    do {
        value values[] = {value_int(e->id), value_int(id), value_int(last)};
        cond parts[] = {{.op = COND_EQ,
                         .path = {&log->fields[CHANGE_ENTITY]},
                         .path_length = 1,
                         .values = &values[0],
                         .value_count = 1,
                         .next = &parts[1]},
                        {.op = COND_EQ,
                         .path = {&log->fields[CHANGE_RECORD]},
                         .path_length = 1,
                         .values = &values[1],
                         .value_count = 1,
                         .next = &parts[2]},
                        {.op = COND_GT,
                         .path = {&log->fields[COL_ID]},
                         .path_length = 1,
                         .values = &values[2],
                         .value_count = 1}};
        cond where = {.op = COND_AND, .first = parts};
        query q = {.entity = log,
                   .where = &where,
                   .limit = LIST_MAX,
                   .sorts = {{&log->fields[COL_ID], false}},
                   .sort_count = 1};
        st = x.rows ? erase_page(t, &q, &x, &last) : CRM_NOMEM;
    } while (!st && x.count == LIST_MAX);
    return st;
}

crm_status changelog_erase_at(tx *t, const entity *e, int64_t position, const uint64_t fields[4])
{
    const entity *log = registry_store(tx_registry(t), STORE_CHANGE);
    uint64_t set[4] = {0};
    value *row;
    crm_str body;
    bits_add(set, CHANGE_BODY);
    crm_status st = tx_get(t, log, position, t->arena, &row);
    st = st ? st : changelog_strip_body(t->arena, e, row[CHANGE_BODY].s, fields, &body);
    if (st) {
        return st;
    }
    row[CHANGE_BODY] = value_text(body);
    return tx_update(t, log, position, row, set);
}
