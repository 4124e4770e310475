/*
 * output.c - bytes to the socket: at once as far as it takes them, the rest by libuv. Loop thread.
 *
 * An output buffer is lent by the server for a turn and given back when it is sent, so connections
 * that wait own none.
 */
#include "net/conn.h"

#include <stdlib.h>
#include <string.h>

#define KEEP_BUFFER 65536

typedef struct write_op {
    uv_write_t req; /* first */
    conn *c;
    buf head, body; /* memory taken over */
    http_chunk *chunk;
    http_release_fn release;
    void *arg;
} write_op;

static void let_go(const tail *t)
{
    if (t->owned) {
        buf_clear(t->owned);
    }
    if (t->release) {
        t->release(t->arg);
    }
}

static void free_op(write_op *op)
{
    buf_free(&op->head);
    buf_free(&op->body);
    http_chunk_unref(op->chunk);
    if (op->release) {
        op->release(op->arg);
    }
    free(op);
}

static void on_written(uv_write_t *req, int status)
{
    write_op *op = (write_op *)req;
    conn *c = op->c;
    free_op(op);
    c->writes--;
    if (c->mode == CONN_CLOSED) {
        return;
    }
    if (status < 0) {
        conn_close(c);
    } else {
        conn_written(c);
    }
}

static void take(buf *from, buf *to)
{
    *to = *from;
    *from = (buf){.max = from->max};
}

void output_lend(http_server *s, buf *b)
{
    if (!b->p && s->spare.p) {
        size_t max = b->max;
        take(&s->spare, b);
        b->max = max;
    }
}

static void give_back(http_server *s, buf *b)
{
    buf_clear(b);
    if (!s->spare.p && b->cap <= KEEP_BUFFER) {
        take(b, &s->spare);
    } else {
        buf_free(b);
    }
}

/* Leaves out what was written already. */
static unsigned skip(uv_buf_t iov[2], unsigned count, size_t written)
{
    unsigned first = 0;
    while (first < count && written >= iov[first].len) {
        written -= iov[first++].len;
    }
    for (unsigned i = first; i < count; i++) {
        iov[i - first] = iov[i];
    }
    if (first < count && written) {
        iov[0].base += written;
        iov[0].len -= written;
    }
    return count - first;
}

static void queue_rest(conn *c, buf *head, const tail *t, uv_buf_t iov[2], unsigned count)
{
    write_op *op = calloc(1, sizeof *op);
    if (!op) {
        let_go(t);
        conn_close(c);
        return;
    }
    op->c = c;
    take(head, &op->head);
    if (t->owned) {
        take(t->owned, &op->body);
    }
    op->chunk = t->chunk ? http_chunk_ref(t->chunk) : NULL;
    op->release = t->release;
    op->arg = t->arg;
    for (unsigned i = 0; i < count; i++) {
        c->handed_over += iov[i].len;
    }
    c->writes++;
    if (uv_write(&op->req, (uv_stream_t *)&c->tcp, iov, count, on_written) != 0) {
        c->writes--;
        free_op(op);
        conn_close(c);
        return;
    }
    conn_queued(c);
}

static void push(conn *c, buf *head, const tail *t)
{
    uv_buf_t iov[2];
    unsigned count = 0;
    if (head->n) {
        iov[count++] = uv_buf_init(head->p, (unsigned)head->n);
    }
    if (t->bytes.n) {
        iov[count++] = uv_buf_init((char *)t->bytes.p, (unsigned)t->bytes.n);
    }
    size_t total = head->n + t->bytes.n;
    c->s->stats.bytes_out += total;
    int written = 0;
    if (c->writes == 0 && count) {
        written = uv_try_write((uv_stream_t *)&c->tcp, iov, count);
        if (written < 0 && written != UV_EAGAIN) {
            let_go(t);
            conn_close(c);
            return;
        }
    }
    written = written < 0 ? 0 : written;
    if ((size_t)written == total) {
        let_go(t);
        give_back(c->s, head);
        return;
    }
    queue_rest(c, head, t, iov, skip(iov, count, (size_t)written));
}

void output_tls(conn *c)
{
    buf *out = tls_output(c->tls);
    if (out->failed) {
        conn_close(c);
    } else if (out->n && c->mode != CONN_CLOSED) {
        push(c, out, &(tail){0});
    } else {
        give_back(c->s, out);
    }
}

static void send_tls(conn *c, const tail *t)
{
    output_lend(c->s, tls_output(c->tls));
    bool is_ok = (c->out.n == 0 || tls_write(c->tls, c->out.p, c->out.n) == TLS_OK) &&
                 (t->bytes.n == 0 || tls_write(c->tls, t->bytes.p, t->bytes.n) == TLS_OK);
    give_back(c->s, &c->out);
    let_go(t);
    if (is_ok) {
        output_tls(c);
    } else {
        conn_close(c);
    }
}

void output_send(conn *c, const tail *t)
{
    if (c->mode != CONN_OPEN || c->out.failed) {
        let_go(t);
        conn_close(c);
    } else if (c->tls) {
        send_tls(c, t);
    } else {
        push(c, &c->out, t);
    }
}

void output_flush(conn *c)
{
    if (c->mode == CONN_OPEN && (c->out.n || c->out.failed)) {
        output_send(c, &(tail){0});
    }
}

size_t output_queued(const conn *c)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp);
}
