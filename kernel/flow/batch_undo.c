/*
 * batch_undo.c - the kind "undo": a batch's changes are taken back, newest first, each a row of the
 * new batch. Its cursor is the position of the last one taken.
 *
 * Of a merge the records themselves come first, as one row: what referred to one that is not back
 * has nowhere to go.
 */
#include "flow/batch_merge.h"
#include "flow/batch_private.h"

#define MERGE_BEGIN (4 * MERGE_MAX) /* changes among which those of the merged records stand */

/* What fetch leaves for a slice. */
typedef struct undoing {
    bool is_merge, is_own;
    merge_wish merge;
    change_page page; /* of the first slice of a merge: its first changes */
} undoing;

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

/* The batch that is taken back: of which kind it is, and whether the same user did it. */
static crm_status read_undone(crm_ctx *c, const batch_run *b, undoing *u)
{
    store_row of;
    json_t *spec = NULL;
    const entity *e = registry_store(c->reg, STORE_BATCH);
    crm_status s = store_first(
        c->session, c->arena, c->reg, STORE_BATCH,
        cond_compare(c->arena, COND_EQ, &e->fields[COL_ID], value_int(b->undo_of)), &of);
    if (s != CRM_OK) {
        return s;
    }
    u->is_own = store_int(&of, BATCH_USER) == b->user;
    u->is_merge = str_is(store_text(&of, BATCH_KIND), "merge");
    if (!u->is_merge) {
        return CRM_OK;
    }
    if (!b->entity) {
        return call_fail(c, CRM_NOT_FOUND, "unknown_entity");
    }
    s = json_read(store_text(&of, BATCH_SPEC), BATCH_SPEC_MAX, &spec, NULL);
    s = s ? s : merge_wish_read(c, b->entity, spec, &u->merge);
    json_decref(spec);
    return s;
}

static crm_status fetch(crm_ctx *c, batch_run *b, const void *fn)
{
    int64_t before;
    undoing *u = ARENA_NEW(c->arena, undoing);
    (void)fn;
    c->prepared = u;
    crm_status s = u ? cursor_of(b, &before) : CRM_NOMEM;
    s = s ? s : read_undone(c, b, u);
    if (s != CRM_OK) {
        return s;
    }
    if (u->is_merge && !b->cursor.n) {
        return changelog_begin_of_batch(c->session, c->reg, c->arena, b->undo_of, MERGE_BEGIN,
                                        &u->page);
    }
    change_range in = {.before = before, .limit = BATCH_SLICE_ROWS};
    return changelog_of_batch(c->session, c->reg, c->arena, b->undo_of, in, &u->page);
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

static bool is_of_merged(const undoing *u, const change *ch)
{
    bool is_one = ch->record == u->merge.into;
    for (uint32_t i = 0; i < u->merge.count; i++) {
        is_one |= ch->record == u->merge.from[i];
    }
    return u->is_merge && ch->entity == u->merge.entity && is_one;
}

static crm_status undo_one(crm_ctx *c, const batch_run *b, const undoing *u, const change *ch,
                           uint64_t conflicts[4])
{
    undo_wish wish = {
        .change = ch, .partly = true, .is_own = u->is_own, .batches = {b->undo_of, b->id}};
    return u->is_merge && ch->op == 'u' ? records_repoint_back(c, ch, conflicts)
                                        : records_undo(c, &wish, conflicts);
}

static crm_status take_back(crm_ctx *c, batch_run *b, const undoing *u, const change *ch)
{
    uint64_t conflicts[4];
    batch_place at = {.entity = ch->entity, .record = ch->record};
    if (!ch->entity) {
        return call_fail(c, CRM_NOT_FOUND, "unknown_entity");
    }
    if (is_of_merged(u, ch)) {
        return CRM_OK; /* the first slice did it */
    }
    crm_status s = undo_one(c, b, u, ch, conflicts);
    if (is_conflict(c, s)) {
        return batch_note(c, b, &at, true);
    }
    return s ? s : note_fields(c, b, &at, conflicts);
}

static crm_status take_all_back(crm_ctx *c, batch_run *b, const undoing *u, bool *is_done)
{
    int64_t before;
    uint32_t i = 0;
    crm_status s = cursor_of(b, &before);
    for (; s == CRM_OK && i < u->page.count && batch_goes_on(c, b); i++) {
        const change *ch = &u->page.at[i];
        batch_place at = {.entity = ch->entity, .record = ch->record};
        s = batch_row_begin(c, b);
        s = s ? s : batch_row_end(c, b, &at, take_back(c, b, u, ch));
        before = ch->position;
    }
    *is_done = i == u->page.count && !u->page.has_more;
    b->cursor = arena_fmt(c->arena, "%lld", (long long)before);
    return s;
}

/* What refuses here fails the batch: nothing has been taken back. */
static crm_status take_merge_back(crm_ctx *c, batch_run *b, const undoing *u)
{
    uint64_t conflicts[4];
    batch_place at = {.entity = u->merge.entity, .record = u->merge.into};
    crm_status s = records_unmerge(c, &u->merge, &u->page, conflicts);
    s = s ? s : note_fields(c, b, &at, conflicts);
    b->changed++;
    b->cursor = CRM_S("0"); /* from the newest on */
    return s;
}

static crm_status slice(crm_ctx *c, batch_run *b, bool *is_done, const void *fn)
{
    const undoing *u = c->prepared;
    (void)fn;
    *is_done = false;
    return u->is_merge && !b->cursor.n ? take_merge_back(c, b, u) : take_all_back(c, b, u, is_done);
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
