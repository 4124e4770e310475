/*
 * test_data_call_report.c - S-51, S-52: the table of calls and its histograms, as questions on both
 * engines, with the figures written out.
 */
#include "report_world.h"

static int calls_on_sqlite(void **state)
{
    (void)state;
    report_world_open(&w, WORLD_SQLITE);
    return 0;
}

static int calls_in_memory(void **state)
{
    (void)state;
    report_world_open(&w, WORLD_MEMORY);
    return 0;
}

#define assert_report(user, entity, json, expected) \
    assert_string_equal(report_of(&w, user, entity, json), expected)

#define TODAY "[\"and\",[\"at\",\"gte\",\"today\"],[\"at\",\"lt\",\"today+1d\"]]"

/* ---- the table ------------------------------------------------------------------------------- */

/*
 * S-51. Untaken: nobody took it. Unfinished: taken, no outcome recorded. Missed: untaken and not
 * called back within the time that is set, here a quarter of an hour. In numbers, and in percent of
 * the calls of the same row.
 */
static const char measures[] =
    "\"measures\":{\"calls\":\"count\","
    "\"unfinished\":{\"count\":true,\"where\":[\"and\",[\"owner\",\"none\",false],[\"outcome\","
    "\"none\"]]},"
    "\"untaken\":{\"count\":true,\"where\":[\"owner\",\"none\"]},"
    "\"refused\":{\"count\":true,\"where\":[\"outcome\",\"eq\",\"refused\"]},"
    "\"missed\":{\"count\":true,\"where\":[\"and\",[\"owner\",\"none\"],"
    "[\"not\",[\"called_back\",\"lte\",900000]]]},"
    "\"unfinished%\":{\"share\":[\"unfinished\",\"calls\"]},"
    "\"untaken%\":{\"share\":[\"untaken\",\"calls\"]},"
    "\"refused%\":{\"share\":[\"refused\",\"calls\"]},"
    "\"missed%\":{\"share\":[\"missed\",\"calls\"]}}";

/* calls, unfinished, untaken, refused, missed; the last four in percent */
static const struct {
    const char *by, *rows;
} call_tables[] = {
    {"[\"line\"]", "null 1 0 1 0 1 0.00 100.00 0.00 100.00\n"
                   "sales 3 0 1 1 0 0.00 33.33 33.33 0.00\n"
                   "service 4 1 1 1 1 25.00 25.00 25.00 25.00\n"},
    {"[\"direction\"]", "in 6 1 3 1 2 16.67 50.00 16.67 33.33\n"
                        "out 2 0 0 1 0 0.00 0.00 50.00 0.00\n"},
    {"[\"department\"]", "null 1 0 1 0 1 0.00 100.00 0.00 100.00\n"
                         "sales 5 1 2 1 1 20.00 40.00 20.00 20.00\n"
                         "north 2 0 0 1 0 0.00 0.00 50.00 0.00\n"},
    {"[\"owner\"]", "null 3 0 3 0 2 0.00 100.00 0.00 66.67\n"
                    "anna 3 1 0 1 0 33.33 0.00 33.33 0.00\n"
                    "boris 2 0 0 1 0 0.00 0.00 50.00 0.00\n"},
    {"[\"direction\",\"department\",\"owner\"]", "in null null 1 0 1 0 1 0.00 100.00 0.00 100.00\n"
                                                 "in sales null 2 0 2 0 1 0.00 100.00 0.00 50.00\n"
                                                 "in sales anna 2 1 0 0 0 50.00 0.00 0.00 0.00\n"
                                                 "in north boris 1 0 0 1 0 0.00 0.00 100.00 0.00\n"
                                                 "out sales anna 1 0 0 1 0 0.00 0.00 100.00 0.00\n"
                                                 "out north boris 1 0 0 0 0 0.00 0.00 0.00 0.00\n"},
    {"[]", "8 1 3 2 2 12.50 37.50 25.00 25.00\n"},
};

static void calls_by_line_direction_department_and_manager_in_numbers_and_percent(void **state)
{
    (void)state;
    char json[3000];
    for (size_t i = 0; i < sizeof call_tables / sizeof call_tables[0]; i++) {
        int n = snprintf(json, sizeof json, "{\"where\":%s,\"by\":%s,%s}", TODAY, call_tables[i].by,
                         measures);
        assert_in_range(n, 1, sizeof json - 1);
        assert_report(0, "rep.call", json, call_tables[i].rows);
    }
}

static void refusals_with_their_reasons(void **state)
{
    (void)state;
    assert_report(0, "rep.call",
                  "{\"where\":" TODAY ",\"by\":[\"line\"],\"measures\":{\"calls\":\"count\","
                  "\"price\":{\"count\":true,\"where\":[\"reason\",\"eq\",\"price\"]},"
                  "\"bought\":{\"count\":true,\"where\":[\"reason\",\"eq\",\"bought\"]},"
                  "\"price%\":{\"share\":[\"price\",\"calls\"]},"
                  "\"bought%\":{\"share\":[\"bought\",\"calls\"]}}}",
                  "null 1 0 0 0.00 0.00\nsales 3 0 1 0.00 33.33\nservice 4 1 0 25.00 0.00\n");
    assert_report(0, "rep.call",
                  "{\"where\":[\"and\"," TODAY ",[\"outcome\",\"eq\",\"refused\"]],"
                  "\"by\":[\"reason\",\"owner\"],\"measures\":{\"n\":\"count\"}}",
                  "bought anna 1\nprice boris 1\n");
}

/* ---- the histograms -------------------------------------------------------------------------- */

static void calls_and_visits_by_hour(void **state)
{
    (void)state;
    const char *by_hour = "{\"where\":" TODAY ",\"by\":[{\"field\":\"at\",\"bucket\":"
                          "\"hour_of_day\",\"as\":\"hour\"}],\"measures\":{\"n\":\"count\"}}";
    assert_report(0, "rep.call", by_hour, "9 3\n10 2\n14 2\n23 1\n");
    assert_report(0, "rep.visit", by_hour, "9 2\n14 1\n");
    assert_report(0, "rep.call",
                  "{\"where\":" TODAY ",\"by\":[\"direction\",{\"field\":\"at\",\"bucket\":"
                  "\"hour_of_day\",\"as\":\"hour\"}],\"measures\":{\"n\":\"count\"}}",
                  "in 9 2\nin 10 2\nin 14 1\nin 23 1\nout 9 1\nout 14 1\n");
    assert_report(0, "rep.call",
                  "{\"by\":[\"line\",{\"field\":\"at\",\"bucket\":\"hour\",\"as\":\"hour\"}],"
                  "\"where\":[\"line\",\"eq\",\"sales\"],\"measures\":{\"n\":\"count\"}}",
                  "sales 2027-01-10T09:00:00.000Z 1\n"
                  "sales 2027-02-15T06:00:00.000Z 1\n"
                  "sales 2027-02-15T11:00:00.000Z 2\n");
}

#define ON_BOTH(name)                                                    \
    cmocka_unit_test_setup_teardown(name, calls_on_sqlite, close_world), \
        cmocka_unit_test_setup_teardown(name, calls_in_memory, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(calls_by_line_direction_department_and_manager_in_numbers_and_percent),
        ON_BOTH(refusals_with_their_reasons),
        ON_BOTH(calls_and_visits_by_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
