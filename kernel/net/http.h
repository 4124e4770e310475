/*
 * http.h - one HTTP request and its reply, as every handler of the kernel sees them.
 *
 * All of this runs on the loop thread the request arrived on. Invariants:
 * 1. A request is finished exactly once: by http_reply*, or by http_stream_end after
 *    http_stream_start. That may happen inside the handler or at any later turn of the loop; work
 *    on other threads comes back through a mailbox (base/loop.h). Finishing ends the object.
 * 2. Until then the request, its arena and everything in it stay valid, also when the peer has
 * gone. The late answer is then dropped; the rule of finishing exactly once still holds.
 * 3. Requests of one connection are handled one after the other, so replies keep their order.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <crm/crm.h>

#include "base/arena.h"
#include "base/buf.h"

typedef enum http_verb {
    VERB_GET,
    VERB_HEAD,
    VERB_POST,
    VERB_PUT,
    VERB_PATCH,
    VERB_DELETE,
    VERB_OPTIONS
} http_verb;

typedef struct http_field {
    crm_str name, value; /* headers: the name is in lower case, the value without outer blanks */
} http_field;

typedef struct http_request http_request;

/* The peer has gone, or the stream was cut. Told once at most, never after the request is finished;
 * finishing inside of it is allowed. */
typedef void (*http_cancel_fn)(http_request *r, void *arg);
/* A stream has room again, see http_stream_send. */
typedef void (*http_drain_fn)(http_request *r, void *arg);
/* Called once, when nothing refers to the bytes any more. */
typedef void (*http_release_fn)(void *arg);

/* Read-only for handlers but for the last group. */
struct http_request {
    http_verb verb; /* HEAD comes as HEAD; its reply is made like GET's and the body is not sent */
    crm_str path; /* decoded, valid UTF-8, starts with '/', no "." or ".." segment, no NUL or '\' */
    crm_str query; /* as sent, without '?' */
    crm_str host;  /* of the Host header: validated, lower case, with the port when one was sent */
    crm_str body;  /* whole; p[n] is 0 */
    crm_str id;    /* X-Request-Id of this reply, for logs and problem+json */
    crm_str peer;  /* the address in text form, without port */
    const http_field *headers;
    uint32_t header_count;
    bool is_tls;
    bool is_loopback; /* the peer is 127.0.0.0/8 or ::1, and does not speak for another */
    bool is_cancelled;
    int64_t started;        /* clock_mono when the first byte arrived */
    int64_t content_length; /* as declared, -1 when chunked; for the early hook */
    arena *arena;

    size_t body_limit;        /* the early hook may change it, up to the server's `body_max` */
    bool is_left_at_eof;      /* set with on_cancel: a peer that closes his half has gone */
    bool is_streamed;         /* the early hook: the body comes in pieces, see http_next_piece */
    http_cancel_fn on_cancel; /* set by who answers later and wants to stop early */
    http_drain_fn on_drain;   /* set by who streams much */
    void *arg;                /* the answerer's, given to both */
};

/* ---- Reading --------------------------------------------------------------------------------- */

/* The header `name` (lower case), {NULL,0} when absent. A repeated one is joined by ", ";
 * those that must be single (Host, Content-Length, Content-Type, Authorization ...) were checked.
 */
crm_str http_header(const http_request *r, const char *name);
/* The same also of a request that is refused before its headers were read: from the whole lines of the
 * head that had come until then. They are unchecked, so only for what harms nobody. */
crm_str http_header_seen(http_request *r, const char *name);
/* The cookie's value, {NULL,0} when absent. */
crm_str http_cookie(const http_request *r, const char *name);
/* "application/json" of "Application/JSON; charset=utf-8"; {NULL,0} when absent. */
crm_str http_content_type(const http_request *r);

/* The query's parameters in order, decoded, in the arena. BAD_REQUEST on broken escapes, bytes that
 * are not UTF-8 or more than 200 of them. Parsed once; later calls are free. */
CRM_MUST_CHECK crm_status http_params(http_request *r, const http_field **list, uint32_t *count);
/* The first parameter of that name, {NULL,0} when absent or the query is broken. */
crm_str http_param(http_request *r, const char *name);
/* The same for any application/x-www-form-urlencoded text (form bodies). */
CRM_MUST_CHECK crm_status http_parse_form(arena *a, crm_str text, const http_field **list,
                                          uint32_t *count);

/* ---- Answering ------------------------------------------------------------------------------- */

/* The reply's body: append here, then http_reply. It is the connection's own output buffer, so
 * nothing is copied; it is bounded by the server's `reply_max` (failed: the reply becomes a 500).
 */
buf *http_body(http_request *r);

/* A further header of the reply. Names are fixed texts; a value with CR, LF or NUL is refused as
 * the header's absence and logged. Set by itself: Date, Content-Length, X-Request-Id, the security
 * headers, CSP on text/html, and Cache-Control "private, no-store" unless http_cache was called. */
void http_set(http_request *r, const char *name, crm_str value);

typedef enum http_caching {
    CACHE_NONE,       /* private, no-store: the default */
    CACHE_PRIVATE,    /* private, no-cache: kept by the browser, revalidated by ETag each time */
    CACHE_REVALIDATE, /* no-cache, for public files */
    CACHE_IMMUTABLE   /* a year, for files whose name holds their hash */
} http_caching;
void http_cache(http_request *r, http_caching how);
/* Another Content-Security-Policy than the one for HTML, e.g. of a framed page. Static text. */
void http_csp(http_request *r, const char *policy);
/* The connection closes after this reply. */
void http_close_after(http_request *r);
/* Whether If-None-Match names this strong ETag (given with its quotes). */
bool http_etag_matches(const http_request *r, crm_str etag);

/* Sends what stands in http_body. `type` is static text, NULL for replies without a body. */
void http_reply(http_request *r, int status, const char *type);
/* Sends `bytes` that stay unchanged until `release(arg)` (NULL: for ever) without copying them.
 * What stands in http_body is dropped. */
void http_reply_bytes(http_request *r, int status, const char *type, crm_str bytes,
                      http_release_fn release, void *arg);
/* problem+json as the API's refusal hook writes it (server.h), with this code. Headers set before,
 * such as Allow or Retry-After, stay. */
void http_refuse(http_request *r, int status, const char *code);

/*
 * For a reply that another thread still owes and that nobody can wait for any longer. The reply is
 * made through the request returned, in this turn of the loop, and closes the connection. `r` and its
 * arena stay valid, answer nobody any more, and are given back by http_drop instead of a reply. NULL:
 * memory is out, and `r` is as before.
 */
http_request *http_pass_over(http_request *r);
void http_drop(http_request *r);

/* ---- Bodies in pieces: uploads --------------------------------------------------------------- */

#define HTTP_PIECE_MAX 65536
typedef enum http_piece { PIECE_MORE, PIECE_LAST, PIECE_BROKEN } http_piece;
typedef void (*http_piece_fn)(http_request *r, http_piece what, crm_str bytes);
/*
 * A request whose early hook set is_streamed is routed when its head is complete, and nothing of its
 * body is read before the handler asks; `body_limit` then knows no other ceiling. This asks for the
 * next piece: at most HTTP_PIECE_MAX bytes, valid inside `fn`, which is called once, inside this call or later; it
 * may ask again. After LAST nothing is left. BROKEN: over the limit, or no HTTP any more; the handler
 * tidies up and ends by http_refuse_body. A peer that goes away or sends too slowly is told by
 * on_cancel. Finishing before LAST closes the connection.
 */
void http_next_piece(http_request *r, http_piece_fn fn);
void http_refuse_body(http_request *r);

/* ---- Streams: server-sent events, large replies ---------------------------------------------- */

/* Bytes that many streams share. Counted references; loop thread only. */
typedef struct http_chunk http_chunk;
http_chunk *http_chunk_new(crm_str bytes); /* copies; NULL when memory is out or bytes are empty */
http_chunk *http_chunk_ref(http_chunk *c);
void http_chunk_unref(http_chunk *c); /* c may be NULL */

/* Sends the head; headers were set before. `length` is the body's size, -1 when not known. */
void http_stream_start(http_request *r, int status, const char *type, int64_t length);
/*
 * Queues a chunk (takes its own reference). False when more than 256 KiB wait: a producer then
 * stops until on_drain. A stream whose peer lets more than 1 MiB wait is cut: on_cancel.
 */
bool http_stream_send(http_request *r, http_chunk *chunk);
/* Bytes that wait for the peer. */
size_t http_stream_queued(const http_request *r);
/* Ends the reply; fewer bytes than the promised length close the connection. */
void http_stream_end(http_request *r);
/* Ends it by cutting the connection: what was sent is not the whole, and the peer is to know. */
void http_stream_cut(http_request *r);

#endif
