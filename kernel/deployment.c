/*
 * deployment.c - from a data directory, a folder of modules and a ТЗ to a published registry.
 *
 * Everything is prepared beside what runs: read, lint, load, build, seal. Only then the schema
 * grows, the new snapshot is published and the people are written. Start-up and worker threads.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "data/stores.h"
#include "server.h"

#define FLOW_GRACE_MS 1500
#define TZ_PATH_FILE  "tz.path"
#define CODE_LETTERS  "abcdefghjkmnpqrstuvwxyz23456789"

/* ---- the data directory ---------------------------------------------------------------------- */

/* A crash names the module it happened in; without the file it names nobody, and the server runs.
 */
static void watch_crashes(const char *data)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/crash", data);
    if (n < 0 || (size_t)n >= sizeof path || plug_crash_file(path) != CRM_OK)
        log_event(LOG_WARN, "crash.no_file", "data=%s", log_quote(str_of(data)));
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
    watch_crashes(o->data);
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

typedef struct schema_step {
    deployment *d;
    build *b;
    registry_fault *faults;
} schema_step;

static crm_status make_schema(void *arg)
{
    schema_step *x = arg;
    return engine_schema(x->d->engine, x->b->reg, x->b->arena, &x->faults);
}

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

static crm_status load_people(deployment *d)
{
    engine_session *s;
    people *p;
    crm_status st = engine_session_open(d->engine, ENGINE_READER, (engine_deliver){0}, &s);
    if (st != CRM_OK)
        return st;
    const registry *r = registry_pin();
    st = people_build(s, r, &p);
    registry_unpin(r);
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

static crm_status start_flow(deployment *d)
{
    flow_options o = {.engine = d->engine,
                      .data_dir = d->o->data,
                      .group_max = d->o->group_max,
                      .fatal = storage_failed};
    crm_status s = load_people(d);
    return s == CRM_OK ? flow_start(&o, &d->flow) : s;
}

static crm_status commit_apply(crm_ctx *c, void *arg)
{
    return tz_apply(arg, c);
}

static crm_status write_people(deployment *d, build *b)
{
    crm_ctx c;
    crm_status s = call_begin(&c, &principal_system, CRM_S("tz"));
    if (s != CRM_OK)
        return s;
    c.is_quiet = true;
    s = writer_run(d->flow, &c, commit_apply, b->tz);
    if (s != CRM_OK)
        for (const field_error *f = c.error.fields; f; f = f->next)
            log_event(LOG_ERROR, "tz.apply", "field=%s code=%s", log_quote(f->field),
                      log_quote(f->code));
    call_end(&c);
    return s;
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

static crm_status put_in_force(deployment *d, build *b, buf *say)
{
    schema_step x = {d, b, NULL};
    crm_status s = d->flow ? writer_exclusive(d->flow, make_schema, &x) : make_schema(&x);
    say_registry_faults(d, b->arena, x.faults, say);
    if (s == CRM_OK)
        s = start_modules(b);
    if (s == CRM_OK)
        s = keep_modules(d, b);
    if (s != CRM_OK)
        return s;
    registry_publish(b->reg, released, d);
    b->reg = NULL;
    d->has_registry = true;
    if (!d->flow)
        s = start_flow(d);
    if (s == CRM_OK)
        s = write_people(d, b);
    if (s != CRM_OK)
        buf_z(say, d->o->lang[0] == 'r'
                       ? "права и сущности уже действуют, но люди не записаны: повторите\n"
                       : "rights and entities are in force, people were not written: repeat\n");
    if (d->on_published)
        d->on_published(d->published_arg);
    return s == CRM_OK ? flow_ready(d->flow) : s;
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

/* ---- the first login ------------------------------------------------------------------------- */

crm_str deployment_code(arena *a)
{
    uint8_t random[12];
    char *text = arena_alloc(a, 16);
    if (!text)
        return (crm_str){0};
    crypto_random(random, sizeof random);
    for (int i = 0, at = 0; i < 12; i++) {
        if (i && i % 4 == 0)
            text[at++] = '-';
        text[at++] = CODE_LETTERS[random[i] % (sizeof CODE_LETTERS - 1)];
    }
    return (crm_str){text, 14};
}

typedef struct first {
    crm_str phc;
    bool is_needed, has_password;
} first;

static bool saw_credential(void *arg, const value *row, uint32_t matched)
{
    first *f = arg;
    (void)matched;
    f->is_needed = false;
    f->has_password |= !row[CREDENTIAL_IS_ONE_TIME].i;
    return !f->has_password;
}

static crm_status look_for_credentials(crm_ctx *c, void *arg)
{
    first *f = arg;
    query *any = query_new(c->arena, registry_store(c->reg, STORE_CREDENTIAL));
    if (!any)
        return CRM_NOMEM;
    any->limit = LIST_MAX;
    f->is_needed = true;
    return tx_list(c->tx, any, saw_credential, f);
}

static crm_status make_admin(crm_ctx *c, void *arg)
{
    first *f = arg;
    record *r;
    const entity *e = registry_store(c->reg, STORE_USER);
    crm_status s = records_new(c, e, &r);
    const value given[][2] = {
        {value_int(USER_LOGIN), value_text(CRM_S("admin"))},
        {value_int(USER_NAME), value_text(registry_text(c->reg, c->lang, CRM_S("role.admin")))},
        {value_int(USER_ROLES), value_text(CRM_S(ROLE_ADMIN))},
    };
    for (size_t i = 0; s == CRM_OK && i < sizeof given / sizeof given[0]; i++)
        s = record_set(r, &e->fields[given[i][0].i], given[i][1]);
    if (s == CRM_OK)
        s = records_save(c, r, 0);
    return s == CRM_OK ? accounts_set_hash(c, r->v[COL_ID].i, f->phc, true) : s;
}

/* The code's file stays until somebody has a password of his own. */
static crm_status make_first_login(deployment *d, crm_ctx *c, first *f, buf *say)
{
    crm_str file = arena_fmt(c->arena, "%s/first-login.txt", d->o->data);
    if (!f->is_needed) {
        if (f->has_password && file.p)
            unlink(file.p);
        return CRM_OK;
    }
    crm_str code = deployment_code(c->arena);
    crm_str text = arena_fmt(c->arena, "admin %.*s\n", STR_FMT(code));
    crm_status s = crypto_password_hash(c->arena, code, &f->phc);
    if (s == CRM_OK)
        s = fs_write(file.p, text, 0600);
    if (s == CRM_OK)
        buf_str(say, text);
    return s == CRM_OK ? writer_run(d->flow, c, make_admin, f) : s;
}

crm_status deployment_first_login(deployment *d, buf *say)
{
    crm_ctx c;
    first f = {0};
    crm_status s = call_begin(&c, &principal_system, CRM_S("start"));
    if (s != CRM_OK)
        return s;
    c.lang = c.reg->locale.n ? c.reg->locale : CRM_S("ru");
    s = writer_run(d->flow, &c, look_for_credentials, &f);
    if (s == CRM_OK)
        s = make_first_login(d, &c, &f, say);
    call_end(&c);
    return s;
}
