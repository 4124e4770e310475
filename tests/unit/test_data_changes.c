/* test_data_changes.c - what has changed of an entity, for who keeps a copy: what he may not see is
 * not even counted. */
#include "data_world.h"

static int64_t log_end(void)
{
    int64_t last;
    world_read(&w, 0);
    assert_ok(changelog_last(w.reader, w.reg, &last));
    world_read_end(&w);
    return last;
}

/* Reads on from *at, which moves; `is_more`: what it has to say. */
static uint32_t told(int64_t user, int64_t *at, uint32_t limit, bool is_more)
{
    record_changes page;
    crm_ctx *c = world_read(&w, user);
    assert_ok(records_changes(c, w.lead, *at, limit, &page));
    assert_int_equal(page.has_more, is_more);
    *at = page.next;
    world_read_end(&w);
    return page.count;
}

static void add_hidden(int count)
{
    for (int i = 0; i < count; i++) {
        world_lead(&w, "чужой", w.boris, 0);
    }
}

/* Told one by one, answers without rows would be a count of the changes between. */
static void changes_out_of_sight_end_no_page(void **state)
{
    (void)state;
    int64_t at = log_end();
    add_hidden(30);
    world_lead(&w, "мой", w.anna, 0);
    add_hidden(30);
    world_lead(&w, "мой", w.anna, 0);
    add_hidden(30);
    assert_int_equal(told(w.anna, &at, 1, true), 1);
    assert_int_equal(told(w.anna, &at, 1, false), 1);
    assert_int_equal(at, log_end());
    add_hidden(30);
    assert_int_equal(told(w.anna, &at, 1, false), 0);
    assert_int_equal(at, log_end());
    assert_int_equal(told(w.anna, &at, 1, false), 0);
}

/* More of them than one reading of the log takes up. */
static void a_page_reads_on_until_it_is_full(void **state)
{
    (void)state;
    int64_t at = log_end();
    add_hidden(LIST_MAX + 10);
    world_lead(&w, "мой", w.anna, 0);
    assert_int_equal(told(w.anna, &at, 1, false), 1);
}

/* Who asks again from the same place would run out of time again: what was judged is told, and no
 * more. */
static void a_call_whose_time_ends_says_how_far_it_came(void **state)
{
    (void)state;
    int64_t begin = log_end();
    int cut = 0;
    for (int i = 0; i < 5; i++) {
        add_hidden(80); /* of which the log is read in several pages */
        world_lead(&w, "мой", w.anna, 0);
    }
    crm_status st = CRM_TIMEOUT;
    for (int64_t us = 50; st == CRM_TIMEOUT; us += us / 8) {
        record_changes page;
        crm_ctx *c = world_read(&w, w.anna);
        c->until = clock_mono() + us * 1000;
        st = records_changes(c, w.lead, begin, 0, &page);
        assert_true(st == CRM_OK || (st == CRM_TIMEOUT && page.has_more));
        int64_t at = page.next;
        uint32_t count = page.count;
        world_read_end(&w);
        cut += st == CRM_TIMEOUT && at > begin;
        assert_int_equal(count + told(w.anna, &at, 0, false), 5);
    }
    assert_true(cut > 0);
}

static void a_record_is_told_once_in_a_page_with_all_that_changed(void **state)
{
    record_changes page;
    (void)state;
    int64_t at = log_end();
    int64_t id = world_lead(&w, "мой", w.anna, 0);
    assert_ok(world_update(&w, 0, w.lead, id, LEAD_CODE, TEXT("код")));
    add_hidden(3);
    assert_ok(world_update(&w, 0, w.lead, id, LEAD_PHONE, TEXT("+79161234567")));
    crm_ctx *c = world_read(&w, w.anna);
    assert_ok(records_changes(c, w.lead, at, 1, &page));
    assert_int_equal(page.count, 1);
    assert_int_equal(page.at[0].op, 'c');
    assert_int_equal(page.at[0].rev, 3);
    assert_true(bits_has(page.at[0].fields, LEAD_CODE) && bits_has(page.at[0].fields, LEAD_PHONE));
    assert_false(page.has_more);
    world_read_end(&w);
}

/* It is there for him only from the change on that took it away. */
static void a_record_that_left_is_gone_and_one_never_seen_is_nothing(void **state)
{
    record_changes page;
    (void)state;
    int64_t id = world_lead(&w, "мой", w.anna, 0), at = log_end();
    assert_ok(world_update(&w, 0, w.lead, id, LEAD_OWNER, value_int(w.boris)));
    assert_ok(world_update(&w, 0, w.lead, id, LEAD_TITLE, TEXT("уже не ваш")));
    add_hidden(1);
    crm_ctx *c = world_read(&w, w.anna);
    assert_ok(records_changes(c, w.lead, at, 10, &page));
    assert_int_equal(page.count, 1);
    assert_int_equal(page.at[0].record, id);
    assert_int_equal(page.at[0].op, 'g');
    for (int i = 0; i < 4; i++) {
        assert_int_equal(page.at[0].fields[i], 0);
    }
    world_read_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(changes_out_of_sight_end_no_page),
        BOTH(a_page_reads_on_until_it_is_full),
        BOTH(a_call_whose_time_ends_says_how_far_it_came),
        BOTH(a_record_is_told_once_in_a_page_with_all_that_changed),
        BOTH(a_record_that_left_is_gone_and_one_never_seen_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
