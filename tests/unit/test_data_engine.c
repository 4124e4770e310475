/*
 * test_data_engine.c - one suite for every engine: rows, transactions and uniqueness, as engine.h
 * promises them.
 */
#include "engine_world.h"

/* ---- rows ------------------------------------------------------------------------------------ */

static void gives_back_every_value(void **state)
{
    bench *b = *state;
    value row[DEAL_COLUMNS];
    row_copy got;
    bench_row(row, &b->w->deal, 1000);
    row[DEAL_NAME] = value_text(CRM_S("Ремонт кровли"));
    row[DEAL_AMOUNT] = value_int(-9007199254740991);
    row[DEAL_TAGS] = value_text(CRM_S("один\nдва"));
    int64_t id = bench_insert_committed(b, &b->w->deal, row);
    assert_ok(bench_get(b, b->reader, id, NULL, &got));
    row[COL_ID] = value_int(id);
    for (uint32_t i = 0; i < DEAL_COLUMNS; i++) {
        assert_true(value_equal(got.row[i], row[i]));
    }
    assert_int_equal(bench_get(b, b->reader, id + 1, NULL, &got), CRM_NOT_FOUND);
}

static void gives_only_selected_fields(void **state)
{
    bench *b = *state;
    query q = {.entity = &b->w->deal};
    row_copy got;
    bench_begin(b);
    int64_t id = bench_deal(b, "Крыша", 100);
    bench_commit(b);
    bits_add(q.select, DEAL_AMOUNT);
    assert_ok(bench_get(b, b->reader, id, &q, &got));
    assert_int_equal(got.row[DEAL_AMOUNT].i, 100);
    assert_true(value_is_null(got.row[DEAL_NAME]));
}

static void updates_only_the_fields_in_set(void **state)
{
    bench *b = *state;
    row_copy got;
    bench_begin(b);
    int64_t id = bench_deal(b, "Крыша", 100);
    assert_ok(bench_set(b, id, DEAL_AMOUNT, value_int(200)));
    assert_int_equal(bench_set(b, id + 1, DEAL_AMOUNT, value_int(1)), CRM_NOT_FOUND);
    bench_commit(b);
    assert_ok(bench_get(b, b->reader, id, NULL, &got));
    assert_int_equal(got.row[DEAL_AMOUNT].i, 200);
    assert_text(got.row[DEAL_NAME].s, "Крыша");
}

static void refuses_another_revision(void **state)
{
    bench *b = *state;
    value row[DEAL_COLUMNS] = {[COL_REV] = {.kind = VALUE_INT, .i = 2}};
    engine_op op = {.kind = ENGINE_UPDATE, .entity = &b->w->deal, .row = row, .if_rev = 7};
    bits_add(op.set, COL_REV);
    bench_begin(b);
    op.id = bench_deal(b, "Крыша", 100);
    assert_int_equal(bench_op(b, &op), CRM_STALE);
    op.if_rev = 1;
    assert_ok(bench_op(b, &op));
    op.kind = ENGINE_DELETE;
    assert_int_equal(bench_op(b, &op), CRM_STALE);
    op.if_rev = 2;
    assert_ok(bench_op(b, &op));
    assert_int_equal(bench_op(b, &op), CRM_NOT_FOUND);
    bench_commit(b);
    assert_int_equal(bench_count_where(b, NULL), 0);
}

/* ---- transactions ---------------------------------------------------------------------------- */

static void a_savepoint_undoes_one_request(void **state)
{
    bench *b = *state;
    bench_begin(b);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    bench_deal(b, "first", 1);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_RELEASE}));
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    bench_deal(b, "second", 2);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_ROLLBACK_TO}));
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    bench_deal(b, "third", 3);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_RELEASE}));
    bench_commit(b);
    const field *amount = deal_field(b->w, DEAL_AMOUNT);
    assert_int_equal(bench_count_where(b, NULL), 2);
    assert_int_equal(bench_count_where(b, world_cond(b->w, COND_EQ, amount, value_int(2))), 0);
}

static void a_row_inside_a_request_is_undone_alone(void **state)
{
    bench *b = *state;
    const field *amount = deal_field(b->w, DEAL_AMOUNT);
    bench_begin(b);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    bench_deal(b, "first", 1);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    bench_deal(b, "second", 2);
    assert_int_equal(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}), CRM_MISUSE);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_ROLLBACK_TO}));
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    bench_deal(b, "third", 3);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_RELEASE}));
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_RELEASE}));
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    bench_deal(b, "fourth", 4);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_RELEASE}));
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_ROLLBACK_TO}));
    assert_int_equal(bench_op(b, &(engine_op){.kind = ENGINE_RELEASE}), CRM_MISUSE);
    bench_commit(b);
    assert_int_equal(bench_count_where(b, NULL), 2);
    assert_int_equal(bench_count_where(b, world_cond(b->w, COND_EQ, amount, value_int(2))), 0);
    assert_int_equal(bench_count_where(b, world_cond(b->w, COND_EQ, amount, value_int(4))), 0);
}

static void a_rollback_leaves_nothing(void **state)
{
    bench *b = *state;
    bench_begin(b);
    bench_deal(b, "first", 1);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_ROLLBACK}));
    engine_turn_end(b->reader);
    assert_int_equal(bench_count_where(b, NULL), 0);
    bench_begin(b);
    bench_deal(b, "second", 2);
    bench_commit(b);
    assert_int_equal(bench_count_where(b, NULL), 1);
}

static void a_row_needs_a_transaction(void **state)
{
    bench *b = *state;
    value row[DEAL_COLUMNS];
    bench_row(row, &b->w->deal, 1);
    engine_op op = {.kind = ENGINE_INSERT, .entity = &b->w->deal, .row = row};
    assert_int_equal(bench_op(b, &op), CRM_MISUSE);
}

static void a_turn_keeps_its_snapshot(void **state)
{
    bench *b = *state;
    assert_int_equal(bench_count_where(b, NULL), 0);
    bench_begin(b);
    bench_deal(b, "first", 1);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_COMMIT}));
    assert_int_equal(bench_count_where(b, NULL), 0);
    engine_turn_end(b->reader);
    assert_int_equal(bench_count_where(b, NULL), 1);
}

static void the_writer_reads_its_own_rows(void **state)
{
    bench *b = *state;
    query q = {.entity = &b->w->deal};
    bench_begin(b);
    int64_t id = bench_deal(b, "first", 1);
    row_copy got;
    assert_ok(bench_get(b, b->writer, id, NULL, &got));
    assert_int_equal(bench_count(b->writer, &q), 1);
    assert_int_equal(bench_count(b->reader, &q), 0);
    bench_commit(b);
    assert_int_equal(bench_count(b->writer, &q), 1);
}

static void a_failure_stops_the_batch_unless_it_goes_on(void **state)
{
    bench *b = *state;
    query q = {.entity = &b->w->deal};
    engine_op ops[] = {{.kind = ENGINE_GET, .entity = &b->w->deal, .id = 99},
                       {.kind = ENGINE_COUNT, .entity = &b->w->deal, .query = &q}};
    engine_batch batch = {.ops = ops, .count = 2};
    assert_int_equal(engine_read_now(b->reader, &batch), CRM_NOT_FOUND);
    assert_int_equal(ops[1].status, CRM_UNAVAILABLE);
    batch.go_on = true;
    assert_int_equal(engine_read_now(b->reader, &batch), CRM_NOT_FOUND);
    assert_ok(ops[1].status);
}

/* ---- uniqueness ------------------------------------------------------------------------------ */

static void a_unique_value_names_its_holder(void **state)
{
    bench *b = *state;
    value row[DEAL_COLUMNS];
    bench_begin(b);
    int64_t first = bench_deal_with(b, DEAL_CODE, value_text(CRM_S("Ёлка-1")));
    bench_row(row, &b->w->deal, 1);
    row[DEAL_CODE] = value_text(CRM_S("ёлка-1"));
    engine_op op = {.kind = ENGINE_INSERT, .entity = &b->w->deal, .row = row};
    assert_int_equal(bench_op(b, &op), CRM_CONFLICT);
    assert_non_null(op.refused);
    assert_int_equal(op.refused->field[0], DEAL_CODE);
    assert_int_equal(op.refused_id, first);
    row[DEAL_CODE] = value_text(CRM_S("елка-1"));
    assert_ok(bench_op(b, &op)); /* ё stands beside е, it is not е */
    row[DEAL_CODE] = value_null();
    assert_ok(bench_op(b, &op));
    assert_ok(bench_op(b, &op)); /* NULLs are distinct */
    bench_commit(b);
    assert_int_equal(bench_count_where(b, NULL), 4);
}

static void the_recycle_bin_frees_a_unique_value(void **state)
{
    bench *b = *state;
    bench_begin(b);
    int64_t first = bench_deal_with(b, DEAL_CODE, value_text(CRM_S("A")));
    assert_ok(bench_set(b, first, COL_DELETED_AT, value_int(5)));
    bench_deal_with(b, DEAL_CODE, value_text(CRM_S("a")));
    assert_int_equal(bench_set(b, first, COL_DELETED_AT, value_null()), CRM_CONFLICT);
    bench_commit(b);
    assert_int_equal(bench_count_where(b, NULL), 1);
}

static void an_element_is_unique_among_many(void **state)
{
    bench *b = *state;
    value row[DEAL_COLUMNS];
    bench_begin(b);
    int64_t first =
        bench_deal_with(b, DEAL_PHONES, value_text(CRM_S("+79160000001\n+79160000002")));
    int64_t other = bench_deal_with(b, DEAL_PHONES, value_text(CRM_S("+79160000003")));
    bench_row(row, &b->w->deal, 1);
    row[DEAL_PHONES] = value_text(CRM_S("+79160000009\n+79160000002"));
    engine_op op = {.kind = ENGINE_INSERT, .entity = &b->w->deal, .row = row};
    assert_int_equal(bench_op(b, &op), CRM_CONFLICT);
    assert_int_equal(op.refused->field[0], DEAL_PHONES);
    assert_int_equal(op.refused_id, first);
    assert_int_equal(bench_set(b, other, DEAL_PHONES, row[DEAL_PHONES]), CRM_CONFLICT);
    assert_ok(bench_set(b, first, DEAL_PHONES, value_text(CRM_S("+79160000001"))));
    assert_ok(bench_op(b, &op));
    assert_ok(bench_set(b, op.id, COL_DELETED_AT, value_int(5)));
    assert_ok(bench_set(b, other, DEAL_PHONES, row[DEAL_PHONES]));
    assert_int_equal(bench_set(b, op.id, COL_DELETED_AT, value_null()), CRM_CONFLICT);
    bench_commit(b);
}

static void an_extension_makes_no_other_number(void **state)
{
    bench *b = *state;
    bench_begin(b);
    int64_t first = bench_deal_with(b, DEAL_PHONES,
                                    value_text(CRM_S("+79160000001;ext=1\n+79160000001;ext=2")));
    int64_t other = bench_deal_with(b, DEAL_PHONE, value_text(CRM_S("+79160000001;ext=1")));
    value bare = value_text(CRM_S("+79160000001"));
    assert_int_equal(bench_set(b, other, DEAL_PHONES, bare), CRM_CONFLICT);
    assert_ok(bench_set(b, first, DEAL_PHONE, value_text(CRM_S("+79160000001;ext=2"))));
    bench_commit(b);
    const field *f = b->w->deal.fields;
    value asked[] = {value_text(CRM_S("+79160000001;ext=7")), bare};
    arena *a = b->w->arena;
    assert_int_equal(bench_count_where(b, cond_compare(a, COND_EQ, &f[DEAL_PHONE], bare)), 2);
    assert_int_equal(bench_count_where(b, cond_in(a, &f[DEAL_PHONE], asked, 2)), 2);
    assert_int_equal(bench_count_where(b, cond_in(a, &f[DEAL_PHONES], asked, 2)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ALL(gives_back_every_value),
        ON_ALL(gives_only_selected_fields),
        ON_ALL(updates_only_the_fields_in_set),
        ON_ALL(refuses_another_revision),
        ON_ALL(a_savepoint_undoes_one_request),
        ON_ALL(a_row_inside_a_request_is_undone_alone),
        ON_ALL(a_rollback_leaves_nothing),
        ON_ALL(a_row_needs_a_transaction),
        ON_ALL(a_turn_keeps_its_snapshot),
        ON_ALL(the_writer_reads_its_own_rows),
        ON_ALL(a_failure_stops_the_batch_unless_it_goes_on),
        ON_ALL(a_unique_value_names_its_holder),
        ON_ALL(the_recycle_bin_frees_a_unique_value),
        ON_ALL(an_element_is_unique_among_many),
        ON_ALL(an_extension_makes_no_other_number),
    };
    return RUN_ON_ALL(tests);
}
