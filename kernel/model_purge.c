/*
 * model_purge.c - what was retired is removed for ever: the values of a field or the records of an
 * entity, what history and the kernel's stores hold of them, the declaration. See purge.h.
 *
 * The last turn forgets the columns and deletes the declaration, whose last change is what tells of
 * it afterwards.
 */
#include "model.h"
#include "purge.h"

static purge_thing thing_of(const model_row *row)
{
    return (purge_thing){row->entity, row->field};
}

/* ---- what is asked --------------------------------------------------------------------------- */

static crm_status refuse_in_use(crm_ctx *c, crm_str where)
{
    buf b;
    json_writer w;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "where", where);
    jw_end_object(&w);
    crm_str params = arena_dup(c->arena, buf_view(&b));
    buf_free(&b);
    return call_fail_field(c, CRM_S("name"), "in_use", params);
}

static bool refers(const model_row *row, crm_str name)
{
    json_t *body = NULL;
    if (str_eq(row->entity, name) || json_read(row->body, 0, &body, NULL) != CRM_OK) {
        return false;
    }
    bool is_it = str_eq(json_text(body, "to"), name);
    json_decref(body);
    return is_it;
}

/* Retired references are none to the registry, but would come back with nothing to refer to. */
static crm_status check_references(model_change *x, const model_row *row)
{
    for (uint32_t i = 0; !row->field.n && i < x->rows.count; i++) {
        const model_row *r = &x->rows.at[i];
        if (refers(r, row->entity)) {
            return refuse_in_use(
                x->c, arena_fmt(x->c->arena, "%.*s.%.*s", STR_FMT(r->entity), STR_FMT(r->field)));
        }
    }
    return CRM_OK;
}

static crm_status check_webhooks(model_change *x, const model_row *row)
{
    crm_str where;
    crm_status s = purge_find_webhook(x->c, thing_of(row), &where);
    return s == CRM_OK && where.n ? refuse_in_use(x->c, where) : s;
}

static crm_status find(model_change *x, model_row **row)
{
    crm_str name = x->ask->field.n ? x->ask->field : x->ask->entity;
    crm_status s = model_find_target(x, row);
    if (s == CRM_OK && !call_may(x->c, CRM_S("delete"))) {
        s = call_fail(x->c, CRM_DENIED, "denied");
    }
    if (s == CRM_OK && !(*row)->is_retired) {
        s = call_fail(x->c, CRM_CONFLICT, "model_active");
    }
    if (s == CRM_OK && (*row)->field.n && !registry_entity(x->c->reg, (*row)->entity)) {
        s = call_fail(x->c, CRM_NOT_FOUND, "not_found");
    }
    s = s == CRM_OK ? check_references(x, *row) : s;
    s = s == CRM_OK ? check_webhooks(x, *row) : s;
    bool is_said = x->ask->is_check || str_eq(json_text(x->ask->body, "name"), name);
    return s == CRM_OK && !is_said
               ? call_fail_field(x->c, CRM_S("name"), "name_differs", (crm_str){0})
               : s;
}

/* ---- the request ----------------------------------------------------------------------------- */

typedef struct starting {
    model_row *row;
    int64_t rows, batch;
} starting;

static crm_status commit_start(crm_ctx *c, void *arg)
{
    starting *st = arg;
    model_row *row = st->row;
    crm_str title =
        row->field.n ? arena_fmt(c->arena, "%.*s.%.*s", STR_FMT(row->entity), STR_FMT(row->field))
                     : row->entity;
    batch_order o = {.kind = CRM_S("purge"),
                     .title = title,
                     .entity = registry_entity(c->reg, row->entity),
                     .spec = json_pack("{s:I}", "row", (json_int_t)row->id),
                     .total = st->rows,
                     .is_quiet = true};
    crm_status s = o.spec ? batch_start(c, &o, &st->batch) : CRM_NOMEM;
    json_decref(o.spec);
    row->batch = st->batch;
    row->phase = CRM_S(MODEL_PURGING);
    return s == CRM_OK ? model_save_intent(c, row) : s;
}

static void put_plan(buf *json, const starting *st, int64_t files)
{
    json_writer w;
    jw_init(&w, json);
    jw_object(&w);
    if (st->batch) {
        jw_kobject(&w, "change");
        jw_kint(&w, "batch", st->batch);
        jw_end_object(&w);
    } else {
        jw_kbool(&w, "ok", true);
    }
    jw_kint(&w, "rows", st->rows);
    jw_kint(&w, "files", files);
    jw_end_object(&w);
}

crm_status model_purge(model_change *x, buf *json)
{
    starting st = {0};
    int64_t files = 0;
    crm_status s = find(x, &st.row);
    s = s == CRM_OK ? model_check_free(x) : s;
    s = s == CRM_OK ? purge_count(x->d, x->c, thing_of(st.row), &st.rows, &files) : s;
    if (s == CRM_OK && !x->ask->is_check) {
        s = writer_run(x->d->flow, x->c, commit_start, &st);
    }
    if (s == CRM_OK) {
        put_plan(json, &st, files);
    }
    return s == CRM_OK && json->failed ? CRM_NOMEM : s;
}

/* ---- a turn, on a worker --------------------------------------------------------------------- */

typedef struct ending {
    const model_rows *rows;
    const model_row *gone;
} ending;

static bool goes_with(const model_row *row, const model_row *gone)
{
    return str_eq(row->entity, gone->entity) && (!gone->field.n || str_eq(row->field, gone->field));
}

static crm_status commit_end(crm_ctx *c, void *arg)
{
    const ending *x = arg;
    const entity *e = registry_store(c->reg, STORE_MODEL);
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < x->rows->count; i++) {
        if (goes_with(&x->rows->at[i], x->gone)) {
            s = records_delete(c, e, x->rows->at[i].id, 0);
        }
    }
    return s;
}

static const model_row *row_of(const model_change *x, const batch_run *b)
{
    int64_t id = json_integer_value(json_object_get(b->spec, "row"));
    for (uint32_t i = 0; i < x->rows.count; i++) {
        if (x->rows.at[i].id == id) {
            return &x->rows.at[i];
        }
    }
    return NULL;
}

static bool is_declared(const registry *r, const model_row *row)
{
    const entity *e = registry_entity(r, row->entity);
    return row->field.n ? e && entity_field(e, row->field) : e != NULL;
}

crm_status model_purge_turn(purge_turn *t, const batch_run *b)
{
    model_change x = {.d = t->d, .c = t->c};
    crm_status s = model_rows_now(&x);
    const model_row *row = s == CRM_OK ? row_of(&x, b) : NULL;
    if (!row) {
        t->is_done = s == CRM_OK; /* the turn before did it, and its slice did not come */
        return s;
    }
    if (is_declared(t->c->reg, row)) {
        return call_fail(t->c, CRM_CONFLICT, "model_active"); /* a text brought it back */
    }
    if (!registry_is_alone()) {
        return CRM_UNAVAILABLE; /* somebody who knows it may still write it */
    }
    s = purge_read_place(b->cursor, &t->page);
    s = s == CRM_OK ? purge_one(t, thing_of(row)) : s;
    if (s == CRM_OK && t->is_gone) {
        ending end = {&x.rows, row};
        s = purge_commit(t, commit_end, &end);
        t->is_done = s == CRM_OK;
    }
    t->cursor = purge_place(t->c->arena, &t->page);
    return s == CRM_OK && !t->cursor.p ? CRM_NOMEM : s;
}
