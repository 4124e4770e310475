/*
 * once.c - Idempotency-Key: a write that its client repeats is done once. What came of it is stored
 * in the write's own transaction, so it stands exactly when the write does. The key is taken on the
 * loop, the rest runs on the writer or a pool.
 */
#include "data/stores.h"
#include "flow/store.h"
#include "net/api_private.h"

#define KEY_MAX 200

struct once_write {
    crm_str given;     /* the key as the client sent it */
    crm_str key, hash; /* as they are stored */
    bool is_replay;
};

/* ---- the key, and which request it stands for ------------------------------------------------ */

/* NULL: it has none. An empty one is there all the same. */
static const http_field *key_field(const http_request *r)
{
    for (uint32_t i = 0; i < r->header_count; i++) {
        if (str_is(r->headers[i].name, "idempotency-key")) {
            return &r->headers[i];
        }
    }
    return NULL;
}

/* Of printable ASCII, as any value of a header that everybody on the way leaves alone. */
static bool is_key(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < ' ' || s.p[i] > '~') {
            return false;
        }
    }
    return s.n > 0 && s.n <= KEY_MAX;
}

static crm_str hash_of(arena *a, crm_str text)
{
    uint8_t digest[SHA256_SIZE];
    crypto_sha256(text, digest);
    return crypto_hex(a, digest, sizeof digest);
}

/* No part but the last can hold a NUL, so no two requests have one text. */
static crm_str hash_of_request(const api_call *k)
{
    buf b;
    const crm_str parts[] = {k->request.method, k->http->path, k->http->query};
    buf_init(&b, 0);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        buf_str(&b, parts[i]);
        buf_char(&b, '\0');
    }
    buf_str(&b, k->http->body);
    crm_str hash = b.failed ? (crm_str){0} : hash_of(k->c.arena, buf_view(&b));
    buf_free(&b);
    return hash;
}

/* The store compares texts without regard to case, keys are what they are: hence its hash. */
static crm_str stored_key(const api_call *k, crm_str given)
{
    crm_str hash = hash_of(k->c.arena, given);
    return arena_fmt(k->c.arena, "%lld:%.*s", (long long)k->who.user, STR_FMT(hash));
}

bool once_take_key(api_call *k)
{
    const http_field *f = key_field(k->http);
    if (!f) {
        return true;
    }
    if (!is_key(f->value)) {
        api_reply_code(k, CRM_INVALID, "idempotency_key");
        return false;
    }
    once_write *o = ARENA_NEW(k->c.arena, once_write);
    if (o) {
        *o = (once_write){
            .given = f->value, .key = stored_key(k, f->value), .hash = hash_of_request(k)};
    }
    if (!o || !o->key.p || !o->hash.p) {
        api_reply_error(k, CRM_NOMEM);
        return false;
    }
    k->once = o;
    return true;
}

crm_str once_key(const api_call *k)
{
    return k->once ? k->once->given : (crm_str){0};
}

/* ---- what came of it ------------------------------------------------------------------------- */

/* NOT_FOUND: nothing was done under the key. INVALID: another request was. */
static crm_status find_outcome(crm_ctx *c, const once_write *o, int64_t *id)
{
    store_row row;
    const entity *e = registry_store(c->reg, STORE_IDEM);
    const cond *where = cond_compare(c->arena, COND_EQ, &e->fields[IDEM_KEY], value_text(o->key));
    crm_status s =
        where ? store_first(c->session, c->arena, c->reg, STORE_IDEM, where, &row) : CRM_NOMEM;
    if (s == CRM_OK && !str_eq(store_text(&row, IDEM_HASH), o->hash)) {
        return CRM_INVALID;
    }
    return s ? s : str_to_i64(store_text(&row, IDEM_LOCATION), id);
}

static crm_status store_outcome(crm_ctx *c, const once_write *o, int64_t id)
{
    store_row row;
    crm_status s = store_new(c->arena, c->reg, STORE_IDEM, &row);
    if (s != CRM_OK) {
        return s;
    }
    store_set(&row, IDEM_KEY, value_text(o->key));
    store_set(&row, IDEM_HASH, value_text(o->hash));
    store_set(&row, IDEM_LOCATION, value_text(arena_fmt(c->arena, "%lld", (long long)id)));
    store_set(&row, IDEM_AT, value_int(clock_now()));
    return store_save(c->tx, &row);
}

crm_status once_commit(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    once_write *o = k->once;
    int64_t id;
    crm_status s = find_outcome(c, o, &id);
    o->is_replay = s == CRM_OK;
    if (o->is_replay) {
        k->id = id;
        return CRM_OK;
    }
    if (s != CRM_NOT_FOUND) {
        return s == CRM_INVALID ? call_fail(c, s, "idempotency_mismatch") : s;
    }
    s = k->commit(c, k);
    return s ? s : store_outcome(c, o, k->id);
}

bool once_is_done(api_call *k)
{
    int64_t id;
    return k->once && find_outcome(&k->c, k->once, &id) == CRM_OK;
}

void once_tell(api_call *k)
{
    if (k->once->is_replay) {
        http_set(k->http, "Idempotency-Replayed", CRM_S("true"));
    }
}
