/*
 * module_purge_plan.c - which stored things are a module's, as the manifests of all versions that
 * lie there say, and why it is not to be purged now. See module_purge.h. Workers, under the lock of
 * changes.
 */
#include "flow/settings.h"
#include "model.h"
#include "module_purge.h"
#include "plug/manifest.h"

#include <unistd.h>

typedef struct finding {
    deployment *d;
    crm_ctx *c;
    module_plan *plan;
    module_choices choices;
    module_found *all; /* every version of every module */
    uint32_t all_count;
    model_change model;
    const crm_str *own; /* names of its entities */
    uint32_t own_count;
    uint32_t room;
} finding;

/* ---- refusals -------------------------------------------------------------------------------- */

static crm_status refuse_for(finding *x, const char *code, const char *key, crm_str text)
{
    buf b;
    json_writer w;
    buf_init(&b, 1 << 12);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "name", x->plan->name);
    if (key) {
        jw_kstr(&w, key, text);
    }
    jw_end_object(&w);
    crm_status s = call_fail(x->c, CRM_CONFLICT, code);
    x->c->error.params_json = b.failed ? (crm_str){0} : arena_dup(x->c->arena, buf_view(&b));
    buf_free(&b);
    return s;
}

static bool needs(const module_found *f, crm_str name)
{
    for (uint32_t i = 0; i < f->need_count; i++) {
        if (str_eq(f->needs[i], name)) {
            return true;
        }
    }
    return false;
}

/* A module that is in force and cannot be without it; empty: none is. */
static crm_str who_needs(const finding *x)
{
    const registry *r = x->c->reg;
    for (uint32_t i = 0; i < x->all_count; i++) {
        const module_found *f = &x->all[i];
        for (uint32_t k = 0; needs(f, x->plan->name) && k < r->module_count; k++) {
            if (str_eq(r->modules[k].name, f->name) && str_eq(r->modules[k].id, f->id)) {
                return f->name;
            }
        }
    }
    return (crm_str){0};
}

/* In force by whose word: each has another way out. */
static crm_status check_off(finding *x)
{
    const module_choice *row = choices_find(&x->choices, x->plan->name);
    crm_str by = who_needs(x);
    if (!settings_have(x->c->reg, x->plan->name)) {
        return CRM_OK;
    }
    if (by.n) {
        return refuse_for(x, "module_needed_by", "by", by);
    }
    bool is_on = row && row->wish == CHOICE_ON;
    return refuse_for(x, is_on ? "module_active" : "module_needed_by_tz", NULL, (crm_str){0});
}

static crm_status check_free(finding *x)
{
    module_purging now;
    crm_status s = module_purgings(x->c->session, x->c->reg, x->c->arena, x->plan->name, &now);
    if (s == CRM_OK && now.batch) {
        s = refuse_for(x, "module_purging", NULL, (crm_str){0});
    }
    return s == CRM_OK ? model_check_free(&x->model) : s;
}

/* ---- whose is what --------------------------------------------------------------------------- */

static bool is_own(const finding *x, crm_str entity_name)
{
    for (uint32_t i = 0; i < x->own_count; i++) {
        if (str_eq(x->own[i], entity_name)) {
            return true;
        }
    }
    return false;
}

static bool is_noted(const module_plan *p, purge_thing what)
{
    for (uint32_t i = 0; i < p->part_count; i++) {
        const purge_thing *at = &p->parts[i].what;
        if (str_eq(at->entity, what.entity) && str_eq(at->field, what.field)) {
            return true;
        }
    }
    return false;
}

/* By others: what is in force, and what was made in the browser, in force or retired. */
static bool is_declared(const finding *x, purge_thing what)
{
    const entity *e = registry_entity(x->c->reg, what.entity);
    if (what.field.n ? e && entity_field(e, what.field) : e != NULL) {
        return true;
    }
    for (uint32_t i = 0; i < x->model.rows.count; i++) {
        const model_row *row = &x->model.rows.at[i];
        if (str_eq(row->entity, what.entity) && str_eq(row->field, what.field)) {
            return true;
        }
    }
    return false;
}

static crm_status note(finding *x, purge_thing what)
{
    module_plan *p = x->plan;
    if (is_noted(p, what) || is_declared(x, what)) {
        return CRM_OK;
    }
    if (p->part_count == x->room) {
        module_part *more = ARENA_ARRAY(x->c->arena, module_part, x->room * 2u + 16);
        if (!more) {
            return CRM_NOMEM;
        }
        if (p->part_count) {
            memcpy(more, p->parts, p->part_count * sizeof *more);
        }
        p->parts = more;
        x->room = x->room * 2 + 16;
    }
    p->parts[p->part_count++] = (module_part){.what = what};
    return CRM_OK;
}

/* Fields of others' entities: its own, and references to its records, which another record would
 * have the number of. */
static crm_status note_fields(finding *x, crm_str entity_name, const yaml_node *fields,
                              bool are_own)
{
    crm_status s = CRM_OK;
    YAML_EACH(f, fields) {
        if (s == CRM_OK && (are_own || is_own(x, yaml_text(f, "to")))) {
            s = note(x, (purge_thing){entity_name, f->key});
        }
    }
    return s;
}

/* INVALID cannot be: it was read when it was found. */
static crm_status read_of(finding *x, const module_found *f, manifest *out)
{
    registry_fault *list = NULL;
    return manifest_read(x->c->arena, "module.yaml", f->manifest, out, &list);
}

static crm_status note_entities(finding *x, const module_found *f)
{
    manifest m;
    crm_status s = read_of(x, f, &m);
    for (uint32_t i = 0; s == CRM_OK && i < m.entity_count; i++) {
        s = note(x, (purge_thing){.entity = m.entities[i]});
    }
    return s;
}

static crm_status note_rest(finding *x, const module_found *f)
{
    manifest m;
    bool is_mine = str_eq(f->name, x->plan->name);
    uint32_t at = 0;
    crm_status s = read_of(x, f, &m);
    YAML_EACH(e, s == CRM_OK ? yaml_get(m.root, "extends") : NULL) {
        if (s == CRM_OK && !is_own(x, e->key)) {
            s = note_fields(x, e->key, e, is_mine);
        }
    }
    YAML_EACH(e, s == CRM_OK && !is_mine ? yaml_get(m.root, "entities") : NULL) {
        s = s == CRM_OK ? note_fields(x, m.entities[at++], yaml_get(e, "fields"), false) : s;
    }
    return s;
}

/* Entities first, so that it is known what a reference to them is. */
static crm_status note_all(finding *x)
{
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < x->all_count; i++) {
        s = str_eq(x->all[i].name, x->plan->name) ? note_entities(x, &x->all[i]) : s;
    }
    crm_str *own = s == CRM_OK ? ARENA_ARRAY(x->c->arena, crm_str, x->plan->part_count + 1) : NULL;
    for (uint32_t i = 0; own && i < x->plan->part_count; i++) {
        own[i] = x->plan->parts[i].what.entity;
    }
    x->own = own;
    x->own_count = own ? x->plan->part_count : 0;
    s = s == CRM_OK && !own ? CRM_NOMEM : s;
    for (uint32_t i = 0; s == CRM_OK && i < x->all_count; i++) {
        s = note_rest(x, &x->all[i]);
    }
    return s;
}

/* ---- what refers to it ----------------------------------------------------------------------- */

/* Retired references are none to the registry, but would come back with nothing to refer to. */
static crm_status check_model(finding *x)
{
    for (uint32_t i = 0; i < x->model.rows.count; i++) {
        const model_row *row = &x->model.rows.at[i];
        json_t *body = NULL;
        if (is_own(x, row->entity) || json_read(row->body, 0, &body, NULL) != CRM_OK) {
            continue;
        }
        bool refers = is_own(x, json_text(body, "to"));
        json_decref(body);
        if (refers) {
            return refuse_for(
                x, "module_in_use", "where",
                arena_fmt(x->c->arena, "%.*s.%.*s", STR_FMT(row->entity), STR_FMT(row->field)));
        }
    }
    return CRM_OK;
}

static crm_status check_webhooks(finding *x)
{
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < x->plan->part_count; i++) {
        crm_str where;
        s = purge_find_webhook(x->c, x->plan->parts[i].what, &where);
        if (s == CRM_OK && where.n) {
            s = refuse_for(x, "module_in_use", "where", where);
        }
    }
    return s;
}

/* ---- what is stored, and what lies there ------------------------------------------------------
 */

static crm_status keep_stored(finding *x)
{
    module_plan *p = x->plan;
    uint32_t kept = 0;
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < p->part_count; i++) {
        module_part part = p->parts[i];
        entity *stored;
        s = purge_find(x->d, x->c, part.what, &stored);
        if (s == CRM_OK) {
            s = purge_count(x->d, x->c, part.what, &part.rows, &part.files);
            p->rows += part.rows;
            p->files += part.files;
            p->parts[kept++] = part;
        }
        s = s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    p->part_count = kept;
    return s;
}

static crm_status list_versions(finding *x)
{
    module_plan *p = x->plan;
    const char *modules = x->d->o->modules;
    crm_str home = arena_fmt(x->c->arena, "%s/%.*s", modules, STR_FMT(p->name));
    p->versions = ARENA_ARRAY(x->c->arena, crm_str, x->all_count + 1);
    if (!home.p || !p->versions) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; i < x->all_count; i++) {
        if (str_eq(x->all[i].name, p->name) && x->all[i].id.n) {
            p->versions[p->version_count++] = x->all[i].id;
        }
    }
    p->is_removable = access(home.p, W_OK) == 0 && access(modules, W_OK) == 0;
    return CRM_OK;
}

static crm_status check_known(finding *x)
{
    for (uint32_t i = 0; i < x->all_count; i++) {
        if (str_eq(x->all[i].name, x->plan->name)) {
            return CRM_OK;
        }
    }
    return call_fail(x->c, CRM_NOT_FOUND, "unknown_module");
}

crm_status module_find_parts(deployment *d, crm_ctx *c, module_plan *p)
{
    finding x = {.d = d, .c = c, .plan = p, .model = {.d = d, .c = c}};
    module_refusal *refused = NULL;
    crm_status s = choices_read(c->arena, d->o->data, &x.choices);
    if (s == CRM_OK) {
        s = plug_scan(c->arena, d->o->modules, &x.all, &x.all_count, &refused);
    }
    s = s == CRM_OK ? check_known(&x) : s;
    s = s == CRM_OK ? check_off(&x) : s;
    s = s == CRM_OK ? model_rows_now(&x.model) : s;
    s = s == CRM_OK ? check_free(&x) : s;
    s = s == CRM_OK ? note_all(&x) : s;
    s = s == CRM_OK ? check_model(&x) : s;
    s = s == CRM_OK ? check_webhooks(&x) : s;
    s = s == CRM_OK ? keep_stored(&x) : s;
    return s == CRM_OK ? list_versions(&x) : s;
}
