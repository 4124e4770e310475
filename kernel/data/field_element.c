/* field_element.c - one element of a field's value from its text, by the field's type. */
#include "base/idn.h"

#include "data/address.h"
#include "data/field_private.h"
#include "data/files.h"
#include "data/records.h"

#define JS_INTEGER_MAX 9007199254740991LL /* what a JSON number can be trusted with */
#define BYTES_MAX      ((size_t)4 * 1024 * 1024)

/* ---- refusals -------------------------------------------------------------------------------- */

crm_status field_refuse(field_result *out, const char *code)
{
    out->v = value_null();
    out->code = code;
    return CRM_INVALID;
}

static crm_status too_long(const field_source *s, uint32_t max, field_result *out)
{
    out->params_json = arena_fmt(s->arena, "{\"max\":%u}", max);
    return field_refuse(out, "too_long");
}

static crm_status keep_or_refuse(const field_source *s, field_result *out, crm_str raw,
                                 const char *code)
{
    if (!s->is_lenient) {
        return field_refuse(out, code);
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
        return field_refuse(out, "out_of_range");
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
    return field_refuse(out, "not_a_choice");
}

static crm_status give_stage(const field *f, crm_str text, field_result *out)
{
    const stage *st = f->pipeline ? pipeline_stage(f->pipeline, text, NULL) : NULL;
    if (!st) {
        return field_refuse(out, "not_a_choice");
    }
    out->v = value_text(st->name);
    return CRM_OK;
}

static crm_status give_json(const field_source *s, crm_str text, field_result *out)
{
    json_t *json = NULL;
    crm_status st = json_read(text, JSON_ITEMS_MAX, &json, NULL);
    if (st == CRM_BAD_REQUEST) {
        return field_refuse(out, "type_mismatch");
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
        return field_refuse(result, "too_long");
    }
    crm_status st = text_clean(s->arena, text, out);
    if (st != CRM_OK) {
        return st == CRM_INVALID ? field_refuse(result, "type_mismatch") : st;
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
        return field_refuse(out, st == CRM_LIMIT ? "out_of_range" : "type_mismatch");
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
    return field_refuse(out, "type_mismatch");
}

static crm_status give_duration(const field *f, crm_str text, field_result *out)
{
    int64_t ms;
    if (str_to_i64(text, &ms) != CRM_OK && clock_parse_duration(text, &ms) != CRM_OK) {
        return field_refuse(out, "type_mismatch");
    }
    return give_int(f, ms, out);
}

static crm_status give_id(crm_str text, field_result *out)
{
    int64_t id;
    if (str_to_i64(text, &id) != CRM_OK || id <= 0 || id > JS_INTEGER_MAX) {
        return field_refuse(out, "type_mismatch");
    }
    out->v = value_int(id);
    return CRM_OK;
}

/* The id alone, or as an export writes it: "договор.pdf #q3Zk…". Whose it is the writer asks. */
static crm_status give_file(crm_str text, field_result *out)
{
    crm_str id;
    if (!file_value_next(&text, &id)) {
        return field_refuse(out, "type_mismatch");
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
                                                    : field_refuse(out, "date_invalid");
    case FIELD_DATETIME:
        return field_parse_datetime(s->reg, text, &v) == CRM_OK ? give_int(f, v, out)
                                                                : field_refuse(out, "date_invalid");
    case FIELD_DURATION:
        return give_duration(f, text, out);
    case FIELD_REF:
    case FIELD_USER:
        return give_id(text, out);
    default:
        return give_number(f, text, out);
    }
}

crm_status field_read_element(const field_source *s, const field *f, crm_str text,
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
    return field_is_text(f) ? text_element(s, f, s_clean, out) : number_element(s, f, s_clean, out);
}
