/* module_change.c - a module of a running server changes its version, or goes on or off. */
#include "module_change.h"

#include "data/field_convert.h"
#include "module_migrate.h"
#include "quarantine.h"

typedef struct changing {
    deployment *d;
    crm_ctx *c;
    const module_ask *ask;
    module_outlook *outlook; /* NULL: it is to be done */
    build *b;
    module_choices before;
    module_found *all; /* every version that is there */
    uint32_t all_count;
} changing;

/* ---- refusals -------------------------------------------------------------------------------- */

static crm_status refuse_it(changing *x, const char *code)
{
    crm_status s = call_fail(x->c, CRM_CONFLICT, code);
    x->c->error.params_json = module_refusal_params(x->c->arena, x->ask);
    return s;
}

/* What the build found wrong, in the words of a ТЗ that is not taken. */
static crm_status refuse_build(changing *x)
{
    buf say;
    buf_init(&say, 1 << 16);
    build_say(x->b, &say);
    crm_status s = call_fail(x->c, CRM_CONFLICT, "module_refused");
    x->c->error.text = arena_dup(x->c->arena, str_trim(buf_view(&say)));
    buf_free(&say);
    return s;
}

/* ---- the choice ------------------------------------------------------------------------------ */

static void see_in_force(const changing *x, module_now *now)
{
    const build *in_force = x->d->in_force;
    for (uint32_t i = 0; i < in_force->module_count; i++) {
        const module_info *m = plug_info(in_force->modules[i]);
        if (str_eq(m->name, x->ask->name)) {
            now->runs = true;
            now->is_without_code = m->is_without_code;
            now->version = m->id;
        }
    }
}

/* What the kernel takes back by itself does not come back to what has failed, too: the two would
 * swap for ever. */
static crm_status check_former(changing *x, const module_choice *row)
{
    bool has_failed = false;
    crm_status s = module_migration_has_failed(x->d, x->c, row->name,
                                               module_version_word(row->version), &has_failed);
    return s == CRM_OK && has_failed ? refuse_it(x, "migration_failed") : s;
}

static crm_status decide(changing *x)
{
    const char *refusal = NULL;
    module_now now = {.crash_mark = quarantine_mark()};
    module_versions(x->all, x->all_count, x->ask->name, &now);
    if (!now.version_count) {
        return call_fail(x->c, CRM_NOT_FOUND, "unknown_module");
    }
    see_in_force(x, &now);
    module_choice *row = choices_need(x->b->arena, &x->b->choices, x->ask->name);
    crm_status s = row ? module_decide(&now, x->ask, row, &refusal) : CRM_NOMEM;
    if (refusal) {
        return refuse_it(x, refusal);
    }
    bool goes_back = x->ask->act == MODULE_ACT_ROLLBACK && x->ask->only_of.n;
    return s == CRM_OK && goes_back ? check_former(x, row) : s;
}

/* ---- what would follow ----------------------------------------------------------------------- */

/* Another version may declare more, or less, choices of a field among it, but values are stored as
 * they were: requests of both are under way at once, and the way back is open. */
static crm_status check_shape(changing *x, const entity *e, const entity *was)
{
    for (uint32_t k = COL_OWN; was && k < e->field_count; k++) {
        const field *f = &e->fields[k], *old = entity_field(was, f->name);
        if (!old || field_is_stored_alike(old, f)) {
            continue;
        }
        crm_status s = call_fail(x->c, CRM_CONFLICT, "module_not_expanding");
        x->c->error.params_json =
            arena_fmt(x->c->arena, "{\"field\":\"%.*s.%.*s\"}", STR_FMT(e->name), STR_FMT(f->name));
        return s;
    }
    return CRM_OK;
}

/* Against what is in force now, under the lock: the call's own registry may be an older one. */
static crm_status check_shapes(changing *x)
{
    const registry *r = x->b->reg, *in_force = registry_pin();
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < r->entity_count; i++) {
        s = check_shape(x, r->entities[i], registry_entity(in_force, r->entities[i]->name));
    }
    registry_unpin(in_force);
    return s;
}

static crm_status make(changing *x)
{
    deployment *d = x->d;
    build *b = x->b;
    tz_declaration *rows = NULL;
    uint32_t count = 0;
    b->tz = d->in_force->tz;
    b->were = &x->before;
    b->put_off = x->ask->act == MODULE_ACT_DISABLE && x->ask->only_of.n ? x->ask->name : b->put_off;
    crm_status s = model_load_now(d, b->arena, &b->model);
    s = s == CRM_OK ? build_find(d, b) : s;
    s = s == CRM_OK ? build_load(d, b) : s;
    s = s == CRM_OK ? model_declarations(b->arena, &b->model, true, &rows, &count) : s;
    s = s == CRM_OK ? build_registry(d, b, rows, count) : s;
    s = s == CRM_INVALID || s == CRM_NOT_FOUND ? refuse_build(x) : s;
    return s == CRM_OK ? check_shapes(x) : s;
}

static crm_status swap(void *arg)
{
    changing *x = arg;
    crm_status s = build_schema(x->d, x->b);
    if (s == CRM_OK) {
        build_publish(x->d, x->b);
    }
    return s;
}

/* The text in force stays, with other modules: their list, made before anything is published. */
static module **list_of(deployment *d, const build *b)
{
    module **list = ARENA_ARRAY(d->in_force->arena, module *, b->module_count + 1);
    if (list && b->module_count) {
        memcpy(list, b->modules, b->module_count * sizeof *list);
    }
    return list;
}

/* The choice stands on the disk before it is in force, so that what runs is what the next start
 * runs. */
static crm_status choose_and_swap(changing *x)
{
    deployment *d = x->d;
    module **list = list_of(d, x->b);
    (void)build_remember_versions(x->b); /* of modules that come with the one that was asked for */
    crm_status s = list ? choices_write(d->o->data, &x->b->choices) : CRM_NOMEM;
    if (s != CRM_OK) {
        return s;
    }
    s = writer_exclusive(d->flow, swap, x);
    if (s == CRM_OK) {
        d->in_force->modules = list;
        d->in_force->module_count = x->b->module_count;
        return CRM_OK;
    }
    if (choices_write(d->o->data, &x->before) != CRM_OK) {
        log_event(LOG_ERROR, "modules.not_taken_back", "module=%s", log_quote(x->ask->name));
    }
    return s;
}

static crm_status put_in_force(changing *x)
{
    crm_status s = build_files(x->d, x->b);
    s = s == CRM_OK ? build_start(x->b) : s;
    if (s != CRM_OK) {
        return refuse_it(x, "module_start_failed");
    }
    s = choose_and_swap(x);
    build_rest(x->b);
    if (s == CRM_INVALID) {
        return refuse_build(x);
    }
    if (s == CRM_OK && x->ask->act != MODULE_ACT_ROLLBACK) {
        migrations_follow(x->d, x->ask->name); /* one that has failed before is tried again */
    }
    return s == CRM_OK ? deployment_published(x->d) : s;
}

/* Half of what it was would come into force. */
static crm_status check_not_purged(changing *x)
{
    module_purging now = {0};
    bool is_asked = x->ask->act == MODULE_ACT_ENABLE;
    crm_status s = is_asked ? module_purging_now(x->d, x->c->arena, x->ask->name, &now) : CRM_OK;
    return s == CRM_OK && now.batch ? refuse_it(x, "module_purging") : s;
}

static crm_status carry_out(changing *x)
{
    deployment *d = x->d;
    module_refusal *refused = NULL;
    crm_status s = d->in_force && d->flow ? CRM_OK : CRM_UNAVAILABLE;
    x->b = s == CRM_OK ? build_new(str_is(x->c->lang, "en") ? "en" : "ru") : NULL;
    s = s == CRM_OK && !x->b ? CRM_NOMEM : s;
    s = s == CRM_OK ? choices_read(x->b->arena, d->o->data, &x->b->choices) : s;
    s = s == CRM_OK ? choices_read(x->b->arena, d->o->data, &x->before) : s;
    if (s == CRM_OK) {
        s = plug_scan(x->b->arena, d->o->modules, &x->all, &x->all_count, &refused);
    }
    s = s == CRM_OK ? decide(x) : s;
    s = s == CRM_OK ? check_not_purged(x) : s;
    s = s == CRM_OK ? make(x) : s;
    if (s == CRM_OK && x->outlook) {
        s = module_compare(d, x->c, x->b, x->outlook);
    } else if (s == CRM_OK) {
        s = put_in_force(x);
    }
    build_free(x->b);
    return s;
}

static crm_status carry_out_locked(changing *x)
{
    uv_mutex_lock(&x->d->apply_lock);
    crm_status s = carry_out(x);
    uv_mutex_unlock(&x->d->apply_lock);
    return s;
}

crm_status module_look_ahead(deployment *d, crm_ctx *c, const module_ask *ask, module_outlook *out)
{
    changing x = {.d = d, .c = c, .ask = ask, .outlook = out};
    *out = (module_outlook){.name = ask->name};
    return carry_out_locked(&x);
}

crm_status module_change(deployment *d, crm_ctx *c, const module_ask *ask)
{
    changing x = {.d = d, .c = c, .ask = ask};
    crm_status s = carry_out_locked(&x);
    if (s == CRM_OK) {
        log_event(LOG_INFO, "module.changed", "module=%s act=%d by=%lld", log_quote(ask->name),
                  ask->act, (long long)c->who->user);
    }
    return s;
}
