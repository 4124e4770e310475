/* test_base_zone.c - time zones of the system's database. */
#include "unit.h"

#include "base/clock.h"
#include "base/zone.h"

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

static const zone *load(const char *name)
{
    const zone *z = NULL;
    assert_ok(zone_load(a, (crm_str){name, strlen(name)}, &z));
    return z;
}

static int64_t at(const char *utc)
{
    int64_t ms;
    assert_ok(clock_parse((crm_str){utc, strlen(utc)}, &ms));
    return ms;
}

static void offsets_follow_the_zones_history(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *utc;
        int hours;
    } rows[] = {
        {"", "2027-01-18T00:00:00Z", 0},
        {"Europe/Moscow", "2027-01-18T00:00:00Z", 3},
        {"Europe/Moscow", "2009-07-01T00:00:00Z", 4}, /* summer time */
        {"Europe/Moscow", "2012-01-01T00:00:00Z", 4}, /* the years of "permanent summer" */
        {"Asia/Kamchatka", "2027-01-18T00:00:00Z", 12},
        {"America/New_York", "2026-03-08T06:59:59Z", -5},
        {"America/New_York", "2026-03-08T07:00:00Z", -4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t offset = zone_offset(load(rows[i].zone), at(rows[i].utc));
        assert_int_equal(offset / 3600000, rows[i].hours);
    }
}

static void a_day_begins_at_local_midnight(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *utc, *midnight;
    } rows[] = {
        {"Europe/Moscow", "2027-01-17T21:00:00Z", "2027-01-17T21:00:00Z"},
        {"Europe/Moscow", "2027-01-17T20:59:59Z", "2027-01-16T21:00:00Z"},
        {"Europe/Moscow", "1960-01-01T22:00:00Z", "1960-01-01T21:00:00Z"},
        /* the day the clocks go forward begins in winter time */
        {"America/New_York", "2026-03-08T20:00:00Z", "2026-03-08T05:00:00Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t got = zone_day_start(load(rows[i].zone), at(rows[i].utc));
        assert_true(got == at(rows[i].midnight));
    }
}

static void local_times_become_utc(void **state)
{
    (void)state;
    const zone *ny = load("America/New_York");
    assert_true(zone_from_local(ny, at("2026-07-01T10:00:00Z")) == at("2026-07-01T14:00:00Z"));
    assert_true(zone_from_local(ny, at("2026-01-01T10:00:00Z")) == at("2026-01-01T15:00:00Z"));
    /* 02:30 is skipped; 01:30 comes twice, and the first is meant */
    assert_true(zone_from_local(ny, at("2026-03-08T02:30:00Z")) == at("2026-03-08T07:30:00Z"));
    assert_true(zone_from_local(ny, at("2026-11-01T01:30:00Z")) == at("2026-11-01T05:30:00Z"));
}

static void what_is_no_zone_is_not_found(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Europe/Moskow", "../../etc/passwd", "/etc/localtime",         "Europe/Mos\\cow",
        "Europe",        "zone.tab",         "Europe/../Europe/Moscow"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const zone *z;
        assert_int_equal(zone_load(a, (crm_str){bad[i], strlen(bad[i])}, &z), CRM_NOT_FOUND);
    }
}

static void a_wrong_name_has_its_nearest_zone(void **state)
{
    static const struct {
        const char *given, *meant;
    } rows[] = {
        {"europe/moskow", "Europe/Moscow"},
        {"EUROPE/MOSCOW", "Europe/Moscow"},
        {"Moscow", "Europe/Moscow"},
        {"Asia/Moscow", "Europe/Moscow"},
        {"Europe/Yekaterinburg", "Asia/Yekaterinburg"},
        {"Ekaterinburg", "Asia/Yekaterinburg"},
        {"utc", "UTC"},
        {"Nowhere/At_all_of_it", ""},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        crm_str found = zone_nearest(a, (crm_str){rows[i].given, strlen(rows[i].given)});
        assert_int_equal(found.n, strlen(rows[i].meant));
        assert_memory_equal(found.n ? found.p : "", rows[i].meant, found.n);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(offsets_follow_the_zones_history),
        TEST(a_day_begins_at_local_midnight),
        TEST(local_times_become_utc),
        TEST(what_is_no_zone_is_not_found),
        TEST(a_wrong_name_has_its_nearest_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
