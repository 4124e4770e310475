/* test_data_convert.c - which types follow which, and what becomes of the values. */
#include "unit.h"

#include "data/field_convert.h"

#define NAME(lit)            \
    {                        \
        lit, sizeof(lit) - 1 \
    }

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

static const choice kinds[] = {{.value = NAME("new"), .label = NAME("Новая")},
                               {.value = NAME("old"), .label = NAME("Старая")}};

static field of(field_type type)
{
    field f = {.type = type, .result = type};
    bool is_list =
        type == FIELD_CHOICES || type == FIELD_REFS || type == FIELD_FILES || type == FIELD_TAGS;
    f.flags = is_list ? FIELD_MANY : 0;
    if (type == FIELD_CHOICE || type == FIELD_CHOICES) {
        f.choices = kinds;
        f.choice_count = 2;
    }
    if (type == FIELD_REF || type == FIELD_REFS) {
        f.ref_name = CRM_S("contacts.person");
    }
    f.scale = type == FIELD_MONEY || type == FIELD_DECIMAL || type == FIELD_PERCENT ? 2 : 0;
    return f;
}

/* "text multiline …": what a type may become, in the order of the types. */
static void may_become(field_type from, const char *expected)
{
    field f = of(from);
    uint32_t bits = field_retypes(&f);
    crm_str got = {"", 0};
    for (int t = 0; t < FIELD_TYPE_COUNT; t++) {
        if (bits >> t & 1) {
            got = arena_fmt(a, "%.*s%s%.*s", STR_FMT(got), got.n ? " " : "",
                            STR_FMT(field_type_name((field_type)t)));
        }
    }
    assert_text(got, expected);
}

static void every_pair_is_allowed_or_refused(void **state)
{
    (void)state;
    const char *prose = "text multiline email phone url int decimal money percent date datetime "
                        "choice address inn kpp ogrn bik account";
    const char *number = "text multiline int decimal money percent address";
    may_become(FIELD_TEXT, prose);
    may_become(FIELD_MULTILINE, prose);
    may_become(FIELD_ADDRESS, prose);
    may_become(FIELD_INT, number);
    may_become(FIELD_DECIMAL, number);
    may_become(FIELD_MONEY, number);
    may_become(FIELD_PERCENT, number);
    may_become(FIELD_EMAIL, "text multiline email address");
    may_become(FIELD_PHONE, "text multiline phone address");
    may_become(FIELD_URL, "text multiline url address");
    may_become(FIELD_INN, "text multiline address inn");
    may_become(FIELD_KPP, "text multiline address kpp");
    may_become(FIELD_OGRN, "text multiline address ogrn");
    may_become(FIELD_BIK, "text multiline address bik");
    may_become(FIELD_ACCOUNT, "text multiline address account");
    may_become(FIELD_DATE, "text multiline date address");
    may_become(FIELD_DATETIME, "text multiline datetime address");
    may_become(FIELD_CHOICE, "text multiline choice choices address");
    may_become(FIELD_CHOICES, "choice choices");
    may_become(FIELD_BOOL, "bool");
    may_become(FIELD_DURATION, "duration");
    may_become(FIELD_STAGE, "stage");
    may_become(FIELD_REF, "ref");
    may_become(FIELD_REFS, "refs");
    may_become(FIELD_USER, "user");
    may_become(FIELD_FILE, "file");
    may_become(FIELD_FILES, "files");
    may_become(FIELD_TAGS, "tags");
    may_become(FIELD_JSON, "json");
    may_become(FIELD_COMPUTED, "computed");
}

static void a_reference_leads_where_it_led(void **state)
{
    (void)state;
    field from = of(FIELD_REF), to = of(FIELD_REF);
    to.ref_name = CRM_S("contacts.company");
    assert_int_equal(field_retype(&from, &to), RETYPE_NEVER);
    entity renamed = {.name = to.ref_name, .was = CRM_S("own.firm")};
    to.ref = &renamed;
    assert_int_equal(field_retype(&from, &to), RETYPE_NEVER);
    from.ref_name = renamed.was;
    assert_int_equal(field_retype(&from, &to), RETYPE_FREE);
    assert_true(field_means_the_same(&from, &to));
}

/* What a module or the kernel declares may only become wider. */
static void what_is_not_the_deployments_keeps_its_meaning(void **state)
{
    (void)state;
    field two = of(FIELD_CHOICE), one = of(FIELD_CHOICE), many = of(FIELD_CHOICES);
    field whole = of(FIELD_INT), money = of(FIELD_MONEY), text = of(FIELD_TEXT), brief = text;
    one.choice_count = 1;
    money.scale = whole.scale;
    brief.max = 3;
    assert_true(field_means_the_same(&one, &two));
    assert_true(field_means_the_same(&brief, &text));
    assert_true(field_means_the_same(&two, &two));
    assert_true(field_is_stored_alike(&two, &one)); /* the way back */
    assert_true(field_is_stored_alike(&text, &brief));
    field phone = of(FIELD_PHONE);
    assert_int_equal(field_retype(&phone, &brief), RETYPE_CHECK);
    assert_false(field_is_stored_alike(&phone, &brief));
    assert_int_equal(field_retype(&whole, &money), RETYPE_FREE);
    assert_false(field_means_the_same(&whole, &money));
    assert_int_equal(field_retype(&two, &many), RETYPE_FREE);
    assert_false(field_means_the_same(&two, &many));
    assert_false(field_is_stored_alike(&two, &many));
    assert_false(field_means_the_same(&text, &whole));
    /* Until all is computed anew, hundredths would be read as thousandths. */
    field cents = of(FIELD_COMPUTED), mills = of(FIELD_COMPUTED);
    cents.result = mills.result = FIELD_DECIMAL;
    cents.scale = 2;
    mills.scale = 3;
    assert_false(field_is_stored_alike(&cents, &mills));
    assert_false(field_means_the_same(&cents, &mills));
}

/* A value as text: "i:5", "t:x", "null", or "no" when it does not fit. */
static crm_str became(const field *from, const field *to, value v)
{
    field_source s = {.arena = a};
    value out;
    if (field_convert(&s, from, to, v, &out) != CRM_OK) {
        return CRM_S("no");
    }
    if (out.kind == VALUE_INT) {
        return arena_fmt(a, "i:%lld", (long long)out.i);
    }
    return out.kind == VALUE_TEXT ? arena_fmt(a, "t:%.*s", STR_FMT(out.s)) : CRM_S("null");
}

static void texts_are_read_as_people_write_them(void **state)
{
    static const struct {
        field_type to;
        const char *text, *expected;
    } cases[] = {
        {FIELD_INT, "1 500", "i:1500"},
        {FIELD_INT, "1,5", "no"},
        {FIELD_INT, "много", "no"},
        {FIELD_DECIMAL, "1 500,25", "i:150025"},
        {FIELD_DECIMAL, "0.001", "no"},
        {FIELD_DATE, "18.01.2027", "i:20836"},
        {FIELD_DATE, "2027-02-30", "no"},
        {FIELD_DATETIME, "2027-01-18T07:00:00Z", "i:1800255600000"},
        {FIELD_EMAIL, "Ivan@Example.org", "t:Ivan@example.org"},
        {FIELD_EMAIL, "ivan", "no"},
        {FIELD_PHONE, "8 (916) 123-45-67", "t:+79161234567"},
        {FIELD_PHONE, "12", "no"},
        {FIELD_URL, "site.example", "t:https://site.example"},
        {FIELD_CHOICE, "old", "t:old"},
        {FIELD_CHOICE, "Старая", "t:old"},
        {FIELD_CHOICE, "иная", "no"},
        {FIELD_INN, "7707083893", "t:7707083893"},
        {FIELD_INN, "7707083890", "no"}, /* its check digit does not agree */
    };
    (void)state;
    field from = of(FIELD_TEXT);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        field to = of(cases[i].to);
        assert_text(became(&from, &to, value_text(str_of(cases[i].text))), cases[i].expected);
    }
}

static void numbers_lose_no_digit(void **state)
{
    (void)state;
    field whole = of(FIELD_INT), money = of(FIELD_MONEY), exact = of(FIELD_DECIMAL);
    exact.scale = 0;
    assert_int_equal(field_retype(&whole, &exact), RETYPE_FREE);
    assert_text(became(&whole, &money, value_int(5)), "i:500");
    assert_text(became(&money, &whole, value_int(500)), "i:5");
    assert_text(became(&money, &whole, value_int(550)), "no");
    assert_text(became(&whole, &money, value_int(INT64_MAX)), "no");
    field text = of(FIELD_TEXT);
    assert_text(became(&money, &text, value_int(-5)), "t:-0.05");
    field date = of(FIELD_DATE);
    assert_text(became(&date, &text, value_int(20836)), "t:2027-01-18");
    assert_text(became(&date, &text, value_null()), "null");
}

static void lists_and_lengths_are_looked_at(void **state)
{
    (void)state;
    field many = of(FIELD_CHOICES), one = of(FIELD_CHOICE), brief = of(FIELD_TEXT);
    field text = of(FIELD_TEXT), long_text = of(FIELD_MULTILINE), fewer = one;
    assert_int_equal(field_retype(&one, &many), RETYPE_FREE);
    assert_text(became(&many, &one, value_text(CRM_S("new"))), "t:new");
    assert_text(became(&many, &one, value_text(CRM_S("new\nold"))), "no");
    fewer.choice_count = 1;
    assert_int_equal(field_retype(&one, &fewer), RETYPE_CHECK);
    assert_text(became(&one, &fewer, value_text(CRM_S("old"))), "no");
    assert_int_equal(field_retype(&fewer, &one), RETYPE_FREE);
    brief.max = 3;
    assert_text(became(&text, &brief, value_text(CRM_S("кран"))), "no");
    assert_text(became(&text, &brief, value_text(CRM_S("кит"))), "t:кит");
    assert_int_equal(field_retype(&text, &long_text), RETYPE_FREE);
    assert_text(became(&long_text, &text, value_text(CRM_S("две\nстроки"))), "no");
}

static void a_shape_comes_back_as_it_was(void **state)
{
    (void)state;
    for (int t = 0; t < FIELD_TYPE_COUNT; t++) {
        field f = of((field_type)t), back;
        f.max = t == FIELD_TEXT ? 7 : 0;
        assert_int_equal(field_of_shape(a, field_shape(a, &f), &back), CRM_OK);
        assert_int_equal(field_retype(&f, &back), RETYPE_NONE);
    }
    field unused;
    assert_int_equal(field_of_shape(a, CRM_S("{\"type\":\"colour\"}"), &unused), CRM_INVALID);
    assert_int_equal(field_of_shape(a, CRM_S("text"), &unused), CRM_INVALID);
}

/* Else a server would not start on data that was written before the titles were named. */
static void titles_of_a_text_are_no_part_of_its_shape(void **state)
{
    (void)state;
    field plain = of(FIELD_TEXT), titled = plain;
    titled.choices = kinds;
    titled.choice_count = 2;
    titled.titles_of = CRM_S("sales.lead.source");
    assert_true(str_eq(field_shape(a, &plain), field_shape(a, &titled)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(titles_of_a_text_are_no_part_of_its_shape),
        cmocka_unit_test(every_pair_is_allowed_or_refused),
        cmocka_unit_test(a_reference_leads_where_it_led),
        cmocka_unit_test(what_is_not_the_deployments_keeps_its_meaning),
        cmocka_unit_test(texts_are_read_as_people_write_them),
        cmocka_unit_test(numbers_lose_no_digit),
        cmocka_unit_test(lists_and_lengths_are_looked_at),
        cmocka_unit_test(a_shape_comes_back_as_it_was),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
