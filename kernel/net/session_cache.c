/*
 * session_cache.c - who asks: a program's bearer token or the cookie's, looked up once per epoch,
 * and the CSRF checks. A request with a bearer token is the program's: its cookies are not looked
 * at, and since no browser adds that header by itself it needs no CSRF token.
 *
 * An entry is stamped with the epochs read before its row was; any logout, password change or
 * change of people moves an epoch, so the next request looks again. Bounded: a full set of a bucket
 * replaces its oldest entry.
 */
#include "data/access.h"
#include "data/tokens.h"
#include "net/api_private.h"

#define SETS      1024
#define WAYS      4
#define TOKEN_MAX 64 /* none of ours is longer; no other is ever kept */
#define TOUCH_MS  60000

typedef struct entry {
    char token[TOKEN_MAX];
    size_t token_n;
    uint64_t sessions, people;
    int64_t used, touched;
    session_info info;
} entry;

struct session_cache {
    entry at[SETS][WAYS];
};

session_cache *session_cache_new(void)
{
    return calloc(1, sizeof(session_cache));
}

void session_cache_free(session_cache *s)
{
    free(s);
}

/* Tokens are random: any of their letters tell them apart. */
static entry *set_of(session_cache *s, crm_str token)
{
    uint64_t head = 0;
    memcpy(&head, token.p, token.n < sizeof head ? token.n : sizeof head);
    return s->at[(head * 0x9E3779B97F4A7C15ull >> 32) % SETS];
}

static entry *find(session_cache *s, crm_str token)
{
    entry *set = set_of(s, token);
    for (int i = 0; i < WAYS; i++) {
        if (set[i].info.id && set[i].token_n == token.n &&
            crypto_equal(set[i].token, token.p, token.n)) {
            return &set[i];
        }
    }
    return NULL;
}

static bool is_fresh(const entry *e, int64_t now)
{
    return e->sessions == cache_epoch(CACHE_SESSIONS) && e->people == cache_epoch(CACHE_PEOPLE) &&
           e->info.expires_at > now && now - e->used < SESSION_IDLE_MS;
}

static entry *oldest(session_cache *s, crm_str token)
{
    entry *set = set_of(s, token), *best = find(s, token);
    for (int i = 0; !best && i < WAYS; i++) {
        if (!set[i].info.id) {
            best = &set[i];
        }
    }
    for (int i = 0; !best && i < WAYS; i++) {
        best = &set[0];
        for (int j = 1; j < WAYS; j++) {
            if (set[j].used < best->used) {
                best = &set[j];
            }
        }
    }
    return best;
}

/* ---- touching: the stored "last seen", at most once a minute --------------------------------- */

typedef struct touch {
    crm_ctx c;
    write_request w;
    int64_t session;
} touch;

static crm_status commit_touch(crm_ctx *c, void *arg)
{
    return accounts_session_touch(c, ((touch *)arg)->session);
}

static void touched(write_request *w, crm_status status)
{
    touch *t = w->arg;
    (void)status; /* the next minute tries again */
    call_end(&t->c);
    free(t);
}

static void touch_session(api *a, entry *e)
{
    if (e->used - e->touched < TOUCH_MS) {
        return;
    }
    e->touched = e->used;
    touch *t = calloc(1, sizeof *t);
    if (!t || call_begin(&t->c, &principal_system, CRM_S("session")) != CRM_OK) {
        free(t);
        return;
    }
    t->session = e->info.id;
    t->w = (write_request){
        .call = &t->c, .commit = commit_touch, .done = touched, .arg = t, .reply_to = a->mail};
    call_save_point(&t->c);
    if (writer_submit(a->o.flow, LANE_BULK, &t->w) != CRM_OK) {
        call_end(&t->c);
        free(t);
    }
}

/* ---- requiring a session --------------------------------------------------------------------- */

static bool is_program(const api_call *k)
{
    return k->session.id < 0;
}

static bool is_safe(const api_call *k)
{
    return k->http->verb == VERB_GET || k->http->verb == VERB_HEAD;
}

bool session_is_question(const registry *reg, crm_str path)
{
    static const crm_str under = {"/api/v1/", 8};
    crm_str name;
    if (!str_starts(path, under)) {
        return false;
    }
    crm_str rest = {path.p + under.n, path.n - under.n};
    if (str_is(rest, "address")) {
        return true;
    }
    if (!str_split(&rest, '/', &name) || !registry_entity(reg, name)) {
        return false;
    }
    return str_is(rest, "aggregate") || str_is(rest, "duplicates") || str_is(rest, "merge/preview");
}

/* What is refused whoever it is; NULL: nothing. */
static const char *refusal(const api_call *k)
{
    crm_str path = k->http->path;
    bool is_session = str_starts(path, CRM_S("/api/v1/session"));
    if (!is_program(k)) {
        return k->session.must_set_password && !is_session ? "password_required" : NULL;
    }
    if (is_session || str_starts(path, CRM_S("/api/v1/tokens"))) {
        return "token_refused";
    }
    bool is_read = is_safe(k) || session_is_question(k->c.reg, k->http->path);
    return k->session.scope->is_read_only && !is_read ? "token_scope" : NULL;
}

static void sign_in(api_call *k)
{
    crm_status s = people_principal(k->c.arena, k->c.people, k->session.user, &k->who);
    if (s != CRM_OK) {
        api_reply_error(k, CRM_UNAUTHENTICATED);
        return;
    }
    k->who.scope = k->session.scope;
    k->c.who = &k->who;
    k->c.env.me = k->who.user;
    const char *why_not = refusal(k);
    if (why_not) {
        api_reply_code(k, CRM_DENIED, why_not);
        return;
    }
    if (is_safe(k) || is_program(k) || session_check_csrf(k, true)) {
        k->next(k);
    }
}

/*
 * Guessing costs its own address time, and nothing else: the counter is not that of passwords, and
 * a token that is right is answered whatever others do from there.
 */
static void refuse_token(api_call *k)
{
    crm_str name = CRM_S("token");
    crm_str from = arena_fmt(k->http->arena, "token %.*s", STR_FMT(k->http->peer));
    int wait = accounts_throttle_s(name, from);
    accounts_failed(name, from);
    if (wait) {
        k->c.error.retry_after_s = wait;
        api_reply_code(k, CRM_LIMIT, "limit");
        return;
    }
    log_event(LOG_WARN, "token.refused", "address=%s key=%s", log_quote(k->http->peer),
              log_quote(token_key(k->credential)));
    http_set(k->http, "WWW-Authenticate", CRM_S("Bearer error=\"invalid_token\""));
    api_reply_error(k, CRM_UNAUTHENTICATED);
}

typedef struct lookup {
    api_call *k;
    crm_str token;
    uint64_t sessions, people;
} lookup;

static void looked_up(void *arg, crm_status status)
{
    lookup *l = arg;
    api_call *k = l->k;
    if (status == CRM_NOT_FOUND && token_is(k->credential)) {
        refuse_token(k);
        return;
    }
    if (status != CRM_OK) {
        api_reply_error(k, status == CRM_NOT_FOUND ? CRM_UNAUTHENTICATED : status);
        return;
    }
    k->session_epoch = l->sessions;
    if (l->token.n <= TOKEN_MAX) {
        entry *e = oldest(k->api->sessions, l->token);
        *e = (entry){.token_n = l->token.n,
                     .sessions = l->sessions,
                     .people = l->people,
                     .used = k->c.env.now,
                     .info = k->session};
        memcpy(e->token, l->token.p, l->token.n);
        touch_session(k->api, e);
    }
    sign_in(k);
}

/* The text that says who asks; empty: nobody. Another scheme than Bearer is nobody's here. */
static crm_str credential_of(http_request *r)
{
    crm_str header = http_header(r, "authorization");
    if (!header.n) {
        return http_cookie(r, "__Host-karkas");
    }
    crm_str scheme = {header.p, header.n < 7 ? header.n : 7};
    if (!str_eq_ascii_nocase(scheme, CRM_S("bearer "))) {
        return (crm_str){0};
    }
    crm_str token = str_trim((crm_str){header.p + 7, header.n - 7});
    return token_is(token) ? token : (crm_str){0};
}

void session_require(api_call *k, void (*next)(api_call *k))
{
    int64_t now = k->c.env.now;
    crm_str token = credential_of(k->http);
    k->credential = token;
    k->next = next;
    entry *e = token.n ? find(k->api->sessions, token) : NULL;
    if (e && is_fresh(e, now)) {
        k->session = e->info;
        k->session_epoch = e->sessions;
        e->used = now;
        touch_session(k->api, e);
        sign_in(k);
        return;
    }
    lookup *l = ARENA_NEW(k->http->arena, lookup);
    if (!token.n || !l) {
        api_reply_error(k, CRM_UNAUTHENTICATED);
        return;
    }
    *l = (lookup){k, token, cache_epoch(CACHE_SESSIONS), cache_epoch(CACHE_PEOPLE)};
    /* A snapshot that this turn opened before may be older than the epochs. */
    engine_turn_end(k->api->session);
    accounts_session_read(k->api->session, k->c.reg, k->c.arena, token,
                          (session_reader){&k->session, looked_up, l});
}

/* ---- CSRF ------------------------------------------------------------------------------------ */

static bool is_same_origin(const http_request *r)
{
    crm_str site = http_header(r, "sec-fetch-site"), origin = http_header(r, "origin");
    if (site.n && !str_is(site, "same-origin") && !str_is(site, "none")) {
        return false;
    }
    if (!origin.n) {
        return true;
    }
    ptrdiff_t slash = str_find(origin, '/');
    if (slash < 0 || (size_t)slash + 2 > origin.n) {
        return false;
    }
    crm_str host = {origin.p + slash + 2, origin.n - (size_t)slash - 2};
    return str_eq_ascii_nocase(host, r->host);
}

bool session_check_csrf(api_call *k, bool has_session)
{
    crm_str token = http_header(k->http, "x-csrf-token");
    crm_str want = str_of(k->session.csrf);
    bool ok = is_same_origin(k->http);
    if (ok && has_session) {
        ok = want.n && token.n == want.n && crypto_equal(token.p, want.p, want.n);
    }
    if (!ok) {
        api_reply_code(k, CRM_DENIED, "csrf");
    }
    return ok;
}
