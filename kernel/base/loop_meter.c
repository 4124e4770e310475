/* loop_meter.c - a check handle that takes what libuv says it waited from the time that passed. */
#include "base/loop_meter.h"

#include <stdlib.h>

#include "base/clock.h"

#define WINDOW_NS 60000000000LL

struct loop_meter {
    uv_check_t check;
    int64_t last; /* clock_mono of the check before */
    uint64_t waited, turns, busy_ns, long_turns;
    int64_t longest, longest_before; /* ns; of this window and of the one before it */
    int64_t window_end;
};

static void move_window(loop_meter *m, int64_t now)
{
    if (now < m->window_end)
        return;
    m->longest_before = now < m->window_end + WINDOW_NS ? m->longest : 0;
    m->longest = 0;
    m->window_end = now + WINDOW_NS;
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
    m->long_turns += took > LOOP_LONG_TURN_US * 1000LL;
    m->longest = took > m->longest ? took : m->longest;
}

loop_meter *loop_meter_new(uv_loop_t *loop)
{
    loop_meter *m = calloc(1, sizeof *m);
    if (!m || uv_loop_configure(loop, UV_METRICS_IDLE_TIME) != 0) {
        free(m);
        return NULL;
    }
    m->last = clock_mono();
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
                        .longest_us = (uint64_t)longest / 1000};
}

static void closed(uv_handle_t *h)
{
    free(h->data);
}

void loop_meter_close(loop_meter *m)
{
    if (m)
        uv_close((uv_handle_t *)&m->check, closed);
}
