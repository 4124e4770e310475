/* test_data_rights_parts.c - who sees and changes parts of records: they follow their parents. */
#include "data_world.h"

/* ---- lines and their parents ------------------------------------------------------------------
 */

static int64_t add_line(int64_t user, int64_t lead, crm_status *st)
{
    record *r;
    crm_ctx *c = world_begin(&w, user);
    *st = records_new(c, w.line, &r);
    *st = *st ? *st : record_set(r, &w.line->fields[LINE_LEAD], value_int(lead));
    *st = *st ? *st : record_set(r, &w.line->fields[LINE_NAME], TEXT("bolt"));
    *st = *st ? *st : records_save(c, r, 0);
    int64_t id = r->v[COL_ID].i;
    world_end(&w, *st);
    return id;
}

static uint32_t lines_of(int64_t user)
{
    record **rows;
    uint32_t count;
    crm_ctx *c = world_read(&w, user);
    query q = {.entity = w.line};
    assert_ok(records_list(c, &q, &rows, &count));
    world_read_end(&w);
    return count;
}

static void parts_follow_their_parent(void **state)
{
    (void)state;
    crm_status st;
    int64_t lead = world_lead(&w, "anna1", w.anna, 0);
    int64_t line = add_line(w.anna, lead, &st);
    assert_ok(st);
    assert_int_equal(lines_of(w.anna), 1);
    assert_int_equal(lines_of(w.boris), 0);
    assert_int_equal(lines_of(w.hanna), 1);
    assert_int_equal(lines_of(w.vera), 1);
    add_line(w.boris, lead, &st);
    assert_int_not_equal(st, CRM_OK);
    /* Who may change only the stage of the parent does not change its lines. */
    add_line(w.vera, lead, &st);
    assert_int_equal(st, CRM_DENIED);
    assert_int_equal(world_update(&w, w.vera, w.line, line, LINE_NAME, TEXT("nut")), CRM_DENIED);
    assert_ok(world_update(&w, w.hanna, w.line, line, LINE_NAME, TEXT("nut")));
}

static crm_status remove_as(int64_t user, const entity *e, int64_t id, bool is_back)
{
    crm_ctx *c = world_begin(&w, user);
    crm_status st = is_back ? records_restore(c, e, id) : records_delete(c, e, id, 0);
    world_end(&w, st);
    return st;
}

static crm_status bin(const entity *e, int64_t id, bool is_back)
{
    return remove_as(0, e, id, is_back);
}

static uint32_t counted(int64_t user, query q)
{
    record **rows;
    uint32_t count;
    crm_ctx *c = world_read(&w, user);
    assert_ok(records_list(c, &q, &rows, &count));
    world_read_end(&w);
    return count;
}

/* Leads that are titled as a line is named. */
static uint32_t leads_named_as_lines(int64_t user)
{
    subquery lines = {.field = &w.line->fields[LINE_NAME]};
    cond among = {.op = COND_IN_QUERY,
                  .path = {&w.lead->fields[LEAD_TITLE]},
                  .path_length = 1,
                  .sub = &lines};
    return counted(user, (query){.entity = w.lead, .where = &among});
}

static crm_status get_line(int64_t user, int64_t id)
{
    record *r;
    crm_ctx *c = world_read(&w, user);
    crm_status st = records_get(c, w.line, id, &r);
    world_read_end(&w);
    return st;
}

static void parts_share_the_fate_of_what_lies_in_the_bin(void **state)
{
    (void)state;
    crm_status st;
    const int64_t all[] = {w.anna, w.hanna, w.vera, w.zina, 0};
    int64_t lead = world_lead(&w, "anna1", w.anna, 0), other = world_lead(&w, "bolt", w.anna, 0);
    int64_t line = add_line(w.anna, lead, &st), thrown = add_line(w.anna, lead, &st);
    int64_t kept = add_line(w.anna, other, &st);
    assert_ok(world_update(&w, w.anna, w.line, kept, LINE_NAME, TEXT("nut")));
    assert_ok(bin(w.line, thrown, false));
    assert_ok(bin(w.lead, lead, false));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(lines_of(all[i]), 1);
        assert_int_equal(leads_named_as_lines(all[i]), 0);
    }
    query gone = {.entity = w.line, .with_deleted = true, .only_deleted = true};
    assert_int_equal(counted(w.hanna, gone), 0);
    assert_int_equal(get_line(w.hanna, line), CRM_NOT_FOUND);
    assert_ok(get_line(w.hanna, kept));
    assert_int_equal(world_update(&w, w.hanna, w.line, line, LINE_NAME, TEXT("nut")),
                     CRM_NOT_FOUND);
    assert_ok(bin(w.lead, lead, true));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(lines_of(all[i]), 2);
        assert_int_equal(leads_named_as_lines(all[i]), 1);
    }
    assert_int_equal(counted(w.hanna, gone), 1);
    assert_ok(world_update(&w, w.hanna, w.line, line, LINE_NAME, TEXT("nut")));
}

/* ---- conditions over the parts of a record --------------------------------------------------- */

#define NUTS "[\"exists\",\"test.line\",\"lead\",[\"name\",\"eq\",\"nut\"]]"
#define ID_NUTS                                                                    \
    "[\"id\",\"in_query\",{\"entity\":\"test.line\",\"field\":\"lead\",\"where\":" \
    "[\"name\",\"eq\",\"nut\"]}]"
#define S(lit)              \
    {                       \
        lit, sizeof lit - 1 \
    }
#define GRANT(who, action_, text)                                                  \
    {                                                                              \
        .role = S(who), .entity_name = S("test.lead"), .action = ACTION_##action_, \
        .scope = SCOPE_ALL, .where_text = S(text)                                  \
    }

/* Those who see leads with nuts in them, and those who see the others. */
static const role nut_roles[] = {{.name = S("with")}, {.name = S("without")}};
static const grant nuts_by_exists[] = {GRANT("with", READ, NUTS), GRANT("with", UPDATE, NUTS),
                                       GRANT("without", READ, "[\"not\"," NUTS "]"),
                                       GRANT("without", UPDATE, "[\"not\"," NUTS "]")};
static const grant nuts_by_query[] = {GRANT("with", READ, ID_NUTS), GRANT("with", UPDATE, ID_NUTS),
                                      GRANT("without", READ, "[\"not\"," ID_NUTS "]"),
                                      GRANT("without", UPDATE, "[\"not\"," ID_NUTS "]")};

static const crm_str removers[] = {S("with"), S("without")};
static const function_grant may_remove = {S("delete"), removers, 2};

static int open_nuts(void **state, const grant *grants, int (*open)(void **state))
{
    world_roles = nut_roles;
    world_role_count = 2;
    world_grants = grants;
    world_grant_count = 4;
    world_functions = &may_remove;
    world_function_count = 1;
    return open(state);
}

static int open_exists(void **state)
{
    return open_nuts(state, nuts_by_exists, open_world);
}

static int open_exists_delayed(void **state)
{
    return open_nuts(state, nuts_by_exists, open_delayed);
}

static int open_query(void **state)
{
    return open_nuts(state, nuts_by_query, open_world);
}

static int open_query_delayed(void **state)
{
    return open_nuts(state, nuts_by_query, open_delayed);
}

static uint32_t leads_of(int64_t user, bool gone)
{
    return counted(user, (query){.entity = w.lead, .with_deleted = gone, .only_deleted = gone});
}

/* Else whoever throws a record away could not bring it back, and a record kept from somebody would
 * show itself to him in the bin. */
static void a_condition_over_parts_says_the_same_of_a_record_in_the_bin(void **state)
{
    (void)state;
    crm_status st;
    const entity *users = registry_store(w.reg, STORE_USER);
    int64_t nuts = world_lead(&w, "nuts", 0, 0), bolts = world_lead(&w, "bolts", 0, 0);
    int64_t nut = add_line(w.zina, nuts, &st);
    assert_ok(st);
    add_line(w.zina, bolts, &st);
    assert_ok(st);
    assert_ok(world_update(&w, 0, w.line, nut, LINE_NAME, TEXT("nut")));
    assert_ok(world_update(&w, 0, users, w.oleg, USER_ROLES, TEXT("with")));
    assert_ok(world_update(&w, 0, users, w.alla, USER_ROLES, TEXT("without")));
    assert_string_equal(world_titles(&w, w.oleg, NULL), "nuts");
    assert_string_equal(world_titles(&w, w.alla, NULL), "bolts");
    assert_ok(remove_as(w.oleg, w.lead, nuts, false));
    assert_int_equal(leads_of(w.oleg, true), 1);
    assert_int_equal(leads_of(w.alla, true), 0);
    assert_int_equal(remove_as(w.alla, w.lead, nuts, true), CRM_NOT_FOUND);
    assert_ok(remove_as(w.oleg, w.lead, nuts, true));
    assert_ok(remove_as(w.alla, w.lead, bolts, false));
    assert_int_equal(leads_of(w.oleg, true), 0);
    assert_int_equal(leads_of(w.alla, true), 1);
    assert_int_equal(remove_as(w.oleg, w.lead, bolts, true), CRM_NOT_FOUND);
    assert_ok(remove_as(w.alla, w.lead, bolts, true));
    /* A part that was thrown away by itself is none. */
    assert_ok(bin(w.line, nut, false));
    assert_string_equal(world_titles(&w, w.oleg, NULL), "");
    assert_string_equal(world_titles(&w, w.alla, NULL), "nuts bolts");
}

static const crm_str lines_alone[] = {S("test.line")};
static const role linker_roles[] = {{.name = S("linker")}};
static const crm_str linkers[] = {S("linker")};
static const function_grant linkers_may_remove = {S("delete"), linkers, 1};
static const grant by_own_parts[] = {
    {.role = S("linker"), .entity_name = S("test.lead"), .action = ACTION_READ, .scope = SCOPE_ALL},
    {.role = S("linker"),
     .entity_name = S("test.lead"),
     .action = ACTION_DELETE,
     .scope = SCOPE_LINKED,
     .linked_to = lines_alone,
     .linked_count = 1},
};

static int open_linked_with(void **state, int (*open)(void **state))
{
    world_roles = linker_roles;
    world_role_count = 1;
    world_grants = by_own_parts;
    world_grant_count = 2;
    world_functions = &linkers_may_remove;
    world_function_count = 1;
    return open(state);
}

static int open_linked(void **state)
{
    return open_linked_with(state, open_world);
}

static int open_linked_delayed(void **state)
{
    return open_linked_with(state, open_delayed);
}

static void a_right_by_the_parts_of_a_record_holds_in_the_bin(void **state)
{
    (void)state;
    crm_status st;
    const entity *users = registry_store(w.reg, STORE_USER);
    int64_t whole = world_lead(&w, "whole", 0, 0), bare = world_lead(&w, "bare", 0, 0);
    int64_t line = add_line(w.zina, whole, &st);
    assert_ok(st);
    assert_ok(world_update(&w, 0, users, w.oleg, USER_ROLES, TEXT("linker")));
    assert_int_equal(remove_as(w.oleg, w.lead, bare, false), CRM_DENIED);
    assert_ok(remove_as(w.oleg, w.lead, whole, false));
    assert_ok(remove_as(w.oleg, w.lead, whole, true));
    /* A part that was thrown away by itself is none. */
    assert_ok(bin(w.line, line, false));
    assert_int_equal(remove_as(w.oleg, w.lead, whole, false), CRM_DENIED);
}

static bool count_row(void *arg, const value *row, uint32_t matched)
{
    (void)row;
    (void)matched;
    ++*(uint32_t *)arg;
    return true;
}

/* Whoever may see them. */
static uint32_t stored_lines(void)
{
    uint32_t count = 0;
    query q = {.entity = w.line, .with_deleted = true};
    crm_ctx *c = world_begin(&w, 0);
    crm_status st = tx_list(c->tx, &q, count_row, &count);
    assert_ok(st);
    world_end(&w, st);
    return count;
}

static void parts_go_for_ever_with_what_they_are_parts_of(void **state)
{
    (void)state;
    crm_status st;
    uint32_t left = 2;
    int64_t lead = world_lead(&w, "anna1", w.anna, 0), other = world_lead(&w, "anna2", w.anna, 0);
    int64_t thrown = add_line(w.anna, lead, &st);
    for (int i = 0; i < 4; i++) {
        add_line(w.anna, i ? lead : other, &st);
    }
    assert_ok(bin(w.line, thrown, false));
    assert_ok(bin(w.lead, lead, false));
    assert_int_equal(stored_lines(), 5);
    /* A few at a time, as the bin empties itself. */
    st = records_purge_parts(world_begin(&w, 0), w.lead, lead, &left);
    world_end(&w, st);
    assert_ok(st);
    assert_int_equal(left, 0);
    assert_int_equal(stored_lines(), 3);
    st = records_purge(world_begin(&w, w.zina), w.lead, lead);
    world_end(&w, st);
    assert_ok(st);
    assert_int_equal(stored_lines(), 1);
    assert_int_equal(lines_of(w.anna), 1);
}

/* The record first, so it is never seen with some of its parts alone. */
static void a_record_goes_before_parts_that_are_too_many_at_once(void **state)
{
    (void)state;
    crm_status st;
    uint32_t left = 2;
    int64_t lead = world_lead(&w, "anna1", w.anna, 0);
    for (int i = 0; i < 5; i++) {
        add_line(w.anna, lead, &st);
    }
    assert_ok(bin(w.lead, lead, false));
    st = records_purge_some(world_begin(&w, w.zina), w.lead, lead, &left);
    world_end(&w, st);
    assert_ok(st);
    assert_int_equal(left, 0);
    assert_int_equal(bin(w.lead, lead, true), CRM_NOT_FOUND);
    assert_int_equal(stored_lines(), 3);
    assert_int_equal(lines_of(w.anna), 0);
    left = 10;
    st = records_purge_parts(world_begin(&w, 0), w.lead, lead, &left);
    world_end(&w, st);
    assert_ok(st);
    assert_int_equal(left, 7);
    assert_int_equal(stored_lines(), 0);
}

static const crm_str no_fields[] = {{"lead", sizeof "lead" - 1}};
static const grant part_lists[] = {
    {.role = {"seller", sizeof "seller" - 1},
     .entity_name = {"test.line", sizeof "test.line" - 1},
     .action = ACTION_READ,
     .scope = SCOPE_ALL,
     .fields = no_fields,
     .field_count = 1},
};

static int open_with_lists(void **state, int which)
{
    world_grants = part_lists;
    world_grant_count = 1;
    return which ? open_delayed(state) : open_world(state);
}

static int open_lists(void **state)
{
    return open_with_lists(state, 0);
}

static int open_lists_delayed(void **state)
{
    return open_with_lists(state, 1);
}

/* ---- many roles with lists of parts ---------------------------------------------------------- */

#define MANY 20

/* Roles "a0", "b0", "a1", …: both of a number read the leads of that title; of lines the first are
 * shown the reference alone, and the second all, or with `are_alike`
 * only the last. */
static struct many_roles {
    char names[2 * MANY][16], wheres[MANY][48], all[2 * MANY * 16];
    grant grants[4 * MANY];
    role roles[2 * MANY];
} crowd;

static grant of_role(const char *whose, const char *entity_name)
{
    return (grant){.role = str_of(whose),
                   .entity_name = str_of(entity_name),
                   .action = ACTION_READ,
                   .scope = SCOPE_ALL};
}

static int open_many(void **state, uint32_t count, bool are_alike)
{
    static const crm_str name_too[] = {{"lead", 4}, {"name", 4}};
    memset(&crowd, 0, sizeof crowd);
    for (uint32_t i = 0; i < 2 * count; i++) {
        char *whose = crowd.names[i];
        grant *lead = &crowd.grants[2 * i], *line = lead + 1;
        (void)snprintf(whose, sizeof crowd.names[i], "%c%u", i % 2 ? 'b' : 'a', i / 2);
        (void)snprintf(crowd.wheres[i / 2], sizeof crowd.wheres[0], "[\"title\",\"eq\",\"t%u\"]",
                       i / 2);
        strcat(strcat(crowd.all, i ? "\n" : ""), whose);
        crowd.roles[i] = (role){.name = str_of(whose)};
        *lead = of_role(whose, "test.lead");
        *line = of_role(whose, "test.line");
        lead->where_text = are_alike ? lead->where_text : str_of(crowd.wheres[i / 2]);
        line->fields = name_too;
        line->field_count = (are_alike ? i + 1 == 2 * count : i % 2) ? 2 : 1;
    }
    world_grants = crowd.grants;
    world_grant_count = 4 * count;
    world_roles = crowd.roles;
    world_role_count = 2 * count;
    return open_world(state);
}

static int open_many_alike(void **state)
{
    return open_many(state, MANY / 2, true);
}

static int open_many_different(void **state)
{
    return open_many(state, 9, false);
}

/* The name of the first line he sees; "-" when he does not see names. */
static const char *line_name(int64_t user)
{
    static char name[64];
    record **rows;
    uint32_t count;
    crm_ctx *c = world_read(&w, user);
    query q = {.entity = w.line};
    assert_ok(records_list(c, &q, &rows, &count));
    assert_int_equal(count, 1);
    bool is_seen = bits_has(rows[0]->visible, LINE_NAME);
    assert_true(bits_has(rows[0]->visible, LINE_LEAD));
    assert_int_equal(value_is_null(rows[0]->v[LINE_NAME]), !is_seen);
    (void)snprintf(name, sizeof name, is_seen ? "%.*s" : "-", STR_FMT(rows[0]->v[LINE_NAME].s));
    world_read_end(&w);
    return name;
}

/* More than a row's branches can be: roles that see the same of lines are told apart by nothing. */
static void many_roles_with_few_lists_lose_nothing(void **state)
{
    (void)state;
    crm_status st;
    int64_t lead = world_lead(&w, "t3", w.boris, 0);
    add_line(w.hanna, lead, &st);
    assert_ok(st);
    assert_ok(world_update(&w, 0, registry_store(w.reg, STORE_USER), w.oleg, USER_ROLES,
                           value_text(str_of(crowd.all))));
    assert_string_equal(line_name(w.oleg), "bolt");
}

/* Then he sees what all of them show: less than each alone, but no line is lost and nothing gained.
 */
static void roles_with_too_many_lists_show_what_all_of_them_name(void **state)
{
    (void)state;
    crm_status st;
    int64_t lead = world_lead(&w, "t3", w.boris, 0), other = world_lead(&w, "other", w.boris, 0);
    add_line(w.hanna, lead, &st);
    add_line(w.hanna, other, &st);
    assert_ok(st);
    const entity *users = registry_store(w.reg, STORE_USER);
    assert_ok(world_update(&w, 0, users, w.oleg, USER_ROLES, TEXT("a3\nb3")));
    assert_string_equal(line_name(w.oleg), "bolt");
    assert_ok(world_update(&w, 0, users, w.oleg, USER_ROLES, value_text(str_of(crowd.all))));
    assert_string_equal(line_name(w.oleg), "-");
}

/* Vera reads all as a viewer, anna only her own as a seller, whose list has no name in it. */
static void a_role_sees_the_fields_of_parts_that_its_list_names(void **state)
{
    (void)state;
    crm_status st;
    const entity *user = registry_store(w.reg, STORE_USER);
    int64_t lead = world_lead(&w, "anna1", w.anna, 0);
    int64_t line = add_line(w.hanna, lead, &st);
    assert_ok(st);
    assert_string_equal(line_name(w.anna), "-");
    assert_string_equal(line_name(w.hanna), "bolt");
    assert_string_equal(line_name(w.vera), "bolt");
    value nut = TEXT("nut");
    cond is_nut = {.op = COND_EQ,
                   .path = {&w.line->fields[LINE_NAME]},
                   .path_length = 1,
                   .values = &nut,
                   .value_count = 1};
    query q = {.entity = w.line, .where = &is_nut};
    record **rows;
    uint32_t count;
    crm_ctx *c = world_read(&w, w.anna);
    assert_int_equal(records_list(c, &q, &rows, &count), CRM_INVALID);
    world_read_end(&w);
    assert_int_equal(world_update(&w, w.anna, w.line, line, LINE_NAME, nut), CRM_INVALID);
    assert_string_equal(world_code(&w.call, "name"), "unknown_field");
    /* Of what another role of his shows of the same record, nothing is lost. */
    assert_ok(world_update(&w, 0, user, w.anna, USER_ROLES, TEXT("seller\nviewer")));
    assert_string_equal(line_name(w.anna), "bolt");
}

#define NUTS_TEST(open)                                                                          \
    cmocka_unit_test_setup_teardown(a_condition_over_parts_says_the_same_of_a_record_in_the_bin, \
                                    open, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(parts_follow_their_parent),
        BOTH(parts_share_the_fate_of_what_lies_in_the_bin),
        NUTS_TEST(open_exists),
        NUTS_TEST(open_exists_delayed),
        NUTS_TEST(open_query),
        NUTS_TEST(open_query_delayed),
        BOTH(parts_go_for_ever_with_what_they_are_parts_of),
        cmocka_unit_test_setup_teardown(a_right_by_the_parts_of_a_record_holds_in_the_bin,
                                        open_linked, close_world),
        cmocka_unit_test_setup_teardown(a_right_by_the_parts_of_a_record_holds_in_the_bin,
                                        open_linked_delayed, close_world),
        BOTH(a_record_goes_before_parts_that_are_too_many_at_once),
        cmocka_unit_test_setup_teardown(a_role_sees_the_fields_of_parts_that_its_list_names,
                                        open_lists, close_world),
        cmocka_unit_test_setup_teardown(many_roles_with_few_lists_lose_nothing, open_many_alike,
                                        close_world),
        cmocka_unit_test_setup_teardown(roles_with_too_many_lists_show_what_all_of_them_name,
                                        open_many_different, close_world),
        cmocka_unit_test_setup_teardown(a_role_sees_the_fields_of_parts_that_its_list_names,
                                        open_lists_delayed, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
