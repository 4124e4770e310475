/*
 * test_data_engine_gather.c - lists that have no place in their order to go on from: they come in
 * parts all the same, in order and whole, and their parts hold nothing of hidden rows. On every
 * engine.
 */
#include "engine_world.h"

#include "data/engine_sqlite.h"

#define DEALS  70
#define OWNERS 45 /* more than there are lanes */

static void add_deals(bench *b)
{
    static const char *const names[] = {"а", "Ё", "е", "А", "ё"};
    bench_begin(b);
    for (int i = 0; i < DEALS; i++) {
        int64_t id = bench_deal(b, names[i % 5], (i * 7) % 9);
        assert_ok(bench_set(b, id, DEAL_OWNER, value_int(1 + i % OWNERS)));
        if (i % 6) {
            assert_ok(bench_set(b, id, DEAL_CLOSE, value_int((i * 5) % 11)));
        }
        if (i % 7 == 0) {
            assert_ok(bench_set(b, id, DEAL_NAME, value_null()));
        }
        if (i % 11 == 0) {
            assert_ok(bench_set(b, id, COL_DELETED_AT, value_int(9)));
        }
    }
    bench_commit(b);
}

/* Who sees the rows that `where` is true of; NULL: all. */
static const branches *rights_by(bench *b, const cond *where)
{
    branches *all = arena_alloc(b->w->arena, sizeof *all);
    assert_non_null(all);
    memset(all, 0, sizeof *all);
    all->count = 1;
    all->at[0].where = where;
    memset(all->at[0].fields, 0xff, sizeof all->at[0].fields);
    return all;
}

static const cond *owned_by_many(bench *b)
{
    value who[OWNERS - 5];
    for (uint32_t i = 0; i < OWNERS - 5; i++) {
        who[i] = value_int(1 + i);
    }
    return cond_in(b->w->arena, deal_field(b->w, DEAL_OWNER), who, OWNERS - 5);
}

/* No index knows it. */
static const cond *closes_late(bench *b)
{
    return world_cond(b->w, COND_GT, deal_field(b->w, DEAL_CLOSE), value_int(6));
}

static query list_by(bench *b, uint32_t first, bool descends, const cond *rights)
{
    return (query){
        .entity = &b->w->deal,
        .rights = rights_by(b, rights),
        .need = 1,
        .limit = 5,
        .sort_count = 2,
        .sorts = {{deal_field(b->w, first), descends}, {deal_field(b->w, DEAL_NAME), !descends}}};
}

static bool has_indexes(const bench *b)
{
    return strcmp(b->e->ops->name, "sqlite") == 0;
}

static void whole_list(bench *b, query q, ids *out)
{
    q.limit = DEALS * 10;
    bench_stop_lists(b, 0);
    bench_list(b->reader, &q, out);
    assert_ok(out->status);
    assert_true(out->count > 10);
}

static void check_parts(bench *b, query q)
{
    static ids whole, got;
    whole_list(b, q, &whole);
    for (uint32_t rows = 1; rows < 40; rows += 12) {
        bench_stop_lists(b, rows);
        uint32_t stops = bench_list_in_parts(b, q, &got);
        assert_ok(got.status);
        assert_true(rows > 1 || stops > 10); /* with more the memory meets a place in time */
        assert_int_equal(got.count, whole.count);
        assert_memory_equal(got.at, whole.at, whole.count * sizeof whole.at[0]);
    }
}

static void an_order_that_nothing_has_comes_in_parts(void **state)
{
    bench *b = *state;
    add_deals(b);
    check_parts(b, list_by(b, DEAL_CLOSE, false, NULL));
    check_parts(b, list_by(b, DEAL_CLOSE, true, NULL));
    check_parts(b, list_by(b, DEAL_CLOSE, true, closes_late(b)));
}

/* Each value of the owner is a range, and no index of it has the order. */
static void more_ranges_than_lanes_come_in_parts(void **state)
{
    bench *b = *state;
    add_deals(b);
    check_parts(b, list_by(b, DEAL_CLOSE, false, owned_by_many(b)));
    check_parts(b, list_by(b, DEAL_AMOUNT, true, owned_by_many(b)));
}

static void an_order_whose_first_rows_are_hidden_comes_in_parts(void **state)
{
    bench *b = *state;
    add_deals(b);
    check_parts(b, list_by(b, DEAL_AMOUNT, false, closes_late(b)));
    check_parts(b, list_by(b, DEAL_NAME, true, closes_late(b)));
}

/* ---- words, and the recycle bin -------------------------------------------------------------- */

static void add_words(bench *b)
{
    bench_begin(b);
    for (int64_t id = 1; id <= DEALS; id++) {
        bench_terms(b, id, id % 4 ? "ель" : "сосна", "дуб");
    }
    bench_commit(b);
}

static query with_words(query q)
{
    q.terms = CRM_S("ел* дуб");
    return q;
}

static query by_id_alone(bench *b, bool descends, const cond *rights)
{
    query q = list_by(b, COL_ID, descends, rights);
    q.sort_count = 1;
    return q;
}

static void words_come_in_parts(void **state)
{
    bench *b = *state;
    add_deals(b);
    add_words(b);
    check_parts(b, with_words(list_by(b, DEAL_CLOSE, false, NULL)));
    check_parts(b, with_words(list_by(b, DEAL_AMOUNT, true, NULL)));
    check_parts(b, with_words(list_by(b, DEAL_CLOSE, true, closes_late(b))));
    check_parts(b, with_words(by_id_alone(b, true, NULL)));
    check_parts(b, with_words(by_id_alone(b, false, closes_late(b))));
}

static void throw_most_away(bench *b)
{
    bench_begin(b);
    for (int64_t id = 1; id <= DEALS; id++) {
        value when = id % 4 ? value_int(9 + id % 5) : value_null();
        assert_ok(bench_set(b, id, COL_DELETED_AT, when));
    }
    bench_commit(b);
}

static query in_bin(query q)
{
    q.only_deleted = q.with_deleted = true;
    return q;
}

static void the_bin_comes_in_parts(void **state)
{
    bench *b = *state;
    add_deals(b);
    throw_most_away(b);
    check_parts(b, in_bin(list_by(b, COL_DELETED_AT, true, NULL)));
    check_parts(b, in_bin(list_by(b, DEAL_CLOSE, false, closes_late(b))));
    check_parts(b, in_bin(by_id_alone(b, true, closes_late(b))));
    query named = in_bin(list_by(b, DEAL_AMOUNT, true, NULL));
    named.terms = CRM_S("е");
    check_parts(b, named);
}

/* ---- what changes meanwhile ------------------------------------------------------------------ */

static uint32_t turns;

/* Of every three deals one moves, or lies in the bin for a time; one is put in besides. */
static void move_some(bench *b)
{
    turns++;
    bench_begin(b);
    for (uint32_t k = 0; k < 3; k++) {
        int64_t id = 3 * (1 + (turns * 5 + k * 11) % (DEALS / 3));
        assert_ok(bench_set(b, id, DEAL_CLOSE, value_int((turns * 3 + k) % 13)));
        assert_ok(bench_set(b, id, COL_DELETED_AT, k == 3 ? value_int(9) : value_null()));
    }
    if (turns % 16 == 0) {
        bench_deal(b, "new", 1);
    }
    bench_commit(b);
}

/* Those that nobody touches: in their order, each once. */
static uint32_t still(const ids *all, int64_t *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        if (all->at[i] % 3 && all->at[i] <= DEALS) {
            out[count++] = all->at[i];
        }
    }
    return count;
}

static void rows_that_stay_come_once_whatever_others_do(void **state)
{
    bench *b = *state;
    static ids whole, got;
    static int64_t expected[DEALS], found[2000];
    add_deals(b);
    for (uint32_t k = 0; k < 3; k++) {
        query q = list_by(b, DEAL_CLOSE, k & 1, NULL);
        q.limit = 3 + 2 * k;
        whole_list(b, q, &whole);
        bench_stop_lists(b, 11 + 4 * k);
        b->between = move_some;
        (void)bench_list_in_parts(b, q, &got);
        b->between = NULL;
        assert_ok(got.status);
        uint32_t count = still(&whole, expected);
        assert_true(count > 30);
        assert_int_equal(still(&got, found), count);
        assert_memory_equal(found, expected, count * sizeof expected[0]);
    }
}

/* ---- what a part tells ----------------------------------------------------------------------- */

typedef struct told {
    bench *b;
    query q;
    list_gathering at;
    int64_t ids[LIST_MAX];
    uint32_t parts, given;
    int percent;
    bool goes_on, goes_down;
} told;

static bool count_row(void *arg, const value *row, uint32_t bits)
{
    (void)row;
    (void)bits;
    ((told *)arg)->given++;
    return true;
}

static void refuse_place(void *arg, const value *row, int percent)
{
    (void)arg;
    (void)row;
    (void)percent;
    fail();
}

static void note_gathered(void *arg, const list_gathering *g, int percent)
{
    told *t = arg;
    assert_int_equal(t->goes_down ? g->count : t->given, 0);
    assert_true(percent >= t->percent);
    assert_true(t->goes_down && t->at.passed ? g->passed <= t->at.passed
                                             : g->passed >= t->at.passed);
    t->at = *g;
    t->at.ids = t->ids;
    for (uint32_t i = 0; i < g->count; i++) {
        t->ids[i] = g->ids[i];
    }
    for (uint32_t i = 0; g->bound.is_set && i < SORTS_MAX; i++) {
        t->at.bound.at[i] = value_dup(t->b->w->arena, g->bound.at[i]);
    }
    t->percent = percent;
    t->parts++;
    t->goes_on = true;
}

static engine_op part_of(told *t, int64_t stop_after_us)
{
    return (engine_op){.kind = ENGINE_LIST,
                       .entity = t->q.entity,
                       .query = &t->q,
                       .on_row = count_row,
                       .on_place = refuse_place,
                       .on_gathered = note_gathered,
                       .stop_after_us = stop_after_us,
                       .arg = t};
}

static void check_told(const told *t)
{
    for (uint32_t i = 0; i < t->at.count; i++) {
        row_copy row;
        assert_ok(bench_get(t->b, t->b->reader, t->at.ids[i], NULL, &row));
        assert_true(row.row[DEAL_CLOSE].i > 6);
    }
    assert_true(!t->at.bound.is_set || t->at.bound.at[0].i > 6);
}

static void ask_all(told *t, int64_t stop_after_us)
{
    t->goes_on = true;
    while (t->goes_on) {
        engine_op op = part_of(t, stop_after_us);
        engine_batch batch = {.ops = &op, .count = 1, .limit_us = 60000000};
        t->goes_on = false;
        assert_ok(engine_read_now(t->b->reader, &batch));
        assert_int_equal(op.is_partial, t->goes_on);
        t->q.gathered = &t->at;
        check_told(t);
    }
}

/* Where it has met hidden rows only it tells none of them; and what is kept are rows of the asker.
 */
static void a_part_holds_no_hidden_row(void **state)
{
    bench *b = *state;
    static told t;
    add_deals(b);
    t = (told){.b = b, .q = list_by(b, DEAL_CLOSE, false, closes_late(b))};
    bench_stop_lists(b, 1);
    ask_all(&t, 60000000);
    assert_int_equal(t.given, t.q.limit);
    assert_true(t.parts > DEALS / 2);
    assert_true(t.percent > 80);
}

/* Nor does its share, which of a search would tell where the words stand. */
static void a_share_of_words_in_hidden_rows_is_not_told(void **state)
{
    bench *b = *state;
    static told t;
    const cond *none = world_cond(b->w, COND_GT, deal_field(b->w, DEAL_CLOSE), value_int(100));
    add_deals(b);
    add_words(b);
    t = (told){.b = b, .q = with_words(list_by(b, DEAL_CLOSE, false, none))};
    bench_stop_lists(b, 1);
    ask_all(&t, 60000000);
    assert_int_equal(t.given, 0);
    assert_true(t.parts > DEALS / 2);
    assert_true(!has_indexes(b) || t.percent == 0); /* the memory passes every row, words or not */
}

/* Each is given as soon as it is met, and no row is passed twice. */
static void words_by_number_are_given_as_they_are_found(void **state)
{
    bench *b = *state;
    static told t;
    static ids whole;
    add_deals(b);
    add_words(b);
    t = (told){.b = b, .q = with_words(by_id_alone(b, true, closes_late(b))), .goes_down = true};
    whole_list(b, t.q, &whole);
    bench_stop_lists(b, 1);
    ask_all(&t, 60000000);
    assert_int_equal(t.given, whole.count);
    assert_in_range(t.parts, whole.count, DEALS + 2);
}

/* Each part comes further, however little time it has. */
static void it_stops_by_its_time_and_ends(void **state)
{
    bench *b = *state;
    static told t;
    for (int i = 0; i < 20; i++) {
        add_deals(b);
    }
    t = (told){.b = b, .q = list_by(b, DEAL_CLOSE, false, closes_late(b))};
    t.q.where = world_cond(b->w, COND_HAS, deal_field(b->w, DEAL_NAME), value_text(CRM_S("zz")));
    bench_stop_lists(b, has_indexes(b) ? 0 : 1); /* the memory's own order meets no place then */
    ask_all(&t, 1);
    assert_int_equal(t.given, 0);
    assert_true(t.parts > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ALL(an_order_that_nothing_has_comes_in_parts),
        ON_ALL(more_ranges_than_lanes_come_in_parts),
        ON_ALL(an_order_whose_first_rows_are_hidden_comes_in_parts),
        ON_ALL(words_come_in_parts),
        ON_ALL(the_bin_comes_in_parts),
        ON_ALL(rows_that_stay_come_once_whatever_others_do),
        ON_ALL(a_part_holds_no_hidden_row),
        ON_ALL(a_share_of_words_in_hidden_rows_is_not_told),
        ON_ALL(words_by_number_are_given_as_they_are_found),
        ON_ALL(it_stops_by_its_time_and_ends),
    };
    return RUN_ON_ALL(tests);
}
