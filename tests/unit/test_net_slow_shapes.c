/* test_net_slow_shapes.c - lists that the loop leaves to a pool, and how they come back. */
#include "net/slow_shapes.h"
#include "unit.h"

#define SHAPE 0x1234567890ABCDEFull
#define NOW   5000000000LL

static void a_shape_that_was_interrupted_is_slow_for_a_minute(void **state)
{
    (void)state;
    slow_shapes s = {0};
    assert_false(slow_shapes_has(&s, SHAPE, NOW));
    slow_shapes_add(&s, SHAPE, NOW);
    assert_true(slow_shapes_has(&s, SHAPE, NOW));
    assert_true(slow_shapes_has(&s, SHAPE, NOW + SLOW_SHAPE_NS - 1));
    assert_false(slow_shapes_has(&s, SHAPE, NOW + SLOW_SHAPE_NS));
}

static void a_shape_of_short_reads_comes_back_at_once(void **state)
{
    (void)state;
    slow_shapes s = {0};
    slow_shapes_add(&s, SHAPE, NOW);
    for (int i = 1; i < SLOW_SHAPE_OFF; i++) {
        slow_shapes_judge(&s, SHAPE, true);
        assert_true(slow_shapes_has(&s, SHAPE, NOW));
    }
    slow_shapes_judge(&s, SHAPE, true);
    assert_false(slow_shapes_has(&s, SHAPE, NOW));
    slow_shapes_add(&s, SHAPE, NOW);
    slow_shapes_judge(&s, SHAPE, true);
    assert_true(slow_shapes_has(&s, SHAPE, NOW)); /* counted anew */
}

static void a_long_read_among_short_ones_keeps_the_shape_slow(void **state)
{
    (void)state;
    slow_shapes s = {0};
    slow_shapes_add(&s, SHAPE, NOW);
    for (int i = 0; i < 10 * SLOW_SHAPE_OFF; i++) {
        slow_shapes_judge(&s, SHAPE, i % SLOW_SHAPE_OFF != 0);
        assert_true(slow_shapes_has(&s, SHAPE, NOW));
    }
}

static void shapes_that_share_a_place_are_told_apart(void **state)
{
    (void)state;
    slow_shapes s = {0};
    slow_shapes_add(&s, SHAPE, NOW);
    assert_false(slow_shapes_has(&s, SHAPE + SLOW_SHAPES, NOW));
    for (int i = 0; i < SLOW_SHAPE_OFF; i++) {
        slow_shapes_judge(&s, SHAPE + SLOW_SHAPES, true);
    }
    assert_true(slow_shapes_has(&s, SHAPE, NOW));
    slow_shapes_add(&s, SHAPE + SLOW_SHAPES, NOW);
    assert_false(slow_shapes_has(&s, SHAPE, NOW)); /* it is tried on the loop again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shape_that_was_interrupted_is_slow_for_a_minute),
        cmocka_unit_test(a_shape_of_short_reads_comes_back_at_once),
        cmocka_unit_test(a_long_read_among_short_ones_keeps_the_shape_slow),
        cmocka_unit_test(shapes_that_share_a_place_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
