/*
 * test_data_plans.c - every list that the example deployment offers is read along an index.
 *
 * The registry is the dealer's: its modules, its own entity, its roles. For each role, each list
 * view and each board column the plan of a page, of the page after it and of the count beside it
 * must name an index that leads to the rows or gives their order. So a list costs nothing by the
 * number of rows.
 */
#include "data/engine_sqlite.h"
#include "data/rights_private.h"
#include "tz_world.h"

#define USERS 30

typedef struct plans {
    tz_world *w;
    engine *e;
    engine_session *reader;
    person users[USERS];
    department departments[2];
    people people;
} plans;

static plans p;

/* Two departments, the second below the first; user 1 heads the first. */
static void settle(void)
{
    for (int i = 0; i < USERS; i++) {
        p.users[i] = (person){.id = i + 1, .department = 1 + i % 2};
    }
    p.departments[0] = (department){.id = 1, .head = 1};
    p.departments[1] = (department){.id = 2, .parent = 1};
    p.people = (people){.epoch = 1,
                        .users = p.users,
                        .user_count = USERS,
                        .departments = p.departments,
                        .department_count = 2};
}

static int begin(void **state)
{
    (void)state;
    registry_fault *wrong = NULL;
    tz_fault *faults = NULL;
    p.w = tz_world_new();
    assert_ok(tz_world_build(p.w, KARKAS_SOURCE_DIR "/packaging/dealer.yaml", NULL, &faults));
    assert_ok(registry_seal(p.w->r, p.w->a, &wrong));
    assert_ok(engine_open_sqlite(p.w->dir, &p.e));
    assert_ok(engine_schema(p.e, p.w->r, p.w->a, &wrong));
    assert_ok(engine_session_open(p.e, ENGINE_READER, (engine_deliver){0}, &p.reader));
    engine_sqlite_set_lookup(p.reader, 0); /* nothing counts as having few rows */
    settle();
    return 0;
}

static int end(void **state)
{
    (void)state;
    engine_session_close(p.reader);
    engine_close(p.e);
    tz_world_free(p.w);
    return 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* The rows of `e` that user 1 sees in this role; NULL: none. */
static query *list_of(const char *role_name, const entity *e)
{
    arena *a = p.w->a;
    const branches *b = NULL;
    crm_str *roles = ARENA_NEW(a, crm_str);
    principal *who = ARENA_NEW(a, principal);
    query *q = query_new(a, e);
    assert_true(roles && who && q);
    *roles = str_of(role_name);
    *who = (principal){
        .kind = PRINCIPAL_USER, .user = 1, .roles = roles, .role_count = 1, .department = 1};
    assert_ok(rights_compile(&(rights_inputs){p.w->r, &p.people, who, a}, e, &b));
    q->rights = b;
    q->need = rights_for(b, ACTION_READ);
    q->env = (cond_env){.me = 1, .now = 1700000000000, .day_start = 1700000000000};
    q->limit = 50;
    return q->need ? q : NULL;
}

static const cond *read_cond(const entity *e, const json_t *form)
{
    const cond *c = NULL;
    cond_error err = {0};
    if (form) {
        assert_ok(cond_read(p.w->a, &(cond_scope){.reg = p.w->r, .entity = e}, form, &c, &err));
    }
    return c;
}

static void sort_as(query *q, const json_t *view)
{
    const char *name = json_string_value(json_array_get(json_object_get(view, "sort"), 0));
    assert_non_null(name);
    const field *f = entity_field(q->entity, str_of(name + (name[0] == '-')));
    q->sorts[q->sort_count++] = (sort){f, name[0] == '-'};
}

/* ---- judging --------------------------------------------------------------------------------- */

/* One line of a plan. A whole index is walked only where the rights do not narrow by a field. */
static bool is_good_line(const char *line, bool is_narrow)
{
    bool is_scan = strncmp(line, "SCAN t", 6) == 0;
    bool is_by_index = strstr(line, " INDEX l") != NULL;
    return !strstr(line, "TEMP B-TREE") && (!is_scan || (is_by_index && !is_narrow));
}

static bool is_good_plan(const query *q, engine_op_kind kind, bool is_narrow)
{
    buf plan;
    char *rest = NULL;
    bool is_good = true;
    buf_init(&plan, 0);
    assert_ok(engine_sqlite_explain(p.reader, q, kind, &plan));
    buf_char(&plan, 0);
    for (char *line = strtok_r(plan.p, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        is_good = is_good && is_good_line(line, is_narrow);
    }
    buf_free(&plan);
    return is_good;
}

/* The first page, a later one, and the count beside. */
static bool is_indexed(query *q, bool is_narrow)
{
    const field *f = q->sorts[0].field;
    query counted = *q, later = *q;
    counted.sort_count = 0;
    counted.limit = COUNT_CAP;
    later.after = (cursor){.id = 5, .is_set = true};
    later.after.at[0] = field_is_text(f) ? value_text(CRM_S("к")) : value_int(5);
    return is_good_plan(q, ENGINE_LIST, is_narrow) &&
           is_good_plan(&later, ENGINE_LIST, is_narrow) &&
           is_good_plan(&counted, ENGINE_COUNT, is_narrow);
}

/* ---- what is offered ------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool is_narrow; /* he sees by a field of the row: an owner, a department, a stage */
} roles[] = {{"manager", true},
             {"head", true},
             {"director", false},
             {"accountant", false},
             {"marketer", false}};

static json_t *views_of(const entity *e)
{
    json_t *views = NULL;
    if (e->views_json.n) {
        assert_ok(json_read(e->views_json, JSON_ITEMS_MAX, &views, NULL));
    }
    return views;
}

static bool sees_all(const query *q)
{
    for (uint32_t i = 0; i < q->rights->count; i++) {
        if (!q->rights->at[i].where && (q->need >> i & 1)) {
            return true;
        }
    }
    return false;
}

static uint32_t check_view(const entity *e, const json_t *view, const char *role_name,
                           bool is_narrow)
{
    query *q = list_of(role_name, e);
    if (!q) {
        return 0;
    }
    sort_as(q, view);
    q->where = read_cond(e, json_object_get(view, "filter"));
    if (!is_indexed(q, is_narrow && !sees_all(q))) {
        buf plan;
        buf_init(&plan, 0);
        assert_ok(engine_sqlite_explain(p.reader, q, ENGINE_LIST, &plan));
        fail_msg("%s, %.*s, %s: %.*s", role_name, STR_FMT(e->name),
                 json_string_value(json_object_get(view, "id")), (int)plan.n, plan.p);
    }
    return 1;
}

static void every_view_is_read_along_an_index(void **state)
{
    (void)state;
    uint32_t checked = 0;
    for (uint32_t i = 0; i < p.w->r->entity_count; i++) {
        const entity *e = p.w->r->entities[i];
        json_t *view, *views = views_of(e);
        size_t k;
        json_array_foreach(json_object_get(views, "list"), k, view)
        {
            for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++) {
                checked += check_view(e, view, roles[r].name, roles[r].is_narrow);
            }
        }
        json_decref(views);
    }
    assert_true(checked > 30);
}

/* ---- narrowing by hand ----------------------------------------------------------------------- */

static query *newest(const char *role_name, const char *entity_name)
{
    const entity *e = registry_entity(p.w->r, str_of(entity_name));
    query *q = list_of(role_name, e);
    assert_non_null(q);
    q->sorts[q->sort_count++] = (sort){&e->fields[COL_CREATED_AT], true};
    return q;
}

static void narrow(query *q, const char *name, value v)
{
    const field *f = entity_field(q->entity, str_of(name));
    assert_non_null(f);
    q->where = cond_and(p.w->a, q->where, cond_compare(p.w->a, COND_EQ, f, v));
}

/* A column of the board: a stage's newest, under each kind of rights. */
static void a_stage_of_ones_own_is_not_looked_for(void **state)
{
    (void)state;
    static const char *const entities[] = {"sales.lead", "sales.deal"};
    for (size_t i = 0; i < 2; i++) {
        for (size_t r = 0; r < 3; r++) {
            query *q = newest(roles[r].name, entities[i]);
            narrow(q, "stage", value_text(CRM_S("new")));
            assert_true(is_indexed(q, true));
        }
    }
}

static void a_foreign_owner_in_a_filter_reads_nothing(void **state)
{
    (void)state;
    buf plan;
    query *q = newest("manager", "sales.deal");
    narrow(q, "owner", value_int(7));
    buf_init(&plan, 0);
    assert_ok(engine_sqlite_explain(p.reader, q, ENGINE_LIST, &plan));
    assert_int_equal(plan.n, 0);
    buf_free(&plan);
}

static void one_owner_of_the_team_is_one_range(void **state)
{
    (void)state;
    query *q = newest("head", "sales.deal");
    narrow(q, "owner", value_int(7));
    assert_true(is_indexed(q, true));
}

/* ---- an indexed filter in the default order ---------------------------------------------------
 */

static bool is_plain_filter(const entity_index *x)
{
    return x->count == 1 && !x->empty_count && !x->is_sparse && !x->is_unique &&
           x->field[0] >= COL_OWN;
}

/* How many walks of the plan go along the index of `f` alone. */
static uint32_t walks_along(const query *q, const field *f)
{
    buf plan;
    char name[64];
    uint32_t count = 0;
    bool is_keyed = field_is_folded(f);
    snprintf(name, sizeof name, " INDEX l%u_%c%u ", q->entity->id, is_keyed ? 'k' : 'c', f->id);
    buf_init(&plan, 0);
    assert_ok(engine_sqlite_explain(p.reader, q, ENGINE_LIST, &plan));
    buf_char(&plan, 0);
    for (const char *at = plan.p; (at = strstr(at, name)) != NULL; at++) {
        count++;
    }
    buf_free(&plan);
    return count;
}

static uint32_t check_filter(const entity *e, const field *f, const char *role_name)
{
    query *q = list_of(role_name, e);
    if (!q || (f->flags & FIELD_MANY)) {
        return 0;
    }
    narrow(q, arena_fmt(p.w->a, "%.*s", STR_FMT(f->name)).p,
           field_is_text(f) ? value_text(CRM_S("new")) : value_int(1));
    bool is_good = is_good_plan(q, ENGINE_LIST, !sees_all(q));
    uint32_t walks = walks_along(q, f);
    if (!is_good || walks > 1) {
        fail_msg("%s, %.*s by %.*s: %u walks through the rows of everybody", role_name,
                 STR_FMT(e->name), STR_FMT(f->name), walks);
    }
    return 1;
}

/* One walk judges the rights on each row: one a branch would pass over everybody's rows for each.
 */
static void an_indexed_filter_is_walked_once(void **state)
{
    (void)state;
    uint32_t checked = 0;
    for (uint32_t i = 0; i < p.w->r->entity_count; i++) {
        const entity *e = p.w->r->entities[i];
        for (uint32_t k = 0; !(e->flags & ENTITY_SYSTEM) && k < e->index_count; k++) {
            for (size_t r = 0; r < 2 && is_plain_filter(&e->indexes[k]); r++) {
                const field *f = &e->fields[e->indexes[k].field[0]];
                checked += check_filter(e, f, roles[r].name);
            }
        }
    }
    assert_true(checked > 10);
}

/* ---- losing an index ------------------------------------------------------------------------- */

/* Without the indexes that begin with `first` and go on with `second`. */
static bool is_indexed_without(query *q, uint16_t first, uint16_t second)
{
    entity *e = (entity *)q->entity;
    const entity_index *all = e->indexes;
    uint32_t count = e->index_count;
    entity_index *kept = ARENA_ARRAY(p.w->a, entity_index, count);
    assert_non_null(kept);
    e->index_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (all[i].field[0] != first || all[i].field[1] != second) {
            kept[e->index_count++] = all[i];
        }
    }
    assert_true(e->index_count < count);
    e->indexes = kept;
    bool is_good = is_indexed(q, true);
    e->indexes = all;
    e->index_count = count;
    return is_good;
}

static void a_lost_index_is_noticed(void **state)
{
    (void)state;
    static const char *const narrow_roles[] = {"manager", "head"};
    for (size_t i = 0; i < 2; i++) {
        query *q = newest(narrow_roles[i], "contacts.person");
        assert_true(is_indexed(q, true));
        assert_false(is_indexed_without(q, q->entity->owner_fields[0], COL_CREATED_AT));
    }
    query *involved = newest("manager", "contacts.person");
    assert_false(is_indexed_without(involved, COL_CREATED_BY, COL_CREATED_AT));
}

/* Of the rows without an owner. */
static bool is_of_nobodys(const entity *e, const entity_index *x)
{
    for (uint32_t i = 0; e->owner_fields[0] && i < x->empty_count; i++) {
        if (x->empty[i] == e->owner_fields[0]) {
            return true;
        }
    }
    return false;
}

/* Each index costs every write. Whoever adds one looks at what it buys. */
static void writes_pay_for_few_indexes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t most;
    } limits[] = {{"contacts.person", 12}, {"contacts.company", 9}, {"sales.lead", 14},
                  {"sales.deal", 18},      {"tasks.task", 16},      {"fleet.machine", 3}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const entity *e = registry_entity(p.w->r, str_of(limits[i].name));
        uint32_t count = 0;
        for (uint32_t k = 0; k < e->index_count; k++) {
            const entity_index *x = &e->indexes[k];
            count += !is_of_nobodys(e, x) && !x->is_sparse; /* they hold next to nothing */
        }
        if (count > limits[i].most) {
            fail_msg("%s has %u indexes", limits[i].name, count);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_view_is_read_along_an_index),
        cmocka_unit_test(a_stage_of_ones_own_is_not_looked_for),
        cmocka_unit_test(a_foreign_owner_in_a_filter_reads_nothing),
        cmocka_unit_test(one_owner_of_the_team_is_one_range),
        cmocka_unit_test(an_indexed_filter_is_walked_once),
        cmocka_unit_test(a_lost_index_is_noticed),
        cmocka_unit_test(writes_pay_for_few_indexes),
    };
    /* The loader probes modules with this very program. */
    if (argc == 3 && strcmp(argv[1], "--probe") == 0) {
        return plug_probe_main(argv[2]);
    }
    return cmocka_run_group_tests(tests, begin, end);
}
