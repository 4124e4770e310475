/*
 * test_plug_manifest.c - module.yaml against the registry: what faults say, what falls away with an
 * absent module, and the bundled modules as they lie in the tree.
 */
#include "plug/module.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

static arena *a;
static registry *r;

static int set_up(void **state)
{
    (void)state;
    a = arena_new(0);
    r = registry_new();
    return a && r ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    registry_discard(r);
    arena_free(a);
    return 0;
}

#define MODULES_MAX 8
static const char *const bundled[] = {"contacts", "sales", "tasks", "intake", "catalog"};
#define BUNDLED (sizeof bundled / sizeof bundled[0])

/* The bundled modules without their code: manifests and texts as the tree has them. */
static module *from_tree(const char *name)
{
    module_found f = {.name = str_of(name)};
    module_refusal *refused = NULL;
    module *m = NULL;
    f.dir = arena_fmt(a, "%s/modules/%s", KARKAS_SOURCE_DIR, name);
    crm_str file = arena_fmt(a, "%s/module.yaml", f.dir.p);
    assert_int_equal(fs_read(a, file.p, MANIFEST_MAX, &f.manifest), CRM_OK);
    /* What they offer is in the code, which another test loads. */
    char *offers = strstr((char *)(uintptr_t)f.manifest.p, "\noffers:");
    if (offers) {
        memset(offers + 1, '#', 1);
    }
    crm_status s = plug_load(a, &f, &m, &refused);
    if (refused) {
        print_message("%.*s\n", STR_FMT(refused->text));
    }
    assert_int_equal(s, CRM_OK);
    return m;
}

static module *from_text(const char *name, const char *text)
{
    module_found f = {.name = str_of(name), .dir = CRM_S("/nowhere"), .manifest = str_of(text)};
    module_refusal *refused = NULL;
    module *m = NULL;
    assert_int_equal(plug_load(a, &f, &m, &refused), CRM_OK);
    return m;
}

static void print_faults(const registry_fault *f)
{
    for (; f; f = f->next) {
        print_message("%.*s: %.*s %.*s (%.*s)\n", STR_FMT(f->source), STR_FMT(f->code),
                      STR_FMT(f->subject), STR_FMT(f->nearest));
    }
}

static void register_all(module *const *modules, uint32_t count)
{
    registry_fault *list = NULL;
    crm_status s = plug_register(modules, count, r, a, &list);
    print_faults(list);
    assert_int_equal(s, CRM_OK);
    s = registry_seal(r, a, &list);
    print_faults(list);
    assert_int_equal(s, CRM_OK);
}

static const registry_fault *fault_of(const char *text)
{
    module *m = from_text("shop", text);
    registry_fault *list = NULL;
    assert_int_equal(plug_register(&m, 1, r, a, &list), CRM_INVALID);
    assert_non_null(list);
    return list;
}

#define ASSERT_FAULT(f, at, kind, what, near)                         \
    do {                                                              \
        assert_true(str_is((f)->source, "/nowhere/module.yaml:" at)); \
        assert_true(str_is((f)->code, kind));                         \
        assert_true(str_is((f)->subject, what));                      \
        assert_true(str_is((f)->nearest, near));                      \
    } while (0)

#define HEAD "module: shop\nversion: 1.0.0\nentities:\n  item:\n"

/* ---- faults ---------------------------------------------------------------------------------- */

static void an_unknown_key_is_named_with_its_line_and_the_nearest(void **state)
{
    (void)state;
    const registry_fault *f = fault_of(HEAD "    titel: name\n    fields: {name: {type: text}}\n");
    ASSERT_FAULT(f, "5", "unknown_key", "titel", "title");
}

static void unknown_types_fields_and_entities_are_named(void **state)
{
    (void)state;
    const registry_fault *f = fault_of(HEAD "    title: nam\n"
                                            "    fields:\n"
                                            "      name: {type: txt}\n"
                                            "      label: {type: text}\n"
                                            "      part: {type: ref, to: shop.itm}\n"
                                            "    views:\n"
                                            "      quick: [labl]\n");
    ASSERT_FAULT(f, "7", "unknown_type", "txt", "text");
    ASSERT_FAULT(f->next, "9", "unknown_entity", "shop.itm", "shop.item");
    f = f->next->next;
    ASSERT_FAULT(f, "5", "unknown_field", "nam", "");
    ASSERT_FAULT(f->next, "11", "unknown_field", "labl", "label");
}

static void a_table_of_parts_says_what_it_lacks(void **state)
{
    (void)state;
    const registry_fault *f = fault_of(HEAD "    fields: {name: {type: text}}\n"
                                            "    views:\n"
                                            "      table: {column: [name]}\n");
    ASSERT_FAULT(f, "7", "unknown_key", "column", "columns");
    ASSERT_FAULT(f->next, "7", "missing", "columns", "");
}

static void a_scan_says_where_its_codes_are(void **state)
{
    (void)state;
    const registry_fault *f = fault_of(
        HEAD "    fields: {name: {type: text}}\n"
             "    views:\n"
             "      table: {columns: [name], scan: {into: nam, by: [code], count: name}}\n");
    ASSERT_FAULT(f, "7", "unknown_field", "nam", "name");
}

static void a_default_must_fit_its_type(void **state)
{
    (void)state;
    const registry_fault *f =
        fault_of(HEAD "    fields:\n      due: {type: duration, default: soon}\n");
    ASSERT_FAULT(f, "6", "wrong_type", "soon", "");
}

static void a_needed_module_that_is_not_enabled_is_a_fault(void **state)
{
    (void)state;
    const registry_fault *f = fault_of("module: shop\nversion: 1.0.0\nneeds: [contacts]\n");
    assert_true(str_is(f->code, "missing_module"));
    assert_true(str_is(f->subject, "contacts"));
}

/* ---- what becomes of a manifest -------------------------------------------------------------- */

static void fields_get_their_types_defaults_and_labels(void **state)
{
    (void)state;
    module *m =
        from_text("shop", HEAD "    title: name\n"
                               "    fields:\n"
                               "      name: {type: text, required: true, max: 40}\n"
                               "      price: {type: money, scale: 2, min: 0, default: 12.5}\n"
                               "      wait: {type: duration, default: 15m}\n"
                               "      made: {type: datetime, default: now}\n"
                               "      kind: {type: choice, options: {new: blue, old: gray}, "
                               "default: new}\n");
    register_all(&m, 1);
    const entity *e = registry_entity(r, CRM_S("shop.item"));
    const field *price = entity_field(e, CRM_S("price"));
    assert_int_equal(price->def.i, 1250);
    assert_int_equal(price->least.i, 0);
    assert_int_equal(entity_field(e, CRM_S("wait"))->def.i, 900000);
    assert_true(value_is_null(entity_field(e, CRM_S("made"))->def));
    assert_int_equal(entity_field(e, CRM_S("name"))->max, 40);
    assert_int_equal(e->title_field, COL_OWN);
    const field *kind = entity_field(e, CRM_S("kind"));
    assert_int_equal(kind->choice_count, 2);
    assert_true(str_is(kind->choices[1].label, "shop.item.kind.old"));
    assert_true(str_is(kind->choices[1].color, "gray"));
}

static void tasks_alone_have_no_lead_in_fields_views_or_indexes(void **state)
{
    (void)state;
    module *m = from_tree("tasks");
    register_all(&m, 1);
    const entity *e = registry_entity(r, CRM_S("tasks.task"));
    assert_null(entity_field(e, CRM_S("lead")));
    assert_non_null(entity_field(e, CRM_S("due")));
    assert_null(strstr(arena_cstr(a, e->views_json), "lead"));
}

/* ---- timelines ------------------------------------------------------------------------------- */

static void what_a_timeline_names_must_be_there(void **state)
{
    (void)state;
    const registry_fault *f = fault_of(HEAD "    timeline: {on: oner, kinds: x}\n"
                                            "    fields: {owner: {type: ref, to: shop.item}}\n");
    ASSERT_FAULT(f, "5", "unknown_key", "kinds", "kind");
    registry_discard(r);
    r = registry_new();
    f = fault_of(HEAD "    timeline: {on: oner}\n"
                      "    fields: {owner: {type: ref, to: shop.item}}\n");
    ASSERT_FAULT(f, "5", "unknown_field", "oner", "owner");
}

static const char *sealed_with(const char *timeline)
{
    registry_fault *list = NULL;
    module *m = from_text("shop", arena_fmt(a,
                                            HEAD "    title: name\n"
                                                 "    timeline: {%s}\n"
                                                 "    fields:\n"
                                                 "      name: {type: text}\n"
                                                 "      of: {type: ref, to: shop.item}\n",
                                            timeline)
                                      .p);
    assert_int_equal(plug_register(&m, 1, r, a, &list), CRM_OK);
    crm_status s = registry_seal(r, a, &list);
    return s == CRM_OK ? "" : arena_cstr(a, list->code);
}

static void an_entity_joins_by_references_at_a_moment_under_a_name_of_its_own(void **state)
{
    static const struct {
        const char *timeline, *code;
    } all[] = {{"own: true, on: of", ""},
               {"on: name", "wrong_field_type"},
               {"on: of, at: name", "wrong_field_type"},
               {"on: of, kind: note", "taken"}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_string_equal(sealed_with(all[i].timeline), all[i].code);
        const entity *e = registry_entity(r, CRM_S("shop.item"));
        assert_int_equal(e->notes != NULL, i == 0);
        assert_true(e->join && e->join->on_count == 1);
        registry_discard(r);
        r = registry_new();
    }
}

/* ---- settings -------------------------------------------------------------------------------- */

#define SHOP "module: shop\nversion: 1.0.0\nsettings:\n"

static const setting *of_shop(const char *name)
{
    const setting *s = registry_setting(r, CRM_S("shop"), str_of(name));
    assert_non_null(s);
    return s;
}

static void settings_get_their_types_limits_and_defaults(void **state)
{
    (void)state;
    module *m = from_text("shop", SHOP
                          "  wait: {type: duration, default: 15m, max: 2h}\n"
                          "  mode: {type: choice, choices: [fast, careful], default: careful}\n"
                          "  rate: {type: decimal, scale: 3, min: 0.5}\n"
                          "  title: {type: text, max_length: 5, required: true}\n"
                          "  strict: {type: bool, default: yes}\n"
                          "  key: {type: secret, default: {secret: SHOP_KEY}}\n");
    register_all(&m, 1);
    const setting *s = of_shop("wait");
    assert_true(str_is(s->default_json, "900000"));
    assert_int_equal(s->of.least.i, 0);
    assert_int_equal(s->of.most.i, 7200000);
    assert_true(str_is(s->label, "shop.setting.wait"));
    assert_true(str_is(s->help, "shop.help.wait"));
    s = of_shop("mode");
    assert_true(str_is(s->default_json, "\"careful\""));
    assert_true(str_is(s->of.choices[0].label, "shop.setting.mode.fast"));
    assert_int_equal(of_shop("rate")->of.least.i, 500);
    assert_true(str_is(of_shop("rate")->default_json, "null"));
    assert_int_equal(of_shop("title")->of.max, 5);
    assert_true(of_shop("title")->of.flags & FIELD_REQUIRED);
    assert_true(str_is(of_shop("strict")->default_json, "true"));
    assert_true(str_is(of_shop("key")->default_json, "{\"secret\":\"SHOP_KEY\"}"));
}

static void faults_of_settings_are_named_with_their_lines(void **state)
{
    (void)state;
    const registry_fault *f = fault_of(SHOP "  wait: {type: durtion}\n"
                                            "  size: {type: int, defualt: 5}\n"
                                            "  rate: {type: decimal, min: 5, max: 1}\n"
                                            "  mode: {type: choice}\n"
                                            "  title: {type: text, min: 3}\n"
                                            "  seats: {type: int, max: 60, default: 61}\n"
                                            "  key: {type: secret, default: hunter2}\n"
                                            "  Loud: {type: int}\n"
                                            "  lean: {default: 1}\n"
                                            "  gap: {type: duration, default: 15}\n");
    ASSERT_FAULT(f, "4", "unknown_type", "durtion", "duration");
    f = f->next;
    ASSERT_FAULT(f, "5", "unknown_key", "defualt", "default");
    f = f->next;
    ASSERT_FAULT(f, "6", "bad_bound", "1", "");
    f = f->next;
    ASSERT_FAULT(f, "7", "missing", "choices", "");
    f = f->next;
    ASSERT_FAULT(f, "8", "not_needed", "min", "");
    f = f->next;
    ASSERT_FAULT(f, "9", "out_of_range", "61", "");
    assert_true(str_is(f->expected, "<= 60"));
    f = f->next;
    ASSERT_FAULT(f, "10", "bad_secret", "default", ""); /* and never the secret */
    f = f->next;
    ASSERT_FAULT(f, "11", "bad_name", "Loud", "");
    f = f->next;
    ASSERT_FAULT(f, "12", "missing", "type", "");
    f = f->next;
    ASSERT_FAULT(f, "13", "wrong_type", "15", "");
    assert_true(str_is(f->expected, "duration"));
    assert_null(f->next);
}

static void a_setting_names_a_job_of_its_module(void **state)
{
    (void)state;
    const registry_fault *f = fault_of(SHOP "  wait: {type: duration, job: rearm}\n");
    ASSERT_FAULT(f, "4", "unknown_job", "rearm", "");
}

static void an_address_may_come_from_a_setting_that_there_is(void **state)
{
    (void)state;
    const registry_fault *f = fault_of(SHOP "  address: {type: url}\n"
                                            "remote: {url: {setting: adress}, secret: SHOP}\n");
    ASSERT_FAULT(f, "5", "unknown_setting", "adress", "address");
}

/* ---- elements in the UI ---------------------------------------------------------------------- */

static void elements_in_the_ui_stand_where_there_is_a_place_for_them(void **state)
{
    (void)state;
    const registry_fault *f = fault_of(
        HEAD "    fields: {name: {type: text}}\n"
             "ui:\n"
             "  screens:\n"
             "    board: {element: board}\n"
             "  slots:\n"
             "    a: {at: card.left, of: shop.item, element: shop-a}\n"
             "    b: {at: card.side, of: shop.itme, element: shop-b}\n"
             "    c: {at: home, of: shop.item, element: shop-c}\n"
             "    d: {at: list.top, of: shop.item, element: shop-d, when: [name, eq, x]}\n"
             "    e: {at: card.side, of: shop.item, element: shop-e, when: [nmae, eq, x]}\n"
             "  fields:\n"
             "    f: {of: shop.item, field: nmae, view: shop-f}\n"
             "    g: {of: shop.item, field: name}\n"
             "  commands:\n"
             "    h: {keys: x}\n");
    ASSERT_FAULT(f, "6", "missing", "ui/ui.js", "");
    f = f->next;
    ASSERT_FAULT(f, "8", "unknown_word", "board", "");
    assert_true(str_is(f->expected, "shop-…"));
    f = f->next;
    ASSERT_FAULT(f, "10", "unknown_word", "card.left", "");
    assert_true(str_is(f->expected, "card.side, list.top, home"));
    f = f->next;
    ASSERT_FAULT(f, "11", "unknown_entity", "shop.itme", "shop.item");
    f = f->next;
    ASSERT_FAULT(f, "12", "unknown_key", "of", "");
    f = f->next;
    ASSERT_FAULT(f, "13", "unknown_key", "when", "");
    f = f->next;
    ASSERT_FAULT(f, "14", "unknown_field", "nmae", "name");
    f = f->next;
    ASSERT_FAULT(f, "16", "unknown_field", "nmae", "name");
    f = f->next;
    ASSERT_FAULT(f, "17", "missing", "view", "");
    f = f->next;
    ASSERT_FAULT(f, "19", "unknown_key", "keys", "");
    assert_null(f->next);
}

/* The module that is never rebuilt (tests/fixtures/ui). */
static void a_module_of_the_first_contract_is_taken_as_it_is(void **state)
{
    module_found f = {.name = CRM_S("kiosk")};
    module_refusal *refused = NULL;
    module *all[3] = {from_tree("contacts"), from_tree("sales"), NULL};
    (void)state;
    f.dir = arena_fmt(a, "%s/tests/fixtures/ui/kiosk", KARKAS_SOURCE_DIR);
    crm_str file = arena_fmt(a, "%s/module.yaml", f.dir.p);
    assert_int_equal(fs_read(a, file.p, MANIFEST_MAX, &f.manifest), CRM_OK);
    assert_int_equal(plug_load(a, &f, &all[2], &refused), CRM_OK);
    register_all(all, 3);
    uint32_t kinds[4] = {0};
    for (uint32_t i = 0; i < r->ui_part_count; i++) {
        kinds[r->ui_parts[i].kind]++;
    }
    assert_int_equal(kinds[UI_SCREEN], 1);
    assert_int_equal(kinds[UI_SLOT], 4);
    assert_int_equal(kinds[UI_FIELD], 1);
    assert_int_equal(kinds[UI_COMMAND], 1);
    const menu_item *last = &r->menus[r->menu_count - 1];
    assert_true(str_is(last->to, "/x/kiosk/board"));
    assert_true(str_is(last->entity_name, "kiosk.stand")); /* nobody else is told of it */
}

/* ---- the bundled modules --------------------------------------------------------------------- */

static bool has_text(const char *lang, crm_str key)
{
    for (uint32_t i = 0; i < r->string_count; i++) {
        if (str_eq(r->strings[i].key, key) && str_is(r->strings[i].lang, lang)) {
            return true;
        }
    }
    return false;
}

static uint32_t missing;
static void want_text(crm_str key)
{
    static const char *const languages[] = {"ru", "en"};
    for (int i = 0; key.n && i < 2; i++) {
        if (!has_text(languages[i], key)) {
            print_message("no %s text: %.*s\n", languages[i], STR_FMT(key));
            missing++;
        }
    }
}

static void want_view_texts(const entity *e)
{
    crm_str rest = e->views_json;
    static const char label[] = "\"label\":\"";
    const char *at = arena_cstr(a, rest);
    while (at && (at = strstr(at, label)) != NULL) {
        at += sizeof label - 1;
        want_text((crm_str){at, strcspn(at, "\"")});
    }
}

static void want_entity_texts(const entity *e)
{
    want_text(e->label_one);
    want_text(e->label_many);
    want_text(e->label_count);
    want_view_texts(e);
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        want_text(e->fields[i].label);
        for (uint32_t k = 0; k < e->fields[i].choice_count; k++) {
            want_text(e->fields[i].choices[k].label);
        }
    }
}

static void every_label_of_the_bundled_modules_has_both_languages(void **state)
{
    (void)state;
    module *m[MODULES_MAX];
    for (uint32_t i = 0; i < BUNDLED; i++) {
        m[i] = from_tree(bundled[i]);
    }
    register_all(m, BUNDLED);
    missing = 0;
    for (uint32_t i = 0; i < r->entity_count; i++) {
        if (str_find(r->entities[i]->name, '.') > 0 && !(r->entities[i]->flags & ENTITY_SYSTEM)) {
            want_entity_texts(r->entities[i]);
        }
    }
    for (uint32_t i = 0; i < r->menu_count; i++) {
        want_text(r->menus[i].label);
    }
    for (uint32_t i = 0; i < r->pipeline_count; i++) {
        want_text(r->pipelines[i].label);
        for (uint32_t k = 0; k < r->pipelines[i].stage_count; k++) {
            want_text(r->pipelines[i].stages[k].label);
        }
    }
    for (uint32_t i = 0; i < r->module_count; i++) {
        want_text(r->modules[i].title);
    }
    for (uint32_t i = 0; i < r->setting_count; i++) {
        want_text(r->settings[i].label);
    }
    assert_int_equal(missing, 0);
}

static void the_lead_list_of_the_registry_is_live_and_at_home(void **state)
{
    (void)state;
    module *m[MODULES_MAX];
    for (uint32_t i = 0; i < BUNDLED; i++) {
        m[i] = from_tree(bundled[i]);
    }
    register_all(m, BUNDLED);
    const entity *e = registry_entity(r, CRM_S("sales.lead"));
    const field *st = entity_field(e, CRM_S("stage"));
    assert_non_null(st->pipeline);
    assert_true(str_is(st->pipeline->name, "sales.lead"));
    assert_int_equal(pipeline_stage(st->pipeline, CRM_S("qualified"), NULL)->outcome, OUTCOME_WON);
    const char *views = arena_cstr(a, e->views_json);
    assert_non_null(strstr(views, "\"filter\":[\"closed_at\",\"none\"]"));
    assert_non_null(strstr(views, "\"home\":true"));
    assert_non_null(strstr(views, "\"by\":\"lead\",\"label\":\"tasks.task.many\""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_unknown_key_is_named_with_its_line_and_the_nearest),
        TEST(unknown_types_fields_and_entities_are_named),
        TEST(what_a_timeline_names_must_be_there),
        TEST(an_entity_joins_by_references_at_a_moment_under_a_name_of_its_own),
        TEST(a_table_of_parts_says_what_it_lacks),
        TEST(a_scan_says_where_its_codes_are),
        TEST(a_default_must_fit_its_type),
        TEST(a_needed_module_that_is_not_enabled_is_a_fault),
        TEST(fields_get_their_types_defaults_and_labels),
        TEST(settings_get_their_types_limits_and_defaults),
        TEST(faults_of_settings_are_named_with_their_lines),
        TEST(a_setting_names_a_job_of_its_module),
        TEST(an_address_may_come_from_a_setting_that_there_is),
        TEST(elements_in_the_ui_stand_where_there_is_a_place_for_them),
        TEST(a_module_of_the_first_contract_is_taken_as_it_is),
        TEST(tasks_alone_have_no_lead_in_fields_views_or_indexes),
        TEST(every_label_of_the_bundled_modules_has_both_languages),
        TEST(the_lead_list_of_the_registry_is_live_and_at_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
