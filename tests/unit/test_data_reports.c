/*
 * test_data_reports.c - the questions a CRM is asked, as values: each on both engines, with the
 * figures written out.
 */
#include "data/engine_sqlite.h"
#include "report_world.h"

static int reports_on_sqlite(void **state)
{
    (void)state;
    report_world_open(&w, WORLD_SQLITE);
    return 0;
}

static int reports_in_memory(void **state)
{
    (void)state;
    report_world_open(&w, WORLD_MEMORY);
    return 0;
}

#define assert_report(user, entity, json, expected) \
    assert_string_equal(report_of(&w, user, entity, json), expected)

/* ---- deals ----------------------------------------------------------------------------------- */

#define WON    "[\"stage\",\"eq\",\"won\"]"
#define LOST   "[\"stage\",\"eq\",\"lost\"]"
#define CLOSED "[\"stage\",\"in\",[\"won\",\"lost\"]]"

#define EFFICIENCY                                          \
    "\"by\":[\"owner\"],\"measures\":{\"deals\":\"count\"," \
    "\"conversion\":{\"share\":[\"won\",\"closed\"]},"      \
    "\"won\":{\"count\":true,\"where\":" WON "},"           \
    "\"lost\":{\"count\":true,\"where\":" LOST "},"         \
    "\"closed\":{\"count\":true,\"where\":" CLOSED "},"     \
    "\"revenue\":{\"sum\":\"amount\",\"where\":" WON "},"   \
    "\"average\":{\"avg\":\"amount\",\"where\":" WON "}},"  \
    "\"sort\":[\"-revenue\"]"

static void how_well_managers_do(void **state)
{
    (void)state;
    assert_report(0, "rep.deal", "{" EFFICIENCY "}",
                  "boris 4 100.00 2 0 2 200000.51 100000.2550\n"
                  "anna 3 50.00 1 1 2 100000.00 100000.0000\n"
                  "null 1 0.00 0 1 1 null null\n");
    assert_report(0, "rep.deal", "{" EFFICIENCY ",\"limit\":1}",
                  "boris 4 100.00 2 0 2 200000.51 100000.2550\n+");
    assert_report(0, "rep.deal", "{" EFFICIENCY ",\"having\":[[\"revenue\",\"gt\",\"150000.00\"]]}",
                  "boris 4 100.00 2 0 2 200000.51 100000.2550\n");
    assert_report(0, "rep.deal",
                  "{" EFFICIENCY
                  ",\"having\":[[\"conversion\",\"lte\",\"50.00\"],[\"deals\",\"ne\","
                  "1]]}",
                  "anna 3 50.00 1 1 2 100000.00 100000.0000\n");
}

static void revenue_by_month(void **state)
{
    (void)state;
    assert_report(
        0, "rep.deal",
        "{\"where\":" WON ",\"by\":[{\"field\":\"closed_on\",\"bucket\":\"month\",\"as\":"
        "\"month\"}],\"measures\":{\"revenue\":{\"sum\":\"amount\"},\"most\":{\"max\":"
        "\"amount\"},\"least\":{\"min\":\"amount\"},\"buyers\":{\"distinct\":\"person\"}}}",
        "2027-01-01 100000.00 100000.00 100000.00 1\n"
        "2027-02-01 200000.51 200000.50 0.01 2\n");
}

static void sources_with_their_revenue(void **state)
{
    (void)state;
    assert_report(
        0, "rep.deal",
        "{\"by\":[\"person.source\"],\"measures\":{\"deals\":\"count\",\"won\":{\"count\":"
        "true,\"where\":" WON "},\"revenue\":{\"sum\":\"amount\",\"where\":" WON
        "},\"rate\":{\"share\":[\"won\",\"deals\"]}},\"sort\":[\"-revenue\"]}",
        "site 4 2 300000.50 50.00\n"
        "null 2 1 0.01 50.00\n"
        "ads 2 0 null 0.00\n");
}

static void stages_with_their_durations_show_the_bottleneck(void **state)
{
    (void)state;
    assert_report(0, "rep.log",
                  "{\"by\":[\"stage\"],\"measures\":{\"passed\":{\"filled\":\"lasted\"},\"here\":{"
                  "\"count\":true,\"where\":[\"lasted\",\"none\"]},\"half\":{\"p50\":\"lasted\"},"
                  "\"most\":{\"p90\":\"lasted\"},\"average\":{\"avg\":\"lasted\"}},"
                  "\"sort\":[\"-most\"]}",
                  "work 2 1 86400000 172800000 129600000\n"
                  "new 5 0 10800000 36000000 14400000\n"
                  "offer 0 1 null null null\n");
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void tickets_past_their_deadline(void **state)
{
    (void)state;
    assert_string_equal(report_list(&w, 0, "rep.ticket",
                                    "[\"and\",[\"due\",\"lt\",\"now\"],[\"closed_at\",\"none\"]]",
                                    "due"),
                        "t2 t1");
}

/* An open deal over 500 000 and no call in 30 days. */
static void a_segment_by_what_there_is_and_is_not(void **state)
{
    (void)state;
    assert_string_equal(
        report_list(
            &w, 0, "rep.person",
            "[\"and\",[\"exists\",\"rep.deal\",\"person\",[\"and\",[\"stage\",\"eq\",\"open\"],"
            "[\"amount\",\"gt\",\"500000.00\"]]],[\"not\",[\"exists\",\"rep.call\",\"person\","
            "[\"at\",\"gte\",\"now-30d\"]]]]",
            "name"),
        "Пётр");
    assert_string_equal(
        report_list(
            &w, 0, "rep.person",
            "[\"and\",[\"id\",\"in_query\",{\"entity\":\"rep.deal\",\"field\":\"person\","
            "\"where\":[\"and\",[\"stage\",\"eq\",\"open\"],[\"amount\",\"gt\",\"500000.00\"]]}],"
            "[\"not\",[\"id\",\"in_query\",{\"entity\":\"rep.call\",\"field\":\"person\","
            "\"where\":[\"at\",\"gte\",\"now-30d\"]}]]]",
            "name"),
        "Пётр");
}

static void a_look_up_of_the_clients_a_centre_has_served(void **state)
{
    (void)state;
    assert_string_equal(
        report_list(
            &w, 0, "rep.person",
            "[\"id\",\"in_query\",{\"entity\":\"rep.ticket\",\"field\":\"client\",\"where\":"
            "[\"and\",[\"centre\",\"eq\",\"north\"],[\"closed_at\",\"none\",false]]}]",
            "name"),
        "Иван");
}

/* ---- rights ---------------------------------------------------------------------------------- */

static void a_seller_counts_only_what_he_may_read(void **state)
{
    (void)state;
    const char *by_stage = "{\"by\":[\"stage\"],\"measures\":{\"n\":\"count\"}}";
    assert_report(w.anna, "rep.deal", by_stage, "lost 1\nopen 1\nwon 1\n");
    assert_report(w.zina, "rep.deal", by_stage, "lost 2\nopen 3\nwon 3\n");
    assert_report(w.oleg, "rep.deal", by_stage, "not_found");
    assert_report(w.oleg, "rep.deal", "{\"by\":[\"nothing\"],\"measures\":{\"n\":\"count\"}}",
                  "not_found"); /* which fields it has is not told either */
}

static void figures_without_the_records(void **state)
{
    (void)state;
    const char *all = "{\"measures\":{\"n\":\"count\",\"sum\":{\"sum\":\"amount\"}}}";
    const char *by_stage = "{\"by\":[\"stage\"],\"measures\":{\"n\":\"count\"}}";
    assert_report(w.alla, "rep.deal", all, "8 1650010.51\n");
    assert_report(w.alla, "rep.deal", by_stage, "won 3\nfolded");
    assert_report(w.alla, "rep.deal", "{\"by\":[\"owner\"],\"measures\":{\"n\":\"count\"}}",
                  "boris 4\nfolded");
    assert_report(w.alla, "rep.deal",
                  "{\"by\":[\"stage\"],\"measures\":{\"n\":\"count\"},\"where\":"
                  "[\"stage\",\"eq\",\"lost\"]}",
                  "where:not_granted");
    assert_report(w.alla, "rep.deal", "{\"by\":[\"title\"],\"measures\":{\"n\":\"count\"}}",
                  "title:unknown_field");
    assert_report(w.alla, "rep.ticket", "{\"measures\":{\"n\":\"count\"}}", "not_found");
    assert_report(w.zina, "rep.deal", by_stage, "lost 2\nopen 3\nwon 3\n");
}

static void add_items(const char *product, const char *price, int64_t from, int64_t to)
{
    char json[128];
    for (int64_t deal = from; deal <= to; deal++) {
        snprintf(json, sizeof json, "{\"deal\":%lld,\"product\":\"%s\",\"price\":\"%s\"}",
                 (long long)deal, product, price);
        report_add(&w, "rep.item", json);
    }
}

/* Nine drills are of one deal, so that they are many tells nothing of how many deals they hide. */
static void figures_of_parts_are_of_what_the_right_to_the_whole_covers(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++) {
        add_items("drill", "5.00", 1, 1);
    }
    add_items("crane", "10.00", 1, 3);
    add_items("pump", "1.00", 4, 8);
#define ITEMS "\"measures\":{\"n\":\"count\",\"sum\":{\"sum\":\"price\"}}"
    assert_report(w.alla, "rep.item", "{" ITEMS "}", "17 80.00\n");
    assert_report(w.alla, "rep.item", "{\"by\":[\"product\"]," ITEMS "}", "pump 5 5.00\nfolded");
    assert_report(w.alla, "rep.item", "{\"by\":[\"deal.stage\"]," ITEMS "}",
                  "won 12 57.00\nfolded");
    assert_report(w.alla, "rep.item", "{\"by\":[\"deal.stage\",\"product\"]," ITEMS "}", "folded");
    assert_report(w.alla, "rep.item", "{\"measures\":{\"m\":{\"sum\":\"cost\"}}}",
                  "cost:unknown_field");
    assert_report(w.alla, "rep.item", "{\"by\":[\"deal.person\"]," ITEMS "}",
                  "deal.person:unknown_field");
    assert_report(w.alla, "rep.item", "{\"measures\":{\"m\":{\"sum\":\"deal.amount\"}}}",
                  "deal.amount:unknown_field");
    assert_report(w.nina, "rep.item", "{\"measures\":{\"n\":\"count\"}}", "0\n");
    assert_report(w.oleg, "rep.item", "{\"measures\":{\"n\":\"count\"}}", "not_found");
}

static void what_he_may_not_see_is_unknown_wherever_it_stands(void **state)
{
    (void)state;
    static const char *const asked[] = {
        "{\"by\":[\"amount\"],\"measures\":{\"n\":\"count\"}}",
        "{\"measures\":{\"n\":{\"sum\":\"amount\"}}}",
        "{\"measures\":{\"n\":{\"count\":true,\"where\":[\"amount\",\"gt\",\"1.00\"]}}}",
        "{\"where\":[\"amount\",\"gt\",\"1.00\"],\"measures\":{\"n\":\"count\"}}",
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        assert_report(w.anna, "rep.deal", asked[i], "amount:unknown_field");
    }
}

static void a_row_he_may_not_read_gives_nothing_through_a_path(void **state)
{
    (void)state;
    assert_report(w.anna, "rep.deal", "{\"by\":[\"person.source\"],\"measures\":{\"n\":\"count\"}}",
                  "null 2\nsite 1\n");
    assert_report(w.anna, "rep.deal", "{\"by\":[\"person\"],\"measures\":{\"n\":\"count\"}}",
                  "Иван 1\ndenied 2\n");
    assert_report(w.anna, "rep.deal",
                  "{\"measures\":{\"known\":{\"filled\":\"person.name\"},\"all\":\"count\"}}",
                  "1 3\n");
}

/* ---- edges ----------------------------------------------------------------------------------- */

static void nothing_counts_as_none(void **state)
{
    (void)state;
    const char *const none =
        "\"where\":[\"stage\",\"in\",[]],\"measures\":{\"n\":\"count\",\"s\":{"
        "\"sum\":\"amount\"},\"a\":{\"avg\":\"amount\"},\"p\":{\"p90\":"
        "\"amount\"},\"d\":{\"distinct\":\"owner\"},\"r\":{\"share\":[\"n\",\"n\"]}}";
    char json[400];
    snprintf(json, sizeof json, "{%s}", none);
    assert_report(0, "rep.deal", json, "0 null null null 0 null\n");
    snprintf(json, sizeof json, "{\"by\":[\"stage\"],%s}", none);
    assert_report(0, "rep.deal", json, "");
}

static void words_narrow_what_is_counted(void **state)
{
    (void)state;
    assert_report(0, "rep.deal", "{\"q\":\"d4\",\"by\":[\"title\"],\"measures\":{\"n\":\"count\"}}",
                  "d4 1\n");
}

static void averages_and_shares_round_halves_away_from_zero(void **state)
{
    (void)state;
    assert_report(
        0, "rep.deal",
        "{\"measures\":{\"won\":{\"count\":true,\"where\":" WON "},\"lost\":{\"count\":true,"
        "\"where\":" LOST "},\"all\":\"count\",\"a\":{\"share\":[\"won\",\"all\"]},\"b\":{"
        "\"share\":[\"lost\",\"won\"]},\"c\":{\"share\":[\"all\",\"lost\"]}}}",
        "3 2 8 37.50 66.67 400.00\n");
    report_add(&w, "rep.log", "{\"lasted\":1}");
    report_add(&w, "rep.log", "{\"lasted\":2}");
    const char *average =
        "{\"where\":[\"stage\",\"none\"],\"measures\":{\"a\":{\"avg\":\"lasted\"}}}";
    assert_report(0, "rep.log", average, "2\n");
    report_add(&w, "rep.deal", "{\"title\":\"x\",\"amount\":\"-0.01\"}");
    report_add(&w, "rep.deal", "{\"title\":\"x\",\"amount\":\"-0.02\"}");
    report_add(&w, "rep.deal", "{\"title\":\"x\",\"amount\":\"-0.02\"}");
    assert_report(0, "rep.deal",
                  "{\"where\":[\"title\",\"eq\",\"x\"],\"measures\":{\"a\":{\"avg\":\"amount\"}}}",
                  "-0.0167\n");
}

static void a_sum_that_does_not_fit_is_named(void **state)
{
    (void)state;
    report_add(&w, "rep.deal", "{\"title\":\"a\",\"amount\":\"90000000000000000.00\"}");
    assert_report(0, "rep.deal",
                  "{\"measures\":{\"n\":\"count\",\"money\":{\"sum\":\"amount\"},\"mean\":{\"avg\":"
                  "\"amount\",\"where\":[\"title\",\"eq\",\"a\"]}}}",
                  "mean:sum_overflow");
    report_add(&w, "rep.deal", "{\"title\":\"b\",\"amount\":\"90000000000000000.00\"}");
    assert_report(0, "rep.deal", "{\"measures\":{\"n\":\"count\",\"money\":{\"sum\":\"amount\"}}}",
                  "money:sum_overflow");
    report_add(&w, "rep.deal", "{\"title\":\"c\",\"amount\":\"-90000000000000000.00\"}");
    assert_report(
        0, "rep.deal",
        "{\"where\":[\"title\",\"in\",[\"a\",\"b\",\"c\"]],\"measures\":{\"money\":{\"sum\":"
        "\"amount\"}}}",
        "90000000000000000.00\n");
}

/* ---- what cannot be asked -------------------------------------------------------------------- */

static const struct {
    const char *json, *faults;
} wrong_questions[] = {
    {"{}", "measures:required"},
    {"{\"measures\":5}", "measures:bad_request"},
    {"{\"measures\":{\"n\":\"sum\"}}", "n:bad_request"},
    {"{\"measures\":{\"n\":{}}}", "n:bad_request"},
    {"{\"measures\":{\"n\":{\"count\":1}}}", "n:bad_request"},
    {"{\"measures\":{\"n\":{\"count\":true,\"sum\":\"amount\"}}}", "n:bad_request"},
    {"{\"measures\":{\"n\":{\"summ\":\"amount\"}}}", "summ:not_a_choice"},
    {"{\"measures\":{\"n\":{\"sum\":\"amunt\"}}}", "amunt:unknown_field"},
    {"{\"measures\":{\"n\":{\"sum\":\"stage\"}}}", "stage:type_mismatch"},
    {"{\"measures\":{\"n\":{\"sum\":\"closed_on\"}}}", "closed_on:type_mismatch"},
    {"{\"measures\":{\"-n\":\"count\"}}", "-n:bad_name"},
    {"{\"measures\":{\"\":\"count\"}}", "measures:bad_name"},
    {"{\"measures\":{\"n\":{\"share\":[\"n\",\"n\"]}}}", "n:type_mismatch"},
    {"{\"measures\":{\"n\":{\"share\":[\"x\",\"y\"]}}}", "x:unknown_field"},
    {"{\"measures\":{\"d\":{\"max\":\"closed_on\"},\"n\":{\"share\":[\"d\",\"d\"]}}}",
     "n:type_mismatch"},
    {"{\"by\":\"stage\",\"measures\":{\"n\":\"count\"}}", "by:bad_request"},
    {"{\"by\":[5],\"measures\":{\"n\":\"count\"}}", "by:bad_request"},
    {"{\"by\":[{\"field\":\"stage\",\"x\":1}],\"measures\":{\"n\":\"count\"}}", "by:bad_request"},
    {"{\"by\":[\"stage\",\"owner\",\"person\",\"title\"],\"measures\":{\"n\":\"count\"}}",
     "by:too_many"},
    {"{\"by\":[\"stage\",\"stage\"],\"measures\":{\"n\":\"count\"}}", "stage:name_taken"},
    {"{\"by\":[\"stage\"],\"measures\":{\"stage\":\"count\"}}", "stage:name_taken"},
    {"{\"by\":[\"marks\"],\"measures\":{\"n\":\"count\"}}", "marks:unknown_field"},
    {"{\"by\":[\"person.person.name\"],\"measures\":{\"n\":\"count\"}}",
     "person.person.name:unknown_field"},
    {"{\"by\":[\"title.x\"],\"measures\":{\"n\":\"count\"}}", "title.x:type_mismatch"},
    {"{\"by\":[\"person.owner.department.name\"],\"measures\":{\"n\":\"count\"}}",
     "person.owner.department.name:path_too_long"},
    {"{\"by\":[{\"field\":\"closed_on\",\"bucket\":\"moth\"}],\"measures\":{\"n\":\"count\"}}",
     "moth:not_a_choice"},
    {"{\"by\":[{\"field\":\"closed_on\",\"bucket\":5}],\"measures\":{\"n\":\"count\"}}",
     "bucket:not_a_choice"},
    {"{\"by\":[{\"field\":\"closed_on\",\"bucket\":\"hour\"}],\"measures\":{\"n\":\"count\"}}",
     "closed_on:type_mismatch"},
    {"{\"by\":[{\"field\":\"stage\",\"bucket\":\"day\"}],\"measures\":{\"n\":\"count\"}}",
     "stage:type_mismatch"},
    {"{\"where\":[\"amount\",\"like\",1],\"measures\":{\"n\":\"count\"}}",
     "amount:unknown_operator"},
    {"{\"where\":5,\"measures\":{\"n\":\"count\"}}", "where:bad_request"},
    {"{\"q\":5,\"measures\":{\"n\":\"count\"}}", "q:bad_request"},
    {"{\"having\":[[\"m\",\"gt\",1]],\"measures\":{\"n\":\"count\"}}", "m:unknown_field"},
    {"{\"having\":[[\"n\",\"in\",1]],\"measures\":{\"n\":\"count\"}}", "having:bad_request"},
    {"{\"having\":[[\"n\",\"gt\",\"many\"]],\"measures\":{\"n\":\"count\"}}", "n:type_mismatch"},
    {"{\"having\":[[\"n\",\"gt\",null]],\"measures\":{\"n\":\"count\"}}", "n:type_mismatch"},
    {"{\"having\":5,\"measures\":{\"n\":\"count\"}}", "having:bad_request"},
    {"{\"sort\":[\"-m\"],\"measures\":{\"n\":\"count\"}}", "m:unknown_field"},
    {"{\"sort\":\"n\",\"measures\":{\"n\":\"count\"}}", "sort:bad_request"},
    {"{\"sort\":[\"n\",\"n\",\"n\",\"n\"],\"measures\":{\"n\":\"count\"}}", "sort:too_many"},
    {"{\"limit\":1001,\"measures\":{\"n\":\"count\"}}", "limit:out_of_range"},
    {"{\"limit\":\"5\",\"measures\":{\"n\":\"count\"}}", "limit:out_of_range"},
    {"{\"mesures\":{\"n\":\"count\"}}", "mesures:unknown_field measures:required"},
    {"{\"where\":5,\"by\":[\"stag\"],\"measures\":{\"n\":{\"sum\":\"x\"}},\"limit\":0}",
     "where:bad_request stag:unknown_field x:unknown_field limit:out_of_range"},
};

static void every_fault_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_questions / sizeof wrong_questions[0]; i++) {
        assert_report(0, "rep.deal", wrong_questions[i].json, wrong_questions[i].faults);
    }
}

static void a_thousand_measures_are_too_many(void **state)
{
    (void)state;
    static char json[40000];
    size_t n = (size_t)snprintf(json, sizeof json, "{\"measures\":{\"m\":\"count\"");
    for (int i = 0; i < 1000; i++) {
        n += (size_t)snprintf(json + n, sizeof json - n, ",\"m%d\":\"count\"", i);
    }
    snprintf(json + n, sizeof json - n, "}}");
    assert_report(0, "rep.deal", json, "measures:too_many");
}

/* The engine of files bounds what a question keeps; here with few bytes, so that few rows spend
 * them. */
static void what_takes_too_much_memory_is_named(void **state)
{
    (void)state;
    for (int i = 0; i < 600; i++) {
        char json[64];
        snprintf(json, sizeof json, "{\"lasted\":%d}", i + 1000);
        report_add(&w, "rep.log", json);
    }
    const char *values = "{\"by\":[\"stage\"],\"measures\":{\"n\":\"count\",\"few\":{\"distinct\":"
                         "\"stage\"},\"ids\":{\"distinct\":\"id\"},\"half\":{\"p50\":\"lasted\"}}}";
    const char *groups =
        "{\"by\":[\"id\"],\"measures\":{\"n\":\"count\"},\"having\":[[\"n\",\"gt\",1]]}";
    engine_sqlite_set_group_memory(w.reader, 14 * 1024);
    assert_report(0, "rep.log", values, "ids:too_many_values");
    assert_report(0, "rep.log", groups, "by:too_many_groups");
    engine_sqlite_set_group_memory(w.reader, 0);
    assert_report(0, "rep.log", groups, "");
}

#define ON_BOTH(name)                                                      \
    cmocka_unit_test_setup_teardown(name, reports_on_sqlite, close_world), \
        cmocka_unit_test_setup_teardown(name, reports_in_memory, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(how_well_managers_do),
        ON_BOTH(revenue_by_month),
        ON_BOTH(sources_with_their_revenue),
        ON_BOTH(stages_with_their_durations_show_the_bottleneck),
        ON_BOTH(tickets_past_their_deadline),
        ON_BOTH(a_segment_by_what_there_is_and_is_not),
        ON_BOTH(a_look_up_of_the_clients_a_centre_has_served),
        ON_BOTH(a_seller_counts_only_what_he_may_read),
        ON_BOTH(figures_without_the_records),
        ON_BOTH(figures_of_parts_are_of_what_the_right_to_the_whole_covers),
        ON_BOTH(what_he_may_not_see_is_unknown_wherever_it_stands),
        ON_BOTH(a_row_he_may_not_read_gives_nothing_through_a_path),
        ON_BOTH(nothing_counts_as_none),
        ON_BOTH(words_narrow_what_is_counted),
        ON_BOTH(averages_and_shares_round_halves_away_from_zero),
        ON_BOTH(a_sum_that_does_not_fit_is_named),
        cmocka_unit_test_setup_teardown(what_takes_too_much_memory_is_named, reports_on_sqlite,
                                        close_world),
        ON_BOTH(every_fault_is_named),
        ON_BOTH(a_thousand_measures_are_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
