/*
 * model_purge.c - what was retired is removed for ever: the values of a field or the records of an
 * entity, what history and the kernel's stores hold of them, the declaration. A batch of the kind
 * "purge".
 *
 * Each turn's `fetch` looks up a page of ids and removes it on the writer, alone, while it holds
 * the lock under which texts are applied: a text that declares the name again either comes before,
 * and the batch fails, or after, and finds nothing. Removing a page twice does no harm, so a crash
 * before the slice has stored its cursor is nothing to be mended. The last turn forgets the columns
 * and deletes the declaration, whose last change is what tells of it afterwards.
 */
#include "model.h"

#include "data/leftover.h"
#include "data/stage_log.h"
#include "flow/batch.h"
#include "flow/store.h"

#define SLICE_MS 15 /* of the writer's time at once */

/* ---- what is asked --------------------------------------------------------------------------- */

static crm_status refuse_in_use(crm_ctx *c, crm_str where)
{
    buf b;
    json_writer w;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "where", where);
    jw_end_object(&w);
    crm_str params = arena_dup(c->arena, buf_view(&b));
    buf_free(&b);
    return call_fail_field(c, CRM_S("name"), "in_use", params);
}

static bool refers(const model_row *row, crm_str name)
{
    json_t *body = NULL;
    if (str_eq(row->entity, name) || json_read(row->body, 0, &body, NULL) != CRM_OK) {
        return false;
    }
    bool is_it = str_eq(json_text(body, "to"), name);
    json_decref(body);
    return is_it;
}

/* Retired references are none to the registry, but would come back with nothing to refer to. */
static crm_status check_references(model_change *x, const model_row *row)
{
    for (uint32_t i = 0; !row->field.n && i < x->rows.count; i++) {
        const model_row *r = &x->rows.at[i];
        if (refers(r, row->entity)) {
            return refuse_in_use(
                x->c, arena_fmt(x->c->arena, "%.*s.%.*s", STR_FMT(r->entity), STR_FMT(r->field)));
        }
    }
    return CRM_OK;
}

static bool tells_of(const store_row *told, const model_row *row)
{
    crm_str key = row->field, fields = store_text(told, WEBHOOK_FIELDS);
    crm_str where = store_text(told, WEBHOOK_WHERE);
    bool is_named = key.n && ((fields.n && memmem(fields.p, fields.n, key.p, key.n)) ||
                              (where.n && memmem(where.p, where.n, key.p, key.n)));
    return str_eq(store_text(told, WEBHOOK_ENTITY), row->entity) && (!key.n || is_named);
}

static crm_status check_webhooks(model_change *x, const model_row *row)
{
    query *q = query_new(x->c->arena, registry_store(x->c->reg, STORE_WEBHOOK));
    store_row *hooks;
    uint32_t count = 0;
    if (!q) {
        return CRM_NOMEM;
    }
    q->limit = LIST_MAX;
    crm_status s = store_list(x->c->session, x->c->arena, q, &hooks, &count);
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        if (tells_of(&hooks[i], row)) {
            s = refuse_in_use(x->c, arena_fmt(x->c->arena, "webhook %.*s",
                                              STR_FMT(store_text(&hooks[i], WEBHOOK_NAME))));
        }
    }
    return s;
}

static crm_status find(model_change *x, model_row **row)
{
    crm_str name = x->ask->field.n ? x->ask->field : x->ask->entity;
    crm_status s = model_find_target(x, row);
    if (s == CRM_OK && !call_may(x->c, CRM_S("delete"))) {
        s = call_fail(x->c, CRM_DENIED, "denied");
    }
    if (s == CRM_OK && !(*row)->is_retired) {
        s = call_fail(x->c, CRM_CONFLICT, "model_active");
    }
    if (s == CRM_OK && (*row)->field.n && !registry_entity(x->c->reg, (*row)->entity)) {
        s = call_fail(x->c, CRM_NOT_FOUND, "not_found");
    }
    s = s == CRM_OK ? check_references(x, *row) : s;
    s = s == CRM_OK ? check_webhooks(x, *row) : s;
    bool is_said = x->ask->is_check || str_eq(json_text(x->ask->body, "name"), name);
    return s == CRM_OK && !is_said
               ? call_fail_field(x->c, CRM_S("name"), "name_differs", (crm_str){0})
               : s;
}

/* ---- what is stored -------------------------------------------------------------------------- */

typedef struct looking {
    deployment *d;
    engine_stored what;
    arena *arena;
    entity *found;
} looking;

static crm_status look_up(void *arg)
{
    looking *l = arg;
    return engine_find_stored(l->d->engine, &l->what, l->arena, &l->found);
}

static crm_status find_named(model_change *x, crm_str entity_name, crm_str field_name, entity **out)
{
    looking l = {.d = x->d,
                 .what = {.like = registry_store(x->c->reg, STORE_USER),
                          .entity = entity_name,
                          .field = field_name},
                 .arena = x->c->arena};
    crm_status s = writer_exclusive(x->d->flow, look_up, &l);
    *out = l.found;
    return s;
}

/* NOT_FOUND: it was never stored, or has gone already. */
static crm_status find_stored(model_change *x, const model_row *row, entity **out)
{
    return find_named(x, row->entity, row->field, out);
}

/* The stage log of an entity; NULL: none is left. Another entity of that name, which somebody may
 * have declared since or retired, has not its columns. */
static crm_status find_log(model_change *x, const model_row *row, entity **out)
{
    static const char *const columns[] = {"entered_by", "left_by", NULL};
    crm_str name = arena_fmt(x->c->arena, "%.*s" STAGE_LOG_SUFFIX, STR_FMT(row->entity));
    crm_status s = name.p ? CRM_OK : CRM_NOMEM;
    *out = NULL;
    if (row->field.n || registry_entity(x->c->reg, name)) {
        return CRM_OK;
    }
    for (size_t i = 0; s == CRM_OK && i < sizeof columns / sizeof columns[0]; i++) {
        s = find_named(x, name, str_of(columns[i]), out);
    }
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

static crm_status count(model_change *x, const model_row *row, int64_t *rows, int64_t *files)
{
    entity *stored;
    *rows = *files = 0;
    crm_status s = find_stored(x, row, &stored);
    if (s == CRM_OK) {
        engine_turn_end(x->c->session);
        s = leftover_count(x->c, stored, rows, files);
        engine_turn_end(x->c->session);
    }
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

/* ---- the request ----------------------------------------------------------------------------- */

typedef struct starting {
    model_row *row;
    int64_t rows, batch;
} starting;

static crm_status commit_start(crm_ctx *c, void *arg)
{
    starting *st = arg;
    model_row *row = st->row;
    crm_str title =
        row->field.n ? arena_fmt(c->arena, "%.*s.%.*s", STR_FMT(row->entity), STR_FMT(row->field))
                     : row->entity;
    batch_order o = {.kind = CRM_S("purge"),
                     .title = title,
                     .entity = registry_entity(c->reg, row->entity),
                     .spec = json_pack("{s:I}", "row", (json_int_t)row->id),
                     .total = st->rows,
                     .is_quiet = true};
    crm_status s = o.spec ? batch_start(c, &o, &st->batch) : CRM_NOMEM;
    json_decref(o.spec);
    row->batch = st->batch;
    row->phase = CRM_S(MODEL_PURGING);
    return s == CRM_OK ? model_save_intent(c, row) : s;
}

static void put_plan(buf *json, const starting *st, int64_t files)
{
    json_writer w;
    jw_init(&w, json);
    jw_object(&w);
    if (st->batch) {
        jw_kobject(&w, "change");
        jw_kint(&w, "batch", st->batch);
        jw_end_object(&w);
    } else {
        jw_kbool(&w, "ok", true);
    }
    jw_kint(&w, "rows", st->rows);
    jw_kint(&w, "files", files);
    jw_end_object(&w);
}

crm_status model_purge(model_change *x, buf *json)
{
    starting st = {0};
    int64_t files = 0;
    crm_status s = find(x, &st.row);
    s = s == CRM_OK ? model_check_free(x) : s;
    s = s == CRM_OK ? count(x, st.row, &st.rows, &files) : s;
    if (s == CRM_OK && !x->ask->is_check) {
        s = writer_run(x->d->flow, x->c, commit_start, &st);
    }
    if (s == CRM_OK) {
        put_plan(json, &st, files);
    }
    return s == CRM_OK && json->failed ? CRM_NOMEM : s;
}

/* ---- a turn, on a worker --------------------------------------------------------------------- */

/* What fetch leaves for the slice. */
typedef struct turn {
    model_change x;
    int64_t batch;
    model_row *row;
    entity *stored; /* NULL: nothing is left in the engine */
    leftover_page page;
    bool is_done;
} turn;

static crm_status read_cursor(turn *t, crm_str at)
{
    crm_str part = {0};
    int64_t n = 0;
    if (!at.n) {
        return CRM_OK;
    }
    bool is_two =
        str_split(&at, ':', &part) && str_to_i64(part, &n) == CRM_OK && n >= 0 && n <= LEFTOVER_END;
    t->page.part = (leftover_part)n;
    return is_two ? str_to_i64(at, &t->page.after) : CRM_MISUSE;
}

/* Alone on the writer: one transaction of its own, as the batch's user. */
static crm_status commit_alone(turn *t, crm_status (*commit)(crm_ctx *, void *))
{
    crm_ctx c;
    const crm_ctx *now = t->x.c;
    crm_status s = call_begin_from(&c, now, now->who, CRM_S("batch:purge"));
    if (s != CRM_OK) {
        return s;
    }
    c.lang = now->lang;
    c.batch = t->batch;
    c.is_quiet = true;
    s = writer_run_alone(t->x.d->flow, &c, commit, t);
    call_end(&c);
    return s;
}

static crm_status commit_page(crm_ctx *c, void *arg)
{
    turn *t = arg;
    return leftover_remove(c, t->stored, &t->page, clock_mono() + SLICE_MS * 1000000LL);
}

static crm_status remove_page(void *arg)
{
    return commit_alone(arg, commit_page);
}

static bool goes_with(const model_row *row, const model_row *gone)
{
    return str_eq(row->entity, gone->entity) && (!gone->field.n || str_eq(row->field, gone->field));
}

static crm_status commit_end(crm_ctx *c, void *arg)
{
    const turn *t = arg;
    const entity *e = registry_store(c->reg, STORE_MODEL);
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < t->x.rows.count; i++) {
        if (goes_with(&t->x.rows.at[i], t->row)) {
            s = records_delete(c, e, t->x.rows.at[i].id, 0);
        }
    }
    return s;
}

static crm_status end(void *arg)
{
    turn *t = arg;
    crm_status s = t->stored ? engine_forget(t->x.d->engine, t->stored) : CRM_OK;
    return s == CRM_OK ? commit_alone(t, commit_end) : s;
}

static crm_status forget_log(void *arg)
{
    const turn *t = arg;
    return engine_forget(t->x.d->engine, t->stored);
}

/* The stays go before the records. The cursor does not move: what has gone is not met again. */
static crm_status purge_log(turn *t, entity *log)
{
    model_change *x = &t->x;
    leftover_page all = t->page;
    t->stored = log;
    t->page = (leftover_page){.part = LEFTOVER_ROWS};
    engine_turn_end(x->c->session);
    crm_status s = leftover_read(x->c, log, &t->page);
    engine_turn_end(x->c->session);
    if (s == CRM_OK) {
        s = writer_exclusive(x->d->flow, t->page.count ? remove_page : forget_log, t);
    }
    t->page = all;
    return s;
}

static crm_status go_on(turn *t)
{
    model_change *x = &t->x;
    entity *log;
    crm_status s = find_log(x, t->row, &log);
    if (s == CRM_OK && log) {
        return purge_log(t, log);
    }
    s = s == CRM_OK ? find_stored(x, t->row, &t->stored) : s;
    if (s != CRM_OK && s != CRM_NOT_FOUND) {
        return s;
    }
    if (!t->stored || t->page.part == LEFTOVER_END) {
        s = writer_exclusive(x->d->flow, end, t);
        t->is_done = s == CRM_OK;
        return s;
    }
    engine_turn_end(x->c->session);
    s = leftover_read(x->c, t->stored, &t->page);
    engine_turn_end(x->c->session);
    return s == CRM_OK ? writer_exclusive(x->d->flow, remove_page, t) : s;
}

static model_row *row_of(model_change *x, const batch_run *b)
{
    int64_t id = json_integer_value(json_object_get(b->spec, "row"));
    for (uint32_t i = 0; i < x->rows.count; i++) {
        if (x->rows.at[i].id == id) {
            return &x->rows.at[i];
        }
    }
    return NULL;
}

static bool is_declared(const registry *r, const model_row *row)
{
    const entity *e = registry_entity(r, row->entity);
    return row->field.n ? e && entity_field(e, row->field) : e != NULL;
}

static crm_status take_turn(turn *t, const batch_run *b)
{
    model_change *x = &t->x;
    crm_status s = model_rows_now(x);
    t->row = s == CRM_OK ? row_of(x, b) : NULL;
    if (!t->row) {
        t->is_done = s == CRM_OK; /* the turn before did it, and its slice did not come */
        return s;
    }
    if (is_declared(x->c->reg, t->row)) {
        return call_fail(x->c, CRM_CONFLICT, "model_active"); /* a text brought it back */
    }
    if (!registry_is_alone()) {
        return CRM_UNAVAILABLE; /* somebody who knows it may still write it */
    }
    s = read_cursor(t, b->cursor);
    return s == CRM_OK ? go_on(t) : s;
}

static crm_status fetch(crm_ctx *c, batch_run *b, const void *d)
{
    turn *t = c->prepared = ARENA_NEW(c->arena, turn);
    crm_ctx now;
    c->is_of_stores = true;
    crm_status s = t ? call_begin_in(&now, c->arena, c->who, CRM_S("batch:purge")) : CRM_NOMEM;
    if (s != CRM_OK) {
        return s;
    }
    t->x = (model_change){.d = (deployment *)d, .c = &now};
    t->batch = b->id;
    now.session = c->session;
    now.lang = c->lang;
    uv_mutex_lock(&t->x.d->apply_lock);
    s = take_turn(t, b);
    uv_mutex_unlock(&t->x.d->apply_lock);
    if (s != CRM_OK) {
        c->error = now.error;
    }
    t->x.c = NULL; /* the turn outlives the call */
    now.session = NULL;
    call_end(&now);
    return s;
}

static crm_status slice(crm_ctx *c, batch_run *b, bool *is_done, const void *d)
{
    const turn *t = c->prepared;
    (void)d;
    b->changed += t->page.rows;
    b->done = t->is_done || b->done + t->page.rows > b->total ? b->total : b->done + t->page.rows;
    b->cursor = arena_fmt(c->arena, "%d:%lld", (int)t->page.part, (long long)t->page.after);
    *is_done = t->is_done;
    return CRM_OK;
}

crm_status model_purge_register(deployment *d, registry *r)
{
    batch_kind kind = {
        .name = CRM_S("purge"), .module = CRM_S("kernel"), .fetch = fetch, .slice = slice, .fn = d};
    return registry_add_batch_kind(r, &kind);
}
