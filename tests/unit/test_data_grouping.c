/* test_data_grouping.c - buckets of time, and which fields make keys and measures of which type. */
#include "base/zone.h"
#include "data/grouping.h"
#include "unit.h"

static arena *a;

static int setup(void **state)
{
    (void)state;
    a = arena_new(0);
    return a ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static int64_t moment(const char *text)
{
    int64_t ms;
    assert_ok(clock_parse(str_of(text), &ms));
    return ms;
}

static int64_t day(const char *text)
{
    int32_t days;
    assert_ok(clock_parse_date(str_of(text), &days));
    return days;
}

static int64_t bucket_of(bucket b, const char *zone_name, const char *at)
{
    static const field moments = {.type = FIELD_DATETIME};
    const zone *z;
    assert_ok(zone_load(a, str_of(zone_name), &z));
    return group_bucket(b, &moments, value_int(moment(at)), z).i;
}

static void a_moment_falls_where_the_clocks_say(void **state)
{
    (void)state;
    static const struct {
        bucket bucket;
        const char *zone, *at, *day;
    } rows[] = {
        {BUCKET_DAY, "Europe/Moscow", "2027-01-17T21:00:00Z", "2027-01-18"},
        {BUCKET_DAY, "Europe/Moscow", "2027-01-17T20:59:59.999Z", "2027-01-17"},
        {BUCKET_DAY, "Europe/Berlin", "2027-06-30T22:00:00Z", "2027-07-01"},
        {BUCKET_DAY, "Europe/Berlin", "2027-12-31T22:59:59Z", "2027-12-31"},
        {BUCKET_WEEK, "Europe/Moscow", "2027-01-17T20:59:59Z", "2027-01-11"}, /* a Sunday */
        {BUCKET_WEEK, "Europe/Moscow", "2027-01-17T21:00:00Z", "2027-01-18"}, /* a Monday */
        {BUCKET_WEEK, "", "1969-12-31T12:00:00Z", "1969-12-29"},
        {BUCKET_MONTH, "Europe/Berlin", "2027-03-31T22:00:00Z", "2027-04-01"},
        {BUCKET_MONTH, "", "2028-02-29T23:59:59Z", "2028-02-01"},
        {BUCKET_QUARTER, "", "2027-09-30T23:59:59Z", "2027-07-01"},
        {BUCKET_QUARTER, "", "2027-12-01T00:00:00Z", "2027-10-01"},
        {BUCKET_YEAR, "Europe/Moscow", "2026-12-31T21:00:00Z", "2027-01-01"},
        {BUCKET_YEAR, "", "1969-05-05T00:00:00Z", "1969-01-01"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(bucket_of(rows[i].bucket, rows[i].zone, rows[i].at) == day(rows[i].day));
    }
}

/* The hour that comes twice on 31 October 2027 in Berlin is two hours, one of the day's 24. */
static void hours_are_told_apart_when_the_clocks_go_back(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *at, *hour;
        int64_t of_day;
    } rows[] = {
        {"Europe/Berlin", "2027-10-31T00:10:00Z", "2027-10-31T00:00:00Z", 2},
        {"Europe/Berlin", "2027-10-31T01:10:00Z", "2027-10-31T01:00:00Z", 2},
        {"Europe/Berlin", "2027-03-28T00:59:00Z", "2027-03-28T00:00:00Z", 1},
        {"Europe/Berlin", "2027-03-28T01:00:00Z", "2027-03-28T01:00:00Z", 3},
        {"Asia/Kolkata", "2027-01-18T00:40:00Z", "2027-01-18T00:30:00Z", 6},
        {"Europe/Moscow", "2027-01-17T21:30:00Z", "2027-01-17T21:00:00Z", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(bucket_of(BUCKET_HOUR, rows[i].zone, rows[i].at) == moment(rows[i].hour));
        assert_true(bucket_of(BUCKET_HOUR_OF_DAY, rows[i].zone, rows[i].at) == rows[i].of_day);
    }
}

static void weekdays_begin_with_monday(void **state)
{
    (void)state;
    for (int i = 0; i < 14; i++) {
        char at[] = "2027-01-18T12:00:00Z"; /* a Monday */
        at[8] = (char)('0' + (18 + i) / 10);
        at[9] = (char)('0' + (18 + i) % 10);
        assert_true(bucket_of(BUCKET_WEEKDAY, "", at) == i % 7 + 1);
    }
    assert_true(bucket_of(BUCKET_WEEKDAY, "", "1969-12-28T00:00:00Z") == 7);
}

static void dates_need_no_zone(void **state)
{
    (void)state;
    const zone *moscow;
    static const field dates = {.type = FIELD_DATE};
    assert_ok(zone_load(a, CRM_S("Europe/Moscow"), &moscow));
    value v = value_int(day("2027-01-18"));
    assert_true(group_bucket(BUCKET_DAY, &dates, v, moscow).i == v.i);
    assert_true(group_bucket(BUCKET_QUARTER, &dates, v, moscow).i == day("2027-01-01"));
    assert_true(group_bucket(BUCKET_WEEKDAY, &dates, v, NULL).i == 1);
    assert_true(value_is_null(group_bucket(BUCKET_DAY, &dates, value_null(), moscow)));
    assert_false(group_takes_bucket(&dates, BUCKET_HOUR));
    assert_false(group_takes_bucket(&dates, BUCKET_HOUR_OF_DAY));
    assert_true(group_takes_bucket(&dates, BUCKET_WEEK));
}

static void fields_that_hold_much_are_no_keys(void **state)
{
    (void)state;
    static const field_type never[] = {FIELD_MULTILINE, FIELD_JSON, FIELD_FILE};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        assert_false(group_takes_key(&(field){.type = never[i]}));
    }
    assert_false(group_takes_key(&(field){.type = FIELD_PHONE, .flags = FIELD_MANY}));
    assert_true(group_takes_key(&(field){.type = FIELD_PHONE}));
    assert_true(group_takes_key(&(field){.type = FIELD_COMPUTED, .result = FIELD_BOOL}));
    assert_false(group_takes_sum(&(field){.type = FIELD_DATE}));
    assert_true(group_takes_order(&(field){.type = FIELD_DATE}));
    assert_false(group_takes_order(&(field){.type = FIELD_BOOL}));
    assert_true(group_takes_sum(&(field){.type = FIELD_COMPUTED, .result = FIELD_MONEY}));
}

static void results_have_the_type_of_what_they_measure(void **state)
{
    (void)state;
    static const field amount = {.type = FIELD_MONEY, .scale = 2}, count = {.type = FIELD_INT},
                       took = {.type = FIELD_DURATION};
    static const struct {
        measure_kind kind;
        const field *field;
        field_type type;
        uint8_t scale;
    } rows[] = {
        {MEASURE_COUNT, NULL, FIELD_INT, 0},     {MEASURE_DISTINCT, &amount, FIELD_INT, 0},
        {MEASURE_SUM, &amount, FIELD_MONEY, 2},  {MEASURE_P90, &amount, FIELD_MONEY, 2},
        {MEASURE_AVG, &amount, FIELD_MONEY, 4},  {MEASURE_AVG, &count, FIELD_DECIMAL, 2},
        {MEASURE_AVG, &took, FIELD_DURATION, 0}, {MEASURE_MAX, &took, FIELD_DURATION, 0},
        {MEASURE_SHARE, NULL, FIELD_PERCENT, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        grouping g = {.measures = {{.kind = rows[i].kind, .path = {{rows[i].field}, {NULL}, 1}}},
                      .measure_count = 1};
        result_type t = measure_type(&g, 0);
        assert_int_equal(t.type, rows[i].type);
        assert_int_equal(t.scale, rows[i].scale);
    }
    group_key month = {.path = {{&amount}, {NULL}, 1}, .bucket = BUCKET_MONTH};
    assert_int_equal(group_key_type(&month).type, FIELD_DATE);
    month.bucket = BUCKET_NONE;
    assert_int_equal(group_key_type(&month).type, FIELD_MONEY);
    assert_ptr_equal(group_key_type(&month).field, &amount);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_moment_falls_where_the_clocks_say),
        TEST(hours_are_told_apart_when_the_clocks_go_back),
        TEST(weekdays_begin_with_monday),
        TEST(dates_need_no_zone),
        TEST(fields_that_hold_much_are_no_keys),
        TEST(results_have_the_type_of_what_they_measure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
