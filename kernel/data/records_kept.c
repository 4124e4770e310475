/* records_kept.c - what may be kept of rows that were shown, and what it depends on. */
#include "data/engine_field.h"
#include "data/records_private.h"

static bool is_of_the_row(const branches *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        if (!engine_branch_is_local(&b->at[i]) || !cond_is_timeless(b->at[i].where)) {
            return false;
        }
    }
    return true;
}

static bool is_titled_by_record(const crm_ctx *c, const field *f)
{
    return f->type == FIELD_REF && f->ref && !label_is_of_people(c->reg, f);
}

bool records_may_keep(crm_ctx *c, const entity *e)
{
    uint32_t titled = 0;
    if (c->who->kind != PRINCIPAL_USER || c->who->scope || !is_of_the_row(rights_of(c, e))) {
        return false;
    }
    for (uint32_t i = 0; i < e->field_count; i++) {
        const field *f = &e->fields[i];
        if (f->type == FIELD_REFS) {
            return false; /* a row may show the titles of many records */
        }
        if (is_titled_by_record(c, f)) {
            titled++;
            if (!is_of_the_row(rights_of(c, f->ref))) {
                return false;
            }
        }
    }
    return titled <=
           LABEL_GROUPS_MAX; /* else which titles a page shows depends on its other rows */
}

uint32_t record_view_refs(const crm_ctx *c, const record_view *v, record_ref *out, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; v->labels && i < v->field_count; i++) {
        const field *f = &v->entity->fields[v->fields[i]];
        const value *at = &v->row[v->fields[i]];
        if (at->kind != VALUE_INT || !is_titled_by_record(c, f)) {
            continue;
        }
        if (count < max) {
            out[count] = (record_ref){f->ref->id, at->i};
        }
        count++;
    }
    return count;
}
