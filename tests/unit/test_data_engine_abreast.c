/*
 * test_data_engine_abreast.c - lists out of several ranges (rights of several kinds, values of an
 * indexed field) stop on their way too and go on from there, on every engine.
 */
#include "engine_world.h"

#include "data/engine_sqlite.h"

#define DEALS  90
#define OWNERS 45 /* more than there are lanes */
#define ME     2

/* The usual deals with the indexes that a registry derives for a list by amount. */
static int begin(void **state)
{
    static entity_index indexes[16];
    world *w = world_new();
    uint32_t n = w->deal.index_count;
    memcpy(indexes, w->deal.indexes, n * sizeof indexes[0]);
    indexes[n++] = (entity_index){.field = {DEAL_OWNER, DEAL_AMOUNT}, .count = 2};
    indexes[n++] = (entity_index){.field = {DEAL_STAGE, DEAL_AMOUNT}, .count = 2};
    w->deal.indexes = indexes;
    w->deal.index_count = n;
    *state = bench_new_chosen(w);
    return 0;
}

static void add_deals(bench *b)
{
    bench_begin(b);
    for (int i = 0; i < DEALS; i++) {
        int64_t id = bench_deal(b, i % 2 ? "a" : "b", i % 5);
        assert_ok(bench_set(b, id, DEAL_OWNER, value_int(1 + i % OWNERS)));
        assert_ok(bench_set(b, id, DEAL_STAGE, value_text(str_of(i % 3 ? "new" : "won"))));
        assert_ok(bench_set(b, id, DEAL_CLOSE, value_int(i % 4)));
        if (i % 11 == 0) {
            assert_ok(bench_set(b, id, COL_DELETED_AT, value_int(9)));
        }
    }
    bench_commit(b);
}

static const cond *owned_by(bench *b, uint32_t first, uint32_t count)
{
    value *who = arena_alloc(b->w->arena, count * sizeof *who);
    assert_non_null(who);
    for (uint32_t i = 0; i < count; i++) {
        who[i] = value_int(first + i);
    }
    return cond_in(b->w->arena, deal_field(b->w, DEAL_OWNER), who, count);
}

static const cond *won(bench *b)
{
    return world_cond(b->w, COND_EQ, deal_field(b->w, DEAL_STAGE), value_text(CRM_S("won")));
}

/* Rights of so many branches; NULL: every row. */
static branches *rights(bench *b, uint32_t count, const cond *first, const cond *second)
{
    branches *all = arena_alloc(b->w->arena, sizeof *all);
    assert_non_null(all);
    memset(all, 0, sizeof *all);
    all->count = count;
    for (uint32_t i = 0; i < count; i++) {
        memset(all->at[i].fields, 0xff, sizeof all->at[i].fields);
        all->at[i].where = i ? second : first;
    }
    return all;
}

/* What is asked besides has no index, so every row of a range has to be looked at. */
static query list_by(bench *b, uint32_t by, bool descends, const branches *of)
{
    query q = {.entity = &b->w->deal,
               .env = {.me = ME},
               .rights = of,
               .need = 3,
               .limit = 4,
               .sort_count = by ? 1 : 0,
               .sorts = {{&b->w->deal.fields[by ? by : COL_ID], descends}}};
    q.where = world_cond(b->w, COND_LT, deal_field(b->w, DEAL_CLOSE), value_int(3));
    return q;
}

static bool has_indexes(const bench *b)
{
    return strcmp(b->e->ops->name, "sqlite") == 0;
}

static bool is_merged(bench *b, const query *q)
{
    buf plan;
    buf_init(&plan, 0);
    assert_ok(engine_sqlite_explain(b->reader, q, ENGINE_LIST, &plan));
    bool is = str_starts(buf_view(&plan), CRM_S("merge\n"));
    buf_free(&plan);
    return is;
}

static void check_parts(bench *b, query q)
{
    static ids whole, got;
    query all = q;
    all.limit = DEALS;
    bench_stop_lists(b, 0);
    bench_list(b->reader, &all, &whole);
    assert_ok(whole.status);
    assert_true(whole.count > 10);
    for (uint32_t rows = 1; rows < 9; rows += 3) {
        bench_stop_lists(b, rows);
        uint32_t stops = bench_list_in_parts(b, q, &got);
        assert_ok(got.status);
        assert_true(rows > 1 || stops > 10); /* with more a page may be full before */
        assert_int_equal(got.count, whole.count);
        assert_memory_equal(got.at, whole.at, whole.count * sizeof whole.at[0]);
        assert_memory_equal(got.branches, whole.branches, whole.count * sizeof whole.branches[0]);
    }
}

static const uint32_t sorts[] = {DEAL_AMOUNT, COL_CREATED_AT, 0};

static void check_orders(bench *b, const branches *of, uint32_t orders, bool merges)
{
    for (uint32_t i = 0; i < orders * 2; i++) {
        query q = list_by(b, sorts[i / 2], i & 1, of);
        bench_stop_lists(b, 1);
        assert_true(!has_indexes(b) || is_merged(b, &q) == merges);
        check_parts(b, q);
    }
}

/* Rows of both come twice, once by each. */
static void rights_of_two_kinds_are_merged_in_parts(void **state)
{
    bench *b = *state;
    add_deals(b);
    check_orders(b, rights(b, 2, owned_by(b, 1, 9), won(b)), 1, true);
}

static void one_branch_with_many_rows_of_its_own_comes_in_parts(void **state)
{
    bench *b = *state;
    add_deals(b);
    check_orders(b, rights(b, 1, won(b), NULL), 1, false);
    check_orders(b, rights(b, 1, owned_by(b, 1, 20), NULL), 2, true);
}

/* There are more ranges than are read side by side: then all rows are passed in their order. */
static void a_merge_too_wide_for_that_comes_in_parts(void **state)
{
    bench *b = *state;
    add_deals(b);
    check_orders(b, rights(b, 1, owned_by(b, 1, OWNERS - 2), NULL), 2, true);
    check_orders(b, rights(b, 2, owned_by(b, 1, OWNERS - 5), won(b)), 1, true);
}

static void values_of_an_indexed_field_come_in_parts(void **state)
{
    bench *b = *state;
    value stages[] = {value_text(CRM_S("new")), value_text(CRM_S("won"))};
    value amounts[] = {value_int(1), value_int(2), value_int(4)};
    add_deals(b);
    query q = list_by(b, DEAL_AMOUNT, true, rights(b, 1, NULL, NULL));
    const cond *close = q.where;
    q.where =
        cond_and(b->w->arena, close, cond_in(b->w->arena, deal_field(b->w, DEAL_STAGE), stages, 2));
    check_parts(b, q);
    /* The index that has the order leads by what is asked, so that the rows do not come in it. */
    q.where = cond_and(b->w->arena, close,
                       cond_in(b->w->arena, deal_field(b->w, DEAL_AMOUNT), amounts, 3));
    check_parts(b, q);
}

/* ---- what a place and the progress tell ------------------------------------------------------ */

typedef struct places {
    query q;
    arena *arena;
    int64_t at[DEALS * 3];
    int percent[DEALS * 3];
    uint32_t count;
    bool goes_on;
} places;

static bool note_row(void *arg, const value *row, uint32_t bits)
{
    (void)arg;
    (void)row;
    (void)bits;
    return true;
}

static void note_place(void *arg, const value *row, int percent)
{
    places *p = arg;
    assert_true(p->count < sizeof p->at / sizeof p->at[0]);
    p->at[p->count] = row[COL_ID].i;
    p->percent[p->count++] = percent;
    p->goes_on = true;
    p->q.after = (cursor){.id = row[COL_ID].i, .is_set = true};
    p->q.after.at[0] = value_dup(p->arena, row[DEAL_AMOUNT]);
}

/* All places of a list that finds nothing and stops as soon as it can. */
static void walk_places(bench *b, places *out)
{
    query q = list_by(b, DEAL_AMOUNT, true, rights(b, 2, owned_by(b, 1, 9), won(b)));
    q.where = world_cond(b->w, COND_HAS, deal_field(b->w, DEAL_NAME), value_text(CRM_S("zz")));
    *out = (places){.q = q, .arena = b->w->arena, .goes_on = true};
    bench_stop_lists(b, 1);
    while (out->goes_on) {
        query asked = out->q;
        engine_op op = {.kind = ENGINE_LIST,
                        .entity = asked.entity,
                        .query = &asked,
                        .on_row = note_row,
                        .on_place = note_place,
                        .stop_after_us = 60000000,
                        .arg = out};
        engine_batch batch = {.ops = &op, .count = 1};
        out->goes_on = false;
        assert_ok(engine_read_now(b->reader, &batch));
        assert_int_equal(op.is_partial, out->goes_on);
    }
}

/* A place is a row of his, and how far it is counts those alone: others' come and go unseen. */
static void they_say_nothing_of_hidden_rows(void **state)
{
    bench *b = *state;
    static places before, after;
    add_deals(b);
    walk_places(b, &before);
    assert_true(before.count > 10);
    for (uint32_t i = 0; i < before.count; i++) {
        row_copy row;
        assert_ok(bench_get(b, b->reader, before.at[i], NULL, &row));
        assert_true(row.row[DEAL_OWNER].i < 10 || str_is(row.row[DEAL_STAGE].s, "won"));
        assert_true(!i || before.percent[i] >= before.percent[i - 1]);
    }
    assert_true(before.percent[before.count - 1] > 50 || !has_indexes(b));
    bench_begin(b);
    for (int i = 0; i < DEALS; i++) {
        int64_t id = bench_deal(b, "hidden", i % 5);
        assert_ok(bench_set(b, id, DEAL_OWNER, value_int(OWNERS)));
    }
    bench_commit(b);
    walk_places(b, &after);
    assert_int_equal(after.count, before.count);
    assert_memory_equal(after.at, before.at, before.count * sizeof before.at[0]);
    assert_memory_equal(after.percent, before.percent, before.count * sizeof before.percent[0]);
}

static void note_first_place(void *arg, const value *row, int percent)
{
    (void)row;
    (void)percent;
    ++*(uint32_t *)arg;
}

static void they_stop_by_their_time_and_not_without_one(void **state)
{
    bench *b = *state;
    uint32_t stops = 0;
    for (int i = 0; i < 15; i++) {
        add_deals(b);
    }
    bench_stop_lists(b, 1000000);
    query q = list_by(b, DEAL_AMOUNT, false, rights(b, 2, owned_by(b, 1, 9), won(b)));
    q.where = world_cond(b->w, COND_HAS, deal_field(b->w, DEAL_NAME), value_text(CRM_S("zz")));
    engine_op op = {.kind = ENGINE_LIST,
                    .entity = q.entity,
                    .query = &q,
                    .on_row = note_row,
                    .on_place = note_first_place,
                    .stop_after_us = 1,
                    .arg = &stops};
    engine_batch batch = {.ops = &op, .count = 1, .limit_us = 60000000};
    assert_ok(engine_read_now(b->reader, &batch));
    assert_true(op.is_partial);
    assert_int_equal(stops, 1);
    op.stop_after_us = 60000000;
    assert_ok(engine_read_now(b->reader, &batch));
    assert_false(op.is_partial);
    assert_int_equal(stops, 1);
}

#define MERGED(test) cmocka_unit_test_setup_teardown(test, begin, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MERGED(rights_of_two_kinds_are_merged_in_parts),
        MERGED(one_branch_with_many_rows_of_its_own_comes_in_parts),
        MERGED(a_merge_too_wide_for_that_comes_in_parts),
        MERGED(values_of_an_indexed_field_come_in_parts),
        MERGED(they_say_nothing_of_hidden_rows),
        MERGED(they_stop_by_their_time_and_not_without_one),
    };
    return RUN_ON_ALL(tests);
}
