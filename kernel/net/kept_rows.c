/*
 * kept_rows.c - see kept_rows.h.
 *
 * Rows stand one behind the other in a ring; a new one takes the place of the oldest. A position
 * counts all bytes ever written, so it tells by itself whether what stood there still does: the
 * table of positions is never cleaned.
 */
#include "net/kept_rows.h"

#include <stdlib.h>

#define ROW_SETS   8192
#define ROW_WAYS   4
#define VIEW_SETS  256
#define VIEW_WAYS  4
#define MISSES_MAX 2
#define SKIPS_MAX  7

typedef struct row_head {
    uint64_t view, seen; /* the view's number */
    int64_t id;
    uint32_t bytes, ref_count; /* of the JSON, which stands behind the references */
} row_head;

typedef struct view_key {
    uint64_t serial, epoch; /* of the registry and the people */
    int64_t user;
    uint64_t select[4];
    uint32_t entity;
    char lang[4];
} view_key;

typedef struct view_place {
    view_key key;
    uint64_t number; /* 0: free */
    bool may_keep, has_rows;
    uint8_t misses; /* lists one after the other that found few rows */
    uint8_t skips;  /* lists since that did not ask */
} view_place;

struct kept_rows {
    char *ring;
    uint64_t size, end;              /* of the ring; all that was written */
    uint64_t at[ROW_SETS][ROW_WAYS]; /* positions plus one */
    view_place views[VIEW_SETS][VIEW_WAYS];
    uint64_t last_view;
    uint32_t turn;
};

kept_rows *kept_rows_new(size_t bytes)
{
    kept_rows *k = calloc(1, sizeof *k);
    if (k) {
        k->size = bytes & ~(size_t)7;
        k->ring = malloc(k->size);
    }
    if (k && !k->ring) {
        free(k);
        return NULL;
    }
    return k;
}

void kept_rows_free(kept_rows *k)
{
    if (k) {
        free(k->ring);
        free(k);
    }
}

/* ---- views ----------------------------------------------------------------------------------- */

static view_key key_of(const crm_ctx *c, const entity *e, const uint64_t select[4])
{
    view_key key;
    memset(&key, 0, sizeof key); /* its bytes are compared */
    key.serial = c->reg->serial;
    key.epoch = c->people->epoch;
    key.user = c->who->user;
    key.entity = e->id;
    memcpy(key.select, select, sizeof key.select);
    memcpy(key.lang, c->lang.p, c->lang.n < sizeof key.lang ? c->lang.n : sizeof key.lang);
    return key;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9E3779B97F4A7C15u;
    return h ^ h >> 32;
}

static view_place *views_of(kept_rows *k, const view_key *key)
{
    uint64_t h = mix(mix(mix(key->serial, key->epoch), (uint64_t)key->user), key->entity);
    for (int i = 0; i < 4; i++) {
        h = mix(h, key->select[i]);
    }
    return k->views[h % VIEW_SETS];
}

static view_place *find_view(kept_rows *k, const view_key *key)
{
    view_place *set = views_of(k, key);
    for (int i = 0; i < VIEW_WAYS; i++) {
        if (set[i].number && memcmp(&set[i].key, key, sizeof *key) == 0) {
            return &set[i];
        }
    }
    return NULL;
}

static view_place *make_view(kept_rows *k, crm_ctx *c, const entity *e, const view_key *key)
{
    view_place *set = views_of(k, key), *v = &set[k->turn++ % VIEW_WAYS];
    for (int i = 0; v->number && i < VIEW_WAYS; i++) {
        v = set[i].number ? v : &set[i];
    }
    *v = (view_place){.number = ++k->last_view, .may_keep = records_may_keep(c, e)};
    memcpy(&v->key, key, sizeof *key);
    return v;
}

/* Ids come dearer than rows when all of them are read after all: then only now and then. */
static bool is_worth_asking(view_place *v)
{
    if (!v->has_rows) {
        v->has_rows = true; /* the list that asks will leave some */
        return false;
    }
    if (v->misses < MISSES_MAX || v->skips == SKIPS_MAX) {
        v->skips = 0;
        return true;
    }
    v->skips++;
    return false;
}

void kept_judge(const kept_view *view, uint32_t asked, uint32_t found)
{
    view_place *v = view->place;
    bool is_miss = found * 2 < asked;
    if (v && v->number == view->number) {
        v->misses = is_miss ? (uint8_t)(v->misses + (v->misses < MISSES_MAX)) : 0;
    }
}

kept_view kept_view_of(kept_rows *k, crm_ctx *c, const entity *e, const uint64_t select[4],
                       bool *is_likely)
{
    *is_likely = false;
    /* A token's rights are less than its user's, and what it leaves of them is no part of the key.
     */
    if (c->who->kind != PRINCIPAL_USER || c->who->scope || !c->reg->serial) {
        return (kept_view){0};
    }
    view_key key = key_of(c, e, select);
    view_place *v = find_view(k, &key);
    v = v ? v : make_view(k, c, e, &key);
    if (!v->may_keep) {
        return (kept_view){0};
    }
    *is_likely = is_worth_asking(v);
    return (kept_view){v->number, e->id, v};
}

/* ---- rows ------------------------------------------------------------------------------------ */

static uint64_t *places_of(kept_rows *k, uint64_t number, int64_t id)
{
    return k->at[mix(mix(number, 0), (uint64_t)id) % ROW_SETS];
}

/* The row that a place names, unless another one took its room. */
static char *row_at(kept_rows *k, uint64_t place)
{
    return place && place - 1 + k->size >= k->end ? k->ring + (place - 1) % k->size : NULL;
}

static bool is_as_it_was(const row_head *h, const record_ref *refs, uint32_t entity_id,
                         engine_session *s)
{
    bool is = engine_is_unchanged(s, entity_id, h->id, h->seen);
    for (uint32_t i = 0; is && i < h->ref_count; i++) {
        is = engine_is_unchanged(s, refs[i].entity, refs[i].id, h->seen);
    }
    return is;
}

crm_str kept_find(kept_rows *k, const kept_view *v, int64_t id, engine_session *s)
{
    const uint64_t *set = places_of(k, v->number, id);
    for (int i = 0; i < ROW_WAYS; i++) {
        const char *at = row_at(k, set[i]);
        const row_head *h = (const row_head *)at;
        if (!h || h->view != v->number || h->id != id) {
            continue;
        }
        const record_ref *refs = (const record_ref *)(at + sizeof *h);
        const char *json = (const char *)(refs + h->ref_count);
        return is_as_it_was(h, refs, v->entity, s) ? (crm_str){json, h->bytes} : (crm_str){0};
    }
    return (crm_str){0};
}

/* Its own place, a free one, or that of the oldest. */
static uint64_t *place_for(kept_rows *k, uint64_t number, int64_t id)
{
    uint64_t *set = places_of(k, number, id), *out = &set[0];
    for (int i = 0; i < ROW_WAYS; i++) {
        const row_head *h = (const row_head *)row_at(k, set[i]);
        if (h && h->view == number && h->id == id) {
            return &set[i];
        }
        out = set[i] < *out ? &set[i] : out;
    }
    return out;
}

void kept_add(kept_rows *k, const kept_view *v, const kept_new *row, crm_str json)
{
    row_head h = {v->number, row->seen, row->id, (uint32_t)json.n, row->ref_count};
    size_t refs = row->ref_count * sizeof row->refs[0];
    uint64_t need = (sizeof h + refs + json.n + 7) & ~UINT64_C(7);
    if (row->ref_count > KEPT_REFS_MAX || !row->seen || need > k->size / 8) {
        return;
    }
    uint64_t left = k->size - k->end % k->size;
    k->end += left < need ? left : 0; /* no row stands on both sides of the ring's end */
    uint64_t *place = place_for(k, v->number, row->id);
    char *at = k->ring + k->end % k->size;
    memcpy(at, &h, sizeof h);
    memcpy(at + sizeof h, row->refs, refs);
    memcpy(at + sizeof h + refs, json.p, json.n);
    *place = k->end + 1;
    k->end += need;
}
