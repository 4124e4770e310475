/*
 * batch_merge.c - the kind "merge": what refers to the merged records is moved to the winner. The
 * records themselves were merged when the batch was started, in the same commit, so nothing new can
 * refer to them meanwhile.
 *
 * spec: {"into":4,"from":[9,11]}. The cursor is "<entity> <field> <bin> <last>": the link that is
 * being followed, whether among what lies in the recycle bin, and the last record taken; empty: the
 * first.
 */
#include "flow/batch_merge.h"

#include "data/merge.h"
#include "flow/batch_private.h"

/* What a slice is to work on; count 0: nothing refers to them any more. */
typedef struct referring {
    merge_link link;
    bool is_bin;
    int64_t ids[BATCH_SLICE_ROWS];
    uint32_t count;
} referring;

/* ---- reading what is asked ------------------------------------------------------------------- */

crm_status merge_wish_read(crm_ctx *c, const entity *e, const json_t *spec, merge_wish *w)
{
    size_t i;
    json_t *item;
    const json_t *from = json_object_get(spec, "from");
    const json_t *into = json_object_get(spec, "into");
    *w = (merge_wish){.entity = e, .into = json_integer_value(into)};
    if (w->into <= 0) {
        return call_fail_field(c, CRM_S("into"), into ? "type_mismatch" : "required", (crm_str){0});
    }
    if (!json_is_array(from)) {
        return call_fail_field(c, CRM_S("from"), from ? "type_mismatch" : "required", (crm_str){0});
    }
    if (!json_array_size(from) || json_array_size(from) > MERGE_MAX) {
        return call_fail_field(c, CRM_S("from"), "out_of_range", CRM_S("{\"min\":1,\"max\":20}"));
    }
    json_array_foreach(from, i, item)
    {
        w->from[w->count] = json_integer_value(item);
        if (w->from[w->count++] <= 0) {
            return call_fail_field(c, CRM_S("from"), "type_mismatch", (crm_str){0});
        }
    }
    return CRM_OK;
}

static crm_status read_takes(crm_ctx *c, const json_t *take, merge_wish *w)
{
    const char *name;
    json_t *id;
    uint64_t shown[4];
    rights_fields(c, w->entity, shown);
    if (take && !json_is_object(take)) {
        return call_fail_field(c, CRM_S("take"), "type_mismatch", (crm_str){0});
    }
    json_object_foreach((json_t *)take, name, id)
    {
        const field *f = entity_field(w->entity, str_of(name));
        if (!f || f->index < COL_OWN || !bits_has(shown, f->index)) {
            return records_unknown_field(c, w->entity, str_of(name));
        }
        if (!json_is_integer(id) || json_integer_value(id) <= 0) {
            return call_fail_field(c, CRM_S("take"), "type_mismatch", (crm_str){0});
        }
        w->take[f->index] = json_integer_value(id);
    }
    return CRM_OK;
}

static int64_t rev_of(crm_ctx *c, const json_t *revs, int64_t id)
{
    crm_str key = arena_fmt(c->arena, "%lld", (long long)id);
    return key.p ? json_integer_value(json_object_getn(revs, key.p, key.n)) : 0;
}

static crm_status read_revs(crm_ctx *c, const json_t *revs, merge_wish *w)
{
    if (revs && !json_is_object(revs)) {
        return call_fail_field(c, CRM_S("revs"), "type_mismatch", (crm_str){0});
    }
    w->rev_into = rev_of(c, revs, w->into);
    for (uint32_t i = 0; i < w->count; i++) {
        w->rev_from[i] = rev_of(c, revs, w->from[i]);
    }
    return CRM_OK;
}

/* ---- starting -------------------------------------------------------------------------------- */

static crm_status start_batch(crm_ctx *c, const merge_wish *w, bool is_quiet, int64_t *id)
{
    record *r;
    uint16_t title = w->entity->title_field;
    json_t *from = json_array();
    crm_status s = records_get(c, w->entity, w->into, &r);
    if (s == CRM_NOT_FOUND) { /* records_merge says it, and where the record went */
        c->error = (call_error){0};
        s = CRM_OK;
    }
    for (uint32_t i = 0; i < w->count; i++) {
        json_array_append_new(from, json_integer(w->from[i]));
    }
    json_t *spec = json_pack("{s:I, s:o}", "into", (json_int_t)w->into, "from", from);
    batch_order o = {
        .kind = CRM_S("merge"), .entity = w->entity, .spec = spec, .is_quiet = is_quiet};
    if (s == CRM_OK && !spec) {
        s = CRM_NOMEM;
    }
    if (s == CRM_OK) {
        bool has_title = r && title >= COL_OWN && r->v[title].kind == VALUE_TEXT;
        o.title = has_title ? r->v[title].s : registry_text(c->reg, c->lang, w->entity->label_many);
        s = batch_start(c, &o, id);
    }
    json_decref(spec);
    return s;
}

crm_status merge_start(crm_ctx *c, const entity *e, const json_t *body, int64_t *id)
{
    merge_wish *w = ARENA_NEW(c->arena, merge_wish);
    bool is_quiet = json_is_true(json_object_get(body, "quiet"));
    const crm_str via = c->via;
    crm_status s = w ? merge_wish_read(c, e, body, w) : CRM_NOMEM;
    s = s ? s : read_takes(c, json_object_get(body, "take"), w);
    s = s ? s : read_revs(c, json_object_get(body, "revs"), w);
    if (s == CRM_OK && is_quiet && !call_may(c, CRM_S("settings"))) {
        s = call_fail(c, CRM_DENIED, "denied");
    }
    s = s ? s : start_batch(c, w, is_quiet, id);
    if (s != CRM_OK) {
        return s;
    }
    c->batch = *id;
    c->is_quiet = is_quiet;
    c->via = CRM_S("batch:merge");
    s = records_merge(c, w);
    c->batch = 0;
    c->is_quiet = false;
    c->via = via;
    return s;
}

/* ---- on a worker ----------------------------------------------------------------------------- */

static query of_link(crm_ctx *c, const merge_link *l, const merge_wish *w, bool is_bin)
{
    query q = {.entity = l->entity,
               .where = merge_link_cond(c->arena, l, w),
               .env = c->env,
               .with_deleted = is_bin,
               .only_deleted = is_bin};
    return q;
}

static crm_status run(crm_ctx *c, engine_op *op)
{
    engine_batch b = {.ops = op, .count = 1};
    crm_status s = call_limit_read(c, &b);
    return s ? s : engine_read_now(c->session, &b);
}

static crm_status count_link(crm_ctx *c, const merge_link *l, const merge_wish *w, int64_t *total)
{
    crm_status s = CRM_OK;
    for (int is_bin = 0; s == CRM_OK && is_bin < 2; is_bin++) {
        query q = of_link(c, l, w, is_bin);
        q.limit = UINT32_MAX - 1;
        engine_op op = {.kind = ENGINE_COUNT, .entity = l->entity, .query = &q};
        s = run(c, &op);
        *total += op.count;
    }
    return s;
}

/* The records themselves are done: they count as one. */
static crm_status prepare(crm_ctx *c, batch_run *b, const void *fn)
{
    merge_wish *w = ARENA_NEW(c->arena, merge_wish);
    merge_link *links = ARENA_ARRAY(c->arena, merge_link, FIELDS_MAX);
    (void)fn;
    crm_status s = w && links ? merge_wish_read(c, b->entity, b->spec, w) : CRM_NOMEM;
    uint32_t count = s ? 0 : merge_links(c->reg, b->entity, links);
    b->total = b->done = b->changed = 1;
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        s = count_link(c, &links[i], w, &b->total);
    }
    return s;
}

typedef struct place {
    uint32_t link; /* in merge_links */
    bool is_bin;
    int64_t last;
} place;

/* A link that is not there any more: from the first one on, what was moved is found no more. */
static place place_of(const batch_run *b, const merge_link *links, uint32_t count)
{
    crm_str rest = b->cursor, entity_name = {0}, name = {0}, bin = {0};
    place p = {0};
    str_split(&rest, ' ', &entity_name);
    str_split(&rest, ' ', &name);
    str_split(&rest, ' ', &bin);
    for (uint32_t i = 0; i < count; i++) {
        if (str_eq(links[i].entity->name, entity_name) && str_eq(links[i].field->name, name)) {
            p = (place){.link = i, .is_bin = str_is(bin, "1")};
            (void)!str_to_i64(rest, &p.last);
        }
    }
    return p;
}

static bool take_id(void *arg, const value *row, uint32_t matched)
{
    referring *x = arg;
    (void)matched;
    x->ids[x->count++] = row[COL_ID].i;
    return x->count < BATCH_SLICE_ROWS;
}

static crm_status fetch_link(crm_ctx *c, const merge_wish *w, int64_t last, referring *x)
{
    const field *id = &x->link.entity->fields[COL_ID];
    query q = of_link(c, &x->link, w, x->is_bin);
    q.where = cond_and(c->arena, q.where, cond_compare(c->arena, COND_GT, id, value_int(last)));
    q.limit = BATCH_SLICE_ROWS;
    q.sorts[0] = (sort){id, false};
    q.sort_count = 1;
    bits_add(q.select, COL_ID);
    engine_op op = {
        .kind = ENGINE_LIST, .entity = x->link.entity, .query = &q, .on_row = take_id, .arg = x};
    return run(c, &op);
}

static crm_status fetch(crm_ctx *c, batch_run *b, const void *fn)
{
    referring *x = ARENA_NEW(c->arena, referring);
    merge_wish *w = ARENA_NEW(c->arena, merge_wish);
    merge_link *links = ARENA_ARRAY(c->arena, merge_link, FIELDS_MAX);
    (void)fn;
    c->prepared = x;
    crm_status s = x && w && links ? merge_wish_read(c, b->entity, b->spec, w) : CRM_NOMEM;
    uint32_t count = s ? 0 : merge_links(c->reg, b->entity, links);
    place p = place_of(b, links, count);
    while (s == CRM_OK && !x->count && p.link < count) {
        x->link = links[p.link];
        x->is_bin = p.is_bin;
        s = fetch_link(c, w, p.last, x);
        p = (place){.link = p.link + p.is_bin, .is_bin = !p.is_bin};
    }
    return s;
}

/* ---- on the writer --------------------------------------------------------------------------- */

/* A winner that was merged meanwhile is not where anything goes any more. */
static crm_status follow_winner(crm_ctx *c, merge_wish *w)
{
    int64_t into;
    crm_status s = merged_into(c, w->entity, w->into, &into);
    if (s == CRM_OK) {
        w->into = into;
    }
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

static crm_status slice(crm_ctx *c, batch_run *b, bool *is_done, const void *fn)
{
    const referring *x = c->prepared;
    merge_wish *w = ARENA_NEW(c->arena, merge_wish);
    (void)fn;
    crm_status s = w ? merge_wish_read(c, b->entity, b->spec, w) : CRM_NOMEM;
    s = s ? s : follow_winner(c, w);
    for (uint32_t i = 0; s == CRM_OK && i < x->count && batch_goes_on(c, b); i++) {
        batch_place at = {.entity = x->link.entity, .record = x->ids[i]};
        s = batch_row_begin(c, b);
        s = s ? s : batch_row_end(c, b, &at, records_repoint(c, &x->link, x->ids[i], w));
        b->cursor = arena_fmt(c->arena, "%.*s %.*s %d %lld", STR_FMT(x->link.entity->name),
                              STR_FMT(x->link.field->name), x->is_bin, (long long)x->ids[i]);
    }
    *is_done = x->count == 0;
    return s;
}

crm_status merge_register(registry *r)
{
    batch_kind k = {.name = CRM_S("merge"),
                    .module = CRM_S("kernel"),
                    .prepare = prepare,
                    .fetch = fetch,
                    .slice = slice};
    return registry_add_batch_kind(r, &k);
}
