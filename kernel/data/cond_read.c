/*
 * cond_read.c - conditions from the JSON prefix form, typed against the fields of an entity.
 *
 *   ["and", c…] ["or", c…] ["not", c]
 *   ["field", "op", value]   eq ne gt gte lt lte in none starts has
 *   ["field", "me"] ["field", "none"]
 *   ["exists", "child entity", "its reference field", c?]
 *   ["exists", "reference field", c?]   a record that this one refers to; of files an attachment,
 *                                       by its name, size and type
 *   ["address.city", "op", value]   a part of an address field (address.h) as a text
 *   ["field", "in_query", {"entity": …, "field": …, "where": c?}]
 *
 * `field` may be a path through one or two references ("contact.city"). A value of null stands for
 * emptiness: ["f","eq",null] is ["f","none"]. ["f","none",false] asks for what is filled. A path
 * that begins with a list of references stands for `exists`: ["contacts.city","eq","Тверь"] is
 * ["exists","contacts",["city","eq","Тверь"]]; "ne" and "none" are then true when no record of the
 * list equals or has a value, as they are of every field that holds many.
 */
#include <assert.h>

#include "data/address.h"
#include "data/cond_read.h"
#include "data/field.h"
#include "data/files.h"

static crm_str text_at(const json_t *list, size_t i)
{
    const json_t *item = json_array_get(list, i);
    return json_is_string(item) ? (crm_str){json_string_value(item), json_string_length(item)}
                                : (crm_str){0};
}

static crm_status new_node(cond_reader *r, cond_op op, cond **out)
{
    *out = NULL;
    if (r->nodes++ == COND_NODES_MAX) {
        return cond_fail(r, "too_complex", (crm_str){0});
    }
    *out = ARENA_NEW(r->a, cond);
    if (!*out) {
        return CRM_NOMEM;
    }
    (*out)->op = op;
    return CRM_OK;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static bool is_shown(const cond_reader *r, const entity *e, const field *f)
{
    return !r->in->shows || e == &cond_attachment || r->in->shows(r->in->arg, e, f);
}

/* NULL also of one that the asker may not know of. */
static const entity *find_entity(const cond_reader *r, crm_str name)
{
    const entity *e = registry_entity(r->in->reg, name);
    return e && is_shown(r, e, NULL) ? e : NULL;
}

static const field *find_field(const cond_reader *r, const entity *e, crm_str name)
{
    const field *f = entity_field(e, name);
    return f && !(f->flags & FIELD_HIDDEN) && is_shown(r, e, f) ? f : NULL;
}

static crm_status unknown_behind(cond_reader *r, const entity *e, crm_str name, crm_str path)
{
    crm_str names[FIELDS_MAX];
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (!(e->fields[i].flags & FIELD_HIDDEN) && is_shown(r, e, &e->fields[i])) {
            names[n++] = e->fields[i].name;
        }
    }
    cond_fail(r, "unknown_field", path);
    r->err->nearest = text_nearest(name, names, n);
    return CRM_INVALID;
}

static crm_status unknown_field(cond_reader *r, const entity *e, crm_str name)
{
    crm_status st = unknown_behind(r, e, name, name);
    r->err->of = e == &cond_attachment ? NULL : e;
    r->err->name = r->err->field;
    return st;
}

/* `behind` is what follows a list of references, which leads to many rows; NULL: no path goes on
 * there. */
static crm_status read_path(cond_reader *r, const entity *e, crm_str path, cond *c, crm_str *behind)
{
    crm_str rest = path, name;
    while (str_split(&rest, '.', &name)) {
        const field *f = e ? find_field(r, e, name) : NULL;
        if (!e || r->behind + c->path_length == COND_PATH_MAX) {
            return cond_fail(r, e ? "path_too_long" : "type_mismatch", path);
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
            return cond_fail(r, "unknown_field", path);
        }
        c->path[c->path_length++] = f;
        bool is_list = f->ref && f->flags & FIELD_MANY;
        if (is_list && behind && rest.n && c->path_length == 1) {
            *behind = rest;
            return CRM_OK;
        }
        e = is_list ? NULL : f->ref;
    }
    return c->path_length ? CRM_OK : cond_fail(r, "bad_request", path);
}

static const field *last_field(const cond *c)
{
    return c->path[c->path_length - 1];
}

static crm_status set_value(cond_reader *r, cond *c, value v)
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
static crm_status negate(cond_reader *r, cond *c, const cond **out)
{
    cond *whole;
    crm_status st = new_node(r, COND_NOT, &whole);
    if (st == CRM_OK) {
        whole->first = c;
        *out = whole;
    }
    return st;
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
static crm_status read_operand(cond_reader *r, cond *c, const json_t *json, const cond **out)
{
    const field *f = last_field(c);
    value v = value_null();
    crm_status st;
    if (c->op == COND_IN) {
        return cond_list_read(r, f, json, c);
    }
    bool is_part = c->op == COND_STARTS || (c->op == COND_HAS && !(f->flags & FIELD_MANY));
    st = is_part ? cond_part_read(r, f, json, &v) : cond_value_read(r, f, json, &v);
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
        return cond_fail(r, "type_mismatch", f->name);
    }
    return set_value(r, c, v);
}

static crm_status read_node(cond_reader *r, const entity *e, const json_t *json, const cond **out);

static crm_status read_sub_where(cond_reader *r, const entity *e, const json_t *json, subquery *sub)
{
    if (!json) {
        return CRM_OK;
    }
    if (r->depth == COND_DEPTH_MAX) {
        return cond_fail(r, "too_complex", (crm_str){0});
    }
    uint32_t behind = r->behind;
    r->behind = 0;
    r->depth++;
    crm_status st = read_node(r, e, json, &sub->where);
    r->depth--;
    r->behind = behind;
    return st;
}

static crm_status read_in_query(cond_reader *r, cond *c, const json_t *json)
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
        return cond_fail(r, "bad_request", last_field(c)->name);
    }
    if (!f) {
        return e ? unknown_field(r, e, field_name) : cond_fail(r, "unknown_field", entity_name);
    }
    if (!cond_can_join(last_field(c), f)) {
        return cond_fail(r, "type_mismatch", field_name);
    }
    *sub = (subquery){.field = f};
    c->sub = sub;
    return read_sub_where(r, e, where, sub);
}

static crm_status read_comparison(cond_reader *r, cond *c, const json_t *list, const cond **out)
{
    const field *f = last_field(c);
    const json_t *operand = json_array_get(list, 2);
    bool is_bare = c->op == COND_NONE || c->op == COND_ME;
    if (!operand && !is_bare) {
        return cond_fail(r, "bad_request", f->name);
    }
    if ((c->op == COND_EQ || c->op == COND_NE) && is_me(f, operand)) {
        bool is_other = c->op == COND_NE;
        c->op = COND_ME;
        return is_other ? negate(r, c, out) : CRM_OK;
    }
    if (c->op == COND_ME) {
        return f->type == FIELD_USER ? CRM_OK : cond_fail(r, "type_mismatch", f->name);
    }
    if (c->op == COND_NONE) {
        return operand && is_false(operand) ? negate(r, c, out) : CRM_OK;
    }
    if (c->op == COND_IN_QUERY) {
        return read_in_query(r, c, operand);
    }
    bool is_name = f->type == FIELD_FILE && (c->op == COND_STARTS || c->op == COND_HAS);
    if (field_is_file(f) && !is_name) {
        return cond_fail(r, "type_mismatch", f->name); /* of a file its name can be asked for */
    }
    if (is_order(c->op) && field_stored_type(f) == FIELD_JSON) {
        return cond_fail(r, "type_mismatch", f->name);
    }
    return read_operand(r, c, operand, out);
}

static crm_status read_leaf(cond_reader *r, const entity *e, crm_str path, const json_t *list,
                            const cond **out);

/* What is true of many when it is not of any: the opposite of `c`, else NULL. */
static crm_status positive(cond_reader *r, const cond *c, const cond **out)
{
    bool is_not = c->op == COND_NOT && c->first->op != COND_NONE; /* not "filled" */
    *out = is_not ? c->first : NULL;
    if (c->op == COND_NONE) {
        return negate(r, (cond *)c, out); /* the reader made it */
    }
    if (c->op == COND_NE) {
        ((cond *)c)->op = COND_EQ;
        *out = c;
    }
    return CRM_OK;
}

/* `c` is a list of references, and the path goes on behind it. */
static crm_status read_behind(cond_reader *r, crm_str path, const json_t *list, cond *c,
                              const cond **out)
{
    const cond *opposite = NULL;
    r->behind++;
    crm_status st = read_leaf(r, c->path[0]->ref, path, list, &c->first);
    r->behind--;
    c->op = COND_REFERS;
    *out = c;
    st = st ? st : positive(r, c->first, &opposite);
    if (st != CRM_OK || !opposite) {
        return st;
    }
    c->first = opposite;
    return negate(r, c, out);
}

static crm_status read_leaf(cond_reader *r, const entity *e, crm_str path, const json_t *list,
                            const cond **out)
{
    cond *c;
    crm_str behind = {0};
    crm_status st = new_node(r, COND_TRUE, &c);
    if (st == CRM_OK) {
        st = read_path(r, e, path, c, &behind);
    }
    if (st != CRM_OK) {
        return st;
    }
    if (behind.n) {
        return read_behind(r, behind, list, c, out);
    }
    if (json_array_size(list) > 3 || !json_is_string(json_array_get(list, 1))) {
        return cond_fail(r, "bad_request", path);
    }
    if (!cond_find_operator(text_at(list, 1), &c->op)) {
        return cond_unknown_operator(r, text_at(list, 1), path);
    }
    *out = c;
    return read_comparison(r, c, list, out);
}

/* ---- the tree -------------------------------------------------------------------------------- */

static crm_status read_children(cond_reader *r, const entity *e, const json_t *list, cond *c)
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

/* Attachments are no records: what is asked of one is in the field itself. */
static crm_status read_attached(cond_reader *r, const field *f, const json_t *where, cond *c)
{
    cond *none;
    if (where) {
        c->op = COND_ATTACHED;
        c->path[0] = f;
        c->path_length = 1;
        crm_status st = read_node(r, &cond_attachment, where, &c->first);
        return st == CRM_OK && !cond_is_local(c->first) ? cond_fail(r, "type_mismatch", f->name)
                                                        : st;
    }
    crm_status st = new_node(r, COND_NONE, &none);
    if (st == CRM_OK) {
        none->path[0] = f;
        none->path_length = 1;
        c->op = COND_NOT;
        c->first = none;
    }
    return st;
}

static crm_status read_referred(cond_reader *r, const entity *e, const json_t *list, cond *c)
{
    crm_str name = text_at(list, 1);
    const json_t *where = json_array_get(list, 2);
    const field *f = find_field(r, e, name);
    if (!f) {
        return unknown_field(r, e, name);
    }
    if (field_is_file(f)) {
        return read_attached(r, f, where, c);
    }
    if (!f->ref) {
        return cond_fail(r, "type_mismatch", name);
    }
    c->op = COND_REFERS;
    c->path[0] = f;
    c->path_length = 1;
    return where ? read_node(r, f->ref, where, &c->first) : CRM_OK;
}

static crm_status read_child(cond_reader *r, const entity *e, const json_t *list, cond *c)
{
    crm_str child_name = text_at(list, 1), back_name = text_at(list, 2);
    const entity *child = find_entity(r, child_name);
    const field *back = child ? find_field(r, child, back_name) : NULL;
    if (child && !back) {
        return unknown_field(r, child, back_name);
    }
    if (!back || back->ref != e) {
        return cond_fail(r, "unknown_field", child ? back_name : child_name);
    }
    c->path[0] = back;
    c->path_length = 1;
    size_t n = json_array_size(list);
    return n == 4   ? read_node(r, child, json_array_get(list, 3), &c->first)
           : n == 3 ? CRM_OK
                    : cond_fail(r, "bad_request", child_name);
}

/* An entity and a field of it follow, or one of this entity's own fields. */
static crm_status read_exists(cond_reader *r, const entity *e, const json_t *list, cond *c)
{
    size_t n = json_array_size(list);
    bool names_two = n > 3 || json_is_string(json_array_get(list, 2));
    bool is_entity = str_find(text_at(list, 1), '.') >= 0;
    return names_two || is_entity ? read_child(r, e, list, c) : read_referred(r, e, list, c);
}

static crm_status read_node(cond_reader *r, const entity *e, const json_t *json, const cond **out)
{
    crm_str head = text_at(json, 0);
    size_t n = json_array_size(json);
    bool is_and = str_is(head, "and"), is_or = str_is(head, "or"), is_not = str_is(head, "not");
    bool is_exists = str_is(head, "exists");
    if (!head.n || n < 2 || (is_not && n != 2)) {
        return cond_fail(r, "bad_request", head);
    }
    if (!is_and && !is_or && !is_not && !is_exists) {
        return read_leaf(r, e, head, json, out);
    }
    if (r->depth == COND_DEPTH_MAX) {
        return cond_fail(r, "too_complex", (crm_str){0});
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
    cond_reader r = {.a = a, .in = s, .err = err};
    cond c = {.path_length = 0};
    *err = (cond_error){0};
    crm_status st = read_path(&r, s->entity, text, &c, NULL);
    memcpy(path, c.path, sizeof c.path);
    *length = c.path_length;
    return st;
}

crm_status cond_read(arena *a, const cond_scope *s, const json_t *json, const cond **out,
                     cond_error *err)
{
    cond_reader r = {.a = a, .in = s, .err = err};
    *out = NULL;
    *err = (cond_error){0};
    const cond *c = NULL;
    crm_status st = read_node(&r, s->entity, json, &c);
    if (st == CRM_OK) {
        *out = c;
    }
    return st;
}
