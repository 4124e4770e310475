/* kit_http.c - a client of the kit's own server. */
#include "kit_http.h"

#include <stdio.h>

#include "out/late_curl.h"

#define ASK_LIMIT_MS 30000L
#define REPLY_MAX    ((size_t)8 << 20)
#define PASSWORD     "верный конь и батарейка 27"

static size_t take(char *bytes, size_t size, size_t n, void *arg)
{
    kit_client *c = arg;
    buf_add(&c->reply, bytes, size * n);
    return c->reply.failed ? 0 : size * n;
}

crm_status kit_client_open(kit_client *c, int port)
{
    *c = (kit_client){.port = port};
    buf_init(&c->reply, REPLY_MAX);
    crm_status s = curl_ready();
    c->handle = s == CRM_OK ? curl_easy_init() : NULL;
    if (!c->handle) {
        return s == CRM_OK ? CRM_NOMEM : s;
    }
    curl_easy_setopt(c->handle, CURLOPT_COOKIEFILE, ""); /* cookies are kept, in memory */
    curl_easy_setopt(c->handle, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(c->handle, CURLOPT_NOSIGNAL, 1L);
    return CRM_OK;
}

void kit_client_close(kit_client *c)
{
    if (c->handle) {
        curl_easy_cleanup(c->handle);
    }
    buf_free(&c->reply);
    *c = (kit_client){0};
}

static struct curl_slist *headers_of(const kit_client *c, bool has_body)
{
    char token[160];
    struct curl_slist *list = curl_slist_append(NULL, "accept-language: ru");
    snprintf(token, sizeof token, "x-csrf-token: %s", c->csrf);
    if (c->csrf[0]) {
        list = curl_slist_append(list, token);
    }
    return has_body ? curl_slist_append(list, "content-type: application/json") : list;
}

static void address(kit_client *c, const char *path)
{
    char url[1024];
    if (path[0] == '/') {
        snprintf(url, sizeof url, "http://localhost:%d%s", c->port, path);
    } else {
        snprintf(url, sizeof url, "%s", path);
    }
    curl_easy_setopt(c->handle, CURLOPT_URL, url);
    curl_easy_setopt(c->handle, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(c->handle, CURLOPT_WRITEDATA, c);
    buf_clear(&c->reply);
}

int kit_ask(kit_client *c, const char *method, const char *path, const char *body)
{
    long status = 0;
    struct curl_slist *list = headers_of(c, body != NULL);
    address(c, path);
    curl_easy_setopt(c->handle, CURLOPT_TIMEOUT_MS, ASK_LIMIT_MS);
    curl_easy_setopt(c->handle, CURLOPT_HTTPHEADER, list);
    if (body) {
        curl_easy_setopt(c->handle, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
        curl_easy_setopt(c->handle, CURLOPT_POSTFIELDS, body);
    } else {
        curl_easy_setopt(c->handle, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(c->handle, CURLOPT_CUSTOMREQUEST, method);
    if (curl_easy_perform(c->handle) == CURLE_OK) {
        curl_easy_getinfo(c->handle, CURLINFO_RESPONSE_CODE, &status);
    }
    curl_slist_free_all(list);
    return (int)status;
}

json_t *kit_reply(const kit_client *c)
{
    json_t *json = NULL;
    return c->reply.n && json_read(buf_view(&c->reply), 100000, &json, NULL) == CRM_OK ? json
                                                                                       : NULL;
}

static bool start_session(kit_client *c, const char *login, const char *password)
{
    char body[256];
    snprintf(body, sizeof body, "{\"login\":\"%s\",\"password\":\"%s\"}", login, password);
    c->csrf[0] = 0;
    if (kit_ask(c, "POST", "/api/v1/session", body) != 200) {
        return false;
    }
    json_t *json = kit_reply(c);
    crm_str token = json_text(json, "csrf");
    bool fits = token.n && token.n < sizeof c->csrf;
    c->user = json_integer_value(json_object_get(json_object_get(json, "user"), "id"));
    snprintf(c->csrf, sizeof c->csrf, "%.*s", (int)(fits ? token.n : 0), token.p ? token.p : "");
    json_decref(json);
    return fits;
}

bool kit_sign_in(kit_client *c, const char *login, const char *code)
{
    const char *set = "{\"new\":\"" PASSWORD "\"}";
    return start_session(c, login, code) &&
           kit_ask(c, "POST", "/api/v1/session/password", set) == 204 &&
           start_session(c, login, PASSWORD);
}

/* ---- the event stream ------------------------------------------------------------------------ */

typedef struct listening {
    kit_client *client;
    const char *enough;
} listening;

static size_t take_event(char *bytes, size_t size, size_t n, void *arg)
{
    listening *l = arg;
    buf *b = &l->client->reply;
    buf_add(b, bytes, size * n);
    size_t length = l->enough ? strlen(l->enough) : 0;
    bool is_enough = length && !b->failed && memmem(b->p, b->n, l->enough, length);
    return is_enough || b->failed ? 0 : size * n;
}

void kit_listen(kit_client *c, const char *after, const char *enough, long ms)
{
    char path[256];
    listening l = {c, enough};
    snprintf(path, sizeof path, "/api/v1/events%s%s", after ? "?after=" : "", after ? after : "");
    address(c, path);
    curl_easy_setopt(c->handle, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(c->handle, CURLOPT_CUSTOMREQUEST, "GET");
    curl_easy_setopt(c->handle, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(c->handle, CURLOPT_WRITEFUNCTION, take_event);
    curl_easy_setopt(c->handle, CURLOPT_WRITEDATA, &l);
    curl_easy_setopt(c->handle, CURLOPT_TIMEOUT_MS, ms);
    (void)!curl_easy_perform(c->handle);
}
