/*
 * remote_ask.c - one question to the service of a module, and what of its answer may be believed:
 * nothing that is not JSON of the shape that remote.h tells, within its bounds.
 */
#include "data/field.h"
#include "flow/remote_private.h"
#include "flow/settings.h"
#include "flow/webhook_private.h"

#define JSON_ITEMS 1000

/* ---- the question ---------------------------------------------------------------------------- */

static void put_field(json_writer *w, const record *r, crm_str name)
{
    const field *f = entity_field(r->entity, name);
    if (!f || f->flags & FIELD_HIDDEN || !(bits_has(r->visible, f->index) || r->is_new)) {
        return; /* what the acting principal does not see is not sent either */
    }
    jw_key(w, name);
    field_to_json(w, f, &r->v[f->index], (crm_str){0}, false);
}

static void put_record(json_writer *w, const remote_question *q)
{
    const record *r = q->subject;
    jw_kobject(w, "record");
    for (uint32_t i = 0; i < q->call->send_count; i++) {
        put_field(w, r, q->call->send[i]);
    }
    jw_end_object(w);
    if (!q->changed) {
        return;
    }
    jw_karray(w, "fields");
    for (uint32_t i = 0; i < q->call->send_count; i++) {
        const field *f = entity_field(r->entity, q->call->send[i]);
        if (f && bits_has(q->changed, f->index)) {
            jw_str(w, f->name);
        }
    }
    jw_end_array(w);
}

static void put_actor(json_writer *w, const crm_ctx *c)
{
    jw_kobject(w, "actor");
    if (c->who->user) {
        jw_kint(w, "user", c->who->user);
    }
    jw_kstr(w, "name", c->who->name);
    jw_end_object(w);
}

static crm_status write_body(crm_ctx *c, const remote_question *q, crm_str *out)
{
    buf b;
    json_writer w;
    char moment[CLOCK_TEXT];
    const record *r = q->subject;
    clock_format(clock_now(), moment);
    buf_init(&b, REMOTE_BODY_MAX);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "type", q->type);
    jw_kstr(&w, "timestamp", str_of(moment));
    jw_kobject(&w, "data");
    jw_kstr(&w, "entity", r->entity->name);
    if (!r->is_new) {
        jw_kint(&w, "id", r->v[COL_ID].i);
        jw_kint(&w, "rev", r->v[COL_REV].i);
    }
    put_actor(&w, c);
    if (q->params_json.n) {
        jw_key(&w, CRM_S("params"));
        jw_raw(&w, q->params_json);
    }
    put_record(&w, q);
    jw_end_object(&w);
    jw_end_object(&w);
    bool is_whole = !b.failed;
    *out = is_whole ? arena_dup(c->arena, buf_view(&b)) : (crm_str){0};
    buf_free(&b);
    return !is_whole ? CRM_TOO_LARGE : out->p ? CRM_OK : CRM_NOMEM;
}

/* ---- the request ----------------------------------------------------------------------------- */

static crm_status url_of(crm_ctx *c, const remote *to, crm_str *url)
{
    crm_str json = {0};
    crm_status s = CRM_OK;
    *url = to->url;
    if (to->url_setting.n) {
        s = setting_value(c, to->module, to->url_setting, &json);
        *url = s == CRM_OK ? setting_text(c->arena, NULL, json) : (crm_str){0};
    }
    while (url->n && url->p[url->n - 1] == '/') {
        url->n--;
    }
    return s;
}

/* `r->body` is what is signed; of a GET, which has none, `path`. */
static crm_status sign(crm_ctx *c, const remote *to, crm_str message, crm_str path, post_request *r)
{
    crm_str key;
    arena *a = c->arena;
    int64_t seconds = clock_now() / 1000;
    const char **headers = ARENA_ARRAY(a, const char *, 4);
    crm_status s = headers ? webhook_key(a, to->secret_json, &key) : CRM_NOMEM;
    if (s != CRM_OK) {
        return s;
    }
    crm_str signature = webhook_signature(a, key, message, seconds, r->is_get ? path : r->body);
    headers[0] = arena_fmt(a, "webhook-id: %.*s", STR_FMT(message)).p;
    headers[1] = arena_fmt(a, "webhook-timestamp: %lld", (long long)seconds).p;
    headers[2] = arena_fmt(a, "webhook-signature: %.*s", STR_FMT(signature)).p;
    r->headers = headers;
    return arena_failed(a) ? CRM_NOMEM : CRM_OK;
}

crm_status remote_fill(crm_ctx *c, crm_str module, crm_str path, crm_str message, post_request *r)
{
    const remote *to = registry_remote(c->reg, module);
    guard_list *allowed = ARENA_NEW(c->arena, guard_list);
    if (!to || !allowed) {
        return to ? CRM_NOMEM : CRM_MISUSE;
    }
    crm_str url;
    crm_status s = url_of(c, to, &url);
    if (s != CRM_OK) {
        return s;
    }
    url = arena_fmt(c->arena, "%.*s%.*s", STR_FMT(url), STR_FMT(path));
    if (!url.p || !post_is_url(url, true)) {
        return CRM_INVALID;
    }
    guard_read_list(c->reg->outgoing_private, allowed);
    r->url = arena_cstr(c->arena, url);
    r->allowed = allowed;
    r->ca_file = c->reg->outgoing_ca.n ? arena_cstr(c->arena, c->reg->outgoing_ca) : NULL;
    return sign(c, to, message, path, r);
}

static const char *error_of_filling(crm_status s)
{
    return s == CRM_INVALID ? "bad_url" : s == CRM_NOT_FOUND ? "secret" : status_code(s);
}

crm_status remote_fail(crm_ctx *c, const remote_call *call)
{
    call_fail(c, CRM_UPSTREAM, "remote_failed");
    c->error.params_json = arena_fmt(c->arena, "{\"module\":\"%.*s\"}", STR_FMT(call->module));
    return CRM_UPSTREAM;
}

static crm_status failed(const remote_call *call, const char *error, crm_str detail)
{
    remote_note_failure(call, error, detail);
    return CRM_UPSTREAM;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static crm_status read_answer(crm_ctx *c, const remote_call *call, const post_request *r,
                              json_t **answer)
{
    crm_str text = buf_view(r->whole);
    *answer = NULL;
    if (r->error && strcmp(r->error, "cancelled") == 0) {
        return CRM_UNAVAILABLE; /* this server stops: nothing was answered, nothing failed */
    }
    if (r->error) {
        return failed(call, r->error, (crm_str){0});
    }
    if (r->status < 200 || r->status > 299) {
        return failed(call, arena_fmt(c->arena, "status_%d", r->status).p, (crm_str){0});
    }
    if (r->status == 204 || !text.n) {
        return CRM_OK;
    }
    if (json_read(text, JSON_ITEMS, answer, NULL) != CRM_OK) {
        return failed(call, "bad_answer", CRM_S("json"));
    }
    if (!json_is_object(*answer)) {
        json_decref(*answer);
        *answer = NULL;
        return failed(call, "bad_answer", CRM_S("object"));
    }
    return CRM_OK;
}

crm_status remote_put(crm_ctx *c, const remote_question *q, json_t **answer)
{
    buf whole;
    post_request r = {.limit_ms = (long)q->limit_ms, .whole = &whole};
    const remote_call *call = q->call;
    *answer = NULL;
    if (!remote_may_ask(call->module)) {
        log_event(LOG_INFO, "remote.not_asked", "module=%s", log_quote(call->module));
        return CRM_UPSTREAM;
    }
    if (q->limit_ms < 1) {
        return failed(call, "timeout", (crm_str){0}); /* those before it took all there was */
    }
    crm_str path = arena_fmt(c->arena, "/%.*s/%.*s", STR_FMT(call->kind), STR_FMT(call->id));
    crm_status s = write_body(c, q, &r.body);
    s = s == CRM_OK ? remote_fill(c, call->module, path, q->message, &r) : s;
    if (s != CRM_OK) {
        return failed(call, error_of_filling(s), (crm_str){0});
    }
    if (c->session) {
        engine_turn_end(c->session); /* a snapshot kept so long keeps the log from beginning anew */
    }
    buf_init(&whole, REMOTE_ANSWER_MAX);
    post_now(&r);
    s = read_answer(c, call, &r, answer);
    buf_free(&whole);
    return s;
}

/* ---- what it sets ---------------------------------------------------------------------------- */

static bool is_declared(const remote_call *call, const char *name)
{
    for (uint32_t i = 0; i < call->set_count; i++) {
        if (str_is(call->set[i], name)) {
            return true;
        }
    }
    return false;
}

/* A code when the member is none the service may set, or its value none the field takes. */
static const char *fault_of(crm_ctx *c, const remote_call *call, const char *name,
                            const json_t *json, field_result *out)
{
    const entity *e = registry_entity(c->reg, call->entity_name);
    const field *f = e && is_declared(call, name) ? entity_field(e, str_of(name)) : NULL;
    field_source from = {.arena = c->arena, .reg = c->reg};
    *out = (field_result){0};
    if (!f) {
        return "unknown_field";
    }
    crm_status s = field_read_json(&from, f, json, out);
    return s == CRM_OK ? NULL : out->code ? out->code : status_code(s);
}

crm_status remote_read_set(crm_ctx *c, const remote_call *call, const json_t *answer,
                           crm_str *set_json)
{
    const json_t *set = json_object_get(answer, "set");
    const char *name;
    json_t *json;
    *set_json = (crm_str){0};
    if (!set) {
        return CRM_OK;
    }
    if (!json_is_object(set)) {
        return failed(call, "bad_answer", CRM_S("set"));
    }
    json_object_foreach((json_t *)set, name, json)
    {
        field_result got;
        const char *code = fault_of(c, call, name, json, &got);
        if (code) {
            return failed(call, "bad_answer", arena_fmt(c->arena, "set.%s: %s", name, code));
        }
    }
    *set_json = json_dump(c->arena, set);
    return set_json->p ? CRM_OK : CRM_NOMEM;
}

crm_status remote_apply(crm_ctx *c, record *subject, crm_str set_json)
{
    json_t *set = NULL, *json;
    const char *name;
    field_source from = {.arena = c->arena, .reg = c->reg};
    crm_status s = set_json.n ? json_read(set_json, JSON_ITEMS, &set, NULL) : CRM_OK;
    json_object_foreach(set, name, json)
    {
        field_result got = {0};
        const field *f = entity_field(subject->entity, str_of(name));
        s = s == CRM_OK ? f ? field_read_json(&from, f, json, &got) : CRM_NOT_FOUND : s;
        s = s == CRM_OK ? record_set(subject, f, got.v) : s;
        s = s == CRM_OK ? record_mark(subject, f, got.is_marked) : s;
    }
    json_decref(set);
    return s == CRM_OK ? s : call_fail(c, CRM_UPSTREAM, "remote_failed");
}

crm_status remote_write(crm_ctx *c, const remote_call *call, record *subject, crm_str set_json)
{
    crm_status s = remote_apply(c, subject, set_json);
    c->answered_by = call->module;
    s = s == CRM_OK ? records_save(c, subject, 0) : s;
    c->answered_by = (crm_str){0};
    return s;
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* What pages do is nobody's verdict on a change: whoever may open them must not stop the hooks. */
static crm_status page_failed(crm_str module, const char *error, crm_str path)
{
    log_event(LOG_WARN, "remote.page_failed", "module=%s error=%s path=%s", log_quote(module),
              error, log_quote(path));
    return CRM_UPSTREAM;
}

crm_status remote_get(crm_ctx *c, crm_str module, crm_str path, buf *out, char type[REMOTE_TYPE])
{
    post_request r = {.limit_ms = REMOTE_PAGE_MS, .is_get = true, .whole = out};
    _Static_assert(REMOTE_TYPE >= POST_TYPE_KEPT, "the type fits");
    crm_str token = crypto_token(c->arena, 12);
    crm_str message = arena_fmt(c->arena, "get_%.*s", STR_FMT(token));
    crm_status s = remote_fill(c, module, path, message, &r);
    if (s != CRM_OK) {
        return page_failed(module, error_of_filling(s), path);
    }
    if (c->session) {
        engine_turn_end(c->session);
    }
    post_now(&r);
    if (r.error) {
        return page_failed(module, r.error, path);
    }
    memcpy(type, r.content_type, POST_TYPE_KEPT);
    if (r.status == 404) {
        return CRM_NOT_FOUND;
    }
    return r.status == 200
               ? CRM_OK
               : page_failed(module, arena_fmt(c->arena, "status_%d", r.status).p, path);
}
