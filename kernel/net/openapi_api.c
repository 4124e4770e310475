/*
 * openapi_api.c - GET /api/v1/openapi.json. A document is made on a pool and kept for as long as
 * the registry and the people, and so the caller's rights, are the same. Loop thread.
 */
#include "net/api_private.h"
#include "net/openapi.h"

#define KEPT     4
#define ETAG_MAX 32

/* What one caller sees in one language. */
typedef struct kept {
    uint64_t registry, people, roles;
    int64_t user, used;
    bool is_en;
    char etag[ETAG_MAX];
    buf text;
} kept;

struct openapi_cache {
    kept at[KEPT];
};

static uint64_t roles_of(const principal *who)
{
    uint64_t h = who->role_count;
    for (uint32_t i = 0; i < who->role_count; i++) {
        h = h * 31 + str_hash(who->roles[i]);
    }
    return h;
}

static kept key_of(const api_call *k)
{
    return (kept){.registry = k->c.reg->serial,
                  .people = k->c.people->epoch,
                  .roles = roles_of(&k->who),
                  .user = k->who.user,
                  .used = clock_mono(),
                  .is_en = str_is(k->c.lang, "en")};
}

static kept *find(const api_call *k)
{
    openapi_cache *all = k->api->openapi;
    kept want = key_of(k);
    for (int i = 0; all && i < KEPT; i++) {
        kept *x = &all->at[i];
        bool is_same = x->registry == want.registry && x->people == want.people &&
                       x->roles == want.roles && x->user == want.user && x->is_en == want.is_en;
        if (x->text.n && is_same) {
            return x;
        }
    }
    return NULL;
}

static kept *oldest(openapi_cache *all)
{
    kept *old = &all->at[0];
    for (int i = 1; i < KEPT; i++) {
        if (all->at[i].used < old->used) {
            old = &all->at[i];
        }
    }
    return old;
}

/* Takes the text over. NULL: no memory, the text stays with the call. */
static kept *keep(api_call *k, crm_str etag)
{
    api *a = k->api;
    if (!a->openapi) {
        a->openapi = calloc(1, sizeof *a->openapi);
    }
    if (!a->openapi) {
        return NULL;
    }
    kept *x = oldest(a->openapi);
    buf_free(&x->text);
    *x = key_of(k);
    memcpy(x->etag, etag.p, etag.n);
    x->text = k->text;
    buf_init(&k->text, 0);
    return x;
}

void openapi_cache_free(openapi_cache *all)
{
    for (int i = 0; all && i < KEPT; i++) {
        buf_free(&all->at[i].text);
    }
    free(all);
}

static void answer(api_call *k, kept *x)
{
    http_request *r = k->http;
    crm_str etag = arena_dup(r->arena, str_of(x->etag));
    x->used = clock_mono();
    http_set(r, "ETag", etag);
    http_cache(r, CACHE_PRIVATE);
    if (http_etag_matches(r, etag)) {
        api_reply_empty(k, 304);
        return;
    }
    buf_str(http_body(r), buf_view(&x->text));
    api_reply(k, 200);
}

static void make(api_call *k)
{
    uint8_t digest[SHA256_SIZE];
    crm_str *etag = ARENA_NEW(k->http->arena, crm_str);
    buf_clear(&k->text);
    k->own = etag;
    k->status = etag ? openapi_write(&k->c, &k->text) : CRM_NOMEM;
    if (k->status != CRM_OK) {
        return;
    }
    crypto_sha256(buf_view(&k->text), digest);
    crm_str hex = crypto_hex(k->http->arena, digest, 12);
    *etag = arena_fmt(k->http->arena, "\"%.*s\"", STR_FMT(hex));
    k->status = etag->n && etag->n < ETAG_MAX ? CRM_OK : CRM_NOMEM;
}

static void made(api_call *k)
{
    kept *x = k->status == CRM_OK ? keep(k, *(crm_str *)k->own) : NULL;
    if (x) {
        answer(k, x);
    } else {
        api_reply_error(k, k->status == CRM_OK ? CRM_NOMEM : k->status);
    }
}

void openapi_route(api_call *k)
{
    crm_str lang = http_param(k->http, "lang");
    if (k->http->verb != VERB_GET && k->http->verb != VERB_HEAD) {
        api_reply_method(k, "GET, HEAD");
        return;
    }
    if (str_is(lang, "ru") || str_is(lang, "en")) {
        k->c.lang = str_is(lang, "en") ? CRM_S("en") : CRM_S("ru");
    }
    kept *x = find(k);
    if (x) {
        answer(k, x);
    } else {
        api_pool(k, POOL_FAST, make, made);
    }
}
