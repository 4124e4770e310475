/* test_data_in_query.c - values of other rows: reading such a condition, its answer, its rights. */
#include "data_world.h"

static arena *a; /* of the conditions */

static int open_sqlite(void **state)
{
    (void)state;
    world_open(&w, WORLD_SQLITE);
    a = arena_new(0);
    return a ? 0 : -1;
}

static int open_memory(void **state)
{
    (void)state;
    world_open(&w, WORLD_MEMORY);
    a = arena_new(0);
    return a ? 0 : -1;
}

static int close_both(void **state)
{
    arena_free(a);
    return close_world(state);
}

/* A condition over leads. */
static crm_status read_cond(const char *text, const cond **out, cond_error *err)
{
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    crm_status st = cond_read(a, &(cond_scope){.reg = w.reg, .entity = w.lead}, json, out, err);
    json_decref(json);
    return st;
}

static const cond *over_leads(const char *text)
{
    const cond *c;
    cond_error err;
    assert_ok(read_cond(text, &c, &err));
    return c;
}

static int64_t add_person(const char *name, int64_t owner)
{
    record *r;
    crm_ctx *c = world_begin(&w, 0);
    assert_ok(records_new(c, w.person, &r));
    assert_ok(record_set(r, &w.person->fields[PERSON_NAME], value_text(str_of(name))));
    assert_ok(record_set(r, &w.person->fields[PERSON_OWNER], value_int(owner)));
    crm_status st = records_save(c, r, 0);
    world_end(&w, st);
    assert_ok(st);
    return r->v[COL_ID].i;
}

static int64_t add_lead(const char *title, int64_t owner, int64_t contact)
{
    int64_t id = world_lead(&w, title, owner, 0);
    if (contact) {
        assert_ok(world_update(&w, 0, w.lead, id, LEAD_CONTACT, value_int(contact)));
    }
    return id;
}

static void set(int64_t id, uint16_t f, value v)
{
    assert_ok(world_update(&w, 0, w.lead, id, f, v));
}

#define ANNAS "{\"entity\":\"test.person\",\"field\":\"id\",\"where\":[\"name\",\"eq\",\"Анна\"]}"

static void a_reference_is_looked_for_among_ids(void **state)
{
    (void)state;
    int64_t anna = add_person("АННА", w.anna), boris = add_person("Борис", w.anna);
    add_lead("a", w.anna, anna);
    add_lead("b", w.anna, boris);
    add_lead("none", w.anna, 0);
    const cond *among = over_leads("[\"contact\",\"in_query\"," ANNAS "]");
    const cond *not_among = over_leads("[\"not\",[\"contact\",\"in_query\"," ANNAS "]]");
    assert_string_equal(world_titles(&w, 0, among), "a");
    assert_string_equal(world_titles(&w, 0, not_among), "b none");
}

static void ids_are_looked_for_among_references(void **state)
{
    (void)state;
    int64_t both = add_person("Обе", w.anna), one = add_person("Одна", w.anna);
    add_lead("x", w.anna, both);
    add_lead("y", w.boris, both);
    add_lead("z", w.anna, one);
    add_lead("nobody", w.anna, 0);
    /* leads whose contact stands in a lead of Борис */
    char text[200];
    snprintf(text, sizeof text,
             "[\"contact\",\"in_query\",{\"entity\":\"test.lead\",\"field\":\"contact\","
             "\"where\":[\"owner\",\"eq\",%lld]}]",
             (long long)w.boris);
    assert_string_equal(world_titles(&w, 0, over_leads(text)), "x y");
}

static void elements_are_looked_for_one_by_one(void **state)
{
    (void)state;
    int64_t first = add_lead("first", w.anna, 0), second = add_lead("second", w.anna, 0);
    int64_t third = add_lead("third", w.anna, 0);
    set(first, LEAD_PHONE, TEXT("+79160000001\n+79160000002"));
    set(second, LEAD_PHONE, TEXT("+79160000002\n+79160000003"));
    set(third, LEAD_PHONE, TEXT("+79160000004"));
    assert_string_equal(
        world_titles(&w, 0,
                     over_leads("[\"phone\",\"in_query\",{\"entity\":\"test.lead\",\"field\":"
                                "\"phone\",\"where\":[\"title\",\"eq\",\"second\"]}]")),
        "first second");
}

static void what_lies_in_the_recycle_bin_is_not_among(void **state)
{
    (void)state;
    int64_t anna = add_person("Анна", w.anna);
    add_lead("a", w.anna, anna);
    crm_ctx *c = world_begin(&w, 0);
    crm_status st = records_delete(c, w.person, anna, 0);
    world_end(&w, st);
    assert_ok(st);
    assert_string_equal(world_titles(&w, 0, over_leads("[\"contact\",\"in_query\"," ANNAS "]")),
                        "");
}

static void only_what_the_asker_may_read_is_among(void **state)
{
    (void)state;
    int64_t hers = add_person("Анна", w.anna), his = add_person("Анна", w.boris);
    add_lead("hers", w.anna, hers);
    add_lead("his", w.anna, his); /* her lead, of a person she may not read */
    const cond *among = over_leads("[\"contact\",\"in_query\"," ANNAS "]");
    assert_string_equal(world_titles(&w, 0, among), "hers his");
    assert_string_equal(world_titles(&w, w.anna, among), "hers");
}

static crm_status restrict_as(int64_t user, const char *text)
{
    const cond *out;
    uint64_t touched[4];
    const cond *c = over_leads(text);
    return cond_restrict(world_read(&w, user), w.lead, c, &out, touched);
}

static void what_he_may_not_see_is_unknown(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
    } rows[] = {
        {"[\"id\",\"in_query\",{\"entity\":\"test.lead\",\"field\":\"id\",\"where\":"
         "[\"secret\",\"eq\",\"x\"]}]",
         "secret"},
        {"[\"title\",\"in_query\",{\"entity\":\"test.lead\",\"field\":\"secret\"}]", "secret"},
        {"[\"contact\",\"in_query\",{\"entity\":\"test.person\",\"field\":\"id\"}]", "test.person"},
        {"[\"secret\",\"in_query\",{\"entity\":\"test.lead\",\"field\":\"title\"}]", "secret"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_ok(restrict_as(w.zina, rows[i].text));
        world_read_end(&w);
        assert_int_equal(restrict_as(w.vera, rows[i].text), CRM_INVALID);
        assert_string_equal(world_code(&w.call, rows[i].name), "unknown_field");
        world_read_end(&w);
    }
}

static void faults_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *code, *field;
    } rows[] = {
        {"[\"contact\",\"in_query\",5]", "bad_request", "contact"},
        {"[\"contact\",\"in_query\"]", "bad_request", "contact"},
        {"[\"contact\",\"in_query\",{\"entity\":\"test.person\"}]", "bad_request", "contact"},
        {"[\"contact\",\"in_query\",{\"entity\":\"test.person\",\"field\":\"id\",\"x\":1}]",
         "bad_request", "contact"},
        {"[\"contact\",\"in_query\",{\"entity\":\"test.gone\",\"field\":\"id\"}]", "unknown_field",
         "test.gone"},
        {"[\"contact\",\"in_query\",{\"entity\":\"test.person\",\"field\":\"nam\"}]",
         "unknown_field", "nam"},
        {"[\"contact\",\"in_query\",{\"entity\":\"test.lead\",\"field\":\"id\"}]", "type_mismatch",
         "id"},
        {"[\"amount\",\"in_query\",{\"entity\":\"test.lead\",\"field\":\"id\"}]", "type_mismatch",
         "id"},
        {"[\"contact\",\"in_query\",{\"entity\":\"test.person\",\"field\":\"id\","
         "\"where\":[\"name\",\"like\",1]}]",
         "unknown_operator", "name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const cond *c;
        cond_error err;
        assert_int_equal(read_cond(rows[i].text, &c, &err), CRM_INVALID);
        assert_string_equal(err.code, rows[i].code);
        assert_text(err.field, rows[i].field);
    }
}

/* "contact in (persons whose id is in (contacts of leads whose contact is in …": `n` deep. */
static const char *nested(int n)
{
    static char text[4000];
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "[\"not\",[\"contact\",\"in_query\",{\"entity\":\"test.lead\","
                               "\"field\":\"contact\",\"where\":");
    }
    at += (size_t)snprintf(text + at, sizeof text - at, "[\"title\",\"starts\",\"a\"]");
    for (int i = 0; i < n; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "}]]");
    }
    return text;
}

static void nesting_is_bounded_and_what_is_taken_is_answered(void **state)
{
    (void)state;
    const cond *c;
    cond_error err;
    int64_t p = add_person("Анна", w.anna);
    add_lead("a", w.anna, p);
    add_lead("b", w.anna, 0);
    assert_string_equal(world_titles(&w, 0, over_leads(nested(1))), "b");
    assert_string_equal(world_titles(&w, w.anna, over_leads(nested(2))), "a b");
    assert_string_equal(world_titles(&w, w.alla, over_leads(nested(4))), "");
    assert_int_equal(read_cond(nested(5), &c, &err), CRM_INVALID);
    assert_string_equal(err.code, "too_complex");
}

#define ON_BOTH(name)                                               \
    cmocka_unit_test_setup_teardown(name, open_sqlite, close_both), \
        cmocka_unit_test_setup_teardown(name, open_memory, close_both)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_reference_is_looked_for_among_ids),
        ON_BOTH(ids_are_looked_for_among_references),
        ON_BOTH(elements_are_looked_for_one_by_one),
        ON_BOTH(what_lies_in_the_recycle_bin_is_not_among),
        ON_BOTH(only_what_the_asker_may_read_is_among),
        ON_BOTH(what_he_may_not_see_is_unknown),
        ON_BOTH(faults_are_named),
        ON_BOTH(nesting_is_bounded_and_what_is_taken_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
