/* What the HTTP server does for good requests, slow peers and peers that vanish. */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net_fixture.h"

#define HOST "Host: a\r\n"

static net_fixture server;
static char out[1 << 16];

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

static int ask(const char *request)
{
    return raw_ask(&server, request, out, sizeof out);
}

static const char *body(void)
{
    const char *end = strstr(out, "\r\n\r\n");
    return end ? end + 4 : "";
}

#define assert_has(text)    assert_non_null(strstr(out, text))
#define assert_has_no(text) assert_null(strstr(out, text))

/* ---- Requests -------------------------------------------------------------------------------- */

static void test_path_query_and_body_arrive_decoded(void **state)
{
    (void)state;
    assert_int_equal(
        ask("PATCH /a%20%D0%B1?x=%31 HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"), 200);
    assert_string_equal(body(), "PATCH /a \xd0\xb1?x=%31 hello");
}

static void test_chunked_body_is_joined_and_trailers_are_ignored(void **state)
{
    (void)state;
    assert_int_equal(ask("POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: CHUNKED\r\n\r\n"
                         "3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nHost: evil\r\nX: y\r\n\r\n"),
                     200);
    assert_string_equal(body(), "POST /a? hello");
}

static void test_absolute_form_of_our_host_is_taken(void **state)
{
    (void)state;
    assert_int_equal(ask("GET http://A:80/b?c HTTP/1.1\r\nHost: a:80\r\n\r\n"), 200);
    assert_string_equal(body(), "GET /b?c ");
}

static void test_upgrade_is_answered_as_an_ordinary_request(void **state)
{
    (void)state;
    assert_int_equal(ask("GET /a HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                         "\r\n"),
                     200);
    assert_string_equal(body(), "GET /a? ");
}

static void test_empty_line_before_a_request_is_skipped(void **state)
{
    (void)state;
    assert_int_equal(ask("\r\nGET /a HTTP/1.1\r\n" HOST "\r\n"), 200);
}

static void test_hosts_of_all_kinds_are_taken(void **state)
{
    (void)state;
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: crm.example.ru:8443\r\n\r\n"), 200);
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n"), 200);
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: 192.168.0.10\r\n\r\n"), 200);
}

static void test_byte_by_byte_request_is_the_same(void **state)
{
    (void)state;
    static const char request[] = "POST /a?b HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello";
    int fd = raw_connect(&server);
    for (size_t i = 0; i + 1 < sizeof request; i++) {
        assert_true(raw_send(fd, request + i, 1));
    }
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 200);
    assert_string_equal(body(), "POST /a?b hello");
    close(fd);
}

/* ---- Replies --------------------------------------------------------------------------------- */

static void test_every_reply_has_the_security_headers(void **state)
{
    (void)state;
    assert_int_equal(ask("GET /a HTTP/1.1\r\n" HOST "\r\n"), 200);
    assert_has("X-Content-Type-Options: nosniff\r\n");
    assert_has("Referrer-Policy: same-origin\r\n");
    assert_has("Cross-Origin-Opener-Policy: same-origin\r\n");
    assert_has("Cache-Control: private, no-store\r\n");
    assert_has("X-Request-Id: ");
    assert_has("Date: ");
    assert_has_no("Strict-Transport-Security");
    assert_has_no("Content-Security-Policy");
}

static void test_html_has_the_content_policy(void **state)
{
    (void)state;
    assert_int_equal(ask("GET /html HTTP/1.1\r\n" HOST "\r\n"), 200);
    assert_has("Content-Security-Policy: default-src 'none'; script-src 'self';");
    assert_has("require-trusted-types-for 'script'; "
               "trusted-types lit-html crm 'allow-duplicates'\r\n");
}

static void test_head_has_the_length_and_no_body(void **state)
{
    (void)state;
    int fd = raw_connect(&server);
    raw_send_z(fd, "HEAD /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    size_t n;
    bool reset;
    char *text = raw_read_all(fd, &n, &reset);
    assert_non_null(strstr(text, "Content-Length: 9\r\n"));
    assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
    free(text);
    close(fd);
}

/* ---- Connections ----------------------------------------------------------------------------- */

#define PIPELINED 1000 /* more than one turn of the loop takes */

static void test_pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    static char requests[PIPELINED * 40];
    size_t n = 0;
    for (int i = 0; i < PIPELINED; i++) {
        n += (size_t)snprintf(requests + n, sizeof requests - n, "GET /%d HTTP/1.1\r\n" HOST "\r\n",
                              i);
    }
    int fd = raw_connect(&server);
    raw_send(fd, requests, n);
    for (int i = 0; i < PIPELINED; i++) {
        char wanted[32];
        assert_int_equal(raw_read_reply(fd, out, sizeof out), 200);
        snprintf(wanted, sizeof wanted, "GET /%d? ", i);
        assert_string_equal(body(), wanted);
    }
    close(fd);
}

static void test_a_late_answer_keeps_the_order(void **state)
{
    (void)state;
    int fd = raw_connect(&server);
    raw_send_z(fd, "GET /1 HTTP/1.1\r\n" HOST "\r\nGET /later HTTP/1.1\r\n" HOST
                   "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 200);
    assert_string_equal(body(), "GET /1? ");
    net_until(&server.held_count, 1);
    net_answer_held(&server);
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 200);
    assert_string_equal(body(), "done");
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 200);
    assert_string_equal(body(), "GET /2? ");
    close(fd);
}

static int replies_until_close(const char *request)
{
    int fd = raw_connect(&server);
    raw_send_z(fd, request);
    size_t n;
    bool reset;
    int count = 0;
    char *text = raw_read_all(fd, &n, &reset);
    for (const char *at = text; (at = strstr(at, "HTTP/1.1 ")); at++) {
        count++;
    }
    assert_false(reset);
    free(text);
    close(fd);
    return count;
}

static void test_nothing_after_close_is_answered(void **state)
{
    (void)state;
    assert_int_equal(replies_until_close("GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"
                                         "GET /b HTTP/1.1\r\n" HOST "\r\n"),
                     1);
}

static void test_http_10_closes_unless_asked(void **state)
{
    (void)state;
    assert_int_equal(replies_until_close("GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n"), 1);
    assert_int_equal(replies_until_close("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                                         "GET /b HTTP/1.0\r\n\r\n"),
                     2);
}

static void test_refusal_after_good_requests_comes_in_its_turn(void **state)
{
    (void)state;
    int fd = raw_connect(&server);
    raw_send_z(fd, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /\r\n\r\n");
    net_until(&server.held_count, 1);
    net_answer_held(&server);
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 200);
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 400);
    assert_int_equal(raw_read_reply(fd, out, sizeof out), -1);
    close(fd);
}

static void test_half_closed_peer_gets_its_answer(void **state)
{
    (void)state;
    int fd = raw_connect(&server);
    raw_send_z(fd, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    shutdown(fd, SHUT_WR);
    net_until(&server.held_count, 1);
    net_answer_held(&server);
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 200);
    assert_int_equal(raw_read_reply(fd, out, sizeof out), -1);
    close(fd);
}

/* ---- The early hook -------------------------------------------------------------------------- */

static void test_expected_continue_is_said_before_the_body(void **state)
{
    (void)state;
    int fd = raw_connect(&server);
    raw_send_z(fd, "POST /a HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 100);
    raw_send_z(fd, "ok");
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 200);
    assert_string_equal(body(), "POST /a? ok");
    close(fd);
}

static void test_early_refusal_asks_for_no_body(void **state)
{
    (void)state;
    int fd = raw_connect(&server);
    raw_send_z(fd, "POST /denied HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
                   "Content-Length: 2\r\n\r\n");
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 401);
    assert_has("Connection: close\r\n");
    assert_int_equal(raw_read_reply(fd, out, sizeof out), -1);
    close(fd);
}

static void test_early_refusal_without_a_body_keeps_the_connection(void **state)
{
    (void)state;
    int routed = atomic_load(&server.routed);
    int fd = raw_connect(&server);
    raw_send_z(fd, "GET /denied HTTP/1.1\r\n" HOST "\r\nGET /a HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 401);
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 200);
    assert_int_equal(atomic_load(&server.routed), routed + 1);
    close(fd);
}

static void test_body_limit_is_the_paths_own(void **state)
{
    (void)state;
    size_t n = 3000000;
    char *big = malloc(n);
    assert_non_null(big);
    memset(big, 'x', n);
    int fd = raw_connect(&server);
    raw_send_z(fd, "POST /large HTTP/1.1\r\n" HOST "Content-Length: 3000000\r\n"
                   "Connection: close\r\n\r\n");
    assert_true(raw_send(fd, big, n));
    size_t got;
    bool reset;
    char *text = raw_read_all(fd, &got, &reset);
    assert_memory_equal(text, "HTTP/1.1 200", 12);
    assert_true(got > n);
    free(text);
    free(big);
    close(fd);
    assert_int_equal(ask("POST /small HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n0123456789"),
                     200);
    assert_int_equal(ask("POST /small HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n"), 413);
}

/* ---- Peers that vanish ----------------------------------------------------------------------- */

static void reset(int fd)
{
    struct linger now = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

static void test_late_answer_to_a_vanished_peer_is_dropped(void **state)
{
    (void)state;
    int cancelled = atomic_load(&server.cancelled);
    int fd = raw_connect(&server);
    raw_send_z(fd, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    net_until(&server.held_count, 1);
    reset(fd);
    net_until(&server.cancelled, cancelled + 1);
    net_answer_held(&server);
    net_until_connections(&server, 0);
}

static void test_peers_may_vanish_at_any_byte(void **state)
{
    (void)state;
    static const char request[] =
        "POST /big?n=300000 HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhelloGET /a HTTP/1.1\r\n";
    for (size_t n = 0; n < sizeof request; n++) {
        int fd = raw_connect(&server);
        raw_send(fd, request, n);
        if (n % 2) {
            reset(fd);
        } else {
            close(fd);
        }
    }
    net_until_connections(&server, 0);
}

static void test_large_reply_arrives_whole(void **state)
{
    (void)state;
    int fd = raw_connect(&server);
    raw_send_z(fd, "GET /big?n=20000000 HTTP/1.1\r\n" HOST "\r\n"
                   "GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    size_t n;
    bool is_reset;
    char *text = raw_read_all(fd, &n, &is_reset);
    assert_true(n > 20000000);
    assert_string_equal(text + n - 8, "GET /a? ");
    free(text);
    close(fd);
}

/* ---- Streams --------------------------------------------------------------------------------- */

static void send_event(net_fixture *f)
{
    http_chunk *c = http_chunk_new(CRM_S("data: 1\n\n"));
    for (int i = 0; i < atomic_load(&f->held_count); i++) {
        http_stream_send(f->held[i], c);
    }
    http_chunk_unref(c);
}

static void end_streams(net_fixture *f)
{
    int n = atomic_exchange(&f->held_count, 0);
    for (int i = 0; i < n; i++) {
        http_stream_end(f->held[i]);
    }
}

static void test_one_chunk_goes_to_many_streams(void **state)
{
    (void)state;
    int fds[5];
    for (int i = 0; i < 5; i++) {
        fds[i] = raw_connect(&server);
        raw_send_z(fds[i], i ? "GET /stream HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"
                             : "GET /stream HTTP/1.0\r\n\r\n");
    }
    net_until(&server.held_count, 5);
    net_call(&server, send_event);
    net_call(&server, send_event);
    net_call(&server, end_streams);
    for (int i = 0; i < 5; i++) {
        size_t n;
        bool is_reset;
        char *text = raw_read_all(fds[i], &n, &is_reset);
        assert_string_equal(strstr(text, "\r\n\r\n") + 4,
                            i ? "9\r\ndata: 1\n\n\r\n9\r\ndata: 1\n\n\r\n0\r\n\r\n"
                              : "data: 1\n\ndata: 1\n\n");
        free(text);
        close(fds[i]);
    }
}

static void test_stream_leaves_the_connection_usable(void **state)
{
    (void)state;
    int fd = raw_connect(&server);
    raw_send_z(fd, "GET /stream HTTP/1.1\r\n" HOST "\r\nGET /a HTTP/1.1\r\n" HOST
                   "Connection: close\r\n\r\n");
    net_until(&server.held_count, 1);
    net_call(&server, end_streams);
    size_t n;
    bool is_reset;
    char *text = raw_read_all(fd, &n, &is_reset);
    assert_non_null(strstr(text, "0\r\n\r\nHTTP/1.1 200 OK"));
    free(text);
    close(fd);
}

static void test_stream_is_cancelled_when_the_peer_closes(void **state)
{
    (void)state;
    int cancelled = atomic_load(&server.cancelled);
    int fd = raw_connect(&server);
    raw_send_z(fd, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    net_until(&server.held_count, 1);
    close(fd);
    net_until(&server.cancelled, cancelled + 1);
    net_call(&server, send_event);
    net_call(&server, end_streams);
    net_until_connections(&server, 0);
}

static bool said_enough, was_cut;

/* Sends until the stream says enough, then ten megabytes more as a careless producer would. */
static void flood_stream(net_fixture *f)
{
    static char block[65536];
    http_chunk *c = http_chunk_new((crm_str){block, sizeof block});
    int sent = 0;
    while (sent < 4000 && http_stream_send(f->held[0], c)) {
        sent++;
    }
    said_enough = http_stream_queued(f->held[0]) > 0;
    for (int i = 0; i < 160; i++) {
        http_stream_send(f->held[0], c);
    }
    was_cut = http_stream_queued(f->held[0]) == 0;
    http_chunk_unref(c);
}

static void test_peer_that_does_not_read_is_cut_at_a_megabyte(void **state)
{
    (void)state;
    int cancelled = atomic_load(&server.cancelled);
    int fd = raw_connect(&server);
    raw_send_z(fd, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    net_until(&server.held_count, 1);
    net_call(&server, flood_stream);
    assert_true(said_enough);
    assert_true(was_cut);
    net_until(&server.cancelled, cancelled + 1);
    net_call(&server, end_streams);
    net_until_connections(&server, 0);
    close(fd);
}

static void fill_stream(net_fixture *f)
{
    static char block[65536];
    http_chunk *c = http_chunk_new((crm_str){block, sizeof block});
    for (int i = 0; i < 4000 && http_stream_send(f->held[0], c); i++) {
    }
    http_chunk_unref(c);
}

static void test_producer_hears_when_there_is_room_again(void **state)
{
    (void)state;
    int drained = atomic_load(&server.drained);
    int fd = raw_connect(&server);
    raw_send_z(fd, "GET /stream HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    net_until(&server.held_count, 1);
    net_call(&server, fill_stream);
    struct timeval moment = {.tv_usec = 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
    int64_t end = clock_mono() + 100000000000;
    for (char some[65536]; atomic_load(&server.drained) == drained;) {
        ssize_t got = recv(fd, some, sizeof some, 0);
        assert_true(got > 0 || (got < 0 && errno == EAGAIN && clock_mono() < end));
    }
    net_call(&server, end_streams);
    close(fd);
    net_until_connections(&server, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_query_and_body_arrive_decoded),
        cmocka_unit_test(test_chunked_body_is_joined_and_trailers_are_ignored),
        cmocka_unit_test(test_absolute_form_of_our_host_is_taken),
        cmocka_unit_test(test_upgrade_is_answered_as_an_ordinary_request),
        cmocka_unit_test(test_empty_line_before_a_request_is_skipped),
        cmocka_unit_test(test_hosts_of_all_kinds_are_taken),
        cmocka_unit_test(test_byte_by_byte_request_is_the_same),
        cmocka_unit_test(test_every_reply_has_the_security_headers),
        cmocka_unit_test(test_html_has_the_content_policy),
        cmocka_unit_test(test_head_has_the_length_and_no_body),
        cmocka_unit_test(test_pipelined_requests_are_answered_in_order),
        cmocka_unit_test(test_a_late_answer_keeps_the_order),
        cmocka_unit_test(test_nothing_after_close_is_answered),
        cmocka_unit_test(test_http_10_closes_unless_asked),
        cmocka_unit_test(test_refusal_after_good_requests_comes_in_its_turn),
        cmocka_unit_test(test_half_closed_peer_gets_its_answer),
        cmocka_unit_test(test_expected_continue_is_said_before_the_body),
        cmocka_unit_test(test_early_refusal_asks_for_no_body),
        cmocka_unit_test(test_early_refusal_without_a_body_keeps_the_connection),
        cmocka_unit_test(test_body_limit_is_the_paths_own),
        cmocka_unit_test(test_late_answer_to_a_vanished_peer_is_dropped),
        cmocka_unit_test(test_peers_may_vanish_at_any_byte),
        cmocka_unit_test(test_large_reply_arrives_whole),
        cmocka_unit_test(test_one_chunk_goes_to_many_streams),
        cmocka_unit_test(test_stream_leaves_the_connection_usable),
        cmocka_unit_test(test_stream_is_cancelled_when_the_peer_closes),
        cmocka_unit_test(test_peer_that_does_not_read_is_cut_at_a_megabyte),
        cmocka_unit_test(test_producer_hears_when_there_is_room_again),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
