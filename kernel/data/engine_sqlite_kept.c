/*
 * engine_sqlite_kept.c - a page of which the caller kept some rows.
 *
 * Its rows' ids come first, from the index alone where that has all the question needs; then only
 * those rows are read that the caller does not have.
 */
#include "data/engine_sqlite_reader.h"

/* A page's rows: first those that are kept are known, then which are left to be read. */
typedef struct kept_page {
    int64_t *ids, *wanted; /* in order; those to be read */
    bool *is_kept;         /* by place in `ids` */
    uint32_t count, wanted_count;
} kept_page;

static crm_status read_ids(sqlite_session *s, kept_page *p, uint32_t limit)
{
    crm_status st;
    int rc = SQLITE_DONE;
    sqlite3_stmt *stmt = statement_get(s, &st);
    p->ids = ARENA_ARRAY(s->arena, int64_t, limit);
    if (!stmt || !p->ids) {
        return st ? st : CRM_NOMEM;
    }
    while (p->count < limit && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        p->ids[p->count++] = sqlite3_column_int64(stmt, 0);
    }
    st = rc == SQLITE_ROW || rc == SQLITE_DONE ? CRM_OK : status_of(s->db, rc, "page");
    sqlite3_reset(stmt);
    return st;
}

static crm_status find_ids(sqlite_session *s, const query *in, plan *at, uint32_t limit,
                           kept_page *out)
{
    if (at->is_merged) {
        return merge_list(s, in, at, limit, &out->ids, &out->count);
    }
    plan_page_ids(s, in, &at->at[0], limit);
    return read_ids(s, out, limit);
}

static crm_status ask(sqlite_session *s, engine_op *op, kept_page *p)
{
    p->is_kept = ARENA_ARRAY(s->arena, bool, p->count);
    p->wanted = ARENA_ARRAY(s->arena, int64_t, p->count);
    if (p->count && (!p->is_kept || !p->wanted)) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        p->is_kept[i] = op->is_kept(op->arg, p->ids[i]);
        if (!p->is_kept[i]) {
            p->wanted[p->wanted_count++] = p->ids[i];
        }
    }
    return CRM_OK;
}

/* The statement gives the wanted rows in their order, so the next one is the next of them. */
static bool give_next(reader *r, engine_op *op)
{
    int rc = sqlite3_step(r->stmt);
    if (rc != SQLITE_ROW) {
        op->status = rc == SQLITE_DONE ? CRM_INTERNAL : status_of(r->s->db, rc, "page");
        return false;
    }
    uint32_t bits = reader_take(r);
    return !op->on_row || op->on_row(op->arg, r->s->row, bits);
}

static void give(reader *r, engine_op *op, const kept_page *p)
{
    bool wants_more = true;
    for (uint32_t i = 0; wants_more && i < p->count; i++) {
        wants_more = p->is_kept[i] ? op->on_kept(op->arg, p->ids[i]) : give_next(r, op);
        op->count++;
    }
    if (r->stmt) {
        sqlite3_reset(r->stmt);
    }
}

void query_list_kept(reader *r, engine_op *op, plan *at, uint32_t limit)
{
    kept_page p = {.ids = NULL};
    op->status = find_ids(r->s, r->query, at, limit, &p);
    op->status = op->status ? op->status : ask(r->s, op, &p);
    if (op->status) {
        return;
    }
    bool is_ready =
        !p.wanted_count || (p.wanted_count == 1 ? reader_by_id(r, op, r->query->entity, p.wanted[0])
                                                : reader_by_ids(r, op, p.wanted, p.wanted_count));
    if (is_ready) {
        give(r, op, &p);
    }
}
