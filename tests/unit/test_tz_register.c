/* test_tz_register.c - a ТЗ as rows of a registry, with the modules that are shipped. */
#include "tz_world.h"

#include "data/stores.h"

static tz_world *w;

static int begin(void **state)
{
    (void)state;
    w = tz_world_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    tz_world_free(w);
    return 0;
}

#define HEAD "tz: 1\ntitle: Проба\ncompany: {name: ООО «Проба», timezone: Europe/Moscow}\n"

static crm_status build(const char *text, const tz_version *applied, tz_fault **faults)
{
    tz_world_write(w, "tz.yaml", text);
    return tz_world_build(w, arena_fmt(w->a, "%s/tz.yaml", w->dir).p, applied, faults);
}

/* Fails the test with the faults' words. */
static void built(const char *text)
{
    tz_fault *faults = NULL;
    crm_status s = build(text, NULL, &faults);
    assert_string_equal(tz_world_lines(w, faults, "ru"), "");
    assert_ok(s);
}

static void refused(const char *text, const char *expected)
{
    tz_fault *faults = NULL;
    assert_int_equal(build(text, NULL, &faults), CRM_INVALID);
    assert_string_equal(tz_world_lines(w, faults, "ru"), expected);
}

static void sealed(void)
{
    registry_fault *faults = NULL;
    crm_status s = registry_seal(w->r, w->a, &faults);
    assert_string_equal(tz_world_lines(w, tz_fault_of_seal(w->a, faults), "ru"), "");
    assert_ok(s);
}

/* ---- the shipped example --------------------------------------------------------------------- */

static void the_example_of_the_dealer_becomes_a_sealed_registry(void **state)
{
    tz_fault *faults = NULL;
    (void)state;
    crm_status s = tz_world_build(w, KARKAS_SOURCE_DIR "/packaging/dealer.yaml", NULL, &faults);
    assert_string_equal(tz_world_lines(w, faults, "ru"), "");
    assert_ok(s);
    sealed();
    assert_text(w->r->company, "ООО «СтройТехника»");
    const entity *machine = registry_entity(w->r, CRM_S("fleet.machine"));
    assert_non_null(machine);
    assert_text(machine->fields[machine->title_field].name, "serial");
    const pipeline *p = registry_pipeline(w->r, CRM_S("main"));
    const stage *paid = pipeline_stage(p, CRM_S("paid"), NULL);
    assert_text(paid->label, "Оплачено");
    assert_int_equal(paid->outcome, OUTCOME_WON);
    assert_int_equal(p->move_count, 3);
    const field *source =
        entity_field(registry_entity(w->r, CRM_S("contacts.person")), CRM_S("source"));
    assert_int_equal(source->type, FIELD_TEXT);
    assert_int_equal(source->choice_count, 8);
    assert_text(source->choices[0].value, "site");
    assert_text(source->choices[0].label, "sales.lead.source.site");
    assert_int_equal(p->locks[0].field_count, 5);
    assert_non_null(entity_field(registry_entity(w->r, CRM_S("sales.deal")), CRM_S("machine")));
    assert_non_null(registry_integration(w->r, CRM_S("site")));
    assert_int_equal(w->r->rule_count, 1);
    const rule *r = &w->r->rules[0];
    assert_text(r->name, "R-1");
    assert_int_equal(r->on, 'c');
    assert_text(r->where_text, "[\"source\",\"eq\",\"site\"]");
    assert_int_equal(r->step_count, 5);
    assert_text(r->steps[0].args_json, "{\"match\":[\"phone\",\"email\"]}");
    assert_text(r->steps[1].args_json,
                "{\"role\":\"manager\",\"department\":\"sales\",\"strategy\":\"free\","
                "\"prefer\":[\"contact.owner\",\"contact.participant\"]}");
    assert_text(r->steps[2].args_json,
                "{\"match\":[\"phone\",\"email\"],\"otherwise\":\"create\"}");
    assert_int_equal(r->otherwise_count, 1);
}

/* ---- modules --------------------------------------------------------------------------------- */

static bool has_module(const char *name)
{
    for (uint32_t i = 0; i < w->r->module_count; i++) {
        if (str_is(w->r->modules[i].name, name)) {
            return true;
        }
    }
    return false;
}

static void only_needed_modules_are_enabled(void **state)
{
    (void)state;
    built(HEAD "integrations: {site: {type: webform, creates: sales.lead}}\n");
    assert_true(has_module("intake"));
    assert_true(has_module("sales"));
    assert_true(has_module("contacts")); /* sales needs it */
    assert_false(has_module("tasks"));
}

static void a_step_brings_its_module(void **state)
{
    (void)state;
    built(HEAD "rules:\n  R-1:\n    text: Раз\n    when: {created: sales.lead}\n"
               "    do: [{task: {kind: call, to: owner}}]\n    otherwise: []\n");
    assert_true(has_module("tasks"));
    assert_false(has_module("intake"));
}

static void a_condition_over_other_rows_brings_their_module(void **state)
{
    (void)state;
    built(HEAD
          "rules:\n  R-1:\n    text: Раз\n    when: {created: sales.lead, where: {not: {exists: "
          "{entity: tasks.task, by: lead}}}}\n    do: []\n    otherwise: []\n");
    assert_true(has_module("tasks"));
}

static void a_module_that_does_not_exist_is_named_with_the_nearest(void **state)
{
    (void)state;
    refused(HEAD "pipelines:\n  main: {of: sale.deal, start: new, stages: {new: }}\n",
            "tz.yaml:5:14: нет модуля «sale», есть «sales»\n");
}

static void an_explicit_list_is_checked(void **state)
{
    (void)state;
    refused(HEAD "modules: [tasks]\nfields:\n  sales.deal: {city: {type: text, title: Город}}\n",
            "tz.yaml:6:3: нужен модуль «sales» (из-за «sales.deal»), а в «modules» его нет\n"
            "tz.yaml:6:3: нужен модуль «contacts» (из-за «sales.deal»), а в «modules» его нет\n");
    built(HEAD "modules: [contacts, tasks]\n");
    assert_true(has_module("tasks"));
}

/* ---- names that the modules must have -------------------------------------------------------- */

static void entities_fields_and_words_of_modules_are_looked_up(void **state)
{
    (void)state;
    refused(HEAD "modules: [sales, contacts, intake]\n"
                 "roles:\n"
                 "  a:\n"
                 "    title: А\n"
                 "    rights:\n"
                 "      sales.led: {read: all}\n"
                 "      sales.lead: {read: all, fields: [titel]}\n"
                 "people: {anna: {name: Анна, roles: a}}\n",
            "tz.yaml:9:7: нет сущности «sales.led», есть «sales.lead»\n"
            "tz.yaml:10:40: нет поля «titel», есть «title»\n");
    refused(HEAD "integrations: {site: {type: webfrom, creates: sales.lead}}\n",
            "tz.yaml:4:29: нет интеграции вида «webfrom», есть «webform»\n");
    refused(HEAD "integrations: {site: {type: site_form}}\n",
            "tz.yaml:4:29: нет интеграции вида «site_form»; возможно: smtp, webform\n");
    refused(HEAD "rules:\n  R-1:\n    text: Раз\n    when: {created: sales.lead}\n"
                 "    do: [{tsak: {kind: call}}]\n    otherwise: []\n",
            "tz.yaml:8:11: нет действия «tsak», есть «task»\n");
}

static void an_unknown_time_zone_names_the_nearest(void **state)
{
    tz_fault *faults = NULL;
    (void)state;
#define ZONE "tz: 1\ntitle: Проба\ncompany: {name: Проба, timezone: europe/moskow}\n"
    refused(ZONE, "tz.yaml:3:34: нет часового пояса «europe/moskow», есть «Europe/Moscow»\n");
    assert_int_equal(build(ZONE, NULL, &faults), CRM_INVALID);
    assert_string_equal(
        tz_world_lines(w, faults, "en"),
        "tz.yaml:3:34: there is no time zone \"europe/moskow\", there is \"Europe/Moscow\"\n");
}

#define SAYS(text)                                                                      \
    HEAD "rules:\n  R-1:\n    text: Раз\n    when: {created: sales.lead}\n    do:\n" \
         "      - notify: {to: owner, text: \"" text "\"}\n    otherwise: []\n"

static void what_a_text_shows_of_the_record_is_a_field_of_it(void **state)
{
    (void)state;
    refused(SAYS("Заявка {titel} от {contact.name}, {}"),
            "tz.yaml:9:35: в тексте нечего подставить вместо «titel»: такого поля нет, есть "
            "«title»\n"
            "tz.yaml:9:35: в тексте нечего подставить вместо «contact.name»: такого поля нет\n"
            "tz.yaml:9:35: в тексте нечего подставить вместо «»: такого поля нет\n");
    refused(HEAD "rules:\n  R-1:\n    text: Раз\n    when: {created: sales.lead}\n    do:\n"
                 "      - task: {kind: call, title: \"Ждёт {nmae}\", text: \"{_match}\"}\n"
                 "    otherwise: [{notify: {to: owner, text: \"{ownr}\"}}]\n",
            "tz.yaml:9:35: в тексте нечего подставить вместо «nmae»: такого поля нет, есть "
            "«name»\n"
            "tz.yaml:9:56: в тексте нечего подставить вместо «_match»: такого поля нет\n"
            "tz.yaml:10:44: в тексте нечего подставить вместо «ownr»: такого поля нет, есть "
            "«owner»\n");
    built(SAYS("{title}: {owner}, {created_at}, скобка { без пары"));
    assert_non_null(strstr(w->r->rules[0].steps[0].args_json.p, "скобка { без пары"));
}

static void settings_follow_the_schema_of_their_module(void **state)
{
    (void)state;
    refused(HEAD "integrations:\n"
                 "  site: {type: webform, creates: sales.led, titel: Форма}\n"
                 "  mail: {type: smtp, url: \"smtp://x\", password: tajna}\n",
            "tz.yaml:5:34: нет сущности «sales.led», есть «sales.lead»\n"
            "tz.yaml:5:45: неизвестный ключ «titel», есть «title»\n"
            "tz.yaml:6:49: «password»: секрет указывают именем, {secret: ИМЯ}, а не значением\n"
            "tz.yaml:6:3: в «mail» не хватает «from»\n");
    built(HEAD "integrations: {mail: {type: smtp, url: \"smtp://x\", from: a@b.ru, password: "
               "{secret: SMTP}}}\n");
    assert_text(registry_integration(w->r, CRM_S("mail"))->settings_json,
                "{\"url\":\"smtp://x\",\"from\":\"a@b.ru\",\"password\":{\"secret\":\"SMTP\"}}");
}

static void a_text_gives_values_to_settings_of_modules(void **state)
{
    (void)state;
    built(HEAD "settings: {tasks: {remind_before: 15m}}\n");
    assert_true(has_module("tasks")); /* the section brings it */
    const setting *s = registry_setting(w->r, CRM_S("tasks"), CRM_S("remind_before"));
    assert_text(s->tz_json, "900000");
    assert_text(s->default_json, "0");
    refused(HEAD "settings:\n  tasks: {remind_befor: 15m}\n",
            "tz.yaml:5:11: у модуля нет настройки «remind_befor», есть «remind_before»\n");
    refused(HEAD "settings:\n  tasks: {remind_before: 15}\n",
            "tz.yaml:5:26: «remind_before»: здесь ожидается срок, например 15m, 2h или 3d\n");
    refused(HEAD "settings:\n  tsks: {remind_before: 15m}\n",
            "tz.yaml:5:3: нет модуля «tsks», есть «tasks»\n");
}

static void a_value_of_a_choice_is_one_that_its_field_has(void **state)
{
    (void)state;
    refused(HEAD "fields:\n  sales.lead:\n    kind: {type: choices, title: Вид, options: {crane: "
                 "Кран, other: Иное}}\n"
                 "rules:\n  R-1:\n    text: Раз\n    when: {created: sales.lead}\n    do:\n"
                 "      - task: {kind: cal, to: owner}\n"
                 "      - set: {values: {source: sit, stage: wrok, kind: [crane, othr]}}\n"
                 "    otherwise: [{set: {values: {source: phon}}}]\n",
            "tz.yaml:12:22: у поля нет значения «cal», есть «call»\n"
            "tz.yaml:13:32: у поля нет значения «sit», есть «site»\n"
            "tz.yaml:13:44: нет стадии «wrok», есть «work»\n"
            "tz.yaml:13:64: у поля нет значения «othr», есть «other»\n"
            "tz.yaml:14:41: у поля нет значения «phon», есть «phone»\n");
    refused(HEAD "integrations: {site: {type: webform, creates: sales.lead, source: sait}}\n",
            "tz.yaml:4:67: у поля нет значения «sait»; возможно: site, phone, email, social, "
            "messenger, import, avito, other\n");
    built(HEAD "integrations: {site: {type: webform, creates: contacts.person, source: сайт}}\n"
               "rules:\n  R-1:\n    text: Раз\n    when: {created: sales.lead}\n    do:\n"
               "      - task: {kind: call, to: owner}\n"
               "      - set: {values: {source: site, amount: 5, name: }}\n"
               "    otherwise: []\n");
}

static void steps_follow_the_schema_of_their_verb(void **state)
{
    (void)state;
    refused(HEAD "rules:\n  R-1:\n    text: Раз\n    when: {updated: sales.deal, field: stag}\n"
                 "    do:\n"
                 "      - asign: {}\n"
                 "      - task: {kind: call, due: завтра, too: owner}\n"
                 "      - assign: {strategy: fre}\n"
                 "      - set: {values: {amuont: 1}}\n"
                 "      - move: {to: wrok}\n"
                 "      - notify: {text: Раз}\n"
                 "    otherwise: []\n",
            "tz.yaml:7:40: нет поля «stag», есть «stage»\n"
            "tz.yaml:9:9: нет действия «asign», есть «assign»\n"
            "tz.yaml:10:33: «due»: здесь ожидается срок, например 15m, 2h или 3d\n"
            "tz.yaml:10:41: неизвестный ключ «too», есть «to»\n"
            "tz.yaml:11:28: нет способа назначения «fre», есть «free»\n"
            "tz.yaml:12:24: нет поля «amuont», есть «amount»\n"
            "tz.yaml:13:20: нет стадии «wrok», есть «work»\n"
            "tz.yaml:14:9: в «notify» не хватает «to»\n");
}

static void whom_a_step_prefers_is_a_field_of_a_user(void **state)
{
    (void)state;
    refused(
        HEAD
        "rules:\n  R-1:\n    text: Раз\n    when: {created: sales.lead}\n"
        "    do:\n"
        "      - assign: {prefer: contact.owner}\n"
        "      - assign: {prefer: [owner, contact.ownr, contakt.owner]}\n"
        "      - assign: {prefer: [contact, contact.city, title.owner, contact.company.owner]}\n"
        "      - assign: {prefer: {contact: owner}}\n"
        "    otherwise: []\n",
        "tz.yaml:10:34: нет поля «ownr», есть «owner»\n"
        "tz.yaml:10:48: нет поля «contakt», есть «contact»\n"
        "tz.yaml:11:27: поле «contact» не того типа\n"
        "tz.yaml:11:36: поле «contact.city» не того типа\n"
        "tz.yaml:11:50: поле «title.owner» не того типа\n"
        "tz.yaml:11:63: нет поля «company.owner»\n"
        "tz.yaml:12:26: «prefer»: здесь ожидается список\n");
}

/* ---- entities and fields --------------------------------------------------------------------- */

static void fields_are_checked_by_type(void **state)
{
    (void)state;
    refused(HEAD "fields:\n"
                 "  sales.deal:\n"
                 "    amount: {type: money, title: Сумма}\n"
                 "    kind: {type: choice, title: Вид}\n"
                 "    city: {type: text, title: Город, options: [a], to: sales.lead, many: yes}\n"
                 "    other: {type: ref, title: Другое}\n"
                 "    sum: {type: int, title: Сумма, min: много}\n"
                 "    who: {type: ref, title: Кто, to: contacts.persn}\n",
            "tz.yaml:6:5: имя «amount» уже занято\n"
            "tz.yaml:7:5: у поля «kind» нет вариантов (options)\n"
            "tz.yaml:8:52: «to» не относится к полю этого типа\n"
            "tz.yaml:8:38: «options» не относится к полю этого типа\n"
            "tz.yaml:8:74: поле «city» этого типа не может иметь несколько значений\n"
            "tz.yaml:9:5: в «other» не хватает «to»\n"
            "tz.yaml:10:41: граница «много» не подходит к полю\n"
            "tz.yaml:11:38: нет сущности «contacts.persn», есть «contacts.person»\n");
}

static void an_own_entity_has_views_menu_and_words(void **state)
{
    (void)state;
    built(HEAD "entities:\n  fleet.machine:\n    title: [машина, машины, машин]\n"
               "    owner: keeper\n    fields:\n"
               "      serial: {type: text, title: Номер, unique: true}\n"
               "      keeper: {type: user, title: Ответственный, default: me}\n"
               "      kind: {type: choice, title: Вид, options: {crane: Кран, other: {title: Иное, "
               "color: teal}}}\n"
               "      state: {type: stage, title: Состояние}\n"
               "pipelines:\n  machine: {of: fleet.machine, start: new, stages: {new: , sold: "
               "{outcome: won}}}\n");
    sealed();
    const entity *e = registry_entity(w->r, CRM_S("fleet.machine"));
    assert_text(e->label_many, "машины");
    assert_text(registry_text(w->r, CRM_S("ru"), e->label_count),
                "{n, plural, one {# машина} few {# машины} many {# машин} other {# машины}}");
    assert_text(e->fields[e->owner_fields[0]].name, "keeper");
    assert_text(e->fields[e->stage_field].name, "state");
    assert_ptr_equal(e->fields[e->stage_field].pipeline, registry_pipeline(w->r, CRM_S("machine")));
    const field *kind = entity_field(e, CRM_S("kind"));
    assert_int_equal(kind->choice_count, 2);
    assert_text(kind->choices[1].label, "Иное");
    assert_text(kind->choices[1].color, "teal");
    assert_non_null(strstr(e->views_json.p, "\"columns\":[\"serial\",\"keeper\",\"kind\""));
    assert_text(w->r->menus[w->r->menu_count - 1].to, "/e/fleet.machine");
}

static void fields_of_the_deployment_stand_on_the_card(void **state)
{
    (void)state;
    built(HEAD "fields:\n  sales.deal: {city: {type: text, title: Город поставки}}\n");
    sealed();
    const entity *e = registry_entity(w->r, CRM_S("sales.deal"));
    assert_text(entity_field(e, CRM_S("city"))->label, "Город поставки");
    assert_non_null(strstr(e->views_json.p, "{\"label\":\"tz.section\",\"fields\":[\"city\"]}"));
    assert_text(registry_text(w->r, CRM_S("ru"), CRM_S("tz.section")), "Дополнительно");
}

/* ---- conditions ------------------------------------------------------------------------------ */

#define RULE(where)                                                                           \
    HEAD "rules:\n  R-1:\n    text: Раз\n    when: {created: sales.deal, where: " where "}\n" \
         "    do: []\n    otherwise: []\n"

#define LEAD_RULE(where)                                                                      \
    HEAD "rules:\n  R-1:\n    text: Раз\n    when: {created: sales.lead, where: " where "}\n" \
         "    do: []\n    otherwise: []\n"

static void the_map_form_of_a_condition_becomes_the_prefix_form(void **state)
{
    static const struct {
        const char *text, *json;
    } rows[] = {
        {RULE("{source: site}"), "[\"source\",\"eq\",\"site\"]"},
        {RULE("{amount: {gt: 500000}}"), "[\"amount\",\"gt\",\"500000\"]"},
        {RULE("{amount: {gte: 1, lt: 5.50}}"),
         "[\"and\",[\"amount\",\"gte\",\"1\"],[\"amount\",\"lt\",\"5.50\"]]"},
        {RULE("{source: [site, phone], owner: me}"),
         "[\"and\",[\"source\",\"in\",[\"site\",\"phone\"]],[\"owner\",\"me\"]]"},
        {RULE("{outcome: [won, lost]}"), "[\"stage\",\"in\",[\"won\",\"lost\"]]"},
        {RULE("{outcome: open}"), "[\"stage\",\"in\",[\"new\",\"work\",\"offer\",\"payment\"]]"},
        {RULE("{stage: {ne: new}}"), "[\"stage\",\"ne\",\"new\"]"},
        {RULE("{company: none}"), "[\"company\",\"none\"]"},
        {RULE("{company: {none: no}}"), "[\"company\",\"none\",false]"},
        {RULE("{number: 7}"), "[\"number\",\"eq\",7]"},
        {RULE("{company.city: Тверь}"), "[\"company.city\",\"eq\",\"Тверь\"]"},
        {RULE("{created_at: {gt: now-3d}}"), "[\"created_at\",\"gt\",\"now-3d\"]"},
        {RULE("{title: {starts: \"a\\\"b\"}}"), "[\"title\",\"starts\",\"a\\\"b\"]"},
        {RULE("{any: [{source: site}, {amount: {gt: 1}, company: none}]}"),
         "[\"or\",[\"source\",\"eq\",\"site\"],[\"and\",[\"amount\",\"gt\",\"1\"],[\"company\","
         "\"none\"]]]"},
        {RULE("{any: {source: site, company: none}}"),
         "[\"or\",[\"source\",\"eq\",\"site\"],[\"company\",\"none\"]]"},
        {LEAD_RULE("{exists: {entity: sales.deal, by: lead, where: {outcome: won}}}"),
         "[\"exists\",\"sales.deal\",\"lead\",[\"stage\",\"in\",[\"won\"]]]"},
        {LEAD_RULE("{not: {exists: {entity: sales.deal, by: lead}}}"),
         "[\"not\",[\"exists\",\"sales.deal\",\"lead\"]]"},
        {RULE("{exists: {field: company, where: {city: Тверь, inn: none}}}"),
         "[\"exists\",\"company\",[\"and\",[\"city\",\"eq\",\"Тверь\"],[\"inn\",\"none\"]]]"},
        {RULE("{exists: {field: company}}"), "[\"exists\",\"company\"]"},
        {RULE("{company: {in_query: {entity: contacts.company, field: id, where: {city: Тверь}}}}"),
         "[\"company\",\"in_query\",{\"entity\":\"contacts.company\",\"field\":\"id\",\"where\":["
         "\"city\","
         "\"eq\",\"Тверь\"]}]"},
        {RULE("{not: {source: site, company: none}}"),
         "[\"not\",[\"and\",[\"source\",\"eq\",\"site\"],[\"company\",\"none\"]]]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        built(rows[i].text);
        assert_text(w->r->rules[0].where_text, rows[i].json);
        sealed(); /* so cond_read takes it */
    }
}

static void a_wrong_condition_names_its_place(void **state)
{
    (void)state;
    refused(RULE("{amuont: 1}"), "tz.yaml:7:41: нет поля «amuont», есть «amount»\n");
    refused(RULE("{company.ctiy: x}"), "tz.yaml:7:41: нет поля «ctiy», есть «city»\n");
    refused(RULE("{title.x: x}"), "tz.yaml:7:41: нет поля «title.x»\n");
    refused(RULE("{amount: {gtt: 1}}"), "tz.yaml:7:50: нет сравнения «gtt», есть «gt»\n");
    refused(RULE("{amount: много}"), "tz.yaml:7:49: значение не подходит к типу поля «amount»\n");
    refused(RULE("{source: siite}"), "tz.yaml:7:49: у поля нет значения «siite», есть «site»\n");
    refused(RULE("{stage: payd}"),
            "tz.yaml:7:48: нет стадии «payd»; возможно: new, work, offer, payment, won, lost\n");
    refused(RULE("{outcome: wun}"), "tz.yaml:7:50: здесь не может стоять «wun», есть «won»\n");
    refused(RULE("{outcome: finished}"),
            "tz.yaml:7:50: здесь не может стоять «finished»; возможно: open, won, lost, done\n");
    refused(HEAD "rules:\n  R-1:\n    text: Раз\n    when: {created: sales.lead}\n"
                 "    do: [{contact: {match: [fone]}}]\n    otherwise: []\n",
            "tz.yaml:8:29: здесь не может стоять «fone»; возможно: phone, email\n");
    refused(RULE("{any: 1}"), "tz.yaml:7:46: условие не читается: 1\n");
    refused(LEAD_RULE("{exists: {entity: sales.dael, by: lead}}"),
            "tz.yaml:7:58: нет сущности «sales.dael», есть «sales.deal»\n");
    refused(LEAD_RULE("{exists: {entity: sales.deal, by: contact}}"),
            "tz.yaml:7:74: поле «contact» ссылается не на эту сущность\n");
    refused(RULE("{exists: {field: title}}"),
            "tz.yaml:7:57: поле «title» не ссылается на записи\n");
    refused(RULE("{exists: {field: company, by: x}}"),
            "tz.yaml:7:49: условие не читается: exists\n");
    refused(RULE("{company: {in_query: {entity: sales.deal, field: companny}}}"),
            "tz.yaml:7:89: нет поля «companny», есть «company»\n");
    refused(RULE("{company: {in_query: sales.deal}}"),
            "tz.yaml:7:61: условие не читается: in_query\n");
}

/* ---- rights ---------------------------------------------------------------------------------- */

static const grant *grant_of(const char *holder, const char *entity_name, action a)
{
    for (uint32_t i = 0; i < w->r->grant_count; i++) {
        const grant *g = &w->r->grants[i];
        if (str_is(g->role, holder) && str_is(g->entity_name, entity_name) && g->action == a) {
            return g;
        }
    }
    return NULL;
}

static bool shows(const grant *g, const char *name)
{
    for (uint32_t i = 0; g && i < g->field_count; i++) {
        if (str_is(g->fields[i], name)) {
            return true;
        }
    }
    return false;
}

#define ROLE(rights)                                                                                  \
    HEAD "roles:\n  a:\n    title: А\n    rights:\n" rights "people: {anna: {name: Анна, roles: " \
         "a}}\n"

static void grants_have_scope_limits_and_fields(void **state)
{
    (void)state;
    built(ROLE("      sales.*: {read: team, create: own}\n"
               "      contacts.company: {read: {linked_to: [sales.deal]}, fields: [name, inn]}\n"
               "      contacts.person: {read: {where: {city: Тверь}, scope: own}, hide: [note], "
               "where: {source: site}}\n"));
    const grant *g = grant_of("a", "sales.lead", ACTION_READ);
    assert_int_equal(g->scope, SCOPE_TEAM);
    assert_text(g->source, "tz.yaml:8");
    assert_true(shows(g, "title") && shows(g, "phone"));
    assert_int_equal(grant_of("a", "sales.deal", ACTION_CREATE)->scope, SCOPE_OWN);
    assert_null(grant_of("a", "sales.deal", ACTION_UPDATE));
    assert_null(grant_of("a", "tasks.task", ACTION_READ));
    g = grant_of("a", "contacts.company", ACTION_READ);
    assert_int_equal(g->scope, SCOPE_LINKED);
    assert_text(g->linked_to[0], "sales.deal");
    assert_int_equal(g->field_count, 2);
    g = grant_of("a", "contacts.person", ACTION_READ);
    assert_int_equal(g->scope, SCOPE_OWN);
    assert_text(g->where_text,
                "[\"and\",[\"source\",\"eq\",\"site\"],[\"city\",\"eq\",\"Тверь\"]]");
    assert_true(shows(g, "name") && !shows(g, "note"));
    sealed();
}

static void everything_means_the_modules_entities_only(void **state)
{
    (void)state;
    built(ROLE("      \"*\": {read: all}\n") "modules: [sales, contacts]\n");
    assert_non_null(grant_of("a", "sales.deal", ACTION_READ));
    assert_null(grant_of("a", "user", ACTION_READ));
    assert_null(grant_of("a", "sys.session", ACTION_READ));
    sealed();
}

static void a_field_that_comes_later_is_unseen_until_the_text_is_applied_again(void **state)
{
    const char *text = ROLE("      sales.*: {read: all}\n");
    tz_fault *faults = NULL;
    (void)state;
    tz_version was = {.text = str_of(text),
                      .grants = CRM_S("{\"entities\":{\"sales.lead\":[\"title\",\"gone\"]},"
                                      "\"people\":[\"anna\"]}")};
    assert_ok(build(text, &was, &faults));
    const grant *g = grant_of("a", "sales.lead", ACTION_READ);
    assert_int_equal(g->field_count, 1);
    assert_text(g->fields[0], "title");
    assert_null(grant_of("a", "sales.deal", ACTION_READ)); /* an entity that came later */
    was.text = CRM_S("tz: 1\n");
    assert_ok(build(text, &was, &faults));
    assert_true(grant_of("a", "sales.lead", ACTION_READ)->field_count > 1);
    assert_non_null(grant_of("a", "sales.deal", ACTION_READ));
}

static void the_module_keeps_its_words_for_stages_without_a_title(void **state)
{
    (void)state;
    built(HEAD "pipelines:\n  main: {of: sales.deal, start: new, stages: {new: , extra: }}\n");
    const pipeline *p = registry_pipeline(w->r, CRM_S("main"));
    assert_text(p->stages[0].label, "sales.main.new");
    assert_text(p->stages[1].label, "extra");
    assert_null(registry_pipeline(w->r, CRM_S("sales.main")));
    sealed();
}

static void a_pipeline_needs_a_stage_field(void **state)
{
    (void)state;
    refused(HEAD "pipelines:\n  main: {of: contacts.person, start: new, stages: {new: }}\n",
            "tz.yaml:5:14: у «contacts.person» нет поля стадии, воронка невозможна\n");
    refused(HEAD
            "pipelines:\n  main: {of: sales.deal, start: new, stages: {new: {require: [sum]}}}\n",
            "tz.yaml:5:63: нет поля «sum»\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
#define OF(requirement, f)                       \
    {                                            \
        requirement ": " #f, f, begin, end, NULL \
    }
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(the_example_of_the_dealer_becomes_a_sealed_registry),
        OF("D1", only_needed_modules_are_enabled),
        T(a_step_brings_its_module),
        T(a_condition_over_other_rows_brings_their_module),
        T(a_module_that_does_not_exist_is_named_with_the_nearest),
        T(an_explicit_list_is_checked),
        T(entities_fields_and_words_of_modules_are_looked_up),
        T(an_unknown_time_zone_names_the_nearest),
        T(what_a_text_shows_of_the_record_is_a_field_of_it),
        T(settings_follow_the_schema_of_their_module),
        T(a_text_gives_values_to_settings_of_modules),
        T(a_value_of_a_choice_is_one_that_its_field_has),
        T(steps_follow_the_schema_of_their_verb),
        T(whom_a_step_prefers_is_a_field_of_a_user),
        T(fields_are_checked_by_type),
        T(an_own_entity_has_views_menu_and_words),
        T(fields_of_the_deployment_stand_on_the_card),
        T(the_map_form_of_a_condition_becomes_the_prefix_form),
        T(a_wrong_condition_names_its_place),
        T(grants_have_scope_limits_and_fields),
        T(everything_means_the_modules_entities_only),
        T(a_field_that_comes_later_is_unseen_until_the_text_is_applied_again),
        T(the_module_keeps_its_words_for_stages_without_a_title),
        T(a_pipeline_needs_a_stage_field),
    };
    /* The loader probes modules with this very program. */
    if (argc == 3 && strcmp(argv[1], "--probe") == 0) {
        return plug_probe_main(argv[2]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
