/*
 * recompute.c - computed fields follow the records they read: a change of such a record leaves a
 * due row, whose job writes what has become another value, a slice of records at a time. So does a
 * formula that is new or has changed. Writer: the hook in the writing transaction, the job in the
 * bulk lane.
 */
#include "data/changelog.h"
#include "flow/flow_private.h"
#include "flow/store.h"

#define JOB   CRM_S("kernel.recompute")
#define SLICE 50 /* records of one commit */

/* ---- what is due ----------------------------------------------------------------------------- */

/* "<entity> <reference field or -> <record it points to> <id behind which to go on>" */
static crm_status schedule(crm_ctx *c, const entity *e, const field *via, int64_t id, int64_t after)
{
    crm_str name = via ? via->name : CRM_S("-");
    crm_str key =
        arena_fmt(c->arena, "%.*s %.*s %lld", STR_FMT(e->name), STR_FMT(name), (long long)id);
    crm_str arg = arena_fmt(c->arena, "%.*s %lld", STR_FMT(key), (long long)after);
    return arg.p ? timers_schedule(c, JOB, key, clock_now(), arg) : CRM_NOMEM;
}

static bool meets(const uint64_t x[4], const uint64_t y[4])
{
    return (x[0] & y[0]) | (x[1] & y[1]) | (x[2] & y[2]) | (x[3] & y[3]);
}

static crm_status changed(crm_ctx *c, record *now, const record *was, const void *fn)
{
    crm_status s = CRM_OK;
    (void)was;
    (void)fn;
    for (uint32_t i = 0; s == CRM_OK && i < now->entity->feed_count; i++) {
        const feed *f = &now->entity->feeds[i];
        if (meets(f->fields, now->set)) {
            s = schedule(c, f->via->entity, f->via, now->v[COL_ID].i, 0);
        }
    }
    return s;
}

/* ---- a slice --------------------------------------------------------------------------------- */

typedef struct slice {
    const entity *e;
    const field *via; /* NULL: all records */
    int64_t id, after;
} slice;

/* False: what it was about does not exist any more. */
static bool read_arg(const crm_ctx *c, crm_str arg, slice *out)
{
    crm_str entity_name = {0}, via = {0}, id = {0};
    str_split(&arg, ' ', &entity_name);
    str_split(&arg, ' ', &via);
    str_split(&arg, ' ', &id);
    out->e = registry_entity(c->reg, entity_name);
    out->via = out->e && !str_is(via, "-") ? entity_field(out->e, via) : NULL;
    return out->e && (out->via || str_is(via, "-")) && out->e->computed_count &&
           str_to_i64(id, &out->id) == CRM_OK && str_to_i64(arg, &out->after) == CRM_OK;
}

static crm_status list(crm_ctx *c, const slice *x, store_row **rows, uint32_t *count)
{
    const field *id = &x->e->fields[COL_ID];
    const cond *where = cond_compare(c->arena, COND_GT, id, value_int(x->after));
    if (x->via) {
        where =
            cond_and(c->arena, where, cond_compare(c->arena, COND_EQ, x->via, value_int(x->id)));
    }
    query q = {
        .entity = x->e, .where = where, .limit = SLICE, .sorts = {{id, false}}, .sort_count = 1};
    bits_add(q.select, COL_ID);
    return store_list(c->session, c->arena, &q, rows, count);
}

static crm_status run(crm_ctx *c, crm_str arg, const void *fn)
{
    slice x;
    store_row *rows;
    uint32_t count = 0;
    (void)fn;
    if (!read_arg(c, arg, &x)) {
        return CRM_OK;
    }
    crm_status s = list(c, &x, &rows, &count);
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        s = records_recompute(c, x.e, rows[i].id);
    }
    if (s == CRM_OK && count == SLICE) {
        s = schedule(c, x.e, x.via, x.id, rows[count - 1].id);
    }
    return s;
}

/* ---- formulas that are new ------------------------------------------------------------------- */

/* All that decides a computed value besides the records, as one number. */
static int64_t fingerprint(crm_ctx *c, const entity *e)
{
    uint64_t h = 0;
    for (uint32_t i = 0; i < e->computed_count; i++) {
        const field *f = &e->fields[e->computed[i]];
        crm_str text = arena_fmt(c->arena, "%u %d %d %.*s", f->id, (int)f->result, (int)f->scale,
                                 STR_FMT(f->formula));
        h = h * 31 + str_hash(text);
    }
    return (int64_t)(h >> 1);
}

crm_status recompute_ensure(crm_ctx *c)
{
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < c->reg->entity_count; i++) {
        const entity *e = c->reg->entities[i];
        if (!e->computed_count) {
            continue;
        }
        int64_t now = fingerprint(c, e), was = 0;
        crm_str name = arena_fmt(c->arena, "recompute:%u", e->id);
        s = changelog_cursor(c->tx, name, &was);
        if (s == CRM_NOT_FOUND || (s == CRM_OK && was != now)) {
            s = changelog_set_cursor(c->tx, name, now);
            s = s == CRM_OK ? schedule(c, e, NULL, 0, 0) : s;
        }
    }
    return s;
}

crm_status recompute_register(registry *r)
{
    hook h = {.entity_name = CRM_S("*"),
              .when = HOOK_AFTER_UPDATE,
              .module = CRM_S("kernel"),
              .run = changed};
    job j = {.run = run, .name = JOB, .module = CRM_S("kernel")};
    crm_status s = registry_add_hook(r, &h);
    return s == CRM_OK ? registry_add_job(r, &j) : s;
}
