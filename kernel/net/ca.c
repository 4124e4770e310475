/* ca.c - the local certificate authority's files and their renewal. Blocking; no loop thread. */
#include "net/ca.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "net/cert.h"

#define CA_DAYS    3650
#define FILE_LIMIT 65536
#define MODE       0600
#define DAY_MS     ((int64_t)86400 * 1000)

static const char *path_of(arena *a, const char *dir, const char *name)
{
    return arena_fmt(a, "%s/%s", dir, name).p;
}

static crm_status load(arena *a, const char *dir, const char *name, crm_str *out)
{
    const char *path = path_of(a, dir, name);
    return path ? fs_read(a, path, FILE_LIMIT, out) : CRM_NOMEM;
}

static crm_status save(arena *a, const char *dir, const char *name, crm_str data)
{
    const char *path = path_of(a, dir, name);
    return path ? fs_write(path, data, MODE) : CRM_NOMEM;
}

/* ---- Names ----------------------------------------------------------------------------------- */

static bool is_useful(const struct ifaddrs *i)
{
    if (!i->ifa_addr || !(i->ifa_flags & IFF_UP)) {
        return false;
    }
    if (i->ifa_addr->sa_family == AF_INET6) {
        return !IN6_IS_ADDR_LINKLOCAL(&((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr);
    }
    return i->ifa_addr->sa_family == AF_INET;
}

static void add_addresses(arena *a, cert_names *names)
{
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) != 0) {
        return;
    }
    for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
        char text[NI_MAXHOST];
        if (is_useful(i) &&
            getnameinfo(i->ifa_addr,
                        i->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                                          : sizeof(struct sockaddr_in6),
                        text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0) {
            cert_names_add(a, names, str_of(text));
        }
    }
    freeifaddrs(list);
}

static void add_host(arena *a, cert_names *names)
{
    char host[256] = {0};
    if (gethostname(host, sizeof host - 1) != 0) {
        return;
    }
    cert_names_add(a, names, str_of(host));
    if (!strchr(host, '.')) {
        cert_names_add(a, names, arena_fmt(a, "%s.local", host));
    }
}

static void collect_names(arena *a, const crm_str *given, size_t count, cert_names *names)
{
    cert_names_add(a, names, CRM_S("localhost"));
    cert_names_add(a, names, CRM_S("127.0.0.1"));
    cert_names_add(a, names, CRM_S("::1"));
    for (size_t i = 0; i < count; i++) {
        if (!cert_names_add(a, names, given[i])) {
            log_event(LOG_WARN, "ca.bad_name", "name=%s", log_quote(given[i]));
        }
    }
    add_host(a, names);
    add_addresses(a, names);
}

/* What this authority may vouch for besides local names: fixed when it was made. */
static crm_status load_extra(arena *a, const char *dir, cert_names *extra)
{
    crm_str text, line;
    crm_status s = load(a, dir, "ca.names", &text);
    while (s == CRM_OK && str_split(&text, '\n', &line)) {
        cert_names_add(a, extra, line);
    }
    return s;
}

static crm_status save_extra(arena *a, const char *dir, const cert_names *extra)
{
    crm_str text = CRM_S("");
    for (size_t i = 0; i < extra->count; i++) {
        text = arena_fmt(a, "%.*s%.*s\n", STR_FMT(text), STR_FMT(extra->at[i].text));
    }
    return save(a, dir, "ca.names", text);
}

static bool is_permitted(const cert_names *extra, const cert_name *name)
{
    bool is = cert_name_is_local(name);
    for (size_t i = 0; i < extra->count && !is; i++) {
        is = cert_name_covers(&extra->at[i], name);
    }
    return is;
}

static void keep_permitted(const cert_names *extra, cert_names *names)
{
    size_t kept = 0;
    for (size_t i = 0; i < names->count; i++) {
        if (is_permitted(extra, &names->at[i])) {
            names->at[kept++] = names->at[i];
        } else {
            log_event(LOG_WARN, "ca.name_left_out", "name=%s", log_quote(names->at[i].text));
        }
    }
    names->count = kept;
}

/* ---- Files ----------------------------------------------------------------------------------- */

static crm_status make_authority(arena *a, const char *dir, const cert_names *names, crm_str *key,
                                 crm_str *cert)
{
    cert_names extra = {0};
    for (size_t i = 0; i < names->count; i++) {
        if (!cert_name_is_local(&names->at[i])) {
            cert_names_add(a, &extra, names->at[i].text);
        }
    }
    crm_status s = cert_make_key(a, key);
    if (s == CRM_OK) {
        s = cert_make_authority(a, *key, &extra, CA_DAYS, cert);
    }
    if (s == CRM_OK) {
        s = save_extra(a, dir, &extra);
    }
    if (s == CRM_OK) {
        s = save(a, dir, "ca.key", *key);
    }
    /* The certificate last: an authority is there when its certificate is. */
    return s == CRM_OK ? save(a, dir, "ca.crt", *cert) : s;
}

static crm_status ensure_authority(arena *a, const char *dir, const cert_names *names, crm_str *key,
                                   crm_str *cert, bool *is_new)
{
    crm_status s = load(a, dir, "ca.crt", cert);
    *is_new = s == CRM_NOT_FOUND;
    if (*is_new) {
        return make_authority(a, dir, names, key, cert);
    }
    return s == CRM_OK ? load(a, dir, "ca.key", key) : s;
}

/* Whether the server's certificate can go on being used. */
static bool is_good(arena *a, const char *dir, const cert_names *names, ca_files *out)
{
    return load(a, dir, "server.crt", &out->cert) == CRM_OK &&
           load(a, dir, "server.key", &out->key) == CRM_OK &&
           cert_expires(out->cert, &out->expires) == CRM_OK &&
           out->expires - (int64_t)time(NULL) * 1000 > CA_RENEW_DAYS * DAY_MS &&
           cert_matches_key(out->cert, out->key) && cert_has_names(out->cert, names);
}

static crm_status make_server(arena *a, const char *dir, crm_str ca_key, const cert_names *names,
                              ca_files *out)
{
    crm_status s = cert_make_key(a, &out->key);
    if (s == CRM_OK) {
        cert_pair authority = {out->ca_cert, ca_key};
        s = cert_make_server(a, authority, out->key, names, CA_LEAF_DAYS, &out->cert);
    }
    if (s == CRM_OK) {
        s = cert_expires(out->cert, &out->expires);
    }
    if (s == CRM_OK) {
        s = save(a, dir, "server.key", out->key);
    }
    if (s == CRM_OK) {
        s = save(a, dir, "server.crt", out->cert);
    }
    out->is_renewed = s == CRM_OK;
    return s;
}

crm_status ca_ensure(arena *a, const char *dir, const crm_str *names, size_t count, ca_files *out)
{
    cert_names wanted = {0}, extra = {0};
    crm_str ca_key;
    bool is_new;
    *out = (ca_files){0};
    collect_names(a, names, count, &wanted);
    crm_status s = ensure_authority(a, dir, &wanted, &ca_key, &out->ca_cert, &is_new);
    if (s == CRM_OK) {
        s = load_extra(a, dir, &extra);
    }
    if (s != CRM_OK) {
        return s;
    }
    keep_permitted(&extra, &wanted);
    if (!is_new && is_good(a, dir, &wanted, out)) {
        return CRM_OK;
    }
    s = make_server(a, dir, ca_key, &wanted, out);
    if (s == CRM_OK) {
        log_event(LOG_INFO, "ca.renewed", "names=%zu days=%d", wanted.count, CA_LEAF_DAYS);
    }
    return s;
}
