/* test_data_changelog.c - reading on from a position, cursors, erasing the past of a field. */
#include "data/stores.h"
#include "data_world.h"

static void a_reader_goes_on_where_it_stopped(void **state)
{
    (void)state;
    change_page page;
    int64_t start;
    crm_ctx *c = world_read(&w, 0);
    assert_ok(changelog_last(w.reader, w.reg, &start));
    assert_true(start > 0);
    world_read_end(&w);
    int64_t id = world_lead(&w, "one", w.anna, 0);
    assert_ok(world_update(&w, w.anna, w.lead, id, LEAD_TITLE, TEXT("two")));
    c = world_read(&w, 0);
    assert_ok(changelog_after(w.reader, w.reg, c->arena, start, 1, &page));
    assert_int_equal(page.count, 1);
    assert_int_equal(page.at[0].op, 'c');
    assert_int_equal(page.at[0].record, id);
    assert_ok(changelog_after(w.reader, w.reg, c->arena, page.at[0].position, 10, &page));
    assert_int_equal(page.count, 1);
    assert_int_equal(page.at[0].field_count, 1);
    assert_int_equal(page.at[0].fields[0], LEAD_TITLE);
    assert_text(page.at[0].was[0].s, "one");
    assert_text(page.at[0].now[0].s, "two");
    /* What rights are judged by is there although it has not changed. */
    assert_int_equal(page.at[0].row_now[LEAD_OWNER].i, w.anna);
    assert_int_equal(page.at[0].row_was[LEAD_OWNER].i, w.anna);
    assert_text(page.at[0].row_now[LEAD_STAGE].s, "new");
    assert_int_equal(page.at[0].by, w.anna);
    assert_ok(changelog_after(w.reader, w.reg, c->arena, page.at[0].position, 10, &page));
    assert_int_equal(page.count, 0);
    world_read_end(&w);
}

/* What a module that is not enabled any more has left. */
static int64_t change_of_an_unknown_entity(void)
{
    value row[CHANGE_COLUMNS] = {0};
    int64_t position;
    row[CHANGE_ENTITY] = value_int(999999);
    row[CHANGE_RECORD] = value_int(1);
    row[CHANGE_OP] = TEXT("u");
    row[CHANGE_BODY] = TEXT("{}");
    world_begin(&w, 0);
    assert_ok(tx_insert(w.tx, registry_store(w.reg, STORE_CHANGE), row, &position));
    world_end(&w, CRM_OK);
    return position;
}

static void a_page_with_gaps_tells_that_more_follows(void **state)
{
    (void)state;
    change_page page;
    int64_t start;
    crm_ctx *c = world_read(&w, 0);
    assert_ok(changelog_last(w.reader, w.reg, &start));
    world_read_end(&w);
    int64_t first = world_lead(&w, "first", w.anna, 0);
    int64_t gap = change_of_an_unknown_entity();
    int64_t second = world_lead(&w, "second", w.anna, 0);
    c = world_read(&w, 0);
    assert_ok(changelog_after(w.reader, w.reg, c->arena, start, 2, &page));
    assert_int_equal(page.count, 1);
    assert_int_equal(page.at[0].record, first);
    assert_int_equal(page.last, gap);
    assert_true(page.has_more);
    assert_ok(changelog_after(w.reader, w.reg, c->arena, page.last, 2, &page));
    assert_int_equal(page.count, 1);
    assert_int_equal(page.at[0].record, second);
    assert_false(page.has_more);
    world_read_end(&w);
}

static void a_cursor_is_kept_by_its_name(void **state)
{
    (void)state;
    int64_t position;
    world_begin(&w, 0);
    assert_int_equal(changelog_cursor(w.tx, CRM_S("listener"), &position), CRM_NOT_FOUND);
    assert_ok(changelog_set_cursor(w.tx, CRM_S("listener"), 5));
    world_end(&w, CRM_OK);
    world_begin(&w, 0);
    assert_ok(changelog_set_cursor(w.tx, CRM_S("listener"), 7));
    assert_ok(changelog_cursor(w.tx, CRM_S("listener"), &position));
    world_end(&w, CRM_OK);
    assert_int_equal(position, 7);
}

static void an_erased_field_leaves_the_past(void **state)
{
    (void)state;
    history_entry *at;
    int64_t next;
    uint32_t count;
    uint64_t fields[4] = {0};
    int64_t id = world_lead(&w, "Ivan Petrov", w.anna, 0);
    assert_ok(world_update(&w, 0, w.lead, id, LEAD_TITLE, TEXT("nobody")));
    bits_add(fields, LEAD_TITLE);
    world_begin(&w, 0);
    assert_ok(changelog_erase(w.tx, w.lead, id, fields));
    world_end(&w, CRM_OK);
    crm_ctx *c = world_read(&w, 0);
    assert_ok(records_history(c, &(history_query){.entity = w.lead, .id = id}, &at, &count, &next));
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < at[i].change_count; j++) {
            assert_int_not_equal(at[i].changes[j].field->index, LEAD_TITLE);
        }
    }
    assert_int_equal(count, 1);
    assert_int_equal(at[0].op, 'c');
    world_read_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_reader_goes_on_where_it_stopped),
        BOTH(a_page_with_gaps_tells_that_more_follows),
        BOTH(a_cursor_is_kept_by_its_name),
        BOTH(an_erased_field_leaves_the_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
