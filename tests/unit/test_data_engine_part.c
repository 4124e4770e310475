/* test_data_engine_part.c - lists that stop on their way and go on from there, on every engine. */
#include "engine_world.h"

#define DEALS 60

static void add_deals(bench *b)
{
    static const char *const names[] = {"а", "Ё", "е", "А", "ё"};
    bench_begin(b);
    for (int i = 0; i < DEALS; i++) {
        int64_t id = bench_deal(b, names[i % 5], i % 4);
        assert_ok(bench_set(b, id, DEAL_CLOSE, value_int(i % 6)));
        if (i % 7 == 0) {
            assert_ok(bench_set(b, id, DEAL_NAME, value_null()));
        }
        if (i % 11 == 0) {
            assert_ok(bench_set(b, id, COL_DELETED_AT, value_int(9)));
        }
    }
    bench_commit(b);
}

/* The rights of who sees all, and of who sees by something that no index knows. */
static const branches *rights_of_some(bench *b, bool sees_all)
{
    branches *all = arena_alloc(b->w->arena, sizeof *all);
    assert_non_null(all);
    memset(all, 0, sizeof *all);
    all->count = 1;
    memset(all->at[0].fields, 0xff, sizeof all->at[0].fields);
    if (!sees_all) {
        all->at[0].where = world_cond(b->w, COND_GT, deal_field(b->w, DEAL_CLOSE), value_int(1));
    }
    return all;
}

static query some_list(bench *b, uint32_t by, bool descends, bool sees_all)
{
    query q = {.entity = &b->w->deal,
               .rights = rights_of_some(b, sees_all),
               .need = 1,
               .limit = 4,
               .sort_count = by ? 1 : 0,
               .sorts = {{&b->w->deal.fields[by ? by : COL_ID], descends}}};
    q.where = world_cond(b->w, COND_LT, deal_field(b->w, DEAL_CLOSE), value_int(4));
    return q;
}

static void check_parts(bench *b, query q)
{
    ids whole, got;
    query all = q;
    all.limit = DEALS;
    bench_stop_lists(b, 0);
    bench_list(b->reader, &all, &whole);
    assert_ok(whole.status);
    assert_true(whole.count > 10);
    for (uint32_t rows = 1; rows < 9; rows += 3) {
        bench_stop_lists(b, rows);
        uint32_t stops = bench_list_in_parts(b, q, &got);
        assert_true(rows > 1 || stops > 10); /* with more a page may be full before */
        assert_ok(got.status);
        assert_int_equal(got.count, whole.count);
        assert_memory_equal(got.at, whole.at, whole.count * sizeof whole.at[0]);
    }
}

static void its_parts_are_the_whole_list(void **state)
{
    bench *b = *state;
    static const uint32_t sorts[] = {0, COL_ID, DEAL_AMOUNT, DEAL_NAME};
    add_deals(b);
    for (size_t i = 0; i < 16; i++) {
        check_parts(b, some_list(b, sorts[i / 4], i & 1, i & 2));
    }
}

static void a_bound_of_the_order_is_kept(void **state)
{
    bench *b = *state;
    add_deals(b);
    query q = some_list(b, DEAL_AMOUNT, true, true);
    const cond *bound = world_cond(b->w, COND_LTE, deal_field(b->w, DEAL_AMOUNT), value_int(2));
    q.where = cond_and(b->w->arena, q.where, bound);
    check_parts(b, q);
    q = some_list(b, 0, false, false);
    q.where = cond_and(b->w->arena, q.where,
                       world_cond(b->w, COND_GT, deal_field(b->w, COL_ID), value_int(9)));
    check_parts(b, q);
}

/* ---- by its time ----------------------------------------------------------------------------- */

typedef struct seen {
    uint32_t rows, places;
} seen;

static bool see_row(void *arg, const value *row, uint32_t bits)
{
    (void)row;
    (void)bits;
    ((seen *)arg)->rows++;
    return true;
}

static void see_place(void *arg, const value *row, int percent)
{
    (void)row;
    (void)percent;
    ((seen *)arg)->places++;
}

static engine_op list_that_may_stop(const query *q, seen *s)
{
    return (engine_op){.kind = ENGINE_LIST,
                       .entity = q->entity,
                       .query = q,
                       .on_row = see_row,
                       .on_place = see_place,
                       .stop_after_us = 1,
                       .arg = s};
}

/* The same op is asked again: what it said before is gone. */
static void it_stops_by_its_time_and_not_without_one(void **state)
{
    bench *b = *state;
    seen s = {0};
    for (int i = 0; i < 30; i++) {
        add_deals(b);
    }
    query q = some_list(b, 0, false, true);
    q.where = world_cond(b->w, COND_HAS, deal_field(b->w, DEAL_NAME), value_text(CRM_S("zz")));
    engine_op op = list_that_may_stop(&q, &s);
    engine_batch batch = {.ops = &op, .count = 1, .limit_us = 60000000};
    assert_ok(engine_read_now(b->reader, &batch));
    assert_true(op.is_partial);
    assert_int_equal(s.places, 1);
    op.stop_after_us = 60000000;
    assert_ok(engine_read_now(b->reader, &batch));
    assert_false(op.is_partial);
    assert_int_equal(s.places, 1);
}

static void one_that_nobody_waits_for_has_no_part(void **state)
{
    bench *b = *state;
    seen s = {0};
    atomic_bool is_gone = true;
    query q = some_list(b, 0, false, true);
    q.where = world_cond(b->w, COND_HAS, deal_field(b->w, DEAL_NAME), value_text(CRM_S("zz")));
    engine_op op = list_that_may_stop(&q, &s);
    engine_batch batch = {.ops = &op, .count = 1, .stop = &is_gone};
    for (int i = 0; i < 30; i++) {
        add_deals(b);
    }
    op.stop_after_us = 60000000;
    assert_int_equal(engine_read_now(b->reader, &batch), CRM_TIMEOUT);
    assert_true(batch.interrupted && !op.is_partial);
    assert_int_equal(s.places, 0);
}

/* The first row of such a list is known after the last: nothing of it can be shown. */
static void one_without_an_order_has_no_part(void **state)
{
    bench *b = *state;
    seen s = {0};
    add_deals(b);
    bench_stop_lists(b, 3);
    query q = some_list(b, DEAL_CLOSE, false, true);
    engine_op op = list_that_may_stop(&q, &s);
    engine_batch batch = {.ops = &op, .count = 1};
    assert_ok(engine_read_now(b->reader, &batch));
    bool has_indexes = strcmp(b->e->ops->name, "sqlite") == 0;
    assert_int_equal(op.is_unordered, has_indexes);
    assert_int_equal(op.is_partial, !has_indexes);
    q.sorts[0].field = deal_field(b->w, DEAL_AMOUNT);
    assert_ok(engine_read_now(b->reader, &batch));
    assert_false(op.is_unordered);
}

static void see_close(void *arg, const value *row, int percent)
{
    (void)percent;
    assert_true(row[DEAL_CLOSE].i > 1);
    ((seen *)arg)->places++;
}

/* The cursor made of it tells the fields that the list is sorted by. */
static void its_place_is_a_row_the_asker_may_see(void **state)
{
    bench *b = *state;
    seen s = {0};
    add_deals(b);
    query q = some_list(b, COL_ID, false, false);
    q.sorts[q.sort_count++] = (sort){deal_field(b->w, DEAL_CLOSE), false};
    q.where = world_cond(b->w, COND_HAS, deal_field(b->w, DEAL_NAME), value_text(CRM_S("zz")));
    engine_op op = list_that_may_stop(&q, &s);
    engine_batch batch = {.ops = &op, .count = 1};
    op.on_place = see_close;
    op.stop_after_us = 60000000;
    for (uint32_t rows = 1; rows < 20; rows++) {
        bench_stop_lists(b, rows);
        assert_ok(engine_read_now(b->reader, &batch));
    }
    bool has_indexes = strcmp(b->e->ops->name, "sqlite") == 0;
    assert_true(s.places > 0 || has_indexes); /* which know no such order */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ALL(its_parts_are_the_whole_list),
        ON_ALL(a_bound_of_the_order_is_kept),
        ON_ALL(it_stops_by_its_time_and_not_without_one),
        ON_ALL(one_without_an_order_has_no_part),
        ON_ALL(one_that_nobody_waits_for_has_no_part),
        ON_ALL(its_place_is_a_row_the_asker_may_see),
    };
    return RUN_ON_ALL(tests);
}
