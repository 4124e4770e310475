/*
 * server.h - listeners, connections and their limits on one loop.
 *
 * One http_server per loop thread; several loops each have their own listener on the same port
 * (SO_REUSEPORT). Everything here is called on that loop's thread. Socket time-outs are real time.
 */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include <crm/crm.h>
#include <uv.h>

#include "net/http.h"
#include "net/tls.h"

typedef struct http_server http_server;

/* Zero means the default in brackets. */
typedef struct http_limits {
    uint32_t connections;    /* all of this loop [80 % of RLIMIT_NOFILE, at most 10000] */
    uint32_t connections_ip; /* of one address; loopback is not counted [1000] */
    uint32_t header_ms;      /* from the first byte to the end of the head [10000] */
    uint32_t body_ms;        /* the body's grace before the rate counts [10000] */
    uint32_t body_rate;      /* least bytes per second of a body after that [1024] */
    uint32_t idle_ms;        /* keep-alive without a request [60000; TLS half of it] */
    uint32_t write_ms;       /* a peer that takes nothing for so long is cut [20000] */
    uint32_t handshake_ms;   /* TLS [5000] */
    uint32_t body_limit;     /* unless the early hook says otherwise [1 MiB] */
    uint32_t body_max;       /* the early hook's ceiling [64 MiB] */
    uint32_t reply_max;      /* of http_body [64 MiB] */
    bool trusts_proxy; /* one on this machine: the last X-Forwarded-For, X-Forwarded-Proto count */
    bool shares_port;  /* other loops listen on the same port: SO_REUSEPORT */
} http_limits;

typedef struct http_handlers {
    /* Answers the request, now or later. */
    void (*route)(void *arg, http_request *r);
    /* May be NULL. The head is complete, the body not yet read: may set r->body_limit, or answer at
     * once (the connection then closes when a body was announced). */
    void (*early)(void *arg, http_request *r);
    /* May be NULL. Writes the body of a refusal that the protocol machinery itself makes, as
     * problem+json in the reader's language, into http_body. `code` as in API.md. The request may
     * be incomplete: only id, peer and the headers seen so far are sure. Does not finish it. */
    void (*refuse)(void *arg, http_request *r, int status, const char *code);
    void *arg;
} http_handlers;

/* Copies both. NULL when memory is out. SIGPIPE is ignored from then on. */
http_server *http_server_new(uv_loop_t *loop, const http_handlers *handlers,
                             const http_limits *limits);

/*
 * Listens on a numeric address ("127.0.0.1", "::", "0.0.0.0") and port (0: any; *bound then tells
 * which; bound may be NULL). `tls` NULL is plain HTTP; the context outlives the server.
 * CONFLICT when the address is taken, DENIED when not permitted, INVALID when it is no address.
 */
CRM_MUST_CHECK crm_status http_can_listen(const char *address, int port); /* now, without doing it */
CRM_MUST_CHECK crm_status http_server_listen(http_server *s, const char *address, int port,
                                             tls_context *tls, int *bound);

/*
 * Stops: listeners close, idle connections close, running requests end with "Connection: close",
 * event streams are cancelled; what lasts longer than `grace_ms` is cut. Then `done(arg)`, after
 * which the server's memory is gone. Requests that handlers still hold must be finished by them
 * even then; `done` waits for that.
 */
void http_server_stop(http_server *s, uint32_t grace_ms, void (*done)(void *arg), void *arg);

typedef struct http_stats {
    uint64_t requests, refused, accepted, turned_away; /* turned_away: by a cap */
    uint64_t bytes_in, bytes_out;
    uint32_t connections, idle, running, streams;
    uint32_t lag_ms; /* the longest the loop was held while connections were open */
} http_stats;
void http_server_stats(const http_server *s, http_stats *out);

/* "8.1.0": the parser's version, for `karkas version`. */
const char *http_parser_version(void);

#endif
