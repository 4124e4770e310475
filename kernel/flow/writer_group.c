/*
 * writer_group.c - one group of requests through one transaction: each is run, all are committed
 * together, then the changes go out and the replies.
 *
 * Hardly any request fails after it has written. So a group runs without savepoints; when one does
 * it is run again with them, and so are the groups that follow for a while. A bulk one has them.
 */
#include <assert.h>

#include "flow/writer_group.h"

#define INTERACTIVE_LIMIT_NS 250000000LL
#define BULK_LIMIT_NS        5000000000LL
#define BULK_SLICE_NS        20000000LL /* a bulk group ends after 20 ms, */
#define BULK_LEAST_NS        2000000LL  /* or after as long as the interactive one before it took */
#define GUARDED_GROUPS       256        /* with savepoints, after one was lost for want of them */
#define SLOW_NS              5000000LL
#define SLOW_BULK_NS         100000000LL /* a slice of a batch takes 20 ms by design */

enum { FATE_OPEN, FATE_COMMITTING, FATE_WITHDRAWN };

static void release(write_request *w)
{
    w->done(w, w->status);
}

static void release_mail(void *arg)
{
    release(arg);
}

static void reply(write_request *w)
{
    if (w->reply_to) {
        mailbox_post(w->reply_to, release_mail, w);
    } else {
        release(w);
    }
}

bool writer_withdraw(write_request *w)
{
    int open = FATE_OPEN;
    return atomic_compare_exchange_strong(&w->fate, &open, FATE_WITHDRAWN);
}

/* From here on nobody can take a request of the group back. False: somebody has. */
static bool close_group(const group *g)
{
    bool is_whole = true;
    for (write_request *w = g->head; w; w = w->next) {
        int open = FATE_OPEN;
        if (w->status != CRM_OK ||
            atomic_compare_exchange_strong(&w->fate, &open, FATE_COMMITTING)) {
            continue;
        }
        w->status = CRM_TIMEOUT;
        is_whole = false;
    }
    return is_whole;
}

/* For another try of the transaction. False: it was taken back. */
static bool reopen(write_request *w)
{
    int closed = FATE_COMMITTING;
    atomic_compare_exchange_strong(&w->fate, &closed, FATE_OPEN);
    return atomic_load(&w->fate) == FATE_OPEN;
}

/* Runs one request. False: the transaction is lost and nothing can follow. */
static bool run_request(flow *f, tx *t, write_request *w, bool is_bulk)
{
    if (!reopen(w)) {
        w->status = CRM_TIMEOUT;
        return true;
    }
    if (!is_bulk && !w->is_vital && flow_is_read_only(f)) {
        w->status = CRM_NO_SPACE;
        return true;
    }
    call_rerun(w->call);
    bool is_old = w->call->reg && w->call->reg->serial < atomic_load(&f->oldest);
    if (is_old && !w->call->is_of_stores) {
        w->status = call_fail(w->call, CRM_UNAVAILABLE, "schema_changed");
        return true;
    }
    w->status = tx_request_begin(t, w->call);
    if (w->status != CRM_OK) {
        return w->status != CRM_UNAVAILABLE;
    }
    int64_t start = clock_mono();
    t->deadline = start + (is_bulk ? BULK_LIMIT_NS : INTERACTIVE_LIMIT_NS);
    w->status = w->commit(w->call, w->arg);
    if (w->status == CRM_OK && w->call->error.status != CRM_OK) {
        w->status = CRM_MISUSE; /* a failed call whose status was dropped must not be committed */
    }
    t->deadline = 0;
    int64_t took = clock_mono() - start;
    if (took > (is_bulk ? SLOW_BULK_NS : SLOW_NS)) {
        atomic_fetch_add(&f->slow_commits, 1);
        log_event(LOG_WARN, "writer.slow", "via=%s took_ms=%lld", log_quote(w->call->via),
                  (long long)(took / 1000000));
    }
    if (w->status == CRM_NO_SPACE) {
        room_ran_out(f);
    }
    crm_status end = tx_request_end(t, w->status == CRM_OK);
    if (end == CRM_OK) {
        return true;
    }
    if (w->status == CRM_OK) {
        w->status = end;
    }
    return end != CRM_UNAVAILABLE;
}

/* The storage failed in a COMMIT: nothing may be acknowledged after it; recovery at start decides.
 */
static void fail(flow *f)
{
    if (atomic_exchange(&f->failed, true)) {
        return;
    }
    log_event(LOG_ERROR, "writer.storage_failed", "action=stop");
    if (f->o.fatal) {
        f->o.fatal(f->o.fatal_arg);
    }
}

static bool storage_failed(flow *f)
{
    engine_stats s;
    engine_stats_get(f->o.engine, &s);
    return s.is_broken;
}

static void publish(flow *f, tx *t)
{
    changes_batch *b = tx_take_changes(t);
    int64_t due = timers_take_hint();
    if (b) {
        subscribers_publish(f, b);
        changes_unref(b);
        scheduler_changes(f);
    }
    if (due != INT64_MAX) {
        scheduler_due(f, due);
    }
    services_wake_hinted(f);
}

/* Between interactive groups a bulk one takes no longer than they do: half of a full house. */
static int64_t bulk_slice(const flow *f)
{
    if (!f->last_took || f->last_took > BULK_SLICE_NS) {
        return BULK_SLICE_NS;
    }
    return f->last_took > BULK_LEAST_NS ? f->last_took : BULK_LEAST_NS;
}

/* OK: committed. UNAVAILABLE: lost, to be run one by one. Anything else failed as a whole. */
static crm_status run_transaction(flow *f, group *g, write_request **rest)
{
    tx *t;
    *rest = NULL;
    timers_take_hint();
    services_forget_hints();
    crm_status s = tx_begin(f->writer_session, &t);
    if (s == CRM_UNAVAILABLE) {
        fail(f); /* the engine gave itself up after a failed COMMIT */
    }
    if (s != CRM_OK) {
        return s == CRM_UNAVAILABLE ? CRM_INTERNAL : s;
    }
    int64_t start = clock_mono(), slice = bulk_slice(f);
    t->is_unguarded = !g->is_bulk && !f->guarded;
    f->guarded -= f->guarded && !g->is_bulk;
    for (write_request *w = g->head; w; w = w->next) {
        if (!run_request(f, t, w, g->is_bulk)) {
            g->wants_guards = tx_wants_guards(t);
            tx_rollback(t);
            tx_free(t);
            return CRM_UNAVAILABLE;
        }
        bool is_full = g->is_bulk && clock_mono() - start > slice;
        if (w->next && (tx_must_close(t) || is_full)) {
            *rest = w->next;
            w->next = NULL;
        }
    }
    s = close_group(g) ? tx_commit(t) : CRM_UNAVAILABLE;
    if (s == CRM_OK) {
        publish(f, t);
    }
    tx_free(t);
    if (s == CRM_NO_SPACE) {
        room_ran_out(f);
    } else if (s != CRM_OK && storage_failed(f)) {
        fail(f);
    }
    f->last_commit = clock_mono();
    f->last_took = g->is_bulk ? 0 : f->last_commit - start;
    f->last_count = g->is_bulk ? 0 : g->count;
    atomic_fetch_add(&f->commits, 1);
    return s;
}

static void finish(flow *f, group *g, crm_status committed)
{
    uint64_t number = atomic_load(&f->commits);
    for (write_request *w = g->head, *next; w; w = next) {
        next = w->next;
        if (w->status == CRM_OK) {
            w->status = committed;
        }
        w->group = number;
        reply(w);
    }
}

static void run_singly(flow *f, group *g)
{
    atomic_fetch_add(&f->groups_rerun, 1);
    for (write_request *w = g->head, *next; w; w = next) {
        write_request *rest;
        next = w->next;
        w->next = NULL;
        group one = {.head = w, .count = 1, .is_bulk = g->is_bulk};
        crm_status s = run_transaction(f, &one, &rest);
        if (s == CRM_UNAVAILABLE && w->status == CRM_OK) {
            w->status = CRM_INTERNAL;
        }
        finish(f, &one, s);
    }
}

write_request *group_run(flow *f, group *g)
{
    write_request *rest;
    if (atomic_load(&f->failed)) {
        for (write_request *w = g->head; w; w = w->next) {
            w->status = CRM_UNAVAILABLE;
        }
        finish(f, g, CRM_UNAVAILABLE);
        return NULL;
    }
    crm_status s = run_transaction(f, g, &rest);
    if (g->wants_guards) {
        g->wants_guards = false;
        f->guarded = GUARDED_GROUPS;
        s = run_transaction(f, g, &rest);
    }
    if (s == CRM_UNAVAILABLE && g->count > 1) {
        run_singly(f, g);
    } else {
        finish(f, g, s);
    }
    return rest;
}

crm_status writer_run_alone(flow *f, crm_ctx *c, crm_status (*commit)(crm_ctx *, void *), void *arg)
{
    write_request w = {.call = c, .commit = commit, .arg = arg}, *rest;
    group one = {.head = &w, .count = 1, .is_bulk = true};
    engine_session *session = c->session;
    assert(thread_get_role() == THREAD_WRITER);
    call_save_point(c);
    crm_status s = run_transaction(f, &one, &rest);
    c->session = session;
    c->tx = NULL;
    return w.status == CRM_OK ? s : w.status;
}
