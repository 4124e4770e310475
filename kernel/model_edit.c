/*
 * model_edit.c - what is asked of the model as changed declarations. Nothing is looked at here but
 * names and sizes: what a declaration may say is for the ТЗ's own checks.
 */
#include "model.h"

static crm_status wrong(crm_ctx *c, const char *key, const char *code)
{
    return call_fail_field(c, str_of(key), code, (crm_str){0});
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_word(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool is_letter = s.p[i] >= 'a' && s.p[i] <= 'z';
        bool is_rest = (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_';
        if (!is_letter && !(i && is_rest)) {
            return false;
        }
    }
    return s.n > 0 && s.n <= 60;
}

/* Parameters of lists and members of records that are no fields. */
static bool is_reserved(crm_str name)
{
    static const char *const words[] = {
        "id",         "rev",     "created_at", "created_by", "updated_at", "updated_by",
        "deleted_at", "marks",   "limit",      "after",      "sort",       "fields",
        "filter",     "deleted", "total",      "all",        "found",      "record",
        "entity",     "and",     "or",         "not",        "exists",     "q"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (str_is(name, words[i])) {
            return true;
        }
    }
    return false;
}

static const model_row *row_named(const model_change *x, crm_str entity_name, crm_str field_name)
{
    for (uint32_t i = 0; i < x->rows.count; i++) {
        const model_row *row = &x->rows.at[i];
        bool is_left = !row->body.n && !row->phase.n; /* of a batch that was stopped */
        if (!is_left && str_eq(row->entity, entity_name) && str_eq(row->field, field_name)) {
            return row;
        }
    }
    return NULL;
}

static crm_status check_field_name(model_change *x, crm_str entity_name, crm_str name)
{
    const entity *e = registry_entity(x->c->reg, entity_name);
    if (!is_word(name)) {
        return wrong(x->c, "name", name.n ? "bad_field_name" : "required");
    }
    if (is_reserved(name)) {
        return wrong(x->c, "name", "reserved_name");
    }
    if ((e && entity_field(e, name)) || row_named(x, entity_name, name)) {
        return wrong(x->c, "name", "taken");
    }
    return CRM_OK;
}

static bool is_module(const registry *r, crm_str name)
{
    for (uint32_t i = 0; i < r->module_count; i++) {
        if (str_eq(r->modules[i].name, name)) {
            return true;
        }
    }
    return str_is(name, "sys") || str_is(name, "module") || str_is(name, "function");
}

static crm_status check_entity_name(model_change *x, crm_str name)
{
    crm_str own = name, first = {0};
    str_split(&own, '.', &first);
    if (!is_word(first) || !is_word(own)) {
        return wrong(x->c, "name", name.n ? "bad_field_name" : "required");
    }
    if (is_module(x->c->reg, first)) {
        return wrong(x->c, "name", "reserved_name");
    }
    if (registry_entity(x->c->reg, name) || row_named(x, name, (crm_str){0})) {
        return wrong(x->c, "name", "taken");
    }
    return CRM_OK;
}

/* ---- declarations ---------------------------------------------------------------------------- */

static bool is_too_long(const json_t *title)
{
    size_t i;
    json_t *word;
    json_array_foreach(title, i, word)
    {
        if (is_too_long(word)) {
            return true;
        }
    }
    crm_str text = {json_string_value(title), json_string_length(title)};
    return json_is_string(title) && text_length(text) > MODEL_TITLE_MAX;
}

/* `next` of the row; the JSON is consumed. */
static crm_status set_next(model_change *x, model_row *row, json_t *next)
{
    crm_status s = CRM_OK;
    if (is_too_long(json_object_get(next, "title"))) {
        s = call_fail_field(x->c, CRM_S("title"), "too_long", CRM_S("{\"max\":200}"));
    }
    crm_str text = next ? json_dump(x->c->arena, next) : (crm_str){0};
    if (s == CRM_OK && text.n > MODEL_BODY_MAX) {
        s = call_fail_field(x->c, CRM_S("options"), "too_long", CRM_S("{\"max\":65536}"));
    }
    row->next = text;
    row->phase = CRM_S(MODEL_SWAPPING);
    json_decref(next);
    return s == CRM_OK && !text.p ? CRM_NOMEM : s;
}

static json_t *body_of(const model_row *row)
{
    json_t *body = NULL;
    return json_read(row->body, 0, &body, NULL) == CRM_OK ? body : NULL;
}

static model_row *left_row(model_change *x, crm_str entity_name, crm_str field_name)
{
    for (uint32_t i = 0; i < x->rows.count; i++) {
        model_row *row = &x->rows.at[i];
        if (!row->body.n && !row->phase.n && str_eq(row->entity, entity_name) &&
            str_eq(row->field, field_name)) {
            return row;
        }
    }
    return NULL;
}

static model_row *add_row(model_change *x, crm_str entity_name, crm_str field_name)
{
    model_row *left = left_row(x, entity_name, field_name);
    if (left) {
        return left;
    }
    if (x->rows.count == MODEL_ROWS_MAX) {
        return NULL;
    }
    model_row *more = ARENA_ARRAY(x->c->arena, model_row, x->rows.count + 2);
    if (!more) {
        return NULL;
    }
    memcpy(more, x->rows.at, x->rows.count * sizeof *more);
    ptrdiff_t target = x->target ? x->target - x->rows.at : -1;
    x->rows.at = more;
    x->target = target < 0 ? NULL : more + target;
    model_row *row = &more[x->rows.count++];
    *row = (model_row){.entity = arena_dup(x->c->arena, entity_name),
                       .field = arena_dup(x->c->arena, field_name)};
    return row;
}

static crm_status add(model_change *x, crm_str entity_name, crm_str field_name, json_t *next)
{
    model_row *row = add_row(x, entity_name, field_name);
    if (!row) {
        json_decref(next);
        return call_fail(x->c, CRM_LIMIT, "limit");
    }
    if (!x->target) {
        x->target = row;
    }
    return set_next(x, row, next);
}

/* ---- adding ---------------------------------------------------------------------------------- */

static crm_status add_field(model_change *x, crm_str entity_name, crm_str name, const json_t *from)
{
    crm_status s = check_field_name(x, entity_name, name);
    if (s == CRM_OK && !json_is_object(from)) {
        s = wrong(x->c, "fields", "type_mismatch");
    }
    if (s != CRM_OK) {
        return s;
    }
    json_t *next = json_copy((json_t *)from);
    json_object_del(next, "name");
    return add(x, entity_name, name, next);
}

static crm_status edit_add_field(model_change *x)
{
    const entity *e = registry_entity(x->c->reg, x->ask->entity);
    if (!e || e->flags & (ENTITY_SYSTEM | ENTITY_NO_API | ENTITY_LOG | ENTITY_NOTES)) {
        return call_fail(x->c, CRM_NOT_FOUND, "not_found");
    }
    if (str_is(e->name, "batch") || str_is(e->name, "notification")) {
        return call_fail(x->c, CRM_CONFLICT, "model_of_module");
    }
    return add_field(x, e->name, json_text(x->ask->body, "name"), x->ask->body);
}

static crm_status edit_add_entity(model_change *x)
{
    const json_t *body = x->ask->body;
    crm_str name = json_text(body, "name");
    json_t *fields = json_object_get(body, "fields"), *one;
    const char *key;
    crm_status s = check_entity_name(x, name);
    if (s == CRM_OK && !json_object_size(fields)) {
        s = wrong(x->c, "fields", "required");
    }
    if (s != CRM_OK) {
        return s;
    }
    json_t *next = json_copy((json_t *)body);
    json_object_del(next, "name");
    json_object_del(next, "fields");
    s = add(x, name, (crm_str){0}, next);
    json_object_foreach(fields, key, one)
    {
        s = s == CRM_OK ? add_field(x, name, str_of(key), one) : s;
    }
    return s;
}

/* ---- changing -------------------------------------------------------------------------------- */

/* What is asked about was made here, or it is said whose it is. */
crm_status model_find_target(model_change *x, model_row **out)
{
    const entity *e = registry_entity(x->c->reg, x->ask->entity);
    const field *f = e && x->ask->field.n ? entity_field(e, x->ask->field) : NULL;
    *out = (model_row *)row_named(x, x->ask->entity, x->ask->field);
    if (*out && (*out)->phase.n) {
        return call_fail(x->c, CRM_CONFLICT, "model_busy");
    }
    if (*out) {
        return CRM_OK;
    }
    if (!e || (x->ask->field.n && !f)) {
        return call_fail(x->c, CRM_NOT_FOUND, "not_found");
    }
    bool is_tz = f ? (f->flags & FIELD_DEPLOYMENT) != 0 : str_is(e->module, "tz");
    return call_fail(x->c, CRM_CONFLICT, is_tz ? "model_of_tz" : "model_of_module");
}

static json_t *merged(const model_row *row, const json_t *asked)
{
    const char *key;
    json_t *v, *next = body_of(row);
    json_object_foreach((json_t *)asked, key, v)
    {
        if (json_is_null(v)) {
            json_object_del(next, key);
        } else {
            json_object_set(next, key, v);
        }
    }
    return next;
}

/* Fields of the entity follow it, and references to it from declarations made here. */
static crm_status rename_entity(model_change *x, crm_str was, crm_str name)
{
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < x->rows.count; i++) {
        model_row *row = &x->rows.at[i];
        bool is_of_it = row->field.n && str_eq(row->entity, was);
        json_t *next = row->field.n ? body_of(row) : NULL;
        bool refers = next && str_eq(json_text(next, "to"), was);
        if (is_of_it) {
            json_object_set_new(next, "of", json_stringn(name.p, name.n));
        }
        if (refers) {
            json_object_set_new(next, "to", json_stringn(name.p, name.n));
        }
        if (is_of_it || refers) {
            s = set_next(x, row, next);
        } else {
            json_decref(next);
        }
    }
    return s;
}

static crm_status edit_change(model_change *x)
{
    model_row *row;
    crm_status s = model_find_target(x, &row);
    if (s != CRM_OK) {
        return s;
    }
    crm_str name = json_text(x->ask->body, "name"), own = row->field.n ? row->field : row->entity;
    bool is_renamed = json_object_get(x->ask->body, "name") && !str_eq(name, own);
    if (is_renamed) {
        s = row->field.n ? check_field_name(x, row->entity, name) : check_entity_name(x, name);
    }
    json_t *next = s == CRM_OK ? merged(row, x->ask->body) : NULL;
    if (s != CRM_OK) {
        return s;
    }
    json_object_del(next, "fields");
    json_object_del(next, is_renamed ? "" : "name");
    if (is_renamed) {
        json_object_set_new(next, "was", json_stringn(own.p, own.n));
    }
    x->target = row;
    s = set_next(x, row, next);
    return s == CRM_OK && is_renamed && !row->field.n ? rename_entity(x, own, name) : s;
}

static crm_status edit_retired(model_change *x, bool is_retired)
{
    model_row *row;
    crm_status s = model_find_target(x, &row);
    if (s != CRM_OK) {
        return s;
    }
    json_t *next = body_of(row);
    if (is_retired) {
        json_object_set_new(next, "retired", json_true());
    } else {
        json_object_del(next, "retired");
    }
    x->target = row;
    return set_next(x, row, next);
}

crm_status model_edit(model_change *x)
{
    if (json_object_get(x->ask->body, "of")) {
        return wrong(x->c, "of", "unknown_field"); /* a word of ours, see model_rows.c */
    }
    switch (x->ask->act) {
    case MODEL_ACT_ADD_ENTITY:
        return edit_add_entity(x);
    case MODEL_ACT_ADD_FIELD:
        return edit_add_field(x);
    case MODEL_ACT_CHANGE:
        return edit_change(x);
    case MODEL_ACT_RETIRE:
        return edit_retired(x, true);
    case MODEL_ACT_RESTORE:
        return edit_retired(x, false);
    case MODEL_ACT_PURGE:
    case MODEL_ACT_CHANGES:
    case MODEL_ACT_LIST:
        break;
    }
    return CRM_INTERNAL;
}
