/* backup_restore.c - a backup put into a data directory: written beside, then renamed. See
 * backup.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs_copy.h"
#include "data/backup_private.h"
#include "data/files.h"
#include "data/positions.h"

#define PART      "restore.part"
#define WHOLE     "restore.whole"
#define DATABASE  "karkas.db"
#define TOLD      "backup.json" /* the copy's manifest, which stays until all is placed */
#define PARTS_MAX 32

/* One restore into one directory. */
typedef struct restore {
    const char *path; /* of the copy; NULL: an earlier restore is completed */
    const backup_into *into;
    const char *dir;
    char part[BACKUP_NAME_ROOM], whole[BACKUP_NAME_ROOM];
    arena *arena;
    backup_report *report;
} restore;

static bool exists(const char *dir, const char *name)
{
    char path[BACKUP_NAME_ROOM];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    return n <= 0 || (size_t)n >= sizeof path || lstat(path, &st) == 0;
}

static const char *below(const restore *x, const char *dir, const char *name)
{
    return arena_fmt(x->arena, "%s/%s", dir, name).p;
}

static crm_status not_written(const restore *x, crm_status st)
{
    return backup_fail(x->report, st, "backup.not_written", x->dir, "");
}

/* ---- beside ---------------------------------------------------------------------------------- */

static crm_status copy_file(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        return status_from_errno(errno);
    }
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0) {
        close(in);
        return status_from_errno(errno);
    }
    crm_status st = fs_copy_bytes(in, out);
    close(in);
    close(out);
    return st;
}

/* What was written is read once more: a disk may lie. */
static crm_status write_database(const restore *x)
{
    const char *to = below(x, x->part, DATABASE);
    backup_report copied = {0};
    crm_status st = to ? copy_file(x->path, to) : CRM_NOMEM;
    st = st == CRM_OK ? backup_digest(to, &copied) : st;
    return st == CRM_OK && strcmp(copied.sha256, x->report->sha256) != 0 ? CRM_INVALID : st;
}

static crm_status write_files(const restore *x)
{
    int64_t count = 0;
    char from[BACKUP_NAME_ROOM];
    const char *to = below(x, x->part, "files");
    crm_status st = to ? backup_join(from, x->path, BACKUP_FILES) : CRM_NOMEM;
    return st == CRM_OK && x->report->files ? files_copy_all(from, to, NULL, NULL, &count) : st;
}

static crm_status copy_small(const restore *x, const char *ending, const char *name, size_t most)
{
    crm_str text;
    char from[BACKUP_NAME_ROOM];
    const char *to = below(x, x->part, name);
    crm_status st = to ? backup_join(from, x->path, ending) : CRM_NOMEM;
    st = st == CRM_OK ? fs_read(x->arena, from, most, &text) : st;
    return st == CRM_OK ? fs_write(to, text, 0600) : st;
}

static crm_status write_kept(const restore *x)
{
    char from[BACKUP_NAME_ROOM];
    json_t *manifest = NULL;
    kept_file *list = NULL;
    crm_status st = backup_join(from, x->path, BACKUP_DATA);
    st = st == CRM_OK ? backup_manifest(x->path, x->arena, &manifest, x->report) : st;
    st = st == CRM_OK ? kept_read(x->arena, json_object_get(manifest, "data"), x->into->kept, &list)
                      : st;
    st = st == CRM_OK ? kept_put(x->arena, from, x->part, list) : st;
    json_decref(manifest);
    return st;
}

static crm_status write_mark(const restore *x)
{
    const char *to = x->into->mark ? below(x, x->part, x->into->mark) : NULL;
    return to ? fs_write(to, (crm_str){0}, 0600) : x->into->mark ? CRM_NOMEM : CRM_OK;
}

static crm_status write_beside(const restore *x)
{
    crm_status st = fs_mkdir(x->part, 0700);
    st = st == CRM_OK ? write_files(x) : st;
    st = st == CRM_OK && x->report->has_key
             ? copy_small(x, BACKUP_KEY, BACKUP_KEY_FILE, BACKUP_KEY_MAX)
             : st;
    st = st == CRM_OK ? write_kept(x) : st;
    st = st == CRM_OK ? write_mark(x) : st;
    st = st == CRM_OK ? write_database(x) : st;
    st = st == CRM_OK ? copy_small(x, BACKUP_MANIFEST, TOLD, BACKUP_MANIFEST_MAX) : st;
    st = st == CRM_OK ? fs_sync(x->part) : st;
    if (st == CRM_OK && rename(x->part, x->whole) != 0) {
        st = status_from_errno(errno);
    }
    return st == CRM_OK ? fs_sync(x->dir) : st;
}

/* ---- in place -------------------------------------------------------------------------------- */

typedef struct placing {
    const restore *x;
    const char *names[PARTS_MAX]; /* placed so far */
    int count;
} placing;

/* The lock keeps others away, so what is not there now is not there at once. */
static crm_status place(placing *p, const char *name)
{
    const restore *x = p->x;
    const char *from = below(x, x->whole, name), *to = below(x, x->dir, name);
    if (!from || !to || p->count == PARTS_MAX) {
        return from && to ? CRM_TOO_LARGE : CRM_NOMEM;
    }
    if (exists(x->dir, name)) {
        return backup_fail(x->report, CRM_CONFLICT, "backup.taken", to, "");
    }
    if (rename(from, to) != 0) {
        return status_from_errno(errno);
    }
    p->names[p->count++] = arena_dup(x->arena, str_of(name)).p;
    return CRM_OK;
}

/* What the whole copy has besides its manifest. A folder that cannot be read is not an empty one.
 */
static crm_status each_part(const restore *x, crm_status (*each)(void *arg, const char *name),
                            void *arg)
{
    DIR *all = opendir(x->whole);
    if (!all) {
        return status_from_errno(errno);
    }
    crm_status st = CRM_OK;
    struct dirent *one;
    while (st == CRM_OK && (errno = 0, one = readdir(all))) {
        const char *name = one->d_name;
        bool is_part = strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, TOLD) != 0;
        st = is_part ? each(arg, name) : CRM_OK;
    }
    st = st == CRM_OK ? status_from_errno(errno) : st;
    closedir(all);
    return st;
}

static crm_status place_but_database(void *arg, const char *name)
{
    return strcmp(name, DATABASE) != 0 ? place(arg, name) : CRM_OK;
}

static crm_status place_rest(placing *p)
{
    crm_status st = each_part(p->x, place_but_database, p);
    return st == CRM_OK ? fs_sync(p->x->dir) : st;
}

static bool take_back(placing *p)
{
    const restore *x = p->x;
    while (p->count) {
        const char *name = p->names[--p->count];
        const char *from = name ? below(x, x->dir, name) : NULL;
        const char *to = name ? below(x, x->whole, name) : NULL;
        if (!from || !to || rename(from, to) != 0) {
            return false;
        }
    }
    return true;
}

/* The database last: with it the directory is one that a server may start on. */
static crm_status place_all(const restore *x)
{
    placing p = {.x = x};
    crm_status st = place_rest(&p);
    if (st == CRM_OK && exists(x->whole, DATABASE)) {
        st = place(&p, DATABASE);
    }
    st = st == CRM_OK ? fs_sync(x->dir) : st;
    if (st != CRM_OK) {
        x->report->is_left = !take_back(&p);
        return x->report->fault.key ? st : not_written(x, st);
    }
    return CRM_OK;
}

static crm_status is_left(void *arg, const char *name)
{
    const restore *x = arg;
    const char *path = below(x, x->whole, name);
    return backup_fail(x->report, CRM_CONFLICT, "backup.not_placed", path ? path : name, "");
}

/*
 * Once all is in its place. Without its manifest the folder says nothing and is a leftover, so the
 * manifest stays where anything lies beside it.
 */
static crm_status clear(restore *x)
{
    const char *told = below(x, x->whole, TOLD);
    crm_status st = told ? each_part(x, is_left, x) : CRM_NOMEM;
    if (st != CRM_OK) {
        x->report->is_left = true;
        return x->report->fault.key ? st : not_written(x, st);
    }
    if (unlink(told) != 0 || rmdir(x->whole) != 0) {
        log_event(LOG_WARN, "restore.left", "folder=%s", log_quote(str_of(x->whole)));
    }
    return CRM_OK;
}

/* Of one that failed and has taken back what it had placed: the copy is where it was. */
static void discard(const restore *x)
{
    const char *told = below(x, x->whole, TOLD);
    if (told && unlink(told) != 0 && errno != ENOENT) {
        log_event(LOG_WARN, "restore.left", "file=%s", told);
    }
    fs_remove_all(x->whole);
    fs_remove_all(x->part);
}

/* ---- who comes after one that was cut off ---------------------------------------------------- */

static bool has_whole(const restore *x)
{
    return exists(x->whole, TOLD);
}

/* Whether it was of this copy: nothing but its manifest tells, which is of one moment. */
static bool is_same_copy(const restore *x, crm_str told)
{
    crm_str ours;
    char name[BACKUP_NAME_ROOM];
    return backup_join(name, x->path, BACKUP_MANIFEST) == CRM_OK &&
           fs_read(x->arena, name, BACKUP_MANIFEST_MAX, &ours) == CRM_OK && str_eq(ours, told);
}

static crm_status complete(restore *x)
{
    crm_str told;
    crm_status st = fs_read(x->arena, below(x, x->whole, TOLD), BACKUP_MANIFEST_MAX, &told);
    st = st == CRM_OK ? place_all(x) : not_written(x, st);
    if (st != CRM_OK) {
        x->report->is_left = true;
        return st;
    }
    st = clear(x);
    if (st != CRM_OK) {
        return st;
    }
    log_event(LOG_INFO, "restore.completed", "data=%s", log_quote(str_of(x->dir)));
    if (x->path && !is_same_copy(x, told)) {
        return backup_fail(x->report, CRM_CONFLICT, "backup.other_completed", x->dir, "");
    }
    x->report->is_completed = true;
    return CRM_OK;
}

static crm_status begin(restore *x)
{
    *x->report = (backup_report){0};
    x->arena = arena_new(0);
    crm_status st = backup_join(x->part, x->dir, "/" PART);
    st = st == CRM_OK ? backup_join(x->whole, x->dir, "/" WHOLE) : st;
    return x->arena ? st : CRM_NOMEM;
}

bool backup_is_cut_off(const char *dir)
{
    return exists(dir, PART) || exists(dir, WHOLE);
}

crm_status backup_settle(const char *dir, backup_report *r)
{
    restore x = {.dir = dir, .report = r};
    crm_status st = begin(&x);
    if (st == CRM_OK && has_whole(&x)) {
        st = complete(&x);
    } else if (st == CRM_OK && exists(dir, PART) && !exists(dir, DATABASE)) {
        st = backup_fail(r, CRM_CONFLICT, "backup.cut_off", x.part, "");
    }
    arena_free(x.arena);
    return st;
}

/* ---- restoring ------------------------------------------------------------------------------- */

/* The name of what is there already; NULL: nothing. */
static const char *taken(const restore *x)
{
    static const char log[] = DATABASE "-wal";
    const char *own[] = {DATABASE,          log,           "files",       BACKUP_KEY_FILE,
                         POSITION_KEY_FILE, x->into->mark, x->into->other};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (own[i] && exists(x->dir, own[i])) {
            return own[i];
        }
    }
    for (const char *const *name = x->into->kept; *name; name++) {
        if (exists(x->dir, *name)) {
            return *name;
        }
    }
    return NULL;
}

static crm_status put(restore *x)
{
    fs_remove_all(x->part); /* of one that was cut off */
    fs_remove_all(x->whole);
    const char *there = taken(x);
    if (there) {
        const char *name = below(x, x->dir, there);
        return backup_fail(x->report, CRM_CONFLICT, "backup.taken", name ? name : there, "");
    }
    crm_status st = backup_verify(x->path, x->into->kept, x->report);
    if (st != CRM_OK) {
        return st;
    }
    st = write_beside(x);
    st = st == CRM_OK ? place_all(x) : not_written(x, st);
    if (st == CRM_OK) {
        return clear(x);
    }
    if (!x->report->is_left) {
        discard(x);
    }
    return st;
}

crm_status backup_restore(const backup_into *into, const char *path, backup_report *r)
{
    restore x = {.path = path, .into = into, .dir = into->dir, .report = r};
    crm_status st = begin(&x);
    if (st == CRM_OK && has_whole(&x)) {
        st = complete(&x);
    } else {
        st = st == CRM_OK ? put(&x) : st;
    }
    arena_free(x.arena);
    return st;
}
