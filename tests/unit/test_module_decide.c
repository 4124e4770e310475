/* test_module_decide.c - what a word of an administrator, or of the kernel, makes of a module's
 * choice. */
#include "unit.h"

#include "module_change.h"

#define FORMER CRM_S("1.0.0-111111111111")
#define FAILED CRM_S("1.1.0-222222222222")
#define NEWER  CRM_S("1.2.0-333333333333")

static crm_status take_back(crm_str only_of, crm_str in_force, module_choice *row,
                            const char **refusal)
{
    const module_now now = {.runs = true, .version = in_force};
    const module_ask ask = {.act = MODULE_ACT_ROLLBACK, .name = CRM_S("fleet"), .only_of = only_of};
    *row = (module_choice){.version = in_force, .before = FORMER, .has_before = true};
    return module_decide(&now, &ask, row, refusal);
}

static void the_version_that_failed_is_taken_back(void **state)
{
    module_choice row;
    const char *refusal;
    (void)state;
    assert_ok(take_back(FAILED, FAILED, &row, &refusal));
    assert_true(str_eq(row.version, FORMER));
    assert_ok(take_back(CRM_S("bundled"), (crm_str){0}, &row, &refusal));
    assert_true(str_eq(row.version, FORMER));
}

static void one_that_came_into_force_since_is_not(void **state)
{
    module_choice row;
    const char *refusal;
    (void)state;
    assert_int_equal(take_back(FAILED, NEWER, &row, &refusal), CRM_CONFLICT);
    assert_string_equal(refusal, "changed_since");
    assert_true(str_eq(row.version, NEWER));
}

static void a_word_without_a_version_takes_back_whatever_is_in_force(void **state)
{
    module_choice row;
    const char *refusal;
    (void)state;
    assert_ok(take_back((crm_str){0}, NEWER, &row, &refusal));
    assert_true(str_eq(row.version, FORMER));
}

/* What a failed change of data without a former version comes to. */
static void the_kernel_turns_off_the_version_that_failed_and_no_other(void **state)
{
    module_now now = {.runs = true, .version = FAILED};
    module_ask ask = {.act = MODULE_ACT_DISABLE, .name = CRM_S("fleet"), .only_of = FAILED};
    module_choice row = {.version = FAILED};
    const char *refusal;
    (void)state;
    assert_ok(module_decide(&now, &ask, &row, &refusal));
    assert_int_equal(row.wish, CHOICE_OFF);
    row.wish = CHOICE_AUTO;
    now.version = NEWER;
    assert_int_equal(module_decide(&now, &ask, &row, &refusal), CRM_CONFLICT);
    assert_string_equal(refusal, "changed_since");
    assert_int_equal(row.wish, CHOICE_AUTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_version_that_failed_is_taken_back),
        cmocka_unit_test(one_that_came_into_force_since_is_not),
        cmocka_unit_test(a_word_without_a_version_takes_back_whatever_is_in_force),
        cmocka_unit_test(the_kernel_turns_off_the_version_that_failed_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
