/* child.c - see child.h. */
#include "table/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#define FILE_FD 3

static char program[4096];

void child_set_program(const char *path)
{
    snprintf(program, sizeof program, "%s", path);
}

static crm_status spawn(const char *const *args, int file, const int ends[2], pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    char *const env[] = {(char *)"PATH=/usr/bin:/bin", (char *)"LC_ALL=C.UTF-8", NULL};
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return CRM_NOMEM;
    }
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, file, FILE_FD);
    int err = posix_spawn(pid, program, &actions, NULL, (char *const *)args, env);
    posix_spawn_file_actions_destroy(&actions);
    return err ? status_from_errno(err) : CRM_OK;
}

static void close_pair(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

/* The descriptor that becomes the child's third must stand above it, or it would be overwritten. */
static int lifted(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, FILE_FD + 1);
}

crm_status child_start(const char *const *args, int file, child *out)
{
    int in[2], from[2], high = lifted(file);
    pid_t pid;
    if (high < 0 || pipe2(in, O_CLOEXEC) != 0) {
        close(high);
        return CRM_UNAVAILABLE;
    }
    if (pipe2(from, O_CLOEXEC) != 0) {
        close_pair(in);
        close(high);
        return CRM_UNAVAILABLE;
    }
    crm_status s = spawn(args, high, (const int[]){in[0], from[1]}, &pid);
    close(high);
    close(in[0]);
    close(from[1]);
    if (s != CRM_OK) {
        log_event(LOG_ERROR, "child.not_started", "program=%s", log_quote(str_of(program)));
        close(in[1]);
        close(from[0]);
        return CRM_UNAVAILABLE;
    }
    *out = (child){.pid = pid, .in = in[1], .out = from[0]};
    return CRM_OK;
}

static bool wait_ready(int fd, short events, int ms)
{
    struct pollfd p = {.fd = fd, .events = events};
    int n;
    do {
        n = poll(&p, 1, ms);
    } while (n < 0 && errno == EINTR);
    return n > 0;
}

bool child_speaks(const child *c, int ms)
{
    return wait_ready(c->out, POLLIN, ms);
}

ssize_t child_read(void *arg, char *to, size_t n)
{
    child *c = arg;
    ssize_t got;
    if (!wait_ready(c->out, POLLIN, CHILD_SILENCE_MS)) {
        return -1;
    }
    do {
        got = read(c->out, to, n);
    } while (got < 0 && errno == EINTR);
    return got;
}

crm_status child_write(child *c, crm_str bytes)
{
    while (bytes.n) {
        if (!wait_ready(c->in, POLLOUT, CHILD_SILENCE_MS)) {
            return CRM_TIMEOUT;
        }
        ssize_t n = write(c->in, bytes.p, bytes.n < PIPE_BUF ? bytes.n : PIPE_BUF);
        if (n < 0 && errno != EINTR) {
            return CRM_UNAVAILABLE;
        }
        size_t done = n > 0 ? (size_t)n : 0;
        bytes = (crm_str){bytes.p + done, bytes.n - done};
    }
    return CRM_OK;
}

void child_end(child *c)
{
    if (c->in >= 0) {
        close(c->in);
    }
    if (c->out >= 0) {
        close(c->out);
    }
    kill(c->pid, SIGKILL);
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    *c = (child){.in = -1, .out = -1};
}
