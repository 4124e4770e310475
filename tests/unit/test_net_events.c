/* test_net_events.c - what a committed change says to whom. */
#include "data_world.h"
#include "net/events_private.h"

static buf out;

/* What the user is told of the changes of the last commit behind position `after`. */
static bool told(int64_t user, int64_t after, const change *at, uint32_t count)
{
    crm_ctx *c = world_read(&w, user);
    buf_clear(&out);
    bool is_told = events_text(&out, c, after, at, count);
    buf_char(&out, 0);
    world_read_end(&w);
    return is_told;
}

static int set_up(void **state)
{
    buf_init(&out, 0);
    assert_ok(positions_set_up(NULL));
    return open_world(state);
}

static int tear_down(void **state)
{
    buf_free(&out);
    return close_world(state);
}

static void a_change_is_told_to_who_may_read_the_record(void **state)
{
    (void)state;
    world_lead(&w, "Кран", w.anna, 0);
    const changes_batch *b = w.changes;
    assert_true(told(w.anna, 0, b->at, b->count));
    assert_non_null(strstr(out.p, "event: record"));
    assert_non_null(strstr(out.p, "\"op\":\"created\""));
    assert_true(told(w.boris, 0, b->at, b->count));
    assert_string_equal(out.p, "");
}

static void names_of_fields_one_may_not_see_are_not_told(void **state)
{
    (void)state;
    int64_t id = world_lead(&w, "Кран", w.anna, 0);
    assert_ok(world_update(&w, 0, w.lead, id, LEAD_SECRET, TEXT("наценка")));
    assert_true(told(w.anna, 0, w.changes->at, w.changes->count));
    assert_null(strstr(out.p, "\"secret\""));
    assert_true(told(w.zina, 0, w.changes->at, w.changes->count));
    assert_non_null(strstr(out.p, "\"secret\""));
}

/* Of one change, as two are told or one twice. */
static void where_a_stream_is_looks_like_nothing(void **state)
{
    (void)state;
    int64_t position;
    char first[EVENT_ID_ROOM];
    world_lead(&w, "Кран", w.anna, 0);
    const changes_batch *b = w.changes;
    assert_true(told(w.anna, 0, b->at, b->count));
    snprintf(first, sizeof first, "%s", strstr(out.p, "id: "));
    assert_true(told(w.anna, 0, b->at, b->count));
    char *second = strstr(out.p, "id: ");
    assert_memory_not_equal(second + 4, first + 4, 48);
    position_place of = {.of = POSITION_STREAM};
    assert_ok(position_read(of, (crm_str){first + 4, 48}, &position));
    assert_int_equal(position, b->last_position);
    assert_ok(position_read(of, (crm_str){second + 4, 48}, &position));
    assert_int_equal(position, b->last_position);
}

static void what_was_told_already_is_not_told_again(void **state)
{
    (void)state;
    world_lead(&w, "Кран", w.anna, 0);
    const changes_batch *b = w.changes;
    assert_true(told(w.anna, b->last_position, b->at, b->count));
    assert_string_equal(out.p, "");
}

/* Its rights and its entity are of a world that is gone: the page reads everything anew. */
static void a_change_of_an_older_registry_is_not_told_by_the_rights_of_the_newer(void **state)
{
    (void)state;
    world_lead(&w, "Кран", w.anna, 0);
    change old = w.changes->at[0];
    registry *older = registry_new();
    old.reg = older;
    assert_false(told(w.anna, 0, &old, 1));
    assert_string_equal(out.p, "");
    assert_true(told(w.anna, old.position, &old, 1)); /* but one that is behind it is no matter */
    registry_discard(older);
}

/* Commits of a batch tell of many rows at once: a page reads its list again, not row by row. */
static void many_rows_of_a_batch_are_told_in_one_line(void **state)
{
    change many[21];
    (void)state;
    world_lead(&w, "Кран", w.anna, 0);
    for (size_t i = 0; i < sizeof many / sizeof many[0]; i++) {
        many[i] = w.changes->at[0];
        many[i].batch = 7;
    }
    assert_true(told(w.anna, 0, many, 21));
    assert_string_equal(out.p, "event: many\ndata: {\"entity\":\"test.lead\",\"batch\":7}\n\n");
    assert_true(told(w.boris, 0, many, 21));
    assert_string_equal(out.p, "");
    assert_true(told(w.anna, 0, many, 20));
    assert_null(strstr(out.p, "event: many"));
    assert_non_null(strstr(out.p, "event: record"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_change_is_told_to_who_may_read_the_record),
        TEST(names_of_fields_one_may_not_see_are_not_told),
        TEST(many_rows_of_a_batch_are_told_in_one_line),
        TEST(what_was_told_already_is_not_told_again),
        TEST(where_a_stream_is_looks_like_nothing),
        TEST(a_change_of_an_older_registry_is_not_told_by_the_rights_of_the_newer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
