/*
 * test_flow_forms.c - forms that were sent: read by a module, kept bare when it cannot, and whose
 * turn it is when neither can. On virtual time; threads as the flow has them.
 */
#include "unit.h"

#include "flow_world.h"

static crm_status send_form(crm_ctx *c, void *arg)
{
    act *x = arg;
    crm_str receipt, type = CRM_S("application/x-www-form-urlencoded");
    return inbox_store(c, CRM_S("site"), type, str_of(x->name), CRM_S("127.0.0.1"), &receipt);
}

static void send_form_now(const char *body)
{
    act x = {.name = body};
    assert_ok(flow_world_do(send_form, &x));
}

static bool take_note(void *arg, const value *row, uint32_t matched)
{
    found *f = arg;
    (void)matched;
    f->count++;
    if (!value_is_null(row[ITEM_NOTE])) {
        snprintf(f->text, sizeof f->text, "%.*s|%.*s|%.*s", STR_FMT(row[ITEM_NAME].s),
                 STR_FMT(row[ITEM_NOTE].s), STR_FMT(row[COL_MARKS].s));
    }
    return true;
}

static bool take_waiting(void *arg, const value *row, uint32_t matched)
{
    found *f = arg;
    (void)matched;
    f->count += str_is(row[INBOX_STATE].s, STATE_NEW);
    return true;
}

static uint64_t kept_bare(void)
{
    flow_stats all;
    flow_stats_get(fw.flow, &all);
    return all.forms_bare;
}

/* One that its module cannot read becomes a record of what the form makes, whole and marked. */
static void expect_kept_bare(const char *body, const char *shown)
{
    char text[128];
    uint64_t before = kept_bare();
    int64_t items = flow_world_look("test.item", flow_world_item).count;
    send_form_now(body);
    send_form_now("good=1");
    flow_world_settle();
    assert_int_equal(flow_world_look("test.item", flow_world_item).count,
                     items + 1); /* the other waits for nothing */
    assert_ok(flow_advance(fw.flow, clock_now() + 20000));
    assert_int_equal(flow_world_look("test.item", flow_world_item).count, items + 1);
    assert_ok(flow_advance(fw.flow, clock_now() + 2 * MINUTE));
    snprintf(text, sizeof text, "form.bare|form.bare\n%s|{\"note\":\"form_unread\"}", shown);
    assert_string_equal(flow_world_look("test.item", take_note).text, text);
    assert_int_equal(flow_world_look("sys.inbox", take_waiting).count, 0);
    assert_int_equal(kept_bare(), before + 1);
    int runs = atomic_load(&fw.job_runs);
    assert_ok(flow_advance(fw.flow, clock_now() + 24 * 60 * MINUTE));
    assert_int_equal(atomic_load(&fw.job_runs), runs);
    assert_int_equal(flow_world_look("test.item", flow_world_item).count, items + 2);
}

static void a_form_its_module_is_too_slow_for_is_kept_bare(void **state)
{
    (void)state;
    expect_kept_bare("slow=%D0%B4%D0%B0+1&tel=%2B7", "slow=да 1\ntel=+7");
}

static void a_form_its_module_refuses_is_kept_bare(void **state)
{
    (void)state;
    expect_kept_bare("bad=%ff", "bad=%ff"); /* no UTF-8 behind the escapes */
}

/* Neither can take it for ten minutes: they are asked in turn, and the first that can has it. */
static void try_both_in_vain(void)
{
    atomic_store(&fw.bare_is_refused, true);
    atomic_store(&fw.form_is_mended, false);
    send_form_now("bad=1");
    assert_ok(flow_advance(fw.flow, clock_now() + 10 * MINUTE));
    assert_int_equal(flow_world_look("sys.inbox", take_waiting).count, 1);
}

static void a_form_that_cannot_be_kept_bare_goes_to_its_module_in_turn(void **state)
{
    (void)state;
    try_both_in_vain();
    assert_int_equal(flow_world_look("test.item", flow_world_item).count, 0);
    atomic_store(&fw.form_is_mended, true);
    assert_ok(flow_advance(fw.flow, clock_now() + 24 * 60 * MINUTE));
    assert_int_equal(flow_world_look("test.item", flow_world_item).count, 1);
    assert_int_equal(kept_bare(), 0);
    try_both_in_vain();
    atomic_store(&fw.bare_is_refused, false);
    assert_ok(flow_advance(fw.flow, clock_now() + 24 * 60 * MINUTE));
    assert_int_equal(flow_world_look("test.item", flow_world_item).count, 2);
    assert_int_equal(kept_bare(), 1);
    assert_int_equal(flow_world_look("sys.inbox", take_waiting).count, 0);
}

static bool take_trapped(void *arg, const value *row, uint32_t matched)
{
    found *f = arg;
    (void)matched;
    f->count += str_is(row[INBOX_STATE].s, STATE_TRAPPED);
    snprintf(f->text, sizeof f->text, "%.*s", STR_FMT(row[INBOX_ERROR].s));
    return true;
}

static void a_form_a_robot_filled_is_kept_counted_and_swept(void **state)
{
    flow_stats all;
    (void)state;
    send_form_now("trap=1");
    flow_world_settle();
    int runs = atomic_load(&fw.job_runs);
    assert_ok(flow_advance(fw.flow, clock_now() + 60 * MINUTE));
    found kept = flow_world_look("sys.inbox", take_trapped);
    assert_int_equal(kept.count, 1);
    assert_string_equal(kept.text, "trap");
    assert_int_equal(atomic_load(&fw.job_runs), runs);
    flow_stats_get(fw.flow, &all);
    assert_int_equal(all.forms_trapped, 1);
    assert_ok(flow_advance(fw.flow, clock_now() + 32LL * 24 * 60 * MINUTE));
    assert_int_equal(flow_world_look("sys.inbox", take_trapped).count, 0);
}

static void a_form_waits_for_what_passes_by_itself(void **state)
{
    (void)state;
    send_form_now("away=1");
    assert_ok(flow_advance(fw.flow, clock_now() + 24 * 60 * MINUTE));
    assert_true(atomic_load(&fw.job_runs) > 20);
    assert_int_equal(flow_world_look("test.item", flow_world_item).count, 0);
    assert_int_equal(flow_world_look("sys.inbox", take_waiting).count, 1);
    assert_int_equal(kept_bare(), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, flow_world_open, flow_world_close)
    const struct CMUnitTest tests[] = {
        T(a_form_its_module_is_too_slow_for_is_kept_bare),
        T(a_form_its_module_refuses_is_kept_bare),
        T(a_form_that_cannot_be_kept_bare_goes_to_its_module_in_turn),
        T(a_form_a_robot_filled_is_kept_counted_and_swept),
        T(a_form_waits_for_what_passes_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
