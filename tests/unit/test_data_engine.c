/*
 * test_data_engine.c - one suite for every engine: what engine.h promises, whoever keeps it.
 *
 * It runs on SQLite, in memory, and in memory with completion delayed by several seeds.
 */
#include "engine_world.h"

static engine_choice which;
static uint64_t seed;

static int open_bench(void **state)
{
    *state = bench_new(which, seed);
    return 0;
}

static int close_bench(void **state)
{
    bench_free(*state);
    return 0;
}

/* ---- making rows ----------------------------------------------------------------------------- */

static int64_t add_deal(bench *b, const char *name, int64_t amount)
{
    value row[DEAL_COLUMNS];
    bench_row(row, &b->w->deal, 1000);
    row[DEAL_NAME] = value_text(str_of(name));
    row[DEAL_AMOUNT] = amount ? value_int(amount) : value_null();
    return bench_insert(b, &b->w->deal, row);
}

static int64_t add_with(bench *b, uint32_t f, value v)
{
    value row[DEAL_COLUMNS];
    bench_row(row, &b->w->deal, 1000);
    row[f] = v;
    return bench_insert(b, &b->w->deal, row);
}

static crm_status set_field(bench *b, int64_t id, uint32_t f, value v)
{
    value row[DEAL_COLUMNS] = {{0}};
    engine_op op = {.kind = ENGINE_UPDATE, .entity = &b->w->deal, .id = id, .row = row};
    row[f] = v;
    bits_add(op.set, f);
    return bench_op(b, &op);
}

static void set_terms(bench *b, int64_t id, const char *name, const char *note)
{
    crm_str terms[] = {str_of(name), str_of(note)};
    engine_op op = {.kind = ENGINE_TERMS, .entity = &b->w->deal, .id = id, .terms = terms};
    assert_ok(bench_op(b, &op));
}

static uint32_t count_where(bench *b, const cond *c)
{
    query q = {.entity = &b->w->deal, .where = c};
    return (uint32_t)bench_count(b->reader, &q);
}

typedef struct copy {
    arena *arena;
    value row[FIELDS_MAX];
    uint32_t bits, count;
} copy;

static bool take_copy(void *arg, const value *row, uint32_t bits)
{
    copy *c = arg;
    for (uint32_t i = 0; i < DEAL_COLUMNS; i++) {
        c->row[i] = value_dup(c->arena, row[i]);
    }
    c->bits = bits;
    c->count++;
    return true;
}

static crm_status get(bench *b, engine_session *s, int64_t id, const query *q, copy *out)
{
    engine_op op = {.kind = ENGINE_GET,
                    .entity = &b->w->deal,
                    .id = id,
                    .query = q,
                    .on_row = take_copy,
                    .arg = out};
    engine_batch batch = {.ops = &op, .count = 1};
    *out = (copy){.arena = b->w->arena};
    return engine_read_now(s, &batch);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void gives_back_every_value(void **state)
{
    bench *b = *state;
    value row[DEAL_COLUMNS];
    copy got;
    bench_row(row, &b->w->deal, 1000);
    row[DEAL_NAME] = value_text(CRM_S("Ремонт кровли"));
    row[DEAL_AMOUNT] = value_int(-9007199254740991);
    row[DEAL_TAGS] = value_text(CRM_S("один\nдва"));
    int64_t id = bench_insert_committed(b, &b->w->deal, row);
    assert_ok(get(b, b->reader, id, NULL, &got));
    row[COL_ID] = value_int(id);
    for (uint32_t i = 0; i < DEAL_COLUMNS; i++) {
        assert_true(value_equal(got.row[i], row[i]));
    }
    assert_int_equal(get(b, b->reader, id + 1, NULL, &got), CRM_NOT_FOUND);
}

static void gives_only_selected_fields(void **state)
{
    bench *b = *state;
    query q = {.entity = &b->w->deal};
    copy got;
    bench_begin(b);
    int64_t id = add_deal(b, "Крыша", 100);
    bench_commit(b);
    bits_add(q.select, DEAL_AMOUNT);
    assert_ok(get(b, b->reader, id, &q, &got));
    assert_int_equal(got.row[DEAL_AMOUNT].i, 100);
    assert_true(value_is_null(got.row[DEAL_NAME]));
}

static void updates_only_the_fields_in_set(void **state)
{
    bench *b = *state;
    copy got;
    bench_begin(b);
    int64_t id = add_deal(b, "Крыша", 100);
    assert_ok(set_field(b, id, DEAL_AMOUNT, value_int(200)));
    assert_int_equal(set_field(b, id + 1, DEAL_AMOUNT, value_int(1)), CRM_NOT_FOUND);
    bench_commit(b);
    assert_ok(get(b, b->reader, id, NULL, &got));
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
    op.id = add_deal(b, "Крыша", 100);
    assert_int_equal(bench_op(b, &op), CRM_STALE);
    op.if_rev = 1;
    assert_ok(bench_op(b, &op));
    op.kind = ENGINE_DELETE;
    assert_int_equal(bench_op(b, &op), CRM_STALE);
    op.if_rev = 2;
    assert_ok(bench_op(b, &op));
    assert_int_equal(bench_op(b, &op), CRM_NOT_FOUND);
    bench_commit(b);
    assert_int_equal(count_where(b, NULL), 0);
}

/* ---- transactions ---------------------------------------------------------------------------- */

static void a_savepoint_undoes_one_request(void **state)
{
    bench *b = *state;
    bench_begin(b);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    add_deal(b, "first", 1);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_RELEASE}));
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    add_deal(b, "second", 2);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_ROLLBACK_TO}));
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    add_deal(b, "third", 3);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_RELEASE}));
    bench_commit(b);
    const field *amount = deal_field(b->w, DEAL_AMOUNT);
    assert_int_equal(count_where(b, NULL), 2);
    assert_int_equal(count_where(b, world_cond(b->w, COND_EQ, amount, value_int(2))), 0);
}

static void a_row_inside_a_request_is_undone_alone(void **state)
{
    bench *b = *state;
    const field *amount = deal_field(b->w, DEAL_AMOUNT);
    bench_begin(b);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    add_deal(b, "first", 1);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    add_deal(b, "second", 2);
    assert_int_equal(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}), CRM_MISUSE);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_ROLLBACK_TO}));
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    add_deal(b, "third", 3);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_RELEASE}));
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_RELEASE}));
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_SAVEPOINT}));
    add_deal(b, "fourth", 4);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_RELEASE}));
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_ROLLBACK_TO}));
    assert_int_equal(bench_op(b, &(engine_op){.kind = ENGINE_RELEASE}), CRM_MISUSE);
    bench_commit(b);
    assert_int_equal(count_where(b, NULL), 2);
    assert_int_equal(count_where(b, world_cond(b->w, COND_EQ, amount, value_int(2))), 0);
    assert_int_equal(count_where(b, world_cond(b->w, COND_EQ, amount, value_int(4))), 0);
}

static void a_rollback_leaves_nothing(void **state)
{
    bench *b = *state;
    bench_begin(b);
    add_deal(b, "first", 1);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_ROLLBACK}));
    engine_turn_end(b->reader);
    assert_int_equal(count_where(b, NULL), 0);
    bench_begin(b);
    add_deal(b, "second", 2);
    bench_commit(b);
    assert_int_equal(count_where(b, NULL), 1);
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
    assert_int_equal(count_where(b, NULL), 0);
    bench_begin(b);
    add_deal(b, "first", 1);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_COMMIT}));
    assert_int_equal(count_where(b, NULL), 0);
    engine_turn_end(b->reader);
    assert_int_equal(count_where(b, NULL), 1);
}

static void the_writer_reads_its_own_rows(void **state)
{
    bench *b = *state;
    query q = {.entity = &b->w->deal};
    bench_begin(b);
    int64_t id = add_deal(b, "first", 1);
    copy got;
    assert_ok(get(b, b->writer, id, NULL, &got));
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
    int64_t first = add_with(b, DEAL_CODE, value_text(CRM_S("Ёлка-1")));
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
    assert_int_equal(count_where(b, NULL), 4);
}

static void the_recycle_bin_frees_a_unique_value(void **state)
{
    bench *b = *state;
    bench_begin(b);
    int64_t first = add_with(b, DEAL_CODE, value_text(CRM_S("A")));
    assert_ok(set_field(b, first, COL_DELETED_AT, value_int(5)));
    add_with(b, DEAL_CODE, value_text(CRM_S("a")));
    assert_int_equal(set_field(b, first, COL_DELETED_AT, value_null()), CRM_CONFLICT);
    bench_commit(b);
    assert_int_equal(count_where(b, NULL), 1);
}

static void an_element_is_unique_among_many(void **state)
{
    bench *b = *state;
    value row[DEAL_COLUMNS];
    bench_begin(b);
    int64_t first = add_with(b, DEAL_PHONES, value_text(CRM_S("+79160000001\n+79160000002")));
    int64_t other = add_with(b, DEAL_PHONES, value_text(CRM_S("+79160000003")));
    bench_row(row, &b->w->deal, 1);
    row[DEAL_PHONES] = value_text(CRM_S("+79160000009\n+79160000002"));
    engine_op op = {.kind = ENGINE_INSERT, .entity = &b->w->deal, .row = row};
    assert_int_equal(bench_op(b, &op), CRM_CONFLICT);
    assert_int_equal(op.refused->field[0], DEAL_PHONES);
    assert_int_equal(op.refused_id, first);
    assert_int_equal(set_field(b, other, DEAL_PHONES, row[DEAL_PHONES]), CRM_CONFLICT);
    assert_ok(set_field(b, first, DEAL_PHONES, value_text(CRM_S("+79160000001"))));
    assert_ok(bench_op(b, &op));
    assert_ok(set_field(b, op.id, COL_DELETED_AT, value_int(5)));
    assert_ok(set_field(b, other, DEAL_PHONES, row[DEAL_PHONES]));
    assert_int_equal(set_field(b, op.id, COL_DELETED_AT, value_null()), CRM_CONFLICT);
    bench_commit(b);
}

/* ---- order and pages ------------------------------------------------------------------------- */

static void sorts_fold_case_and_put_null_least(void **state)
{
    bench *b = *state;
    static const char *const names[] = {"Яблоко", "ёлка", "Елка", "елка", "Жук", "ежик", "ЁЖИК"};
    ids got;
    bench_begin(b);
    int64_t id[8];
    for (int i = 0; i < 7; i++) {
        id[i] = add_deal(b, names[i], 1);
    }
    id[7] = add_with(b, DEAL_AMOUNT, value_int(1));
    bench_commit(b);
    query q = {
        .entity = &b->w->deal, .sorts = {{deal_field(b->w, DEAL_NAME), false}}, .sort_count = 1};
    bench_list(b->reader, &q, &got);
    /* NULL, ежик, ЁЖИК, Елка = елка by id, ёлка, Жук, Яблоко */
    int64_t up[] = {id[7], id[5], id[6], id[2], id[3], id[1], id[4], id[0]};
    assert_int_equal(got.count, 8);
    assert_memory_equal(got.at, up, sizeof up);
    q.sorts[0].descending = true;
    bench_list(b->reader, &q, &got);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(got.at[i], up[7 - i]);
    }
}

/* Walks all pages and checks them against the whole list. */
static void walk(bench *b, query q, uint32_t page, const ids *whole)
{
    ids got;
    uint32_t done = 0;
    q.limit = page;
    while (done < whole->count) {
        bench_list(b->reader, &q, &got);
        assert_ok(got.status);
        assert_true(got.count > 0);
        assert_memory_equal(got.at, whole->at + done, got.count * sizeof got.at[0]);
        done += got.count;
        copy last;
        assert_ok(get(b, b->reader, whole->at[done - 1], NULL, &last));
        q.after = (cursor){.id = whole->at[done - 1], .is_set = true};
        for (uint32_t i = 0; i < q.sort_count; i++) {
            q.after.at[i] = last.row[q.sorts[i].field->index];
        }
    }
    bench_list(b->reader, &q, &got);
    assert_int_equal(got.count, 0);
}

static void pages_follow_each_other_without_gaps(void **state)
{
    bench *b = *state;
    static const char *const names[] = {"а", "Ё", "е", "А", "ё"};
    static ids whole;
    bench_begin(b);
    for (int i = 0; i < 40; i++) {
        int64_t id = add_deal(b, names[i % 5], i % 4);
        if (i % 7 == 0) {
            assert_ok(set_field(b, id, DEAL_NAME, value_null()));
        }
    }
    bench_commit(b);
    for (unsigned bits = 0; bits < 4; bits++) {
        query q = {.entity = &b->w->deal,
                   .sort_count = 2,
                   .sorts = {{deal_field(b->w, DEAL_AMOUNT), bits & 1},
                             {deal_field(b->w, DEAL_NAME), bits & 2}}};
        bench_list(b->reader, &q, &whole);
        assert_int_equal(whole.count, 40);
        walk(b, q, 1, &whole);
        walk(b, q, 7, &whole);
    }
}

static void limits_hold(void **state)
{
    bench *b = *state;
    ids got;
    query q = {.entity = &b->w->deal};
    bench_begin(b);
    for (int i = 0; i < 250; i++) {
        add_deal(b, "x", 1);
    }
    bench_commit(b);
    bench_list(b->reader, &q, &got);
    assert_int_equal(got.count, LIST_MAX);
    q.limit = 230;
    bench_list(b->reader, &q, &got);
    assert_int_equal(got.count, 230);
    assert_int_equal(bench_count(b->reader, &q), 230);
    q.limit = 0;
    assert_int_equal(bench_count(b->reader, &q), 250);
}

static bool stop_at_second(void *arg, const value *row, uint32_t bits)
{
    (void)row;
    (void)bits;
    return ++*(int *)arg < 2;
}

static void a_sink_may_stop_the_list(void **state)
{
    bench *b = *state;
    int seen = 0;
    query q = {.entity = &b->w->deal};
    bench_begin(b);
    for (int i = 0; i < 5; i++) {
        add_deal(b, "x", 1);
    }
    bench_commit(b);
    engine_op op = {.kind = ENGINE_LIST,
                    .entity = q.entity,
                    .query = &q,
                    .on_row = stop_at_second,
                    .arg = &seen};
    engine_batch batch = {.ops = &op, .count = 1};
    assert_ok(engine_read_now(b->reader, &batch));
    assert_int_equal(seen, 2);
    assert_int_equal(op.count, 2);
}

/* ---- conditions ------------------------------------------------------------------------------ */

static void null_is_not_that(void **state)
{
    bench *b = *state;
    const field *amount = deal_field(b->w, DEAL_AMOUNT);
    bench_begin(b);
    add_deal(b, "a", 5);
    add_deal(b, "b", 0); /* no amount */
    bench_commit(b);
    const cond *gt = world_cond(b->w, COND_GT, amount, value_int(1));
    assert_int_equal(count_where(b, gt), 1);
    assert_int_equal(count_where(b, world_not(b->w, gt)), 1);
    assert_int_equal(count_where(b, world_cond(b->w, COND_NE, amount, value_int(5))), 1);
    assert_int_equal(count_where(b, world_cond(b->w, COND_LT, amount, value_int(100))), 1);
    assert_int_equal(count_where(b, world_cond(b->w, COND_NONE, amount, value_null())), 1);
    assert_int_equal(
        count_where(b, world_not(b->w, world_cond(b->w, COND_NONE, amount, value_null()))), 1);
}

static void texts_compare_folded(void **state)
{
    bench *b = *state;
    const field *name = deal_field(b->w, DEAL_NAME), *note = deal_field(b->w, DEAL_NOTE);
    bench_begin(b);
    value row[DEAL_COLUMNS];
    bench_row(row, &b->w->deal, 1);
    row[DEAL_NAME] = row[DEAL_NOTE] = value_text(CRM_S("Ёршиков Пётр"));
    bench_insert(b, &b->w->deal, row);
    bench_commit(b);
    const field *both[] = {name, note}; /* with a key column and without */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            count_where(b, world_cond(b->w, COND_EQ, both[i], value_text(CRM_S("ёршиков  пётр")))),
            1);
        assert_int_equal(
            count_where(b, world_cond(b->w, COND_EQ, both[i], value_text(CRM_S("ершиков петр")))),
            0);
        assert_int_equal(
            count_where(b, world_cond(b->w, COND_STARTS, both[i], value_text(CRM_S("ЕРШ")))), 1);
        assert_int_equal(
            count_where(b, world_cond(b->w, COND_HAS, both[i], value_text(CRM_S("ПЁТ")))), 1);
        assert_int_equal(
            count_where(b, world_cond(b->w, COND_HAS, both[i], value_text(CRM_S("пят")))), 0);
    }
    /* Written differently and yet equal: both may be asked at once. */
    const cond *twice =
        cond_and(b->w->arena, world_cond(b->w, COND_EQ, name, value_text(CRM_S("ёршиков пётр"))),
                 world_cond(b->w, COND_EQ, name, value_text(CRM_S("ЁРШИКОВ ПЁТР"))));
    assert_int_equal(count_where(b, twice), 1);
}

static void many_values_match_by_any(void **state)
{
    bench *b = *state;
    static const uint32_t fields[] = {DEAL_TAGS, DEAL_EMAILS}; /* indexed and not */
    bench_begin(b);
    value row[DEAL_COLUMNS];
    bench_row(row, &b->w->deal, 1);
    row[DEAL_TAGS] = row[DEAL_EMAILS] = value_text(CRM_S("vip\nСклад"));
    int64_t id = bench_insert(b, &b->w->deal, row);
    bench_insert(b, &b->w->deal, (bench_row(row, &b->w->deal, 1), row));
    bench_commit(b);
    for (int i = 0; i < 2; i++) {
        const field *f = deal_field(b->w, fields[i]);
        value in[] = {value_text(CRM_S("нет")), value_text(CRM_S("VIP")), value_text(CRM_S("и"))};
        assert_int_equal(count_where(b, world_cond(b->w, COND_HAS, f, value_text(CRM_S("склад")))),
                         1);
        assert_int_equal(count_where(b, world_cond(b->w, COND_HAS, f, value_text(CRM_S("скл")))),
                         0);
        assert_int_equal(count_where(b, world_cond(b->w, COND_STARTS, f, value_text(CRM_S("СКЛ")))),
                         1);
        assert_int_equal(count_where(b, world_cond(b->w, COND_NE, f, value_text(CRM_S("vip")))), 1);
        assert_int_equal(count_where(b, cond_in(b->w->arena, f, in, 3)), 1);
        assert_int_equal(count_where(b, world_not(b->w, cond_in(b->w->arena, f, in, 3))), 1);
        assert_int_equal(count_where(b, world_cond(b->w, COND_NONE, f, value_null())), 1);
    }
    bench_begin(b);
    assert_ok(set_field(b, id, DEAL_TAGS, value_text(CRM_S("иное"))));
    bench_commit(b);
    const field *tags = deal_field(b->w, DEAL_TAGS);
    assert_int_equal(count_where(b, world_cond(b->w, COND_HAS, tags, value_text(CRM_S("vip")))), 0);
    assert_int_equal(count_where(b, world_cond(b->w, COND_HAS, tags, value_text(CRM_S("иное")))),
                     1);
}

static void long_lists_of_values_work(void **state)
{
    bench *b = *state;
    static value many[3000];
    for (int i = 0; i < 3000; i++) {
        many[i] = value_int(i + 100);
    }
    bench_begin(b);
    add_deal(b, "a", 3099);
    add_deal(b, "b", 99);
    bench_commit(b);
    const field *amount = deal_field(b->w, DEAL_AMOUNT);
    assert_int_equal(count_where(b, cond_in(b->w->arena, amount, many, 3000)), 1);
    assert_int_equal(count_where(b, cond_in(b->w->arena, amount, many, 0)), 0);
}

static int64_t add_person(bench *b, const char *name, const char *region)
{
    value row[PERSON_COLUMNS];
    bench_row(row, &b->w->person, 1);
    row[PERSON_NAME] = value_text(str_of(name));
    row[PERSON_REGION] = value_text(str_of(region));
    return bench_insert(b, &b->w->person, row);
}

static cond *path(world *w, cond_op op, const field *ref, const field *f, value v)
{
    cond *c = (cond *)world_cond(w, op, f, v);
    c->path[0] = ref;
    c->path[1] = f;
    c->path_length = 2;
    return c;
}

static void paths_reach_other_rows(void **state)
{
    bench *b = *state;
    const field *buyer = deal_field(b->w, DEAL_BUYER),
                *region = &b->w->person.fields[PERSON_REGION];
    bench_begin(b);
    add_with(b, DEAL_BUYER, value_int(add_person(b, "Анна", "spb")));
    add_with(b, DEAL_BUYER, value_int(add_person(b, "Борис", "msk")));
    add_with(b, DEAL_BUYER, value_null());
    bench_commit(b);
    cond *spb = path(b->w, COND_EQ, buyer, region, value_text(CRM_S("spb")));
    assert_int_equal(count_where(b, spb), 1);
    assert_int_equal(count_where(b, world_not(b->w, spb)), 2);
    assert_int_equal(count_where(b, path(b->w, COND_NONE, buyer, region, value_null())), 1);
}

static void an_unreadable_row_is_false_either_way(void **state)
{
    bench *b = *state;
    const field *buyer = deal_field(b->w, DEAL_BUYER),
                *region = &b->w->person.fields[PERSON_REGION];
    bench_begin(b);
    add_with(b, DEAL_BUYER, value_int(add_person(b, "Анна", "spb")));
    add_with(b, DEAL_BUYER, value_int(add_person(b, "Борис", "msk")));
    add_with(b, DEAL_BUYER, value_null());
    bench_commit(b);
    branches may = {.count = 1, .at = {{.actions = 1u << ACTION_READ}}};
    may.at[0].where = world_cond(b->w, COND_EQ, region, value_text(CRM_S("spb")));
    bits_add(may.at[0].fields, PERSON_REGION);
    cond *msk = path(b->w, COND_EQ, buyer, region, value_text(CRM_S("msk")));
    msk->hop[0] = &may;
    assert_int_equal(count_where(b, msk), 0);
    assert_int_equal(count_where(b, world_not(b->w, msk)), 2); /* Анна, and nobody */
    may.at[0].fields[0] = 0; /* the branch no longer shows the field */
    assert_int_equal(count_where(b, world_not(b->w, msk)), 1);
}

static void children_are_asked_for(void **state)
{
    bench *b = *state;
    value row[LINE_COLUMNS];
    bench_begin(b);
    int64_t with = add_deal(b, "with", 1);
    add_deal(b, "without", 2);
    bench_row(row, &b->w->line, 1);
    row[LINE_DEAL] = value_int(with);
    row[LINE_COUNT] = value_int(3);
    int64_t line = bench_insert(b, &b->w->line, row);
    bench_commit(b);
    cond has = {.op = COND_EXISTS, .path = {&b->w->line.fields[LINE_DEAL]}, .path_length = 1};
    has.first = world_cond(b->w, COND_GTE, &b->w->line.fields[LINE_COUNT], value_int(3));
    assert_int_equal(count_where(b, &has), 1);
    assert_int_equal(count_where(b, world_not(b->w, &has)), 1);
    has.first = world_cond(b->w, COND_GT, &b->w->line.fields[LINE_COUNT], value_int(3));
    assert_int_equal(count_where(b, &has), 0);
    has.first = NULL;
    bench_begin(b);
    engine_op bin = {.kind = ENGINE_UPDATE, .entity = &b->w->line, .id = line, .row = row};
    row[COL_DELETED_AT] = value_int(9);
    bits_add(bin.set, COL_DELETED_AT);
    assert_ok(bench_op(b, &bin));
    bench_commit(b);
    assert_int_equal(count_where(b, &has), 0);
}

/* ---- rights ---------------------------------------------------------------------------------- */

static void rows_tell_which_branches_they_match(void **state)
{
    bench *b = *state;
    ids got;
    copy row;
    const field *owner = deal_field(b->w, DEAL_OWNER), *buyer = deal_field(b->w, DEAL_BUYER);
    bench_begin(b);
    int64_t anna = add_person(b, "Анна", "spb"), boris = add_person(b, "Борис", "msk");
    int64_t own = add_with(b, DEAL_OWNER, value_int(boris));
    int64_t spb = add_with(b, DEAL_BUYER, value_int(anna));
    int64_t none = add_with(b, DEAL_OWNER, value_int(anna));
    bench_commit(b);
    branches may = {.count = 2};
    may.at[0].where = cond_compare(b->w->arena, COND_ME, owner, value_null());
    may.at[1].via[0] = buyer;
    may.at[1].via_count = 1;
    may.at[1].where =
        world_cond(b->w, COND_EQ, &b->w->person.fields[PERSON_REGION], value_text(CRM_S("spb")));
    query q = {.entity = &b->w->deal, .rights = &may, .need = 3, .env = {.me = boris}};
    bench_list(b->reader, &q, &got);
    assert_int_equal(got.count, 2);
    assert_int_equal(got.at[0], own);
    assert_int_equal(got.branches[0], 1);
    assert_int_equal(got.at[1], spb);
    assert_int_equal(got.branches[1], 2);
    q.need = 1;
    bench_list(b->reader, &q, &got);
    assert_int_equal(got.count, 1);
    assert_ok(get(b, b->reader, own, &q, &row));
    assert_int_equal(get(b, b->reader, spb, &q, &row), CRM_NOT_FOUND);
    assert_int_equal(get(b, b->reader, none, &q, &row), CRM_NOT_FOUND);
    q.need = 0;
    assert_int_equal(bench_count(b->reader, &q), 0);
}

static void the_recycle_bin_is_hidden_unless_asked(void **state)
{
    bench *b = *state;
    query q = {.entity = &b->w->deal};
    copy row;
    bench_begin(b);
    add_deal(b, "here", 1);
    int64_t gone = add_deal(b, "gone", 1);
    assert_ok(set_field(b, gone, COL_DELETED_AT, value_int(7)));
    bench_commit(b);
    assert_int_equal(bench_count(b->reader, &q), 1);
    q.with_deleted = true;
    assert_int_equal(bench_count(b->reader, &q), 2);
    q.only_deleted = true;
    assert_int_equal(bench_count(b->reader, &q), 1);
    assert_ok(get(b, b->reader, gone, NULL, &row)); /* by id it is found: its column tells */
    assert_int_equal(row.row[COL_DELETED_AT].i, 7);
}

/* ---- full text ------------------------------------------------------------------------------- */

static uint32_t search(bench *b, const char *terms)
{
    query q = {.entity = &b->w->deal, .terms = str_of(terms)};
    return (uint32_t)bench_count(b->reader, &q);
}

static void words_are_found_by_form_stem_and_beginning(void **state)
{
    bench *b = *state;
    bench_begin(b);
    int64_t id = add_deal(b, "a", 1);
    set_terms(b, id, "крышами =крыш", "нью-йорк нью =нью йорк =йорк");
    bench_commit(b);
    assert_int_equal(search(b, "крышами =крыш"), 1);
    assert_int_equal(search(b, "крышу =крыш нью"), 1);
    assert_int_equal(search(b, "кры"), 1);
    assert_int_equal(search(b, "кры йорк"), 0); /* only the last word may be a beginning */
    assert_int_equal(search(b, "нью-йорк"), 1);
    assert_int_equal(search(b, "подвал =подвал"), 0);
    bench_begin(b);
    set_terms(b, id, "подвал =подвал", "");
    bench_commit(b);
    assert_int_equal(search(b, "подвал =подвал"), 1);
    assert_int_equal(search(b, "кры"), 0);
    bench_begin(b);
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_TERMS, .entity = &b->w->deal, .id = id}));
    bench_commit(b);
    assert_int_equal(search(b, "подвал =подвал"), 0);
}

static void words_count_only_where_a_branch_shows_them(void **state)
{
    bench *b = *state;
    bench_begin(b);
    int64_t id = add_deal(b, "a", 1);
    set_terms(b, id, "крыша =крыш", "тайна =тайн");
    bench_commit(b);
    branches may = {.count = 2};
    bits_add(may.at[0].fields, DEAL_NAME);
    bits_add(may.at[1].fields, DEAL_NOTE);
    query q = {.entity = &b->w->deal, .rights = &may, .need = 1, .terms = CRM_S("тайна =тайн")};
    assert_int_equal(bench_count(b->reader, &q), 0);
    q.terms = CRM_S("крыша =крыш");
    assert_int_equal(bench_count(b->reader, &q), 1);
    q.need = 3;
    q.terms = CRM_S("тайна =тайн");
    assert_int_equal(bench_count(b->reader, &q), 1);
    q.terms = CRM_S("крыша =крыш тайна =тайн"); /* no one branch shows both */
    assert_int_equal(bench_count(b->reader, &q), 0);
}

/* ---- interruption ---------------------------------------------------------------------------- */

typedef struct stopper {
    engine_session *session;
    engine_batch *batch;
    uint32_t rows;
} stopper;

static bool interrupt_at_first(void *arg, const value *row, uint32_t bits)
{
    stopper *s = arg;
    (void)row;
    (void)bits;
    if (s->rows++ == 0) {
        engine_interrupt(s->session, s->batch->serial);
    }
    return true;
}

static void an_interrupted_read_says_so(void **state)
{
    bench *b = *state;
    query q = {.entity = &b->w->deal, .limit = 1900};
    bench_begin(b);
    for (int i = 0; i < 1900; i++) {
        add_deal(b, "x", 1);
    }
    bench_commit(b);
    stopper s = {.session = b->reader};
    engine_op op = {.kind = ENGINE_LIST,
                    .entity = q.entity,
                    .query = &q,
                    .on_row = interrupt_at_first,
                    .arg = &s};
    engine_batch batch = {.ops = &op, .count = 1};
    s.batch = &batch;
    assert_int_equal(engine_read_now(b->reader, &batch), CRM_TIMEOUT);
    assert_true(batch.interrupted);
    assert_true(s.rows < 1900);
    uint64_t old = batch.serial;
    engine_interrupt(b->reader, old); /* it is over: without effect */
    ids got;
    bench_list(b->reader, &q, &got);
    assert_ok(got.status);
    assert_int_equal(got.count, 1900);
}

static void a_read_past_its_limit_is_interrupted(void **state)
{
    bench *b = *state;
    query q = {.entity = &b->w->deal, .limit = 1900};
    bench_begin(b);
    for (int i = 0; i < 1900; i++) {
        add_deal(b, "x", 1);
    }
    bench_commit(b);
    engine_op op = {.kind = ENGINE_LIST, .entity = q.entity, .query = &q};
    engine_batch batch = {.ops = &op, .count = 1, .limit_us = 1};
    assert_int_equal(engine_read_now(b->reader, &batch), CRM_TIMEOUT);
    assert_true(batch.interrupted);
    assert_int_equal(count_where(b, NULL), COUNT_CAP);
}

/* ---- schema ---------------------------------------------------------------------------------- */

static crm_status remake(bench *b, registry_fault **faults)
{
    return engine_schema(b->e, &b->w->reg, b->w->arena, faults);
}

static void a_rename_keeps_the_data(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    bench_begin(b);
    int64_t id = add_deal(b, "Крыша", 100);
    bench_commit(b);
    field *f = (field *)deal_field(b->w, DEAL_AMOUNT);
    uint32_t was = f->id;
    f->was = f->name;
    f->name = CRM_S("sum");
    f->id = 0;
    b->w->deal.was = b->w->deal.name;
    b->w->deal.name = CRM_S("test.order");
    assert_ok(remake(b, &faults));
    assert_int_equal(f->id, was);
    copy got;
    assert_ok(get(b, b->reader, id, NULL, &got));
    assert_int_equal(got.row[DEAL_AMOUNT].i, 100);
}

static void duplicates_forbid_a_unique_index(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    bench_begin(b);
    add_deal(b, "Крыша", 1);
    add_deal(b, "крыша", 2);
    bench_commit(b);
    static const entity_index unique[] = {{.field = {DEAL_NAME}, .count = 1, .is_unique = true}};
    const entity_index *before = b->w->deal.indexes;
    b->w->deal.indexes = unique;
    b->w->deal.index_count = 1;
    assert_int_equal(remake(b, &faults), CRM_INVALID);
    assert_non_null(faults);
    assert_text(faults->code, "duplicates");
    assert_text(faults->subject, "test.deal.name");
    assert_null(faults->next);
    b->w->deal.indexes = before;
    bench_begin(b);
    add_deal(b, "КРЫША", 3); /* nothing has changed */
    bench_commit(b);
}

static void a_type_that_does_not_convert_is_a_fault(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    ((field *)deal_field(b->w, DEAL_AMOUNT))->type = FIELD_TEXT;
    assert_int_equal(remake(b, &faults), CRM_INVALID);
    assert_text(faults->code, "type_mismatch");
    assert_text(faults->subject, "test.deal.amount");
}

static void existing_rows_get_new_indexes_and_terms(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    value row[DEAL_COLUMNS];
    bench_begin(b);
    bench_row(row, &b->w->deal, 1);
    row[DEAL_NOTE] = value_text(CRM_S("Ёлочная мишура"));
    row[DEAL_EMAILS] = value_text(CRM_S("a@example.org\nB@example.org"));
    row[DEAL_CODE] = value_text(CRM_S("Шкафы"));
    bench_insert(b, &b->w->deal, row);
    bench_commit(b);
    static const entity_index indexes[] = {{.field = {DEAL_NOTE}, .count = 1},
                                           {.field = {DEAL_EMAILS}, .count = 1, .is_unique = true}};
    static const uint16_t searched[] = {DEAL_CODE, DEAL_NAME};
    b->w->deal.indexes = indexes;
    b->w->deal.index_count = 2;
    b->w->deal.search_fields = searched;
    assert_ok(remake(b, &faults));
    const field *note = deal_field(b->w, DEAL_NOTE), *emails = deal_field(b->w, DEAL_EMAILS);
    assert_int_equal(count_where(b, world_cond(b->w, COND_STARTS, note, value_text(CRM_S("ёлоч")))),
                     1);
    assert_int_equal(
        count_where(b, world_cond(b->w, COND_HAS, emails, value_text(CRM_S("b@example.org")))), 1);
    assert_int_equal(search(b, "шкаф =шкаф"), 1);
    bench_begin(b);
    engine_op op = {.kind = ENGINE_INSERT, .entity = &b->w->deal, .row = row};
    assert_int_equal(bench_op(b, &op), CRM_CONFLICT);
    assert_int_equal(op.refused->field[0], DEAL_EMAILS);
    bench_commit(b);
}

/* ---- all engines ----------------------------------------------------------------------------- */

#define TRY(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

static int run(const char *title, engine_choice chosen, uint64_t chosen_seed)
{
    const struct CMUnitTest tests[] = {
        TRY(gives_back_every_value),
        TRY(gives_only_selected_fields),
        TRY(updates_only_the_fields_in_set),
        TRY(refuses_another_revision),
        TRY(a_savepoint_undoes_one_request),
        TRY(a_row_inside_a_request_is_undone_alone),
        TRY(a_rollback_leaves_nothing),
        TRY(a_row_needs_a_transaction),
        TRY(a_turn_keeps_its_snapshot),
        TRY(the_writer_reads_its_own_rows),
        TRY(a_failure_stops_the_batch_unless_it_goes_on),
        TRY(a_unique_value_names_its_holder),
        TRY(the_recycle_bin_frees_a_unique_value),
        TRY(an_element_is_unique_among_many),
        TRY(sorts_fold_case_and_put_null_least),
        TRY(pages_follow_each_other_without_gaps),
        TRY(limits_hold),
        TRY(a_sink_may_stop_the_list),
        TRY(null_is_not_that),
        TRY(texts_compare_folded),
        TRY(many_values_match_by_any),
        TRY(long_lists_of_values_work),
        TRY(paths_reach_other_rows),
        TRY(an_unreadable_row_is_false_either_way),
        TRY(children_are_asked_for),
        TRY(rows_tell_which_branches_they_match),
        TRY(the_recycle_bin_is_hidden_unless_asked),
        TRY(words_are_found_by_form_stem_and_beginning),
        TRY(words_count_only_where_a_branch_shows_them),
        TRY(an_interrupted_read_says_so),
        TRY(a_read_past_its_limit_is_interrupted),
        TRY(a_rename_keeps_the_data),
        TRY(duplicates_forbid_a_unique_index),
        TRY(a_type_that_does_not_convert_is_a_fault),
        TRY(existing_rows_get_new_indexes_and_terms),
    };
    which = chosen;
    seed = chosen_seed;
    return cmocka_run_group_tests_name(title, tests, NULL, NULL);
}

int main(void)
{
    return run("sqlite", ON_SQLITE, 0) + run("memory", ON_MEMORY, 0) +
           run("memory, delayed by seed 1", ON_DELAYED, 1) +
           run("memory, delayed by seed 20", ON_DELAYED, 20);
}
