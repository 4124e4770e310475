/* test_data_engine_sqlite.c - what only the engine on disk can show: plans, files, faults. */
#include "data/engine_sqlite.h"
#include "engine_world.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t count_deals(bench *b)
{
    query q = {.entity = &b->w->deal, .limit = 1000000};
    engine_turn_end(b->reader);
    return bench_count(b->reader, &q);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* Lets the first row take longer than the whole read may, and less than twice that. */
static bool hold_first(void *arg, const value *row, uint32_t matched)
{
    int64_t *until = arg;
    (void)row;
    (void)matched;
    while (clock_mono() < *until) {
    }
    return true;
}

/* What passed before half of the time was seen to be over may have been others' turn: the rest
 * needs little, so the read goes on though its real time is over. */
static void a_read_that_needs_little_outlives_its_real_time(void **state)
{
    bench *b = *state;
    query q = {.entity = &b->w->deal, .limit = 1900};
    bench_begin(b);
    for (int i = 0; i < 1900; i++) {
        bench_deal(b, "x", 0);
    }
    bench_commit(b);
    int64_t until = clock_mono() + 1100000000;
    engine_op op = {
        .kind = ENGINE_LIST, .entity = q.entity, .query = &q, .on_row = hold_first, .arg = &until};
    engine_batch batch = {.ops = &op, .count = 1, .limit_us = 1000000};
    assert_ok(engine_read_now(b->reader, &batch));
    assert_int_equal(op.count, 1900);
}

/* ---- plans ----------------------------------------------------------------------------------- */

/* The plan uses an index (or the id) and neither scans the table nor sorts. */
static void assert_indexed(bench *b, const query *q)
{
    buf plan;
    buf_init(&plan, 0);
    assert_ok(engine_sqlite_explain(b->reader, q, ENGINE_LIST, &plan));
    buf_char(&plan, 0);
    if (!strstr(plan.p, "USING") || strstr(plan.p, "TEMP B-TREE")) {
        fail_msg("%s", plan.p);
    }
    buf_free(&plan);
}

static void an_owners_list_walks_an_index(void **state)
{
    bench *b = *state;
    query q = {.entity = &b->w->deal,
               .limit = 50,
               .sort_count = 1,
               .sorts = {{&b->w->deal.fields[COL_CREATED_AT], true}}};
    q.where = cond_compare(b->w->arena, COND_ME, deal_field(b->w, DEAL_OWNER), value_null());
    assert_indexed(b, &q);
    q.after = (cursor){.at = {value_int(5)}, .id = 3, .is_set = true};
    assert_indexed(b, &q);
}

/* One statement, bound to one owner after the other. */
static void a_list_of_several_owners_reads_only_their_first_rows(void **state)
{
    bench *b = *state;
    value owners[] = {value_int(1), value_int(2), value_int(3)};
    branches team = {.count = 1};
    team.at[0].where = cond_in(b->w->arena, deal_field(b->w, DEAL_OWNER), owners, 3);
    query q = {.entity = &b->w->deal,
               .limit = 50,
               .sort_count = 1,
               .rights = &team,
               .need = 1,
               .sorts = {{&b->w->deal.fields[COL_CREATED_AT], true}}};
    buf plan;
    buf_init(&plan, 0);
    assert_ok(engine_sqlite_explain(b->reader, &q, ENGINE_LIST, &plan));
    buf_char(&plan, 0);
    if (strncmp(plan.p, "merge\nSEARCH t0 USING", 21) != 0) {
        fail_msg("%s", plan.p);
    }
    buf_free(&plan);
    assert_indexed(b, &q);
}

static void a_search_under_rights_begins_with_its_words(void **state)
{
    bench *b = *state;
    branches own = {.count = 1};
    own.at[0].where =
        cond_compare(b->w->arena, COND_NONE, deal_field(b->w, DEAL_BUYER), value_null());
    bits_add(own.at[0].fields, DEAL_NAME);
    query q = {.entity = &b->w->deal,
               .limit = 50,
               .rights = &own,
               .need = 1,
               .terms = CRM_S("крыша|=крыш")};
    buf plan;
    buf_init(&plan, 0);
    assert_ok(engine_sqlite_explain(b->reader, &q, ENGINE_LIST, &plan));
    buf_char(&plan, 0);
    if (strstr(plan.p, "SCAN t0")) {
        fail_msg("%s", plan.p);
    }
    buf_free(&plan);
}

/* Whether a table's rows are read for each row of the list: below a line of what depends on it. */
static bool is_read_for_each(const char *plan, const char *scan)
{
    const char *each = strstr(plan, "CORRELATED"), *set = each ? strstr(each, "LIST SUBQUERY") : 0;
    const char *at = each ? strstr(each, scan) : NULL;
    return at && (!set || at < set);
}

static void assert_read_once(bench *b, const entity *e, const cond *where)
{
    query q = {.entity = e, .limit = 50, .where = where};
    buf plan;
    buf_init(&plan, 0);
    assert_ok(engine_sqlite_explain(b->reader, &q, ENGINE_LIST, &plan));
    buf_char(&plan, 0);
    if (!strstr(plan.p, "t1") || is_read_for_each(plan.p, "SCAN t1")) {
        fail_msg("%s", plan.p);
    }
    buf_free(&plan);
}

static void the_rows_of_a_sub_query_are_read_once(void **state)
{
    bench *b = *state;
    static const uint32_t fields[] = {DEAL_EMAILS, DEAL_TAGS, DEAL_PHONES, DEAL_NAME, DEAL_CLOSE};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const field *f = deal_field(b->w, fields[i]);
        const cond *filled =
            cond_compare(b->w->arena, COND_GT, deal_field(b->w, DEAL_CLOSE), value_int(3));
        subquery sub = {.field = f, .where = filled};
        cond among = {.op = COND_IN_QUERY, .path = {f}, .path_length = 1, .sub = &sub};
        assert_read_once(b, &b->w->deal, &among);
    }
    cond has_deal = {.op = COND_EXISTS, .path = {deal_field(b->w, DEAL_BUYER)}, .path_length = 1};
    assert_read_once(b, &b->w->person, &has_deal);
}

static void a_whole_list_walks_the_index_of_its_sort(void **state)
{
    bench *b = *state;
    static const uint32_t fields[] = {COL_CREATED_AT, DEAL_NAME, DEAL_AMOUNT, COL_ID};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        query q = {.entity = &b->w->deal,
                   .limit = 50,
                   .sort_count = 1,
                   .sorts = {{deal_field(b->w, fields[i]), i % 2 == 0}}};
        buf plan;
        buf_init(&plan, 0);
        assert_ok(engine_sqlite_explain(b->reader, &q, ENGINE_LIST, &plan));
        buf_char(&plan, 0);
        assert_null(strstr(plan.p, "TEMP B-TREE"));
        buf_free(&plan);
    }
}

static void a_deep_page_starts_where_the_last_ended(void **state)
{
    bench *b = *state;
    static const uint32_t fields[] = {COL_CREATED_AT, DEAL_AMOUNT}; /* the second may be NULL */
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        query q = {.entity = &b->w->deal,
                   .limit = 50,
                   .sort_count = 1,
                   .sorts = {{deal_field(b->w, fields[i]), true}},
                   .after = {.at = {value_int(5)}, .id = 3, .is_set = true}};
        buf plan;
        buf_init(&plan, 0);
        assert_ok(engine_sqlite_explain(b->reader, &q, ENGINE_LIST, &plan));
        buf_char(&plan, 0);
        if (!strstr(plan.p, "SEARCH") || strstr(plan.p, "TEMP B-TREE")) {
            fail_msg("%s", plan.p);
        }
        buf_free(&plan);
    }
}

static void equal_values_are_looked_up(void **state)
{
    bench *b = *state;
    struct {
        uint32_t f;
        cond_op op;
        value v;
    } asked[] = {
        {COL_ID, COND_EQ, value_int(1)},
        {DEAL_CODE, COND_EQ, value_text(CRM_S("A-1"))},
        {DEAL_NAME, COND_STARTS, value_text(CRM_S("кры"))},
        {DEAL_STAGE, COND_EQ, value_text(CRM_S("new"))},
        {DEAL_PHONES, COND_HAS, value_text(CRM_S("+79160000000"))},
        {DEAL_TAGS, COND_EQ, value_text(CRM_S("vip"))},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        query q = {.entity = &b->w->deal, .limit = 50};
        buf plan;
        buf_init(&plan, 0);
        q.where = world_cond(b->w, asked[i].op, deal_field(b->w, asked[i].f), asked[i].v);
        assert_ok(engine_sqlite_explain(b->reader, &q, ENGINE_LIST, &plan));
        buf_char(&plan, 0);
        if (!strstr(plan.p, "SEARCH") || strstr(plan.p, "SCAN")) {
            fail_msg("%s", plan.p);
        }
        buf_free(&plan);
    }
}

/* ---- the file -------------------------------------------------------------------------------- */

static void rows_and_ids_outlive_the_process(void **state)
{
    bench *b = *state;
    uint32_t id = b->w->deal.id;
    bench_begin(b);
    int64_t first = bench_deal(b, "Крыша", 0);
    bench_commit(b);
    bench_begin(b);
    bench_deal(b, "lost", 0); /* never committed */
    bench_reopen(b);
    assert_int_equal(b->w->deal.id, id);
    assert_int_equal(count_deals(b), 1);
    bench_begin(b);
    assert_int_equal(bench_deal(b, "next", 0), first + 1);
    bench_commit(b);
}

static void an_id_is_never_given_twice(void **state)
{
    bench *b = *state;
    bench_begin(b);
    int64_t id = bench_deal(b, "gone", 0);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_DELETE, .entity = &b->w->deal, .id = id}));
    bench_commit(b);
    bench_reopen(b);
    bench_begin(b);
    assert_int_equal(bench_deal(b, "next", 0), id + 1);
    bench_commit(b);
}

/* ---- what the file holds --------------------------------------------------------------------- */

/* One integer of a statement on the bench's file, with the deals' id in its middle; or 0. */
static int64_t ask(bench *b, const char *before, const char *after)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    char path[128], text[160];
    snprintf(path, sizeof path, "%s/karkas.db", b->dir);
    snprintf(text, sizeof text, "%s%u%s", before, b->w->deal.id, after);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA wal_autocheckpoint=0", NULL, NULL, NULL);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
    int64_t n = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    sqlite3_close(db);
    return n;
}

static int64_t indexes(bench *b)
{
    return ask(b, "SELECT count(*) FROM sqlite_master WHERE type='index' AND tbl_name='e", "'");
}

static void an_index_that_is_not_declared_any_more_goes_while_the_file_is_open(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    static const entity_index one[] = {{.field = {DEAL_NOTE}, .count = 1}};
    b->w->deal.indexes = one;
    b->w->deal.index_count = 1;
    assert_ok(engine_schema(b->e, &b->w->reg, b->w->arena, &faults));
    bench_begin(b);
    bench_deal(b, "Крыша", 0);
    bench_commit(b);
    int64_t before = indexes(b);
    b->w->deal.index_count = 0;
    assert_ok(engine_schema(b->e, &b->w->reg, b->w->arena, &faults));
    assert_int_equal(indexes(b), before); /* a call of the older registry may name it */
    assert_ok(engine_tidy(b->e, &b->w->reg));
    bench_rest(b);
    assert_int_equal(indexes(b), 0);
    bench_begin(b);
    bench_deal(b, "Пол", 0);
    bench_commit(b);
}

/* ---- the file again -------------------------------------------------------------------------- */

static void only_the_owner_may_read_the_file(void **state)
{
    bench *b = *state;
    char path[128];
    struct stat st;
    static const char *const names[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/karkas.db%s", b->dir, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 077, 0);
    }
}

static void there_is_one_writing_session(void **state)
{
    bench *b = *state;
    engine_session *second = NULL;
    assert_int_equal(engine_session_open(b->e, ENGINE_WRITER, (engine_deliver){0}, &second),
                     CRM_UNAVAILABLE);
}

static void the_log_is_copied_back(void **state)
{
    bench *b = *state;
    engine_stats st;
    bench_begin(b);
    for (int i = 0; i < 2000; i++) {
        bench_deal(b, "Крыша из металлочерепицы", 0);
    }
    bench_commit(b);
    engine_stats_get(b->e, &st);
    assert_true(st.wal_frames > 0);
    uint64_t written = st.wal_written;
    assert_true(written >= st.wal_frames);
    assert_int_equal(st.commits, 1);
    assert_int_equal(st.rows_written, 2000);
    int64_t before = st.file_bytes;
    bench_rest(b);
    engine_stats_get(b->e, &st);
    assert_int_equal(st.wal_frames, 0);
    assert_true(st.file_bytes > before);
    assert_true(st.wal_written >= written);
}

/* A log that begins anew after a checkpoint is no end of the count. */
static void every_page_of_the_log_is_counted_once(void **state)
{
    bench *b = *state;
    engine_stats st;
    uint64_t frames = 0, before;
    bench_rest(b);
    engine_stats_get(b->e, &st);
    before = st.wal_written;
    for (int i = 0; i < 3; i++) {
        bench_begin(b);
        bench_deal(b, "Крыша из металлочерепицы", 0);
        bench_commit(b);
        engine_stats_get(b->e, &st);
        frames += st.wal_frames;
        bench_rest(b);
    }
    assert_true(frames > 0);
    engine_stats_get(b->e, &st);
    assert_true(st.wal_written - before >= frames);
}

/* ---- a full disk ----------------------------------------------------------------------------- */

static void set_room(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_loses_nothing_and_reads_go_on(void **state)
{
    bench *b = *state;
    engine_stats st;
    bench_begin(b);
    bench_deal(b, "kept", 0);
    bench_commit(b);
    engine_stats_get(b->e, &st);
    signal(SIGXFSZ, SIG_IGN);
    set_room((rlim_t)st.wal_bytes + 8192);
    bench_begin(b);
    for (int i = 0; i < 500; i++) {
        bench_deal(b, "no room for this", 0);
    }
    engine_op commit = {.kind = ENGINE_COMMIT};
    engine_batch batch = {.ops = &commit, .count = 1};
    assert_int_equal(engine_write_now(b->writer, &batch), CRM_NO_SPACE);
    assert_true(batch.tx_lost);
    assert_int_equal(count_deals(b), 1);
    set_room(RLIM_INFINITY);
    bench_begin(b);
    bench_deal(b, "again", 0);
    bench_commit(b);
    assert_int_equal(count_deals(b), 2);
}

/* An earlier program made it a statement at a time, and could be cut off between two. */
static void a_catalogue_that_was_made_by_half_is_completed(void **state)
{
    bench *b = *state;
    bench_begin(b);
    for (int i = 0; i < 3; i++) {
        bench_deal(b, "Крыша", 0);
    }
    bench_commit(b);
    (void)ask(b, "ALTER TABLE meta_entity DROP COLUMN filled --", "");
    (void)ask(b, "ALTER TABLE meta_field DROP COLUMN keyed --", "");
    bench_reopen(b);
    query q = {.entity = &b->w->deal, .limit = 10};
    assert_int_equal(bench_count(b->reader, &q), 3);
}

/* What an operator sees of the memory that is the database's, and not to be looked for elsewhere.
 */
static void pages_in_memory_are_counted_until_their_session_ends(void **state)
{
    bench *b = *state;
    engine_stats before, after;
    engine_session *other;
    bench_begin(b);
    for (int i = 0; i < 1000; i++) {
        bench_deal(b, "Крыша", i);
    }
    bench_commit(b);
    engine_stats_get(b->e, &before);
    assert_true(before.cached > 100 * 1000);
    assert_ok(engine_session_open(b->e, ENGINE_READER, (engine_deliver){0}, &other));
    query q = {.entity = &b->w->deal, .limit = 1000000};
    assert_int_equal(bench_count(other, &q), 1000);
    engine_turn_end(other);
    engine_stats_get(b->e, &after);
    assert_true(after.cached > before.cached + 10 * 1000);
    engine_session_close(other);
    engine_stats_get(b->e, &after);
    assert_int_equal(after.cached, before.cached);
}

int main(void)
{
#define TRY(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        TRY(a_read_that_needs_little_outlives_its_real_time),
        TRY(an_owners_list_walks_an_index),
        TRY(a_list_of_several_owners_reads_only_their_first_rows),
        TRY(a_search_under_rights_begins_with_its_words),
        TRY(the_rows_of_a_sub_query_are_read_once),
        TRY(a_whole_list_walks_the_index_of_its_sort),
        TRY(a_deep_page_starts_where_the_last_ended),
        TRY(equal_values_are_looked_up),
        TRY(rows_and_ids_outlive_the_process),
        TRY(an_id_is_never_given_twice),
        TRY(a_catalogue_that_was_made_by_half_is_completed),
        TRY(an_index_that_is_not_declared_any_more_goes_while_the_file_is_open),
        TRY(only_the_owner_may_read_the_file),
        TRY(there_is_one_writing_session),
        TRY(the_log_is_copied_back),
        TRY(pages_in_memory_are_counted_until_their_session_ends),
        TRY(every_page_of_the_log_is_counted_once),
        TRY(a_full_disk_loses_nothing_and_reads_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
