/*
 * engine_sqlite_write.c - the ops of a write batch. Writer's thread, under the engine's write lock.
 *
 * An op that answers CONFLICT, NOT_FOUND or STALE must have no effect: what several statements do
 * is checked before the first of them writes.
 */
#include "data/engine_sqlite_write.h"

sql *write_start(sqlite_session *s, const char *text)
{
    sql_start(&s->sql, s->layout, NULL);
    sql_z(&s->sql, text);
    return &s->sql;
}

void write_where_id(sql *q, const entity *e, int64_t id)
{
    sql_z(q, " WHERE ");
    sql_name(q, 'c', e->fields[COL_ID].id);
    sql_z(q, "=");
    sql_int(q, id);
}

static void add_where_rev(sql *q, const engine_op *op)
{
    write_where_id(q, op->entity, op->id);
    if (op->if_rev) {
        sql_z(q, " AND ");
        sql_name(q, 'c', op->entity->fields[COL_REV].id);
        sql_z(q, "=");
        sql_int(q, op->if_rev);
    }
}

void write_stored(sql *q, const entity *e, uint32_t field_index, int64_t id)
{
    sql_z(q, "(SELECT ");
    sql_name(q, 'c', e->fields[field_index].id);
    sql_z(q, " FROM ");
    sql_name(q, 'e', e->id);
    write_where_id(q, e, id);
    sql_z(q, ")");
}

crm_status write_why_untouched(sqlite_session *s, const engine_op *op)
{
    int64_t rev = 0;
    sql *q = write_start(s, "SELECT ");
    sql_name(q, 'c', op->entity->fields[COL_REV].id);
    sql_z(q, " FROM ");
    sql_name(q, 'e', op->entity->id);
    write_where_id(q, op->entity, op->id);
    crm_status st = statement_int(s, &rev);
    return st != CRM_OK ? st : op->if_rev && rev != op->if_rev ? CRM_STALE : CRM_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool has_key(const sqlite_session *s, const field *f)
{
    return (layout_column(s->layout, f->id) & COLUMN_KEY) != 0;
}

static void add_row_value(sql *q, const field *f, value v)
{
    if (v.kind == VALUE_TEXT && field_is_text(f)) {
        sql_param(q, (param){.kind = PARAM_TEXT, .s = v.s});
    } else {
        sql_value(q, v);
    }
}

static void add_insert_names(sqlite_session *s, sql *q, const entity *e)
{
    for (uint32_t i = COL_REV; i < e->field_count; i++) {
        sql_z(q, i > COL_REV ? "," : "");
        sql_name(q, 'c', e->fields[i].id);
        if (has_key(s, &e->fields[i])) {
            sql_z(q, ",");
            sql_name(q, 'k', e->fields[i].id);
        }
    }
}

void write_insert(sqlite_session *s, engine_op *op)
{
    const entity *e = op->entity;
    op->id = 0;
    op->status = unique_check_elements(s, op);
    if (op->status != CRM_OK) {
        return;
    }
    sql *q = write_start(s, "INSERT INTO ");
    sql_name(q, 'e', e->id);
    sql_z(q, "(");
    add_insert_names(s, q, e);
    sql_z(q, ") VALUES(");
    for (uint32_t i = COL_REV; i < e->field_count; i++) {
        sql_z(q, i > COL_REV ? "," : "");
        add_row_value(q, &e->fields[i], op->row[i]);
        if (has_key(s, &e->fields[i])) {
            sql_z(q, ",");
            sql_ordered_value(q, &e->fields[i], op->row[i]);
        }
    }
    sql_z(q, ")");
    op->status = statement_run(s);
    if (op->status == CRM_CONFLICT) {
        op->status = unique_explain(s, op);
    } else if (op->status == CRM_OK) {
        op->id = sqlite3_last_insert_rowid(s->db);
        atomic_fetch_add_explicit(&s->engine->rows_written, 1, memory_order_relaxed);
        op->status = elements_write(s, op);
        op->status = op->status == CRM_OK ? note_written(s, e, op->id) : op->status;
    }
}

static bool add_assignments(sqlite_session *s, sql *q, const engine_op *op)
{
    bool is_any = false;
    for (uint32_t i = COL_REV; i < op->entity->field_count; i++) {
        const field *f = &op->entity->fields[i];
        if (!bits_has(op->set, i)) {
            continue;
        }
        sql_z(q, is_any ? "," : "");
        sql_name(q, 'c', f->id);
        sql_z(q, "=");
        add_row_value(q, f, op->row[i]);
        if (has_key(s, f)) {
            sql_z(q, ",");
            sql_name(q, 'k', f->id);
            sql_z(q, "=");
            sql_ordered_value(q, f, op->row[i]);
        }
        is_any = true;
    }
    return is_any;
}

void write_update(sqlite_session *s, engine_op *op)
{
    op->status = unique_check_elements(s, op);
    if (op->status != CRM_OK) {
        return;
    }
    sql *q = write_start(s, "UPDATE ");
    sql_name(q, 'e', op->entity->id);
    sql_z(q, " SET ");
    if (!add_assignments(s, q, op)) {
        op->status = write_why_untouched(s, op);
        return;
    }
    add_where_rev(q, op);
    op->status = statement_run(s);
    if (op->status == CRM_CONFLICT) {
        op->status = unique_explain(s, op);
    } else if (op->status == CRM_OK && sqlite3_changes(s->db) == 0) {
        op->status = write_why_untouched(s, op);
    } else if (op->status == CRM_OK) {
        atomic_fetch_add_explicit(&s->engine->rows_written, 1, memory_order_relaxed);
        op->status = elements_write(s, op);
        op->status = op->status == CRM_OK ? note_written(s, op->entity, op->id) : op->status;
    }
}

void write_delete(sqlite_session *s, engine_op *op)
{
    const entity *e = op->entity;
    sql *q = write_start(s, "DELETE FROM ");
    sql_name(q, 'e', e->id);
    add_where_rev(q, op);
    op->status = statement_run(s);
    if (op->status == CRM_OK && sqlite3_changes(s->db) == 0) {
        op->status = write_why_untouched(s, op);
        return;
    }
    op->status = op->status == CRM_OK ? elements_delete(s, op) : op->status;
    op->status = op->status == CRM_OK ? text_delete(s, e, op->id) : op->status;
    op->status = op->status == CRM_OK ? note_written(s, e, op->id) : op->status;
}
