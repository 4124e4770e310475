/* exchange.c - the pool of exchanges, and what handlers read of a request. Loop thread. */
#include "net/conn.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "net/target.h"

#define KEEP_BUFFER 65536
#define PARAMS_MAX  200
#define ARENA_MAX   ((size_t)64 * 1024 * 1024)

/* ---- The pool -------------------------------------------------------------------------------- */

static exchange *make(http_server *s)
{
    exchange *x = calloc(1, sizeof *x);
    if (!x) {
        return NULL;
    }
    x->r.arena = arena_new(ARENA_MAX);
    if (!x->r.arena) {
        free(x);
        return NULL;
    }
    parser_init(&x->parser);
    buf_init(&x->body, s->limits.reply_max);
    buf_init(&x->fields, PARSER_HEAD_MAX);
    return x;
}

static void destroy(exchange *x)
{
    arena_free(x->r.arena);
    parser_fini(&x->parser);
    buf_free(&x->body);
    buf_free(&x->fields);
    free(x);
}

void exchange_drain_pool(http_server *s)
{
    while (s->pool) {
        exchange *next = s->pool->next;
        destroy(s->pool);
        s->pool = next;
    }
    s->pooled = 0;
}

/* "1f0c77aa-2b": a random part per server and a count. */
static crm_str make_id(http_server *s, char out[ID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t n = ++s->next_id;
    size_t at = ID_SIZE;
    out[--at] = 0;
    do {
        out[--at] = digits[n & 15];
        n >>= 4;
    } while (n);
    out[--at] = '-';
    at -= 8;
    memcpy(out + at, s->id_prefix, 8);
    return (crm_str){out + at, ID_SIZE - 1 - at};
}

exchange *exchange_take(conn *c)
{
    http_server *s = c->s;
    exchange *x = s->pool;
    if (x) {
        s->pool = x->next;
        s->pooled--;
    } else {
        x = make(s);
        if (!x) {
            return NULL;
        }
    }
    x->c = c;
    x->next = NULL;
    x->stream_left = -1;
    x->r.id = make_id(s, x->id);
    x->r.peer = str_of(c->address);
    x->r.is_tls = c->tls != NULL;
    x->r.is_loopback = c->is_loopback;
    x->r.started = clock_mono();
    x->r.body_limit = s->limits.body_limit;
    parser_reset(&x->parser, &x->r);
    s->stats.running++;
    return x;
}

/* Everything as for a new one but the memory that is worth keeping. */
static void clean(exchange *x, size_t reply_max)
{
    arena *a = x->r.arena;
    buf fields = x->fields, body = x->body;
    parser p = x->parser;
    arena_reset(a);
    buf_clear(&fields);
    buf_clear(&body);
    if (body.cap > KEEP_BUFFER) {
        buf_free(&body);
        buf_init(&body, reply_max);
    }
    *x = (exchange){.r = {.arena = a}, .parser = p, .fields = fields, .body = body};
    parser_reset(&x->parser, &x->r);
}

void exchange_release(exchange *x)
{
    http_server *s = x->c->s;
    s->stats.running--;
    if (s->pooled >= EXCHANGES_POOLED) {
        destroy(x);
        return;
    }
    clean(x, s->limits.reply_max);
    x->next = s->pool;
    s->pool = x;
    s->pooled++;
}

/* ---- Passing over ---------------------------------------------------------------------------- */

http_request *http_pass_over(http_request *r)
{
    exchange *x = exchange_of(r);
    conn *c = x->c;
    exchange *y = exchange_take(c);
    if (!y) {
        return NULL;
    }
    c->s->stats.running--; /* `x` is nobody's request any more */
    memcpy(y->id, x->id, ID_SIZE);
    y->r.id = (crm_str){y->id + (r->id.p - x->id), r->id.n};
    y->r.verb = r->verb;
    y->r.is_tls = r->is_tls;
    y->r.headers = r->headers;
    y->r.header_count = r->header_count;
    y->state = EXCHANGE_RUNNING;
    y->wants_close = true;
    x->c = NULL;
    c->x = y;
    return &y->r;
}

void http_drop(http_request *r)
{
    destroy(exchange_of(r));
}

/* ---- Headers --------------------------------------------------------------------------------- */

crm_str http_header(const http_request *r, const char *name)
{
    const http_field *found = NULL;
    crm_str joined = {0};
    for (uint32_t i = 0; i < r->header_count; i++) {
        const http_field *f = &r->headers[i];
        if (!str_is(f->name, name)) {
            continue;
        }
        if (!found) {
            joined = f->value;
        } else {
            joined = arena_fmt(r->arena, "%.*s, %.*s", STR_FMT(joined), STR_FMT(f->value));
        }
        found = f;
    }
    return joined;
}

crm_str http_header_seen(http_request *r, const char *name)
{
    crm_str read = http_header(r, name), wanted = str_of(name), line, key;
    const parser *p = &exchange_of(r)->parser;
    bool is_read = p->phase == PARSER_BODY || p->phase == PARSER_DONE;
    crm_str rest = is_read ? (crm_str){0} : buf_view(&p->head);
    while (!read.n && str_split(&rest, '\n', &line) && rest.p) {
        bool is_it = str_split(&line, ':', &key) && line.p && str_eq_ascii_nocase(key, wanted);
        read = is_it ? str_trim(line) : read;
    }
    return read;
}

crm_str http_cookie(const http_request *r, const char *name)
{
    crm_str rest = http_header(r, "cookie"), part;
    crm_str wanted = str_of(name);
    while (str_split(&rest, ';', &part)) {
        part = str_trim(part);
        if (str_starts(part, wanted) && part.n > wanted.n && part.p[wanted.n] == '=') {
            return (crm_str){part.p + wanted.n + 1, part.n - wanted.n - 1};
        }
    }
    return (crm_str){0};
}

crm_str http_content_type(const http_request *r)
{
    crm_str type = http_header(r, "content-type");
    ptrdiff_t end = str_find(type, ';');
    type = str_trim(end < 0 ? type : (crm_str){type.p, (size_t)end});
    if (type.n == 0) {
        return (crm_str){0};
    }
    crm_str lower = arena_dup(r->arena, type);
    for (size_t i = 0; i < lower.n; i++) {
        char *c = (char *)lower.p + i;
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
    }
    return lower;
}

bool http_etag_matches(const http_request *r, crm_str etag)
{
    crm_str rest = http_header(r, "if-none-match"), part;
    while (str_split(&rest, ',', &part)) {
        part = str_trim(part);
        if (str_starts(part, CRM_S("W/"))) {
            part = (crm_str){part.p + 2, part.n - 2};
        }
        if (str_eq(part, etag) || str_is(part, "*")) {
            return true;
        }
    }
    return false;
}

/* The last address is the one our own proxy saw; those before it are anyone's claim. */
static crm_str last_address(const http_request *r)
{
    crm_str rest = http_header(r, "x-forwarded-for"), part = {0}, last = {0};
    while (str_split(&rest, ',', &part)) {
        last = str_trim(part);
    }
    uint8_t address[16];
    const char *z = last.n ? arena_cstr(r->arena, last) : NULL;
    bool is_address =
        z && (inet_pton(AF_INET, z, address) == 1 || inet_pton(AF_INET6, z, address) == 1);
    return is_address ? str_of(z) : (crm_str){0};
}

void exchange_take_forwarded(exchange *x)
{
    http_request *r = &x->r;
    bool is_forwarded = http_header(r, "x-forwarded-for").p || http_header(r, "forwarded").p;
    if (!is_forwarded || !r->is_loopback) {
        return;
    }
    r->is_loopback = false;
    crm_str address = last_address(r);
    if (x->c->s->limits.trusts_proxy && address.n) {
        r->peer = address;
        r->is_tls = str_is(http_header(r, "x-forwarded-proto"), "https");
    }
}

/* ---- Parameters ------------------------------------------------------------------------------ */

static crm_status read_pair(arena *a, crm_str pair, http_field *out)
{
    ptrdiff_t mark = str_find(pair, '=');
    crm_str name = mark < 0 ? pair : (crm_str){pair.p, (size_t)mark};
    crm_str value = mark < 0 ? CRM_S("") : (crm_str){pair.p + mark + 1, pair.n - (size_t)mark - 1};
    crm_status s = target_decode(a, name, true, &out->name);
    if (s == CRM_OK) {
        s = target_decode(a, value, true, &out->value);
    }
    if (s != CRM_OK) {
        return s;
    }
    bool is_text = text_is_utf8(out->name) && text_is_utf8(out->value) &&
                   !(out->value.n && memchr(out->value.p, 0, out->value.n)) &&
                   !(out->name.n && memchr(out->name.p, 0, out->name.n));
    return is_text ? CRM_OK : CRM_BAD_REQUEST;
}

crm_status http_parse_form(arena *a, crm_str text, const http_field **list, uint32_t *count)
{
    size_t most = 1;
    for (size_t i = 0; i < text.n; i++) {
        most += text.p[i] == '&';
    }
    *list = NULL;
    *count = 0;
    if (most > PARAMS_MAX) {
        return CRM_BAD_REQUEST;
    }
    http_field *fields = ARENA_ARRAY(a, http_field, most);
    if (!fields) {
        return CRM_NOMEM;
    }
    uint32_t n = 0;
    crm_str pair;
    while (str_split(&text, '&', &pair)) {
        if (pair.n == 0) {
            continue;
        }
        crm_status s = read_pair(a, pair, &fields[n]);
        if (s != CRM_OK) {
            return s;
        }
        n++;
    }
    *list = fields;
    *count = n;
    return CRM_OK;
}

crm_status http_params(http_request *r, const http_field **list, uint32_t *count)
{
    exchange *x = exchange_of(r);
    if (!x->params_read) {
        x->params_read = true;
        x->params_status = http_parse_form(r->arena, r->query, &x->params, &x->param_count);
    }
    *list = x->params;
    *count = x->param_count;
    return x->params_status;
}

crm_str http_param(http_request *r, const char *name)
{
    const http_field *list;
    uint32_t count;
    if (http_params(r, &list, &count) != CRM_OK) {
        return (crm_str){0};
    }
    for (uint32_t i = 0; i < count; i++) {
        if (str_is(list[i].name, name)) {
            return list[i].value;
        }
    }
    return (crm_str){0};
}
