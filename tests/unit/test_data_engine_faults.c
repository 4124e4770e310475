/* test_data_engine_faults.c - the engine on a disk that fails: no false success, nothing lost. */
#include "ahead_world.h"
#include "data/engine_sqlite.h"
#include "fault_vfs.h"

static int open_bench(void **state)
{
    *state = bench_new(ON_SQLITE, 0);
    return 0;
}

static int close_bench(void **state)
{
    fault_vfs_plan(FAULT_NONE, 0, 0, false);
    bench_free(*state);
    return 0;
}

static crm_status op(bench *b, engine_op_kind kind)
{
    engine_op one = {.kind = kind};
    return bench_op(b, &one);
}

static crm_status insert(bench *b, const char *name)
{
    value row[DEAL_COLUMNS];
    bench_row(row, &b->w->deal, 1000);
    row[DEAL_NAME] = value_text(str_of(name));
    engine_op one = {.kind = ENGINE_INSERT, .entity = &b->w->deal, .row = row};
    return bench_op(b, &one);
}

/* Three deals in one transaction; OK only when all of it was. */
static crm_status write_three(bench *b)
{
    crm_status s = op(b, ENGINE_BEGIN);
    for (int i = 0; i < 3 && s == CRM_OK; i++) {
        s = insert(b, "Крыша");
    }
    s = s == CRM_OK ? op(b, ENGINE_COMMIT) : s;
    if (s != CRM_OK) {
        (void)!op(b, ENGINE_ROLLBACK);
    }
    return s;
}

static int64_t count_deals(bench *b)
{
    query q = {.entity = &b->w->deal, .limit = 1000000};
    engine_turn_end(b->reader);
    return bench_count(b->reader, &q);
}

static bool is_broken(bench *b)
{
    engine_stats s;
    engine_stats_get(b->e, &s);
    return s.is_broken;
}

static void a_commit_that_cannot_be_made_durable_is_the_last(void **state)
{
    static const struct {
        fault_call call;
        int rc;
    } faults[] = {{FAULT_SYNC, SQLITE_IOERR_FSYNC}, {FAULT_WRITE, SQLITE_IOERR_WRITE}};
    bench *b = *state;
    for (size_t i = 0; i < 2; i++) {
        int64_t before = count_deals(b);
        assert_ok(write_three(b));
        assert_ok(op(b, ENGINE_BEGIN));
        assert_ok(insert(b, "Крыша"));
        fault_vfs_plan(faults[i].call, 1, faults[i].rc, false);
        assert_int_equal(op(b, ENGINE_COMMIT), CRM_INTERNAL);
        assert_int_equal(fault_vfs_hits(), 1);
        assert_true(is_broken(b));
        assert_int_equal(op(b, ENGINE_BEGIN), CRM_UNAVAILABLE);
        assert_int_equal(count_deals(b), before + 3); /* reads go on */
        fault_vfs_plan(FAULT_NONE, 0, 0, false);
        bench_reopen(b);
        assert_false(is_broken(b));
        assert_in_range(count_deals(b), before + 3,
                        before + 4); /* recovery decides about the last */
        assert_ok(write_three(b));
    }
}

/* An fsync that fails in a checkpoint is not tried again either: the log still holds everything. */
static void a_checkpoint_that_cannot_be_made_durable_ends_writing(void **state)
{
    bench *b = *state;
    assert_ok(write_three(b));
    fault_vfs_plan(FAULT_SYNC, 1, SQLITE_IOERR_FSYNC, false);
    bench_rest(b);
    assert_int_equal(fault_vfs_hits(), 1);
    assert_true(is_broken(b));
    assert_int_equal(op(b, ENGINE_BEGIN), CRM_UNAVAILABLE);
    bench_reopen(b);
    assert_int_equal(count_deals(b), 3);
}

/* Whichever single call fails, once: what was acknowledged is there, and the file is whole. */
static void whichever_call_fails_nothing_acknowledged_is_lost(void **state)
{
    static const struct {
        fault_call call;
        int rc;
    } faults[] = {{FAULT_WRITE, SQLITE_IOERR_WRITE},
                  {FAULT_WRITE, SQLITE_FULL},
                  {FAULT_SYNC, SQLITE_IOERR_FSYNC},
                  {FAULT_READ, SQLITE_IOERR_READ}};
    bench *b = *state;
    int64_t acknowledged = 0, unknown = 0;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        bool was_hit = true;
        for (uint32_t nth = 1; was_hit && nth < 40; nth++) {
            fault_vfs_plan(faults[i].call, nth, faults[i].rc, false);
            crm_status s = write_three(b);
            bench_rest(b);
            was_hit = fault_vfs_hits() > 0;
            fault_vfs_plan(FAULT_NONE, 0, 0, false);
            acknowledged += s == CRM_OK ? 3 : 0;
            unknown += s == CRM_OK ? 0 : 3;
            bench_reopen(b);
            assert_in_range(count_deals(b), acknowledged, acknowledged + unknown);
            unknown = count_deals(b) - acknowledged;
        }
        assert_false(was_hit); /* the whole of it was tried */
    }
    assert_true(acknowledged > 0);
}

static void a_full_disk_in_a_commit_is_no_failure_of_the_storage(void **state)
{
    bench *b = *state;
    assert_ok(op(b, ENGINE_BEGIN));
    assert_ok(insert(b, "Крыша"));
    fault_vfs_plan(FAULT_WRITE, 1, SQLITE_FULL, false);
    assert_int_equal(op(b, ENGINE_COMMIT), CRM_NO_SPACE);
    assert_false(is_broken(b));
    assert_int_equal(count_deals(b), 0);
    assert_ok(write_three(b));
    assert_int_equal(count_deals(b), 3);
}

/* SQLite by itself makes two writes a page. */
static void the_pages_of_a_commit_go_to_the_log_in_one_write(void **state)
{
    bench *b = *state;
    engine_stats was, now;
    assert_ok(write_three(b));
    engine_stats_get(b->e, &was);
    uint64_t writes = fault_vfs_writes();
    assert_ok(write_three(b));
    engine_stats_get(b->e, &now);
    assert_true(now.wal_written - was.wal_written > 3);
    assert_int_equal(fault_vfs_writes() - writes, 1);
}

/* More pages than are gathered, some of them twice: what stands in the log is what was written. */
static void a_commit_longer_than_one_write_is_read_back_whole(void **state)
{
    bench *b = *state;
    assert_ok(op(b, ENGINE_BEGIN));
    for (int i = 0; i < 3000; i++) {
        assert_ok(insert(b, i % 2 ? "Крыша и ворота со склада у вокзала" : "Ворота"));
    }
    uint64_t writes = fault_vfs_writes();
    assert_ok(op(b, ENGINE_COMMIT));
    assert_in_range(fault_vfs_writes() - writes, 2, 20);
    assert_int_equal(count_deals(b), 3000);
    bench_reopen(b);
    assert_int_equal(count_deals(b), 3000);
}

/* ---- what is of no use any more ---------------------------------------------------------------
 */

/* The first write of the writer's rest fails, and nothing goes. */
static void rest_on_a_full_disk(bench *b)
{
    fault_vfs_plan(FAULT_WRITE, 1, SQLITE_FULL, false);
    bench_rest(b);
    assert_int_equal(fault_vfs_hits(), 1);
    fault_vfs_plan(FAULT_NONE, 0, 0, false);
}

static void what_was_set_aside_goes_once_the_disk_is_well_again(void **state)
{
    bench *b = *state;
    (void)bench_ask(b, "CREATE TABLE y1(id INTEGER PRIMARY KEY)");
    (void)bench_ask(b, "INSERT INTO y1 VALUES(1),(2)");
    bench_reopen(b);
    rest_on_a_full_disk(b);
    assert_int_equal(bench_leftovers(b), 1);
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
}

static void an_index_that_is_no_longer_wanted_goes_once_the_disk_is_well_again(void **state)
{
    static const char count[] = "SELECT count(*) FROM sqlite_master WHERE type='index'";
    static const entity_index one[] = {{.field = {DEAL_NOTE}, .count = 1}};
    bench *b = *state;
    registry_fault *faults;
    int64_t before = bench_ask(b, count);
    declared more = {one, 1}, was = bench_declare(b, more);
    assert_ok(bench_make(b, &faults));
    bench_declare(b, was);
    assert_ok(bench_make(b, &faults));
    assert_ok(engine_tidy(b->e, &b->w->reg));
    int64_t with = bench_ask(b, count);
    assert_true(with > before);
    rest_on_a_full_disk(b);
    assert_int_equal(bench_ask(b, count), with);
    bench_rest(b);
    assert_int_equal(bench_ask(b, count), before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_commit_that_cannot_be_made_durable_is_the_last),
        TEST(a_checkpoint_that_cannot_be_made_durable_ends_writing),
        TEST(whichever_call_fails_nothing_acknowledged_is_lost),
        TEST(a_full_disk_in_a_commit_is_no_failure_of_the_storage),
        TEST(the_pages_of_a_commit_go_to_the_log_in_one_write),
        TEST(a_commit_longer_than_one_write_is_read_back_whole),
        TEST(what_was_set_aside_goes_once_the_disk_is_well_again),
        TEST(an_index_that_is_no_longer_wanted_goes_once_the_disk_is_well_again),
    };
    log_set_level(LOG_ERROR + 1);
    fault_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
