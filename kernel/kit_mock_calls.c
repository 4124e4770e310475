/*
 * kit_mock_calls.c - the module's own code called as the layers above would: routes, steps, jobs,
 * integrations, settings, and listeners after a commit.
 */
#include "base/json.h"
#include "flow/settings.h"
#include "kit_mock.h"
#include "net/route_match.h"

/* ---- routes ---------------------------------------------------------------------------------- */

typedef struct routing {
    const route *route;
    crm_str names[ROUTE_PARAMS], values[ROUTE_PARAMS];
    call_request request;
} routing;

static crm_status find_route(mock *m, routing *x, crm_str method, crm_str path)
{
    crm_str own = arena_fmt(m->arena, "/%.*s%.*s", STR_FMT(m->module), STR_FMT(path));
    for (uint32_t i = 0; i < m->reg->route_count; i++) {
        const route *rt = &m->reg->routes[i];
        uint32_t count;
        if (route_matches(rt, own, x->names, x->values, &count) && str_eq(rt->method, method)) {
            x->route = rt;
            x->request.param_names = x->names;
            x->request.params = x->values;
            x->request.param_count = count;
            return CRM_OK;
        }
    }
    return mock_misuse("the module has no route %.*s %.*s", STR_FMT(method), STR_FMT(path));
}

/* The path behind the module's name, the query and the body. */
static crm_status read_request(mock *m, routing *x, const char *method, const char *path,
                               const char *body)
{
    crm_str rest = str_of(path), at;
    bool has_path = str_split(&rest, '?', &at);
    x->request = (call_request){.method = str_of(method),
                                .path = has_path ? at : (crm_str){0},
                                .query = rest,
                                .content_type = body ? CRM_S("application/json") : (crm_str){0},
                                .body = str_of(body ? body : "")};
    crm_status s = find_route(m, x, x->request.method, x->request.path);
    if (s == CRM_OK && body) {
        s = json_read(x->request.body, JSON_ITEMS_MAX, &x->request.json, NULL);
        s = s == CRM_OK ? s : mock_misuse("the body is no JSON: %s", body);
    }
    return s;
}

static crm_status check_permission(crm_ctx *c, const route *rt)
{
    if (str_is(rt->permission, "public")) {
        return CRM_OK;
    }
    if (c->who->kind == PRINCIPAL_NOBODY) {
        return call_fail(c, CRM_UNAUTHENTICATED, "unauthenticated");
    }
    bool is_allowed = str_is(rt->permission, "user") || call_may(c, rt->permission);
    return is_allowed ? CRM_OK : call_fail(c, CRM_DENIED, "denied");
}

static crm_status run_part(mock *m, crm_ctx *c, routing *x,
                           crm_status (*part)(crm_ctx *c, const void *fn))
{
    crm_status s = check_permission(c, x->route);
    if (s != CRM_OK) {
        return s;
    }
    c->request = &x->request;
    buf_clear(&m->reply);
    c->out = &m->reply;
    s = part(c, x->route->fn);
    m->http = c->http_status ? c->http_status : m->reply.n ? 200 : 204;
    return s;
}

static crm_status run_whole(mock *m, crm_ctx *c, void *arg)
{
    routing *x = arg;
    return run_part(m, c, x, x->route->run);
}

static crm_status run_prepare(mock *m, crm_ctx *c, void *arg)
{
    routing *x = arg;
    return run_part(m, c, x, x->route->prepare);
}

crm_status mock_calls_route(mock *m, const char *method, const char *path, const char *body)
{
    routing x = {0};
    crm_status s = read_request(m, &x, method, path, body);
    buf_clear(&m->reply);
    m->http = 0;
    if (s == CRM_OK && x.route->prepare) {
        s = mock_look_as(m, run_prepare, &x);
    }
    if (s == CRM_OK) {
        bool writes = x.route->tx == ROUTE_WRITE;
        s = writes ? mock_act(m, run_whole, &x) : mock_look_as(m, run_whole, &x);
    }
    if (s != CRM_OK) {
        buf_clear(&m->reply);
        m->http = status_http(s);
    }
    json_decref(x.request.json);
    return s;
}

/* ---- steps, jobs, integrations, settings ----------------------------------------------------- */

typedef struct running_word {
    const char *word, *entity_name, *text, *content_type, *body;
    int64_t id;
} running_word;

static crm_status run_step(mock *m, crm_ctx *c, void *arg)
{
    const running_word *x = arg;
    const step *st = registry_step(c->reg, str_of(x->word));
    const entity *e = mock_entity(m, x->entity_name);
    step_call call = {
        .args_json = str_of(x->text ? x->text : "{}"), .rule = CRM_S("R-1"), .run = 1};
    if (!st || !e) {
        return st ? CRM_MISUSE : mock_misuse("there is no step %s", x->word);
    }
    crm_status s = records_get(c, e, x->id, &call.subject);
    return s == CRM_OK ? st->run(c, &call, st->fn) : s;
}

crm_status mock_calls_step(mock *m, const char *verb, const char *entity_name, int64_t id,
                           const char *args)
{
    running_word x = {.word = verb, .entity_name = entity_name, .id = id, .text = args};
    int64_t was = m->user;
    m->user = MOCK_SYSTEM; /* a rule of an applied ТЗ */
    crm_status s = mock_act(m, run_step, &x);
    m->user = was;
    return s;
}

static crm_status run_job(mock *m, crm_ctx *c, void *arg)
{
    const running_word *x = arg;
    crm_str name = arena_fmt(m->arena, "%.*s.%s", STR_FMT(m->module), x->word);
    const job *j = registry_job(c->reg, name);
    if (!j) {
        return mock_misuse("the module has no job %s", x->word);
    }
    c->is_due = true;
    return j->run(c, str_of(x->text ? x->text : ""), j->fn);
}

crm_status mock_calls_job(mock *m, const char *name, const char *arg)
{
    running_word x = {.word = name, .text = arg};
    return mock_act(m, run_job, &x);
}

static crm_status run_receive(mock *m, crm_ctx *c, void *arg)
{
    const running_word *x = arg;
    const integration *i = registry_integration(c->reg, str_of(x->word));
    if (!i || i->type->is_away) {
        return mock_misuse("there is no type of integration %s", x->word);
    }
    crm_str kept = i->settings_json;
    c->is_lenient = true;
    /* The registry is this thread's alone, and the row is as it was when the call is over. */
    ((integration *)(uintptr_t)i)->settings_json =
        arena_dup(m->arena, str_of(x->text ? x->text : "{}"));
    crm_status s =
        i->type->receive(c, i->name, str_of(x->content_type), str_of(x->body), i->type->fn);
    ((integration *)(uintptr_t)i)->settings_json = kept;
    return s;
}

crm_status mock_calls_receive(mock *m, const char *type, const char *settings,
                              const char *content_type, const char *body)
{
    running_word x = {
        .word = type, .text = settings, .content_type = content_type, .body = body ? body : ""};
    int64_t was = m->user;
    m->user = MOCK_SYSTEM;
    crm_status s = mock_act(m, run_receive, &x);
    m->user = was;
    return s;
}

static crm_status change_setting(mock *m, crm_ctx *c, void *arg)
{
    const running_word *x = arg;
    json_t *wanted = json_object();
    json_object_set_new(wanted, x->word, x->text ? json_string(x->text) : json_null());
    crm_status s = wanted ? settings_change(c, m->module, wanted, (crm_str){0}) : CRM_NOMEM;
    json_decref(wanted);
    return s;
}

crm_status mock_calls_setting(mock *m, const char *name, const char *as_written)
{
    running_word x = {.word = name, .text = as_written};
    int64_t was = m->user;
    m->user = MOCK_SYSTEM;
    crm_status s = mock_act(m, change_setting, &x);
    m->user = was;
    return s;
}

/* ---- listeners ------------------------------------------------------------------------------- */

typedef struct hearing {
    const listener *listener;
    const change *change;
} hearing;

static crm_status hear(mock *m, crm_ctx *c, void *arg)
{
    const hearing *x = arg;
    (void)m;
    return x->listener->run(c, x->change, x->listener->fn);
}

static bool is_for(const listener *l, const change *ch)
{
    return !ch->is_quiet &&
           (str_is(l->entity_name, "*") || str_eq(l->entity_name, ch->entity->name));
}

void mock_calls_hear(mock *m, const changes_batch *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        for (uint32_t k = 0; k < m->reg->listener_count; k++) {
            hearing x = {&m->reg->listeners[k], &b->at[i]};
            crm_status s = is_for(x.listener, x.change) ? mock_act_aside(m, hear, &x) : CRM_OK;
            if (s != CRM_OK) {
                log_event(LOG_WARN, "module.listener_failed", "listener=%s status=%s",
                          log_quote(x.listener->name), status_code(s));
            }
        }
    }
}
