/*
 * pool.c - threads that read (fast, slow), hash passwords (crypto) and talk to the outside
 * (workers), made as work comes. Each reading thread has a session of its own. Queues are bounded;
 * a full one refuses.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "flow/flow_private.h"

#define THREADS_MAX (sizeof((pool *)0)->threads / sizeof(pthread_t))

static const char *const names[POOL_COUNT] = {"fast", "slow",    "crypto", "worker",
                                              "ask",  "outside", "look"};
static const thread_role roles[POOL_COUNT] = {THREAD_POOL,   THREAD_POOL,   THREAD_CRYPTO,
                                              THREAD_WORKER, THREAD_WORKER, THREAD_WORKER,
                                              THREAD_WORKER};

/* What no task of a pool takes unless code that cannot be interrupted holds it. */
static const int64_t held_ns[POOL_COUNT] = {2000000000,  10000000000, 60000000000, 90000000000,
                                            30000000000, 90000000000, 90000000000};

/* The pool whose thread this is: who waits for idleness does not wait for himself. */
static _Thread_local pool *own_pool;

static bool user_is_busy(const pool *p, int64_t user)
{
    for (uint32_t i = 0; user && i < p->thread_count; i++) {
        if (p->busy_users[i] == user) {
            return true;
        }
    }
    return false;
}

/* The first task that may run: on the slow pool one user has one task at a time. */
static pool_task *take(pool *p, uint32_t slot)
{
    pool_task **at = &p->head, *before = NULL;
    while (*at && p->kind == POOL_SLOW && user_is_busy(p, (*at)->user)) {
        before = *at;
        at = &(*at)->next;
    }
    pool_task *t = *at;
    if (!t) {
        return NULL;
    }
    *at = t->next;
    if (p->tail == t) {
        p->tail = before;
    }
    t->next = NULL;
    p->count--;
    p->running++;
    p->busy_users[slot] = t->user;
    return t;
}

static void finished(void *arg)
{
    pool_task *t = arg;
    t->done(t);
}

/* Those whose tasks take long and whose askers can wait, so that the loop and the writer need not.
 */
static const int niceness[POOL_COUNT] = {[POOL_SLOW] = 10, [POOL_CRYPTO] = 5};

static void lower_priority(const pool *p)
{
    if (niceness[p->kind] &&
        setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), niceness[p->kind]) != 0) {
        log_event(LOG_WARN, "pool.priority_kept", "pool=%s error=%s", names[p->kind],
                  log_quote(str_of(strerror(errno))));
    }
}

typedef struct start {
    pool *pool;
    uint32_t slot;
} start;

static void run_tasks(pool *p, uint32_t slot, engine_session *session)
{
    pthread_mutex_lock(&p->lock);
    for (;;) {
        pool_task *t = take(p, slot);
        if (!t) {
            if (p->stopping) {
                break;
            }
            pthread_cond_wait(&p->filled, &p->lock);
            continue;
        }
        bool is_stopping = p->stopping;
        p->since[slot] = clock_mono();
        pthread_mutex_unlock(&p->lock);
        mailbox *to = t->reply_to;
        if (!t->is_repeatable || !is_stopping) {
            t->run(t, session);
        }
        if (session) {
            engine_turn_end(session);
        }
        if (to) {
            mailbox_post(to, finished, t);
        } else {
            t->done(t);
        }
        pthread_mutex_lock(&p->lock);
        p->busy_users[slot] = p->since[slot] = 0;
        p->running--;
        if (p->head) {
            pthread_cond_signal(&p->filled);
        }
    }
    pthread_mutex_unlock(&p->lock);
}

static void *pool_main(void *arg)
{
    start at = *(start *)arg;
    pool *p = at.pool;
    engine_session *session = NULL;
    free(arg);
    own_pool = p;
    thread_set_role(roles[p->kind], names[p->kind]);
    lower_priority(p);
    if (p->kind != POOL_CRYPTO && engine_session_open(p->flow->o.engine, ENGINE_READER,
                                                      (engine_deliver){0}, &session) != CRM_OK) {
        log_event(LOG_ERROR, "pool.no_session", "pool=%s", names[p->kind]);
        return NULL;
    }
    run_tasks(p, at.slot, session);
    if (session) {
        engine_session_close(session);
    }
    return NULL;
}

static crm_status add_thread(pool *p)
{
    start *s = malloc(sizeof *s);
    if (!s) {
        return CRM_NOMEM;
    }
    *s = (start){p, p->thread_count};
    if (pthread_create(&p->threads[p->thread_count], NULL, pool_main, s) != 0) {
        free(s);
        return CRM_NOMEM;
    }
    p->thread_count++;
    return CRM_OK;
}

void pool_start(pool *p, flow *f, flow_pool kind, uint32_t threads)
{
    *p = (pool){.flow = f, .kind = kind, .most = threads};
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->filled, NULL);
    assert(threads <= THREADS_MAX);
}

/* Threads are made as work comes: none is free for one more task. Lock held. False: there is none.
 */
static bool ensure_thread(pool *p)
{
    bool is_wanted = p->running + p->count >= p->thread_count && p->thread_count < p->most;
    crm_status s = is_wanted ? add_thread(p) : CRM_OK;
    return s == CRM_OK || p->thread_count;
}

void pool_close(pool *p)
{
    if (!p->flow) {
        return;
    }
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->filled);
    pthread_mutex_unlock(&p->lock);
}

bool pool_join(pool *p, int64_t until)
{
    if (!p->flow) {
        return true;
    }
    for (; p->thread_count; p->thread_count--) {
        if (!thread_join_by(p->threads[p->thread_count - 1], until)) {
            log_event(LOG_ERROR, "pool.held", "pool=%s", names[p->kind]);
            return false;
        }
    }
    pthread_cond_destroy(&p->filled);
    pthread_mutex_destroy(&p->lock);
    p->flow = NULL;
    return true;
}

/* ---- threads that are held ------------------------------------------------------------------- */

static bool all_are_held(const pool *p)
{
    int64_t now = clock_mono();
    for (uint32_t i = 0; i < p->thread_count; i++) {
        if (!p->since[i] || now - p->since[i] < held_ns[p->kind]) {
            return false;
        }
    }
    return true;
}

void pool_watch(pool *p)
{
    pthread_mutex_lock(&p->lock);
    bool is_short = p->count && !p->stopping && p->thread_count < THREADS_MAX && all_are_held(p);
    if (is_short && add_thread(p) == CRM_OK) {
        log_event(LOG_WARN, "pool.all_held", "pool=%s threads=%u", names[p->kind], p->thread_count);
    }
    pthread_mutex_unlock(&p->lock);
}

bool pool_is_idle(pool *p)
{
    pthread_mutex_lock(&p->lock);
    bool idle = p->count == 0 && p->running == (own_pool == p ? 1 : 0);
    pthread_mutex_unlock(&p->lock);
    return idle;
}

bool pool_is_closing(void)
{
    pool *p = own_pool;
    if (!p) {
        return false;
    }
    pthread_mutex_lock(&p->lock);
    bool is_closing = p->stopping;
    pthread_mutex_unlock(&p->lock);
    return is_closing;
}

crm_status pool_submit(flow *f, flow_pool which, pool_task *t)
{
    pool *p = &f->pools[which];
    assert(t->run && t->done);
    pthread_mutex_lock(&p->lock);
    bool is_open = !p->stopping && p->count < POOL_QUEUE_MAX && ensure_thread(p);
    if (is_open) {
        t->next = NULL;
        if (p->tail && p->head) {
            p->tail->next = t;
        } else {
            p->head = t;
        }
        p->tail = t;
        p->count++;
        pthread_cond_signal(&p->filled);
    }
    pthread_mutex_unlock(&p->lock);
    return is_open ? CRM_OK : CRM_UNAVAILABLE;
}
