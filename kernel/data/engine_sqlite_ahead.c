/*
 * engine_sqlite_ahead.c - slices of the schema step, ahead of it: what has to go over every row of
 * an entity. First the values that are stored another way, then sort keys and elements of fields
 * that get an index, then the indexes, the rows that were written meanwhile, and the full text. And
 * what is begun and not wanted any more.
 */
#include "data/engine_sqlite_schema.h"
#include "data/engine_sqlite_write.h"
#include "data/field_convert.h"

/* ---- columns as the step will have them ------------------------------------------------------ */

static bool follows(const field *f, const stored_field *at, arena *a)
{
    field from;
    bool may_not = !(f->flags & FIELD_DEPLOYMENT) || !at->shape.n;
    return may_not || field_of_shape(a, at->shape, &from) != CRM_OK ||
           field_retype(&from, f) != RETYPE_REWRITE;
}

/* The registry is nobody's yet, and the step fills its ids in anew. 0: there is no column. */
static void find_stored_id(schema_step *x, const entity *e, field *f)
{
    stored_field at = {0};
    if (f->id || x->status != CRM_OK) {
        return;
    }
    schema_find_field(x, e, f->name, &at);
    if (!at.id && f->was.n) {
        schema_find_field(x, e, f->was, &at);
    }
    if (at.id && x->status == CRM_OK && !follows(f, &at, x->arena)) {
        schema_find_shadow(x, e, f, &at);
    }
    f->id = (uint32_t)at.id;
}

void ahead_find_id(schema_step *x, const entity *e, field *f, bool may_make)
{
    stored_field at = {0};
    find_stored_id(x, e, f);
    if (!f->id && may_make && x->status == CRM_OK) {
        schema_find_early(x, e, f, &at);
        f->id = (uint32_t)at.id;
    }
}

/* False: the entity is not stored yet. */
static bool find_ids(schema_step *x, entity *e)
{
    const uint16_t parts[] = {
        COL_ID,         COL_CREATED_BY,     COL_DELETED_AT,     e->department_field,
        e->stage_field, e->owner_fields[0], e->owner_fields[1], e->owner_fields[2]};
    e->id = e->id ? e->id : schema_entity_id(x, e);
    for (size_t i = 0; e->id && i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i] || !i) {
            ahead_find_id(x, e, (field *)&e->fields[parts[i]], true);
        }
    }
    for (uint32_t i = 0; e->id && i < text_column_count(e); i++) {
        ahead_find_id(x, e, (field *)text_column(e, i), true);
    }
    return e->id && x->status == CRM_OK;
}

/* ---- sort keys ------------------------------------------------------------------------------- */

#define KEY_IDS 256 /* between two looks at the clock */

static bool lacks_keys(const schema_step *x, const entity *e, const field *f)
{
    const layout *l = atomic_load(&x->s->engine->layout);
    return field_is_keyed(f) && !engine_is_many(f) && schema_is_indexed(e, f) &&
           !(f->id && layout_column(l, f->id) & COLUMN_KEY);
}

static void set_keyed(schema_step *x, const field *f, int64_t at)
{
    (void)!schema_run(x, "UPDATE meta_field SET keyed=%lld WHERE id=%u", (long long)at, f->id);
}

/* Nobody reads or writes them yet; the step makes those of the rows that are noted. */
static void fill_keys(schema_step *x, const entity *e, const field *f, int64_t end,
                      engine_ahead *out)
{
    uint32_t id = e->fields[COL_ID].id;
    (void)noted_begin(x, e);
    int64_t at = schema_int(x, 0, "SELECT coalesce(keyed,0) FROM meta_field WHERE id=%u", f->id);
    if (!out->is_done) {
        out->left += at < end ? end - at : 0;
        return;
    }
    if (at >= end) {
        if (at != INT64_MAX) { /* the last rows went */
            set_keyed(x, f, INT64_MAX);
        }
        return;
    }
    schema_key_column(x, e, f);
    const char *key = sql_key_function(f);
    do {
        (void)!schema_run(x,
                          "UPDATE e%u SET k%u=%sc%u)"
                          " WHERE c%u>%lld AND c%u<=%lld AND k%u IS NOT %sc%u)",
                          e->id, f->id, key, f->id, id, (long long)at, id, (long long)at + KEY_IDS,
                          f->id, key, f->id);
        at += KEY_IDS;
    } while (x->status == CRM_OK && at < end && clock_mono() < out->until);
    set_keyed(x, f, at < end ? at : INT64_MAX);
    out->left += at < end ? end - at : 0;
    out->is_done = at >= end;
}

/* ---- values ------------------------------------------------------------------------------- */

static void fill_values(schema_step *x, entity *e, engine_ahead *out)
{
    for (uint32_t k = COL_OWN; x->status == CRM_OK && k < e->field_count; k++) {
        if (e->fields[k].flags & FIELD_DEPLOYMENT) {
            schema_retype_ahead(x, e, &e->fields[k], out);
        }
    }
    for (uint32_t k = COL_OWN; x->status == CRM_OK && k < e->field_count; k++) {
        field *f = (field *)&e->fields[k];
        bool is_side = sides_lack(x, e, f);
        if (!is_side && !lacks_keys(x, e, f)) {
            continue;
        }
        uint32_t id = e->fields[COL_ID].id;
        int64_t end = schema_int(x, 0, "SELECT coalesce(max(c%u),0) FROM e%u", id, e->id);
        if (end <= SCHEMA_FEW_ROWS) {
            return;
        }
        ahead_find_id(x, e, f, !is_side); /* a new one has no elements */
        if (lacks_keys(x, e, f)) {
            fill_keys(x, e, f, end, out);
        } else if (f->id && sides_lack(x, e, f)) {
            sides_fill(x, e, f, end, out);
        }
    }
}

/* ---- what was written meanwhile -------------------------------------------------------------- */

#define LEFT_ROWS 100 /* the step may do these */

static void fill_some_noted(schema_step *x, const entity *e, engine_ahead *out)
{
    crm_str some = noted_some(x, e);
    for (uint32_t k = COL_OWN; x->status == CRM_OK && k < e->field_count; k++) {
        const field *f = &e->fields[k];
        if (f->flags & FIELD_DEPLOYMENT) {
            schema_retype_noted(x, e, f, some, out);
        }
        if (f->id && lacks_keys(x, e, f) && schema_has_keys_ahead(x, e, f)) {
            schema_make_keys(x, e, f, some);
        } else if (f->id && sides_lack(x, e, f)) {
            sides_fill_noted(x, e, f, some);
        }
    }
    indexing_fill_noted(x, e, some);
}

/* What does not fit stays noted: the step is to meet it too. */
static void fill_noted(schema_step *x, const entity *e, engine_ahead *out)
{
    int64_t left = 1;
    while (x->status == CRM_OK && left && !out->misfits && !x->has_faults) {
        fill_some_noted(x, e, out);
        left = out->misfits || x->has_faults ? left : noted_forget_some(x, e);
        if (clock_mono() >= out->until) {
            break;
        }
    }
    out->left += left;
    out->is_done = left <= LEFT_ROWS;
}

/* What the step would refuse is not prepared any further. */
static bool goes_on(const schema_step *x)
{
    return x->status == CRM_OK && !x->has_faults;
}

static void fill_all(schema_step *x, registry *r, engine_ahead *out)
{
    for (uint32_t i = 0; x->status == CRM_OK && i < r->entity_count; i++) {
        entity *e = (entity *)r->entities[i];
        if (find_ids(x, e)) {
            fill_values(x, e, out);
        }
        arena_reset(x->s->arena);
    }
    indexing_fill(x, r, out);
    for (uint32_t i = 0; goes_on(x) && out->is_done && i < r->entity_count; i++) {
        const entity *e = r->entities[i];
        if (e->id && noted_is_begun(x, e)) {
            fill_noted(x, e, out);
        }
        arena_reset(x->s->arena);
    }
    for (uint32_t i = 0; goes_on(x) && i < r->entity_count; i++) {
        const entity *e = r->entities[i];
        if (e->id && text_column_count(e)) {
            coming_fill(x, e, out);
        }
        arena_reset(x->s->arena);
    }
}

/* A slice that met a fault is as if it had not been: rows that it took for made are still noted. */
static crm_status commit(schema_step *x, layout **made)
{
    sqlite_session *s = x->s;
    schema_mark(x);
    if (goes_on(x) && x->has_layout) {
        x->status = layout_load(s, atomic_load(&s->engine->layout)->version + 1, made);
    }
    statements_clear(&s->cache);
    if (goes_on(x)) {
        x->status = connection_exec(s->db, "COMMIT");
        s->has_learnt = s->has_learnt && x->status != CRM_OK;
    }
    if (!goes_on(x) && !sqlite3_get_autocommit(s->db)) {
        (void)!connection_exec(s->db, "ROLLBACK");
    }
    if (s->has_learnt) {
        words_forget(s);
    }
    return x->status;
}

/* ---- how long a slice may take --------------------------------------------------------------- */

uint32_t ahead_share(uint32_t before, int64_t worked, int64_t committed)
{
    int64_t all = worked + committed;
    uint32_t now = all > 0 ? (uint32_t)(worked * AHEAD_SHARES / all) : before;
    now = now < AHEAD_SHARES / 8 ? AHEAD_SHARES / 8 : now;
    return now < before ? now : (7 * before + now) / 8;
}

int64_t ahead_work_until(uint32_t share, int64_t now, int64_t until)
{
    return until > now ? now + (until - now) * share / AHEAD_SHARES : until;
}

/* Its statements are of these rows alone, and would take the place of those that others write by.
 */
static crm_status run_slice(schema_step *x, registry *r, engine_ahead *out, layout **made)
{
    sqlite_engine *e = x->s->engine;
    const statements kept = x->s->cache;
    const int64_t until = out->until, begun = clock_mono();
    x->s->cache = (statements){0};
    e->ahead_share = e->ahead_share ? e->ahead_share : AHEAD_SHARES / 2;
    out->until = ahead_work_until(e->ahead_share, begun, until);
    fill_all(x, r, out);
    int64_t worked = clock_mono();
    crm_status st = commit(x, made);
    e->ahead_share = ahead_share(e->ahead_share, worked - begun, clock_mono() - worked);
    out->until = until;
    x->s->cache = kept;
    return st;
}

/* ---- the slice itself ------------------------------------------------------------------------ */

/* The first, for who asked: the slice's own memory goes with it. */
static registry_fault *fault_of(arena *a, const registry_fault *first)
{
    registry_fault *out = first ? ARENA_NEW(a, registry_fault) : NULL;
    if (out) {
        *out = *first;
        out->next = NULL;
        out->subject = arena_dup(a, first->subject);
    }
    return out;
}

static void make_slice(schema_step *x, registry *r, arena *a, engine_ahead *out)
{
    sqlite_engine *e = x->s->engine;
    layout *made = NULL;
    registry_fault **first = x->faults;
    x->status = sqlite3_get_autocommit(x->s->db) ? connection_exec(x->s->db, "BEGIN IMMEDIATE")
                                                 : CRM_MISUSE;
    if (x->status == CRM_OK) {
        x->status = run_slice(x, r, out, &made);
        out->is_done = out->is_done && !*first;
        out->fault = fault_of(a, *first);
        x->status = *first && !out->fault && x->status == CRM_OK ? CRM_NOMEM : x->status;
    }
    if (x->status == CRM_OK && made) {
        layout_publish(e, made);
    } else if (made) {
        arena_free(made->arena);
    }
    atomic_store_explicit(&e->ahead_left, x->status == CRM_OK ? out->left : 0,
                          memory_order_relaxed);
    x->s->has_merges = true;
}

crm_status sqlite_schema_ahead(engine *base, registry *r, arena *a, engine_ahead *out)
{
    sqlite_engine *e = (sqlite_engine *)base;
    registry_fault *faults = NULL;
    schema_step x = {.s = e->writer, .arena = arena_new(0), .faults = &faults, .reg = r};
    if (!x.arena) {
        return CRM_NOMEM;
    }
    pthread_mutex_lock(&e->write_lock);
    out->is_done = true;
    out->misfits = out->left = 0;
    out->fault = NULL;
    if (checkpoint_when_due(x.s)) { /* that was enough for one time */
        out->is_done = false;
        out->left = atomic_load_explicit(&e->ahead_left, memory_order_relaxed) + 1;
    } else {
        make_slice(&x, r, a, out);
    }
    pthread_mutex_unlock(&e->write_lock);
    arena_free(x.arena);
    return x.status;
}

/* ---- giving up ------------------------------------------------------------------------------- */

static int64_t next_coming(schema_step *x)
{
    return schema_int(x, 0,
                      "SELECT coalesce(min(id),0) FROM meta_entity WHERE coming<>'' OR noted");
}

static void drop_coming(schema_step *x, const entity *none)
{
    (void)none;
    for (int64_t id = next_coming(x); id && x->status == CRM_OK; id = next_coming(x)) {
        coming_drop(x, &(entity){.id = (uint32_t)id});
        noted_drop(x, &(entity){.id = (uint32_t)id});
        log_event(LOG_INFO, "schema.ahead_dropped", "entity=%lld", (long long)id);
    }
}

crm_status sqlite_drop_ahead(engine *base)
{
    sqlite_engine *e = (sqlite_engine *)base;
    schema_step x = {.s = e->writer};
    pthread_mutex_lock(&e->write_lock);
    bool has_some = next_coming(&x) != 0;
    pthread_mutex_unlock(&e->write_lock);
    atomic_store_explicit(&e->ahead_left, 0, memory_order_relaxed);
    return has_some ? schema_alone(e, drop_coming, NULL) : x.status;
}
