/*
 * records_history.c - the past of one record, with the fields that the reader may see today.
 */
#include "data/changelog_body.h"
#include "data/records_private.h"
#include "data/stores.h"

#define ROUNDS_MAX 8 /* pages read at most to fill one answer */

typedef struct telling {
    crm_ctx *call;
    const entity *entity;
    uint64_t visible[4];
    history_entry *at;
    uint32_t count, limit, rows;
    int64_t last;
    crm_status status;
} telling;

static crm_str name_of(const crm_ctx *c, const value *row)
{
    const person *p = people_user(c->people, row[CHANGE_BY].i);
    return p ? p->name : arena_dup(c->arena, row[CHANGE_BY_NAME].s);
}

static uint32_t take_visible(telling *t, const change *ch, struct history_change *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < ch->field_count; i++) {
        if (bits_has(t->visible, ch->fields[i])) {
            out[n].field = &t->entity->fields[ch->fields[i]];
            out[n].old_value = ch->was[i];
            out[n++].new_value = ch->now[i];
        }
    }
    return n;
}

static bool on_change(void *arg, const value *row, uint32_t matched)
{
    telling *t = arg;
    arena *a = t->call->arena;
    change ch = {.reg = t->call->reg,
                 .entity = t->entity,
                 .record = row[CHANGE_RECORD].i,
                 .op = row[CHANGE_OP].s.n ? row[CHANGE_OP].s.p[0] : 'u'};
    (void)matched;
    t->rows++;
    t->last = row[COL_ID].i;
    t->status = changelog_read_body(a, row[CHANGE_BODY].s, &ch);
    struct history_change *changes = ARENA_ARRAY(a, struct history_change, ch.field_count + 1);
    if (t->status || !changes) {
        return false;
    }
    uint32_t n = take_visible(t, &ch, changes);
    if (!n && ch.op == 'u') {
        return true; /* only what he may not see has changed */
    }
    t->at[t->count++] = (history_entry){.position = row[COL_ID].i,
                                        .at = row[CHANGE_AT].i,
                                        .by = row[CHANGE_BY].i,
                                        .by_name = name_of(t->call, row),
                                        .via = arena_dup(a, row[CHANGE_VIA].s),
                                        .op = ch.op,
                                        .changes = changes,
                                        .change_count = n};
    return t->count < t->limit;
}

static crm_status read_page(telling *t, int64_t id)
{
    const entity *log = registry_store(t->call->reg, STORE_CHANGE);
    value values[] = {value_int(t->entity->id), value_int(id), value_int(t->last)};
    cond parts[] = {{.op = COND_EQ,
                     .path = {&log->fields[CHANGE_ENTITY]},
                     .path_length = 1,
                     .values = &values[0],
                     .value_count = 1,
                     .next = &parts[1]},
                    {.op = COND_EQ,
                     .path = {&log->fields[CHANGE_RECORD]},
                     .path_length = 1,
                     .values = &values[1],
                     .value_count = 1,
                     .next = &parts[2]},
                    {.op = COND_LT,
                     .path = {&log->fields[COL_ID]},
                     .path_length = 1,
                     .values = &values[2],
                     .value_count = 1}};
    cond where = {.op = COND_AND, .first = parts};
    query q = {.entity = log,
               .where = &where,
               .limit = t->limit,
               .sorts = {{&log->fields[COL_ID], true}},
               .sort_count = 1};
    engine_op op = {.kind = ENGINE_LIST, .entity = log, .query = &q, .on_row = on_change, .arg = t};
    engine_batch b = {.ops = &op, .count = 1};
    t->rows = 0;
    crm_status st = records_run(t->call, &b);
    return st ? st : t->status;
}

crm_status records_history(crm_ctx *c, const entity *e, int64_t id, int64_t before, uint32_t limit,
                           history_entry **out, uint32_t *count)
{
    uint32_t matched;
    uint64_t hidden[4];
    telling t = {.call = c,
                 .entity = e,
                 .limit = limit && limit < LIST_MAX ? limit : LIST_MAX,
                 .last = before ? before : INT64_MAX};
    const branches *b = rights_of(c, e);
    crm_status st = rights_match_stored(c, e, id, &matched);
    *count = 0;
    if (!st && !(matched & rights_for(b, ACTION_READ))) {
        st = call_fail(c, CRM_NOT_FOUND, "not_found");
    }
    rights_fields_for(b, matched, ACTION_READ, t.visible);
    records_hidden(e, hidden);
    for (int i = 0; i < 4; i++) {
        t.visible[i] &= ~hidden[i];
    }
    *out = t.at = ARENA_ARRAY(c->arena, history_entry, t.limit);
    st = st || t.at ? st : CRM_NOMEM;
    for (int round = 0; !st && round < ROUNDS_MAX && t.count < t.limit; round++) {
        st = read_page(&t, id);
        if (t.rows < t.limit) {
            break;
        }
    }
    *count = t.count;
    return st;
}
