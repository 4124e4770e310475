/* register_rule.c - integrations and rules, checked against the schemas their modules give. */
#include "tz/register.h"

/* ---- integrations ---------------------------------------------------------------------------- */

static const integration_type *type_named(registering *g, const yaml_node *n)
{
    tz_names known = {0};
    for (uint32_t i = 0; i < g->r->integration_type_count; i++) {
        if (str_eq(g->r->integration_types[i].name, n->text)) {
            return &g->r->integration_types[i];
        }
        tz_names_add(g->f->a, &known, g->r->integration_types[i].name);
    }
    add_offered(g, "integration", &known);
    tz_refuse_word(g->f, n, "unknown_integration_type", &known);
    return NULL;
}

static void register_integration(registering *g, const yaml_node *n)
{
    const yaml_node *creates = yaml_get(n, "creates");
    const integration_type *type = type_named(g, yaml_get(n, "type"));
    if (creates && creates->kind == YAML_SCALAR) {
        (void)entity_named(g, creates, creates->text);
    }
    if (!type) {
        return;
    }
    integration row = {.name = arena_dup(g->a, n->key),
                       .type_name = type->name,
                       .settings_json = type->is_away
                                            ? args_keep(g, n, "type")
                                            : args_compile(g, NULL, n, type->schema_json, "type"),
                       .source = tz_source(g->a, n)};
    if (registry_add_integration(g->r, &row) != CRM_OK) {
        return; /* the arena has failed, which tz_register sees */
    }
}

void register_integrations(registering *g)
{
    YAML_EACH(n, node_map(g->t->root, "integrations")) {
        register_integration(g, n);
    }
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void unknown_step(registering *g, const yaml_node *n)
{
    tz_names known = {0};
    for (uint32_t i = 0; i < g->r->step_count; i++) {
        tz_names_add(g->f->a, &known, g->r->steps[i].verb);
    }
    add_offered(g, "step", &known);
    tz_fault fault = tz_fault_key(n, "unknown_step");
    fault.nearest = text_nearest(n->key, known.at, known.count);
    tz_faults_add(g->f, &fault);
}

static void check_strategy(registering *g, const yaml_node *args)
{
    const yaml_node *n = yaml_get(args, "strategy");
    tz_names known = {0};
    for (uint32_t i = 0; i < g->r->strategy_count; i++) {
        tz_names_add(g->f->a, &known, g->r->strategys[i].name);
    }
    add_offered(g, "strategy", &known);
    if (n && n->kind == YAML_SCALAR && !tz_names_has(&known, n->text)) {
        tz_refuse_near(g->f, n, "unknown_strategy", n->text, &known);
    }
}

/* {prefer: [contact.owner]}: fields of users, of the record or of one it refers to. */
static void check_preferred(registering *g, const entity *e, const yaml_node *args)
{
    TZ_EACH_NAME(n, yaml_get(args, "prefer"))
    {
        crm_str rest = n->text, name = {0};
        if (n->kind != YAML_SCALAR) {
            continue; /* the schema has refused it */
        }
        str_split(&rest, '.', &name);
        const field *f = field_named(g, e, n, name);
        const entity *of =
            f && rest.n && f->type == FIELD_REF ? registry_entity(g->r, f->ref_name) : NULL;
        const field *user = of ? field_named(g, of, n, rest) : f;
        if (user && (user->type != FIELD_USER || (rest.n && !of))) {
            tz_refuse(g->f, n, "wrong_field_type", n->text);
        }
    }
}

/* A value, or a list of them where the field holds many. */
static void check_set(registering *g, const entity *e, const yaml_node *values)
{
    YAML_EACH(n, values) {
        const field *f = field_named(g, e, n, n->key);
        TZ_EACH_NAME(x, n)
        {
            if (f && x->kind == YAML_SCALAR && !node_is_nothing(x)) {
                choice_check(g, f, x);
            }
        }
    }
}

/* The kernel's verbs that speak of the record itself: fields, choices and stages must be its own.
 */
static void check_subject(registering *g, const entity *e, const yaml_node *verb)
{
    const yaml_node *to = yaml_get(verb, "to");
    if (str_is(verb->key, "set")) {
        check_set(g, e, node_map(verb, "values"));
    } else if (str_is(verb->key, "move") && to) {
        stage_check(g, e, to);
    }
}

static const rule_step *read_steps(registering *g, const entity *e, const yaml_node *list,
                                   uint32_t *count)
{
    rule_step *rows = list ? ARENA_ARRAY(g->a, rule_step, (size_t)list->count + 1) : NULL;
    *count = 0;
    if (!rows) {
        return NULL;
    }
    YAML_EACH(item, list) {
        const yaml_node *verb = item->first;
        const step *known = registry_step(g->r, verb->key);
        if (!known) {
            unknown_step(g, verb);
            continue;
        }
        if (known->entity_name.n && !str_eq(known->entity_name, e->name)) {
            tz_fault fault = tz_fault_key(verb, "step_of_other");
            fault.expected = known->entity_name;
            tz_faults_add(g->f, &fault);
        }
        check_strategy(g, verb);
        check_preferred(g, e, str_is(verb->key, "assign") ? verb : NULL);
        check_subject(g, e, verb);
        crm_str args = known->is_away ? args_keep(g, verb, NULL)
                                      : args_compile(g, e, verb, known->schema_json, NULL);
        rows[(*count)++] = (rule_step){.verb = known->verb, .args_json = args};
    }
    return rows;
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* {created: sales.lead}: the node that names the entity, and the kind of change. */
static const yaml_node *trigger_of(const yaml_node *when, char *on)
{
    static const struct {
        const char *key;
        char on;
    } triggers[] = {{"created", 'c'}, {"updated", 'u'}, {"deleted", 'd'}};
    for (size_t i = 0; i < sizeof triggers / sizeof triggers[0]; i++) {
        const yaml_node *n = yaml_get(when, triggers[i].key);
        if (n) {
            *on = triggers[i].on;
            return n;
        }
    }
    return NULL;
}

static void register_rule(registering *g, const yaml_node *n)
{
    const yaml_node *when = node_map(n, "when"), *changed = yaml_get(when, "field");
    rule row = {.name = arena_dup(g->a, n->key),
                .text = arena_dup(g->a, yaml_text(n, "text")),
                .source = tz_source(g->a, n)};
    const yaml_node *of = trigger_of(when, &row.on);
    const entity *e = of ? entity_named(g, of, of->text) : NULL;
    if (!e) {
        return;
    }
    row.entity_name = e->name;
    if (changed && row.on != 'u') {
        tz_refuse_key(g->f, changed, "not_needed");
    } else if (changed) {
        const field *f = field_named(g, e, changed, changed->text);
        row.on_field_name = f ? f->name : (crm_str){0};
    }
    row.where_text = where_compile(g, e, yaml_get(when, "where"));
    row.steps = read_steps(g, e, yaml_get(n, "do"), &row.step_count);
    row.otherwise = read_steps(g, e, yaml_get(n, "otherwise"), &row.otherwise_count);
    if (registry_add_rule(g->r, &row) != CRM_OK) {
        return; /* the arena has failed, which tz_register sees */
    }
}

void register_rules(registering *g)
{
    YAML_EACH(n, node_map(g->t->root, "rules")) {
        register_rule(g, n);
    }
}
