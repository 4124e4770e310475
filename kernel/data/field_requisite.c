/*
 * field_requisite.c - the requisites of a Russian company: their form and their check digits, as
 * the tax service (INN, OGRN) and the Bank of Russia (the key of an account) define them.
 */
#include "data/field.h"

static bool all_digits(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
    }
    return s.n > 0;
}

/* The weighted sum of the first `n` digits modulo 11 and 10, as the tax service defines it. */
static bool inn_digit(crm_str s, const char *weights, size_t n)
{
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (s.p[i] - '0') * (weights[i] == 'A' ? 10 : weights[i] - '0');
    }
    return sum % 11 % 10 == s.p[n] - '0';
}

static bool is_inn_sound(crm_str s)
{
    if (s.n == 10) {
        return inn_digit(s, "24A359468", 9);
    }
    return inn_digit(s, "724A359468", 10) && inn_digit(s, "3724A359468", 11);
}

/* The number without its last digit modulo 11 (13 digits) or 13 (15), then modulo 10. */
static bool is_ogrn_sound(crm_str s)
{
    int modulus = s.n == 13 ? 11 : 13, rest = 0;
    for (size_t i = 0; i + 1 < s.n; i++) {
        rest = (rest * 10 + (s.p[i] - '0')) % modulus;
    }
    return rest % 10 == s.p[s.n - 1] - '0';
}

/* Four digits, two digits or capital letters, three digits. */
static bool is_kpp(crm_str s)
{
    if (s.n != 9 || !all_digits((crm_str){s.p, 4}) || !all_digits((crm_str){s.p + 6, 3})) {
        return false;
    }
    for (size_t i = 4; i < 6; i++) {
        bool is_digit = s.p[i] >= '0' && s.p[i] <= '9';
        if (!is_digit && !(s.p[i] >= 'A' && s.p[i] <= 'Z')) {
            return false;
        }
    }
    return true;
}

bool field_is_requisite(field_type type, crm_str s, bool *is_sound)
{
    *is_sound = true;
    if (type == FIELD_KPP) {
        return is_kpp(s);
    }
    if (!all_digits(s)) {
        return false;
    }
    switch (type) {
    case FIELD_INN:
        if (s.n != 10 && s.n != 12) {
            return false;
        }
        *is_sound = is_inn_sound(s);
        return true;
    case FIELD_OGRN:
        if (s.n != 13 && s.n != 15) {
            return false;
        }
        *is_sound = is_ogrn_sound(s);
        return true;
    case FIELD_BIK:
        *is_sound = s.p[0] == '0'; /* 04, or 00 to 02 of the treasury: the country and its banks */
        return s.n == 9;
    default: /* an account's key needs the bank's BIK, which is another field */
        return s.n == 20;
    }
}

/* An account at the Bank of Russia itself: that of another bank, or one of its cash centres. */
static bool is_of_central_bank(crm_str account, crm_str bik)
{
    crm_str last = {bik.p + 6, 3};
    return str_starts(account, CRM_S("301")) || str_is(last, "000") || str_is(last, "001") ||
           str_is(last, "002");
}

bool field_is_account_sound(crm_str account, crm_str bik)
{
    static const int weights[] = {7, 1, 3};
    char digits[23] = {'0'};
    int sum = 0;
    if (account.n != 20 || bik.n != 9 || !str_starts(bik, CRM_S("04"))) {
        return true; /* the treasury's own accounts have no such key */
    }
    bool is_central = is_of_central_bank(account, bik);
    memcpy(digits + is_central, bik.p + (is_central ? 4 : 6), is_central ? 2 : 3);
    memcpy(digits + 3, account.p, 20);
    for (int i = 0; i < 23; i++) {
        sum += (digits[i] - '0') * weights[i % 3] % 10;
    }
    return sum % 10 == 0;
}
