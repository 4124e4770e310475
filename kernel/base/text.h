/*
 * text.h - what the product knows of human text: UTF-8, folding for sort and search, nearest name.
 * Unicode work is libutf8proc, stemming is libstemmer (Snowball).
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <crm/crm.h>

#include "base/arena.h"
#include "base/buf.h"

bool text_is_utf8(crm_str s);
/* The general case of text_sequence. */
size_t text_sequence_any(crm_str s);
/* Bytes of the well-formed sequence `s` begins with (Unicode table 3-7), or 0. `s` is not empty. */
static inline size_t text_sequence(crm_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    if (p[0] < 0x80) {
        return 1;
    }
    bool is_two = p[0] >= 0xC2 && p[0] < 0xE0 && s.n > 1 && (p[1] & 0xC0) == 0x80;
    return is_two ? 2 : text_sequence_any(s);
}
/* Valid UTF-8, NFC, without control characters but \n and \t; INVALID when it is not UTF-8. */
CRM_MUST_CHECK crm_status text_clean(arena *a, crm_str s, crm_str *out);
/* Characters, not bytes; `s` is valid UTF-8. */
size_t text_length(crm_str s);
/*
 * The binary key by which text is compared and sorted on every engine: NFC, case folded, ё beside е
 * (after it when all else is equal), runs of white space as one and none at the ends. memcmp over
 * keys is the order. The key of a beginning is the beginning of the key, unless it holds ё.
 */
CRM_MUST_CHECK crm_status text_sort_key(arena *a, crm_str s, crm_str *key);

/*
 * Full-text terms of `s`, separated by spaces: each word folded with ё→е, followed by its Russian
 * or English stem prefixed with '='. Words joined by '-' give the whole first, then the parts.
 * Words with digits and words of one letter have no stem. The same function makes terms and query
 * words; a query word matches by itself or by its stem.
 */
CRM_MUST_CHECK crm_status text_terms(arena *a, crm_str s, crm_str *terms);

/* The candidate nearest to `word` within an edit distance of a third of its length, or {NULL,0}. */
crm_str text_nearest(crm_str word, const crm_str *candidates, size_t count);

/* The plural form of a whole number: "one", "few", "many" or "other" (CLDR) for "ru" and "en". */
const char *text_plural(const char *lang, int64_t n);

#endif
