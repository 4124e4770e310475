/* purge.c - see purge.h. */
#include "purge.h"

#include "data/stage_log.h"
#include "data/timeline.h"
#include "flow/store.h"

#define SLICE_MS 15 /* of the writer's time at once */

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

crm_status purge_find(deployment *d, crm_ctx *c, purge_thing what, entity **out)
{
    looking l = {.d = d,
                 .what = {.like = registry_store(c->reg, STORE_USER),
                          .entity = what.entity,
                          .field = what.field},
                 .arena = c->arena};
    crm_status s = writer_exclusive(d->flow, look_up, &l);
    *out = l.found;
    return s;
}

/* What the kernel keeps beside an entity, in entities of their own. Another one of that name, which
 * somebody may have declared since or retired, has not their columns. */
typedef struct companion {
    const char *suffix, *columns[2];
} companion;
static const companion companions[] = {
    {STAGE_LOG_SUFFIX, {"entered_by", "left_by"}},
    {NOTES_SUFFIX, {"mentions", "not_told"}},
};

static crm_status find_companion(const purge_turn *t, crm_str name, const companion *of,
                                 entity **out)
{
    crm_status s = CRM_OK;
    *out = NULL;
    if (registry_entity(t->c->reg, name)) {
        return CRM_NOT_FOUND;
    }
    for (size_t i = 0; s == CRM_OK && i < 2; i++) {
        s = purge_find(t->d, t->c, (purge_thing){name, str_of(of->columns[i])}, out);
    }
    return s == CRM_OK ? purge_find(t->d, t->c, (purge_thing){.entity = name}, out) : s;
}

/* The next one of an entity; NULL: none is left. */
static crm_status find_beside(const purge_turn *t, purge_thing what, entity **out)
{
    crm_status s = CRM_NOT_FOUND;
    *out = NULL;
    for (size_t i = 0; !what.field.n && s == CRM_NOT_FOUND && i < 2; i++) {
        const companion *of = &companions[i];
        crm_str name = arena_fmt(t->c->arena, "%.*s%s", STR_FMT(what.entity), of->suffix);
        s = name.p ? find_companion(t, name, of, out) : CRM_NOMEM;
    }
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

crm_status purge_count(deployment *d, crm_ctx *c, purge_thing what, int64_t *rows, int64_t *files)
{
    entity *stored;
    *rows = *files = 0;
    crm_status s = purge_find(d, c, what, &stored);
    if (s == CRM_OK) {
        engine_turn_end(c->session);
        s = leftover_count(c, stored, rows, files);
        engine_turn_end(c->session);
    }
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

/* ---- who tells of it ------------------------------------------------------------------------- */

static bool tells_of(const store_row *told, purge_thing what)
{
    crm_str key = what.field, fields = store_text(told, WEBHOOK_FIELDS);
    crm_str where = store_text(told, WEBHOOK_WHERE);
    bool is_named = key.n && ((fields.n && memmem(fields.p, fields.n, key.p, key.n)) ||
                              (where.n && memmem(where.p, where.n, key.p, key.n)));
    return str_eq(store_text(told, WEBHOOK_ENTITY), what.entity) && (!key.n || is_named);
}

crm_status purge_find_webhook(crm_ctx *c, purge_thing what, crm_str *where)
{
    query *q = query_new(c->arena, registry_store(c->reg, STORE_WEBHOOK));
    store_row *hooks;
    uint32_t count = 0;
    *where = (crm_str){0};
    if (!q) {
        return CRM_NOMEM;
    }
    q->limit = LIST_MAX;
    crm_status s = store_list(c->session, c->arena, q, &hooks, &count);
    for (uint32_t i = 0; s == CRM_OK && !where->n && i < count; i++) {
        if (tells_of(&hooks[i], what)) {
            *where =
                arena_fmt(c->arena, "webhook %.*s", STR_FMT(store_text(&hooks[i], WEBHOOK_NAME)));
            s = where->p ? CRM_OK : CRM_NOMEM;
        }
    }
    return s;
}

/* ---- a page ---------------------------------------------------------------------------------- */

crm_status purge_read_place(crm_str at, leftover_page *out)
{
    crm_str part = {0};
    int64_t n = 0;
    out->part = LEFTOVER_ROWS;
    out->after = 0;
    if (!at.n) {
        return CRM_OK;
    }
    bool is_two =
        str_split(&at, ':', &part) && str_to_i64(part, &n) == CRM_OK && n >= 0 && n <= LEFTOVER_END;
    out->part = (leftover_part)n;
    return is_two ? str_to_i64(at, &out->after) : CRM_MISUSE;
}

crm_str purge_place(arena *a, const leftover_page *p)
{
    return arena_fmt(a, "%d:%lld", (int)p->part, (long long)p->after);
}

typedef struct committing {
    purge_turn *t;
    crm_status (*commit)(crm_ctx *, void *);
    void *arg;
} committing;

static crm_status commit_alone(void *arg)
{
    const committing *x = arg;
    crm_ctx c;
    const crm_ctx *now = x->t->c;
    crm_status s = call_begin_from(&c, now, now->who, CRM_S("batch:purge"));
    if (s != CRM_OK) {
        return s;
    }
    c.lang = now->lang;
    c.batch = x->t->batch;
    c.is_quiet = true;
    s = writer_run_alone(x->t->d->flow, &c, x->commit, x->arg);
    call_end(&c);
    return s;
}

crm_status purge_commit(purge_turn *t, crm_status (*commit)(crm_ctx *, void *), void *arg)
{
    committing x = {t, commit, arg};
    return writer_exclusive(t->d->flow, commit_alone, &x);
}

static crm_status commit_page(crm_ctx *c, void *arg)
{
    purge_turn *t = arg;
    return leftover_remove(c, t->stored, &t->page, clock_mono() + SLICE_MS * 1000000LL);
}

static crm_status forget(void *arg)
{
    const purge_turn *t = arg;
    return engine_forget(t->d->engine, t->stored);
}

static crm_status read_page(purge_turn *t)
{
    engine_turn_end(t->c->session);
    crm_status s = leftover_read(t->c, t->stored, &t->page);
    engine_turn_end(t->c->session);
    return s;
}

/* It goes before the records. The place does not move: what has gone is not met again. */
static crm_status purge_beside(purge_turn *t, entity *beside)
{
    leftover_page all = t->page;
    crm_status s = CRM_OK;
    t->stored = beside;
    t->page.count = 0;
    for (int part = LEFTOVER_ROWS; s == CRM_OK && !t->page.count && part < LEFTOVER_END; part++) {
        t->page = (leftover_page){.part = (leftover_part)part};
        s = read_page(t);
    }
    if (s == CRM_OK) {
        s = t->page.count ? purge_commit(t, commit_page, t)
                          : writer_exclusive(t->d->flow, forget, t);
    }
    t->page = all;
    return s;
}

crm_status purge_one(purge_turn *t, purge_thing what)
{
    entity *beside;
    t->is_gone = false;
    crm_status s = find_beside(t, what, &beside);
    if (s == CRM_OK && beside) {
        return purge_beside(t, beside);
    }
    s = s == CRM_OK ? purge_find(t->d, t->c, what, &t->stored) : s;
    if (s == CRM_NOT_FOUND) {
        t->is_gone = true;
        return CRM_OK;
    }
    if (s == CRM_OK && t->page.part == LEFTOVER_END) {
        s = writer_exclusive(t->d->flow, forget, t);
        t->is_gone = s == CRM_OK;
        return s;
    }
    s = s == CRM_OK ? read_page(t) : s;
    s = s == CRM_OK ? purge_commit(t, commit_page, t) : s;
    t->rows += s == CRM_OK ? t->page.rows : 0;
    return s;
}

/* ---- the batch ------------------------------------------------------------------------------- */

static crm_status take_turn(purge_turn *t, const batch_run *b)
{
    return json_object_get(b->spec, "module") ? module_purge_turn(t, b) : model_purge_turn(t, b);
}

static crm_status fetch(crm_ctx *c, batch_run *b, const void *d)
{
    purge_turn *t = c->prepared = ARENA_NEW(c->arena, purge_turn);
    crm_ctx now;
    c->is_of_stores = true;
    crm_status s = t ? call_begin_in(&now, c->arena, c->who, CRM_S("batch:purge")) : CRM_NOMEM;
    if (s != CRM_OK) {
        return s;
    }
    *t = (purge_turn){.d = (deployment *)d, .c = &now, .batch = b->id, .cursor = b->cursor};
    now.session = c->session;
    now.lang = c->lang;
    uv_mutex_lock(&t->d->apply_lock);
    s = take_turn(t, b);
    uv_mutex_unlock(&t->d->apply_lock);
    if (s != CRM_OK) {
        c->error = now.error;
    }
    t->c = NULL; /* the turn outlives the call */
    now.session = NULL;
    call_end(&now);
    return s;
}

static crm_status slice(crm_ctx *c, batch_run *b, bool *is_done, const void *d)
{
    const purge_turn *t = c->prepared;
    const batch_place whole = {0};
    (void)d;
    b->changed += t->rows;
    b->done = t->is_done || b->done + t->rows > b->total ? b->total : b->done + t->rows;
    b->cursor = arena_dup(c->arena, t->cursor);
    *is_done = t->is_done;
    if (!t->is_done || !t->stays) {
        return CRM_OK;
    }
    call_fail(c, CRM_DENIED, t->stays);
    c->error.params_json = t->stays_json;
    return batch_warn(c, b, &whole);
}

crm_status purge_register(deployment *d, registry *r)
{
    batch_kind kind = {
        .name = CRM_S("purge"), .module = CRM_S("kernel"), .fetch = fetch, .slice = slice, .fn = d};
    return registry_add_batch_kind(r, &kind);
}
