/*
 * deployment.c - from a data directory, a folder of modules and a ТЗ to a published registry.
 *
 * Everything is prepared beside what runs: read, lint, load, build, seal. Then, while nobody else
 * writes, the people are written on trial, the schema grows, the people are written and the new
 * snapshot is published; what fails before that leaves the old one in force. Start-up and worker
 * threads.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "server.h"

#define FLOW_GRACE_MS 1500
#define TZ_PATH_FILE  "tz.path"
#define CODE_LETTERS  "abcdefghjkmnpqrstuvwxyz23456789"

/* ---- the data directory ---------------------------------------------------------------------- */

/* A crash names the module it happened in; without the file it names nobody, and the server runs.
 */
static void watch_modules(const char *data)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/crash", data);
    if (n < 0 || (size_t)n >= sizeof path || plug_crash_file(path) != CRM_OK)
        log_event(LOG_WARN, "crash.no_file", "data=%s", log_quote(str_of(data)));
    n = snprintf(path, sizeof path, "%s/probed", data);
    if (n > 0 && (size_t)n < sizeof path)
        plug_probed_file(path);
}

crm_status deployment_open(deployment *d, const server_options *o)
{
    long holder = 0;
    *d = (deployment){.o = o, .lock_fd = -1};
    uv_mutex_init(&d->apply_lock);
    crm_status s = fs_mkdir(o->data, 0700);
    if (s == CRM_OK)
        s = fs_lock(o->data, &d->lock_fd, &holder);
    if (s == CRM_CONFLICT)
        fprintf(stderr, "karkas: %s: another server (process %ld) holds this data directory\n",
                o->data, holder);
    else if (s != CRM_OK)
        fprintf(stderr, "karkas: %s: cannot be used as a data directory: %s\n", o->data,
                strerror(errno));
    if (s != CRM_OK)
        return s;
    watch_modules(o->data);
    s = engine_open_sqlite(o->data, &d->engine);
    if (s != CRM_OK)
        fprintf(stderr, "karkas: %s: the database cannot be opened (%s)\n", o->data,
                status_code(s));
    return s;
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
    if (d->flow)
        deployment_stop_flow(d);
    if (d->has_registry)
        registry_publish(NULL, NULL, NULL);
    if (d->engine)
        engine_close(d->engine);
    d->engine = NULL;
    if (d->lock_fd >= 0)
        close(d->lock_fd);
    d->lock_fd = -1;
    free(d->modules); /* the list: what was loaded stays mapped */
    d->modules = NULL;
    d->module_count = 0;
}

/* ---- what there is to say -------------------------------------------------------------------- */

static bool say_faults(const deployment *d, const tz_fault *f, buf *say)
{
    bool is_error = false;
    for (; f; f = f->next) {
        tz_fault_text(f, d->o->lang, say);
        buf_char(say, '\n');
        is_error |= !f->is_warning;
    }
    return is_error;
}

static void say_registry_faults(const deployment *d, arena *a, const registry_fault *f, buf *say)
{
    for (; f; f = f->next)
        say_faults(d, tz_fault_of_seal(a, f), say);
}

static void say_refusals(const deployment *d, const module_refusal *r, buf *say)
{
    for (; r; r = r->next)
        buf_fmt(say, "%.*s: %s (%.*s)\n", STR_FMT(r->module),
                plug_refusal_title(r->code, d->o->lang), STR_FMT(r->text));
}

/* ---- building -------------------------------------------------------------------------------- */

typedef struct build {
    arena *arena;
    module_found *found;
    uint32_t found_count;
    tz *tz;
    module **modules;
    uint32_t module_count;
    bool *is_new;
    registry *reg;
} build;

static crm_status read_texts(deployment *d, build *b, const char *path, buf *say)
{
    module_refusal *refused = NULL;
    tz_fault *faults = NULL;
    crm_status s = plug_scan(b->arena, d->o->modules, &b->found, &b->found_count, &refused);
    say_refusals(d, refused, say);
    if (s == CRM_OK)
        s = tz_read(b->arena, path, &b->tz, &faults);
    return say_faults(d, faults, say) && s == CRM_OK ? CRM_INVALID : s;
}

static module *find_loaded(const deployment *d, crm_str name)
{
    for (uint32_t i = 0; i < d->module_count; i++)
        if (str_eq(plug_name(d->modules[i]), name))
            return d->modules[i];
    return NULL;
}

static crm_status load_one(deployment *d, build *b, crm_str name, buf *say)
{
    module_refusal *refused = NULL;
    module **slot = &b->modules[b->module_count];
    *slot = find_loaded(d, name);
    crm_status s = CRM_OK;
    for (uint32_t i = 0; !*slot && i < b->found_count; i++) {
        if (!str_eq(b->found[i].name, name))
            continue;
        s = plug_load(b->arena, &b->found[i], slot, &refused);
        b->is_new[b->module_count] = s == CRM_OK;
    }
    say_refusals(d, refused, say);
    if (s == CRM_OK && *slot)
        b->module_count++;
    return *slot || s != CRM_OK ? s : CRM_NOT_FOUND;
}

static crm_status load_modules(deployment *d, build *b, buf *say)
{
    crm_str *names;
    uint32_t count;
    tz_fault *faults = NULL;
    crm_status s = tz_modules(b->tz, b->arena, b->found, b->found_count, &names, &count, &faults);
    if (say_faults(d, faults, say) && s == CRM_OK)
        s = CRM_INVALID;
    if (s != CRM_OK)
        return s;
    b->modules = ARENA_ARRAY(b->arena, module *, count + 1);
    b->is_new = ARENA_ARRAY(b->arena, bool, count + 1);
    if (!b->modules || !b->is_new)
        return CRM_NOMEM;
    for (uint32_t i = 0; i < count && s == CRM_OK; i++)
        s = load_one(d, b, names[i], say);
    return s;
}

/* A start on the text that is in force grants what it granted then. */
static crm_status keep_grants(deployment *d, build *b)
{
    if (!d->engine)
        return CRM_OK; /* linting without a data directory: nothing was applied */
    const registry *current = registry_pin();
    crm_status s = tz_recall(b->tz, d->engine, current);
    registry_unpin(current);
    return s;
}

static crm_status build_registry(deployment *d, build *b, buf *say)
{
    registry_fault *faults = NULL;
    tz_fault *tz_faults = NULL;
    b->reg = registry_new();
    crm_status s = b->reg ? flow_register(b->reg) : CRM_NOMEM;
    if (s == CRM_OK)
        s = import_register(b->reg);
    if (s == CRM_OK)
        s = plug_register(b->modules, b->module_count, b->reg, b->arena, &faults);
    if (s == CRM_OK)
        s = keep_grants(d, b);
    if (s == CRM_OK)
        s = tz_register(b->tz, b->reg, b->arena, &tz_faults);
    if (say_faults(d, tz_faults, say) && s == CRM_OK)
        s = CRM_INVALID;
    if (s == CRM_OK)
        s = registry_seal(b->reg, b->arena, &faults);
    say_registry_faults(d, b->arena, faults, say);
    return s;
}

/* ---- putting it into force ------------------------------------------------------------------- */

static crm_status start_modules(build *b)
{
    for (uint32_t i = 0; i < b->module_count; i++) {
        crm_status s = b->is_new[i] ? plug_start(b->modules[i]) : CRM_OK;
        if (s != CRM_OK) {
            log_event(LOG_ERROR, "module.start_failed", "module=%s",
                      log_quote(plug_name(b->modules[i])));
            return s;
        }
        b->is_new[i] = false;
    }
    return CRM_OK;
}

static void discard(pool_task *t, engine_session *session)
{
    (void)session;
    registry_discard(t->arg);
}

static void discarded(pool_task *t)
{
    free(t);
}

/* The last pin may go anywhere; freeing belongs to a worker. */
static void released(registry *r, void *arg)
{
    deployment *d = arg;
    pool_task *t = d->flow ? calloc(1, sizeof *t) : NULL;
    if (t)
        *t = (pool_task){.run = discard, .done = discarded, .arg = r};
    if (!t || pool_submit(d->flow, POOL_WORKER, t) != CRM_OK) {
        free(t);
        registry_discard(r);
    }
}

static crm_status load_people(deployment *d, const registry *r)
{
    engine_session *s;
    people *p;
    crm_status st = engine_session_open(d->engine, ENGINE_READER, (engine_deliver){0}, &s);
    if (st != CRM_OK)
        return st;
    st = people_build(s, r, &p);
    engine_session_close(s);
    if (st == CRM_OK)
        people_publish(p);
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
                      .fatal = storage_failed};
    crm_status s = load_people(d, r);
    return s == CRM_OK ? flow_start(&o, &d->flow) : s;
}

/* Whatever was started stays known, also when the rest fails: it must not be started twice. */
static crm_status keep_modules(deployment *d, const build *b)
{
    module **all = realloc(d->modules, (d->module_count + b->module_count) * sizeof *all);
    if (!all && d->module_count + b->module_count)
        return CRM_NOMEM;
    d->modules = all;
    for (uint32_t i = 0; i < b->module_count; i++)
        if (!find_loaded(d, plug_name(b->modules[i]))) {
            d->modules[d->module_count++] = b->modules[i];
            module_figures(b->modules[i]);
        }
    return CRM_OK;
}

static void remember_path(deployment *d, build *b, const char *path)
{
    char *full = realpath(path, NULL);
    crm_str file = arena_fmt(b->arena, "%s/%s", d->o->data, TZ_PATH_FILE);
    if (full && fs_write(file.p, str_of(full), 0600) != CRM_OK)
        log_event(LOG_WARN, "tz.path_not_kept", "file=%s", log_quote(file));
    free(full);
}

/* What is done at once, while the writer does nothing else. */
typedef struct swap {
    deployment *d;
    build *b;
    buf *say;
    bool has_schema; /* at a first start it was made before the writer */
} swap;

static crm_status make_schema(swap *x)
{
    registry_fault *faults = NULL;
    crm_status s = engine_schema(x->d->engine, x->b->reg, x->b->arena, &faults);
    say_registry_faults(x->d, x->b->arena, faults, x->say);
    x->has_schema = s == CRM_OK;
    return s;
}

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

static crm_status write_people(swap *x, const registry *r, bool is_trial)
{
    crm_ctx c, on = {.reg = r, .people = people_pin()};
    writing arg = {.tz = x->b->tz, .is_trial = is_trial, .status = CRM_UNAVAILABLE};
    crm_status s = call_begin_from(&c, &on, &principal_system, CRM_S("tz"));
    if (on.people)
        people_unpin(on.people);
    if (s != CRM_OK)
        return s;
    c.lang = str_of(x->d->o->lang);
    s = writer_run_alone(x->d->flow, &c, commit_people, &arg);
    if (is_trial && arg.status == CRM_OK && s == CRM_CONFLICT)
        s = CRM_OK;
    if (s != CRM_OK)
        say_faults(x->d, arg.refused, x->say);
    call_end(&c);
    return s;
}

/*
 * On the writer. Whatever people can be refused for is found on trial, on the registry in force and
 * before the schema grows; a disk that fails afterwards leaves columns that nobody uses.
 */
static crm_status swap_registry(void *arg)
{
    swap *x = arg;
    const registry *old = registry_pin();
    crm_status s = old ? write_people(x, old, true) : CRM_OK;
    registry_unpin(old);
    if (s == CRM_OK && !x->has_schema)
        s = make_schema(x);
    if (s == CRM_OK)
        s = write_people(x, x->b->reg, false);
    if (s != CRM_OK)
        return s;
    registry_publish(x->b->reg, released, x->d);
    x->b->reg = NULL;
    x->d->has_registry = true;
    return CRM_OK;
}

static crm_status put_in_force(deployment *d, build *b, buf *say)
{
    swap x = {.d = d, .b = b, .say = say};
    crm_status s = start_modules(b);
    if (s == CRM_OK)
        s = keep_modules(d, b);
    if (s == CRM_OK && !d->flow)
        s = make_schema(&x);
    if (s == CRM_OK && !d->flow)
        s = start_flow(d, b->reg);
    if (s == CRM_OK)
        s = writer_exclusive(d->flow, swap_registry, &x);
    if (s != CRM_OK)
        return s;
    if (d->on_published)
        d->on_published(d->published_arg);
    return flow_ready(d->flow);
}

static const char *stored_path(deployment *d, arena *a)
{
    crm_str path;
    crm_str file = arena_fmt(a, "%s/%s", d->o->data, TZ_PATH_FILE);
    return file.p && fs_read(a, file.p, 4096, &path) == CRM_OK ? path.p : NULL;
}

static crm_status apply(deployment *d, build *b, const char *path, buf *say)
{
    if (!path)
        path = stored_path(d, b->arena);
    if (!path) {
        buf_z(say, d->o->lang[0] == 'r' ? "нужен ТЗ: --tz ФАЙЛ\n" : "a ТЗ is needed: --tz FILE\n");
        return CRM_INVALID;
    }
    crm_status s = read_texts(d, b, path, say);
    if (s == CRM_OK)
        s = load_modules(d, b, say);
    if (s == CRM_OK)
        s = build_registry(d, b, say);
    if (s == CRM_OK)
        s = put_in_force(d, b, say);
    if (s == CRM_OK)
        remember_path(d, b, path);
    return s;
}

crm_status deployment_apply(deployment *d, const char *path, buf *say)
{
    build b = {.arena = arena_new(256 << 20)};
    if (!b.arena)
        return CRM_NOMEM;
    uv_mutex_lock(&d->apply_lock);
    crm_status s = apply(d, &b, path, say);
    uv_mutex_unlock(&d->apply_lock);
    if (b.reg)
        registry_discard(b.reg);
    arena_free(b.arena);
    return s;
}

crm_status deployment_lint(deployment *d, const char *path, buf *say)
{
    build b = {.arena = arena_new(256 << 20)};
    if (!b.arena)
        return CRM_NOMEM;
    crm_status s = read_texts(d, &b, path, say);
    if (s == CRM_OK)
        s = load_modules(d, &b, say);
    if (s == CRM_OK)
        s = build_registry(d, &b, say);
    if (b.reg)
        registry_discard(b.reg);
    arena_free(b.arena);
    return s;
}
