/* registry_seal_behaviour.c - sealing: routes, hooks, listeners, rules, integrations, menu. */
#include <stdlib.h>

#include "data/registry_internal.h"

static bool is_everything(crm_str name)
{
    return str_is(name, "*");
}

static void check_entity(seal *s, crm_str source, crm_str name)
{
    if (!is_everything(name) && !registry_entity(s->r, name)) {
        seal_unknown_entity(s, source, name);
    }
}

/* ---- code of modules ------------------------------------------------------------------------- */

static int by_order(const void *a, const void *b)
{
    const hook *x = a, *y = b;
    if (x->order != y->order) {
        return x->order < y->order ? -1 : 1;
    }
    return str_cmp(x->module, y->module);
}

static void check_code(seal *s)
{
    registry *r = s->r;
    for (uint32_t i = 0; i < r->route_count; i++) {
        if (!r->routes[i].permission.n) {
            seal_fault(s, r->routes[i].module, "no_permission", r->routes[i].pattern);
        }
    }
    for (uint32_t i = 0; i < r->hook_count; i++) {
        check_entity(s, r->hooks[i].module, r->hooks[i].entity_name);
    }
    for (uint32_t i = 0; i < r->listener_count; i++) {
        check_entity(s, r->listeners[i].module, r->listeners[i].entity_name);
    }
    if (r->hook_count) {
        qsort((hook *)r->hooks, r->hook_count, sizeof(hook), by_order);
    }
}

/* ---- rules ----------------------------------------------------------------------------------- */

static void unknown_verb(seal *s, crm_str source, crm_str verb)
{
    crm_str *names = ARENA_ARRAY(s->a, crm_str, s->r->step_count + 1);
    for (uint32_t i = 0; names && i < s->r->step_count; i++) {
        names[i] = s->r->steps[i].verb;
    }
    seal_fault_near(s, source, "unknown_step", verb, names, names ? s->r->step_count : 0);
}

static const rule_step *resolve_steps(seal *s, crm_str source, const rule_step *as_written,
                                      uint32_t count)
{
    rule_step *steps = seal_alloc(s, count, sizeof(rule_step));
    for (uint32_t i = 0; steps && i < count; i++) {
        steps[i] = as_written[i];
        steps[i].step = registry_step(s->r, steps[i].verb);
        if (!steps[i].step) {
            unknown_verb(s, source, steps[i].verb);
        }
    }
    return steps;
}

static void resolve_rule(seal *s, rule *u)
{
    u->entity = registry_entity(s->r, u->entity_name);
    if (!u->entity) {
        seal_unknown_entity(s, u->source, u->entity_name);
        return;
    }
    if (u->on_field_name.n) {
        u->on_field = entity_field(u->entity, u->on_field_name);
        if (!u->on_field) {
            seal_unknown_field(s, u->source, u->entity, u->on_field_name);
        }
    }
    u->where = seal_cond(s, u->source, u->entity, u->where_text);
    u->steps = resolve_steps(s, u->source, u->steps, u->step_count);
    u->otherwise = resolve_steps(s, u->source, u->otherwise, u->otherwise_count);
}

/* ---- integrations and the menu --------------------------------------------------------------- */

static void resolve_integration(seal *s, integration *x)
{
    crm_str *names = ARENA_ARRAY(s->a, crm_str, s->r->integration_type_count + 1);
    for (uint32_t i = 0; names && i < s->r->integration_type_count; i++) {
        names[i] = s->r->integration_types[i].name;
        if (str_eq(names[i], x->type_name)) {
            x->type = &s->r->integration_types[i];
            return;
        }
    }
    seal_fault_near(s, x->source, "unknown_integration_type", x->type_name, names,
                    names ? s->r->integration_type_count : 0);
}

void seal_behaviour(seal *s)
{
    check_code(s);
    for (uint32_t i = 0; i < s->r->rule_count; i++) {
        resolve_rule(s, (rule *)&s->r->rules[i]);
    }
    for (uint32_t i = 0; i < s->r->integration_count; i++) {
        resolve_integration(s, (integration *)&s->r->integrations[i]);
    }
    for (uint32_t i = 0; i < s->r->menu_count; i++) {
        if (s->r->menus[i].entity_name.n) {
            check_entity(s, s->r->menus[i].id, s->r->menus[i].entity_name);
        }
    }
}
