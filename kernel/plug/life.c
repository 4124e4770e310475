/*
 * life.c - generations of modules: which there are, who holds them, and when start() and stop()
 * run.
 *
 * A generation may be stopped on a worker, as the last holder of an old registry goes, while a
 * build starts it again: whoever comes second waits for the code of the first, and no lock is held
 * while that runs.
 */
#include <pthread.h>

#include "plug/module.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
/* Every module that was ever mapped: code and notes about it stay to the end of the process. */
static _Atomic(module *) loaded;

void life_add(module *m)
{
    m->next = atomic_load(&loaded);
    while (!atomic_compare_exchange_weak(&loaded, &m->next, m)) {
    }
}

module *plug_generations(void)
{
    return atomic_load(&loaded);
}

bool plug_has_remote(const module *m)
{
    return yaml_get(m->mf.root, "remote") != NULL;
}

module *plug_next(const module *m)
{
    return m->next;
}

crm_str plug_name(const module *m)
{
    return m->mf.name;
}

crm_str plug_dir(const module *m)
{
    return str_of(m->dir);
}

const module_info *plug_info(const module *m)
{
    return &m->info;
}

uint32_t plug_holds(module *m)
{
    pthread_mutex_lock(&lock);
    uint32_t n = m->holds;
    pthread_mutex_unlock(&lock);
    return n;
}

/* ---- start and stop -------------------------------------------------------------------------- */

static void free_kept(module *m)
{
    while (m->kept) {
        kept *next = m->kept->next;
        free(m->kept);
        m->kept = next;
    }
}

static crm_status call_start(module *m)
{
    running f;
    crm_status s = CRM_OK;
    if (m->has_code) {
        *m->d.head.host_slot = &plug_host;
        call_enter(&f, m, NULL, "start", "");
        s = m->d.head.start ? m->d.head.start(&plug_host) : CRM_OK;
        s = call_leave(&f, s);
    }
    if (s != CRM_OK) {
        log_event(LOG_ERROR, "module.start_failed", "module=%s status=%s", log_quote(m->mf.name),
                  status_code(s));
        free_kept(m);
        return s;
    }
    log_event(LOG_INFO, "module.started", "module=%s version=%s code=%d", log_quote(m->mf.name),
              log_quote(m->id.n ? m->id : m->mf.version), m->has_code);
    return CRM_OK;
}

static void call_stop(module *m)
{
    running f;
    if (m->d.head.stop) {
        call_enter(&f, m, NULL, "stop", "");
        m->d.head.stop();
        (void)!call_leave(&f, CRM_OK);
    }
    free_kept(m);
    log_event(LOG_INFO, "module.stopped", "module=%s version=%s", log_quote(m->mf.name),
              log_quote(m->id.n ? m->id : m->mf.version));
}

/* Under the lock: the state after what the code of another thread does to it. */
static module_state settled(module *m)
{
    while (m->state == MODULE_STARTING || m->state == MODULE_STOPPING) {
        pthread_cond_wait(&changed, &lock);
    }
    return m->state;
}

static void become(module *m, module_state state, uint32_t holds)
{
    pthread_mutex_lock(&lock);
    m->state = state;
    m->holds = holds;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

crm_status plug_start(module *m)
{
    pthread_mutex_lock(&lock);
    bool runs = settled(m) == MODULE_RUNNING;
    m->holds += runs;
    m->state = runs ? MODULE_RUNNING : MODULE_STARTING;
    pthread_mutex_unlock(&lock);
    if (runs) {
        return CRM_OK;
    }
    crm_status s = call_start(m);
    become(m, s == CRM_OK ? MODULE_RUNNING : MODULE_STOPPED, s == CRM_OK);
    return s;
}

void plug_stop(module *m)
{
    pthread_mutex_lock(&lock);
    bool is_held = m->holds > 0;
    m->holds -= is_held;
    bool is_last = is_held && !m->holds;
    m->state = is_last ? MODULE_STOPPING : m->state;
    pthread_mutex_unlock(&lock);
    if (is_last) {
        call_stop(m);
        become(m, MODULE_STOPPED, 0);
    }
}

/* ---- figures --------------------------------------------------------------------------------- */

void plug_usage_of(crm_str name, plug_usage *out)
{
    *out = (plug_usage){0};
    for (module *m = plug_generations(); m; m = m->next) {
        if (str_eq(m->mf.name, name)) {
            out->calls += atomic_load_explicit(&m->calls, memory_order_relaxed);
            out->nanoseconds += atomic_load_explicit(&m->nanoseconds, memory_order_relaxed);
            out->slow += atomic_load_explicit(&m->slow, memory_order_relaxed);
            out->timeouts += atomic_load_explicit(&m->timeouts, memory_order_relaxed);
        }
    }
}
