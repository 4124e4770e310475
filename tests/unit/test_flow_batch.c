/*
 * test_flow_batch.c - what the runner of batches promises: slices whose rows, progress and cursor
 * are one commit, rows that refuse alone, cancel, a starter who was disabled, failures that heal.
 * Real threads, both engines.
 */
#include "batch_world.h"

#include <stdatomic.h>

static batch_world w;
static atomic_int fails_left, slices, hold_after, told;

/* ---- a kind that makes spec.n items; every spec.bad-th gets a code that is taken; with spec.long
 * it counts them for as long as it is let */

static crm_status count_up(crm_ctx *c, batch_run *b, const void *fn)
{
    (void)fn;
    b->total = json_integer_value(json_object_get(b->spec, "n"));
    while (json_object_get(b->spec, "long")) {
        b->total += 1000;
        crm_status s = batch_tell_total(c, b);
        if (s != CRM_OK) {
            return s;
        }
    }
    return b->total > 0 ? CRM_OK : call_fail(c, CRM_INVALID, "nothing_to_do");
}

static crm_status make_one(crm_ctx *c, batch_run *b, int64_t i)
{
    record *r;
    const entity *e = b->entity;
    int64_t bad = json_integer_value(json_object_get(b->spec, "bad"));
    crm_status s = records_new(c, e, &r);
    s = s ? s : record_set(r, &e->fields[ITEM_NAME], value_text(CRM_S("made")));
    s = s ? s : record_set(r, &e->fields[ITEM_OWNER], value_int(b->user));
    if (bad && i % bad == 0) {
        s = s ? s : record_set(r, &e->fields[ITEM_CODE], value_text(CRM_S("taken")));
    }
    return s ? s : records_save(c, r, 0);
}

static crm_status make_items(crm_ctx *c, batch_run *b, bool *is_done, const void *fn)
{
    int64_t i = 0;
    (void)fn;
    if (b->cursor.n && str_to_i64(b->cursor, &i) != CRM_OK) {
        return CRM_MISUSE;
    }
    if (atomic_fetch_add(&slices, 1) >= atomic_load(&hold_after) && atomic_load(&hold_after)) {
        return CRM_UNAVAILABLE;
    }
    crm_status s = CRM_OK;
    for (; s == CRM_OK && i < b->total && batch_goes_on(c, b); i++) {
        batch_place at = {.row = i + 1, .entity = b->entity};
        s = batch_row_begin(c, b);
        s = s ? s : batch_row_end(c, b, &at, make_one(c, b, i));
    }
    b->cursor = arena_fmt(c->arena, "%lld", (long long)i);
    *is_done = i == b->total;
    if (s == CRM_OK && atomic_load(&fails_left) > 0) {
        atomic_fetch_sub(&fails_left, 1);
        return CRM_UPSTREAM;
    }
    return s;
}

static void note_end(crm_ctx *c, int64_t batch, const void *fn)
{
    (void)c;
    (void)batch;
    (void)fn;
    atomic_fetch_add(&told, 1);
}

static void declare(registry *r)
{
    static const batch_kind k = {.name = {"make", 4},
                                 .module = {"test", 4},
                                 .prepare = count_up,
                                 .slice = make_items,
                                 .ended = note_end};
    assert_ok(registry_add_batch_kind(r, &k));
}

static int open_memory(void **state)
{
    (void)state;
    batch_world_open(&w, false, declare);
    atomic_store(&fails_left, 0);
    atomic_store(&slices, 0);
    atomic_store(&hold_after, 0);
    atomic_store(&told, 0);
    return 0;
}

static int open_sqlite(void **state)
{
    open_memory(state);
    batch_world_close(&w);
    batch_world_open(&w, true, declare);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    batch_world_close(&w);
    return 0;
}

/* ---- acting ---------------------------------------------------------------------------------- */

typedef struct asked {
    const char *spec;
    int64_t id;
} asked;

static crm_status start(crm_ctx *c, void *arg)
{
    asked *x = arg;
    json_t *spec;
    crm_status s = json_read(str_of(x->spec), 0, &spec, NULL);
    if (s != CRM_OK) {
        return s;
    }
    batch_order o = {.kind = CRM_S("make"),
                     .title = CRM_S("Items"),
                     .entity = registry_entity(c->reg, CRM_S("test.item")),
                     .spec = spec};
    s = batch_start(c, &o, &x->id);
    json_decref(spec);
    return s;
}

static crm_status cancel(crm_ctx *c, void *arg)
{
    return batch_cancel(c, *(int64_t *)arg);
}

static crm_status disable(crm_ctx *c, void *arg)
{
    record *r;
    const entity *e = registry_store(c->reg, STORE_USER);
    crm_status s = records_get(c, e, *(int64_t *)arg, &r);
    s = s ? s : record_set(r, &e->fields[USER_IS_DISABLED], value_int(1));
    return s ? s : records_save(c, r, 0);
}

static int64_t run(const char *spec)
{
    asked x = {.spec = spec};
    assert_ok(batch_world_do(w.anna, start, &x));
    batch_world_settle();
    return x.id;
}

static int64_t figure(int64_t batch, uint16_t column)
{
    return batch_world_int("batch", batch, column);
}

static void assert_state(int64_t batch, const char *state)
{
    assert_string_equal(batch_world_text("batch", batch, BATCH_STATE), state);
}

/* ---- promises -------------------------------------------------------------------------------- */

static void it_runs_in_slices_to_its_end(void **state)
{
    (void)state;
    int64_t id = run("{\"n\":450}");
    assert_state(id, "done");
    assert_int_equal(figure(id, BATCH_TOTAL), 450);
    assert_int_equal(figure(id, BATCH_DONE), 450);
    assert_int_equal(figure(id, BATCH_CHANGED), 450);
    assert_int_equal(figure(id, BATCH_FAILED), 0);
    assert_int_equal(batch_world_count("made"), 450);
    assert_true(atomic_load(&slices) >= 3);
    assert_true(figure(id, BATCH_ENDED_AT) > 0);
    assert_int_equal(figure(id, BATCH_USER), w.anna);
}

static void a_row_that_refuses_is_noted_and_leaves_nothing(void **state)
{
    (void)state;
    int64_t id = run("{\"n\":30,\"bad\":10}"); /* 0 takes the code; 10 and 20 find it taken */
    assert_state(id, "done");
    assert_int_equal(figure(id, BATCH_DONE), 30);
    assert_int_equal(figure(id, BATCH_CHANGED), 28);
    assert_int_equal(figure(id, BATCH_FAILED), 2);
    assert_int_equal(batch_world_count("made"), 28);
    assert_string_equal(batch_world_text("sys.batch_row", 1, BATCH_ROW_CODE), "not_unique");
    assert_string_equal(batch_world_text("sys.batch_row", 1, BATCH_ROW_FIELD), "code");
    assert_int_equal(batch_world_int("sys.batch_row", 1, BATCH_ROW_ROW), 11);
    assert_int_equal(batch_world_int("sys.batch_row", 1, BATCH_ROW_BATCH), id);
}

static void its_changes_carry_its_id_and_other_changes_do_not(void **state)
{
    (void)state;
    int64_t before = batch_world_items(w.anna, 1);
    int64_t id = run("{\"n\":3}");
    int64_t of_batch = 0;
    for (int64_t position = 1; batch_world_text("sys.change", position, CHANGE_OP); position++) {
        bool is_item = batch_world_int("sys.change", position, CHANGE_BATCH) == id;
        of_batch += is_item;
        if (is_item) {
            assert_true(batch_world_int("sys.change", position, CHANGE_RECORD) > before);
        }
    }
    assert_int_equal(of_batch, 3);
}

static void a_failure_that_heals_repeats_no_row(void **state)
{
    (void)state;
    atomic_store(&fails_left, 2);
    int64_t id = run("{\"n\":10}");
    assert_state(id, "running"); /* put off */
    assert_ok(flow_advance(w.flow, clock_now() + 60000));
    assert_state(id, "done");
    assert_int_equal(batch_world_count("made"), 10);
}

static void another_failure_ends_it_with_its_code(void **state)
{
    (void)state;
    int64_t id = run("{\"n\":0}");
    assert_state(id, "failed");
    assert_string_equal(batch_world_text("batch", id, BATCH_ERROR), "nothing_to_do");
    assert_true(figure(id, BATCH_ENDED_AT) > 0);
}

static void cancel_keeps_what_is_done_and_stops_the_rest(void **state)
{
    (void)state;
    atomic_store(&hold_after, 1);
    int64_t id = run("{\"n\":500}");
    assert_state(id, "running");
    int64_t done = figure(id, BATCH_DONE);
    assert_true(done > 0 && done < 500);
    assert_int_equal(batch_world_do(w.boris, cancel, &id), CRM_NOT_FOUND);
    assert_ok(batch_world_do(w.anna, cancel, &id));
    atomic_store(&hold_after, 0);
    assert_ok(flow_advance(w.flow, clock_now() + 60000));
    assert_state(id, "canceled");
    assert_int_equal(batch_world_count("made"), done);
    assert_int_equal(batch_world_do(w.anna, cancel, &id), CRM_CONFLICT);
}

#define DAY_MS (24LL * 3600 * 1000)

static void one_that_gave_up_tells_its_kind_once(void **state)
{
    (void)state;
    atomic_store(&hold_after, 1);
    int64_t id = run("{\"n\":500}");
    assert_ok(flow_advance(w.flow, clock_now() + DAY_MS));
    assert_state(id, "running");
    assert_int_equal(atomic_load(&told), 0);
    assert_ok(flow_advance(w.flow, clock_now() + 4 * DAY_MS));
    assert_state(id, "failed");
    assert_string_equal(batch_world_text("batch", id, BATCH_ERROR), "unavailable");
    assert_int_equal(atomic_load(&told), 1);
}

static void a_long_preparation_is_told_and_stopped(void **state)
{
    (void)state;
    asked x = {.spec = "{\"n\":0,\"long\":true}"};
    assert_ok(batch_world_do(w.anna, start, &x));
    while (figure(x.id, BATCH_TOTAL) < 3000) {
        uv_sleep(1);
    }
    assert_state(x.id, "waiting");
    assert_ok(batch_world_do(w.anna, cancel, &x.id));
    batch_world_settle();
    assert_state(x.id, "canceled");
    assert_int_equal(atomic_load(&slices), 0);
    assert_string_equal(batch_world_text("batch", x.id, BATCH_ERROR), "");
}

static void a_disabled_user_fails_his_batch(void **state)
{
    (void)state;
    atomic_store(&hold_after, 1);
    int64_t id = run("{\"n\":500}");
    assert_ok(batch_world_do(0, disable, &w.anna));
    atomic_store(&hold_after, 0);
    assert_ok(flow_advance(w.flow, clock_now() + 60000));
    assert_state(id, "failed");
    assert_string_equal(batch_world_text("batch", id, BATCH_ERROR), "unauthenticated");
    assert_int_equal(batch_world_count("made"), figure(id, BATCH_DONE));
}

#define ON(f, open, label)                   \
    {                                        \
#f label, f, open, close_world, NULL \
    }
#define BOTH(f) ON(f, open_memory, ""), ON(f, open_sqlite, " (sqlite)")

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(it_runs_in_slices_to_its_end),
        BOTH(a_row_that_refuses_is_noted_and_leaves_nothing),
        BOTH(its_changes_carry_its_id_and_other_changes_do_not),
        BOTH(a_failure_that_heals_repeats_no_row),
        BOTH(another_failure_ends_it_with_its_code),
        BOTH(cancel_keeps_what_is_done_and_stops_the_rest),
        BOTH(one_that_gave_up_tells_its_kind_once),
        BOTH(a_long_preparation_is_told_and_stopped),
        BOTH(a_disabled_user_fails_his_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
