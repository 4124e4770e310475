/*
 * engine_sqlite_layout.c - the catalogue of durable ids, read into an immutable layout.
 *
 * meta_entity(id, name, search, coming, filled): `search` tells how its full text is made: the
 * format of the terms, the SQL of a row's access terms and the field ids of the columns, apart by
 * '|'; `coming` how the one is that is being made, with all rows up to `filled`. meta_field(id,
 * entity, name, is_text, is_folded, flags, shape, filled, keyed): flags are COLUMN_*, `shape` is
 * field_shape's, NULL where an older program made the field; `filled` is up to which row a column
 * that is being filled has its values (engine_sqlite_retype.c), `keyed` the same of sort keys:
 * while the entity is `noted` (engine_sqlite_noted.c). meta_ahead(name, entity, filled): indexes
 * (engine_sqlite_indexing.c) and elements (engine_sqlite_sides.c) that are being made.
 */
#include "data/engine_sqlite_schema.h"

/* Columns that an older program's catalogue has not got; a start that was cut off may have added
 * some of them. */
static crm_status add_columns(sqlite_session *s)
{
    static const char *const columns[][3] = {
        {"meta_field", "shape", "TEXT"},
        {"meta_field", "filled", "INTEGER"},
        {"meta_field", "keyed", "INTEGER"},
        {"meta_entity", "coming", "TEXT NOT NULL DEFAULT ''"},
        {"meta_entity", "filled", "INTEGER NOT NULL DEFAULT 0"},
        {"meta_entity", "noted", "INTEGER NOT NULL DEFAULT 0"},
    };
    schema_step x = {.s = s};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        const char *const *c = columns[i];
        if (!schema_int(&x, 0, "SELECT 1 FROM pragma_table_info('%s') WHERE name='%s'", c[0],
                        c[1])) {
            (void)!schema_run(&x, "ALTER TABLE %s ADD COLUMN %s %s", c[0], c[1], c[2]);
        }
    }
    return x.status;
}

static crm_status make_catalogue(sqlite_session *s)
{
    crm_status st = connection_exec(
        s->db, "CREATE TABLE IF NOT EXISTS meta_entity(id INTEGER PRIMARY KEY AUTOINCREMENT,"
               " name TEXT NOT NULL UNIQUE, search TEXT NOT NULL DEFAULT '');"
               "CREATE TABLE IF NOT EXISTS meta_field(id INTEGER PRIMARY KEY AUTOINCREMENT,"
               " entity INTEGER NOT NULL, name TEXT NOT NULL, is_text INTEGER NOT NULL,"
               " is_folded INTEGER NOT NULL, flags INTEGER NOT NULL, UNIQUE(entity, name));"
               "CREATE TABLE IF NOT EXISTS meta_ahead(name TEXT PRIMARY KEY,"
               " entity INTEGER NOT NULL, filled INTEGER NOT NULL) WITHOUT ROWID;");
    return st == CRM_OK ? add_columns(s) : st;
}

crm_status layout_create_catalogue(sqlite_session *s)
{
    crm_status st = connection_exec(s->db, "BEGIN IMMEDIATE");
    st = st == CRM_OK ? make_catalogue(s) : st;
    st = st == CRM_OK ? connection_exec(s->db, "COMMIT") : st;
    if (st != CRM_OK && !sqlite3_get_autocommit(s->db)) {
        (void)!connection_exec(s->db, "ROLLBACK");
    }
    return st;
}

static crm_status read_int(sqlite_session *s, const char *text, int64_t *out)
{
    sql_start(&s->sql, NULL, NULL);
    sql_z(&s->sql, text);
    return statement_int(s, out);
}

static crm_status read_fields(sqlite_session *s, layout *l)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(s->db, "SELECT id, flags FROM meta_field", -1, &stmt, NULL);
    while (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
        uint32_t id = (uint32_t)sqlite3_column_int64(stmt, 0);
        if (id < l->column_end) {
            l->columns[id] = (uint8_t)sqlite3_column_int(stmt, 1);
        }
    }
    int done = sqlite3_finalize(stmt);
    return status_of(s->db, rc == SQLITE_OK ? done : rc, "layout");
}

static crm_status read_search(layout *l, layout_table *t, crm_str list)
{
    crm_str id, format, access;
    if (!str_split(&list, '|', &format) || !str_split(&list, '|', &access)) {
        return CRM_OK;
    }
    t->access = arena_dup(l->arena, access);
    t->search = ARENA_ARRAY(l->arena, uint32_t, list.n / 2 + 1);
    if (!t->search || !t->access.p) {
        return CRM_NOMEM;
    }
    while (str_split(&list, ',', &id)) {
        int64_t n = 0;
        if (id.n && str_to_i64(id, &n) == CRM_OK) {
            t->search[t->search_count++] = (uint32_t)n;
        }
    }
    return CRM_OK;
}

static crm_status read_tables(sqlite_session *s, layout *l)
{
    sqlite3_stmt *stmt = NULL;
    crm_status st = CRM_OK;
    int rc = sqlite3_prepare_v2(s->db, "SELECT id, search, coming<>'', noted FROM meta_entity", -1,
                                &stmt, NULL);
    while (rc == SQLITE_OK && st == CRM_OK && sqlite3_step(stmt) == SQLITE_ROW) {
        uint32_t id = (uint32_t)sqlite3_column_int64(stmt, 0);
        crm_str list = str_of((const char *)sqlite3_column_text(stmt, 1));
        if (id < l->table_end) {
            st = read_search(l, &l->tables[id], list);
            l->tables[id].is_coming = sqlite3_column_int(stmt, 2) != 0;
            l->tables[id].is_noted = sqlite3_column_int(stmt, 3) != 0;
        }
    }
    int done = sqlite3_finalize(stmt);
    return st != CRM_OK ? st : status_of(s->db, rc == SQLITE_OK ? done : rc, "layout");
}

crm_status layout_load(sqlite_session *s, uint64_t version, layout **out)
{
    int64_t fields = 0, entities = 0;
    crm_status st = read_int(s, "SELECT coalesce(max(id),0)+1 FROM meta_field", &fields);
    if (st == CRM_OK) {
        st = read_int(s, "SELECT coalesce(max(id),0)+1 FROM meta_entity", &entities);
    }
    if (st != CRM_OK) {
        return st;
    }
    arena *a = arena_new(0);
    layout *l = a ? ARENA_NEW(a, layout) : NULL;
    if (l) {
        *l = (layout){.arena = a,
                      .version = version,
                      .column_end = (uint32_t)fields,
                      .table_end = (uint32_t)entities};
        l->columns = ARENA_ARRAY(a, uint8_t, l->column_end);
        l->tables = ARENA_ARRAY(a, layout_table, l->table_end);
    }
    if (!l || !l->columns || !l->tables) {
        arena_free(a);
        return CRM_NOMEM;
    }
    st = read_fields(s, l);
    st = st == CRM_OK ? read_tables(s, l) : st;
    if (st != CRM_OK) {
        arena_free(a);
        return st;
    }
    *out = l;
    return CRM_OK;
}

void layout_publish(sqlite_engine *e, layout *l)
{
    l->older = atomic_load(&e->layout);
    atomic_store_explicit(&e->layout, l, memory_order_release);
    e->writer->layout = l;
}
