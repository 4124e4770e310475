#include "net_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/str.h"
#include "net/conn.h"

/* What never comes ends a test; a machine that is busy with others does not. */
#define PATIENCE_MS 100000

/* ---- The server's side ----------------------------------------------------------------------- */

bool (*net_serve)(http_request *r);
const char *net_address = "127.0.0.1";

static void on_cancel(http_request *r, void *arg)
{
    net_fixture *f = arg;
    (void)r;
    atomic_fetch_add(&f->cancelled, 1);
}

static void on_drain(http_request *r, void *arg)
{
    net_fixture *f = arg;
    (void)r;
    atomic_fetch_add(&f->drained, 1);
}

static void hold(net_fixture *f, http_request *r)
{
    r->on_cancel = on_cancel;
    r->on_drain = on_drain;
    r->arg = f;
    f->held[atomic_load(&f->held_count)] = r;
    atomic_fetch_add(&f->held_count, 1);
}

static void echo(http_request *r)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    buf_fmt(http_body(r), "%s %.*s?%.*s %.*s", names[r->verb], STR_FMT(r->path), STR_FMT(r->query),
            STR_FMT(r->body));
    http_reply(r, 200, "text/plain");
}

static void big(http_request *r)
{
    uint64_t n = 0;
    (void)!str_to_u64(http_param(r, "n"), &n);
    char *p = buf_room(http_body(r), n);
    if (p) {
        memset(p, 'x', n);
        http_body(r)->n += n;
    }
    http_reply(r, 200, "application/octet-stream");
}

static void route(void *arg, http_request *r)
{
    net_fixture *f = arg;
    atomic_fetch_add(&f->routed, 1);
    if (str_is(r->path, "/smuggled")) {
        atomic_fetch_add(&f->smuggled, 1);
    }
    if (net_serve && net_serve(r)) {
        return;
    }
    if (str_is(r->path, "/later")) {
        hold(f, r);
    } else if (str_is(r->path, "/stream")) {
        http_stream_start(r, 200, "text/event-stream", -1);
        hold(f, r);
    } else if (str_is(r->path, "/big")) {
        big(r);
    } else if (str_is(r->path, "/html")) {
        buf_z(http_body(r), "<!doctype html>");
        http_reply(r, 200, "text/html; charset=utf-8");
    } else {
        echo(r);
    }
}

static void early(void *arg, http_request *r)
{
    (void)arg;
    if (str_is(r->path, "/denied")) {
        http_refuse(r, 401, "unauthenticated");
    } else if (str_is(r->path, "/small")) {
        r->body_limit = 10;
    } else if (str_is(r->path, "/large")) {
        r->body_limit = 8 * 1024 * 1024;
    } else if (str_starts(r->path, CRM_S("/upload"))) {
        r->is_streamed = true;
        r->body_limit = 100 * 1024 * 1024;
    }
}

static void run(void *arg)
{
    net_fixture *f = arg;
    thread_set_role(THREAD_LOOP, "test-loop");
    http_handlers handlers = {.route = route, .early = early, .arg = f};
    f->mail = mailbox_new(&f->loop);
    f->server = http_server_new(&f->loop, &handlers, &f->limits);
    assert_non_null(f->server);
    assert_int_equal(http_server_listen(f->server, net_address, 0, f->tls, &f->port), CRM_OK);
    uv_sem_post(&f->ready);
    uv_run(&f->loop, UV_RUN_DEFAULT);
}

void net_start(net_fixture *f, const http_limits *limits, tls_context *tls)
{
    memset(f, 0, sizeof *f);
    f->limits = limits ? *limits : (http_limits){0};
    f->tls = tls;
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(uv_sem_init(&f->ready, 0), 0);
    assert_int_equal(uv_thread_create(&f->thread, run, f), 0);
    uv_sem_wait(&f->ready);
}

typedef struct call {
    net_fixture *f;
    void (*fn)(net_fixture *f);
    uv_sem_t done;
} call;

static void run_call(void *arg)
{
    call *c = arg;
    c->fn(c->f);
    uv_sem_post(&c->done);
}

void net_call(net_fixture *f, void (*fn)(net_fixture *f))
{
    call c = {.f = f, .fn = fn};
    assert_int_equal(uv_sem_init(&c.done, 0), 0);
    mailbox_post(f->mail, run_call, &c);
    uv_sem_wait(&c.done);
    uv_sem_destroy(&c.done);
}

static void answer_held(net_fixture *f)
{
    int n = atomic_exchange(&f->held_count, 0);
    for (int i = 0; i < n; i++) {
        http_request *r = f->held[i];
        buf_z(http_body(r), "done");
        http_reply(r, 200, "text/plain");
    }
}

void net_answer_held(net_fixture *f)
{
    net_call(f, answer_held);
}

static void on_stopped(void *arg)
{
    net_fixture *f = arg;
    mailbox_close(f->mail);
    atomic_store(&f->stopped, 1);
}

static void stop(net_fixture *f)
{
    http_server_stop(f->server, 0, on_stopped, f);
}

void net_stop(net_fixture *f)
{
    if (!atomic_load(&f->stopped)) {
        net_call(f, stop);
    }
    net_until(&f->stopped, 1);
    assert_int_equal(uv_thread_join(&f->thread), 0);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    uv_sem_destroy(&f->ready);
}

static http_stats figures;

static void read_stats(net_fixture *f)
{
    http_server_stats(f->server, &figures);
}

http_stats net_stats(net_fixture *f)
{
    net_call(f, read_stats);
    return figures;
}

static void pass(net_fixture *f)
{
    wheel_pass(&f->server->wheel, f->passing);
}

void net_pass(net_fixture *f, uint64_t ms)
{
    f->passing = ms;
    net_call(f, pass);
}

void net_until(atomic_int *counter, int n)
{
    int64_t end = clock_mono() + (int64_t)PATIENCE_MS * 1000000;
    while (atomic_load(counter) < n) {
        assert_true(clock_mono() < end);
        poll(NULL, 0, 1);
    }
}

void net_until_connections(net_fixture *f, uint32_t n)
{
    int64_t end = clock_mono() + (int64_t)PATIENCE_MS * 1000000;
    while (net_stats(f).connections != n) {
        assert_true(clock_mono() < end);
        poll(NULL, 0, 1);
    }
}

void net_until_bytes(net_fixture *f, uint64_t n)
{
    int64_t end = clock_mono() + (int64_t)PATIENCE_MS * 1000000;
    while (net_stats(f).bytes_in < n) {
        assert_true(clock_mono() < end);
        poll(NULL, 0, 1);
    }
}

void net_until_lag(net_fixture *f, uint32_t ms)
{
    int64_t end = clock_mono() + (int64_t)PATIENCE_MS * 1000000;
    while (net_stats(f).lag_ms < ms) {
        assert_true(clock_mono() < end);
        poll(NULL, 0, 1);
    }
}

/* ---- The client's side ----------------------------------------------------------------------- */

int raw_connect(const net_fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)f->port)};
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

bool raw_send(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent < 0) {
            assert_true(errno == EPIPE || errno == ECONNRESET);
            return false;
        }
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

bool raw_send_z(int fd, const char *z)
{
    return raw_send(fd, z, strlen(z));
}

/* A socket with a time limit is interrupted whatever SA_RESTART says (signal(7)). */
static ssize_t receive(int fd, char *to, size_t size)
{
    ssize_t got;
    do {
        got = recv(fd, to, size, 0);
    } while (got < 0 && errno == EINTR);
    return got;
}

char *raw_read_all(int fd, size_t *n, bool *reset)
{
    size_t cap = 65536;
    char *p = malloc(cap);
    *n = 0;
    *reset = false;
    for (;;) {
        assert_non_null(p);
        ssize_t got = receive(fd, p + *n, cap - *n - 1);
        if (got < 0) {
            assert_int_equal(errno, ECONNRESET); /* EAGAIN: it was not closed in time */
            *reset = true;
        }
        if (got <= 0) {
            break;
        }
        *n += (size_t)got;
        if (cap - *n < 65536) {
            cap *= 2;
            p = realloc(p, cap);
        }
    }
    p[*n] = 0;
    return p;
}

static size_t body_length(const char *head)
{
    const char *at = strstr(head, "Content-Length: ");
    return at ? (size_t)strtoul(at + 16, NULL, 10) : 0;
}

int raw_read_reply(int fd, char *out, size_t size)
{
    size_t n = 0;
    for (;;) {
        out[n] = 0;
        char *end = strstr(out, "\r\n\r\n");
        if (end && n >= (size_t)(end - out) + 4 + body_length(out)) {
            break;
        }
        /* Byte by byte in the head, so that the next reply stays in the socket. */
        size_t want = end ? (size_t)(end - out) + 4 + body_length(out) - n : 1;
        assert_true(n + want < size);
        ssize_t got = receive(fd, out + n, want);
        if (got <= 0) {
            return -1;
        }
        n += (size_t)got;
    }
    return n > 12 ? (int)strtol(out + 9, NULL, 10) : -1;
}

int raw_ask(const net_fixture *f, const char *request, char *out, size_t size)
{
    int fd = raw_connect(f);
    raw_send_z(fd, request);
    int status = raw_read_reply(fd, out, size);
    close(fd);
    return status;
}
