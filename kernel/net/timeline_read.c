/* timeline_read.c - the items of a timeline: each source under its own rights, then all in one
 * order. */
#include "net/timeline_private.h"

#include <stdlib.h>

#define NEWEST \
    253402300799999LL /* ms of the last moment that is written: every moment is before it */
#define PINNED_MAX 10

/* ---- kinds ----------------------------------------------------------------------------------- */

static bool has_type(const entity *e, const uint64_t seen[4], bool is_file)
{
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        field_type t = e->fields[i].type;
        if (bits_has(seen, i) && is_file == (t == FIELD_FILE || t == FIELD_FILES)) {
            return true;
        }
    }
    return false;
}

bool timeline_join_fields(crm_ctx *c, const entity *e, const entity *of, uint64_t out[4])
{
    const branches *b = rights_of(c, e);
    uint64_t touched[4] = {0};
    bool joins = false;
    for (uint8_t i = 0; i < e->join->on_count; i++) {
        const field *f = &e->fields[e->join->on[i]];
        if (f->ref == of && records_shows(c, e, f)) {
            bits_add(touched, f->index);
            joins = true;
        }
    }
    bits_add(touched, e->join->at);
    uint32_t through = rights_touching(b, touched);
    rights_fields_for(b, through, ACTION_READ, out);
    return joins && through;
}

/* What is there to see, whatever the rights to kinds say. */
static uint64_t kinds_there(crm_ctx *c, const entity *e)
{
    uint64_t seen[4], fields[4], kinds = KIND_BIT(KIND_CHANGE);
    rights_fields(c, e, seen);
    kinds |= rights_may_some(c, e->notes, ACTION_READ) ? KIND_BIT(KIND_NOTE) : 0;
    kinds |= e->stage_field && bits_has(seen, e->stage_field) ? KIND_BIT(KIND_STAGE) : 0;
    kinds |= has_type(e, seen, true) ? KIND_BIT(KIND_FILE) : 0;
    for (uint32_t kind = KIND_JOINED; kind < KIND_JOINED + TIMELINE_JOINS_MAX; kind++) {
        const entity *from = timeline_joined(c->reg, kind);
        if (!from) {
            break;
        }
        kinds |= timeline_join_fields(c, from, e, fields) ? KIND_BIT(kind) : 0;
    }
    return kinds;
}

uint64_t timeline_kinds(crm_ctx *c, const entity *e)
{
    return kinds_there(c, e) & rights_kinds_for(rights_of(c, e), ~0u);
}

/* ---- changes of the record ------------------------------------------------------------------- */

static timeline_kind kind_of_field(const entity *e, const field *f)
{
    if (f->type == FIELD_FILE || f->type == FIELD_FILES) {
        return KIND_FILE;
    }
    return e->stage_field && f->index == e->stage_field ? KIND_STAGE : KIND_CHANGE;
}

static void add(timeline *t, timeline_item item)
{
    timeline_item *to = t->keeps_pinned ? t->pinned : t->items;
    uint32_t *count = t->keeps_pinned ? &t->pinned_count : &t->count;
    if (t->keeps_pinned ? *count < PINNED_MAX : *count < t->cap) {
        to[(*count)++] = item;
    }
}

/* Of what changed the kinds that were asked for. Its making, deletion and return are changes. */
static bool take_change(timeline *t, history_entry *h, timeline_kind *kind)
{
    const entity *e = t->k->entity;
    struct history_change *kept =
        ARENA_ARRAY(t->k->c.arena, struct history_change, h->change_count + 1);
    uint64_t found = h->op == 'u' ? 0 : KIND_BIT(KIND_CHANGE);
    uint32_t count = 0;
    for (uint32_t i = 0; kept && i < h->change_count; i++) {
        timeline_kind one = kind_of_field(e, h->changes[i].field);
        found |= KIND_BIT(one);
        if (t->kinds & KIND_BIT(one)) {
            kept[count++] = h->changes[i];
        }
    }
    h->changes = kept;
    h->change_count = count;
    found &= t->kinds;
    bool is_whole = h->op != 'u' && found & KIND_BIT(KIND_CHANGE);
    *kind = is_whole                       ? KIND_CHANGE
            : found & KIND_BIT(KIND_STAGE) ? KIND_STAGE
            : found & KIND_BIT(KIND_FILE)  ? KIND_FILE
                                           : KIND_CHANGE;
    return kept && found;
}

/* The log is in the order of positions; a clock that was set back does not change that. */
static uint32_t take_changes(timeline *t, history_entry *rows, uint32_t count, int64_t *latest)
{
    uint32_t taken = 0;
    for (uint32_t i = 0; i < count; i++) {
        timeline_item item = {.id = rows[i].position, .rank = RANK_HISTORY, .change = &rows[i]};
        *latest = rows[i].at < *latest ? rows[i].at : *latest;
        item.at = *latest;
        if (take_change(t, &rows[i], &item.kind)) {
            add(t, item);
            taken++;
        }
    }
    return taken;
}

/*
 * Where changes go on behind an item of another source: at the newest that is earlier. Older ones
 * are behind too, whatever a clock that was set back says of them. 0: there are none.
 */
static crm_status first_earlier(timeline *t, int64_t *position)
{
    const api_call *k = t->k;
    history_query q = {
        .entity = k->entity, .id = k->id, .has_until = true, .until = t->before.at - 1, .limit = 1};
    history_entry *row = NULL;
    uint32_t count = 0;
    crm_status s = CRM_OK;
    do {
        int64_t next = 0;
        s = call_is_over(&k->c) ? CRM_TIMEOUT : records_history(&t->k->c, &q, &row, &count, &next);
        q.before = next;
    } while (s == CRM_OK && !count && q.before);
    *position = s == CRM_OK && count ? row->position : 0;
    return s;
}

/* From where on changes are read; *is_end: there are none. */
static crm_status find_start(timeline *t, history_query *q, int64_t *latest, bool *is_end)
{
    int64_t first;
    if (t->before.rank == RANK_HISTORY) {
        q->before = t->before.id;
        *latest = t->before.at;
        return CRM_OK;
    }
    crm_status s = first_earlier(t, &first);
    q->before = first + 1;
    *is_end = !first;
    return s;
}

/* What he may not see or did not ask for is read over, so that a page is never short of it. */
static crm_status read_changes(timeline *t)
{
    const api_call *k = t->k;
    history_query q = {.entity = k->entity, .id = k->id, .limit = t->limit + 1};
    int64_t latest = NEWEST, next = 0;
    uint32_t taken = 0;
    bool is_end = false;
    crm_status s = t->has_before ? find_start(t, &q, &latest, &is_end) : CRM_OK;
    while (s == CRM_OK && !is_end && taken <= t->limit) {
        history_entry *rows = NULL;
        uint32_t count = 0;
        s = call_is_over(&k->c) ? CRM_TIMEOUT : records_history(&t->k->c, &q, &rows, &count, &next);
        taken += s == CRM_OK ? take_changes(t, rows, count, &latest) : 0;
        q.before = next;
        is_end = !next;
    }
    return s;
}

/* ---- records: notes, and what joins -----------------------------------------------------------
 */

typedef struct source {
    timeline *t;
    const entity *entity;
    uint32_t rank;
    timeline_kind kind;
    uint16_t at, title;
    uint64_t select[4];
    crm_status status;
} source;

static bool is_author(const crm_ctx *c, const record_view *v)
{
    return c->who->user && v->row[COL_CREATED_BY].i == c->who->user;
}

/* What its author's hour and the rights to its record leave of it (data/notes.c). */
static void put_can(const source *s, json_writer *w, const record_view *v)
{
    crm_ctx *c = &s->t->k->c;
    bool is_his = is_author(c, v), may = v->actions >> ACTION_UPDATE & 1;
    bool is_open = call_now(c) - v->row[COL_CREATED_AT].i <= NOTE_EDIT_MS;
    jw_karray(w, "can");
    if (may && is_his && is_open) {
        jw_str(w, CRM_S("edit"));
    }
    if (v->actions >> ACTION_DELETE & 1 && (is_his || call_may(c, CRM_S("settings")))) {
        jw_str(w, CRM_S("delete"));
    }
    if (may && (is_his || s->t->may_change)) {
        jw_str(w, CRM_S("pin"));
    }
    jw_end_array(w);
}

static void put_title(const source *s, json_writer *w, const record_view *v)
{
    const field *f = s->title ? &v->entity->fields[s->title] : NULL;
    bool is_shown = f && bits_has(v->visible, f->index) && v->row[f->index].kind == VALUE_TEXT;
    jw_key(w, CRM_S("title"));
    if (is_shown) {
        jw_str(w, v->row[f->index].s);
    } else {
        jw_null(w);
    }
}

static void put_by(const source *s, json_writer *w, const record_view *v)
{
    const person *p = people_user(s->t->k->c.people, v->row[COL_CREATED_BY].i);
    jw_key(w, CRM_S("by"));
    if (!p) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_kint(w, "id", p->id);
    jw_kstr(w, "label", p->name);
    jw_end_object(w);
}

static crm_str item_json(const source *s, const record_view *v)
{
    crm_ctx *c = &s->t->k->c;
    char at[CLOCK_TEXT];
    json_writer w;
    buf b;
    clock_format(v->row[s->at].i, at);
    buf_init(&b, 0);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "kind", timeline_kind_name(c->reg, s->kind));
    jw_kstr(&w, "at", str_of(at));
    put_by(s, &w, v);
    jw_kstr(&w, "entity", s->entity->name);
    jw_kint(&w, "id", v->row[COL_ID].i);
    if (s->kind == KIND_NOTE) {
        put_can(s, &w, v);
    } else {
        put_title(s, &w, v);
    }
    jw_key(&w, CRM_S("record"));
    record_json(&w, c, v, s->select, false);
    jw_end_object(&w);
    crm_str json = b.failed ? (crm_str){0} : arena_dup(c->arena, buf_view(&b));
    buf_free(&b);
    return json;
}

static bool on_record(void *arg, const record_view *v)
{
    source *s = arg;
    timeline_item item = {.at = v->row[s->at].i,
                          .id = v->row[COL_ID].i,
                          .rank = s->rank,
                          .kind = s->kind,
                          .json = item_json(s, v)};
    s->status = item.json.p ? CRM_OK : CRM_NOMEM;
    add(s->t, item);
    return s->status == CRM_OK;
}

/* What stands behind `before` in the order of items. */
static const cond *behind(const timeline *t, const source *s)
{
    arena *a = t->k->c.arena;
    const field *at = &s->entity->fields[s->at], *id = &s->entity->fields[COL_ID];
    if (!t->has_before || s->rank > t->before.rank) {
        return cond_compare(a, COND_LTE, at, value_int(t->has_before ? t->before.at : NEWEST));
    }
    const cond *earlier = cond_compare(a, COND_LT, at, value_int(t->before.at));
    if (s->rank < t->before.rank) {
        return earlier;
    }
    const cond *same = cond_compare(a, COND_EQ, at, value_int(t->before.at));
    return cond_or(a, earlier,
                   cond_and(a, same, cond_compare(a, COND_LT, id, value_int(t->before.id))));
}

static crm_status read_source(source *s, const cond *which, uint32_t limit)
{
    crm_ctx *c = &s->t->k->c;
    query *q = query_new(c->arena, s->entity);
    if (!q) {
        return CRM_NOMEM;
    }
    q->where = cond_and(c->arena, which, behind(s->t, s));
    q->limit = limit;
    q->sorts[0] = (sort){&s->entity->fields[s->at], true};
    q->sort_count = 1;
    memcpy(q->select, s->select, sizeof q->select);
    record_read r = {.call = c, .query = q, .want_labels = true, .on_row = on_record, .arg = s};
    crm_status st = records_read_now(&r);
    return st ? st : s->status;
}

static crm_status read_notes(timeline *t, bool are_pinned)
{
    const entity *e = t->k->entity->notes;
    arena *a = t->k->c.arena;
    source s = {.t = t,
                .entity = e,
                .rank = RANK_NOTES,
                .kind = KIND_NOTE,
                .at = COL_CREATED_AT,
                .title = NOTE_TEXT};
    const cond *which = cond_compare(a, COND_EQ, &e->fields[NOTE_RECORD], value_int(t->k->id));
    if (are_pinned) {
        which = cond_and(a, which, cond_compare(a, COND_EQ, &e->fields[NOTE_PINNED], value_int(1)));
    }
    return read_source(&s, which, are_pinned ? PINNED_MAX : t->limit + 1);
}

static const cond *refers(timeline *t, const entity *e, const uint64_t seen[4])
{
    arena *a = t->k->c.arena;
    const cond *any = NULL;
    for (uint8_t i = 0; i < e->join->on_count; i++) {
        const field *f = &e->fields[e->join->on[i]];
        if (f->ref == t->k->entity && bits_has(seen, f->index)) {
            const cond *one = cond_compare(a, COND_EQ, f, value_int(t->k->id));
            any = any ? cond_or(a, any, one) : one;
        }
    }
    return any;
}

static crm_status read_joined(timeline *t, uint32_t kind)
{
    const entity *e = timeline_joined(t->k->c.reg, kind);
    const uint16_t always[] = {COL_ID,         COL_REV,     COL_CREATED_AT,
                               COL_CREATED_BY, e->join->at, e->join->title};
    uint64_t seen[4];
    source s = {.t = t,
                .entity = e,
                .rank = kind,
                .kind = (timeline_kind)kind,
                .at = e->join->at,
                .title = e->join->title};
    if (!timeline_join_fields(&t->k->c, e, t->k->entity, seen)) {
        return CRM_OK;
    }
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        bits_add(s.select, always[i]);
    }
    for (uint8_t i = 0; i < e->join->show_count; i++) {
        bits_add(s.select, e->join->show[i]);
    }
    for (int i = 0; i < 4; i++) {
        s.select[i] &= seen[i];
    }
    const cond *which = refers(t, e, seen);
    return which ? read_source(&s, which, t->limit + 1) : CRM_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int in_order(const void *x, const void *y)
{
    const timeline_item *a = x, *b = y;
    if (a->at != b->at) {
        return a->at > b->at ? -1 : 1;
    }
    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }
    return a->id > b->id ? -1 : a->id < b->id;
}

static crm_status begin(timeline *t)
{
    crm_ctx *c = &t->k->c;
    const branches *b = rights_of(c, t->k->entity);
    uint32_t matched = 0;
    record *live; /* what lies in the bin has none */
    crm_status s = records_get(c, t->k->entity, t->k->id, &live);
    s = s ? s : rights_match_stored(c, t->k->entity, t->k->id, &matched);
    if (s == CRM_OK && !(matched & rights_for(b, ACTION_READ))) {
        return call_fail(c, CRM_NOT_FOUND, "not_found");
    }
    t->may_change = matched & rights_for(b, ACTION_UPDATE);
    t->kinds &= rights_kinds_for(b, matched);
    t->cap = (t->limit + 1) * (3 + TIMELINE_JOINS_MAX); /* of changes up to two pages are read */
    t->items = ARENA_ARRAY(c->arena, timeline_item, t->cap);
    t->pinned = ARENA_ARRAY(c->arena, timeline_item, PINNED_MAX);
    return s ? s : t->items && t->pinned ? CRM_OK : CRM_NOMEM;
}

crm_status timeline_read(timeline *t)
{
    crm_status s = begin(t);
    bool has_notes = t->kinds & KIND_BIT(KIND_NOTE);
    if (s == CRM_OK && t->kinds & KINDS_OF_FIELDS) {
        s = read_changes(t);
    }
    if (s == CRM_OK && has_notes) {
        s = read_notes(t, false);
    }
    for (uint32_t kind = KIND_JOINED; s == CRM_OK && kind < 64; kind++) {
        s = t->kinds & KIND_BIT(kind) ? read_joined(t, kind) : CRM_OK;
    }
    if (s == CRM_OK && has_notes && !t->has_before) {
        t->keeps_pinned = true;
        s = read_notes(t, true);
        t->keeps_pinned = false;
    }
    if (s == CRM_OK && t->count) {
        qsort(t->items, t->count, sizeof *t->items, in_order);
    }
    return s;
}
