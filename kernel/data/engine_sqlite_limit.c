/* engine_sqlite_limit.c - when the time of a batch is over. */
#include "base/queued.h"
#include "data/engine_sqlite.h"

#define LOOK_NS 10000000

time_limit limit_of(int64_t us)
{
    int64_t now = us ? clock_mono() : 0;
    return us ? (time_limit){.half = now + us * 500, .end = now + us * 1000} : (time_limit){0};
}

/* Of the second half, in which others may have kept the thread from the processor: what it ran and
 * waited for a disk. Where the system does not tell, one wait is taken for all of it. */
static bool had_half(const time_limit *l, int64_t now)
{
    int64_t queued = queued_ns(), half = l->end - l->half;
    if (queued < 0 || l->queued < 0) {
        thread_use use = clock_thread();
        return use.waits > l->from.waits || use.cpu_ns - l->from.cpu_ns >= half;
    }
    return now - l->half - (queued - l->queued) >= half;
}

/* Past the end of its real time a reading batch stops if it had that: a busy machine may have given
 * the thread nothing, and then nobody is served by beginning again elsewhere. */
static bool has_used_it(time_limit *l, int64_t now)
{
    if (!l->is_watched) {
        l->is_watched = true;
        l->from = clock_thread();
        l->queued = queued_ns();
        return false;
    }
    if (now <= l->end || now < l->look) {
        return false;
    }
    l->look = now + LOOK_NS;
    return now - l->end >= (l->end - l->half) * 2 || had_half(l, now);
}

bool limit_is_over(time_limit *l, bool is_writing)
{
    if (!l->end && !l->count_end) {
        return false;
    }
    int64_t now = clock_mono();
    if (l->count_end && now > l->count_end) {
        return true;
    }
    if (!l->end || now < l->half) {
        return false;
    }
    return is_writing ? now > l->end : has_used_it(l, now);
}
