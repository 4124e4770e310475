/* text_fold.c - text as it is compared and searched: sort keys and full-text terms. */
#include "base/text.h"

#include <libstemmer.h>
#include <pthread.h>
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

/* ---- terms ----------------------------------------------------------------------------------- */

typedef struct stemmers {
    struct sb_stemmer *ru, *en;
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

/* What the characters of a word are; a word of mixed scripts or with digits has no stem. */
enum { HAS_CYRILLIC = 1, HAS_LATIN = 2, HAS_OTHER = 4 };

static unsigned script_of(int32_t c)
{
    if (c >= 0x400 && c < 0x530) {
        return HAS_CYRILLIC;
    }
    bool is_latin = (c >= 'a' && c <= 'z') || (c >= 0xDF && c < 0x250);
    return is_latin ? HAS_LATIN : HAS_OTHER;
}

static bool is_word(int32_t c)
{
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

typedef struct term_writer {
    buf out;
    stemmers *stems;
} term_writer;

static void add_term(term_writer *w, crm_str word)
{
    if (w->out.n) {
        buf_char(&w->out, ' ');
    }
    buf_str(&w->out, word);
}

static void add_stem(term_writer *w, crm_str word, unsigned scripts)
{
    struct sb_stemmer *stemmer = scripts == HAS_CYRILLIC ? w->stems->ru
                                 : scripts == HAS_LATIN  ? w->stems->en
                                                         : NULL;
    if (!stemmer || text_length(word) < 2) {
        return;
    }
    const sb_symbol *stem = sb_stemmer_stem(stemmer, (const sb_symbol *)word.p, (int)word.n);
    if (!stem) {
        w->out.failed = true;
        return;
    }
    add_term(w, CRM_S("="));
    buf_add(&w->out, stem, (size_t)sb_stemmer_length(stemmer));
}

static void add_parts(term_writer *w, crm_str run)
{
    crm_str part;
    while (str_split(&run, '-', &part)) {
        unsigned scripts = 0;
        for (crm_str rest = part; rest.n;) {
            scripts |= script_of(take(&rest));
        }
        add_term(w, part);
        add_stem(w, part, scripts);
    }
}

/* Takes the next run of words joined by single hyphens off *s into `to`, with ё→е. */
static crm_str take_run(crm_str *s, char *to)
{
    size_t n = 0;
    while (s->n) {
        crm_str before = *s;
        int32_t c = take(s);
        bool is_joint = c == '-' && n > 0 && to[n - 1] != '-';
        if (!is_word(c) && !is_joint) {
            if (n) {
                *s = before;
                break;
            }
            continue;
        }
        n += put(to + n, c == IO ? IE : c);
    }
    n -= n > 0 && to[n - 1] == '-';
    return (crm_str){to, n};
}

crm_status text_terms(arena *a, crm_str s, crm_str *terms)
{
    crm_str rest;
    crm_status st = fold(a, s, &rest);
    if (st != CRM_OK) {
        return st;
    }
    char *run_text = arena_alloc(a, rest.n + 1);
    term_writer w = {.stems = own_stemmers()};
    if (!run_text || !w.stems) {
        return CRM_NOMEM;
    }
    buf_init(&w.out, 0);
    while (rest.n) {
        crm_str run = take_run(&rest, run_text);
        if (run.n && str_find(run, '-') >= 0) {
            add_term(&w, run);
        }
        if (run.n) {
            add_parts(&w, run);
        }
    }
    *terms = w.out.failed ? (crm_str){0} : arena_dup(a, buf_view(&w.out));
    buf_free(&w.out);
    return terms->p ? CRM_OK : CRM_NOMEM;
}
