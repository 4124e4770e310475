/* test_data_stage_log.c - how long records stay in their stages, and who may know (S-94). */
#include "data/aggregate.h"
#include "data/stage_log.h"
#include "data_world.h"

#define T0 1800000000000

static int64_t count_of(int64_t user)
{
    int64_t count = 0;
    record **rows;
    uint32_t n;
    crm_ctx *c = world_read(&w, user);
    query q = {.entity = w.lead->stage_log};
    assert_ok(records_list(c, &q, &rows, &n));
    count = n;
    world_read_end(&w);
    return count;
}

/* A lead of `owner` that stays in "new" so long and then goes to "work". */
static int64_t lead_after(const char *title, int64_t owner, int64_t ms)
{
    int64_t begun = clock_now();
    int64_t id = world_lead(&w, title, owner, 0);
    clock_set(begun + ms);
    assert_ok(world_update(&w, owner, w.lead, id, LEAD_STAGE, TEXT("work")));
    return id;
}

/* ---- what is written ------------------------------------------------------------------------- */

static record *stay_of(int64_t lead, crm_str name)
{
    record **rows;
    uint32_t count;
    const entity *log = w.lead->stage_log;
    crm_ctx *c = world_read(&w, 0);
    query q = {.entity = log};
    q.where = cond_and(c->arena,
                       cond_compare(c->arena, COND_EQ, &log->fields[STAY_RECORD], value_int(lead)),
                       cond_compare(c->arena, COND_EQ, &log->fields[STAY_STAGE], value_text(name)));
    assert_ok(records_list(c, &q, &rows, &count));
    assert_int_equal(count, 1);
    return rows[0];
}

static void a_stay_has_its_beginning_its_end_and_who_made_them(void **state)
{
    (void)state;
    clock_virtual(T0);
    int64_t id = lead_after("one", w.anna, 60000);
    record *r = stay_of(id, CRM_S("new"));
    assert_true(value_is_null(r->v[STAY_FROM]));
    assert_text(r->v[STAY_TO].s, "work");
    assert_true(r->v[STAY_ENTERED_AT].i == T0 && r->v[STAY_LEFT_AT].i == T0 + 60000);
    assert_int_equal(r->v[STAY_LEFT_BY].i, w.anna);
    assert_int_equal(r->v[STAY_MS].i, 60000);
    world_read_end(&w);
    r = stay_of(id, CRM_S("work"));
    assert_text(r->v[STAY_FROM].s, "new");
    assert_true(r->v[STAY_ENTERED_AT].i == T0 + 60000);
    assert_int_equal(r->v[STAY_ENTERED_BY].i, w.anna);
    assert_true(value_is_null(r->v[STAY_LEFT_AT]) && value_is_null(r->v[STAY_MS]));
    world_read_end(&w);
}

static void nobody_writes_stays_but_the_kernel(void **state)
{
    (void)state;
    clock_virtual(T0);
    int64_t id = lead_after("one", w.anna, 60000);
    const entity *log = w.lead->stage_log;
    const int64_t whoever[] = {w.zina, 0};
    for (size_t i = 0; i < 2; i++) {
        record *r;
        crm_ctx *c = world_begin(&w, whoever[i]);
        assert_ok(records_new(c, log, &r));
        assert_ok(record_set(r, &log->fields[STAY_RECORD], value_int(id)));
        assert_int_equal(records_save(c, r, 0), CRM_DENIED);
        world_end(&w, CRM_DENIED);
        assert_int_equal(world_update(&w, whoever[i], log, 1, STAY_MS, value_int(1)), CRM_DENIED);
        c = world_begin(&w, whoever[i]);
        assert_int_equal(records_delete(c, log, 1, 0), CRM_DENIED);
        world_end(&w, CRM_DENIED);
    }
}

/* ---- who may know ---------------------------------------------------------------------------- */

#define N(lit)               \
    {                        \
        lit, sizeof(lit) - 1 \
    }
static const crm_str title_only[] = {N("title")};
static const grant titles_for_all[] = {{.role = N(ROLE_EVERYONE),
                                        .entity_name = N("test.lead"),
                                        .action = ACTION_READ,
                                        .scope = SCOPE_ALL,
                                        .fields = title_only,
                                        .field_count = 1,
                                        .source = N("test")}};

static int open_titles(void **state)
{
    world_grants = titles_for_all;
    world_grant_count = 1;
    return open_world(state);
}

static int open_titles_delayed(void **state)
{
    world_grants = titles_for_all;
    world_grant_count = 1;
    return open_delayed(state);
}

typedef struct figures {
    int64_t count, half, most;
} figures;

static bool take_new(void *arg, const group_view *v)
{
    if (str_is(v->keys[0].s, "new")) {
        *(figures *)arg = (figures){v->measures[0].i, v->measures[1].i, v->measures[2].i};
    }
    return true;
}

/* One question: the time in each stage; what it says of "new". */
static figures time_in_new(int64_t user, crm_status expected)
{
    static const char question[] = "{\"by\":[\"stage\"],\"measures\":{\"n\":\"count\",\"half\":{"
                                   "\"p50\":\"ms\"},\"most\":{\"max\":\"ms\"}}}";
    figures got = {0};
    grouping *g;
    aggregate_told told;
    json_t *json = json_loads(question, 0, NULL);
    crm_ctx *c = world_read(&w, user);
    crm_status st = grouping_read(c, w.lead->stage_log, json, &g);
    st = st ? st : aggregate_run(c, g, take_new, &got, &told);
    assert_int_equal(st, expected);
    json_decref(json);
    world_read_end(&w);
    return got;
}

static void a_stay_is_seen_and_counted_by_who_sees_the_stage_of_its_record(void **state)
{
    (void)state;
    clock_virtual(T0);
    lead_after("anna", w.anna, 60000);
    int64_t boris = lead_after("boris", w.boris, 600000);
    assert_string_equal(world_titles(&w, w.anna, NULL), "anna boris");
    assert_int_equal(count_of(w.anna), 2);
    assert_int_equal(count_of(w.hanna), 4);
    assert_int_equal(count_of(w.vera), 4);
    figures f = time_in_new(w.hanna, CRM_OK);
    assert_true(f.count == 2 && f.half == 60000 && f.most == 600000);
    f = time_in_new(w.anna, CRM_OK);
    assert_true(f.count == 1 && f.half == 60000 && f.most == 60000);
    crm_ctx *c = world_begin(&w, w.zina);
    assert_ok(records_delete(c, w.lead, boris, 0));
    world_end(&w, CRM_OK);
    f = time_in_new(w.hanna, CRM_OK);
    assert_true(f.count == 1 && f.most == 60000);
}

/* He sees leads and no stage of any, so there is nothing by that name to ask about. */
static void without_the_stage_there_is_no_log(void **state)
{
    (void)state;
    clock_virtual(T0);
    lead_after("anna", w.anna, 60000);
    assert_string_equal(world_titles(&w, w.oleg, NULL), "anna");
    crm_ctx *c = world_read(&w, w.oleg);
    assert_false(rights_may_some(c, w.lead->stage_log, ACTION_READ));
    world_read_end(&w);
    time_in_new(w.oleg, CRM_NOT_FOUND);
}

/* ---- the bottleneck -------------------------------------------------------------------------- */

static bool put_stage(void *arg, const group_view *v)
{
    char line[120];
    const value *m = v->measures;
    snprintf(line, sizeof line, "%.*s %lld %lld %lld %lld\n", STR_FMT(v->keys[0].s),
             (long long)m[0].i, (long long)m[1].i, (long long)m[2].i, (long long)m[3].i);
    strncat(arg, line, 400 - strlen(arg) - 1);
    return true;
}

/* What was passed, what stands there now, the usual and the long time: slowest stage first. */
static void stages_with_their_durations_show_the_bottleneck(void **state)
{
    (void)state;
    static const char question[] =
        "{\"by\":[\"stage\"],\"measures\":{\"passed\":{\"filled\":\"ms\"},\"here\":{\"count\":true,"
        "\"where\":[\"left_at\",\"none\"]},\"half\":{\"p50\":\"ms\"},\"most\":{\"p90\":\"ms\"}},"
        "\"sort\":[\"-most\"]}";
    char text[400] = "";
    grouping *g;
    aggregate_told told;
    clock_virtual(T0);
    lead_after("one", w.anna, 3600000);
    lead_after("two", w.boris, 10800000);
    lead_after("three", w.anna, 36000000);
    json_t *json = json_loads(question, 0, NULL);
    crm_ctx *c = world_read(&w, w.hanna);
    assert_ok(grouping_read(c, w.lead->stage_log, json, &g));
    assert_ok(aggregate_run(c, g, put_stage, text, &told));
    json_decref(json);
    world_read_end(&w);
    assert_string_equal(text, "new 3 0 10800000 36000000\nwork 0 3 0 0\n");
}

/* ---- the log of before ----------------------------------------------------------------------- */

static void add_old(int64_t lead, value from, crm_str to, int64_t at)
{
    int64_t id;
    value row[STAGE_LOG_COLUMNS] = {0};
    row[STAGE_LOG_ENTITY] = value_text(w.lead->name);
    row[STAGE_LOG_RECORD] = value_int(lead);
    row[STAGE_LOG_FROM] = from;
    row[STAGE_LOG_TO] = value_text(to);
    row[STAGE_LOG_AT] = value_int(at);
    assert_ok(tx_insert(w.tx, registry_store(w.reg, STORE_STAGE_LOG), row, &id));
}

/* As a version without stage logs has left it: moved from "new" to "work" after a minute. */
static int64_t lead_of_before(const char *title)
{
    const entity *log = w.lead->stage_log;
    int64_t id = world_lead(&w, title, w.anna, 0);
    world_begin(&w, 0);
    /* Its only stay is the newest row. */
    query q = {.entity = log, .limit = 1, .sorts = {{&log->fields[COL_ID], true}}, .sort_count = 1};
    record **rows;
    uint32_t count;
    assert_ok(records_list(&w.call, &q, &rows, &count));
    assert_ok(tx_delete(w.tx, log, rows[0]->v[COL_ID].i));
    add_old(id, value_null(), CRM_S("new"), T0);
    add_old(id, TEXT("new"), CRM_S("work"), T0 + 60000);
    world_end(&w, CRM_OK);
    return id;
}

static void stays_of_before_are_brought_over(void **state)
{
    (void)state;
    bool is_done = false;
    clock_virtual(T0);
    int64_t id = lead_of_before("one");
    crm_ctx *c = world_begin(&w, 0);
    assert_ok(stage_log_bring(c, 10, &is_done));
    assert_true(is_done);
    world_end(&w, CRM_OK);
    record *r = stay_of(id, CRM_S("new"));
    assert_int_equal(r->v[STAY_MS].i, 60000);
    world_read_end(&w);
    r = stay_of(id, CRM_S("work"));
    assert_true(r->v[STAY_ENTERED_AT].i == T0 + 60000 && value_is_null(r->v[STAY_LEFT_AT]));
    world_read_end(&w);
}

static void a_record_that_moves_brings_its_stays_first(void **state)
{
    (void)state;
    clock_virtual(T0);
    int64_t id = lead_of_before("one");
    world_begin(&w, 0);
    assert_ok(stage_log_write(&w.call, &(stage_change){.of = w.lead,
                                                       .record = id,
                                                       .at = T0 + 90000,
                                                       .from = TEXT("work"),
                                                       .to = TEXT("lost")}));
    world_end(&w, CRM_OK);
    record *r = stay_of(id, CRM_S("work"));
    assert_int_equal(r->v[STAY_MS].i, 30000);
    world_read_end(&w);
    assert_int_equal(count_of(0), 3);
}

int main(void)
{
#define TITLES(test)                                                     \
    cmocka_unit_test_setup_teardown(test, open_titles, close_world),     \
    {                                                                    \
#test " (delayed)", test, open_titles_delayed, close_world, NULL \
    }
    const struct CMUnitTest tests[] = {
        BOTH(a_stay_has_its_beginning_its_end_and_who_made_them),
        BOTH(nobody_writes_stays_but_the_kernel),
        TITLES(a_stay_is_seen_and_counted_by_who_sees_the_stage_of_its_record),
        TITLES(without_the_stage_there_is_no_log),
        BOTH(stages_with_their_durations_show_the_bottleneck),
        BOTH(stays_of_before_are_brought_over),
        BOTH(a_record_that_moves_brings_its_stays_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
