/*
 * engine_memory_group.c - groups by sorting the rows by their keys.
 *
 * This is the meaning of grouping.h written down as plainly as possible: rows with equal keys stand
 * beside each other, and each measure looks at the sorted values of such a run.
 */
#include "data/engine_memory.h"

__extension__ typedef __int128 wide;

/* A row with its keys. */
typedef struct keyed {
    const mrow *row;
    value keys[GROUP_KEYS_MAX];
} keyed;

typedef struct figures {
    value keys[GROUP_KEYS_MAX], measures[MEASURES_MAX];
    int64_t filled[MEASURES_MAX];
} figures;

typedef struct grouper {
    const mrun *run;
    const grouping *g;
    keyed *rows; /* sorted by their keys */
    uint32_t row_count;
    value *values; /* of the measure at hand */
    figures *groups;
    uint32_t group_count;
    uint32_t overflow; /* the first measure whose sum is too large; MEASURES_MAX: none */
} grouper;

static const field *key_field(const grouping *g, uint32_t i)
{
    return field_path_end(&g->keys[i].path);
}

/* ---- rows by their keys ---------------------------------------------------------------------- */

static void take_keys(const grouper *x, keyed *k)
{
    const query *q = &x->g->rows;
    value all[FIELDS_MAX];
    mrow_values(k->row, q->entity, all);
    for (uint32_t i = 0; i < x->g->key_count; i++) {
        const group_key *key = &x->g->keys[i];
        value v = memory_value(x->run, q, all, &key->path);
        k->keys[i] = group_bucket(key->bucket, key_field(x->g, i), v, q->env.zone);
    }
}

static int compare_keyed(const void *a, const void *b, void *arg)
{
    const grouping *g = arg;
    int order = 0;
    for (uint32_t i = 0; !order && i < g->key_count; i++) {
        order = memory_compare(key_field(g, i), ((const keyed *)a)->keys[i],
                               ((const keyed *)b)->keys[i]);
    }
    return order;
}

/* The least by bytes among the texts that group together. */
static value shown_key(const keyed *rows, uint32_t count, uint32_t i)
{
    value least = rows[0].keys[i];
    for (uint32_t k = 1; k < count; k++) {
        value v = rows[k].keys[i];
        least = v.kind == VALUE_TEXT && str_cmp(v.s, least.s) < 0 ? v : least;
    }
    return least;
}

/* ---- measures of one group ------------------------------------------------------------------- */

static int compare_measured(const void *a, const void *b, void *arg)
{
    return memory_compare(arg, *(const value *)a, *(const value *)b);
}

/* The rows the measure sees; of these the values that are not NULL, in order, in x->values. */
static uint32_t take_values(grouper *x, const measure *m, const keyed *rows, uint32_t count,
                            uint32_t *seen)
{
    const query *q = &x->g->rows;
    uint32_t filled = 0;
    *seen = 0;
    for (uint32_t i = 0; i < count; i++) {
        value all[FIELDS_MAX];
        mrow_values(rows[i].row, q->entity, all);
        if (!memory_holds(x->run, q, all, m->where)) {
            continue;
        }
        ++*seen;
        value v = m->path.length ? memory_value(x->run, q, all, &m->path) : value_null();
        if (!value_is_null(v)) {
            x->values[filled++] = v;
        }
    }
    if (filled) {
        qsort_r(x->values, filled, sizeof *x->values, compare_measured,
                (void *)field_path_end(&m->path));
    }
    return filled;
}

static int64_t count_different(const value *values, uint32_t count, const field *f)
{
    int64_t different = count > 0;
    for (uint32_t i = 1; i < count; i++) {
        different += memory_compare(f, values[i - 1], values[i]) != 0;
    }
    return different;
}

static bool add_up(const value *values, uint32_t count, int64_t *sum)
{
    wide total = 0;
    for (uint32_t i = 0; i < count; i++) {
        total += values[i].i;
    }
    *sum = (int64_t)total;
    return total == *sum;
}

/* The least value that at least `percent` of the sorted values do not exceed. */
static value percentile(const value *values, uint32_t count, uint32_t percent)
{
    return values[((uint64_t)count * percent + 99) / 100 - 1];
}

static value figure(grouper *x, uint32_t at, uint32_t seen, uint32_t filled)
{
    const measure *m = &x->g->measures[at];
    const value *v = x->values;
    int64_t sum;
    switch (m->kind) {
    case MEASURE_COUNT:
        return value_int(seen);
    case MEASURE_FILLED:
        return value_int(filled);
    case MEASURE_DISTINCT:
        return value_int(count_different(v, filled, field_path_end(&m->path)));
    case MEASURE_SHARE:
        return value_null();
    default:
        break;
    }
    if (!filled) {
        return value_null();
    }
    switch (m->kind) {
    case MEASURE_MIN:
        return v[0];
    case MEASURE_MAX:
        return v[filled - 1];
    case MEASURE_P50:
        return percentile(v, filled, 50);
    case MEASURE_P90:
        return percentile(v, filled, 90);
    default:
        if (!add_up(v, filled, &sum) && at < x->overflow) {
            x->overflow = at;
        }
        return value_int(sum);
    }
}

static void add_group(grouper *x, const keyed *rows, uint32_t count)
{
    figures *out = &x->groups[x->group_count++];
    for (uint32_t i = 0; i < x->g->key_count; i++) {
        out->keys[i] = shown_key(rows, count, i);
    }
    for (uint32_t i = 0; i < x->g->measure_count; i++) {
        const measure *m = &x->g->measures[i];
        uint32_t seen, filled = take_values(x, m, rows, count, &seen);
        out->measures[i] = figure(x, i, seen, filled);
        out->filled[i] = m->kind == MEASURE_AVG ? filled : 0;
    }
}

/* ---- all groups ------------------------------------------------------------------------------ */

static crm_status prepare(grouper *x)
{
    found *all;
    crm_status st = memory_rows(x->run, &x->g->rows, &all, &x->row_count);
    x->rows = calloc(x->row_count + 1, sizeof *x->rows);
    x->values = calloc(x->row_count + 1, sizeof *x->values);
    x->groups = calloc(x->row_count + 1, sizeof *x->groups);
    if (!st && (!x->rows || !x->values || !x->groups)) {
        st = CRM_NOMEM;
    }
    for (uint32_t i = 0; !st && i < x->row_count; i++) {
        x->rows[i].row = all[i].row;
        take_keys(x, &x->rows[i]);
    }
    free(all);
    return st;
}

static crm_status make_groups(grouper *x)
{
    uint32_t first = 0;
    qsort_r(x->rows, x->row_count, sizeof *x->rows, compare_keyed, (void *)x->g);
    for (uint32_t i = 1; i <= x->row_count; i++) {
        if (memory_is_over(x->run)) {
            return CRM_TIMEOUT;
        }
        if (i == x->row_count || compare_keyed(&x->rows[first], &x->rows[i], (void *)x->g)) {
            add_group(x, &x->rows[first], i - first);
            first = i;
        }
    }
    if (!x->row_count && !x->g->key_count) {
        add_group(x, x->rows, 0);
    }
    return x->overflow < MEASURES_MAX ? CRM_LIMIT : CRM_OK;
}

static void give(const grouper *x, engine_op *op)
{
    for (uint32_t i = 0; i < x->group_count; i++) {
        const figures *f = &x->groups[i];
        op->count++;
        if (op->on_group && !op->on_group(op->arg, f->keys, f->measures, f->filled)) {
            return;
        }
    }
}

void memory_group(const mrun *r, engine_op *op)
{
    mrun own = *r;
    grouper x = {.run = &own, .g = op->grouping, .overflow = MEASURES_MAX};
    own.arena = arena_new(0);
    op->status = own.arena ? prepare(&x) : CRM_NOMEM;
    op->status = op->status ? op->status : make_groups(&x);
    if (op->status == CRM_LIMIT) {
        op->count = x.overflow;
    } else if (op->status == CRM_OK) {
        give(&x, op);
    }
    arena_free(own.arena);
    free(x.rows);
    free(x.values);
    free(x.groups);
}
