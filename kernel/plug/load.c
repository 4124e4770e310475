/*
 * load.c - loading what has code: probe, check, map.
 *
 * A worker or the start of the server runs this; nothing here blocks a loop.
 */
#include "plug/module.h"
#include "plug/package.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define PROBE_LIMIT_MS 20000

static plug_options options;

void plug_set_options(const plug_options *o)
{
    options = *o;
}

const plug_options *plug_options_now(void)
{
    return &options;
}

/* ---- loading --------------------------------------------------------------------------------- */

/* Whose file it is decides what runs in this process: root's or the server's own, and nobody else's
 * to write. */
static crm_status check_file(arena *a, crm_str name, int fd, refusal *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return refuse(a, why, "not_a_file", "module %.*s: its shared object is no regular file",
                      STR_FMT(name));
    }
    if (options.is_dev) {
        return CRM_OK;
    }
    if (st.st_uid != 0 && st.st_uid != geteuid()) {
        return refuse(a, why, "bad_owner", "module %.*s: its file belongs to user %u, not to root",
                      STR_FMT(name), st.st_uid);
    }
    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        return refuse(a, why, "bad_mode",
                      "module %.*s: its file may be written by others (mode %03o)", STR_FMT(name),
                      st.st_mode & 0777u);
    }
    return CRM_OK;
}

/* *fd is -1 when there is none to close. */
static crm_status open_file(arena *a, crm_str name, const char *path, int *fd, refusal *why)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0) {
        return refuse(a, why, "unreadable", "module %.*s: %s cannot be opened", STR_FMT(name),
                      path);
    }
    return check_file(a, name, *fd, why);
}

/* Lets a child look at what none has seen yet; `line` is empty or names it to probed_add. */
static crm_status probe(arena *a, crm_str name, int fd, crm_str *line, refusal *why)
{
    *line = probed_line(a, name, fd);
    if (probed_has(*line)) {
        return CRM_OK;
    }
    const char *program = options.probe_program ? options.probe_program : "/proc/self/exe";
    int limit = options.probe_limit_ms ? options.probe_limit_ms : PROBE_LIMIT_MS;
    return probe_run(a, name, program, fd, limit, why);
}

/* An installed version is what was signed, and the open file is the one of it. */
static crm_status check_package(arena *a, const module_found *f, int fd, refusal *why)
{
    package p;
    crm_str list = arena_fmt(a, "%.*s/" PACKAGE_LIST, STR_FMT(f->dir));
    crm_str object = arena_fmt(a, "%.*s.so", STR_FMT(f->name));
    if (!list.p || !object.p) {
        return CRM_NOMEM;
    }
    if (!f->id.n || (options.is_dev && access(list.p, F_OK) != 0)) {
        return CRM_OK;
    }
    crm_status s = package_open(a, f->name, f->dir, &p, why);
    if (s == CRM_OK && !str_ends(f->id, p.hex)) {
        return refuse(a, why, "other_version", "module %.*s: %.*s is not the hash of its list",
                      STR_FMT(f->name), STR_FMT(f->id));
    }
    if (s == CRM_OK && fd >= 0 && !package_is(&p, object.p, fd)) {
        return refuse(a, why, "file_changed", "module %.*s: %.*s is not what was signed",
                      STR_FMT(f->name), STR_FMT(object));
    }
    return s;
}

crm_status plug_check(arena *a, const module_found *f, module_refusal **refused)
{
    refusal why = {.code = "unreadable"};
    int fd = -1;
    crm_str line = {0};
    crm_status s = f->path.n ? open_file(a, f->name, f->path.p, &fd, &why) : CRM_OK;
    s = s == CRM_OK ? check_package(a, f, fd, &why) : s;
    s = s == CRM_OK && f->path.n ? probe(a, f->name, fd, &line, &why) : s;
    if (s == CRM_OK) {
        probed_add(line);
    }
    if (fd >= 0) {
        close(fd);
    }
    return s == CRM_OK || s == CRM_NOMEM ? s : refusal_add(a, f->name, &why, refused);
}

static crm_status open_object(module *m, const module_found *found, refusal *why)
{
    const crm_module *raw;
    crm_str name = found->name, line;
    crm_status s = open_file(m->arena, name, found->path.p, &m->fd, why);
    s = s == CRM_OK ? check_package(m->arena, found, m->fd, why) : s;
    if (s != CRM_OK) {
        return s;
    }
    s = probe(m->arena, name, m->fd, &line, why);
    crm_str here = arena_fmt(m->arena, "/proc/self/fd/%d", m->fd);
    s = s == CRM_OK && !here.p ? CRM_NOMEM : s;
    s = s == CRM_OK ? object_open(m->arena, name, here.p, &m->handle, &raw, why) : s;
    s = s == CRM_OK ? descriptor_read(m->arena, name, raw, &m->d, why) : s;
    if (s == CRM_OK) {
        probed_add(line);
    }
    return s;
}

/* Words of the manifest's `offers` against the tables: a promise the code does not keep is refused.
 */
static bool offers_word(const module *m, crm_str word)
{
    crm_str rest = word, kind;
    str_split(&rest, ':', &kind);
    YAML_EACH(n, str_is(kind, "step") ? yaml_get(m->mf.root, "steps") : NULL) {
        if (str_eq(rest, n->key)) {
            return true; /* its HTTP service's */
        }
    }
    for (uint32_t i = 0; str_is(kind, "step") && i < m->d.steps_count; i++) {
        if (str_is(rest, m->d.steps[i].verb)) {
            return true;
        }
    }
    for (uint32_t i = 0; str_is(kind, "integration") && i < m->d.integrations_count; i++) {
        if (str_is(rest, m->d.integrations[i].type)) {
            return true;
        }
    }
    for (uint32_t i = 0; str_is(kind, "strategy") && i < m->d.strategies_count; i++) {
        if (str_is(rest, m->d.strategies[i].name)) {
            return true;
        }
    }
    return false;
}

static crm_status check_offers(module *m, refusal *why)
{
    for (uint32_t i = 0; i < m->mf.offer_count; i++) {
        if (!offers_word(m, m->mf.offers[i])) {
            return refuse(m->arena, why, "bad_manifest",
                          "module %.*s offers %.*s, but has no such thing", STR_FMT(m->mf.name),
                          STR_FMT(m->mf.offers[i]));
        }
    }
    return CRM_OK;
}

static crm_status read_manifest(module *m, const module_found *f, module_refusal **refused,
                                arena *a)
{
    registry_fault *list = NULL;
    crm_str text = m->has_code ? m->d.manifest : f->manifest;
    crm_str file = arena_fmt(m->arena, "%.*s/module.yaml", STR_FMT(f->dir));
    crm_str copy = arena_dup(m->arena, text);
    if (!file.p || !copy.p) {
        return CRM_NOMEM;
    }
    crm_status s = manifest_read(m->arena, file.p, copy, &m->mf, &list);
    return s == CRM_OK || s == CRM_NOMEM ? s : refusal_of_manifest(a, f->name, list, refused);
}

static crm_status load(module *m, arena *a, const module_found *f, module_refusal **refused)
{
    refusal why = {.code = "unreadable"};
    m->has_code = f->path.n > 0 && !f->is_without_code;
    m->dir = arena_cstr(m->arena, f->dir);
    m->id = arena_dup(m->arena, f->id);
    m->is_bundled = f->is_bundled;
    crm_status s = m->dir ? CRM_OK : CRM_NOMEM;
    if (s == CRM_OK) {
        s = m->has_code ? open_object(m, f, &why) : check_package(m->arena, f, -1, &why);
    }
    if (s == CRM_OK) {
        s = read_manifest(m, f, refused, a);
        if (s != CRM_OK) {
            return s;
        }
        s = f->is_without_code ? CRM_OK : check_offers(m, &why);
    }
    return s == CRM_OK || s == CRM_NOMEM ? s : refusal_add(a, f->name, &why, refused);
}

crm_status plug_load(arena *a, const module_found *f, module **out, module_refusal **refused)
{
    arena *own = arena_new(0);
    module *m = own ? ARENA_NEW(own, module) : NULL;
    *out = NULL;
    if (!m) {
        arena_free(own);
        return CRM_NOMEM;
    }
    m->arena = own;
    m->fd = -1;
    crm_status s = load(m, a, f, refused);
    if (s != CRM_OK) {
        /* Code that was mapped stays mapped; what is freed are our notes about it. */
        if (m->fd >= 0 && !m->handle) {
            close(m->fd);
        }
        arena_free(own);
        return s;
    }
    m->info = (module_info){.name = m->mf.name,
                            .version = m->mf.version,
                            .id = m->id,
                            .is_bundled = m->is_bundled,
                            .is_without_code = f->is_without_code,
                            .lacks = arena_dup(own, f->lacks),
                            .loaded = m};
    life_add(m);
    *out = m;
    return CRM_OK;
}
