/*
 * test_data_refs.c - conditions over lists of references: records that a row refers to, rows whose
 * lists hold a record, ids of other rows, and rights on the way.
 */
#include "data_world.h"

enum { DEAL_NAME = COL_OWN, DEAL_PEOPLE, DEAL_KNOWN, DEAL_ONE, DEAL_OWNER, DEAL_PAPERS, DEAL_END };

#define N(lit)               \
    {                        \
        lit, sizeof(lit) - 1 \
    }

/* `people` has no index, `known` has one. */
static const field deal_fields[] = {
    {.name = N("name"), .type = FIELD_TEXT},
    {.name = N("people"), .type = FIELD_REFS, .ref_name = N("test.person")},
    {.name = N("known"), .type = FIELD_REFS, .flags = FIELD_INDEXED, .ref_name = N("test.person")},
    {.name = N("one"), .type = FIELD_REF, .ref_name = N("test.person")},
    {.name = N("owner"), .type = FIELD_USER, .def_text = N("me")},
    {.name = N("papers"), .type = FIELD_FILES},
};
static const entity deals = {.name = N("test.deal"),
                             .module = N("test"),
                             .fields = deal_fields,
                             .field_count = DEAL_END - COL_OWN,
                             .owner_fields = {DEAL_OWNER}};

static const crm_str owners_only[] = {N("owner")};
static const grant deal_grants[] = {
    {.role = N("seller"), .entity_name = N("test.deal"), .action = ACTION_READ, .scope = SCOPE_ALL},
    {.role = N("viewer"), .entity_name = N("test.deal"), .action = ACTION_READ, .scope = SCOPE_ALL},
    {.role = N("viewer"),
     .entity_name = N("test.person"),
     .action = ACTION_READ,
     .scope = SCOPE_ALL,
     .fields = owners_only,
     .field_count = 1},
};

static arena *a; /* of the conditions */
static const entity *deal;

static int begin(world_engine which)
{
    world_entities = &deals;
    world_entity_count = 1;
    world_grants = deal_grants;
    world_grant_count = sizeof deal_grants / sizeof deal_grants[0];
    world_open(&w, which);
    deal = registry_entity(w.reg, CRM_S("test.deal"));
    a = arena_new(0);
    return a && deal ? 0 : -1;
}

static int begin_sqlite(void **state)
{
    (void)state;
    return begin(WORLD_SQLITE);
}

static int begin_memory(void **state)
{
    (void)state;
    return begin(WORLD_MEMORY);
}

static int end(void **state)
{
    arena_free(a);
    return close_world(state);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int64_t add(const entity *e, const value *own)
{
    record *r;
    crm_ctx *c = world_begin(&w, 0);
    assert_ok(records_new(c, e, &r));
    for (uint16_t i = COL_OWN; i < e->field_count; i++) {
        if (!value_is_null(own[i])) {
            assert_ok(record_set(r, &e->fields[i], own[i]));
        }
    }
    crm_status st = records_save(c, r, 0);
    world_end(&w, st);
    assert_ok(st);
    return r->v[COL_ID].i;
}

static int64_t add_person(const char *name, int64_t owner)
{
    value own[FIELDS_MAX] = {0};
    own[PERSON_NAME] = value_text(str_of(name));
    own[PERSON_OWNER] = value_int(owner);
    return add(w.person, own);
}

/* With these people, 0: none, in both lists. */
static int64_t add_deal(const char *name, int64_t x, int64_t y)
{
    value own[FIELDS_MAX] = {0};
    char ids[48];
    snprintf(ids, sizeof ids, y ? "%lld\n%lld" : "%lld", (long long)x, (long long)y);
    own[DEAL_NAME] = value_text(str_of(name));
    own[DEAL_OWNER] = value_int(w.anna);
    own[DEAL_PEOPLE] = own[DEAL_KNOWN] = x ? value_text(str_of(ids)) : value_null();
    own[DEAL_ONE] = x ? value_int(x) : value_null();
    return add(deal, own);
}

static void drop(const entity *e, int64_t id)
{
    crm_ctx *c = world_begin(&w, 0);
    crm_status st = records_delete(c, e, id, 0);
    world_end(&w, st);
    assert_ok(st);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static crm_status read_cond(const entity *e, const char *text, const cond **out, cond_error *err)
{
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    crm_status st = cond_read(a, &(cond_scope){.reg = w.reg, .entity = e}, json, out, err);
    json_decref(json);
    return st;
}

/* JSON of `form`: each ' is a quotation mark, each @ the field's name. */
static const char *spell(const char *form, const char *name)
{
    static char text[1000];
    size_t n = 0;
    for (; *form; form++) {
        if (*form == '@') {
            n += (size_t)snprintf(text + n, sizeof text - n, "%s", name);
        } else {
            text[n++] = *form == '\'' ? '"' : *form;
        }
        assert_true(n + 1 < sizeof text);
    }
    text[n] = 0;
    return text;
}

/* Names of the rows of `e` that he sees, in order of id, joined by spaces. */
static const char *names(int64_t user, const entity *e, const char *form, const char *field_name)
{
    static char text[1000];
    record **rows;
    uint32_t count;
    const cond *c;
    cond_error err;
    size_t n = 0;
    assert_ok(read_cond(e, spell(form, field_name), &c, &err));
    query q = {.entity = e, .where = c};
    assert_ok(records_list(world_read(&w, user), &q, &rows, &count));
    text[0] = 0;
    for (uint32_t i = 0; i < count; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s", i ? " " : "",
                              STR_FMT(rows[i]->v[COL_OWN].s));
    }
    world_read_end(&w);
    return text;
}

static const char *const lists[] = {"people", "known"};
#define EACH_LIST(name) for (const char *const *name = lists; name < lists + 2; name++)

/* ---- what a row refers to -------------------------------------------------------------------- */

#define IS_ANNA "['name','eq','Анна']"

static void any_record_of_a_list_may_be_as_asked(void **state)
{
    (void)state;
    int64_t anna = add_person("Анна", w.anna), boris = add_person("Борис", w.anna);
    add_deal("both", boris, anna);
    add_deal("his", boris, 0);
    add_deal("nobody", 0, 0);
    EACH_LIST(at)
    {
        assert_string_equal(names(0, deal, "['exists','@'," IS_ANNA "]", *at), "both");
        assert_string_equal(names(0, deal, "['not',['exists','@'," IS_ANNA "]]", *at),
                            "his nobody");
        assert_string_equal(names(0, deal, "['exists','@',['not'," IS_ANNA "]]", *at), "both his");
        assert_string_equal(names(0, deal, "['exists','@']", *at), "both his");
        assert_string_equal(names(0, deal, "['not',['exists','@']]", *at), "nobody");
    }
    assert_string_equal(names(0, deal, "['exists','one',['name','eq','Борис']]", ""), "both his");
}

static void rows_whose_list_holds_a_record_are_its_children(void **state)
{
    (void)state;
    int64_t anna = add_person("Анна", w.anna), boris = add_person("Борис", w.anna);
    add_person("Вера", w.anna);
    add_deal("x", anna, boris);
    add_deal("y", boris, 0);
    EACH_LIST(at)
    {
        assert_string_equal(names(0, w.person, "['exists','test.deal','@',['name','eq','x']]", *at),
                            "Анна Борис");
        assert_string_equal(names(0, w.person, "['exists','test.deal','@',['name','eq','y']]", *at),
                            "Борис");
        assert_string_equal(names(0, w.person, "['not',['exists','test.deal','@']]", *at), "Вера");
    }
}

static void ids_of_a_list_are_looked_for_one_by_one(void **state)
{
    (void)state;
    int64_t anna = add_person("Анна", w.anna), boris = add_person("Борис", w.anna);
    int64_t ten = add_person("Вера", w.anna);
    add_deal("x", anna, boris);
    add_deal("y", boris, 0);
    add_deal("z", ten, 0);
    EACH_LIST(at)
    {
        assert_string_equal(
            names(0, deal,
                  "['@','in_query',{'entity':'test.person','field':'id','where':" IS_ANNA "}]",
                  *at),
            "x");
        assert_string_equal(names(0, w.person,
                                  "['id','in_query',{'entity':'test.deal','field':'@',"
                                  "'where':['name','eq','x']}]",
                                  *at),
                            "Анна Борис");
        assert_string_equal(names(0, deal,
                                  "['one','in_query',{'entity':'test.deal','field':'@',"
                                  "'where':['name','ne','z']}]",
                                  *at),
                            "x y");
        assert_string_equal(names(0, deal,
                                  "['@','in_query',{'entity':'test.deal','field':'one',"
                                  "'where':['name','eq','y']}]",
                                  *at),
                            "x y");
        EACH_LIST(other)
        {
            char form[200];
            snprintf(form, sizeof form,
                     "['@','in_query',{'entity':'test.deal','field':'%s','where':"
                     "['name','eq','x']}]",
                     *other);
            assert_string_equal(names(0, deal, form, *at), "x y");
        }
    }
}

static void what_lies_in_the_recycle_bin_does_not_count(void **state)
{
    (void)state;
    int64_t anna = add_person("Анна", w.anna), boris = add_person("Борис", w.anna);
    int64_t x = add_deal("x", anna, boris);
    add_deal("y", anna, 0);
    drop(w.person, anna);
    EACH_LIST(at)
    {
        assert_string_equal(names(0, deal, "['exists','@']", *at), "x");
    }
    drop(deal, x);
    EACH_LIST(at)
    {
        assert_string_equal(names(0, w.person, "['exists','test.deal','@']", *at), "");
    }
}

/* Any of the list; what says "not" says it of all. */
static void a_path_leads_through_a_list(void **state)
{
    (void)state;
    int64_t anna = add_person("Анна", w.anna), boris = add_person("Борис", w.boris);
    value nameless[FIELDS_MAX] = {0};
    nameless[PERSON_OWNER] = value_int(w.boris);
    add_deal("both", boris, anna);
    add_deal("his", boris, 0);
    add_deal("nobody", 0, 0);
    add_deal("somebody", add(w.person, nameless), 0);
    EACH_LIST(at)
    {
        assert_string_equal(names(0, deal, "['@.name','eq','Анна']", *at), "both");
        assert_string_equal(names(0, deal, "['@.name','ne','Анна']", *at), "his nobody somebody");
        assert_string_equal(names(0, deal, "['@.name','in',['Борис']]", *at), "both his");
        assert_string_equal(names(0, deal, "['@.name','none']", *at), "nobody somebody");
        assert_string_equal(names(0, deal, "['@.name','none',false]", *at), "both his");
        assert_string_equal(names(0, deal, "['not',['@.name','none']]", *at), "both his");
        assert_string_equal(names(0, deal, "['@.owner.login','eq','anna']", *at), "both");
        assert_string_equal(names(w.anna, deal, "['@.owner','me']", *at), "both");
        assert_string_equal(names(w.anna, deal, "['@.owner','ne','me']", *at),
                            "his nobody somebody");
    }
}

/* No order and no group can be one of many. */
static void a_path_that_gives_one_value_leads_through_none(void **state)
{
    (void)state;
    const field *path[COND_PATH_MAX];
    uint8_t length;
    cond_error err;
    cond_scope in = {.reg = w.reg, .entity = deal};
    assert_ok(cond_read_path(a, &in, CRM_S("one.name"), path, &length, &err));
    assert_int_equal(cond_read_path(a, &in, CRM_S("people.name"), path, &length, &err),
                     CRM_INVALID);
    assert_string_equal(err.code, "type_mismatch");
}

/* ---- rights ---------------------------------------------------------------------------------- */

static void a_record_that_he_may_not_read_does_not_count(void **state)
{
    (void)state;
    int64_t hers = add_person("Анна", w.anna), his = add_person("Анна", w.boris);
    add_deal("hers", hers, 0);
    add_deal("his", his, 0);
    add_deal("both", his, hers);
    EACH_LIST(at)
    {
        assert_string_equal(names(w.anna, deal, "['exists','@'," IS_ANNA "]", *at), "hers both");
        assert_string_equal(names(w.anna, deal, "['exists','@']", *at), "hers both");
        assert_string_equal(names(w.anna, deal, "['not',['exists','@']]", *at), "his");
        assert_string_equal(
            names(w.anna, deal, "['@','in_query',{'entity':'test.person','field':'id'}]", *at),
            "hers both");
    }
}

static crm_status asked_by(int64_t user, const entity *e, const char *form)
{
    const cond *c, *out;
    cond_error err;
    uint64_t touched[4];
    assert_ok(read_cond(e, spell(form, ""), &c, &err));
    return cond_restrict(world_read(&w, user), e, c, &out, touched);
}

/* Vera sees of a person whose he is, and no name. */
static void a_field_that_he_may_not_see_is_unknown(void **state)
{
    (void)state;
    add_deal("x", add_person("Анна", w.anna), 0);
    assert_string_equal(names(w.vera, deal, "['exists','people',['owner','none',false]]", ""), "x");
    assert_int_equal(asked_by(w.vera, deal, "['exists','people'," IS_ANNA "]"), CRM_INVALID);
    assert_string_equal(world_code(&w.call, "name"), "unknown_field");
    world_read_end(&w);
    /* Олег may read nothing at all: neither the list nor whom it names. */
    assert_int_equal(asked_by(w.oleg, deal, "['exists','people']"), CRM_INVALID);
    world_read_end(&w);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void attachments_exist_or_not(void **state)
{
    (void)state;
    const cond *c;
    cond_error err;
    value row[FIELDS_MAX] = {0};
    add_deal("x", 0, 0);
    assert_string_equal(names(0, deal, "['exists','papers']", ""), "");
    assert_string_equal(names(0, deal, "['not',['exists','papers']]", ""), "x");
    assert_ok(read_cond(deal, "[\"exists\",\"papers\"]", &c, &err));
    assert_false(cond_eval(c, row, &(cond_env){0}));
    row[DEAL_PAPERS] = TEXT("a.pdf\tq3ZkAAAAAAAAAAAAAAAAAAAA\t5\tapplication/pdf");
    assert_true(cond_eval(c, row, &(cond_env){0}));
}

static void an_attachment_is_asked_for_by_its_name_size_and_type(void **state)
{
    (void)state;
    static const struct {
        const char *form;
        bool is;
    } rows[] = {
        {"['exists','papers',['name','starts','ДОГ']]", true},
        {"['exists','papers',['name','eq','pdf']]", false},
        {"['exists','papers',['name','has','.pdf']]", true},
        {"['exists','papers',['name','has','image']]", false},
        {"['exists','papers',['type','starts','image/']]", true},
        {"['exists','papers',['size','gt',5]]", true},
        {"['exists','papers',['size','gt',7]]", false},
        {"['exists','papers',['and',['type','eq','image/png'],['size','lte',5]]]", false},
        {"['exists','papers',['or',['type','eq','image/gif'],['size','in',[4,5]]]]", true},
        {"['not',['exists','papers',['not',['size','lt',8]]]]", true},
    };
    value row[FIELDS_MAX] = {0};
    row[DEAL_PAPERS] = TEXT("Договор.pdf\tq3ZkAAAAAAAAAAAAAAAAAAAA\t5\tapplication/pdf\n"
                            "b.png\tBq3kAAAAAAAAAAAAAAAAAAAA\t7\timage/png");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const cond *c;
        cond_error err;
        assert_ok(read_cond(deal, spell(rows[i].form, ""), &c, &err));
        assert_int_equal(cond_eval(c, row, &(cond_env){0}), rows[i].is);
    }
}

static void faults_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *form, *code, *field;
    } rows[] = {
        {"['exists','name']", "type_mismatch", "name"},
        {"['exists','peple']", "unknown_field", "peple"},
        {"['exists','people',['nam','eq','x']]", "unknown_field", "nam"},
        {"['exists','people',5]", "bad_request", ""},
        {"['exists','papers',['nam','eq','x']]", "unknown_field", "nam"},
        {"['exists','papers',['id','eq',1]]", "unknown_field", "id"},
        {"['exists','papers',['size','eq','big']]", "type_mismatch", "size"},
        {"['exists','papers',['name.x','eq','x']]", "type_mismatch", "name.x"},
        {"['exists','papers',['exists','name']]", "type_mismatch", "name"},
        {"['exists','papers',['exists','test.deal','people']]", "unknown_field", "people"},
        {"['exists','papers',['name','in_query',{'entity':'test.deal','field':'name'}]]",
         "type_mismatch", "papers"},
        {"['exists','test.deal']", "unknown_field", ""},
        {"['exists','test.deal','people']", "unknown_field", "people"},
        {"['people.nam','eq','x']", "unknown_field", "nam"},
        {"['people.owner.department.title','eq','x']", "path_too_long", "owner.department.title"},
        {"['papers','in_query',{'entity':'test.deal','field':'papers'}]", "type_mismatch",
         "papers"},
        {"['people','in_query',{'entity':'test.deal','field':'id'}]", "type_mismatch", "id"},
        {"['name','in_query',{'entity':'test.deal','field':'people'}]", "type_mismatch", "people"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const cond *c;
        cond_error err;
        assert_int_equal(read_cond(deal, spell(rows[i].form, ""), &c, &err), CRM_INVALID);
        assert_string_equal(err.code, rows[i].code);
        assert_text(err.field, rows[i].field);
    }
}

/* Each part of a condition may be as deep as is read, and is answered. */
static void nesting_is_bounded_and_what_is_taken_is_answered(void **state)
{
    (void)state;
    const cond *c;
    cond_error err;
    add_deal("x", add_person("Анна", w.anna), 0);
#define LED                                                                             \
    "['not',['exists','owner',['not',['exists','department',['not',['exists','head',['" \
    "login','eq','hanna']]]]]]]"
    assert_string_equal(names(w.zina, deal, "['exists','people',['not'," LED "]]", ""), "x");
    assert_string_equal(names(0, deal, "['exists','people'," LED "]", ""), "");
    const char *deeper = spell("['exists','people',['not',['not'," LED "]]]", "");
    assert_int_equal(read_cond(deal, deeper, &c, &err), CRM_INVALID);
    assert_string_equal(err.code, "too_complex");
}

#define ON_BOTH(name)                                         \
    cmocka_unit_test_setup_teardown(name, begin_sqlite, end), \
        cmocka_unit_test_setup_teardown(name, begin_memory, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(any_record_of_a_list_may_be_as_asked),
        ON_BOTH(rows_whose_list_holds_a_record_are_its_children),
        ON_BOTH(ids_of_a_list_are_looked_for_one_by_one),
        ON_BOTH(a_path_leads_through_a_list),
        ON_BOTH(a_path_that_gives_one_value_leads_through_none),
        ON_BOTH(what_lies_in_the_recycle_bin_does_not_count),
        ON_BOTH(a_record_that_he_may_not_read_does_not_count),
        ON_BOTH(a_field_that_he_may_not_see_is_unknown),
        ON_BOTH(attachments_exist_or_not),
        ON_BOTH(an_attachment_is_asked_for_by_its_name_size_and_type),
        ON_BOTH(faults_are_named),
        ON_BOTH(nesting_is_bounded_and_what_is_taken_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
