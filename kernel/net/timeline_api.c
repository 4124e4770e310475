/* timeline_api.c - what happened about one record, for whoever may read it, and what /meta says of
 * that. */
#include "net/meta_private.h"
#include "net/timeline_private.h"

#define DEFAULT_LIMIT 30
#define LIMIT_MAX     100
#define ID_BITS       53 /* of a position's second number; a rank stands above them */

/* ---- what is asked --------------------------------------------------------------------------- */

static position_place place(const api_call *k)
{
    return (position_place){.of = POSITION_TIMELINE, .entity = k->entity->id, .record = k->id};
}

static crm_status read_before(timeline *t, crm_str text)
{
    int64_t at[2];
    crm_status s = position_take_pair(&t->k->c, place(t->k), text, at);
    t->has_before = s == CRM_OK;
    if (s == CRM_OK) {
        t->before.at = at[0];
        t->before.rank = (uint32_t)(at[1] >> ID_BITS);
        t->before.id = at[1] & ((1LL << ID_BITS) - 1);
    }
    return s;
}

static crm_status read_limit(timeline *t, crm_str text)
{
    int64_t limit = DEFAULT_LIMIT;
    if (text.n && (str_to_i64(text, &limit) != CRM_OK || limit < 1 || limit > LIMIT_MAX)) {
        return call_fail_field(&t->k->c, CRM_S("limit"), "out_of_range",
                               CRM_S("{\"min\":1,\"max\":100}"));
    }
    t->limit = (uint32_t)limit;
    return CRM_OK;
}

/* A kind that he may not see is one that there is not. */
static crm_status read_kinds(timeline *t, crm_str text)
{
    crm_ctx *c = &t->k->c;
    uint64_t all = timeline_kinds(c, t->k->entity), asked = 0;
    crm_str part;
    t->kinds = all;
    if (!text.n) {
        return CRM_OK;
    }
    while (str_split(&text, ',', &part)) {
        int kind = timeline_kind_find(c->reg, part);
        if (kind < 0 || !(all & KIND_BIT(kind))) {
            return call_fail_field(c, CRM_S("kinds"), "not_a_choice", (crm_str){0});
        }
        asked |= KIND_BIT(kind);
    }
    t->kinds = asked;
    return CRM_OK;
}

static crm_status read_question(timeline *t)
{
    http_request *h = t->k->http;
    crm_str before = http_param(h, "before");
    crm_status s = before.n ? read_before(t, before) : CRM_OK;
    s = s ? s : read_limit(t, http_param(h, "limit"));
    return s ? s : read_kinds(t, http_param(h, "kinds"));
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void put_change(const history_text *text, const timeline_item *item, const history_entry *h)
{
    json_writer *w = &text->k->w;
    char at[CLOCK_TEXT];
    clock_format(h->at, at);
    jw_object(w);
    jw_kstr(w, "kind", timeline_kind_name(text->k->c.reg, item->kind));
    jw_kstr(w, "at", str_of(at));
    jw_key(w, CRM_S("by"));
    if (h->by) {
        jw_object(w);
        jw_kint(w, "id", h->by);
        jw_kstr(w, "label", h->by_name);
        jw_end_object(w);
    } else {
        jw_null(w);
    }
    history_put_members(text, h);
    jw_end_object(w);
}

static void put_rows(const history_text *text, const timeline *t, uint32_t shown)
{
    const history_entry *told = text->rows;
    json_writer *w = &t->k->w;
    jw_karray(w, "rows");
    for (uint32_t i = 0; i < shown; i++) {
        if (t->items[i].change) {
            put_change(text, &t->items[i], told++);
        } else {
            jw_raw(w, t->items[i].json);
        }
    }
    jw_end_array(w);
}

static void put_next(const timeline *t, uint32_t shown)
{
    json_writer *w = &t->k->w;
    char next[POSITION_ROOM];
    jw_key(w, CRM_S("next"));
    if (t->count <= shown) {
        jw_null(w);
        return;
    }
    const timeline_item *last = &t->items[shown - 1];
    const int64_t at[2] = {last->at, (int64_t)last->rank << ID_BITS | last->id};
    position_write_pair(place(t->k), at, next);
    jw_str(w, str_of(next));
}

/* The changes among the first items, one after another, so that their titles are read at once. */
static crm_status gather_changes(const timeline *t, uint32_t shown, history_text *text)
{
    history_entry *rows = ARENA_ARRAY(t->k->c.arena, history_entry, shown + 1);
    for (uint32_t i = 0; rows && i < shown; i++) {
        if (t->items[i].change) {
            rows[text->count++] = *t->items[i].change;
        }
    }
    text->rows = rows;
    return rows ? history_read_labels(text) : CRM_NOMEM;
}

static void put_all(const timeline *t, const history_text *text, uint32_t shown)
{
    json_writer *w = &t->k->w;
    jw_init(w, &t->k->text);
    jw_object(w);
    put_rows(text, t, shown);
    put_next(t, shown);
    if (!t->has_before) {
        jw_karray(w, "pinned");
        for (uint32_t i = 0; i < t->pinned_count; i++) {
            jw_raw(w, t->pinned[i].json);
        }
        jw_end_array(w);
    }
    jw_end_object(w);
}

static void answer(api_call *k)
{
    timeline t = {.k = k};
    history_text text = {.k = k};
    k->status = rights_may_some(&k->c, k->entity, ACTION_READ)
                    ? read_question(&t)
                    : call_fail(&k->c, CRM_NOT_FOUND, "not_found");
    if (k->status == CRM_OK) {
        k->status = timeline_read(&t);
    }
    uint32_t shown = t.count < t.limit ? t.count : t.limit;
    if (k->status == CRM_OK) {
        k->status = gather_changes(&t, shown, &text);
    }
    if (k->status == CRM_OK) {
        put_all(&t, &text, shown);
    }
}

void timeline_route(api_call *k)
{
    api_read(k, answer);
}

/* ---- what /meta says ------------------------------------------------------------------------- */

static void put_kind(json_writer *w, const registry *r, uint32_t kind)
{
    static const char *const icons[KIND_JOINED] = {"note", "arrow", "file", "history"};
    static const char *const labels[KIND_JOINED] = {"timeline.note", "timeline.stage",
                                                    "timeline.file", "timeline.change"};
    const entity *e = kind < KIND_JOINED ? NULL : timeline_joined(r, kind);
    jw_object(w);
    jw_kstr(w, "kind", timeline_kind_name(r, kind));
    jw_kstr(w, "label", e ? e->label_many : str_of(labels[kind]));
    jw_kstr(w, "icon", e ? e->icon : str_of(icons[kind]));
    jw_end_object(w);
}

void meta_timeline(json_writer *w, crm_ctx *c, const entity *e)
{
    uint64_t kinds = timeline_kinds(c, e);
    jw_kobject(w, "timeline");
    jw_key(w, CRM_S("notes"));
    if (kinds & KIND_BIT(KIND_NOTE)) {
        jw_str(w, e->notes->name);
    } else {
        jw_null(w);
    }
    jw_karray(w, "kinds");
    for (uint32_t kind = 0; kind < KIND_JOINED + TIMELINE_JOINS_MAX; kind++) {
        if (kinds & KIND_BIT(kind)) {
            put_kind(w, c->reg, kind);
        }
    }
    jw_end_array(w);
    jw_end_object(w);
}
