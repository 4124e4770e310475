/*
 * token_api.c - /api/v1/tokens: a person's own tokens and, with the function "settings", those of
 * programs. Never reached by a token (session_cache.c), so that none can make another.
 */
#include "data/access.h"
#include "data/stores.h"
#include "data/tokens.h"
#include "net/api_private.h"

#define ROWS_MAX 1000

typedef struct wish {
    token_wish token;
    crm_str text; /* shown once */
} wish;

static bool may_settings(const api_call *k)
{
    return call_may(&k->c, CRM_S("settings"));
}

/* ---- one row as JSON ------------------------------------------------------------------------- */

static void put_moment(json_writer *w, const char *name, value at)
{
    char text[CLOCK_TEXT];
    jw_key(w, str_of(name));
    if (value_is_null(at)) {
        jw_null(w);
        return;
    }
    clock_format(at.i, text);
    jw_str(w, str_of(text));
}

static void put_names(json_writer *w, const char *name, const crm_str *names, uint32_t count)
{
    jw_karray(w, name);
    for (uint32_t i = 0; i < count; i++) {
        jw_str(w, names[i]);
    }
    jw_end_array(w);
}

static void put_scope(json_writer *w, const access_scope *s)
{
    jw_kstr(w, "access", str_of(s->is_read_only ? "read" : "write"));
    if (s->is_listed) {
        put_names(w, "entities", s->entities, s->entity_count);
    } else {
        jw_key(w, CRM_S("entities"));
        jw_null(w);
    }
    put_names(w, "functions", s->functions, s->function_count);
}

static void put_row(api_call *k, const value *row, crm_str token)
{
    json_writer *w = &k->w;
    const access_scope *narrow;
    const person *p = people_user(k->c.people, row[TOKEN_USER].i);
    jw_object(w);
    jw_kint(w, "id", row[COL_ID].i);
    jw_kstr(w, "key", row[TOKEN_KEY].s);
    jw_kstr(w, "name", row[TOKEN_NAME].s);
    jw_kobject(w, "user");
    jw_kint(w, "id", row[TOKEN_USER].i);
    jw_kstr(w, "label", p ? p->name : (crm_str){0});
    jw_end_object(w);
    if (access_intern(row[TOKEN_SCOPE].s, &narrow) == CRM_OK) {
        put_scope(w, narrow);
    }
    put_moment(w, "created_at", row[TOKEN_MADE_AT]);
    put_moment(w, "expires_at", row[TOKEN_EXPIRES_AT]);
    put_moment(w, "used_at", row[TOKEN_USED_AT]);
    if (token.n) {
        jw_kstr(w, "token", token);
    }
    jw_end_object(w);
}

/* ---- the list -------------------------------------------------------------------------------- */

static bool on_row(void *arg, const value *row, uint32_t matched)
{
    (void)matched;
    put_row(arg, row, (crm_str){0});
    return !((api_call *)arg)->text.failed;
}

/* His own, unless he may see all and names nobody. */
static const cond *wanted(api_call *k, const entity *e)
{
    crm_str user = http_param(k->http, "user");
    int64_t id = k->who.user;
    if (may_settings(k) && !user.n) {
        return NULL;
    }
    if (may_settings(k) && str_to_i64(user, &id) != CRM_OK) {
        id = 0;
    }
    return cond_compare(k->c.arena, COND_EQ, &e->fields[TOKEN_USER], value_int(id));
}

static void read_list(api_call *k)
{
    const entity *e = registry_store(k->c.reg, STORE_TOKEN);
    query q = {.entity = e,
               .where = wanted(k, e),
               .limit = ROWS_MAX,
               .sorts = {{&e->fields[COL_ID], true}},
               .sort_count = 1};
    engine_op op = {.kind = ENGINE_LIST, .entity = e, .query = &q, .on_row = on_row, .arg = k};
    engine_batch b = {.ops = &op, .count = 1};
    jw_init(&k->w, &k->text);
    jw_object(&k->w);
    jw_karray(&k->w, "rows");
    k->status = call_limit_read(&k->c, &b);
    if (k->status == CRM_OK) {
        k->status = engine_read_now(k->c.session, &b);
    }
    jw_end_array(&k->w);
    jw_end_object(&k->w);
}

/* ---- making one ------------------------------------------------------------------------------ */

/* For himself, or for a program; never for another person. */
static crm_status check_user(api_call *k, token_wish *t)
{
    const json_t *given = json_object_get(k->request.json, "user");
    t->user = given ? json_integer_value(given) : k->who.user;
    const person *p = people_user(k->c.people, t->user);
    if (t->user == k->who.user) {
        bool may = may_settings(k) || call_may(&k->c, CRM_S("tokens"));
        return may ? CRM_OK : call_fail(&k->c, CRM_DENIED, "denied");
    }
    if (!may_settings(k)) {
        return call_fail(&k->c, CRM_DENIED, "denied");
    }
    if (!p || p->is_disabled) {
        return call_fail_field(&k->c, CRM_S("user"), "no_such_record", (crm_str){0});
    }
    return p->is_service ? CRM_OK
                         : call_fail_field(&k->c, CRM_S("user"), "not_a_service", (crm_str){0});
}

static void check_name(api_call *k, token_wish *t)
{
    t->name = str_trim(json_text(k->request.json, "name"));
    if (!t->name.n) {
        call_fail_field(&k->c, CRM_S("name"), "required", (crm_str){0});
    } else if (text_length(t->name) > TOKEN_NAME_MAX) {
        call_fail_field(&k->c, CRM_S("name"), "too_long", CRM_S("{\"max\":100}"));
    }
}

static void check_expiry(api_call *k, token_wish *t)
{
    const json_t *given = json_object_get(k->request.json, "expires_at");
    if (!given || json_is_null(given)) {
        return;
    }
    crm_str text = str_of(json_string_value(given));
    if (clock_parse(text, &t->expires_at) != CRM_OK) {
        call_fail_field(&k->c, CRM_S("expires_at"), "date_invalid", (crm_str){0});
    } else if (t->expires_at <= clock_now()) {
        call_fail_field(&k->c, CRM_S("expires_at"), "out_of_range", (crm_str){0});
    }
}

static bool is_entity(const registry *r, crm_str name)
{
    bool is_wild = str_ends(name, CRM_S(".*"));
    for (uint32_t i = 0; i < r->entity_count; i++) {
        const entity *e = r->entities[i];
        bool is_it =
            is_wild ? str_starts(e->name, (crm_str){name.p, name.n - 1}) : str_eq(e->name, name);
        if (is_it && !(e->flags & ENTITY_SYSTEM)) {
            return true;
        }
    }
    return false;
}

static bool is_function(const registry *r, crm_str name)
{
    for (uint32_t i = 0; i < r->function_count; i++) {
        if (str_eq(r->functions[i].function, name)) {
            return true;
        }
    }
    return false;
}

/* A list of names of which each must be known; false: told. */
static bool check_names(api_call *k, const char *part, const json_t *list,
                        bool (*is_known)(const registry *r, crm_str name))
{
    size_t i;
    json_t *item;
    const char *code = list && !json_is_array(list)               ? "type_mismatch"
                       : json_array_size(list) > ACCESS_NAMES_MAX ? "too_many"
                                                                  : NULL;
    json_array_foreach(list, i, item)
    {
        if (!code &&
            !(json_is_string(item) && is_known(k->c.reg, str_of(json_string_value(item))))) {
            code = "not_a_choice";
        }
    }
    if (code) {
        call_fail_field(&k->c, str_of(part), code, CRM_S("{\"max\":100}"));
    }
    return !code;
}

static void check_scope(api_call *k, token_wish *t)
{
    json_t *in = k->request.json, *entities = json_object_get(in, "entities");
    json_t *functions = json_object_get(in, "functions");
    crm_str access = json_text(in, "access");
    entities = json_is_null(entities) ? NULL : entities;
    if (!access.n) {
        access = CRM_S("read");
    }
    if (!str_is(access, "read") && !str_is(access, "write")) {
        call_fail_field(&k->c, CRM_S("access"), "not_a_choice",
                        CRM_S("{\"choices\":\"read, write\"}"));
    }
    bool is_good = check_names(k, "entities", entities, is_entity);
    is_good &= check_names(k, "functions", functions, is_function);
    if (!is_good || k->c.error.fields) {
        return;
    }
    json_t *all = json_pack("{s:s#,s:O?,s:O?}", "access", access.p, (int)access.n, "entities",
                            entities, "functions", functions);
    t->scope = json_dump(k->c.arena, all);
    json_decref(all);
}

static crm_status read_wish(api_call *k, wish *x)
{
    static const crm_str known[] = {{"name", 4},     {"user", 4},      {"access", 6},
                                    {"entities", 8}, {"functions", 9}, {"expires_at", 10}};
    const char *key;
    json_t *unused;
    crm_status s = api_read_json(k);
    s = s == CRM_OK ? check_user(k, &x->token) : s;
    if (s != CRM_OK && s != CRM_INVALID) {
        return s;
    }
    json_object_foreach(k->request.json, key, unused)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            is_known |= str_is(known[i], key);
        }
        if (!is_known) {
            call_fail_field(&k->c, str_of(key), "unknown_field", (crm_str){0});
        }
    }
    check_name(k, &x->token);
    check_expiry(k, &x->token);
    check_scope(k, &x->token);
    if (k->c.error.status != CRM_OK) {
        return k->c.error.status;
    }
    const access_scope *narrow; /* it is to be good before it is kept */
    return x->token.scope.n ? access_intern(x->token.scope, &narrow) : CRM_NOMEM;
}

static crm_status commit_make(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    wish *x = k->own;
    crm_str token;
    crm_status s = token_make(c, &x->token, &k->id, &token);
    if (s == CRM_OK) {
        x->text = arena_dup(k->http->arena, token);
    }
    return s;
}

static bool on_made(void *arg, const value *row, uint32_t matched)
{
    api_call *k = arg;
    (void)matched;
    put_row(k, row, ((wish *)k->own)->text);
    return false;
}

static void read_made(api_call *k)
{
    const entity *e = registry_store(k->c.reg, STORE_TOKEN);
    engine_op op = {.kind = ENGINE_GET, .entity = e, .id = k->id, .on_row = on_made, .arg = k};
    engine_batch b = {.ops = &op, .count = 1};
    jw_init(&k->w, &k->text);
    k->status = engine_read_now(k->c.session, &b);
}

static void made_read(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    http_set(k->http, "Location",
             arena_fmt(k->http->arena, "/api/v1/tokens/%lld", (long long)k->id));
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, 201);
}

static void made(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    log_event(LOG_INFO, "token.made", "token=%lld user=%lld by=%s", (long long)k->id,
              (long long)((wish *)k->own)->token.user, log_quote(k->who.name));
    api_pool(k, POOL_FAST, read_made, made_read);
}

static void make(api_call *k)
{
    wish *x = k->own = ARENA_NEW(k->http->arena, wish);
    crm_status s = x ? read_wish(k, x) : CRM_NOMEM;
    if (s != CRM_OK) {
        api_reply_error(k, s);
    } else {
        api_write(k, commit_make, made);
    }
}

/* ---- revoking -------------------------------------------------------------------------------- */

static crm_status commit_revoke(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    return token_revoke(c, k->id, call_may(c, CRM_S("settings")) ? 0 : k->who.user);
}

static void revoked(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    log_event(LOG_INFO, "token.revoked", "token=%lld by=%s", (long long)k->id,
              log_quote(k->who.name));
    streams_end_session(k->api->streams, -k->id, "session_ended");
    api_reply_empty(k, 204);
}

void tokens_route(api_call *k)
{
    http_verb v = k->http->verb;
    bool is_list = !k->rest.n;
    if (is_list && (v == VERB_GET || v == VERB_HEAD)) {
        api_read(k, read_list);
    } else if (is_list && v == VERB_POST) {
        make(k);
    } else if (!is_list && v == VERB_DELETE && str_to_i64(k->rest, &k->id) == CRM_OK && k->id > 0) {
        api_write(k, commit_revoke, revoked);
    } else if (is_list || v != VERB_DELETE) {
        api_reply_method(k, is_list ? "GET, HEAD, POST" : "DELETE");
    } else {
        api_reply_error(k, CRM_NOT_FOUND);
    }
}
