/* test_tz_apply.c - what applying a ТЗ writes, and that the same text again writes nothing. */
#include "tz_world.h"

#include "data/stores.h"

static tz_world *w;
static engine *e;
static engine_session *writer;

#define TEXT                                                                        \
    "tz: 1\n"                                                                       \
    "title: Проба\n"                                                           \
    "version: \"1.0\"\n"                                                            \
    "company:\n"                                                                    \
    "  name: ООО «Проба»\n"                                               \
    "  departments:\n"                                                              \
    "    north: {title: Север, parent: sales}\n"                               \
    "    sales: {title: Отдел продаж, staff: 15, head: anna}\n"          \
    "people: {file: people.csv}\n"                                                  \
    "roles:\n"                                                                      \
    "  head: {title: Начальник, rights: {contacts.person: {read: all}}}\n" \
    "  seller: {title: Продавец}\n"
#define TABLE                                                                   \
    "login,name,phone,department,roles,extension\n"                             \
    "anna,Анна Орлова,8 (916) 000-00-01,sales,\"head, seller\",101\n" \
    "boris,Борис Котов,,north,seller,\n"

/* ---- a server's start by hand ---------------------------------------------------------------- */

static int begin(void **state)
{
    (void)state;
    w = tz_world_new();
    assert_ok(engine_open_memory(0, &e));
    return 0;
}

static int begin_on_disk(void **state)
{
    (void)state;
    w = tz_world_new();
    assert_ok(engine_open_sqlite(w->dir, &e));
    return 0;
}

static void stop(void)
{
    if (writer) {
        engine_session_close(writer);
        people_publish(NULL);
        registry_publish(NULL, NULL, NULL);
        writer = NULL;
    }
}

static int end(void **state)
{
    (void)state;
    stop();
    engine_close(e);
    tz_world_free(w);
    return 0;
}

static void start(const char *text, const char *table)
{
    tz_fault *faults = NULL;
    registry_fault *seal_faults = NULL;
    people *p;
    stop();
    w->e = e;
    tz_world_write(w, "tz.yaml", text);
    tz_world_write(w, "people.csv", table);
    crm_status s = tz_world_build(w, arena_fmt(w->a, "%s/tz.yaml", w->dir).p, NULL, &faults);
    assert_string_equal(tz_world_lines(w, faults, "ru"), "");
    assert_ok(s);
    assert_ok(registry_seal(w->r, w->a, &seal_faults));
    assert_ok(engine_schema(e, w->r, w->a, &seal_faults));
    registry_publish(w->r, NULL, NULL);
    w->r = NULL; /* the publication owns it */
    assert_ok(engine_session_open(e, ENGINE_WRITER, (engine_deliver){NULL, NULL}, &writer));
    const registry *r = registry_pin();
    assert_ok(people_build(writer, r, &p));
    people_publish(p);
    registry_unpin(r);
}

typedef crm_status (*commit_fn)(crm_ctx *c, const void *arg);

/* One request on the writer; the number of changes it made. */
static uint32_t commit(commit_fn fn, const void *arg)
{
    crm_ctx c;
    tx *t;
    assert_ok(call_begin(&c, &principal_system, CRM_S("test")));
    assert_ok(tx_begin(writer, &t));
    assert_ok(tx_request_begin(t, &c));
    crm_status s = fn(&c, arg);
    assert_ok(s);
    assert_ok(tx_request_end(t, true));
    assert_ok(tx_commit(t));
    changes_batch *changes = tx_take_changes(t);
    uint32_t count = changes ? changes->count : 0;
    changes_unref(changes);
    tx_free(t);
    call_end(&c);
    return count;
}

static crm_status apply_fn(crm_ctx *c, const void *arg)
{
    tz_fault *refused;
    (void)arg;
    return tz_apply(w->t, c, &refused);
}

static uint32_t apply(void)
{
    return commit(apply_fn, NULL);
}

static tz_version version(void)
{
    tz_version v;
    const registry *r = registry_pin();
    assert_ok(tz_load(writer, r, w->a, &v));
    registry_unpin(r);
    return v;
}

/* The row of a user as people of the rights' layer see him, or NULL. */
static const person *user_named(const people *all, const char *login)
{
    return people_by_login(all, str_of(login));
}

/* ---- the tests ------------------------------------------------------------------------------- */

static void departments_and_people_of_the_text_become_records(void **state)
{
    (void)state;
    start(TEXT, TABLE);
    apply();
    const people *all = people_pin();
    const person *anna = user_named(all, "anna"), *boris = user_named(all, "boris");
    assert_non_null(anna);
    assert_text(anna->name, "Анна Орлова");
    assert_int_equal(anna->role_count, 2);
    assert_text(anna->roles[1], "seller");
    assert_true(anna->is_on_line && !anna->is_disabled);
    const department *sales = people_department(all, anna->department);
    assert_text(sales->title, "Отдел продаж");
    assert_int_equal(sales->head, anna->id);
    assert_int_equal(people_department(all, boris->department)->parent, sales->id);
    people_unpin(all);
    assert_text(version().version, "1.0");
    assert_text(version().text, TEXT);
    assert_non_null(strstr(version().grants.p, "\"people\":[\"anna\",\"boris\"]"));
    assert_non_null(strstr(version().grants.p, "\"contacts.person\":[\"name\""));
}

static crm_status check_phone(crm_ctx *c, const void *arg)
{
    query *q = query_new(c->arena, registry_store(c->reg, STORE_USER));
    record **rows;
    uint32_t count;
    (void)arg;
    q->limit = 1;
    assert_ok(records_list(c, q, &rows, &count));
    assert_text(rows[0]->v[USER_PHONE].s, "+79160000001");
    assert_text(rows[0]->v[USER_EXTENSION].s, "101");
    return CRM_OK;
}

static void phones_are_kept_in_their_one_form(void **state)
{
    (void)state;
    start(TEXT, TABLE);
    apply();
    commit(check_phone, NULL);
}

static void the_same_text_again_changes_nothing(void **state)
{
    (void)state;
    start(TEXT, TABLE);
    assert_true(apply() > 0);
    int64_t first = version().id;
    assert_int_equal(apply(), 0);
    start(TEXT, TABLE);
    assert_int_equal(apply(), 0);
    assert_int_equal(version().id, first);
}

static void a_changed_text_is_a_new_version_and_writes_only_what_changed(void **state)
{
    (void)state;
    start(TEXT, TABLE);
    apply();
    int64_t first = version().id;
    start(TEXT "now: {process: to_be}\n", "login,name,department,roles,extension,phone\n"
                                          "anna,Анна Белова,sales,head seller,101,89160000001\n"
                                          "boris,Борис Котов,north,seller,,\n");
    assert_int_equal(apply(), 1);
    assert_true(version().id > first);
    const people *all = people_pin();
    assert_text(user_named(all, "anna")->name, "Анна Белова");
    people_unpin(all);
}

static crm_status add_by_hand(crm_ctx *c, const void *arg)
{
    record *r;
    const entity *user = registry_store(c->reg, STORE_USER);
    (void)arg;
    assert_ok(records_new(c, user, &r));
    assert_ok(record_set(r, &user->fields[USER_LOGIN], value_text(CRM_S("robot"))));
    assert_ok(record_set(r, &user->fields[USER_NAME], value_text(CRM_S("Робот"))));
    return records_save(c, r, 0);
}

static void who_left_the_file_is_disabled_and_accounts_by_hand_are_left_alone(void **state)
{
    (void)state;
    start(TEXT, TABLE);
    apply();
    commit(add_by_hand, NULL);
    start(TEXT, "login,name,roles\nanna,Анна Орлова,head seller\n");
    apply();
    const people *all = people_pin();
    assert_true(user_named(all, "boris")->is_disabled);
    assert_false(user_named(all, "anna")->is_disabled);
    assert_false(user_named(all, "robot")->is_disabled);
    people_unpin(all);
    start(TEXT, TABLE); /* and he who comes back works again */
    apply();
    all = people_pin();
    assert_false(user_named(all, "boris")->is_disabled);
    people_unpin(all);
}

static crm_status disable_boris(crm_ctx *c, const void *arg)
{
    record *r;
    (void)arg;
    const person *boris = people_by_login(c->people, CRM_S("boris"));
    const entity *user = registry_store(c->reg, STORE_USER);
    assert_ok(records_get(c, user, boris->id, &r));
    assert_ok(record_set(r, &user->fields[USER_IS_DISABLED], value_int(1)));
    return records_save(c, r, 0);
}

static void whom_an_administrator_disabled_stays_disabled(void **state)
{
    (void)state;
    start(TEXT, TABLE);
    apply();
    commit(disable_boris, NULL);
    assert_int_equal(apply(), 0);
    const people *all = people_pin();
    assert_true(user_named(all, "boris")->is_disabled);
    people_unpin(all);
}

/* The grant's fields of a role on contacts.person. */
static uint32_t granted_fields(void)
{
    const registry *r = registry_pin();
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->grant_count; i++) {
        if (str_is(r->grants[i].role, "head")) {
            count = r->grants[i].field_count;
        }
    }
    registry_unpin(r);
    return count;
}

static crm_status forget_fields(crm_ctx *c, const void *arg)
{
    value *row = ARENA_ARRAY(c->arena, value, TZ_COLUMNS);
    uint64_t set[4] = {0};
    int64_t id = *(const int64_t *)arg;
    row[TZ_GRANTS] = value_text(
        CRM_S("{\"entities\":{\"contacts.person\":[\"name\"]},\"people\":[\"anna\",\"boris\"]}"));
    bits_add(set, TZ_GRANTS);
    return tx_update(c->tx, registry_store(c->reg, STORE_TZ), id, row, set);
}

static void a_start_on_the_same_text_grants_what_was_granted(void **state)
{
    (void)state;
    start(TEXT, TABLE);
    apply();
    int64_t first = version().id;
    assert_true(granted_fields() > 1);
    commit(forget_fields, &first); /* as if the other fields had come with a newer module */
    start(TEXT, TABLE);
    assert_int_equal(granted_fields(), 1);
    apply();
    assert_int_equal(version().id, first);
    start(TEXT "status: approved\n", TABLE);
    assert_true(granted_fields() > 1);
}

/* As modules are upgraded and fields are made on a server that is not restarted for a year. */
static void a_text_in_force_takes_no_memory_however_often_it_is_registered(void **state)
{
    tz_fault *faults = NULL;
    arena *own = arena_new(0);
    size_t used = 0;
    (void)state;
    start(TEXT, TABLE);
    apply();
    stop();
    assert_ok(tz_read(own, arena_fmt(w->a, "%s/tz.yaml", w->dir).p, &w->t, &faults));
    for (int i = 0; i < 3; i++) {
        assert_ok(tz_world_rebuild(w, NULL, &faults));
        used = i == 0 ? arena_used(own) : used;
    }
    assert_int_equal(arena_used(own), used);
    w->t = NULL;
    arena_free(own);
}

static void before_the_first_version_there_is_none(void **state)
{
    tz_version v;
    (void)state;
    start(TEXT, TABLE);
    const registry *r = registry_pin();
    assert_int_equal(tz_load(writer, r, w->a, &v), CRM_NOT_FOUND);
    registry_unpin(r);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(departments_and_people_of_the_text_become_records),
        T(phones_are_kept_in_their_one_form),
        T(the_same_text_again_changes_nothing),
        T(a_changed_text_is_a_new_version_and_writes_only_what_changed),
        T(who_left_the_file_is_disabled_and_accounts_by_hand_are_left_alone),
        T(whom_an_administrator_disabled_stays_disabled),
        T(a_start_on_the_same_text_grants_what_was_granted),
        cmocka_unit_test_setup_teardown(the_same_text_again_changes_nothing, begin_on_disk, end),
        cmocka_unit_test_setup_teardown(a_start_on_the_same_text_grants_what_was_granted,
                                        begin_on_disk, end),
        T(a_text_in_force_takes_no_memory_however_often_it_is_registered),
        T(before_the_first_version_there_is_none),
    };
    /* The loader probes modules with this very program. */
    if (argc == 3 && strcmp(argv[1], "--probe") == 0) {
        return plug_probe_main(argv[2]);
    }
    thread_set_role(THREAD_WRITER, "test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
