/*
 * remote_health.c - how the services of modules answer, and whether one is left alone for a while.
 * In memory, by module, of all its versions. Any thread.
 */
#include <pthread.h>
#include <stdio.h>

#include "flow/remote_private.h"

#define KNOWN_MAX    128
#define NAME_KEPT    48
#define ASK_AGAIN_MS 15000 /* one who finds out whether it is back, at a time */

typedef struct known {
    char module[NAME_KEPT];
    remote_health health;
    int64_t probe_at; /* until then somebody else finds out */
} known;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static known all[KNOWN_MAX];

/* Lock held. NULL: more modules than anybody has; such a one has no pauses. */
static known *find(crm_str module, bool make)
{
    for (int i = 0; i < KNOWN_MAX; i++) {
        if (str_eq(str_of(all[i].module), module)) {
            return &all[i];
        }
        if (!all[i].module[0]) {
            if (!make || module.n >= NAME_KEPT) {
                return NULL;
            }
            memcpy(all[i].module, module.p, module.n);
            return &all[i];
        }
    }
    return NULL;
}

static int64_t pause_after(uint32_t failures)
{
    static const int64_t pauses[] = {5000, 30000, 120000, 600000};
    const uint32_t last = sizeof pauses / sizeof pauses[0] - 1;
    uint32_t at = failures - REMOTE_FAILURES;
    return pauses[at < last ? at : last];
}

bool remote_may_ask(crm_str module)
{
    int64_t now = clock_now();
    pthread_mutex_lock(&lock);
    known *k = find(module, false);
    bool may = !k || k->health.in_a_row < REMOTE_FAILURES ||
               (k->health.open_until <= now && k->probe_at <= now);
    if (may && k && k->health.in_a_row >= REMOTE_FAILURES) {
        k->probe_at = now + ASK_AGAIN_MS;
    }
    pthread_mutex_unlock(&lock);
    return may;
}

void remote_note_answer(crm_str module)
{
    pthread_mutex_lock(&lock);
    known *k = find(module, true);
    if (k) {
        k->health.calls++;
        k->health.in_a_row = 0;
        k->health.open_until = k->probe_at = 0;
    }
    pthread_mutex_unlock(&lock);
}

static void keep(char *to, size_t size, crm_str text)
{
    size_t n = text.n < size - 1 ? text.n : size - 1;
    memcpy(to, text.p ? text.p : "", n);
    to[n] = 0;
}

void remote_note_failure(const remote_call *call, const char *error, crm_str detail)
{
    log_event(LOG_WARN, "remote.failed", "module=%s question=%s error=%s detail=%s",
              log_quote(call->module), log_quote(call->id), error, log_quote(detail));
    pthread_mutex_lock(&lock);
    known *k = find(call->module, true);
    if (k) {
        remote_health *h = &k->health;
        h->calls++;
        h->failed++;
        h->in_a_row++;
        h->failed_at = clock_now();
        if (h->in_a_row >= REMOTE_FAILURES) {
            h->open_until = h->failed_at + pause_after(h->in_a_row);
        }
        k->probe_at = 0;
        keep(h->error, sizeof h->error, str_of(error));
        keep(h->detail, sizeof h->detail, detail);
    }
    pthread_mutex_unlock(&lock);
}

void remote_note_let_through(const remote_call *call, bool was_asked)
{
    log_event(LOG_WARN, "remote.let_through", "module=%s question=%s asked=%s",
              log_quote(call->module), log_quote(call->id), was_asked ? "yes" : "no");
    pthread_mutex_lock(&lock);
    known *k = find(call->module, true);
    if (k) {
        k->health.let_through++;
        k->health.not_asked += !was_asked;
    }
    pthread_mutex_unlock(&lock);
}

void remote_note_refused(const remote_call *call)
{
    pthread_mutex_lock(&lock);
    known *k = find(call->module, true);
    if (k) {
        k->health.refused++;
    }
    pthread_mutex_unlock(&lock);
}

void remote_health_of(crm_str module, remote_health *out)
{
    *out = (remote_health){0};
    pthread_mutex_lock(&lock);
    const known *k = find(module, false);
    if (k) {
        *out = k->health;
        out->is_open = out->in_a_row >= REMOTE_FAILURES && out->open_until > clock_now();
    }
    pthread_mutex_unlock(&lock);
}
