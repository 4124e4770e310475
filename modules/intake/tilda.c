/*
 * tilda.c - what Tilda's webhook sends besides the fields of a form: cookies, with the marks of the
 * advertisement in one of them (TILDAUTM=utm_source=yandex|||utm_medium=cpc, escaped).
 */
#include "intake.h"

#define COOKIE "TILDAUTM="

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* How many bytes the character at the beginning has; 0: it is none, or one that no text has. */
static size_t character(crm_str s)
{
    unsigned char first = (unsigned char)s.p[0];
    size_t n = first < 0x80 ? 1 : first >= 0xC2 && first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (first < ' ' || first == 0x7f || (first >= 0x80 && first < 0xC2) || first > 0xF4 ||
        n > s.n) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)s.p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    unsigned char second = n > 2 ? (unsigned char)s.p[1] : 0x90;
    bool is_bad = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                  (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
    return is_bad ? 0 : n;
}

/* Anybody may send such a cookie: what is no text, once its escapes are read, stays escaped. */
static bool is_text(crm_str s)
{
    while (s.n) {
        size_t n = character(s);
        if (!n) {
            return false;
        }
        s = (crm_str){s.p + n, s.n - n};
    }
    return true;
}

/* Read of its escapes; the call's. */
static crm_str unescape(crm_ctx *c, crm_str s)
{
    char *p = crm_alloc(c, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; p && i < s.n; i++) {
        int high = s.p[i] == '%' && i + 2 < s.n ? digit_of(s.p[i + 1]) : -1;
        int low = high >= 0 ? digit_of(s.p[i + 2]) : -1;
        p[n++] = low >= 0 ? (char)(high << 4 | low) : s.p[i];
        i += low >= 0 ? 2 : 0;
    }
    return p && is_text((crm_str){p, n}) ? (crm_str){p, n} : s;
}

static crm_str cookie_of(crm_str all)
{
    for (size_t i = 0; i + sizeof COOKIE - 1 <= all.n; i++) {
        if (memcmp(all.p + i, COOKIE, sizeof COOKIE - 1) == 0) {
            crm_str rest = {all.p + i + sizeof COOKIE - 1, all.n - i - (sizeof COOKIE - 1)};
            const char *end = rest.n ? memchr(rest.p, ';', rest.n) : NULL;
            return (crm_str){rest.p, end ? (size_t)(end - rest.p) : rest.n};
        }
    }
    return (crm_str){0};
}

/* The next of "a=b|||c=d". */
static bool next_mark(crm_str *rest, crm_str *key, crm_str *text)
{
    while (rest->n && rest->p[0] == '|') {
        *rest = (crm_str){rest->p + 1, rest->n - 1};
    }
    const char *end = rest->n ? memchr(rest->p, '|', rest->n) : NULL;
    crm_str one = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
    const char *equals = one.n ? memchr(one.p, '=', one.n) : NULL;
    if (!one.n) {
        return false;
    }
    *rest = (crm_str){one.p + one.n, rest->n - one.n};
    *key = (crm_str){one.p, equals ? (size_t)(equals - one.p) : one.n};
    *text = equals ? (crm_str){equals + 1, one.n - key->n - 1} : (crm_str){0};
    return true;
}

crm_status take_marks(crm_ctx *c, crm_status (*take)(void *arg, crm_str key, crm_str text),
                      void *arg)
{
    crm_str rest = unescape(c, cookie_of(crm_body_text(c, "COOKIES"))), key, text = {0};
    crm_status s = CRM_OK;
    while (s == CRM_OK && next_mark(&rest, &key, &text)) {
        bool is_mark = key.n > 4 && memcmp(key.p, "utm_", 4) == 0 && text.n &&
                       !crm_body_text(c, crm_fmt(c, "%.*s", (int)key.n, key.p).p).n;
        s = is_mark ? take(arg, key, text) : CRM_OK;
    }
    return s;
}
