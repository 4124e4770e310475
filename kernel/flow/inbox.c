/*
 * inbox.c - incoming requests are stored raw and durably before they are answered; what they mean
 * is worked out afterwards, as often as it takes, each in one commit with its row's state. One that
 * its module fails at again and again is kept as a bare record instead (inbox_bare.c).
 */
#include "flow/flow_private.h"
#include "flow/store.h"

#define JOB CRM_S("kernel.inbox")
/* Of the module that reads it, within a minute or so: then it is kept bare. */
#define FAILURES_MAX 5
#define REPEATED_MS  600000

/* Of what is the same request when it comes again. */
static crm_str key_of(crm_ctx *c, crm_str instance, crm_str content_type, crm_str body)
{
    uint8_t hash[SHA256_SIZE];
    crm_str all = arena_fmt(c->arena, "%.*s\n%.*s\n%.*s", STR_FMT(instance), STR_FMT(content_type),
                            STR_FMT(body));
    if (!all.p) {
        return all;
    }
    crypto_sha256(all, hash);
    return crypto_hex(c->arena, hash, sizeof hash);
}

static crm_status find_repeated(crm_ctx *c, crm_str key, crm_str *receipt)
{
    store_row row;
    const field *f = registry_store(c->reg, STORE_INBOX)->fields;
    const cond *is_it = cond_compare(c->arena, COND_EQ, &f[INBOX_KEY], value_text(key));
    const cond *is_new =
        cond_compare(c->arena, COND_GT, &f[INBOX_AT], value_int(clock_now() - REPEATED_MS));
    const cond *both = cond_and(c->arena, is_it, is_new);
    crm_status s =
        both ? store_first(c->session, c->arena, c->reg, STORE_INBOX, both, &row) : CRM_NOMEM;
    if (s == CRM_OK) {
        *receipt = store_text(&row, INBOX_RECEIPT);
        log_event(LOG_INFO, "form.repeated", "receipt=%s", log_quote(*receipt));
    }
    return s;
}

crm_status inbox_store(crm_ctx *c, crm_str instance, crm_str content_type, crm_str body,
                       crm_str address, crm_str *receipt)
{
    store_row row;
    crm_str key = key_of(c, instance, content_type, body);
    crm_status s = key.p ? find_repeated(c, key, receipt) : CRM_NOMEM;
    if (s != CRM_NOT_FOUND) {
        return s;
    }
    s = store_new(c->arena, c->reg, STORE_INBOX, &row);
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
    store_set(&row, INBOX_KEY, value_text(key));
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

static crm_status load(crm_ctx *c, crm_str arg, store_row *row)
{
    int64_t id;
    crm_status s = str_to_i64(arg, &id);
    return s == CRM_OK ? store_load(c->tx, c->arena, c->reg, STORE_INBOX, id, row) : s;
}

/* What passes by itself says nothing against the request. */
static bool is_passing(crm_status why)
{
    return why == CRM_UNAVAILABLE || why == CRM_UPSTREAM || why == CRM_NO_SPACE || why == CRM_NOMEM;
}

static crm_status failed(crm_ctx *c, crm_str arg, crm_status why, const void *fn)
{
    store_row row;
    crm_status s = load(c, arg, &row);
    (void)fn;
    if (s != CRM_OK || is_passing(why)) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    store_set(&row, INBOX_ATTEMPTS, value_int(store_int(&row, INBOX_ATTEMPTS) + 1));
    store_set(&row, INBOX_ERROR, value_text(str_of(status_code(why))));
    return store_save(c->tx, &row);
}

/* NOT_FOUND: what the form makes has no long text, so only its module can keep the request. */
static crm_status keep_bare(crm_ctx *c, const integration *i, store_row *row)
{
    crm_status s = inbox_keep_bare(c, i, row);
    return s == CRM_OK ? finish(c, row, STATE_DONE) : s;
}

/* The module's word, not the kernel's own that its rights do not reach: a text stands at a field.
 */
static bool is_trapped(const crm_ctx *c, crm_status s)
{
    const field_error *first = c->error.fields;
    return s == CRM_DENIED && first && first->text.n;
}

crm_status inbox_release(crm_ctx *c, crm_str receipt)
{
    store_row row;
    const field *f = registry_store(c->reg, STORE_INBOX)->fields;
    const cond *is_it = cond_compare(c->arena, COND_EQ, &f[INBOX_RECEIPT], value_text(receipt));
    const cond *is_held =
        cond_compare(c->arena, COND_EQ, &f[INBOX_STATE], value_text(CRM_S(STATE_TRAPPED)));
    const cond *both = cond_and(c->arena, is_it, is_held);
    crm_status s =
        both ? store_first(c->session, c->arena, c->reg, STORE_INBOX, both, &row) : CRM_NOMEM;
    if (s != CRM_OK) {
        return s;
    }
    log_event(LOG_INFO, "form.released", "receipt=%s user=%lld", log_quote(receipt),
              (long long)c->who->user);
    store_set(&row, INBOX_STATE, value_text(CRM_S(STATE_NEW)));
    store_set(&row, INBOX_RELEASED, value_int(c->who->user));
    s = store_save(c->tx, &row);
    crm_str id = arena_fmt(c->arena, "%lld", (long long)row.id);
    return s == CRM_OK ? timers_schedule(c, JOB, id, clock_now(), id) : s;
}

/* Nothing is made of it, but it is told of, and kept for as long as the others. */
static crm_status keep_trapped(crm_ctx *c, const integration *i, store_row *row)
{
    crm_str at = c->error.fields->field;
    log_event(LOG_WARN, "form.trapped", "form=%s receipt=%s field=%s", log_quote(i->name),
              log_quote(store_text(row, INBOX_RECEIPT)), log_quote(at));
    store_set(row, INBOX_ERROR, value_text(at));
    c->error = (call_error){0};
    crm_status s = finish(c, row, STATE_TRAPPED);
    if (s == CRM_OK) {
        atomic_fetch_add(&flow_running()->forms_trapped, 1);
    }
    return s;
}

/* With what is known of the request besides, as parameters (crm_param). */
static crm_status hand_over(crm_ctx *c, const integration *i, const store_row *row)
{
    static const crm_str names[] = {{"receipt", 7}, {"address", 7}, {"at", 2}, {"released", 8}};
    const crm_str params[] = {store_text(row, INBOX_RECEIPT), store_text(row, INBOX_ADDRESS),
                              arena_fmt(c->arena, "%lld", (long long)store_int(row, INBOX_AT)),
                              value_is_null(row->v[INBOX_RELEASED]) ? (crm_str){0} : CRM_S("1")};
    call_request request = {
        .param_names = names, .params = params, .param_count = sizeof names / sizeof names[0]};
    call_request *before = c->request;
    c->request = &request;
    crm_status s = i->type->receive(c, i->name, store_text(row, INBOX_CONTENT_TYPE),
                                    store_text(row, INBOX_BODY), i->type->fn);
    c->request = before;
    return s;
}

static crm_status receive(crm_ctx *c, crm_str arg, const void *fn)
{
    store_row row;
    (void)fn;
    crm_status s = load(c, arg, &row);
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
    /* Where it cannot be kept bare either, a module that works again may still take it. */
    int64_t beyond = store_int(&row, INBOX_ATTEMPTS) - FAILURES_MAX;
    if (beyond >= 0 && beyond % 2 == 0) {
        s = keep_bare(c, i, &row);
        if (s != CRM_NOT_FOUND) {
            return s;
        }
    }
    s = hand_over(c, i, &row);
    if (is_trapped(c, s)) {
        return keep_trapped(c, i, &row);
    }
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
             .failed = failed,
             .never_gives_up = true,
             .name = JOB,
             .module = CRM_S("kernel"),
             .limit_ms = 5000};
    return registry_add_job(r, &j);
}
