/* json_writer.c - JSON text appended straight to a buffer: strings, and documents by calls. */
#include "base/buf.h"

#include <assert.h>
#include <endian.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/text.h"

#define DEPTH_MAX 32u

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#define EACH   UINT64_C(0x0101010101010101)
#define TOP    (EACH * 0x80)
#define BLANKS (EACH * ' ')

static uint64_t word_at(const char *p)
{
    uint64_t w;
    memcpy(&w, p, 8);
    return le64toh(w);
}

/*
 * How many of the eight bytes of `w` stand as they are: 8, or 7 when the last begins a character,
 * or 0, and then somebody looks closer. Known here are plain ASCII and characters of two bytes,
 * Latin beyond ASCII and Cyrillic among them. In each mask the high bit of a byte speaks of that
 * byte.
 */
static inline size_t plain_word(uint64_t w)
{
    uint64_t low = w & ~TOP, high = w & TOP;
    uint64_t quote = low ^ EACH * '"', backslash = low ^ EACH * '\\';
    uint64_t plain = (low + EACH * 0x60) & (quote + EACH * 0x7F) & (backslash + EACH * 0x7F);
    uint64_t begun = w << 1 & high, longer = w << 2 & begun;
    uint64_t wide = ((w & EACH * 0x1E) + EACH * 0x7E) & begun; /* C0 and C1 begin nothing */
    bool is_known = ((plain | high) & TOP) == TOP && !longer && wide == begun;
    return is_known && (high & ~begun) == begun << 8 ? 8 - (begun >> 63) : 0;
}

/* Whether what is left of a text behind its first `i` bytes, less than a word, stands as it is. */
static bool is_plain_end(crm_str s, size_t i)
{
    unsigned left = (unsigned)(s.n - i) * 8;
    return left < 64 && s.n >= 8 &&
           plain_word(word_at(s.p + s.n - 8) >> (64 - left) | BLANKS << left) == 8;
}

static bool is_beyond_ascii(crm_str s, size_t i, size_t *len)
{
    bool is = (unsigned char)s.p[i] >= 0x80;
    *len = is ? text_sequence((crm_str){s.p + i, s.n - i}) : 0;
    return *len != 0;
}

#ifdef __SSE2__
#define BLOCK 16u

/* Of a block, the first byte lowest: what stands alone, begins a pair, and ends one. */
typedef struct kinds {
    unsigned alone, begun, ended;
} kinds;

static inline kinds kinds_of(const char *p)
{
    __m128i b = _mm_loadu_si128((const __m128i *)p);
    /* Compared with their signs: what is beyond ASCII is below zero. */
    __m128i low = _mm_cmplt_epi8(b, _mm_set1_epi8(' '));
    __m128i marks =
        _mm_or_si128(_mm_cmpeq_epi8(b, _mm_set1_epi8('"')), _mm_cmpeq_epi8(b, _mm_set1_epi8('\\')));
    __m128i begun = _mm_and_si128(_mm_cmpgt_epi8(b, _mm_set1_epi8((char)0xC1)),
                                  _mm_cmplt_epi8(b, _mm_set1_epi8((char)0xE0)));
    __m128i ended = _mm_cmplt_epi8(b, _mm_set1_epi8((char)0xC0));
    return (kinds){.alone = ~(unsigned)_mm_movemask_epi8(_mm_or_si128(low, marks)),
                   .begun = (unsigned)_mm_movemask_epi8(begun),
                   .ended = (unsigned)_mm_movemask_epi8(ended)};
}

/* Whether the first `n` of the block stand as they are, behind a byte that began a pair or none. */
static inline bool are_plain(kinds k, unsigned n, unsigned is_open)
{
    unsigned all = (1u << n) - 1;
    bool are_known = ((k.alone | k.begun | k.ended) & all) == all;
    return are_known && ((k.begun << 1 | is_open) & all) == (k.ended & all);
}

/* How much of `s` from its beginning on stands as it is, as far as blocks tell: never half a pair.
 */
static size_t plain_blocks(crm_str s)
{
    size_t i = 0;
    unsigned is_open = 0;
    for (; s.n - i >= BLOCK; i += BLOCK) {
        kinds k = kinds_of(s.p + i);
        if (!are_plain(k, BLOCK, is_open)) {
            return i - is_open;
        }
        is_open = k.begun >> (BLOCK - 1);
    }
    unsigned left = (unsigned)(s.n - i);
    if (!left || s.n < BLOCK) {
        return i - is_open;
    }
    kinds k = kinds_of(s.p + s.n - BLOCK);
    k = (kinds){k.alone >> (BLOCK - left), k.begun >> (BLOCK - left), k.ended >> (BLOCK - left)};
    return are_plain(k, left, is_open) && !(k.begun >> (left - 1) & 1) ? s.n : i - is_open;
}
#else
static size_t plain_blocks(crm_str s)
{
    (void)s;
    return 0; /* the words tell it */
}
#endif

/* How much of `s` from its beginning on stands as it is. */
static size_t plain_run(crm_str s)
{
    size_t i = plain_blocks(s), took;
    while (i < s.n) {
        bool is_word = s.n - i >= 8 && (took = plain_word(word_at(s.p + i))) != 0;
        if (!is_word && is_plain_end(s, i)) {
            return s.n;
        }
        if (!is_word && is_plain((unsigned char)s.p[i])) {
            took = 1;
        } else if (!is_word && !is_beyond_ascii(s, i, &took)) {
            break;
        }
        i += took;
    }
    return i;
}

static void escape(buf *b, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char shorts[] = "b\bf\fn\nr\rt\t\"\"\\\\";
    for (size_t i = 0; i + 1 < sizeof shorts; i += 2) {
        if ((unsigned char)shorts[i + 1] == c) {
            buf_add(b, (char[]){'\\', shorts[i]}, 2);
            return;
        }
    }
    buf_add(b, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

/* Quoted as it stands: nearly every text. */
static void add_plain(buf *b, crm_str s)
{
    char *to = buf_room(b, s.n + 2);
    if (!to) {
        return;
    }
    to[0] = '"';
    if (s.n) {
        memcpy(to + 1, s.p, s.n);
    }
    to[s.n + 1] = '"';
    b->n += s.n + 2;
}

void buf_json(buf *b, crm_str s)
{
    size_t run = plain_run(s);
    if (run == s.n) {
        add_plain(b, s);
        return;
    }
    buf_char(b, '"');
    for (; s.n; run = plain_run(s)) {
        buf_add(b, s.p, run);
        if (run == s.n) {
            break;
        }
        unsigned char c = (unsigned char)s.p[run];
        if (c < 0x80) {
            escape(b, c);
        } else {
            buf_z(b, "\xEF\xBF\xBD");
        }
        s.p += run + 1;
        s.n -= run + 1;
    }
    buf_char(b, '"');
}

void jw_init(json_writer *w, buf *b)
{
    *w = (json_writer){.b = b};
}

/* Whether a comma parts what comes now from what came before on its level. */
static inline bool takes_comma(json_writer *w)
{
    /* The document itself is one value and needs no bit; level 1 has bit 0. */
    uint32_t bit = w->depth ? 1u << (w->depth - 1) : 0;
    if (w->after_key) {
        w->after_key = false;
        return false;
    }
    bool is_next = (w->has_item & bit) != 0;
    w->has_item |= bit;
    return is_next;
}

static inline void before_value(json_writer *w)
{
    if (takes_comma(w)) {
        buf_char(w->b, ',');
    }
}

static void begin(json_writer *w, char c)
{
    before_value(w);
    if (w->depth == DEPTH_MAX) {
        w->b->failed = true;
        return;
    }
    w->has_item &= ~(1u << w->depth);
    w->depth++;
    buf_char(w->b, c);
}

static void end(json_writer *w, char c)
{
    assert(w->depth > 0 && !w->after_key);
    if (w->depth > 0) {
        w->depth--;
    }
    buf_char(w->b, c);
}

void jw_object(json_writer *w)
{
    begin(w, '{');
}

void jw_array(json_writer *w)
{
    begin(w, '[');
}

void jw_end_object(json_writer *w)
{
    end(w, '}');
}

void jw_end_array(json_writer *w)
{
    end(w, ']');
}

void jw_key(json_writer *w, crm_str key)
{
    assert(!w->after_key);
    before_value(w);
    buf_json(w->b, key);
    buf_char(w->b, ':');
    w->after_key = true;
}

void jw_name(json_writer *w, crm_str name)
{
    assert(!w->after_key && plain_run(name) == name.n);
    size_t comma = takes_comma(w) ? 1 : 0;
    char *to = buf_room(w->b, comma + name.n + 3);
    if (to) {
        to[0] = ',';
        to[comma] = '"';
        memcpy(to + comma + 1, name.p, name.n);
        memcpy(to + comma + 1 + name.n, "\":", 2);
        w->b->n += comma + name.n + 3;
    }
    w->after_key = true;
}

void jw_str(json_writer *w, crm_str s)
{
    before_value(w);
    buf_json(w->b, s);
}

void jw_int(json_writer *w, int64_t v)
{
    before_value(w);
    buf_int(w->b, v);
}

void jw_bool(json_writer *w, bool v)
{
    before_value(w);
    buf_z(w->b, v ? "true" : "false");
}

void jw_null(json_writer *w)
{
    before_value(w);
    buf_z(w->b, "null");
}

void jw_raw(json_writer *w, crm_str json)
{
    before_value(w);
    buf_str(w->b, json);
}

static void key_z(json_writer *w, const char *key)
{
    jw_name(w, (crm_str){key, strlen(key)});
}

void jw_kstr(json_writer *w, const char *key, crm_str s)
{
    key_z(w, key);
    jw_str(w, s);
}

void jw_kint(json_writer *w, const char *key, int64_t v)
{
    key_z(w, key);
    jw_int(w, v);
}

void jw_kbool(json_writer *w, const char *key, bool v)
{
    key_z(w, key);
    jw_bool(w, v);
}

void jw_kobject(json_writer *w, const char *key)
{
    key_z(w, key);
    jw_object(w);
}

void jw_karray(json_writer *w, const char *key)
{
    key_z(w, key);
    jw_array(w);
}
