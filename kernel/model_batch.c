/*
 * model_batch.c - a change that goes over every row, since values are stored another way or full
 * text is made of something else, as a batch of the kind "model".
 *
 * Each turn's `fetch` gives the writer to the engine for a moment (engine_schema_ahead), the slice
 * keeps the progress; in between others write. When every row has been passed, the change is put
 * into force like any other. What does not fit is noted row by row, the intent is dropped and the
 * batch fails: nothing has changed. The registry that will follow is kept between turns, and made
 * anew when another one was published meanwhile or after a restart.
 */
#include "model.h"
#include "purge.h"

#define TURN_MS 80 /* of slices between two notes of the progress */

typedef struct model_work {
    int64_t batch;
    uint64_t generation;
    build *b;
} model_work;

/* What fetch found for the slice. */
typedef struct turn {
    int64_t left, target; /* rows to be passed yet; the declaration */
    bool is_done;
    model_plan misfits;
} turn;

static int64_t target_of(const batch_run *b)
{
    return json_integer_value(json_object_get(b->spec, "row"));
}

static void drop_work(deployment *d)
{
    if (d->work) {
        build_free(d->work->b);
    }
    free(d->work);
    d->work = NULL;
}

static model_row *row_of(model_change *x, int64_t id)
{
    for (uint32_t i = 0; i < x->rows.count; i++) {
        if (x->rows.at[i].id == id) {
            return &x->rows.at[i];
        }
    }
    return NULL;
}

/* ---- the registry that will follow ----------------------------------------------------------- */

static crm_status make_work(model_change *x, const batch_run *b)
{
    deployment *d = x->d;
    if (d->work && d->work->batch == b->id && d->work->generation == d->generation) {
        x->b = d->work->b;
        return CRM_OK;
    }
    drop_work(d);
    crm_status s = model_build(x);
    d->work = s == CRM_OK ? calloc(1, sizeof *d->work) : NULL;
    if (s != CRM_OK || !d->work) {
        build_free(x->b);
        x->b = NULL;
        return s != CRM_OK ? s : CRM_NOMEM;
    }
    *d->work = (model_work){b->id, d->generation, x->b};
    return CRM_OK;
}

static const field *pair_of(const model_change *x, const field **to)
{
    tz_declaration next;
    const entity *was = registry_entity(x->c->reg, x->target->entity);
    *to = NULL;
    if (model_next(x->c->arena, x->target, &next) == CRM_OK) {
        const entity *e = registry_entity(x->b->reg, next.entity);
        *to = e ? entity_field(e, next.field) : NULL;
    }
    return was ? entity_field(was, x->target->field) : NULL;
}

/* ---- a turn, on a worker --------------------------------------------------------------------- */

static crm_status look_for_misfits(model_change *x, turn *t)
{
    const field *to, *from = pair_of(x, &to);
    engine_turn_end(x->c->session);
    crm_status s = from && to ? model_scan(x->c, from, to, &t->misfits) : CRM_NOT_FOUND;
    engine_turn_end(x->c->session);
    return s;
}

/* Written since it was passed; anything else, as equal values of a unique field, fails the batch.
 */
static crm_status why_refused(model_change *x, turn *t)
{
    const call_error said = x->c->error;
    x->c->error = (call_error){0};
    crm_status s = look_for_misfits(x, t);
    s = s == CRM_NOT_FOUND ? CRM_OK : s; /* a field that is new has none */
    if (s != CRM_OK || t->misfits.misfits) {
        return s;
    }
    x->c->error = said;
    return CRM_INVALID;
}

static model_cost cost_of(const model_change *x)
{
    const field *to, *from = pair_of(x, &to);
    retype how = from && to ? field_retype(from, to) : RETYPE_NONE;
    uint32_t indexed = to ? to->flags & (FIELD_INDEXED | FIELD_UNIQUE) : 0;
    return how == RETYPE_REWRITE                 ? COST_CONVERT
           : indexed & ~(from ? from->flags : 0) ? COST_INDEX
           : how == RETYPE_CHECK                 ? COST_LOOK
                                                 : COST_NONE;
}

static crm_status go_on(model_change *x, const batch_run *b, turn *t)
{
    model_cost cost = cost_of(x); /* the swap takes the pair away */
    engine_ahead ahead = {0};
    int64_t until = clock_mono() + TURN_MS * 1000000LL;
    crm_status s;
    do {
        s = build_ahead(x->d, x->b, &ahead); /* others write between two of them */
    } while (s == CRM_OK && !ahead.is_done && !ahead.misfits && clock_mono() < until);
    t->left = ahead.left;
    if (ahead.fault) {
        s = model_refuse(x);
        return s == CRM_INVALID ? why_refused(x, t) : s;
    }
    if (s != CRM_OK || ahead.misfits || !ahead.is_done) {
        return s == CRM_OK && ahead.misfits ? look_for_misfits(x, t) : s;
    }
    x->batch = b->id;
    s = model_swap(x);
    if (x->is_stopped) {
        return CRM_OK; /* the slice sees it, and `ended` drops what was made */
    }
    t->is_done = s == CRM_OK;
    if (t->is_done) {
        model_learn(x->d, cost, b->total, x->step_ns);
    }
    return s == CRM_INVALID ? why_refused(x, t) : s;
}

static crm_status take_turn(model_change *x, const batch_run *b, turn *t)
{
    crm_status s = model_rows_now(x);
    model_row *row = s == CRM_OK ? row_of(x, t->target) : NULL;
    if (s != CRM_OK || !row || !row->next.n) {
        t->is_done = s == CRM_OK; /* a start has done it already */
        return s;
    }
    row->phase = CRM_S(MODEL_SWAPPING);
    x->target = row;
    s = make_work(x, b);
    engine_turn_end(x->c->session); /* its snapshot would keep the log from beginning anew */
    s = s == CRM_OK ? go_on(x, b, t) : s;
    if (t->is_done || s != CRM_OK || t->misfits.misfits) {
        drop_work(x->d);
    }
    return s;
}

static crm_status fetch(crm_ctx *c, batch_run *b, const void *d)
{
    turn *t = c->prepared = ARENA_NEW(c->arena, turn);
    crm_ctx now;
    if (!t) {
        return CRM_NOMEM;
    }
    if (b->cursor.n) {
        return call_fail(c, CRM_INVALID, "values_do_not_fit");
    }
    t->target = target_of(b);
    c->is_of_stores = true; /* its own slice follows the change it made */
    crm_status s = call_begin_in(&now, c->arena, c->who, CRM_S("batch:model"));
    if (s != CRM_OK) {
        return s;
    }
    model_change x = {.d = (deployment *)d, .c = &now};
    now.session = c->session;
    now.lang = c->lang;
    uv_mutex_lock(&x.d->apply_lock);
    s = take_turn(&x, b, t);
    uv_mutex_unlock(&x.d->apply_lock);
    if (s != CRM_OK) {
        c->error = now.error;
    }
    now.session = NULL;
    call_end(&now);
    return s;
}

/* ---- on the writer --------------------------------------------------------------------------- */

static crm_status note_misfits(crm_ctx *c, batch_run *b, const turn *t)
{
    const model_plan *p = &t->misfits;
    crm_status s = CRM_OK;
    for (int i = 0; s == CRM_OK && i < MODEL_FIRST && i < p->misfits; i++) {
        batch_place at = {.entity = b->entity, .record = p->first[i].id};
        call_fail_field(c, CRM_S("type"), "values_do_not_fit", (crm_str){0});
        s = batch_note(c, b, &at, false);
    }
    b->failed = p->misfits;
    b->cursor = CRM_S("misfits");
    return s;
}

static crm_status drop_intent(crm_ctx *c, const turn *t)
{
    model_rows rows;
    crm_status s = model_load(c->session, c->reg, c->arena, &rows);
    for (uint32_t i = 0; s == CRM_OK && i < rows.count; i++) {
        if (rows.at[i].id == t->target && rows.at[i].next.n) {
            s = model_row_settle(c, &rows.at[i], false);
        }
    }
    return s;
}

static crm_status slice(crm_ctx *c, batch_run *b, bool *is_done, const void *d)
{
    const turn *t = c->prepared;
    (void)d;
    if (t->misfits.misfits) {
        crm_status s = note_misfits(c, b, t);
        return s == CRM_OK ? drop_intent(c, t) : s;
    }
    b->total =
        t->left > b->total ? t->left : b->total; /* ids have gaps; some rows are passed twice */
    b->done = t->is_done ? b->total : b->total - t->left;
    *is_done = t->is_done;
    return CRM_OK;
}

static crm_status prepare(crm_ctx *c, batch_run *b, const void *d)
{
    query q = {.entity = b->entity, .limit = INT32_MAX, .with_deleted = true};
    engine_op op = {.kind = ENGINE_COUNT, .entity = b->entity, .query = &q};
    engine_batch read = {.ops = &op, .count = 1};
    (void)d;
    if (!b->entity) {
        return CRM_NOT_FOUND;
    }
    crm_status s = engine_read_now(c->session, &read);
    b->total = op.count;
    return s;
}

/* ---- afterwards ------------------------------------------------------------------------------ */

static crm_status is_awaited(engine_session *session, const registry *r, arena *a)
{
    static const char *const open[] = {BATCH_STATE_WAITING, BATCH_STATE_RUNNING};
    const entity *e = registry_store(r, STORE_BATCH);
    crm_status s = CRM_NOT_FOUND;
    for (int i = 0; s == CRM_NOT_FOUND && i < 2; i++) {
        const cond *is_kind =
            cond_compare(a, COND_EQ, &e->fields[BATCH_KIND], value_text(CRM_S("model")));
        const cond *is_open =
            cond_compare(a, COND_EQ, &e->fields[BATCH_STATE], value_text(str_of(open[i])));
        store_row row;
        s = store_first(session, a, r, STORE_BATCH, cond_and(a, is_kind, is_open), &row);
    }
    return s;
}

static crm_status drop_ahead(void *arg)
{
    return engine_drop_ahead(arg);
}

/* Under the lock of changes, so nobody is making any. */
static crm_status drop_unawaited(deployment *d, engine_session *session, arena *a)
{
    engine_turn_end(session);
    const registry *r = registry_pin();
    crm_status s = r ? is_awaited(session, r, a) : CRM_OK;
    registry_unpin(r);
    engine_turn_end(session);
    if (s != CRM_NOT_FOUND) {
        return s;
    }
    drop_work(d);
    return writer_exclusive(d->flow, drop_ahead, d->engine);
}

/* What was made for a change that never came costs every write, so it goes with the batch. */
void model_drop_ahead(deployment *d, engine_session *session)
{
    arena *a = arena_new(0);
    uv_mutex_lock(&d->apply_lock);
    crm_status s = a ? drop_unawaited(d, session, a) : CRM_NOMEM;
    uv_mutex_unlock(&d->apply_lock);
    arena_free(a);
    if (s != CRM_OK) {
        log_event(LOG_WARN, "model.ahead_not_dropped", "status=%s", status_code(s));
    }
}

static void ended(crm_ctx *c, int64_t batch, const void *d)
{
    (void)batch;
    model_drop_ahead((deployment *)d, c->session);
}

crm_status model_register(deployment *d, registry *r)
{
    batch_kind kind = {.name = CRM_S("model"),
                       .module = CRM_S("kernel"),
                       .prepare = prepare,
                       .fetch = fetch,
                       .slice = slice,
                       .ended = ended,
                       .fn = d};
    crm_status s = registry_add_batch_kind(r, &kind);
    return s == CRM_OK ? purge_register(d, r) : s;
}

void model_work_free(deployment *d)
{
    drop_work(d);
}
