/*
 * floor.c - the least an HTTP server on libuv and llhttp can cost: every request gets the same
 * bytes, 300 or as many as it is told. Figures of the real server are read beside those of this
 * one, taken in the same run. Prints "listening http://127.0.0.1:PORT" and works until it is
 * killed.
 */
#include <llhttp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define BODY_BYTES 300
#define BODY_MOST  65536
#define READ_BYTES 16384
#define BACKLOG    1024

typedef struct peer {
    uv_tcp_t tcp;
    llhttp_t parser;
    int asked; /* whole requests in what was read last */
    char in[READ_BYTES];
} peer;

static llhttp_settings_t settings;
static char reply[BODY_MOST + 256];
static size_t reply_bytes;

static void make_reply(size_t body)
{
    size_t head = (size_t)snprintf(reply, sizeof reply,
                                   "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                   "Content-Length: %zu\r\n\r\n",
                                   body);
    memset(reply + head, 'x', body);
    reply[head] = reply[head + body - 1] = '"';
    reply_bytes = head + body;
}

static int on_complete(llhttp_t *parser)
{
    peer *p = parser->data;
    p->asked++;
    return 0;
}

static void freed(uv_handle_t *h)
{
    free(h->data);
}

static void drop(peer *p)
{
    if (!uv_is_closing((uv_handle_t *)&p->tcp)) {
        uv_close((uv_handle_t *)&p->tcp, freed);
    }
}

static void alloc(uv_handle_t *h, size_t hint, uv_buf_t *out)
{
    (void)hint;
    peer *p = h->data;
    *out = uv_buf_init(p->in, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    peer *p = stream->data;
    p->asked = 0;
    if (n < 0 || llhttp_execute(&p->parser, buf->base, (size_t)n) != HPE_OK) {
        drop(p);
        return;
    }
    for (; p->asked > 0; p->asked--) {
        uv_buf_t out = uv_buf_init(reply, (unsigned)reply_bytes);
        /* 64 peers that read what they asked for never fill a socket. */
        if (uv_try_write(stream, &out, 1) != (int)reply_bytes) {
            drop(p);
            return;
        }
    }
}

static void on_peer(uv_stream_t *listener, int status)
{
    peer *p = status == 0 ? calloc(1, sizeof *p) : NULL;
    if (!p) {
        return;
    }
    uv_tcp_init(listener->loop, &p->tcp);
    p->tcp.data = p;
    llhttp_init(&p->parser, HTTP_REQUEST, &settings);
    p->parser.data = p;
    if (uv_accept(listener, (uv_stream_t *)&p->tcp) != 0) {
        drop(p);
        return;
    }
    uv_tcp_nodelay(&p->tcp, 1);
    uv_read_start((uv_stream_t *)&p->tcp, alloc, on_read);
}

static bool listen_anywhere(uv_tcp_t *listener)
{
    struct sockaddr_in at;
    int size = sizeof at;
    return uv_tcp_init(uv_default_loop(), listener) == 0 && uv_ip4_addr("127.0.0.1", 0, &at) == 0 &&
           uv_tcp_bind(listener, (const struct sockaddr *)&at, 0) == 0 &&
           uv_listen((uv_stream_t *)listener, BACKLOG, on_peer) == 0 &&
           uv_tcp_getsockname(listener, (struct sockaddr *)&at, &size) == 0 &&
           printf("listening http://127.0.0.1:%d\n", ntohs(at.sin_port)) > 0;
}

/* bench_floor [BYTES] */
int main(int argc, char **argv)
{
    uv_tcp_t listener;
    unsigned long body = argc > 1 ? strtoul(argv[1], NULL, 10) : BODY_BYTES;
    if (body < 2 || body > BODY_MOST) {
        fprintf(stderr, "floor: 2 to %d bytes\n", BODY_MOST);
        return 2;
    }
    make_reply(body);
    llhttp_settings_init(&settings);
    settings.on_message_complete = on_complete;
    if (!listen_anywhere(&listener)) {
        fputs("floor: cannot listen on 127.0.0.1\n", stderr);
        return 1;
    }
    fflush(stdout);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
