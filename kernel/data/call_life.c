/* call_life.c - the beginning and end of a call: what it pins and frees. */
#include "data/call.h"
#include "data/people.h"
#include "data/tx.h"

#define CALL_ARENA_MAX ((size_t)32 * 1024 * 1024)
#define STRETCH        10

/* `c` holds its arena and pins. */
static crm_status begin(crm_ctx *c, const principal *who, crm_str via)
{
    int64_t now = clock_now();
    if (!c->arena || !c->reg) {
        crm_status st = c->reg ? CRM_NOMEM : CRM_UNAVAILABLE;
        call_end(c);
        return st;
    }
    c->who = who;
    c->via = via;
    c->lang = c->reg->locale;
    c->env = (cond_env){.me = who->user,
                        .now = now,
                        .day_start = registry_day_start(c->reg, now),
                        .zone = registry_zone(c->reg)};
    return CRM_OK;
}

crm_status call_begin(crm_ctx *c, const principal *who, crm_str via)
{
    *c = (crm_ctx){
        .arena = arena_new(CALL_ARENA_MAX), .reg = registry_pin(), .people = people_pin()};
    return begin(c, who, via);
}

crm_status call_begin_in(crm_ctx *c, arena *a, const principal *who, crm_str via)
{
    *c =
        (crm_ctx){.arena = a, .is_arena_lent = true, .reg = registry_pin(), .people = people_pin()};
    return begin(c, who, via);
}

crm_status call_begin_on(crm_ctx *c, const registry *pinned, const principal *who, crm_str via)
{
    *c = (crm_ctx){
        .arena = arena_new(CALL_ARENA_MAX), .reg = registry_ref(pinned), .people = people_pin()};
    return begin(c, who, via);
}

crm_status call_begin_from(crm_ctx *c, const crm_ctx *from, const principal *who, crm_str via)
{
    *c = (crm_ctx){.arena = arena_new(CALL_ARENA_MAX),
                   .reg = registry_ref(from->reg),
                   .people = people_ref(from->people)};
    crm_status st = begin(c, who, via);
    if (st == CRM_OK) {
        c->lang = from->lang;
    }
    return st;
}

void call_end(crm_ctx *c)
{
    if (!c->is_arena_lent) {
        arena_free(c->arena);
    }
    if (c->people) {
        people_unpin(c->people);
    }
    registry_unpin(c->reg);
    *c = (crm_ctx){0};
}

static int64_t end_of(const crm_ctx *c)
{
    return c->tx ? c->tx->deadline : c->try_until ? c->try_until : c->until;
}

bool call_is_stretched(const crm_ctx *c)
{
    return c->is_due && clock_is_virtual();
}

void call_limit(crm_ctx *c, uint32_t ms)
{
    int64_t *end = c->tx ? &c->tx->deadline : &c->until;
    int64_t wanted = clock_mono() + (int64_t)ms * 1000000 * (call_is_stretched(c) ? STRETCH : 1);
    if (ms && (!*end || wanted < *end)) {
        *end = wanted;
    }
}

bool call_is_left(const crm_ctx *c)
{
    return c->gone && !c->tx && atomic_load(c->gone);
}

bool call_is_over(const crm_ctx *c)
{
    int64_t end = end_of(c);
    return call_is_left(c) || (end && clock_mono() >= end);
}

crm_status call_limit_read(const crm_ctx *c, engine_batch *b)
{
    int64_t end = end_of(c);
    b->stop = c->tx ? NULL : c->gone;
    if (call_is_left(c)) {
        b->interrupted = true;
        return CRM_TIMEOUT;
    }
    if (!end) {
        return CRM_OK;
    }
    int64_t left_us = (end - clock_mono()) / 1000;
    if (left_us <= 0) {
        b->interrupted = true;
        return CRM_TIMEOUT;
    }
    b->limit_us = b->limit_us && b->limit_us < left_us ? b->limit_us : left_us;
    return CRM_OK;
}
