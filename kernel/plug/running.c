/*
 * running.c - the frame around every call into a module: who runs, how long, and what failed.
 *
 * Frames nest on their thread (a route saves a record, whose hook saves another). The innermost one
 * is what a crash is charged to. Code that computes cannot be interrupted: when its time is up its
 * host calls answer TIMEOUT, and what it gives in the end is not taken.
 */
#include "plug/module.h"

#define COMMIT_LIMIT_MS 250
#define COMMIT_WARN_NS  5000000
#define WARN_NS         250000000

_Thread_local running *plug_now;

const char *plug_running(void)
{
    return plug_now ? plug_now->m->mf.name.p : NULL;
}

static bool in_transaction(const running *f)
{
    return f->c && f->c->tx;
}

static void limit(running *f, uint32_t ms)
{
    f->limit_ms = ms;
    call_limit(f->c, ms);
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
    if (in_transaction(f)) {
        f->end_before = c->tx->deadline;
        limit(f, COMMIT_LIMIT_MS);
    }
    plug_now = f;
    f->since = clock_mono();
    watch_enter(f);
}

void call_enter_service(running *f, module *m, const char *what)
{
    memset(f, 0, sizeof *f);
    f->m = m;
    f->kind = "service";
    f->what = what;
    f->is_endless = true;
    f->outer = plug_now;
    f->since = clock_mono();
    plug_now = f;
}

void call_leave_service(running *f)
{
    plug_now = f->outer;
}

void call_allow(running *f, uint32_t ms)
{
    if (ms && in_transaction(f)) {
        f->c->tx->deadline = f->end_before;
        limit(f, ms);
        watch_enter(f);
    }
}

/* ---- time ------------------------------------------------------------------------------------ */

static void meter(const running *f)
{
    int64_t took = clock_mono() - f->since;
    atomic_fetch_add_explicit(&f->m->calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&f->m->nanoseconds, (uint64_t)took, memory_order_relaxed);
    if (took < (in_transaction(f) ? COMMIT_WARN_NS : WARN_NS)) {
        return;
    }
    atomic_fetch_add_explicit(&f->m->slow, 1, memory_order_relaxed);
    log_event(LOG_WARN, "module.slow", "module=%s %s=%s us=%lld", log_quote(f->m->mf.name), f->kind,
              log_quote(str_of(f->what)), (long long)(took / 1000));
}

crm_status call_in_time(void)
{
    running *f = plug_now;
    if (!f || !f->c || !call_is_over(f->c)) {
        return CRM_OK;
    }
    f->is_late = true;
    return call_fail(f->c, CRM_TIMEOUT, "timeout");
}

/* The innermost frame that used the time up is named, not those around it. */
static void name_late(running *f)
{
    bool is_told = f->is_told || watch_is_told(f);
    if (f->outer) {
        f->outer->is_told = true;
    }
    if (is_told || (f->c && call_is_left(f->c))) {
        return; /* that its caller left is no fault of the module's */
    }
    atomic_fetch_add_explicit(&f->m->timeouts, 1, memory_order_relaxed);
    log_event(LOG_WARN, "module.timeout", "module=%s %s=%s us=%lld", log_quote(f->m->mf.name),
              f->kind, log_quote(str_of(f->what)), (long long)((clock_mono() - f->since) / 1000));
}

/* What came too late is not taken, whatever it says; a refusal is one all the same. */
static crm_status judge_time(running *f, crm_status s)
{
    if (!f->c || (s != CRM_OK && s != CRM_TIMEOUT) || !(f->is_late || call_is_over(f->c))) {
        return s;
    }
    bool goes_on = !f->c->tx && f->c->try_until && clock_mono() < f->c->until;
    if (goes_on) {
        return f->is_late ? CRM_TIMEOUT : s;
    }
    name_late(f);
    f->c->error = f->error_before; /* what else went wrong on the way is not why */
    return call_fail(f->c, CRM_TIMEOUT, "timeout");
}

/* What virtual time let pass would be taken back anywhere else. */
static void name_stretched(running *f)
{
    int64_t took = clock_mono() - f->since;
    bool is_let = in_transaction(f) && call_is_stretched(f->c);
    if (!is_let || took < (int64_t)f->limit_ms * 1000000) {
        return;
    }
    if (f->outer) {
        f->outer->is_told = true;
    }
    if (f->is_told) {
        return;
    }
    log_event(LOG_WARN, "module.over_limit", "module=%s %s=%s us=%lld limit_ms=%u",
              log_quote(f->m->mf.name), f->kind, log_quote(str_of(f->what)),
              (long long)(took / 1000), f->limit_ms);
}

/* ---- leaving --------------------------------------------------------------------------------- */

/* OK in spite of a failed write would commit half of what the handler meant, and in spite of what
 * could not be read something else than it meant. */
static crm_status verdict(const running *f, crm_status s)
{
    if (s == CRM_OK && f->unread != CRM_OK) {
        return f->unread;
    }
    if (s != CRM_OK || f->failed == CRM_OK || !in_transaction(f)) {
        return s;
    }
    log_event(LOG_ERROR, "module.misuse", "module=%s %s=%s swallowed=%s", log_quote(f->m->mf.name),
              f->kind, log_quote(str_of(f->what)), status_code(f->failed));
    return f->failed;
}

crm_status call_leave(running *f, crm_status s)
{
    meter(f);
    s = judge_time(f, s);
    if (s == CRM_OK) {
        name_stretched(f);
    }
    s = verdict(f, s);
    watch_leave(f);
    if (f->c) {
        f->c->module = f->info_before;
        f->c->who = f->who_before ? f->who_before : f->c->who;
        if (s == CRM_OK) {
            f->c->error = f->error_before; /* a read that found nothing was no failure */
        }
    }
    if (in_transaction(f)) {
        f->c->tx->deadline = f->end_before;
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

bool call_unread(crm_status s)
{
    if (s != CRM_OK && plug_now && plug_now->unread == CRM_OK) {
        plug_now->unread = s;
    }
    return s != CRM_OK;
}
