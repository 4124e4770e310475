/* field.c - values of fields from text and JSON: one element of each type, and lists of them. */
#include "data/field.h"

#include "base/idn.h"

#include "data/address.h"
#include "data/files.h"
#include "data/records.h"

#define JS_INTEGER_MAX 9007199254740991LL /* what a JSON number can be trusted with */
#define BYTES_MAX      ((size_t)4 * 1024 * 1024)

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

/* ---- refusals -------------------------------------------------------------------------------- */

static crm_status refuse(field_result *out, const char *code)
{
    out->v = value_null();
    out->code = code;
    return CRM_INVALID;
}

static crm_status too_long(const field_source *s, uint32_t max, field_result *out)
{
    out->params_json = arena_fmt(s->arena, "{\"max\":%u}", max);
    return refuse(out, "too_long");
}

static crm_status keep_or_refuse(const field_source *s, field_result *out, crm_str raw,
                                 const char *code)
{
    if (!s->is_lenient) {
        return refuse(out, code);
    }
    out->v = value_text(raw);
    out->is_marked = true;
    return CRM_OK;
}

static crm_status give_int(const field *f, int64_t v, field_result *out)
{
    bool is_below = !value_is_null(f->least) && v < f->least.i;
    bool is_above = !value_is_null(f->most) && v > f->most.i;
    if (is_below || is_above) {
        return refuse(out, "out_of_range");
    }
    out->v = value_int(v);
    return CRM_OK;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* Letters of a domain know no case, and it has one spelling; those of the local part might (RFC
 * 5321 §2.4). */
static crm_status give_email(const field_source *s, crm_str text, field_result *out)
{
    if (!field_is_email(text)) {
        return keep_or_refuse(s, out, text, "email_invalid");
    }
    size_t at = (size_t)str_find(text, '@') + 1;
    crm_str domain;
    crm_status st = idn_letters(s->arena, (crm_str){text.p + at, text.n - at}, &domain);
    if (st == CRM_OK) {
        out->v = value_text(arena_fmt(s->arena, "%.*s%.*s", (int)at, text.p, STR_FMT(domain)));
    }
    return st || arena_failed(s->arena) ? (st ? st : CRM_NOMEM) : CRM_OK;
}

static crm_status give_phone(const field_source *s, crm_str text, field_result *out)
{
    crm_str stored;
    crm_status st = phone_normalise(s->arena, text, &stored);
    if (st == CRM_INVALID) {
        return keep_or_refuse(s, out, text, "phone_invalid");
    }
    out->v = value_text(stored);
    return st;
}

/* Only what a browser may follow safely; a bare domain gets https. */
static crm_status give_url(const field_source *s, crm_str text, field_result *out)
{
    static const crm_str http = {"http://", 7}, https = {"https://", 8};
    crm_str lower = {text.p, text.n < https.n ? text.n : https.n};
    bool has_scheme =
        (lower.n >= http.n && str_eq_ascii_nocase((crm_str){lower.p, http.n}, http)) ||
        str_eq_ascii_nocase(lower, https);
    bool has_bad = str_find(text, ' ') >= 0 || str_find(text, '\t') >= 0;
    bool is_bare = !has_scheme && str_find(text, ':') < 0 && str_find(text, '.') > 0;
    if (has_bad || !(has_scheme || is_bare)) {
        return keep_or_refuse(s, out, text, "url_invalid");
    }
    crm_str whole = is_bare ? arena_fmt(s->arena, "https://%.*s", STR_FMT(text)) : text;
    out->v = value_text(whole);
    return whole.p ? CRM_OK : CRM_NOMEM;
}

/* A wrong index is told, not refused: the letter may come all the same. */
static crm_status give_address(const field_source *s, crm_str text, field_result *out)
{
    address all;
    crm_status st = address_read(s->arena, text, &all);
    out->v = value_text(text);
    out->is_marked = st == CRM_OK && !address_is_index_sound(&all);
    return st;
}

static const char *const requisite_codes[FIELD_TYPE_COUNT] = {[FIELD_INN] = "inn_invalid",
                                                              [FIELD_KPP] = "kpp_invalid",
                                                              [FIELD_OGRN] = "ogrn_invalid",
                                                              [FIELD_BIK] = "bik_invalid",
                                                              [FIELD_ACCOUNT] = "account_invalid"};

/* As documents print them: "40702 810 9 3800 0000001". */
static crm_str without_blanks(arena *a, crm_str text)
{
    crm_str copy = arena_dup(a, text);
    size_t n = 0;
    for (size_t i = 0; copy.p && i < copy.n;) {
        crm_str rest = {copy.p + i, copy.n - i};
        size_t skip = field_filler(rest);
        if (!skip) {
            ((char *)copy.p)[n++] = *rest.p;
        }
        i += skip ? skip : 1;
    }
    return (crm_str){copy.p, copy.p ? n : 0};
}

static crm_status give_requisite(const field_source *s, const field *f, crm_str text,
                                 field_result *out)
{
    bool is_sound;
    crm_str bare = without_blanks(s->arena, text);
    if (!bare.p) {
        return CRM_NOMEM;
    }
    if (!field_is_requisite(f->type, bare, &is_sound)) {
        return keep_or_refuse(s, out, text, requisite_codes[f->type]);
    }
    out->v = value_text(bare);
    out->is_marked =
        !is_sound; /* a typing slip is told, not refused: registers hold some as well */
    return CRM_OK;
}

static crm_status give_choice(const field *f, crm_str text, field_result *out)
{
    for (uint32_t i = 0; i < f->choice_count; i++) {
        if (str_eq(f->choices[i].value, text)) {
            out->v = value_text(f->choices[i].value);
            return CRM_OK;
        }
    }
    return refuse(out, "not_a_choice");
}

static crm_status give_stage(const field *f, crm_str text, field_result *out)
{
    const stage *st = f->pipeline ? pipeline_stage(f->pipeline, text, NULL) : NULL;
    if (!st) {
        return refuse(out, "not_a_choice");
    }
    out->v = value_text(st->name);
    return CRM_OK;
}

static crm_status give_json(const field_source *s, crm_str text, field_result *out)
{
    json_t *json = NULL;
    crm_status st = json_read(text, JSON_ITEMS_MAX, &json, NULL);
    if (st == CRM_BAD_REQUEST) {
        return refuse(out, "type_mismatch");
    }
    if (st == CRM_OK) {
        crm_str dump = json_dump(s->arena, json);
        out->v = value_text(dump);
        st = dump.p ? CRM_OK : CRM_NOMEM;
    }
    json_decref(json);
    return st;
}

/* One line: what a paste brings as line breaks becomes spaces. */
static crm_status one_line(arena *a, crm_str text, crm_str *out)
{
    *out = text;
    if (str_find(text, '\n') < 0) {
        return CRM_OK;
    }
    crm_str copy = arena_dup(a, text);
    for (size_t i = 0; copy.p && i < copy.n; i++) {
        if (copy.p[i] == '\n') {
            ((char *)copy.p)[i] = ' ';
        }
    }
    *out = copy;
    return copy.p ? CRM_OK : CRM_NOMEM;
}

/* Clean, trimmed, of one line where the type has one, not too long. */
static crm_status clean(const field_source *s, const field *f, crm_str text, crm_str *out,
                        field_result *result)
{
    if (text.n > BYTES_MAX) {
        return refuse(result, "too_long");
    }
    crm_status st = text_clean(s->arena, text, out);
    if (st != CRM_OK) {
        return st == CRM_INVALID ? refuse(result, "type_mismatch") : st;
    }
    *out = str_trim(*out);
    field_type type = field_stored_type(f);
    if (type != FIELD_MULTILINE && type != FIELD_JSON) {
        st = one_line(s->arena, *out, out);
    }
    uint32_t max = field_length_max(f);
    if (st == CRM_OK && max && text_length(*out) > max) {
        return too_long(s, max, result);
    }
    return st;
}

/* ---- numbers and times ----------------------------------------------------------------------- */

static crm_status give_number(const field *f, crm_str text, field_result *out)
{
    int64_t v;
    bool is_whole = f->type == FIELD_INT;
    crm_status st = field_parse_decimal(text, is_whole ? 0 : f->scale, &v);
    if (st == CRM_OK && is_whole && (v > JS_INTEGER_MAX || v < -JS_INTEGER_MAX)) {
        st = CRM_LIMIT;
    }
    if (st != CRM_OK) {
        return refuse(out, st == CRM_LIMIT ? "out_of_range" : "type_mismatch");
    }
    return give_int(f, v, out);
}

static crm_status give_bool(crm_str text, field_result *out)
{
    static const char *const yes[] = {"1", "true", "yes", "on", "да", "Да"};
    static const char *const no[] = {"0", "false", "no", "off", "нет", "Нет"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (str_is(text, yes[i]) || str_is(text, no[i])) {
            out->v = value_int(str_is(text, yes[i]));
            return CRM_OK;
        }
    }
    return refuse(out, "type_mismatch");
}

static crm_status give_duration(const field *f, crm_str text, field_result *out)
{
    int64_t ms;
    if (str_to_i64(text, &ms) != CRM_OK && clock_parse_duration(text, &ms) != CRM_OK) {
        return refuse(out, "type_mismatch");
    }
    return give_int(f, ms, out);
}

static crm_status give_id(crm_str text, field_result *out)
{
    int64_t id;
    if (str_to_i64(text, &id) != CRM_OK || id <= 0 || id > JS_INTEGER_MAX) {
        return refuse(out, "type_mismatch");
    }
    out->v = value_int(id);
    return CRM_OK;
}

/* The id alone, or as an export writes it: "договор.pdf #q3Zk…". Whose it is the writer asks. */
static crm_status give_file(crm_str text, field_result *out)
{
    crm_str id;
    if (!file_value_next(&text, &id)) {
        return refuse(out, "type_mismatch");
    }
    out->v = value_text(id);
    return CRM_OK;
}

/* ---- one element from text ------------------------------------------------------------------- */

static crm_status text_element(const field_source *s, const field *f, crm_str text,
                               field_result *out)
{
    switch (f->type) {
    case FIELD_EMAIL:
        return give_email(s, text, out);
    case FIELD_PHONE:
        return give_phone(s, text, out);
    case FIELD_URL:
        return give_url(s, text, out);
    case FIELD_CHOICE:
    case FIELD_CHOICES:
        return give_choice(f, text, out);
    case FIELD_STAGE:
        return give_stage(f, text, out);
    case FIELD_INN:
    case FIELD_KPP:
    case FIELD_OGRN:
    case FIELD_BIK:
    case FIELD_ACCOUNT:
        return give_requisite(s, f, text, out);
    case FIELD_ADDRESS:
        return give_address(s, text, out);
    case FIELD_JSON:
        return give_json(s, text, out);
    case FIELD_FILE:
    case FIELD_FILES:
        return give_file(text, out);
    case FIELD_REFS:
        if (give_id(text, out) != CRM_OK) {
            return CRM_INVALID;
        }
        out->v = value_text(text);
        return CRM_OK;
    default:
        out->v = value_text(text);
        return CRM_OK;
    }
}

static crm_status number_element(const field_source *s, const field *f, crm_str text,
                                 field_result *out)
{
    int64_t v;
    switch (f->type) {
    case FIELD_BOOL:
        return give_bool(text, out);
    case FIELD_DATE:
        return field_parse_date(text, &v) == CRM_OK ? give_int(f, v, out)
                                                    : refuse(out, "date_invalid");
    case FIELD_DATETIME:
        return field_parse_datetime(s->reg, text, &v) == CRM_OK ? give_int(f, v, out)
                                                                : refuse(out, "date_invalid");
    case FIELD_DURATION:
        return give_duration(f, text, out);
    case FIELD_REF:
    case FIELD_USER:
        return give_id(text, out);
    default:
        return give_number(f, text, out);
    }
}

static crm_status read_element(const field_source *s, const field *f, crm_str text,
                               field_result *out)
{
    crm_str s_clean;
    crm_status st = clean(s, f, text, &s_clean, out);
    if (st != CRM_OK) {
        return st;
    }
    if (!s_clean.n) {
        out->v = value_null();
        return CRM_OK;
    }
    return text_types[f->type] ? text_element(s, f, s_clean, out)
                               : number_element(s, f, s_clean, out);
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
    crm_status st = json ? field_read_one(s, f, json, out) : read_element(s, f, text, out);
    value all = {.kind = VALUE_TEXT, .s = buf_view(&j->b)};
    if (st != CRM_OK || value_is_null(out->v) || (j->count && value_has_element(all, out->v.s))) {
        return st;
    }
    if (j->count++ == FIELD_ELEMENTS_MAX) {
        return refuse(out, "too_long");
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
        st = refuse(out, "type_mismatch");
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
        return refuse(out, "read_only");
    }
    return f->flags & FIELD_MANY ? read_text_list(s, f, text, out) : read_element(s, f, text, out);
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
        return refuse(out, "address_parts");
    }
    crm_status st = address_write(s->arena, &parts.given, &line);
    return st == CRM_OK ? read_element(s, f, line, out) : st;
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
        return dump.p ? read_element(s, f, dump, out) : CRM_NOMEM;
    }
    if (f->type == FIELD_ADDRESS && json_is_object(json)) {
        return read_address_parts(s, f, json, out);
    }
    if (is_reference(f->type) && json_is_object(json)) {
        json = json_object_get(json, "id");
    }
    if (json_is_string(json)) {
        crm_str text = {json_string_value(json), json_string_length(json)};
        return read_element(s, f, text, out);
    }
    if (f->type == FIELD_BOOL && json_is_boolean(json)) {
        out->v = value_int(json_is_true(json));
        return CRM_OK;
    }
    bool is_number = json_is_number(json) && (takes_number(f->type) || is_reference(f->type));
    return is_number ? read_element(s, f, number_text(json, number), out)
                     : refuse(out, "type_mismatch");
}

crm_status field_read_json(const field_source *s, const field *f, const json_t *json,
                           field_result *out)
{
    *out = (field_result){0};
    if (f->type == FIELD_COMPUTED) {
        return refuse(out, "read_only");
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
        return refuse(out, "type_mismatch");
    }
    return read_text_list(s, f, (crm_str){json_string_value(json), json_string_length(json)}, out);
}
