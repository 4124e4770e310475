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

void buf_json(buf *b, crm_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t from = 0, i = 0; /* [from, i) is copied as it stands */
    buf_char(b, '"');
    while (i < s.n) {
        size_t len = is_plain(p[i]) ? 1
                     : p[i] < 0x80  ? 0
                                    : text_sequence((crm_str){s.p + i, s.n - i});
        if (len) {
            i += len;
            continue;
        }
        buf_add(b, p + from, i - from);
        if (p[i] < 0x80) {
            escape(b, p[i]);
        } else {
            buf_z(b, "\xEF\xBF\xBD");
        }
        from = ++i;
    }
    buf_add(b, p + from, i - from);
    buf_char(b, '"');
}

void jw_init(json_writer *w, buf *b)
{
    *w = (json_writer){.b = b};
}

static void before_value(json_writer *w)
{
    /* The document itself is one value and needs no bit; level 1 has bit 0. */
    uint32_t bit = w->depth ? 1u << (w->depth - 1) : 0;
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->has_item & bit) {
        buf_char(w->b, ',');
    }
    w->has_item |= bit;
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
    jw_key(w, (crm_str){key, strlen(key)});
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
