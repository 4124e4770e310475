/*
 * model.c - what was made in the UI as a tree beside the text's own: the same form, the same
 * checks. Each declaration stands on a line of its own, so that a fault leads back to it.
 */
#include "tz/tz_private.h"

typedef struct writing {
    buf text;
    int line;
    tz_declaration *rows;
    uint32_t count;
} writing;

static void put_name(writing *w, crm_str name)
{
    json_writer j;
    jw_init(&j, &w->text);
    jw_str(&j, name);
    buf_char(&w->text, ':');
}

static void new_line(writing *w, bool is_first)
{
    buf_z(&w->text, is_first ? "\n" : ",\n");
    w->line++;
}

static const tz_declaration *own_entity(const writing *w, crm_str name)
{
    for (uint32_t i = 0; i < w->count; i++) {
        if (!w->rows[i].field.n && str_eq(w->rows[i].entity, name)) {
            return &w->rows[i];
        }
    }
    return NULL;
}

/* The fields declared of one entity, in the order they were made. */
static void put_fields(writing *w, crm_str entity_name)
{
    bool is_first = true;
    buf_char(&w->text, '{');
    for (uint32_t i = 0; i < w->count; i++) {
        tz_declaration *row = &w->rows[i];
        if (row->field.n && str_eq(row->entity, entity_name)) {
            new_line(w, is_first);
            is_first = false;
            row->line = w->line;
            put_name(w, row->field);
            buf_str(&w->text, row->body);
        }
    }
    buf_char(&w->text, '}');
}

/* The body of an entity is an object: its fields go before its closing bracket. */
static void put_entity(writing *w, tz_declaration *row, bool is_first)
{
    crm_str body = str_trim(row->body);
    new_line(w, is_first);
    row->line = w->line;
    put_name(w, row->entity);
    buf_str(&w->text, (crm_str){body.p, body.n ? body.n - 1 : 0});
    buf_z(&w->text, body.n > 2 ? ",\"fields\":" : "\"fields\":");
    put_fields(w, row->entity);
    buf_char(&w->text, '}');
}

static bool is_first_of(const writing *w, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++) {
        if (w->rows[i].field.n && str_eq(w->rows[i].entity, w->rows[at].entity)) {
            return false;
        }
    }
    return true;
}

static void put_all(writing *w)
{
    bool is_first = true;
    buf_z(&w->text, "{\"entities\":{");
    for (uint32_t i = 0; i < w->count; i++) {
        if (!w->rows[i].field.n) {
            put_entity(w, &w->rows[i], is_first);
            is_first = false;
        }
    }
    buf_z(&w->text, "},\"fields\":{");
    is_first = true;
    for (uint32_t i = 0; i < w->count; i++) {
        tz_declaration *row = &w->rows[i];
        if (row->field.n && !own_entity(w, row->entity) && is_first_of(w, i)) {
            new_line(w, is_first);
            is_first = false;
            put_name(w, row->entity);
            put_fields(w, row->entity);
        }
    }
    buf_z(&w->text, "}}");
}

bool tz_declares(const tz *t, crm_str entity_name, crm_str field_name)
{
    const yaml_node *own = node_map_named(node_map(t->root, "entities"), entity_name);
    const yaml_node *fields =
        own ? node_map(own, "fields") : node_map_named(node_map(t->root, "fields"), entity_name);
    return field_name.n ? node_map_named(fields, field_name) != NULL : own != NULL;
}

crm_status tz_take_model(tz *t, arena *a, tz_declaration *rows, uint32_t count, tz_fault **faults)
{
    tz_faults f;
    yaml_error err = {0};
    writing w = {.line = 1, .rows = rows, .count = count};
    *faults = NULL;
    t->model = NULL;
    tz_faults_init(&f, a, faults);
    buf_init(&w.text, 16u << 20);
    put_all(&w);
    crm_str text = w.text.failed ? (crm_str){0} : arena_dup(a, buf_view(&w.text));
    buf_free(&w.text);
    if (!text.p) {
        return CRM_NOMEM;
    }
    crm_status s = yaml_parse(a, TZ_MODEL, text, &t->model, &err);
    if (s == CRM_INVALID) {
        tz_fault fault = {.file = TZ_MODEL,
                          .line = err.line,
                          .column = err.column,
                          .code = CRM_S("bad_yaml"),
                          .subject = err.text};
        tz_faults_add(&f, &fault);
        return s;
    }
    if (s == CRM_OK) {
        shape_check(&f, t->model, &tz_model_schema);
        s = tz_faults_status(&f);
    }
    return s;
}
