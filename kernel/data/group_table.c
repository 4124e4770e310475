/* group_table.c - a hash table of groups by their keys, with a cell for each measure. */
#include "data/group_table.h"

#include "data/field.h"

__extension__ typedef __int128 wide;

/* A growing list of numbers, or an open-addressed set of values at most half full. */
typedef struct kept {
    int64_t *numbers;
    value *set; /* NULL: a free place */
    uint32_t count, cap;
} kept;

typedef struct cell {
    int64_t count; /* rows, or rows with a value */
    union {
        wide sum;
        int64_t best;
        kept kept;
    };
} cell;

/* A key as it compares, and as it is shown: the same but for folded texts. */
typedef struct key_value {
    value compared, shown;
} key_value;

typedef struct group {
    struct group *next; /* of the slot */
    uint64_t hash;
    key_value *keys;
    cell cells[];
} group;

struct group_table {
    const grouping *g;
    arena *arena;   /* groups and their texts */
    arena *scratch; /* sort keys of the row at hand */
    group **slots;
    uint32_t slot_count, group_count; /* the first a power of two */
    size_t bytes;                     /* beside the arena */
    group *newest;                    /* rows often come with the keys of the row before */
};

/* ---- making and freeing ---------------------------------------------------------------------- */

#define SLOTS_FIRST 64

group_table *group_table_new(const grouping *g)
{
    group_table *t = calloc(1, sizeof *t);
    if (!t) {
        return NULL;
    }
    t->g = g;
    t->arena = arena_new(GROUP_MEMORY_MAX);
    t->scratch = arena_new(0);
    t->slots = calloc(SLOTS_FIRST, sizeof(group *));
    t->slot_count = SLOTS_FIRST;
    if (!t->arena || !t->scratch || !t->slots) {
        group_table_free(t);
        return NULL;
    }
    return t;
}

static bool is_percentile(measure_kind k)
{
    return k == MEASURE_P50 || k == MEASURE_P90;
}

static void free_kept(const group_table *t, group *of)
{
    for (uint32_t i = 0; i < t->g->measure_count; i++) {
        if (is_percentile(t->g->measures[i].kind)) {
            free(of->cells[i].kept.numbers);
        } else if (t->g->measures[i].kind == MEASURE_DISTINCT) {
            free(of->cells[i].kept.set);
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
            free_kept(t, at);
        }
    }
    free(t->slots);
    arena_free(t->arena);
    arena_free(t->scratch);
    free(t);
}

/* Takes bytes of the budget that the arena does not know of. */
static bool may_take(group_table *t, size_t bytes)
{
    t->bytes += bytes;
    return t->bytes + arena_used(t->arena) <= GROUP_MEMORY_MAX;
}

/* ---- hashing and comparing ------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9E3779B97F4A7C15u;
    return h ^ h >> 29;
}

static uint64_t hash_value(uint64_t h, value v)
{
    h = mix(h, v.kind);
    return mix(h, v.kind == VALUE_TEXT ? str_hash(v.s) : (uint64_t)v.i);
}

/* The value by which others of the field are told apart. */
static crm_status compared(group_table *t, const field *f, value v, value *out)
{
    *out = v;
    return v.kind == VALUE_TEXT ? field_key_make(t->scratch, f, v.s, &out->s) : CRM_OK;
}

static bool is_same(value x, value y)
{
    return x.kind == y.kind && (x.kind == VALUE_TEXT ? str_eq(x.s, y.s) : x.i == y.i);
}

static bool has_keys(const group_table *t, const group *of, const value *keys)
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
    group **slots =
        may_take(t, t->slot_count * sizeof(group *)) ? calloc(count, sizeof *slots) : NULL;
    if (!slots) {
        return CRM_LIMIT;
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

static crm_status add_group(group_table *t, uint64_t hash, const value *keys, const value *shown,
                            group **out)
{
    const grouping *g = t->g;
    crm_status st = grow_slots(t);
    group *made = arena_alloc(t->arena, sizeof *made + g->measure_count * sizeof(cell));
    key_value *kept_keys = ARENA_ARRAY(t->arena, key_value, g->key_count + 1);
    if (st != CRM_OK || !made || !kept_keys) {
        return CRM_LIMIT;
    }
    made->hash = hash;
    made->keys = kept_keys;
    for (uint32_t i = 0; i < g->key_count; i++) {
        value v = value_dup(t->arena, keys[i]);
        bool is_same_text = value_equal(keys[i], shown[i]);
        kept_keys[i] = (key_value){v, is_same_text ? v : value_dup(t->arena, shown[i])};
    }
    made->next = t->slots[hash & (t->slot_count - 1)];
    t->slots[hash & (t->slot_count - 1)] = made;
    t->group_count++;
    *out = made;
    return arena_failed(t->arena) || !may_take(t, 0) ? CRM_LIMIT : CRM_OK;
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

static crm_status find_group(group_table *t, const value *keys, const value *shown, group **out)
{
    uint64_t hash = 0;
    if (t->newest && has_keys(t, t->newest, keys)) {
        *out = t->newest;
    } else {
        for (uint32_t i = 0; i < t->g->key_count; i++) {
            hash = hash_value(hash, keys[i]);
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
    return arena_failed(t->arena) ? CRM_LIMIT : CRM_OK;
}

/* ---- what measures keep ---------------------------------------------------------------------- */

#define KEPT_FIRST 8

static crm_status keep_number(group_table *t, kept *k, int64_t i)
{
    if (k->count == k->cap) {
        uint32_t cap = k->cap ? k->cap * 2 : KEPT_FIRST;
        int64_t *grown = may_take(t, (cap - k->cap) * sizeof *grown)
                             ? realloc(k->numbers, cap * sizeof *grown)
                             : NULL;
        if (!grown) {
            return CRM_LIMIT;
        }
        k->numbers = grown;
        k->cap = cap;
    }
    k->numbers[k->count++] = i;
    return CRM_OK;
}

/* Where the value stands or would stand. */
static value *find_place(const kept *k, value v)
{
    uint64_t at = hash_value(0, v);
    while (!value_is_null(k->set[at & (k->cap - 1)]) && !is_same(k->set[at & (k->cap - 1)], v)) {
        at++;
    }
    return &k->set[at & (k->cap - 1)];
}

static crm_status grow_set(group_table *t, kept *k)
{
    kept grown = {.cap = k->cap ? k->cap * 2 : KEPT_FIRST, .count = k->count};
    bool may = may_take(t, (grown.cap - k->cap) * sizeof *grown.set);
    grown.set = may ? calloc(grown.cap, sizeof *grown.set) : NULL;
    if (!grown.set) {
        return CRM_LIMIT;
    }
    for (uint32_t i = 0; i < k->cap; i++) {
        if (!value_is_null(k->set[i])) {
            *find_place(&grown, k->set[i]) = k->set[i];
        }
    }
    free(k->set);
    *k = grown;
    return CRM_OK;
}

static crm_status keep_different(group_table *t, kept *k, value v)
{
    crm_status st = k->count * 2 >= k->cap ? grow_set(t, k) : CRM_OK;
    if (st != CRM_OK) {
        return st;
    }
    value *place = find_place(k, v);
    if (value_is_null(*place)) {
        *place = value_dup(t->arena, v);
        k->count++;
    }
    return arena_failed(t->arena) || !may_take(t, 0) ? CRM_LIMIT : CRM_OK;
}

static crm_status take_value(group_table *t, const measure *m, cell *c, value v)
{
    if (value_is_null(v)) {
        return CRM_OK;
    }
    bool is_first = c->count++ == 0;
    switch (m->kind) {
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
        return keep_number(t, &c->kept, v.i);
    case MEASURE_DISTINCT: {
        crm_status st = compared(t, field_path_end(&m->path), v, &v);
        return st ? st : keep_different(t, &c->kept, v);
    }
    default:
        return CRM_OK;
    }
}

crm_status group_table_add(group_table *t, const value *keys, const value *inputs, uint32_t seen)
{
    const grouping *g = t->g;
    value shown[GROUP_KEYS_MAX], own[GROUP_KEYS_MAX];
    group *of;
    crm_status st = CRM_OK;
    for (uint32_t i = 0; !st && i < g->key_count; i++) {
        const field *f = field_path_end(&g->keys[i].path);
        shown[i] = group_bucket(g->keys[i].bucket, f, keys[i], g->rows.env.zone);
        st = compared(t, f, shown[i], &own[i]);
    }
    st = st ? st : find_group(t, own, shown, &of);
    for (uint32_t i = 0; !st && i < g->measure_count; i++) {
        if (!(seen >> i & 1)) {
            continue;
        }
        if (g->measures[i].kind == MEASURE_COUNT) {
            of->cells[i].count++;
        } else {
            st = take_value(t, &g->measures[i], &of->cells[i], inputs[i]);
        }
    }
    t->newest = st ? NULL : of;
    arena_reset(t->scratch);
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

static int compare_numbers(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

static value percentile(const kept *k, uint32_t percent)
{
    qsort(k->numbers, k->count, sizeof *k->numbers, compare_numbers);
    return value_int(k->numbers[((uint64_t)k->count * percent + 99) / 100 - 1]);
}

static value figure(const measure *m, const cell *c)
{
    switch (m->kind) {
    case MEASURE_COUNT:
    case MEASURE_FILLED:
        return value_int(c->count);
    case MEASURE_DISTINCT:
        return value_int(c->kept.count);
    default:
        break;
    }
    if (!c->count) {
        return value_null();
    }
    if (is_percentile(m->kind)) {
        return percentile(&c->kept, m->kind == MEASURE_P50 ? 50 : 90);
    }
    return value_int(is_sum(m->kind) ? (int64_t)c->sum : c->best);
}

static bool give_group(const group_table *t, const group *from, engine_op *op)
{
    const grouping *g = t->g;
    value keys[GROUP_KEYS_MAX], measures[MEASURES_MAX];
    int64_t filled[MEASURES_MAX];
    for (uint32_t i = 0; i < g->key_count; i++) {
        keys[i] = from->keys[i].shown;
    }
    for (uint32_t i = 0; i < g->measure_count; i++) {
        measures[i] = figure(&g->measures[i], &from->cells[i]);
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
    op->count = st ? -1 : 0;
    st = st ? st : check_sums(t, op);
    bool wants_more = st == CRM_OK;
    for (uint32_t i = 0; wants_more && i < t->slot_count; i++) {
        for (const group *at = t->slots[i]; wants_more && at; at = at->next) {
            wants_more = give_group(t, at, op);
        }
    }
    return st;
}
