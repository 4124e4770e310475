/* test_data_engine_list.c - order, pages and limits of a list, and reads that are stopped, on every
 * engine. */
#include "engine_world.h"

/* ---- order and pages ------------------------------------------------------------------------- */

static void sorts_fold_case_and_put_null_least(void **state)
{
    bench *b = *state;
    static const char *const names[] = {"Яблоко", "ёлка", "Елка", "елка", "Жук", "ежик", "ЁЖИК"};
    ids got;
    bench_begin(b);
    int64_t id[8];
    for (int i = 0; i < 7; i++) {
        id[i] = bench_deal(b, names[i], 1);
    }
    id[7] = bench_deal_with(b, DEAL_AMOUNT, value_int(1));
    bench_commit(b);
    query q = {
        .entity = &b->w->deal, .sorts = {{deal_field(b->w, DEAL_NAME), false}}, .sort_count = 1};
    bench_list(b->reader, &q, &got);
    /* NULL, ежик, ЁЖИК, Елка = елка by id, ёлка, Жук, Яблоко */
    int64_t up[] = {id[7], id[5], id[6], id[2], id[3], id[1], id[4], id[0]};
    assert_int_equal(got.count, 8);
    assert_memory_equal(got.at, up, sizeof up);
    q.sorts[0].descending = true;
    bench_list(b->reader, &q, &got);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(got.at[i], up[7 - i]);
    }
}

/* Walks all pages and checks them against the whole list. */
static void walk(bench *b, query q, uint32_t page, const ids *whole)
{
    ids got;
    uint32_t done = 0;
    q.limit = page;
    while (done < whole->count) {
        bench_list(b->reader, &q, &got);
        assert_ok(got.status);
        assert_true(got.count > 0);
        assert_memory_equal(got.at, whole->at + done, got.count * sizeof got.at[0]);
        done += got.count;
        row_copy last;
        assert_ok(bench_get(b, b->reader, whole->at[done - 1], NULL, &last));
        q.after = (cursor){.id = whole->at[done - 1], .is_set = true};
        for (uint32_t i = 0; i < q.sort_count; i++) {
            q.after.at[i] = last.row[q.sorts[i].field->index];
        }
    }
    bench_list(b->reader, &q, &got);
    assert_int_equal(got.count, 0);
}

static void pages_follow_each_other_without_gaps(void **state)
{
    bench *b = *state;
    static const char *const names[] = {"а", "Ё", "е", "А", "ё"};
    static ids whole;
    bench_begin(b);
    for (int i = 0; i < 40; i++) {
        int64_t id = bench_deal(b, names[i % 5], i % 4);
        if (i % 7 == 0) {
            assert_ok(bench_set(b, id, DEAL_NAME, value_null()));
        }
    }
    bench_commit(b);
    for (unsigned bits = 0; bits < 4; bits++) {
        query q = {.entity = &b->w->deal,
                   .sort_count = 2,
                   .sorts = {{deal_field(b->w, DEAL_AMOUNT), bits & 1},
                             {deal_field(b->w, DEAL_NAME), bits & 2}}};
        bench_list(b->reader, &q, &whole);
        assert_int_equal(whole.count, 40);
        walk(b, q, 1, &whole);
        walk(b, q, 7, &whole);
    }
}

/* Of many values the first decides, then the next; JSON and files go by their text. NULL is least.
 */
static void values_that_are_many_or_no_words_have_an_order_too(void **state)
{
    bench *b = *state;
    static const struct {
        uint32_t field;
        const char *up[5];
    } orders[] = {{DEAL_TAGS, {"а", "А\nб", "а\nя", "б", "б\nа"}},
                  {DEAL_EMAILS,
                   {"anna@x.ru", "anna@x.ru\nz@x.ru", "boris@x.ru\na@x.ru", "z@x.ru", "Яна@x.ru"}},
                  {COL_MARKS, {"7", "[1]", "{\"a\":1}", "{\"A\":2}", "{\"b\":[]}"}}};
    static ids whole;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        int64_t id[6];
        bench_begin(b);
        for (int k = 4; k >= 0; k--) {
            id[k + 1] = bench_deal_with(b, orders[i].field, value_text(str_of(orders[i].up[k])));
        }
        id[0] = bench_deal(b, "пусто", 1);
        bench_commit(b);
        for (uint32_t down = 0; down < 2; down++) {
            value from = value_int(id[5]); /* the first that was made */
            query q = {.entity = &b->w->deal,
                       .where = cond_compare(b->w->arena, COND_GTE, deal_field(b->w, COL_ID), from),
                       .sorts = {{deal_field(b->w, orders[i].field), down}},
                       .sort_count = 1};
            bench_list(b->reader, &q, &whole);
            assert_int_equal(whole.count, 6);
            for (uint32_t k = 0; k < 6; k++) {
                assert_int_equal(whole.at[k], id[down ? 5 - k : k]);
            }
            walk(b, q, 2, &whole);
        }
    }
}

static void limits_hold(void **state)
{
    bench *b = *state;
    ids got;
    query q = {.entity = &b->w->deal};
    bench_begin(b);
    for (int i = 0; i < 250; i++) {
        bench_deal(b, "x", 1);
    }
    bench_commit(b);
    bench_list(b->reader, &q, &got);
    assert_int_equal(got.count, LIST_MAX);
    q.limit = 230;
    bench_list(b->reader, &q, &got);
    assert_int_equal(got.count, 230);
    assert_int_equal(bench_count(b->reader, &q), 230);
    q.limit = 0;
    assert_int_equal(bench_count(b->reader, &q), 250);
}

static bool stop_at_second(void *arg, const value *row, uint32_t bits)
{
    (void)row;
    (void)bits;
    return ++*(int *)arg < 2;
}

static void a_sink_may_stop_the_list(void **state)
{
    bench *b = *state;
    int seen = 0;
    query q = {.entity = &b->w->deal};
    bench_begin(b);
    for (int i = 0; i < 5; i++) {
        bench_deal(b, "x", 1);
    }
    bench_commit(b);
    engine_op op = {.kind = ENGINE_LIST,
                    .entity = q.entity,
                    .query = &q,
                    .on_row = stop_at_second,
                    .arg = &seen};
    engine_batch batch = {.ops = &op, .count = 1};
    assert_ok(engine_read_now(b->reader, &batch));
    assert_int_equal(seen, 2);
    assert_int_equal(op.count, 2);
}

/* ---- interruption ---------------------------------------------------------------------------- */

typedef struct stopper {
    engine_session *session;
    engine_batch *batch;
    uint32_t rows;
} stopper;

static bool interrupt_at_first(void *arg, const value *row, uint32_t bits)
{
    stopper *s = arg;
    (void)row;
    (void)bits;
    if (s->rows++ == 0) {
        engine_interrupt(s->session, s->batch->serial);
    }
    return true;
}

static void an_interrupted_read_says_so(void **state)
{
    bench *b = *state;
    query q = {.entity = &b->w->deal, .limit = 1900};
    bench_begin(b);
    for (int i = 0; i < 1900; i++) {
        bench_deal(b, "x", 1);
    }
    bench_commit(b);
    stopper s = {.session = b->reader};
    engine_op op = {.kind = ENGINE_LIST,
                    .entity = q.entity,
                    .query = &q,
                    .on_row = interrupt_at_first,
                    .arg = &s};
    engine_batch batch = {.ops = &op, .count = 1};
    s.batch = &batch;
    assert_int_equal(engine_read_now(b->reader, &batch), CRM_TIMEOUT);
    assert_true(batch.interrupted);
    assert_true(s.rows < 1900);
    uint64_t old = batch.serial;
    engine_interrupt(b->reader, old); /* it is over: without effect */
    ids got;
    bench_list(b->reader, &q, &got);
    assert_ok(got.status);
    assert_int_equal(got.count, 1900);
}

static void a_read_past_its_limit_is_interrupted(void **state)
{
    bench *b = *state;
    query q = {.entity = &b->w->deal, .limit = 1900};
    bench_begin(b);
    for (int i = 0; i < 1900; i++) {
        bench_deal(b, "x", 1);
    }
    bench_commit(b);
    engine_op op = {.kind = ENGINE_LIST, .entity = q.entity, .query = &q};
    engine_batch batch = {.ops = &op, .count = 1, .limit_us = 1};
    assert_int_equal(engine_read_now(b->reader, &batch), CRM_TIMEOUT);
    assert_true(batch.interrupted);
    assert_int_equal(bench_count_where(b, NULL), COUNT_CAP);
}

/* Deals that no index tells apart. */
static void add_many_deals(bench *b)
{
    bench_begin(b);
    for (int i = 0; i < 1900; i++) {
        bench_deal(b, "x", 1);
    }
    bench_commit(b);
}

static void a_read_that_nobody_waits_for_is_interrupted(void **state)
{
    bench *b = *state;
    atomic_bool is_gone = true;
    query q = {.entity = &b->w->deal, .limit = 1900};
    add_many_deals(b);
    engine_op op = {.kind = ENGINE_LIST, .entity = q.entity, .query = &q};
    engine_batch batch = {.ops = &op, .count = 1, .stop = &is_gone};
    assert_int_equal(engine_read_now(b->reader, &batch), CRM_TIMEOUT);
    assert_true(batch.interrupted);
    atomic_store(&is_gone, false);
    assert_ok(engine_read_now(b->reader, &batch));
    assert_int_equal(op.count, 1900);
}

/* The rows beside it were read in time, and it says that there may be more. */
static void a_count_may_stop_early(void **state)
{
    bench *b = *state;
    query q = {.entity = &b->w->deal, .limit = 3000};
    q.where = world_cond(b->w, COND_HAS, deal_field(b->w, DEAL_NAME), value_text(CRM_S("x")));
    add_many_deals(b);
    engine_op ops[] = {
        {.kind = ENGINE_COUNT, .entity = q.entity, .query = &q, .stop_after_us = 1},
        {.kind = ENGINE_GET, .entity = q.entity, .id = 1},
        {.kind = ENGINE_COUNT, .entity = q.entity, .query = &q, .stop_after_us = 60000000}};
    engine_batch batch = {.ops = ops, .count = 3, .limit_us = 60000000};
    assert_ok(engine_read_now(b->reader, &batch));
    assert_true(ops[0].is_partial && ops[0].count < 1900);
    assert_ok(ops[1].status);
    assert_false(ops[2].is_partial);
    assert_int_equal(ops[2].count, 1900);
}

static void a_stopped_count_is_no_partial_one(void **state)
{
    bench *b = *state;
    atomic_bool is_gone = true;
    query q = {.entity = &b->w->deal, .limit = 3000};
    add_many_deals(b);
    engine_op op = {
        .kind = ENGINE_COUNT, .entity = q.entity, .query = &q, .stop_after_us = 60000000};
    engine_batch batch = {.ops = &op, .count = 1, .stop = &is_gone};
    assert_int_equal(engine_read_now(b->reader, &batch), CRM_TIMEOUT);
    assert_true(batch.interrupted && !op.is_partial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ALL(sorts_fold_case_and_put_null_least),
        ON_ALL(pages_follow_each_other_without_gaps),
        ON_ALL(values_that_are_many_or_no_words_have_an_order_too),
        ON_ALL(limits_hold),
        ON_ALL(a_sink_may_stop_the_list),
        ON_ALL(an_interrupted_read_says_so),
        ON_ALL(a_read_past_its_limit_is_interrupted),
        ON_ALL(a_read_that_nobody_waits_for_is_interrupted),
        ON_ALL(a_count_may_stop_early),
        ON_ALL(a_stopped_count_is_no_partial_one),
    };
    return RUN_ON_ALL(tests);
}
