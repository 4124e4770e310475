/*
 * engine_sqlite_merge.c - running several ranges: the first rows of all, and counts without
 * doubles.
 *
 * One statement serves all ranges of a walk, with other values bound. The best rows so far are kept
 * in order; a range of an ordered walk is left at its first row that is not among them. So a page
 * out of twenty busy owners reads some two hundred index entries, however many rows they have.
 */
#include "data/engine_sqlite_plan.h"

/* ---- the first rows -------------------------------------------------------------------------- */

typedef struct point {
    int64_t id;
    value *at; /* by sort, as it compares: a folded text is its key */
} point;

typedef struct firsts {
    const query *in;
    arena *arena;
    point *at; /* in order */
    uint32_t count, limit;
} firsts;

static int compare_values(value x, value y)
{
    if (x.kind != y.kind) {
        return x.kind < y.kind ? -1 : 1; /* NULL is least; else they are of one kind */
    }
    return x.kind == VALUE_TEXT ? str_cmp(x.s, y.s) : (x.i > y.i) - (x.i < y.i);
}

static int compare_points(const query *in, const point *x, const point *y)
{
    bool descends = false;
    for (uint32_t i = 0; i < in->sort_count; i++) {
        int order = compare_values(x->at[i], y->at[i]);
        descends = in->sorts[i].descending;
        if (order) {
            return descends ? -order : order;
        }
    }
    int order = (x->id > y->id) - (x->id < y->id);
    return descends ? -order : order;
}

/* Where `p` stands or would stand. */
static uint32_t place_of(const firsts *f, const point *p, bool *is_there)
{
    uint32_t low = 0, high = f->count;
    *is_there = false;
    while (low < high && !*is_there) {
        uint32_t middle = (low + high) / 2;
        int order = compare_points(f->in, p, &f->at[middle]);
        *is_there = order == 0;
        low = order > 0 ? middle + 1 : low;
        high = order > 0 ? high : middle;
    }
    return high;
}

static bool copy_point(const firsts *f, const point *p, point *out)
{
    value *at = ARENA_ARRAY(f->arena, value, SORTS_MAX);
    for (uint32_t i = 0; at && i < f->in->sort_count; i++) {
        at[i] = value_dup(f->arena, p->at[i]);
    }
    *out = (point){.id = p->id, .at = at};
    return at != NULL;
}

/* False when it comes after all that there is room for, or when memory is out. */
static bool add_point(firsts *f, const point *p)
{
    bool is_there;
    point kept;
    uint32_t at = place_of(f, p, &is_there);
    if (is_there) {
        return true; /* a row of two branches */
    }
    if (at == f->limit || !copy_point(f, p, &kept)) {
        return false;
    }
    f->count -= f->count == f->limit;
    memmove(&f->at[at + 1], &f->at[at], (f->count - at) * sizeof *p);
    f->at[at] = kept;
    f->count++;
    return true;
}

/* ---- ranges ---------------------------------------------------------------------------------- */

static value key_at(sqlite3_stmt *stmt, int column)
{
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        return value_int(sqlite3_column_int64(stmt, column));
    case SQLITE_NULL:
        return value_null();
    default: {
        const char *p = sqlite3_column_blob(stmt, column);
        return value_text((crm_str){p, (size_t)sqlite3_column_bytes(stmt, column)});
    }
    }
}

static crm_status read_range(sqlite_session *s, firsts *f, sqlite3_stmt *stmt, const walk *w)
{
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        value at[SORTS_MAX];
        point p = {.id = sqlite3_column_int64(stmt, 0), .at = at};
        for (uint32_t i = 0; i < f->in->sort_count; i++) {
            p.at[i] = key_at(stmt, (int)i + 1);
        }
        if (!add_point(f, &p) && w->is_ordered) {
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
    firsts f = {.in = in, .arena = s->arena, .limit = limit};
    f.at = ARENA_ARRAY(s->arena, point, limit + 1);
    *ids = ARENA_ARRAY(s->arena, int64_t, limit);
    if (!f.at || !*ids) {
        return CRM_NOMEM;
    }
    bool in_parts = plan_comes_in_parts(in);
    crm_status st = read_part(s, &f, p, in_parts ? PAGE_VALUES : PAGE_WHOLE);
    if (st == CRM_OK && in_parts && f.count < limit) {
        st = read_part(s, &f, p, PAGE_NULLS);
    }
    for (*count = 0; *count < f.count; ++*count) {
        (*ids)[*count] = f.at[*count].id;
    }
    return arena_failed(s->arena) ? CRM_NOMEM : st;
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
