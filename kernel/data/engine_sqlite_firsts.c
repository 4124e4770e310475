/*
 * engine_sqlite_firsts.c - the first rows of a list out of rows that come in any order.
 *
 * They are kept in order, with what they are sorted by. A row that others push out leaves its
 * memory to the next, so however many come it takes as much as a page of the longest.
 */
#include "data/engine_sqlite_plan.h"

/* ---- one row --------------------------------------------------------------------------------- */

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

point point_read(const query *in, sqlite3_stmt *stmt, int first, value *keys)
{
    for (uint32_t i = 0; i < in->sort_count; i++) {
        keys[i] = key_at(stmt, first + (int)i);
    }
    return (point){.id = sqlite3_column_int64(stmt, 0), .at = keys};
}

static int compare_values(value x, value y)
{
    if (x.kind != y.kind) {
        return x.kind < y.kind ? -1 : 1; /* NULL is least; else they are of one kind */
    }
    return x.kind == VALUE_TEXT ? str_cmp(x.s, y.s) : (x.i > y.i) - (x.i < y.i);
}

int point_compare(const query *in, const point *x, const point *y)
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

/* ---- the first of many ----------------------------------------------------------------------- */

bool firsts_init(firsts *f, const query *in, arena *a, uint32_t limit)
{
    *f = (firsts){.in = in, .arena = a, .limit = limit};
    f->at = ARENA_ARRAY(a, point, limit + 1);
    return f->at != NULL;
}

/* Where `p` stands or would stand. */
static uint32_t place_of(const firsts *f, const point *p, bool *is_there)
{
    uint32_t low = 0, high = f->count;
    *is_there = false;
    while (low < high && !*is_there) {
        uint32_t middle = (low + high) / 2;
        int order = point_compare(f->in, p, &f->at[middle]);
        *is_there = order == 0;
        low = order > 0 ? middle + 1 : low;
        high = order > 0 ? high : middle;
    }
    return high;
}

/* Into the memory that `to` has, if it is enough. */
static bool copy_point(const firsts *f, const point *p, point *to)
{
    size_t n = 0;
    for (uint32_t i = 0; i < f->in->sort_count; i++) {
        n += p->at[i].kind == VALUE_TEXT ? p->at[i].s.n : 0;
    }
    to->at = to->at ? to->at : ARENA_ARRAY(f->arena, value, SORTS_MAX);
    if (n > to->room) {
        to->texts = arena_alloc(f->arena, n * 2);
        to->room = to->texts ? n * 2 : 0;
    }
    if (!to->at || n > to->room) {
        return false;
    }
    char *text = to->texts;
    for (uint32_t i = 0; i < f->in->sort_count; i++) {
        to->at[i] = p->at[i];
        if (p->at[i].kind == VALUE_TEXT) {
            memcpy(text, p->at[i].s.p, p->at[i].s.n);
            to->at[i].s.p = text;
            text += p->at[i].s.n;
        }
    }
    to->id = p->id;
    return true;
}

bool firsts_add(firsts *f, const point *p)
{
    bool is_there;
    point kept = {.at = NULL};
    uint32_t at = place_of(f, p, &is_there);
    if (is_there) {
        return true; /* a row of two branches */
    }
    if (f->count == f->limit) {
        f->leaves_out = true;
        if (at == f->limit) {
            return false;
        }
        kept = f->at[--f->count];
    }
    if (!copy_point(f, p, &kept)) {
        return false;
    }
    memmove(&f->at[at + 1], &f->at[at], (f->count - at) * sizeof *p);
    f->at[at] = kept;
    f->count++;
    return true;
}

int64_t *firsts_ids(const firsts *f)
{
    int64_t *ids = ARENA_ARRAY(f->arena, int64_t, f->count + 1);
    for (uint32_t i = 0; ids && i < f->count; i++) {
        ids[i] = f->at[i].id;
    }
    return ids;
}
