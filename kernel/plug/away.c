/*
 * away.c - the words of a module that runs without its code. A ТЗ that holds them is in force all
 * the same: what they are asked for is put off until the code is there again, and nothing gives it
 * up.
 */
#include "plug/module.h"

static crm_status wait_for_code(crm_ctx *c)
{
    return call_fail(c, CRM_UNAVAILABLE, "module_away");
}

static crm_status run_step(crm_ctx *c, step_call *call, const void *fn)
{
    (void)call;
    (void)fn;
    return wait_for_code(c);
}

static crm_status pick(crm_ctx *c, const record *subject, const int64_t *users, uint32_t count,
                       int64_t *out, const void *fn)
{
    (void)subject;
    (void)users;
    (void)count;
    (void)out;
    (void)fn;
    return wait_for_code(c);
}

static crm_status receive(crm_ctx *c, crm_str instance, crm_str content_type, crm_str body,
                          const void *fn)
{
    (void)instance;
    (void)content_type;
    (void)body;
    (void)fn;
    return wait_for_code(c);
}

static crm_status describe(crm_ctx *c, crm_str instance, buf *json, const void *fn)
{
    (void)instance;
    (void)json;
    (void)fn;
    return wait_for_code(c);
}

/* "step:refuel" */
static crm_status add(const module *m, crm_str offer, registry *r)
{
    crm_str word = offer, kind;
    str_split(&word, ':', &kind);
    if (str_is(kind, "step")) {
        step row = {.verb = word, .module = m->mf.name, .run = run_step, .is_away = true};
        return registry_add_step(r, &row);
    }
    if (str_is(kind, "strategy")) {
        strategy row = {.name = word, .module = m->mf.name, .pick = pick, .is_away = true};
        return registry_add_strategy(r, &row);
    }
    integration_type row = {.name = word,
                            .module = m->mf.name,
                            .receive = receive,
                            .describe = describe,
                            .is_away = true};
    return registry_add_integration_type(r, &row);
}

crm_status away_register(const module *m, registry *r)
{
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < m->mf.offer_count; i++) {
        s = add(m, m->mf.offers[i], r);
    }
    return s;
}
