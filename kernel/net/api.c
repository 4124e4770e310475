/* api.c - from a request to the route that answers it, and the common steps and ends of all routes.
 */
#include "net/api_private.h"

#define RETRY_AFTER   CRM_S("1")
#define FAST_READ_NS  250000000LL
#define SLOW_READ_NS  5000000000LL
#define READ_MS       10000 /* waiting and both tries of a read of any size */
#define WRITE_MS      10000
#define TURN_READS_NS 4000000 /* then the loop looks after everything else */
#define AGAIN_MS      500
#define KEPT_BYTES    (8 * 1024 * 1024)

/* ---- ending ---------------------------------------------------------------------------------- */

static void release(api_call *k)
{
    json_decref(k->request.json);
    k->request.json = NULL;
    buf_free(&k->text);
    if (k->c.arena) {
        call_end(&k->c);
    }
}

http_request *api_let_go(api_call *k)
{
    http_request *r = k->http;
    release(k);
    return r;
}

void api_reply(api_call *k, int status)
{
    http_request *r = k->http;
    release(k);
    http_reply(r, status, API_JSON);
}

void api_reply_problem(api_call *k, int status)
{
    http_request *r = k->http;
    release(k);
    http_reply(r, status, API_PROBLEM);
}

void api_reply_empty(api_call *k, int status)
{
    http_request *r = k->http;
    http_body(r)->n = k->mark;
    release(k);
    http_reply(r, status, NULL);
}

void api_reply_method(api_call *k, const char *allow)
{
    http_set(k->http, "Allow", str_of(allow));
    api_reply_error(k, CRM_METHOD);
}

void api_reply_error(api_call *k, crm_status status)
{
    http_request *r = k->http;
    crm_status said = k->c.error.status != CRM_OK ? k->c.error.status : status;
    if (said == CRM_INTERNAL || said == CRM_MISUSE) {
        log_event(LOG_ERROR, "api.failed", "request=%s path=%s", log_quote(r->id),
                  log_quote(r->path));
    }
    http_body(r)->n = k->mark;
    if (said == CRM_UNAVAILABLE || said == CRM_LIMIT) {
        crm_str after = RETRY_AFTER;
        if (k->c.error.retry_after_s) {
            after = arena_fmt(r->arena, "%d", k->c.error.retry_after_s);
        }
        http_set(r, "Retry-After", after);
    }
    problem_write(http_body(r), &k->c, said, r->id, (crm_str){0});
    release(k);
    http_reply(r, status_http(said), API_PROBLEM);
}

void api_reply_code(api_call *k, crm_status status, const char *code)
{
    api_reply_error(k, call_fail(&k->c, status, code));
}

/* ---- steps ----------------------------------------------------------------------------------- */

crm_str api_json_fault(api_call *k, const json_error *fault)
{
    return arena_fmt(k->c.arena, "{\"line\":%d,\"column\":%d,\"reason\":\"%.*s\"}", fault->line,
                     fault->column, STR_FMT(fault->code));
}

crm_status api_read_json(api_call *k)
{
    if (!str_is(http_content_type(k->http), "application/json")) {
        return call_fail(&k->c, CRM_MEDIA, "unsupported_media_type");
    }
    json_error fault = {.line = 1, .column = 1, .code = CRM_S("not_object")};
    crm_status s = json_read(k->http->body, 0, &k->request.json, &fault);
    if (s == CRM_NOMEM || (s == CRM_OK && json_is_object(k->request.json))) {
        return s;
    }
    if (k->c.error.status == CRM_OK) {
        crm_str key = arena_fmt(k->c.arena, "json.%.*s", STR_FMT(fault.code));
        k->c.error.text = registry_text(k->c.reg, k->c.lang, key);
        k->c.error.params_json = api_json_fault(k, &fault);
    }
    return call_fail(&k->c, CRM_BAD_REQUEST, "bad_json");
}

static void route_request(void *arg, http_request *r);

/* ---- other threads --------------------------------------------------------------------------- */

void api_limit(api_call *k, uint32_t ms)
{
    k->ends_at = clock_mono() + (int64_t)ms * 1000000;
}

/* The thread that has the call has not come back with it: the answer must not wait for it. */
static void out_of_time(wheel_node *n)
{
    api_call *k = (api_call *)((char *)n - offsetof(api_call, wait));
    bool is_mine = !k->is_writing || writer_withdraw(&k->write);
    http_request *r = is_mine ? http_pass_over(k->http) : NULL;
    if (!r) {
        wheel_set(&k->api->waits, n, AGAIN_MS); /* its commit has begun: an answer comes */
        return;
    }
    atomic_store(&k->is_passed_over, true);
    metric_add(k->api->timeouts, 1);
    log_event(LOG_WARN, "api.timeout", "request=%s path=%s", log_quote(r->id),
              log_quote(k->http->path));
    http_refuse(r, 504, "timeout");
}

static void wait_for(api_call *k, uint64_t usual_ms)
{
    int64_t left = k->ends_at ? (k->ends_at - clock_mono()) / 1000000 : (int64_t)usual_ms;
    k->wait.fire = out_of_time;
    if (k->ends_at || usual_ms) {
        wheel_set(&k->api->waits, &k->wait, left > 0 ? (uint64_t)left : 0);
    }
}

/* False: it was answered without it, and is gone now. */
static bool comes_back(api_call *k)
{
    if (!atomic_load(&k->is_passed_over)) {
        wheel_cancel(&k->api->waits, &k->wait);
        return true;
    }
    http_request *r = k->http;
    release(k);
    http_drop(r);
    return false;
}

/* A type changed while the write waited: the request begins again on the registry in force. One
 * whose body came in pieces cannot, and says so. */
static bool begins_again(api_call *k, crm_status status)
{
    if (status != CRM_UNAVAILABLE || !str_is(k->c.error.code, "schema_changed") ||
        k->http->is_streamed) {
        return false;
    }
    api *a = k->api;
    http_body(k->http)->n = k->mark;
    route_request(a, api_let_go(k));
    return true;
}

static void written(write_request *w, crm_status status)
{
    api_call *k = w->arg;
    if (!comes_back(k)) {
        return;
    }
    k->is_writing = false;
    if (begins_again(k, status)) {
        return;
    }
    if (w->group > k->api->seen_group) {
        /* Another request of this turn may have opened a snapshot older than the commit. */
        engine_turn_end(k->api->session);
        k->api->seen_group = w->group;
    }
    k->status = status;
    k->c.session = k->api->session;
    k->c.tx = NULL;
    k->next(k);
}

void api_write(api_call *k, crm_status (*commit)(crm_ctx *c, void *k), void (*done)(api_call *k))
{
    k->next = done;
    k->write = (write_request){.is_vital = k->is_vital,
                               .call = &k->c,
                               .commit = commit,
                               .done = written,
                               .arg = k,
                               .reply_to = k->api->mail};
    call_save_point(&k->c);
    k->is_writing = true;
    crm_status s = writer_submit(k->api->o.flow, LANE_INTERACTIVE, &k->write);
    if (s == CRM_OK) {
        wait_for(k, WRITE_MS);
    } else {
        api_reply_code(k, s, "unavailable");
    }
}

static void peer_left(http_request *r, void *arg)
{
    (void)r;
    atomic_store(&((api_call *)arg)->is_gone, true);
}

/* What only reads stops when its caller leaves; the preparing of a write goes on to its commit. */
static void watch_peer(api_call *k)
{
    if (k->is_read || k->http->verb == VERB_GET || k->http->verb == VERB_HEAD) {
        k->c.gone = &k->is_gone;
        k->http->on_cancel = peer_left;
        k->http->is_left_at_eof = true;
        k->http->arg = k;
    }
}

static void forget_peer(api_call *k)
{
    if (k->c.gone) {
        k->api->stats.left += atomic_load(&k->is_gone);
        k->c.gone = NULL;
        k->http->on_cancel = NULL;
        k->http->is_left_at_eof = false;
    }
}

static void pool_run(pool_task *t, engine_session *session)
{
    api_call *k = t->arg;
    if (atomic_load(&k->is_passed_over)) {
        return;
    }
    if (session) {
        k->c.session = session;
    }
    k->run(k);
}

static void pool_done(pool_task *t)
{
    api_call *k = t->arg;
    if (!comes_back(k)) {
        return;
    }
    forget_peer(k);
    k->c.session = k->api->session;
    k->next(k);
}

bool api_pool(api_call *k, flow_pool which, void (*run)(api_call *k), void (*done)(api_call *k))
{
    k->run = run;
    k->next = done;
    k->task = (pool_task){.run = pool_run,
                          .done = pool_done,
                          .arg = k,
                          .reply_to = k->api->mail,
                          .user = k->who.user};
    bool is_wanted = !k->http->is_cancelled && !atomic_load(&k->is_gone);
    watch_peer(k);
    crm_status s = is_wanted ? pool_submit(k->api->o.flow, which, &k->task) : CRM_UNAVAILABLE;
    if (s == CRM_OK) {
        wait_for(k, 0);
    } else {
        api_reply_code(k, s, "unavailable");
    }
    return s == CRM_OK;
}

static void read_for_a_while(api_call *k)
{
    buf_clear(&k->text);
    k->c.error = (call_error){0};
    k->c.until = clock_mono() + (k->is_slow ? SLOW_READ_NS : FAST_READ_NS);
    k->read_more(k);
    k->c.until = 0;
}

static void read_ended(api_call *k)
{
    if (k->status == CRM_TIMEOUT && !k->is_slow) {
        k->is_slow = true;
        k->api->stats.moved_slow++;
        api_pool(k, POOL_SLOW, read_for_a_while, read_ended);
        return;
    }
    k->looked(k);
}

static void answer_text(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, 200);
}

void api_look(api_call *k, void (*run)(api_call *k), void (*done)(api_call *k))
{
    k->read_more = run;
    k->looked = done;
    api_limit(k, READ_MS);
    api_pool(k, POOL_FAST, read_for_a_while, read_ended);
}

void api_read(api_call *k, void (*run)(api_call *k))
{
    k->is_read = true;
    api_look(k, run, answer_text);
}

static void read_in_turn(void *arg)
{
    records_read(&((api_call *)arg)->read);
}

void api_read_inline(api_call *k)
{
    turn_run(&k->api->reads, &k->in_turn, read_in_turn, k);
}

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

static void api_route(api *a, http_request *r)
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
    http_request *r = k->http;
    metrics_write(http_body(r));
    release(k);
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

static void route_request(void *arg, http_request *r)
{
    api *a = arg;
    if (str_starts(r->path, CRM_S("/api/v1/"))) {
        api_route(a, r);
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
        .route = route_request, .early = upload_early, .refuse = problem_refuse, .arg = a};
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
    openapi_cache_free(a->openapi);
    mailbox_close(a->mail);
    uv_close((uv_handle_t *)&a->turned, turned_closed);
}
