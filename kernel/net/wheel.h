/*
 * wheel.h - many coarse time-outs of one loop behind one uv timer. Real time, 100 ms steps; tests
 * may let more of it pass at once.
 *
 * Moving a deadline is a few stores, so every read and write may do it. Loop thread. Internal.
 */
#ifndef NET_WHEEL_H
#define NET_WHEEL_H

#include <crm/crm.h>
#include <uv.h>

#define WHEEL_STEP_MS 100
#define WHEEL_SLOTS   1024 /* deadlines further away than 102 s go round once more */

typedef struct wheel_node {
    struct wheel_node *prev, *next; /* NULL while not in the wheel */
    uint64_t due;                   /* ms of wheel_now; 0: none */
    uint64_t slot;                  /* the step it lies in */
    void (*fire)(struct wheel_node *n);
} wheel_node;

typedef struct wheel {
    uv_timer_t timer; /* first; its data is the owner's */
    uint64_t step;    /* the last one that was run */
    uint64_t ahead;   /* ms that wheel_pass let pass */
    uint64_t ticked;  /* ms of wheel_now at the last tick */
    uint64_t lag_ms;  /* the longest a tick ever came late: how long the loop was held */
    uint32_t count;
    wheel_node slots[WHEEL_SLOTS];
} wheel;

void wheel_init(wheel *w, uv_loop_t *loop);
/* The node is not in it; `done` is the uv close callback of w->timer. */
void wheel_close(wheel *w, uv_close_cb done);
/* (Re)arms: n->fire is called once, at most one step late, unless moved or cancelled before. */
void wheel_set(wheel *w, wheel_node *n, uint64_t ms_from_now);
void wheel_cancel(wheel *w, wheel_node *n);
/* Milliseconds that only this wheel counts in: uv_now, and what wheel_pass added. */
uint64_t wheel_now(const wheel *w);
/* For tests: `ms` pass at once, and what is due by then fires before it returns. */
void wheel_pass(wheel *w, uint64_t ms);

#endif
