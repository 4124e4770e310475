/*
 * services.c - the thread that watches over services, and the threads they run on.
 *
 * It pins the registry in force for each look, so that a generation can be held before it could go,
 * and looks when something has come into force, a run has ended, a try is due or a time to stop in
 * is over.
 */
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "flow/services_private.h"

/* While something is due by the clock of the wall, which may be set. */
#define LONGEST_WAIT_MS 1000
/* What is late is named before it is left. */
#define LEAVE_MS 100

void services_ask(struct services *x)
{
    x->asked++;
    pthread_cond_broadcast(&x->changed);
}

service_slot *slot_named(struct services *x, crm_str name)
{
    for (uint32_t i = 0; i < x->count; i++) {
        if (str_is(name, x->slots[i].name)) {
            return &x->slots[i];
        }
    }
    return NULL;
}

/* ---- a run ----------------------------------------------------------------------------------- */

static void *run_main(void *arg)
{
    crm_service *run = arg;
    struct services *x = run->flow->services;
    thread_set_role(THREAD_SERVICE, run->slot->name);
    crm_status s = run->code.run(run, run->code.generation, run->code.def);
    if (run->session) {
        engine_session_close(run->session);
    }
    run->code.let_go(run->code.generation);
    pthread_mutex_lock(&x->lock);
    run->status = s;
    run->is_over = true;
    services_ask(x);
    pthread_mutex_unlock(&x->lock);
    return NULL;
}

static crm_service *run_new(flow *f, service_slot *slot, const service *row)
{
    crm_service *run = calloc(1, sizeof *run);
    if (!run) {
        return NULL;
    }
    run->flow = f;
    run->slot = slot;
    run->code = *row;
    run->since = clock_now();
    run->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (run->fd < 0) {
        free(run);
        return NULL;
    }
    return run;
}

static void run_free(crm_service *run)
{
    close(run->fd);
    free(run);
}

static void begin(flow *f, service_slot *slot, const service *row)
{
    crm_service *run = run_new(f, slot, row);
    bool is_begun = false;
    if (run) {
        row->hold(row->generation); /* it runs: this only counts */
        slot->run = run;
        is_begun = pthread_create(&run->thread, NULL, run_main, run) == 0;
    }
    if (is_begun) {
        f->services->running++;
        slot->starts++;
        slot->is_idle = false;
        slot->due = 0;
        log_event(LOG_INFO, "service.started", "service=%s try=%u", slot->name, slot->tries + 1);
        return;
    }
    crm_service none = {.status = CRM_NOMEM, .since = clock_now()};
    slot->run = NULL;
    slot_ended(slot, &none, clock_now());
    if (run) {
        row->let_go(row->generation); /* the registry holds it, too: nothing is run */
        run_free(run);
    }
}

static void tell_to_stop(crm_service *run)
{
    run->until = clock_mono() + (int64_t)run->code.drain_ms * 1000000;
    run_tell(run, &run->stop);
}

/* The registry it drains on, which goes after the look; whoever is in a call on it holds it
 * himself. Lock held. */
static void leave_last(struct services *x, crm_service *run)
{
    if (run->last) {
        x->left[x->left_count++] = run->last;
    }
    run->last = NULL;
}

static void name_stuck(struct services *x, crm_service *run)
{
    run->is_stuck = true;
    leave_last(x, run); /* others need not wait for it any longer */
    log_event(LOG_ERROR, "service.stuck", "service=%s drain_ms=%u", run->slot->name,
              run->code.drain_ms);
}

static void reap(struct services *x, service_slot *slot)
{
    crm_service *run = slot->run;
    pthread_join(run->thread, NULL); /* it has left all that it locks */
    x->running--;
    slot->run = NULL;
    leave_last(x, run);
    slot_ended(slot, run, clock_now());
    run_free(run);
}

/* ---- a look ---------------------------------------------------------------------------------- */

/* Another version, or the module was off: what came before counts no more. */
static void take_generation(service_slot *slot, const service *row)
{
    int n = row ? snprintf(slot->title, sizeof slot->title, "%.*s", STR_FMT(row->title)) : 0;
    if (n < 0 || (size_t)n >= sizeof slot->title) {
        slot->title[0] = 0;
    }
    slot->generation = row ? row->generation : NULL;
    slot->is_idle = slot->is_failing = false;
    slot->told = slot->told == TROUBLE_STUCK ? slot->told : TROUBLE_NONE;
    slot->due = 0;
    slot->tries = 0;
    slot->error = CRM_OK;
    slot->text[0] = 0;
}

/* `row`: as the registry in force has it; NULL: it is not to run. */
static void tend(flow *f, service_slot *slot, const service *row)
{
    struct services *x = f->services;
    if (slot->run && slot->run->is_over) {
        reap(x, slot);
    }
    crm_service *run = slot->run;
    if (slot->generation != (row ? row->generation : NULL)) {
        take_generation(slot, row);
    }
    if (run) {
        bool is_other = x->is_stopping || !row || run->code.generation != row->generation;
        if (is_other && !run->until) {
            run->last = !row && x->last ? registry_ref(x->last) : NULL;
            tell_to_stop(run);
        }
        if (run->until && !run->is_stuck && clock_mono() >= run->until) {
            name_stuck(x, run);
        }
        return; /* never two at a time */
    }
    bool may_run = row && !x->is_stopping && !f->o.has_no_services;
    if (may_run && !slot->is_idle && slot->due <= clock_now()) {
        begin(f, slot, row);
    }
}

/* A new one, or that of a service that is gone: whose module is not in force, and that does not
 * run.
 */
static service_slot *free_slot(struct services *x)
{
    if (x->count < SERVICES_MAX) {
        return &x->slots[x->count++];
    }
    for (uint32_t i = 0; i < x->count; i++) {
        if (!x->slots[i].generation && !x->slots[i].run) {
            return &x->slots[i];
        }
    }
    return NULL;
}

static service_slot *slot_of(struct services *x, const service *row)
{
    service_slot *slot = slot_named(x, row->name);
    if (slot || row->name.n > SERVICE_NAME_MAX || !(slot = free_slot(x))) {
        return slot;
    }
    *slot = (service_slot){0}; /* a wake that was meant for the one before wakes this one */
    snprintf(slot->name, sizeof slot->name, "%.*s", STR_FMT(row->name));
    snprintf(slot->via, sizeof slot->via, "service:%.*s", STR_FMT(row->name));
    slot->module = (crm_str){slot->name, row->module.n};
    take_generation(slot, row); /* or it would look free to the next */
    return slot;
}

/* Lock held. */
static void take_slots(struct services *x, const registry *r)
{
    bool was_full = x->is_full;
    x->is_full = false;
    for (uint32_t i = 0; r && i < r->service_count; i++) {
        if (slot_of(x, &r->services[i])) {
            continue;
        }
        if (!was_full && !x->is_full) {
            log_event(LOG_ERROR, "service.too_many", "service=%s most=%d",
                      log_quote(r->services[i].name), SERVICES_MAX);
        }
        x->is_full = true;
    }
}

/* Lock held. */
static void tend_all(flow *f, const registry *r)
{
    struct services *x = f->services;
    for (uint32_t i = 0; i < x->count; i++) {
        tend(f, &x->slots[i], r ? registry_service(r, str_of(x->slots[i].name)) : NULL);
    }
}

static void look(flow *f)
{
    struct services *x = f->services;
    const registry *r = registry_pin(), *left[SERVICES_MAX + 1];
    pthread_mutex_lock(&x->lock);
    uint64_t asked = x->asked;
    tend_all(f, r); /* first: what is gone leaves its slot */
    take_slots(x, r);
    tend_all(f, r);
    services_tell(f);
    x->left[x->left_count++] = x->last;
    x->last = r;
    memcpy(left, x->left, sizeof left);
    uint32_t count = x->left_count;
    x->left_count = 0;
    x->seen = asked;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->lock);
    for (uint32_t i = 0; i < count; i++) {
        registry_unpin(left[i]); /* outside: the last to hold one may run code of modules */
    }
}

/* ---- waiting --------------------------------------------------------------------------------- */

static bool is_waiting(const flow *f, const service_slot *slot)
{
    return slot->generation && !slot->run && !slot->is_idle && !f->o.has_no_services &&
           !f->services->is_stopping;
}

/* clock_now of the next try; INT64_MAX: none is waited for. Lock held. */
static int64_t next_due(const flow *f)
{
    int64_t next = INT64_MAX;
    for (uint32_t i = 0; i < f->services->count; i++) {
        const service_slot *slot = &f->services->slots[i];
        int64_t judged = slot_judged_at(slot, clock_now());
        if (is_waiting(f, slot) && slot->due < next) {
            next = slot->due;
        }
        next = judged < next && !f->services->is_stopping ? judged : next;
    }
    return next;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* clock_mono of what there is to look at next; INT64_MAX: nothing but what is asked for. Lock held.
 */
static int64_t wake_at(const flow *f)
{
    const struct services *x = f->services;
    int64_t due = next_due(f), now = clock_mono(), at = INT64_MAX;
    if (due != INT64_MAX && !clock_is_virtual()) {
        int64_t ms = due - clock_now();
        ms = ms < 1 ? 1 : ms > LONGEST_WAIT_MS ? LONGEST_WAIT_MS : ms;
        at = now + ms * 1000000;
    }
    for (uint32_t i = 0; i < x->count; i++) {
        const crm_service *run = x->slots[i].run;
        if (run && run->until && !run->is_stuck) {
            at = earlier(at, run->until);
        }
    }
    return x->is_stopping ? earlier(at, x->leave_at) : at;
}

static void wait_until(struct services *x, int64_t at)
{
    if (at == INT64_MAX) {
        pthread_cond_wait(&x->changed, &x->lock);
        return;
    }
    struct timespec t = {.tv_sec = (time_t)(at / 1000000000), .tv_nsec = (long)(at % 1000000000)};
    pthread_cond_timedwait(&x->changed, &x->lock, &t);
}

static bool may_leave(const struct services *x)
{
    return x->is_stopping && (!x->running || clock_mono() >= x->leave_at);
}

static bool has_late(const struct services *x)
{
    bool has = false;
    for (uint32_t i = 0; i < x->count; i++) {
        const crm_service *run = x->slots[i].run;
        has |= run && run->until && !run->is_stuck && clock_mono() >= run->until;
    }
    return has;
}

/* Lock held. */
static bool has_news(const flow *f)
{
    const struct services *x = f->services;
    return x->asked != x->seen || may_leave(x) || has_late(x) || next_due(f) <= clock_now();
}

static void *services_main(void *arg)
{
    flow *f = arg;
    struct services *x = f->services;
    thread_set_role(THREAD_SERVICE, "services");
    bool leaves = false;
    while (!leaves) {
        look(f);
        pthread_mutex_lock(&x->lock);
        while (!has_news(f)) {
            wait_until(x, wake_at(f));
        }
        leaves = may_leave(x);
        pthread_mutex_unlock(&x->lock);
    }
    return NULL;
}

/* ---- from outside ---------------------------------------------------------------------------- */

crm_status services_start(flow *f)
{
    struct services *x = calloc(1, sizeof *x);
    pthread_condattr_t a;
    if (!x) {
        return CRM_NOMEM;
    }
    x->leave_at = INT64_MAX;
    pthread_mutex_init(&x->lock, NULL);
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(&x->changed, &a);
    pthread_condattr_destroy(&a);
    f->services = x;
    return CRM_OK;
}

/* Lock held. */
static void ensure_thread(flow *f, const registry *r)
{
    struct services *x = f->services;
    bool is_wanted = r && r->service_count && !x->has_thread && !x->is_stopping;
    if (!is_wanted) {
        return;
    }
    x->has_thread = pthread_create(&x->thread, NULL, services_main, f) == 0;
    if (!x->has_thread) {
        log_event(LOG_ERROR, "service.no_thread", "services=%u", r->service_count);
    }
}

void services_follow(flow *f)
{
    struct services *x = f->services;
    const registry *r = registry_pin();
    pthread_mutex_lock(&x->lock);
    ensure_thread(f, r);
    services_ask(x);
    uint64_t ticket = x->asked;
    while (x->has_thread && x->seen < ticket && !x->is_stopping) {
        pthread_cond_wait(&x->changed, &x->lock);
    }
    pthread_mutex_unlock(&x->lock);
    registry_unpin(r);
}

void services_close(flow *f)
{
    struct services *x = f->services;
    if (!x) {
        return;
    }
    pthread_mutex_lock(&x->lock);
    x->is_stopping = true;
    services_ask(x);
    pthread_mutex_unlock(&x->lock);
}

/* Lock held. */
uint32_t services_patience_ms(const struct services *x)
{
    uint32_t longest = 0;
    for (uint32_t i = 0; i < x->count; i++) {
        const crm_service *run = x->slots[i].run;
        longest = run && run->code.drain_ms > longest ? run->code.drain_ms : longest;
    }
    return longest < SERVICES_STOP_MS ? longest : SERVICES_STOP_MS;
}

bool services_join(flow *f)
{
    struct services *x = f->services;
    if (!x) {
        return true;
    }
    pthread_mutex_lock(&x->lock);
    x->leave_at = clock_mono() + (services_patience_ms(x) + LEAVE_MS) * 1000000LL;
    services_ask(x);
    pthread_mutex_unlock(&x->lock);
    if (x->has_thread) {
        pthread_join(x->thread, NULL); /* it waits for nothing but `leave_at` */
    }
    x->has_thread = false;
    pthread_mutex_lock(&x->lock);
    const registry *last = x->last; /* what was left may still ask */
    x->last = NULL;
    pthread_mutex_unlock(&x->lock);
    registry_unpin(last);
    return !x->running;
}

void services_free(flow *f)
{
    struct services *x = f->services;
    if (x) {
        pthread_cond_destroy(&x->changed);
        pthread_mutex_destroy(&x->lock);
        free(x);
    }
}

int64_t services_next(flow *f)
{
    pthread_mutex_lock(&f->services->lock);
    int64_t next = next_due(f);
    pthread_mutex_unlock(&f->services->lock);
    return next;
}

void services_nudge(flow *f)
{
    pthread_mutex_lock(&f->services->lock);
    services_ask(f->services);
    pthread_mutex_unlock(&f->services->lock);
}

bool services_are_settled(flow *f)
{
    struct services *x = f->services;
    pthread_mutex_lock(&x->lock);
    bool is_settled = !x->has_thread || (x->asked == x->seen && next_due(f) > clock_now());
    pthread_mutex_unlock(&x->lock);
    return is_settled;
}
