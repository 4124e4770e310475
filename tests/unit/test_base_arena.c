/* test_base_arena.c - arenas bound what they give, and give it aligned, zeroed and in place. */
#include "unit.h"

#include "base/arena.h"

static void memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    for (size_t size = 0; size < 200; size += 7) {
        char *p = arena_alloc(a, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(p[i], 0);
        }
        memset(p, 0xAA, size);
    }
    arena_free(a);
}

static void memory_after_a_reset_is_zeroed_again(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    memset(arena_alloc(a, 100), 0xAA, 100);
    arena_reset(a);
    assert_int_equal(arena_used(a), 0);
    char *p = arena_alloc(a, 100);
    assert_int_equal(p[0] | p[99], 0);
    arena_free(a);
}

static void blocks_do_not_move_while_the_arena_grows(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    char *first = arena_alloc(a, 8);
    memcpy(first, "before", 7);
    for (int i = 0; i < 1000; i++) {
        memset(arena_alloc(a, 5000), 1, 5000);
    }
    assert_string_equal(first, "before");
    arena_free(a);
}

/* What a pooled arena keeps grows to what its uses take, so that they end without a malloc. */
static void uses_of_one_size_soon_need_no_new_memory(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    for (int i = 0; i < 3; i++) {
        arena_reset(a);
        (void)!arena_alloc(a, 3000);
        (void)!arena_alloc(a, 6000);
    }
    arena_reset(a);
    char *first = arena_alloc(a, 3000), *second = arena_alloc(a, 6000);
    assert_ptr_equal(second, first + 3008);
    arena_free(a);
}

static void beyond_the_limit_there_is_nothing_and_the_arena_says_so(void **state)
{
    (void)state;
    arena *a = arena_new(10000);
    assert_non_null(arena_alloc(a, 5000));
    assert_false(arena_failed(a));
    assert_null(arena_alloc(a, 6000));
    assert_true(arena_failed(a));
    arena_reset(a);
    assert_false(arena_failed(a));
    assert_non_null(arena_alloc(a, 6000));
    arena_free(a);
}

static void the_whole_limit_can_be_used(void **state)
{
    (void)state;
    arena *a = arena_new(65536);
    assert_non_null(arena_alloc(a, 65536));
    arena_free(a);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    assert_null(arena_array(a, SIZE_MAX / 2, 3));
    assert_true(arena_failed(a));
    arena_reset(a);
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_null(arena_alloc(a, SIZE_MAX - 8));
    arena_free(a);
}

static void copies_end_in_zero(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    crm_str copy = arena_dup(a, (crm_str){"Тополь и ещё", 12});
    assert_text(copy, "Тополь");
    assert_int_equal(copy.p[copy.n], 0);
    assert_string_equal(arena_cstr(a, (crm_str){0}), "");
    assert_text(arena_fmt(a, "%s-%04d", "сделка", 42), "сделка-0042");
    arena_free(a);
}

static void rewinding_drops_what_came_after_the_mark(void **state)
{
    (void)state;
    arena *a = arena_new(1 << 20);
    for (int round = 0; round < 2; round++) { /* before the first block, then inside one */
        const char *kept = round ? arena_cstr(a, CRM_S("kept")) : NULL;
        size_t used = arena_used(a);
        arena_mark mark = arena_mark_get(a);
        assert_non_null(arena_alloc(a, 100));
        assert_non_null(arena_alloc(a, 100000)); /* a block of its own */
        assert_null(arena_alloc(a, 1 << 21));
        assert_true(arena_failed(a));
        arena_rewind(a, mark);
        assert_false(arena_failed(a));
        assert_int_equal(arena_used(a), used);
        assert_non_null(arena_alloc(a, 1 << 19));
        if (kept) {
            assert_string_equal(kept, "kept");
        }
        arena_rewind(a, mark);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(memory_after_a_reset_is_zeroed_again),
        cmocka_unit_test(uses_of_one_size_soon_need_no_new_memory),
        cmocka_unit_test(blocks_do_not_move_while_the_arena_grows),
        cmocka_unit_test(beyond_the_limit_there_is_nothing_and_the_arena_says_so),
        cmocka_unit_test(the_whole_limit_can_be_used),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(copies_end_in_zero),
        cmocka_unit_test(rewinding_drops_what_came_after_the_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
