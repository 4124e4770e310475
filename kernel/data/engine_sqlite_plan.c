/* engine_sqlite_plan.c - a query as SQL: what is selected, which rows, in what order, from where
 * on. */
#include "data/engine_sqlite_plan.h"

/* ---- SELECT ---------------------------------------------------------------------------------- */

static void add_fields(sql *q, const entity *e, const uint64_t selected[4])
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

void plan_select(sql *q, const entity *e, const uint64_t selected[4], const branches *b)
{
    add_fields(q, e, selected);
    for (uint32_t i = 0; b && i < b->count; i++) {
        if (!engine_branch_is_local(&b->at[i])) {
            sql_z(q, ",(");
            sql_branch(q, e, 0, &b->at[i]);
            sql_z(q, ") IS TRUE");
        }
    }
}

void plan_from(sql *q, const entity *e)
{
    sql_z(q, " FROM ");
    sql_name(q, 'e', e->id);
    sql_z(q, " t0 WHERE ");
}

/* ---- WHERE ----------------------------------------------------------------------------------- */

void plan_bin(sql *q, const query *in)
{
    const field *f = &in->entity->fields[COL_DELETED_AT];
    if (in->only_deleted || !in->with_deleted) {
        sql_column(q, 0, f);
        sql_z(q, in->only_deleted ? " IS NOT NULL" : " IS NULL");
    } else {
        sql_z(q, "1");
    }
}

bool plan_is_all(const branches *b, uint32_t bits)
{
    for (uint32_t i = 0; i < b->count; i++) {
        if ((bits >> i & 1) && engine_branch_is_all(&b->at[i])) {
            return true;
        }
    }
    return false;
}

bool plan_sees_all(const query *in)
{
    return plan_is_all(in->rights, in->need);
}

static void add_rights(sql *q, const query *in)
{
    if (in->terms.n) {
        sql_z(q, " AND ");
        sql_match(q, in);
    } else if (in->rights && !plan_sees_all(in)) {
        sql_z(q, " AND ");
        sql_branches(q, in->entity, 0, in->rights, in->need);
    }
}

void plan_where(sql *q, const query *in)
{
    plan_bin(q, in);
    add_rights(q, in);
    if (in->where) {
        sql_z(q, " AND ");
        sql_cond(q, in->entity, 0, in->where);
    }
}

/* ---- one walk -------------------------------------------------------------------------------- */

static void add_access(sql *q, const query *in, const walk *w)
{
    switch (w->by) {
    case WALK_INDEX:
        sql_z(q, " INDEXED BY ");
        index_name(&q->text, in->entity, w->index);
        break;
    case WALK_IDS:
        sql_z(q, " NOT INDEXED");
        break;
    case WALK_FREE:
        break;
    }
}

static bool is_null_head(const allowed *a)
{
    return a->count == 1 && value_is_null(a->values[0]);
}

/* The first fields of the index, so that SQLite descends by it, and what its rows have in common.
 */
static void add_heads(sql *q, const query *in, walk *w)
{
    w->first_param = q->count;
    for (uint32_t i = 0; i < w->head_count; i++) {
        const allowed *a = &w->head[i];
        sql_ordered(q, 0, a->field);
        if (is_null_head(a)) {
            sql_z(q, " IS NULL AND ");
        } else {
            sql_z(q, "=");
            sql_ordered_value(q, a->field, a->values[0]);
            sql_z(q, " AND ");
        }
    }
    for (uint32_t i = 0; w->index && i < w->index->empty_count; i++) {
        sql_column(q, 0, &in->entity->fields[w->index->empty[i]]);
        sql_z(q, " IS NULL AND ");
    }
}

void plan_rows(sql *q, const query *in, walk *w)
{
    sql_z(q, " FROM ");
    sql_name(q, 'e', in->entity->id);
    sql_z(q, " t0");
    add_access(q, in, w);
    sql_z(q, " WHERE ");
    add_heads(q, in, w);
    q->held = w->held;
    q->held_count = w->held_count;
    if (w->branch) {
        query rest = *in;
        rest.rights = NULL;
        sql_branch(q, in->entity, 0, w->branch);
        sql_z(q, " AND ");
        plan_where(q, &rest);
    } else {
        plan_where(q, in);
    }
    q->held = NULL;
    q->held_count = 0;
}

crm_status plan_bind(sqlite_session *s, sqlite3_stmt *stmt, const walk *w, uint32_t at)
{
    int position = (int)w->first_param;
    for (uint32_t i = 0; i < w->head_count; i++) {
        const allowed *a = &w->head[i];
        value v = a->values[at % a->count];
        at /= a->count;
        if (is_null_head(a)) {
            continue;
        }
        param p = sql_ordered_param(&s->sql, a->field, v);
        int rc = statement_bind(stmt, ++position, &p);
        if (rc != SQLITE_OK) {
            return status_of(s->db, rc, "bind");
        }
    }
    return s->sql.status;
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
        sql_z(q, descends ? "(" SQL_NEVER : "(");
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

static bool is_never_null(const field *f)
{
    return f->index == COL_ID || f->index == COL_CREATED_AT || f->index == COL_UPDATED_AT;
}

bool plan_comes_in_parts(const query *in)
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

/* s1 beyond OR s1 equal AND s2 beyond OR …: flat, because SQLite's parser nests less than 100 deep.
 */
static void add_behind(sql *q, const query *in)
{
    if (!in->after.is_set) {
        return;
    }
    sql_z(q, " AND (");
    for (uint32_t i = 0; i <= in->sort_count; i++) {
        sql_z(q, i ? " OR " : "");
        for (uint32_t k = 0; k < i; k++) {
            add_equal(q, in, k);
            sql_z(q, " AND ");
        }
        add_beyond(q, in, i);
    }
    sql_z(q, ")");
}

static void add_cursor(sql *q, const query *in)
{
    if (in->after.is_set) {
        add_first_bound(q, in);
        add_behind(q, in);
    }
}

void plan_order(sql *q, const query *in)
{
    sql_z(q, " ORDER BY ");
    for (uint32_t i = 0; i < in->sort_count; i++) {
        sql_ordered(q, 0, in->sorts[i].field);
        sql_z(q, in->sorts[i].descending ? " DESC," : ",");
    }
    sql_column(q, 0, &in->entity->fields[COL_ID]);
    sql_z(q, last_descends(in) ? " DESC" : "");
}

void plan_after(sql *q, const query *in, page_part part)
{
    if (part == PAGE_NULLS) {
        add_null_part(q, in);
    } else {
        add_cursor(q, in);
    }
}

/* Not behind the end of the page that is gathered. */
static void add_bound(sql *q, const query *in)
{
    query until = *in;
    if (in->gathered && in->gathered->bound.is_set) {
        until.after = in->gathered->bound;
        sql_z(q, " AND (1");
        add_behind(q, &until);
        sql_z(q, ") IS NOT TRUE");
    }
}

/* Whether the rights grant it, and full text that did not lead to it has the words. */
static void add_granted(sql *q, const query *in, const walk *w)
{
    if (plan_is_search(in)) {
        match_granted(q, in);
    } else if (in->terms.n) {
        sql_match(q, in);
    } else if (in->rights && !w->branch && !plan_sees_all(in)) {
        sql_branches(q, in->entity, 0, in->rights, in->need);
    } else {
        sql_z(q, "1");
    }
}

void plan_verdict(sql *q, const query *in, const walk *w, bool is_anywhere)
{
    sql_z(q, ",CASE WHEN ");
    if (is_anywhere) {
        plan_bin(q, in);
        add_behind(q, in);
        add_bound(q, in);
        sql_z(q, " AND ");
    }
    add_granted(q, in, w);
    sql_z(q, " THEN (");
    q->held = w->held;
    q->held_count = w->held_count;
    sql_cond(q, in->entity, 0, in->where);
    q->held = NULL;
    q->held_count = 0;
    sql_z(q, ") IS TRUE END");
}

void plan_list(sqlite_session *s, const query *in, walk *w, const uint64_t selected[4],
               page_part part, uint32_t limit)
{
    sql *q = &s->sql;
    if (plan_is_search(in)) {
        match_list(s, in, selected, part, limit);
        return;
    }
    sql_start(q, s->layout, &in->env);
    plan_select(q, in->entity, selected, in->rights);
    plan_rows(q, in, w);
    plan_after(q, in, part);
    plan_order(q, in);
    sql_z(q, " LIMIT ");
    sql_int(q, limit);
}

void plan_sort_values(sql *q, const query *in)
{
    for (uint32_t i = 0; i < in->sort_count; i++) {
        sql_z(q, ",");
        sql_ordered(q, 0, in->sorts[i].field);
    }
}

void plan_lane(sqlite_session *s, const query *in, walk *w, const uint64_t selected[4])
{
    sql *q = &s->sql;
    sql_start(q, s->layout, &in->env);
    plan_select(q, in->entity, selected, in->rights);
    plan_sort_values(q, in);
    plan_rows(q, in, w);
    plan_after(q, in, PAGE_WHOLE);
    plan_order(q, in);
}

static void select_id(sqlite_session *s, const query *in)
{
    sql_start(&s->sql, s->layout, &in->env);
    sql_z(&s->sql, "SELECT ");
    sql_column(&s->sql, 0, &in->entity->fields[COL_ID]);
}

void plan_keys(sqlite_session *s, const query *in, walk *w, page_part part)
{
    sql *q = &s->sql;
    select_id(s, in);
    plan_sort_values(q, in);
    plan_rows(q, in, w);
    plan_after(q, in, part);
    if (w->is_ordered) {
        plan_order(q, in);
    }
}

void plan_page_ids(sqlite_session *s, const query *in, walk *w, uint32_t limit)
{
    sql *q = &s->sql;
    select_id(s, in);
    plan_rows(q, in, w);
    plan_after(q, in, PAGE_WHOLE);
    plan_order(q, in);
    sql_z(q, " LIMIT ");
    sql_int(q, limit);
}

void plan_ids(sqlite_session *s, const query *in, walk *w)
{
    select_id(s, in);
    plan_rows(&s->sql, in, w);
}
