/* stream.c - replies in pieces: shared chunks, back-pressure, the cut of slow peers. Loop thread.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/conn.h"

#define FRAME_MAX 20 /* "ffffffffffffffff" CR LF and the 0 */

/* The bytes stand as a chunk of RFC 9112 §7.1, so the same memory serves all streams. */
struct http_chunk {
    uint32_t refs;
    uint32_t skip; /* where the payload begins */
    size_t n;      /* of the payload */
    char frame[];
};

http_chunk *http_chunk_new(crm_str bytes)
{
    char size[FRAME_MAX];
    int skip = snprintf(size, sizeof size, "%zx\r\n", bytes.n);
    if (bytes.n == 0 || bytes.n > SIZE_MAX / 2 || skip <= 0) {
        return NULL;
    }
    http_chunk *c = malloc(sizeof *c + (size_t)skip + bytes.n + 2);
    if (!c) {
        return NULL;
    }
    *c = (http_chunk){.refs = 1, .skip = (uint32_t)skip, .n = bytes.n};
    memcpy(c->frame, size, (size_t)skip);
    memcpy(c->frame + skip, bytes.p, bytes.n);
    memcpy(c->frame + skip + bytes.n, "\r\n", 2);
    return c;
}

http_chunk *http_chunk_ref(http_chunk *c)
{
    c->refs++;
    return c;
}

void http_chunk_unref(http_chunk *c)
{
    if (c && --c->refs == 0) {
        free(c);
    }
}

static crm_str view(const exchange *x, const http_chunk *c)
{
    if (x->is_chunked) {
        return (crm_str){c->frame, c->skip + c->n + 2};
    }
    return (crm_str){c->frame + c->skip, c->n};
}

void http_stream_start(http_request *r, int status, const char *type, int64_t length)
{
    exchange *x = exchange_of(r);
    conn *c = x->c;
    assert(x->state == EXCHANGE_RUNNING);
    x->state = EXCHANGE_STREAMING;
    c->s->stats.streams++;
    if (c->mode != CONN_OPEN) {
        return;
    }
    x->is_chunked = length < 0 && !x->parser.is_http10;
    x->stream_left = length;
    buf_clear(&x->body);
    reply_head(x, status, type, length);
    output_flush(c);
    if (c->is_eof) {
        conn_close(c);
    }
}

bool http_stream_send(http_request *r, http_chunk *chunk)
{
    exchange *x = exchange_of(r);
    conn *c = x->c;
    if (c->mode != CONN_OPEN) {
        return false;
    }
    if (x->stream_left >= 0) {
        if ((uint64_t)x->stream_left < chunk->n) {
            conn_close(c); /* more than was promised would be read as the next reply */
            return false;
        }
        x->stream_left -= (int64_t)chunk->n;
    }
    if (r->verb == VERB_HEAD) {
        return true;
    }
    output_send(c, &(tail){.bytes = view(x, chunk), .chunk = chunk});
    size_t queued = c->mode == CONN_OPEN ? output_queued(c) : 0;
    if (queued > STREAM_CUT) {
        conn_close(c);
    }
    if (c->mode != CONN_OPEN) {
        return false;
    }
    x->is_drain_due = x->is_drain_due || queued > STREAM_HIGH;
    return queued <= STREAM_HIGH;
}

size_t http_stream_queued(const http_request *r)
{
    const conn *c = ((const exchange *)r)->c;
    return c->mode == CONN_OPEN ? output_queued(c) : 0;
}

void stream_drained(exchange *x)
{
    if (x->is_drain_due && output_queued(x->c) <= STREAM_LOW) {
        x->is_drain_due = false;
        if (x->r.on_drain) {
            x->r.on_drain(&x->r, x->r.arg);
        }
    }
}

void http_stream_end(http_request *r)
{
    exchange *x = exchange_of(r);
    conn *c = x->c;
    assert(x->state == EXCHANGE_STREAMING);
    c->s->stats.streams--;
    bool has_body = r->verb != VERB_HEAD;
    if (c->mode == CONN_OPEN && x->is_chunked && has_body) {
        output_lend(c->s, &c->out);
        buf_z(&c->out, "0\r\n\r\n");
        output_flush(c);
    }
    if (c->mode == CONN_OPEN && x->stream_left > 0 && has_body) {
        conn_close(c); /* shorter than promised: only a cut tells the peer */
    }
    conn_finished(c);
}

void http_stream_cut(http_request *r)
{
    exchange *x = exchange_of(r);
    conn *c = x->c;
    assert(x->state == EXCHANGE_STREAMING);
    c->s->stats.streams--;
    conn_close(c);
    conn_finished(c);
}
