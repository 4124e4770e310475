/* test_base_multipart.c - a form in parts: what browsers send, and what is no such body. */
#include "unit.h"

#include "base/buf.h"
#include "base/multipart.h"
#include "base/str.h"

#define TYPE       "multipart/form-data; boundary=AaB03x"
#define NAME(n)    "Content-Disposition: form-data; name=\"" n "\"\r\n"
#define PART(h, t) "--AaB03x\r\n" h "\r\n" t "\r\n"
#define END        "--AaB03x--\r\n"

static arena *a;
static multipart_part *parts;
static uint32_t count;

static int set_up(void **state)
{
    (void)state;
    a = arena_new(0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static crm_status read_as(const char *type, crm_str body)
{
    /* A copy of its very length, so that a read beyond it is seen. */
    char *copy = malloc(body.n + !body.n);
    memcpy(copy, body.p, body.n);
    crm_status s =
        multipart_read(a, str_of(type), arena_dup(a, (crm_str){copy, body.n}), &parts, &count);
    multipart_part *again;
    uint32_t same;
    assert_int_equal(multipart_read(a, str_of(type), (crm_str){copy, body.n}, &again, &same), s);
    free(copy);
    return s;
}
#define READ(lit) read_as(TYPE, BYTES(lit))

static void a_browsers_form_gives_its_fields_and_files(void **state)
{
    (void)state;
    assert_ok(READ(PART(NAME("name"), "Иван") PART(NAME("message"), "Каток\r\n--AaB0 до мая")
                       PART("Content-Disposition: form-data; name=\"photo\"; filename=\"a%22b.jpg\""
                            "\r\nContent-Type: image/jpeg\r\n",
                            "\xFF\xD8\x00\r\n\r\n") END));
    assert_int_equal(count, 3);
    assert_text(parts[0].name, "name");
    assert_text(parts[0].content, "Иван");
    assert_text(parts[1].content, "Каток\r\n--AaB0 до мая");
    assert_false(parts[0].is_file || parts[1].is_file);
    assert_true(parts[2].is_file);
    assert_text(parts[2].name, "photo");
    assert_text(parts[2].file_name, "a\"b.jpg");
    assert_int_equal(parts[2].content.n, 7);
}

static void a_form_without_fields_is_one(void **state)
{
    (void)state;
    assert_ok(READ(END));
    assert_int_equal(count, 0);
    assert_ok(READ("--AaB03x--"));
}

static void an_empty_value_is_one(void **state)
{
    (void)state;
    assert_ok(READ(PART(NAME("a"), "") "--AaB03x\r\n" NAME("b") "\r\n--AaB03x--\r\n"));
    assert_int_equal(count, 2);
    assert_int_equal(parts[0].content.n, 0);
    assert_int_equal(parts[1].content.n, 0);
}

static void names_are_read_as_programs_write_them(void **state)
{
    (void)state;
    assert_ok(READ(PART("content-disposition:form-data ;name=phone\r\n"
                        "Content-Type: text/plain; charset=windows-1251\r\n"
                        "Content-Transfer-Encoding: 8bit\r\n",
                        "12") PART("Content-Disposition: form-data; name=\"f\"; "
                                   "filename*=UTF-8''%D1%85.pdf\r\n",
                                   "x") PART("Content-Disposition: form-data; name=\"q\\\"\"; "
                                             "filename=\"C:\\dir\\a.txt\"\r\n",
                                             "x") END));
    assert_text(parts[0].name, "phone");
    assert_text(parts[0].charset, "windows-1251");
    assert_false(parts[0].is_file);
    assert_true(parts[1].is_file);
    assert_text(parts[1].file_name, "х.pdf");
    assert_text(parts[2].name, "q\"");
    assert_text(parts[2].file_name, "C:\\dir\\a.txt");
}

static void a_boundary_may_be_quoted_and_of_its_own_letters(void **state)
{
    (void)state;
    assert_ok(read_as("Multipart/Form-Data; charset=utf-8; boundary=\"=_a b\"",
                      BYTES("--=_a b\r\n" NAME("a") "\r\n1\r\n--=_a b--\r\n")));
    assert_int_equal(count, 1);
    static const char *const wrong[] = {
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=\"a",
        "multipart/form-data; boundary=\"a \"",
        "multipart/form-data; boundary=\"a\xD0\xB0\"",
        "multipart/form-data; boundary=AaB03x; boundary=AaB03x",
        "multipart/form-data; boundary=AaB03x trailing",
        "multipart/mixed; boundary=AaB03x",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(read_as(wrong[i], BYTES(PART(NAME("a"), "1") END)), CRM_INVALID);
    }
}

static void what_can_be_read_two_ways_is_refused(void **state)
{
    const crm_str wrong[] = {
        BYTES(""),
        BYTES("--AaB03x"),
        BYTES("name=a"),
        BYTES("preamble\r\n" END),
        BYTES(PART(NAME("a"), "1")),                      /* no end */
        BYTES(PART(NAME("a"), "1") "--AaB03x--\r\nmore"), /* something behind it */
        BYTES(PART(NAME("a"), "1\r\n--AaB03xy") END),     /* a longer boundary inside */
        BYTES("--AaB03x\n" NAME("a") "\r\n1\r\n" END),    /* a bare LF */
        BYTES(PART("", "1") END),                         /* no name */
        BYTES(PART(NAME(""), "1") END),
        BYTES(PART("Content-Type: text/plain\r\n", "1") END),
        BYTES(PART(NAME("a") NAME("b"), "1") END), /* two names */
        BYTES(PART("Content-Disposition: form-data; name=a; name=b\r\n", "1") END),
        BYTES(PART("Content-Disposition: attachment; name=a\r\n", "1") END),
        BYTES(PART("Content-Disposition: form-data; name=\"a\r\n", "1") END),
        BYTES(PART(NAME("a") " folded\r\n", "1") END),
        BYTES(PART(NAME("a") "X: \x01\r\n", "1") END),
        BYTES(PART(NAME("a") "Content-Transfer-Encoding: base64\r\n", "MQ==") END),
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (read_as(TYPE, wrong[i]) != CRM_INVALID) {
            fail_msg("taken: %.*s", STR_FMT(wrong[i]));
        }
    }
}

/* "--AaB03x …" so many times, with a header of so many bytes. */
static crm_status read_many(uint32_t times, size_t header)
{
    buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < times; i++) {
        buf_z(&b, "--AaB03x\r\n" NAME("a") "X: ");
        for (size_t n = 0; n < header; n++) {
            buf_char(&b, 'x');
        }
        buf_z(&b, "\r\n\r\n1\r\n");
    }
    buf_z(&b, END);
    crm_status s = read_as(TYPE, buf_view(&b));
    buf_free(&b);
    return s;
}

static void parts_and_their_headers_are_bounded(void **state)
{
    (void)state;
    assert_ok(read_many(MULTIPART_PARTS_MAX, 1));
    assert_int_equal(count, MULTIPART_PARTS_MAX);
    assert_int_equal(read_many(MULTIPART_PARTS_MAX + 1, 1), CRM_INVALID);
    assert_ok(read_many(1, 3000));
    assert_int_equal(read_many(1, MULTIPART_HEAD_MAX), CRM_INVALID);
    assert_ok(
        READ(PART(NAME("a") "X: 1\r\nX: 1\r\nX: 1\r\nX: 1\r\nX: 1\r\nX: 1\r\nX: 1\r\n", "1") END));
    assert_int_equal(READ(PART(NAME("a") "X: 1\r\nX: 1\r\nX: 1\r\nX: 1\r\nX: 1\r\nX: 1\r\nX: 1\r\n"
                                         "X: 1\r\n",
                               "1") END),
                     CRM_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_browsers_form_gives_its_fields_and_files, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_form_without_fields_is_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_value_is_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_are_read_as_programs_write_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_boundary_may_be_quoted_and_of_its_own_letters, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_can_be_read_two_ways_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts_and_their_headers_are_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
