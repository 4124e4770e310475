/*
 * strategies.c - whom to give a record: `free` (on the line, with the fewest open records of its
 * kind; among equals who got one longest ago) and `next` (who got one longest ago, on the line or
 * not).
 */
#include "flow/flow_private.h"
#include "flow/store.h"

typedef struct load {
    int64_t open, last; /* records in open stages; when the last one was created, ms UTC */
} load;

static const cond *is_open(crm_ctx *c, const entity *e)
{
    const pipeline *p = e->stage_field ? e->fields[e->stage_field].pipeline : NULL;
    value open[64];
    uint32_t n = 0;
    for (uint32_t i = 0; p && i < p->stage_count; i++) {
        if (p->stages[i].outcome == OUTCOME_OPEN) {
            open[n++] = value_text(p->stages[i].name);
        }
    }
    return n ? cond_in(c->arena, &e->fields[e->stage_field], open, n) : NULL;
}

static bool take_created(void *arg, const value *row, uint32_t matched)
{
    (void)matched;
    *(int64_t *)arg = row[COL_CREATED_AT].i;
    return false;
}

static crm_status load_of(crm_ctx *c, const entity *e, int64_t user, load *out)
{
    const cond *owns =
        cond_compare(c->arena, COND_EQ, &e->fields[e->owner_fields[0]], value_int(user));
    query *count = query_new(c->arena, e), *last = query_new(c->arena, e);
    if (!owns || !count || !last) {
        return CRM_NOMEM;
    }
    *out = (load){0};
    count->where = cond_and(c->arena, owns, is_open(c, e));
    count->limit = COUNT_CAP;
    last->where = owns;
    last->sorts[0] = (sort){&e->fields[COL_CREATED_AT], true};
    last->sort_count = 1;
    last->limit = 1;
    engine_op ops[] = {
        {.kind = ENGINE_COUNT, .entity = e, .query = count},
        {.kind = ENGINE_LIST,
         .entity = e,
         .query = last,
         .on_row = take_created,
         .arg = &out->last},
    };
    engine_batch b = {.ops = ops, .count = 2};
    crm_status s = engine_write_now(c->session, &b);
    out->open = ops[0].count;
    return s;
}

static crm_status pick(crm_ctx *c, const record *subject, const int64_t *users, uint32_t count,
                       bool is_free, int64_t *out)
{
    load best = {INT64_MAX, INT64_MAX}, mine;
    *out = 0;
    for (uint32_t i = 0; i < count; i++) {
        const person *p = people_user(c->people, users[i]);
        if (!p || (is_free && !p->is_on_line)) {
            continue;
        }
        crm_status s = load_of(c, subject->entity, users[i], &mine);
        if (s != CRM_OK) {
            return s;
        }
        bool is_less = is_free && mine.open < best.open;
        bool is_same = !is_free || mine.open == best.open;
        if (!*out || is_less || (is_same && mine.last < best.last)) {
            best = mine;
            *out = users[i];
        }
    }
    return *out ? CRM_OK : CRM_NOT_FOUND;
}

static crm_status pick_free(crm_ctx *c, const record *subject, const int64_t *users, uint32_t count,
                            int64_t *out, const void *fn)
{
    (void)fn;
    return pick(c, subject, users, count, true, out);
}

static crm_status pick_next(crm_ctx *c, const record *subject, const int64_t *users, uint32_t count,
                            int64_t *out, const void *fn)
{
    (void)fn;
    return pick(c, subject, users, count, false, out);
}

crm_status strategies_register(registry *r)
{
    strategy free_one = {.name = CRM_S("free"), .module = CRM_S("kernel"), .pick = pick_free};
    strategy next_one = {.name = CRM_S("next"), .module = CRM_S("kernel"), .pick = pick_next};
    crm_status s = registry_add_strategy(r, &free_one);
    return s == CRM_OK ? registry_add_strategy(r, &next_one) : s;
}
