/*
 * engine_sqlite_noted.c - rows that are written while something is made of all of them.
 *
 * What a schema step needs of every row (that values fit, or are stored another way, sort keys,
 * indexes) is made
 * ahead of it in slices. From the first of them on each write of the entity leaves its row's id in
 * p<entity id>, in its own transaction: what was made of a row that was passed is made of it once
 * more, and the step has only such rows to look at. What was made without these notes is worth
 * nothing, so taking them begins all of it anew. Full text has notes of its own, d<entity id>.
 *
 * Writer's thread, under the write lock.
 */
#include "data/engine_sqlite_schema.h"
#include "data/engine_sqlite_write.h"

#define AT_ONCE      256 /* between two looks at the clock */
#define LEFT_COUNTED 100000

/* ---- taking notes ---------------------------------------------------------------------------- */

bool noted_is_begun(schema_step *x, const entity *e)
{
    return schema_int(x, 0, "SELECT noted FROM meta_entity WHERE id=%u", e->id) != 0;
}

bool noted_begin(schema_step *x, const entity *e)
{
    if (noted_is_begun(x, e)) {
        return false;
    }
    (void)!schema_run(x, "CREATE TABLE p%u(id INTEGER PRIMARY KEY)", e->id);
    (void)!schema_run(x, "UPDATE meta_entity SET noted=1 WHERE id=%u", e->id);
    (void)!schema_run(x, "UPDATE meta_field SET filled=0,keyed=0 WHERE entity=%u", e->id);
    x->has_layout = true;
    return true;
}

void noted_drop(schema_step *x, const entity *e)
{
    if (!noted_is_begun(x, e)) {
        return;
    }
    indexing_drop(x, e);
    (void)!schema_run(x, "DROP TABLE p%u", e->id);
    (void)!schema_run(x, "UPDATE meta_entity SET noted=0 WHERE id=%u", e->id);
    x->has_layout = true;
}

static crm_status note(sqlite_session *s, char table, const entity *e, int64_t id)
{
    sql *q = write_start(s, "INSERT OR IGNORE INTO ");
    sql_name(q, table, e->id);
    sql_z(q, " VALUES(");
    sql_int(q, id);
    sql_z(q, ")");
    return statement_run(s);
}

crm_status note_written(sqlite_session *s, const entity *e, int64_t id)
{
    const layout_table *t = e->id < s->layout->table_end ? &s->layout->tables[e->id] : NULL;
    crm_status st = t && t->is_coming ? note(s, 'd', e, id) : CRM_OK;
    return st == CRM_OK && t && t->is_noted ? note(s, 'p', e, id) : st;
}

/* ---- reading them ---------------------------------------------------------------------------- */

crm_str noted_all(schema_step *x, const entity *e)
{
    return arena_fmt(x->arena, "SELECT id FROM p%u", e->id);
}

crm_str noted_some(schema_step *x, const entity *e)
{
    return arena_fmt(x->arena, "SELECT id FROM p%u ORDER BY id LIMIT %d", e->id, AT_ONCE);
}

int64_t noted_forget_some(schema_step *x, const entity *e)
{
    crm_str some = noted_some(x, e);
    (void)!schema_run(x, "DELETE FROM p%u WHERE id IN (%.*s)", e->id, STR_FMT(some));
    return schema_int(x, 0, "SELECT count(*) FROM (SELECT 1 FROM p%u LIMIT %d)", e->id,
                      LEFT_COUNTED);
}
