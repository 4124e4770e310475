/*
 * engine_sqlite_part.c - a list that may stop on its way and go on from there.
 *
 * Every row of the way comes out of its statement with what the condition says of it, so at any
 * moment it is known how far the list has got, and by ORDER BY nothing is left out before that. The
 * way is one walk along the order of the list, or several ranges side by side, each of which comes
 * in it. The rows that are found are read afterwards by id.
 *
 * It stops at a row that the asker may read; when it has met none by then, it has no place there,
 * and the list is gathered.
 */
#include "data/engine_sqlite_plan.h"

typedef struct search {
    sqlite_session *s;
    const query *in;
    plan *way;
    stretch *out;
    page_part part; /* of the page, which is being looked for */
    uint32_t limit;
    int64_t judged, end;
    bool is_gathered; /* what has no place is */
} search;

/* One walk along the order of the list, on which the rights are judged row by row. */
static bool is_whole(const plan *p)
{
    return p->count == 1 && !p->is_merged && p->at[0].is_ordered && !p->at[0].branch;
}

bool part_may_stop(sqlite_session *s, const query *in, plan *p)
{
    walk w;
    if (in->terms.n || in->only_deleted || in->with_deleted) {
        return false;
    }
    if (is_whole(p) || merge_goes_abreast(p)) {
        return true;
    }
    if (!p->is_long || !plan_in_order(s, in, &w)) {
        return false;
    }
    *p = (plan){.at = {w}, .count = 1, .is_long = true};
    return true;
}

/* ---- the way --------------------------------------------------------------------------------- */

/* Bounds of what the list is in the order of: they make the way shorter. */
static void add_bounds(sql *q, const query *in, const cond *c)
{
    if (c && c->op == COND_AND) {
        for (const cond *child = c->first; child; child = child->next) {
            add_bounds(q, in, child);
        }
        return;
    }
    const field *first = plan_is_by_id(in) ? &in->entity->fields[COL_ID] : in->sorts[0].field;
    if (c && c->op >= COND_GT && c->op <= COND_LTE && c->path_length == 1 && c->path[0] == first) {
        sql_z(q, " AND ");
        sql_cond(q, in->entity, 0, c);
    }
}

/* " FROM … WHERE …": the rows that lie on it, whatever the condition says of them: all, or those
 * that `rights` grant. */
static void add_way(sql *q, const query *in, const branches *rights, walk *w)
{
    query bare = *in;
    bare.rights = rights;
    bare.where = NULL;
    plan_rows(q, &bare, w);
    add_bounds(q, in, in->where);
}

static void plan_judged(void *arg, walk *w)
{
    const search *f = arg;
    sql *q = &f->s->sql;
    sql_start(q, f->s->layout, &f->in->env);
    sql_z(q, "SELECT ");
    sql_column(q, 0, &f->in->entity->fields[COL_ID]);
    plan_verdict(q, f->in, w, false);
    plan_sort_values(q, f->in);
    add_way(q, f->in, NULL, w);
    plan_after(q, f->in, f->part);
    plan_order(q, f->in);
}

/* ---- walking --------------------------------------------------------------------------------- */

static bool may_stop(const search *f)
{
    return f->out->place || f->is_gathered;
}

static bool is_slow_enough(const search *f)
{
    return f->s->part_rows && f->judged >= f->s->part_rows && may_stop(f);
}

/* False: it has had enough. */
static bool take(void *arg, sqlite3_stmt *stmt)
{
    search *f = arg;
    int64_t id = sqlite3_column_int64(stmt, 0);
    bool is_granted = sqlite3_column_type(stmt, 1) != SQLITE_NULL;
    f->judged++;
    if (is_granted || query_is_by_id_alone(f->in)) {
        f->out->place = id;
        f->s->limit.count_end = f->end; /* before there was a place it could not stop */
    }
    if (is_granted && sqlite3_column_int(stmt, 1)) {
        f->out->ids[f->out->count++] = id;
    }
    f->out->is_stopped = is_slow_enough(f);
    return f->out->count < f->limit && !f->out->is_stopped;
}

static crm_status walk_some(search *f, page_part part)
{
    lane_rows rows = {plan_judged, take, f};
    f->part = part;
    crm_status st = merge_rows(f->s, f->in, f->way, &rows);
    if (st == CRM_TIMEOUT && may_stop(f) && !session_is_stopped(f->s)) {
        f->out->is_stopped = true;
        st = CRM_OK;
    }
    return st;
}

crm_status part_find(sqlite_session *s, const engine_op *op, plan *p, uint32_t limit, stretch *out)
{
    const query *in = op->query;
    search f = {.s = s, .in = in, .way = p, .out = out, .limit = limit};
    f.end = clock_mono() + op->stop_after_us * 1000;
    f.is_gathered = gather_may(op);
    bool in_parts = plan_comes_in_parts(in);
    *out = (stretch){.ids = ARENA_ARRAY(s->arena, int64_t, limit)};
    if (!out->ids) {
        return CRM_NOMEM;
    }
    s->limit.count_end = f.is_gathered ? f.end : 0;
    crm_status st = walk_some(&f, in_parts ? PAGE_VALUES : PAGE_WHOLE);
    if (st == CRM_OK && in_parts && out->count < limit && !out->is_stopped) {
        st = walk_some(&f, PAGE_NULLS);
    }
    s->limit.count_end = 0;
    return st;
}

/* ---- how far ---------------------------------------------------------------------------------
 *
 * Only rows that the asker may read count. He chooses the bounds of the way and has rows of his own
 * on it: of a share in all rows he could work out how many of those hidden from him lie between two
 * of his. Where he sees all, the index alone is counted; else each row is judged, which may take as
 * long as the search itself, so it is given up in time.
 */

static void plan_reckoning(const search *f, walk *w, const char *what, const page_part *after)
{
    sql *q = &f->s->sql;
    sql_start(q, f->s->layout, &f->in->env);
    sql_z(q, "SELECT ");
    sql_z(q, what);
    sql_z(q, "(");
    sql_column(q, 0, &f->in->entity->fields[COL_ID]);
    sql_z(q, ")");
    add_way(q, f->in, f->in->rights, w);
    if (after) {
        plan_after(q, f->in, *after);
    }
}

static crm_status reckon_walk(const search *f, walk *w, sqlite3_stmt *stmt, int64_t *out)
{
    crm_status st = CRM_OK;
    for (uint32_t i = 0; st == CRM_OK && i < w->ranges; i++) {
        st = plan_bind(f->s, stmt, w, i);
        int rc = st == CRM_OK ? sqlite3_step(stmt) : SQLITE_ROW;
        *out += st == CRM_OK && rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
        st = rc == SQLITE_ROW ? st : status_of(f->s->db, rc, "reckon");
        sqlite3_reset(stmt);
    }
    return st;
}

/* Of all ranges together; a row of two branches lies on the way twice. */
static crm_status reckon(const search *f, const char *what, const page_part *after, int64_t *out)
{
    crm_status st = CRM_OK;
    *out = 0;
    for (uint32_t i = 0; st == CRM_OK && i < f->way->count; i++) {
        walk *w = &f->way->at[i];
        plan_reckoning(f, w, what, after);
        sqlite3_stmt *stmt = statement_get(f->s, &st);
        st = stmt ? reckon_walk(f, w, stmt, out) : st;
    }
    return st;
}

/* Ids are given one after the other, and few are gone. The place itself may be a hidden row's. */
static crm_status reckon_ids(const search *f, int64_t *behind, int64_t *all)
{
    int64_t first = 0, last = 0, id = f->in->after.id;
    crm_status st = reckon(f, "min", NULL, &first);
    st = st ? st : reckon(f, "max", NULL, &last);
    bool descends = f->in->sort_count && f->in->sorts[0].descending;
    *behind = descends ? last - id : id - first;
    *all = last - first + 1;
    return st;
}

static crm_status reckon_rows(const search *f, int64_t *behind, int64_t *all)
{
    int64_t ahead = 0, empty = 0;
    page_part values = plan_comes_in_parts(f->in) ? PAGE_VALUES : PAGE_WHOLE, nulls = PAGE_NULLS;
    crm_status st = reckon(f, "count", NULL, all);
    st = st ? st : reckon(f, "count", &values, &ahead);
    if (!st && values == PAGE_VALUES) {
        st = reckon(f, "count", &nulls, &empty);
    }
    *behind = *all - ahead - empty;
    return st;
}

crm_status part_percent(sqlite_session *s, const query *in, plan *p, int *out)
{
    int64_t behind = 0, all = 0;
    bool by_ids = plan_is_by_id(in) && is_whole(p);
    search f = {.s = s, .in = in, .way = p};
    s->limit.count_end = clock_mono() + s->reckon_us * 1000;
    crm_status st = by_ids ? reckon_ids(&f, &behind, &all) : reckon_rows(&f, &behind, &all);
    s->limit.count_end = 0;
    int64_t percent = all > 0 ? behind * 100 / all : 0;
    *out = percent < 0 ? 0 : percent > 99 ? 99 : (int)percent;
    return st;
}
