/* test_data_engine_ahead.c - what a schema step is spared by what was made ahead of it, on disk. */
#include "ahead_world.h"

#include "data/engine_sqlite_schema.h"

/* What nobody noted as written is as it was made ahead: the step does not look. */
static void the_step_has_noted_rows_only(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    char text[128];
    field *f = (field *)deal_field(b->w, DEAL_AMOUNT);
    f->flags |= FIELD_DEPLOYMENT;
    declared none = {NULL, 0};
    bench_declare(b, none);
    assert_ok(bench_make(b, &faults));
    bench_fill(b);
    const field as_stored = *f;
    f->type = FIELD_TEXT;
    f->id = 0;
    b->w->deal.search_count = 0;
    (void)bench_slices(b);
    snprintf(text, sizeof text, "UPDATE e%u SET c%u='made ahead' WHERE c%u=3", b->w->deal.id,
             (unsigned)bench_ask(b, "SELECT id FROM meta_field WHERE name='amount>'"),
             deal_field(b->w, COL_ID)->id);
    (void)bench_ask(b, text);
    *f = as_stored;
    bench_begin(b);
    assert_ok(bench_set(b, 4, DEAL_AMOUNT, value_int(77)));
    bench_commit(b);
    f->type = FIELD_TEXT;
    assert_ok(bench_make(b, &faults));
    row_copy got;
    assert_ok(bench_get(b, b->reader, 3, NULL, &got));
    assert_text(got.row[DEAL_AMOUNT].s, "made ahead");
    assert_ok(bench_get(b, b->reader, 4, NULL, &got));
    assert_int_equal(got.row[DEAL_AMOUNT].kind, VALUE_TEXT);
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
}

/* However far the slices have come: nothing is lost in silence. */
static void what_does_not_fit_is_met_by_the_step_too(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    field *f = (field *)deal_field(b->w, DEAL_NOTE);
    f->flags |= FIELD_DEPLOYMENT;
    b->w->deal.search_count = 0;
    assert_ok(bench_make(b, &faults));
    bench_begin(b);
    for (int i = 0; i < 20; i++) {
        bench_deal_with(b, DEAL_NOTE, value_text(CRM_S("17")));
    }
    int64_t bad = bench_deal_with(b, DEAL_NOTE, value_text(CRM_S("скоро")));
    bench_commit(b);
    f->type = FIELD_INT;
    (void)bench_slices(b);
    assert_int_equal(bench_make(b, &faults), CRM_INVALID);
    assert_int_equal(faults->rows[0], bad);
    f->type = FIELD_MULTILINE;
    bench_begin(b);
    assert_ok(bench_set(b, bad, DEAL_NOTE, value_text(CRM_S("18"))));
    bench_commit(b);
    f->type = FIELD_INT;
    (void)bench_slices(b);
    f->type = FIELD_MULTILINE;
    bench_begin(b);
    assert_ok(bench_set(b, bad, DEAL_NOTE, value_text(CRM_S("потом"))));
    bench_commit(b);
    f->type = FIELD_INT;
    (void)bench_slices(b); /* of the noted rows */
    assert_int_equal(bench_make(b, &faults), CRM_INVALID);
    assert_int_equal(faults->rows[0], bad);
}

/* What nobody noted was looked at ahead, and the step does not look again. */
static void values_that_stay_are_looked_at_ahead(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    field *f = (field *)deal_field(b->w, DEAL_NOTE);
    f->flags |= FIELD_DEPLOYMENT;
    b->w->deal.search_count = 0;
    assert_ok(bench_make(b, &faults));
    bench_fill(b);
    f->max = 5;
    assert_true(bench_slices(b) > 3);
    char text[128];
    snprintf(text, sizeof text, "UPDATE e%u SET c%u='too long' WHERE c%u=3", b->w->deal.id, f->id,
             deal_field(b->w, COL_ID)->id);
    (void)bench_ask(b, text); /* by nobody of this program */
    bench_begin(b);
    assert_ok(bench_set(b, 4, DEAL_NOTE, value_text(CRM_S("Можжевельник"))));
    bench_commit(b);
    assert_int_equal(bench_make(b, &faults), CRM_INVALID);
    assert_int_equal(faults->count, 1);
    assert_int_equal(faults->rows[0], 4);
    bench_begin(b);
    assert_ok(bench_set(b, 4, DEAL_NOTE, value_text(CRM_S("Тис"))));
    bench_commit(b);
    assert_ok(bench_make(b, &faults));
    assert_ok(engine_drop_ahead(b->e));
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
}

/* ---- full text ------------------------------------------------------------------------------- */

static void full_text_that_changes_hands_goes_on_to_be_written(void **state)
{
    bench *b = *state;
    registry_fault *faults;
    static const uint16_t searched[] = {DEAL_CODE, DEAL_NAME};
    static const char words_aside[] = "SELECT count(*) FROM sqlite_master WHERE name GLOB 'q*'";
    for (int round = 0; round < 3; round++) {
        const uint16_t *before = b->w->deal.search_fields;
        bench_begin(b);
        bench_terms(b, bench_deal(b, "Крыша", 1), "крыша", "крыша");
        bench_commit(b);
        b->w->deal.search_fields = round % 2 ? before : searched;
        (void)bench_slices(b);
        assert_ok(bench_make(b, &faults));
        assert_true(bench_ask(b, words_aside) > round); /* dropping them would hold writers up */
        assert_int_equal(bench_search(b, "крыша"), round + 1);
        b->w->deal.search_fields = before;
        assert_ok(bench_make(b, &faults));
        assert_sound(b);
    }
    bench_rest(b);
    assert_int_equal(bench_leftovers(b), 0);
    bench_reopen(b);
    assert_int_equal(bench_search(b, "крыша"), 3);
}

/* ---- a slice's time -------------------------------------------------------------------------- */

static void a_slice_leaves_its_commit_what_those_before_took(void **state)
{
    (void)state;
    assert_int_equal(ahead_work_until(AHEAD_SHARES / 4, 1000, 1400), 1100);
    assert_int_equal(ahead_work_until(AHEAD_SHARES / 4, 1000, 1), 1); /* it is over */
    /* A slow commit tells at once, a quick one by and by. */
    assert_int_equal(ahead_share(AHEAD_SHARES, 10, 30), AHEAD_SHARES / 4);
    uint32_t share = ahead_share(AHEAD_SHARES / 4, 30, 10);
    assert_in_range(share, AHEAD_SHARES / 4 + 1, AHEAD_SHARES / 3);
    for (int i = 0; i < 100; i++) {
        share = ahead_share(share, 30, 10);
    }
    assert_in_range(share, AHEAD_SHARES / 2, AHEAD_SHARES * 3 / 4);
    assert_int_equal(ahead_share(share, 0, 1000000000), AHEAD_SHARES / 8); /* it gets on */
}

static uint64_t checkpoints_of(bench *b)
{
    engine_stats s;
    engine_stats_get(b->e, &s);
    return s.checkpoints;
}

/* Whoever writes waits for either, not for both. */
static void a_slice_makes_something_or_copies_the_log_back(void **state)
{
    bench *b = *state;
    static const entity_index of_took[] = {{.field = {DEAL_TOOK}, .count = 1}};
    static char text[12000];
    engine_ahead ahead = {.until = 1};
    bench_fill(b);
    declared one = {of_took, 1}, before = bench_declare(b, one);
    assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    int64_t at = bench_ask(b, "SELECT filled FROM meta_ahead");
    bench_declare(b, before);
    memset(text, 'a', sizeof text);
    bench_begin(b);
    for (int i = 0; i < ROWS; i++) { /* some pages each */
        bench_deal_with(b, DEAL_NOTE, value_text((crm_str){text, sizeof text}));
    }
    bench_commit(b);
    bench_declare(b, one);
    uint64_t copied = checkpoints_of(b);
    assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    assert_int_equal(checkpoints_of(b), copied + 1);
    assert_int_equal(bench_ask(b, "SELECT filled FROM meta_ahead"), at);
    assert_false(ahead.is_done);
    assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    assert_int_equal(checkpoints_of(b), copied + 1);
    assert_true(bench_ask(b, "SELECT filled FROM meta_ahead") > at);
    bench_declare(b, before);
    assert_ok(engine_drop_ahead(b->e));
}

static void a_slice_leaves_writers_their_statements(void **state)
{
    bench *b = *state;
    static const entity_index of_took[] = {{.field = {DEAL_TOOK}, .count = 1}};
    bench_fill(b);
    declared one = {of_took, 1}, before = bench_declare(b, one);
    const statements *kept = &((sqlite_engine *)b->e)->writer->cache;
    uint32_t count = kept->count;
    assert_true(count > 0);
    (void)bench_slices(b);
    assert_int_equal(kept->count, count);
    bench_declare(b, before);
    bench_begin(b);
    bench_deal(b, "Крыша", 1);
    bench_commit(b);
    assert_ok(engine_drop_ahead(b->e));
}

int main(void)
{
    bench_choose(ON_SQLITE, 0);
#define TRY(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)
    const struct CMUnitTest tests[] = {
        TRY(the_step_has_noted_rows_only),
        TRY(what_does_not_fit_is_met_by_the_step_too),
        TRY(values_that_stay_are_looked_at_ahead),
        TRY(full_text_that_changes_hands_goes_on_to_be_written),
        TRY(a_slice_leaves_its_commit_what_those_before_took),
        TRY(a_slice_makes_something_or_copies_the_log_back),
        TRY(a_slice_leaves_writers_their_statements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
