/*
 * cond_read.c - conditions from the JSON prefix form, typed against the fields of an entity.
 *
 *   ["and", c…] ["or", c…] ["not", c]
 *   ["field", "op", value]   eq ne gt gte lt lte in none starts has
 *   ["field", "me"] ["field", "none"]
 *   ["exists", "child entity", "its reference field", c?]
 *   ["address.city", "op", value]   a part of an address field (address.h) as a text
 *   ["field", "in_query", {"entity": …, "field": …, "where": c?}]
 *
 * `field` may be a path through one or two references ("contact.city"). A value of null stands for
 * emptiness: ["f","eq",null] is ["f","none"]. ["f","none",false] asks for what is filled.
 */
#include <assert.h>

#include "data/address.h"
#include "data/field.h"
#include "data/files.h"

#define IN_MAX     1000
#define STARTS_MAX 200                       /* characters of what a text begins with or holds */
#define AWAY_MAX   (1000LL * 366 * 86400000) /* ms that "now-3d" may be away */

typedef struct reader {
    arena *a;
    const cond_scope *in;
    cond_error *err;
    uint32_t nodes, depth;
} reader;

static crm_status fail(reader *r, const char *code, crm_str field_name)
{
    /* The name may belong to the JSON, which the caller frees before he reads this. */
    *r->err = (cond_error){
        .code = code, .field = arena_dup(r->a, field_name), .params_json = r->err->params_json};
    return CRM_INVALID;
}

static crm_status fail_max(reader *r, const char *code, crm_str field_name, int max)
{
    r->err->params_json = arena_fmt(r->a, "{\"max\":%d}", max);
    return fail(r, code, field_name);
}

static crm_str text_at(const json_t *list, size_t i)
{
    const json_t *item = json_array_get(list, i);
    return json_is_string(item) ? (crm_str){json_string_value(item), json_string_length(item)}
                                : (crm_str){0};
}

static crm_status new_node(reader *r, cond_op op, cond **out)
{
    if (r->nodes++ == COND_NODES_MAX) {
        return fail(r, "too_complex", (crm_str){0});
    }
    *out = ARENA_NEW(r->a, cond);
    if (!*out) {
        return CRM_NOMEM;
    }
    (*out)->op = op;
    return CRM_OK;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static bool is_shown(const reader *r, const entity *e, const field *f)
{
    return !r->in->shows || r->in->shows(r->in->arg, e, f);
}

/* NULL also of one that the asker may not know of. */
static const entity *find_entity(const reader *r, crm_str name)
{
    const entity *e = registry_entity(r->in->reg, name);
    return e && is_shown(r, e, NULL) ? e : NULL;
}

static const field *find_field(const reader *r, const entity *e, crm_str name)
{
    const field *f = entity_field(e, name);
    return f && !(f->flags & FIELD_HIDDEN) && is_shown(r, e, f) ? f : NULL;
}

static crm_status unknown_behind(reader *r, const entity *e, crm_str name, crm_str path)
{
    crm_str names[FIELDS_MAX];
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (!(e->fields[i].flags & FIELD_HIDDEN) && is_shown(r, e, &e->fields[i])) {
            names[n++] = e->fields[i].name;
        }
    }
    fail(r, "unknown_field", path);
    r->err->nearest = text_nearest(name, names, n);
    return CRM_INVALID;
}

static crm_status unknown_field(reader *r, const entity *e, crm_str name)
{
    crm_status st = unknown_behind(r, e, name, name);
    r->err->of = e;
    r->err->name = r->err->field;
    return st;
}

static crm_status read_path(reader *r, const entity *e, crm_str path, cond *c)
{
    crm_str rest = path, name;
    while (str_split(&rest, '.', &name)) {
        const field *f = e ? find_field(r, e, name) : NULL;
        if (!e || c->path_length == COND_PATH_MAX) {
            return fail(r, e ? "path_too_long" : "type_mismatch", path);
        }
        if (!f) {
            return str_eq(name, path) ? unknown_field(r, e, name)
                                      : unknown_behind(r, e, name, path);
        }
        if (f->parts && rest.n) {
            f = address_field(f, rest);
            rest = (crm_str){0};
        }
        if (!f) {
            return fail(r, "unknown_field", path);
        }
        c->path[c->path_length++] = f;
        /* A list of references leads to many rows; only a single one is a path. */
        e = f->flags & FIELD_MANY ? NULL : f->ref;
    }
    return c->path_length ? CRM_OK : fail(r, "bad_request", path);
}

static const field *last_field(const cond *c)
{
    return c->path[c->path_length - 1];
}

/* ---- values ---------------------------------------------------------------------------------- */

bool cond_read_moment(crm_str s, value *out)
{
    bool is_now = str_starts(s, CRM_S("now"));
    if (!is_now && !str_starts(s, CRM_S("today"))) {
        return false;
    }
    size_t word = is_now ? 3 : 5;
    int64_t ms = 0;
    if (s.n > word) {
        crm_str amount = {s.p + word + 1, s.n - word - 1};
        bool has_sign = s.p[word] == '-' || s.p[word] == '+';
        if (!has_sign || clock_parse_duration(amount, &ms) != CRM_OK) {
            return false;
        }
        ms = s.p[word] == '-' ? -ms : ms;
    }
    if ((!is_now && ms % 86400000 != 0) || ms > AWAY_MAX || ms < -AWAY_MAX) {
        return false;
    }
    *out = is_now ? (value){.kind = VALUE_NOW, .i = ms}
                  : (value){.kind = VALUE_TODAY, .i = ms / 86400000};
    return true;
}

static crm_status read_value(reader *r, const field *f, const json_t *json, value *out)
{
    field_type type = field_stored_type(f);
    bool is_time = type == FIELD_DATE || type == FIELD_DATETIME;
    if (is_time && json_is_string(json)) {
        crm_str s = {json_string_value(json), json_string_length(json)};
        if (cond_read_moment(s, out)) {
            return CRM_OK;
        }
    }
    /* Bounds and requirements are for what is stored; a comparison may name any number. */
    field plain = *f;
    plain.type = type;
    plain.max = 0;
    plain.least = plain.most = value_null();
    field_source s = {.arena = r->a, .reg = r->in->reg, .is_lenient = true};
    field_result got;
    crm_status st = field_read_one(&s, &plain, json, &got);
    if (st == CRM_INVALID) {
        bool is_long = strcmp(got.code, "too_long") == 0;
        r->err->params_json = is_long ? got.params_json : (crm_str){0};
        return fail(r, is_long ? "too_long" : "type_mismatch", f->name);
    }
    *out = got.v;
    return st;
}

static crm_status read_part(reader *r, const field *f, const json_t *json, value *out)
{
    if (!field_is_text(f) || !json_is_string(json)) {
        return fail(r, "type_mismatch", f->name);
    }
    crm_str s = {json_string_value(json), json_string_length(json)};
    if (s.n > STARTS_MAX * 4) {
        return fail_max(r, "too_long", f->name, STARTS_MAX);
    }
    crm_status st = text_clean(r->a, s, &s);
    *out = value_text(s);
    return st == CRM_INVALID ? fail(r, "type_mismatch", f->name) : st;
}

static crm_status read_list(reader *r, const field *f, const json_t *json, cond *c)
{
    size_t n = json_array_size(json);
    if (!json_is_array(json)) {
        return fail(r, "type_mismatch", f->name);
    }
    if (n > IN_MAX) {
        return fail_max(r, "too_many", f->name, IN_MAX);
    }
    value *values = ARENA_ARRAY(r->a, value, n + 1);
    if (!values) {
        return CRM_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        crm_status st = read_value(r, f, json_array_get(json, i), &values[i]);
        if (st != CRM_OK) {
            return st;
        }
    }
    c->values = values;
    c->value_count = (uint32_t)n;
    return CRM_OK;
}

static crm_status set_value(reader *r, cond *c, value v)
{
    value *one = ARENA_NEW(r->a, value);
    if (!one) {
        return CRM_NOMEM;
    }
    *one = v;
    c->values = one;
    c->value_count = 1;
    return CRM_OK;
}

/* ---- comparisons ----------------------------------------------------------------------------- */

/* Wraps: not(c). */
static crm_status negate(reader *r, cond *c, const cond **out)
{
    cond *whole;
    crm_status st = new_node(r, COND_NOT, &whole);
    if (st == CRM_OK) {
        whole->first = c;
        *out = whole;
    }
    return st;
}

static const struct {
    const char *name;
    cond_op op;
} operators[] = {{"eq", COND_EQ},   {"ne", COND_NE},     {"gt", COND_GT},
                 {"gte", COND_GTE}, {"lt", COND_LT},     {"lte", COND_LTE},
                 {"in", COND_IN},   {"none", COND_NONE}, {"starts", COND_STARTS},
                 {"has", COND_HAS}, {"me", COND_ME},     {"in_query", COND_IN_QUERY}};

static bool find_operator(crm_str name, cond_op *op)
{
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (str_is(name, operators[i].name)) {
            *op = operators[i].op;
            return true;
        }
    }
    return false;
}

#define OPERATOR_SHOWN 40 /* bytes of a name that is no operator */

static crm_status unknown_operator(reader *r, crm_str name, crm_str path)
{
    buf b;
    buf_init(&b, 0);
    buf_z(&b, "{\"op\":");
    buf_json(&b, text_cut(name, OPERATOR_SHOWN));
    buf_z(&b, ",\"choices\":\"");
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        buf_z(&b, i ? ", " : "");
        buf_z(&b, operators[i].name);
    }
    buf_z(&b, "\"}");
    r->err->params_json = arena_dup(r->a, buf_view(&b));
    buf_free(&b);
    return fail(r, "unknown_operator", path);
}

static bool is_false(const json_t *v)
{
    return json_is_false(v) || (json_is_integer(v) && json_integer_value(v) == 0);
}

static bool is_me(const field *f, const json_t *v)
{
    return f->type == FIELD_USER && json_is_string(v) && strcmp(json_string_value(v), "me") == 0;
}

static bool is_order(cond_op op)
{
    return op == COND_GT || op == COND_GTE || op == COND_LT || op == COND_LTE;
}

/* The operand of everything but none and me. */
static crm_status read_operand(reader *r, cond *c, const json_t *json, const cond **out)
{
    const field *f = last_field(c);
    value v = value_null();
    crm_status st;
    if (c->op == COND_IN) {
        return read_list(r, f, json, c);
    }
    bool is_part = c->op == COND_STARTS || (c->op == COND_HAS && !(f->flags & FIELD_MANY));
    st = is_part ? read_part(r, f, json, &v) : read_value(r, f, json, &v);
    if (st != CRM_OK) {
        return st;
    }
    bool is_equality = c->op == COND_EQ || c->op == COND_NE;
    if (value_is_null(v) && is_equality) {
        bool is_filled = c->op == COND_NE;
        c->op = COND_NONE;
        return is_filled ? negate(r, c, out) : CRM_OK;
    }
    if (value_is_null(v)) {
        return fail(r, "type_mismatch", f->name);
    }
    return set_value(r, c, v);
}

static crm_status read_node(reader *r, const entity *e, const json_t *json, const cond **out);

static crm_status read_sub_where(reader *r, const entity *e, const json_t *json, subquery *sub)
{
    if (!json) {
        return CRM_OK;
    }
    if (r->depth == COND_DEPTH_MAX) {
        return fail(r, "too_complex", (crm_str){0});
    }
    r->depth++;
    crm_status st = read_node(r, e, json, &sub->where);
    r->depth--;
    return st;
}

static crm_status read_in_query(reader *r, cond *c, const json_t *json)
{
    crm_str entity_name = json_text(json, "entity");
    crm_str field_name = json_text(json, "field");
    const json_t *where = json_object_get(json, "where");
    const entity *e = find_entity(r, entity_name);
    const field *f = e ? find_field(r, e, field_name) : NULL;
    subquery *sub = ARENA_NEW(r->a, subquery);
    if (!sub) {
        return CRM_NOMEM;
    }
    if (!entity_name.n || !field_name.n || json_object_size(json) != (where ? 3 : 2)) {
        return fail(r, "bad_request", last_field(c)->name);
    }
    if (!f) {
        return e ? unknown_field(r, e, field_name) : fail(r, "unknown_field", entity_name);
    }
    if (!cond_can_join(last_field(c), f)) {
        return fail(r, "type_mismatch", field_name);
    }
    *sub = (subquery){.field = f};
    c->sub = sub;
    return read_sub_where(r, e, where, sub);
}

static crm_status read_comparison(reader *r, cond *c, const json_t *list, const cond **out)
{
    const field *f = last_field(c);
    const json_t *operand = json_array_get(list, 2);
    bool is_bare = c->op == COND_NONE || c->op == COND_ME;
    if (!operand && !is_bare) {
        return fail(r, "bad_request", f->name);
    }
    if ((c->op == COND_EQ || c->op == COND_NE) && is_me(f, operand)) {
        bool is_other = c->op == COND_NE;
        c->op = COND_ME;
        return is_other ? negate(r, c, out) : CRM_OK;
    }
    if (c->op == COND_ME) {
        return f->type == FIELD_USER ? CRM_OK : fail(r, "type_mismatch", f->name);
    }
    if (c->op == COND_NONE) {
        return operand && is_false(operand) ? negate(r, c, out) : CRM_OK;
    }
    if (c->op == COND_IN_QUERY) {
        return read_in_query(r, c, operand);
    }
    bool is_name = f->type == FIELD_FILE && (c->op == COND_STARTS || c->op == COND_HAS);
    if (field_is_file(f) && !is_name) {
        return fail(r, "type_mismatch", f->name); /* of a file its name can be asked for */
    }
    if (is_order(c->op) && field_stored_type(f) == FIELD_JSON) {
        return fail(r, "type_mismatch", f->name);
    }
    return read_operand(r, c, operand, out);
}

static crm_status read_leaf(reader *r, const entity *e, const json_t *list, const cond **out)
{
    cond *c;
    crm_str path = text_at(list, 0);
    crm_status st = new_node(r, COND_TRUE, &c);
    if (st == CRM_OK) {
        st = read_path(r, e, path, c);
    }
    if (st != CRM_OK) {
        return st;
    }
    if (json_array_size(list) > 3 || !json_is_string(json_array_get(list, 1))) {
        return fail(r, "bad_request", path);
    }
    if (!find_operator(text_at(list, 1), &c->op)) {
        return unknown_operator(r, text_at(list, 1), path);
    }
    *out = c;
    return read_comparison(r, c, list, out);
}

/* ---- the tree -------------------------------------------------------------------------------- */

static crm_status read_children(reader *r, const entity *e, const json_t *list, cond *c)
{
    const cond **end = &c->first;
    for (size_t i = 1; i < json_array_size(list); i++) {
        const cond *child = NULL;
        crm_status st = read_node(r, e, json_array_get(list, i), &child);
        if (st != CRM_OK) {
            return st;
        }
        assert(child);
        *end = child;
        end = (const cond **)&((cond *)child)->next;
    }
    return CRM_OK;
}

static crm_status read_exists(reader *r, const entity *e, const json_t *list, cond *c)
{
    crm_str child_name = text_at(list, 1), back_name = text_at(list, 2);
    const entity *child = find_entity(r, child_name);
    const field *back = child ? find_field(r, child, back_name) : NULL;
    if (child && !back) {
        return unknown_field(r, child, back_name);
    }
    if (!back || back->ref != e || (back->flags & FIELD_MANY)) {
        return fail(r, "unknown_field", child ? back_name : child_name);
    }
    c->path[0] = back;
    c->path_length = 1;
    size_t n = json_array_size(list);
    return n == 4   ? read_node(r, child, json_array_get(list, 3), &c->first)
           : n == 3 ? CRM_OK
                    : fail(r, "bad_request", child_name);
}

static crm_status read_node(reader *r, const entity *e, const json_t *json, const cond **out)
{
    crm_str head = text_at(json, 0);
    size_t n = json_array_size(json);
    bool is_and = str_is(head, "and"), is_or = str_is(head, "or"), is_not = str_is(head, "not");
    bool is_exists = str_is(head, "exists");
    if (!head.n || n < 2 || (is_not && n != 2)) {
        return fail(r, "bad_request", head);
    }
    if (!is_and && !is_or && !is_not && !is_exists) {
        return read_leaf(r, e, json, out);
    }
    if (r->depth == COND_DEPTH_MAX) {
        return fail(r, "too_complex", (crm_str){0});
    }
    cond *c;
    cond_op op = is_and ? COND_AND : is_or ? COND_OR : is_not ? COND_NOT : COND_EXISTS;
    crm_status st = new_node(r, op, &c);
    if (st == CRM_OK) {
        r->depth++;
        st = is_exists ? read_exists(r, e, json, c) : read_children(r, e, json, c);
        r->depth--;
        *out = c;
    }
    return st;
}

crm_status cond_read_path(arena *a, const cond_scope *s, crm_str text,
                          const field *path[COND_PATH_MAX], uint8_t *length, cond_error *err)
{
    reader r = {.a = a, .in = s, .err = err};
    cond c = {.path_length = 0};
    *err = (cond_error){0};
    crm_status st = read_path(&r, s->entity, text, &c);
    memcpy(path, c.path, sizeof c.path);
    *length = c.path_length;
    return st;
}

crm_status cond_read(arena *a, const cond_scope *s, const json_t *json, const cond **out,
                     cond_error *err)
{
    reader r = {.a = a, .in = s, .err = err};
    *out = NULL;
    *err = (cond_error){0};
    const cond *c = NULL;
    crm_status st = read_node(&r, s->entity, json, &c);
    if (st == CRM_OK) {
        *out = c;
    }
    return st;
}
