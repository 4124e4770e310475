/*
 * leftover.c - removing what no registry declares any more.
 *
 * A page holds ids only: what is written back is read by the writer, since others change the same
 * rows of history meanwhile.
 */
#include "data/leftover.h"

#include "data/changelog.h"
#include "data/stores.h"

static bool is_entity(const entity *stored)
{
    return stored->field_count == COL_OWN;
}

/* ---- which rows ------------------------------------------------------------------------------ */

typedef struct part_of_store {
    store store;
    uint16_t column;
    bool is_by_name; /* else by the durable id */
} part_of_store;

static const part_of_store parts[LEFTOVER_END] = {
    [LEFTOVER_CHANGES] = {STORE_CHANGE, CHANGE_ENTITY, false},
    [LEFTOVER_FILES] = {STORE_FILE, FILE_ENTITY, false},
    [LEFTOVER_STAGE_LOG] = {STORE_STAGE_LOG, STAGE_LOG_ENTITY, true},
    [LEFTOVER_DELIVERIES] = {STORE_DELIVERY, DELIVERY_ENTITY, true},
    [LEFTOVER_RUNS] = {STORE_RUN, RUN_ENTITY, true},
    [LEFTOVER_NOTICES] = {STORE_NOTIFICATION, NOTIFICATION_ENTITY, true},
    [LEFTOVER_NOTES] = {STORE_BATCH_ROW, BATCH_ROW_ENTITY, true}};

static const entity *table_of(const crm_ctx *c, const entity *stored, leftover_part part)
{
    return part == LEFTOVER_ROWS ? stored : registry_store(c->reg, parts[part].store);
}

static const cond *is_filled(arena *a, const field *f)
{
    const cond *empty = cond_make(a, COND_NONE, f, NULL, 0);
    cond *out = ARENA_NEW(a, cond);
    if (out) {
        *out = (cond){.op = COND_NOT, .first = empty};
    }
    return out ? out : empty;
}

/* In any of the columns. NULL: every row. */
static const cond *with_values(arena *a, const entity *stored)
{
    const cond *out = NULL;
    for (uint32_t i = COL_OWN; i < stored->field_count; i++) {
        const cond *one = is_filled(a, &stored->fields[i]);
        out = out ? cond_or(a, out, one) : one;
    }
    return out;
}

static const cond *files_of_fields(arena *a, const entity *files, const entity *stored)
{
    value ids[FIELDS_MAX];
    uint32_t n = 0;
    for (uint32_t i = COL_OWN; i < stored->field_count; i++) {
        ids[n++] = value_int(stored->fields[i].id);
    }
    return cond_in(a, &files->fields[FILE_FIELD], ids, n);
}

static const cond *which(crm_ctx *c, const entity *stored, leftover_part part)
{
    if (part == LEFTOVER_ROWS) {
        return with_values(c->arena, stored);
    }
    const entity *e = table_of(c, stored, part);
    const part_of_store *p = &parts[part];
    value of = p->is_by_name ? value_text(stored->name) : value_int(stored->id);
    const cond *out = cond_compare(c->arena, COND_EQ, &e->fields[p->column], of);
    if (part == LEFTOVER_FILES && !is_entity(stored)) {
        out = cond_and(c->arena, out, files_of_fields(c->arena, e, stored));
    }
    return out;
}

/* ---- a page ---------------------------------------------------------------------------------- */

typedef struct reading {
    const entity *stored;
    leftover_page *page;
    bool is_history; /* of fields: only what names one of them */
} reading;

static bool names_field(const entity *stored, crm_str body)
{
    char key[16];
    for (uint32_t i = COL_OWN; i < stored->field_count; i++) {
        int n = snprintf(key, sizeof key, "\"%u\"", stored->fields[i].id);
        if (body.n && memmem(body.p, body.n, key, (size_t)n)) {
            return true;
        }
    }
    return false;
}

static bool on_row(void *arg, const value *row, uint32_t matched)
{
    reading *r = arg;
    leftover_page *p = r->page;
    (void)matched;
    p->last = row[COL_ID].i;
    if (!r->is_history || names_field(r->stored, row[CHANGE_BODY].s)) {
        p->ids[p->count++] = p->last;
    }
    return p->count < LEFTOVER_PAGE;
}

crm_status leftover_read(crm_ctx *c, const entity *stored, leftover_page *p)
{
    const entity *e = table_of(c, stored, p->part);
    const field *id = &e->fields[COL_ID];
    reading r = {.stored = stored,
                 .page = p,
                 .is_history = p->part == LEFTOVER_CHANGES && !is_entity(stored)};
    query q = {.entity = e,
               .limit = INT32_MAX,
               .sorts = {{id, false}},
               .sort_count = 1,
               .with_deleted = true};
    q.where = cond_and(c->arena, which(c, stored, p->part),
                       cond_compare(c->arena, COND_GT, id, value_int(p->after)));
    bits_add(q.select, r.is_history ? CHANGE_BODY : COL_ID);
    engine_op op = {.kind = ENGINE_LIST, .entity = e, .query = &q, .on_row = on_row, .arg = &r};
    engine_batch b = {.ops = &op, .count = 1};
    p->count = 0;
    crm_status s = arena_failed(c->arena) ? CRM_NOMEM : engine_read_now(c->session, &b);
    p->is_end = p->count < LEFTOVER_PAGE;
    return s;
}

crm_status leftover_count(crm_ctx *c, const entity *stored, int64_t *rows, int64_t *files)
{
    const entity *f = registry_store(c->reg, STORE_FILE);
    query with = {.entity = stored, .limit = INT32_MAX, .with_deleted = true};
    query held = {.entity = f, .limit = INT32_MAX};
    with.where = which(c, stored, LEFTOVER_ROWS);
    held.where = which(c, stored, LEFTOVER_FILES);
    engine_op ops[] = {{.kind = ENGINE_COUNT, .entity = stored, .query = &with},
                       {.kind = ENGINE_COUNT, .entity = f, .query = &held}};
    engine_batch b = {.ops = ops, .count = 2};
    crm_status s = arena_failed(c->arena) ? CRM_NOMEM : engine_read_now(c->session, &b);
    *rows = ops[0].count;
    *files = ops[1].count;
    return s;
}

/* ---- removing -------------------------------------------------------------------------------- */

static void all_own(const entity *stored, uint64_t out[4])
{
    for (uint32_t i = COL_OWN; i < stored->field_count; i++) {
        bits_add(out, i);
    }
}

static crm_status remove_one(crm_ctx *c, const entity *stored, leftover_part part, int64_t id)
{
    static const value empty[FIELDS_MAX];
    uint64_t fields[4] = {0};
    if (is_entity(stored) || part == LEFTOVER_FILES) {
        return tx_delete(c->tx, table_of(c, stored, part), id);
    }
    all_own(stored, fields);
    return part == LEFTOVER_ROWS ? tx_update(c->tx, stored, id, empty, fields)
                                 : changelog_erase_at(c->tx, stored, id, fields);
}

static void move_on(const entity *stored, leftover_page *p)
{
    p->after = p->last;
    if (!p->is_end) {
        return;
    }
    bool is_last = !is_entity(stored) && p->part == LEFTOVER_FILES;
    p->part = is_last ? LEFTOVER_END : (leftover_part)(p->part + 1);
    p->after = 0;
}

crm_status leftover_remove(crm_ctx *c, const entity *stored, leftover_page *p, int64_t until)
{
    crm_status s = CRM_OK;
    uint32_t i = 0;
    bool is_rows = p->part == LEFTOVER_ROWS;
    p->rows = 0;
    for (; s == CRM_OK && i < p->count && (!i || clock_mono() < until); i++) {
        s = remove_one(c, stored, p->part, p->ids[i]);
        s = s == CRM_NOT_FOUND ? CRM_OK : s; /* it went another way */
        p->rows += is_rows;
    }
    if (s == CRM_OK && i < p->count) {
        p->after = p->ids[i - 1];
    } else if (s == CRM_OK) {
        move_on(stored, p);
    }
    return s;
}
