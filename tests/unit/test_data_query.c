/* test_data_query.c - queries and the cursors of their pages. */
#include "unit.h"

#include "data/positions.h"
#include "data/query.h"
#include "data/stores.h"

static registry *r;
static arena *a;
static const entity *user;

static int setup(void **state)
{
    (void)state;
    registry_fault *faults;
    assert_ok(positions_set_up(NULL));
    a = arena_new(0);
    r = registry_new();
    user = r ? registry_store(r, STORE_USER) : NULL;
    return a && r && registry_seal(r, a, &faults) == CRM_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    registry_discard(r);
    arena_free(a);
    return 0;
}

static query *sorted(uint16_t first, bool descending, uint16_t second)
{
    query *q = query_new(a, user);
    q->sorts[0] = (sort){&user->fields[first], descending};
    q->sorts[1] = (sort){&user->fields[second], false};
    q->sort_count = second ? 2 : 1;
    return q;
}

static crm_str cursor_write_of(query *q, const value *row)
{
    query_bind(q);
    return cursor_write(a, q, row);
}

static void a_cursor_brings_back_where_the_page_ended(void **state)
{
    (void)state;
    value row[USER_COLUMNS] = {[COL_ID] = value_int(42),
                               [USER_NAME] = value_text(CRM_S("Ёлкин \"Пётр\"\n")),
                               [USER_ON_LINE] = value_int(INT64_MIN)};
    static const uint16_t seconds[] = {USER_ON_LINE, USER_EMAIL};
    for (size_t i = 0; i < 2; i++) {
        query *q = sorted(USER_NAME, true, seconds[i]);
        crm_str text = cursor_write_of(q, row);
        query *next = sorted(USER_NAME, true, seconds[i]);
        assert_ok(cursor_read(a, next, text));
        assert_true(next->after.is_set);
        assert_int_equal(next->after.id, 42);
        assert_true(value_equal(next->after.at[0], row[USER_NAME]));
        assert_true(value_equal(next->after.at[1], row[seconds[i]]));
    }
}

static void a_cursor_of_another_sort_is_refused(void **state)
{
    (void)state;
    value row[USER_COLUMNS] = {[COL_ID] = value_int(1)};
    crm_str text = cursor_write_of(sorted(USER_NAME, true, 0), row);
    assert_int_equal(cursor_read(a, sorted(USER_NAME, false, 0), text), CRM_INVALID);
    assert_int_equal(cursor_read(a, sorted(USER_LOGIN, true, 0), text), CRM_INVALID);
    assert_int_equal(cursor_read(a, sorted(USER_NAME, true, USER_LOGIN), text), CRM_INVALID);
    query *other = sorted(USER_NAME, true, 0);
    other->entity = registry_store(r, STORE_DEPARTMENT);
    assert_int_equal(cursor_read(a, other, text), CRM_INVALID);
}

static query *narrowed(const cond *where)
{
    query *q = sorted(USER_NAME, true, 0);
    q->where = where;
    return q;
}

static const cond *named(const char *name)
{
    return cond_compare(a, COND_EQ, &user->fields[USER_NAME], value_text(str_of(name)));
}

static void a_cursor_of_another_filter_is_refused(void **state)
{
    (void)state;
    value row[USER_COLUMNS] = {[COL_ID] = value_int(1)};
    crm_str text = cursor_write_of(narrowed(named("Анна")), row);
    const cond *other_field =
        cond_compare(a, COND_EQ, &user->fields[USER_LOGIN], value_text(CRM_S("Анна")));
    const cond *other_operator =
        cond_compare(a, COND_NE, &user->fields[USER_NAME], value_text(CRM_S("Анна")));
    const cond *others[] = {NULL, named("Иван"), other_field, other_operator,
                            cond_and(a, named("Анна"), other_field)};
    assert_ok(cursor_read(a, narrowed(named("Анна")), text));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(cursor_read(a, narrowed(others[i]), text), CRM_INVALID);
    }
    query *in_bin = narrowed(named("Анна")), *searched = narrowed(named("Анна"));
    in_bin->only_deleted = true;
    searched->terms = CRM_S("анна");
    assert_int_equal(cursor_read(a, in_bin, text), CRM_INVALID);
    assert_int_equal(cursor_read(a, searched, text), CRM_INVALID);
}

/* What rights add to the condition, and how a search is read at last, is not asked by the caller.
 */
static void a_cursor_stands_for_what_was_asked_at_first(void **state)
{
    (void)state;
    value row[USER_COLUMNS] = {[COL_ID] = value_int(1)};
    query *q = narrowed(named("Анна"));
    query_bind(q);
    q->where = cond_and(a, q->where, named("Иван"));
    q->terms = CRM_S("анна");
    assert_ok(cursor_read(a, narrowed(named("Анна")), cursor_write(a, q, row)));
}

static void what_is_no_cursor_is_refused(void **state)
{
    (void)state;
    query *q = sorted(USER_NAME, true, 0);
    value row[USER_COLUMNS] = {[COL_ID] = value_int(7)};
    crm_str good = cursor_write_of(q, row);
    static const char *const bad[] = {"", "!!!", "e30", "W10", "WzEsMl0", "bnVsbA"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(cursor_read(a, q, str_of(bad[i])), CRM_INVALID);
        assert_false(q->after.is_set);
    }
    assert_int_equal(cursor_read(a, q, (crm_str){good.p, good.n - 4}), CRM_INVALID);
    assert_ok(cursor_read(a, q, good));
}

static value long_text(size_t bytes)
{
    char *text = arena_alloc(a, bytes);
    for (size_t i = 0; i < bytes; i += 2) {
        memcpy(text + i, "ы", 2);
    }
    return value_text((crm_str){text, bytes});
}

/* An address takes 8 KB, and more than the cursor stands in it. */
static void a_cursor_fits_an_address_whatever_the_row_holds(void **state)
{
    (void)state;
    value row[USER_COLUMNS] = {
        [COL_ID] = value_int(7), [USER_NAME] = long_text(200000), [USER_LOGIN] = long_text(602)};
    query *q = sorted(USER_NAME, true, USER_LOGIN);
    crm_str text = cursor_write_of(q, row);
    assert_true(text.n > 0 && text.n < 2500);
    assert_ok(cursor_read(a, q, text));
    assert_true(cursor_is_cut(&q->after));
    assert_true(q->after.at[0].s.n < 700 && q->after.at[1].s.n < 700);
    /* Nothing that begins so stands before the one or behind the other. */
    crm_str whole[2], at[2];
    for (size_t i = 0; i < 2; i++) {
        assert_ok(text_sort_key(a, row[q->sorts[i].field->index].s, &whole[i]));
        assert_ok(text_sort_key(a, q->after.at[i].s, &at[i]));
    }
    assert_true(str_cmp(at[0], whole[0]) > 0);
    assert_true(str_cmp(at[1], whole[1]) < 0);
    cursor_complete(a, q, row, &q->after);
    assert_true(value_equal(q->after.at[0], row[USER_NAME]));
    assert_true(value_equal(q->after.at[1], row[USER_LOGIN]));
}

static void a_row_that_has_changed_completes_no_cursor(void **state)
{
    (void)state;
    value row[USER_COLUMNS] = {[COL_ID] = value_int(7), [USER_NAME] = long_text(2000)};
    query *q = sorted(USER_NAME, false, 0);
    assert_ok(cursor_read(a, q, cursor_write_of(q, row)));
    value before = q->after.at[0];
    row[USER_NAME] = long_text(2002);
    cursor_complete(a, q, row, &q->after);
    assert_true(value_equal(q->after.at[0], before));
}

static void a_text_of_which_an_address_has_room_is_held_whole(void **state)
{
    (void)state;
    value row[USER_COLUMNS] = {[COL_ID] = value_int(7), [USER_NAME] = long_text(600)};
    query *q = sorted(USER_NAME, true, 0);
    assert_ok(cursor_read(a, q, cursor_write_of(q, row)));
    assert_false(cursor_is_cut(&q->after));
    assert_true(value_equal(q->after.at[0], row[USER_NAME]));
}

/* ---- a list that is gathered ----------------------------------------------------------------- */

static const int64_t kept_ids[] = {7, 300, (1LL << 53) - 1};

static list_gathering gathered(bool has_bound)
{
    list_gathering g = {.passed = 123456789, .ids = kept_ids, .count = 3, .percent = 42};
    g.bound = (cursor){.id = 300, .is_set = has_bound};
    g.bound.at[0] = value_text(CRM_S("Яшин"));
    return g;
}

static crm_str gathered_of(query *q, int64_t after, bool has_bound)
{
    list_gathering g = gathered(has_bound);
    query_bind(q);
    q->after = (cursor){.id = after, .is_set = after > 0};
    q->after.at[0] = after ? value_text(CRM_S("Ёлкин")) : value_null();
    return cursor_write_gathered(a, q, &g);
}

static void check_gathering(const list_gathering *g, bool has_bound)
{
    assert_non_null(g);
    assert_int_equal(g->passed, 123456789);
    assert_int_equal(g->percent, 42);
    assert_int_equal(g->count, 3);
    assert_memory_equal(g->ids, kept_ids, sizeof kept_ids);
    assert_int_equal(g->bound.is_set, has_bound);
    assert_int_equal(g->bound.id, has_bound ? 300 : 0);
    assert_true(!has_bound || value_equal(g->bound.at[0], value_text(CRM_S("Яшин"))));
}

static void a_gathered_list_goes_on_with_what_it_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        int64_t after = i & 1 ? 42 : 0;
        crm_str text = gathered_of(sorted(USER_NAME, true, 0), after, i & 2);
        query *next = sorted(USER_NAME, true, 0);
        assert_ok(cursor_read(a, next, text));
        assert_int_equal(next->after.is_set, i & 1);
        assert_int_equal(next->after.id, after);
        assert_int_equal(value_is_null(next->after.at[0]), !after);
        check_gathering(next->gathered, i & 2);
    }
}

/* Then the list goes along its order again. */
static void the_page_behind_one_that_was_gathered_begins_where_that_ended(void **state)
{
    (void)state;
    list_gathering g = gathered(true);
    query *q = sorted(USER_NAME, true, 0), *next = sorted(USER_NAME, true, 0);
    query_bind(q);
    g.is_over = true;
    next->gathered = &g;
    assert_ok(cursor_read(a, next, cursor_write_gathered(a, q, &g)));
    assert_null(next->gathered);
    assert_int_equal(next->after.id, 300);
    assert_true(value_equal(next->after.at[0], value_text(CRM_S("Яшин"))));
}

/* Nobody reads how far it has come, or makes up another. */
static void what_it_carries_is_sealed_and_for_its_list_only(void **state)
{
    (void)state;
    crm_str bytes, text = gathered_of(sorted(USER_NAME, true, 0), 42, true);
    assert_int_equal(cursor_read(a, sorted(USER_NAME, false, 0), text), CRM_INVALID);
    assert_int_equal(cursor_read(a, sorted(USER_LOGIN, true, 0), text), CRM_INVALID);
    assert_ok(crypto_unbase64url(a, (crm_str){text.p + 1, text.n - 1}, &bytes));
    assert_null(memmem(bytes.p, bytes.n, "Ёлкин", strlen("Ёлкин")));
    for (size_t i = 0; i + 1 < text.n; i++) { /* not all of the last letter need count */
        crm_str other = arena_dup(a, text);
        ((char *)other.p)[i] = other.p[i] == 'A' ? 'B' : 'A';
        assert_int_equal(cursor_read(a, sorted(USER_NAME, true, 0), other), CRM_INVALID);
        crm_str cut = {text.p, i};
        assert_int_equal(cursor_read(a, sorted(USER_NAME, true, 0), cut), CRM_INVALID);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_cursor_brings_back_where_the_page_ended),
        TEST(a_cursor_of_another_sort_is_refused),
        TEST(a_cursor_of_another_filter_is_refused),
        TEST(a_cursor_stands_for_what_was_asked_at_first),
        TEST(what_is_no_cursor_is_refused),
        TEST(a_cursor_fits_an_address_whatever_the_row_holds),
        TEST(a_row_that_has_changed_completes_no_cursor),
        TEST(a_text_of_which_an_address_has_room_is_held_whole),
        TEST(a_gathered_list_goes_on_with_what_it_kept),
        TEST(the_page_behind_one_that_was_gathered_begins_where_that_ended),
        TEST(what_it_carries_is_sealed_and_for_its_list_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
