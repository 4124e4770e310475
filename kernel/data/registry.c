/*
 * registry.c - building a registry and looking things up in it.
 *
 * Building belongs to one thread. Look-ups run on any thread once the registry is sealed; before,
 * they search from name to name, because builders need the positions of fields.
 */
#include "data/registry_internal.h"

#define ARENA_LIMIT ((size_t)256 * 1024 * 1024)
#define ROWS_MAX    100000u

registry *registry_new(void)
{
    static atomic_uint_fast64_t serials;
    arena *a = arena_new(ARENA_LIMIT);
    holder *h = a ? ARENA_NEW(a, holder) : NULL;
    if (!h) {
        arena_free(a);
        return NULL;
    }
    h->pub.arena = a;
    h->pub.serial = atomic_fetch_add(&serials, 1) + 1;
    h->extensions_end = &h->extensions;
    atomic_init(&h->references, 1);
    if (registry_add_kernel(&h->pub) != CRM_OK || registry_add_kernel_strings(&h->pub) != CRM_OK) {
        arena_free(a);
        return NULL;
    }
    return &h->pub;
}

arena *registry_arena(registry *r)
{
    return r->arena;
}

void registry_discard(registry *r)
{
    if (r) {
        arena_free(r->arena);
    }
}

/* ---- adding ---------------------------------------------------------------------------------- */

/* Room for one more row: the old array stays in the arena, so pointers into it remain readable. */
static crm_status grow(arena *a, const void **rows, uint32_t count, uint32_t *cap, size_t size)
{
    if (count < *cap) {
        return CRM_OK;
    }
    uint32_t more = *cap ? *cap * 2 : 16;
    void *bigger = more > ROWS_MAX * 2 ? NULL : arena_array(a, more, size);
    if (!bigger) {
        return CRM_NOMEM;
    }
    if (count) {
        memcpy(bigger, *rows, count * size);
    }
    *rows = bigger;
    *cap = more;
    return CRM_OK;
}

#define DEFINE_APPEND(T, name)                                                            \
    static crm_status append_##name(registry *r, const T *row)                            \
    {                                                                                     \
        const void *rows = r->name##s;                                                    \
        crm_status st =                                                                   \
            grow(r->arena, &rows, r->name##_count, &holder_of(r)->name##_cap, sizeof(T)); \
        if (st == CRM_OK) {                                                               \
            r->name##s = rows;                                                            \
            ((T *)rows)[r->name##_count++] = *row;                                        \
        }                                                                                 \
        return st;                                                                        \
    }
REGISTRY_TABLES(DEFINE_APPEND)

#define DEFINE_ADD(T, name)                                   \
    crm_status registry_add_##name(registry *r, const T *row) \
    {                                                         \
        return append_##name(r, row);                         \
    }
DEFINE_ADD(module_info, module)
DEFINE_ADD(grant, grant)
DEFINE_ADD(function_grant, function)
DEFINE_ADD(permission, permission)
DEFINE_ADD(route, route)
DEFINE_ADD(hook, hook)
DEFINE_ADD(listener, listener)
DEFINE_ADD(job, job)
DEFINE_ADD(service, service)
DEFINE_ADD(batch_kind, batch_kind)
DEFINE_ADD(step, step)
DEFINE_ADD(remote, remote)
DEFINE_ADD(remote_frame, frame)
DEFINE_ADD(ui_part, ui_part)
DEFINE_ADD(strategy, strategy)
DEFINE_ADD(integration_type, integration_type)
DEFINE_ADD(integration, integration)
DEFINE_ADD(rule, rule)
DEFINE_ADD(setting, setting)
DEFINE_ADD(menu_item, menu)
DEFINE_ADD(text_string, string)

crm_status registry_add_pipeline(registry *r, const pipeline *row)
{
    for (uint32_t i = 0; i < r->pipeline_count; i++) {
        const pipeline *p = &r->pipelines[i];
        if (str_eq(p->name, row->name) || str_eq(p->entity_name, row->entity_name)) {
            *(pipeline *)p = *row;
            return CRM_OK;
        }
    }
    return append_pipeline(r, row);
}

crm_status registry_add_role(registry *r, const role *row)
{
    for (uint32_t i = 0; i < r->role_count; i++) {
        if (str_eq(r->roles[i].name, row->name)) {
            ((role *)r->roles)[i] = *row;
            return CRM_OK;
        }
    }
    return append_role(r, row);
}

void registry_give_setting(registry *r, const setting *s, crm_str json)
{
    ((setting *)r->settings)[s - r->settings].tz_json = json;
}

/* ---- entities -------------------------------------------------------------------------------- */

#define NAME(lit)            \
    {                        \
        lit, sizeof(lit) - 1 \
    }
static const field system_fields[COL_OWN] = {
    [COL_ID] = {.name = NAME("id"), .label = NAME("record.f.id"), .type = FIELD_INT},
    [COL_REV] = {.name = NAME("rev"), .label = NAME("record.f.rev"), .type = FIELD_INT},
    [COL_CREATED_AT] = {.name = NAME("created_at"),
                        .label = NAME("record.f.created_at"),
                        .type = FIELD_DATETIME},
    [COL_CREATED_BY] = {.name = NAME("created_by"),
                        .label = NAME("record.f.created_by"),
                        .type = FIELD_USER},
    [COL_UPDATED_AT] = {.name = NAME("updated_at"),
                        .label = NAME("record.f.updated_at"),
                        .type = FIELD_DATETIME},
    [COL_UPDATED_BY] = {.name = NAME("updated_by"),
                        .label = NAME("record.f.updated_by"),
                        .type = FIELD_USER},
    [COL_DELETED_AT] = {.name = NAME("deleted_at"),
                        .label = NAME("record.f.deleted_at"),
                        .type = FIELD_DATETIME,
                        .flags = FIELD_HIDDEN},
    [COL_MARKS] = {.name = NAME("_marks"),
                   .label = NAME("record.f.marks"),
                   .type = FIELD_JSON,
                   .flags = FIELD_HIDDEN},
};

crm_status registry_append_fields(registry *r, entity *e, const field *more, uint32_t count)
{
    if (count > FIELDS_MAX - e->field_count) {
        return CRM_LIMIT;
    }
    field *all = ARENA_ARRAY(r->arena, field, e->field_count + count);
    if (!all) {
        return CRM_NOMEM;
    }
    memcpy(all, e->fields, e->field_count * sizeof(field));
    if (count) {
        memcpy(all + e->field_count, more, count * sizeof(field));
    }
    e->fields = all;
    e->field_count += count;
    for (uint32_t i = 0; i < e->field_count; i++) {
        all[i].index = (uint16_t)i;
        all[i].entity = e;
        all[i].flags |= i < COL_OWN ? FIELD_SYSTEM | FIELD_READ_ONLY : 0u;
    }
    return CRM_OK;
}

static crm_status append_entity(registry *r, entity *e)
{
    const void *rows = r->entities;
    crm_status st =
        grow(r->arena, &rows, r->entity_count, &holder_of(r)->entity_cap, sizeof(entity *));
    if (st == CRM_OK) {
        e->index = r->entity_count;
        ((const entity **)rows)[r->entity_count++] = e;
        r->entities = rows;
    }
    return st;
}

/* Fields that came before their entity. */
static crm_status adopt_extensions(registry *r, entity *e)
{
    holder *h = holder_of(r);
    crm_status st = CRM_OK;
    for (extension **at = &h->extensions; *at && st == CRM_OK;) {
        extension *x = *at;
        if (!str_eq(x->entity_name, e->name)) {
            at = &x->next;
            continue;
        }
        st = registry_append_fields(r, e, x->fields, x->count);
        *at = x->next;
        if (!*at) {
            h->extensions_end = at;
        }
    }
    return st;
}

crm_status registry_add_entity(registry *r, const entity *own)
{
    if (registry_entity(r, own->name)) {
        return CRM_CONFLICT;
    }
    entity *e = ARENA_NEW(r->arena, entity);
    if (!e) {
        return CRM_NOMEM;
    }
    *e = *own;
    e->fields = system_fields;
    e->field_count = COL_OWN;
    crm_status st = registry_append_fields(r, e, own->fields, own->field_count);
    if (st == CRM_OK) {
        st = append_entity(r, e);
    }
    return st == CRM_OK ? adopt_extensions(r, e) : st;
}

crm_status registry_extend(registry *r, crm_str entity_name, const field *fields, uint32_t count)
{
    entity *e = (entity *)registry_entity(r, entity_name);
    if (e) {
        return registry_append_fields(r, e, fields, count);
    }
    holder *h = holder_of(r);
    extension *x = ARENA_NEW(r->arena, extension);
    if (!x) {
        return CRM_NOMEM;
    }
    *x = (extension){.entity_name = entity_name, .fields = fields, .count = count};
    *h->extensions_end = x;
    h->extensions_end = &x->next;
    return CRM_OK;
}

/* ---- look-ups -------------------------------------------------------------------------------- */

const entity *registry_entity(const registry *r, crm_str name)
{
    const holder *h = holder_of(r);
    if (!h->entity_mask) {
        for (uint32_t i = 0; i < r->entity_count; i++) {
            if (str_eq(r->entities[i]->name, name)) {
                return r->entities[i];
            }
        }
        return NULL;
    }
    for (uint64_t at = str_hash(name);; at++) {
        uint16_t slot = h->entity_slots[at & h->entity_mask];
        if (!slot || str_eq(r->entities[slot - 1]->name, name)) {
            return slot ? r->entities[slot - 1] : NULL;
        }
    }
}

const entity *registry_entity_by_id(const registry *r, uint32_t id)
{
    for (uint32_t i = 0; id && i < r->entity_count; i++) {
        if (r->entities[i]->id == id) {
            return r->entities[i];
        }
    }
    return NULL;
}

const field *entity_field(const entity *e, crm_str name)
{
    if (!e->name_mask) {
        for (uint32_t i = 0; i < e->field_count; i++) {
            if (str_eq(e->fields[i].name, name)) {
                return &e->fields[i];
            }
        }
        return NULL;
    }
    for (uint64_t at = str_hash(name);; at++) {
        uint16_t slot = e->name_slots[at & e->name_mask];
        if (!slot || str_eq(e->fields[slot - 1].name, name)) {
            return slot ? &e->fields[slot - 1] : NULL;
        }
    }
}

bool entity_is_ordered_by(const entity *e, const field *f)
{
    for (uint32_t i = 0; i < e->index_count; i++) {
        const entity_index *x = &e->indexes[i];
        bool holds_all = !x->empty_count && !x->is_sparse && !x->is_unique;
        if (holds_all && x->count == 1 && x->field[0] == f->index) {
            return !(f->flags & FIELD_MANY);
        }
    }
    return f->index == COL_ID;
}

const field *entity_field_by_id(const entity *e, uint32_t id)
{
    for (uint32_t i = 0; id && i < e->field_count; i++) {
        if (e->fields[i].id == id) {
            return &e->fields[i];
        }
    }
    return NULL;
}

bool entity_is_part(const entity *e)
{
    return e->parent_field && !e->parent_kind_field;
}

const stage *pipeline_stage(const pipeline *p, crm_str name, uint32_t *index)
{
    for (uint32_t i = 0; i < p->stage_count; i++) {
        if (str_eq(p->stages[i].name, name)) {
            if (index) {
                *index = i;
            }
            return &p->stages[i];
        }
    }
    return NULL;
}

/* Few rows each: a scan is as fast as a hash. */
#define DEFINE_FIND(T, table, key)                         \
    const T *registry_##T(const registry *r, crm_str name) \
    {                                                      \
        for (uint32_t i = 0; i < r->table##_count; i++) {  \
            if (str_eq(r->table##s[i].key, name)) {        \
                return &r->table##s[i];                    \
            }                                              \
        }                                                  \
        return NULL;                                       \
    }
DEFINE_FIND(pipeline, pipeline, name)
DEFINE_FIND(integration, integration, name)
DEFINE_FIND(step, step, verb)
DEFINE_FIND(remote, remote, module)
DEFINE_FIND(strategy, strategy, name)
DEFINE_FIND(job, job, name)
DEFINE_FIND(service, service, name)
DEFINE_FIND(batch_kind, batch_kind, name)

const setting *registry_setting(const registry *r, crm_str module, crm_str name)
{
    for (uint32_t i = 0; i < r->setting_count; i++) {
        if (str_eq(r->settings[i].module, module) && str_eq(r->settings[i].name, name)) {
            return &r->settings[i];
        }
    }
    return NULL;
}

int64_t registry_day_start(const registry *r, int64_t now)
{
    return zone_day_start(holder_of(r)->zone, now);
}

const struct zone *registry_zone(const registry *r)
{
    return holder_of(r)->zone;
}

int64_t registry_from_local(const registry *r, int64_t local_ms)
{
    const zone *z = r ? holder_of(r)->zone : NULL;
    return z ? zone_from_local(z, local_ms) : local_ms;
}
