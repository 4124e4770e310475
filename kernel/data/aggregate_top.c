/* aggregate_top.c - a heap of the first groups; see aggregate_top.h. */
#include "data/aggregate_top.h"

#include <stdlib.h>

#include "data/field.h"

crm_status top_init(top *t, const grouping *g, uint32_t limit)
{
    *t = (top){.g = g, .limit = limit, .at = calloc(limit, sizeof(top_group *))};
    return t->at ? CRM_OK : CRM_NOMEM;
}

void top_free(top *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        buf_free(&t->at[i]->texts);
        free(t->at[i]);
    }
    free(t->at);
    *t = (top){0};
}

/* ---- order ----------------------------------------------------------------------------------- */

static int compare_values(value x, value y)
{
    if (x.kind != y.kind) {
        return value_is_null(x) ? -1 : 1; /* of one key only NULL is of another kind */
    }
    return x.kind == VALUE_TEXT ? str_cmp(x.s, y.s) : (x.i > y.i) - (x.i < y.i);
}

static int compare_at(const group_sort *s, const top_group *x, const top_group *y)
{
    uint32_t m = s->at - GROUP_KEYS_MAX;
    int order = s->at < GROUP_KEYS_MAX ? compare_values(x->ordered[s->at], y->ordered[s->at])
                                       : compare_values(x->measures[m], y->measures[m]);
    return s->descending ? -order : order;
}

static int compare_groups(const grouping *g, const top_group *x, const top_group *y)
{
    int order = 0;
    for (uint32_t i = 0; !order && i < g->sort_count; i++) {
        order = compare_at(&g->sorts[i], x, y);
    }
    for (uint32_t i = 0; !order && i < g->key_count; i++) {
        order = compare_values(x->ordered[i], y->ordered[i]);
    }
    return order;
}

static bool is_before(const top *t, uint32_t i, uint32_t k)
{
    return compare_groups(t->g, t->at[i], t->at[k]) < 0;
}

/* ---- the heap -------------------------------------------------------------------------------- */

static void swap(top *t, uint32_t i, uint32_t k)
{
    top_group *kept = t->at[i];
    t->at[i] = t->at[k];
    t->at[k] = kept;
}

static void rise(top *t, uint32_t i)
{
    while (i && is_before(t, (i - 1) / 2, i)) {
        swap(t, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static void sink(top *t)
{
    for (uint32_t i = 0;;) {
        uint32_t last = i, left = 2 * i + 1;
        for (uint32_t child = left; child < left + 2 && child < t->count; child++) {
            last = is_before(t, last, child) ? child : last;
        }
        if (last == i) {
            return;
        }
        swap(t, i, last);
        i = last;
    }
}

/* ---- keeping --------------------------------------------------------------------------------- */

static crm_status order_keys(const grouping *g, arena *scratch, top_group *out)
{
    for (uint32_t i = 0; i < g->key_count; i++) {
        out->ordered[i] = out->keys[i];
        const field *f = field_path_end(&g->keys[i].path);
        if (out->keys[i].kind == VALUE_TEXT) {
            crm_status st = field_key_make(scratch, f, out->keys[i].s, &out->ordered[i].s);
            if (st != CRM_OK) {
                return st;
            }
        }
    }
    return CRM_OK;
}

static size_t text_size(const grouping *g, const top_group *from)
{
    size_t n = 0;
    for (uint32_t i = 0; i < g->key_count; i++) {
        n += from->keys[i].s.n + from->ordered[i].s.n;
    }
    return n;
}

static char *take_text(char *to, crm_str *s)
{
    if (s->n) {
        memcpy(to, s->p, s->n);
        s->p = to;
    }
    return to + s->n;
}

/* Copies `from` into `to`, whose memory for texts is used again. */
static crm_status keep(const grouping *g, top_group *to, const top_group *from)
{
    buf texts = to->texts;
    buf_clear(&texts);
    char *at = buf_room(&texts, text_size(g, from) + 1);
    *to = *from;
    to->texts = texts;
    if (!at) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; i < g->key_count; i++) {
        at = take_text(at, &to->keys[i].s);
        at = take_text(at, &to->ordered[i].s);
    }
    return CRM_OK;
}

static crm_status add(top *t, const top_group *from)
{
    top_group *made = calloc(1, sizeof *made);
    if (!made) {
        return CRM_NOMEM;
    }
    buf_init(&made->texts, 0);
    t->at[t->count++] = made;
    crm_status st = keep(t->g, made, from);
    rise(t, t->count - 1);
    return st;
}

crm_status top_offer(top *t, arena *scratch, const value *keys, const value *measures)
{
    top_group offered = {.texts = {0}};
    memcpy(offered.keys, keys, t->g->key_count * sizeof *keys);
    memcpy(offered.measures, measures, t->g->measure_count * sizeof *measures);
    crm_status st = order_keys(t->g, scratch, &offered);
    if (st != CRM_OK || t->count < t->limit) {
        return st ? st : add(t, &offered);
    }
    t->has_more = true;
    if (compare_groups(t->g, &offered, t->at[0]) < 0) {
        st = keep(t->g, t->at[0], &offered);
        sink(t);
    }
    return st;
}

static int compare_kept(const void *x, const void *y, void *arg)
{
    return compare_groups(arg, *(top_group *const *)x, *(top_group *const *)y);
}

void top_sort(top *t)
{
    qsort_r(t->at, t->count, sizeof *t->at, compare_kept, (void *)t->g);
}
