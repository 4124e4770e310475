/*
 * requests_api.c - /api/v1/requests: the requests of forms as they came, those that were held back
 * as a robot's above all, and letting one of them go on. For holders of "requests" or "settings".
 */
#include "data/stores.h"
#include "flow/flow.h"
#include "net/api_private.h"

#define PAGE       50
#define BODY_SHOWN 4000 /* bytes of a list's bodies */

typedef struct requests {
    api_call *k;
    uint32_t count, limit;
    int64_t last;
} requests;

static void put_moment(json_writer *w, const char *name, int64_t at)
{
    char text[CLOCK_TEXT];
    clock_format(at, text);
    jw_kstr(w, name, str_of(text));
}

static void put_text(json_writer *w, const char *name, crm_str text)
{
    jw_key(w, str_of(name));
    if (text.n) {
        jw_str(w, text);
    } else {
        jw_null(w);
    }
}

/* Whole characters. */
static crm_str beginning(crm_str s)
{
    size_t n = s.n < BODY_SHOWN ? s.n : BODY_SHOWN;
    while (n && n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80) {
        n--;
    }
    return (crm_str){s.p, n};
}

static bool on_row(void *arg, const value *row, uint32_t matched)
{
    requests *x = arg;
    json_writer *w = &x->k->w;
    (void)matched;
    if (x->count++ == x->limit) {
        return false;
    }
    crm_str body = beginning(row[INBOX_BODY].s);
    x->last = row[COL_ID].i;
    jw_object(w);
    jw_kstr(w, "receipt", row[INBOX_RECEIPT].s);
    jw_kstr(w, "form", row[INBOX_INTEGRATION].s);
    put_moment(w, "at", row[INBOX_AT].i);
    jw_kstr(w, "state", row[INBOX_STATE].s);
    put_text(w, "error", row[INBOX_ERROR].s);
    put_text(w, "address", row[INBOX_ADDRESS].s);
    jw_kbool(w, "released", !value_is_null(row[INBOX_RELEASED]));
    jw_kstr(w, "type", row[INBOX_CONTENT_TYPE].s);
    jw_kstr(w, "body", body);
    jw_kbool(w, "cut", body.n < row[INBOX_BODY].s.n);
    jw_end_object(w);
    return !x->k->text.failed;
}

static const cond *wanted(api_call *k, const entity *e)
{
    int64_t before;
    crm_str state = http_param(k->http, "state");
    state = state.n ? state : CRM_S(STATE_TRAPPED);
    const cond *all = cond_compare(k->c.arena, COND_EQ, &e->fields[INBOX_STATE], value_text(state));
    if (str_to_i64(http_param(k->http, "before"), &before) == CRM_OK) {
        all = cond_and(k->c.arena, all,
                       cond_compare(k->c.arena, COND_LT, &e->fields[COL_ID], value_int(before)));
    }
    return all;
}

static crm_status read_page(requests *x)
{
    api_call *k = x->k;
    const entity *e = registry_store(k->c.reg, STORE_INBOX);
    query q = {.entity = e,
               .where = wanted(k, e),
               .limit = x->limit + 1,
               .sorts = {{&e->fields[COL_ID], true}},
               .sort_count = 1};
    engine_op op = {.kind = ENGINE_LIST, .entity = e, .query = &q, .on_row = on_row, .arg = x};
    engine_batch b = {.ops = &op, .count = 1};
    for (uint32_t i = 0; i < e->field_count; i++) {
        bits_add(q.select, i);
    }
    crm_status s = q.where ? call_limit_read(&k->c, &b) : CRM_NOMEM;
    return s == CRM_OK ? engine_read_now(k->c.session, &b) : s;
}

static void read_list(api_call *k)
{
    requests x = {.k = k, .limit = PAGE};
    jw_init(&k->w, &k->text);
    jw_object(&k->w);
    jw_karray(&k->w, "rows");
    k->status = read_page(&x);
    jw_end_array(&k->w);
    jw_key(&k->w, CRM_S("next"));
    if (x.count > x.limit) {
        jw_str(&k->w, arena_fmt(k->c.arena, "%lld", (long long)x.last));
    } else {
        jw_null(&k->w);
    }
    jw_end_object(&k->w);
}

static crm_status release(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    return inbox_release(c, k->rest);
}

static void released(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
    } else {
        api_reply_empty(k, 204);
    }
}

static void release_route(api_call *k)
{
    crm_str rest = k->rest, receipt = {0};
    str_split(&rest, '/', &receipt);
    if (!receipt.n || !str_is(rest, "release")) {
        api_reply_error(k, CRM_NOT_FOUND);
    } else if (k->http->verb != VERB_POST) {
        api_reply_method(k, "POST");
    } else {
        k->rest = receipt;
        api_write(k, release, released);
    }
}

void requests_route(api_call *k)
{
    bool is_read = k->http->verb == VERB_GET || k->http->verb == VERB_HEAD;
    if (!call_may(&k->c, CRM_S("requests")) && !call_may(&k->c, CRM_S("settings"))) {
        api_reply_error(k, CRM_DENIED);
    } else if (k->rest.n) {
        release_route(k);
    } else if (!is_read) {
        api_reply_method(k, "GET, HEAD");
    } else {
        api_read(k, read_list);
    }
}
