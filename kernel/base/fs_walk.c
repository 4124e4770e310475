/* fs_walk.c - see fs_walk.h. */
#include "base/fs_walk.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"
#include "base/str.h"

#define BESIDE_CHARS 13 /* of ".0123abcd.new" */

crm_status fs_mkdirs(arena *a, const char *dir, crm_str name, unsigned mode)
{
    crm_status s = CRM_OK;
    for (size_t i = 0; s == CRM_OK && i < name.n; i++) {
        if (name.p[i] == '/') {
            crm_str path = arena_fmt(a, "%s/%.*s", dir, (int)i, name.p);
            s = path.p ? fs_mkdir(path.p, mode) : CRM_NOMEM;
        }
    }
    return s;
}

typedef struct walk {
    arena *a;
    const char *dir;
    fs_each each;
    void *arg;
} walk;

static crm_status walk_into(const walk *w, crm_str name, int depth);

static crm_status walk_folder(const walk *w, const char *path, crm_str name, int depth)
{
    DIR *all = opendir(path);
    crm_status s = all ? CRM_OK : status_from_errno(errno);
    for (struct dirent *one; all && s == CRM_OK && (errno = 0, one = readdir(all));) {
        if (strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0) {
            crm_str below =
                arena_fmt(w->a, "%.*s%s%s", STR_FMT(name), name.n ? "/" : "", one->d_name);
            s = below.p ? walk_into(w, below, depth + 1) : CRM_NOMEM;
        }
    }
    if (all) {
        s = s == CRM_OK && errno != ENOENT ? status_from_errno(errno) : s; /* no next one: why */
        closedir(all);
    }
    return s;
}

static crm_status walk_into(const walk *w, crm_str name, int depth)
{
    struct stat st;
    crm_str path = arena_fmt(w->a, "%s/%.*s", w->dir, STR_FMT(name));
    if (!path.p || depth > FS_DEPTH) {
        return path.p ? CRM_TOO_LARGE : CRM_NOMEM;
    }
    if (lstat(path.p, &st) != 0) {
        return errno == ENOENT ? CRM_OK : status_from_errno(errno);
    }
    if (S_ISDIR(st.st_mode)) {
        return walk_folder(w, path.p, name, depth);
    }
    return S_ISREG(st.st_mode) ? w->each(w->arg, name) : CRM_OK;
}

crm_status fs_files(arena *a, const char *dir, const char *only, fs_each each, void *arg)
{
    const walk w = {.a = a, .dir = dir, .each = each, .arg = arg};
    return walk_into(&w, str_of(only ? only : ""), 0);
}

/* As fs_write names what it writes: "modules.json.0123abcd.new". */
static bool is_unfinished(const char *name)
{
    size_t n = strlen(name);
    if (n <= BESIDE_CHARS || name[n - BESIDE_CHARS] != '.' || strcmp(name + n - 4, ".new") != 0) {
        return false;
    }
    return strspn(name + n - BESIDE_CHARS + 1, "0123456789abcdef") == 8;
}

void fs_drop_unfinished(const char *dir)
{
    DIR *all = opendir(dir);
    for (struct dirent *one; all && (one = readdir(all));) {
        if (is_unfinished(one->d_name)) {
            unlinkat(dirfd(all), one->d_name, 0);
        }
    }
    if (all) {
        closedir(all);
    }
}
