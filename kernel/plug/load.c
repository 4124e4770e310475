/*
 * load.c - finding module folders, and loading what has code: probe, check, map.
 *
 * A worker or the start of the server runs this; nothing here blocks a loop.
 */
#include "plug/module.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static plug_options options;
/* Every module that was ever mapped: code and notes about it stay to the end of the process. */
static _Atomic(module *) parked;

void plug_set_options(const plug_options *o)
{
    options = *o;
}

static crm_status add_refusal(arena *a, crm_str name, const refusal *why, module_refusal **list)
{
    module_refusal *row = ARENA_NEW(a, module_refusal);
    if (!row) {
        return CRM_NOMEM;
    }
    *row = (module_refusal){.module = arena_dup(a, name),
                            .code = arena_dup(a, str_of(why->code)),
                            .text = arena_dup(a, why->text),
                            .next = *list};
    *list = row;
    log_event(LOG_ERROR, "module.refused", "module=%s code=%s reason=%s", log_quote(name),
              why->code, log_quote(why->text));
    return CRM_INVALID;
}

/* ---- scanning -------------------------------------------------------------------------------- */

/* The first fault as the text of a refusal; the rest stand in the log. */
static crm_status refuse_manifest(arena *a, crm_str name, const registry_fault *f,
                                  module_refusal **list)
{
    refusal why = {.code = "bad_manifest"};
    for (const registry_fault *at = f; at; at = at->next) {
        log_event(LOG_ERROR, "module.manifest", "at=%s code=%s what=%s nearest=%s",
                  log_quote(at->source), log_quote(at->code), log_quote(at->subject),
                  log_quote(at->nearest));
    }
    const char *instead = f && f->nearest.n ? ", nearest is " : "";
    why.text = f ? arena_fmt(a, "%.*s: %.*s %.*s%s%.*s", STR_FMT(f->source), STR_FMT(f->code),
                             STR_FMT(f->subject), instead, STR_FMT(f->nearest))
                 : CRM_S("module.yaml cannot be read");
    return add_refusal(a, name, &why, list);
}

static crm_status scan_one(arena *a, const char *dir, const char *entry, module_found *out,
                           module_refusal **refused)
{
    manifest m;
    registry_fault *list = NULL;
    crm_str name = arena_dup(a, str_of(entry));
    crm_str path = arena_fmt(a, "%s/%s/%s.so", dir, entry, entry);
    crm_str file = arena_fmt(a, "%s/%s/module.yaml", dir, entry);
    *out =
        (module_found){.name = name, .dir = arena_fmt(a, "%s/%s", dir, entry), .is_bundled = true};
    if (!path.p || !file.p || !out->dir.p) {
        return CRM_NOMEM;
    }
    crm_status s = fs_read(a, file.p, MANIFEST_MAX, &out->manifest);
    if (s == CRM_NOT_FOUND) {
        return s; /* not a module's folder */
    }
    s = s == CRM_OK ? manifest_read(a, file.p, out->manifest, &m, &list) : s;
    if (s != CRM_OK) {
        return s == CRM_NOMEM ? s : refuse_manifest(a, name, list, refused);
    }
    if (!str_eq(m.name, name)) {
        refusal why;
        refuse(a, &why, "other_name", "the folder %.*s holds module %.*s", STR_FMT(name),
               STR_FMT(m.name));
        return add_refusal(a, name, &why, refused);
    }
    if (m.level > KERNEL_LEVEL) {
        refusal why;
        refuse(a, &why, "newer_level", "module %.*s needs API level %u, this kernel has level %d",
               STR_FMT(name), m.level, KERNEL_LEVEL);
        return add_refusal(a, name, &why, refused);
    }
    out->version = m.version;
    out->title = arena_fmt(a, "%.*s.title", STR_FMT(name));
    out->path = access(path.p, F_OK) == 0 ? path : (crm_str){0};
    out->level = m.level;
    out->needs = m.needs;
    out->need_count = m.need_count;
    out->offers = m.offers;
    out->offer_count = m.offer_count;
    return CRM_OK;
}

static int only_folders(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

crm_status plug_scan(arena *a, const char *dir, module_found **out, uint32_t *count,
                     module_refusal **refused)
{
    struct dirent **entries = NULL;
    int n = scandir(dir, &entries, only_folders, alphasort);
    *count = 0;
    if (n < 0) {
        return status_from_errno(errno);
    }
    *out = ARENA_ARRAY(a, module_found, (size_t)n + 1);
    crm_status s = *out ? CRM_OK : CRM_NOMEM;
    for (int i = 0; i < n; i++) {
        if (s == CRM_OK) {
            crm_status one = scan_one(a, dir, entries[i]->d_name, &(*out)[*count], refused);
            *count += one == CRM_OK;
            s = one == CRM_NOMEM ? one : CRM_OK;
        }
        free(entries[i]);
    }
    free(entries);
    return s;
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

/* Lets a child look at it. */
static crm_status probe(arena *a, crm_str name, int fd, refusal *why)
{
    const char *program = options.probe_program ? options.probe_program : "/proc/self/exe";
    int limit = options.probe_limit_ms ? options.probe_limit_ms : 5000;
    return probe_run(a, name, program, fd, limit, why);
}

crm_status plug_check(arena *a, const module_found *f, module_refusal **refused)
{
    refusal why = {.code = "unreadable"};
    int fd;
    if (!f->path.n) {
        return CRM_OK;
    }
    crm_status s = open_file(a, f->name, f->path.p, &fd, &why);
    s = s == CRM_OK ? probe(a, f->name, fd, &why) : s;
    if (fd >= 0) {
        close(fd);
    }
    return s == CRM_OK || s == CRM_NOMEM ? s : add_refusal(a, f->name, &why, refused);
}

static crm_status open_object(module *m, crm_str name, const char *path, refusal *why)
{
    const crm_module *raw;
    crm_status s = open_file(m->arena, name, path, &m->fd, why);
    if (s != CRM_OK) {
        return s;
    }
    crm_str line = probed_line(m->arena, m->fd);
    s = probed_has(line) ? CRM_OK : probe(m->arena, name, m->fd, why);
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
                          "module %.*s offers %.*s, but its code has no such thing",
                          STR_FMT(m->mf.name), STR_FMT(m->mf.offers[i]));
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
    return s == CRM_OK || s == CRM_NOMEM ? s : refuse_manifest(a, f->name, list, refused);
}

static crm_status load(module *m, arena *a, const module_found *f, module_refusal **refused)
{
    refusal why = {.code = "unreadable"};
    m->has_code = f->path.n > 0;
    m->dir = arena_cstr(m->arena, f->dir);
    m->is_bundled = f->is_bundled;
    crm_status s = m->dir ? CRM_OK : CRM_NOMEM;
    if (s == CRM_OK && m->has_code) {
        s = open_object(m, f->name, f->path.p, &why);
    }
    if (s == CRM_OK) {
        s = read_manifest(m, f, refused, a);
        if (s != CRM_OK) {
            return s;
        }
        s = check_offers(m, &why);
    }
    return s == CRM_OK || s == CRM_NOMEM ? s : add_refusal(a, f->name, &why, refused);
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
    m->info = (module_info){
        .name = m->mf.name, .version = m->mf.version, .is_bundled = m->is_bundled, .loaded = m};
    m->next = atomic_load(&parked);
    while (!atomic_compare_exchange_weak(&parked, &m->next, m)) {
    }
    *out = m;
    return CRM_OK;
}
