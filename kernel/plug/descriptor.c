/* descriptor.c - checking a descriptor and copying it into this kernel's shape. */
#include "plug/descriptor.h"

#include <dlfcn.h>
#include <stdarg.h>

crm_status refuse(arena *a, refusal *why, const char *code, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    why->code = code;
    why->text = arena_dup(a, (crm_str){text, length});
    return CRM_INVALID;
}

/* The offset of the first word that is not zero, or n. */
static size_t first_set(const unsigned char *p, size_t n)
{
    size_t i = 0;
    while (i < n && !p[i]) {
        i++;
    }
    return i < n ? i & ~(size_t)7 : n;
}

typedef struct check {
    arena *a;
    crm_str name;
    refusal *why;
} check;

/* ---- the head -------------------------------------------------------------------------------- */

static crm_status check_start(check *k, const crm_module *raw)
{
    if (raw->magic != CRM_MODULE_MAGIC) {
        return refuse(k->a, k->why, "bad_magic",
                      "module %.*s: no descriptor (magic %08x, not %08x)", STR_FMT(k->name),
                      raw->magic, CRM_MODULE_MAGIC);
    }
    if (raw->level == 0 || raw->level > KERNEL_LEVEL) {
        return refuse(k->a, k->why, raw->level ? "newer_level" : "bad_level",
                      "module %.*s needs API level %u, this kernel has level %d", STR_FMT(k->name),
                      raw->level, KERNEL_LEVEL);
    }
    if (raw->size < offsetof(crm_module, deps) || raw->size > DESCRIPTOR_SIZE_MAX ||
        raw->size % 8) {
        return refuse(k->a, k->why, "bad_size", "module %.*s: a descriptor of %u bytes is none",
                      STR_FMT(k->name), raw->size);
    }
    return CRM_OK;
}

static crm_status copy_head(check *k, const crm_module *raw, crm_module *out)
{
    size_t known = raw->size < sizeof *out ? raw->size : sizeof *out;
    memset(out, 0, sizeof *out);
    memcpy(out, raw, known);
    size_t tail = raw->size - known;
    size_t at = first_set((const unsigned char *)raw + known, tail);
    if (at < tail) {
        return refuse(
            k->a, k->why, "too_new_fields",
            "module %.*s (level %u) sets a descriptor field at offset %zu that this kernel "
            "(level %d, %zu bytes) does not know",
            STR_FMT(k->name), raw->level, known + at, KERNEL_LEVEL, sizeof *out);
    }
    if (out->flags || out->reserved) {
        return refuse(
            k->a, k->why, "too_new_fields",
            "module %.*s (level %u) sets flags %#x/%#x that this kernel (level %d) does not "
            "know",
            STR_FMT(k->name), raw->level, out->flags, out->reserved, KERNEL_LEVEL);
    }
    return CRM_OK;
}

static crm_status check_identity(check *k, descriptor *d)
{
    const crm_module *m = &d->head;
    if (!m->host_slot || !m->name || !m->version || !m->manifest) {
        return refuse(k->a, k->why, "bad_descriptor",
                      "module %.*s: host_slot, name, version and manifest must be set",
                      STR_FMT(k->name));
    }
    size_t max = 512u << 10;
    size_t n = m->manifest_size ? m->manifest_size : strnlen(m->manifest, max + 1);
    if (n > max) {
        return refuse(k->a, k->why, "bad_manifest", "module %.*s: its manifest is over 512 KiB",
                      STR_FMT(k->name));
    }
    d->manifest = (crm_str){m->manifest, n};
    if (!str_eq(str_of(m->name), k->name)) {
        return refuse(k->a, k->why, "other_name", "the file of module %.*s holds module %.40s",
                      STR_FMT(k->name), m->name);
    }
    return CRM_OK;
}

/* ---- tables ---------------------------------------------------------------------------------- */

typedef struct table {
    const char *name;
    const void *at;
    uint32_t count, stride;
    size_t size; /* of a row as this kernel knows it */
} table;

static crm_status check_table(check *k, const table *t)
{
    bool is_bad = t->stride < t->size || t->stride > STRIDE_MAX || t->stride % 8 ||
                  t->count > ROWS_MAX || !t->at;
    if (t->count && is_bad) {
        return refuse(k->a, k->why, "bad_stride", "module %.*s: table %s has %u rows of %u bytes",
                      STR_FMT(k->name), t->name, t->count, t->stride);
    }
    return CRM_OK;
}

/* `slot` is the pointer, of whatever type, that is to be set to the rows. */
static crm_status copy_rows(check *k, const table *t, void *slot, uint32_t *count)
{
    crm_status s = check_table(k, t);
    *count = s == CRM_OK ? t->count : 0;
    if (!*count) {
        return s;
    }
    unsigned char *rows = arena_array(k->a, t->count, t->size);
    if (!rows) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; i < t->count; i++) {
        const unsigned char *row = (const unsigned char *)t->at + (size_t)i * t->stride;
        memcpy(rows + i * t->size, row, t->size);
        size_t tail = t->stride - t->size, at = first_set(row + t->size, tail);
        if (at < tail) {
            return refuse(
                k->a, k->why, "too_new_fields",
                "module %.*s sets offset %zu of %s[%u], which this kernel (level %d) does "
                "not know",
                STR_FMT(k->name), t->size + at, t->name, i, KERNEL_LEVEL);
        }
    }
    memcpy(slot, &rows, sizeof rows);
    return CRM_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static crm_status bad_row(check *k, const char *what, uint32_t i, const char *text)
{
    return refuse(k->a, k->why, "bad_row", "module %.*s: %s[%u] %s", STR_FMT(k->name), what, i,
                  text);
}

static crm_status newer_row(check *k, const char *what, uint32_t i, uint32_t value)
{
    return refuse(k->a, k->why, "too_new_fields",
                  "module %.*s: %s[%u] asks for %u, which this kernel (level %d) does not know",
                  STR_FMT(k->name), what, i, value, KERNEL_LEVEL);
}

static crm_status check_routes(check *k, const descriptor *d)
{
    for (uint32_t i = 0; i < d->routes_count; i++) {
        const crm_route *row = &d->routes[i];
        if (row->tx > CRM_TX_WRITE) {
            return newer_row(k, "routes.tx", i, row->tx);
        }
        if (!row->method || !row->path || row->path[0] != '/' || !row->fn || !row->perm) {
            return bad_row(k, "routes", i, "lacks method, path, fn or perm");
        }
    }
    return CRM_OK;
}

static crm_status check_hooks(check *k, const descriptor *d)
{
    for (uint32_t i = 0; i < d->hooks_count; i++) {
        if (d->hooks[i].when > CRM_AFTER_DELETE) {
            return newer_row(k, "hooks.when", i, d->hooks[i].when);
        }
        if (!d->hooks[i].entity || !d->hooks[i].fn) {
            return bad_row(k, "hooks", i, "lacks entity or fn");
        }
    }
    return CRM_OK;
}

static crm_status check_integrations(check *k, const descriptor *d)
{
    for (uint32_t i = 0; i < d->integrations_count; i++) {
        const crm_integration *row = &d->integrations[i];
        if (row->flags & ~CRM_INTEGRATION_SIGNED) {
            return newer_row(k, "integrations.flags", i, row->flags);
        }
        if (!row->type || !row->receive) {
            return bad_row(k, "integrations", i, "lacks type or receive");
        }
    }
    return CRM_OK;
}

static bool is_service_name(const char *name)
{
    size_t n = name ? strlen(name) : 0;
    bool is_word = n && n <= 40 && name[0] >= 'a' && name[0] <= 'z';
    return is_word && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static crm_status check_services(check *k, const descriptor *d)
{
    if (d->services_count > SERVICES_OF_MODULE) {
        return refuse(k->a, k->why, "bad_row", "module %.*s: %u services, at most %d are taken",
                      STR_FMT(k->name), d->services_count, SERVICES_OF_MODULE);
    }
    for (uint32_t i = 0; i < d->services_count; i++) {
        const crm_service_def *row = &d->services[i];
        if (row->flags) {
            return newer_row(k, "services.flags", i, row->flags);
        }
        if (!is_service_name(row->name) || !row->run) {
            return bad_row(k, "services", i, "lacks run or a name of small letters, digits and _");
        }
        if (row->title_key && strlen(row->title_key) > 100) {
            return bad_row(k, "services", i, "has a title_key of more than 100 bytes");
        }
        if (row->drain_ms > SERVICE_DRAIN_MOST) {
            return bad_row(k, "services", i, "has a drain_ms over 60000");
        }
    }
    return CRM_OK;
}

#define CHECK_ROWS(member, test, text)                 \
    for (uint32_t i = 0; i < d->member##_count; i++) { \
        if (!(test)) {                                 \
            return bad_row(k, #member, i, text);       \
        }                                              \
    }

static crm_status check_rows(check *k, const descriptor *d)
{
    CHECK_ROWS(deps, d->deps[i].iface, "lacks iface")
    CHECK_ROWS(ifaces, d->ifaces[i].name && d->ifaces[i].vtable, "lacks name or vtable")
    CHECK_ROWS(listeners, d->listeners[i].name && d->listeners[i].entity && d->listeners[i].fn,
               "lacks name, entity or fn")
    CHECK_ROWS(jobs, d->jobs[i].name && d->jobs[i].fn, "lacks name or fn")
    CHECK_ROWS(steps, d->steps[i].verb && d->steps[i].fn, "lacks verb or fn")
    CHECK_ROWS(strategies, d->strategies[i].name && d->strategies[i].fn, "lacks name or fn")
    CHECK_ROWS(perms, d->perms[i].name && d->perms[i].title, "lacks name or title")
    CHECK_ROWS(migrations, d->migrations[i].fn, "lacks fn")
    CHECK_ROWS(migrations, d->migrations[i].version > (i ? d->migrations[i - 1].version : 0),
               "does not stand behind those of lesser versions")
    crm_status s = check_routes(k, d);
    s = s == CRM_OK ? check_hooks(k, d) : s;
    s = s == CRM_OK ? check_integrations(k, d) : s;
    return s == CRM_OK ? check_services(k, d) : s;
}

crm_status descriptor_read(arena *a, crm_str name, const crm_module *raw, descriptor *out,
                           refusal *why)
{
    check k = {.a = a, .name = name, .why = why};
    memset(out, 0, sizeof *out);
    crm_status s = check_start(&k, raw);
    s = s == CRM_OK ? copy_head(&k, raw, &out->head) : s;
    s = s == CRM_OK ? check_identity(&k, out) : s;
    if (s != CRM_OK) {
        return s;
    }
#define X(T, member)                                                                           \
    s = s == CRM_OK ? copy_rows(&k,                                                            \
                                &(table){#member, out->head.member.at, out->head.member.count, \
                                         out->head.member.stride, sizeof(T)},                  \
                                &out->member, &out->member##_count)                            \
                    : s;
    DESCRIPTOR_TABLES(X)
#undef X
    return s == CRM_OK ? check_rows(&k, out) : s;
}

/* ---- the shared object ----------------------------------------------------------------------- */

crm_status object_open(arena *a, crm_str name, const char *path, void **handle,
                       const crm_module **raw, refusal *why)
{
    /* NODELETE: code of a stopped generation stays mapped, so a late return into it is harmless. */
    *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!*handle) {
        return refuse(a, why, "not_loadable", "module %.*s: %s", STR_FMT(name), dlerror());
    }
    const crm_module *const *symbol = dlsym(*handle, "crm_module_v1");
    if (!symbol || !*symbol) {
        return refuse(a, why, "no_symbol",
                      "module %.*s: no crm_module_v1 in the file (this kernel speaks ABI major %d)",
                      STR_FMT(name), CRM_ABI_MAJOR);
    }
    *raw = *symbol;
    return CRM_OK;
}
