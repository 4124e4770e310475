/* text_fold.c - text as it is compared and sorted: keys. */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/str.h"

#define IE 0x435 /* е */
#define IO 0x451 /* ё */

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
    return (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)at);
}

/* ---- sort keys ------------------------------------------------------------------------------- */

/* White space and controls: the key holds no byte below 0x20 except after its 0. */
static bool is_space(int32_t c)
{
    utf8proc_category_t k = utf8proc_category(c);
    return k == UTF8PROC_CATEGORY_ZS || k == UTF8PROC_CATEGORY_ZL || k == UTF8PROC_CATEGORY_ZP ||
           k == UTF8PROC_CATEGORY_CC;
}

/* The text with е for ё, then, when there was a ё, 0 and one byte for each е (1) and ё (2) up to
 * the last ё: equal but for these letters, е comes first at the first place that differs. */
crm_status text_sort_key(arena *a, crm_str s, crm_str *key)
{
    crm_str rest;
    crm_status st = fold(a, s, &rest);
    if (st != CRM_OK) {
        return st;
    }
    char *out = arena_alloc(a, rest.n + 1), *ties = arena_alloc(a, rest.n + 1);
    char *whole = arena_alloc(a, rest.n * 2 + 2);
    if (!out || !ties || !whole) {
        return CRM_NOMEM;
    }
    size_t n = 0, tie = 0, ties_used = 0;
    bool is_gap = false;
    while (rest.n) {
        int32_t c = take(&rest);
        if (is_space(c)) {
            is_gap = n > 0;
            continue;
        }
        if (is_gap) {
            out[n++] = ' ';
            is_gap = false;
        }
        if (c == IE || c == IO) {
            ties[tie++] = c == IO ? 2 : 1;
            ties_used = c == IO ? tie : ties_used;
            c = IE;
        }
        n += put(out + n, c);
    }
    memcpy(whole, out, n);
    if (ties_used) {
        memcpy(whole + n + 1, ties, ties_used);
        n += 1 + ties_used;
    }
    *key = (crm_str){whole, n};
    return CRM_OK;
}
