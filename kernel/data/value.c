/* value.c - comparing and copying stored values. Any thread. */
#include "data/value.h"

bool value_equal(value a, value b)
{
    if (a.kind != b.kind) {
        return false;
    }
    return a.kind == VALUE_TEXT ? str_eq(a.s, b.s) : a.kind == VALUE_NULL || a.i == b.i;
}

value value_dup(arena *a, value v)
{
    if (v.kind == VALUE_TEXT) {
        v.s = arena_dup(a, v.s);
    }
    return v;
}

bool value_has_element(value many, crm_str element)
{
    crm_str rest = many.kind == VALUE_TEXT ? many.s : (crm_str){0}, part;
    while (str_split(&rest, '\n', &part)) {
        if (str_eq(part, element)) {
            return true;
        }
    }
    return false;
}
