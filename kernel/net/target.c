/* target.c - request targets, hosts and percent-decoding. Pure; any thread. */
#include "net/target.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

crm_status target_decode(arena *a, crm_str s, bool is_form, crm_str *out)
{
    char *p = arena_alloc(a, s.n + 1);
    if (!p) {
        return CRM_NOMEM;
    }
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            bool is_whole = s.n - i > 2;
            int high = is_whole ? hex_digit(s.p[i + 1]) : -1;
            int low = is_whole ? hex_digit(s.p[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return CRM_BAD_REQUEST;
            }
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && is_form) {
            c = ' ';
        }
        p[n++] = c;
    }
    *out = (crm_str){p, n};
    return CRM_OK;
}

/* Only what RFC 3986 lets stand in a target, plus the few bytes browsers leave bare in queries. */
static bool is_printable(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c >= 0x7f || c == '#') {
            return false;
        }
    }
    return true;
}

static bool has_dot_segment(crm_str path)
{
    const char *end = path.p + path.n, *at = path.p;
    while (at < end && (at = memchr(at, '.', (size_t)(end - at)))) {
        bool begins = at == path.p || at[-1] == '/';
        const char *after = at + (at + 1 < end && at[1] == '.' ? 2 : 1);
        if (begins && (after == end || *after == '/')) {
            return true;
        }
        at++;
    }
    return false;
}

static bool has_escaped_slash(crm_str raw)
{
    for (size_t i = 0; i + 2 < raw.n; i++) {
        if (raw.p[i] == '%' && raw.p[i + 1] == '2' && (raw.p[i + 2] | 0x20) == 'f') {
            return true;
        }
    }
    return false;
}

/* "http://host/path" becomes "/path" when it names the host of the Host header. */
static crm_status strip_authority(crm_str *target, crm_str host)
{
    crm_str scheme = {target->p, target->n < 8 ? target->n : 8};
    size_t skip = 0;
    if (scheme.n >= 7 && str_eq_ascii_nocase((crm_str){scheme.p, 7}, CRM_S("http://"))) {
        skip = 7;
    } else if (scheme.n == 8 && str_eq_ascii_nocase(scheme, CRM_S("https://"))) {
        skip = 8;
    } else {
        return CRM_BAD_REQUEST;
    }
    crm_str rest = {target->p + skip, target->n - skip};
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?') {
        end++;
    }
    crm_str authority = {rest.p, end};
    if (!str_eq_ascii_nocase(authority, host) || end == rest.n || rest.p[end] != '/') {
        return CRM_BAD_REQUEST;
    }
    *target = (crm_str){rest.p + end, rest.n - end};
    return CRM_OK;
}

crm_status target_parse(arena *a, crm_str target, crm_str host, crm_str *path, crm_str *query)
{
    if (!is_printable(target) || target.n == 0) {
        return CRM_BAD_REQUEST;
    }
    if (target.p[0] != '/') {
        crm_status s = strip_authority(&target, host);
        if (s != CRM_OK) {
            return s;
        }
    }
    ptrdiff_t mark = str_find(target, '?');
    crm_str raw = mark < 0 ? target : (crm_str){target.p, (size_t)mark};
    *query = mark < 0 ? (crm_str){0} : (crm_str){target.p + mark + 1, target.n - (size_t)mark - 1};
    if (has_escaped_slash(raw)) {
        return CRM_BAD_REQUEST;
    }
    crm_status s = target_decode(a, raw, false, path);
    if (s != CRM_OK) {
        return s;
    }
    bool is_bad = memchr(path->p, 0, path->n) || memchr(path->p, '\\', path->n) ||
                  has_dot_segment(*path) || !text_is_utf8(*path);
    return is_bad ? CRM_BAD_REQUEST : CRM_OK;
}

static bool is_port(crm_str s)
{
    uint64_t port = 0;
    return s.n <= 5 && str_to_u64(s, &port) == CRM_OK && port >= 1 && port <= 65535;
}

static bool is_name(crm_str s)
{
    if (s.n == 0 || s.n > 255 || s.p[0] == '.' || s.p[0] == '-') {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_double_dot = c == '.' && i + 1 < s.n && s.p[i + 1] == '.';
        if (is_double_dot || (!is_alnum(c) && c != '-' && c != '.' && c != '_')) {
            return false;
        }
    }
    return true;
}

static bool is_ipv6(crm_str s)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    if (s.n == 0 || s.n >= sizeof text) {
        return false;
    }
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    return inet_pton(AF_INET6, text, bytes) == 1;
}

bool target_is_host(crm_str host)
{
    if (host.n && host.p[0] == '[') {
        ptrdiff_t end = str_find(host, ']');
        if (end < 0 || !is_ipv6((crm_str){host.p + 1, (size_t)end - 1})) {
            return false;
        }
        crm_str rest = {host.p + end + 1, host.n - (size_t)end - 1};
        return rest.n == 0 || (rest.p[0] == ':' && is_port((crm_str){rest.p + 1, rest.n - 1}));
    }
    ptrdiff_t colon = str_find(host, ':');
    if (colon < 0) {
        return is_name(host);
    }
    crm_str port = {host.p + colon + 1, host.n - (size_t)colon - 1};
    return is_name((crm_str){host.p, (size_t)colon}) && is_port(port);
}
