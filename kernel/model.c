/*
 * model.c - a change of own entities and fields while the server works.
 *
 * The whole registry that would follow is built and sealed beside the one in force; what it finds
 * wrong is the refusal. Then the data is looked at. What can be done at once is done on the writer,
 * alone: the intent is stored, the engine's step follows, the declaration is stored, the snapshot
 * published; a crash in between is settled by the next start (model_settle). What has to write
 * values another way, or the full text of many rows, becomes a batch (model_batch.c). Worker
 * threads.
 */
#include "model.h"

#include "flow/batch.h"
#include "flow/store.h"

/* ---- putting it into force ------------------------------------------------------------------- */

static crm_status call_here(model_change *x, crm_status (*commit)(crm_ctx *, void *))
{
    crm_ctx c;
    crm_status s = call_begin_from(&c, x->c, x->c->who, x->c->via);
    if (s != CRM_OK) {
        return s;
    }
    c.lang = x->c->lang;
    s = writer_run_alone(x->d->flow, &c, commit, x);
    call_end(&c);
    return s;
}

static crm_status put(record *r, uint32_t column, crm_str text)
{
    return record_set(r, &r->entity->fields[column], value_text(text));
}

crm_status model_save_intent(crm_ctx *c, model_row *row)
{
    const entity *e = registry_store(c->reg, STORE_MODEL);
    record *r;
    crm_status s = row->id ? records_get(c, e, row->id, &r) : records_new(c, e, &r);
    s = s == CRM_OK ? put(r, MODEL_ENTITY, row->entity) : s;
    s = s == CRM_OK ? put(r, MODEL_FIELD, row->field) : s;
    s = s == CRM_OK ? put(r, MODEL_NEXT, row->next) : s;
    s = s == CRM_OK ? put(r, MODEL_PHASE, row->phase) : s;
    if (s == CRM_OK && row->batch) {
        s = record_set(r, &e->fields[MODEL_BATCH], value_int(row->batch));
    }
    s = s == CRM_OK ? records_save(c, r, 0) : s;
    row->id = s == CRM_OK ? r->v[COL_ID].i : row->id;
    return s;
}

static crm_status each_changed(crm_ctx *c, model_change *x, bool is_done, bool is_intent)
{
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < x->rows.count; i++) {
        model_row *row = &x->rows.at[i];
        if (!str_is(row->phase, MODEL_SWAPPING)) {
            continue;
        }
        s = is_intent ? model_save_intent(c, row) : model_row_settle(c, row, is_done);
    }
    return s;
}

static crm_status commit_intent(crm_ctx *c, void *arg)
{
    model_change *x = arg;
    crm_status s = x->batch ? batch_check_open(c, x->batch) : CRM_OK;
    x->is_stopped = s == CRM_CONFLICT;
    return s == CRM_OK ? each_changed(c, x, false, true) : s;
}

static crm_status commit_done(crm_ctx *c, void *arg)
{
    model_change *x = arg;
    crm_status s = each_changed(c, x, true, false);
    return s == CRM_OK && x->batch ? batch_finish(c, x->batch) : s;
}

static crm_status commit_dropped(crm_ctx *c, void *x)
{
    return each_changed(c, x, false, false);
}

static crm_status swap(void *arg)
{
    model_change *x = arg;
    crm_status s = call_here(x, commit_intent);
    if (s != CRM_OK) {
        return s;
    }
    x->step_ns = clock_mono();
    s = build_schema(x->d, x->b);
    x->step_ns = clock_mono() - x->step_ns;
    if (s == CRM_OK) {
        s = call_here(x, commit_done);
    }
    if (s != CRM_OK) {
        crm_status back = call_here(x, commit_dropped);
        return back == CRM_OK ? s : back;
    }
    build_publish(x->d, x->b);
    return CRM_OK;
}

crm_status model_swap(model_change *x)
{
    crm_status s = writer_exclusive(x->d->flow, swap, x);
    if (s == CRM_INVALID && x->b->faults) {
        return model_refuse(x);
    }
    return s == CRM_OK ? deployment_published(x->d) : s;
}

/* ---- what goes over every row
 * -------------------------------------------------------------------- */

static crm_status commit_batch(crm_ctx *c, void *arg)
{
    model_change *x = arg;
    const model_row *t = x->target;
    crm_str title = arena_fmt(c->arena, "%.*s.%.*s", STR_FMT(t->entity), STR_FMT(t->field));
    batch_order o = {
        .kind = CRM_S("model"), .title = title, .entity = registry_entity(c->reg, t->entity)};
    int64_t id = 0;
    ((model_row *)t)->phase = CRM_S(MODEL_WAITING);
    crm_status s = t->id ? CRM_OK : model_save_intent(c, (model_row *)t);
    o.spec = s == CRM_OK ? json_pack("{s:I}", "row", (json_int_t)t->id) : NULL;
    if (s == CRM_OK) {
        s = o.spec ? batch_start(c, &o, &id) : CRM_NOMEM;
    }
    json_decref(o.spec);
    if (s != CRM_OK) {
        return s;
    }
    ((model_row *)t)->batch = id;
    return model_save_intent(c, (model_row *)t);
}

bool model_has_batch(const model_row *row)
{
    return str_is(row->phase, MODEL_WAITING) || str_is(row->phase, MODEL_PURGING);
}

/* One at a time: each holds a column that is being filled, or emptied. */
crm_status model_check_free(model_change *x)
{
    for (uint32_t i = 0; i < x->rows.count; i++) {
        if (!model_has_batch(&x->rows.at[i])) {
            continue;
        }
        call_fail(x->c, CRM_CONFLICT, "model_busy");
        x->c->error.params_json =
            arena_fmt(x->c->arena, "{\"batch\":%lld}", (long long)x->rows.at[i].batch);
        return CRM_CONFLICT;
    }
    return CRM_OK;
}

static crm_status start_batch(model_change *x, int *status)
{
    crm_status s = model_check_free(x);
    *status = 202;
    return s == CRM_OK ? writer_run(x->d->flow, x->c, commit_batch, x) : s;
}

/* ---- a request ------------------------------------------------------------------------------- */

crm_status model_build(model_change *x)
{
    tz_declaration *rows;
    uint32_t count;
    x->b = build_new(x->d->o->lang);
    crm_status s = x->b ? build_like(x->d, x->b) : CRM_NOMEM;
    if (s == CRM_OK) {
        s = model_declarations(x->c->arena, &x->rows, true, &rows, &count);
    }
    if (s == CRM_OK) {
        s = build_registry(x->d, x->b, rows, count);
    }
    return s == CRM_INVALID ? model_refuse(x) : s;
}

/* What was changed, as the registry in force now has it. */
static crm_status answer(model_change *x, buf *json)
{
    crm_ctx c;
    json_writer w;
    model_rows rows;
    tz_declaration what = {.entity = x->target->entity, .field = x->target->field};
    crm_status s = call_begin_in(&c, x->c->arena, x->c->who, x->c->via);
    if (s != CRM_OK) {
        return s;
    }
    c.lang = x->c->lang;
    engine_turn_end(x->c->session);
    if (!str_is(x->target->phase, MODEL_WAITING)) {
        s = model_next(c.arena, x->target, &what);
    }
    if (s == CRM_OK) {
        s = model_load(x->c->session, c.reg, c.arena, &rows);
    }
    jw_init(&w, json);
    if (s == CRM_OK) {
        model_put_one(&w, &c, &rows, &what);
    }
    call_end(&c);
    return s;
}

static crm_status make_change(model_change *x, buf *json, int *status)
{
    model_plan plan;
    json_writer w;
    crm_status s = model_edit(x);
    s = s == CRM_OK ? model_build(x) : s;
    s = s == CRM_OK ? model_look(x, &plan) : s;
    if (s == CRM_OK && x->ask->is_check) {
        jw_init(&w, json);
        model_put_plan(x, &w, &plan);
        return CRM_OK;
    }
    if (s == CRM_OK && plan.misfits) {
        s = model_refuse_misfits(x, &plan);
    } else if (s == CRM_OK && plan.duplicates) {
        s = model_refuse_duplicates(x, &plan);
    }
    if (s != CRM_OK) {
        return s;
    }
    bool is_new = x->ask->act == MODEL_ACT_ADD_ENTITY || x->ask->act == MODEL_ACT_ADD_FIELD;
    bool is_long = plan.converts || plan.remakes_text || plan.goes_ahead;
    *status = is_new ? 201 : 200;
    s = is_long ? start_batch(x, status) : model_swap(x);
    if (s == CRM_OK && !is_long) {
        model_learn(x->d, model_cost_of(&plan), plan.rows, x->step_ns);
    }
    return s == CRM_OK ? answer(x, json) : s;
}

static crm_status list(model_change *x, buf *json)
{
    json_writer w;
    jw_init(&w, json);
    model_put_list(&w, x->c, &x->rows);
    return json->failed ? CRM_NOMEM : CRM_OK;
}

/* A batch that was stopped or failed leaves its intent behind. */
static crm_status forget_ended(model_change *x)
{
    const entity *e = registry_store(x->c->reg, STORE_BATCH);
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < x->rows.count; i++) {
        model_row *row = &x->rows.at[i];
        store_row batch;
        if (!model_has_batch(row)) {
            continue;
        }
        s = store_first(
            x->c->session, x->c->arena, x->c->reg, STORE_BATCH,
            cond_compare(x->c->arena, COND_EQ, &e->fields[COL_ID], value_int(row->batch)), &batch);
        bool is_open =
            s == CRM_OK && (str_is(store_text(&batch, BATCH_STATE), BATCH_STATE_WAITING) ||
                            str_is(store_text(&batch, BATCH_STATE), BATCH_STATE_RUNNING));
        if (!is_open) {
            row->next = row->phase = (crm_str){0};
        }
        s = s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    return s;
}

crm_status model_rows_now(model_change *x)
{
    engine_turn_end(x->c->session);
    crm_status s = model_load(x->c->session, x->c->reg, x->c->arena, &x->rows);
    return s == CRM_OK ? forget_ended(x) : s;
}

/* On the registry that is in force once it is this request's turn. */
static crm_status serve(model_change *x, buf *json, int *status)
{
    crm_ctx now, *asked = x->c;
    /* A list is read beside a change: what is on its way is never told as if it were done. */
    crm_status s = x->ask->act == MODEL_ACT_LIST ? model_rows_now(x) : CRM_OK;
    s = s == CRM_OK ? call_begin_in(&now, asked->arena, asked->who, CRM_S("api")) : s;
    if (s != CRM_OK) {
        return s;
    }
    now.session = asked->session;
    now.lang = asked->lang;
    x->c = &now;
    if (x->ask->act == MODEL_ACT_LIST) {
        s = list(x, json);
    } else if (x->ask->act == MODEL_ACT_CHANGES) {
        s = model_changes(x, json);
    } else if ((s = model_rows_now(x)) == CRM_OK && x->ask->act == MODEL_ACT_PURGE) {
        *status = x->ask->is_check ? 200 : 202;
        s = model_purge(x, json);
    } else if (s == CRM_OK) {
        s = make_change(x, json, status);
    }
    build_free(x->b);
    x->c = asked;
    asked->error = now.error;
    now.session = NULL;
    call_end(&now);
    return s;
}

crm_status model_ask_service(void *deployment_of, crm_ctx *c, const model_ask *what, buf *json,
                             int *status)
{
    model_change x = {.d = deployment_of, .c = c, .ask = what};
    bool is_list =
        what->act == MODEL_ACT_LIST || what->act == MODEL_ACT_CHANGES; /* which waits for nobody */
    if (!is_list) {
        uv_mutex_lock(&x.d->apply_lock);
    }
    crm_status s = serve(&x, json, status);
    if (!is_list) {
        uv_mutex_unlock(&x.d->apply_lock);
    }
    return s;
}
