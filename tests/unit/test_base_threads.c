/*
 * test_base_threads.c - what the base layer shares between threads: the clock, the log, the seeds
 * and stemmers made at first use. ThreadSanitizer is the judge here, and the sums are a help.
 */
#include "unit.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"

#define THREADS 4
#define ROUNDS  200
#define START   1800255600000

static int lines; /* under the log's own lock */

static void count_line(const char *line, void *arg)
{
    (void)arg;
    lines += strstr(line, "event=test.round n=") != NULL;
}

typedef struct worker {
    pthread_t thread;
    bool is_right;
} worker;

static bool one_round(arena *a, int n, int64_t *last)
{
    crm_str terms = {0};
    json_t *v = NULL;
    int64_t now = clock_now();
    bool is_right = now >= *last;
    *last = now;
    is_right = is_right && text_terms(a, CRM_S("Клиенты run"), &terms) == CRM_OK &&
               str_is(terms, "клиенты клиент run");
    is_right = is_right && json_read(CRM_S("{\"a\":1}"), 0, &v, NULL) == CRM_OK;
    json_decref(v);
    log_event(LOG_INFO, "test.round", "n=%d who=%s", n, log_quote(terms));
    arena_reset(a);
    return is_right;
}

static void *work(void *arg)
{
    worker *w = arg;
    arena *a = arena_new(0);
    int64_t last = START;
    w->is_right = a != NULL;
    for (int i = 0; w->is_right && i < ROUNDS; i++) {
        w->is_right = one_round(a, i, &last);
    }
    arena_free(a);
    return NULL;
}

static void threads_share_clock_log_and_languages(void **state)
{
    (void)state;
    static worker workers[THREADS];
    log_capture(count_line, NULL);
    clock_virtual(START);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 1; i <= ROUNDS; i++) {
        clock_set(START + i);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_true(workers[i].is_right);
    }
    log_capture(NULL, NULL);
    assert_int_equal(lines, THREADS * ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_clock_log_and_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
