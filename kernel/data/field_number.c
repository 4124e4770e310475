/* field_number.c - numbers as people write them, without floating point. */
#include "data/field.h"

size_t field_filler(crm_str s)
{
    static const char *const fill[] = {" ", "\t", "\u00A0", "\u2009", "\u202F", "'", "_"};
    for (size_t i = 0; i < sizeof fill / sizeof fill[0]; i++) {
        if (str_starts(s, str_of(fill[i]))) {
            return strlen(fill[i]);
        }
    }
    return 0;
}

/* Without the unit behind: "1 500 ₽", "1500 руб.", "15 %". */
static crm_str without_unit(crm_str s)
{
    static const char *const units[] = {"₽", "руб.", "руб", "р.", "р", "RUB", "%", "$", "€"};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        crm_str unit = str_of(units[i]);
        if (str_ends(s, unit)) {
            return str_trim((crm_str){s.p, s.n - unit.n});
        }
    }
    return s;
}

static bool take_sign(crm_str *s)
{
    static const crm_str minus[] = {{"-", 1}, {"\u2212", 3}};
    for (size_t i = 0; i < 2; i++) {
        if (str_starts(*s, minus[i])) {
            *s = (crm_str){s->p + minus[i].n, s->n - minus[i].n};
            return true;
        }
    }
    if (s->n && s->p[0] == '+') {
        *s = (crm_str){s->p + 1, s->n - 1};
    }
    return false;
}

/*
 * Where the point is: the last of '.' and ',' when it stands once, else none. "1,500.00" has its
 * point at the '.', "1.500.000" has none, "1,5" has it at the ','. SIZE_MAX: none; s.n: such
 * signs stand in a way no number has.
 */
static size_t find_point(crm_str s)
{
    size_t last = SIZE_MAX, same = 0, other = 0;
    for (size_t i = s.n; i-- > 0;) {
        if (s.p[i] != '.' && s.p[i] != ',') {
            continue;
        }
        last = last == SIZE_MAX ? i : last;
        same += s.p[i] == s.p[last];
        other += s.p[i] != s.p[last];
    }
    return same == 1 ? last : other ? s.n : SIZE_MAX;
}

/* Adds a digit at the scaled end. False on overflow. */
static bool push(int64_t *v, int digit)
{
    return !__builtin_mul_overflow(*v, (int64_t)10, v) &&
           !__builtin_add_overflow(*v, (int64_t)digit, v);
}

typedef struct reading {
    int64_t v;
    size_t digits, after_point;
    bool is_after;
} reading;

static crm_status take_digit(reading *r, char c, uint8_t scale)
{
    r->digits++;
    if (r->is_after && ++r->after_point > scale) {
        return c == '0' ? CRM_OK : CRM_INVALID; /* more precise than the field: not ours to round */
    }
    return push(&r->v, c - '0') ? CRM_OK : CRM_LIMIT;
}

crm_status field_parse_decimal(crm_str text, uint8_t scale, int64_t *out)
{
    crm_str s = without_unit(str_trim(text));
    bool is_negative = take_sign(&s);
    size_t point = find_point(s);
    reading r = {0};
    for (size_t i = 0; i < s.n && point != s.n;) {
        crm_str rest = {s.p + i, s.n - i};
        size_t skip = field_filler(rest);
        crm_status st = CRM_OK;
        if (i == point) {
            r.is_after = true;
            skip = 1;
        } else if (rest.p[0] >= '0' && rest.p[0] <= '9') {
            st = take_digit(&r, rest.p[0], scale);
            skip = 1;
        } else if (rest.p[0] == '.' || rest.p[0] == ',') {
            skip = r.is_after ? 0 : 1; /* separates thousands */
        }
        if (st != CRM_OK || !skip) {
            return st != CRM_OK ? st : CRM_INVALID;
        }
        i += skip;
    }
    for (size_t i = r.after_point; i < scale; i++) {
        if (!push(&r.v, 0)) {
            return CRM_LIMIT;
        }
    }
    *out = is_negative ? -r.v : r.v;
    return r.digits ? CRM_OK : CRM_INVALID;
}

crm_str field_format_decimal(int64_t v, uint8_t scale, char out[FIELD_DECIMAL_TEXT])
{
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    size_t at = FIELD_DECIMAL_TEXT;
    for (uint8_t i = 0; (i <= scale || u) && at > 2; i++) {
        if (scale && i == scale) {
            out[--at] = '.';
        }
        out[--at] = (char)('0' + u % 10);
        u /= 10;
    }
    if (v < 0) {
        out[--at] = '-';
    }
    return (crm_str){out + at, FIELD_DECIMAL_TEXT - at};
}
