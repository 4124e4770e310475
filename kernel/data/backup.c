/* backup.c - making a backup, its manifest, and verifying. See backup.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "data/backup_private.h"
#include "data/backup_sqlite.h"
#include "data/files.h"

#define LOCKED_AT ((off_t)1 << 62)

#define FORMAT 4 /* 1 knew no files, 2 no key, 3 nothing else of the directory */

crm_status backup_fail(backup_report *r, crm_status st, const char *key, const char *name,
                       const char *more)
{
    r->fault.key = key;
    r->fault.why = st;
    snprintf(r->fault.name, sizeof r->fault.name, "%s%s", name, more);
    return st;
}

crm_status backup_join(char out[BACKUP_NAME_ROOM], const char *a, const char *b)
{
    int n = snprintf(out, BACKUP_NAME_ROOM, "%s%s", a, b);
    return n > 0 && n < BACKUP_NAME_ROOM ? CRM_OK : CRM_TOO_LARGE;
}

/* ---- files ----------------------------------------------------------------------------------- */

static crm_status sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    int rc = fsync(fd);
    int err = errno;
    close(fd);
    return rc == 0 ? CRM_OK : status_from_errno(err);
}

crm_status backup_sync(const char *path)
{
    char folder[BACKUP_NAME_ROOM];
    crm_status st = backup_join(folder, path, "");
    char *slash = st == CRM_OK ? strrchr(folder, '/') : NULL;
    if (slash) {
        slash[slash == folder] = 0;
    }
    st = st == CRM_OK ? sync_path(path, O_RDONLY) : st;
    return st == CRM_OK ? sync_path(slash ? folder : ".", O_RDONLY | O_DIRECTORY) : st;
}

/* The digest and size of a file, read through a mapping: nobody writes it. */
crm_status backup_digest(const char *path, backup_report *r)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0) {
        int err = fd < 0 ? errno : EIO;
        if (fd >= 0) {
            close(fd);
        }
        return backup_fail(r, status_from_errno(err), "backup.unreadable", path, "");
    }
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (p == MAP_FAILED) {
        return backup_fail(r, CRM_NOMEM, "backup.unreadable", path, "");
    }
    uint8_t sum[SHA256_SIZE];
    crypto_sha256((crm_str){p, (size_t)st.st_size}, sum);
    munmap(p, (size_t)st.st_size);
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        snprintf(r->sha256 + 2 * i, 3, "%02x", sum[i]);
    }
    r->bytes = st.st_size;
    return CRM_OK;
}

/* ---- the manifest ---------------------------------------------------------------------------- */

static void add_up(const backup_counts *counts, backup_report *r)
{
    r->rows = 0;
    r->entities = counts->count;
    for (uint32_t i = 0; i < counts->count; i++) {
        r->rows += counts->at[i].rows;
    }
}

static void write_manifest(buf *out, const backup_counts *counts, const backup_report *r,
                           const kept_file *kept)
{
    json_writer w;
    jw_init(&w, out);
    jw_object(&w);
    jw_kint(&w, "format", FORMAT);
    jw_kstr(&w, "made_at", str_of(r->made_at));
    jw_kint(&w, "bytes", r->bytes);
    jw_kstr(&w, "sha256", str_of(r->sha256));
    jw_kint(&w, "files", r->files);
    jw_kobject(&w, "data");
    for (; kept; kept = kept->next) {
        jw_key(&w, kept->name);
        jw_str(&w, str_of(kept->sha256));
    }
    jw_end_object(&w);
    jw_kobject(&w, "rows");
    for (uint32_t i = 0; i < counts->count; i++) {
        jw_key(&w, counts->at[i].entity);
        jw_int(&w, counts->at[i].rows);
    }
    jw_end_object(&w);
    jw_end_object(&w);
}

/* Of the copy as it lies in `part`. */
static crm_status describe(const char *path, const char *part, const kept_file *kept, arena *a,
                           backup_report *r)
{
    char name[BACKUP_NAME_ROOM];
    backup_counts counts;
    crm_status st = backup_join(name, path, BACKUP_MANIFEST);
    st = st == CRM_OK ? backup_inspect(part, false, a, &counts) : st;
    st = st == CRM_OK ? backup_digest(part, r) : st;
    if (st != CRM_OK) {
        return st;
    }
    add_up(&counts, r);
    buf out;
    buf_init(&out, BACKUP_MANIFEST_MAX);
    write_manifest(&out, &counts, r, kept);
    st = out.failed ? CRM_NOMEM : fs_write(name, buf_view(&out), 0600);
    buf_free(&out);
    return st;
}

typedef struct making {
    const backup_of *of;
    const char *path;
    char part[BACKUP_NAME_ROOM];
    int part_fd;                 /* holds the lock by which others see that this is no leftover */
    engine_backup_progress told; /* the caller's */
    arena *arena;
    kept_file *kept;
    bool had_files, had_data; /* before: of an earlier backup there */
    backup_report *report;
} making;

static bool has_beside(const char *path, const char *ending)
{
    char name[BACKUP_NAME_ROOM];
    struct stat st;
    return backup_join(name, path, ending) == CRM_OK && lstat(name, &st) == 0;
}

/* Whether every name of the copy can be made: BACKUP_FILES is the longest of the endings. */
static bool has_names(const char *path)
{
    char name[BACKUP_NAME_ROOM];
    return backup_join(name, path, BACKUP_FILES) == CRM_OK;
}

static void remove_beside(const char *path, const char *ending)
{
    char name[BACKUP_NAME_ROOM];
    if (backup_join(name, path, ending) == CRM_OK) {
        fs_remove_all(name);
    }
}

static crm_status not_written(const making *m, crm_status st, const char *ending)
{
    return backup_fail(m->report, st, "backup.not_written", m->path, ending);
}

static void let_part(making *m)
{
    if (m->part_fd >= 0) {
        close(m->part_fd);
    }
    m->part_fd = -1;
}

/* Of one byte far behind those that SQLite locks: over NFS and SMB a lock of the whole file would
 * keep SQLite out, too. */
static bool lock_part(int fd)
{
    struct flock one = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCKED_AT, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &one) == 0 || (errno != EAGAIN && errno != EACCES);
}

/* Whoever still writes it holds its lock, and gives the file another name before he lets it go. A
 * file system without locks has one writer. */
static bool hold_part(const making *m)
{
    struct stat found, named;
    return lock_part(m->part_fd) && fstat(m->part_fd, &found) == 0 && lstat(m->part, &named) == 0 &&
           named.st_ino == found.st_ino && named.st_dev == found.st_dev;
}

static crm_status open_part(making *m, int how)
{
    m->part_fd = open(m->part, O_RDWR | O_NOFOLLOW | O_CLOEXEC | how, 0600);
    int err = m->part_fd < 0 ? errno : hold_part(m) ? 0 : EEXIST;
    if (err) {
        let_part(m);
    }
    return !err ? CRM_OK
           : err == EEXIST
               ? backup_fail(m->report, CRM_CONFLICT, "backup.exists", m->path, BACKUP_PART)
               : not_written(m, status_from_errno(err), BACKUP_PART);
}

/*
 * A part of our own to copy into, and none of the logs that SQLite would play back into it: a copy
 * that was killed leaves both. What stood there is not written into: it may be somebody else's, who
 * would read what is copied, and killed at its very end a copy has left another name of a whole
 * one.
 */
static crm_status take_part(making *m)
{
    crm_status st = CRM_OK;
    if (has_beside(m->part, "") && (st = open_part(m, 0)) == CRM_OK) {
        unlink(m->part);
        let_part(m);
    }
    st = st == CRM_OK ? open_part(m, O_CREAT | O_EXCL) : st;
    if (st == CRM_OK) {
        remove_beside(m->part, "-journal");
        remove_beside(m->part, "-wal");
    }
    return st;
}

/* Never over a file that came meanwhile, where the file system can tell. */
static crm_status name_part(const making *m)
{
    int err = link(m->part, m->path) == 0 ? 0 : errno;
    if (err == EEXIST) {
        return backup_fail(m->report, CRM_CONFLICT, "backup.exists", m->path, "");
    }
    bool is_named = err ? rename(m->part, m->path) == 0 : unlink(m->part) == 0;
    crm_status st = is_named ? backup_sync(m->path) : status_from_errno(errno);
    if (is_named && st != CRM_OK) {
        unlink(m->path);
    }
    return st == CRM_OK ? st : not_written(m, st, "");
}

/* What the state is not whole without is taken while the state is known to be the same. */
static crm_status keep_rest(void *arg)
{
    making *m = arg;
    char to[BACKUP_NAME_ROOM];
    crm_status st = backup_join(to, m->path, BACKUP_DATA);
    st = st == CRM_OK ? kept_copy(m->arena, m->of->dir, to, m->of->kept, &m->kept) : st;
    if (st != CRM_OK) {
        return not_written(m, st, BACKUP_DATA);
    }
    return m->told.begun ? m->told.begun(m->told.arg) : CRM_OK;
}

static void tell_step(void *arg, int64_t done, int64_t all)
{
    const making *m = arg;
    if (m->told.step) {
        m->told.step(m->told.arg, done, all);
    }
}

static bool is_over(void *arg)
{
    const making *m = arg;
    return m->told.is_over && m->told.is_over(m->told.arg);
}

/* Files after the database: all that its rows speak of were there before it. */
static crm_status copy_whole(making *m)
{
    char folder[BACKUP_NAME_ROOM];
    engine_backup_progress p = {
        .begun = keep_rest, .step = tell_step, .is_over = is_over, .arg = m};
    crm_status st = backup_join(folder, m->path, BACKUP_FILES);
    files_hold();
    st = st == CRM_OK ? engine_backup(m->of->engine, m->part, p) : st;
    if (st != CRM_OK && !m->report->fault.key) {
        (void)!not_written(m, st, "");
    }
    if (st == CRM_OK &&
        (st = files_copy_all(NULL, folder, is_over, m, &m->report->files)) != CRM_OK) {
        backup_fail(m->report, st, "backup.not_written", folder, "");
    }
    files_release();
    return st;
}

/* Half a copy is worse than none, and the files of the directory hold secrets. */
static void unmake(const making *m)
{
    unlink(m->part);
    if (!m->had_data) {
        remove_beside(m->path, BACKUP_DATA);
    }
    if (!m->had_files) {
        remove_beside(m->path, BACKUP_FILES);
    }
}

static crm_status make_in_part(making *m)
{
    m->had_files = has_beside(m->path, BACKUP_FILES);
    m->had_data = has_beside(m->path, BACKUP_DATA);
    crm_status st = copy_whole(m);
    st = st == CRM_OK && is_over(m) ? CRM_UNAVAILABLE : st;
    if (st == CRM_UNAVAILABLE && is_over(m)) {
        backup_fail(m->report, st, "backup.stopped", m->path, "");
    }
    if (st == CRM_OK && (st = describe(m->path, m->part, m->kept, m->arena, m->report)) != CRM_OK) {
        (void)!not_written(m, st, BACKUP_MANIFEST);
    } else if (st == CRM_OK && (st = name_part(m)) != CRM_OK) {
        remove_beside(m->path, BACKUP_MANIFEST);
    }
    if (st != CRM_OK) {
        unmake(m);
    }
    return st;
}

static crm_status make(making *m)
{
    if (!has_names(m->path)) {
        return backup_fail(m->report, CRM_TOO_LARGE, "backup.long_name", m->path, "");
    }
    if (has_beside(m->path, "")) {
        return backup_fail(m->report, CRM_CONFLICT, "backup.exists", m->path, "");
    }
    crm_status st = backup_join(m->part, m->path, BACKUP_PART);
    st = st == CRM_OK ? take_part(m) : st;
    st = st == CRM_OK ? make_in_part(m) : st;
    let_part(m);
    return st;
}

crm_status backup_make(const backup_of *of, const char *path, engine_backup_progress p,
                       backup_report *r)
{
    making m = {
        .of = of, .path = path, .part_fd = -1, .told = p, .arena = arena_new(0), .report = r};
    *r = (backup_report){0};
    clock_format(clock_now(), r->made_at);
    crm_status st = m.arena ? make(&m) : CRM_NOMEM;
    arena_free(m.arena);
    return st;
}

/* ---- verifying ------------------------------------------------------------------------------- */

crm_status backup_manifest(const char *path, arena *a, json_t **out, backup_report *r)
{
    char name[BACKUP_NAME_ROOM];
    crm_str text;
    crm_status st = backup_join(name, path, BACKUP_MANIFEST);
    if (st == CRM_OK && access(name, R_OK) != 0) {
        st = status_from_errno(errno); /* fs_read tells less */
    }
    st = st == CRM_OK ? fs_read(a, name, BACKUP_MANIFEST_MAX, &text) : st;
    if (st != CRM_OK) {
        return backup_fail(r, st, "backup.no_manifest", path, BACKUP_MANIFEST);
    }
    if (json_read(text, BACKUP_ENTITIES_MAX, out, NULL) != CRM_OK) {
        return backup_fail(r, CRM_INVALID, "backup.bad_manifest", path, BACKUP_MANIFEST);
    }
    json_int_t format = json_integer_value(json_object_get(*out, "format"));
    if (format < 1 || format > FORMAT) {
        json_decref(*out);
        *out = NULL;
        r->fault.found = format;
        return backup_fail(r, CRM_INVALID, "backup.format", path, BACKUP_MANIFEST);
    }
    return CRM_OK;
}

static crm_status compare_counts(const char *path, const json_t *manifest,
                                 const backup_counts *counts, backup_report *r)
{
    const json_t *rows = json_object_get(manifest, "rows");
    if (json_object_size(rows) != counts->count) {
        return backup_fail(r, CRM_INVALID, "backup.other_entities", path, BACKUP_MANIFEST);
    }
    for (uint32_t i = 0; i < counts->count; i++) {
        const backup_count *c = &counts->at[i];
        crm_str name = c->entity; /* a copy in the arena, which ends with a zero */
        const json_t *told = json_object_getn(rows, name.p, name.n);
        if (!json_is_integer(told) || json_integer_value(told) != c->rows) {
            r->fault.found = c->rows;
            r->fault.told = json_integer_value(told);
            return backup_fail(r, CRM_INVALID, "backup.other_rows", name.p, "");
        }
    }
    return CRM_OK;
}

/* A folder may hold more than the manifest tells of: another backup used it before. */
static crm_status compare_files(const char *path, const json_t *manifest, backup_report *r)
{
    char folder[BACKUP_NAME_ROOM];
    int64_t found = 0;
    r->files = json_integer_value(json_object_get(manifest, "files"));
    crm_status st = backup_join(folder, path, BACKUP_FILES);
    st = st == CRM_OK && r->files ? files_verify(folder, &found) : st;
    if (st != CRM_OK || found < r->files) {
        return backup_fail(r, st != CRM_OK ? st : CRM_INVALID, "backup.damaged_files", path,
                           BACKUP_FILES);
    }
    return CRM_OK;
}

static crm_status compare_key(const char *path, const json_t *manifest, backup_report *r)
{
    char key[BACKUP_NAME_ROOM];
    backup_report found = {0};
    crm_str told = json_text(manifest, "key_sha256");
    r->has_key = told.n > 0;
    crm_status st = backup_join(key, path, BACKUP_KEY);
    st = st == CRM_OK && r->has_key ? backup_digest(key, &found) : st;
    if (st != CRM_OK || (r->has_key && !str_is(told, found.sha256))) {
        return backup_fail(r, st != CRM_OK ? st : CRM_INVALID, "backup.damaged", path, BACKUP_KEY);
    }
    return CRM_OK;
}

static crm_status compare_kept(const char *path, arena *a, const json_t *manifest,
                               const char *const *names, backup_report *r)
{
    char folder[BACKUP_NAME_ROOM];
    kept_file *list;
    crm_status st = backup_join(folder, path, BACKUP_DATA);
    st = st == CRM_OK ? kept_read(a, json_object_get(manifest, "data"), names, &list) : st;
    if (st != CRM_OK) {
        return backup_fail(r, st, "backup.other_data", path, BACKUP_MANIFEST);
    }
    const kept_file *bad = kept_damaged(a, folder, list);
    if (!bad) {
        return CRM_OK;
    }
    st = backup_join(folder, path, BACKUP_DATA "/");
    crm_str name = st == CRM_OK ? arena_fmt(a, "%.*s", STR_FMT(bad->name)) : (crm_str){0};
    return backup_fail(r, CRM_INVALID, "backup.damaged", folder, name.p ? name.p : "");
}

static crm_status compare(const char *path, arena *a, const json_t *manifest,
                          const char *const *names, backup_report *r)
{
    backup_counts counts;
    snprintf(r->made_at, sizeof r->made_at, "%.*s", STR_FMT(json_text(manifest, "made_at")));
    crm_status st = backup_digest(path, r);
    if (st != CRM_OK) {
        return st;
    }
    if (!str_is(json_text(manifest, "sha256"), r->sha256)) {
        return backup_fail(r, CRM_INVALID, "backup.not_as_told", path, "");
    }
    st = backup_inspect(path, true, a, &counts);
    if (st != CRM_OK) {
        const char *key = st == CRM_CONFLICT ? "backup.newer" : "backup.damaged";
        return backup_fail(r, st, key, path, "");
    }
    add_up(&counts, r);
    st = compare_counts(path, manifest, &counts, r);
    st = st == CRM_OK ? compare_files(path, manifest, r) : st;
    st = st == CRM_OK ? compare_kept(path, a, manifest, names, r) : st;
    return st == CRM_OK ? compare_key(path, manifest, r) : st;
}

crm_status backup_verify(const char *path, const char *const *kept, backup_report *r)
{
    *r = (backup_report){0};
    arena *a = arena_new(0);
    json_t *manifest = NULL;
    crm_status st = a ? backup_manifest(path, a, &manifest, r) : CRM_NOMEM;
    st = st == CRM_OK ? compare(path, a, manifest, kept, r) : st;
    json_decref(manifest);
    arena_free(a);
    return st;
}
