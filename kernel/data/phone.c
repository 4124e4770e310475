/*
 * phone.c - a phone as a person in Russia writes it, to E.164 (ITU-T E.164: "+", at most 15
 * digits).
 *
 * Without a country code a number is Russian: 8 and ten digits (the trunk prefix), or ten digits
 * alone. Extensions ("доб. 12", "ext 12", "#12", ",12") are dropped: E.164 does not know them.
 */
#include "data/field.h"
#include "data/records.h"

#define E164_DIGITS_MAX 15
#define E164_DIGITS_MIN 8

size_t phone_separator(crm_str s)
{
    static const char *const wide[] = {"\u00A0", "\u2009", "\u202F", "\u2010", "\u2011",
                                       "\u2012", "\u2013", "\u2014", "\u2212"};
    if (strchr(" ()-./\t", s.p[0])) {
        return 1;
    }
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        if (str_starts(s, str_of(wide[i]))) {
            return strlen(wide[i]);
        }
    }
    return 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What follows the number: an extension, or nothing. */
static bool is_extension(crm_str s)
{
    static const char *const words[] = {"доб", "Доб", "ДОБ", "вн", "ext", "EXT", "Ext",
                                        "x",   "X",   "#",   ",",  ";",   "*"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        crm_str word = str_of(words[i]);
        if (str_starts(s, word)) {
            bool has_digit = false;
            for (size_t j = word.n; j < s.n; j++) {
                has_digit = has_digit || is_digit(s.p[j]);
            }
            return has_digit;
        }
    }
    return false;
}

/* The digits up to an extension. False when something else stands among them. */
static bool gather(crm_str s, char digits[E164_DIGITS_MAX + 2], size_t *count)
{
    *count = 0;
    while (s.n) {
        size_t skip = phone_separator(s);
        if (is_digit(s.p[0])) {
            if (*count > E164_DIGITS_MAX) {
                return false;
            }
            digits[(*count)++] = s.p[0];
            skip = 1;
        }
        if (!skip) {
            return *count > 0 && is_extension(s);
        }
        s.p += skip;
        s.n -= skip;
    }
    return true;
}

/*
 * Russian codes begin with 3, 4, 8 or 9 and none with 89: ten digits from 89 on are a mobile number
 * with its trunk 8 and one digit missing.
 */
static bool is_area(const char *d)
{
    return d[0] == '3' || d[0] == '4' || d[0] == '9' || (d[0] == '8' && d[1] != '9');
}

static crm_status give(arena *a, const char *code, const char *digits, size_t count, crm_str *out)
{
    *out = arena_fmt(a, "+%s%.*s", code, (int)count, digits);
    return out->p ? CRM_OK : CRM_NOMEM;
}

crm_status phone_normalise(arena *a, crm_str text, crm_str *e164)
{
    char d[E164_DIGITS_MAX + 2];
    size_t n;
    text = str_trim(text);
    if (str_starts(text, CRM_S("tel:"))) {
        text = (crm_str){text.p + 4, text.n - 4};
    }
    bool has_plus = text.n && text.p[0] == '+';
    if (has_plus) {
        text = (crm_str){text.p + 1, text.n - 1};
    }
    if (!gather(text, d, &n)) {
        return CRM_INVALID;
    }
    bool is_russian = n == 11 && (d[0] == '7' || (d[0] == '8' && !has_plus));
    if (is_russian) {
        return d[1] < '3' ? CRM_INVALID : give(a, "7", d + 1, 10, e164);
    }
    if (!has_plus && n == 10 && is_area(d)) {
        return give(a, "7", d, 10, e164);
    }
    /* 8-10 is how one dials abroad from Russia. */
    if (!has_plus && n > 11 && d[0] == '8' && d[1] == '1' && d[2] == '0') {
        return n - 3 < E164_DIGITS_MIN ? CRM_INVALID : give(a, "", d + 3, n - 3, e164);
    }
    bool is_plain = has_plus && n >= E164_DIGITS_MIN && n <= E164_DIGITS_MAX;
    return is_plain && d[0] != '0' && d[0] != '7' ? give(a, "", d, n, e164) : CRM_INVALID;
}

/* ---- searching ------------------------------------------------------------------------------- */

#define FRAGMENT_MIN 4

crm_status phone_terms(arena *a, crm_str numbers, crm_str *terms)
{
    buf out;
    crm_str number;
    buf_init(&out, 0);
    while (str_split(&numbers, '\n', &number)) {
        char digits[32];
        size_t n = 0;
        for (size_t i = 0; i < number.n && n < sizeof digits; i++) {
            if (is_digit(number.p[i])) {
                digits[n++] = number.p[i];
            }
        }
        for (size_t i = 0; i + FRAGMENT_MIN <= n; i++) {
            buf_add(&out, digits + i, n - i);
            buf_char(&out, ' ');
        }
    }
    *terms = out.failed ? (crm_str){0} : arena_dup(a, str_trim(buf_view(&out)));
    bool is_lost = out.failed || !terms->p;
    buf_free(&out);
    return is_lost ? CRM_NOMEM : CRM_OK;
}
