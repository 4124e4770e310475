/* slow_shapes.c - see slow_shapes.h. */
#include "net/slow_shapes.h"

void slow_shapes_add(slow_shapes *s, uint64_t shape, int64_t now)
{
    s->at[shape % SLOW_SHAPES].shape = shape;
    s->at[shape % SLOW_SHAPES].until = now + SLOW_SHAPE_NS;
    s->at[shape % SLOW_SHAPES].short_reads = 0;
}

bool slow_shapes_has(const slow_shapes *s, uint64_t shape, int64_t now)
{
    return s->at[shape % SLOW_SHAPES].shape == shape && s->at[shape % SLOW_SHAPES].until > now;
}

void slow_shapes_judge(slow_shapes *s, uint64_t shape, bool is_short)
{
    uint64_t i = shape % SLOW_SHAPES;
    if (s->at[i].shape != shape) {
        return;
    }
    s->at[i].short_reads = is_short ? s->at[i].short_reads + 1 : 0;
    if (s->at[i].short_reads >= SLOW_SHAPE_OFF) {
        s->at[i].until = 0;
    }
}
