/* test_modules.c - what the bundled modules do: forms, contacts, leads and deals, tasks. */
#include "module_world.h"

#define MINUTE 60000
#define JSON   "application/json"
#define FORM   "application/x-www-form-urlencoded; charset=UTF-8"

static const crm_str form_settings =
    CRM_S("{\"creates\":\"sales.lead\",\"source\":\"site\",\"title\":\"Форма на сайте\","
          "\"consent\":\"Согласен\"}");
static const crm_str mapped_settings =
    CRM_S("{\"creates\":\"sales.lead\",\"fields\":{\"client\":\"name\","
          "\"tel2\":{\"to\":\"phone\",\"label\":\"Ваш номер\",\"required\":true},"
          "\"website\":\"city\",\"karkas_website\":\"page\"}}");

static void add_form(registry *r, const char *name, crm_str settings)
{
    integration row = {
        .name = str_of(name), .type_name = CRM_S("webform"), .settings_json = settings};
    assert_ok(registry_add_integration(r, &row));
}

static void more(registry *r)
{
    add_form(r, "site", form_settings);
    add_form(r, "mapped", mapped_settings);
    grant_own(r, "tasks.task");
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

static crm_status submit(const char *form, const char *content_type, const char *body)
{
    crm_ctx *c = act_begin(0);
    const integration *i = registry_integration(c->reg, str_of(form));
    c->is_lenient = true;
    crm_status s = i->type->receive(c, i->name, str_of(content_type), str_of(body), i->type->fn);
    act_end(s);
    return s;
}

static uint32_t reminders(int64_t *due)
{
    record **rows;
    uint32_t count, found = 0;
    crm_ctx *c = act_begin(0);
    const entity *e = registry_store(c->reg, STORE_DUE);
    count = 0;
    query *q = query_new(c->arena, e);
    assert_ok(records_list(c, q, &rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        if (str_is(rows[i]->v[DUE_JOB].s, "tasks.remind")) {
            *due = rows[i]->v[DUE_AT].i;
            found++;
        }
    }
    act_end(CRM_OK);
    return found;
}

static const char *text_of_id(int64_t id)
{
    return arena_fmt(w.a, "%lld", (long long)id).p;
}

/* ---- intake ---------------------------------------------------------------------------------- */

static void a_request_of_a_form_becomes_a_lead(void **state)
{
    (void)state;
    assert_ok(submit("site", JSON,
                     "{\"name\":\"Иван Петров\",\"phone\":\"8 (916) 123-45-67\","
                     "\"message\":\"Нужен экскаватор\",\"utm_source\":\"yandex\","
                     "\"page\":\"https://example.ru/mp-530\",\"consent\":\"yes\"}"));
    const record *lead = only("sales.lead");
    assert_field(lead, "name", "Иван Петров");
    assert_field(lead, "phone", "+79161234567");
    assert_field(lead, "title", "Нужен экскаватор");
    assert_field(lead, "message", "Нужен экскаватор");
    assert_field(lead, "source", "site");
    assert_field(lead, "utm_source", "yandex");
    assert_field(lead, "page", "https://example.ru/mp-530");
    assert_field(lead, "stage", "new");
    assert_true(value_is_null(get(lead, "owner")));
}

static void a_form_without_scripts_is_read_alike(void **state)
{
    (void)state;
    assert_ok(submit("site", FORM,
                     "Name=%D0%98%D0%B2%D0%B0%D0%BD&Phone=%2B7+%28916%29+123-45-67"
                     "&Comments=%D0%96%D0%B4%D1%83+%D0%B7%D0%B2%D0%BE%D0%BD%D0%BA%D0%B0&tranid=1"));
    const record *lead = only("sales.lead");
    assert_field(lead, "name", "Иван");
    assert_field(lead, "phone", "+79161234567");
    assert_field(lead, "message", "Жду звонка");
}

static void a_wrong_phone_is_kept_and_marked(void **state)
{
    (void)state;
    assert_ok(submit("site", JSON, "{\"name\":\"Пётр\",\"phone\":\"12-34\"}"));
    const record *lead = only("sales.lead");
    assert_field(lead, "phone", "12-34");
    assert_non_null(strstr(arena_cstr(w.a, lead->v[COL_MARKS].s), "\"phone\":\"phone_invalid\""));
    assert_field(lead, "title", "Пётр");
}

static void what_no_field_takes_goes_into_the_message(void **state)
{
    (void)state;
    assert_ok(submit("site", JSON,
                     "{\"name\":\"Иван\",\"message\":\"Каток\",\"tonnage\":12,"
                     "\"options\":{\"lizing\":true}}"));
    const record *lead = only("sales.lead");
    assert_field(lead, "message",
                 "Каток\n\nДругие поля формы:\ntonnage: 12\noptions: {\"lizing\":true}");
}

static void a_name_too_long_for_its_line_is_told_in_full_below(void **state)
{
    (void)state;
    char body[1000] = "{\"phone\":\"+79161234567\",\"name\":\"";
    size_t n = strlen(body);
    memset(body + n, 'x', 300);
    memcpy(body + n + 300, "\"}", 3);
    assert_ok(submit("site", JSON, body));
    const record *lead = only("sales.lead");
    assert_int_equal(get(lead, "name").s.n, 100);
    assert_true(get(lead, "message").s.n > 300);
}

/* "name=Иван&a=1&a=1…" or the same as JSON with numbered names. */
static const char *body_of_fields(uint32_t count, bool is_json)
{
    buf b;
    buf_init(&b, 0);
    buf_z(&b, is_json ? "{\"name\":\"Иван\"" : "name=%D0%98%D0%B2%D0%B0%D0%BD");
    for (uint32_t i = 0; i < count; i++) {
        buf_fmt(&b, is_json ? ",\"f%u\":1" : "&f%u=1", i);
    }
    buf_z(&b, is_json ? "}" : "");
    const char *body = arena_cstr(w.a, buf_view(&b));
    buf_free(&b);
    return body;
}

static void a_form_of_very_many_fields_is_kept_in_time(void **state)
{
    static const char *const types[] = {FORM, JSON};
    (void)state;
    for (int i = 0; i < 2; i++) {
        record **rows;
        assert_ok(submit("site", types[i], body_of_fields(5000, i == 1)));
        assert_int_equal(list_of("sales.lead", &rows), i + 1);
        const char *message = arena_cstr(w.a, get(rows[i], "message").s);
        assert_field(rows[i], "name", "Иван");
        assert_non_null(strstr(message, "\nf198: 1\n")); /* the name and 199 others */
        assert_null(strstr(message, "\nf199: 1"));
        assert_non_null(strstr(message, i == 0 ? "\nf199=1&f200=1&" : "\n{\"f199\":1,\"f200\":1,"));
    }
}

static void a_filled_trap_is_refused_and_an_empty_form_makes_no_record(void **state)
{
    record **rows;
    (void)state;
    assert_int_equal(
        submit("site", JSON, "{\"name\":\"bot\",\"karkas_website\":\"http://spam.example\"}"),
        CRM_DENIED);
    assert_int_equal(submit("site", FORM, "name=bot&karkas_website=1"), CRM_DENIED);
    assert_ok(submit("site", FORM, "test=test"));
    assert_ok(submit("site", FORM, "karkas_website="));
    assert_ok(submit("site", JSON, "{}"));
    assert_int_equal(list_of("sales.lead", &rows), 0);
}

static void a_website_is_a_field_like_any_other(void **state)
{
    (void)state;
    assert_ok(submit("site", FORM, "name=Олег&message=Каток&website=http%3A%2F%2Fa.b"));
    assert_field(only("sales.lead"), "message", "Каток\n\nДругие поля формы:\nwebsite: http://a.b");
}

static void a_field_that_the_settings_name_is_no_trap(void **state)
{
    (void)state;
    assert_ok(
        submit("mapped", JSON,
               "{\"client\":\"Олег\",\"website\":\"a.b\",\"karkas_website\":\"https://c.d/\"}"));
    const record *lead = only("sales.lead");
    assert_field(lead, "city", "a.b");
    assert_field(lead, "page", "https://c.d/");
}

static void without_a_message_the_title_is_the_name_or_the_phone(void **state)
{
    record **rows;
    (void)state;
    assert_ok(submit("site", FORM, "name=Олег&phone=%2B79161234567&budget=1000000"));
    assert_ok(submit("site", FORM, "phone=%2B79161234567&budget=1000000&term=5"));
    assert_int_equal(list_of("sales.lead", &rows), 2);
    assert_field(rows[0], "title", "Олег");
    assert_field(rows[1], "title", "+79161234567");
}

static void fields_of_a_form_are_mapped_by_its_settings(void **state)
{
    (void)state;
    assert_ok(submit("mapped", JSON, "{\"client\":\"Олег\",\"tel2\":\"9161234567\"}"));
    const record *lead = only("sales.lead");
    assert_field(lead, "name", "Олег");
    assert_field(lead, "phone", "+79161234567");
}

static void a_form_describes_itself(void **state)
{
    (void)state;
    crm_ctx *c = act_begin(0);
    const integration *i = registry_integration(c->reg, CRM_S("site"));
    buf_clear(&w.out);
    c->lang = CRM_S("ru");
    assert_ok(i->type->describe(c, i->name, &w.out, i->type->fn));
    const char *text = arena_cstr(w.a, buf_view(&w.out));
    assert_non_null(strstr(text, "{\"form\":\"site\",\"title\":\"Форма на сайте\",\"fields\":[{"));
    assert_non_null(strstr(text, "{\"name\":\"phone\",\"label\":\"Телефон\",\"type\":\"phone\","
                                 "\"required\":true}"));
    assert_non_null(strstr(text, "\"consent\":{\"text\":\"Согласен\",\"required\":true,"
                                 "\"version\":\""));
    act_end(CRM_OK);
}

/* ---- contacts -------------------------------------------------------------------------------- */

#define CONTACT "{\"match\":[\"phone\",\"email\"],\"otherwise\":\"create\"}"

static void a_new_person_is_made_and_belongs_to_the_owner(void **state)
{
    char json[300];
    (void)state;
    snprintf(json, sizeof json,
             "{\"name\":\"Иван Петров\",\"phone\":[\"8 916 123-45-67\"],\"owner\":%lld}",
             (long long)w.anna);
    int64_t id = make("sales.lead", json);
    assert_ok(run_step("contact", "sales.lead", id, CONTACT));
    const record *contact = only("contacts.person"), *lead = only("sales.lead");
    assert_field(contact, "name", "Иван Петров");
    assert_field(contact, "phone", "+79161234567");
    assert_int_equal(get(contact, "owner").i, w.anna);
    assert_int_equal(get(lead, "contact").i, contact->v[COL_ID].i);
}

static void a_known_phone_or_address_finds_its_person(void **state)
{
    (void)state;
    int64_t known = make("contacts.person", "{\"name\":\"Мария\",\"phone\":[\"+74951112233\","
                                            "\"+79161234567\"],\"email\":[\"m@example.ru\"]}");
    int64_t first = make("sales.lead", "{\"name\":\"Маша\",\"phone\":[\"89161234567\"]}");
    int64_t second = make("sales.lead", "{\"name\":\"М\",\"email\":[\"m@example.ru\"]}");
    assert_ok(run_step("contact", "sales.lead", first, CONTACT));
    assert_ok(run_step("contact", "sales.lead", second, CONTACT));
    record **leads;
    assert_int_equal(list_of("sales.lead", &leads), 2);
    assert_int_equal(get(leads[0], "contact").i, known);
    assert_int_equal(get(leads[1], "contact").i, known);
    only("contacts.person");
}

static void a_wrong_phone_joins_nobody(void **state)
{
    record **people_rows;
    (void)state;
    assert_ok(submit("site", JSON, "{\"name\":\"А\",\"phone\":\"12-34\"}"));
    assert_ok(submit("site", JSON, "{\"name\":\"Б\",\"phone\":\"12-34\"}"));
    record **leads;
    assert_int_equal(list_of("sales.lead", &leads), 2);
    assert_ok(run_step("contact", "sales.lead", leads[0]->v[COL_ID].i, CONTACT));
    assert_ok(run_step("contact", "sales.lead", leads[1]->v[COL_ID].i, CONTACT));
    assert_int_equal(list_of("contacts.person", &people_rows), 2);
}

static void without_otherwise_nobody_is_made(void **state)
{
    record **people_rows;
    (void)state;
    int64_t id = make("sales.lead", "{\"phone\":[\"89161234567\"]}");
    assert_ok(run_step("contact", "sales.lead", id, "{\"match\":[\"phone\"]}"));
    assert_int_equal(list_of("contacts.person", &people_rows), 0);
}

/* ---- sales ----------------------------------------------------------------------------------- */

static void a_long_message_gives_a_short_title(void **state)
{
    (void)state;
    make(
        "sales.lead",
        "{\"message\":\"Добрый день! Нужен мини-погрузчик на уборку снега и планировку, желательно "
        "до 5 ноября с коммунальной щёткой.\\nСпасибо\"}");
    assert_field(
        only("sales.lead"), "title",
        "Добрый день! Нужен мини-погрузчик на уборку снега и планировку, желательно до 5…");
}

static void a_lead_is_closed_by_what_its_stage_means(void **state)
{
    (void)state;
    int64_t id = make("sales.lead", "{\"name\":\"Иван\"}");
    assert_true(value_is_null(get(only("sales.lead"), "closed_at")));
    change_record("sales.lead", id, "{\"stage\":\"bad\",\"bad_reason\":\"spam\"}");
    assert_int_equal(get(only("sales.lead"), "closed_at").i, clock_now());
    change_record("sales.lead", id, "{\"stage\":\"work\"}");
    assert_true(value_is_null(get(only("sales.lead"), "closed_at")));
}

static void a_deal_takes_number_source_and_title_from_its_lead(void **state)
{
    char json[100];
    record **deals;
    (void)state;
    int64_t lead = make("sales.lead", "{\"title\":\"Каток\",\"source\":\"avito\"}");
    snprintf(json, sizeof json, "{\"lead\":%lld}", (long long)lead);
    make("sales.deal", json);
    make("sales.deal", "{\"title\":\"Другая\",\"source\":\"phone\"}");
    assert_int_equal(list_of("sales.deal", &deals), 2);
    assert_field(deals[0], "title", "Каток");
    assert_field(deals[0], "source", "avito");
    assert_int_equal(get(deals[0], "number").i, 1);
    assert_int_equal(get(deals[1], "number").i, 2);
    assert_field(deals[1], "source", "phone");
}

static void a_deal_takes_the_currency_of_its_lead_with_the_amount(void **state)
{
    char json[300];
    record **deals;
    (void)state;
    int64_t lead =
        make("sales.lead", "{\"title\":\"Каток\",\"amount\":\"7400\",\"currency\":\"USD\"}");
    snprintf(json, sizeof json, "{\"lead\":%lld}", (long long)lead);
    make("sales.deal", json);
    snprintf(json, sizeof json, "{\"lead\":%lld,\"amount\":\"5\"}", (long long)lead);
    make("sales.deal", json);
    assert_int_equal(list_of("sales.deal", &deals), 2);
    assert_int_equal(get(deals[0], "amount").i, 740000);
    assert_field(deals[0], "currency", "USD");
    assert_int_equal(get(deals[1], "amount").i, 500);
    assert_field(deals[1], "currency", "RUB");
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static int64_t owned_lead(void)
{
    char json[300];
    snprintf(json, sizeof json, "{\"title\":\"Нужен кран\",\"name\":\"Иван\",\"owner\":%lld}",
             (long long)w.anna);
    return make("sales.lead", json);
}

static void the_step_makes_a_task_about_its_record(void **state)
{
    int64_t due = 0, lead = owned_lead();
    (void)state;
    assert_ok(
        run_step("task", "sales.lead", lead,
                 "{\"kind\":\"call\",\"title\":\"Позвонить: {name} ({owner})\",\"to\":\"owner\","
                 "\"due\":\"15m\",\"remind\":\"5m\"}"));
    const record *task = only("tasks.task");
    assert_field(task, "title", "Позвонить: Иван (Анна)");
    assert_field(task, "kind", "call");
    assert_int_equal(get(task, "owner").i, w.anna);
    assert_int_equal(get(task, "due").i, clock_now() + 15 * MINUTE);
    assert_int_equal(get(task, "lead").i, lead);
    assert_int_equal(reminders(&due), 1);
    assert_int_equal(due, clock_now() + 10 * MINUTE);
}

static void a_title_longer_than_a_task_takes_ends_in_an_ellipsis(void **state)
{
    char json[500];
    size_t n =
        (size_t)snprintf(json, sizeof json, "{\"owner\":%lld,\"title\":\"", (long long)w.anna);
    (void)state;
    memset(json + n, 'x', 300);
    memcpy(json + n + 300, "\"}", 3);
    assert_ok(run_step("task", "sales.lead", make("sales.lead", json), "{\"to\":\"owner\"}"));
    crm_str title = get(only("tasks.task"), "title").s;
    assert_int_equal(text_length(title), 300);
    assert_true(str_ends(title, CRM_S("x…")));
}

static void a_task_may_go_to_a_login_or_the_head_and_nobody_is_not_found(void **state)
{
    record **tasks;
    int64_t lead = owned_lead(), nobodys = make("sales.lead", "{\"title\":\"Ничей\"}");
    (void)state;
    assert_ok(run_step("task", "sales.lead", lead, "{\"title\":\"А\",\"to\":\"boris\"}"));
    assert_ok(run_step("task", "sales.lead", lead, "{\"title\":\"Б\",\"to\":\"department.head\"}"));
    assert_int_equal(list_of("tasks.task", &tasks), 2);
    assert_int_equal(get(tasks[0], "owner").i, w.boris);
    assert_int_equal(get(tasks[1], "owner").i, w.boris);
    assert_int_equal(run_step("task", "sales.lead", nobodys, "{\"title\":\"В\"}"), CRM_NOT_FOUND);
    assert_int_equal(run_step("task", "sales.lead", lead, "{\"title\":\"Г\",\"to\":\"zoya\"}"),
                     CRM_NOT_FOUND);
    assert_int_equal(list_of("tasks.task", &tasks), 2);
}

static int64_t task_in(int64_t ms)
{
    char json[300], due[CLOCK_TEXT];
    clock_format(clock_now() + ms, due);
    snprintf(json, sizeof json, "{\"title\":\"Позвонить\",\"owner\":%lld,\"due\":\"%s\"}",
             (long long)w.anna, due);
    return make("tasks.task", json);
}

static void a_reminder_follows_the_task(void **state)
{
    int64_t due = 0, id = task_in(30 * MINUTE);
    char json[100], moved[CLOCK_TEXT];
    (void)state;
    assert_int_equal(reminders(&due), 1);
    clock_format(clock_now() + 60 * MINUTE, moved);
    snprintf(json, sizeof json, "{\"due\":\"%s\"}", moved);
    change_record("tasks.task", id, json);
    assert_int_equal(reminders(&due), 1);
    assert_int_equal(due, clock_now() + 60 * MINUTE);
    change_record("tasks.task", id, "{\"done\":true}");
    assert_int_equal(reminders(&due), 0);
    change_record("tasks.task", id, "{\"done\":false}");
    assert_int_equal(reminders(&due), 1);
}

static void when_it_is_time_the_owner_is_told(void **state)
{
    int64_t id = task_in(30 * MINUTE);
    (void)state;
    clock_set(clock_now() + 30 * MINUTE);
    assert_ok(run_job("tasks.remind", text_of_id(id)));
    const record *notice = only("notification");
    assert_field(notice, "text", "Пора: Позвонить");
    assert_int_equal(get(notice, "user").i, w.anna);
    assert_ok(run_job("tasks.remind", "4711")); /* gone meanwhile */
}

static void a_task_is_done_by_its_owner_once_and_twice(void **state)
{
    int64_t id = task_in(30 * MINUTE);
    (void)state;
    assert_ok(call_route("/tasks/task/:id/done", w.anna, id));
    assert_non_null(strstr(arena_cstr(w.a, buf_view(&w.out)), "\"done\":true"));
    assert_int_equal(get(only("tasks.task"), "done_at").i, clock_now());
    assert_ok(call_route("/tasks/task/:id/done", w.anna, id));
    assert_ok(call_route("/tasks/task/:id/reopen", w.anna, id));
    assert_true(value_is_null(get(only("tasks.task"), "done_at")));
}

static void someone_elses_task_is_not_found(void **state)
{
    int64_t id = task_in(30 * MINUTE);
    (void)state;
    assert_int_equal(call_route("/tasks/task/:id/done", w.boris, id), CRM_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_of_a_form_becomes_a_lead),
        TEST(a_form_without_scripts_is_read_alike),
        TEST(a_wrong_phone_is_kept_and_marked),
        TEST(what_no_field_takes_goes_into_the_message),
        TEST(a_name_too_long_for_its_line_is_told_in_full_below),
        TEST(a_form_of_very_many_fields_is_kept_in_time),
        TEST(a_filled_trap_is_refused_and_an_empty_form_makes_no_record),
        TEST(a_website_is_a_field_like_any_other),
        TEST(a_field_that_the_settings_name_is_no_trap),
        TEST(without_a_message_the_title_is_the_name_or_the_phone),
        TEST(fields_of_a_form_are_mapped_by_its_settings),
        TEST(a_form_describes_itself),
        TEST(a_new_person_is_made_and_belongs_to_the_owner),
        TEST(a_known_phone_or_address_finds_its_person),
        TEST(a_wrong_phone_joins_nobody),
        TEST(without_otherwise_nobody_is_made),
        TEST(a_long_message_gives_a_short_title),
        TEST(a_lead_is_closed_by_what_its_stage_means),
        TEST(a_deal_takes_number_source_and_title_from_its_lead),
        TEST(a_deal_takes_the_currency_of_its_lead_with_the_amount),
        TEST(the_step_makes_a_task_about_its_record),
        TEST(a_title_longer_than_a_task_takes_ends_in_an_ellipsis),
        TEST(a_task_may_go_to_a_login_or_the_head_and_nobody_is_not_found),
        TEST(a_reminder_follows_the_task),
        TEST(when_it_is_time_the_owner_is_told),
        TEST(a_task_is_done_by_its_owner_once_and_twice),
        TEST(someone_elses_task_is_not_found),
    };
    if (argc == 3 && strcmp(argv[1], "--probe") == 0) {
        return plug_probe_main(argv[2]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
