/*
 * hook_api.c - /hook/<integration>: what comes from outside without a session. Size and rate first,
 * then the raw request is stored durably, then the answer; what it means is worked out afterwards.
 */
#include <arpa/inet.h>

#include "base/multipart.h"
#include "net/hook_private.h"

#define QUOTA_SLOTS 1024
#define QUOTA_BURST 20   /* requests of one address at once */
#define QUOTA_MS    3000 /* and one more in so many ms */
#define ALL_SECOND  100  /* unsigned requests of all addresses in one second */
#define DESCRIBE_MS 5000

/*
 * Leaky buckets, an address's found by a keyed hash. Addresses that fall on one share it, so no one
 * gets fresh credit by pushing another out, and no one can choose whose bucket he empties.
 */
struct form_quota {
    uint8_t key[SHA256_SIZE];
    int64_t full_at[QUOTA_SLOTS]; /* clock_mono ms at which the bucket is full again */
    int64_t form_full_at[HOOK_FORMS];
    int64_t second;
    uint32_t in_second;
};

static struct form_quota *quota_new(void)
{
    struct form_quota *q = calloc(1, sizeof *q);
    if (q) {
        crypto_random(q->key, sizeof q->key);
    }
    return q;
}

/* One customer has a whole /64 of IPv6 to choose addresses from. */
static crm_str network_of(crm_str address, struct in6_addr *six)
{
    char z[INET6_ADDRSTRLEN];
    if (address.n >= sizeof z) {
        return address;
    }
    memcpy(z, address.p, address.n);
    z[address.n] = 0;
    bool is_six = inet_pton(AF_INET6, z, six) == 1;
    return is_six ? (crm_str){(const char *)six->s6_addr, 8} : address;
}

static int64_t *bucket_of(struct form_quota *q, crm_str address)
{
    struct in6_addr six;
    uint8_t hash[SHA256_SIZE];
    crm_str key = {(const char *)q->key, sizeof q->key};
    crypto_hmac_sha256(key, network_of(address, &six), hash);
    return &q->full_at[(hash[0] | (uint32_t)hash[1] << 8) % QUOTA_SLOTS];
}

static bool has_room(struct form_quota *q, int64_t now)
{
    if (q->second != now / 1000) {
        q->second = now / 1000;
        q->in_second = 0;
    }
    return q->in_second < ALL_SECOND;
}

static bool has_credit(api *a, crm_str address, crm_str form, int64_t per_minute)
{
    if (!a->quotas) {
        a->quotas = quota_new();
    }
    if (!a->quotas) {
        return false;
    }
    int64_t now = clock_mono() / 1000000;
    int64_t *full_at = bucket_of(a->quotas, address);
    if (*full_at < now) {
        *full_at = now;
    }
    if (*full_at - now > (QUOTA_BURST - 1) * QUOTA_MS || !has_room(a->quotas, now) ||
        !hook_ways_has_room(a->quotas->form_full_at, form, per_minute)) {
        return false;
    }
    *full_at += QUOTA_MS;
    a->quotas->in_second++;
    return true;
}

typedef struct hook_state {
    const integration *integration;
    hook_ways ways;
    crm_str content_type, body; /* as they are kept */
    crm_str receipt;
} hook_state;

static void describe(api_call *k)
{
    hook_state *h = k->own;
    const integration_type *t = h->integration->type;
    k->c.until = k->ends_at;
    k->status = t->describe(&k->c, h->integration->name, &k->text, t->fn);
}

static void described(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, 200);
}

static crm_status store(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    hook_state *h = k->own;
    crm_str receipt;
    crm_status s =
        inbox_store(c, h->integration->name, h->content_type, h->body, k->http->peer, &receipt);
    if (s == CRM_OK) {
        h->receipt = arena_dup(k->http->arena, receipt);
    }
    return s;
}

/* A browser that posted the form without a script goes back to the page it came from. */
static bool wants_page(const http_request *r)
{
    crm_str accept = http_header(r, "accept"), type = http_content_type(r);
    return str_starts(accept, CRM_S("text/html")) &&
           (str_is(type, "application/x-www-form-urlencoded") || multipart_is(type));
}

/* A browser that came from a page we know nothing of stays here, with a word. */
static void reply_page(api_call *k)
{
    crm_str said = registry_text(k->c.reg, k->c.lang, CRM_S("form.thanks"));
    buf *b = http_body(k->http);
    buf_z(b, "<!doctype html><html><head><meta charset=\"utf-8\">"
             "<meta name=\"viewport\" content=\"width=device-width\"><title>");
    buf_str(b, said);
    buf_z(b, "</title></head><body><h1>");
    buf_str(b, said);
    buf_z(b, "</h1></body></html>\n");
    http_request *r = api_let_go(k);
    http_reply(r, 200, "text/html; charset=utf-8");
}

static void reply_browser(api_call *k)
{
    hook_state *h = k->own;
    crm_str to = hook_ways_page(k->http, &h->ways);
    if (to.n) {
        http_set(k->http, "Location", to);
        api_reply_empty(k, 303);
    } else {
        reply_page(k);
    }
}

static void reply_ok(api_call *k)
{
    buf_z(http_body(k->http), "ok");
    http_request *r = api_let_go(k);
    http_reply(r, 200, "text/plain; charset=utf-8");
}

static void stored(api_call *k)
{
    hook_state *h = k->own;
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    if (h->ways.answers_ok) {
        reply_ok(k);
        return;
    }
    if (wants_page(k->http)) {
        reply_browser(k);
        return;
    }
    jw_init(&k->w, http_body(k->http));
    jw_object(&k->w);
    jw_kbool(&k->w, "accepted", true);
    jw_kstr(&k->w, "id", h->receipt);
    jw_end_object(&k->w);
    api_reply(k, 202);
}

/* What is signed is judged by its bytes, so those that are not kept as they came are not taken. */
static crm_status check_type(api_call *k, const integration *i)
{
    crm_str type = http_content_type(k->http);
    bool has_parts = multipart_is(type) && !i->type->is_signed;
    if (has_parts || str_is(type, "application/json") ||
        str_is(type, "application/x-www-form-urlencoded")) {
        return CRM_OK;
    }
    k->c.error.text = registry_text(k->c.reg, k->c.lang,
                                    i->type->is_signed ? CRM_S("hook.media") : CRM_S("form.media"));
    return call_fail(&k->c, CRM_MEDIA, "unsupported_media_type");
}

static crm_status take_body(api_call *k, const integration *i)
{
    hook_state *h = k->own;
    h->content_type = http_header(k->http, "content-type");
    h->body = k->http->body;
    bool has_parts = multipart_is(h->content_type);
    if (!h->body.n || (!has_parts && !text_is_utf8(h->body))) {
        return call_fail(&k->c, CRM_BAD_REQUEST, "bad_request");
    }
    if (!i->type->is_signed && !has_credit(k->api, k->http->peer, i->name, h->ways.per_minute)) {
        k->c.error.retry_after_s = QUOTA_MS / 1000;
        return call_fail(&k->c, CRM_LIMIT, "limit");
    }
    crm_status s = has_parts ? hook_take_parts(&k->c, &h->content_type, &h->body) : CRM_OK;
    if (s != CRM_OK) {
        return call_fail(&k->c, s, status_code(s));
    }
    return text_is_utf8(h->body) ? CRM_OK : call_fail(&k->c, CRM_BAD_REQUEST, "bad_request");
}

static crm_status check_post(api_call *k, const integration *i)
{
    crm_status s = check_type(k, i);
    return s == CRM_OK ? take_body(k, i) : s;
}

void hook_route(api_call *k)
{
    hook_state *h = ARENA_NEW(k->http->arena, hook_state);
    const integration *i = registry_integration(k->c.reg, k->rest);
    bool is_known = h && i && i->type && i->type->receive;
    if (!is_known) {
        api_reply_error(k, CRM_NOT_FOUND);
        return;
    }
    h->integration = i;
    k->own = h;
    k->c.who = &principal_system;
    hook_ways_read(k->http, i, &h->ways);
    hook_ways_tell(k->http, &h->ways);
    if (k->http->verb == VERB_OPTIONS && h->ways.origin.n) {
        hook_ways_preflight(k->http);
        api_reply_empty(k, 204);
        return;
    }
    if (k->http->verb == VERB_GET && i->type->describe) {
        api_limit(k, DESCRIBE_MS);
        api_pool(k, POOL_FAST, describe, described);
        return;
    }
    if (k->http->verb != VERB_POST) {
        http_set(k->http, "Allow", i->type->describe ? CRM_S("GET, POST") : CRM_S("POST"));
    }
    crm_status s = k->http->verb == VERB_POST ? check_post(k, i) : CRM_METHOD;
    if (s != CRM_OK) {
        api_reply_error(k, s);
    } else {
        api_write(k, store, stored);
    }
}
