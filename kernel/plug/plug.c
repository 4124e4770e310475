/* plug.c - modules that are loaded as rows of a registry. */
#include "plug/module.h"

/* ---- registering ----------------------------------------------------------------------------- */

static module *find(module *const *modules, uint32_t count, crm_str name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (str_eq(modules[i]->mf.name, name)) {
            return modules[i];
        }
    }
    return NULL;
}

static const void *find_vtable(module *const *modules, uint32_t count, const crm_dep *dep)
{
    for (uint32_t i = 0; i < count; i++) {
        const descriptor *d = &modules[i]->d;
        for (uint32_t k = 0; k < d->ifaces_count; k++) {
            const crm_iface *have = &d->ifaces[k];
            if (!strcmp(have->name, dep->iface) && have->major == dep->major &&
                have->minor >= dep->min_minor) {
                return have->vtable;
            }
        }
    }
    return NULL;
}

crm_str plug_lacks(arena *a, module *const *modules, uint32_t count, uint32_t at)
{
    const descriptor *d = &modules[at]->d;
    for (uint32_t i = 0; i < d->deps_count; i++) {
        const crm_dep *dep = &d->deps[i];
        if (!(dep->flags & CRM_DEP_OPTIONAL) && !find_vtable(modules, count, dep)) {
            return arena_fmt(a, "%s %u.%u", dep->iface, dep->major, dep->min_minor);
        }
    }
    return (crm_str){0};
}

/* What one module needs of the others, and the interfaces it gets, which live with the registry. */
static crm_status resolve(module *const *modules, uint32_t count, uint32_t at, faults *f,
                          const void **used)
{
    const module *m = modules[at];
    crm_str source = arena_fmt(f->a, "%.*s", STR_FMT(m->mf.name));
    for (uint32_t i = 0; i < m->mf.need_count; i++) {
        if (!find(modules, count, m->mf.needs[i])) {
            faults_add(f, source, "missing_module", m->mf.needs[i], (crm_str){0});
        }
    }
    for (uint32_t i = 0; i < m->d.deps_count; i++) {
        const crm_dep *dep = &m->d.deps[i];
        used[i] = find_vtable(modules, count, dep);
        if (!used[i] && !(dep->flags & CRM_DEP_OPTIONAL)) {
            faults_add(f, source, "missing_interface",
                       arena_fmt(f->a, "%s %u.%u", dep->iface, dep->major, dep->min_minor),
                       (crm_str){0});
        }
    }
    return source.p ? CRM_OK : CRM_NOMEM;
}

static crm_status describe(module *m, registry *r)
{
    arena *a = registry_arena(r);
    crm_str ui = arena_fmt(a, "%s/ui", m->dir), script = arena_fmt(a, "%s/ui/ui.js", m->dir);
    if (!ui.p || !script.p) {
        return CRM_NOMEM;
    }
    module_info row = m->info;
    row.title = arena_fmt(a, "%.*s.title", STR_FMT(m->mf.name));
    row.ui_dir = access(ui.p, F_OK) == 0 ? ui : (crm_str){0};
    if (access(script.p, F_OK) == 0) {
        /* A page that stays open takes the script of another version for another one. */
        row.ui_json = arena_fmt(a, "{\"src\":\"/m/%.*s/ui.js%s%.*s\",\"api\":1}",
                                STR_FMT(m->mf.name), m->id.n ? "?v=" : "", STR_FMT(m->id));
    }
    return registry_add_module(r, &row);
}

static crm_status register_one(module *m, const enabled *on, const void *const *used, registry *r,
                               faults *f)
{
    crm_status s = describe(m, r);
    s = s == CRM_OK ? manifest_register(&m->mf, on, r, f) : s;
    if (s == CRM_OK || s == CRM_INVALID) {
        crm_status texts = locales_register(m->dir, r, f);
        s = texts == CRM_OK ? s : texts;
    }
    if (s == CRM_OK && m->info.is_without_code) {
        s = away_register(m, r);
    }
    s = s == CRM_OK && m->has_code ? bind_register(m, used, r, f) : s;
    if (s == CRM_OK && !m->info.is_without_code) {
        settings_check_jobs(&m->mf, r, f);
    }
    return s;
}

static crm_status list_enabled(module *const *modules, uint32_t count, arena *a, enabled *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        n += modules[i]->mf.entity_count;
    }
    crm_str *names = ARENA_ARRAY(a, crm_str, n + 1);
    if (!names) {
        return CRM_NOMEM;
    }
    out->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < modules[i]->mf.entity_count; k++) {
            names[out->count++] = modules[i]->mf.entities[k];
        }
    }
    out->entities = names;
    return CRM_OK;
}

crm_status plug_register(module *const *modules, uint32_t count, registry *r, arena *a,
                         registry_fault **list)
{
    enabled on;
    faults f;
    faults_init(&f, a, list);
    const void ***used = ARENA_ARRAY(a, const void **, count + 1);
    crm_status s = used ? list_enabled(modules, count, a, &on) : CRM_NOMEM;
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        used[i] = ARENA_ARRAY(registry_arena(r), const void *, modules[i]->d.deps_count + 1u);
        s = used[i] ? resolve(modules, count, i, &f, used[i]) : CRM_NOMEM;
    }
    for (uint32_t i = 0; (s == CRM_OK || s == CRM_INVALID) && i < count; i++) {
        crm_status one = register_one(modules[i], &on, used[i], r, &f);
        s = one == CRM_OK ? s : one;
    }
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        bool is_away = modules[i]->info.is_without_code; /* nobody asks its service, either */
        s = is_away ? CRM_OK : manifest_register_remote(&modules[i]->mf, &on, r, &f);
        s = s == CRM_OK && !is_away ? manifest_register_ui(&modules[i]->mf, &on, r, &f) : s;
    }
    return s == CRM_OK && f.count ? CRM_INVALID : s;
}
