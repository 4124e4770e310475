/*
 * deployment.c - from a data directory, a folder of modules and a ТЗ to a published registry.
 *
 * Everything is prepared beside what runs: read, lint, load, build, seal. Then, while nobody else
 * writes, the people are written on trial, the schema grows, the people are written and the new
 * snapshot is published; what fails before that leaves the old one in force. Start-up and worker
 * threads.
 */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fs_walk.h"
#include "build.h"
#include "data/backup.h"
#include "data/engine_sqlite.h"
#include "data/field_convert.h"
#include "module_migrate.h"

#define AHEAD_MS      15 /* of the writer's time at once, while it converts ahead */
#define FLOW_GRACE_MS 1500
#define CODE_LETTERS  "abcdefghjkmnpqrstuvwxyz23456789"

/* ---- the data directory ---------------------------------------------------------------------- */

/* A crash names the module it happened in; without the file it names nobody, and the server runs.
 */
static void watch_modules(const char *data)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/crash", data);
    if (n < 0 || (size_t)n >= sizeof path || plug_crash_file(path) != CRM_OK) {
        log_event(LOG_WARN, "crash.no_file", "data=%s", log_quote(str_of(data)));
    }
    n = snprintf(path, sizeof path, "%s/probed", data);
    if (n > 0 && (size_t)n < sizeof path) {
        plug_probed_file(path);
    }
}

/* A server that began on half of what is being restored would begin an empty company. */
static crm_status settle(const server_options *o)
{
    backup_report report;
    buf say;
    crm_status s = backup_settle(o->data, &report);
    buf_init(&say, 0);
    backup_say(&report.fault, o->lang, &say);
    if (s != CRM_OK && say.n) {
        fprintf(stderr, "karkas: %.*s", (int)say.n, say.p);
    } else if (s != CRM_OK) {
        fprintf(stderr, "karkas: %s: %s\n", o->data, status_code(s));
    }
    buf_free(&say);
    return s;
}

crm_status deployment_lock(deployment *d, const server_options *o)
{
    long holder = 0;
    *d = (deployment){.o = o, .lock_fd = -1};
    uv_mutex_init(&d->apply_lock);
    crm_status s = fs_lock(o->data, &d->lock_fd, &holder);
    if (s == CRM_CONFLICT) {
        fprintf(stderr, "karkas: %s: another server (process %ld) holds this data directory\n",
                o->data, holder);
    } else if (s != CRM_OK) {
        fprintf(stderr, "karkas: %s: cannot be used as a data directory: %s\n", o->data,
                strerror(errno));
    }
    if (s == CRM_OK) {
        fs_drop_unfinished(o->data);
    }
    return s == CRM_OK ? settle(o) : s;
}

crm_status deployment_hold(deployment *d, const server_options *o)
{
    bool is_there = fs_mkdir(o->data, 0700) == CRM_OK; /* else the lock says why */
    crm_status s = deployment_lock(d, o);
    if (s == CRM_OK && !is_there) {
        fprintf(stderr, "karkas: %s: its mode cannot be set to 0700\n", o->data);
        s = CRM_INTERNAL;
    }
    return s;
}

static void say_not_opened(const server_options *o, crm_status s)
{
    bool is_ru = o->lang[0] == 'r';
    if (s == CRM_CONFLICT) {
        fprintf(stderr,
                is_ru
                    ? "karkas: %s: эти данные записала более новая версия Каркаса. Запустите её: "
                      "прежняя потеряла бы часть записанного.\n"
                    : "karkas: %s: a newer version of Karkas wrote these data. Start that one: an "
                      "older one would lose some of what it writes.\n",
                o->data);
        return;
    }
    fprintf(stderr, "karkas: %s: the database cannot be opened (%s)\n", o->data, status_code(s));
}

crm_status deployment_open(deployment *d, const server_options *o)
{
    watch_modules(o->data);
    plug_drop_removed(o->modules);
    crm_status s = engine_open_sqlite(o->data, &d->engine);
    if (s != CRM_OK) {
        say_not_opened(o, s);
        return s;
    }
    engine_sqlite_limit_groups(d->engine, (size_t)o->report_mb << 20);
    return CRM_OK;
}

void deployment_stop_flow(deployment *d)
{
    if (!flow_stop(d->flow, FLOW_GRACE_MS)) {
        /* Nothing its threads use may be taken away; what is acknowledged is on the disk. */
        log_event(LOG_ERROR, "stop.held", "exit=%d", EX_SOFTWARE);
        _exit(EX_SOFTWARE);
    }
    d->flow = NULL;
}

void deployment_close(deployment *d)
{
    if (d->flow) {
        deployment_stop_flow(d);
    }
    if (d->has_registry) {
        registry_publish(NULL, NULL, NULL);
    }
    if (d->engine) {
        engine_close(d->engine);
    }
    d->engine = NULL;
    if (d->lock_fd >= 0) {
        close(d->lock_fd);
    }
    d->lock_fd = -1;
    model_work_free(d);
    build_free(d->in_force);
    d->in_force = NULL;
    free(d->refused);
    d->refused = NULL;
    free(d->modules); /* the list: what was loaded stays mapped */
    d->modules = NULL;
    d->module_count = 0;
}

/* ---- putting it into force ------------------------------------------------------------------- */

/* What goes with a registry that nobody holds any more. */
typedef struct leaving {
    pool_task task;
    deployment *d;
    registry *r;
} leaving;

/* On the writer, where registries are published, so none comes in between. */
static crm_status tidy(void *arg)
{
    deployment *d = arg;
    const registry *r = registry_pin();
    crm_status s = r && registry_is_alone() ? engine_tidy(d->engine, r) : CRM_OK;
    registry_unpin(r);
    return s;
}

/* A generation that no other registry holds stops here. */
static void let_go(registry *r)
{
    for (uint32_t i = 0; i < r->module_count; i++) {
        plug_stop(r->modules[i].loaded);
    }
    registry_discard(r);
}

static void discard(pool_task *t, engine_session *session)
{
    leaving *x = t->arg;
    (void)session;
    let_go(x->r);
    crm_status s = registry_is_alone() ? writer_exclusive(x->d->flow, tidy, x->d) : CRM_OK;
    if (s != CRM_OK) {
        log_event(LOG_WARN, "schema.not_tidied", "status=%s", status_code(s));
    }
}

static void discarded(pool_task *t)
{
    free(t->arg);
}

/* The last pin may go anywhere; freeing belongs to a worker. */
static void released(registry *r, void *arg)
{
    deployment *d = arg;
    leaving *x = d->flow ? calloc(1, sizeof *x) : NULL;
    if (x) {
        *x = (leaving){.task = {.run = discard, .done = discarded, .arg = x}, .d = d, .r = r};
    }
    if (!x || pool_submit(d->flow, POOL_WORKER, &x->task) != CRM_OK) {
        free(x);
        let_go(r);
    }
}

static crm_status load_people(deployment *d, const registry *r)
{
    engine_session *s;
    people *p;
    /* The writing one, which knows the schema already: the writer begins after this. */
    crm_status st = engine_session_open(d->engine, ENGINE_WRITER, (engine_deliver){0}, &s);
    if (st != CRM_OK) {
        return st;
    }
    st = people_build(s, r, &p);
    engine_session_close(s);
    if (st == CRM_OK) {
        people_publish(p);
    }
    return st;
}

/* What was written is for the recovery at the next start to find out: nothing is closed in order.
 */
static void storage_failed(void *arg)
{
    (void)arg;
    _exit(EX_IOERR);
}

static crm_status start_flow(deployment *d, const registry *r)
{
    flow_options o = {.engine = d->engine,
                      .data_dir = d->o->data,
                      .group_max = d->o->group_max,
                      .record_json = api_record_json,
                      .fatal = storage_failed,
                      /* A command without a server ends soon, and nobody listens there. */
                      .has_no_services = d->o->is_safe || !d->begins_late};
    crm_status s = load_people(d, r);
    return s == CRM_OK ? flow_start(&o, &d->flow) : s;
}

/* What is done at once, while the writer does nothing else. */
typedef struct swap {
    deployment *d;
    build *b;
    bool has_schema; /* at a first start it was made before the writer */
} swap;

typedef struct writing {
    const tz *tz;
    bool is_trial;
    crm_status status;
    tz_fault *refused;
} writing;

/* A trial is always rolled back; what it came to stands in `status`. */
static crm_status commit_people(crm_ctx *c, void *arg)
{
    writing *x = arg;
    x->status = tz_apply(x->tz, c, &x->refused);
    return x->is_trial && x->status == CRM_OK ? CRM_CONFLICT : x->status;
}

/* The call's arena goes. */
static void keep_refused(build *b, const tz_fault *f)
{
    tz_fault *copy = f ? ARENA_NEW(b->arena, tz_fault) : NULL;
    if (!copy) {
        return;
    }
    *copy = *f;
    copy->expected = arena_dup(b->arena, f->expected);
    copy->subject = arena_dup(b->arena, f->subject);
    copy->next = NULL;
    build_faults(b, copy);
}

static crm_status write_people(swap *x, const registry *r, bool is_trial)
{
    crm_ctx c, on = {.reg = r, .people = people_pin()};
    writing arg = {.tz = x->b->tz, .is_trial = is_trial, .status = CRM_UNAVAILABLE};
    crm_status s = call_begin_from(&c, &on, &principal_system, CRM_S("tz"));
    if (on.people) {
        people_unpin(on.people);
    }
    if (s != CRM_OK) {
        return s;
    }
    c.lang = str_of(x->d->o->lang);
    s = writer_run_alone(x->d->flow, &c, commit_people, &arg);
    if (is_trial && arg.status == CRM_OK && s == CRM_CONFLICT) {
        s = CRM_OK;
    }
    if (s != CRM_OK) {
        keep_refused(x->b, arg.refused);
    }
    call_end(&c);
    return s;
}

/*
 * On the writer. Whatever people can be refused for is found on trial, on the registry in force and
 * before the schema grows; a disk that fails afterwards leaves columns that nobody uses. A start
 * has no registry in force yet: it ends when people are refused.
 */
static crm_status swap_registry(void *arg)
{
    swap *x = arg;
    const registry *old = registry_pin();
    crm_status s = old ? write_people(x, old, true) : CRM_OK;
    if (s == CRM_OK && !x->has_schema) {
        s = build_schema(x->d, x->b);
    }
    if (s == CRM_OK) {
        s = write_people(x, x->b->reg, false);
    }
    if (s == CRM_OK) {
        build_publish(x->d, x->b);
        settings_follow_text(x->d, old);
    }
    registry_unpin(old);
    return s;
}

static const entity *former_entity(const registry *old, const entity *e)
{
    const entity *was = registry_entity(old, e->name);
    return was || !e->was.n ? was : registry_entity(old, e->was);
}

static const field *former(const registry *old, const entity *e, const field *f)
{
    const entity *was = former_entity(old, e);
    const field *own = was ? entity_field(was, f->name) : NULL;
    return own || !was || !f->was.n ? own : entity_field(was, f->was);
}

/* Whether stored values mean something else than they did, or are found by something else: who
 * writes by the old registry would store neither. */
static bool has_retypes(const registry *old, const registry *r)
{
    for (uint32_t i = 0; i < r->entity_count; i++) {
        const entity *e = r->entities[i], *before = former_entity(old, e);
        if (before && model_has_other_text(before, e)) {
            return true;
        }
        for (uint32_t k = COL_OWN; k < e->field_count; k++) {
            const field *f = &e->fields[k];
            const field *was = f->flags & FIELD_DEPLOYMENT ? former(old, e, f) : NULL;
            if (was && field_retype(was, f) != RETYPE_NONE) {
                return true;
            }
        }
    }
    return false;
}

void build_publish(deployment *d, build *b)
{
    const registry *old = registry_pin();
    if (old && has_retypes(old, b->reg)) {
        writer_refuse_older(d->flow, b->reg);
    }
    registry_unpin(old);
    for (uint32_t i = 0; i < b->module_count; i++) {
        crm_status s = plug_start(b->modules[i]);
        assert(s == CRM_OK); /* it runs, so this only counts */
        (void)s;
    }
    registry_publish(b->reg, released, d);
    b->reg = NULL;
    d->has_registry = true;
    d->generation++;
}

typedef struct slice {
    deployment *d;
    build *b;
    engine_ahead ahead;
} slice;

static crm_status go_ahead(void *arg)
{
    slice *x = arg;
    x->ahead.until = clock_mono() + AHEAD_MS * 1000000LL;
    return engine_schema_ahead(x->d->engine, x->b->reg, x->b->arena, &x->ahead);
}

crm_status build_ahead(deployment *d, build *b, engine_ahead *out)
{
    slice x = {.d = d, .b = b};
    crm_status s = writer_exclusive(d->flow, go_ahead, &x);
    *out = x.ahead;
    return s == CRM_OK && out->fault ? build_refuse(b, out->fault) : s;
}

/* Values that are stored another way from now on are written while others work, for the most part.
 */
static crm_status convert_ahead(deployment *d, build *b)
{
    engine_ahead ahead = {0};
    crm_status s = CRM_OK;
    while (s == CRM_OK && !ahead.is_done && !ahead.misfits) {
        s = build_ahead(d, b, &ahead);
    }
    return s; /* what does not fit is named by the step */
}

static crm_status drop_ahead(void *arg)
{
    return engine_drop_ahead(arg);
}

/* A batch of the model that is under way loses what it has made, and begins anew. */
static void give_up_ahead(deployment *d)
{
    if (writer_exclusive(d->flow, drop_ahead, d->engine) != CRM_OK) {
        log_event(LOG_WARN, "model.ahead_not_dropped", "after=apply");
    }
}

static void look_after_start(pool_task *t, engine_session *session)
{
    leaving *x = t->arg;
    model_drop_ahead(x->d, session);
}

/* A server that was killed may have stopped a batch without dropping what that had made. */
static crm_status drop_left_ahead(deployment *d)
{
    leaving *x = calloc(1, sizeof *x);
    if (!x) {
        return CRM_NOMEM;
    }
    *x = (leaving){.task = {.run = look_after_start, .done = discarded, .arg = x}, .d = d};
    crm_status s = pool_submit(d->flow, POOL_WORKER, &x->task);
    if (s != CRM_OK) {
        free(x);
    }
    return s;
}

static crm_status put_started_in_force(deployment *d, build *b)
{
    bool is_start = !d->flow;
    swap x = {.d = d, .b = b};
    b->has_grown = is_start;
    crm_status s = d->flow ? convert_ahead(d, b) : build_schema(d, b);
    x.has_schema = s == CRM_OK && !d->flow;
    if (s == CRM_OK && !d->flow) {
        s = start_flow(d, b->reg);
    }
    s = s == CRM_OK ? writer_exclusive(d->flow, swap_registry, &x) : s;
    if (s != CRM_OK && !is_start) {
        give_up_ahead(d);
    }
    return s == CRM_OK && is_start ? drop_left_ahead(d) : s;
}

crm_status build_put_in_force(deployment *d, build *b)
{
    crm_status s = build_files(d, b);
    s = s == CRM_OK ? build_start(b) : s;
    if (s != CRM_OK) {
        return s;
    }
    s = put_started_in_force(d, b);
    build_rest(b);
    return s == CRM_OK ? deployment_published(d) : s;
}

crm_status deployment_published(deployment *d)
{
    settings_follow_modules(d);
    service_figures();
    migrations_follow(d, (crm_str){0});
    if (d->on_published) {
        d->on_published(d->published_arg);
    }
    return d->begins_late ? CRM_OK : flow_ready(d->flow);
}
