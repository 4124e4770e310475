/* test_data_registry.c - building, sealing, looking up, publishing the registry; its strings. */
#include "unit.h"

#include <pthread.h>

#include "data/call.h"
#include "data/stores.h"

#define S CRM_S
#define NAME(lit)            \
    {                        \
        lit, sizeof(lit) - 1 \
    }

static registry *r;
static arena *a;

static int setup(void **state)
{
    (void)state;
    a = arena_new(0);
    r = registry_new();
    return a && r ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    registry_discard(r);
    arena_free(a);
    return 0;
}

enum { THING_TITLE = COL_OWN, THING_OWNER, THING_STAGE, THING_PHONE, THING_KIND, THING_CODE };
static const choice kinds[] = {{.value = NAME("a")}, {.value = NAME("b")}};
static const field thing_fields[] = {
    {.name = NAME("title"), .type = FIELD_TEXT, .flags = FIELD_SEARCH},
    {.name = NAME("owner"), .type = FIELD_USER, .def_text = NAME("me")},
    {.name = NAME("stage"), .type = FIELD_STAGE},
    {.name = NAME("phone"), .type = FIELD_PHONE, .flags = FIELD_MANY | FIELD_INDEXED},
    {.name = NAME("kind"),
     .type = FIELD_CHOICE,
     .choices = kinds,
     .choice_count = 2,
     .def_text = NAME("b")},
    {.name = NAME("code"), .type = FIELD_TEXT, .flags = FIELD_UNIQUE},
};
static const entity thing = {
    .name = NAME("shop.thing"),
    .fields = thing_fields,
    .field_count = 6,
    .owner_fields = {THING_OWNER, COL_CREATED_BY},
    .stage_field = THING_STAGE,
    .title_field = THING_TITLE,
    .views_json = NAME("{\"list\":[{\"columns\":[\"title\"],\"sort\":[\"-created_at\"],"
                       "\"filter\":[\"stage\",\"in\",[\"new\"]]}],\"card\":{\"related\":"
                       "[{\"entity\":\"other.gone\",\"by\":\"x\"}]}}"),
};
static const stage stages[] = {{.name = NAME("new"), .is_start = true}, {.name = NAME("done")}};
static const pipeline flow_line = {
    .name = NAME("line"), .entity_name = NAME("shop.thing"), .stages = stages, .stage_count = 2};

static void add_thing(void)
{
    assert_ok(registry_add_entity(r, &thing));
    assert_ok(registry_add_pipeline(r, &flow_line));
}

static void seal_ok(void)
{
    registry_fault *f = NULL;
    crm_status st = registry_seal(r, a, &f);
    for (; f; f = f->next) {
        print_error("%.*s %.*s\n", STR_FMT(f->code), STR_FMT(f->subject));
    }
    assert_ok(st);
}

/* The seal fails with exactly this fault first. */
static void seal_fails(const char *code, const char *subject, const char *nearest)
{
    registry_fault *f = NULL;
    assert_int_equal(registry_seal(r, a, &f), CRM_INVALID);
    assert_non_null(f);
    assert_text(f->code, code);
    assert_text(f->subject, subject);
    if (nearest) {
        assert_text(f->nearest, nearest);
    }
}

/* ---- the kernel's own ------------------------------------------------------------------------ */

static void stores_stand_at_their_places(void **state)
{
    (void)state;
    seal_ok();
    static const char *const names[] = {
#define X(store, name, flags) name,
        STORE_MAP(X)
#undef X
    };
    for (int i = 0; i < STORE_COUNT; i++) {
        const entity *e = registry_store(r, (store)i);
        assert_text(e->name, names[i]);
        assert_ptr_equal(registry_entity(r, str_of(names[i])), e);
        assert_int_equal(e->index, i);
    }
    const entity *user = registry_store(r, STORE_USER);
    assert_int_equal(entity_field(user, S("login"))->index, USER_LOGIN);
    assert_int_equal(entity_field(user, S("id"))->index, COL_ID);
    assert_ptr_equal(user->fields[USER_DEPARTMENT].ref, registry_store(r, STORE_DEPARTMENT));
    assert_ptr_equal(user->fields[COL_CREATED_BY].ref, user);
    assert_true(user->fields[USER_ROLES].flags & FIELD_MANY);
    const entity *stage_log = registry_store(r, STORE_STAGE_LOG);
    assert_int_equal(entity_field(stage_log, S("ms"))->index, STAGE_LOG_MS);
}

static const entity_index *find_index(const entity *e, uint16_t first, uint16_t second)
{
    for (uint32_t i = 0; i < e->index_count; i++) {
        const entity_index *x = &e->indexes[i];
        if (x->field[0] == first &&
            (second ? x->count > 1 && x->field[1] == second : x->count == 1)) {
            return x;
        }
    }
    return NULL;
}

static void due_rows_are_unique_by_job_and_key(void **state)
{
    (void)state;
    seal_ok();
    const entity_index *x = find_index(registry_store(r, STORE_DUE), DUE_JOB, DUE_KEY);
    assert_true(x && x->is_unique);
    assert_non_null(find_index(registry_store(r, STORE_DUE), DUE_AT, 0));
}

static const grant *find_grant(const char *role_name, const char *entity_name, action act)
{
    for (uint32_t i = 0; i < r->grant_count; i++) {
        const grant *g = &r->grants[i];
        if (str_is(g->role, role_name) && str_is(g->entity_name, entity_name) && g->action == act) {
            return g;
        }
    }
    return NULL;
}

static void everyone_sees_colleagues_but_not_their_logins(void **state)
{
    (void)state;
    seal_ok();
    const grant *g = find_grant(ROLE_EVERYONE, "user", ACTION_READ);
    assert_non_null(g);
    assert_int_equal(g->scope, SCOPE_ALL);
    for (uint32_t i = 0; i < g->field_count; i++) {
        assert_false(str_is(g->fields[i], "login") || str_is(g->fields[i], "email"));
    }
    assert_int_equal(find_grant(ROLE_EVERYONE, "notification", ACTION_READ)->scope, SCOPE_OWN);
    assert_null(find_grant(ROLE_EVERYONE, "sys.credential", ACTION_READ));
}

/* ---- building and sealing -------------------------------------------------------------------- */

static void sealing_resolves_what_an_entity_names(void **state)
{
    (void)state;
    add_thing();
    seal_ok();
    const entity *e = registry_entity(r, S("shop.thing"));
    assert_ptr_equal(e->fields[THING_OWNER].ref, registry_store(r, STORE_USER));
    assert_ptr_equal(e->fields[THING_STAGE].pipeline, registry_pipeline(r, S("line")));
    assert_ptr_equal(registry_pipeline(r, S("line"))->entity, e);
    assert_text(e->fields[THING_KIND].def.s, "b");
    assert_int_equal(e->search_count, 1);
    assert_int_equal(e->search_fields[0], THING_TITLE);
    uint32_t at;
    assert_non_null(pipeline_stage(registry_pipeline(r, S("line")), S("done"), &at));
    assert_int_equal(at, 1);
}

static void lists_and_uniqueness_have_their_indexes(void **state)
{
    (void)state;
    add_thing();
    seal_ok();
    const entity *e = registry_entity(r, S("shop.thing"));
    assert_non_null(find_index(e, COL_CREATED_AT, 0));
    assert_non_null(find_index(e, THING_OWNER, COL_CREATED_AT));
    assert_true(find_index(e, THING_CODE, 0)->is_unique);
    assert_non_null(find_index(e, THING_PHONE, 0));
}

static bool has_index(const entity *e, entity_index wanted)
{
    for (uint32_t i = 0; i < e->index_count; i++) {
        if (memcmp(&e->indexes[i], &wanted, sizeof wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* A list by what is newest, whole, as each user field narrows it, and each stage of it. */
static void a_views_order_is_indexed_behind_what_rights_ask(void **state)
{
    (void)state;
    add_thing();
    seal_ok();
    const entity *e = registry_entity(r, S("shop.thing"));
    const uint16_t at = COL_CREATED_AT;
    assert_true(has_index(e, (entity_index){.field = {at}, .count = 1}));
    assert_true(has_index(e, (entity_index){.field = {THING_OWNER, at}, .count = 2}));
    assert_true(has_index(e, (entity_index){.field = {COL_CREATED_BY, at}, .count = 2}));
    assert_true(has_index(e, (entity_index){.field = {THING_STAGE, at}, .count = 2}));
    assert_true(has_index(e, (entity_index){.field = {THING_OWNER, THING_STAGE, at}, .count = 3}));
}

/* Entity `name` of one view that sorts by title and asks for an empty kind. */
static void add_quiet(crm_str name)
{
    entity e = thing;
    e.name = name;
    e.owner_fields[1] = 0;
    e.stage_field = 0;
    e.views_json = S("{\"list\":[{\"columns\":[\"title\"],\"sort\":[\"title\"],\"filter\":"
                     "[\"and\",[\"owner\",\"me\"],[\"kind\",\"none\"]]}]}");
    assert_ok(registry_add_entity(r, &e));
    pipeline line = flow_line;
    line.name = line.entity_name = name;
    assert_ok(registry_add_pipeline(r, &line));
}

/* "Open" lists have indexes of the open rows only. */
static void what_a_view_wants_empty_is_left_out_of_its_index(void **state)
{
    (void)state;
    add_thing();
    add_quiet(S("shop.quiet"));
    seal_ok();
    const entity *e = registry_entity(r, S("shop.quiet"));
    assert_true(has_index(e, (entity_index){.field = {THING_OWNER, THING_TITLE},
                                            .count = 2,
                                            .empty = {THING_KIND},
                                            .empty_count = 1}));
    assert_false(has_index(e, (entity_index){.field = {THING_OWNER, THING_TITLE}, .count = 2}));
}

/* Only `involved` asks who created a row, and only then writes pay for it. */
static void the_creator_is_indexed_when_some_right_asks_for_him(void **state)
{
    (void)state;
    add_thing();
    add_quiet(S("shop.quiet"));
    add_quiet(S("shop.loud"));
    assert_ok(registry_add_role(r, &(role){.name = S("seller")}));
    assert_ok(registry_add_grant(r, &(grant){.role = S("seller"),
                                             .entity_name = S("shop.loud"),
                                             .action = ACTION_READ,
                                             .scope = SCOPE_INVOLVED}));
    seal_ok();
    assert_null(find_index(registry_entity(r, S("shop.quiet")), COL_CREATED_BY, THING_TITLE));
    assert_non_null(find_index(registry_entity(r, S("shop.loud")), COL_CREATED_BY, THING_TITLE));
}

static void related_lists_of_absent_modules_are_left_out(void **state)
{
    (void)state;
    add_thing();
    seal_ok();
    crm_str views = registry_entity(r, S("shop.thing"))->views_json;
    assert_null(memmem(views.p, views.n, "other.gone", 10));
    assert_non_null(memmem(views.p, views.n, "created_at", 10));
}

static void fields_may_be_added_before_and_after_their_entity(void **state)
{
    (void)state;
    static const field early[] = {{.name = NAME("early"), .type = FIELD_INT}};
    static const field late[] = {{.name = NAME("late"), .type = FIELD_INT}};
    assert_ok(registry_extend(r, S("shop.thing"), early, 1));
    add_thing();
    assert_ok(registry_extend(r, S("shop.thing"), late, 1));
    /* Builders need the positions before the registry is sealed. */
    assert_int_equal(entity_field(registry_entity(r, S("shop.thing")), S("late"))->index,
                     THING_CODE + 2);
    seal_ok();
    const entity *e = registry_entity(r, S("shop.thing"));
    assert_int_equal(entity_field(e, S("early"))->index, THING_CODE + 1);
    assert_ptr_equal(entity_field(e, S("late"))->entity, e);
    assert_null(entity_field(e, S("lat")));
}

static void wildcards_become_one_grant_per_entity(void **state)
{
    (void)state;
    static const role boss = {.name = NAME("boss"), .title = NAME("Boss")};
    static const grant all = {
        .role = NAME("boss"), .entity_name = NAME("*"), .action = ACTION_READ, .scope = SCOPE_ALL};
    static const grant some = {.role = NAME("boss"),
                               .entity_name = NAME("shop.*"),
                               .action = ACTION_UPDATE,
                               .scope = SCOPE_TEAM,
                               .where_text = NAME("[\"kind\",\"eq\",\"a\"]")};
    add_thing();
    assert_ok(registry_add_role(r, &boss));
    assert_ok(registry_add_grant(r, &all));
    assert_ok(registry_add_grant(r, &some));
    seal_ok();
    assert_non_null(find_grant("boss", "shop.thing", ACTION_READ));
    assert_null(find_grant("boss", "user", ACTION_READ)); /* kernel entities by name only */
    assert_null(find_grant("boss", "sys.session", ACTION_READ));
    const grant *g = find_grant("boss", "shop.thing", ACTION_UPDATE);
    assert_int_equal(g->where->op, COND_EQ);
    assert_ptr_equal(g->where->path[0],
                     entity_field(registry_entity(r, S("shop.thing")), S("kind")));
}

static void a_later_pipeline_replaces_the_modules(void **state)
{
    (void)state;
    static const pipeline own = {.name = NAME("main"),
                                 .entity_name = NAME("shop.thing"),
                                 .stages = stages,
                                 .stage_count = 1};
    assert_ok(registry_add_entity(
        r, &(entity){.name = S("shop.thing"), .fields = thing_fields, .field_count = 6}));
    assert_ok(registry_add_pipeline(r, &flow_line));
    assert_ok(registry_add_pipeline(r, &own));
    seal_ok();
    assert_int_equal(r->pipeline_count, 1);
    assert_text(registry_entity(r, S("shop.thing"))->fields[THING_STAGE].pipeline->name, "main");
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void unknown_names_are_reported_with_the_nearest(void **state)
{
    (void)state;
    static const grant g = {
        .role = NAME("admin"), .entity_name = NAME("shop.thin"), .source = NAME("tz.yaml:7")};
    add_thing();
    assert_ok(registry_add_grant(r, &g));
    seal_fails("unknown_entity", "shop.thin", "shop.thing");
}

static void unknown_fields_of_conditions_are_reported(void **state)
{
    (void)state;
    static const grant g = {.role = NAME("admin"),
                            .entity_name = NAME("shop.thing"),
                            .where_text = NAME("[\"knid\",\"eq\",\"a\"]")};
    add_thing();
    assert_ok(registry_add_grant(r, &g));
    seal_fails("unknown_field", "knid", "kind");
}

static void unknown_roles_are_reported(void **state)
{
    (void)state;
    static const grant g = {.role = NAME("admim"), .entity_name = NAME("user")};
    assert_ok(registry_add_grant(r, &g));
    seal_fails("unknown_role", "admim", "admin");
}

static void unknown_steps_are_reported(void **state)
{
    (void)state;
    static const step verb = {.verb = NAME("assign")};
    static const rule_step steps[] = {{.verb = NAME("asign")}};
    static const rule row = {.name = NAME("R-1"),
                             .entity_name = NAME("user"),
                             .on = 'c',
                             .steps = steps,
                             .step_count = 1};
    assert_ok(registry_add_step(r, &verb));
    assert_ok(registry_add_rule(r, &row));
    seal_fails("unknown_step", "asign", "assign");
}

static void faults_of_declarations_are_named(void **state)
{
    (void)state;
    static const struct {
        field f;
        const char *code, *subject;
    } cases[] = {
        {{.name = NAME("Bad"), .type = FIELD_INT}, "bad_name", "Bad"},
        {{.name = NAME("title"), .type = FIELD_INT}, "duplicate_field", "title"},
        {{.name = NAME("id"), .type = FIELD_INT}, "duplicate_field", "id"},
        {{.name = NAME("x"), .type = FIELD_REF, .ref_name = NAME("shop.thin")},
         "unknown_entity",
         "shop.thin"},
        {{.name = NAME("x"), .type = FIELD_CHOICE}, "no_choices", "x"},
        {{.name = NAME("x"), .type = FIELD_TEXT, .titles_of = NAME("shop.thing.title")},
         "no_choices",
         "shop.thing.title"},
        {{.name = NAME("x"), .type = FIELD_INT, .flags = FIELD_MANY}, "not_many", "x"},
        {{.name = NAME("x"), .type = FIELD_INT, .def_text = NAME("ten")}, "bad_default", "ten"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        registry_discard(r);
        r = registry_new();
        add_thing();
        assert_ok(registry_extend(r, S("shop.thing"), &cases[i].f, 1));
        seal_fails(cases[i].code, cases[i].subject, NULL);
    }
}

static void a_text_takes_its_titles_from_a_choice_that_is_there(void **state)
{
    (void)state;
    static const choice options[] = {{.value = NAME("site"), .label = NAME("Сайт")}};
    const field fields[] = {
        {.name = NAME("way"), .type = FIELD_CHOICE, .choices = options, .choice_count = 1},
        {.name = NAME("x"), .type = FIELD_TEXT, .titles_of = NAME("shop.thing.way")},
        {.name = NAME("y"), .type = FIELD_TEXT, .titles_of = NAME("shop.absent.way")},
    };
    add_thing();
    assert_ok(registry_extend(r, S("shop.thing"), fields, 3));
    seal_ok();
    const entity *e = registry_entity(r, S("shop.thing"));
    assert_text(entity_field(e, S("x"))->choices[0].label, "Сайт");
    assert_int_equal(entity_field(e, S("y"))->choice_count, 0);
}

static void an_address_may_be_a_default_whatever_its_index(void **state)
{
    (void)state;
    add_thing();
    const field f = {.name = NAME("x"), .type = FIELD_ADDRESS, .def_text = NAME("65000, г Тверь")};
    assert_ok(registry_extend(r, S("shop.thing"), &f, 1));
    seal_ok();
    assert_text(entity_field(registry_entity(r, S("shop.thing")), S("x"))->def.s, "65000, г Тверь");
}

static void a_stage_field_without_a_pipeline_is_a_fault(void **state)
{
    (void)state;
    entity e = thing;
    e.views_json = (crm_str){0};
    assert_ok(registry_add_entity(r, &e));
    seal_fails("no_pipeline", "shop.thing", NULL);
}

static void a_pipeline_has_at_most_64_stages(void **state)
{
    (void)state;
    stage *many = ARENA_ARRAY(a, stage, 65);
    for (int i = 0; i < 65; i++) {
        many[i] = (stage){.name = arena_fmt(a, "s%d", i), .is_start = true};
    }
    pipeline p = flow_line;
    p.stages = many;
    p.stage_count = 65;
    entity e = thing;
    e.views_json = (crm_str){0};
    assert_ok(registry_add_entity(r, &e));
    assert_ok(registry_add_pipeline(r, &p));
    seal_fails("too_many_stages", "line", NULL);
}

static void an_entity_has_a_bounded_number_of_fields(void **state)
{
    (void)state;
    field *many = ARENA_ARRAY(a, field, FIELDS_MAX);
    for (int i = 0; i < FIELDS_MAX; i++) {
        many[i] = (field){.name = arena_fmt(a, "f%d", i), .type = FIELD_INT};
    }
    entity e = {.name = S("shop.wide"), .fields = many, .field_count = FIELDS_MAX - COL_OWN};
    assert_ok(registry_add_entity(r, &e));
    assert_int_equal(registry_extend(r, e.name, many, 1), CRM_LIMIT);
    e.name = S("shop.wider");
    e.field_count++;
    assert_int_equal(registry_add_entity(r, &e), CRM_LIMIT);
    assert_int_equal(registry_add_entity(r, &(entity){.name = S("user")}), CRM_CONFLICT);
}

static void an_unknown_zone_is_a_fault(void **state)
{
    (void)state;
    r->timezone = S("Europe/Moskow");
    seal_fails("unknown_timezone", "Europe/Moskow", NULL);
}

/* ---- order, digest, zone --------------------------------------------------------------------- */

static void hooks_run_by_order_then_module(void **state)
{
    (void)state;
    static const hook rows[] = {
        {.entity_name = NAME("*"), .order = 5, .module = NAME("a")},
        {.entity_name = NAME("*"), .order = 1, .module = NAME("z")},
        {.entity_name = NAME("*"), .order = 1, .module = NAME("b")},
    };
    for (int i = 0; i < 3; i++) {
        assert_ok(registry_add_hook(r, &rows[i]));
    }
    seal_ok();
    assert_text(r->hooks[0].module, "b");
    assert_text(r->hooks[1].module, "z");
    assert_text(r->hooks[2].module, "a");
}

static void rev_is_stable_and_follows_what_is_seen(void **state)
{
    (void)state;
    char rev[3][17];
    for (int i = 0; i < 3; i++) {
        registry_discard(r);
        r = registry_new();
        add_thing();
        text_string s = {.lang = S("ru"), .key = S("x"), .text = i < 2 ? S("раз") : S("два")};
        assert_ok(registry_add_string(r, &s));
        seal_ok();
        memcpy(rev[i], r->rev, 17);
    }
    assert_int_equal(strlen(rev[0]), 16);
    assert_string_equal(rev[0], rev[1]);
    assert_string_not_equal(rev[1], rev[2]);
}

static void a_day_begins_at_the_deployments_midnight(void **state)
{
    (void)state;
    r->timezone = S("Europe/Moscow");
    seal_ok();
    int64_t now, midnight;
    assert_ok(clock_parse(S("2027-01-17T22:30:00Z"), &now)); /* 01:30 of the 18th in Moscow */
    assert_ok(clock_parse(S("2027-01-17T21:00:00Z"), &midnight));
    assert_true(registry_day_start(r, now) == midnight);
    assert_true(registry_from_local(r, now + 3 * 3600000) == now);
}

/* ---- strings --------------------------------------------------------------------------------- */

static void strings_fall_back_to_the_deployments_language_then_the_key(void **state)
{
    (void)state;
    static const text_string own[] = {{NAME("ru"), NAME("shop.x"), NAME("икс")},
                                      {NAME("ru"), NAME("user.one"), NAME("боец")}};
    r->locale = S("ru");
    assert_ok(registry_add_string(r, &own[0]));
    assert_ok(registry_add_string(r, &own[1]));
    for (int sealed = 0; sealed < 2; sealed++) {
        assert_text(registry_text(r, S("en"), S("user.one")), "employee");
        assert_text(registry_text(r, S("ru"), S("user.one")), "боец"); /* the later one wins */
        assert_text(registry_text(r, S("en"), S("shop.x")), "икс");
        assert_text(registry_text(r, S("en"), S("Текст ТЗ")), "Текст ТЗ");
        seal_ok();
    }
}

static bool has_text(const char *lang, crm_str key)
{
    r->locale = (crm_str){0};
    return !str_eq(registry_text(r, str_of(lang), key), key);
}

static void every_code_of_the_api_has_a_sentence(void **state)
{
    (void)state;
    static const char *const codes[] = {
#define X(name, num, http, text) text,
        CRM_STATUS_MAP(X)
#undef X
            "bad_cursor",
        "changes_reset",
        "login_failed",
        "csrf",
        "password_required",
        "unknown_field",
        "idempotency_key",
        "idempotency_mismatch",
        "header_too_large",
        "uri_too_long"
    };
    static const char *const fields[] = {
        "required",     "unknown_field",  "read_only",         "type_mismatch", "too_long",
        "out_of_range", "not_a_choice",   "phone_invalid",     "email_invalid", "date_invalid",
        "not_unique",   "no_such_record", "stage_move_denied", "stage_needs",   "locked",
        "url_invalid",  "check_digits"};
    static const char *const langs[] = {"ru", "en"};
    for (size_t l = 0; l < 2; l++) {
        for (size_t i = 1; i < sizeof codes / sizeof codes[0]; i++) { /* after "ok" */
            assert_true(has_text(langs[l], arena_fmt(a, "error.%s", codes[i])));
            assert_true(has_text(langs[l], arena_fmt(a, "error.%s.title", codes[i])));
        }
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
            assert_true(has_text(langs[l], arena_fmt(a, "field.%s", fields[i])));
        }
    }
}

static void every_kernel_string_is_in_both_languages(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < r->string_count; i++) {
        const char *other = str_is(r->strings[i].lang, "ru") ? "en" : "ru";
        assert_true(has_text(other, r->strings[i].key));
    }
    for (int i = 0; i < STORE_CHANGE; i++) {
        const entity *e = r->entities[i];
        assert_true(has_text("ru", e->label_one) && has_text("ru", e->label_count));
        for (uint32_t j = 0; j < e->field_count; j++) {
            assert_true(has_text("ru", e->fields[j].label));
        }
    }
}

/* ---- publishing ------------------------------------------------------------------------------ */

static int released;
static void on_release(registry *reg, void *arg)
{
    (void)arg;
    released++;
    registry_discard(reg);
}

static registry *sealed(void)
{
    registry *reg = registry_new();
    registry_fault *f;
    assert_non_null(reg);
    assert_ok(registry_seal(reg, a, &f));
    return reg;
}

static void a_replaced_registry_lives_until_its_last_pin_goes(void **state)
{
    (void)state;
    released = 0;
    assert_null(registry_pin());
    registry *first = sealed(), *second = sealed();
    registry_publish(first, on_release, NULL);
    const registry *pin = registry_pin();
    assert_ptr_equal(pin, first);
    const registry *again = registry_ref(pin);
    registry_publish(second, on_release, NULL);
    const registry *newer = registry_pin();
    assert_ptr_equal(newer, second);
    registry_unpin(pin);
    assert_int_equal(released, 0);
    registry_unpin(again);
    assert_int_equal(released, 1);
    registry_unpin(newer);
    assert_int_equal(released, 1);
    registry_publish(NULL, NULL, NULL);
    assert_int_equal(released, 2);
    assert_null(registry_pin());
}

static void *pin_and_look(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++) {
        const registry *pin = registry_pin();
        assert(registry_entity(pin, S("user")));
        registry_unpin(pin);
    }
    return NULL;
}

static void pinning_is_safe_against_publishing(void **state)
{
    (void)state;
    pthread_t threads[3];
    released = 0;
    registry_publish(sealed(), NULL, NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, pin_and_look, NULL), 0);
    }
    for (int i = 0; i < 20; i++) {
        registry_publish(sealed(), NULL, NULL);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    registry_publish(NULL, NULL, NULL);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void a_call_that_runs_again_forgets_what_happened(void **state)
{
    (void)state;
    crm_ctx c = {.arena = a, .reg = r, .who = &principal_system};
    buf out;
    buf_init(&out, 0);
    c.out = &out;
    buf_z(&out, "head");
    (void)call_fail_field(&c, S("name"), "required", (crm_str){0});
    call_save_point(&c);
    size_t used = arena_used(a);
    for (int i = 0; i < 2; i++) {
        principal other = {.kind = PRINCIPAL_USER};
        c.who = &other;
        c.is_quiet = true;
        buf_z(&out, "tail");
        (void)call_fail_field(&c, S("phone"), "phone_invalid", (crm_str){0});
        call_rerun(&c);
        assert_ptr_equal(c.who, &principal_system);
        assert_false(c.is_quiet);
        assert_text(buf_view(&out), "head");
        assert_text(c.error.fields->field, "name");
        assert_null(c.error.fields->next);
        assert_int_equal(arena_used(a), used);
    }
    buf_free(&out);
}

static void the_first_error_wins_and_field_errors_gather(void **state)
{
    (void)state;
    crm_ctx c = {.arena = a, .reg = r};
    assert_int_equal(call_fail_field(&c, S("a"), "required", (crm_str){0}), CRM_INVALID);
    assert_int_equal(call_fail_text(&c, CRM_CONFLICT, "b", "%d раз", 2), CRM_CONFLICT);
    assert_int_equal(call_fail(&c, CRM_DENIED, "denied"), CRM_DENIED);
    assert_int_equal(c.error.status, CRM_INVALID);
    assert_text(c.error.code, "invalid");
    assert_text(c.error.fields->code, "required");
    assert_text(c.error.fields->next->text, "2 раз");
}

static void functions_are_held_by_role_or_login(void **state)
{
    (void)state;
    static const crm_str holders[] = {NAME("head"), NAME("ivanova")}, roles[] = {NAME("head")};
    static const function_grant g = {NAME("export"), holders, 2};
    assert_ok(registry_add_function(r, &g));
    principal head = {.kind = PRINCIPAL_USER, .name = S("petrov"), .roles = roles, .role_count = 1};
    principal named = {.kind = PRINCIPAL_USER, .name = S("ivanova")};
    principal other = {.kind = PRINCIPAL_USER, .name = S("sidorov")};
    principal module = {.kind = PRINCIPAL_MODULE, .name = S("ivanova")};
    crm_ctx c = {.arena = a, .reg = r, .who = &head};
    assert_true(call_may(&c, S("export")));
    assert_false(call_may(&c, S("settings")));
    c.who = &named;
    assert_true(call_may(&c, S("export")));
    c.who = &other;
    assert_false(call_may(&c, S("export")));
    c.who = &module;
    assert_false(call_may(&c, S("export")));
    c.who = &principal_system;
    assert_true(call_may(&c, S("settings")));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stores_stand_at_their_places),
        TEST(due_rows_are_unique_by_job_and_key),
        TEST(everyone_sees_colleagues_but_not_their_logins),
        TEST(sealing_resolves_what_an_entity_names),
        TEST(lists_and_uniqueness_have_their_indexes),
        TEST(a_views_order_is_indexed_behind_what_rights_ask),
        TEST(what_a_view_wants_empty_is_left_out_of_its_index),
        TEST(the_creator_is_indexed_when_some_right_asks_for_him),
        TEST(related_lists_of_absent_modules_are_left_out),
        TEST(fields_may_be_added_before_and_after_their_entity),
        TEST(wildcards_become_one_grant_per_entity),
        TEST(a_later_pipeline_replaces_the_modules),
        TEST(unknown_names_are_reported_with_the_nearest),
        TEST(unknown_fields_of_conditions_are_reported),
        TEST(unknown_roles_are_reported),
        TEST(unknown_steps_are_reported),
        TEST(faults_of_declarations_are_named),
        TEST(a_text_takes_its_titles_from_a_choice_that_is_there),
        TEST(an_address_may_be_a_default_whatever_its_index),
        TEST(a_stage_field_without_a_pipeline_is_a_fault),
        TEST(a_pipeline_has_at_most_64_stages),
        TEST(an_entity_has_a_bounded_number_of_fields),
        TEST(an_unknown_zone_is_a_fault),
        TEST(hooks_run_by_order_then_module),
        TEST(rev_is_stable_and_follows_what_is_seen),
        TEST(a_day_begins_at_the_deployments_midnight),
        TEST(strings_fall_back_to_the_deployments_language_then_the_key),
        TEST(every_code_of_the_api_has_a_sentence),
        TEST(every_kernel_string_is_in_both_languages),
        TEST(a_replaced_registry_lives_until_its_last_pin_goes),
        TEST(pinning_is_safe_against_publishing),
        TEST(a_call_that_runs_again_forgets_what_happened),
        TEST(the_first_error_wins_and_field_errors_gather),
        TEST(functions_are_held_by_role_or_login),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
