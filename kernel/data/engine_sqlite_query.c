/*
 * engine_sqlite_query.c - GET, LIST and COUNT: which statements they are, and running them.
 */
#include "data/engine_sqlite_reader.h"

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
    reader_keep_judgements(r, r->query->entity);
    return reader_give(r, op) && op->status == CRM_OK;
}

static void list_one(reader *r, engine_op *op, walk *w, uint32_t limit)
{
    if (!plan_comes_in_parts(r->query)) {
        (void)!list_part(r, op, w, PAGE_WHOLE, limit);
    } else if (list_part(r, op, w, PAGE_VALUES, limit) && op->count < limit) {
        (void)!list_part(r, op, w, PAGE_NULLS, limit - (uint32_t)op->count);
    }
}

static void list_merged(reader *r, engine_op *op, plan *p, uint32_t limit)
{
    int64_t *ids;
    uint32_t count;
    op->status = merge_list(r->s, r->query, p, limit, &ids, &count);
    if (op->status == CRM_OK && count) {
        (void)!reader_list_ids(r, op, ids, count);
    }
}

static void tell_place(reader *r, engine_op *op, plan *p, int64_t id)
{
    int percent;
    query rest = *r->query;
    if (!reader_place(r, op, id, &rest.after)) {
        return;
    }
    op->status = part_percent(r->s, &rest, p, &percent);
    if (op->status == CRM_TIMEOUT && !session_is_stopped(r->s)) {
        percent = 0; /* too many to count: what was found is told all the same */
        op->status = CRM_OK;
    }
    if (op->status == CRM_OK) {
        op->is_partial = true;
        op->on_place(op->arg, r->s->row, percent);
    }
}

static void list_in_part(reader *r, engine_op *op, plan *p, uint32_t limit)
{
    stretch found;
    op->status = part_find(r->s, op, p, limit, &found);
    bool goes_on =
        op->status == CRM_OK && (!found.count || reader_list_ids(r, op, found.ids, found.count));
    if (goes_on && found.is_stopped && found.place) {
        tell_place(r, op, p, found.place);
    } else if (goes_on && found.is_stopped) {
        query_gather_begin(r, op, p);
    }
}

typedef struct page {
    reader *r;
    engine_op *op;
    uint32_t limit;
    uint64_t selected[4];
} page;

static void write_lane(void *arg, walk *w)
{
    page *p = arg;
    plan_lane(p->r->s, p->r->query, w, p->selected);
}

static bool take_lane(void *arg, sqlite3_stmt *row)
{
    page *p = arg;
    p->r->stmt = row;
    uint32_t bits = reader_take(p->r);
    p->op->count++;
    bool wants_more = !p->op->on_row || p->op->on_row(p->op->arg, p->r->s->row, bits);
    return wants_more && p->op->count < p->limit;
}

static void list_abreast(reader *r, engine_op *op, plan *p, uint32_t limit)
{
    page to = {.r = r, .op = op, .limit = limit};
    lane_rows rows = {write_lane, take_lane, &to};
    engine_selected(r->query->entity, r->query, to.selected);
    reader_init(r, r->query->entity, to.selected);
    reader_keep_judgements(r, r->query->entity);
    op->status = merge_rows(r->s, r->query, p, &rows);
}

/* Full text finds rows with their words, and a page in two parts is two questions. */
static bool may_give_kept(const query *in, const plan *p)
{
    return p->count && !plan_is_search(in) && (p->is_merged || !plan_comes_in_parts(in));
}

static void list_whole(reader *r, engine_op *op, plan *p, uint32_t limit)
{
    if (p->is_merged && merge_is_narrow(r->query, p)) {
        list_abreast(r, op, p, limit);
    } else if (p->is_merged) {
        list_merged(r, op, p, limit);
    } else if (p->count) {
        list_one(r, op, &p->at[0], limit);
    }
}

/* Notes the last row that the op's sink got. */
typedef struct noted {
    engine_row_fn on_row;
    void *arg;
    int64_t last;
} noted;

static bool note_row(void *arg, const value *row, uint32_t bits)
{
    noted *n = arg;
    n->last = row[COL_ID].i;
    return !n->on_row || n->on_row(n->arg, row, bits);
}

/* What does not come in the order of the list has no place before all is known. If that takes too
 * long, what was given by then is its beginning; else it is gathered. */
static void list_tried(reader *r, engine_op *op, plan *p, uint32_t limit)
{
    sqlite_session *s = r->s;
    noted n = {op->on_row, op->arg, 0};
    op->on_row = note_row;
    op->arg = &n;
    op->status = s->part_rows ? CRM_TIMEOUT : CRM_OK;
    s->limit.count_end = clock_mono() + op->stop_after_us * 1000;
    if (op->status == CRM_OK) {
        list_whole(r, op, p, limit);
    }
    s->limit.count_end = 0;
    op->on_row = n.on_row;
    op->arg = n.arg;
    if (op->status != CRM_TIMEOUT || session_is_stopped(s)) {
        return;
    }
    op->status = CRM_OK;
    if (n.last) {
        tell_place(r, op, p, n.last);
    } else {
        query_gather_begin(r, op, p);
    }
}

static void list_planned(reader *r, engine_op *op, plan *p, uint32_t limit)
{
    if (op->stop_after_us && part_may_stop(r->s, r->query, p)) {
        list_in_part(r, op, p, limit);
    } else if (p->count && gather_may(op)) {
        list_tried(r, op, p, limit);
    } else if (op->is_kept && may_give_kept(r->query, p)) {
        query_list_kept(r, op, p, limit);
    } else {
        list_whole(r, op, p, limit);
    }
}

void query_list(sqlite_session *s, engine_op *op)
{
    const query *in = op->query;
    reader r = {.s = s, .query = in};
    uint32_t limit = in->limit ? in->limit : LIST_MAX;
    plan p;
    op->is_partial = false;
    if (in->gathered) {
        query_gather(&r, op, limit);
        return;
    }
    op->status = plan_make(s, in, ENGINE_LIST, &p);
    if (op->status == CRM_OK) {
        list_planned(&r, op, &p, limit);
    }
}

/* By id the branches are judged on the one row, so the statement does not depend on them. */
static void take_one(reader *r, engine_op *op)
{
    int rc = sqlite3_step(r->stmt);
    op->status = rc == SQLITE_DONE ? CRM_NOT_FOUND : CRM_OK;
    if (rc == SQLITE_ROW) {
        uint32_t bits = reader_take(r);
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
    if (reader_by_id(&r, op, op->entity, op->id)) {
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
