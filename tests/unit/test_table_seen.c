/*
 * test_table_seen.c - the keys that a check of an import remembers: all of them, however many, with
 * a bounded part in memory and the rest where no end of the process leaves it behind.
 */
#include "unit.h"

#include <dirent.h>
#include <unistd.h>

#include "table/import_private.h"

#define BATCH 7
#define MANY  1300000 /* beyond what two to the twentieth slots hold */

static char data[64], folder[80];
static arena *a;

static int begin(void **state)
{
    (void)state;
    a = arena_new(0);
    snprintf(data, sizeof data, "/tmp/karkas-seen-XXXXXX");
    if (!a || !mkdtemp(data) || import_set_up(data, "none") != CRM_OK) {
        return -1;
    }
    snprintf(folder, sizeof folder, "%s/import", data);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tried_forget(BATCH);
    arena_free(a);
    rmdir(folder);
    return rmdir(data);
}

/* A row that has the n-th key alone. */
static const import_row *row_of(int64_t line, int64_t n)
{
    static import_row row;
    static import_key key;
    key.hash = (uint64_t)n * 0x9E3779B97F4A7C15ull | 1;
    row.line = line;
    row.keys = &key;
    row.key_count = 1;
    return &row;
}

static bool is_seen(int64_t line, int64_t n)
{
    bool seen;
    assert_ok(tried_before(tried_find(BATCH), row_of(line, n), &seen));
    return seen;
}

static void fill(int64_t count)
{
    tried_set *s = tried_begin(BATCH);
    assert_non_null(s);
    for (int64_t n = 2; n <= 2 * count; n += 2) { /* even: the low bit is set in every hash */
        if (n % 400 == 0) {
            assert_ok(tried_settle(a, s));
        }
        assert_ok(tried_add(s, row_of(n, n)));
    }
}

static void every_key_is_known_beyond_a_million(void **state)
{
    (void)state;
    fill(MANY);
    const int64_t samples[] = {2, 4, 999998, 1000000, 1000002, 2 << 20, (2 << 20) + 2, 2 * MANY};
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        int64_t n = samples[i];
        assert_true(is_seen(n + 1, n));
        assert_false(is_seen(n, n)); /* its own row, which may be tried twice */
    }
    for (int64_t n = 2; n <= 2 * MANY; n += 2 * 997) {
        assert_true(is_seen(INT64_MAX, n));
    }
    for (int64_t n = 2 * MANY + 2; n < 2 * MANY + 2000; n += 2) {
        assert_false(is_seen(INT64_MAX, n));
    }
}

static void a_key_of_two_rows_is_that_of_the_first(void **state)
{
    (void)state;
    fill(TRIED_KEPT + 1000);
    tried_set *s = tried_find(BATCH);
    assert_ok(tried_add(s, row_of(INT64_MAX - 1, 2))); /* one that was put away before */
    assert_true(is_seen(3, 2));
}

static void what_is_put_away_has_no_name(void **state)
{
    (void)state;
    uint32_t names = 0;
    fill(TRIED_KEPT + 1000);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        names += e->d_name[0] != '.';
    }
    closedir(dir);
    assert_int_equal(names, 0);
}

static void a_set_is_empty_anew_and_gone_when_it_is_forgotten(void **state)
{
    (void)state;
    fill(10);
    assert_true(is_seen(100, 2));
    assert_non_null(tried_begin(BATCH));
    assert_false(is_seen(100, 2));
    tried_forget(BATCH);
    assert_null(tried_find(BATCH));
}

/* A set that has lost keys would call rows new: it is gone, and the check begins anew. */
static void one_that_cannot_be_put_away_is_gone(void **state)
{
    (void)state;
    fill(TRIED_KEPT);
    assert_int_equal(rmdir(folder), 0);
    assert_int_not_equal(tried_settle(a, tried_find(BATCH)), CRM_OK);
    assert_null(tried_find(BATCH));
    assert_ok(import_set_up(data, "none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_key_is_known_beyond_a_million, begin, end),
        cmocka_unit_test_setup_teardown(a_key_of_two_rows_is_that_of_the_first, begin, end),
        cmocka_unit_test_setup_teardown(what_is_put_away_has_no_name, begin, end),
        cmocka_unit_test_setup_teardown(a_set_is_empty_anew_and_gone_when_it_is_forgotten, begin,
                                        end),
        cmocka_unit_test_setup_teardown(one_that_cannot_be_put_away_is_gone, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
