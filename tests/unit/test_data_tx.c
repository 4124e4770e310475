/* test_data_tx.c - groups of writes: one fails alone, words and people once, gapless numbers. */
#include "data/search.h"
#include "data_world.h"

#include <sqlite3.h>

#include "data/tx_private.h"

/* One request of a group: stores a lead with this title and this unique code. */
static crm_status add_lead(tx *t, int64_t user, const char *title, const char *code)
{
    crm_ctx c;
    principal who = principal_system;
    record *r;
    arena *a = arena_new(0);
    if (user) {
        const people *p = people_pin();
        assert_ok(people_principal(a, p, user, &who));
        people_unpin(p);
    }
    assert_ok(call_begin(&c, &who, CRM_S("api")));
    crm_status st = tx_request_begin(t, &c);
    assert_ok(st);
    st = records_new(&c, w.lead, &r);
    st = st ? st : record_set(r, &w.lead->fields[LEAD_TITLE], value_text(str_of(title)));
    st = st ? st : record_set(r, &w.lead->fields[LEAD_CODE], value_text(str_of(code)));
    st = st ? st : records_save(&c, r, 0);
    assert_ok(tx_request_end(t, st == CRM_OK));
    call_end(&c);
    arena_free(a);
    return st;
}

static uint32_t found(crm_str words)
{
    record **rows;
    uint32_t count;
    crm_ctx *c = world_read(&w, 0);
    query q = {.entity = w.lead};
    assert_ok(search_terms(c->arena, words, &q.terms));
    assert_ok(records_list(c, &q, &rows, &count));
    world_read_end(&w);
    return count;
}

static void a_failing_request_is_rolled_back_alone(void **state)
{
    (void)state;
    tx *t;
    assert_ok(tx_begin(w.writer, &t));
    assert_ok(add_lead(t, w.anna, "first", "A-1"));
    assert_int_equal(add_lead(t, w.anna, "second", "A-1"), CRM_INVALID);
    assert_ok(add_lead(t, w.anna, "third", "A-3"));
    assert_ok(tx_commit(t));
    changes_batch *b = tx_take_changes(t);
    tx_free(t);
    assert_string_equal(world_titles(&w, w.anna, NULL), "first third");
    assert_non_null(b);
    assert_int_equal(b->count, 2);
    assert_text(b->at[0].row_now[LEAD_TITLE].s, "first");
    assert_text(b->at[1].row_now[LEAD_TITLE].s, "third");
    assert_int_equal(b->last_position, b->at[1].position);
    assert_null(b->at[0].row_was);
    changes_unref(b);
    assert_int_equal(found(CRM_S("first")), 1);
    assert_int_equal(found(CRM_S("second")), 0);
}

static crm_status add_lead_in_vain(tx *t, const char *title, const char *code)
{
    crm_ctx c;
    record *r;
    assert_ok(call_begin(&c, &principal_system, CRM_S("api")));
    assert_ok(tx_request_begin(t, &c));
    assert_ok(records_new(&c, w.lead, &r));
    assert_ok(record_set(r, &w.lead->fields[LEAD_TITLE], value_text(str_of(title))));
    assert_ok(record_set(r, &w.lead->fields[LEAD_CODE], value_text(str_of(code))));
    assert_ok(records_save(&c, r, 0));
    crm_status st = tx_request_end(t, false);
    call_end(&c);
    return st;
}

static void without_savepoints_a_failure_before_any_write_leaves_the_others(void **state)
{
    (void)state;
    tx *t;
    assert_ok(tx_begin(w.writer, &t));
    t->is_unguarded = true;
    assert_ok(add_lead(t, w.anna, "first", "A-1"));
    assert_int_equal(add_lead(t, w.anna, "second", "A-1"), CRM_INVALID);
    assert_ok(add_lead(t, w.anna, "third", "A-3"));
    assert_ok(tx_commit(t));
    tx_free(t);
    assert_string_equal(world_titles(&w, w.anna, NULL), "first third");
    assert_int_equal(found(CRM_S("second")), 0);
}

static void without_savepoints_a_later_failure_loses_the_group_and_says_so(void **state)
{
    (void)state;
    tx *t;
    assert_ok(tx_begin(w.writer, &t));
    t->is_unguarded = true;
    assert_ok(add_lead(t, w.anna, "first", "A-1"));
    assert_false(tx_wants_guards(t));
    assert_int_equal(add_lead_in_vain(t, "second", "A-2"), CRM_UNAVAILABLE);
    assert_true(tx_wants_guards(t));
    tx_free(t);
    assert_string_equal(world_titles(&w, w.anna, NULL), "");
}

static crm_status set_lead(crm_ctx *c, int64_t id, const char *title, const char *code)
{
    record *r;
    crm_status st = id ? records_get(c, w.lead, id, &r) : records_new(c, w.lead, &r);
    st = st ? st : record_set(r, &w.lead->fields[LEAD_TITLE], value_text(str_of(title)));
    st = st ? st : record_set(r, &w.lead->fields[LEAD_CODE], value_text(str_of(code)));
    return st ? st : records_save(c, r, 0);
}

static void a_row_that_is_not_kept_leaves_no_change_and_no_word(void **state)
{
    (void)state;
    bool wrote;
    crm_ctx *c = world_begin(&w, w.anna);
    assert_ok(set_lead(c, 0, "first", "A-1"));
    assert_ok(tx_row_begin(w.tx));
    assert_ok(set_lead(c, 0, "second", "A-2"));
    assert_ok(tx_row_end(w.tx, false, &wrote));
    assert_false(wrote);
    assert_ok(tx_row_begin(w.tx));
    assert_ok(set_lead(c, 0, "third", "A-2"));
    assert_ok(tx_row_end(w.tx, true, &wrote));
    assert_true(wrote);
    assert_ok(tx_row_begin(w.tx));
    assert_ok(tx_row_end(w.tx, true, &wrote));
    assert_false(wrote);
    world_end(&w, CRM_OK);
    assert_string_equal(world_titles(&w, w.anna, NULL), "first third");
    assert_int_equal(w.changes->count, 2);
    assert_int_equal(found(CRM_S("second")), 0);
    assert_int_equal(found(CRM_S("third")), 1);
}

static void a_request_that_fails_inside_a_row_is_rolled_back_whole(void **state)
{
    (void)state;
    crm_ctx *c = world_begin(&w, w.anna);
    assert_ok(set_lead(c, 0, "first", "A-1"));
    assert_ok(tx_row_begin(w.tx));
    assert_ok(set_lead(c, 0, "second", "A-2"));
    world_end(&w, CRM_CONFLICT);
    assert_string_equal(world_titles(&w, w.anna, NULL), "");
    world_lead(&w, "later", w.anna, 0);
    assert_string_equal(world_titles(&w, w.anna, NULL), "later");
}

static void nothing_of_a_group_that_is_not_committed_remains(void **state)
{
    (void)state;
    tx *t;
    assert_ok(tx_begin(w.writer, &t));
    assert_ok(add_lead(t, w.anna, "first", "A-1"));
    tx_free(t);
    assert_string_equal(world_titles(&w, w.anna, NULL), "");
    assert_int_equal(found(CRM_S("first")), 0);
    world_lead(&w, "later", w.anna, 0);
    assert_string_equal(world_titles(&w, w.anna, NULL), "later");
}

static void a_batch_of_changes_outlives_its_registry_for_who_holds_it(void **state)
{
    (void)state;
    world_lead(&w, "first", w.anna, 0);
    changes_batch *held = changes_ref(w.changes);
    changes_unref(w.changes);
    w.changes = NULL;
    assert_text(held->at[0].entity->name, "test.lead");
    assert_int_equal(held->at[0].op, 'c');
    changes_unref(held);
}

static void words_of_a_record_written_twice_are_its_last(void **state)
{
    (void)state;
    tx *t;
    crm_ctx c;
    record *r;
    int64_t id = world_lead(&w, "excavator", w.anna, 0);
    assert_ok(tx_begin(w.writer, &t));
    const char *titles[] = {"bulldozer", "crane"};
    for (int i = 0; i < 2; i++) {
        assert_ok(call_begin(&c, &principal_system, CRM_S("api")));
        assert_ok(tx_request_begin(t, &c));
        assert_ok(records_get(&c, w.lead, id, &r));
        assert_ok(record_set(r, &w.lead->fields[LEAD_TITLE], value_text(str_of(titles[i]))));
        crm_status st = records_save(&c, r, 0);
        assert_ok(st);
        assert_ok(tx_request_end(t, true));
        call_end(&c);
    }
    assert_ok(tx_commit(t));
    tx_free(t);
    assert_int_equal(found(CRM_S("excavator")), 0);
    assert_int_equal(found(CRM_S("bulldozer")), 0);
    assert_int_equal(found(CRM_S("crane")), 1);
}

/* Rows of this lead's full-text table that hold segments: one and a bit per writing of words. */
static int segment_rows(void)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    char text[128];
    snprintf(text, sizeof text, "%s/karkas.db", w.dir);
    assert_int_equal(sqlite3_open_v2(text, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    snprintf(text, sizeof text, "SELECT count(*) FROM f%u_data", w.lead->id);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int n = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return n;
}

/* FTS5 writes what it holds to its tables at an id below the last one, and where a statement has a
 * journal: then each row of a group costs what a group of one does. */
static void a_group_writes_its_words_once(void **state)
{
    (void)state;
    tx *t;
    char title[80], code[16];
    enum { ROWS = 12 };
    int before = segment_rows();
    assert_ok(tx_begin(w.writer, &t));
    for (int i = 0; i < ROWS; i++) {
        snprintf(title, sizeof title, "w%d x%d y%d z%d", i * 7919, i * 104729, i * 31, i);
        snprintf(code, sizeof code, "B-%d", i);
        assert_ok(add_lead(t, w.anna, title, code));
    }
    assert_ok(tx_commit(t));
    changes_unref(tx_take_changes(t));
    tx_free(t);
    assert_in_range(segment_rows() - before, 1, 2);
    assert_int_equal(found(CRM_S("z11")), 1);
}

static void people_are_published_by_the_commit_and_close_the_group(void **state)
{
    (void)state;
    uint64_t before = cache_epoch(CACHE_PEOPLE);
    record *r;
    crm_ctx *c = world_begin(&w, 0);
    const entity *user = registry_store(w.reg, STORE_USER);
    assert_ok(records_get(c, user, w.anna, &r));
    assert_ok(record_set(r, &user->fields[USER_NAME], TEXT("Anna K.")));
    assert_ok(records_save(c, r, 0));
    assert_false(tx_must_close(w.tx));
    assert_ok(tx_request_end(w.tx, true));
    assert_true(tx_must_close(w.tx));
    const people *old = people_pin();
    assert_ok(tx_commit(w.tx));
    tx_free(w.tx);
    const people *now = people_pin();
    assert_text(people_user(old, w.anna)->name, "anna");
    assert_text(people_user(now, w.anna)->name, "Anna K.");
    assert_true(cache_epoch(CACHE_PEOPLE) > before);
    people_unpin(old);
    people_unpin(now);
}

static void a_user_disabled_meanwhile_writes_nothing_more(void **state)
{
    (void)state;
    crm_ctx c;
    principal who;
    tx *t;
    arena *a = arena_new(0);
    const people *p = people_pin();
    assert_ok(people_principal(a, p, w.anna, &who));
    people_unpin(p);
    assert_ok(call_begin(&c, &who, CRM_S("api")));
    assert_ok(world_update(&w, 0, registry_store(w.reg, STORE_USER), w.anna, USER_IS_DISABLED,
                           value_int(1)));
    assert_ok(tx_begin(w.writer, &t));
    assert_int_equal(tx_request_begin(t, &c), CRM_UNAUTHENTICATED);
    assert_ok(tx_commit(t));
    tx_free(t);
    call_end(&c);
    arena_free(a);
}

static void numbers_of_a_series_have_no_gaps(void **state)
{
    (void)state;
    int64_t n;
    for (int64_t i = 1; i <= 2; i++) {
        world_begin(&w, 0);
        assert_ok(tx_number(w.tx, CRM_S("invoice"), &n));
        assert_int_equal(n, i);
        world_end(&w, CRM_OK);
    }
    world_begin(&w, 0);
    assert_ok(tx_number(w.tx, CRM_S("invoice"), &n));
    assert_int_equal(n, 3);
    world_end(&w, CRM_CONFLICT);
    world_begin(&w, 0);
    assert_ok(tx_number(w.tx, CRM_S("invoice"), &n));
    assert_int_equal(n, 3);
    world_end(&w, CRM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_failing_request_is_rolled_back_alone),
        BOTH(without_savepoints_a_failure_before_any_write_leaves_the_others),
        BOTH(without_savepoints_a_later_failure_loses_the_group_and_says_so),
        BOTH(a_row_that_is_not_kept_leaves_no_change_and_no_word),
        BOTH(a_request_that_fails_inside_a_row_is_rolled_back_whole),
        BOTH(nothing_of_a_group_that_is_not_committed_remains),
        BOTH(a_batch_of_changes_outlives_its_registry_for_who_holds_it),
        BOTH(words_of_a_record_written_twice_are_its_last),
        ON_SQLITE(a_group_writes_its_words_once),
        BOTH(people_are_published_by_the_commit_and_close_the_group),
        BOTH(a_user_disabled_meanwhile_writes_nothing_more),
        BOTH(numbers_of_a_series_have_no_gaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
