/*
 * engine.c - calls of an engine by its table, and waiting for a batch on threads that may wait.
 *
 * Any thread that owns the session. Only engine_read_now and engine_write_now block.
 */
#include "data/engine.h"

#include <pthread.h>

void engine_close(engine *e)
{
    if (e) {
        e->ops->close(e);
    }
}

crm_status engine_schema(engine *e, registry *r, arena *a, registry_fault **faults)
{
    *faults = NULL;
    return e->ops->schema(e, r, a, faults);
}

crm_status engine_schema_ahead(engine *e, registry *r, arena *a, engine_ahead *out)
{
    return e->ops->schema_ahead(e, r, a, out);
}

crm_status engine_find_stored(engine *e, const engine_stored *what, arena *a, entity **out)
{
    *out = NULL;
    return e->ops->find_stored(e, what, a, out);
}

crm_status engine_forget(engine *e, const entity *stored)
{
    return e->ops->forget(e, stored);
}

crm_status engine_tidy(engine *e, const registry *r)
{
    return e->ops->tidy(e, r);
}

crm_status engine_drop_ahead(engine *e)
{
    return e->ops->drop_ahead(e);
}

crm_status engine_session_open(engine *e, engine_session_kind kind, engine_deliver d,
                               engine_session **out)
{
    *out = e->ops->session_open(e, kind, d);
    return *out ? CRM_OK : CRM_UNAVAILABLE;
}

void engine_session_close(engine_session *s)
{
    if (s) {
        s->ops->session_close(s);
    }
}

void engine_read(engine_session *s, engine_batch *b)
{
    s->ops->read(s, b);
}

void engine_write(engine_session *s, engine_batch *b)
{
    s->ops->write(s, b);
}

void engine_turn_end(engine_session *s)
{
    s->ops->turn_end(s);
}

uint64_t engine_seen(engine_session *s)
{
    return s->ops->seen ? s->ops->seen(s) : 0;
}

bool engine_is_unchanged(engine_session *s, uint32_t entity_id, int64_t id, uint64_t seen)
{
    return seen && s->ops->is_unchanged && s->ops->is_unchanged(s, entity_id, id, seen);
}

void engine_interrupt(engine_session *s, uint64_t serial)
{
    s->ops->interrupt(s, serial);
}

bool engine_idle(engine_session *s)
{
    return s->ops->idle(s);
}

void engine_stats_get(engine *e, engine_stats *out)
{
    *out = (engine_stats){0};
    e->ops->stats(e, out);
}

crm_status engine_backup(engine *e, const char *path, engine_backup_progress p)
{
    return e->ops->caps & ENGINE_BACKUP ? e->ops->backup(e, path, p) : CRM_UNAVAILABLE;
}

/* ---- waiting --------------------------------------------------------------------------------- */

typedef struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool is_done;
} waiter;

static void wake(engine_batch *b)
{
    waiter *w = b->arg;
    pthread_mutex_lock(&w->lock);
    w->is_done = true;
    pthread_cond_signal(&w->woken);
    pthread_mutex_unlock(&w->lock);
}

static void ignore(engine_batch *b)
{
    (void)b;
}

static crm_status run_now(engine_session *s, engine_batch *b,
                          void (*run)(engine_session *, engine_batch *))
{
    if (s->ops->caps & ENGINE_COMPLETES_INLINE) {
        b->done = ignore;
        run(s, b);
        return b->status;
    }
    waiter w = {.is_done = false};
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.woken, NULL);
    b->done = wake;
    b->arg = &w;
    run(s, b);
    pthread_mutex_lock(&w.lock);
    while (!w.is_done) {
        pthread_cond_wait(&w.woken, &w.lock);
    }
    pthread_mutex_unlock(&w.lock);
    pthread_cond_destroy(&w.woken);
    pthread_mutex_destroy(&w.lock);
    b->arg = NULL;
    return b->status;
}

crm_status engine_read_now(engine_session *s, engine_batch *b)
{
    return run_now(s, b, s->ops->read);
}

crm_status engine_write_now(engine_session *s, engine_batch *b)
{
    return run_now(s, b, s->ops->write);
}
