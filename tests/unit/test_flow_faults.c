/*
 * test_flow_faults.c - the flow layer on a disk that fails: nobody is told of a success that is not
 * there, and work whose failure cannot be written does not run in a circle. Real threads.
 */
#include "fault_vfs.h"
#include "unit.h"

#include <stdatomic.h>
#include <unistd.h>

#include "data/stores.h"
#include "flow/flow_private.h"

#define N(lit)               \
    {                        \
        lit, sizeof(lit) - 1 \
    }

enum { ITEM_NAME = COL_OWN };

static engine *store_engine;
static flow *running;
static char dir[64];
static atomic_int fatals, heard, job_runs, not_put_off;

static const field item_fields[] = {{.name = N("name"), .type = FIELD_TEXT}};
static const entity item = {.name = N("test.item"),
                            .module = N("test"),
                            .fields = item_fields,
                            .field_count = 1,
                            .title_field = ITEM_NAME};

/* ---- the world ------------------------------------------------------------------------------- */

/* Fails, and from then on the disk takes nothing: not even the failure. */
static crm_status fail_with_the_disk(crm_ctx *c, crm_str arg, const void *fn)
{
    (void)c;
    (void)arg;
    (void)fn;
    atomic_fetch_add(&job_runs, 1);
    fault_vfs_plan(FAULT_WRITE, 1, SQLITE_FULL, true);
    return CRM_UPSTREAM;
}

static crm_status hear(crm_ctx *c, const change *ch, const void *fn)
{
    (void)c;
    (void)ch;
    (void)fn;
    atomic_fetch_add(&heard, 1);
    return CRM_OK;
}

static void declare(registry *r)
{
    static const job failing = {
        .name = N("test.fail"), .module = N("test"), .work = fail_with_the_disk};
    static const listener hearing = {
        .name = N("test.hear"), .entity_name = N("test.item"), .module = N("test"), .run = hear};
    assert_ok(flow_register(r));
    assert_ok(registry_add_entity(r, &item));
    assert_ok(registry_add_job(r, &failing));
    assert_ok(registry_add_listener(r, &hearing));
}

static void publish_all(void)
{
    registry *r = registry_new();
    arena *a = arena_new(0);
    registry_fault *faults = NULL;
    engine_session *s;
    people *p;
    declare(r);
    assert_ok(registry_seal(r, a, &faults));
    assert_ok(engine_schema(store_engine, r, a, &faults));
    registry_publish(r, NULL, NULL);
    assert_ok(engine_session_open(store_engine, ENGINE_READER, (engine_deliver){NULL, NULL}, &s));
    assert_ok(people_build(s, r, &p));
    engine_session_close(s);
    people_publish(p);
    arena_free(a);
}

static void storage_failed(void *arg)
{
    (void)arg;
    atomic_fetch_add(&fatals, 1);
}

static void watch_log(const char *line, void *arg)
{
    (void)arg;
    atomic_fetch_add(&not_put_off, strstr(line, "job.not_put_off job=\"test.fail\"") != NULL);
}

static int setup(void **state)
{
    (void)state;
    atomic_store(&fatals, 0);
    atomic_store(&heard, 0);
    atomic_store(&job_runs, 0);
    atomic_store(&not_put_off, 0);
    log_capture(watch_log, NULL);
    snprintf(dir, sizeof dir, "/tmp/karkas-flow-XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_ok(engine_open_sqlite(dir, &store_engine));
    publish_all();
    flow_options o = {.engine = store_engine, .fatal = storage_failed};
    assert_ok(flow_start(&o, &running));
    assert_ok(flow_ready(running));
    return 0;
}

static int teardown(void **state)
{
    static const char *const files[] = {"karkas.db", "karkas.db-wal", "karkas.db-shm"};
    (void)state;
    assert_true(flow_stop(running, 60000));
    fault_vfs_plan(FAULT_NONE, 0, 0, false);
    registry_publish(NULL, NULL, NULL);
    engine_close(store_engine);
    log_capture(NULL, NULL);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        unlink(path);
    }
    rmdir(dir);
    return 0;
}

/* ---- acting ---------------------------------------------------------------------------------- */

typedef struct act {
    crm_ctx c;
    write_request w;
    atomic_bool is_done;
} act;

static crm_status create(crm_ctx *c, void *arg)
{
    record *r;
    const entity *e = registry_entity(c->reg, CRM_S("test.item"));
    (void)arg;
    crm_status s = records_new(c, e, &r);
    s = s == CRM_OK ? record_set(r, &e->fields[ITEM_NAME], value_text(CRM_S("x"))) : s;
    return s == CRM_OK ? records_save(c, r, 0) : s;
}

static crm_status schedule(crm_ctx *c, void *arg)
{
    (void)arg;
    return timers_schedule(c, CRM_S("test.fail"), CRM_S("k"), clock_now(), CRM_S(""));
}

static crm_status do_now(crm_status (*commit)(crm_ctx *, void *))
{
    crm_ctx c;
    assert_ok(call_begin(&c, &principal_system, CRM_S("test")));
    crm_status s = writer_run(running, &c, commit, NULL);
    call_end(&c);
    return s;
}

static void finished(write_request *w, crm_status status)
{
    (void)status;
    atomic_store(&((act *)w->arg)->is_done, true);
}

#define GROUP 3
static crm_status queue_group(void *arg)
{
    act *all = arg;
    for (int i = 0; i < GROUP; i++) {
        assert_ok(writer_submit(running, LANE_INTERACTIVE, &all[i].w));
    }
    return CRM_OK;
}

/* Waits for what other threads do, as the harness's until(). */
#define UNTIL(condition)                                               \
    for (int64_t end = clock_mono() + 100000000000LL; !(condition);) { \
        assert_true(clock_mono() < end);                               \
        uv_sleep(1);                                                   \
    }

/* ---- the storage fails in a COMMIT ----------------------------------------------------------- */

static void one_write_whose_commit_fails_is_refused_and_the_server_is_told_at_once(void **state)
{
    (void)state;
    UNTIL(flow_is_idle(running)); /* the listener has taken its place in the log */
    assert_ok(do_now(create));
    UNTIL(atomic_load(&heard) == 1);
    UNTIL(flow_is_idle(running));
    fault_vfs_plan(FAULT_SYNC, 1, SQLITE_IOERR_FSYNC, false);
    assert_int_not_equal(do_now(create), CRM_OK);
    assert_int_equal(fault_vfs_hits(), 1);
    assert_int_equal(atomic_load(&fatals), 1);
    assert_int_equal(do_now(create), CRM_UNAVAILABLE); /* and nothing is written any more */
    assert_int_equal(atomic_load(&fatals), 1);
    UNTIL(flow_is_idle(running));
    assert_int_equal(atomic_load(&heard), 1);
}

static void a_group_whose_commit_fails_is_refused_as_a_whole(void **state)
{
    act all[GROUP] = {0};
    (void)state;
    UNTIL(flow_is_idle(running));
    for (int i = 0; i < GROUP; i++) {
        assert_ok(call_begin(&all[i].c, &principal_system, CRM_S("test")));
        call_save_point(&all[i].c);
        all[i].w =
            (write_request){.call = &all[i].c, .commit = create, .done = finished, .arg = &all[i]};
    }
    fault_vfs_plan(FAULT_SYNC, 1, SQLITE_IOERR_FSYNC, false);
    assert_ok(writer_exclusive(running, queue_group, all));
    for (int i = 0; i < GROUP; i++) {
        UNTIL(atomic_load(&all[i].is_done));
    }
    for (int i = 0; i < GROUP; i++) {
        assert_int_not_equal(all[i].w.status, CRM_OK);
        call_end(&all[i].c);
    }
    assert_int_equal(atomic_load(&fatals), 1);
    assert_int_equal(atomic_load(&heard), 0);
}

/* ---- a failure that cannot be written -------------------------------------------------------- */

static void work_whose_failure_cannot_be_written_waits_all_the_same(void **state)
{
    (void)state;
    assert_ok(do_now(schedule));
    UNTIL(atomic_load(&not_put_off) == 1);
    for (int i = 0; i < 5; i++) { /* everything that makes the scheduler look again */
        (void)!flow_ready(running);
        UNTIL(flow_is_idle(running));
    }
    assert_int_equal(atomic_load(&job_runs), 1);
    fault_vfs_plan(FAULT_NONE, 0, 0, false);
    assert_int_equal(atomic_load(&fatals), 0); /* a full disk is no failure of the storage */
    UNTIL(atomic_load(&job_runs) == 2);
}

/* ---- the log while work waits ---------------------------------------------------------------- */

/* As a worker does it: reads what is to be done, then has it written. */
static void *read_and_write(void *arg)
{
    crm_ctx *c = arg;
    query q = {.entity = registry_entity(c->reg, CRM_S("test.item"))};
    engine_op op = {.kind = ENGINE_COUNT, .entity = q.entity, .query = &q};
    engine_batch b = {.ops = &op, .count = 1};
    crm_status s = engine_read_now(c->session, &b);
    c->via = CRM_S("worker");
    return s == CRM_OK && writer_run(running, c, create, NULL) == CRM_OK ? c : NULL;
}

static uint32_t waiting(void)
{
    pthread_mutex_lock(&running->lock);
    uint32_t count = running->lanes[LANE_BULK].count;
    pthread_mutex_unlock(&running->lock);
    return count;
}

/* On the writer, for whom the worker waits meanwhile. */
static crm_status write_and_empty_the_log(void *arg)
{
    pthread_t *worker = ((void **)arg)[0];
    engine_stats stats;
    crm_ctx c;
    assert_int_equal(pthread_create(worker, NULL, read_and_write, ((void **)arg)[1]), 0);
    UNTIL(waiting() == 1);
    assert_ok(call_begin(&c, &principal_system, CRM_S("test")));
    assert_ok(writer_run_alone(running, &c, create, NULL));
    call_end(&c);
    while (engine_idle(running->writer_session)) {
    }
    engine_stats_get(store_engine, &stats);
    assert_int_equal(stats.wal_frames, 0);
    return CRM_OK;
}

static void work_that_waits_for_the_writer_holds_no_part_of_the_log(void **state)
{
    (void)state;
    pthread_t worker;
    engine_session *s;
    crm_ctx c;
    void *result, *both[] = {&worker, &c};
    UNTIL(flow_is_idle(running));
    assert_ok(do_now(create));
    UNTIL(flow_is_idle(running));
    assert_ok(engine_session_open(store_engine, ENGINE_READER, (engine_deliver){NULL, NULL}, &s));
    assert_ok(call_begin(&c, &principal_system, CRM_S("test")));
    c.session = s;
    assert_ok(writer_exclusive(running, write_and_empty_the_log, both));
    assert_int_equal(pthread_join(worker, &result), 0);
    assert_ptr_equal(result, &c);
    call_end(&c);
    engine_session_close(s);
}

/* ---- work behind ----------------------------------------------------------------------------- */

static void keys_of_older_rows_are_made_in_a_quarter_of_the_time_at_most(void **state)
{
    (void)state;
    assert_true(match_job_pause_ms(0) >= 10);
    assert_true(match_job_pause_ms(2000000) >= 12); /* 2 ms of keys are 4 ms of a slice */
    assert_true(match_job_pause_ms(20000000) >= 120);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(one_write_whose_commit_fails_is_refused_and_the_server_is_told_at_once),
        T(a_group_whose_commit_fails_is_refused_as_a_whole),
        T(work_that_waits_for_the_writer_holds_no_part_of_the_log),
        T(keys_of_older_rows_are_made_in_a_quarter_of_the_time_at_most),
        T(work_whose_failure_cannot_be_written_waits_all_the_same),
    };
    fault_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
