/* test_data_field.c - values of every type from text and JSON, and back to JSON. */
#include "unit.h"

#include "data/field.h"
#include "data/records.h"
#include "data/stores.h"

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

static field of(field_type type)
{
    static const choice kinds[] = {{.value = NAME("a")}, {.value = NAME("b")}};
    field f = {.name = CRM_S("f"), .type = type, .choices = kinds, .choice_count = 2};
    f.scale = type == FIELD_MONEY || type == FIELD_DECIMAL || type == FIELD_PERCENT ? 2 : 0;
    bool is_list =
        type == FIELD_CHOICES || type == FIELD_REFS || type == FIELD_FILES || type == FIELD_TAGS;
    f.flags = is_list ? FIELD_MANY : 0;
    return f;
}

/* What a value looks like to a test: "i:5", "t:text", "null", with "!" when it is marked. */
static crm_str show(const field_result *r)
{
    const char *mark = r->is_marked ? "!" : "";
    if (r->v.kind == VALUE_NULL) {
        return arena_fmt(a, "null%s", mark);
    }
    return r->v.kind == VALUE_INT ? arena_fmt(a, "i:%lld%s", (long long)r->v.i, mark)
                                  : arena_fmt(a, "t:%.*s%s", STR_FMT(r->v.s), mark);
}

static crm_str outcome_of(crm_status st, const field_result *r)
{
    return st == CRM_OK ? show(r) : st == CRM_INVALID ? str_of(r->code) : CRM_S("?");
}

static crm_str from_text(const field *f, const char *text, bool lenient)
{
    field_source s = {.arena = a, .is_lenient = lenient};
    field_result r;
    crm_status st = field_read_text(&s, f, str_of(text), &r);
    return outcome_of(st, &r);
}

static crm_str from_json(const field *f, const char *text, bool lenient)
{
    field_source s = {.arena = a, .is_lenient = lenient};
    field_result r;
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    crm_status st = field_read_json(&s, f, json, &r);
    json_decref(json);
    return outcome_of(st, &r);
}

typedef struct row {
    field_type type;
    const char *given, *wanted;
} row;

static void check_rows(const row *rows, size_t n,
                       crm_str (*read)(const field *, const char *, bool), bool lenient)
{
    for (size_t i = 0; i < n; i++) {
        field f = of(rows[i].type);
        crm_str got = read(&f, rows[i].given, lenient);
        if (!str_is(got, rows[i].wanted)) {
            print_error("%s -> %.*s, not %s\n", rows[i].given, STR_FMT(got), rows[i].wanted);
            fail();
        }
    }
}
#define CHECK(rows, read, lenient) check_rows((rows), sizeof(rows) / sizeof(row), (read), (lenient))

static void a_text_is_read_as_people_write_it(void **state)
{
    (void)state;
    static const row rows[] = {
        {FIELD_TEXT, "  Иван \n Петров ", "t:Иван   Петров"},
        {FIELD_TEXT, "и\xCC\x86\x01", "t:й"},
        {FIELD_TEXT, "   ", "null"},
        {FIELD_TEXT, "\xFF", "type_mismatch"},
        {FIELD_MULTILINE, "a\r\nb", "t:a\nb"},
        {FIELD_EMAIL, " Ivan@Example.RU ", "t:Ivan@example.ru"},
        {FIELD_EMAIL, "иван@почта.рф", "t:иван@почта.рф"},
        {FIELD_EMAIL, "Иван@ПОЧТА.РФ", "t:Иван@почта.рф"},
        {FIELD_EMAIL, "a@BÜRO.de", "t:a@büro.de"},
        {FIELD_EMAIL, "Ivan@XN--80A1ACNY.xn--p1ai", "t:Ivan@почта.рф"}, /* one address */
        {FIELD_EMAIL, "ivan@ПОЧТА.xn--p1ai", "t:ivan@почта.рф"},
        {FIELD_EMAIL, "ivan@xn--80a1acn!.ru", "email_invalid"},
        {FIELD_EMAIL, "ivan@xn--999999999.ru", "t:ivan@xn--999999999.ru"}, /* no Punycode */
        {FIELD_EMAIL, "ivan@example", "email_invalid"},
        {FIELD_EMAIL, "ivan example.ru", "email_invalid"},
        {FIELD_EMAIL, "a@b@c.ru", "email_invalid"},
        {FIELD_EMAIL, ".a@b.ru", "email_invalid"},
        {FIELD_EMAIL, "a..b@b.ru", "email_invalid"},
        {FIELD_EMAIL, "a@b..ru", "email_invalid"},
        {FIELD_PHONE, "8 (916) 123-45-67", "t:+79161234567"},
        {FIELD_PHONE, "8 (495) 123-45-67 доб. 12", "t:+74951234567;ext=12"},
        {FIELD_PHONE, "не знаю", "phone_invalid"},
        {FIELD_URL, "https://example.ru/a?b", "t:https://example.ru/a?b"},
        {FIELD_URL, "HTTP://example.ru", "t:HTTP://example.ru"},
        {FIELD_URL, "example.ru", "t:https://example.ru"},
        {FIELD_URL, "javascript:alert(1)", "url_invalid"},
        {FIELD_URL, "ftp://example.ru", "url_invalid"},
        {FIELD_URL, "data:text/html,x", "url_invalid"},
    };
    CHECK(rows, from_text, false);
}

static void a_number_a_moment_and_a_choice_are_read_as_people_write_them(void **state)
{
    (void)state;
    static const row rows[] = {
        {FIELD_INT, "1 500", "i:1500"},
        {FIELD_INT, "-7", "i:-7"},
        {FIELD_INT, "1,5", "type_mismatch"},
        {FIELD_INT, "9007199254740991", "i:9007199254740991"},
        {FIELD_INT, "9007199254740992", "out_of_range"},
        {FIELD_INT, "99999999999999999999", "out_of_range"},
        {FIELD_MONEY, "1 500,00", "i:150000"},
        {FIELD_MONEY, "1\u00A0500,5\u202F₽", "i:150050"},
        {FIELD_MONEY, "1500 руб.", "i:150000"},
        {FIELD_MONEY, "1,500.25", "i:150025"},
        {FIELD_MONEY, "1.500.000,5", "i:150000050"},
        {FIELD_MONEY, "1.500.000", "i:150000000"},
        {FIELD_MONEY, "\u22125", "i:-500"},
        {FIELD_MONEY, ",5", "i:50"},
        {FIELD_MONEY, "5.", "i:500"},
        {FIELD_MONEY, "0.129", "type_mismatch"},
        {FIELD_MONEY, "0.120", "i:12"},
        {FIELD_MONEY, "1.2.3,4,5", "type_mismatch"},
        {FIELD_MONEY, "12a", "type_mismatch"},
        {FIELD_MONEY, ".", "type_mismatch"},
        {FIELD_MONEY, "-", "type_mismatch"},
        {FIELD_MONEY, "92233720368547758.07", "i:9223372036854775807"},
        {FIELD_MONEY, "92233720368547758.08", "out_of_range"},
        {FIELD_PERCENT, "12,5 %", "i:1250"},
        {FIELD_BOOL, "да", "i:1"},
        {FIELD_BOOL, "0", "i:0"},
        {FIELD_BOOL, "maybe", "type_mismatch"},
        {FIELD_DATE, "2027-01-18", "i:20836"},
        {FIELD_DATE, "18.01.2027", "i:20836"},
        {FIELD_DATE, "31.02.2027", "date_invalid"},
        {FIELD_DATE, "1.1.27", "date_invalid"},
        {FIELD_DATETIME, "1970-01-01T03:00:00+03:00", "i:0"},
        {FIELD_DATETIME, "01.01.1970 00:01", "i:60000"},
        {FIELD_DATETIME, "1970-01-02", "i:86400000"},
        {FIELD_DATETIME, "01.01.1970 24:00", "date_invalid"},
        {FIELD_DATETIME, "01.01.1970 1:00", "date_invalid"},
        {FIELD_DATETIME, "01.01.1970 10", "date_invalid"},
        {FIELD_DURATION, "15m", "i:900000"},
        {FIELD_DURATION, "900000", "i:900000"},
        {FIELD_DURATION, "soon", "type_mismatch"},
        {FIELD_CHOICE, "a", "t:a"},
        {FIELD_CHOICE, "c", "not_a_choice"},
        {FIELD_CHOICES, "a, b, a", "t:a\nb"},
        {FIELD_STAGE, "new", "not_a_choice"}, /* no pipeline, no stage */
        {FIELD_REF, "5", "i:5"},
        {FIELD_REF, "0", "type_mismatch"},
        {FIELD_REF, "-5", "type_mismatch"},
        {FIELD_REFS, "1,2", "t:1\n2"},
        {FIELD_TAGS, "vip, новый,,vip", "t:vip\nновый"},
        {FIELD_JSON, "{\"a\": [1]}", "t:{\"a\":[1]}"},
        {FIELD_JSON, "{", "type_mismatch"},
        {FIELD_COMPUTED, "1", "read_only"},
    };
    CHECK(rows, from_text, false);
}

static void requisites_with_wrong_check_digits_are_marked(void **state)
{
    (void)state;
    static const row rows[] = {
        {FIELD_INN, "7707083893", "t:7707083893"},
        {FIELD_INN, "7707083894", "t:7707083894!"},
        {FIELD_INN, "500100732259", "t:500100732259"},
        {FIELD_INN, "500100732258", "t:500100732258!"},
        {FIELD_INN, "77 0708 3893", "t:7707083893"},
        {FIELD_INN, "770708389", "inn_invalid"},
        {FIELD_INN, "77070838ab", "inn_invalid"},
        {FIELD_KPP, "773601001", "t:773601001"},
        {FIELD_KPP, "7736AB001", "t:7736AB001"},
        {FIELD_KPP, "77360100", "kpp_invalid"},
        {FIELD_OGRN, "1027700132195", "t:1027700132195"},
        {FIELD_OGRN, "1027700132196", "t:1027700132196!"},
        {FIELD_OGRN, "304500116000157", "t:304500116000157"},
        {FIELD_OGRN, "304500116000158", "t:304500116000158!"},
        {FIELD_BIK, "044525225", "t:044525225"},
        {FIELD_BIK, "144525225", "t:144525225!"},
        {FIELD_BIK, "04452522", "bik_invalid"},
        {FIELD_ACCOUNT, "40702810900000000001", "t:40702810900000000001"},
        {FIELD_ACCOUNT, "4070281090000000000", "account_invalid"},
    };
    CHECK(rows, from_text, false);
}

/* The key is that of the bank: of another bank's BIK it is wrong. */
static void an_account_agrees_with_the_bik_of_its_bank(void **state)
{
    static const struct {
        const char *account, *bik;
        bool is_sound;
    } rows[] = {
        {"40702810938000000001", "044525225", true},
        {"40702810838000000001", "044525225", false},
        {"40702810938000000001", "044525593", false},
        {"30101810400000000225", "044525225", true}, /* of the bank at the Bank of Russia */
        {"30101810145250000974", "044525974", true},
        {"30101810145250000975", "044525974", false},
        {"03100643000000011700", "014525988", true}, /* the treasury's have none */
        {"40702810938000000001", "", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool is = field_is_account_sound(str_of(rows[i].account), str_of(rows[i].bik));
        if (is != rows[i].is_sound) {
            fail_msg("%s of %s", rows[i].account, rows[i].bik);
        }
    }
}

static void lenient_sources_keep_and_mark_what_a_person_wrote(void **state)
{
    (void)state;
    static const row rows[] = {
        {FIELD_PHONE, " позвоните мне ", "t:позвоните мне!"},
        {FIELD_PHONE, "89161234567", "t:+79161234567"},
        {FIELD_EMAIL, "ivan at example", "t:ivan at example!"},
        {FIELD_URL, "javascript:1", "t:javascript:1!"},
        {FIELD_INN, "12", "t:12!"},
        {FIELD_INT, "много", "type_mismatch"}, /* nowhere to keep it */
        {FIELD_CHOICE, "c", "not_a_choice"},
    };
    CHECK(rows, from_text, true);
    field phones = of(FIELD_PHONE);
    phones.flags = FIELD_MANY;
    assert_text(from_text(&phones, "89161234567, нет", true), "t:+79161234567\nнет!");
    assert_text(from_text(&phones, "84951234567,12, 89161234567 доб. 3 ,84950000000, 7", false),
                "t:+74951234567;ext=12\n+79161234567;ext=3\n+74950000000;ext=7");
    assert_text(from_text(&phones, "84951234567, доб. 1,84951234567", false),
                "t:+74951234567;ext=1\n+74951234567");
    assert_text(from_text(&phones, "84951234567, 12 кв", false), "phone_invalid");
    assert_string_equal(field_mark_code(&phones), "phone_invalid");
}

static void json_of_every_type_is_read(void **state)
{
    (void)state;
    static const row rows[] = {
        {FIELD_TEXT, "\"x\"", "t:x"},
        {FIELD_TEXT, "null", "null"},
        {FIELD_TEXT, "\"\"", "null"},
        {FIELD_TEXT, "5", "type_mismatch"},
        {FIELD_TEXT, "[\"x\"]", "type_mismatch"},
        {FIELD_INT, "5", "i:5"},
        {FIELD_INT, "5.0", "i:5"},
        {FIELD_INT, "5.5", "type_mismatch"},
        {FIELD_INT, "true", "type_mismatch"},
        {FIELD_MONEY, "\"24960000.00\"", "i:2496000000"},
        {FIELD_MONEY, "0.1", "i:10"},
        {FIELD_MONEY, "1500", "i:150000"},
        {FIELD_MONEY, "1e300", "type_mismatch"},
        {FIELD_BOOL, "true", "i:1"},
        {FIELD_BOOL, "false", "i:0"},
        {FIELD_BOOL, "1", "type_mismatch"},
        {FIELD_DATE, "\"2027-01-18\"", "i:20836"},
        {FIELD_DATE, "20836", "type_mismatch"},
        {FIELD_DATETIME, "\"1970-01-01T00:00:01.5Z\"", "i:1500"},
        {FIELD_DURATION, "900000", "i:900000"},
        {FIELD_REF, "5", "i:5"},
        {FIELD_USER, "{\"id\":7,\"label\":\"Анна\"}", "i:7"},
        {FIELD_REF, "{\"id\":null}", "type_mismatch"},
        {FIELD_REF, "{}", "type_mismatch"},
        {FIELD_REF, "\"abc\"", "type_mismatch"},
        {FIELD_REFS, "[1,{\"id\":2},1]", "t:1\n2"},
        {FIELD_TAGS, "[\"vip\",\"a\\nb\",\"\"]", "t:vip\na b"},
        {FIELD_CHOICES, "[\"a\",\"c\"]", "not_a_choice"},
        {FIELD_CHOICES, "[]", "null"},
        {FIELD_CHOICES, "[[\"a\"]]", "type_mismatch"},
        {FIELD_TAGS, "{\"a\":1}", "type_mismatch"},
        {FIELD_JSON, "{\"a\":1}", "t:{\"a\":1}"},
    };
    CHECK(rows, from_json, false);
}

static void bounds_are_kept(void **state)
{
    (void)state;
    field f = of(FIELD_TEXT);
    f.max = 3;
    assert_text(from_text(&f, "ёжи", false), "t:ёжи");
    field_source s = {.arena = a};
    field_result r;
    assert_int_equal(field_read_text(&s, &f, CRM_S("ежик"), &r), CRM_INVALID);
    assert_string_equal(r.code, "too_long");
    assert_text(r.params_json, "{\"max\":3}");
    f = of(FIELD_MONEY);
    f.least = value_int(0);
    f.most = value_int(10000);
    assert_text(from_text(&f, "0", false), "i:0");
    assert_text(from_text(&f, "100", false), "i:10000");
    assert_text(from_text(&f, "100,01", false), "out_of_range");
    assert_text(from_text(&f, "-0,01", false), "out_of_range");
    f = of(FIELD_TAGS);
    char many[1024];
    size_t n = 0;
    for (int i = 0; i < 101; i++) {
        n += (size_t)snprintf(many + n, sizeof many - n, "t%d,", i);
    }
    assert_text(from_text(&f, many, false), "too_long");
}

static void a_local_time_is_of_the_deployments_zone(void **state)
{
    (void)state;
    registry *r = registry_new();
    registry_fault *faults;
    r->timezone = CRM_S("Europe/Moscow");
    assert_ok(registry_seal(r, a, &faults));
    field f = of(FIELD_DATETIME);
    field_source s = {.arena = a, .reg = r};
    field_result got;
    assert_ok(field_read_text(&s, &f, CRM_S("18.01.2027 10:00"), &got));
    int64_t wanted;
    assert_ok(clock_parse(CRM_S("2027-01-18T07:00:00Z"), &wanted));
    assert_true(got.v.i == wanted);
    registry_discard(r);
}

/* ---- to JSON --------------------------------------------------------------------------------- */

static crm_str to_json(field_type type, uint32_t flags, value v, crm_str label, bool denied)
{
    field f = of(type);
    f.flags |= flags;
    buf b;
    json_writer w;
    buf_init(&b, 0);
    jw_init(&w, &b);
    field_to_json(&w, &f, &v, label, denied);
    crm_str out = arena_dup(a, buf_view(&b));
    buf_free(&b);
    return out;
}

static void values_have_their_json_form(void **state)
{
    (void)state;
    static const struct {
        field_type type;
        uint32_t flags;
        value v;
        const char *wanted;
    } rows[] = {
        {FIELD_TEXT, 0, {VALUE_TEXT, 0, NAME("\"ё")}, "\"\\\"ё\""},
        {FIELD_TEXT, 0, {0}, "null"},
        {FIELD_INT, 0, {VALUE_INT, -5, {0}}, "-5"},
        {FIELD_MONEY, 0, {VALUE_INT, 2496000000, {0}}, "\"24960000.00\""},
        {FIELD_MONEY, 0, {VALUE_INT, -5, {0}}, "\"-0.05\""},
        {FIELD_MONEY, 0, {VALUE_INT, 0, {0}}, "\"0.00\""},
        {FIELD_MONEY, 0, {VALUE_INT, INT64_MIN, {0}}, "\"-92233720368547758.08\""},
        {FIELD_BOOL, 0, {VALUE_INT, 1, {0}}, "true"},
        {FIELD_DATE, 0, {VALUE_INT, 20836, {0}}, "\"2027-01-18\""},
        {FIELD_DATETIME, 0, {VALUE_INT, 1500, {0}}, "\"1970-01-01T00:00:01.500Z\""},
        {FIELD_DURATION, 0, {VALUE_INT, 900000, {0}}, "900000"},
        {FIELD_PHONE, FIELD_MANY, {VALUE_TEXT, 0, NAME("+7916\nнет")}, "[\"+7916\",\"нет\"]"},
        {FIELD_PHONE, FIELD_MANY, {0}, "[]"},
        {FIELD_REFS, 0, {VALUE_TEXT, 0, NAME("1\n2")}, "[{\"id\":1},{\"id\":2}]"},
        {FIELD_JSON, 0, {VALUE_TEXT, 0, NAME("{\"a\":1}")}, "{\"a\":1}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_text(to_json(rows[i].type, rows[i].flags, rows[i].v, (crm_str){0}, false),
                    rows[i].wanted);
    }
    assert_text(to_json(FIELD_USER, 0, value_int(7), CRM_S("Анна"), false),
                "{\"id\":7,\"label\":\"Анна\"}");
    assert_text(to_json(FIELD_REF, 0, value_int(5), (crm_str){0}, true),
                "{\"id\":5,\"denied\":true}");
}

/* ---- on behalf of a call --------------------------------------------------------------------- */

static void refusals_become_field_errors_of_the_call(void **state)
{
    (void)state;
    crm_ctx c = {.arena = a};
    field f = of(FIELD_PHONE);
    value v;
    bool is_marked;
    assert_int_equal(field_from_text(&c, &f, CRM_S("нет"), &v, &is_marked), CRM_INVALID);
    assert_text(c.error.fields->field, "f");
    assert_text(c.error.fields->code, "phone_invalid");
    c = (crm_ctx){.arena = a, .is_lenient = true};
    assert_ok(field_from_text(&c, &f, CRM_S("нет"), &v, &is_marked));
    assert_true(is_marked);
    assert_int_equal(c.error.status, CRM_OK);
}

/* A record of a department as the administrator may write it, before it is saved. */
static record department_of(const registry *r)
{
    const entity *e = registry_store(r, STORE_DEPARTMENT);
    record d = {.entity = e, .arena = a, .v = ARENA_ARRAY(a, value, e->field_count)};
    for (uint32_t i = 0; i < e->field_count; i++) {
        bits_add(d.visible, i);
    }
    return d;
}

static void an_object_sets_fields_and_tells_every_fault(void **state)
{
    (void)state;
    registry *r = registry_new();
    registry_fault *faults;
    assert_ok(registry_seal(r, a, &faults));
    crm_ctx c = {.arena = a, .reg = r, .who = &principal_system};
    record d = department_of(r);
    d.visible[DEPARTMENT_HEAD >> 6] &= ~(1ull << (DEPARTMENT_HEAD & 63));
    json_t *json = json_loads("{\"title\":\" Отдел \",\"staff\":\"три\",\"id\":5,\"head\":1,"
                              "\"_marks\":{},\"colour\":1,\"parent\":{\"id\":2}}",
                              0, NULL);
    assert_int_equal(record_from_json(&c, &d, json), CRM_INVALID);
    json_decref(json);
    assert_text(d.v[DEPARTMENT_TITLE].s, "Отдел");
    assert_true(bits_has(d.set, DEPARTMENT_TITLE));
    assert_int_equal(d.v[DEPARTMENT_PARENT].i, 2);
    assert_false(bits_has(d.set, DEPARTMENT_STAFF));
    static const char *const wanted[] = {"staff type_mismatch", "id read_only",
                                         "head unknown_field", /* outside his sight */
                                         "_marks unknown_field", "colour unknown_field"};
    const field_error *e = c.error.fields;
    for (size_t i = 0; i < 5; i++, e = e->next) {
        assert_non_null(e);
        assert_text(arena_fmt(a, "%.*s %.*s", STR_FMT(e->field), STR_FMT(e->code)), wanted[i]);
    }
    assert_null(e);
    registry_discard(r);
}

static void marks_come_and_go_with_the_value(void **state)
{
    (void)state;
    registry *r = registry_new();
    registry_fault *faults;
    assert_ok(registry_seal(r, a, &faults));
    const entity *e = registry_store(r, STORE_USER);
    record u = {.entity = e, .arena = a, .v = ARENA_ARRAY(a, value, e->field_count)};
    for (uint32_t i = 0; i < e->field_count; i++) {
        bits_add(u.visible, i);
    }
    static const struct {
        const char *json, *marks;
    } steps[] = {
        {"{\"phone\":\"нет\"}", "{\"phone\":\"phone_invalid\"}"},
        {"{\"email\":\"нет\"}", "{\"phone\":\"phone_invalid\",\"email\":\"email_invalid\"}"},
        {"{\"phone\":\"89161234567\"}", "{\"email\":\"email_invalid\"}"},
        {"{\"email\":null}", NULL},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        crm_ctx c = {.arena = a, .reg = r, .is_lenient = true};
        json_t *json = json_loads(steps[i].json, 0, NULL);
        assert_ok(record_from_json(&c, &u, json));
        json_decref(json);
        if (steps[i].marks) {
            assert_text(u.v[COL_MARKS].s, steps[i].marks);
        } else {
            assert_true(value_is_null(u.v[COL_MARKS]));
        }
    }
    registry_discard(r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_text_is_read_as_people_write_it),
        TEST(a_number_a_moment_and_a_choice_are_read_as_people_write_them),
        TEST(requisites_with_wrong_check_digits_are_marked),
        TEST(an_account_agrees_with_the_bik_of_its_bank),
        TEST(lenient_sources_keep_and_mark_what_a_person_wrote),
        TEST(json_of_every_type_is_read),
        TEST(bounds_are_kept),
        TEST(a_local_time_is_of_the_deployments_zone),
        TEST(values_have_their_json_form),
        TEST(refusals_become_field_errors_of_the_call),
        TEST(an_object_sets_fields_and_tells_every_fault),
        TEST(marks_come_and_go_with_the_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
