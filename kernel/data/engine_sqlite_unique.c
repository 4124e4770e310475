/*
 * engine_sqlite_unique.c - who holds a value that must be unique.
 *
 * SQLite keeps single values unique by itself and is asked afterwards which index it was; elements
 * of many-valued fields are looked up before.
 */
#include "data/engine_sqlite_write.h"

static crm_status refuse(engine_op *op, const entity_index *x, int64_t id)
{
    op->refused = x;
    op->refused_id = id;
    return CRM_CONFLICT;
}

static const entity_index *index_of(sqlite_session *s, const entity *e, const field *f)
{
    for (uint32_t i = 0; i < e->index_count; i++) {
        const entity_index *x = &e->indexes[i];
        if (x->is_unique && x->count == 1 && x->field[0] == f->index) {
            return x;
        }
    }
    /* Declared by a newer registry than the caller's. */
    s->refused = (entity_index){.field = {f->index}, .count = 1, .is_unique = true};
    return &s->refused;
}

/* Another row outside the bin that holds this element; NULL element: any that the row holds now. */
static crm_status find_holder(sqlite_session *s, const engine_op *op, const field *f,
                              const crm_str *element, int64_t *holder)
{
    sql *q = write_start(s, "SELECT b.id FROM ");
    sql_name(q, 'm', f->id);
    sql_z(q, " b WHERE b.d=0 AND b.id<>");
    sql_int(q, op->id);
    sql_z(q, " AND b.v");
    if (element) {
        sql_z(q, "=");
        elements_add_value(q, f, *element);
    } else {
        sql_z(q, " IN (SELECT v FROM ");
        sql_name(q, 'm', f->id);
        sql_z(q, " WHERE id=");
        sql_int(q, op->id);
        sql_z(q, ")");
    }
    sql_z(q, " AND NOT (");
    elements_add_deleted(q, op);
    sql_z(q, ") LIMIT 1");
    return statement_int(s, holder);
}

static crm_status check_elements(sqlite_session *s, engine_op *op, const field *f)
{
    int64_t holder = 0;
    crm_status st = CRM_NOT_FOUND;
    if (op->kind == ENGINE_UPDATE && !bits_has(op->set, f->index)) {
        st = find_holder(s, op, f, NULL, &holder);
    } else if (op->row[f->index].kind == VALUE_TEXT) {
        crm_str rest = op->row[f->index].s, element;
        while (st == CRM_NOT_FOUND && str_split(&rest, '\n', &element)) {
            st = find_holder(s, op, f, &element, &holder);
        }
    }
    if (st == CRM_OK) {
        return refuse(op, index_of(s, op->entity, f), holder);
    }
    return st == CRM_NOT_FOUND ? CRM_OK : st;
}

crm_status unique_check_elements(sqlite_session *s, engine_op *op)
{
    const entity *e = op->entity;
    crm_status st = CRM_OK;
    bool is_checked = op->kind == ENGINE_INSERT;
    for (uint32_t i = COL_OWN; st == CRM_OK && i < e->field_count; i++) {
        const field *f = &e->fields[i];
        bool concerns =
            op->kind == ENGINE_INSERT || bits_has(op->set, i) || bits_has(op->set, COL_DELETED_AT);
        if (!concerns || !engine_is_many(f) ||
            !(layout_column(s->layout, f->id) & COLUMN_SIDE_UNIQUE)) {
            continue;
        }
        if (!is_checked) {
            st = write_why_untouched(s, op);
            is_checked = true;
        }
        st = st == CRM_OK ? check_elements(s, op, f) : st;
    }
    return st;
}

static bool is_given(const engine_op *op, uint32_t i)
{
    return op->kind == ENGINE_INSERT || bits_has(op->set, i);
}

/* The row that holds the values which this unique index would have to hold twice. */
static crm_status find_twin(sqlite_session *s, const engine_op *op, const entity_index *x,
                            int64_t *twin)
{
    const entity *e = op->entity;
    sql *q = write_start(s, "SELECT ");
    sql_column(q, 0, &e->fields[COL_ID]);
    sql_z(q, " FROM ");
    sql_name(q, 'e', e->id);
    sql_z(q, " t0 WHERE ");
    sql_column(q, 0, &e->fields[COL_DELETED_AT]);
    sql_z(q, " IS NULL AND ");
    sql_column(q, 0, &e->fields[COL_ID]);
    sql_z(q, "<>");
    sql_int(q, op->id);
    for (uint32_t i = 0; i < x->count; i++) {
        const field *f = &e->fields[x->field[i]];
        sql_z(q, " AND ");
        sql_ordered(q, 0, f);
        sql_z(q, "=");
        if (is_given(op, f->index)) {
            sql_ordered_value(q, f, op->row[f->index]);
            continue;
        }
        bool is_keyed = field_is_keyed(f);
        sql_z(q, is_keyed ? sql_key_function(f) : "");
        write_stored(q, e, f->index, op->id);
        sql_z(q, is_keyed ? ")" : "");
    }
    sql_z(q, " LIMIT 1");
    return statement_int(s, twin);
}

crm_status unique_explain(sqlite_session *s, engine_op *op)
{
    const entity *e = op->entity;
    for (uint32_t i = 0; i < e->index_count; i++) {
        const entity_index *x = &e->indexes[i];
        int64_t twin = 0;
        if (!x->is_unique || engine_is_many(&e->fields[x->field[0]])) {
            continue;
        }
        crm_status st = find_twin(s, op, x, &twin);
        if (st == CRM_OK) {
            return refuse(op, x, twin);
        }
        if (st != CRM_NOT_FOUND) {
            return st;
        }
    }
    return CRM_CONFLICT;
}
