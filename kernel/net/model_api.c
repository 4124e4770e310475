/*
 * model_api.c - /api/v1/model: own entities and fields. What is asked is read here, and done by the
 * layer that builds registries, on a worker.
 */
#include "data/positions.h"
#include "net/api_private.h"

typedef struct model_state {
    model_ask what;
    int http_status;
} model_state;

static void ask(api_call *k)
{
    model_state *x = k->own;
    const model_service *m = &k->api->o.model;
    k->status = m->ask(m->arg, &k->c, &x->what, &k->text, &x->http_status);
}

static void asked(api_call *k)
{
    model_state *x = k->own;
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, x->http_status ? x->http_status : 200);
}

/* "entity/<entity>/field/<field>/<verb>", from behind "model/". */
static bool read_path(model_ask *a, crm_str rest, crm_str *verb)
{
    crm_str part = {0};
    *verb = (crm_str){0};
    if (!rest.n) {
        return true;
    }
    if (str_is(rest, "changes")) {
        *verb = rest;
        return true;
    }
    if (!str_split(&rest, '/', &part) || !str_is(part, "entity")) {
        return false;
    }
    if (str_split(&rest, '/', &a->entity) && str_split(&rest, '/', &part)) {
        if (!str_is(part, "field")) {
            *verb = part;
            return !rest.n;
        }
        *verb = CRM_S("field");
        if (str_split(&rest, '/', &a->field) && str_split(&rest, '/', verb)) {
            return !rest.n;
        }
        *verb = a->field.n ? (crm_str){0} : *verb;
    }
    return true;
}

static const char *methods_of(const api_call *k, const model_ask *a, crm_str verb)
{
    if (!k->rest.n || str_is(k->rest, "changes")) {
        return "GET, HEAD";
    }
    return a->entity.n && !verb.n ? "PATCH, DELETE" : "POST";
}

static bool choose(api_call *k, model_ask *a, crm_str verb)
{
    http_verb v = k->http->verb;
    bool is_post = v == VERB_POST, is_one = a->entity.n > 0 && !verb.n;
    if (!k->rest.n && (v == VERB_GET || v == VERB_HEAD)) {
        a->act = MODEL_ACT_LIST;
    } else if (str_is(k->rest, "changes")) {
        a->act = MODEL_ACT_CHANGES;
        return v == VERB_GET || v == VERB_HEAD;
    } else if (is_post && !a->entity.n && k->rest.n) {
        a->act = MODEL_ACT_ADD_ENTITY;
    } else if (is_post && str_is(verb, "field") && !a->field.n) {
        a->act = MODEL_ACT_ADD_FIELD;
    } else if (is_one && v == VERB_PATCH) {
        a->act = MODEL_ACT_CHANGE;
    } else if (is_one && v == VERB_DELETE) {
        a->act = MODEL_ACT_RETIRE;
    } else if (is_post && str_is(verb, "restore")) {
        a->act = MODEL_ACT_RESTORE;
    } else if (is_post && str_is(verb, "purge")) {
        a->act = MODEL_ACT_PURGE;
    } else {
        return false;
    }
    return true;
}

void model_route(api_call *k)
{
    model_state *x = k->own = ARENA_NEW(k->http->arena, model_state);
    crm_str verb;
    if (!x || !call_may(&k->c, CRM_S("settings"))) {
        api_reply_error(k, x ? CRM_DENIED : CRM_NOMEM);
        return;
    }
    if (!read_path(&x->what, k->rest, &verb)) {
        api_reply_error(k, CRM_NOT_FOUND);
        return;
    }
    if (!choose(k, &x->what, verb)) {
        api_reply_method(k, methods_of(k, &x->what, verb));
        return;
    }
    bool has_body = (x->what.act >= MODEL_ACT_ADD_ENTITY && x->what.act <= MODEL_ACT_CHANGE) ||
                    x->what.act == MODEL_ACT_PURGE;
    crm_str before = http_param(k->http, "before");
    crm_status s = has_body ? api_read_json(k) : CRM_OK;
    if (s == CRM_OK && before.n) {
        s = position_take(&k->c, (position_place){.of = POSITION_MODEL}, before, &x->what.before);
    }
    x->what.body = k->request.json;
    x->what.is_check = str_is(http_param(k->http, "check"), "1");
    if (s != CRM_OK) {
        api_reply_error(k, s);
    } else {
        api_pool(k, POOL_WORKER, ask, asked);
    }
}
