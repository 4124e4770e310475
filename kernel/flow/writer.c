/*
 * writer.c - the one thread that writes: takes what is queued as one group, runs each request,
 * commits once, then releases replies and changes. It never talks to the outside.
 *
 * Hardly any request fails after it has written. So a group runs without savepoints; when one does
 * it is run again with them, and so are the groups that follow for a while. A bulk one has them.
 */
#include <assert.h>
#include <errno.h>

#include "flow/flow_private.h"

#define INTERACTIVE_LIMIT_NS 250000000LL
#define BULK_LIMIT_NS        5000000000LL
#define GROUP_MAX            128
#define QUEUE_MAX            1024
#define BULK_SLICE_NS        20000000LL /* a bulk group ends after 20 ms, */
#define BULK_LEAST_NS        2000000LL  /* or after as long as the interactive one before it took */
#define LINGER_NS            3000000LL
#define LINGER_IF_WITHIN_NS  3000000LL
#define FULL_HOUSE           24  /* larger groups save little more */
#define GUARDED_GROUPS       256 /* with savepoints, after one was lost for want of them */
#define SLOW_NS              5000000LL
#define SLOW_BULK_NS         100000000LL /* a slice of a batch takes 20 ms by design */
#define IDLE_AFTER_NS        200000000LL

_Thread_local flow *writer_flow;

enum { FATE_OPEN, FATE_COMMITTING, FATE_WITHDRAWN };

/* One group on its way through a transaction. */
typedef struct group {
    write_request *head;
    uint32_t count;
    bool is_bulk;
    bool wants_guards; /* lost since a request failed after it had written */
} group;

static void lane_push(lane *l, write_request *w)
{
    w->next = NULL;
    if (l->tail) {
        l->tail->next = w;
    } else {
        l->head = w;
    }
    l->tail = w;
    l->count++;
}

static write_request *lane_pop(lane *l)
{
    write_request *w = l->head;
    l->head = w->next;
    if (!l->head) {
        l->tail = NULL;
    }
    l->count--;
    w->next = NULL;
    return w;
}

/* Puts a chain back in front, in its order. */
static void lane_unpop(lane *l, write_request *chain)
{
    write_request *last = chain;
    l->count++;
    for (; last->next; last = last->next) {
        l->count++;
    }
    last->next = l->head;
    if (!l->head) {
        l->tail = last;
    }
    l->head = chain;
}

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

static void run_group(flow *f, group *g)
{
    write_request *rest;
    if (atomic_load(&f->failed)) {
        for (write_request *w = g->head; w; w = w->next) {
            w->status = CRM_UNAVAILABLE;
        }
        finish(f, g, CRM_UNAVAILABLE);
        return;
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
    if (!rest) {
        return;
    }
    pthread_mutex_lock(&f->lock);
    lane_unpop(&f->lanes[g->is_bulk ? LANE_BULK : LANE_INTERACTIVE], rest);
    pthread_mutex_unlock(&f->lock);
}

static void wait_ns(pthread_cond_t *c, pthread_mutex_t *m, int64_t ns)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += (long)(ns % 1000000000LL);
    at.tv_sec += (time_t)(ns / 1000000000LL) + at.tv_nsec / 1000000000L;
    at.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(c, m, &at);
}

/*
 * For as many as the last commit answered. Of a full house half is enough: while it is written, the
 * loop answers the other half and takes what they ask next, where one group of all lets either wait
 * for the other.
 */
uint32_t writer_expects(uint32_t last, uint32_t waiting)
{
    uint32_t half = (last + waiting) / 2;
    return last <= FULL_HOUSE ? last : half > FULL_HOUSE ? half : FULL_HOUSE;
}

/* Under load those whom the last commit answered come again at once: waits a moment for them. */
static void linger(flow *f)
{
    lane *fast = &f->lanes[LANE_INTERACTIVE];
    int64_t now = clock_mono(), until = now + LINGER_NS;
    if (!fast->count || now - f->last_commit >= LINGER_IF_WITHIN_NS) {
        return;
    }
    f->expected = writer_expects(f->last_count, fast->count);
    while (fast->count < f->expected && !f->stopping && !f->exclusive && now < until) {
        wait_ns(&f->filled, &f->lock, until - now);
        now = clock_mono();
    }
    f->expected = 0;
}

/* Takes up to a group; interactive requests go first, bulk ones get at most half of a full house.
 */
static group take(flow *f)
{
    uint32_t most = f->o.group_max;
    lane *fast = &f->lanes[LANE_INTERACTIVE], *bulk = &f->lanes[LANE_BULK];
    group g = {.is_bulk = fast->count == 0};
    lane *from = g.is_bulk ? bulk : fast;
    write_request **end = &g.head;
    while (from->count && g.count < most) {
        *end = lane_pop(from);
        end = &(*end)->next;
        g.count++;
    }
    return g;
}

static void run_exclusive(flow *f)
{
    exclusive *x = f->exclusive;
    pthread_mutex_unlock(&f->lock);
    x->status = x->fn(x->arg);
    pthread_mutex_lock(&f->lock);
    x->is_done = true;
    f->exclusive = NULL;
    pthread_cond_broadcast(&f->exclusive_done);
}

crm_status writer_exclusive(flow *f, crm_status (*fn)(void *arg), void *arg)
{
    exclusive x = {.fn = fn, .arg = arg};
    assert(thread_get_role() != THREAD_WRITER && thread_get_role() != THREAD_LOOP);
    pthread_mutex_lock(&f->lock);
    while (f->exclusive) {
        pthread_cond_wait(&f->exclusive_done, &f->lock);
    }
    f->exclusive = &x;
    pthread_cond_signal(&f->filled);
    while (!x.is_done) {
        pthread_cond_wait(&f->exclusive_done, &f->lock);
    }
    pthread_mutex_unlock(&f->lock);
    return x.status;
}

void writer_refuse_older(flow *f, const registry *r)
{
    atomic_store(&f->oldest, r->serial);
}

static crm_status rest(void *arg)
{
    flow *f = arg;
    for (bool has_more = true; has_more;) {
        has_more = engine_idle(f->writer_session);
    }
    return CRM_OK;
}

crm_status writer_rest(flow *f)
{
    return writer_exclusive(f, rest, f);
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

static bool wait_for_work(flow *f)
{
    bool is_idle_done = false, has_more = false;
    while (!f->lanes[0].count && !f->lanes[1].count) {
        f->writer_busy = false; /* merging is nothing to wait for */
        if (f->exclusive) {
            run_exclusive(f);
            continue;
        }
        if (f->stopping) {
            return false;
        }
        if (is_idle_done) {
            pthread_cond_wait(&f->filled, &f->lock);
            continue;
        }
        if (!has_more) {
            wait_ns(&f->filled, &f->lock, IDLE_AFTER_NS);
        }
        if (f->lanes[0].count || f->lanes[1].count || f->exclusive) {
            continue;
        }
        pthread_mutex_unlock(&f->lock);
        has_more = engine_idle(f->writer_session);
        pthread_mutex_lock(&f->lock);
        is_idle_done = !has_more;
    }
    f->writer_busy = true;
    return true;
}

static void *writer_main(void *arg)
{
    flow *f = arg;
    thread_set_role(THREAD_WRITER, "writer");
    writer_flow = f;
    bool bulk_turn = false;
    pthread_mutex_lock(&f->lock);
    while (wait_for_work(f)) {
        if (f->exclusive) {
            run_exclusive(f);
        }
        linger(f);
        /* Bulk work never starves: after an interactive group it gets one slice. */
        if (bulk_turn && f->lanes[LANE_BULK].count) {
            lane hold = f->lanes[LANE_INTERACTIVE];
            f->lanes[LANE_INTERACTIVE] = (lane){.limit = hold.limit};
            group g = take(f);
            f->lanes[LANE_INTERACTIVE] = hold;
            bulk_turn = false;
            pthread_mutex_unlock(&f->lock);
            run_group(f, &g);
        } else {
            group g = take(f);
            bulk_turn = !g.is_bulk;
            pthread_mutex_unlock(&f->lock);
            run_group(f, &g);
        }
        pthread_mutex_lock(&f->lock);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

crm_status writer_submit(flow *f, flow_lane which, write_request *w)
{
    assert(w->commit && w->done && w->call);
    pthread_mutex_lock(&f->lock);
    lane *l = &f->lanes[which];
    bool is_open = !f->stopping && l->count < l->limit;
    if (is_open) {
        lane_push(l, w);
        atomic_fetch_add(&f->requests, 1);
        if (which == LANE_BULK || l->count >= f->expected) {
            pthread_cond_signal(&f->filled);
        }
    }
    pthread_mutex_unlock(&f->lock);
    return is_open ? CRM_OK : CRM_UNAVAILABLE;
}

typedef struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool is_done;
} waiter;

static void wake_waiter(write_request *w, crm_status status)
{
    waiter *x = w->call->reply_state;
    (void)status;
    pthread_mutex_lock(&x->lock);
    x->is_done = true;
    pthread_cond_signal(&x->done);
    pthread_mutex_unlock(&x->lock);
}

crm_status writer_run(flow *f, crm_ctx *c, crm_status (*commit)(crm_ctx *, void *), void *arg)
{
    waiter x = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    write_request w = {.call = c, .commit = commit, .done = wake_waiter, .arg = arg};
    void *kept = c->reply_state;
    engine_session *session = c->session;
    assert(thread_get_role() != THREAD_WRITER && thread_get_role() != THREAD_LOOP);
    c->reply_state = &x;
    call_save_point(c);
    if (session) {
        engine_turn_end(session); /* its snapshot would keep the log from being emptied meanwhile */
    }
    crm_status s = writer_submit(f, LANE_BULK, &w);
    if (s == CRM_OK) {
        pthread_mutex_lock(&x.lock);
        while (!x.is_done) {
            pthread_cond_wait(&x.done, &x.lock);
        }
        pthread_mutex_unlock(&x.lock);
        s = w.status;
    }
    c->reply_state = kept;
    c->session = session;
    c->tx = NULL;
    return s;
}

crm_status writer_start(flow *f)
{
    pthread_condattr_t a;
    f->lanes[LANE_INTERACTIVE].limit = f->o.writer_queue ? f->o.writer_queue : QUEUE_MAX;
    f->lanes[LANE_BULK].limit = QUEUE_MAX;
    if (!f->o.group_max || f->o.group_max > GROUP_MAX) {
        f->o.group_max = GROUP_MAX;
    }
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->exclusive_done, NULL);
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(&f->filled, &a);
    pthread_condattr_destroy(&a);
    crm_status s =
        engine_session_open(f->o.engine, ENGINE_WRITER, (engine_deliver){0}, &f->writer_session);
    if (s != CRM_OK) {
        return s;
    }
    if (pthread_create(&f->writer_thread, NULL, writer_main, f) == 0) {
        return CRM_OK;
    }
    engine_session_close(f->writer_session);
    f->writer_session = NULL;
    return CRM_NOMEM;
}

/* What is queued is still written: it was accepted. */
bool writer_stop(flow *f, int64_t until)
{
    if (!f->writer_session) {
        return true;
    }
    pthread_mutex_lock(&f->lock);
    f->stopping = true;
    pthread_cond_signal(&f->filled);
    pthread_mutex_unlock(&f->lock);
    if (!thread_join_by(f->writer_thread, until)) {
        return false;
    }
    engine_session_close(f->writer_session);
    f->writer_session = NULL;
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->filled);
    pthread_cond_destroy(&f->exclusive_done);
    return true;
}

bool writer_is_idle(flow *f)
{
    pthread_mutex_lock(&f->lock);
    bool idle = !f->lanes[0].count && !f->lanes[1].count && !f->writer_busy;
    pthread_mutex_unlock(&f->lock);
    return idle;
}
