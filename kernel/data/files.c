/* files.c - the bytes of attachments: one file per content, named by its hash. See files.h. */
#include "data/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/fs.h"
#include "base/fs_copy.h"

#define PATH_ROOM   4200
#define HASH_CHARS  64
#define CUT_SHORT_S 3600

static char folder[PATH_ROOM];
/* Held while a content is put in its place or removed: the two must not cross. */
static pthread_mutex_t places = PTHREAD_MUTEX_INITIALIZER;
static uint32_t holders;

crm_status files_set_up(const char *data)
{
    char fresh[PATH_ROOM + 8];
    int n = snprintf(folder, sizeof folder, "%s/files", data);
    if (n <= 0 || (size_t)n >= sizeof folder) {
        return CRM_INVALID;
    }
    snprintf(fresh, sizeof fresh, "%s/new", folder);
    crm_status st = fs_mkdir(folder, 0700);
    return st == CRM_OK ? fs_mkdir(fresh, 0700) : st;
}

crm_str files_path(arena *a, crm_str hash)
{
    return arena_fmt(a, "%s/%.2s/%.*s", folder, hash.p, STR_FMT(hash));
}

crm_str files_new_path(arena *a, crm_str name)
{
    return arena_fmt(a, "%s/new/%.*s", folder, STR_FMT(name));
}

bool files_have_room(int64_t bytes)
{
    uint64_t wanted = bytes > 0 ? (uint64_t)bytes : 0;
    return fs_room(folder) >= FS_ROOM_KEPT + wanted;
}

void files_hold(void)
{
    pthread_mutex_lock(&places);
    holders++;
    pthread_mutex_unlock(&places);
}

void files_release(void)
{
    pthread_mutex_lock(&places);
    holders--;
    pthread_mutex_unlock(&places);
}

/* ---- hashes ---------------------------------------------------------------------------------- */

static crm_status sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd >= 0 ? fsync(fd) : -1, err = errno;
    if (fd >= 0) {
        close(fd);
    }
    return rc == 0 ? CRM_OK : status_from_errno(err);
}

/* Read through a mapping: nobody writes it any more. */
static crm_status hash_of(int fd, arena *a, crm_str *hash)
{
    struct stat st;
    uint8_t sum[SHA256_SIZE];
    if (fstat(fd, &st) != 0) {
        return status_from_errno(errno);
    }
    size_t n = (size_t)st.st_size;
    void *p = n ? mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    if (p == MAP_FAILED) {
        return status_from_errno(errno);
    }
    crypto_sha256((crm_str){p ? p : "", n}, sum);
    if (p) {
        munmap(p, n);
    }
    *hash = crypto_hex(a, sum, sizeof sum);
    return hash->p ? CRM_OK : CRM_NOMEM;
}

static crm_status hash_file(const char *path, arena *a, crm_str *hash, bool is_synced)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    crm_status st = is_synced && fsync(fd) != 0 ? status_from_errno(errno) : CRM_OK;
    st = st == CRM_OK ? hash_of(fd, a, hash) : st;
    close(fd);
    return st;
}

/* ---- a new content --------------------------------------------------------------------------- */

/* A content that is there already gets a new file: its age then keeps the sweep away from it. */
static crm_status put_in_place(const char *path, const char *to, const char *place)
{
    bool is_made = mkdir(place, 0700) == 0;
    if (!is_made && errno != EEXIST) {
        return status_from_errno(errno);
    }
    crm_status st = is_made ? sync_folder(folder) : CRM_OK;
    if (st == CRM_OK && rename(path, to) != 0) {
        st = status_from_errno(errno);
    }
    return st == CRM_OK ? sync_folder(place) : st;
}

crm_status files_take(arena *a, const char *path, crm_str *hash)
{
    crm_status st = hash_file(path, a, hash, true);
    crm_str to = st == CRM_OK ? files_path(a, *hash) : (crm_str){0};
    crm_str place = to.p ? arena_fmt(a, "%s/%.2s", folder, hash->p) : (crm_str){0};
    if (st != CRM_OK || !place.p) {
        return st != CRM_OK ? st : CRM_NOMEM;
    }
    pthread_mutex_lock(&places);
    st = put_in_place(path, to.p, place.p);
    pthread_mutex_unlock(&places);
    return st;
}

/* ---- walking over all ------------------------------------------------------------------------ */

static bool is_hex(const char *name, size_t n)
{
    return strlen(name) == n && strspn(name, "0123456789abcdef") == n;
}

typedef crm_status (*visit_fn)(void *arg, int dir, const char *name);

static crm_status each_in(const char *path, size_t name_chars, visit_fn visit, void *arg)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    crm_status st = CRM_OK;
    if (!dir) {
        return errno == ENOENT ? CRM_OK : status_from_errno(errno);
    }
    while (st == CRM_OK && (errno = 0, entry = readdir(dir))) {
        bool is_wanted = name_chars ? is_hex(entry->d_name, name_chars) : entry->d_name[0] != '.';
        st = is_wanted ? visit(arg, dirfd(dir), entry->d_name) : CRM_OK;
    }
    if (st == CRM_OK && errno != ENOENT) {
        st = status_from_errno(errno); /* else a copy would miss files and be called whole */
    }
    closedir(dir);
    return st;
}

typedef struct walk {
    const char *root;
    visit_fn visit;
    void *arg;
} walk;

static crm_status each_place(void *arg, int dir, const char *name)
{
    const walk *w = arg;
    char path[PATH_ROOM + 8];
    (void)dir;
    snprintf(path, sizeof path, "%s/%s", w->root, name);
    return each_in(path, HASH_CHARS, w->visit, w->arg);
}

static crm_status each_content(const char *root, visit_fn visit, void *arg)
{
    walk w = {root, visit, arg};
    return each_in(root, 2, each_place, &w);
}

/* ---- the sweep ------------------------------------------------------------------------------- */

typedef struct sweeping {
    arena *a;
    crm_status (*is_known)(void *arg, crm_str hash, bool *known);
    void *arg;
} sweeping;

static bool is_old(int dir, const char *name)
{
    struct stat st;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           st.st_mtime + CUT_SHORT_S < now.tv_sec;
}

/* Asked once more under the lock: it may have been uploaded anew meanwhile. */
static void remove_old(int dir, const char *name)
{
    pthread_mutex_lock(&places);
    if (!holders && is_old(dir, name) && unlinkat(dir, name, 0) != 0) {
        log_event(LOG_WARN, "files.not_removed", "file=%s", name);
    }
    pthread_mutex_unlock(&places);
}

static crm_status sweep_one(void *arg, int dir, const char *name)
{
    sweeping *s = arg;
    bool known = true;
    if (!is_old(dir, name)) {
        return CRM_OK;
    }
    arena_mark mark = arena_mark_get(s->a);
    crm_status st = s->is_known(s->arg, str_of(name), &known);
    arena_rewind(s->a, mark);
    if (st == CRM_OK && !known) {
        remove_old(dir, name);
    }
    return st;
}

static crm_status remove_cut_short(void *arg, int dir, const char *name)
{
    (void)arg;
    if (is_old(dir, name)) {
        remove_old(dir, name);
    }
    return CRM_OK;
}

crm_status files_sweep(arena *a, crm_status (*is_known)(void *arg, crm_str hash, bool *known),
                       void *arg)
{
    char fresh[PATH_ROOM + 8];
    sweeping s = {a, is_known, arg};
    snprintf(fresh, sizeof fresh, "%s/new", folder);
    crm_status st = each_in(fresh, 0, remove_cut_short, NULL);
    return st == CRM_OK ? each_content(folder, sweep_one, &s) : st;
}

/* ---- backup and restore ---------------------------------------------------------------------- */

typedef struct copying {
    const char *to;
    bool (*is_over)(void *arg);
    void *arg;
    int64_t count;
} copying;

/* Under a name that is no content's until all of it is there. */
static crm_status copy_one(int dir, const char *name, const char *to)
{
    char part[PATH_ROOM + HASH_CHARS + 8];
    snprintf(part, sizeof part, "%s.part", to);
    int in = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int out =
        in >= 0 ? open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
    crm_status st = out >= 0 ? fs_copy_bytes(in, out) : status_from_errno(errno);
    if (st == CRM_OK && rename(part, to) != 0) {
        st = status_from_errno(errno);
    }
    if (out >= 0) {
        close(out);
    }
    if (in >= 0) {
        close(in);
    }
    if (out >= 0 && st != CRM_OK) {
        unlink(part);
    }
    return st;
}

/* A copy that was cut off may have left less under that name. */
static bool is_as_long(int dir, const char *name, const char *there)
{
    struct stat a, b;
    return fstatat(dir, name, &a, AT_SYMLINK_NOFOLLOW) == 0 && lstat(there, &b) == 0 &&
           S_ISREG(b.st_mode) && a.st_size == b.st_size;
}

/* Contents never change, so two directories may share one where the disk is the same. */
static crm_status link_one(void *arg, int dir, const char *name)
{
    copying *c = arg;
    char place[PATH_ROOM], path[PATH_ROOM + HASH_CHARS + 2];
    if (c->is_over && c->is_over(c->arg)) {
        return CRM_UNAVAILABLE;
    }
    int n = snprintf(place, sizeof place, "%s/%.2s", c->to, name);
    if (n <= 0 || (size_t)n >= sizeof place) {
        return CRM_TOO_LARGE;
    }
    snprintf(path, sizeof path, "%s/%s", place, name);
    if ((mkdir(c->to, 0700) != 0 && errno != EEXIST) ||
        (mkdir(place, 0700) != 0 && errno != EEXIST)) {
        return status_from_errno(errno);
    }
    bool is_there = linkat(dir, name, AT_FDCWD, path, 0) == 0 ||
                    (errno == EEXIST && is_as_long(dir, name, path));
    crm_status st = is_there ? CRM_OK : copy_one(dir, name, path);
    c->count += st == CRM_OK;
    return st == CRM_OK ? sync_folder(place) : st;
}

crm_status files_copy_all(const char *from, const char *to, bool (*is_over)(void *arg), void *arg,
                          int64_t *count)
{
    copying c = {.to = to, .is_over = is_over, .arg = arg};
    crm_status st = each_content(from ? from : folder, link_one, &c);
    *count = c.count;
    return st == CRM_OK && c.count ? sync_folder(to) : st;
}

typedef struct verifying {
    arena *a;
    const char *root;
    int64_t count;
} verifying;

static crm_status verify_one(void *arg, int dir, const char *name)
{
    verifying *v = arg;
    crm_str hash = {0};
    (void)dir;
    arena_mark mark = arena_mark_get(v->a);
    crm_str path = arena_fmt(v->a, "%s/%.2s/%s", v->root, name, name);
    crm_status st = path.p ? hash_file(path.p, v->a, &hash, false) : CRM_NOMEM;
    st = st == CRM_OK && !str_is(hash, name) ? CRM_INVALID : st;
    v->count += st == CRM_OK;
    arena_rewind(v->a, mark);
    return st;
}

crm_status files_verify(const char *root, int64_t *count)
{
    verifying v = {.a = arena_new(0), .root = root};
    crm_status st = v.a ? each_content(root, verify_one, &v) : CRM_NOMEM;
    *count = v.count;
    arena_free(v.a);
    return st;
}
