/*
 * engine_sqlite_reader.c - rows as values, and rows by their ids.
 *
 * Row values are borrowed from SQLite and live until the next step. Local branches are judged on
 * the row in C; those that need other rows come as columns of the result.
 */
#include "data/engine_sqlite_reader.h"

#include <assert.h>

/* SQLite holds no mutexes here, so its own value may be read in place: one look-up of the column in
 * place of three. Each part goes straight to where it stays: a value put together first and copied
 * then waits for its own parts to be stored. */
static inline void take_value(sqlite3_stmt *stmt, int at, value *out)
{
    sqlite3_value *v = sqlite3_column_value(stmt, at);
    int type = sqlite3_value_type(v);
    bool is_text = type != SQLITE_INTEGER && type != SQLITE_NULL;
    out->i = type == SQLITE_INTEGER ? sqlite3_value_int64(v) : 0;
    out->s.p = is_text ? (const char *)sqlite3_value_text(v) : NULL;
    out->s.n = is_text ? (size_t)sqlite3_value_bytes(v) : 0;
    out->kind = type == SQLITE_INTEGER ? VALUE_INT : out->s.n ? VALUE_TEXT : VALUE_NULL;
}

void reader_init(reader *r, const entity *e, const uint64_t selected[4])
{
    r->count = 0;
    memset(r->s->row, 0, e->field_count * sizeof r->s->row[0]);
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (bits_has(selected, i)) {
            r->fields[r->count++] = (uint8_t)i;
        }
    }
    const branches *b = r->query ? r->query->rights : NULL;
    r->local = 0;
    for (uint32_t i = 0; b && i < b->count; i++) {
        r->local |= engine_branch_is_local(&b->at[i]) ? 1u << i : 0;
    }
}

/* For many rows, after reader_init. A text lives no longer than its row, so it is not kept. */
void reader_keep_judgements(reader *r, const entity *e)
{
    judgement *last = &r->last;
    uint64_t looked_at[4] = {0};
    for (uint32_t i = 0; r->local >> i; i++) {
        if (r->local >> i & 1) {
            cond_fields(r->query->rights->at[i].where, looked_at);
        }
    }
    last->count = 0;
    last->is_made = false;
    last->is_kept = true;
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (!bits_has(looked_at, i)) {
            continue;
        }
        if (last->count == JUDGED_MAX || field_is_text(&e->fields[i])) {
            last->is_kept = false;
            return;
        }
        last->fields[last->count++] = (uint8_t)i;
    }
}

/* Notes what the row has in these fields; whether the row before had the same. */
static bool is_as_before(judgement *last, const value *row)
{
    bool is_same = last->is_made;
    for (uint32_t i = 0; i < last->count; i++) {
        const value *now = &row[last->fields[i]];
        is_same = is_same && now->kind != VALUE_TEXT && now->kind == last->of[i].kind &&
                  now->i == last->of[i].i;
        last->of[i] = (value){.kind = now->kind, .i = now->i};
    }
    last->is_made = true;
    return is_same;
}

/* Which of the branches judged in C match. */
static uint32_t judge(reader *r)
{
    if (r->last.is_kept && is_as_before(&r->last, r->s->row)) {
        return r->last.bits;
    }
    uint32_t bits = 0;
    assert(!r->local || r->query);
    for (uint32_t i = 0; r->local >> i; i++) {
        bool matches = r->local >> i & 1 &&
                       cond_eval(r->query->rights->at[i].where, r->s->row, &r->query->env);
        bits |= matches ? 1u << i : 0;
    }
    r->last.bits = bits;
    return bits;
}

/* Reads the row into s->row and gives the branches it matches. */
uint32_t reader_take(reader *r)
{
    value *row = r->s->row;
    for (uint32_t i = 0; i < r->count; i++) {
        take_value(r->stmt, (int)i, &row[r->fields[i]]);
    }
    const branches *b = r->query ? r->query->rights : NULL;
    uint32_t bits = judge(r), column = r->count;
    for (uint32_t i = 0; b && i < b->count; i++) {
        if (!(r->local >> i & 1)) {
            bits |= sqlite3_column_int(r->stmt, (int)column++) ? 1u << i : 0;
        }
    }
    return bits;
}

/* False when the sink has had enough. */
bool reader_give(reader *r, engine_op *op)
{
    int rc;
    bool wants_more = true;
    while (wants_more && (rc = sqlite3_step(r->stmt)) == SQLITE_ROW) {
        uint32_t bits = reader_take(r);
        op->count++;
        wants_more = !op->on_row || op->on_row(op->arg, r->s->row, bits);
    }
    if (wants_more && rc != SQLITE_DONE) {
        op->status = status_of(r->s->db, rc, "list");
    }
    sqlite3_reset(r->stmt);
    return wants_more;
}

/* Whether the branches are judged in C, all of them. */
static bool are_local(const branches *b)
{
    for (uint32_t i = 0; b && i < b->count; i++) {
        if (!engine_branch_is_local(&b->at[i])) {
            return false;
        }
    }
    return true;
}

/* What a GET's statement depends on; false: it cannot be kept. */
static bool describe_get(const reader *r, const entity *e, const uint64_t selected[4],
                         known_get *out)
{
    out->layout = r->s->layout;
    out->entity = e->id;
    out->count = 0;
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (bits_has(selected, i) && out->count++ < GET_FIELDS_MAX) {
            out->fields[out->count - 1] = e->fields[i].id;
        }
    }
    return out->count <= GET_FIELDS_MAX && are_local(r->query ? r->query->rights : NULL);
}

static sqlite3_stmt *find_get(const statements *c, const known_get *wanted)
{
    const known_get *k = c->by_id ? &c->by_id[wanted->entity % GETS_MAX] : NULL;
    bool is_it = k && k->stmt && k->layout == wanted->layout && k->entity == wanted->entity &&
                 k->count == wanted->count &&
                 memcmp(k->fields, wanted->fields, k->count * sizeof k->fields[0]) == 0;
    return is_it ? k->stmt : NULL;
}

static void keep_get(statements *c, const known_get *made)
{
    c->by_id = c->by_id ? c->by_id : calloc(GETS_MAX, sizeof *c->by_id);
    if (c->by_id) {
        c->by_id[made->entity % GETS_MAX] = *made;
    }
}

/* "SELECT … WHERE id=?" with the id as the last parameter. */
static sqlite3_stmt *write_get(reader *r, const entity *e, const uint64_t selected[4], int64_t id,
                               crm_status *status)
{
    sql *q = &r->s->sql;
    sql_start(q, r->s->layout, r->query ? &r->query->env : NULL);
    plan_select(q, e, selected, r->query ? r->query->rights : NULL);
    plan_from(q, e);
    sql_column(q, 0, &e->fields[COL_ID]);
    sql_z(q, "=");
    sql_int(q, id);
    return statement_get(r->s, status);
}

bool reader_by_id(reader *r, engine_op *op, const entity *e, int64_t id)
{
    uint64_t selected[4];
    known_get get;
    engine_selected(e, r->query, selected);
    bool may_keep = describe_get(r, e, selected, &get);
    r->stmt = may_keep ? find_get(&r->s->cache, &get) : NULL;
    if (r->stmt) {
        sqlite3_bind_int64(r->stmt, 1, id);
    } else {
        r->stmt = get.stmt = write_get(r, e, selected, id, &op->status);
        if (r->stmt && may_keep) {
            keep_get(&r->s->cache, &get);
        }
    }
    if (r->stmt) {
        reader_init(r, e, selected);
    }
    return r->stmt != NULL;
}

/* "[17,4,23]" in the arena of the op. */
static crm_str ids_text(arena *a, const int64_t *ids, uint32_t count)
{
    buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < count; i++) {
        buf_char(&b, i ? ',' : '[');
        buf_int(&b, ids[i]);
    }
    buf_char(&b, ']');
    crm_str text = b.failed ? (crm_str){0} : arena_dup(a, buf_view(&b));
    buf_free(&b);
    return text;
}

/* One statement, which SQLite need not set up for each. */
bool reader_by_ids(reader *r, engine_op *op, const int64_t *ids, uint32_t count)
{
    uint64_t selected[4];
    sql *q = &r->s->sql;
    const entity *e = r->query->entity;
    crm_str text = ids_text(r->s->arena, ids, count);
    if (!text.p) {
        op->status = CRM_NOMEM;
        return false;
    }
    engine_selected(e, r->query, selected);
    sql_start(q, r->s->layout, &r->query->env);
    plan_select(q, e, selected, r->query->rights);
    sql_z(q, " FROM json_each(");
    sql_param(q, (param){.kind = PARAM_TEXT, .s = text});
    sql_z(q, ") ids CROSS JOIN ");
    sql_name(q, 'e', e->id);
    sql_z(q, " t0 WHERE ");
    sql_column(q, 0, &e->fields[COL_ID]);
    sql_z(q, "=ids.value");
    r->stmt = statement_get(r->s, &op->status);
    if (r->stmt) {
        reader_init(r, e, selected);
        reader_keep_judgements(r, e);
    }
    return r->stmt != NULL;
}

bool reader_list_ids(reader *r, engine_op *op, const int64_t *ids, uint32_t count)
{
    return reader_by_ids(r, op, ids, count) && reader_give(r, op) && op->status == CRM_OK;
}

bool reader_place(reader *r, engine_op *op, int64_t id, cursor *out)
{
    const query *in = r->query;
    query bare = {.entity = in->entity, .env = in->env};
    reader at = {.s = r->s, .query = &bare};
    bits_add(bare.select, COL_ID);
    for (uint32_t i = 0; i < in->sort_count; i++) {
        bits_add(bare.select, in->sorts[i].field->index);
    }
    if (!reader_by_id(&at, op, in->entity, id)) {
        return false;
    }
    int rc = sqlite3_step(at.stmt);
    if (rc == SQLITE_ROW) {
        (void)!reader_take(&at);
    } else {
        op->status = status_of(r->s->db, rc, "place");
    }
    *out = (cursor){.id = id, .is_set = true};
    for (uint32_t i = 0; i < in->sort_count; i++) {
        value *v = &r->s->row[in->sorts[i].field->index];
        out->at[i] = *v = value_dup(r->s->arena, *v);
    }
    sqlite3_reset(at.stmt);
    return rc == SQLITE_ROW;
}
