/* cond_read_value.c - how conditions compare, and with what: operators, and values in JSON as a
 * field would hold them. */
#include "data/cond_read.h"
#include "data/field.h"

#define IN_MAX     1000
#define STARTS_MAX 200                       /* characters of what a text begins with or holds */
#define AWAY_MAX   (1000LL * 366 * 86400000) /* ms that "now-3d" may be away */

/* ---- refusals -------------------------------------------------------------------------------- */

crm_status cond_fail(cond_reader *r, const char *code, crm_str field_name)
{
    /* The name may belong to the JSON, which the caller frees before he reads this. */
    *r->err = (cond_error){
        .code = code, .field = arena_dup(r->a, field_name), .params_json = r->err->params_json};
    return CRM_INVALID;
}

crm_status cond_fail_max(cond_reader *r, const char *code, crm_str field_name, int max)
{
    r->err->params_json = arena_fmt(r->a, "{\"max\":%d}", max);
    return cond_fail(r, code, field_name);
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

crm_status cond_value_read(cond_reader *r, const field *f, const json_t *json, value *out)
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
        return cond_fail(r, is_long ? "too_long" : "type_mismatch", f->name);
    }
    *out = got.v;
    return st;
}

crm_status cond_part_read(cond_reader *r, const field *f, const json_t *json, value *out)
{
    if (!field_is_text(f) || !json_is_string(json)) {
        return cond_fail(r, "type_mismatch", f->name);
    }
    crm_str s = {json_string_value(json), json_string_length(json)};
    if (s.n > STARTS_MAX * 4) {
        return cond_fail_max(r, "too_long", f->name, STARTS_MAX);
    }
    crm_status st = text_clean(r->a, s, &s);
    *out = value_text(s);
    return st == CRM_INVALID ? cond_fail(r, "type_mismatch", f->name) : st;
}

crm_status cond_list_read(cond_reader *r, const field *f, const json_t *json, cond *c)
{
    size_t n = json_array_size(json);
    if (!json_is_array(json)) {
        return cond_fail(r, "type_mismatch", f->name);
    }
    if (n > IN_MAX) {
        return cond_fail_max(r, "too_many", f->name, IN_MAX);
    }
    value *values = ARENA_ARRAY(r->a, value, n + 1);
    if (!values) {
        return CRM_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        crm_status st = cond_value_read(r, f, json_array_get(json, i), &values[i]);
        if (st != CRM_OK) {
            return st;
        }
    }
    c->values = values;
    c->value_count = (uint32_t)n;
    return CRM_OK;
}

/* ---- operators ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    cond_op op;
} operators[] = {{"eq", COND_EQ},   {"ne", COND_NE},     {"gt", COND_GT},
                 {"gte", COND_GTE}, {"lt", COND_LT},     {"lte", COND_LTE},
                 {"in", COND_IN},   {"none", COND_NONE}, {"starts", COND_STARTS},
                 {"has", COND_HAS}, {"me", COND_ME},     {"in_query", COND_IN_QUERY}};

bool cond_find_operator(crm_str name, cond_op *op)
{
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (str_is(name, operators[i].name)) {
            *op = operators[i].op;
            return true;
        }
    }
    return false;
}

bool cond_is_operator(crm_str name)
{
    cond_op op;
    return cond_find_operator(name, &op);
}

#define OPERATOR_SHOWN 40 /* bytes of a name that is no operator */

crm_status cond_unknown_operator(cond_reader *r, crm_str name, crm_str path)
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
    return cond_fail(r, "unknown_operator", path);
}
