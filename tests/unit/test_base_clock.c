/* test_base_clock.c - time's text forms and the virtual clock. */
#include "unit.h"

#include "base/clock.h"
#include "base/str.h"

static void assert_parses(const char *text, int64_t expected)
{
    int64_t ms = -1;
    if (clock_parse(str_of(text), &ms) != CRM_OK || ms != expected) {
        fail_msg("%s gave %lld", text, (long long)ms);
    }
}

static void moments_are_read_in_any_offset(void **state)
{
    (void)state;
    assert_parses("1970-01-01T00:00:00Z", 0);
    assert_parses("2027-01-18T10:00:00.000+03:00", 1800255600000);
    assert_parses("2027-01-18T07:00:00Z", 1800255600000);
    assert_parses("2027-01-18 07:00z", 1800255600000);
    assert_parses("2027-01-18T07:00:00.1239999Z", 1800255600123);
    assert_parses("2027-01-18T07:00:00.5Z", 1800255600500);
    assert_parses("1969-12-31T23:59:59.999Z", -1);
    assert_parses("2026-12-31T23:59:60Z", 1798761599999);
}

static void what_is_not_a_moment_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2027-01-18",
        "2027-01-18T07:00:00",
        "2027-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2027-13-01T00:00:00Z",
        "2027-00-01T00:00:00Z",
        "2027-01-18T24:00:00Z",
        "2027-01-18T07:60:00Z",
        "2027-01-18T07:00:61Z",
        "2027-01-18T07:00:00.Z",
        "2027-01-18T07:00:00Z ",
        "2027-01-18T07:00:00+3",
        "2027-01-18T07:00:00+24:00",
        "27-01-18T07:00:00Z",
        "+027-01-18T07:00:00Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms;
        assert_int_equal(clock_parse(str_of(bad[i]), &ms), CRM_INVALID);
    }
}

static void moments_are_written_in_utc_with_milliseconds(void **state)
{
    (void)state;
    char text[CLOCK_TEXT];
    clock_format(1800255600007, text);
    assert_string_equal(text, "2027-01-18T07:00:00.007Z");
    clock_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    clock_format(INT64_MAX, text);
    assert_memory_equal(text, "9999-12-31T", 11);
    clock_format(INT64_MIN, text);
    assert_memory_equal(text, "0000-01-01T", 11);
}

static void every_day_of_a_cycle_survives_both_ways(void **state)
{
    (void)state;
    for (int32_t day = -719528; day <= 2932896; day += 97) {
        char text[11];
        int32_t again = 0;
        clock_format_date(day, text);
        assert_ok(clock_parse_date(str_of(text), &again));
        assert_int_equal(again, day);
    }
    int32_t leap;
    assert_ok(clock_parse_date(CRM_S("2000-02-29"), &leap));
    assert_int_equal(leap, 11016);
    assert_int_equal(clock_parse_date(CRM_S("1900-02-29"), &leap), CRM_INVALID);
    assert_int_equal(clock_parse_date(CRM_S("2000-2-9"), &leap), CRM_INVALID);
}

static void durations_add_their_parts(void **state)
{
    (void)state;
    int64_t ms = 0;
    assert_ok(clock_parse_duration(CRM_S("15m"), &ms));
    assert_int_equal(ms, 900000);
    assert_ok(clock_parse_duration(CRM_S("1d 12h"), &ms));
    assert_int_equal(ms, 129600000);
    assert_ok(clock_parse_duration(CRM_S("1h30m"), &ms));
    assert_int_equal(ms, 5400000);
    assert_ok(clock_parse_duration(CRM_S("0s"), &ms));
    assert_int_equal(ms, 0);
}

static void what_is_not_a_duration_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "15",  "m",   "1.5h", "-1h",
                                      "1 h", "1d ", " 1d", "1mo",  "9999999999999s"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms;
        assert_int_equal(clock_parse_duration(str_of(bad[i]), &ms), CRM_INVALID);
    }
}

/* The last, because a virtual clock stays virtual. */
static void the_virtual_clock_stands_and_never_goes_back(void **state)
{
    (void)state;
    assert_false(clock_is_virtual());
    assert_true(clock_now() > 1700000000000);
    int64_t before = clock_mono();
    clock_virtual(1800255600000);
    assert_true(clock_is_virtual());
    assert_int_equal(clock_now(), 1800255600000);
    clock_set(1800255600500);
    clock_set(1800255600100);
    assert_int_equal(clock_now(), 1800255600500);
    assert_true(clock_mono() >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_read_in_any_offset),
        cmocka_unit_test(what_is_not_a_moment_is_refused),
        cmocka_unit_test(moments_are_written_in_utc_with_milliseconds),
        cmocka_unit_test(every_day_of_a_cycle_survives_both_ways),
        cmocka_unit_test(durations_add_their_parts),
        cmocka_unit_test(what_is_not_a_duration_is_refused),
        cmocka_unit_test(the_virtual_clock_stands_and_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
