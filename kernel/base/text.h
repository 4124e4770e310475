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
/* The bytes of a part of a query or form: "%D0%98+1" (WHATWG URL, section 5). What is no escape stands
 * as it is. {NULL,0} when memory is out. */
crm_str text_unescape(arena *a, crm_str s);
/* Characters, not bytes; `s` is valid UTF-8. */
size_t text_length(crm_str s);
/* At most so many bytes of its beginning, whole characters; `s` is valid UTF-8. */
crm_str text_cut(crm_str s, size_t most);
/*
 * The binary key by which text is compared and sorted on every engine: NFC, case folded, ё beside е
 * (after it when all else is equal), runs of white space as one and none at the ends. memcmp over
 * keys is the order. The key of a beginning is the beginning of the key, unless it holds ё.
 */
CRM_MUST_CHECK crm_status text_sort_key(arena *a, crm_str s, crm_str *key);
/* Whether the keys of both are the same; mostly without making them. What is no UTF-8 is itself alone. */
bool text_same(crm_str x, crm_str y);

/* Letter by letter in lower case, nothing else changed. INVALID when it is not UTF-8. */
CRM_MUST_CHECK crm_status text_lower(arena *a, crm_str s, crm_str *out);

/* ---- words ----------------------------------------------------------------------------------- */

#define TEXT_WORD_MAX 256 /* bytes of a folded word; a longer one is taken as several */

/* A word of a text as it is searched: case folded, composed, ё→е. */
typedef struct text_word {
    crm_str text;    /* in the scan, until its next word is taken */
    size_t from, to; /* the bytes of the source it stands in */
    uint32_t run;    /* words of one run, joined by marks, share its number: 0, 1, … */
    bool is_joined;  /* several parts and the marks between them; the parts follow */
} text_word;

/*
 * The words of a text in order. A run joined by '-' gives the whole first, then its parts; an e-mail
 * address ('.', '_', '+' join as well) gives the whole, then "@domain", then its parts. A number that
 * begins with zeroes comes again without them. `text` is valid UTF-8 and stays while it is scanned.
 */
typedef struct text_scan {
    crm_str source;
    size_t at; /* how far it was read */
    char run[TEXT_WORD_MAX + 16];
    uint32_t places[TEXT_WORD_MAX + 17]; /* the source byte of each byte of `run`, and its end */
    size_t run_size;
    uint32_t run_number;
    struct text_piece {
        uint16_t from, to;
        bool is_joined;
    } pieces[TEXT_WORD_MAX + 16];
    uint32_t piece_count, piece_next;
} text_scan;
void text_scan_init(text_scan *s, crm_str text);
bool text_scan_next(text_scan *s, text_word *out);
/* Where in the source the first `n` bytes of the word just given end; a character counts whole. */
size_t text_scan_end(const text_scan *s, const text_word *w, size_t n);

/*
 * The Russian or English stem of a folded word, or the word itself when it has none: a word of one
 * letter, with digits or of mixed scripts. Lives until the thread's next call. {NULL,0}: no memory.
 */
crm_str text_stem(crm_str word);
/* Full-text terms of `s`, separated by spaces: each word and, when it differs, its stem. */
CRM_MUST_CHECK crm_status text_terms(arena *a, crm_str s, crm_str *terms);

/*
 * `s` as if it had been typed with the other keyboard layout, Russian for English and back: "bdfyjd"
 * is "иванов", "руддщ" is "hello". {NULL,0} when it holds letters of both or of neither.
 */
CRM_MUST_CHECK crm_status text_swap_layout(arena *a, crm_str s, crm_str *out);

/* How many edits (letters added, left out, changed, two neighbours swapped) lead from one to the
 * other; more than `most`, or texts beyond 64 characters: most + 1. */
int text_distance(crm_str x, crm_str y, int most);

/*
 * A walk through words in the order of their bytes that passes over those too far from `wanted`. After
 * text_near_init (false: `wanted` is empty or too long) look up the first word, and after each word the
 * first one not less than *next; {NULL,0} ends the walk.
 */
#define TEXT_NEAR_LETTERS 36
typedef struct text_near {
    int edits, wanted_count;
    int32_t wanted[TEXT_NEAR_LETTERS], here[TEXT_NEAR_LETTERS];
    uint8_t rows[TEXT_NEAR_LETTERS + 1][TEXT_NEAR_LETTERS + 1];
    char next[TEXT_NEAR_LETTERS * 4 + 8];
} text_near;
bool text_near_init(text_near *w, crm_str wanted, int edits);
/* The edits between the two words, or more than `edits`. A word too long ends the walk. */
int text_near_judge(text_near *w, crm_str word, crm_str *next);

/* The candidate nearest to `word` within an edit distance of a third of its length, or {NULL,0}. */
crm_str text_nearest(crm_str word, const crm_str *candidates, size_t count);

/* The plural form of a whole number: "one", "few", "many" or "other" (CLDR) for "ru" and "en". */
const char *text_plural(const char *lang, int64_t n);

#endif
