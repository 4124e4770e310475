/* charset.c - see charset.h. */
#include "base/charset.h"

#include <iconv.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"

#define REPLACEMENT "\xEF\xBF\xBD"

static const struct {
    const char *name, *alias;
} names[CHARSET_COUNT] = {
    [CHARSET_UTF8] = {"utf-8", "utf8"},         [CHARSET_CP1251] = {"windows-1251", "cp1251"},
    [CHARSET_CP866] = {"cp866", "ibm866"},      [CHARSET_KOI8R] = {"koi8-r", "koi8r"},
    [CHARSET_UTF16LE] = {"utf-16le", "utf-16"}, [CHARSET_UTF16BE] = {"utf-16be", "utf16be"},
};

crm_str charset_name(charset c)
{
    return str_of(names[c].name);
}

bool charset_find(crm_str name, charset *out)
{
    for (int i = 0; i < CHARSET_COUNT; i++) {
        if (str_eq_ascii_nocase(name, str_of(names[i].name)) ||
            str_eq_ascii_nocase(name, str_of(names[i].alias))) {
            *out = (charset)i;
            return true;
        }
    }
    return false;
}

/* ---- which one it is ------------------------------------------------------------------------- */

static bool find_mark(crm_str s, charset *out, size_t *mark)
{
    static const struct {
        crm_str bytes;
        charset c;
    } marks[] = {{{"\xEF\xBB\xBF", 3}, CHARSET_UTF8},
                 {{"\xFF\xFE", 2}, CHARSET_UTF16LE},
                 {{"\xFE\xFF", 2}, CHARSET_UTF16BE}};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (str_starts(s, marks[i].bytes)) {
            *out = marks[i].c;
            *mark = marks[i].bytes.n;
            return true;
        }
    }
    return false;
}

/* In UTF-16 the separators of a table have a zero on one side, always the same. */
static bool find_zeros(crm_str s, charset *out)
{
    size_t even = 0, odd = 0, n = s.n < 4096 ? s.n : 4096;
    for (size_t i = 0; i < n; i++) {
        even += i % 2 == 0 && !s.p[i];
        odd += i % 2 == 1 && !s.p[i];
    }
    *out = odd > even ? CHARSET_UTF16LE : CHARSET_UTF16BE;
    return (odd > even ? odd : even) > n / 16 && (odd > 4 * even || even > 4 * odd);
}

/* A few broken places do not make another encoding of it; only a tenth of what is not ASCII does.
 */
static bool is_mostly_utf8(crm_str s)
{
    size_t good = 0, bad = 0;
    while (s.n) {
        size_t n = (unsigned char)s.p[0] < 0x80 ? 1 : text_sequence(s);
        if (!n && s.n < 4) {
            break; /* cut by the sample's end */
        }
        good += n > 1;
        bad += !n;
        n = n ? n : 1;
        s = (crm_str){s.p + n, s.n - n};
    }
    return bad * 10 <= good;
}

/* The ten commonest small letters, "оеаинтсрвл", as each encoding writes them: eight letters of ten
 * in a Russian text are small, and half of those are these. */
static charset likeliest(crm_str s)
{
    static const struct {
        charset c;
        const char *letters;
    } common[] = {{CHARSET_CP1251, "\xEE\xE5\xE0\xE8\xED\xF2\xF1\xF0\xE2\xEB"},
                  {CHARSET_CP866, "\xAE\xA5\xA0\xA8\xAD\xE2\xE1\xE0\xA2\xAB"},
                  {CHARSET_KOI8R, "\xCF\xC5\xC1\xC9\xCE\xD4\xD3\xD2\xD7\xCC"}};
    size_t best = 0, at[256] = {0}, n = s.n < 65536 ? s.n : 65536;
    charset out = CHARSET_CP1251;
    for (size_t i = 0; i < n; i++) {
        at[(unsigned char)s.p[i]]++;
    }
    for (size_t i = 0; i < 3; i++) {
        size_t sum = 0;
        for (const char *l = common[i].letters; *l; l++) {
            sum += at[(unsigned char)*l];
        }
        if (sum > best) {
            best = sum;
            out = common[i].c;
        }
    }
    return out;
}

charset charset_guess(crm_str sample, size_t *mark)
{
    charset c;
    *mark = 0;
    if (find_mark(sample, &c, mark) || find_zeros(sample, &c)) {
        return c;
    }
    return is_mostly_utf8(sample) ? CHARSET_UTF8 : likeliest(sample);
}

/* ---- decoding -------------------------------------------------------------------------------- */

static uint16_t code_of(const char *utf8)
{
    const unsigned char *u = (const unsigned char *)utf8;
    if (u[0] < 0xE0) {
        return (uint16_t)((u[0] & 0x1F) << 6 | (u[1] & 0x3F));
    }
    return (uint16_t)((u[0] & 0x0F) << 12 | (u[1] & 0x3F) << 6 | (u[2] & 0x3F));
}

static crm_status read_table(charset_decoder *d)
{
    iconv_t system = iconv_open("UTF-8", names[d->from].alias);
    if (system == (iconv_t)-1) {
        return CRM_UNAVAILABLE;
    }
    for (int i = 0; i < 128; i++) {
        char byte = (char)(0x80 + i), *in = &byte, *out = d->high[i];
        size_t in_left = 1, out_left = sizeof d->high[i] - 1;
        if (iconv(system, &in, &in_left, &out, &out_left) == (size_t)-1) {
            d->high[i][0] = 0; /* no character has this byte */
            iconv(system, NULL, NULL, NULL, NULL);
        }
        d->codes[i] = d->high[i][0] ? code_of(d->high[i]) : 0;
    }
    iconv_close(system);
    return CRM_OK;
}

crm_status charset_open(charset_decoder *d, charset from)
{
    *d = (charset_decoder){.from = from};
    bool has_table = from == CHARSET_CP1251 || from == CHARSET_CP866 || from == CHARSET_KOI8R;
    return has_table ? read_table(d) : CRM_OK;
}

static void put_bad(charset_decoder *d, buf *out)
{
    d->bad++;
    buf_add(out, REPLACEMENT, 3);
}

static void decode_bytes(charset_decoder *d, crm_str s, buf *out)
{
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x80) {
            continue;
        }
        buf_add(out, s.p + from, i - from);
        from = i + 1;
        if (d->high[c - 0x80][0]) {
            buf_z(out, d->high[c - 0x80]);
        } else {
            put_bad(d, out);
        }
    }
    buf_add(out, s.p + from, s.n - from);
}

/* Whether more bytes could make a character of these. */
static bool may_grow(crm_str s)
{
    unsigned char c = (unsigned char)s.p[0];
    size_t needs = c >= 0xF0 && c < 0xF5 ? 4 : c >= 0xE0 ? 3 : c >= 0xC2 ? 2 : 0;
    if (c >= 0xF5 || s.n >= needs) {
        return false;
    }
    for (size_t i = 1; i < s.n; i++) {
        if (((unsigned char)s.p[i] & 0xC0) != 0x80) {
            return false;
        }
    }
    return true;
}

/* Returns how many bytes were taken; the rest is a character that goes on. */
static size_t decode_utf8(charset_decoder *d, crm_str s, bool is_last, buf *out)
{
    size_t i = 0, from = 0;
    while (i < s.n) {
        crm_str rest = {s.p + i, s.n - i};
        size_t n = (unsigned char)s.p[i] < 0x80 ? 1 : text_sequence(rest);
        if (n) {
            i += n;
            continue;
        }
        buf_add(out, s.p + from, i - from);
        if (!is_last && may_grow(rest)) {
            return i;
        }
        put_bad(d, out);
        from = ++i;
    }
    buf_add(out, s.p + from, i - from);
    return s.n;
}

static void put_code(buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_char(out, (char)c);
    } else if (c < 0x800) {
        buf_char(out, (char)(0xC0 | c >> 6));
        buf_char(out, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        buf_char(out, (char)(0xE0 | c >> 12));
        buf_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
        buf_char(out, (char)(0x80 | (c & 0x3F)));
    } else {
        buf_char(out, (char)(0xF0 | c >> 18));
        buf_char(out, (char)(0x80 | (c >> 12 & 0x3F)));
        buf_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
        buf_char(out, (char)(0x80 | (c & 0x3F)));
    }
}

static uint32_t unit_at(const charset_decoder *d, crm_str s, size_t i)
{
    unsigned a = (unsigned char)s.p[i], b = (unsigned char)s.p[i + 1];
    return d->from == CHARSET_UTF16LE ? a | b << 8 : a << 8 | b;
}

/* RFC 2781 §2.2: a unit, or two of them for what lies beyond the first plane. */
static size_t decode_utf16(charset_decoder *d, crm_str s, bool is_last, buf *out)
{
    size_t i = 0;
    while (i + 2 <= s.n) {
        uint32_t c = unit_at(d, s, i);
        bool is_high = c >= 0xD800 && c < 0xDC00, has_low = i + 4 <= s.n;
        uint32_t low = has_low ? unit_at(d, s, i + 2) : 0;
        if (is_high && !has_low && !is_last) {
            return i;
        }
        if (is_high && low >= 0xDC00 && low < 0xE000) {
            put_code(out, 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00));
            i += 4;
            continue;
        }
        if (c >= 0xD800 && c < 0xE000) {
            put_bad(d, out);
        } else {
            put_code(out, c);
        }
        i += 2;
    }
    if (is_last && i < s.n) {
        put_bad(d, out);
        return s.n;
    }
    return i;
}

static size_t decode_some(charset_decoder *d, crm_str s, bool is_last, buf *out)
{
    switch (d->from) {
    case CHARSET_UTF8:
        return decode_utf8(d, s, is_last, out);
    case CHARSET_UTF16LE:
    case CHARSET_UTF16BE:
        return decode_utf16(d, s, is_last, out);
    default:
        decode_bytes(d, s, out);
        return s.n;
    }
}

/* What was kept is completed byte by byte: a character has four at most. */
static crm_str complete_kept(charset_decoder *d, crm_str s, bool is_last, buf *out)
{
    while (d->kept_n && s.n) {
        d->kept[d->kept_n++] = s.p[0];
        s = (crm_str){s.p + 1, s.n - 1};
        size_t taken = decode_some(d, (crm_str){d->kept, d->kept_n}, is_last && !s.n, out);
        d->kept_n = (uint8_t)(d->kept_n - taken);
        memmove(d->kept, d->kept + taken, d->kept_n);
    }
    return s;
}

void charset_decode(charset_decoder *d, crm_str bytes, bool is_last, buf *out)
{
    bytes = complete_kept(d, bytes, is_last, out);
    size_t taken = bytes.n ? decode_some(d, bytes, is_last, out) : 0;
    if (taken < bytes.n) {
        d->kept_n = (uint8_t)(bytes.n - taken);
        memcpy(d->kept, bytes.p + taken, d->kept_n);
    } else if (is_last && d->kept_n) {
        decode_some(d, (crm_str){d->kept, d->kept_n}, true, out);
        d->kept_n = 0;
    }
}

/* ---- encoding -------------------------------------------------------------------------------- */

static char byte_of(const charset_decoder *d, crm_str sequence)
{
    uint16_t code = sequence.n < 4 ? code_of(sequence.p) : 0;
    for (int i = 0; i < 128 && code; i++) {
        if (d->codes[i] == code) {
            return (char)(0x80 + i);
        }
    }
    return 0;
}

void charset_encode(const charset_decoder *d, crm_str text, buf *out, uint64_t *lost)
{
    while (text.n) {
        size_t n = (unsigned char)text.p[0] < 0x80 ? 1 : text_sequence(text);
        n = n ? n : 1;
        char c = n == 1 ? text.p[0] : byte_of(d, (crm_str){text.p, n});
        bool is_lost = n > 1 && !c;
        buf_char(out, is_lost ? '?' : c);
        *lost += is_lost;
        text = (crm_str){text.p + n, text.n - n};
    }
}
