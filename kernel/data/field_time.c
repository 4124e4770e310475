/* field_time.c - dates and moments as people write them, and e-mail addresses. */
#include "data/field.h"

#define DAY_MS 86400000LL

/* "18.01.2027" to "2027-01-18". */
static bool from_russian(crm_str s, char iso[11])
{
    if (s.n != 10 || s.p[2] != '.' || s.p[5] != '.') {
        return false;
    }
    memcpy(iso, s.p + 6, 4);
    iso[4] = '-';
    memcpy(iso + 5, s.p + 3, 2);
    iso[7] = '-';
    memcpy(iso + 8, s.p, 2);
    iso[10] = 0;
    return true;
}

crm_status field_parse_date(crm_str s, int64_t *days)
{
    char iso[11];
    int32_t d;
    if (from_russian(s, iso)) {
        s = (crm_str){iso, 10};
    }
    crm_status st = clock_parse_date(s, &d);
    if (st == CRM_OK) {
        *days = d;
    }
    return st;
}

/* ".250" behind the seconds, cut off *s. */
static bool cut_milliseconds(crm_str *s, int64_t *ms)
{
    ptrdiff_t point = str_find(*s, '.');
    uint64_t v = 0;
    if (point >= 0) {
        crm_str digits = {s->p + point + 1, s->n - (size_t)point - 1};
        if (point != 8 || digits.n != 3 || str_to_u64(digits, &v) != CRM_OK) {
            return false;
        }
        s->n = (size_t)point;
    }
    *ms = (int64_t)v;
    return true;
}

/* "10:00", "10:00:30" or "10:00:30.250" to milliseconds of the day; an empty text is midnight. */
static bool parse_time(crm_str s, int64_t *ms)
{
    static const int64_t unit[] = {3600000, 60000, 1000};
    static const uint64_t limit[] = {23, 59, 59};
    crm_str part;
    size_t n = 0;
    if (!cut_milliseconds(&s, ms)) {
        return false;
    }
    while (s.n && str_split(&s, ':', &part)) {
        uint64_t v;
        if (n == 3 || part.n != 2 || str_to_u64(part, &v) != CRM_OK || v > limit[n]) {
            return false;
        }
        *ms += (int64_t)v * unit[n++];
    }
    return n != 1;
}

crm_status field_parse_datetime(const registry *reg, crm_str s, int64_t *ms)
{
    if (clock_parse(s, ms) == CRM_OK) {
        return CRM_OK;
    }
    int64_t days, time;
    if (s.n < 10 || field_parse_date((crm_str){s.p, 10}, &days) != CRM_OK) {
        return CRM_INVALID;
    }
    bool has_time = s.n > 10;
    if (has_time && (s.n < 16 || (s.p[10] != ' ' && s.p[10] != 'T'))) {
        return CRM_INVALID;
    }
    crm_str rest = {s.p + 11, has_time ? s.n - 11 : 0};
    if (!parse_time(rest, &time)) {
        return CRM_INVALID;
    }
    *ms = registry_from_local(reg, days * DAY_MS + time);
    return CRM_OK;
}

/* ---- e-mail ---------------------------------------------------------------------------------- */

static bool is_atom_char(char c)
{
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') || (c & 0x80) || strchr("!#$%&'*+-/=?^_`{|}~.", c);
}

/* Letters are counted as the network does, in Punycode; in UTF-8 they may take more bytes. */
static bool is_label_length(crm_str label)
{
    size_t n = 0;
    bool is_national = false;
    for (size_t i = 0; i < label.n; i++) {
        is_national |= (label.p[i] & 0x80) != 0;
        n += (label.p[i] & 0xC0) != 0x80;
    }
    return label.n && n <= (is_national ? 59 : 63);
}

/* Labels of letters, digits and inner hyphens (RFC 1035 §2.3.1), national ones included. */
static bool is_domain(crm_str s)
{
    crm_str label;
    int count = 0;
    if (s.n > 253) {
        return false;
    }
    while (str_split(&s, '.', &label)) {
        if (!is_label_length(label) || label.p[0] == '-' || label.p[label.n - 1] == '-') {
            return false;
        }
        for (size_t i = 0; i < label.n; i++) {
            char c = label.p[i];
            bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
            if (!is_letter && !(c >= '0' && c <= '9') && c != '-') {
                return false;
            }
        }
        count++;
    }
    return count >= 2;
}

bool field_is_email(crm_str s)
{
    ptrdiff_t at = str_find(s, '@');
    if (at < 1 || at > 64 || s.p[0] == '.' || s.p[at - 1] == '.') {
        return false;
    }
    for (ptrdiff_t i = 0; i < at; i++) {
        if (!is_atom_char(s.p[i]) || (s.p[i] == '.' && s.p[i + 1] == '.')) {
            return false;
        }
    }
    return is_domain((crm_str){s.p + at + 1, s.n - (size_t)at - 1});
}
