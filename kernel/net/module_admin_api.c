/*
 * module_admin_api.c - /api/v1/modules: what is known of modules, another version, on and off, and
 * for ever. What is asked is read here, and done by the layer that builds registries, on a worker.
 */
#include "net/api_private.h"

typedef struct modules_state {
    module_ask what;
    int http_status;
} modules_state;

static void ask(api_call *k)
{
    modules_state *x = k->own;
    const module_service *m = &k->api->o.module;
    k->status = m->ask(m->arg, &k->c, &x->what, &k->text, &x->http_status);
}

static void asked(api_call *k)
{
    modules_state *x = k->own;
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, x->http_status);
}

static bool read_verb(module_ask *a, crm_str verb)
{
    static const struct {
        const char *verb;
        module_act act;
    } verbs[] = {
        {"upgrade", MODULE_ACT_UPGRADE}, {"rollback", MODULE_ACT_ROLLBACK},
        {"enable", MODULE_ACT_ENABLE},   {"disable", MODULE_ACT_DISABLE},
        {"purge", MODULE_ACT_PURGE},
    };
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (str_is(verb, verbs[i].verb)) {
            a->act = verbs[i].act;
            return true;
        }
    }
    return false;
}

/* "<name>/<verb>" */
static crm_status read_change(api_call *k, module_ask *a)
{
    crm_str rest = k->rest;
    str_split(&rest, '/', &a->name);
    if (!a->name.n || !read_verb(a, rest)) {
        return CRM_NOT_FOUND;
    }
    if (k->http->verb != VERB_POST) {
        return CRM_METHOD;
    }
    crm_status s = k->http->body.n ? api_read_json(k) : CRM_OK;
    const json_t *version = json_object_get(k->request.json, "version");
    a->version = json_text(k->request.json, "version");
    a->typed = json_text(k->request.json, "name");
    a->is_check = str_is(http_param(k->http, "check"), "1");
    if (s == CRM_OK && version && !a->version.n) {
        s = call_fail_field(&k->c, CRM_S("version"), "type_mismatch", (crm_str){0});
    }
    return s;
}

void modules_route(api_call *k)
{
    if (module_settings_route(k)) {
        return;
    }
    modules_state *x = k->own = ARENA_NEW(k->http->arena, modules_state);
    crm_status s = x ? CRM_OK : CRM_NOMEM;
    if (s == CRM_OK && !call_may(&k->c, CRM_S("settings"))) {
        s = CRM_DENIED;
    }
    if (s == CRM_OK && k->rest.n) {
        s = read_change(k, &x->what);
    } else if (s == CRM_OK && k->http->verb != VERB_GET && k->http->verb != VERB_HEAD) {
        s = CRM_METHOD;
    }
    if (s != CRM_OK) {
        api_reply_error(k, s);
    } else {
        api_pool(k, POOL_WORKER, ask, asked);
    }
}
