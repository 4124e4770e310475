/* test_catalog.c - what lines of goods come to, and the check digits of barcodes. */
#include "barcode.h"
#include "reckon.h"

#include "unit.h"

#define T(name) cmocka_unit_test(name)
#define ROUNDS  200000

static line_sums sums_of(line_terms t)
{
    line_sums x;
    assert_int_equal(reckon_line(&t, &x), RECKON_OK);
    return x;
}

static line_terms plain(int64_t price, int64_t quantity)
{
    return (line_terms){
        .price = price, .quantity = quantity, .discount = RECKON_NONE, .vat = RECKON_NONE};
}

/* ---- examples -------------------------------------------------------------------------------- */

static void a_line_is_price_by_quantity_to_the_kopeck(void **state)
{
    (void)state;
    assert_int_equal(sums_of(plain(1999, 3000)).sum, 5997);
    assert_int_equal(sums_of(plain(333, 1500)).sum, 500); /* 499.5: a half upwards */
    assert_int_equal(sums_of(plain(333, 1498)).sum, 499);
    assert_int_equal(sums_of(plain(1, 499)).sum, 0);
    assert_int_equal(sums_of(plain(0, 5000)).sum, 0);
}

static void vat_stands_in_the_price_or_on_top_of_it(void **state)
{
    (void)state;
    line_terms t = plain(12200, 1000);
    t.vat = 2200;
    assert_int_equal(sums_of(t).vat, 2200);
    assert_int_equal(sums_of(t).sum, 12200);
    t.price = 10000;
    t.vat_on_top = true;
    assert_int_equal(sums_of(t).vat, 2200);
    assert_int_equal(sums_of(t).sum, 12200);
    t.vat = 0; /* a rate of nothing, as for exports */
    assert_int_equal(sums_of(t).vat, 0);
    t.vat = RECKON_NONE;
    assert_int_equal(sums_of(t).sum, 10000);
}

static void a_discount_is_a_percentage_or_a_sum(void **state)
{
    (void)state;
    line_terms t = plain(10001, 1000);
    t.discount = 1250;
    assert_int_equal(sums_of(t).discount, 1250); /* 1250.125 */
    t.discount_sum = 9;                          /* not looked at beside a percentage */
    assert_int_equal(sums_of(t).sum, 8751);
    t.discount = RECKON_NONE;
    assert_int_equal(sums_of(t).sum, 9992);
    t.discount = RECKON_WHOLE;
    assert_int_equal(sums_of(t).sum, 0);
}

static void what_has_no_result_is_refused_and_gives_nothing(void **state)
{
    line_sums x = {.sum = 1};
    line_terms t = plain(-1, 1000);
    (void)state;
    assert_int_equal(reckon_line(&t, &x), RECKON_TERMS);
    assert_int_equal(x.sum, 0);
    t = plain(1, -1);
    assert_int_equal(reckon_line(&t, &x), RECKON_TERMS);
    t = plain(100, 1000);
    t.discount = RECKON_WHOLE + 1;
    assert_int_equal(reckon_line(&t, &x), RECKON_TERMS);
    t.discount = RECKON_NONE;
    t.discount_sum = 101;
    assert_int_equal(reckon_line(&t, &x), RECKON_DISCOUNT);
    t = plain(INT64_MAX, INT64_MAX);
    assert_int_equal(reckon_line(&t, &x), RECKON_TOO_MUCH);
    t = plain(RECKON_SUM_MAX, 1001);
    assert_int_equal(reckon_line(&t, &x), RECKON_TOO_MUCH);
    t = plain(RECKON_SUM_MAX, 1000);
    t.vat = 1;
    t.vat_on_top = true;
    assert_int_equal(reckon_line(&t, &x), RECKON_TOO_MUCH);
}

/* ---- properties ------------------------------------------------------------------------------ */

__extension__ typedef __int128 wide;

static uint64_t seed = 20260101;

static int64_t below(int64_t limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((seed >> 11) % (uint64_t)limit);
}

static int64_t any_rate(void)
{
    static const int64_t rates[] = {2200, 2000, 1800, 1000, 700, 500, 0, RECKON_NONE, 1667};
    return rates[below(sizeof rates / sizeof rates[0])];
}

static line_terms any_terms(void)
{
    line_terms t = {.price = below(below(2) ? 1000 : 1000000000),
                    .quantity = below(below(2) ? 3000 : 1000000),
                    .discount = below(3) ? RECKON_NONE : below(RECKON_WHOLE + 1),
                    .vat = any_rate(),
                    .vat_on_top = below(2)};
    return t;
}

/* `got` is the whole number nearest to dividend / divisor, the upper one of two. */
static void assert_nearest(wide dividend, wide divisor, int64_t got)
{
    wide off = 2 * (dividend - divisor * got);
    assert_true(off >= -divisor && off < divisor);
}

static void every_quotient_is_rounded_once_to_the_nearest(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        line_terms t = any_terms();
        line_sums x = sums_of(t);
        int64_t net = x.gross - x.discount, rate = t.vat == RECKON_NONE ? 0 : t.vat;
        assert_nearest((wide)t.price * t.quantity, RECKON_UNIT, x.gross);
        if (t.discount != RECKON_NONE) {
            assert_nearest((wide)x.gross * t.discount, RECKON_WHOLE, x.discount);
        }
        assert_nearest((wide)net * rate, t.vat_on_top ? RECKON_WHOLE : RECKON_WHOLE + rate, x.vat);
        assert_int_equal(x.sum, t.vat_on_top ? net + x.vat : net);
        assert_true(x.discount >= 0 && x.discount <= x.gross && x.vat >= 0 && x.vat <= x.sum);
    }
}

/* The sum with VAT on top holds that very VAT when it is taken out of it again. */
static void vat_on_top_is_found_in_the_sum_again(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        line_terms t = any_terms();
        t.vat_on_top = true;
        line_sums on_top = sums_of(t);
        line_terms inside = plain(on_top.sum, RECKON_UNIT);
        inside.vat = t.vat;
        assert_int_equal(sums_of(inside).vat, on_top.vat);
    }
}

static void more_never_costs_less(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        line_terms t = any_terms();
        int64_t sum = sums_of(t).sum;
        t.quantity += below(1000);
        assert_true(sums_of(t).sum >= sum);
    }
}

/* ---- barcodes -------------------------------------------------------------------------------- */

static barcode_kind kind_of(const char *code)
{
    return barcode_check((crm_str){code, strlen(code)});
}

static void check_digits_are_those_of_gs1(void **state)
{
    static const char *const sound[] = {"4006381333931", "4600104008498", "96385074",
                                        "036000291452", "10614141000415"};
    (void)state;
    for (size_t i = 0; i < sizeof sound / sizeof sound[0]; i++) {
        assert_int_equal(kind_of(sound[i]), BARCODE_SOUND);
    }
}

/* Every other last digit is wrong, and so is any one digit typed wrongly. */
static void one_wrong_digit_is_always_found(void **state)
{
    char code[] = "4006381333931";
    (void)state;
    for (size_t at = 0; at < sizeof code - 1; at++) {
        char right = code[at];
        for (char c = '0'; c <= '9'; c++) {
            code[at] = c;
            assert_int_equal(kind_of(code), c == right ? BARCODE_SOUND : BARCODE_WRONG);
        }
        code[at] = right;
    }
}

static void codes_of_ones_own_have_no_check_digit(void **state)
{
    (void)state;
    assert_int_equal(kind_of("INV-000123"), BARCODE_OTHER);
    assert_int_equal(kind_of("123456"), BARCODE_OTHER);
    assert_int_equal(kind_of("400638133393X"), BARCODE_OTHER);
    assert_int_equal(kind_of(""), BARCODE_OTHER);
}

static void blanks_and_hyphens_of_digits_go(void **state)
{
    char room[32];
    (void)state;
    crm_str plain_code = barcode_plain(CRM_S("4 006381-333931"), room);
    assert_int_equal(plain_code.n, 13);
    assert_memory_equal(plain_code.p, "4006381333931", 13);
    crm_str own = barcode_plain(CRM_S("INV 12-3"), room);
    assert_int_equal(own.n, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_line_is_price_by_quantity_to_the_kopeck),
        T(vat_stands_in_the_price_or_on_top_of_it),
        T(a_discount_is_a_percentage_or_a_sum),
        T(what_has_no_result_is_refused_and_gives_nothing),
        T(every_quotient_is_rounded_once_to_the_nearest),
        T(vat_on_top_is_found_in_the_sum_again),
        T(more_never_costs_less),
        T(check_digits_are_those_of_gs1),
        T(one_wrong_digit_is_always_found),
        T(codes_of_ones_own_have_no_check_digit),
        T(blanks_and_hyphens_of_digits_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
