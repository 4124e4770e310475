/* stage_log.c - writing the stays of a record in its stages. Writer. See stage_log.h. */
#include "data/stage_log.h"

#include "data/stores.h"
#include "data/tx_private.h"

/* The newest stay of the record; id 0: none is known. */
typedef struct stay {
    int64_t id, entered_at;
    bool is_over;
} stay;

static bool on_stay(void *arg, const value *row, uint32_t matched)
{
    (void)matched;
    *(stay *)arg = (stay){.id = row[COL_ID].i,
                          .entered_at = row[STAY_ENTERED_AT].i,
                          .is_over = !value_is_null(row[STAY_LEFT_AT])};
    return false;
}

static crm_status find_last(tx *t, const entity *log, int64_t of, stay *out)
{
    value id = value_int(of);
    cond where = {.op = COND_EQ,
                  .path = {&log->fields[STAY_RECORD]},
                  .path_length = 1,
                  .values = &id,
                  .value_count = 1};
    query q = {.entity = log,
               .where = &where,
               .limit = 1,
               .sorts = {{&log->fields[COL_ID], true}},
               .sort_count = 1};
    *out = (stay){0};
    return tx_list(t, &q, on_stay, out);
}

static crm_status end_stay(tx *t, const entity *log, const stage_change *ch, const stay *last)
{
    value row[STAY_COLUMNS] = {0};
    uint64_t set[4] = {0};
    const uint16_t changed[] = {STAY_TO, STAY_LEFT_AT, STAY_LEFT_BY, STAY_MS};
    row[STAY_TO] = ch->to;
    row[STAY_LEFT_AT] = value_int(ch->at);
    row[STAY_LEFT_BY] = ch->by;
    row[STAY_MS] = value_int(ch->at - last->entered_at);
    for (size_t i = 0; i < sizeof changed / sizeof changed[0]; i++) {
        bits_add(set, changed[i]);
    }
    return tx_update(t, log, last->id, row, set);
}

static crm_status add_stay(tx *t, const entity *log, const stage_change *ch, value row[])
{
    int64_t id;
    row[STAY_RECORD] = value_int(ch->record);
    row[COL_CREATED_AT] = row[COL_UPDATED_AT] = value_int(ch->at);
    row[COL_CREATED_BY] = row[COL_UPDATED_BY] = ch->by;
    return tx_insert(t, log, row, &id);
}

/* Of a record that is older than its pipeline: when it entered is not known, so nor is how long. */
static crm_status add_end(tx *t, const entity *log, const stage_change *ch)
{
    value row[STAY_COLUMNS] = {0};
    row[STAY_STAGE] = ch->from;
    row[STAY_TO] = ch->to;
    row[STAY_LEFT_AT] = value_int(ch->at);
    row[STAY_LEFT_BY] = ch->by;
    return add_stay(t, log, ch, row);
}

static crm_status leave(tx *t, const entity *log, const stage_change *ch, const stay *last)
{
    return last->id && !last->is_over ? end_stay(t, log, ch, last) : add_end(t, log, ch);
}

static crm_status enter(tx *t, const entity *log, const stage_change *ch)
{
    value row[STAY_COLUMNS] = {0};
    row[STAY_STAGE] = ch->to;
    row[STAY_FROM] = ch->from;
    row[STAY_ENTERED_AT] = value_int(ch->at);
    row[STAY_ENTERED_BY] = ch->by;
    return add_stay(t, log, ch, row);
}

static crm_status write_after(tx *t, const stage_change *ch, const stay *last)
{
    const entity *log = ch->of->stage_log;
    crm_status st = value_is_null(ch->from) ? CRM_OK : leave(t, log, ch, last);
    return st || value_is_null(ch->to) ? st : enter(t, log, ch);
}

/* ---- the log of before ----------------------------------------------------------------------- */

typedef struct old_rows {
    arena *arena;
    const entity *entity;
    value **at;
    uint32_t count;
    bool is_out_of_memory;
} old_rows;

static bool take_old(void *arg, const value *row, uint32_t matched)
{
    old_rows *x = arg;
    (void)matched;
    value *copy = row_dup(x->arena, x->entity, row);
    x->is_out_of_memory = !copy;
    x->at[x->count] = copy;
    x->count += copy != NULL;
    return copy && x->count < LIST_MAX;
}

/* The first that satisfy it by the order of a column, of equal ones the oldest. */
static crm_status list_old(crm_ctx *c, const cond *where, uint16_t by, uint32_t limit,
                           old_rows *out)
{
    const entity *e = registry_store(c->reg, STORE_STAGE_LOG);
    query q = {.entity = e,
               .where = where,
               .limit = limit,
               .sorts = {{&e->fields[by], false}},
               .sort_count = 1};
    *out =
        (old_rows){.arena = c->arena, .entity = e, .at = ARENA_ARRAY(c->arena, value *, LIST_MAX)};
    if (!out->at || arena_failed(c->arena)) {
        return CRM_NOMEM;
    }
    crm_status st = tx_list(c->tx, &q, take_old, out);
    return !st && out->is_out_of_memory ? CRM_NOMEM : st;
}

static crm_status bring_row(crm_ctx *c, const entity *e, const value *row)
{
    stay last;
    stage_change ch = {.of = e,
                       .record = row[STAGE_LOG_RECORD].i,
                       .at = row[STAGE_LOG_AT].i,
                       .from = row[STAGE_LOG_FROM],
                       .to = row[STAGE_LOG_TO],
                       .by = row[STAGE_LOG_BY]};
    crm_status st = find_last(c->tx, e->stage_log, ch.record, &last);
    st = st ? st : write_after(c->tx, &ch, &last);
    return st ? st : tx_delete(c->tx, registry_store(c->reg, STORE_STAGE_LOG), row[COL_ID].i);
}

static crm_status bring_record(crm_ctx *c, const entity *e, int64_t id)
{
    const entity *old = registry_store(c->reg, STORE_STAGE_LOG);
    arena *a = c->arena;
    const cond *of = cond_compare(a, COND_EQ, &old->fields[STAGE_LOG_ENTITY], value_text(e->name));
    const cond *which =
        cond_and(a, of, cond_compare(a, COND_EQ, &old->fields[STAGE_LOG_RECORD], value_int(id)));
    old_rows rows = {.count = LIST_MAX};
    crm_status st = CRM_OK;
    while (!st && rows.count == LIST_MAX) {
        st = list_old(c, which, COL_ID, LIST_MAX, &rows);
        for (uint32_t i = 0; !st && i < rows.count; i++) {
            st = bring_row(c, e, rows.at[i]);
        }
    }
    return st;
}

/* The next record of the entity by the index of the old log; *is_done: it has none left. */
static crm_status bring_next(crm_ctx *c, const entity *e, bool *is_done)
{
    const entity *old = registry_store(c->reg, STORE_STAGE_LOG);
    old_rows rows;
    const cond *of =
        cond_compare(c->arena, COND_EQ, &old->fields[STAGE_LOG_ENTITY], value_text(e->name));
    crm_status st = list_old(c, of, STAGE_LOG_RECORD, 1, &rows);
    *is_done = !st && !rows.count;
    return st || *is_done ? st : bring_record(c, e, rows.at[0][STAGE_LOG_RECORD].i);
}

/* Rows of entities that have no log now stay where they are, until those come back or are purged.
 */
crm_status stage_log_bring(crm_ctx *c, uint32_t records, bool *is_done)
{
    crm_status st = CRM_OK;
    *is_done = true;
    for (uint32_t i = 0; !st && i < c->reg->entity_count; i++) {
        const entity *e = c->reg->entities[i];
        bool is_over = !e->stage_log;
        for (; !st && !is_over && records; records--) {
            st = bring_next(c, e, &is_over);
        }
        *is_done = *is_done && is_over;
    }
    return st;
}

/* ---- writing --------------------------------------------------------------------------------- */

crm_status stage_log_write(crm_ctx *c, const stage_change *ch)
{
    stay last = {0};
    const entity *log = ch->of->stage_log;
    bool is_first = value_is_null(ch->from);
    crm_status st = is_first ? CRM_OK : find_last(c->tx, log, ch->record, &last);
    if (!st && !is_first && !last.id) {
        st = bring_record(c, ch->of, ch->record);
        st = st ? st : find_last(c->tx, log, ch->record, &last);
    }
    return st ? st : write_after(c->tx, ch, &last);
}
