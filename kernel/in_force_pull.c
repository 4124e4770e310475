/* in_force_pull.c - the ТЗ in force given back as files: all of them, or none. Worker threads;
 * blocking. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs_copy.h"
#include "base/fs_walk.h"
#include "base/log.h"
#include "base/status.h"
#include "in_force.h"

#define BESIDE   ".karkas-pull" /* in the folder, until all is written */
#define FILE_MAX ((size_t)8 << 20)

/* A file or folder, the last one first. */
typedef struct pull_name {
    const char *path;
    struct pull_name *next;
} pull_name;

typedef struct pulling {
    arena *a;
    const char *from, *to, *beside;
    pull_name *files, *made; /* what was put there, and the folders made for it */
    in_force_pulled *out;
} pulling;

static const char *in(const pulling *p, const char *dir, crm_str name)
{
    return arena_fmt(p->a, "%s/%.*s", dir, STR_FMT(name)).p;
}

static crm_status note(const pulling *p, pull_name **list, const char *path)
{
    pull_name *n = ARENA_NEW(p->a, pull_name);
    if (n) {
        *n = (pull_name){path, *list};
        *list = n;
    }
    return n ? CRM_OK : CRM_NOMEM;
}

static crm_status failed(const pulling *p, crm_status s, crm_str name)
{
    if (s != CRM_OK && !p->out->failed.n) {
        p->out->failed = name;
    }
    return s;
}

/* ---- beside ---------------------------------------------------------------------------------- */

static crm_status read_file(const pulling *p, const char *path, crm_str *text)
{
    crm_status s = path ? fs_read(p->a, path, FILE_MAX, text) : CRM_NOMEM;
    if (path && s != CRM_OK && s != CRM_NOT_FOUND) {
        p->out->unread = str_of(path);
    }
    return s;
}

/* A file that is larger than any of ours, or none at all. */
static bool is_other(const char *path)
{
    struct stat at;
    return stat(path, &at) == 0 && (!S_ISREG(at.st_mode) || (size_t)at.st_size > FILE_MAX);
}

/* What is there and says the same stays. */
static crm_status write_one(void *arg, crm_str name)
{
    pulling *p = arg;
    crm_str ours, there;
    const char *from = in(p, p->from, name), *to = in(p, p->to, name);
    crm_status s = from && to ? read_file(p, from, &ours) : CRM_NOMEM;
    if (s != CRM_OK) {
        return s;
    }
    s = is_other(to) ? CRM_TOO_LARGE : read_file(p, to, &there);
    if (s == CRM_OK && str_eq(ours, there)) {
        return CRM_OK;
    }
    if (s == CRM_OK || s == CRM_TOO_LARGE) {
        p->out->taken = name;
        return CRM_CONFLICT;
    }
    if (s != CRM_NOT_FOUND) {
        return s;
    }
    s = fs_mkdirs(p->a, p->beside, name, 0750);
    return failed(p, s == CRM_OK ? fs_write(in(p, p->beside, name), ours, 0640) : s, name);
}

static crm_status write_beside(pulling *p)
{
    crm_status s = fs_files(p->a, p->from, NULL, write_one, p);
    const in_force_pulled *out = p->out;
    if (s != CRM_OK && !out->taken.n && !out->failed.n && !out->unread.n) {
        p->out->unread = str_of(p->from); /* a folder of it */
    }
    return s;
}

/* ---- in place -------------------------------------------------------------------------------- */

static crm_status make_folder(pulling *p, const char *path)
{
    if (!path || mkdir(path, 0750) != 0) {
        return !path ? CRM_NOMEM : errno == EEXIST ? CRM_OK : status_from_errno(errno);
    }
    return note(p, &p->made, path);
}

static crm_status make_folders(pulling *p, crm_str name)
{
    crm_status s = CRM_OK;
    for (size_t i = 0; s == CRM_OK && i < name.n; i++) {
        s = name.p[i] == '/' ? make_folder(p, in(p, p->to, (crm_str){name.p, i})) : CRM_OK;
    }
    return s;
}

/* Overwrites nothing that came there meanwhile. */
static crm_status place_one(void *arg, crm_str name)
{
    pulling *p = arg;
    const char *from = in(p, p->beside, name), *to = in(p, p->to, name);
    crm_status s = from && to ? make_folders(p, name) : CRM_NOMEM;
    s = s == CRM_OK ? fs_place(from, to) : s;
    return failed(p, s == CRM_OK ? note(p, &p->files, to) : s, name);
}

static void take_back(const pulling *p)
{
    bool is_back = true;
    for (const pull_name *n = p->files; n; n = n->next) {
        is_back = unlink(n->path) == 0 && is_back;
    }
    for (const pull_name *n = p->made; n; n = n->next) {
        is_back = rmdir(n->path) == 0 && is_back;
    }
    p->out->is_left = !is_back;
}

/* The name that a kill left empty while fs_place was at it: what is to stand there is still beside.
 */
static crm_status forget_claim(void *arg, crm_str name)
{
    const pulling *p = arg;
    struct stat at;
    const char *to = in(p, p->to, name);
    if (to && lstat(to, &at) == 0 && S_ISREG(at.st_mode) && at.st_size == 0 && unlink(to) != 0) {
        return status_from_errno(errno);
    }
    return to ? CRM_OK : CRM_NOMEM;
}

/* What a pull that was cut off has left. */
static crm_status clear(pulling *p)
{
    struct stat at;
    bool was_cut_off = lstat(p->beside, &at) == 0 && S_ISDIR(at.st_mode);
    crm_status s = was_cut_off ? fs_files(p->a, p->beside, NULL, forget_claim, p) : CRM_OK;
    fs_remove_all(p->beside);
    return s;
}

static crm_status pull_all(pulling *p)
{
    crm_status s = make_folder(p, p->to);
    s = s == CRM_OK ? clear(p) : s;
    if (s == CRM_OK && mkdir(p->beside, 0700) != 0) {
        s = status_from_errno(errno);
    }
    s = s == CRM_OK ? write_beside(p) : s;
    s = s == CRM_OK ? fs_files(p->a, p->beside, NULL, place_one, p) : s;
    s = s == CRM_OK ? fs_sync(p->to) : s;
    fs_remove_all(p->beside);
    if (s != CRM_OK) {
        take_back(p);
    }
    return s;
}

crm_status in_force_pull(arena *a, const char *data, const char *dir, in_force_pulled *out)
{
    in_force now;
    crm_status s = in_force_read(a, data, &now);
    const char *root = s == CRM_OK ? in_force_copy(a, data, &now) : NULL;
    if (!root) {
        out->is_none = s == CRM_OK;
        return s == CRM_OK ? CRM_NOT_FOUND : s;
    }
    /* The copy is tz.copy/HASH/ROOT; a ТЗ's root file stands in no folder of its own. */
    size_t end = (size_t)(strrchr(root, '/') - root);
    pulling p = {.a = a, .to = dir, .out = out};
    p.from = arena_fmt(a, "%.*s", (int)end, root).p;
    p.beside = in(&p, dir, CRM_S(BESIDE));
    out->root = str_of(root + end + 1);
    return p.from && p.beside ? pull_all(&p) : CRM_NOMEM;
}
