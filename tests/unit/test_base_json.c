/* test_base_json.c - JSON from outside: what is read, what is refused, and where it says so. */
#include "unit.h"

#include "base/json.h"
#include "base/str.h"

static void assert_refused(crm_str text, size_t items, const char *why)
{
    json_t *v = NULL;
    json_error e = {0};
    assert_int_equal(json_read(text, items, &v, &e), CRM_BAD_REQUEST);
    assert_null(v);
    assert_text(e.code, why);
    assert_int_equal(json_read(text, items, &v, NULL), CRM_BAD_REQUEST);
}

/* `n` opening brackets, a 1, and as many closing ones. */
static crm_str nested(char *room, size_t n)
{
    memset(room, '[', n);
    room[n] = '1';
    memset(room + n + 1, ']', n);
    return (crm_str){room, n * 2 + 1};
}

static void a_document_is_read_and_written_back(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    json_t *v;
    crm_str text = CRM_S("{\"name\":\"Ёжик\",\"ids\":[1,2,9007199254740993],\"none\":null}");
    assert_ok(json_read(text, 0, &v, NULL));
    assert_text(json_text(v, "name"), "Ёжик");
    assert_null(json_text(v, "ids").p);
    assert_null(json_text(v, "absent").p);
    assert_text(json_dump(a, v), text.p);
    json_decref(v);
    assert_ok(json_read(CRM_S(" \"alone\" "), 0, &v, NULL));
    assert_text(json_dump(a, v), "\"alone\"");
    json_decref(v);
    arena_free(a);
}

static void depth_is_bounded_before_anything_is_built(void **state)
{
    (void)state;
    static char room[2000003];
    json_t *v;
    assert_ok(json_read(nested(room, JSON_DEPTH_MAX), 0, &v, NULL));
    json_decref(v);
    assert_refused(nested(room, JSON_DEPTH_MAX + 1), 0, "too_deep");
    assert_refused(nested(room, 1000000), 0, "too_deep");
}

static void brackets_inside_strings_do_not_count(void **state)
{
    (void)state;
    json_t *v;
    assert_ok(
        json_read(CRM_S("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[,,,,,,\"]"), 2, &v, NULL));
    json_decref(v);
}

static void the_length_of_an_array_is_bounded(void **state)
{
    (void)state;
    json_t *v;
    assert_ok(json_read(CRM_S("[1,2,3]"), 3, &v, NULL));
    json_decref(v);
    assert_ok(json_read(CRM_S("[[1,2],[3,4]]"), 2, &v, NULL));
    json_decref(v);
    assert_ok(json_read(CRM_S("{\"a\":1,\"b\":2,\"c\":[1,2]}"), 2, &v, NULL));
    json_decref(v);
    assert_refused(CRM_S("[1,2,3,4]"), 3, "too_many_items");
    assert_refused(CRM_S("{\"a\":[[1],[2],[3],[4]]}"), 3, "too_many_items");
}

static void twice_the_same_key_is_refused(void **state)
{
    (void)state;
    assert_refused(CRM_S("{\"role\":\"user\",\"role\":\"admin\"}"), 0, "duplicate_key");
}

static void broken_text_is_refused_by_name(void **state)
{
    (void)state;
    assert_refused(CRM_S(""), 0, "ends_early");
    assert_refused((crm_str){0}, 0, "ends_early");
    assert_refused(CRM_S("{\"a\":"), 0, "ends_early");
    assert_refused(CRM_S("\"\\"), 0, "not_json");
    assert_refused(CRM_S("{} {}"), 0, "trailing");
    assert_refused(CRM_S("{a:1}"), 0, "not_json");
    assert_refused(CRM_S("]]]]"), 0, "not_json");
    assert_refused(CRM_S("\"\xD0\""), 0, "not_utf8");
    assert_refused(CRM_S("\"\\u0000\""), 0, "nul");
    assert_refused(CRM_S("99999999999999999999"), 0, "number_too_large");
    assert_refused(CRM_S("1e999"), 0, "number_too_large");
}

static void the_place_of_an_error_is_known(void **state)
{
    (void)state;
    json_t *v;
    json_error e;
    assert_int_equal(json_read(CRM_S("{\n \"a\": oops}"), 0, &v, &e), CRM_BAD_REQUEST);
    assert_int_equal(e.line, 2);
    assert_int_equal(json_read(CRM_S("[\n[1,2,\n3]]"), 2, &v, &e), CRM_BAD_REQUEST);
    assert_int_equal(e.line, 2);
    assert_int_equal(e.column, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_read_and_written_back),
        cmocka_unit_test(depth_is_bounded_before_anything_is_built),
        cmocka_unit_test(brackets_inside_strings_do_not_count),
        cmocka_unit_test(the_length_of_an_array_is_bounded),
        cmocka_unit_test(twice_the_same_key_is_refused),
        cmocka_unit_test(broken_text_is_refused_by_name),
        cmocka_unit_test(the_place_of_an_error_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
