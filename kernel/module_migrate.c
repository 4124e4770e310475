/* module_migrate.c - see module_migrate.h. */
#include "module_migrate.h"

#include <stdlib.h>

#include "data/changelog.h"
#include "flow/batch.h"
#include "flow/store.h"

#define KIND    CRM_S("migrate")
#define RETRY_S 10

/* ---- how far it is --------------------------------------------------------------------------- */

static crm_str mark_of(arena *a, crm_str name)
{
    return arena_fmt(a, MIGRATION_MARK "%.*s", STR_FMT(name));
}

static crm_status read_mark(crm_ctx *c, crm_str name, uint32_t *out)
{
    int64_t at = 0;
    crm_status s = changelog_cursor(c->tx, mark_of(c->arena, name), &at);
    *out = s == CRM_OK ? (uint32_t)at : 0;
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

crm_status migrations_done(engine_session *session, const registry *r, arena *a, crm_str name,
                           uint32_t *out)
{
    store_row row;
    crm_str mark = mark_of(a, name);
    const field *f = registry_store(r, STORE_CURSOR)->fields;
    *out = 0;
    if (!mark.p) {
        return CRM_NOMEM;
    }
    crm_status s = store_first(session, a, r, STORE_CURSOR,
                               cond_compare(a, COND_EQ, &f[CURSOR_NAME], value_text(mark)), &row);
    *out = s == CRM_OK ? (uint32_t)store_int(&row, CURSOR_POSITION) : 0;
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

/* The module's batches, the newest first. */
static crm_status list_newest(engine_session *session, const registry *r, arena *a, crm_str name,
                              uint32_t limit, store_row **rows, uint32_t *count)
{
    const entity *e = registry_store(r, STORE_BATCH);
    query *q = query_new(a, e);
    *count = 0;
    if (!q) {
        return CRM_NOMEM;
    }
    q->where = cond_and(a, cond_compare(a, COND_EQ, &e->fields[BATCH_KIND], value_text(KIND)),
                        cond_compare(a, COND_EQ, &e->fields[BATCH_TITLE], value_text(name)));
    q->sorts[0] = (sort){&e->fields[COL_ID], true};
    q->sort_count = 1;
    q->limit = limit;
    return q->where ? store_list(session, a, q, rows, count) : CRM_NOMEM;
}

/* The newest batch of the module. NOT_FOUND. */
static crm_status newest(engine_session *session, const registry *r, arena *a, crm_str name,
                         store_row *out)
{
    store_row *rows;
    uint32_t count;
    crm_status s = list_newest(session, r, a, name, 1, &rows, &count);
    if (s != CRM_OK || !count) {
        return s == CRM_OK ? CRM_NOT_FOUND : s;
    }
    *out = rows[0];
    return CRM_OK;
}

static crm_str spec_text(arena *a, const store_row *batch, const char *key)
{
    json_t *spec = NULL;
    if (json_read(store_text(batch, BATCH_SPEC), 0, &spec, NULL) != CRM_OK) {
        return (crm_str){0};
    }
    crm_str text = arena_dup(a, json_text(spec, key));
    json_decref(spec);
    return text;
}

static bool is_in_state(const store_row *batch, const char *state)
{
    return str_is(store_text(batch, BATCH_STATE), state);
}

static bool is_open(const store_row *batch)
{
    return is_in_state(batch, BATCH_STATE_WAITING) || is_in_state(batch, BATCH_STATE_RUNNING);
}

/* What the module said, else the code. */
static crm_status read_reason(engine_session *session, const registry *r, arena *a,
                              const store_row *batch, crm_str *out)
{
    const entity *e = registry_store(r, STORE_BATCH_ROW);
    store_row note;
    crm_status s = store_first(
        session, a, r, STORE_BATCH_ROW,
        cond_compare(a, COND_EQ, &e->fields[BATCH_ROW_BATCH], value_int(batch->id)), &note);
    *out = store_text(batch, BATCH_ERROR);
    if (s == CRM_OK) {
        crm_str text = store_text(&note, BATCH_ROW_TEXT);
        *out = text.n ? text : store_text(&note, BATCH_ROW_CODE);
    }
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

crm_status module_migrations(engine_session *session, const registry *r, arena *a, crm_str name,
                             module_migration *out)
{
    store_row batch;
    *out = (module_migration){0};
    crm_status s = newest(session, r, a, name, &batch);
    if (s != CRM_OK || is_in_state(&batch, BATCH_STATE_DONE)) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    *out = (module_migration){.batch = batch.id,
                              .is_failed = is_in_state(&batch, BATCH_STATE_FAILED),
                              .is_stopped = is_in_state(&batch, BATCH_STATE_CANCELED),
                              .version = spec_text(a, &batch, "version"),
                              .done = store_int(&batch, BATCH_DONE)};
    return out->is_failed ? read_reason(session, r, a, &batch, &out->why) : CRM_OK;
}

/* Of earlier batches nothing needs to be known: a version's last one is among these, or is long
 * ago. */
#define LOOK_BACK 100

static crm_status find_failed(engine_session *session, const registry *r, arena *a, crm_str name,
                              crm_str version, bool *out)
{
    store_row *rows;
    uint32_t count;
    crm_status s = list_newest(session, r, a, name, LOOK_BACK, &rows, &count);
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        if (str_eq(spec_text(a, &rows[i], "version"), version)) {
            *out = is_in_state(&rows[i], BATCH_STATE_FAILED);
            return CRM_OK;
        }
    }
    return s;
}

crm_status module_migration_has_failed(deployment *d, crm_ctx *c, crm_str name, crm_str version,
                                       bool *out)
{
    engine_session *session;
    crm_status s = engine_session_open(d->engine, ENGINE_READER, (engine_deliver){0}, &session);
    *out = false;
    if (s == CRM_OK) {
        s = find_failed(session, c->reg, c->arena, name, version, out);
        engine_session_close(session);
    }
    return s;
}

/* ---- beginning ------------------------------------------------------------------------------- */

typedef struct following {
    deployment *d;
    crm_str asked;
} following;

static crm_status begin(crm_ctx *c, const module_info *m)
{
    int64_t id;
    crm_str version = module_version_word(m->id);
    batch_order o = {.kind = KIND,
                     .title = m->name,
                     .spec = json_pack("{s:s%,s:s%}", "module", m->name.p, m->name.n, "version",
                                       version.p, version.n),
                     .is_quiet = true};
    crm_status s = o.spec ? batch_start(c, &o, &id) : CRM_NOMEM;
    json_decref(o.spec);
    if (s == CRM_OK) {
        log_event(LOG_INFO, "module.migrates", "module=%s version=%s batch=%lld",
                  log_quote(m->name), log_quote(version), (long long)id);
    }
    return s;
}

/* Whether one is under way, or has failed for this very version and nobody asks anew. */
static crm_status is_settled(crm_ctx *c, const following *x, const module_info *m, bool *out)
{
    store_row batch;
    crm_status s = newest(c->session, c->reg, c->arena, m->name, &batch);
    *out = false;
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    bool is_same = str_eq(spec_text(c->arena, &batch, "version"), module_version_word(m->id));
    bool is_anew = str_eq(x->asked, m->name) || x->d->generation == 1;
    bool has_ended_badly = !is_open(&batch) && !is_in_state(&batch, BATCH_STATE_DONE);
    *out = (is_open(&batch) && is_same) || (has_ended_badly && is_same && !is_anew);
    return CRM_OK;
}

static crm_status follow_one(crm_ctx *c, const following *x, const module_info *m)
{
    uint32_t done = 0, last = plug_migration_last(m->loaded);
    bool is_there = true;
    crm_status s = read_mark(c, m->name, &done);
    if (s == CRM_OK && done > last) {
        /* Records are written now that a later version has to look at again. */
        s = changelog_set_cursor(c->tx, mark_of(c->arena, m->name), last);
    }
    if (s != CRM_OK || done >= last) {
        return s;
    }
    s = is_settled(c, x, m, &is_there);
    return s == CRM_OK && !is_there ? begin(c, m) : s;
}

#define OPEN_MAX 1000 /* one a module, in truth */

static crm_status stop_other(crm_ctx *c, const store_row *batch)
{
    const module_info *m = module_in_force(c->reg, spec_text(c->arena, batch, "module"));
    crm_str version = spec_text(c->arena, batch, "version");
    bool is_other = m && !str_eq(module_version_word(m->id), version);
    return is_other ? batch_cancel(c, batch->id) : CRM_OK;
}

/* What is under way for a version that is not in force any more: should it come back, what the one
 * in force writes until then may lie before the cursor. */
static crm_status stop_others(crm_ctx *c, const char *state)
{
    const entity *e = registry_store(c->reg, STORE_BATCH);
    query *q = query_new(c->arena, e);
    store_row *rows;
    uint32_t count = 0;
    if (!q) {
        return CRM_NOMEM;
    }
    q->where = cond_and(
        c->arena, cond_compare(c->arena, COND_EQ, &e->fields[BATCH_KIND], value_text(KIND)),
        cond_compare(c->arena, COND_EQ, &e->fields[BATCH_STATE], value_text(str_of(state))));
    q->limit = OPEN_MAX;
    crm_status s = q->where ? store_list(c->session, c->arena, q, &rows, &count) : CRM_NOMEM;
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        s = stop_other(c, &rows[i]);
    }
    return s;
}

static crm_status commit_follow(crm_ctx *c, void *arg)
{
    crm_status s = stop_others(c, BATCH_STATE_WAITING);
    s = s == CRM_OK ? stop_others(c, BATCH_STATE_RUNNING) : s;
    for (uint32_t i = 0; s == CRM_OK && i < c->reg->module_count; i++) {
        const module_info *m = &c->reg->modules[i];
        s = m->is_without_code ? s : follow_one(c, arg, m);
    }
    return s;
}

void migrations_follow(deployment *d, crm_str asked)
{
    crm_ctx c;
    following x = {d, asked};
    crm_status s = call_begin(&c, &principal_system, CRM_S("modules"));
    if (s == CRM_OK) {
        s = writer_run(d->flow, &c, commit_follow, &x);
        call_end(&c);
    }
    if (s == CRM_OK) {
        atomic_store(&d->owed, 0);
        return;
    }
    log_event(LOG_WARN, "module.migration_not_begun", "status=%s", status_code(s));
    bool is_first = atomic_exchange(&d->owed, RETRY_S) == 0;
    if (is_first) {
        module_tell(d, "module.migration_owed", asked, (crm_str){0});
    }
}

static void follow_again(pool_task *t, engine_session *session)
{
    deployment *d = t->arg;
    (void)session;
    uv_mutex_lock(&d->apply_lock);
    migrations_follow(d, (crm_str){0});
    uv_mutex_unlock(&d->apply_lock);
}

static void done_again(pool_task *t)
{
    free(t);
}

/* It stays owed until a try has come through. */
void migrations_watch(deployment *d)
{
    unsigned left = atomic_load(&d->owed);
    if (left > 1) {
        (void)atomic_compare_exchange_strong(&d->owed, &left, left - 1);
        return;
    }
    if (!left || flow_is_read_only(d->flow)) {
        return;
    }
    atomic_store(&d->owed, RETRY_S);
    pool_task *t = calloc(1, sizeof *t);
    if (t) {
        *t = (pool_task){.run = follow_again, .done = done_again, .arg = d};
    }
    if (!t || pool_submit(d->flow, POOL_WORKER, t) != CRM_OK) {
        free(t);
    }
}

/* ---- a slice, on the writer ------------------------------------------------------------------ */

#define FAILED CRM_S("failed")

/* "<number>:<cursor>"; of another number it is at its beginning. */
static int64_t place_of(const batch_run *b, uint32_t number)
{
    crm_str rest = b->cursor, first = {0};
    int64_t n = 0, at = 0;
    bool is_of = str_split(&rest, ':', &first) && str_to_i64(first, &n) == CRM_OK && n == number;
    return is_of && str_to_i64(rest, &at) == CRM_OK && at > 0 ? at : 0;
}

static crm_status migrate(crm_ctx *c, const module_info *m, uint32_t number, int64_t *at)
{
    crm_status s = plug_migrate(c, m->loaded, number, at);
    if (s == CRM_OK && *at < 0) {
        s = changelog_set_cursor(c->tx, mark_of(c->arena, m->name), number);
    }
    return s;
}

/* What refuses is taken back alone and noted; the next turn ends the batch for it. */
static crm_status run_slice(crm_ctx *c, batch_run *b, const module_info *m, uint32_t number)
{
    const batch_place whole = {0};
    int64_t failed = b->failed, at = place_of(b, number);
    crm_status s = batch_row_begin(c, b);
    if (s != CRM_OK) {
        return s;
    }
    s = batch_row_end(c, b, &whole, migrate(c, m, number, &at));
    b->cursor = b->failed > failed
                    ? FAILED
                    : arena_fmt(c->arena, "%u:%lld", number, (long long)(at < 0 ? 0 : at));
    return s == CRM_OK && !b->cursor.p ? CRM_NOMEM : s;
}

/* The call may hold an earlier registry: only what is in force may say what is done. */
static bool is_in_force(const batch_run *b)
{
    const registry *now = registry_pin();
    const module_info *m = now ? module_in_force(now, json_text(b->spec, "module")) : NULL;
    bool is_it = m && str_eq(module_version_word(m->id), json_text(b->spec, "version"));
    registry_unpin(now);
    return is_it;
}

static crm_status slice(crm_ctx *c, batch_run *b, bool *is_done, const void *d)
{
    crm_str name = json_text(b->spec, "module");
    const module_info *m = module_in_force(c->reg, name);
    uint32_t done = 0;
    (void)d;
    bool is_it = m && str_eq(module_version_word(m->id), json_text(b->spec, "version"));
    if (!is_it || !is_in_force(b)) {
        *is_done = true; /* another version is in force by now, or none */
        return CRM_OK;
    }
    if (m->is_without_code) {
        return CRM_UNAVAILABLE;
    }
    if (str_eq(b->cursor, FAILED)) {
        return call_fail(c, CRM_CONFLICT, "migration_failed");
    }
    crm_status s = read_mark(c, name, &done);
    uint32_t number = plug_migration_next(m->loaded, done);
    if (s == CRM_OK && number) {
        s = run_slice(c, b, m, number);
    }
    *is_done = s == CRM_OK && !number;
    return s;
}

/* ---- afterwards, on a worker ----------------------------------------------------------------- */

static crm_status load_batch(crm_ctx *c, int64_t id, store_row *out)
{
    const entity *e = registry_store(c->reg, STORE_BATCH);
    return store_first(c->session, c->arena, c->reg, STORE_BATCH,
                       cond_compare(c->arena, COND_EQ, &e->fields[COL_ID], value_int(id)), out);
}

/* One that was stopped for another version may be told of late, when its own is in force again. */
static bool is_newest(crm_ctx *c, const store_row *batch)
{
    store_row last;
    crm_str name = spec_text(c->arena, batch, "module");
    return newest(c->session, c->reg, c->arena, name, &last) == CRM_OK && last.id == batch->id;
}

/* Whether the version it failed for is still in force; *ask is to take back that one, from c's
 * arena. */
static bool is_to_go_back(crm_ctx *c, int64_t id, module_ask *ask)
{
    store_row batch;
    const registry *now = registry_pin();
    bool is_it = false;
    if (now && load_batch(c, id, &batch) == CRM_OK && !is_open(&batch) &&
        !is_in_state(&batch, BATCH_STATE_DONE)) {
        *ask = (module_ask){.act = MODULE_ACT_ROLLBACK,
                            .name = spec_text(c->arena, &batch, "module"),
                            .only_of = spec_text(c->arena, &batch, "version")};
        const module_info *m = module_in_force(now, ask->name);
        is_it = m && str_eq(module_version_word(m->id), ask->only_of) && is_newest(c, &batch);
    }
    registry_unpin(now);
    return is_it;
}

/* There is no version before, or none that could run. */
static bool has_no_former(const crm_ctx *c, crm_status s)
{
    return s == CRM_CONFLICT && !str_is(c->error.code, "changed_since") &&
           !str_is(c->error.code, "module_off");
}

/* Then it is as though it had not been turned on: off, or without its code where something needs
 * it. */
static crm_status turn_off(deployment *d, crm_ctx *c, const module_ask *back)
{
    module_ask off = {.act = MODULE_ACT_DISABLE, .name = back->name, .only_of = back->only_of};
    c->error = (call_error){0};
    crm_status s = module_change(d, c, &off);
    log_event(LOG_ERROR, "module.turned_off", "module=%s version=%s done=%s", log_quote(back->name),
              log_quote(back->only_of), s == CRM_OK ? "yes" : log_quote(c->error.code));
    return s;
}

static void go_back(deployment *d, const module_ask *ask)
{
    crm_ctx c;
    const char *key = "module.migration_back";
    crm_status s = call_begin(&c, &principal_system, CRM_S("batch:migrate"));
    if (s != CRM_OK) {
        return;
    }
    s = module_change(d, &c, ask);
    log_event(LOG_ERROR, "module.migration_failed", "module=%s version=%s former=%s",
              log_quote(ask->name), log_quote(ask->only_of),
              s == CRM_OK ? "in_force" : log_quote(c.error.code));
    if (has_no_former(&c, s)) {
        key = "module.migration_off";
        s = turn_off(d, &c, ask);
    }
    if (s == CRM_OK) {
        module_tell(d, key, ask->name, ask->only_of);
    }
    call_end(&c);
}

static void ended(crm_ctx *c, int64_t batch, const void *d)
{
    module_ask ask;
    if (is_to_go_back(c, batch, &ask)) {
        go_back((deployment *)d, &ask);
    }
}

crm_status migrate_register(deployment *d, registry *r)
{
    batch_kind kind = {
        .name = KIND, .module = CRM_S("kernel"), .slice = slice, .ended = ended, .fn = d};
    return registry_add_batch_kind(r, &kind);
}
