/* registry_seal_rights.c - sealing: grants become one per entity, and their names are checked. */
#include "data/registry_internal.h"
#include "data/timeline.h"

void seal_check_role(seal *s, crm_str source, crm_str name)
{
    if (str_is(name, ROLE_EVERYONE) || str_starts(name, CRM_S("module:")) ||
        str_starts(name, CRM_S(ROLE_FUNCTION))) {
        return;
    }
    crm_str *names = ARENA_ARRAY(s->a, crm_str, s->r->role_count);
    for (uint32_t i = 0; names && i < s->r->role_count; i++) {
        names[i] = s->r->roles[i].name;
        if (str_eq(names[i], name)) {
            return;
        }
    }
    seal_fault_near(s, source, "unknown_role", name, names, names ? s->r->role_count : 0);
}

/* "sales.*" covers the module's entities, "*" every name with a dot; system stores are nobody's,
 * and stage logs and notes take the rights of their records. */
static bool is_wildcard(crm_str name)
{
    return str_ends(name, CRM_S("*"));
}

static bool covers(crm_str pattern, const entity *e)
{
    crm_str prefix = {pattern.p, pattern.n - 1};
    return !(e->flags & (ENTITY_SYSTEM | ENTITY_LOG | ENTITY_NOTES)) &&
           str_find(e->name, '.') >= 0 && str_starts(e->name, prefix);
}

/*
 * The granted fields that the entity has. A wildcard names the fields of several entities, so there
 * an unknown one is another's; then false when nothing is left.
 */
static bool take_fields(seal *s, grant *g, const entity *e, bool is_wild)
{
    crm_str *kept = g->field_count ? seal_alloc(s, g->field_count, sizeof(crm_str)) : NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; kept && i < g->field_count; i++) {
        if (entity_field(e, g->fields[i])) {
            kept[count++] = g->fields[i];
        } else if (!is_wild) {
            seal_unknown_field(s, g->source, e, g->fields[i]);
        }
    }
    if (!g->field_count) {
        return true;
    }
    g->fields = kept;
    g->field_count = count;
    return count > 0;
}

static void add_for(seal *s, const grant *as_written, const entity *e)
{
    grant g = *as_written;
    g.entity_name = e->name;
    if (!take_fields(s, &g, e, is_wildcard(as_written->entity_name))) {
        return;
    }
    g.where = seal_cond(s, g.source, e, g.where_text);
    s->no_memory = s->no_memory || registry_add_grant(s->r, &g) != CRM_OK;
}

static void check_linked(seal *s, const grant *g)
{
    for (uint32_t i = 0; i < g->linked_count; i++) {
        if (!registry_entity(s->r, g->linked_to[i])) {
            seal_unknown_entity(s, g->source, g->linked_to[i]);
        }
    }
}

static void check_kinds(seal *s, const grant *g)
{
    crm_str names[KIND_JOINED + TIMELINE_JOINS_MAX];
    uint32_t count = 0;
    for (uint32_t k = 0; k < KIND_JOINED + TIMELINE_JOINS_MAX; k++) {
        crm_str one = timeline_kind_name(s->r, k);
        names[count] = one;
        count += one.n > 0;
    }
    for (uint32_t i = 0; i < g->kind_count; i++) {
        if (timeline_kind_find(s->r, g->kinds[i]) < 0) {
            seal_fault_near(s, g->source, "unknown_kind", g->kinds[i], names, count);
        }
    }
}

static void expand(seal *s, const grant *g)
{
    check_kinds(s, g);
    seal_check_role(s, g->source, g->role);
    check_linked(s, g);
    if (!is_wildcard(g->entity_name)) {
        const entity *e = registry_entity(s->r, g->entity_name);
        if (!e || (e->flags & ENTITY_SYSTEM)) {
            seal_unknown_entity(s, g->source, g->entity_name);
        } else {
            add_for(s, g, e);
        }
        return;
    }
    bool any = false;
    for (uint32_t i = 0; i < s->r->entity_count; i++) {
        if (covers(g->entity_name, s->r->entities[i])) {
            any = true;
            add_for(s, g, s->r->entities[i]);
        }
    }
    if (!any && !str_is(g->entity_name, "*")) {
        seal_unknown_entity(s, g->source, g->entity_name);
    }
}

void seal_grants(seal *s)
{
    const grant *written = s->r->grants;
    uint32_t count = s->r->grant_count;
    /* The expanded rows go into a new array; the written ones stay readable in the arena. */
    s->r->grants = NULL;
    s->r->grant_count = 0;
    s->h->grant_cap = 0;
    for (uint32_t i = 0; i < count && !s->no_memory; i++) {
        expand(s, &written[i]);
    }
}
