/*
 * engine_sqlite_gather.c - a list that has no place in its order to go on from (gathering.h).
 *
 * All rows are passed by their ids, each judged, and the first in the order of the list are kept
 * with what they are sorted by. Every part begins by reading those again that the part before has
 * kept: what was written meanwhile may have moved or hidden them.
 */
#include "data/address.h"
#include "data/engine_sqlite_reader.h"

#define PERCENT_MOST 99

typedef struct gather {
    sqlite_session *s;
    const query *in;
    firsts best;
    list_gathering at; /* how far it is */
    int64_t end;       /* of this part; 0: it goes on */
    int64_t judged;
    bool is_stopped; /* it has not passed all */
} gather;

bool gather_may(const engine_op *op)
{
    const query *in = op->query;
    bool is_plain = !in->terms.n && !in->only_deleted && !in->with_deleted;
    return op->stop_after_us && op->on_gathered && is_plain && !query_is_by_id_alone(in) &&
           in->limit <= LIST_MAX + 1;
}

/* ---- the statements -------------------------------------------------------------------------- */

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
    sql_z(q, " FROM ");
    sql_name(q, 'e', in->entity->id);
    sql_z(q, " t0 NOT INDEXED WHERE ");
    plan_bin(q, in);
    sql_z(q, " AND ");
    sql_column(q, 0, &in->entity->fields[COL_ID]);
    sql_z(q, is_one ? "=" : ">");
    int at = (int)q->count + 1;
    sql_int(q, g->at.passed);
    if (!is_one) {
        sql_z(q, " ORDER BY ");
        sql_column(q, 0, &in->entity->fields[COL_ID]);
    }
    return at;
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
    keep_row(g, stmt);
    g->judged++;
    g->s->limit.count_end = g->end;
    g->is_stopped = g->end && g->s->part_rows && g->judged >= g->s->part_rows;
}

static crm_status pass(gather *g)
{
    crm_status st;
    int rc = SQLITE_ROW;
    (void)write_rows(g, false);
    sqlite3_stmt *stmt = statement_get(g->s, &st);
    while (stmt && !g->is_stopped && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
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

/* By the numbers of all rows: they are given one after the other, so that says nothing of any. */
static int percent_of(const gather *g)
{
    int64_t last = 0;
    int from = g->at.percent, rest = PERCENT_MOST - from;
    crm_status st = plan_last_id(g->s, g->in, &last);
    return st == CRM_OK && last >= g->at.passed && last > 0
               ? from + (int)(rest * g->at.passed / last)
               : from;
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

static void tell(gather *g, reader *r, engine_op *op)
{
    g->at.ids = firsts_ids(&g->best);
    g->at.count = g->best.count;
    if (!g->at.ids || !set_bound(g, r, op)) {
        op->status = op->status ? op->status : CRM_NOMEM;
        return;
    }
    op->is_partial = true;
    op->on_gathered(op->arg, &g->at, percent_of(g));
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
        g->at.is_over = op->is_partial = true;
        op->on_gathered(op->arg, &g->at, percent_of(g));
    }
}

void query_gather(reader *r, engine_op *op, uint32_t limit)
{
    gather g = {.s = r->s, .in = r->query, .at = *r->query->gathered};
    g.end = op->stop_after_us && op->on_gathered ? clock_mono() + op->stop_after_us * 1000 : 0;
    op->status = firsts_init(&g.best, g.in, g.s->arena, limit) ? take_back(&g) : CRM_NOMEM;
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
    if (r->query->after.is_set && part_percent(r->s, r->query, p, &percent) != CRM_OK) {
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
