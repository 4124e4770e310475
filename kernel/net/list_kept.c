/* list_kept.c - a list out of rows that earlier lists have shown, where they have not changed. */
#include "net/list_private.h"

static list_keeping *keeping_of(const api_call *k)
{
    return &((list_state *)k->own)->keeping;
}

static bool is_kept(void *arg, int64_t id)
{
    api_call *k = arg;
    list_keeping *l = keeping_of(k);
    l->asked++;
    if (l->found_count == l->found_max) {
        return false;
    }
    crm_str json = kept_find(k->api->kept, &l->view, id, k->c.session);
    if (json.n) {
        l->found[l->found_count++] = json;
    }
    return json.n != 0;
}

static bool on_kept(void *arg, int64_t id)
{
    api_call *k = arg;
    list_keeping *l = keeping_of(k);
    (void)id; /* they come in the order in which they were asked for */
    jw_raw(&k->w, l->found[l->given++]);
    return !k->w.b->failed;
}

/* A page behind another is hardly ever looked at twice, and words stand in other places for each
 * search. */
void list_keep_begin(api_call *k, const query *q)
{
    list_keeping *l = keeping_of(k);
    bool is_likely;
    if (q->after.is_set || q->terms.n || q->only_deleted) {
        return;
    }
    l->view = kept_view_of(k->api->kept, &k->c, q->entity, q->select, &is_likely);
    if (!l->view.number || !is_likely) {
        return;
    }
    l->found_max = q->limit;
    l->found = ARENA_ARRAY(k->http->arena, crm_str, l->found_max);
    if (l->found) {
        k->read.is_kept = is_kept;
        k->read.on_kept = on_kept;
    }
}

void list_keep_nothing(api_call *k)
{
    *keeping_of(k) = (list_keeping){.found = NULL};
    k->read.is_kept = k->read.on_kept = NULL;
}

void list_keep_row(api_call *k, const record_view *v, size_t begin)
{
    list_keeping *l = keeping_of(k);
    fresh_row *f = l->view.number ? ARENA_NEW(k->http->arena, fresh_row) : NULL;
    if (!f) {
        return;
    }
    begin += k->w.b->p[begin] == ',';
    *f = (fresh_row){.next = l->fresh, .begin = begin, .end = k->w.b->n};
    f->row.id = v->row[COL_ID].i;
    f->row.seen = engine_seen(k->c.session);
    f->row.ref_count = record_view_refs(&k->c, v, f->row.refs, KEPT_REFS_MAX);
    l->fresh = f;
}

/* Not before: a row that is kept may take the room of one that is to be given. The page's last row
 * is read each time, and may be there already. */
void list_keep_end(api_call *k)
{
    list_keeping *l = keeping_of(k);
    for (const fresh_row *f = l->fresh; f; f = f->next) {
        crm_str json = {k->w.b->p + f->begin, f->end - f->begin};
        if (!kept_find(k->api->kept, &l->view, f->row.id, k->c.session).n) {
            kept_add(k->api->kept, &l->view, &f->row, json);
        }
    }
    if (l->found) {
        kept_judge(&l->view, l->asked, l->given);
        k->api->stats.rows_kept += l->given;
    }
}
