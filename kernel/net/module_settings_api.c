/*
 * module_settings_api.c - /api/v1/modules/<name>/settings: what may be set of a module, and setting
 * it. Read on a pool, changed on the writer, answered from what was committed.
 */
#include "data/stores.h"
#include "flow/secrets.h"
#include "flow/settings.h"
#include "net/api_private.h"

/* ---- JSON, on the pool ----------------------------------------------------------------------- */

static void put_json(json_writer *w, const char *key, crm_str json)
{
    jw_key(w, str_of(key));
    jw_raw(w, json.n ? json : CRM_S("null"));
}

static void put_text(json_writer *w, const char *key, crm_str text)
{
    jw_key(w, str_of(key));
    if (text.n) {
        jw_str(w, text);
    } else {
        jw_null(w);
    }
}

/* The text of a key; empty where there is none. */
static crm_str text_of(crm_ctx *c, crm_str key)
{
    crm_str text = registry_text(c->reg, c->lang, key);
    return str_eq(text, key) ? (crm_str){0} : text;
}

static void put_changed(json_writer *w, crm_ctx *c, const setting_state *s)
{
    char at[CLOCK_TEXT];
    const person *p = s->by ? people_user(c->people, s->by) : NULL;
    jw_key(w, CRM_S("changed"));
    if (!s->changed.n) {
        jw_null(w);
        return;
    }
    clock_format(s->at, at);
    jw_object(w);
    jw_kstr(w, "at", str_of(at));
    jw_key(w, CRM_S("by"));
    if (s->by) {
        jw_object(w);
        jw_kint(w, "id", s->by);
        jw_kstr(w, "label", p ? p->name : (crm_str){0});
        jw_end_object(w);
    } else {
        jw_null(w);
    }
    jw_end_object(w);
}

static void put_bound(json_writer *w, const char *key, const setting *of, value bound)
{
    jw_key(w, str_of(key));
    if (value_is_null(bound)) {
        jw_null(w);
    } else {
        setting_put_bound(w, of, bound);
    }
}

static void put_number(json_writer *w, const char *key, bool is_said, int64_t number)
{
    jw_key(w, str_of(key));
    if (is_said) {
        jw_int(w, number);
    } else {
        jw_null(w);
    }
}

static void put_choices(json_writer *w, crm_ctx *c, const field *of)
{
    jw_key(w, CRM_S("choices"));
    if (of->type != FIELD_CHOICE) {
        jw_null(w);
        return;
    }
    jw_array(w);
    for (uint32_t i = 0; i < of->choice_count; i++) {
        jw_object(w);
        jw_kstr(w, "value", of->choices[i].value);
        jw_kstr(w, "label", registry_text(c->reg, c->lang, of->choices[i].label));
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void put_limits(json_writer *w, crm_ctx *c, const setting *of)
{
    jw_kbool(w, "required", (of->of.flags & FIELD_REQUIRED) != 0);
    put_bound(w, "min", of, of->of.least);
    put_bound(w, "max", of, of->of.most);
    put_number(w, "max_length", setting_has_length(of), of->of.max);
    put_number(w, "scale", of->of.type == FIELD_DECIMAL, of->of.scale);
    put_choices(w, c, &of->of);
}

/* Whether the server has the secret that is named; of other types nothing is said. */
static void put_given(json_writer *w, crm_ctx *c, const setting *of, crm_str in_force)
{
    crm_str name = of->is_secret ? setting_text(c->arena, of, in_force) : (crm_str){0};
    crm_str prefix = CRM_S("secret:");
    jw_key(w, CRM_S("given"));
    if (name.n > prefix.n) {
        jw_bool(w, secret_is_given(c->arena, (crm_str){name.p + prefix.n, name.n - prefix.n}));
    } else {
        jw_null(w);
    }
}

static void put_setting(json_writer *w, crm_ctx *c, const setting_state *s)
{
    const setting *of = s->of;
    crm_str in_force = setting_in_force(s);
    bool is_empty = str_is(in_force, "null");
    crm_str label = text_of(c, of->label);
    jw_object(w);
    jw_kstr(w, "name", of->name);
    jw_kstr(w, "type", setting_type(of));
    jw_kstr(w, "label", label.n ? label : of->name);
    put_text(w, "help", text_of(c, of->help));
    put_limits(w, c, of);
    put_json(w, "default", of->default_json);
    put_json(w, "tz", of->tz_json);
    put_json(w, "value", in_force);
    jw_kstr(w, "from", str_of(setting_from(s)));
    jw_kbool(w, "missing", is_empty && of->of.flags & FIELD_REQUIRED);
    put_given(w, c, of, in_force);
    put_changed(w, c, s);
    jw_end_object(w);
}

static void put_aside(json_writer *w, crm_ctx *c, const setting_state *s)
{
    field_error e = {.code = str_of(s->why.code), .params_json = s->why.params_json};
    jw_object(w);
    jw_kstr(w, "name", s->name);
    put_json(w, "value", s->changed);
    jw_kstr(w, "code", e.code);
    problem_detail(w, c, &e, true);
    put_changed(w, c, s);
    jw_end_object(w);
}

static void put_all(api_call *k, const setting_states *all)
{
    const settings_ask *x = k->own;
    json_writer *w = &k->w;
    jw_init(w, &k->text);
    jw_object(w);
    jw_kstr(w, "module", x->owner);
    jw_kstr(w, "rev", x->rev);
    jw_karray(w, "settings");
    for (uint32_t i = 0; i < all->count; i++) {
        if (all->at[i].of) {
            put_setting(w, &k->c, &all->at[i]);
        }
    }
    jw_end_array(w);
    jw_karray(w, "aside");
    for (uint32_t i = 0; i < all->count; i++) {
        if (all->at[i].is_aside) {
            put_aside(w, &k->c, &all->at[i]);
        }
    }
    jw_end_array(w);
    jw_end_object(w);
}

static void read_all(api_call *k)
{
    settings_ask *x = k->own;
    setting_states all;
    k->status = settings_read(&k->c, x->owner, &all);
    if (k->status != CRM_OK) {
        return;
    }
    x->rev = settings_rev(k->c.arena, &all);
    put_all(k, &all);
    k->status = x->rev.p && !k->text.failed ? CRM_OK : CRM_NOMEM;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void answered(api_call *k)
{
    const settings_ask *x = k->own;
    http_request *h = k->http;
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    http_set(h, "ETag", arena_fmt(h->arena, "\"%.*s\"", STR_FMT(x->rev)));
    buf_str(http_body(h), buf_view(&k->text));
    api_reply(k, 200);
}

/* Somebody was first: the answer carries what holds now. */
static void stale_read(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    api_reply_stale(k, buf_view(&k->text));
}

static crm_status commit(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    const settings_ask *x = k->own;
    return settings_change(c, x->owner, k->request.json, x->seen);
}

void module_settings_saved(api_call *k)
{
    if (k->status != CRM_OK && k->status != CRM_STALE) {
        api_reply_error(k, k->status);
        return;
    }
    api_pool(k, POOL_FAST, read_all, k->status == CRM_OK ? answered : stale_read);
}

/* ---- the route ------------------------------------------------------------------------------- */

static void set_them(api_call *k, settings_ask *x)
{
    crm_status s = api_read_json(k);
    x->seen = api_seen_rev(k->http);
    if (s != CRM_OK) {
        api_reply_error(k, s);
    } else {
        api_write(k, commit, module_settings_saved);
    }
}

static void read_or_set(api_call *k)
{
    http_verb v = k->http->verb;
    if (v == VERB_GET || v == VERB_HEAD) {
        api_pool(k, POOL_FAST, read_all, answered);
    } else if (v == VERB_PATCH) {
        set_them(k, k->own);
    } else {
        api_reply_method(k, "GET, HEAD, PATCH");
    }
}

/* NULL: it is about something else. */
static void (*action_of(crm_str rest))(api_call *)
{
    return str_is(rest, "settings")           ? read_or_set
           : str_is(rest, "settings/changes") ? module_settings_changes
           : str_is(rest, "settings/undo")    ? module_settings_undo
                                              : NULL;
}

bool module_settings_route(api_call *k)
{
    crm_str rest = k->rest, owner = {0};
    str_split(&rest, '/', &owner);
    void (*act)(api_call *) = action_of(rest);
    if (!owner.n || !act) {
        return false;
    }
    settings_ask *x = k->own = ARENA_NEW(k->http->arena, settings_ask);
    if (!x || !call_may(&k->c, CRM_S("settings"))) {
        api_reply_error(k, x ? CRM_DENIED : CRM_NOMEM);
        return true;
    }
    x->owner = owner;
    if (!settings_have(k->c.reg, owner)) {
        api_reply_code(k, CRM_NOT_FOUND, "module_not_in_force");
    } else {
        act(k);
    }
    return true;
}
