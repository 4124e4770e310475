/* Counters, gauges and their text. */
#include "unit.h"

#include "net/metrics.h"

static int64_t seven(void *arg)
{
    (void)arg;
    return 7;
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text_groups_families_and_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
