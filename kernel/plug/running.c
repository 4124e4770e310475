/*
 * running.c - the frame around every call into a module: who runs, how long, and what failed.
 *
 * Frames nest on their thread (a route saves a record, whose hook saves another). The innermost one
 * is what a crash is charged to.
 */
#include "plug/module.h"

#define HOOK_WARN_NS 5000000
#define WARN_NS      250000000

_Thread_local running *plug_now;

const char *plug_running(void)
{
    return plug_now ? plug_now->m->mf.name.p : NULL;
}

void call_enter(running *f, module *m, crm_ctx *c, const char *kind, const char *what)
{
    memset(f, 0, sizeof *f);
    f->m = m;
    f->c = c;
    f->kind = kind;
    f->what = what;
    f->outer = plug_now;
    if (c) {
        f->info_before = c->module;
        f->error_before = c->error;
        c->module = &m->info;
    }
    plug_now = f;
    f->since = clock_mono();
}

static void meter(const running *f)
{
    int64_t took = clock_mono() - f->since;
    bool is_hook = f->kind[0] == 'h';
    atomic_fetch_add_explicit(&f->m->calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&f->m->nanoseconds, (uint64_t)took, memory_order_relaxed);
    if (took < (is_hook ? HOOK_WARN_NS : WARN_NS)) {
        return;
    }
    atomic_fetch_add_explicit(&f->m->slow, 1, memory_order_relaxed);
    log_event(LOG_WARN, "module.slow", "module=%s %s=%s us=%lld", log_quote(f->m->mf.name), f->kind,
              log_quote(str_of(f->what)), (long long)(took / 1000));
}

/* OK in spite of a failed write would commit half of what the handler meant. */
static crm_status verdict(const running *f, crm_status s)
{
    if (s != CRM_OK || f->failed == CRM_OK || !f->c || !f->c->tx) {
        return s;
    }
    log_event(LOG_ERROR, "module.misuse", "module=%s %s=%s swallowed=%s", log_quote(f->m->mf.name),
              f->kind, log_quote(str_of(f->what)), status_code(f->failed));
    return f->failed;
}

crm_status call_leave(running *f, crm_status s)
{
    meter(f);
    s = verdict(f, s);
    if (f->c) {
        f->c->module = f->info_before;
        f->c->who = f->who_before ? f->who_before : f->c->who;
        if (s == CRM_OK) {
            f->c->error = f->error_before; /* a read that found nothing was no failure */
        }
    }
    json_decref(f->args);
    json_decref(f->json);
    if (f->body && f->c && f->c->request && f->body == f->c->request->json) {
        f->body = NULL; /* the request's own */
    }
    json_decref(f->body);
    plug_now = f->outer;
    return s;
}

crm_status call_broke(crm_status s)
{
    if (s != CRM_OK && plug_now && plug_now->failed == CRM_OK) {
        plug_now->failed = s;
    }
    return s;
}
