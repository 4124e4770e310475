/*
 * aggregate.c - groups under rights: narrowing the question, and what is computed from raw figures.
 *
 * Pool or writer.
 */
#include "data/aggregate.h"

#include "data/aggregate_top.h"
#include "data/group_table.h"
#include "data/records_private.h"
#include "data/summary.h"

__extension__ typedef __int128 wide;

typedef struct aggregating {
    crm_ctx *call;
    const grouping *asked;
    grouping *g; /* the question as narrowed */
    top first;
    arena *scratch;
    label_set labels;
    summary_groups small; /* a summary: every group, until the smallest are folded */
    uint32_t at_least;    /* 0: no summary */
    crm_status status;    /* of what the sink could not do */
} aggregating;

/* ---- under rights ---------------------------------------------------------------------------- */

static crm_status restrict_path(aggregating *x, field_path *p, uint64_t used[4])
{
    return path_restrict(x->call, x->g->rows.entity, p, used);
}

static crm_status restrict_measure(aggregating *x, measure *m, uint64_t used[4])
{
    uint64_t touched[4];
    crm_status st = m->path.length ? restrict_path(x, &m->path, used) : CRM_OK;
    if (!st && m->where) {
        st = cond_restrict(x->call, x->g->rows.entity, m->where, &m->where, touched);
        bits_or(used, touched);
    }
    return st;
}

bool aggregate_may(crm_ctx *c, const entity *e)
{
    return rights_may_some(c, e, ACTION_READ) || rights_may_sum(c, e);
}

static crm_status narrow(aggregating *x)
{
    uint64_t used[4] = {0};
    grouping *g = x->g;
    crm_status st = CRM_OK;
    if (!aggregate_may(x->call, g->rows.entity)) {
        return call_fail(x->call, CRM_NOT_FOUND, "not_found");
    }
    bool is_reader = rights_may_some(x->call, g->rows.entity, ACTION_READ);
    bool is_system = x->call->who->kind == PRINCIPAL_SYSTEM;
    if (!is_system && (x->asked->is_summary || !is_reader)) {
        return summary_narrow(x->call, x->asked, g, &x->small, &x->at_least);
    }
    for (uint32_t i = 0; !st && i < g->key_count; i++) {
        st = restrict_path(x, &g->keys[i].path, used);
    }
    for (uint32_t i = 0; !st && i < g->measure_count; i++) {
        st = restrict_measure(x, &g->measures[i], used);
    }
    return st ? st : records_narrow(x->call, &g->rows, used);
}

/* ---- what is computed from raw figures ------------------------------------------------------- */

static wide power_of_ten(int n)
{
    wide p = 1;
    while (n-- > 0) {
        p *= 10;
    }
    return p;
}

/* n / d with halves away from zero; `d` is not 0. False: beyond int64. */
static bool divide(wide n, wide d, value *out)
{
    wide quotient = n / d, rest = n % d;
    rest = rest < 0 ? -rest : rest;
    if (rest * 2 >= (d < 0 ? -d : d)) {
        quotient += (n < 0) != (d < 0) ? -1 : 1;
    }
    *out = value_int((int64_t)quotient);
    return quotient == out->i;
}

static bool average(const grouping *g, uint32_t at, value sum, int64_t filled, value *out)
{
    int more = measure_type(g, at).scale - field_path_end(&g->measures[at].path)->scale;
    *out = value_null();
    return value_is_null(sum) || divide(sum.i * power_of_ten(more), filled, out);
}

static bool share(const grouping *g, uint32_t at, const value *measures, value *out)
{
    const measure *m = &g->measures[at];
    value part = measures[m->of[0]], whole = measures[m->of[1]];
    int more = measure_type(g, m->of[1]).scale - measure_type(g, m->of[0]).scale;
    *out = value_null();
    if (value_is_null(part) || value_is_null(whole) || whole.i == 0) {
        return true;
    }
    wide n = part.i * power_of_ten(4), d = whole.i;
    return divide(more > 0 ? n * power_of_ten(more) : n, more < 0 ? d * power_of_ten(-more) : d,
                  out);
}

static crm_status too_large(aggregating *x, uint32_t at)
{
    return call_fail_field(x->call, x->g->measures[at].name, "sum_overflow", (crm_str){0});
}

/* Averages first: shares may be of them. */
static crm_status derive(aggregating *x, const value *raw, const int64_t *filled, value *out)
{
    const grouping *g = x->asked;
    for (uint32_t i = 0; i < g->measure_count; i++) {
        bool is_counted = x->at_least && g->measures[i].kind == MEASURE_FILLED;
        out[i] = is_counted ? value_int(filled[i]) : raw[i];
        if (g->measures[i].kind == MEASURE_AVG && !average(g, i, raw[i], filled[i], &out[i])) {
            return too_large(x, i);
        }
    }
    for (uint32_t i = 0; i < g->measure_count; i++) {
        if (g->measures[i].kind == MEASURE_SHARE && !share(g, i, out, &out[i])) {
            return too_large(x, i);
        }
    }
    return CRM_OK;
}

static bool satisfies(const having *h, value v)
{
    if (v.kind != VALUE_INT || h->value.kind != VALUE_INT) {
        return false;
    }
    int64_t limit = h->value.i;
    switch (h->op) {
    case COND_EQ:
        return v.i == limit;
    case COND_NE:
        return v.i != limit;
    case COND_GT:
        return v.i > limit;
    case COND_GTE:
        return v.i >= limit;
    case COND_LT:
        return v.i < limit;
    default:
        return v.i <= limit;
    }
}

static bool is_had(const grouping *g, const value *measures)
{
    for (uint32_t i = 0; i < g->having_count; i++) {
        if (!satisfies(&g->having[i], measures[g->having[i].measure])) {
            return false;
        }
    }
    return true;
}

static crm_status offer(aggregating *x, const value *keys, const value *raw, const int64_t *filled)
{
    value measures[MEASURES_MAX];
    crm_status st = derive(x, raw, filled, measures);
    if (!st && is_had(x->asked, measures)) {
        st = top_offer(&x->first, x->scratch, keys, measures);
        arena_reset(x->scratch);
    }
    return st;
}

static bool on_raw(void *arg, const value *keys, const value *raw, const int64_t *filled)
{
    aggregating *x = arg;
    x->status = x->at_least ? summary_groups_add(&x->small, x->g, keys, raw, filled)
                            : offer(x, keys, raw, filled);
    return !x->status;
}

/* A summary's groups are offered when it is known which of them may be. */
static crm_status offer_large(aggregating *x, bool *is_folded)
{
    crm_status st = CRM_OK;
    *is_folded = summary_fold(&x->small, x->at_least);
    for (uint32_t i = 0; !st && i < x->small.count; i++) {
        const summary_group *g = &x->small.at[i];
        st = g->is_folded ? CRM_OK : offer(x, g->keys, g->measures, g->filled);
    }
    return st;
}

/* ---- reading --------------------------------------------------------------------------------- */

static crm_status read_groups(aggregating *x)
{
    engine_op op = {.kind = ENGINE_GROUP,
                    .entity = x->g->rows.entity,
                    .grouping = x->g,
                    .on_group = on_raw,
                    .arg = x};
    engine_batch batch = {.ops = &op, .count = 1};
    crm_status st = records_run(x->call, &batch);
    if (batch.interrupted) {
        return CRM_TIMEOUT;
    }
    if (st == CRM_LIMIT && op.count >= 0) {
        return too_large(x, (uint32_t)op.count);
    }
    if (st == CRM_LIMIT && op.count == GROUPS_SPENT) {
        return call_fail_field(x->call, CRM_S("by"), "too_many_groups", (crm_str){0});
    }
    if (st == CRM_LIMIT) {
        crm_str most = x->g->measures[VALUES_SPENT - op.count].name;
        return call_fail_field(x->call, most, "too_many_values", (crm_str){0});
    }
    return st ? st : x->status;
}

/* ---- titles of references -------------------------------------------------------------------- */

/* The reference that a key's value is, or NULL. */
static const field *reference(const grouping *g, uint32_t key)
{
    const field *f = group_key_type(&g->keys[key]).field;
    return f && f->ref && (f->type == FIELD_REF || f->type == FIELD_USER) ? f : NULL;
}

static crm_status read_labels(aggregating *x)
{
    engine_batch batch = {.ops = NULL};
    crm_status st = CRM_OK;
    for (uint32_t k = 0; k < x->g->key_count; k++) {
        const field *f = reference(x->g, k);
        bool is_asked = f && !label_is_of_people(x->call->reg, f);
        for (uint32_t i = 0; !st && is_asked && i < x->first.count; i++) {
            value v = x->first.at[i]->keys[k];
            st = value_is_null(v) ? CRM_OK : labels_add(&x->labels, x->call, f->ref, v.i);
        }
    }
    st = st ? st : labels_prepare(&x->labels, x->call, &batch);
    st = st || !batch.count ? st : records_run_labels(x->call, &batch);
    return batch.interrupted ? CRM_TIMEOUT : st;
}

static void label_key(aggregating *x, group_view *v, uint32_t key)
{
    const field *f = reference(x->g, key);
    if (!f || value_is_null(v->keys[key])) {
        return;
    }
    int64_t id = v->keys[key].i;
    if (label_is_of_people(x->call->reg, f)) {
        v->labels[key] = label_of_people(x->call, f, id);
    } else {
        v->denied[key] = !labels_find(&x->labels, f->ref, id, &v->labels[key]);
    }
}

/* ---- giving ---------------------------------------------------------------------------------- */

static void give(aggregating *x, group_fn on_group, void *arg)
{
    for (uint32_t i = 0; i < x->first.count; i++) {
        const top_group *from = x->first.at[i];
        group_view v = {.g = x->asked, .keys = from->keys, .measures = from->measures};
        for (uint32_t k = 0; k < x->g->key_count; k++) {
            label_key(x, &v, k);
        }
        if (!on_group(arg, &v)) {
            return;
        }
    }
}

crm_status aggregate_run(crm_ctx *c, const grouping *g, group_fn on_group, void *arg,
                         aggregate_told *told)
{
    aggregating x = {.call = c, .asked = g, .g = ARENA_NEW(c->arena, grouping)};
    uint32_t limit = g->limit && g->limit < GROUPS_MAX ? g->limit : GROUPS_MAX;
    *told = (aggregate_told){0};
    x.scratch = arena_new(0);
    if (!x.g || !x.scratch || top_init(&x.first, g, limit) != CRM_OK) {
        arena_free(x.scratch);
        return CRM_NOMEM;
    }
    *x.g = *g;
    crm_status st = narrow(&x);
    st = st ? st : read_groups(&x);
    st = st || !x.at_least ? st : offer_large(&x, &told->is_folded);
    if (!st) {
        top_sort(&x.first);
        told->has_more = x.first.has_more;
        st = read_labels(&x);
    }
    if (!st) {
        give(&x, on_group, arg);
    }
    summary_groups_free(&x.small);
    top_free(&x.first);
    arena_free(x.scratch);
    return st;
}
