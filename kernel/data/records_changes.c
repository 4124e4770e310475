/*
 * records_changes.c - what has changed of an entity since a position of the change log, for who
 * keeps a copy. Pool.
 *
 * Whether a record is told of is judged by the record as it is now; that it left somebody's sight,
 * by the columns that the log holds of it, as the event stream does. So nobody learns of a record
 * that he could not see before or after any of the changes. A page ends by what he is told of: one
 * that ended by what was looked at would count for him what he may not see.
 */
#include "data/changelog.h"
#include "data/records_private.h"

static uint32_t readable(crm_ctx *c, const branches *b, const value *row)
{
    return row ? rights_match(b, row, &c->env) & rights_for(b, ACTION_READ) : 0;
}

/* What is gathered of one record while the log is read; he is told of it. */
typedef struct gathered {
    record_change told;
    char first, last;
    uint32_t matched; /* branches, of the record as it is now */
} gathered;

typedef struct gathering {
    crm_ctx *call;
    const entity *entity;
    const branches *rights;
    gathered *at;
    uint32_t count, limit;
    bool is_full; /* the next change is of one record too many */
} gathering;

static gathered *of_record(gathering *g, int64_t id)
{
    for (uint32_t i = 0; i < g->count; i++) {
        if (g->at[i].told.record == id) {
            return &g->at[i];
        }
    }
    return NULL;
}

/* NULL: he is told nothing of it, or not in this page. */
static crm_status find_place(gathering *g, const change *ch, gathered **out)
{
    uint32_t matched;
    *out = of_record(g, ch->record);
    if (*out) {
        return CRM_OK;
    }
    crm_status st = rights_match_stored(g->call, g->entity, ch->record, &matched);
    bool is_told = matched & rights_for(g->rights, ACTION_READ) ||
                   readable(g->call, g->rights, ch->row_was) ||
                   readable(g->call, g->rights, ch->row_now);
    g->is_full = !st && is_told && g->count == g->limit;
    if (!st && is_told && !g->is_full) {
        *out = &g->at[g->count++];
        **out = (gathered){.told = {.record = ch->record}, .first = ch->op, .matched = matched};
    }
    return st;
}

static crm_status gather(gathering *g, const change *ch)
{
    gathered *one;
    crm_status st = find_place(g, ch, &one);
    if (st || !one) {
        return st;
    }
    one->told.rev = ch->rev;
    one->told.at = ch->at;
    one->last = ch->op;
    for (uint32_t i = 0; i < ch->field_count; i++) {
        bits_add(one->told.fields, ch->fields[i]);
    }
    return CRM_OK;
}

static crm_status gather_page(gathering *g, const change_page *page, int64_t *next)
{
    crm_status st = CRM_OK;
    for (uint32_t i = 0; !st && i < page->count; i++) {
        st = gather(g, &page->at[i]);
        if (st || g->is_full) {
            return st;
        }
        *next = page->at[i].position;
    }
    *next = page->last;
    return st;
}

/* Until as many are told of as were asked for, or so much of the log was looked at. */
static crm_status read_log(gathering *g, record_changes *out)
{
    change_page page = {.has_more = true};
    uint32_t looked = 0;
    crm_status st = CRM_OK;
    arena *a = arena_new(0);
    while (a && !st && !g->is_full && page.has_more && looked < CHANGES_LOOKED) {
        arena_reset(a);
        st = changelog_of_entity(g->call, a, g->entity, out->next, LIST_MAX, &page);
        st = st ? st : gather_page(g, &page, &out->next);
        looked += page.looked;
    }
    out->has_more = g->is_full || page.has_more || st != CRM_OK;
    crm_status done = a ? st : CRM_NOMEM;
    arena_free(a);
    return done;
}

static void judge(const gathering *g, gathered *one)
{
    uint64_t seen[4], hidden[4];
    bool is_seen = one->matched & rights_for(g->rights, ACTION_READ);
    bool is_deleted = one->last == 'd';
    one->told.op = is_deleted ? 'd' : !is_seen ? 'g' : one->first == 'c' ? 'c' : 'u';
    rights_fields_for(g->rights, one->matched, ACTION_READ, seen);
    records_hidden(g->entity, hidden);
    for (int i = 0; i < 4; i++) {
        bool has_fields = is_seen && !is_deleted;
        one->told.fields[i] = has_fields ? one->told.fields[i] & seen[i] & ~hidden[i] : 0;
    }
}

crm_status records_changes(crm_ctx *c, const entity *e, int64_t after, uint32_t limit,
                           record_changes *out)
{
    gathering g = {.call = c,
                   .entity = e,
                   .rights = rights_of(c, e),
                   .limit = limit && limit < LIST_MAX ? limit : LIST_MAX};
    *out = (record_changes){.next = after};
    g.at = ARENA_ARRAY(c->arena, gathered, g.limit);
    out->at = ARENA_ARRAY(c->arena, record_change, g.limit);
    crm_status st = g.at && out->at ? read_log(&g, out) : CRM_NOMEM;
    for (uint32_t i = 0; (!st || st == CRM_TIMEOUT) && i < g.count; i++) {
        judge(&g, &g.at[i]);
        out->at[out->count++] = g.at[i].told;
    }
    return st;
}
