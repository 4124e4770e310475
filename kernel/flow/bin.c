/*
 * bin.c - the recycle bin empties itself: what has lain in it longer than the ТЗ says goes for
 * ever, hourly, a few records at a time. Writer, bulk lane.
 */
#include "flow/flow_private.h"
#include "flow/store.h"

#define JOB      CRM_S("kernel.bin")
#define HOUR_MS  3600000LL
#define SLICE    50 /* records of one commit: each takes its past with it */
#define PAUSE_MS 1000

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
        s = records_purge_parts(c, e, rows[i].id, left); /* maybe more than a commit takes */
        if (s == CRM_OK && *left) {
            s = records_purge(c, e, rows[i].id);
            (*left)--;
        }
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
    return registry_add_job(r, &j);
}
