/* phone.c - phones read, and taken apart (phone.h). */
#include "data/phone.h"

#include "base/text_plain.h"
#include "data/field.h"

#define E164_DIGITS_MAX 15
#define E164_DIGITS_MIN 8
#define WORD_MAX        32 /* bytes of a word before an extension */

static const crm_str stored_mark = {";ext=", 5};

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

/* ---- extensions ------------------------------------------------------------------------------ */

static crm_str from(crm_str s, size_t n)
{
    return (crm_str){s.p + n, s.n - n};
}

static size_t blanks(crm_str s)
{
    size_t n = 0, width = 1;
    while (n < s.n && width) {
        width = field_filler(from(s, n));
        n += width;
    }
    return n;
}

/* Its letters in lower case; how many bytes of `s` they are. */
static size_t take_word(crm_str s, char lower[WORD_MAX], size_t *length)
{
    size_t at = 0, width;
    *length = 0;
    while (at < s.n && *length + 2 <= WORD_MAX) {
        int32_t c = text_plain_lower(text_plain(s, at, &width));
        if (!(c >= 'a' && c <= 'z') && c < TEXT_A_LOWER) {
            break;
        }
        *length += text_plain_put(lower + *length, c);
        at += width;
    }
    return at;
}

/* Bytes of the word that an extension begins with and of the point behind it; or 0. */
static size_t extension_word(crm_str s)
{
    static const char *const words[] = {
        "доб",        "добав", "добавочный", "вн",        "внутр",
        "внутренний", "ext",   "x",          "extension", "х", /* Cyrillic */
    };
    char lower[WORD_MAX];
    size_t length, n = take_word(s, lower, &length);
    for (size_t i = 0; n && i < sizeof words / sizeof words[0]; i++) {
        if (str_is((crm_str){lower, length}, words[i])) {
            return n + (n < s.n && (s.p[n] == '.' || s.p[n] == ':'));
        }
    }
    return 0;
}

/* The same of any mark; a comma may stand before a word. */
static size_t extension_mark(crm_str s)
{
    if (str_starts(s, stored_mark)) {
        return stored_mark.n;
    }
    if (!s.n || s.p[0] != ',') {
        return s.n && s.p[0] == '#' ? 1 : extension_word(s);
    }
    size_t at = 1 + blanks(from(s, 1));
    size_t word = extension_word(from(s, at));
    return word ? at + word : 1;
}

size_t phone_extension_span(crm_str s, crm_str *digits)
{
    size_t at = blanks(s);
    size_t is_enclosed = at < s.n && s.p[at] == '(';
    at += is_enclosed;
    size_t mark = extension_mark(from(s, at));
    at += mark;
    at += blanks(from(s, at));
    size_t first = at;
    while (at < s.n && is_digit(s.p[at])) {
        at++;
    }
    *digits = (crm_str){s.p + first, at - first};
    bool is_closed = !is_enclosed || (at < s.n && s.p[at] == ')');
    bool is_good = mark && is_closed && digits->n > 0 && digits->n <= PHONE_EXTENSION_MAX;
    return is_good ? at + is_enclosed : 0;
}

/* Where the extension of a stored phone begins, or its end. */
static size_t number_end(crm_str stored)
{
    ptrdiff_t at = stored.n && stored.p[0] == '+' ? str_find(stored, ';') : -1;
    return at >= 0 && str_starts(from(stored, (size_t)at), stored_mark) ? (size_t)at : stored.n;
}

crm_str phone_number(crm_str stored)
{
    return (crm_str){stored.p, number_end(stored)};
}

crm_str phone_extension(crm_str stored)
{
    size_t end = number_end(stored);
    return end < stored.n ? from(stored, end + stored_mark.n) : (crm_str){0};
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct parts {
    char digits[E164_DIGITS_MAX + 2];
    size_t count;
    crm_str extension;
} parts;

/* What follows the number is an extension, and nothing behind it. */
static bool take_extension(crm_str s, parts *out)
{
    crm_str digits;
    size_t n = phone_extension_span(s, &digits);
    bool is_good = n && n + blanks(from(s, n)) == s.n;
    out->extension = is_good ? digits : out->extension;
    return is_good;
}

/* False when something else stands among the digits. */
static bool gather(crm_str s, parts *out)
{
    while (s.n) {
        if (is_digit(s.p[0])) {
            if (out->count > E164_DIGITS_MAX) {
                return false;
            }
            out->digits[out->count++] = s.p[0];
            s = from(s, 1);
            continue;
        }
        if (out->count && take_extension(s, out)) {
            return true;
        }
        size_t skip = phone_separator(s);
        if (!skip) {
            return false;
        }
        s = from(s, skip);
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

/* `code` and the digits from `first` on. */
static crm_status give(arena *a, const parts *p, const char *code, size_t first, crm_str *out)
{
    *out = arena_fmt(a, "+%s%.*s%.*s%.*s", code, (int)(p->count - first), p->digits + first,
                     p->extension.n ? (int)stored_mark.n : 0, stored_mark.p, STR_FMT(p->extension));
    return out->p ? CRM_OK : CRM_NOMEM;
}

crm_status phone_normalise(arena *a, crm_str text, crm_str *stored)
{
    parts p = {.count = 0, .extension = {"", 0}};
    const char *d = p.digits;
    text = str_trim(text);
    text = str_starts(text, CRM_S("tel:")) ? from(text, 4) : text;
    bool has_plus = text.n && text.p[0] == '+';
    if (!gather(from(text, has_plus), &p)) {
        return CRM_INVALID;
    }
    size_t n = p.count;
    bool is_russian = n == 11 && (d[0] == '7' || (d[0] == '8' && !has_plus));
    if (is_russian) {
        return d[1] < '3' ? CRM_INVALID : give(a, &p, "7", 1, stored);
    }
    if (!has_plus && n == 10 && is_area(d)) {
        return give(a, &p, "7", 0, stored);
    }
    /* 8-10 is how one dials abroad from Russia. */
    if (!has_plus && n > 11 && d[0] == '8' && d[1] == '1' && d[2] == '0') {
        return n - 3 < E164_DIGITS_MIN ? CRM_INVALID : give(a, &p, "", 3, stored);
    }
    bool is_plain = has_plus && n >= E164_DIGITS_MIN && n <= E164_DIGITS_MAX;
    return is_plain && d[0] != '0' && d[0] != '7' ? give(a, &p, "", 0, stored) : CRM_INVALID;
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
        number = phone_number(number);
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
