/* test_table_card.c - a record as an address card and back: every field where it was. */
#include "module_world.h"

#include "base/vcard.h"
#include "table/export.h"
#include "table/import_private.h"
#include "table_text.h"

#define N(lit)               \
    {                        \
        lit, sizeof(lit) - 1 \
    }

/* What a deployment may have of its own: whatever vCard has a property for, and what it has not. */
static const choice kinds[] = {{.value = N("vip"), .label = N("Важный, очень")},
                               {.value = N("usual"), .label = N("Обычный")}};
static const field guest_fields[] = {
    {.name = N("name"), .type = FIELD_TEXT, .flags = FIELD_REQUIRED, .label = N("ФИО")},
    {.name = N("family"), .type = FIELD_TEXT, .label = N("Фамилия")},
    {.name = N("given"), .type = FIELD_TEXT, .label = N("Имя")},
    {.name = N("middle"), .type = FIELD_TEXT, .label = N("Отчество")},
    {.name = N("born"), .type = FIELD_DATE, .label = N("Дата рождения")},
    {.name = N("phone"), .type = FIELD_PHONE, .flags = FIELD_MANY, .label = N("Телефон")},
    {.name = N("home_phone"), .type = FIELD_PHONE, .flags = FIELD_MANY, .label = N("Домашний")},
    {.name = N("email"), .type = FIELD_EMAIL, .flags = FIELD_MANY, .label = N("Почта")},
    {.name = N("second_email"), .type = FIELD_EMAIL, .label = N("Вторая почта")},
    {.name = N("site"), .type = FIELD_URL, .label = N("Страница")},
    {.name = N("place"), .type = FIELD_ADDRESS, .label = N("Место")},
    {.name = N("city"), .type = FIELD_TEXT, .label = N("Город")},
    {.name = N("note"), .type = FIELD_MULTILINE, .label = N("Заметка")},
    {.name = N("remark"), .type = FIELD_MULTILINE, .label = N("Ещё заметка")},
    {.name = N("tags"), .type = FIELD_TAGS, .label = N("Метки")},
    {.name = N("other_tags"), .type = FIELD_TAGS, .label = N("Другие метки")},
    {.name = N("kind"), .type = FIELD_CHOICE, .choices = kinds, .choice_count = 2},
    {.name = N("all_kinds"), .type = FIELD_CHOICES, .choices = kinds, .choice_count = 2},
    {.name = N("price"), .type = FIELD_MONEY, .scale = 2, .label = N("Цена")},
    {.name = N("is_known"), .type = FIELD_BOOL, .label = N("Знакомый")},
    {.name = N("met"), .type = FIELD_DATETIME, .label = N("Встреча")},
};
static const entity guest = {.name = N("test.guest"),
                             .module = N("test"),
                             .fields = guest_fields,
                             .field_count = sizeof guest_fields / sizeof guest_fields[0],
                             .title_field = COL_OWN};

static void more(registry *r)
{
    assert_ok(registry_add_entity(r, &guest));
}

static int set_up(void **state)
{
    (void)state;
    modules_open(BUNDLED_MODULES, more);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    modules_close();
    return 0;
}

/* ---- there and back -------------------------------------------------------------------------- */

typedef struct trip {
    export_plan plan;
    buf file;
    value *v; /* of the record */
} trip;

static bool on_row(void *arg, const record_view *v)
{
    trip *t = arg;
    assert_ok(export_row(&w.c, &t->plan, v, &t->file));
    t->v = ARENA_ARRAY(w.a, value, v->entity->field_count);
    for (uint32_t i = 0; i < v->entity->field_count; i++) {
        t->v[i] = value_dup(w.a, v->row[i]);
    }
    return true;
}

static void export_one(trip *t, const entity *e, int64_t id, const char *fields)
{
    query *q = query_new(w.c.arena, e);
    record_read r = {
        .call = &w.c, .query = q, .id = id, .want_labels = true, .on_row = on_row, .arg = t};
    t->plan = (export_plan){.format = EXPORT_VCARD, .entity = e};
    buf_init(&t->file, 0);
    assert_ok(export_plan_make(&w.c, &t->plan, str_of(fields)));
    assert_ok(records_read_now(&r));
}

/* Its one card as a row of an import with the options that are proposed. */
static void import_one(const entity *e, crm_str file, import_row *out)
{
    table_text text = {file, 0};
    vcard_reader *r;
    table_row row;
    crm_str titles[TABLE_COLUMNS_MAX];
    finder *f = ARENA_NEW(w.c.arena, finder);
    import_options *o = ARENA_NEW(w.c.arena, import_options);
    f->call = &w.c;
    assert_ok(vcard_open(table_text_source(&text), CHARSET_UTF8, &r));
    assert_ok(vcard_next(r, &row));
    for (uint32_t i = 0; i < row.count; i++) {
        titles[i] = vcard_name(r, i);
    }
    json_t *options = import_suggest(&w.c, e, &row, 1, titles, row.count);
    json_object_set_new(options, "mode", json_string("create"));
    assert_ok(import_options_read(&w.c, e, options, row.count, o));
    o->is_vcard = true;
    assert_ok(import_row_read(f, o, &row, out));
    json_decref(options);
    vcard_close(r);
}

/* A card has an address by parts; "Тверь" and "г Тверь" are the same town. */
static bool is_same_address(value x, value y)
{
    address a, b;
    assert_ok(address_read(w.a, x.s, &a));
    assert_ok(address_read(w.a, y.s, &b));
    for (int p = 0; p < ADDRESS_PARTS; p++) {
        if (!str_eq(a.part[p], b.part[p])) {
            return false;
        }
    }
    return x.kind == y.kind;
}

static void assert_same(const entity *e, const value *was, const import_row *is)
{
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        value v = bits_has(is->given, i) ? is->values[i] : value_null();
        bool is_address = e->fields[i].type == FIELD_ADDRESS;
        if (is_address ? !is_same_address(v, was[i]) : !value_equal(v, was[i])) {
            fail_msg("%.*s: \"%.*s\" (%lld) instead of \"%.*s\" (%lld)", STR_FMT(e->fields[i].name),
                     STR_FMT(v.s), (long long)v.i, STR_FMT(was[i].s), (long long)was[i].i);
        }
    }
}

static void assert_comes_back(const char *entity_name, int64_t id)
{
    trip t = {.v = NULL};
    import_row *row = ARENA_NEW(w.a, import_row);
    crm_ctx *c = act_begin(0);
    const entity *e = registry_entity(c->reg, str_of(entity_name));
    export_one(&t, e, id, "");
    import_one(e, buf_view(&t.file), row);
    for (const field_error *f = row->error.fields; f; f = f->next) {
        print_error("%.*s: %.*s\n", STR_FMT(f->field), STR_FMT(f->code));
    }
    assert_int_equal(row->error.status, CRM_OK);
    assert_null(row->lacks);
    assert_same(e, t.v, row);
    buf_free(&t.file);
    act_end(CRM_OK);
}

static void a_person_comes_back_whole(void **state)
{
    (void)state;
    char json[600];
    int64_t company = make("contacts.company", "{\"name\":\"ООО «Ромашка; сад»\"}");
    snprintf(
        json, sizeof json,
        "{\"name\":\"Иванов Иван\",\"phone\":[\"+79160000001\",\"+74951234567;ext=12\"],"
        "\"email\":[\"a@example.ru\",\"b@example.ru\"],\"company\":%lld,"
        "\"position\":\"Директор, главный\",\"city\":\"Кемерово\",\"source\":\"выставка; весна\","
        "\"tags\":[\"VIP\",\"Б,в\"],\"note\":\"Строка\\nвторая; с \\\\ чертой\","
        "\"owner\":%lld,\"participant\":%lld,\"department\":%lld}",
        (long long)company, (long long)w.anna, (long long)w.boris, (long long)w.sales);
    assert_comes_back("contacts.person", make("contacts.person", json));
    assert_comes_back("contacts.person", make("contacts.person", "{\"name\":\"Только имя\"}"));
}

static void a_company_comes_back_whole(void **state)
{
    (void)state;
    assert_comes_back(
        "contacts.company",
        make("contacts.company",
             "{\"name\":\"Завод; филиал\",\"inn\":\"7700000009\",\"kpp\":\"770001001\","
             "\"phone\":[\"+74951234567\"],\"email\":[\"a@example.ru\"],"
             "\"site\":\"https://example.ru/a,b;c\",\"city\":\"Тверь\"}"));
}

static void fields_of_a_deployment_come_back_too(void **state)
{
    (void)state;
    assert_comes_back(
        "test.guest",
        make(
            "test.guest",
            "{\"name\":\"Петрова А. Б.\",\"family\":\"Петрова\",\"given\":\"Анна; младшая\","
            "\"middle\":\"Борисовна\",\"born\":\"1980-03-02\",\"phone\":[\"+79160000001\"],"
            "\"home_phone\":[\"+74951112233;ext=7\",\"+74951112244\"],\"email\":[\"a@example.ru\"],"
            "\"second_email\":\"second@example.ru\",\"site\":\"https://example.ru/?a=1;b=2,3\","
            "\"place\":\"650000, Кемеровская область, г Кемерово, ул Весенняя, д 5, кв 12\","
            "\"city\":\"Юрга\",\"note\":\"Раз\",\"remark\":\"tel:Два\\n\\nтри\",\"tags\":[\"VIP\"],"
            "\"other_tags\":[\"а,б\",\"в;г\"],\"kind\":\"vip\",\"all_kinds\":[\"vip\",\"usual\"],"
            "\"price\":\"-1500.50\",\"is_known\":false,\"met\":\"2027-01-18T07:00:30.250Z\"}"));
}

static void lacking(const char *text, const char *code)
{
    char file[300];
    import_row *row = ARENA_NEW(w.a, import_row);
    crm_ctx *c = act_begin(0);
    const entity *e = registry_entity(c->reg, guest.name);
    snprintf(file, sizeof file, "BEGIN:VCARD\nVERSION:3.0\nFN:А\n%s\nEND:VCARD\n", text);
    import_one(e, str_of(file), row);
    assert_int_equal(row->error.status, CRM_OK);
    assert_int_equal(bits_has(row->given, entity_field(e, CRM_S("born"))->index), code == NULL);
    assert_int_equal(row->lacks != NULL, code != NULL);
    if (code) {
        assert_string_equal(row->lacks->code, code);
        assert_text(row->lacks->text, "--03-02");
    }
    act_end(CRM_OK);
}

/* Telephones know birthdays without a year; the person comes in all the same. */
static void a_birthday_without_a_year_does_not_cost_the_card(void **state)
{
    (void)state;
    lacking("BDAY:1980-03-02T00:00:00Z", NULL);
    lacking("BDAY;VALUE=date:--03-02", "type_mismatch");
    lacking("BDAY;X-APPLE-OMIT-YEAR=1604:1604-03-02", "type_mismatch");
}

/* Other programs read the properties of the standard, not ours. */
static void a_card_says_in_the_usual_properties_what_they_are_for(void **state)
{
    (void)state;
    trip t = {.v = NULL};
    int64_t id =
        make("test.guest", "{\"name\":\"Петрова\",\"family\":\"Петрова\",\"given\":\"Анна\","
                           "\"born\":\"1980-03-02\",\"phone\":[\"+79160000001\"],"
                           "\"home_phone\":[\"+74951112233\"],\"kind\":\"usual\"}");
    act_begin(0);
    export_one(&t, registry_entity(w.c.reg, guest.name), id,
               "family,given,born,phone,home_phone,kind");
    char expected[600];
    snprintf(expected, sizeof expected,
             "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:karkas:test.guest:%lld\r\nFN:Петрова\r\n"
             "N:Петрова;Анна;;;\r\nTEL:+79160000001\r\nBDAY:19800302\r\n"
             "TEL;X-KARKAS-FIELD=X-KARKAS-HOME-PHONE:+74951112233\r\n"
             "X-KARKAS-KIND:Обычный\r\nEND:VCARD\r\n",
             (long long)id);
    assert_text(buf_view(&t.file), expected);
    buf_free(&t.file);
    act_end(CRM_OK);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_person_comes_back_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_company_comes_back_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fields_of_a_deployment_come_back_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_birthday_without_a_year_does_not_cost_the_card, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_card_says_in_the_usual_properties_what_they_are_for,
                                        set_up, tear_down),
    };
    if (argc == 3 && strcmp(argv[1], "--probe") == 0) {
        return plug_probe_main(argv[2]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
