/* field_call.c - values from outside on behalf of a call: what is refused becomes a field error. */
#include "data/field.h"
#include "data/records.h"

static crm_status take(crm_ctx *c, const field *f, crm_status st, const field_result *got,
                       value *out, bool *is_marked)
{
    *out = st == CRM_OK ? got->v : value_null();
    *is_marked = st == CRM_OK && got->is_marked;
    if (st == CRM_INVALID) {
        return call_fail_field(c, f->name, got->code, got->params_json);
    }
    return st == CRM_OK ? CRM_OK : call_fail(c, st, status_code(st));
}

static field_source source_of(const crm_ctx *c)
{
    return (field_source){.arena = c->arena, .reg = c->reg, .is_lenient = c->is_lenient};
}

crm_status field_from_json(crm_ctx *c, const field *f, const json_t *json, value *out,
                           bool *is_marked)
{
    field_source s = source_of(c);
    field_result got;
    return take(c, f, field_read_json(&s, f, json, &got), &got, out, is_marked);
}

crm_status field_try_text(crm_ctx *c, const field *f, crm_str text, value *out, bool *is_marked)
{
    field_source s = source_of(c);
    field_result got;
    crm_status st = field_read_text(&s, f, text, &got);
    return st == CRM_INVALID ? st : take(c, f, st, &got, out, is_marked);
}

crm_status field_from_text(crm_ctx *c, const field *f, crm_str text, value *out, bool *is_marked)
{
    field_source s = source_of(c);
    field_result got;
    return take(c, f, field_read_text(&s, f, text, &got), &got, out, is_marked);
}

crm_status field_from_program(crm_ctx *c, const field *f, crm_str text, value *out, bool *is_marked)
{
    field_source s = source_of(c);
    field_result got;
    s.is_by_lines = true;
    s.is_lenient = true;
    return take(c, f, field_read_text(&s, f, text, &got), &got, out, is_marked);
}

static crm_status too_long(crm_ctx *c, const field *f, uint32_t max)
{
    return call_fail_field(c, f->name, "too_long", arena_fmt(c->arena, "{\"max\":%u}", max));
}

crm_status field_check_length(crm_ctx *c, const field *f, crm_str text)
{
    uint32_t max = field_length_max(f), elements = 0;
    crm_str part;
    if (!(f->flags & FIELD_MANY)) {
        return max && text_length(text) > max ? too_long(c, f, max) : CRM_OK;
    }
    while (str_split(&text, '\n', &part)) {
        if (max && text_length(part) > max) {
            return too_long(c, f, max);
        }
        elements++;
    }
    return elements > FIELD_ELEMENTS_MAX ? too_long(c, f, FIELD_ELEMENTS_MAX) : CRM_OK;
}

crm_status field_from_lines(crm_ctx *c, const field *f, crm_str text, value *out, bool *is_marked)
{
    field_source s = source_of(c);
    field_result got;
    s.is_by_lines = true;
    return take(c, f, field_read_text(&s, f, text, &got), &got, out, is_marked);
}
