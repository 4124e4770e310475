/* webhook_rows.c - subscriptions as rows: made, changed, paused, asked to tell something again.
 * Writer. */
#include "flow/webhook_private.h"

#define NAME_MAX_CHARS  64
#define TITLE_MAX_CHARS 200
#define KEY_BYTES       9
#define DELETE_SLICE    200

crm_status webhook_rows_changed(crm_ctx *c)
{
    return timers_schedule(c, WEBHOOK_JOB, CRM_S("look"), clock_now(), (crm_str){0});
}

static crm_status load(crm_ctx *c, int64_t id, store_row *out)
{
    return store_load(c->tx, c->arena, c->reg, STORE_WEBHOOK, id, out);
}

static crm_status save_and_look(crm_ctx *c, store_row *row)
{
    crm_status s = store_save(c->tx, row);
    return s == CRM_OK ? webhook_rows_changed(c) : s;
}

/* ---- what may be kept ------------------------------------------------------------------------ */

static void wrong(crm_ctx *c, const char *part, const char *code, const char *params)
{
    call_fail_field(c, str_of(part), code, str_of(params));
}

static void check_texts(crm_ctx *c, const webhook_wish *w)
{
    if (!w->name.n) {
        wrong(c, "name", "required", NULL);
    } else if (text_length(w->name) > NAME_MAX_CHARS) {
        wrong(c, "name", "too_long", "{\"max\":64}");
    }
    if (text_length(w->title) > TITLE_MAX_CHARS) {
        wrong(c, "title", "too_long", "{\"max\":200}");
    }
    if (!w->url.n) {
        wrong(c, "url", "required", NULL);
    } else if (!post_is_url(w->url, c->reg->outgoing_private.n > 0)) {
        wrong(c, "url", "webhook_url", NULL);
    }
    if (w->parallel < 1 || w->parallel > WEBHOOK_PARALLEL_MAX) {
        wrong(c, "parallel", "out_of_range", NULL);
    }
}

static void check_people(crm_ctx *c, const webhook_wish *w)
{
    const person *user = people_user(c->people, w->user);
    const person *owner = people_user(c->people, w->owner);
    if (!w->user) {
        wrong(c, "user", "required", NULL);
    } else if (!user) {
        wrong(c, "user", "no_such_record", NULL);
    } else if (!user->is_service) {
        wrong(c, "user", "not_a_program", NULL);
    }
    if (w->owner && (!owner || owner->is_service)) {
        wrong(c, "owner", "no_such_record", NULL);
    }
}

static void check_fields(crm_ctx *c, const entity *e, crm_str names)
{
    json_t *list = NULL, *item;
    size_t i;
    if (!names.n || json_read(names, FIELDS_MAX, &list, NULL) != CRM_OK) {
        return;
    }
    json_array_foreach(list, i, item)
    {
        crm_str name = str_of(json_string_value(item));
        const field *f = entity_field(e, name);
        if (!f || !records_shows(c, e, f)) {
            wrong(c, "fields", "unknown_field", NULL);
        }
    }
    json_decref(list);
}

static void check_where(crm_ctx *c, const entity *e, crm_str where)
{
    json_t *json = NULL;
    const cond *read = NULL, *unused;
    uint64_t touched[4] = {0};
    cond_error err = {0};
    cond_scope in = records_scope(c, e);
    if (where.n && json_read(where, JSON_ITEMS_MAX, &json, NULL) != CRM_OK) {
        wrong(c, "where", "bad_request", NULL);
    } else if (where.n && cond_read(c->arena, &in, json, &read, &err) != CRM_OK) {
        records_bad_cond(c, &err, "where");
    } else if (read) {
        (void)!cond_restrict(c, e, read, &unused, touched); /* the field is named in the error */
    }
    json_decref(json);
}

/* As its user sees it: what he cannot see would never be told, and nobody would know why. Of an
 * entity that neither he nor the asker may read nothing is said. */
static void check_what(crm_ctx *c, const webhook_wish *w, const entity *e)
{
    principal who;
    const principal *asker = c->who;
    bool asker_may = rights_may_some(c, e, ACTION_READ);
    if (people_principal(c->arena, c->people, w->user, &who) != CRM_OK) {
        return; /* that is wrong already */
    }
    c->who = &who;
    if (rights_may_some(c, e, ACTION_READ)) {
        check_fields(c, e, w->fields);
        check_where(c, e, w->where);
    } else {
        wrong(c, "entity", asker_may ? "not_readable" : "not_a_choice", NULL);
    }
    c->who = asker;
}

crm_status webhook_check(crm_ctx *c, const webhook_wish *w)
{
    const entity *e = registry_entity(c->reg, w->entity);
    check_texts(c, w);
    check_people(c, w);
    if (!w->ops.n) {
        wrong(c, "on", "required", NULL);
    }
    if (!w->entity.n) {
        wrong(c, "entity", "required", NULL);
    } else if (!e || e->flags & (ENTITY_SYSTEM | ENTITY_NO_API | ENTITY_NO_HISTORY)) {
        wrong(c, "entity", "not_a_choice", NULL);
    } else {
        check_what(c, w, e);
    }
    return c->error.status;
}

/* ---- making and changing --------------------------------------------------------------------- */

static void put(store_row *row, uint32_t column, value v)
{
    if (!value_equal(row->v[column], v)) {
        store_set(row, column, v);
    }
}

static void put_wish(store_row *row, const webhook_wish *w)
{
    put(row, WEBHOOK_NAME, value_text(w->name));
    put(row, WEBHOOK_TITLE, value_text(w->title));
    put(row, WEBHOOK_URL, value_text(w->url));
    put(row, WEBHOOK_ENTITY, value_text(w->entity));
    put(row, WEBHOOK_USER, value_int(w->user));
    put(row, WEBHOOK_OWNER, w->owner ? value_int(w->owner) : value_null());
    put(row, WEBHOOK_OPS, value_text(w->ops));
    put(row, WEBHOOK_FIELDS, value_text(w->fields));
    put(row, WEBHOOK_WHERE, value_text(w->where));
    put(row, WEBHOOK_IS_EACH, value_int(w->is_each));
    put(row, WEBHOOK_PARALLEL_OF, value_int(w->parallel));
    put(row, WEBHOOK_IS_TZ, value_int(w->is_of_tz));
    if (w->secret.n) {
        put(row, WEBHOOK_SECRET, value_text(w->secret));
        put(row, WEBHOOK_OLD_SECRET, value_text(w->old_secret));
        put(row, WEBHOOK_OLD_UNTIL, w->old_secret.n ? value_int(INT64_MAX / 2) : value_null());
    }
}

static crm_status put_beginning(crm_ctx *c, store_row *row)
{
    int64_t last;
    crm_status s = changelog_last(c->session, c->reg, &last);
    store_set(row, WEBHOOK_KEY_TEXT, value_text(crypto_token(c->arena, KEY_BYTES)));
    store_set(row, WEBHOOK_STATE, value_text(CRM_S(WEBHOOK_ACTIVE)));
    store_set(row, WEBHOOK_MADE_AT, value_int(clock_now()));
    store_set(row, WEBHOOK_POSITION, value_int(last));
    if (!row->v[WEBHOOK_SECRET].s.n) {
        store_set(row, WEBHOOK_SECRET, value_text(webhook_new_salt(c->arena)));
    }
    return s;
}

static crm_status find_name(crm_ctx *c, crm_str name, store_row *out)
{
    const entity *e = registry_store(c->reg, STORE_WEBHOOK);
    return store_first(c->session, c->arena, c->reg, STORE_WEBHOOK,
                       cond_compare(c->arena, COND_EQ, &e->fields[WEBHOOK_NAME], value_text(name)),
                       out);
}

crm_status webhook_save(crm_ctx *c, const webhook_wish *w, int64_t *id)
{
    store_row row, same;
    crm_status s = find_name(c, w->name, &same);
    if (s == CRM_OK && same.id != *id) {
        return call_fail_field(c, CRM_S("name"), "not_unique", (crm_str){0});
    }
    if (s != CRM_OK && s != CRM_NOT_FOUND) {
        return s;
    }
    s = *id ? load(c, *id, &row) : store_new(c->arena, c->reg, STORE_WEBHOOK, &row);
    if (s != CRM_OK) {
        return s;
    }
    put_wish(&row, w);
    s = *id ? CRM_OK : put_beginning(c, &row);
    if (s != CRM_OK || !(row.set[0] | row.set[1])) {
        return s;
    }
    s = save_and_look(c, &row);
    *id = row.id;
    return s;
}

static crm_status remove_deliveries(crm_ctx *c, int64_t id)
{
    const entity *e = registry_store(c->reg, STORE_DELIVERY);
    query *q = query_new(c->arena, e);
    store_row *rows;
    uint32_t count = DELETE_SLICE;
    crm_status s = q ? CRM_OK : CRM_NOMEM;
    if (q) {
        q->where = cond_compare(c->arena, COND_EQ, &e->fields[DELIVERY_WEBHOOK], value_int(id));
        q->limit = DELETE_SLICE;
        bits_add(q->select, COL_ID);
    }
    while (s == CRM_OK && count == DELETE_SLICE) {
        s = store_list(c->session, c->arena, q, &rows, &count);
        for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
            s = tx_delete(c->tx, e, rows[i].id);
        }
    }
    return s;
}

crm_status webhook_remove(crm_ctx *c, int64_t id)
{
    crm_status s = tx_delete(c->tx, registry_store(c->reg, STORE_WEBHOOK), id);
    s = s == CRM_OK ? remove_deliveries(c, id) : s;
    return s == CRM_OK ? webhook_rows_changed(c) : s;
}

static bool is_named(const webhook_wish *wishes, uint32_t count, crm_str name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (str_eq(wishes[i].name, name)) {
            return true;
        }
    }
    return false;
}

crm_status webhooks_apply(crm_ctx *c, const webhook_wish *wishes, uint32_t count)
{
    const entity *e = registry_store(c->reg, STORE_WEBHOOK);
    query *q = query_new(c->arena, e);
    store_row *rows;
    uint32_t have = 0;
    crm_status s = q ? store_list(c->session, c->arena, q, &rows, &have) : CRM_NOMEM;
    for (uint32_t i = 0; s == CRM_OK && i < have; i++) {
        if (store_int(&rows[i], WEBHOOK_IS_TZ) &&
            !is_named(wishes, count, store_text(&rows[i], WEBHOOK_NAME))) {
            s = webhook_remove(c, rows[i].id);
        }
    }
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        store_row same;
        int64_t id = 0;
        s = find_name(c, wishes[i].name, &same);
        if (s == CRM_OK) {
            id = same.id;
        } else if (s == CRM_NOT_FOUND) {
            s = CRM_OK;
        }
        s = s == CRM_OK ? webhook_save(c, &wishes[i], &id) : s;
    }
    return s;
}

/* ---- stopping and going on ------------------------------------------------------------------- */

typedef struct paused {
    const store_row *row;
    const char *reason;
} paused;

static crm_status tell(crm_ctx *c, int64_t user, const void *arg)
{
    const paused *p = arg;
    buf b;
    crm_str key = arena_fmt(c->arena, "webhook.paused.%s", p->reason);
    crm_str title = store_text(p->row, WEBHOOK_TITLE);
    json_t *params = json_pack("{s:s%}", "title", title.n ? title.p : "", title.n);
    buf_init(&b, 4096);
    registry_text_fill(registry_text(c->reg, c->reg->locale, key), json_dump(c->arena, params), &b);
    crm_status s = notices_send(c, user, CRM_S("webhook"), NULL, buf_view(&b));
    json_decref(params);
    buf_free(&b);
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

static crm_status tell_owner(crm_ctx *c, const store_row *row, const char *reason)
{
    int64_t owner = store_int(row, WEBHOOK_OWNER);
    const person *p = people_user(c->people, owner);
    paused what = {row, reason};
    return p && !p->is_disabled ? tell(c, owner, &what) : notices_to_settings(c, tell, &what);
}

crm_status webhook_stop(crm_ctx *c, store_row *row, const char *reason)
{
    bool is_person = strcmp(reason, "person") == 0;
    store_set(row, WEBHOOK_STATE, value_text(CRM_S(WEBHOOK_PAUSED)));
    store_set(row, WEBHOOK_REASON, value_text(str_of(reason)));
    log_event(is_person ? LOG_INFO : LOG_WARN, "webhook.paused", "name=%s reason=%s",
              log_quote(store_text(row, WEBHOOK_NAME)), reason);
    crm_status s = save_and_look(c, row);
    return s == CRM_OK && !is_person ? tell_owner(c, row, reason) : s;
}

crm_status webhook_pause(crm_ctx *c, int64_t id, const char *reason)
{
    store_row row;
    crm_status s = load(c, id, &row);
    if (s != CRM_OK || str_is(store_text(&row, WEBHOOK_STATE), WEBHOOK_PAUSED)) {
        return s;
    }
    return webhook_stop(c, &row, reason);
}

static query *waiting_of(crm_ctx *c, int64_t id)
{
    const entity *e = registry_store(c->reg, STORE_DELIVERY);
    query *q = query_new(c->arena, e);
    const cond *of = cond_compare(c->arena, COND_EQ, &e->fields[DELIVERY_WEBHOOK], value_int(id));
    const cond *is_new =
        cond_compare(c->arena, COND_EQ, &e->fields[DELIVERY_STATE], value_text(CRM_S(STATE_NEW)));
    if (q) {
        q->where = cond_and(c->arena, of, is_new);
        q->limit = WEBHOOK_REDELIVER_MAX + WEBHOOK_WAITING_MAX;
    }
    return q;
}

/* What waits begins anew, or is given up. */
static crm_status renew_waiting(crm_ctx *c, int64_t id, bool skip)
{
    query *q = waiting_of(c, id);
    store_row *rows;
    uint32_t count = 0;
    crm_status s = q ? store_list(c->session, c->arena, q, &rows, &count) : CRM_NOMEM;
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        store_set(&rows[i], DELIVERY_NEXT_AT, value_null());
        store_set(&rows[i], DELIVERY_FIRST_AT, value_null());
        if (skip) {
            store_set(&rows[i], DELIVERY_STATE, value_text(CRM_S(STATE_DEAD)));
        }
        s = store_save(c->tx, &rows[i]);
    }
    return s;
}

crm_status webhook_resume(crm_ctx *c, int64_t id, bool skip)
{
    store_row row;
    int64_t last;
    crm_status s = load(c, id, &row);
    s = s == CRM_OK ? changelog_last(c->session, c->reg, &last) : s;
    if (s != CRM_OK) {
        return s;
    }
    store_set(&row, WEBHOOK_STATE, value_text(CRM_S(WEBHOOK_ACTIVE)));
    store_set(&row, WEBHOOK_REASON, value_null());
    store_set(&row, WEBHOOK_FAILURES, value_int(0));
    store_set(&row, WEBHOOK_FAILING_SINCE, value_null());
    store_set(&row, WEBHOOK_NEXT_AT, value_null());
    if (skip) {
        store_set(&row, WEBHOOK_POSITION, value_int(last));
    }
    s = renew_waiting(c, id, skip);
    return s == CRM_OK ? save_and_look(c, &row) : s;
}

/* ---- deliveries ------------------------------------------------------------------------------ */

crm_status delivery_add(crm_ctx *c, const delivery_wish *d, int64_t *id)
{
    store_row row;
    char op[2] = {d->op, 0};
    crm_status s = store_new(c->arena, c->reg, STORE_DELIVERY, &row);
    if (s != CRM_OK) {
        return s;
    }
    store_set(&row, DELIVERY_WEBHOOK, value_int(d->webhook));
    store_set(&row, DELIVERY_MESSAGE, value_text(d->message));
    store_set(&row, DELIVERY_POSITION, value_int(d->position));
    store_set(&row, DELIVERY_ENTITY, value_text(d->entity));
    store_set(&row, DELIVERY_RECORD, d->record ? value_int(d->record) : value_null());
    store_set(&row, DELIVERY_OP, value_text(arena_dup(c->arena, str_of(op))));
    store_set(&row, DELIVERY_BATCH, d->batch ? value_int(d->batch) : value_null());
    store_set(&row, DELIVERY_STATE, value_text(CRM_S(STATE_NEW)));
    store_set(&row, DELIVERY_ATTEMPTS, value_int(0));
    store_set(&row, DELIVERY_AT, value_int(clock_now()));
    s = store_save(c->tx, &row);
    *id = row.id;
    return s;
}

crm_status webhook_test(crm_ctx *c, int64_t id, int64_t *delivery)
{
    store_row row;
    crm_status s = load(c, id, &row);
    crm_str random = crypto_token(c->arena, KEY_BYTES);
    if (s != CRM_OK) {
        return s;
    }
    delivery_wish d = {.webhook = id,
                       .entity = store_text(&row, WEBHOOK_ENTITY),
                       .op = OP_TEST,
                       .message =
                           arena_fmt(c->arena, "msg_%.*s_t%.*s",
                                     STR_FMT(store_text(&row, WEBHOOK_KEY_TEXT)), STR_FMT(random))};
    s = delivery_add(c, &d, delivery);
    return s == CRM_OK ? webhook_rows_changed(c) : s;
}

static const cond *chosen(crm_ctx *c, int64_t id, const webhook_again *what)
{
    arena *a = c->arena;
    const field *f = registry_store(c->reg, STORE_DELIVERY)->fields;
    const cond *all = cond_compare(a, COND_EQ, &f[DELIVERY_WEBHOOK], value_int(id));
    all = cond_and(a, all,
                   cond_compare(a, COND_NE, &f[DELIVERY_STATE], value_text(CRM_S(STATE_NEW))));
    if (what->state.n) {
        all =
            cond_and(a, all, cond_compare(a, COND_EQ, &f[DELIVERY_STATE], value_text(what->state)));
    }
    if (what->from) {
        all = cond_and(a, all, cond_compare(a, COND_GTE, &f[DELIVERY_AT], value_int(what->from)));
    }
    if (what->to) {
        all = cond_and(a, all, cond_compare(a, COND_LTE, &f[DELIVERY_AT], value_int(what->to)));
    }
    if (!what->id_count) {
        return all;
    }
    value *ids = ARENA_ARRAY(a, value, what->id_count);
    for (uint32_t i = 0; ids && i < what->id_count; i++) {
        ids[i] = value_int(what->ids[i]);
    }
    return cond_and(a, all, ids ? cond_in(a, &f[COL_ID], ids, what->id_count) : NULL);
}

crm_status webhook_redeliver(crm_ctx *c, int64_t id, const webhook_again *what, uint32_t *count)
{
    store_row owner, *rows;
    query *q = query_new(c->arena, registry_store(c->reg, STORE_DELIVERY));
    crm_status s = q ? load(c, id, &owner) : CRM_NOMEM;
    if (s != CRM_OK) {
        return s;
    }
    q->where = chosen(c, id, what);
    q->limit = WEBHOOK_REDELIVER_MAX;
    s = store_list(c->session, c->arena, q, &rows, count);
    for (uint32_t i = 0; s == CRM_OK && i < *count; i++) {
        store_set(&rows[i], DELIVERY_STATE, value_text(CRM_S(STATE_NEW)));
        store_set(&rows[i], DELIVERY_ATTEMPTS, value_int(0));
        store_set(&rows[i], DELIVERY_NEXT_AT, value_null());
        store_set(&rows[i], DELIVERY_FIRST_AT, value_null());
        s = store_save(c->tx, &rows[i]);
    }
    return s == CRM_OK ? webhook_rows_changed(c) : s;
}

/* ---- secrets --------------------------------------------------------------------------------- */

static bool is_made_here(const store_row *row)
{
    return memmem(store_text(row, WEBHOOK_SECRET).p, store_text(row, WEBHOOK_SECRET).n, "\"salt\"",
                  6) != NULL;
}

crm_status webhook_rotate(crm_ctx *c, int64_t id, int64_t *old_until)
{
    store_row row;
    crm_status s = load(c, id, &row);
    if (s != CRM_OK) {
        return s;
    }
    if (!is_made_here(&row)) {
        return call_fail(c, CRM_CONFLICT, "webhook_of_tz");
    }
    *old_until = clock_now() + WEBHOOK_ROTATION_MS;
    store_set(&row, WEBHOOK_OLD_SECRET, row.v[WEBHOOK_SECRET]);
    store_set(&row, WEBHOOK_OLD_UNTIL, value_int(*old_until));
    store_set(&row, WEBHOOK_SECRET, value_text(webhook_new_salt(c->arena)));
    return save_and_look(c, &row);
}

crm_status webhook_secret(crm_ctx *c, int64_t id, crm_str *out)
{
    store_row row;
    crm_str key;
    const entity *e = registry_store(c->reg, STORE_WEBHOOK);
    crm_status s =
        store_first(c->session, c->arena, c->reg, STORE_WEBHOOK,
                    cond_compare(c->arena, COND_EQ, &e->fields[COL_ID], value_int(id)), &row);
    if (s != CRM_OK || !is_made_here(&row)) {
        return s == CRM_OK ? CRM_NOT_FOUND : s;
    }
    s = webhook_key(c->arena, store_text(&row, WEBHOOK_SECRET), &key);
    if (s == CRM_OK) {
        *out = webhook_key_text(c->arena, key);
    }
    return s;
}
