/* api.c - from a request to the route that answers it. */
#include "net/api_private.h"

#define TURN_READS_NS 4000000 /* then the loop looks after everything else */
#define KEPT_BYTES    (8 * 1024 * 1024)

/* ---- routing --------------------------------------------------------------------------------- */

static crm_str first_segment(crm_str *path)
{
    crm_str segment = {0};
    str_split(path, '/', &segment);
    return segment;
}

static crm_str verb_name(http_verb v)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    return str_of(names[v]);
}

static const principal nobody = {.kind = PRINCIPAL_NOBODY};

/* The call of a request; NULL: answered with 503. */
static api_call *begin(api *a, http_request *r)
{
    api_call *k = ARENA_NEW(r->arena, api_call);
    crm_status s = k ? call_begin_in(&k->c, r->arena, &nobody, CRM_S("api")) : CRM_NOMEM;
    if (s != CRM_OK || a->stopping) {
        if (k && s == CRM_OK) {
            call_end(&k->c);
        }
        http_refuse(r, 503, "unavailable");
        return NULL;
    }
    k->api = a;
    k->http = r;
    k->mark = http_body(r)->n;
    k->c.session = a->session;
    k->c.request = &k->request;
    k->request = (call_request){.method = verb_name(r->verb),
                                .path = r->path,
                                .query = r->query,
                                .content_type = http_content_type(r),
                                .body = r->body,
                                .address = r->peer};
    buf_init(&k->text, 0);
    k->c.lang = problem_language(r, k->c.reg);
    return k;
}

static bool is_module(const registry *r, crm_str name)
{
    for (uint32_t i = 0; i < r->module_count; i++) {
        if (str_eq(r->modules[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* A path with the former name of an entity that the caller may read says how it is called now. */
static void answer_unknown(api_call *k, crm_str name)
{
    for (uint32_t i = 0; i < k->c.reg->entity_count; i++) {
        const entity *e = k->c.reg->entities[i];
        if (!e->was.n || !str_eq(e->was, name) || !rights_may_some(&k->c, e, ACTION_READ)) {
            continue;
        }
        call_fail(&k->c, CRM_NOT_FOUND, "renamed");
        k->c.error.params_json = arena_fmt(k->c.arena, "{\"name\":\"%.*s\"}", STR_FMT(e->name));
        break;
    }
    api_reply_error(k, CRM_NOT_FOUND);
}

static void signed_in(api_call *k)
{
    crm_str path = k->rest, name = first_segment(&path);
    k->rest = path;
    k->entity = registry_entity(k->c.reg, name);
    if (str_is(name, "meta")) {
        meta_route(k);
    } else if (str_is(name, "openapi.json")) {
        openapi_route(k);
    } else if (str_is(name, "events")) {
        events_route(k);
    } else if (str_is(name, "tokens")) {
        tokens_route(k);
    } else if (str_is(name, "webhooks")) {
        webhooks_route(k);
    } else if (str_is(name, "model")) {
        model_route(k);
    } else if (str_is(name, "modules")) {
        modules_route(k);
    } else if (str_is(name, "requests")) {
        requests_route(k);
    } else if (str_is(name, "frames")) {
        frames_route(k);
    } else if (str_is(name, "search")) {
        search_route(k);
    } else if (str_is(name, "import")) {
        import_route(k);
    } else if (str_is(name, "file")) {
        file_route(k);
    } else if (str_is(name, "address")) {
        address_route(k);
    } else if (k->entity && !(k->entity->flags & (ENTITY_SYSTEM | ENTITY_NO_API))) {
        records_route(k);
    } else if (is_module(k->c.reg, name)) {
        module_route(k);
    } else {
        answer_unknown(k, name);
    }
}

static void route_v1(api *a, http_request *r)
{
    api_call *k = begin(a, r);
    if (!k) {
        return;
    }
    k->rest = (crm_str){r->path.p + 8, r->path.n - 8};
    crm_str path = k->rest, name = first_segment(&path);
    if (str_is(name, "session")) {
        k->rest = path;
        session_route(k);
    } else if (str_is(name, "i18n")) {
        k->rest = path;
        strings_route(k);
    } else {
        session_require(k, signed_in);
    }
}

static void health(api *a, http_request *r)
{
    if (a->stopping) {
        buf_z(http_body(r), "{\"status\":\"stopping\"}\n");
        http_reply(r, 503, API_JSON);
        return;
    }
    if (flow_is_read_only(a->o.flow)) {
        buf_z(http_body(r), "{\"status\":\"read_only\"}\n");
        http_reply(r, 503, API_JSON);
        return;
    }
    const registry *reg = registry_pin();
    buf_z(http_body(r), reg ? "{\"status\":\"ok\"}\n" : "{\"status\":\"starting\"}\n");
    http_reply(r, reg ? 200 : 503, API_JSON);
    registry_unpin(reg);
}

static void metrics_allowed(api_call *k)
{
    if (!call_may(&k->c, CRM_S("settings"))) {
        api_reply_error(k, CRM_DENIED);
        return;
    }
    http_request *r = api_let_go(k);
    metrics_write(http_body(r));
    http_reply(r, 200, "text/plain; version=0.0.4; charset=utf-8");
}

static void metrics_route(api *a, http_request *r)
{
    if (r->is_loopback) {
        metrics_write(http_body(r));
        http_reply(r, 200, "text/plain; version=0.0.4; charset=utf-8");
        return;
    }
    api_call *k = begin(a, r);
    if (k) {
        session_require(k, metrics_allowed);
    }
}

/* "/m/<module>/…", in the version that is in force; nothing of a module that is not. */
static bool serve_module_file(api *a, http_request *r)
{
    crm_str rest = r->path, part, name;
    bool is_one = str_split(&rest, '/', &part) && str_split(&rest, '/', &part) &&
                  str_is(part, "m") && str_split(&rest, '/', &name);
    if (!is_one) {
        return false;
    }
    const registry *reg = registry_pin();
    const module_info *in_force = NULL;
    for (uint32_t i = 0; reg && i < reg->module_count; i++) {
        in_force = str_eq(reg->modules[i].name, name) ? &reg->modules[i] : in_force;
    }
    if (str_starts(rest, CRM_S("frames/"))) {
        frame_file_policy(r);
    }
    bool is_served = in_force && static_set_serve(a->o.modules, r, in_force->ui_dir);
    registry_unpin(reg);
    return is_served;
}

static bool serve_file(api *a, http_request *r)
{
    if (a->o.modules && serve_module_file(a, r)) {
        return true;
    }
    if (!a->o.ui) {
        return false;
    }
    if (static_serve(a->o.ui, r)) {
        return true;
    }
    bool is_page = (r->verb == VERB_GET || r->verb == VERB_HEAD) && static_is_page_path(r->path) &&
                   !str_starts(r->path, CRM_S("/m/")) && !str_starts(r->path, CRM_S("/ui/"));
    return is_page && static_serve_as(a->o.ui, r, CRM_S("/index.html"));
}

/* What only tells: another verb is refused. */
static void tell(api *a, http_request *r, void (*run)(api *a, http_request *r))
{
    if (r->verb != VERB_GET && r->verb != VERB_HEAD) {
        http_set(r, "Allow", CRM_S("GET, HEAD"));
        http_refuse(r, 405, "method_not_allowed");
        return;
    }
    run(a, r);
}

void api_route(void *arg, http_request *r)
{
    api *a = arg;
    if (str_starts(r->path, CRM_S("/api/v1/"))) {
        route_v1(a, r);
    } else if (str_starts(r->path, CRM_S("/hook/"))) {
        api_call *k = begin(a, r);
        if (k) {
            k->rest = (crm_str){r->path.p + 6, r->path.n - 6};
            hook_route(k);
        }
    } else if (str_starts(r->path, CRM_S("/frames/"))) {
        api_call *k = begin(a, r);
        if (k) {
            k->rest = (crm_str){r->path.p + 8, r->path.n - 8};
            frame_page_route(k);
        }
    } else if (str_is(r->path, "/health")) {
        tell(a, r, health);
    } else if (str_is(r->path, "/metrics")) {
        tell(a, r, metrics_route);
    } else if (str_is(r->path, "/ca.crt") && a->o.ca_cert.n) {
        http_cache(r, CACHE_REVALIDATE);
        http_reply_bytes(r, 200, "application/x-x509-ca-cert", a->o.ca_cert, NULL, NULL);
    } else if (str_starts(r->path, CRM_S("/api/")) || !serve_file(a, r)) {
        http_refuse(r, 404, "not_found");
    }
}

/* ---- starting and ending --------------------------------------------------------------------- */

static void turn_ended(uv_check_t *check)
{
    api *a = check->data;
    engine_turn_end(a->session);
    turn_end(&a->reads);
}

static void deliver(void *arg, void (*fn)(void *), void *fn_arg)
{
    mailbox_post(arg, fn, fn_arg);
}

static crm_status give_up(api *a, crm_status s)
{
    engine_session_close(a->session);
    session_cache_free(a->sessions);
    kept_rows_free(a->kept);
    if (a->mail) {
        mailbox_close(a->mail);
    }
    free(a);
    return s;
}

crm_status api_start(const api_options *o, api **out)
{
    api *a = calloc(1, sizeof *a);
    if (!a) {
        return CRM_NOMEM;
    }
    a->o = *o;
    a->mail = mailbox_new(o->loop);
    a->sessions = session_cache_new();
    a->kept = kept_rows_new(KEPT_BYTES);
    engine_deliver d = {.post = deliver, .arg = a->mail};
    crm_status s = a->mail && a->sessions && a->kept ? CRM_OK : CRM_NOMEM;
    if (s == CRM_OK) {
        s = engine_session_open(o->engine, ENGINE_READER, d, &a->session);
    }
    if (s == CRM_OK) {
        a->streams = streams_new(a);
    }
    if (s != CRM_OK || !a->streams) {
        return give_up(a, s == CRM_OK ? CRM_NOMEM : s);
    }
    wheel_init(&a->waits, o->loop);
    a->timeouts = metric_counter("karkas_requests_timed_out_total",
                                 "Requests answered without the thread that owed the answer");
    turn_init(&a->reads, o->loop, TURN_READS_NS);
    uv_check_init(o->loop, &a->turned);
    a->turned.data = a;
    uv_check_start(&a->turned, turn_ended);
    uv_unref((uv_handle_t *)&a->turned);
    *out = a;
    return CRM_OK;
}

http_handlers api_handlers(api *a)
{
    return (http_handlers){
        .route = api_route, .early = upload_early, .refuse = problem_refuse, .arg = a};
}

void api_stopping(api *a)
{
    a->stopping = true;
    streams_end_all(a->streams, "stopping");
}

void api_stats_get(const api *a, api_stats *out)
{
    *out = a->stats;
    out->put_off = a->reads.put_off;
}

static void waits_closed(uv_handle_t *h)
{
    free(h->data);
}

static void reads_closed(uv_handle_t *h)
{
    api *a = h->data;
    a->waits.timer.data = a;
    wheel_close(&a->waits, waits_closed);
}

static void turned_closed(uv_handle_t *h)
{
    api *a = h->data;
    a->reads.idle.data = a;
    turn_close(&a->reads, reads_closed);
}

void api_meta_changed(api *a)
{
    const registry *r = registry_pin();
    if (r) {
        streams_meta(a->streams, r->rev);
    }
    registry_unpin(r);
}

void api_quiet(api *a)
{
    streams_quiet(a->streams);
}

void api_free(api *a)
{
    streams_free(a->streams);
    session_cache_free(a->sessions);
    kept_rows_free(a->kept);
    engine_session_close(a->session);
    free(a->quotas);
    free(a->tells);
    openapi_cache_free(a->openapi);
    mailbox_close(a->mail);
    uv_close((uv_handle_t *)&a->turned, turned_closed);
}
