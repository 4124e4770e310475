/*
 * test_data_plans.c - every list that the example deployment offers is read along an index.
 *
 * The registry is the dealer's: its modules, its own entity, its roles. For each role, each list
 * view and each board column the plan of a page, of the page after it and of the count beside it
 * must go along the very indexes that plans_listed.h names. So a list costs nothing by the number
 * of rows, and who loses an index, or turns a descent into a walk through the whole of it, is told.
 */
#include "data/engine_sqlite.h"
#include "data/rights_private.h"
#include "plan_walks.h"
#include "plans_listed.h"
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

static void tell_walks(const query *q, engine_op_kind kind, char out[WALKS_MAX])
{
    plan_walks(p.reader, p.w->r, q, kind, out);
}

/* The page behind some row of the first, whose sort value is not empty. */
static query later_page(const query *q)
{
    query later = *q;
    later.after = (cursor){.id = 5, .is_set = true};
    for (uint32_t i = 0; i < q->sort_count; i++) {
        later.after.at[i] =
            field_is_text(q->sorts[i].field) ? value_text(CRM_S("к")) : value_int(5);
    }
    return later;
}

static query counted(const query *q)
{
    query all = *q;
    all.sort_count = 0;
    all.limit = COUNT_CAP;
    return all;
}

/* ---- what is offered ------------------------------------------------------------------------- */

/* A list that somebody sees. */
typedef struct offer {
    const char *role, *entity, *what; /* a view's id, "a stage", "an owner" */
    const query *q;
} offer;
typedef void (*each_offer)(const offer *o, void *arg);

static const char *const roles[] = {"manager", "head", "director", "accountant", "marketer"};
#define ROLES (sizeof roles / sizeof roles[0])

static json_t *views_of(const entity *e)
{
    json_t *views = NULL;
    if (e->views_json.n) {
        assert_ok(json_read(e->views_json, JSON_ITEMS_MAX, &views, NULL));
    }
    return views;
}

static void offer_view(const entity *e, const json_t *view, each_offer each, void *arg)
{
    for (size_t r = 0; r < ROLES; r++) {
        query *q = list_of(roles[r], e);
        if (q) {
            sort_as(q, view);
            q->where = read_cond(e, json_object_get(view, "filter"));
            each(&(offer){roles[r], arena_fmt(p.w->a, "%.*s", STR_FMT(e->name)).p,
                          json_string_value(json_object_get(view, "id")), q},
                 arg);
        }
    }
}

static void offer_views(each_offer each, void *arg)
{
    for (uint32_t i = 0; i < p.w->r->entity_count; i++) {
        const entity *e = p.w->r->entities[i];
        json_t *view, *views = views_of(e);
        size_t k;
        json_array_foreach(json_object_get(views, "list"), k, view)
        {
            offer_view(e, view, each, arg);
        }
        json_decref(views);
    }
}

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

/* The columns of a board, a stage's newest, under each kind of rights; one owner of the team. */
static void offer_boards(each_offer each, void *arg)
{
    static const char *const entities[] = {"sales.lead", "sales.deal"};
    for (size_t i = 0; i < 2; i++) {
        for (size_t r = 0; r < 3; r++) {
            query *q = newest(roles[r], entities[i]);
            narrow(q, "stage", value_text(CRM_S("new")));
            each(&(offer){roles[r], entities[i], "a stage", q}, arg);
        }
    }
    query *q = newest("head", "sales.deal");
    narrow(q, "owner", value_int(7));
    each(&(offer){"head", "sales.deal", "an owner", q}, arg);
}

static bool is_plain_filter(const entity *e, const entity_index *x)
{
    return x->count == 1 && !x->empty_count && !x->is_sparse && !x->is_unique &&
           x->field[0] >= COL_OWN && !(e->fields[x->field[0]].flags & FIELD_MANY);
}

static void offer_filter(const entity *e, const field *f, each_offer each, void *arg)
{
    crm_str what = arena_fmt(p.w->a, "by %.*s", STR_FMT(f->name));
    for (size_t r = 0; r < 2; r++) {
        query *q = list_of(roles[r], e);
        if (q) {
            narrow(q, what.p + 3, field_is_text(f) ? value_text(CRM_S("new")) : value_int(1));
            each(&(offer){roles[r], arena_fmt(p.w->a, "%.*s", STR_FMT(e->name)).p, what.p, q}, arg);
        }
    }
}

/* An indexed field, in the default order. One walk judges the rights on each row: one a branch
 * would pass over everybody's rows for each. */
static void offer_filters(each_offer each, void *arg)
{
    for (uint32_t i = 0; i < p.w->r->entity_count; i++) {
        const entity *e = p.w->r->entities[i];
        for (uint32_t k = 0; !(e->flags & ENTITY_SYSTEM) && k < e->index_count; k++) {
            if (is_plain_filter(e, &e->indexes[k])) {
                offer_filter(e, &e->fields[e->indexes[k].field[0]], each, arg);
            }
        }
    }
}

static void offer_all(each_offer each, void *arg)
{
    offer_views(each, arg);
    offer_boards(each, arg);
    offer_filters(each, arg);
}

/* ---- what it goes along ---------------------------------------------------------------------- */

static const listed *find_listed(const offer *o)
{
    for (size_t i = 0; i < sizeof all_listed / sizeof all_listed[0]; i++) {
        const listed *l = &all_listed[i];
        if (strcmp(l->role, o->role) == 0 && strcmp(l->entity, o->entity) == 0 &&
            strcmp(l->what, o->what) == 0) {
            return l;
        }
    }
    return NULL;
}

/* The walks of a list as they are. */
typedef struct walked {
    char pages[WALKS_MAX], later[WALKS_MAX], counts[WALKS_MAX];
} walked;

#define ALL_OF "all of "

static const char *without_all(const char *walk)
{
    size_t n = sizeof ALL_OF - 1;
    return strncmp(walk, ALL_OF, n) == 0 ? walk + n : walk;
}

/* A later page begins where the one before ended, so it descends into what the first walks whole.
 */
static bool goes_along(const offer *o, const listed *l, walked *is)
{
    query next = later_page(o->q), all = counted(o->q);
    tell_walks(o->q, ENGINE_LIST, is->pages);
    tell_walks(&next, ENGINE_LIST, is->later);
    tell_walks(&all, ENGINE_COUNT, is->counts);
    return l && strcmp(l->pages, is->pages) == 0 && strcmp(without_all(l->pages), is->later) == 0 &&
           (!l->counts || strcmp(l->counts, is->counts) == 0);
}

typedef struct tally {
    uint32_t offered, wrong;
} tally;

/* What is wrong is told as plans_listed.h would have it. */
static void check_offer(const offer *o, void *arg)
{
    tally *t = arg;
    walked is;
    t->offered++;
    if (!goes_along(o, find_listed(o), &is)) {
        t->wrong++;
        print_error("    {\"%s\", \"%s\", \"%s\", \"%s\", \"%s\"}, later \"%s\"\n", o->role,
                    o->entity, o->what, is.pages, is.counts, is.later);
    }
}

static void every_list_goes_along_the_indexes_made_for_it(void **state)
{
    (void)state;
    tally t = {0};
    offer_all(check_offer, &t);
    assert_int_equal(t.wrong, 0);
    assert_int_equal(t.offered, sizeof all_listed / sizeof all_listed[0]);
}

static void a_foreign_owner_in_a_filter_reads_nothing(void **state)
{
    (void)state;
    char walks[WALKS_MAX];
    query *q = newest("manager", "sales.deal");
    narrow(q, "owner", value_int(7));
    tell_walks(q, ENGINE_LIST, walks);
    assert_string_equal(walks, "");
}

/* ---- losing an index ------------------------------------------------------------------------- */

/* One that plans_listed.h names, taken away. */
typedef struct loss {
    const entity *of;
    const char *name; /* as plans_listed.h has it */
    uint32_t lists, unharmed;
} loss;

/* NULL names none. */
static bool names(const char *walks, const char *index)
{
    char copy[WALKS_MAX];
    char *rest = NULL;
    snprintf(copy, sizeof copy, "%s", walks ? walks : "");
    for (char *one = strtok_r(copy, ";", &rest); one; one = strtok_r(NULL, ";", &rest)) {
        one += one[0] == ' ';
        if (strcmp(without_all(one), index) == 0) {
            return true;
        }
    }
    return false;
}

static void check_harmed(const offer *o, void *arg)
{
    loss *x = arg;
    walked is;
    const listed *l = o->q->entity == x->of ? find_listed(o) : NULL;
    if (!l || !(names(l->pages, x->name) || names(l->counts, x->name))) {
        return;
    }
    x->lists++;
    if (goes_along(o, l, &is)) {
        x->unharmed++;
        print_error("%s, %s, %s does without %s\n", o->role, o->entity, o->what, x->name);
    }
}

static void have_indexes(entity *e, const entity_index *all, uint32_t count)
{
    registry_fault *wrong = NULL;
    e->indexes = all;
    e->index_count = count;
    engine_turn_end(p.reader);
    assert_ok(engine_schema(p.e, p.w->r, p.w->a, &wrong));
    assert_ok(engine_tidy(p.e, p.w->r));
}

/* The lists along index `at` of the entity once the schema has lost it. */
static loss lose(entity *e, uint32_t at)
{
    const entity_index *all = e->indexes;
    uint32_t count = e->index_count;
    entity_index *kept = ARENA_ARRAY(p.w->a, entity_index, count);
    buf name, told;
    buf_init(&name, 0);
    buf_init(&told, 0);
    assert_non_null(kept);
    memcpy(kept, all, at * sizeof *kept);
    memcpy(kept + at, all + at + 1, (count - at - 1) * sizeof *kept);
    index_name(&name, e, &all[at]);
    plan_index(p.w->r, buf_view(&name), &told);
    buf_char(&told, 0);
    loss x = {.of = e, .name = told.p};
    have_indexes(e, kept, count - 1);
    offer_all(check_harmed, &x);
    have_indexes(e, all, count);
    buf_free(&name);
    buf_free(&told);
    return x;
}

static void every_index_that_lists_go_along_is_missed(void **state)
{
    (void)state;
    uint32_t missed = 0, unharmed = 0;
    for (uint32_t i = 0; i < p.w->r->entity_count; i++) {
        entity *e = (entity *)p.w->r->entities[i];
        for (uint32_t k = 0; e->views_json.n && k < e->index_count; k++) {
            arena_mark before = arena_mark_get(p.w->a);
            loss x = lose(e, k);
            arena_rewind(p.w->a, before); /* else all the lists of all the losses pile up */
            missed += x.lists > 0;
            unharmed += x.unharmed;
        }
    }
    assert_int_equal(unharmed, 0);
    assert_true(missed > 20);
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
        cmocka_unit_test(every_list_goes_along_the_indexes_made_for_it),
        cmocka_unit_test(a_foreign_owner_in_a_filter_reads_nothing),
        cmocka_unit_test(every_index_that_lists_go_along_is_missed),
        cmocka_unit_test(writes_pay_for_few_indexes),
    };
    /* The loader probes modules with this very program. */
    if (argc == 3 && strcmp(argv[1], "--probe") == 0) {
        return plug_probe_main(argv[2]);
    }
    return cmocka_run_group_tests(tests, begin, end);
}
