/*
 * batch_api.c - what a batch has besides an ordinary record: the rows that refused, cancel, undo.
 * Whoever may read the batch may do these.
 */
#include "data/stores.h"
#include "flow/batch.h"
#include "net/api_private.h"

#define PAGE 100

/* ---- the rows that refused ------------------------------------------------------------------- */

typedef struct listing {
    api_call *k;
    int64_t last;
    uint32_t count;
} listing;

static void text_or_null(json_writer *w, const char *name, value v)
{
    jw_key(w, str_of(name));
    if (v.kind == VALUE_TEXT) {
        jw_str(w, v.s);
    } else if (v.kind == VALUE_INT) {
        jw_int(w, v.i);
    } else {
        jw_null(w);
    }
}

enum { KIND_ERROR, KIND_CONFLICT, KIND_WARNING, KINDS };
static const char *const kinds[KINDS] = {"error", "conflict", "warning"};

static int kind_of(const value *row)
{
    return row[BATCH_ROW_IS_WARNING].i    ? KIND_WARNING
           : row[BATCH_ROW_IS_CONFLICT].i ? KIND_CONFLICT
                                          : KIND_ERROR;
}

static bool on_row(void *arg, const value *row, uint32_t matched)
{
    listing *l = arg;
    json_writer *w = &l->k->w;
    const field_error e = {.code = row[BATCH_ROW_CODE].s,
                           .params_json = row[BATCH_ROW_PARAMS].s,
                           .text = row[BATCH_ROW_TEXT].s};
    (void)matched;
    if (l->count++ == PAGE) {
        return false;
    }
    l->last = row[COL_ID].i;
    jw_object(w);
    jw_kstr(w, "kind", str_of(kinds[kind_of(row)]));
    text_or_null(w, "row", row[BATCH_ROW_ROW]);
    text_or_null(w, "entity", row[BATCH_ROW_ENTITY]);
    text_or_null(w, "record", row[BATCH_ROW_RECORD]);
    text_or_null(w, "field", row[BATCH_ROW_FIELD]);
    text_or_null(w, "code", row[BATCH_ROW_CODE]);
    problem_detail(w, &l->k->c, &e, row[BATCH_ROW_FIELD].s.n > 0);
    jw_end_object(w);
    return !w->b->failed;
}

static const cond *wanted(api_call *k, const entity *e)
{
    arena *a = k->c.arena;
    crm_str kind = http_param(k->http, "kind");
    int64_t after = 0;
    (void)!str_to_i64(http_param(k->http, "after"), &after);
    const cond *c = cond_compare(a, COND_EQ, &e->fields[BATCH_ROW_BATCH], value_int(k->id));
    c = cond_and(a, c, cond_compare(a, COND_GT, &e->fields[COL_ID], value_int(after)));
    if (!kind.n) {
        return c;
    }
    c = cond_and(a, c,
                 cond_compare(a, COND_EQ, &e->fields[BATCH_ROW_IS_CONFLICT],
                              value_int(str_is(kind, kinds[KIND_CONFLICT]))));
    /* Rows of before there were warnings say nothing of them. */
    return cond_and(a, c,
                    cond_compare(a, str_is(kind, kinds[KIND_WARNING]) ? COND_EQ : COND_NE,
                                 &e->fields[BATCH_ROW_IS_WARNING], value_int(1)));
}

static crm_status list_rows(api_call *k, listing *l)
{
    const entity *e = registry_store(k->c.reg, STORE_BATCH_ROW);
    query q = {.entity = e,
               .where = wanted(k, e),
               .limit = PAGE + 1,
               .sorts = {{&e->fields[COL_ID], false}},
               .sort_count = 1};
    engine_op op = {.kind = ENGINE_LIST, .entity = e, .query = &q, .on_row = on_row, .arg = l};
    engine_batch b = {.ops = &op, .count = 1};
    crm_status s = call_limit_read(&k->c, &b);
    return s == CRM_OK ? engine_read_now(k->c.session, &b) : s;
}

static bool is_kind(crm_str text)
{
    for (int i = 0; i < KINDS; i++) {
        if (str_is(text, kinds[i])) {
            return true;
        }
    }
    return false;
}

static void rows_read(api_call *k)
{
    record *seen;
    listing l = {.k = k};
    crm_str kind = http_param(k->http, "kind");
    k->status = records_get(&k->c, k->entity, k->id, &seen);
    if (k->status == CRM_OK && kind.n && !is_kind(kind)) {
        k->status = call_fail_field(&k->c, CRM_S("kind"), "not_a_choice",
                                    CRM_S("{\"choices\":\"error, conflict, warning\"}"));
    }
    if (k->status != CRM_OK) {
        return;
    }
    jw_init(&k->w, &k->text);
    jw_object(&k->w);
    jw_karray(&k->w, "rows");
    k->status = list_rows(k, &l);
    jw_end_array(&k->w);
    jw_key(&k->w, CRM_S("next"));
    if (l.count > PAGE) {
        jw_str(&k->w, arena_fmt(k->c.arena, "%lld", (long long)l.last));
    } else {
        jw_null(&k->w);
    }
    jw_end_object(&k->w);
}

/* ---- cancel and undo ------------------------------------------------------------------------- */

static crm_status commit_cancel(crm_ctx *c, void *arg)
{
    return batch_cancel(c, ((api_call *)arg)->id);
}

static void canceled(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
    } else {
        api_reply_empty(k, 204);
    }
}

/* The writer may run it twice, so k->id, which becomes the batch begun, is not what it reads. */
static crm_status commit_undo(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    const int64_t *of = k->own;
    bool is_loud = json_is_true(json_object_get(k->request.json, "rules"));
    return batch_undo(c, *of, !is_loud, &k->id);
}

static void undo_started(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    records_answer_written(k, 202);
}

/* A body may be left out. */
static crm_status read_wish(api_call *k)
{
    crm_status s = k->http->body.n ? api_read_json(k) : CRM_OK;
    const json_t *rules = json_object_get(k->request.json, "rules");
    if (s == CRM_OK && rules && !json_is_boolean(rules)) {
        s = call_fail_field(&k->c, CRM_S("rules"), "type_mismatch", (crm_str){0});
    }
    return s;
}

static void undo(api_call *k)
{
    int64_t *of = ARENA_NEW(k->http->arena, int64_t);
    if (!once_take_key(k)) {
        return;
    }
    crm_status s = of ? read_wish(k) : CRM_NOMEM;
    if (s != CRM_OK) {
        api_reply_error(k, s);
        return;
    }
    *of = k->id;
    k->own = of;
    api_write(k, commit_undo, undo_started);
}

static void cancel(api_call *k)
{
    if (once_take_key(k)) {
        api_write(k, commit_cancel, canceled);
    }
}

/* ---- routing --------------------------------------------------------------------------------- */

bool batch_route(api_call *k)
{
    crm_str path = k->rest, id = {0};
    http_verb v = k->http->verb;
    bool is_read = v == VERB_GET || v == VERB_HEAD;
    str_split(&path, '/', &id);
    if (str_to_i64(id, &k->id) != CRM_OK || k->id <= 0) {
        return false;
    }
    if (str_is(path, "rows") && is_read) {
        api_read(k, rows_read);
    } else if (str_is(path, "cancel") && v == VERB_POST) {
        cancel(k);
    } else if (str_is(path, "undo") && v == VERB_POST) {
        undo(k);
    } else {
        return false;
    }
    return true;
}
