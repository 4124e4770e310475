/* call.c - the errors of a call, what may be run again, and who acts. One thread at a time. */
#include "data/call.h"

#include <stdio.h>

#include "data/access.h"

const principal principal_system = {.kind = PRINCIPAL_SYSTEM, .name = {"system", 6}};

#define FIELD_ERRORS_MAX 100

/* ---- errors ---------------------------------------------------------------------------------- */

crm_status call_fail(crm_ctx *c, crm_status status, const char *code)
{
    if (c->error.status == CRM_OK) {
        c->error.status = status;
        c->error.code = str_of(code);
    }
    return status;
}

static void add_field_error(crm_ctx *c, field_error e)
{
    field_error **end = &c->error.fields;
    int count = 0;
    while (*end) {
        end = &(*end)->next;
        count++;
    }
    field_error *row = count < FIELD_ERRORS_MAX ? ARENA_NEW(c->arena, field_error) : NULL;
    if (row) {
        *row = e;
        *end = row;
    }
}

crm_status call_fail_field(crm_ctx *c, crm_str name, const char *code, crm_str params_json)
{
    call_fail(c, CRM_INVALID, "invalid");
    add_field_error(c, (field_error){.field = arena_dup(c->arena, name),
                                     .code = str_of(code),
                                     .params_json = params_json});
    return CRM_INVALID;
}

CRM_PRINTF(2, 0) static crm_str format_text(arena *a, const char *fmt, va_list ap)
{
    char text[1024];
    int n = vsnprintf(text, sizeof text, fmt, ap);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    /* A cut in the middle of a character would not be UTF-8 any more. */
    while (length && !text_is_utf8((crm_str){text, length})) {
        length--;
    }
    return arena_dup(a, (crm_str){text, length});
}

crm_status call_fail_text(crm_ctx *c, crm_status status, const char *name, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    crm_str text = format_text(c->arena, fmt, ap);
    va_end(ap);
    bool is_first = c->error.status == CRM_OK;
    call_fail(c, status, NULL);
    if (name) {
        add_field_error(c, (field_error){.field = arena_dup(c->arena, str_of(name)),
                                         .code = CRM_S("invalid"),
                                         .text = text});
    } else if (is_first) {
        c->error.text = text;
    }
    return status;
}

/* ---- running again --------------------------------------------------------------------------- */

struct call_saved {
    arena_mark mark;
    call_error error;
    buf *out;
    size_t out_size;
    const principal *who;
    crm_str via;
    const module_info *module;
    uint32_t hook_depth;
    int64_t batch;
    bool is_quiet, is_lenient;
    uint32_t field_errors;
};

/* The field errors' list is cut where it ended: later ones lie in memory that is rewound. */
static void cut_field_errors(const call_error *saved, uint32_t count)
{
    field_error *last = saved->fields;
    for (uint32_t i = 1; last && i < count; i++) {
        last = last->next;
    }
    if (last) {
        last->next = NULL;
    }
}

static uint32_t count_field_errors(const call_error *e)
{
    uint32_t n = 0;
    for (const field_error *f = e->fields; f; f = f->next) {
        n++;
    }
    return n;
}

void call_save_point(crm_ctx *c)
{
    struct call_saved *s = ARENA_NEW(c->arena, struct call_saved);
    c->saved = s;
    if (!s) {
        return; /* the arena is failed: the call fails before anything is written */
    }
    *s = (struct call_saved){.error = c->error,
                             .out = c->out,
                             .out_size = c->out ? c->out->n : 0,
                             .who = c->who,
                             .via = c->via,
                             .module = c->module,
                             .hook_depth = c->hook_depth,
                             .batch = c->batch,
                             .is_quiet = c->is_quiet,
                             .is_lenient = c->is_lenient,
                             .field_errors = count_field_errors(&c->error),
                             .mark = arena_mark_get(c->arena)};
}

void call_rerun(crm_ctx *c)
{
    struct call_saved *s = c->saved;
    if (!s) {
        return;
    }
    arena_rewind(c->arena, s->mark);
    c->error = s->error;
    cut_field_errors(&c->error, s->field_errors);
    c->out = s->out;
    if (c->out) {
        c->out->n = s->out_size;
        c->out->failed = false;
    }
    c->who = s->who;
    c->via = s->via;
    c->module = s->module;
    c->hook_depth = s->hook_depth;
    c->batch = s->batch;
    c->is_quiet = s->is_quiet;
    c->is_lenient = s->is_lenient;
    call_write_as_of(c, 0);
}

/* ---- when it happens ------------------------------------------------------------------------- */

int64_t call_now(const crm_ctx *c)
{
    return c->as_of ? c->as_of : clock_now();
}

void call_write_as_of(crm_ctx *c, int64_t ms)
{
    if (c->as_of == ms) {
        return;
    }
    c->as_of = ms;
    c->env.now = call_now(c);
    c->env.day_start = registry_day_start(c->reg, c->env.now);
}

/* ---- who acts -------------------------------------------------------------------------------- */

bool call_has_role(const crm_ctx *c, crm_str name)
{
    for (uint32_t i = 0; i < c->who->role_count; i++) {
        if (str_eq(c->who->roles[i], name)) {
            return true;
        }
    }
    return false;
}

static bool is_holder(const crm_ctx *c, const function_grant *g)
{
    for (uint32_t i = 0; i < g->holder_count; i++) {
        bool by_login = c->who->kind == PRINCIPAL_USER && str_eq(g->holders[i], c->who->name);
        if (by_login || call_has_role(c, g->holders[i])) {
            return true;
        }
    }
    return false;
}

bool call_may(const crm_ctx *c, crm_str function)
{
    if (c->who->kind == PRINCIPAL_SYSTEM) {
        return true;
    }
    if (!access_has_function(c->who->scope, function)) {
        return false;
    }
    for (uint32_t i = 0; i < c->reg->function_count; i++) {
        const function_grant *g = &c->reg->functions[i];
        if (str_eq(g->function, function) && is_holder(c, g)) {
            return true;
        }
    }
    return false;
}
