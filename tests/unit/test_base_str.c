/* test_base_str.c - borrowed strings: cutting, comparing, numbers. */
#include "unit.h"

#include "base/str.h"

static void splitting_keeps_empty_parts(void **state)
{
    (void)state;
    crm_str rest = CRM_S("a,,b,"), part;
    assert_true(str_split(&rest, ',', &part));
    assert_text(part, "a");
    assert_true(str_split(&rest, ',', &part));
    assert_text(part, "");
    assert_true(str_split(&rest, ',', &part));
    assert_text(part, "b");
    assert_true(str_split(&rest, ',', &part));
    assert_text(part, "");
    assert_false(str_split(&rest, ',', &part));
}

static void an_empty_string_is_one_empty_part_and_no_string_none(void **state)
{
    (void)state;
    crm_str rest = CRM_S(""), part;
    assert_true(str_split(&rest, ',', &part));
    assert_false(str_split(&rest, ',', &part));
    rest = (crm_str){0};
    assert_false(str_split(&rest, ',', &part));
}

static void beginnings_and_ends_are_recognised(void **state)
{
    (void)state;
    assert_true(str_starts(CRM_S("сделка"), CRM_S("сде")));
    assert_false(str_starts(CRM_S("сд"), CRM_S("сделка")));
    assert_true(str_ends(CRM_S("a.yaml"), CRM_S(".yaml")));
    assert_true(str_ends((crm_str){0}, (crm_str){0}));
    assert_false(str_ends(CRM_S("yaml"), CRM_S(".yaml")));
}

static void order_is_by_unsigned_bytes_then_length(void **state)
{
    (void)state;
    assert_int_equal(str_cmp(CRM_S("a"), CRM_S("ab")), -1);
    assert_int_equal(str_cmp(CRM_S("я"), CRM_S("z")), 1);
    assert_int_equal(str_cmp((crm_str){0}, CRM_S("")), 0);
}

static void trimming_takes_ascii_white_space_only(void **state)
{
    (void)state;
    assert_text(str_trim(CRM_S(" \t\r\n x y \v\f")), "x y");
    assert_text(str_trim(CRM_S(" \n ")), "");
    assert_text(str_trim(CRM_S("\xC2\xA0x")), "\xC2\xA0x");
}

static void case_is_ignored_in_ascii_only(void **state)
{
    (void)state;
    assert_true(str_eq_ascii_nocase(CRM_S("Content-TYPE"), CRM_S("content-type")));
    assert_false(str_eq_ascii_nocase(CRM_S("Я"), CRM_S("я")));
    assert_false(str_eq_ascii_nocase(CRM_S("@"), CRM_S("`")));
}

static void numbers_are_whole_strings_within_range(void **state)
{
    (void)state;
    int64_t i = 0;
    uint64_t u = 0;
    assert_ok(str_to_i64(CRM_S("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    assert_ok(str_to_i64(CRM_S("9223372036854775807"), &i));
    assert_true(i == INT64_MAX);
    assert_ok(str_to_u64(CRM_S("18446744073709551615"), &u));
    assert_true(u == UINT64_MAX);
    assert_ok(str_to_i64(CRM_S("007"), &i));
    assert_int_equal(i, 7);
}

static void anything_else_is_not_a_number(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1x",
                                      "--1",
                                      "0x1",
                                      "1.0",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t v;
        assert_int_equal(str_to_i64(str_of(bad[i]), &v), CRM_INVALID);
    }
    uint64_t u;
    assert_int_equal(str_to_u64(CRM_S("18446744073709551616"), &u), CRM_INVALID);
    assert_int_equal(str_to_u64(CRM_S("-1"), &u), CRM_INVALID);
    assert_int_equal(str_to_u64((crm_str){0}, &u), CRM_INVALID);
}

static void the_hash_is_fnv_1a(void **state)
{
    (void)state;
    assert_true(str_hash(CRM_S("")) == 0xcbf29ce484222325u);
    assert_true(str_hash(CRM_S("foobar")) == 0x85944171f73967e8u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splitting_keeps_empty_parts),
        cmocka_unit_test(an_empty_string_is_one_empty_part_and_no_string_none),
        cmocka_unit_test(beginnings_and_ends_are_recognised),
        cmocka_unit_test(order_is_by_unsigned_bytes_then_length),
        cmocka_unit_test(trimming_takes_ascii_white_space_only),
        cmocka_unit_test(case_is_ignored_in_ascii_only),
        cmocka_unit_test(numbers_are_whole_strings_within_range),
        cmocka_unit_test(anything_else_is_not_a_number),
        cmocka_unit_test(the_hash_is_fnv_1a),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
