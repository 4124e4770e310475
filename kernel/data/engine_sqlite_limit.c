/* engine_sqlite_limit.c - when the time of a batch is over. */
#include "base/queued.h"
#include "data/engine_sqlite.h"

#define LOOK_NS 10000000

time_limit limit_of(int64_t us)
{
    int64_t now = us ? clock_mono() : 0;
    return us ? (time_limit){.half = now + us * 500, .end = now + us * 1000} : (time_limit){0};
}

/* As long as its half, from the first look on: what it ran and waited for a disk, not what others
 * kept it from the processor. */
bool limit_was_had(const time_limit *l, int64_t now, int64_t queued)
{
    return now - l->from_ns - (queued - l->queued) >= l->end - l->half;
}

int64_t limit_hard_end(const time_limit *l)
{
    return l->end + 2 * (l->end - l->half);
}

/* Where the system does not tell how long a thread was queued, one wait is taken for all of it. */
static bool has_waited(const time_limit *l)
{
    thread_use use = clock_thread();
    return use.waits > l->from.waits || use.cpu_ns - l->from.cpu_ns >= l->end - l->half;
}

/* Past the end of its real time a reading batch stops if it had that: a busy machine may have given
 * the thread nothing, and then nobody is served by beginning again elsewhere. */
static bool has_used_it(time_limit *l, int64_t now)
{
    int64_t pause = (l->end - l->half) / 4;
    if (!l->is_watched) {
        l->is_watched = true;
        l->from = clock_thread();
        l->from_ns = now;
        l->queued = queued_ns();
        return false;
    }
    if (now >= limit_hard_end(l)) {
        return true;
    }
    if (now <= l->end || now < l->look) {
        return false;
    }
    l->look = now + (pause < LOOK_NS ? pause : LOOK_NS);
    int64_t queued = queued_ns();
    return queued < 0 || l->queued < 0 ? has_waited(l) : limit_was_had(l, now, queued);
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
