/*
 * net_fixture.h - a server on a loop thread of its own with a few test routes, and raw clients.
 *
 * Routes: /echo gives "VERB path?query body"; /later holds the request until the test answers it;
 * /stream starts a stream the test feeds; /big?n= gives n bytes; /type?t=html gives HTML. The early
 * hook lets /small have 10 bytes of body, /large 8 MiB, bodies under /upload come in
 * pieces up to 100 MiB (who serves them is net_serve), and it answers /denied with 401 at once.
 */
#ifndef NET_FIXTURE_H
#define NET_FIXTURE_H

#include <stdatomic.h>

#include "base/loop.h"
#include "net/server.h"

#define HELD_MAX 32

typedef struct net_fixture {
    uv_loop_t loop;
    uv_thread_t thread;
    uv_sem_t ready;
    mailbox *mail;
    http_server *server;
    http_limits limits;
    tls_context *tls;
    int port;
    uint64_t passing; /* ms; for net_pass */
    http_request *held[HELD_MAX]; /* loop thread only */
    atomic_int held_count, routed, smuggled, cancelled, drained, stopped;
} net_fixture;

/* Set before net_start by tests that serve something else; true when it answered. */
extern bool (*net_serve)(http_request *r);
extern const char *net_address; /* "127.0.0.1" */

void net_start(net_fixture *f, const http_limits *limits, tls_context *tls);
/* Stops it and waits; fails the test when the server does not let go. */
void net_stop(net_fixture *f);
/* Runs fn(f) on the loop thread and waits for it. */
void net_call(net_fixture *f, void (*fn)(net_fixture *f));
/* Answers all held requests with 200 "done". */
void net_answer_held(net_fixture *f);
http_stats net_stats(net_fixture *f);
/*
 * Lets `ms` of the sockets' time pass at once, on the loop thread. Limits of an hour, of which the
 * test lets as much pass as it means, do not end by themselves on a machine that is slow.
 */
void net_pass(net_fixture *f, uint64_t ms);
#define HOUR_MS 3600000
/* Waits until *counter is at least n, without sleeping blindly. */
void net_until(atomic_int *counter, int n);
/* Waits until the server has exactly n connections; has read n bytes in all. */
void net_until_connections(net_fixture *f, uint32_t n);
void net_until_bytes(net_fixture *f, uint64_t n);
/* Waits until its loop has been seen to be that late. */
void net_until_lag(net_fixture *f, uint32_t ms);

/* ---- Raw clients: blocking sockets that fail the test when nothing ever comes --------------- */
int raw_connect(const net_fixture *f);
/* False when the peer has closed. */
bool raw_send(int fd, const char *p, size_t n);
bool raw_send_z(int fd, const char *z);
/* Reads until the peer closes or resets; *reset tells. The text ends in 0 and is freed by free. */
char *raw_read_all(int fd, size_t *n, bool *reset);
/* Reads one reply with Content-Length or without body; the status, or -1 when it was cut. */
int raw_read_reply(int fd, char *out, size_t size);
/* One request on a new connection; the status; the whole reply in out. */
int raw_ask(const net_fixture *f, const char *request, char *out, size_t size);

#endif
