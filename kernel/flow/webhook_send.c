/*
 * webhook_send.c - what a delivery says, under the rights its subscription's user has now, and what
 * came of sending it. The courier's thread; results are written by the writer.
 */
#include "flow/webhook_private.h"

#define BODY_MAX      ((size_t)4 << 20)
#define REQUEST_KEPT  16384
#define LIMIT_MS      15000
#define DAY_MS        (24LL * 3600 * 1000)
#define GIVE_UP_MS    (3 * DAY_MS)
#define FAILURES_MANY 10 /* in a row: then the address is tried by one delivery at a time */
#define GONE          410

/* ---- the body -------------------------------------------------------------------------------- */

typedef struct body {
    flow *flow;
    const subscription *hook;
    const store_row *row;
    crm_ctx *c;
    change ch;
    json_writer w;
    buf record; /* its JSON, empty: he does not see it */
    uint64_t visible[4];
} body;

static char op_of(const store_row *row)
{
    crm_str op = store_text(row, DELIVERY_OP);
    return op.n ? op.p[0] : 0;
}

static bool on_record(void *arg, const record_view *v)
{
    body *b = arg;
    json_writer w;
    jw_init(&w, &b->record);
    memcpy(b->visible, v->visible, sizeof b->visible);
    if (b->flow->o.record_json) {
        b->flow->o.record_json(&w, b->c, v);
    } else {
        jw_object(&w);
        jw_kint(&w, "id", v->row[COL_ID].i);
        jw_end_object(&w);
    }
    return false;
}

static crm_status read_record(body *b, const entity *e)
{
    query *q = query_new(b->c->arena, e);
    record_read r = {.call = b->c,
                     .query = q,
                     .id = store_int(b->row, DELIVERY_RECORD),
                     .want_labels = true,
                     .on_row = on_record,
                     .arg = b};
    crm_status s = q ? records_read_now(&r) : CRM_NOMEM;
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

static const char *op_name(char op)
{
    return op == 'c' ? "created" : op == 'd' ? "deleted" : op == 'u' ? "updated" : "gone";
}

static void put_head(body *b, const char *what, int64_t at)
{
    char moment[CLOCK_TEXT];
    crm_str entity_name = store_text(b->row, DELIVERY_ENTITY);
    clock_format(at, moment);
    jw_object(&b->w);
    jw_kstr(&b->w, "type", arena_fmt(b->c->arena, "%.*s.%s", STR_FMT(entity_name), what));
    jw_kstr(&b->w, "timestamp", str_of(moment));
    jw_kobject(&b->w, "data");
    jw_kstr(&b->w, "entity", entity_name);
}

static void put_test(body *b)
{
    char moment[CLOCK_TEXT];
    clock_format(store_int(b->row, DELIVERY_AT), moment);
    jw_object(&b->w);
    jw_kstr(&b->w, "type", CRM_S("test"));
    jw_kstr(&b->w, "timestamp", str_of(moment));
    jw_kobject(&b->w, "data");
    jw_kstr(&b->w, "webhook", store_text(&b->hook->row, WEBHOOK_NAME));
}

static void put_fields(body *b)
{
    jw_karray(&b->w, "fields");
    for (uint32_t i = 0; i < b->ch.field_count; i++) {
        if (bits_has(b->visible, b->ch.fields[i])) {
            jw_str(&b->w, b->ch.entity->fields[b->ch.fields[i]].name);
        }
    }
    jw_end_array(&b->w);
}

static crm_status put_change(body *b, char op)
{
    crm_ctx *c = b->c;
    const entity *e = registry_entity(c->reg, store_text(b->row, DELIVERY_ENTITY));
    crm_status s = e ? changelog_get(c->session, c->reg, c->arena,
                                     store_int(b->row, DELIVERY_POSITION), &b->ch)
                     : CRM_UNAVAILABLE;
    if (s == CRM_OK && op != 'd' && op != OP_GONE) {
        s = read_record(b, e);
    }
    if (s != CRM_OK) {
        return s;
    }
    if (!b->record.n && op != 'd') {
        op = OP_GONE;
    }
    put_head(b, op_name(op), b->ch.at);
    jw_kint(&b->w, "id", b->ch.record);
    jw_kint(&b->w, "rev", b->ch.rev);
    jw_kstr(&b->w, "op", str_of(op_name(op)));
    if (b->record.n) {
        put_fields(b);
        jw_key(&b->w, CRM_S("record"));
        jw_raw(&b->w, buf_view(&b->record));
    }
    return CRM_OK;
}

static crm_status write_body(body *b, arena *a, crm_str *out)
{
    buf text;
    char op = op_of(b->row);
    crm_status s = CRM_OK;
    buf_init(&text, BODY_MAX);
    buf_init(&b->record, BODY_MAX);
    jw_init(&b->w, &text);
    if (op == OP_TEST) {
        put_test(b);
    } else if (op == OP_MANY) {
        put_head(b, "many", store_int(b->row, DELIVERY_AT));
        jw_kint(&b->w, "batch", store_int(b->row, DELIVERY_BATCH));
    } else {
        s = put_change(b, op);
    }
    if (s == CRM_OK) {
        jw_end_object(&b->w);
        jw_end_object(&b->w);
        *out = arena_dup(a, buf_view(&text));
        s = text.failed || b->record.failed ? CRM_TOO_LARGE : out->p ? CRM_OK : CRM_NOMEM;
    }
    buf_free(&text);
    buf_free(&b->record);
    return s;
}

/* ---- the request ----------------------------------------------------------------------------- */

static crm_status sign(const subscription *h, sending *x, crm_str message, int64_t seconds,
                       crm_str *out)
{
    crm_str key, old, secret = store_text(&h->row, WEBHOOK_SECRET);
    crm_status s = webhook_key(x->arena, secret, &key);
    if (s != CRM_OK) {
        return s;
    }
    *out = webhook_signature(x->arena, key, message, seconds, x->text);
    bool is_turning = store_text(&h->row, WEBHOOK_OLD_SECRET).n &&
                      store_int(&h->row, WEBHOOK_OLD_UNTIL) > clock_now();
    if (is_turning &&
        webhook_key(x->arena, store_text(&h->row, WEBHOOK_OLD_SECRET), &old) == CRM_OK) {
        crm_str second = webhook_signature(x->arena, old, message, seconds, x->text);
        *out = arena_fmt(x->arena, "%.*s %.*s", STR_FMT(*out), STR_FMT(second));
    }
    return out->n ? CRM_OK : CRM_NOMEM;
}

static crm_status fill_request(const registry *r, const subscription *h, const store_row *row,
                               sending *x)
{
    arena *a = x->arena;
    crm_str message = store_text(row, DELIVERY_MESSAGE), signature;
    int64_t seconds = clock_now() / 1000;
    crm_status s = sign(h, x, message, seconds, &signature);
    const char **headers = ARENA_ARRAY(a, const char *, 4);
    if (s != CRM_OK || !headers) {
        return s == CRM_OK ? CRM_NOMEM : s;
    }
    headers[0] = arena_fmt(a, "webhook-id: %.*s", STR_FMT(message)).p;
    headers[1] = arena_fmt(a, "webhook-timestamp: %lld", (long long)seconds).p;
    headers[2] = arena_fmt(a, "webhook-signature: %.*s", STR_FMT(signature)).p;
    guard_read_list(r->outgoing_private, &x->allowed);
    x->request.url = arena_cstr(a, store_text(&h->row, WEBHOOK_URL));
    x->request.headers = headers;
    x->request.body = x->text;
    x->request.allowed = &x->allowed;
    x->request.ca_file = r->outgoing_ca.n ? arena_cstr(a, r->outgoing_ca) : NULL;
    x->request.limit_ms = LIMIT_MS;
    return arena_failed(a) ? CRM_NOMEM : CRM_OK;
}

static const char *error_of(crm_status s)
{
    return s == CRM_UNAUTHENTICATED ? "user" : s == CRM_NOT_FOUND ? "secret" : status_code(s);
}

crm_status webhook_prepare(flow *f, engine_session *s, const subscription *h, const store_row *row,
                           sending *x)
{
    crm_ctx c;
    principal who;
    x->arena = arena_new(0);
    if (!x->arena) {
        return CRM_NOMEM;
    }
    x->id = row->id;
    x->webhook = h->row.id;
    x->record = store_int(row, DELIVERY_RECORD);
    crm_status st = webhook_begin(&c, s, h, &who);
    if (st == CRM_OK) {
        body b = {.flow = f, .hook = h, .row = row, .c = &c};
        st = write_body(&b, x->arena, &x->text);
        st = st == CRM_OK ? fill_request(c.reg, h, row, x) : st;
        call_end(&c);
    }
    x->request.error = st == CRM_OK ? NULL : error_of(st);
    return CRM_OK;
}

/* ---- what came of it ------------------------------------------------------------------------- */

static int64_t pause_after(int64_t failures)
{
    static const int64_t pauses[] = {5,    30,       120,      600,      1800,
                                     3600, 2 * 3600, 4 * 3600, 8 * 3600, 12 * 3600};
    const int64_t last = sizeof pauses / sizeof pauses[0] - 1;
    int64_t at = failures < 1 ? 0 : failures - 1 < last ? failures - 1 : last;
    uint32_t random;
    crypto_random(&random, sizeof random);
    int64_t ms = pauses[at] * 1000;
    return ms + random % (ms / 5);
}

static int64_t pause_of(const post_request *r, int64_t attempts)
{
    int64_t asked = r->retry_after_s, most = DAY_MS / 2;
    if (asked > 0 && (r->status == 429 || r->status == 503)) {
        return asked * 1000 < most && asked < most ? asked * 1000 : most;
    }
    return pause_after(attempts);
}

/* What others wrote is kept as text: no NUL, and nothing that is not UTF-8. */
static crm_str as_text(arena *a, const char *p, size_t n)
{
    crm_str s = arena_dup(a, (crm_str){p, n});
    char *at = (char *)s.p;
    for (int cut = 0; cut < 3 && s.n && !text_is_utf8(s); cut++) {
        s.n--;
    }
    bool is_text = text_is_utf8(s);
    s.n = is_text || n < s.n ? s.n : n;
    for (size_t i = 0; at && i < s.n; i++) {
        if (!at[i] || (!is_text && (at[i] & 0x80))) {
            at[i] = '?';
        }
    }
    return s;
}

static void put_attempt(crm_ctx *c, const sending *x, store_row *d)
{
    const post_request *r = &x->request;
    crm_str request = x->text;
    if (request.n > REQUEST_KEPT) {
        request = as_text(c->arena, request.p, REQUEST_KEPT);
    }
    store_set(d, DELIVERY_ATTEMPTS, value_int(store_int(d, DELIVERY_ATTEMPTS) + 1));
    store_set(d, DELIVERY_SENT_AT, value_int(clock_now()));
    store_set(d, DELIVERY_STATUS, r->status ? value_int(r->status) : value_null());
    store_set(d, DELIVERY_MS, value_int(r->ms));
    store_set(d, DELIVERY_ERROR, r->error ? value_text(str_of(r->error)) : value_null());
    store_set(d, DELIVERY_REQUEST, value_text(request));
    store_set(d, DELIVERY_REPLY, value_text(as_text(c->arena, r->reply, r->reply_n)));
    store_set(d, DELIVERY_NEXT_AT, value_null());
}

static crm_status succeeded(crm_ctx *c, store_row *hook_row, store_row *d)
{
    store_set(d, DELIVERY_STATE, value_text(CRM_S(STATE_DONE)));
    crm_status s = store_save(c->tx, d);
    if (s != CRM_OK || !store_int(hook_row, WEBHOOK_FAILURES)) {
        return s;
    }
    store_set(hook_row, WEBHOOK_FAILURES, value_int(0));
    store_set(hook_row, WEBHOOK_FAILING_SINCE, value_null());
    store_set(hook_row, WEBHOOK_NEXT_AT, value_null());
    s = store_save(c->tx, hook_row);
    return s == CRM_OK ? webhook_rows_changed(c) : s;
}

/* The delivery is tried again later, or is given up. */
static crm_status put_off(crm_ctx *c, const sending *x, store_row *d)
{
    int64_t now = clock_now(), attempts = store_int(d, DELIVERY_ATTEMPTS);
    int64_t first = store_int(d, DELIVERY_FIRST_AT) ? store_int(d, DELIVERY_FIRST_AT) : now;
    bool is_dead = now - first >= GIVE_UP_MS;
    int64_t next = now + pause_of(&x->request, attempts);
    store_set(d, DELIVERY_FIRST_AT, value_int(first));
    if (is_dead) {
        store_set(d, DELIVERY_STATE, value_text(CRM_S(STATE_DEAD)));
        atomic_fetch_add(&flow_running()->webhooks_dead, 1);
        return store_save(c->tx, d);
    }
    store_set(d, DELIVERY_NEXT_AT, value_int(next));
    crm_status s = store_save(c->tx, d);
    crm_str key = arena_fmt(c->arena, "%lld", (long long)d->id);
    return s == CRM_OK ? timers_schedule(c, WEBHOOK_JOB, key, next, (crm_str){0}) : s;
}

/* The subscription as a whole: how long nothing has got through. */
static crm_status note_failure(crm_ctx *c, const sending *x, store_row *h, bool *is_stopped)
{
    int64_t now = clock_now(), failures = store_int(h, WEBHOOK_FAILURES) + 1;
    int64_t since = store_int(h, WEBHOOK_FAILING_SINCE);
    const char *reason = x->request.status == GONE ? "gone" : NULL;
    since = since ? since : now;
    if (x->request.error && strcmp(x->request.error, "user") == 0) {
        reason = "user";
    } else if (!reason && failures >= FAILURES_MANY && now - since >= GIVE_UP_MS) {
        reason = "failing";
    }
    store_set(h, WEBHOOK_FAILURES, value_int(failures));
    store_set(h, WEBHOOK_FAILING_SINCE, value_int(since));
    *is_stopped = reason != NULL;
    if (reason) {
        return webhook_stop(c, h, reason);
    }
    if (failures < FAILURES_MANY) {
        return store_save(c->tx, h);
    }
    int64_t next = now + pause_after(failures - FAILURES_MANY + 1);
    store_set(h, WEBHOOK_NEXT_AT, value_int(next));
    crm_status s = store_save(c->tx, h);
    crm_str key = arena_fmt(c->arena, "hook-%lld", (long long)h->id);
    s = s == CRM_OK ? timers_schedule(c, WEBHOOK_JOB, key, next, (crm_str){0}) : s;
    return s == CRM_OK ? webhook_rows_changed(c) : s;
}

static crm_status failed(crm_ctx *c, const sending *x, store_row *h, store_row *d)
{
    bool is_stopped = false;
    if (op_of(d) == OP_TEST) { /* somebody watches: he presses again */
        store_set(d, DELIVERY_STATE, value_text(CRM_S(STATE_DEAD)));
        return store_save(c->tx, d);
    }
    crm_status s = CRM_OK;
    if (str_is(store_text(h, WEBHOOK_STATE), WEBHOOK_ACTIVE)) {
        s = note_failure(c, x, h, &is_stopped);
    }
    if (s != CRM_OK) {
        return s;
    }
    return is_stopped ? store_save(c->tx, d) : put_off(c, x, d);
}

static crm_status write_result(crm_ctx *c, const sending *x)
{
    store_row h, d;
    int status = x->request.status;
    crm_status s = store_load(c->tx, c->arena, c->reg, STORE_WEBHOOK, x->webhook, &h);
    s = s == CRM_OK ? store_load(c->tx, c->arena, c->reg, STORE_DELIVERY, x->id, &d) : s;
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s; /* removed meanwhile */
    }
    put_attempt(c, x, &d);
    return status >= 200 && status < 300 ? succeeded(c, &h, &d) : failed(c, x, &h, &d);
}

crm_status webhook_results(crm_ctx *c, void *ended)
{
    crm_status s = CRM_OK;
    for (const sending *x = ended; x && s == CRM_OK; x = x->next) {
        if (x->has_ended) {
            s = write_result(c, x);
        }
    }
    return s;
}
