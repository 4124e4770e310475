/* test_data_engine.c - one suite for every engine: what engine.h promises, whoever keeps it. */
#include "data/stores.h"
#include "engine_world.h"

static bench *start(void **state);

static void reads_what_was_written(void **state)
{
    bench *b = start(state);
    const entity *e = &b->w->deal;
    value row[DEAL_COLUMNS];
    bench_row(row, e, 1000);
    row[DEAL_NAME] = value_text(CRM_S("Щербаков"));
    row[DEAL_AMOUNT] = value_int(150000);
    row[DEAL_TAGS] = value_text(CRM_S("vip\nновый"));
    int64_t id = bench_insert_committed(b, e, row);

    query q = {.entity = e};
    ids got;
    bench_list(b->reader, &q, &got);
    assert_ok(got.status);
    assert_int_equal(got.count, 1);
    assert_int_equal(got.at[0], id);
    assert_int_equal(bench_count(b->reader, &q), 1);
    q.where = world_cond(b->w, COND_EQ, deal_field(b->w, DEAL_NAME), value_text(CRM_S("ЩЕРБАКОВ")));
    assert_int_equal(bench_count(b->reader, &q), 1);
    q.where = world_cond(b->w, COND_HAS, deal_field(b->w, DEAL_TAGS), value_text(CRM_S("Новый")));
    assert_int_equal(bench_count(b->reader, &q), 1);
    q.where = world_not(b->w, q.where);
    assert_int_equal(bench_count(b->reader, &q), 0);
    bench_free(b);
}

/* ---- the whole way with the kernel's own registry -------------------------------------------- */

static void makes_the_kernels_own_stores(void **state)
{
    (void)state;
    bench *b = bench_new(ON_SQLITE, 0);
    registry *r = registry_new();
    arena *a = arena_new(0);
    registry_fault *faults = NULL;
    assert_ok(registry_seal(r, a, &faults));
    assert_ok(engine_schema(b->e, r, a, &faults));
    assert_null(faults);
    const entity *user = registry_store(r, STORE_USER);
    assert_true(user->id > 0 && user->fields[USER_LOGIN].id > 0);

    value row[FIELDS_MAX];
    bench_row(row, user, 1);
    row[USER_LOGIN] = value_text(CRM_S("Anna"));
    row[USER_NAME] = value_text(CRM_S("Анна"));
    bench_begin(b);
    int64_t id = bench_insert(b, user, row);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    row[USER_LOGIN] = value_text(CRM_S("ANNA"));
    engine_op twin = {.kind = ENGINE_INSERT, .entity = user, .row = row};
    assert_int_equal(bench_op(b, &twin), CRM_CONFLICT);
    assert_non_null(twin.refused);
    assert_int_equal(twin.refused_id, id);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_ROLLBACK_TO}));
    crm_str terms[] = {CRM_S("анна =анн")};
    assert_ok(
        bench_op(b, &(engine_op){.kind = ENGINE_TERMS, .entity = user, .id = id, .terms = terms}));
    bench_commit(b);
    query q = {.entity = user, .terms = CRM_S("ан")};
    assert_int_equal(bench_count(b->reader, &q), 1);
    q.terms = CRM_S("иван");
    assert_int_equal(bench_count(b->reader, &q), 0);
    arena_free(a);
    registry_discard(r);
    bench_free(b);
}

static bench *start(void **state)
{
    (void)state;
    return bench_new(ON_SQLITE, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_written),
        cmocka_unit_test(makes_the_kernels_own_stores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
