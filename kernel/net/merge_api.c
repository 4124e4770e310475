/* merge_api.c - what a merge would move. Pool. */
#include "flow/batch_merge.h"
#include "net/api_private.h"

#define COUNT_US 50000 /* of one link; then it is "at least" */

static bool pass(void *arg, const record_view *v)
{
    (void)arg;
    (void)v;
    return true;
}

/* Of the records that he may read, by a field that he may see. */
static crm_status count_link(api_call *k, const merge_link *l, const merge_wish *w)
{
    uint64_t shown[4];
    json_writer *out = &k->w;
    query q = {.entity = l->entity, .limit = 1};
    record_read rd = {
        .call = &k->c, .query = &q, .count = true, .count_us = COUNT_US, .on_row = pass};
    rights_fields(&k->c, l->entity, shown);
    if (!rights_may_some(&k->c, l->entity, ACTION_READ) || !bits_has(shown, l->field->index)) {
        return CRM_OK;
    }
    q.where = merge_link_cond(k->c.arena, l, w);
    crm_status s = records_read_now(&rd);
    if (s != CRM_OK || !rd.total) {
        return s;
    }
    jw_object(out);
    jw_kstr(out, "entity", l->entity->name);
    jw_kstr(out, "field", l->field->name);
    jw_kint(out, "count", rd.total);
    jw_kbool(out, "approx", rd.approx);
    jw_end_object(out);
    return CRM_OK;
}

static crm_status may_merge(api_call *k, int64_t id)
{
    record *r;
    crm_status s = records_get(&k->c, k->entity, id, &r);
    return s || r->actions >> ACTION_MERGE & 1 ? s : call_fail(&k->c, CRM_DENIED, "denied");
}

static void preview(api_call *k)
{
    crm_ctx *c = &k->c;
    merge_wish *w = ARENA_NEW(c->arena, merge_wish);
    merge_link *links = ARENA_ARRAY(c->arena, merge_link, FIELDS_MAX);
    crm_status s = w && links ? merge_wish_read(c, k->entity, k->request.json, w) : CRM_NOMEM;
    s = s ? s : may_merge(k, w->into);
    for (uint32_t i = 0; s == CRM_OK && i < w->count; i++) {
        s = may_merge(k, w->from[i]);
    }
    uint32_t count = s ? 0 : merge_links(c->reg, k->entity, links);
    jw_init(&k->w, &k->text);
    jw_object(&k->w);
    jw_karray(&k->w, "moves");
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        s = count_link(k, &links[i], w);
    }
    jw_end_array(&k->w);
    jw_end_object(&k->w);
    k->status = s;
}

void merge_preview_route(api_call *k)
{
    crm_status s = api_read_json(k);
    if (s != CRM_OK) {
        api_reply_error(k, s);
    } else {
        api_read(k, preview);
    }
}
