/* openapi_filters.c - the parameters of a list: each field with the operators of its type. */
#include "data/address.h"
#include "data/field.h"
#include "net/openapi_private.h"

/* "eq" is the name alone; each row ends in NULL. What else a type takes goes through `filter`. */
static const char *const ordered[] = {"eq", "ne", "gt", "gte", "lt", "lte", "in", "none", NULL};
static const char *const chosen[] = {"eq", "ne", "in", "none", NULL};
static const char *const worded[] = {"eq", "ne",   "gt",     "gte", "lt", "lte",
                                     "in", "none", "starts", "has", NULL};
static const char *const listed[] = {"eq", "ne", "in", "none", "starts", "has", NULL};
static const char *const yes_or_no[] = {"eq", "ne", "none", NULL};
static const char *const opaque[] = {"none", NULL};
static const char *const named[] = {"none", "starts", "has", NULL}; /* a file by its name */

static const char *const *operators_of(const field *f)
{
    if (f->type == FIELD_FILES) {
        return opaque;
    }
    if (f->flags & FIELD_MANY) {
        return listed;
    }
    switch (field_stored_type(f)) {
    case FIELD_INT:
    case FIELD_DECIMAL:
    case FIELD_MONEY:
    case FIELD_PERCENT:
    case FIELD_DATE:
    case FIELD_DATETIME:
    case FIELD_DURATION:
        return ordered;
    case FIELD_CHOICE:
    case FIELD_STAGE:
    case FIELD_REF:
    case FIELD_USER:
        return chosen;
    case FIELD_FILE:
        return named;
    case FIELD_BOOL:
        return yes_or_no;
    case FIELD_JSON:
        return opaque;
    default:
        return worded;
    }
}

/* Dates may be "now-3d", a user "me", several values stand in one text: those are strings. */
static json_t *operand(const field *f, const char *op)
{
    field_type t = field_stored_type(f);
    bool is_one = strcmp(op, "in") != 0 && strcmp(op, "starts") != 0 && strcmp(op, "has") != 0;
    bool is_whole = t == FIELD_INT || t == FIELD_REF;
    if (strcmp(op, "none") == 0) {
        return json_pack("{s:s,s:[s,s]}", "type", "string", "enum", "1", "0");
    }
    if (t == FIELD_BOOL) {
        return json_pack("{s:s,s:[s,s,s,s]}", "type", "string", "enum", "true", "false", "1", "0");
    }
    return json_pack("{s:s}", "type", is_one && is_whole ? "integer" : "string");
}

static json_t *parameter(const openapi_scope *s, const field *f, const char *op)
{
    arena *a = s->c->arena;
    bool is_plain = strcmp(op, "eq") == 0;
    crm_str name = is_plain ? f->name : arena_fmt(a, "%.*s.%s", STR_FMT(f->name), op);
    crm_str key = arena_fmt(a, "op.%s", op);
    return json_pack("{s:o,s:s,s:o,s:o}", "name", openapi_string(name), "in", "query",
                     "description", openapi_string(openapi_text(s, key.p)), "schema",
                     operand(f, op));
}

static void add_field(const openapi_scope *s, const field *f, json_t *all)
{
    for (const char *const *op = operators_of(f); *op; op++) {
        json_array_append_new(all, parameter(s, f, *op));
    }
    for (int p = 0; f->parts && p < ADDRESS_PARTS; p++) {
        add_field(s, &f->parts[p], all);
    }
}

json_t *openapi_filters(const openapi_scope *s, const openapi_entity *e)
{
    json_t *all = json_array();
    for (uint32_t i = 0; i < e->e->field_count; i++) {
        const field *f = &e->e->fields[i];
        bool is_seen = i < COL_OWN ? i == COL_ID || i == COL_CREATED_AT || i == COL_UPDATED_AT ||
                                         i == COL_CREATED_BY
                                   : bits_has(e->seen, i);
        if (!is_seen || f->flags & FIELD_HIDDEN) {
            continue;
        }
        add_field(s, f, all);
    }
    return all;
}
