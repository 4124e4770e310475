/*
 * engine_sqlite_forget.c - what no registry declares any more: found by its former names, and taken
 * out of the catalogue; and indexes that are no longer wanted. Under the write lock.
 */
#include "data/engine_sqlite_schema.h"
#include "data/engine_sqlite_write.h"

#include <stdlib.h>

/* ---- finding --------------------------------------------------------------------------------- */

static bool find_columns(schema_step *x, const entity *like, entity *out, field *fields)
{
    for (uint32_t i = 0; i < COL_OWN; i++) {
        stored_field at = {0};
        fields[i] = like->fields[i];
        fields[i].entity = out;
        schema_find_field(x, out, fields[i].name, &at);
        fields[i].id = (uint32_t)at.id;
        if (!at.id) {
            return false;
        }
    }
    return true;
}

static sqlite3_stmt *columns_of(schema_step *x, const entity *e, crm_str name)
{
    sql *q = &x->s->sql;
    static const char *const bounds[] = {" OR name>=", ">", " AND name<", "?",
                                         " OR name>=", "~", " AND name<", "\x7f"};
    sql_start(q, NULL, NULL);
    sql_z(q, "SELECT id, is_text FROM meta_field WHERE entity=");
    sql_int(q, e->id);
    sql_z(q, " AND (name=");
    sql_value(q, value_text(name));
    /* "<field>>" is being filled, "<field>~…" held its values before. */
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i += 2) {
        sql_z(q, bounds[i]);
        sql_value(q, value_text(arena_fmt(x->arena, "%.*s%s", STR_FMT(name), bounds[i + 1])));
    }
    sql_z(q, ")");
    return statement_get(x->s, &x->status);
}

static void add_columns(schema_step *x, entity *e, field *fields, crm_str name)
{
    sqlite3_stmt *stmt = columns_of(x, e, name);
    while (stmt && e->field_count < FIELDS_MAX && sqlite3_step(stmt) == SQLITE_ROW) {
        bool is_text = sqlite3_column_int(stmt, 1) != 0;
        fields[e->field_count] = (field){.name = name,
                                         .type = is_text ? FIELD_TEXT : FIELD_INT,
                                         .id = (uint32_t)sqlite3_column_int64(stmt, 0),
                                         .index = (uint16_t)e->field_count,
                                         .entity = e};
        e->field_count++;
    }
    sqlite3_reset(stmt);
}

static crm_status find(schema_step *x, const engine_stored *what, entity *out, field *fields)
{
    *out = (entity){.name = what->entity, .fields = fields, .field_count = COL_OWN};
    out->id = schema_entity_id(x, out);
    if (!out->id || !find_columns(x, what->like, out, fields)) {
        return x->status == CRM_OK ? CRM_NOT_FOUND : x->status;
    }
    if (what->field.n) {
        add_columns(x, out, fields, what->field);
    }
    bool is_none = what->field.n && out->field_count == COL_OWN;
    return x->status == CRM_OK && is_none ? CRM_NOT_FOUND : x->status;
}

crm_status sqlite_find_stored(engine *base, const engine_stored *what, arena *a, entity **out)
{
    sqlite_engine *e = (sqlite_engine *)base;
    entity *made = ARENA_NEW(a, entity);
    field *fields = ARENA_ARRAY(a, field, FIELDS_MAX);
    if (!made || !fields) {
        return CRM_NOMEM;
    }
    pthread_mutex_lock(&e->write_lock);
    schema_step x = {.s = e->writer, .arena = a};
    crm_status st = find(&x, what, made, fields);
    statements_clear(&e->writer->cache);
    pthread_mutex_unlock(&e->write_lock);
    *out = st == CRM_OK ? made : NULL;
    return st;
}

/* ---- forgetting ------------------------------------------------------------------------------ */

static void forget_field(schema_step *x, const entity *e, uint32_t id)
{
    schema_drop_indexes_of(x, e, id);
    (void)!schema_run(x, "DROP TABLE IF EXISTS m%u", id);
    (void)!schema_run(x, "DELETE FROM meta_field WHERE id=%u", id);
}

static void forget_entity(schema_step *x, const entity *e)
{
    for (int64_t id = 1; x->status == CRM_OK && id;) {
        id = schema_int(x, 0, "SELECT min(id) FROM meta_field WHERE entity=%u", e->id);
        if (id) {
            (void)!schema_run(x, "DROP TABLE IF EXISTS m%lld", (long long)id);
            (void)!schema_run(x, "DELETE FROM meta_field WHERE id=%lld", (long long)id);
        }
    }
    noted_drop(x, e);
    coming_drop(x, e);
    coming_set_aside(x, e);
    (void)!schema_run(x, "DROP TABLE IF EXISTS e%u", e->id);
    (void)!schema_run(x, "DELETE FROM meta_entity WHERE id=%u", e->id);
    words_forget(x->s);
}

static void forget(schema_step *x, const entity *stored)
{
    for (uint32_t i = COL_OWN; i < stored->field_count; i++) {
        forget_field(x, stored, stored->fields[i].id);
    }
    if (stored->field_count == COL_OWN) {
        forget_entity(x, stored);
    }
}

crm_status sqlite_forget(engine *base, const entity *stored)
{
    return schema_alone((sqlite_engine *)base, forget, stored);
}

/* ---- indexes --------------------------------------------------------------------------------- */

/* One that is to go. Dropping that of a million rows takes 0.1 s, since its pages are overwritten,
 * so it waits until the writer is idle; what a step declares again it finds in its place. */
struct stale_index {
    struct stale_index *next;
    size_t entity; /* where in `name` the entity's begins */
    char name[];
};

void stale_forget(sqlite_engine *e)
{
    while (e->stale) {
        stale_index *next = e->stale->next;
        free(e->stale);
        e->stale = next;
    }
}

static crm_status add(sqlite_engine *e, crm_str name, crm_str entity_name)
{
    stale_index *made = calloc(1, sizeof *made + name.n + entity_name.n + 2);
    if (!made) {
        return CRM_NOMEM;
    }
    memcpy(made->name, name.p, name.n);
    made->entity = name.n + 1;
    memcpy(made->name + made->entity, entity_name.p, entity_name.n);
    made->next = e->stale;
    e->stale = made;
    return CRM_OK;
}

crm_status sqlite_tidy(engine *base, const registry *r)
{
    sqlite_engine *e = (sqlite_engine *)base;
    schema_step x = {.s = e->writer, .arena = arena_new(0), .is_alone = true};
    x.status = x.arena ? CRM_OK : CRM_NOMEM;
    pthread_mutex_lock(&e->write_lock);
    stale_forget(e);
    for (uint32_t i = 0; x.status == CRM_OK && i < r->entity_count; i++) {
        crm_str name = {"", 0};
        while (x.status == CRM_OK && (name = schema_next_stale(&x, r->entities[i], name)).n) {
            x.status = add(e, name, r->entities[i]->name);
        }
    }
    pthread_mutex_unlock(&e->write_lock);
    arena_free(x.arena);
    return x.status;
}

bool stale_drop(sqlite_session *s)
{
    stale_index *one = s->engine->stale;
    schema_step x = {.s = s};
    if (!one) {
        return false;
    }
    (void)!schema_run(&x, "DROP INDEX IF EXISTS %s", one->name);
    if (x.status != CRM_OK) {
        return false; /* it is tried again at the writer's next rest */
    }
    log_event(LOG_INFO, "schema.index_dropped", "entity=%s index=%s", one->name + one->entity,
              one->name);
    s->engine->stale = one->next;
    free(one);
    return true;
}
