/* accounts_session.c - sessions: made, found by their token's hash, ended. */
#include "data/accounts_private.h"
#include "data/people.h"
#include "data/stores.h"
#include "data/tokens.h"
#include "data/tx_private.h"

#define TOKEN_BYTES    32
#define TOUCH_EVERY_MS 60000
#define AGENT_MAX      300
#define PER_USER_MAX   1000u

static crm_str token_hash(crm_str token, char out[2 * SHA256_SIZE + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[SHA256_SIZE];
    crypto_sha256(token, hash);
    for (int i = 0; i < SHA256_SIZE; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[2 * SHA256_SIZE] = 0;
    return (crm_str){out, 2 * SHA256_SIZE};
}

/* What a browser says of itself is kept as far as it is text. */
static value outside_text(crm_str s)
{
    size_t n = s.n < AGENT_MAX ? s.n : AGENT_MAX;
    while (n && !text_is_utf8((crm_str){s.p, n})) {
        n--;
    }
    return value_text((crm_str){s.p, n});
}

/* ---- writing --------------------------------------------------------------------------------- */

crm_status accounts_session_new(crm_ctx *c, int64_t user, bool must_set_password, crm_str address,
                                crm_str agent, crm_str *token)
{
    char hash[2 * SHA256_SIZE + 1];
    value row[SESSION_COLUMNS] = {0};
    int64_t id, now = clock_now();
    crm_str csrf = crypto_token(c->arena, TOKEN_BYTES);
    *token = crypto_token(c->arena, TOKEN_BYTES);
    if (!csrf.n || !token->n) {
        return CRM_NOMEM;
    }
    row[SESSION_HASH] = value_text(token_hash(*token, hash));
    row[SESSION_USER] = value_int(user);
    row[SESSION_STARTED_AT] = row[SESSION_SEEN_AT] = value_int(now);
    row[SESSION_MUST_SET_PASSWORD] = value_int(must_set_password);
    row[SESSION_CSRF] = value_text(csrf);
    row[SESSION_ADDRESS] = outside_text(address);
    row[SESSION_AGENT] = outside_text(agent);
    return tx_insert(c->tx, registry_store(c->reg, STORE_SESSION), row, &id);
}

crm_status accounts_session_end(crm_ctx *c, int64_t session)
{
    crm_status st = tx_delete(c->tx, registry_store(c->reg, STORE_SESSION), session);
    if (st && st != CRM_NOT_FOUND) {
        return st;
    }
    return tx_touch(c->tx, CACHE_SESSIONS);
}

typedef struct session_ids {
    int64_t at[PER_USER_MAX];
    uint32_t count;
} session_ids;

static bool on_session(void *arg, const value *row, uint32_t matched)
{
    session_ids *ids = arg;
    (void)matched;
    ids->at[ids->count++] = row[COL_ID].i;
    return ids->count < PER_USER_MAX;
}

static crm_status sessions_of(crm_ctx *c, int64_t user, session_ids **out)
{
    const entity *e = registry_store(c->reg, STORE_SESSION);
    value v = value_int(user);
    cond where = {.op = COND_EQ,
                  .path = {&e->fields[SESSION_USER]},
                  .path_length = 1,
                  .values = &v,
                  .value_count = 1};
    query q = {.entity = e, .where = &where, .limit = PER_USER_MAX};
    *out = ARENA_NEW(c->arena, session_ids);
    return *out ? tx_list(c->tx, &q, on_session, *out) : CRM_NOMEM;
}

crm_status accounts_sessions_end_all(crm_ctx *c, int64_t user, int64_t but)
{
    session_ids *ids;
    crm_status st = sessions_of(c, user, &ids);
    for (uint32_t i = 0; !st && i < ids->count; i++) {
        if (ids->at[i] != but) {
            st = accounts_session_end(c, ids->at[i]);
        }
    }
    return st;
}

crm_status accounts_session_password_set(crm_ctx *c, int64_t session)
{
    uint64_t set[4] = {0};
    value row[SESSION_COLUMNS] = {0};
    bits_add(set, SESSION_MUST_SET_PASSWORD);
    row[SESSION_MUST_SET_PASSWORD] = value_int(0);
    crm_status st = tx_update(c->tx, registry_store(c->reg, STORE_SESSION), session, row, set);
    return st ? st : tx_touch(c->tx, CACHE_SESSIONS);
}

crm_status accounts_session_touch(crm_ctx *c, int64_t session)
{
    const entity *e = registry_store(c->reg, STORE_SESSION);
    value *row;
    int64_t now = clock_now();
    if (session < 0) {
        return token_touch(c, -session);
    }
    crm_status st = tx_get(c->tx, e, session, c->arena, &row);
    if (st || now - row[SESSION_SEEN_AT].i < TOUCH_EVERY_MS) {
        return st;
    }
    uint64_t set[4] = {0};
    bits_add(set, SESSION_SEEN_AT);
    row[SESSION_SEEN_AT] = value_int(now);
    return tx_update(c->tx, e, session, row, set);
}

/* ---- finding --------------------------------------------------------------------------------- */

typedef struct finding {
    char hash[2 * SHA256_SIZE + 1];
    value key;
    cond where;
    query query;
    engine_op op;
    engine_batch batch;
    session_info *out;
    bool is_found;
    void (*done)(void *arg, crm_status st);
    void *arg;
} finding;

static bool on_found(void *arg, const value *row, uint32_t matched)
{
    finding *f = arg;
    session_info *s = f->out;
    int64_t idle = row[SESSION_SEEN_AT].i + SESSION_IDLE_MS;
    int64_t life = row[SESSION_STARTED_AT].i + SESSION_LIFE_MS;
    crm_str csrf = row[SESSION_CSRF].s;
    (void)matched;
    *s = (session_info){.id = row[COL_ID].i,
                        .user = row[SESSION_USER].i,
                        .expires_at = idle < life ? idle : life,
                        .must_set_password = row[SESSION_MUST_SET_PASSWORD].i != 0};
    memcpy(s->csrf, csrf.p, csrf.n < sizeof s->csrf ? csrf.n : sizeof s->csrf - 1);
    f->is_found = true;
    return false;
}

static void prepare(finding *f, const registry *r, crm_str token, session_info *out)
{
    const entity *e = registry_store(r, STORE_SESSION);
    *out = (session_info){0};
    f->out = out;
    f->key = value_text(token_hash(token, f->hash));
    f->where = (cond){.op = COND_EQ,
                      .path = {&e->fields[SESSION_HASH]},
                      .path_length = 1,
                      .values = &f->key,
                      .value_count = 1};
    f->query = (query){.entity = e, .where = &f->where, .limit = 1};
    f->op = (engine_op){
        .kind = ENGINE_LIST, .entity = e, .query = &f->query, .on_row = on_found, .arg = f};
    f->batch = (engine_batch){.ops = &f->op, .count = 1, .arg = f};
}

static crm_status judge(const finding *f, crm_status st)
{
    if (st) {
        return st;
    }
    if (!f->is_found || f->out->expires_at <= clock_now()) {
        return CRM_NOT_FOUND;
    }
    const people *p = people_pin();
    const person *u = people_user(p, f->out->user);
    bool is_welcome = u && !u->is_disabled && !u->is_service;
    people_unpin(p);
    return is_welcome ? CRM_OK : CRM_NOT_FOUND;
}

static void read_done(engine_batch *b)
{
    finding *f = b->arg;
    f->done(f->arg, judge(f, b->status));
}

void accounts_session_read(engine_session *s, const registry *r, arena *a, crm_str token,
                           session_reader to)
{
    if (token_is(token)) {
        token_read(s, r, a, token, to);
        return;
    }
    finding *f = token.n ? ARENA_NEW(a, finding) : NULL;
    if (!f) {
        to.done(to.arg, token.n ? CRM_NOMEM : CRM_NOT_FOUND);
        return;
    }
    prepare(f, r, token, to.out);
    f->done = to.done;
    f->arg = to.arg;
    f->batch.done = read_done;
    engine_read(s, &f->batch);
}

crm_status accounts_session_find(engine_session *s, const registry *r, crm_str token,
                                 session_info *out)
{
    finding f = {0};
    if (!token.n) {
        return CRM_NOT_FOUND;
    }
    prepare(&f, r, token, out);
    return judge(&f, engine_read_now(s, &f.batch));
}
