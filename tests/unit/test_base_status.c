/* test_base_status.c - names and numbers of statuses as the API promises them. */
#include "unit.h"

#include <errno.h>

#include "base/status.h"

static void a_status_has_its_http_number_and_code(void **state)
{
    (void)state;
    assert_int_equal(status_http(CRM_OK), 200);
    assert_int_equal(status_http(CRM_STALE), 412);
    assert_int_equal(status_http(CRM_NO_SPACE), 507);
    assert_string_equal(status_code(CRM_NOT_FOUND), "not_found");
    assert_string_equal(status_code(CRM_MEDIA), "unsupported_media_type");
}

static void a_number_outside_the_table_is_internal(void **state)
{
    (void)state;
    assert_int_equal(status_http((crm_status)4711), 500);
    assert_string_equal(status_code((crm_status)4711), "internal");
}

static void an_http_number_becomes_the_nearest_status(void **state)
{
    (void)state;
    assert_int_equal(status_from_http(204), CRM_OK);
    assert_int_equal(status_from_http(404), CRM_NOT_FOUND);
    assert_int_equal(status_from_http(500), CRM_INTERNAL);
    assert_int_equal(status_from_http(503), CRM_UNAVAILABLE);
    assert_int_equal(status_from_http(418), CRM_BAD_REQUEST);
    assert_int_equal(status_from_http(302), CRM_INTERNAL);
}

static void a_full_disk_is_no_space_and_a_missing_file_not_found(void **state)
{
    (void)state;
    assert_int_equal(status_from_errno(0), CRM_OK);
    assert_int_equal(status_from_errno(ENOSPC), CRM_NO_SPACE);
    assert_int_equal(status_from_errno(EDQUOT), CRM_NO_SPACE);
    assert_int_equal(status_from_errno(ENOENT), CRM_NOT_FOUND);
    assert_int_equal(status_from_errno(EIO), CRM_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_has_its_http_number_and_code),
        cmocka_unit_test(a_number_outside_the_table_is_internal),
        cmocka_unit_test(an_http_number_becomes_the_nearest_status),
        cmocka_unit_test(a_full_disk_is_no_space_and_a_missing_file_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
