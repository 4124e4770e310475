/* host_request.c - the request's parameters, a step's arguments, and walking over JSON. */
#include "plug/module.h"

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
    return q ? query_text(c->arena, q->query, wanted) : (crm_str){0};
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

/* ---- JSON ------------------------------------------------------------------------------------ */

static bool open_json(running *f, crm_str json)
{
    if (f->json && str_eq(f->json_text, json)) {
        return true;
    }
    json_decref(f->json);
    f->json = NULL;
    f->json_member = NULL;
    f->json_text = arena_dup(f->c->arena, json);
    crm_status s = json_read(json, 0, &f->json, NULL);
    if (s != CRM_OK) {
        f->json = NULL;
        call_unread(s == CRM_NOMEM ? s : CRM_OK);
    }
    return f->json;
}

/* An object is walked in its order, so the member after the last one asked for is one step away. */
static void *member_at(running *f, uint32_t i)
{
    if (!f->json_member || i < f->json_index) {
        f->json_member = json_object_iter(f->json);
        f->json_index = 0;
    }
    while (f->json_member && f->json_index < i) {
        f->json_member = json_object_iter_next(f->json, f->json_member);
        f->json_index++;
    }
    return f->json_member;
}

bool host_json_at(crm_ctx *c, crm_str json, uint32_t i, crm_str *key, crm_str *text)
{
    running *f = plug_now;
    if (call_in_time() != CRM_OK || !open_json(f, json)) {
        return false;
    }
    *key = (crm_str){0};
    if (json_is_array(f->json)) {
        *text = json_plain(c->arena, json_array_get(f->json, i));
        return i < json_array_size(f->json);
    }
    void *at = member_at(f, i);
    if (at) {
        *key = arena_dup(c->arena, str_of(json_object_iter_key(at)));
        *text = json_plain(c->arena, json_object_iter_value(at));
    }
    return at;
}

/* ---- a step's arguments ---------------------------------------------------------------------- */

crm_str host_arg_text(crm_ctx *c, const char *key)
{
    return json_plain(c->arena, json_object_get(plug_now->args, key ? key : ""));
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
    return clock_parse_duration(json_plain(c->arena, at), ms);
}

crm_str host_arg_json(crm_ctx *c, const char *key)
{
    const json_t *at = json_object_get(plug_now->args, key ? key : "");
    return at ? json_dump(c->arena, at) : (crm_str){0};
}
