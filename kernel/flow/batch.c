/*
 * batch.c - starting, canceling and undoing batches, and the rows of a slice. Writer thread, inside
 * a transaction.
 */
#include <assert.h>

#include "data/access.h"
#include "flow/batch_private.h"

#define SLICE_MEMORY ((size_t)16 * 1024 * 1024) /* half of what a call may take */

/* ---- the batch's own row --------------------------------------------------------------------- */

bool batch_is_open(const store_row *row)
{
    crm_str state = store_text(row, BATCH_STATE);
    return str_is(state, BATCH_STATE_WAITING) || str_is(state, BATCH_STATE_RUNNING);
}

crm_status batch_save(crm_ctx *c, store_row *row, bool is_kept)
{
    value *before = NULL;
    bool is_new = row->id == 0, was_quiet = c->is_quiet;
    int64_t batch = c->batch;
    crm_status s = is_new ? CRM_OK : tx_get(c->tx, row->e, row->id, c->arena, &before);
    store_set(row, COL_REV, value_int(is_new ? 1 : row->v[COL_REV].i + 1));
    store_set(row, COL_UPDATED_AT, value_int(clock_now()));
    if (s == CRM_OK) {
        s = store_save(c->tx, row);
    }
    if (s != CRM_OK) {
        return s;
    }
    record now = {.entity = row->e, .arena = c->arena, .v = row->v};
    record was = {.entity = row->e, .arena = c->arena, .v = before};
    c->batch = 0;
    c->is_quiet = true;
    s = is_kept ? changelog_append(c->tx, c, &now, is_new ? NULL : &was, is_new ? 'c' : 'u')
                : changelog_tell(c->tx, c, &now, &was);
    c->batch = batch;
    c->is_quiet = was_quiet;
    return s;
}

crm_status batch_end(crm_ctx *c, store_row *row, const char *state, crm_str error)
{
    store_set(row, BATCH_STATE, value_text(str_of(state)));
    store_set(row, BATCH_ENDED_AT, value_int(clock_now()));
    if (error.n) {
        store_set(row, BATCH_ERROR, value_text(error));
    }
    return batch_save(c, row, true);
}

static void fill(crm_ctx *c, const batch_order *o, crm_str spec, store_row *row)
{
    value user = c->who->user ? value_int(c->who->user) : value_null();
    static const uint16_t counters[] = {BATCH_DONE,      BATCH_CHANGED, BATCH_FAILED,
                                        BATCH_CONFLICTS, BATCH_HIDDEN,  BATCH_NOTES};
    store_set(row, COL_CREATED_AT, value_int(clock_now()));
    store_set(row, COL_CREATED_BY, user);
    store_set(row, COL_UPDATED_BY, user);
    store_set(row, BATCH_USER, user);
    store_set(row, BATCH_KIND, value_text(o->kind));
    store_set(row, BATCH_ENTITY, o->entity ? value_text(o->entity->name) : value_null());
    store_set(row, BATCH_TITLE, value_text(o->title));
    store_set(row, BATCH_STATE, value_text(CRM_S(BATCH_STATE_WAITING)));
    store_set(row, BATCH_TOTAL, value_int(o->total));
    store_set(row, BATCH_UNDO_OF, o->undo_of ? value_int(o->undo_of) : value_null());
    store_set(row, BATCH_IS_QUIET, value_int(o->is_quiet));
    store_set(row, BATCH_SPEC, value_text(spec));
    if (c->who->scope) {
        store_set(row, BATCH_SCOPE, value_text(c->who->scope->text));
    }
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        store_set(row, counters[i], value_int(0));
    }
}

/* A new row as it was ordered. */
static crm_status make_row(crm_ctx *c, const batch_order *o, store_row *row)
{
    crm_str spec = o->spec ? json_dump(c->arena, o->spec) : CRM_S("{}");
    if (!spec.p) {
        return CRM_NOMEM;
    }
    crm_status s = spec.n > BATCH_SPEC_MAX
                       ? call_fail_field(c, CRM_S("body"), "too_long", (crm_str){0})
                       : CRM_OK;
    assert(s != CRM_OK || spec.n <= BATCH_SPEC_MAX);
    if (s != CRM_OK) {
        return s;
    }
    s = store_new(c->arena, c->reg, STORE_BATCH, row);
    if (s == CRM_OK) {
        fill(c, o, spec, row);
    }
    return s;
}

crm_status batch_start(crm_ctx *c, const batch_order *o, int64_t *id)
{
    store_row row;
    if (!registry_batch_kind(c->reg, o->kind)) {
        log_event(LOG_ERROR, "batch.unknown_kind", "kind=%s", log_quote(o->kind));
        return CRM_MISUSE;
    }
    crm_status s = make_row(c, o, &row);
    s = s == CRM_OK ? batch_save(c, &row, true) : s;
    if (s != CRM_OK) {
        return s;
    }
    *id = row.id;
    crm_str key = arena_fmt(c->arena, "%lld", (long long)row.id);
    return timers_schedule(c, BATCH_JOB, key, clock_now(), key);
}

static crm_status mark_undone(crm_ctx *c, int64_t id, int64_t by)
{
    store_row row;
    crm_status s = store_load(c->tx, c->arena, c->reg, STORE_BATCH, id, &row);
    if (s != CRM_OK) {
        return s;
    }
    store_set(&row, BATCH_UNDONE_BY, value_int(by));
    return batch_save(c, &row, true);
}

crm_status batch_note_done(crm_ctx *c, const batch_order *o, int64_t *id)
{
    store_row row;
    crm_status s = make_row(c, o, &row);
    if (s != CRM_OK) {
        return s;
    }
    store_set(&row, BATCH_STARTED_AT, value_int(clock_now()));
    store_set(&row, BATCH_DONE, value_int(o->total));
    store_set(&row, BATCH_CHANGED, value_int(o->total));
    s = batch_end(c, &row, BATCH_STATE_DONE, (crm_str){0});
    *id = row.id;
    return s == CRM_OK && o->undo_of ? mark_undone(c, o->undo_of, *id) : s;
}

/* The row, when the acting user may read it. */
static crm_status find(crm_ctx *c, int64_t id, store_row *row)
{
    record *seen;
    crm_status s = records_get(c, registry_store(c->reg, STORE_BATCH), id, &seen);
    return s == CRM_OK ? store_load(c->tx, c->arena, c->reg, STORE_BATCH, id, row) : s;
}

crm_status batch_cancel(crm_ctx *c, int64_t id)
{
    store_row row;
    crm_status s = find(c, id, &row);
    if (s != CRM_OK) {
        return s;
    }
    if (!batch_is_open(&row)) {
        return call_fail(c, CRM_CONFLICT, "batch_ended");
    }
    return batch_end(c, &row, BATCH_STATE_CANCELED, (crm_str){0});
}

static crm_status load_open(crm_ctx *c, int64_t id, store_row *row)
{
    crm_status s = store_load(c->tx, c->arena, c->reg, STORE_BATCH, id, row);
    if (s == CRM_NOT_FOUND || (s == CRM_OK && !batch_is_open(row))) {
        return call_fail(c, CRM_CONFLICT, "batch_ended");
    }
    return s;
}

crm_status batch_check_open(crm_ctx *c, int64_t id)
{
    store_row row;
    return load_open(c, id, &row);
}

crm_status batch_finish(crm_ctx *c, int64_t id)
{
    store_row row;
    crm_status s = load_open(c, id, &row);
    if (s != CRM_OK) {
        return s;
    }
    store_set(&row, BATCH_DONE, value_int(store_int(&row, BATCH_TOTAL)));
    return batch_end(c, &row, BATCH_STATE_DONE, (crm_str){0});
}

/* ---- undoing --------------------------------------------------------------------------------- */

/* An undo that was canceled or failed leaves something to be undone. */
static crm_status check_undone(crm_ctx *c, const store_row *row)
{
    store_row earlier;
    if (!store_int(row, BATCH_UNDONE_BY)) {
        return CRM_OK;
    }
    crm_status s =
        store_load(c->tx, c->arena, c->reg, STORE_BATCH, store_int(row, BATCH_UNDONE_BY), &earlier);
    if (s != CRM_OK) {
        return s;
    }
    crm_str state = store_text(&earlier, BATCH_STATE);
    bool is_left = str_is(state, BATCH_STATE_CANCELED) || str_is(state, BATCH_STATE_FAILED);
    return is_left ? CRM_OK : call_fail(c, CRM_CONFLICT, "batch_undone");
}

/* What was taken apart again is merged anew: its references may be anybody's by now. A type is
 * changed back by another change of the model, and what was purged is gone. What a module made
 * of its records belongs to its version. Of demonstration data the past would go and what was
 * changed since would stay: they are taken away as a whole. */
static crm_status check_kind(crm_ctx *c, const store_row *row)
{
    store_row of;
    crm_str kind = store_text(row, BATCH_KIND);
    if (str_is(kind, "model") || str_is(kind, "purge")) {
        return call_fail(c, CRM_CONFLICT, "model_stays");
    }
    if (str_is(kind, "migrate")) {
        return call_fail(c, CRM_CONFLICT, "migration_stays");
    }
    if (str_is(kind, "demo")) {
        return call_fail(c, CRM_CONFLICT, "demo_stays");
    }
    if (!str_is(kind, "undo") || !store_int(row, BATCH_UNDO_OF)) {
        return CRM_OK;
    }
    crm_status s =
        store_load(c->tx, c->arena, c->reg, STORE_BATCH, store_int(row, BATCH_UNDO_OF), &of);
    if (s == CRM_OK && str_is(store_text(&of, BATCH_KIND), "merge")) {
        s = call_fail(c, CRM_CONFLICT, "unmerge_stays");
    }
    return s;
}

crm_status batch_undo(crm_ctx *c, int64_t id, bool is_quiet, int64_t *undo)
{
    store_row row;
    crm_status s = find(c, id, &row);
    s = s ? s : check_kind(c, &row);
    if (s == CRM_OK && batch_is_open(&row)) {
        s = call_fail(c, CRM_CONFLICT, "batch_running");
    }
    if (s == CRM_OK) {
        s = check_undone(c, &row);
    }
    if (s != CRM_OK) {
        return s;
    }
    batch_order o = {.kind = CRM_S("undo"),
                     .title = store_text(&row, BATCH_TITLE),
                     .entity = registry_entity(c->reg, store_text(&row, BATCH_ENTITY)),
                     .undo_of = id,
                     .is_quiet = is_quiet};
    s = batch_start(c, &o, undo);
    if (s != CRM_OK) {
        return s;
    }
    return mark_undone(c, id, *undo);
}

/* ---- rows of a slice ------------------------------------------------------------------------- */

bool batch_is_healed_by_time(crm_status s)
{
    return s == CRM_UNAVAILABLE || s == CRM_UPSTREAM || s == CRM_TIMEOUT || s == CRM_NO_SPACE ||
           s == CRM_NOMEM;
}

bool batch_goes_on(const crm_ctx *c, const batch_run *b)
{
    if (!b->slice_rows) {
        return true;
    }
    return b->slice_rows < BATCH_SLICE_ROWS && clock_mono() < b->slice_until &&
           arena_used(c->arena) < SLICE_MEMORY;
}

crm_status batch_row_begin(crm_ctx *c, batch_run *b)
{
    b->failed_before = b->failed;
    b->conflicts_before = b->conflicts;
    b->notes_before = b->notes;
    b->hidden_before = c->hidden;
    return tx_row_begin(c->tx);
}

/* The row's own notes went with it. */
static crm_status refuse(crm_ctx *c, batch_run *b, const batch_place *at, crm_status worked)
{
    b->failed = b->failed_before;
    b->conflicts = b->conflicts_before;
    b->notes = b->notes_before;
    call_fail(c, worked, status_code(worked));
    return batch_note(c, b, at, false);
}

static crm_status end_row(crm_ctx *c, batch_run *b, const batch_place *at, crm_status worked,
                          bool is_kept)
{
    bool wrote = false;
    if (worked == CRM_OK && c->error.status != CRM_OK) {
        worked = c->error.status;
    }
    crm_status s = tx_row_end(c->tx, worked == CRM_OK && is_kept, &wrote);
    if (s != CRM_OK || batch_is_healed_by_time(worked)) {
        return s != CRM_OK ? s : worked;
    }
    b->slice_rows++;
    b->done++;
    b->changed += wrote;
    b->hidden += wrote && c->hidden != b->hidden_before;
    return worked == CRM_OK ? CRM_OK : refuse(c, b, at, worked);
}

crm_status batch_row_end(crm_ctx *c, batch_run *b, const batch_place *at, crm_status worked)
{
    return end_row(c, b, at, worked, true);
}

crm_status batch_row_end_tried(crm_ctx *c, batch_run *b, const batch_place *at, crm_status worked)
{
    return end_row(c, b, at, worked, false);
}

/* ---- notes ----------------------------------------------------------------------------------- */

typedef enum note_kind { NOTE_ERROR, NOTE_CONFLICT, NOTE_WARNING } note_kind;

static crm_status write_note(crm_ctx *c, batch_run *b, const batch_place *at, note_kind kind,
                             const field_error *e)
{
    store_row row;
    if (b->notes >= BATCH_NOTES_MAX) {
        return CRM_OK;
    }
    crm_status s = store_new(c->arena, c->reg, STORE_BATCH_ROW, &row);
    if (s != CRM_OK) {
        return s;
    }
    b->notes++;
    store_set(&row, BATCH_ROW_BATCH, value_int(b->id));
    store_set(&row, BATCH_ROW_AT, value_int(clock_now()));
    store_set(&row, BATCH_ROW_ROW, at->row ? value_int(at->row) : value_null());
    store_set(&row, BATCH_ROW_ENTITY, at->entity ? value_text(at->entity->name) : value_null());
    store_set(&row, BATCH_ROW_RECORD, at->record ? value_int(at->record) : value_null());
    store_set(&row, BATCH_ROW_FIELD, e->field.n ? value_text(e->field) : value_null());
    store_set(&row, BATCH_ROW_CODE, value_text(e->code));
    store_set(&row, BATCH_ROW_PARAMS, e->params_json.n ? value_text(e->params_json) : value_null());
    store_set(&row, BATCH_ROW_TEXT, e->text.n ? value_text(e->text) : value_null());
    store_set(&row, BATCH_ROW_IS_CONFLICT, value_int(kind == NOTE_CONFLICT));
    store_set(&row, BATCH_ROW_IS_WARNING, value_int(kind == NOTE_WARNING));
    return store_save(c->tx, &row);
}

static crm_status write_notes(crm_ctx *c, batch_run *b, const batch_place *at, note_kind kind)
{
    const call_error said = c->error;
    const field_error whole = {.code = said.code.n ? said.code : str_of(status_code(said.status)),
                               .params_json = said.params_json,
                               .text = said.text};
    crm_status s = CRM_OK;
    c->error = (call_error){0};
    if (!said.fields) {
        return write_note(c, b, at, kind, &whole);
    }
    for (const field_error *e = said.fields; e && s == CRM_OK; e = e->next) {
        s = write_note(c, b, at, kind, e);
    }
    return s;
}

crm_status batch_note(crm_ctx *c, batch_run *b, const batch_place *at, bool is_conflict)
{
    b->failed += !is_conflict;
    b->conflicts += is_conflict;
    return write_notes(c, b, at, is_conflict ? NOTE_CONFLICT : NOTE_ERROR);
}

crm_status batch_warn(crm_ctx *c, batch_run *b, const batch_place *at)
{
    return write_notes(c, b, at, NOTE_WARNING);
}
