/* kit_server.c - a server of the kit's own: its process, and what is told to it. One thread. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "flow/first_login.h"
#include "kit_tools.h"

#define START_LIMIT_MS 60000
#define STOP_LIMIT_MS  30000

/* In the child: only what a child may do between fork and exec. */
static void become(const kit_server *s, const char *self, int output)
{
    const server_options *o = s->call->d->o;
    const char *const argv[] = {self,       "serve", "--data", s->data,       "--tz",
                                s->tz,      "--dev", "--lang", s->call->lang, "--modules",
                                s->modules, "--web", o->web,   "--listen",    "127.0.0.1:0",
                                "--tls",    "off",   NULL};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0); /* Ctrl-C is the kit's to pass on */
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execv(self, (char *const *)(uintptr_t)argv);
    _exit(127);
}

/* The rest of the line behind `mark`, {NULL,0} while it is not whole. */
static crm_str line_behind(crm_str text, const char *mark)
{
    crm_str line;
    while (str_split(&text, '\n', &line)) {
        size_t n = strlen(mark);
        bool is_whole = text.p != NULL && line.p + line.n < text.p;
        if (is_whole && line.n >= n && !memcmp(line.p, mark, n)) {
            return (crm_str){line.p + n, line.n - n};
        }
    }
    return (crm_str){0};
}

static bool find_port(kit_server *s)
{
    crm_str rest = line_behind(buf_view(&s->said), "listening http://");
    int64_t port = 0;
    for (size_t i = rest.n; i > 0; i--) {
        if (rest.p[i - 1] == ':') {
            rest = str_trim((crm_str){rest.p + i, rest.n - i});
            break;
        }
    }
    if (!rest.p || str_to_i64(rest, &port) != CRM_OK || port < 1 || port > 65535) {
        return false;
    }
    s->port = (int)port;
    return true;
}

/* What it said since, so that its pipe never fills; false when it has ended or takes too long. */
static bool hear(kit_server *s, int limit_ms)
{
    struct pollfd p = {.fd = s->output, .events = POLLIN};
    int ready = poll(&p, 1, limit_ms);
    if (ready <= 0) {
        return ready < 0 && errno == EINTR;
    }
    char *room = buf_room(&s->said, 4096);
    ssize_t n = room ? read(s->output, room, 4096) : -1;
    s->said.n += n > 0 ? (size_t)n : 0;
    return n > 0;
}

/* At a first start only there is a code. */
static void keep_login(kit_server *s)
{
    arena *a = s->call->arena;
    crm_str text, word, path = arena_fmt(a, "%s/" FIRST_LOGIN_FILE, s->data);
    if (path.p && fs_read(a, path.p, sizeof s->login, &text) == CRM_OK &&
        str_split(&text, ' ', &word)) {
        snprintf(s->login, sizeof s->login, "%.*s", STR_FMT(str_trim(text)));
    }
}

bool kit_server_start(kit_server *s)
{
    int ends[2];
    int64_t from = clock_mono();
    const char *self = kit_self(s->call->arena);
    s->pid = 0;
    buf_clear(&s->said);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        become(s, self, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return false;
    }
    s->pid = pid;
    s->output = ends[0];
    while (!find_port(s)) {
        int64_t spent = (clock_mono() - from) / 1000000;
        if (spent > START_LIMIT_MS || !hear(s, (int)(START_LIMIT_MS - spent) + 1)) {
            kit_server_kill(s);
            return false;
        }
    }
    s->start_ms = (clock_mono() - from) / 1000000;
    keep_login(s);
    fcntl(s->output, F_SETFL, O_NONBLOCK);
    return true;
}

static void over(kit_server *s)
{
    while (hear(s, 0)) {
    }
    close(s->output);
    s->pid = 0;
}

bool kit_server_stop(kit_server *s)
{
    int how = 0;
    if (!s->pid) {
        return true;
    }
    kill(s->pid, SIGTERM);
    int64_t end = clock_mono() + STOP_LIMIT_MS * 1000000LL;
    while (hear(s, STOP_LIMIT_MS) && clock_mono() < end) {
    }
    if (clock_mono() >= end) {
        kill(s->pid, SIGKILL);
    }
    while (waitpid(s->pid, &how, 0) < 0 && errno == EINTR) {
    }
    over(s);
    return WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

void kit_server_kill(kit_server *s)
{
    if (s->pid) {
        kill(s->pid, SIGKILL);
        while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        over(s);
    }
}

void kit_server_hear(kit_server *s)
{
    buf_clear(&s->said);
    while (hear(s, 0)) {
    }
}

int kit_server_tell(const kit_server *s, buf *out, int count, const char *const *args)
{
    int code = 1;
    crm_status st = admin_ask_into(s->data, count, args, s->call->lang, out, &code);
    return st == CRM_OK ? code : -1;
}
