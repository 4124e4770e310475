/*
 * kit_mock_records.c - records of a mock: made, changed and read as through the API, values as
 * texts.
 */
#include "plug/module.h"

#include "kit_mock.h"

#define LIST_MOST 200

typedef struct writing {
    const char *entity_name;
    int64_t id; /* 0: a new one, whose id it becomes */
    va_list *fields;
} writing;

/* ---- values ---------------------------------------------------------------------------------- */

/* Whether a value of the field is a string in the API's JSON. */
static bool is_string(const field *f)
{
    bool is_list = f->flags & FIELD_MANY || f->type == FIELD_CHOICES || f->type == FIELD_REFS ||
                   f->type == FIELD_FILES || f->type == FIELD_TAGS;
    bool is_other = f->type == FIELD_INT || f->type == FIELD_BOOL || f->type == FIELD_DURATION ||
                    f->type == FIELD_REF || f->type == FIELD_USER || f->type == FIELD_ADDRESS ||
                    f->type == FIELD_JSON;
    return !is_list && !is_other;
}

/* What is no JSON where JSON is due goes on as a text: the kernel says what is wrong with it. */
static json_t *json_of(const field *f, const char *text)
{
    if (!text) {
        return json_null();
    }
    json_t *json = f && !is_string(f) ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    return json ? json : json_string(text);
}

static json_t *object_of(const entity *e, va_list *fields)
{
    json_t *object = json_object();
    const char *name;
    while (object && (name = va_arg(*fields, const char *))) {
        const field *f = entity_field(e, str_of(name));
        json_object_set_new(object, name, json_of(f, va_arg(*fields, const char *)));
    }
    return object;
}

/* ---- writing --------------------------------------------------------------------------------- */

static crm_status write_record(mock *m, crm_ctx *c, void *arg)
{
    writing *w = arg;
    const entity *e = mock_entity(m, w->entity_name);
    record *r;
    if (!e) {
        return CRM_MISUSE;
    }
    crm_status s = w->id ? records_get(c, e, w->id, &r) : records_new(c, e, &r);
    json_t *object = s == CRM_OK ? object_of(e, w->fields) : NULL;
    s = s == CRM_OK && !object ? CRM_NOMEM : s;
    s = s == CRM_OK ? record_from_json(c, r, object) : s;
    s = s == CRM_OK ? records_save(c, r, 0) : s;
    json_decref(object);
    if (s == CRM_OK) {
        w->id = r->v[COL_ID].i;
    }
    return s;
}

int64_t mock_records_make(mock *m, const char *entity_name, va_list fields)
{
    va_list copy;
    va_copy(copy, fields);
    writing w = {.entity_name = entity_name, .fields = &copy};
    crm_status s = mock_act(m, write_record, &w);
    va_end(copy);
    return s == CRM_OK ? w.id : 0;
}

crm_status mock_records_change(mock *m, const char *entity_name, int64_t id, va_list fields)
{
    va_list copy;
    if (id <= 0) {
        return mock_misuse("%s: there is no record %lld", entity_name, (long long)id);
    }
    va_copy(copy, fields);
    writing w = {.entity_name = entity_name, .id = id, .fields = &copy};
    crm_status s = mock_act(m, write_record, &w);
    va_end(copy);
    return s;
}

static crm_status remove_record(mock *m, crm_ctx *c, void *arg)
{
    const writing *w = arg;
    const entity *e = mock_entity(m, w->entity_name);
    return e ? records_delete(c, e, w->id, 0) : CRM_MISUSE;
}

crm_status mock_records_remove(mock *m, const char *entity_name, int64_t id)
{
    writing w = {.entity_name = entity_name, .id = id};
    return mock_act(m, remove_record, &w);
}

/* ---- people ---------------------------------------------------------------------------------- */

typedef struct hiring {
    const char *login, *role_name;
    int64_t id;
} hiring;

static crm_status hire(mock *m, crm_ctx *c, void *arg)
{
    hiring *h = arg;
    record *r;
    json_t *object = json_pack("{s:s,s:s,s:[]}", "login", h->login, "name", h->login, "roles");
    (void)m;
    if (!object) {
        return CRM_NOMEM;
    }
    if (h->role_name) {
        json_array_append_new(json_object_get(object, "roles"), json_string(h->role_name));
    }
    crm_status s = records_new(c, registry_entity(c->reg, CRM_S("user")), &r);
    s = s == CRM_OK ? record_from_json(c, r, object) : s;
    s = s == CRM_OK ? records_save(c, r, 0) : s;
    json_decref(object);
    h->id = s == CRM_OK ? r->v[COL_ID].i : 0;
    return s;
}

int64_t mock_records_person(mock *m, const char *login, uint32_t may)
{
    hiring h = {.login = login ? login : "",
                .role_name = may == MOCK_ALL   ? "mock_all"
                             : may == MOCK_OWN ? "mock_own"
                                               : NULL};
    crm_status s = mock_act_aside(m, hire, &h);
    if (s != CRM_OK) {
        mock_misuse("nobody can have the login %s (%s)", h.login, status_code(s));
    }
    return h.id;
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct reading {
    const char *entity_name, *name;
    int64_t id, *ids;
    uint32_t room, count;
    const char *text;
} reading;

/* As the API shows it: a text bare, a reference as its id. */
static const char *text_of(mock *m, const field *f, const value *v)
{
    buf b;
    json_writer w;
    if (value_is_null(*v)) {
        return NULL;
    }
    if (f->type == FIELD_REF || f->type == FIELD_USER) {
        return arena_fmt(m->arena, "%lld", (long long)v->i).p;
    }
    buf_init(&b, 0);
    jw_init(&w, &b);
    field_to_json(&w, f, v, (crm_str){0}, false);
    json_t *json = json_loadb(b.p, b.n, JSON_DECODE_ANY, NULL);
    crm_str text = json_plain(m->arena, json);
    json_decref(json);
    buf_free(&b);
    return text.p;
}

static crm_status read_field(mock *m, crm_ctx *c, void *arg)
{
    reading *x = arg;
    record *r;
    const entity *e = mock_entity(m, x->entity_name);
    const field *f = e && x->name ? entity_field(e, str_of(x->name)) : NULL;
    if (e && !f) {
        mock_misuse("%s has no field %s", x->entity_name, x->name ? x->name : "NULL");
    }
    crm_status s = f ? records_get(c, e, x->id, &r) : CRM_MISUSE;
    if (s == CRM_OK) {
        x->text = text_of(m, f, &r->v[f->index]);
    } else if (f) {
        mock_misuse("%s has no record %lld", x->entity_name, (long long)x->id);
    }
    return s;
}

const char *mock_records_get(mock *m, const char *entity_name, int64_t id, const char *name)
{
    reading x = {.entity_name = entity_name, .name = name, .id = id};
    (void)!mock_look(m, read_field, &x);
    return x.text;
}

static crm_status read_ids(mock *m, crm_ctx *c, void *arg)
{
    reading *x = arg;
    record **rows;
    const entity *e = mock_entity(m, x->entity_name);
    query *q = e ? query_new(c->arena, e) : NULL;
    if (!q) {
        return e ? CRM_NOMEM : CRM_MISUSE;
    }
    q->sorts[0] = (sort){&e->fields[COL_ID], false};
    q->sort_count = 1;
    q->limit = LIST_MOST;
    crm_status s = records_list(c, q, &rows, &x->count);
    for (uint32_t i = 0; s == CRM_OK && x->ids && i < x->count && i < x->room; i++) {
        x->ids[i] = rows[i]->v[COL_ID].i;
    }
    return s;
}

uint32_t mock_records_list(mock *m, const char *entity_name, int64_t *ids, uint32_t room)
{
    reading x = {.entity_name = entity_name, .ids = ids, .room = room};
    return mock_look(m, read_ids, &x) == CRM_OK ? x.count : 0;
}
