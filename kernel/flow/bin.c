/*
 * bin.c - out of the recycle bin for ever. What has lain in it longer than the ТЗ says goes by
 * itself, hourly, a few records at a time; what a person purges goes at once.
 *
 * A record may have any number of parts, and one commit takes a few. So the record goes first, with
 * which its parts are out of everybody's sight, and a due row of the same commit sees to them.
 * Writer, bulk lane.
 */
#include "flow/flow_private.h"
#include "flow/store.h"

#define JOB        CRM_S("kernel.bin")
#define PARTS_JOB  CRM_S("kernel.bin_parts")
#define HOUR_MS    3600000LL
#define SLICE      50 /* records of one commit: each takes its past with it */
#define PARTS_MOST 20 /* of one commit, between which others write */
#define PAUSE_MS   1000

/* ---- one record ------------------------------------------------------------------------------ */

static crm_status purge_parts_later(crm_ctx *c, const entity *e, int64_t id)
{
    crm_str of = arena_fmt(c->arena, "%u:%lld", e->id, (long long)id);
    return of.p ? timers_schedule(c, PARTS_JOB, of, clock_now(), of) : CRM_NOMEM;
}

static crm_status purge(crm_ctx *c, const entity *e, int64_t id, uint32_t *left)
{
    crm_status s = records_purge_some(c, e, id, left);
    return s == CRM_OK && !*left ? purge_parts_later(c, e, id) : s;
}

crm_status bin_purge(crm_ctx *c, const entity *e, int64_t id)
{
    uint32_t left = PARTS_MOST;
    return purge(c, e, id, &left);
}

/* By the entity's number, which a new name of it does not change. */
static crm_status read_whole(const registry *r, crm_str arg, const entity **e, int64_t *id)
{
    crm_str part;
    int64_t number = 0;
    crm_status s = str_split(&arg, ':', &part) ? str_to_i64(part, &number) : CRM_MISUSE;
    s = s == CRM_OK ? str_to_i64(arg, id) : s;
    *e = s == CRM_OK ? registry_entity_by_id(r, (uint32_t)number) : NULL;
    return s == CRM_OK && !*e ? CRM_NOT_FOUND : s; /* its module may come back */
}

static crm_status purge_parts(crm_ctx *c, crm_str arg, const void *fn)
{
    const entity *e;
    int64_t id = 0;
    uint32_t left = PARTS_MOST;
    (void)fn;
    c->is_quiet = true;
    crm_status s = read_whole(c->reg, arg, &e, &id);
    s = s == CRM_OK ? records_purge_parts(c, e, id, &left) : s;
    return s == CRM_OK && !left ? purge_parts_later(c, e, id) : s;
}

/* ---- what has lain there long enough --------------------------------------------------------- */

/* People and departments are never removed: the past refers to them. */
static bool is_swept(const entity *e)
{
    return !(e->flags & (ENTITY_SYSTEM | ENTITY_NO_API)) && str_find(e->name, '.') >= 0;
}

static crm_status sweep_entity(crm_ctx *c, const entity *e, int64_t before, uint32_t *left)
{
    store_row *rows;
    uint32_t count;
    const field *at = &e->fields[COL_DELETED_AT];
    query q = {.entity = e,
               .where = cond_compare(c->arena, COND_LT, at, value_int(before)),
               .limit = *left,
               .sorts = {{at, false}},
               .sort_count = 1,
               .with_deleted = true,
               .only_deleted = true};
    bits_add(q.select, COL_ID);
    crm_status s = store_list(c->session, c->arena, &q, &rows, &count);
    for (uint32_t i = 0; s == CRM_OK && *left && i < count; i++) {
        --*left;
        s = purge(c, e, rows[i].id, left);
    }
    return s;
}

static crm_status sweep(crm_ctx *c, crm_str arg, const void *fn)
{
    int64_t keep = c->reg->bin_keep_ms ? c->reg->bin_keep_ms : BIN_KEEP_MS;
    uint32_t left = SLICE;
    crm_status s = CRM_OK;
    (void)arg;
    (void)fn;
    c->is_quiet = true;
    for (uint32_t i = 0; s == CRM_OK && left && i < c->reg->entity_count; i++) {
        if (is_swept(c->reg->entities[i])) {
            s = sweep_entity(c, c->reg->entities[i], clock_now() - keep, &left);
        }
    }
    if (s == CRM_OK && !left) {
        s = timers_schedule(c, JOB, CRM_S("more"), clock_now() + PAUSE_MS, (crm_str){0});
    }
    return s;
}

crm_status bin_register(registry *r)
{
    job j = {.run = sweep, .name = JOB, .module = CRM_S("kernel"), .every_ms = HOUR_MS};
    job parts = {
        .run = purge_parts, .name = PARTS_JOB, .module = CRM_S("kernel"), .never_gives_up = true};
    crm_status s = registry_add_job(r, &j);
    return s == CRM_OK ? registry_add_job(r, &parts) : s;
}
