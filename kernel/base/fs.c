/* fs.c - whole-file reads, durable writes and the data directory's lock. Blocks; no loop thread. */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/log.h"
#include "base/status.h"
#include "base/str.h"

/* The rest of fs promises few codes; what has no better name is INTERNAL. */
static crm_status read_error(int err)
{
    return status_from_errno(err) == CRM_NOT_FOUND ? CRM_NOT_FOUND : CRM_INTERNAL;
}

static crm_status write_error(int err)
{
    return status_from_errno(err) == CRM_NO_SPACE ? CRM_NO_SPACE : CRM_INTERNAL;
}

/* Reads up to `n` bytes; fewer only at the end of the file. -1 with errno. */
static ssize_t read_all(int fd, char *p, size_t n)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = read(fd, p + got, n - got);
        if (r == 0) {
            break;
        }
        if (r > 0) {
            got += (size_t)r;
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return (ssize_t)got;
}

static crm_status read_fd(arena *a, int fd, size_t max, crm_str *out)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return CRM_INTERNAL;
    }
    if (st.st_size < 0 || (uint64_t)st.st_size > max) {
        return CRM_TOO_LARGE;
    }
    size_t size = (size_t)st.st_size;
    char *p = arena_alloc(a, size + 1);
    if (!p) {
        return CRM_NOMEM;
    }
    ssize_t got = read_all(fd, p, size);
    if (got < 0) {
        return CRM_INTERNAL;
    }
    *out = (crm_str){p, (size_t)got};
    return CRM_OK;
}

crm_status fs_read(arena *a, const char *path, size_t max, crm_str *out)
{
    /* O_NONBLOCK: opening a FIFO somebody put here must not hang; it is refused as not regular. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return read_error(errno);
    }
    crm_status s = read_fd(a, fd, max, out);
    close(fd);
    return s;
}

static crm_status write_all(int fd, crm_str data)
{
    size_t done = 0;
    while (done < data.n) {
        ssize_t r = write(fd, data.p + done, data.n - done);
        if (r > 0) {
            done += (size_t)r;
        } else if (r == 0 || errno != EINTR) {
            return r == 0 ? CRM_INTERNAL : write_error(errno);
        }
    }
    return CRM_OK;
}

crm_status fs_sync(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return CRM_INTERNAL;
    }
    crm_status s = fsync(fd) == 0 ? CRM_OK : write_error(errno);
    close(fd);
    return s;
}

static bool folder_of(const char *path, char dir[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t n = !slash ? 0 : slash == path ? 1 : (size_t)(slash - path);
    if (n >= PATH_MAX) {
        return false;
    }
    snprintf(dir, PATH_MAX, "%.*s", n ? (int)n : 1, n ? path : ".");
    return true;
}

/* The name lives on disk only once the folder is flushed too. */
static crm_status sync_folder(const char *path)
{
    char dir[PATH_MAX];
    return folder_of(path, dir) ? fs_sync(dir) : CRM_INTERNAL;
}

/* What root writes for a server belongs to whom the server's folder does. */
static crm_status give(int fd, const char *path)
{
    char dir[PATH_MAX];
    struct stat st;
    if (geteuid() != 0 || !folder_of(path, dir) || stat(dir, &st) != 0 || st.st_uid == 0) {
        return CRM_OK;
    }
    return fchown(fd, st.st_uid, st.st_gid) == 0 ? CRM_OK : write_error(errno);
}

static crm_status write_beside(const char *beside, crm_str data, unsigned mode)
{
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        return write_error(errno);
    }
    crm_status s = give(fd, beside);
    s = s == CRM_OK ? write_all(fd, data) : s;
    /* fchmod, since the process's umask has cut the mode given to open. */
    if (s == CRM_OK && (fchmod(fd, mode) != 0 || fsync(fd) != 0)) {
        s = write_error(errno);
    }
    /* Some file systems report a full disk only here. */
    if (close(fd) != 0 && s == CRM_OK) {
        s = write_error(errno);
    }
    return s;
}

crm_status fs_write(const char *path, crm_str data, unsigned mode)
{
    char beside[PATH_MAX];
    uint32_t tag;
    crypto_random(&tag, sizeof tag);
    int n = snprintf(beside, sizeof beside, "%s.%08x.new", path, (unsigned)tag);
    if (n < 0 || (size_t)n >= sizeof beside) {
        return CRM_INTERNAL;
    }
    crm_status s = write_beside(beside, data, mode);
    if (s == CRM_OK && rename(beside, path) != 0) {
        s = write_error(errno);
    }
    if (s != CRM_OK) {
        unlink(beside);
        return s;
    }
    return sync_folder(path);
}

crm_status fs_mkdir(const char *path, unsigned mode)
{
    if (mkdir(path, mode) == 0) {
        return chmod(path, mode) == 0 ? CRM_OK : CRM_INTERNAL;
    }
    struct stat st;
    if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        return CRM_OK;
    }
    crm_status s = status_from_errno(errno);
    return s == CRM_NOT_FOUND || s == CRM_NO_SPACE ? s : CRM_INTERNAL;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void fs_remove_all(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static long read_pid(int fd)
{
    char text[24];
    ssize_t n = pread(fd, text, sizeof text, 0);
    int64_t pid = 0;
    if (n <= 0 || str_to_i64(str_trim((crm_str){text, (size_t)n}), &pid) != CRM_OK || pid < 0) {
        return 0;
    }
    return (long)pid;
}

/*
 * The pid is a courtesy to whoever is refused, so failing to write it fails nothing. It has a fixed
 * width and replaces the old one in place: a full disk can still be served.
 */
static void write_pid(int fd)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%-20ld\n", (long)getpid());
    if (pwrite(fd, text, (size_t)n, 0) != n) {
        log_event(LOG_WARN, "fs.lock", "error=pid_not_written errno=%d", errno);
    }
}

crm_status fs_lock(const char *dir, int *fd, long *holder)
{
    char path[PATH_MAX];
    *holder = 0;
    int n = snprintf(path, sizeof path, "%s/lock", dir);
    if (n < 0 || (size_t)n >= sizeof path) {
        return CRM_INTERNAL;
    }
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) {
        return errno == ENOENT ? CRM_NOT_FOUND : write_error(errno);
    }
    crm_status s = give(lock, path);
    if (s != CRM_OK) {
        close(lock);
        return s;
    }
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) {
        write_pid(lock);
    } else if (errno == EWOULDBLOCK) {
        *holder = read_pid(lock);
        s = CRM_CONFLICT;
    } else {
        s = CRM_INTERNAL;
    }
    if (s != CRM_OK) {
        close(lock);
        return s;
    }
    *fd = lock;
    return CRM_OK;
}

uint64_t fs_room(const char *path)
{
    struct statvfs st;
    return statvfs(path, &st) == 0 ? (uint64_t)st.f_bavail * st.f_frsize : 0;
}

uint64_t fs_room_of(int fd)
{
    struct statvfs st;
    return fstatvfs(fd, &st) == 0 ? (uint64_t)st.f_bavail * st.f_frsize : 0;
}
