/*
 * install.c - a signed folder becomes a version of a module that nobody writes again, and goes.
 *
 * The bytes that were hashed are the bytes that are written; the copy is looked at like any other
 * version before it gets its name.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plug/module.h"
#include "plug/package.h"

#define REMOVED ".purging-" /* a version that has no name any more, while its files go */

typedef struct installing {
    arena *a;
    const char *modules;
    module_found *out;
    module_refusal **refused;
    package p;
    crm_str beside; /* the folder it is copied to first */
} installing;

static crm_status refuse_it(installing *x, const refusal *why)
{
    return refusal_add(x->a, x->out->name, why, x->refused);
}

/* ---- what it is ------------------------------------------------------------------------------ */

static bool is_version(crm_str v)
{
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || c == '+' || c == '_' || (c == '.' && i > 0);
        if (!is_plain) {
            return false;
        }
    }
    return v.n > 0 && v.n + 1 + PLUG_ID_HEX <= PLUG_ID_MAX;
}

static crm_status read_head(installing *x, const char *from)
{
    manifest m;
    registry_fault *list = NULL;
    crm_str text, file = arena_fmt(x->a, "%s/module.yaml", from);
    refusal why = {.code = "bad_manifest"};
    x->out->name = str_of(from);
    crm_status s = file.p ? fs_read(x->a, file.p, MANIFEST_MAX, &text) : CRM_NOMEM;
    if (s == CRM_OK) {
        s = manifest_read(x->a, file.p, text, &m, &list);
    }
    if (s != CRM_OK) {
        return s == CRM_NOMEM ? s : refusal_of_manifest(x->a, x->out->name, list, x->refused);
    }
    x->out->name = m.name;
    x->out->version = m.version;
    if (!is_version(m.version)) {
        (void)!refuse(x->a, &why, "bad_manifest", "module %.*s: its version cannot name a folder",
                      STR_FMT(m.name));
        return refuse_it(x, &why);
    }
    return CRM_OK;
}

/* ---- the copy -------------------------------------------------------------------------------- */

/* With the folders above it. */
static crm_status write_file(installing *x, crm_str path, crm_str bytes)
{
    crm_str full = arena_fmt(x->a, "%.*s/%.*s", STR_FMT(x->beside), STR_FMT(path));
    crm_status s = full.p ? CRM_OK : CRM_NOMEM;
    for (size_t i = x->beside.n + 1; s == CRM_OK && i < full.n; i++) {
        if (full.p[i] == '/') {
            crm_str folder = arena_dup(x->a, (crm_str){full.p, i});
            s = folder.p ? fs_mkdir(folder.p, 0755) : CRM_NOMEM;
        }
    }
    return s == CRM_OK ? fs_write(full.p, bytes, 0644) : s;
}

static crm_status copy_files(installing *x)
{
    refusal why = {.code = "unreadable"};
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < x->p.count; i++) {
        crm_str bytes;
        arena_mark mark = arena_mark_get(x->a);
        s = package_read(x->a, x->out->name, &x->p, &x->p.files[i], &bytes, &why);
        if (s == CRM_INVALID) {
            return refuse_it(x, &why);
        }
        s = s == CRM_OK ? write_file(x, x->p.files[i].path, bytes) : s;
        arena_rewind(x->a, mark);
    }
    s = s == CRM_OK ? write_file(x, CRM_S(PACKAGE_LIST), x->p.list) : s;
    return s == CRM_OK && x->p.signature.n ? write_file(x, CRM_S(PACKAGE_SIGNATURE), x->p.signature)
                                           : s;
}

static crm_status check_copy(installing *x)
{
    module_found f = *x->out;
    crm_str object = arena_fmt(x->a, "%.*s/%.*s.so", STR_FMT(x->beside), STR_FMT(f.name));
    f.dir = x->beside;
    f.path = object.p && access(object.p, F_OK) == 0 ? object : (crm_str){0};
    return object.p ? plug_check(x->a, &f, x->refused) : CRM_NOMEM;
}

static crm_status copy(installing *x)
{
    crm_str home = arena_fmt(x->a, "%s/%.*s", x->modules, STR_FMT(x->out->name));
    crm_status s = home.p ? fs_mkdir(x->beside.p, 0755) : CRM_NOMEM;
    s = s == CRM_OK ? copy_files(x) : s;
    s = s == CRM_OK ? check_copy(x) : s;
    s = s == CRM_OK ? fs_mkdir(home.p, 0755) : s;
    if (s == CRM_OK && rename(x->beside.p, x->out->dir.p) != 0) {
        s = status_from_errno(errno);
    }
    if (s != CRM_OK) {
        fs_remove_all(x->beside.p);
    }
    return s == CRM_OK ? fs_sync(home.p) : s;
}

crm_status plug_install(arena *a, const char *from, const char *modules, module_found *out,
                        module_refusal **refused)
{
    installing x = {.a = a, .modules = modules, .out = out, .refused = refused};
    refusal why = {.code = "unreadable"};
    *out = (module_found){0};
    crm_status s = read_head(&x, from);
    if (s != CRM_OK) {
        return s;
    }
    s = package_open(a, out->name, str_of(from), &x.p, &why);
    if (s != CRM_OK) {
        return s == CRM_NOMEM ? s : refuse_it(&x, &why);
    }
    out->id = arena_fmt(a, "%.*s-%.*s", STR_FMT(out->version), STR_FMT(x.p.hex));
    out->dir = arena_fmt(a, "%s/%.*s/%.*s", modules, STR_FMT(out->name), STR_FMT(out->id));
    x.beside = arena_fmt(a, "%s/.installing-%.*s", modules, STR_FMT(out->id));
    if (!out->id.p || !out->dir.p || !x.beside.p) {
        return CRM_NOMEM;
    }
    if (access(out->dir.p, F_OK) == 0) {
        return CRM_CONFLICT;
    }
    /* What was broken off has left. */
    fs_remove_all(x.beside.p);
    plug_drop_removed(modules);
    return copy(&x);
}

/* ---- away again ------------------------------------------------------------------------------ */

void plug_drop_removed(const char *modules)
{
    DIR *all = opendir(modules);
    for (struct dirent *one; all && (one = readdir(all));) {
        char path[PATH_MAX];
        int n = snprintf(path, sizeof path, "%s/%s", modules, one->d_name);
        if (str_starts(str_of(one->d_name), CRM_S(REMOVED)) && n > 0 && (size_t)n < sizeof path) {
            fs_remove_all(path);
        }
    }
    if (all) {
        closedir(all);
    }
}

crm_status plug_remove(arena *a, const module_found *f, const char *modules)
{
    crm_str home = arena_fmt(a, "%s/%.*s", modules, STR_FMT(f->name));
    crm_str aside =
        arena_fmt(a, "%s/" REMOVED "%.*s-%.*s", modules, STR_FMT(f->name), STR_FMT(f->id));
    if (!home.p || !aside.p || !f->id.n) {
        return f->id.n ? CRM_NOMEM : CRM_MISUSE;
    }
    plug_drop_removed(modules);
    if (rename(f->dir.p, aside.p) != 0) {
        return status_from_errno(errno);
    }
    fs_remove_all(aside.p);
    crm_status s = fs_sync(home.p);
    (void)!rmdir(home.p); /* where nothing of it came with the server */
    return s;
}
