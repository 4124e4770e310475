/*
 * search_api.c - /api/v1/search: the same words over every entity the caller may read, the best
 * rows of each and how many there are.
 *
 * The newest rows with the words are candidates, those with the words as they stand before those
 * with forms and beginnings of them; only candidates are ranked. An entity that takes too long
 * leaves the others their time.
 */
#include "data/search.h"
#include "data/timeline.h"
#include "net/api_private.h"

#define PER_ENTITY     5
#define PER_ENTITY_MAX 20
#define CANDIDATES     100               /* of an entity; more are "100+" */
#define ENTITY_NS      (100 * 1000000LL) /* for one entity */
#define SHARE          4                 /* an entity may take this part of what time is left */

typedef struct hit {
    int64_t id, record; /* what the note stands on; 0: it is none */
    uint32_t rank;
    crm_str json, label; /* without the end; the record's title */
} hit;

/* What one entity gave. */
typedef struct group {
    api_call *call;
    const entity *entity;
    const search_words *words;
    hit hits[PER_ENTITY_MAX];
    uint32_t count, limit, seen;
    int64_t ids[CANDIDATES + 1]; /* of the exact ones, which come again among all */
    uint32_t id_count;
    bool is_again, is_partial;
    crm_status status;
} group;

typedef struct search_state {
    api_call *call;
    search_try reading;
    search_words *words;     /* of the reading */
    const entity **entities; /* notes behind the others */
    uint32_t entity_count, limit;
    group *groups; /* with something in them */
    uint32_t count;
    bool is_partial;
    int64_t until;
} search_state;

/* ---- rows ------------------------------------------------------------------------------------ */

static crm_str stage_label(api_call *k, const record_view *v)
{
    const entity *e = v->entity;
    const field *f = e->stage_field ? &e->fields[e->stage_field] : NULL;
    const stage *at = f && f->pipeline && bits_has(v->visible, f->index)
                          ? pipeline_stage(f->pipeline, v->row[f->index].s, NULL)
                          : NULL;
    return at ? registry_text(k->c.reg, k->c.lang, at->label) : (crm_str){0};
}

static void put_label(json_writer *w, crm_str label)
{
    jw_key(w, CRM_S("label"));
    if (label.p) {
        jw_str(w, label);
    } else {
        jw_null(w);
    }
}

/* A note is known by its record, and what it says stands in the excerpt. */
static crm_str hit_json(api_call *k, const record_view *v, const search_found *found)
{
    const entity *e = v->entity;
    bool has_own = e->title_field && !(e->flags & ENTITY_NOTES);
    const field *f = has_own ? &e->fields[e->title_field] : NULL;
    bool has_title = f && bits_has(v->visible, f->index);
    json_writer w;
    buf out;
    buf_init(&out, 0);
    jw_init(&w, &out);
    jw_object(&w);
    jw_kint(&w, "id", v->row[COL_ID].i);
    put_label(&w, has_title ? v->row[f->index].s : (crm_str){0});
    jw_key(&w, CRM_S("hint"));
    jw_str(&w, stage_label(k, v));
    search_found_json(&w, v, found);
    jw_key(&w, CRM_S("excerpt"));
    search_excerpt_json(&w, v, found);
    crm_str json = out.failed ? (crm_str){0} : arena_dup(k->c.arena, buf_view(&out));
    buf_free(&out);
    return json;
}

static bool is_before(const hit *x, const hit *y)
{
    return x->rank != y->rank ? x->rank > y->rank : x->id > y->id;
}

static void keep(group *g, hit h, const record_view *v, const search_found *found)
{
    uint32_t at = g->count;
    if (g->count == g->limit && !is_before(&h, &g->hits[g->count - 1])) {
        return;
    }
    h.json = hit_json(g->call, v, found);
    g->status = h.json.p ? g->status : CRM_NOMEM;
    at -= g->count == g->limit;
    for (; at && is_before(&h, &g->hits[at - 1]); at--) {
        g->hits[at] = g->hits[at - 1];
    }
    g->hits[at] = h;
    g->count += g->count < g->limit;
}

static bool is_known(const group *g, int64_t id)
{
    for (uint32_t i = 0; i < g->id_count; i++) {
        if (g->ids[i] == id) {
            return true;
        }
    }
    return false;
}

static bool candidate(void *arg, const record_view *v)
{
    group *g = arg;
    search_found found;
    int64_t id = v->row[COL_ID].i;
    g->seen++;
    if (g->is_again && is_known(g, id)) {
        return true;
    }
    if (!g->is_again && g->id_count <= CANDIDATES) {
        g->ids[g->id_count++] = id;
    }
    search_look(g->words, v, &found);
    hit h = {.id = id, .rank = found.rank};
    h.record = v->entity->flags & ENTITY_NOTES ? v->row[NOTE_RECORD].i : 0;
    keep(g, h, v, &found);
    return g->status == CRM_OK;
}

/* ---- one entity ------------------------------------------------------------------------------ */

static crm_status ask(search_state *s, group *g, crm_str terms)
{
    g->seen = 0;
    crm_status st = search_rows(&s->call->c, g->entity, terms, CANDIDATES + 1, candidate, g);
    return st != CRM_OK ? st : g->status;
}

/* What is common enough as it stands need not be looked for in other forms. */
static crm_status search_entity(search_state *s, group *g, crm_str exact)
{
    crm_status st = str_eq(exact, s->reading.terms) ? CRM_OK : ask(s, g, exact);
    if (st == CRM_OK && g->seen <= CANDIDATES) {
        g->is_again = true;
        st = ask(s, g, s->reading.terms);
    }
    return st;
}

/* TIMEOUT concerns this entity alone: what it gave so far is shown. */
static crm_status search_in_time(search_state *s, const entity *e, crm_str exact)
{
    crm_ctx *c = &s->call->c;
    group *g = &s->groups[s->count];
    int64_t now = clock_mono(), share = (s->until - now) / SHARE;
    memset(g, 0, sizeof *g);
    g->call = s->call;
    g->entity = e;
    g->limit = s->limit;
    g->words = s->words;
    c->until = now + (share < ENTITY_NS ? share : ENTITY_NS);
    crm_status st = search_entity(s, g, exact);
    g->is_partial = st == CRM_TIMEOUT;
    s->is_partial = s->is_partial || g->is_partial;
    c->error = st == CRM_TIMEOUT ? (call_error){0} : c->error;
    s->count += g->count > 0;
    return st == CRM_TIMEOUT ? CRM_OK : st;
}

/* ---- all ------------------------------------------------------------------------------------- */

static void add_searched(search_state *s, bool are_notes)
{
    crm_ctx *c = &s->call->c;
    for (uint32_t i = 0; i < c->reg->entity_count; i++) {
        const entity *e = c->reg->entities[i];
        bool is_open = !(e->flags & (ENTITY_SYSTEM | ENTITY_NO_API)) && e->search_count;
        bool is_note = e->flags & ENTITY_NOTES;
        if (is_open && is_note == are_notes && rights_may_some(c, e, ACTION_READ)) {
            s->entities[s->entity_count++] = e;
        }
    }
}

/*
 * What is corrected is corrected by words of records. Notes are many, and whether one may be read
 * is known by its record alone: to look for a word that hardly anybody may see in them takes too
 * long.
 */
static crm_status take_searched(search_state *s)
{
    api_call *k = s->call;
    s->entities = ARENA_ARRAY(k->c.arena, const entity *, k->c.reg->entity_count + 1);
    if (!s->entities) {
        return CRM_NOMEM;
    }
    add_searched(s, false);
    s->reading = (search_try){.call = &k->c,
                              .entities = s->entities,
                              .entity_count = s->entity_count,
                              .typed = http_param(k->http, "q")};
    add_searched(s, true);
    s->groups = ARENA_ARRAY(k->c.arena, group, s->entity_count + 1);
    return s->groups ? CRM_OK : CRM_NOMEM;
}

static crm_status search_all(search_state *s)
{
    crm_str exact;
    arena *a = s->call->c.arena;
    crm_status st = search_exact_terms(a, s->reading.text, &exact);
    st = st == CRM_OK ? search_words_new(a, s->reading.terms, &s->words) : st;
    s->count = 0;
    for (uint32_t i = 0; st == CRM_OK && s->reading.terms.n && i < s->entity_count; i++) {
        st = search_in_time(s, s->entities[i], exact);
    }
    s->call->c.until = s->until;
    return st;
}

/* The first reading that finds something. What was not searched to its end may yet have it. */
static crm_status find(search_state *s)
{
    crm_status st = search_begin(&s->reading);
    if (st == CRM_TOO_LARGE) {
        return call_fail_field(&s->call->c, CRM_S("q"), "too_long", CRM_S("{\"max\":200}"));
    }
    while (st == CRM_OK && s->reading.text.p) {
        st = search_all(s);
        if (st != CRM_OK || s->count || s->is_partial || !s->reading.terms.n) {
            break;
        }
        st = search_next(&s->reading);
    }
    s->is_partial = s->is_partial || st == CRM_TIMEOUT;
    return st == CRM_TIMEOUT ? CRM_OK : st;
}

/* ---- what notes stand on ----------------------------------------------------------------------
 */

static crm_status name_records(group *g)
{
    const entity *of = g->entity->fields[NOTE_RECORD].ref;
    int64_t ids[PER_ENTITY_MAX];
    crm_str labels[PER_ENTITY_MAX] = {0};
    for (uint32_t i = 0; i < g->count; i++) {
        ids[i] = g->hits[i].record;
    }
    crm_status st = records_labels(&g->call->c, of, ids, g->count, labels);
    for (uint32_t i = 0; st == CRM_OK && i < g->count; i++) {
        g->hits[i].label = labels[i];
    }
    return st == CRM_TIMEOUT ? CRM_OK : st; /* what was found is shown all the same */
}

static crm_status name_all(search_state *s)
{
    crm_status st = CRM_OK;
    for (uint32_t i = 0; st == CRM_OK && i < s->count; i++) {
        bool is_of_notes = s->groups[i].entity->flags & ENTITY_NOTES;
        st = is_of_notes ? name_records(&s->groups[i]) : CRM_OK;
    }
    return st;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static int by_best_row(const void *x, const void *y)
{
    const group *a = x, *b = y;
    if (a->hits[0].rank != b->hits[0].rank) {
        return a->hits[0].rank > b->hits[0].rank ? -1 : 1;
    }
    return a->entity->index < b->entity->index ? -1 : 1;
}

static void write_hit(json_writer *w, const group *g, const hit *h)
{
    json_writer on;
    jw_raw(w, h->json);
    if (h->record) {
        buf_z(w->b, ",\"record\":");
        jw_init(&on, w->b);
        jw_object(&on);
        jw_kstr(&on, "entity", g->entity->fields[NOTE_RECORD].ref->name);
        jw_kint(&on, "id", h->record);
        put_label(&on, h->label);
        jw_end_object(&on);
    }
    buf_char(w->b, '}');
}

static void write_group(json_writer *w, const group *g)
{
    bool is_capped = g->seen > CANDIDATES;
    jw_object(w);
    jw_kstr(w, "entity", g->entity->name);
    jw_kint(w, "total", is_capped ? CANDIDATES : g->seen > g->id_count ? g->seen : g->id_count);
    jw_kbool(w, "approx", is_capped || g->is_partial);
    jw_karray(w, "rows");
    for (uint32_t i = 0; i < g->count; i++) {
        write_hit(w, g, &g->hits[i]);
    }
    jw_end_array(w);
    jw_end_object(w);
}

static void write_answer(search_state *s)
{
    json_writer *w = &s->call->w;
    jw_init(w, &s->call->text);
    jw_object(w);
    jw_karray(w, "groups");
    for (uint32_t i = 0; i < s->count; i++) {
        write_group(w, &s->groups[i]);
    }
    jw_end_array(w);
    if (s->count) {
        search_reading_json(w, &s->reading);
    }
    jw_kbool(w, "partial", s->is_partial);
    jw_end_object(w);
}

static crm_status read_limit(api_call *k, uint32_t *limit)
{
    const http_field *all;
    uint32_t count;
    int64_t n = PER_ENTITY;
    if (http_params(k->http, &all, &count) != CRM_OK) {
        return call_fail(&k->c, CRM_BAD_REQUEST, "bad_request");
    }
    crm_str given = http_param(k->http, "limit");
    if (given.n && (str_to_i64(given, &n) != CRM_OK || n < 1 || n > PER_ENTITY_MAX)) {
        return call_fail_field(&k->c, CRM_S("limit"), "out_of_range",
                               CRM_S("{\"min\":1,\"max\":20}"));
    }
    *limit = (uint32_t)n;
    return CRM_OK;
}

static void search(api_call *k)
{
    search_state s = {.call = k, .until = k->c.until};
    k->status = read_limit(k, &s.limit);
    k->status = k->status == CRM_OK ? take_searched(&s) : k->status;
    if (k->status != CRM_OK) {
        return;
    }
    k->status = find(&s);
    k->status = k->status == CRM_OK ? name_all(&s) : k->status;
    if (k->status == CRM_OK && s.is_partial && !s.count && !k->is_slow) {
        k->status = CRM_TIMEOUT; /* nothing yet: once more where there is time */
    }
    qsort(s.groups, s.count, sizeof *s.groups, by_best_row);
    write_answer(&s);
}

void search_route(api_call *k)
{
    if (k->http->verb != VERB_GET) {
        api_reply_method(k, "GET");
    } else {
        api_read(k, search);
    }
}
