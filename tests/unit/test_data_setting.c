/* test_data_setting.c - values of settings against their declarations: what is kept, what is
 * refused. */
#include "unit.h"

#include "base/base.h"
#include "data/setting.h"

static arena *a;

static int set_up(void **state)
{
    (void)state;
    a = arena_new(0);
    return a ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static setting of(const char *type)
{
    setting s = {.name = CRM_S("s"), .default_json = CRM_S("null")};
    assert_true(setting_take_type(&s, str_of(type)));
    assert_text(setting_type(&s), type);
    return s;
}

static setting between(const char *type, const char *min, const char *max)
{
    setting s = of(type);
    if (min) {
        assert_ok(setting_read_bound(a, &s, str_of(min), &s.of.least));
    }
    if (max) {
        assert_ok(setting_read_bound(a, &s, str_of(max), &s.of.most));
    }
    return s;
}

/* The JSON that is kept, or "code params word expected" of the refusal. */
static crm_str came_to(crm_status st, crm_str json, const setting_fault *why)
{
    if (st == CRM_OK) {
        return json;
    }
    assert_int_equal(st, CRM_INVALID);
    return arena_fmt(a, "%s %.*s %s %.*s", why->code, STR_FMT(why->params_json), why->word,
                     STR_FMT(why->expected));
}

static crm_str text(const setting *s, const char *written)
{
    crm_str json = {0};
    setting_fault why = {0};
    crm_status st = setting_read_text(a, s, str_of(written), &json, &why);
    return came_to(st, json, &why);
}

static crm_str json(const setting *s, const char *given)
{
    crm_str kept = {0};
    setting_fault why = {0};
    json_t *v = json_loads(given, JSON_DECODE_ANY, NULL);
    assert_non_null(v);
    crm_status st = setting_read_json(a, s, v, &kept, &why);
    json_decref(v);
    return came_to(st, kept, &why);
}

/* ---- what is taken --------------------------------------------------------------------------- */

static void each_type_is_kept_as_the_json_that_modules_read(void **state)
{
    (void)state;
    setting s = of("bool");
    assert_text(text(&s, "да"), "true");
    assert_text(json(&s, "false"), "false");
    s = of("int");
    assert_text(text(&s, "1 500"), "1500");
    assert_text(json(&s, "-3"), "-3");
    s = of("decimal");
    assert_text(text(&s, "1,5"), "\"1.50\"");
    assert_text(json(&s, "1.5"), "\"1.50\"");
    s = of("text");
    assert_text(text(&s, " a \"b\" "), "\"a \\\"b\\\"\"");
    s = of("url");
    assert_text(text(&s, "example.ru"), "\"https://example.ru\"");
    s = of("phone");
    assert_text(text(&s, "8 (916) 123-45-67"), "\"+79161234567\"");
    s = of("duration");
    assert_text(text(&s, "1h 30m"), "5400000");
    assert_text(text(&s, "0"), "0");
    assert_text(json(&s, "900000"), "900000");
    assert_text(json(&s, "\"15m\""), "900000");
}

static void a_secret_is_a_name_and_never_the_secret_itself(void **state)
{
    setting s = of("secret");
    const char *refused = "setting_secret  bad_secret secret";
    (void)state;
    assert_text(json(&s, "{\"secret\":\"PRICES_KEY\"}"), "{\"secret\":\"PRICES_KEY\"}");
    assert_text(text(&s, "secret:PRICES_KEY"), "{\"secret\":\"PRICES_KEY\"}");
    assert_text(text(&s, "hunter2"), refused);
    assert_text(json(&s, "\"secret:PRICES_KEY\""), refused);
    assert_text(json(&s, "{\"secret\":\"a/../b\"}"), refused);
    assert_text(json(&s, "{\"secret\":\"A\",\"value\":\"hunter2\"}"), refused);
    assert_text(json(&s, "{\"secret\":\"\"}"), refused);
}

static void an_empty_text_is_a_value_unless_one_is_required(void **state)
{
    setting s = of("text");
    (void)state;
    assert_text(json(&s, "\"\""), "\"\"");
    s.of.flags |= FIELD_REQUIRED;
    assert_text(json(&s, "\"  \""), "required  setting_empty ");
    s = of("int");
    assert_text(json(&s, "\"\""), "setting_int  wrong_type int");
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void a_value_of_another_type_is_told_what_was_expected(void **state)
{
    (void)state;
    static const struct {
        const char *type, *given, *wanted;
    } rows[] = {
        {"bool", "\"maybe\"", "setting_bool  wrong_type bool"},
        {"bool", "1", "setting_bool  wrong_type bool"},
        {"int", "1.5", "setting_int  wrong_type int"},
        {"int", "[1]", "setting_int  wrong_type int"},
        {"decimal", "\"1.234\"", "setting_decimal  wrong_type number"},
        {"text", "5", "setting_text  wrong_type text"},
        {"text", "{\"a\":1}", "setting_text  wrong_type text"},
        {"url", "\"ftp://x\"", "url_invalid  wrong_type url"},
        {"email", "\"nobody\"", "email_invalid  wrong_type email"},
        {"phone", "\"12\"", "phone_invalid  wrong_type phone"},
        {"duration", "\"soon\"", "setting_duration  wrong_type duration"},
        {"duration", "null", "setting_duration  wrong_type duration"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        setting s = of(rows[i].type);
        assert_text(json(&s, rows[i].given), rows[i].wanted);
    }
}

static void a_duration_without_its_unit_is_not_taken_for_milliseconds(void **state)
{
    setting s = of("duration");
    (void)state;
    assert_text(text(&s, "15"), "setting_duration  wrong_type duration");
    assert_text(json(&s, "\"15\""), "setting_duration  wrong_type duration");
}

static void limits_are_told_as_people_write_them(void **state)
{
    (void)state;
    setting s = between("int", "1", "60");
    assert_text(json(&s, "1"), "1");
    assert_text(json(&s, "60"), "60");
    assert_text(json(&s, "61"), "setting_range {\"min\":\"1\",\"max\":\"60\"} out_of_range 1..60");
    s = between("decimal", "0", NULL);
    assert_text(json(&s, "-1"), "setting_min {\"min\":\"0.00\",\"max\":\"\"} out_of_range >= 0.00");
    s = between("int", NULL, "9");
    assert_text(json(&s, "10"), "setting_max {\"min\":\"\",\"max\":\"9\"} out_of_range <= 9");
    s = between("duration", "5m", "1d");
    assert_text(text(&s, "2d"),
                "setting_range {\"min\":\"5m\",\"max\":\"1d\"} out_of_range 5m..1d");
    s = of("duration");
    assert_text(json(&s, "-1"), "setting_min {\"min\":\"0s\",\"max\":\"\"} out_of_range >= 0s");
    s = of("int");
    assert_text(json(&s, "9007199254740992"), "out_of_range  out_of_range ");
}

static void a_text_that_is_too_long_is_told_how_long_it_may_be(void **state)
{
    setting s = of("text");
    (void)state;
    s.of.max = 3;
    assert_text(text(&s, "абв"), "\"абв\"");
    assert_text(text(&s, "абвг"), "too_long {\"max\":3} setting_long 3");
}

static void a_choice_names_all_that_there_is(void **state)
{
    static const choice words[] = {{.value = {"fast", 4}}, {.value = {"careful", 7}}};
    setting s = of("choice");
    (void)state;
    s.of.choices = words;
    s.of.choice_count = 2;
    assert_text(text(&s, "careful"), "\"careful\"");
    assert_text(text(&s, "carefull"),
                "setting_choice {\"choices\":\"fast, careful\"} unknown_word fast, careful");
    assert_text(json(&s, "1"),
                "setting_choice {\"choices\":\"fast, careful\"} unknown_word fast, careful");
}

static void limits_are_of_numbers_and_durations_only(void **state)
{
    value v;
    (void)state;
    setting s = of("text");
    assert_int_equal(setting_read_bound(a, &s, CRM_S("5"), &v), CRM_INVALID);
    s = of("duration");
    assert_int_equal(setting_read_bound(a, &s, CRM_S("5"), &v), CRM_INVALID);
    assert_int_equal(setting_read_bound(a, &s, CRM_S("soon"), &v), CRM_INVALID);
    s = between("int", "5", "6");
    assert_ok(setting_read_bound(a, &s, CRM_S("70"), &v)); /* one limit is not held to the other */
    assert_int_equal(v.i, 70);
}

static void there_is_no_other_type(void **state)
{
    setting s = {0};
    uint32_t count;
    (void)state;
    assert_false(setting_take_type(&s, CRM_S("txt")));
    const crm_str *all = setting_types(&count);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(setting_take_type(&s, all[i]));
        assert_true(str_eq(setting_type(&s), all[i]));
    }
}

/* ---- what was kept --------------------------------------------------------------------------- */

static bool fits(const setting *s, const char *kept)
{
    setting_fault why = {0};
    crm_status st = setting_check(a, s, str_of(kept), &why);
    assert_true(st == CRM_OK || (st == CRM_INVALID && why.code));
    return st == CRM_OK;
}

static void what_was_kept_is_judged_by_the_declaration_of_now(void **state)
{
    (void)state;
    setting s = between("duration", NULL, "1h");
    assert_true(fits(&s, "3600000"));
    assert_false(fits(&s, "7200000"));
    s = of("decimal");
    assert_true(fits(&s, "\"1.50\""));
    assert_false(fits(&s, "true"));
    s = of("text");
    assert_true(fits(&s, "\"\""));
    assert_false(fits(&s, "{\"secret\":\"A\"}"));
    s = of("secret");
    assert_true(fits(&s, "{\"secret\":\"A\"}"));
    assert_false(fits(&s, "\"A\""));
    assert_false(fits(&s, "{damaged"));
}

static void a_value_is_shown_as_it_may_be_typed_again(void **state)
{
    static const struct {
        const char *type, *json, *wanted;
    } rows[] = {
        {"duration", "5400000", "90m"},
        {"duration", "0", "0s"},
        {"duration", "1209600000", "2w"},
        {"bool", "true", "true"},
        {"decimal", "\"1.50\"", "1.50"},
        {"text", "\"a b\"", "a b"},
        {"secret", "{\"secret\":\"KEY\"}", "secret:KEY"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        setting s = of(rows[i].type);
        crm_str shown = setting_text(a, &s, str_of(rows[i].json));
        assert_text(shown, rows[i].wanted);
        assert_text(text(&s, arena_cstr(a, shown)), rows[i].json);
    }
    setting s = of("int");
    assert_int_equal(setting_text(a, &s, CRM_S("null")).n, 0);
}

static void what_the_text_gives_goes_before_the_default(void **state)
{
    setting s = of("int");
    (void)state;
    s.default_json = CRM_S("1");
    assert_text(setting_given(&s), "1");
    s.tz_json = CRM_S("2");
    assert_text(setting_given(&s), "2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_type_is_kept_as_the_json_that_modules_read),
        TEST(a_secret_is_a_name_and_never_the_secret_itself),
        TEST(an_empty_text_is_a_value_unless_one_is_required),
        TEST(a_value_of_another_type_is_told_what_was_expected),
        TEST(a_duration_without_its_unit_is_not_taken_for_milliseconds),
        TEST(limits_are_told_as_people_write_them),
        TEST(a_text_that_is_too_long_is_told_how_long_it_may_be),
        TEST(a_choice_names_all_that_there_is),
        TEST(limits_are_of_numbers_and_durations_only),
        TEST(there_is_no_other_type),
        TEST(what_was_kept_is_judged_by_the_declaration_of_now),
        TEST(a_value_is_shown_as_it_may_be_typed_again),
        TEST(what_the_text_gives_goes_before_the_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
