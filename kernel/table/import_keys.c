/*
 * import_keys.c - what a row can be found by: the keys of its match fields, as the engine compares
 * them, of a field that holds many one for each element. Rows of one file meet by them though none
 * of them is stored yet.
 */
#include "data/field.h"
#include "table/import_private.h"

typedef struct key_list {
    import_key *at;
    uint32_t count, size;
} key_list;

static uint64_t hash_of(const field *f, crm_str text, int64_t number)
{
    uint64_t h = text.n ? str_hash(text) : (uint64_t)number * 0x9E3779B97F4A7C15ull;
    /* By its name: another model of the same check may have the field elsewhere. */
    h = (h ^ str_hash(f->name)) * 1099511628211ull;
    return h ? h : 1;
}

static crm_status add(arena *a, key_list *l, const field *f, crm_str text, int64_t number)
{
    crm_str key = text;
    crm_status s = text.n ? field_key_make(a, f, text, &key) : CRM_OK;
    if (s != CRM_OK) {
        return s;
    }
    if (l->count == l->size) {
        uint32_t size = l->size ? l->size * 2 : 4;
        import_key *at = ARENA_ARRAY(a, import_key, size);
        if (!at) {
            return CRM_NOMEM;
        }
        for (uint32_t i = 0; i < l->count; i++) {
            at[i] = l->at[i];
        }
        l->at = at;
        l->size = size;
    }
    l->at[l->count++] = (import_key){f, key, number, hash_of(f, key, number)};
    return CRM_OK;
}

static crm_status add_field(arena *a, key_list *l, const field *f, value v)
{
    crm_str part, rest = v.s;
    crm_status s = CRM_OK;
    if (v.kind != VALUE_TEXT) {
        return add(a, l, f, (crm_str){0}, v.i);
    }
    if (!(f->flags & FIELD_MANY)) {
        return add(a, l, f, v.s, 0);
    }
    while (s == CRM_OK && str_split(&rest, '\n', &part)) {
        s = add(a, l, f, part, 0);
    }
    return s;
}

crm_status import_keys_make(arena *a, const import_options *o, import_row *row)
{
    key_list l = {0};
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < o->match_count; i++) {
        const field *f = o->matches[i];
        if (bits_has(row->given, f->index)) {
            s = add_field(a, &l, f, row->values[f->index]);
        }
    }
    row->keys = l.at;
    row->key_count = l.count;
    return s;
}

static bool is_same(const import_key *x, const import_key *y)
{
    return x->hash == y->hash && x->field == y->field && x->number == y->number &&
           str_eq(x->text, y->text);
}

bool import_keys_meet(const import_row *x, const import_row *y)
{
    for (uint32_t i = 0; i < x->key_count; i++) {
        for (uint32_t k = 0; k < y->key_count; k++) {
            if (is_same(&x->keys[i], &y->keys[k])) {
                return true;
            }
        }
    }
    return false;
}
