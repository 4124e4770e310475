/* test_data_rights_files.c - what of records goes out in a file and what comes in from one. */
#include "data_world.h"

/* ---- a world where files have rights of their own -------------------------------------------- */

#define N(lit)               \
    {                        \
        lit, sizeof(lit) - 1 \
    }
#define G(role_, action_, scope_)                                                \
    .role = N(role_), .entity_name = N("test.lead"), .action = ACTION_##action_, \
    .scope = SCOPE_##scope_, .source = N("tz.yaml:file")

static const crm_str brief[] = {N("title"), N("stage"), N("owner")};
static const grant file_grants[] = {
    {G("seller", EXPORT, ALL)},
    {G("head", EXPORT, TEAM), .where_text = N("[\"stage\",\"eq\",\"new\"]")},
    {G("viewer", EXPORT, OWN), .fields = brief, .field_count = 3},
    {G("seller", IMPORT, ALL)},
    {G("head", IMPORT, OWN), .fields = brief, .field_count = 3},
};
static const crm_str two[] = {N("seller"), N("vera")};
static const function_grant file_functions[] = {{N("export"), two, 2}, {N("import"), two, 2}};

static int open_with_files(void **state, bool is_delayed)
{
    world_grants = file_grants;
    world_grant_count = sizeof file_grants / sizeof file_grants[0];
    return is_delayed ? open_delayed(state) : open_world(state);
}

static int open_files(void **state)
{
    return open_with_files(state, false);
}

static int open_files_delayed(void **state)
{
    return open_with_files(state, true);
}

static int open_named(void **state)
{
    world_functions = file_functions;
    world_function_count = 2;
    return open_files(state);
}

/* ---- going out ------------------------------------------------------------------------------- */

/* Titles of what a user may export, or the code of the refusal. */
static const char *exported(int64_t user, const cond *where)
{
    static char out[256];
    record **rows;
    uint32_t count;
    crm_ctx *c = world_read(&w, user);
    query q = {.entity = w.lead, .where = where, .is_exported = true};
    crm_status st = records_list(c, &q, &rows, &count);
    snprintf(out, sizeof out, "%.*s", STR_FMT(c->error.code));
    for (uint32_t i = 0; !st && i < count; i++) {
        crm_str title = rows[i]->v[LEAD_TITLE].s;
        size_t n = strlen(out);
        snprintf(out + n, sizeof out - n, "%s%.*s", i ? " " : "", STR_FMT(title));
    }
    assert_int_equal(rights_may_export(c, w.lead), st != CRM_DENIED && st != CRM_NOT_FOUND);
    world_read_end(&w);
    return out;
}

static void leads_of_each(void)
{
    world_lead(&w, "anna1", w.anna, 0);
    world_lead(&w, "boris1", w.boris, 0);
    world_lead(&w, "vera1", w.vera, 0);
}

static void what_goes_out_is_what_one_may_read_and_export_both(void **state)
{
    (void)state;
    leads_of_each();
    int64_t later = world_lead(&w, "later", w.boris, 0);
    assert_ok(world_update(&w, 0, w.lead, later, LEAD_STAGE, TEXT("work")));
    assert_string_equal(exported(w.anna, NULL), "anna1");
    assert_string_equal(exported(w.hanna, NULL), "anna1 boris1");
    assert_string_equal(exported(w.vera, NULL), "vera1");
    assert_string_equal(world_titles(&w, w.vera, NULL), "anna1 boris1 vera1 later");
}

static void reading_all_lets_nothing_out(void **state)
{
    (void)state;
    leads_of_each();
    assert_string_equal(exported(w.zina, NULL), "export_denied");
    assert_string_equal(exported(w.oleg, NULL), "not_found");
    assert_string_equal(exported(0, NULL), "anna1 boris1 vera1");
}

static void a_field_goes_out_only_when_both_rights_show_it(void **state)
{
    (void)state;
    record **rows;
    uint32_t count;
    value code = TEXT("x");
    cond by_code = {.op = COND_EQ,
                    .path = {&w.lead->fields[LEAD_CODE]},
                    .path_length = 1,
                    .values = &code,
                    .value_count = 1};
    int64_t id = world_lead(&w, "vera1", w.vera, 0);
    assert_ok(world_update(&w, 0, w.lead, id, LEAD_CODE, TEXT("x")));
    assert_string_equal(world_titles(&w, w.vera, &by_code), "vera1");
    assert_string_equal(exported(w.vera, &by_code), "invalid");
    crm_ctx *c = world_read(&w, w.vera);
    query q = {.entity = w.lead, .is_exported = true};
    assert_ok(records_list(c, &q, &rows, &count));
    assert_int_equal(count, 1);
    assert_true(bits_has(rows[0]->visible, LEAD_TITLE));
    assert_false(bits_has(rows[0]->visible, LEAD_CODE));
    assert_true(value_is_null(rows[0]->v[LEAD_CODE]));
    bits_add(q.select, LEAD_CODE);
    assert_int_equal(records_list(c, &q, &rows, &count), CRM_INVALID);
    world_read_end(&w);
    /* What the right to export shows and that to read hides stays hidden. */
    world_lead(&w, "anna1", w.anna, 0);
    c = world_read(&w, w.anna);
    query own = {.entity = w.lead, .is_exported = true};
    assert_ok(records_list(c, &own, &rows, &count));
    assert_false(bits_has(rows[0]->visible, LEAD_SECRET));
    world_read_end(&w);
}

static void parts_go_out_with_their_record(void **state)
{
    (void)state;
    record *r, **rows;
    uint32_t count;
    int64_t leads[] = {world_lead(&w, "vera1", w.vera, 0), world_lead(&w, "anna1", w.anna, 0)};
    for (int i = 0; i < 2; i++) {
        crm_ctx *c = world_begin(&w, 0);
        assert_ok(records_new(c, w.line, &r));
        assert_ok(record_set(r, &w.line->fields[LINE_LEAD], value_int(leads[i])));
        assert_ok(record_set(r, &w.line->fields[LINE_NAME], TEXT("bolt")));
        crm_status st = records_save(c, r, 0);
        assert_ok(st);
        world_end(&w, st);
    }
    crm_ctx *c = world_read(&w, w.vera);
    query q = {.entity = w.line};
    assert_ok(records_list(c, &q, &rows, &count));
    assert_int_equal(count, 2);
    q = (query){.entity = w.line, .is_exported = true};
    assert_ok(records_list(c, &q, &rows, &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0]->v[LINE_LEAD].i, leads[0]);
    world_read_end(&w);
}

static void a_function_whose_holders_are_named_is_needed_besides(void **state)
{
    (void)state;
    leads_of_each();
    assert_string_equal(exported(w.anna, NULL), "anna1");
    assert_string_equal(exported(w.vera, NULL), "vera1"); /* by login */
    assert_string_equal(exported(w.hanna, NULL), "export_denied");
    crm_ctx *c = world_read(&w, w.hanna);
    assert_false(rights_may_import(c, w.lead));
    world_read_end(&w);
    c = world_read(&w, w.vera);
    assert_false(rights_may_import(c, w.lead)); /* the function without the right */
    world_read_end(&w);
}

/* ---- coming in ------------------------------------------------------------------------------- */

/* A row of a file: a new record, or one field of `id`. */
static crm_status take_in(int64_t user, int64_t id, uint16_t f, value v)
{
    record *r = NULL;
    crm_ctx *c = world_begin(&w, user);
    crm_status st = id ? records_get(c, w.lead, id, &r) : records_new(c, w.lead, &r);
    if (!st && !id) {
        st = record_set(r, &w.lead->fields[LEAD_TITLE], TEXT("new"));
    }
    st = st ? st : record_set(r, &w.lead->fields[f], v);
    st = st ? st : records_import(c, r);
    world_end(&w, st);
    return st;
}

static void what_comes_in_is_made_within_the_right_to_import(void **state)
{
    (void)state;
    assert_ok(take_in(w.anna, 0, LEAD_OWNER, value_int(w.anna)));
    assert_int_equal(take_in(w.anna, 0, LEAD_OWNER, value_int(w.boris)), CRM_DENIED);
    assert_text(w.call.error.code, "denied"); /* importing all is not creating all */
    assert_ok(take_in(w.hanna, 0, LEAD_OWNER, value_int(w.hanna)));
    assert_int_equal(take_in(w.hanna, 0, LEAD_OWNER, value_int(w.boris)), CRM_DENIED);
    assert_text(w.call.error.code, "import_denied");
    assert_int_equal(take_in(w.zina, 0, LEAD_OWNER, value_int(w.zina)), CRM_DENIED);
    assert_text(w.call.error.code, "import_denied");
}

static void what_comes_in_changes_only_what_the_right_to_import_covers(void **state)
{
    (void)state;
    int64_t his = world_lead(&w, "boris1", w.boris, 0), own = world_lead(&w, "own", w.hanna, 0);
    assert_ok(world_update(&w, w.hanna, w.lead, his, LEAD_TITLE, TEXT("by hand")));
    assert_int_equal(take_in(w.hanna, his, LEAD_TITLE, TEXT("by file")), CRM_DENIED);
    assert_text(w.call.error.code, "import_denied");
    /* Taking it over is a change of a record that is not covered. */
    assert_int_equal(take_in(w.hanna, his, LEAD_OWNER, value_int(w.hanna)), CRM_DENIED);
    assert_ok(take_in(w.hanna, own, LEAD_TITLE, TEXT("by file")));
    assert_int_equal(take_in(w.hanna, own, LEAD_CODE, TEXT("c")), CRM_INVALID);
    assert_string_equal(world_code(&w.call, "code"), "read_only");
    assert_ok(take_in(w.hanna, own, LEAD_OWNER, value_int(w.boris))); /* by reassigning it */
    assert_ok(take_in(0, his, LEAD_TITLE, TEXT("by the system")));
}

#define FILES(test)                                                     \
    cmocka_unit_test_setup_teardown(test, open_files, close_world),     \
    {                                                                   \
#test " (delayed)", test, open_files_delayed, close_world, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES(what_goes_out_is_what_one_may_read_and_export_both),
        FILES(reading_all_lets_nothing_out),
        FILES(a_field_goes_out_only_when_both_rights_show_it),
        FILES(parts_go_out_with_their_record),
        cmocka_unit_test_setup_teardown(a_function_whose_holders_are_named_is_needed_besides,
                                        open_named, close_world),
        FILES(what_comes_in_is_made_within_the_right_to_import),
        FILES(what_comes_in_changes_only_what_the_right_to_import_covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
