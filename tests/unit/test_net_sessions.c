/*
 * test_net_sessions.c - the cache of sessions against a logout that happens while it looks one up.
 *
 * The race is forced: the reading session's `read` is wrapped, so that a test can act between the
 * moment the row was read and the moment the cache is told of it.
 */
#include "data_world.h"
#include "net/api_private.h"
#include "net/conn.h"

static api server;
static conn gone; /* nobody listens: what is answered is dropped */
static http_server http;
static engine_ops wrapped;
static const engine_ops *real;
static void (*real_done)(engine_batch *b);
static void (*meanwhile)(void);
static crm_str token;
static arena *a;
static int went_on;

/* ---- the reading session --------------------------------------------------------------------- */

static void row_was_read(engine_batch *b)
{
    void (*act)(void) = meanwhile;
    meanwhile = NULL;
    b->done = real_done;
    if (act) {
        act();
    }
    b->done(b);
}

static void read_wrapped(engine_session *s, engine_batch *b)
{
    real_done = b->done;
    b->done = row_was_read;
    real->read(s, b);
}

/* ---- the world ------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    clock_virtual(1000); /* too early for the stored "last seen" to be touched */
    open_world(state);
    a = arena_new(0);
    crm_ctx *c = world_begin(&w, 0);
    crm_str made = {0};
    crm_status s = accounts_session_new(c, w.anna, false, CRM_S("::1"), CRM_S("test"), &made);
    token = arena_dup(a, made);
    world_end(&w, s);
    assert_ok(s);
    server = (api){.session = w.reader, .sessions = session_cache_new()};
    gone = (conn){.s = &http, .mode = CONN_CLOSED};
    real = w.reader->ops;
    wrapped = *real;
    wrapped.read = read_wrapped;
    w.reader->ops = &wrapped;
    went_on = 0;
    return 0;
}

static int tear_down(void **state)
{
    w.reader->ops = real;
    session_cache_free(server.sessions);
    exchange_drain_pool(&http);
    arena_free(a);
    return close_world(state);
}

static void next(api_call *k)
{
    went_on++;
    api_reply_empty(k, 204);
}

/* A request with the session's cookie; true when it was let in. */
static bool ask(void)
{
    static const principal nobody = {.kind = PRINCIPAL_NOBODY};
    exchange *x = exchange_take(&gone);
    crm_str cookie = arena_fmt(a, "__Host-karkas=%.*s", STR_FMT(token));
    http_field header = {.name = CRM_S("cookie"), .value = cookie};
    api_call *k = ARENA_NEW(x->r.arena, api_call);
    int before = went_on;
    gone.x = x;
    x->state = EXCHANGE_RUNNING;
    x->r.verb = VERB_GET;
    x->r.headers = &header;
    x->r.header_count = 1;
    x->r.path = CRM_S("/api/v1/meta");
    assert_ok(call_begin(&k->c, &nobody, CRM_S("api")));
    k->api = &server;
    k->http = &x->r;
    buf_init(&k->text, 0);
    session_require(k, next);
    return went_on > before;
}

static void log_out(void)
{
    session_info found;
    assert_ok(accounts_session_find(w.writer, w.reg, token, &found));
    crm_ctx *c = world_begin(&w, 0);
    crm_status s = accounts_session_end(c, found.id);
    world_end(&w, s);
    assert_ok(s);
}

/* ---- the race -------------------------------------------------------------------------------- */

static void a_session_is_looked_up_once(void **state)
{
    (void)state;
    assert_true(ask());
    real_done = NULL;
    assert_true(ask());
    assert_null(real_done); /* nothing was read */
}

static void a_logout_is_felt_by_the_next_request(void **state)
{
    (void)state;
    assert_true(ask());
    log_out();
    assert_false(ask());
}

static void a_logout_while_the_session_is_looked_up_is_felt_by_the_next_request(void **state)
{
    (void)state;
    meanwhile = log_out;
    (void)ask(); /* it was read before the logout and may still pass */
    assert_null(meanwhile);
    assert_false(ask());
    assert_false(ask());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_looked_up_once),
        TEST(a_logout_is_felt_by_the_next_request),
        TEST(a_logout_while_the_session_is_looked_up_is_felt_by_the_next_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
