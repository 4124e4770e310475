/* post.c - see post.h. */
#include "out/post.h"

#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "out/late_curl.h"
#include "out/out.h"

#define CONNECT_MS     5000L
#define URL_MAX        2000
#define SINGLE_POLL_MS 100

struct post_client {
    CURLM *multi; /* from the first request on */
    int wake;     /* an eventfd */
};

/* ---- the address ----------------------------------------------------------------------------- */

static bool is_https(const char *url)
{
    return strncasecmp(url, "https:", 6) == 0;
}

/* libcurl asks for the socket to an address that it has looked up and is about to connect to. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    post_request *r = arg;
    (void)purpose;
    bool is_listed = guard_is_listed(r->allowed, &a->addr);
    if (!is_listed && !(is_https(r->url) && guard_is_public(&a->addr))) {
        r->is_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static bool has_part(CURLU *u, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK && text && text[0];
    curl_free(text);
    return has;
}

bool post_is_url(crm_str url, bool with_http)
{
    char z[URL_MAX + 1], *scheme = NULL;
    bool is_text = url.n <= URL_MAX && !memchr(url.p ? url.p : "", 0, url.n);
    CURLU *u = is_text && curl_ready() == CRM_OK ? curl_url() : NULL;
    if (!u) {
        return false;
    }
    memcpy(z, url.p ? url.p : "", url.n);
    z[url.n] = 0;
    bool is_good = curl_url_set(u, CURLUPART_URL, z, 0) == CURLUE_OK &&
                   curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK;
    if (is_good) {
        is_good = strcmp(scheme, "https") == 0 || (with_http && strcmp(scheme, "http") == 0);
    }
    is_good = is_good && has_part(u, CURLUPART_HOST) && !has_part(u, CURLUPART_USER) &&
              !has_part(u, CURLUPART_PASSWORD) && !has_part(u, CURLUPART_FRAGMENT);
    curl_free(scheme);
    curl_url_cleanup(u);
    return is_good;
}

/* ---- one request ----------------------------------------------------------------------------- */

static size_t take_reply(char *from, size_t size, size_t count, void *arg)
{
    post_request *r = arg;
    size_t n = size * count, room = POST_REPLY_KEPT - r->reply_n;
    size_t kept = n < room ? n : room;
    memcpy(r->reply + r->reply_n, from, kept);
    r->reply_n += kept;
    r->read += n;
    if (r->whole) {
        buf_add(r->whole, from, n);
        return r->whole->failed ? 0 : n;
    }
    return r->read > POST_REPLY_MAX ? 0 : n;
}

static const char *error_of(const post_request *r, CURLcode code)
{
    if (r->whole && r->whole->failed) {
        return "too_large";
    }
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return "name_not_found";
    case CURLE_OPERATION_TIMEDOUT:
        return "timeout";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
        return "tls";
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "bad_url";
    default:
        return r->is_refused ? "refused_address" : "no_connection";
    }
}

static void set_request(CURL *h, post_request *r)
{
    curl_easy_setopt(h, CURLOPT_URL, r->url);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(h, CURLOPT_PROXY, "");
    curl_easy_setopt(h, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(h, CURLOPT_USERAGENT, "Karkas/" KARKAS_VERSION);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, r->list);
    if (!r->is_get) {
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, r->body.p);
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
    }
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take_reply);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, r);
}

static void set_safety(CURL *h, post_request *r)
{
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, r->limit_ms);
    curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, r);
    if (r->ca_file) {
        curl_easy_setopt(h, CURLOPT_CAINFO, r->ca_file);
    }
}

static struct curl_slist *header_list(const post_request *r)
{
    struct curl_slist *list =
        curl_slist_append(NULL, r->is_get ? "Accept: */*" : "Content-Type: application/json");
    for (const char *const *at = r->headers; list && *at; at++) {
        struct curl_slist *longer = curl_slist_append(list, *at);
        if (!longer) {
            curl_slist_free_all(list);
        }
        list = longer;
    }
    return list;
}

static void forget(post_request *r)
{
    curl_easy_cleanup(r->handle);
    curl_slist_free_all(r->list);
    r->handle = r->list = NULL;
}

static crm_status ensure_multi(post_client *c)
{
    crm_status s = c->multi ? CRM_OK : curl_ready();
    if (s == CRM_OK && !c->multi) {
        c->multi = curl_multi_init();
    }
    return s == CRM_OK && !c->multi ? CRM_NOMEM : s;
}

crm_status post_start(post_client *c, post_request *r)
{
    crm_status s = ensure_multi(c);
    if (s != CRM_OK) {
        return s;
    }
    r->started = clock_mono();
    r->list = header_list(r);
    CURL *h = r->handle = r->list ? curl_easy_init() : NULL;
    if (!h) {
        forget(r);
        return CRM_NOMEM;
    }
    set_request(h, r);
    set_safety(h, r);
    curl_easy_setopt(h, CURLOPT_PRIVATE, r);
    if (curl_multi_add_handle(c->multi, h) == CURLM_OK) {
        return CRM_OK;
    }
    forget(r);
    return CRM_NOMEM;
}

/* ---- all of them ----------------------------------------------------------------------------- */

crm_status post_client_new(post_client **out)
{
    post_client *c = calloc(1, sizeof *c);
    *out = c;
    if (!c) {
        return CRM_NOMEM;
    }
    c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return c->wake >= 0 ? CRM_OK : CRM_NOMEM;
}

void post_client_free(post_client *c)
{
    if (c && c->multi) {
        curl_multi_cleanup(c->multi);
    }
    if (c && c->wake >= 0) {
        close(c->wake);
    }
    free(c);
}

static void keep_type(CURL *h, post_request *r)
{
    char *type = NULL;
    curl_easy_getinfo(h, CURLINFO_CONTENT_TYPE, &type);
    snprintf(r->content_type, sizeof r->content_type, "%s", type ? type : "");
}

static void end(post_client *c, CURL *h, CURLcode code)
{
    post_request *r = NULL;
    long status = 0;
    curl_off_t after = 0;
    curl_easy_getinfo(h, CURLINFO_PRIVATE, (char **)&r);
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(h, CURLINFO_RETRY_AFTER, &after);
    r->ms = (clock_mono() - r->started) / 1000000;
    r->retry_after_s = after;
    keep_type(h, r);
    /* An answer that is longer than anybody reads has its status all the same. */
    bool is_cut = code == CURLE_WRITE_ERROR && !r->whole && r->read > POST_REPLY_MAX;
    r->status = code == CURLE_OK || is_cut ? (int)status : 0;
    r->error = r->status ? NULL : error_of(r, code);
    curl_multi_remove_handle(c->multi, h);
    forget(r);
    r->done(r);
}

static void wait_for(post_client *c, int ms)
{
    struct curl_waitfd also = {.fd = c->wake, .events = CURL_WAIT_POLLIN};
    struct pollfd alone = {.fd = c->wake, .events = POLLIN};
    eventfd_t taken;
    if (c->multi) {
        curl_multi_poll(c->multi, &also, 1, ms, NULL);
    } else {
        poll(&alone, 1, ms);
    }
    eventfd_read(c->wake, &taken);
}

/* Goes on with what is under way; true when something has ended. */
static bool perform(post_client *c)
{
    int running, left;
    bool has_ended = false;
    CURLMsg *m;
    curl_multi_perform(c->multi, &running);
    while ((m = curl_multi_info_read(c->multi, &left))) {
        if (m->msg == CURLMSG_DONE) {
            end(c, m->easy_handle, m->data.result);
            has_ended = true;
        }
    }
    return has_ended;
}

void post_poll(post_client *c, int ms)
{
    /* What is refused before it has a connection ends at once, and nothing would wake the wait. */
    bool has_ended = c->multi && perform(c);
    wait_for(c, has_ended ? 0 : ms);
    if (c->multi) {
        perform(c);
    }
}

void post_drop(post_client *c, post_request *r)
{
    curl_multi_remove_handle(c->multi, r->handle);
    forget(r);
}

typedef struct single {
    bool has_ended;
} single;

static void single_done(post_request *r)
{
    ((single *)r->arg)->has_ended = true;
}

void post_now(post_request *r)
{
    post_client *c = NULL;
    single x = {false};
    r->done = single_done;
    r->arg = &x;
    if (post_client_new(&c) != CRM_OK || post_start(c, r) != CRM_OK) {
        r->error = "no_memory";
        post_client_free(c);
        return;
    }
    while (!x.has_ended && !out_is_cancelled()) {
        post_poll(c, SINGLE_POLL_MS);
    }
    if (!x.has_ended) {
        post_drop(c, r);
        r->status = 0;
        r->error = "cancelled";
    }
    post_client_free(c);
}

void post_wake(post_client *c)
{
    eventfd_write(c->wake, 1);
}
