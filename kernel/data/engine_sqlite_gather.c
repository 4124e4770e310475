/*
 * engine_sqlite_gather.c - a list that has no place in its order to go on from (gathering.h).
 *
 * All rows are passed by their ids, each judged, and the first in the order of the list are kept
 * with what they are sorted by; of a search those that full text gives, which come by their ids as
 * well. Every part begins by reading those again that the part before has kept: what was written
 * meanwhile may have moved or hidden them. A list in the order of ids itself gives what it finds
 * that way, and is over with its page.
 */
#include "data/address.h"
#include "data/engine_sqlite_reader.h"

#define PERCENT_MOST 99

typedef struct gather {
    sqlite_session *s;
    const query *in; /* with the beginnings of words spelled out */
    firsts best;
    list_gathering at; /* how far it is */
    int64_t end;       /* of this part; 0: it goes on */
    int64_t judged;
    int64_t granted; /* the last id that is the asker's to know; 0: none in this part */
    bool is_stopped; /* it has not passed all */
} gather;

/* By their ids alone rows meet a place at once, but not those that words lead to: the id would tell
 * that they stand in it, as that of a row in the bin that it lies there. */
bool gather_may(const engine_op *op)
{
    const query *in = op->query;
    bool is_narrow = in->terms.n || in->only_deleted || in->with_deleted;
    return op->stop_after_us && op->on_gathered && (is_narrow || !query_is_by_id_alone(in)) &&
           in->limit <= LIST_MAX + 1;
}

/* ---- the way --------------------------------------------------------------------------------- */

static bool goes_down(const gather *g)
{
    return query_is_by_id_alone(g->in) && g->in->sort_count && g->in->sorts[0].descending;
}

static int64_t begins_at(const gather *g)
{
    if (g->at.passed) {
        return g->at.passed;
    }
    if (query_is_by_id_alone(g->in) && g->in->after.is_set) {
        return g->in->after.id;
    }
    return goes_down(g) ? INT64_MAX : 0;
}

/* What is kept cannot be less any more. */
static bool is_full(const gather *g)
{
    return query_is_by_id_alone(g->in) && g->best.count == g->best.limit;
}

/* ---- the statements -------------------------------------------------------------------------- */

static void add_way(sql *q, const query *in, const char *beyond, int64_t number)
{
    const field *id = &in->entity->fields[COL_ID];
    if (plan_is_search(in)) {
        match_way(q, in, beyond, number);
        return;
    }
    sql_z(q, " FROM ");
    sql_name(q, 'e', in->entity->id);
    sql_z(q, " t0 NOT INDEXED WHERE ");
    sql_column(q, 0, id);
    sql_z(q, beyond);
    sql_int(q, number);
    sql_z(q, " ORDER BY ");
    sql_column(q, 0, id);
    sql_z(q, beyond[0] == '<' ? " DESC" : "");
}

/* Of each row, or of one: its id, whether it is of the list and behind the cursor, what it is
 * sorted by. Where the id is bound. */
static int write_rows(const gather *g, bool is_one)
{
    sql *q = &g->s->sql;
    const query *in = g->in;
    sql_start(q, g->s->layout, &in->env);
    sql_z(q, "SELECT ");
    sql_column(q, 0, &in->entity->fields[COL_ID]);
    plan_verdict(q, in, &(walk){.by = WALK_IDS}, true);
    plan_sort_values(q, in);
    add_way(q, in, is_one ? "=" : goes_down(g) ? "<" : ">", begins_at(g));
    return (int)q->count;
}

static void keep_row(gather *g, sqlite3_stmt *row)
{
    if (row && sqlite3_column_int(row, 1)) {
        value keys[SORTS_MAX];
        point p = point_read(g->in, row, 2, keys);
        firsts_add(&g->best, &p);
    }
}

/* ---- rows that were kept ----------------------------------------------------------------------
 */

/* What has moved behind the bound, is gone, or no row of the list any more, is left out. */
static crm_status take_back(gather *g)
{
    crm_status st = CRM_OK;
    int at = write_rows(g, true);
    sqlite3_stmt *stmt = g->at.count ? statement_get(g->s, &st) : NULL;
    for (uint32_t i = 0; st == CRM_OK && i < g->at.count; i++) {
        int rc = sqlite3_bind_int64(stmt, at, g->at.ids[i]);
        rc = rc == SQLITE_OK ? sqlite3_step(stmt) : rc;
        keep_row(g, rc == SQLITE_ROW ? stmt : NULL);
        st = rc == SQLITE_ROW || rc == SQLITE_DONE ? CRM_OK : status_of(g->s->db, rc, "gather");
        sqlite3_reset(stmt);
    }
    return st;
}

/* ---- passing --------------------------------------------------------------------------------- */

/* It does not stop before it has come further. */
static void take(gather *g, sqlite3_stmt *stmt)
{
    g->at.passed = sqlite3_column_int64(stmt, 0);
    if (sqlite3_column_type(stmt, 1) != SQLITE_NULL) {
        g->granted = g->at.passed;
    }
    keep_row(g, stmt);
    g->judged++;
    g->s->limit.count_end = g->end;
    g->is_stopped = g->end && g->s->part_rows && g->judged >= g->s->part_rows && !is_full(g);
}

static crm_status pass(gather *g)
{
    crm_status st;
    int rc = SQLITE_ROW;
    (void)write_rows(g, false);
    sqlite3_stmt *stmt = statement_get(g->s, &st);
    while (stmt && !g->is_stopped && !is_full(g) && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        take(g, stmt);
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        st = status_of(g->s->db, rc, "gather");
    }
    sqlite3_reset(stmt);
    g->s->limit.count_end = 0;
    if (st == CRM_TIMEOUT && g->end && g->judged && !session_is_stopped(g->s)) {
        g->is_stopped = true;
        st = CRM_OK;
    }
    return arena_failed(g->s->arena) ? CRM_NOMEM : st;
}

/* ---- telling --------------------------------------------------------------------------------- */

/*
 * By the numbers of all rows: they are given one after the other, so that says nothing of any. Of
 * the rows that words lead to a number counts only once the asker may read it, and what was told
 * stays told.
 */
static int percent_of(gather *g)
{
    bool is_search = plan_is_search(g->in);
    int64_t last = 0, at = is_search ? g->granted : g->at.passed;
    int from = g->at.percent, rest = PERCENT_MOST - (is_search ? 0 : from);
    crm_status st = at ? plan_last_id(g->s, g->in, &last) : CRM_NOT_FOUND;
    if (st != CRM_OK || last < at) {
        return from;
    }
    int share = (int)(rest * (goes_down(g) ? last - at : at) / last);
    if (!is_search) {
        return from + share;
    }
    g->at.percent = (uint8_t)(share > from ? share : from);
    return g->at.percent;
}

/* What there was no room for comes after the last that is kept; what a part before left out, after
 * its bound. */
static bool set_bound(gather *g, reader *r, engine_op *op)
{
    const query *in = g->in;
    cursor *to = &g->at.bound;
    if (!g->best.leaves_out || !reader_place(r, op, g->best.at[g->best.count - 1].id, to)) {
        return op->status == CRM_OK;
    }
    for (uint32_t i = 0; i < in->sort_count; i++) {
        to->at[i] = address_value(g->s->arena, in->sorts[i].field, r->s->row);
    }
    return !arena_failed(g->s->arena);
}

/* By ids alone nothing can come before what was found: it need not be kept. False: enough of it. */
static bool give_found(gather *g, reader *r, engine_op *op)
{
    uint32_t count = g->best.count;
    int64_t *ids = firsts_ids(&g->best);
    g->best.count = 0;
    return ids && (!count || reader_list_ids(r, op, ids, count));
}

static void tell(gather *g, reader *r, engine_op *op)
{
    if (query_is_by_id_alone(g->in) && !give_found(g, r, op)) {
        op->status = arena_failed(g->s->arena) ? CRM_NOMEM : op->status;
        return;
    }
    g->at.ids = firsts_ids(&g->best);
    g->at.count = g->best.count;
    if (!g->at.ids || !set_bound(g, r, op)) {
        op->status = op->status ? op->status : CRM_NOMEM;
        return;
    }
    int percent = percent_of(g);
    op->is_partial = true;
    op->on_gathered(op->arg, &g->at, percent);
}

/* Where too many of those that were kept are gone, the page ends at its bound all the same. */
static void give(gather *g, reader *r, engine_op *op, uint32_t limit)
{
    int64_t *ids = firsts_ids(&g->best);
    uint32_t count = g->best.count;
    if (!ids) {
        op->status = CRM_NOMEM;
        return;
    }
    bool goes_on = !count || reader_list_ids(r, op, ids, count);
    if (goes_on && count < limit && g->at.bound.is_set && op->on_gathered) {
        int percent = percent_of(g);
        g->at.is_over = op->is_partial = true;
        op->on_gathered(op->arg, &g->at, percent);
    }
}

void query_gather(reader *r, engine_op *op, uint32_t limit)
{
    query spelled = *r->query;
    gather g = {.s = r->s, .in = &spelled, .at = *r->query->gathered};
    g.end = op->stop_after_us && op->on_gathered ? clock_mono() + op->stop_after_us * 1000 : 0;
    op->status = plan_is_search(r->query) ? prefix_spell(r->s, r->query, &spelled) : CRM_OK;
    if (op->status == CRM_OK) {
        op->status = firsts_init(&g.best, g.in, g.s->arena, limit) ? take_back(&g) : CRM_NOMEM;
    }
    op->status = op->status ? op->status : pass(&g);
    if (op->status == CRM_OK && g.is_stopped) {
        tell(&g, r, op);
    } else if (op->status == CRM_OK) {
        give(&g, r, op, limit);
    }
}

void query_gather_begin(reader *r, engine_op *op, plan *p)
{
    int percent = 0;
    bool has_more_behind = r->query->after.is_set && !query_is_by_id_alone(r->query);
    if (has_more_behind && part_percent(r->s, r->query, p, &percent) != CRM_OK) {
        percent = 0; /* too many to count */
    }
    if (session_is_stopped(r->s)) {
        op->status = CRM_TIMEOUT;
        return;
    }
    list_gathering none = {.percent = (uint8_t)percent};
    op->is_partial = true;
    op->on_gathered(op->arg, &none, percent);
}
