/*
 * build.c - a registry made beside what runs: the modules a text needs, the text, the model, all
 * sealed. Nothing outside changes but that modules are loaded. Start-up and worker threads.
 */
#include "build.h"

/* ---- faults ---------------------------------------------------------------------------------- */

void build_faults(build *b, tz_fault *list)
{
    tz_fault **end = &b->faults;
    while (*end) {
        end = &(*end)->next;
    }
    *end = list;
}

static bool has_errors(const tz_fault *f)
{
    for (; f; f = f->next) {
        if (!f->is_warning) {
            return true;
        }
    }
    return false;
}

/* An answer with errors is none, whatever its status. */
static crm_status take(build *b, tz_fault *list, crm_status s)
{
    build_faults(b, list);
    return has_errors(list) && s == CRM_OK ? CRM_INVALID : s;
}

static void take_refusals(build *b, const char *lang, const module_refusal *r)
{
    for (; r; r = r->next) {
        buf_fmt(&b->refusals, "%.*s: %s (%.*s)\n", STR_FMT(r->module),
                plug_refusal_title(r->code, lang), STR_FMT(r->text));
    }
}

void build_say(const build *b, const char *lang, buf *say)
{
    buf_str(say, buf_view(&b->refusals));
    for (const tz_fault *f = b->faults; f; f = f->next) {
        tz_fault_text(f, lang, say);
        buf_char(say, '\n');
    }
}

build *build_new(void)
{
    build *b = calloc(1, sizeof *b);
    if (b) {
        b->arena = arena_new(256 << 20);
    }
    if (!b || !b->arena) {
        free(b);
        return NULL;
    }
    buf_init(&b->refusals, 1 << 20);
    return b;
}

void build_free(build *b)
{
    if (!b) {
        return;
    }
    if (b->reg) {
        registry_discard(b->reg);
    }
    buf_free(&b->refusals);
    arena_free(b->arena);
    free(b);
}

/* ---- the text and its modules ---------------------------------------------------------------- */

crm_status build_read(deployment *d, build *b, const char *path)
{
    module_refusal *refused = NULL;
    tz_fault *faults = NULL;
    crm_status s = plug_scan(b->arena, d->o->modules, &b->found, &b->found_count, &refused);
    take_refusals(b, d->o->lang, refused);
    if (s == CRM_OK) {
        s = tz_read(b->arena, path, &b->tz, &faults);
    }
    return take(b, faults, s);
}

module *deployment_module(const deployment *d, crm_str name)
{
    for (uint32_t i = 0; i < d->module_count; i++) {
        if (str_eq(plug_name(d->modules[i]), name)) {
            return d->modules[i];
        }
    }
    return NULL;
}

static crm_status load_one(deployment *d, build *b, crm_str name)
{
    module_refusal *refused = NULL;
    module **slot = &b->modules[b->module_count];
    *slot = deployment_module(d, name);
    crm_status s = CRM_OK;
    for (uint32_t i = 0; !*slot && i < b->found_count; i++) {
        if (!str_eq(b->found[i].name, name)) {
            continue;
        }
        s = plug_load(b->arena, &b->found[i], slot, &refused);
        b->is_new[b->module_count] = s == CRM_OK;
    }
    take_refusals(b, d->o->lang, refused);
    if (s == CRM_OK && *slot) {
        b->module_count++;
    }
    return *slot || s != CRM_OK ? s : CRM_NOT_FOUND;
}

crm_status build_load(deployment *d, build *b)
{
    crm_str *names;
    uint32_t count;
    tz_fault *faults = NULL;
    crm_status s = tz_modules(b->tz, b->arena, b->found, b->found_count, &names, &count, &faults);
    s = take(b, faults, s);
    if (s != CRM_OK) {
        return s;
    }
    b->modules = ARENA_ARRAY(b->arena, module *, count + 1);
    b->is_new = ARENA_ARRAY(b->arena, bool, count + 1);
    if (!b->modules || !b->is_new) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; i < count && s == CRM_OK; i++) {
        s = load_one(d, b, names[i]);
    }
    return s;
}

crm_status build_like(const deployment *d, build *b)
{
    const build *in_force = d->in_force;
    if (!in_force) {
        return CRM_UNAVAILABLE;
    }
    b->tz = in_force->tz;
    b->modules = in_force->modules;
    b->module_count = in_force->module_count;
    b->is_new = ARENA_ARRAY(b->arena, bool, b->module_count + 1);
    return b->is_new ? CRM_OK : CRM_NOMEM;
}

/* ---- the registry ---------------------------------------------------------------------------- */

/* A start on the text that is in force grants what it granted then. */
static crm_status keep_grants(deployment *d, build *b)
{
    if (!d->engine) {
        return CRM_OK; /* linting without a data directory: nothing was applied */
    }
    const registry *current = registry_pin();
    crm_status s = tz_recall(b->tz, d->engine, current);
    registry_unpin(current);
    return s;
}

static crm_status take_seal(build *b, const registry_fault *faults, crm_status s)
{
    build_faults(b, tz_fault_of_seal(b->arena, faults));
    return s;
}

static crm_status register_kernel(deployment *d, build *b)
{
    b->reg = registry_new();
    crm_status s = b->reg ? flow_register(b->reg) : CRM_NOMEM;
    s = s == CRM_OK ? import_register(b->reg) : s;
    return s == CRM_OK ? model_register(d, b->reg) : s;
}

crm_status build_registry(deployment *d, build *b, tz_declaration *rows, uint32_t count)
{
    registry_fault *faults = NULL;
    tz_fault *list = NULL;
    crm_status s = register_kernel(d, b);
    if (s == CRM_OK) {
        s = plug_register(b->modules, b->module_count, b->reg, b->arena, &faults);
    }
    (void)take_seal(b, faults, s);
    if (s == CRM_OK) {
        s = keep_grants(d, b);
    }
    if (s == CRM_OK) {
        s = tz_take_model(b->tz, b->arena, rows, count, &list);
    }
    s = take(b, list, s);
    list = NULL;
    if (s == CRM_OK) {
        s = tz_register(b->tz, b->reg, b->arena, &list);
    }
    s = take(b, list, s);
    faults = NULL;
    if (s == CRM_OK) {
        s = registry_seal(b->reg, b->arena, &faults);
    }
    return take_seal(b, faults, s);
}

crm_status build_schema(deployment *d, build *b)
{
    registry_fault *faults = NULL;
    crm_status s = engine_schema(d->engine, b->reg, b->arena, &faults);
    return take_seal(b, faults, s);
}
