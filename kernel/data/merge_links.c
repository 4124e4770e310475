/* merge_links.c - what refers to merged records, and where a merged record went. */
#include "data/merge.h"
#include "data/records_private.h"
#include "data/stores.h"

#define CHAIN_MAX 32 /* merges of merges */

/* ---- links ----------------------------------------------------------------------------------- */

/* Where a record was stays with it, in the recycle bin and when it comes back. */
static bool may_refer(const entity *e)
{
    return !(e->flags & (ENTITY_SYSTEM | ENTITY_NO_API | ENTITY_LOG));
}

uint32_t merge_links(const registry *r, const entity *to, merge_link out[FIELDS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->entity_count; i++) {
        const entity *e = r->entities[i];
        for (uint32_t k = COL_OWN; may_refer(e) && k < e->field_count; k++) {
            const field *f = &e->fields[k];
            bool is_ref = f->type == FIELD_REF || f->type == FIELD_REFS;
            if (is_ref && f->ref == to && count < FIELDS_MAX) {
                out[count++] = (merge_link){e, f};
            }
        }
    }
    return count;
}

static value id_value(arena *a, const field *f, int64_t id)
{
    return f->type == FIELD_REFS ? value_text(arena_fmt(a, "%lld", (long long)id)) : value_int(id);
}

const cond *merge_link_cond(arena *a, const merge_link *l, const merge_wish *w)
{
    value from[MERGE_MAX], all[MERGE_MAX + 1];
    for (uint32_t i = 0; i < w->count; i++) {
        from[i] = id_value(a, l->field, w->from[i]);
        all[i] = value_int(w->from[i]);
    }
    all[w->count] = value_int(w->into);
    const cond *c = cond_in(a, l->field, from, w->count);
    for (uint32_t i = 0; l->entity == w->entity && i <= w->count; i++) {
        c = cond_and(a, c, cond_compare(a, COND_NE, &l->entity->fields[COL_ID], all[i]));
    }
    return c;
}

/* ---- where a record went --------------------------------------------------------------------- */

static value key_of(arena *a, const entity *e, int64_t id)
{
    return value_text(arena_fmt(a, "%u:%lld", e->id, (long long)id));
}

static crm_status find_row(crm_ctx *c, const entity *e, int64_t id, value **row)
{
    const entity *kept = registry_store(c->reg, STORE_MERGED);
    return tx_find_row(c->session, kept, MERGED_RECORD, key_of(c->arena, e, id), c->arena, row);
}

crm_status merged_into(crm_ctx *c, const entity *e, int64_t id, int64_t *into)
{
    value *row;
    crm_status st = find_row(c, e, id, &row);
    for (int hops = 0; !st && hops < CHAIN_MAX; hops++) {
        *into = row[MERGED_INTO].i;
        st = find_row(c, e, *into, &row);
        if (st == CRM_NOT_FOUND) {
            return CRM_OK;
        }
    }
    return st;
}

crm_status merged_answer(crm_ctx *c, const entity *e, int64_t id, crm_status status)
{
    record *r;
    int64_t into;
    if (status != CRM_NOT_FOUND || id <= 0) {
        return status;
    }
    call_error was = c->error;
    crm_status st = merged_into(c, e, id, &into);
    st = st ? st : records_get(c, e, into, &r);
    c->error = was;
    if (st) {
        return status;
    }
    c->error = (call_error){0};
    call_fail(c, CRM_NOT_FOUND, "merged");
    c->error.params_json =
        arena_fmt(c->arena, "{\"id\":%lld,\"merged_into\":%lld}", (long long)id, (long long)into);
    return CRM_NOT_FOUND;
}

crm_status merged_note(crm_ctx *c, const entity *e, int64_t id, int64_t into)
{
    int64_t stored;
    value row[MERGED_COLUMNS] = {0};
    crm_status st = merged_forget(c, e, id);
    row[MERGED_RECORD] = key_of(c->arena, e, id);
    row[MERGED_INTO] = value_int(into);
    row[MERGED_BATCH] = c->batch ? value_int(c->batch) : value_null();
    row[MERGED_AT] = value_int(clock_now());
    return st ? st : tx_insert(c->tx, registry_store(c->reg, STORE_MERGED), row, &stored);
}

crm_status merged_forget(crm_ctx *c, const entity *e, int64_t id)
{
    value *row;
    crm_status st = find_row(c, e, id, &row);
    if (st == CRM_NOT_FOUND) {
        return CRM_OK;
    }
    return st ? st : tx_delete(c->tx, registry_store(c->reg, STORE_MERGED), row[COL_ID].i);
}
