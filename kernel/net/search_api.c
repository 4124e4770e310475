/* search_api.c - /api/v1/search: the same words over every entity the caller may read, five each.
 */
#include "data/field.h"
#include "net/api_private.h"

#define PER_ENTITY 5

static bool hit(void *arg, const record_view *v)
{
    api_call *k = arg;
    const entity *e = v->entity;
    const field *f = e->title_field ? &e->fields[e->title_field] : NULL;
    jw_object(&k->w);
    jw_kint(&k->w, "id", v->row[COL_ID].i);
    jw_kstr(&k->w, "label",
            f && bits_has(v->visible, f->index) ? v->row[f->index].s : (crm_str){0});
    jw_key(&k->w, CRM_S("hint"));
    const field *st = e->stage_field ? &e->fields[e->stage_field] : NULL;
    const stage *at = st && st->pipeline && bits_has(v->visible, st->index)
                          ? pipeline_stage(st->pipeline, v->row[st->index].s, NULL)
                          : NULL;
    jw_str(&k->w, at ? registry_text(k->c.reg, k->c.lang, at->label) : (crm_str){0});
    jw_end_object(&k->w);
    return true;
}

static crm_status search_entity(api_call *k, const entity *e, crm_str terms)
{
    query *q = query_new(k->c.arena, e);
    if (!q)
        return CRM_NOMEM;
    q->terms = terms;
    q->limit = PER_ENTITY;
    q->sorts[0] = (sort){&e->fields[COL_ID], true};
    q->sort_count = 1;
    record_read r = {.call = &k->c, .query = q, .on_row = hit, .arg = k};
    size_t before = k->text.n;
    json_writer w = k->w;
    jw_object(&k->w);
    jw_kstr(&k->w, "entity", e->name);
    jw_karray(&k->w, "rows");
    size_t empty = k->text.n;
    crm_status s = records_read_now(&r);
    if (s != CRM_OK || k->text.n == empty) {
        k->text.n = before; /* nothing found: no group */
        k->w = w;
        /* No searchable field is visible to him: as if there were none. */
        k->c.error = (call_error){0};
        return s == CRM_INVALID ? CRM_OK : s;
    }
    jw_end_array(&k->w);
    jw_end_object(&k->w);
    return CRM_OK;
}

static void search(api_call *k)
{
    crm_str terms;
    crm_str typed = phone_query(k->c.arena, http_param(k->http, "q"));
    k->status = text_terms(k->c.arena, typed, &terms);
    jw_init(&k->w, &k->text);
    jw_object(&k->w);
    jw_karray(&k->w, "groups");
    for (uint32_t i = 0; i < k->c.reg->entity_count && k->status == CRM_OK && terms.n; i++) {
        const entity *e = k->c.reg->entities[i];
        bool is_open = !(e->flags & (ENTITY_SYSTEM | ENTITY_NO_API)) && e->search_count;
        if (is_open && rights_may_some(&k->c, e, ACTION_READ))
            k->status = search_entity(k, e, terms);
    }
    jw_end_array(&k->w);
    jw_end_object(&k->w);
}

void search_route(api_call *k)
{
    if (k->http->verb != VERB_GET)
        api_reply_error(k, CRM_METHOD);
    else
        api_read(k, search);
}
