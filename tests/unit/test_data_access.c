/* test_data_access.c - what a token leaves of its user's rights. */
#include "unit.h"

#include "data/access.h"

static const access_scope *scope_of(const char *json)
{
    const access_scope *out;
    assert_ok(access_intern(str_of(json), &out));
    return out;
}

static void one_text_is_one_scope(void **state)
{
    (void)state;
    const char *json = "{\"access\":\"read\",\"entities\":[\"sales.lead\"]}";
    assert_ptr_equal(scope_of(json), scope_of(json));
    assert_ptr_not_equal(scope_of(json), scope_of("{\"access\":\"read\"}"));
}

static void entities_are_all_those_listed_or_none(void **state)
{
    (void)state;
    const access_scope *some =
        scope_of("{\"access\":\"write\",\"entities\":[\"sales.*\",\"user\"]}");
    assert_true(access_has_entity(some, CRM_S("sales.lead")));
    assert_true(access_has_entity(some, CRM_S("user")));
    assert_false(access_has_entity(some, CRM_S("sales")));
    assert_false(access_has_entity(some, CRM_S("salesforce.lead")));
    assert_false(access_has_entity(some, CRM_S("contacts.person")));
    assert_true(
        access_has_entity(scope_of("{\"access\":\"read\",\"entities\":null}"), CRM_S("x.y")));
    assert_false(
        access_has_entity(scope_of("{\"access\":\"read\",\"entities\":[]}"), CRM_S("x.y")));
    assert_true(access_has_entity(NULL, CRM_S("x.y")));
}

static void functions_work_only_where_they_are_named(void **state)
{
    (void)state;
    const access_scope *some = scope_of("{\"access\":\"write\",\"functions\":[\"export\"]}");
    assert_true(access_has_function(some, CRM_S("export")));
    assert_false(access_has_function(some, CRM_S("settings")));
    assert_true(access_has_function(NULL, CRM_S("settings")));
}

static void reading_leaves_no_action_that_changes(void **state)
{
    (void)state;
    uint32_t all = ~0u;
    uint32_t left = access_actions(scope_of("{\"access\":\"read\"}"), all);
    assert_int_equal(left, 1u << ACTION_READ | 1u << ACTION_EXPORT | 1u << ACTION_AGGREGATE |
                               1u << ACTION_LISTEN);
    assert_int_equal(access_actions(scope_of("{\"access\":\"write\"}"), all), all);
    assert_int_equal(access_actions(NULL, all), all);
}

static void what_is_no_scope_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "[]",
                                      "{}",
                                      "{\"access\":\"all\"}",
                                      "{\"access\":\"read\",\"entities\":[1]}",
                                      "{\"access\":\"read\",\"functions\":[null]}"};
    const access_scope *out;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(access_intern(str_of(bad[i]), &out), CRM_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_text_is_one_scope),
        cmocka_unit_test(entities_are_all_those_listed_or_none),
        cmocka_unit_test(functions_work_only_where_they_are_named),
        cmocka_unit_test(reading_leaves_no_action_that_changes),
        cmocka_unit_test(what_is_no_scope_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
