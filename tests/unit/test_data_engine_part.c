/* test_data_engine_part.c - lists that stop on their way and go on from there, on every engine. */
#include "engine_world.h"

#include "data/engine_sqlite.h"

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
    assert_int_equal(op.is_partial, !has_indexes);
}

/* ---- what its place and its progress tell ---------------------------------------------------- */

#define IDS_MAX 400

/* How far the list was at each of its places, by the id of the row; -1: it stopped nowhere there.
 */
typedef struct places {
    query q;
    arena *arena;
    int percent[IDS_MAX];
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
    int64_t id = row[COL_ID].i;
    assert_in_range(id, 1, IDS_MAX - 1);
    p->percent[id] = percent;
    p->count++;
    p->goes_on = true;
    p->q.after = (cursor){.id = id, .is_set = true};
    for (uint32_t i = 0; i < p->q.sort_count; i++) {
        p->q.after.at[i] = value_dup(p->arena, row[p->q.sorts[i].field->index]);
    }
}

/* All places of a list that finds nothing and stops as soon as it can. */
static void walk_places(bench *b, query q, places *out)
{
    *out = (places){.q = q, .arena = b->w->arena, .goes_on = true};
    memset(out->percent, -1, sizeof out->percent);
    bench_stop_lists(b, 1);
    while (out->goes_on) {
        query asked = out->q;
        engine_op op = list_that_may_stop(&asked, NULL);
        engine_batch batch = {.ops = &op, .count = 1};
        op.on_row = note_row;
        op.on_place = note_place;
        op.arg = out;
        op.stop_after_us = 60000000;
        out->goes_on = false;
        assert_ok(engine_read_now(b->reader, &batch));
    }
}

/* Nothing is found, and rows whose date is 0 or 1 are hidden. */
static query hopeless(bench *b, uint32_t by)
{
    query q = some_list(b, by, false, false);
    q.where = world_cond(b->w, COND_HAS, deal_field(b->w, DEAL_NAME), value_text(CRM_S("zz")));
    return q;
}

/* The cursor made of it tells the fields that the list is sorted by. */
static void its_place_is_a_row_the_asker_may_see(void **state)
{
    bench *b = *state;
    static places p;
    add_deals(b);
    query q = hopeless(b, 0), amounts = hopeless(b, DEAL_AMOUNT);
    q.sort_count = 2;
    q.sorts[1] = (sort){deal_field(b->w, DEAL_CLOSE), false};
    for (int k = 0; k < 2; k++) {
        walk_places(b, k ? amounts : q, &p);
        assert_true(p.count > 10);
        for (int64_t id = 1; id < IDS_MAX; id++) {
            row_copy row;
            if (p.percent[id] >= 0) {
                assert_ok(bench_get(b, b->reader, id, NULL, &row));
                assert_true(row.row[DEAL_CLOSE].i > 1);
            }
        }
    }
}

/* He has rows of his own among them, and bounds of his choice: a share would count the hidden. */
static void its_progress_says_nothing_of_hidden_rows(void **state)
{
    bench *b = *state;
    static places before, after;
    static const uint32_t sorts[] = {0, DEAL_AMOUNT};
    add_deals(b);
    for (int k = 0; k < 2; k++) {
        int last = 0;
        walk_places(b, hopeless(b, sorts[k]), &before);
        assert_true(before.count > 10);
        bench_begin(b);
        for (int i = 0; i < DEALS; i++) {
            int64_t id = bench_deal(b, "x", i % 2);
            assert_ok(bench_set(b, id, DEAL_CLOSE, value_int(i % 2)));
        }
        bench_commit(b);
        walk_places(b, hopeless(b, sorts[k]), &after);
        for (int64_t id = 1; id < IDS_MAX; id++) {
            last = before.percent[id] > last ? before.percent[id] : last;
            assert_true(before.percent[id] < 0 || before.percent[id] == after.percent[id]);
        }
        assert_true(last > 50 || strcmp(b->e->ops->name, "sqlite") != 0);
    }
}

static void take_percent(void *arg, const value *row, int percent)
{
    (void)row;
    *(int *)arg = percent;
}

/* What was found is told all the same, and where it goes on. */
static void one_whose_progress_takes_too_long_is_at_nothing(void **state)
{
    bench *b = *state;
    int percent = -1;
    if (strcmp(b->e->ops->name, "sqlite") != 0) {
        return; /* the others count beside their time */
    }
    for (int i = 0; i < 30; i++) {
        add_deals(b);
    }
    query q = some_list(b, DEAL_AMOUNT, false, false);
    q.limit = LIST_MAX;
    engine_op op = list_that_may_stop(&q, NULL);
    engine_batch batch = {.ops = &op, .count = 1};
    op.on_row = note_row;
    op.on_place = take_percent;
    op.arg = &percent;
    op.stop_after_us = 60000000;
    bench_stop_lists(b, 100);
    assert_ok(engine_read_now(b->reader, &batch));
    assert_true(op.is_partial && op.count > 10 && percent > 0);
    engine_sqlite_set_reckon(b->reader, 0);
    assert_ok(engine_read_now(b->reader, &batch));
    assert_true(op.is_partial && op.count > 10);
    assert_int_equal(percent, 0);
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
        ON_ALL(its_progress_says_nothing_of_hidden_rows),
        ON_ALL(one_whose_progress_takes_too_long_is_at_nothing),
    };
    return RUN_ON_ALL(tests);
}
