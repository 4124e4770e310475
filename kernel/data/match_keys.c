/* match_keys.c - the hidden keys of names: written with a row, and filled in for older rows. */
#include "base/text_likeness.h"
#include "data/changelog.h"
#include "data/match.h"
#include "data/records_private.h"
#include "data/stores.h"

#define TOLD_EVERY   50000 /* ids */
#define KEYS_VERSION 2     /* of what text_likeness.h makes of a name */

static crm_str joined(arena *a, crm_str x, crm_str y)
{
    return x.n && y.n ? arena_fmt(a, "%.*s\n%.*s", STR_FMT(x), STR_FMT(y)) : x.n ? x : y;
}

crm_status match_put_keys(arena *a, const entity *e, value *row)
{
    crm_str all = {0}, keys;
    crm_status st = CRM_OK;
    for (uint32_t i = 0; !st && i < e->match_count; i++) {
        value name = row[e->matches[i].field[0]];
        name_form form;
        if (!e->matches[i].from || name.kind != VALUE_TEXT) {
            continue;
        }
        st = name_form_read(a, name.s, &form);
        st = st ? st : name_keys(a, &form, &keys);
        all = st ? all : joined(a, all, keys);
    }
    row[e->match_field] = value_text(all);
    return st || arena_failed(a) ? (st ? st : CRM_NOMEM) : CRM_OK;
}

bool match_keys_depend(const entity *e, const uint64_t changed[4])
{
    for (uint32_t i = 0; e->match_field && i < e->match_count; i++) {
        if (e->matches[i].from && bits_has(changed, e->matches[i].field[0])) {
            return true;
        }
    }
    return false;
}

/* ---- older rows ------------------------------------------------------------------------------ */

/* What the stored keys were made from, as a number: other fields or another version differ. */
static int64_t recipe(const entity *e)
{
    int64_t sum = KEYS_VERSION;
    for (uint32_t i = 0; i < e->match_count; i++) {
        if (e->matches[i].from) {
            sum = sum * 100003 + e->fields[e->matches[i].field[0]].id;
        }
    }
    return sum & INT64_MAX;
}

typedef struct old_rows {
    arena *arena;
    const entity *entity;
    value **at;
    uint32_t count;
} old_rows;

static bool take_row(void *arg, const value *row, uint32_t matched)
{
    old_rows *o = arg;
    value *copy = row_dup(o->arena, o->entity, row);
    (void)matched;
    if (copy) {
        o->at[o->count++] = copy;
    }
    return copy != NULL;
}

/* What keys are made of, and what else is found through the full text. */
static void select_sources(const entity *e, uint64_t select[4])
{
    for (uint32_t i = 0; i < e->match_count; i++) {
        bits_add(select, e->matches[i].field[0]);
    }
    for (uint32_t i = 0; i < e->search_count; i++) {
        bits_add(select, e->search_fields[i]);
    }
    bits_add(select, COL_DELETED_AT);
}

static crm_status fill_page(crm_ctx *c, const entity *e, int64_t *last, uint32_t *rows)
{
    uint64_t set[4] = {0};
    const field *id = &e->fields[COL_ID];
    old_rows o = {.arena = c->arena, .entity = e, .at = ARENA_ARRAY(c->arena, value *, *rows + 1)};
    query q = {.entity = e,
               .where = cond_compare(c->arena, COND_GT, id, value_int(*last)),
               .limit = *rows,
               .sorts = {{id, false}},
               .sort_count = 1,
               .with_deleted = true};
    select_sources(e, q.select);
    bits_add(set, e->match_field);
    crm_status st = o.at ? tx_list(c->tx, &q, take_row, &o) : CRM_NOMEM;
    for (uint32_t i = 0; !st && i < o.count; i++) {
        *last = o.at[i][COL_ID].i;
        st = match_put_keys(c->arena, e, o.at[i]);
        st = st ? st : tx_update(c->tx, e, *last, o.at[i], set);
        if (!st && value_is_null(o.at[i][COL_DELETED_AT])) {
            st = tx_gather_terms(c->tx, e, *last, o.at[i]);
        }
    }
    *rows -= o.count;
    return st;
}

static crm_status newest_id(crm_ctx *c, const entity *e, int64_t *id)
{
    old_rows o = {.arena = c->arena, .entity = e, .at = ARENA_ARRAY(c->arena, value *, 1)};
    query q = {.entity = e,
               .limit = 1,
               .sorts = {{&e->fields[COL_ID], true}},
               .sort_count = 1,
               .with_deleted = true};
    bits_add(q.select, COL_ID);
    crm_status st = o.at ? tx_list(c->tx, &q, take_row, &o) : CRM_NOMEM;
    *id = !st && o.count ? o.at[0][COL_ID].i : 0;
    return st;
}

/* Now and then: a log of every slice would be long. */
static crm_status tell_progress(crm_ctx *c, const entity *e, int64_t from, int64_t to,
                                int64_t *left)
{
    int64_t newest;
    crm_status st = newest_id(c, e, &newest);
    *left += !st && newest > to ? newest - to : 0;
    if (!st && newest && (!from || from / TOLD_EVERY != to / TOLD_EVERY)) {
        log_event(LOG_INFO, "match.filling", "entity=%.*s done=%lld of=%lld", STR_FMT(e->name),
                  (long long)to, (long long)newest);
    }
    return st;
}

/* Two cursors: the recipe that all rows follow, and how far they were written by the newest one. */
static crm_status fill_entity(crm_ctx *c, const entity *e, uint32_t *rows, int64_t *left)
{
    int64_t made, last, from;
    crm_str done = arena_fmt(c->arena, "match:%.*s", STR_FMT(e->name));
    crm_str at = arena_fmt(c->arena, "match:%.*s:%lld", STR_FMT(e->name), (long long)recipe(e));
    crm_status st = changelog_cursor(c->tx, done, &made);
    if ((st && st != CRM_NOT_FOUND) || (!st && made == recipe(e))) {
        return st;
    }
    st = changelog_cursor(c->tx, at, &last);
    st = st == CRM_NOT_FOUND ? CRM_OK : st;
    from = last;
    st = st ? st : fill_page(c, e, &last, rows);
    st = st ? st : tell_progress(c, e, from, last, left);
    st = st ? st : changelog_set_cursor(c->tx, at, *rows ? 0 : last);
    return st || !*rows ? st : changelog_set_cursor(c->tx, done, recipe(e));
}

crm_status match_fill_keys(crm_ctx *c, uint32_t rows, bool *is_done, int64_t *left)
{
    crm_status st = CRM_OK;
    uint32_t more = rows;
    assert(c->tx);
    *left = 0;
    for (uint32_t i = 0; !st && more && i < c->reg->entity_count; i++) {
        if (c->reg->entities[i]->match_field) {
            st = fill_entity(c, c->reg->entities[i], &more, left);
        }
    }
    *is_done = more > 0;
    return st;
}
