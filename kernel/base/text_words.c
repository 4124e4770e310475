/* text_words.c - the words of a text as they are searched, with the places they stand in. */
#include "base/text.h"

#include <libstemmer.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/str.h"
#include "base/text_plain.h"

/* ---- characters ------------------------------------------------------------------------------ */

/* The character at `at`, which is not the end; its bytes in *len. */
static int32_t peek(crm_str s, size_t at, size_t *len)
{
    utf8proc_int32_t c = text_plain(s, at, len);
    if (c) {
        return c;
    }
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)s.p + at, (utf8proc_ssize_t)(s.n - at), &c);
    *len = n > 0 ? (size_t)n : 1;
    return n > 0 ? c : 0xFFFD;
}

static bool is_word(int32_t c)
{
    if (c < 0x80) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
    if (c >= 0x400 && c < 0x460) {
        return true;
    }
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

/* What belongs to the character before it: accents, soft hyphens and other marks nobody sees. */
static bool is_attached(int32_t c)
{
    utf8proc_category_t k = utf8proc_category(c);
    return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_MC || k == UTF8PROC_CATEGORY_ME ||
           utf8proc_get_property(c)->ignorable;
}

/* Where the character whose own bytes end at `at` ends with what is attached to it. */
static size_t cluster_end(crm_str s, size_t at)
{
    size_t len;
    while (at < s.n && !text_plain(s, at, &len) && is_attached(peek(s, at, &len))) {
        at += len;
    }
    return at;
}

/* ---- folding --------------------------------------------------------------------------------- */

/* 0 when it takes the tables. */
static int32_t fold_plain(int32_t c)
{
    int32_t lower = text_plain_lower(c);
    return lower == TEXT_IO ? TEXT_IE : lower;
}

static size_t put(char *at, int32_t c)
{
    return c < 0x800 ? text_plain_put(at, c)
                     : (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)at);
}

/* Folds one character with what is attached to it into at most `room` bytes; 0: it is too long. */
static size_t fold_by_tables(crm_str cluster, char *to, size_t room)
{
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t n =
        utf8proc_map((const utf8proc_uint8_t *)cluster.p, (utf8proc_ssize_t)cluster.n, &folded,
                     UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    crm_str rest = {(const char *)folded, n > 0 ? (size_t)n : 0};
    size_t used = 0, len;
    for (size_t at = 0; at < rest.n && rest.n <= room; at += len) {
        int32_t c = peek(rest, at, &len);
        used += put(to + used, c == TEXT_IO ? TEXT_IE : c);
    }
    free(folded);
    return used;
}

static size_t fold_cluster(crm_str cluster, int32_t c, char *to, size_t room)
{
    int32_t plain = cluster.n <= 2 ? fold_plain(c) : 0;
    size_t own = c < 0x80 ? 1 : 2;
    if (plain && own == cluster.n && room >= 2) {
        return put(to, plain);
    }
    return fold_by_tables(cluster, to, room);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static bool is_joint(char c)
{
    return c == '-' || c == '.' || c == '_' || c == '@' || c == '+';
}

static bool joins(const text_scan *s, int32_t c)
{
    bool follows = s->run_size && !is_joint(s->run[s->run_size - 1]);
    return c == '@' ? follows || !s->run_size : c < 0x80 && is_joint((char)c) && follows;
}

static bool append(text_scan *s, crm_str cluster, int32_t c)
{
    size_t n = fold_cluster(cluster, c, s->run + s->run_size, TEXT_WORD_MAX - s->run_size);
    for (size_t i = 0; i < n; i++) {
        s->places[s->run_size + i] = (uint32_t)s->at;
    }
    s->run_size += n;
    return n > 0;
}

/* Takes a plain letter or digit that nothing is attached to; false: it takes more than that. */
static bool append_plain(text_scan *s)
{
    size_t len, next;
    int32_t c = text_plain(s->source, s->at, &len);
    int32_t folded = c && is_word(c) ? fold_plain(c) : 0;
    size_t end = s->at + len;
    bool is_alone = end >= s->source.n || text_plain(s->source, end, &next);
    if (!folded || !is_alone || s->run_size + 2 > TEXT_WORD_MAX) {
        return false;
    }
    size_t n = text_plain_put(s->run + s->run_size, folded);
    for (size_t i = 0; i < n; i++) {
        s->places[s->run_size + i] = (uint32_t)s->at;
    }
    s->run_size += n;
    s->at = end;
    return true;
}

/* Takes the next run of words and the marks between them; false at the end of the text. */
static bool take_run(text_scan *s)
{
    size_t len;
    s->run_size = 0;
    while (s->at < s->source.n) {
        if (append_plain(s)) {
            continue;
        }
        int32_t c = peek(s->source, s->at, &len);
        size_t end = cluster_end(s->source, s->at + len);
        bool belongs = is_word(c) || joins(s, c);
        if (s->run_size && (!belongs || s->run_size + (end - s->at) > TEXT_WORD_MAX)) {
            break;
        }
        if (belongs && !append(s, (crm_str){s->source.p + s->at, end - s->at}, c) && s->run_size) {
            break;
        }
        s->at = end;
    }
    s->places[s->run_size] = (uint32_t)s->at;
    while (s->run_size && is_joint(s->run[s->run_size - 1])) {
        s->run_size--;
    }
    return s->run_size > 0;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static void add_piece(text_scan *s, size_t from, size_t to, bool is_joined)
{
    bool fits = s->piece_count < sizeof s->pieces / sizeof s->pieces[0];
    if (from < to && fits) {
        s->pieces[s->piece_count++] = (struct text_piece){(uint16_t)from, (uint16_t)to, is_joined};
    }
}

static void add_part(text_scan *s, size_t from, size_t to)
{
    size_t zeroes = from, digits = from;
    add_piece(s, from, to, false);
    while (digits < to && s->run[digits] >= '0' && s->run[digits] <= '9') {
        zeroes += zeroes == digits && s->run[digits] == '0';
        digits++;
    }
    if (digits == to && zeroes > from && zeroes < to) {
        add_piece(s, zeroes, to, false);
    }
}

static void add_parts(text_scan *s, size_t from, size_t to)
{
    for (size_t i = from; i <= to; i++) {
        if (i == to || is_joint(s->run[i])) {
            add_part(s, from, i);
            from = i + 1;
        }
    }
}

/* A run of '-' alone; what '.', '_' and '+' join outside an address is several. */
static void add_hyphened(text_scan *s, size_t from, size_t to)
{
    if (memchr(s->run + from, '-', to - from)) {
        add_piece(s, from, to, true);
    }
    add_parts(s, from, to);
}

static void cut_run(text_scan *s)
{
    size_t n = s->run_size, domain = n;
    s->piece_count = s->piece_next = 0;
    for (size_t i = 0; i < n; i++) {
        domain = s->run[i] == '@' ? i : domain;
    }
    if (domain < n) {
        add_piece(s, 0, n, true);
        add_piece(s, domain ? domain : n, n, true);
        add_parts(s, 0, n);
        return;
    }
    size_t from = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i == n || (is_joint(s->run[i]) && s->run[i] != '-')) {
            add_hyphened(s, from, i);
            from = i + 1;
        }
    }
}

void text_scan_init(text_scan *s, crm_str text)
{
    s->source = text;
    s->at = 0;
    s->run_size = 0;
    s->run_number = 0;
    s->piece_count = s->piece_next = 0;
}

bool text_scan_next(text_scan *s, text_word *out)
{
    while (s->piece_next == s->piece_count) {
        s->run_number += s->piece_count > 0;
        s->piece_count = s->piece_next = 0;
        if (!take_run(s)) {
            if (s->at >= s->source.n) {
                return false;
            }
            continue;
        }
        cut_run(s);
    }
    struct text_piece p = s->pieces[s->piece_next++];
    *out = (text_word){.text = {s->run + p.from, (size_t)(p.to - p.from)},
                       .from = s->places[p.from],
                       .run = s->run_number,
                       .is_joined = p.is_joined};
    out->to = text_scan_end(s, out, out->text.n);
    return true;
}

size_t text_scan_end(const text_scan *s, const text_word *w, size_t n)
{
    size_t at = (size_t)(w->text.p - s->run) + n;
    while (n && at < s->run_size && s->places[at] == s->places[at - 1]) {
        at++; /* in the middle of what one character was folded to */
    }
    return s->places[at];
}

/* ---- stems ----------------------------------------------------------------------------------- */

#define STEM_BYTES   31  /* a longer word is stemmed each time */
#define STEMS_RECENT 512 /* a power of two */

/* The stem that a word was found to have. */
typedef struct recent_stem {
    uint8_t word_n, stem_n; /* word_n 0: none yet */
    char word[STEM_BYTES], stem[STEM_BYTES];
} recent_stem;

/* The same names and words come again and again, so what was stemmed lately is remembered. */
typedef struct stemmers {
    struct sb_stemmer *ru, *en;
    recent_stem recent[STEMS_RECENT];
} stemmers;

static pthread_key_t stemmers_key;

static void free_stemmers(void *p)
{
    stemmers *s = p;
    sb_stemmer_delete(s->ru);
    sb_stemmer_delete(s->en);
    free(s);
}

static void make_key(void)
{
    if (pthread_key_create(&stemmers_key, free_stemmers) != 0) {
        abort();
    }
}

/* A stemmer has a state, so each thread has its own pair. NULL when memory is out. */
static stemmers *own_stemmers(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_key);
    stemmers *s = pthread_getspecific(stemmers_key);
    if (s) {
        return s;
    }
    s = calloc(1, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->ru = sb_stemmer_new("russian", "UTF_8");
    s->en = sb_stemmer_new("english", "UTF_8");
    if (!s->ru || !s->en || pthread_setspecific(stemmers_key, s) != 0) {
        free_stemmers(s);
        return NULL;
    }
    return s;
}

enum { HAS_CYRILLIC = 1, HAS_LATIN = 2, HAS_OTHER = 4 };

static unsigned script_of(int32_t c)
{
    if (c >= 0x400 && c < 0x530) {
        return HAS_CYRILLIC;
    }
    bool is_latin = (c >= 'a' && c <= 'z') || (c >= 0xDF && c < 0x250);
    return is_latin ? HAS_LATIN : HAS_OTHER;
}

/* The stemmer for words of those letters; NULL: they have no stem. */
static struct sb_stemmer *stemmer_for(const stemmers *own, crm_str word)
{
    unsigned scripts = 0;
    size_t len, letters = 0;
    for (size_t at = 0; at < word.n; at += len, letters++) {
        scripts |= script_of(peek(word, at, &len));
    }
    if (letters < 2 || (scripts != HAS_CYRILLIC && scripts != HAS_LATIN)) {
        return NULL;
    }
    return scripts == HAS_CYRILLIC ? own->ru : own->en;
}

static recent_stem *recent_of(stemmers *own, crm_str word)
{
    return &own->recent[str_hash(word) % STEMS_RECENT];
}

static void remember(recent_stem *r, crm_str word, crm_str stem)
{
    if (word.n <= STEM_BYTES && stem.n <= STEM_BYTES) {
        memcpy(r->word, word.p, word.n);
        memcpy(r->stem, stem.p, stem.n);
        r->word_n = (uint8_t)word.n;
        r->stem_n = (uint8_t)stem.n;
    }
}

crm_str text_stem(crm_str word)
{
    stemmers *own = own_stemmers();
    if (!own) {
        return (crm_str){0};
    }
    recent_stem *r = recent_of(own, word);
    if (word.n && str_eq((crm_str){r->word, r->word_n}, word)) {
        return (crm_str){r->stem, r->stem_n};
    }
    struct sb_stemmer *by = stemmer_for(own, word);
    if (!by) {
        return word;
    }
    const sb_symbol *stem = sb_stemmer_stem(by, (const sb_symbol *)word.p, (int)word.n);
    if (!stem) {
        return (crm_str){0};
    }
    crm_str found = {(const char *)stem, (size_t)sb_stemmer_length(by)};
    remember(r, word, found);
    return found;
}

/* ---- terms ----------------------------------------------------------------------------------- */

static void add_term(buf *out, crm_str term)
{
    if (out->n) {
        buf_char(out, ' ');
    }
    buf_str(out, term);
}

static void add_word(buf *out, const text_word *w)
{
    add_term(out, w->text);
    if (w->is_joined) {
        return;
    }
    crm_str stem = text_stem(w->text);
    out->failed = out->failed || !stem.p;
    if (stem.n && !str_eq(stem, w->text)) {
        add_term(out, stem);
    }
}

crm_status text_terms(arena *a, crm_str s, crm_str *terms)
{
    if (!text_is_utf8(s)) {
        return CRM_INVALID;
    }
    text_scan scan;
    text_word w;
    buf out;
    buf_init(&out, 0);
    text_scan_init(&scan, s);
    while (!out.failed && text_scan_next(&scan, &w)) {
        add_word(&out, &w);
    }
    *terms = out.failed ? (crm_str){0} : arena_dup(a, buf_view(&out));
    buf_free(&out);
    return terms->p ? CRM_OK : CRM_NOMEM;
}
