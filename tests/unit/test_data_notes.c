/* test_data_notes.c - notes on records: who reads, writes and changes them (S-23, D10). */
#include "data/changelog.h"
#include "data/stores.h"
#include "data/timeline.h"
#include "data_world.h"

#define T0 1800000000000
#define N(lit)               \
    {                        \
        lit, sizeof(lit) - 1 \
    }
#define SOURCE      N("test")
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { CASE_TITLE = COL_OWN, CASE_OWNER };

static const field case_fields[] = {
    {.name = N("title"), .type = FIELD_TEXT, .source = SOURCE},
    {.name = N("owner"), .type = FIELD_USER, .source = SOURCE},
};
static const entity cases = {.name = N("test.case"),
                             .module = SOURCE,
                             .source = SOURCE,
                             .flags = ENTITY_TIMELINE,
                             .fields = case_fields,
                             .field_count = COUNT(case_fields),
                             .title_field = CASE_TITLE,
                             .owner_fields = {CASE_OWNER}};
static const crm_str stages_only[] = {N("stage")};
#define G(role_, action_, scope_)                                                \
    .role = N(role_), .entity_name = N("test.case"), .action = ACTION_##action_, \
    .scope = SCOPE_##scope_, .source = N("test:" role_)
static const grant grants[] = {
    {G("seller", READ, OWN)},
    {G("seller", CREATE, OWN)},
    {G("seller", UPDATE, OWN)},
    {G("head", READ, ALL)},
    {G("viewer", READ, ALL), .kinds = stages_only, .kind_count = 1, .lists_kinds = true},
};

static int open_cases(void **state)
{
    world_entities = &cases;
    world_entity_count = 1;
    world_grants = grants;
    world_grant_count = COUNT(grants);
    return open_world(state);
}

static int open_cases_delayed(void **state)
{
    world_entities = &cases;
    world_entity_count = 1;
    world_grants = grants;
    world_grant_count = COUNT(grants);
    return open_delayed(state);
}

/* ---- making ---------------------------------------------------------------------------------- */

static const entity *case_entity(void)
{
    return registry_entity(w.reg, CRM_S("test.case"));
}

static const entity *notes(void)
{
    return case_entity()->notes;
}

static int64_t make_case(int64_t owner)
{
    record *r;
    const entity *e = case_entity();
    crm_ctx *c = world_begin(&w, 0);
    assert_ok(records_new(c, e, &r));
    assert_ok(record_set(r, &e->fields[CASE_TITLE], TEXT("one")));
    assert_ok(record_set(r, &e->fields[CASE_OWNER], value_int(owner)));
    assert_ok(records_save(c, r, 0));
    int64_t id = r->v[COL_ID].i;
    world_end(&w, CRM_OK);
    return id;
}

static crm_status write_note(int64_t user, int64_t on, int64_t *id)
{
    record *r;
    const entity *e = notes();
    crm_ctx *c = world_begin(&w, user);
    crm_status s = records_new(c, e, &r);
    s = s ? s : record_set(r, &e->fields[NOTE_RECORD], value_int(on));
    s = s ? s : record_set(r, &e->fields[NOTE_TEXT], TEXT("words"));
    s = s ? s : records_save(c, r, 0);
    *id = s ? 0 : r->v[COL_ID].i;
    world_end(&w, s);
    return s;
}

static int64_t note_of(int64_t user, int64_t on)
{
    int64_t id;
    assert_ok(write_note(user, on, &id));
    return id;
}

static uint32_t seen_by(int64_t user)
{
    record **rows;
    uint32_t n = 0;
    crm_ctx *c = world_read(&w, user);
    query q = {.entity = notes()};
    crm_status s = records_list(c, &q, &rows, &n);
    assert_true(s == CRM_OK || s == CRM_NOT_FOUND);
    world_read_end(&w);
    return s ? 0 : n;
}

static crm_status remove_note(int64_t user, int64_t id)
{
    crm_ctx *c = world_begin(&w, user);
    crm_status s = records_delete(c, notes(), id, 0);
    world_end(&w, s);
    return s;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void a_note_is_read_by_exactly_those_who_read_its_record(void **state)
{
    int64_t id, on = make_case(w.anna);
    (void)state;
    note_of(w.anna, on);
    assert_int_equal(seen_by(w.anna), 1);
    assert_int_equal(seen_by(w.hanna), 1);
    assert_int_equal(seen_by(w.boris), 0);
    assert_int_not_equal(write_note(w.boris, on, &id), CRM_OK);
    assert_ok(world_update(&w, 0, case_entity(), on, CASE_OWNER, value_int(w.boris)));
    assert_int_equal(seen_by(w.anna), 0);
    assert_int_equal(seen_by(w.boris), 1);
}

static void whoever_reads_the_record_writes_notes(void **state)
{
    int64_t on = make_case(w.anna);
    (void)state;
    note_of(w.hanna, on);
    assert_int_equal(seen_by(w.anna), 1);
}

static void a_right_that_names_other_kinds_shows_no_notes(void **state)
{
    int64_t id, on = make_case(w.anna);
    (void)state;
    note_of(w.anna, on);
    assert_int_equal(seen_by(w.vera), 0);
    assert_int_not_equal(write_note(w.vera, on, &id), CRM_OK);
    crm_ctx *c = world_read(&w, w.vera);
    assert_true(rights_may_some(c, case_entity(), ACTION_READ));
    assert_false(rights_may_some(c, notes(), ACTION_READ));
    world_read_end(&w);
}

static void notes_are_out_of_sight_with_their_record(void **state)
{
    int64_t on = make_case(w.anna);
    (void)state;
    note_of(w.anna, on);
    crm_ctx *c = world_begin(&w, 0);
    assert_ok(records_delete(c, case_entity(), on, 0));
    world_end(&w, CRM_OK);
    assert_int_equal(seen_by(w.anna), 0);
    assert_int_equal(seen_by(w.hanna), 0);
    c = world_begin(&w, 0);
    assert_ok(records_restore(c, case_entity(), on));
    world_end(&w, CRM_OK);
    assert_int_equal(seen_by(w.anna), 1);
}

static void a_note_is_its_authors_to_change_for_a_day(void **state)
{
    int64_t on = make_case(w.anna);
    (void)state;
    clock_virtual(T0);
    int64_t id = note_of(w.hanna, on);
    assert_int_equal(world_update(&w, w.anna, notes(), id, NOTE_TEXT, TEXT("other")), CRM_DENIED);
    assert_ok(world_update(&w, w.hanna, notes(), id, NOTE_TEXT, TEXT("better")));
    assert_int_equal(
        world_update(&w, w.hanna, notes(), id, NOTE_RECORD, value_int(make_case(w.anna))),
        CRM_INVALID);
    clock_set(T0 + NOTE_EDIT_MS + 1);
    assert_int_equal(world_update(&w, w.hanna, notes(), id, NOTE_TEXT, TEXT("late")), CRM_DENIED);
    assert_int_equal(remove_note(w.anna, id), CRM_DENIED);
    assert_ok(remove_note(w.hanna, id));
}

static void a_note_is_pinned_by_who_may_change_its_record(void **state)
{
    int64_t on = make_case(w.anna);
    (void)state;
    int64_t hers = note_of(w.anna, on), id = note_of(w.hanna, on);
    assert_ok(world_update(&w, w.anna, notes(), id, NOTE_PINNED, value_int(1)));
    assert_int_equal(world_update(&w, w.hanna, notes(), hers, NOTE_PINNED, value_int(1)),
                     CRM_DENIED);
}

static void what_is_removed_for_ever_takes_its_notes_along(void **state)
{
    int64_t on = make_case(w.anna);
    (void)state;
    note_of(w.anna, on);
    assert_ok(remove_note(w.anna, note_of(w.anna, on)));
    crm_ctx *c = world_begin(&w, 0);
    assert_ok(records_delete(c, case_entity(), on, 0));
    assert_ok(records_purge(c, case_entity(), on));
    world_end(&w, CRM_OK);
    c = world_read(&w, 0);
    query q = {.entity = notes(), .with_deleted = true};
    record **rows;
    uint32_t n;
    assert_ok(records_list(c, &q, &rows, &n));
    assert_int_equal(n, 0);
    world_read_end(&w);
}

static uint32_t stored_rows(const entity *e)
{
    record **rows;
    uint32_t n;
    query q = {.entity = e, .with_deleted = true};
    assert_ok(records_list(world_read(&w, 0), &q, &rows, &n));
    world_read_end(&w);
    return n;
}

/* What a webhook keeps of what it sent. */
static void deliver(int64_t note)
{
    value row[DELIVERY_COLUMNS] = {0};
    int64_t id;
    row[DELIVERY_ENTITY] = value_text(notes()->name);
    row[DELIVERY_RECORD] = value_int(note);
    row[DELIVERY_REQUEST] = TEXT("words");
    world_begin(&w, 0);
    assert_ok(tx_insert(w.tx, registry_store(w.reg, STORE_DELIVERY), row, &id));
    world_end(&w, CRM_OK);
}

/* How many removals of notes the log tells after a position, and that none tells their text. */
static uint32_t removals_after(int64_t position)
{
    change_page page;
    uint32_t n = 0;
    crm_ctx *c = world_read(&w, 0);
    assert_ok(changelog_after(w.reader, w.reg, c->arena, position, 100, &page));
    for (uint32_t i = 0; i < page.count; i++) {
        bool is_of_note = page.at[i].entity == notes();
        n += is_of_note && page.at[i].op == 'd';
        assert_true(!is_of_note || !page.at[i].field_count);
    }
    world_read_end(&w);
    return n;
}

static int64_t newest_position(void)
{
    int64_t position;
    world_read(&w, 0);
    assert_ok(changelog_last(w.reader, w.reg, &position));
    world_read_end(&w);
    return position;
}

static void notes_that_go_with_their_record_leave_no_copies_and_are_told(void **state)
{
    int64_t on = make_case(w.anna), other = make_case(w.anna);
    (void)state;
    deliver(note_of(w.anna, on));
    deliver(note_of(w.anna, other));
    note_of(w.hanna, on);
    crm_ctx *c = world_begin(&w, 0);
    assert_ok(records_delete(c, case_entity(), on, 0));
    world_end(&w, CRM_OK);
    int64_t position = newest_position();
    c = world_begin(&w, 0);
    assert_ok(records_purge(c, case_entity(), on));
    world_end(&w, CRM_OK);
    assert_int_equal(stored_rows(registry_store(w.reg, STORE_DELIVERY)), 1);
    assert_int_equal(stored_rows(notes()), 1);
    assert_int_equal(removals_after(position), 2);
}

static void notes_go_a_few_at_a_time_as_the_bin_empties_itself(void **state)
{
    int64_t on = make_case(w.anna);
    uint32_t left = 2;
    (void)state;
    for (int i = 0; i < 3; i++) {
        note_of(w.anna, on);
    }
    crm_ctx *c = world_begin(&w, 0);
    assert_ok(records_delete(c, case_entity(), on, 0));
    assert_ok(records_purge_parts(c, case_entity(), on, &left));
    world_end(&w, CRM_OK);
    assert_int_equal(left, 0);
    assert_int_equal(stored_rows(notes()), 1);
}

int main(void)
{
#define CASES(test)                                                     \
    cmocka_unit_test_setup_teardown(test, open_cases, close_world),     \
    {                                                                   \
#test " (delayed)", test, open_cases_delayed, close_world, NULL \
    }
    const struct CMUnitTest tests[] = {
        CASES(a_note_is_read_by_exactly_those_who_read_its_record),
        CASES(whoever_reads_the_record_writes_notes),
        CASES(a_right_that_names_other_kinds_shows_no_notes),
        CASES(notes_are_out_of_sight_with_their_record),
        CASES(a_note_is_its_authors_to_change_for_a_day),
        CASES(a_note_is_pinned_by_who_may_change_its_record),
        CASES(what_is_removed_for_ever_takes_its_notes_along),
        CASES(notes_that_go_with_their_record_leave_no_copies_and_are_told),
        CASES(notes_go_a_few_at_a_time_as_the_bin_empties_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
