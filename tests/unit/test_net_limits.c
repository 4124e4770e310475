/* Time-outs, caps and stopping: what keeps slow or many peers from taking the server. */
#include "unit.h"

#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/peers.h"
#include "net/turn.h"
#include "net/wheel.h"
#include "net_fixture.h"

#define HOST "Host: a\r\n"

static net_fixture server;
static char out[1 << 16];

static int stop(void **state)
{
    (void)state;
    net_stop(&server);
    return 0;
}

/* ---- Time-outs ------------------------------------------------------------------------------- */

#define LONG_MS 60000 /* of an hour: too short for any time-out */

static int start_for_hours(void **state)
{
    (void)state;
    net_start(
        &server,
        &(http_limits){
            .header_ms = HOUR_MS, .body_ms = HOUR_MS, .idle_ms = 2 * HOUR_MS, .write_ms = HOUR_MS},
        NULL);
    return 0;
}

static void test_unfinished_head_is_answered_408(void **state)
{
    (void)state;
    uint64_t before = net_stats(&server).bytes_in;
    int fd = raw_connect(&server);
    raw_send_z(fd, "GET / HTTP/1.1\r\nHost");
    net_until_bytes(&server, before + 20);
    net_pass(&server, HOUR_MS + LONG_MS);
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 408);
    assert_int_equal(raw_read_reply(fd, out, sizeof out), -1);
    close(fd);
}

static void test_dripping_bytes_do_not_prolong_the_head(void **state)
{
    (void)state;
    uint64_t before = net_stats(&server).bytes_in;
    int fd = raw_connect(&server);
    raw_send_z(fd, "GET / HTTP/1.1\r\nX: ");
    for (uint64_t minute = 0; minute < 58; minute++) {
        net_until_bytes(&server, before + 19 + minute);
        net_pass(&server, 60000);
        raw_send_z(fd, "a");
    }
    assert_int_equal(recv(fd, out, 1, MSG_DONTWAIT), -1);
    net_until_bytes(&server, before + 19 + 58);
    net_pass(&server, 3 * 60000);
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 408);
    close(fd);
}

static void test_body_slower_than_the_least_rate_is_answered_408(void **state)
{
    (void)state;
    static const char some[] = "POST / HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nabc";
    uint64_t before = net_stats(&server).bytes_in;
    int fd = raw_connect(&server);
    raw_send_z(fd, some);
    net_until_bytes(&server, before + sizeof some - 1);
    net_pass(&server, HOUR_MS + LONG_MS);
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 408);
    close(fd);
}

static void test_idle_connection_is_closed_without_a_word(void **state)
{
    (void)state;
    int fresh = raw_connect(&server), used = raw_connect(&server);
    raw_send_z(used, "GET /a HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(raw_read_reply(used, out, sizeof out), 200);
    net_until_connections(&server, 2);
    net_pass(&server, 2 * HOUR_MS + LONG_MS);
    assert_int_equal(recv(used, out, 1, 0), 0);
    assert_int_equal(recv(fresh, out, 1, 0), 0);
    close(used);
    close(fresh);
}

static void test_peer_that_takes_nothing_is_cut(void **state)
{
    (void)state;
    int fd = raw_connect(&server);
    int routed = atomic_load(&server.routed);
    raw_send_z(fd, "GET /big?n=30000000 HTTP/1.1\r\n" HOST "\r\n");
    net_until(&server.routed, routed + 1);
    net_pass(&server, HOUR_MS - LONG_MS);
    assert_int_equal(net_stats(&server).connections, 1);
    net_pass(&server, HOUR_MS + LONG_MS); /* of which what the kernel took at first is one */
    net_pass(&server, HOUR_MS + LONG_MS);
    net_until_connections(&server, 0);
    close(fd);
}

static void test_handler_may_take_longer_than_any_socket_timer(void **state)
{
    (void)state;
    int held = raw_connect(&server), watch = raw_connect(&server);
    raw_send_z(held, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    net_until(&server.held_count, 1);
    net_until_connections(&server, 2);
    net_pass(&server, 2 * HOUR_MS + LONG_MS);
    assert_int_equal(recv(watch, out, 1, 0), 0); /* the idle time has passed */
    net_answer_held(&server);
    assert_int_equal(raw_read_reply(held, out, sizeof out), 200);
    close(held);
    close(watch);
}

/* ---- Caps ------------------------------------------------------------------------------------ */

static int start_small(void **state)
{
    (void)state;
    net_start(&server, &(http_limits){.connections = 2}, NULL);
    return 0;
}

static void test_connections_beyond_the_cap_are_closed_at_once(void **state)
{
    (void)state;
    int first = raw_connect(&server), second = raw_connect(&server);
    net_until_connections(&server, 2);
    int third = raw_connect(&server);
    assert_int_equal(recv(third, out, 1, 0), 0);
    assert_int_equal(net_stats(&server).turned_away, 1);
    close(first);
    net_until_connections(&server, 1);
    int fourth = raw_connect(&server);
    raw_send_z(fourth, "GET /a HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(raw_read_reply(fourth, out, sizeof out), 200);
    close(second);
    close(third);
    close(fourth);
}

static int start_plain(void **state)
{
    (void)state;
    net_start(&server, NULL, NULL);
    return 0;
}

static atomic_int accept_errors;

static void count_accept_errors(const char *line, void *arg)
{
    (void)arg;
    if (strstr(line, "http.accept")) {
        atomic_fetch_add(&accept_errors, 1);
    }
}

/* Without a pause after an error the loop would do nothing but accept, and the log would fill. */
static void test_lack_of_descriptors_pauses_accepting_and_passes(void **state)
{
    (void)state;
    struct rlimit before, few;
    int used = raw_connect(&server);
    net_until_connections(&server, 1);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){(rlim_t)fd + 1, before.rlim_max};
    log_capture(count_accept_errors, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server.port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    int64_t start = clock_mono();
    net_until(&accept_errors, 4);
    assert_true(clock_mono() - start > 250 * 1000000);
    raw_send_z(used, "GET /a HTTP/1.1\r\n" HOST "\r\n"); /* others are served meanwhile */
    assert_int_equal(raw_read_reply(used, out, sizeof out), 200);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    raw_send_z(fd, "GET /a HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(raw_read_reply(fd, out, sizeof out), 200);
    log_capture(NULL, NULL);
    close(fd);
    close(used);
}

static void test_one_address_has_its_share(void **state)
{
    (void)state;
    struct sockaddr_storage one = {0}, other = {0}, same_net = {0}, mapped = {0};
    peers *t = peers_new();
    assert_int_equal(uv_ip4_addr("192.0.2.1", 1, (struct sockaddr_in *)&one), 0);
    assert_int_equal(uv_ip6_addr("2001:db8::1", 1, (struct sockaddr_in6 *)&other), 0);
    assert_int_equal(uv_ip6_addr("2001:db8::2", 2, (struct sockaddr_in6 *)&same_net), 0);
    assert_int_equal(uv_ip6_addr("::ffff:192.0.2.1", 3, (struct sockaddr_in6 *)&mapped), 0);
    peer *a = peers_enter(t, &one, 2), *b = peers_enter(t, &mapped, 2);
    assert_ptr_equal(a, b);
    assert_null(peers_enter(t, &one, 2));
    peer *c = peers_enter(t, &other, 1);
    assert_non_null(c);
    assert_null(peers_enter(t, &same_net, 1));
    peers_leave(t, a);
    assert_non_null(peers_enter(t, &one, 2));
    peers_leave(t, c);
    assert_non_null(peers_enter(t, &same_net, 1));
    peers_free(t);
}

/* ---- Stopping -------------------------------------------------------------------------------- */

static void on_stopped(void *arg)
{
    net_fixture *f = arg;
    mailbox_close(f->mail);
    atomic_store(&f->stopped, 1);
}

static void stop_gently(net_fixture *f)
{
    http_server_stop(f->server, 60000, on_stopped, f);
}

static void test_stopping_lets_running_requests_finish(void **state)
{
    (void)state;
    int idle = raw_connect(&server), running = raw_connect(&server), stream = raw_connect(&server);
    raw_send_z(running, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    net_until(&server.held_count, 1);
    raw_send_z(stream, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    net_until(&server.held_count, 2);
    net_until_connections(&server, 3);
    net_call(&server, stop_gently);
    assert_int_equal(recv(idle, out, 1, 0), 0);
    net_until(&server.cancelled, 1); /* the stream */
    assert_int_equal(atomic_load(&server.stopped), 0);
    net_answer_held(&server);
    assert_int_equal(raw_read_reply(running, out, sizeof out), 200);
    assert_non_null(strstr(out, "Connection: close\r\n"));
    close(running); /* ends the lingering */
    close(idle);
    close(stream);
    net_until(&server.stopped, 1);
}

static void test_taken_port_is_a_conflict(void **state)
{
    (void)state;
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    http_handlers none = {0};
    http_server *s = http_server_new(&loop, &none, NULL);
    assert_int_equal(http_server_listen(s, "127.0.0.1", server.port, NULL, NULL), CRM_CONFLICT);
    assert_int_equal(http_server_listen(s, "example.com", 0, NULL, NULL), CRM_INVALID);
    assert_int_equal(http_server_listen(s, "192.0.2.77", 0, NULL, NULL), CRM_INVALID);
    http_server_stop(s, 0, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void hold_the_loop(net_fixture *f)
{
    (void)f;
    for (int64_t end = clock_mono() + 400000000; clock_mono() < end;) {
    }
}

static void test_held_loop_is_seen(void **state)
{
    (void)state;
    int fd = raw_connect(&server);
    net_until_connections(&server, 1);
    net_call(&server, hold_the_loop);
    net_until_lag(&server, 200);
    close(fd);
}

/* ---- Several loops, and proxies -------------------------------------------------------------- */

static void test_two_loops_share_a_port(void **state)
{
    (void)state;
    uv_loop_t loop;
    int port;
    http_handlers none = {0};
    http_limits shared = {.shares_port = true};
    assert_int_equal(uv_loop_init(&loop), 0);
    http_server *a = http_server_new(&loop, &none, &shared);
    http_server *b = http_server_new(&loop, &none, &shared);
    assert_int_equal(http_server_listen(a, "127.0.0.1", 0, NULL, &port), CRM_OK);
    assert_int_equal(http_server_listen(b, "127.0.0.1", port, NULL, NULL), CRM_OK);
    http_server_stop(a, 0, NULL, NULL);
    http_server_stop(b, 0, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static bool say_peer(http_request *r)
{
    buf_fmt(http_body(r), "%.*s%s%s", (int)r->peer.n, r->peer.p, r->is_tls ? " tls" : "",
            r->is_loopback ? " loopback" : "");
    http_reply(r, 200, "text/plain");
    return true;
}

static int start_trusting(void **state)
{
    (void)state;
    net_serve = say_peer;
    net_start(&server, &(http_limits){.trusts_proxy = true}, NULL);
    return 0;
}

static int start_wary(void **state)
{
    (void)state;
    net_serve = say_peer;
    net_start(&server, NULL, NULL);
    return 0;
}

static int stop_proxied(void **state)
{
    net_serve = NULL;
    return stop(state);
}

static int start_both(void **state)
{
    net_address = "::";
    return start_wary(state);
}

static int stop_both(void **state)
{
    net_address = "127.0.0.1";
    return stop_proxied(state);
}

static const char *peer_for(const char *headers)
{
    char request[300];
    snprintf(request, sizeof request, "GET / HTTP/1.1\r\n" HOST "%s\r\n", headers);
    assert_int_equal(raw_ask(&server, request, out, sizeof out), 200);
    return strstr(out, "\r\n\r\n") + 4;
}

#define FORWARDED "X-Forwarded-For: 203.0.113.9, 198.51.100.7\r\nX-Forwarded-Proto: https\r\n"

static void test_proxy_of_this_machine_is_believed_when_told_so(void **state)
{
    (void)state;
    assert_string_equal(peer_for(""), "127.0.0.1 loopback");
    assert_string_equal(peer_for(FORWARDED), "198.51.100.7 tls");
    assert_non_null(strstr(out, "Strict-Transport-Security"));
    assert_string_equal(peer_for("X-Forwarded-For: 2001:db8::7\r\n"), "2001:db8::7");
    assert_string_equal(peer_for("X-Forwarded-For: <script>\r\n"), "127.0.0.1");
}

static void test_proxy_is_otherwise_nobody_and_not_loopback(void **state)
{
    (void)state;
    assert_string_equal(peer_for(FORWARDED), "127.0.0.1");
    assert_string_equal(peer_for("Forwarded: for=198.51.100.7\r\n"), "127.0.0.1");
}

static void test_ipv4_peer_of_an_ipv6_listener_is_named_plainly(void **state)
{
    (void)state;
    assert_string_equal(peer_for(""), "127.0.0.1 loopback");
}

/* ---- The wheel ------------------------------------------------------------------------------- */

typedef struct shot {
    wheel_node node; /* first */
    wheel *w;
    bool has_fired;
    struct shot *cancels;
} shot;

static void on_fire(wheel_node *n)
{
    shot *s = (shot *)n;
    s->has_fired = true;
    if (s->cancels) {
        wheel_cancel(s->w, &s->cancels->node);
    }
}

static void test_wheel_fires_after_its_time_and_forgets_what_was_cancelled(void **state)
{
    (void)state;
    static wheel w;
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    wheel_init(&w, &loop);
    shot s[5] = {0};
    for (size_t i = 0; i < 5; i++) {
        s[i].w = &w;
        s[i].node.fire = on_fire;
    }
    wheel_set(&w, &s[0].node, 150);
    wheel_set(&w, &s[1].node, 150);
    s[0].cancels = &s[1];
    wheel_set(&w, &s[2].node, 50);
    wheel_set(&w, &s[2].node, 400); /* moved to later */
    wheel_set(&w, &s[3].node, 500000);
    wheel_set(&w, &s[3].node, 10); /* moved to sooner */
    wheel_set(&w, &s[4].node, 10);
    wheel_cancel(&w, &s[4].node);
    wheel_pass(&w, 9);
    assert_false(s[3].has_fired);
    wheel_pass(&w, 1 + WHEEL_STEP_MS);
    assert_true(s[3].has_fired && !s[0].has_fired);
    wheel_pass(&w, 40 + WHEEL_STEP_MS);
    assert_true(s[0].has_fired && !s[2].has_fired);
    wheel_pass(&w, 150 + WHEEL_STEP_MS);
    assert_true(s[2].has_fired);
    assert_false(s[1].has_fired || s[4].has_fired);
    wheel_set(&w, &s[4].node, 50);
    uv_run(&loop, UV_RUN_DEFAULT); /* real time; ends since an empty wheel stops its timer */
    assert_true(s[4].has_fired);
    wheel_close(&w, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* ---- Turns ----------------------------------------------------------------------------------- */

typedef struct turning {
    turn t;
    uv_check_t check;
    char seen[16];
} turning;

static void turn_over(uv_check_t *check)
{
    turn_end(&((turning *)check->data)->t);
}

static void begin_turns(turning *all, uv_loop_t *loop, int64_t budget_ns)
{
    *all = (turning){0};
    assert_int_equal(uv_loop_init(loop), 0);
    turn_init(&all->t, loop, budget_ns);
    uv_check_init(loop, &all->check);
    all->check.data = all;
    uv_check_start(&all->check, turn_over);
}

static void end_turns(turning *all, uv_loop_t *loop)
{
    turn_close(&all->t, NULL);
    uv_close((uv_handle_t *)&all->check, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
}

typedef struct turning_read {
    turn_node node;
    turning *all;
    char name;
} turning_read;

static void note_read(void *arg)
{
    turning_read *r = arg;
    r->all->seen[strlen(r->all->seen)] = r->name;
}

static void give_reads(turning *all, turning_read *reads, const char *names)
{
    for (size_t i = 0; names[i]; i++) {
        reads[i] = (turning_read){.all = all, .name = names[i]};
        turn_run(&all->t, &reads[i].node, note_read, &reads[i]);
    }
}

static void test_reads_beyond_a_turns_share_wait_for_the_next_in_their_order(void **state)
{
    (void)state;
    uv_loop_t loop;
    turning all;
    turning_read first[3], later[1];
    begin_turns(&all, &loop, 0); /* one a turn */
    give_reads(&all, first, "abc");
    assert_string_equal(all.seen, "a");
    uv_run(&loop, UV_RUN_NOWAIT); /* the rest of the turn that "a" was given in */
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_string_equal(all.seen, "ab");
    give_reads(&all, later, "d"); /* nobody overtakes */
    assert_string_equal(all.seen, "ab");
    uv_run(&loop, UV_RUN_NOWAIT);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_string_equal(all.seen, "abcd");
    assert_int_equal(all.t.put_off, 3);
    assert_false(uv_is_active((uv_handle_t *)&all.t.idle)); /* the loop may wait again */
    end_turns(&all, &loop);
}

static void test_reads_within_a_turns_share_run_at_once(void **state)
{
    (void)state;
    uv_loop_t loop;
    turning all;
    turning_read reads[3];
    begin_turns(&all, &loop, INT64_MAX);
    give_reads(&all, reads, "abc");
    assert_string_equal(all.seen, "abc");
    assert_int_equal(all.t.put_off, 0);
    end_turns(&all, &loop);
}

int main(void)
{
    const struct CMUnitTest hasty[] = {
        cmocka_unit_test(test_unfinished_head_is_answered_408),
        cmocka_unit_test(test_dripping_bytes_do_not_prolong_the_head),
        cmocka_unit_test(test_body_slower_than_the_least_rate_is_answered_408),
        cmocka_unit_test(test_idle_connection_is_closed_without_a_word),
        cmocka_unit_test(test_peer_that_takes_nothing_is_cut),
        cmocka_unit_test(test_handler_may_take_longer_than_any_socket_timer),
    };
    const struct CMUnitTest others[] = {
        cmocka_unit_test_setup_teardown(test_connections_beyond_the_cap_are_closed_at_once,
                                        start_small, stop),
        cmocka_unit_test_setup_teardown(test_lack_of_descriptors_pauses_accepting_and_passes,
                                        start_plain, stop),
        cmocka_unit_test(test_one_address_has_its_share),
        cmocka_unit_test_setup_teardown(test_stopping_lets_running_requests_finish, start_plain,
                                        stop),
        cmocka_unit_test_setup_teardown(test_taken_port_is_a_conflict, start_plain, stop),
        cmocka_unit_test_setup_teardown(test_held_loop_is_seen, start_plain, stop),
        cmocka_unit_test(test_two_loops_share_a_port),
        cmocka_unit_test_setup_teardown(test_proxy_of_this_machine_is_believed_when_told_so,
                                        start_trusting, stop_proxied),
        cmocka_unit_test_setup_teardown(test_proxy_is_otherwise_nobody_and_not_loopback, start_wary,
                                        stop_proxied),
        cmocka_unit_test_setup_teardown(test_ipv4_peer_of_an_ipv6_listener_is_named_plainly,
                                        start_both, stop_both),
        cmocka_unit_test(test_wheel_fires_after_its_time_and_forgets_what_was_cancelled),
        cmocka_unit_test(test_reads_beyond_a_turns_share_wait_for_the_next_in_their_order),
        cmocka_unit_test(test_reads_within_a_turns_share_run_at_once),
    };
    int failed = cmocka_run_group_tests(hasty, start_for_hours, stop);
    return failed + cmocka_run_group_tests(others, NULL, NULL);
}
