/* field_unite.c - two values of a field that holds many made one. */
#include "data/field.h"

static bool is_same_element(arena *a, const field *f, crm_str x, crm_str y)
{
    crm_str kx, ky;
    if (!field_is_folded(f)) {
        return str_eq(x, y);
    }
    return text_sort_key(a, x, &kx) == CRM_OK && text_sort_key(a, y, &ky) == CRM_OK &&
           str_eq(kx, ky);
}

static bool has_element(arena *a, const field *f, crm_str all, crm_str one)
{
    crm_str part;
    while (str_split(&all, '\n', &part)) {
        if (is_same_element(a, f, part, one)) {
            return true;
        }
    }
    return false;
}

value field_unite(arena *a, const field *f, value x, value y)
{
    crm_str all = x.s, rest = y.s, one;
    if (value_is_null(x) || value_is_null(y)) {
        return value_is_null(x) ? y : x;
    }
    while (str_split(&rest, '\n', &one)) {
        if (!has_element(a, f, all, one)) {
            all = arena_fmt(a, "%.*s\n%.*s", STR_FMT(all), STR_FMT(one));
        }
    }
    return value_text(all);
}

uint32_t field_elements(value v)
{
    crm_str one, rest = v.s;
    uint32_t count = 0;
    while (!value_is_null(v) && str_split(&rest, '\n', &one)) {
        count++;
    }
    return count;
}
