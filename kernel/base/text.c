/* text.c - UTF-8, cleaning, length, the nearest name and plural forms. */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/str.h"
#include "base/text_plain.h"

/* ---- UTF-8 ----------------------------------------------------------------------------------- */

static size_t length_by_first(unsigned char c)
{
    if (c < 0x80) {
        return 1;
    }
    if (c < 0xC2) {
        return 0; /* a continuation byte, or an overlong form */
    }
    return c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
}

size_t text_sequence_any(crm_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    unsigned char c = p[0];
    size_t len = length_by_first(c);
    if (len < 2) {
        return len;
    }
    unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (len > s.n || p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return len;
}

bool text_is_utf8(crm_str s)
{
    while (s.n) {
        size_t len = text_sequence(s);
        if (!len) {
            return false;
        }
        s.p += len;
        s.n -= len;
    }
    return true;
}

crm_str text_cut(crm_str s, size_t most)
{
    size_t n = s.n < most ? s.n : most;
    while (n && n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80) {
        n--;
    }
    return (crm_str){s.p, n};
}

size_t text_length(crm_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    }
    return n;
}

/* ---- cleaning -------------------------------------------------------------------------------- */

/*
 * What turns the direction of the text around it and is not seen itself: U+202A..202E are E2 80
 * AA..AE, U+2066..2069 are E2 81 A6..A9 (UAX #9, 2.1 to 2.5).
 */
static size_t turning(crm_str s)
{
    if (s.n < 3 || (unsigned char)s.p[0] != 0xE2) {
        return 0;
    }
    unsigned char b = (unsigned char)s.p[1], c = (unsigned char)s.p[2];
    bool is = (b == 0x80 && c >= 0xAA && c <= 0xAE) || (b == 0x81 && c >= 0xA6 && c <= 0xA9);
    return is ? 3 : 0;
}

/* C0 but \n and \t, DEL, C1, whose two bytes are C2 80..9F, and what turns directions. */
static size_t control(crm_str s)
{
    unsigned char c = (unsigned char)s.p[0];
    if (c == 0xE2) {
        return turning(s);
    }
    if (c < 0x20 || c == 0x7F) {
        return c != '\n' && c != '\t';
    }
    return c == 0xC2 && s.n > 1 && (unsigned char)s.p[1] < 0xA0 ? 2 : 0;
}

/*
 * Bytes of the character at the front when nothing but a mark behind it could change its normal
 * form (NFC): the plain ones, no-break space, «», § and the like (U+00A0..00BF), dashes and
 * quotation marks (U+2010..2027), №. 0: it takes the tables.
 */
static size_t composed(crm_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t len;
    if (text_plain(s, 0, &len)) {
        return len;
    }
    if (p[0] == 0xC2 && s.n > 1) {
        return 2;
    }
    bool is_mark =
        s.n > 2 && p[0] == 0xE2 &&
        ((p[1] == 0x80 && p[2] >= 0x90 && p[2] <= 0xA7) || (p[1] == 0x84 && p[2] == 0x96));
    return is_mark ? 3 : 0;
}

/* Copies valid UTF-8 without control characters; tells whether all of it is composed. */
static crm_str drop_controls(char *to, crm_str s, bool *is_composed)
{
    size_t n = 0;
    *is_composed = true;
    while (s.n) {
        size_t skip = control(s);
        if (!skip) {
            size_t len = composed(s);
            *is_composed = *is_composed && len;
            skip = len ? len : 1;
            memcpy(to + n, s.p, skip);
            n += skip;
        }
        s.p += skip;
        s.n -= skip;
    }
    return (crm_str){to, n};
}

crm_status text_clean(arena *a, crm_str s, crm_str *out)
{
    if (!text_is_utf8(s)) {
        return CRM_INVALID;
    }
    char *copy = arena_alloc(a, s.n + 1);
    if (!copy) {
        return CRM_NOMEM;
    }
    bool is_composed;
    *out = drop_controls(copy, s, &is_composed);
    if (is_composed) {
        return CRM_OK;
    }
    utf8proc_uint8_t *nfc = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)out->p, (utf8proc_ssize_t)out->n,
                                      &nfc, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (n < 0) {
        return n == UTF8PROC_ERROR_NOMEM ? CRM_NOMEM : CRM_INVALID;
    }
    *out = arena_dup(a, (crm_str){(const char *)nfc, (size_t)n});
    free(nfc);
    return out->p ? CRM_OK : CRM_NOMEM;
}

/* ---- the nearest name ------------------------------------------------------------------------ */

#define WORD_MAX 64

/* The characters of `s` in lower case; at most WORD_MAX, or 0 when it is longer or ill-formed. */
static int letters_of(crm_str s, int32_t out[WORD_MAX])
{
    int n = 0;
    while (s.n) {
        utf8proc_int32_t c;
        utf8proc_ssize_t len =
            utf8proc_iterate((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n, &c);
        if (len <= 0 || n == WORD_MAX) {
            return 0;
        }
        out[n++] = utf8proc_tolower(c);
        s.p += len;
        s.n -= (size_t)len;
    }
    return n;
}

static int min3(int a, int b, int c)
{
    int m = a < b ? a : b;
    return m < c ? m : c;
}

/* Edit distance where swapping two neighbours counts once ("optimal string alignment"). */
static int distance(const int32_t *a, int na, const int32_t *b, int nb)
{
    int rows[3][WORD_MAX + 1]; /* of i-2, i-1 and i, taken round */
    for (int j = 0; j <= nb; j++) {
        rows[0][j] = j;
    }
    for (int i = 1; i <= na; i++) {
        const int *above = rows[(i - 1) % 3], *above2 = rows[(i + 1) % 3];
        int *row = rows[i % 3];
        row[0] = i;
        for (int j = 1; j <= nb; j++) {
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (is_swap && above2[j - 2] + 1 < row[j]) {
                row[j] = above2[j - 2] + 1;
            }
        }
    }
    return rows[na % 3][nb];
}

int text_distance(crm_str x, crm_str y, int most)
{
    int32_t a[WORD_MAX], b[WORD_MAX];
    int na = letters_of(x, a), nb = letters_of(y, b);
    if ((!na && x.n) || (!nb && y.n) || na - nb > most || nb - na > most) {
        return most + 1;
    }
    int d = distance(a, na, b, nb);
    return d > most ? most + 1 : d;
}

crm_str text_nearest(crm_str word, const crm_str *candidates, size_t count)
{
    int32_t a[WORD_MAX], b[WORD_MAX];
    crm_str nearest = {0};
    int na = letters_of(word, a);
    int best = na / 3 + 1;
    for (size_t i = 0; na && i < count; i++) {
        int nb = letters_of(candidates[i], b);
        int d = nb ? distance(a, na, b, nb) : best;
        if (d < best) {
            best = d;
            nearest = candidates[i];
        }
    }
    return nearest;
}

/* ---- percent encoding ------------------------------------------------------------------------ */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

crm_str text_unescape(arena *a, crm_str s)
{
    char *p = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; p && i < s.n; i++) {
        int high = -1, low = -1;
        if (s.p[i] == '%' && i + 2 < s.n) {
            high = hex_digit(s.p[i + 1]);
            low = hex_digit(s.p[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            p[n++] = (char)(high << 4 | low);
            i += 2;
        } else {
            p[n++] = s.p[i] == '+' ? ' ' : s.p[i];
        }
    }
    return p ? (crm_str){p, n} : (crm_str){0};
}

/* ---- plurals --------------------------------------------------------------------------------- */

static const char *plural_ru(uint64_t n)
{
    uint64_t ten = n % 10, hundred = n % 100;
    if (ten == 1 && hundred != 11) {
        return "one";
    }
    return ten >= 2 && ten <= 4 && (hundred < 12 || hundred > 14) ? "few" : "many";
}

const char *text_plural(const char *lang, int64_t n)
{
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    if (strncmp(lang, "ru", 2) == 0) {
        return plural_ru(u);
    }
    return u == 1 && strncmp(lang, "en", 2) == 0 ? "one" : "other";
}
