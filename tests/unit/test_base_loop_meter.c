/* test_base_loop_meter.c - a turn's length is what it worked, not what it waited. */
#include "unit.h"

#include <poll.h>
#include <time.h>

#include "base/clock.h"
#include "base/loop_meter.h"

#define HELD_MS   6
#define WAITED_MS 40

static int64_t worked(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* By the thread's own time: on a busy machine others have their share of a wall clock's. */
static void hold(uv_timer_t *timer)
{
    int64_t until = worked() + HELD_MS * 1000000LL;
    while (worked() < until) {
        continue;
    }
    uv_close((uv_handle_t *)timer, NULL);
}

static void a_held_turn_is_long_and_waiting_is_not(void **state)
{
    uv_loop_t loop;
    uv_timer_t timer;
    loop_stats seen;
    (void)state;
    uv_loop_init(&loop);
    int64_t begun = clock_mono();
    loop_meter *m = loop_meter_new(&loop);
    assert_non_null(m);
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, hold, WAITED_MS, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    /* The timer ran after the last check: one more turn ends what it held. */
    uv_run(&loop, UV_RUN_NOWAIT);
    loop_meter_get(m, &seen);
    int64_t whole_us = (clock_mono() - begun) / 1000;
    assert_true(seen.turns >= 2);
    assert_true(seen.longest_us >= HELD_MS * 1000);
    assert_true(seen.long_turns >= 1);
    assert_true(seen.long_work >= 1);
    assert_true(seen.busy_us >= seen.longest_us);
    /* However long others kept the thread from the processor: what it waited is no work. */
    assert_true((int64_t)seen.busy_us <= whole_us - (int64_t)uv_metrics_idle_time(&loop) / 1000);
    loop_meter_close(m);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void stand_still(uv_timer_t *timer)
{
    poll(NULL, 0, HELD_MS);
    uv_close((uv_handle_t *)timer, NULL);
}

static void a_turn_that_does_not_work_is_no_long_work(void **state)
{
    uv_loop_t loop;
    uv_timer_t timer;
    loop_stats seen;
    (void)state;
    int64_t before = worked();
    uv_loop_init(&loop);
    loop_meter *m = loop_meter_new(&loop);
    assert_non_null(m);
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, stand_still, 0, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_run(&loop, UV_RUN_NOWAIT);
    loop_meter_get(m, &seen);
    assert_true(seen.long_turns >= 1);
    /* A sanitizer on a slow machine may need as long for the rest of the turn. */
    assert_true(seen.long_work == 0 || worked() - before > LOOP_LONG_TURN_US * 1000LL);
    loop_meter_close(m);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_held_turn_is_long_and_waiting_is_not),
        cmocka_unit_test(a_turn_that_does_not_work_is_no_long_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
