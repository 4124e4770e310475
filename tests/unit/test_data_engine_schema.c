/* test_data_engine_schema.c - what a new registry does to the rows that are there, on every engine.
 */
#include "engine_world.h"

static crm_status remake(bench *b, registry_fault **faults)
{
    return engine_schema(b->e, &b->w->reg, b->w->arena, faults);
}

static void a_rename_keeps_the_data(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    bench_begin(b);
    int64_t id = bench_deal(b, "Крыша", 100);
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
    row_copy got;
    assert_ok(bench_get(b, b->reader, id, NULL, &got));
    assert_int_equal(got.row[DEAL_AMOUNT].i, 100);
}

static void duplicates_forbid_a_unique_index(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    bench_begin(b);
    bench_deal(b, "Крыша", 1);
    bench_deal(b, "крыша", 2);
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
    bench_deal(b, "КРЫША", 3); /* nothing has changed */
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
    assert_int_equal(
        bench_count_where(b, world_cond(b->w, COND_STARTS, note, value_text(CRM_S("ёлоч")))), 1);
    assert_int_equal(bench_count_where(
                         b, world_cond(b->w, COND_HAS, emails, value_text(CRM_S("b@example.org")))),
                     1);
    assert_int_equal(bench_search(b, "шкаф =шкаф"), 1);
    bench_begin(b);
    engine_op op = {.kind = ENGINE_INSERT, .entity = &b->w->deal, .row = row};
    assert_int_equal(bench_op(b, &op), CRM_CONFLICT);
    assert_int_equal(op.refused->field[0], DEAL_EMAILS);
    bench_commit(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ALL(a_rename_keeps_the_data),
        ON_ALL(duplicates_forbid_a_unique_index),
        ON_ALL(a_type_that_does_not_convert_is_a_fault),
        ON_ALL(existing_rows_get_new_indexes_and_terms),
    };
    return RUN_ON_ALL(tests);
}
