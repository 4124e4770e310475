/* barcode.c - see barcode.h. */
#include "barcode.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool has_check_digit(crm_str code)
{
    if (code.n != 8 && code.n != 12 && code.n != 13 && code.n != 14) {
        return false;
    }
    for (size_t i = 0; i < code.n; i++) {
        if (!is_digit(code.p[i])) {
            return false;
        }
    }
    return true;
}

barcode_kind barcode_check(crm_str code)
{
    int sum = 0;
    if (!has_check_digit(code)) {
        return BARCODE_OTHER;
    }
    for (size_t i = 0; i < code.n; i++) {
        bool is_threefold = (code.n - i) % 2 == 0;
        sum += (code.p[i] - '0') * (is_threefold ? 3 : 1);
    }
    return sum % 10 == 0 ? BARCODE_SOUND : BARCODE_WRONG;
}

crm_str barcode_plain(crm_str code, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < code.n; i++) {
        char c = code.p[i];
        if (is_digit(c)) {
            out[n++] = c;
        } else if (c != ' ' && c != '-') {
            return code;
        }
    }
    return n ? (crm_str){out, n} : code;
}
