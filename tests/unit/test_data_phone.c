/* test_data_phone.c - phones as people write them. */
#include "unit.h"

#include "data/phone.h"

static void phones_become_e164(void **state)
{
    (void)state;
    static const struct {
        const char *text, *e164;
    } cases[] = {
        {"8 (916) 123-45-67", "+79161234567"},
        {"+7 916 123 45 67", "+79161234567"},
        {"7(916)1234567", "+79161234567"},
        {"9161234567", "+79161234567"},
        {"4951234567", "+74951234567"},
        {"  89161234567  ", "+79161234567"},
        {"8.916.123.45.67", "+79161234567"},
        {"8-916-123–45—67", "+79161234567"},
        {"8\u00A0916\u202F123\u201045\u201167", "+79161234567"},
        {"tel:+79161234567", "+79161234567"},
        {"+375 29 123-45-67", "+375291234567"},
        {"+44 20 7946 0958", "+442079460958"},
        {"8 10 375 29 123 45 67", "+375291234567"},
        {"8 800 200-00-00", "+78002000000"},
    };
    arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        crm_str out = {0};
        if (phone_normalise(a, str_of(cases[i].text), &out) != CRM_OK) {
            print_error("refused: %s\n", cases[i].text);
            fail();
        }
        assert_text(out, cases[i].e164);
    }
    arena_free(a);
}

static void an_extension_is_kept(void **state)
{
    (void)state;
    static const struct {
        const char *text, *stored;
    } cases[] = {
        {"8 (495) 123-45-67 доб. 12", "+74951234567;ext=12"},
        {"8 495 123-45-67 доб12", "+74951234567;ext=12"},
        {"8 495 123-45-67 ДОБ: 12", "+74951234567;ext=12"},
        {"8 495 123-45-67 (доб. 12)", "+74951234567;ext=12"},
        {"8 495 123-45-67, доб. 12", "+74951234567;ext=12"},
        {"8 495 123-45-67 добавочный 0012", "+74951234567;ext=0012"},
        {"+7 495 123-45-67 вн. 7", "+74951234567;ext=7"},
        {"+7 495 123-45-67 внутр. 1234567", "+74951234567;ext=1234567"},
        {"+74951234567 ext. 105", "+74951234567;ext=105"},
        {"+74951234567x105", "+74951234567;ext=105"},
        {"+74951234567 х105", "+74951234567;ext=105"},
        {"84951234567#105", "+74951234567;ext=105"},
        {"+7 495 123-45-67, 105", "+74951234567;ext=105"},
        {"+7 495 123-45-67\u00A0доб.\u00A0105", "+74951234567;ext=105"},
        {"tel:+7-495-123-45-67;ext=105", "+74951234567;ext=105"},
        {"8 10 375 29 123 45 67 доб. 1", "+375291234567;ext=1"},
        {"+44 20 7946 0958 ext 5", "+442079460958;ext=5"},
    };
    arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        crm_str out = {0}, again;
        if (phone_normalise(a, str_of(cases[i].text), &out) != CRM_OK) {
            print_error("refused: %s\n", cases[i].text);
            fail();
        }
        assert_text(out, cases[i].stored);
        assert_ok(phone_normalise(a, out, &again));
        assert_text(again, cases[i].stored);
    }
    arena_free(a);
}

static void a_stored_phone_is_taken_apart(void **state)
{
    (void)state;
    assert_text(phone_number(CRM_S("+74951234567;ext=12")), "+74951234567");
    assert_text(phone_extension(CRM_S("+74951234567;ext=12")), "12");
    assert_text(phone_number(CRM_S("+74951234567")), "+74951234567");
    assert_int_equal(phone_extension(CRM_S("+74951234567")).n, 0);
    assert_text(phone_number(CRM_S("нет;ext=12")), "нет;ext=12");
}

static void only_the_number_is_searched(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    crm_str terms;
    assert_ok(phone_terms(a, CRM_S("+74951234567;ext=98765"), &terms));
    assert_text(terms, "74951234567 4951234567 951234567 51234567 1234567 234567 34567 4567");
    arena_free(a);
}

static void what_is_no_phone_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "+",
                                      "нет",
                                      "123",
                                      "123-45-67",
                                      "8 916 123-45-6",
                                      "8 916 123-45-678",
                                      "+7 916 123-45-6",
                                      "+7 016 123-45-67",
                                      "8 016 123-45-67",
                                      "+0 916 123 45 67",
                                      "9161234567 Иван",
                                      "Иван 9161234567",
                                      "8 916 123-45-67 доб.",
                                      "+12345678901234567",
                                      "89161234567 89161234568",
                                      "1234567890",
                                      "++79161234567",
                                      "доб. 12",
                                      "8 495 123-45-67 доб. 12345678",
                                      "8 495 123-45-67 доб. 12 Иван",
                                      "8 495 123-45-67 доб. 12, 13",
                                      "8 495 123-45-67,,12",
                                      "8 495 123-45-67*12",
                                      "8 495 123-45-67;12",
                                      "8 495 123-45-67 квартира 12",
                                      "+74951234567;ext=",
                                      "доб. 12 8 495 123-45-67"};
    arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        crm_str out;
        if (phone_normalise(a, str_of(bad[i]), &out) != CRM_INVALID) {
            print_error("taken: %s\n", bad[i]);
            fail();
        }
    }
    arena_free(a);
}

static void what_came_out_stays_the_same(void **state)
{
    (void)state;
    static const char *const good[] = {"+79161234567", "+375291234567", "+442079460958"};
    arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        crm_str out;
        assert_ok(phone_normalise(a, str_of(good[i]), &out));
        assert_text(out, good[i]);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phones_become_e164),
        cmocka_unit_test(an_extension_is_kept),
        cmocka_unit_test(a_stored_phone_is_taken_apart),
        cmocka_unit_test(only_the_number_is_searched),
        cmocka_unit_test(what_is_no_phone_is_refused),
        cmocka_unit_test(what_came_out_stays_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
