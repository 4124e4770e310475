/* flow_world.c - see flow_world.h. Real threads. */
#include "unit.h"

#include "flow_world.h"

#define START_MS 1800255600000LL /* 2027-01-18T07:00:00Z */
#define N(lit)               \
    {                        \
        lit, sizeof(lit) - 1 \
    }

struct flow_world fw;

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
    if (atomic_load(&fw.job_fails_left) > 0) {
        atomic_fetch_sub(&fw.job_fails_left, 1);
        return CRM_UPSTREAM;
    }
    atomic_fetch_add(&fw.job_runs, 1);
    fw.job_ran_at = clock_now();
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
    int64_t begun = clock_mono();
    crm_status s = add_item(c, "in time");
    while (!call_is_over(c)) {
        uv_sleep(1);
    }
    fw.overstayed_ns = clock_mono() - begun;
    atomic_fetch_add(&fw.job_runs, 1);
    return s == CRM_OK ? add_item(c, "late") : s;
}

/* Of a record made of a form's whole text. */
static crm_status refuse_bare(crm_ctx *c, record *now, const record *was, const void *fn)
{
    (void)was;
    (void)fn;
    bool is_bare = !value_is_null(now->v[ITEM_NOTE]);
    return is_bare && atomic_load(&fw.bare_is_refused) ? call_fail(c, CRM_INVALID, "invalid")
                                                       : CRM_OK;
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
        atomic_fetch_add(&fw.job_runs, 1);
        return call_fail_text(c, CRM_DENIED, "trap", "%s", "a robot");
    }
    crm_status s = add_item(c, "read");
    atomic_fetch_add(&fw.job_runs, 1);
    if (str_starts(body, CRM_S("slow"))) {
        return CRM_TIMEOUT;
    }
    if (str_starts(body, CRM_S("away"))) {
        return CRM_UPSTREAM;
    }
    bool is_bad = str_starts(body, CRM_S("bad")) && !atomic_load(&fw.form_is_mended);
    return is_bad ? call_fail(c, CRM_INVALID, "invalid") : s;
}

static crm_status hear(crm_ctx *c, const change *ch, const void *fn)
{
    (void)c;
    (void)fn;
    (void)ch;
    atomic_fetch_add(&fw.seen_changes, 1);
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
    assert_ok(engine_open_memory(7, &fw.engine));
    assert_ok(engine_schema(fw.engine, r, a, &faults));
    registry_publish(r, NULL, NULL);
    assert_ok(engine_session_open(fw.engine, ENGINE_READER, (engine_deliver){NULL, NULL}, &s));
    assert_ok(people_build(s, r, &p));
    engine_session_close(s);
    people_publish(p);
    arena_free(a);
}

int flow_world_open(void **state)
{
    static bool is_virtual;
    (void)state;
    if (!is_virtual) {
        clock_virtual(START_MS);
    }
    is_virtual = true;
    log_set_level(LOG_ERROR);
    build();
    flow_options o = {.engine = fw.engine, .writer_queue = 16, .slow_threads = 2};
    assert_ok(flow_start(&o, &fw.flow));
    assert_ok(flow_ready(fw.flow));
    atomic_store(&fw.job_runs, 0);
    atomic_store(&fw.job_fails_left, 0);
    atomic_store(&fw.seen_changes, 0);
    atomic_store(&fw.bare_is_refused, false);
    atomic_store(&fw.form_is_mended, false);
    return 0;
}

int flow_world_close(void **state)
{
    (void)state;
    assert_true(flow_stop(fw.flow, 60000));
    registry_publish(NULL, NULL, NULL);
    engine_close(fw.engine);
    return 0;
}

/* ---- acting ---------------------------------------------------------------------------------- */

crm_status flow_world_do(crm_status (*commit)(crm_ctx *, void *), act *x)
{
    assert_ok(call_begin(&x->c, &principal_system, CRM_S("test")));
    crm_status s = writer_run(fw.flow, &x->c, commit, x);
    call_end(&x->c);
    return s;
}

void flow_world_settle(void)
{
    while (!flow_is_idle(fw.flow)) {
        uv_sleep(1);
    }
}

bool flow_world_item(void *arg, const value *row, uint32_t matched)
{
    found *f = arg;
    (void)matched;
    f->count++;
    f->owner = row[ITEM_OWNER].i;
    return true;
}

found flow_world_look(const char *name, engine_row_fn take)
{
    found f = {0};
    engine_session *s;
    arena *a = arena_new(0);
    const registry *r = registry_pin();
    const entity *e = registry_entity(r, str_of(name));
    assert_ok(engine_session_open(fw.engine, ENGINE_READER, (engine_deliver){NULL, NULL}, &s));
    query *q = query_new(a, e);
    engine_op op = {.kind = ENGINE_LIST, .entity = e, .query = q, .on_row = take, .arg = &f};
    engine_batch b = {.ops = &op, .count = 1};
    assert_ok(engine_read_now(s, &b));
    engine_session_close(s);
    registry_unpin(r);
    arena_free(a);
    return f;
}
