/* wheel.c - a hashed timer wheel. Loop thread. */
#include "net/wheel.h"

#include "base/log.h"

#define LAG_WORTH_SAYING_MS 100

static void unlink_node(wheel *w, wheel_node *n)
{
    n->prev->next = n->next;
    n->next->prev = n->prev;
    n->prev = n->next = NULL;
    w->count--;
}

static void link_node(wheel *w, wheel_node *n)
{
    uint64_t step = n->due / WHEEL_STEP_MS + 1;
    n->slot = step > w->step ? step : w->step + 1;
    wheel_node *head = &w->slots[n->slot % WHEEL_SLOTS];
    n->prev = head->prev;
    n->next = head;
    head->prev->next = n;
    head->prev = n;
    w->count++;
}

/* A node found here may have been moved to later, or lie a whole turn of the wheel ahead. The list
 * is taken off first, since what fires may set and cancel any node. */
static void run_slot(wheel *w, uint64_t now)
{
    wheel_node *head = &w->slots[w->step % WHEEL_SLOTS];
    if (head->next == head) {
        return;
    }
    wheel_node todo = *head;
    todo.next->prev = todo.prev->next = &todo;
    head->prev = head->next = head;
    while (todo.next != &todo) {
        wheel_node *n = todo.next;
        unlink_node(w, n);
        if (n->due > now) {
            link_node(w, n);
        } else if (n->due) {
            n->due = 0;
            n->fire(n);
        }
    }
}

/* A tick comes late when something held the loop. */
static void note_lag(wheel *w, uint64_t now)
{
    uint64_t late = now - w->ticked > WHEEL_STEP_MS ? now - w->ticked - WHEEL_STEP_MS : 0;
    w->ticked = now;
    if (late > LAG_WORTH_SAYING_MS) {
        log_event(LOG_WARN, "loop.lag", "ms=%llu", (unsigned long long)late);
    }
    w->lag_ms = late > w->lag_ms ? late : w->lag_ms;
}

uint64_t wheel_now(const wheel *w)
{
    return uv_now(w->timer.loop) + w->ahead;
}

static void run_due(wheel *w, uint64_t now)
{
    while (w->step < now / WHEEL_STEP_MS) {
        w->step++;
        run_slot(w, now);
    }
    if (w->count == 0) {
        uv_timer_stop(&w->timer);
    }
}

static void on_tick(uv_timer_t *t)
{
    wheel *w = (wheel *)t;
    uint64_t now = wheel_now(w);
    note_lag(w, now);
    run_due(w, now);
}

void wheel_pass(wheel *w, uint64_t ms)
{
    w->ahead += ms;
    w->ticked += ms; /* the loop was not held meanwhile */
    run_due(w, wheel_now(w));
}

void wheel_init(wheel *w, uv_loop_t *loop)
{
    uv_timer_init(loop, &w->timer);
    w->count = 0;
    w->lag_ms = w->ahead = 0;
    w->step = wheel_now(w) / WHEEL_STEP_MS;
    for (size_t i = 0; i < WHEEL_SLOTS; i++) {
        w->slots[i].prev = w->slots[i].next = &w->slots[i];
    }
}

void wheel_close(wheel *w, uv_close_cb done)
{
    uv_close((uv_handle_t *)&w->timer, done);
}

void wheel_set(wheel *w, wheel_node *n, uint64_t ms_from_now)
{
    uint64_t now = wheel_now(w);
    if (w->count == 0) {
        w->step = now / WHEEL_STEP_MS;
        w->ticked = now;
        uv_timer_start(&w->timer, on_tick, WHEEL_STEP_MS, WHEEL_STEP_MS);
    }
    n->due = now + ms_from_now;
    /* A later deadline stays where it lies and is moved when its slot comes. */
    if (n->prev && n->due / WHEEL_STEP_MS + 1 < n->slot) {
        unlink_node(w, n);
    }
    if (!n->prev) {
        link_node(w, n);
    }
}

void wheel_cancel(wheel *w, wheel_node *n)
{
    n->due = 0;
    if (n->prev) {
        unlink_node(w, n);
    }
}
