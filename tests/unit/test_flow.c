/*
 * test_flow.c - what the writer, the scheduler and the rules promise, on virtual time. Real
 * threads, so it also runs under ThreadSanitizer.
 */
#include "unit.h"

#include "flow_world.h"

/* ---- acting ---------------------------------------------------------------------------------- */

static crm_status create(crm_ctx *c, void *arg)
{
    act *x = arg;
    record *r;
    const entity *e = registry_entity(c->reg, CRM_S("test.item"));
    crm_status s = records_new(c, e, &r);
    if (s == CRM_OK) {
        s = record_set(r, &e->fields[ITEM_NAME], value_text(str_of(x->name)));
    }
    if (s == CRM_OK && x->code) {
        s = record_set(r, &e->fields[ITEM_CODE], value_text(str_of(x->code)));
    }
    if (s == CRM_OK) {
        s = records_save(c, r, 0);
    }
    x->id = r->v[COL_ID].i;
    if (x->is_taken_back) { /* by its submitter, while it runs */
        (void)!writer_withdraw(&x->w);
    }
    return x->fail ? call_fail(c, CRM_CONFLICT, "conflict") : s;
}

static crm_status hire(crm_ctx *c, void *arg)
{
    act *x = arg;
    record *r;
    const entity *e = registry_store(c->reg, STORE_USER);
    crm_status s = records_new(c, e, &r);
    const value given[][2] = {{value_int(USER_LOGIN), value_text(str_of(x->login))},
                              {value_int(USER_NAME), value_text(str_of(x->login))},
                              {value_int(USER_ROLES), value_text(str_of(x->roles))},
                              {value_int(USER_ON_LINE), value_int(1)}};
    for (size_t i = 0; s == CRM_OK && i < 4; i++) {
        s = record_set(r, &e->fields[given[i][0].i], given[i][1]);
    }
    s = s == CRM_OK ? records_save(c, r, 0) : s;
    x->id = r->v[COL_ID].i;
    return s;
}

static crm_status schedule(crm_ctx *c, void *arg)
{
    (void)arg;
    return timers_schedule(c, CRM_S("test.count"), CRM_S("k"), clock_now() + 15 * MINUTE,
                           CRM_S("x"));
}

static crm_status schedule_overstay(crm_ctx *c, void *arg)
{
    (void)arg;
    return timers_schedule(c, CRM_S("test.overstay"), CRM_S("k"), clock_now() + MINUTE, CRM_S(""));
}

static void finished(write_request *w, crm_status status)
{
    act *x = w->arg;
    (void)status;
    atomic_store(&x->is_done, 1);
}

static void submit(act *x)
{
    assert_ok(call_begin(&x->c, &principal_system, CRM_S("test")));
    call_save_point(&x->c);
    x->w = (write_request){.call = &x->c, .commit = create, .done = finished, .arg = x};
}

static bool take_notice(void *arg, const value *row, uint32_t matched)
{
    found *f = arg;
    (void)matched;
    f->count++;
    f->owner = row[NOTIFICATION_USER].i;
    snprintf(f->text, sizeof f->text, "%.*s", STR_FMT(row[NOTIFICATION_TEXT].s));
    return true;
}

/* ---- the writer ------------------------------------------------------------------------------ */

/* Queues everything while the writer is held, so that it becomes one group. */
static crm_status queue_all(void *arg)
{
    act *all = arg;
    for (; all->name; all++) {
        assert_ok(writer_submit(fw.flow, LANE_INTERACTIVE, &all->w));
    }
    return CRM_OK;
}

static void one_failing_request_of_a_group_rolls_back_alone(void **state)
{
    act all[] = {{.name = "a"}, {.name = "b", .fail = true}, {.name = "c"}, {.name = NULL}};
    (void)state;
    for (act *x = all; x->name; x++) {
        submit(x);
    }
    assert_ok(writer_exclusive(fw.flow, queue_all, all));
    for (act *x = all; x->name; x++) {
        while (!atomic_load(&x->is_done)) {
            uv_sleep(1);
        }
    }
    assert_int_equal(all[0].w.status, CRM_OK);
    assert_int_equal(all[1].w.status, CRM_CONFLICT);
    assert_int_equal(all[2].w.status, CRM_OK);
    flow_world_settle();
    assert_int_equal(flow_world_look("test.item", flow_world_item).count, 2);
    for (act *x = all; x->name; x++) {
        call_end(&x->c);
    }
}

static void a_request_taken_back_while_it_runs_is_not_written_and_others_are(void **state)
{
    act all[] = {
        {.name = "a"}, {.name = "b", .is_taken_back = true}, {.name = "c"}, {.name = NULL}};
    (void)state;
    for (act *x = all; x->name; x++) {
        submit(x);
    }
    assert_ok(writer_exclusive(fw.flow, queue_all, all));
    for (act *x = all; x->name; x++) {
        while (!atomic_load(&x->is_done)) {
            uv_sleep(1);
        }
    }
    assert_int_equal(all[0].w.status, CRM_OK);
    assert_int_equal(all[1].w.status, CRM_TIMEOUT);
    assert_int_equal(all[2].w.status, CRM_OK);
    assert_false(writer_withdraw(&all[0].w)); /* what is written stays so */
    flow_world_settle();
    assert_int_equal(flow_world_look("test.item", flow_world_item).count, 2);
    for (act *x = all; x->name; x++) {
        call_end(&x->c);
    }
}

static crm_status queue_and_take_back(void *arg)
{
    act *all = arg;
    crm_status s = queue_all(all);
    assert_true(writer_withdraw(&all[0].w));
    return s;
}

static void a_request_taken_back_while_it_waits_never_runs(void **state)
{
    act all[] = {{.name = "a"}, {.name = NULL}};
    (void)state;
    submit(&all[0]);
    assert_ok(writer_exclusive(fw.flow, queue_and_take_back, all));
    while (!atomic_load(&all[0].is_done)) {
        uv_sleep(1);
    }
    assert_int_equal(all[0].w.status, CRM_TIMEOUT);
    assert_int_equal(all[0].id, 0);
    call_end(&all[0].c);
}

static void a_unique_value_taken_in_the_same_group_is_refused(void **state)
{
    act all[] = {{.name = "a", .code = "7"}, {.name = "b", .code = "7"}, {.name = NULL}};
    (void)state;
    for (act *x = all; x->name; x++) {
        submit(x);
    }
    assert_ok(writer_exclusive(fw.flow, queue_all, all));
    for (act *x = all; x->name; x++) {
        while (!atomic_load(&x->is_done)) {
            uv_sleep(1);
        }
    }
    assert_int_equal(all[0].w.status, CRM_OK);
    assert_int_not_equal(all[1].w.status, CRM_OK);
    assert_text(all[1].c.error.fields->code, "not_unique");
    for (act *x = all; x->name; x++) {
        call_end(&x->c);
    }
}

static crm_status overfill(void *arg)
{
    act *x = arg;
    int taken = 0;
    for (int i = 0; i < 20; i++) {
        taken += writer_submit(fw.flow, LANE_INTERACTIVE, &x[i].w) == CRM_OK;
    }
    assert_int_equal(taken, 16);
    return CRM_OK;
}

static void a_full_queue_refuses_at_once(void **state)
{
    act *x = calloc(20, sizeof *x);
    (void)state;
    for (int i = 0; i < 20; i++) {
        x[i].name = "full";
        submit(&x[i]);
    }
    assert_ok(writer_exclusive(fw.flow, overfill, x));
    for (int i = 0; i < 16; i++) {
        while (!atomic_load(&x[i].is_done)) {
            uv_sleep(1);
        }
    }
    for (int i = 0; i < 20; i++) {
        call_end(&x[i].c);
    }
    free(x);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void due_work_runs_at_its_moment_once(void **state)
{
    act x = {0};
    (void)state;
    int64_t start = clock_now();
    assert_ok(flow_world_do(schedule, &x));
    assert_ok(flow_world_do(schedule, &x)); /* the same key moves it, it does not double */
    assert_ok(flow_advance(fw.flow, start + 14 * MINUTE));
    assert_int_equal(atomic_load(&fw.job_runs), 0);
    assert_ok(flow_advance(fw.flow, start + 60 * MINUTE));
    assert_int_equal(atomic_load(&fw.job_runs), 1);
    assert_int_equal(fw.job_ran_at, start + 15 * MINUTE);
}

static void failing_work_is_put_off_and_tried_again(void **state)
{
    act x = {0};
    (void)state;
    int64_t start = clock_now();
    atomic_store(&fw.job_fails_left, 3);
    assert_ok(flow_world_do(schedule, &x));
    assert_ok(flow_advance(fw.flow, start + 15 * MINUTE));
    assert_int_equal(atomic_load(&fw.job_runs), 0);
    assert_ok(flow_advance(fw.flow, start + 60 * MINUTE));
    assert_int_equal(atomic_load(&fw.job_runs), 1);
}

static void work_past_its_declared_time_is_taken_back_and_tried_again(void **state)
{
    act x = {0};
    (void)state;
    assert_ok(flow_world_do(schedule_overstay, &x));
    assert_ok(flow_advance(fw.flow, clock_now() + MINUTE));
    assert_int_equal(atomic_load(&fw.job_runs), 1);
    assert_true(fw.overstayed_ns > 40000000); /* longer than it declared, on virtual time */
    assert_int_equal(flow_world_look("test.item", flow_world_item).count, 0);
    assert_ok(flow_advance(fw.flow, clock_now() + MINUTE));
    assert_true(atomic_load(&fw.job_runs) > 1);
    assert_int_equal(flow_world_look("test.item", flow_world_item).count, 0);
}

static void hopeless_work_is_given_up(void **state)
{
    act x = {0};
    (void)state;
    atomic_store(&fw.job_fails_left, 1000);
    assert_ok(flow_world_do(schedule, &x));
    assert_ok(flow_advance(fw.flow, clock_now() + 7 * 24 * 60 * MINUTE));
    int failed = 1000 - atomic_load(&fw.job_fails_left);
    assert_int_equal(failed, 82); /* about three days of it */
}

/* ---- rules and listeners --------------------------------------------------------------------- */

static void a_rule_assigns_and_tells(void **state)
{
    act anna = {.login = "anna", .roles = "seller"}, x = {.name = "кран"};
    (void)state;
    assert_ok(flow_world_do(hire, &anna));
    assert_ok(flow_world_do(create, &x));
    flow_world_settle();
    assert_int_equal(flow_world_look("test.item", flow_world_item).owner, anna.id);
    found n = flow_world_look("notification", take_notice);
    assert_int_equal(n.count, 1);
    assert_int_equal(n.owner, anna.id);
    assert_string_equal(n.text, "Новое: кран");
}

static void the_freest_gets_it(void **state)
{
    act anna = {.login = "anna", .roles = "seller"}, boris = {.login = "boris", .roles = "seller"};
    act x = {.name = "1"}, y = {.name = "2"};
    (void)state;
    assert_ok(flow_world_do(hire, &anna));
    assert_ok(flow_world_do(hire, &boris));
    assert_ok(flow_world_do(create, &x));
    flow_world_settle();
    int64_t first = flow_world_look("test.item", flow_world_item).owner;
    assert_ok(flow_world_do(create, &y));
    flow_world_settle();
    int64_t second = flow_world_look("test.item", flow_world_item).owner;
    assert_true(first && second && first != second);
}

static void nobody_free_takes_the_otherwise(void **state)
{
    act hanna = {.login = "hanna", .roles = "head"}, x = {.name = "кран"};
    (void)state;
    assert_ok(flow_world_do(hire, &hanna));
    assert_ok(flow_world_do(create, &x));
    flow_world_settle();
    found n = flow_world_look("notification", take_notice);
    assert_int_equal(n.count, 1);
    assert_int_equal(n.owner, hanna.id);
    assert_string_equal(n.text, "Некому: кран");
}

static void a_rule_judges_by_other_rows(void **state)
{
    act hanna = {.login = "hanna", .roles = "head"}, anna = {.login = "anna", .roles = "seller"};
    act namesake = {.name = "Hanna"};
    (void)state;
    assert_ok(flow_world_do(hire, &hanna));
    assert_ok(flow_world_do(hire, &anna));
    assert_ok(flow_world_do(create, &namesake));
    flow_world_settle();
    found n = flow_world_look("notification", take_notice);
    assert_int_equal(n.count, 2); /* the assigned one and the namesake */
}

static void a_listener_hears_every_change(void **state)
{
    act x = {.name = "1"}, y = {.name = "2"};
    (void)state;
    flow_world_settle();
    assert_ok(flow_world_do(create, &x));
    assert_ok(flow_world_do(create, &y));
    flow_world_settle();
    assert_int_equal(atomic_load(&fw.seen_changes), 2);
}

/* More than a page of changes that do not concern it must not stop it for ever. */
static void a_listener_passes_over_what_is_not_for_it(void **state)
{
    act x = {.name = "1"};
    char login[16];
    (void)state;
    for (int i = 0; i < 70; i++) {
        act one = {.login = login, .roles = "seller"};
        snprintf(login, sizeof login, "user%d", i);
        assert_ok(flow_world_do(hire, &one));
    }
    assert_ok(flow_world_do(create, &x));
    flow_world_settle();
    assert_true(atomic_load(&fw.seen_changes) >= 1);
}

static void a_full_house_is_written_in_halves(void **state)
{
    (void)state;
    assert_int_equal(writer_expects(1, 1), 1);
    assert_int_equal(writer_expects(20, 3), 20); /* as many as were answered come again */
    uint32_t last = 64;
    for (int i = 0; i < 8; i++) {
        last = writer_expects(last, 64 - last); /* those who were not answered wait */
    }
    assert_int_equal(last, 32);
    assert_int_equal(writer_expects(49, 0), 24); /* nobody else: no more than is worth it */
}

/* ---- the slow pool --------------------------------------------------------------------------- */

#define PATIENCE_NS 20000000000LL

static struct {
    pool_task first, second, others;
    atomic_bool second_ran, others_ran, second_ran_beside, others_overtook;
} slow;

/* Goes on until the other user's read, which stands behind the second of this one, has run. */
static void read_first(pool_task *t, engine_session *session)
{
    int64_t until = clock_mono() + PATIENCE_NS;
    (void)t;
    (void)session;
    while (!atomic_load(&slow.others_ran) && clock_mono() < until) {
        uv_sleep(1);
    }
    atomic_store(&slow.others_overtook, atomic_load(&slow.others_ran));
    atomic_store(&slow.second_ran_beside, atomic_load(&slow.second_ran));
}

static void read_other(pool_task *t, engine_session *session)
{
    (void)session;
    atomic_store(t == &slow.second ? &slow.second_ran : &slow.others_ran, true);
}

static void slow_read_done(pool_task *t)
{
    (void)t;
}

static void a_user_has_one_slow_read_at_a_time_and_keeps_nobody_waiting(void **state)
{
    (void)state;
    slow.first = (pool_task){.run = read_first, .done = slow_read_done, .user = 7};
    slow.second = (pool_task){.run = read_other, .done = slow_read_done, .user = 7};
    slow.others = (pool_task){.run = read_other, .done = slow_read_done, .user = 8};
    assert_ok(pool_submit(fw.flow, POOL_SLOW, &slow.first));
    assert_ok(pool_submit(fw.flow, POOL_SLOW, &slow.second));
    assert_ok(pool_submit(fw.flow, POOL_SLOW, &slow.others));
    flow_world_settle();
    assert_true(atomic_load(&slow.others_overtook));
    assert_false(atomic_load(&slow.second_ran_beside));
    assert_true(atomic_load(&slow.second_ran));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, flow_world_open, flow_world_close)
#define OF(requirement, name)                                                 \
    {                                                                         \
        requirement ": " #name, name, flow_world_open, flow_world_close, NULL \
    }
    const struct CMUnitTest tests[] = {
        T(one_failing_request_of_a_group_rolls_back_alone),
        T(a_request_taken_back_while_it_runs_is_not_written_and_others_are),
        T(a_request_taken_back_while_it_waits_never_runs),
        T(a_unique_value_taken_in_the_same_group_is_refused),
        T(a_full_queue_refuses_at_once),
        T(a_full_house_is_written_in_halves),
        T(due_work_runs_at_its_moment_once),
        T(failing_work_is_put_off_and_tried_again),
        T(work_past_its_declared_time_is_taken_back_and_tried_again),
        T(hopeless_work_is_given_up),
        T(a_rule_assigns_and_tells),
        T(a_rule_judges_by_other_rows),
        OF("S-02", the_freest_gets_it),
        T(nobody_free_takes_the_otherwise),
        T(a_listener_hears_every_change),
        T(a_listener_passes_over_what_is_not_for_it),
        T(a_user_has_one_slow_read_at_a_time_and_keeps_nobody_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
