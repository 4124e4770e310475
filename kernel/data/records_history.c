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
    const field *only;
    history_entry *at;
    uint32_t count, limit, rows;
    int64_t last, until;
    bool has_until;
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
        bool is_asked = !t->only || t->only->index == ch->fields[i];
        if (is_asked && bits_has(t->visible, ch->fields[i])) {
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
    if (!n && (ch.op == 'u' || t->only)) {
        return true; /* only what he may not see, or did not ask for, has changed */
    }
    t->at[t->count++] = (history_entry){.position = row[COL_ID].i,
                                        .at = row[CHANGE_AT].i,
                                        .by = row[CHANGE_BY].i,
                                        .by_name = name_of(t->call, row),
                                        .batch = row[CHANGE_BATCH].i,
                                        .via = arena_dup(a, row[CHANGE_VIA].s),
                                        .op = ch.op,
                                        .changes = changes,
                                        .change_count = n};
    return t->count < t->limit;
}

static crm_status read_page(telling *t, int64_t id)
{
    const entity *log = registry_store(t->call->reg, STORE_CHANGE);
    value values[] = {value_int(t->entity->id), value_int(id), value_int(t->last),
                      value_int(t->until)};
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
                     .value_count = 1,
                     .next = t->has_until ? &parts[3] : NULL},
                    {.op = COND_LTE,
                     .path = {&log->fields[CHANGE_AT]},
                     .path_length = 1,
                     .values = &values[3],
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

/* The titles of the batches, each once; one that he may not read has none. */
static crm_status name_batches(telling *t)
{
    const entity *e = registry_store(t->call->reg, STORE_BATCH);
    int64_t *ids = ARENA_ARRAY(t->call->arena, int64_t, t->count + 1);
    crm_str *titles = ARENA_ARRAY(t->call->arena, crm_str, t->count + 1);
    uint32_t n = 0;
    if (!ids || !titles) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->at[i].batch && (!n || ids[n - 1] != t->at[i].batch)) {
            ids[n++] = t->at[i].batch;
        }
    }
    crm_status st = n ? records_labels(t->call, e, ids, n, titles) : CRM_OK;
    for (uint32_t i = 0, k = 0; !st && i < t->count && k < n; i++) {
        if (t->at[i].batch) {
            k += ids[k] != t->at[i].batch;
            t->at[i].batch_title = titles[k];
        }
    }
    return st;
}

/* What somebody kept for himself stays his when he shares it: others see what it is now. */
static crm_status hide_past_of_view(telling *t, int64_t id)
{
    static const uint16_t own[] = {VIEW_NAME, VIEW_ENTITY, VIEW_STATE, VIEW_FIRST};
    crm_ctx *c = t->call;
    record *view;
    if (t->entity != registry_store(c->reg, STORE_VIEW) || c->who->kind == PRINCIPAL_SYSTEM) {
        return CRM_OK;
    }
    crm_status st = records_get(c, t->entity, id, &view);
    bool is_his = !st && view->v[COL_CREATED_BY].i == c->who->user;
    for (size_t i = 0; !is_his && i < sizeof own / sizeof own[0]; i++) {
        bits_drop(t->visible, own[i]);
    }
    return st;
}

static crm_status begin(telling *t, int64_t id)
{
    crm_ctx *c = t->call;
    uint32_t matched;
    uint64_t hidden[4];
    const branches *b = rights_of(c, t->entity);
    crm_status st = rights_match_stored(c, t->entity, id, &matched);
    if (!st && !(matched & rights_for(b, ACTION_READ))) {
        st = call_fail(c, CRM_NOT_FOUND, "not_found");
    }
    if (st) {
        return st;
    }
    rights_fields_for(b, matched, ACTION_READ, t->visible);
    records_hidden(t->entity, hidden);
    for (int i = 0; i < 4; i++) {
        t->visible[i] &= ~hidden[i];
    }
    st = hide_past_of_view(t, id);
    if (st) {
        return st;
    }
    if (t->only && !bits_has(t->visible, t->only->index)) {
        return records_unknown_field(c, t->entity, t->only->name);
    }
    t->at = ARENA_ARRAY(c->arena, history_entry, t->limit);
    return t->at ? CRM_OK : CRM_NOMEM;
}

crm_status records_history(crm_ctx *c, const history_query *q, history_entry **out, uint32_t *count,
                           int64_t *next)
{
    telling t = {.call = c,
                 .entity = q->entity,
                 .only = q->field,
                 .limit = q->limit && q->limit < LIST_MAX ? q->limit : LIST_MAX,
                 .last = q->before ? q->before : INT64_MAX,
                 .has_until = q->has_until,
                 .until = q->until};
    bool is_end = false;
    crm_status st = begin(&t, q->id);
    *count = 0;
    *next = 0;
    for (int round = 0; !st && round < ROUNDS_MAX && t.count < t.limit && !is_end; round++) {
        st = read_page(&t, q->id);
        is_end = t.rows < t.limit && t.count < t.limit;
    }
    st = st ? st : name_batches(&t);
    *out = t.at;
    *count = t.count;
    *next = is_end ? 0 : t.last;
    return st;
}
