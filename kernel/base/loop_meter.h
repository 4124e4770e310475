/*
 * loop_meter.h - how long the turns of a loop take, from one wait for events to the next.
 *
 * While a turn lasts nobody else is answered, so the longest is what a bystander waited at most.
 * Times are real. Everything here is called on the loop's thread.
 */
#ifndef BASE_LOOP_METER_H
#define BASE_LOOP_METER_H

#include <crm/crm.h>
#include <uv.h>

#define LOOP_LONG_TURN_US 2000

typedef struct loop_meter loop_meter;

typedef struct loop_stats {
    uint64_t turns, busy_us;
    uint64_t long_turns; /* of more than LOOP_LONG_TURN_US */
    uint64_t long_work;  /* of those, in which the thread itself worked that long: in the others it waited,
                          * for a disk, or for a processor that others had */
    uint64_t longest_us; /* of the last one to two minutes */
} loop_stats;

/* Before the loop runs. NULL when memory is out. */
loop_meter *loop_meter_new(uv_loop_t *loop);
void loop_meter_get(loop_meter *m, loop_stats *out);
/* The memory goes in the close callback. */
void loop_meter_close(loop_meter *m);

#endif
