/* openapi_schema.c - schemas of records from their fields: as they are read and as they are
 * written. */
#include "data/address.h"
#include "data/field.h"
#include "net/openapi_private.h"

static crm_str label(const openapi_scope *s, crm_str key)
{
    return registry_text(s->c->reg, s->c->lang, key);
}

static const char *type_name(field_type t)
{
    static const char *const names[] = {
#define X(name, text, storage, many) text,
        FIELD_TYPE_MAP(X)
#undef X
    };
    return names[t];
}

/* ---- one value as it is read ------------------------------------------------------------------
 */

typedef struct shape {
    const char *type, *format;
} shape;

static shape shape_of(field_type t)
{
    switch (t) {
    case FIELD_INT:
    case FIELD_DURATION:
        return (shape){"integer", NULL};
    case FIELD_BOOL:
        return (shape){"boolean", NULL};
    case FIELD_DATE:
        return (shape){"string", "date"};
    case FIELD_DATETIME:
        return (shape){"string", "date-time"};
    default:
        return (shape){"string", NULL};
    }
}

static bool is_reference(field_type t)
{
    return t == FIELD_REF || t == FIELD_USER || t == FIELD_REFS;
}

static bool is_file(field_type t)
{
    return t == FIELD_FILE || t == FIELD_FILES;
}

static bool is_decimal(field_type t)
{
    return t == FIELD_DECIMAL || t == FIELD_MONEY || t == FIELD_PERCENT;
}

static json_t *or_null(json_t *schema)
{
    return json_pack("{s:[o,{s:s}]}", "anyOf", schema, "type", "null");
}

static json_t *choices(const field *f)
{
    json_t *all = json_array();
    for (uint32_t i = 0; i < f->choice_count; i++) {
        json_array_append_new(all, openapi_string(f->choices[i].value));
    }
    for (uint32_t i = 0; f->pipeline && i < f->pipeline->stage_count; i++) {
        json_array_append_new(all, openapi_string(f->pipeline->stages[i].name));
    }
    return all;
}

static bool has_choices(const field *f)
{
    bool is_among = f->type == FIELD_CHOICE || f->type == FIELD_CHOICES;
    return (is_among && f->choice_count) || (f->type == FIELD_STAGE && f->pipeline);
}

/* A choice that was taken out of the configuration may still stand in a record: no enum here. */
static json_t *value_read(const field *f, bool is_element)
{
    field_type t = field_stored_type(f);
    shape is = shape_of(t);
    if (t == FIELD_JSON) {
        return json_object();
    }
    if (is_reference(t) || is_file(t)) {
        crm_str name = is_file(t) ? CRM_S("attachment") : CRM_S("reference");
        json_t *ref = openapi_ref("schemas", name);
        return is_element ? ref : or_null(ref);
    }
    json_t *schema = is_element ? json_pack("{s:s}", "type", is.type)
                                : json_pack("{s:[s,s]}", "type", is.type, "null");
    if (is.format) {
        openapi_set(schema, CRM_S("format"), json_string(is.format));
    }
    if (is_decimal(t)) {
        openapi_set(schema, CRM_S("pattern"), json_string("^-?[0-9]+([.][0-9]+)?$"));
    }
    if (has_choices(f)) {
        openapi_set(schema, CRM_S("examples"), choices(f));
    }
    return schema;
}

/* ---- one value as it is written ---------------------------------------------------------------
 */

static json_t *text_write(const field *f)
{
    json_t *schema = json_pack("{s:s}", "type", "string");
    if (f->max) {
        openapi_set(schema, CRM_S("maxLength"), json_integer(f->max));
    }
    if (has_choices(f)) {
        openapi_set(schema, CRM_S("enum"), choices(f));
    }
    return schema;
}

/* The line, or its parts. */
static json_t *address_write_schema(const field *f)
{
    json_t *parts = json_object();
    for (int p = 0; p < ADDRESS_PARTS; p++) {
        openapi_set(parts, address_part_name((address_part)p),
                    json_pack("{s:[s,s]}", "type", "string", "null"));
    }
    return json_pack("{s:[o,{s:s,s:o,s:b}]}", "anyOf", text_write(f), "type", "object",
                     "properties", parts, "additionalProperties", 0);
}

/* Texts are taken as people write them ("1 500,00", "18.01.2027"), so only their type is said. */
static json_t *value_write(const field *f)
{
    field_type t = field_stored_type(f);
    if (t == FIELD_JSON) {
        return json_object();
    }
    if (is_reference(t)) {
        return openapi_ref("schemas", CRM_S("reference.write"));
    }
    if (is_file(t)) {
        return openapi_ref("schemas", CRM_S("attachment.write"));
    }
    if (t == FIELD_ADDRESS) {
        return address_write_schema(f);
    }
    if (is_decimal(t)) {
        return json_pack("{s:[s,s]}", "type", "string", "number");
    }
    if (t == FIELD_INT || t == FIELD_DURATION) {
        return json_pack("{s:[s,s]}", "type", "integer", "string");
    }
    if (t == FIELD_BOOL) {
        return json_pack("{s:[s,s]}", "type", "boolean", "string");
    }
    return text_write(f);
}

/* ---- fields -----------------------------------------------------------------------------------
 */

static void describe(const openapi_scope *s, const field *f, json_t *schema)
{
    openapi_set(schema, CRM_S("title"), openapi_string(label(s, f->label)));
    openapi_set(schema, CRM_S("x-type"), json_string(type_name(field_stored_type(f))));
    if (f->type == FIELD_REF || f->type == FIELD_REFS) {
        openapi_set(schema, CRM_S("x-to"), openapi_string(f->ref_name));
    }
}

static json_t *field_read(const openapi_scope *s, const field *f)
{
    bool is_many = (f->flags & FIELD_MANY) != 0;
    json_t *schema = is_many ? json_pack("{s:s,s:o}", "type", "array", "items", value_read(f, true))
                             : value_read(f, false);
    describe(s, f, schema);
    return schema;
}

/* Of a field with many values one value is taken for a list of it, and a list as one text. */
static json_t *field_write(const openapi_scope *s, const field *f)
{
    json_t *schema = value_write(f);
    if (f->flags & FIELD_MANY) {
        schema = json_pack("{s:[{s:s,s:o},{s:[s,s]}]}", "anyOf", "type", "array", "items", schema,
                           "type", "string", "null");
    } else if (json_object_size(schema)) {
        schema = or_null(schema);
    }
    describe(s, f, schema);
    return schema;
}

/* ---- a record ---------------------------------------------------------------------------------
 */

static json_t *described(const openapi_scope *s, const char *type, const char *key)
{
    return json_pack("{s:s,s:o}", "type", type, "description",
                     openapi_string(openapi_text(s, key)));
}

static void own_marks(const openapi_scope *s, json_t *properties)
{
    json_t *can = described(s, "array", "schema.can");
    json_t *marks = described(s, "object", "schema.marks");
    json_t *found = described(s, "object", "schema.found");
    json_t *why = described(s, "object", "schema.why");
    openapi_set(can, CRM_S("items"), json_pack("{s:s}", "type", "string"));
    openapi_set(marks, CRM_S("additionalProperties"), json_pack("{s:s}", "type", "string"));
    openapi_set(why, CRM_S("additionalProperties"), json_pack("{s:s}", "type", "string"));
    openapi_set(found, CRM_S("additionalProperties"), openapi_ref("schemas", CRM_S("found.in")));
    openapi_set(properties, CRM_S("_can"), can);
    openapi_set(properties, CRM_S("_why"), why);
    openapi_set(properties, CRM_S("_marks"), marks);
    openapi_set(properties, CRM_S("_parts"), described(s, "object", "schema.parts"));
    openapi_set(properties, CRM_S("found"), found);
}

static bool is_own_column(uint32_t i)
{
    return i == COL_CREATED_AT || i == COL_UPDATED_AT || i == COL_DELETED_AT || i == COL_CREATED_BY;
}

json_t *openapi_record(const openapi_scope *s, const openapi_entity *e)
{
    json_t *properties = json_object();
    openapi_set(properties, CRM_S("id"), openapi_ref("schemas", CRM_S("id")));
    openapi_set(properties, CRM_S("rev"), described(s, "integer", "schema.rev"));
    for (uint32_t i = 0; i < e->e->field_count; i++) {
        const field *f = &e->e->fields[i];
        bool is_own = i >= COL_OWN && bits_has(e->seen, i) && !(f->flags & FIELD_HIDDEN);
        if (is_own || is_own_column(i)) {
            openapi_set(properties, f->name, field_read(s, f));
        }
    }
    own_marks(s, properties);
    return json_pack("{s:s,s:o,s:o,s:[s,s,s]}", "type", "object", "title",
                     openapi_string(openapi_text(s, "schema.record")), "properties", properties,
                     "required", "id", "rev", "_can");
}

static bool is_settable(const openapi_entity *e, const field *f, bool is_new)
{
    const uint64_t *set = is_new ? e->made : e->changed;
    return f->index >= COL_OWN && bits_has(set, f->index) && f->type != FIELD_COMPUTED &&
           !(f->flags & (FIELD_HIDDEN | FIELD_READ_ONLY | FIELD_SYSTEM));
}

/* A default, a stage to start in and an owner are given by the server. */
static bool is_asked(const entity *e, const field *f)
{
    bool has_default = !value_is_null(f->def) || f->def_text.n > 0;
    return f->flags & FIELD_REQUIRED && !has_default && f->index != e->stage_field &&
           f->index != e->owner_fields[0];
}

json_t *openapi_change(const openapi_scope *s, const openapi_entity *e, bool is_new)
{
    json_t *properties = json_object(), *required = json_array();
    for (uint32_t i = COL_OWN; i < e->e->field_count; i++) {
        const field *f = &e->e->fields[i];
        if (!is_settable(e, f, is_new)) {
            continue;
        }
        openapi_set(properties, f->name, field_write(s, f));
        if (is_new && is_asked(e->e, f)) {
            json_array_append_new(required, openapi_string(f->name));
        }
    }
    json_t *schema =
        json_pack("{s:s,s:o,s:o}", "type", "object", "title",
                  openapi_string(openapi_text(s, is_new ? "schema.create" : "schema.change")),
                  "properties", properties);
    if (json_array_size(required)) {
        openapi_set(schema, CRM_S("required"), json_incref(required));
    }
    json_decref(required);
    return schema;
}

/* ---- an example --------------------------------------------------------------------------------
 */

static json_t *example_of(const field *f)
{
    switch (f->type) {
    case FIELD_TEXT:
    case FIELD_MULTILINE:
    case FIELD_ADDRESS:
        return openapi_string(f->name);
    case FIELD_EMAIL:
        return json_pack(f->flags & FIELD_MANY ? "[s]" : "s", "ivan@example.ru");
    case FIELD_PHONE:
        return json_pack(f->flags & FIELD_MANY ? "[s]" : "s", "+79161234567");
    case FIELD_DECIMAL:
    case FIELD_MONEY:
        return json_string("1500.00");
    case FIELD_INT:
    case FIELD_REF:
    case FIELD_USER:
        return json_integer(1);
    case FIELD_BOOL:
        return json_true();
    case FIELD_DATE:
        return json_string("2027-01-18");
    case FIELD_DATETIME:
        return json_string("2027-01-18T07:15:00Z");
    case FIELD_CHOICE:
        return f->choice_count ? openapi_string(f->choices[0].value) : NULL;
    default:
        return NULL;
    }
}

#define EXAMPLE_FIELDS 4

json_t *openapi_example(const openapi_entity *e, bool is_new)
{
    json_t *all = json_object();
    for (uint32_t i = COL_OWN; i < e->e->field_count; i++) {
        const field *f = &e->e->fields[i];
        bool is_needed = is_new && is_asked(e->e, f);
        bool has_room = json_object_size(all) < (is_new ? EXAMPLE_FIELDS : EXAMPLE_FIELDS / 2);
        json_t *example =
            is_settable(e, f, is_new) && (is_needed || has_room) ? example_of(f) : NULL;
        if (example) {
            openapi_set(all, f->name, example);
        }
    }
    return all;
}
