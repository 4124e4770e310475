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

/* ---- a deployment's own field follows its values ----------------------------------------------
 */

static field *own_field(bench *b, uint32_t i)
{
    field *f = (field *)deal_field(b->w, i);
    registry_fault *faults;
    f->flags |= FIELD_DEPLOYMENT;
    assert_ok(remake(b, &faults));
    return f;
}

static value value_of(bench *b, int64_t id, uint32_t i)
{
    row_copy got;
    assert_ok(bench_get(b, b->reader, id, NULL, &got));
    return got.row[i];
}

static void numbers_become_text_and_back(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    field *f = own_field(b, DEAL_AMOUNT);
    f->scale = 2;
    assert_ok(remake(b, &faults));
    bench_begin(b);
    int64_t full = bench_deal(b, "Крыша", 12345), empty = bench_deal(b, "Пол", 0);
    bench_commit(b);
    uint32_t before = f->id;
    f->type = FIELD_TEXT;
    f->scale = 0;
    assert_ok(remake(b, &faults));
    assert_int_not_equal(f->id, before);
    engine_turn_end(b->reader);
    assert_text(value_of(b, full, DEAL_AMOUNT).s, "123.45");
    assert_int_equal(value_of(b, empty, DEAL_AMOUNT).kind, VALUE_NULL);
    assert_int_equal(
        bench_count_where(b, world_cond(b->w, COND_EQ, f, value_text(CRM_S("123.45")))), 1);
    f->type = FIELD_MONEY;
    f->scale = 3;
    assert_ok(remake(b, &faults));
    engine_turn_end(b->reader);
    assert_int_equal(value_of(b, full, DEAL_AMOUNT).i, 123450);
}

static void what_does_not_fit_is_counted_and_named(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    field *f = own_field(b, DEAL_NOTE);
    bench_begin(b);
    int64_t bad = bench_deal_with(b, DEAL_NOTE, value_text(CRM_S("скоро")));
    bench_deal_with(b, DEAL_NOTE, value_text(CRM_S("17")));
    int64_t worse = bench_deal_with(b, DEAL_NOTE, value_text(CRM_S("1.5")));
    bench_commit(b);
    uint32_t before = f->id;
    f->type = FIELD_INT;
    b->w->deal.search_count = 0;
    assert_int_equal(remake(b, &faults), CRM_INVALID);
    assert_text(faults->code, "values_do_not_fit");
    assert_text(faults->subject, "test.deal.note");
    assert_int_equal(faults->count, 2);
    assert_int_equal(faults->rows[0], bad);
    assert_int_equal(faults->rows[1], worse);
    f->type = FIELD_MULTILINE;
    assert_ok(remake(b, &faults));
    assert_int_equal(f->id, before);
    assert_text(value_of(b, bad, DEAL_NOTE).s, "скоро");
}

static void a_choice_that_rows_hold_stays(void **state)
{
    static const choice two[] = {{.value = {"new", 3}}, {.value = {"old", 3}}};
    bench *b = *state;
    registry_fault *faults;
    field *f = own_field(b, DEAL_NOTE);
    f->type = FIELD_CHOICE;
    f->choices = two;
    f->choice_count = 2;
    assert_ok(remake(b, &faults));
    bench_begin(b);
    bench_deal_with(b, DEAL_NOTE, value_text(CRM_S("old")));
    bench_commit(b);
    f->choice_count = 1;
    assert_int_equal(remake(b, &faults), CRM_INVALID);
    assert_text(faults->code, "choice_in_use");
    assert_int_equal(faults->count, 1);
    f->choices = two + 1;
    assert_ok(remake(b, &faults));
    f->type = FIELD_BOOL;
    f->choice_count = 0;
    assert_int_equal(remake(b, &faults), CRM_INVALID);
    assert_text(faults->code, "retype_unsafe");
}

static void a_required_field_begins_with_its_default(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    bench_begin(b);
    int64_t id = bench_deal(b, "Крыша", 1);
    bench_commit(b);
    field *f = (field *)deal_field(b->w, DEAL_CODE);
    b->w->deal.index_count = 0;
    *f = (field){.name = CRM_S("fuel"),
                 .type = FIELD_TEXT,
                 .flags = FIELD_DEPLOYMENT | FIELD_REQUIRED,
                 .index = DEAL_CODE,
                 .entity = &b->w->deal,
                 .def = value_text(CRM_S("it's diesel"))};
    b->w->deal.search_count = 0;
    assert_ok(remake(b, &faults));
    engine_turn_end(b->reader);
    assert_text(value_of(b, id, DEAL_CODE).s, "it's diesel");
}

static void values_are_written_ahead_in_slices(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    field *f = own_field(b, DEAL_AMOUNT);
    bench_begin(b);
    int64_t id = 0;
    for (int i = 1; i <= 300; i++) {
        id = bench_deal(b, "Крыша", i);
    }
    bench_commit(b);
    f->type = FIELD_TEXT;
    f->scale = 0;
    engine_ahead ahead = {.until = 1}; /* long ago: the least slice */
    int slices = 0;
    do {
        assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
        slices++;
    } while (!ahead.is_done && slices < 100);
    assert_true(ahead.is_done);
    f->type = FIELD_MONEY;
    f->scale = 2;
    assert_ok(remake(b, &faults)); /* given up: nothing has changed */
    bench_begin(b);
    assert_ok(bench_set(b, id, DEAL_AMOUNT, value_int(7)));
    bench_commit(b);
    f->type = FIELD_TEXT;
    f->scale = 0;
    assert_ok(remake(b, &faults));
    engine_turn_end(b->reader);
    assert_text(value_of(b, id, DEAL_AMOUNT).s, "0.07");
}

/* ---- full text ahead of the step --------------------------------------------------------------
 */

static int64_t deal_of_code(bench *b, const char *code)
{
    value row[DEAL_COLUMNS];
    bench_row(row, &b->w->deal, 1);
    row[DEAL_NAME] = value_text(CRM_S("Крыша"));
    row[DEAL_CODE] = value_text(str_of(code));
    return bench_insert(b, &b->w->deal, row);
}

static void search_in_code(bench *b)
{
    static const uint16_t searched[] = {DEAL_CODE, DEAL_NAME};
    b->w->deal.search_fields = searched;
}

static int slices_to_the_end(bench *b)
{
    engine_ahead ahead = {.until = 1}; /* long ago: the least slice */
    int slices = 0;
    do {
        assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    } while (!ahead.is_done && ++slices < 1000);
    assert_true(ahead.is_done);
    return slices;
}

/* Nothing of what is written between the slices gives its terms: they are of the registry before.
 */
static void full_text_is_made_in_slices_between_which_rows_are_written(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    int64_t all[300];
    engine_ahead ahead = {.until = 1};
    b->w->deal.index_count = 0;
    assert_ok(remake(b, &faults));
    bench_begin(b);
    for (int i = 0; i < 300; i++) {
        all[i] = deal_of_code(b, "дуб");
        bench_terms(b, all[i], "крыша", "");
    }
    bench_commit(b);
    const uint16_t *before = b->w->deal.search_fields;
    search_in_code(b);
    assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    assert_ok(engine_drop_ahead(b->e)); /* given up, it is begun anew */
    assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    b->w->deal.search_fields = before;
    engine_turn_end(b->reader);
    assert_int_equal(bench_search(b, "крыша"), 300); /* the text before goes on to answer */
    bench_begin(b);
    assert_ok(bench_set(b, all[0], DEAL_CODE, value_text(CRM_S("вяз"))));
    assert_ok(bench_set(b, all[299], DEAL_CODE, value_text(CRM_S("вяз"))));
    assert_ok(bench_set(b, all[1], COL_DELETED_AT, value_int(5)));
    engine_op gone = {.kind = ENGINE_DELETE, .entity = &b->w->deal, .id = all[2]};
    assert_ok(bench_op(b, &gone));
    deal_of_code(b, "бук");
    bench_commit(b);
    search_in_code(b);
    (void)slices_to_the_end(b);
    bench_begin(b);
    assert_ok(bench_set(b, all[3], DEAL_CODE, value_text(CRM_S("тис"))));
    bench_commit(b);
    assert_ok(remake(b, &faults));
    engine_turn_end(b->reader);
    assert_int_equal(bench_search(b, "вяз"), 2);
    assert_int_equal(bench_search(b, "бук"), 1);
    assert_int_equal(bench_search(b, "тис"), 1);
    assert_int_equal(bench_search(b, "дуб"), 300 - 5);
}

/* Its text is made of what its values become, also of rows written after they were passed. */
static void full_text_follows_values_that_are_stored_another_way(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    field *f = own_field(b, DEAL_AMOUNT);
    bench_begin(b);
    int64_t id = 0;
    for (int i = 1; i <= 100; i++) {
        id = bench_deal(b, "Крыша", 10000 + i);
    }
    bench_commit(b);
    static const uint16_t searched[] = {DEAL_AMOUNT, DEAL_NAME};
    const field as_stored = *f;
    f->type = FIELD_TEXT;
    f->scale = 0;
    f->id = 0;
    b->w->deal.search_fields = searched;
    (void)slices_to_the_end(b);
    *f = as_stored;
    bench_begin(b);
    assert_ok(bench_set(b, id, DEAL_AMOUNT, value_int(77777)));
    bench_commit(b);
    f->type = FIELD_TEXT;
    f->scale = 0;
    assert_ok(remake(b, &faults));
    engine_turn_end(b->reader);
    assert_int_equal(bench_search(b, "10099"), 1);
    assert_int_equal(bench_search(b, "77777"), 1);
    assert_int_equal(bench_search(b, "10100"), 0);
}

static void sort_keys_of_a_new_index_are_made_in_slices(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    static const entity_index indexes[] = {{.field = {DEAL_NOTE}, .count = 1}};
    engine_ahead ahead = {.until = 1};
    int64_t id = 0;
    bench_begin(b);
    for (int i = 0; i < 600; i++) {
        id = bench_deal_with(b, DEAL_NOTE, value_text(CRM_S("Ель")));
    }
    bench_commit(b);
    const entity_index *before = b->w->deal.indexes;
    uint32_t count = b->w->deal.index_count;
    b->w->deal.indexes = indexes;
    b->w->deal.index_count = 1;
    assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    b->w->deal.indexes = before;
    b->w->deal.index_count = count;
    bench_begin(b);
    assert_ok(bench_set(b, id - 599, DEAL_NOTE, value_text(CRM_S("Сосна")))); /* passed already */
    bench_commit(b);
    b->w->deal.indexes = indexes;
    b->w->deal.index_count = 1;
    (void)slices_to_the_end(b);
    assert_ok(remake(b, &faults));
    engine_turn_end(b->reader);
    const field *note = deal_field(b->w, DEAL_NOTE);
    const cond *fir = world_cond(b->w, COND_STARTS, note, value_text(CRM_S("ель")));
    const cond *pine = world_cond(b->w, COND_STARTS, note, value_text(CRM_S("сосн")));
    assert_int_equal(bench_count_where(b, fir), 599);
    assert_int_equal(bench_count_where(b, pine), 1);
}

/* ---- what nobody declares any more ----------------------------------------------------------- */

static crm_status find_stored(bench *b, const char *name, entity **out)
{
    engine_stored what = {.like = &b->w->deal, .entity = b->w->deal.name, .field = str_of(name)};
    return engine_find_stored(b->e, &what, b->w->arena, out);
}

static void a_forgotten_field_leaves_its_name_and_nothing_else(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    entity *stored;
    field *f = own_field(b, DEAL_AMOUNT);
    bench_begin(b);
    int64_t id = bench_deal(b, "Крыша", 100);
    bench_commit(b);
    f->type = FIELD_TEXT;
    f->scale = 0;
    assert_ok(remake(b, &faults));
    uint32_t before = f->id;
    assert_ok(find_stored(b, "amount", &stored));
    assert_int_equal(stored->field_count, COL_OWN + 2); /* as text, and as the number it was */
    value row[FIELDS_MAX] = {0};
    engine_op op = {.kind = ENGINE_UPDATE, .entity = stored, .id = id, .row = row};
    bits_add(op.set, COL_OWN);
    bits_add(op.set, COL_OWN + 1);
    bench_begin(b);
    assert_ok(bench_op(b, &op));
    bench_commit(b);
    assert_ok(engine_forget(b->e, stored));
    assert_int_equal(find_stored(b, "amount", &stored), CRM_NOT_FOUND);
    f->type = FIELD_INT;
    assert_ok(remake(b, &faults));
    assert_int_not_equal(f->id, before);
    assert_int_equal(f->former_count, 0);
    engine_turn_end(b->reader);
    assert_int_equal(value_of(b, id, DEAL_AMOUNT).kind, VALUE_NULL);
    assert_text(value_of(b, id, DEAL_NAME).s, "Крыша");
}

static void a_forgotten_entity_begins_empty(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    entity *stored;
    bench_begin(b);
    bench_deal(b, "Крыша", 100);
    bench_commit(b);
    uint32_t before = b->w->deal.id;
    assert_ok(find_stored(b, "", &stored));
    assert_int_equal(stored->id, before);
    assert_int_equal(stored->field_count, COL_OWN);
    assert_ok(engine_forget(b->e, stored));
    assert_int_equal(find_stored(b, "", &stored), CRM_NOT_FOUND);
    assert_ok(remake(b, &faults));
    assert_int_not_equal(b->w->deal.id, before);
    engine_turn_end(b->reader);
    query all = {.entity = &b->w->deal, .limit = 10, .with_deleted = true};
    assert_int_equal(bench_count(b->reader, &all), 0);
    bench_begin(b);
    bench_deal(b, "Пол", 1);
    bench_commit(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ALL(a_rename_keeps_the_data),
        ON_ALL(duplicates_forbid_a_unique_index),
        ON_ALL(a_type_that_does_not_convert_is_a_fault),
        ON_ALL(existing_rows_get_new_indexes_and_terms),
        ON_ALL(numbers_become_text_and_back),
        ON_ALL(what_does_not_fit_is_counted_and_named),
        ON_ALL(a_choice_that_rows_hold_stays),
        ON_ALL(a_required_field_begins_with_its_default),
        ON_ALL(values_are_written_ahead_in_slices),
        ON_ALL(full_text_is_made_in_slices_between_which_rows_are_written),
        ON_ALL(sort_keys_of_a_new_index_are_made_in_slices),
        ON_ALL(full_text_follows_values_that_are_stored_another_way),
        ON_ALL(a_forgotten_field_leaves_its_name_and_nothing_else),
        ON_ALL(a_forgotten_entity_begins_empty),
    };
    return RUN_ON_ALL(tests);
}
