/* test_base_text.c - human text: UTF-8, order, search terms, nearest names, plurals. */
#include "unit.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/idn.h"
#include "base/str.h"
#include "base/text.h"

static arena *a;

static int setup(void **state)
{
    (void)state;
    a = arena_new(0);
    return a ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static void a_domain_has_one_spelling_of_letters_and_one_of_the_network(void **state)
{
    (void)state;
    static const struct {
        const char *given, *letters, *ascii;
    } rows[] = {
        {"Example.RU", "example.ru", "Example.RU"},
        {"ПОЧТА.рф", "почта.рф", "xn--80a1acny.xn--p1ai"},
        {"xn--80a1acny.XN--P1AI", "почта.рф", "xn--80a1acny.XN--P1AI"},
        {"mail.xn--80a1acny.рф", "mail.почта.рф", "mail.xn--80a1acny.xn--p1ai"},
        {"xn--ab-g4t.ru", "xn--ab-g4t.ru", "xn--ab-g4t.ru"}, /* what turns the direction */
        {"xn--.ru", "xn--.ru", "xn--.ru"},                   /* no Punycode */
        {"xn--999999999.ru", "xn--999999999.ru", "xn--999999999.ru"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        crm_str got;
        assert_int_equal(idn_letters(a, str_of(rows[i].given), &got), CRM_OK);
        assert_string_equal(arena_cstr(a, got), rows[i].letters);
        assert_int_equal(idn_ascii(a, str_of(rows[i].given), &got), CRM_OK);
        assert_string_equal(arena_cstr(a, got), rows[i].ascii);
    }
}

static void ill_formed_utf8_is_recognised(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80",
                                      "\xC0\xAF",
                                      "\xC1\xBF",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xD0",
                                      "\xE2\x82",
                                      "\xFF"};
    crm_str out;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(text_is_utf8(str_of(bad[i])));
        assert_int_equal(text_clean(a, str_of(bad[i]), &out), CRM_INVALID);
        assert_int_equal(text_sort_key(a, str_of(bad[i]), &out), CRM_INVALID);
        assert_int_equal(text_terms(a, str_of(bad[i]), &out), CRM_INVALID);
    }
    assert_true(text_is_utf8(CRM_S("Ёж 😀 \xF4\x8F\xBF\xBF")));
    assert_true(text_is_utf8((crm_str){0}));
}

static void length_counts_characters(void **state)
{
    (void)state;
    assert_int_equal(text_length(CRM_S("Ёж 😀")), 4);
    assert_int_equal(text_length((crm_str){0}), 0);
}

static void cleaning_composes_and_drops_controls(void **state)
{
    (void)state;
    crm_str out;
    /* и + combining breve is й; е + diaeresis is ё */
    assert_ok(text_clean(a, CRM_S("и\xCC\x86 е\xCC\x88"), &out));
    assert_text(out, "й ё");
    assert_ok(text_clean(a, BYTES("a\0b\r\n\tc\x7f\x1b[0m\xC2\x85Я"), &out));
    assert_text(out, "ab\n\tc[0mЯ");
    assert_ok(text_clean(a, (crm_str){0}, &out));
    assert_text(out, "");
}

/* The character, and `mark` behind it when there is one. */
static void assert_normal(int32_t c, int32_t mark)
{
    utf8proc_uint8_t text[16] = {0};
    crm_str out;
    utf8proc_ssize_t n = utf8proc_encode_char(c, text);
    if (mark) {
        (void)utf8proc_encode_char(mark, text + n);
    }
    utf8proc_uint8_t *nfc = utf8proc_NFC(text);
    assert_ok(text_clean(a, str_of((char *)text), &out));
    assert_text(out, (char *)nfc);
    free(nfc);
}

static void cleaning_gives_the_normal_form_of_plain_characters_too(void **state)
{
    (void)state;
    static const int32_t ranges[][2] = {
        {0x20, 0x7E}, {0xA0, 0x17F}, {0x400, 0x45F}, {0x2010, 0x2027}, {0x2116, 0x2116}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        for (int32_t c = ranges[i][0]; c <= ranges[i][1]; c++) {
            assert_normal(c, 0);
            assert_normal(c, 0x301);
            assert_normal(c, 0x306);
        }
    }
}

/* Each is smaller than the next. */
static void assert_order(const char *const *words, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++) {
        crm_str x, y;
        assert_ok(text_sort_key(a, str_of(words[i]), &x));
        assert_ok(text_sort_key(a, str_of(words[i + 1]), &y));
        if (str_cmp(x, y) >= 0) {
            fail_msg("%s does not come before %s", words[i], words[i + 1]);
        }
    }
}

static void io_sorts_beside_ie(void **state)
{
    (void)state;
    static const char *const names[] = {"Дятлов", "Ежов", "Ёжов", "Ежова", "Ёлкин", "Жуков"};
    assert_order(names, sizeof names / sizeof names[0]);
    static const char *const letters[] = {"ее", "её", "ёе", "ёё", "ееа"};
    assert_order(letters, sizeof letters / sizeof letters[0]);
    static const char *const scripts[] = {"1", "9 труб", "Acme", "zoo", "Абрис", "яблоко"};
    assert_order(scripts, sizeof scripts / sizeof scripts[0]);
}

static void keys_ignore_case_composition_and_the_amount_of_white_space(void **state)
{
    (void)state;
    static const char *const same[] = {"Ёлка  и Ель", "ёлка и ель", " ЁЛКА\tИ\nЕЛЬ ",
                                       "е\xCC\x88лка и ель", "ёл\xC2\xADка\xC2\xA0и ель"};
    crm_str first, key;
    assert_ok(text_sort_key(a, str_of(same[0]), &first));
    for (size_t i = 1; i < sizeof same / sizeof same[0]; i++) {
        assert_ok(text_sort_key(a, str_of(same[i]), &key));
        assert_true(str_eq(first, key));
    }
    assert_ok(text_sort_key(a, CRM_S("елка и ель"), &key));
    assert_false(str_eq(first, key));
    assert_ok(text_sort_key(a, BYTES("\0\x01 "), &key));
    assert_int_equal(key.n, 0);
}

/* ---- without tables and with them ------------------------------------------------------------ */

static const char *const pieces[] = {"а", "Е", "ё", "Ё",        "е\xCC\x88", "Й",  "и\xCC\x86",
                                     "a", "Z", "0", "-",        " ",         "\t", "\xC2\xA0",
                                     "я", "ъ", "ѓ", "\xCC\x81", "\xC2\xAD",  "ß",  "№"};

/* Up to five pieces; the shorter texts meet each other often. */
static crm_str some_text(unsigned *chance, char out[64])
{
    size_t n = 0;
    for (unsigned left = (*chance >> 16) % 6; left; left--) {
        *chance = *chance * 1103515245u + 12345u;
        const char *piece = pieces[(*chance >> 16) % (sizeof pieces / sizeof pieces[0])];
        memcpy(out + n, piece, strlen(piece));
        n += strlen(piece);
    }
    *chance = *chance * 1103515245u + 12345u;
    return (crm_str){out, n};
}

static void texts_are_the_same_when_their_keys_are(void **state)
{
    (void)state;
    unsigned chance = 1;
    uint32_t same = 0;
    for (int i = 0; i < 200000; i++) {
        char xs[64], ys[64];
        crm_str x = some_text(&chance, xs), y = some_text(&chance, ys), kx, ky;
        assert_ok(text_sort_key(a, x, &kx));
        assert_ok(text_sort_key(a, y, &ky));
        if (text_same(x, y) != str_eq(kx, ky)) {
            fail_msg("\"%.*s\" and \"%.*s\"", STR_FMT(x), STR_FMT(y));
        }
        same += str_eq(kx, ky);
        arena_reset(a);
    }
    assert_true(same > 1000);
}

/* A soft hyphen, which nobody sees, takes the way through the tables. */
static void keys_without_tables_are_those_of_the_tables(void **state)
{
    (void)state;
    unsigned chance = 7;
    for (int i = 0; i < 50000; i++) {
        char xs[64];
        crm_str x = some_text(&chance, xs), key, other, longer;
        longer = arena_fmt(a, "%.*s\xC2\xAD", STR_FMT(x));
        assert_ok(text_sort_key(a, x, &key));
        assert_ok(text_sort_key(a, longer, &other));
        assert_true(str_eq(key, other));
        arena_reset(a);
    }
}

static void ill_formed_texts_are_the_same_only_as_themselves(void **state)
{
    (void)state;
    assert_true(text_same(CRM_S("а\xFF"), CRM_S("а\xFF")));
    assert_false(text_same(CRM_S("а\xFF"), CRM_S("А\xFF")));
    assert_false(text_same(CRM_S("\xD0"), CRM_S("")));
    assert_false(text_same(CRM_S("а\xD0"), CRM_S("а")));
}

static crm_str terms_of(const char *text)
{
    crm_str t = {0};
    assert_ok(text_terms(a, str_of(text), &t));
    return t;
}

/* Stems are remembered: each word's own, however many share the room there is for them. */
static void a_stem_is_the_same_the_second_time(void **state)
{
    (void)state;
    static const char *const ends[] = {"ами", "ости", "овать", "ings", "ies", "ния"};
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < 3000; i++) {
            char word[64];
            const char *root = i % 6 == 3 || i % 6 == 4 ? "wor" : "сло";
            snprintf(word, sizeof word, "%s%c%c%s", root, 'a' + i / 26 % 26, 'a' + i % 26,
                     ends[i % 6]);
            crm_str once = arena_dup(a, text_stem(str_of(word)));
            assert_text(text_stem(str_of(word)), once.p);
        }
    }
    assert_text(text_stem(CRM_S("договорами")), "договор");
    assert_text(text_stem(CRM_S("договорами")), "договор");
    assert_text(text_stem(CRM_S("parties")), "parti");
    assert_text(text_stem(CRM_S("parties")), "parti");
    assert_text(text_stem(CRM_S("я")), "я");
}

static void words_come_with_their_stems(void **state)
{
    (void)state;
    assert_text(terms_of("Клиенты"), "клиенты клиент");
    assert_text(terms_of("клиент"), "клиент");
    assert_text(terms_of("Running boilers!"), "running run boilers boiler");
    assert_text(terms_of("ЁЛКИ"), "елки елк");
    assert_text(terms_of("елки"), "елки елк");
}

static void numbers_and_joined_words_are_kept(void **state)
{
    (void)state;
    assert_text(terms_of("Санкт-Петербург"), "санкт-петербург санкт петербург");
    assert_text(terms_of("BX-200/5"), "bx-200 bx 200 5");
    assert_text(terms_of("-а- b--c"), "а b c");
    assert_text(terms_of("m2м"), "m2м");
    assert_text(terms_of("Д-0042"), "д-0042 д 0042 42");
    assert_text(terms_of("000"), "000");
    assert_text(terms_of("да.Нет_и"), "да нет и");
}

static void an_address_is_found_whole_by_domain_and_by_parts(void **state)
{
    (void)state;
    assert_text(terms_of("Ivan.Petrov@Mail.ru, x"),
                "ivan.petrov@mail.ru @mail.ru ivan petrov mail ru x");
    assert_text(terms_of("@katya"), "@katya katya");
    assert_text(terms_of("@ @@ a@"), "a");
}

/* The source of each word, in brackets. */
static crm_str places_of(const char *text)
{
    text_scan scan;
    text_word w;
    crm_str out = {"", 0};
    text_scan_init(&scan, str_of(text));
    while (text_scan_next(&scan, &w)) {
        out = arena_fmt(a, "%.*s[%.*s]", STR_FMT(out), (int)(w.to - w.from), text + w.from);
    }
    return out;
}

static void words_know_where_they_stand(void **state)
{
    (void)state;
    assert_text(places_of("«Ёлка», Straße 5"), "[Ёлка][Straße][5]");
    assert_text(places_of("е\xCC\x88лка ёл\xC2\xADка"), "[е\xCC\x88лка][ёл\xC2\xADка]");
    assert_text(places_of("Нью-Йорк: 007"), "[Нью-Йорк][Нью][Йорк][007][7]");
    assert_text(places_of("a.b@c.ru."), "[a.b@c.ru][@c.ru][a][b][c][ru]");
}

static void the_end_of_a_beginning_takes_whole_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t folded, end;
    } cases[] = {
        {"Иванов", 4, 4}, {"Straße", 5, 6}, {"е\xCC\x88лка", 2, 4}, {"aé", 3, 3}, {"ﬁn", 1, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        text_scan scan;
        text_word w;
        text_scan_init(&scan, str_of(cases[i].text));
        assert_true(text_scan_next(&scan, &w));
        assert_int_equal(text_scan_end(&scan, &w, cases[i].folded), cases[i].end);
    }
}

static void words_too_long_come_in_pieces(void **state)
{
    (void)state;
    char *longer = arena_alloc(a, 5001);
    memset(longer, 'a', 5000);
    crm_str terms;
    assert_ok(text_terms(a, (crm_str){longer, 5000}, &terms));
    for (crm_str part; str_split(&terms, ' ', &part);) {
        assert_true(part.n && part.n <= TEXT_WORD_MAX);
    }
    for (size_t i = 0; i + 2 <= 5000; i += 2) {
        memcpy(longer + i, i ? "\xCC\x81" : "aa", 2);
    }
    assert_ok(text_terms(a, (crm_str){longer, 5000}, &terms));
}

static crm_str swapped(const char *text)
{
    crm_str out;
    assert_ok(text_swap_layout(a, str_of(text), &out));
    return out;
}

static void the_other_keyboard_layout_is_read_both_ways(void **state)
{
    (void)state;
    assert_text(swapped("bdfyjd"), "иванов");
    assert_text(swapped("Bdfyjd Gtnh"), "Иванов Петр");
    assert_text(swapped(",tnjy"), "бетон");
    assert_text(swapped("руддщ"), "hello");
    assert_text(swapped("шмфт\"ьфшдюкг"), "ivan@mail.ru");
    assert_null(swapped("916").p);
    assert_null(swapped("").p);
    assert_null(swapped("BMW иванов").p);
}

static void edits_are_counted_up_to_a_bound(void **state)
{
    (void)state;
    static const struct {
        const char *x, *y;
        int most, distance;
    } cases[] = {{"иванов", "иванов", 1, 0},
                 {"иванов", "ивнаов", 1, 1},
                 {"иванов", "ианов", 1, 1},
                 {"иванов", "ивановв", 2, 1},
                 {"иванов", "петров", 2, 3},
                 {"кот", "коты", 0, 1},
                 {"", "а", 2, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        crm_str x = str_of(cases[i].x), y = str_of(cases[i].y);
        assert_int_equal(text_distance(x, y, cases[i].most), cases[i].distance);
        assert_int_equal(text_distance(y, x, cases[i].most), cases[i].distance);
    }
}

static void text_without_words_has_no_terms(void **state)
{
    (void)state;
    assert_text(terms_of(""), "");
    assert_text(terms_of(" — «…» -- 😀"), "");
}

static void the_nearest_name_is_within_a_third(void **state)
{
    (void)state;
    static const crm_str names[] = {{"pipeline", 8}, {"stages", 6}, {"fields", 6}, {"роли", 8}};
    assert_text(text_nearest(CRM_S("piepline"), names, 4), "pipeline");
    assert_text(text_nearest(CRM_S("Stage"), names, 4), "stages");
    assert_text(text_nearest(CRM_S("рули"), names, 4), "роли");
    assert_null(text_nearest(CRM_S("colour"), names, 4).p);
    assert_null(text_nearest(CRM_S(""), names, 4).p);
    assert_null(text_nearest(CRM_S("\xFF\xFF\xFF"), names, 4).p);
    assert_null(text_nearest(CRM_S("stages"), names, 0).p);
}

static void a_very_long_name_is_near_to_none(void **state)
{
    (void)state;
    char longer[500];
    memset(longer, 'a', sizeof longer);
    crm_str name = {longer, sizeof longer};
    assert_null(text_nearest(name, &name, 1).p);
    assert_null(text_nearest(CRM_S("aaaa"), &name, 1).p);
}

static void plurals_follow_the_language(void **state)
{
    (void)state;
    static const struct {
        int64_t n;
        const char *ru, *en;
    } cases[] = {{0, "many", "other"}, {1, "one", "one"},     {2, "few", "other"},
                 {5, "many", "other"}, {11, "many", "other"}, {12, "many", "other"},
                 {21, "one", "other"}, {22, "few", "other"},  {111, "many", "other"},
                 {-1, "one", "one"},   {-3, "few", "other"},  {INT64_MIN, "many", "other"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(text_plural("ru", cases[i].n), cases[i].ru);
        assert_string_equal(text_plural("en", cases[i].n), cases[i].en);
    }
    assert_string_equal(text_plural("ja", 1), "other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ill_formed_utf8_is_recognised),
        cmocka_unit_test(length_counts_characters),
        cmocka_unit_test(cleaning_composes_and_drops_controls),
        cmocka_unit_test(cleaning_gives_the_normal_form_of_plain_characters_too),
        cmocka_unit_test(io_sorts_beside_ie),
        cmocka_unit_test(keys_ignore_case_composition_and_the_amount_of_white_space),
        cmocka_unit_test(texts_are_the_same_when_their_keys_are),
        cmocka_unit_test(keys_without_tables_are_those_of_the_tables),
        cmocka_unit_test(ill_formed_texts_are_the_same_only_as_themselves),
        cmocka_unit_test(a_stem_is_the_same_the_second_time),
        cmocka_unit_test(words_come_with_their_stems),
        cmocka_unit_test(numbers_and_joined_words_are_kept),
        cmocka_unit_test(an_address_is_found_whole_by_domain_and_by_parts),
        cmocka_unit_test(words_know_where_they_stand),
        cmocka_unit_test(the_end_of_a_beginning_takes_whole_characters),
        cmocka_unit_test(words_too_long_come_in_pieces),
        cmocka_unit_test(the_other_keyboard_layout_is_read_both_ways),
        cmocka_unit_test(edits_are_counted_up_to_a_bound),
        cmocka_unit_test(text_without_words_has_no_terms),
        cmocka_unit_test(the_nearest_name_is_within_a_third),
        cmocka_unit_test(a_very_long_name_is_near_to_none),
        cmocka_unit_test(plurals_follow_the_language),
        cmocka_unit_test(a_domain_has_one_spelling_of_letters_and_one_of_the_network),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
