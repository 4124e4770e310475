/*
 * conn.c - the life of a connection: beginning, replies finished, closing. Loop thread; must not
 * know what requests mean. Its input is conn_input.c, its time-outs conn_wait.c.
 */
#include "net/conn.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Closing --------------------------------------------------------------------------------- */

void conn_free_when_done(conn *c)
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
    conn_free_when_done(c);
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
    conn_settle(c);
}

/* Closes in order: everything is written, TLS says so, then the socket. */
void conn_shut(conn *c)
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
void conn_close_idle(conn *c)
{
    if (c->tls && tls_is_ready(c->tls)) {
        tls_shutdown(c->tls);
        output_tls(c);
    }
    conn_close(c);
}

/* ---- Going on -------------------------------------------------------------------------------- */

/* Brings timer and reading in line with what the connection is doing now. */
void conn_settle(conn *c)
{
    if (c->mode == CONN_LINGER) {
        conn_read(c);
        return;
    }
    if (c->mode == CONN_CLOSED) {
        return;
    }
    if (c->is_eof && c->in.n == 0 && c->x && c->x->on_piece) {
        conn_close(c); /* the rest of the body will never come */
        return;
    }
    bool is_waiting = !c->x || c->x->state == EXCHANGE_READING;
    bool is_over = c->is_eof && c->in.n == 0 && is_waiting;
    if (!c->is_shut && !c->is_resuming &&
        (is_over || (c->s->is_stopping && !c->x && c->in.n == 0))) {
        conn_shut(c);
        if (c->mode != CONN_OPEN) {
            return;
        }
    }
    conn_arm(c);
    conn_read(c);
}

void conn_finished(conn *c)
{
    exchange *x = c->x;
    bool closes = x->wants_close;
    c->x = NULL;
    exchange_release(x);
    if (c->mode == CONN_CLOSED) {
        conn_free_when_done(c);
        return;
    }
    c->is_shut = c->is_shut || closes;
    if (c->is_processing) {
        return;
    }
    conn_continue(c);
    conn_settle(c);
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
        conn_continue(c);
    }
    conn_settle(c);
}

void conn_queued(conn *c)
{
    if (c->mode == CONN_OPEN) {
        conn_arm(c);
    }
}

void conn_stop(conn *c)
{
    if (c->x && c->x->state == EXCHANGE_STREAMING) {
        conn_close(c);
    } else if (!c->x && c->in.n == 0 && c->writes == 0 && c->mode == CONN_OPEN) {
        conn_close_idle(c);
    }
}

/* ---- Beginning ------------------------------------------------------------------------------- */

#define MAPPED "::ffff:" /* an IPv4 peer of an IPv6 listener */

static void name_peer(conn *c, const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        uv_ip4_name((const struct sockaddr_in *)address, c->address, sizeof c->address);
    } else {
        uv_ip6_name((const struct sockaddr_in6 *)address, c->address, sizeof c->address);
    }
    const char *plain = c->address + sizeof MAPPED - 1;
    if (strncmp(c->address, MAPPED, sizeof MAPPED - 1) == 0 && strchr(plain, '.')) {
        memmove(c->address, plain, strlen(plain) + 1);
    }
    c->is_loopback = strncmp(c->address, "127.", 4) == 0 || strcmp(c->address, "::1") == 0;
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
    c->timer.fire = conn_on_timeout;
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
        conn_settle(c);
    } else {
        conn_close(c);
    }
}
