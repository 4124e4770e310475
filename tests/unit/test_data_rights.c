/* test_data_rights.c - who sees and changes what: scopes, field lists, hidden fields, paths. */
#include "data/search.h"
#include "data_world.h"

#include <pthread.h>

#include "data/rights.h"

static void some_leads(void)
{
    world_lead(&w, "anna1", w.anna, 0);
    world_lead(&w, "boris1", w.boris, 0);
    world_lead(&w, "nina1", w.nina, 0);
    world_lead(&w, "vera1", w.vera, 0);
    world_lead(&w, "free-sales", 0, w.sales);
    world_lead(&w, "free-north", 0, w.north);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void own_is_what_one_owns_and_what_lies_free_in_ones_department(void **state)
{
    (void)state;
    some_leads();
    assert_string_equal(world_titles(&w, w.anna, NULL), "anna1 free-sales");
    assert_string_equal(world_titles(&w, w.nina, NULL), "nina1 free-north");
}

static void a_team_is_the_departments_one_heads_and_those_below(void **state)
{
    (void)state;
    some_leads();
    assert_string_equal(world_titles(&w, w.hanna, NULL),
                        "anna1 boris1 nina1 free-sales free-north");
}

static void all_is_all_and_no_grant_is_nothing(void **state)
{
    (void)state;
    some_leads();
    assert_string_equal(world_titles(&w, w.vera, NULL),
                        "anna1 boris1 nina1 vera1 free-sales free-north");
    assert_string_equal(world_titles(&w, w.oleg, NULL), "not_found");
}

static void a_record_outside_ones_rights_is_not_found(void **state)
{
    (void)state;
    record *r;
    int64_t id = world_lead(&w, "boris1", w.boris, 0);
    crm_ctx *c = world_read(&w, w.anna);
    assert_int_equal(records_get(c, w.lead, id, &r), CRM_NOT_FOUND);
    world_read_end(&w);
    assert_int_equal(world_update(&w, w.anna, w.lead, id, LEAD_TITLE, TEXT("mine")), CRM_NOT_FOUND);
    c = world_begin(&w, w.anna);
    crm_status st = records_delete(c, w.lead, id, 0);
    world_end(&w, st);
    assert_int_equal(st, CRM_NOT_FOUND);
}

static void rights_change_with_the_people(void **state)
{
    (void)state;
    some_leads();
    const entity *user = registry_store(w.reg, STORE_USER);
    assert_string_equal(world_titles(&w, w.oleg, NULL), "not_found");
    assert_ok(world_update(&w, 0, user, w.oleg, USER_ROLES, TEXT("viewer")));
    assert_string_equal(world_titles(&w, w.oleg, NULL),
                        "anna1 boris1 nina1 vera1 free-sales free-north");
    assert_ok(world_update(&w, 0, user, w.oleg, USER_IS_DISABLED, value_int(1)));
    principal who;
    arena *a = arena_new(0);
    const people *p = people_pin();
    assert_int_equal(people_principal(a, p, w.oleg, &who), CRM_UNAUTHENTICATED);
    people_unpin(p);
    arena_free(a);
}

/* ---- fields ---------------------------------------------------------------------------------- */

static void a_hidden_field_is_empty_when_read(void **state)
{
    (void)state;
    record *r;
    int64_t id = world_lead(&w, "anna1", w.anna, 0);
    crm_ctx *c = world_read(&w, w.anna);
    assert_ok(records_get(c, w.lead, id, &r));
    assert_true(value_is_null(r->v[LEAD_SECRET]));
    assert_false(bits_has(r->visible, LEAD_SECRET));
    assert_true(bits_has(r->visible, LEAD_TITLE));
    world_read_end(&w);
    c = world_read(&w, w.hanna);
    assert_ok(records_get(c, w.lead, id, &r));
    assert_text(r->v[LEAD_SECRET].s, "hidden");
    world_read_end(&w);
}

static crm_status list_status(int64_t user, query *q)
{
    record **rows;
    uint32_t count;
    crm_ctx *c = world_read(&w, user);
    crm_status st = records_list(c, q, &rows, &count);
    if (st) {
        assert_string_equal(world_code(c, "secret"), "unknown_field");
    }
    world_read_end(&w);
    return st;
}

static void a_hidden_field_cannot_be_filtered_sorted_or_selected_by(void **state)
{
    (void)state;
    value hidden = TEXT("hidden");
    const field *secret = &w.lead->fields[LEAD_SECRET];
    cond is_hidden = {
        .op = COND_EQ, .path = {secret}, .path_length = 1, .values = &hidden, .value_count = 1};
    cond negated = {.op = COND_NOT, .first = &is_hidden};
    query filtered = {.entity = w.lead, .where = &is_hidden};
    query inverted = {.entity = w.lead, .where = &negated};
    query sorted = {.entity = w.lead, .sorts = {{secret, false}}, .sort_count = 1};
    query selected = {.entity = w.lead};
    query *all[] = {&filtered, &inverted, &sorted, &selected};
    bits_add(selected.select, LEAD_SECRET);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(list_status(w.anna, all[i]), CRM_INVALID);
        assert_int_equal(list_status(w.vera, all[i]), CRM_INVALID);
        assert_ok(list_status(w.hanna, all[i]));
    }
}

static uint32_t found(int64_t user, crm_str words)
{
    record **rows;
    uint32_t count;
    crm_ctx *c = world_read(&w, user);
    query q = {.entity = w.lead};
    assert_ok(search_terms(c->arena, words, &q.terms));
    assert_ok(records_list(c, &q, &rows, &count));
    world_read_end(&w);
    return count;
}

static void a_word_of_a_hidden_field_finds_nothing(void **state)
{
    (void)state;
    world_lead(&w, "excavator", w.anna, 0);
    assert_int_equal(found(w.anna, CRM_S("excavator")), 1);
    assert_int_equal(found(w.anna, CRM_S("hidden")), 0);
    assert_int_equal(found(w.boris, CRM_S("excavator")), 0);
    assert_int_equal(found(w.hanna, CRM_S("hidden")), 1);
}

static void a_hidden_field_cannot_be_written_or_guessed(void **state)
{
    (void)state;
    int64_t id = world_lead(&w, "anna1", w.anna, 0);
    assert_int_equal(world_update(&w, w.anna, w.lead, id, LEAD_SECRET, TEXT("x")), CRM_INVALID);
    assert_string_equal(world_code(&w.call, "secret"), "unknown_field");
    /* Writing the very value that stands there tells nothing either. */
    assert_int_equal(world_update(&w, w.anna, w.lead, id, LEAD_SECRET, TEXT("hidden")),
                     CRM_INVALID);
}

/* ---- actions --------------------------------------------------------------------------------- */

static void seeing_all_and_changing_the_stage_changes_nothing_else(void **state)
{
    (void)state;
    int64_t id = world_lead(&w, "anna1", w.anna, 0);
    assert_ok(world_update(&w, w.vera, w.lead, id, LEAD_STAGE, TEXT("work")));
    assert_int_equal(world_update(&w, w.vera, w.lead, id, LEAD_TITLE, TEXT("x")), CRM_INVALID);
    assert_string_equal(world_code(&w.call, "title"), "read_only");
    assert_int_equal(world_update(&w, w.vera, w.lead, id, LEAD_OWNER, value_int(w.vera)),
                     CRM_INVALID);
}

static crm_status create(int64_t user, int64_t owner)
{
    record *r;
    crm_ctx *c = world_begin(&w, user);
    crm_status st = records_new(c, w.lead, &r);
    st = st ? st : record_set(r, &w.lead->fields[LEAD_TITLE], TEXT("new"));
    if (!st && owner) {
        st = record_set(r, &w.lead->fields[LEAD_OWNER], value_int(owner));
    }
    st = st ? st : records_save(c, r, 0);
    world_end(&w, st);
    return st;
}

static void one_creates_within_ones_scope(void **state)
{
    (void)state;
    assert_ok(create(w.anna, 0));
    assert_int_equal(create(w.anna, w.boris), CRM_INVALID); /* for herself she may */
    assert_string_equal(world_code(&w.call, "owner"), "owner_denied");
    assert_ok(create(w.hanna, w.boris));
    assert_int_equal(create(w.hanna, w.vera), CRM_INVALID);
    assert_int_equal(create(w.vera, 0), CRM_DENIED);
    assert_int_equal(create(w.oleg, 0), CRM_DENIED);
}

static void giving_away_takes_the_right_to_reassign(void **state)
{
    (void)state;
    int64_t id = world_lead(&w, "anna1", w.anna, 0);
    assert_int_equal(world_update(&w, w.anna, w.lead, id, LEAD_OWNER, value_int(w.boris)),
                     CRM_DENIED);
    assert_ok(world_update(&w, w.hanna, w.lead, id, LEAD_OWNER, value_int(w.boris)));
    assert_string_equal(world_titles(&w, w.anna, NULL), "");
    assert_string_equal(world_titles(&w, w.boris, NULL), "anna1");
}

/* Neither by changing one nor by making one; the system's own rules are another matter. */
static void nothing_is_given_to_who_may_not_read_it(void **state)
{
    (void)state;
    record *r;
    int64_t id = world_lead(&w, "anna1", w.anna, 0);
    assert_int_equal(world_update(&w, w.zina, w.lead, id, LEAD_OWNER, value_int(w.oleg)),
                     CRM_INVALID);
    assert_string_equal(world_code(&w.call, "owner"), "owner_cannot_read");
    assert_string_equal(world_titles(&w, w.anna, NULL), "anna1");
    crm_ctx *c = world_begin(&w, w.zina);
    assert_ok(records_new(c, w.lead, &r));
    assert_ok(record_set(r, &w.lead->fields[LEAD_TITLE], TEXT("new")));
    assert_ok(record_set(r, &w.lead->fields[LEAD_OWNER], value_int(w.oleg)));
    crm_status st = records_save(c, r, 0);
    assert_int_equal(st, CRM_INVALID);
    world_end(&w, st);
    assert_ok(world_update(&w, w.zina, w.lead, id, LEAD_OWNER, value_int(w.vera)));
    assert_ok(world_update(&w, 0, w.lead, id, LEAD_OWNER, value_int(w.oleg)));
    /* What somebody has who lost the right may be changed otherwise, and given back. */
    assert_ok(world_update(&w, w.zina, w.lead, id, LEAD_REASON, TEXT("price")));
    assert_ok(world_update(&w, w.zina, w.lead, id, LEAD_OWNER, value_int(w.anna)));
}

static void a_free_record_may_be_taken(void **state)
{
    (void)state;
    int64_t id = world_lead(&w, "free", 0, w.sales);
    assert_ok(world_update(&w, w.anna, w.lead, id, LEAD_OWNER, value_int(w.anna)));
    assert_string_equal(world_titles(&w, w.boris, NULL), "");
}

static crm_status remove_lead(int64_t user, int64_t id)
{
    crm_ctx *c = world_begin(&w, user);
    crm_status st = records_delete(c, w.lead, id, 0);
    world_end(&w, st);
    return st;
}

static void deleting_needs_the_declared_function(void **state)
{
    (void)state;
    int64_t id = world_lead(&w, "anna1", w.anna, 0);
    assert_int_equal(remove_lead(w.anna, id), CRM_DENIED);
    assert_int_equal(remove_lead(w.hanna, id), CRM_DENIED);
    assert_ok(remove_lead(w.zina, id));
    assert_string_equal(world_titles(&w, w.zina, NULL), "");
}

static void people_change_only_under_the_function_settings(void **state)
{
    (void)state;
    const entity *user = registry_store(w.reg, STORE_USER);
    assert_int_equal(world_update(&w, w.hanna, user, w.anna, USER_ROLES, TEXT("boss")),
                     CRM_INVALID);
    assert_string_equal(world_code(&w.call, "roles"), "read_only");
    assert_ok(world_update(&w, w.hanna, user, w.anna, USER_EXTENSION, TEXT("101")));
    assert_ok(world_update(&w, w.zina, user, w.anna, USER_ROLES, TEXT("head")));
}

/* ---- paths ----------------------------------------------------------------------------------- */

static void a_path_does_not_read_what_its_row_hides(void **state)
{
    (void)state;
    record *r;
    crm_ctx *c = world_begin(&w, w.boris);
    assert_ok(records_new(c, w.person, &r));
    assert_ok(record_set(r, &w.person->fields[PERSON_NAME], TEXT("Petrov")));
    crm_status st = records_save(c, r, 0);
    assert_ok(st);
    int64_t petrov_id = r->v[COL_ID].i;
    world_end(&w, st);
    int64_t lead = world_lead(&w, "anna1", w.anna, 0);
    assert_ok(world_update(&w, 0, w.lead, lead, LEAD_CONTACT, value_int(petrov_id)));
    value petrov = TEXT("Petrov");
    cond by_name = {.op = COND_EQ,
                    .path = {&w.lead->fields[LEAD_CONTACT], &w.person->fields[PERSON_NAME]},
                    .path_length = 2,
                    .values = &petrov,
                    .value_count = 1};
    assert_string_equal(world_titles(&w, w.anna, &by_name), "");
    assert_string_equal(world_titles(&w, w.zina, &by_name), "anna1");
    /* Nor is it shown, nor may a reference to it be set. */
    assert_int_equal(world_update(&w, w.anna, w.lead, world_lead(&w, "anna2", w.anna, 0),
                                  LEAD_CONTACT, value_int(petrov_id)),
                     CRM_INVALID);
    assert_string_equal(world_code(&w.call, "contact"), "no_such_record");
}

static uint32_t persons_of(int64_t user)
{
    record **rows;
    uint32_t count;
    crm_ctx *c = world_read(&w, user);
    query q = {.entity = w.person};
    assert_ok(records_list(c, &q, &rows, &count));
    world_read_end(&w);
    return count;
}

static void a_linked_record_is_seen_while_a_seen_one_refers_to_it(void **state)
{
    (void)state;
    record *r;
    crm_ctx *c = world_begin(&w, 0);
    assert_ok(records_new(c, w.person, &r));
    assert_ok(record_set(r, &w.person->fields[PERSON_NAME], TEXT("Petrov")));
    crm_status st = records_save(c, r, 0);
    assert_ok(st);
    int64_t id = r->v[COL_ID].i, lead;
    world_end(&w, st);
    lead = world_lead(&w, "one", w.anna, 0);
    assert_ok(world_update(&w, 0, w.lead, lead, LEAD_CONTACT, value_int(id)));
    assert_string_equal(world_titles(&w, w.alla, NULL), "");
    assert_int_equal(persons_of(w.alla), 0);
    assert_ok(world_update(&w, 0, w.lead, lead, LEAD_REASON, TEXT("price")));
    assert_ok(world_update(&w, 0, w.lead, lead, LEAD_STAGE, TEXT("lost")));
    assert_string_equal(world_titles(&w, w.alla, NULL), "one");
    assert_int_equal(persons_of(w.alla), 1);
    uint32_t matched;
    c = world_read(&w, w.alla);
    assert_ok(rights_match_stored(c, w.person, id, &matched));
    assert_int_not_equal(matched, 0);
    world_read_end(&w);
}

/* Every grant with a condition of its own: no two of them are one branch. */
static int open_crowded(void **state)
{
    static grant many[BRANCHES_MAX + 1];
    static char conditions[BRANCHES_MAX + 1][64];
    for (int i = 0; i <= BRANCHES_MAX; i++) {
        int n = snprintf(conditions[i], sizeof conditions[i], "[\"title\",\"eq\",\"t%d\"]", i);
        many[i] = (grant){.role = CRM_S("seller"),
                          .entity_name = CRM_S("test.lead"),
                          .action = ACTION_READ,
                          .scope = SCOPE_ALL,
                          .source = CRM_S("tz.yaml:1"),
                          .where_text = {conditions[i], (size_t)n}};
    }
    world_grants = many;
    world_grant_count = BRANCHES_MAX + 1;
    return open_world(state);
}

static void more_branches_than_fit_grant_nothing(void **state)
{
    (void)state;
    world_lead(&w, "t1", w.anna, 0);
    assert_string_equal(world_titles(&w, w.anna, NULL), "not_found");
    assert_string_equal(world_titles(&w, w.hanna, NULL), "t1");
}

static void why_names_the_line_that_grants(void **state)
{
    (void)state;
    record *r;
    buf out;
    buf_init(&out, 0);
    int64_t id = world_lead(&w, "anna1", w.anna, 0);
    crm_ctx *c = world_read(&w, w.anna);
    assert_ok(records_get(c, w.lead, id, &r));
    assert_ok(rights_why(c, w.lead, r->v, &out));
    assert_true(str_starts(buf_view(&out), CRM_S("tz.yaml:seller actions=read,create,update")));
    world_read_end(&w);
    buf_free(&out);
}

/* ---- many threads ---------------------------------------------------------------------------- */

#define THREADS 4

static void *ask_rights(void *arg)
{
    const int64_t *users = arg;
    for (int i = 0; i < 200; i++) {
        crm_ctx c;
        principal who;
        arena *a = arena_new(0);
        const people *p = people_pin();
        assert_ok(people_principal(a, p, users[i % 3], &who));
        people_unpin(p);
        assert_ok(call_begin(&c, &who, CRM_S("api")));
        assert_true(rights_of(&c, w.lead)->count > 0);
        assert_ptr_equal(rights_of(&c, w.lead), rights_of(&c, w.lead));
        call_end(&c);
        arena_free(a);
    }
    return NULL;
}

static void threads_compile_rights_while_people_change(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    int64_t users[] = {w.anna, w.hanna, w.vera};
    const entity *user = registry_store(w.reg, STORE_USER);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask_rights, users), 0);
    }
    for (int i = 0; i < 10; i++) {
        assert_ok(world_update(&w, 0, user, w.oleg, USER_ON_LINE, value_int(i & 1 ? 0 : 1)));
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(own_is_what_one_owns_and_what_lies_free_in_ones_department),
        BOTH(a_team_is_the_departments_one_heads_and_those_below),
        BOTH(all_is_all_and_no_grant_is_nothing),
        BOTH(a_record_outside_ones_rights_is_not_found),
        BOTH(rights_change_with_the_people),
        BOTH(a_hidden_field_is_empty_when_read),
        BOTH(a_hidden_field_cannot_be_filtered_sorted_or_selected_by),
        BOTH(a_word_of_a_hidden_field_finds_nothing),
        BOTH(a_hidden_field_cannot_be_written_or_guessed),
        BOTH(seeing_all_and_changing_the_stage_changes_nothing_else),
        BOTH(one_creates_within_ones_scope),
        BOTH(giving_away_takes_the_right_to_reassign),
        BOTH(nothing_is_given_to_who_may_not_read_it),
        BOTH(a_free_record_may_be_taken),
        BOTH(deleting_needs_the_declared_function),
        BOTH(people_change_only_under_the_function_settings),
        BOTH(a_path_does_not_read_what_its_row_hides),
        BOTH(a_linked_record_is_seen_while_a_seen_one_refers_to_it),
        cmocka_unit_test_setup_teardown(more_branches_than_fit_grant_nothing, open_crowded,
                                        close_world),
        BOTH(why_names_the_line_that_grants),
        ON_SQLITE(threads_compile_rights_while_people_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
