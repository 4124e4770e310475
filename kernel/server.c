/* server.c - `karkas serve`: one loop with its listeners, signals and the way down. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.h"
#include "data/files.h"
#include "flow/first_login.h"
#include "listen.h"
#include "module_change.h"
#include "module_migrate.h"
#include "net/ca.h"

#define GRACE_MS      5000
#define FILES_WANTED  65536
#define WATCH_MS      1000
#define CERT_CHECK_MS (12 * 3600 * 1000)
#define BIG_BLOCK     (1 << 20)
#define UV_THREADS    "16" /* files and names of hosts: a slow disk or resolver holds some of them */

typedef struct server {
    const server_options *o;
    deployment d;
    uv_loop_t loop;
    mailbox *mail;
    arena *arena;
    tls_context *tls;
    ca_files certs;
    static_files *ui;
    api *api;
    http_server *http;
    admin *admin;
    loop_meter *meter;
    figures *figures;
    uv_signal_t signals[2];
    uv_timer_t cert_timer, watch_timer;
    uv_thread_t stopper, loader;
    bool is_stopping;
} server;

/* ---- files and certificates ------------------------------------------------------------------ */

/* On a thread of its own, while the deployment is put together. */
static void load_files(void *arg)
{
    server *s = arg;
    if (static_load(s->o->web, "/", &s->ui) != CRM_OK) {
        log_event(LOG_WARN, "web.missing", "dir=%s", log_quote(str_of(s->o->web)));
    }
}

static crm_status ensure_certs(server *s, arena *a, ca_files *out)
{
    crm_str names[32], rest = str_of(s->o->names);
    size_t count = 0;
    while (rest.n && count < 32 && str_split(&rest, ',', &names[count])) {
        count++;
    }
    return ca_ensure(a, s->o->data, names, count, out);
}

typedef struct renewal {
    server *server;
    arena *arena;
    ca_files certs;
    crm_status status;
    pool_task task;
} renewal;

static void make_certs(pool_task *t, engine_session *session)
{
    renewal *r = t->arg;
    (void)session;
    r->status = ensure_certs(r->server, r->arena, &r->certs);
}

static void certs_made(pool_task *t)
{
    renewal *r = t->arg;
    if (r->status == CRM_OK && r->certs.is_renewed) {
        r->status = tls_context_reload(r->server->tls, r->certs.cert, r->certs.key);
    }
    if (r->status != CRM_OK) {
        log_event(LOG_ERROR, "tls.not_renewed", "status=%s", status_code(r->status));
    }
    arena_free(r->arena);
    free(r);
}

/* Keys are made on a worker; the context takes them on the loop. */
static void renew(uv_timer_t *t)
{
    server *s = t->data;
    renewal *r = calloc(1, sizeof *r);
    arena *a = r ? arena_new(0) : NULL;
    if (a) {
        *r = (renewal){.server = s, .arena = a};
        r->task = (pool_task){.run = make_certs, .done = certs_made, .arg = r, .reply_to = s->mail};
    }
    if (!a || pool_submit(s->d.flow, POOL_WORKER, &r->task) != CRM_OK) {
        arena_free(a);
        free(r);
    }
}

static crm_status start_tls(server *s)
{
    if (s->o->is_plain) {
        return CRM_OK;
    }
    crm_status st = ensure_certs(s, s->arena, &s->certs);
    if (st == CRM_OK) {
        st = tls_context_new(s->certs.cert, s->certs.key, &s->tls);
    }
    if (st != CRM_OK) {
        return st;
    }
    uv_timer_init(&s->loop, &s->cert_timer);
    s->cert_timer.data = s;
    uv_timer_start(&s->cert_timer, renew, CERT_CHECK_MS, CERT_CHECK_MS);
    uv_unref((uv_handle_t *)&s->cert_timer);
    return CRM_OK;
}

/* ---- listening ------------------------------------------------------------------------------- */

static crm_status listen_on(server *s)
{
    char host[64];
    int port;
    if (!listen_split(s->o->listen, host, sizeof host, &port)) {
        return CRM_INVALID;
    }
    http_handlers h = api_handlers(s->api);
    /* Without TLS it stands behind a proxy on this machine, which knows who asks. */
    http_limits limits = {.trusts_proxy = s->o->is_plain};
    s->http = http_server_new(&s->loop, &h, &limits);
    figures_of_http(s->figures, s->http);
    crm_status st = s->http ? http_server_listen(s->http, host, port, s->tls, &port) : CRM_NOMEM;
    if (st != CRM_OK) {
        listen_say(s->o, st);
        return st;
    }
    printf("listening %s://%s%s%s:%d\n", s->o->is_plain ? "http" : "https",
           strchr(host, ':') ? "[" : "", host, strchr(host, ':') ? "]" : "", port);
    fflush(stdout);
    return CRM_OK;
}

/* ---- the way down: no new requests, answers under way, then the data ------------------------- */

/* A start that failed has not come to all of them. */
static void close_begun(uv_handle_t *h)
{
    if (h->type != UV_UNKNOWN_HANDLE && !uv_is_closing(h)) {
        uv_close(h, NULL);
    }
}

static void close_own(server *s)
{
    loop_meter_close(s->meter);
    close_begun((uv_handle_t *)&s->cert_timer);
    close_begun((uv_handle_t *)&s->watch_timer);
    for (int i = 0; i < 2; i++) {
        close_begun((uv_handle_t *)&s->signals[i]);
    }
}

/* The last mail of all: nobody is left who could post another. */
static void flow_stopped(void *arg)
{
    server *s = arg;
    uv_thread_join(&s->stopper);
    if (s->api) {
        api_free(s->api);
    }
    mailbox_close(s->mail);
    close_own(s);
}

/* The loop goes on delivering mail while the threads of the flow layer end. */
static void stop_flow(void *arg)
{
    server *s = arg;
    deployment_stop_flow(&s->d);
    mailbox_post(s->mail, flow_stopped, s);
}

static void http_stopped(void *arg)
{
    server *s = arg;
    if (s->api) {
        api_quiet(s->api);
    }
    close_begun((uv_handle_t *)&s->watch_timer); /* which looks at what now goes */
    if (uv_thread_create(&s->stopper, stop_flow, s) != 0) {
        abort(); /* no thread can be made: what is stored is safe, the rest is the next start's */
    }
}

static void go_down(server *s)
{
    s->is_stopping = true;
    if (s->admin) {
        admin_stop(s->admin);
    }
    if (s->api) {
        api_stopping(s->api);
    }
    if (s->http) {
        http_server_stop(s->http, GRACE_MS, http_stopped, s);
    } else {
        http_stopped(s);
    }
}

static void stop(uv_signal_t *sig, int number)
{
    server *s = sig->data;
    if (s->is_stopping) {
        return;
    }
    uv_ref((uv_handle_t *)&s->signals[0]); /* the loop lives until the last mail has come */
    log_event(LOG_INFO, "server.stopping", "signal=%d", number);
    notify_manager("STOPPING=1");
    go_down(s);
}

/* A start that failed: what it has made of the loop's goes as it does when a server stops. */
static void give_up(server *s)
{
    thread_set_role(THREAD_LOOP, NULL);
    if (s->mail) {
        go_down(s);
    } else {
        close_own(s);
    }
    uv_run(&s->loop, UV_RUN_DEFAULT);
    thread_set_role(THREAD_NONE, NULL);
}

static void meta_changed(void *arg)
{
    server *s = arg;
    if (!s->is_stopping) {
        api_meta_changed(s->api);
    }
}

/* Any thread. */
static void registry_published(void *arg)
{
    server *s = arg;
    mailbox_post(s->mail, meta_changed, s);
}

static void catch_signals(server *s)
{
    const int numbers[] = {SIGTERM, SIGINT};
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&s->loop, &s->signals[i]);
        s->signals[i].data = s;
        uv_signal_start(&s->signals[i], stop, numbers[i]);
        uv_unref((uv_handle_t *)&s->signals[i]);
    }
}

/* ---- code that does not come back ------------------------------------------------------------ */

static void watch(uv_timer_t *t)
{
    server *s = t->data;
    plug_watch(clock_mono());
    flow_watch(s->d.flow);
    migrations_watch(&s->d);
}

static void watch_threads(server *s)
{
    uv_timer_init(&s->loop, &s->watch_timer);
    s->watch_timer.data = s;
    uv_timer_start(&s->watch_timer, watch, WATCH_MS, WATCH_MS);
    uv_unref((uv_handle_t *)&s->watch_timer);
}

/* ---- starting -------------------------------------------------------------------------------- */

/* The program that reads spreadsheets lies beside this one. */
static crm_status set_up_imports(const server_options *o)
{
    char self[PATH_MAX_TEXT], path[PATH_MAX_TEXT + 16];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    while (n > 0 && self[n - 1] != '/') {
        n--;
    }
    snprintf(path, sizeof path, "%.*skarkas-sheet", (int)(n > 0 ? n : 0), self);
    return import_set_up(o->data, path);
}

/* A terminal forgets; a journal keeps what it was told, for everyone who may read it. */
static void say_first_login(const server_options *o, const buf *code)
{
    if (isatty(STDOUT_FILENO)) {
        printf("first login: %.*s", (int)code->n, code->p);
    } else {
        printf("first login: %s/" FIRST_LOGIN_FILE "\n", o->data);
    }
}

static crm_status start_deployment(server *s)
{
    buf say;
    buf_init(&say, 0);
    int64_t at;
    crm_status st = sandbox_moment(s->o, &at);
    st = st == CRM_OK ? deployment_hold(&s->d, s->o) : st;
    st = st == CRM_OK ? sandbox_begin(s->o) : st;
    st = st == CRM_OK ? deployment_open(&s->d, s->o) : st;
    s->d.begins_late = true;
    s->d.files = st == CRM_OK ? static_set_new() : NULL;
    if (st == CRM_OK) {
        st = files_set_up(s->o->data);
    }
    if (st == CRM_OK) {
        st = set_up_imports(s->o);
    }
    if (st == CRM_OK) {
        st = deployment_start(&s->d, s->o->tz, &say);
    }
    if (say.n) {
        fwrite(say.p, 1, say.n, stderr);
    }
    buf_clear(&say);
    if (st == CRM_OK) {
        st = deployment_first_login(&s->d, &say);
    }
    if (st == CRM_OK && deployment_tell_refused(&s->d) != CRM_OK) {
        log_event(LOG_WARN, "tz.refused_not_told", "data=%s", log_quote(str_of(s->o->data)));
    }
    if (st == CRM_OK && say.n) {
        say_first_login(s->o, &say);
    }
    buf_free(&say);
    return st;
}

static crm_status start(server *s)
{
    if (uv_thread_create(&s->loader, load_files, s) != 0) {
        return CRM_NOMEM;
    }
    crm_status st = start_deployment(s);
    if (st == CRM_OK) {
        st = start_tls(s);
    }
    uv_thread_join(&s->loader);
    if (st != CRM_OK) {
        return st;
    }
    s->meter = loop_meter_new(&s->loop);
    s->mail = s->meter ? mailbox_new(&s->loop) : NULL;
    api_options o = {.loop = &s->loop,
                     .flow = s->d.flow,
                     .engine = s->d.engine,
                     .ui = s->ui,
                     .modules = s->d.files,
                     .ca_cert = s->certs.ca_cert,
                     .version = CRM_S(KARKAS_VERSION),
                     .model = {model_ask_service, &s->d},
                     .module = {module_ask_service, &s->d},
                     .part_ms = s->d.o->part_ms};
    st = s->mail ? api_start(&o, &s->api) : CRM_NOMEM;
    if (st == CRM_OK) {
        st = admin_start(&s->loop, s->mail, &s->d, &s->admin);
    }
    if (st != CRM_OK) {
        return st;
    }
    s->d.on_published = registry_published;
    s->d.published_arg = s;
    catch_signals(s);
    watch_threads(s);
    s->figures = figures_new(&s->d, s->api, s->meter);
    if (!s->figures) {
        return CRM_NOMEM;
    }
    st = listen_on(s); /* who reads that it listens may give commands and signals */
    s->d.begins_late = false;
    return st == CRM_OK ? flow_ready_later(s->d.flow) : st;
}

/* Every connection is a descriptor: the usual soft limit of 1024 would be the cap. */
static void raise_file_limit(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) != 0) {
        return;
    }
    l.rlim_cur = l.rlim_max < FILES_WANTED ? l.rlim_max : FILES_WANTED;
    if (setrlimit(RLIMIT_NOFILE, &l) != 0) {
        log_event(LOG_WARN, "server.file_limit", "kept=%llu", (unsigned long long)l.rlim_cur);
    }
}

/*
 * mallopt(3): a block this large goes back to the system when it is freed. Left to itself malloc
 * learns from the first such block to keep the next ones: every thread that has hashed a password
 * would hold 19 MB for ever.
 */
static void return_big_blocks(void)
{
    if (!mallopt(M_MMAP_THRESHOLD, BIG_BLOCK) || !mallopt(M_TRIM_THRESHOLD, BIG_BLOCK)) {
        log_event(LOG_WARN, "server.malloc", "kept=defaults");
    }
}

static void server_free(server *s)
{
    deployment_close(&s->d);
    admin_free(s->admin);
    figures_free(s->figures);
    tls_context_free(s->tls);
    static_free(s->ui);
    static_set_free(s->d.files);
    uv_loop_close(&s->loop);
    arena_free(s->arena);
    free(s);
}

int server_run(const server_options *o)
{
    server *s = listen_check(o) == CRM_OK ? calloc(1, sizeof *s) : NULL;
    if (!s) {
        return 1;
    }
    s->o = o;
    s->arena = arena_new(0);
    s->d.lock_fd = -1;
    umask(0077);
    prctl(PR_SET_DUMPABLE, 0);
    return_big_blocks();
    setenv("UV_THREADPOOL_SIZE", UV_THREADS, 0); /* read at the first use of libuv's pool */
    raise_file_limit();
    uv_loop_init(&s->loop);
    thread_set_role(THREAD_NONE, NULL);
    crm_status st = start(s);
    if (st != CRM_OK) {
        log_event(LOG_ERROR, "server.not_started", "status=%s", status_code(st));
        give_up(s);
        server_free(s);
        return 1;
    }
    thread_set_role(THREAD_LOOP, NULL);
    log_event(LOG_INFO, "server.started", "version=%s", KARKAS_VERSION);
    notify_manager("READY=1");
    uv_run(&s->loop, UV_RUN_DEFAULT);
    thread_set_role(THREAD_NONE, NULL);
    server_free(s);
    return 0;
}
