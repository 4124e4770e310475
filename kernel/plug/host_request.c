/* host_request.c - the request's parameters and body, a step's arguments, and walking over JSON. */
#include "plug/module.h"

/* ---- forms: application/x-www-form-urlencoded (WHATWG URL, section 5) ------------------------ */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Decoded and cleaned; bytes that are no UTF-8 give an empty text. */
static crm_str form_decode(arena *a, crm_str s)
{
    char *p = arena_alloc(a, s.n + 1);
    crm_str clean = {0};
    size_t n = 0;
    if (!p) {
        return clean;
    }
    for (size_t i = 0; i < s.n; i++) {
        int high = -1, low = -1;
        if (s.p[i] == '%' && i + 2 < s.n) {
            high = hex_digit(s.p[i + 1]);
            low = hex_digit(s.p[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            p[n++] = (char)(high << 4 | low);
            i += 2;
        } else {
            p[n++] = s.p[i] == '+' ? ' ' : s.p[i];
        }
    }
    return text_clean(a, (crm_str){p, n}, &clean) == CRM_OK ? clean : (crm_str){0};
}

/* The i-th pair of a form body or query string. */
static bool form_at(arena *a, crm_str body, uint32_t i, crm_str *key, crm_str *text)
{
    crm_str part, rest = body;
    while (str_split(&rest, '&', &part)) {
        if (!part.n || i--) {
            continue;
        }
        crm_str after = part, name;
        str_split(&after, '=', &name);
        *key = form_decode(a, name);
        *text = name.n < part.n ? form_decode(a, after) : (crm_str){0};
        return true;
    }
    return false;
}

static crm_str form_text(arena *a, crm_str body, crm_str wanted)
{
    crm_str key, text;
    for (uint32_t i = 0; form_at(a, body, i, &key, &text); i++) {
        if (str_eq(key, wanted)) {
            return text;
        }
    }
    return (crm_str){0};
}

/* ---- the request ----------------------------------------------------------------------------- */

crm_str host_param(crm_ctx *c, const char *name)
{
    const call_request *q = c->request;
    crm_str wanted = str_of(name);
    for (uint32_t i = 0; q && i < q->param_count; i++) {
        if (str_eq(q->param_names[i], wanted)) {
            return q->params[i];
        }
    }
    return q ? form_text(c->arena, q->query, wanted) : (crm_str){0};
}

int64_t host_param_id(crm_ctx *c, const char *name)
{
    int64_t id;
    return str_to_i64(host_param(c, name), &id) == CRM_OK && id > 0 ? id : 0;
}

crm_str host_body(crm_ctx *c)
{
    return c->request ? c->request->body : (crm_str){0};
}

crm_str host_content_type(crm_ctx *c)
{
    return c->request ? c->request->content_type : (crm_str){0};
}

static bool body_is_form(crm_ctx *c)
{
    static const char form[] = "application/x-www-form-urlencoded";
    crm_str type = host_content_type(c), head = type;
    str_split(&type, ';', &head);
    return str_eq_ascii_nocase(str_trim(head), CRM_S(form));
}

/* The body as JSON, parsed once per call into the module. */
static const json_t *body_json(crm_ctx *c)
{
    running *f = plug_now;
    if (!f->body_is_read && c->request) {
        f->body_is_read = true;
        f->body = c->request->json;
        if (!f->body && json_read(c->request->body, 0, &f->body, NULL) != CRM_OK) {
            f->body = NULL;
        }
    }
    return f->body;
}

/* A text decoded, null empty, anything else as compact JSON. */
static crm_str text_of(arena *a, const json_t *at)
{
    crm_str clean = {0};
    if (json_is_string(at)) {
        crm_str raw = {json_string_value(at), json_string_length(at)};
        return text_clean(a, raw, &clean) == CRM_OK ? clean : (crm_str){0};
    }
    return at && !json_is_null(at) ? json_dump(a, at) : clean;
}

crm_str host_body_text(crm_ctx *c, const char *key)
{
    if (body_is_form(c)) {
        return form_text(c->arena, c->request->body, str_of(key));
    }
    return text_of(c->arena, json_object_get(body_json(c), key ? key : ""));
}

static bool json_item(arena *a, const json_t *json, uint32_t i, crm_str *key, crm_str *text)
{
    *key = (crm_str){0};
    if (json_is_array(json)) {
        *text = text_of(a, json_array_get(json, i));
        return i < json_array_size(json);
    }
    void *at = json_object_iter((json_t *)(uintptr_t)json);
    while (at && i--) {
        at = json_object_iter_next((json_t *)(uintptr_t)json, at);
    }
    if (!at) {
        return false;
    }
    *key = arena_dup(a, str_of(json_object_iter_key(at)));
    *text = text_of(a, json_object_iter_value(at));
    return true;
}

bool host_body_at(crm_ctx *c, uint32_t i, crm_str *key, crm_str *text)
{
    if (body_is_form(c)) {
        return form_at(c->arena, c->request->body, i, key, text);
    }
    const json_t *json = body_json(c);
    return json_is_object(json) && json_item(c->arena, json, i, key, text);
}

bool host_json_at(crm_ctx *c, crm_str json, uint32_t i, crm_str *key, crm_str *text)
{
    running *f = plug_now;
    bool is_same = f->json && str_eq(f->json_text, json);
    if (!is_same) {
        json_decref(f->json);
        f->json = NULL;
        f->json_text = arena_dup(c->arena, json);
        if (json_read(json, 0, &f->json, NULL) != CRM_OK) {
            f->json = NULL;
            return false;
        }
    }
    return json_item(c->arena, f->json, i, key, text);
}

/* ---- a step's arguments ---------------------------------------------------------------------- */

crm_str host_arg_text(crm_ctx *c, const char *key)
{
    return text_of(c->arena, json_object_get(plug_now->args, key ? key : ""));
}

/* "15m", or milliseconds as a number. Absent: *ms stays. */
crm_status host_arg_duration(crm_ctx *c, const char *key, int64_t *ms)
{
    const json_t *at = json_object_get(plug_now->args, key ? key : "");
    crm_status s = call_in_time();
    if (s != CRM_OK || !at) {
        return s;
    }
    if (json_is_integer(at)) {
        *ms = json_integer_value(at);
        return CRM_OK;
    }
    return clock_parse_duration(text_of(c->arena, at), ms);
}

crm_str host_arg_json(crm_ctx *c, const char *key)
{
    const json_t *at = json_object_get(plug_now->args, key ? key : "");
    return at ? json_dump(c->arena, at) : (crm_str){0};
}
