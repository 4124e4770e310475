/* aggregate_api.c - POST /api/v1/<entity>/aggregate: groups of the records the caller may read, or
 * those that his right to figures allows. */
#include "data/aggregate.h"
#include "net/api_private.h"

typedef struct asked {
    const grouping *groups, *totals; /* totals: NULL when not asked for */
} asked;

/* ---- the answer ------------------------------------------------------------------------------ */

static void put(json_writer *w, crm_str name, result_type type, value v)
{
    field as = result_field(type);
    jw_key(w, name);
    field_to_json(w, &as, &v, (crm_str){0}, false);
}

static void put_key(json_writer *w, const group_view *v, uint32_t i)
{
    field as = result_field(group_key_type(&v->g->keys[i]));
    jw_key(w, v->g->keys[i].name);
    field_to_json(w, &as, &v->keys[i], v->labels[i], v->denied[i]);
}

static bool put_group(void *arg, const group_view *v)
{
    json_writer *w = arg;
    jw_object(w);
    for (uint32_t i = 0; i < v->g->key_count; i++) {
        put_key(w, v, i);
    }
    for (uint32_t i = 0; i < v->g->measure_count; i++) {
        put(w, v->g->measures[i].name, measure_type(v->g, i), v->measures[i]);
    }
    jw_end_object(w);
    return !w->b->failed;
}

/* Null when even all the rows together are too few to be told of. */
static crm_status put_totals(api_call *k, const grouping *g, bool *is_folded)
{
    aggregate_told told;
    jw_key(&k->w, CRM_S("totals"));
    crm_status s = aggregate_run(&k->c, g, put_group, &k->w, &told);
    if (s == CRM_OK && told.is_folded) {
        jw_null(&k->w);
    }
    *is_folded |= told.is_folded;
    return s;
}

static void answer(api_call *k)
{
    const asked *q = k->own;
    aggregate_told told;
    jw_init(&k->w, &k->text);
    jw_object(&k->w);
    jw_karray(&k->w, "rows");
    k->status = aggregate_run(&k->c, q->groups, put_group, &k->w, &told);
    jw_end_array(&k->w);
    jw_kbool(&k->w, "more", told.has_more);
    if (k->status == CRM_OK && q->totals) {
        k->status = put_totals(k, q->totals, &told.is_folded);
    }
    if (told.is_folded) {
        jw_kbool(&k->w, "folded", true);
    }
    jw_end_object(&k->w);
}

/* ---- the question ---------------------------------------------------------------------------- */

/* The same measures over all rows: without keys, and so without what is about groups. */
static crm_status read_totals(api_call *k, const grouping *g, asked *q)
{
    const json_t *wants = json_object_get(k->request.json, "totals");
    if (wants && !json_is_boolean(wants)) {
        return call_fail_field(&k->c, CRM_S("totals"), "type_mismatch", (crm_str){0});
    }
    if (!json_is_true(wants)) {
        return CRM_OK;
    }
    grouping *all = ARENA_NEW(k->c.arena, grouping);
    if (!all) {
        return CRM_NOMEM;
    }
    *all = *g;
    all->key_count = all->having_count = all->sort_count = 0;
    q->totals = all;
    return CRM_OK;
}

static crm_status read_question(api_call *k, asked *q)
{
    grouping *g;
    crm_status s = api_read_json(k);
    if (s == CRM_OK && !aggregate_may(&k->c, k->entity)) {
        s = call_fail(&k->c, CRM_NOT_FOUND, "not_found");
    }
    if (s == CRM_OK) {
        s = grouping_read(&k->c, k->entity, k->request.json, &g);
    }
    if (s == CRM_OK) {
        s = read_totals(k, g, q);
    }
    q->groups = s == CRM_OK ? g : NULL;
    return s;
}

void aggregate_route(api_call *k)
{
    asked *q = ARENA_NEW(k->http->arena, asked);
    crm_status s = q ? read_question(k, q) : CRM_NOMEM;
    if (s != CRM_OK) {
        api_reply_error(k, s);
        return;
    }
    k->own = q;
    api_read(k, answer);
}
