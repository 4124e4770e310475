/*
 * batch_bulk.c - the kind "bulk": the same change to many records, chosen by ids or by a condition.
 *
 * spec: {"ids":[…]} or {"where":c,"q":"…"}, and one of "set", "delete", "restore". The cursor is
 * "<last> <top>": the last id (or place in `ids`) that was taken, and the greatest id there was
 * when it began, so records made since are not touched.
 */
#include "data/search.h"
#include "flow/batch_private.h"

#define IDS_MAX   1000
#define TITLE_MAX 200

typedef struct place {
    int64_t last, top;
} place;

/* What a slice is to work on. */
typedef struct chosen {
    int64_t ids[BATCH_SLICE_ROWS];
    uint32_t count;
    bool is_last; /* nothing follows */
} chosen;

/* ---- reading what is asked ------------------------------------------------------------------- */

static bool is_true(const json_t *spec, const char *name)
{
    return json_is_true(json_object_get(spec, name));
}

static crm_status wrong(crm_ctx *c, const char *name, const char *code)
{
    return call_fail_field(c, str_of(name), code, (crm_str){0});
}

static crm_status check_ids(crm_ctx *c, const json_t *ids)
{
    size_t n = json_array_size(ids);
    if (!json_is_array(ids)) {
        return wrong(c, "ids", "type_mismatch");
    }
    if (n == 0 || n > IDS_MAX) {
        return call_fail_field(c, CRM_S("ids"), "out_of_range", CRM_S("{\"min\":1,\"max\":1000}"));
    }
    for (size_t i = 0; i < n; i++) {
        if (!json_is_integer(json_array_get(ids, i)) ||
            json_integer_value(json_array_get(ids, i)) <= 0) {
            return wrong(c, "ids", "type_mismatch");
        }
    }
    return CRM_OK;
}

static crm_status read_where(crm_ctx *c, const entity *e, const json_t *spec, query *q)
{
    cond_error err = {0};
    const json_t *where = json_object_get(spec, "where");
    const cond *read = NULL;
    *q = (query){.entity = e,
                 .sorts = {{&e->fields[COL_ID], false}},
                 .sort_count = 1,
                 .with_deleted = is_true(spec, "restore"),
                 .only_deleted = is_true(spec, "restore")};
    bits_add(q->select, COL_ID);
    crm_str words = json_text(spec, "q"), terms = {0};
    crm_status s = words.n ? search_terms(c->arena, words, &terms) : CRM_OK;
    if (s == CRM_OK && where && !json_is_true(where)) {
        cond_scope in = records_scope(c, e);
        s = cond_read(c->arena, &in, where, &read, &err);
        q->where = read;
        if (s == CRM_INVALID) {
            return records_bad_cond(c, &err, "where");
        }
    }
    search_ask(q, words, terms);
    return s;
}

/* Names and types of what is set, before anything starts; a row's own rights come at its turn. */
static crm_status check_set(crm_ctx *c, const entity *e, const json_t *set)
{
    record *r = ARENA_NEW(c->arena, record);
    value *v = ARENA_ARRAY(c->arena, value, e->field_count);
    if (!r || !v) {
        return CRM_NOMEM;
    }
    if (!json_is_object(set) || !json_object_size(set)) {
        return wrong(c, "set", "required");
    }
    *r = (record){.entity = e, .arena = c->arena, .v = v};
    rights_fields(c, e, r->visible);
    return record_from_json(c, r, set);
}

static crm_status check_shape(crm_ctx *c, const json_t *body)
{
    const json_t *ids = json_object_get(body, "ids"), *where = json_object_get(body, "where");
    const json_t *title = json_object_get(body, "title");
    int verbs =
        (json_object_get(body, "set") != NULL) + is_true(body, "delete") + is_true(body, "restore");
    if (!ids == !where) {
        return wrong(c, "ids", "ids_or_where");
    }
    if (where && !json_is_array(where) && !json_is_true(where)) {
        return wrong(c, "where", "type_mismatch");
    }
    const json_t *words = json_object_get(body, "q");
    if (words && (!json_is_string(words) || !str_trim(json_text(body, "q")).n)) {
        return wrong(c, "q", "type_mismatch"); /* without words it would take every row */
    }
    if (verbs != 1) {
        return wrong(c, "set", "one_of_set_delete_restore");
    }
    if (title && (!json_is_string(title) || json_string_length(title) > TITLE_MAX * 4)) {
        return wrong(c, "title", "too_long");
    }
    return ids ? check_ids(c, ids) : CRM_OK;
}

static crm_status may_start(crm_ctx *c, const entity *e, const json_t *body)
{
    bool is_set = json_object_get(body, "set") != NULL;
    if (!rights_may_some(c, e, ACTION_READ)) {
        return call_fail(c, CRM_NOT_FOUND, "not_found");
    }
    if (!call_may(c, CRM_S("bulk")) ||
        !rights_may_some(c, e, is_set ? ACTION_UPDATE : ACTION_DELETE)) {
        return call_fail(c, CRM_DENIED, "denied");
    }
    if (is_true(body, "quiet") && !call_may(c, CRM_S("settings"))) {
        return call_fail(c, CRM_DENIED, "denied");
    }
    return CRM_OK;
}

static bool pass(void *arg, const record_view *v)
{
    (void)arg;
    (void)v;
    return true;
}

static crm_status count_matching(crm_ctx *c, query *q, uint32_t cap, int64_t *total)
{
    query one = *q;
    one.limit = 1;
    record_read rd = {.call = c, .query = &one, .count = true, .count_max = cap, .on_row = pass};
    crm_status s = records_read_now(&rd);
    *total = rd.total;
    return s;
}

static crm_status check_expected(crm_ctx *c, const entity *e, const json_t *body)
{
    query q;
    const json_t *expect = json_object_get(body, "expect"), *ids = json_object_get(body, "ids");
    int64_t seen = json_integer_value(expect), total = (int64_t)json_array_size(ids);
    crm_status s = ids ? CRM_OK : read_where(c, e, body, &q);
    if (s != CRM_OK || !expect) {
        return s;
    }
    if (!json_is_integer(expect)) {
        return wrong(c, "expect", "type_mismatch");
    }
    if (!ids) {
        s = count_matching(c, &q, COUNT_CAP, &total);
    }
    if (s != CRM_OK || total == (seen < COUNT_CAP - 1 || ids ? seen : COUNT_CAP - 1)) {
        return s;
    }
    call_fail(c, CRM_CONFLICT, "count_changed");
    c->error.params_json = arena_fmt(c->arena, "{\"count\":%lld}", (long long)total);
    return CRM_CONFLICT;
}

crm_status bulk_check(crm_ctx *c, const entity *e, const json_t *body)
{
    const json_t *set = json_object_get(body, "set");
    crm_status s = may_start(c, e, body);
    s = s ? s : check_shape(c, body);
    if (s == CRM_OK && set) {
        s = check_set(c, e, set);
    }
    return s ? s : check_expected(c, e, body);
}

crm_status bulk_start(crm_ctx *c, const entity *e, const json_t *body, int64_t *id)
{
    static const char *const kept[] = {"ids", "where", "q", "set", "delete", "restore"};
    json_t *spec = json_object();
    crm_str title = json_text(body, "title");
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (json_object_get(body, kept[i])) {
            json_object_set(spec, kept[i], json_object_get(body, kept[i]));
        }
    }
    batch_order o = {.kind = CRM_S("bulk"),
                     .title = title.n ? title : registry_text(c->reg, c->lang, e->label_many),
                     .entity = e,
                     .spec = spec,
                     .is_quiet = is_true(body, "quiet")};
    crm_status s = may_start(c, e, body);
    s = s ? s : batch_start(c, &o, id);
    json_decref(spec);
    return s;
}

/* ---- on a worker ----------------------------------------------------------------------------- */

static crm_status place_of(const batch_run *b, place *out)
{
    crm_str rest = b->cursor, last = {0};
    *out = (place){0};
    if (!b->cursor.n) {
        return CRM_OK;
    }
    str_split(&rest, ' ', &last);
    crm_status s = str_to_i64(last, &out->last);
    return s ? s : str_to_i64(rest, &out->top);
}

static crm_str place_text(arena *a, place p)
{
    return arena_fmt(a, "%lld %lld", (long long)p.last, (long long)p.top);
}

static bool take_top(void *arg, const value *row, uint32_t matched)
{
    (void)matched;
    *(int64_t *)arg = row[COL_ID].i;
    return false;
}

/* The greatest id there is, whoever may see it. */
static crm_status find_top(crm_ctx *c, const entity *e, int64_t *top)
{
    query q = {.entity = e,
               .limit = 1,
               .sorts = {{&e->fields[COL_ID], true}},
               .sort_count = 1,
               .with_deleted = true};
    engine_op op = {.kind = ENGINE_LIST, .entity = e, .query = &q, .on_row = take_top, .arg = top};
    engine_batch all = {.ops = &op, .count = 1};
    bits_add(q.select, COL_ID);
    crm_status s = call_limit_read(c, &all);
    return s ? s : engine_read_now(c->session, &all);
}

static crm_status prepare(crm_ctx *c, batch_run *b, const void *fn)
{
    query q;
    place p = {0};
    const json_t *ids = json_object_get(b->spec, "ids");
    (void)fn;
    b->total = (int64_t)json_array_size(ids);
    crm_status s = ids ? CRM_OK : find_top(c, b->entity, &p.top);
    if (s == CRM_OK && !ids) {
        s = read_where(c, b->entity, b->spec, &q);
    }
    if (s == CRM_OK && !ids) {
        s = count_matching(c, &q, UINT32_MAX - 1, &b->total);
    }
    b->cursor = place_text(c->arena, p);
    return s;
}

static bool take_id(void *arg, const record_view *v)
{
    chosen *x = arg;
    x->ids[x->count++] = v->row[COL_ID].i;
    return true;
}

static crm_status fetch_matching(crm_ctx *c, const batch_run *b, place p, chosen *out)
{
    query q;
    const field *id = &b->entity->fields[COL_ID];
    record_read rd = {.call = c, .query = &q, .on_row = take_id, .arg = out};
    crm_status s = read_where(c, b->entity, b->spec, &q);
    if (s != CRM_OK) {
        return s;
    }
    const cond *range = cond_and(c->arena, cond_compare(c->arena, COND_GT, id, value_int(p.last)),
                                 cond_compare(c->arena, COND_LTE, id, value_int(p.top)));
    q.where = cond_and(c->arena, range, q.where);
    q.limit = BATCH_SLICE_ROWS;
    s = records_read_now(&rd);
    out->is_last = !rd.has_more;
    return s;
}

static void fetch_given(const json_t *ids, place p, chosen *out)
{
    size_t n = json_array_size(ids), at = (size_t)p.last;
    while (at < n && out->count < BATCH_SLICE_ROWS) {
        out->ids[out->count++] = json_integer_value(json_array_get(ids, at++));
    }
    out->is_last = at == n;
}

static crm_status fetch(crm_ctx *c, batch_run *b, const void *fn)
{
    place p;
    chosen *out = ARENA_NEW(c->arena, chosen);
    const json_t *ids = json_object_get(b->spec, "ids");
    (void)fn;
    c->prepared = out;
    crm_status s = out ? place_of(b, &p) : CRM_NOMEM;
    if (s == CRM_OK && ids) {
        fetch_given(ids, p, out);
    } else if (s == CRM_OK) {
        s = fetch_matching(c, b, p, out);
    }
    return s;
}

/* ---- on the writer --------------------------------------------------------------------------- */

static crm_status change_one(crm_ctx *c, const batch_run *b, int64_t id)
{
    record *r;
    if (is_true(b->spec, "delete")) {
        return records_delete(c, b->entity, id, 0);
    }
    if (is_true(b->spec, "restore")) {
        return records_restore(c, b->entity, id);
    }
    crm_status s = records_get(c, b->entity, id, &r);
    s = s ? s : record_from_json(c, r, json_object_get(b->spec, "set"));
    return s ? s : records_save(c, r, 0);
}

static crm_status slice(crm_ctx *c, batch_run *b, bool *is_done, const void *fn)
{
    place p;
    uint32_t i = 0;
    const chosen *x = c->prepared;
    bool by_ids = json_object_get(b->spec, "ids") != NULL;
    (void)fn;
    crm_status s = place_of(b, &p);
    for (; s == CRM_OK && i < x->count && batch_goes_on(c, b); i++) {
        batch_place at = {.entity = b->entity, .record = x->ids[i]};
        s = batch_row_begin(c, b);
        s = s ? s : batch_row_end(c, b, &at, change_one(c, b, x->ids[i]));
        p.last = by_ids ? p.last + 1 : x->ids[i];
    }
    *is_done = i == x->count && x->is_last;
    b->cursor = place_text(c->arena, p);
    return s;
}

crm_status bulk_register(registry *r)
{
    batch_kind k = {.name = CRM_S("bulk"),
                    .module = CRM_S("kernel"),
                    .prepare = prepare,
                    .fetch = fetch,
                    .slice = slice};
    return registry_add_batch_kind(r, &k);
}
