/*
 * watch.c - which thread is in which module's code since when, for who looks from another thread.
 *
 * A thread takes a place with its outermost frame and gives it back with it. What is read of a
 * place while its thread moves on may be of two frames; all of it lives for ever, so at worst a
 * line in the log names the wrong one of two.
 */
#include "plug/module.h"

#define PLACES       64
#define GRACE_NS     1000000000LL
#define UNLIMITED_NS 10000000000LL /* start, stop, and whatever has no limit of its own */

typedef struct watched {
    _Atomic(module *) m; /* NULL: the place is free */
    _Atomic(const char *) kind, what;
    _Atomic int64_t since, until; /* until 0: the rest is not there yet */
    atomic_bool is_told;
} watched;

static watched places[PLACES];

static watched *take_place(module *m)
{
    for (size_t i = 0; i < PLACES; i++) {
        module *none = NULL;
        if (!atomic_load_explicit(&places[i].m, memory_order_relaxed) &&
            atomic_compare_exchange_strong(&places[i].m, &none, m)) {
            return &places[i];
        }
    }
    return NULL;
}

static int64_t end_of(const running *f)
{
    int64_t end = !f->c ? 0 : f->c->tx ? f->c->tx->deadline : f->c->until;
    return end ? end : f->since + UNLIMITED_NS;
}

static void show(watched *w, const running *f)
{
    atomic_store_explicit(&w->until, end_of(f), memory_order_relaxed);
    atomic_store_explicit(&w->since, f->since, memory_order_relaxed);
    atomic_store_explicit(&w->kind, f->kind, memory_order_relaxed);
    atomic_store_explicit(&w->what, f->what, memory_order_relaxed);
    atomic_store_explicit(&w->is_told, false, memory_order_relaxed);
    atomic_store_explicit(&w->m, f->m, memory_order_release);
}

void watch_enter(running *f)
{
    if (!f->watched) {
        f->watched = call_is_outermost(f) ? take_place(f->m) : f->outer->watched;
    }
    if (f->watched) {
        show(f->watched, f);
    }
}

void watch_leave(running *f)
{
    if (f->watched && !call_is_outermost(f)) {
        show(f->watched, f->outer);
    } else if (f->watched) {
        atomic_store_explicit(&f->watched->until, 0, memory_order_relaxed);
        atomic_store_explicit(&f->watched->m, NULL, memory_order_release);
    }
}

bool watch_is_told(const running *f)
{
    return f->watched && atomic_load_explicit(&f->watched->is_told, memory_order_relaxed);
}

static void tell(watched *w, module *m, int64_t now)
{
    const char *kind = atomic_load_explicit(&w->kind, memory_order_relaxed);
    const char *what = atomic_load_explicit(&w->what, memory_order_relaxed);
    int64_t since = atomic_load_explicit(&w->since, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->timeouts, 1, memory_order_relaxed);
    log_event(LOG_ERROR, "module.stuck", "module=%s %s=%s ms=%lld", log_quote(m->mf.name), kind,
              log_quote(str_of(what)), (long long)((now - since) / 1000000));
}

uint32_t plug_watch(int64_t now)
{
    uint32_t stuck = 0;
    for (size_t i = 0; i < PLACES; i++) {
        watched *w = &places[i];
        module *m = atomic_load_explicit(&w->m, memory_order_acquire);
        int64_t until = atomic_load_explicit(&w->until, memory_order_relaxed);
        if (!m || !until || now - GRACE_NS < until) {
            continue;
        }
        stuck++;
        if (!atomic_exchange(&w->is_told, true)) {
            tell(w, m, now);
        }
    }
    return stuck;
}
