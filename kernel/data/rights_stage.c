/* rights_stage.c - who may move a record between stages, and what is locked in one. */
#include "data/rights_private.h"

static const pipeline *pipeline_of(const entity *e)
{
    return e->stage_field ? e->fields[e->stage_field].pipeline : NULL;
}

static uint64_t stage_bit(const pipeline *p, const stage *s)
{
    return 1ull << (uint32_t)(s - p->stages);
}

static bool has_any_role(const crm_ctx *c, const crm_str *roles, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (call_has_role(c, roles[i])) {
            return true;
        }
    }
    return false;
}

crm_status rights_move(crm_ctx *c, const entity *e, const value *row, const stage *from,
                       const stage *to)
{
    const pipeline *p = pipeline_of(e);
    (void)row;
    if (!p || !to || !from || from == to || !p->move_count || c->who->kind == PRINCIPAL_SYSTEM) {
        return CRM_OK;
    }
    for (uint32_t i = 0; i < p->move_count; i++) {
        const stage_move *m = &p->moves[i];
        if (m->from & stage_bit(p, from) && m->to & stage_bit(p, to) &&
            (!m->who_count || has_any_role(c, m->who, m->who_count))) {
            return CRM_OK;
        }
    }
    return CRM_CONFLICT;
}

void rights_locked(crm_ctx *c, const entity *e, const stage *at, uint64_t out[4])
{
    const pipeline *p = pipeline_of(e);
    memset(out, 0, 4 * sizeof *out);
    if (!p || !at || c->who->kind == PRINCIPAL_SYSTEM) {
        return;
    }
    for (uint32_t i = 0; i < p->lock_count; i++) {
        const stage_lock *l = &p->locks[i];
        if (!(l->stages & stage_bit(p, at)) || has_any_role(c, l->except, l->except_count)) {
            continue;
        }
        for (uint32_t f = 0; f < l->field_count; f++) {
            bits_add(out, l->fields[f]);
        }
    }
}
