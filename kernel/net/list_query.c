/* list_query.c - the parameters of a list as a query. */
#include "data/address.h"
#include "data/field.h"
#include "data/search.h"
#include "data/stores.h"
#include "net/list_private.h"

#define DEFAULT_LIMIT 50

static bool is_integer(const field *f)
{
    field_type t = f ? f->type : FIELD_TEXT;
    return t == FIELD_INT || t == FIELD_REF || t == FIELD_USER || t == FIELD_DURATION;
}

static json_t *json_of(const field *f, crm_str text)
{
    int64_t i;
    if (is_integer(f) && str_to_i64(text, &i) == CRM_OK) {
        return json_integer(i);
    }
    bool is_bool = f && f->type == FIELD_BOOL;
    if (is_bool && (str_is(text, "true") || str_is(text, "1"))) {
        return json_true();
    }
    if (is_bool && (str_is(text, "false") || str_is(text, "0"))) {
        return json_false();
    }
    return json_stringn(text.p, text.n);
}

static json_t *json_list(const field *f, crm_str text)
{
    json_t *list = json_array();
    crm_str part;
    while (str_split(&text, ',', &part)) {
        json_array_append_new(list, json_of(f, part));
    }
    return list;
}

/* Cuts what stands before the first dot off *rest. */
static crm_str before_dot(crm_str *rest)
{
    crm_str part = {0};
    str_split(rest, '.', &part);
    return part;
}

/* "contact.address.city.in": a path and an operator. */
typedef struct compared {
    crm_str path, op;
    const field *f; /* NULL: the path ends in none that the caller may know of */
} compared;

/* A word that may name a field behind a reference is one unless it is an operator; a name alone
 * means eq. */
static compared read_name(api_call *k, const entity *e, crm_str name)
{
    compared x = {.op = name};
    do {
        crm_str word = before_dot(&x.op), after = x.op;
        x.f = entity_field(e, word);
        if (x.f && !records_shows(&k->c, e, x.f)) {
            x.f = NULL;
        }
        const field *part = x.f && x.f->parts ? address_field(x.f, before_dot(&after)) : NULL;
        if (part) {
            x.f = part;
            x.op = after;
        }
        e = x.f ? x.f->ref : NULL;
    } while (e && x.op.n && !cond_is_operator(x.op));
    x.path = (crm_str){name.p, x.op.p ? (size_t)(x.op.p - name.p) - 1 : name.n};
    x.op = x.op.p ? x.op : CRM_S("eq");
    return x;
}

static json_t *comparison(const compared *x, crm_str text)
{
    json_t *form = json_array();
    bool is_none = str_is(x->op, "none");
    json_array_append_new(form, json_stringn(x->path.p, x->path.n));
    json_array_append_new(form, json_stringn(x->op.p, x->op.n));
    if (!is_none) {
        json_array_append_new(form,
                              str_is(x->op, "in") ? json_list(x->f, text) : json_of(x->f, text));
    }
    if (!is_none || !str_is(text, "0")) {
        return form;
    }
    json_t *not_none = json_array();
    json_array_append_new(not_none, json_string("not"));
    json_array_append_new(not_none, form);
    return not_none;
}

static crm_status param_cond(api_call *k, const http_field *p, query *q)
{
    compared x = read_name(k, q->entity, p->name);
    if (!x.f && str_find(x.path, '.') < 0) {
        return records_unknown_field(&k->c, k->entity, x.path);
    }
    json_t *form = comparison(&x, p->value);
    const cond *c;
    cond_error err = {0};
    cond_scope in = records_scope(&k->c, q->entity);
    crm_status s = cond_read(k->c.arena, &in, form, &c, &err);
    json_decref(form);
    if (s != CRM_OK) {
        return call_fail_field(&k->c, x.path, err.code ? err.code : "bad_request", err.params_json);
    }
    q->where = cond_and(k->c.arena, q->where, c);
    return CRM_OK;
}

static crm_status bad_filter(api_call *k, const json_error *fault)
{
    if (str_is(fault->code, "too_deep")) {
        return call_fail_field(&k->c, CRM_S("filter"), "too_complex", (crm_str){0});
    }
    return call_fail_field(&k->c, CRM_S("filter"), "bad_json", api_json_fault(k, fault));
}

static crm_status filter_cond(api_call *k, crm_str text, query *q)
{
    json_t *form;
    const cond *c;
    cond_error err = {0};
    json_error fault;
    crm_status s = json_read(text, 0, &form, &fault);
    if (s != CRM_OK) {
        return s == CRM_NOMEM ? s : bad_filter(k, &fault);
    }
    cond_scope in = records_scope(&k->c, q->entity);
    s = cond_read(k->c.arena, &in, form, &c, &err);
    json_decref(form);
    if (s != CRM_OK) {
        return records_bad_cond(&k->c, &err, "filter");
    }
    q->where = cond_and(k->c.arena, q->where, c);
    return CRM_OK;
}

static crm_status sorts(api_call *k, crm_str text, query *q)
{
    crm_str part;
    q->sort_count = 0;
    while (str_split(&text, ',', &part)) {
        bool down = str_starts(part, CRM_S("-"));
        crm_str name = down ? (crm_str){part.p + 1, part.n - 1} : part;
        const field *f = address_find(q->entity, name);
        /* Who may look into the bin knows the order it was filled in. */
        if (!f || (f->index != COL_DELETED_AT && !records_shows(&k->c, q->entity, f))) {
            return records_unknown_field(&k->c, k->entity, name);
        }
        if (q->sort_count == SORTS_MAX) {
            crm_str most = arena_fmt(k->c.arena, "{\"max\":%d}", SORTS_MAX);
            return call_fail_field(&k->c, CRM_S("sort"), "too_many", most);
        }
        q->sorts[q->sort_count++] = (sort){f, down};
    }
    return CRM_OK;
}

static crm_status fields(api_call *k, crm_str text, query *q)
{
    crm_str part;
    bits_add(q->select, COL_ID);
    while (str_split(&text, ',', &part)) {
        const field *f = entity_field(q->entity, part);
        if (!f || !records_shows(&k->c, q->entity, f)) {
            return records_unknown_field(&k->c, k->entity, part);
        }
        bits_add(q->select, f->index);
    }
    return CRM_OK;
}

static crm_status words(api_call *k, crm_str typed, query *q)
{
    list_state *l = k->own;
    l->search =
        (search_try){.call = &k->c, .entities = &k->entity, .entity_count = 1, .typed = typed};
    crm_status s = search_begin(&l->search);
    if (s == CRM_TOO_LARGE) {
        return call_fail_field(&k->c, CRM_S("q"), "too_long", CRM_S("{\"max\":200}"));
    }
    search_ask(q, typed, l->search.terms);
    return s == CRM_OK && q->terms.n ? search_words_new(k->c.arena, q->terms, &l->words) : s;
}

static bool may_see(api_call *k, const field *f)
{
    uint64_t seen[4];
    rights_fields(&k->c, f->entity, seen);
    return bits_has(seen, f->index);
}

/* Who may be given work: no program, and nobody who has left. */
static const cond *at_work(api_call *k, const entity *users)
{
    static const uint16_t flags[] = {USER_IS_SERVICE, USER_IS_DISABLED};
    const cond *all = NULL;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        const field *f = &users->fields[flags[i]];
        const cond *off = cond_or(k->c.arena, cond_compare(k->c.arena, COND_EQ, f, value_int(0)),
                                  cond_make(k->c.arena, COND_NONE, f, NULL, 0));
        all = cond_and(k->c.arena, all, off);
    }
    return all;
}

static bool has_same_roles(const person *a, const person *b)
{
    bool is_same = a->role_count == b->role_count;
    for (uint32_t i = 0; is_same && i < a->role_count; i++) {
        is_same = str_eq(a->roles[i], b->roles[i]);
    }
    return is_same;
}

#define ROLES_KNOWN 16 /* different lists of roles whose verdict is remembered */

typedef struct readers {
    struct {
        const person *like;
        bool reads_none;
    } known[ROLES_KNOWN];
    uint32_t count;
} readers;

/* What one may read is by his roles: they are few, and people many. */
static bool reads_none(api_call *k, const entity *e, const person *p, readers *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        if (has_same_roles(r->known[i].like, p)) {
            return r->known[i].reads_none;
        }
    }
    bool none = rights_reads_none(&k->c, e, p->id);
    if (r->count < ROLES_KNOWN) {
        r->known[r->count].like = p;
        r->known[r->count++].reads_none = none;
    }
    return none;
}

/* Saving refuses them (records_check.c): a record is not given to who would never see it. */
static const cond *no_readers(api_call *k, const field *f, const entity *users)
{
    const people *all = k->c.people;
    value *ids = ARENA_ARRAY(k->c.arena, value, all->user_count + 1);
    cond *others = ARENA_NEW(k->c.arena, cond);
    readers r = {.count = 0};
    uint32_t n = 0;
    for (uint32_t i = 0; ids && i < all->user_count; i++) {
        const person *p = &all->users[i];
        if (!p->is_disabled && !p->is_service && reads_none(k, f->entity, p, &r)) {
            ids[n++] = value_int(p->id);
        }
    }
    if (others && n) {
        *others =
            (cond){.op = COND_NOT, .first = cond_in(k->c.arena, &users->fields[COL_ID], ids, n)};
    }
    return n ? others : NULL;
}

static bool is_owner_field(const field *f)
{
    const entity *e = f->entity;
    bool is = false;
    for (int i = 0; i < 3 && e->owner_fields[i]; i++) {
        is |= e->owner_fields[i] == f->index;
    }
    return is;
}

static const cond *who_may_be(api_call *k, const field *f, const entity *users)
{
    const cond *all = cond_and(k->c.arena, at_work(k, users), f->where);
    return is_owner_field(f) ? cond_and(k->c.arena, all, no_readers(k, f, users)) : all;
}

/* "sales.deal.machine": the rows that this field may refer to. Its condition is the deployment's,
 * so it may be about what the caller does not see. */
static crm_status lookup(api_call *k, crm_str text, query *q)
{
    size_t dot = text.n;
    if (q->entity == registry_store(k->c.reg, STORE_USER) && str_eq(text, q->entity->name)) {
        q->fixed = at_work(k, q->entity);
        return CRM_OK;
    }
    while (dot && text.p[dot - 1] != '.') {
        dot--;
    }
    const entity *e = dot ? registry_entity(k->c.reg, (crm_str){text.p, dot - 1}) : NULL;
    const field *f = e ? entity_field(e, (crm_str){text.p + dot, text.n - dot}) : NULL;
    if (!f || f->ref != q->entity || !may_see(k, f)) {
        return call_fail_field(&k->c, CRM_S("lookup"), "unknown_field", (crm_str){0});
    }
    bool is_people = q->entity == registry_store(k->c.reg, STORE_USER);
    q->fixed = is_people ? who_may_be(k, f, q->entity) : f->where;
    return CRM_OK;
}

static crm_status param(api_call *k, const http_field *p, query *q, crm_str *after)
{
    int64_t n;
    if (str_is(p->name, "filter")) {
        return filter_cond(k, p->value, q);
    }
    if (str_is(p->name, "sort")) {
        return sorts(k, p->value, q);
    }
    if (str_is(p->name, "fields")) {
        return fields(k, p->value, q);
    }
    if (str_is(p->name, "lookup")) {
        return lookup(k, p->value, q);
    }
    if (str_is(p->name, "q")) {
        return words(k, p->value, q);
    }
    if (str_is(p->name, "deleted")) {
        q->only_deleted = q->with_deleted = str_is(p->value, "only");
        if (!q->only_deleted) {
            return call_fail_field(&k->c, p->name, "not_a_choice", CRM_S("{\"choices\":\"only\"}"));
        }
        return CRM_OK;
    }
    if (str_is(p->name, "after")) {
        *after = p->value;
        return CRM_OK;
    }
    if (!str_is(p->name, "limit")) {
        return param_cond(k, p, q);
    }
    if (str_to_i64(p->value, &n) != CRM_OK || n < 1 || n > LIST_MAX) {
        return call_fail_field(&k->c, CRM_S("limit"), "out_of_range",
                               CRM_S("{\"min\":1,\"max\":200}"));
    }
    q->limit = (uint32_t)n;
    return CRM_OK;
}

static bool is_own(const char *const *own, crm_str name)
{
    for (; own && *own; own++) {
        if (str_is(name, *own)) {
            return true;
        }
    }
    return false;
}

/* What stands once or has no meaning; conditions may stand as often as one likes. */
static bool is_single(const char *const *own, crm_str name)
{
    static const char *const once[] = {"sort",    "fields", "lookup", "q",
                                       "deleted", "after",  "limit",  NULL};
    return is_own(once, name) || is_own(own, name);
}

static crm_status check_once(api_call *k, const http_field *list, uint32_t at,
                             const char *const *own)
{
    crm_str name = list[at].name;
    for (uint32_t i = 0; i < at; i++) {
        if (str_eq(list[i].name, name) && is_single(own, name)) {
            return call_fail_field(&k->c, name, "given_twice", (crm_str){0});
        }
    }
    return CRM_OK;
}

/* That of a list with words may be of another reading of them, which a pool finds. */
static crm_status place(api_call *k, query *q, crm_str after)
{
    query_bind(q);
    if (!after.n || cursor_read(k->c.arena, q, after) == CRM_OK) {
        return CRM_OK;
    }
    if (!q->terms.n || q->only_deleted) {
        return call_fail(&k->c, CRM_BAD_REQUEST, "bad_cursor");
    }
    ((list_state *)k->own)->after = after;
    return CRM_OK;
}

crm_status records_read_query(api_call *k, query *q, const char *const *own)
{
    const http_field *list;
    uint32_t count;
    crm_str after = {0};
    if (!rights_may_some(&k->c, q->entity, ACTION_READ)) {
        return call_fail(&k->c, CRM_NOT_FOUND, "not_found"); /* whatever is asked */
    }
    crm_status s = http_params(k->http, &list, &count);
    if (s != CRM_OK) {
        return call_fail(&k->c, s, "bad_request");
    }
    q->limit = DEFAULT_LIMIT;
    q->sorts[0] = (sort){&q->entity->fields[COL_ID], true};
    q->sort_count = 1;
    for (uint32_t i = 0; i < count && s == CRM_OK; i++) {
        s = check_once(k, list, i, own);
        if (s == CRM_OK && !is_own(own, list[i].name)) {
            s = param(k, &list[i], q, &after);
        }
    }
    return s == CRM_OK ? place(k, q, after) : s;
}
