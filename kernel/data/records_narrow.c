/* records_narrow.c - a question becomes one about the rows and fields that its asker may see. */
#include "data/records_private.h"

void records_hidden(const entity *e, uint64_t out[4])
{
    memset(out, 0, 4 * sizeof *out);
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (e->fields[i].flags & FIELD_HIDDEN) {
            bits_add(out, i);
        }
    }
}

static const branches *asked_of(crm_ctx *c, const query *q)
{
    return q->is_exported ? rights_exported(c, q->entity) : rights_of(c, q->entity);
}

void records_asked_fields(crm_ctx *c, const query *q, uint64_t out[4])
{
    rights_fields_for(asked_of(c, q), ~0u, ACTION_READ, out);
}

static crm_status check_used(crm_ctx *c, const query *q, const uint64_t used[4])
{
    const entity *e = q->entity;
    uint64_t shown[4];
    records_asked_fields(c, q, shown);
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (bits_has(used, i) && (!bits_has(shown, i) || e->fields[i].flags & FIELD_HIDDEN)) {
            return records_unknown_field(c, e, e->fields[i].name);
        }
    }
    return CRM_OK;
}

crm_status records_narrow(crm_ctx *c, query *q, uint64_t used[4])
{
    uint64_t touched[4];
    q->env = c->env;
    q->rights = c->who->kind == PRINCIPAL_SYSTEM ? NULL : asked_of(c, q);
    if (q->rights && !rights_for(rights_of(c, q->entity), ACTION_READ)) {
        return call_fail(c, CRM_NOT_FOUND, "not_found");
    }
    if (q->rights && !rights_for(q->rights, ACTION_READ)) {
        return call_fail(c, CRM_DENIED, "export_denied");
    }
    crm_status st = cond_restrict(c, q->entity, q->where, &q->where, touched);
    bits_or(used, touched);
    st = st ? st : check_used(c, q, used);
    q->need = q->rights ? rights_touching(q->rights, used) : 0;
    q->where = cond_and(c->arena, q->where, q->fixed);
    q->fixed = NULL;
    if (!q->rights && !q->with_deleted) {
        q->where = cond_kept_part(c->arena, q->entity, q->where);
    }
    return st;
}
