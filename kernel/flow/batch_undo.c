/*
 * batch_undo.c - the kind "undo": a batch's changes are taken back, newest first, each a row of the
 * new batch. Its cursor is the position of the last one taken.
 */
#include "flow/batch_private.h"

static crm_status cursor_of(const batch_run *b, int64_t *before)
{
    *before = 0;
    return b->cursor.n ? str_to_i64(b->cursor, before) : CRM_OK;
}

/* How many changes there are to take back. Worker. */
static crm_status count_changes(crm_ctx *c, batch_run *b, const void *fn)
{
    const entity *e = registry_store(c->reg, STORE_CHANGE);
    query q = {.entity = e, .limit = UINT32_MAX - 1};
    engine_op op = {.kind = ENGINE_COUNT, .entity = e, .query = &q};
    engine_batch all = {.ops = &op, .count = 1};
    (void)fn;
    q.where = cond_compare(c->arena, COND_EQ, &e->fields[CHANGE_BATCH], value_int(b->undo_of));
    crm_status s = call_limit_read(c, &all);
    s = s ? s : engine_read_now(c->session, &all);
    b->total = op.count;
    return s;
}

static crm_status fetch(crm_ctx *c, batch_run *b, const void *fn)
{
    int64_t before;
    change_page *page = ARENA_NEW(c->arena, change_page);
    (void)fn;
    c->prepared = page;
    crm_status s = page ? cursor_of(b, &before) : CRM_NOMEM;
    return s ? s
             : changelog_of_batch(c->session, c->reg, c->arena, b->undo_of, before,
                                  BATCH_SLICE_ROWS, page);
}

/* ---- on the writer --------------------------------------------------------------------------- */

static bool is_conflict(const crm_ctx *c, crm_status s)
{
    return s == CRM_CONFLICT &&
           (str_is(c->error.code, "changed_since") || str_is(c->error.code, "record_gone"));
}

static crm_status note_fields(crm_ctx *c, batch_run *b, const batch_place *at,
                              const uint64_t conflicts[4])
{
    bool is_any = false;
    for (uint32_t i = 0; i < at->entity->field_count; i++) {
        if (bits_has(conflicts, i)) {
            is_any = true;
            (void)!call_fail_field(c, at->entity->fields[i].name, "changed_since", (crm_str){0});
        }
    }
    return is_any ? batch_note(c, b, at, true) : CRM_OK;
}

static crm_status take_back(crm_ctx *c, batch_run *b, const change *ch, bool is_own)
{
    uint64_t conflicts[4];
    batch_place at = {.entity = ch->entity, .record = ch->record};
    undo_wish wish = {
        .change = ch, .partly = true, .is_own = is_own, .batches = {b->undo_of, b->id}};
    if (!ch->entity)
        return call_fail(c, CRM_NOT_FOUND, "unknown_entity");
    crm_status s = records_undo(c, &wish, conflicts);
    if (is_conflict(c, s))
        return batch_note(c, b, &at, true);
    return s ? s : note_fields(c, b, &at, conflicts);
}

/* Whether he takes back what he did himself. */
static crm_status is_of_user(crm_ctx *c, const batch_run *b, bool *is_own)
{
    store_row of;
    crm_status s = store_load(c->tx, c->arena, c->reg, STORE_BATCH, b->undo_of, &of);
    *is_own = s == CRM_OK && store_int(&of, BATCH_USER) == b->user;
    return s;
}

static crm_status slice(crm_ctx *c, batch_run *b, bool *is_done, const void *fn)
{
    int64_t before;
    uint32_t i = 0;
    bool is_own;
    const change_page *page = c->prepared;
    (void)fn;
    crm_status s = cursor_of(b, &before);
    s = s ? s : is_of_user(c, b, &is_own);
    for (; s == CRM_OK && i < page->count && batch_goes_on(c, b); i++) {
        const change *ch = &page->at[i];
        batch_place at = {.entity = ch->entity, .record = ch->record};
        s = batch_row_begin(c, b);
        s = s ? s : batch_row_end(c, b, &at, take_back(c, b, ch, is_own));
        before = ch->position;
    }
    *is_done = i == page->count && !page->has_more;
    b->cursor = arena_fmt(c->arena, "%lld", (long long)before);
    return s;
}

crm_status undo_register(registry *r)
{
    batch_kind k = {.name = CRM_S("undo"),
                    .module = CRM_S("kernel"),
                    .prepare = count_changes,
                    .fetch = fetch,
                    .slice = slice};
    return registry_add_batch_kind(r, &k);
}
