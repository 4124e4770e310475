/* field_convert.c - the shape of a field, which shapes follow each other, and values on the way. */
#include "data/field_convert.h"

#define SHAPE_ITEMS 4096

static const crm_str type_names[FIELD_TYPE_COUNT] = {
#define X(name, text, storage, many) [FIELD_##name] = {text, sizeof(text) - 1},
    FIELD_TYPE_MAP(X)
#undef X
};

crm_str field_type_name(field_type t)
{
    return type_names[t];
}

field_type field_type_named(crm_str name)
{
    int i = 0;
    while (i < FIELD_TYPE_COUNT && !str_eq(type_names[i], name)) {
        i++;
    }
    return (field_type)i;
}

/* ---- shapes ---------------------------------------------------------------------------------- */

static void put_choices(json_writer *w, const field *f)
{
    jw_karray(w, "choices");
    for (uint32_t i = 0; i < f->choice_count; i++) {
        jw_str(w, f->choices[i].value);
    }
    jw_end_array(w);
}

crm_str field_shape(arena *a, const field *f)
{
    buf b;
    json_writer w;
    buf_init(&b, 1u << 20);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "type", type_names[f->type]);
    if (f->type == FIELD_COMPUTED) {
        jw_kstr(&w, "result", type_names[f->result]);
    }
    if (f->scale) {
        jw_kint(&w, "scale", f->scale);
    }
    if (f->flags & FIELD_MANY) {
        jw_kbool(&w, "many", true);
    }
    if (f->max) {
        jw_kint(&w, "max", f->max);
    }
    if (f->choice_count && !f->titles_of.n) { /* a text's titles limit nothing */
        put_choices(&w, f);
    }
    if (f->ref_name.n) {
        jw_kstr(&w, "to", f->ref_name);
    }
    jw_end_object(&w);
    crm_str shape = b.failed ? (crm_str){0} : arena_dup(a, buf_view(&b));
    buf_free(&b);
    return shape;
}

static crm_status take_choices(arena *a, const json_t *list, field *out)
{
    size_t i;
    json_t *item;
    choice *rows = ARENA_ARRAY(a, choice, json_array_size(list) + 1);
    if (!rows) {
        return CRM_NOMEM;
    }
    json_array_foreach(list, i, item)
    {
        crm_str text = {json_string_value(item), json_string_length(item)};
        rows[out->choice_count++].value = arena_dup(a, text);
    }
    out->choices = rows;
    return CRM_OK;
}

static crm_status take_shape(arena *a, const json_t *root, field *out)
{
    field_type type = field_type_named(json_text(root, "type"));
    field_type result = field_type_named(json_text(root, "result"));
    if (type == FIELD_TYPE_COUNT || (type == FIELD_COMPUTED && result == FIELD_TYPE_COUNT)) {
        return CRM_INVALID;
    }
    *out = (field){.type = type,
                   .result = type == FIELD_COMPUTED ? result : type,
                   .scale = (uint8_t)json_integer_value(json_object_get(root, "scale")),
                   .max = (uint32_t)json_integer_value(json_object_get(root, "max")),
                   .flags = json_is_true(json_object_get(root, "many")) ? FIELD_MANY : 0,
                   .ref_name = arena_dup(a, json_text(root, "to"))};
    return take_choices(a, json_object_get(root, "choices"), out);
}

crm_status field_of_shape(arena *a, crm_str shape, field *out)
{
    json_t *root;
    crm_status s = json_read(shape, SHAPE_ITEMS, &root, NULL);
    if (s != CRM_OK) {
        return s == CRM_NOMEM ? s : CRM_INVALID;
    }
    s = take_shape(a, root, out);
    json_decref(root);
    return s;
}

/* ---- which follow which ---------------------------------------------------------------------- */

static bool is_prose(field_type t)
{
    return t == FIELD_TEXT || t == FIELD_MULTILINE || t == FIELD_ADDRESS;
}

static bool is_word(field_type t)
{
    return t == FIELD_EMAIL || t == FIELD_PHONE || t == FIELD_URL || t == FIELD_INN ||
           t == FIELD_KPP || t == FIELD_OGRN || t == FIELD_BIK || t == FIELD_ACCOUNT ||
           t == FIELD_CHOICE;
}

static bool is_number(field_type t)
{
    return t == FIELD_INT || t == FIELD_DECIMAL || t == FIELD_MONEY || t == FIELD_PERCENT;
}

static bool is_moment(field_type t)
{
    return t == FIELD_DATE || t == FIELD_DATETIME;
}

static bool is_choosing(field_type t)
{
    return t == FIELD_CHOICE || t == FIELD_CHOICES;
}

static bool has_choice(const field *f, crm_str text)
{
    for (uint32_t i = 0; i < f->choice_count; i++) {
        if (str_eq(f->choices[i].value, text)) {
            return true;
        }
    }
    return false;
}

static bool has_every_choice(const field *from, const field *to)
{
    for (uint32_t i = 0; i < from->choice_count; i++) {
        if (!has_choice(to, from->choices[i].value)) {
            return false;
        }
    }
    return true;
}

/* One value and many are stored alike: a list of one. */
static retype of_lists(const field *from, const field *to)
{
    bool are_choices = is_choosing(from->type) && is_choosing(to->type);
    if (from->type != to->type && !are_choices) {
        return RETYPE_NEVER;
    }
    bool is_narrower = (from->flags & FIELD_MANY) && !(to->flags & FIELD_MANY);
    return is_narrower || !has_every_choice(from, to) ? RETYPE_CHECK : RETYPE_FREE;
}

static retype of_prose(const field *from, const field *to)
{
    bool is_longer = to->type == FIELD_MULTILINE || (to->type == from->type && from->max);
    bool is_wide = is_longer && (!to->max || (from->max && to->max >= from->max));
    return is_wide ? RETYPE_FREE : RETYPE_CHECK;
}

/* An entity may have got another name. */
static bool points_where(const field *from, const field *to)
{
    return str_eq(from->ref_name, to->ref_name) ||
           (to->ref && to->ref->was.n && str_eq(from->ref_name, to->ref->was));
}

static retype of_same_type(const field *from, const field *to)
{
    if (from->type == FIELD_REF || from->type == FIELD_REFS) {
        return points_where(from, to) ? RETYPE_FREE : RETYPE_NEVER;
    }
    if (is_number(from->type) && from->scale != to->scale) {
        return RETYPE_REWRITE;
    }
    if (from->type == FIELD_CHOICE) {
        return has_every_choice(from, to) ? RETYPE_FREE : RETYPE_CHECK;
    }
    return is_prose(from->type) ? of_prose(from, to) : RETYPE_FREE;
}

static retype of_other_type(const field *from, const field *to)
{
    field_type x = from->type, y = to->type;
    if (is_number(x) && is_number(y)) {
        return from->scale == to->scale ? RETYPE_FREE : RETYPE_REWRITE;
    }
    if (is_prose(y) && (is_prose(x) || is_word(x))) {
        return of_prose(from, to);
    }
    bool is_read = is_prose(x) && (is_word(y) || is_number(y) || is_moment(y));
    bool is_written = is_prose(y) && (is_number(x) || is_moment(x));
    return is_read || is_written ? RETYPE_REWRITE : RETYPE_NEVER;
}

static retype of_computed(const field *from, const field *to)
{
    bool are_both = from->type == to->type;
    return are_both && field_is_text(from) == field_is_text(to) ? RETYPE_FREE : RETYPE_NEVER;
}

static bool is_same(const field *from, const field *to)
{
    return from->type == to->type && from->result == to->result && from->scale == to->scale &&
           from->max == to->max && ((from->flags ^ to->flags) & FIELD_MANY) == 0 &&
           from->choice_count == to->choice_count && has_every_choice(from, to) &&
           str_eq(from->ref_name, to->ref_name);
}

retype field_retype(const field *from, const field *to)
{
    if (is_same(from, to)) {
        return RETYPE_NONE;
    }
    if (from->type == FIELD_COMPUTED || to->type == FIELD_COMPUTED) {
        return of_computed(from, to);
    }
    if ((from->flags | to->flags) & FIELD_MANY) {
        bool are_refs = from->type == FIELD_REFS && to->type == FIELD_REFS;
        return are_refs ? of_same_type(from, to) : of_lists(from, to);
    }
    return from->type == to->type ? of_same_type(from, to) : of_other_type(from, to);
}

bool field_is_stored_alike(const field *from, const field *to)
{
    retype how = field_retype(from, to);
    return how != RETYPE_NEVER && how != RETYPE_REWRITE && from->type == to->type &&
           ((from->flags ^ to->flags) & FIELD_MANY) == 0 && from->scale == to->scale &&
           field_stored_type(from) == field_stored_type(to);
}

bool field_means_the_same(const field *from, const field *to)
{
    return field_is_stored_alike(from, to) || field_retype(from, to) == RETYPE_CHECK;
}

uint32_t field_retypes(const field *from)
{
    uint32_t bits = 1u << from->type;
    for (int t = 0; t < FIELD_TYPE_COUNT; t++) {
        field to = *from;
        to.type = to.result = (field_type)t;
        bool is_list = t == FIELD_CHOICES || t == FIELD_REFS || t == FIELD_FILES || t == FIELD_TAGS;
        to.flags = is_list ? FIELD_MANY : is_choosing(from->type) ? 0 : from->flags;
        bits |= field_retype(from, &to) != RETYPE_NEVER ? 1u << t : 0;
    }
    return bits;
}

/* ---- values ---------------------------------------------------------------------------------- */

static crm_status scaled(int64_t v, int up, int64_t *out)
{
    for (; up > 0; up--) {
        if (__builtin_mul_overflow(v, 10, &v)) {
            return CRM_INVALID;
        }
    }
    for (; up < 0; up++) {
        if (v % 10) {
            return CRM_INVALID;
        }
        v /= 10;
    }
    *out = v;
    return CRM_OK;
}

static crm_str as_text(arena *a, const field *f, int64_t v)
{
    char decimal[FIELD_DECIMAL_TEXT], date[11], moment[CLOCK_TEXT];
    if (f->type == FIELD_DATE) {
        clock_format_date((int32_t)v, date);
        return arena_dup(a, str_of(date));
    }
    if (f->type == FIELD_DATETIME) {
        clock_format(v, moment);
        return arena_dup(a, str_of(moment));
    }
    return arena_dup(a, field_format_decimal(v, f->scale, decimal));
}

static bool are_choices(const field *to, crm_str list)
{
    crm_str one;
    while (str_split(&list, '\n', &one)) {
        if (!has_choice(to, one)) {
            return false;
        }
    }
    return true;
}

/* People wrote the title where now the value stands. */
static crm_str choice_meant(const field *to, crm_str text)
{
    text = str_trim(text);
    for (uint32_t i = 0; i < to->choice_count && !has_choice(to, text); i++) {
        if (str_eq(to->choices[i].label, text)) {
            return to->choices[i].value;
        }
    }
    return text;
}

static crm_status read_as(const field_source *s, const field *to, crm_str text, value *out)
{
    field_result got;
    crm_status st =
        field_read_text(s, to, to->type == FIELD_CHOICE ? choice_meant(to, text) : text, &got);
    *out = got.v;
    return st == CRM_OK && got.is_marked ? CRM_INVALID : st;
}

static crm_status keep_text(const field_source *s, const field *to, value v, value *out)
{
    if (is_choosing(to->type)) {
        bool is_one = (to->flags & FIELD_MANY) || str_find(v.s, '\n') < 0;
        return is_one && are_choices(to, v.s) ? CRM_OK : CRM_INVALID;
    }
    if (to->flags & FIELD_MANY) {
        return CRM_OK;
    }
    crm_status st = read_as(s, to, v.s, out);
    bool is_kept = st == CRM_OK && out->kind == VALUE_TEXT && str_eq(out->s, v.s);
    *out = v;
    return st == CRM_OK && !is_kept ? CRM_INVALID : st;
}

crm_status field_convert(const field_source *s, const field *from, const field *to, value v,
                         value *out)
{
    retype how = field_retype(from, to);
    *out = v;
    if (value_is_null(v) || how == RETYPE_NONE || how == RETYPE_FREE) {
        return CRM_OK;
    }
    if (how == RETYPE_NEVER) {
        return CRM_INVALID;
    }
    if (how == RETYPE_CHECK) {
        return keep_text(s, to, v, out);
    }
    if (is_number(from->type) && is_number(to->type)) {
        out->kind = VALUE_INT;
        return scaled(v.i, to->scale - from->scale, &out->i);
    }
    crm_str text = v.kind == VALUE_INT ? as_text(s->arena, from, v.i) : v.s;
    return text.p ? read_as(s, to, text, out) : CRM_NOMEM;
}
