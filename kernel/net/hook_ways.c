/*
 * hook_ways.c - how a form wants to be answered, as its settings in the ТЗ say: where a browser
 * goes afterwards, which sites' scripts may read the answer, "ok" for builders of sites, and how
 * many requests a minute it takes. Loop thread.
 */
#include "net/hook_private.h"

#define PER_MINUTE_MAX 6000

/* The site of an address: "https://shop.example" of "https://shop.example/a?b"; empty: none. */
static crm_str site_of(crm_str address)
{
    ptrdiff_t colon = str_find(address, ':');
    bool has_host = colon > 0 && (size_t)colon + 3 < address.n && address.p[colon + 1] == '/' &&
                    address.p[colon + 2] == '/';
    if (!has_host) {
        return (crm_str){0};
    }
    size_t n = (size_t)colon + 3;
    while (n < address.n && address.p[n] != '/' && address.p[n] != '?' && address.p[n] != '#') {
        n++;
    }
    return (crm_str){address.p, n};
}

static bool is_same_site(crm_str site, const json_t *named)
{
    crm_str name = site_of(str_of(json_string_value(named)));
    return site.n && str_eq_ascii_nocase(site, name);
}

/* `sites` is one or a list. */
static bool is_listed(crm_str site, const json_t *sites)
{
    size_t i;
    json_t *one;
    if (!json_is_array(sites)) {
        return json_is_string(sites) && is_same_site(site, sites);
    }
    json_array_foreach(sites, i, one)
    {
        if (is_same_site(site, one)) {
            return true;
        }
    }
    return false;
}

static int64_t per_minute_of(const json_t *n)
{
    json_int_t given = json_is_integer(n) ? json_integer_value(n) : 0;
    return given < 0 ? 0 : given > PER_MINUTE_MAX ? PER_MINUTE_MAX : given;
}

void hook_ways_read(http_request *r, const integration *i, hook_ways *out)
{
    json_t *all = NULL;
    *out = (hook_ways){0};
    if (json_read(i->settings_json, 0, &all, NULL) != CRM_OK) {
        return;
    }
    const json_t *sites = json_object_get(all, "sites");
    crm_str origin = http_header(r, "origin"), page = http_header(r, "referer");
    out->answers_ok = str_is(json_text(all, "answer"), "ok");
    out->thanks = arena_dup(r->arena, json_text(all, "thanks"));
    out->per_minute = per_minute_of(json_object_get(all, "per_minute"));
    if (is_listed(site_of(origin), sites)) {
        out->origin = origin;
    }
    if (is_listed(site_of(page), sites)) {
        out->page = page;
    }
    json_decref(all);
}

void hook_ways_tell(http_request *r, const hook_ways *w)
{
    if (!w->origin.n) {
        return;
    }
    http_set(r, "Access-Control-Allow-Origin", w->origin);
    http_set(r, "Access-Control-Expose-Headers", CRM_S("Retry-After"));
    http_set(r, "Vary", CRM_S("Origin"));
}

void hook_ways_preflight(http_request *r)
{
    http_set(r, "Access-Control-Allow-Methods", CRM_S("GET, POST"));
    http_set(r, "Access-Control-Allow-Headers", CRM_S("Content-Type"));
    http_set(r, "Access-Control-Max-Age", CRM_S("600"));
}

/* ---- where a browser goes that sent the form without a script -------------------------------- */

static crm_str without_fragment(crm_str address)
{
    ptrdiff_t hash = str_find(address, '#');
    return hash < 0 ? address : (crm_str){address.p, (size_t)hash};
}

/* The path of the Referer when it is of this very origin; empty: it is not. No open redirect. */
static crm_str own_path(http_request *r)
{
    crm_str page = http_header(r, "referer"), site = site_of(page);
    ptrdiff_t slash = str_find(site, '/');
    if (slash < 0) {
        return (crm_str){0};
    }
    crm_str host = {site.p + slash + 2, site.n - (size_t)slash - 2};
    crm_str path = {page.p + site.n, page.n - site.n};
    bool is_own = str_eq_ascii_nocase(host, r->host) && path.n && path.p[0] == '/' &&
                  (path.n == 1 || path.p[1] != '/');
    return is_own ? path : (crm_str){0};
}

crm_str hook_ways_page(http_request *r, const hook_ways *w)
{
    crm_str own = own_path(r);
    if (w->thanks.n) {
        return w->thanks;
    }
    crm_str back = own.n ? own : w->page;
    back = without_fragment(back);
    return back.n ? arena_fmt(r->arena, "%.*s#sent", STR_FMT(back)) : back;
}

/* ---- so many a minute ------------------------------------------------------------------------ */

/* One bucket a form; forms whose names fall on one share it. */
bool hook_ways_has_room(int64_t full_at[HOOK_FORMS], crm_str form, int64_t per_minute)
{
    int64_t now = clock_mono() / 1000000, each = per_minute ? 60000 / per_minute : 0;
    int64_t *at = &full_at[str_hash(form) % HOOK_FORMS];
    if (*at < now) {
        *at = now;
    }
    if (*at - now > (per_minute - 1) * each) {
        return !per_minute;
    }
    *at += each;
    return true;
}
