/* test_data_group_kept.c - what measures keep: exact whatever the values, and within its bytes. */
#include "data/group_kept.h"
#include "unit.h"

#define MANY 5000

static hash_key key = {{3, 5}};
static budget roomy(void)
{
    return (budget){.most = 64 << 20};
}

/* Orders that make a careless choice of the pivot slow or wrong. */
static int64_t rising(int64_t i)
{
    return i - 100;
}
static int64_t falling(int64_t i)
{
    return MANY - i;
}
static int64_t equal(int64_t i)
{
    return 7 + i * 0;
}
static int64_t few(int64_t i)
{
    return i * 7919 % 5 - 2;
}
static int64_t mixed(int64_t i)
{
    return i * 7919 % MANY;
}
static int64_t extreme(int64_t i)
{
    return i % 3 == 0 ? INT64_MIN : i % 3 == 1 ? INT64_MAX : 0;
}
static int64_t (*const orders[])(int64_t) = {rising, falling, equal, few, mixed, extreme};
#define ORDERS (sizeof orders / sizeof orders[0])

static int compare(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

static void the_number_at_a_rank_is_that_of_the_sorted_list(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 2, 3, 8, 9, 1000, MANY};
    static int64_t sorted[MANY];
    for (size_t o = 0; o < ORDERS; o++) {
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            kept k = {0};
            budget b = roomy();
            uint32_t n = counts[c], ranks[] = {0, n / 2, n * 9 / 10, n - 1};
            for (uint32_t i = 0; i < n; i++) {
                sorted[i] = orders[o](i);
                assert_ok(group_kept_add(&k, &b, sorted[i]));
            }
            qsort(sorted, n, sizeof sorted[0], compare);
            for (size_t r = 0; r < sizeof ranks / sizeof ranks[0]; r++) {
                assert_true(group_kept_select(&k, key, ranks[r]) == sorted[ranks[r]]);
            }
            group_kept_free(&k);
        }
    }
}

static void different_numbers_are_counted_once(void **state)
{
    (void)state;
    static const uint32_t different[ORDERS] = {MANY, MANY, 1, 5, MANY, 3};
    for (size_t o = 0; o < ORDERS; o++) {
        kept k = {0};
        budget b = roomy();
        for (int64_t i = 0; i < 2 * MANY; i++) {
            assert_ok(group_kept_add_different(&k, &b, key, orders[o](i % MANY)));
        }
        assert_int_equal(k.count, different[o]);
        group_kept_free(&k);
    }
}

static void different_marks_are_counted_once(void **state)
{
    (void)state;
    kept k = {0};
    budget b = roomy();
    for (uint64_t i = 0; i < 2 * MANY; i++) {
        uint64_t n = i % MANY; /* half of them meet in the low word, the others in the high one */
        assert_ok(group_kept_add_mark(&k, &b, n % 2 ? (hash128){n, 1} : (hash128){2, n}));
    }
    assert_int_equal(k.count, MANY);
    group_kept_free(&k);
    assert_ok(group_kept_add_mark(&k, &b, (hash128){0, 0}));
    assert_ok(group_kept_add_mark(&k, &b, (hash128){0, 0}));
    assert_int_equal(k.count, 1);
    group_kept_free(&k);
}

static void no_more_bytes_are_taken_than_there_may_be(void **state)
{
    (void)state;
    budget b = {.most = 4096};
    kept list = {0}, set = {0};
    crm_status st = CRM_OK;
    for (int64_t i = 0; st == CRM_OK; i++) {
        st = group_kept_add(&list, &b, i);
        assert_true(b.used <= b.most);
    }
    assert_int_equal(st, CRM_LIMIT);
    assert_int_equal(list.count,
                     256); /* 2 KB; beside them the 4 KB of twice as many have no room */
    b = (budget){.most = 4096};
    for (st = CRM_OK; st == CRM_OK;) {
        st = group_kept_add_different(&set, &b, key, (int64_t)set.count + 1);
    }
    assert_int_equal(st, CRM_LIMIT);
    assert_int_equal(set.count, 192);
    group_kept_free(&list);
    group_kept_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_number_at_a_rank_is_that_of_the_sorted_list),
        cmocka_unit_test(different_numbers_are_counted_once),
        cmocka_unit_test(different_marks_are_counted_once),
        cmocka_unit_test(no_more_bytes_are_taken_than_there_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
