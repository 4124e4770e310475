/*
 * figures.c - what the parts of a running server count, as metrics. They are taken when they are
 * asked for, once for all, on the loop.
 */
#include <stddef.h>
#include <stdlib.h>

#include "base/descriptors.h"
#include "net/metrics.h"
#include "server.h"

typedef struct counts {
    flow_stats writer;
    engine_stats engine;
    http_stats http;
    api_stats reads;
    loop_stats loop;
} counts;

typedef struct figure {
    const char *name, *help;
    size_t at, size; /* in `counts` */
} figure;

#define FIGURE(member, name, help)                                                    \
    {                                                                                 \
        "karkas_" name, help, offsetof(counts, member), sizeof(((counts *)0)->member) \
    }

static const figure table[] = {
    FIGURE(http.requests, "requests_total", "HTTP requests answered"),
    FIGURE(http.refused, "requests_refused_total", "HTTP requests refused unread"),
    FIGURE(http.turned_away, "connections_turned_away_total",
           "Connections refused because there were too many"),
    FIGURE(http.connections, "connections", "Open connections"),
    FIGURE(http.streams, "event_streams", "Open event streams"),
    FIGURE(loop.turns, "loop_turns_total", "Turns of the loop"),
    FIGURE(loop.busy_us, "loop_busy_us_total", "Microseconds the loop did not wait"),
    FIGURE(loop.long_turns, "loop_long_turns_total", "Turns of more than 2 ms"),
    FIGURE(loop.long_work, "loop_long_work_total",
           "Turns of more than 2 ms of the loop's own work"),
    FIGURE(loop.longest_us, "loop_longest_turn_us",
           "Longest turn of the last one to two minutes, in microseconds"),
    FIGURE(reads.left, "reads_left_total", "Reads on a pool whose caller had left"),
    FIGURE(reads.moved_fast, "reads_moved_total{pool=\"fast\"}",
           "Reads that took too long where they ran and moved to a pool"),
    FIGURE(reads.moved_slow, "reads_moved_total{pool=\"slow\"}",
           "Reads that took too long where they ran and moved to a pool"),
    FIGURE(reads.rows_kept, "list_rows_kept_total",
           "Rows of lists that were given as they had been shown before"),
    FIGURE(reads.put_off, "reads_put_off_total", "Reads that waited for the next turn of the loop"),
    FIGURE(writer.waiting_fast, "reads_waiting{pool=\"fast\"}", "Reads waiting"),
    FIGURE(writer.waiting_slow, "reads_waiting{pool=\"slow\"}", "Reads waiting"),
    FIGURE(writer.requests, "writes_total", "Writes given to the writer"),
    FIGURE(writer.groups, "write_groups_total",
           "Transactions of the writer; writes_total over this is how many share a commit"),
    FIGURE(writer.reruns, "write_groups_rerun_total",
           "Groups that lost their transaction and were run one by one"),
    FIGURE(writer.slow, "writes_slow_total", "Writes of more than 5 ms"),
    FIGURE(writer.waiting_interactive, "writes_waiting{lane=\"interactive\"}", "Writes waiting"),
    FIGURE(writer.waiting_bulk, "writes_waiting{lane=\"bulk\"}", "Writes waiting"),
    FIGURE(writer.read_only, "read_only", "1 while the disk is full"),
    FIGURE(writer.webhooks_sent, "webhook_sent_total", "Webhooks taken by their receivers"),
    FIGURE(writer.webhooks_failed, "webhook_failed_total",
           "Attempts to deliver a webhook that failed"),
    FIGURE(writer.webhooks_dead, "webhook_dead_total", "Webhooks given up"),
    FIGURE(writer.webhooks_under_way, "webhook_under_way", "Webhooks being sent"),
    FIGURE(writer.mails_dead, "mail_dead_total", "Mails given up"),
    FIGURE(writer.forms_bare, "inbox_bare_total",
           "Requests of forms kept as bare records: what reads them kept failing"),
    FIGURE(writer.forms_trapped, "inbox_trapped_total",
           "Requests of forms that filled a field which people do not see: kept, not read"),
    FIGURE(writer.forms_waiting, "inbox_waiting",
           "Requests of forms stored and not worked out yet, a thousand at most"),
    FIGURE(engine.commits, "commits_total", "Transactions committed"),
    FIGURE(engine.rows_written, "rows_written_total", "Rows inserted and updated"),
    FIGURE(engine.interrupted, "reads_interrupted_total", "Reads stopped at their time limit"),
    FIGURE(engine.ahead_left, "fill_rows_left{of=\"model\"}",
           "Rows that work behind has still to pass"),
    FIGURE(writer.keys_left, "fill_rows_left{of=\"keys\"}",
           "Rows that work behind has still to pass"),
    FIGURE(engine.checkpoints, "checkpoints_total",
           "Times the write-ahead log was copied to the file"),
    FIGURE(engine.wal_written, "wal_pages_total", "Pages of 4 KB written to the write-ahead log"),
    FIGURE(engine.wal_frames, "wal_frames", "Pages in the log, not yet in the file"),
    FIGURE(engine.wal_bytes, "wal_bytes", "Size of the write-ahead log"),
    FIGURE(engine.file_bytes, "database_bytes", "Size of the database file"),
    FIGURE(
        engine.cached, "database_cached_bytes",
        "Pages of the database kept in memory: at most 64 MB for writing, 16 for each thread that "
        "reads"),
};
#define FIGURES (sizeof table / sizeof *table)

/* What a metric's function gets. */
typedef struct reading {
    figures *of;
    const figure *figure;
} reading;

struct figures {
    deployment *d;
    api *api;
    http_server *http;
    loop_meter *meter;
    counts now; /* as they were when /metrics was asked for last */
    reading readings[FIGURES];
};

static void take_counts(void *arg)
{
    figures *f = arg;
    flow_stats_get(f->d->flow, &f->now.writer);
    engine_stats_get(f->d->engine, &f->now.engine);
    http_server_stats(f->http, &f->now.http);
    api_stats_get(f->api, &f->now.reads);
    loop_meter_get(f->meter, &f->now.loop);
}

static int64_t read_figure(void *arg)
{
    const reading *r = arg;
    uint64_t wide = 0;
    uint32_t narrow;
    const char *at = (const char *)&r->of->now + r->figure->at;
    if (r->figure->size == sizeof narrow) {
        memcpy(&narrow, at, sizeof narrow);
        return narrow;
    }
    memcpy(&wide, at, sizeof wide);
    return (int64_t)wide;
}

static int64_t count_open_files(void *unused)
{
    (void)unused;
    return descriptors_open();
}

figures *figures_new(deployment *d, api *a, loop_meter *m)
{
    figures *f = calloc(1, sizeof *f);
    if (!f) {
        return NULL;
    }
    *f = (figures){.d = d, .api = a, .meter = m};
    for (size_t i = 0; i < FIGURES; i++) {
        f->readings[i] = (reading){f, &table[i]};
        metric_computed(table[i].name, table[i].help, read_figure, &f->readings[i]);
    }
    metrics_before(take_counts, f);
    metric_computed("karkas_open_files", "Files and sockets the server holds", count_open_files,
                    NULL);
    return f;
}

void figures_of_http(figures *f, http_server *http)
{
    f->http = http;
}

void figures_free(figures *f)
{
    metrics_before(NULL, NULL);
    free(f);
}
