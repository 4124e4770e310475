/*
 * record_json.c - a JSON object of fields applied to a record; what is kept though it is not valid
 * becomes a mark of the record. Rights beyond knowing a field are judged when the record is saved.
 */
#include "data/field.h"
#include "data/records.h"

/* ---- marks ----------------------------------------------------------------------------------- */

crm_status record_mark_as(record *r, const field *f, const char *code)
{
    value was = r->v[COL_MARKS];
    json_t *all = NULL;
    const char *name = arena_cstr(r->arena, f->name);
    if (value_is_null(was) && !code) {
        return CRM_OK;
    }
    if (value_is_null(was) || json_read(was.s, JSON_ITEMS_MAX, &all, NULL) != CRM_OK) {
        all = json_object();
    }
    bool done = all && name;
    if (done && code) {
        done = json_object_set_new(all, name, json_string(code)) == 0;
    } else if (done) {
        json_object_del(all, name);
    }
    crm_str dump = done && json_object_size(all) ? json_dump(r->arena, all) : (crm_str){0};
    done = done && (dump.p || !json_object_size(all));
    json_decref(all);
    if (!done) {
        return CRM_NOMEM;
    }
    value now = value_text(dump);
    return value_equal(was, now) ? CRM_OK : record_set(r, &r->entity->fields[COL_MARKS], now);
}

crm_status record_mark(record *r, const field *f, bool is_marked)
{
    return record_mark_as(r, f, is_marked ? field_mark_code(f) : NULL);
}

const char *record_mark_of(arena *a, const value *row, const field *f)
{
    json_t *all;
    if (value_is_null(row[COL_MARKS]) || json_read(row[COL_MARKS].s, 0, &all, NULL) != CRM_OK) {
        return NULL;
    }
    const char *name = arena_cstr(a, f->name);
    const char *code = name ? json_string_value(json_object_get(all, name)) : NULL;
    code = code ? arena_cstr(a, str_of(code)) : NULL;
    json_decref(all);
    return code;
}

/* ---- a whole object -------------------------------------------------------------------------- */

/* What he may neither see nor set does not exist for him. */
static const field *known_field(const record *r, crm_str name)
{
    const field *f = entity_field(r->entity, name);
    bool is_known = f && !(f->flags & FIELD_HIDDEN) &&
                    (bits_has(r->visible, f->index) || bits_has(r->writable, f->index));
    return is_known ? f : NULL;
}

static crm_status set_member(crm_ctx *c, record *r, crm_str name, const json_t *json)
{
    value v;
    bool is_marked;
    const field *f = known_field(r, name);
    if (!f) {
        return records_unknown_field(c, r->entity, name);
    }
    if (f->flags & (FIELD_READ_ONLY | FIELD_SYSTEM) || f->type == FIELD_COMPUTED) {
        return call_fail_field(c, name, "read_only", (crm_str){0});
    }
    crm_status st = field_from_json(c, f, json, &v, &is_marked);
    if (st == CRM_OK) {
        st = record_set(r, f, v);
    }
    return st == CRM_OK ? record_mark(r, f, is_marked) : st;
}

crm_status record_from_json(crm_ctx *c, record *r, const json_t *object)
{
    const char *name;
    json_t *json;
    if (!json_is_object(object)) {
        return call_fail(c, CRM_BAD_REQUEST, "bad_request");
    }
    crm_status first = CRM_OK;
    json_object_foreach((json_t *)object, name, json)
    {
        crm_status st = set_member(c, r, str_of(name), json);
        if (st != CRM_OK && st != CRM_INVALID) {
            return call_fail(c, st, status_code(st));
        }
        first = first == CRM_OK ? st : first; /* all faults are told at once */
    }
    return first;
}
