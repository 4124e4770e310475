/*
 * address_api.c - POST /api/v1/address: the parts of an address that is being typed, and the line
 * of parts that were changed. It reads and stores nothing; the text stays out of the request's
 * path, which is logged. On the loop.
 */
#include "data/address.h"
#include "net/api_private.h"

#define LINE_MAX_BYTES 4000

static crm_status read_line(api_call *k, crm_str *line)
{
    const json_t *text = json_object_get(k->request.json, "line");
    *line = (crm_str){json_string_value(text), json_string_length(text)};
    if (text && !json_is_string(text) && !json_is_null(text)) {
        return call_fail_field(&k->c, CRM_S("line"), "type_mismatch", (crm_str){0});
    }
    bool is_long = line->n > LINE_MAX_BYTES;
    return is_long ? call_fail_field(&k->c, CRM_S("line"), "too_long", CRM_S("{\"max\":2000}"))
                   : CRM_OK;
}

/* The line that is asked for, with the parts in it. */
static crm_status new_line(api_call *k, crm_str *line)
{
    const json_t *parts = json_object_get(k->request.json, "parts");
    address_patch patch;
    crm_status s = read_line(k, line);
    if (s != CRM_OK || !parts) {
        return s;
    }
    if (!address_patch_json(parts, &patch)) {
        return call_fail_field(&k->c, CRM_S("parts"), "address_parts", (crm_str){0});
    }
    return address_change(k->c.arena, &patch, *line, line);
}

static void answer(api_call *k, crm_str line, const address *all)
{
    json_writer *w = &k->w;
    jw_init(w, http_body(k->http));
    jw_object(w);
    jw_kstr(w, "line", line);
    jw_key(w, CRM_S("parts"));
    address_json(w, all);
    if (!address_is_index_sound(all)) {
        jw_kstr(w, "mark", CRM_S("index_invalid"));
    }
    jw_end_object(w);
    api_reply(k, 200);
}

void address_route(api_call *k)
{
    crm_str line = {0};
    address all;
    if (k->rest.n) {
        api_reply_error(k, CRM_NOT_FOUND);
        return;
    }
    if (k->http->verb != VERB_POST) {
        api_reply_method(k, "POST");
        return;
    }
    crm_status s = api_read_json(k);
    s = s == CRM_OK ? new_line(k, &line) : s;
    s = s == CRM_OK ? address_read(k->c.arena, line, &all) : s;
    if (s != CRM_OK) {
        api_reply_error(k, s);
    } else {
        answer(k, line, &all);
    }
}
