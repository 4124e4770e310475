/*
 * duplicates_api.c - duplicates of a record, of what is being typed, and pairs to work through.
 * Reads run on a pool; they show a record as far as its reader may see it, a foreign one by its
 * minimal card.
 */
#include "data/match.h"
#include "net/api_private.h"

#define LIMIT      20
#define PAIR_LIMIT 30
#define WALK_NS    200000000LL

/* ---- records in the answer ------------------------------------------------------------------- */

/* The JSON of records by id, written before the answer that holds them in another order. */
typedef struct cards {
    api_call *k;
    value *ids; /* those wanted */
    crm_str *json;
    uint32_t count;
} cards;

static crm_status cards_new(api_call *k, uint32_t most, cards *out)
{
    arena *a = k->c.arena;
    *out = (cards){
        .k = k, .ids = ARENA_ARRAY(a, value, most + 1), .json = ARENA_ARRAY(a, crm_str, most + 1)};
    return arena_failed(a) ? CRM_NOMEM : CRM_OK;
}

static void cards_want(cards *x, int64_t id)
{
    for (uint32_t i = 0; i < x->count; i++) {
        if (x->ids[i].i == id) {
            return;
        }
    }
    x->ids[x->count++] = value_int(id);
}

static uint32_t place_of(const cards *x, int64_t id)
{
    uint32_t i = 0;
    while (i < x->count && x->ids[i].i != id) {
        i++;
    }
    return i;
}

static crm_str card_of(const cards *x, int64_t id)
{
    return x->json[place_of(x, id)];
}

static bool on_card(void *arg, const record_view *v)
{
    static const uint64_t everything[4];
    cards *x = arg;
    json_writer w;
    buf b;
    buf_init(&b, 0);
    jw_init(&w, &b);
    record_json(&w, &x->k->c, v, everything, false);
    x->json[place_of(x, v->row[COL_ID].i)] = arena_dup(x->k->c.arena, buf_view(&b));
    buf_free(&b);
    return !arena_failed(x->k->c.arena);
}

static crm_status cards_read(cards *x)
{
    api_call *k = x->k;
    query q = {.entity = k->entity, .limit = LIST_MAX};
    record_read rd = {.call = &k->c, .query = &q, .want_labels = true, .on_row = on_card, .arg = x};
    if (!x->count) {
        return CRM_OK;
    }
    q.where = cond_in(k->c.arena, &k->entity->fields[COL_ID], x->ids, x->count);
    return records_read_now(&rd);
}

/* ---- why ------------------------------------------------------------------------------------- */

static void put_rule(json_writer *w, const entity *e, const match_hit *h, uint32_t which)
{
    const match_rule *by = &e->matches[which];
    jw_object(w);
    jw_kstr(w, "rule", str_of(by->from ? "similar" : "same"));
    jw_karray(w, "fields");
    for (uint32_t i = 0; i < by->count; i++) {
        jw_str(w, e->fields[by->field[i]].name);
    }
    jw_end_array(w);
    if (by->from) {
        jw_kint(w, "score", h->likeness[which]);
    }
    jw_end_object(w);
}

static void put_why(json_writer *w, const entity *e, const match_hit *h)
{
    jw_karray(w, "by");
    for (uint32_t i = 0; i < e->match_count; i++) {
        if (h->same >> i & 1 || h->likeness[i]) {
            put_rule(w, e, h, i);
        }
    }
    jw_end_array(w);
    jw_kbool(w, "sure", h->same != 0);
}

/* ---- duplicates of one ----------------------------------------------------------------------- */

static crm_status limit_param(api_call *k, int64_t most, uint32_t *limit)
{
    int64_t n;
    crm_str text = http_param(k->http, "limit");
    if (!text.n) {
        return CRM_OK;
    }
    if (str_to_i64(text, &n) != CRM_OK || n < 1 || n > most) {
        return call_fail_field(&k->c, CRM_S("limit"), "out_of_range",
                               arena_fmt(k->c.arena, "{\"min\":1,\"max\":%lld}", (long long)most));
    }
    *limit = (uint32_t)n;
    return CRM_OK;
}

static crm_status answer_found(api_call *k, match_ask *m)
{
    cards own, foreign;
    json_writer *w = &k->w;
    crm_status s = match_find(m);
    s = s ? s : cards_new(k, MATCH_HITS_MAX, &own);
    s = s ? s : cards_new(k, MATCH_HITS_MAX, &foreign);
    for (uint32_t i = 0; s == CRM_OK && i < m->count; i++) {
        cards_want(m->hits[i].is_foreign ? &foreign : &own, m->hits[i].id);
    }
    s = s ? s : cards_read(&own);
    s = s ? s : foreign_cards(&k->c, k->entity, foreign.ids, foreign.count, foreign.json);
    jw_init(w, &k->text);
    jw_object(w);
    jw_karray(w, "rows");
    for (uint32_t i = 0; s == CRM_OK && i < m->count; i++) {
        crm_str json = card_of(m->hits[i].is_foreign ? &foreign : &own, m->hits[i].id);
        if (!json.n) {
            continue; /* gone since */
        }
        jw_object(w);
        jw_key(w, CRM_S("record"));
        jw_raw(w, json);
        put_why(w, k->entity, &m->hits[i]);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_end_object(w);
    return s;
}

static void of_record(api_call *k)
{
    record *r;
    match_ask m = {
        .call = &k->c, .entity = k->entity, .id = k->id, .with_foreign = true, .limit = LIMIT};
    k->status = limit_param(k, MATCH_HITS_MAX, &m.limit);
    if (k->status == CRM_OK) {
        k->status = records_get(&k->c, k->entity, k->id, &r);
    }
    if (k->status != CRM_OK) {
        return;
    }
    m.row = r->v;
    memcpy(m.fields, r->visible, sizeof m.fields);
    k->status = answer_found(k, &m);
}

/* ---- duplicates of what is being typed ------------------------------------------------------- */

/* A value that is not valid yet is nothing to look for; a name that is no field is an error. */
static crm_status take_typed(api_call *k, match_ask *m, value *row, const json_t *fields)
{
    const char *name;
    json_t *json;
    uint64_t shown[4];
    bool is_marked;
    rights_fields(&k->c, k->entity, shown);
    json_object_foreach((json_t *)fields, name, json)
    {
        const field *f = entity_field(k->entity, str_of(name));
        if (!f || !bits_has(shown, f->index) || f->flags & FIELD_HIDDEN) {
            return records_unknown_field(&k->c, k->entity, str_of(name));
        }
        crm_status s = field_from_json(&k->c, f, json, &row[f->index], &is_marked);
        if (s != CRM_OK && s != CRM_INVALID) {
            return s;
        }
        if (s == CRM_INVALID) {
            row[f->index] = value_null();
        }
        k->c.error = (call_error){0};
        bits_add(m->fields, f->index);
    }
    return CRM_OK;
}

static crm_status typed_limit(api_call *k, const json_t *limit, uint32_t *out)
{
    json_int_t n = json_integer_value(limit);
    if (!limit) {
        return CRM_OK;
    }
    if (!json_is_integer(limit) || n < 1 || n > MATCH_HITS_MAX) {
        return call_fail_field(&k->c, CRM_S("limit"), "out_of_range",
                               CRM_S("{\"min\":1,\"max\":50}"));
    }
    *out = (uint32_t)n;
    return CRM_OK;
}

static void of_typed(api_call *k)
{
    const json_t *body = k->request.json, *fields = json_object_get(body, "fields");
    value *row = ARENA_ARRAY(k->c.arena, value, k->entity->field_count);
    match_ask m = {
        .call = &k->c, .entity = k->entity, .row = row, .with_foreign = true, .limit = LIMIT};
    k->status = row ? CRM_OK : CRM_NOMEM;
    if (k->status == CRM_OK && !rights_may_some(&k->c, k->entity, ACTION_READ)) {
        k->status = call_fail(&k->c, CRM_NOT_FOUND, "not_found");
    }
    if (k->status == CRM_OK && !json_is_object(fields)) {
        k->status = call_fail_field(&k->c, CRM_S("fields"), "type_mismatch", (crm_str){0});
    }
    if (k->status == CRM_OK) {
        k->status = typed_limit(k, json_object_get(body, "limit"), &m.limit);
    }
    if (k->status == CRM_OK) {
        k->status = take_typed(k, &m, row, fields);
    }
    if (k->status == CRM_OK) {
        k->status = answer_found(k, &m);
    }
}

/* ---- pairs to work through ------------------------------------------------------------------- */

static void put_pair(json_writer *w, const entity *e, cards *x, const match_pair *p)
{
    crm_str first = card_of(x, p->first), second = card_of(x, p->second.id);
    if (!first.n || !second.n) {
        return;
    }
    jw_object(w);
    jw_key(w, CRM_S("first"));
    jw_raw(w, first);
    jw_key(w, CRM_S("second"));
    jw_raw(w, second);
    put_why(w, e, &p->second);
    jw_end_object(w);
}

static void put_pairs(api_call *k, match_walk *walk, cards *x)
{
    json_writer *w = &k->w;
    jw_init(w, &k->text);
    jw_object(w);
    jw_karray(w, "rows");
    for (uint32_t i = 0; i < walk->count; i++) {
        put_pair(w, k->entity, x, &walk->pairs[i]);
    }
    jw_end_array(w);
    jw_kint(w, "looked", walk->looked);
    jw_kint(w, "percent", walk->percent);
    jw_key(w, CRM_S("next"));
    if (walk->is_end) {
        jw_null(w);
    } else {
        jw_str(w, arena_fmt(k->c.arena, "%lld", (long long)walk->below));
    }
    jw_end_object(w);
}

static void pairs(api_call *k)
{
    cards x;
    crm_str after = http_param(k->http, "after");
    match_walk *walk = ARENA_NEW(k->c.arena, match_walk);
    k->status = walk ? CRM_OK : CRM_NOMEM;
    if (k->status != CRM_OK) {
        return;
    }
    *walk = (match_walk){
        .call = &k->c, .entity = k->entity, .until = clock_mono() + WALK_NS, .limit = PAIR_LIMIT};
    crm_str sure = http_param(k->http, "sure");
    walk->is_sure = str_is(sure, "1");
    if (sure.n && !walk->is_sure) {
        k->status = call_fail_field(&k->c, CRM_S("sure"), "bad_request", (crm_str){0});
        return;
    }
    k->status = limit_param(k, MATCH_PAIRS_MAX, &walk->limit);
    if (k->status == CRM_OK && after.n &&
        (str_to_i64(after, &walk->below) != CRM_OK || walk->below < 1)) {
        k->status = call_fail(&k->c, CRM_BAD_REQUEST, "bad_cursor");
    }
    if (k->status == CRM_OK && !rights_may_some(&k->c, k->entity, ACTION_MERGE)) {
        k->status = call_fail(&k->c, CRM_DENIED, "denied");
    }
    if (k->status == CRM_OK) {
        k->status = match_walk_on(walk);
    }
    if (k->status == CRM_OK) {
        k->status = cards_new(k, 2 * (MATCH_PAIRS_MAX + 8), &x);
    }
    for (uint32_t i = 0; k->status == CRM_OK && i < walk->count; i++) {
        cards_want(&x, walk->pairs[i].first);
        cards_want(&x, walk->pairs[i].second.id);
    }
    if (k->status == CRM_OK) {
        k->status = cards_read(&x);
    }
    if (k->status == CRM_OK) {
        put_pairs(k, walk, &x);
    }
}

/* ---- called different ------------------------------------------------------------------------ */

static crm_status commit_different(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    const json_t *body = k->request.json, *list = json_object_get(body, "ids");
    const json_t *is_different = json_object_get(body, "different");
    int64_t ids[2] = {json_integer_value(json_array_get(list, 0)),
                      json_integer_value(json_array_get(list, 1))};
    if (json_array_size(list) != 2 || ids[0] <= 0 || ids[1] <= 0 || ids[0] == ids[1]) {
        return call_fail_field(c, CRM_S("ids"), "type_mismatch", (crm_str){0});
    }
    return match_set_different(c, k->entity, ids, !is_different || !json_is_false(is_different));
}

static void noted(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
    } else {
        api_reply_empty(k, 204);
    }
}

/* ---- routing --------------------------------------------------------------------------------- */

static void with_body(api_call *k, bool is_read)
{
    crm_status s = api_read_json(k);
    if (s != CRM_OK) {
        api_reply_error(k, s);
    } else if (is_read) {
        api_read(k, of_typed);
    } else {
        api_write(k, commit_different, noted);
    }
}

bool duplicates_route(api_call *k)
{
    crm_str rest = k->rest, first = {0};
    http_verb v = k->http->verb;
    bool is_read = v == VERB_GET || v == VERB_HEAD;
    if (!k->entity->match_count) {
        return false;
    }
    str_split(&rest, '/', &first);
    if (str_is(first, "duplicates") && !rest.n && is_read) {
        api_read(k, pairs);
    } else if (str_is(first, "duplicates") && !rest.n && v == VERB_POST) {
        with_body(k, true);
    } else if (str_is(first, "duplicates") && str_is(rest, "different") && v == VERB_POST) {
        with_body(k, false);
    } else if (is_read && str_is(rest, "duplicates") && str_to_i64(first, &k->id) == CRM_OK &&
               k->id > 0) {
        api_read(k, of_record);
    } else {
        return false;
    }
    return true;
}
