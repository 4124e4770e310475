/*
 * scan.c - which modules lie in a folder: bundled ones, and the versions that were installed.
 *
 * A worker or the start of the server runs this; nothing here blocks a loop.
 */
#include "plug/module.h"

#include <dirent.h>
#include <errno.h>

#define FOUND_MAX 1024 /* versions of all modules */

typedef struct scanning {
    arena *a;
    module_found *at;
    uint32_t count, room;
    module_refusal **refused;
} scanning;

/* "1.2.0-0123456789ab" */
static bool is_version_id(const char *name)
{
    crm_str id = str_of(name);
    if (id.n < PLUG_ID_HEX + 2 || id.n > PLUG_ID_MAX || id.p[id.n - PLUG_ID_HEX - 1] != '-') {
        return false;
    }
    for (size_t i = id.n - PLUG_ID_HEX; i < id.n; i++) {
        bool is_hex = (id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'a' && id.p[i] <= 'f');
        if (!is_hex) {
            return false;
        }
    }
    return true;
}

static crm_status refuse_as(scanning *x, const module_found *f, const refusal *why)
{
    return why->text.p ? refusal_add(x->a, f->name, why, x->refused) : CRM_NOMEM;
}

/* The folder says which module and, of an installed one, which version must be in it. */
static crm_status check_head(scanning *x, const module_found *f, const manifest *m)
{
    refusal why;
    if (!str_eq(m->name, f->name)) {
        (void)!refuse(x->a, &why, "other_name", "the folder %.*s holds module %.*s",
                      STR_FMT(f->name), STR_FMT(m->name));
        return refuse_as(x, f, &why);
    }
    bool is_other =
        f->id.n && (f->id.n != m->version.n + 1 + PLUG_ID_HEX || !str_starts(f->id, m->version));
    if (is_other) {
        (void)!refuse(x->a, &why, "other_version", "the folder %.*s holds version %.*s of %.*s",
                      STR_FMT(f->id), STR_FMT(m->version), STR_FMT(m->name));
        return refuse_as(x, f, &why);
    }
    if (m->level > KERNEL_LEVEL) {
        (void)!refuse(x->a, &why, "newer_level",
                      "module %.*s needs API level %u, this kernel has level %d", STR_FMT(f->name),
                      m->level, KERNEL_LEVEL);
        return refuse_as(x, f, &why);
    }
    return CRM_OK;
}

static crm_status describe(scanning *x, module_found *f)
{
    manifest m;
    registry_fault *list = NULL;
    crm_str path = arena_fmt(x->a, "%.*s/%.*s.so", STR_FMT(f->dir), STR_FMT(f->name));
    crm_str file = arena_fmt(x->a, "%.*s/module.yaml", STR_FMT(f->dir));
    if (!path.p || !file.p) {
        return CRM_NOMEM;
    }
    crm_status s = fs_read(x->a, file.p, MANIFEST_MAX, &f->manifest);
    if (s == CRM_NOT_FOUND) {
        return s; /* not a module's folder */
    }
    s = s == CRM_OK ? manifest_read(x->a, file.p, f->manifest, &m, &list) : s;
    if (s != CRM_OK) {
        return s == CRM_NOMEM ? s : refusal_of_manifest(x->a, f->name, list, x->refused);
    }
    s = check_head(x, f, &m);
    f->version = m.version;
    f->title = arena_fmt(x->a, "%.*s.title", STR_FMT(f->name));
    f->path = access(path.p, F_OK) == 0 ? path : (crm_str){0};
    f->level = m.level;
    f->needs = m.needs;
    f->need_count = m.need_count;
    f->offers = m.offers;
    f->offer_count = m.offer_count;
    return s;
}

/* Room for one more; NULL when memory is out or there are too many. */
static module_found *next_row(scanning *x)
{
    if (x->count == x->room) {
        uint32_t room = x->room ? x->room * 2 : 32;
        module_found *more = room <= FOUND_MAX ? ARENA_ARRAY(x->a, module_found, room) : NULL;
        if (!more) {
            return NULL;
        }
        if (x->count) {
            memcpy(more, x->at, x->count * sizeof *more);
        }
        x->at = more;
        x->room = room;
    }
    return &x->at[x->count];
}

/* NOMEM ends the scan; whatever else is wrong with a folder stands among the refusals. */
static crm_status take(scanning *x, const char *dir, const char *name, const char *id)
{
    module_found *f = next_row(x);
    if (!f) {
        return CRM_NOMEM;
    }
    *f = (module_found){.name = arena_dup(x->a, str_of(name)),
                        .id = arena_dup(x->a, str_of(id)),
                        .dir = arena_fmt(x->a, "%s/%s%s%s", dir, name, *id ? "/" : "", id),
                        .is_bundled = !*id};
    crm_status s = f->dir.p ? describe(x, f) : CRM_NOMEM;
    x->count += s == CRM_OK;
    return s == CRM_NOMEM ? s : CRM_OK;
}

static int only_shown(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static int only_versions(const struct dirent *e)
{
    return is_version_id(e->d_name);
}

static crm_status take_versions(scanning *x, const char *dir, const char *name)
{
    struct dirent **entries = NULL;
    crm_str folder = arena_fmt(x->a, "%s/%s", dir, name);
    int n = folder.p ? scandir(folder.p, &entries, only_versions, versionsort) : -1;
    crm_status s = folder.p ? CRM_OK : CRM_NOMEM;
    for (int i = 0; i < n; i++) {
        s = s == CRM_OK ? take(x, dir, name, entries[i]->d_name) : s;
        free(entries[i]);
    }
    free(entries);
    return s; /* a file among the folders has no versions */
}

crm_status plug_scan(arena *a, const char *dir, module_found **out, uint32_t *count,
                     module_refusal **refused)
{
    struct dirent **entries = NULL;
    scanning x = {.a = a, .refused = refused};
    int n = scandir(dir, &entries, only_shown, alphasort);
    crm_status s = n < 0 ? status_from_errno(errno) : CRM_OK;
    for (int i = 0; i < n; i++) {
        s = s == CRM_OK ? take(&x, dir, entries[i]->d_name, "") : s;
        s = s == CRM_OK ? take_versions(&x, dir, entries[i]->d_name) : s;
        free(entries[i]);
    }
    free(entries);
    *out = x.at;
    *count = s == CRM_OK ? x.count : 0;
    return s;
}
