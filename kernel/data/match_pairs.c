/* match_pairs.c - pairs of duplicates to work through: a walk down the table, newest records first,
 * a moment at a time. Pool. */
#include "data/match.h"

#include "data/records_private.h"

#define CHUNK    50
#define LOOK_MAX 500 /* records of one walk: what is found is kept in the call's memory */
#define OF_ONE   5   /* pairs with one record */

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

/* Whoever has gone away cancels it. */
crm_status match_walk_on(match_walk *w)
{
    record **rows;
    uint32_t count = CHUNK;
    crm_status st = CRM_OK;
    bool is_over = false;
    w->count = w->looked = 0;
    w->ask = ARENA_NEW(w->call->arena, match_ask);
    st = w->ask ? CRM_OK : CRM_NOMEM;
    while (!st && !is_over && count == CHUNK) {
        st = read_chunk(w->call, w->entity, w->below, CHUNK, &rows, &count);
        for (uint32_t i = 0; !st && !is_over && i < count; i++) {
            st = look(w, rows[i]);
            is_over = w->count >= w->limit || w->looked >= LOOK_MAX || clock_mono() >= w->until ||
                      call_is_left(w->call);
        }
    }
    w->is_end = !st && !is_over;
    return st ? st : tell_progress(w);
}
