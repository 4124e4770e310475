/* text_fold.c - text as it is compared and sorted: keys. */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/str.h"
#include "base/text_plain.h"

/* NFC, case folded, without soft hyphens and other marks nobody sees. In the arena. */
static crm_status fold(arena *a, crm_str s, crm_str *out)
{
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t n =
        utf8proc_map((const utf8proc_uint8_t *)(s.n ? s.p : ""), (utf8proc_ssize_t)s.n, &folded,
                     UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    if (n < 0) {
        return n == UTF8PROC_ERROR_NOMEM ? CRM_NOMEM : CRM_INVALID;
    }
    *out = arena_dup(a, (crm_str){(const char *)folded, (size_t)n});
    free(folded);
    return out->p ? CRM_OK : CRM_NOMEM;
}

/* The character at the front of *s, which is taken off. `s` is valid: fold has made it. */
static int32_t take(crm_str *s)
{
    utf8proc_int32_t c = 0;
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)s->p, (utf8proc_ssize_t)s->n, &c);
    size_t len = n > 0 ? (size_t)n : 1;
    s->p += len;
    s->n -= len;
    return c;
}

static size_t put(char *at, int32_t c)
{
    return c < 0x800 ? text_plain_put(at, c)
                     : (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)at);
}

static utf8proc_int32_t lower(utf8proc_int32_t c, void *unused)
{
    (void)unused;
    return utf8proc_tolower(c);
}

/* False: it holds a character that takes the tables. `out` has room for as many bytes. */
static bool lower_plain(crm_str s, char *out)
{
    size_t len, n = 0;
    for (size_t at = 0; at < s.n; at += len) {
        int32_t c = text_plain_lower(text_plain(s, at, &len));
        if (!c) {
            return false;
        }
        n += put(out + n, c);
    }
    return true;
}

crm_status text_lower(arena *a, crm_str s, crm_str *out)
{
    utf8proc_uint8_t *made = NULL;
    char *plain = arena_alloc(a, s.n + 1);
    if (!plain) {
        return CRM_NOMEM;
    }
    if (lower_plain(s, plain)) {
        *out = (crm_str){plain, s.n}; /* no letter of these takes other bytes in lower case */
        return CRM_OK;
    }
    utf8proc_ssize_t n =
        utf8proc_map_custom((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n, &made,
                            UTF8PROC_STABLE | UTF8PROC_COMPOSE, lower, NULL);
    if (n < 0) {
        return n == UTF8PROC_ERROR_NOMEM ? CRM_NOMEM : CRM_INVALID;
    }
    *out = arena_dup(a, (crm_str){(const char *)made, (size_t)n});
    free(made);
    return out->p ? CRM_OK : CRM_NOMEM;
}

/* ---- sort keys ------------------------------------------------------------------------------- */

/* White space and controls: the key holds no byte below 0x20 except after its 0. */
static bool is_space(int32_t c)
{
    if (c < 0x80) {
        return c <= ' ' || c == 0x7F;
    }
    utf8proc_category_t k = utf8proc_category(c);
    return k == UTF8PROC_CATEGORY_ZS || k == UTF8PROC_CATEGORY_ZL || k == UTF8PROC_CATEGORY_ZP ||
           k == UTF8PROC_CATEGORY_CC;
}

/* A key in the making: its characters, and behind them room for the marks of е and ё. */
typedef struct making {
    char *out, *ties;
    size_t n, tie, ties_used;
    bool is_gap;
} making;

static bool making_begin(arena *a, size_t n, making *m)
{
    *m = (making){.out = arena_alloc(a, n * 2 + 2), .ties = arena_alloc(a, n + 1)};
    return m->out && m->ties;
}

static inline void making_add(making *m, int32_t c)
{
    if (is_space(c)) {
        m->is_gap = m->n > 0;
        return;
    }
    if (m->is_gap) {
        m->out[m->n++] = ' ';
        m->is_gap = false;
    }
    if (c == TEXT_IE || c == TEXT_IO) {
        m->ties[m->tie++] = c == TEXT_IO ? 2 : 1;
        m->ties_used = c == TEXT_IO ? m->tie : m->ties_used;
        c = TEXT_IE;
    }
    if (c < 0x80) {
        m->out[m->n++] = (char)c;
    } else {
        m->n += put(m->out + m->n, c);
    }
}

static crm_str making_end(making *m)
{
    if (m->ties_used) {
        m->out[m->n++] = 0;
        memcpy(m->out + m->n, m->ties, m->ties_used);
        m->n += m->ties_used;
    }
    return (crm_str){m->out, m->n};
}

/* False: it holds a character that takes the tables. */
static bool make_plain(crm_str s, making *m)
{
    size_t len;
    for (size_t at = 0; at < s.n; at += len) {
        int32_t c = text_plain(s, at, &len), lower = text_plain_lower(c);
        if (!lower) {
            return false;
        }
        making_add(m, lower);
    }
    return true;
}

/* The text with е for ё, then, when there was a ё, 0 and one byte for each е (1) and ё (2) up to
 * the last ё: equal but for these letters, е comes first at the first place that differs. */
crm_status text_sort_key(arena *a, crm_str s, crm_str *key)
{
    making m;
    crm_str rest;
    if (!making_begin(a, s.n, &m)) {
        return CRM_NOMEM;
    }
    if (make_plain(s, &m)) {
        *key = making_end(&m);
        return CRM_OK;
    }
    crm_status st = fold(a, s, &rest);
    if (st != CRM_OK || !making_begin(a, rest.n, &m)) {
        return st ? st : CRM_NOMEM;
    }
    while (rest.n) {
        making_add(&m, take(&rest));
    }
    *key = making_end(&m);
    return CRM_OK;
}

/* ---- the same text --------------------------------------------------------------------------- */

typedef enum sameness { IS_SAME, IS_OTHER, IS_UNKNOWN } sameness;

/* Where a text is being read: `c` is the folded character before `at`, 0 at the end, -1 when it
 * takes the tables. */
typedef struct reading {
    crm_str text;
    size_t at;
    int32_t c;
    bool begins; /* nothing but space was read */
} reading;

static int32_t next_plain(reading *r)
{
    size_t len;
    if (r->at >= r->text.n) {
        return 0;
    }
    int32_t lower = text_plain_lower(text_plain(r->text, r->at, &len));
    r->at += len;
    return lower ? lower : -1;
}

/* As making_add has it: space counts once, and at neither end. */
static void read_plain(reading *r)
{
    int32_t c = next_plain(r);
    bool is_gap = false;
    while (c > 0 && is_space(c)) {
        is_gap = true;
        c = next_plain(r);
    }
    if (c > 0 && is_gap && !r->begins) {
        r->at -= c < 0x80 ? 1 : 2;
        c = ' ';
    }
    r->begins = false;
    r->c = c;
}

/* Whether what follows cannot change the character just read. */
static bool is_settled(const reading *r)
{
    size_t len;
    return r->at >= r->text.n || text_plain(r->text, r->at, &len) != 0;
}

static sameness compare_plain(crm_str x, crm_str y)
{
    reading a = {.text = x, .begins = true}, b = {.text = y, .begins = true};
    do {
        read_plain(&a);
        read_plain(&b);
        if (a.c < 0 || b.c < 0) {
            return IS_UNKNOWN;
        }
        if (a.c != b.c) {
            return is_settled(&a) && is_settled(&b) ? IS_OTHER : IS_UNKNOWN;
        }
    } while (a.c);
    return IS_SAME;
}

bool text_same(crm_str x, crm_str y)
{
    crm_str kx, ky;
    sameness plain = compare_plain(x, y);
    if (plain != IS_UNKNOWN) {
        return plain == IS_SAME;
    }
    arena *a = arena_new(0);
    bool has_keys = a && text_sort_key(a, x, &kx) == CRM_OK && text_sort_key(a, y, &ky) == CRM_OK;
    bool is_same = has_keys ? str_eq(kx, ky) : str_eq(x, y);
    arena_free(a);
    return is_same;
}
