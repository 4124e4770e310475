/* What the HTTP parser must refuse: one 4xx, the connection closed, nothing after it read. */
#include "unit.h"

#include <unistd.h>

#include "net_fixture.h"

static net_fixture server;

static int start(void **state)
{
    (void)state;
    net_start(&server, NULL, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    net_stop(&server);
    return 0;
}

/* ---- The rule -------------------------------------------------------------------------------- */

static const char smuggled[] = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

static int count_replies(const char *text)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, "HTTP/1.1 ")); at++) {
        n++;
    }
    return n;
}

static void send_in_pieces(int fd, const char *p, size_t n, size_t piece)
{
    for (size_t at = 0; at < n; at += piece) {
        if (!raw_send(fd, p + at, n - at < piece ? n - at : piece)) {
            return;
        }
    }
}

static void check_refused(const char *name, const char *request, size_t n, size_t piece)
{
    int before = atomic_load(&server.smuggled);
    int fd = raw_connect(&server);
    send_in_pieces(fd, request, n, piece);
    send_in_pieces(fd, smuggled, sizeof smuggled - 1, piece);
    size_t got;
    bool is_reset;
    char *reply = raw_read_all(fd, &got, &is_reset);
    close(fd);
    bool is_right = count_replies(reply) == 1 && strncmp(reply, "HTTP/1.1 4", 10) == 0 &&
                    strstr(reply, "Connection: close") && !is_reset &&
                    atomic_load(&server.smuggled) == before;
    if (!is_right) {
        print_error("case %s, pieces of %zu: reset=%d smuggled=%d got:\n%.300s\n", name, piece,
                    is_reset, atomic_load(&server.smuggled) - before, reply);
    }
    free(reply);
    assert_true(is_right);
}

/* The whole request at once, and byte by byte. */
static void refused(const char *name, const char *request, size_t n)
{
    check_refused(name, request, n, n + sizeof smuggled);
    check_refused(name, request, n, 1);
}

typedef struct sample {
    const char *name, *bytes;
    size_t n;
} sample;
#define SAMPLE(name, lit)          \
    {                              \
        name, lit, sizeof(lit) - 1 \
    }

static void refuse_all(const sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        refused(samples[i].name, samples[i].bytes, samples[i].n);
    }
}
#define REFUSE_ALL(samples) refuse_all(samples, sizeof samples / sizeof samples[0])

/* ---- The head -------------------------------------------------------------------------------- */

#define HOST "Host: a\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST

static void test_request_lines(void **state)
{
    (void)state;
    static const sample samples[] = {
        SAMPLE("http/0.9", "GET /\r\n"),
        SAMPLE("http/0.9 with headers", "GET /\r\nHost: a\r\n\r\n"),
        SAMPLE("rtsp", "GET / RTSP/1.0\r\n" HOST "\r\n"),
        SAMPLE("version 2.0", "GET / HTTP/2.0\r\n" HOST "\r\n"),
        SAMPLE("version 1.2", "GET / HTTP/1.2\r\n" HOST "\r\n"),
        SAMPLE("version 0.9", "GET / HTTP/0.9\r\n" HOST "\r\n"),
        SAMPLE("version 1.", "GET / HTTP/1.\r\n" HOST "\r\n"),
        SAMPLE("version 1.10", "GET / HTTP/1.10\r\n" HOST "\r\n"),
        SAMPLE("version in lower case", "GET / http/1.1\r\n" HOST "\r\n"),
        SAMPLE("two blanks before the target", "GET  / HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("two blanks after the target", "GET /  HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("a blank at the end", "GET / HTTP/1.1 \r\n" HOST "\r\n"),
        SAMPLE("a blank at the start", " GET / HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("a tab", "GET\t/ HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("no target", "GET HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("method in lower case", "get / HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("TRACE", "TRACE / HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("CONNECT", "CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("h2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        SAMPLE("tls hello", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"),
        SAMPLE("asterisk", "GET * HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("absolute-form of another host", "GET http://b/ HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("absolute-form without a path", "GET http://a HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("absolute-form with a user", "GET http://u@a/ HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("another scheme", "GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("NUL in the target", "GET /\0 HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("raw UTF-8", "GET /\xd0\xb0 HTTP/1.1\r\n" HOST "\r\n"),
    };
    REFUSE_ALL(samples);
}

static void test_paths(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/..",
        "/../etc/passwd",
        "/a/../b",
        "/a/..",
        "/.",
        "/./a",
        "/%2e%2e/a",
        "/%2E./a",
        "/.%2e",
        "/a%2fb",
        "/a%2F..%2Fb",
        "/%00",
        "/a%00b",
        "/a\\b",
        "/..%5cb",
        "/%5c..%5ca",
        "/%c0%ae%c0%ae/a",
        "/%",
        "/%4",
        "/%zz",
        "/a%u002e",
        "/%ff",
        "/%c0%af",
        "/%ed%a0%80",
        "//../a",
        "/%252e%252e/%zz",
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char request[200];
        int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n" HOST "\r\n", paths[i]);
        refused(paths[i], request, (size_t)n);
    }
}

static void test_bare_line_ends(void **state)
{
    (void)state;
    static const sample samples[] = {
        SAMPLE("LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        SAMPLE("LF after a header", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
        SAMPLE("LF for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        SAMPLE("only LF", "GET / HTTP/1.1\nHost: a\n\n"),
        SAMPLE("CR ends a header", "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"),
        SAMPLE("CR in a value", GET "X: a\rb\r\n\r\n"),
        SAMPLE("CR CR LF", GET "X: a\r\r\n\r\n"),
        SAMPLE("CR before the empty line", GET "\r\r\n\r\n"),
        SAMPLE("CR in the request line", "GET /\r HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("LF alone first", "\nGET / HTTP/1.1\r\n" HOST "\r\n"),
        SAMPLE("CR hides a length", GET "X: y\rContent-Length: 30\r\n\r\n"),
    };
    REFUSE_ALL(samples);
}

static void test_header_lines(void **state)
{
    (void)state;
    static const sample samples[] = {
        SAMPLE("folded", GET "X: a\r\n b\r\n\r\n"),
        SAMPLE("folded by a tab", GET "X: a\r\n\tb\r\n\r\n"),
        SAMPLE("folded first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        SAMPLE("blank before the colon", GET "X : a\r\n\r\n"),
        SAMPLE("blank in the name", GET "X Y: a\r\n\r\n"),
        SAMPLE("no name", GET ": a\r\n\r\n"),
        SAMPLE("no colon", GET "XY\r\n\r\n"),
        SAMPLE("NUL in a name", GET "X\0: a\r\n\r\n"),
        SAMPLE("NUL in a value", GET "X: a\0b\r\n\r\n"),
        SAMPLE("control character", GET "X: a\x01\r\n\r\n"),
        SAMPLE("DEL", GET "X: a\x7f\r\n\r\n"),
        SAMPLE("vertical tab", GET "X:\x0b"
                                   "a\r\n\r\n"),
        SAMPLE("name beyond ASCII", GET "\xd0\xb0: a\r\n\r\n"),
        SAMPLE("name with a bracket", GET "X(: a\r\n\r\n"),
        SAMPLE("two cookies", GET "Cookie: a=1\r\nCookie: b=2\r\n\r\n"),
        SAMPLE("two types", GET "Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n"),
        SAMPLE("unknown expectation", GET "Expect: tea\r\n\r\n"),
    };
    REFUSE_ALL(samples);
}

static void test_hosts(void **state)
{
    (void)state;
    static const sample samples[] = {
        SAMPLE("none", "GET / HTTP/1.1\r\n\r\n"),
        SAMPLE("two", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        SAMPLE("two, one late", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhost: b\r\n\r\n"),
        SAMPLE("empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        SAMPLE("path in it", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        SAMPLE("user in it", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        SAMPLE("blank in it", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        SAMPLE("comma", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
        SAMPLE("port too large", "GET / HTTP/1.1\r\nHost: a:70000\r\n\r\n"),
        SAMPLE("port no number", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
        SAMPLE("two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n"),
        SAMPLE("broken IPv6", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
        SAMPLE("no IPv6", "GET / HTTP/1.1\r\nHost: [zz]\r\n\r\n"),
        SAMPLE("markup", "GET / HTTP/1.1\r\nHost: <a>\r\n\r\n"),
    };
    REFUSE_ALL(samples);
}

/* ---- Where the body ends --------------------------------------------------------------------- */

static void test_content_lengths(void **state)
{
    (void)state;
    static const char *const lengths[] = {
        "",
        "-1",
        "+5",
        "5 5",
        "5,5",
        "5, 5",
        "0x5",
        "5.0",
        "5e0",
        "five",
        "5;",
        "\"5\"",
        "99999999999999999999",
        "18446744073709551617",
        "5_",
        "\xd9\xa5",
    };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char request[200];
        int n = snprintf(request, sizeof request,
                         "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %s\r\n\r\n", lengths[i]);
        refused(lengths[i], request, (size_t)n);
    }
}

#define POST    "POST /echo HTTP/1.1\r\n" HOST
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define BODY    "5\r\nhello\r\n0\r\n\r\n"

static void test_framing(void **state)
{
    (void)state;
    static const sample samples[] = {
        SAMPLE("lengths that differ", POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        SAMPLE("the same length twice", POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
        SAMPLE("length, then chunked", POST "Content-Length: 5\r\n" CHUNKED "\r\n" BODY),
        SAMPLE("chunked, then length", POST CHUNKED "Content-Length: 5\r\n\r\n" BODY),
        SAMPLE("chunked on 1.0", "POST /echo HTTP/1.0\r\n" HOST CHUNKED "\r\n" BODY),
        SAMPLE("chunked twice", POST CHUNKED CHUNKED "\r\n" BODY),
    };
    REFUSE_ALL(samples);
}

static void test_transfer_encodings(void **state)
{
    (void)state;
    static const char *const codings[] = {
        "",
        "identity",
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "chunked,",
        ",chunked",
        "chunked, chunked",
        "xchunked",
        "chunkedx",
        "chunked;q=1",
        "\"chunked\"",
        "chunk",
        "chunked identity",
        "\vchunked",
    };
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        char request[200];
        int n = snprintf(request, sizeof request, POST "Transfer-Encoding: %s\r\n\r\n" BODY,
                         codings[i]);
        refused(codings[i], request, (size_t)n);
    }
}

static void test_chunk_sizes(void **state)
{
    (void)state;
    static const char *const chunks[] = {
        "g\r\nhello\r\n",        "-5\r\nhello\r\n", "+5\r\nhello\r\n",
        "0x5\r\nhello\r\n",      " 5\r\nhello\r\n", "5_\r\nhello\r\n",
        "\r\nhello\r\n",         "5\nhello\r\n",    "5\r\nhello\n",
        "5\rhello\r\n",          "5\r\nhelloX\r\n", "FFFFFFFFFFFFFFFFF\r\nhello\r\n",
        "5\r\nhell\r\n0\r\n",    "5 \r\nhello\r\n", "5;a\nb\r\nhello\r\n",
        "\xd9\xa5\r\nhello\r\n",
    };
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        char request[200];
        int n = snprintf(request, sizeof request, POST CHUNKED "\r\n%s0\r\n\r\n", chunks[i]);
        refused(chunks[i], request, (size_t)n);
    }
}

/* ---- Floods ---------------------------------------------------------------------------------- */

static void flood(const char *name, const char *before, const char *unit, size_t times,
                  const char *after)
{
    buf b;
    buf_init(&b, 8 * 1024 * 1024);
    buf_z(&b, before);
    for (size_t i = 0; i < times; i++) {
        buf_z(&b, unit);
    }
    buf_z(&b, after);
    check_refused(name, b.p, b.n, b.n + 100);
    check_refused(name, b.p, b.n, 1000);
    buf_free(&b);
}

static void test_floods(void **state)
{
    (void)state;
    flood("long target", "GET /", "a", 100 * 1024, " HTTP/1.1\r\n" HOST "\r\n");
    flood("target without end", "GET /", "a", 300 * 1024, "");
    flood("64 KB of headers", GET "X: ", "a", 64 * 1024, "\r\n\r\n");
    flood("many headers", GET, "X: y\r\n", 20000, "\r\n");
    flood("101 headers", GET, "X: y\r\n", 100, "\r\n");
    flood("60 KB cookie", GET "Cookie: a=", "b", 60 * 1024, "\r\n\r\n");
    flood("header without end", GET "X", "a", 64 * 1024, "");
    flood("chunk extensions", POST CHUNKED "\r\n5;", "a", 20 * 1024, "\r\nhello\r\n0\r\n\r\n");
    flood("many chunk extensions", POST CHUNKED "\r\n", "1;abcdefghi=abcdefghijklmnop\r\nx\r\n",
          2000, "0\r\n\r\n");
    flood("trailers", POST CHUNKED "\r\n0\r\n", "X: abcdefgh\r\n", 4000, "\r\n");
    flood("one long trailer", POST CHUNKED "\r\n0\r\nX: ", "a", 20 * 1024, "\r\n\r\n");
    flood("body beyond its limit", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2000000\r\n\r\n",
          "a", 2000000, "");
    flood("chunked beyond its limit", POST CHUNKED "\r\n", "10\r\n0123456789abcdef\r\n", 100000,
          "0\r\n\r\n");
}

static void test_statuses_say_what_was_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"TRACE / HTTP/1.1\r\n" HOST "\r\n", 405},
        {"CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 405},
        {"POST /small HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n", 413},
        {GET "Expect: tea\r\n\r\n", 417},
        {"GET /\r\n\r\n", 400},
    };
    char out[4096];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(raw_ask(&server, cases[i].request, out, sizeof out), cases[i].status);
        assert_non_null(strstr(out, "application/problem+json"));
        assert_non_null(strstr(out, "X-Request-Id: "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_lines),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_bare_line_ends),
        cmocka_unit_test(test_header_lines),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_content_lengths),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_transfer_encodings),
        cmocka_unit_test(test_chunk_sizes),
        cmocka_unit_test(test_floods),
        cmocka_unit_test(test_statuses_say_what_was_wrong),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
