/* setting.c - see setting.h. */
#include "data/setting.h"

#include "data/field.h"
#include "data/records.h"

#define SECRET_PREFIX "secret:"

/* ---- types ----------------------------------------------------------------------------------- */

/* word, type of the field it is read by, code of a value of another type, word of the catalogue of
 * faults (type.<word>), characters where the type says more or less than that of a field */
#define TYPE_MAP(X)                                            \
    X("bool", BOOL, "setting_bool", "bool", 0)                 \
    X("int", INT, "setting_int", "int", 0)                     \
    X("decimal", DECIMAL, "setting_decimal", "number", 0)      \
    X("text", TEXT, "setting_text", "text", 1000)              \
    X("multiline", MULTILINE, "setting_text", "text", 4000)    \
    X("url", URL, "url_invalid", "url", 0)                     \
    X("email", EMAIL, "email_invalid", "email", 0)             \
    X("phone", PHONE, "phone_invalid", "phone", 0)             \
    X("duration", DURATION, "setting_duration", "duration", 0) \
    X("choice", CHOICE, "setting_choice", "word", 0)           \
    X("secret", TEXT, "setting_secret", "secret", 0)

static const struct type_row {
    crm_str word;
    field_type type;
    const char *code, *expected;
    uint32_t length;
} types[] = {
#define X(word, type, code, expected, length) \
    {{word, sizeof(word) - 1}, FIELD_##type, code, expected, length},
    TYPE_MAP(X)
#undef X
};
#define TYPES  (sizeof types / sizeof types[0])
#define SECRET (TYPES - 1)

static const struct type_row *row_of(const setting *s)
{
    for (size_t i = 0; !s->is_secret && i < SECRET; i++) {
        if (types[i].type == s->of.type) {
            return &types[i];
        }
    }
    return &types[SECRET];
}

bool setting_take_type(setting *s, crm_str word)
{
    const struct type_row *row = NULL;
    for (size_t i = 0; i < TYPES; i++) {
        row = str_eq(types[i].word, word) ? &types[i] : row;
    }
    if (!row) {
        return false;
    }
    s->is_secret = row == &types[SECRET];
    s->of.type = row->type;
    s->of.max = row->length;
    s->of.scale = row->type == FIELD_DECIMAL ? 2 : 0;
    if (row->type == FIELD_DURATION) {
        s->of.least = value_int(0);
    }
    return true;
}

crm_str setting_type(const setting *s)
{
    return row_of(s)->word;
}

const crm_str *setting_types(uint32_t *count)
{
    static const crm_str words[] = {
#define X(word, type, code, expected, length) {word, sizeof(word) - 1},
        TYPE_MAP(X)
#undef X
    };
    *count = TYPES;
    return words;
}

bool setting_has_bounds(const setting *s)
{
    return s->of.type == FIELD_INT || s->of.type == FIELD_DECIMAL || s->of.type == FIELD_DURATION;
}

bool setting_has_length(const setting *s)
{
    return !s->is_secret && (s->of.type == FIELD_TEXT || s->of.type == FIELD_MULTILINE);
}

/* ---- as text --------------------------------------------------------------------------------- */

/* "15m"; what has no whole seconds can only have come as milliseconds. */
static crm_str duration_text(arena *a, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{604800000, "w"}, {86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}};
    for (size_t i = 0; ms && i < sizeof units / sizeof units[0]; i++) {
        if (ms % units[i].ms == 0) {
            return arena_fmt(a, "%lld%s", (long long)(ms / units[i].ms), units[i].unit);
        }
    }
    return ms ? arena_fmt(a, "%lldms", (long long)ms) : arena_dup(a, CRM_S("0s"));
}

crm_str setting_bound_text(arena *a, const setting *s, value bound)
{
    char text[FIELD_DECIMAL_TEXT];
    if (s->of.type == FIELD_DURATION) {
        return duration_text(a, bound.i);
    }
    return arena_dup(a, field_format_decimal(bound.i, s->of.scale, text));
}

void setting_put_bound(json_writer *w, const setting *s, value bound)
{
    field_to_json(w, &s->of, &bound, (crm_str){0}, false);
}

/* A value that was kept, which need not be an object or a list; NULL with no memory, or what is
 * none. */
static json_t *read_kept(arena *a, crm_str json)
{
    json_t *list = NULL, *out = NULL;
    crm_str in_list = arena_fmt(a, "[%.*s]", STR_FMT(json));
    if (in_list.p && json_read(in_list, 1, &list, NULL) == CRM_OK) {
        out = json_incref(json_array_get(list, 0));
    }
    json_decref(list);
    return out;
}

crm_str setting_text(arena *a, const setting *s, crm_str json)
{
    json_t *v = read_kept(a, json);
    crm_str secret = json_text(v, "secret"), out = {0};
    if (secret.n) {
        out = arena_fmt(a, SECRET_PREFIX "%.*s", STR_FMT(secret));
    } else if (json_is_string(v)) {
        out = arena_dup(a, (crm_str){json_string_value(v), json_string_length(v)});
    } else if (s && s->of.type == FIELD_DURATION && json_is_integer(v)) {
        out = duration_text(a, json_integer_value(v));
    } else if (v && !json_is_null(v)) {
        out = arena_dup(a, json);
    }
    json_decref(v);
    return out;
}

/* ---- refusals -------------------------------------------------------------------------------- */

static crm_status refuse(setting_fault *why, const char *code, const char *word, crm_str expected)
{
    *why = (setting_fault){.code = code, .word = word, .expected = expected};
    return CRM_INVALID;
}

static crm_status refuse_type(const setting *s, setting_fault *why)
{
    const struct type_row *row = row_of(s);
    return refuse(why, row->code, s->is_secret ? "bad_secret" : "wrong_type",
                  str_of(row->expected));
}

static crm_str param(arena *a, const char *key, crm_str text)
{
    buf b;
    json_writer w;
    buf_init(&b, 1 << 16);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kstr(&w, key, text);
    jw_end_object(&w);
    crm_str json = b.failed ? (crm_str){0} : arena_dup(a, buf_view(&b));
    buf_free(&b);
    return json;
}

static crm_status refuse_range(arena *a, const setting *s, setting_fault *why)
{
    bool has_least = !value_is_null(s->of.least), has_most = !value_is_null(s->of.most);
    if (!has_least && !has_most) {
        return refuse(why, "out_of_range", "out_of_range", (crm_str){0});
    }
    crm_str least = has_least ? setting_bound_text(a, s, s->of.least) : (crm_str){0};
    crm_str most = has_most ? setting_bound_text(a, s, s->of.most) : (crm_str){0};
    crm_str expected = !has_most    ? arena_fmt(a, ">= %.*s", STR_FMT(least))
                       : !has_least ? arena_fmt(a, "<= %.*s", STR_FMT(most))
                                    : arena_fmt(a, "%.*s..%.*s", STR_FMT(least), STR_FMT(most));
    const char *code = !has_most ? "setting_min" : !has_least ? "setting_max" : "setting_range";
    (void)refuse(why, code, "out_of_range", expected);
    why->params_json =
        arena_fmt(a, "{\"min\":\"%.*s\",\"max\":\"%.*s\"}", STR_FMT(least), STR_FMT(most));
    return CRM_INVALID;
}

static crm_status refuse_choice(arena *a, const setting *s, setting_fault *why)
{
    buf b;
    buf_init(&b, 1 << 14);
    for (uint32_t i = 0; i < s->of.choice_count; i++) {
        buf_z(&b, i ? ", " : "");
        buf_str(&b, s->of.choices[i].value);
    }
    crm_str all = arena_dup(a, buf_view(&b));
    buf_free(&b);
    (void)refuse(why, "setting_choice", "unknown_word", all);
    why->params_json = param(a, "choices", all);
    return CRM_INVALID;
}

static crm_status refuse_length(arena *a, const field_result *r, setting_fault *why)
{
    json_t *params = NULL;
    (void)refuse(why, "too_long", "setting_long", (crm_str){0});
    if (r->params_json.n && json_read(r->params_json, 0, &params, NULL) == CRM_OK) {
        json_int_t max = json_integer_value(json_object_get(params, "max"));
        why->expected = arena_fmt(a, "%lld", (long long)max);
    }
    why->params_json = r->params_json.n ? r->params_json : CRM_S("{\"max\":1000000}");
    json_decref(params);
    return CRM_INVALID;
}

/* What the field's reading says, in the words of settings, which say what was expected. */
static crm_status refuse_as(arena *a, const setting *s, const field_result *r, setting_fault *why)
{
    crm_str code = str_of(r->code);
    if (str_is(code, "out_of_range")) {
        return refuse_range(a, s, why);
    }
    if (str_is(code, "too_long")) {
        return refuse_length(a, r, why);
    }
    return s->of.type == FIELD_CHOICE ? refuse_choice(a, s, why) : refuse_type(s, why);
}

/* ---- reading --------------------------------------------------------------------------------- */

static crm_status give(arena *a, const setting *s, const value *v, crm_str *json)
{
    buf b;
    json_writer w;
    buf_init(&b, 1 << 18);
    jw_init(&w, &b);
    if (value_is_null(*v)) {
        jw_str(&w, CRM_S(""));
    } else {
        field_to_json(&w, &s->of, v, (crm_str){0}, false);
    }
    *json = b.failed ? (crm_str){0} : arena_dup(a, buf_view(&b));
    buf_free(&b);
    return json->p ? CRM_OK : CRM_NOMEM;
}

static bool takes_empty(const setting *s)
{
    switch (s->of.type) {
    case FIELD_TEXT:
    case FIELD_MULTILINE:
    case FIELD_URL:
    case FIELD_EMAIL:
    case FIELD_PHONE:
        return true;
    default:
        return false;
    }
}

static crm_status give_read(arena *a, const setting *s, crm_status st, const field_result *r,
                            crm_str *json, setting_fault *why)
{
    if (st != CRM_OK) {
        return st == CRM_INVALID ? refuse_as(a, s, r, why) : st;
    }
    if (value_is_null(r->v) && !takes_empty(s)) {
        return refuse_type(s, why);
    }
    if (value_is_null(r->v) && s->of.flags & FIELD_REQUIRED) {
        return refuse(why, "required", "setting_empty", (crm_str){0});
    }
    return give(a, s, &r->v, json);
}

bool setting_is_secret_name(crm_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
        if (!is_good) {
            return false;
        }
    }
    return name.n > 0 && name.n <= 64;
}

static crm_status give_secret(arena *a, const setting *s, crm_str name, crm_str *json,
                              setting_fault *why)
{
    if (!setting_is_secret_name(name)) {
        return refuse_type(s, why);
    }
    *json = arena_fmt(a, "{\"secret\":\"%.*s\"}", STR_FMT(name));
    return json->p ? CRM_OK : CRM_NOMEM;
}

/* A bare number would be milliseconds, which nobody means. */
static bool lacks_unit(const setting *s, crm_str text)
{
    int64_t number;
    return s->of.type == FIELD_DURATION && str_to_i64(str_trim(text), &number) == CRM_OK && number;
}

crm_status setting_read_text(arena *a, const setting *s, crm_str written, crm_str *json,
                             setting_fault *why)
{
    field_source source = {.arena = a};
    field_result r = {0};
    *json = (crm_str){0};
    if (s->is_secret) {
        crm_str prefix = CRM_S(SECRET_PREFIX);
        bool is_one = str_starts(written, prefix);
        crm_str name = {written.p + prefix.n, is_one ? written.n - prefix.n : 0};
        return is_one ? give_secret(a, s, name, json, why) : refuse_type(s, why);
    }
    if (lacks_unit(s, written)) {
        return refuse_type(s, why);
    }
    crm_status st = field_read_text(&source, &s->of, written, &r);
    return give_read(a, s, st, &r, json, why);
}

crm_status setting_read_json(arena *a, const setting *s, const json_t *given, crm_str *json,
                             setting_fault *why)
{
    field_source source = {.arena = a};
    field_result r = {0};
    *json = (crm_str){0};
    if (s->is_secret) {
        bool is_one = json_is_object(given) && json_object_size(given) == 1;
        return is_one ? give_secret(a, s, json_text(given, "secret"), json, why)
                      : refuse_type(s, why);
    }
    if (json_is_string(given)) {
        crm_str text = {json_string_value(given), json_string_length(given)};
        return setting_read_text(a, s, text, json, why);
    }
    if (!given || json_is_null(given)) {
        return refuse_type(s, why);
    }
    crm_status st = field_read_json(&source, &s->of, given, &r);
    return give_read(a, s, st, &r, json, why);
}

crm_status setting_read_node(arena *a, const setting *s, const yaml_node *n, crm_str *json,
                             setting_fault *why)
{
    *json = (crm_str){0};
    if (s->is_secret) {
        bool is_one = n->kind == YAML_MAP && n->count == 1;
        return is_one ? give_secret(a, s, yaml_text(n, "secret"), json, why) : refuse_type(s, why);
    }
    bool is_nothing = n->kind != YAML_SCALAR || (!n->text.n && !n->is_quoted);
    return is_nothing ? refuse_type(s, why) : setting_read_text(a, s, n->text, json, why);
}

crm_status setting_check(arena *a, const setting *s, crm_str json, setting_fault *why)
{
    crm_str unused;
    json_t *v = read_kept(a, json);
    crm_status st = arena_failed(a) ? CRM_NOMEM : setting_read_json(a, s, v, &unused, why);
    json_decref(v);
    return st;
}

crm_status setting_read_bound(arena *a, const setting *s, crm_str written, value *out)
{
    setting free_one = *s;
    field_source source = {.arena = a};
    field_result r = {0};
    free_one.of.least = free_one.of.most = value_null();
    if (!setting_has_bounds(s) || lacks_unit(s, written)) {
        return CRM_INVALID;
    }
    crm_status st = field_read_text(&source, &free_one.of, written, &r);
    if (st == CRM_OK && value_is_null(r.v)) {
        return CRM_INVALID;
    }
    *out = r.v;
    return st;
}
