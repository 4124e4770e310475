/*
 * pulse.c - services of every kind, for tests of how they are kept: `line` waits, counts and tells
 * when it began and ended; `fails`, `deaf` (to its stop token) and `crashes` do so while the
 * setting of that name says yes, and have nothing to do otherwise.
 */
#define CRM_API_LEVEL 2
#include <crm/host.h>
#include <poll.h>

typedef struct state {
    int runs; /* of `line`; memory of the module, which has to be there until it has returned */
} state;
static void *now_running;

static crm_status start(const crm_host *host)
{
    (void)host;
    now_running = crm_keep(sizeof(state));
    return now_running ? CRM_OK : CRM_NOMEM;
}

static void stop(void)
{
    now_running = NULL;
}

/* ---- what they do to the records ------------------------------------------------------------- */

typedef struct event {
    const char *what, *service;
    int64_t seen;
} event;

static crm_status note(crm_ctx *c, void *arg)
{
    const event *e = arg;
    crm_rec *row;
    crm_status s = crm_new(c, "pulse.event", &row);
    s = s == CRM_OK ? crm_set_text(row, "what", crm_fmt(c, "%s", e->what)) : s;
    s = s == CRM_OK ? crm_set_text(row, "service", crm_fmt(c, "%s", e->service)) : s;
    s = s == CRM_OK ? crm_set_text(row, "made_by", CRM_S(CRM_MODULE_VERSION)) : s;
    s = s == CRM_OK ? crm_set_int(row, "seen", e->seen) : s;
    return s == CRM_OK ? crm_save(c, row) : s;
}

static crm_status tell(crm_service *s, const char *service, const char *what, int64_t seen)
{
    event e = {what, service, seen};
    return crm_service_write(s, note, &e, 0);
}

static crm_status count_asked(crm_ctx *c, void *arg)
{
    return crm_count(c, "pulse.event", "[\"what\",\"eq\",\"asked\"]", arg);
}

typedef struct question {
    const char *setting;
    bool is_yes;
} question;

static crm_status look_up(crm_ctx *c, void *arg)
{
    question *q = arg;
    crm_str json;
    crm_status s = crm_setting(c, q->setting, &json);
    q->is_yes = s == CRM_OK && json.n == 4; /* true */
    return s;
}

static bool is_wanted(crm_service *s, const char *setting)
{
    question q = {.setting = setting};
    return crm_service_read(s, look_up, &q, 0) == CRM_OK && q.is_yes;
}

/* ---- the services ---------------------------------------------------------------------------- */

static crm_status see_asked(crm_service *s)
{
    int64_t asked = 0;
    crm_status st = crm_service_read(s, count_asked, &asked, 0);
    if (st != CRM_OK) {
        return st;
    }
    crm_service_health(s, CRM_HEALTH_OK, "asked %d", (int)asked);
    return tell(s, "line", "saw", asked);
}

static crm_status be_line(crm_service *s, void *of)
{
    state *mine = of;
    struct pollfd p = {.fd = crm_service_fd(s), .events = POLLIN};
    mine->runs++;
    crm_status st = tell(s, "line", "begin", mine->runs);
    while (st == CRM_OK && !crm_service_should_stop(s)) {
        (void)!poll(&p, 1, 60000);
        if (crm_service_wait(s, 0) == CRM_WAIT_WAKE) {
            st = see_asked(s);
        }
    }
    return st == CRM_OK ? tell(s, "line", "end", mine->runs) : st;
}

static crm_status fail(crm_service *s, void *of)
{
    (void)of;
    if (!is_wanted(s, "fails")) {
        return CRM_OK;
    }
    crm_service_health(s, CRM_HEALTH_DOWN, "нет линии");
    return CRM_UPSTREAM;
}

static crm_status be_deaf(crm_service *s, void *of)
{
    (void)of;
    if (!is_wanted(s, "deaf")) {
        return CRM_OK;
    }
    crm_status st = tell(s, "deaf", "begin", 0);
    while (st == CRM_OK && is_wanted(s, "deaf")) {
        (void)!poll(NULL, 0, 20);
    }
    return st == CRM_OK ? tell(s, "deaf", "end", 0) : st;
}

static crm_status crash(crm_service *s, void *of)
{
    (void)of;
    if (is_wanted(s, "crashes")) {
        __builtin_trap();
    }
    return CRM_OK;
}

/* ---- waking them ----------------------------------------------------------------------------- */

/* The row and the wake are one transaction. */
static crm_status ask(crm_ctx *c, crm_out *out)
{
    event e = {"asked", "route", 0};
    (void)out;
    crm_status s = note(c, &e);
    return s == CRM_OK ? crm_service_wake(c, "line") : s;
}

static crm_status told(crm_ctx *c, crm_str setting)
{
    return crm_service_wake(c, setting.p);
}

static const crm_service_def services[] = {
    {.name = "line", .title_key = "pulse.service.line", .run = be_line, .state = &now_running},
    {.name = "fails", .title_key = "pulse.service.fails", .run = fail},
    {.name = "deaf", .run = be_deaf, .drain_ms = 200},
    {.name = "crashes", .run = crash},
};
static const crm_route routes[] = {
    {.method = "POST", .path = "/ask", .fn = ask, .tx = CRM_TX_WRITE, .perm = "user"},
};
static const crm_job jobs[] = {{.name = "told", .fn = told}};

static const crm_module self = {
    CRM_MODULE_HEAD,
    .name = CRM_MODULE_NAME,
    .version = CRM_MODULE_VERSION,
    .license = "Apache-2.0",
    .routes = CRM_TABLE(routes),
    .jobs = CRM_TABLE(jobs),
    .services = CRM_TABLE(services),
    .start = start,
    .stop = stop,
};
CRM_MODULE_EXPORT(self);
