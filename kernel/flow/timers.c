/*
 * timers.c - due rows: work that waits for its moment, one row per (job, key). Writer thread,
 * inside a transaction; the scheduler runs what is due.
 */
#include "flow/flow_private.h"
#include "flow/store.h"

static _Thread_local int64_t earliest = INT64_MAX;

void timers_hint(int64_t due)
{
    if (due < earliest) {
        earliest = due;
    }
}

int64_t timers_take_hint(void)
{
    int64_t due = earliest;
    earliest = INT64_MAX;
    return due;
}

static crm_status find(crm_ctx *c, crm_str name, crm_str key, store_row *row)
{
    const entity *e = registry_store(c->reg, STORE_DUE);
    const cond *is_job = cond_compare(c->arena, COND_EQ, &e->fields[DUE_JOB], value_text(name));
    const cond *is_key = cond_compare(c->arena, COND_EQ, &e->fields[DUE_KEY], value_text(key));
    return store_first(c->session, c->arena, c->reg, STORE_DUE, cond_and(c->arena, is_job, is_key),
                       row);
}

crm_status timers_schedule(crm_ctx *c, crm_str name, crm_str key, int64_t due, crm_str arg)
{
    if (!registry_job(c->reg, name)) {
        log_event(LOG_ERROR, "timers.unknown_job", "job=%s", log_quote(name));
        return CRM_MISUSE;
    }
    return timers_schedule_waiting(c, name, key, due, arg);
}

crm_status timers_schedule_waiting(crm_ctx *c, crm_str name, crm_str key, int64_t due, crm_str arg)
{
    store_row row;
    crm_status s = find(c, name, key, &row);
    if (s == CRM_NOT_FOUND) {
        s = store_new(c->arena, c->reg, STORE_DUE, &row);
    }
    if (s != CRM_OK) {
        return s;
    }
    store_set(&row, DUE_JOB, value_text(name));
    store_set(&row, DUE_KEY, value_text(key));
    store_set(&row, DUE_AT, value_int(due));
    store_set(&row, DUE_ARG, value_text(arg));
    store_set(&row, DUE_ATTEMPTS, value_int(0));
    store_set(&row, DUE_ERROR, value_null());
    timers_hint(due);
    return store_save(c->tx, &row);
}

crm_status timers_unschedule(crm_ctx *c, crm_str name, crm_str key)
{
    store_row row;
    crm_status s = find(c, name, key, &row);
    if (s == CRM_NOT_FOUND) {
        return CRM_OK;
    }
    return s == CRM_OK ? tx_delete(c->tx, row.e, row.id) : s;
}

crm_status timers_ensure(crm_ctx *c, void *unused)
{
    (void)unused;
    for (uint32_t i = 0; i < c->reg->job_count; i++) {
        const job *j = &c->reg->jobs[i];
        store_row row;
        crm_status s = CRM_OK;
        if (j->at_ready) {
            s = timers_schedule(c, j->name, CRM_S("ready"), clock_now(), (crm_str){0});
        }
        if (s != CRM_OK) {
            return s;
        }
        if (!j->every_ms) {
            continue;
        }
        s = find(c, j->name, CRM_S("every"), &row);
        bool is_dead = s == CRM_OK && value_is_null(row.v[DUE_AT]);
        if (s == CRM_NOT_FOUND || is_dead) {
            s = timers_schedule(c, j->name, CRM_S("every"), clock_now(), (crm_str){0});
        }
        if (s != CRM_OK) {
            return s;
        }
    }
    return recompute_ensure(c);
}
