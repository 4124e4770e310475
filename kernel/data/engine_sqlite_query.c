/*
 * engine_sqlite_query.c - GET, LIST and COUNT: a query as SQL, and rows as values.
 *
 * Row values are borrowed from SQLite and live until the next step. Local branches are judged on
 * the row in C; those that need other rows come as columns of the result.
 */
#include "data/engine_sqlite.h"

/* ---- SELECT ---------------------------------------------------------------------------------- */

static void add_selected(sql *q, const entity *e, const uint64_t selected[4])
{
    bool is_first = true;
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (!bits_has(selected, i)) {
            continue;
        }
        sql_z(q, is_first ? "SELECT " : ",");
        is_first = false;
        if (layout_column(q->layout, e->fields[i].id)) {
            sql_column(q, 0, &e->fields[i]);
        } else {
            sql_z(q, "NULL");
        }
    }
}

/* Branches that other rows decide, as 0 or 1 after the fields. */
static void add_branch_columns(sql *q, const entity *e, const branches *b)
{
    for (uint32_t i = 0; b && i < b->count; i++) {
        if (!engine_branch_is_local(&b->at[i])) {
            sql_z(q, ",(");
            sql_branch(q, e, 0, &b->at[i]);
            sql_z(q, ") IS TRUE");
        }
    }
}

static void add_from(sql *q, const entity *e)
{
    sql_z(q, " FROM ");
    sql_name(q, 'e', e->id);
    sql_z(q, " t0 WHERE ");
}

/* ---- WHERE ----------------------------------------------------------------------------------- */

static void add_bin(sql *q, const query *in)
{
    const field *f = &in->entity->fields[COL_DELETED_AT];
    if (in->only_deleted || !in->with_deleted) {
        sql_column(q, 0, f);
        sql_z(q, in->only_deleted ? " IS NOT NULL" : " IS NULL");
    } else {
        sql_z(q, "1");
    }
}

/* The search fields a branch shows, as a bit set that can be compared with another's. */
static void shown_by(const query *in, const branch *b, uint64_t out[4])
{
    out[0] = out[1] = out[2] = out[3] = 0;
    for (uint32_t i = 0; i < in->entity->search_count; i++) {
        uint16_t f = in->entity->search_fields[i];
        if (bits_has(b->fields, f)) {
            bits_add(out, f);
        }
    }
}

/* The needed branches that show the same search fields as branch `like`. */
static uint32_t same_shown(const query *in, uint32_t left, uint32_t like, uint64_t shown[4])
{
    uint32_t same = 0;
    shown_by(in, &in->rights->at[like], shown);
    for (uint32_t i = 0; i < in->rights->count; i++) {
        uint64_t other[4];
        shown_by(in, &in->rights->at[i], other);
        if ((left >> i & 1) && memcmp(other, shown, sizeof other) == 0) {
            same |= 1u << i;
        }
    }
    return same;
}

static bool is_all(const branches *b, uint32_t bits)
{
    for (uint32_t i = 0; i < b->count; i++) {
        if ((bits >> i & 1) && engine_branch_is_all(&b->at[i])) {
            return true;
        }
    }
    return false;
}

static void add_group(sql *q, const query *in, uint32_t bits)
{
    if (is_all(in->rights, bits)) {
        sql_z(q, "1");
    } else {
        sql_branches(q, in->entity, 0, in->rights, bits);
    }
}

/* Under a branch words count in the fields it shows: branches go in groups of equal shown fields.
 */
static void add_rights_and_terms(sql *q, const query *in)
{
    const branches *b = in->rights;
    uint32_t left = b ? in->need & ((1u << b->count) - 1) : 0;
    if (!b) {
        sql_match(q, in->entity, 0, in->terms, NULL);
        return;
    }
    sql_z(q, "(0");
    for (uint32_t i = 0; i < b->count; i++) {
        if (!(left >> i & 1)) {
            continue;
        }
        uint64_t shown[4];
        uint32_t same = same_shown(in, left, i, shown);
        left &= ~same;
        sql_z(q, " OR (");
        sql_match(q, in->entity, 0, in->terms, shown);
        sql_z(q, " AND ");
        add_group(q, in, same);
        sql_z(q, ")");
    }
    sql_z(q, ")");
}

static void add_rights(sql *q, const query *in)
{
    if (in->terms.n) {
        sql_z(q, " AND ");
        add_rights_and_terms(q, in);
    } else if (in->rights && !is_all(in->rights, in->need)) {
        sql_z(q, " AND ");
        sql_branches(q, in->entity, 0, in->rights, in->need);
    }
}

static void add_where(sql *q, const query *in)
{
    add_bin(q, in);
    add_rights(q, in);
    if (in->where) {
        sql_z(q, " AND ");
        sql_cond(q, in->entity, 0, in->where);
    }
}

/* ---- ORDER BY and where the page before ended ------------------------------------------------ */

static bool last_descends(const query *in)
{
    return in->sort_count && in->sorts[in->sort_count - 1].descending;
}

static const field *sort_field(const query *in, uint32_t i)
{
    return i < in->sort_count ? in->sorts[i].field : &in->entity->fields[COL_ID];
}

/* "after the cursor in sort i": NULL is least, so nothing is below it and every value above it. */
static void add_beyond(sql *q, const query *in, uint32_t i)
{
    const field *f = sort_field(in, i);
    bool descends = i < in->sort_count ? in->sorts[i].descending : last_descends(in);
    value v = i < in->sort_count ? in->after.at[i] : value_int(in->after.id);
    if (value_is_null(v)) {
        sql_z(q, descends ? "(0" : "(");
        if (!descends) {
            sql_ordered(q, 0, f);
            sql_z(q, " IS NOT NULL");
        }
    } else {
        sql_z(q, "(");
        sql_ordered(q, 0, f);
        sql_z(q, descends ? "<" : ">");
        sql_ordered_value(q, f, v);
        if (descends && f->index != COL_ID) {
            sql_z(q, " OR ");
            sql_ordered(q, 0, f);
            sql_z(q, " IS NULL");
        }
    }
    sql_z(q, ")");
}

static void add_equal(sql *q, const query *in, uint32_t i)
{
    sql_ordered(q, 0, sort_field(in, i));
    sql_z(q, " IS ");
    sql_ordered_value(q, sort_field(in, i), in->after.at[i]);
}

/*
 * The part of a page a statement gives. Down a column that may be NULL the values come first, then
 * the NULLs; one range of the index cannot hold both, so they are asked for one after the other.
 */
typedef enum page_part { PAGE_WHOLE, PAGE_VALUES, PAGE_NULLS } page_part;

static bool is_never_null(const field *f)
{
    return f->index == COL_ID || f->index == COL_CREATED_AT || f->index == COL_UPDATED_AT;
}

static bool comes_in_parts(const query *in)
{
    return in->after.is_set && in->sort_count && in->sorts[0].descending &&
           !value_is_null(in->after.at[0]) && !is_never_null(in->sorts[0].field);
}

/* A bound on the first sort alone, which the index can use; the rest filters what ties with it. */
static void add_first_bound(sql *q, const query *in)
{
    const sort *first = &in->sorts[0];
    if (!in->sort_count || value_is_null(in->after.at[0])) {
        return;
    }
    sql_z(q, " AND ");
    sql_ordered(q, 0, first->field);
    sql_z(q, first->descending ? "<=" : ">=");
    sql_ordered_value(q, first->field, in->after.at[0]);
}

static void add_null_part(sql *q, const query *in)
{
    sql_z(q, " AND ");
    sql_ordered(q, 0, in->sorts[0].field);
    sql_z(q, " IS NULL");
}

/* s1 beyond OR (s1 equal AND (s2 beyond OR (s2 equal AND id beyond))) */
static void add_cursor(sql *q, const query *in)
{
    if (!in->after.is_set) {
        return;
    }
    add_first_bound(q, in);
    sql_z(q, " AND (");
    for (uint32_t i = 0; i < in->sort_count; i++) {
        add_beyond(q, in, i);
        sql_z(q, " OR (");
        add_equal(q, in, i);
        sql_z(q, " AND (");
    }
    add_beyond(q, in, in->sort_count);
    for (uint32_t i = 0; i < in->sort_count; i++) {
        sql_z(q, "))");
    }
    sql_z(q, ")");
}

static void add_order(sql *q, const query *in)
{
    sql_z(q, " ORDER BY ");
    for (uint32_t i = 0; i < in->sort_count; i++) {
        sql_ordered(q, 0, in->sorts[i].field);
        sql_z(q, in->sorts[i].descending ? " DESC," : ",");
    }
    sql_column(q, 0, &in->entity->fields[COL_ID]);
    sql_z(q, last_descends(in) ? " DESC" : "");
}

static void plan(sqlite_session *s, const query *in, const uint64_t selected[4], page_part part,
                 uint32_t limit)
{
    sql *q = &s->sql;
    sql_start(q, s->layout, &in->env);
    add_selected(q, in->entity, selected);
    add_branch_columns(q, in->entity, in->rights);
    add_from(q, in->entity);
    add_where(q, in);
    if (part == PAGE_NULLS) {
        add_null_part(q, in);
    } else {
        add_cursor(q, in);
    }
    add_order(q, in);
    sql_z(q, " LIMIT ");
    sql_int(q, limit);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static value column_value(sqlite3_stmt *stmt, int at)
{
    switch (sqlite3_column_type(stmt, at)) {
    case SQLITE_INTEGER:
        return value_int(sqlite3_column_int64(stmt, at));
    case SQLITE_NULL:
        return value_null();
    default: {
        const char *p = (const char *)sqlite3_column_text(stmt, at);
        return value_text((crm_str){p, (size_t)sqlite3_column_bytes(stmt, at)});
    }
    }
}

typedef struct reader {
    sqlite_session *s;
    sqlite3_stmt *stmt;
    const query *query;         /* may be NULL */
    uint8_t fields[FIELDS_MAX]; /* the field of each column */
    uint32_t count;
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
}

/* Reads the row into s->row and gives the branches it matches. */
static uint32_t take_row(reader *r)
{
    value *row = r->s->row;
    for (uint32_t i = 0; i < r->count; i++) {
        row[r->fields[i]] = column_value(r->stmt, (int)i);
    }
    const branches *b = r->query ? r->query->rights : NULL;
    uint32_t bits = 0, column = r->count;
    for (uint32_t i = 0; b && i < b->count; i++) {
        bool matches;
        if (engine_branch_is_local(&b->at[i])) {
            matches = cond_eval(b->at[i].where, row, &r->query->env);
        } else {
            matches = sqlite3_column_int(r->stmt, (int)column++) != 0;
        }
        bits |= matches ? 1u << i : 0;
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

static bool list_part(reader *r, engine_op *op, const uint64_t selected[4], page_part part,
                      uint32_t limit)
{
    plan(r->s, r->query, selected, part, limit);
    r->stmt = statement_get(r->s, &op->status);
    if (!r->stmt) {
        return false;
    }
    reader_init(r, r->query->entity, selected);
    return read_rows(r, op) && op->status == CRM_OK;
}

void query_list(sqlite_session *s, engine_op *op)
{
    const query *in = op->query;
    uint64_t selected[4];
    reader r = {.s = s, .query = in};
    uint32_t limit = in->limit ? in->limit : LIST_MAX;
    engine_selected(in->entity, in, selected);
    if (!comes_in_parts(in)) {
        (void)!list_part(&r, op, selected, PAGE_WHOLE, limit);
    } else if (list_part(&r, op, selected, PAGE_VALUES, limit) && op->count < limit) {
        (void)!list_part(&r, op, selected, PAGE_NULLS, limit - (uint32_t)op->count);
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
    const query *in = op->query;
    const entity *e = op->entity;
    uint64_t selected[4];
    reader r = {.s = s, .query = in};
    engine_selected(e, in, selected);
    sql_start(&s->sql, s->layout, in ? &in->env : NULL);
    add_selected(&s->sql, e, selected);
    add_branch_columns(&s->sql, e, in ? in->rights : NULL);
    add_from(&s->sql, e);
    sql_column(&s->sql, 0, &e->fields[COL_ID]);
    sql_z(&s->sql, "=");
    sql_int(&s->sql, op->id);
    r.stmt = statement_get(s, &op->status);
    if (r.stmt) {
        reader_init(&r, e, selected);
        take_one(&r, op);
    }
}

void query_count(sqlite_session *s, engine_op *op)
{
    const query *in = op->query;
    sql_start(&s->sql, s->layout, &in->env);
    sql_z(&s->sql, "SELECT count(*) FROM (SELECT 1");
    add_from(&s->sql, in->entity);
    add_where(&s->sql, in);
    sql_z(&s->sql, " LIMIT ");
    sql_int(&s->sql, in->limit ? in->limit : COUNT_CAP);
    sql_z(&s->sql, ")");
    op->status = statement_int(s, &op->count);
}

crm_status engine_sqlite_explain(engine_session *base, const query *in, buf *out)
{
    sqlite_session *s = (sqlite_session *)base;
    uint64_t selected[4];
    crm_status st;
    s->layout = atomic_load(&s->engine->layout);
    engine_selected(in->entity, in, selected);
    plan(s, in, selected, comes_in_parts(in) ? PAGE_VALUES : PAGE_WHOLE, LIST_MAX);
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
    arena_reset(s->arena);
    return st;
}
