/* timeline.c - the kinds of a timeline, and telling those who look at one that it has changed. */
#include "data/timeline.h"

#include "data/changelog.h"
#include "data/records_private.h"

/* ---- kinds ----------------------------------------------------------------------------------- */

static const char *const own_names[KIND_JOINED] = {"note", "stage", "file", "change"};

const entity *timeline_joined(const registry *r, uint32_t kind)
{
    uint32_t at = KIND_JOINED;
    for (uint32_t i = 0; i < r->entity_count; i++) {
        if (r->entities[i]->join && at++ == kind) {
            return r->entities[i];
        }
    }
    return NULL;
}

crm_str timeline_kind_name(const registry *r, uint32_t kind)
{
    if (kind < KIND_JOINED) {
        return str_of(own_names[kind]);
    }
    const entity *e = timeline_joined(r, kind);
    return e ? e->join->kind : (crm_str){0};
}

int timeline_kind_find(const registry *r, crm_str name)
{
    for (uint32_t k = 0; k < KIND_JOINED + TIMELINE_JOINS_MAX; k++) {
        crm_str one = timeline_kind_name(r, k);
        if (one.n && str_eq(one, name)) {
            return (int)k;
        }
    }
    return -1;
}

/* ---- telling --------------------------------------------------------------------------------- */

/* An event of the record itself, which nothing of has changed: those of its readers who may also
 * see what refers to it, and nobody else, learn that its timeline is another. */
static crm_status tell_one(const saving *s, uint16_t at, value id)
{
    const entity *of = s->entity->fields[at].ref;
    crm_ctx *c = s->call;
    record r = {.entity = of, .arena = c->arena};
    if (id.kind != VALUE_INT || !(of->flags & ENTITY_TIMELINE)) {
        return CRM_OK;
    }
    crm_status st = tx_get(c->tx, of, id.i, c->arena, &r.v);
    if (st == CRM_NOT_FOUND || (!st && !value_is_null(r.v[COL_DELETED_AT]))) {
        return CRM_OK;
    }
    return st ? st : changelog_tell_because(c->tx, c, &r, at);
}

static crm_status tell_field(const saving *s, uint16_t at)
{
    const field *f = &s->entity->fields[at];
    value now = s->now.v[at], was = s->was.v ? s->was.v[at] : value_null();
    crm_status st = f->ref ? tell_one(s, at, now) : CRM_OK;
    return st || !f->ref || value_equal(now, was) ? st : tell_one(s, at, was);
}

crm_status timeline_tell(const saving *s)
{
    const timeline_join *join = s->entity->join;
    crm_status st = CRM_OK;
    if (s->call->is_quiet || s->call->batch) {
        return CRM_OK; /* browsers read anew what a batch has changed */
    }
    if (s->entity->flags & ENTITY_NOTES) {
        return tell_field(s, NOTE_RECORD);
    }
    for (uint8_t i = 0; join && !st && i < join->on_count; i++) {
        st = tell_field(s, join->on[i]);
    }
    return st;
}
