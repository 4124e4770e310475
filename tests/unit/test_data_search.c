/* test_data_search.c - what people type as a question, where the words stand, and other readings.
 */
#include "data/search.h"

#include "data_world.h"

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

/* ---- the question ---------------------------------------------------------------------------- */

static crm_str terms_of(const char *typed)
{
    crm_str out = {0};
    assert_ok(search_terms(a, str_of(typed), &out));
    return out;
}

static void words_are_asked_by_stem_and_the_last_as_a_beginning(void **state)
{
    (void)state;
    assert_text(terms_of("Иванова"), "иванова*|=иванов");
    assert_text(terms_of("крыши Иванова"), "крыши|=крыш иванова*|=иванов");
    assert_text(terms_of("кот Пёс"), "кот пес*");
    assert_text(terms_of("running"), "running*|=run");
    assert_text(terms_of("  "), "");
    assert_text(terms_of("«—»"), "");
}

static void joined_words_are_asked_whole_or_by_parts(void **state)
{
    (void)state;
    assert_text(terms_of("Д-0042"), "д-0042*|д&0042*");
    assert_text(terms_of("Нью-Йорке кафе"), "нью-йорке|нью&йорке|нью&=йорк кафе*|=каф");
}

static void addresses_are_asked_whole_or_by_parts(void **state)
{
    (void)state;
    assert_text(terms_of("Ivan@Mail.ru"), "ivan@mail.ru*|ivan&mail&ru");
    assert_text(terms_of("@mail.ru"), "@mail.ru*|mail&ru");
    assert_text(terms_of("i.petrov"), "i&petrov*");
}

static void an_extension_is_not_asked_for(void **state)
{
    (void)state;
    assert_text(terms_of("+7 495 123-45-67 доб. 12"), "7&495&123&45&67*|74951234567*");
    assert_text(terms_of("84951234567,12 кран"), "84951234567*|74951234567* кран*");
}

static void digits_are_asked_as_a_fragment_of_a_phone(void **state)
{
    (void)state;
    assert_text(terms_of("916 123"), "916&123*|916123*");
    assert_text(terms_of("8(916)"), "8&916*|8916*|7916*");
    assert_text(terms_of("+7916"), "7916*");
    assert_text(terms_of("8 (916) 123-45-67"), "8&916&123&45&67*|89161234567*|79161234567*");
    assert_text(terms_of("иванов 916 123"), "иванов|=иван 916&123*|916123*");
    assert_text(terms_of("916 123 иванов"), "916&123*|916123* иванов*|=иван");
    assert_text(terms_of("12-34"), "12-34*|12&34*|1234*");
    assert_text(terms_of("7701234567"), "7701234567*");
    assert_text(terms_of("8000"), "8000*");
    assert_text(terms_of("916"), "916*");
    assert_text(terms_of("3-45"), "3-45*|3&45*|345*");
    assert_text(terms_of("23 4"), "23&4*|234*");
    assert_text(terms_of("3-4"), "3-4*|3&4*");
    assert_text(terms_of("916 4х"), "916 4х*");
    assert_text(terms_of("BX-200"), "bx-200*|bx&200*");
}

static void exact_words_stand_as_they_are(void **state)
{
    (void)state;
    crm_str out;
    assert_ok(search_exact_terms(a, CRM_S("Крыши Иванова 916 123"), &out));
    assert_text(out, "крыши иванова 916&123|916123");
}

static void what_is_too_long_or_no_text_is_refused(void **state)
{
    (void)state;
    char text[SEARCH_TYPED_MAX + 2];
    crm_str out;
    memset(text, 'a', sizeof text);
    assert_int_equal(search_terms(a, (crm_str){text, SEARCH_TYPED_MAX + 1}, &out), CRM_TOO_LARGE);
    assert_ok(search_terms(a, (crm_str){text, SEARCH_TYPED_MAX}, &out));
    assert_int_equal(search_terms(a, CRM_S("\xFF"), &out), CRM_INVALID);
}

/* ---- where words stand ----------------------------------------------------------------------- */

static crm_str found_in(crm_str typed, value title, value phone, uint32_t *rank)
{
    static const uint16_t searched[] = {1, 2};
    static field fields[3] = {{.name = {"id", 2}},
                              {.name = {"title", 5}, .type = FIELD_TEXT, .flags = FIELD_SEARCH},
                              {.name = {"phone", 5},
                               .type = FIELD_PHONE,
                               .flags = FIELD_SEARCH | FIELD_MANY,
                               .index = 2}};
    fields[1].index = 1;
    entity e = {.fields = fields,
                .field_count = 3,
                .title_field = 1,
                .search_fields = searched,
                .search_count = 2};
    uint64_t shown[4] = {7};
    value row[] = {value_int(1), title, phone};
    record_view v = {.entity = &e, .row = row, .visible = shown};
    search_words *words;
    search_found found;
    json_writer jw;
    buf out;
    crm_str terms;
    assert_ok(search_terms(a, typed, &terms));
    assert_ok(search_words_new(a, terms, &words));
    search_look(words, &v, &found);
    buf_init(&out, 0);
    jw_init(&jw, &out);
    jw_object(&jw);
    search_found_json(&jw, &v, &found);
    jw_key(&jw, CRM_S("excerpt"));
    search_excerpt_json(&jw, &v, &found);
    jw_end_object(&jw);
    crm_str json = arena_dup(a, buf_view(&out));
    buf_free(&out);
    *rank = found.rank;
    return json;
}

static crm_str found(const char *typed, const char *title)
{
    uint32_t rank;
    return found_in(str_of(typed), value_text(str_of(title)), value_null(), &rank);
}

static void marks_are_in_code_units_of_javascript(void **state)
{
    (void)state;
    assert_text(found("иванов", "Иванов Пётр"), "{\"found\":{\"title\":[[0,6]]},\"excerpt\":null}");
    assert_text(found("петр", "😀 Пётр"), "{\"found\":{\"title\":[[3,7]]},\"excerpt\":null}");
    assert_text(found("пет", "Е\xCC\x88ж Пе\xCC\x88тр"),
                "{\"found\":{\"title\":[[4,8]]},\"excerpt\":null}");
    assert_text(found("stras", "Straße"), "{\"found\":{\"title\":[[0,5]]},\"excerpt\":null}");
    assert_text(found("крыша", "Три крыши"), "{\"found\":{\"title\":[[4,9]]},\"excerpt\":null}");
    assert_text(found("нью-й", "в Нью-Йорк"), "{\"found\":{\"title\":[[2,7]]},\"excerpt\":null}");
}

static void a_phone_is_marked_where_the_fragment_stands(void **state)
{
    (void)state;
    uint32_t rank;
    value phones = value_text(CRM_S("+74950000000\n+79161234567"));
    assert_text(found_in(CRM_S("8(916) 123"), value_text(CRM_S("Дом 916")), phones, &rank),
                "{\"found\":{\"phone\":[[],[[1,8]]]},"
                "\"excerpt\":{\"field\":\"phone\",\"text\":\"+79161234567\",\"at\":[[1,8]]}}");
    assert_text(found_in(CRM_S("2345"), value_text(CRM_S("Дом")), phones, &rank),
                "{\"found\":{\"phone\":[[],[[6,10]]]},"
                "\"excerpt\":{\"field\":\"phone\",\"text\":\"+79161234567\",\"at\":[[6,10]]}}");
}

static uint32_t rank_of(const char *typed, const char *title)
{
    uint32_t rank;
    (void)found_in(str_of(typed), value_text(str_of(title)), value_null(), &rank);
    return rank;
}

static void the_word_itself_ranks_before_its_forms_and_these_before_beginnings(void **state)
{
    (void)state;
    uint32_t word = rank_of("крыша", "Крыша"), form = rank_of("крыша", "Крыши");
    uint32_t beginning = rank_of("кры", "Крыша");
    assert_true(word > form && form > beginning && beginning > 0);
    assert_int_equal(rank_of("кровля", "Крыша"), 0);
    assert_true(rank_of("красная крыша", "крыши красная") == form);
}

/* ---- other readings -------------------------------------------------------------------------- */

/* The text of the reading after the first, for a person; "" when there is none. */
static crm_str next_reading(int64_t user, const char *typed, search_step which)
{
    crm_ctx *c = world_read(&w, user);
    search_try t = {.call = c, .entities = &w.lead, .entity_count = 1, .typed = str_of(typed)};
    assert_ok(search_begin(&t));
    do {
        assert_ok(search_next(&t));
    } while (t.step < which);
    crm_str out = t.step == which ? arena_dup(a, t.text) : CRM_S("");
    world_read_end(&w);
    return out;
}

static void a_typing_error_leads_to_a_word_that_is_there(void **state)
{
    (void)state;
    world_lead(&w, "Экскаватор Иванову", w.anna, 0);
    assert_text(next_reading(w.anna, "ивонову", SEARCH_CORRECTED), "иванову");
    assert_text(next_reading(w.anna, "экскаваотр срочно", SEARCH_CORRECTED), "");
    assert_text(next_reading(w.anna, "«экскаваотр» ивановy", SEARCH_CORRECTED), "");
    assert_text(next_reading(w.anna, "икскавтор", SEARCH_CORRECTED), "экскаватор");
    assert_text(next_reading(w.anna, "экскаваотр иванову", SEARCH_CORRECTED), "экскаватор иванову");
    assert_text(next_reading(w.anna, "бульдозер", SEARCH_CORRECTED), "");
}

static void the_other_layout_comes_before_corrections(void **state)
{
    (void)state;
    assert_text(next_reading(w.anna, "bdfyjd", SEARCH_SWAPPED), "иванов");
    assert_text(next_reading(w.anna, "916", SEARCH_SWAPPED), "");
}

static void nobody_is_corrected_to_what_he_may_not_see(void **state)
{
    (void)state;
    world_lead(&w, "Бетономешалка", w.boris, 0);
    assert_text(next_reading(w.boris, "бетономешклка", SEARCH_CORRECTED), "бетономешалка");
    assert_text(next_reading(w.hanna, "бетономешклка", SEARCH_CORRECTED), "бетономешалка");
    assert_text(next_reading(w.anna, "бетономешклка", SEARCH_CORRECTED), "");
    assert_text(next_reading(w.hanna, "hiddem", SEARCH_CORRECTED), "hidden"); /* `secret` */
    assert_text(next_reading(w.anna, "hiddem", SEARCH_CORRECTED), "");
}

int main(void)
{
    const struct CMUnitTest typing[] = {
        cmocka_unit_test(words_are_asked_by_stem_and_the_last_as_a_beginning),
        cmocka_unit_test(joined_words_are_asked_whole_or_by_parts),
        cmocka_unit_test(addresses_are_asked_whole_or_by_parts),
        cmocka_unit_test(an_extension_is_not_asked_for),
        cmocka_unit_test(digits_are_asked_as_a_fragment_of_a_phone),
        cmocka_unit_test(exact_words_stand_as_they_are),
        cmocka_unit_test(what_is_too_long_or_no_text_is_refused),
        cmocka_unit_test(marks_are_in_code_units_of_javascript),
        cmocka_unit_test(a_phone_is_marked_where_the_fragment_stands),
        cmocka_unit_test(the_word_itself_ranks_before_its_forms_and_these_before_beginnings),
    };
    const struct CMUnitTest readings[] = {
        BOTH(a_typing_error_leads_to_a_word_that_is_there),
        BOTH(the_other_layout_comes_before_corrections),
        BOTH(nobody_is_corrected_to_what_he_may_not_see),
    };
    return cmocka_run_group_tests(typing, setup, teardown) +
           cmocka_run_group_tests(readings, setup, teardown);
}
