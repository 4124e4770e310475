/*
 * test_data_sorts.c - every header by which the UI offers to sort is read along an index.
 *
 * The registry is the dealer's: its modules and its roles, of which the manager sees his own, the
 * head her team's and the director all. Up and down, the first page and a later one: no plan may
 * sort rows or look through a table in no order, for then a page costs by the number of rows.
 */
#include "data/engine_sqlite.h"
#include "data/rights_private.h"
#include "tz_world.h"

static const char *const roles[] = {"manager", "head", "director"};

static struct {
    tz_world *w;
    engine *e;
    engine_session *reader;
} s;

static int begin(void **state)
{
    (void)state;
    registry_fault *wrong = NULL;
    tz_fault *faults = NULL;
    s.w = tz_world_new();
    assert_ok(tz_world_build(s.w, KARKAS_SOURCE_DIR "/packaging/dealer.yaml", NULL, &faults));
    assert_ok(registry_seal(s.w->r, s.w->a, &wrong));
    assert_ok(engine_open_sqlite(s.w->dir, &s.e));
    assert_ok(engine_schema(s.e, s.w->r, s.w->a, &wrong));
    assert_ok(engine_session_open(s.e, ENGINE_READER, (engine_deliver){0}, &s.reader));
    engine_sqlite_set_lookup(s.reader, 0); /* nothing counts as having few rows */
    return 0;
}

static int end(void **state)
{
    (void)state;
    engine_session_close(s.reader);
    engine_close(s.e);
    tz_world_free(s.w);
    return 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* The rows of `e` that user 1, who heads a department of two, sees in this role; NULL: none. */
static query *list_of(const char *role_name, const entity *e)
{
    static const person users[] = {{.id = 1, .department = 1}, {.id = 2, .department = 1}};
    static const department departments[] = {{.id = 1, .head = 1}};
    static const people all = {.epoch = 1,
                               .users = users,
                               .user_count = 2,
                               .departments = departments,
                               .department_count = 1};
    crm_str role_text = str_of(role_name);
    principal who = {
        .kind = PRINCIPAL_USER, .user = 1, .roles = &role_text, .role_count = 1, .department = 1};
    query *q = query_new(s.w->a, e);
    const branches *b = NULL;
    assert_non_null(q);
    assert_ok(rights_compile(&(rights_inputs){s.w->r, &all, &who, s.w->a}, e, &b));
    q->rights = b;
    q->need = rights_for(b, ACTION_READ);
    q->env = (cond_env){.me = 1, .now = 1700000000000, .day_start = 1700000000000};
    q->limit = 50;
    return q->need ? q : NULL;
}

/* Nothing is sorted, and a table is looked through in the order of an index alone. */
static bool is_good_line(const char *line)
{
    bool is_scan = strncmp(line, "SCAN t", 6) == 0;
    bool is_by_key = strstr(line, " INDEX l") != NULL || strstr(line, "PRIMARY KEY") != NULL;
    return !strstr(line, "TEMP B-TREE") && (!is_scan || is_by_key);
}

static void check_plan(const query *q, const char *role_name)
{
    const field *f = q->sorts[0].field;
    buf plan;
    char *rest = NULL;
    buf_init(&plan, 0);
    assert_ok(engine_sqlite_explain(s.reader, q, ENGINE_LIST, &plan));
    assert_true(plan.n > 0);
    buf_char(&plan, 0);
    for (char *line = strtok_r(plan.p, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (!is_good_line(line)) {
            fail_msg("%s, %.*s by %.*s: %s", role_name, STR_FMT(f->entity->name), STR_FMT(f->name),
                     line);
        }
    }
    buf_free(&plan);
}

static void check_sort(const char *role_name, const field *f)
{
    for (int i = 0; i < 4; i++) {
        query *q = list_of(role_name, f->entity);
        if (!q) {
            return;
        }
        q->sorts[q->sort_count++] = (sort){f, (i & 1) != 0};
        if (i & 2) {
            q->after = (cursor){.id = 5, .is_set = true};
            q->after.at[0] = field_is_text(f) ? value_text(CRM_S("к")) : value_int(5);
        }
        check_plan(q, role_name);
    }
}

/* ---- what is offered ------------------------------------------------------------------------- */

static bool is_listed(const entity *e)
{
    return !(e->flags & (ENTITY_SYSTEM | ENTITY_NO_API));
}

static void every_sortable_header_is_read_in_the_order_of_an_index(void **state)
{
    (void)state;
    uint32_t offered = 0;
    for (uint32_t i = 0; i < s.w->r->entity_count; i++) {
        const entity *e = s.w->r->entities[i];
        for (uint32_t k = COL_CREATED_AT; is_listed(e) && k < e->field_count; k++) {
            if (!entity_is_ordered_by(e, &e->fields[k])) {
                continue;
            }
            offered++;
            for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++) {
                check_sort(roles[r], &e->fields[k]);
            }
        }
    }
    assert_true(offered > 20);
}

static bool is_offered(const char *entity_name, const char *field_name)
{
    const entity *e = registry_entity(s.w->r, str_of(entity_name));
    const field *f = e ? entity_field(e, str_of(field_name)) : NULL;
    assert_non_null(f);
    return entity_is_ordered_by(e, f);
}

static void the_headers_that_sales_people_use_are_offered(void **state)
{
    (void)state;
    static const char *const wanted[][2] = {
        {"sales.deal", "amount"},      {"sales.deal", "closed_at"},
        {"sales.deal", "title"},       {"sales.deal", "number"},
        {"sales.deal", "expected_at"}, {"sales.deal", "created_at"},
        {"sales.lead", "title"},       {"sales.lead", "source"},
        {"sales.lead", "created_at"},  {"contacts.person", "name"},
        {"contacts.person", "source"}, {"contacts.person", "city"},
        {"contacts.company", "name"},  {"contacts.company", "created_at"},
        {"tasks.task", "due"}};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (!is_offered(wanted[i][0], wanted[i][1])) {
            fail_msg("%s is not sorted by %s", wanted[i][0], wanted[i][1]);
        }
    }
}

static void an_order_without_an_index_of_its_own_is_not_offered(void **state)
{
    (void)state;
    assert_false(is_offered("sales.lead", "city"));
    assert_false(is_offered("sales.lead", "phone")); /* many values */
    assert_false(is_offered("sales.deal", "stage")); /* the index goes on with something else */
    assert_false(is_offered("sales.deal", "deleted_at")); /* it holds the recycle bin alone */
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sortable_header_is_read_in_the_order_of_an_index),
        cmocka_unit_test(the_headers_that_sales_people_use_are_offered),
        cmocka_unit_test(an_order_without_an_index_of_its_own_is_not_offered),
    };
    if (argc == 3 && strcmp(argv[1], "--probe") == 0) {
        return plug_probe_main(argv[2]);
    }
    return cmocka_run_group_tests(tests, begin, end);
}
