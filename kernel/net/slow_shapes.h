/*
 * slow_shapes.h - which lists are too long for the loop.
 *
 * A list that was interrupted on the loop sends those of its shape straight to a pool for a minute. What
 * interrupted it may have been another program that had the core, so they come back as soon as the
 * pool has read several of them, one after the other, in less time than the loop would have given.
 * Bounded: shapes share places, the last one counts. Loop thread.
 */
#ifndef NET_SLOW_SHAPES_H
#define NET_SLOW_SHAPES_H

#include <stdbool.h>
#include <stdint.h>

#define SLOW_SHAPES    64
#define SLOW_SHAPE_NS  60000000000LL
#define SLOW_SHAPE_OFF 8 /* short reads one after the other, and it is slow no more */

typedef struct slow_shapes {
    struct {
        uint64_t shape;
        int64_t until; /* ns of clock_mono; 0: a free place */
        uint32_t short_reads;
    } at[SLOW_SHAPES];
} slow_shapes;

/* One of the shape was interrupted. */
void slow_shapes_add(slow_shapes *s, uint64_t shape, int64_t now);
bool slow_shapes_has(const slow_shapes *s, uint64_t shape, int64_t now);
/* A pool has read one of the shape; is_short: the loop would have had the time. */
void slow_shapes_judge(slow_shapes *s, uint64_t shape, bool is_short);

#endif
