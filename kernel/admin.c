/*
 * admin.c - commands to a running server: a Unix socket <data>/karkas.sock, mode 0600, one request
 * a connection. The request is a JSON line {"args":[…],"lang":"ru"}; the answer is the command's
 * text, a NUL byte and the exit code. Commands run on a worker, one at a time per connection. Who
 * ends his side of the connection before the answer wants a long command stopped.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server.h"

#define REQUEST_MAX 65536
#define ARGS_MAX    32

struct admin {
    uv_pipe_t pipe;
    mailbox *mail;
    deployment *d;
    char path[108];
    struct talk *talks;
    bool is_closed;
};

typedef struct talk {
    uv_pipe_t pipe;
    admin *admin;
    buf in, out;
    bool is_running, is_closed;
    command_call call;
    const char *args[ARGS_MAX];
    json_t *json;
    pool_task task;
    uv_write_t write;
    struct talk *next;
} talk;

static void free_talk(talk *t)
{
    talk **at = &t->admin->talks;
    while (*at != t) {
        at = &(*at)->next;
    }
    *at = t->next;
    buf_free(&t->in);
    buf_free(&t->out);
    json_decref(t->json);
    arena_free(t->call.arena);
    free(t);
}

static void closed(uv_handle_t *h)
{
    talk *t = h->data;
    t->is_closed = true;
    if (!t->is_running) {
        free_talk(t);
    }
}

static void hang_up(talk *t)
{
    if (!uv_is_closing((uv_handle_t *)&t->pipe)) {
        uv_close((uv_handle_t *)&t->pipe, closed);
    }
}

static void answered(uv_write_t *w, int status)
{
    (void)status; /* who asked may have gone */
    hang_up(w->data);
}

static void run(pool_task *task, engine_session *session)
{
    talk *t = task->arg;
    (void)session;
    command_run(&t->call);
}

static void ran(pool_task *task)
{
    talk *t = task->arg;
    t->is_running = false;
    if (t->is_closed) {
        free_talk(t);
        return;
    }
    buf_char(&t->out, 0);
    buf_int(&t->out, t->call.exit_code);
    buf_char(&t->out, '\n');
    uv_buf_t b = uv_buf_init(t->out.p, (unsigned)t->out.n);
    t->write.data = t;
    if (uv_write(&t->write, (uv_stream_t *)&t->pipe, &b, 1, answered) != 0) {
        hang_up(t);
    }
}

static bool read_request(talk *t)
{
    if (json_read(buf_view(&t->in), 0, &t->json, NULL) != CRM_OK) {
        return false;
    }
    const json_t *args = json_object_get(t->json, "args"), *arg;
    size_t i;
    t->call =
        (command_call){.d = t->admin->d, .args = t->args, .out = &t->out, .arena = arena_new(0)};
    t->call.lang = str_is(json_text(t->json, "lang"), "ru") ? "ru" : "en";
    json_array_foreach(args, i, arg)
    {
        if (i == ARGS_MAX || !json_is_string(arg)) {
            return false;
        }
        t->args[t->call.count++] = json_string_value(arg);
    }
    return t->call.count > 0 && t->call.arena;
}

static void got(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    talk *t = stream->data;
    (void)b;
    if (n < 0 && t->is_running) {
        uv_read_stop(stream); /* the answer may be wanted all the same */
        atomic_store(&t->call.is_unwanted, true);
        return;
    }
    if (n < 0) {
        hang_up(t);
        return;
    }
    if (t->is_running) {
        return; /* one request a connection: the rest is dropped */
    }
    t->in.n += (size_t)n;
    if (!t->in.n || t->in.p[t->in.n - 1] != '\n') {
        return;
    }
    if (!read_request(t)) {
        hang_up(t);
        return;
    }
    t->is_running = true;
    t->task = (pool_task){.run = run, .done = ran, .arg = t, .reply_to = t->admin->mail};
    if (pool_submit(t->admin->d->flow, POOL_WORKER, &t->task) != CRM_OK) {
        t->is_running = false;
        hang_up(t);
    }
}

static void room(uv_handle_t *h, size_t hint, uv_buf_t *b)
{
    talk *t = h->data;
    (void)hint;
    char *p = t->in.n < REQUEST_MAX ? buf_room(&t->in, 4096) : NULL;
    *b = uv_buf_init(p, p ? 4096 : 0);
}

/* The socket's mode says who may connect; the peer's id is checked all the same. */
static bool is_allowed(uv_pipe_t *p)
{
    struct ucred who;
    socklen_t size = sizeof who;
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)p, &fd) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) {
        return false;
    }
    return who.uid == 0 || who.uid == geteuid();
}

static void connected(uv_stream_t *server, int status)
{
    admin *a = server->data;
    talk *t = status == 0 ? calloc(1, sizeof *t) : NULL;
    if (!t) {
        return;
    }
    t->admin = a;
    t->next = a->talks;
    a->talks = t;
    t->pipe.data = t;
    buf_init(&t->in, REQUEST_MAX + 4096);
    buf_init(&t->out, 0);
    uv_pipe_init(server->loop, &t->pipe, 0);
    if (uv_accept(server, (uv_stream_t *)&t->pipe) != 0 || !is_allowed(&t->pipe) ||
        uv_read_start((uv_stream_t *)&t->pipe, room, got) != 0) {
        hang_up(t);
    }
}

static bool socket_path(const char *data, char *out, size_t size)
{
    int n = snprintf(out, size, "%s/karkas.sock", data);
    return n > 0 && (size_t)n < size;
}

crm_status admin_start(uv_loop_t *loop, mailbox *mail, deployment *d, admin **out)
{
    admin *a = calloc(1, sizeof *a);
    if (!a) {
        return CRM_NOMEM;
    }
    a->mail = mail;
    a->d = d;
    a->pipe.data = a;
    if (!socket_path(d->o->data, a->path, sizeof a->path)) {
        fprintf(stderr,
                d->o->lang[0] == 'r'
                    ? "karkas: --data %s: путь слишком длинный для сокета в этом каталоге\n"
                    : "karkas: --data %s: the path is too long for a socket in that directory\n",
                d->o->data);
        free(a);
        return CRM_INVALID;
    }
    unlink(a->path); /* the directory's lock is ours, so a socket there is a dead one */
    uv_pipe_init(loop, &a->pipe, 0);
    *out = a; /* whose pipe is closed by admin_stop, also when this fails */
    if (uv_pipe_bind(&a->pipe, a->path) != 0 || chmod(a->path, 0600) != 0 ||
        uv_listen((uv_stream_t *)&a->pipe, 128, connected) != 0) {
        return CRM_INTERNAL;
    }
    uv_unref((uv_handle_t *)&a->pipe);
    return CRM_OK;
}

static void admin_closed(uv_handle_t *h)
{
    ((admin *)h->data)->is_closed = true;
}

/* A command that runs is told, and let finish; who only holds the line is hung up on. */
void admin_stop(admin *a)
{
    unlink(a->path);
    uv_close((uv_handle_t *)&a->pipe, admin_closed);
    for (talk *t = a->talks; t; t = t->next) {
        atomic_store(&t->call.is_unwanted, true);
        if (!t->is_running) {
            hang_up(t);
        }
    }
}

/* When the loop has ended and no command runs any more. */
void admin_free(admin *a)
{
    free(a);
}

/* ---- the client ------------------------------------------------------------------------------ */

static int dial(const char *data)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!socket_path(data, to.sun_path, sizeof to.sun_path)) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0) {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

static bool send_request(int fd, int count, const char *const *args, const char *lang)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        json_array_append_new(list, json_string(args[i]));
    }
    json_t *all = json_pack("{s:o,s:s}", "args", list, "lang", lang);
    char *text = all ? json_dumps(all, JSON_COMPACT) : NULL;
    size_t n = text ? strlen(text) : 0;
    if (text) {
        text[n] = '\n'; /* over the final 0: a line */
    }
    bool ok = text && write(fd, text, n + 1) == (ssize_t)(n + 1);
    free(text);
    json_decref(all);
    return ok;
}

crm_status admin_ask_into(const char *data, int count, const char *const *args, const char *lang,
                          buf *out, int *exit_code)
{
    char block[4096];
    ssize_t n;
    int64_t code = 1;
    int fd = dial(data);
    if (fd < 0) {
        return CRM_NOT_FOUND;
    }
    size_t from = out->n;
    command_asks_on(fd);
    if (send_request(fd, count, args, lang)) {
        while ((n = read(fd, block, sizeof block)) > 0 || (n < 0 && errno == EINTR)) {
            buf_add(out, block, n > 0 ? (size_t)n : 0);
        }
    }
    command_asks_on(-1);
    close(fd);
    crm_str answer = {out->n > from ? out->p + from : "", out->n - from};
    ptrdiff_t end = str_find(answer, 0);
    if (end >= 0) {
        crm_str rest = {answer.p + end + 1, answer.n - (size_t)end - 1};
        (void)!str_to_i64(str_trim(rest), &code);
        out->n = from + (size_t)end;
    } else {
        out->n = from;
        buf_z(out, "karkas: the server hung up\n");
    }
    *exit_code = (int)code;
    return CRM_OK;
}

crm_status admin_ask(const char *data, int count, const char *const *args, const char *lang,
                     int *exit_code)
{
    buf out;
    buf_init(&out, 0);
    crm_status s = admin_ask_into(data, count, args, lang, &out, exit_code);
    if (s == CRM_OK && out.n) {
        fwrite(out.p, 1, out.n, *exit_code ? stderr : stdout);
    }
    buf_free(&out);
    return s;
}
