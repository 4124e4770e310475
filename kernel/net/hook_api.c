/*
 * hook_api.c - /hook/<integration>: what comes from outside without a session. Size and rate first,
 * then the raw request is stored durably, then the answer; what it means is worked out afterwards.
 */
#include <arpa/inet.h>

#include "base/multipart.h"
#include "net/api_private.h"

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

static bool has_credit(api *a, crm_str address)
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
    if (*full_at - now > (QUOTA_BURST - 1) * QUOTA_MS || !has_room(a->quotas, now)) {
        return false;
    }
    *full_at += QUOTA_MS;
    a->quotas->in_second++;
    return true;
}

typedef struct hook_state {
    const integration *integration;
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

/* Only the path of the Referer, and only of this very origin: no open redirect. */
static crm_str page_path(http_request *r)
{
    crm_str ref = http_header(r, "referer");
    ptrdiff_t scheme = str_find(ref, '/');
    if (scheme < 0 || (size_t)scheme + 2 >= ref.n) {
        return CRM_S("/");
    }
    crm_str rest = {ref.p + scheme + 2, ref.n - (size_t)scheme - 2};
    ptrdiff_t slash = str_find(rest, '/');
    crm_str host = {rest.p, slash < 0 ? rest.n : (size_t)slash};
    if (slash < 0 || !str_eq_ascii_nocase(host, r->host) ||
        (rest.n > (size_t)slash + 1 && rest.p[slash + 1] == '/')) {
        return CRM_S("/");
    }
    crm_str path = {rest.p + slash, rest.n - (size_t)slash};
    ptrdiff_t hash = str_find(path, '#');
    if (hash >= 0) {
        path.n = (size_t)hash;
    }
    return path;
}

static void stored(api_call *k)
{
    hook_state *h = k->own;
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    if (wants_page(k->http)) {
        crm_str to = arena_fmt(k->http->arena, "%.*s#sent", STR_FMT(page_path(k->http)));
        http_set(k->http, "Location", to);
        api_reply_empty(k, 303);
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
    if (!i->type->is_signed && !has_credit(k->api, k->http->peer)) {
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
