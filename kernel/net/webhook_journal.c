/* webhook_journal.c - /api/v1/webhooks/<id>/deliveries: what was told, and what came of it. */
#include "data/stores.h"
#include "net/webhook_private.h"

#define PAGE 50

typedef struct journal {
    api_call *k;
    uint32_t count, limit;
    int64_t last;
    bool is_one; /* with the beginnings of both bodies */
} journal;

static const char *op_name(crm_str op)
{
    static const struct {
        char op;
        const char *name;
    } names[] = {{'c', "created"}, {'u', "updated"}, {'d', "deleted"},
                 {'g', "gone"},    {'m', "many"},    {'t', "test"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (op.n && op.p[0] == names[i].op) {
            return names[i].name;
        }
    }
    return "";
}

static void put_number(json_writer *w, const char *name, value v)
{
    jw_key(w, str_of(name));
    if (value_is_null(v)) {
        jw_null(w);
    } else {
        jw_int(w, v.i);
    }
}

static void put_text(json_writer *w, const char *name, value v)
{
    jw_key(w, str_of(name));
    if (value_is_null(v)) {
        jw_null(w);
    } else {
        jw_str(w, v.s);
    }
}

static void put_row(json_writer *w, const value *row, bool is_one)
{
    jw_object(w);
    jw_kint(w, "id", row[COL_ID].i);
    jw_kstr(w, "message", row[DELIVERY_MESSAGE].s);
    jw_kstr(w, "op", str_of(op_name(row[DELIVERY_OP].s)));
    jw_kstr(w, "entity", row[DELIVERY_ENTITY].s);
    put_number(w, "record", row[DELIVERY_RECORD]);
    put_number(w, "batch", row[DELIVERY_BATCH]);
    jw_kstr(w, "state", row[DELIVERY_STATE].s);
    jw_kint(w, "attempts", row[DELIVERY_ATTEMPTS].i);
    webhook_put_moment(w, "at", row[DELIVERY_AT]);
    webhook_put_moment(w, "sent_at", row[DELIVERY_SENT_AT]);
    webhook_put_moment(w, "next_at", row[DELIVERY_NEXT_AT]);
    put_number(w, "status", row[DELIVERY_STATUS]);
    put_number(w, "ms", row[DELIVERY_MS]);
    put_text(w, "error", row[DELIVERY_ERROR]);
    if (is_one) {
        put_text(w, "request", row[DELIVERY_REQUEST]);
        put_text(w, "reply", row[DELIVERY_REPLY]);
    }
    jw_end_object(w);
}

static bool on_row(void *arg, const value *row, uint32_t matched)
{
    journal *j = arg;
    (void)matched;
    if (j->count++ == j->limit) {
        return false;
    }
    j->last = row[COL_ID].i;
    put_row(&j->k->w, row, j->is_one);
    return !j->k->text.failed;
}

/* ---- the list -------------------------------------------------------------------------------- */

static const cond *and_equal(api_call *k, const cond *all, const field *f, value v)
{
    return cond_and(k->c.arena, all, cond_compare(k->c.arena, COND_EQ, f, v));
}

static const cond *wanted(api_call *k, const entity *e)
{
    int64_t number;
    crm_str state = http_param(k->http, "state");
    const cond *all = and_equal(k, NULL, &e->fields[DELIVERY_WEBHOOK], value_int(k->id));
    if (state.n) {
        all = and_equal(k, all, &e->fields[DELIVERY_STATE], value_text(state));
    }
    if (str_to_i64(http_param(k->http, "record"), &number) == CRM_OK) {
        all = and_equal(k, all, &e->fields[DELIVERY_RECORD], value_int(number));
    }
    if (str_to_i64(http_param(k->http, "before"), &number) == CRM_OK) {
        all = cond_and(k->c.arena, all,
                       cond_compare(k->c.arena, COND_LT, &e->fields[COL_ID], value_int(number)));
    }
    return all;
}

static crm_status read_page(api_call *k, journal *j)
{
    const entity *e = registry_store(k->c.reg, STORE_DELIVERY);
    query q = {.entity = e,
               .where = wanted(k, e),
               .limit = j->limit + 1,
               .sorts = {{&e->fields[COL_ID], true}},
               .sort_count = 1};
    engine_op op = {.kind = ENGINE_LIST, .entity = e, .query = &q, .on_row = on_row, .arg = j};
    engine_batch b = {.ops = &op, .count = 1};
    for (uint32_t i = 0; i < DELIVERY_REQUEST; i++) {
        bits_add(q.select, i);
    }
    crm_status s = call_limit_read(&k->c, &b);
    return s == CRM_OK ? engine_read_now(k->c.session, &b) : s;
}

static void read_list(api_call *k)
{
    int64_t limit = PAGE;
    if (str_to_i64(http_param(k->http, "limit"), &limit) != CRM_OK || limit < 1 ||
        limit > LIST_MAX) {
        limit = PAGE;
    }
    journal j = {.k = k, .limit = (uint32_t)limit};
    jw_init(&k->w, &k->text);
    jw_object(&k->w);
    jw_karray(&k->w, "rows");
    k->status = read_page(k, &j);
    jw_end_array(&k->w);
    jw_key(&k->w, CRM_S("next"));
    if (j.count > j.limit) {
        jw_str(&k->w, arena_fmt(k->c.arena, "%lld", (long long)j.last));
    } else {
        jw_null(&k->w);
    }
    jw_end_object(&k->w);
}

/* ---- one ------------------------------------------------------------------------------------- */

static void read_one(api_call *k)
{
    int64_t id = 0;
    journal j = {.k = k, .limit = 1, .is_one = true};
    const entity *e = registry_store(k->c.reg, STORE_DELIVERY);
    if (str_to_i64(k->rest, &id) != CRM_OK) {
        k->status = CRM_NOT_FOUND;
        return;
    }
    query q = {.entity = e, .limit = 1};
    q.where = and_equal(k, NULL, &e->fields[COL_ID], value_int(id));
    q.where = and_equal(k, q.where, &e->fields[DELIVERY_WEBHOOK], value_int(k->id));
    engine_op op = {.kind = ENGINE_LIST, .entity = e, .query = &q, .on_row = on_row, .arg = &j};
    engine_batch b = {.ops = &op, .count = 1};
    jw_init(&k->w, &k->text);
    k->status = engine_read_now(k->c.session, &b);
    if (k->status == CRM_OK && !j.count) {
        k->status = CRM_NOT_FOUND;
    }
}

void deliveries_route(api_call *k)
{
    if (k->http->verb != VERB_GET && k->http->verb != VERB_HEAD) {
        api_reply_method(k, "GET, HEAD");
    } else {
        api_read(k, k->rest.n ? read_one : read_list);
    }
}
