/*
 * turn.h - how much of a turn of the loop goes to reads; the rest of them wait for the next turns.
 *
 * A turn answers whatever has arrived. Without a bound fifty lists that arrive together would hold
 * everything behind them, the shortest read and the event streams included. Loop thread. Internal.
 */
#ifndef NET_TURN_H
#define NET_TURN_H

#include <crm/crm.h>
#include <uv.h>

typedef struct turn_node {
    struct turn_node *next;
    void (*run)(void *arg);
    void *arg;
} turn_node;

typedef struct turn {
    uv_idle_t idle; /* first; its data is the owner's. Runs while somebody waits */
    turn_node *first, *last;
    int64_t budget_ns, spent_ns;
    uint32_t ran;     /* in this turn */
    uint64_t put_off; /* how many ever had to wait */
} turn;

/* `budget_ns` of clock_mono a turn; one is run in each turn however long it takes. */
void turn_init(turn *t, uv_loop_t *loop, int64_t budget_ns);
/* Calls run(arg) now, or in one of the next turns and in the order given. The node is the caller's
 * until then. */
void turn_run(turn *t, turn_node *n, void (*run)(void *arg), void *arg);
/* To be called once in each turn, after what has arrived was taken (uv_check_t). */
void turn_end(turn *t);
/* Nobody waits any more; `done` is the uv close callback of t->idle. */
void turn_close(turn *t, uv_close_cb done);

#endif
