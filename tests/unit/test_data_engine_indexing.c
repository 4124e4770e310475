/* test_data_engine_indexing.c - indexes that are made ahead of the schema step, on disk. */
#include "ahead_world.h"

#include "data/engine_sqlite.h"

/* Indexes of deals over so many columns. */
static int64_t indexes_of(bench *b, int columns)
{
    char text[256];
    snprintf(text, sizeof text,
             "SELECT count(*) FROM sqlite_master m WHERE type='index' AND tbl_name='e%u'"
             " AND (SELECT count(*) FROM pragma_index_info(m.name))=%d",
             b->w->deal.id, columns);
    return bench_ask(b, text);
}

static const entity_index of_note[] = {
    {.field = {DEAL_NOTE, DEAL_TOOK}, .count = 2},
    {.field = {DEAL_TOOK, COL_ID, DEAL_NOTE}, .count = 3, .is_sparse = true},
};

static void write_meanwhile(bench *b, int64_t first)
{
    bench_begin(b);
    assert_ok(bench_set(b, first + 2, DEAL_NOTE, value_text(CRM_S("Сосна"))));
    assert_ok(bench_set(b, first + 3, DEAL_TOOK, value_null()));
    assert_ok(bench_set(b, first + 4, COL_DELETED_AT, value_int(7)));
    assert_ok(bench_set(b, first + 1, COL_DELETED_AT, value_null()));
    engine_op gone = {.kind = ENGINE_DELETE, .entity = &b->w->deal, .id = first + 5};
    assert_ok(bench_op(b, &gone));
    bench_deal_with(b, DEAL_NOTE, value_text(CRM_S("Сосна")));
    bench_commit(b);
}

static uint32_t count_of(bench *b, const char *note)
{
    const field *f = deal_field(b->w, DEAL_NOTE);
    engine_turn_end(b->reader);
    return bench_count_where(b, world_cond(b->w, COND_STARTS, f, value_text(str_of(note))));
}

static void indexes_made_in_slices_hold_what_sqlite_would_put_there(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    engine_ahead ahead = {.until = 1};
    bench_fill(b);
    declared both = {of_note, 2}, before = bench_declare(b, both);
    assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    assert_false(ahead.is_done);
    bench_declare(b, before);
    write_meanwhile(b, 1);
    bench_declare(b, both);
    assert_true(bench_slices(b) > 3);
    bench_declare(b, before);
    write_meanwhile(b, 101);
    bench_declare(b, both);
    assert_int_equal(indexes_of(b, 3), 0);
    assert_ok(bench_make(b, &faults));
    assert_int_equal(indexes_of(b, 3), 1);
    assert_sound(b);
    assert_int_equal(count_of(b, "сосна"), 4);
    assert_true(bench_leftovers(b) > 0); /* the gathered rows */
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
    write_meanwhile(b, 201);
    bench_reopen(b);
    write_meanwhile(b, 301);
    assert_sound(b);
    assert_int_equal(count_of(b, "сосна"), 8);
}

static void an_index_that_is_half_made_goes_on_when_the_file_is_opened_again(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    engine_ahead ahead = {.until = 1};
    bench_fill(b);
    declared both = {of_note, 2}, before = bench_declare(b, both);
    for (int i = 0; i < 6; i++) {
        assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    }
    bench_declare(b, before);
    bench_reopen(b);
    write_meanwhile(b, 1);
    bench_declare(b, both);
    (void)bench_slices(b);
    assert_ok(bench_make(b, &faults));
    assert_int_equal(indexes_of(b, 3), 1);
    assert_sound(b);
    assert_int_equal(count_of(b, "сосна"), 2);
}

static void an_index_that_is_given_up_leaves_nothing_and_may_be_made_again(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    bench_fill(b);
    declared both = {of_note, 2}, before = bench_declare(b, both);
    (void)bench_slices(b);
    bench_declare(b, before);
    assert_ok(engine_drop_ahead(b->e));
    write_meanwhile(b, 1); /* noted by nobody */
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
    bench_declare(b, both);
    (void)bench_slices(b);
    assert_ok(bench_make(b, &faults));
    assert_sound(b);
    assert_int_equal(count_of(b, "сосна"), 2);
}

/* A program that takes no notes of what it writes keeps away from the file. */
static void a_file_has_another_format_while_something_is_made(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    static const char format[] = "PRAGMA user_version";
    bench_fill(b);
    declared both = {of_note, 2}, before = bench_declare(b, both);
    for (int given_up = 1; given_up >= 0; given_up--) {
        assert_int_equal(bench_ask(b, format), FORMAT_AT_REST);
        engine_ahead ahead = {.until = 1};
        assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
        assert_int_equal(bench_ask(b, format), FORMAT_CHANGING);
        bench_declare(b, before);
        bench_reopen(b); /* it goes on in the middle */
        assert_int_equal(bench_ask(b, format), FORMAT_CHANGING);
        bench_declare(b, both);
        if (given_up) {
            assert_ok(engine_drop_ahead(b->e));
        }
    }
    (void)bench_slices(b);
    assert_ok(bench_make(b, &faults));
    assert_int_equal(bench_ask(b, format), FORMAT_AT_REST);
}

/* Of two in the making at once, one's name may be how the other's begins. */
static const entity_index of_one_beginning[] = {
    {.field = {DEAL_NOTE}, .count = 1},
    {.field = {DEAL_NOTE, DEAL_TOOK}, .count = 2},
    {.field = {DEAL_NOTE}, .count = 1, .empty = {DEAL_CLOSE}, .empty_count = 1},
};

static void indexes_whose_names_begin_alike_are_told_apart(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    bench_fill(b);
    declared all = {of_one_beginning, 3}, before = bench_declare(b, all);
    (void)bench_slices(b);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM meta_ahead"), 3);
    bench_declare(b, before);
    assert_ok(engine_drop_ahead(b->e));
    assert_sound(b);
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
    bench_declare(b, all);
    (void)bench_slices(b);
    assert_ok(bench_make(b, &faults));
    assert_sound(b);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM sqlite_master WHERE name GLOB 'y[0-9]*'"),
                     3);
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
}

/* The step writes them all, and nobody notes that. */
static void an_index_gathered_from_keys_that_the_step_makes_anew_is_made_anew(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    static const entity_index of_phone[] = {{.field = {DEAL_PHONE}, .count = 1},
                                            {.field = {DEAL_PHONE, DEAL_TOOK}, .count = 2}};
    value row[DEAL_COLUMNS];
    char text[32];
    field *f = (field *)deal_field(b->w, DEAL_PHONE);
    f->flags |= FIELD_DEPLOYMENT;
    declared one = {of_phone, 1}, two = {of_phone, 2};
    bench_declare(b, one);
    assert_ok(bench_make(b, &faults));
    bench_begin(b);
    for (int i = 0; i < ROWS; i++) {
        bench_row(row, &b->w->deal, i);
        snprintf(text, sizeof text, "+7916%07d", i * 7919 % ROWS);
        row[DEAL_PHONE] = value_text(str_of(text));
        bench_insert(b, &b->w->deal, row);
    }
    bench_commit(b);
    f->type = FIELD_TEXT;
    bench_declare(b, two);
    assert_true(bench_slices(b) > 3);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM meta_ahead"), 1);
    assert_ok(bench_make(b, &faults));
    assert_sound(b);
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
}

/* Slices until the SELECT says so; then the rows behind go, and one before is written. */
static void pass_and_lose_the_rest(bench *b, const char *select, int64_t passed)
{
    engine_ahead ahead = {.until = 1};
    for (int i = 0; i < 100 && bench_ask(b, select) != passed; i++) {
        assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
        assert_false(ahead.is_done);
    }
    assert_int_equal(bench_ask(b, select), passed);
    declared none = {NULL, 0}, now = bench_declare(b, none);
    bench_begin(b);
    for (int64_t id = passed - 5; id <= ROWS; id++) {
        engine_op gone = {.kind = ENGINE_DELETE, .entity = &b->w->deal, .id = id};
        assert_ok(bench_op(b, &gone));
    }
    assert_ok(bench_set(b, 7, DEAL_TOOK, value_int(99)));
    assert_ok(bench_set(b, 8, DEAL_NOTE, value_text(CRM_S("Ясень"))));
    bench_commit(b);
    bench_declare(b, now);
}

/* The step is to use it. */
static void what_has_passed_the_last_row_is_whole_though_it_goes(void **state)
{
    static const entity_index of_note_alone[] = {{.field = {DEAL_NOTE}, .count = 1}};
    static const entity_index of_took[] = {{.field = {DEAL_TOOK}, .count = 1}};
    static const entity_index of_emails[] = {{.field = {DEAL_EMAILS}, .count = 1}};
    static const entity_index *const one[] = {of_note_alone, of_took, of_emails};
    static const char *const begun[] = {"SELECT max(keyed) FROM meta_field",
                                        "SELECT filled FROM meta_ahead WHERE name GLOB 'l*'",
                                        "SELECT filled FROM meta_ahead WHERE name GLOB 'm*'"};
    for (int i = 0; i < 3; i++) {
        bench_tear_down(state);
        bench_set_up(state);
        bench *b = *state;
        registry_fault *faults;
        declared none = {NULL, 0}, wanted = {one[i], 1};
        bench_declare(b, none);
        bench_fill(b);
        bench_declare(b, wanted);
        pass_and_lose_the_rest(b, begun[i], 768);
        (void)bench_slices(b);
        assert_true(bench_ask(b, begun[i]) == INT64_MAX);
        assert_ok(bench_make(b, &faults));
        assert_sound(b);
    }
}

/* A file may have a table that is out of use under such a name. */
static void what_is_out_of_use_goes_by_its_whole_name(void **state)
{
    bench *b = *state;
    (void)bench_ask(b, "CREATE TABLE y1_n9(id INTEGER PRIMARY KEY, k7)");
    (void)bench_ask(b, "INSERT INTO y1_n9 VALUES(1,2),(2,3)");
    bench_reopen(b);
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
}

static void equal_values_end_the_slices_by_name(void **state)
{
    bench *b = *state;
    static const entity_index unique[] = {{.field = {DEAL_NOTE}, .count = 1, .is_unique = true}};
    bench_fill(b);
    declared one = {unique, 1}, before = bench_declare(b, one);
    (void)bench_slices(b);
    assert_text(bench_refused, "duplicates");
    bench_declare(b, before);
    assert_ok(engine_drop_ahead(b->e));
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
    assert_sound(b);
}

static uint32_t tagged(bench *b, const char *tag)
{
    const field *f = deal_field(b->w, DEAL_EMAILS);
    engine_turn_end(b->reader);
    return bench_count_where(b, world_cond(b->w, COND_HAS, f, value_text(str_of(tag))));
}

static void elements_of_an_index_are_gathered_in_slices(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    engine_ahead ahead = {.until = 1};
    static const entity_index of_emails[] = {{.field = {DEAL_EMAILS}, .count = 1}};
    bench_begin(b);
    for (int i = 0; i < ROWS; i++) {
        bench_deal_with(b, DEAL_EMAILS, value_text(CRM_S("a@example.org\nb@example.org")));
    }
    bench_commit(b);
    declared one = {of_emails, 1}, before = bench_declare(b, one);
    for (int given_up = 1; given_up >= 0; given_up--) {
        bench_declare(b, one);
        assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
        assert_false(ahead.is_done);
        bench_declare(b, before);
        bench_begin(b);
        assert_ok(bench_set(b, 3, DEAL_EMAILS, value_text(CRM_S("c@example.org"))));
        assert_ok(bench_set(b, 4 + given_up, COL_DELETED_AT, value_int(7)));
        bench_commit(b);
        bench_declare(b, one);
        assert_true(bench_slices(b) > 1);
        bench_declare(b, before);
        bench_begin(b);
        engine_op gone = {.kind = ENGINE_DELETE, .entity = &b->w->deal, .id = 6 + given_up};
        assert_ok(bench_op(b, &gone));
        bench_deal_with(b, DEAL_EMAILS, value_text(CRM_S("c@example.org")));
        bench_commit(b);
        if (given_up) {
            assert_ok(engine_drop_ahead(b->e));
            bench_rest(b);
            assert_int_equal(bench_leftovers(b), 0);
        }
    }
    bench_declare(b, one);
    assert_ok(bench_make(b, &faults));
    assert_sound(b);
    assert_int_equal(tagged(b, "b@example.org"), ROWS - 5);
    assert_int_equal(tagged(b, "c@example.org"), 3);
    bench_begin(b);
    assert_ok(bench_set(b, 9, DEAL_EMAILS, value_text(CRM_S("c@example.org"))));
    bench_commit(b);
    assert_int_equal(tagged(b, "c@example.org"), 4);
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
}

static const entity_index of_unique_emails[] = {
    {.field = {DEAL_EMAILS}, .count = 1, .is_unique = true}};

static value emails(int i)
{
    static char text[64];
    snprintf(text, sizeof text, "a%d@example.org\nb%d@example.org", i, i);
    return value_text(str_of(text));
}

/* Row 5 has those of number 4. The first slice is made, and the registry in force again. */
static declared begin_unique_emails(bench *b)
{
    engine_ahead ahead = {.until = 1};
    static const char made[] = "SELECT count(*) FROM sqlite_master WHERE name GLOB 'mu*' AND"
                               " 'm'||substr(name,3) IN (SELECT name FROM meta_ahead)";
    bench_begin(b);
    for (int i = 0; i < ROWS; i++) {
        bench_deal_with(b, DEAL_EMAILS, emails(i));
    }
    bench_commit(b);
    declared one = {of_unique_emails, 1}, before = bench_declare(b, one);
    assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    assert_false(ahead.is_done);
    assert_int_equal(bench_ask(b, made), 1);
    bench_declare(b, before);
    return one;
}

static crm_status set_emails(bench *b, int64_t id, int i)
{
    bench_begin(b);
    crm_status s = bench_set(b, id, DEAL_EMAILS, emails(i));
    bench_commit(b);
    return s;
}

static void elements_are_kept_unique_while_they_are_gathered(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    declared one = begin_unique_emails(b);
    assert_ok(set_emails(b, 5, 5000));
    assert_ok(set_emails(b, 700, 4)); /* at any time in one row */
    bench_declare(b, one);
    (void)bench_slices(b);
    assert_int_equal(bench_refused.n, 0);
    assert_ok(bench_make(b, &faults));
    assert_sound(b);
    assert_int_equal(set_emails(b, 9, 4), CRM_CONFLICT);
    assert_ok(set_emails(b, 9, 6000));
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
}

static void equal_elements_end_the_slices_by_name(void **state)
{
    bench *b = *state;
    declared one = begin_unique_emails(b), before = {NULL, 0};
    assert_ok(set_emails(b, 700, 4));
    before = bench_declare(b, one);
    (void)bench_slices(b);
    assert_text(bench_refused, "duplicates");
    bench_declare(b, before);
    assert_ok(engine_drop_ahead(b->e));
    assert_sound(b);
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
}

static void fill_with_unique_dates(bench *b)
{
    value row[DEAL_COLUMNS];
    bench_begin(b);
    for (int i = 0; i < ROWS; i++) {
        bench_row(row, &b->w->deal, i);
        row[DEAL_CLOSE] = value_int(i);
        bench_insert(b, &b->w->deal, row);
    }
    bench_commit(b);
}

static const entity_index of_date[] = {{.field = {DEAL_CLOSE}, .count = 1, .is_unique = true}};

static int note_index_made(unsigned what, void *is_made, void *stmt, void *text)
{
    (void)what;
    (void)stmt;
    bool *out = is_made;
    *out = *out || strncmp(text, "CREATE UNIQUE INDEX", 19) == 0;
    return 0;
}

/* Noted, and met by the next slice or by the step itself; it does not go over all rows for it. */
static void values_that_become_equal_meanwhile_are_named_without_making_the_index(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    bool is_made = false;
    fill_with_unique_dates(b);
    sqlite3 *db = ((sqlite_engine *)b->e)->writer->db;
    sqlite3_trace_v2(db, SQLITE_TRACE_STMT, note_index_made, &is_made);
    for (int round = 0; round < 2; round++) {
        declared one = {of_date, 1}, before = bench_declare(b, one);
        (void)bench_slices(b);
        bench_declare(b, before);
        bench_begin(b);
        assert_ok(bench_set(b, 5, DEAL_CLOSE, value_int(7)));
        bench_commit(b);
        bench_declare(b, one);
        if (round) {
            (void)bench_slices(b);
            assert_text(bench_refused, "duplicates");
        }
        is_made = false;
        assert_int_equal(bench_make(b, &faults), CRM_INVALID);
        assert_text(faults->code, "duplicates");
        assert_null(faults->next);
        assert_false(is_made);
        bench_declare(b, before);
        assert_ok(engine_drop_ahead(b->e));
        bench_begin(b);
        assert_ok(bench_set(b, 5, DEAL_CLOSE, value_int(4)));
        bench_commit(b);
        assert_sound(b);
    }
    sqlite3_trace_v2(db, 0, NULL, NULL);
}

/* They were in different rows at any time; one of the two was gathered before the other changed. */
static void values_that_change_places_meanwhile_are_not_equal(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    engine_ahead ahead = {.until = 1};
    fill_with_unique_dates(b);
    declared one = {of_date, 1}, before = bench_declare(b, one);
    assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    for (int round = 0; round < 2; round++) {
        bench_declare(b, before);
        bench_begin(b);
        for (int64_t id = 5; round && id < 405; id++) { /* more than are taken at once */
            assert_ok(bench_set(b, id, DEAL_NOTE, value_text(CRM_S("Ель"))));
        }
        assert_ok(bench_set(b, 5, DEAL_CLOSE, value_int(5000)));
        assert_ok(bench_set(b, 700, DEAL_CLOSE, value_int(round ? 699 : 4)));
        assert_ok(bench_set(b, 5, DEAL_CLOSE, value_int(round ? 4 : 699)));
        bench_commit(b);
        bench_declare(b, one);
        (void)bench_slices(b);
        assert_true(bench_ask(b, "SELECT filled FROM meta_ahead") == INT64_MAX);
    }
    assert_ok(bench_make(b, &faults));
    assert_sound(b);
}

static void a_unique_index_made_in_slices_refuses_rows(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    value row[DEAL_COLUMNS];
    fill_with_unique_dates(b);
    declared one = {of_date, 1};
    bench_declare(b, one);
    (void)bench_slices(b);
    assert_ok(bench_make(b, &faults));
    assert_sound(b);
    bench_begin(b);
    bench_row(row, &b->w->deal, 1);
    row[DEAL_CLOSE] = value_int(7);
    engine_op op = {.kind = ENGINE_INSERT, .entity = &b->w->deal, .row = row};
    assert_int_equal(bench_op(b, &op), CRM_CONFLICT);
    assert_int_equal(op.refused->field[0], DEAL_CLOSE);
    bench_commit(b);
}

static int note_index_dropped(unsigned what, void *is_dropped, void *stmt, void *text)
{
    (void)what;
    (void)stmt;
    bool *out = is_dropped;
    *out = *out || strncmp(text, "DROP INDEX u", 12) == 0;
    return 0;
}

/* Dropping it overwrites all its pages. */
static void a_unique_index_that_is_no_longer_wanted_refuses_nothing_and_goes_later(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    bool is_dropped = false;
    sqlite3 *db = ((sqlite_engine *)b->e)->writer->db;
    fill_with_unique_dates(b);
    declared one = {of_date, 1}, none = {NULL, 0};
    for (int round = 0; round < 2; round++) {
        bench_declare(b, one);
        assert_ok(bench_make(b, &faults));
        bench_declare(b, none);
        sqlite3_trace_v2(db, SQLITE_TRACE_STMT, note_index_dropped, &is_dropped);
        assert_ok(bench_make(b, &faults));
        sqlite3_trace_v2(db, 0, NULL, NULL);
        bench_begin(b);
        assert_ok(bench_set(b, 5, DEAL_CLOSE, value_int(7)));
        bench_commit(b);
        assert_sound(b);
        assert_int_equal(is_dropped, round); /* one of that name still waits to go */
        bench_begin(b);
        assert_ok(bench_set(b, 5, DEAL_CLOSE, value_int(4)));
        bench_commit(b);
    }
    assert_ok(engine_tidy(b->e, &b->w->reg));
    bench_rest(b);
    assert_int_equal(indexes_of(b, 1), 0);
    assert_sound(b);
}

/* Between the last slice and the step. */
static void an_index_that_another_program_made_meanwhile_stays(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    char text[128];
    fill_with_unique_dates(b);
    declared one = {of_date, 1};
    bench_declare(b, one);
    (void)bench_slices(b);
    snprintf(text, sizeof text, "CREATE UNIQUE INDEX u%u_c%u ON e%u(c%u) WHERE c%u IS NULL",
             b->w->deal.id, deal_field(b->w, DEAL_CLOSE)->id, b->w->deal.id,
             deal_field(b->w, DEAL_CLOSE)->id, deal_field(b->w, COL_DELETED_AT)->id);
    (void)bench_ask(b, text);
    snprintf(text, sizeof text, "SELECT count(*) FROM sqlite_master WHERE name='u%u_c%u'",
             b->w->deal.id, deal_field(b->w, DEAL_CLOSE)->id);
    assert_ok(bench_make(b, &faults));
    assert_int_equal(bench_ask(b, text), 1);
    assert_sound(b);
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
}

int main(void)
{
    bench_choose(ON_SQLITE, 0);
#define TRY(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        TRY(indexes_made_in_slices_hold_what_sqlite_would_put_there),
        TRY(an_index_that_is_half_made_goes_on_when_the_file_is_opened_again),
        TRY(elements_of_an_index_are_gathered_in_slices),
        TRY(elements_are_kept_unique_while_they_are_gathered),
        TRY(equal_elements_end_the_slices_by_name),
        TRY(an_index_that_is_given_up_leaves_nothing_and_may_be_made_again),
        TRY(a_file_has_another_format_while_something_is_made),
        TRY(indexes_whose_names_begin_alike_are_told_apart),
        TRY(an_index_gathered_from_keys_that_the_step_makes_anew_is_made_anew),
        TRY(what_has_passed_the_last_row_is_whole_though_it_goes),
        TRY(what_is_out_of_use_goes_by_its_whole_name),
        TRY(equal_values_end_the_slices_by_name),
        TRY(values_that_become_equal_meanwhile_are_named_without_making_the_index),
        TRY(values_that_change_places_meanwhile_are_not_equal),
        TRY(a_unique_index_made_in_slices_refuses_rows),
        TRY(a_unique_index_that_is_no_longer_wanted_refuses_nothing_and_goes_later),
        TRY(an_index_that_another_program_made_meanwhile_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
