/* metrics.c - the table of metrics. Adding is atomic; making and writing take a lock. Any thread.
 */
#include "net/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

#define METRICS_MAX 640
#define OF_MODULES_MAX                                                         \
    480 /* of them: however many modules there are, the kernel's own have room \
         */
#define MODULE_LABEL "{module=\""

struct metric {
    const char *name, *help, *type;
    _Atomic int64_t value;
    int64_t (*read)(void *arg);
    void *arg;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static metric table[METRICS_MAX];
static uint32_t count, of_modules;
/* What there was no room for is counted here, all together, and shown to nobody. */
static metric nowhere;
static void (*take_shared)(void *arg);
static void *shared;

static bool is_of_module(const char *name)
{
    return strstr(name, MODULE_LABEL) != NULL;
}

/* NULL: there is no room. */
static metric *find_or_add(const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    bool is_modules = is_of_module(name);
    if (count == METRICS_MAX || (is_modules && of_modules == OF_MODULES_MAX)) {
        return NULL;
    }
    of_modules += is_modules;
    table[count].name = name;
    return &table[count++];
}

static metric *make(const char *type, const char *name, const char *help, int64_t (*read)(void *),
                    void *arg)
{
    pthread_mutex_lock(&lock);
    metric *m = find_or_add(name);
    if (m) {
        m->type = type;
        m->help = help;
        m->read = read;
        m->arg = arg;
    }
    pthread_mutex_unlock(&lock);
    if (!m) {
        log_event(LOG_ERROR, "metrics.full", "left_out=%s", log_quote(str_of(name)));
    }
    return m ? m : &nowhere;
}

metric *metric_counter(const char *name, const char *help)
{
    return make("counter", name, help, NULL, NULL);
}

metric *metric_gauge(const char *name, const char *help)
{
    return make("gauge", name, help, NULL, NULL);
}

/* The part before the labels. */
static size_t family_length(const char *name)
{
    return strcspn(name, "{");
}

static bool is_total(const char *name)
{
    return str_ends((crm_str){name, family_length(name)}, CRM_S("_total"));
}

metric *metric_computed(const char *name, const char *help, int64_t (*read)(void *arg), void *arg)
{
    return make(is_total(name) ? "counter" : "gauge", name, help, read, arg);
}

void metric_add(metric *m, int64_t n)
{
    atomic_fetch_add_explicit(&m->value, n, memory_order_relaxed);
}

void metric_set(metric *m, int64_t value)
{
    atomic_store_explicit(&m->value, value, memory_order_relaxed);
}

int64_t metric_get(const metric *m)
{
    return m->read ? m->read(m->arg) : atomic_load_explicit(&m->value, memory_order_relaxed);
}

static bool is_same_family(const metric *a, const metric *b)
{
    size_t n = family_length(a->name);
    return n == family_length(b->name) && memcmp(a->name, b->name, n) == 0;
}

static void write_value(buf *out, const metric *m)
{
    buf_z(out, m->name);
    buf_char(out, ' ');
    buf_int(out, metric_get(m));
    buf_char(out, '\n');
}

/* The format wants all of a family together under one HELP and TYPE. */
static void write_family(buf *out, uint32_t first)
{
    const metric *m = &table[first];
    int n = (int)family_length(m->name);
    buf_fmt(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", n, m->name, m->help, n, m->name, m->type);
    for (uint32_t i = first; i < count; i++) {
        if (is_same_family(m, &table[i])) {
            write_value(out, &table[i]);
        }
    }
}

void metrics_before(void (*take)(void *arg), void *arg)
{
    pthread_mutex_lock(&lock);
    take_shared = take;
    shared = arg;
    pthread_mutex_unlock(&lock);
}

void metrics_write(buf *out)
{
    pthread_mutex_lock(&lock);
    if (take_shared) {
        take_shared(shared);
    }
    for (uint32_t i = 0; i < count; i++) {
        bool is_first = true;
        for (uint32_t k = 0; k < i && is_first; k++) {
            is_first = !is_same_family(&table[k], &table[i]);
        }
        if (is_first) {
            write_family(out, i);
        }
    }
    pthread_mutex_unlock(&lock);
}
