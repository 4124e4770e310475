/*
 * batch_run.c - the due job of a batch: a turn of slices on a worker, each committed by the writer.
 *
 * The worker prepares and fetches as the batch's user; the writer runs the slice and stores
 * progress and cursor with it. What ends a turn early is found again by the job's next run, from
 * the cursor.
 */
#include "data/access.h"
#include "flow/batch_private.h"

#define CURSOR_MAX 4096
#define TELL_MS    500   /* progress is told to browsers at most twice a second */
#define LONG_MS    10000 /* of a preparation that leaves a job little of its time */

/* One turn. */
typedef struct turn {
    const batch_kind *kind;
    batch_run run;
    principal who;
    json_t *spec;
    char cursor[CURSOR_MAX];
    crm_str error; /* of a batch that is to be failed */
    bool is_over;
} turn;

/* ---- loading --------------------------------------------------------------------------------- */

static const entity *find_entity(const registry *r, crm_str name)
{
    const entity *e = name.n ? registry_entity(r, name) : NULL;
    for (uint32_t i = 0; !e && name.n && i < r->entity_count; i++) {
        if (str_eq(r->entities[i]->was, name)) {
            e = r->entities[i];
        }
    }
    return e;
}

static void take_figures(const store_row *row, batch_run *b)
{
    b->total = store_int(row, BATCH_TOTAL);
    b->done = store_int(row, BATCH_DONE);
    b->changed = store_int(row, BATCH_CHANGED);
    b->failed = store_int(row, BATCH_FAILED);
    b->conflicts = store_int(row, BATCH_CONFLICTS);
    b->hidden = store_int(row, BATCH_HIDDEN);
    b->notes = store_int(row, BATCH_NOTES);
}

static void put_figures(store_row *row, const batch_run *b)
{
    store_set(row, BATCH_TOTAL, value_int(b->total));
    store_set(row, BATCH_DONE, value_int(b->done));
    store_set(row, BATCH_CHANGED, value_int(b->changed));
    store_set(row, BATCH_FAILED, value_int(b->failed));
    store_set(row, BATCH_CONFLICTS, value_int(b->conflicts));
    store_set(row, BATCH_HIDDEN, value_int(b->hidden));
    store_set(row, BATCH_NOTES, value_int(b->notes));
    store_set(row, BATCH_CURSOR, value_text(b->cursor));
}

static bool keep_cursor(turn *t, crm_str at)
{
    if (at.n > CURSOR_MAX) {
        return false;
    }
    memmove(t->cursor, at.p ? at.p : "", at.n);
    t->run.cursor = (crm_str){t->cursor, at.n};
    return true;
}

static crm_status find(crm_ctx *c, crm_str arg, store_row *row)
{
    int64_t id;
    const entity *e = registry_store(c->reg, STORE_BATCH);
    crm_status s = str_to_i64(arg, &id);
    return s != CRM_OK
               ? s
               : store_first(c->session, c->arena, c->reg, STORE_BATCH,
                             cond_compare(c->arena, COND_EQ, &e->fields[COL_ID], value_int(id)),
                             row);
}

/* With no more than the token had that started it, whether it still stands or not. */
static crm_status act_as_user(crm_ctx *c, const store_row *row, turn *t)
{
    if (!t->run.user) {
        return CRM_OK; /* the kernel's own */
    }
    crm_str narrow = store_text(row, BATCH_SCOPE);
    crm_status s = people_principal(c->arena, c->people, t->run.user, &t->who);
    if (s == CRM_OK && narrow.n) {
        s = access_intern(narrow, &t->who.scope);
    }
    if (s == CRM_OK) {
        c->who = &t->who;
        c->env.me = t->run.user;
    }
    return s;
}

static crm_status open_turn(crm_ctx *c, const store_row *row, turn *t)
{
    batch_run *b = &t->run;
    crm_str entity_name = store_text(row, BATCH_ENTITY);
    *b = (batch_run){.id = row->id,
                     .user = store_int(row, BATCH_USER),
                     .kind = store_text(row, BATCH_KIND),
                     .undo_of = store_int(row, BATCH_UNDO_OF),
                     .entity = find_entity(c->reg, entity_name)};
    take_figures(row, b);
    t->kind = registry_batch_kind(c->reg, b->kind);
    if (!t->kind || !keep_cursor(t, store_text(row, BATCH_CURSOR))) {
        return t->kind ? CRM_MISUSE : CRM_UNAVAILABLE; /* its module is off: it waits */
    }
    if (entity_name.n && !b->entity && !b->undo_of) {
        return call_fail(c, CRM_NOT_FOUND, "unknown_entity");
    }
    crm_status s = json_read(store_text(row, BATCH_SPEC), BATCH_SPEC_MAX, &t->spec, NULL);
    b->spec = t->spec;
    return s == CRM_OK ? act_as_user(c, row, t) : s;
}

/* ---- on the writer --------------------------------------------------------------------------- */

static crm_status commit_prepared(crm_ctx *c, void *arg)
{
    turn *t = arg;
    store_row row;
    crm_status s = store_load(c->tx, c->arena, c->reg, STORE_BATCH, t->run.id, &row);
    if (s != CRM_OK) {
        return s;
    }
    t->is_over = !batch_is_open(&row);
    if (t->is_over) {
        return CRM_OK;
    }
    put_figures(&row, &t->run);
    store_set(&row, BATCH_STATE, value_text(CRM_S(BATCH_STATE_RUNNING)));
    store_set(&row, BATCH_STARTED_AT, value_int(clock_now()));
    return batch_save(c, &row, true);
}

static crm_status store_progress(crm_ctx *c, turn *t, store_row *row, bool is_done)
{
    int64_t now = clock_mono() / 1000000, quiet_for = now - store_int(row, BATCH_TOLD_AT);
    put_figures(row, &t->run);
    if (is_done) {
        return batch_end(c, row, BATCH_STATE_DONE, (crm_str){0});
    }
    if (quiet_for >= 0 && quiet_for < TELL_MS) {
        return store_save(c->tx, row);
    }
    store_set(row, BATCH_TOLD_AT, value_int(now));
    return batch_save(c, row, false);
}

static crm_status commit_slice(crm_ctx *c, void *arg)
{
    turn *t = arg;
    store_row row;
    bool is_done = false;
    crm_status s = store_load(c->tx, c->arena, c->reg, STORE_BATCH, t->run.id, &row);
    if (s != CRM_OK) {
        return s;
    }
    t->is_over = !batch_is_open(&row);
    if (t->is_over) {
        return CRM_OK;
    }
    take_figures(&row, &t->run);
    t->run.cursor = (crm_str){t->cursor, store_text(&row, BATCH_CURSOR).n};
    t->run.slice_rows = 0;
    t->run.slice_until = clock_mono() + BATCH_SLICE_MS * 1000000LL;
    c->batch = t->run.id;
    c->is_quiet = store_int(&row, BATCH_IS_QUIET) != 0;
    c->via = arena_fmt(c->arena, "batch:%.*s", STR_FMT(t->run.kind));
    s = t->kind->slice(c, &t->run, &is_done, t->kind->fn);
    if (s == CRM_OK && (c->error.status != CRM_OK || t->run.cursor.n > CURSOR_MAX)) {
        s = CRM_MISUSE;
    }
    t->is_over = is_done;
    return s == CRM_OK ? store_progress(c, t, &row, is_done) : s;
}

static crm_status commit_failed(crm_ctx *c, void *arg)
{
    turn *t = arg;
    store_row row;
    crm_status s = store_load(c->tx, c->arena, c->reg, STORE_BATCH, t->run.id, &row);
    if (s != CRM_OK || !batch_is_open(&row)) {
        return s;
    }
    return batch_end(c, &row, BATCH_STATE_FAILED, t->error);
}

/* ---- on a worker ----------------------------------------------------------------------------- */

static crm_status commit_total(crm_ctx *c, void *arg)
{
    const batch_run *b = arg;
    store_row row;
    crm_status s = store_load(c->tx, c->arena, c->reg, STORE_BATCH, b->id, &row);
    if (s == CRM_NOT_FOUND || (s == CRM_OK && !batch_is_open(&row))) {
        return call_fail(c, CRM_CONFLICT, "batch_ended");
    }
    if (s != CRM_OK) {
        return s;
    }
    store_set(&row, BATCH_TOTAL, value_int(b->total));
    return batch_save(c, &row, false);
}

crm_status batch_tell_total(crm_ctx *c, const batch_run *b)
{
    arena_mark mark = arena_mark_get(c->arena);
    const principal *who = c->who; /* the writer's renewed one goes with its memory */
    const crm_str via = c->via;
    batch_run now = *b;
    if (pool_is_closing()) {
        return CRM_UNAVAILABLE;
    }
    crm_status s = writer_run(flow_running(), c, commit_total, &now);
    c->who = who;
    c->via = via;
    if (s == CRM_OK) { /* else what is wrong lies there */
        arena_rewind(c->arena, mark);
    }
    return s;
}

/* Whoever stopped the batch did so while it was being prepared. */
static bool was_stopped(crm_ctx *c, crm_status s)
{
    bool is_it = s == CRM_CONFLICT && str_is(c->error.code, "batch_ended");
    if (is_it) {
        c->error = (call_error){0};
    }
    return is_it;
}

static crm_status prepare(crm_ctx *c, turn *t)
{
    crm_status s = t->kind->prepare ? t->kind->prepare(c, &t->run, t->kind->fn) : CRM_OK;
    if (was_stopped(c, s)) {
        t->is_over = true;
        return CRM_OK;
    }
    if (s == CRM_OK && t->run.cursor.n > CURSOR_MAX) {
        s = CRM_MISUSE;
    }
    if (s == CRM_OK) {
        s = writer_run(flow_running(), c, commit_prepared, t);
    }
    return s == CRM_OK && !keep_cursor(t, t->run.cursor) ? CRM_MISUSE : s;
}

/* The pool thread's session keeps its snapshot for the whole task: each slice wants a new one. */
static crm_status slice(crm_ctx *c, turn *t)
{
    const crm_str via = c->via;
    const principal *who = c->who; /* the writer's renewed one goes with the slice's memory */
    engine_turn_end(c->session);
    c->prepared = NULL;
    crm_status s = t->kind->fetch ? t->kind->fetch(c, &t->run, t->kind->fn) : CRM_OK;
    if (s == CRM_OK) {
        s = writer_run(flow_running(), c, commit_slice, t);
    }
    c->batch = 0;
    c->is_quiet = false;
    c->via = via;
    c->who = who;
    return s == CRM_OK && !keep_cursor(t, t->run.cursor) ? CRM_MISUSE : s;
}

static crm_status run_slices(crm_ctx *c, turn *t)
{
    int64_t until = clock_mono() + BATCH_TURN_MS * 1000000LL;
    arena_mark mark = arena_mark_get(c->arena);
    crm_status s = CRM_OK;
    while (s == CRM_OK && !t->is_over && clock_mono() < until) {
        arena_rewind(c->arena, mark);
        s = slice(c, t);
    }
    return s;
}

/* Transient failures go to the job's own pauses; any other ends the batch. */
static crm_status judge(crm_ctx *c, turn *t, crm_status s)
{
    if (s == CRM_OK || batch_is_healed_by_time(s)) {
        return s;
    }
    crm_str code = c->error.code.n ? c->error.code : str_of(status_code(s));
    if (c->error.fields) {
        code = c->error.fields->code;
    }
    t->error = code;
    log_event(LOG_WARN, "batch.failed", "batch=%lld kind=%s status=%s code=%s",
              (long long)t->run.id, log_quote(t->run.kind), status_code(s), log_quote(code));
    c->error = (call_error){0};
    c->who = &principal_system;
    return writer_run(flow_running(), c, commit_failed, t);
}

/* What `work` leaves behind that has told the kind of the end: one that is stopped between two
 * turns gets another turn to be told. */
static bool told = true;

static void tell_ended(crm_ctx *c, const batch_kind *kind, int64_t id)
{
    if (kind && kind->ended) {
        engine_turn_end(c->session);
        kind->ended(c, id, kind->fn);
    }
    c->prepared = &told;
}

static crm_status work(crm_ctx *c, crm_str arg, const void *fn)
{
    turn *t = ARENA_NEW(c->arena, turn);
    store_row row;
    const principal *who = c->who;
    int64_t begun = clock_mono();
    (void)fn;
    crm_status s = t ? find(c, arg, &row) : CRM_NOMEM;
    if (s == CRM_OK && !batch_is_open(&row)) {
        tell_ended(c, registry_batch_kind(c->reg, store_text(&row, BATCH_KIND)), row.id);
    }
    if (s != CRM_OK || !batch_is_open(&row)) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    s = open_turn(c, &row, t);
    if (s == CRM_OK && str_is(store_text(&row, BATCH_STATE), BATCH_STATE_WAITING)) {
        s = prepare(c, t);
    }
    /* After a long preparation the slices have a job of their own. */
    if (s == CRM_OK && clock_mono() - begun < LONG_MS * 1000000LL) {
        s = run_slices(c, t);
    }
    bool is_failed = s != CRM_OK && !batch_is_healed_by_time(s);
    s = judge(c, t, s);
    json_decref(t->spec);
    c->who = who;
    c->env.me = 0;
    c->prepared = NULL;
    if (s == CRM_OK && (t->is_over || is_failed)) {
        tell_ended(c, t->kind, t->run.id);
    }
    return s;
}

/* In the commit that removes the due row: one that is not over stands behind what else is due. */
static crm_status stand_again(crm_ctx *c, crm_str arg, const void *fn)
{
    store_row row;
    (void)fn;
    crm_status s = find(c, arg, &row);
    if (s != CRM_OK || (!batch_is_open(&row) && c->prepared == &told)) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    return timers_schedule(c, BATCH_JOB, arg, clock_now(), arg);
}

/* Another turn finds it closed and tells its kind, as it does of one that was canceled. */
static crm_status give_up(crm_ctx *c, crm_str arg, const void *fn)
{
    store_row row;
    (void)fn;
    crm_status s = find(c, arg, &row);
    if (s != CRM_OK || !batch_is_open(&row)) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    s = batch_end(c, &row, BATCH_STATE_FAILED, CRM_S("unavailable"));
    return s == CRM_OK ? timers_schedule(c, BATCH_JOB, arg, clock_now(), arg) : s;
}

crm_status batch_register(registry *r)
{
    job j = {.work = work,
             .run = stand_again,
             .give_up = give_up,
             .name = BATCH_JOB,
             .module = CRM_S("kernel")};
    crm_status s = registry_add_job(r, &j);
    s = s ? s : bulk_register(r);
    s = s ? s : merge_register(r);
    return s ? s : undo_register(r);
}
