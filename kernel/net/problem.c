/* problem.c - errors as RFC 9457 problem+json, in the reader's language, from the catalogue. */
#include "net/api_private.h"

/* The text of the key, or the one that the catalogue has for the reason among the parameters. */
static crm_str text_of(crm_ctx *c, crm_str key, crm_str params_json)
{
    json_t *params = NULL;
    crm_str exact = {0};
    if (params_json.n && json_read(params_json, 0, &params, NULL) == CRM_OK) {
        crm_str reason = json_text(params, "reason");
        exact = reason.n ? arena_fmt(c->arena, "%.*s.%.*s", STR_FMT(key), STR_FMT(reason)) : exact;
        json_decref(params);
    }
    crm_str text = exact.n ? registry_text(c->reg, c->lang, exact) : key;
    return text.p == exact.p || !exact.n ? registry_text(c->reg, c->lang, key) : text;
}

static crm_str filled(crm_ctx *c, crm_str text, crm_str params_json)
{
    buf b;
    buf_init(&b, 8192);
    registry_text_fill(text, params_json, &b);
    crm_str out = arena_dup(c->arena, buf_view(&b));
    buf_free(&b);
    return out;
}

crm_str problem_text(crm_ctx *c, crm_str key, crm_str params_json)
{
    return filled(c, text_of(c, key, params_json), params_json);
}

static void detail(json_writer *w, crm_ctx *c, const char *prefix, crm_str code, crm_str literal,
                   crm_str params_json)
{
    crm_str key = arena_fmt(c->arena, "%s%.*s", prefix, STR_FMT(code));
    jw_kstr(w, "detail",
            literal.n ? filled(c, literal, params_json) : problem_text(c, key, params_json));
    jw_key(w, CRM_S("params"));
    jw_raw(w, params_json.n ? params_json : CRM_S("{}"));
}

void problem_detail(json_writer *w, crm_ctx *c, const field_error *e, bool is_of_field)
{
    detail(w, c, is_of_field ? "field." : "error.", e->code, e->text, e->params_json);
}

static void fields(json_writer *w, crm_ctx *c)
{
    jw_karray(w, "fields");
    for (const field_error *f = c->error.fields; f; f = f->next) {
        jw_object(w);
        jw_kstr(w, "field", f->field);
        jw_kstr(w, "code", f->code);
        detail(w, c, "field.", f->code, f->text, f->params_json);
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* A read has nothing to save, so its refusal speaks of a question. */
static bool is_of_read(const crm_ctx *c)
{
    const call_request *r = c->request;
    return r && (str_is(r->method, "GET") || str_is(r->method, "HEAD") ||
                 session_is_question(c->reg, r->path));
}

void problem_write(buf *out, crm_ctx *c, crm_status status, crm_str request_id, crm_str current)
{
    json_writer w;
    crm_str code = c->error.code.n ? c->error.code : str_of(status_code(status));
    jw_init(&w, out);
    jw_object(&w);
    jw_kstr(&w, "type", CRM_S("about:blank"));
    jw_kint(&w, "status", status_http(status));
    jw_kstr(&w, "code", code);
    crm_str told = str_is(code, "invalid") && is_of_read(c) ? CRM_S("invalid_read") : code;
    crm_str title = arena_fmt(c->arena, "error.%.*s.title", STR_FMT(told));
    jw_kstr(&w, "title", registry_text(c->reg, c->lang, title));
    detail(&w, c, "error.", told, c->error.text, c->error.params_json);
    jw_kstr(&w, "request", request_id);
    if (c->error.fields) {
        fields(&w, c);
    }
    if (current.n) {
        jw_key(&w, CRM_S("record"));
        jw_raw(&w, current);
    }
    jw_end_object(&w);
}

crm_str problem_language(http_request *r, const registry *reg)
{
    crm_str accept = http_header_seen(r, "accept-language");
    if (str_starts(accept, CRM_S("ru"))) {
        return CRM_S("ru");
    }
    if (str_starts(accept, CRM_S("en"))) {
        return CRM_S("en");
    }
    return reg && reg->locale.n ? reg->locale : CRM_S("ru");
}

/* The code itself where no registry says more: the server is starting. */
static crm_str words(const registry *reg, http_request *r, crm_str code, const char *end)
{
    crm_str key = arena_fmt(r->arena, "error.%.*s%s", STR_FMT(code), end);
    return reg && key.p ? registry_text(reg, problem_language(r, reg), key) : code;
}

void problem_refuse(void *arg, http_request *r, int status, const char *code)
{
    const registry *reg = registry_pin();
    crm_str said = str_of(code);
    json_writer w;
    (void)arg;
    jw_init(&w, http_body(r));
    jw_object(&w);
    jw_kstr(&w, "type", CRM_S("about:blank"));
    jw_kint(&w, "status", status);
    jw_kstr(&w, "code", said);
    jw_kstr(&w, "title", words(reg, r, said, ".title"));
    jw_kstr(&w, "detail", words(reg, r, said, ""));
    jw_key(&w, CRM_S("params"));
    jw_raw(&w, CRM_S("{}"));
    jw_kstr(&w, "request", r->id);
    jw_end_object(&w);
    if (reg) {
        registry_unpin(reg);
    }
}
