/*
 * demo_hours.c - working hours of a demo file, Monday to Friday: what it counts from the moment of
 * loading is moved into them, so that it looks like work whenever it is loaded. Any thread.
 */
#include "tz/demo_private.h"

#define DAY_MS 86400000

/* A moment as the deployment's clocks show it. */
typedef struct local {
    int64_t day; /* since 1970-01-01 */
    int64_t clock;
} local;

static int64_t floor_days(int64_t ms)
{
    return ms / DAY_MS - (ms % DAY_MS < 0);
}

static local to_local(const crm_ctx *c, int64_t ms)
{
    int64_t shown = ms + (c->env.zone ? zone_offset(c->env.zone, ms) : 0);
    int64_t day = floor_days(shown);
    return (local){day, shown - day * DAY_MS};
}

static int64_t from_local(const crm_ctx *c, local at)
{
    int64_t shown = at.day * DAY_MS + at.clock;
    return c->env.zone ? zone_from_local(c->env.zone, shown) : shown;
}

static bool is_weekend(int64_t day)
{
    return ((day + 3) % 7 + 7) % 7 >= 5; /* 1970-01-01 was a Thursday */
}

int64_t demo_workday(const demo_reading *x, int64_t day, int way)
{
    while (x->hours.to && is_weekend(day)) {
        day += way;
    }
    return day;
}

/* The last working moment that is not later (way -1), or the first that is not earlier (1). */
static local nearest(const demo_reading *x, local at, int way)
{
    const demo_hours *h = &x->hours;
    bool is_early = at.clock<h->from, is_late = at.clock> h->to;
    if (!is_weekend(at.day) && !is_early && !is_late) {
        return at;
    }
    bool is_same_day = !is_weekend(at.day) && (way < 0 ? is_late : is_early);
    at.day = demo_workday(x, is_same_day ? at.day : at.day + way, way);
    at.clock = way < 0 ? h->to : h->from;
    return at;
}

/* What is counted past the end of the hours goes on in those of the next working day, one day at
 * most. */
static local wrap(const demo_reading *x, local at, int way)
{
    const demo_hours *h = &x->hours;
    int64_t early = h->from - at.clock, late = at.clock - h->to, length = h->to - h->from;
    if (way < 0 && early > 0) {
        at = (local){at.day - 1, h->to - (early < length ? early : length)};
    } else if (way > 0 && late > 0) {
        at = (local){at.day + 1, h->from + (late < length ? late : length)};
    } else if (early > 0 || late > 0) {
        at.clock = early > 0 ? h->from : h->to;
    }
    at.day = demo_workday(x, at.day, way);
    return at;
}

int64_t demo_work_moment(const demo_reading *x, int64_t ms)
{
    const crm_ctx *c = x->c;
    int way = ms > 0 ? 1 : -1;
    if (!x->hours.to) {
        return c->env.now + ms;
    }
    int64_t from = from_local(c, nearest(x, to_local(c, c->env.now), way));
    return from_local(c, wrap(x, to_local(c, from + ms), way));
}

int64_t demo_today(const demo_reading *x, int64_t days, int way)
{
    int64_t today = to_local(x->c, x->c->env.now).day;
    return demo_workday(x, today + days, way) - today;
}

bool demo_read_hours(demo_reading *x, const yaml_node *n)
{
    crm_str to = n->text, from;
    demo_hours h;
    if (str_split(&to, '-', &from) && demo_read_clock(from, &h.from) &&
        demo_read_clock(to, &h.to) && h.from < h.to) {
        x->hours = h;
        return true;
    }
    tz_refuse(&x->f, n, "demo_hours", n->text);
    return false;
}
