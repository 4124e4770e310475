/* test_data_engine_limit.c - when a read has had its time on a machine that others use too. */
#include "data/engine_sqlite.h"
#include "unit.h"

/* A batch of 2 ms that was first looked at when half of them were over, queued for 7 by then. */
static time_limit of_two(void)
{
    return (time_limit){.half = 1000, .end = 2000, .from_ns = 1000, .queued = 7};
}

static void time_that_others_had_is_not_counted(void **state)
{
    time_limit l = of_two();
    (void)state;
    assert_true(limit_was_had(&l, 2000, 7));
    assert_false(limit_was_had(&l, 2000, 8));
    assert_false(limit_was_had(&l, 3500, 7 + 1501));
    assert_true(limit_was_had(&l, 3500, 7 + 1500));
}

static void a_first_look_that_came_late_charges_nothing(void **state)
{
    time_limit l = of_two();
    (void)state;
    l.from_ns = 2600; /* it stood in the queue from before its half on */
    l.queued = 2000;
    assert_false(limit_was_had(&l, 3000, 2000));
    assert_true(limit_was_had(&l, 3600, 2000));
}

static void twice_the_time_is_the_end(void **state)
{
    time_limit l = of_two();
    (void)state;
    assert_int_equal(limit_hard_end(&l), 4000);
}

/* However seldom it is looked at: an end that is past ends the batch at the second look. */
static void past_that_end_the_next_look_ends_it(void **state)
{
    int64_t now = clock_mono();
    time_limit l = {.half = now - 4000000, .end = now - 3000000, .look = INT64_MAX};
    (void)state;
    assert_false(limit_is_over(&l, false));
    assert_true(limit_is_over(&l, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_that_others_had_is_not_counted),
        cmocka_unit_test(a_first_look_that_came_late_charges_nothing),
        cmocka_unit_test(twice_the_time_is_the_end),
        cmocka_unit_test(past_that_end_the_next_look_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
