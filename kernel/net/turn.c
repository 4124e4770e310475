/* turn.c - how much of a turn of the loop goes to reads. */
#include "net/turn.h"

#include "base/clock.h"

static bool may_run(const turn *t)
{
    return t->ran == 0 || t->spent_ns < t->budget_ns;
}

static void run(turn *t, turn_node *n)
{
    int64_t begun = clock_mono();
    t->ran++;
    n->run(n->arg); /* the node may be gone afterwards */
    t->spent_ns += clock_mono() - begun;
}

/* Runs before what arrives in this turn; while it is started the loop does not wait for anything.
 */
static void on_idle(uv_idle_t *idle)
{
    turn *t = (turn *)idle;
    while (t->first && may_run(t)) {
        turn_node *n = t->first;
        t->first = n->next;
        run(t, n);
    }
    if (!t->first) {
        uv_idle_stop(idle);
    }
}

void turn_init(turn *t, uv_loop_t *loop, int64_t budget_ns)
{
    *t = (turn){.budget_ns = budget_ns};
    uv_idle_init(loop, &t->idle);
}

void turn_run(turn *t, turn_node *n, void (*fn)(void *arg), void *arg)
{
    *n = (turn_node){.run = fn, .arg = arg};
    if (!t->first && may_run(t)) {
        run(t, n);
        return;
    }
    if (t->first) {
        t->last->next = n;
    } else {
        t->first = n;
        uv_idle_start(&t->idle, on_idle);
    }
    t->last = n;
    t->put_off++;
}

void turn_end(turn *t)
{
    t->spent_ns = 0;
    t->ran = 0;
}

void turn_close(turn *t, uv_close_cb done)
{
    uv_close((uv_handle_t *)&t->idle, done);
}
