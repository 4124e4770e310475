/*
 * kit_mock.c - a module at work in this process: `karkas --mock TESTS.so FOLDER` composes it with
 * what it needs as a server would, on the engine in memory, and hands its tests the table.
 */
#include "kit_mock.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#include "base/loop.h"

#define BEGIN_MS  1800255600000LL /* 2027-01-18T07:00:00Z */
#define DEPTH_MAX 8
#define SAID_MAX  (1u << 20)

static struct {
    command_call call; /* where faults of the module are said */
    deployment deployment;
    kit_set set; /* loaded once, as on a server */
    mock m;
    bool is_open;
} world;

/* ---- saying ---------------------------------------------------------------------------------- */

crm_status mock_misuse(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("mock: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    return CRM_MISUSE;
}

const char *mock_text(mock *m, crm_str s)
{
    const char *text = s.n ? arena_cstr(m->arena, s) : "";
    return text ? text : "";
}

const entity *mock_entity(const mock *m, const char *name)
{
    const entity *e = registry_entity(m->reg, str_of(name));
    if (!e) {
        mock_misuse("there is no entity %s", name ? name : "NULL");
    }
    return e;
}

/* What the module logs and what is said of modules; other errors of the kernel go where they always
 * do. */
static void take_line(const char *line, void *arg)
{
    mock *m = arg;
    const char *event = strstr(line, " event=");
    if (event && !strncmp(event, " event=module", 13)) {
        buf_fmt(&m->log, "%s\n", line);
    } else if (strstr(line, " level=error ")) {
        fprintf(stderr, "%s\n", line);
    }
}

/* ---- acts ------------------------------------------------------------------------------------ */

static void note(mock *m, const crm_ctx *c, crm_status s)
{
    const call_error *e = &c->error;
    const field_error *f = e->fields;
    m->status = s;
    m->code = m->field = m->text = "";
    if (s != CRM_OK) {
        crm_str code = f && f->code.n ? f->code : e->code.n ? e->code : str_of(status_code(s));
        m->code = mock_text(m, code);
        m->field = mock_text(m, f ? f->field : (crm_str){0});
        m->text = mock_text(m, f && f->text.n ? f->text : e->text);
    }
}

/* A call as who acts. UNAUTHENTICATED: there is no such person. */
static crm_status begin(mock *m, int64_t user, crm_ctx *c, principal *who)
{
    const people *all = people_pin();
    crm_status s = CRM_OK;
    *who = user == MOCK_NOBODY ? (principal){.kind = PRINCIPAL_NOBODY} : principal_system;
    if (user > 0) {
        s = people_principal(m->arena, all, user, who);
    }
    people_unpin(all);
    s = s == CRM_OK ? call_begin(c, who, CRM_S("mock")) : s;
    if (s == CRM_UNAUTHENTICATED) {
        return mock_misuse("nobody has the id %lld: mock_person gives one", (long long)user);
    }
    return s;
}

/* What follows a commit. */
static void follow(mock *m, tx *t)
{
    changes_batch *changes = tx_take_changes(t);
    if (changes && m->depth < DEPTH_MAX) {
        m->depth++;
        mock_calls_hear(m, changes);
        m->depth--;
    } else if (changes) {
        mock_misuse("listeners of modules hear each other without an end");
    }
    changes_unref(changes);
}

static crm_status commit(mock *m, crm_ctx *c, mock_fn fn, void *arg, tx **out)
{
    tx *t;
    crm_status s = tx_begin(m->writer, &t);
    if (s != CRM_OK) {
        return s;
    }
    *out = t;
    s = tx_request_begin(t, c);
    if (s != CRM_OK) {
        tx_rollback(t);
        return s;
    }
    s = fn(m, c, arg);
    t->deadline = 0;
    crm_status ended = tx_request_end(t, s == CRM_OK);
    if (ended == CRM_OK) {
        ended = tx_commit(t);
    } else {
        tx_rollback(t);
    }
    return s == CRM_OK ? ended : s;
}

static crm_status act(mock *m, int64_t user, mock_fn fn, void *arg, bool is_told)
{
    crm_ctx c;
    principal who;
    tx *t = NULL;
    crm_status s = begin(m, user, &c, &who);
    if (s != CRM_OK) {
        m->status = s;
        return s;
    }
    m->acting++;
    s = commit(m, &c, fn, arg, &t);
    m->acting--;
    engine_turn_end(m->reader);
    if (is_told) {
        note(m, &c, s);
    }
    call_end(&c);
    if (t && s == CRM_OK) {
        follow(m, t);
    }
    if (t) {
        tx_free(t);
    }
    return s;
}

crm_status mock_act(mock *m, mock_fn fn, void *arg)
{
    return act(m, m->user, fn, arg, true);
}

crm_status mock_act_aside(mock *m, mock_fn fn, void *arg)
{
    return act(m, MOCK_SYSTEM, fn, arg, false);
}

static crm_status look(mock *m, int64_t user, mock_fn fn, void *arg, bool is_told)
{
    crm_ctx c;
    principal who;
    crm_status s = begin(m, user, &c, &who);
    if (s != CRM_OK) {
        return s;
    }
    c.session = m->reader;
    m->acting++;
    s = fn(m, &c, arg);
    m->acting--;
    if (is_told) {
        note(m, &c, s);
    }
    call_end(&c);
    engine_turn_end(m->reader);
    return s;
}

crm_status mock_look(mock *m, mock_fn fn, void *arg)
{
    return look(m, MOCK_SYSTEM, fn, arg, false);
}

crm_status mock_look_as(mock *m, mock_fn fn, void *arg)
{
    return look(m, m->user, fn, arg, true);
}

/* ---- opening and closing --------------------------------------------------------------------- */

static crm_status add_company(registry *r)
{
    r->locale = str_of(world.call.lang);
    return mock_company(r);
}

static crm_status publish(mock *m, registry *r)
{
    registry_fault *faults = NULL;
    people *p = NULL;
    crm_status s = engine_open_memory(0, &m->engine);
    s = s == CRM_OK ? engine_schema(m->engine, r, m->arena, &faults) : s;
    if (s != CRM_OK) {
        registry_discard(r);
        return s;
    }
    registry_publish(r, NULL, NULL);
    m->reg = registry_pin();
    s = engine_session_open(m->engine, ENGINE_WRITER, (engine_deliver){NULL, NULL}, &m->writer);
    s = s == CRM_OK ? engine_session_open(m->engine, ENGINE_READER, (engine_deliver){NULL, NULL},
                                          &m->reader)
                    : s;
    s = s == CRM_OK ? people_build(m->writer, m->reg, &p) : s;
    if (s == CRM_OK) {
        people_publish(p);
    }
    return s;
}

static crm_status start(mock *m)
{
    crm_status s = CRM_OK;
    uint32_t i = 0;
    for (; s == CRM_OK && i < world.set.count; i++) {
        s = plug_start(world.set.at[i]);
    }
    if (s != CRM_OK) {
        i--; /* it did not */
        while (i-- > 0) {
            plug_stop(world.set.at[i]);
        }
        return s;
    }
    world.is_open = true;
    mock_fail_install(world.set.at[0]);
    return mock_time_begin(m);
}

/* All but the modules. */
static void let_go(mock *m)
{
    if (m->reader) {
        engine_session_close(m->reader);
    }
    if (m->writer) {
        engine_session_close(m->writer);
    }
    people_publish(NULL);
    registry_unpin(m->reg);
    registry_publish(NULL, NULL, NULL);
    if (m->engine) {
        engine_close(m->engine);
    }
    log_capture(NULL, NULL);
    log_set_level(LOG_WARN);
    buf_free(&m->reply);
    buf_free(&m->log);
    arena_free(m->arena);
    *m = (mock){0};
}

static void close_it(mock *m)
{
    if (m != &world.m || !world.is_open) {
        return;
    }
    if (m->acting) {
        mock_misuse("the module's code ended by a signal in the middle of an act: what follows "
                    "cannot be tried");
        fflush(NULL);
        _exit(1);
    }
    for (uint32_t i = world.set.count; i-- > 0;) {
        plug_stop(world.set.at[i]);
    }
    world.is_open = false;
    let_go(m);
}

static mock *open_it(void)
{
    mock *m = &world.m;
    registry *r = NULL;
    close_it(m); /* a test that failed has left it open */
    *m = (mock){.arena = arena_new(0), .code = "", .field = "", .text = ""};
    buf_init(&m->reply, SAID_MAX);
    buf_init(&m->log, SAID_MAX);
    log_capture(take_line, m);
    log_set_level(LOG_INFO);
    m->module = plug_name(world.set.at[0]);
    crm_status s = m->arena ? kit_compose(&world.call, &world.set, add_company, &r) : CRM_NOMEM;
    if (s != CRM_OK) {
        registry_discard(r);
    }
    s = s == CRM_OK ? publish(m, r) : s;
    s = s == CRM_OK ? start(m) : s;
    if (s == CRM_OK) {
        return m;
    }
    fprintf(stderr, "mock: the module cannot be started: %s\n%.*s%.*s", status_code(s),
            STR_FMT(buf_view(world.call.out)), STR_FMT(buf_view(&m->log)));
    if (world.is_open) {
        close_it(m);
    } else {
        let_go(m);
    }
    return NULL;
}

/* ---- the table ------------------------------------------------------------------------------- */

static void as(mock *m, int64_t user)
{
    m->user = user;
}

static const char *reply(mock *m)
{
    return mock_text(m, buf_view(&m->reply));
}

static int http(mock *m)
{
    return m->http;
}

static int64_t now(mock *m)
{
    (void)m;
    return clock_now();
}

static crm_status status(mock *m)
{
    return m->status;
}

static const char *error_code(mock *m)
{
    return m->code;
}

static const char *error_field(mock *m)
{
    return m->field;
}

static const char *error_text(mock *m)
{
    return m->text;
}

static const char *log_since(mock *m)
{
    const char *text = mock_text(m, buf_view(&m->log));
    buf_clear(&m->log);
    return text;
}

static const struct mock_table table = {.size = sizeof(struct mock_table),
                                        .open = open_it,
                                        .close = close_it,
                                        .person = mock_records_person,
                                        .as = as,
                                        .make = mock_records_make,
                                        .change = mock_records_change,
                                        .remove = mock_records_remove,
                                        .get = mock_records_get,
                                        .list = mock_records_list,
                                        .call = mock_calls_route,
                                        .reply = reply,
                                        .http = http,
                                        .step = mock_calls_step,
                                        .job = mock_calls_job,
                                        .receive = mock_calls_receive,
                                        .setting = mock_calls_setting,
                                        .now = now,
                                        .advance = mock_time_advance,
                                        .status = status,
                                        .error_code = error_code,
                                        .error_field = error_field,
                                        .error_text = error_text,
                                        .log = log_since,
                                        .let_fail = mock_fail_set};

/* ---- running the tests ----------------------------------------------------------------------- */

static int run(const char *tests)
{
    void *object = dlopen(tests, RTLD_NOW | RTLD_LOCAL);
    int (*run_all)(const struct mock_table *) = NULL;
    if (object) {
        *(void **)&run_all = dlsym(object, "karkas_mock_v1");
    }
    if (!run_all) {
        fprintf(stderr, "karkas: %s\n", object ? "MOCK_TESTS(…) is missing" : dlerror());
        return 1;
    }
    int failed = run_all(&table);
    close_it(&world.m);
    return failed ? 1 : 0;
}

int kit_mock_main(const server_options *o, const char *tests, const char *folder)
{
    buf out;
    buf_init(&out, SAID_MAX);
    world.deployment = (deployment){.o = o, .lock_fd = -1};
    world.call =
        (command_call){.d = &world.deployment, .lang = o->lang, .arena = arena_new(0), .out = &out};
    log_set_level(LOG_WARN);
    thread_set_role(THREAD_WRITER, "mock");
    clock_virtual(BEGIN_MS);
    int code = 1;
    if (world.call.arena && kit_load(&world.call, folder, &world.set) == CRM_OK) {
        code = run(tests);
    } else {
        fprintf(stderr, "%.*s", STR_FMT(buf_view(&out)));
    }
    buf_free(&out);
    arena_free(world.call.arena);
    return code;
}
