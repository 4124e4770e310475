/* import_date.c - dates and moments as people and spreadsheets write them. */
#include "data/field.h"
#include "table/import_private.h"

#define SERIAL_1970 25569 /* days from 1899-12-30, as spreadsheets count */
#define SERIAL_MAX  100000

/* Digits from *at on, at most `most`; -1 when there is none. */
static int number(crm_str s, size_t *at, int most)
{
    int v = 0, n = 0;
    while (*at < s.n && n < most && s.p[*at] >= '0' && s.p[*at] <= '9') {
        v = v * 10 + (s.p[(*at)++] - '0');
        n++;
    }
    return n ? v : -1;
}

static bool separator(crm_str s, size_t *at, char *sep)
{
    if (*at >= s.n || !strchr("./-", s.p[*at]) || (*sep && s.p[*at] != *sep)) {
        return false;
    }
    *sep = s.p[(*at)++];
    return true;
}

/* "1.3.26", "01/03/2026", "2026-3-1": day first unless the year is. */
static bool day(crm_str s, size_t *at, int out[3])
{
    int v[3];
    char sep = 0;
    size_t first = *at;
    v[0] = number(s, at, 4);
    bool is_iso = *at - first == 4;
    if (v[0] < 0 || !separator(s, at, &sep) || (v[1] = number(s, at, 2)) < 0 ||
        !separator(s, at, &sep)) {
        return false;
    }
    size_t third = *at;
    v[2] = number(s, at, is_iso ? 2 : 4);
    bool is_short = !is_iso && *at - third == 2;
    if (v[2] < 0 || (!is_iso && *at - third != 4 && !is_short)) {
        return false;
    }
    out[0] = is_iso ? v[0] : v[2] + (is_short ? (v[2] < 70 ? 2000 : 1900) : 0);
    out[1] = v[1];
    out[2] = is_iso ? v[2] : v[0];
    return true;
}

/* "9:05", "09:05:30.250", with AM or PM behind. */
static bool time_of_day(crm_str s, size_t *at, int out[4])
{
    out[2] = out[3] = 0;
    out[0] = number(s, at, 2);
    if (out[0] < 0 || *at >= s.n || s.p[(*at)++] != ':' || (out[1] = number(s, at, 2)) < 0) {
        return false;
    }
    if (*at < s.n && s.p[*at] == ':') {
        ++*at;
        out[2] = number(s, at, 2);
    }
    if (*at < s.n && s.p[*at] == '.') {
        size_t from = ++*at;
        int v = number(s, at, 3);
        out[3] = *at - from == 3 ? v : *at - from == 2 ? v * 10 : v * 100;
    }
    crm_str rest = str_trim((crm_str){s.p + *at, s.n - *at});
    bool is_pm = str_eq_ascii_nocase(rest, CRM_S("PM"));
    if (is_pm || str_eq_ascii_nocase(rest, CRM_S("AM"))) {
        out[0] = out[0] % 12 + (is_pm ? 12 : 0);
        *at = s.n;
    }
    return out[2] >= 0 && out[3] >= 0 && *at == s.n;
}

static crm_str of_serial(arena *a, crm_str s, bool has_time)
{
    int64_t scaled;
    char iso[11];
    /* Five digits behind the point are seconds. */
    if (field_parse_decimal(s, 10, &scaled) != CRM_OK || scaled < 10000000000LL ||
        scaled / 10000000000LL > SERIAL_MAX) {
        return (crm_str){0};
    }
    int64_t seconds = (scaled % 10000000000LL * 864 + 50000000LL) / 100000000LL;
    clock_format_date((int32_t)(scaled / 10000000000LL - SERIAL_1970), iso);
    if (!has_time) {
        return arena_fmt(a, "%s", iso);
    }
    return arena_fmt(a, "%s %02d:%02d:%02d", iso, (int)(seconds / 3600), (int)(seconds / 60 % 60),
                     (int)(seconds % 60));
}

static bool is_serial(crm_str s)
{
    size_t digits = 0;
    for (size_t i = 0; i < s.n; i++) {
        digits += s.p[i] >= '0' && s.p[i] <= '9';
        if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '.' && s.p[i] != ',') {
            return false;
        }
    }
    size_t whole = 0;
    while (whole < s.n && s.p[whole] >= '0' && s.p[whole] <= '9') {
        whole++;
    }
    return digits && whole <= 5 && s.n - digits <= 1;
}

crm_str import_date(arena *a, crm_str text, bool has_time)
{
    int d[3], t[4] = {0};
    size_t at = 0;
    crm_str s = str_trim(text);
    if (is_serial(s)) {
        crm_str out = of_serial(a, s, has_time);
        return out.n ? out : text;
    }
    if (!day(s, &at, d)) {
        return text;
    }
    if (at < s.n && s.p[at] == 'T' && has_time) {
        return text; /* RFC 3339 says its offset itself */
    }
    bool has_more = at < s.n;
    if (has_more) {
        at += s.p[at] == ' ' || s.p[at] == 'T' || s.p[at] == ',';
        while (at < s.n && s.p[at] == ' ') {
            at++;
        }
        crm_str rest = {s.p + at, s.n - at};
        bool is_day_only = !has_time && str_find(rest, ':') > 0;
        if (!is_day_only && !time_of_day(s, &at, t)) {
            return text;
        }
    }
    if (!has_time) {
        return arena_fmt(a, "%04d-%02d-%02d", d[0], d[1], d[2]);
    }
    if (t[3]) {
        return arena_fmt(a, "%04d-%02d-%02d %02d:%02d:%02d.%03d", d[0], d[1], d[2], t[0], t[1],
                         t[2], t[3]);
    }
    return arena_fmt(a, "%04d-%02d-%02d %02d:%02d:%02d", d[0], d[1], d[2], t[0], t[1], t[2]);
}
