/* changelog.c - appending changes, reading on from a position, cursors. */
#include "data/changelog.h"

#include "data/changelog_body.h"
#include "data/stores.h"
#include "data/tx_private.h"

/* ---- appending ------------------------------------------------------------------------------- */

static crm_status append_row(tx *t, const crm_ctx *c, change *ch)
{
    crm_str body;
    value row[CHANGE_COLUMNS] = {0};
    const entity *e = registry_store(c->reg, STORE_CHANGE);
    crm_status st = changelog_write_body(t->arena, c->reg, ch, &body);
    if (st) {
        return st;
    }
    row[CHANGE_ENTITY] = value_int(ch->entity->id);
    row[CHANGE_RECORD] = value_int(ch->record);
    row[CHANGE_REV] = value_int(ch->rev);
    row[CHANGE_OP] = value_text((crm_str){&ch->op, 1});
    row[CHANGE_AT] = value_int(ch->at);
    row[CHANGE_BY] = ch->by ? value_int(ch->by) : value_null();
    row[CHANGE_BY_NAME] = value_text(c->who->name);
    row[CHANGE_VIA] = value_text(c->via);
    row[CHANGE_QUIET] = value_int(ch->is_quiet);
    row[CHANGE_BODY] = value_text(body);
    row[CHANGE_BATCH] = ch->batch ? value_int(ch->batch) : value_null();
    return tx_insert(t, e, row, &ch->position);
}

static crm_status tell(tx *t, const crm_ctx *c, const record *now, const record *was, char op,
                       bool is_kept)
{
    const entity *e = now->entity;
    uint16_t fields[FIELDS_MAX];
    value old[FIELDS_MAX], new[FIELDS_MAX];
    change ch = {.reg = c->reg,
                 .entity = e,
                 .record = now->v[COL_ID].i,
                 .rev = now->v[COL_REV].i,
                 .at = now->v[COL_UPDATED_AT].i,
                 .by = c->who->user,
                 .op = op,
                 .batch = c->batch,
                 .is_quiet = c->is_quiet,
                 .fields = fields,
                 .was = old,
                 .now = new,
                 .row_was = was ? was->v : NULL,
                 .row_now = now->v};
    ch.field_count = changelog_differing(e, now->v, was ? was->v : NULL, fields);
    for (uint32_t i = 0; i < ch.field_count; i++) {
        old[i] = was ? was->v[fields[i]] : value_null();
        new[i] = now->v[fields[i]];
    }
    crm_status st = CRM_OK;
    if (is_kept) {
        st = changelog_take_marks(t->arena, &ch);
        st = st ? st : append_row(t, c, &ch);
    }
    return st ? st : tx_gather_change(t, &ch);
}

crm_status changelog_append(tx *t, const crm_ctx *c, const record *now, const record *was, char op)
{
    return tell(t, c, now, was, op, !(now->entity->flags & ENTITY_NO_HISTORY));
}

crm_status changelog_tell(tx *t, const crm_ctx *c, const record *now, const record *was)
{
    return tell(t, c, now, was, 'u', false);
}

crm_status changelog_tell_because(tx *t, const crm_ctx *c, const record *now, uint16_t by)
{
    change ch = {.reg = c->reg,
                 .entity = now->entity,
                 .record = now->v[COL_ID].i,
                 .rev = now->v[COL_REV].i,
                 .at = now->v[COL_UPDATED_AT].i,
                 .by = c->who->user,
                 .op = 'u',
                 .row_was = now->v,
                 .row_now = now->v,
                 .because = tx_last_change(t),
                 .because_field = by};
    return tx_gather_change(t, &ch);
}

/* ---- reading --------------------------------------------------------------------------------- */

#define PAGE_BYTES ((size_t)8 * 1024 * 1024)

typedef struct reading {
    const registry *reg;
    arena *arena;
    change *at;
    uint32_t count, rows;
    int64_t last;
    size_t bytes; /* arena_used at which the page ends */
    bool keeps_unknown;
    const entity *only; /* NULL: of any entity */
    uint32_t most;      /* 0: no end but the query's */
    crm_status status;
} reading;

static bool on_change(void *arg, const value *row, uint32_t matched)
{
    reading *r = arg;
    (void)matched;
    r->rows++;
    r->last = row[COL_ID].i;
    const entity *e = registry_entity_by_id(r->reg, (uint32_t)row[CHANGE_ENTITY].i);
    if (!e && !r->keeps_unknown) {
        return true; /* of a module that is not enabled: nobody can ask for it */
    }
    if (r->only && e != r->only) {
        return true;
    }
    change *ch = &r->at[r->count++];
    *ch = (change){.reg = r->reg,
                   .position = row[COL_ID].i,
                   .entity = e,
                   .record = row[CHANGE_RECORD].i,
                   .rev = row[CHANGE_REV].i,
                   .at = row[CHANGE_AT].i,
                   .by = row[CHANGE_BY].i,
                   .batch = row[CHANGE_BATCH].i,
                   .op = row[CHANGE_OP].s.n ? row[CHANGE_OP].s.p[0] : 'u',
                   .is_quiet = row[CHANGE_QUIET].i != 0};
    r->status = e ? changelog_read_body(r->arena, row[CHANGE_BODY].s, ch) : CRM_OK;
    bool is_full = (r->bytes && arena_used(r->arena) >= r->bytes) || r->count == r->most;
    return !r->status && !is_full;
}

static crm_status list(engine_session *s, const query *q, engine_row_fn fn, void *arg)
{
    engine_op op = {.kind = ENGINE_LIST, .entity = q->entity, .query = q, .on_row = fn, .arg = arg};
    engine_batch b = {.ops = &op, .count = 1};
    return engine_read_now(s, &b);
}

/* Within the call's time. */
static crm_status list_in_time(const crm_ctx *c, const query *q, engine_row_fn fn, void *arg)
{
    engine_op op = {.kind = ENGINE_LIST, .entity = q->entity, .query = q, .on_row = fn, .arg = arg};
    engine_batch b = {.ops = &op, .count = 1};
    crm_status st = call_limit_read(c, &b);
    return st ? st : engine_read_now(c->session, &b);
}

crm_status changelog_after(engine_session *s, const registry *r, arena *a, int64_t position,
                           uint32_t limit, change_page *out)
{
    const entity *e = registry_store(r, STORE_CHANGE);
    reading rd = {.reg = r, .arena = a, .last = position, .at = ARENA_ARRAY(a, change, limit + 1)};
    crm_status st = rd.at ? CRM_OK : CRM_NOMEM;
    do {
        value from = value_int(rd.last);
        const field *id = &e->fields[COL_ID];
        cond where = {
            .op = COND_GT, .path = {id}, .path_length = 1, .values = &from, .value_count = 1};
        query q = {
            .entity = e, .where = &where, .limit = limit, .sorts = {{id, false}}, .sort_count = 1};
        rd.rows = 0;
        st = st ? st : list(s, &q, on_change, &rd);
        st = st ? st : rd.status;
    } while (!st && !rd.count && rd.rows == limit);
    *out = (change_page){
        .at = rd.at, .count = rd.count, .last = rd.last, .has_more = rd.rows == limit};
    return st;
}

crm_status changelog_of_entity(const crm_ctx *c, arena *a, const entity *e, int64_t position,
                               uint32_t limit, change_page *out)
{
    const entity *log = registry_store(c->reg, STORE_CHANGE);
    const field *id = &log->fields[COL_ID];
    reading rd = {.reg = c->reg,
                  .arena = a,
                  .at = ARENA_ARRAY(a, change, limit),
                  .last = position,
                  .bytes = arena_used(a) + PAGE_BYTES,
                  .only = e,
                  .most = limit};
    value after = value_int(position);
    cond where = {
        .op = COND_GT, .path = {id}, .path_length = 1, .values = &after, .value_count = 1};
    query q = {.entity = log,
               .where = &where,
               .limit = CHANGES_LOOKED,
               .sorts = {{id, false}},
               .sort_count = 1};
    crm_status st = rd.at ? list_in_time(c, &q, on_change, &rd) : CRM_NOMEM;
    bool is_cut = rd.rows == CHANGES_LOOKED || rd.count == limit || arena_used(a) >= rd.bytes;
    *out = (change_page){
        .at = rd.at, .count = rd.count, .looked = rd.rows, .last = rd.last, .has_more = is_cut};
    return st ? st : rd.status;
}

/* ---- the changes of a batch or a record, newest first -----------------------------------------
 */

static cond compare(cond_op op, const field *const *f, const value *v, cond *next)
{
    return (cond){
        .op = op, .path = {*f}, .path_length = 1, .values = v, .value_count = 1, .next = next};
}

/* `first` and what follows it are joined by and. */
static crm_status in_order(engine_session *s, reading *rd, const cond *first, bool is_newest_first,
                           uint32_t limit, change_page *out)
{
    const entity *e = registry_store(rd->reg, STORE_CHANGE);
    cond where = {.op = COND_AND, .first = first};
    query q = {.entity = e,
               .where = &where,
               .limit = limit,
               .sorts = {{&e->fields[COL_ID], is_newest_first}},
               .sort_count = 1};
    rd->at = ARENA_ARRAY(rd->arena, change, limit);
    rd->bytes = arena_used(rd->arena) + PAGE_BYTES;
    crm_status st = rd->at ? list(s, &q, on_change, rd) : CRM_NOMEM;
    bool is_cut = rd->rows == limit || arena_used(rd->arena) >= rd->bytes;
    *out = (change_page){.at = rd->at, .count = rd->count, .last = rd->last, .has_more = is_cut};
    return st ? st : rd->status;
}

static crm_status newest_first(engine_session *s, reading *rd, const cond *first, uint32_t limit,
                               change_page *out)
{
    return in_order(s, rd, first, true, limit, out);
}

crm_status changelog_begin_of_batch(engine_session *s, const registry *r, arena *a, int64_t batch,
                                    uint32_t limit, change_page *out)
{
    const entity *e = registry_store(r, STORE_CHANGE);
    const field *of = &e->fields[CHANGE_BATCH];
    reading rd = {.reg = r, .arena = a, .keeps_unknown = true};
    value which = value_int(batch);
    cond mine = compare(COND_EQ, &of, &which, NULL);
    return in_order(s, &rd, &mine, false, limit, out);
}

crm_status changelog_of_batch(engine_session *s, const registry *r, arena *a, int64_t batch,
                              change_range in, change_page *out)
{
    const entity *e = registry_store(r, STORE_CHANGE);
    const field *of = &e->fields[CHANGE_BATCH], *id = &e->fields[COL_ID];
    reading rd = {.reg = r, .arena = a, .keeps_unknown = true};
    value values[] = {value_int(batch), value_int(in.after),
                      value_int(in.before ? in.before : INT64_MAX)};
    cond older = compare(COND_LT, &id, &values[2], NULL);
    cond newer = compare(COND_GT, &id, &values[1], &older);
    cond mine = compare(COND_EQ, &of, &values[0], &newer);
    return newest_first(s, &rd, &mine, in.limit, out);
}

crm_status changelog_of_record(engine_session *s, const registry *r, arena *a, const change *like,
                               change_range in, change_page *out)
{
    const entity *e = registry_store(r, STORE_CHANGE);
    const field *kind = &e->fields[CHANGE_ENTITY], *which = &e->fields[CHANGE_RECORD];
    const field *id = &e->fields[COL_ID];
    reading rd = {.reg = r, .arena = a};
    value values[] = {value_int(like->entity->id), value_int(like->record), value_int(in.after),
                      value_int(in.before ? in.before : INT64_MAX)};
    cond older = compare(COND_LT, &id, &values[3], NULL);
    cond newer = compare(COND_GT, &id, &values[2], &older);
    cond mine = compare(COND_EQ, &which, &values[1], &newer);
    cond first = compare(COND_EQ, &kind, &values[0], &mine);
    return newest_first(s, &rd, &first, in.limit, out);
}

crm_status changelog_get(engine_session *s, const registry *r, arena *a, int64_t position,
                         change *out)
{
    change_page page;
    const entity *e = registry_store(r, STORE_CHANGE);
    const field *id = &e->fields[COL_ID];
    reading rd = {.reg = r, .arena = a};
    value at = value_int(position);
    cond mine = compare(COND_EQ, &id, &at, NULL);
    crm_status st = newest_first(s, &rd, &mine, 1, &page);
    if (!st && page.count) {
        *out = page.at[0];
    }
    return st || page.count ? st : CRM_NOT_FOUND;
}

typedef struct searching {
    const int64_t *batches;
    bool found;
} searching;

static bool on_later(void *arg, const value *row, uint32_t matched)
{
    searching *x = arg;
    int64_t batch = row[CHANGE_BATCH].i;
    (void)matched;
    x->found = !batch || (batch != x->batches[0] && batch != x->batches[1]);
    return !x->found;
}

crm_status changelog_changed_since(engine_session *s, const registry *r, const change *ch,
                                   const int64_t batches[2], bool *is_changed)
{
    const entity *e = registry_store(r, STORE_CHANGE);
    const field *kind = &e->fields[CHANGE_ENTITY], *which = &e->fields[CHANGE_RECORD];
    const field *id = &e->fields[COL_ID];
    searching x = {.batches = batches};
    value values[] = {value_int(ch->entity->id), value_int(ch->record), value_int(ch->position)};
    cond newer = compare(COND_GT, &id, &values[2], NULL);
    cond mine = compare(COND_EQ, &which, &values[1], &newer);
    cond first = compare(COND_EQ, &kind, &values[0], &mine);
    cond where = {.op = COND_AND, .first = &first};
    query q = {.entity = e, .where = &where, .limit = UINT32_MAX - 1};
    bits_add(q.select, COL_ID);
    bits_add(q.select, CHANGE_BATCH);
    crm_status st = list(s, &q, on_later, &x);
    *is_changed = x.found;
    return st;
}

/* ---- the end of the log -----------------------------------------------------------------------
 */

static bool on_position(void *arg, const value *row, uint32_t matched)
{
    (void)matched;
    *(int64_t *)arg = row[COL_ID].i;
    return false;
}

crm_status changelog_last(engine_session *s, const registry *r, int64_t *position)
{
    const entity *e = registry_store(r, STORE_CHANGE);
    query q = {.entity = e, .limit = 1, .sorts = {{&e->fields[COL_ID], true}}, .sort_count = 1};
    bits_add(q.select, COL_ID);
    *position = 0;
    return list(s, &q, on_position, position);
}

typedef struct logged {
    int64_t id, at;
} logged;

static bool on_logged(void *arg, const value *row, uint32_t matched)
{
    (void)matched;
    *(logged *)arg = (logged){row[COL_ID].i, row[COL_CREATED_AT].i};
    return false;
}

/* The first row behind a position; id 0: none. */
static crm_status first_behind(engine_session *s, const entity *e, int64_t position, logged *out)
{
    const field *id = &e->fields[COL_ID];
    value from = value_int(position);
    cond where = {.op = COND_GT, .path = {id}, .path_length = 1, .values = &from, .value_count = 1};
    query q = {.entity = e, .where = &where, .limit = 1, .sorts = {{id, false}}, .sort_count = 1};
    bits_add(q.select, COL_ID);
    bits_add(q.select, COL_CREATED_AT);
    *out = (logged){0};
    return list(s, &q, on_logged, out);
}

/* By halves: rows are stamped when they are written, so positions are in the order of their stamps.
 */
crm_status changelog_before(engine_session *s, const registry *r, int64_t moment, int64_t *position)
{
    const entity *e = registry_store(r, STORE_CHANGE);
    int64_t before = 0, end = 0;
    crm_status st = changelog_last(s, r, &end);
    while (!st && before < end) {
        logged row;
        int64_t half = before + (end - before) / 2;
        st = first_behind(s, e, half, &row);
        if (row.id && row.at < moment) {
            before = row.id;
        } else {
            end = half;
        }
    }
    *position = before;
    return st;
}

/* ---- cursors --------------------------------------------------------------------------------- */

static crm_status find_cursor(tx *t, crm_str name, const registry *r, value **row)
{
    return tx_find_row(t->session, registry_store(r, STORE_CURSOR), CURSOR_NAME, value_text(name),
                       t->arena, row);
}

crm_status changelog_cursor(tx *t, crm_str name, int64_t *position)
{
    value *row;
    arena_mark mark = arena_mark_get(t->arena);
    crm_status st = find_cursor(t, name, tx_registry(t), &row);
    *position = st ? 0 : row[CURSOR_POSITION].i;
    arena_rewind(t->arena, mark);
    return st;
}

crm_status changelog_set_cursor(tx *t, crm_str name, int64_t position)
{
    value *row;
    const entity *e = registry_store(tx_registry(t), STORE_CURSOR);
    crm_status st = find_cursor(t, name, tx_registry(t), &row);
    if (st == CRM_NOT_FOUND) {
        value fresh[CURSOR_COLUMNS] = {0};
        int64_t id;
        fresh[CURSOR_NAME] = value_text(name);
        fresh[CURSOR_POSITION] = value_int(position);
        return tx_insert(t, e, fresh, &id);
    }
    if (!st) {
        uint64_t set[4] = {0};
        bits_add(set, CURSOR_POSITION);
        row[CURSOR_POSITION] = value_int(position);
        st = tx_update(t, e, row[COL_ID].i, row, set);
    }
    return st;
}
