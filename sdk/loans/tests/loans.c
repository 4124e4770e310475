/* loans.c - unit tests of the module loans: `karkas module test` runs them without a server. */
#include <karkas_mock.h>

#include <stdio.h>
#include <string.h>

static mock *m;
static int64_t anna, boris, drill;

static int set_up(void **state)
{
    char id[24];
    (void)state;
    m = mock_new();
    anna = mock_person(m, "anna", MOCK_ALL);
    boris = mock_person(m, "boris", MOCK_OWN);
    snprintf(id, sizeof id, "%lld", (long long)anna);
    drill = mock_make(m, "loans.item", "title", "The drill", "owner", id, NULL);
    mock_as(m, anna);
    return drill ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    mock_free(m);
    return 0;
}

static crm_status call(const char *verb, const char *body)
{
    char path[64];
    snprintf(path, sizeof path, "/item/%lld/%s", (long long)drill, verb);
    return mock_call(m, "POST", path, body);
}

static uint32_t notices(void)
{
    int64_t ids[8];
    return mock_list(m, "notification", ids, 8);
}

static void what_is_lent_has_to_be_back_after_the_term(void **state)
{
    (void)state;
    assert_int_equal(mock_setting(m, "term", "3d"), CRM_OK);
    assert_int_equal(call("lend", "{\"to\":\"Bridge Ltd\"}"), CRM_OK);
    assert_non_null(strstr(mock_reply(m), "\"lent_to\":\"Bridge Ltd\""));
    assert_non_null(mock_get(m, "loans.item", drill, "back_by"));
    assert_int_equal(call("lend", "{\"to\":\"Another\"}"), CRM_CONFLICT);
    assert_string_equal(mock_error_field(m), "lent_to");
    assert_int_equal(call("back", NULL), CRM_OK);
    assert_null(mock_get(m, "loans.item", drill, "back_by"));
}

static void a_person_without_the_right_lends_nothing(void **state)
{
    (void)state;
    mock_as(m, boris);
    assert_int_equal(call("lend", "{\"to\":\"Bridge Ltd\"}"), CRM_DENIED);
    assert_null(mock_get(m, "loans.item", drill, "lent_to"));
}

static void nobody_is_no_answer_to_whom(void **state)
{
    (void)state;
    assert_int_equal(call("lend", "{}"), CRM_INVALID);
    assert_string_equal(mock_error_field(m), "to");
}

static void its_keeper_is_reminded_on_the_day_and_told_when_it_is_back(void **state)
{
    (void)state;
    assert_int_equal(call("lend", "{\"to\":\"Bridge Ltd\"}"), CRM_OK);
    assert_int_equal(mock_advance(m, "13d"), CRM_OK);
    assert_int_equal(notices(), 0);
    assert_int_equal(mock_advance(m, "2d"), CRM_OK);
    assert_string_equal(mock_get(m, "loans.item", drill, "reminded"), "true");
    assert_int_equal(notices(), 1);
    assert_int_equal(call("back", NULL), CRM_OK);
    assert_int_equal(notices(), 2);
}

static void the_count_is_of_all_things_whoever_asks(void **state)
{
    (void)state;
    assert_int_equal(call("lend", "{\"to\":\"Bridge Ltd\"}"), CRM_OK);
    mock_as(m, boris);
    assert_int_equal(mock_call(m, "GET", "/load", NULL), CRM_OK);
    assert_non_null(strstr(mock_reply(m), "\"lent\":1"));
}

static void what_cannot_be_stored_is_not_lent(void **state)
{
    (void)state;
    mock_fail(m, "crm_save", CRM_NO_SPACE, 1);
    assert_int_equal(call("lend", "{\"to\":\"Bridge Ltd\"}"), CRM_NO_SPACE);
    assert_null(mock_get(m, "loans.item", drill, "lent_to"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
static const struct CMUnitTest tests[] = {
    TEST(what_is_lent_has_to_be_back_after_the_term),
    TEST(a_person_without_the_right_lends_nothing),
    TEST(nobody_is_no_answer_to_whom),
    TEST(its_keeper_is_reminded_on_the_day_and_told_when_it_is_back),
    TEST(the_count_is_of_all_things_whoever_asks),
    TEST(what_cannot_be_stored_is_not_lent),
};
MOCK_TESTS(tests)
