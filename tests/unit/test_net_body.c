/* test_net_body.c - bodies that come in pieces: as the handler asks, bounded, cut and refused. */
#include "unit.h"

#include <unistd.h>

#include "base/str.h"
#include "net_fixture.h"

#define HOST "Host: a\r\n"

static net_fixture server;
static char out[1 << 16];

/* What an upload has brought; loop thread, but for `waiting`. */
static struct upload {
    http_request *r;
    uint64_t bytes, sum;
    size_t biggest;
} upload;
static atomic_int waiting, cancelled;

static void on_piece(http_request *r, http_piece what, crm_str bytes);

static void take(crm_str bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        upload.sum = upload.sum * 31 + (unsigned char)bytes.p[i];
    }
    upload.bytes += bytes.n;
    upload.biggest = bytes.n > upload.biggest ? bytes.n : upload.biggest;
}

static void on_piece(http_request *r, http_piece what, crm_str bytes)
{
    if (what == PIECE_BROKEN) {
        http_refuse_body(r);
        return;
    }
    take(bytes);
    if (what == PIECE_LAST) {
        buf_fmt(http_body(r), "%llu %llu", (unsigned long long)upload.bytes,
                (unsigned long long)upload.sum);
        http_reply(r, 200, "text/plain");
    } else if (str_is(r->path, "/upload/slow")) {
        atomic_fetch_add(&waiting, 1);
    } else {
        http_next_piece(r, on_piece);
    }
}

static void on_cancel(http_request *r, void *arg)
{
    (void)arg;
    atomic_fetch_add(&cancelled, 1);
    http_refuse(r, 400, "bad_request");
}

static bool serve(http_request *r)
{
    if (!str_starts(r->path, CRM_S("/upload"))) {
        return false;
    }
    upload = (struct upload){.r = r};
    r->on_cancel = on_cancel;
    if (str_is(r->path, "/upload/denied")) {
        http_refuse(r, 403, "denied");
    } else if (str_is(r->path, "/upload/slow")) {
        atomic_fetch_add(&waiting, 1);
    } else {
        http_next_piece(r, on_piece);
    }
    return true;
}

static void ask_next(net_fixture *f)
{
    (void)f;
    http_next_piece(upload.r, on_piece);
}

static int start(void **state)
{
    (void)state;
    net_serve = serve;
    atomic_store(&waiting, 0);
    atomic_store(&cancelled, 0);
    net_start(&server, NULL, NULL);
    return 0;
}

static int start_for_hours(void **state)
{
    int rc = start(state);
    net_stop(&server);
    net_start(&server, &(http_limits){.body_ms = HOUR_MS}, NULL);
    return rc;
}

static int stop(void **state)
{
    (void)state;
    net_stop(&server);
    net_serve = NULL;
    return 0;
}

static uint64_t sum_of(const char *p, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum = sum * 31 + (unsigned char)p[i];
    }
    return sum;
}

static void assert_answer(uint64_t bytes, uint64_t sum)
{
    char want[64];
    snprintf(want, sizeof want, "%llu %llu", (unsigned long long)bytes, (unsigned long long)sum);
    assert_non_null(strstr(out, want));
}

static void a_large_body_comes_in_small_pieces_and_is_whole(void **state)
{
    (void)state;
    size_t n = 90 << 20; /* beyond what any buffered body may have */
    char *body = malloc(n), head[128];
    for (size_t i = 0; i < n; i++) {
        body[i] = (char)(i * 2654435761u >> 24);
    }
    int fd = raw_connect(&server);
    snprintf(head, sizeof head, "POST /upload HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", n);
    assert_true(raw_send_z(fd, head));
    assert_true(raw_send(fd, body, n));
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 200);
    assert_answer(n, sum_of(body, n));
    assert_true(upload.biggest <= 65536);
    /* The connection goes on. */
    assert_true(raw_send_z(fd, "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
                               "GET /after HTTP/1.1\r\n" HOST "\r\n"));
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 200);
    assert_answer(3, sum_of("abc", 3));
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 200);
    free(body);
    close(fd);
}

static void chunks_and_no_body_at_all_are_bodies_too(void **state)
{
    (void)state;
    assert_int_equal(raw_ask(&server,
                             "POST /upload HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                             "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
                             out, sizeof out),
                     200);
    assert_answer(7, sum_of("abcdefg", 7));
    assert_int_equal(raw_ask(&server, "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
                             out, sizeof out),
                     200);
    assert_answer(0, 0);
}

static void nothing_is_read_before_the_handler_asks(void **state)
{
    (void)state;
    int fd = raw_connect(&server);
    raw_send_z(fd, "POST /upload/slow HTTP/1.1\r\n" HOST
                   "Expect: 100-continue\r\nContent-Length: 6\r\n\r\n");
    net_until(&waiting, 1);
    net_call(&server, ask_next);
    char line[64];
    assert_int_equal(read(fd, line, 25), 25);
    assert_memory_equal(line, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    raw_send_z(fd, "abc");
    net_until(&waiting, 2);
    raw_send_z(fd, "def");
    net_call(&server, ask_next);
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 200);
    assert_answer(6, sum_of("abcdef", 6));
    close(fd);
}

static void a_body_beyond_its_limit_is_refused(void **state)
{
    (void)state;
    assert_int_equal(raw_ask(&server,
                             "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 104857601\r\n\r\n",
                             out, sizeof out),
                     413);
    int fd = raw_connect(&server);
    raw_send_z(fd, "POST /upload HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                   "3\r\nabc\r\nnonsense\r\n");
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 400);
    close(fd);
}

static void a_denied_upload_is_answered_before_its_body(void **state)
{
    (void)state;
    assert_int_equal(raw_ask(&server,
                             "POST /upload/denied HTTP/1.1\r\n" HOST
                             "Content-Length: 1000000\r\n\r\nabc",
                             out, sizeof out),
                     403);
}

static void a_peer_that_goes_away_is_told_to_the_handler(void **state)
{
    (void)state;
    int fd = raw_connect(&server);
    raw_send_z(fd, "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nabc");
    close(fd);
    net_until(&cancelled, 1);
    net_until_connections(&server, 0);
}

static void a_peer_too_slow_is_told_to_the_handler(void **state)
{
    (void)state;
    int fd = raw_connect(&server);
    raw_send_z(fd, "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nabc");
    net_until(&server.routed, 1);
    net_pass(&server, HOUR_MS - 60000);
    assert_int_equal(atomic_load(&cancelled), 0);
    net_pass(&server, 2 * 60000);
    net_until(&cancelled, 1);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_large_body_comes_in_small_pieces_and_is_whole, start,
                                        stop),
        cmocka_unit_test_setup_teardown(chunks_and_no_body_at_all_are_bodies_too, start, stop),
        cmocka_unit_test_setup_teardown(nothing_is_read_before_the_handler_asks, start, stop),
        cmocka_unit_test_setup_teardown(a_body_beyond_its_limit_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(a_denied_upload_is_answered_before_its_body, start, stop),
        cmocka_unit_test_setup_teardown(a_peer_that_goes_away_is_told_to_the_handler, start, stop),
        cmocka_unit_test_setup_teardown(a_peer_too_slow_is_told_to_the_handler, start_for_hours,
                                        stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
