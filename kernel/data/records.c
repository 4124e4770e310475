/* records.c - one record in memory: read under rights, made new, set. */
#include "data/records_private.h"
#include "data/stores.h"

/* ---- what the principal may do with a row ---------------------------------------------------- */

const stage *record_stage(const entity *e, const value *row)
{
    const pipeline *p = e->stage_field ? e->fields[e->stage_field].pipeline : NULL;
    return p && row[e->stage_field].kind == VALUE_TEXT
               ? pipeline_stage(p, row[e->stage_field].s, NULL)
               : NULL;
}

bool check_is_owner_code(const crm_ctx *c, const entity *e)
{
    return c->who->kind == PRINCIPAL_SYSTEM || (c->module && str_eq(c->module->name, e->module));
}

static void drop_unwritable(crm_ctx *c, record *r)
{
    const entity *e = r->entity;
    uint64_t locked[4];
    bool is_owner_code = check_is_owner_code(c, e);
    rights_locked(c, e, record_stage(e, r->v), locked);
    for (uint32_t i = 0; i < e->field_count; i++) {
        uint32_t flags = e->fields[i].flags;
        if (i < COL_OWN || flags & (FIELD_SYSTEM | FIELD_HIDDEN) || bits_has(locked, i) ||
            (flags & FIELD_READ_ONLY && !is_owner_code)) {
            bits_drop(r->writable, i);
        }
    }
}

void record_judge(crm_ctx *c, record *r, const value *row, uint32_t matched)
{
    const branches *b = rights_of(c, r->entity);
    uint64_t hidden[4];
    r->v = (value *)row;
    rights_fields_for(b, matched, ACTION_READ, r->visible);
    rights_fields_for(b, matched, r->is_new ? ACTION_CREATE : ACTION_UPDATE, r->writable);
    records_hidden(r->entity, hidden);
    for (int i = 0; i < 4; i++) {
        r->visible[i] &= ~hidden[i];
    }
    r->actions = rights_actions(b, matched);
    drop_unwritable(c, r);
}

void record_conceal(record *r)
{
    for (uint32_t i = COL_OWN; i < r->entity->field_count; i++) {
        if (!bits_has(r->visible, i)) {
            r->v[i] = value_null();
        }
    }
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct gathering {
    crm_ctx *call;
    record **at;
    uint32_t count;
    bool is_out_of_memory;
} gathering;

static record *record_of(crm_ctx *c, const entity *e)
{
    record *r = ARENA_NEW(c->arena, record);
    if (r) {
        *r = (record){.entity = e, .arena = c->arena};
    }
    return r;
}

static bool on_view(void *arg, const record_view *v)
{
    gathering *g = arg;
    crm_ctx *c = g->call;
    record *r = record_of(c, v->entity);
    value *row = r ? row_dup(c->arena, v->entity, v->row) : NULL;
    if (!row) {
        g->is_out_of_memory = true;
        return false;
    }
    r->v = row;
    memcpy(r->visible, v->visible, sizeof r->visible);
    r->actions = v->actions;
    memcpy(r->writable, v->writable, sizeof r->writable);
    drop_unwritable(c, r);
    record_conceal(r);
    g->at[g->count++] = r;
    return true;
}

static crm_status gather(crm_ctx *c, query *q, int64_t id, gathering *g)
{
    record_read rd = {.call = c, .query = q, .id = id, .on_row = on_view, .arg = g};
    crm_status st = records_read_now(&rd);
    return !st && g->is_out_of_memory ? CRM_NOMEM : st;
}

crm_status records_get(crm_ctx *c, const entity *e, int64_t id, record **out)
{
    query q = {.entity = e};
    gathering g = {.call = c, .at = out};
    *out = NULL;
    if (id <= 0) {
        return call_fail(c, CRM_NOT_FOUND, "not_found");
    }
    return gather(c, &q, id, &g);
}

crm_status records_list(crm_ctx *c, query *q, record ***out, uint32_t *count)
{
    uint32_t limit = q->limit && q->limit < LIST_MAX ? q->limit : LIST_MAX;
    gathering g = {.call = c, .at = ARENA_ARRAY(c->arena, record *, limit)};
    query page = *q;
    page.limit = limit;
    *out = g.at;
    *count = 0;
    crm_status st = g.at ? gather(c, &page, 0, &g) : CRM_NOMEM;
    *count = g.count;
    return st;
}

/* ---- new ------------------------------------------------------------------------------------- */

static value default_of(const crm_ctx *c, const field *f)
{
    if (str_is(f->def_text, "me")) {
        return c->who->user ? value_int(c->who->user) : value_null();
    }
    if (str_is(f->def_text, "now")) {
        return cond_value(f, (value){.kind = VALUE_NOW}, &c->env);
    }
    if (str_is(f->def_text, "today")) {
        return cond_value(f, (value){.kind = VALUE_TODAY}, &c->env);
    }
    return f->def;
}

static value start_stage(const field *f)
{
    const pipeline *p = f->pipeline;
    for (uint32_t i = 0; p && i < p->stage_count; i++) {
        if (p->stages[i].is_start) {
            return value_text(p->stages[i].name);
        }
    }
    return p && p->stage_count ? value_text(p->stages[0].name) : value_null();
}

crm_status records_new(crm_ctx *c, const entity *e, record **out)
{
    record *r = *out = record_of(c, e);
    value *row = r ? ARENA_ARRAY(c->arena, value, e->field_count) : NULL;
    if (!row) {
        return CRM_NOMEM;
    }
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        row[i] = default_of(c, &e->fields[i]);
        if (i == e->stage_field && value_is_null(row[i])) {
            row[i] = start_stage(&e->fields[i]);
        }
    }
    r->is_new = true;
    record_judge(c, r, row, ~0u);
    return CRM_OK;
}

crm_status record_set(record *r, const field *f, value v)
{
    if (f->index < COL_OWN && f->index != COL_MARKS) {
        return CRM_MISUSE;
    }
    value copy = value_dup(r->arena, v);
    if (v.kind == VALUE_TEXT && !copy.s.p) {
        return CRM_NOMEM;
    }
    r->v[f->index] = copy;
    bits_add(r->set, f->index);
    bits_drop(r->copied, f->index);
    return CRM_OK;
}
