/*
 * test_flow_services.c - what services are promised, on virtual time: when they begin and end,
 * never two at a time, what follows a failure. Real threads, so it also runs under ThreadSanitizer.
 */
#include "unit.h"

#include <crm/module.h>
#include <uv.h>

#include "data/stores.h"
#include "flow/services_private.h"

#define START_MS 1800255600000LL
#define MINUTE   60000LL
#define LONG_MS  30000 /* of a machine that does much besides */
#define N(lit)               \
    {                        \
        lit, sizeof(lit) - 1 \
    }

/* Two versions of the module. */
typedef struct generation {
    atomic_int holds;
} generation;
static generation first, second;

static struct world {
    engine *engine;
    flow *flow;
    arena *a;
    atomic_int runs, alive, most_alive, wakes, fails_left;
    atomic_bool may_end, ends, has_acted;
    crm_status read, written;
    bool is_module, woken_inside;
} w;

static void hold(void *of)
{
    atomic_fetch_add(&((generation *)of)->holds, 1);
}

static void let_go(void *of)
{
    atomic_fetch_sub(&((generation *)of)->holds, 1);
}

/* ---- the services ---------------------------------------------------------------------------- */

static void arrive(void)
{
    int now = atomic_fetch_add(&w.alive, 1) + 1;
    if (now > atomic_load(&w.most_alive)) {
        atomic_store(&w.most_alive, now);
    }
    atomic_fetch_add(&w.runs, 1);
}

static crm_status leave(crm_status s)
{
    atomic_fetch_sub(&w.alive, 1);
    return s;
}

/* Waits to be stopped, and fails when it is woken and told to. */
static crm_status count(crm_service *s, void *of, const void *def)
{
    (void)of;
    (void)def;
    arrive();
    for (;;) {
        uint32_t what = service_wait(s, 600000);
        if (what == CRM_WAIT_STOP) {
            return leave(service_should_stop(s) ? CRM_OK : CRM_INTERNAL);
        }
        atomic_fetch_add(&w.wakes, 1);
        if (atomic_load(&w.fails_left) > 0) {
            atomic_fetch_sub(&w.fails_left, 1);
            return leave(CRM_TIMEOUT);
        }
        if (atomic_load(&w.ends)) {
            return leave(CRM_OK);
        }
    }
}

static crm_status fail_first(crm_service *s, void *of, const void *def)
{
    if (atomic_load(&w.fails_left) <= 0) {
        service_say(s, CRM_HEALTH_OK, CRM_S(""));
        return count(s, of, def);
    }
    arrive();
    atomic_fetch_sub(&w.fails_left, 1);
    service_say(s, CRM_HEALTH_DOWN, CRM_S("no\nline"));
    return leave(CRM_UPSTREAM);
}

/* Does not listen. */
static crm_status be_deaf(crm_service *s, void *of, const void *def)
{
    (void)s;
    (void)of;
    (void)def;
    arrive();
    while (!atomic_load(&w.may_end)) {
        uv_sleep(1);
    }
    return leave(CRM_OK);
}

static crm_status look_around(crm_ctx *c, void *arg)
{
    bool is_read = c->session && !c->tx;
    w.is_module = c->who->kind == PRINCIPAL_MODULE && str_is(c->who->name, "test") &&
                  str_is(c->via, "service:test.acts");
    return is_read == *(bool *)arg ? CRM_OK : CRM_MISUSE;
}

static crm_status act(crm_service *s, void *of, const void *def)
{
    bool is_read = true;
    w.read = service_read(s, look_around, &is_read, 1000);
    is_read = false;
    w.written = w.is_module ? service_write(s, look_around, &is_read) : CRM_DENIED;
    atomic_store(&w.has_acted, true);
    return count(s, of, def);
}

static crm_status last_words(crm_ctx *c, void *arg)
{
    *(bool *)arg = registry_service(c->reg, CRM_S("test.talks")) != NULL;
    return c->tx ? CRM_OK : CRM_MISUSE;
}

/* Writes once it was told to stop. */
static crm_status talk(crm_service *s, void *of, const void *def)
{
    (void)of;
    (void)def;
    arrive();
    while (service_wait(s, 600000) != CRM_WAIT_STOP) {
    }
    w.written = service_write(s, last_words, &w.is_module);
    atomic_store(&w.has_acted, true);
    return leave(CRM_OK);
}

/* Says that it is down until it is woken. */
static crm_status be_down(crm_service *s, void *of, const void *def)
{
    service_say(s, CRM_HEALTH_DOWN, CRM_S("login refused"));
    arrive();
    if (service_wait(s, 600000) == CRM_WAIT_STOP) {
        return leave(CRM_OK);
    }
    service_say(s, CRM_HEALTH_OK, CRM_S(""));
    atomic_fetch_sub(&w.alive, 1);
    return count(s, of, def);
}

static const service talking = {.name = N("test.talks"), .run = talk};
static const service down = {.name = N("test.down"), .run = be_down};
static const service counting = {.name = N("test.count"), .run = count};
static const service failing = {.name = N("test.fails"), .run = fail_first};
static const service deaf = {.name = N("test.deaf"), .run = be_deaf, .drain_ms = 20};
static const service acting = {.name = N("test.acts"), .run = act};

/* ---- the world ------------------------------------------------------------------------------- */

static crm_status schema(void *r)
{
    registry_fault *faults = NULL;
    return engine_schema(w.engine, r, w.a, &faults);
}

static registry *with_all(const service *rows, uint32_t count, generation *of)
{
    registry *r = registry_new();
    registry_fault *faults = NULL;
    assert_ok(flow_register(r));
    for (const service *row = rows; row < rows + count; row++) {
        service whole = *row;
        whole.module = CRM_S("test");
        whole.title = CRM_S("test.title");
        whole.generation = of;
        whole.hold = hold;
        whole.let_go = let_go;
        whole.drain_ms = row->drain_ms ? row->drain_ms : LONG_MS;
        assert_ok(registry_add_service(r, &whole));
    }
    assert_ok(registry_seal(r, w.a, &faults));
    assert_ok(w.flow ? writer_exclusive(w.flow, schema, r) : schema(r));
    return r;
}

static registry *with(const service *row, generation *of)
{
    return with_all(row, row ? 1 : 0, of);
}

/* As a change of modules does. */
static void put_all_in_force(const service *rows, uint32_t count, generation *of)
{
    registry_publish(with_all(rows, count, of), NULL, NULL);
    services_follow(w.flow);
}

static void put_in_force(const service *row, generation *of)
{
    put_all_in_force(row, row ? 1 : 0, of);
}

static void open_flow(bool has_no_services)
{
    engine_session *s;
    people *p;
    const registry *r;
    static bool is_virtual;
    if (!is_virtual) {
        clock_virtual(START_MS);
    }
    is_virtual = true;
    log_set_level(LOG_ERROR);
    memset(&w, 0, sizeof w);
    w.a = arena_new(0);
    assert_ok(engine_open_memory(7, &w.engine));
    registry_publish(with(NULL, NULL), NULL, NULL);
    assert_ok(engine_session_open(w.engine, ENGINE_READER, (engine_deliver){NULL, NULL}, &s));
    r = registry_pin();
    assert_ok(people_build(s, r, &p));
    registry_unpin(r);
    engine_session_close(s);
    people_publish(p);
    flow_options o = {.engine = w.engine, .has_no_services = has_no_services};
    assert_ok(flow_start(&o, &w.flow));
    assert_ok(flow_ready(w.flow));
}

static int set_up(void **state)
{
    (void)state;
    open_flow(false);
    return 0;
}

static int set_up_safe(void **state)
{
    (void)state;
    open_flow(true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    atomic_store(&w.may_end, true);
    assert_true(flow_stop(w.flow, 60000));
    assert_int_equal(atomic_load(&first.holds), 0);
    assert_int_equal(atomic_load(&second.holds), 0);
    assert_int_equal(atomic_load(&w.alive), 0);
    people_publish(NULL);
    registry_publish(NULL, NULL, NULL);
    engine_close(w.engine);
    arena_free(w.a);
    return 0;
}

/* Until it is so; the test fails when it does not become so. */
static service_view when(const service *row, service_state state)
{
    service_view v;
    for (int ms = 0; ms < LONG_MS; ms++) {
        bool is_there = services_view(w.a, row->name, &v);
        if (is_there && v.state == state) {
            return v;
        }
        uv_sleep(1);
    }
    print_error("state is %s, not %s\n", service_state_code(v.state), service_state_code(state));
    fail();
    return v;
}

/* Likewise, and it waits for its next try. */
static service_view before_try(const service *row, service_state state)
{
    service_view v = when(row, state);
    for (int ms = 0; !v.next && ms < LONG_MS; ms++) {
        uv_sleep(1);
        v = when(row, state);
    }
    assert_true(v.next);
    return v;
}

static void until_is(atomic_int *what, int wanted)
{
    for (int ms = 0; atomic_load(what) != wanted && ms < LONG_MS; ms++) {
        uv_sleep(1);
    }
    assert_int_equal(atomic_load(what), wanted);
}

static void advance(int64_t ms)
{
    assert_ok(flow_advance(w.flow, clock_now() + ms));
}

static void until_alone(void)
{
    for (int ms = 0; !registry_is_alone() && ms < LONG_MS; ms++) {
        uv_sleep(1);
    }
    assert_true(registry_is_alone());
}

static service_trouble told(void)
{
    struct services *x = w.flow->services;
    pthread_mutex_lock(&x->lock);
    service_trouble t = x->slots[0].told;
    pthread_mutex_unlock(&x->lock);
    return t;
}

static void until_told(service_trouble wanted)
{
    for (int ms = 0; told() != wanted && ms < LONG_MS; ms++) {
        uv_sleep(1);
    }
    assert_int_equal(told(), wanted);
}

/* ---- beginning and ending -------------------------------------------------------------------- */

static void a_service_runs_while_its_module_is_in_force(void **state)
{
    (void)state;
    put_in_force(&counting, &first);
    service_view v = when(&counting, SERVICE_OK);
    until_is(&w.runs, 1);
    assert_true(str_is(v.module, "test") && str_is(v.title, "test.title"));
    assert_int_equal(v.since, clock_now());
    assert_int_equal(atomic_load(&first.holds), 1);
    put_in_force(NULL, NULL);
    when(&counting, SERVICE_OFF);
    assert_int_equal(atomic_load(&w.alive), 0);
    assert_int_equal(atomic_load(&first.holds), 0);
}

static void a_change_of_something_else_does_not_disturb_it(void **state)
{
    (void)state;
    put_in_force(&counting, &first);
    until_is(&w.runs, 1);
    put_in_force(&counting, &first);
    put_in_force(&counting, &first);
    assert_int_equal(when(&counting, SERVICE_OK).starts, 1);
    assert_int_equal(atomic_load(&w.runs), 1);
}

static void another_version_begins_when_the_one_before_has_ended(void **state)
{
    (void)state;
    put_in_force(&counting, &first);
    until_is(&w.runs, 1);
    for (int i = 2; i < 8; i++) {
        put_in_force(&counting, i % 2 ? &first : &second);
        until_is(&w.runs, i);
    }
    assert_int_equal(atomic_load(&w.most_alive), 1);
    assert_int_equal(atomic_load(&first.holds), 1);
    assert_int_equal(atomic_load(&second.holds), 0);
}

static void one_that_does_not_stop_is_stuck_and_the_next_version_waits_for_it(void **state)
{
    (void)state;
    put_in_force(&deaf, &first);
    until_is(&w.runs, 1);
    put_in_force(&deaf, &second);
    when(&deaf, SERVICE_STUCK);
    services_nudge(w.flow);
    services_follow(w.flow);
    assert_int_equal(atomic_load(&w.runs), 1);
    assert_int_equal(atomic_load(&first.holds), 1); /* its code and memory stay */
    atomic_store(&w.may_end, true);
    until_is(&w.runs, 2);
    assert_int_equal(atomic_load(&w.most_alive), 1);
}

static void what_it_writes_while_its_module_goes_off_is_written_on_what_was_in_force(void **state)
{
    (void)state;
    put_in_force(&talking, &first);
    until_is(&w.runs, 1);
    put_in_force(NULL, NULL);
    when(&talking, SERVICE_OFF);
    assert_true(atomic_load(&w.has_acted));
    assert_ok(w.written);
    assert_true(w.is_module); /* its module was there */
    until_alone();
}

static void one_that_is_stuck_keeps_no_registry_from_going(void **state)
{
    (void)state;
    put_in_force(&deaf, &first);
    until_is(&w.runs, 1);
    put_in_force(NULL, NULL);
    when(&deaf, SERVICE_STUCK);
    until_alone();
}

static void with_safe_none_begins(void **state)
{
    (void)state;
    put_in_force(&counting, &first);
    when(&counting, SERVICE_SAFE);
    assert_ok(services_wake(counting.name));
    services_follow(w.flow);
    assert_int_equal(atomic_load(&w.runs), 0);
}

/* ---- many ------------------------------------------------------------------------------------ */

/* As many services as there may be, and one more. */
static const service *one_too_many(void)
{
    static char names[SERVICES_MAX + 1][32];
    static service rows[SERVICES_MAX + 1];
    for (int i = 0; i <= SERVICES_MAX; i++) {
        snprintf(names[i], sizeof names[i], "test.many_%d", i);
        rows[i] = (service){.name = str_of(names[i]), .run = count};
    }
    return rows;
}

static void services_that_are_gone_leave_their_place_to_others(void **state)
{
    const service *rows = one_too_many();
    (void)state;
    for (int i = 0; i <= SERVICES_MAX; i++) {
        put_in_force(&rows[i], &first);
        until_is(&w.runs, i + 1);
    }
    service_view v = when(&rows[SERVICES_MAX], SERVICE_OK);
    assert_int_equal(v.starts, 1);
    assert_false(services_view(w.a, rows[0].name, &v));
}

static void one_too_many_is_shown_and_begins_when_another_is_gone(void **state)
{
    const service *rows = one_too_many(), *last = &rows[SERVICES_MAX];
    service_view *all;
    uint32_t n;
    (void)state;
    put_all_in_force(rows, SERVICES_MAX + 1, &first);
    until_is(&w.runs, SERVICES_MAX);
    assert_ok(services_of(w.a, CRM_S("test"), &all, &n));
    assert_int_equal(n, SERVICES_MAX + 1);
    assert_true(str_eq(all[SERVICES_MAX].name, last->name));
    assert_int_equal(all[SERVICES_MAX].state, SERVICE_WAITING);
    assert_int_equal(all[SERVICES_MAX].error, CRM_LIMIT);
    put_all_in_force(rows + 1, SERVICES_MAX, &first);
    when(last, SERVICE_OK);
    assert_ok(services_of(w.a, CRM_S("test"), &all, &n));
    assert_int_equal(n, SERVICES_MAX);
}

static uint32_t patience_ms(void)
{
    pthread_mutex_lock(&w.flow->services->lock);
    uint32_t ms = services_patience_ms(w.flow->services);
    pthread_mutex_unlock(&w.flow->services->lock);
    return ms;
}

static void a_server_that_ends_waits_as_long_as_those_that_run_may_take(void **state)
{
    service rows[] = {deaf, counting};
    (void)state;
    assert_int_equal(patience_ms(), 0);
    rows[1].drain_ms = 15000;
    put_all_in_force(rows, 2, &first);
    until_is(&w.runs, 2);
    assert_int_equal(patience_ms(), 15000);
    rows[1].drain_ms = 60000;
    put_all_in_force(rows + 1, 1, &second);
    until_is(&w.runs, 3);
    assert_int_equal(patience_ms(), 20000);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* The pause before the next try: this long, or up to a quarter longer. */
static void assert_pause(const service_view *v, int64_t least)
{
    assert_in_range(v->next - clock_now(), least, least + least / 4);
}

static void a_failure_is_tried_again_after_pauses_that_double(void **state)
{
    (void)state;
    atomic_store(&w.fails_left, 3);
    put_in_force(&failing, &first);
    for (int i = 0; i < 3; i++) {
        until_is(&w.runs, i + 1);
        service_view v = before_try(&failing, SERVICE_WAITING);
        assert_pause(&v, 1000LL << i);
        assert_int_equal(v.failures, i + 1);
        assert_int_equal(v.error, CRM_UPSTREAM);
        assert_text(v.text, "no line");
        advance(v.next - clock_now() - 1);
        assert_int_equal(atomic_load(&w.runs), i + 1);
        advance(1);
    }
    until_is(&w.runs, 4);
    assert_int_equal(when(&failing, SERVICE_OK).failures, 3);
}

static void a_minute_of_health_makes_the_next_pause_the_first_again(void **state)
{
    (void)state;
    atomic_store(&w.fails_left, 2);
    put_in_force(&failing, &first);
    for (int i = 1; i < 3; i++) {
        until_is(&w.runs, i);
        advance(before_try(&failing, SERVICE_WAITING).next - clock_now());
    }
    until_is(&w.runs, 3);
    advance(MINUTE);
    assert_int_equal(when(&failing, SERVICE_OK).failures, 0);
    atomic_store(&w.fails_left, 1);
    assert_ok(services_wake(failing.name));
    service_view v = before_try(&failing, SERVICE_WAITING);
    assert_pause(&v, 1000);
    assert_int_equal(v.failures, 1);
    assert_int_equal(v.failed, 3);
}

static void five_failures_in_ten_minutes_make_it_failing_until_it_is_well_for_a_minute(void **state)
{
    (void)state;
    atomic_store(&w.fails_left, 5);
    put_in_force(&failing, &first);
    for (int i = 1; i < 5; i++) {
        until_is(&w.runs, i);
        advance(before_try(&failing, SERVICE_WAITING).next - clock_now());
    }
    until_is(&w.runs, 5);
    advance(before_try(&failing, SERVICE_FAILING).next - clock_now());
    until_is(&w.runs, 6);
    when(&failing, SERVICE_FAILING);
    until_told(TROUBLE_FAILING);
    advance(MINUTE);
    when(&failing, SERVICE_OK);
    until_told(TROUBLE_NONE);
}

static void one_that_is_down_for_a_minute_is_told_of_and_so_is_its_recovery(void **state)
{
    (void)state;
    put_in_force(&down, &first);
    until_is(&w.runs, 1);
    advance(MINUTE - 1);
    assert_int_equal(told(), TROUBLE_NONE);
    advance(1);
    until_told(TROUBLE_DOWN);
    assert_ok(services_wake(down.name));
    until_told(TROUBLE_NONE);
}

static void the_longest_pause_is_five_minutes(void **state)
{
    (void)state;
    atomic_store(&w.fails_left, 12);
    put_in_force(&failing, &first);
    for (int i = 1; i < 12; i++) {
        until_is(&w.runs, i);
        service_view v = before_try(&failing, i < 5 ? SERVICE_WAITING : SERVICE_FAILING);
        assert_true(v.next - clock_now() <= 5 * MINUTE);
        advance(v.next - clock_now());
    }
    until_is(&w.runs, 12);
    service_view v = before_try(&failing, SERVICE_FAILING);
    assert_in_range(v.next - clock_now(), 4 * MINUTE, 5 * MINUTE);
    assert_ok(services_wake(failing.name)); /* somebody has set the right password */
    v = before_try(&failing, SERVICE_FAILING);
    assert_int_equal(v.next - clock_now(), 10000);
}

static void another_version_is_not_held_up_by_the_failures_of_the_one_before(void **state)
{
    (void)state;
    atomic_store(&w.fails_left, 1);
    put_in_force(&failing, &first);
    when(&failing, SERVICE_WAITING);
    put_in_force(&failing, &second);
    assert_int_equal(when(&failing, SERVICE_OK).failures, 0);
}

/* ---- waking ---------------------------------------------------------------------------------- */

static void one_that_has_nothing_to_do_begins_again_when_it_is_woken(void **state)
{
    (void)state;
    put_in_force(&counting, &first);
    until_is(&w.runs, 1);
    atomic_store(&w.ends, true);
    assert_ok(services_wake(counting.name));
    when(&counting, SERVICE_IDLE);
    advance(60 * MINUTE);
    assert_int_equal(atomic_load(&w.runs), 1);
    atomic_store(&w.ends, false);
    assert_ok(services_wake(counting.name));
    until_is(&w.runs, 2);
    assert_int_equal(services_wake(CRM_S("test.none")), CRM_NOT_FOUND);
}

static crm_status wake_it(crm_ctx *c, void *arg)
{
    (void)c;
    (void)arg;
    crm_status s = services_wake(counting.name);
    crm_service *run = w.flow->services->slots[0].run;
    w.woken_inside = atomic_load(&run->woken) || atomic_load(&w.wakes) > 0;
    return s;
}

static void a_wake_in_a_transaction_comes_after_its_commit(void **state)
{
    crm_ctx c;
    (void)state;
    put_in_force(&counting, &first);
    until_is(&w.runs, 1);
    assert_ok(call_begin(&c, &principal_system, CRM_S("test")));
    assert_ok(writer_run(w.flow, &c, wake_it, NULL));
    call_end(&c);
    until_is(&w.wakes, 1);
    assert_false(w.woken_inside);
}

static void its_calls_over_the_records_are_its_modules(void **state)
{
    (void)state;
    put_in_force(&acting, &first);
    for (int ms = 0; !atomic_load(&w.has_acted) && ms < LONG_MS; ms++) {
        uv_sleep(1);
    }
    assert_true(atomic_load(&w.has_acted));
    assert_ok(w.read);
    assert_ok(w.written);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_service_runs_while_its_module_is_in_force),
        TEST(a_change_of_something_else_does_not_disturb_it),
        TEST(another_version_begins_when_the_one_before_has_ended),
        TEST(one_that_does_not_stop_is_stuck_and_the_next_version_waits_for_it),
        TEST(what_it_writes_while_its_module_goes_off_is_written_on_what_was_in_force),
        TEST(one_that_is_stuck_keeps_no_registry_from_going),
        cmocka_unit_test_setup_teardown(with_safe_none_begins, set_up_safe, tear_down),
        TEST(services_that_are_gone_leave_their_place_to_others),
        TEST(one_too_many_is_shown_and_begins_when_another_is_gone),
        TEST(a_server_that_ends_waits_as_long_as_those_that_run_may_take),
        TEST(a_failure_is_tried_again_after_pauses_that_double),
        TEST(a_minute_of_health_makes_the_next_pause_the_first_again),
        TEST(five_failures_in_ten_minutes_make_it_failing_until_it_is_well_for_a_minute),
        TEST(one_that_is_down_for_a_minute_is_told_of_and_so_is_its_recovery),
        TEST(the_longest_pause_is_five_minutes),
        TEST(another_version_is_not_held_up_by_the_failures_of_the_one_before),
        TEST(one_that_has_nothing_to_do_begins_again_when_it_is_woken),
        TEST(a_wake_in_a_transaction_comes_after_its_commit),
        TEST(its_calls_over_the_records_are_its_modules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
