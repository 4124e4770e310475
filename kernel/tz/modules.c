/*
 * modules.c - which modules a ТЗ needs: those whose entities, settings, steps and integrations it
 * names, and what these need in turn. Any thread.
 */
#include "tz/tz_private.h"

typedef struct seeker {
    const tz *t;
    arena *a;
    const module_found *found;
    uint32_t count;
    bool *is_needed;
    const tz_names *listed; /* NULL: auto */
    tz_faults *f;
} seeker;

static int index_of(const seeker *k, crm_str name)
{
    for (uint32_t i = 0; i < k->count; i++) {
        if (str_eq(k->found[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

static void unknown_module(seeker *k, const tz_fault *at, crm_str name)
{
    tz_names known = {0};
    for (uint32_t i = 0; i < k->count; i++) {
        tz_names_add(k->a, &known, k->found[i].name);
    }
    tz_fault fault = *at;
    fault.code = CRM_S("unknown_module");
    fault.subject = name;
    fault.nearest = text_nearest(name, known.at, known.count);
    tz_faults_add(k->f, &fault);
}

/* Told once per module, where its first word stands. */
static void need(seeker *k, const tz_fault *at, crm_str name)
{
    int i = index_of(k, name);
    if (i < 0) {
        unknown_module(k, at, name);
        return;
    }
    if (k->is_needed[i]) {
        return;
    }
    k->is_needed[i] = true;
    if (k->listed && !tz_names_has(k->listed, name)) {
        tz_fault fault = *at;
        fault.code = CRM_S("module_not_listed");
        fault.expected = at->subject;
        fault.subject = name;
        tz_faults_add(k->f, &fault);
    }
    for (uint32_t j = 0; j < k->found[i].need_count; j++) {
        need(k, at, k->found[i].needs[j]);
    }
}

/* ---- words of the text ----------------------------------------------------------------------- */

/* "fleet.*" or "fleet.machine" where the ТЗ itself declares such entities. */
static bool is_own(const seeker *k, crm_str name)
{
    crm_str prefix = str_ends(name, CRM_S(".*")) ? (crm_str){name.p, name.n - 1} : (crm_str){0};
    YAML_EACH(n, node_map(k->t->root, "entities")) {
        bool is_covered = prefix.n && str_starts(n->key, prefix);
        if (str_eq(n->key, name) ||
            (is_covered && index_of(k, (crm_str){name.p, name.n - 2}) < 0)) {
            return true;
        }
    }
    return false;
}

/* The part before the dot names the module; the kernel's own entities have none. */
static void need_of_entity(seeker *k, const tz_fault *at, crm_str name)
{
    ptrdiff_t dot = str_find(name, '.');
    if (dot > 0 && !is_own(k, name)) {
        need(k, at, (crm_str){name.p, (size_t)dot});
    }
}

static void need_at_key(seeker *k, const yaml_node *n)
{
    tz_fault at = tz_fault_key(n, "");
    need_of_entity(k, &at, n->key);
}

static void need_at_value(seeker *k, const yaml_node *list)
{
    TZ_EACH_NAME(n, list)
    {
        tz_fault at = tz_fault_value(n, "", n->text);
        if (n->kind == YAML_SCALAR) {
            need_of_entity(k, &at, n->text);
        }
    }
}

/* "step:task": who answers for the word. What nobody offers is the kernel's, or registering says.
 */
static void need_offer(seeker *k, const tz_fault *at, const char *kind, crm_str word)
{
    crm_str offer = arena_fmt(k->a, "%s:%.*s", kind, STR_FMT(word));
    for (uint32_t i = 0; i < k->count; i++) {
        for (uint32_t j = 0; j < k->found[i].offer_count; j++) {
            if (str_eq(k->found[i].offers[j], offer)) {
                need(k, at, k->found[i].name);
                return;
            }
        }
    }
}

/* What stands in a condition about other rows. */
static void seek_where(seeker *k, const yaml_node *where)
{
    YAML_EACH(n, where) {
        if (str_is(n->key, "exists") || str_is(n->key, "in_query")) {
            need_at_value(k, yaml_get(n, "entity"));
        }
        seek_where(k, n);
    }
}

static void seek_rights(seeker *k)
{
    YAML_EACH(role_node, node_map(k->t->root, "roles")) {
        YAML_EACH(n, node_map(role_node, "rights")) {
            need_at_key(k, n);
            YAML_EACH(right, n) {
                need_at_value(k, yaml_get(right, "linked_to"));
                seek_where(k, yaml_get(right, "where"));
            }
            seek_where(k, yaml_get(n, "where"));
        }
    }
    YAML_EACH(n, node_map(k->t->root, "functions")) {
        need_at_key(k, n);
    }
}

static void seek_fields(seeker *k, const yaml_node *fields)
{
    YAML_EACH(n, fields) {
        need_at_value(k, yaml_get(n, "to"));
        seek_where(k, yaml_get(n, "where"));
    }
}

static void seek_entities(seeker *k)
{
    YAML_EACH(n, node_map(k->t->root, "pipelines")) {
        need_at_value(k, yaml_get(n, "of"));
    }
    YAML_EACH(n, node_map(k->t->root, "fields")) {
        need_at_key(k, n);
        seek_fields(k, n);
    }
    YAML_EACH(n, node_map(k->t->root, "entities")) {
        seek_fields(k, node_map(n, "fields"));
    }
}

static void seek_integrations(seeker *k)
{
    YAML_EACH(n, node_map(k->t->root, "integrations")) {
        const yaml_node *type = yaml_get(n, "type");
        if (type) {
            tz_fault at = tz_fault_value(type, "", type->text);
            need_offer(k, &at, "integration", type->text);
        }
        need_at_value(k, yaml_get(n, "creates"));
    }
}

static void seek_steps(seeker *k, const yaml_node *steps)
{
    YAML_EACH(item, steps) {
        YAML_EACH(verb, item) {
            tz_fault at = tz_fault_key(verb, "");
            crm_str how = yaml_text(verb, "strategy");
            need_offer(k, &at, "step", verb->key);
            if (how.n) {
                at = tz_fault_value(yaml_get(verb, "strategy"), "", how);
                need_offer(k, &at, "strategy", how);
            }
        }
    }
}

static void seek_rules(seeker *k)
{
    YAML_EACH(n, node_map(k->t->root, "rules")) {
        const yaml_node *when = node_map(n, "when");
        need_at_value(k, yaml_get(when, "created"));
        need_at_value(k, yaml_get(when, "updated"));
        need_at_value(k, yaml_get(when, "deleted"));
        seek_where(k, yaml_get(when, "where"));
        seek_steps(k, yaml_get(n, "do"));
        seek_steps(k, yaml_get(n, "otherwise"));
    }
}

static void seek_settings(seeker *k)
{
    YAML_EACH(n, node_map(k->t->root, "settings")) {
        tz_fault at = tz_fault_key(n, "");
        need(k, &at, n->key);
    }
}

/* ---- what all of them offer ------------------------------------------------------------------ */

static bool has_offers(const tz_names *offers, const module_found *found, uint32_t count)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < found[i].offer_count; j++, at++) {
            if (at >= offers->count || !str_eq(offers->at[at], found[i].offers[j])) {
                return false;
            }
        }
    }
    return at == offers->count;
}

/* Those of before, when they are the same: the text outlives many lists of modules. */
static void keep_offers(tz *t, const module_found *found, uint32_t count)
{
    if (has_offers(&t->offers, found, count)) {
        return;
    }
    t->offers = (tz_names){0};
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < found[i].offer_count; j++) {
            tz_names_add(t->a, &t->offers, arena_dup(t->a, found[i].offers[j]));
        }
    }
}

/* ---- the list -------------------------------------------------------------------------------- */

/* `modules: [sales, …]`: all of them are enabled, needed or not. */
static void take_listed(seeker *k, const yaml_node *list, tz_names *listed)
{
    YAML_EACH(n, list) {
        tz_names_add(k->a, listed, n->text);
    }
    k->listed = listed;
    YAML_EACH(n, list) {
        tz_fault at = tz_fault_value(n, "", n->text);
        need(k, &at, n->text);
    }
}

/* NOLINTNEXTLINE(readability-function-size): what is found goes in, what is needed comes out. */
crm_status tz_modules(tz *t, arena *a, const module_found *found, uint32_t found_count,
                      crm_str **names, uint32_t *count, tz_fault **faults)
{
    tz_faults f;
    tz_names listed = {0};
    const yaml_node *list = yaml_get(t->root, "modules");
    crm_str *out = ARENA_ARRAY(a, crm_str, found_count + 1);
    bool *is_needed = ARENA_ARRAY(a, bool, found_count + 1);
    *names = NULL;
    *count = 0;
    *faults = NULL;
    if (!out || !is_needed) {
        return CRM_NOMEM;
    }
    tz_faults_init(&f, a, faults);
    seeker k = {
        .t = t, .a = a, .found = found, .count = found_count, .is_needed = is_needed, .f = &f};
    if (list && list->kind == YAML_LIST) {
        take_listed(&k, list, &listed);
    }
    keep_offers(t, found, found_count);
    seek_rights(&k);
    seek_entities(&k);
    seek_settings(&k);
    seek_integrations(&k);
    seek_rules(&k);
    for (uint32_t i = 0; i < found_count; i++) {
        if (is_needed[i]) {
            out[(*count)++] = found[i].name;
        }
    }
    *names = out;
    return tz_faults_status(&f);
}
