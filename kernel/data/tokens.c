/* tokens.c - see tokens.h. */
#include "data/tokens.h"

#include "data/access.h"
#include "data/people.h"
#include "data/stores.h"
#include "data/tx_private.h"

#define SECRET_BYTES 32
#define HOUR_MS      (3600LL * 1000)

/* ---- the text -------------------------------------------------------------------------------- */

bool token_is(crm_str text)
{
    return str_starts(text, CRM_S(TOKEN_PREFIX));
}

/* The key and the secret of a well formed one. */
static bool split(crm_str text, crm_str *key, crm_str *secret)
{
    size_t head = sizeof TOKEN_PREFIX - 1 + TOKEN_KEY_SIZE;
    if (!token_is(text) || text.n <= head + 1 || text.p[head] != '_') {
        return false;
    }
    *key = (crm_str){text.p + sizeof TOKEN_PREFIX - 1, TOKEN_KEY_SIZE};
    *secret = (crm_str){text.p + head + 1, text.n - head - 1};
    for (size_t i = 0; i < key->n; i++) {
        char ch = key->p[i];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9'))) {
            return false;
        }
    }
    return true;
}

crm_str token_key(crm_str text)
{
    crm_str key = {0}, secret;
    return split(text, &key, &secret) ? key : (crm_str){0};
}

/* Letters and digits that nobody takes for one another. */
static crm_str new_key(arena *a)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    uint8_t random[TOKEN_KEY_SIZE];
    char *key = arena_alloc(a, TOKEN_KEY_SIZE);
    crypto_random(random, sizeof random);
    for (int i = 0; key && i < TOKEN_KEY_SIZE; i++) {
        key[i] = letters[random[i] % 32];
    }
    return (crm_str){key, key ? TOKEN_KEY_SIZE : 0};
}

static crm_str hash_of(arena *a, crm_str secret)
{
    uint8_t hash[SHA256_SIZE];
    crypto_sha256(secret, hash);
    return crypto_hex(a, hash, sizeof hash);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool count_row(void *arg, const value *row, uint32_t matched)
{
    (void)row;
    (void)matched;
    return ++*(uint32_t *)arg < TOKENS_OF_USER;
}

static crm_status check_room(crm_ctx *c, const entity *e, int64_t user)
{
    uint32_t count = 0;
    query q = {.entity = e,
               .where = cond_compare(c->arena, COND_EQ, &e->fields[TOKEN_USER], value_int(user)),
               .limit = TOKENS_OF_USER};
    crm_status st = q.where ? tx_list(c->tx, &q, count_row, &count) : CRM_NOMEM;
    return st ? st : count < TOKENS_OF_USER ? CRM_OK : call_fail(c, CRM_LIMIT, "limit");
}

crm_status token_make(crm_ctx *c, const token_wish *w, int64_t *id, crm_str *token)
{
    const entity *e = registry_store(c->reg, STORE_TOKEN);
    value row[TOKEN_COLUMNS] = {0};
    crm_status st = check_room(c, e, w->user);
    if (st) {
        return st;
    }
    crm_str key = new_key(c->arena), secret = crypto_token(c->arena, SECRET_BYTES);
    crm_str hash = hash_of(c->arena, secret);
    *token = arena_fmt(c->arena, TOKEN_PREFIX "%.*s_%.*s", STR_FMT(key), STR_FMT(secret));
    if (!key.n || !secret.n || !hash.n || !token->n) {
        return CRM_NOMEM;
    }
    row[TOKEN_KEY] = value_text(key);
    row[TOKEN_HASH] = value_text(hash);
    row[TOKEN_USER] = value_int(w->user);
    row[TOKEN_NAME] = value_text(w->name);
    row[TOKEN_SCOPE] = value_text(w->scope);
    row[TOKEN_MADE_AT] = value_int(clock_now());
    row[TOKEN_EXPIRES_AT] = w->expires_at ? value_int(w->expires_at) : value_null();
    return tx_insert(c->tx, e, row, id);
}

crm_status token_revoke(crm_ctx *c, int64_t id, int64_t owner)
{
    const entity *e = registry_store(c->reg, STORE_TOKEN);
    value *row;
    crm_status st = tx_get(c->tx, e, id, c->arena, &row);
    if (!st && owner && row[TOKEN_USER].i != owner) {
        st = CRM_NOT_FOUND;
    }
    st = st ? st : tx_delete(c->tx, e, id);
    return st ? st : tx_touch(c->tx, CACHE_SESSIONS);
}

crm_status token_touch(crm_ctx *c, int64_t id)
{
    const entity *e = registry_store(c->reg, STORE_TOKEN);
    value *row;
    int64_t hour = clock_now() / HOUR_MS * HOUR_MS;
    crm_status st = tx_get(c->tx, e, id, c->arena, &row);
    if (st || row[TOKEN_USED_AT].i == hour) {
        return st;
    }
    uint64_t set[4] = {0};
    bits_add(set, TOKEN_USED_AT);
    row[TOKEN_USED_AT] = value_int(hour);
    return tx_update(c->tx, e, id, row, set);
}

/* ---- finding --------------------------------------------------------------------------------- */

typedef struct finding {
    crm_str hash; /* of what was given */
    value key;
    cond where;
    query query;
    engine_op op;
    engine_batch batch;
    session_info *out;
    crm_status status; /* of the row */
    void (*done)(void *arg, crm_status st);
    void *arg;
} finding;

static bool on_found(void *arg, const value *row, uint32_t matched)
{
    finding *f = arg;
    crm_str hash = row[TOKEN_HASH].s;
    value expires = row[TOKEN_EXPIRES_AT];
    (void)matched;
    if (hash.n != f->hash.n || !crypto_equal(hash.p, f->hash.p, hash.n)) {
        return false;
    }
    *f->out = (session_info){.id = -row[COL_ID].i,
                             .user = row[TOKEN_USER].i,
                             .expires_at = value_is_null(expires) ? INT64_MAX : expires.i};
    f->status = access_intern(row[TOKEN_SCOPE].s, &f->out->scope);
    if (f->status) {
        log_event(LOG_ERROR, "token.scope", "token=%lld status=%s", (long long)row[COL_ID].i,
                  status_code(f->status));
    }
    return false;
}

static crm_status judge(const finding *f, crm_status st)
{
    st = st ? st : f->status;
    if (st) {
        return st;
    }
    const people *p = people_pin();
    const person *u = people_user(p, f->out->user);
    bool is_good = u && !u->is_disabled && f->out->expires_at > clock_now();
    people_unpin(p);
    return is_good ? CRM_OK : CRM_NOT_FOUND;
}

static void read_done(engine_batch *b)
{
    finding *f = b->arg;
    f->done(f->arg, judge(f, b->status));
}

void token_read(engine_session *s, const registry *r, arena *a, crm_str text, session_reader to)
{
    const entity *e = registry_store(r, STORE_TOKEN);
    finding *f = ARENA_NEW(a, finding);
    crm_str key, secret;
    *to.out = (session_info){0};
    if (!f || !split(text, &key, &secret)) {
        to.done(to.arg, f ? CRM_NOT_FOUND : CRM_NOMEM);
        return;
    }
    *f = (finding){.hash = hash_of(a, secret),
                   .key = value_text(key),
                   .out = to.out,
                   .status = CRM_NOT_FOUND,
                   .done = to.done,
                   .arg = to.arg};
    f->where = (cond){.op = COND_EQ,
                      .path = {&e->fields[TOKEN_KEY]},
                      .path_length = 1,
                      .values = &f->key,
                      .value_count = 1};
    f->query = (query){.entity = e, .where = &f->where, .limit = 1};
    f->op = (engine_op){
        .kind = ENGINE_LIST, .entity = e, .query = &f->query, .on_row = on_found, .arg = f};
    f->batch = (engine_batch){.ops = &f->op, .count = 1, .arg = f, .done = read_done};
    engine_read(s, &f->batch);
}
