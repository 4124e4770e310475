/* module_figures.c - what the code of each module took, for /metrics. Any thread. */
#include <stdio.h>
#include <stdlib.h>

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

void module_figures(module *m)
{
    static const struct {
        const char *name, *help;
        int64_t (*read)(void *arg);
    } shown[] = {
        {"karkas_module_calls_total", "Calls into a module's code", calls},
        {"karkas_module_us_total", "What they took, in microseconds", microseconds},
        {"karkas_module_slow_total", "Calls over 5 ms in a transaction, 250 ms elsewhere", slow},
        {"karkas_module_timeouts_total", "Calls that used up their time", timeouts},
    };
    crm_str label = plug_name(m);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        size_t size = strlen(shown[i].name) + label.n + sizeof "{module=\"\"}";
        char *name = malloc(size); /* a metric's name stays for ever, as the module's code does */
        if (!name) {
            return;
        }
        snprintf(name, size, "%s{module=\"%.*s\"}", shown[i].name, STR_FMT(label));
        metric_computed(name, shown[i].help, shown[i].read, m);
    }
}
