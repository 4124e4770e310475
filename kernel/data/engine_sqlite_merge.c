/*
 * engine_sqlite_merge.c - running several ranges: the first rows of all, and counts without
 * doubles.
 *
 * One statement serves all ranges of a walk, with other values bound. The best rows so far are kept
 * in order; a range of an ordered walk is left at its first row that is not among them. So a page
 * out of twenty busy owners reads some two hundred index entries, however many rows they have.
 */
#include "data/engine_sqlite_plan.h"

/* ---- ranges ---------------------------------------------------------------------------------- */

static crm_status read_range(sqlite_session *s, firsts *f, sqlite3_stmt *stmt, const walk *w)
{
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        value at[SORTS_MAX];
        point p = point_read(f->in, stmt, 1, at);
        if (!firsts_add(f, &p) && w->is_ordered) {
            break;
        }
    }
    crm_status st = rc == SQLITE_ROW || rc == SQLITE_DONE ? CRM_OK : status_of(s->db, rc, "merge");
    sqlite3_reset(stmt);
    return st;
}

static crm_status read_walk(sqlite_session *s, firsts *f, walk *w, page_part part)
{
    crm_status st;
    plan_keys(s, f->in, w, part);
    sqlite3_stmt *stmt = statement_get(s, &st);
    for (uint32_t i = 0; st == CRM_OK && i < w->ranges; i++) {
        st = plan_bind(s, stmt, w, i);
        st = st == CRM_OK ? read_range(s, f, stmt, w) : st;
    }
    return st;
}

static crm_status read_part(sqlite_session *s, firsts *f, plan *p, page_part part)
{
    crm_status st = CRM_OK;
    for (uint32_t i = 0; st == CRM_OK && i < p->count; i++) {
        st = read_walk(s, f, &p->at[i], part);
    }
    return st;
}

crm_status merge_list(sqlite_session *s, const query *in, plan *p, uint32_t limit, int64_t **ids,
                      uint32_t *count)
{
    firsts f;
    if (!firsts_init(&f, in, s->arena, limit)) {
        return CRM_NOMEM;
    }
    bool in_parts = plan_comes_in_parts(in);
    crm_status st = read_part(s, &f, p, in_parts ? PAGE_VALUES : PAGE_WHOLE);
    if (st == CRM_OK && in_parts && f.count < limit) {
        st = read_part(s, &f, p, PAGE_NULLS);
    }
    *ids = firsts_ids(&f);
    *count = f.count;
    return arena_failed(s->arena) ? CRM_NOMEM : st;
}

/* ---- ranges side by side --------------------------------------------------------------------- */

/* A range whose statement stands on its next row. */
typedef struct lane {
    point at;
    value keys[SORTS_MAX];
    sqlite3_stmt *stmt;
} lane;

typedef struct lanes {
    const query *in;
    lane all[COPIES_MAX];
    lane *order[COPIES_MAX]; /* those that stand on a row, by it */
    uint32_t count, open;
    int first_key; /* the column of the first sort value */
} lanes;

bool merge_goes_abreast(const plan *p)
{
    uint32_t ranges = 0;
    bool is_ordered = p->count > 0;
    for (uint32_t i = 0; i < p->count; i++) {
        ranges += p->at[i].ranges;
        is_ordered = is_ordered && p->at[i].is_ordered;
    }
    return is_ordered && ranges <= COPIES_MAX;
}

bool merge_is_narrow(const query *in, const plan *p)
{
    return !plan_comes_in_parts(in) && merge_goes_abreast(p);
}

static void insert_lane(lanes *l, lane *x)
{
    uint32_t low = 0, high = l->open++;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        bool is_before = point_compare(l->in, &x->at, &l->order[middle]->at) < 0;
        low = is_before ? low : middle + 1;
        high = is_before ? middle : high;
    }
    memmove(l->order + low + 1, l->order + low, (l->open - 1 - low) * sizeof *l->order);
    l->order[low] = x;
}

/* To its next row and where that belongs among the others; at the end of the range nowhere. */
static crm_status advance_lane(sqlite_session *s, lanes *l, lane *x)
{
    int rc = sqlite3_step(x->stmt);
    if (rc != SQLITE_ROW) {
        return rc == SQLITE_DONE ? CRM_OK : status_of(s->db, rc, "merge");
    }
    x->at = point_read(l->in, x->stmt, l->first_key, x->keys);
    insert_lane(l, x);
    return CRM_OK;
}

static crm_status open_lanes(sqlite_session *s, lanes *l, walk *w, const lane_rows *rows)
{
    crm_status st = CRM_OK;
    rows->write(rows->arg, w);
    for (uint32_t i = 0; st == CRM_OK && i < w->ranges; i++) {
        lane *x = &l->all[l->count];
        x->stmt = statement_copy(s, l->count, &st);
        l->count += x->stmt != NULL;
        st = st == CRM_OK ? plan_bind(s, x->stmt, w, i) : st;
        if (st == CRM_OK) {
            l->first_key = sqlite3_column_count(x->stmt) - (int)l->in->sort_count;
            st = advance_lane(s, l, x);
        }
    }
    return st;
}

static crm_status give_rows(sqlite_session *s, lanes *l, const lane_rows *rows)
{
    crm_status st = CRM_OK;
    for (int64_t last = 0; st == CRM_OK && l->open;) {
        lane *first = l->order[0];
        bool is_new = first->at.id != last; /* else a row of two branches, which comes twice */
        last = first->at.id;
        if (is_new && !rows->take(rows->arg, first->stmt)) {
            break;
        }
        memmove(l->order, l->order + 1, --l->open * sizeof *l->order);
        st = advance_lane(s, l, first);
    }
    return st;
}

crm_status merge_rows(sqlite_session *s, const query *in, plan *p, const lane_rows *rows)
{
    lanes l;
    crm_status st = CRM_OK;
    l.in = in;
    l.count = l.open = 0;
    statements_reserve(s, COPIES_MAX + BRANCHES_MAX);
    for (uint32_t i = 0; st == CRM_OK && i < p->count; i++) {
        st = open_lanes(s, &l, &p->at[i], rows);
    }
    st = st == CRM_OK ? give_rows(s, &l, rows) : st;
    for (uint32_t i = 0; i < l.count; i++) {
        sqlite3_reset(l.all[i].stmt);
    }
    return st;
}

/* ---- counts ---------------------------------------------------------------------------------- */

/* Ids that were counted: open addressing, at most half full. */
typedef struct id_set {
    int64_t *slots; /* NULL: no row comes twice */
    uint32_t mask;
} id_set;

static bool set_make(id_set *set, arena *a, int64_t limit)
{
    uint32_t size = 16;
    while (size < limit * 2) {
        size *= 2;
    }
    set->slots = ARENA_ARRAY(a, int64_t, size);
    set->mask = size - 1;
    return set->slots != NULL;
}

static bool set_add(id_set *set, int64_t id)
{
    if (!set->slots) {
        return true;
    }
    uint32_t at = (uint32_t)((uint64_t)id * 0x9E3779B97F4A7C15u >> 32);
    while (set->slots[at & set->mask] && set->slots[at & set->mask] != id) {
        at++;
    }
    bool is_new = !set->slots[at & set->mask];
    set->slots[at & set->mask] = id;
    return is_new;
}

static crm_status count_range(sqlite_session *s, sqlite3_stmt *stmt, id_set *seen, int64_t limit,
                              int64_t *count)
{
    int rc = SQLITE_ROW;
    while (*count < limit && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        *count += set_add(seen, sqlite3_column_int64(stmt, 0));
    }
    crm_status st = rc == SQLITE_ROW || rc == SQLITE_DONE ? CRM_OK : status_of(s->db, rc, "count");
    sqlite3_reset(stmt);
    return st;
}

static crm_status count_walk(sqlite_session *s, const query *in, walk *w, id_set *seen,
                             int64_t limit, int64_t *count)
{
    crm_status st;
    plan_ids(s, in, w);
    sqlite3_stmt *stmt = statement_get(s, &st);
    for (uint32_t i = 0; st == CRM_OK && i < w->ranges && *count < limit; i++) {
        st = plan_bind(s, stmt, w, i);
        st = st == CRM_OK ? count_range(s, stmt, seen, limit, count) : st;
    }
    return st;
}

crm_status merge_count(sqlite_session *s, const query *in, plan *p, int64_t limit, int64_t *count)
{
    id_set seen = {.slots = NULL};
    crm_status st = CRM_OK;
    *count = 0;
    if (p->is_merged && !set_make(&seen, s->arena, limit)) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; st == CRM_OK && i < p->count && *count < limit; i++) {
        st = count_walk(s, in, &p->at[i], &seen, limit, count);
    }
    return st;
}
