/*
 * json_plain.c - JSON as programs write it, straight into jansson's values: a request that is a few
 * short texts costs a third of what jansson takes to read it.
 *
 * What it gives is what jansson would. Whatever is out of the ordinary (\u, fractions, numbers of
 * 16 digits, a key given twice, any fault) it leaves to jansson, which also names the fault.
 */
#include "base/json_plain.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/text.h"

#define DIGITS_MAX 15

typedef struct reader {
    crm_str rest;
    buf unescaped; /* of a text that holds escapes */
} reader;

static char peek(const reader *r)
{
    return r->rest.n ? r->rest.p[0] : 0;
}

static void skip(reader *r, size_t n)
{
    r->rest.p += n;
    r->rest.n -= n;
}

static void skip_blanks(reader *r)
{
    for (char c = peek(r); c == ' ' || c == '\n' || c == '\t' || c == '\r'; c = peek(r)) {
        skip(r, 1);
    }
}

/* Takes `c` and the blanks on both of its sides. */
static bool takes(reader *r, char c)
{
    skip_blanks(r);
    if (peek(r) != c) {
        return false;
    }
    skip(r, 1);
    skip_blanks(r);
    return true;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* Up to the quotation mark or backslash that it stands on then; false: something else ends it. */
static bool read_run(reader *r, crm_str *run)
{
    run->p = r->rest.p;
    size_t len = 1;
    while (r->rest.n && len && peek(r) != '"' && peek(r) != '\\') {
        len = (unsigned char)peek(r) < 0x20 ? 0 : text_sequence(r->rest);
        skip(r, len);
    }
    run->n = (size_t)(r->rest.p - run->p);
    return r->rest.n && len;
}

/* The character that `\` and `c` stand for; 0: that takes more than these. */
static char unescaped(char c)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at = c ? strchr(from, c) : NULL;
    return at ? to[at - from] : 0;
}

static bool read_escaped(reader *r, crm_str *run)
{
    buf_clear(&r->unescaped);
    do {
        buf_str(&r->unescaped, *run);
        if (peek(r) == '"') {
            *run = buf_view(&r->unescaped);
            return !r->unescaped.failed;
        }
        char c = r->rest.n > 1 ? unescaped(r->rest.p[1]) : 0;
        if (!c) {
            return false;
        }
        buf_char(&r->unescaped, c);
        skip(r, 2);
    } while (read_run(r, run));
    return false;
}

/* The text is good until the next one is read. */
static bool read_text(reader *r, crm_str *out)
{
    if (peek(r) != '"') {
        return false;
    }
    skip(r, 1);
    if (!read_run(r, out) || (peek(r) == '\\' && !read_escaped(r, out))) {
        return false;
    }
    skip(r, 1);
    return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

static json_t *read_value(reader *r);

static json_t *read_string(reader *r)
{
    crm_str s;
    return read_text(r, &s) ? json_stringn_nocheck(s.p, s.n) : NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static json_t *read_integer(reader *r)
{
    bool is_negative = peek(r) == '-';
    json_int_t v = 0;
    skip(r, is_negative);
    size_t n = 0;
    while (n < r->rest.n && n <= DIGITS_MAX && is_digit(r->rest.p[n])) {
        v = v * 10 + (r->rest.p[n++] - '0');
    }
    bool is_good = n > 0 && n <= DIGITS_MAX && (n == 1 || peek(r) != '0');
    skip(r, n);
    char next = peek(r);
    is_good = is_good && next != '.' && next != 'e' && next != 'E';
    return is_good ? json_integer(is_negative ? -v : v) : NULL;
}

static json_t *read_word(reader *r)
{
    static const struct {
        crm_str word;
        json_type type;
    } words[] = {{{"null", 4}, JSON_NULL}, {{"true", 4}, JSON_TRUE}, {{"false", 5}, JSON_FALSE}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (str_starts(r->rest, words[i].word)) {
            skip(r, words[i].word.n);
            return words[i].type == JSON_NULL ? json_null()
                                              : json_boolean(words[i].type == JSON_TRUE);
        }
    }
    return NULL;
}

/* Adds the member and takes the value; false: it is there already, or memory is out. */
static bool add_member(json_t *object, crm_str key, json_t *v)
{
    if (v && json_object_getn(object, key.p, key.n)) {
        json_decref(v);
        return false;
    }
    return v && json_object_setn_new_nocheck(object, key.p, key.n, v) == 0;
}

/* jansson copies keys; they are never longer in programs. */
#define KEY_MAX 64

static bool read_member(reader *r, json_t *object)
{
    crm_str s;
    char key[KEY_MAX];
    if (!read_text(r, &s) || s.n > sizeof key || !s.n) {
        return false;
    }
    memcpy(key, s.p, s.n);
    return takes(r, ':') && add_member(object, (crm_str){key, s.n}, read_value(r));
}

static json_t *read_object(reader *r)
{
    json_t *object = json_object();
    bool is_good = object && takes(r, '{');
    if (is_good && takes(r, '}')) {
        return object;
    }
    do {
        is_good = is_good && read_member(r, object);
    } while (is_good && takes(r, ','));
    if (!is_good || !takes(r, '}')) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *read_array(reader *r)
{
    json_t *array = json_array();
    bool is_good = array && takes(r, '[');
    if (is_good && takes(r, ']')) {
        return array;
    }
    do {
        is_good = is_good && json_array_append_new(array, read_value(r)) == 0;
    } while (is_good && takes(r, ','));
    if (!is_good || !takes(r, ']')) {
        json_decref(array);
        return NULL;
    }
    return array;
}

static json_t *read_value(reader *r)
{
    switch (peek(r)) {
    case '{':
        return read_object(r);
    case '[':
        return read_array(r);
    case '"':
        return read_string(r);
    default:
        return is_digit(peek(r)) || peek(r) == '-' ? read_integer(r) : read_word(r);
    }
}

json_t *json_read_plain(crm_str text)
{
    reader r = {.rest = text};
    buf_init(&r.unescaped, 0);
    skip_blanks(&r);
    json_t *v = read_value(&r);
    skip_blanks(&r);
    buf_free(&r.unescaped);
    if (v && r.rest.n) {
        json_decref(v);
        v = NULL;
    }
    return v;
}
