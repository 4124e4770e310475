/* test_data_summary.c - which groups of a summary are folded away, and that what is folded cannot
 * be worked out from totals. */
#include "data/summary.h"
#include "unit.h"

#define AT_LEAST 5

/* Groups by two keys of one figure; `rows` in the order of (key 0, key 1) over a table of `wide`.
 */
static summary_groups table(const int64_t *rows, uint32_t count, uint32_t wide)
{
    summary_groups s = {.count = count, .key_count = 2, .count_count = 1};
    s.at = calloc(count, sizeof *s.at);
    assert_non_null(s.at);
    for (uint32_t i = 0; i < count; i++) {
        s.at[i].keys[0] = value_int(i / wide);
        s.at[i].keys[1] = value_int(i % wide);
        s.at[i].counts[0] = rows[i];
    }
    return s;
}

/* "5 . 7": what is shown, in order. */
static const char *shown(const summary_groups *s)
{
    static char text[256];
    size_t n = 0;
    text[0] = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        long long rows = (long long)s->at[i].counts[0];
        int wrote = s->at[i].is_folded ? snprintf(text + n, sizeof text - n, ". ")
                                       : snprintf(text + n, sizeof text - n, "%lld ", rows);
        n += (size_t)wrote;
    }
    return text;
}

static void nothing_small_folds_nothing(void **state)
{
    (void)state;
    summary_groups s = table((const int64_t[]){5, 6, 7, 8}, 4, 2);
    assert_false(summary_fold(&s, AT_LEAST));
    assert_string_equal(shown(&s), "5 6 7 8 ");
    summary_groups_free(&s);
}

static void an_empty_answer_and_an_empty_group_tell_nothing(void **state)
{
    (void)state;
    summary_groups none = {.key_count = 1, .count_count = 1};
    assert_false(summary_fold(&none, AT_LEAST));
    summary_groups s = table((const int64_t[]){0}, 1, 1);
    s.key_count = 0;
    assert_false(summary_fold(&s, AT_LEAST));
    summary_groups_free(&s);
}

static void a_small_total_is_folded(void **state)
{
    (void)state;
    summary_groups s = table((const int64_t[]){4}, 1, 1);
    s.key_count = 0;
    assert_true(summary_fold(&s, AT_LEAST));
    assert_true(s.at[0].is_folded);
    summary_groups_free(&s);
}

/* One group of 2 alone would be the total less the others. */
static void the_next_smallest_goes_with_a_small_one(void **state)
{
    (void)state;
    summary_groups s = table((const int64_t[]){2, 30, 6, 20}, 4, 4);
    assert_true(summary_fold(&s, AT_LEAST));
    assert_string_equal(shown(&s), ". 30 . 20 ");
    summary_groups_free(&s);
}

static void small_ones_that_are_many_together_take_none_with_them(void **state)
{
    (void)state;
    summary_groups s = table((const int64_t[]){3, 30, 3, 20}, 4, 4);
    s.key_count = 1;
    for (uint32_t i = 0; i < s.count; i++) {
        s.at[i].keys[0] = value_int(i);
    }
    assert_true(summary_fold(&s, AT_LEAST));
    assert_string_equal(shown(&s), ". 30 . 20 ");
    summary_groups_free(&s);
}

/* Whatever the table, what is folded of every row, column and of all is none or enough. */
static void no_margin_tells_of_few(void **state)
{
    (void)state;
    uint64_t chance = 7;
    for (int round = 0; round < 500; round++) {
        int64_t rows[20];
        for (int i = 0; i < 20; i++) {
            chance = chance * 6364136223846793005ull + 1442695040888963407ull;
            rows[i] = 1 + (int64_t)(chance >> 33) % 12;
        }
        summary_groups s = table(rows, 20, 5);
        summary_fold(&s, AT_LEAST);
        int64_t across[4] = {0}, down[5] = {0}, all = 0;
        for (uint32_t i = 0; i < s.count; i++) {
            int64_t n = s.at[i].is_folded ? rows[i] : 0;
            assert_true(s.at[i].is_folded || rows[i] >= AT_LEAST);
            across[i / 5] += n, down[i % 5] += n, all += n;
        }
        for (int i = 0; i < 5; i++) {
            int64_t whole_down = 0, whole_across = 0;
            for (int k = 0; k < 4; k++) {
                whole_down += rows[k * 5 + i];
            }
            for (int k = 0; i < 4 && k < 5; k++) {
                whole_across += rows[i * 5 + k];
            }
            /* With all of a margin folded there is no difference left to take. */
            assert_true(!down[i] || down[i] >= AT_LEAST || down[i] == whole_down);
            assert_true(i == 4 || !across[i] || across[i] >= AT_LEAST || across[i] == whole_across);
        }
        assert_true(!all || all >= AT_LEAST);
        summary_groups_free(&s);
    }
}

static void a_figure_of_few_values_folds_its_group(void **state)
{
    (void)state;
    summary_groups s = table((const int64_t[]){12, 10, 11}, 3, 3);
    s.count_count = 2;
    const int64_t valued[] = {9, 1, 8};
    for (uint32_t i = 0; i < s.count; i++) {
        s.at[i].counts[1] = valued[i];
    }
    assert_true(summary_fold(&s, AT_LEAST));
    assert_string_equal(shown(&s), "12 . . ");
    summary_groups_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_small_folds_nothing),
        cmocka_unit_test(an_empty_answer_and_an_empty_group_tell_nothing),
        cmocka_unit_test(a_small_total_is_folded),
        cmocka_unit_test(the_next_smallest_goes_with_a_small_one),
        cmocka_unit_test(small_ones_that_are_many_together_take_none_with_them),
        cmocka_unit_test(no_margin_tells_of_few),
        cmocka_unit_test(a_figure_of_few_values_folds_its_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
