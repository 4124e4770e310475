/*
 * conn.h - a connection and the exchange (request with its reply) that runs on it.
 *
 * Internal to the net layer; loop thread. Life of a connection: it is in its server's list until
 * conn_close; its memory goes when the uv handle is closed and no handler holds the exchange. An
 * exchange is taken from the server's pool at a request's first byte and given back when it is
 * finished, so an idle connection owns no buffers.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <crm/crm.h>
#include <sys/socket.h>
#include <uv.h>

#include "net/parser.h"
#include "net/peers.h"
#include "net/server.h"
#include "net/wheel.h"

#define CONN_READ_SIZE   65536
#define CONN_INPUT_MAX   65536   /* waits while a request runs; reading pauses beyond */
#define STREAM_HIGH      262144  /* http_stream_send says "enough" */
#define STREAM_LOW       65536   /* on_drain */
#define STREAM_CUT       1048576 /* the peer is too slow */
#define LINGER_MS        2000
#define EXCHANGES_POOLED 64
#define DATE_SIZE        30
#define ID_SIZE          32

typedef struct conn conn;

typedef enum exchange_state {
    EXCHANGE_READING,  /* the head or the body is not complete */
    EXCHANGE_RUNNING,  /* a handler has it */
    EXCHANGE_STREAMING /* http_stream_start was called */
} exchange_state;

typedef struct exchange {
    http_request r; /* first: handlers hold this pointer */
    conn *c;
    struct exchange *next; /* in the pool */
    parser parser;
    exchange_state state;
    bool is_chunked, wants_close, is_drain_due;
    http_caching caching;
    const char *csp;
    int64_t stream_left; /* bytes still promised; -1: not promised */
    buf fields;          /* what http_set added, as it goes on the wire */
    buf body;            /* http_body */
    const http_field *params;
    uint32_t param_count;
    bool params_read;
    http_piece_fn on_piece; /* the handler waits for more of the body */
    crm_status params_status;
    uint64_t body_at; /* ms, when the head was complete */
    char id[ID_SIZE];
} exchange;

/* What the connection's one time-out is for. */
typedef enum conn_wait {
    WAIT_NONE,
    WAIT_HANDSHAKE,
    WAIT_HEAD,
    WAIT_BODY,
    WAIT_IDLE,
    WAIT_WRITE,
    WAIT_LINGER
} conn_wait;

typedef enum conn_mode {
    CONN_OPEN,
    CONN_LINGER, /* answered for the last time: reads and drops until the peer closes */
    CONN_CLOSED
} conn_mode;

struct conn {
    uv_tcp_t tcp; /* first */
    http_server *s;
    conn *prev, *next;
    conn *resume_next; /* in the server's list of those with input to go on with */
    tls_session *tls;
    exchange *x; /* NULL while idle */
    peer *peer;
    wheel_node timer;
    conn_wait wait;
    buf in;  /* plain bytes that wait until the running request is finished */
    buf out; /* replies made in this turn, sent together at its end */
    conn_mode mode;
    bool is_reading, is_eof, is_processing, is_resuming, is_handle_closed;
    bool is_shut; /* a close follows when everything is written */
    bool is_loopback;
    bool is_notified;     /* TLS close_notify was sent */
    uint32_t writes;      /* uv writes under way */
    uint64_t handed_over; /* bytes ever given to uv_write */
    uint64_t last_done;   /* of those, taken by the peer when the write timer was set */
    char address[46];     /* INET6_ADDRSTRLEN */
};

struct http_listener;

struct http_server {
    uv_loop_t *loop;
    http_handlers handlers;
    http_limits limits;
    wheel wheel;
    uv_idle_t resume;
    conn *resume_first, *resume_last;
    conn conns; /* the list's head; only prev and next are used */
    peers *peers;
    exchange *pool;
    uint32_t pooled;
    buf spare; /* output memory between two turns, see output.c */
    struct http_listener *listeners;
    http_stats stats;
    bool is_stopping;
    wheel_node grace;
    void (*stopped)(void *arg);
    void *stopped_arg;
    uint32_t handles; /* uv handles not yet closed, listeners' included */
    int64_t date_second;
    char date[DATE_SIZE];
    uint64_t next_id;
    char id_prefix[9];
    char *read_buffer;  /* CONN_READ_SIZE */
    char *plain_buffer; /* the same, for TLS; NULL without */
};

/* ---- conn.c ---------------------------------------------------------------------------------- */

/* Takes over an accepted socket. On failure the socket is closed. */
void conn_start(http_server *s, int fd, tls_context *tls, const struct sockaddr_storage *address);
/* At once, from any state. Told to the handler from the loop, never from inside this call. */
void conn_close(conn *c);
/* The exchange's reply was handed over: goes on with the next request or closes. */
void conn_finished(conn *c);
/* The server stops: idle ones and streams close, others after their reply. */
void conn_stop(conn *c);
/* A queued write is done. */
void conn_written(conn *c);
/* Something waits for the peer: the write time-out runs. */
void conn_queued(conn *c);
/* Brings time-out and reading in line with what the connection is doing now. */
void conn_settle(conn *c);
/* Closes in order: everything is written, TLS says so, then the socket. */
void conn_shut(conn *c);
/* Closes one that asked nothing and waits for nothing. */
void conn_close_idle(conn *c);
void conn_free_when_done(conn *c);

/* ---- conn_input.c ---------------------------------------------------------------------------- */

/* Starts or pauses reading, as the bytes that wait allow. */
void conn_read(conn *c);
/* Runs the requests that wait in c->in. From the server's idle handle. */
void conn_resume(conn *c);
/* Goes on with what waits in c->in at the loop's next turn, or closes when that was the last. */
void conn_continue(conn *c);
/* Answers for the protocol machinery, and closes. */
void conn_refuse(conn *c, int status, const char *code);

/* ---- conn_wait.c ----------------------------------------------------------------------------- */

void conn_arm(conn *c);
void conn_on_timeout(wheel_node *n);

/* ---- exchange.c ------------------------------------------------------------------------------ */

exchange *exchange_take(conn *c); /* NULL when memory is out */
void exchange_release(exchange *x);
void exchange_drain_pool(http_server *s);
/* Whom a reverse proxy speaks for. After the head is read. */
void exchange_take_forwarded(exchange *x);
static inline exchange *exchange_of(http_request *r)
{
    return (exchange *)r;
}

/* ---- output.c -------------------------------------------------------------------------------- */

/* What follows the bytes in c->out; at most one of the owners is set. */
typedef struct tail {
    crm_str bytes;
    buf *owned; /* its memory is taken when it cannot be sent at once */
    http_chunk *chunk;
    http_release_fn release;
    void *arg;
} tail;

/* Sends c->out and the tail, now as far as the socket takes it, the rest later. The tail's owner is
 * let go when its bytes are sent. May close the connection. */
void output_send(conn *c, const tail *t);
/* Only c->out. */
void output_flush(conn *c);
/* Sends what stands in the TLS session's output. */
void output_tls(conn *c);
size_t output_queued(const conn *c);
/* Gives an empty buffer the server's spare memory. */
void output_lend(http_server *s, buf *b);

/* ---- reply.c --------------------------------------------------------------------------------- */

/* The status line and headers into c->out. `length` -1: chunked, or until the end for HTTP/1.0. */
void reply_head(exchange *x, int status, const char *type, int64_t length);
/* The refusal's body into http_body by the server's hook, or a plain one. Returns its type. */
const char *reply_problem(exchange *x, int status, const char *code);

/* ---- stream.c -------------------------------------------------------------------------------- */

/* Bytes were written: tells a producer that waits. */
void stream_drained(exchange *x);

/* ---- server.c -------------------------------------------------------------------------------- */

void server_conn_gone(http_server *s);
void server_resume(conn *c);
const char *server_date(http_server *s);

#endif
