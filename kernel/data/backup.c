/* backup.c - manifests, verifying and restoring. See backup.h. */
#include "data/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/backup_kept.h"
#include "data/backup_sqlite.h"
#include "data/files.h"

#define PATH_ROOM    4200
#define MANIFEST_MAX ((size_t)1024 * 1024)
#define FORMAT       4 /* 1 knew no files, 2 no key, 3 nothing else of the directory */
#define FILES        ".files"
#define KEPT         ".data"
#define KEY          "." BACKUP_KEY_FILE /* where 3 has it */

CRM_PRINTF(3, 4)
static crm_status fail(backup_report *r, crm_status st, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->fault, sizeof r->fault, fmt, args);
    va_end(args);
    return st;
}

static crm_status join(char out[PATH_ROOM], const char *a, const char *b)
{
    int n = snprintf(out, PATH_ROOM, "%s%s", a, b);
    return n > 0 && n < PATH_ROOM ? CRM_OK : CRM_TOO_LARGE;
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
    char folder[PATH_ROOM];
    crm_status st = join(folder, path, "");
    char *slash = st == CRM_OK ? strrchr(folder, '/') : NULL;
    if (slash) {
        slash[slash == folder] = 0;
    }
    st = st == CRM_OK ? sync_path(path, O_RDONLY) : st;
    return st == CRM_OK ? sync_path(slash ? folder : ".", O_RDONLY | O_DIRECTORY) : st;
}

/* The digest and size of a file, read through a mapping: nobody writes it. */
static crm_status digest(const char *path, backup_report *r)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0) {
        int err = fd < 0 ? errno : EIO;
        if (fd >= 0) {
            close(fd);
        }
        return fail(r, status_from_errno(err), "cannot read %s", path);
    }
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (p == MAP_FAILED) {
        return fail(r, CRM_NOMEM, "cannot map %s", path);
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

static crm_status describe(const char *path, const kept_file *kept, arena *a, backup_report *r)
{
    char name[PATH_ROOM];
    backup_counts counts;
    crm_status st = join(name, path, ".json");
    st = st == CRM_OK ? backup_inspect(path, false, a, &counts) : st;
    st = st == CRM_OK ? digest(path, r) : st;
    if (st != CRM_OK) {
        return st;
    }
    add_up(&counts, r);
    buf out;
    buf_init(&out, MANIFEST_MAX);
    write_manifest(&out, &counts, r, kept);
    st = out.failed ? CRM_NOMEM : fs_write(name, buf_view(&out), 0600);
    buf_free(&out);
    return st;
}

static crm_status keep_rest(const backup_of *of, const char *path, arena *a, kept_file **out)
{
    char to[PATH_ROOM];
    crm_status st = join(to, path, KEPT);
    return st == CRM_OK ? kept_copy(a, of->dir, to, of->kept, out) : st;
}

/* Files after the database: all that its rows speak of were there before it. */
static crm_status copy_whole(engine *e, const char *path, engine_backup_progress p,
                             backup_report *r)
{
    char folder[PATH_ROOM];
    crm_status st = join(folder, path, FILES);
    files_hold();
    st = st == CRM_OK ? engine_backup(e, path, p) : st;
    if (st == CRM_OK && (st = files_copy_all(NULL, folder, &r->files)) != CRM_OK) {
        unlink(path);
    }
    files_release();
    return st;
}

static crm_status make(const backup_of *of, const char *path, engine_backup_progress p, arena *a,
                       backup_report *r)
{
    kept_file *kept;
    crm_status st = copy_whole(of->engine, path, p, r);
    if (st != CRM_OK) {
        return fail(r, st, "cannot copy to %s: %s", path, status_code(st));
    }
    st = keep_rest(of, path, a, &kept);
    if (st != CRM_OK) {
        unlink(path);
        return fail(r, st, "cannot copy to %s%s: %s", path, KEPT, status_code(st));
    }
    st = describe(path, kept, a, r);
    if (st != CRM_OK) {
        unlink(path);
        return fail(r, st, "cannot describe %s: %s", path, status_code(st));
    }
    return CRM_OK;
}

crm_status backup_make(const backup_of *of, const char *path, engine_backup_progress p,
                       backup_report *r)
{
    *r = (backup_report){0};
    clock_format(clock_now(), r->made_at);
    arena *a = arena_new(0);
    crm_status st = a ? make(of, path, p, a, r) : CRM_NOMEM;
    arena_free(a);
    return st;
}

/* ---- verifying ------------------------------------------------------------------------------- */

static crm_status read_manifest(const char *path, arena *a, json_t **out, backup_report *r)
{
    char name[PATH_ROOM];
    crm_str text;
    crm_status st = join(name, path, ".json");
    st = st == CRM_OK ? fs_read(a, name, MANIFEST_MAX, &text) : st;
    if (st != CRM_OK) {
        return fail(r, st, "no manifest beside %s", path);
    }
    if (json_read(text, BACKUP_ENTITIES_MAX, out, NULL) != CRM_OK) {
        return fail(r, CRM_INVALID, "the manifest of %s is not JSON", path);
    }
    json_int_t format = json_integer_value(json_object_get(*out, "format"));
    if (format < 1 || format > FORMAT) {
        json_decref(*out);
        *out = NULL;
        return fail(r, CRM_INVALID, "manifest format %lld is not known", (long long)format);
    }
    return CRM_OK;
}

static crm_status compare_counts(const json_t *manifest, const backup_counts *counts,
                                 backup_report *r)
{
    const json_t *rows = json_object_get(manifest, "rows");
    if (json_object_size(rows) != counts->count) {
        return fail(r, CRM_INVALID, "the manifest tells of other entities");
    }
    for (uint32_t i = 0; i < counts->count; i++) {
        const backup_count *c = &counts->at[i];
        const json_t *told = json_object_getn(rows, c->entity.p, c->entity.n);
        if (!json_is_integer(told) || json_integer_value(told) != c->rows) {
            return fail(r, CRM_INVALID, "%.*s has %lld rows, the manifest says %lld",
                        STR_FMT(c->entity), (long long)c->rows,
                        (long long)json_integer_value(told));
        }
    }
    return CRM_OK;
}

/* A folder may hold more than the manifest tells of: another backup used it before. */
static crm_status compare_files(const char *path, const json_t *manifest, backup_report *r)
{
    char folder[PATH_ROOM];
    int64_t found = 0;
    r->files = json_integer_value(json_object_get(manifest, "files"));
    crm_status st = join(folder, path, FILES);
    st = st == CRM_OK && r->files ? files_verify(folder, &found) : st;
    if (st != CRM_OK || found < r->files) {
        return fail(r, st != CRM_OK ? st : CRM_INVALID, "%s%s is damaged or not complete", path,
                    FILES);
    }
    return CRM_OK;
}

static crm_status compare_key(const char *path, const json_t *manifest, backup_report *r)
{
    char key[PATH_ROOM];
    backup_report found = {0};
    crm_str told = json_text(manifest, "key_sha256");
    r->has_key = told.n > 0;
    crm_status st = join(key, path, KEY);
    st = st == CRM_OK && r->has_key ? digest(key, &found) : st;
    if (st != CRM_OK || (r->has_key && !str_is(told, found.sha256))) {
        return fail(r, st != CRM_OK ? st : CRM_INVALID, "%s%s is damaged or not there", path, KEY);
    }
    return CRM_OK;
}

static crm_status compare_kept(const char *path, arena *a, const json_t *manifest,
                               const char *const *names, backup_report *r)
{
    char folder[PATH_ROOM];
    kept_file *list;
    crm_status st = join(folder, path, KEPT);
    st = st == CRM_OK ? kept_read(a, json_object_get(manifest, "data"), names, &list) : st;
    if (st != CRM_OK) {
        return fail(r, st, "the manifest of %s names files that no copy has", path);
    }
    const kept_file *bad = kept_damaged(a, folder, list);
    return bad ? fail(r, CRM_INVALID, "%s/%.*s is damaged or not there", folder, STR_FMT(bad->name))
               : CRM_OK;
}

static crm_status compare(const char *path, arena *a, const json_t *manifest,
                          const char *const *names, backup_report *r)
{
    backup_counts counts;
    snprintf(r->made_at, sizeof r->made_at, "%.*s", STR_FMT(json_text(manifest, "made_at")));
    crm_status st = digest(path, r);
    if (st != CRM_OK) {
        return st;
    }
    if (!str_is(json_text(manifest, "sha256"), r->sha256)) {
        return fail(r, CRM_INVALID, "%s is not what its manifest describes", path);
    }
    st = backup_inspect(path, true, a, &counts);
    if (st != CRM_OK) {
        return fail(r, st, "%s is damaged", path);
    }
    add_up(&counts, r);
    st = compare_counts(manifest, &counts, r);
    st = st == CRM_OK ? compare_files(path, manifest, r) : st;
    st = st == CRM_OK ? compare_kept(path, a, manifest, names, r) : st;
    return st == CRM_OK ? compare_key(path, manifest, r) : st;
}

crm_status backup_verify(const char *path, const char *const *kept, backup_report *r)
{
    *r = (backup_report){0};
    arena *a = arena_new(0);
    json_t *manifest = NULL;
    crm_status st = a ? read_manifest(path, a, &manifest, r) : CRM_NOMEM;
    st = st == CRM_OK ? compare(path, a, manifest, kept, r) : st;
    json_decref(manifest);
    arena_free(a);
    return st;
}

/* ---- restoring ------------------------------------------------------------------------------- */

static bool exists(const char *dir, const char *name)
{
    char path[PATH_ROOM];
    struct stat st;
    return join(path, dir, name) != CRM_OK || lstat(path, &st) == 0;
}

static crm_status copy_all(int from, int to)
{
    char *block = malloc((size_t)1 << 20);
    crm_status st = block ? CRM_OK : CRM_NOMEM;
    ssize_t n = 0;
    while (st == CRM_OK && (n = read(from, block, (size_t)1 << 20)) > 0) {
        for (ssize_t done = 0; st == CRM_OK && done < n;) {
            ssize_t put = write(to, block + done, (size_t)(n - done));
            st = put >= 0 ? CRM_OK : status_from_errno(errno);
            done += put > 0 ? put : 0;
        }
    }
    free(block);
    return n < 0 ? status_from_errno(errno) : st;
}

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
    crm_status st = copy_all(in, out);
    close(in);
    close(out);
    return st == CRM_OK ? backup_sync(to) : st;
}

/* Written beside and renamed, so a server never starts on half a database. */
static crm_status put(const char *path, const char *dir, backup_report *r)
{
    char part[PATH_ROOM], whole[PATH_ROOM];
    crm_status st = join(part, dir, "/karkas.db.part");
    st = st == CRM_OK ? join(whole, dir, "/karkas.db") : st;
    if (st != CRM_OK) {
        return fail(r, st, "the name of %s is too long", dir);
    }
    unlink(part); /* of a restore that was cut off */
    st = copy_file(path, part);
    backup_report copied = *r;
    st = st == CRM_OK ? digest(part, &copied) : st;
    if (st == CRM_OK && strcmp(copied.sha256, r->sha256) != 0) {
        st = CRM_INVALID;
    }
    if (st == CRM_OK && rename(part, whole) != 0) {
        st = status_from_errno(errno);
    }
    if (st != CRM_OK) {
        unlink(part);
        return fail(r, st, "cannot write into %s: %s", dir, status_code(st));
    }
    return backup_sync(whole);
}

static crm_status put_files(const char *path, const char *dir, backup_report *r)
{
    char from[PATH_ROOM], to[PATH_ROOM];
    int64_t count = 0;
    crm_status st = join(from, path, FILES);
    st = st == CRM_OK ? join(to, dir, "/files") : st;
    st = st == CRM_OK && r->files ? files_copy_all(from, to, &count) : st;
    return st == CRM_OK ? st : fail(r, st, "cannot write into %s: %s", dir, status_code(st));
}

/* NOT_FOUND: there is none at `from`. */
static crm_status copy_key(const char *from, const char *to)
{
    arena *a = arena_new(0);
    crm_str key;
    crm_status st = a ? fs_read(a, from, BACKUP_KEY_MAX, &key) : CRM_NOMEM;
    st = st == CRM_OK ? fs_write(to, key, 0600) : st;
    arena_free(a);
    return st;
}

static crm_status put_key(const char *path, const char *dir, backup_report *r)
{
    char from[PATH_ROOM], to[PATH_ROOM];
    crm_status st = join(from, path, KEY);
    st = st == CRM_OK ? join(to, dir, "/" BACKUP_KEY_FILE) : st;
    st = st == CRM_OK && r->has_key ? copy_key(from, to) : st;
    return st == CRM_OK ? st : fail(r, st, "cannot write into %s: %s", dir, status_code(st));
}

static crm_status put_kept(const char *path, const char *dir, const char *const *names,
                           backup_report *r)
{
    char from[PATH_ROOM];
    json_t *manifest = NULL;
    kept_file *list = NULL;
    arena *a = arena_new(0);
    crm_status st = a ? join(from, path, KEPT) : CRM_NOMEM;
    st = st == CRM_OK ? read_manifest(path, a, &manifest, r) : st;
    st = st == CRM_OK ? kept_read(a, json_object_get(manifest, "data"), names, &list) : st;
    st = st == CRM_OK ? kept_put(a, from, dir, list) : st;
    json_decref(manifest);
    arena_free(a);
    return st == CRM_OK ? st : fail(r, st, "cannot write into %s: %s", dir, status_code(st));
}

crm_status backup_restore(const char *path, const char *dir, const char *const *kept,
                          backup_report *r)
{
    *r = (backup_report){0};
    if (exists(dir, "/karkas.db") || exists(dir, "/karkas.db-wal")) {
        return fail(r, CRM_CONFLICT, "%s already holds a database", dir);
    }
    crm_status st = backup_verify(path, kept, r);
    st = st == CRM_OK ? put_files(path, dir, r) : st;
    st = st == CRM_OK ? put_key(path, dir, r) : st;
    st = st == CRM_OK ? put_kept(path, dir, kept, r) : st;
    return st == CRM_OK ? put(path, dir, r) : st;
}
