/* history_api.c - the past of one record, for whoever may read it: who, when, by what way, old and
 * new. */
#include "net/history_private.h"

#define DEFAULT_LIMIT 50

/* ---- the answer ------------------------------------------------------------------------------ */

static void put_row(const history_text *t, const history_entry *h)
{
    json_writer *w = &t->k->w;
    char at[CLOCK_TEXT];
    clock_format(h->at, at);
    jw_object(w);
    jw_kstr(w, "at", str_of(at));
    jw_kobject(w, "by");
    jw_kint(w, "id", h->by);
    jw_kstr(w, "label", h->by_name);
    jw_end_object(w);
    history_put_members(t, h);
    jw_end_object(w);
}

static void put_all(const history_text *t, int64_t position)
{
    json_writer *w = &t->k->w;
    char next[POSITION_ROOM];
    jw_init(w, &t->k->text);
    jw_object(w);
    jw_karray(w, "rows");
    for (uint32_t i = 0; i < t->count; i++) {
        put_row(t, &t->rows[i]);
    }
    jw_end_array(w);
    jw_key(w, CRM_S("next"));
    if (position) {
        position_write(history_place(t->k), position, next);
        jw_str(w, str_of(next));
    } else {
        jw_null(w);
    }
    jw_end_object(w);
}

/* ---- what is asked --------------------------------------------------------------------------- */

static crm_status read_limit(api_call *k, history_query *q)
{
    int64_t limit = DEFAULT_LIMIT;
    crm_str text = http_param(k->http, "limit");
    if (text.n && (str_to_i64(text, &limit) != CRM_OK || limit < 1 || limit > LIST_MAX)) {
        return call_fail_field(&k->c, CRM_S("limit"), "out_of_range", (crm_str){0});
    }
    q->limit = (uint32_t)limit;
    return CRM_OK;
}

static crm_status read_query(api_call *k, history_query *q)
{
    crm_str name = http_param(k->http, "field"), before = http_param(k->http, "before");
    *q = (history_query){.entity = k->entity, .id = k->id};
    crm_status s = before.n ? position_take(&k->c, history_place(k), before, &q->before) : CRM_OK;
    s = s ? s : read_limit(k, q);
    q->field = name.n ? entity_field(k->entity, name) : NULL;
    if (s == CRM_OK && name.n && !(q->field && records_shows(&k->c, k->entity, q->field))) {
        s = records_unknown_field(&k->c, k->entity, name);
    }
    return s;
}

static void history_read(api_call *k)
{
    history_query q;
    history_entry *rows = NULL;
    history_text t = {.k = k};
    int64_t next = 0;
    k->status = read_query(k, &q);
    if (k->status == CRM_OK) {
        k->status = records_history(&k->c, &q, &rows, &t.count, &next);
        t.rows = rows;
    }
    if (k->status == CRM_OK) {
        k->status = history_read_labels(&t);
    }
    if (k->status == CRM_OK) {
        put_all(&t, next);
    }
}

void history_route(api_call *k)
{
    api_read(k, history_read);
}
