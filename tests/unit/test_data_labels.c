/* test_data_labels.c - titles of the records that rows point at. */
#include "merge_world.h"

#include "data/records_private.h"

static int open_memory(void **state)
{
    (void)state;
    merge_world_open(&w, WORLD_MEMORY);
    return 0;
}

/* However often rows of a file point at the same records, others get their titles too. */
static void the_same_record_again_takes_no_room(void **state)
{
    (void)state;
    label_set s = {0};
    crm_ctx *c = world_read(&w, w.hanna);
    for (int64_t i = 0; i < 3 * LABEL_IDS_MAX; i++) {
        assert_ok(labels_add(&s, c, client_entity, 1 + i % 50));
    }
    assert_false(s.at[0]->is_full);
    assert_ok(labels_add(&s, c, client_entity, 7000));
    assert_int_equal(s.at[0]->ids[s.at[0]->count - 1].i, 7000);
    for (int64_t i = 0; i < LABEL_IDS_MAX; i++) {
        assert_ok(labels_add(&s, c, client_entity, 10000 + i));
    }
    assert_true(s.at[0]->is_full);
    world_read_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_record_again_takes_no_room, open_memory,
                                        close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
