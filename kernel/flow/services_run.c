/*
 * services_run.c - what a running service has: being told, saying how it is, its calls over the
 * records; and what follows its end. On its own thread, unless said otherwise.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/crypto.h"
#include "flow/services_private.h"

/* ---- being told ------------------------------------------------------------------------------ */

/* The flag before the descriptor: who is woken by the second finds the first. Any thread. */
void run_tell(crm_service *run, atomic_bool *why)
{
    atomic_store(why, true);
    (void)!eventfd_write(run->fd, 1); /* fails only where it is readable anyway */
}

bool service_should_stop(crm_service *s)
{
    return atomic_load(&s->stop);
}

int service_fd(crm_service *s)
{
    return s->fd;
}

/* What it was told since it asked last. The descriptor is emptied before the flag is taken: a wake
 * in between leaves it readable once too often, never once too seldom. */
static uint32_t told(crm_service *s)
{
    eventfd_t n;
    (void)!eventfd_read(s->fd, &n);
    if (atomic_load(&s->stop)) {
        (void)!eventfd_write(s->fd, 1); /* it stays readable */
        return CRM_WAIT_STOP;
    }
    return atomic_exchange(&s->woken, false) ? CRM_WAIT_WAKE : CRM_WAIT_TIME;
}

uint32_t service_wait(crm_service *s, uint32_t ms)
{
    int64_t end = clock_mono() + (int64_t)ms * 1000000;
    for (;;) {
        uint32_t what = told(s);
        int64_t left = (end - clock_mono() + 999999) / 1000000;
        if (what != CRM_WAIT_TIME || left <= 0) {
            return what;
        }
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        (void)!poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
    }
}

/* ---- saying how it is ------------------------------------------------------------------------ */

/* One line of whole characters. */
static void take_line(char to[SERVICE_TEXT_MAX + 1], crm_str text)
{
    size_t n = text.n < SERVICE_TEXT_MAX ? text.n : SERVICE_TEXT_MAX;
    while (n && !text_is_utf8((crm_str){text.p, n})) {
        n--;
    }
    for (size_t i = 0; i < n; i++) {
        to[i] = (unsigned char)text.p[i] < ' ' ? ' ' : text.p[i];
    }
    to[n] = 0;
}

void service_say(crm_service *s, uint32_t health, crm_str text)
{
    char line[SERVICE_TEXT_MAX + 1];
    struct services *x = s->flow->services;
    take_line(line, text);
    uint32_t now = health <= CRM_HEALTH_DOWN ? health : CRM_HEALTH_DOWN;
    pthread_mutex_lock(&x->lock);
    bool is_news = s->health != now;
    s->health = now;
    if (is_news) {
        s->down_since = now == CRM_HEALTH_DOWN ? clock_now() : 0;
        services_ask(x);
    }
    memcpy(s->text, line, sizeof line);
    pthread_mutex_unlock(&x->lock);
    if (is_news) {
        log_event(now == CRM_HEALTH_OK ? LOG_INFO : LOG_WARN, "service.says",
                  "service=%s health=%u text=%s", s->slot->name, now, log_quote(str_of(line)));
    }
}

/* ---- calls over the records ------------------------------------------------------------------ */

static principal module_of(const crm_service *s)
{
    return (principal){.kind = PRINCIPAL_MODULE, .name = s->slot->module};
}

/*
 * On the registry in force; of one that drains because its module is off, on the last that had it:
 * as requests and jobs end under what they began with. A call that finds the module gone before the
 * service was told to stop is one of those, too.
 */
static crm_status begin_call(crm_ctx *c, crm_service *s, const principal *who)
{
    struct services *x = s->flow->services;
    const registry *r = registry_pin();
    bool is_there = r && registry_service(r, str_of(s->slot->name));
    pthread_mutex_lock(&x->lock);
    const registry *last = s->last ? s->last : s->is_stuck ? NULL : x->last;
    last = !is_there && last && registry_service(last, str_of(s->slot->name)) ? registry_ref(last)
                                                                              : NULL;
    pthread_mutex_unlock(&x->lock);
    crm_status st = last ? call_begin_on(c, last, who, str_of(s->slot->via))
                         : call_begin(c, who, str_of(s->slot->via));
    registry_unpin(last);
    registry_unpin(r);
    return st;
}

crm_status service_read(crm_service *s, crm_status (*fn)(crm_ctx *c, void *arg), void *arg,
                        uint32_t limit_ms)
{
    crm_ctx c;
    principal who = module_of(s);
    crm_status st = CRM_OK;
    if (!s->session) {
        st =
            engine_session_open(s->flow->o.engine, ENGINE_READER, (engine_deliver){0}, &s->session);
    }
    st = st == CRM_OK ? begin_call(&c, s, &who) : st;
    if (st != CRM_OK) {
        return st;
    }
    c.session = s->session;
    call_limit(&c, limit_ms);
    st = fn(&c, arg);
    engine_turn_end(s->session);
    call_end(&c);
    return st;
}

crm_status service_write(crm_service *s, crm_status (*fn)(crm_ctx *c, void *arg), void *arg)
{
    crm_ctx c;
    principal who = module_of(s);
    crm_status st = begin_call(&c, s, &who);
    if (st != CRM_OK) {
        return st;
    }
    st = writer_run(s->flow, &c, fn, arg);
    call_end(&c);
    return st;
}

/* ---- its end --------------------------------------------------------------------------------- */

bool run_is_steady(const crm_service *run, int64_t now)
{
    return run->health != CRM_HEALTH_DOWN && now - run->since >= SERVICE_STEADY_MS;
}

/* Doubles, and is up to a quarter longer by chance, so that many do not come back at once. */
static int64_t pause_after(uint32_t failures)
{
    int64_t pause = SERVICE_PAUSE_FIRST << (failures < 16 ? failures : 16);
    int64_t most = SERVICE_PAUSE_MOST * 4 / 5;
    uint32_t chance;
    pause = pause > most ? most : pause;
    crypto_random(&chance, sizeof chance);
    return pause + chance % (pause / 4 + 1);
}

static bool fails_too_often(const service_slot *slot, int64_t now)
{
    /* The oldest of the last ones stands where the next one will. */
    int64_t first = slot->failed_at[slot->tries % SERVICE_FAILURES];
    return slot->tries >= SERVICE_FAILURES && now - first <= SERVICE_WINDOW_MS;
}

static void take_failure(service_slot *slot, const crm_service *run, int64_t now)
{
    if (run_is_steady(run, now)) {
        slot->tries = 0;
        slot->is_failing = false;
    }
    int64_t pause = pause_after(slot->tries);
    slot->failed_at[slot->tries % SERVICE_FAILURES] = now;
    slot->tries++;
    slot->failed++;
    slot->due = now + pause;
    log_event(LOG_WARN, "service.failed", "service=%s status=%s text=%s failures=%u pause_ms=%lld",
              slot->name, status_code(run->status), log_quote(str_of(run->text)), slot->tries,
              (long long)pause);
    if (!slot->is_failing && fails_too_often(slot, now)) {
        slot->is_failing = true;
        log_event(LOG_ERROR, "service.failing", "service=%s failures=%u", slot->name, slot->tries);
    }
}

void slot_ended(service_slot *slot, crm_service *run, int64_t now)
{
    if (run->until) {
        log_event(LOG_INFO, "service.stopped", "service=%s status=%s", slot->name,
                  status_code(run->status));
        return;
    }
    memcpy(slot->text, run->text, sizeof slot->text);
    slot->error = run->status;
    if (run->status != CRM_OK) {
        take_failure(slot, run, now);
        return;
    }
    /* Woken while it was about to return, it may not have seen what for. */
    slot->is_idle = !atomic_load(&run->woken);
    slot->tries = 0;
    slot->is_failing = false;
    log_event(LOG_INFO, "service.idle", "service=%s text=%s", slot->name,
              log_quote(str_of(run->text)));
}

/* ---- waking ---------------------------------------------------------------------------------- */

/* Of the transaction that is open on the writer: a bit for each slot. */
static _Thread_local uint32_t hinted;
_Static_assert(SERVICES_MAX <= 32, "a bit for each");

/* Lock held. */
static void wake(struct services *x, service_slot *slot)
{
    if (slot->run) {
        run_tell(slot->run, &slot->run->woken);
    }
    int64_t soonest =
        slot->tries ? slot->failed_at[(slot->tries - 1) % SERVICE_FAILURES] + SERVICE_WOKEN_MS : 0;
    slot->is_idle = false;
    slot->due = slot->due > soonest ? soonest : slot->due;
    services_ask(x);
}

crm_status services_wake(crm_str name)
{
    flow *f = flow_running();
    struct services *x = f ? f->services : NULL;
    if (!x) {
        return CRM_UNAVAILABLE;
    }
    pthread_mutex_lock(&x->lock);
    service_slot *slot = slot_named(x, name);
    bool is_there = slot && slot->generation;
    if (is_there && writer_flow) {
        hinted |= 1u << (slot - x->slots);
    } else if (is_there) {
        wake(x, slot);
    }
    pthread_mutex_unlock(&x->lock);
    return is_there ? CRM_OK : CRM_NOT_FOUND;
}

void services_forget_hints(void)
{
    hinted = 0;
}

void services_wake_hinted(flow *f)
{
    struct services *x = f->services;
    if (!hinted) {
        return;
    }
    pthread_mutex_lock(&x->lock);
    for (uint32_t i = 0; i < x->count; i++) {
        if (hinted >> i & 1) {
            wake(x, &x->slots[i]);
        }
    }
    pthread_mutex_unlock(&x->lock);
    hinted = 0;
}
