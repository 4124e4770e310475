/*
 * probe.c - looking at a shared object from a child process first: what crashes or hangs there
 * costs the server nothing.
 *
 * The child is this program with `--probe FILE`. It gets the open file as descriptor 3, so that
 * what was checked is what it looks at, and answers with one line of JSON on its standard output.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "plug/descriptor.h"
#include "plug/plug.h"

#define PROBE_FD   3
#define ANSWER_MAX (64u << 10)

/* ---- the child ------------------------------------------------------------------------------- */

static void say(const char *code, crm_str text, const descriptor *d)
{
    buf b;
    json_writer w;
    buf_init(&b, ANSWER_MAX);
    jw_init(&w, &b);
    buf_char(&b, '\n'); /* behind whatever the file's constructors printed */
    jw_object(&w);
    jw_kstr(&w, "code", str_of(code));
    jw_kstr(&w, "text", text);
    if (d) {
        jw_kstr(&w, "name", str_of(d->head.name));
        jw_kstr(&w, "version", str_of(d->head.version));
        jw_kint(&w, "level", d->head.level);
        jw_kstr(&w, "caps", str_of(d->head.caps));
#define X(T, member) jw_kint(&w, #member, d->member##_count);
        DESCRIPTOR_TABLES(X)
#undef X
    }
    jw_end_object(&w);
    buf_char(&b, '\n');
    fwrite(b.p, 1, b.n, stdout);
    fflush(stdout);
}

static void lower_limits(void)
{
    struct rlimit none = {0, 0}, cpu = {10, 10};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &none);
    setrlimit(RLIMIT_CPU, &cpu);
}

/* "…/tasks/tasks.so" and "…/tasks-1.0.0-0123abcd.so" hold tasks; the parent names it in
 * KARKAS_MODULE. */
static crm_str expected_name(const char *path, const crm_module *raw)
{
    const char *given = getenv("KARKAS_MODULE");
    if (given && *given) {
        return str_of(given);
    }
    bool is_readable = raw->magic == CRM_MODULE_MAGIC && raw->level <= KERNEL_LEVEL && raw->name;
    return is_readable ? str_of(raw->name) : str_of(path);
}

int plug_probe_main(const char *path)
{
    arena *a = arena_new(0);
    void *handle;
    const crm_module *raw;
    descriptor d;
    refusal why = {0};
    if (!a) {
        return 1;
    }
    lower_limits();
    const char *given = getenv("KARKAS_MODULE");
    crm_status s =
        object_open(a, str_of(given && *given ? given : path), path, &handle, &raw, &why);
    if (s == CRM_OK) {
        s = descriptor_read(a, expected_name(path, raw), raw, &d, &why);
    }
    if (s == CRM_OK) {
        say("ok", CRM_S(""), &d);
    } else {
        say(why.code ? why.code : "no_memory", why.text, NULL);
    }
    /* _exit: the file's destructors are not run, they are as untried as its constructors. */
    _exit(s == CRM_OK ? 0 : 2);
}

/* ---- the parent ------------------------------------------------------------------------------ */

static crm_status spawn(const char *program, crm_str name, int fd, int answer, pid_t *pid)
{
    char variable[128];
    /* A program that does not know --probe would begin itself anew, and that one again. */
    if (getenv("KARKAS_MODULE")) {
        return CRM_UNAVAILABLE;
    }
    char *const argv[] = {(char *)program, (char *)"--probe", (char *)"/proc/self/fd/3", NULL};
    posix_spawn_file_actions_t actions;
    snprintf(variable, sizeof variable, "KARKAS_MODULE=%.*s", STR_FMT(name));
    char *const env[] = {variable, (char *)"PATH=/usr/bin:/bin", (char *)"LC_ALL=C.UTF-8",
                         (char *)"ASAN_OPTIONS=detect_leaks=0", NULL};
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return CRM_NOMEM;
    }
    posix_spawn_file_actions_adddup2(&actions, answer, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fd, PROBE_FD);
    int err = posix_spawn(pid, program, &actions, NULL, argv, env);
    posix_spawn_file_actions_destroy(&actions);
    return err ? status_from_errno(err) : CRM_OK;
}

/* Reads until the child closes its end. TIMEOUT when it does not in time. */
static crm_status listen_to(int fd, int limit_ms, buf *answer)
{
    int64_t end = clock_mono() / 1000000 + limit_ms;
    for (;;) {
        int64_t left = end - clock_mono() / 1000000;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (left <= 0) {
            return CRM_TIMEOUT;
        }
        int ready = poll(&p, 1, (int)left);
        if (ready < 0 && errno != EINTR) {
            return CRM_INTERNAL;
        }
        if (ready <= 0) {
            continue;
        }
        char *room = buf_room(answer, 4096);
        ssize_t n = room ? read(fd, room, 4096) : -1;
        if (n <= 0) {
            return n == 0 ? CRM_OK : CRM_TOO_LARGE;
        }
        answer->n += (size_t)n;
    }
}

static int wait_for(pid_t pid)
{
    int how = 0;
    while (waitpid(pid, &how, 0) < 0 && errno == EINTR) {
    }
    return how;
}

/* The last line that is not empty: constructors may have printed before it. */
static crm_str last_line(crm_str text)
{
    crm_str line, last = {0};
    while (str_split(&text, '\n', &line)) {
        last = str_trim(line).n ? str_trim(line) : last;
    }
    return last;
}

static crm_status read_answer(arena *a, crm_str name, crm_str text, int how, refusal *why)
{
    json_t *json = NULL;
    if (WIFSIGNALED(how)) {
        return refuse(a, why, "probe_crashed",
                      "module %.*s: its file ends the process with signal %d", STR_FMT(name),
                      WTERMSIG(how));
    }
    crm_str line = last_line(text);
    if (!line.n || json_read(line, 0, &json, NULL) != CRM_OK) {
        return refuse(a, why, "probe_failed", "module %.*s: probing it ended with %d and no answer",
                      STR_FMT(name), WIFEXITED(how) ? WEXITSTATUS(how) : -1);
    }
    crm_str code = json_text(json, "code");
    crm_status s = CRM_OK;
    if (!str_is(code, "ok")) {
        why->code = arena_cstr(a, code);
        why->text = arena_dup(a, json_text(json, "text"));
        s = CRM_INVALID;
    }
    json_decref(json);
    return s;
}

crm_status probe_run(arena *a, crm_str name, const char *program, int fd, int limit_ms,
                     refusal *why)
{
    int ends[2];
    pid_t pid;
    buf answer;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return status_from_errno(errno);
    }
    crm_status s = spawn(program, name, fd, ends[1], &pid);
    close(ends[1]);
    if (s != CRM_OK) {
        close(ends[0]);
        return refuse(a, why, "probe_failed", "module %.*s: %s cannot be started to probe it",
                      STR_FMT(name), program);
    }
    buf_init(&answer, ANSWER_MAX);
    s = listen_to(ends[0], limit_ms, &answer);
    close(ends[0]);
    /* One that has ended keeps its exit status; one that closed its output and lives on does not
     * stay. */
    kill(pid, SIGKILL);
    int how = wait_for(pid);
    if (s == CRM_TIMEOUT) {
        s = refuse(a, why, "probe_hung", "module %.*s: its file did not load within %d ms",
                   STR_FMT(name), limit_ms);
    } else if (s != CRM_OK) {
        s = refuse(a, why, "probe_failed", "module %.*s: probing it answered too much",
                   STR_FMT(name));
    } else {
        s = read_answer(a, name, buf_view(&answer), how, why);
    }
    buf_free(&answer);
    return s;
}
