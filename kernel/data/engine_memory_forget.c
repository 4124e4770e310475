/* engine_memory_forget.c - what no registry declares any more, for the engine in memory. */
#include "data/engine_memory.h"

/* "fuel" itself, or "fuel~7", which held its values before. */
static bool is_of(const mname *n, uint32_t entity_id, crm_str name)
{
    if (n->entity != entity_id || n->name.n < name.n || memcmp(n->name.p, name.p, name.n) != 0) {
        return false;
    }
    return n->name.n == name.n || n->name.p[name.n] == '~';
}

static crm_status find_columns(memory_engine *m, const entity *like, entity *out, field *fields)
{
    for (uint32_t i = 0; i < COL_OWN; i++) {
        const mname *n = memory_find_name(m, out->id, like->fields[i].name);
        if (!n) {
            return CRM_NOT_FOUND;
        }
        fields[i] = like->fields[i];
        fields[i].entity = out;
        fields[i].id = n->id;
    }
    return CRM_OK;
}

static void add_columns(memory_engine *m, entity *e, field *fields, crm_str name)
{
    for (const mname *n = m->names; n && e->field_count < FIELDS_MAX; n = n->next) {
        if (is_of(n, e->id, name)) {
            fields[e->field_count] = (field){.name = name,
                                             .type = n->is_text ? FIELD_TEXT : FIELD_INT,
                                             .id = n->id,
                                             .index = (uint16_t)e->field_count,
                                             .entity = e};
            e->field_count++;
        }
    }
}

static crm_status find(memory_engine *m, const engine_stored *what, entity *out, field *fields)
{
    const mname *own = memory_find_name(m, 0, what->entity);
    *out = (entity){.name = what->entity, .fields = fields, .field_count = COL_OWN};
    out->id = own ? own->id : 0;
    crm_status st = own ? find_columns(m, what->like, out, fields) : CRM_NOT_FOUND;
    if (st == CRM_OK && what->field.n) {
        add_columns(m, out, fields, what->field);
        st = out->field_count == COL_OWN ? CRM_NOT_FOUND : CRM_OK;
    }
    return st;
}

crm_status memory_find_stored(engine *base, const engine_stored *what, arena *a, entity **out)
{
    memory_engine *m = (memory_engine *)base;
    entity *made = ARENA_NEW(a, entity);
    field *fields = ARENA_ARRAY(a, field, FIELDS_MAX);
    if (!made || !fields) {
        return CRM_NOMEM;
    }
    pthread_mutex_lock(&m->lock);
    crm_status st = find(m, what, made, fields);
    pthread_mutex_unlock(&m->lock);
    *out = st == CRM_OK ? made : NULL;
    return st;
}

static bool goes(const mname *n, const entity *stored)
{
    if (stored->field_count == COL_OWN) {
        return n->entity == stored->id || (!n->entity && n->id == stored->id);
    }
    for (uint32_t i = COL_OWN; i < stored->field_count; i++) {
        if (n->entity == stored->id && n->id == stored->fields[i].id) {
            return true;
        }
    }
    return false;
}

static crm_status empty_table(memory_engine *m, uint32_t id)
{
    msnapshot *next = snapshot_copy(m->committed, id + 1);
    mtable *t = next ? snapshot_own(next, id) : NULL;
    if (!t) {
        snapshot_unref(next);
        return CRM_NOMEM;
    }
    t->count = 0;
    snapshot_unref(m->committed);
    m->committed = next;
    return CRM_OK;
}

crm_status memory_forget(engine *base, const entity *stored)
{
    memory_engine *m = (memory_engine *)base;
    pthread_mutex_lock(&m->lock);
    crm_status st = m->tx ? CRM_MISUSE : CRM_OK;
    if (st == CRM_OK && stored->field_count == COL_OWN) {
        st = empty_table(m, stored->id);
    }
    for (mname **n = &m->names; st == CRM_OK && *n;) {
        if (goes(*n, stored)) {
            *n = (*n)->next;
        } else {
            n = &(*n)->next;
        }
    }
    pthread_mutex_unlock(&m->lock);
    return st;
}

crm_status memory_tidy(engine *base, const registry *r)
{
    (void)base;
    (void)r;
    return CRM_OK;
}

crm_status memory_drop_ahead(engine *base)
{
    (void)base;
    return CRM_OK;
}
