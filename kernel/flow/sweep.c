/*
 * sweep.c - retention of the kernel's own stores: rows whose purpose is over go, hourly, in slices.
 * Stores that hold personal data besides the records (inbox, outbox, idempotency answers) are here.
 */
#include "flow/flow_private.h"
#include "flow/store.h"

#define HOUR_MS 3600000LL
#define DAY_MS  (24 * HOUR_MS)
#define SLICE   200

typedef struct retention {
    store which;
    uint32_t time_column;  /* ms UTC */
    uint32_t state_column; /* 0: none; else only rows that are in `state` */
    crm_str state;
    int64_t keep_ms;
} retention;

#define ANY     \
    {           \
        NULL, 0 \
    }
#define DONE                              \
    {                                     \
        STATE_DONE, sizeof STATE_DONE - 1 \
    }
#define TRAPPED                                 \
    {                                           \
        STATE_TRAPPED, sizeof STATE_TRAPPED - 1 \
    }

static const retention rules[] = {
    {STORE_IDEM, IDEM_AT, 0, ANY, DAY_MS},
    {STORE_SESSION, SESSION_SEEN_AT, 0, ANY, SESSION_IDLE_MS + DAY_MS},
    {STORE_TOKEN, TOKEN_EXPIRES_AT, 0, ANY, 30 * DAY_MS},
    {STORE_INBOX, INBOX_AT, INBOX_STATE, DONE, 30 * DAY_MS},
    {STORE_INBOX, INBOX_AT, INBOX_STATE, TRAPPED, 30 * DAY_MS},
    {STORE_DELIVERY, DELIVERY_AT, DELIVERY_STATE, DONE, 14 * DAY_MS},
    {STORE_DELIVERY, DELIVERY_AT, 0, ANY, 90 * DAY_MS},
    {STORE_OUTBOX, OUTBOX_AT, 0, ANY, 30 * DAY_MS},
    {STORE_RUN, RUN_AT, RUN_STATE, DONE, 30 * DAY_MS},
    {STORE_IMPORT_CHOICE, IMPORT_CHOICE_AT, 0, ANY, 365 * DAY_MS},
    {STORE_BATCH_ROW, BATCH_ROW_AT, 0, ANY, 90 * DAY_MS},
};

static crm_status sweep_store(crm_ctx *c, const retention *r, bool *is_more)
{
    const entity *e = registry_store(c->reg, r->which);
    query *q = query_new(c->arena, e);
    store_row *rows;
    uint32_t count;
    if (!q) {
        return CRM_NOMEM;
    }
    q->where = cond_compare(c->arena, COND_LT, &e->fields[r->time_column],
                            value_int(clock_now() - r->keep_ms));
    if (r->state_column) {
        q->where = cond_and(
            c->arena, q->where,
            cond_compare(c->arena, COND_EQ, &e->fields[r->state_column], value_text(r->state)));
    }
    q->limit = SLICE;
    crm_status s = store_list(c->session, c->arena, q, &rows, &count);
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        s = tx_delete(c->tx, e, rows[i].id);
    }
    *is_more |= count == SLICE;
    return s;
}

static crm_status sweep(crm_ctx *c, crm_str arg, const void *fn)
{
    crm_status s = CRM_OK;
    bool is_more = false;
    (void)arg;
    (void)fn;
    for (size_t i = 0; s == CRM_OK && i < sizeof rules / sizeof rules[0]; i++) {
        s = sweep_store(c, &rules[i], &is_more);
    }
    /* A slice at a time, so that the writer stays free for people. */
    if (s == CRM_OK && is_more) {
        s = timers_schedule(c, CRM_S("kernel.sweep"), CRM_S("more"), clock_now() + 1000,
                            (crm_str){0});
    }
    return s;
}

crm_status sweep_register(registry *r)
{
    job j = {.run = sweep,
             .name = CRM_S("kernel.sweep"),
             .module = CRM_S("kernel"),
             .every_ms = HOUR_MS,
             .limit_ms = 5000};
    return registry_add_job(r, &j);
}
