/* registry_seal_links.c - sealing: pipelines, and what an entity's members point at. */
#include "data/field.h"
#include "data/registry_internal.h"

#define STAGES_MAX 64

/* ---- pipelines ------------------------------------------------------------------------------- */

static void check_positions(seal *s, crm_str source, const entity *e, const uint16_t *at,
                            uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (at[i] >= e->field_count) {
            seal_fault(s, source, "bad_field_position", e->name);
        }
    }
}

static void check_roles(seal *s, crm_str source, const crm_str *names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        seal_check_role(s, source, names[i]);
    }
}

static void check_stages(seal *s, const pipeline *p)
{
    if (!p->stage_count || p->stage_count > STAGES_MAX) {
        seal_fault(s, p->source, p->stage_count ? "too_many_stages" : "no_stages", p->name);
        return;
    }
    bool has_start = false;
    for (uint32_t i = 0; i < p->stage_count; i++) {
        const stage *st = &p->stages[i];
        uint32_t first = i;
        pipeline_stage(p, st->name, &first);
        if (first != i) {
            seal_fault(s, p->source, "duplicate_stage", st->name);
        }
        has_start = has_start || st->is_start;
        check_positions(s, p->source, p->entity, st->require, st->require_count);
    }
    if (!has_start) {
        seal_fault(s, p->source, "no_start_stage", p->name);
    }
}

static void check_moves(seal *s, const pipeline *p)
{
    for (uint32_t i = 0; i < p->move_count; i++) {
        check_roles(s, p->source, p->moves[i].who, p->moves[i].who_count);
    }
    for (uint32_t i = 0; i < p->lock_count; i++) {
        check_positions(s, p->source, p->entity, p->locks[i].fields, p->locks[i].field_count);
        check_roles(s, p->source, p->locks[i].except, p->locks[i].except_count);
    }
}

static const pipeline *pipeline_of(const registry *r, const field *f)
{
    const pipeline *p = f->ref_name.n ? registry_pipeline(r, f->ref_name) : NULL;
    for (uint32_t i = 0; !p && i < r->pipeline_count; i++) {
        if (r->pipelines[i].entity == f->entity) {
            p = &r->pipelines[i];
        }
    }
    return p;
}

static void resolve_stage_fields(seal *s, const entity *e)
{
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        field *f = (field *)&e->fields[i];
        if (f->type != FIELD_STAGE) {
            continue;
        }
        f->pipeline = pipeline_of(s->r, f);
        if (!f->pipeline) {
            seal_fault(s, f->source, "no_pipeline", e->name);
        }
    }
}

void seal_pipelines(seal *s)
{
    for (uint32_t i = 0; i < s->r->pipeline_count; i++) {
        pipeline *p = (pipeline *)&s->r->pipelines[i];
        p->entity = registry_entity(s->r, p->entity_name);
        if (!p->entity) {
            seal_unknown_entity(s, p->source, p->entity_name);
            continue;
        }
        check_stages(s, p);
        check_moves(s, p);
    }
    for (uint32_t i = 0; i < s->r->entity_count; i++) {
        resolve_stage_fields(s, s->r->entities[i]);
    }
}

/* ---- what an entity's members point at ------------------------------------------------------- */

/* A member that names a field by position: 0 is none. */
static void check_member(seal *s, const entity *e, uint16_t at, field_type type)
{
    if (at >= e->field_count) {
        seal_fault(s, e->source, "bad_field_position", e->name);
    } else if (at && type != FIELD_TYPE_COUNT && e->fields[at].type != type) {
        seal_fault(s, e->source, "wrong_field_type", e->fields[at].name);
    }
}

static void check_members(seal *s, entity *e)
{
    check_member(s, e, e->title_field, FIELD_TYPE_COUNT);
    for (int i = 0; i < 3; i++) {
        check_member(s, e, e->owner_fields[i], FIELD_USER);
    }
    check_member(s, e, e->department_field, FIELD_REF);
    check_member(s, e, e->stage_field, FIELD_STAGE);
    check_member(s, e, e->parent_field, e->parent_kind_field ? FIELD_INT : FIELD_REF);
    check_member(s, e, e->parent_kind_field, FIELD_INT);
}

static bool has_position(const uint16_t *at, uint32_t count, uint16_t wanted)
{
    for (uint32_t i = 0; i < count; i++) {
        if (at[i] == wanted) {
            return true;
        }
    }
    return false;
}

/* Search fields are those declared so, by list or by flag. */
static void gather_search(seal *s, entity *e)
{
    uint16_t at[FIELDS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < e->search_count && count < FIELDS_MAX; i++) {
        at[count++] = e->search_fields[i];
    }
    check_positions(s, e->source, e, at, count);
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        bool is_new = !has_position(at, count, (uint16_t)i);
        if ((e->fields[i].flags & FIELD_SEARCH) && is_new && count < FIELDS_MAX) {
            at[count++] = (uint16_t)i;
        }
    }
    uint16_t *kept = seal_alloc(s, count, sizeof(uint16_t));
    if (kept) {
        memcpy(kept, at, count * sizeof(uint16_t));
        e->search_fields = kept;
        e->search_count = count;
    }
}

static bool is_computed_default(const field *f)
{
    return (f->type == FIELD_USER && str_is(f->def_text, "me")) ||
           (f->type == FIELD_DATETIME && str_is(f->def_text, "now")) ||
           (f->type == FIELD_DATE && str_is(f->def_text, "today"));
}

static void read_default(seal *s, field *f)
{
    if (!f->def_text.n || is_computed_default(f)) {
        return;
    }
    field_source from = {.arena = s->r->arena};
    field_result got;
    crm_status st = field_read_text(&from, f, f->def_text, &got);
    bool is_unsound = st == CRM_OK && got.is_marked && f->type != FIELD_ADDRESS;
    if (st == CRM_INVALID || is_unsound) { /* letters reach an address without a proper index */
        seal_fault(s, f->source, "bad_default", f->def_text);
    }
    s->no_memory = s->no_memory || st == CRM_NOMEM;
    f->def = st == CRM_OK ? got.v : value_null();
}

/* The first BIK of the record is that of its account. */
static uint16_t bik_field_of(const entity *e)
{
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        if (e->fields[i].type == FIELD_BIK) {
            return (uint16_t)i;
        }
    }
    return 0;
}

static void link_field(seal *s, const entity *e, field *f)
{
    check_member(s, e, f->currency_field, FIELD_TYPE_COUNT);
    read_default(s, f);
    if (f->type == FIELD_ACCOUNT) {
        f->bik_field = bik_field_of(e);
    }
    if (f->ref) {
        f->where = seal_cond(s, f->source, f->ref, f->where_text);
    }
}

void seal_links(seal *s)
{
    for (uint32_t i = 0; i < s->r->entity_count; i++) {
        entity *e = (entity *)s->r->entities[i];
        check_members(s, e);
        gather_search(s, e);
        for (uint32_t j = COL_OWN; j < e->field_count; j++) {
            link_field(s, e, (field *)&e->fields[j]);
        }
    }
}
