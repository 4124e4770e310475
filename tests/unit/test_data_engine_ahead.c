/* test_data_engine_ahead.c - what a schema step is spared by what was made ahead of it, on disk. */
#include "data/engine_sqlite.h"
#include "engine_world.h"

#define ROWS 900 /* so many that an index is made ahead */

/* One integer of a statement on the bench's file. */
static int64_t ask(bench *b, const char *text)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    char path[128];
    snprintf(path, sizeof path, "%s/karkas.db", b->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA wal_autocheckpoint=0", NULL, NULL, NULL);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
    int64_t n = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    sqlite3_close(db);
    return n;
}

static void assert_sound(bench *b)
{
    assert_int_equal(
        ask(b, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check<>'ok'"), 0);
}

/* Indexes of deals over so many columns; and tables that only what goes on has. */
static int64_t indexes_of(bench *b, int columns)
{
    char text[256];
    snprintf(text, sizeof text,
             "SELECT count(*) FROM sqlite_master m WHERE type='index' AND tbl_name='e%u'"
             " AND (SELECT count(*) FROM pragma_index_info(m.name))=%d",
             b->w->deal.id, columns);
    return ask(b, text);
}

static int64_t leftovers(bench *b)
{
    return ask(b, "SELECT count(*) FROM sqlite_master WHERE name GLOB '[ptiyz]*'"
                  " OR name GLOB 'o[0-9]*'");
}

static void fill(bench *b)
{
    static const char *const notes[] = {"Ель", "Дуб", "Ясень"};
    value row[DEAL_COLUMNS];
    bench_begin(b);
    for (int i = 0; i < ROWS; i++) {
        bench_row(row, &b->w->deal, i);
        row[DEAL_NOTE] = i % 4 ? value_text(str_of(notes[i % 4 - 1])) : value_null();
        row[DEAL_TOOK] = value_int(i % 7);
        row[COL_DELETED_AT] = i % 50 == 1 ? value_int(5) : value_null();
        bench_insert(b, &b->w->deal, row);
    }
    bench_commit(b);
}

/* What the registry in force declares between two slices. */
typedef struct declared {
    const entity_index *indexes;
    uint32_t count;
} declared;

static declared declare(bench *b, declared now)
{
    declared was = {b->w->deal.indexes, b->w->deal.index_count};
    b->w->deal.indexes = now.indexes;
    b->w->deal.index_count = now.count;
    return was;
}

static int slices(bench *b)
{
    int n = 1;
    engine_ahead ahead = {.until = 1}; /* long ago: the least slice */
    assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    for (; !ahead.is_done && !ahead.misfits && n < 1000; n++) {
        assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    }
    return n;
}

static crm_status make(bench *b, registry_fault **faults)
{
    crm_status s = engine_schema(b->e, &b->w->reg, b->w->arena, faults);
    engine_turn_end(b->reader);
    return s;
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
    fill(b);
    declared both = {of_note, 2}, before = declare(b, both);
    assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    assert_false(ahead.is_done);
    declare(b, before);
    write_meanwhile(b, 1);
    declare(b, both);
    assert_true(slices(b) > 3);
    declare(b, before);
    write_meanwhile(b, 101);
    declare(b, both);
    assert_int_equal(indexes_of(b, 3), 0);
    assert_ok(make(b, &faults));
    assert_int_equal(indexes_of(b, 3), 1);
    assert_sound(b);
    assert_int_equal(count_of(b, "сосна"), 4);
    assert_true(leftovers(b) > 0); /* the gathered rows */
    bench_rest(b);
    assert_int_equal(leftovers(b), 0);
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
    fill(b);
    declared both = {of_note, 2}, before = declare(b, both);
    for (int i = 0; i < 6; i++) {
        assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    }
    declare(b, before);
    bench_reopen(b);
    write_meanwhile(b, 1);
    declare(b, both);
    (void)slices(b);
    assert_ok(make(b, &faults));
    assert_int_equal(indexes_of(b, 3), 1);
    assert_sound(b);
    assert_int_equal(count_of(b, "сосна"), 2);
}

static void an_index_that_is_given_up_leaves_nothing_and_may_be_made_again(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    fill(b);
    declared both = {of_note, 2}, before = declare(b, both);
    (void)slices(b);
    declare(b, before);
    assert_ok(engine_drop_ahead(b->e));
    write_meanwhile(b, 1); /* noted by nobody */
    bench_rest(b);
    assert_int_equal(leftovers(b), 0);
    declare(b, both);
    (void)slices(b);
    assert_ok(make(b, &faults));
    assert_sound(b);
    assert_int_equal(count_of(b, "сосна"), 2);
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
    fill(b);
    declared all = {of_one_beginning, 3}, before = declare(b, all);
    (void)slices(b);
    assert_int_equal(ask(b, "SELECT count(*) FROM meta_ahead"), 3);
    declare(b, before);
    assert_ok(engine_drop_ahead(b->e));
    assert_sound(b);
    bench_rest(b);
    assert_int_equal(leftovers(b), 0);
    declare(b, all);
    (void)slices(b);
    assert_ok(make(b, &faults));
    assert_sound(b);
    assert_int_equal(ask(b, "SELECT count(*) FROM sqlite_master WHERE name GLOB 'y[0-9]*'"), 3);
    bench_rest(b);
    assert_int_equal(leftovers(b), 0);
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
    declare(b, one);
    assert_ok(make(b, &faults));
    bench_begin(b);
    for (int i = 0; i < ROWS; i++) {
        bench_row(row, &b->w->deal, i);
        snprintf(text, sizeof text, "+7916%07d", i * 7919 % ROWS);
        row[DEAL_PHONE] = value_text(str_of(text));
        bench_insert(b, &b->w->deal, row);
    }
    bench_commit(b);
    f->type = FIELD_TEXT;
    declare(b, two);
    assert_true(slices(b) > 3);
    assert_int_equal(ask(b, "SELECT count(*) FROM meta_ahead"), 1);
    assert_ok(make(b, &faults));
    assert_sound(b);
    bench_rest(b);
    assert_int_equal(leftovers(b), 0);
}

/* Slices until the SELECT says so; then the rows behind go, and one before is written. */
static void pass_and_lose_the_rest(bench *b, const char *select, int64_t passed)
{
    engine_ahead ahead = {.until = 1};
    for (int i = 0; i < 100 && ask(b, select) != passed; i++) {
        assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
        assert_false(ahead.is_done);
    }
    assert_int_equal(ask(b, select), passed);
    declared none = {NULL, 0}, now = declare(b, none);
    bench_begin(b);
    for (int64_t id = passed - 5; id <= ROWS; id++) {
        engine_op gone = {.kind = ENGINE_DELETE, .entity = &b->w->deal, .id = id};
        assert_ok(bench_op(b, &gone));
    }
    assert_ok(bench_set(b, 7, DEAL_TOOK, value_int(99)));
    assert_ok(bench_set(b, 8, DEAL_NOTE, value_text(CRM_S("Ясень"))));
    bench_commit(b);
    declare(b, now);
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
        declare(b, none);
        fill(b);
        declare(b, wanted);
        pass_and_lose_the_rest(b, begun[i], 768);
        (void)slices(b);
        assert_true(ask(b, begun[i]) == INT64_MAX);
        assert_ok(make(b, &faults));
        assert_sound(b);
    }
}

/* A file may have a table that is out of use under such a name. */
static void what_is_out_of_use_goes_by_its_whole_name(void **state)
{
    bench *b = *state;
    (void)ask(b, "CREATE TABLE y1_n9(id INTEGER PRIMARY KEY, k7)");
    (void)ask(b, "INSERT INTO y1_n9 VALUES(1,2),(2,3)");
    bench_reopen(b);
    bench_rest(b);
    assert_int_equal(leftovers(b), 0);
}

/* It names them. */
static void equal_values_are_left_to_the_step(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    static const entity_index unique[] = {{.field = {DEAL_NOTE}, .count = 1, .is_unique = true}};
    fill(b);
    declared one = {unique, 1}, before = declare(b, one);
    (void)slices(b);
    assert_int_equal(make(b, &faults), CRM_INVALID);
    assert_text(faults->code, "duplicates");
    declare(b, before);
    assert_ok(engine_drop_ahead(b->e));
    bench_rest(b);
    assert_int_equal(leftovers(b), 0);
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
    declared one = {of_emails, 1}, before = declare(b, one);
    for (int given_up = 1; given_up >= 0; given_up--) {
        declare(b, one);
        assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
        assert_false(ahead.is_done);
        declare(b, before);
        bench_begin(b);
        assert_ok(bench_set(b, 3, DEAL_EMAILS, value_text(CRM_S("c@example.org"))));
        assert_ok(bench_set(b, 4 + given_up, COL_DELETED_AT, value_int(7)));
        bench_commit(b);
        declare(b, one);
        assert_true(slices(b) > 1);
        declare(b, before);
        bench_begin(b);
        engine_op gone = {.kind = ENGINE_DELETE, .entity = &b->w->deal, .id = 6 + given_up};
        assert_ok(bench_op(b, &gone));
        bench_deal_with(b, DEAL_EMAILS, value_text(CRM_S("c@example.org")));
        bench_commit(b);
        if (given_up) {
            assert_ok(engine_drop_ahead(b->e));
            bench_rest(b);
            assert_int_equal(leftovers(b), 0);
        }
    }
    declare(b, one);
    assert_ok(make(b, &faults));
    assert_sound(b);
    assert_int_equal(tagged(b, "b@example.org"), ROWS - 5);
    assert_int_equal(tagged(b, "c@example.org"), 3);
    bench_begin(b);
    assert_ok(bench_set(b, 9, DEAL_EMAILS, value_text(CRM_S("c@example.org"))));
    bench_commit(b);
    assert_int_equal(tagged(b, "c@example.org"), 4);
    bench_rest(b);
    assert_int_equal(leftovers(b), 0);
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

/* Noted, and met by the next slice or by the step itself. */
static void values_that_become_equal_meanwhile_are_left_to_the_step(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    fill_with_unique_dates(b);
    for (int round = 0; round < 2; round++) {
        declared one = {of_date, 1}, before = declare(b, one);
        (void)slices(b);
        declare(b, before);
        bench_begin(b);
        assert_ok(bench_set(b, 5, DEAL_CLOSE, value_int(7)));
        bench_commit(b);
        declare(b, one);
        if (round) {
            (void)slices(b);
        }
        assert_int_equal(make(b, &faults), CRM_INVALID);
        assert_text(faults->code, "duplicates");
        declare(b, before);
        assert_ok(engine_drop_ahead(b->e));
        bench_begin(b);
        assert_ok(bench_set(b, 5, DEAL_CLOSE, value_int(4)));
        bench_commit(b);
        assert_sound(b);
    }
}

/* They were in different rows at any time; one of the two was gathered before the other changed. */
static void values_that_change_places_meanwhile_are_not_equal(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    engine_ahead ahead = {.until = 1};
    fill_with_unique_dates(b);
    declared one = {of_date, 1}, before = declare(b, one);
    assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    for (int round = 0; round < 2; round++) {
        declare(b, before);
        bench_begin(b);
        for (int64_t id = 5; round && id < 405; id++) { /* more than are taken at once */
            assert_ok(bench_set(b, id, DEAL_NOTE, value_text(CRM_S("Ель"))));
        }
        assert_ok(bench_set(b, 5, DEAL_CLOSE, value_int(5000)));
        assert_ok(bench_set(b, 700, DEAL_CLOSE, value_int(round ? 699 : 4)));
        assert_ok(bench_set(b, 5, DEAL_CLOSE, value_int(round ? 4 : 699)));
        bench_commit(b);
        declare(b, one);
        (void)slices(b);
        assert_true(ask(b, "SELECT filled FROM meta_ahead") == INT64_MAX);
    }
    assert_ok(make(b, &faults));
    assert_sound(b);
}

static void a_unique_index_made_in_slices_refuses_rows(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    value row[DEAL_COLUMNS];
    fill_with_unique_dates(b);
    declared one = {of_date, 1};
    declare(b, one);
    (void)slices(b);
    assert_ok(make(b, &faults));
    assert_sound(b);
    bench_begin(b);
    bench_row(row, &b->w->deal, 1);
    row[DEAL_CLOSE] = value_int(7);
    engine_op op = {.kind = ENGINE_INSERT, .entity = &b->w->deal, .row = row};
    assert_int_equal(bench_op(b, &op), CRM_CONFLICT);
    assert_int_equal(op.refused->field[0], DEAL_CLOSE);
    bench_commit(b);
}

/* What nobody noted as written is as it was made ahead: the step does not look. */
static void the_step_has_noted_rows_only(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    char text[128];
    field *f = (field *)deal_field(b->w, DEAL_AMOUNT);
    f->flags |= FIELD_DEPLOYMENT;
    declared none = {NULL, 0};
    declare(b, none);
    assert_ok(make(b, &faults));
    fill(b);
    const field as_stored = *f;
    f->type = FIELD_TEXT;
    f->id = 0;
    b->w->deal.search_count = 0;
    (void)slices(b);
    snprintf(text, sizeof text, "UPDATE e%u SET c%u='made ahead' WHERE c%u=3", b->w->deal.id,
             (unsigned)ask(b, "SELECT id FROM meta_field WHERE name='amount>'"),
             deal_field(b->w, COL_ID)->id);
    (void)ask(b, text);
    *f = as_stored;
    bench_begin(b);
    assert_ok(bench_set(b, 4, DEAL_AMOUNT, value_int(77)));
    bench_commit(b);
    f->type = FIELD_TEXT;
    assert_ok(make(b, &faults));
    row_copy got;
    assert_ok(bench_get(b, b->reader, 3, NULL, &got));
    assert_text(got.row[DEAL_AMOUNT].s, "made ahead");
    assert_ok(bench_get(b, b->reader, 4, NULL, &got));
    assert_int_equal(got.row[DEAL_AMOUNT].kind, VALUE_TEXT);
    bench_rest(b);
    assert_int_equal(leftovers(b), 0);
}

/* However far the slices have come: nothing is lost in silence. */
static void what_does_not_fit_is_met_by_the_step_too(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    field *f = (field *)deal_field(b->w, DEAL_NOTE);
    f->flags |= FIELD_DEPLOYMENT;
    b->w->deal.search_count = 0;
    assert_ok(make(b, &faults));
    bench_begin(b);
    for (int i = 0; i < 20; i++) {
        bench_deal_with(b, DEAL_NOTE, value_text(CRM_S("17")));
    }
    int64_t bad = bench_deal_with(b, DEAL_NOTE, value_text(CRM_S("скоро")));
    bench_commit(b);
    f->type = FIELD_INT;
    (void)slices(b);
    assert_int_equal(make(b, &faults), CRM_INVALID);
    assert_int_equal(faults->rows[0], bad);
    f->type = FIELD_MULTILINE;
    bench_begin(b);
    assert_ok(bench_set(b, bad, DEAL_NOTE, value_text(CRM_S("18"))));
    bench_commit(b);
    f->type = FIELD_INT;
    (void)slices(b);
    f->type = FIELD_MULTILINE;
    bench_begin(b);
    assert_ok(bench_set(b, bad, DEAL_NOTE, value_text(CRM_S("потом"))));
    bench_commit(b);
    f->type = FIELD_INT;
    (void)slices(b); /* of the noted rows */
    assert_int_equal(make(b, &faults), CRM_INVALID);
    assert_int_equal(faults->rows[0], bad);
}

/* What nobody noted was looked at ahead, and the step does not look again. */
static void values_that_stay_are_looked_at_ahead(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    field *f = (field *)deal_field(b->w, DEAL_NOTE);
    f->flags |= FIELD_DEPLOYMENT;
    b->w->deal.search_count = 0;
    assert_ok(make(b, &faults));
    fill(b);
    f->max = 5;
    assert_true(slices(b) > 3);
    char text[128];
    snprintf(text, sizeof text, "UPDATE e%u SET c%u='too long' WHERE c%u=3", b->w->deal.id, f->id,
             deal_field(b->w, COL_ID)->id);
    (void)ask(b, text); /* by nobody of this program */
    bench_begin(b);
    assert_ok(bench_set(b, 4, DEAL_NOTE, value_text(CRM_S("Можжевельник"))));
    bench_commit(b);
    assert_int_equal(make(b, &faults), CRM_INVALID);
    assert_int_equal(faults->count, 1);
    assert_int_equal(faults->rows[0], 4);
    bench_begin(b);
    assert_ok(bench_set(b, 4, DEAL_NOTE, value_text(CRM_S("Тис"))));
    bench_commit(b);
    assert_ok(make(b, &faults));
    assert_ok(engine_drop_ahead(b->e));
    bench_rest(b);
    assert_int_equal(leftovers(b), 0);
}

/* ---- full text ------------------------------------------------------------------------------- */

static void full_text_that_changes_hands_goes_on_to_be_written(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    static const uint16_t searched[] = {DEAL_CODE, DEAL_NAME};
    for (int round = 0; round < 3; round++) {
        const uint16_t *before = b->w->deal.search_fields;
        bench_begin(b);
        bench_terms(b, bench_deal(b, "Крыша", 1), "крыша", "крыша");
        bench_commit(b);
        b->w->deal.search_fields = round % 2 ? before : searched;
        (void)slices(b);
        assert_ok(make(b, &faults));
        assert_int_equal(bench_search(b, "крыша"), round + 1);
        b->w->deal.search_fields = before;
        assert_ok(make(b, &faults));
        assert_sound(b);
    }
    bench_rest(b);
    assert_int_equal(leftovers(b), 0);
    bench_reopen(b);
    assert_int_equal(bench_search(b, "крыша"), 3);
}

int main(void)
{
    bench_choose(ON_SQLITE, 0);
#define TRY(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        TRY(indexes_made_in_slices_hold_what_sqlite_would_put_there),
        TRY(an_index_that_is_half_made_goes_on_when_the_file_is_opened_again),
        TRY(elements_of_an_index_are_gathered_in_slices),
        TRY(an_index_that_is_given_up_leaves_nothing_and_may_be_made_again),
        TRY(indexes_whose_names_begin_alike_are_told_apart),
        TRY(an_index_gathered_from_keys_that_the_step_makes_anew_is_made_anew),
        TRY(what_has_passed_the_last_row_is_whole_though_it_goes),
        TRY(what_is_out_of_use_goes_by_its_whole_name),
        TRY(equal_values_are_left_to_the_step),
        TRY(values_that_become_equal_meanwhile_are_left_to_the_step),
        TRY(values_that_change_places_meanwhile_are_not_equal),
        TRY(a_unique_index_made_in_slices_refuses_rows),
        TRY(the_step_has_noted_rows_only),
        TRY(what_does_not_fit_is_met_by_the_step_too),
        TRY(values_that_stay_are_looked_at_ahead),
        TRY(full_text_that_changes_hands_goes_on_to_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
