/* loop_meter.c - a check handle that takes what libuv says it waited from the time that passed. */
#include "base/loop_meter.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

#define WINDOW_NS 60000000000LL
#define SAMPLE_NS 1000000LL /* the thread's own time is a system call, so not every turn asks */

struct loop_meter {
    uv_check_t check;
    int64_t last; /* clock_mono of the check before */
    uint64_t waited, turns, busy_ns, long_turns, long_work;
    int64_t cpu, sampled;            /* what the thread had worked, when that was asked */
    int64_t since;                   /* ns that turns took after it */
    int64_t longest, longest_before; /* ns; of this window and of the one before it */
    int64_t window_end;
};

static void move_window(loop_meter *m, int64_t now)
{
    if (now < m->window_end) {
        return;
    }
    m->longest_before = now < m->window_end + WINDOW_NS ? m->longest : 0;
    m->longest = 0;
    m->window_end = now + WINDOW_NS;
}

static int64_t own_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The turns since the sample before worked no longer than they took: what counts as long work
 * surely was. */
static void sample(loop_meter *m, int64_t now, bool is_long)
{
    int64_t cpu = own_time();
    m->long_work += is_long && cpu - m->cpu - m->since > LOOP_LONG_TURN_US * 1000LL;
    m->cpu = cpu;
    m->sampled = now;
    m->since = 0;
}

static void turn_ended(uv_check_t *check)
{
    loop_meter *m = check->data;
    uint64_t waited = uv_metrics_idle_time(check->loop);
    int64_t now = clock_mono(), took = now - m->last - (int64_t)(waited - m->waited);
    m->last = now;
    m->waited = waited;
    move_window(m, now);
    m->turns++;
    m->busy_ns += took > 0 ? (uint64_t)took : 0;
    bool is_long = took > LOOP_LONG_TURN_US * 1000LL;
    m->long_turns += is_long;
    if (is_long || now - m->sampled >= SAMPLE_NS) {
        sample(m, now, is_long);
    } else {
        m->since += took > 0 ? took : 0;
    }
    m->longest = took > m->longest ? took : m->longest;
}

loop_meter *loop_meter_new(uv_loop_t *loop)
{
    loop_meter *m = calloc(1, sizeof *m);
    if (!m || uv_loop_configure(loop, UV_METRICS_IDLE_TIME) != 0) {
        free(m);
        return NULL;
    }
    m->last = m->sampled = clock_mono();
    m->cpu = own_time();
    m->window_end = m->last + WINDOW_NS;
    uv_check_init(loop, &m->check);
    m->check.data = m;
    uv_check_start(&m->check, turn_ended);
    uv_unref((uv_handle_t *)&m->check); /* measuring is no reason to stay */
    return m;
}

void loop_meter_get(loop_meter *m, loop_stats *out)
{
    move_window(m, clock_mono());
    int64_t longest = m->longest > m->longest_before ? m->longest : m->longest_before;
    *out = (loop_stats){.turns = m->turns,
                        .busy_us = m->busy_ns / 1000,
                        .long_turns = m->long_turns,
                        .long_work = m->long_work,
                        .longest_us = (uint64_t)longest / 1000};
}

static void closed(uv_handle_t *h)
{
    free(h->data);
}

void loop_meter_close(loop_meter *m)
{
    if (m) {
        uv_close((uv_handle_t *)&m->check, closed);
    }
}
