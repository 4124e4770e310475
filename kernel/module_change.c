/* module_change.c - a module of a running server changes its version, or goes on or off. */
#include "module_change.h"

#include "data/field_convert.h"
#include "quarantine.h"

typedef struct changing {
    deployment *d;
    crm_ctx *c;
    const module_ask *ask;
    build *b;
    module_found *all; /* every version that is there */
    uint32_t all_count;
} changing;

/* ---- refusals -------------------------------------------------------------------------------- */

static crm_status refuse_it(changing *x, const char *code)
{
    crm_str name = x->ask->name, version = x->ask->version;
    crm_status s = call_fail(x->c, CRM_CONFLICT, code);
    buf b;
    json_writer w;
    buf_init(&b, 1 << 12);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "name", name);
    jw_kstr(&w, "version", module_version_word(version));
    jw_end_object(&w);
    x->c->error.params_json = b.failed ? (crm_str){0} : arena_dup(x->c->arena, buf_view(&b));
    buf_free(&b);
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

static crm_str version_in_force(const changing *x, bool *runs)
{
    const build *in_force = x->d->in_force;
    for (uint32_t i = 0; i < in_force->module_count; i++) {
        if (str_eq(plug_name(in_force->modules[i]), x->ask->name)) {
            *runs = true;
            return plug_info(in_force->modules[i])->id;
        }
    }
    *runs = false;
    return (crm_str){0};
}

static bool is_module(const changing *x, const module_found *f)
{
    return str_eq(f->name, x->ask->name);
}

/* The version that is asked for, by its id, its number or "bundled"; without one the newest. NULL:
 * not installed. */
static const module_found *wanted(const changing *x)
{
    const module_found *best = NULL;
    crm_str version = x->ask->version;
    for (uint32_t i = 0; i < x->all_count; i++) {
        const module_found *f = &x->all[i];
        bool fits = !version.n || str_eq(f->version, version) ||
                    str_eq(module_version_word(f->id), version);
        best = is_module(x, f) && fits ? f : best;
    }
    return best;
}

static void choose(module_choice *row, crm_str version, crm_str before)
{
    row->version = version;
    row->is_open = false;
    row->before = before;
    row->has_before = true;
}

/* It gets another chance. */
static void release(changing *x, module_choice *row)
{
    row->is_quarantined = false;
    row->crashes_from = quarantine_mark(x->d->o->data);
}

static crm_status upgrade(changing *x, module_choice *row)
{
    bool runs;
    crm_str now = version_in_force(x, &runs);
    const module_found *f = wanted(x);
    if (!runs) {
        return refuse_it(x, "module_off");
    }
    if (!f) {
        return refuse_it(x, "module_no_version");
    }
    if (str_eq(f->id, now)) {
        return refuse_it(x, "module_in_force");
    }
    choose(row, f->id, now);
    release(x, row);
    return CRM_OK;
}

static crm_status roll_back(changing *x, module_choice *row)
{
    bool runs;
    crm_str now = version_in_force(x, &runs);
    if (!runs) {
        return refuse_it(x, "module_off");
    }
    if (!row->has_before || str_eq(row->before, now)) {
        return refuse_it(x, "module_no_former");
    }
    choose(row, row->before, now);
    release(x, row);
    return CRM_OK;
}

static crm_status enable(changing *x, module_choice *row)
{
    bool runs;
    if (row->is_quarantined) {
        release(x, row);
        return CRM_OK;
    }
    (void)version_in_force(x, &runs);
    const module_found *f = x->ask->version.n || row->is_open ? wanted(x) : NULL;
    if (runs) {
        return refuse_it(x, "module_runs");
    }
    if (!f && (x->ask->version.n || row->is_open)) {
        return refuse_it(x, "module_no_version");
    }
    row->wish = CHOICE_ON;
    if (f) {
        row->version = f->id;
        row->is_open = false;
    }
    return CRM_OK;
}

static crm_status disable(changing *x, module_choice *row)
{
    (void)x;
    if (row->wish == CHOICE_OFF) {
        return refuse_it(x, "module_off");
    }
    row->wish = CHOICE_OFF;
    return CRM_OK;
}

static crm_status decide(changing *x)
{
    static crm_status (*const acts[])(changing *, module_choice *) = {
        [MODULE_ACT_UPGRADE] = upgrade,
        [MODULE_ACT_ROLLBACK] = roll_back,
        [MODULE_ACT_ENABLE] = enable,
        [MODULE_ACT_DISABLE] = disable,
    };
    bool is_there = false;
    for (uint32_t i = 0; i < x->all_count; i++) {
        is_there |= is_module(x, &x->all[i]);
    }
    if (!is_there) {
        return call_fail(x->c, CRM_NOT_FOUND, "unknown_module");
    }
    module_choice *row = choices_need(x->b->arena, &x->b->choices, x->ask->name);
    return row ? acts[x->ask->act](x, row) : CRM_NOMEM;
}

/* ---- what would follow ----------------------------------------------------------------------- */

/* Another version may declare more, or less, but stored values keep their shape: requests of both
 * are under way at once, and the way back is open. */
static crm_status check_shapes(changing *x)
{
    const registry *r = x->b->reg;
    for (uint32_t i = 0; i < r->entity_count; i++) {
        const entity *e = r->entities[i], *was = registry_entity(x->c->reg, e->name);
        for (uint32_t k = COL_OWN; was && k < e->field_count; k++) {
            const field *f = &e->fields[k], *old = entity_field(was, f->name);
            if (!old || field_retype(old, f) == RETYPE_NONE) {
                continue;
            }
            crm_status s = call_fail(x->c, CRM_CONFLICT, "module_not_expanding");
            x->c->error.params_json = arena_fmt(x->c->arena, "{\"field\":\"%.*s.%.*s\"}",
                                                STR_FMT(e->name), STR_FMT(f->name));
            return s;
        }
    }
    return CRM_OK;
}

static crm_status make(changing *x)
{
    deployment *d = x->d;
    build *b = x->b;
    tz_declaration *rows = NULL;
    uint32_t count = 0;
    b->tz = d->in_force->tz;
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

/* The text in force stays, with other modules. */
static crm_status take_over(deployment *d, const build *b)
{
    build *in_force = d->in_force;
    module **list = ARENA_ARRAY(in_force->arena, module *, b->module_count + 1);
    if (!list) {
        return CRM_NOMEM;
    }
    if (b->module_count) {
        memcpy(list, b->modules, b->module_count * sizeof *list);
    }
    in_force->modules = list;
    in_force->module_count = b->module_count;
    return CRM_OK;
}

static crm_status put_in_force(changing *x)
{
    crm_status s = build_files(x->d, x->b);
    s = s == CRM_OK ? build_start(x->b) : s;
    if (s != CRM_OK) {
        return refuse_it(x, "module_start_failed");
    }
    s = writer_exclusive(x->d->flow, swap, x);
    build_rest(x->b);
    if (s == CRM_INVALID) {
        return refuse_build(x);
    }
    s = s == CRM_OK ? take_over(x->d, x->b) : s;
    s = s == CRM_OK ? choices_write(x->d->o->data, &x->b->choices) : s;
    return s == CRM_OK ? deployment_published(x->d) : s;
}

static crm_status carry_out(changing *x)
{
    deployment *d = x->d;
    module_refusal *refused = NULL;
    crm_status s = d->in_force && d->flow ? CRM_OK : CRM_UNAVAILABLE;
    x->b = s == CRM_OK ? build_new(str_is(x->c->lang, "en") ? "en" : "ru") : NULL;
    s = s == CRM_OK && !x->b ? CRM_NOMEM : s;
    s = s == CRM_OK ? choices_read(x->b->arena, d->o->data, &x->b->choices) : s;
    if (s == CRM_OK) {
        s = plug_scan(x->b->arena, d->o->modules, &x->all, &x->all_count, &refused);
    }
    s = s == CRM_OK ? decide(x) : s;
    s = s == CRM_OK ? make(x) : s;
    s = s == CRM_OK ? put_in_force(x) : s;
    build_free(x->b);
    return s;
}

crm_status module_change(deployment *d, crm_ctx *c, const module_ask *ask)
{
    changing x = {.d = d, .c = c, .ask = ask};
    uv_mutex_lock(&d->apply_lock);
    crm_status s = carry_out(&x);
    uv_mutex_unlock(&d->apply_lock);
    if (s == CRM_OK) {
        log_event(LOG_INFO, "module.changed", "module=%s act=%d by=%lld", log_quote(ask->name),
                  ask->act, (long long)c->who->user);
    }
    return s;
}
