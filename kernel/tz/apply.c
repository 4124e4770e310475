/*
 * apply.c - a ТЗ's people and departments as records, and its text as a version. Writer, inside one
 * request's transaction; it may be run again, so nothing stays outside of it.
 */
#include "data/stores.h"
#include "flow/store.h"
#include "tz/tz_private.h"

#define USERS_LISTED 5000

typedef struct applying {
    const tz *t;
    crm_ctx *c;
    tz_version was;      /* the version in force before, or empty */
    json_t *was_people;  /* logins of that version's file, or NULL */
    const yaml_node *at; /* the department or person that is being written */
    record **users;      /* all that there are, so that not each is looked up by itself */
    uint32_t user_count, user_at;
    struct { /* what the person before this one was found to belong to */
        crm_str name;
        value id;
    } department;
} applying;

/* ---- versions -------------------------------------------------------------------------------- */

crm_status tz_load(engine_session *s, const registry *r, arena *a, tz_version *out)
{
    query *q = query_new(a, registry_store(r, STORE_TZ));
    store_row *rows;
    uint32_t count;
    *out = (tz_version){0};
    if (!q) {
        return CRM_NOMEM;
    }
    q->sorts[0] = (sort){&q->entity->fields[COL_ID], true};
    q->sort_count = 1;
    q->limit = 1;
    crm_status st = store_list(s, a, q, &rows, &count);
    if (st != CRM_OK || !count) {
        return st != CRM_OK ? st : CRM_NOT_FOUND;
    }
    *out = (tz_version){.id = rows[0].id,
                        .applied_at = store_int(&rows[0], TZ_APPLIED_AT),
                        .version = store_text(&rows[0], TZ_VERSION),
                        .text = store_text(&rows[0], TZ_TEXT),
                        .grants = store_text(&rows[0], TZ_GRANTS)};
    return CRM_OK;
}

void tz_remember(tz *t, crm_str *what, crm_str text)
{
    if (!str_eq(*what, text)) {
        *what = text.n ? arena_dup(t->a, text) : (crm_str){0};
    }
}

void tz_keep(tz *t, const tz_version *applied)
{
    bool is_same = str_eq(t->text, applied->text);
    tz_remember(t, &t->kept, is_same ? applied->grants : (crm_str){0});
}

crm_status tz_kernel_registry(engine *e, arena *a, registry **out)
{
    registry_fault *faults = NULL;
    *out = registry_new();
    crm_status s = *out ? registry_seal(*out, a, &faults) : CRM_NOMEM;
    return s == CRM_OK ? engine_schema(e, *out, a, &faults) : s;
}

/* `a` is for the reading alone. */
static crm_status recall(tz *t, arena *a, engine *e, const registry *current)
{
    registry *own = NULL;
    engine_session *session = NULL;
    /* Before anything runs nobody writes, and the writing session knows the schema already. */
    engine_session_kind kind = current ? ENGINE_READER : ENGINE_WRITER;
    tz_version applied;
    crm_status s = current ? CRM_OK : tz_kernel_registry(e, a, &own);
    if (s == CRM_OK) {
        s = engine_session_open(e, kind, (engine_deliver){0}, &session);
    }
    if (s == CRM_OK) {
        s = tz_load(session, current ? current : own, a, &applied);
        engine_session_close(session);
    }
    if (s == CRM_OK) {
        tz_keep(t, &applied);
    }
    registry_discard(own);
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

crm_status tz_recall(tz *t, engine *e, const registry *current)
{
    arena *a = arena_new(0);
    crm_status s = a ? recall(t, a, e, current) : CRM_NOMEM;
    arena_free(a);
    return s;
}

static crm_str grants_of(const tz *t, arena *a)
{
    buf b;
    json_writer w;
    buf_init(&b, 0);
    jw_init(&w, &b);
    jw_object(&w);
    jw_key(&w, CRM_S("entities"));
    jw_raw(&w, t->fields.n ? t->fields : CRM_S("{}"));
    jw_karray(&w, "people");
    for (uint32_t i = 0; i < t->people_count; i++) {
        jw_str(&w, t->people[i].login);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    crm_str json = arena_dup(a, buf_view(&b));
    buf_free(&b);
    return json;
}

static crm_status keep_version(applying *k)
{
    crm_ctx *c = k->c;
    crm_str grants = grants_of(k->t, c->arena);
    store_row row;
    if (str_eq(k->was.text, k->t->text) && str_eq(k->was.grants, grants)) {
        return CRM_OK;
    }
    crm_status s = store_new(c->arena, c->reg, STORE_TZ, &row);
    if (s != CRM_OK) {
        return s;
    }
    store_set(&row, TZ_VERSION, value_text(yaml_text(k->t->root, "version")));
    store_set(&row, TZ_APPLIED_AT, value_int(clock_now()));
    store_set(&row, TZ_TEXT, value_text(k->t->text));
    store_set(&row, TZ_GRANTS, value_text(grants));
    s = store_save(c->tx, &row);
    return s == CRM_OK ? tx_touch(c->tx, CACHE_TZ) : s;
}

/* ---- records by name ------------------------------------------------------------------------- */

/* The record whose unique text `column` is this; *out NULL when there is none. */
static crm_status find(applying *k, store which, uint32_t column, crm_str text, record **out)
{
    const entity *e = registry_store(k->c->reg, which);
    query *q = query_new(k->c->arena, e);
    record **rows;
    uint32_t count;
    *out = NULL;
    if (!q) {
        return CRM_NOMEM;
    }
    q->where = cond_compare(k->c->arena, COND_EQ, &e->fields[column], value_text(text));
    q->limit = 1;
    crm_status s = q->where ? records_list(k->c, q, &rows, &count) : CRM_NOMEM;
    if (s == CRM_OK && count) {
        *out = rows[0];
    }
    return s;
}

/* The same, or a new one with this text. */
static crm_status find_or_new(applying *k, store which, uint32_t column, crm_str text, record **out)
{
    crm_status s = find(k, which, column, text, out);
    if (s != CRM_OK || *out) {
        return s;
    }
    s = records_new(k->c, registry_store(k->c->reg, which), out);
    const field *f = s == CRM_OK ? &(*out)->entity->fields[column] : NULL;
    return f ? record_set(*out, f, value_text(text)) : s;
}

/* Marks the field only when its value is another, so that nothing is written without need. */
static crm_status put(record *r, uint32_t column, value v)
{
    if (value_equal(r->v[column], v)) {
        return CRM_OK;
    }
    return record_set(r, &r->entity->fields[column], v);
}

static crm_status put_text(applying *k, record *r, uint32_t column, crm_str text)
{
    value v = value_null();
    bool is_marked = false;
    crm_status s =
        text.n ? field_from_text(k->c, &r->entity->fields[column], text, &v, &is_marked) : CRM_OK;
    return s == CRM_OK ? put(r, column, v) : s;
}

static crm_status save(applying *k, record *r)
{
    bool is_changed = r->set[0] | r->set[1] | r->set[2] | r->set[3];
    return r->is_new || is_changed ? records_save(k->c, r, 0) : CRM_OK;
}

/* The id of a department or of a person by name; an empty name is nobody. */
static crm_status id_of(applying *k, store which, uint32_t column, crm_str name, value *out)
{
    record *r = NULL;
    *out = value_null();
    crm_status s = name.n ? find(k, which, column, name, &r) : CRM_OK;
    if (s == CRM_OK && r) {
        *out = value_int(r->v[COL_ID].i);
    }
    return s;
}

/* ---- departments ----------------------------------------------------------------------------- */

static crm_status put_staff(record *r, crm_str text)
{
    int64_t staff = 0;
    bool is_given = str_to_i64(text, &staff) == CRM_OK;
    return put(r, DEPARTMENT_STAFF, is_given ? value_int(staff) : value_null());
}

static crm_status apply_department(applying *k, const yaml_node *n)
{
    record *r;
    crm_status s = find_or_new(k, STORE_DEPARTMENT, DEPARTMENT_NAME, n->key, &r);
    s = s == CRM_OK ? put_text(k, r, DEPARTMENT_TITLE, yaml_text(n, "title")) : s;
    s = s == CRM_OK ? put_staff(r, yaml_text(n, "staff")) : s;
    return s == CRM_OK ? save(k, r) : s;
}

/* Once all departments and people have their ids. */
static crm_status link_department(applying *k, const yaml_node *n)
{
    value parent, head;
    record *r;
    crm_status s = find(k, STORE_DEPARTMENT, DEPARTMENT_NAME, n->key, &r);
    if (s != CRM_OK || !r) {
        return s;
    }
    s = id_of(k, STORE_DEPARTMENT, DEPARTMENT_NAME, yaml_text(n, "parent"), &parent);
    s = s == CRM_OK ? id_of(k, STORE_USER, USER_LOGIN, yaml_text(n, "head"), &head) : s;
    s = s == CRM_OK ? put(r, DEPARTMENT_PARENT, parent) : s;
    s = s == CRM_OK ? put(r, DEPARTMENT_HEAD, head) : s;
    return s == CRM_OK ? save(k, r) : s;
}

static crm_status each_department(applying *k, crm_status (*fn)(applying *, const yaml_node *))
{
    crm_status s = CRM_OK;
    YAML_EACH(n, node_map(node_map(k->t->root, "company"), "departments")) {
        k->at = s == CRM_OK ? n : k->at;
        s = s == CRM_OK ? fn(k, n) : s;
    }
    return s;
}

/* ---- people ---------------------------------------------------------------------------------- */

/* People stand in the file by departments. */
static crm_status department_of(applying *k, const tz_person *p, value *out)
{
    bool is_known = k->department.name.p && str_eq(k->department.name, p->department);
    crm_status s = CRM_OK;
    if (!is_known) {
        s = id_of(k, STORE_DEPARTMENT, DEPARTMENT_NAME, p->department, &k->department.id);
        k->department.name = s == CRM_OK ? p->department : (crm_str){0};
    }
    *out = k->department.id;
    return s;
}

static bool was_listed(const applying *k, crm_str login)
{
    size_t i;
    json_t *item;
    json_array_foreach(k->was_people, i, item)
    {
        if (json_is_string(item) && str_is(login, json_string_value(item))) {
            return true;
        }
    }
    return false;
}

static value roles_of(const applying *k, const tz_person *p)
{
    crm_str all = {0};
    for (uint32_t i = 0; i < p->role_count; i++) {
        all = all.n ? arena_fmt(k->c->arena, "%.*s\n%.*s", STR_FMT(all), STR_FMT(p->roles[i]))
                    : p->roles[i];
    }
    return value_text(all);
}

/* Who is new, or back in the file, begins work on line; whom an administrator disabled stays so. */
static crm_status put_state(applying *k, const tz_person *p, record *r)
{
    if (!r->is_new && was_listed(k, p->login)) {
        return CRM_OK;
    }
    crm_status s = CRM_OK;
    if (r->is_new && !p->is_service) {
        s = put(r, USER_ON_LINE, value_int(1));
    } else if (r->v[USER_IS_DISABLED].i) {
        s = put(r, USER_IS_DISABLED, value_int(0));
    }
    return s;
}

static crm_status list_users(applying *k)
{
    query *q = query_new(k->c->arena, registry_store(k->c->reg, STORE_USER));
    if (!q) {
        return CRM_NOMEM;
    }
    q->limit = USERS_LISTED;
    return records_list(k->c, q, &k->users, &k->user_count);
}

/* NULL: he is new, or called otherwise there, or beyond those that were listed. Records stand in
 * the order in which they were made, which is the file's: the next one follows the last. */
static record *listed_user(applying *k, crm_str login)
{
    for (uint32_t i = 0; i < k->user_count; i++) {
        record *r = k->users[(k->user_at + i) % k->user_count];
        if (str_eq(r->v[USER_LOGIN].s, login)) {
            k->user_at += i + 1;
            return r;
        }
    }
    return NULL;
}

static crm_status apply_person(applying *k, const tz_person *p)
{
    record *r = listed_user(k, p->login);
    value department_id;
    crm_status s = r ? CRM_OK : find_or_new(k, STORE_USER, USER_LOGIN, p->login, &r);
    s = s == CRM_OK ? put_text(k, r, USER_NAME, p->name) : s;
    s = s == CRM_OK ? put_text(k, r, USER_EMAIL, p->email) : s;
    s = s == CRM_OK ? put_text(k, r, USER_PHONE, p->phone) : s;
    s = s == CRM_OK ? put_text(k, r, USER_EXTENSION, p->extension) : s;
    s = s == CRM_OK ? department_of(k, p, &department_id) : s;
    s = s == CRM_OK ? put(r, USER_DEPARTMENT, department_id) : s;
    s = s == CRM_OK ? put(r, USER_ROLES, roles_of(k, p)) : s;
    s = s == CRM_OK ? put_state(k, p, r) : s;
    if (s == CRM_OK && (r->v[USER_IS_SERVICE].i != 0) != p->is_service) {
        s = put(r, USER_IS_SERVICE, value_int(p->is_service));
    }
    return s == CRM_OK ? save(k, r) : s;
}

static bool is_listed(const tz *t, const char *login)
{
    for (uint32_t i = 0; i < t->people_count; i++) {
        if (str_is(t->people[i].login, login)) {
            return true;
        }
    }
    return false;
}

static crm_status disable(applying *k, const char *login)
{
    record *r;
    crm_status s = find(k, STORE_USER, USER_LOGIN, str_of(login), &r);
    if (s != CRM_OK || !r) {
        return s;
    }
    s = put(r, USER_IS_DISABLED, value_int(1));
    return s == CRM_OK ? save(k, r) : s;
}

static crm_status apply_people(applying *k)
{
    crm_status s = list_users(k);
    size_t i;
    json_t *item;
    for (uint32_t at = 0; at < k->t->people_count && s == CRM_OK; at++) {
        k->at = k->t->people[at].at;
        s = apply_person(k, &k->t->people[at]);
    }
    k->at = s == CRM_OK ? NULL : k->at;
    json_array_foreach(k->was_people, i, item)
    {
        const char *login = json_string_value(item);
        if (s == CRM_OK && login && !is_listed(k->t, login)) {
            s = disable(k, login);
        }
    }
    return s;
}

/* ---- webhooks -------------------------------------------------------------------------------- */

static crm_status apply_webhooks(applying *k)
{
    const tz *t = k->t;
    crm_status s = CRM_OK;
    webhook_wish *wishes = ARENA_ARRAY(k->c->arena, webhook_wish, t->webhook_count + 1);
    for (uint32_t i = 0; wishes && s == CRM_OK && i < t->webhook_count; i++) {
        value user, owner;
        k->at = t->webhooks[i].at;
        wishes[i] = t->webhooks[i].wish;
        s = id_of(k, STORE_USER, USER_LOGIN, t->webhooks[i].user, &user);
        s = s == CRM_OK ? id_of(k, STORE_USER, USER_LOGIN, t->webhooks[i].owner, &owner) : s;
        if (s == CRM_OK) {
            wishes[i].user = user.i;
            wishes[i].owner = owner.i;
        }
    }
    if (!wishes || s != CRM_OK) {
        return wishes ? s : CRM_NOMEM;
    }
    return webhooks_apply(k->c, wishes, t->webhook_count);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static crm_status apply(applying *k)
{
    crm_status s = each_department(k, apply_department);
    s = s == CRM_OK ? apply_people(k) : s;
    s = s == CRM_OK ? each_department(k, link_department) : s;
    s = s == CRM_OK ? apply_webhooks(k) : s;
    k->at = s == CRM_OK ? NULL : k->at;
    return s == CRM_OK ? keep_version(k) : s;
}

/* The first field that was refused, with the catalogue's words. */
static tz_fault *refusal(const applying *k)
{
    crm_ctx *c = k->c;
    const field_error *f = c->error.fields;
    tz_fault *out = k->at && f ? ARENA_NEW(c->arena, tz_fault) : NULL;
    if (!out) {
        return NULL;
    }
    buf b;
    buf_init(&b, 0);
    crm_str key = arena_fmt(c->arena, "field.%.*s", STR_FMT(f->code));
    buf_fmt(&b, "%.*s: ", STR_FMT(f->field));
    registry_text_fill(f->text.n ? f->text : registry_text(c->reg, c->lang, key), f->params_json,
                       &b);
    *out = tz_fault_key(k->at, "not_written");
    out->expected = arena_dup(c->arena, buf_view(&b));
    buf_free(&b);
    return out;
}

crm_status tz_apply(const tz *t, crm_ctx *c, tz_fault **refused)
{
    applying k = {.t = t, .c = c};
    json_t *grants = NULL;
    bool was_quiet = c->is_quiet;
    *refused = NULL;
    crm_status s = tz_load(c->session, c->reg, c->arena, &k.was);
    if (s != CRM_OK && s != CRM_NOT_FOUND) {
        return s;
    }
    if (k.was.grants.n && json_read(k.was.grants, 10000, &grants, NULL) == CRM_OK) {
        k.was_people = json_object_get(grants, "people");
    }
    c->is_quiet = true;
    s = apply(&k);
    c->is_quiet = was_quiet;
    *refused = s == CRM_OK ? NULL : refusal(&k);
    json_decref(grants);
    return s;
}
