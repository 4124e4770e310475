/* services_view.c - how services are, for those who ask: the API, commands, /metrics. Any thread.
 */
#include "flow/services_private.h"

const char *service_state_code(service_state s)
{
    static const char *const codes[] = {"off",  "safe",    "idle",    "ok",       "degraded",
                                        "down", "waiting", "failing", "stopping", "stuck"};
    return codes[s];
}

static service_state state_of_run(const service_slot *slot, const crm_service *run, int64_t now)
{
    if (run->until) {
        return run->is_stuck ? SERVICE_STUCK : SERVICE_STOPPING;
    }
    if (slot->is_failing && !run_is_steady(run, now)) {
        return SERVICE_FAILING;
    }
    return run->health == CRM_HEALTH_OK         ? SERVICE_OK
           : run->health == CRM_HEALTH_DEGRADED ? SERVICE_DEGRADED
                                                : SERVICE_DOWN;
}

static service_state state_of(const flow *f, const service_slot *slot, int64_t now)
{
    if (slot->run) {
        return state_of_run(slot, slot->run, now);
    }
    if (!slot->generation) {
        return SERVICE_OFF;
    }
    return f->o.has_no_services ? SERVICE_SAFE
           : slot->is_idle      ? SERVICE_IDLE
           : slot->is_failing   ? SERVICE_FAILING
                                : SERVICE_WAITING;
}

/* Without what lies in the slot's memory. Lock held. */
static void count_of(const flow *f, const service_slot *slot, service_view *out)
{
    int64_t now = clock_now();
    bool is_steady = slot->run && run_is_steady(slot->run, now);
    *out = (service_view){.state = state_of(f, slot, now),
                          .error = slot->error,
                          .since = slot->run ? slot->run->since : 0,
                          .failures = is_steady ? 0 : slot->tries,
                          .starts = slot->starts,
                          .failed = slot->failed};
    bool waits = !slot->run && (out->state == SERVICE_WAITING || out->state == SERVICE_FAILING);
    out->next = waits ? slot->due : 0;
}

/* Lock held. */
static void whole_of(const flow *f, const service_slot *slot, arena *a, service_view *out)
{
    count_of(f, slot, out);
    out->name = arena_dup(a, str_of(slot->name));
    out->module = (crm_str){out->name.p, out->name.p ? slot->module.n : 0};
    out->title = arena_dup(a, str_of(slot->title));
    /* What a run has not said yet is not what the one before it said. */
    out->text = arena_dup(a, str_of(slot->run ? slot->run->text : slot->text));
}

/* Whether there is no room for it. Lock held. */
static bool is_left_out(struct services *x, const service *row, crm_str module)
{
    return x->is_full && str_eq(row->module, module) && !slot_named(x, row->name);
}

/* What is in force and has no slot. */
static void left_out(arena *a, const service *row, service_view *out)
{
    *out = (service_view){.name = arena_dup(a, row->name),
                          .title = arena_dup(a, row->title),
                          .state = SERVICE_WAITING,
                          .error = CRM_LIMIT};
    out->module = (crm_str){out->name.p, out->name.p ? row->module.n : 0};
}

crm_status services_of(arena *a, crm_str module, service_view **out, uint32_t *count)
{
    flow *f = flow_running();
    struct services *x = f ? f->services : NULL;
    const registry *r = registry_pin();
    uint32_t rows = r ? r->service_count : 0;
    *count = 0;
    *out = ARENA_ARRAY(a, service_view, SERVICES_MAX + rows);
    if (!x || !*out) {
        registry_unpin(r);
        return *out ? CRM_OK : CRM_NOMEM;
    }
    pthread_mutex_lock(&x->lock);
    for (uint32_t i = 0; i < x->count; i++) {
        const service_slot *slot = &x->slots[i];
        if (str_eq(slot->module, module) && (slot->run || slot->generation)) {
            whole_of(f, slot, a, &(*out)[(*count)++]);
        }
    }
    for (uint32_t i = 0; i < rows; i++) {
        if (is_left_out(x, &r->services[i], module)) {
            left_out(a, &r->services[i], &(*out)[(*count)++]);
        }
    }
    pthread_mutex_unlock(&x->lock);
    registry_unpin(r);
    return arena_failed(a) ? CRM_NOMEM : CRM_OK;
}

static bool view(arena *a, crm_str name, service_view *out)
{
    flow *f = flow_running();
    struct services *x = f ? f->services : NULL;
    *out = (service_view){0};
    if (!x) {
        return false;
    }
    pthread_mutex_lock(&x->lock);
    const service_slot *slot = slot_named(x, name);
    if (slot && a) {
        whole_of(f, slot, a, out);
    } else if (slot) {
        count_of(f, slot, out);
    }
    pthread_mutex_unlock(&x->lock);
    return slot != NULL;
}

bool services_view(arena *a, crm_str name, service_view *out)
{
    return view(a, name, out);
}

bool services_look(crm_str name, service_view *out)
{
    return view(NULL, name, out);
}
