/*
 * records_write.c - creating, changing, deleting and restoring a record. The body is parsed on the
 * loop, the change is made on the writer, and the answer is the record read again under the
 * caller's rights after the commit.
 */
#include "net/api_private.h"

#include "data/merge.h"
#include "data/positions.h"
#include "data/stores.h"
#include "flow/batch.h"
#include "flow/remote.h"

#define ASKED_MAX 3 /* times that others may change a record while services are asked about it */

typedef enum write_kind {
    WRITE_CREATE,
    WRITE_PATCH,
    WRITE_DELETE,
    WRITE_RESTORE,
    WRITE_COPY,
    WRITE_PURGE,
    WRITE_UNDO,
    WRITE_BULK,
    WRITE_MERGE
} write_kind;

typedef struct change_state {
    write_kind kind;
    int64_t base_rev;
    int times_asked; /* services about this write */
} change_state;

/* ---- on the writer --------------------------------------------------------------------------- */

static crm_status save(crm_ctx *c, api_call *k, const change_state *x)
{
    record *r;
    if (x->kind == WRITE_CREATE && !rights_may_some(c, k->entity, ACTION_CREATE)) {
        return call_fail(c, CRM_DENIED, "denied"); /* before any field is called unknown */
    }
    crm_status s = x->kind == WRITE_CREATE ? records_new(c, k->entity, &r)
                                           : records_get(c, k->entity, k->id, &r);
    if (s == CRM_OK && x->base_rev && r->v[COL_REV].i != x->base_rev) {
        return call_fail(c, CRM_STALE, "stale");
    }
    if (s == CRM_OK) {
        s = record_from_json(c, r, k->request.json);
    }
    /* Field errors of the JSON do not stop here: saving gathers the rest of them. */
    if (s == CRM_OK || (s == CRM_INVALID && c->error.fields)) {
        crm_status saved = records_save(c, r, x->base_rev);
        s = s == CRM_OK ? saved : s;
    }
    if (s == CRM_OK) {
        k->id = r->v[COL_ID].i;
    }
    return s;
}

static crm_status copy(crm_ctx *c, api_call *k)
{
    record *made;
    crm_status s = records_copy(c, k->entity, k->id, k->request.json, &made);
    if (s == CRM_OK) {
        k->id = made->v[COL_ID].i;
    }
    return s;
}

/* ---- taking back ----------------------------------------------------------------------------- */

static crm_status undo_fields(crm_ctx *c, const entity *e, const json_t *names, uint64_t out[4])
{
    uint64_t shown[4];
    rights_fields(c, e, shown);
    if (names && (!json_is_array(names) || !json_array_size(names))) {
        return call_fail_field(c, CRM_S("fields"), "type_mismatch", (crm_str){0});
    }
    for (size_t i = 0; i < json_array_size(names); i++) {
        const json_t *item = json_array_get(names, i);
        crm_str name = {json_string_value(item), json_string_length(item)};
        const field *f = json_is_string(item) ? entity_field(e, name) : NULL;
        if (!f || !bits_has(shown, f->index)) {
            return records_unknown_field(c, e, name);
        }
        bits_add(out, f->index);
    }
    return CRM_OK;
}

static crm_status take_position(crm_ctx *c, const api_call *k, const char *name, int64_t *out)
{
    position_place of = {.of = POSITION_HISTORY, .entity = k->entity->id, .record = k->id};
    crm_str text = json_text(k->request.json, name);
    if (!text.n) {
        return call_fail_field(c, str_of(name), "type_mismatch", (crm_str){0});
    }
    return position_take(c, of, text, out);
}

static crm_status undo_change(crm_ctx *c, api_call *k, int64_t position)
{
    change ch;
    uint64_t conflicts[4];
    const json_t *body = k->request.json;
    undo_wish wish = {.change = &ch, .force = json_is_true(json_object_get(body, "force"))};
    crm_status s = undo_fields(c, k->entity, json_object_get(body, "fields"), wish.fields);
    s = s ? s : changelog_get(c->session, c->reg, c->arena, position, &ch);
    if (s == CRM_NOT_FOUND || (s == CRM_OK && (ch.entity != k->entity || ch.record != k->id))) {
        return call_fail(c, CRM_NOT_FOUND, "not_found");
    }
    return s ? s : records_undo(c, &wish, conflicts);
}

static crm_status undo(crm_ctx *c, api_call *k)
{
    int64_t position = 0;
    const json_t *body = k->request.json;
    bool has_change = json_object_get(body, "change"), has_to = json_object_get(body, "to");
    if (has_change && has_to) {
        return call_fail_field(c, CRM_S("to"), "change_or_to", (crm_str){0});
    }
    if (!has_change && !has_to) {
        return call_fail_field(c, CRM_S("change"), "required", (crm_str){0});
    }
    crm_status s = take_position(c, k, has_to ? "to" : "change", &position);
    if (s != CRM_OK) {
        return s;
    }
    return has_to ? records_undo_to(c, k->entity, k->id, position) : undo_change(c, k, position);
}

/* ---- the change itself ----------------------------------------------------------------------- */

static crm_status change_by_kind(crm_ctx *c, api_call *k, const change_state *x)
{
    switch (x->kind) {
    case WRITE_CREATE:
    case WRITE_PATCH:
        return save(c, k, x);
    case WRITE_DELETE:
        return records_delete(c, k->entity, k->id, x->base_rev);
    case WRITE_RESTORE:
        return records_restore(c, k->entity, k->id);
    case WRITE_COPY:
        return copy(c, k);
    case WRITE_PURGE:
        return bin_purge(c, k->entity, k->id);
    case WRITE_UNDO:
        return undo(c, k);
    case WRITE_BULK:
        return bulk_start(c, k->entity, k->request.json, &k->id);
    case WRITE_MERGE:
        return merge_start(c, k->entity, k->request.json, &k->id);
    }
    return CRM_INTERNAL;
}

static crm_status commit(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    const change_state *x = k->own;
    crm_status s = change_by_kind(c, k, x);
    if (s == CRM_NOT_FOUND && x->kind != WRITE_CREATE) {
        s = merged_answer(c, k->entity, k->id, s);
    }
    return s;
}

/* ---- on the loop ----------------------------------------------------------------------------- */

static void write_asked(api_call *k);

static void written(api_call *k)
{
    change_state *x = k->own;
    if (k->status != CRM_OK && remote_is_outdated(&k->c) && x->times_asked < ASKED_MAX) {
        k->c.error = (call_error){0};
        write_asked(k);
        return;
    }
    if (k->status == CRM_STALE) {
        records_answer_stale(k);
        return;
    }
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    if (x->kind == WRITE_DELETE || x->kind == WRITE_PURGE) {
        api_reply_empty(k, 204);
        return;
    }
    bool is_batch = x->kind == WRITE_BULK || x->kind == WRITE_MERGE;
    if (is_batch) {
        k->entity = registry_store(k->c.reg, STORE_BATCH);
    }
    bool is_made = x->kind == WRITE_CREATE || x->kind == WRITE_COPY;
    records_answer_written(k, is_made ? 201 : is_batch ? 202 : 200);
}

/* If-Match: "3". A weak or foreign tag can never match, so it reads as revision -1. */
static int64_t base_rev(const http_request *r)
{
    crm_str tag = http_header(r, "if-match");
    int64_t rev = -1;
    if (!tag.n || str_is(tag, "*")) {
        return 0;
    }
    if (tag.n > 2 && tag.p[0] == '"' && tag.p[tag.n - 1] == '"') {
        (void)!str_to_i64((crm_str){tag.p + 1, tag.n - 2}, &rev);
    }
    return rev > 0 ? rev : -1;
}

/* What is asked for many records is looked at on a pool first: counting them takes time. */
static void check_bulk(api_call *k)
{
    k->status = once_is_done(k) ? CRM_OK : bulk_check(&k->c, k->entity, k->request.json);
}

static void bulk_checked(api_call *k)
{
    if (k->status == CRM_OK) {
        api_write(k, commit, written);
    } else {
        api_reply_error(k, k->status);
    }
}

/* Services that were declared to judge such a change are asked before it waits for the writer. */
static void ask_services(api_call *k)
{
    const change_state *x = k->own;
    int64_t id = x->kind == WRITE_PATCH ? k->id : 0;
    k->status =
        once_is_done(k) ? CRM_OK : remote_ask(&k->c, k->entity, id, k->request.json, once_key(k));
    k->c.until = 0;
}

static void services_asked(api_call *k)
{
    if (k->status == CRM_OK) {
        api_write(k, commit, written);
    } else {
        api_reply_error(k, k->status);
    }
}

static void write_asked(api_call *k)
{
    change_state *x = k->own;
    hook_when when = x->kind == WRITE_CREATE ? HOOK_BEFORE_CREATE : HOOK_BEFORE_UPDATE;
    bool is_plain = x->kind == WRITE_CREATE || x->kind == WRITE_PATCH;
    if (!is_plain || !remote_asks(k->c.reg, k->entity, when)) {
        api_write(k, commit, written);
        return;
    }
    x->times_asked++;
    k->c.until = clock_mono() + REMOTE_HOOK_MAX_MS * 1000000LL;
    api_pool(k, POOL_ASK, ask_services, services_asked);
}

static bool has_kind(api_call *k, crm_str path, write_kind *out)
{
    http_verb v = k->http->verb;
    bool is_one = k->id > 0;
    if (str_is(k->rest, "bulk") && v == VERB_POST) {
        *out = WRITE_BULK;
    } else if (str_is(k->rest, "merge") && v == VERB_POST) {
        *out = WRITE_MERGE;
    } else if (!is_one && v == VERB_POST && !k->rest.n) {
        *out = WRITE_CREATE;
    } else if (is_one && !path.n && v == VERB_PATCH) {
        *out = WRITE_PATCH;
    } else if (is_one && !path.n && v == VERB_DELETE) {
        *out = str_is(http_param(k->http, "forever"), "1") ? WRITE_PURGE : WRITE_DELETE;
    } else if (is_one && str_is(path, "undo") && v == VERB_POST) {
        *out = WRITE_UNDO;
    } else if (is_one && str_is(path, "restore") && v == VERB_POST) {
        *out = WRITE_RESTORE;
    } else if (is_one && str_is(path, "copy") && v == VERB_POST) {
        *out = WRITE_COPY;
    } else {
        return false;
    }
    return true;
}

static const char *methods_of(const api_call *k, crm_str path)
{
    bool is_act = str_is(path, "undo") || str_is(path, "restore") || str_is(path, "copy");
    if (is_act || str_is(k->rest, "bulk") || str_is(k->rest, "merge")) {
        return "POST";
    }
    return !k->rest.n ? "GET, HEAD, POST" : path.n ? "GET, HEAD" : "GET, HEAD, PATCH, DELETE";
}

void records_write_route(api_call *k)
{
    crm_str path = k->rest, id = {0};
    change_state *x = ARENA_NEW(k->http->arena, change_state);
    str_split(&path, '/', &id);
    bool is_of_many = str_is(k->rest, "bulk") || str_is(k->rest, "merge");
    if (id.n && !is_of_many && (str_to_i64(id, &k->id) != CRM_OK || k->id <= 0)) {
        api_reply_error(k, CRM_NOT_FOUND);
        return;
    }
    if (!x) {
        api_reply_error(k, CRM_NOMEM);
        return;
    }
    if (!has_kind(k, path, &x->kind)) {
        api_reply_method(k, methods_of(k, path));
        return;
    }
    if (!once_take_key(k)) {
        return;
    }
    crm_status s = CRM_OK;
    if (x->kind != WRITE_DELETE && x->kind != WRITE_PURGE && x->kind != WRITE_RESTORE) {
        s = api_read_json(k);
    }
    if (s != CRM_OK) {
        api_reply_error(k, s);
        return;
    }
    k->own = x;
    x->base_rev = base_rev(k->http);
    if (x->kind == WRITE_BULK) {
        api_look(k, check_bulk, bulk_checked);
    } else {
        write_asked(k);
    }
}
