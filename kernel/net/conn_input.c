/* conn_input.c - bytes from a peer to requests, one after the other. Loop thread. */
#include <assert.h>
#include <string.h>

#include "net/conn.h"

#define REQUESTS_A_TURN 16 /* of one connection, before others have theirs */

/* ---- Requests -------------------------------------------------------------------------------- */

void conn_refuse(conn *c, int status, const char *code)
{
    exchange *x = c->x;
    c->s->stats.refused++;
    x->state = EXCHANGE_RUNNING;
    x->wants_close = true;
    http_refuse(&x->r, status, code);
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
    x->body_at = wheel_now(&s->wheel);
    exchange_take_forwarded(x);
    if (s->handlers.early) {
        x->state = EXCHANGE_RUNNING;
        s->handlers.early(s->handlers.arg, &x->r);
        if (!c->x) {
            return; /* answered */
        }
        x->state = EXCHANGE_READING;
    }
    if (x->r.body_limit > s->limits.body_max && !x->r.is_streamed) {
        x->r.body_limit = s->limits.body_max;
    }
    if (x->r.content_length > 0 && (uint64_t)x->r.content_length > x->r.body_limit) {
        conn_refuse(c, 413, "too_large");
    } else if (x->parser.wants_continue && !has_rest && !x->r.is_streamed) {
        send_continue(c);
    }
}

/* ---- Bodies in pieces ------------------------------------------------------------------------ */

/* Hands over what was asked for. The handler may finish the request inside. */
static void give_piece(conn *c, parser_result got)
{
    exchange *x = c->x;
    http_piece_fn fn = x->on_piece;
    if (got == PARSE_MORE && !x->parser.body.n) {
        return; /* the framing of a chunk */
    }
    x->on_piece = NULL;
    http_piece what = got == PARSE_WHOLE  ? PIECE_LAST
                      : got == PARSE_MORE ? PIECE_MORE
                                          : PIECE_BROKEN;
    fn(&x->r, what, buf_view(&x->parser.body));
    if (c->x == x) {
        buf_clear(&x->parser.body);
    }
}

static size_t step_piece(conn *c, const char *p, size_t n)
{
    size_t used = 0, most = n < HTTP_PIECE_MAX ? n : HTTP_PIECE_MAX;
    parser_result got = parser_feed(&c->x->parser, p, most, &used);
    give_piece(c, got);
    return used;
}

void http_next_piece(http_request *r, http_piece_fn fn)
{
    exchange *x = exchange_of(r);
    conn *c = x->c;
    assert(r->is_streamed && x->state == EXCHANGE_RUNNING && !x->on_piece);
    if (c->mode != CONN_OPEN) {
        return; /* on_cancel has told, or will */
    }
    if (x->parser.phase == PARSER_DONE) {
        fn(r, PIECE_LAST, CRM_S(""));
        return;
    }
    x->on_piece = fn;
    if (x->parser.wants_continue && c->in.n == 0) {
        send_continue(c);
    }
    x->parser.wants_continue = false;
    if (!c->is_processing) {
        conn_continue(c);
        conn_settle(c);
    }
}

void http_refuse_body(http_request *r)
{
    exchange *x = exchange_of(r);
    bool is_refused = x->parser.phase == PARSER_REFUSED;
    x->c->s->stats.refused++;
    x->wants_close = true;
    http_refuse(r, is_refused ? x->parser.status : 400,
                is_refused ? x->parser.code : "bad_request");
}

/* ---- Steps ----------------------------------------------------------------------------------- */

/* Feeds the parser once; returns the bytes it took. */
static size_t step(conn *c, const char *p, size_t n)
{
    size_t used = 0;
    if (!c->x && !begin(c)) {
        return n;
    }
    if (c->x->state == EXCHANGE_RUNNING) {
        return step_piece(c, p, n);
    }
    parser_result got = parser_feed(&c->x->parser, p, n, &used);
    if (got == PARSE_READY) {
        take_head(c, used < n);
        if (c->x && c->x->state == EXCHANGE_READING && c->x->r.is_streamed) {
            run(c);
            return used;
        }
        if (!c->x || c->x->state != EXCHANGE_READING || c->x->parser.phase != PARSER_DONE) {
            return used;
        }
        size_t none;
        got = parser_feed(&c->x->parser, "", 0, &none);
    }
    if (got == PARSE_WHOLE) {
        run(c);
    } else if (got == PARSE_REFUSED) {
        conn_refuse(c, c->x->parser.status, c->x->parser.code);
    }
    return used;
}

static bool takes_requests(const conn *c)
{
    return c->mode == CONN_OPEN && !c->is_shut && c->writes == 0 &&
           (!c->x || c->x->state == EXCHANGE_READING || c->x->on_piece);
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
    output_flush(c);
    c->is_processing = false;
    return done;
}

void conn_continue(conn *c)
{
    if (c->is_shut) {
        conn_shut(c);
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
    conn_continue(c);
}

void conn_resume(conn *c)
{
    c->is_resuming = false;
    if (c->mode == CONN_CLOSED) {
        conn_free_when_done(c);
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
    conn_continue(c);
    conn_settle(c);
}

/* ---- Reading --------------------------------------------------------------------------------- */

/*
 * One who closes half still wants the answer, but nobody half-closes an event stream, nor while he
 * waits for what takes long.
 */
static void end_of_input(conn *c)
{
    c->is_eof = true;
    bool has_left = c->x && (c->x->state == EXCHANGE_STREAMING || c->x->r.is_left_at_eof ||
                             (c->x->on_piece && c->in.n == 0));
    if (c->mode == CONN_LINGER || has_left) {
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
    conn_settle(c);
}

static void on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
    (void)size;
    *b = uv_buf_init(((conn *)h)->s->read_buffer, CONN_READ_SIZE);
}

void conn_read(conn *c)
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
