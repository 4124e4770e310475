/*
 * scheduler.c - one thread that waits for the next due moment and hands due rows to workers.
 *
 * A due row is worked on by one worker at a time: `work` outside any transaction, then `run` and
 * the removal of the row in one commit. A failure puts the row off with growing pauses; after the
 * last attempt it stays without a due moment, with its error, as a dead letter.
 */
#include <assert.h>
#include <time.h>

#include "flow/flow_private.h"
#include "flow/store.h"
#include "flow/webhook_private.h"

#define SLICE            32
#define HELD_MAX         64
#define ATTEMPTS_MAX     82 /* about three days with the pauses below */
#define WORK_LIMIT_MS    60000
#define WAITS_MAX        5 /* the pause of what waits for a module is a minute at most */
#define RETRY_FIRST_MS   2000LL
#define RETRY_MOST_MS    (3600LL * 1000)
#define HOLD_FIRST_NS    2000000000LL
#define REAL_WAIT_MAX_MS 1000

typedef struct running_due {
    flow *flow;
    int64_t id, due, attempts;
    crm_str job, key, arg;
    arena *arena;
    crm_ctx call;
    pool_task task;
    bool pinned;
    bool waits; /* for the code of a module: that is no attempt */
    crm_status status;
    struct running_due *next;
} running_due;

/* ---- one due row, on a worker ---------------------------------------------------------------- */

/* NOT_FOUND: somebody has done this row already, and nothing is left to do. */
static crm_status remove_row(crm_ctx *c, running_due *d)
{
    const entity *e = registry_store(c->reg, STORE_DUE);
    value *row;
    crm_status s = tx_get(c->tx, e, d->id, c->arena, &row);
    if (s != CRM_OK) {
        return s;
    }
    /* It was scheduled anew while it ran: the new moment stands. */
    if (row[DUE_AT].i != d->due) {
        return CRM_OK;
    }
    return tx_delete(c->tx, e, d->id);
}

static crm_status commit_run(crm_ctx *c, void *arg)
{
    running_due *d = arg;
    const job *j = registry_job(c->reg, d->job);
    crm_status s = remove_row(c, d);
    if (s == CRM_NOT_FOUND) {
        return CRM_OK;
    }
    call_limit(c, j->limit_ms);
    if (s == CRM_OK && j->run) {
        s = j->run(c, d->arg, j->fn);
    }
    if (s == CRM_OK && j->every_ms && str_is(d->key, "every")) {
        s = timers_schedule(c, d->job, d->key, clock_now() + j->every_ms, d->arg);
    }
    return s;
}

static int64_t pause_of(const running_due *d)
{
    int64_t pause = RETRY_FIRST_MS << (d->attempts < 12 ? d->attempts : 12);
    pause = pause > RETRY_MOST_MS ? RETRY_MOST_MS : pause;
    return pause + (d->id * 7919) % (pause / 8 + 1); /* spreads rows that failed together */
}

static crm_status commit_put_off(crm_ctx *c, void *arg)
{
    running_due *d = arg;
    store_row row;
    const job *j = registry_job(c->reg, d->job);
    crm_status s = store_load(c->tx, c->arena, c->reg, STORE_DUE, d->id, &row);
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    /* What waits for a module never dies of it, and goes on soon after; a recurring one never ends.
     */
    bool waits = !j || d->waits;
    bool is_mortal = !waits && !j->every_ms && !j->never_gives_up;
    bool is_dead = is_mortal && d->attempts + 1 >= ATTEMPTS_MAX;
    d->attempts = waits && d->attempts > WAITS_MAX ? WAITS_MAX : d->attempts;
    int64_t due = clock_now() + pause_of(d);
    store_set(&row, DUE_ATTEMPTS, value_int(d->attempts + 1));
    store_set(&row, DUE_ERROR, value_text(str_of(status_code(d->status))));
    store_set(&row, DUE_AT, is_dead ? value_null() : value_int(due));
    if (!is_dead) {
        timers_hint(due);
    }
    s = store_save(c->tx, &row);
    if (s == CRM_OK && !waits && j->failed) {
        s = j->failed(c, d->arg, d->status, j->fn);
    }
    return s == CRM_OK && is_dead && j->give_up ? j->give_up(c, d->arg, j->fn) : s;
}

static crm_status begin_call(running_due *d, engine_session *session)
{
    crm_str via = arena_fmt(d->arena, "job:%.*s", STR_FMT(d->job));
    crm_status s = call_begin(&d->call, &principal_system, via);
    d->pinned = s == CRM_OK;
    d->call.session = session;
    d->call.is_due = true;
    return s;
}

static void work(pool_task *t, engine_session *session)
{
    running_due *d = t->arg;
    d->status = begin_call(d, session);
    if (d->status != CRM_OK) {
        return;
    }
    const job *j = registry_job(d->call.reg, d->job);
    if (!j) {
        d->status = CRM_NOT_FOUND; /* its module is not enabled now: it waits as any failure does */
    } else {
        call_limit(&d->call, j->limit_ms ? j->limit_ms : WORK_LIMIT_MS);
        if (j->work) {
            d->status = j->work(&d->call, d->arg, j->fn);
        }
        if (d->status == CRM_OK) {
            d->status = writer_run(d->flow, &d->call, commit_run, d);
        }
    }
    if (d->status == CRM_OK) {
        return;
    }
    d->waits = str_is(d->call.error.code, "module_away");
    log_event(LOG_WARN, "job.failed", "job=%s key=%s attempt=%lld status=%s", log_quote(d->job),
              log_quote(d->key), (long long)d->attempts + 1, status_code(d->status));
    call_end(&d->call);
    d->pinned = begin_call(d, session) == CRM_OK &&
                writer_run(d->flow, &d->call, commit_put_off, d) == CRM_OK;
    if (!d->pinned) {
        log_event(LOG_ERROR, "job.not_put_off", "job=%s", log_quote(d->job));
    }
}

static void unlink_running(scheduler *s, running_due *d)
{
    running_due **at = &s->running;
    while (*at != d) {
        at = &(*at)->next;
    }
    *at = d->next;
    s->in_flight--;
}

/* Its failure could not even be written (a full disk): it must not run again at once. Lock held. */
static void hold(scheduler *s, const running_due *d)
{
    held_due *h = NULL;
    for (int i = 0; i < HELD_MAX && !h; i++) {
        if (s->held[i].id == d->id) {
            h = &s->held[i];
        }
    }
    for (int i = 0; i < HELD_MAX && !h; i++) {
        if (s->held[i].until < clock_mono()) {
            h = &s->held[i];
        }
    }
    if (!h) {
        h = &s->held[(uint64_t)d->id % HELD_MAX];
    }
    h->times = h->id == d->id && h->times < 10 ? h->times + 1 : 1;
    h->id = d->id;
    h->until = clock_mono() + (HOLD_FIRST_NS << h->times);
}

static void worked(pool_task *t)
{
    running_due *d = t->arg;
    scheduler *s = &d->flow->scheduler;
    if (d->call.arena) {
        call_end(&d->call);
    }
    pthread_mutex_lock(&s->lock);
    unlink_running(s, d);
    if (d->status != CRM_OK && !d->pinned) {
        hold(s, d);
    }
    s->next_due = 0; /* look again: this row may have been put off or others wait behind it */
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    arena_free(d->arena);
    free(d);
}

/* ---- finding due rows, on the scheduler's thread --------------------------------------------- */

/* Rows that are being worked on or held back. Taken BEFORE the rows are read: one that ends in
 * between is passed over in this look and found again by the next, which its end asks for. */
typedef struct busy_rows {
    int64_t ids[SLICE + HELD_MAX];
    uint32_t count, held;
} busy_rows;

static void take_busy(scheduler *s, busy_rows *out)
{
    *out = (busy_rows){0};
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < HELD_MAX; i++) {
        if (s->held[i].until > clock_mono()) {
            out->ids[out->count++] = s->held[i].id;
        }
    }
    out->held = out->count;
    for (running_due *d = s->running; d && out->count < SLICE + HELD_MAX; d = d->next) {
        out->ids[out->count++] = d->id;
    }
    pthread_mutex_unlock(&s->lock);
}

static bool is_busy(const busy_rows *b, int64_t id)
{
    for (uint32_t i = 0; i < b->count; i++) {
        if (b->ids[i] == id) {
            return true;
        }
    }
    return false;
}

static flow_pool pool_of(const registry *r, const running_due *d)
{
    const job *j = registry_job(r, d->job);
    return j && j->is_outside ? POOL_OUTSIDE : POOL_WORKER;
}

static crm_status launch(flow *f, const registry *r, const store_row *row)
{
    scheduler *s = &f->scheduler;
    running_due *d = calloc(1, sizeof *d);
    arena *a = d ? arena_new(0) : NULL;
    if (!a) {
        free(d);
        return CRM_NOMEM;
    }
    d->flow = f;
    d->arena = a;
    d->id = row->id;
    d->due = store_int(row, DUE_AT);
    d->attempts = store_int(row, DUE_ATTEMPTS);
    d->job = arena_dup(a, store_text(row, DUE_JOB));
    d->key = arena_dup(a, store_text(row, DUE_KEY));
    d->arg = arena_dup(a, store_text(row, DUE_ARG));
    d->task = (pool_task){.run = work, .done = worked, .arg = d, .is_repeatable = true};
    pthread_mutex_lock(&s->lock);
    d->next = s->running;
    s->running = d;
    s->in_flight++;
    pthread_mutex_unlock(&s->lock);
    if (pool_submit(f, pool_of(r, d), &d->task) == CRM_OK) {
        return CRM_OK;
    }
    pthread_mutex_lock(&s->lock);
    unlink_running(s, d);
    pthread_mutex_unlock(&s->lock);
    arena_free(a);
    free(d);
    return CRM_UNAVAILABLE;
}

/* Launches what is due and gives the next moment to wait for. */
static int64_t look(flow *f, engine_session *session)
{
    const registry *r = registry_pin();
    arena *a = r ? arena_new(0) : NULL;
    const entity *e = r ? registry_store(r, STORE_DUE) : NULL;
    int64_t next = INT64_MAX, now = clock_now();
    query *q = a && e ? query_new(a, e) : NULL;
    store_row *rows;
    uint32_t count = 0;
    busy_rows busy;
    if (flow_is_read_only(f)) { /* what came of it could not be written */
        q = NULL;
    }
    take_busy(&f->scheduler, &busy);
    if (q) {
        const field *due = &e->fields[DUE_AT];
        const cond *none = cond_compare(a, COND_NONE, due, value_null());
        cond *has = ARENA_NEW(a, cond);
        if (has) {
            *has = (cond){.op = COND_NOT, .first = none};
        }
        q->where = has;
        q->sorts[0] = (sort){due, false};
        q->sort_count = 1;
        q->limit = SLICE + busy.count;
        if (store_list(session, a, q, &rows, &count) != CRM_OK) {
            next = now + REAL_WAIT_MAX_MS;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        int64_t due = store_int(&rows[i], DUE_AT);
        if (is_busy(&busy, rows[i].id)) {
            continue;
        }
        if (due > now || launch(f, r, &rows[i]) != CRM_OK) {
            next = due > now ? due : now + 50;
            break;
        }
    }
    if (q) {
        atomic_store(&f->forms_waiting, inbox_waiting(session, r, a));
    }
    engine_turn_end(session);
    arena_free(a);
    if (r) {
        registry_unpin(r);
    }
    if (busy.held && next > now + REAL_WAIT_MAX_MS) {
        next = now + REAL_WAIT_MAX_MS; /* one that is held back must be seen again */
    }
    return next;
}

static void wait_until(scheduler *s, int64_t due)
{
    if (clock_is_virtual() || due == INT64_MAX) {
        pthread_cond_wait(&s->wake, &s->lock);
        return;
    }
    int64_t ms = due - clock_now();
    ms = ms < 1 ? 1 : ms > REAL_WAIT_MAX_MS ? REAL_WAIT_MAX_MS : ms;
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += (long)(ms % 1000) * 1000000L;
    at.tv_sec += (time_t)(ms / 1000) + at.tv_nsec / 1000000000L;
    at.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&s->wake, &s->lock, &at);
}

static void *scheduler_main(void *arg)
{
    flow *f = arg;
    scheduler *s = &f->scheduler;
    engine_session *session;
    thread_set_role(THREAD_WORKER, "scheduler");
    if (engine_session_open(f->o.engine, ENGINE_READER, (engine_deliver){0}, &session) != CRM_OK) {
        log_event(LOG_ERROR, "scheduler.no_session", "action=none");
        return NULL;
    }
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        if (s->changes_waiting || s->next_due <= clock_now()) {
            bool changes = s->changes_waiting;
            s->changes_waiting = false;
            s->next_due = INT64_MAX;
            s->busy = true;
            pthread_mutex_unlock(&s->lock);
            if (changes) {
                listeners_run(f, session);
            }
            int64_t next = look(f, session);
            pthread_mutex_lock(&s->lock);
            s->busy = false;
            if (next < s->next_due) {
                s->next_due = next;
            }
            continue;
        }
        wait_until(s, s->next_due);
    }
    pthread_mutex_unlock(&s->lock);
    engine_session_close(session);
    return NULL;
}

void scheduler_due(flow *f, int64_t due)
{
    scheduler *s = &f->scheduler;
    pthread_mutex_lock(&s->lock);
    if (due <= s->next_due) { /* equal: the virtual clock has just reached it */
        s->next_due = due;
        pthread_cond_signal(&s->wake);
    }
    pthread_mutex_unlock(&s->lock);
}

void scheduler_changes(flow *f)
{
    scheduler *s = &f->scheduler;
    pthread_mutex_lock(&s->lock);
    s->changes_waiting = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    courier_wake(f, COURIER_CHANGES);
}

crm_status scheduler_start(flow *f)
{
    scheduler *s = &f->scheduler;
    pthread_condattr_t a;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &a);
    pthread_condattr_destroy(&a);
    s->changes_waiting = true; /* what a crash left unseen */
    return pthread_create(&s->thread, NULL, scheduler_main, f) == 0 ? CRM_OK : CRM_NOMEM;
}

void scheduler_close(flow *f)
{
    scheduler *s = &f->scheduler;
    if (!s->thread) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

bool scheduler_join(flow *f, int64_t until)
{
    scheduler *s = &f->scheduler;
    if (s->thread && !thread_join_by(s->thread, until)) {
        return false;
    }
    s->thread = 0;
    return true;
}

bool scheduler_is_idle(flow *f)
{
    scheduler *s = &f->scheduler;
    pthread_mutex_lock(&s->lock);
    bool idle = !s->busy && !s->changes_waiting && s->in_flight == 0 && s->next_due > clock_now();
    pthread_mutex_unlock(&s->lock);
    return idle;
}

static void wait_idle(flow *f)
{
    while (!flow_is_idle(f)) {
        uv_sleep(1);
    }
}

static void step_to(flow *f, int64_t until)
{
    scheduler *s = &f->scheduler;
    for (;;) {
        pthread_mutex_lock(&s->lock);
        int64_t next = s->next_due, other = services_next(f);
        pthread_mutex_unlock(&s->lock);
        next = other < next ? other : next;
        clock_set(next < until ? next : until);
        scheduler_due(f, clock_now());
        services_nudge(f);
        wait_idle(f);
        if (next >= until) {
            return;
        }
    }
}

crm_status flow_advance(flow *f, int64_t until)
{
    if (!clock_is_virtual() || atomic_exchange(&f->scheduler.advancing, true)) {
        return CRM_CONFLICT; /* two who wait for idleness would wait for each other */
    }
    wait_idle(f);
    step_to(f, until);
    atomic_store(&f->scheduler.advancing, false);
    return CRM_OK;
}
