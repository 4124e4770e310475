/*
 * webhook_api.c - /api/v1/webhooks: subscriptions of other systems, for the holders of "settings".
 * What they are is flow/webhook.h's; their journal is webhook_journal.c's.
 */
#include "data/stores.h"
#include "net/webhook_private.h"

static const struct {
    const char *word;
    char op;
} op_words[] = {{"created", 'c'}, {"updated", 'u'}, {"deleted", 'd'}};

/* ---- one row as JSON ------------------------------------------------------------------------- */

void webhook_put_moment(json_writer *w, const char *name, value at)
{
    char text[CLOCK_TEXT];
    jw_key(w, str_of(name));
    if (value_is_null(at)) {
        jw_null(w);
        return;
    }
    clock_format(at.i, text);
    jw_str(w, str_of(text));
}

static void put_person(api_call *k, const char *name, int64_t id)
{
    const person *p = people_user(k->c.people, id);
    jw_key(&k->w, str_of(name));
    if (!p) {
        jw_null(&k->w);
        return;
    }
    jw_object(&k->w);
    jw_kint(&k->w, "id", id);
    jw_kstr(&k->w, "label", p->name);
    jw_end_object(&k->w);
}

static void put_json(json_writer *w, const char *name, crm_str json, const char *otherwise)
{
    jw_key(w, str_of(name));
    jw_raw(w, json.n ? json : str_of(otherwise));
}

static void put_what(api_call *k, const value *row)
{
    json_writer *w = &k->w;
    jw_kstr(w, "entity", row[WEBHOOK_ENTITY].s);
    jw_karray(w, "on");
    for (size_t i = 0; i < sizeof op_words / sizeof op_words[0]; i++) {
        if (str_find(row[WEBHOOK_OPS].s, op_words[i].op) >= 0) {
            jw_str(w, str_of(op_words[i].word));
        }
    }
    jw_end_array(w);
    put_json(w, "fields", row[WEBHOOK_FIELDS].s, "[]");
    put_json(w, "where", row[WEBHOOK_WHERE].s, "null");
    jw_kstr(w, "batches", str_of(row[WEBHOOK_IS_EACH].i ? "each" : "many"));
    jw_kint(w, "parallel", row[WEBHOOK_PARALLEL_OF].i);
}

static void put_state(api_call *k, const value *row, int64_t waiting)
{
    json_writer *w = &k->w;
    jw_kbool(w, "of_tz", row[WEBHOOK_IS_TZ].i != 0);
    jw_kstr(w, "state", row[WEBHOOK_STATE].s);
    jw_key(w, CRM_S("reason"));
    if (row[WEBHOOK_REASON].s.n) {
        jw_str(w, row[WEBHOOK_REASON].s);
    } else {
        jw_null(w);
    }
    jw_kint(w, "failures", row[WEBHOOK_FAILURES].i);
    jw_kint(w, "waiting", waiting);
    webhook_put_moment(w, "failing_since", row[WEBHOOK_FAILING_SINCE]);
    webhook_put_moment(w, "created_at", row[WEBHOOK_MADE_AT]);
}

/* How many of its deliveries wait in the journal; what the change log holds besides is not counted.
 */
static int64_t count_waiting(api_call *k, int64_t id)
{
    const entity *e = registry_store(k->c.reg, STORE_DELIVERY);
    arena *a = k->c.arena;
    const cond *of = cond_compare(a, COND_EQ, &e->fields[DELIVERY_WEBHOOK], value_int(id));
    const cond *is_new =
        cond_compare(a, COND_EQ, &e->fields[DELIVERY_STATE], value_text(CRM_S(STATE_NEW)));
    query q = {.entity = e, .where = cond_and(a, of, is_new), .limit = COUNT_CAP};
    engine_op op = {.kind = ENGINE_COUNT, .entity = e, .query = &q};
    engine_batch b = {.ops = &op, .count = 1};
    return engine_read_now(k->c.session, &b) == CRM_OK ? op.count : 0;
}

static void put_row(api_call *k, const value *row, int64_t waiting, crm_str secret)
{
    json_writer *w = &k->w;
    jw_object(w);
    jw_kint(w, "id", row[COL_ID].i);
    jw_kstr(w, "rev", webhook_rev(k->c.arena, row));
    jw_kstr(w, "name", row[WEBHOOK_NAME].s);
    jw_kstr(w, "title", row[WEBHOOK_TITLE].s);
    jw_kstr(w, "url", row[WEBHOOK_URL].s);
    put_person(k, "user", row[WEBHOOK_USER].i);
    put_person(k, "owner", row[WEBHOOK_OWNER].i);
    put_what(k, row);
    put_state(k, row, waiting);
    if (secret.n) {
        jw_kstr(w, "secret", secret);
    }
    jw_end_object(w);
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct rows {
    arena *arena;
    uint32_t width, count;
    value *at[WEBHOOKS_MAX];
} rows;

static bool keep_row(void *arg, const value *row, uint32_t matched)
{
    rows *r = arg;
    value *copy = ARENA_ARRAY(r->arena, value, r->width);
    (void)matched;
    for (uint32_t i = 0; copy && i < r->width; i++) {
        copy[i] = value_dup(r->arena, row[i]);
    }
    r->at[r->count] = copy;
    r->count += copy != NULL;
    return copy && r->count < WEBHOOKS_MAX;
}

/* All of them, or the one that k->id names. */
static crm_status read_rows(api_call *k, rows *out)
{
    const entity *e = registry_store(k->c.reg, STORE_WEBHOOK);
    query q = {.entity = e, .limit = WEBHOOKS_MAX};
    engine_op op = {.kind = ENGINE_LIST, .entity = e, .query = &q, .on_row = keep_row, .arg = out};
    engine_batch b = {.ops = &op, .count = 1};
    *out = (rows){.arena = k->c.arena, .width = e->field_count};
    if (k->id) {
        q.where = cond_compare(k->c.arena, COND_EQ, &e->fields[COL_ID], value_int(k->id));
    }
    crm_status s = call_limit_read(&k->c, &b);
    s = s == CRM_OK ? engine_read_now(k->c.session, &b) : s;
    return s == CRM_OK && k->id && !out->count ? CRM_NOT_FOUND : s;
}

static void read_list(api_call *k)
{
    rows *all = ARENA_NEW(k->c.arena, rows);
    k->status = all ? read_rows(k, all) : CRM_NOMEM;
    if (k->status != CRM_OK) {
        return;
    }
    jw_init(&k->w, &k->text);
    jw_object(&k->w);
    jw_karray(&k->w, "rows");
    for (uint32_t i = 0; i < all->count; i++) {
        put_row(k, all->at[i], count_waiting(k, all->at[i][COL_ID].i), (crm_str){0});
    }
    jw_end_array(&k->w);
    jw_end_object(&k->w);
}

static void read_one(api_call *k)
{
    rows *all = ARENA_NEW(k->c.arena, rows);
    const webhook_ask *x = k->own;
    crm_str secret = {0};
    k->status = all ? read_rows(k, all) : CRM_NOMEM;
    if (k->status == CRM_OK && x && x->shows_secret) {
        k->status = webhook_secret(&k->c, k->id, &secret);
    }
    if (k->status != CRM_OK) {
        return;
    }
    jw_init(&k->w, &k->text);
    put_row(k, all->at[0], count_waiting(k, k->id), secret);
}

/* ---- what a body asks for -------------------------------------------------------------------- */

static void wrong(api_call *k, crm_str part, const char *code)
{
    call_fail_field(&k->c, part, code, (crm_str){0});
}

static crm_str text_of(api_call *k, const char *name, crm_str was)
{
    const json_t *v = json_object_get(k->request.json, name);
    if (!v) {
        return was;
    }
    if (!json_is_string(v) && !json_is_null(v)) {
        wrong(k, str_of(name), "type_mismatch");
    }
    return arena_dup(k->c.arena, str_trim(str_of(json_string_value(v))));
}

static int64_t number_of(api_call *k, const char *name, int64_t was)
{
    const json_t *v = json_object_get(k->request.json, name);
    if (!v) {
        return was;
    }
    if (!json_is_integer(v) && !json_is_null(v)) {
        wrong(k, str_of(name), "type_mismatch");
    }
    return json_integer_value(v);
}

/* A list or condition as it is kept; null and [] are none. */
static crm_str json_of(api_call *k, const char *name, crm_str was)
{
    const json_t *v = json_object_get(k->request.json, name);
    if (!v) {
        return was;
    }
    if (json_is_null(v) || (json_is_array(v) && !json_array_size(v))) {
        return (crm_str){0};
    }
    if (!json_is_array(v)) {
        wrong(k, str_of(name), "type_mismatch");
    }
    return json_dump(k->c.arena, v);
}

static char op_named(const json_t *word)
{
    for (size_t i = 0; i < sizeof op_words / sizeof op_words[0]; i++) {
        if (json_is_string(word) && strcmp(json_string_value(word), op_words[i].word) == 0) {
            return op_words[i].op;
        }
    }
    return 0;
}

static crm_str ops_of(api_call *k, crm_str was)
{
    const json_t *list = json_object_get(k->request.json, "on");
    json_t *item;
    size_t i;
    bool given[128] = {false};
    if (!list) {
        return was.n ? was : CRM_S("cud");
    }
    if (!json_is_array(list)) {
        wrong(k, CRM_S("on"), "type_mismatch");
    }
    json_array_foreach(list, i, item)
    {
        char op = op_named(item);
        given[(unsigned char)op] = true;
        if (!op) {
            wrong(k, CRM_S("on"), "not_a_choice");
            return CRM_S("cud");
        }
    }
    return arena_fmt(k->c.arena, "%s%s%s", given['c'] ? "c" : "", given['u'] ? "u" : "",
                     given['d'] ? "d" : "");
}

static bool each_of(api_call *k, bool was)
{
    const json_t *v = json_object_get(k->request.json, "batches");
    crm_str word = str_of(json_string_value(v));
    if (v && !str_is(word, "many") && !str_is(word, "each")) {
        wrong(k, CRM_S("batches"), "not_a_choice");
    }
    return v ? str_is(word, "each") : was;
}

static void check_keys(api_call *k)
{
    static const char *const known[] = {"name", "title",  "url",   "user",    "owner",   "entity",
                                        "on",   "fields", "where", "batches", "parallel"};
    const char *key;
    json_t *unused;
    json_object_foreach(k->request.json, key, unused)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            is_known |= strcmp(key, known[i]) == 0;
        }
        if (!is_known) {
            wrong(k, str_of(key), "unknown_field");
        }
    }
}

/* `was`: the row that is changed, or NULL. */
static void read_wish(api_call *k, const value *was, webhook_wish *w)
{
    static const value none[WEBHOOK_COLUMNS];
    const value *v = was ? was : none;
    check_keys(k);
    w->name = text_of(k, "name", v[WEBHOOK_NAME].s);
    w->title = text_of(k, "title", v[WEBHOOK_TITLE].s);
    w->title = w->title.n ? w->title : w->name;
    w->url = text_of(k, "url", v[WEBHOOK_URL].s);
    w->entity = text_of(k, "entity", v[WEBHOOK_ENTITY].s);
    w->user = number_of(k, "user", v[WEBHOOK_USER].i);
    w->owner = number_of(k, "owner", was ? v[WEBHOOK_OWNER].i : k->who.user);
    w->ops = ops_of(k, v[WEBHOOK_OPS].s);
    w->fields = json_of(k, "fields", v[WEBHOOK_FIELDS].s);
    w->where = json_of(k, "where", v[WEBHOOK_WHERE].s);
    w->is_each = each_of(k, v[WEBHOOK_IS_EACH].i != 0);
    w->parallel = (int)number_of(k, "parallel", was ? v[WEBHOOK_PARALLEL_OF].i : WEBHOOK_PARALLEL);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* The row as it is now; CONFLICT when the ТЗ says what it is and `is_change`. */
static crm_status load(crm_ctx *c, int64_t id, bool is_change, value **row)
{
    crm_status s = tx_get(c->tx, registry_store(c->reg, STORE_WEBHOOK), id, c->arena, row);
    if (s == CRM_OK && is_change && (*row)[WEBHOOK_IS_TZ].i) {
        return call_fail(c, CRM_CONFLICT, "webhook_of_tz");
    }
    return s;
}

static crm_status commit_save(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    webhook_ask *x = k->own;
    webhook_wish w = {0};
    value *was = NULL;
    int64_t id = x->is_new ? 0 : k->id;
    crm_status s = id ? load(c, id, true, &was) : CRM_OK;
    if (s != CRM_OK) {
        return s;
    }
    if (was && x->seen.n && !str_eq(x->seen, webhook_rev(c->arena, was))) {
        return call_fail(c, CRM_STALE, "stale");
    }
    read_wish(k, was, &w);
    s = webhook_check(c, &w);
    s = s == CRM_OK ? webhook_save(c, &w, &id) : s;
    if (s == CRM_OK) {
        k->id = id;
    }
    return s;
}

static crm_status commit_remove(crm_ctx *c, void *arg)
{
    value *row;
    int64_t id = ((api_call *)arg)->id;
    crm_status s = load(c, id, true, &row);
    return s == CRM_OK ? webhook_remove(c, id) : s;
}

static crm_status commit_act(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    webhook_ask *x = k->own;
    switch (x->act) {
    case WEBHOOK_ACT_PAUSE:
        return webhook_pause(c, k->id, "person");
    case WEBHOOK_ACT_RESUME:
        return webhook_resume(c, k->id, x->skip);
    case WEBHOOK_ACT_TEST:
        return webhook_test(c, k->id, &x->delivery);
    case WEBHOOK_ACT_ROTATE:
        return webhook_rotate(c, k->id, &x->old_until);
    case WEBHOOK_ACT_AGAIN:
        return webhook_redeliver(c, k->id, &x->again, &x->count);
    }
    return CRM_MISUSE;
}

static void one_read(api_call *k)
{
    webhook_ask *x = k->own;
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, x->is_new ? 201 : 200);
}

/* Somebody was first: the answer carries what the subscription is now. */
static void stale_read(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    api_reply_stale(k, buf_view(&k->text));
}

static void saved(api_call *k)
{
    webhook_ask *x = k->own;
    if (k->status == CRM_STALE) {
        api_pool(k, POOL_FAST, read_one, stale_read);
        return;
    }
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    x->shows_secret = x->is_new;
    log_event(LOG_INFO, "webhook.saved", "webhook=%lld by=%s", (long long)k->id,
              log_quote(k->who.name));
    api_pool(k, POOL_FAST, read_one, one_read);
}

static void removed(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
    } else {
        api_reply_empty(k, 204);
    }
}

static void acted(api_call *k)
{
    webhook_ask *x = k->own;
    json_writer *w = &k->w;
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    if (x->act == WEBHOOK_ACT_ROTATE) {
        x->shows_secret = true;
        api_pool(k, POOL_FAST, read_one, one_read);
        return;
    }
    if (x->act == WEBHOOK_ACT_PAUSE || x->act == WEBHOOK_ACT_RESUME) {
        api_reply_empty(k, 204);
        return;
    }
    jw_init(w, http_body(k->http));
    jw_object(w);
    if (x->act == WEBHOOK_ACT_TEST) {
        jw_kint(w, "delivery", x->delivery);
    } else {
        jw_kint(w, "count", x->count);
    }
    jw_end_object(w);
    api_reply(k, 202);
}

/* ---- which is asked -------------------------------------------------------------------------- */

static bool read_ids(api_call *k, webhook_again *a)
{
    const json_t *list = json_object_get(k->request.json, "deliveries");
    size_t n = json_array_size(list);
    int64_t *ids = ARENA_ARRAY(k->c.arena, int64_t, n + 1);
    if (n > WEBHOOK_REDELIVER_MAX || !ids) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        ids[i] = json_integer_value(json_array_get(list, i));
    }
    a->ids = ids;
    a->id_count = (uint32_t)n;
    return !list || n > 0;
}

static void read_moment(api_call *k, const char *name, int64_t *out)
{
    crm_str text = json_text(k->request.json, name);
    if (text.n && clock_parse(text, out) != CRM_OK) {
        wrong(k, str_of(name), "date_invalid");
    }
}

static crm_status read_again(api_call *k, webhook_again *a)
{
    a->state = json_text(k->request.json, "state");
    if (!read_ids(k, a)) {
        wrong(k, CRM_S("deliveries"), "out_of_range");
    }
    read_moment(k, "from", &a->from);
    read_moment(k, "to", &a->to);
    if (a->state.n && !str_is(a->state, STATE_DONE) && !str_is(a->state, STATE_DEAD)) {
        wrong(k, CRM_S("state"), "not_a_choice");
    }
    if (!a->id_count && !a->from && !a->to && !a->state.n) {
        wrong(k, CRM_S("deliveries"), "required");
    }
    return k->c.error.status;
}

static void act(api_call *k, crm_str name)
{
    static const char *const names[] = {"pause", "resume", "test", "rotate", "redeliver"};
    webhook_ask *x = k->own;
    crm_status s = CRM_NOT_FOUND;
    for (int i = 0; i < 5; i++) {
        if (str_is(name, names[i])) {
            x->act = (webhook_act)i;
            s = api_read_json(k);
        }
    }
    x->skip = json_is_true(json_object_get(k->request.json, "skip"));
    if (s == CRM_OK && x->act == WEBHOOK_ACT_AGAIN) {
        s = read_again(k, &x->again);
    }
    if (s != CRM_OK) {
        api_reply_error(k, s);
    } else {
        api_write(k, commit_act, acted);
    }
}

static void save(api_call *k, bool is_new)
{
    webhook_ask *x = k->own;
    crm_status s = api_read_json(k);
    x->is_new = is_new;
    x->seen = api_seen_rev(k->http);
    if (s != CRM_OK) {
        api_reply_error(k, s);
    } else {
        api_write(k, commit_save, saved);
    }
}

static void route_one(api_call *k)
{
    http_verb v = k->http->verb;
    if (v == VERB_GET || v == VERB_HEAD) {
        api_read(k, read_one);
    } else if (v == VERB_PATCH) {
        save(k, false);
    } else if (v == VERB_DELETE) {
        api_write(k, commit_remove, removed);
    } else {
        api_reply_method(k, "GET, HEAD, PATCH, DELETE");
    }
}

static void route_all(api_call *k)
{
    http_verb v = k->http->verb;
    if (v == VERB_GET || v == VERB_HEAD) {
        api_read(k, read_list);
    } else if (v == VERB_POST) {
        save(k, true);
    } else {
        api_reply_method(k, "GET, HEAD, POST");
    }
}

void webhooks_route(api_call *k)
{
    crm_str rest = k->rest, id = {0}, what = {0};
    k->own = ARENA_NEW(k->http->arena, webhook_ask);
    if (!k->own || !call_may(&k->c, CRM_S("settings"))) {
        api_reply_error(k, k->own ? CRM_DENIED : CRM_NOMEM);
        return;
    }
    str_split(&rest, '/', &id);
    str_split(&rest, '/', &what);
    bool has_id = id.n && str_to_i64(id, &k->id) == CRM_OK && k->id > 0;
    k->rest = rest;
    if (!id.n) {
        route_all(k);
    } else if (!has_id) {
        api_reply_error(k, CRM_NOT_FOUND);
    } else if (!what.n) {
        route_one(k);
    } else if (str_is(what, "deliveries")) {
        deliveries_route(k);
    } else if (k->http->verb == VERB_POST) {
        act(k, what);
    } else {
        api_reply_method(k, "POST");
    }
}
