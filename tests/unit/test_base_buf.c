/* test_base_buf.c - the buffer's limit and the JSON it writes. */
#include "unit.h"

#include "base/buf.h"
#include "base/json.h"

static void the_buffer_holds_what_was_added(void **state)
{
    (void)state;
    buf b;
    buf_init(&b, 0);
    for (int i = 0; i < 1000; i++) {
        buf_z(&b, "раз");
    }
    buf_char(&b, '!');
    assert_int_equal(b.n, 6001);
    assert_memory_equal(b.p + 5994, "раз!", 7);
    buf_clear(&b);
    buf_fmt(&b, "%d-%s", 7, "семь");
    assert_text(buf_view(&b), "7-семь");
    buf_free(&b);
}

static void integers_reach_both_ends(void **state)
{
    (void)state;
    buf b;
    buf_init(&b, 0);
    buf_int(&b, INT64_MIN);
    buf_char(&b, ' ');
    buf_int(&b, INT64_MAX);
    buf_char(&b, ' ');
    buf_int(&b, 0);
    assert_text(buf_view(&b), "-9223372036854775808 9223372036854775807 0");
    buf_free(&b);
}

static void past_the_limit_it_fails_and_stays_failed(void **state)
{
    (void)state;
    buf b;
    buf_init(&b, 10);
    buf_z(&b, "12345678");
    buf_z(&b, "abc");
    assert_true(b.failed);
    buf_z(&b, "x");
    assert_text(buf_view(&b), "12345678");
    assert_null(buf_room(&b, SIZE_MAX));
    buf_clear(&b);
    assert_false(b.failed);
    buf_z(&b, "1234567890");
    assert_false(b.failed);
    buf_fmt(&b, "%d", 1);
    assert_true(b.failed);
    buf_free(&b);
}

static void adding_nothing_to_nothing_is_no_failure(void **state)
{
    (void)state;
    buf b;
    buf_init(&b, 0);
    buf_str(&b, (crm_str){0});
    assert_null(buf_room(&b, 0));
    assert_false(b.failed);
    buf_free(&b);
}

static void json_strings_are_escaped(void **state)
{
    (void)state;
    buf b;
    buf_init(&b, 0);
    buf_json(&b, BYTES("a\"b\\c\n\t\x01\0\x7f"
                       "Ёж 😀"));
    assert_text(buf_view(&b), "\"a\\\"b\\\\c\\n\\t\\u0001\\u0000\x7f"
                              "Ёж 😀\"");
    buf_clear(&b);
    buf_json(&b, (crm_str){0});
    assert_text(buf_view(&b), "\"\"");
    buf_free(&b);
}

static void json_of_invalid_utf8_is_still_utf8(void **state)
{
    (void)state;
    buf b;
    buf_init(&b, 0);
    /* A stray continuation byte, an overlong slash, a surrogate, a cut sequence. */
    buf_json(&b, BYTES("x\x80y\xC0\xAFz\xED\xA0\x80w\xD0"));
    assert_text(buf_view(&b), "\"x\uFFFDy\uFFFD\uFFFDz\uFFFD\uFFFD\uFFFDw\uFFFD\"");
    buf_free(&b);
}

/* Wherever they stand among others, for several are looked at together. */
static void json_leaves_text_of_any_script_alone(void **state)
{
    (void)state;
    static const char *const pieces[] = {"а",      "Я",      "ё", "a", " ",
                                         "\u07FF", "\u0800", "€", "😀", "é"};
    uint32_t chance = 1;
    buf text, b;
    buf_init(&text, 0);
    buf_init(&b, 0);
    for (int round = 0; round < 2000; round++) {
        buf_clear(&text);
        buf_clear(&b);
        buf_char(&text, '"');
        for (int i = 0; i < round % 40; i++) {
            chance = chance * 1664525 + 1013904223;
            buf_z(&text, pieces[(chance >> 16) % (i % 3 ? 3 : 10)]);
        }
        buf_json(&b, (crm_str){text.p + 1, text.n - 1});
        buf_char(&text, '"');
        assert_int_equal(b.n, text.n);
        assert_memory_equal(b.p, text.p, b.n);
    }
    buf_free(&text);
    buf_free(&b);
}

/* Letters of two bytes from an even or an odd place on, so long that blocks and their ends are
 * read. */
static void json_finds_a_broken_letter_anywhere(void **state)
{
    (void)state;
    static const char good[] = "xабвгдежзийклмнопрстуфхцчшщъыьэюяабвгд";
    char text[sizeof good];
    buf b;
    buf_init(&b, 0);
    for (size_t from = 0; from < 2; from++) {
        for (size_t n = 2; n < sizeof good - from; n++) {
            for (size_t at = 1 - from; at < n; at++) {
                memcpy(text, good + from, n);
                /* No continuation, or one that continues nothing. */
                text[at] = (at + from) % 2 ? '\x90' : 'x';
                buf_clear(&b);
                buf_json(&b, (crm_str){text, n});
                assert_non_null(memmem(b.p, b.n, "\uFFFD", 3));
            }
        }
    }
    buf_free(&b);
}

static void json_mends_a_letter_cut_off_at_the_end(void **state)
{
    (void)state;
    static const char good[] = "абвгдежзийклмнопрстуфхцчшщъыьэюя";
    buf b;
    buf_init(&b, 0);
    for (size_t n = 1; n < sizeof good; n++) {
        buf_clear(&b);
        buf_json(&b, (crm_str){good, n});
        bool is_cut = n % 2;
        assert_int_equal(b.n, 2 + n / 2 * 2 + (is_cut ? 3 : 0));
        assert_int_equal(memmem(b.p, b.n, "\uFFFD", 3) != NULL, is_cut);
    }
    buf_free(&b);
}

/* What has to be escaped or mended stands among letters of one byte, two and more. */
static void json_escapes_wherever_it_stands(void **state)
{
    (void)state;
    static const char *const pieces[][2] = {
        {"a", "a"},       {"ю", "ю"},           {"é", "é"},           {"€", "€"},
        {"\"", "\\\""},   {"\\", "\\\\"},       {"\n", "\\n"},        {"\x1f", "\\u001f"},
        {"\x7f", "\x7f"}, {"\xD0x", "\uFFFDx"}, {"x\xBF", "x\uFFFD"}, {"\xC1\xBF", "\uFFFD\uFFFD"}};
    uint32_t chance = 1;
    buf text, wanted, b;
    buf_init(&text, 0);
    buf_init(&wanted, 0);
    buf_init(&b, 0);
    for (int round = 0; round < 5000; round++) {
        buf_clear(&text);
        buf_clear(&wanted);
        buf_clear(&b);
        buf_char(&wanted, '"');
        for (int i = 0; i < round % 24; i++) {
            chance = chance * 1664525 + 1013904223;
            uint32_t at = (chance >> 16) % (chance >> 28 ? 4 : 12); /* mostly letters */
            buf_z(&text, pieces[at][0]);
            buf_z(&wanted, pieces[at][1]);
        }
        buf_char(&wanted, '"');
        buf_json(&b, buf_view(&text));
        assert_int_equal(b.n, wanted.n);
        assert_memory_equal(b.p, wanted.p, b.n);
    }
    buf_free(&text);
    buf_free(&wanted);
    buf_free(&b);
}

static void a_ready_member_stands_behind_another(void **state)
{
    (void)state;
    static const json_member next = JSON_MEMBER("next"),
                             longest = JSON_MEMBER("a_name_of_more_bytes_than_are_copied_at_once");
    buf b;
    json_writer w;
    buf_init(&b, 0);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kint(&w, "first", 1);
    jw_member(&w, &next);
    jw_array(&w);
    jw_end_array(&w);
    jw_member(&w, &longest);
    jw_null(&w);
    jw_end_object(&w);
    assert_text(buf_view(&b), "{\"first\":1,\"next\":[],"
                              "\"a_name_of_more_bytes_than_are_copied_at_once\":null}");
    buf_free(&b);
}

static void the_writer_places_commas_and_braces(void **state)
{
    (void)state;
    buf b;
    json_writer w;
    buf_init(&b, 0);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "name", CRM_S("Тополь"));
    jw_kint(&w, "n", -5);
    jw_karray(&w, "rows");
    jw_object(&w);
    jw_end_object(&w);
    jw_int(&w, 1);
    jw_array(&w);
    jw_end_array(&w);
    jw_null(&w);
    jw_end_array(&w);
    jw_kbool(&w, "ok", true);
    jw_kobject(&w, "o");
    jw_key(&w, CRM_S("raw"));
    jw_raw(&w, CRM_S("{\"x\":1}"));
    jw_end_object(&w);
    jw_end_object(&w);
    assert_text(buf_view(&b), "{\"name\":\"Тополь\",\"n\":-5,\"rows\":[{},1,[],null],\"ok\":true,"
                              "\"o\":{\"raw\":{\"x\":1}}}");
    buf_free(&b);
}

static void thirty_two_levels_are_written_and_one_more_fails(void **state)
{
    (void)state;
    buf b;
    json_writer w;
    buf_init(&b, 0);
    jw_init(&w, &b);
    for (int i = 0; i < 32; i++) {
        jw_int(&w, i);
        if (i == 0) {
            buf_clear(&b); /* one value at the top only */
            jw_init(&w, &b);
        }
        jw_array(&w);
    }
    for (int i = 0; i < 32; i++) {
        jw_end_array(&w);
    }
    assert_false(b.failed);
    json_t *read;
    assert_ok(json_read(buf_view(&b), 0, &read, NULL));
    json_decref(read);
    jw_init(&w, &b);
    for (int i = 0; i < 33; i++) {
        jw_array(&w);
    }
    assert_true(b.failed);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_buffer_holds_what_was_added),
        cmocka_unit_test(integers_reach_both_ends),
        cmocka_unit_test(past_the_limit_it_fails_and_stays_failed),
        cmocka_unit_test(adding_nothing_to_nothing_is_no_failure),
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(json_of_invalid_utf8_is_still_utf8),
        cmocka_unit_test(json_leaves_text_of_any_script_alone),
        cmocka_unit_test(json_finds_a_broken_letter_anywhere),
        cmocka_unit_test(json_mends_a_letter_cut_off_at_the_end),
        cmocka_unit_test(json_escapes_wherever_it_stands),
        cmocka_unit_test(a_ready_member_stands_behind_another),
        cmocka_unit_test(the_writer_places_commas_and_braces),
        cmocka_unit_test(thirty_two_levels_are_written_and_one_more_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
