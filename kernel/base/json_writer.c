/* json_writer.c - JSON text appended straight to a buffer: strings, and documents by calls. */
#include "base/buf.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

#define DEPTH_MAX 32u

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Whether the eight bytes at `p` are all plain: each test leaves the high bit of a byte that is
 * not, and through a borrow perhaps of one above it, which costs no more than a closer look. */
static bool are_plain8(const char *p)
{
    const uint64_t each = 0x0101010101010101u;
    uint64_t w;
    memcpy(&w, p, 8);
    uint64_t quote = (w ^ each * '"') - each, backslash = (w ^ each * '\\') - each;
    return !((w | (w - each * 0x20) | quote | backslash) & each * 0x80);
}

/* Whether the eight bytes at `p` are four characters of U+0400 to U+07FF, Cyrillic among them: each
 * 1101xxxx 10xxxxxx. */
static bool are_cyrillic4(const char *p)
{
    static const unsigned char mask[8] = {0xF0, 0xC0, 0xF0, 0xC0, 0xF0, 0xC0, 0xF0, 0xC0};
    static const unsigned char form[8] = {0xD0, 0x80, 0xD0, 0x80, 0xD0, 0x80, 0xD0, 0x80};
    uint64_t w, m, f;
    memcpy(&w, p, 8);
    memcpy(&m, mask, 8);
    memcpy(&f, form, 8);
    return (w & m) == f;
}

static bool is_beyond_ascii(crm_str s, size_t i, size_t *len)
{
    bool is = i < s.n && (unsigned char)s.p[i] >= 0x80;
    *len = is ? text_sequence((crm_str){s.p + i, s.n - i}) : 0;
    return *len != 0;
}

/* How much of `s` from its beginning on stands as it is. */
static size_t plain_run(crm_str s)
{
    size_t i = 0, from, len;
    do {
        from = i;
        while (s.n - i >= 8 && are_plain8(s.p + i)) {
            i += 8;
        }
        while (i < s.n && is_plain((unsigned char)s.p[i])) {
            i++;
        }
        while (s.n - i >= 8 && are_cyrillic4(s.p + i)) {
            i += 8;
        }
        while (is_beyond_ascii(s, i, &len)) {
            i += len;
        }
    } while (i > from && i < s.n);
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
