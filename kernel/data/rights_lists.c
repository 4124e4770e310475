/* rights_lists.c - which fields a grant shows, and what each role sees of the parts of a record. */
#include "data/rights_compile.h"

void granted_fields(const grant *g, const entity *e, uint64_t out[4])
{
    memset(out, 0, 4 * sizeof *out);
    /* What every row is known by comes with the row. */
    for (uint32_t i = 0; i < (g->field_count ? COL_OWN : e->field_count); i++) {
        bits_add(out, i);
    }
    for (uint32_t i = 0; i < g->field_count; i++) {
        const field *f = entity_field(e, g->fields[i]);
        if (f) {
            bits_add(out, f->index);
        }
    }
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (e->fields[i].flags & FIELD_HIDDEN) {
            bits_drop(out, i);
        }
    }
}

void named_fields(const entity *e, const crm_str *names, uint32_t count, uint64_t out[4])
{
    memset(out, 0, 4 * sizeof *out);
    for (uint32_t i = 0; i < count; i++) {
        const field *f = entity_field(e, names[i]);
        if (f && !(f->flags & FIELD_HIDDEN)) {
            bits_add(out, f->index);
        }
    }
}

/* ---- what a role sees of parts --------------------------------------------------------------- */

static bool is_list_of(const grant *g, const entity *part)
{
    return g->action == ACTION_READ && g->field_count && grant_covers(g, part);
}

bool has_lists(const registry *r, const entity *part)
{
    for (uint32_t i = 0; i < r->grant_count; i++) {
        if (is_list_of(&r->grants[i], part)) {
            return true;
        }
    }
    return false;
}

void listed_fields(const compiler *k, const entity *part, crm_str whose, uint64_t out[4])
{
    const registry *r = k->in->reg;
    bool is_listed = false;
    uint64_t one[4];
    memset(out, 0, 4 * sizeof *out);
    for (uint32_t i = 0; i < r->grant_count; i++) {
        if (is_list_of(&r->grants[i], part) && str_eq(r->grants[i].role, whose)) {
            granted_fields(&r->grants[i], part, one);
            bits_or(out, one);
            is_listed = true;
        }
    }
    if (!is_listed) {
        granted_fields(&(grant){.field_count = 0}, part, out);
    }
    bits_add(out, part->parent_field);
}

static bool lists_same(const compiler *k, const entity *part, crm_str one, crm_str other)
{
    uint64_t x[4], y[4];
    listed_fields(k, part, one, x);
    listed_fields(k, part, other, y);
    return memcmp(x, y, sizeof x) == 0;
}

void common_fields(const compiler *k, const entity *part, uint64_t out[4])
{
    const registry *r = k->in->reg;
    uint64_t one[4];
    listed_fields(k, part, (crm_str){0}, out);
    for (uint32_t i = 0; i < r->grant_count; i++) {
        const grant *g = &r->grants[i];
        if (is_list_of(g, part) && is_granted_to(r, k->in->who, g)) {
            listed_fields(k, part, g->role, one);
            for (int n = 0; n < 4; n++) {
                out[n] &= one[n];
            }
        }
    }
}

crm_str like_role(const compiler *k, crm_str whose)
{
    const registry *r = k->in->reg;
    for (uint32_t i = 0; k->part_count && !k->is_common && i < r->grant_count; i++) {
        bool is_same = grant_covers(&r->grants[i], k->entity);
        for (uint32_t n = 0; is_same && n < k->part_count; n++) {
            is_same = lists_same(k, k->parts[n], whose, r->grants[i].role);
        }
        if (is_same) {
            return r->grants[i].role;
        }
    }
    return (crm_str){0};
}
