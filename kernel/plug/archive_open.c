/*
 * archive_open.c - the bytes of an archive, unpacked by the program its first bytes ask for into
 * one file without a name. That program reads and writes nothing but its two ends, for so long, and
 * what it gives is taken to a limit: a small file that stands for a large one is refused, not
 * unpacked.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plug/archive.h"

#define HEADERS ((size_t)16 << 20) /* what names and padding of a tar take besides */
#define MOST    (ARCHIVE_ALL + HEADERS)
#define CPU_S   60
#define CHUNK   ((size_t)64 << 10)

static const struct {
    const char *begin;
    size_t n;
    const char *program;
} packers[] = {
    {"\x1f\x8b", 2, "/usr/bin/gzip"},
    {"\xfd"
     "7zXZ",
     5, "/usr/bin/xz"},
    {"BZh", 3, "/usr/bin/bzip2"},
    {"\x28\xb5\x2f\xfd", 4, "/usr/bin/zstd"},
};

/* NULL: it is a tar as it is. */
static const char *packer_of(int fd)
{
    char begin[8];
    ssize_t n = pread(fd, begin, sizeof begin, 0);
    for (size_t i = 0; i < sizeof packers / sizeof *packers; i++) {
        if (n >= (ssize_t)packers[i].n && memcmp(begin, packers[i].begin, packers[i].n) == 0) {
            return packers[i].program;
        }
    }
    return NULL;
}

static void limit(pid_t pid)
{
    const struct rlimit none = {0, 0}, cpu = {CPU_S, CPU_S};
    /* It may be over already. */
    (void)!prlimit(pid, RLIMIT_FSIZE, &none, NULL);
    (void)!prlimit(pid, RLIMIT_CORE, &none, NULL);
    (void)!prlimit(pid, RLIMIT_CPU, &cpu, NULL);
}

/* Its output in *out. */
static crm_status begin(const char *program, int in, pid_t *pid, int *out)
{
    char *const argv[] = {(char *)program, (char *)"-dc", NULL};
    char *const env[] = {(char *)"PATH=/usr/bin:/bin", NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return status_from_errno(errno);
    }
    if (posix_spawn_file_actions_init(&actions) != 0) {
        close(ends[0]);
        close(ends[1]);
        return CRM_NOMEM;
    }
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int err = posix_spawn(pid, program, &actions, NULL, argv, env);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (err) {
        close(ends[0]);
        return CRM_NOT_FOUND;
    }
    limit(*pid);
    *out = ends[0];
    return CRM_OK;
}

static crm_status put(int to, const char *bytes, size_t n)
{
    while (n) {
        ssize_t done = write(to, bytes, n);
        if (done < 0 && errno != EINTR) {
            return status_from_errno(errno);
        }
        n -= done > 0 ? (size_t)done : 0;
        bytes += done > 0 ? done : 0;
    }
    return CRM_OK;
}

/* TOO_LARGE beyond the limit. */
static crm_status pour(int from, int to, size_t *size)
{
    char chunk[CHUNK];
    crm_status s = CRM_OK;
    *size = 0;
    while (s == CRM_OK) {
        ssize_t n = read(from, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0 ? CRM_OK : CRM_INTERNAL;
        }
        *size += (size_t)n;
        s = *size > MOST ? CRM_TOO_LARGE : put(to, chunk, (size_t)n);
    }
    return s;
}

/* INVALID: the program did not take it. */
static crm_status unpack(const char *program, int in, int to, size_t *size)
{
    pid_t pid = -1;
    int out = -1, how = 0;
    crm_status s = begin(program, in, &pid, &out);
    if (s != CRM_OK) {
        return s;
    }
    s = pour(out, to, size);
    close(out);
    if (s != CRM_OK) {
        kill(pid, SIGKILL);
    }
    while (waitpid(pid, &how, 0) < 0 && errno == EINTR) {
    }
    bool ended_well = WIFEXITED(how) && WEXITSTATUS(how) == 0;
    return s == CRM_OK && !ended_well ? CRM_INVALID : s;
}

/* A file that goes with its descriptor. */
static int nameless(arena *a, const char *beside)
{
    crm_str path = arena_fmt(a, "%s/archive.tar", beside);
    int fd = path.p ? open(path.p, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) {
        unlink(path.p);
    }
    return fd;
}

static crm_status map(archive *x, int fd, size_t size)
{
    x->map = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    x->size = size;
    if (x->map == MAP_FAILED) {
        x->map = NULL;
        return size ? CRM_NOMEM : CRM_INVALID;
    }
    return CRM_OK;
}

static crm_status fetch(arena *a, archive *x, int in, const char *beside, refusal *why)
{
    size_t size = 0;
    const char *program = packer_of(in);
    int to = nameless(a, beside);
    crm_status s = to >= 0 ? CRM_OK : CRM_INTERNAL;
    if (s == CRM_OK) {
        s = program ? unpack(program, in, to, &size) : pour(in, to, &size);
    }
    s = s == CRM_OK ? map(x, to, size) : s;
    if (to >= 0) {
        close(to);
    }
    if (s == CRM_TOO_LARGE) {
        return refuse(a, why, "archive_large", "%.*s: unpacked it is over %zu MB", STR_FMT(x->name),
                      MOST >> 20);
    }
    if (s == CRM_NOT_FOUND) {
        return refuse(a, why, "bad_archive", "%.*s: %s, which unpacks it, is not there",
                      STR_FMT(x->name), program);
    }
    return s == CRM_INVALID
               ? refuse(a, why, "bad_archive", "%.*s: it is empty, or damaged", STR_FMT(x->name))
               : s;
}

crm_status archive_open(arena *a, const char *file, const char *beside, archive *out, refusal *why)
{
    const char *slash = strrchr(file, '/');
    struct stat st;
    *out = (archive){.name = str_of(slash ? slash + 1 : file)};
    int in = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* no waiting for a pipe's other end */
    if (in < 0 || fstat(in, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (in >= 0) {
            close(in);
        }
        return refuse(a, why, "bad_archive", "%.*s: it cannot be read", STR_FMT(out->name));
    }
    crm_status s = fetch(a, out, in, beside, why);
    close(in);
    if (s == CRM_OK) {
        s = archive_read(a, (crm_str){out->map, out->size}, out, why);
    }
    if (s != CRM_OK) {
        archive_close(out);
    }
    return s;
}

void archive_close(archive *x)
{
    if (x->map) {
        munmap(x->map, x->size);
    }
    x->map = NULL;
}
