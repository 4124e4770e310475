/*
 * session_api.c - /api/v1/session: login, who am I, logout, setting a password.
 *
 * A login takes three threads in turn: a pool reads the stored hash, a crypto thread checks the
 * password against it (or against one that matches nothing, at the same cost), the writer makes the
 * session. Wrong login and wrong password are one answer.
 *
 * An attempt counts as failed from before its password is hashed until it has proved right, so
 * that many at once are held back like one after the other.
 */
#include "flow/first_login.h"
#include "net/api_private.h"

#define HASHING_MAX 32 /* passwords in work; each holds the crypto threads for long */

#define COOKIE_SET   "__Host-karkas=%.*s; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=2592000"
#define COOKIE_CLEAR "__Host-karkas=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"

typedef struct login {
    crm_str name, password, phc, token;
    int64_t user;
    bool is_one_time, is_right;
} login;

static login *of(api_call *k)
{
    return k->own;
}

static login *login_new(api_call *k)
{
    return k->own = ARENA_NEW(k->http->arena, login);
}

static void write_session(api_call *k, const person *p)
{
    jw_init(&k->w, http_body(k->http));
    jw_object(&k->w);
    jw_kobject(&k->w, "user");
    jw_kint(&k->w, "id", p->id);
    jw_kstr(&k->w, "name", p->name);
    jw_kstr(&k->w, "login", p->login);
    jw_end_object(&k->w);
    jw_kstr(&k->w, "csrf", str_of(k->session.csrf));
    jw_key(&k->w, CRM_S("must"));
    if (k->session.must_set_password) {
        jw_str(&k->w, CRM_S("password"));
    } else {
        jw_null(&k->w);
    }
    jw_end_object(&k->w);
}

static void who_am_i(api_call *k)
{
    const person *p = people_user(k->c.people, k->session.user);
    write_session(k, p);
    api_reply(k, 200);
}

/* ---- hashing, one of few at a time ----------------------------------------------------------- */

/* False: refused with 429. */
static bool begin_attempt(api_call *k, bool counts)
{
    crm_str name = of(k)->name, peer = k->http->peer;
    int wait = counts ? accounts_throttle_s(name, peer) : 0;
    if (!wait && k->api->hashing >= HASHING_MAX) {
        wait = 1;
    }
    if (wait) {
        k->c.error.retry_after_s = wait;
        api_reply_code(k, CRM_LIMIT, "limit");
        return false;
    }
    if (counts) {
        accounts_failed(name, peer);
    }
    k->api->hashing++;
    return true;
}

/* A step of an attempt; the attempt is over when its pool is full. */
static void attempt_on(api_call *k, flow_pool which, void (*run)(api_call *),
                       void (*done)(api_call *))
{
    api *a = k->api;
    if (!api_pool(k, which, run, done)) {
        a->hashing--;
    }
}

/* ---- login ----------------------------------------------------------------------------------- */

static void wrong(api_call *k)
{
    log_event(LOG_WARN, "login.failed", "address=%s", log_quote(k->http->peer));
    api_reply_code(k, CRM_UNAUTHENTICATED, "login_failed");
}

static void made(void *arg, crm_status status)
{
    api_call *k = arg;
    login *l = of(k);
    const person *p = people_user(k->c.people, l->user);
    if (status != CRM_OK || !p) {
        api_reply_error(k, status == CRM_OK ? CRM_UNAUTHENTICATED : status);
        return;
    }
    accounts_succeeded(l->name, k->http->peer);
    http_set(k->http, "Set-Cookie", arena_fmt(k->http->arena, COOKIE_SET, STR_FMT(l->token)));
    write_session(k, p);
    api_reply(k, 200);
}

static void session_written(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    accounts_session_read(k->api->session, k->c.reg, k->c.arena, of(k)->token,
                          (session_reader){&k->session, made, k});
}

static crm_status commit_session(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    login *l = of(k);
    crm_str token;
    crm_status s = accounts_session_new(c, l->user, l->is_one_time, k->http->peer,
                                        http_header(k->http, "user-agent"), &token);
    if (s == CRM_OK) {
        l->token = arena_dup(k->http->arena, token);
    }
    return s;
}

static void checked(api_call *k)
{
    login *l = of(k);
    k->api->hashing--;
    if (!l->is_right || !l->user) {
        wrong(k);
        return;
    }
    k->c.who = &principal_system;
    k->is_vital = true;
    api_write(k, commit_session, session_written);
}

static void check(api_call *k)
{
    login *l = of(k);
    l->is_right = crypto_password_check(l->phc, l->password) == CRM_OK;
}

/* Of a login and of a change of passwords. */
static void hash_failed(api_call *k)
{
    k->api->hashing--;
    api_reply_error(k, k->status);
}

static void hash_read(api_call *k)
{
    if (k->status != CRM_OK) {
        hash_failed(k);
    } else {
        attempt_on(k, POOL_CRYPTO, check, checked);
    }
}

static void read_hash(api_call *k)
{
    login *l = of(k);
    account_secret found;
    k->status = accounts_hash(k->c.session, k->c.reg, k->c.arena, l->name, &found);
    if (k->status == CRM_OK) {
        l->phc = found.phc;
        l->user = found.user;
        l->is_one_time = found.is_one_time;
    }
}

static void sign_in(api_call *k)
{
    login *l = login_new(k);
    if (!session_check_csrf(k, false)) {
        return;
    }
    crm_status s = l ? api_read_json(k) : CRM_NOMEM;
    if (s != CRM_OK) {
        api_reply_error(k, s);
        return;
    }
    l->name = json_text(k->request.json, "login");
    l->password = json_text(k->request.json, "password");
    if (!l->name.n || !l->password.n || l->name.n > 200 || l->password.n > PASSWORD_MAX * 4) {
        api_reply_code(k, CRM_UNAUTHENTICATED, "login_failed");
        return;
    }
    if (begin_attempt(k, true)) {
        attempt_on(k, POOL_FAST, read_hash, hash_read);
    }
}

/* ---- logout ---------------------------------------------------------------------------------- */

static crm_status commit_end(crm_ctx *c, void *arg)
{
    return accounts_session_end(c, ((api_call *)arg)->session.id);
}

static void ended(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    streams_end_session(k->api->streams, k->session.id, "session_ended");
    http_set(k->http, "Set-Cookie", CRM_S(COOKIE_CLEAR));
    http_set(k->http, "Clear-Site-Data", CRM_S("\"cache\", \"storage\""));
    api_reply_empty(k, 204);
}

static void sign_out(api_call *k)
{
    k->is_vital = true;
    api_write(k, commit_end, ended);
}

/* ---- a new password -------------------------------------------------------------------------- */

static void password_set(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
    } else {
        if (k->session.must_set_password) {
            first_login_used(k->api->o.flow);
        }
        api_reply_empty(k, 204);
    }
}

static crm_status commit_password(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    c->who = &principal_system;
    crm_status s = accounts_set_hash(c, k->session.user, of(k)->phc, false);
    if (s == CRM_OK) {
        s = accounts_sessions_end_all(c, k->session.user, k->session.id);
    }
    return s == CRM_OK ? accounts_session_password_set(c, k->session.id) : s;
}

static void hashed(api_call *k)
{
    login *l = of(k);
    k->api->hashing--;
    if (l->is_right && !k->session.must_set_password) {
        accounts_succeeded(l->name, k->http->peer);
    }
    if (k->status == CRM_OK && l->is_right) {
        api_write(k, commit_password, password_set);
        return;
    }
    if (k->status == CRM_OK) {
        k->status = call_fail_field(&k->c, CRM_S("old"), "wrong_password", (crm_str){0});
    }
    api_reply_error(k, k->status);
}

static void hash_new(api_call *k)
{
    login *l = of(k);
    crm_str old = json_text(k->request.json, "old");
    l->is_right = k->session.must_set_password || crypto_password_check(l->phc, old) == CRM_OK;
    k->status = l->is_right ? crypto_password_hash(k->c.arena, l->password, &l->phc) : CRM_OK;
}

static void old_read(api_call *k)
{
    if (k->status != CRM_OK) {
        hash_failed(k);
    } else {
        attempt_on(k, POOL_CRYPTO, hash_new, hashed);
    }
}

static void set_password(api_call *k)
{
    login *l = login_new(k);
    const person *p = people_user(k->c.people, k->session.user);
    crm_status s = l && p ? api_read_json(k) : CRM_NOMEM;
    if (s == CRM_OK) {
        l->name = p->login;
        l->password = json_text(k->request.json, "new");
        s = accounts_check_new(&k->c, l->name, l->password);
    }
    if (s != CRM_OK) {
        api_reply_error(k, s);
    } else if (begin_attempt(k, !k->session.must_set_password)) {
        attempt_on(k, POOL_FAST, read_hash, old_read);
    }
}

void session_route(api_call *k)
{
    http_verb v = k->http->verb;
    bool is_root = k->rest.n == 0;
    if (is_root && v == VERB_POST) {
        sign_in(k);
    } else if (is_root && v == VERB_GET) {
        session_require(k, who_am_i);
    } else if (is_root && v == VERB_DELETE) {
        session_require(k, sign_out);
    } else if (str_is(k->rest, "password") && v == VERB_POST) {
        session_require(k, set_password);
    } else if (is_root) {
        api_reply_method(k, "GET, POST, DELETE");
    } else {
        api_reply_error(k, CRM_NOT_FOUND);
    }
}
