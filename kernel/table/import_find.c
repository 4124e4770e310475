/* import_find.c - which record a text means: looked up under the caller's rights, once per slice.
 */
#include "data/field.h"
#include "data/stores.h"
#include "table/export.h"
#include "table/import_private.h"

/* ---- one record by the value of a field ------------------------------------------------------ */

typedef struct two {
    int64_t ids[2];
    uint32_t count;
} two;

static bool on_row(void *arg, const record_view *v)
{
    two *t = arg;
    t->ids[t->count++] = v->row[COL_ID].i;
    return t->count < 2;
}

crm_status find_record(crm_ctx *c, const entity *e, const field *f, value v, int64_t *id)
{
    two t = {.count = 0};
    query *q = query_new(c->arena, e);
    *id = 0;
    if (!q) {
        return CRM_NOMEM;
    }
    q->where = cond_compare(c->arena, COND_EQ, f, v);
    q->limit = 2;
    bits_add(q->select, COL_ID);
    record_read r = {.call = c, .query = q, .on_row = on_row, .arg = &t};
    crm_status s = records_read_now(&r);
    if (s == CRM_NOT_FOUND) { /* he reads none of them */
        c->error = (call_error){0};
        return CRM_OK;
    }
    *id = t.count == 1 ? t.ids[0] : 0;
    return s == CRM_OK && t.count > 1 ? CRM_CONFLICT : s;
}

/* ---- people and departments: everyone knows who works here ------------------------------------
 */

static bool is_same(arena *a, crm_str x, crm_str y)
{
    crm_str kx, ky;
    if (!x.n || !y.n) {
        return false;
    }
    return str_eq(x, y) || (text_sort_key(a, x, &kx) == CRM_OK &&
                            text_sort_key(a, y, &ky) == CRM_OK && str_eq(kx, ky));
}

static crm_status find_person(crm_ctx *c, crm_str text, int64_t *id)
{
    const person *p = people_by_login(c->people, text);
    uint32_t count = 0;
    *id = p ? p->id : 0;
    crm_status s = p ? CRM_OK : people_named(c->arena, c->people, text, id, &count);
    return s == CRM_OK && count > 1 ? CRM_CONFLICT : s;
}

static crm_status find_department(crm_ctx *c, crm_str text, int64_t *id)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->people->department_count; i++) {
        const department *d = &c->people->departments[i];
        if (is_same(c->arena, d->title, text) || str_eq(d->name, text)) {
            *id = d->id;
            count++;
        }
    }
    return count > 1 ? CRM_CONFLICT : CRM_OK;
}

/* ---- references -------------------------------------------------------------------------------
 */

static bool read_id(crm_str text, int64_t *id)
{
    bool has_mark = text.n > 1 && text.p[0] == '#';
    crm_str digits = has_mark ? (crm_str){text.p + 1, text.n - 1} : text;
    return str_to_i64(digits, id) == CRM_OK && *id > 0;
}

/* By one field of the referenced entity; a text that field cannot hold finds nothing. */
static crm_status find_by(crm_ctx *c, const field *by, crm_str text, int64_t *id)
{
    field_source s = {.arena = c->arena, .reg = c->reg};
    field_result got;
    crm_status st = field_read_text(&s, by, text, &got);
    if (st == CRM_INVALID || (st == CRM_OK && value_is_null(got.v))) {
        return CRM_OK;
    }
    return st == CRM_OK ? find_record(c, by->entity, by, got.v, id) : st;
}

static const field *shown_of_type(crm_ctx *c, const entity *e, field_type type)
{
    uint64_t shown[4];
    rights_fields(c, e, shown);
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        if (e->fields[i].type == type && bits_has(shown, i)) {
            return &e->fields[i];
        }
    }
    return NULL;
}

/* Title first; then phone, e-mail and tax number, where the text can be one. */
static crm_status find_by_look(crm_ctx *c, const entity *e, crm_str text, int64_t *id)
{
    static const field_type keys[] = {FIELD_PHONE, FIELD_EMAIL, FIELD_INN};
    uint64_t shown[4];
    rights_fields(c, e, shown);
    crm_status s = CRM_OK;
    if (e->title_field && bits_has(shown, e->title_field)) {
        s = find_by(c, &e->fields[e->title_field], text, id);
    }
    for (size_t i = 0; i < 3 && s == CRM_OK && !*id; i++) {
        const field *f = shown_of_type(c, e, keys[i]);
        s = f ? find_by(c, f, text, id) : CRM_OK;
    }
    return s;
}

/* An id that nothing has is 0. */
static crm_status check_id(crm_ctx *c, const field *f, int64_t *id)
{
    const entity *e = f->ref;
    int64_t wanted = *id;
    if (f->type == FIELD_USER) {
        *id = people_user(c->people, wanted) ? wanted : 0;
        return CRM_OK;
    }
    if (e == registry_store(c->reg, STORE_DEPARTMENT)) {
        *id = 0;
        for (uint32_t i = 0; i < c->people->department_count; i++) {
            *id = c->people->departments[i].id == wanted ? wanted : *id;
        }
        return CRM_OK;
    }
    return find_record(c, e, &e->fields[COL_ID], value_int(wanted), id);
}

static crm_status find_target(crm_ctx *c, const import_column *col, crm_str text, int64_t *id)
{
    const entity *e = col->field->ref;
    *id = 0;
    if (col->by && col->by->index != COL_ID) {
        return find_by(c, col->by, text, id);
    }
    if ((text.p[0] == '#' || col->by) && read_id(text, id)) {
        return check_id(c, col->field, id);
    }
    crm_status s;
    if (col->field->type == FIELD_USER) {
        s = find_person(c, text, id);
    } else if (e == registry_store(c->reg, STORE_DEPARTMENT)) {
        s = find_department(c, text, id);
    } else {
        s = find_by_look(c, e, text, id);
    }
    bool is_number = s == CRM_OK && !*id && read_id(text, id);
    return is_number ? check_id(c, col->field, id) : s;
}

static found_text *recall(finder *f, const import_column *col, crm_str text)
{
    for (uint32_t i = 0; i < f->count; i++) {
        found_text *x = &f->at[i];
        if (x->field == col->field && x->by == col->by && str_eq(x->text, text)) {
            return x;
        }
    }
    return NULL;
}

crm_status find_reference_code(finder *f, const import_column *col, crm_str text, int64_t *id,
                               const char **code)
{
    crm_ctx *c = f->call;
    found_text *known = recall(f, col, text);
    found_text fresh = {.field = col->field, .by = col->by};
    if (!known) {
        crm_status s = find_target(c, col, text, &fresh.id);
        if (s != CRM_OK && s != CRM_CONFLICT) {
            return s;
        }
        fresh.code = s == CRM_CONFLICT ? "ambiguous" : fresh.id ? NULL : "no_such_record";
        fresh.text = arena_dup(c->arena, text);
        known = f->count < FOUND_MAX ? &f->at[f->count++] : &fresh;
        *known = fresh;
    }
    *id = known->id;
    *code = known->code;
    return CRM_OK;
}

crm_status find_reference(finder *f, const import_column *col, crm_str text, int64_t *id)
{
    const char *code;
    crm_status s = find_reference_code(f, col, text, id, &code);
    bool is_refused = s == CRM_OK && code;
    return is_refused ? call_fail_field(f->call, col->field->name, code, (crm_str){0}) : s;
}
