/*
 * server.c - listeners and the life of a server. Loop thread.
 *
 * A listener is a plain socket under uv_poll: libuv's own listeners stop for ever when a connection
 * is not taken, and spin when accept keeps failing.
 */
#include "net/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/log.h"
#include "base/status.h"
#include "net/conn.h"

#define BACKLOG         1024
#define ACCEPTS_A_TURN  64
#define ACCEPT_PAUSE_MS 100

typedef struct http_listener {
    uv_poll_t poll; /* first */
    http_server *s;
    tls_context *tls;
    struct http_listener *next;
    wheel_node pause;
    int fd;
    bool is_closing;
} http_listener;

/* ---- Limits ---------------------------------------------------------------------------------- */

static void or_default(uint32_t *value, uint32_t otherwise)
{
    if (*value == 0) {
        *value = otherwise;
    }
}

/* Files, the database and logs need descriptors too. */
static uint32_t most_connections(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur / 5 * 4 > 10000) {
        return 10000;
    }
    return (uint32_t)(files.rlim_cur / 5 * 4);
}

static void set_limits(http_limits *l)
{
    or_default(&l->connections, most_connections());
    or_default(&l->connections_ip, 1000);
    or_default(&l->header_ms, 10000);
    or_default(&l->body_ms, 10000);
    or_default(&l->body_rate, 1024);
    or_default(&l->idle_ms, 60000);
    or_default(&l->write_ms, 20000);
    or_default(&l->handshake_ms, 5000);
    or_default(&l->body_limit, 1024 * 1024);
    or_default(&l->body_max, 64 * 1024 * 1024);
    or_default(&l->reply_max, 64 * 1024 * 1024);
}

/* ---- Life ------------------------------------------------------------------------------------ */

static void free_server(http_server *s)
{
    exchange_drain_pool(s);
    peers_free(s->peers);
    buf_free(&s->spare);
    free(s->read_buffer);
    free(s->plain_buffer);
    free(s);
}

static void on_handle_closed(uv_handle_t *h)
{
    http_server *s = h->data;
    if (--s->handles == 0) {
        void (*stopped)(void *) = s->stopped;
        void *arg = s->stopped_arg;
        free_server(s);
        if (stopped) {
            stopped(arg);
        }
    }
}

/* The last connection of a stopping server takes the server with it. */
static void close_when_empty(http_server *s)
{
    if (!s->is_stopping || s->stats.connections || uv_is_closing((uv_handle_t *)&s->resume)) {
        return;
    }
    wheel_cancel(&s->wheel, &s->grace);
    uv_close((uv_handle_t *)&s->resume, on_handle_closed);
    wheel_close(&s->wheel, on_handle_closed);
}

void server_conn_gone(http_server *s)
{
    s->stats.connections--;
    close_when_empty(s);
}

static void on_resume(uv_idle_t *idle)
{
    http_server *s = idle->data;
    conn *c = s->resume_first;
    s->resume_first = s->resume_last = NULL;
    uv_idle_stop(idle);
    while (c) {
        conn *next = c->resume_next;
        c->resume_next = NULL;
        conn_resume(c);
        c = next;
    }
}

void server_resume(conn *c)
{
    http_server *s = c->s;
    if (c->is_resuming) {
        return;
    }
    c->is_resuming = true;
    if (s->resume_last) {
        s->resume_last->resume_next = c;
    } else {
        s->resume_first = c;
        uv_idle_start(&s->resume, on_resume);
    }
    s->resume_last = c;
}

const char *server_date(http_server *s)
{
    time_t now = time(NULL);
    if (now != s->date_second) {
        struct tm tm;
        s->date_second = now;
        gmtime_r(&now, &tm);
        strftime(s->date, sizeof s->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    }
    return s->date;
}

static void cut_all(wheel_node *n)
{
    http_server *s = (http_server *)((char *)n - offsetof(http_server, grace));
    while (s->conns.next != &s->conns) {
        conn_close(s->conns.next);
    }
}

http_server *http_server_new(uv_loop_t *loop, const http_handlers *handlers,
                             const http_limits *limits)
{
    http_server *s = calloc(1, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->read_buffer = malloc(CONN_READ_SIZE);
    s->peers = peers_new();
    if (!s->read_buffer || !s->peers) {
        free_server(s);
        return NULL;
    }
    signal(SIGPIPE, SIG_IGN); /* libuv does not always write with MSG_NOSIGNAL */
    s->loop = loop;
    s->handlers = *handlers;
    s->limits = limits ? *limits : (http_limits){0};
    set_limits(&s->limits);
    s->conns.prev = s->conns.next = &s->conns;
    buf_init(&s->spare, SIZE_MAX / 2);
    uint32_t prefix;
    crypto_random(&prefix, sizeof prefix);
    snprintf(s->id_prefix, sizeof s->id_prefix, "%08x", (unsigned)prefix);
    wheel_init(&s->wheel, loop);
    uv_idle_init(loop, &s->resume);
    s->wheel.timer.data = s->resume.data = s;
    s->grace.fire = cut_all;
    s->handles = 2;
    return s;
}

/* ---- Listening ------------------------------------------------------------------------------- */

static void on_listener_closed(uv_handle_t *h)
{
    http_listener *l = (http_listener *)h;
    http_server *s = l->s;
    free(l);
    uv_handle_t stand_in = {.data = s};
    on_handle_closed(&stand_in);
}

static void close_listener(http_listener *l)
{
    wheel_cancel(&l->s->wheel, &l->pause);
    uv_poll_stop(&l->poll);
    close(l->fd);
    uv_close((uv_handle_t *)&l->poll, on_listener_closed);
}

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void accept_again(wheel_node *n)
{
    http_listener *l = (http_listener *)((char *)n - offsetof(http_listener, pause));
    uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
}

/* An accept error mostly lasts: without a pause it would take the whole loop. */
static void pause_accepting(http_listener *l, int error)
{
    log_event(LOG_WARN, "http.accept", "error=%d pause_ms=%d", error, ACCEPT_PAUSE_MS);
    uv_poll_stop(&l->poll);
    wheel_set(&l->s->wheel, &l->pause, ACCEPT_PAUSE_MS);
}

static bool is_passing(int error)
{
    return error == ECONNABORTED || error == EINTR || error == EPROTO;
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    http_listener *l = (http_listener *)poll;
    http_server *s = l->s;
    (void)events;
    for (int i = 0; status >= 0 && i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage address = {0};
        socklen_t n = sizeof address;
        int fd = accept4(l->fd, (struct sockaddr *)&address, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && !is_passing(errno)) {
            if (errno != EAGAIN && errno != EWOULDBLOCK) {
                pause_accepting(l, errno);
            }
            return;
        }
        if (fd < 0) {
            continue;
        }
        s->stats.accepted++;
        if (s->stats.connections < s->limits.connections) {
            conn_start(s, fd, l->tls, &address);
        } else {
            s->stats.turned_away++;
            close(fd);
        }
    }
}

static bool parse_address(const char *text, int port, struct sockaddr_storage *out)
{
    return uv_ip4_addr(text, port, (struct sockaddr_in *)out) == 0 ||
           uv_ip6_addr(text, port, (struct sockaddr_in6 *)out) == 0;
}

static crm_status status_of_bind(int error)
{
    return error == EADDRINUSE                 ? CRM_CONFLICT
           : error == EACCES || error == EPERM ? CRM_DENIED
           : error == EADDRNOTAVAIL            ? CRM_INVALID
                                               : CRM_INTERNAL;
}

/* -1 with *status when it fails. */
static int open_socket(const struct sockaddr_storage *address, bool is_shared, int *bound,
                       crm_status *status)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } got = {0};
    socklen_t n =
        address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int one = 1;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *status = CRM_INTERNAL;
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (is_shared) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    }
    if (bind(fd, (const struct sockaddr *)address, n) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, &got.any, &(socklen_t){sizeof got}) != 0) {
        *status = status_of_bind(errno);
        close(fd);
        return -1;
    }
    *bound = ntohs(got.any.sa_family == AF_INET ? got.v4.sin_port : got.v6.sin6_port);
    return fd;
}

crm_status http_can_listen(const char *address, int port)
{
    struct sockaddr_storage where = {0};
    crm_status status = CRM_OK;
    int bound;
    if (port < 0 || port > 65535 || !parse_address(address, port, &where)) {
        return CRM_INVALID;
    }
    int fd = open_socket(&where, false, &bound, &status);
    if (fd >= 0) {
        close(fd);
    }
    return status;
}

crm_status http_server_listen(http_server *s, const char *address, int port, tls_context *tls,
                              int *bound)
{
    struct sockaddr_storage where = {0};
    if (port < 0 || port > 65535 || !parse_address(address, port, &where)) {
        return CRM_INVALID;
    }
    if (tls && !s->plain_buffer) {
        s->plain_buffer = malloc(CONN_READ_SIZE);
    }
    http_listener *l = calloc(1, sizeof *l);
    if (!l || (tls && !s->plain_buffer)) {
        free(l);
        return CRM_NOMEM;
    }
    int port_got;
    crm_status status = CRM_OK;
    l->fd = open_socket(&where, s->limits.shares_port, &port_got, &status);
    if (l->fd < 0 || uv_poll_init(s->loop, &l->poll, l->fd) != 0) {
        free(l);
        return status == CRM_OK ? CRM_INTERNAL : status;
    }
    l->s = s;
    l->tls = tls;
    l->pause.fire = accept_again;
    l->next = s->listeners;
    s->listeners = l;
    s->handles++;
    uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
    if (bound) {
        *bound = port_got;
    }
    return CRM_OK;
}

void http_server_stop(http_server *s, uint32_t grace_ms, void (*done)(void *arg), void *arg)
{
    s->is_stopping = true;
    s->stopped = done;
    s->stopped_arg = arg;
    while (s->listeners) {
        http_listener *l = s->listeners;
        s->listeners = l->next;
        close_listener(l);
    }
    /* Closing takes a connection out of the list, so the next one is read first. */
    for (conn *c = s->conns.next, *next = c->next; c != &s->conns; c = next, next = c->next) {
        conn_stop(c);
    }
    if (s->conns.next != &s->conns) {
        wheel_set(&s->wheel, &s->grace, grace_ms);
    }
    close_when_empty(s);
}

/* ---- Figures --------------------------------------------------------------------------------- */

void http_server_stats(const http_server *s, http_stats *out)
{
    *out = s->stats;
    out->idle = s->stats.connections - s->stats.running;
    out->lag_ms = (uint32_t)s->wheel.lag_ms;
}

const char *http_parser_version(void)
{
#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)
    return TEXT(LLHTTP_VERSION_MAJOR) "." TEXT(LLHTTP_VERSION_MINOR) "." TEXT(LLHTTP_VERSION_PATCH);
}
