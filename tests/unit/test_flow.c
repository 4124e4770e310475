/*
 * test_flow.c - what the writer, the scheduler and the rules promise, on the engine in memory with
 * late completion and on virtual time. Real threads, so it also runs under ThreadSanitizer.
 */
#include "unit.h"

#include "data/stores.h"
#include <stdatomic.h>

#include "flow/flow_private.h"

#define START_MS 1800255600000LL /* 2027-01-18T07:00:00Z */
#define MINUTE   60000LL
#define N(lit)               \
    {                        \
        lit, sizeof(lit) - 1 \
    }

enum { ITEM_NAME = COL_OWN, ITEM_OWNER, ITEM_CODE, ITEM_NOTE };

static engine *store_engine;
static flow *running;
static atomic_int job_runs, job_fails_left, seen_changes;
static atomic_bool bare_is_refused, form_is_mended;
static int64_t job_ran_at;

static const field item_fields[] = {
    {.name = N("name"), .type = FIELD_TEXT, .flags = FIELD_REQUIRED},
    {.name = N("owner"), .type = FIELD_USER, .flags = FIELD_INDEXED},
    {.name = N("code"), .type = FIELD_TEXT, .flags = FIELD_UNIQUE},
    {.name = N("note"), .type = FIELD_MULTILINE},
};
static const entity item = {.name = N("test.item"),
                            .module = N("test"),
                            .fields = item_fields,
                            .field_count = 4,
                            .title_field = ITEM_NAME,
                            .owner_fields = {ITEM_OWNER}};

/* ---- the world ------------------------------------------------------------------------------- */

static crm_status count_job(crm_ctx *c, crm_str arg, const void *fn)
{
    (void)c;
    (void)arg;
    (void)fn;
    if (atomic_load(&job_fails_left) > 0) {
        atomic_fetch_sub(&job_fails_left, 1);
        return CRM_UPSTREAM;
    }
    atomic_fetch_add(&job_runs, 1);
    job_ran_at = clock_now();
    return CRM_OK;
}

static crm_status add_item(crm_ctx *c, const char *name)
{
    record *r;
    const entity *e = registry_entity(c->reg, CRM_S("test.item"));
    crm_status s = records_new(c, e, &r);
    if (s == CRM_OK) {
        s = record_set(r, &e->fields[ITEM_NAME], value_text(str_of(name)));
    }
    return s == CRM_OK ? records_save(c, r, 0) : s;
}

/* Writes, and goes on writing past the time it declared; it says what came of that. */
static crm_status overstay_job(crm_ctx *c, crm_str arg, const void *fn)
{
    (void)arg;
    (void)fn;
    crm_status s = add_item(c, "in time");
    while (!call_is_over(c)) {
        uv_sleep(1);
    }
    atomic_fetch_add(&job_runs, 1);
    return s == CRM_OK ? add_item(c, "late") : s;
}

/* Of a record made of a form's whole text. */
static crm_status refuse_bare(crm_ctx *c, record *now, const record *was, const void *fn)
{
    (void)was;
    (void)fn;
    bool is_bare = !value_is_null(now->v[ITEM_NOTE]);
    return is_bare && atomic_load(&bare_is_refused) ? call_fail(c, CRM_INVALID, "invalid") : CRM_OK;
}

/* What reads the form "site": how it fails is the body's first word. What it writes then is undone.
 */
static crm_status read_form(crm_ctx *c, crm_str instance, crm_str content_type, crm_str body,
                            const void *fn)
{
    (void)instance;
    (void)content_type;
    (void)fn;
    if (str_starts(body, CRM_S("trap"))) {
        atomic_fetch_add(&job_runs, 1);
        return call_fail_text(c, CRM_DENIED, "trap", "%s", "a robot");
    }
    crm_status s = add_item(c, "read");
    atomic_fetch_add(&job_runs, 1);
    if (str_starts(body, CRM_S("slow"))) {
        return CRM_TIMEOUT;
    }
    if (str_starts(body, CRM_S("away"))) {
        return CRM_UPSTREAM;
    }
    bool is_bad = str_starts(body, CRM_S("bad")) && !atomic_load(&form_is_mended);
    return is_bad ? call_fail(c, CRM_INVALID, "invalid") : s;
}

static crm_status hear(crm_ctx *c, const change *ch, const void *fn)
{
    (void)c;
    (void)fn;
    (void)ch;
    atomic_fetch_add(&seen_changes, 1);
    return CRM_OK;
}

static const rule_step assign_and_tell[] = {
    {.verb = N("assign"), .args_json = N("{\"role\":\"seller\"}")},
    {.verb = N("notify"), .args_json = N("{\"to\":\"owner\",\"text\":\"Новое: {name}\"}")},
};
static const rule_step tell_head[] = {
    {.verb = N("notify"), .args_json = N("{\"to\":\"hanna\",\"text\":\"Некому: {name}\"}")},
};

static const rule_step tell_namesake[] = {
    {.verb = N("notify"), .args_json = N("{\"to\":\"hanna\",\"text\":\"Тёзка: {name}\"}")},
};

static void declare(registry *r)
{
    static const hook refusing = {.entity_name = N("test.item"),
                                  .when = HOOK_BEFORE_CREATE,
                                  .module = N("test"),
                                  .run = refuse_bare};
    static const job counting = {.name = N("test.count"), .module = N("test"), .run = count_job};
    static const job overstaying = {
        .name = N("test.overstay"), .module = N("test"), .run = overstay_job, .limit_ms = 20};
    static const listener hearing = {
        .name = N("test.hear"), .entity_name = N("test.item"), .module = N("test"), .run = hear};
    static const rule on_create = {.name = N("R-1"),
                                   .text = N("…"),
                                   .entity_name = N("test.item"),
                                   .on = 'c',
                                   .steps = assign_and_tell,
                                   .step_count = 2,
                                   .otherwise = tell_head,
                                   .otherwise_count = 1};
    static const rule over_others = {
        .name = N("R-2"),
        .text = N("…"),
        .entity_name = N("test.item"),
        .on = 'c',
        .where_text = N("[\"name\",\"in_query\",{\"entity\":\"user\",\"field\":\"login\"}]"),
        .steps = tell_namesake,
        .step_count = 1};
    static const integration_type forms = {
        .name = N("form"), .module = N("test"), .receive = read_form};
    static const integration site = {.name = N("site"),
                                     .type_name = N("form"),
                                     .settings_json = N("{\"creates\":\"test.item\"}")};
    assert_ok(flow_register(r));
    assert_ok(registry_add_integration_type(r, &forms));
    assert_ok(registry_add_integration(r, &site));
    assert_ok(registry_add_entity(r, &item));
    assert_ok(registry_add_hook(r, &refusing));
    assert_ok(registry_add_job(r, &counting));
    assert_ok(registry_add_job(r, &overstaying));
    assert_ok(registry_add_listener(r, &hearing));
    assert_ok(registry_add_rule(r, &on_create));
    assert_ok(registry_add_rule(r, &over_others));
}

static void build(void)
{
    registry *r = registry_new();
    arena *a = arena_new(0);
    registry_fault *faults = NULL;
    engine_session *s;
    people *p;
    declare(r);
    assert_ok(registry_seal(r, a, &faults));
    assert_ok(engine_open_memory(7, &store_engine));
    assert_ok(engine_schema(store_engine, r, a, &faults));
    registry_publish(r, NULL, NULL);
    assert_ok(engine_session_open(store_engine, ENGINE_READER, (engine_deliver){NULL, NULL}, &s));
    assert_ok(people_build(s, r, &p));
    engine_session_close(s);
    people_publish(p);
    arena_free(a);
}

static int setup(void **state)
{
    static bool is_virtual;
    (void)state;
    if (!is_virtual) {
        clock_virtual(START_MS);
    }
    is_virtual = true;
    log_set_level(LOG_ERROR);
    build();
    flow_options o = {.engine = store_engine, .writer_queue = 16};
    assert_ok(flow_start(&o, &running));
    assert_ok(flow_ready(running));
    atomic_store(&job_runs, 0);
    atomic_store(&job_fails_left, 0);
    atomic_store(&seen_changes, 0);
    atomic_store(&bare_is_refused, false);
    atomic_store(&form_is_mended, false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_true(flow_stop(running, 2000));
    registry_publish(NULL, NULL, NULL);
    engine_close(store_engine);
    return 0;
}

/* ---- acting ---------------------------------------------------------------------------------- */

typedef struct act {
    crm_ctx c;
    write_request w;
    const char *name, *code, *login, *roles;
    bool fail, is_taken_back;
    int64_t id;
    atomic_int is_done;
} act;

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

static crm_status do_now(crm_status (*commit)(crm_ctx *, void *), act *x)
{
    assert_ok(call_begin(&x->c, &principal_system, CRM_S("test")));
    crm_status s = writer_run(running, &x->c, commit, x);
    call_end(&x->c);
    return s;
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

static void wait_idle(void)
{
    while (!flow_is_idle(running)) {
        uv_sleep(1);
    }
}

typedef struct found {
    int64_t count, owner;
    char text[128];
} found;

static bool take_item(void *arg, const value *row, uint32_t matched)
{
    found *f = arg;
    (void)matched;
    f->count++;
    f->owner = row[ITEM_OWNER].i;
    return true;
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

static found look(const char *name, engine_row_fn take)
{
    found f = {0};
    engine_session *s;
    arena *a = arena_new(0);
    const registry *r = registry_pin();
    const entity *e = registry_entity(r, str_of(name));
    assert_ok(engine_session_open(store_engine, ENGINE_READER, (engine_deliver){NULL, NULL}, &s));
    query *q = query_new(a, e);
    engine_op op = {.kind = ENGINE_LIST, .entity = e, .query = q, .on_row = take, .arg = &f};
    engine_batch b = {.ops = &op, .count = 1};
    assert_ok(engine_read_now(s, &b));
    engine_session_close(s);
    registry_unpin(r);
    arena_free(a);
    return f;
}

/* ---- the writer ------------------------------------------------------------------------------ */

/* Queues everything while the writer is held, so that it becomes one group. */
static crm_status queue_all(void *arg)
{
    act *all = arg;
    for (; all->name; all++) {
        assert_ok(writer_submit(running, LANE_INTERACTIVE, &all->w));
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
    assert_ok(writer_exclusive(running, queue_all, all));
    for (act *x = all; x->name; x++) {
        while (!atomic_load(&x->is_done)) {
            uv_sleep(1);
        }
    }
    assert_int_equal(all[0].w.status, CRM_OK);
    assert_int_equal(all[1].w.status, CRM_CONFLICT);
    assert_int_equal(all[2].w.status, CRM_OK);
    wait_idle();
    assert_int_equal(look("test.item", take_item).count, 2);
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
    assert_ok(writer_exclusive(running, queue_all, all));
    for (act *x = all; x->name; x++) {
        while (!atomic_load(&x->is_done)) {
            uv_sleep(1);
        }
    }
    assert_int_equal(all[0].w.status, CRM_OK);
    assert_int_equal(all[1].w.status, CRM_TIMEOUT);
    assert_int_equal(all[2].w.status, CRM_OK);
    assert_false(writer_withdraw(&all[0].w)); /* what is written stays so */
    wait_idle();
    assert_int_equal(look("test.item", take_item).count, 2);
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
    assert_ok(writer_exclusive(running, queue_and_take_back, all));
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
    assert_ok(writer_exclusive(running, queue_all, all));
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
        taken += writer_submit(running, LANE_INTERACTIVE, &x[i].w) == CRM_OK;
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
    assert_ok(writer_exclusive(running, overfill, x));
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
    assert_ok(do_now(schedule, &x));
    assert_ok(do_now(schedule, &x)); /* the same key moves it, it does not double */
    assert_ok(flow_advance(running, start + 14 * MINUTE));
    assert_int_equal(atomic_load(&job_runs), 0);
    assert_ok(flow_advance(running, start + 60 * MINUTE));
    assert_int_equal(atomic_load(&job_runs), 1);
    assert_int_equal(job_ran_at, start + 15 * MINUTE);
}

static void failing_work_is_put_off_and_tried_again(void **state)
{
    act x = {0};
    (void)state;
    int64_t start = clock_now();
    atomic_store(&job_fails_left, 3);
    assert_ok(do_now(schedule, &x));
    assert_ok(flow_advance(running, start + 15 * MINUTE));
    assert_int_equal(atomic_load(&job_runs), 0);
    assert_ok(flow_advance(running, start + 60 * MINUTE));
    assert_int_equal(atomic_load(&job_runs), 1);
}

static void work_past_its_declared_time_is_taken_back_and_tried_again(void **state)
{
    act x = {0};
    (void)state;
    assert_ok(do_now(schedule_overstay, &x));
    assert_ok(flow_advance(running, clock_now() + MINUTE));
    assert_int_equal(atomic_load(&job_runs), 1);
    assert_int_equal(look("test.item", take_item).count, 0);
    assert_ok(flow_advance(running, clock_now() + MINUTE));
    assert_true(atomic_load(&job_runs) > 1);
    assert_int_equal(look("test.item", take_item).count, 0);
}

static void hopeless_work_is_given_up(void **state)
{
    act x = {0};
    (void)state;
    atomic_store(&job_fails_left, 1000);
    assert_ok(do_now(schedule, &x));
    assert_ok(flow_advance(running, clock_now() + 7 * 24 * 60 * MINUTE));
    int failed = 1000 - atomic_load(&job_fails_left);
    assert_int_equal(failed, 82); /* about three days of it */
}

/* ---- forms ----------------------------------------------------------------------------------- */

static crm_status send_form(crm_ctx *c, void *arg)
{
    act *x = arg;
    crm_str receipt, type = CRM_S("application/x-www-form-urlencoded");
    return inbox_store(c, CRM_S("site"), type, str_of(x->name), CRM_S("127.0.0.1"), &receipt);
}

static void send_form_now(const char *body)
{
    act x = {.name = body};
    assert_ok(do_now(send_form, &x));
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
    flow_stats_get(running, &all);
    return all.forms_bare;
}

/* One that its module cannot read becomes a record of what the form makes, whole and marked. */
static void expect_kept_bare(const char *body, const char *shown)
{
    char text[128];
    uint64_t before = kept_bare();
    int64_t items = look("test.item", take_item).count;
    send_form_now(body);
    send_form_now("good=1");
    wait_idle();
    assert_int_equal(look("test.item", take_item).count,
                     items + 1); /* the other waits for nothing */
    assert_ok(flow_advance(running, clock_now() + 20000));
    assert_int_equal(look("test.item", take_item).count, items + 1);
    assert_ok(flow_advance(running, clock_now() + 2 * MINUTE));
    snprintf(text, sizeof text, "form.bare|form.bare\n%s|{\"note\":\"form_unread\"}", shown);
    assert_string_equal(look("test.item", take_note).text, text);
    assert_int_equal(look("sys.inbox", take_waiting).count, 0);
    assert_int_equal(kept_bare(), before + 1);
    int runs = atomic_load(&job_runs);
    assert_ok(flow_advance(running, clock_now() + 24 * 60 * MINUTE));
    assert_int_equal(atomic_load(&job_runs), runs);
    assert_int_equal(look("test.item", take_item).count, items + 2);
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
    atomic_store(&bare_is_refused, true);
    atomic_store(&form_is_mended, false);
    send_form_now("bad=1");
    assert_ok(flow_advance(running, clock_now() + 10 * MINUTE));
    assert_int_equal(look("sys.inbox", take_waiting).count, 1);
}

static void a_form_that_cannot_be_kept_bare_goes_to_its_module_in_turn(void **state)
{
    (void)state;
    try_both_in_vain();
    assert_int_equal(look("test.item", take_item).count, 0);
    atomic_store(&form_is_mended, true);
    assert_ok(flow_advance(running, clock_now() + 24 * 60 * MINUTE));
    assert_int_equal(look("test.item", take_item).count, 1);
    assert_int_equal(kept_bare(), 0);
    try_both_in_vain();
    atomic_store(&bare_is_refused, false);
    assert_ok(flow_advance(running, clock_now() + 24 * 60 * MINUTE));
    assert_int_equal(look("test.item", take_item).count, 2);
    assert_int_equal(kept_bare(), 1);
    assert_int_equal(look("sys.inbox", take_waiting).count, 0);
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
    wait_idle();
    int runs = atomic_load(&job_runs);
    assert_ok(flow_advance(running, clock_now() + 60 * MINUTE));
    found kept = look("sys.inbox", take_trapped);
    assert_int_equal(kept.count, 1);
    assert_string_equal(kept.text, "trap");
    assert_int_equal(atomic_load(&job_runs), runs);
    flow_stats_get(running, &all);
    assert_int_equal(all.forms_trapped, 1);
    assert_ok(flow_advance(running, clock_now() + 32LL * 24 * 60 * MINUTE));
    assert_int_equal(look("sys.inbox", take_trapped).count, 0);
}

static void a_form_waits_for_what_passes_by_itself(void **state)
{
    (void)state;
    send_form_now("away=1");
    assert_ok(flow_advance(running, clock_now() + 24 * 60 * MINUTE));
    assert_true(atomic_load(&job_runs) > 20);
    assert_int_equal(look("test.item", take_item).count, 0);
    assert_int_equal(look("sys.inbox", take_waiting).count, 1);
    assert_int_equal(kept_bare(), 0);
}

/* ---- rules and listeners --------------------------------------------------------------------- */

static void a_rule_assigns_and_tells(void **state)
{
    act anna = {.login = "anna", .roles = "seller"}, x = {.name = "кран"};
    (void)state;
    assert_ok(do_now(hire, &anna));
    assert_ok(do_now(create, &x));
    wait_idle();
    assert_int_equal(look("test.item", take_item).owner, anna.id);
    found n = look("notification", take_notice);
    assert_int_equal(n.count, 1);
    assert_int_equal(n.owner, anna.id);
    assert_string_equal(n.text, "Новое: кран");
}

static void the_freest_gets_it(void **state)
{
    act anna = {.login = "anna", .roles = "seller"}, boris = {.login = "boris", .roles = "seller"};
    act x = {.name = "1"}, y = {.name = "2"};
    (void)state;
    assert_ok(do_now(hire, &anna));
    assert_ok(do_now(hire, &boris));
    assert_ok(do_now(create, &x));
    wait_idle();
    int64_t first = look("test.item", take_item).owner;
    assert_ok(do_now(create, &y));
    wait_idle();
    int64_t second = look("test.item", take_item).owner;
    assert_true(first && second && first != second);
}

static void nobody_free_takes_the_otherwise(void **state)
{
    act hanna = {.login = "hanna", .roles = "head"}, x = {.name = "кран"};
    (void)state;
    assert_ok(do_now(hire, &hanna));
    assert_ok(do_now(create, &x));
    wait_idle();
    found n = look("notification", take_notice);
    assert_int_equal(n.count, 1);
    assert_int_equal(n.owner, hanna.id);
    assert_string_equal(n.text, "Некому: кран");
}

static void a_rule_judges_by_other_rows(void **state)
{
    act hanna = {.login = "hanna", .roles = "head"}, anna = {.login = "anna", .roles = "seller"};
    act namesake = {.name = "Hanna"};
    (void)state;
    assert_ok(do_now(hire, &hanna));
    assert_ok(do_now(hire, &anna));
    assert_ok(do_now(create, &namesake));
    wait_idle();
    found n = look("notification", take_notice);
    assert_int_equal(n.count, 2); /* the assigned one and the namesake */
}

static void a_listener_hears_every_change(void **state)
{
    act x = {.name = "1"}, y = {.name = "2"};
    (void)state;
    wait_idle();
    assert_ok(do_now(create, &x));
    assert_ok(do_now(create, &y));
    wait_idle();
    assert_int_equal(atomic_load(&seen_changes), 2);
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
        assert_ok(do_now(hire, &one));
    }
    assert_ok(do_now(create, &x));
    wait_idle();
    assert_true(atomic_load(&seen_changes) >= 1);
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

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define OF(requirement, name)                               \
    {                                                       \
        requirement ": " #name, name, setup, teardown, NULL \
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
        T(a_form_its_module_is_too_slow_for_is_kept_bare),
        T(a_form_its_module_refuses_is_kept_bare),
        T(a_form_that_cannot_be_kept_bare_goes_to_its_module_in_turn),
        T(a_form_a_robot_filled_is_kept_counted_and_swept),
        T(a_form_waits_for_what_passes_by_itself),
        T(a_rule_assigns_and_tells),
        T(a_rule_judges_by_other_rows),
        OF("S-02", the_freest_gets_it),
        T(nobody_free_takes_the_otherwise),
        T(a_listener_hears_every_change),
        T(a_listener_passes_over_what_is_not_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
