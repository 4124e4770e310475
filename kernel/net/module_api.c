/*
 * module_api.c - routes that modules declare: matched by method and pattern, run on a pool (READ,
 * NONE) or prepared on a pool and committed on the writer (WRITE), within the time they declare.
 */
#include "net/api_private.h"
#include "net/route_match.h"

#define LIMIT_MS     5000
#define LIMIT_MOST   60000
#define FIRST_TRY_MS 250

typedef struct module_call {
    const route *route;
    crm_str names[ROUTE_PARAMS], values[ROUTE_PARAMS];
    crm_status (*part)(crm_ctx *c, const void *fn); /* what runs on the pools */
    void (*then)(api_call *k);
} module_call;

bool route_matches(const route *rt, crm_str path, crm_str names[ROUTE_PARAMS],
                   crm_str values[ROUTE_PARAMS], uint32_t *count)
{
    crm_str pattern = rt->pattern, want, got;
    *count = 0;
    for (;;) {
        bool a = str_split(&pattern, '/', &want), b = str_split(&path, '/', &got);
        if (!a || !b) {
            return a == b;
        }
        if (want.n && want.p[0] == ':') {
            if (*count == ROUTE_PARAMS || !got.n) {
                return false;
            }
            names[*count] = (crm_str){want.p + 1, want.n - 1};
            values[(*count)++] = got;
        } else if (!str_eq(want, got)) {
            return false;
        }
    }
}

static crm_status find(api_call *k, module_call *m)
{
    crm_str path = {k->http->path.p + 7, k->http->path.n - 7};
    crm_status s = CRM_NOT_FOUND;
    for (uint32_t i = 0; i < k->c.reg->route_count; i++) {
        const route *rt = &k->c.reg->routes[i];
        uint32_t count;
        if (!route_matches(rt, path, m->names, m->values, &count)) {
            continue;
        }
        s = CRM_METHOD;
        if (!str_eq(rt->method, k->request.method)) {
            continue;
        }
        m->route = rt;
        k->request.param_names = m->names;
        k->request.params = m->values;
        k->request.param_count = count;
        return CRM_OK;
    }
    return s;
}

static void finish(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    int status = k->c.http_status ? k->c.http_status : k->text.n ? 200 : 204;
    if (!k->text.n) {
        api_reply_empty(k, status);
        return;
    }
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, status);
}

/* At least 1: 0 would be no limit. */
static uint32_t left_ms(const api_call *k)
{
    int64_t left = (k->ends_at - clock_mono()) / 1000000;
    return left > 0 ? (uint32_t)left : 1;
}

static crm_status commit(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    module_call *m = k->own;
    buf_clear(&k->text);
    call_limit(c, left_ms(k));
    return m->route->run(c, m->route->fn);
}

/* ---- on the pools: a short try on the fast one, then one on the slow with what time is left ---
 */

static void try_part(api_call *k)
{
    module_call *m = k->own;
    buf_clear(&k->text);
    k->c.error = (call_error){0};
    k->c.http_status = 0;
    k->c.until = k->ends_at;
    k->c.try_until = 0;
    if (!k->is_slow && m->route->tx != ROUTE_NONE && left_ms(k) > FIRST_TRY_MS) {
        k->c.try_until = clock_mono() + FIRST_TRY_MS * 1000000LL;
    }
    k->status = m->part(&k->c, m->route->fn);
}

static void tried(api_call *k)
{
    module_call *m = k->own;
    bool goes_on = k->status == CRM_TIMEOUT && k->c.try_until && clock_mono() < k->ends_at;
    k->c.until = k->c.try_until = 0;
    k->is_slow = goes_on;
    if (goes_on) {
        api_pool(k, POOL_SLOW, try_part, tried);
    } else {
        m->then(k);
    }
}

static void run_on_pool(api_call *k, crm_status (*part)(crm_ctx *c, const void *fn),
                        void (*then)(api_call *k))
{
    module_call *m = k->own;
    m->part = part;
    m->then = then;
    api_pool(k, POOL_FAST, try_part, tried);
}

static void prepared(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
    } else {
        api_write(k, commit, finish);
    }
}

static bool is_allowed(api_call *k, const route *rt)
{
    bool is_open = str_is(rt->permission, "public") || str_is(rt->permission, "user");
    return is_open || call_may(&k->c, rt->permission);
}

void module_route(api_call *k)
{
    module_call *m = ARENA_NEW(k->http->arena, module_call);
    crm_status s = m ? find(k, m) : CRM_NOMEM;
    if (s == CRM_OK && !is_allowed(k, m->route)) {
        s = CRM_DENIED;
    }
    bool has_json = str_is(http_content_type(k->http), "application/json");
    if (s == CRM_OK && k->http->body.n && has_json) {
        s = api_read_json(k);
    }
    if (s != CRM_OK) {
        api_reply_error(k, s);
        return;
    }
    uint32_t limit = m->route->limit_ms ? m->route->limit_ms : LIMIT_MS;
    k->own = m;
    k->c.out = &k->text;
    api_limit(k, limit < LIMIT_MOST ? limit : LIMIT_MOST);
    if (m->route->tx != ROUTE_WRITE) {
        run_on_pool(k, m->route->run, finish);
    } else if (m->route->prepare) {
        run_on_pool(k, m->route->prepare, prepared);
    } else {
        api_write(k, commit, finish);
    }
}
