/*
 * build.c - a registry made beside what runs: the modules a text needs, the text, the model, all
 * sealed. Nothing outside changes but that modules are loaded. Start-up and worker threads.
 */
#include "build.h"
#include "module_migrate.h"
#include "quarantine.h"

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

static void take_refusals(build *b, const module_refusal *r)
{
    for (; r; r = r->next) {
        buf_fmt(&b->refusals, "%.*s: %s (%.*s)\n", STR_FMT(r->module),
                plug_refusal_title(r->code, b->lang), STR_FMT(r->text));
    }
}

void build_say(const build *b, buf *say)
{
    buf_str(say, buf_view(&b->refusals));
    for (const tz_fault *f = b->faults; f; f = f->next) {
        tz_fault_text(f, b->lang, say);
        buf_char(say, '\n');
    }
}

build *build_new(const char *lang)
{
    build *b = calloc(1, sizeof *b);
    if (b) {
        b->arena = arena_new(256 << 20);
    }
    if (!b || !b->arena) {
        free(b);
        return NULL;
    }
    b->lang = lang;
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

crm_status build_read(build *b, const char *path)
{
    tz_fault *faults = NULL;
    crm_status s = b->was_in_force ? tz_reread(b->arena, path, &b->tz, &faults)
                                   : tz_read(b->arena, path, &b->tz, &faults);
    return take(b, faults, s);
}

/* Whoever reads a text on a machine of his own has the modules somewhere else, mostly. */
static void tell_no_modules(const deployment *d, build *b)
{
    tz_fault *f = ARENA_NEW(b->arena, tz_fault);
    if (f) {
        *f = (tz_fault){.file = d->o->modules, .code = CRM_S("no_modules")};
        build_faults(b, f);
    }
}

crm_status build_find(deployment *d, build *b)
{
    module_refusal *refused = NULL;
    crm_status s = plug_scan(b->arena, d->o->modules, &b->found, &b->found_count, &refused);
    if (s == CRM_NOT_FOUND || s == CRM_DENIED) {
        tell_no_modules(d, b);
    }
    if (s == CRM_OK) {
        s = choices_take(b->arena, &b->choices, b->found, &b->found_count, &refused);
    }
    if (s == CRM_OK && d->engine && !d->flow) {
        s = quarantine_judge(d, b);
    }
    for (uint32_t i = 0; s == CRM_OK && i < b->found_count; i++) {
        const module_choice *row = choices_find(&b->choices, b->found[i].name);
        b->found[i].is_without_code =
            (row && row->is_quarantined) || (d->o->is_safe && !b->found[i].is_bundled);
    }
    take_refusals(b, refused);
    return s;
}

/* The generation of that folder; NULL when it was not loaded yet. */
static module *loaded_from(const deployment *d, const module_found *f)
{
    for (uint32_t i = 0; i < d->module_count; i++) {
        const module *m = d->modules[i];
        if (str_eq(plug_dir(m), f->dir) && plug_info(m)->is_without_code == f->is_without_code &&
            str_eq(plug_info(m)->lacks, f->lacks)) {
            return d->modules[i];
        }
    }
    return NULL;
}

static bool is_known(const deployment *d, crm_str name)
{
    for (uint32_t i = 0; i < d->module_count; i++) {
        if (str_eq(plug_name(d->modules[i]), name)) {
            return true;
        }
    }
    return false;
}

/* What was loaded stays mapped, and is found here when it is needed again. The figures are of all
 * generations. */
static crm_status keep(deployment *d, module *m)
{
    bool is_first = !is_known(d, plug_name(m));
    module **all = realloc(d->modules, (d->module_count + 1) * sizeof *all);
    if (!all) {
        return CRM_NOMEM;
    }
    d->modules = all;
    d->modules[d->module_count++] = m;
    if (is_first) {
        module_figures(m);
    }
    return CRM_OK;
}

static module_found *found_as(const build *b, crm_str name)
{
    for (uint32_t i = 0; i < b->found_count; i++) {
        if (str_eq(b->found[i].name, name)) {
            return &b->found[i];
        }
    }
    return NULL;
}

static crm_status load_as(deployment *d, build *b, const module_found *f, module **out)
{
    module_refusal *refused = NULL;
    crm_status s = CRM_OK;
    *out = loaded_from(d, f);
    if (!*out) {
        s = plug_load(b->arena, f, out, &refused);
        s = s == CRM_OK ? keep(d, *out) : s;
    }
    take_refusals(b, refused);
    return s;
}

static crm_status load_one(deployment *d, build *b, crm_str name)
{
    const module_found *f = found_as(b, name);
    module *m;
    crm_status s = f ? load_as(d, b, f, &m) : CRM_NOT_FOUND;
    if (s == CRM_OK) {
        b->modules[b->module_count++] = m;
    }
    return s;
}

static bool has_away(const build *b)
{
    for (uint32_t i = 0; i < b->module_count; i++) {
        if (plug_info(b->modules[i])->is_without_code) {
            return true;
        }
    }
    return false;
}

/* The first whose code cannot do without an interface that it does not get; -1: none. */
static int next_lacking(build *b, crm_str *lacks)
{
    for (uint32_t i = 0; i < b->module_count; i++) {
        *lacks = plug_lacks(b->arena, b->modules, b->module_count, i);
        if (lacks->n) {
            return (int)i;
        }
    }
    return -1;
}

/* Whoever calls code that does not run goes without its own, and whoever calls that in turn. */
static crm_status follow_away(deployment *d, build *b)
{
    crm_status s = CRM_OK;
    crm_str lacks;
    int at;
    while (s == CRM_OK && has_away(b) && (at = next_lacking(b, &lacks)) >= 0) {
        module_found *f = found_as(b, plug_name(b->modules[at]));
        f->is_without_code = true;
        f->lacks = lacks;
        log_event(LOG_ERROR, "module.waits", "module=%s interface=%s", log_quote(f->name),
                  log_quote(lacks));
        s = load_as(d, b, f, &b->modules[at]);
    }
    return s;
}

/* ---- what the text needs, and what was decided ----------------------------------------------- */

typedef struct name_list {
    crm_str *at;
    uint32_t count;
} name_list;

static bool has_name(const name_list *l, crm_str name)
{
    for (uint32_t i = 0; i < l->count; i++) {
        if (str_eq(l->at[i], name)) {
            return true;
        }
    }
    return false;
}

static void say_refused(build *b, crm_str name, const char *ru, const char *en)
{
    buf_fmt(&b->refusals, "%.*s: %s\n", STR_FMT(name), b->lang[0] == 'r' ? ru : en);
}

/* With what it needs in turn; every name is one that was found, so there is room. */
static void add_enabled(const build *b, name_list *l, crm_str name)
{
    const module_found *f = found_as(b, name);
    if (!f || has_name(l, name)) {
        return;
    }
    l->at[l->count++] = name;
    for (uint32_t i = 0; i < f->need_count; i++) {
        add_enabled(b, l, f->needs[i]);
    }
}

static bool is_in_force(const deployment *d, crm_str name)
{
    const build *b = d->in_force;
    for (uint32_t i = 0; b && i < b->module_count; i++) {
        if (str_eq(plug_name(b->modules[i]), name)) {
            return true;
        }
    }
    return false;
}

/* Without its code: at a start, since a server that does not start helps nobody; what the kernel
 * itself turns off; and what has been kept so, when something else changes. */
static bool may_be_kept(const deployment *d, const build *b, crm_str name)
{
    const module_choice *was = b->were ? choices_find(b->were, name) : NULL;
    bool was_kept = was && was->wish == CHOICE_OFF && is_in_force(d, name);
    return (d->engine && !d->flow) || str_eq(b->put_off, name) || was_kept;
}

/* Half of what it was would come into force, and what is left would not go. */
static crm_status refuse_purged(const deployment *d, build *b, crm_str name)
{
    module_purging now = {0};
    crm_status s = d->engine ? module_purging_now(d, b->arena, name, &now) : CRM_OK;
    if (s != CRM_OK || !now.batch) {
        return s;
    }
    buf_fmt(&b->refusals,
            b->lang[0] == 'r' ? "%.*s: модуль нужен ТЗ или другому модулю, а выключен: он "
                                "удаляется навсегда, операция %lld\n"
                              : "%.*s: the ТЗ or another module needs it, and it is off: it is "
                                "purged for ever, batch %lld\n",
            STR_FMT(name), (long long)now.batch);
    return CRM_INVALID;
}

/* A text that needs what is off is refused, unless that may be kept. */
static crm_status follow_off(const deployment *d, build *b, crm_str name)
{
    crm_status s = refuse_purged(d, b, name);
    if (s != CRM_OK) {
        return s;
    }
    if (may_be_kept(d, b, name)) {
        found_as(b, name)->is_without_code = true;
        log_event(LOG_ERROR, "module.off_but_needed", "module=%s code=0", log_quote(name));
        return CRM_OK;
    }
    say_refused(b, name, "модуль нужен ТЗ или другому модулю, а выключен администратором",
                "the ТЗ or another module needs it, and an administrator has it off");
    return CRM_INVALID;
}

/* On and off, by an administrator's word. INVALID: something needs what is off. */
static crm_status follow_choices(const deployment *d, build *b, name_list *l)
{
    crm_status s = CRM_OK;
    for (uint32_t i = 0; i < b->choices.count; i++) {
        const module_choice *row = &b->choices.at[i];
        if (row->wish == CHOICE_ON && found_as(b, row->name)) {
            add_enabled(b, l, row->name);
        } else if (row->wish == CHOICE_ON) {
            say_refused(b, row->name, "модуль включён, но его нет",
                        "the module is on but not there");
            s = CRM_INVALID;
        }
    }
    for (uint32_t i = 0; i < b->choices.count; i++) {
        const module_choice *row = &b->choices.at[i];
        if (row->wish == CHOICE_OFF && has_name(l, row->name)) {
            crm_status off = follow_off(d, b, row->name);
            s = s == CRM_OK ? off : s;
        }
    }
    return s;
}

crm_status build_load(deployment *d, build *b)
{
    name_list l;
    tz_fault *faults = NULL;
    crm_status s = tz_modules(b->tz, b->arena, b->found, b->found_count, &l.at, &l.count, &faults);
    s = take(b, faults, s);
    s = s == CRM_OK ? follow_choices(d, b, &l) : s;
    if (s != CRM_OK) {
        return s;
    }
    b->modules = ARENA_ARRAY(b->arena, module *, l.count + 1);
    if (!b->modules) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; i < l.count && s == CRM_OK; i++) {
        s = load_one(d, b, l.at[i]);
    }
    return s == CRM_OK ? follow_away(d, b) : s;
}

/* Their files are served from the moment they are in force, and stay for pages that are open. */
static crm_status serve_files(static_set *files, const module *m, arena *a)
{
    crm_str dir = arena_fmt(a, "%.*s/ui", STR_FMT(plug_dir(m)));
    crm_str prefix = arena_fmt(a, "/m/%.*s/", STR_FMT(plug_name(m)));
    crm_status s = dir.p && prefix.p ? static_set_add(files, dir, prefix.p) : CRM_NOMEM;
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

crm_status build_files(const deployment *d, const build *b)
{
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && d->files && i < b->module_count; i++) {
        s = serve_files(d->files, b->modules[i], b->arena);
    }
    return s;
}

crm_status build_start(const build *b)
{
    for (uint32_t i = 0; i < b->module_count; i++) {
        crm_status s = plug_start(b->modules[i]);
        if (s != CRM_OK) {
            while (i-- > 0) {
                plug_stop(b->modules[i]);
            }
            return s;
        }
    }
    return CRM_OK;
}

void build_rest(const build *b)
{
    for (uint32_t i = 0; i < b->module_count; i++) {
        plug_stop(b->modules[i]);
    }
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
    return CRM_OK;
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
    s = s == CRM_OK ? model_register(d, b->reg) : s;
    return s == CRM_OK ? migrate_register(d, b->reg) : s;
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

crm_status build_refuse(build *b, const registry_fault *faults)
{
    return take_seal(b, faults, CRM_INVALID);
}

crm_status build_schema(deployment *d, build *b)
{
    registry_fault *faults = NULL;
    crm_status s = engine_schema(d->engine, b->reg, b->arena, &faults);
    return take_seal(b, faults, s);
}
