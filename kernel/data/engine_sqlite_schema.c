/*
 * engine_sqlite_schema.c - the schema step: from declarations to tables, in one transaction.
 *
 * Nothing is dropped but indexes that are no longer declared unique and full text, which is
 * derived. Names in statements are made of ids, so no declared name ever stands in one.
 */
#include "data/engine_sqlite_schema.h"

#include <stdarg.h>

registry_fault *schema_fault(schema_step *x, crm_str source, const char *code, crm_str subject)
{
    registry_fault *f = ARENA_NEW(x->arena, registry_fault);
    if (!f) {
        x->status = CRM_NOMEM;
        return NULL;
    }
    *f = (registry_fault){.source = source, .code = str_of(code), .subject = subject};
    *x->faults = f;
    x->faults = &f->next;
    x->has_faults = true;
    return f;
}

CRM_PRINTF(2, 0) static void format(sql *q, const char *fmt, va_list args)
{
    char *room = buf_room(&q->text, 16384);
    int n = room ? vsnprintf(room, 16384, fmt, args) : -1;
    if (n < 0 || n >= 16384) {
        q->status = CRM_TOO_LARGE;
        return;
    }
    q->text.n += (size_t)n;
}

crm_status schema_run(schema_step *x, const char *fmt, ...)
{
    if (x->status != CRM_OK) {
        return x->status;
    }
    va_list args;
    va_start(args, fmt);
    sql_start(&x->s->sql, NULL, NULL);
    format(&x->s->sql, fmt, args);
    va_end(args);
    crm_status st = statement_run(x->s);
    x->status = st == CRM_CONFLICT ? x->status : st;
    return st;
}

int64_t schema_int(schema_step *x, int64_t otherwise, const char *fmt, ...)
{
    int64_t out = otherwise;
    if (x->status != CRM_OK) {
        return out;
    }
    va_list args;
    va_start(args, fmt);
    sql_start(&x->s->sql, NULL, NULL);
    format(&x->s->sql, fmt, args);
    va_end(args);
    crm_status st = statement_int(x->s, &out);
    x->status = st == CRM_NOT_FOUND ? x->status : st;
    return out;
}

bool schema_is_opening(const schema_step *x)
{
    return !atomic_load(&x->s->engine->writer_is_out);
}

/* ---- entities -------------------------------------------------------------------------------- */

static int64_t find_entity(schema_step *x, crm_str name)
{
    int64_t id = 0;
    sql_start(&x->s->sql, NULL, NULL);
    sql_z(&x->s->sql, "SELECT id FROM meta_entity WHERE name=");
    sql_value(&x->s->sql, value_text(name));
    crm_status st = statement_int(x->s, &id);
    x->status = st == CRM_NOT_FOUND || st == CRM_OK ? x->status : st;
    return id;
}

static void rename_entity(schema_step *x, int64_t id, crm_str name)
{
    sql_start(&x->s->sql, NULL, NULL);
    sql_z(&x->s->sql, "UPDATE meta_entity SET name=");
    sql_value(&x->s->sql, value_text(name));
    sql_z(&x->s->sql, " WHERE id=");
    sql_int(&x->s->sql, id);
    crm_status st = statement_run(x->s);
    x->status = st == CRM_OK ? x->status : st;
}

static int64_t add_entity(schema_step *x, crm_str name)
{
    sql_start(&x->s->sql, NULL, NULL);
    sql_z(&x->s->sql, "INSERT INTO meta_entity(name) VALUES(");
    sql_value(&x->s->sql, value_text(name));
    sql_z(&x->s->sql, ")");
    crm_status st = statement_run(x->s);
    x->status = st == CRM_OK ? x->status : st;
    return sqlite3_last_insert_rowid(x->s->db);
}

uint32_t schema_entity_id(schema_step *x, const entity *e)
{
    int64_t id = find_entity(x, e->name);
    return (uint32_t)(!id && e->was.n ? find_entity(x, e->was) : id);
}

static void make_entity(schema_step *x, entity *e)
{
    int64_t id = find_entity(x, e->name);
    if (!id && e->was.n && (id = find_entity(x, e->was)) != 0) {
        rename_entity(x, id, e->name);
    }
    if (!id && x->status == CRM_OK) {
        id = add_entity(x, e->name);
    }
    e->id = (uint32_t)id;
    schema_fields(x, e);
    schema_indexes(x, e);
    if (!schema_is_opening(x)) { /* else whoever goes on with what was begun comes later */
        noted_drop(x, e);
    }
    schema_search(x, e);
}

/* ---- the step -------------------------------------------------------------------------------- */

void schema_mark(schema_step *x)
{
    int64_t is_changing =
        schema_int(x, 0, "SELECT EXISTS(SELECT 1 FROM meta_entity WHERE noted OR coming<>'')");
    int format = is_changing ? FORMAT_CHANGING : FORMAT_AT_REST;
    if (schema_int(x, format, "PRAGMA user_version") != format) {
        (void)!schema_run(x, "PRAGMA user_version=%d", format);
    }
}

static crm_status finish(schema_step *x, bool has_faults, layout **made)
{
    sqlite_session *s = x->s;
    schema_mark(x);
    crm_status st = x->status == CRM_OK && has_faults ? CRM_INVALID : x->status;
    if (st == CRM_OK) {
        st = layout_load(s, atomic_load(&s->engine->layout)->version + 1, made);
    }
    statements_clear(&s->cache);
    if (st == CRM_OK) {
        st = connection_exec(s->db, "COMMIT");
        atomic_store(&s->engine->is_broken, st == CRM_INTERNAL);
    }
    if (st != CRM_OK && !sqlite3_get_autocommit(s->db)) {
        (void)!connection_exec(s->db, "ROLLBACK");
    }
    return st;
}

/* What the step left for later; `made` then knows of it. */
static crm_status fill_search(schema_step *x, const registry *r, layout **made)
{
    sqlite_session *s = x->s;
    layout *whole = NULL;
    if (!schema_is_opening(x)) {
        return CRM_OK;
    }
    x->status = connection_exec(s->db, "BEGIN IMMEDIATE");
    for (uint32_t i = 0; x->status == CRM_OK && i < r->entity_count; i++) {
        schema_search_fill(x, r->entities[i]);
        arena_reset(s->arena);
    }
    statements_clear(&s->cache);
    crm_status st = x->status ? x->status : connection_exec(s->db, "COMMIT");
    if (st != CRM_OK && !sqlite3_get_autocommit(s->db)) {
        (void)!connection_exec(s->db, "ROLLBACK");
    }
    st = st ? st : layout_load(s, (*made)->version, &whole);
    if (st == CRM_OK) {
        arena_free((*made)->arena);
        *made = whole;
    }
    return st;
}

static crm_status run_step(sqlite_engine *e, registry *r, arena *a, registry_fault **faults)
{
    sqlite_session *s = e->writer;
    schema_step x = {.s = s, .arena = a, .faults = faults, .reg = r};
    if (!sqlite3_get_autocommit(s->db)) {
        return CRM_MISUSE;
    }
    stale_forget(e); /* one of them may be wanted again */
    statements_clear(&s->cache);
    crm_status st = connection_exec(s->db, "BEGIN IMMEDIATE");
    if (st != CRM_OK) {
        return st;
    }
    for (uint32_t i = 0; x.status == CRM_OK && i < r->entity_count; i++) {
        /* The registry is not published yet: its durable ids are this step's to fill. */
        make_entity(&x, (entity *)r->entities[i]);
        arena_reset(s->arena);
    }
    layout *made = NULL;
    st = finish(&x, *faults != NULL, &made);
    st = st ? st : fill_search(&x, r, &made);
    if (st == CRM_OK) {
        layout_publish(e, made);
        atomic_store_explicit(&e->ahead_left, 0, memory_order_relaxed);
    } else if (made) {
        arena_free(made->arena);
    }
    return st;
}

crm_status schema_alone(sqlite_engine *e, void (*act)(schema_step *x, const entity *of),
                        const entity *of)
{
    sqlite_session *s = e->writer;
    schema_step x = {.s = s, .arena = arena_new(0)};
    layout *made = NULL;
    if (!x.arena) {
        return CRM_NOMEM;
    }
    pthread_mutex_lock(&e->write_lock);
    statements_clear(&s->cache);
    x.status =
        sqlite3_get_autocommit(s->db) ? connection_exec(s->db, "BEGIN IMMEDIATE") : CRM_MISUSE;
    if (x.status == CRM_OK) {
        act(&x, of);
        x.status = finish(&x, false, &made);
    }
    if (x.status == CRM_OK) {
        layout_publish(e, made);
    } else if (made) {
        arena_free(made->arena);
    }
    pthread_mutex_unlock(&e->write_lock);
    arena_free(x.arena);
    return x.status;
}

crm_status sqlite_schema(engine *base, registry *r, arena *a, registry_fault **faults)
{
    sqlite_engine *e = (sqlite_engine *)base;
    pthread_mutex_lock(&e->write_lock);
    crm_status st = run_step(e, r, a, faults);
    pthread_mutex_unlock(&e->write_lock);
    return st;
}

crm_status schema_open(sqlite_engine *e)
{
    sqlite_session *s = e->writer;
    schema_step x = {.s = s};
    int64_t format = schema_int(&x, 0, "PRAGMA user_version");
    if (x.status == CRM_OK && format > FORMAT_NEWEST) {
        log_event(LOG_ERROR, "sqlite.format", "found=%lld known=%d", (long long)format,
                  FORMAT_NEWEST);
        return CRM_CONFLICT;
    }
    crm_status st = x.status;
    if (st == CRM_OK && format < FORMAT_AT_REST) {
        st = connection_exec(s->db, "PRAGMA user_version=1; PRAGMA application_id=1265790579;");
    }
    st = st == CRM_OK ? layout_create_catalogue(s) : st;
    layout *l = NULL;
    st = st == CRM_OK ? layout_load(s, 1, &l) : st;
    if (st == CRM_OK) {
        layout_publish(e, l);
    }
    return st;
}
