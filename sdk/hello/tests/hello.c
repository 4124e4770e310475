/* hello.c - unit tests of the module hello: `karkas module test` runs them without a server. */
#include <karkas_mock.h>

#include <stdio.h>
#include <string.h>

static mock *m;

static int set_up(void **state)
{
    (void)state;
    m = mock_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mock_free(m);
    return 0;
}

static int64_t ticket_of(int64_t owner)
{
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)owner);
    return mock_make(m, "hello.ticket", "title", "The door", "owner", owner ? id : NULL, NULL);
}

static void a_closed_ticket_knows_when(void **state)
{
    (void)state;
    int64_t id = ticket_of(0);
    assert_null(mock_get(m, "hello.ticket", id, "closed_at"));
    assert_int_equal(mock_advance(m, "15m"), CRM_OK);
    assert_int_equal(mock_change(m, "hello.ticket", id, "stage", "closed", NULL), CRM_OK);
    assert_string_equal(mock_get(m, "hello.ticket", id, "closed_at"),
                        mock_get(m, "hello.ticket", id, "updated_at"));
    assert_int_equal(mock_change(m, "hello.ticket", id, "stage", "open", NULL), CRM_OK);
    assert_null(mock_get(m, "hello.ticket", id, "closed_at"));
}

static void the_route_closes_once(void **state)
{
    char path[64];
    (void)state;
    mock_as(m, mock_person(m, "anna", MOCK_ALL));
    snprintf(path, sizeof path, "/ticket/%lld/close", (long long)ticket_of(0));
    assert_int_equal(mock_call(m, "POST", path, NULL), CRM_OK);
    assert_non_null(strstr(mock_reply(m), "\"stage\":\"closed\""));
    assert_int_equal(mock_call(m, "POST", path, NULL), CRM_CONFLICT);
    assert_string_equal(mock_error_field(m), "stage");
}

static void somebody_elses_ticket_is_not_there(void **state)
{
    char path[64];
    (void)state;
    int64_t anna = mock_person(m, "anna", MOCK_ALL), boris = mock_person(m, "boris", MOCK_OWN);
    snprintf(path, sizeof path, "/ticket/%lld/close", (long long)ticket_of(anna));
    mock_as(m, boris);
    assert_int_equal(mock_call(m, "POST", path, NULL), CRM_DENIED);
    assert_int_equal(mock_change(m, "hello.ticket", ticket_of(boris), "title", "Mine", NULL),
                     CRM_OK);
}

static void what_cannot_be_stored_is_taken_back(void **state)
{
    char path[64];
    (void)state;
    int64_t id = ticket_of(0);
    snprintf(path, sizeof path, "/ticket/%lld/close", (long long)id);
    mock_fail(m, "crm_save", CRM_NO_SPACE, 1);
    assert_int_equal(mock_call(m, "POST", path, NULL), CRM_NO_SPACE);
    assert_string_equal(mock_get(m, "hello.ticket", id, "stage"), "open");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
static const struct CMUnitTest tests[] = {
    TEST(a_closed_ticket_knows_when),
    TEST(the_route_closes_once),
    TEST(somebody_elses_ticket_is_not_there),
    TEST(what_cannot_be_stored_is_taken_back),
};
MOCK_TESTS(tests)
