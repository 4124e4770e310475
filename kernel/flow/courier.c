/*
 * courier.c - the thread that carries webhooks out: takes up changes, sends what waits, writes what
 * came of it. It sleeps until a commit, a due moment or an answer wakes it, and it costs nothing
 * while there are no subscriptions.
 */
#include "flow/webhook_private.h"

#define HOOKS_MAX 200
#define ALL_MAX   64 /* under way to all addresses together */
#define POLL_MS   1000
#define SLEEP_MS  60000
#define STOP_MS   1500
#define AGAIN_MS  1000

struct courier {
    flow *flow;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* of the next four */
    int flags;            /* why it is to look */
    bool is_busy, stopping;
    uint32_t count; /* under way */
    atomic_uint hook_count;
    post_client *http;
    engine_session *session;
    arena *arena; /* of the hooks */
    subscription *hooks;
    sending *first;
};

/* ---- from other threads ---------------------------------------------------------------------- */

void courier_wake(flow *f, int why)
{
    courier *k = f->courier;
    if (!k || (why == COURIER_CHANGES && !atomic_load(&k->hook_count))) {
        return;
    }
    pthread_mutex_lock(&k->lock);
    k->flags |= why;
    pthread_mutex_unlock(&k->lock);
    post_wake(k->http);
}

bool courier_is_idle(flow *f)
{
    courier *k = f->courier;
    if (!k) {
        return true;
    }
    pthread_mutex_lock(&k->lock);
    bool is_idle = !k->flags && !k->is_busy && !k->count;
    pthread_mutex_unlock(&k->lock);
    return is_idle;
}

uint32_t courier_under_way(flow *f)
{
    courier *k = f->courier;
    if (!k) {
        return 0;
    }
    pthread_mutex_lock(&k->lock);
    uint32_t count = k->count;
    pthread_mutex_unlock(&k->lock);
    return count;
}

/* ---- subscriptions --------------------------------------------------------------------------- */

static const subscription *old_of(const subscription *all, uint32_t count, int64_t id)
{
    for (uint32_t i = 0; i < count; i++) {
        if (all[i].row.id == id) {
            return &all[i];
        }
    }
    return NULL;
}

static void load_hooks(courier *k, const registry *r)
{
    const entity *e = registry_store(r, STORE_WEBHOOK);
    arena *a = arena_new(0);
    query *q = a ? query_new(a, e) : NULL;
    store_row *rows = NULL;
    uint32_t count = 0, had = atomic_load(&k->hook_count);
    engine_turn_end(k->session);
    if (q) {
        q->limit = HOOKS_MAX;
    }
    subscription *hooks = q && store_list(k->session, a, q, &rows, &count) == CRM_OK
                              ? ARENA_ARRAY(a, subscription, count + 1)
                              : NULL;
    if (!hooks) {
        arena_free(a);
        courier_wake(k->flow, COURIER_ROWS);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const subscription *old = old_of(k->hooks, had, rows[i].id);
        int64_t position = store_int(&rows[i], WEBHOOK_POSITION);
        hooks[i] = (subscription){.row = rows[i], .read_to = position};
        if (old && old->read_to > position) {
            hooks[i].read_to = old->read_to;
        }
        if (old) {
            hooks[i].under_way = old->under_way;
        }
    }
    arena_free(k->arena);
    k->arena = a;
    k->hooks = hooks;
    atomic_store(&k->hook_count, count);
}

static bool is_active(const subscription *h)
{
    return str_is(store_text(&h->row, WEBHOOK_STATE), WEBHOOK_ACTIVE);
}

static subscription *hook_of(courier *k, int64_t id)
{
    for (uint32_t i = 0; i < atomic_load(&k->hook_count); i++) {
        if (k->hooks[i].row.id == id) {
            return &k->hooks[i];
        }
    }
    return NULL;
}

/* ---- sending --------------------------------------------------------------------------------- */

static void ended(post_request *r)
{
    ((sending *)r->arg)->has_ended = true;
}

static void forget(courier *k, sending *x)
{
    sending **at = &k->first;
    while (*at != x) {
        at = &(*at)->next;
    }
    *at = x->next;
    subscription *h = hook_of(k, x->webhook);
    if (h && h->under_way) {
        h->under_way--;
    }
    pthread_mutex_lock(&k->lock);
    k->count--;
    pthread_mutex_unlock(&k->lock);
    arena_free(x->arena);
    free(x);
}

static void begin(courier *k, subscription *h, const store_row *row)
{
    sending *x = calloc(1, sizeof *x);
    if (!x || webhook_prepare(k->flow, k->session, h, row, x) != CRM_OK) {
        free(x);
        return; /* memory is out: the next look tries again */
    }
    x->courier = k;
    x->request.arg = x;
    x->request.done = ended;
    x->next = k->first;
    k->first = x;
    h->under_way++;
    pthread_mutex_lock(&k->lock);
    k->count++;
    pthread_mutex_unlock(&k->lock);
    if (x->request.error) {
        x->has_ended = true; /* nothing to send: a failed attempt */
    } else if (post_start(k->http, &x->request) != CRM_OK) {
        x->request.error = "no_memory";
        x->has_ended = true;
    }
}

static bool is_under_way(const courier *k, int64_t delivery)
{
    for (const sending *x = k->first; x; x = x->next) {
        if (x->id == delivery) {
            return true;
        }
    }
    return false;
}

static crm_status list_waiting(courier *k, const registry *r, arena *a, subscription *h,
                               store_row **rows, uint32_t *count)
{
    const entity *e = registry_store(r, STORE_DELIVERY);
    query *q = query_new(a, e);
    const cond *of = cond_compare(a, COND_EQ, &e->fields[DELIVERY_WEBHOOK], value_int(h->row.id));
    const cond *is_new =
        cond_compare(a, COND_EQ, &e->fields[DELIVERY_STATE], value_text(CRM_S(STATE_NEW)));
    if (!q) {
        return CRM_NOMEM;
    }
    q->where = cond_and(a, of, is_new);
    q->sorts[0] = (sort){&e->fields[COL_ID], false};
    q->sort_count = 1;
    q->limit = WEBHOOK_REDELIVER_MAX + WEBHOOK_WAITING_MAX;
    for (uint32_t i = 0; i < DELIVERY_REQUEST; i++) { /* all but the texts */
        bits_add(q->select, i);
    }
    engine_turn_end(k->session);
    return store_list(k->session, a, q, rows, count);
}

static bool is_held_back(const store_row *rows, uint32_t at)
{
    int64_t id = store_int(&rows[at], DELIVERY_RECORD);
    for (uint32_t i = 0; id && i < at; i++) {
        if (store_int(&rows[i], DELIVERY_RECORD) == id) {
            return true;
        }
    }
    return false;
}

static uint32_t room_of(const courier *k, const subscription *h, int64_t now)
{
    uint32_t most = (uint32_t)store_int(&h->row, WEBHOOK_PARALLEL_OF);
    if (store_int(&h->row, WEBHOOK_NEXT_AT) > now) {
        return 0;
    }
    if (store_int(&h->row, WEBHOOK_NEXT_AT)) {
        most = 1; /* it has failed often: one finds out whether it is back */
    }
    if (k->count >= ALL_MAX || h->under_way >= most) {
        return 0;
    }
    return most - h->under_way;
}

static void send_waiting(courier *k, const registry *r, subscription *h)
{
    store_row *rows;
    uint32_t count = 0;
    int64_t now = clock_now();
    arena *a = arena_new(0);
    if (!a || list_waiting(k, r, a, h, &rows, &count) != CRM_OK) {
        count = 0;
    }
    h->waiting = count;
    for (uint32_t i = 0; i < count; i++) {
        bool is_test = str_is(store_text(&rows[i], DELIVERY_OP), "t");
        bool may = is_test || (is_active(h) && room_of(k, h, now));
        if (may && store_int(&rows[i], DELIVERY_NEXT_AT) <= now && !is_held_back(rows, i) &&
            !is_under_way(k, rows[i].id)) {
            begin(k, h, &rows[i]);
        }
    }
    arena_free(a);
}

/* ---- what came of it ------------------------------------------------------------------------- */

static bool any_ended(const courier *k)
{
    for (const sending *x = k->first; x; x = x->next) {
        if (x->has_ended) {
            return true;
        }
    }
    return false;
}

static void count_figures(flow *f, const sending *x)
{
    int status = x->request.status;
    bool is_good = status >= 200 && status < 300;
    atomic_fetch_add(is_good ? &f->webhooks_sent : &f->webhooks_failed, 1);
    if (!is_good) {
        log_event(LOG_WARN, "webhook.failed", "webhook=%lld delivery=%lld status=%d error=%s",
                  (long long)x->webhook, (long long)x->id, status,
                  x->request.error ? x->request.error : "-");
    }
}

/* False: nothing could be written; it is tried again, and is meanwhile not sent twice. */
static bool write_ended(courier *k)
{
    crm_ctx c;
    crm_status s = call_begin(&c, &principal_system, CRM_S("webhook"));
    if (s != CRM_OK) {
        return false;
    }
    s = writer_run(k->flow, &c, webhook_results, k->first);
    call_end(&c);
    if (s != CRM_OK) {
        log_event(LOG_ERROR, "webhook.not_written", "status=%s", status_code(s));
        return false;
    }
    courier_wake(k->flow, COURIER_ROWS);
    for (sending *x = k->first, *next; x; x = next) {
        next = x->next;
        if (x->has_ended) {
            count_figures(k->flow, x);
            forget(k, x);
        }
    }
    return true;
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void look(courier *k, int why)
{
    const registry *r = registry_pin();
    if (!r) {
        return;
    }
    if (why & COURIER_ROWS) {
        load_hooks(k, r);
    }
    for (uint32_t i = 0; i < atomic_load(&k->hook_count); i++) {
        subscription *h = &k->hooks[i];
        send_waiting(k, r, h);
        bool is_more = is_active(h);
        while (is_more && h->waiting < WEBHOOK_WAITING_MAX) {
            uint32_t had = h->waiting;
            is_more = webhook_follow(k->flow, k->session, r, h);
            if (h->waiting > had) {
                send_waiting(k, r, h);
            }
        }
    }
    engine_turn_end(k->session);
    registry_unpin(r);
}

/* On a full disk it looks at nothing, since what came of it could not be written. */
static int take_flags(courier *k, bool is_held, bool *stopping)
{
    pthread_mutex_lock(&k->lock);
    int why = is_held ? 0 : k->flags;
    *stopping = k->stopping;
    k->flags &= ~why;
    k->is_busy = why && !k->stopping;
    pthread_mutex_unlock(&k->lock);
    return why;
}

static void set_idle(courier *k)
{
    pthread_mutex_lock(&k->lock);
    k->is_busy = false;
    pthread_mutex_unlock(&k->lock);
}

/* One round; false: it is time to go. */
static bool turn(courier *k, int64_t *stop_at)
{
    bool stopping, is_held = flow_is_read_only(k->flow);
    int why = take_flags(k, is_held, &stopping);
    if (stopping && !*stop_at) {
        *stop_at = clock_mono() + STOP_MS * 1000000LL;
    }
    if (stopping && (!k->first || clock_mono() >= *stop_at)) {
        return false;
    }
    if (why && !stopping) {
        look(k, why);
    }
    set_idle(k);
    bool has_result = any_ended(k);
    bool is_watching = k->first || is_held;
    post_poll(k->http, has_result ? 0 : stopping ? 50 : is_watching ? POLL_MS : SLEEP_MS);
    if (any_ended(k) && !write_ended(k)) {
        uv_sleep(stopping ? 50 : AGAIN_MS);
    }
    return true;
}

static void *courier_main(void *arg)
{
    courier *k = arg;
    int64_t stop_at = 0;
    thread_set_role(THREAD_WORKER, "courier");
    if (engine_session_open(k->flow->o.engine, ENGINE_READER, (engine_deliver){0}, &k->session) !=
        CRM_OK) {
        log_event(LOG_ERROR, "courier.no_session", "action=none");
        return NULL;
    }
    while (turn(k, &stop_at)) {
        ;
    }
    while (k->first) { /* sent again after the next start, under the same ids */
        if (!k->first->has_ended) {
            post_drop(k->http, &k->first->request);
        }
        forget(k, k->first);
    }
    arena_free(k->arena);
    engine_session_close(k->session);
    return NULL;
}

crm_status courier_start(flow *f)
{
    courier *k = calloc(1, sizeof *k);
    if (!k) {
        return CRM_NOMEM;
    }
    k->flow = f;
    k->flags = COURIER_ROWS | COURIER_CHANGES; /* what a crash left */
    pthread_mutex_init(&k->lock, NULL);
    f->courier = k;
    crm_status s = post_client_new(&k->http);
    if (s == CRM_OK) {
        k->has_thread = pthread_create(&k->thread, NULL, courier_main, k) == 0;
    }
    return s == CRM_OK && !k->has_thread ? CRM_NOMEM : s;
}

void courier_close(flow *f)
{
    courier *k = f->courier;
    if (!k) {
        return;
    }
    pthread_mutex_lock(&k->lock);
    k->stopping = true;
    pthread_mutex_unlock(&k->lock);
    if (k->http) {
        post_wake(k->http);
    }
}

bool courier_join(flow *f, int64_t until)
{
    courier *k = f->courier;
    if (!k) {
        return true;
    }
    if (k->has_thread && !thread_join_by(k->thread, until)) {
        return false;
    }
    f->courier = NULL;
    post_client_free(k->http);
    pthread_mutex_destroy(&k->lock);
    free(k);
    return true;
}

/* ---- due moments ----------------------------------------------------------------------------- */

static crm_status wake_job(crm_ctx *c, crm_str arg, const void *fn)
{
    (void)c;
    (void)arg;
    (void)fn;
    courier_wake(flow_running(), COURIER_ROWS);
    return CRM_OK;
}

crm_status webhooks_register(registry *r)
{
    job j = {.run = wake_job,
             .name = WEBHOOK_JOB,
             .module = CRM_S("kernel"),
             .never_gives_up = true,
             .limit_ms = 1000};
    return registry_add_job(r, &j);
}
