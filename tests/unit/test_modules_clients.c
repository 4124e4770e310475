/*
 * test_modules_clients.c - whom a request of a known client goes to, and who then sees the client:
 * the steps `contact` and `assign` on the bundled modules, on both engines.
 */
#include "module_world.h"

#define FIND   "{\"match\":[\"phone\"]}"
#define CREATE "{\"match\":[\"phone\"],\"otherwise\":\"create\"}"
#define GIVE                                       \
    "{\"role\":\"manager\",\"strategy\":\"free\"," \
    "\"prefer\":[\"contact.owner\",\"contact.participant\"]}"

static void more(registry *r)
{
    static const char *const known[] = {"contacts.person", "contacts.company"};
    grant_own(r, "sales.lead");
    for (size_t i = 0; i < 2; i++) {
        grant g = {.role = CRM_S("manager"),
                   .entity_name = str_of(known[i]),
                   .action = ACTION_READ,
                   .scope = SCOPE_INVOLVED,
                   .source = CRM_S("test")};
        assert_ok(registry_add_grant(r, &g));
    }
}

static void set_on_line(int64_t user, bool is_on_line)
{
    change_record("user", user, is_on_line ? "{\"on_line\":true}" : "{\"on_line\":false}");
}

static void settle(void)
{
    give_time(10000); /* how long a step takes is not the matter here */
    set_on_line(w.anna, true);
    set_on_line(w.boris, true);
}

static int open_memory(void **state)
{
    (void)state;
    modules_open(BUNDLED_MODULES, more);
    settle();
    return 0;
}

static int open_sqlite(void **state)
{
    (void)state;
    modules_open_sqlite(BUNDLED_MODULES, more);
    settle();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    modules_close();
    return 0;
}

/* ---- acting ---------------------------------------------------------------------------------- */

/* A client of the company `company` (0: of none) for whom `owner` is responsible. */
static int64_t client_of(int64_t owner, int64_t company)
{
    char json[200], of[40] = "";
    if (company) {
        snprintf(of, sizeof of, ",\"company\":%lld", (long long)company);
    }
    snprintf(json, sizeof json,
             "{\"name\":\"Мария\",\"phone\":[\"+79161234567\"],\"owner\":%lld%s}", (long long)owner,
             of);
    return make("contacts.person", json);
}

static int64_t company_of(int64_t owner)
{
    char json[100];
    snprintf(json, sizeof json, "{\"name\":\"ООО «Мост»\",\"owner\":%lld}", (long long)owner);
    return make("contacts.company", json);
}

/* Her next request, through the steps of the example ТЗ. Who got it. */
static int64_t request(void)
{
    record **leads;
    int64_t id = make("sales.lead", "{\"title\":\"Каток\",\"phone\":[\"89161234567\"]}");
    assert_ok(run_step("contact", "sales.lead", id, FIND));
    assert_ok(run_step("assign", "sales.lead", id, GIVE));
    assert_ok(run_step("contact", "sales.lead", id, CREATE));
    uint32_t count = list_of("sales.lead", &leads);
    assert_int_equal(leads[count - 1]->v[COL_ID].i, id);
    return get(leads[count - 1], "owner").i;
}

static bool sees(int64_t user, const char *entity_name, int64_t id)
{
    record *r;
    crm_ctx *c = act_begin(user);
    crm_status s = records_get(c, registry_entity(c->reg, str_of(entity_name)), id, &r);
    act_end(s);
    return s == CRM_OK;
}

static int64_t typed_by(int64_t user, const char *json)
{
    crm_ctx *c = act_begin(user);
    record *r;
    json_t *fields;
    assert_ok(json_read(str_of(json), 0, &fields, NULL));
    assert_ok(records_new(c, registry_entity(c->reg, CRM_S("sales.lead")), &r));
    assert_ok(record_from_json(c, r, fields));
    crm_status s = records_save(c, r, 0);
    json_decref(fields);
    assert_ok(s);
    int64_t id = r->v[COL_ID].i;
    act_end(s);
    return id;
}

static void touch_as(int64_t user, int64_t id)
{
    crm_ctx *c = act_begin(user);
    record *r;
    const entity *e = registry_entity(c->reg, CRM_S("sales.lead"));
    assert_ok(records_get(c, e, id, &r));
    assert_ok(record_set(r, entity_field(e, CRM_S("title")), value_text(CRM_S("Кран"))));
    crm_status s = records_save(c, r, 0);
    assert_ok(s);
    act_end(s);
}

/* How many notices there are, and the text of the last of them for `user`. */
static uint32_t told(int64_t user, crm_str *text)
{
    record **notices;
    uint32_t count = list_of("notification", &notices), mine = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (get(notices[i], "user").i == user) {
            *text = get(notices[i], "text").s;
            mine++;
        }
    }
    return mine;
}

/* ---- whom it goes to ------------------------------------------------------------------------- */

static void a_known_clients_request_goes_to_who_is_responsible_for_him(void **state)
{
    (void)state;
    crm_str text;
    int64_t client = client_of(w.boris, 0);
    for (int i = 0; i < 3; i++) { /* though anna has none */
        assert_int_equal(request(), w.boris);
    }
    assert_true(value_is_null(get(only("contacts.person"), "participant")));
    assert_false(sees(w.anna, "contacts.person", client));
    assert_int_equal(told(w.boris, &text), 0);
}

static void a_new_clients_request_goes_to_who_is_free_as_ever(void **state)
{
    (void)state;
    int64_t first = request();
    assert_int_equal(get(only("contacts.person"), "owner").i, first);
    assert_int_equal(request(), first); /* by now he is known */
}

static void of_who_is_not_on_line_another_gets_it_and_both_see_the_client(void **state)
{
    (void)state;
    crm_str text;
    int64_t company = company_of(w.boris), client = client_of(w.boris, company);
    set_on_line(w.boris, false);
    assert_false(sees(w.anna, "contacts.person", client));
    assert_int_equal(request(), w.anna);
    const record *client_now = only("contacts.person");
    assert_int_equal(get(client_now, "owner").i, w.boris);
    assert_int_equal(get(client_now, "participant").i, w.anna);
    assert_true(sees(w.anna, "contacts.person", client) &&
                sees(w.boris, "contacts.person", client));
    assert_true(sees(w.anna, "contacts.company", company));
    assert_int_equal(told(w.boris, &text), 1);
    assert_text(text, "С вашим клиентом «Мария» теперь работает и Анна");
    /* Once he is told, the next one tells nothing new, and the one after is his again. */
    assert_int_equal(request(), w.anna);
    assert_int_equal(told(w.boris, &text), 1);
    set_on_line(w.boris, true);
    assert_int_equal(request(), w.boris);
}

static void of_who_has_another_role_or_department_another_gets_it(void **state)
{
    (void)state;
    client_of(w.boris, 0);
    change_record("user", w.boris, "{\"roles\":[]}");
    assert_int_equal(request(), w.anna);
    change_record("user", w.boris, "{\"roles\":[\"manager\"]}");
    assert_int_equal(request(), w.boris);
    int64_t id = make("sales.lead", "{\"title\":\"Каток\",\"phone\":[\"89161234567\"]}");
    assert_ok(run_step("contact", "sales.lead", id, FIND));
    assert_ok(run_step("assign", "sales.lead", id, /* boris is of no department */
                       "{\"department\":\"sales\",\"prefer\":[\"contact.owner\"]}"));
    record **leads;
    assert_int_equal(list_of("sales.lead", &leads), 3);
    assert_int_equal(get(leads[2], "owner").i, w.anna);
}

static void who_works_with_the_client_besides_is_the_next_choice(void **state)
{
    (void)state;
    char json[60];
    int64_t client = client_of(w.boris, 0);
    int64_t zoya = make("user", "{\"login\":\"zoya\",\"name\":\"Зоя\",\"roles\":[\"manager\"],"
                                "\"on_line\":true}");
    snprintf(json, sizeof json, "{\"participant\":%lld}", (long long)zoya);
    change_record("contacts.person", client, json);
    set_on_line(w.boris, false);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(request(), zoya);
    }
}

/* A manager typed the client's number himself: it opens him nobody, whatever the rules do with it.
 */
static void what_a_person_typed_opens_him_no_client(void **state)
{
    char json[100];
    crm_str text;
    (void)state;
    int64_t company = company_of(w.boris), client = client_of(w.boris, company);
    set_on_line(w.boris, false);
    for (int touched = 0; touched < 2; touched++) { /* made by her, and only changed by her */
        snprintf(json, sizeof json, "{\"phone\":[\"89161234567\"],\"owner\":%lld}",
                 (long long)w.anna);
        int64_t id = touched ? make("sales.lead", json) : typed_by(w.anna, json);
        if (touched) {
            touch_as(w.anna, id);
        }
        assert_ok(run_step("contact", "sales.lead", id, CREATE));
        assert_int_equal(get(only("contacts.person"), "owner").i, w.boris);
        assert_true(value_is_null(get(only("contacts.person"), "participant")));
        assert_false(sees(w.anna, "contacts.person", client));
        assert_false(sees(w.anna, "contacts.company", company));
    }
    assert_int_equal(told(w.boris, &text), 0);
    change_record("user", w.boris, "{\"is_disabled\":true}"); /* nor one whom nobody looks after */
    assert_ok(run_step("contact", "sales.lead", typed_by(w.anna, json), CREATE));
    assert_false(sees(w.anna, "contacts.person", client));
}

static void a_third_one_leaves_the_participant_his_place_and_the_owner_is_told(void **state)
{
    char json[60];
    crm_str text;
    (void)state;
    int64_t client = client_of(w.boris, 0);
    int64_t zoya = make("user", "{\"login\":\"zoya\",\"name\":\"Зоя\",\"roles\":[\"manager\"]}");
    snprintf(json, sizeof json, "{\"participant\":%lld}", (long long)zoya);
    change_record("contacts.person", client, json);
    set_on_line(w.boris, false);
    assert_int_equal(request(), w.anna);
    assert_int_equal(get(only("contacts.person"), "participant").i, zoya);
    assert_true(sees(zoya, "contacts.person", client));
    assert_false(sees(w.anna, "contacts.person", client));
    assert_int_equal(told(w.boris, &text), 1);
    assert_text(text, "Заявка вашего клиента «Мария», участник — Зоя, ушла третьему сотруднику, "
                      "карточка ему не открыта: Анна");
    change_record("user", zoya, "{\"is_disabled\":true}"); /* then the place is free */
    assert_int_equal(request(), w.anna);
    assert_int_equal(get(only("contacts.person"), "participant").i, w.anna);
}

static void a_client_who_changes_hands_keeps_who_works_with_him_besides(void **state)
{
    char json[60];
    (void)state;
    int64_t client = client_of(w.boris, 0);
    int64_t zoya = make("user", "{\"login\":\"zoya\",\"name\":\"Зоя\",\"roles\":[\"manager\"]}");
    snprintf(json, sizeof json, "{\"participant\":%lld}", (long long)zoya);
    change_record("contacts.person", client, json);
    change_record("user", w.boris, "{\"is_disabled\":true}");
    assert_int_equal(request(), w.anna);
    assert_int_equal(get(only("contacts.person"), "owner").i, w.anna);
    assert_int_equal(get(only("contacts.person"), "participant").i, zoya);
}

static void the_client_of_who_has_left_belongs_to_who_got_his_request(void **state)
{
    (void)state;
    client_of(w.boris, 0);
    change_record("user", w.boris, "{\"is_disabled\":true}");
    assert_int_equal(request(), w.anna);
    const record *client_now = only("contacts.person");
    assert_int_equal(get(client_now, "owner").i, w.anna);
    assert_true(value_is_null(get(client_now, "participant")));
}

static void a_preference_that_leads_nowhere_gives_it_to_who_is_free(void **state)
{
    (void)state;
    int64_t id = make("sales.lead", "{\"title\":\"Каток\"}");
    assert_ok(run_step("assign", "sales.lead", id, GIVE));
    assert_false(value_is_null(get(only("sales.lead"), "owner")));
}

static void a_client_in_the_bin_keeps_no_request_from_who_is_free(void **state)
{
    (void)state;
    int64_t client = client_of(w.boris, 0);
    int64_t id = make("sales.lead", "{\"title\":\"Каток\",\"phone\":[\"89161234567\"]}");
    assert_ok(run_step("contact", "sales.lead", id, FIND));
    delete_record("contacts.person", client);
    assert_ok(run_step("assign", "sales.lead", id, GIVE));
    assert_false(value_is_null(get(only("sales.lead"), "owner")));
}

/* An address may have more letters than a name, and who has no name is called by it. */
static void who_is_called_by_a_long_address_is_made_all_the_same(void **state)
{
    char json[300] = "{\"email\":[\"a@";
    (void)state;
    for (int i = 0; i < 4; i++) {
        strcat(json, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.");
    }
    strcat(json, "example\"]}");
    int64_t id = make("sales.lead", json);
    assert_ok(run_step("contact", "sales.lead", id, "{\"otherwise\":\"create\"}"));
    const record *made = only("contacts.person");
    assert_int_equal(get(made, "name").s.n, 200);
    assert_int_equal(get(made, "email").s.n, 213);
}

#define BOTH(name)                                            \
    {#name " (memory)", name, open_memory, tear_down, NULL},  \
    {                                                         \
#name " (sqlite)", name, open_sqlite, tear_down, NULL \
    }
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_known_clients_request_goes_to_who_is_responsible_for_him),
        BOTH(a_new_clients_request_goes_to_who_is_free_as_ever),
        BOTH(of_who_is_not_on_line_another_gets_it_and_both_see_the_client),
        BOTH(of_who_has_another_role_or_department_another_gets_it),
        BOTH(who_works_with_the_client_besides_is_the_next_choice),
        BOTH(what_a_person_typed_opens_him_no_client),
        BOTH(a_third_one_leaves_the_participant_his_place_and_the_owner_is_told),
        BOTH(a_client_who_changes_hands_keeps_who_works_with_him_besides),
        BOTH(the_client_of_who_has_left_belongs_to_who_got_his_request),
        BOTH(a_preference_that_leads_nowhere_gives_it_to_who_is_free),
        BOTH(a_client_in_the_bin_keeps_no_request_from_who_is_free),
        BOTH(who_is_called_by_a_long_address_is_made_all_the_same),
    };
    if (argc == 3 && strcmp(argv[1], "--probe") == 0) {
        return plug_probe_main(argv[2]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
