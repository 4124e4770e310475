/*
 * records_changes.c - what has changed of an entity since a position of the change log, for who
 * keeps a copy. Pool.
 *
 * Whether a record is told of is judged by the record as it is now; that it left somebody's sight,
 * by the columns that the log holds of it, as the event stream does. So nobody learns of a record
 * that he could not see before or after any of the changes.
 */
#include "data/changelog.h"
#include "data/records_private.h"

static uint32_t readable(crm_ctx *c, const branches *b, const value *row)
{
    return row ? rights_match(b, row, &c->env) & rights_for(b, ACTION_READ) : 0;
}

/* What is gathered of one record while the page is read. */
typedef struct gathered {
    record_change told;
    char first, last;
    bool was_seen;
} gathered;

typedef struct gathering {
    crm_ctx *call;
    const branches *rights;
    gathered *at;
    uint32_t count;
} gathering;

static gathered *of_record(gathering *g, const change *ch)
{
    for (uint32_t i = 0; i < g->count; i++) {
        if (g->at[i].told.record == ch->record) {
            return &g->at[i];
        }
    }
    gathered *one = &g->at[g->count++];
    *one = (gathered){.told = {.record = ch->record}, .first = ch->op};
    return one;
}

static void gather(gathering *g, const change *ch)
{
    gathered *one = of_record(g, ch);
    one->told.rev = ch->rev;
    one->told.at = ch->at;
    one->last = ch->op;
    one->was_seen |= (readable(g->call, g->rights, ch->row_was) |
                      readable(g->call, g->rights, ch->row_now)) != 0;
    for (uint32_t i = 0; i < ch->field_count; i++) {
        bits_add(one->told.fields, ch->fields[i]);
    }
}

/* False: he is told nothing of it. */
static bool judge(gathering *g, const entity *e, gathered *one, uint32_t matched)
{
    uint64_t seen[4], hidden[4];
    bool is_seen = matched & rights_for(g->rights, ACTION_READ);
    bool is_deleted = one->last == 'd';
    one->told.op = is_deleted ? 'd' : !is_seen ? 'g' : one->first == 'c' ? 'c' : 'u';
    rights_fields_for(g->rights, matched, ACTION_READ, seen);
    records_hidden(e, hidden);
    for (int i = 0; i < 4; i++) {
        bool has_fields = is_seen && !is_deleted;
        one->told.fields[i] = has_fields ? one->told.fields[i] & seen[i] & ~hidden[i] : 0;
    }
    return is_seen || one->was_seen;
}

static crm_status tell(gathering *g, const entity *e, record_changes *out)
{
    crm_status st = CRM_OK;
    out->at = ARENA_ARRAY(g->call->arena, record_change, g->count + 1);
    for (uint32_t i = 0; out->at && !st && i < g->count; i++) {
        uint32_t matched;
        st = rights_match_stored(g->call, e, g->at[i].told.record, &matched);
        if (!st && judge(g, e, &g->at[i], matched)) {
            out->at[out->count++] = g->at[i].told;
        }
    }
    return out->at ? st : CRM_NOMEM;
}

crm_status records_changes(crm_ctx *c, const entity *e, int64_t after, uint32_t limit,
                           record_changes *out)
{
    change_page page;
    gathering g = {.call = c, .rights = rights_of(c, e)};
    limit = limit && limit < LIST_MAX ? limit : LIST_MAX;
    *out = (record_changes){0};
    g.at = ARENA_ARRAY(c->arena, gathered, limit);
    crm_status st = g.at ? changelog_of_entity(c, e, after, limit, &page) : CRM_NOMEM;
    for (uint32_t i = 0; !st && i < page.count; i++) {
        gather(&g, &page.at[i]);
    }
    st = st ? st : tell(&g, e, out);
    if (!st) {
        out->next = page.last;
        out->has_more = page.has_more;
    }
    return st;
}
