/* records_api.c - reading one record, and which route answers what is asked of records. */
#include "data/stores.h"
#include "net/list_private.h"

/* ---- one record ------------------------------------------------------------------------------ */

typedef struct one_state {
    int status;
    bool is_stale, is_written, found;
    int64_t rev;
} one_state;

static bool one_row(void *arg, const record_view *v)
{
    api_call *k = arg;
    static const uint64_t everything[4];
    one_state *o = k->own;
    o->found = true;
    o->rev = v->row[COL_REV].i;
    record_json(&k->w, &k->c, v, everything, true);
    return true;
}

static void answer_hidden(api_call *k)
{
    const one_state *o = k->own;
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, o->status);
}

/* What was written is written, whoever may read it now. */
static void answer_unseen(api_call *k, const one_state *o)
{
    http_body(k->http)->n = k->mark;
    if (o->is_written) {
        api_look(k, records_look_hidden, answer_hidden);
    } else {
        records_answer_missing(k);
    }
}

static crm_str etag_of(arena *a, int64_t rev)
{
    char digits[STR_I64_MAX];
    crm_str said = str_from_i64(rev, digits);
    char *p = arena_alloc(a, said.n + 2);
    if (!p) {
        return (crm_str){0};
    }
    memcpy(p + 1, said.p, said.n);
    p[0] = p[said.n + 1] = '"';
    return (crm_str){p, said.n + 2};
}

static void one_done(record_read *r, crm_status s)
{
    api_call *k = r->arg;
    one_state *o = k->own;
    http_request *h = k->http;
    if (s == CRM_OK && !o->found) {
        s = CRM_NOT_FOUND;
    }
    if (o->is_stale) {
        api_reply_stale(k, s == CRM_OK ? buf_view(&k->text) : (crm_str){0});
        return;
    }
    if (o->status == 201) {
        http_set(
            h, "Location",
            arena_fmt(h->arena, "/api/v1/%.*s/%lld", STR_FMT(k->entity->name), (long long)k->id));
    }
    if (s == CRM_NOT_FOUND) {
        answer_unseen(k, o);
        return;
    }
    if (s != CRM_OK) {
        api_reply_error(k, s);
        return;
    }
    crm_str etag = etag_of(h->arena, o->rev);
    http_set(h, "ETag", etag);
    if (!o->is_written && http_etag_matches(h, etag)) {
        api_reply_empty(k, 304);
        return;
    }
    api_reply(k, o->status);
}

static void read_one(api_call *k, one_state how)
{
    query *q = query_new(k->c.arena, k->entity);
    one_state *o = ARENA_NEW(k->http->arena, one_state);
    if (!q || !o) {
        api_reply_error(k, CRM_NOMEM);
        return;
    }
    *o = how;
    q->with_deleted = how.is_written; /* an undo may have put it into the bin */
    k->own = o;
    k->read = (record_read){.call = &k->c,
                            .query = q,
                            .id = k->id,
                            .want_labels = true,
                            .on_row = one_row,
                            .done = one_done,
                            .arg = k};
    jw_init(&k->w, how.is_stale ? &k->text : http_body(k->http));
    api_read_inline(k);
}

void records_answer_one(api_call *k)
{
    read_one(k, (one_state){.status = 200});
}

void records_answer_written(api_call *k, int status)
{
    read_one(k, (one_state){.status = status, .is_written = true});
}

void records_answer_stale(api_call *k)
{
    read_one(k, (one_state){.status = 412, .is_stale = true});
}

/* ---- routing --------------------------------------------------------------------------------- */

/* POST <id>/tell, of an entity whose records belong to somebody. */
static bool is_told(api_call *k)
{
    crm_str rest = k->rest, id = {0};
    str_split(&rest, '/', &id);
    return k->http->verb == VERB_POST && str_is(rest, "tell") &&
           k->entity->owner_fields[0] >= COL_OWN && str_to_i64(id, &k->id) == CRM_OK && k->id > 0;
}

void records_route(api_call *k)
{
    crm_str path = k->rest, id = {0};
    bool is_read = k->http->verb == VERB_GET || k->http->verb == VERB_HEAD;
    if (k->entity == registry_store(k->c.reg, STORE_BATCH) && batch_route(k)) {
        return;
    }
    if (duplicates_route(k)) {
        return;
    }
    if (k->http->verb == VERB_POST && str_is(path, "merge/preview")) {
        merge_preview_route(k);
        return;
    }
    if (k->http->verb == VERB_POST && str_is(path, "aggregate")) {
        aggregate_route(k);
        return;
    }
    if (is_told(k)) {
        tell_route(k);
        return;
    }
    if (!is_read) {
        records_write_route(k);
        return;
    }
    if (!path.n) {
        list_route(k);
        return;
    }
    str_split(&path, '/', &id);
    if (str_is(id, "export") && !path.n) {
        export_route(k);
        return;
    }
    if (str_is(id, "changes") && !path.n) {
        changes_route(k);
        return;
    }
    bool is_id = str_to_i64(id, &k->id) == CRM_OK && k->id > 0;
    if (is_id && !path.n) {
        records_answer_one(k);
    } else if (is_id && str_is(path, "history")) {
        history_route(k);
    } else if (is_id && str_is(path, "timeline") && k->entity->notes) {
        timeline_route(k);
    } else {
        api_reply_error(k, CRM_NOT_FOUND);
    }
}
