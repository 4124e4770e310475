/*
 * engine_sqlite_elements.c - the tables that hold one row per element of an indexed many-valued
 * field.
 *
 * m<field id>(id, v, d): `v` is the element as it compares, `d` whether its row is in the recycle
 * bin.
 */
#include "data/engine_sqlite_write.h"

static bool is_side(const sqlite_session *s, const field *f)
{
    return (layout_column(s->layout, f->id) & COLUMN_SIDE) != 0;
}

void elements_add_value(sql *q, const field *f, crm_str element)
{
    sql_param(q, sql_key(q, f, element));
}

void elements_add_deleted(sql *q, const engine_op *op)
{
    if (op->kind == ENGINE_INSERT || bits_has(op->set, COL_DELETED_AT)) {
        sql_int(q, !value_is_null(op->row[COL_DELETED_AT]));
        return;
    }
    write_stored(q, op->entity, COL_DELETED_AT, op->id);
    sql_z(q, " IS NOT NULL");
}

static crm_status insert_elements(sqlite_session *s, const engine_op *op, const field *f)
{
    crm_str rest = op->row[f->index].s, element;
    crm_status st = CRM_OK;
    while (st == CRM_OK && op->row[f->index].kind == VALUE_TEXT &&
           str_split(&rest, '\n', &element)) {
        sql *q = write_start(s, "INSERT OR IGNORE INTO ");
        sql_name(q, 'm', f->id);
        sql_z(q, "(id,v,d) VALUES(");
        sql_int(q, op->id);
        sql_z(q, ",");
        elements_add_value(q, f, element);
        sql_z(q, ",");
        elements_add_deleted(q, op);
        sql_z(q, ")");
        st = statement_run(s);
    }
    return st;
}

static crm_status delete_of(sqlite_session *s, const field *f, int64_t id)
{
    sql *q = write_start(s, "DELETE FROM ");
    sql_name(q, 'm', f->id);
    sql_z(q, " WHERE id=");
    sql_int(q, id);
    return statement_run(s);
}

static crm_status move_elements(sqlite_session *s, const engine_op *op, const field *f)
{
    sql *q = write_start(s, "UPDATE ");
    sql_name(q, 'm', f->id);
    sql_z(q, " SET d=");
    elements_add_deleted(q, op);
    sql_z(q, " WHERE id=");
    sql_int(q, op->id);
    return statement_run(s);
}

crm_status elements_write(sqlite_session *s, const engine_op *op)
{
    const entity *e = op->entity;
    bool is_insert = op->kind == ENGINE_INSERT, moves = bits_has(op->set, COL_DELETED_AT);
    crm_status st = CRM_OK;
    for (uint32_t i = COL_OWN; st == CRM_OK && i < e->field_count; i++) {
        const field *f = &e->fields[i];
        if (!engine_is_many(f) || !is_side(s, f)) {
            continue;
        }
        if (is_insert || bits_has(op->set, i)) {
            st = is_insert ? CRM_OK : delete_of(s, f, op->id);
            st = st == CRM_OK ? insert_elements(s, op, f) : st;
        } else if (moves) {
            st = move_elements(s, op, f);
        }
    }
    return st;
}

crm_status elements_delete(sqlite_session *s, const engine_op *op)
{
    crm_status st = CRM_OK;
    for (uint32_t i = COL_OWN; st == CRM_OK && i < op->entity->field_count; i++) {
        if (is_side(s, &op->entity->fields[i])) {
            st = delete_of(s, &op->entity->fields[i], op->id);
        }
    }
    return st;
}
