/* reply.c - heads of replies and replies in one piece. Loop thread. */
#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "net/conn.h"

#define COALESCE_MAX 16384 /* a body up to this is copied behind its head */

/* The page and all it loads come from our own origin; no inline code; Trusted Types, whose policy
 * of Lit a module's script that brings a Lit of its own makes once more. */
static const char html_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self'; "
    "manifest-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types lit-html crm 'allow-duplicates'";

static const char *phrase(int status)
{
    static const struct {
        int status;
        const char *text;
    } known[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].status == status) {
            return known[i].text;
        }
    }
    return "Status";
}

static void add_status(buf *b, int status)
{
    if (status == 200) {
        buf_z(b, "HTTP/1.1 200 OK\r\n");
        return;
    }
    buf_z(b, "HTTP/1.1 ");
    buf_int(b, status);
    buf_char(b, ' ');
    buf_z(b, phrase(status));
    buf_z(b, "\r\n");
}

static void add_caching(buf *b, http_caching how)
{
    static const char *const text[] = {
        [CACHE_NONE] = "Cache-Control: private, no-store\r\n",
        [CACHE_PRIVATE] = "Cache-Control: private, no-cache\r\n",
        [CACHE_REVALIDATE] = "Cache-Control: no-cache\r\n",
        [CACHE_IMMUTABLE] = "Cache-Control: public, max-age=31536000, immutable\r\n",
    };
    buf_z(b, text[how]);
}

static void add_type(buf *b, const exchange *x, const char *type)
{
    bool is_html = type && strncmp(type, "text/html", 9) == 0;
    if (type) {
        buf_z(b, "Content-Type: ");
        buf_z(b, type);
        buf_z(b, "\r\n");
    }
    if (x->csp || is_html) {
        buf_z(b, "Content-Security-Policy: ");
        buf_z(b, x->csp ? x->csp : html_policy);
        buf_z(b, "\r\n");
    }
}

static void add_length(buf *b, const exchange *x, int status, int64_t length)
{
    if (status == 204 || status == 304 || status < 200) {
        return;
    }
    if (length >= 0) {
        buf_z(b, "Content-Length: ");
        buf_int(b, length);
        buf_z(b, "\r\n");
    } else if (x->is_chunked) {
        buf_z(b, "Transfer-Encoding: chunked\r\n");
    }
}

/* Also decides whether the connection goes on after this reply. */
static void add_connection(buf *b, exchange *x, int64_t length)
{
    const parser *p = &x->parser;
    bool ends_by_close = length < 0 && !x->is_chunked;
    if (p->phase != PARSER_DONE || !p->keeps_alive || ends_by_close || x->c->s->is_stopping) {
        x->wants_close = true;
    }
    if (x->wants_close) {
        buf_z(b, "Connection: close\r\n");
    } else if (p->is_http10) {
        buf_z(b, "Connection: keep-alive\r\n");
    }
}

void reply_head(exchange *x, int status, const char *type, int64_t length)
{
    conn *c = x->c;
    buf *b = &c->out;
    output_lend(c->s, b);
    add_status(b, status);
    buf_z(b, "Date: ");
    buf_z(b, server_date(c->s));
    buf_z(b, "\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\n"
             "Cross-Origin-Opener-Policy: same-origin\r\nX-Request-Id: ");
    buf_str(b, x->r.id);
    buf_z(b, "\r\n");
    if (x->r.is_tls) {
        buf_z(b, "Strict-Transport-Security: max-age=31536000\r\n");
    }
    add_caching(b, x->caching);
    add_type(b, x, type);
    add_length(b, x, status, length);
    add_connection(b, x, length);
    buf_str(b, buf_view(&x->fields));
    buf_z(b, "\r\n");
}

/* ---- What handlers call ---------------------------------------------------------------------- */

buf *http_body(http_request *r)
{
    return &exchange_of(r)->body;
}

void http_set(http_request *r, const char *name, crm_str value)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            log_event(LOG_ERROR, "http.bad_header", "request=%s name=%s", log_quote(r->id), name);
            return;
        }
    }
    buf *b = &exchange_of(r)->fields;
    buf_z(b, name);
    buf_z(b, ": ");
    buf_str(b, value);
    buf_z(b, "\r\n");
}

void http_cache(http_request *r, http_caching how)
{
    exchange_of(r)->caching = how;
}

void http_csp(http_request *r, const char *policy)
{
    exchange_of(r)->csp = policy;
}

void http_close_after(http_request *r)
{
    exchange_of(r)->wants_close = true;
}

const char *reply_problem(exchange *x, int status, const char *code)
{
    http_server *s = x->c->s;
    buf_clear(&x->body);
    x->caching = CACHE_NONE;
    x->csp = NULL;
    if (s->handlers.refuse) {
        s->handlers.refuse(s->handlers.arg, &x->r, status, code);
    }
    if (x->body.n == 0 || x->body.failed) {
        json_writer w;
        buf_clear(&x->body);
        jw_init(&w, &x->body);
        jw_object(&w);
        jw_kstr(&w, "type", CRM_S("about:blank"));
        jw_kint(&w, "status", status);
        jw_kstr(&w, "code", str_of(code));
        jw_kstr(&w, "title", str_of(phrase(status)));
        jw_kstr(&w, "request", x->r.id);
        jw_end_object(&w);
    }
    return "application/problem+json";
}

/* A large tail goes out at once. A small one is copied behind its head: one buffer costs the kernel
 * less than two, and several replies of one turn go out together. */
static void deliver(exchange *x, int status, const char *type, const tail *t)
{
    conn *c = x->c;
    assert(x->state == EXCHANGE_RUNNING); /* finished once, and not a stream */
    reply_head(x, status, type, (int64_t)t->bytes.n);
    tail sent = *t;
    if (x->r.verb == VERB_HEAD || status == 204 || status == 304) {
        sent.bytes = (crm_str){0};
    }
    if (sent.bytes.n > COALESCE_MAX) {
        output_send(c, &sent);
        return;
    }
    buf_str(&c->out, sent.bytes);
    if (t->release) {
        t->release(t->arg);
    }
    if (!c->is_processing) {
        output_flush(c); /* else what processes the input sends them together */
    }
}

void http_reply(http_request *r, int status, const char *type)
{
    exchange *x = exchange_of(r);
    conn *c = x->c;
    if (c->mode == CONN_OPEN) {
        if (x->body.failed || x->fields.failed) {
            log_event(LOG_ERROR, "http.reply_failed", "request=%s", log_quote(r->id));
            status = 500;
            buf_clear(&x->fields);
            type = reply_problem(x, status, "internal");
        }
        deliver(x, status, type, &(tail){.bytes = buf_view(&x->body), .owned = &x->body});
    }
    conn_finished(c);
}

void http_reply_bytes(http_request *r, int status, const char *type, crm_str bytes,
                      http_release_fn release, void *arg)
{
    exchange *x = exchange_of(r);
    conn *c = x->c;
    if (c->mode == CONN_OPEN) {
        deliver(x, status, type, &(tail){.bytes = bytes, .release = release, .arg = arg});
    } else if (release) {
        release(arg);
    }
    conn_finished(c);
}

void http_refuse(http_request *r, int status, const char *code)
{
    exchange *x = exchange_of(r);
    if (x->c->mode == CONN_OPEN) {
        const char *type = reply_problem(x, status, code);
        deliver(x, status, type, &(tail){.bytes = buf_view(&x->body), .owned = &x->body});
    }
    conn_finished(x->c);
}
