/*
 * engine_memory.c - the engine in memory: sessions, batches, and completion that may come late.
 *
 * With a seed a thread of the engine runs batches in the order of their session, choosing between
 * sessions at random and pausing between; a session with `deliver` gets them on its own thread.
 */
#include "data/engine_memory.h"

#include <errno.h>

#define PAUSE_NS_MAX 200000

bool memory_is_stopped(const mrun *r)
{
    return atomic_load(&r->session->interrupt) == r->batch->serial ||
           (r->batch->stop && atomic_load(r->batch->stop));
}

bool memory_is_over(const mrun *r)
{
    return memory_is_stopped(r) || (r->deadline && clock_mono() > r->deadline);
}

/* ---- running a batch ------------------------------------------------------------------------- */

static bool is_read(engine_op_kind k)
{
    return k == ENGINE_GET || k == ENGINE_LIST || k == ENGINE_COUNT || k == ENGINE_GROUP ||
           k == ENGINE_WORDS || k == ENGINE_TWINS;
}

static void run_read(const mrun *r, engine_op *op)
{
    op->count = 0;
    op->status = CRM_OK;
    bool may_stop = op->kind == ENGINE_COUNT && op->stop_after_us;
    if (memory_is_over(r) && !may_stop) {
        op->status = CRM_TIMEOUT;
    } else if (op->kind == ENGINE_GET) {
        memory_get(r, op);
    } else if (op->kind == ENGINE_LIST) {
        memory_list(r, op);
    } else if (op->kind == ENGINE_COUNT) {
        memory_count(r, op);
    } else if (op->kind == ENGINE_GROUP) {
        memory_group(r, op);
    } else if (op->kind == ENGINE_WORDS) {
        memory_words(r, op);
    } else if (op->kind == ENGINE_TWINS) {
        memory_twins(r, op);
    } else {
        op->status = CRM_MISUSE;
    }
}

static void run_op(mrun *r, engine_op *op, bool is_write)
{
    memory_engine *m = r->session->engine;
    op->refused = NULL;
    op->refused_id = 0;
    if (!is_write || is_read(op->kind)) {
        r->snapshot = is_write ? (m->tx ? m->tx : m->committed) : r->snapshot;
        run_read(r, op);
    } else if (op->kind != ENGINE_COMMIT && op->kind != ENGINE_ROLLBACK && memory_is_over(r)) {
        op->status = CRM_TIMEOUT;
    } else {
        memory_write(m, op);
    }
}

static void run_ops(mrun *r, bool is_write)
{
    engine_batch *b = r->batch;
    bool is_stopped = false;
    for (uint32_t i = 0; i < b->count; i++) {
        engine_op *op = &b->ops[i];
        if (is_stopped) {
            op->status = CRM_UNAVAILABLE;
            continue;
        }
        run_op(r, op, is_write);
        b->status = b->status == CRM_OK ? op->status : b->status;
        b->interrupted = b->interrupted || op->status == CRM_TIMEOUT;
        is_stopped = op->status != CRM_OK && (is_write || !b->go_on || b->interrupted);
    }
    if (b->interrupted) {
        b->status = CRM_TIMEOUT;
        atomic_fetch_add(&r->session->engine->interrupted, 1);
    }
}

/* A read of the writing session sees its transaction, so it runs under the lock like a write. */
static void run_job(void *arg)
{
    mjob *next = arg;
    engine_batch *b = next->batch;
    memory_engine *m = next->session->engine;
    mrun r = {.session = next->session,
              .batch = b,
              .snapshot = next->snapshot,
              .deadline = b->limit_us ? clock_mono() + b->limit_us * 1000 : 0};
    if (next->snapshot) {
        b->engine_private[0] = next->snapshot;
        run_ops(&r, false);
    } else {
        pthread_mutex_lock(&m->lock);
        r.snapshot = m->tx ? m->tx : m->committed;
        run_ops(&r, next->is_write);
        pthread_mutex_unlock(&m->lock);
    }
    msnapshot *held = next->snapshot;
    free(next);
    b->done(b);
    snapshot_unref(held);
}

/* ---- completing late ------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static mjob *take_any(memory_engine *m)
{
    uint32_t waiting = 0;
    for (memory_session *s = m->sessions; s; s = s->next) {
        waiting += s->first != NULL;
    }
    uint32_t chosen = waiting ? (uint32_t)(next_random(&m->seed) % waiting) : 0;
    for (memory_session *s = m->sessions; waiting && s; s = s->next) {
        if (s->first && chosen-- == 0) {
            mjob *next = s->first;
            s->first = next->next;
            s->last = s->first ? s->last : NULL;
            return next;
        }
    }
    return NULL;
}

/* Lets other batches come in between, so that the choice is a real one. */
static void pause_a_little(memory_engine *m)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(next_random(&m->seed) % PAUSE_NS_MAX);
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    while (!m->is_stopping &&
           pthread_cond_timedwait(&m->queue_woken, &m->queue_lock, &until) != ETIMEDOUT) {
    }
}

static void *complete_late(void *arg)
{
    memory_engine *m = arg;
    pthread_mutex_lock(&m->queue_lock);
    for (;;) {
        mjob *next = take_any(m);
        if (!next && m->is_stopping) {
            break;
        }
        if (!next) {
            pthread_cond_wait(&m->queue_woken, &m->queue_lock);
            pause_a_little(m);
            continue;
        }
        pthread_mutex_unlock(&m->queue_lock);
        if (next->session->deliver.post) {
            next->session->deliver.post(next->session->deliver.arg, run_job, next);
        } else {
            run_job(next);
        }
        pthread_mutex_lock(&m->queue_lock);
    }
    pthread_mutex_unlock(&m->queue_lock);
    return NULL;
}

static void submit(mjob *next)
{
    memory_session *s = next->session;
    memory_engine *m = s->engine;
    if (!m->is_delayed) {
        run_job(next);
        return;
    }
    pthread_mutex_lock(&m->queue_lock);
    if (s->last) {
        s->last->next = next;
    } else {
        s->first = next;
    }
    s->last = next;
    pthread_cond_signal(&m->queue_woken);
    pthread_mutex_unlock(&m->queue_lock);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static msnapshot *take_committed(memory_engine *m)
{
    pthread_mutex_lock(&m->lock);
    msnapshot *s = snapshot_ref(m->committed);
    pthread_mutex_unlock(&m->lock);
    return s;
}

static void fail_batch(engine_batch *b, crm_status st)
{
    for (uint32_t i = 0; i < b->count; i++) {
        b->ops[i].status = CRM_UNAVAILABLE;
    }
    b->status = st;
    b->done(b);
}

static void start(memory_session *s, engine_batch *b, msnapshot *snapshot, bool is_write)
{
    b->serial = atomic_fetch_add(&s->engine->serial, 1) + 1;
    b->interrupted = b->tx_lost = false;
    b->status = CRM_OK;
    b->engine_private[0] = NULL;
    mjob *next = calloc(1, sizeof *next);
    if (!next) {
        snapshot_unref(snapshot);
        fail_batch(b, CRM_NOMEM);
        return;
    }
    *next = (mjob){.session = s, .batch = b, .snapshot = snapshot, .is_write = is_write};
    submit(next);
}

static void session_read(engine_session *base, engine_batch *b)
{
    memory_session *s = (memory_session *)base;
    if (s->kind == ENGINE_WRITER) {
        start(s, b, NULL, false);
        return;
    }
    msnapshot *seen = b->after ? b->after->engine_private[0] : NULL;
    if (!seen && !s->turn) {
        s->turn = take_committed(s->engine);
    }
    start(s, b, snapshot_ref(seen ? seen : s->turn), false);
}

static void session_write(engine_session *base, engine_batch *b)
{
    start((memory_session *)base, b, NULL, true);
}

static void turn_end(engine_session *base)
{
    memory_session *s = (memory_session *)base;
    snapshot_unref(s->turn);
    s->turn = NULL;
}

static engine_session *session_open(engine *base, engine_session_kind kind, engine_deliver deliver)
{
    memory_engine *m = (memory_engine *)base;
    if (kind == ENGINE_WRITER && atomic_exchange(&m->writer_is_out, true)) {
        return NULL;
    }
    memory_session *s = calloc(1, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->base.ops = base->ops;
    s->engine = m;
    s->kind = kind;
    s->deliver = deliver;
    pthread_mutex_lock(&m->queue_lock);
    s->next = m->sessions;
    m->sessions = s;
    pthread_mutex_unlock(&m->queue_lock);
    return &s->base;
}

static void rollback(memory_engine *m)
{
    pthread_mutex_lock(&m->lock);
    memory_write(m, &(engine_op){.kind = ENGINE_ROLLBACK});
    pthread_mutex_unlock(&m->lock);
    atomic_store(&m->writer_is_out, false);
}

static void session_close(engine_session *base)
{
    memory_session *s = (memory_session *)base;
    memory_engine *m = s->engine;
    pthread_mutex_lock(&m->queue_lock);
    memory_session **at = &m->sessions;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    pthread_mutex_unlock(&m->queue_lock);
    if (s->kind == ENGINE_WRITER) {
        rollback(m);
    }
    snapshot_unref(s->turn);
    free(s);
}

static void session_interrupt(engine_session *base, uint64_t serial)
{
    atomic_store(&((memory_session *)base)->interrupt, serial);
}

static bool session_idle(engine_session *base)
{
    (void)base; /* nothing grows that could be tidied */
    return false;
}

/* ---- the engine ------------------------------------------------------------------------------ */

static void memory_stats(engine *base, engine_stats *out)
{
    memory_engine *m = (memory_engine *)base;
    out->commits = atomic_load(&m->commits);
    out->rows_written = atomic_load(&m->rows_written);
    out->interrupted = atomic_load(&m->interrupted);
}

static void memory_close(engine *base)
{
    memory_engine *m = (memory_engine *)base;
    if (m->is_delayed) {
        pthread_mutex_lock(&m->queue_lock);
        m->is_stopping = true;
        pthread_cond_signal(&m->queue_woken);
        pthread_mutex_unlock(&m->queue_lock);
        pthread_join(m->thread, NULL);
    }
    snapshot_unref(m->tx);
    while (m->saved_count) {
        snapshot_unref(m->saved[--m->saved_count]);
    }
    snapshot_unref(m->committed);
    arena_free(m->arena);
    pthread_cond_destroy(&m->queue_woken);
    pthread_mutex_destroy(&m->queue_lock);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

#define MEMORY_OPS(title, flags)                                                            \
    {                                                                                       \
        .name = (title), .caps = (flags), .close = memory_close, .schema = memory_schema,   \
        .schema_ahead = memory_schema_ahead, .find_stored = memory_find_stored,             \
        .forget = memory_forget, .tidy = memory_tidy, .drop_ahead = memory_drop_ahead,      \
        .session_open = session_open, .session_close = session_close, .read = session_read, \
        .write = session_write, .turn_end = turn_end, .interrupt = session_interrupt,       \
        .idle = session_idle, .stats = memory_stats,                                        \
    }
static const engine_ops inline_ops =
    MEMORY_OPS("memory", ENGINE_COMPLETES_INLINE | ENGINE_FULL_TEXT);
static const engine_ops delayed_ops = MEMORY_OPS("memory-delayed", ENGINE_FULL_TEXT);

void engine_memory_set_part(engine *e, uint32_t rows)
{
    ((memory_engine *)e)->part_rows = rows;
}

crm_status engine_open_memory(uint64_t seed, engine **out)
{
    *out = NULL;
    memory_engine *m = calloc(1, sizeof *m);
    if (!m) {
        return CRM_NOMEM;
    }
    m->base.ops = seed ? &delayed_ops : &inline_ops;
    m->next_entity = m->next_field = 1;
    pthread_mutex_init(&m->lock, NULL);
    pthread_mutex_init(&m->queue_lock, NULL);
    pthread_cond_init(&m->queue_woken, NULL);
    m->arena = arena_new((size_t)1 << 32);
    m->committed = snapshot_copy(NULL, 1);
    bool is_ready = m->arena && m->committed;
    if (is_ready && seed) {
        m->seed = seed;
        m->is_delayed = pthread_create(&m->thread, NULL, complete_late, m) == 0;
        is_ready = m->is_delayed;
    }
    if (!is_ready) {
        memory_close(&m->base);
        return CRM_NOMEM;
    }
    *out = &m->base;
    return CRM_OK;
}
