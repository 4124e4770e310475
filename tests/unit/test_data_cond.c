/* test_data_cond.c - conditions: reading the prefix form, evaluating on a row, NULL and many. */
#include "unit.h"

#include "base/zone.h"
#include "data/query.h"
#include "data/stores.h"

#define NAME(lit)            \
    {                        \
        lit, sizeof(lit) - 1 \
    }
#define DAY 86400000LL

enum {
    T_TITLE = COL_OWN,
    T_AMOUNT,
    T_STAGE,
    T_OWNER,
    T_PHONE,
    T_TAGS,
    T_DUE,
    T_DAY,
    T_PARENT,
    T_ON,
    T_PHONES,
    T_SECRET,
    T_EMAIL,
    T_JSON,
    T_COLUMNS
};
static const field fields[] = {
    {.name = NAME("title"), .type = FIELD_TEXT},
    {.name = NAME("amount"), .type = FIELD_MONEY, .scale = 2},
    {.name = NAME("stage"), .type = FIELD_STAGE},
    {.name = NAME("owner"), .type = FIELD_USER},
    {.name = NAME("phone"), .type = FIELD_PHONE},
    {.name = NAME("tags"), .type = FIELD_TAGS},
    {.name = NAME("due"), .type = FIELD_DATETIME},
    {.name = NAME("day"), .type = FIELD_DATE},
    {.name = NAME("parent"), .type = FIELD_REF, .ref_name = NAME("shop.thing")},
    {.name = NAME("on"), .type = FIELD_BOOL},
    {.name = NAME("phones"), .type = FIELD_PHONE, .flags = FIELD_MANY},
    {.name = NAME("secret"), .type = FIELD_TEXT, .flags = FIELD_HIDDEN},
    {.name = NAME("email"), .type = FIELD_EMAIL},
    {.name = NAME("data"), .type = FIELD_JSON},
};
static const stage stages[] = {{.name = NAME("new"), .is_start = true}, {.name = NAME("Done")}};

static registry *r;
static arena *a;
static const entity *thing;
static cond_env env;

static int setup(void **state)
{
    (void)state;
    registry_fault *faults;
    a = arena_new(0);
    r = registry_new();
    if (!a || !r) {
        return -1;
    }
    entity e = {.name = CRM_S("shop.thing"),
                .fields = fields,
                .stage_field = T_STAGE,
                .field_count = T_COLUMNS - COL_OWN,
                .owner_fields = {T_OWNER}};
    pipeline p = {.name = CRM_S("p"), .entity_name = e.name, .stages = stages, .stage_count = 2};
    r->timezone = CRM_S("Europe/Moscow");
    bool added = registry_add_entity(r, &e) == CRM_OK && registry_add_pipeline(r, &p) == CRM_OK;
    if (!added || registry_seal(r, a, &faults) != CRM_OK) {
        return -1;
    }
    thing = registry_entity(r, e.name);
    /* 2027-01-18 01:30 in Moscow, which is still the 17th in UTC. */
    env = (cond_env){.me = 7};
    assert_ok(clock_parse(CRM_S("2027-01-17T22:30:00Z"), &env.now));
    env.day_start = registry_day_start(r, env.now);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    registry_discard(r);
    arena_free(a);
    return 0;
}

static crm_status read_text(const char *text, const cond **out, cond_error *err)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    cond_scope on = {.reg = r, .entity = thing};
    crm_status st = cond_read(a, &on, json, out, err);
    json_decref(json);
    return st;
}

static const cond *read_ok(const char *text)
{
    const cond *c;
    cond_error err;
    crm_status st = read_text(text, &c, &err);
    if (st != CRM_OK) {
        print_error("%s: %s\n", text, err.code);
    }
    assert_ok(st);
    return c;
}

static value *sample(void)
{
    value *v = ARENA_ARRAY(a, value, T_COLUMNS);
    v[COL_ID] = value_int(5);
    v[T_TITLE] = value_text(CRM_S("Ёлка  Зелёная"));
    v[T_AMOUNT] = value_int(150000);
    v[T_STAGE] = value_text(CRM_S("new"));
    v[T_OWNER] = value_int(7);
    v[T_PHONE] = value_text(CRM_S("+79161234567"));
    v[T_TAGS] = value_text(CRM_S("VIP\nновый"));
    v[T_DUE] = value_int(env.now - 3 * DAY);
    v[T_DAY] = value_int(20836); /* 2027-01-18 */
    v[T_PHONES] = value_text(CRM_S("+74951234567;ext=7\n+79161234567"));
    v[T_EMAIL] = value_text(CRM_S("Ivan@example.ru"));
    return v;
}

static const struct {
    const char *text;
    bool truth;
} truths[] = {
    /* texts fold case; ё differs from е only when all else is equal */
    {"[\"title\",\"eq\",\"ёлка зелёная\"]", true},
    {"[\"title\",\"eq\",\"елка зелёная\"]", false},
    {"[\"title\",\"ne\",\"елка зелёная\"]", true},
    {"[\"title\",\"starts\",\"ЁЛКА З\"]", true},
    {"[\"title\",\"starts\",\"елка\"]", true},
    {"[\"title\",\"starts\",\"зел\"]", false},
    {"[\"title\",\"has\",\"ЗЕЛЕН\"]", true},
    {"[\"title\",\"has\",\"красн\"]", false},
    {"[\"title\",\"gt\",\"Ель\"]", false},
    {"[\"title\",\"lt\",\"Ель\"]", true},
    {"[\"email\",\"eq\",\"IVAN@EXAMPLE.RU\"]", true},
    /* stages by bytes, phones by the number */
    {"[\"stage\",\"eq\",\"new\"]", true},
    {"[\"stage\",\"in\",[\"Done\",\"new\"]]", true},
    {"[\"stage\",\"in\",[\"Done\"]]", false},
    {"[\"stage\",\"in\",[]]", false},
    {"[\"not\",[\"stage\",\"in\",[]]]", true},
    {"[\"phone\",\"eq\",\"8 916 123-45-67\"]", true},
    {"[\"phone\",\"eq\",\"8 916 123-45-67 доб. 12\"]", true},
    {"[\"phone\",\"has\",\"1234\"]", true},
    {"[\"phone\",\"has\",\"ext\"]", false},
    {"[\"phone\",\"starts\",\"+7916\"]", true},
    /* numbers */
    {"[\"amount\",\"eq\",\"1500.00\"]", true},
    {"[\"amount\",\"gt\",1499.99]", true},
    {"[\"amount\",\"gt\",1500]", false},
    {"[\"amount\",\"gte\",1500]", true},
    {"[\"amount\",\"lt\",\"1 500,01\"]", true},
    {"[\"amount\",\"lte\",1499]", false},
    {"[\"amount\",\"in\",[1,1500]]", true},
    {"[\"id\",\"eq\",5]", true},
    /* the acting user */
    {"[\"owner\",\"me\"]", true},
    {"[\"owner\",\"eq\",\"me\"]", true},
    {"[\"owner\",\"ne\",\"me\"]", false},
    {"[\"owner\",\"eq\",8]", false},
    {"[\"created_by\",\"me\"]", false},
    /* emptiness: it equals, orders and begins nothing, so `ne` and `not` are true */
    {"[\"parent\",\"none\"]", true},
    {"[\"parent\",\"none\",true]", true},
    {"[\"parent\",\"none\",0]", false},
    {"[\"owner\",\"none\",false]", true},
    {"[\"parent\",\"eq\",null]", true},
    {"[\"parent\",\"ne\",null]", false},
    {"[\"parent\",\"eq\",1]", false},
    {"[\"parent\",\"ne\",1]", true},
    {"[\"not\",[\"parent\",\"eq\",1]]", true},
    {"[\"parent\",\"lt\",1]", false},
    {"[\"not\",[\"parent\",\"lt\",1]]", true},
    {"[\"on\",\"eq\",false]", false},
    {"[\"on\",\"ne\",true]", true},
    {"[\"parent\",\"in\",[1,2]]", false},
    /* many values: any element, and `ne` is the negation of `eq` */
    {"[\"tags\",\"eq\",\"vip\"]", true},
    {"[\"tags\",\"has\",\"НОВЫЙ\"]", true},
    {"[\"tags\",\"has\",\"нов\"]", false},
    {"[\"tags\",\"starts\",\"нов\"]", true},
    {"[\"tags\",\"ne\",\"vip\"]", false},
    {"[\"tags\",\"ne\",\"старый\"]", true},
    {"[\"tags\",\"in\",[\"старый\",\"Новый\"]]", true},
    {"[\"phones\",\"eq\",\"89161234567\"]", true},
    {"[\"phones\",\"eq\",\"89161234567 доб. 12\"]", true},
    {"[\"phones\",\"in\",[\"+74951234567;ext=9\"]]", true},
    {"[\"phones\",\"has\",\"8 495 123 45 67\"]", true},
    {"[\"phones\",\"starts\",\"+7495\"]", true},
    /* moments */
    {"[\"due\",\"lt\",\"now\"]", true},
    {"[\"due\",\"eq\",\"now-3d\"]", true},
    {"[\"due\",\"gt\",\"now-73h\"]", true},
    {"[\"due\",\"gt\",\"now+1m\"]", false},
    {"[\"due\",\"lt\",\"today\"]", true},
    {"[\"due\",\"gte\",\"today-3d\"]", true},
    {"[\"due\",\"gte\",\"today-2d\"]", false},
    {"[\"due\",\"gte\",\"2027-01-15\"]", true}, /* midnight in the deployment's zone */
    {"[\"due\",\"gte\",\"2027-01-16\"]", false},
    {"[\"day\",\"eq\",\"today\"]", true}, /* the 18th in Moscow, though the 17th in UTC */
    {"[\"day\",\"eq\",\"now\"]", true},
    {"[\"day\",\"eq\",\"now-2h\"]", false},
    {"[\"day\",\"lt\",\"today+1d\"]", true},
    {"[\"day\",\"eq\",\"18.01.2027\"]", true},
    /* the tree */
    {"[\"and\",[\"owner\",\"me\"],[\"stage\",\"eq\",\"new\"]]", true},
    {"[\"and\",[\"owner\",\"me\"],[\"stage\",\"eq\",\"Done\"]]", false},
    {"[\"or\",[\"stage\",\"eq\",\"Done\"],[\"owner\",\"me\"]]", true},
    {"[\"not\",[\"or\",[\"stage\",\"eq\",\"Done\"],[\"owner\",\"me\"]]]", false},
};

static void truth_on_a_row(void **state)
{
    (void)state;
    const value *row = sample();
    for (size_t i = 0; i < sizeof truths / sizeof truths[0]; i++) {
        if (cond_eval(read_ok(truths[i].text), row, &env) != truths[i].truth) {
            print_error("%s is not %d\n", truths[i].text, truths[i].truth);
            fail();
        }
    }
    assert_true(cond_eval(NULL, row, &env));
}

/* Berlin's clocks go forward on 28 March 2027 and back on 31 October. */
static void other_days_begin_at_their_own_midnight(void **state)
{
    (void)state;
    static const struct {
        const char *now, *midnight;
        int64_t days;
    } rows[] = {
        {"2027-03-27T12:00:00Z", "2027-03-26T23:00:00Z", 0},
        {"2027-03-27T12:00:00Z", "2027-03-27T23:00:00Z", 1},
        {"2027-03-27T12:00:00Z", "2027-03-28T22:00:00Z", 2},
        {"2027-11-02T12:00:00Z", "2027-10-31T23:00:00Z", -1},
        {"2027-11-02T12:00:00Z", "2027-10-30T22:00:00Z", -2},
    };
    cond_env berlin = {.me = 7};
    assert_ok(zone_load(a, CRM_S("Europe/Berlin"), &berlin.zone));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t expected;
        assert_ok(clock_parse(str_of(rows[i].now), &berlin.now));
        assert_ok(clock_parse(str_of(rows[i].midnight), &expected));
        berlin.day_start = zone_day_start(berlin.zone, berlin.now);
        value today = {.kind = VALUE_TODAY, .i = rows[i].days};
        assert_true(cond_value(&thing->fields[T_DUE], today, &berlin).i == expected);
    }
}

static void faults_are_told_by_code(void **state)
{
    (void)state;
    static const struct {
        const char *text, *code;
    } rows[] = {
        {"5", "bad_request"},
        {"[]", "bad_request"},
        {"[\"and\"]", "bad_request"},
        {"[\"not\",[\"owner\",\"me\"],[\"owner\",\"me\"]]", "bad_request"},
        {"[\"title\"]", "bad_request"},
        {"[\"title\",\"like\",\"x\"]", "unknown_operator"},
        {"[\"title\",5,\"x\"]", "bad_request"},
        {"[\"title\",\"eq\"]", "bad_request"},
        {"[\"title\",\"eq\",\"x\",1]", "bad_request"},
        {"[1,\"eq\",\"x\"]", "bad_request"},
        {"[\"titel\",\"eq\",\"x\"]", "unknown_field"},
        {"[\"secret\",\"eq\",\"x\"]", "unknown_field"},
        {"[\"_marks\",\"eq\",\"x\"]", "unknown_field"},
        {"[\"parent.titel\",\"eq\",\"x\"]", "unknown_field"},
        {"[\"title.x\",\"eq\",\"x\"]", "type_mismatch"},
        {"[\"parent.parent.parent.title\",\"eq\",\"x\"]", "path_too_long"},
        {"[\"amount\",\"eq\",\"ten\"]", "type_mismatch"},
        {"[\"amount\",\"gt\",null]", "type_mismatch"},
        {"[\"amount\",\"starts\",\"1\"]", "type_mismatch"},
        {"[\"stage\",\"eq\",\"gone\"]", "type_mismatch"},
        {"[\"title\",\"me\"]", "type_mismatch"},
        {"[\"due\",\"gt\",\"nowish\"]", "type_mismatch"},
        {"[\"due\",\"gt\",\"today-1h\"]", "type_mismatch"},
        {"[\"due\",\"gt\",\"now+106751991167d\"]", "type_mismatch"},
        {"[\"title\",\"in\",\"x\"]", "type_mismatch"},
        {"[\"data\",\"gt\",1]", "type_mismatch"},
        {"[\"exists\",\"shop.thing\",\"title\"]", "unknown_field"},
        {"[\"exists\",\"shop.gone\",\"x\"]", "unknown_field"},
        {"[\"exists\",\"title\"]", "type_mismatch"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const cond *c;
        cond_error err;
        assert_int_equal(read_text(rows[i].text, &c, &err), CRM_INVALID);
        assert_null(c);
        if (strcmp(err.code, rows[i].code) != 0) {
            print_error("%s: %s, not %s\n", rows[i].text, err.code, rows[i].code);
            fail();
        }
    }
    cond_error err;
    const cond *c;
    assert_int_equal(read_text("[\"titel\",\"eq\",1]", &c, &err), CRM_INVALID);
    assert_text(err.field, "titel");
    assert_text(err.nearest, "title");
}

/* ["and", leaf x n] */
static char *wide(int n)
{
    buf b;
    buf_init(&b, 0);
    buf_z(&b, "[\"and\"");
    for (int i = 0; i < n; i++) {
        buf_z(&b, ",[\"owner\",\"me\"]");
    }
    buf_z(&b, "]");
    char *out = (char *)arena_cstr(a, buf_view(&b));
    buf_free(&b);
    return out;
}

static char *deep(int n)
{
    buf b;
    buf_init(&b, 0);
    for (int i = 0; i < n; i++) {
        buf_z(&b, "[\"not\",");
    }
    buf_z(&b, "[\"owner\",\"me\"]");
    for (int i = 0; i < n; i++) {
        buf_z(&b, "]");
    }
    char *out = (char *)arena_cstr(a, buf_view(&b));
    buf_free(&b);
    return out;
}

static void size_and_depth_are_bounded(void **state)
{
    (void)state;
    const cond *c;
    cond_error err;
    read_ok(wide(COND_NODES_MAX - 1));
    assert_int_equal(read_text(wide(COND_NODES_MAX), &c, &err), CRM_INVALID);
    assert_string_equal(err.code, "too_complex");
    read_ok(deep(COND_DEPTH_MAX));
    assert_int_equal(read_text(deep(COND_DEPTH_MAX + 1), &c, &err), CRM_INVALID);
    assert_string_equal(err.code, "too_complex");
}

static void paths_are_resolved_and_not_local(void **state)
{
    (void)state;
    const cond *c = read_ok("[\"parent.parent.title\",\"eq\",\"x\"]");
    assert_int_equal(c->path_length, 3);
    assert_ptr_equal(c->path[2], &thing->fields[T_TITLE]);
    assert_false(cond_is_local(c));
    c = read_ok("[\"owner.department.name\",\"eq\",\"x\"]");
    assert_ptr_equal(c->path[1], &registry_store(r, STORE_USER)->fields[USER_DEPARTMENT]);
    assert_true(cond_is_local(read_ok("[\"not\",[\"owner\",\"me\"]]")));
    assert_false(cond_is_local(read_ok("[\"not\",[\"parent.title\",\"none\"]]")));
    assert_true(cond_is_local(NULL));
}

static void children_are_asked_for_by_exists(void **state)
{
    (void)state;
    const cond *c = read_ok("[\"exists\",\"shop.thing\",\"parent\",[\"stage\",\"eq\",\"new\"]]");
    assert_int_equal(c->op, COND_EXISTS);
    assert_ptr_equal(c->path[0], &thing->fields[T_PARENT]);
    assert_int_equal(c->first->op, COND_EQ);
    assert_false(cond_is_local(c));
    assert_null(read_ok("[\"exists\",\"shop.thing\",\"parent\"]")->first);
}

static void what_a_row_refers_to_is_asked_for_by_its_field(void **state)
{
    (void)state;
    uint64_t set[4] = {0}, wanted[4] = {0};
    const cond *c = read_ok("[\"exists\",\"parent\",[\"stage\",\"eq\",\"new\"]]");
    assert_int_equal(c->op, COND_REFERS);
    assert_ptr_equal(c->path[0], &thing->fields[T_PARENT]);
    assert_int_equal(c->first->op, COND_EQ);
    assert_false(cond_is_local(c));
    bits_add(wanted, T_PARENT);
    cond_fields(c, set); /* the other row's are not its own */
    assert_memory_equal(set, wanted, sizeof set);
    assert_null(read_ok("[\"exists\",\"parent\"]")->first);
}

static void touched_fields_are_the_first_of_each_path(void **state)
{
    (void)state;
    uint64_t set[4] = {0}, wanted[4] = {0};
    bits_add(wanted, T_PARENT);
    bits_add(wanted, T_STAGE);
    cond_fields(read_ok("[\"or\",[\"parent.title\",\"eq\",\"x\"],[\"not\",[\"stage\",\"none\"]]]"),
                set);
    assert_memory_equal(set, wanted, sizeof set);
    memset(set, 0, sizeof set);
    cond_fields(read_ok("[\"exists\",\"shop.thing\",\"parent\"]"), set);
    assert_true(!(set[0] | set[1] | set[2] | set[3]));
}

static void conditions_are_joined_without_changing_them(void **state)
{
    (void)state;
    const value *row = sample();
    const cond *mine = cond_compare(a, COND_ME, &thing->fields[T_OWNER], value_null());
    const cond *done = cond_compare(a, COND_EQ, &thing->fields[T_STAGE], value_text(CRM_S("Done")));
    assert_ptr_equal(cond_and(a, NULL, mine), mine);
    assert_ptr_equal(cond_and(a, mine, NULL), mine);
    assert_null(cond_or(a, NULL, done)); /* true or anything */
    assert_false(cond_eval(cond_and(a, mine, done), row, &env));
    assert_true(cond_eval(cond_or(a, done, mine), row, &env));
    const cond *twice = cond_and(a, cond_or(a, mine, done), cond_or(a, done, mine));
    assert_true(cond_eval(twice, row, &env));
    assert_null(mine->next);
    value ids[] = {value_int(1), value_int(7)};
    assert_true(cond_eval(cond_in(a, &thing->fields[T_OWNER], ids, 2), row, &env));
    assert_false(cond_eval(cond_in(a, &thing->fields[T_OWNER], ids, 0), row, &env));
}

static void without_memory_nothing_is_seen(void **state)
{
    (void)state;
    const cond *mine = cond_compare(a, COND_ME, &thing->fields[T_OWNER], value_null());
    arena *full = arena_new(16);
    assert_false(cond_eval(cond_and(full, mine, mine), sample(), &env));
    assert_false(cond_eval(cond_compare(full, COND_ME, &thing->fields[T_OWNER], value_null()),
                           sample(), &env));
    arena_free(full);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(truth_on_a_row),
        TEST(other_days_begin_at_their_own_midnight),
        TEST(faults_are_told_by_code),
        TEST(size_and_depth_are_bounded),
        TEST(paths_are_resolved_and_not_local),
        TEST(children_are_asked_for_by_exists),
        TEST(what_a_row_refers_to_is_asked_for_by_its_field),
        TEST(touched_fields_are_the_first_of_each_path),
        TEST(conditions_are_joined_without_changing_them),
        TEST(without_memory_nothing_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
