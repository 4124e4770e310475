/* api_reply.c - the ends that all routes share, and the JSON of a body. */
#include "net/api_private.h"

#define RETRY_AFTER CRM_S("1")

static void release(api_call *k)
{
    json_decref(k->request.json);
    k->request.json = NULL;
    buf_free(&k->text);
    if (k->c.arena) {
        call_end(&k->c);
    }
}

http_request *api_let_go(api_call *k)
{
    http_request *r = k->http;
    release(k);
    return r;
}

void api_reply(api_call *k, int status)
{
    http_request *r = k->http;
    release(k);
    http_reply(r, status, API_JSON);
}

void api_reply_problem(api_call *k, int status)
{
    http_request *r = k->http;
    release(k);
    http_reply(r, status, API_PROBLEM);
}

void api_reply_stale(api_call *k, crm_str current)
{
    http_request *r = k->http;
    r->body = arena_dup(r->arena, current);
    problem_write(http_body(r), &k->c, CRM_STALE, r->id, r->body);
    api_reply_problem(k, 412);
}

void api_reply_empty(api_call *k, int status)
{
    http_request *r = k->http;
    http_body(r)->n = k->mark;
    release(k);
    http_reply(r, status, NULL);
}

void api_reply_method(api_call *k, const char *allow)
{
    http_set(k->http, "Allow", str_of(allow));
    api_reply_error(k, CRM_METHOD);
}

void api_reply_error(api_call *k, crm_status status)
{
    http_request *r = k->http;
    crm_status said = k->c.error.status != CRM_OK ? k->c.error.status : status;
    if (said == CRM_INTERNAL || said == CRM_MISUSE) {
        log_event(LOG_ERROR, "api.failed", "request=%s path=%s", log_quote(r->id),
                  log_quote(r->path));
    }
    http_body(r)->n = k->mark;
    if (said == CRM_UNAVAILABLE || said == CRM_LIMIT) {
        crm_str after = RETRY_AFTER;
        if (k->c.error.retry_after_s) {
            after = arena_fmt(r->arena, "%d", k->c.error.retry_after_s);
        }
        http_set(r, "Retry-After", after);
    }
    problem_write(http_body(r), &k->c, said, r->id, (crm_str){0});
    release(k);
    http_reply(r, status_http(said), API_PROBLEM);
}

void api_reply_code(api_call *k, crm_status status, const char *code)
{
    api_reply_error(k, call_fail(&k->c, status, code));
}

crm_str api_seen_rev(const http_request *r)
{
    crm_str tag = http_header(r, "if-match");
    bool is_quoted = tag.n > 2 && tag.p[0] == '"' && tag.p[tag.n - 1] == '"';
    if (!tag.n || str_is(tag, "*")) {
        return (crm_str){0};
    }
    return is_quoted ? (crm_str){tag.p + 1, tag.n - 2} : tag;
}

crm_str api_json_fault(api_call *k, const json_error *fault)
{
    return arena_fmt(k->c.arena, "{\"line\":%d,\"column\":%d,\"reason\":\"%.*s\"}", fault->line,
                     fault->column, STR_FMT(fault->code));
}

crm_status api_read_json(api_call *k)
{
    if (!str_is(http_content_type(k->http), "application/json")) {
        return call_fail(&k->c, CRM_MEDIA, "unsupported_media_type");
    }
    json_error fault = {.line = 1, .column = 1, .code = CRM_S("not_object")};
    crm_status s = json_read(k->http->body, 0, &k->request.json, &fault);
    if (s == CRM_NOMEM || (s == CRM_OK && json_is_object(k->request.json))) {
        return s;
    }
    if (k->c.error.status == CRM_OK) {
        crm_str key = arena_fmt(k->c.arena, "json.%.*s", STR_FMT(fault.code));
        k->c.error.text = registry_text(k->c.reg, k->c.lang, key);
        k->c.error.params_json = api_json_fault(k, &fault);
    }
    return call_fail(&k->c, CRM_BAD_REQUEST, "bad_json");
}
