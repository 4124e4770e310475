/* test_data_merge.c - one record out of several and back, below the API, on both engines: what is
 * filled, references among the merged, the bin, unique values, hooks, rights. */
#include "merge_world.h"

#include "data/merge.h"

static const char *vetoed; /* the entity whose updates the hook refuses */

static crm_status veto(crm_ctx *c, record *now, const record *was, const void *fn)
{
    (void)was;
    (void)fn;
    bool is_hit = vetoed && str_is(now->entity->name, vetoed);
    return is_hit ? call_fail(c, CRM_CONFLICT, "vetoed") : CRM_OK;
}

static int open_world_of(world_engine which)
{
    vetoed = NULL;
    world_hooks[0] = (hook){.entity_name = CRM_S("*"),
                            .when = HOOK_BEFORE_UPDATE,
                            .module = CRM_S("test"),
                            .run = veto};
    world_hook_count = 1;
    merge_world_open(&w, which);
    return 0;
}

static int open_sqlite(void **state)
{
    (void)state;
    return open_world_of(WORLD_SQLITE);
}

static int open_memory(void **state)
{
    (void)state;
    return open_world_of(WORLD_MEMORY);
}

/* ---- acting ---------------------------------------------------------------------------------- */

static merge_wish wish;

static void wish_for(int64_t into, int64_t from, int64_t third)
{
    wish = (merge_wish){.entity = client_entity, .into = into, .from = {from, third}, .count = 1};
    wish.count += third != 0;
}

static crm_status merge(int64_t user)
{
    crm_ctx *c = world_begin(&w, user);
    c->batch = 77;
    crm_status st = records_merge(c, &wish);
    world_end(&w, st);
    return st;
}

static crm_status repoint(const entity *e, const char *name, int64_t id)
{
    merge_link l = {e, entity_field(e, str_of(name))};
    crm_ctx *c = world_begin(&w, w.hanna);
    c->batch = 77;
    crm_status st = records_repoint(c, &l, id, &wish);
    world_end(&w, st);
    return st;
}

/* Whether the un-merge left the field in conflict. */
static crm_status unmerge(int64_t user, uint16_t column, bool *is_conflict)
{
    change_page first;
    uint64_t conflicts[4];
    crm_ctx *c = world_begin(&w, user);
    assert_ok(changelog_begin_of_batch(c->session, c->reg, c->arena, 77, 50, &first));
    crm_status st = records_unmerge(c, &wish, &first, conflicts);
    *is_conflict = !st && bits_has(conflicts, column);
    world_end(&w, st);
    return st;
}

static void set(const entity *e, int64_t id, uint16_t f, value v)
{
    assert_ok(world_update(&w, 0, e, id, f, v));
}

static void assert_value(const entity *e, int64_t id, uint16_t column, value expected)
{
    const value *got = merge_world_value(&w, e, id, column);
    assert_non_null(got);
    if (!value_equal(*got, expected)) {
        print_error("%.*s.%.*s holds \"%.*s\" %lld\n", STR_FMT(e->name),
                    STR_FMT(e->fields[column].name), STR_FMT(got->s), (long long)got->i);
    }
    assert_true(value_equal(*got, expected));
}

static bool is_deleted(int64_t id)
{
    return !value_is_null(*merge_world_value(&w, client_entity, id, COL_DELETED_AT));
}

/* ---- the records ----------------------------------------------------------------------------- */

static void the_winner_takes_what_it_lacks_in_the_order_of_the_others(void **state)
{
    (void)state;
    int64_t a = merge_world_client(&w, w.anna, "Раз", "+79161111111", "");
    int64_t b = merge_world_client(&w, w.boris, "Два", "+79162222222\n+79161111111", "");
    int64_t c = merge_world_client(&w, w.anna, "Три", "", "7707083893");
    set(client_entity, b, CLIENT_NOTE, TEXT("вторая"));
    set(client_entity, c, CLIENT_NOTE, TEXT("третья"));
    set(client_entity, c, CLIENT_EMAIL, TEXT("A@b.ru\nc@d.ru"));
    set(client_entity, a, CLIENT_EMAIL, TEXT("a@B.ru"));
    wish_for(a, b, c);
    assert_ok(merge(w.hanna));
    assert_value(client_entity, a, CLIENT_NAME, TEXT("Раз"));
    assert_value(client_entity, a, CLIENT_PHONE, TEXT("+79161111111\n+79162222222"));
    assert_value(client_entity, a, CLIENT_EMAIL, TEXT("a@B.ru\nc@d.ru")); /* one address is one */
    assert_value(client_entity, a, CLIENT_NOTE, TEXT("вторая"));
    assert_value(client_entity, a, CLIENT_INN, TEXT("7707083893"));
    assert_value(client_entity, a, CLIENT_OWNER, value_int(w.anna));
    assert_true(is_deleted(b) && is_deleted(c));
}

static void mark(int64_t id, uint16_t column, const char *code)
{
    record *r;
    crm_ctx *c = world_begin(&w, 0);
    assert_ok(records_get(c, client_entity, id, &r));
    assert_ok(record_mark_as(r, &client_entity->fields[column], code));
    world_end(&w, records_save(c, r, 0));
}

/* With what it says of it: a form nobody could read is no number that looks wrong. */
static void what_is_taken_keeps_its_mark(void **state)
{
    (void)state;
    int64_t a = merge_world_client(&w, w.anna, "Раз", "+79161111111", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "+79162222222", "");
    set(client_entity, b, CLIENT_NOTE, TEXT("имя=Иван"));
    mark(b, CLIENT_NOTE, MARK_FORM_UNREAD);
    mark(b, CLIENT_PHONE, "of_a_form");
    wish_for(a, b, 0);
    assert_ok(merge(w.hanna));
    assert_value(client_entity, a, COL_MARKS,
                 TEXT("{\"phone\":\"of_a_form\",\"note\":\"form_unread\"}"));
}

static void an_un_merge_gives_marks_back_as_it_does_values(void **state)
{
    (void)state;
    bool is_conflict;
    int64_t a = merge_world_client(&w, w.anna, "Раз", "", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "12", "");
    set(client_entity, a, CLIENT_NOTE, TEXT("имя=Иван"));
    set(client_entity, b, CLIENT_NOTE, TEXT("Иван"));
    mark(a, CLIENT_NOTE, MARK_FORM_UNREAD);
    mark(b, CLIENT_PHONE, "phone_invalid");
    wish_for(a, b, 0);
    wish.take[CLIENT_NOTE] = b;
    assert_ok(merge(w.hanna));
    assert_value(client_entity, a, COL_MARKS, TEXT("{\"phone\":\"phone_invalid\"}"));
    assert_ok(unmerge(w.hanna, CLIENT_NOTE, &is_conflict));
    assert_value(client_entity, a, CLIENT_NOTE, TEXT("имя=Иван"));
    assert_value(client_entity, a, COL_MARKS, TEXT("{\"note\":\"form_unread\"}"));
    assert_value(client_entity, b, COL_MARKS, TEXT("{\"phone\":\"phone_invalid\"}"));
}

static void a_unique_value_goes_to_the_winner_and_back(void **state)
{
    (void)state;
    bool is_conflict;
    int64_t a = merge_world_client(&w, w.anna, "Раз", "", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "", "");
    set(client_entity, b, CLIENT_CODE, TEXT("К-1"));
    wish_for(a, b, 0);
    assert_ok(merge(w.hanna));
    assert_value(client_entity, a, CLIENT_CODE, TEXT("К-1"));
    assert_ok(unmerge(w.hanna, CLIENT_CODE, &is_conflict));
    assert_false(is_conflict);
    assert_value(client_entity, a, CLIENT_CODE, value_null());
    assert_value(client_entity, b, CLIENT_CODE, TEXT("К-1"));
    assert_ok(unmerge(w.hanna, CLIENT_CODE, &is_conflict)); /* again it does nothing */
}

static void a_unique_value_taken_meanwhile_keeps_all_as_it_is(void **state)
{
    (void)state;
    bool is_conflict;
    int64_t a = merge_world_client(&w, w.anna, "Раз", "", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "", "");
    int64_t c = merge_world_client(&w, w.anna, "Три", "", "");
    set(client_entity, b, CLIENT_CODE, TEXT("К-1"));
    wish_for(a, b, 0);
    assert_ok(merge(w.hanna));
    set(client_entity, a, CLIENT_CODE, TEXT("К-2"));
    set(client_entity, c, CLIENT_CODE, TEXT("К-1"));
    assert_int_equal(unmerge(w.hanna, CLIENT_CODE, &is_conflict), CRM_INVALID);
    assert_true(is_deleted(b));
    assert_value(client_entity, a, CLIENT_CODE, TEXT("К-2"));
}

static void what_changed_since_is_a_conflict_of_the_un_merge(void **state)
{
    (void)state;
    bool is_conflict;
    int64_t a = merge_world_client(&w, w.anna, "Раз", "", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "", "7707083893");
    set(client_entity, b, CLIENT_NOTE, TEXT("вторая"));
    wish_for(a, b, 0);
    assert_ok(merge(w.hanna));
    set(client_entity, a, CLIENT_NOTE, TEXT("новая"));
    assert_ok(unmerge(w.hanna, CLIENT_NOTE, &is_conflict));
    assert_true(is_conflict);
    assert_value(client_entity, a, CLIENT_NOTE, TEXT("новая"));
    assert_value(client_entity, a, CLIENT_INN, value_null());
    assert_false(is_deleted(b));
}

/* ---- references ------------------------------------------------------------------------------ */

static void references_among_the_merged_vanish_and_others_move(void **state)
{
    (void)state;
    bool is_conflict;
    int64_t a = merge_world_client(&w, w.anna, "Раз", "", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "", "");
    int64_t c = merge_world_client(&w, w.anna, "Три", "", "");
    set(client_entity, a, CLIENT_CHIEF, value_int(b));
    set(client_entity, b, CLIENT_CHIEF, value_int(a));
    set(client_entity, c, CLIENT_CHIEF, value_int(b));
    wish_for(a, b, 0);
    assert_ok(merge(w.hanna));
    assert_value(client_entity, a, CLIENT_CHIEF, value_null()); /* nobody is his own chief */
    assert_ok(repoint(client_entity, "chief", c));
    assert_value(client_entity, c, CLIENT_CHIEF, value_int(a));
    assert_ok(unmerge(w.hanna, CLIENT_CHIEF, &is_conflict));
    assert_value(client_entity, a, CLIENT_CHIEF, value_int(b));
    assert_value(client_entity, b, CLIENT_CHIEF, value_int(a));
}

static void a_list_of_references_holds_the_winner_once(void **state)
{
    (void)state;
    char list[96];
    int64_t a = merge_world_client(&w, w.anna, "Раз", "", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "", "");
    int64_t c = merge_world_client(&w, w.anna, "Три", "", "");
    int64_t order = merge_world_order(&w, w.boris, c);
    snprintf(list, sizeof list, "%lld\n%lld\n%lld", (long long)b, (long long)c, (long long)a);
    set(order_entity, order, ORDER_WATCHERS, value_text(str_of(list)));
    wish_for(a, b, 0);
    assert_ok(merge(w.hanna));
    assert_ok(repoint(order_entity, "watchers", order)); /* hanna may not even read it */
    snprintf(list, sizeof list, "%lld\n%lld", (long long)a, (long long)c);
    assert_value(order_entity, order, ORDER_WATCHERS, value_text(str_of(list)));
}

static void what_lies_in_the_bin_is_moved_without_its_hooks(void **state)
{
    (void)state;
    int64_t a = merge_world_client(&w, w.anna, "Раз", "", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "", "");
    int64_t live = merge_world_order(&w, w.anna, b), gone = merge_world_order(&w, w.anna, b);
    crm_ctx *c = world_begin(&w, 0);
    world_end(&w, records_delete(c, order_entity, gone, 0));
    wish_for(a, b, 0);
    assert_ok(merge(w.hanna));
    vetoed = "test.order";
    assert_int_equal(repoint(order_entity, "client", live), CRM_CONFLICT);
    assert_ok(repoint(order_entity, "client", gone));
    assert_value(order_entity, live, ORDER_CLIENT, value_int(b));
    assert_value(order_entity, gone, ORDER_CLIENT, value_int(a));
}

static void nothing_new_can_refer_to_one_that_went(void **state)
{
    (void)state;
    int64_t a = merge_world_client(&w, w.anna, "Раз", "", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "", "");
    int64_t order = merge_world_order(&w, w.anna, a);
    wish_for(a, b, 0);
    assert_ok(merge(w.hanna));
    assert_int_equal(world_update(&w, 0, order_entity, order, ORDER_CLIENT, value_int(b)),
                     CRM_INVALID);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void a_hook_that_refuses_leaves_all_as_it_was(void **state)
{
    (void)state;
    int64_t a = merge_world_client(&w, w.anna, "Раз", "", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "", "7707083893");
    wish_for(a, b, 0);
    vetoed = "test.client";
    assert_int_equal(merge(w.hanna), CRM_CONFLICT);
    assert_false(is_deleted(b));
    assert_value(client_entity, a, CLIENT_INN, value_null());
}

static void it_takes_the_right_to_merge_every_one_of_them(void **state)
{
    (void)state;
    bool is_conflict;
    int64_t a = merge_world_client(&w, w.anna, "Раз", "", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "", "");
    wish_for(a, b, 0);
    assert_int_equal(merge(w.anna), CRM_DENIED); /* hers, to change only */
    assert_int_equal(merge(w.zina), CRM_DENIED); /* everything but that */
    assert_int_equal(merge(w.nina), CRM_NOT_FOUND);
    assert_ok(merge(w.hanna));
    assert_int_equal(unmerge(w.anna, CLIENT_NAME, &is_conflict), CRM_DENIED);
    assert_true(is_deleted(b));
}

static void one_that_was_merged_says_where_it_went_until_it_comes_back(void **state)
{
    (void)state;
    int64_t into;
    int64_t a = merge_world_client(&w, w.anna, "Раз", "", "");
    int64_t b = merge_world_client(&w, w.anna, "Два", "", "");
    int64_t c = merge_world_client(&w, w.anna, "Три", "", "");
    wish_for(b, a, 0);
    assert_ok(merge(w.hanna));
    wish_for(c, b, 0);
    assert_ok(merge(w.hanna));
    assert_int_equal(merge(w.hanna), CRM_CONFLICT); /* merged_already */
    crm_ctx *x = world_begin(&w, w.hanna);
    assert_ok(merged_into(x, client_entity, a, &into));
    assert_int_equal(into, c);
    assert_int_equal(merged_answer(x, client_entity, a, CRM_NOT_FOUND), CRM_NOT_FOUND);
    assert_true(str_is(x->error.code, "merged"));
    world_end(&w, CRM_OK);
    x = world_begin(&w, w.nina);
    assert_int_equal(merged_answer(x, client_entity, a, CRM_NOT_FOUND), CRM_NOT_FOUND);
    assert_false(str_is(x->error.code, "merged"));
    world_end(&w, CRM_OK);
    x = world_begin(&w, 0);
    assert_ok(records_restore(x, client_entity, a));
    assert_int_equal(merged_into(x, client_entity, a, &into), CRM_NOT_FOUND);
    world_end(&w, CRM_OK);
}

#define ON_BOTH(test)                                           \
    {#test, test, open_sqlite, close_world, NULL},              \
    {                                                           \
#test " (memory)", test, open_memory, close_world, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(the_winner_takes_what_it_lacks_in_the_order_of_the_others),
        ON_BOTH(what_is_taken_keeps_its_mark),
        ON_BOTH(an_un_merge_gives_marks_back_as_it_does_values),
        ON_BOTH(a_unique_value_goes_to_the_winner_and_back),
        ON_BOTH(a_unique_value_taken_meanwhile_keeps_all_as_it_is),
        ON_BOTH(what_changed_since_is_a_conflict_of_the_un_merge),
        ON_BOTH(references_among_the_merged_vanish_and_others_move),
        ON_BOTH(a_list_of_references_holds_the_winner_once),
        ON_BOTH(what_lies_in_the_bin_is_moved_without_its_hooks),
        ON_BOTH(nothing_new_can_refer_to_one_that_went),
        ON_BOTH(a_hook_that_refuses_leaves_all_as_it_was),
        ON_BOTH(it_takes_the_right_to_merge_every_one_of_them),
        ON_BOTH(one_that_was_merged_says_where_it_went_until_it_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
