/*
 * records_api.c - reading records: a list, one record, its history.
 *
 * Reads run inline on the loop, some milliseconds of each of its turns, and write rows straight
 * into the reply. One that takes longer than the limit is interrupted, what it wrote is dropped,
 * and it runs again on a pool; its shape then goes straight to the pool for a minute.
 */
#include "data/address.h"
#include "data/field.h"
#include "data/search.h"
#include "data/stores.h"
#include "net/api_private.h"

#define INLINE_LIMIT_US 2000
#define POOL_COUNT_US   50000 /* a list does not wait longer for its total */
#define PART_MS         2000  /* then a long list shows what it has found */
#define DEFAULT_LIMIT   50
#define POOLS_MS        10000 /* waiting and both tries of a list that does not run inline */
#define SHAPES          64
#define SHAPE_NS        60000000000LL

typedef struct list_state {
    bool is_on_pool, is_slow;
    uint64_t shape;
    search_try search;   /* of `q`; typed is empty without it */
    search_words *words; /* of the reading */
} list_state;

/* ---- shapes that were interrupted once; loop thread ------------------------------------------ */

static struct {
    uint64_t shape;
    int64_t until;
} slow_shapes[SHAPES];

static bool is_slow_shape(uint64_t shape)
{
    return slow_shapes[shape % SHAPES].shape == shape &&
           slow_shapes[shape % SHAPES].until > clock_mono();
}

static void remember_slow(uint64_t shape)
{
    slow_shapes[shape % SHAPES].shape = shape;
    slow_shapes[shape % SHAPES].until = clock_mono() + SHAPE_NS;
}

static uint64_t cond_shape(const cond *c)
{
    uint64_t h = 14695981039346656037ull;
    for (; c; c = c->next) {
        h = (h ^ c->op) * 1099511628211ull;
        for (int i = 0; i < c->path_length; i++) {
            h = (h ^ c->path[i]->id) * 1099511628211ull;
        }
        h = (h ^ cond_shape(c->first)) * 1099511628211ull;
        if (c->sub) {
            h = (h ^ c->sub->field->id ^ cond_shape(c->sub->where)) * 1099511628211ull;
        }
    }
    return h;
}

/* Whose rights narrow it decides as much as what is asked. */
static uint64_t query_shape(const query *q, int64_t user)
{
    uint64_t h =
        cond_shape(q->where) ^ cond_shape(q->fixed) * 31 ^ q->entity->id * 0x9E3779B97F4A7C15ull;
    h = (h ^ (uint64_t)user) * 1099511628211ull;
    for (uint32_t i = 0; i < q->sort_count; i++) {
        h = (h ^ q->sorts[i].field->id ^ (uint64_t)q->sorts[i].descending << 32) * 1099511628211ull;
    }
    return h ^ (q->terms.n ? 1 : 0);
}

/* ---- what is asked --------------------------------------------------------------------------- */

static bool is_integer(field_type t)
{
    return t == FIELD_INT || t == FIELD_REF || t == FIELD_USER || t == FIELD_DURATION;
}

static json_t *json_of(const field *f, crm_str text)
{
    int64_t i;
    if (is_integer(f->type) && str_to_i64(text, &i) == CRM_OK) {
        return json_integer(i);
    }
    if (f->type == FIELD_BOOL && (str_is(text, "true") || str_is(text, "1"))) {
        return json_true();
    }
    if (f->type == FIELD_BOOL && (str_is(text, "false") || str_is(text, "0"))) {
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

/* "owner.in" is a field and an operator, "address.city.in" a part of one; a name alone means eq. */
static crm_status param_cond(api_call *k, const http_field *p, query *q)
{
    crm_str op = p->name, name = before_dot(&op), after = op;
    const field *f = entity_field(q->entity, name);
    const field *part = f && f->parts ? address_field(f, before_dot(&after)) : NULL;
    if (part) {
        f = part;
        name = part->name;
        op = after;
    }
    if (!op.n && !str_ends(p->name, CRM_S("."))) {
        op = CRM_S("eq");
    }
    if (!f) {
        return records_unknown_field(&k->c, k->entity, name);
    }
    json_t *form = json_array();
    json_array_append_new(form, json_stringn(name.p, name.n));
    json_array_append_new(form, json_stringn(op.p, op.n));
    bool is_none = str_is(op, "none");
    if (!is_none) {
        json_array_append_new(form,
                              str_is(op, "in") ? json_list(f, p->value) : json_of(f, p->value));
    }
    if (is_none && str_is(p->value, "0")) {
        json_t *not_none = json_array();
        json_array_append_new(not_none, json_string("not"));
        json_array_append_new(not_none, form);
        form = not_none;
    }
    const cond *c;
    cond_error err = {0};
    crm_status s = cond_read(k->c.arena, &(cond_scope){k->c.reg, q->entity}, form, &c, &err);
    json_decref(form);
    if (s != CRM_OK && !records_shows(&k->c, q->entity, f)) {
        return records_unknown_field(&k->c, q->entity,
                                     before_dot(&(crm_str){p->name.p, p->name.n}));
    }
    if (s != CRM_OK) {
        return call_fail_field(&k->c, name, err.code ? err.code : "bad_request", err.params_json);
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
    s = cond_read(k->c.arena, &(cond_scope){k->c.reg, q->entity}, form, &c, &err);
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
        if (!f) {
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
        if (!f) {
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
    q->terms = l->search.terms;
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
    q->fixed = is_people ? cond_and(k->c.arena, at_work(k, q->entity), f->where) : f->where;
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

crm_status records_read_query(api_call *k, query *q, const char *const *own)
{
    const http_field *list;
    uint32_t count;
    crm_str after = {0};
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
    query_bind(q);
    if (s == CRM_OK && after.n && cursor_read(k->c.arena, q, after) != CRM_OK) {
        s = call_fail(&k->c, CRM_BAD_REQUEST, "bad_cursor");
    }
    return s;
}

/* ---- a list ---------------------------------------------------------------------------------- */

static bool list_row(void *arg, const record_view *v)
{
    api_call *k = arg;
    list_state *l = k->own;
    search_found found;
    if (l->words) {
        search_look(l->words, v, &found);
    }
    record_json_found(&k->w, &k->c, v, k->read.query->select, l->words ? &found : NULL);
    return !k->w.b->failed;
}

static void list_begin(api_call *k, buf *out)
{
    jw_init(&k->w, out);
    jw_object(&k->w);
    jw_karray(&k->w, "rows");
}

static void list_end(api_call *k)
{
    jw_end_array(&k->w);
    jw_key(&k->w, CRM_S("next"));
    if (k->read.has_more) {
        jw_str(&k->w, k->read.next);
    } else {
        jw_null(&k->w);
    }
    jw_kint(&k->w, "total", k->read.total);
    jw_kbool(&k->w, "approx", k->read.approx);
    if (k->read.is_partial) {
        jw_kbool(&k->w, "partial", true);
        jw_kint(&k->w, "walked", k->read.percent);
    }
    if (k->read.total) {
        search_reading_json(&k->w, &((list_state *)k->own)->search);
    }
    jw_end_object(&k->w);
}

/* The query and the list's places follow the reading that the search stands at. */
static crm_status take_reading(api_call *k, query *q)
{
    list_state *l = k->own;
    q->terms = l->search.terms;
    return search_words_new(k->c.arena, q->terms, &l->words);
}

static bool may_read_otherwise(const api_call *k)
{
    const list_state *l = k->own;
    return !k->read.total && l->search.terms.n && l->search.step != SEARCH_OVER &&
           !k->read.query->only_deleted;
}

static void list_pooled(api_call *k);

/* Nothing was found as typed: the next reading, if there is one. */
static crm_status read_otherwise(api_call *k)
{
    list_state *l = k->own;
    crm_status s = search_next(&l->search);
    if (s == CRM_OK && l->search.text.p) {
        s = take_reading(k, k->read.query);
    }
    if (s == CRM_OK && l->search.text.p) {
        buf_clear(&k->text);
        list_begin(k, &k->text);
        s = records_read_now(&k->read);
    }
    return s;
}

static void list_on_pool(api_call *k)
{
    list_state *l = k->own;
    int64_t limit_us = l->is_slow ? 5000000 : 250000;
    buf_clear(&k->text);
    list_begin(k, &k->text);
    k->c.until = clock_mono() + limit_us * 1000;
    k->read.limit_us = limit_us;
    k->read.count_us = POOL_COUNT_US;
    uint32_t part_ms = k->api->o.part_ms ? k->api->o.part_ms : PART_MS;
    k->read.part_us = l->is_slow ? (int64_t)part_ms * 1000 : 0;
    k->read.done = NULL;
    k->status = records_read_now(&k->read);
    while (k->status == CRM_OK && may_read_otherwise(k)) {
        k->status = read_otherwise(k);
    }
    k->c.until = 0;
    if (k->status == CRM_OK) {
        list_end(k);
    }
}

static void to_pool(api_call *k, bool is_slow)
{
    list_state *l = k->own;
    l->is_slow = is_slow;
    *(is_slow ? &k->api->stats.moved_slow : &k->api->stats.moved_fast) += 1;
    if (!is_slow) {
        api_limit(k, POOLS_MS);
    }
    api_pool(k, is_slow ? POOL_SLOW : POOL_FAST, list_on_pool, list_pooled);
}

/* No part of it can be shown: every row may be the first. */
static void blame_sort(api_call *k)
{
    const field *f = k->read.query->sorts[0].field;
    buf params;
    json_writer w;
    buf_init(&params, 1024);
    jw_init(&w, &params);
    jw_object(&w);
    jw_kstr(&w, "field", f->name);
    jw_kstr(&w, "label", registry_text(k->c.reg, k->c.lang, f->label));
    jw_end_object(&w);
    (void)call_fail(&k->c, CRM_TIMEOUT, "slow_sort");
    k->c.error.params_json = arena_dup(k->c.arena, buf_view(&params));
    buf_free(&params);
}

static void list_pooled(api_call *k)
{
    list_state *l = k->own;
    if (k->status == CRM_TIMEOUT && !l->is_slow) {
        to_pool(k, true);
        return;
    }
    if (k->status == CRM_TIMEOUT && k->read.is_unordered) {
        blame_sort(k);
    }
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, 200);
}

static void list_done(record_read *r, crm_status s)
{
    api_call *k = r->arg;
    list_state *l = k->own;
    if (s == CRM_TIMEOUT && r->interrupted) {
        remember_slow(l->shape);
        http_body(k->http)->n = k->mark;
        to_pool(k, false);
        return;
    }
    if (s != CRM_OK) {
        api_reply_error(k, s);
        return;
    }
    list_end(k);
    api_reply(k, 200);
}

static void list(api_call *k)
{
    query *q = query_new(k->c.arena, k->entity);
    list_state *l = ARENA_NEW(k->http->arena, list_state);
    if (!q || !l) {
        api_reply_error(k, CRM_NOMEM);
        return;
    }
    k->own = l;
    crm_status s = records_read_query(k, q, NULL);
    if (s != CRM_OK) {
        api_reply_error(k, s);
        return;
    }
    l->shape = query_shape(q, k->who.user);
    k->read = (record_read){.call = &k->c,
                            .query = q,
                            .count = true,
                            .want_labels = true,
                            .on_row = list_row,
                            .done = list_done,
                            .arg = k,
                            .limit_us = INLINE_LIMIT_US};
    /* A search may gather much for a beginning in one step, which no limit interrupts. */
    if (q->terms.n || is_slow_shape(l->shape)) {
        to_pool(k, false);
        return;
    }
    list_begin(k, http_body(k->http));
    api_read_inline(k);
}

/* ---- one record ------------------------------------------------------------------------------ */

typedef struct one_state {
    int status;
    bool is_stale, is_written, found;
    int64_t rev;
} one_state;

static bool one_row(void *arg, const record_view *v)
{
    api_call *k = arg;
    static const uint64_t everything[4];
    one_state *o = k->own;
    o->found = true;
    o->rev = v->row[COL_REV].i;
    record_json(&k->w, &k->c, v, everything, true);
    return true;
}

static void answer_hidden(api_call *k)
{
    const one_state *o = k->own;
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, o->status);
}

/* What was written is written, whoever may read it now. */
static void answer_unseen(api_call *k, const one_state *o)
{
    http_body(k->http)->n = k->mark;
    if (o->is_written) {
        api_look(k, records_look_hidden, answer_hidden);
    } else {
        records_answer_missing(k);
    }
}

static void one_done(record_read *r, crm_status s)
{
    api_call *k = r->arg;
    one_state *o = k->own;
    http_request *h = k->http;
    if (s == CRM_OK && !o->found) {
        s = CRM_NOT_FOUND;
    }
    if (o->is_stale) {
        crm_str current = s == CRM_OK ? buf_view(&k->text) : (crm_str){0};
        h->body = arena_dup(h->arena, current);
        problem_write(http_body(h), &k->c, CRM_STALE, h->id, h->body);
        api_reply_problem(k, 412);
        return;
    }
    if (o->status == 201) {
        http_set(
            h, "Location",
            arena_fmt(h->arena, "/api/v1/%.*s/%lld", STR_FMT(k->entity->name), (long long)k->id));
    }
    if (s == CRM_NOT_FOUND) {
        answer_unseen(k, o);
        return;
    }
    if (s != CRM_OK) {
        api_reply_error(k, s);
        return;
    }
    crm_str etag = arena_fmt(h->arena, "\"%lld\"", (long long)o->rev);
    http_set(h, "ETag", etag);
    if (!o->is_written && http_etag_matches(h, etag)) {
        api_reply_empty(k, 304);
        return;
    }
    api_reply(k, o->status);
}

static void read_one(api_call *k, one_state how)
{
    query *q = query_new(k->c.arena, k->entity);
    one_state *o = ARENA_NEW(k->http->arena, one_state);
    if (!q || !o) {
        api_reply_error(k, CRM_NOMEM);
        return;
    }
    *o = how;
    q->with_deleted = how.is_written; /* an undo may have put it into the bin */
    k->own = o;
    k->read = (record_read){.call = &k->c,
                            .query = q,
                            .id = k->id,
                            .want_labels = true,
                            .on_row = one_row,
                            .done = one_done,
                            .arg = k};
    jw_init(&k->w, how.is_stale ? &k->text : http_body(k->http));
    api_read_inline(k);
}

void records_answer_one(api_call *k)
{
    read_one(k, (one_state){.status = 200});
}

void records_answer_written(api_call *k, int status)
{
    read_one(k, (one_state){.status = status, .is_written = true});
}

void records_answer_stale(api_call *k)
{
    read_one(k, (one_state){.status = 412, .is_stale = true});
}

/* ---- routing --------------------------------------------------------------------------------- */

void records_route(api_call *k)
{
    crm_str path = k->rest, id = {0};
    bool is_read = k->http->verb == VERB_GET || k->http->verb == VERB_HEAD;
    if (k->entity == registry_store(k->c.reg, STORE_BATCH) && batch_route(k)) {
        return;
    }
    if (duplicates_route(k)) {
        return;
    }
    if (k->http->verb == VERB_POST && str_is(path, "merge/preview")) {
        merge_preview_route(k);
        return;
    }
    if (k->http->verb == VERB_POST && str_is(path, "aggregate")) {
        aggregate_route(k);
        return;
    }
    if (!is_read) {
        records_write_route(k);
        return;
    }
    if (!path.n) {
        list(k);
        return;
    }
    str_split(&path, '/', &id);
    if (str_is(id, "export") && !path.n) {
        export_route(k);
        return;
    }
    bool is_id = str_to_i64(id, &k->id) == CRM_OK && k->id > 0;
    if (is_id && !path.n) {
        records_answer_one(k);
    } else if (is_id && str_is(path, "history")) {
        history_route(k);
    } else {
        api_reply_error(k, CRM_NOT_FOUND);
    }
}
