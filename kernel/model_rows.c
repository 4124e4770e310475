/*
 * model_rows.c - the declarations made in the UI as they are stored, and what a build takes of
 * them. Any thread with a session.
 */
#include "build.h"
#include "flow/store.h"

#define ROWS_MAX 5000

/* ---- loading --------------------------------------------------------------------------------- */

static bool says_retired(crm_str body)
{
    json_t *root;
    if (!body.n || json_read(body, 0, &root, NULL) != CRM_OK) {
        return false;
    }
    bool is_it = json_is_true(json_object_get(root, "retired"));
    json_decref(root);
    return is_it;
}

static model_row row_of(const store_row *r)
{
    return (model_row){.id = r->id,
                       .entity = store_text(r, MODEL_ENTITY),
                       .field = store_text(r, MODEL_FIELD),
                       .body = store_text(r, MODEL_BODY),
                       .next = store_text(r, MODEL_NEXT),
                       .phase = store_text(r, MODEL_PHASE),
                       .batch = store_int(r, MODEL_BATCH),
                       .is_retired = says_retired(store_text(r, MODEL_BODY))};
}

crm_status model_load(engine_session *s, const registry *r, arena *a, model_rows *out)
{
    query *q = query_new(a, registry_store(r, STORE_MODEL));
    store_row *rows;
    *out = (model_rows){0};
    if (!q) {
        return CRM_NOMEM;
    }
    q->sorts[0] = (sort){&q->entity->fields[COL_ID], false};
    q->sort_count = 1;
    q->limit = ROWS_MAX;
    crm_status st = store_list(s, a, q, &rows, &out->count);
    out->at = st == CRM_OK ? ARENA_ARRAY(a, model_row, out->count + 1) : NULL;
    if (st == CRM_OK && !out->at) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; st == CRM_OK && i < out->count; i++) {
        out->at[i] = row_of(&rows[i]);
    }
    return st;
}

crm_status model_load_now(deployment *d, arena *a, model_rows *out)
{
    const registry *current = registry_pin();
    registry *own = NULL;
    engine_session *session = NULL;
    crm_status s = current ? CRM_OK : tz_kernel_registry(d->engine, a, &own);
    if (s == CRM_OK) {
        s = engine_session_open(d->engine, ENGINE_READER, (engine_deliver){0}, &session);
    }
    if (s == CRM_OK) {
        s = model_load(session, current ? current : own, a, out);
        engine_session_close(session);
    }
    registry_unpin(current);
    registry_discard(own);
    return s;
}

/* ---- what a build takes ---------------------------------------------------------------------- */

/*
 * A coming declaration may carry a new name: "name" of the field or entity, "of" the entity that
 * its field will belong to. Neither is part of the form of the ТЗ.
 */
static crm_status take_names(arena *a, json_t *root, tz_declaration *out)
{
    crm_str name = arena_dup(a, json_text(root, "name")), of = arena_dup(a, json_text(root, "of"));
    out->entity = of.n ? of : name.n && !out->field.n ? name : out->entity;
    out->field = name.n && out->field.n ? name : out->field;
    json_object_del(root, "name");
    json_object_del(root, "of");
    out->body = json_dump(a, root);
    return out->body.p ? CRM_OK : CRM_NOMEM;
}

crm_status model_next(arena *a, const model_row *row, tz_declaration *out)
{
    json_t *root;
    *out = (tz_declaration){.entity = row->entity, .field = row->field};
    crm_status s = json_read(row->next, 0, &root, NULL);
    if (s != CRM_OK) {
        return s;
    }
    s = take_names(a, root, out);
    json_decref(root);
    return s;
}

crm_status model_declarations(arena *a, const model_rows *rows, bool forward, tz_declaration **out,
                              uint32_t *count)
{
    *count = 0;
    *out = ARENA_ARRAY(a, tz_declaration, rows->count + 1);
    if (!*out) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        const model_row *row = &rows->at[i];
        tz_declaration *one = &(*out)[*count];
        bool is_next = forward && row->next.n && str_is(row->phase, MODEL_SWAPPING);
        crm_status s = CRM_OK;
        *one = (tz_declaration){.entity = row->entity, .field = row->field, .body = row->body};
        if (is_next) {
            s = model_next(a, row, one);
        }
        if (s != CRM_OK) {
            return s;
        }
        *count += one->body.n > 0;
    }
    return CRM_OK;
}

/* ---- settling -------------------------------------------------------------------------------- */

static crm_status put(record *r, uint32_t column, crm_str text)
{
    return record_set(r, &r->entity->fields[column], value_text(text));
}

crm_status model_row_settle(crm_ctx *c, const model_row *row, bool is_done)
{
    const entity *e = registry_store(c->reg, STORE_MODEL);
    record *r;
    tz_declaration now = {.entity = row->entity, .field = row->field, .body = row->body};
    crm_status s = is_done && row->next.n ? model_next(c->arena, row, &now) : CRM_OK;
    if (s == CRM_OK && !now.body.n) {
        return records_delete(c, e, row->id, 0); /* it never came */
    }
    s = s == CRM_OK ? records_get(c, e, row->id, &r) : s;
    s = s == CRM_OK ? put(r, MODEL_ENTITY, now.entity) : s;
    s = s == CRM_OK ? put(r, MODEL_FIELD, now.field) : s;
    s = s == CRM_OK ? put(r, MODEL_BODY, now.body) : s;
    s = s == CRM_OK ? put(r, MODEL_NEXT, (crm_str){0}) : s;
    s = s == CRM_OK ? put(r, MODEL_PHASE, (crm_str){0}) : s;
    s = s == CRM_OK ? record_set(r, &e->fields[MODEL_BATCH], value_null()) : s;
    return s == CRM_OK ? records_save(c, r, 0) : s;
}

typedef struct settling {
    const model_rows *rows;
    const tz *tz;
    bool forward;
} settling;

static bool is_swapping(const model_row *row)
{
    return str_is(row->phase, MODEL_SWAPPING);
}

static bool is_adopted(const settling *x, const model_row *row)
{
    return !row->phase.n && tz_declares(x->tz, row->entity, row->field);
}

static crm_status commit_settle(crm_ctx *c, void *arg)
{
    const settling *x = arg;
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < x->rows->count; i++) {
        const model_row *row = &x->rows->at[i];
        if (is_swapping(row)) {
            s = model_row_settle(c, row, x->forward);
        } else if (is_adopted(x, row)) {
            s = records_delete(c, registry_store(c->reg, STORE_MODEL), row->id, 0);
        }
    }
    return s;
}

crm_status model_settle(deployment *d, const build *b, bool forward)
{
    settling x = {&b->model, b->tz, forward};
    crm_ctx c;
    bool is_needed = false;
    for (uint32_t i = 0; i < b->model.count; i++) {
        is_needed |= is_swapping(&b->model.at[i]) || is_adopted(&x, &b->model.at[i]);
    }
    crm_status s = is_needed ? call_begin(&c, &principal_system, CRM_S("tz")) : CRM_NOT_FOUND;
    if (s != CRM_OK) {
        return is_needed ? s : CRM_OK;
    }
    s = writer_run(d->flow, &c, commit_settle, &x);
    call_end(&c);
    return s;
}
