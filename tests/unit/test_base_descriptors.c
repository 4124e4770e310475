/* test_base_descriptors.c - the server's own count of what it holds, which leaks are found by. */
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/descriptors.h"

#define MANY 300 /* more than the table has at first: it grows */

static void each_descriptor_is_counted_until_it_is_closed(void **state)
{
    int held[MANY];
    (void)state;
    int64_t before = descriptors_open();
    assert_true(before >= 3);
    for (int i = 0; i < MANY; i++) {
        held[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(held[i] >= 0);
    }
    assert_int_equal(descriptors_open(), before + MANY);
    for (int i = 0; i < MANY; i++) {
        close(held[i]);
    }
    assert_int_equal(descriptors_open(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_descriptor_is_counted_until_it_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
