/*
 * engine_sqlite_query.c - GET, LIST and COUNT: running them, and rows as values.
 *
 * Row values are borrowed from SQLite and live until the next step. Local branches are judged on
 * the row in C; those that need other rows come as columns of the result.
 */
#include <assert.h>

#include "data/engine_sqlite_plan.h"

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

#define JUDGED_MAX 8

/* What the branches judged in C said of the row before: who has a list open sees many rows of the
 * same people, and what is the same is not judged again. */
typedef struct judgement {
    uint8_t fields[JUDGED_MAX]; /* all that these branches look at: whole numbers */
    value of[JUDGED_MAX];
    uint32_t count, bits;
    bool is_kept, is_made;
} judgement;

typedef struct reader {
    sqlite_session *s;
    sqlite3_stmt *stmt;
    const query *query;         /* may be NULL */
    uint8_t fields[FIELDS_MAX]; /* the field of each column */
    uint32_t count;
    uint32_t local; /* branches that are judged on the row in C */
    judgement last;
} reader;

static void reader_init(reader *r, const entity *e, const uint64_t selected[4])
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
static void keep_judgements(reader *r, const entity *e)
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
static uint32_t take_row(reader *r)
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
static bool read_rows(reader *r, engine_op *op)
{
    int rc;
    bool wants_more = true;
    while (wants_more && (rc = sqlite3_step(r->stmt)) == SQLITE_ROW) {
        uint32_t bits = take_row(r);
        op->count++;
        wants_more = !op->on_row || op->on_row(op->arg, r->s->row, bits);
    }
    if (wants_more && rc != SQLITE_DONE) {
        op->status = status_of(r->s->db, rc, "list");
    }
    sqlite3_reset(r->stmt);
    return wants_more;
}

static bool list_part(reader *r, engine_op *op, walk *w, page_part part, uint32_t limit)
{
    uint64_t selected[4];
    engine_selected(r->query->entity, r->query, selected);
    plan_list(r->s, r->query, w, selected, part, limit);
    r->stmt = statement_get(r->s, &op->status);
    if (!r->stmt) {
        return false;
    }
    reader_init(r, r->query->entity, selected);
    keep_judgements(r, r->query->entity);
    return read_rows(r, op) && op->status == CRM_OK;
}

static void list_one(reader *r, engine_op *op, walk *w, uint32_t limit)
{
    if (!plan_comes_in_parts(r->query)) {
        (void)!list_part(r, op, w, PAGE_WHOLE, limit);
    } else if (list_part(r, op, w, PAGE_VALUES, limit) && op->count < limit) {
        (void)!list_part(r, op, w, PAGE_NULLS, limit - (uint32_t)op->count);
    }
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

static bool prepare_by_id(reader *r, engine_op *op, const entity *e, int64_t id)
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

/* The rows with these ids, in this order: one statement, which SQLite need not set up for each. */
static bool prepare_by_ids(reader *r, engine_op *op, crm_str ids)
{
    uint64_t selected[4];
    sql *q = &r->s->sql;
    const entity *e = r->query->entity;
    engine_selected(e, r->query, selected);
    sql_start(q, r->s->layout, &r->query->env);
    plan_select(q, e, selected, r->query->rights);
    sql_z(q, " FROM json_each(");
    sql_param(q, (param){.kind = PARAM_TEXT, .s = ids});
    sql_z(q, ") ids CROSS JOIN ");
    sql_name(q, 'e', e->id);
    sql_z(q, " t0 WHERE ");
    sql_column(q, 0, &e->fields[COL_ID]);
    sql_z(q, "=ids.value");
    r->stmt = statement_get(r->s, &op->status);
    if (r->stmt) {
        reader_init(r, e, selected);
        keep_judgements(r, e);
    }
    return r->stmt != NULL;
}

/* False when the sink has had enough, or on failure. */
static bool list_ids(reader *r, engine_op *op, const int64_t *ids, uint32_t count)
{
    crm_str text = ids_text(r->s->arena, ids, count);
    if (!text.p) {
        op->status = CRM_NOMEM;
    }
    return text.p && prepare_by_ids(r, op, text) && read_rows(r, op) && op->status == CRM_OK;
}

static void list_merged(reader *r, engine_op *op, plan *p, uint32_t limit)
{
    int64_t *ids;
    uint32_t count;
    op->status = merge_list(r->s, r->query, p, limit, &ids, &count);
    if (op->status == CRM_OK && count) {
        (void)!list_ids(r, op, ids, count);
    }
}

/* Sort values of the row into s->row and the cursor. */
static bool read_place(reader *r, engine_op *op, int64_t id, cursor *out)
{
    const query *in = r->query;
    query bare = {.entity = in->entity, .env = in->env};
    reader at = {.s = r->s, .query = &bare};
    bits_add(bare.select, COL_ID);
    for (uint32_t i = 0; i < in->sort_count; i++) {
        bits_add(bare.select, in->sorts[i].field->index);
    }
    if (!prepare_by_id(&at, op, in->entity, id)) {
        return false;
    }
    int rc = sqlite3_step(at.stmt);
    if (rc == SQLITE_ROW) {
        (void)!take_row(&at);
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

static void tell_place(reader *r, engine_op *op, walk *w, int64_t id)
{
    int percent;
    query rest = *r->query;
    if (!read_place(r, op, id, &rest.after)) {
        return;
    }
    op->status = part_percent(r->s, &rest, w, &percent);
    if (op->status == CRM_TIMEOUT && !session_is_stopped(r->s)) {
        percent = 0; /* too many to count: what was found is told all the same */
        op->status = CRM_OK;
    }
    if (op->status == CRM_OK) {
        op->is_partial = true;
        op->on_place(op->arg, r->s->row, percent);
    }
}

static void list_in_part(reader *r, engine_op *op, walk *w, uint32_t limit)
{
    stretch found;
    op->status = part_find(r->s, op, w, limit, &found);
    bool goes_on =
        op->status == CRM_OK && (!found.count || list_ids(r, op, found.ids, found.count));
    if (goes_on && found.is_stopped) {
        tell_place(r, op, w, found.place);
    }
}

typedef struct page {
    reader *r;
    engine_op *op;
    uint32_t limit;
} page;

static bool take_lane(void *arg, sqlite3_stmt *row)
{
    page *p = arg;
    p->r->stmt = row;
    uint32_t bits = take_row(p->r);
    p->op->count++;
    bool wants_more = !p->op->on_row || p->op->on_row(p->op->arg, p->r->s->row, bits);
    return wants_more && p->op->count < p->limit;
}

static void list_abreast(reader *r, engine_op *op, plan *p, uint32_t limit)
{
    uint64_t selected[4];
    page to = {r, op, limit};
    engine_selected(r->query->entity, r->query, selected);
    reader_init(r, r->query->entity, selected);
    keep_judgements(r, r->query->entity);
    op->status = merge_rows(r->s, r->query, p, selected, take_lane, &to);
}

static bool is_unordered(const query *in, const plan *p)
{
    bool is_sorted = in->sort_count && in->sorts[0].field->index != COL_ID;
    return is_sorted && p->count == 1 && !p->is_merged && !p->at[0].is_ordered;
}

void query_list(sqlite_session *s, engine_op *op)
{
    const query *in = op->query;
    reader r = {.s = s, .query = in};
    uint32_t limit = in->limit ? in->limit : LIST_MAX;
    plan p;
    op->is_partial = false;
    op->status = plan_make(s, in, ENGINE_LIST, &p);
    op->is_unordered = is_unordered(in, &p);
    if (op->status == CRM_OK && op->stop_after_us && part_may_stop(in, &p)) {
        list_in_part(&r, op, &p.at[0], limit);
    } else if (op->status == CRM_OK && p.is_merged && merge_is_narrow(in, &p)) {
        list_abreast(&r, op, &p, limit);
    } else if (op->status == CRM_OK && p.is_merged) {
        list_merged(&r, op, &p, limit);
    } else if (op->status == CRM_OK && p.count) {
        list_one(&r, op, &p.at[0], limit);
    }
}

/* By id the branches are judged on the one row, so the statement does not depend on them. */
static void take_one(reader *r, engine_op *op)
{
    int rc = sqlite3_step(r->stmt);
    op->status = rc == SQLITE_DONE ? CRM_NOT_FOUND : CRM_OK;
    if (rc == SQLITE_ROW) {
        uint32_t bits = take_row(r);
        if (r->query && r->query->rights && !(bits & r->query->need)) {
            op->status = CRM_NOT_FOUND;
        } else {
            op->count = 1;
            if (op->on_row) {
                op->on_row(op->arg, r->s->row, bits);
            }
        }
    } else if (rc != SQLITE_DONE) {
        op->status = status_of(r->s->db, rc, "get");
    }
    sqlite3_reset(r->stmt);
}

void query_get(sqlite_session *s, engine_op *op)
{
    reader r = {.s = s, .query = op->query};
    if (prepare_by_id(&r, op, op->entity, op->id)) {
        take_one(&r, op);
    }
}

/* Named by the terms as they were asked for: to spell them out is a good part of the work. */
static void count_matches(sqlite_session *s, engine_op *op, int64_t limit)
{
    query spelled;
    match_count(s, op->query, limit);
    if (counts_find_statement(s, &op->count)) {
        return;
    }
    op->status = prefix_spell(s, op->query, &spelled);
    if (op->status == CRM_OK) {
        match_count(s, &spelled, limit);
        op->status = statement_int(s, &op->count);
    }
    if (op->status == CRM_OK) {
        counts_keep(s, op->count);
    }
}

static void count(sqlite_session *s, engine_op *op)
{
    const query *in = op->query;
    int64_t limit = in->limit ? in->limit : COUNT_CAP;
    plan p;
    if (plan_is_search(in)) {
        count_matches(s, op, limit);
        return;
    }
    op->status = plan_make(s, in, ENGINE_COUNT, &p);
    if (op->status != CRM_OK || counts_find(s, in, &p, limit, &op->count)) {
        return;
    }
    op->status = merge_count(s, in, &p, limit, &op->count);
    if (op->status == CRM_OK) {
        counts_keep(s, op->count);
    }
}

void query_count(sqlite_session *s, engine_op *op)
{
    bool may_stop = op->stop_after_us > 0;
    op->is_partial = false;
    s->limit.count_end = may_stop ? clock_mono() + op->stop_after_us * 1000 : 0;
    count(s, op);
    s->limit.count_end = 0;
    if (may_stop && op->status == CRM_TIMEOUT && !session_is_stopped(s)) {
        op->status = CRM_OK;
        op->is_partial = true;
    }
}

/* ---- explaining ------------------------------------------------------------------------------ */

/* Of the statement in s->sql. */
static crm_status explain(sqlite_session *s, buf *out)
{
    crm_status st;
    crm_str text = arena_dup(s->arena, buf_view(&s->sql.text));
    buf_clear(&s->sql.text);
    sql_z(&s->sql, "EXPLAIN QUERY PLAN ");
    buf_str(&s->sql.text, text);
    sqlite3_stmt *stmt = statement_get(s, &st);
    while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
        buf_z(out, (const char *)sqlite3_column_text(stmt, 3));
        buf_char(out, '\n');
    }
    sqlite3_reset(stmt);
    return st;
}

crm_status engine_sqlite_explain(engine_session *base, const query *in, engine_op_kind kind,
                                 buf *out)
{
    sqlite_session *s = (sqlite_session *)base;
    uint64_t selected[4];
    plan p;
    s->layout = atomic_load(&s->engine->layout);
    engine_selected(in->entity, in, selected);
    page_part part = plan_comes_in_parts(in) ? PAGE_VALUES : PAGE_WHOLE;
    crm_status st = plan_make(s, in, kind, &p);
    buf_z(out, p.is_merged ? "merge\n" : "");
    for (uint32_t i = 0; st == CRM_OK && i < p.count; i++) {
        if (kind == ENGINE_COUNT) {
            plan_ids(s, in, &p.at[i]);
        } else if (p.is_merged && merge_is_narrow(in, &p)) {
            plan_lane(s, in, &p.at[i], selected);
        } else if (p.is_merged) {
            plan_keys(s, in, &p.at[i], part);
        } else {
            plan_list(s, in, &p.at[i], selected, part, LIST_MAX);
        }
        st = explain(s, out);
    }
    arena_reset(s->arena);
    return st;
}
