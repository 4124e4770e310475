/*
 * engine_sqlite_edit.c - names in the schema, changed where SQLite keeps them.
 *
 * ALTER TABLE … RENAME reads every declaration of the file several times, and once more for each of
 * the five tables of a full text, while nobody else writes. Here the rows of sqlite_master are
 * written as any others', in the step's transaction, so they come with all else it does or not at
 * all; then every connection reads the schema anew, by its version. Only the engine's own names are
 * written, and what refers to a name is beside it in the same row. Under the write lock.
 */
#include "data/engine_sqlite_schema.h"

/* FTS5 writes what it holds by the names it was opened with, so before they change. */
void schema_edit_begin(schema_step *x)
{
    sqlite3 *db = x->s->db;
    x->status = x->status ? x->status : connection_exec(db, "SAVEPOINT held; RELEASE held");
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    x->status = x->status ? x->status : connection_exec(db, "PRAGMA writable_schema=ON");
}

void schema_edit_end(schema_step *x)
{
    char text[64];
    sqlite3 *db = x->s->db;
    int64_t version = schema_int(x, 0, "PRAGMA schema_version");
    snprintf(text, sizeof text, "PRAGMA schema_version=%lld", (long long)version + 1);
    x->status = x->status ? x->status : connection_exec(db, text);
    crm_status st = connection_exec(db, "PRAGMA writable_schema=RESET");
    x->status = x->status ? x->status : st;
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
}

/* Only a full text has tables of its own; those of other names are of what is made beside. */
static bool is_full_text(const char *name)
{
    return name[0] == 'f' || name[0] == 'g';
}

void schema_edit_name(schema_step *x, const char *from, const char *to)
{
    size_t n = strlen(from) + 1;
    (void)!schema_run(x,
                      "UPDATE sqlite_master SET sql=replace(sql,'%s','%s'),"
                      "name='%s'||substr(name,%zu),tbl_name='%s'||substr(tbl_name,%zu)"
                      " WHERE type='table' AND (name='%s' OR %d AND name GLOB '%s_*')",
                      from, to, to, n, to, n, from, is_full_text(from), from);
}
