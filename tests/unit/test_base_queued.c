/* test_base_queued.c - what others kept a thread from is what it neither ran nor waited for. */
#include "base/clock.h"
#include "base/queued.h"
#include "unit.h"

static void it_is_no_more_than_the_time_the_thread_did_not_run(void **state)
{
    (void)state;
    int64_t queued = queued_ns(), began = clock_mono();
    thread_use from = clock_thread();
    if (queued < 0) {
        skip(); /* this system does not tell */
    }
    while (clock_thread().cpu_ns - from.cpu_ns < 20000000) {
    }
    int64_t ran = clock_thread().cpu_ns - from.cpu_ns, grew = queued_ns() - queued;
    assert_true(grew >= 0);
    assert_true(grew <= clock_mono() - began - ran + 5000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_no_more_than_the_time_the_thread_did_not_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
