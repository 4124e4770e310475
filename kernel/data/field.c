/*
 * field.c - what the types of fields are, and values from text and JSON: lists of elements, each of
 * which field_element.c reads.
 */
#include "data/field.h"

#include "data/address.h"
#include "data/field_private.h"
#include "data/files.h"

/* ---- what a type is -------------------------------------------------------------------------- */

static const bool text_types[FIELD_TYPE_COUNT] = {
#define STORED_I                     false
#define STORED_T                     true
#define X(name, text, storage, many) [FIELD_##name] = STORED_##storage,
    FIELD_TYPE_MAP(X)
#undef X
};

/* Characters at most, where the field does not say. */
static const uint32_t length_max[FIELD_TYPE_COUNT] = {
    [FIELD_TEXT] = 1000, [FIELD_MULTILINE] = 100000, [FIELD_EMAIL] = 254, [FIELD_PHONE] = 100,
    [FIELD_URL] = 2048,  [FIELD_ADDRESS] = 1000,     [FIELD_TAGS] = 100,  [FIELD_JSON] = 1000000,
};

uint32_t field_length_max(const field *f)
{
    return f->max ? f->max : length_max[field_stored_type(f)];
}

bool field_is_text(const field *f)
{
    return text_types[field_stored_type(f)];
}

bool field_is_folded(const field *f)
{
    switch (field_stored_type(f)) {
    case FIELD_STAGE:
    case FIELD_CHOICE:
    case FIELD_CHOICES:
    case FIELD_PHONE:
    case FIELD_REFS:
        return false;
    default:
        return field_is_text(f);
    }
}

field_key field_key_of(const field *f)
{
    bool is_phone = field_stored_type(f) == FIELD_PHONE;
    return is_phone ? FIELD_KEY_NUMBER : field_is_folded(f) ? FIELD_KEY_FOLDED : FIELD_KEY_BYTES;
}

crm_status field_key_make(arena *a, const field *f, crm_str text, crm_str *key)
{
    field_key by = field_key_of(f);
    if (by == FIELD_KEY_FOLDED) {
        return text_sort_key(a, text, key);
    }
    *key = by == FIELD_KEY_NUMBER ? phone_number(text) : text;
    return CRM_OK;
}

bool field_may_be_marked(const field *f)
{
    switch (f->type) {
    case FIELD_PHONE:
    case FIELD_EMAIL:
    case FIELD_URL:
    case FIELD_ADDRESS:
    case FIELD_INN:
    case FIELD_KPP:
    case FIELD_OGRN:
    case FIELD_BIK:
    case FIELD_ACCOUNT:
        return true;
    default:
        return false;
    }
}

const char *field_mark_code(const field *f)
{
    switch (f->type) {
    case FIELD_PHONE:
        return "phone_invalid";
    case FIELD_EMAIL:
        return "email_invalid";
    case FIELD_URL:
        return "url_invalid";
    case FIELD_ADDRESS:
        return "index_invalid";
    default:
        return "check_digits";
    }
}
/* ---- lists ----------------------------------------------------------------------------------- */

/* Elements joined by '\n', each once. */
typedef struct joining {
    buf b;
    uint32_t count;
    bool is_marked;
} joining;

static crm_status join(const field_source *s, const field *f, joining *j, const json_t *json,
                       crm_str text, field_result *out)
{
    crm_status st = json ? field_read_one(s, f, json, out) : field_read_element(s, f, text, out);
    value all = {.kind = VALUE_TEXT, .s = buf_view(&j->b)};
    if (st != CRM_OK || value_is_null(out->v) || (j->count && value_has_element(all, out->v.s))) {
        return st;
    }
    if (j->count++ == FIELD_ELEMENTS_MAX) {
        return field_refuse(out, "too_long");
    }
    if (j->count > 1) {
        buf_char(&j->b, '\n');
    }
    buf_str(&j->b, out->v.s);
    j->is_marked = j->is_marked || out->is_marked;
    return CRM_OK;
}

static crm_status joined(const field_source *s, joining *j, crm_status st, field_result *out)
{
    if (st == CRM_OK) {
        crm_str copy = j->count ? arena_dup(s->arena, buf_view(&j->b)) : (crm_str){0};
        out->v = value_text(copy);
        out->is_marked = j->is_marked;
        st = j->b.failed || (j->count && !copy.p) ? CRM_NOMEM : CRM_OK;
    }
    buf_free(&j->b);
    return st;
}

/* Names of files may hold what separates: only their ids count. */
static crm_status read_file_list(const field_source *s, const field *f, crm_str text,
                                 field_result *out)
{
    joining j = {.count = 0};
    buf_init(&j.b, 0);
    crm_str id;
    bool is_written = str_trim(text).n > 0;
    crm_status st = CRM_OK;
    while (st == CRM_OK && file_value_next(&text, &id)) {
        st = join(s, f, &j, NULL, id, out);
    }
    if (st == CRM_OK && !j.count && is_written) {
        st = field_refuse(out, "type_mismatch");
    }
    return joined(s, &j, st, out);
}

/* Addresses of pages may hold a comma, and before an extension it is a pause of the phone. */
static bool next_part(const field_source *s, const field *f, crm_str *line, crm_str *part)
{
    bool is_whole = f->type == FIELD_URL || s->is_by_lines;
    if (!str_split(line, is_whole ? '\n' : ',', part)) {
        return false;
    }
    if (f->type != FIELD_PHONE || !line->n) {
        return true;
    }
    crm_str tail = {line->p - 1, line->n + 1}, digits, nothing;
    size_t n = phone_extension_span(tail, &digits);
    crm_str behind = str_trim((crm_str){tail.p + n, tail.n - n});
    if (n && (!behind.n || behind.p[0] == ',')) {
        part->n = (size_t)(tail.p + n - part->p);
        *line = behind;
        (void)!str_split(line, ',', &nothing);
    }
    return true;
}

static crm_status read_text_list(const field_source *s, const field *f, crm_str text,
                                 field_result *out)
{
    if (f->type == FIELD_FILES) {
        return read_file_list(s, f, text, out);
    }
    joining j = {.count = 0};
    buf_init(&j.b, 0);
    crm_str line, part;
    crm_status st = CRM_OK;
    while (st == CRM_OK && str_split(&text, '\n', &line)) {
        while (st == CRM_OK && next_part(s, f, &line, &part)) {
            st = join(s, f, &j, NULL, part, out);
        }
    }
    return joined(s, &j, st, out);
}

static crm_status read_json_list(const field_source *s, const field *f, const json_t *json,
                                 field_result *out)
{
    size_t i;
    json_t *item;
    joining j = {.count = 0};
    buf_init(&j.b, 0);
    crm_status st = CRM_OK;
    json_array_foreach(json, i, item)
    {
        st = join(s, f, &j, item, (crm_str){0}, out);
        if (st != CRM_OK) {
            break;
        }
    }
    return joined(s, &j, st, out);
}

/* ---- the doors ------------------------------------------------------------------------------- */

crm_status field_read_text(const field_source *s, const field *f, crm_str text, field_result *out)
{
    *out = (field_result){0};
    if (f->type == FIELD_COMPUTED) {
        return field_refuse(out, "read_only");
    }
    return f->flags & FIELD_MANY ? read_text_list(s, f, text, out)
                                 : field_read_element(s, f, text, out);
}

/* A JSON number as decimal text; 15 digits are what a double keeps. */
static crm_str number_text(const json_t *json, char out[64])
{
    int n = json_is_integer(json) ? snprintf(out, 64, "%lld", (long long)json_integer_value(json))
                                  : snprintf(out, 64, "%.15g", json_real_value(json));
    return (crm_str){out, n > 0 && n < 64 ? (size_t)n : 0};
}

static bool takes_number(field_type t)
{
    return !text_types[t] && t != FIELD_BOOL && t != FIELD_DATE && t != FIELD_DATETIME;
}

static bool is_reference(field_type t)
{
    return t == FIELD_REF || t == FIELD_REFS || t == FIELD_USER || t == FIELD_FILE ||
           t == FIELD_FILES;
}

/* {"city":"Кемерово","street":"Весенняя"} as one line. */
static crm_status read_address_parts(const field_source *s, const field *f, const json_t *json,
                                     field_result *out)
{
    address_patch parts;
    crm_str line;
    if (!address_patch_json(json, &parts)) {
        return field_refuse(out, "address_parts");
    }
    crm_status st = address_write(s->arena, &parts.given, &line);
    return st == CRM_OK ? field_read_element(s, f, line, out) : st;
}

crm_status field_read_one(const field_source *s, const field *f, const json_t *json,
                          field_result *out)
{
    char number[64];
    *out = (field_result){0};
    if (json_is_null(json)) {
        return CRM_OK;
    }
    if (f->type == FIELD_JSON) {
        crm_str dump = json_dump(s->arena, json);
        return dump.p ? field_read_element(s, f, dump, out) : CRM_NOMEM;
    }
    if (f->type == FIELD_ADDRESS && json_is_object(json)) {
        return read_address_parts(s, f, json, out);
    }
    if (is_reference(f->type) && json_is_object(json)) {
        json = json_object_get(json, "id");
    }
    if (json_is_string(json)) {
        crm_str text = {json_string_value(json), json_string_length(json)};
        return field_read_element(s, f, text, out);
    }
    if (f->type == FIELD_BOOL && json_is_boolean(json)) {
        out->v = value_int(json_is_true(json));
        return CRM_OK;
    }
    bool is_number = json_is_number(json) && (takes_number(f->type) || is_reference(f->type));
    return is_number ? field_read_element(s, f, number_text(json, number), out)
                     : field_refuse(out, "type_mismatch");
}

crm_status field_read_json(const field_source *s, const field *f, const json_t *json,
                           field_result *out)
{
    *out = (field_result){0};
    if (f->type == FIELD_COMPUTED) {
        return field_refuse(out, "read_only");
    }
    if (!(f->flags & FIELD_MANY)) {
        return field_read_one(s, f, json, out);
    }
    if (json_is_array(json)) {
        return read_json_list(s, f, json, out);
    }
    if (json_is_null(json)) {
        return CRM_OK;
    }
    if (!json_is_string(json)) {
        return field_refuse(out, "type_mismatch");
    }
    return read_text_list(s, f, (crm_str){json_string_value(json), json_string_length(json)}, out);
}
