/*
 * test_flow_undo.c - bulk changes and the undo of batches on both engines: newest first, only what
 * still holds what was written, creations and deletions, an undo undone. Real threads.
 */
#include "batch_world.h"

static batch_world w;

/* ---- a kind that writes each record twice, and makes one of its own ---------------------------
 */

static crm_status write_item(crm_ctx *c, const entity *e, int64_t id, const char *color)
{
    record *r;
    crm_status s = id ? records_get(c, e, id, &r) : records_new(c, e, &r);
    if (!id) {
        s = s ? s : record_set(r, &e->fields[ITEM_NAME], value_text(CRM_S("made")));
    }
    s = s ? s : record_set(r, &e->fields[ITEM_COLOR], value_text(str_of(color)));
    return s ? s : records_save(c, r, 0);
}

static crm_status write_twice(crm_ctx *c, batch_run *b, bool *is_done, const void *fn)
{
    int64_t id = json_integer_value(json_object_get(b->spec, "id"));
    batch_place at = {.entity = b->entity, .record = id};
    (void)fn;
    crm_status s = batch_row_begin(c, b);
    if (s == CRM_OK) {
        s = write_item(c, b->entity, id, "red");
        s = s ? s : write_item(c, b->entity, id, "green");
        s = s ? s : write_item(c, b->entity, 0, "new");
        s = batch_row_end(c, b, &at, s);
    }
    *is_done = true;
    return s;
}

static void declare(registry *r)
{
    static const batch_kind k = {.name = {"twice", 5}, .module = {"test", 4}, .slice = write_twice};
    static const crm_str holders[] = {{"boss", 4}, {"seller", 6}};
    static const function_grant bulk = {{"bulk", 4}, holders, 2};
    assert_ok(registry_add_batch_kind(r, &k));
    assert_ok(registry_add_function(r, &bulk));
}

static int open_memory(void **state)
{
    (void)state;
    batch_world_open(&w, false, declare);
    return 0;
}

static int open_sqlite(void **state)
{
    (void)state;
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
    const char *kind, *text;
    int64_t id, of;
} asked;

static crm_status start(crm_ctx *c, void *arg)
{
    asked *x = arg;
    json_t *spec;
    const entity *e = registry_entity(c->reg, CRM_S("test.item"));
    crm_status s = json_read(str_of(x->text), 0, &spec, NULL);
    if (s != CRM_OK) {
        return s;
    }
    batch_order o = {.kind = str_of(x->kind), .title = CRM_S("t"), .entity = e, .spec = spec};
    s = str_is(o.kind, "bulk") ? bulk_start(c, e, spec, &x->id) : batch_start(c, &o, &x->id);
    json_decref(spec);
    return s;
}

static crm_status start_undo(crm_ctx *c, void *arg)
{
    asked *x = arg;
    return batch_undo(c, x->of, true, &x->id);
}

typedef struct edit {
    int64_t id;
    const char *color;
} edit;

static crm_status paint(crm_ctx *c, void *arg)
{
    edit *x = arg;
    return write_item(c, registry_entity(c->reg, CRM_S("test.item")), x->id, x->color);
}

static crm_status call_wrongly(crm_ctx *c, void *arg)
{
    record *r;
    const int64_t *id = arg;
    const entity *e = registry_entity(c->reg, CRM_S("test.item"));
    crm_status s = records_get(c, e, *id, &r);
    s = s ? s : record_set(r, &e->fields[ITEM_PHONE], value_text(CRM_S("12")));
    s = s ? s : record_mark(r, &e->fields[ITEM_PHONE], true);
    return s ? s : records_save(c, r, 0);
}

static int64_t run(const char *kind, const char *spec)
{
    asked x = {.kind = kind, .text = spec};
    assert_ok(batch_world_do(w.anna, start, &x));
    batch_world_settle();
    assert_string_equal(batch_world_text("batch", x.id, BATCH_STATE), "done");
    return x.id;
}

static int64_t undo(int64_t batch)
{
    asked x = {.of = batch};
    assert_ok(batch_world_do(w.anna, start_undo, &x));
    batch_world_settle();
    assert_string_equal(batch_world_text("batch", x.id, BATCH_STATE), "done");
    return x.id;
}

static int64_t figure(int64_t batch, uint16_t column)
{
    return batch_world_int("batch", batch, column);
}

static const char *color(int64_t id)
{
    return batch_world_text("test.item", id, ITEM_COLOR);
}

static const char *marks(int64_t id)
{
    return batch_world_text("test.item", id, COL_MARKS);
}

static int64_t run_twice(int64_t id)
{
    char spec[64];
    snprintf(spec, sizeof spec, "{\"id\":%lld}", (long long)id);
    return run("twice", spec);
}

/* ---- promises -------------------------------------------------------------------------------- */

static void a_record_written_twice_goes_back_to_its_first_value(void **state)
{
    (void)state;
    int64_t id = batch_world_items(w.anna, 1);
    assert_ok(batch_world_do(w.anna, paint, &(edit){id, "white"}));
    int64_t batch = run_twice(id);
    assert_string_equal(color(id), "green");
    int64_t u = undo(batch);
    assert_string_equal(color(id), "white");
    assert_int_equal(figure(u, BATCH_CONFLICTS), 0);
    assert_int_equal(figure(u, BATCH_TOTAL), 3);
    assert_int_equal(batch_world_count("made"), 0); /* in the bin */
}

static void a_creation_that_was_changed_since_stays(void **state)
{
    (void)state;
    int64_t id = batch_world_items(w.anna, 1), batch = run_twice(id);
    assert_ok(batch_world_do(w.anna, paint, &(edit){id + 1, "mine"}));
    int64_t u = undo(batch);
    assert_int_equal(batch_world_count("made"), 1);
    assert_int_equal(figure(u, BATCH_CONFLICTS), 1);
    assert_string_equal(batch_world_text("sys.batch_row", 1, BATCH_ROW_CODE), "changed_since");
}

static void a_creation_that_is_again_as_it_was_made_goes(void **state)
{
    (void)state;
    int64_t id = batch_world_items(w.anna, 1), batch = run_twice(id);
    assert_ok(batch_world_do(w.anna, paint, &(edit){id + 1, "mine"}));
    assert_ok(batch_world_do(w.anna, paint, &(edit){id + 1, "new"}));
    int64_t u = undo(batch);
    assert_int_equal(figure(u, BATCH_CONFLICTS), 0);
    assert_int_equal(batch_world_count("made"), 0);
}

static void an_undo_is_undone_and_that_again(void **state)
{
    (void)state;
    int64_t id = batch_world_items(w.anna, 1), batch = run_twice(id);
    int64_t first = undo(batch), second = undo(first);
    assert_string_equal(color(id), "green");
    assert_int_equal(batch_world_count("made"), 1);
    assert_int_equal(figure(second, BATCH_CONFLICTS), 0);
    int64_t third = undo(second);
    assert_string_equal(color(id), "");
    assert_int_equal(batch_world_count("made"), 0);
    assert_int_equal(figure(third, BATCH_CONFLICTS), 0);
}

static void many_records_are_changed_and_taken_back(void **state)
{
    (void)state;
    int64_t id = batch_world_items(w.anna, 500);
    int64_t batch =
        run("bulk", "{\"where\":[\"name\",\"eq\",\"old\"],\"set\":{\"color\":\"blue\"}}");
    assert_int_equal(figure(batch, BATCH_TOTAL), 500);
    assert_int_equal(figure(batch, BATCH_CHANGED), 500);
    assert_string_equal(color(id + 499), "blue");
    assert_ok(batch_world_do(w.anna, paint, &(edit){id + 7, "mine"}));
    int64_t u = undo(batch);
    assert_int_equal(figure(u, BATCH_CHANGED), 499);
    assert_int_equal(figure(u, BATCH_CONFLICTS), 1);
    assert_string_equal(color(id + 7), "mine");
    assert_string_equal(color(id), "");
}

/* The condition stops to match with the change itself: each record is taken once all the same. */
static void a_condition_that_the_change_ends_is_worked_off(void **state)
{
    (void)state;
    batch_world_items(w.anna, 450);
    int64_t batch = run("bulk", "{\"where\":[\"name\",\"eq\",\"old\"],\"set\":{\"name\":\"new\"}}");
    assert_int_equal(figure(batch, BATCH_CHANGED), 450);
    assert_int_equal(batch_world_count("old"), 0);
}

/* Else nobody would see any more that the number is none. */
static void a_value_comes_back_with_its_mark(void **state)
{
    (void)state;
    static const char wrong[] = "{\"phone\":\"phone_invalid\"}";
    int64_t id = batch_world_items(w.anna, 1);
    assert_ok(batch_world_do(w.anna, call_wrongly, &id));
    assert_string_equal(marks(id), wrong);
    int64_t batch = run("bulk", "{\"where\":true,\"set\":{\"phone\":\"+79161234567\"}}");
    assert_string_equal(marks(id), "");
    int64_t first = undo(batch);
    assert_string_equal(batch_world_text("test.item", id, ITEM_PHONE), "12");
    assert_string_equal(marks(id), wrong);
    undo(first);
    assert_string_equal(marks(id), "");
}

static void deleting_many_is_taken_back(void **state)
{
    (void)state;
    batch_world_items(w.anna, 30);
    int64_t batch = run("bulk", "{\"where\":true,\"delete\":true}");
    assert_int_equal(batch_world_count(NULL), 0);
    undo(batch);
    assert_int_equal(batch_world_count("old"), 30);
}

#define ON(f, open, label)                   \
    {                                        \
#f label, f, open, close_world, NULL \
    }
#define BOTH(f) ON(f, open_memory, ""), ON(f, open_sqlite, " (sqlite)")

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_record_written_twice_goes_back_to_its_first_value),
        BOTH(a_creation_that_was_changed_since_stays),
        BOTH(a_creation_that_is_again_as_it_was_made_goes),
        BOTH(an_undo_is_undone_and_that_again),
        BOTH(many_records_are_changed_and_taken_back),
        BOTH(a_condition_that_the_change_ends_is_worked_off),
        BOTH(a_value_comes_back_with_its_mark),
        BOTH(deleting_many_is_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
