/* summary_fold.c - which groups are too small to be shown, and what must go with them; summary.h.
 */
#include <stdlib.h>

#include "data/summary.h"

void summary_groups_free(summary_groups *s)
{
    free(s->at);
    arena_free(s->texts);
    *s = (summary_groups){0};
}

static summary_group *room(summary_groups *s)
{
    s->texts = s->texts ? s->texts : arena_new(0);
    if (!s->texts) {
        return NULL;
    }
    if (s->count == s->room) {
        uint32_t more = s->room ? s->room * 2 : 64;
        summary_group *at = realloc(s->at, more * sizeof *at);
        if (!at) {
            return NULL;
        }
        s->at = at;
        s->room = more;
    }
    return &s->at[s->count++];
}

crm_status summary_groups_add(summary_groups *s, const grouping *g, const value *keys,
                              const value *measures, const int64_t *filled)
{
    summary_group *to = room(s);
    if (!to) {
        return CRM_NOMEM;
    }
    const value *counts = measures + s->figure_count;
    *to = (summary_group){.counts = {counts[0].i}};
    for (uint32_t i = 0; i < g->key_count; i++) {
        to->keys[i] = keys[i];
        if (keys[i].kind == VALUE_TEXT) {
            to->keys[i].s = arena_dup(s->texts, keys[i].s);
        }
    }
    memcpy(to->measures, measures, s->figure_count * sizeof *measures);
    s->key_count = g->key_count;
    s->count_count = 1;
    for (uint32_t i = 0; i < s->figure_count; i++) {
        if (g->measures[i].kind == MEASURE_AVG) {
            to->filled[i] = filled[i];
            to->counts[s->count_count] = s->is_shared ? counts[s->count_count].i : filled[i];
            s->count_count++;
        }
    }
    return arena_failed(s->texts) ? CRM_NOMEM : CRM_OK;
}

/* ---- totals by some of the keys -------------------------------------------------------------- */

typedef struct margin {
    const summary_groups *s;
    uint32_t keys; /* a bit for each key that it keeps */
} margin;

static int compare_value(value x, value y)
{
    if (x.kind != y.kind) {
        return x.kind < y.kind ? -1 : 1;
    }
    if (x.kind == VALUE_TEXT) {
        return str_cmp(x.s, y.s);
    }
    return value_is_null(x) ? 0 : (x.i > y.i) - (x.i < y.i);
}

static int compare_keys(const margin *m, uint32_t a, uint32_t b, uint32_t keys)
{
    const summary_group *x = &m->s->at[a], *y = &m->s->at[b];
    int order = 0;
    for (uint32_t i = 0; !order && i < m->s->key_count; i++) {
        order = keys >> i & 1u ? compare_value(x->keys[i], y->keys[i]) : 0;
    }
    return order;
}

/* Totals together, and inside one always in the same order: asked again, the same must be folded.
 */
static int compare(const void *a, const void *b, void *arg)
{
    const margin *m = arg;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int order = compare_keys(m, x, y, m->keys);
    return order ? order : compare_keys(m, x, y, ~0u);
}

static bool is_small(const int64_t *counts, uint32_t n, int64_t at_least)
{
    for (uint32_t i = 0; i < n; i++) {
        if (counts[i] && counts[i] < at_least) {
            return true;
        }
    }
    return false;
}

/* Of records that several groups may share there are at least as many as in the largest. */
static void count_hidden(const summary_groups *s, const summary_group *g, int64_t *hidden)
{
    for (uint32_t k = 0; k < s->count_count; k++) {
        int64_t n = g->counts[k];
        hidden[k] = !s->is_shared ? hidden[k] + n : n > hidden[k] ? n : hidden[k];
    }
}

/* Groups [from, to) of `order` make one total; folds one more of them when what is folded is
 * little. False: nothing had to be done, or nothing is left to fold. */
static bool protect(summary_groups *s, const uint32_t *order, uint32_t n, int64_t at_least)
{
    int64_t hidden[MEASURES_MAX + 1] = {0};
    summary_group *least = NULL;
    for (uint32_t i = 0; i < n; i++) {
        summary_group *g = &s->at[order[i]];
        if (g->is_folded) {
            count_hidden(s, g, hidden);
        } else if (!least || g->counts[0] < least->counts[0]) {
            least = g;
        }
    }
    if (!least || !is_small(hidden, s->count_count, at_least)) {
        return false;
    }
    least->is_folded = true;
    return true;
}

static bool protect_margin(summary_groups *s, uint32_t *order, uint32_t keys, int64_t at_least)
{
    margin m = {.s = s, .keys = keys};
    bool is_changed = false;
    for (uint32_t i = 0; i < s->count; i++) {
        order[i] = i;
    }
    qsort_r(order, s->count, sizeof *order, compare, &m);
    for (uint32_t from = 0, to; from < s->count; from = to) {
        for (to = from + 1; to < s->count && !compare_keys(&m, order[from], order[to], keys);
             to++) {
        }
        while (protect(s, order + from, to - from, at_least)) {
            is_changed = true;
        }
    }
    return is_changed;
}

/* ---- folding --------------------------------------------------------------------------------- */

static bool fold_small(summary_groups *s, int64_t at_least)
{
    bool is_any = false;
    for (uint32_t i = 0; i < s->count; i++) {
        summary_group *g = &s->at[i];
        g->is_folded = is_small(g->counts, s->count_count, at_least);
        is_any |= g->is_folded;
    }
    return is_any;
}

bool summary_fold(summary_groups *s, uint32_t at_least)
{
    bool is_any = fold_small(s, at_least), is_changed = is_any && s->key_count;
    uint32_t *order = is_changed ? malloc(s->count * sizeof *order) : NULL;
    for (uint32_t i = 0; is_changed && !order && i < s->count; i++) {
        s->at[i].is_folded = true; /* without memory to judge by nothing is shown */
    }
    while (is_changed && order) {
        is_changed = false;
        for (uint32_t keys = 0; keys + 1 < 1u << s->key_count; keys++) {
            is_changed |= protect_margin(s, order, keys, at_least);
        }
    }
    free(order);
    return is_any;
}
