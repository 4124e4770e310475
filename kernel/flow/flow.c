/* flow.c - starting and stopping the threads of the layer, in the order that loses nothing. */
#include "data/positions.h"
#include "flow/flow_private.h"
#include "flow/remote.h"
#include "flow/webhook_private.h"
#include "out/out.h"

/* Transfers end within 3 s of their cancellation; a thread that has not ended by then is held by
 * code that cannot be interrupted. */
#define HELD_MS 4000

static _Atomic(flow *) running;

flow *flow_running(void)
{
    return atomic_load(&running);
}

static uint32_t or_default(uint32_t given, uint32_t usual)
{
    return given ? given : usual;
}

crm_status flow_start(const flow_options *o, flow **out)
{
    crm_status s = positions_set_up(o->data_dir);
    flow *f = s == CRM_OK ? calloc(1, sizeof *f) : NULL;
    if (!f) {
        return s == CRM_OK ? CRM_NOMEM : s;
    }
    f->o = *o;
    atomic_store(&running, f);
    pthread_mutex_init(&f->subscribers_lock, NULL);
    room_open(f);
    pool_start(&f->pools[POOL_FAST], f, POOL_FAST, or_default(o->fast_threads, 2));
    pool_start(&f->pools[POOL_SLOW], f, POOL_SLOW, or_default(o->slow_threads, 1));
    pool_start(&f->pools[POOL_CRYPTO], f, POOL_CRYPTO, or_default(o->crypto_threads, 2));
    pool_start(&f->pools[POOL_WORKER], f, POOL_WORKER, or_default(o->worker_threads, 2));
    pool_start(&f->pools[POOL_ASK], f, POOL_ASK, 4);
    pool_start(&f->pools[POOL_OUTSIDE], f, POOL_OUTSIDE, 2);
    pool_start(&f->pools[POOL_LOOK], f, POOL_LOOK, 2);
    s = services_start(f);
    if (s == CRM_OK) {
        s = writer_start(f);
    }
    if (s == CRM_OK) {
        s = scheduler_start(f);
    }
    if (s == CRM_OK) {
        s = courier_start(f);
    }
    if (s != CRM_OK) {
        (void)!flow_stop(f, 0);
        return s;
    }
    *out = f;
    return CRM_OK;
}

crm_status flow_ready(flow *f)
{
    crm_ctx c;
    crm_status s = call_begin(&c, &principal_system, CRM_S("start"));
    if (s != CRM_OK) {
        return s;
    }
    s = writer_run(f, &c, timers_ensure, NULL);
    call_end(&c);
    scheduler_changes(f);
    courier_wake(f, COURIER_ROWS);
    services_follow(f);
    return s;
}

static void get_ready(pool_task *t, engine_session *session)
{
    (void)session;
    crm_status s = flow_ready(t->arg);
    if (s != CRM_OK) {
        log_event(LOG_ERROR, "flow.not_ready", "status=%s", status_code(s));
    }
}

static void is_ready(pool_task *t)
{
    free(t);
}

crm_status flow_ready_later(flow *f)
{
    pool_task *t = calloc(1, sizeof *t);
    if (!t) {
        return CRM_NOMEM;
    }
    *t = (pool_task){.run = get_ready, .done = is_ready, .arg = f};
    crm_status s = pool_submit(f, POOL_WORKER, t);
    if (s != CRM_OK) {
        free(t);
    }
    return s;
}

bool flow_is_idle(flow *f)
{
    if (!writer_is_idle(f) || !scheduler_is_idle(f) || !courier_is_idle(f) ||
        !services_are_settled(f)) {
        return false;
    }
    for (int i = 0; i < POOL_COUNT; i++) {
        if (!pool_is_idle(&f->pools[i])) {
            return false;
        }
    }
    return writer_is_idle(f);
}

static uint32_t waiting_in(pool *p)
{
    pthread_mutex_lock(&p->lock);
    uint32_t n = p->count;
    pthread_mutex_unlock(&p->lock);
    return n;
}

void flow_stats_get(flow *f, flow_stats *out)
{
    *out = (flow_stats){.requests = atomic_load(&f->requests),
                        .groups = atomic_load(&f->commits),
                        .reruns = atomic_load(&f->groups_rerun),
                        .slow = atomic_load(&f->slow_commits),
                        .read_only = flow_is_read_only(f),
                        .webhooks_sent = atomic_load(&f->webhooks_sent),
                        .webhooks_failed = atomic_load(&f->webhooks_failed),
                        .keys_left = atomic_load(&f->keys_left),
                        .webhooks_dead = atomic_load(&f->webhooks_dead),
                        .mails_dead = atomic_load(&f->mails_dead),
                        .forms_bare = atomic_load(&f->forms_bare),
                        .forms_trapped = atomic_load(&f->forms_trapped),
                        .forms_waiting = atomic_load(&f->forms_waiting),
                        .webhooks_under_way = courier_under_way(f),
                        .waiting_fast = waiting_in(&f->pools[POOL_FAST]),
                        .waiting_slow = waiting_in(&f->pools[POOL_SLOW])};
    pthread_mutex_lock(&f->lock);
    out->waiting_interactive = f->lanes[LANE_INTERACTIVE].count;
    out->waiting_bulk = f->lanes[LANE_BULK].count;
    pthread_mutex_unlock(&f->lock);
}

/* ---- the way down ---------------------------------------------------------------------------- */

/* By looking again: ThreadSanitizer does not know the join that waits by the monotonic clock. */
bool thread_join_by(pthread_t t, int64_t until)
{
    while (pthread_tryjoin_np(t, NULL) != 0) {
        if (clock_mono() >= until) {
            return false;
        }
        uv_sleep(1);
    }
    return true;
}

static bool pools_are_idle(flow *f)
{
    for (int i = 0; i < POOL_COUNT; i++) {
        if (f->pools[i].flow && !pool_is_idle(&f->pools[i])) {
            return false;
        }
    }
    return true;
}

static void let_end(flow *f, int ms)
{
    int64_t until = clock_mono() + (int64_t)ms * 1000000;
    while (!pools_are_idle(f) && clock_mono() < until) {
        uv_sleep(5);
    }
}

/* The scheduler closes first so that nothing new begins; services stop while there is all they use;
 * the writer ends last, so that all ends are written. */
bool flow_stop(flow *f, int ms)
{
    services_close(f);
    scheduler_close(f);
    courier_close(f);
    bool is_down = services_join(f);
    let_end(f, ms);
    if (!pools_are_idle(f)) {
        log_event(LOG_INFO, "flow.cancelled", "what=transfers");
    }
    out_cancel();
    for (int i = 0; i < POOL_COUNT; i++) {
        pool_close(&f->pools[i]);
    }
    int64_t until = clock_mono() + HELD_MS * 1000000LL;
    is_down &= scheduler_join(f, until) && courier_join(f, until);
    for (int i = POOL_COUNT - 1; i >= 0; i--) {
        is_down &= pool_join(&f->pools[i], until);
    }
    is_down &= writer_stop(f, until);
    if (!is_down) {
        return false;
    }
    services_free(f);
    pthread_mutex_destroy(&f->subscribers_lock);
    atomic_store(&running, NULL);
    free(f);
    return true;
}

void flow_watch(flow *f)
{
    room_watch(f);
    for (int i = 0; i < POOL_COUNT; i++) {
        pool_watch(&f->pools[i]);
    }
}

crm_status flow_register(registry *r)
{
    crm_status (*const parts[])(registry *) = {
        webhooks_register,    rules_register,     steps_register,     strategies_register,
        remote_register,      outbox_register,    inbox_register,     listeners_register,
        sweep_register,       batch_register,     bin_register,       match_job_register,
        files_clear_register, recompute_register, stage_job_register, notes_register};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        crm_status s = parts[i](r);
        if (s != CRM_OK) {
            return s;
        }
    }
    return CRM_OK;
}
