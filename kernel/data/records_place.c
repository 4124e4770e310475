/*
 * records_place.c - where a list goes on, when the row that tells it has a text too long for an
 * address (query.h, cursor_is_cut): that row is read in the batch that reads the list, before it,
 * as far as the reader may see it.
 */
#include "data/records_private.h"

/* The row that the page before ended with. */
static bool on_last(void *arg, const value *row, uint32_t matched)
{
    record_places *p = arg;
    (void)matched;
    cursor_complete(p->call->arena, p->list, row, &p->list->after);
    return false;
}

/* The row that the page which is gathered ends with. */
static bool on_end(void *arg, const value *row, uint32_t matched)
{
    record_places *p = arg;
    (void)matched;
    cursor_complete(p->call->arena, p->list, row, &p->given.bound);
    if (!cursor_is_cut(&p->given.bound)) {
        p->gathering = p->given;
    }
    return false;
}

static query query_of_row(const record_places *p, int64_t id)
{
    const query *list = p->list;
    const field *f = &list->entity->fields[COL_ID];
    query q = {.entity = list->entity,
               .where = cond_compare(p->call->arena, COND_EQ, f, value_int(id)),
               .rights = list->rights,
               .need = list->need,
               .env = list->env,
               .limit = 1,
               .with_deleted = true};
    memcpy(q.select, list->select, sizeof q.select);
    return q;
}

/* Without its bound a page that is gathered begins anew. */
static bool take_gathering(record_places *p)
{
    if (!p->list->gathered) {
        return false;
    }
    p->given = p->gathering = *p->list->gathered;
    p->list->gathered = &p->gathering;
    bool is_cut = cursor_is_cut(&p->given.bound);
    if (is_cut) {
        p->gathering = (list_gathering){.percent = p->given.percent};
    }
    return is_cut;
}

uint32_t records_places(record_places *p, crm_ctx *c, query *list, engine_op *rows)
{
    *p = (record_places){.call = c, .list = list};
    bool is_end_cut = take_gathering(p);
    if (!is_end_cut && !cursor_is_cut(&list->after)) {
        return 0;
    }
    engine_op op = {.kind = ENGINE_LIST, .entity = list->entity, .arg = p};
    p->last = query_of_row(p, list->after.id);
    op.query = &p->last;
    op.on_row = on_last;
    rows[-1] = op;
    if (is_end_cut) {
        p->end = query_of_row(p, p->given.bound.id);
        op.query = &p->end;
        op.on_row = on_end;
        rows[-2] = op;
    }
    return is_end_cut ? 2 : 1;
}
