/*
 * conn.c - a connection from its first byte to its last: reading, the order of requests, time-outs,
 * closing. Loop thread; must not know what requests mean.
 */
#include "net/conn.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

#define REQUESTS_A_TURN 16
#define WRITE_RATE_MIN  1024 /* bytes per second a peer must take while something waits for it */

static void settle(conn *c);
static void finish_output(conn *c);

static conn *of_timer(wheel_node *n)
{
    return (conn *)((char *)n - offsetof(conn, timer));
}

/* ---- Closing -------------------------------------------------------------------------------- */

static void free_when_done(conn *c)
{
    if (!c->is_handle_closed || c->x || c->is_resuming || c->is_processing) {
        return;
    }
    http_server *s = c->s;
    if (c->peer) {
        peers_leave(s->peers, c->peer);
    }
    tls_session_free(c->tls);
    buf_free(&c->in);
    buf_free(&c->out);
    free(c);
    server_conn_gone(s);
}

static void on_closed(uv_handle_t *h)
{
    conn *c = (conn *)h;
    exchange *x = c->x;
    c->is_handle_closed = true;
    if (x) {
        x->r.is_cancelled = true;
        if (x->r.on_cancel) {
            x->r.on_cancel(&x->r, x->r.arg); /* may finish it, and so free c */
            return;
        }
    }
    free_when_done(c);
}

void conn_close(conn *c)
{
    if (c->mode == CONN_CLOSED) {
        return;
    }
    c->mode = CONN_CLOSED;
    wheel_cancel(&c->s->wheel, &c->timer);
    c->prev->next = c->next;
    c->next->prev = c->prev;
    if (c->x && c->x->state == EXCHANGE_READING) {
        exchange_release(c->x);
        c->x = NULL;
    }
    uv_close((uv_handle_t *)&c->tcp, on_closed);
}

/* A close while the peer still sends would reset the connection and take the answer with it, so
 * what comes is read and dropped for a while (RFC 9112 §9.6). */
static void linger(conn *c)
{
    int fd;
    if (uv_fileno((uv_handle_t *)&c->tcp, &fd) != 0 || shutdown(fd, SHUT_WR) != 0) {
        conn_close(c);
        return;
    }
    c->mode = CONN_LINGER;
    buf_free(&c->in);
    buf_free(&c->out);
    c->wait = WAIT_LINGER;
    wheel_set(&c->s->wheel, &c->timer, LINGER_MS);
    settle(c);
}

/* Closes in order: everything is written, TLS says so, then the socket. */
static void finish_output(conn *c)
{
    c->is_shut = true;
    output_flush(c);
    if (c->mode == CONN_OPEN && c->writes == 0 && c->tls && !c->is_notified) {
        c->is_notified = true;
        tls_shutdown(c->tls);
        output_tls(c);
    }
    if (c->mode != CONN_OPEN || c->writes) {
        return; /* conn_written comes back here */
    }
    if (c->is_eof) {
        conn_close(c);
    } else {
        linger(c);
    }
}

/* Nothing was asked and nothing is on its way, so nothing can be lost. */
static void close_idle(conn *c)
{
    if (c->tls && tls_is_ready(c->tls)) {
        tls_shutdown(c->tls);
        output_tls(c);
    }
    conn_close(c);
}

/* ---- Time-outs ------------------------------------------------------------------------------ */

static void refuse(conn *c, int status, const char *code)
{
    exchange *x = c->x;
    c->s->stats.refused++;
    x->state = EXCHANGE_RUNNING;
    x->wants_close = true;
    http_refuse(&x->r, status, code);
}

static uint64_t since(const conn *c, uint64_t start)
{
    return uv_now(c->s->loop) - start;
}

/* A body has its grace, and then as long as its bytes earn at the least rate. */
static void check_body(conn *c)
{
    const http_limits *l = &c->s->limits;
    exchange *x = c->x;
    uint64_t allowed = l->body_ms + (uint64_t)x->parser.body.n * 1000 / l->body_rate;
    uint64_t elapsed = since(c, x->body_at);
    if (elapsed < allowed) {
        wheel_set(&c->s->wheel, &c->timer, allowed - elapsed);
    } else {
        refuse(c, 408, "timeout");
    }
}

static void check_writes(conn *c)
{
    uint64_t done = c->handed_over - output_queued(c);
    uint64_t least = (uint64_t)c->s->limits.write_ms * WRITE_RATE_MIN / 1000;
    if (done - c->last_done < least) {
        conn_close(c);
        return;
    }
    c->last_done = done;
    wheel_set(&c->s->wheel, &c->timer, c->s->limits.write_ms);
}

static void on_timeout(wheel_node *n)
{
    conn *c = of_timer(n);
    switch (c->wait) {
    case WAIT_HEAD:
        refuse(c, 408, "timeout");
        break;
    case WAIT_BODY:
        check_body(c);
        break;
    case WAIT_WRITE:
        check_writes(c);
        break;
    case WAIT_IDLE:
        close_idle(c);
        break;
    case WAIT_HANDSHAKE:
    case WAIT_LINGER:
        conn_close(c);
        break;
    case WAIT_NONE:
        break;
    }
}

static conn_wait wanted_wait(const conn *c)
{
    if (c->writes) {
        return WAIT_WRITE;
    }
    if (c->tls && !tls_is_ready(c->tls)) {
        return WAIT_HANDSHAKE;
    }
    if (!c->x) {
        return WAIT_IDLE;
    }
    if (c->x->state != EXCHANGE_READING) {
        return WAIT_NONE;
    }
    return c->x->parser.phase == PARSER_BODY ? WAIT_BODY : WAIT_HEAD;
}

static uint64_t wait_length(conn *c, conn_wait wait)
{
    const http_limits *l = &c->s->limits;
    switch (wait) {
    case WAIT_HANDSHAKE:
        return l->handshake_ms;
    case WAIT_HEAD:
        return l->header_ms;
    case WAIT_BODY:
        return l->body_ms;
    case WAIT_IDLE:
        return c->tls ? l->idle_ms / 2 : l->idle_ms;
    case WAIT_WRITE:
        c->last_done = c->handed_over - output_queued(c);
        return l->write_ms;
    default:
        return LINGER_MS;
    }
}

static void arm(conn *c)
{
    conn_wait wait = wanted_wait(c);
    /* Bytes do not prolong a wait, but each new idleness is one of its own. */
    if (wait == c->wait && wait != WAIT_IDLE) {
        return;
    }
    c->wait = wait;
    if (wait == WAIT_NONE) {
        wheel_cancel(&c->s->wheel, &c->timer);
    } else {
        wheel_set(&c->s->wheel, &c->timer, wait_length(c, wait));
    }
}

/* ---- Reading -------------------------------------------------------------------------------- */

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b);

static void on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
    (void)size;
    *b = uv_buf_init(((conn *)h)->s->read_buffer, CONN_READ_SIZE);
}

static void set_reading(conn *c)
{
    bool wanted = !c->is_eof && (c->mode == CONN_LINGER || c->in.n < CONN_INPUT_MAX);
    if (wanted == c->is_reading) {
        return;
    }
    c->is_reading = wanted;
    if (!wanted) {
        uv_read_stop((uv_stream_t *)&c->tcp);
    } else if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0) {
        conn_close(c);
    }
}

/* Brings timer and reading in line with what the connection is doing now. */
static void settle(conn *c)
{
    if (c->mode == CONN_LINGER) {
        set_reading(c);
        return;
    }
    if (c->mode == CONN_CLOSED) {
        return;
    }
    bool is_waiting = !c->x || c->x->state == EXCHANGE_READING;
    bool is_over = c->is_eof && c->in.n == 0 && is_waiting;
    if (!c->is_shut && !c->is_resuming &&
        (is_over || (c->s->is_stopping && !c->x && c->in.n == 0))) {
        finish_output(c);
        if (c->mode != CONN_OPEN) {
            return;
        }
    }
    arm(c);
    set_reading(c);
}

static bool begin(conn *c)
{
    c->x = exchange_take(c);
    if (!c->x) {
        conn_close(c);
        return false;
    }
    c->wait = WAIT_NONE;
    return true;
}

static void run(conn *c)
{
    http_server *s = c->s;
    s->stats.requests++;
    c->x->state = EXCHANGE_RUNNING;
    s->handlers.route(s->handlers.arg, &c->x->r);
}

static void send_continue(conn *c)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    output_lend(c->s, &c->out);
    buf_add(&c->out, text, sizeof text - 1);
    output_flush(c);
}

/* The head is complete: the early hook decides about the body. */
static void take_head(conn *c, bool has_rest)
{
    http_server *s = c->s;
    exchange *x = c->x;
    x->body_at = uv_now(s->loop);
    if (s->handlers.early) {
        x->state = EXCHANGE_RUNNING;
        s->handlers.early(s->handlers.arg, &x->r);
        if (!c->x) {
            return; /* answered */
        }
        x->state = EXCHANGE_READING;
    }
    if (x->r.body_limit > s->limits.body_max) {
        x->r.body_limit = s->limits.body_max;
    }
    if (x->r.content_length > 0 && (uint64_t)x->r.content_length > x->r.body_limit) {
        refuse(c, 413, "too_large");
    } else if (x->parser.wants_continue && !has_rest) {
        send_continue(c);
    }
}

/* Feeds the parser once; returns the bytes it took. */
static size_t step(conn *c, const char *p, size_t n)
{
    size_t used = 0;
    if (!c->x && !begin(c)) {
        return n;
    }
    parser_result got = parser_feed(&c->x->parser, p, n, &used);
    c->has_more = used < n;
    if (got == PARSE_READY) {
        take_head(c, used < n);
        if (!c->x || c->x->state != EXCHANGE_READING || c->x->parser.phase != PARSER_DONE) {
            return used;
        }
        size_t none;
        got = parser_feed(&c->x->parser, "", 0, &none);
    }
    if (got == PARSE_WHOLE) {
        run(c);
    } else if (got == PARSE_REFUSED) {
        refuse(c, c->x->parser.status, c->x->parser.code);
    }
    return used;
}

static bool takes_requests(const conn *c)
{
    return c->mode == CONN_OPEN && !c->is_shut && c->writes == 0 &&
           (!c->x || c->x->state == EXCHANGE_READING);
}

/* Runs the requests in these bytes until one has to wait, or others should have their turn; returns
 * the bytes that were taken. */
static size_t process(conn *c, const char *p, size_t n)
{
    size_t done = 0;
    uint64_t last = c->s->stats.requests + REQUESTS_A_TURN;
    c->is_processing = true;
    while (done < n && takes_requests(c) && c->s->stats.requests < last) {
        done += step(c, p + done, n - done);
        if (c->out.n > CONN_READ_SIZE) {
            output_flush(c);
        }
    }
    c->has_more = false;
    output_flush(c);
    c->is_processing = false;
    return done;
}

static void continue_later(conn *c)
{
    if (c->is_shut) {
        finish_output(c);
    } else if (c->in.n && takes_requests(c)) {
        server_resume(c);
    }
}

static void input(conn *c, const char *p, size_t n)
{
    c->s->stats.bytes_in += n;
    if (c->mode != CONN_OPEN || c->is_shut) {
        return;
    }
    size_t done = 0;
    if (c->in.n == 0 && takes_requests(c)) {
        done = process(c, p, n);
    }
    if (done < n && c->mode == CONN_OPEN && !c->is_shut) {
        buf_add(&c->in, p + done, n - done);
        if (c->in.failed) {
            conn_close(c);
            return;
        }
    }
    continue_later(c);
}

void conn_resume(conn *c)
{
    c->is_resuming = false;
    if (c->mode == CONN_CLOSED) {
        free_when_done(c);
        return;
    }
    if (takes_requests(c)) {
        size_t done = process(c, c->in.p, c->in.n);
        c->in.n -= done;
        memmove(c->in.p, c->in.p + done, c->in.n);
    }
    if (c->in.n == 0) {
        buf_free(&c->in);
    }
    continue_later(c);
    settle(c);
}

/* One who closes half still wants the answer, but nobody half-closes an event stream. */
static void end_of_input(conn *c)
{
    c->is_eof = true;
    if (c->mode == CONN_LINGER || (c->x && c->x->state == EXCHANGE_STREAMING)) {
        conn_close(c);
    }
}

static void input_tls(conn *c, const char *p, size_t n)
{
    tls_feed(c->tls, p, n);
    tls_result got = TLS_OK;
    while (got == TLS_OK && c->mode == CONN_OPEN) {
        size_t plain = 0;
        output_lend(c->s, tls_output(c->tls));
        got = tls_read(c->tls, c->s->plain_buffer, CONN_READ_SIZE, &plain);
        output_tls(c);
        if (got == TLS_OK && plain) {
            input(c, c->s->plain_buffer, plain);
        }
    }
    if (c->mode == CONN_CLOSED) {
        return;
    }
    if (got == TLS_FAILED) {
        conn_close(c);
    } else if (got == TLS_CLOSED) {
        end_of_input(c);
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    conn *c = (conn *)stream;
    if (n == 0 || c->mode == CONN_CLOSED) {
        return;
    }
    if (n == UV_EOF) {
        end_of_input(c);
    } else if (n < 0) {
        conn_close(c);
    } else if (c->mode == CONN_OPEN && c->tls) {
        input_tls(c, b->base, (size_t)n);
    } else {
        input(c, b->base, (size_t)n);
    }
    settle(c);
}

/* ---- What others tell ----------------------------------------------------------------------- */

void conn_finished(conn *c)
{
    exchange *x = c->x;
    bool closes = x->wants_close;
    c->x = NULL;
    exchange_release(x);
    if (c->mode == CONN_CLOSED) {
        free_when_done(c);
        return;
    }
    c->is_shut = c->is_shut || closes;
    if (c->is_processing) {
        return;
    }
    continue_later(c);
    settle(c);
}

void conn_written(conn *c)
{
    if (c->x && c->x->state == EXCHANGE_STREAMING) {
        stream_drained(c->x);
        if (c->mode == CONN_CLOSED) {
            return;
        }
    }
    if (c->writes == 0) {
        continue_later(c);
    }
    settle(c);
}

void conn_queued(conn *c)
{
    if (c->mode == CONN_OPEN) {
        arm(c);
    }
}

void conn_stop(conn *c)
{
    if (c->x && c->x->state == EXCHANGE_STREAMING) {
        conn_close(c);
    } else if (!c->x && c->in.n == 0 && c->writes == 0 && c->mode == CONN_OPEN) {
        close_idle(c);
    }
}

/* ---- Beginning ------------------------------------------------------------------------------ */

static bool is_loopback_text(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 ||
           strncmp(address, "::ffff:127.", 11) == 0;
}

static void name_peer(conn *c, const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        uv_ip4_name((const struct sockaddr_in *)address, c->address, sizeof c->address);
    } else {
        uv_ip6_name((const struct sockaddr_in6 *)address, c->address, sizeof c->address);
    }
    c->is_loopback = is_loopback_text(c->address);
}

static bool prepare(conn *c, tls_context *tls, const struct sockaddr_storage *address)
{
    name_peer(c, address);
    buf_init(&c->in, CONN_INPUT_MAX + 2 * CONN_READ_SIZE);
    buf_init(&c->out, SIZE_MAX / 2);
    uint32_t most = c->is_loopback ? UINT32_MAX : c->s->limits.connections_ip;
    c->peer = peers_enter(c->s->peers, address, most);
    if (!c->peer) {
        c->s->stats.turned_away++;
        return false;
    }
    if (tls) {
        c->tls = tls_session_new(tls);
    }
    return !tls || c->tls;
}

void conn_start(http_server *s, int fd, tls_context *tls, const struct sockaddr_storage *address)
{
    conn *c = calloc(1, sizeof *c);
    if (!c) {
        close(fd);
        return;
    }
    c->s = s;
    c->timer.fire = on_timeout;
    s->stats.connections++;
    uv_tcp_init(s->loop, &c->tcp);
    c->next = &s->conns;
    c->prev = s->conns.prev;
    s->conns.prev->next = c;
    s->conns.prev = c;
    if (uv_tcp_open(&c->tcp, fd) != 0) {
        close(fd);
        conn_close(c);
        return;
    }
    uv_tcp_nodelay(&c->tcp, 1);
    if (prepare(c, tls, address)) {
        settle(c);
    } else {
        conn_close(c);
    }
}
