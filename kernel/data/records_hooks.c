/*
 * records_hooks.c - hooks in the transaction: in their order, bounded in depth, never on a record
 * that is being written already.
 */
#include "data/records_private.h"

#define HOOK_DEPTH_MAX 8

/* The writes under way on this thread, innermost first: a write inside a hook stands on its cause.
 */
typedef struct frame {
    struct frame *up;
    const entity *entity;
    int64_t id;
    crm_str module; /* whose hook runs */
} frame;

static _Thread_local frame *innermost;

static bool is_meant(const hook *h, hook_when when, const entity *e)
{
    if (h->when != when) {
        return false;
    }
    if (str_is(h->entity_name, "*")) {
        return !(e->flags & (ENTITY_SYSTEM | ENTITY_NO_API));
    }
    return str_eq(h->entity_name, e->name);
}

static const module_info *module_of(const crm_ctx *c, const hook *h)
{
    for (uint32_t i = 0; i < c->reg->module_count; i++) {
        if (str_eq(c->reg->modules[i].name, h->module)) {
            return &c->reg->modules[i];
        }
    }
    return NULL;
}

static crm_str chain_text(arena *a, const record *now)
{
    crm_str text =
        arena_fmt(a, "%.*s %lld", STR_FMT(now->entity->name), (long long)now->v[COL_ID].i);
    for (const frame *f = innermost; f; f = f->up) {
        text = arena_fmt(a, "%.*s %lld (%.*s) > %.*s", STR_FMT(f->entity->name), (long long)f->id,
                         STR_FMT(f->module), STR_FMT(text));
    }
    return text;
}

static crm_status refuse(crm_ctx *c, const record *now, const char *why)
{
    crm_str chain = chain_text(c->arena, now);
    log_event(LOG_ERROR, "hooks.refused", "why=%s chain=%s", why, log_quote(chain));
    return call_fail_text(c, CRM_MISUSE, NULL, "%s: %.*s", why, STR_FMT(chain));
}

static crm_status check_chain(crm_ctx *c, const record *now)
{
    if (c->hook_depth >= HOOK_DEPTH_MAX) {
        return refuse(c, now, "hooks run too deep");
    }
    for (const frame *f = innermost; f; f = f->up) {
        if (f->entity == now->entity && f->id && f->id == now->v[COL_ID].i) {
            return refuse(c, now, "hooks come back to the record they stand on");
        }
    }
    return CRM_OK;
}

static crm_status run_one(crm_ctx *c, const hook *h, record *now, const record *was)
{
    frame f = {innermost, now->entity, now->v[COL_ID].i, h->module};
    const module_info *module = c->module;
    const principal *who = c->who;
    innermost = &f;
    c->hook_depth++;
    c->module = module_of(c, h);
    crm_status st = h->run(c, now, was, h->fn);
    c->module = module;
    c->who = who;
    c->hook_depth--;
    innermost = f.up;
    return st && !c->error.status ? call_fail(c, st, status_code(st)) : st;
}

crm_status hooks_check(crm_ctx *c, const record *now)
{
    return innermost ? check_chain(c, now) : CRM_OK;
}

crm_status hooks_run(crm_ctx *c, hook_when when, record *now, const record *was)
{
    crm_status st = CRM_OK;
    for (uint32_t i = 0; !st && i < c->reg->hook_count; i++) {
        if (is_meant(&c->reg->hooks[i], when, now->entity)) {
            st = run_one(c, &c->reg->hooks[i], now, was);
        }
    }
    return st;
}
