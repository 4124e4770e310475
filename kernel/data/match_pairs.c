/* match_pairs.c - pairs of duplicates to work through: a walk down the table, newest records first,
 * a moment at a time; of sure pairs alone along the indexes of what they are found by. Pool. */
#include "data/match.h"

#include "data/records_private.h"

#define CHUNK    50
#define LOOK_MAX 500 /* records of one walk: what is found is kept in the call's memory */
#define OF_ONE   5   /* pairs with one record */
#define ROWS_OF  500 /* of one look along the indexes: some 10 ms */

static crm_status read_chunk(crm_ctx *c, const entity *e, int64_t below, uint32_t most,
                             record ***rows, uint32_t *count)
{
    const field *id = &e->fields[COL_ID];
    query q = {.entity = e, .limit = most, .sorts = {{id, true}}, .sort_count = 1};
    q.where = below ? cond_compare(c->arena, COND_LT, id, value_int(below)) : NULL;
    return records_list(c, &q, rows, count);
}

static crm_status pairs_of(match_walk *w, const record *r)
{
    match_ask *m = w->ask;
    *m = (match_ask){.call = w->call,
                     .entity = w->entity,
                     .row = r->v,
                     .id = r->v[COL_ID].i,
                     .below = r->v[COL_ID].i,
                     .need = ACTION_MERGE,
                     .is_sure = w->is_sure,
                     .limit = OF_ONE};
    memcpy(m->fields, r->visible, sizeof m->fields);
    crm_status st = match_find(m);
    for (uint32_t i = 0; !st && i < m->count && w->count < MATCH_PAIRS_MAX + OF_ONE; i++) {
        w->pairs[w->count++] = (match_pair){.first = m->id, .second = m->hits[i]};
    }
    return st;
}

/* One that he may not merge is no one's pair here. */
static crm_status look(match_walk *w, const record *r)
{
    w->below = r->v[COL_ID].i;
    w->looked++;
    return r->actions >> ACTION_MERGE & 1 ? pairs_of(w, r) : CRM_OK;
}

/* Ids are given one after the other, so they tell how far it is without counting anything. */
static crm_status tell_progress(match_walk *w)
{
    record **rows;
    uint32_t count = 0;
    crm_status st = w->is_end ? CRM_OK : read_chunk(w->call, w->entity, 0, 1, &rows, &count);
    int64_t newest = !st && count ? rows[0]->v[COL_ID].i : 0;
    w->percent = newest && w->below <= newest ? (int)(100 - 100 * w->below / newest) : 100;
    return st;
}

static bool is_over(const match_walk *w)
{
    return w->count >= w->limit || clock_mono() >= w->until || call_is_left(w->call);
}

/* ---- all pairs ------------------------------------------------------------------------------- */

static crm_status walk_all(match_walk *w)
{
    record **rows;
    uint32_t count = CHUNK;
    crm_status st = CRM_OK;
    bool stops = false;
    while (!st && !stops && count == CHUNK) {
        st = read_chunk(w->call, w->entity, w->below, CHUNK, &rows, &count);
        for (uint32_t i = 0; !st && !stops && i < count; i++) {
            st = look(w, rows[i]);
            stops = is_over(w) || w->looked >= LOOK_MAX;
        }
    }
    w->is_end = !st && !stops;
    return st;
}

/* ---- sure pairs ------------------------------------------------------------------------------ */

/* Records of which an index tells that another may be the same, and the rows passed on the way. */
typedef struct twins {
    value ids[CHUNK];
    uint32_t place[CHUNK]; /* among the rows */
    uint32_t count, rows;
    int64_t last; /* the id of the last row */
} twins;

static bool on_row(void *arg, const value *row, uint32_t may_be)
{
    twins *t = arg;
    t->last = row[COL_ID].i;
    t->rows++;
    if (may_be) {
        t->ids[t->count] = row[COL_ID];
        t->place[t->count++] = t->rows;
    }
    return t->count < CHUNK;
}

/* The fields that he sees in every record; none where there may be records he cannot read. */
static void shown_everywhere(const match_walk *w, uint64_t set[4])
{
    const branches *b = rights_of(w->call, w->entity);
    for (uint32_t k = 0; k < 4; k++) {
        set[k] = b ? 0 : ~0ull;
    }
    for (uint32_t i = 0; b && i < b->count; i++) {
        const branch *one = &b->at[i];
        bool is_all = !one->where && !one->via_count && one->actions >> ACTION_READ & 1;
        for (uint32_t k = 0; is_all && k < 4; k++) {
            set[k] |= one->fields[k];
        }
    }
}

/*
 * What the rules SAME begin with. The walk along the indexes knows no rights: where it stops and
 * how many rows it passed would tell of records that are hidden, so it is for who reads them all.
 */
static bool first_fields(const match_walk *w, uint64_t set[4])
{
    uint64_t shown[4];
    bool has_any = false;
    shown_everywhere(w, shown);
    for (uint32_t i = 0; i < w->entity->match_count; i++) {
        const match_rule *by = &w->entity->matches[i];
        uint32_t seen = 0;
        while (seen < by->count && bits_has(shown, by->field[seen])) {
            seen++;
        }
        if (!by->from && seen == by->count) {
            bits_add(set, by->field[0]);
            has_any = true;
        }
    }
    return has_any;
}

static crm_status find_twins(const match_walk *w, const uint64_t first[4], twins *t)
{
    query q = {.entity = w->entity, .limit = ROWS_OF};
    engine_op op = {.kind = ENGINE_TWINS,
                    .entity = w->entity,
                    .id = w->below,
                    .query = &q,
                    .on_row = on_row,
                    .arg = t};
    engine_batch b = {.ops = &op, .count = 1};
    memcpy(op.set, first, sizeof op.set);
    *t = (twins){.last = w->below};
    return records_run(w->call, &b);
}

static uint32_t place_of(const twins *t, int64_t id)
{
    uint32_t i = 0;
    while (i + 1 < t->count && t->ids[i].i != id) {
        i++;
    }
    return t->place[i];
}

/* Those of them that he may read and merge. A walk that stops goes on behind the last one looked
 * at. */
static crm_status look_at(match_walk *w, const twins *t, bool *stops)
{
    record **rows = NULL;
    uint32_t count = 0, before = w->looked;
    const field *id = &w->entity->fields[COL_ID];
    query q = {.entity = w->entity, .limit = CHUNK, .sorts = {{id, true}}, .sort_count = 1};
    q.where = cond_in(w->call->arena, id, t->ids, t->count);
    crm_status st = t->count ? records_list(w->call, &q, &rows, &count) : CRM_OK;
    for (uint32_t i = 0; !st && !*stops && i < count; i++) {
        st = look(w, rows[i]);
        w->looked = before + place_of(t, w->below);
        *stops = is_over(w);
    }
    if (!st && !*stops) {
        w->below = t->last;
        w->looked = before + t->rows;
        *stops = is_over(w);
    }
    return st;
}

static crm_status walk_sure(match_walk *w, const uint64_t first[4])
{
    twins t;
    uint32_t seen = 0;
    crm_status st = CRM_OK;
    bool stops = false, is_last = false;
    while (!st && !stops && !is_last) {
        st = find_twins(w, first, &t);
        is_last = !st && t.count < CHUNK && t.rows < ROWS_OF;
        seen += t.count;
        st = st ? st : look_at(w, &t, &stops);
        stops = stops || seen >= LOOK_MAX;
    }
    w->is_end = !st && is_last && w->below == t.last;
    return st;
}

/* ---- the walk -------------------------------------------------------------------------------- */

/* Whoever has gone away cancels it. */
crm_status match_walk_on(match_walk *w)
{
    uint64_t first[4] = {0};
    w->count = w->looked = 0;
    w->ask = ARENA_NEW(w->call->arena, match_ask);
    crm_status st = w->ask ? CRM_OK : CRM_NOMEM;
    st = st ? st : w->is_sure && first_fields(w, first) ? walk_sure(w, first) : walk_all(w);
    return st ? st : tell_progress(w);
}
