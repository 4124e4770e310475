/* module_figures.c - what the code of each module took, for /metrics. Any thread. */
#include <stdio.h>
#include <stdlib.h>

#include "flow/remote.h"
#include "net/metrics.h"
#include "server.h"

/* By the name of any generation: the figures are of them all. */
static plug_usage usage_of(const module *m)
{
    plug_usage u;
    plug_usage_of(plug_name(m), &u);
    return u;
}

static int64_t calls(void *arg)
{
    return (int64_t)usage_of(arg).calls;
}

static int64_t microseconds(void *arg)
{
    return (int64_t)(usage_of(arg).nanoseconds / 1000);
}

static int64_t slow(void *arg)
{
    return (int64_t)usage_of(arg).slow;
}

static int64_t timeouts(void *arg)
{
    return (int64_t)usage_of(arg).timeouts;
}

static remote_health health_of(const module *m)
{
    remote_health h;
    remote_health_of(plug_name(m), &h);
    return h;
}

static int64_t asked(void *arg)
{
    return (int64_t)health_of(arg).calls;
}

static int64_t asked_in_vain(void *arg)
{
    return (int64_t)health_of(arg).failed;
}

static int64_t let_through(void *arg)
{
    return (int64_t)health_of(arg).let_through;
}

static int64_t is_paused(void *arg)
{
    return health_of(arg).is_open;
}

typedef struct figure {
    const char *name, *help;
    int64_t (*read)(void *arg);
} figure;

static void show(module *m, const figure *shown, size_t count)
{
    crm_str label = plug_name(m);
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(shown[i].name) + label.n + sizeof "{module=\"\"}";
        char *name = malloc(size); /* a metric's name stays for ever, as the module's code does */
        if (!name) {
            return;
        }
        snprintf(name, size, "%s{module=\"%.*s\"}", shown[i].name, STR_FMT(label));
        metric_computed(name, shown[i].help, shown[i].read, m);
    }
}

void module_figures(module *m)
{
    static const figure shown[] = {
        {"karkas_module_calls_total", "Calls into a module's code", calls},
        {"karkas_module_us_total", "What they took, in microseconds", microseconds},
        {"karkas_module_slow_total", "Calls over 5 ms in a transaction, 250 ms elsewhere", slow},
        {"karkas_module_timeouts_total", "Calls that used up their time", timeouts},
    };
    static const figure of_remote[] = {
        {"karkas_remote_calls_total", "Questions to the module's HTTP service", asked},
        {"karkas_remote_failed_total", "Those without a sound answer", asked_in_vain},
        {"karkas_remote_let_through_total", "Changes that went on without it", let_through},
        {"karkas_remote_paused", "1: it failed so often that it is not asked now", is_paused},
    };
    show(m, shown, sizeof shown / sizeof shown[0]);
    if (plug_has_remote(m)) {
        show(m, of_remote, sizeof of_remote / sizeof of_remote[0]);
    }
}
