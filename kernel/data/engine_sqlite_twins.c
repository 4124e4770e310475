/*
 * engine_sqlite_twins.c - rows that others may equal: a walk down the ids that asks of every row
 * whether an index holds its value for a smaller id as well. So the whole of a big table takes
 * seconds, and any of it can be left and gone on with by an id.
 */
#include "data/engine_sqlite_plan.h"

/* An element of the field in a row of a smaller id: mv5 is (v, id). */
static void add_aside(sql *q, const field *f, const field *id)
{
    sql_z(q, "EXISTS(SELECT 1 FROM ");
    sql_name(q, 'm', f->id);
    sql_z(q, " k CROSS JOIN ");
    sql_name(q, 'm', f->id);
    sql_z(q, " o WHERE k.id=");
    sql_column(q, 0, id);
    sql_z(q, " AND o.v=k.v AND o.id<k.id AND o.d=0)");
}

static void add_alone(sql *q, const entity *e, const field *f)
{
    uint32_t alias = q->aliases++;
    const field *id = &e->fields[COL_ID];
    sql_z(q, "EXISTS(SELECT 1 FROM ");
    sql_name(q, 'e', e->id);
    sql_z(q, " ");
    sql_name(q, 't', alias);
    sql_z(q, " WHERE ");
    sql_ordered(q, alias, f);
    sql_z(q, "=");
    sql_ordered(q, 0, f);
    sql_z(q, " AND ");
    sql_column(q, alias, f);
    sql_z(q, " IS NOT NULL AND ");
    sql_column(q, alias, id);
    sql_z(q, "<");
    sql_column(q, 0, id);
    sql_z(q, " AND ");
    sql_column(q, alias, &e->fields[COL_DELETED_AT]);
    sql_z(q, " IS NULL)");
}

/* Elements that no index holds yet: any row may have a twin. */
static void add_field(sql *q, const entity *e, const field *f)
{
    bool has_side = (layout_column(q->layout, f->id) & COLUMN_SIDE) != 0;
    if (!engine_is_many(f)) {
        add_alone(q, e, f);
    } else if (has_side) {
        add_aside(q, f, &e->fields[COL_ID]);
    } else {
        sql_z(q, "1");
    }
}

static sqlite3_stmt *prepare(sqlite_session *s, const engine_op *op, crm_status *status)
{
    const entity *e = op->entity;
    const field *id = &e->fields[COL_ID];
    sql *q = &s->sql;
    sql_start(q, s->layout, NULL);
    sql_z(q, "SELECT ");
    sql_column(q, 0, id);
    sql_z(q, ",0");
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (bits_has(op->set, i)) {
            sql_z(q, " OR ");
            add_field(q, e, &e->fields[i]);
        }
    }
    sql_z(q, " FROM ");
    sql_name(q, 'e', e->id);
    sql_z(q, " t0 NOT INDEXED WHERE ");
    sql_column(q, 0, &e->fields[COL_DELETED_AT]);
    sql_z(q, " IS NULL AND ");
    sql_column(q, 0, id);
    sql_z(q, "<");
    sql_int(q, op->id ? op->id : INT64_MAX);
    sql_z(q, " ORDER BY ");
    sql_column(q, 0, id);
    sql_z(q, " DESC LIMIT ");
    sql_int(q, op->query->limit);
    return statement_get(s, status);
}

void query_twins(sqlite_session *s, engine_op *op)
{
    sqlite3_stmt *stmt = prepare(s, op, &op->status);
    value row[FIELDS_MAX] = {0};
    bool goes_on = stmt != NULL;
    while (goes_on) {
        int rc = sqlite3_step(stmt);
        if (rc != SQLITE_ROW) {
            op->status = rc == SQLITE_DONE ? CRM_OK : status_of(s->db, rc, "twins");
            break;
        }
        row[COL_ID] = value_int(sqlite3_column_int64(stmt, 0));
        op->count++;
        goes_on = op->on_row(op->arg, row, (uint32_t)sqlite3_column_int(stmt, 1));
    }
    sqlite3_reset(stmt);
}
