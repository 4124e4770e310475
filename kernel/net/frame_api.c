/*
 * frame_api.c - pages of modules' services inside the UI (flow/remote.h), through this origin.
 *
 * A signed-in user gets an address with a signed word in it that opens the module's pages for some
 * minutes; the pages themselves are asked for without a session, since a sandboxed frame has an
 * origin of its own and sends no cookies. Nothing of the request but its path and query goes on to
 * the service, and nothing of its answer but a known type and the bytes comes back.
 *
 * The page of a module without a service is a file below its ui/frames/, which anybody may read as
 * all files of ui/: it needs no word, and its policy makes it as strange to the page around.
 */
#include <pthread.h>

#include "data/rights.h"
#include "flow/remote.h"
#include "net/api_private.h"

#define OPEN_MS     (10LL * 60 * 1000)
#define MAC_BYTES   18
#define ADDRESS_MAX 500

/* Scripts and styles of this origin only, no connections, no storage, no way to the page around. */
static const char frame_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-scripts allow-forms";

/* ---- the word -------------------------------------------------------------------------------- */

static uint8_t secret[SHA256_SIZE]; /* of this process: after a restart pages are opened anew */
static pthread_once_t secret_made = PTHREAD_ONCE_INIT;

static void make_secret(void)
{
    crypto_random(secret, sizeof secret);
}

/* "<until>.<mac>" over the module and the moment. */
static crm_str word_for(arena *a, crm_str module, int64_t until)
{
    uint8_t mac[SHA256_SIZE];
    pthread_once(&secret_made, make_secret);
    crm_str text = arena_fmt(a, "%.*s %lld", STR_FMT(module), (long long)until);
    crypto_hmac_sha256((crm_str){(const char *)secret, sizeof secret}, text, mac);
    crm_str shown = crypto_base64url(a, mac, MAC_BYTES);
    return arena_fmt(a, "%lld.%.*s", (long long)until, STR_FMT(shown));
}

static bool is_good_word(arena *a, crm_str word, crm_str module)
{
    int64_t until;
    crm_str rest = word, moment;
    str_split(&rest, '.', &moment);
    if (str_to_i64(moment, &until) != CRM_OK || until < clock_now()) {
        return false;
    }
    crm_str want = word_for(a, module, until);
    return want.n == word.n && crypto_equal(want.p, word.p, word.n);
}

/* ---- an address ------------------------------------------------------------------------------ */

static const remote_frame *frame_named(const registry *r, crm_str module, crm_str id)
{
    for (uint32_t i = 0; i < r->frame_count; i++) {
        if (str_eq(r->frames[i].module, module) && str_eq(r->frames[i].id, id)) {
            return &r->frames[i];
        }
    }
    return NULL;
}

static bool may_open(crm_ctx *c, const remote_frame *f)
{
    const entity *e = f->entity_name.n ? registry_entity(c->reg, f->entity_name) : NULL;
    return !f->entity_name.n || (e && rights_may_some(c, e, ACTION_READ));
}

static crm_str address_of(api_call *k, const remote_frame *f, int64_t until)
{
    arena *a = k->c.arena;
    if (!registry_remote(k->c.reg, f->module)) {
        return arena_fmt(a, "/m/%.*s/frames%.*s", STR_FMT(f->module), STR_FMT(f->path));
    }
    crm_str word = word_for(a, f->module, until);
    return arena_fmt(a, "/frames/%.*s/%.*s%.*s", STR_FMT(word), STR_FMT(f->module),
                     STR_FMT(f->path));
}

void frames_route(api_call *k)
{
    crm_str path = k->rest, module = {0};
    str_split(&path, '/', &module);
    const remote_frame *f = frame_named(k->c.reg, module, path);
    if (!f || !may_open(&k->c, f)) {
        api_reply_error(k, CRM_NOT_FOUND);
        return;
    }
    if (k->http->verb != VERB_POST) {
        api_reply_method(k, "POST");
        return;
    }
    char moment[CLOCK_TEXT];
    int64_t until = clock_now() + OPEN_MS;
    clock_format(until, moment);
    jw_init(&k->w, http_body(k->http));
    jw_object(&k->w);
    jw_kstr(&k->w, "src", address_of(k, f, until));
    jw_kstr(&k->w, "expires_at", str_of(moment));
    jw_end_object(&k->w);
    api_reply(k, 200);
}

/* ---- a page ---------------------------------------------------------------------------------- */

typedef struct page {
    crm_str module, path;
    buf bytes;
    char type[REMOTE_TYPE];
} page;

static const char *known_type(const char *type)
{
    static const struct {
        const char *begins, *is;
    } known[] = {
        {"text/html", "text/html; charset=utf-8"},
        {"text/css", "text/css; charset=utf-8"},
        {"text/javascript", "text/javascript; charset=utf-8"},
        {"application/javascript", "text/javascript; charset=utf-8"},
        {"application/json", "application/json"},
        {"image/png", "image/png"},
        {"image/jpeg", "image/jpeg"},
        {"image/gif", "image/gif"},
        {"image/webp", "image/webp"},
        {"image/svg+xml", "image/svg+xml"},
        {"font/woff2", "font/woff2"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strncmp(type, known[i].begins, strlen(known[i].begins)) == 0) {
            return known[i].is;
        }
    }
    return NULL;
}

static bool is_plain(crm_str s, const char *besides)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       (c && strchr(besides, c));
        if (!is_good || (c == '.' && i && s.p[i - 1] == '.')) {
            return false;
        }
    }
    return true;
}

static void fetch(api_call *k)
{
    page *p = k->own;
    k->status = remote_get(&k->c, p->module, p->path, &p->bytes, p->type);
}

static void fetched(api_call *k)
{
    page *p = k->own;
    const char *type = k->status == CRM_OK ? known_type(p->type) : NULL;
    if (k->status != CRM_OK || !type) {
        buf_free(&p->bytes);
        http_csp(k->http, frame_policy);
        api_reply_error(k, k->status == CRM_OK ? CRM_UPSTREAM : k->status);
        return;
    }
    http_request *r = api_let_go(k);
    buf_str(http_body(r), buf_view(&p->bytes));
    buf_free(&p->bytes);
    http_csp(r, frame_policy);
    http_reply(r, 200, type);
}

void frame_file_policy(http_request *r)
{
    http_csp(r, frame_policy);
}

void frame_page_route(api_call *k)
{
    crm_str path = k->rest, word = {0}, module = {0};
    page *p = k->own = ARENA_NEW(k->http->arena, page);
    str_split(&path, '/', &word);
    str_split(&path, '/', &module);
    bool is_sound = p && path.n && path.n + k->http->query.n <= ADDRESS_MAX &&
                    is_plain(path, "/._-") && is_plain(k->http->query, "._-~=&%+") &&
                    registry_remote(k->c.reg, module);
    if (!is_sound || !is_good_word(k->c.arena, word, module)) {
        http_csp(k->http, frame_policy);
        api_reply_error(k, CRM_NOT_FOUND);
        return;
    }
    if (k->http->verb != VERB_GET && k->http->verb != VERB_HEAD) {
        api_reply_method(k, "GET, HEAD");
        return;
    }
    p->module = module;
    p->path = arena_fmt(k->c.arena, "/frames/%.*s%s%.*s", STR_FMT(path),
                        k->http->query.n ? "?" : "", STR_FMT(k->http->query));
    buf_init(&p->bytes, REMOTE_PAGE_MAX);
    api_pool(k, POOL_ASK, fetch, fetched);
}
