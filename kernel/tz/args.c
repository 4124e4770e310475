/*
 * args.c - the map of a step or of an integration, checked against the schema its module gives and
 * written as JSON: {"due":{"type":"duration"},"to":{"type":"text","required":true}}.
 *
 * Types: text, int, bool, duration (kept as written), date, number, choice (`options`), list
 * (`options` for its items), map, secret ({secret: NAME}), template (a text whose {names} are
 * fields of the record a step runs for). A value without a type is kept as it is.
 *
 * {"type":"choice","of":"tasks.task","field":"kind"}: one of what that field may hold, with what
 * the ТЗ makes of it. `of` without a dot is a key beside it that names the entity ("creates").
 */
#include "tz/register.h"

typedef struct writer {
    registering *g;
    const entity *of; /* of the record a step runs for; NULL: an integration's settings */
    const yaml_node *map;
    json_writer w;
} writer;

static void wrong(writer *v, const yaml_node *n, const char *expected)
{
    tz_fault fault = tz_fault_value(n, "wrong_type", n->key);
    fault.expected = str_of(expected);
    tz_faults_add(v->g->f, &fault);
}

/* ---- values of any kind ---------------------------------------------------------------------- */

static void put_scalar(writer *v, const yaml_node *n)
{
    int64_t number;
    bool is_yes;
    if (node_is_nothing(n)) {
        jw_null(&v->w);
    } else if (!n->is_quoted && str_to_i64(n->text, &number) == CRM_OK) {
        jw_int(&v->w, number);
    } else if (yaml_bool(n, &is_yes) == CRM_OK) {
        jw_bool(&v->w, is_yes);
    } else {
        jw_str(&v->w, n->text);
    }
}

/* Depth is bounded by YAML_DEPTH_MAX, which is the writer's own. */
static void put_any(writer *v, const yaml_node *n)
{
    if (n->kind == YAML_SCALAR) {
        put_scalar(v, n);
        return;
    }
    bool is_map = n->kind == YAML_MAP;
    if (is_map) {
        jw_object(&v->w);
    } else {
        jw_array(&v->w);
    }
    YAML_EACH(child, n) {
        if (is_map) {
            jw_key(&v->w, child->key);
        }
        put_any(v, child);
    }
    if (is_map) {
        jw_end_object(&v->w);
    } else {
        jw_end_array(&v->w);
    }
}

/* ---- typed ones ------------------------------------------------------------------------------ */

static void put_text(writer *v, const yaml_node *n, const json_t *row)
{
    (void)row;
    if (n->kind != YAML_SCALAR) {
        wrong(v, n, "text");
        return;
    }
    jw_str(&v->w, n->text);
}

static void check_placeholder(writer *v, const yaml_node *n, crm_str name)
{
    const field *f = entity_field(v->of, name);
    if (f && !(f->flags & FIELD_HIDDEN)) {
        return;
    }
    tz_names known = field_names(v->g, v->of);
    tz_refuse_near(v->g->f, n, "unknown_placeholder", name, &known);
}

static void put_template(writer *v, const yaml_node *n, const json_t *row)
{
    crm_str rest = n->text, head, name;
    while (v->of && n->kind == YAML_SCALAR && template_next(&rest, &head, &name)) {
        check_placeholder(v, n, name);
    }
    put_text(v, n, row);
}

static void put_int(writer *v, const yaml_node *n, const json_t *row)
{
    int64_t number = 0;
    (void)row;
    if (n->kind != YAML_SCALAR || str_to_i64(n->text, &number) != CRM_OK) {
        wrong(v, n, "int");
    }
    jw_int(&v->w, number);
}

static void put_bool(writer *v, const yaml_node *n, const json_t *row)
{
    bool is_yes = false;
    (void)row;
    if (n->kind != YAML_SCALAR || yaml_bool(n, &is_yes) != CRM_OK) {
        wrong(v, n, "bool");
    }
    jw_bool(&v->w, is_yes);
}

static void put_duration(writer *v, const yaml_node *n, const json_t *row)
{
    int64_t ms;
    (void)row;
    if (n->kind != YAML_SCALAR || clock_parse_duration(n->text, &ms) != CRM_OK) {
        wrong(v, n, "duration");
    }
    jw_str(&v->w, n->text);
}

/* The field whose values the row names; NULL: it names none, or its module is not enabled. */
static const field *field_meant(writer *v, const json_t *row)
{
    crm_str of = json_text(row, "of"), beside = {0};
    if (of.n && str_find(of, '.') < 0) {
        const yaml_node *n = yaml_get(v->map, of.p);
        beside = n && n->kind == YAML_SCALAR ? n->text : beside;
    }
    const entity *e = of.n ? registry_entity(v->g->r, beside.n ? beside : of) : NULL;
    return e ? entity_field(e, json_text(row, "field")) : NULL;
}

/* One of the schema's options, where it gives any, or of its field's. */
static void put_choice(writer *v, const yaml_node *n, const json_t *row)
{
    const json_t *options = json_object_get(row, "options"), *item;
    tz_names known = {0};
    size_t i;
    json_array_foreach(options, i, item)
    {
        if (json_is_string(item)) {
            tz_names_add(v->g->f->a, &known, str_of(json_string_value(item)));
        }
    }
    if (n->kind != YAML_SCALAR) {
        wrong(v, n, "word");
        return;
    }
    if (known.count && !tz_names_has(&known, n->text)) {
        tz_refuse_word(v->g->f, n, "unknown_word", &known);
    }
    const field *meant = field_meant(v, row);
    if (meant) {
        choice_check(v->g, meant, n);
    }
    jw_str(&v->w, n->text);
}

/* A single value stands for a list of one. */
static void put_list(writer *v, const yaml_node *list, const json_t *row)
{
    jw_array(&v->w);
    if (list->kind == YAML_MAP) {
        wrong(v, list, "list");
    } else {
        TZ_EACH_NAME(n, list)
        {
            put_choice(v, n, row);
        }
    }
    jw_end_array(&v->w);
}

static void put_map(writer *v, const yaml_node *n, const json_t *row)
{
    (void)row;
    if (n->kind != YAML_MAP) {
        wrong(v, n, "map");
    }
    put_any(v, n);
}

/* Never the secret itself: a ТЗ is shown, sent and kept. */
static void put_secret(writer *v, const yaml_node *n, const json_t *row)
{
    crm_str name = yaml_text(n, "secret");
    (void)row;
    if (n->kind != YAML_MAP || n->count != 1 || !name.n) {
        tz_refuse(v->g->f, n, "bad_secret", n->key);
    }
    jw_object(&v->w);
    jw_kstr(&v->w, "secret", name);
    jw_end_object(&v->w);
}

static const struct {
    const char *type;
    void (*put)(writer *v, const yaml_node *n, const json_t *row);
} types[] = {
    {"text", put_text},         {"date", put_text},         {"number", put_text},
    {"int", put_int},           {"bool", put_bool},         {"choice", put_choice},
    {"list", put_list},         {"map", put_map},           {"secret", put_secret},
    {"duration", put_duration}, {"template", put_template},
};

static void put_value(writer *v, const yaml_node *n, const json_t *row)
{
    crm_str type = json_text(row, "type");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (str_is(type, types[i].type)) {
            types[i].put(v, n, row);
            return;
        }
    }
    put_any(v, n);
}

/* ---- the map --------------------------------------------------------------------------------- */

static void unknown_key(writer *v, const yaml_node *n, const json_t *schema)
{
    tz_names known = {0};
    const char *key;
    json_t *row;
    json_object_foreach((json_t *)schema, key, row)
    {
        tz_names_add(v->g->f->a, &known, str_of(key));
    }
    tz_fault fault = tz_fault_key(n, "unknown_key");
    fault.nearest = text_nearest(n->key, known.at, known.count);
    tz_faults_add(v->g->f, &fault);
}

static void check_required(writer *v, const yaml_node *map, const json_t *schema)
{
    const char *key;
    json_t *row;
    json_object_foreach((json_t *)schema, key, row)
    {
        if (json_is_true(json_object_get(row, "required")) && !yaml_get(map, key)) {
            tz_fault fault = tz_fault_key(map, "missing");
            fault.expected = fault.subject;
            fault.subject = str_of(key);
            tz_faults_add(v->g->f, &fault);
        }
    }
}

static void put_all(writer *v, const yaml_node *map, const json_t *schema, const char *but)
{
    jw_object(&v->w);
    YAML_EACH(n, map) {
        const char *key = arena_cstr(v->g->f->a, n->key);
        const json_t *row = key ? json_object_get(schema, key) : NULL;
        if (but && str_is(n->key, but)) {
            continue;
        }
        if (!row) {
            unknown_key(v, n, schema);
            continue;
        }
        jw_key(&v->w, n->key);
        put_value(v, n, row);
    }
    jw_end_object(&v->w);
    check_required(v, map, schema);
}

static crm_str finish(registering *g, const yaml_node *map, buf *b)
{
    if (b->failed) {
        tz_refuse_key(g->f, map, "too_many");
    }
    crm_str json = arena_dup(g->a, buf_view(b));
    buf_free(b);
    return json;
}

static bool is_map(registering *g, const yaml_node *map)
{
    if (map->kind == YAML_MAP || node_is_nothing(map)) {
        return true;
    }
    tz_fault fault = tz_fault_value(map, "wrong_type", map->key);
    fault.expected = CRM_S("map");
    tz_faults_add(g->f, &fault);
    return false;
}

crm_str args_compile(registering *g, const entity *of, const yaml_node *map, crm_str schema_json,
                     const char *but)
{
    json_t *schema = NULL;
    buf b;
    if (!is_map(g, map)) {
        return (crm_str){0};
    }
    if (schema_json.n && json_read(schema_json, JSON_ITEMS_MAX, &schema, NULL) != CRM_OK) {
        tz_refuse_key(g->f, map, "bad_schema");
        return (crm_str){0};
    }
    buf_init(&b, 1u << 16);
    writer v = {.g = g, .of = of, .map = map};
    jw_init(&v.w, &b);
    put_all(&v, map, schema, but);
    json_decref(schema);
    return finish(g, map, &b);
}

crm_str args_keep(registering *g, const yaml_node *map, const char *but)
{
    buf b;
    if (!is_map(g, map)) {
        return (crm_str){0};
    }
    buf_init(&b, 1u << 16);
    writer v = {.g = g};
    jw_init(&v.w, &b);
    jw_object(&v.w);
    YAML_EACH(n, map) {
        if (!but || !str_is(n->key, but)) {
            jw_key(&v.w, n->key);
            put_any(&v, n);
        }
    }
    jw_end_object(&v.w);
    return finish(g, map, &b);
}
