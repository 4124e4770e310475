/*
 * register.c - a ТЗ as rows of an open registry, after the modules' own: the company, the order of
 * the parts, and the look-ups they share. Builder's thread.
 */
#include "tz/register.h"

/* ---- look-ups -------------------------------------------------------------------------------- */

const entity *entity_named(registering *g, const yaml_node *n, crm_str name)
{
    const entity *e = registry_entity(g->r, name);
    tz_names known = {0};
    if (e && !(e->flags & ENTITY_SYSTEM)) {
        return e;
    }
    for (uint32_t i = 0; i < g->r->entity_count; i++) {
        if (!(g->r->entities[i]->flags & ENTITY_SYSTEM)) {
            tz_names_add(g->f->a, &known, g->r->entities[i]->name);
        }
    }
    bool is_key = str_eq(n->key, name);
    tz_fault fault =
        is_key ? tz_fault_key(n, "unknown_entity") : tz_fault_value(n, "unknown_entity", name);
    fault.nearest = text_nearest(name, known.at, known.count);
    tz_faults_add(g->f, &fault);
    return NULL;
}

tz_names field_names(registering *g, const entity *e)
{
    tz_names known = {0};
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (!(e->fields[i].flags & FIELD_HIDDEN)) {
            tz_names_add(g->f->a, &known, e->fields[i].name);
        }
    }
    return known;
}

const field *field_named(registering *g, const entity *e, const yaml_node *n, crm_str name)
{
    const field *f = entity_field(e, name);
    if (f && !(f->flags & FIELD_HIDDEN)) {
        return f;
    }
    tz_names known = field_names(g, e);
    bool is_value = n->kind == YAML_SCALAR && str_eq(n->text, name);
    tz_fault fault =
        is_value ? tz_fault_value(n, "unknown_field", name) : tz_fault_key(n, "unknown_field");
    fault.subject = name;
    fault.nearest = text_nearest(name, known.at, known.count);
    tz_faults_add(g->f, &fault);
    return NULL;
}

void add_offered(registering *g, const char *kind, tz_names *known)
{
    crm_str prefix = arena_fmt(g->f->a, "%s:", kind);
    for (uint32_t i = 0; i < g->t->offers.count; i++) {
        crm_str offer = g->t->offers.at[i];
        crm_str word = {offer.p + prefix.n, offer.n - prefix.n};
        if (prefix.n && str_starts(offer, prefix) && !tz_names_has(known, word)) {
            tz_names_add(g->f->a, known, word);
        }
    }
}

const crm_str *names_list(registering *g, const yaml_node *n, uint32_t *count)
{
    *count = 0;
    crm_str *names = n ? ARENA_ARRAY(g->a, crm_str, (size_t)n->count + 1) : NULL;
    if (!names) {
        return NULL;
    }
    TZ_EACH_NAME(item, n)
    {
        names[(*count)++] = arena_dup(g->a, item->text);
    }
    return names;
}

const pipeline *pipeline_of_entity(const registry *r, const entity *e)
{
    for (uint32_t i = 0; i < r->pipeline_count; i++) {
        if (str_eq(r->pipelines[i].entity_name, e->name)) {
            return &r->pipelines[i];
        }
    }
    return NULL;
}

/* ---- the company ----------------------------------------------------------------------------- */

static crm_str text_or(registering *g, const yaml_node *map, const char *key, crm_str otherwise)
{
    crm_str got = yaml_text(map, key);
    return got.n ? arena_dup(g->a, got) : otherwise;
}

static void register_company(registering *g)
{
    const yaml_node *n = node_map(g->t->root, "company"), *at = yaml_get(n, "timezone");
    const zone *unused;
    g->r->company = text_or(g, n, "name", (crm_str){0});
    g->r->timezone = text_or(g, n, "timezone", CRM_S("Europe/Moscow"));
    g->r->currency = text_or(g, n, "currency", CRM_S("RUB"));
    g->r->locale = text_or(g, n, "language", CRM_S("ru"));
    crm_str keep = yaml_text(yaml_get(n, "retention"), "bin");
    if (keep.n && clock_parse_duration(keep, &g->r->bin_keep_ms) != CRM_OK) {
        g->r->bin_keep_ms = 0; /* the schema has refused it */
    }
    if (at && zone_load(g->f->a, g->r->timezone, &unused) == CRM_NOT_FOUND) {
        tz_fault fault = tz_fault_value(at, "unknown_timezone", at->text);
        fault.nearest = zone_nearest(g->f->a, at->text);
        tz_faults_add(g->f, &fault);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

crm_status tz_register(tz *t, registry *r, arena *a, tz_fault **faults)
{
    static void (*const parts[])(registering *) = {
        register_company,      register_entities, register_matches,   register_pipelines,
        register_links,        register_rights,   register_functions, register_settings,
        register_integrations, register_rules,    register_outgoing,  register_webhooks,
    };
    tz_faults f;
    *faults = NULL;
    tz_faults_init(&f, a, faults);
    registering g = {.t = t, .r = r, .a = registry_arena(r), .f = &f};
    if (t->kept.n && json_read(t->kept, JSON_ITEMS_MAX, &g.kept, NULL) != CRM_OK) {
        log_event(LOG_WARN, "tz.kept", "grants=unreadable"); /* then what exists now is granted */
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && !arena_failed(g.a); i++) {
        parts[i](&g);
    }
    json_decref(g.kept);
    return arena_failed(g.a) ? CRM_NOMEM : tz_faults_status(&f);
}
