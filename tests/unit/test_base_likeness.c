/* test_base_likeness.c - names that may be one: how alike, and keys that find them. */
#include "unit.h"

#include "base/str.h"
#include "base/text_likeness.h"

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

static name_form form(const char *name)
{
    name_form out;
    assert_ok(name_form_read(a, str_of(name), &out));
    return out;
}

static int alike(const char *x, const char *y)
{
    name_form fx = form(x), fy = form(y);
    int there = name_likeness(&fx, &fy);
    assert_int_equal(there, name_likeness(&fy, &fx));
    return there;
}

/* Whether a row named `stored` is found by who asks for `asked`. */
static bool finds(const char *asked, const char *stored)
{
    name_form fa = form(asked), fs = form(stored);
    crm_str wanted[NAME_ASKED_MAX], kept, key;
    uint32_t count = name_asked_keys(a, &fa, wanted);
    assert_ok(name_keys(a, &fs, &kept));
    while (str_split(&kept, '\n', &key)) {
        for (uint32_t i = 0; i < count; i++) {
            if (str_eq(wanted[i], key)) {
                return true;
            }
        }
    }
    return false;
}

static void one_name_in_other_clothes_is_the_same(void **state)
{
    static const char *const pairs[][2] = {
        {"Иванов Иван", "Иван Иванов"},
        {"Пётр Королёв", "КОРОЛЕВ ПЕТР"},
        {"ООО \"Ромашка\"", "Ромашка, ООО"},
        {"Общество с ограниченной ответственностью «Ромашка»", "ООО Ромашка"},
        {"ПАО Сбербанк", "Сбербанк"},
        {"Acme, Inc.", "ACME"},
        {"Иванов Иван Иванович", "Иван Иванов"},
        {"Петров-Водкин Кузьма", "Кузьма Петров Водкин"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_int_equal(alike(pairs[i][0], pairs[i][1]), 100);
        assert_true(finds(pairs[i][0], pairs[i][1]));
        assert_true(finds(pairs[i][1], pairs[i][0]));
    }
}

static void a_typing_error_is_found_and_weighs_little(void **state)
{
    static const char *const pairs[][2] = {
        {"Иванов Иван", "Иваонв Иван"},   /* swapped */
        {"Иванов Иван", "Ивнов Иван"},    /* left out */
        {"Иванов Иван", "Иванновв Иван"}, /* two edits in one word are too many */
        {"Сидорова Анна", "Сидорава Анна"}, {"Ромашка", "Ромашко"}, {"Хванов Иван", "Иванов Иван"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        bool is_near = i != 2;
        assert_true(!is_near || finds(pairs[i][0], pairs[i][1]));
        assert_true(!is_near || finds(pairs[i][1], pairs[i][0]));
        assert_int_equal(alike(pairs[i][0], pairs[i][1]) >= 85, is_near);
    }
}

/* Every single edit of one word, at every place. */
static void any_one_edit_is_found(void **state)
{
    static const char *const words[] = {"lebedev", "lebedeva", "orlov", "alexandrov"};
    (void)state;
    for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
        char right[64], wrong[64];
        size_t n = strlen(words[w]);
        snprintf(right, sizeof right, "%s maria", words[w]);
        for (size_t i = 0; i <= n; i++) {
            snprintf(wrong, sizeof wrong, "maria %.*sq%s", (int)i, words[w], words[w] + i);
            assert_true(finds(wrong, right) && finds(right, wrong));
            if (i < n) {
                snprintf(wrong, sizeof wrong, "maria %.*s%s", (int)i, words[w], words[w] + i + 1);
                assert_true(finds(wrong, right) && finds(right, wrong));
            }
            if (i + 1 < n) {
                snprintf(wrong, sizeof wrong, "maria %.*s%c%c%s", (int)i, words[w], words[w][i + 1],
                         words[w][i], words[w] + i + 2);
                assert_true(finds(wrong, right) && finds(right, wrong));
            }
        }
    }
}

static void different_people_are_not_alike(void **state)
{
    (void)state;
    assert_true(alike("Иванов Иван", "Иванов Пётр") < 70);
    assert_true(alike("Иванов Иван Петрович", "Иванов Иван Олегович") < 80);
    assert_true(alike("ООО Ромашка", "ООО Василёк") < 50);
    assert_int_equal(alike("", "Иванов"), 0);
    assert_false(finds("Иванов Иван", "Сидоров Олег"));
}

/* However long the surname, another first name is another person: never near what a rule asks for.
 */
static void another_first_name_is_another_person(void **state)
{
    static const char *const pairs[][2] = {
        {"Воробьёва Алия", "Воробьёва Юлия"},
        {"Воробьёва Юлия", "Алия Воробьёва"},
        {"Константинопольская Анна", "Константинопольская Инна"},
        {"Иванова Мария", "Иванова Марина"},
        {"Иванова Яна", "Иванова Анна"},
        {"Кузнецова Карина", "Кузнецова Марина"},
        {"Кузнецова Алина", "Кузнецова Полина"},
        {"Петров Валерий", "Петров Виталий"},
        {"Петров Роман", "Петров Герман"},
        {"Преображенский Олег", "Преображенский Иван"},
        {"Воробьёва Алия Олеговна", "Воробьёва Юлия Олеговна"},
        {"Иванов Александр", "Иванова Александра"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        int there = alike(pairs[i][0], pairs[i][1]);
        if (there > 70) {
            fail_msg("%s and %s are alike by %d %%", pairs[i][0], pairs[i][1], there);
        }
    }
}

static void forms_and_typing_errors_of_a_first_name_are_found(void **state)
{
    static const char *const pairs[][2] = {
        {"Воробьёва Юлия", "Воробьева Юлия"},  {"Воробьёва Юлия", "Юлия Воробёва"},
        {"Воробьёва Юлия", "Воробьёва Юлая"},  {"Иванова Наталья", "Наталия Иванова"},
        {"Иванова Софья", "Иванова София"},    {"Петров Данил", "Петров Данила"},
        {"Петров Сергей", "Петров Сергкй"},    {"Петров Алексей", "Алекесй Петров"},
        {"Сидоров Дмитрий", "Сидоров Дмитрй"}, {"Сидоров Дмитрий", "Сидоров Димтрий"},
        {"Ким Светлана", "Светлана Кимм"},     {"Ахметова Айгюль", "Ахметова Айгуль"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        bool is_too_short = i == 10; /* a word of three letters is as it is */
        int there = alike(pairs[i][0], pairs[i][1]);
        if ((there >= 85) == is_too_short) {
            fail_msg("%s and %s are alike by %d %%", pairs[i][0], pairs[i][1], there);
        }
    }
}

static void a_first_name_is_known_in_each_of_its_forms(void **state)
{
    (void)state;
    assert_int_equal(name_given(CRM_S("наталья")), name_given(CRM_S("наталия")));
    assert_true(name_given(CRM_S("юлия")) && name_given(CRM_S("алия")));
    assert_int_not_equal(name_given(CRM_S("юлия")), name_given(CRM_S("алия")));
    assert_int_equal(name_given(CRM_S("ромашка")), 0);
    assert_int_equal(name_given(CRM_S("")), 0);
}

/* Half of Russia's surnames end in -ов: what else two have in common must be more than that. */
static void a_common_ending_is_no_reason_to_compare(void **state)
{
    (void)state;
    assert_false(finds("Сергей Иванов", "Сергей Святославов"));
    assert_false(finds("Сергей Иванов", "Сергей Павлов"));
    assert_false(finds("Сергей Виноградов", "Сергей Иванов"));
    assert_true(finds("Сергей Виноградов", "Виногадов Сергей"));
}

static void a_name_of_forms_alone_keeps_them(void **state)
{
    (void)state;
    assert_int_equal(form("ООО").count, 1);
    assert_int_equal(form("Иванов С.").count, 2); /* an initial, no part of a form */
    assert_int_equal(form("Маркевич Иван").patronymic.text.n, 0);
    assert_true(form("Иван Петрович Маркевич").patronymic.text.n > 0);
    assert_int_equal(form(" - ").count, 0);
}

static void keys_are_few(void **state)
{
    crm_str keys, key;
    int count = 0;
    name_form f = form("Иванов Иван Иванович");
    (void)state;
    assert_ok(name_keys(a, &f, &keys));
    while (str_split(&keys, '\n', &key)) {
        count++;
    }
    assert_int_equal(count, 4);
    f = form("один два три четыре пять шесть семь восемь девять десять");
    assert_int_equal(f.count, NAME_WORDS_MAX);
    assert_ok(name_keys(a, &f, &keys));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_name_in_other_clothes_is_the_same),
        cmocka_unit_test(a_typing_error_is_found_and_weighs_little),
        cmocka_unit_test(any_one_edit_is_found),
        cmocka_unit_test(different_people_are_not_alike),
        cmocka_unit_test(another_first_name_is_another_person),
        cmocka_unit_test(forms_and_typing_errors_of_a_first_name_are_found),
        cmocka_unit_test(a_first_name_is_known_in_each_of_its_forms),
        cmocka_unit_test(a_common_ending_is_no_reason_to_compare),
        cmocka_unit_test(a_name_of_forms_alone_keeps_them),
        cmocka_unit_test(keys_are_few),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
