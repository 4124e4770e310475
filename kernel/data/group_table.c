/* group_table.c - a hash table of groups by their keys, with a cell for each measure. */
#include "data/group_table.h"

#include "data/field.h"
#include "data/group_kept.h"

__extension__ typedef __int128 wide;

typedef struct cell {
    int64_t count; /* rows, or rows with a value */
    union {
        wide sum;
        int64_t best;
        kept kept;
    };
} cell;

/* What tells a value of a field from others: a number by itself, a text by the keyed hash of what
 * it compares by. */
typedef hash128 mark;

typedef struct key_value {
    mark compared;
    value shown;
} key_value;

typedef struct group {
    struct group *next; /* of the slot */
    uint64_t hash;
    key_value *keys;
    cell cells[];
} group;

/* Texts that were folded lately: towns and sources come again with every row. */
#define FOLDED_MAX 1024
typedef struct folded {
    const field *field; /* NULL: a free place */
    mark raw, compared;
} folded;

struct group_table {
    const grouping *g;
    hash_key secret;
    arena *arena;   /* groups and their texts */
    arena *scratch; /* sort keys of the row at hand */
    folded *folded; /* FOLDED_MAX */
    group **slots;
    uint32_t slot_count, group_count; /* the first a power of two */
    size_t most;
    budget budget;                /* of what stands beside the arena */
    size_t kept_by[MEASURES_MAX]; /* of that what the measure keeps */
    uint8_t keeper[MEASURES_MAX]; /* the measure that keeps the values, for others like it, too */
    int64_t spent_by;             /* after LIMIT: as group_table_spent */
    group *newest;                /* rows often come with the keys of the row before */
};

/* ---- making and freeing ---------------------------------------------------------------------- */

#define SLOTS_FIRST 64

static bool is_percentile(measure_kind k)
{
    return k == MEASURE_P50 || k == MEASURE_P90;
}

static bool keeps(measure_kind k)
{
    return is_percentile(k) || k == MEASURE_DISTINCT;
}

bool field_path_equal(const field_path *x, const field_path *y)
{
    bool same = x->length == y->length;
    for (uint8_t i = 0; same && i < x->length; i++) {
        same = x->at[i] == y->at[i] && (i + 1 == x->length || x->hop[i] == y->hop[i]);
    }
    return same;
}

/* The first measure that keeps the same values of the same rows. */
static uint8_t find_keeper(const grouping *g, uint32_t at)
{
    const measure *m = &g->measures[at];
    for (uint32_t i = 0; keeps(m->kind) && i < at; i++) {
        const measure *other = &g->measures[i];
        bool is_like = keeps(other->kind) && is_percentile(other->kind) == is_percentile(m->kind);
        if (is_like && other->where == m->where && field_path_equal(&other->path, &m->path)) {
            return (uint8_t)i;
        }
    }
    return (uint8_t)at;
}

group_table *group_table_new(const grouping *g, size_t most)
{
    group_table *t = calloc(1, sizeof *t);
    if (!t) {
        return NULL;
    }
    t->g = g;
    t->most = most ? most : GROUP_MEMORY_MAX;
    t->spent_by = GROUPS_SPENT;
    t->secret = hash_key_random();
    t->arena = arena_new(t->most);
    t->scratch = arena_new(0);
    t->folded = calloc(FOLDED_MAX, sizeof *t->folded);
    t->slots = calloc(SLOTS_FIRST, sizeof(group *));
    t->slot_count = SLOTS_FIRST;
    for (uint32_t i = 0; i < g->measure_count; i++) {
        t->keeper[i] = find_keeper(g, i);
    }
    if (!t->arena || !t->scratch || !t->folded || !t->slots) {
        group_table_free(t);
        return NULL;
    }
    return t;
}

static void free_kept(const grouping *g, group *at)
{
    for (uint32_t k = 0; k < g->measure_count; k++) {
        if (keeps(g->measures[k].kind)) {
            group_kept_free(&at->cells[k].kept);
        }
    }
}

void group_table_free(group_table *t)
{
    if (!t) {
        return;
    }
    for (uint32_t i = 0; t->slots && i < t->slot_count; i++) {
        for (group *at = t->slots[i]; at; at = at->next) {
            free_kept(t->g, at);
        }
    }
    free(t->slots);
    free(t->folded);
    arena_free(t->arena);
    arena_free(t->scratch);
    free(t);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* The arena takes of the same memory as the budget. */
static budget *left(group_table *t)
{
    size_t in_arena = arena_used(t->arena);
    t->budget.most = in_arena < t->most ? t->most - in_arena : 0;
    return &t->budget;
}

static bool fits(group_table *t)
{
    const budget *b = left(t);
    return !arena_failed(t->arena) && b->used <= b->most;
}

/* Who asked needs to know what there is too much of: the groups, or the values of one measure. */
static crm_status spent(group_table *t)
{
    size_t all = 0, most = 0;
    for (uint32_t i = 0; i < t->g->measure_count; i++) {
        all += t->kept_by[i];
        if (t->kept_by[i] > most) {
            most = t->kept_by[i];
            t->spent_by = VALUES_SPENT - (int64_t)i;
        }
    }
    if (all <= arena_used(t->arena) + t->slot_count * sizeof(group *)) {
        t->spent_by = GROUPS_SPENT;
    }
    return CRM_LIMIT;
}

int64_t group_table_spent(const group_table *t)
{
    return t->spent_by;
}

/* ---- telling values apart -------------------------------------------------------------------- */

static bool is_same(mark x, mark y)
{
    return x.lo == y.lo && x.hi == y.hi;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9E3779B97F4A7C15u;
    return h ^ h >> 29;
}

static crm_status fold(group_table *t, const field *f, crm_str text, mark *out)
{
    mark raw = hash_keyed(t->secret, text);
    folded *known = &t->folded[raw.lo % FOLDED_MAX];
    if (known->field != f || !is_same(known->raw, raw)) {
        crm_str key;
        crm_status st = field_key_make(t->scratch, f, text, &key);
        if (st != CRM_OK) {
            return st;
        }
        *known = (folded){f, raw, hash_keyed(t->secret, key)};
        arena_reset(t->scratch);
    }
    *out = known->compared;
    return CRM_OK;
}

/* `v` of the field, or what it compares by. */
static crm_status mark_of(group_table *t, const field *f, value v, bool is_key, mark *out)
{
    if (v.kind != VALUE_TEXT) {
        *out = (mark){(uint64_t)v.i, v.kind};
        return CRM_OK;
    }
    if (!is_key && field_is_keyed(f)) {
        return fold(t, f, v.s, out);
    }
    *out = hash_keyed(t->secret, v.s);
    return CRM_OK;
}

static bool has_keys(const group_table *t, const group *of, const mark *keys)
{
    for (uint32_t i = 0; i < t->g->key_count; i++) {
        if (!is_same(of->keys[i].compared, keys[i])) {
            return false;
        }
    }
    return true;
}

/* ---- finding a row's group ------------------------------------------------------------------- */

static crm_status grow_slots(group_table *t)
{
    uint32_t count = t->slot_count * 2;
    if (t->group_count < t->slot_count) {
        return CRM_OK;
    }
    if (!group_budget_take(left(t), t->slot_count * sizeof(group *))) {
        return spent(t);
    }
    group **slots = calloc(count, sizeof *slots);
    if (!slots) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; i < t->slot_count; i++) {
        for (group *at = t->slots[i], *next; at; at = next) {
            next = at->next;
            at->next = slots[at->hash & (count - 1)];
            slots[at->hash & (count - 1)] = at;
        }
    }
    free(t->slots);
    t->slots = slots;
    t->slot_count = count;
    return CRM_OK;
}

static crm_status add_group(group_table *t, uint64_t hash, const mark *keys, const value *shown,
                            group **out)
{
    const grouping *g = t->g;
    crm_status st = grow_slots(t);
    if (st != CRM_OK) {
        return st;
    }
    group *made = arena_alloc(t->arena, sizeof *made + g->measure_count * sizeof(cell));
    key_value *kept_keys = ARENA_ARRAY(t->arena, key_value, g->key_count + 1);
    if (!made || !kept_keys) {
        return spent(t);
    }
    made->hash = hash;
    made->keys = kept_keys;
    for (uint32_t i = 0; i < g->key_count; i++) {
        kept_keys[i] = (key_value){keys[i], value_dup(t->arena, shown[i])};
    }
    made->next = t->slots[hash & (t->slot_count - 1)];
    t->slots[hash & (t->slot_count - 1)] = made;
    t->group_count++;
    *out = made;
    return fits(t) ? CRM_OK : spent(t);
}

/* Of texts with one key the least by bytes is shown. */
static void show_least(group_table *t, group *of, const value *shown)
{
    for (uint32_t i = 0; i < t->g->key_count; i++) {
        key_value *k = &of->keys[i];
        if (shown[i].kind == VALUE_TEXT && str_cmp(shown[i].s, k->shown.s) < 0) {
            k->shown = value_dup(t->arena, shown[i]);
        }
    }
}

static crm_status find_group(group_table *t, const mark *keys, const value *shown, group **out)
{
    uint64_t hash = 0;
    if (t->newest && has_keys(t, t->newest, keys)) {
        *out = t->newest;
    } else {
        for (uint32_t i = 0; i < t->g->key_count; i++) {
            hash = mix(mix(hash ^ t->secret.k[0], keys[i].lo), keys[i].hi);
        }
        *out = t->slots[hash & (t->slot_count - 1)];
        while (*out && ((*out)->hash != hash || !has_keys(t, *out, keys))) {
            *out = (*out)->next;
        }
    }
    if (!*out) {
        return add_group(t, hash, keys, shown, out);
    }
    show_least(t, *out, shown);
    return arena_failed(t->arena) ? spent(t) : CRM_OK;
}

/* ---- what measures keep ---------------------------------------------------------------------- */

static crm_status keep(group_table *t, uint32_t at, kept *k, value v, bool is_key)
{
    const measure *m = &t->g->measures[at];
    const field *f = field_path_end(&m->path);
    mark own;
    crm_status st = CRM_OK;
    size_t used = t->budget.used;
    if (is_percentile(m->kind)) {
        st = group_kept_add(k, left(t), v.i);
    } else if (!field_is_text(f)) {
        st = group_kept_add_different(k, left(t), t->secret, v.i);
    } else {
        st = mark_of(t, f, v, is_key, &own);
        st = st ? st : group_kept_add_mark(k, left(t), own);
    }
    t->kept_by[at] += t->budget.used - used;
    return st == CRM_LIMIT ? spent(t) : st;
}

static crm_status take_value(group_table *t, uint32_t at, cell *c, value v, bool is_key)
{
    if (value_is_null(v)) {
        return CRM_OK;
    }
    bool is_first = c->count++ == 0;
    switch (t->g->measures[at].kind) {
    case MEASURE_SUM:
    case MEASURE_AVG:
        c->sum += v.i;
        return CRM_OK;
    case MEASURE_MIN:
        c->best = is_first || v.i < c->best ? v.i : c->best;
        return CRM_OK;
    case MEASURE_MAX:
        c->best = is_first || v.i > c->best ? v.i : c->best;
        return CRM_OK;
    case MEASURE_P50:
    case MEASURE_P90:
    case MEASURE_DISTINCT:
        return t->keeper[at] == at ? keep(t, at, &c->kept, v, is_key) : CRM_OK;
    default:
        return CRM_OK;
    }
}

crm_status group_table_add(group_table *t, const group_row *row)
{
    const grouping *g = t->g;
    value shown[GROUP_KEYS_MAX];
    mark own[GROUP_KEYS_MAX];
    group *of;
    crm_status st = CRM_OK;
    for (uint32_t i = 0; !st && i < g->key_count; i++) {
        const field *f = field_path_end(&g->keys[i].path);
        bool is_key = !value_is_null(row->compared[i]);
        shown[i] = group_bucket(g->keys[i].bucket, f, row->keys[i], g->rows.env.zone);
        st = mark_of(t, f, is_key ? row->compared[i] : shown[i], is_key, &own[i]);
    }
    st = st ? st : find_group(t, own, shown, &of);
    for (uint32_t i = 0; !st && i < g->measure_count; i++) {
        if (!(row->seen >> i & 1)) {
            continue;
        }
        if (g->measures[i].kind == MEASURE_COUNT) {
            of->cells[i].count++;
        } else {
            st = take_value(t, i, &of->cells[i], row->inputs[i], row->is_key >> i & 1);
        }
    }
    t->newest = st ? NULL : of;
    return st;
}

/* ---- giving ---------------------------------------------------------------------------------- */

static bool is_sum(measure_kind k)
{
    return k == MEASURE_SUM || k == MEASURE_AVG;
}

static bool overflows(const group_table *t, uint32_t position)
{
    for (uint32_t i = 0; i < t->slot_count; i++) {
        for (const group *at = t->slots[i]; at; at = at->next) {
            wide sum = at->cells[position].sum;
            if (sum != (int64_t)sum) {
                return true;
            }
        }
    }
    return false;
}

static crm_status check_sums(const group_table *t, engine_op *op)
{
    for (uint32_t i = 0; i < t->g->measure_count; i++) {
        if (is_sum(t->g->measures[i].kind) && overflows(t, i)) {
            op->count = i;
            return CRM_LIMIT;
        }
    }
    return CRM_OK;
}

static value percentile(const group_table *t, kept *k, uint32_t percent)
{
    uint64_t rank = ((uint64_t)k->count * percent + 99) / 100 - 1;
    return value_int(group_kept_select(k, t->secret, (uint32_t)rank));
}

static value figure(const group_table *t, group *of, uint32_t at)
{
    const measure *m = &t->g->measures[at];
    const cell *c = &of->cells[at];
    kept *values = &of->cells[t->keeper[at]].kept;
    switch (m->kind) {
    case MEASURE_COUNT:
    case MEASURE_FILLED:
        return value_int(c->count);
    case MEASURE_DISTINCT:
        return value_int(values->count);
    default:
        break;
    }
    if (!c->count) {
        return value_null();
    }
    if (is_percentile(m->kind)) {
        return percentile(t, values, m->kind == MEASURE_P50 ? 50 : 90);
    }
    return value_int(is_sum(m->kind) ? (int64_t)c->sum : c->best);
}

static bool give_group(const group_table *t, group *from, engine_op *op)
{
    const grouping *g = t->g;
    value keys[GROUP_KEYS_MAX], measures[MEASURES_MAX];
    int64_t filled[MEASURES_MAX];
    for (uint32_t i = 0; i < g->key_count; i++) {
        keys[i] = from->keys[i].shown;
    }
    for (uint32_t i = 0; i < g->measure_count; i++) {
        measures[i] = figure(t, from, i);
        filled[i] = g->measures[i].kind == MEASURE_AVG ? from->cells[i].count : 0;
    }
    op->count++;
    return !op->on_group || op->on_group(op->arg, keys, measures, filled);
}

crm_status group_table_give(group_table *t, engine_op *op)
{
    crm_status st = CRM_OK;
    if (!t->group_count && !t->g->key_count) {
        group *none;
        st = add_group(t, 0, NULL, NULL, &none);
    }
    op->count = st == CRM_LIMIT ? t->spent_by : 0;
    st = st ? st : check_sums(t, op);
    bool wants_more = st == CRM_OK;
    for (uint32_t i = 0; wants_more && i < t->slot_count; i++) {
        for (group *at = t->slots[i]; wants_more && at; at = at->next) {
            wants_more = give_group(t, at, op);
        }
    }
    return st;
}
