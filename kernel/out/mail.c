/*
 * mail.c - one message by SMTP (RFC 5321) through libcurl. Worker threads; blocking, with time
 * limits. TLS is required unless the server is on the loopback, and its certificate is checked.
 */
#include <stdatomic.h>

#include "base/idn.h"
#include "out/late_curl.h"
#include "out/out.h"

#define CONNECT_S  15L
#define TOTAL_MS   60000L
#define RESPONSE_S 30L
#define RECEIPT_NS 2000000000LL /* for a message that was sent whole when the process goes down */

typedef struct upload {
    crm_str rest;
    bool is_sent; /* the end was asked for: what follows is the server's receipt */
} upload;

static size_t read_body(char *to, size_t size, size_t count, void *arg)
{
    upload *u = arg;
    size_t n = size * count < u->rest.n ? size * count : u->rest.n;
    memcpy(to, u->rest.p, n);
    u->rest = (crm_str){u->rest.p + n, u->rest.n - n};
    u->is_sent = n == 0;
    return n;
}

static bool is_loopback(crm_str url)
{
    static const char *const hosts[] = {"smtp://127.0.0.1:", "smtp://localhost:", "smtp://[::1]:"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        if (str_starts(url, str_of(hosts[i]))) {
            return true;
        }
    }
    return false;
}

static _Atomic int64_t cancelled; /* clock_mono; 0: not */

void out_cancel(void)
{
    atomic_store(&cancelled, clock_mono());
}

bool out_is_cancelled(void)
{
    return atomic_load(&cancelled) != 0;
}

static int is_over(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const upload *u = arg;
    int64_t since = atomic_load(&cancelled);
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return since && (!u->is_sent || clock_mono() - since > RECEIPT_NS);
}

static void set_limits(CURL *h, const mail_server *s, upload *body)
{
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, s->limit_ms ? s->limit_ms : TOTAL_MS);
    curl_easy_setopt(h, CURLOPT_SERVER_RESPONSE_TIMEOUT, RESPONSE_S);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, is_over);
    curl_easy_setopt(h, CURLOPT_XFERINFODATA, body);
}

static void set_server(CURL *h, arena *a, const mail_server *s)
{
    curl_easy_setopt(h, CURLOPT_URL, arena_cstr(a, s->url));
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(h, CURLOPT_USE_SSL, is_loopback(s->url) ? CURLUSESSL_TRY : CURLUSESSL_ALL);
    curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
    if (s->ca_file) {
        curl_easy_setopt(h, CURLOPT_CAINFO, s->ca_file);
    }
    if (s->user.n) {
        curl_easy_setopt(h, CURLOPT_USERNAME, arena_cstr(a, s->user));
        curl_easy_setopt(h, CURLOPT_PASSWORD, arena_cstr(a, s->password));
    }
}

static crm_status judge(arena *a, CURL *h, CURLcode code, mail_result *r)
{
    long smtp = 0;
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &smtp);
    r->smtp_code = (int)smtp;
    /* A refused login or sender is the server's settings, not this letter: it is tried again. */
    bool is_settings = code == CURLE_LOGIN_DENIED || smtp == 530 || smtp == 534 || smtp == 535;
    r->is_permanent = code != CURLE_OK && smtp >= 500 && smtp < 600 && !is_settings;
    r->error = code == CURLE_OK ? (crm_str){0} : arena_dup(a, str_of(curl_easy_strerror(code)));
    return code == CURLE_OK ? CRM_OK : CRM_UPSTREAM;
}

/* Its domain as the network knows it: not every server takes letters (RFC 6531). */
static crm_status sendable(arena *a, crm_str address, crm_str *out)
{
    crm_str domain;
    size_t at = (size_t)(str_find(address, '@') + 1);
    crm_status st = idn_ascii(a, (crm_str){address.p + at, address.n - at}, &domain);
    *out = st ? address : arena_fmt(a, "%.*s%.*s", (int)at, address.p, STR_FMT(domain));
    return st ? st : out->p ? CRM_OK : CRM_NOMEM;
}

crm_status mail_send(arena *a, const mail_server *server, const mail_message *message,
                     mail_result *r)
{
    mail_server own = *server;
    mail_message letter = *message;
    const mail_server *s = &own;
    const mail_message *m = &letter;
    upload body = {.is_sent = false};
    *r = (mail_result){0};
    crm_status st = sendable(a, server->from, &own.from);
    st = st ? st : sendable(a, message->to, &letter.to);
    st = st ? st : mail_format(a, s, m, &body.rest);
    if (st != CRM_OK) {
        r->is_permanent = st == CRM_INVALID;
        return st;
    }
    if ((st = curl_ready()) != CRM_OK) {
        return st;
    }
    CURL *h = curl_easy_init();
    struct curl_slist *to = curl_slist_append(NULL, arena_cstr(a, m->to));
    if (!h || !to) {
        curl_easy_cleanup(h);
        curl_slist_free_all(to);
        return CRM_NOMEM;
    }
    set_server(h, a, s);
    set_limits(h, s, &body);
    curl_easy_setopt(h, CURLOPT_MAIL_FROM, arena_cstr(a, s->from));
    curl_easy_setopt(h, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(h, CURLOPT_READFUNCTION, read_body);
    curl_easy_setopt(h, CURLOPT_READDATA, &body);
    curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
    CURLcode code = curl_easy_perform(h);
    st = judge(a, h, code, r);
    /* A name that is still being looked up is not waited for on the way down. */
    curl_easy_setopt(h, CURLOPT_QUICK_EXIT, atomic_load(&cancelled) ? 1L : 0L);
    curl_easy_cleanup(h);
    curl_slist_free_all(to);
    return st;
}
