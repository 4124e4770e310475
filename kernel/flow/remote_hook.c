/*
 * remote_hook.c - what a service says of a change: asked before it, or told after it. remote.h.
 */
#include "data/rights.h"
#include "flow/remote_private.h"

#define JOB        CRM_S("kernel.remote")
#define KEY_DIGITS 24

/* ---- which hooks ----------------------------------------------------------------------------- */

static crm_status before(crm_ctx *c, record *now, const record *was, const void *fn);
static crm_status after(crm_ctx *c, record *now, const record *was, const void *fn);

static bool is_asked(const hook *h, const entity *e, hook_when when)
{
    return h->run == before && h->when == when && str_eq(h->entity_name, e->name);
}

bool remote_asks(const registry *r, const entity *e, hook_when when)
{
    for (uint32_t i = 0; i < r->hook_count; i++) {
        if (is_asked(&r->hooks[i], e, when)) {
            return true;
        }
    }
    return false;
}

static bool is_changed(const remote_call *call, const entity *e, const value *now, const value *was)
{
    for (uint32_t i = 0; was && i < call->field_count; i++) {
        const field *f = entity_field(e, call->fields[i]);
        if (f && !value_equal(now[f->index], was[f->index])) {
            return true;
        }
    }
    return !was || !call->field_count;
}

/* ---- before: in the transaction -------------------------------------------------------------- */

/* The verdict on this very write: of the call itself, not of what a hook writes meanwhile. */
static const remote_verdict *verdict_on(const crm_ctx *c, const remote_call *call)
{
    const remote_verdict *v = c->hook_depth == 1 ? c->verdicts : NULL;
    while (v && v->call != call) {
        v = v->next;
    }
    return v;
}

static crm_status fail_named(crm_ctx *c, const remote_call *call, crm_status s, const char *code)
{
    call_fail(c, s, code);
    c->error.params_json = arena_fmt(c->arena, "{\"module\":\"%.*s\"}", STR_FMT(call->module));
    return s;
}

static crm_status as_declared(crm_ctx *c, const remote_call *call, bool was_asked)
{
    if (call->on_failure == REMOTE_LET_THROUGH) {
        remote_note_let_through(call, was_asked);
        return CRM_OK;
    }
    return was_asked ? remote_fail(c, call) : fail_named(c, call, CRM_CONFLICT, "remote_not_asked");
}

static crm_status refuse(crm_ctx *c, const remote_verdict *v)
{
    remote_note_refused(v->call);
    if (!v->errors) {
        return fail_named(c, v->call, CRM_INVALID, "remote_refused");
    }
    for (const remote_refusal *e = v->errors; e; e = e->next) {
        const char *name = e->field.n ? arena_cstr(c->arena, e->field) : NULL;
        (void)!call_fail_text(c, CRM_INVALID, name, "%.*s", STR_FMT(e->text));
    }
    return CRM_INVALID;
}

static crm_status before(crm_ctx *c, record *now, const record *was, const void *fn)
{
    const remote_call *call = fn;
    bool is_own = str_eq(c->answered_by, call->module);
    if (is_own || !is_changed(call, now->entity, now->v, was ? was->v : NULL)) {
        return CRM_OK;
    }
    const remote_verdict *v = verdict_on(c, call);
    if (!v || v->record != (was ? was->v[COL_ID].i : 0)) {
        return as_declared(c, call, false);
    }
    if (was && v->rev != was->v[COL_REV].i) {
        return fail_named(c, call, CRM_CONFLICT, "remote_outdated");
    }
    if (v->has_failed) {
        return as_declared(c, call, true);
    }
    return v->is_refused ? refuse(c, v) : remote_apply(c, now, v->set_json);
}

bool remote_is_outdated(const crm_ctx *c)
{
    return str_is(c->error.code, "remote_outdated");
}

/* ---- before: asking, on a pool --------------------------------------------------------------- */

/* A text, or one of {"ru","en"}: the reader's, else whichever there is. */
static crm_str text_of(const crm_ctx *c, const json_t *json)
{
    if (json_is_object(json)) {
        crm_str own = json_text(json, str_is(c->lang, "en") ? "en" : "ru");
        crm_str other = json_text(json, "ru").n ? json_text(json, "ru") : json_text(json, "en");
        return own.n ? own : other;
    }
    const char *text = json_string_value(json);
    return text ? str_of(text) : (crm_str){0};
}

static bool is_sent(const remote_call *call, crm_str name)
{
    for (uint32_t i = 0; i < call->send_count; i++) {
        if (str_eq(call->send[i], name)) {
            return true;
        }
    }
    return false;
}

static bool read_refusal(crm_ctx *c, const remote_call *call, const json_t *json,
                         remote_refusal *out)
{
    crm_str text = text_of(c, json_object_get(json, "text"));
    crm_str field_name = json_text(json, "field");
    if (!text.n || text.n > REMOTE_TEXT_MAX) {
        return false;
    }
    *out = (remote_refusal){.text = arena_dup(c->arena, text)};
    if (field_name.n && is_sent(call, field_name)) {
        out->field = arena_dup(c->arena, field_name);
    }
    return true;
}

static crm_status bad_answer(const remote_call *call, const char *where)
{
    remote_note_failure(call, "bad_answer", str_of(where));
    return CRM_UPSTREAM;
}

static crm_status read_refusals(crm_ctx *c, const json_t *answer, remote_verdict *v)
{
    const json_t *list = json_object_get(answer, "errors");
    v->is_refused = true;
    if ((list && !json_is_array(list)) || json_array_size(list) > REMOTE_ERRORS_MAX) {
        return bad_answer(v->call, "errors");
    }
    for (size_t i = json_array_size(list); i > 0; i--) {
        remote_refusal *one = ARENA_NEW(c->arena, remote_refusal);
        if (!one || !read_refusal(c, v->call, json_array_get(list, i - 1), one)) {
            return one ? bad_answer(v->call, "errors.text") : CRM_NOMEM;
        }
        one->next = v->errors;
        v->errors = one;
    }
    return CRM_OK;
}

/* {"ok":true,"set":{…}}, {"ok":false,"errors":[…]}, or nothing, which is yes. */
static crm_status read_verdict(crm_ctx *c, const json_t *answer, remote_verdict *v)
{
    const json_t *ok = json_object_get(answer, "ok");
    if (answer && !json_is_boolean(ok)) {
        return bad_answer(v->call, "ok");
    }
    crm_status s = json_is_false(ok) ? read_refusals(c, answer, v)
                                     : remote_read_set(c, v->call, answer, &v->set_json);
    if (s == CRM_OK) {
        remote_note_answer(v->call->module);
    }
    return s;
}

/* The same for the same request of a client that repeats it, about the same state of the record. */
static crm_str message_of(crm_ctx *c, const remote_call *call, int64_t rev, crm_str key)
{
    uint8_t digest[SHA256_SIZE];
    if (!key.n) {
        crm_str token = crypto_token(c->arena, KEY_DIGITS / 2);
        return arena_fmt(c->arena, "ask_%.*s", STR_FMT(token));
    }
    crypto_sha256(arena_fmt(c->arena, "%lld:%lld:%.*s:%.*s.%.*s", (long long)c->who->user,
                            (long long)rev, STR_FMT(key), STR_FMT(call->module), STR_FMT(call->id)),
                  digest);
    return arena_fmt(c->arena, "ask_%.*s", KEY_DIGITS,
                     crypto_hex(c->arena, digest, sizeof digest).p);
}

static int64_t limit_of(const crm_ctx *c, const remote_call *call)
{
    int64_t left = c->until ? (c->until - clock_mono()) / 1000000 : call->limit_ms;
    return left < call->limit_ms ? left : call->limit_ms;
}

static crm_status ask_one(crm_ctx *c, const hook *h, const record *r, crm_str key)
{
    json_t *answer = NULL;
    const remote_call *call = h->fn;
    remote_verdict *v = ARENA_NEW(c->arena, remote_verdict);
    if (!v) {
        return CRM_NOMEM;
    }
    *v = (remote_verdict){.next = c->verdicts,
                          .call = call,
                          .record = r->is_new ? 0 : r->v[COL_ID].i,
                          .rev = r->is_new ? 0 : r->v[COL_REV].i};
    remote_question q = {.call = call,
                         .message = message_of(c, call, v->rev, key),
                         .type = arena_fmt(c->arena, "%.*s.%s", STR_FMT(r->entity->name),
                                           r->is_new ? "before_create" : "before_update"),
                         .subject = r,
                         .changed = r->set,
                         .limit_ms = limit_of(c, call)};
    crm_status s = remote_put(c, &q, &answer);
    s = s == CRM_OK ? read_verdict(c, answer, v) : s;
    json_decref(answer);
    v->has_failed = s == CRM_UPSTREAM;
    c->verdicts = v;
    return v->has_failed ? CRM_OK : s;
}

/* The record as it would be stored, as far as that can be said before. */
static crm_status make_subject(crm_ctx *c, const entity *e, int64_t id, record **out)
{
    bool may = id || rights_may_some(c, e, ACTION_CREATE);
    crm_status s = !may ? CRM_DENIED : id ? records_get(c, e, id, out) : records_new(c, e, out);
    if (s == CRM_OK && id && !((*out)->actions & 1u << ACTION_UPDATE)) {
        s = CRM_DENIED;
    }
    return s;
}

crm_status remote_ask(crm_ctx *c, const entity *e, int64_t id, const json_t *json, crm_str key)
{
    record *r = NULL;
    hook_when when = id ? HOOK_BEFORE_UPDATE : HOOK_BEFORE_CREATE;
    c->verdicts = NULL;
    crm_status s = make_subject(c, e, id, &r);
    value *was = s == CRM_OK && id ? ARENA_ARRAY(c->arena, value, e->field_count) : NULL;
    if (was) {
        memcpy(was, r->v, e->field_count * sizeof(value));
    }
    s = s == CRM_OK ? record_from_json(c, r, json) : s;
    for (uint32_t i = 0; s == CRM_OK && i < c->reg->hook_count; i++) {
        const hook *h = &c->reg->hooks[i];
        if (is_asked(h, e, when) && is_changed(h->fn, e, r->v, was)) {
            s = ask_one(c, h, r, key);
        }
    }
    c->error = (call_error){0}; /* what is wrong with the write is said where it is tried */
    return s == CRM_NOMEM || s == CRM_UNAVAILABLE || s == CRM_TIMEOUT ? s : CRM_OK;
}

/* ---- after ----------------------------------------------------------------------------------- */

static crm_status after(crm_ctx *c, record *now, const record *was, const void *fn)
{
    buf b;
    json_writer w;
    const remote_call *call = fn;
    bool is_told = is_changed(call, now->entity, now->v, was ? was->v : NULL);
    if (c->is_quiet || !is_told || str_eq(c->answered_by, call->module)) {
        return CRM_OK;
    }
    crm_str token = crypto_token(c->arena, KEY_DIGITS / 2);
    crm_str message = arena_fmt(c->arena, "evt_%.*s", STR_FMT(token));
    buf_init(&b, 1u << 16);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "module", call->module);
    jw_kstr(&w, "id", call->id);
    jw_kint(&w, "record", now->v[COL_ID].i);
    jw_kstr(&w, "op", was ? CRM_S("updated") : CRM_S("created"));
    jw_kstr(&w, "message", message);
    jw_karray(&w, "fields");
    for (uint32_t i = 0; i < call->send_count; i++) {
        const field *f = entity_field(now->entity, call->send[i]);
        if (f && bits_has(now->set, f->index)) {
            jw_str(&w, f->name);
        }
    }
    jw_end_array(&w);
    jw_end_object(&w);
    crm_str arg = b.failed ? (crm_str){0} : arena_dup(c->arena, buf_view(&b));
    buf_free(&b);
    return arg.p && message.p ? timers_schedule(c, JOB, message, clock_now(), arg) : CRM_NOMEM;
}

/* What a due row tells of. */
typedef struct told {
    const remote_call *call;
    crm_str op, message, set_json;
    int64_t record;
    uint64_t changed[4];
} told;

static const remote_call *find_call(const registry *r, crm_str module, crm_str id)
{
    for (uint32_t i = 0; i < r->hook_count; i++) {
        const remote_call *call = r->hooks[i].run == after ? r->hooks[i].fn : NULL;
        if (call && str_eq(call->module, module) && str_eq(call->id, id)) {
            return call;
        }
    }
    return NULL;
}

static crm_status read_told(crm_ctx *c, crm_str arg, told *out)
{
    json_t *json, *item;
    size_t i;
    crm_status s = json_read(arg, 0, &json, NULL);
    if (s != CRM_OK) {
        return s;
    }
    out->call = find_call(c->reg, json_text(json, "module"), json_text(json, "id"));
    out->op = arena_dup(c->arena, json_text(json, "op"));
    out->message = arena_dup(c->arena, json_text(json, "message"));
    out->record = json_integer_value(json_object_get(json, "record"));
    const entity *e = out->call ? registry_entity(c->reg, out->call->entity_name) : NULL;
    json_array_foreach(json_object_get(json, "fields"), i, item)
    {
        const field *f = e ? entity_field(e, str_of(json_string_value(item))) : NULL;
        if (f) {
            bits_add(out->changed, f->index);
        }
    }
    json_decref(json);
    return e ? CRM_OK : call_fail(c, CRM_UNAVAILABLE, "module_away"); /* off: the row waits */
}

static crm_status put_told(crm_ctx *c, told *t, const record *subject)
{
    json_t *answer = NULL;
    remote_question q = {
        .call = t->call,
        .message = t->message,
        .type = arena_fmt(c->arena, "%.*s.%.*s", STR_FMT(subject->entity->name), STR_FMT(t->op)),
        .subject = subject,
        .changed = t->changed,
        .limit_ms = t->call->limit_ms};
    crm_status s = remote_put(c, &q, &answer);
    s = s == CRM_OK ? remote_read_set(c, t->call, answer, &t->set_json) : s;
    json_decref(answer);
    if (s == CRM_OK) {
        remote_note_answer(t->call->module);
    } else if (s == CRM_UPSTREAM && t->call->on_failure == REMOTE_LET_THROUGH) {
        remote_note_let_through(t->call, true);
        s = CRM_OK;
    }
    return s;
}

static principal *module_principal(crm_ctx *c, crm_str module)
{
    principal *who = ARENA_NEW(c->arena, principal);
    if (who) {
        *who = (principal){.kind = PRINCIPAL_MODULE, .name = module};
    }
    return who;
}

static crm_status tell(crm_ctx *c, crm_str arg, const void *fn)
{
    told *t = ARENA_NEW(c->arena, told);
    const principal *asker = c->who;
    record *subject;
    (void)fn;
    crm_status s = t ? read_told(c, arg, t) : CRM_NOMEM;
    c->prepared = t;
    if (s != CRM_OK) {
        return s;
    }
    c->who = module_principal(c, t->call->module);
    const entity *e = registry_entity(c->reg, t->call->entity_name);
    s = c->who ? records_get(c, e, t->record, &subject) : CRM_NOMEM;
    if (s == CRM_OK) {
        s = put_told(c, t, subject);
    } else if (s == CRM_NOT_FOUND) { /* deleted meanwhile: nothing is left to tell */
        c->error = (call_error){0};
        s = CRM_OK;
    }
    c->who = asker;
    return s;
}

static crm_status write_told(crm_ctx *c, crm_str arg, const void *fn)
{
    const told *t = c->prepared;
    const principal *asker = c->who;
    record *subject;
    (void)arg;
    (void)fn;
    if (!t->set_json.n) {
        return CRM_OK;
    }
    c->who = module_principal(c, t->call->module);
    c->via = arena_fmt(c->arena, "remote:%.*s", STR_FMT(t->call->module));
    const entity *e = registry_entity(c->reg, t->call->entity_name);
    crm_status s = c->who ? records_get(c, e, t->record, &subject) : CRM_NOMEM;
    if (s == CRM_NOT_FOUND) {
        c->error = (call_error){0};
        c->who = asker;
        return CRM_OK;
    }
    s = s == CRM_OK ? remote_write(c, t->call, subject, t->set_json) : s;
    c->who = asker;
    return s;
}

/* ---- rows of a registry ---------------------------------------------------------------------- */

crm_status remote_add_hook(registry *r, const remote_call *call, hook_when when)
{
    bool is_before = when == HOOK_BEFORE_CREATE || when == HOOK_BEFORE_UPDATE;
    /* After the hooks of native modules, so that what they refuse never leaves the server. */
    hook h = {.entity_name = call->entity_name,
              .when = when,
              .order = 900000,
              .module = call->module,
              .run = is_before ? before : after,
              .fn = call};
    return registry_add_hook(r, &h);
}

crm_status remote_register(registry *r)
{
    job j = {.work = tell,
             .run = write_told,
             .name = JOB,
             .module = CRM_S("kernel"),
             .is_outside = true,
             .limit_ms = REMOTE_HOOK_MAX_MS + 5000};
    return registry_add_job(r, &j);
}
