/* str.c - helpers over borrowed strings. Any thread. */
#include "base/str.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool str_starts(crm_str s, crm_str prefix)
{
    return s.n >= prefix.n && str_eq((crm_str){s.p, prefix.n}, prefix);
}

bool str_ends(crm_str s, crm_str suffix)
{
    return s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + (s.n - suffix.n), suffix.p, suffix.n) == 0);
}

bool str_eq_ascii_nocase(crm_str a, crm_str b)
{
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i])) {
            return false;
        }
    }
    return true;
}

int str_cmp(crm_str a, crm_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c == 0) {
        c = (a.n > b.n) - (a.n < b.n);
    }
    return (c > 0) - (c < 0);
}

crm_str str_trim(crm_str s)
{
    while (s.n && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_space(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

bool str_split(crm_str *rest, char sep, crm_str *part)
{
    if (!rest->p) {
        return false;
    }
    ptrdiff_t at = str_find(*rest, sep);
    if (at < 0) {
        *part = *rest;
        *rest = (crm_str){0}; /* an empty last part must not be found twice */
        return true;
    }
    *part = (crm_str){rest->p, (size_t)at};
    rest->p += at + 1;
    rest->n -= (size_t)at + 1;
    return true;
}

ptrdiff_t str_find(crm_str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? at - s.p : -1;
}

crm_status str_to_u64(crm_str s, uint64_t *out)
{
    uint64_t v = 0;
    if (s.n == 0) {
        return CRM_INVALID;
    }
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';
        if (digit > 9 || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)digit, &v)) {
            return CRM_INVALID;
        }
    }
    *out = v;
    return CRM_OK;
}

crm_str str_from_i64(int64_t v, char room[STR_I64_MAX])
{
    size_t at = STR_I64_MAX;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        room[--at] = (char)('0' + u % 10);
        u /= 10;
    } while (u);
    if (v < 0) {
        room[--at] = '-';
    }
    return (crm_str){room + at, STR_I64_MAX - at};
}

crm_status str_to_i64(crm_str s, int64_t *out)
{
    bool minus = s.n && s.p[0] == '-';
    if (minus) {
        s.p++;
        s.n--;
    }
    uint64_t v = 0;
    crm_status st = str_to_u64(s, &v);
    if (st != CRM_OK) {
        return st;
    }
    if (v > (uint64_t)INT64_MAX + (minus ? 1 : 0)) {
        return CRM_INVALID;
    }
    /* 0 - v wraps to the two's complement, which also holds INT64_MIN. */
    *out = (int64_t)(minus ? 0 - v : v);
    return CRM_OK;
}

uint64_t str_hash(crm_str s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.n; i++) {
        h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
    }
    return h;
}
