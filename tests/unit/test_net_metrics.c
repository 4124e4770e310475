/* Counters, gauges and their text. */
#include "unit.h"

#include "net/metrics.h"

static int64_t seven(void *arg)
{
    (void)arg;
    return 7;
}

static int64_t taken;

static void take(void *arg)
{
    taken += *(int64_t *)arg;
}

static int64_t what_was_taken(void *arg)
{
    (void)arg;
    return taken;
}

static void what_figures_share_is_taken_once_for_a_text(void **state)
{
    int64_t step = 5;
    buf b;
    (void)state;
    buf_init(&b, 0);
    metric_computed("test_shared{of=\"a\"}", "Shared", what_was_taken, NULL);
    metric_computed("test_shared{of=\"b\"}", "Shared", what_was_taken, NULL);
    metrics_before(take, &step);
    metrics_write(&b);
    buf_char(&b, 0);
    assert_non_null(strstr(b.p, "test_shared{of=\"a\"} 5\ntest_shared{of=\"b\"} 5\n"));
    metrics_before(NULL, NULL);
    metrics_write(&b);
    assert_int_equal(taken, 5);
    buf_free(&b);
}

static void test_text_groups_families_and_counts(void **state)
{
    (void)state;
    metric *ok = metric_counter("test_requests_total{class=\"2xx\"}", "Requests by class");
    metric *gauge = metric_gauge("test_queue", "Waiting");
    metric *bad = metric_counter("test_requests_total{class=\"5xx\"}", "Requests by class");
    metric_computed("test_computed", "Read when asked", seven, NULL);
    metric_computed("test_done_total{kind=\"a\"}", "Counted elsewhere", seven, NULL);
    assert_ptr_equal(ok, metric_counter("test_requests_total{class=\"2xx\"}", "Requests by class"));
    metric_add(ok, 2);
    metric_add(ok, 1);
    metric_add(bad, 1);
    metric_set(gauge, -4);
    assert_int_equal(metric_get(ok), 3);
    buf b;
    buf_init(&b, 0);
    metrics_write(&b);
    assert_text(buf_view(&b), "# HELP test_requests_total Requests by class\n"
                              "# TYPE test_requests_total counter\n"
                              "test_requests_total{class=\"2xx\"} 3\n"
                              "test_requests_total{class=\"5xx\"} 1\n"
                              "# HELP test_queue Waiting\n"
                              "# TYPE test_queue gauge\n"
                              "test_queue -4\n"
                              "# HELP test_computed Read when asked\n"
                              "# TYPE test_computed gauge\n"
                              "test_computed 7\n"
                              "# HELP test_done_total Counted elsewhere\n"
                              "# TYPE test_done_total counter\n"
                              "test_done_total{kind=\"a\"} 7\n");
    buf_free(&b);
}

/* Whoever installs modules says how many there are of their figures. */
static void what_has_no_room_is_left_out_and_the_kernels_own_still_have_some(void **state)
{
    static char names[700][64];
    buf b;
    (void)state;
    for (int i = 0; i < 700; i++) {
        snprintf(names[i], sizeof names[i], "test_module_total{module=\"m%d\"}", i);
        assert_non_null(metric_computed(names[i], "Of a module", seven, NULL));
    }
    metric *own = metric_counter("test_own_total", "The kernel's");
    metric_add(own, 3);
    metric_add(metric_counter(names[699], "Of a module"), 1);
    buf_init(&b, 0);
    metrics_write(&b);
    buf_char(&b, 0);
    assert_non_null(strstr(b.p, "test_own_total 3\n"));
    assert_non_null(strstr(b.p, "test_module_total{module=\"m479\"} 7\n"));
    assert_null(strstr(b.p, "test_module_total{module=\"m480\"}"));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_groups_families_and_counts),
        cmocka_unit_test(what_figures_share_is_taken_once_for_a_text),
        cmocka_unit_test(what_has_no_room_is_left_out_and_the_kernels_own_still_have_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
