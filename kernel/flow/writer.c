/*
 * writer.c - the one thread that writes: takes what is queued as one group, waits a moment for more
 * under load, gives bulk work its turns. It never talks to the outside.
 */
#include <assert.h>
#include <errno.h>

#include "flow/writer_group.h"

#define GROUP_MAX           128
#define QUEUE_MAX           1024
#define LINGER_NS           3000000LL
#define LINGER_IF_WITHIN_NS 3000000LL
#define FULL_HOUSE          24 /* larger groups save little more */
#define IDLE_AFTER_NS       200000000LL
#define HELD_NS             100000000LL /* of what runs alone: longer is worth a line of the log */

_Thread_local flow *writer_flow;

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

/* Takes up to a group: interactive requests go first, unless it is the turn of bulk ones, which so
 * never starve: after an interactive group they get one slice. */
static group take(flow *f, bool is_bulk_turn)
{
    uint32_t most = f->o.group_max;
    group g = {.is_bulk = is_bulk_turn || !f->lanes[LANE_INTERACTIVE].count};
    lane *from = &f->lanes[g.is_bulk ? LANE_BULK : LANE_INTERACTIVE];
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
    int64_t begun = clock_mono();
    x->status = x->fn(x->arg);
    int64_t took = clock_mono() - begun;
    if (took > HELD_NS) {
        log_event(LOG_INFO, "writer.held", "took_ms=%lld", (long long)(took / 1000000));
    }
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

static bool wait_for_work(flow *f)
{
    bool is_idle_done = false, has_more = false;
    while (!f->lanes[0].count && !f->lanes[1].count) {
        f->writer_busy = false; /* merging is nothing to wait for */
        if (f->exclusive) {
            run_exclusive(f);
            is_idle_done = has_more = false; /* it may have left some */
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
        bool is_bulk_turn = bulk_turn && f->lanes[LANE_BULK].count;
        group g = take(f, is_bulk_turn);
        bulk_turn = !g.is_bulk;
        pthread_mutex_unlock(&f->lock);
        write_request *left = group_run(f, &g);
        pthread_mutex_lock(&f->lock);
        if (left) {
            lane_unpop(&f->lanes[g.is_bulk ? LANE_BULK : LANE_INTERACTIVE], left);
        }
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
