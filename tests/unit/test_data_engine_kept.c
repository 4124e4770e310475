/* test_data_engine_kept.c - pages of which the caller kept rows, and what he may keep. */
#include "engine_world.h"

#define DEALS 40

/* ---- pages ----------------------------------------------------------------------------------- */

typedef struct page {
    int64_t at[DEALS];
    uint32_t count, read, stop_after;
} page;

static bool is_odd(void *arg, int64_t id)
{
    (void)arg;
    return id % 2;
}

static bool take(page *p, int64_t id)
{
    p->at[p->count++] = id;
    return p->count != p->stop_after;
}

static bool on_kept(void *arg, int64_t id)
{
    return take(arg, id);
}

static bool on_row(void *arg, const value *row, uint32_t bits)
{
    page *p = arg;
    assert_true(bits);
    assert_int_equal(row[COL_ID].i % 2, 0);
    p->read++;
    return take(p, row[COL_ID].i);
}

static void ask(bench *b, const query *q, page *p)
{
    engine_op op = {.kind = ENGINE_LIST,
                    .entity = q->entity,
                    .query = q,
                    .is_kept = is_odd,
                    .on_kept = on_kept,
                    .on_row = on_row,
                    .arg = p};
    engine_batch batch = {.ops = &op, .count = 1};
    assert_ok(engine_read_now(b->reader, &batch));
    engine_turn_end(b->reader);
}

static void add_deals(bench *b)
{
    bench_begin(b);
    for (int i = 0; i < DEALS; i++) {
        int64_t id = bench_deal(b, i % 3 ? "а" : "б", i % 7);
        assert_ok(bench_set(b, id, DEAL_OWNER, value_int(1 + i % 3)));
    }
    bench_commit(b);
}

/* All rows, and those of two owners, whose ranges are merged. */
static query some_list(bench *b, uint32_t by, bool is_of_two)
{
    static branches all[2];
    static const value owners[] = {{.kind = VALUE_INT, .i = 1}, {.kind = VALUE_INT, .i = 3}};
    branches *r = &all[is_of_two];
    memset(r, 0, sizeof *r);
    r->count = 1;
    memset(r->at[0].fields, 0xff, sizeof r->at[0].fields);
    r->at[0].where =
        is_of_two ? cond_in(b->w->arena, deal_field(b->w, DEAL_OWNER), owners, 2) : NULL;
    return (query){.entity = &b->w->deal,
                   .rights = r,
                   .need = 1,
                   .limit = DEALS,
                   .sort_count = 1,
                   .sorts = {{&b->w->deal.fields[by], true}}};
}

static void kept_rows_stand_where_they_belong_and_are_not_read(void **state)
{
    bench *b = *state;
    static const uint32_t sorts[] = {COL_ID, COL_CREATED_AT, DEAL_AMOUNT, DEAL_NAME};
    add_deals(b);
    for (size_t i = 0; i < 8; i++) {
        ids whole;
        page p = {.count = 0};
        query q = some_list(b, sorts[i / 2], i & 1);
        bench_list(b->reader, &q, &whole);
        ask(b, &q, &p);
        assert_int_equal(p.count, whole.count);
        assert_memory_equal(p.at, whole.at, whole.count * sizeof whole.at[0]);
        assert_in_range(p.read, 1, whole.count - 1);
    }
}

static void a_sink_stops_the_page_at_a_row_of_either_kind(void **state)
{
    bench *b = *state;
    add_deals(b);
    query q = some_list(b, COL_ID, false);
    for (uint32_t n = 1; n < 4; n++) {
        page p = {.stop_after = n};
        ask(b, &q, &p);
        assert_int_equal(p.count, n);
    }
}

/* ---- what may be kept ------------------------------------------------------------------------ */

typedef struct look {
    engine_session *s;
    uint64_t seen;
    bool is_same[2]; /* of two rows, as they were at `since` */
    uint64_t since;
    int64_t of[2];
    uint32_t deal;
} look;

static bool on_look(void *arg, const value *row, uint32_t bits)
{
    look *l = arg;
    (void)row;
    (void)bits;
    l->seen = engine_seen(l->s);
    for (int i = 0; i < 2; i++) {
        l->is_same[i] = engine_is_unchanged(l->s, l->deal, l->of[i], l->since);
    }
    return true;
}

/* In a turn of its own. */
static void look_again(bench *b, look *l)
{
    engine_op op = {
        .kind = ENGINE_GET, .entity = &b->w->deal, .id = l->of[0], .on_row = on_look, .arg = l};
    engine_batch batch = {.ops = &op, .count = 1};
    l->since = l->seen;
    assert_ok(engine_read_now(b->reader, &batch));
    engine_turn_end(b->reader);
}

static look first_look(bench *b)
{
    look l = {.s = b->reader, .deal = b->w->deal.id};
    bench_begin(b);
    l.of[0] = bench_deal(b, "а", 1);
    l.of[1] = bench_deal(b, "б", 2);
    bench_commit(b);
    look_again(b, &l);
    assert_false(l.is_same[0]); /* nothing is known of the time before */
    look_again(b, &l);
    assert_true(l.is_same[0] && l.is_same[1]);
    return l;
}

static void a_written_row_may_have_changed_and_no_other(void **state)
{
    bench *b = *state;
    look l = first_look(b);
    bench_begin(b);
    assert_ok(bench_set(b, l.of[0], DEAL_AMOUNT, value_int(7)));
    look_again(b, &l);
    assert_true(!l.is_same[0] && l.is_same[1]);
    uint64_t before = l.seen;
    bench_commit(b);
    look_again(b, &l); /* what was read while it was written is of before */
    assert_true(!l.is_same[0] && l.is_same[1]);
    assert_true(l.seen > before);
    look_again(b, &l);
    assert_true(l.is_same[0] && l.is_same[1]);
}

static void a_row_that_was_not_written_after_all_may_be_kept_after_the_next_commit(void **state)
{
    bench *b = *state;
    look l = first_look(b);
    bench_begin(b);
    assert_ok(bench_set(b, l.of[0], DEAL_AMOUNT, value_int(7)));
    engine_op back = {.kind = ENGINE_ROLLBACK};
    assert_ok(bench_op(b, &back));
    look_again(b, &l);
    assert_false(l.is_same[0]);
    bench_begin(b);
    assert_ok(bench_set(b, l.of[1], DEAL_AMOUNT, value_int(8)));
    bench_commit(b);
    look_again(b, &l);
    look_again(b, &l);
    assert_true(l.is_same[0] && l.is_same[1]);
}

static void a_removed_row_may_have_changed(void **state)
{
    bench *b = *state;
    look l = first_look(b);
    bench_begin(b);
    engine_op gone = {.kind = ENGINE_DELETE, .entity = &b->w->deal, .id = l.of[1]};
    assert_ok(bench_op(b, &gone));
    bench_commit(b);
    look_again(b, &l);
    assert_true(l.is_same[0] && !l.is_same[1]);
}

static void the_writing_session_keeps_nothing(void **state)
{
    bench *b = *state;
    assert_int_equal(engine_seen(b->writer), 0);
    assert_false(engine_is_unchanged(b->writer, b->w->deal.id, 1, 0));
}

static int set_up(void **state)
{
    bench_choose(ON_SQLITE, 0);
    return bench_set_up(state);
}

#define ON_SQLITE_ALONE(test) cmocka_unit_test_setup_teardown(test, set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SQLITE_ALONE(kept_rows_stand_where_they_belong_and_are_not_read),
        ON_SQLITE_ALONE(a_sink_stops_the_page_at_a_row_of_either_kind),
        ON_SQLITE_ALONE(a_written_row_may_have_changed_and_no_other),
        ON_SQLITE_ALONE(a_row_that_was_not_written_after_all_may_be_kept_after_the_next_commit),
        ON_SQLITE_ALONE(a_removed_row_may_have_changed),
        ON_SQLITE_ALONE(the_writing_session_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
