/* host_record.c - records as modules see them: by the names of entities and fields. */
#include "plug/module.h"

#include "data/field.h"

struct crm_rows {
    record **at;
    uint32_t count, next;
};

static const entity *entity_of(crm_ctx *c, const char *name)
{
    const entity *e = registry_entity(c->reg, str_of(name));
    if (e && !(e->flags & ENTITY_SYSTEM)) {
        return e;
    }
    log_event(LOG_ERROR, "module.misuse", "module=%s unknown_entity=%s",
              plug_running() ? plug_running() : "-", log_quote(str_of(name)));
    return NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Of a handler that only reads there is nothing to write in. */
static crm_status may_write(const crm_ctx *c)
{
    if (c->tx) {
        return call_in_time();
    }
    log_event(LOG_ERROR, "module.misuse", "module=%s writes_in_a_read=%s",
              plug_now ? plug_now->m->mf.name.p : "-",
              log_quote(str_of(plug_now ? plug_now->what : "-")));
    return CRM_MISUSE;
}

crm_status host_rec_new(crm_ctx *c, const char *entity_name, crm_rec **out)
{
    const entity *e = entity_of(c, entity_name);
    record *r = NULL;
    crm_status s = e ? may_write(c) : CRM_MISUSE;
    s = call_broke(s == CRM_OK ? records_new(c, e, &r) : s);
    *out = rec_out(r);
    return s;
}

crm_status host_rec_get(crm_ctx *c, const char *entity_name, int64_t id, crm_rec **out)
{
    const entity *e = entity_of(c, entity_name);
    record *r = NULL;
    if (!e) {
        return CRM_MISUSE;
    }
    crm_status s = call_in_time();
    if (s == CRM_OK) {
        s = id > 0 ? records_get(c, e, id, &r) : call_fail(c, CRM_NOT_FOUND, "not_found");
    }
    *out = rec_out(r);
    return s;
}

static crm_status read_where(crm_ctx *c, const entity *e, const char *text, const cond **out)
{
    cond_scope within = {.reg = c->reg, .entity = e};
    cond_error err = {0};
    json_t *json = NULL;
    *out = NULL;
    if (!text) {
        return CRM_OK;
    }
    crm_status s = json_read(str_of(text), 0, &json, NULL);
    if (s == CRM_OK) {
        s = cond_read(c->arena, &within, json, out, &err);
    }
    json_decref(json);
    if (s == CRM_OK || s == CRM_NOMEM) {
        return s;
    }
    log_event(LOG_ERROR, "module.misuse", "module=%s entity=%s condition=%s field=%s",
              plug_running() ? plug_running() : "-", log_quote(e->name), log_quote(str_of(text)),
              log_quote(err.field));
    return call_fail(c, CRM_MISUSE, err.code ? err.code : "bad_request");
}

/* "-created_at,name" */
static crm_status read_sort(crm_ctx *c, const char *text, query *q)
{
    crm_str rest = str_of(text), part;
    while (str_split(&rest, ',', &part)) {
        bool descending = part.n && part.p[0] == '-';
        crm_str name = descending ? (crm_str){part.p + 1, part.n - 1} : part;
        const field *f = entity_field(q->entity, name);
        if (!f || q->sort_count == SORTS_MAX) {
            return call_fail(c, CRM_MISUSE, "unknown_field");
        }
        q->sorts[q->sort_count++] = (sort){f, descending};
    }
    return CRM_OK;
}

static crm_status make_query(crm_ctx *c, const char *entity_name, const char *where,
                             const char *sort_text, query **out)
{
    const entity *e = entity_of(c, entity_name);
    query *q = e ? query_new(c->arena, e) : NULL;
    if (!q) {
        return e ? CRM_NOMEM : CRM_MISUSE;
    }
    q->env = c->env;
    *out = q;
    crm_status s = call_in_time();
    s = s == CRM_OK ? read_where(c, e, where, &q->where) : s;
    return s == CRM_OK && sort_text ? read_sort(c, sort_text, q) : s;
}

crm_status host_rec_find(crm_ctx *c, const char *entity_name, const char *where_json,
                         const char *sort_text, uint32_t limit, crm_rows **out)
{
    query *q;
    crm_rows *rows = ARENA_NEW(c->arena, crm_rows);
    crm_status s = make_query(c, entity_name, where_json, sort_text, &q);
    *out = rows;
    if (s != CRM_OK || !rows) {
        return s == CRM_OK ? CRM_NOMEM : s;
    }
    q->limit = limit && limit < LIST_MAX ? limit : LIST_MAX;
    return records_list(c, q, &rows->at, &rows->count);
}

crm_rec *host_rows_next(crm_rows *rows)
{
    return rows && rows->next < rows->count ? rec_out(rows->at[rows->next++]) : NULL;
}

static bool no_row(void *arg, const record_view *v)
{
    (void)arg;
    (void)v;
    return false;
}

crm_status host_rec_count(crm_ctx *c, const char *entity_name, const char *where_json, int64_t *out)
{
    query *q;
    crm_status s = make_query(c, entity_name, where_json, NULL, &q);
    if (s != CRM_OK) {
        return s;
    }
    q->limit = 1;
    record_read read = {.call = c, .query = q, .count = true, .on_row = no_row};
    s = records_read_now(&read);
    *out = read.total;
    return s;
}

/* ---- writing --------------------------------------------------------------------------------- */

crm_status host_rec_save(crm_ctx *c, crm_rec *r)
{
    crm_status s = r ? may_write(c) : CRM_MISUSE;
    return call_broke(s == CRM_OK ? records_save(c, rec_of(r), 0) : s);
}

crm_status host_rec_remove(crm_ctx *c, crm_rec *r)
{
    const record *at = rec_of(r);
    if (!at || at->is_new) {
        return call_broke(CRM_MISUSE);
    }
    crm_status s = may_write(c);
    return call_broke(s == CRM_OK ? records_delete(c, at->entity, at->v[COL_ID].i, 0) : s);
}

static const field *settable(crm_rec *r, const char *name)
{
    const field *f = r ? entity_field(rec_of(r)->entity, str_of(name)) : NULL;
    if (f && f->index >= COL_OWN) {
        return f;
    }
    log_event(LOG_ERROR, "module.misuse", "module=%s sets_unknown=%s",
              plug_running() ? plug_running() : "-", log_quote(str_of(name)));
    return NULL;
}

/* What a module gives is read where its form may be told by a mark; else it is stored as it is, but
 * no longer than the field takes. */
static crm_status take_text(const field *f, value *v, bool *is_marked)
{
    crm_ctx *c = plug_now ? plug_now->c : NULL;
    if (!c) {
        return CRM_MISUSE;
    }
    return field_may_be_marked(f) ? field_from_program(c, f, v->s, v, is_marked)
                                  : field_check_length(c, f, v->s);
}

static crm_status set(crm_rec *r, const char *name, value v)
{
    const field *f = settable(r, name);
    record *at = rec_of(r);
    if (!f || (v.kind == VALUE_TEXT && !field_is_text(f)) ||
        (v.kind == VALUE_INT && field_is_text(f))) {
        return call_broke(CRM_MISUSE);
    }
    crm_status s = call_in_time();
    if (s != CRM_OK) {
        return call_broke(s);
    }
    bool is_marked = false;
    if (v.kind == VALUE_TEXT) {
        s = take_text(f, &v, &is_marked);
    }
    s = s == CRM_OK ? record_set(at, f, v) : s;
    return call_broke(s == CRM_OK ? record_mark(at, f, is_marked) : s);
}

/* A person has to read what was made of a body that nobody could take apart. */
static crm_status mark_raw(record *r, const char *name)
{
    const field *f = entity_field(r->entity, str_of(name));
    bool is_raw = f->type == FIELD_MULTILINE && body_is_raw(plug_now);
    return is_raw ? record_mark_as(r, f, MARK_FORM_UNREAD) : CRM_OK;
}

crm_status host_set_text(crm_rec *r, const char *field_name, crm_str v)
{
    crm_status s = set(r, field_name, value_text(v));
    return s == CRM_OK ? call_broke(mark_raw(rec_of(r), field_name)) : s;
}

crm_status host_set_int(crm_rec *r, const char *field_name, int64_t v)
{
    return set(r, field_name, value_int(v));
}

crm_status host_set_null(crm_rec *r, const char *field_name)
{
    return set(r, field_name, value_null());
}

crm_status host_set_input(crm_ctx *c, crm_rec *r, const char *field_name, crm_str as_written)
{
    const field *f = settable(r, field_name);
    bool is_marked = false;
    value v;
    if (!f) {
        return call_broke(CRM_MISUSE);
    }
    crm_status s = call_in_time();
    if (s == CRM_OK && c->is_lenient) {
        s = field_try_text(c, f, as_written, &v, &is_marked);
        if (s == CRM_INVALID) {
            return s; /* nothing is lost yet: the module may find the text another place */
        }
    } else if (s == CRM_OK) {
        s = field_from_text(c, f, as_written, &v, &is_marked);
    }
    s = s == CRM_OK ? record_set(rec_of(r), f, v) : s;
    s = s == CRM_OK ? record_mark(rec_of(r), f, is_marked) : s;
    return call_broke(s == CRM_OK ? mark_raw(rec_of(r), field_name) : s);
}

/* ---- one record ------------------------------------------------------------------------------ */

/* The rows a hook was called with. */
static bool is_hooked(const record *r)
{
    return plug_now && (r == plug_now->now || r == plug_now->was);
}

/* A field outside the principal's rights is empty. */
static value read_value(const crm_rec *r, const char *name)
{
    const record *at = rec_of(r);
    const field *f = at ? entity_field(at->entity, str_of(name)) : NULL;
    bool may_see = f && (is_hooked(at) || bits_has(at->visible, f->index));
    return may_see ? at->v[f->index] : value_null();
}

const char *host_rec_entity(const crm_rec *r)
{
    return rec_of(r)->entity->name.p;
}
int64_t host_rec_id(const crm_rec *r)
{
    return rec_of(r)->v[COL_ID].i;
}
bool host_rec_has(const crm_rec *r, const char *name)
{
    return !value_is_null(read_value(r, name));
}

crm_str host_rec_text(const crm_rec *r, const char *name)
{
    value v = read_value(r, name);
    return v.kind == VALUE_TEXT ? v.s : (crm_str){0};
}

int64_t host_rec_int(const crm_rec *r, const char *name)
{
    value v = read_value(r, name);
    return v.kind == VALUE_INT ? v.i : 0;
}

bool host_rec_changed(const crm_rec *r, const char *name)
{
    const record *at = rec_of(r);
    const field *f = entity_field(at->entity, str_of(name));
    if (!f) {
        return false;
    }
    if (is_hooked(at) && at == plug_now->now) {
        value before = plug_now->was ? plug_now->was->v[f->index] : value_null();
        bool is_given = bits_has(at->copied, f->index);
        return is_given || !value_equal(before, at->v[f->index]);
    }
    return bits_has(at->set, f->index);
}

crm_str host_field_type(crm_ctx *c, const char *entity_name, const char *field_name)
{
    static const crm_str names[FIELD_TYPE_COUNT] = {
#define X(name, text, storage, many) {text, sizeof(text) - 1},
        FIELD_TYPE_MAP(X)
#undef X
    };
    const entity *e = registry_entity(c->reg, str_of(entity_name));
    const field *f = e ? entity_field(e, str_of(field_name)) : NULL;
    return f ? names[f->type] : (crm_str){0};
}

uint32_t host_outcome(const crm_rec *r)
{
    const record *at = rec_of(r);
    const field *f = at->entity->stage_field ? &at->entity->fields[at->entity->stage_field] : NULL;
    const stage *st =
        f && f->pipeline ? pipeline_stage(f->pipeline, at->v[f->index].s, NULL) : NULL;
    return st ? (uint32_t)st->outcome : CRM_OUTCOME_OPEN;
}
