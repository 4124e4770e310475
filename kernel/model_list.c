/* model_list.c - the model as JSON for the API and as sections of a ТЗ. Any thread. */
#include "model.h"

/* ---- who sees it ----------------------------------------------------------------------------- */

static bool shows(const grant *g, const field *f)
{
    for (uint32_t i = 0; f && i < g->field_count; i++) {
        if (str_eq(g->fields[i], f->name)) {
            return true;
        }
    }
    return !f || !g->field_count;
}

bool model_is_unseen(const registry *r, const entity *e, const field *f)
{
    for (uint32_t i = 0; i < r->grant_count; i++) {
        const grant *g = &r->grants[i];
        if (g->action == ACTION_READ && str_eq(g->entity_name, e->name) && shows(g, f)) {
            return false;
        }
    }
    return true;
}

/* ---- fields and entities --------------------------------------------------------------------- */

static const model_row *row_of(const model_rows *rows, crm_str entity_name, crm_str field_name)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        if (str_eq(rows->at[i].entity, entity_name) && str_eq(rows->at[i].field, field_name)) {
            return &rows->at[i];
        }
    }
    return NULL;
}

static void put_text(json_writer *w, const char *key, crm_str text)
{
    jw_key(w, str_of(key));
    if (text.n) {
        jw_str(w, text);
    } else {
        jw_null(w);
    }
}

static void put_declaration(json_writer *w, const model_row *row)
{
    jw_key(w, CRM_S("declaration"));
    if (!row || !row->body.n) {
        jw_null(w);
        return;
    }
    jw_raw(w, row->body);
    jw_kint(w, "id", row->id);
}

static void put_change(json_writer *w, const model_row *row)
{
    jw_key(w, CRM_S("change"));
    if (!row || !model_has_batch(row)) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_kint(w, "batch", row->batch);
    jw_end_object(w);
}

static void put_retypes(json_writer *w, const field *f)
{
    uint32_t bits = field_retypes(f);
    jw_karray(w, "retypes");
    for (int t = 0; t < FIELD_TYPE_COUNT; t++) {
        if (bits >> t & 1) {
            jw_str(w, field_type_name((field_type)t));
        }
    }
    jw_end_array(w);
}

static void put_field(json_writer *w, const registry *r, const field *f, const model_row *row)
{
    bool is_ours = (f->flags & FIELD_DEPLOYMENT) != 0;
    jw_object(w);
    jw_kstr(w, "name", f->name);
    jw_kstr(w, "label", f->label);
    jw_kstr(w, "type", field_type_name(f->type));
    put_text(w, "was", f->was);
    jw_kstr(w, "made_by", str_of(row ? "model" : is_ours ? "tz" : "module"));
    jw_kstr(w, "state", CRM_S("active"));
    jw_kbool(w, "unseen", model_is_unseen(r, f->entity, f));
    put_change(w, row);
    if (row) {
        put_retypes(w, f);
    }
    put_declaration(w, row);
    jw_end_object(w);
}

/* Of what is retired only its declaration is left. */
static void put_retired(json_writer *w, const model_row *row)
{
    json_t *body = NULL;
    if (json_read(row->body, 0, &body, NULL) != CRM_OK) {
        return;
    }
    json_t *title = json_object_get(body, "title");
    title = json_is_array(title) ? json_array_get(title, 0) : title;
    jw_object(w);
    jw_kstr(w, "name", row->field.n ? row->field : row->entity);
    jw_kstr(w, "label", (crm_str){json_string_value(title), json_string_length(title)});
    if (row->field.n) {
        jw_kstr(w, "type", json_text(body, "type"));
    }
    jw_kstr(w, "made_by", CRM_S("model"));
    jw_kstr(w, "state", CRM_S("retired"));
    put_change(w, row);
    put_declaration(w, row);
    if (!row->field.n) {
        jw_karray(w, "fields");
        jw_end_array(w);
    }
    jw_end_object(w);
    json_decref(body);
}

/* A new one whose batch is under way. */
static bool is_coming(const model_row *row)
{
    return !row->body.n && row->next.n && row->field.n && model_has_batch(row);
}

static void put_coming(json_writer *w, const model_row *row)
{
    json_t *next = NULL;
    if (json_read(row->next, 0, &next, NULL) != CRM_OK) {
        return;
    }
    json_t *title = json_object_get(next, "title");
    title = json_is_array(title) ? json_array_get(title, 0) : title;
    jw_object(w);
    jw_kstr(w, "name", row->field);
    jw_kstr(w, "label", (crm_str){json_string_value(title), json_string_length(title)});
    jw_kstr(w, "type", json_text(next, "type"));
    jw_kstr(w, "made_by", CRM_S("model"));
    jw_kstr(w, "state", CRM_S("coming"));
    put_change(w, row);
    put_declaration(w, NULL);
    jw_end_object(w);
    json_decref(next);
}

static void put_fields(json_writer *w, const registry *r, const entity *e, const model_rows *rows)
{
    jw_karray(w, "fields");
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        if (!(e->fields[i].flags & FIELD_HIDDEN)) {
            put_field(w, r, &e->fields[i], row_of(rows, e->name, e->fields[i].name));
        }
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->at[i].is_retired && rows->at[i].field.n && str_eq(rows->at[i].entity, e->name)) {
            put_retired(w, &rows->at[i]);
        } else if (is_coming(&rows->at[i]) && str_eq(rows->at[i].entity, e->name)) {
            put_coming(w, &rows->at[i]);
        }
    }
    jw_end_array(w);
}

static void put_entity(json_writer *w, const registry *r, const entity *e, const model_rows *rows)
{
    const model_row *row = row_of(rows, e->name, (crm_str){0});
    bool is_tz = str_is(e->module, "tz");
    jw_object(w);
    jw_kstr(w, "name", e->name);
    jw_kstr(w, "label", e->label_many);
    jw_kstr(w, "module", e->module);
    put_text(w, "was", e->was);
    jw_kstr(w, "made_by", str_of(row && is_tz ? "model" : is_tz ? "tz" : "module"));
    jw_kstr(w, "state", CRM_S("active"));
    jw_kbool(w, "unseen", model_is_unseen(r, e, NULL));
    put_change(w, row);
    put_declaration(w, row);
    put_fields(w, r, e, rows);
    jw_end_object(w);
}

static bool may_have_more(const entity *e)
{
    return !(e->flags & (ENTITY_SYSTEM | ENTITY_NO_API | ENTITY_LOG | ENTITY_NOTES)) &&
           !str_is(e->name, "batch") && !str_is(e->name, "notification");
}

void model_put_list(json_writer *w, crm_ctx *c, const model_rows *rows)
{
    const registry *r = c->reg;
    jw_object(w);
    jw_kstr(w, "rev", str_of(r->rev));
    jw_karray(w, "roles");
    for (uint32_t i = 0; i < r->role_count; i++) {
        jw_object(w);
        jw_kstr(w, "name", r->roles[i].name);
        jw_kstr(w, "title", registry_text(r, c->lang, r->roles[i].title));
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_karray(w, "entities");
    for (uint32_t i = 0; i < r->entity_count; i++) {
        if (may_have_more(r->entities[i])) {
            put_entity(w, r, r->entities[i], rows);
        }
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->at[i].is_retired && !rows->at[i].field.n) {
            put_retired(w, &rows->at[i]);
        }
    }
    jw_end_array(w);
    jw_end_object(w);
}

void model_put_one(json_writer *w, crm_ctx *c, const model_rows *rows, const tz_declaration *what)
{
    const entity *e = registry_entity(c->reg, what->entity);
    const field *f = e && what->field.n ? entity_field(e, what->field) : NULL;
    const model_row *row = row_of(rows, what->entity, what->field);
    if (f) {
        put_field(w, c->reg, f, row);
    } else if (e && !what->field.n) {
        put_entity(w, c->reg, e, rows);
    } else if (row && is_coming(row)) {
        put_coming(w, row);
    } else if (row) {
        put_retired(w, row);
    } else {
        jw_null(w);
    }
}

/* ---- what would follow ----------------------------------------------------------------------- */

static void put_seconds(json_writer *w, const deployment *d, const model_plan *p)
{
    int64_t seconds = model_expected(d, p);
    jw_key(w, CRM_S("seconds"));
    if (seconds < 0) {
        jw_null(w);
    } else {
        jw_int(w, seconds);
    }
}

static const field *next_field(const model_change *x, const entity **e)
{
    tz_declaration next;
    *e = NULL;
    if (model_next(x->c->arena, x->target, &next) == CRM_OK) {
        *e = registry_entity(x->b->reg, next.entity);
    }
    return *e && next.field.n ? entity_field(*e, next.field) : NULL;
}

/* Records that hold the same value, five of each at most. */
static void put_twins(json_writer *w, const model_plan *p)
{
    jw_kint(w, "duplicates", p->duplicates);
    jw_karray(w, "twins");
    for (int i = 0; i < MODEL_FIRST && i < p->duplicates; i++) {
        jw_array(w);
        for (int k = 0; k < MODEL_FIRST && k < p->twins[i].count; k++) {
            jw_int(w, p->twins[i].ids[k]);
        }
        jw_end_array(w);
    }
    jw_end_array(w);
}

void model_put_plan(model_change *x, json_writer *w, const model_plan *p)
{
    const entity *e;
    const field *f = next_field(x, &e);
    jw_object(w);
    jw_kbool(w, "ok", p->misfits == 0 && p->duplicates == 0);
    jw_kint(w, "rows", p->rows);
    jw_kbool(w, "converts", p->converts);
    jw_kbool(w, "index", p->indexes);
    jw_kbool(w, "text", p->remakes_text);
    put_seconds(w, x->d, p);
    jw_kbool(w, "unseen", e && model_is_unseen(x->b->reg, e, f));
    jw_kint(w, "misfits", p->misfits);
    jw_karray(w, "first");
    for (int i = 0; i < MODEL_FIRST && i < p->misfits; i++) {
        jw_object(w);
        jw_kint(w, "id", p->first[i].id);
        jw_kstr(w, "value", p->first[i].value);
        jw_end_object(w);
    }
    jw_end_array(w);
    put_twins(w, p);
    jw_end_object(w);
}

/* ---- as a ТЗ --------------------------------------------------------------------------------- */

/* JSON is YAML in its flow form: a declaration per line can be put into a ТЗ as it is. */
static void export_fields(buf *out, const model_rows *rows, crm_str entity_name, const char *indent)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->at[i].field.n && rows->at[i].body.n && str_eq(rows->at[i].entity, entity_name)) {
            buf_fmt(out, "%s%.*s: %.*s\n", indent, STR_FMT(rows->at[i].field),
                    STR_FMT(rows->at[i].body));
        }
    }
}

static void export_entity(buf *out, const model_row *row)
{
    json_t *body, *v;
    const char *key;
    if (json_read(row->body, 0, &body, NULL) != CRM_OK) {
        return;
    }
    buf_fmt(out, "  %.*s:\n", STR_FMT(row->entity));
    json_object_foreach(body, key, v)
    {
        char *text = json_dumps(v, JSON_ENCODE_ANY);
        buf_fmt(out, "    %s: %s\n", key, text ? text : "null");
        free(text);
    }
    buf_z(out, "    fields:\n");
    json_decref(body);
}

static bool is_first_of(const model_rows *rows, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++) {
        if (rows->at[i].field.n && rows->at[i].body.n &&
            str_eq(rows->at[i].entity, rows->at[at].entity)) {
            return false;
        }
    }
    return true;
}

static void export_all(const model_rows *rows, buf *out)
{
    const char *head = "entities:\n";
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->at[i].field.n || !rows->at[i].body.n) {
            continue;
        }
        buf_z(out, head);
        head = "";
        export_entity(out, &rows->at[i]);
        export_fields(out, rows, rows->at[i].entity, "      ");
    }
    head = "fields:\n";
    for (uint32_t i = 0; i < rows->count; i++) {
        const model_row *row = &rows->at[i];
        if (!row->field.n || !row->body.n || row_of(rows, row->entity, (crm_str){0}) ||
            !is_first_of(rows, i)) {
            continue;
        }
        buf_fmt(out, "%s  %.*s:\n", head, STR_FMT(row->entity));
        head = "";
        export_fields(out, rows, row->entity, "    ");
    }
}

void command_model_export(command_call *c)
{
    model_rows rows;
    crm_status s = model_load_now(c->d, c->arena, &rows);
    if (s != CRM_OK) {
        command_fail_status(c, s);
    } else {
        export_all(&rows, c->out);
    }
}
