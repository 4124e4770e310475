/*
 * metrics.h - named counters and gauges, and their text for /metrics (Prometheus format 0.0.4).
 *
 * A metric is made once (at start) and lives until the process ends; adding is atomic, any thread.
 */
#ifndef NET_METRICS_H
#define NET_METRICS_H

#include <crm/crm.h>

#include "base/buf.h"

typedef struct metric metric;

/* `name` [a-z_:]+ with an optional label part, `requests_total{class="2xx"}`; texts are static. The
 * same name gives the same metric. At most 640, of which 480 with the label `module`, since who installs
 * modules says how many there are of those: one that there is no room for is named in the log, counts
 * for nothing and is not shown. Never NULL. */
metric *metric_counter(const char *name, const char *help);
metric *metric_gauge(const char *name, const char *help);
void metric_add(metric *m, int64_t n);
void metric_set(metric *m, int64_t value);
int64_t metric_get(const metric *m);

/* A value read at the moment of asking, on the asking thread: a counter when the name says
 * `_total`, else a gauge. */
metric *metric_computed(const char *name, const char *help, int64_t (*read)(void *arg), void *arg);

/* Called before the values are read for a text: what many of them share is taken once. On the asking
 * thread, under the table's lock: it makes and writes no metric. There is one; NULL: none. */
void metrics_before(void (*take)(void *arg), void *arg);

void metrics_write(buf *out);

#endif
