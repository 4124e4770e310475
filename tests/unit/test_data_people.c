/* test_data_people.c - the snapshot of users and departments. */
#include "data_world.h"

static void users_are_found_by_id_and_login(void **state)
{
    (void)state;
    const people *p = people_pin();
    assert_int_equal(people_by_login(p, CRM_S("anna"))->id, w.anna);
    assert_null(people_by_login(p, CRM_S("nobody")));
    assert_text(people_user(p, w.hanna)->login, "hanna");
    assert_null(people_user(p, 4711));
    assert_int_equal(people_user(p, w.hanna)->role_count, 1);
    assert_text(people_user(p, w.hanna)->roles[0], "head");
    people_unpin(p);
}

static void people_are_found_by_what_they_are_called(void **state)
{
    (void)state;
    int64_t id;
    uint32_t count;
    arena *a = arena_new(0);
    const entity *e = registry_store(w.reg, STORE_USER);
    assert_ok(world_update(&w, 0, e, w.anna, USER_NAME, TEXT("Семёнова Анна")));
    assert_ok(world_update(&w, 0, e, w.anna, USER_EMAIL, TEXT("anna@example.ru")));
    const people *p = people_pin();
    assert_ok(people_named(a, p, CRM_S("СЕМЁНОВА анна"), &id, &count));
    assert_true(id == w.anna && count == 1);
    assert_ok(people_named(a, p, CRM_S("Anna@example.ru"), &id, &count));
    assert_true(id == w.anna && count == 1);
    assert_ok(people_named(a, p, CRM_S("Семёнов Анна"), &id, &count));
    assert_true(id == 0 && count == 0);
    people_unpin(p);
    assert_ok(world_update(&w, 0, e, w.hanna, USER_NAME, TEXT("семёнова анна")));
    p = people_pin();
    assert_ok(people_named(a, p, CRM_S("Семёнова Анна"), &id, &count));
    assert_int_equal(count, 2);
    people_unpin(p);
    arena_free(a);
}

static void departments_stand_below_their_parents(void **state)
{
    (void)state;
    const people *p = people_pin();
    assert_true(people_is_below(p, w.north, w.sales));
    assert_true(people_is_below(p, w.sales, w.sales));
    assert_false(people_is_below(p, w.sales, w.north));
    assert_false(people_is_below(p, 0, w.sales));
    assert_int_equal(people_department(p, w.sales)->head, w.hanna);
    people_unpin(p);
}

static void parents_in_a_ring_end(void **state)
{
    (void)state;
    const entity *e = registry_store(w.reg, STORE_DEPARTMENT);
    assert_ok(world_update(&w, 0, e, w.sales, DEPARTMENT_PARENT, value_int(w.north)));
    const people *p = people_pin();
    assert_true(people_is_below(p, w.sales, w.north));
    assert_false(people_is_below(p, w.sales, w.other));
    people_unpin(p);
}

static void a_snapshot_lives_while_it_is_pinned(void **state)
{
    (void)state;
    const people *p = people_pin();
    uint64_t epoch = p->epoch;
    assert_ok(world_update(&w, 0, registry_store(w.reg, STORE_USER), w.anna, USER_NAME, TEXT("A")));
    const people *now = people_pin();
    assert_int_not_equal(now->epoch, epoch);
    assert_text(people_user(p, w.anna)->name, "anna");
    people_unpin(now);
    people_unpin(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SQLITE(users_are_found_by_id_and_login),
        ON_SQLITE(people_are_found_by_what_they_are_called),
        ON_SQLITE(departments_stand_below_their_parents),
        ON_SQLITE(parents_in_a_ring_end),
        ON_SQLITE(a_snapshot_lives_while_it_is_pinned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
