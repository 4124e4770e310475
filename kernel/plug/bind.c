/*
 * bind.c - a module's tables as rows of the registry: each row's function is a trampoline of this
 * file, its `fn` the module and its row.
 */
#include "plug/module.h"

typedef struct binder {
    module *m;
    const void *const *used;
    registry *r;
    arena *a;
    faults *f;
    crm_status status;
} binder;

static bound *bound_to(const binder *k, const void *row)
{
    bound *b = ARENA_NEW(k->a, bound);
    if (b) {
        *b = (bound){k->m, row, k->used};
    }
    return b;
}

static void enter(running *f, const bound *b, crm_ctx *c, const char *kind, const char *what)
{
    call_enter(f, b->m, c, kind, what);
    f->used = b->used;
}

/* ---- trampolines ----------------------------------------------------------------------------- */

static crm_status run_route(crm_ctx *c, const void *fn)
{
    const bound *b = fn;
    const crm_route *row = b->row;
    running f;
    enter(&f, b, c, "route", row->path);
    crm_out *out = out_begin(&f, c->out);
    crm_status s = row->fn(c, out);
    crm_status ended = out_end(&f);
    c->http_status = f.http;
    return call_leave(&f, s == CRM_OK ? ended : s);
}

static crm_status run_prepare(crm_ctx *c, const void *fn)
{
    const bound *b = fn;
    const crm_route *row = b->row;
    running f;
    enter(&f, b, c, "prepare", row->path);
    return call_leave(&f, row->prepare(c, NULL));
}

static crm_status run_hook(crm_ctx *c, record *now, const record *was, const void *fn)
{
    const bound *b = fn;
    const crm_hook *row = b->row;
    running f;
    enter(&f, b, c, "hook", row->entity);
    f.now = now;
    f.was = was;
    return call_leave(&f, row->fn(c, rec_out(now), (const crm_rec *)was));
}

/* Work of a module's own acts as "module:<name>" with the grants its manifest declares. */
static crm_status run_listener(crm_ctx *c, const change *ch, const void *fn)
{
    const bound *b = fn;
    const crm_listener *row = b->row;
    const principal *before = c->who;
    principal who = {.kind = PRINCIPAL_MODULE, .name = b->m->mf.name};
    running f;
    c->who = &who;
    enter(&f, b, c, "listener", row->name);
    crm_status s = call_leave(&f, row->fn(c, (const crm_change *)ch));
    c->who = before;
    return s;
}

static crm_status run_job(crm_ctx *c, crm_str arg, const void *fn)
{
    const bound *b = fn;
    const crm_job *row = b->row;
    const principal *before = c->who;
    principal who = {.kind = PRINCIPAL_MODULE, .name = b->m->mf.name};
    running f;
    c->who = &who;
    enter(&f, b, c, "job", row->name);
    call_allow(&f, row->limit_ms);
    crm_status s = call_leave(&f, row->fn(c, arg));
    c->who = before;
    return s;
}

static crm_status run_step(crm_ctx *c, step_call *call, const void *fn)
{
    const bound *b = fn;
    const crm_step *row = b->row;
    running f;
    enter(&f, b, c, "step", row->verb);
    if (json_read(call->args_json, 0, &f.args, NULL) != CRM_OK) {
        return call_leave(&f, call_fail(c, CRM_MISUSE, "bad_step"));
    }
    if (c->cause && json_object_set_new(f.args, "$by", json_integer(c->cause)) != 0) {
        return call_leave(&f, CRM_NOMEM);
    }
    return call_leave(&f, row->fn(c, rec_out(call->subject)));
}

static crm_status run_strategy(crm_ctx *c, const record *subject, const int64_t *users,
                               uint32_t count, int64_t *out, const void *fn)
{
    const bound *b = fn;
    const crm_strategy *row = b->row;
    running f;
    enter(&f, b, c, "strategy", row->name);
    return call_leave(&f, row->fn(c, (const crm_rec *)subject, users, count, out));
}

static crm_status run_receive(crm_ctx *c, crm_str instance, crm_str content_type, crm_str body,
                              const void *fn)
{
    const bound *b = fn;
    const crm_integration *row = b->row;
    call_request *before = c->request;
    call_request request = before ? *before : (call_request){0};
    running f;
    request.content_type = content_type;
    request.body = body;
    c->request = &request;
    enter(&f, b, c, "receive", row->type);
    crm_status s = call_leave(&f, row->receive(c, instance));
    c->request = before;
    return s;
}

static crm_status run_describe(crm_ctx *c, crm_str instance, buf *json, const void *fn)
{
    static const crm_str name = {"instance", 8};
    const bound *b = fn;
    const crm_integration *row = b->row;
    call_request request = c->request ? *c->request : (call_request){0};
    call_request *before = c->request;
    running f;
    request.param_names = &name;
    request.params = &instance;
    request.param_count = 1;
    c->request = &request;
    enter(&f, b, c, "describe", row->type);
    crm_out *out = out_begin(&f, json);
    crm_status s = row->describe(c, out);
    crm_status ended = out_end(&f);
    s = call_leave(&f, s == CRM_OK ? ended : s);
    c->request = before;
    return s;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void took(binder *k, crm_status s, const char *table, const char *what)
{
    if (s == CRM_OK) {
        return;
    }
    crm_str source = arena_fmt(k->f->a, "%.*s %s", STR_FMT(k->m->mf.name), table);
    faults_add(k->f, source, s == CRM_NOMEM ? "no_memory" : "duplicate", str_of(what),
               (crm_str){0});
    s = s == CRM_NOMEM ? s : CRM_INVALID;
    k->status = k->status == CRM_OK ? s : k->status;
}

/* ---- names that are there already: of this module, of another, or of the kernel ---------------
 */

static bool has_route(const registry *r, const route *x)
{
    for (uint32_t i = 0; i < r->route_count; i++) {
        if (str_eq(r->routes[i].pattern, x->pattern) && str_eq(r->routes[i].method, x->method)) {
            return true;
        }
    }
    return false;
}

static bool has_permission(const registry *r, crm_str name)
{
    for (uint32_t i = 0; i < r->permission_count; i++) {
        if (str_eq(r->permissions[i].name, name)) {
            return true;
        }
    }
    return false;
}

static bool has_listener(const registry *r, crm_str name)
{
    for (uint32_t i = 0; i < r->listener_count; i++) {
        if (str_eq(r->listeners[i].name, name)) {
            return true;
        }
    }
    return false;
}

static bool has_integration_type(const registry *r, crm_str name)
{
    for (uint32_t i = 0; i < r->integration_type_count; i++) {
        if (str_eq(r->integration_types[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* ---- the tables ------------------------------------------------------------------------------ */

/* Of two of one name the first would answer, and nobody would know why. */
#define ADD(k, is_there, add, table, name) took(k, (is_there) ? CRM_CONFLICT : (add), table, name)

static crm_str own_name(binder *k, const char *sep, const char *name)
{
    return arena_fmt(k->a, "%.*s%s%s", STR_FMT(k->m->mf.name), sep, name);
}

static void bind_routes(binder *k)
{
    for (uint32_t i = 0; i < k->m->d.routes_count; i++) {
        const crm_route *row = &k->m->d.routes[i];
        bool is_word = !strcmp(row->perm, "public") || !strcmp(row->perm, "user");
        route out = {.method = str_of(row->method),
                     .pattern = arena_fmt(k->a, "/%.*s%s", STR_FMT(k->m->mf.name), row->path),
                     .module = k->m->mf.name,
                     .tx = (route_tx)row->tx,
                     .permission = is_word ? str_of(row->perm) : own_name(k, ".", row->perm),
                     .limit_ms = row->limit_ms,
                     .prepare = row->prepare ? run_prepare : NULL,
                     .run = run_route,
                     .fn = bound_to(k, row)};
        ADD(k, has_route(k->r, &out), registry_add_route(k->r, &out), "route", row->path);
    }
}

static void bind_permissions(binder *k)
{
    for (uint32_t i = 0; i < k->m->d.perms_count; i++) {
        const crm_perm *row = &k->m->d.perms[i];
        permission out = {.name = own_name(k, ".", row->name),
                          .title = str_of(row->title),
                          .module = k->m->mf.name};
        ADD(k, has_permission(k->r, out.name), registry_add_permission(k->r, &out), "permission",
            row->name);
    }
}

static void bind_hooks(binder *k)
{
    for (uint32_t i = 0; i < k->m->d.hooks_count; i++) {
        const crm_hook *row = &k->m->d.hooks[i];
        hook out = {.entity_name = str_of(row->entity),
                    .when = (hook_when)row->when,
                    .order = row->order,
                    .module = k->m->mf.name,
                    .run = run_hook,
                    .fn = bound_to(k, row)};
        took(k, registry_add_hook(k->r, &out), "hook", row->entity);
    }
}

static void bind_work(binder *k)
{
    for (uint32_t i = 0; i < k->m->d.listeners_count; i++) {
        const crm_listener *row = &k->m->d.listeners[i];
        listener out = {.name = own_name(k, ".", row->name),
                        .entity_name = str_of(row->entity),
                        .module = k->m->mf.name,
                        .run = run_listener,
                        .fn = bound_to(k, row)};
        ADD(k, has_listener(k->r, out.name), registry_add_listener(k->r, &out), "listener",
            row->name);
    }
    for (uint32_t i = 0; i < k->m->d.jobs_count; i++) {
        const crm_job *row = &k->m->d.jobs[i];
        job out = {.name = own_name(k, ".", row->name),
                   .module = k->m->mf.name,
                   .every_ms = (int64_t)row->every_s * 1000,
                   .limit_ms = row->limit_ms,
                   .run = run_job,
                   .fn = bound_to(k, row)};
        ADD(k, registry_job(k->r, out.name), registry_add_job(k->r, &out), "job", row->name);
    }
}

static void bind_services(binder *k)
{
    for (uint32_t i = 0; i < k->m->d.services_count; i++) {
        const crm_service_def *row = &k->m->d.services[i];
        crm_str name = own_name(k, ".", row->name);
        service out = {.name = name,
                       .title = str_of(row->title_key),
                       .module = k->m->mf.name,
                       .drain_ms = row->drain_ms ? row->drain_ms : SERVICE_DRAIN_MS,
                       .generation = k->m,
                       .hold = service_hold,
                       .let_go = service_let_go,
                       .run = service_run,
                       .def = row,
                       .fn = bound_to(k, row)};
        ADD(k, registry_service(k->r, name), registry_add_service(k->r, &out), "service",
            row->name);
    }
}

static void bind_words(binder *k)
{
    for (uint32_t i = 0; i < k->m->d.steps_count; i++) {
        const crm_step *row = &k->m->d.steps[i];
        step out = {.verb = str_of(row->verb),
                    .module = k->m->mf.name,
                    .schema_json = str_of(row->schema),
                    .run = run_step,
                    .fn = bound_to(k, row)};
        ADD(k, registry_step(k->r, out.verb), registry_add_step(k->r, &out), "step", row->verb);
    }
    for (uint32_t i = 0; i < k->m->d.strategies_count; i++) {
        const crm_strategy *row = &k->m->d.strategies[i];
        strategy out = {.name = str_of(row->name),
                        .module = k->m->mf.name,
                        .pick = run_strategy,
                        .fn = bound_to(k, row)};
        ADD(k, registry_strategy(k->r, out.name), registry_add_strategy(k->r, &out), "strategy",
            row->name);
    }
    for (uint32_t i = 0; i < k->m->d.integrations_count; i++) {
        const crm_integration *row = &k->m->d.integrations[i];
        integration_type out = {.name = str_of(row->type),
                                .module = k->m->mf.name,
                                .schema_json = str_of(row->schema),
                                .receive = run_receive,
                                .describe = row->describe ? run_describe : NULL,
                                .is_signed = row->flags & CRM_INTEGRATION_SIGNED,
                                .fn = bound_to(k, row)};
        ADD(k, has_integration_type(k->r, out.name), registry_add_integration_type(k->r, &out),
            "integration", row->type);
    }
}

crm_status bind_register(module *m, const void *const *used, registry *r, faults *f)
{
    binder k = {.m = m, .used = used, .r = r, .a = registry_arena(r), .f = f};
    bind_routes(&k);
    bind_permissions(&k);
    bind_hooks(&k);
    bind_work(&k);
    bind_services(&k);
    bind_words(&k);
    return arena_failed(k.a) ? CRM_NOMEM : k.status;
}
