/*
 * engine_sqlite_query.c - GET, LIST and COUNT: running them, and rows as values.
 *
 * Row values are borrowed from SQLite and live until the next step. Local branches are judged on
 * the row in C; those that need other rows come as columns of the result.
 */
#include "data/engine_sqlite_plan.h"

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
    plan_list(r->s, r->query, selected, part, limit);
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
    if (!plan_comes_in_parts(in)) {
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
    plan_select(&s->sql, e, selected, in ? in->rights : NULL);
    plan_from(&s->sql, e);
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
    plan_from(&s->sql, in->entity);
    plan_where(&s->sql, in);
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
    plan_list(s, in, selected, plan_comes_in_parts(in) ? PAGE_VALUES : PAGE_WHOLE, LIST_MAX);
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
