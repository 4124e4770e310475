/* conn_wait.c - the one time-out of a connection and what its end means. Loop thread. */
#include "net/conn.h"

#define WRITE_RATE_MIN 1024 /* bytes per second a peer must take while something waits for it */

static conn *of_timer(wheel_node *n)
{
    return (conn *)((char *)n - offsetof(conn, timer));
}

static uint64_t since(const conn *c, uint64_t start)
{
    return wheel_now(&c->s->wheel) - start;
}

/* A body has its grace, and then as long as its bytes earn at the least rate. */
static void check_body(conn *c)
{
    const http_limits *l = &c->s->limits;
    exchange *x = c->x;
    uint64_t allowed = l->body_ms + x->parser.taken * 1000 / l->body_rate;
    uint64_t elapsed = since(c, x->body_at);
    if (elapsed < allowed) {
        wheel_set(&c->s->wheel, &c->timer, allowed - elapsed);
    } else if (x->on_piece) {
        conn_close(c); /* its handler is told by on_cancel */
    } else {
        conn_refuse(c, 408, "timeout");
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

void conn_on_timeout(wheel_node *n)
{
    conn *c = of_timer(n);
    switch (c->wait) {
    case WAIT_HEAD:
        conn_refuse(c, 408, "timeout");
        break;
    case WAIT_BODY:
        check_body(c);
        break;
    case WAIT_WRITE:
        check_writes(c);
        break;
    case WAIT_IDLE:
        conn_close_idle(c);
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
    if (c->x->on_piece) {
        return WAIT_BODY;
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

void conn_arm(conn *c)
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
