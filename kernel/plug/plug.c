/* plug.c - modules that are loaded: starting and stopping them, and their rows in a registry. */
#include "plug/module.h"

crm_str plug_name(const module *m)
{
    return m->mf.name;
}

/* ---- running --------------------------------------------------------------------------------- */

static void free_kept(module *m)
{
    while (m->kept) {
        kept *next = m->kept->next;
        free(m->kept);
        m->kept = next;
    }
}

crm_status plug_start(module *m)
{
    running f;
    if (m->state != MODULE_LOADED) {
        return m->state == MODULE_RUNNING ? CRM_OK : CRM_MISUSE;
    }
    crm_status s = CRM_OK;
    if (m->has_code) {
        *m->d.head.host_slot = &plug_host;
        call_enter(&f, m, NULL, "start", "");
        s = m->d.head.start ? m->d.head.start(&plug_host) : CRM_OK;
        s = call_leave(&f, s);
    }
    if (s != CRM_OK) {
        log_event(LOG_ERROR, "module.start_failed", "module=%s status=%s", log_quote(m->mf.name),
                  status_code(s));
        free_kept(m);
        m->state = MODULE_STOPPED;
        return s;
    }
    m->state = MODULE_RUNNING;
    log_event(LOG_INFO, "module.started", "module=%s version=%s code=%d", log_quote(m->mf.name),
              log_quote(m->mf.version), m->has_code);
    return CRM_OK;
}

void plug_stop(module *m)
{
    running f;
    if (m->state != MODULE_RUNNING) {
        return;
    }
    m->state = MODULE_STOPPED;
    if (m->d.head.stop) {
        call_enter(&f, m, NULL, "stop", "");
        m->d.head.stop();
        (void)!call_leave(&f, CRM_OK);
    }
    free_kept(m);
    log_event(LOG_INFO, "module.stopped", "module=%s", log_quote(m->mf.name));
}

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

static crm_status resolve(module *m, module *const *modules, uint32_t count, faults *f)
{
    crm_str source = arena_fmt(f->a, "%.*s", STR_FMT(m->mf.name));
    for (uint32_t i = 0; i < m->mf.need_count; i++) {
        if (!find(modules, count, m->mf.needs[i])) {
            faults_add(f, source, "missing_module", m->mf.needs[i], (crm_str){0});
        }
    }
    m->used = arena_array(m->arena, m->d.deps_count + 1u, sizeof *m->used);
    for (uint32_t i = 0; m->used && i < m->d.deps_count; i++) {
        const crm_dep *dep = &m->d.deps[i];
        m->used[i] = find_vtable(modules, count, dep);
        if (!m->used[i] && !(dep->flags & CRM_DEP_OPTIONAL)) {
            faults_add(f, source, "missing_interface",
                       arena_fmt(f->a, "%s %u.%u", dep->iface, dep->major, dep->min_minor),
                       (crm_str){0});
        }
    }
    return m->used ? CRM_OK : CRM_NOMEM;
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
        row.ui_json = arena_fmt(a, "{\"src\":\"/m/%.*s/ui.js\",\"api\":1}", STR_FMT(m->mf.name));
    }
    return registry_add_module(r, &row);
}

static crm_status register_one(module *m, const enabled *on, registry *r, faults *f)
{
    crm_status s = describe(m, r);
    s = s == CRM_OK ? manifest_register(&m->mf, on, r, f) : s;
    if (s == CRM_OK || s == CRM_INVALID) {
        crm_status texts = locales_register(m->dir, r, f);
        s = texts == CRM_OK ? s : texts;
    }
    return s == CRM_OK && m->has_code ? bind_register(m, r, f) : s;
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
    crm_status s = list_enabled(modules, count, a, &on);
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        s = resolve(modules[i], modules, count, &f);
    }
    for (uint32_t i = 0; (s == CRM_OK || s == CRM_INVALID) && i < count; i++) {
        crm_status one = register_one(modules[i], &on, r, &f);
        s = one == CRM_OK ? s : one;
    }
    return s == CRM_OK && f.count ? CRM_INVALID : s;
}

void plug_usage_of(const module_info *info, plug_usage *out)
{
    const module *m = info->loaded;
    *out = (plug_usage){0};
    if (m) {
        out->calls = atomic_load_explicit(&m->calls, memory_order_relaxed);
        out->nanoseconds = atomic_load_explicit(&m->nanoseconds, memory_order_relaxed);
        out->slow = atomic_load_explicit(&m->slow, memory_order_relaxed);
        out->timeouts = atomic_load_explicit(&m->timeouts, memory_order_relaxed);
    }
}
