/*
 * model_data.c - what a change of the model means for the rows that are there: how many, whether
 * they fit. Reads in the session of the call, on a worker.
 */
#include "model.h"

typedef struct scan {
    crm_ctx *c;
    const field *from, *to;
    field_source source;
    arena *arena; /* of one row */
    model_plan *plan;
    crm_status status;
} scan;

/* ---- every row ------------------------------------------------------------------------------- */

#define ROWS_AT_ONCE 2000 /* some 5 ms */

typedef struct part {
    const model_read *of;
    int64_t last;
    bool is_enough;
} part;

static bool on_part(void *arg, const value *row, uint32_t matched)
{
    part *p = arg;
    p->last = row[COL_ID].i;
    p->is_enough = !p->of->on_row(p->of->arg, row, matched);
    return !p->is_enough;
}

crm_status model_read_rows(crm_ctx *c, const model_read *what)
{
    const field *id = &what->entity->fields[COL_ID];
    part p = {.of = what, .last = 0};
    crm_status s = CRM_OK;
    int64_t count = ROWS_AT_ONCE;
    while (s == CRM_OK && count == ROWS_AT_ONCE && !p.is_enough) {
        query q = {.entity = what->entity,
                   .limit = ROWS_AT_ONCE,
                   .sorts = {{id, false}},
                   .sort_count = 1,
                   .with_deleted = what->with_deleted,
                   .where =
                       cond_and(c->arena, cond_compare(c->arena, COND_GT, id, value_int(p.last)),
                                what->where)};
        engine_op op = {
            .kind = ENGINE_LIST, .entity = what->entity, .query = &q, .on_row = on_part, .arg = &p};
        engine_batch b = {.ops = &op, .count = 1};
        memcpy(q.select, what->select, sizeof q.select);
        bits_add(q.select, COL_ID);
        s = q.where ? engine_read_now(c->session, &b) : CRM_NOMEM;
        count = op.count;
        engine_turn_end(c->session);
    }
    return s;
}

/* ---- values that fit ------------------------------------------------------------------------- */

#define SHOWN_BYTES 80 /* of a value, whole letters */

static crm_str shown(arena *a, const field *f, value v)
{
    char number[FIELD_DECIMAL_TEXT];
    if (v.kind == VALUE_INT) {
        return arena_dup(a, field_format_decimal(v.i, f->scale, number));
    }
    return arena_dup(a, text_cut(v.s, SHOWN_BYTES));
}

static bool on_row(void *arg, const value *row, uint32_t matched)
{
    scan *x = arg;
    model_plan *p = x->plan;
    arena_mark mark = arena_mark_get(x->arena);
    value v = row[x->from->index], out;
    (void)matched;
    crm_status s = field_convert(&x->source, x->from, x->to, v, &out);
    if (s == CRM_INVALID && p->misfits < MODEL_FIRST) {
        p->first[p->misfits].id = row[COL_ID].i;
        p->first[p->misfits].value = shown(x->c->arena, x->from, v);
    }
    if (s == CRM_INVALID && !p->misfits++) {
        p->entity = x->to->entity;
        p->field = x->to;
        p->is_choice = x->from->type == FIELD_CHOICE && x->to->type == FIELD_CHOICE;
    }
    arena_rewind(x->arena, mark);
    x->status = s == CRM_NOMEM ? s : x->status;
    return x->status == CRM_OK;
}

crm_status model_scan(crm_ctx *c, const field *from, const field *to, model_plan *out)
{
    scan x = {.c = c, .from = from, .to = to, .arena = arena_new(0), .plan = out};
    model_read r = {.entity = from->entity, .with_deleted = true, .on_row = on_row, .arg = &x};
    if (!x.arena) {
        return CRM_NOMEM;
    }
    x.source = (field_source){.arena = x.arena, .reg = c->reg};
    bits_add(r.select, from->index);
    crm_status s = model_read_rows(c, &r);
    arena_free(x.arena);
    return s == CRM_OK ? x.status : s;
}

/* ---- how long it takes ----------------------------------------------------------------------- */

#define TELLING_ROWS    1000
#define KEYS_AT_ONCE    2000  /* rows whose sort keys the step makes in passing */
#define INDEXED_AT_ONCE 10000 /* rows that it indexes in passing */
#define LOOKED_AT_ONCE  20000 /* rows whose values it looks at in passing */

void model_learn(deployment *d, model_cost what, int64_t rows, int64_t ns)
{
    if (what != COST_NONE && rows >= TELLING_ROWS) {
        d->model_ns[what] = ns / rows + 1;
    }
}

/* By which measure it goes: what converts values goes over every row, whatever else it does. */
model_cost model_cost_of(const model_plan *p)
{
    return p->converts ? COST_CONVERT : p->indexes ? COST_INDEX : p->looks ? COST_LOOK : COST_NONE;
}

int64_t model_expected(const deployment *d, const model_plan *p)
{
    model_cost what = model_cost_of(p);
    if (what == COST_NONE) {
        return 0;
    }
    int64_t ns = d->model_ns[what] * p->rows;
    return d->model_ns[what] ? (ns + 999999999) / 1000000000 : -1;
}

/* ---- looking --------------------------------------------------------------------------------- */

static crm_status count_rows(crm_ctx *c, const entity *e, int64_t *out)
{
    query q = {.entity = e, .limit = INT32_MAX, .with_deleted = true};
    engine_op op = {.kind = ENGINE_COUNT, .entity = e, .query = &q};
    engine_batch b = {.ops = &op, .count = 1};
    crm_status s = engine_read_now(c->session, &b);
    *out = op.count;
    return s;
}

/* The field as the registry in force has it, and as it will be. */
static bool find_pair(const model_change *x, const model_row *row, model_pair *out)
{
    tz_declaration next;
    const entity *was = registry_entity(x->c->reg, row->entity);
    out->from = was ? entity_field(was, row->field) : NULL;
    out->to = NULL;
    if (row->field.n && model_next(x->c->arena, row, &next) == CRM_OK) {
        const entity *e = registry_entity(x->b->reg, next.entity);
        out->to = e ? entity_field(e, next.field) : NULL;
    }
    return out->to != NULL;
}

/* ---- full text --------------------------------------------------------------------------------
 */

#define TEXT_AT_ONCE 1000 /* rows whose full text the step makes in passing */

/* The position in `was` of what stands at `at` in `e`; both 0 as well. */
static bool is_same_part(const entity *was, uint16_t then, const entity *e, uint16_t at)
{
    const field *f = &e->fields[at];
    const field *old = entity_field(was, f->name);
    old = old || !f->was.n ? old : entity_field(was, f->was);
    return !at || !then ? at == then
                        : old && old->index == then && field_retype(old, f) != RETYPE_REWRITE;
}

bool model_has_other_text(const entity *was, const entity *e)
{
    bool is_same = was->search_count == e->search_count &&
                   is_same_part(was, was->department_field, e, e->department_field) &&
                   is_same_part(was, was->stage_field, e, e->stage_field);
    for (int i = 0; i < 3; i++) {
        is_same = is_same && is_same_part(was, was->owner_fields[i], e, e->owner_fields[i]);
    }
    for (uint32_t i = 0; is_same && i < e->search_count; i++) {
        is_same = is_same_part(was, was->search_fields[i], e, e->search_fields[i]);
    }
    is_same = is_same && !was->match_field == !e->match_field; /* keys of names stand there too */
    return (e->search_count || e->match_field) && !is_same;
}

/* A batch puts one declaration into force; what takes others with it makes its full text at once.
 */
static void look_at_text(model_change *x, const model_row *row, model_plan *p)
{
    tz_declaration next;
    const entity *was = registry_entity(x->c->reg, row->entity);
    if (p->rows <= TEXT_AT_ONCE || !was || model_next(x->c->arena, row, &next) != CRM_OK) {
        return;
    }
    const entity *e = registry_entity(x->b->reg, next.entity);
    p->remakes_text = p->remakes_text || (e && model_has_other_text(was, e));
}

/* ---- all of it --------------------------------------------------------------------------------
 */

static bool is_indexed(const field *f)
{
    return f->flags & (FIELD_INDEXED | FIELD_UNIQUE);
}

/* Whether the index that `to` wants is there: that of the values is none of their sort keys. */
static bool has_index(const field *from, const field *to)
{
    return from && is_indexed(from) && field_key_of(from) == field_key_of(to);
}

static void look_at_index(const field *from, const field *to, model_plan *p)
{
    bool makes_index = is_indexed(to) && !has_index(from, to);
    p->indexes |= makes_index;
    p->goes_ahead |=
        makes_index && p->rows > (from && field_is_keyed(to) ? KEYS_AT_ONCE : INDEXED_AT_ONCE);
}

/* What finds duplicates of an entity is indexed. */
static void look_at_entity(model_change *x, const model_row *row, model_plan *p)
{
    tz_declaration next;
    const entity *was = registry_entity(x->c->reg, row->entity);
    if (!was || row->field.n || model_next(x->c->arena, row, &next) != CRM_OK) {
        return;
    }
    const entity *e = registry_entity(x->b->reg, next.entity);
    for (uint32_t i = COL_OWN; e && i < e->field_count; i++) {
        look_at_index(entity_field(was, e->fields[i].name), &e->fields[i], p);
    }
}

static crm_status look_at(model_change *x, const model_row *row, model_plan *p)
{
    model_pair f;
    const entity *e = registry_entity(x->c->reg, row->entity);
    crm_status s = e && !p->rows ? count_rows(x->c, e, &p->rows) : CRM_OK;
    if (s != CRM_OK || !find_pair(x, row, &f)) {
        look_at_entity(x, row, p);
        return s;
    }
    const field *from = f.from, *to = f.to;
    look_at_index(from, to, p);
    retype how = from ? field_retype(from, to) : RETYPE_NONE;
    p->converts |= how == RETYPE_REWRITE;
    p->looks |= how == RETYPE_CHECK;
    p->goes_ahead |= how == RETYPE_CHECK && p->rows > LOOKED_AT_ONCE;
    if (how == RETYPE_CHECK || how == RETYPE_REWRITE) {
        s = model_scan(x->c, from, to, p);
    }
    return s == CRM_OK && e && !p->misfits ? model_look_unique(x->c, e, &f, p) : s;
}

crm_status model_look(model_change *x, model_plan *out)
{
    crm_status s = CRM_OK;
    uint32_t changed = 0;
    *out = (model_plan){0};
    for (uint32_t i = 0; s == CRM_OK && i < x->rows.count; i++) {
        if (x->rows.at[i].next.n && str_is(x->rows.at[i].phase, MODEL_SWAPPING)) {
            s = look_at(x, &x->rows.at[i], out);
            changed++;
        }
    }
    if (s == CRM_OK && changed == 1) {
        look_at_text(x, x->target, out);
    }
    out->goes_ahead = out->goes_ahead && changed == 1;
    engine_turn_end(x->c->session);
    return s;
}
