/*
 * inbox.c - incoming requests are stored raw and durably before they are answered; what they mean
 * is worked out afterwards, as often as it takes, each in one commit with its row's state.
 */
#include "flow/flow_private.h"
#include "flow/store.h"

#define JOB CRM_S("kernel.inbox")

crm_status inbox_store(crm_ctx *c, crm_str instance, crm_str content_type, crm_str body,
                       crm_str address, crm_str *receipt)
{
    store_row row;
    crm_status s = store_new(c->arena, c->reg, STORE_INBOX, &row);
    if (s != CRM_OK) {
        return s;
    }
    *receipt = crypto_token(c->arena, 16);
    store_set(&row, INBOX_RECEIPT, value_text(*receipt));
    store_set(&row, INBOX_INTEGRATION, value_text(instance));
    store_set(&row, INBOX_CONTENT_TYPE, value_text(content_type));
    store_set(&row, INBOX_BODY, value_text(body));
    store_set(&row, INBOX_ADDRESS, value_text(address));
    store_set(&row, INBOX_STATE, value_text(CRM_S(STATE_NEW)));
    store_set(&row, INBOX_AT, value_int(clock_now()));
    s = store_save(c->tx, &row);
    if (s != CRM_OK) {
        return s;
    }
    crm_str id = arena_fmt(c->arena, "%lld", (long long)row.id);
    return timers_schedule(c, JOB, id, clock_now(), id);
}

static crm_status finish(crm_ctx *c, store_row *row, const char *state)
{
    store_set(row, INBOX_STATE, value_text(str_of(state)));
    return store_save(c->tx, row);
}

static crm_status receive(crm_ctx *c, crm_str arg, const void *fn)
{
    int64_t id;
    store_row row;
    (void)fn;
    crm_status s = str_to_i64(arg, &id);
    if (s == CRM_OK) {
        s = store_load(c->tx, c->arena, c->reg, STORE_INBOX, id, &row);
    }
    if (s != CRM_OK) {
        return s;
    }
    if (!str_is(store_text(&row, INBOX_STATE), STATE_NEW)) {
        return CRM_OK;
    }
    const integration *i = registry_integration(c->reg, store_text(&row, INBOX_INTEGRATION));
    if (!i) {
        return CRM_UNAVAILABLE; /* switched off meanwhile: kept and tried again */
    }
    if (!i->type->receive) {
        return finish(c, &row, STATE_DONE); /* it came while nobody could tell that nothing may */
    }
    c->via = arena_fmt(c->arena, "form:%.*s", STR_FMT(i->name));
    c->is_lenient = true;
    s = i->type->receive(c, i->name, store_text(&row, INBOX_CONTENT_TYPE),
                         store_text(&row, INBOX_BODY), i->type->fn);
    return s == CRM_OK ? finish(c, &row, STATE_DONE) : s;
}

#define COUNT_MAX 1000

uint32_t inbox_waiting(engine_session *s, const registry *r, arena *a)
{
    const entity *e = registry_store(r, STORE_INBOX);
    query q = {.entity = e, .limit = COUNT_MAX};
    q.where = cond_compare(a, COND_EQ, &e->fields[INBOX_STATE], value_text(CRM_S(STATE_NEW)));
    engine_op op = {.kind = ENGINE_COUNT, .entity = e, .query = &q};
    engine_batch b = {.ops = &op, .count = 1};
    return q.where && engine_read_now(s, &b) == CRM_OK ? (uint32_t)op.count : 0;
}

crm_status inbox_register(registry *r)
{
    job j = {.run = receive,
             .never_gives_up = true,
             .name = JOB,
             .module = CRM_S("kernel"),
             .limit_ms = 5000};
    return registry_add_job(r, &j);
}
