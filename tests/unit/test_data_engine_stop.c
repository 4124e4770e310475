/* test_data_engine_stop.c - lists that stop when their time is over and go on where they were, on
 * every engine. One that need not stop, as those in memory, gives the same rows at once. */
#include "engine_world.h"

#define ROWS 1900

enum { RARE = 7 }; /* minutes that few deals took */

/* Deals that no index tells apart but by their order; every 400th is a rare one. */
static void add_deals(bench *b)
{
    bench_begin(b);
    for (int i = 0; i < ROWS; i++) {
        value row[DEAL_COLUMNS];
        char name[32];
        snprintf(name, sizeof name, "Сделка %d", i * 7 % 100);
        bench_row(row, &b->w->deal, 1000 + i / 3);
        row[DEAL_NAME] = value_text(str_of(name));
        row[DEAL_AMOUNT] = i % 5 ? value_int(i % 50) : value_null();
        row[DEAL_TOOK] = value_int(i % 400 ? 1 : RARE);
        row[DEAL_OWNER] = value_int(1 + i % 2);
        bench_insert(b, &b->w->deal, row);
    }
    bench_commit(b);
}

static const cond *is_rare(const bench *b)
{
    return world_cond(b->w, COND_EQ, deal_field(b->w, DEAL_TOOK), value_int(RARE));
}

/* A list as its asker sees it. */
typedef struct asker {
    bench *b;
    query q;
    ids got;
    uint32_t stops;
    int64_t looked;
    const cond *shown; /* what a row must be whose place he is told; NULL: anything */
} asker;

static bool take(void *arg, const value *row, uint32_t bits)
{
    asker *a = arg;
    (void)bits;
    a->got.at[a->got.count++] = row[COL_ID].i;
    return true;
}

static void stop(void *arg, const value *row, int64_t looked, int64_t of)
{
    asker *a = arg;
    a->stops++;
    a->looked += looked;
    assert_true(looked > 0 && looked <= of && of == ROWS);
    a->q.after = (cursor){.id = row[COL_ID].i, .is_set = true};
    for (uint32_t i = 0; i < a->q.sort_count; i++) {
        a->q.after.at[i] = value_dup(a->b->w->arena, row[a->q.sorts[i].field->index]);
    }
}

static void check_place(asker *a)
{
    row_copy whole;
    if (a->shown && a->q.after.is_set) {
        assert_ok(bench_get(a->b, a->b->reader, a->q.after.id, NULL, &whole));
        assert_true(cond_eval(a->shown, whole.row, &a->q.env));
    }
}

/* Asks until there is no more, each time for as little as can be. */
static void ask(asker *a)
{
    uint32_t stops;
    do {
        stops = a->stops;
        engine_op op = {.kind = ENGINE_LIST,
                        .entity = a->q.entity,
                        .query = &a->q,
                        .on_row = take,
                        .on_stop = stop,
                        .stop_after_us = 1,
                        .arg = a};
        engine_batch batch = {.ops = &op, .count = 1, .limit_us = 60000000};
        assert_ok(engine_read_now(a->b->reader, &batch));
        assert_int_equal(op.is_partial, a->stops > stops);
        check_place(a);
    } while (a->stops > stops);
}

static bool may_stop(const bench *b)
{
    return !strcmp(b->e->ops->name, "sqlite");
}

/* In parts it finds what it finds at once. */
static asker *ask_both_ways(bench *b, const query *q)
{
    static asker a;
    static ids whole;
    a = (asker){.b = b, .q = *q};
    bench_list(b->reader, q, &whole);
    ask(&a);
    assert_int_equal(a.got.count, whole.count);
    assert_memory_equal(a.got.at, whole.at, whole.count * sizeof whole.at[0]);
    assert_int_equal(a.stops > 0, may_stop(b));
    return &a;
}

static void a_list_that_stops_goes_on_where_it_was(void **state)
{
    bench *b = *state;
    static const uint32_t sorts[] = {COL_ID, DEAL_AMOUNT, DEAL_NAME};
    add_deals(b);
    for (size_t i = 0; i < sizeof sorts / sizeof sorts[0]; i++) {
        for (int down = 0; down < 2; down++) {
            query q = {.entity = &b->w->deal, .limit = 100, .where = is_rare(b)};
            q.sorts[0] = (sort){deal_field(b->w, sorts[i]), down};
            q.sort_count = 1;
            assert_int_equal(ask_both_ways(b, &q)->got.count, 5);
        }
    }
}

/* Each row is looked through once. */
static void it_tells_how_far_it_got(void **state)
{
    bench *b = *state;
    add_deals(b);
    query q = {.entity = &b->w->deal, .limit = 100, .where = is_rare(b)};
    asker *a = ask_both_ways(b, &q);
    assert_true(!may_stop(b) || (a->looked > ROWS / 2 && a->looked <= ROWS + a->stops));
}

static void an_order_without_an_index_is_finished(void **state)
{
    bench *b = *state;
    static asker a;
    add_deals(b);
    query q = {.entity = &b->w->deal, .limit = 100, .where = is_rare(b)};
    q.sorts[0] = (sort){deal_field(b->w, DEAL_TOOK), true};
    q.sort_count = 1;
    a = (asker){.b = b, .q = q};
    ask(&a);
    assert_int_equal(a.stops, 0);
    assert_int_equal(a.got.count, 5);
}

/* Where a list by name has got to would tell the name. */
static void nobody_is_told_the_place_of_a_row_he_may_not_read(void **state)
{
    bench *b = *state;
    static asker a;
    const cond *mine = world_cond(b->w, COND_EQ, deal_field(b->w, DEAL_OWNER), value_int(2));
    branches own = {.count = 1};
    add_deals(b);
    own.at[0].where = world_not(b->w, world_not(b->w, mine)); /* no index serves it */
    memset(own.at[0].fields, 0xFF, sizeof own.at[0].fields);
    query q = {.entity = &b->w->deal, .limit = 100, .rights = &own, .need = 1};
    q.where = world_cond(b->w, COND_EQ, deal_field(b->w, DEAL_TOOK), value_int(99));
    q.sorts[0] = (sort){deal_field(b->w, DEAL_NAME), false};
    q.sort_count = 1;
    a = (asker){.b = b, .q = q, .shown = mine};
    ask(&a);
    assert_int_equal(a.stops > 0, may_stop(b));
    assert_int_equal(a.got.count, 0);
}

static void add_lines(bench *b)
{
    bench_begin(b);
    for (int i = 0; i < ROWS; i++) {
        value row[LINE_COLUMNS];
        bench_row(row, &b->w->line, 1);
        row[LINE_DEAL] = value_int(1 + i);
        row[LINE_COUNT] = value_int(i % 600 ? 1 : RARE);
        bench_insert(b, &b->w->line, row);
    }
    bench_commit(b);
}

/* Its set would take longer than the list may: then it asks row by row. */
static void what_is_asked_of_other_rows_does_not_hold_it_up(void **state)
{
    bench *b = *state;
    const field *count = &b->w->line.fields[LINE_COUNT];
    cond exists = {.op = COND_EXISTS, .path = {&b->w->line.fields[LINE_DEAL]}, .path_length = 1};
    subquery sub = {.field = &b->w->line.fields[LINE_DEAL]};
    cond among = {
        .op = COND_IN_QUERY, .path = {deal_field(b->w, COL_ID)}, .path_length = 1, .sub = &sub};
    add_deals(b);
    add_lines(b);
    exists.first = sub.where = world_cond(b->w, COND_EQ, count, value_int(RARE));
    query q = {.entity = &b->w->deal, .limit = 100, .where = &exists};
    assert_int_equal(ask_both_ways(b, &q)->got.count, 4);
    q.where = &among;
    assert_int_equal(ask_both_ways(b, &q)->got.count, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ALL(a_list_that_stops_goes_on_where_it_was),
        ON_ALL(it_tells_how_far_it_got),
        ON_ALL(an_order_without_an_index_is_finished),
        ON_ALL(nobody_is_told_the_place_of_a_row_he_may_not_read),
        ON_ALL(what_is_asked_of_other_rows_does_not_hold_it_up),
    };
    return RUN_ON_ALL(tests);
}
