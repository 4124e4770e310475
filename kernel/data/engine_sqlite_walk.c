/*
 * engine_sqlite_walk.c - which index serves the rows of one branch.
 *
 * What is known of every row is taken from the comparisons that stand in an "and" at the top of the
 * query's condition and of the branch's: the values allowed in a field, and bounds. An index serves
 * when values are allowed in its first fields; best when the list's order follows them.
 */
#include "data/engine_sqlite_plan.h"

#define KNOWN_MAX 16

typedef struct known {
    allowed fields[KNOWN_MAX];
    const cond *equal[HELD_MAX]; /* what `fields` came from */
    const cond *bounds[HELD_MAX];
    uint32_t field_count, equal_count, bound_count;
    bool is_all; /* nothing else is asked */
} known;

/* ---- values ---------------------------------------------------------------------------------- */

static uint32_t values_of(const cond *c)
{
    return c->op == COND_ME || c->op == COND_NONE ? 1 : c->value_count;
}

/* Value `i` that a comparison allows; false: it is of another kind than the field, so never equal.
 */
static bool value_at(const sql *q, const cond *c, uint32_t i, value *out)
{
    const field *f = c->path[0];
    if (c->op == COND_NONE) {
        *out = value_null();
        return true;
    }
    *out = c->op == COND_ME ? value_int(q->env->me) : cond_value(f, c->values[i], q->env);
    return out->kind == (field_is_text(f) ? VALUE_TEXT : VALUE_INT);
}

static bool allows(const sql *q, const cond *c, value v)
{
    value own;
    for (uint32_t i = 0; i < values_of(c); i++) {
        if (value_at(q, c, i, &own) && value_equal(own, v)) {
            return true;
        }
    }
    return false;
}

static allowed *find_allowed(known *k, const field *f)
{
    for (uint32_t i = 0; i < k->field_count; i++) {
        if (k->fields[i].field == f) {
            return &k->fields[i];
        }
    }
    return NULL;
}

static void allow_first(sql *q, known *k, const cond *c)
{
    value *values = ARENA_ARRAY(q->arena, value, values_of(c) + 1);
    allowed *a = &k->fields[k->field_count++];
    *a = (allowed){.field = c->path[0], .values = values};
    if (!values) {
        q->status = CRM_NOMEM;
        return;
    }
    for (uint32_t i = 0; i < values_of(c); i++) {
        a->count += value_at(q, c, i, &values[a->count]);
    }
}

/* Both comparisons must hold: what only one allows goes. */
static void allow_both(const sql *q, allowed *a, const cond *c)
{
    value *values = (value *)a->values; /* made by allow_first */
    uint32_t kept = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        if (allows(q, c, values[i])) {
            values[kept++] = values[i];
        }
    }
    a->count = kept;
}

/* ---- what is known --------------------------------------------------------------------------- */

static void add_equal(sql *q, known *k, const cond *c)
{
    allowed *a = find_allowed(k, c->path[0]);
    bool is_full = k->equal_count == HELD_MAX || (!a && k->field_count == KNOWN_MAX);
    /* Two texts with one key are equal though their bytes differ. */
    if (is_full || (a && field_is_keyed(c->path[0]))) {
        k->is_all = false;
        return;
    }
    k->equal[k->equal_count++] = c;
    if (a) {
        allow_both(q, a, c);
    } else {
        allow_first(q, k, c);
    }
}

static void add_bound(known *k, const cond *c)
{
    if (k->bound_count == HELD_MAX) {
        k->is_all = false;
    } else {
        k->bounds[k->bound_count++] = c;
    }
}

static void add_known(sql *q, known *k, const cond *c)
{
    if (!c || c->op == COND_TRUE) {
        return;
    }
    if (c->op == COND_AND) {
        for (const cond *child = c->first; child; child = child->next) {
            add_known(q, k, child);
        }
        return;
    }
    bool is_plain = c->path_length == 1 && c->op != COND_EXISTS && !engine_is_many(c->path[0]);
    if (is_plain &&
        (c->op == COND_EQ || c->op == COND_IN || c->op == COND_ME || c->op == COND_NONE)) {
        add_equal(q, k, c);
    } else if (is_plain && c->op >= COND_GT && c->op <= COND_LTE) {
        add_bound(k, c);
    } else {
        k->is_all = false;
    }
}

/* ---- indexes --------------------------------------------------------------------------------- */

static bool has_null(const allowed *a)
{
    return a->count && value_is_null(a->values[0]); /* NULL is allowed alone or not at all */
}

static bool is_empty(known *k, const field *f)
{
    const allowed *a = find_allowed(k, f);
    return a && has_null(a);
}

static bool may_serve(const entity *e, known *k, const entity_index *x)
{
    for (uint32_t i = 0; i < x->count; i++) {
        if (engine_is_many(&e->fields[x->field[i]])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < x->empty_count; i++) {
        if (!is_empty(k, &e->fields[x->empty[i]])) {
            return false;
        }
    }
    const allowed *first = find_allowed(k, &e->fields[x->field[0]]);
    bool holds_all = !x->is_sparse || (first && !has_null(first));
    return !x->is_unique && holds_all;
}

static void take_heads(const entity *e, known *k, walk *w)
{
    const entity_index *x = w->index;
    while (w->head_count < x->count) {
        const allowed *a = find_allowed(k, &e->fields[x->field[w->head_count]]);
        if (!a) {
            break;
        }
        w->head[w->head_count++] = *a;
        /* No product of four bounded lists overflows once it is capped at each step. */
        uint64_t ranges = (uint64_t)w->ranges * a->count;
        w->ranges = ranges > RANGES_MAX ? RANGES_MAX + 1 : (uint32_t)ranges;
    }
}

static bool is_in_order(const query *in, const entity_index *x, uint32_t head_count)
{
    if (!in->sort_count || in->sorts[0].field->index == COL_ID) {
        return head_count == x->count;
    }
    const field *first = in->sorts[0].field;
    return !first->part && head_count < x->count && x->field[head_count] == first->index;
}

static bool is_head(const walk *w, const field *f)
{
    for (uint32_t i = 0; i < w->head_count; i++) {
        if (w->head[i].field == f) {
            return true;
        }
    }
    for (uint32_t i = 0; i < w->index->empty_count; i++) {
        if (w->index->empty[i] == f->index) {
            return true;
        }
    }
    return false;
}

/* A bound on the field after the leading ones only makes the range shorter. */
static bool is_next(const walk *w, const field *f)
{
    const entity_index *x = w->index;
    return !f->part && f->index == (w->head_count < x->count ? x->field[w->head_count] : COL_ID);
}

static void take_held(known *k, walk *w)
{
    w->is_exact = k->is_all;
    for (uint32_t i = 0; i < k->equal_count; i++) {
        if (is_head(w, k->equal[i]->path[0])) {
            w->held[w->held_count++] = k->equal[i];
        } else {
            w->is_exact = false;
        }
    }
    for (uint32_t i = 0; i < k->bound_count; i++) {
        w->is_exact = w->is_exact && is_next(w, k->bounds[i]->path[0]);
    }
}

/* Whether what `c` asks for leads into the index: the ranges then hold few rows of others. */
static bool narrows_by(const walk *w, const cond *c)
{
    bool is_and = c && c->op == COND_AND;
    for (uint32_t i = 0; c && !is_and && i < w->held_count; i++) {
        if (w->held[i] == c) {
            return true;
        }
    }
    for (const cond *child = is_and ? c->first : NULL; child; child = child->next) {
        if (narrows_by(w, child)) {
            return true;
        }
    }
    return false;
}

/* ---- the best -------------------------------------------------------------------------------- */

static uint32_t used_fields(const walk *w)
{
    return w->head_count + w->index->empty_count;
}

/* For a list its order counts first, for a count that nothing is left to look at in the rows; then
 * that the rows of others are not met. */
static uint32_t worth(const walk *w, engine_op_kind kind)
{
    bool is_good = kind == ENGINE_LIST ? w->is_ordered : w->is_exact;
    return (is_good ? 100 : 0) + (w->is_own ? 10 : 0) + used_fields(w);
}

static void try_index(const query *in, known *k, engine_op_kind kind, const entity_index *x,
                      walk *best)
{
    walk w = {.by = WALK_INDEX, .index = x, .ranges = 1, .branch = best->branch};
    if (!may_serve(in->entity, k, x)) {
        return;
    }
    take_heads(in->entity, k, &w);
    take_held(k, &w);
    w.is_ordered = is_in_order(in, x, w.head_count);
    w.is_own = w.branch && !w.branch->via_count && narrows_by(&w, w.branch->where);
    bool is_whole = kind == ENGINE_LIST ? w.is_ordered : w.is_exact;
    bool narrows = used_fields(&w) > 0 || (!w.branch && is_whole);
    if (narrows && w.ranges <= RANGES_MAX &&
        (!best->index || worth(&w, kind) > worth(best, kind))) {
        *best = w;
    }
}

bool walk_find(sql *q, const query *in, const branch *b, engine_op_kind kind, walk *out)
{
    known k = {.is_all = !in->terms.n && (!b || !b->via_count)};
    add_known(q, &k, in->where);
    if (b && !b->via_count) {
        add_known(q, &k, b->where);
    }
    *out = (walk){.by = WALK_INDEX, .branch = b};
    for (uint32_t i = 0; i < k.field_count; i++) {
        if (!k.fields[i].count) {
            return true; /* and no ranges */
        }
    }
    for (uint32_t i = 0; i < in->entity->index_count; i++) {
        try_index(in, &k, kind, &in->entity->indexes[i], out);
    }
    return out->index != NULL;
}
