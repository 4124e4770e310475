/*
 * services_notice.c - a service that is in trouble, or out of it again, is told to those who look
 * after the system. The thread that watches over services judges, a worker writes.
 */
#include <stdlib.h>

#include "flow/services_private.h"

/* ---- judging, lock held ---------------------------------------------------------------------- */

static bool is_down_for_long(const crm_service *run, int64_t now)
{
    return run->down_since && !run->until && now - run->down_since >= SERVICE_STEADY_MS;
}

static service_trouble trouble_of(const service_slot *slot, int64_t now)
{
    const crm_service *run = slot->run;
    if (run && run->is_stuck) {
        return TROUBLE_STUCK;
    }
    if (slot->is_failing && !(run && run_is_steady(run, now))) {
        return TROUBLE_FAILING;
    }
    return run && is_down_for_long(run, now) ? TROUBLE_DOWN : TROUBLE_NONE;
}

/* Whether it has to show first that it is well: what has only just begun may fail again. */
static bool is_on_trial(const service_slot *slot, int64_t now)
{
    bool was_bad = slot->told == TROUBLE_FAILING || slot->told == TROUBLE_DOWN;
    bool is_well = slot->run ? run_is_steady(slot->run, now) : slot->is_idle;
    return slot->generation && was_bad && !is_well;
}

static bool is_news(const service_slot *slot, int64_t now)
{
    service_trouble is = trouble_of(slot, now);
    return is != slot->told && (is != TROUBLE_NONE || !is_on_trial(slot, now));
}

int64_t slot_judged_at(const service_slot *slot, int64_t now)
{
    const crm_service *run = slot->run;
    if (is_news(slot, now)) {
        return 0;
    }
    int64_t from = !run ? 0 : run->down_since ? run->down_since : slot->told ? run->since : 0;
    int64_t at = from + SERVICE_STEADY_MS;
    return from && !run->until && at > now ? at : INT64_MAX;
}

/* ---- telling, on a worker -------------------------------------------------------------------- */

typedef struct telling {
    pool_task task; /* first */
    flow *flow;
    char name[SERVICE_NAME_MAX + 1], title[SERVICE_TITLE_MAX + 1], text[SERVICE_TEXT_MAX + 1];
    size_t module_n;
    service_trouble trouble;
} telling;

static crm_str title_of(const crm_ctx *c, const telling *t)
{
    crm_str key = str_of(t->title);
    crm_str text = key.n ? registry_text(c->reg, c->reg->locale, key) : (crm_str){0};
    return text.n && !str_eq(text, key) ? text : str_of(t->name + t->module_n + 1);
}

static crm_status commit(crm_ctx *c, void *arg)
{
    static const char *const keys[] = {"service.told.well", "service.told.failing",
                                       "service.told.down", "service.told.stuck"};
    const telling *t = arg;
    crm_str title = title_of(c, t);
    json_t *params = json_pack("{s:s%,s:s%,s:s}", "service", title.p, title.n, "module", t->name,
                               t->module_n, "text", t->text);
    crm_str json = params ? json_dump(c->arena, params) : (crm_str){0};
    json_decref(params);
    return json.p ? notices_tell_settings(c, CRM_S("service"), str_of(keys[t->trouble]), json)
                  : CRM_NOMEM;
}

static void run(pool_task *task, engine_session *session)
{
    telling *t = (telling *)task;
    crm_ctx c;
    (void)session;
    crm_status s = call_begin(&c, &principal_system, CRM_S("services"));
    if (s == CRM_OK) {
        s = writer_run(t->flow, &c, commit, t);
        call_end(&c);
    }
    if (s != CRM_OK) {
        log_event(LOG_WARN, "service.not_told", "service=%s status=%s", t->name, status_code(s));
    }
}

static void done(pool_task *task)
{
    free(task);
}

/* One that cannot be told now is shown all the same. */
static void tell(flow *f, const service_slot *slot, service_trouble what)
{
    telling *t = calloc(1, sizeof *t);
    if (t) {
        *t = (telling){.task = {.run = run, .done = done},
                       .flow = f,
                       .module_n = slot->module.n,
                       .trouble = what};
        memcpy(t->name, slot->name, sizeof t->name);
        memcpy(t->title, slot->title, sizeof t->title);
        memcpy(t->text, slot->run && slot->run->text[0] ? slot->run->text : slot->text,
               sizeof t->text);
    }
    if (!t || pool_submit(f, POOL_WORKER, &t->task) != CRM_OK) {
        log_event(LOG_WARN, "service.not_told", "service=%s status=busy", slot->name);
        free(t);
    }
}

void services_tell(flow *f)
{
    struct services *x = f->services;
    int64_t now = clock_now();
    for (uint32_t i = 0; i < x->count && !x->is_stopping; i++) {
        service_slot *slot = &x->slots[i];
        if (is_news(slot, now)) {
            slot->told = trouble_of(slot, now);
            if (slot->told != TROUBLE_NONE || slot->generation) {
                tell(f, slot, slot->told);
            }
        }
    }
}
