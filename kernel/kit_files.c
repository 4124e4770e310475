/* kit_files.c - folders and programs, for the commands of authors. Blocking, one thread. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit_tools.h"

#define FILE_BYTES ((size_t)64 << 20)
#define DEPTH_MAX  8
#define SAID_MAX   ((size_t)1 << 20)

crm_status kit_temp(arena *a, const char **out)
{
    const char *base = getenv("TMPDIR");
    char *real = realpath(base && *base ? base : "/tmp", NULL);
    crm_str path = real ? arena_fmt(a, "%s/karkas-kit-XXXXXX", real) : (crm_str){0};
    free(real);
    *out = path.p;
    return path.p && mkdtemp((char *)(uintptr_t)path.p) ? CRM_OK : status_from_errno(errno);
}

void kit_remove(const char *dir)
{
    if (dir) {
        fs_remove_all(dir);
    }
}

/* ---- walking --------------------------------------------------------------------------------- */

/* Regular files below `dir` in the order of their names. */
typedef struct walk {
    arena *a;
    crm_status (*on_file)(struct walk *w, const char *path, const char *inner);
    crm_status (*on_folder)(struct walk *w, const char *inner); /* may be NULL */
    void *arg;
} walk;

static int only_own(const struct dirent *e)
{
    return e->d_name[0] != '.' && strcmp(e->d_name, "build") != 0;
}

static crm_status walk_folder(walk *w, const char *dir, const char *inner, int depth);

static crm_status walk_entry(walk *w, const char *dir, const char *inner, const char *name,
                             int depth)
{
    struct stat st;
    crm_str path = arena_fmt(w->a, "%s/%s", dir, name);
    crm_str within = arena_fmt(w->a, "%s%s%s", inner, *inner ? "/" : "", name);
    if (!path.p || !within.p) {
        return CRM_NOMEM;
    }
    if (lstat(path.p, &st) != 0) {
        return CRM_OK; /* an editor's file that has gone again */
    }
    if (S_ISREG(st.st_mode)) {
        return w->on_file(w, path.p, within.p);
    }
    if (!S_ISDIR(st.st_mode) || depth == DEPTH_MAX) {
        return CRM_OK;
    }
    crm_status s = w->on_folder ? w->on_folder(w, within.p) : CRM_OK;
    return s == CRM_OK ? walk_folder(w, path.p, within.p, depth + 1) : s;
}

static crm_status walk_folder(walk *w, const char *dir, const char *inner, int depth)
{
    struct dirent **entries = NULL;
    int n = scandir(dir, &entries, only_own, alphasort);
    crm_status s = n < 0 ? status_from_errno(errno) : CRM_OK;
    for (int i = 0; i < n; i++) {
        s = s == CRM_OK ? walk_entry(w, dir, inner, entries[i]->d_name, depth) : s;
        free(entries[i]);
    }
    free(entries);
    return s;
}

/* ---- copying, hashing ------------------------------------------------------------------------ */

static crm_status copy_file(walk *w, const char *path, const char *inner)
{
    crm_str bytes, to = arena_fmt(w->a, "%s/%s", (const char *)w->arg, inner);
    arena_mark mark = arena_mark_get(w->a);
    crm_status s = to.p ? fs_read(w->a, path, FILE_BYTES, &bytes) : CRM_NOMEM;
    s = s == CRM_OK ? fs_write(to.p, bytes, 0644) : s;
    arena_rewind(w->a, mark);
    return s;
}

static crm_status make_folder(walk *w, const char *inner)
{
    crm_str to = arena_fmt(w->a, "%s/%s", (const char *)w->arg, inner);
    return to.p ? fs_mkdir(to.p, 0755) : CRM_NOMEM;
}

crm_status kit_copy(arena *a, const char *from, const char *to)
{
    walk w = {a, copy_file, make_folder, (void *)(uintptr_t)to};
    crm_status s = fs_mkdir(to, 0755);
    return s == CRM_OK ? walk_folder(&w, from, "", 0) : s;
}

/* "<hash of the file> <path>\n", gathered. */
static crm_status hash_file(walk *w, const char *path, const char *inner)
{
    crm_str bytes;
    uint8_t hash[SHA256_SIZE];
    arena_mark mark = arena_mark_get(w->a);
    crm_status s = fs_read(w->a, path, FILE_BYTES, &bytes);
    if (s == CRM_OK) {
        crypto_sha256(bytes, hash);
        buf_add(w->arg, hash, sizeof hash);
        buf_fmt(w->arg, " %s\n", inner);
    }
    arena_rewind(w->a, mark);
    return s;
}

crm_str kit_hash(arena *a, const char *dir)
{
    buf list;
    uint8_t hash[SHA256_SIZE];
    buf_init(&list, 0);
    walk w = {a, hash_file, NULL, &list};
    crm_status s = walk_folder(&w, dir, "", 0);
    crypto_sha256(buf_view(&list), hash);
    bool is_whole = s == CRM_OK && !list.failed;
    buf_free(&list);
    return is_whole ? crypto_hex(a, hash, sizeof hash) : (crm_str){0};
}

static crm_status add_size(walk *w, const char *path, const char *inner)
{
    struct stat st;
    (void)inner;
    *(uint64_t *)w->arg += lstat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
    return CRM_OK;
}

uint64_t kit_size(arena *a, const char *dir)
{
    uint64_t bytes = 0;
    walk w = {a, add_size, NULL, &bytes};
    (void)!walk_folder(&w, dir, "", 0);
    return bytes;
}

/* ---- programs -------------------------------------------------------------------------------- */

const char *kit_self(arena *a)
{
    char *path = arena_alloc(a, PATH_MAX);
    ssize_t n = path ? readlink("/proc/self/exe", path, PATH_MAX - 1) : -1;
    return n > 0 ? path : "/proc/self/exe";
}

static int how_it_ended(pid_t pid)
{
    int how = 0;
    while (waitpid(pid, &how, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

static void read_all(int fd, buf *out)
{
    char block[4096];
    ssize_t n;
    while ((n = read(fd, block, sizeof block)) > 0 || (n < 0 && errno == EINTR)) {
        if (n > 0 && out->n < SAID_MAX) {
            buf_add(out, block, (size_t)n);
        }
    }
}

int kit_run(const char *const *argv, buf *out)
{
    extern char **environ;
    int ends[2];
    pid_t pid;
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    int err = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (!err) {
        read_all(ends[0], out);
    }
    close(ends[0]);
    return err ? -1 : how_it_ended(pid);
}
