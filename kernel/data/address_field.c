/* address_field.c - the parts of an address as fields of their own. Any thread. */
#include "data/address.h"

crm_str address_part_name(address_part p)
{
    static const char *const names[] = {
#define X(name, text) text,
        ADDRESS_PART_MAP(X)
#undef X
    };
    return str_of(names[p]);
}

const field *address_field(const field *f, crm_str part)
{
    for (int p = 0; f->parts && p < ADDRESS_PARTS; p++) {
        if (str_eq(part, address_part_name((address_part)p))) {
            return &f->parts[p];
        }
    }
    return NULL;
}

const field *address_find(const entity *e, crm_str name)
{
    ptrdiff_t dot = str_find(name, '.');
    if (dot < 0) {
        return entity_field(e, name);
    }
    const field *f = entity_field(e, (crm_str){name.p, (size_t)dot});
    return f ? address_field(f, (crm_str){name.p + dot + 1, name.n - (size_t)dot - 1}) : NULL;
}

value address_value_of(arena *a, const field *f, value stored)
{
    address all;
    if (!f->part || stored.kind != VALUE_TEXT) {
        return stored;
    }
    crm_status st = address_read(a, stored.s, &all);
    return st == CRM_OK ? value_text(all.part[f->part - 1]) : value_null();
}

value address_value(arena *a, const field *f, const value *row)
{
    return address_value_of(a, f, row[f->index]);
}
