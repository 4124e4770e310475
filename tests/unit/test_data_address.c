/* Parts of an address as people, 1C and other systems write it in one line, and the line of parts.
 */
#include "unit.h"

#include "data/address.h"

typedef struct sample {
    const char *line;
    const char *part[ADDRESS_PARTS]; /* index country region city street house flat */
} sample;

static const sample samples[] = {
    {"650000, Кемеровская обл, г Кемерово, ул Весенняя, д 5, кв 12",
     {"650000", "", "Кемеровская область", "Кемерово", "ул Весенняя", "5", "12"}},
    {"650000 г. Кемерово ул. Весенняя д. 5 кв. 12",
     {"650000", "", "", "Кемерово", "ул. Весенняя", "5", "12"}},
    {"Россия, Кемеровская область, Кемеровский р-н, с Сухово, Центральная ул, дом № 7",
     {"", "Россия", "Кемеровская область, Кемеровский р-н", "с Сухово", "Центральная ул", "7", ""}},
    {"г.Москва, г.Зеленоград, корп.1205, кв.7",
     {"", "", "Москва", "Зеленоград", "", "корп.1205", "7"}},
    {"Москва, Тверская, 5-12, 3", {"", "", "Москва", "Москва", "Тверская", "5-12", "3"}},
    {"Тверь, ул 8 Марта 5/2", {"", "", "", "Тверь", "ул 8 Марта", "5/2", ""}},
    {"Респ Татарстан, г Казань, пр-кт Победы, д 12, корп 2, офис 4",
     {"", "", "республика Татарстан", "Казань", "пр-кт Победы", "12, корп 2", "офис 4"}},
    {"д. Петрово, 3", {"", "", "", "д. Петрово", "", "3", ""}},
    {"Монголия, г Улан-Батор", {"", "Монголия", "", "Улан-Батор", "", "", ""}},
    {"143403, Московская обл, г.о. Красногорск, г Красногорск, ул Ленина, д 5",
     {"143403", "", "Московская область, г.о. Красногорск", "Красногорск", "ул Ленина", "5", ""}},
    {"г Москва, вн.тер.г. муниципальный округ Арбат, ул Арбат, д 1",
     {"", "", "Москва, вн.тер.г. муниципальный округ Арбат", "Москва", "ул Арбат", "1", ""}},
    {"Москва, г Москва, Тверская", {"", "", "Москва", "Москва", "Тверская", "", ""}},
    {"Московская обл, г Москва", {"", "", "Московская область", "Москва", "", "", ""}},
    {"Тверь, ул Мира 5 корп 2", {"", "", "", "Тверь", "ул Мира", "5, корп 2", ""}},
    {"Республика Беларусь, г Минск", {"", "Республика Беларусь", "", "Минск", "", "", ""}},
    {"где-то за складом", {"", "", "", "где-то за складом", "", "", ""}},
};

static void assert_parts(arena *a, crm_str line, const char *const part[ADDRESS_PARTS])
{
    address got;
    assert_int_equal(address_read(a, line, &got), CRM_OK);
    for (int p = 0; p < ADDRESS_PARTS; p++) {
        if (!str_is(got.part[p], part[p])) {
            fail_msg("%.*s: %s is \"%.*s\" instead of \"%s\"", STR_FMT(line),
                     address_part_name((address_part)p).p, STR_FMT(got.part[p]), part[p]);
        }
    }
}

static void a_line_is_read_by_parts(void **state)
{
    arena *a = arena_new(0);
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        assert_parts(a, str_of(samples[i].line), samples[i].part);
    }
    arena_free(a);
}

static crm_str written(arena *a, const char *const part[ADDRESS_PARTS])
{
    address in;
    crm_str line;
    for (int p = 0; p < ADDRESS_PARTS; p++) {
        in.part[p] = str_of(part[p]);
    }
    assert_int_equal(address_write(a, &in, &line), CRM_OK);
    return line;
}

static void parts_become_a_line_that_is_read_as_them(void **state)
{
    static const sample all[] = {
        {"650000, Кемеровская область, г Кемерово, ул Весенняя, д 5, кв 12",
         {"650000", "", "Кемеровская область", "Кемерово", "ул Весенняя", "5", "12"}},
        {"101000, г Москва, ул Тверская, д 1",
         {"101000", "", "Москва", "Москва", "ул Тверская", "1", ""}},
        {"страна Лимурия, регион Низины, г Ё, ул Мира",
         {"", "Лимурия", "Низины", "Ё", "ул Мира", "", ""}},
        {"индекс SW1A 1AA, Великобритания, London, Strand, д 5",
         {"SW1A 1AA", "Великобритания", "", "London", "Strand", "5", ""}},
        {"г Кемерово, дом б/н", {"", "", "", "Кемерово", "", "б/н", ""}},
        {"г Кемерово, дом А5", {"", "", "", "Кемерово", "", "А5", ""}},
        {"мкр Южный 5, д 12", {"", "", "", "", "мкр Южный 5", "12", ""}},
        {"мкр Южный 5, дом б/н", {"", "", "", "", "мкр Южный 5", "б/н", ""}},
        {"USA, New York, ул 5th Avenue, д 7",
         {"", "USA", "", "New York", "ул 5th Avenue", "7", ""}},
        {"USA, г Turkey", {"", "USA", "", "Turkey", "", "", ""}},
        {"Республика Беларусь, г Минск", {"", "Республика Беларусь", "", "Минск", "", "", ""}},
        {"Московская область, г.о. Химки, г Химки, ул Мира, д 12, корп 2, кв 4, этаж 1",
         {"", "", "Московская область, г.о. Химки", "Химки", "ул Мира", "12, корп 2", "4, этаж 1"}},
        {"г Москва, вн.тер.г. муниципальный округ Арбат, ул Арбат",
         {"", "", "Москва, вн.тер.г. муниципальный округ Арбат", "Москва", "ул Арбат", "", ""}},
        {"г Москва, вн.тер.г. муниципальный округ Крюково, г Зеленоград",
         {"", "", "Москва, вн.тер.г. муниципальный округ Крюково", "Зеленоград", "", "", ""}},
    };
    arena *a = arena_new(0);
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        crm_str line = written(a, all[i].part);
        if (!str_is(line, all[i].line)) {
            fail_msg("%.*s instead of %s", STR_FMT(line), all[i].line);
        }
        assert_parts(a, line, all[i].part);
    }
    arena_free(a);
}

/* Kinds are added, and what would divide a part in two is taken out of it. */
static void a_part_stays_in_its_place(void **state)
{
    static const struct {
        const char *part[ADDRESS_PARTS], *read[ADDRESS_PARTS];
    } all[] = {
        {{"", "", "", "", "Ленина 5", "7", ""}, {"", "", "", "", "ул Ленина 5", "7", ""}},
        {{"", "", "", "", "Северный проезд 2-й", "5", ""},
         {"", "", "", "", "ул Северный проезд 2-й", "5", ""}},
        {{"", "", "", "", "Северный проезд 2-й", "", ""},
         {"", "", "", "", "ул Северный проезд 2-й", "", ""}},
        {{"", "USA", "", "New York", "5th Avenue", "7", ""},
         {"", "USA", "", "New York", "ул 5th Avenue", "7", ""}},
        {{"", "", "", "Тверь, у реки", "Мира;2-я", "5,7", "1 ; 2"},
         {"", "", "", "Тверь у реки", "ул Мира 2-я", "5 7", "1 2"}},
        {{"", "", ",", ";;", "", " ,5, ", ""}, {"", "", "", "", "", "5", ""}},
    };
    arena *a = arena_new(0);
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_parts(a, written(a, all[i].part), all[i].read);
    }
    arena_free(a);
}

static void a_change_leaves_the_other_parts(void **state)
{
    static const struct {
        const char *stored, *given[ADDRESS_PARTS];
        uint32_t emptied;
        const char *line;
    } all[] = {
        {"г. Тверь, Мира ул., 5", {"", "", "", "Тверь", "", "", ""}, 0, "г. Тверь, Мира ул., 5"},
        {"г. Тверь, Мира ул., 5", {"", "", "", "", "", "7", ""}, 0, "г Тверь, Мира ул., д 7"},
        {"г Тверь, ул Мира, д 5", {"", "", "", "", "Мира", "", ""}, 0, "г Тверь, ул Мира, д 5"},
        {"г Тверь, ул Мира, д 5",
         {"", "", "", "", "ул Ленина 9", "", ""},
         0,
         "г Тверь, ул Ленина, д 9"},
        {"г Тверь, ул Мира, д 5", {""}, 1u << ADDRESS_HOUSE, "г Тверь, ул Мира"},
        {"г Тверь", {"", "", "", "Клин", "", "", ""}, 1u << ADDRESS_CITY, "г Клин"},
        {"г Москва, ул Мира", {"", "", "", "Тверь", "", "", ""}, 0, "г Тверь, ул Мира"},
        {"Московская обл, Клинский р-н, г Клин",
         {"", "", "", "", "Мира", "", ""},
         0,
         "Московская область, Клинский р-н, г Клин, ул Мира"},
        {"г Москва, район Арбат, ул Арбат",
         {"", "", "", "Москва", "", "5", ""},
         0,
         "г Москва, район Арбат, ул Арбат, д 5"},
        {"", {"", "", "", "Тверь", "", "", ""}, 0, "г Тверь"},
        {"г Тверь", {""}, 1u << ADDRESS_CITY, ""},
    };
    arena *a = arena_new(0);
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        address_patch parts = {.emptied = all[i].emptied};
        crm_str line;
        for (int p = 0; p < ADDRESS_PARTS; p++) {
            parts.given.part[p] = str_of(all[i].given[p] ? all[i].given[p] : "");
        }
        assert_int_equal(address_change(a, &parts, str_of(all[i].stored), &line), CRM_OK);
        if (!str_is(line, all[i].line)) {
            fail_msg("%s: %.*s instead of %s", all[i].stored, STR_FMT(line), all[i].line);
        }
    }
    arena_free(a);
}

static void only_a_russian_index_must_have_six_digits(void **state)
{
    (void)state;
    address in = {.part = {[ADDRESS_INDEX] = CRM_S("65000")}};
    assert_false(address_is_index_sound(&in));
    in.part[ADDRESS_COUNTRY] = CRM_S("Германия");
    assert_true(address_is_index_sound(&in));
    in =
        (address){.part = {[ADDRESS_INDEX] = CRM_S("650000"), [ADDRESS_COUNTRY] = CRM_S("РОССИЯ")}};
    assert_true(address_is_index_sound(&in));
    in.part[ADDRESS_INDEX] = CRM_S("050000");
    assert_false(address_is_index_sound(&in));
}

/* Whatever it holds, each part is a piece of it or made of such, and nothing is read beyond it. */
static void nothing_breaks_it(void **state)
{
    static const char *const bad[] = {"",
                                      ",,,;;",
                                      ".",
                                      "г",
                                      "ул.",
                                      "д.,кв.",
                                      "№",
                                      "\xD0",
                                      "ул \xD0",
                                      "650000",
                                      "650000 ",
                                      " , 5, 6, 7, 8, 9",
                                      "ул ул ул ул д 5 д 6"};
    arena *a = arena_new(0);
    address got;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(address_read(a, str_of(bad[i]), &got), CRM_OK);
    }
    char many[4000];
    memset(many, ',', sizeof many);
    for (size_t i = 0; i < sizeof many; i += 2) {
        many[i] = '1';
    }
    assert_int_equal(address_read(a, (crm_str){many, sizeof many}, &got), CRM_OK);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_read_by_parts),
        cmocka_unit_test(parts_become_a_line_that_is_read_as_them),
        cmocka_unit_test(a_part_stays_in_its_place),
        cmocka_unit_test(a_change_leaves_the_other_parts),
        cmocka_unit_test(only_a_russian_index_must_have_six_digits),
        cmocka_unit_test(nothing_breaks_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
