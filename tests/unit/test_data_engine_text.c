/* test_data_engine_text.c - full text in the engine's file: made anew, ahead, given up and merged.
 */
#include "data/engine_sqlite.h"
#include "engine_world.h"

static int64_t count_deals(bench *b)
{
    query q = {.entity = &b->w->deal, .limit = 1000000};
    engine_turn_end(b->reader);
    return bench_count(b->reader, &q);
}

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

/* ---- full text ------------------------------------------------------------------------------- */

static void full_text_of_an_older_file_is_made_anew_when_it_is_opened(void **state)
{
    bench *b = *state;
    bench_begin(b);
    bench_deal(b, "Крыша из металлочерепицы", 0);
    bench_commit(b);
    ask(b, "UPDATE meta_entity SET search='1|of an older program|1' WHERE id=", "");
    engine_turn_end(b->reader);
    assert_int_equal(bench_search(b, "металлочерепицы"), 0);
    bench_reopen(b);
    assert_int_equal(bench_search(b, "металлочерепицы"), 1);
    assert_int_equal(ask(b, "SELECT count(*) FROM v", " WHERE word='крыша'"), 1);
    bench_reopen(b);
    assert_int_equal(bench_search(b, "металлочерепицы"), 1);
}

/* What was interrupted leaves tables that nothing describes. */
static void full_text_half_made_is_made_anew_too(void **state)
{
    bench *b = *state;
    bench_begin(b);
    bench_deal(b, "Крыша из металлочерепицы", 0);
    bench_commit(b);
    ask(b, "UPDATE meta_entity SET search='' WHERE id=", "");
    bench_reopen(b);
    assert_int_equal(bench_search(b, "металлочерепицы"), 1);
}

static const uint16_t searched_later[] = {DEAL_CODE, DEAL_NAME};

/* Opens the file anew in the middle of it, as after a kill: the registry in force is the one
 * before. */
static void full_text_in_the_making_goes_on_in_a_file_that_is_opened_again(void **state)
{
    bench *b = *state;
    engine_ahead ahead = {.until = 1};
    registry_fault *faults;
    const uint16_t *before = b->w->deal.search_fields;
    bench_begin(b);
    for (int i = 0; i < 200; i++) {
        bench_deal(b, "Крыша", 0);
    }
    bench_commit(b);
    int64_t left = 0;
    for (int i = 0; i < 6; i++) {
        b->w->deal.search_fields = searched_later;
        assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
        assert_true(!left || ahead.left < left);
        left = ahead.left;
        b->w->deal.search_fields = before;
        bench_reopen(b);
    }
    engine_stats st;
    b->w->deal.search_fields = searched_later;
    for (int i = 0; i < 100 && !ahead.is_done; i++) {
        assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    }
    engine_stats_get(b->e, &st);
    assert_int_equal(st.ahead_left, 0);
    assert_ok(engine_schema(b->e, &b->w->reg, b->w->arena, &faults));
    engine_turn_end(b->reader);
    assert_int_equal(bench_search(b, "крыша"), 200);
    assert_int_equal(ask(b, "SELECT count(*) FROM v", " WHERE word='крыша'"), 1);
}

static int64_t tables_of_coming(bench *b)
{
    return ask(b, "SELECT count(*) FROM sqlite_master WHERE name GLOB '[gdwo][0-9]*' AND 0<>", "");
}

/* Of text that nobody waits for nothing is left, and rows are written without feeding it. */
static void full_text_that_is_given_up_costs_no_write(void **state)
{
    bench *b = *state;
    engine_ahead ahead = {.until = 1};
    const uint16_t *before = b->w->deal.search_fields;
    bench_begin(b);
    for (int i = 0; i < 200; i++) {
        bench_deal(b, "Крыша", 0);
    }
    bench_commit(b);
    for (int is_reopened = 0; is_reopened < 2; is_reopened++) {
        b->w->deal.search_fields = searched_later;
        assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
        assert_false(ahead.is_done);
        b->w->deal.search_fields = before;
        if (is_reopened) {
            bench_reopen(b);
        }
        assert_true(tables_of_coming(b) > 0);
        assert_ok(engine_drop_ahead(b->e));
        bench_rest(b);
        assert_int_equal(tables_of_coming(b), 0);
        bench_begin(b);
        bench_deal(b, "Крыша", 0);
        bench_commit(b);
    }
    engine_stats st;
    engine_stats_get(b->e, &st);
    assert_int_equal(st.ahead_left, 0);
    assert_int_equal(count_deals(b), 202);
}

/* The text that was in use before leaves the file, and so does one that nobody waits for any more.
 */
static void full_text_of_no_use_goes_when_the_writer_is_idle(void **state)
{
    bench *b = *state;
    engine_ahead ahead = {.until = 1};
    registry_fault *faults;
    const uint16_t *before = b->w->deal.search_fields;
    bench_begin(b);
    for (int i = 0; i < 20; i++) {
        bench_deal(b, "Крыша", 0);
    }
    bench_commit(b);
    b->w->deal.search_fields = searched_later;
    assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    b->w->deal.search_fields = before;
    assert_ok(engine_schema(b->e, &b->w->reg, b->w->arena, &faults)); /* it was given up */
    b->w->deal.search_fields = searched_later;
    assert_ok(engine_schema(b->e, &b->w->reg, b->w->arena, &faults));
    const char *tables = "SELECT count(*) FROM sqlite_master WHERE name GLOB 'o[0-9]*' AND 0<>";
    assert_true(ask(b, tables, "") > 0);
    bench_rest(b);
    assert_int_equal(ask(b, tables, ""), 0);
    engine_turn_end(b->reader);
    assert_int_equal(bench_search(b, "крыша"), 20);
}

static int64_t segments(bench *b)
{
    return ask(b, "SELECT count(DISTINCT segid) FROM f", "_idx");
}

static void what_commits_leave_of_full_text_is_merged_when_nothing_is_to_be_done(void **state)
{
    bench *b = *state;
    for (int i = 0; i < 12; i++) {
        bench_begin(b);
        bench_terms(b, bench_deal(b, "Крыша", 0), "крыша", "договор");
        bench_commit(b);
    }
    assert_int_equal(segments(b), 12); /* no commit merged them all */
    bench_rest(b);
    assert_in_range(segments(b), 1, 3);
    engine_turn_end(b->reader);
    assert_int_equal(bench_search(b, "крыша"), 12);
}

/* FTS5 takes a sign for one character, so lists of beginnings have none of them. */
static void a_sign_is_one_character_and_tells_terms_apart(void **state)
{
    static const char *const terms[] = {"=u1", "=u11",       "=d1", "=sновый",
                                        "=s_", "b4s7w4iyxc", "a",   "A"};
    enum { COUNT = sizeof terms / sizeof terms[0] };
    buf at[COUNT];
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        buf_init(&at[i], 0);
        sign_add(&at[i], str_of(terms[i]));
        assert_int_equal((unsigned char)at[i].p[0], 0xFF);
        for (size_t k = 1; k < at[i].n; k++) {
            assert_int_equal((unsigned char)at[i].p[k] & 0xC0, 0x80);
        }
        for (int k = 0; k < i; k++) {
            assert_false(str_eq(buf_view(&at[i]), buf_view(&at[k])));
        }
    }
    for (int i = 0; i < COUNT; i++) {
        buf_free(&at[i]);
    }
}

int main(void)
{
#define TRY(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        TRY(full_text_in_the_making_goes_on_in_a_file_that_is_opened_again),
        TRY(full_text_that_is_given_up_costs_no_write),
        TRY(full_text_of_no_use_goes_when_the_writer_is_idle),
        TRY(full_text_of_an_older_file_is_made_anew_when_it_is_opened),
        TRY(full_text_half_made_is_made_anew_too),
        TRY(what_commits_leave_of_full_text_is_merged_when_nothing_is_to_be_done),
        TRY(a_sign_is_one_character_and_tells_terms_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
