/* oracle_groups.c - random groupings to both engines, whose figures must be the same. */
#include "base/zone.h"
#include "oracle.h"

#define FIGURES_MAX 4000

/* ---- questions ------------------------------------------------------------------------------- */

/* Up to two references away, under rights or not. */
static field_path some_field_path(maker *m, const entity *e)
{
    field_path p = {.length = 0};
    while (p.length + 1 < COND_PATH_MAX && roll(&m->d, 3) == 0) {
        const field *link = some_such(&m->d, e, is_link);
        if (!link) {
            break;
        }
        p.hop[p.length] = roll(&m->d, 2) ? some_branches(m, link->ref) : NULL;
        p.at[p.length++] = link;
        e = link->ref;
    }
    p.at[p.length++] = roll(&m->d, 6) ? some_own(&m->d, e) : &e->fields[roll(&m->d, COL_MARKS)];
    return p;
}

static bool has_numbers(const entity *e)
{
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        if (group_takes_sum(&e->fields[i])) {
            return true;
        }
    }
    return false;
}

static field_path some_fitting_path(maker *m, const entity *e, bool (*takes)(const field *f))
{
    field_path p;
    do {
        p = some_field_path(m, e);
    } while (takes && !takes(field_path_end(&p)));
    return p;
}

static group_key some_key(maker *m, const entity *e)
{
    group_key k = {.path = some_fitting_path(m, e, group_takes_key)};
    bucket b = (bucket)roll(&m->d, BUCKET_COUNT);
    k.bucket = group_takes_bucket(field_path_end(&k.path), b) ? b : BUCKET_NONE;
    return k;
}

static measure some_measure(maker *m, const entity *e)
{
    static const measure_kind any[] = {MEASURE_COUNT, MEASURE_FILLED, MEASURE_DISTINCT,
                                       MEASURE_SHARE};
    static const measure_kind sums[] = {MEASURE_SUM, MEASURE_AVG};
    static const measure_kind orders[] = {MEASURE_MIN, MEASURE_MAX, MEASURE_P50, MEASURE_P90};
    measure out = {.where = roll(&m->d, 3) ? NULL : some_cond(m, e, 1)};
    uint32_t way = has_numbers(e) ? roll(&m->d, 3) : 0;
    out.kind = way == 0 ? PICK(&m->d, any) : way == 1 ? PICK(&m->d, sums) : PICK(&m->d, orders);
    bool (*takes)(const field *) = out.kind == MEASURE_DISTINCT ? group_takes_key
                                   : way == 1                   ? group_takes_sum
                                   : way == 2                   ? group_takes_order
                                                                : NULL;
    if (out.kind != MEASURE_COUNT && out.kind != MEASURE_SHARE) {
        out.path = some_fitting_path(m, e, takes);
    }
    return out;
}

static grouping *some_grouping(maker *m)
{
    grouping *g = oracle_alloc(m, sizeof *g);
    g->rows = some_query(m);
    g->rows.where = roll(&m->d, 2) ? g->rows.where : NULL; /* groups without rows tell little */
    g->rows.rights = roll(&m->d, 3) ? g->rows.rights : NULL;
    assert_ok(zone_load(m->w->arena, CRM_S("Europe/Berlin"), &g->rows.env.zone));
    g->key_count = roll(&m->d, GROUP_KEYS_MAX + 1);
    g->measure_count = 1 + roll(&m->d, 5);
    for (uint32_t i = 0; i < g->key_count; i++) {
        g->keys[i] = some_key(m, g->rows.entity);
    }
    for (uint32_t i = 0; i < g->measure_count; i++) {
        g->measures[i] = some_measure(m, g->rows.entity);
    }
    return g;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Groups come in any order: each is a line of text, and the lines are sorted. */
typedef struct answer {
    const grouping *g;
    arena *arena;
    crm_str lines[FIGURES_MAX];
    uint32_t count;
    int64_t op_count;
    crm_status status;
} answer;

static void put(buf *out, value v)
{
    if (v.kind == VALUE_TEXT) {
        buf_char(out, '"');
        buf_str(out, v.s);
        buf_char(out, '"');
    } else if (v.kind == VALUE_INT) {
        buf_int(out, v.i);
    } else {
        buf_char(out, '-');
    }
    buf_char(out, ' ');
}

static bool take_group(void *arg, const value *keys, const value *measures, const int64_t *filled)
{
    answer *a = arg;
    buf line;
    buf_init(&line, 0);
    assert_true(a->count < FIGURES_MAX);
    for (uint32_t i = 0; i < a->g->key_count; i++) {
        put(&line, keys[i]);
    }
    buf_z(&line, "| ");
    for (uint32_t i = 0; i < a->g->measure_count; i++) {
        put(&line, measures[i]);
        buf_int(&line, filled[i]);
        buf_char(&line, ' ');
    }
    a->lines[a->count++] = arena_dup(a->arena, buf_view(&line));
    buf_free(&line);
    return true;
}

static int compare_lines(const void *x, const void *y)
{
    return str_cmp(*(const crm_str *)x, *(const crm_str *)y);
}

static void ask(bench *b, const grouping *g, answer *out)
{
    engine_op op = {.kind = ENGINE_GROUP,
                    .entity = g->rows.entity,
                    .grouping = g,
                    .on_group = take_group,
                    .arg = out};
    engine_batch batch = {.ops = &op, .count = 1};
    out->g = g;
    out->arena = b->w->arena;
    out->count = 0;
    out->status = engine_read_now(b->reader, &batch);
    out->op_count = op.count;
    qsort(out->lines, out->count, sizeof out->lines[0], compare_lines);
}

static void tell_grouping(const grouping *g)
{
    static const char *const kinds[] = {
#define X(name, text) text,
        MEASURE_MAP(X)
#undef X
    };
    tell_query(&g->rows);
    for (uint32_t i = 0; i < g->key_count; i++) {
        print_message("  by %d steps %.*s bucket %d\n", g->keys[i].path.length,
                      STR_FMT(field_path_end(&g->keys[i].path)->name), g->keys[i].bucket);
    }
    for (uint32_t i = 0; i < g->measure_count; i++) {
        const measure *m = &g->measures[i];
        crm_str name = m->path.length ? field_path_end(&m->path)->name : CRM_S("");
        print_message("  %s %d steps %.*s%s\n", kinds[m->kind], m->path.length, STR_FMT(name),
                      m->where ? " filtered" : "");
    }
}

static bool is_equal(const answer *x, const answer *y)
{
    bool equal = x->status == y->status && x->count == y->count && x->op_count == y->op_count;
    for (uint32_t i = 0; equal && i < x->count; i++) {
        equal = str_eq(x->lines[i], y->lines[i]);
    }
    return equal;
}

static void tell_answer(const char *title, const answer *a)
{
    print_message("%s: status %d count %lld\n", title, a->status, (long long)a->op_count);
    for (uint32_t i = 0; i < a->count; i++) {
        print_message("    %.*s\n", STR_FMT(a->lines[i]));
    }
}

void group_both(bench *x, bench *y, uint64_t number)
{
    static answer ax, ay;
    maker mx = {x->w, dice_of(number), 0}, my = {y->w, dice_of(number), 0};
    const grouping *gx = some_grouping(&mx), *gy = some_grouping(&my);
    ask(x, gx, &ax);
    if (ax.status == CRM_TOO_LARGE) {
        return; /* nested deeper than SQLite reads */
    }
    ask(y, gy, &ay);
    if (!is_equal(&ax, &ay)) {
        tell_grouping(gx);
        tell_answer("sqlite", &ax);
        tell_answer("memory", &ay);
        fail();
    }
}
