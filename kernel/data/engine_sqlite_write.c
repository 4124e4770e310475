/*
 * engine_sqlite_write.c - the ops of a write batch. Writer's thread, under the engine's write lock.
 *
 * An op that answers CONFLICT, NOT_FOUND or STALE must have no effect: what several statements do
 * is checked before the first of them writes.
 */
#include "data/engine_sqlite.h"

static sql *start(sqlite_session *s, const char *text)
{
    sql_start(&s->sql, s->layout, NULL);
    sql_z(&s->sql, text);
    return &s->sql;
}

static bool is_side(const sqlite_session *s, const field *f)
{
    return (layout_column(s->layout, f->id) & COLUMN_SIDE) != 0;
}

static bool has_search(const sqlite_session *s, const entity *e)
{
    return e->id < s->layout->table_end && s->layout->tables[e->id].search_count > 0;
}

/* " WHERE c<id>=?" of the row itself */
static void add_where_id(sql *q, const entity *e, int64_t id)
{
    sql_z(q, " WHERE ");
    sql_name(q, 'c', e->fields[COL_ID].id);
    sql_z(q, "=");
    sql_int(q, id);
}

static void add_where_rev(sql *q, const engine_op *op)
{
    add_where_id(q, op->entity, op->id);
    if (op->if_rev) {
        sql_z(q, " AND ");
        sql_name(q, 'c', op->entity->fields[COL_REV].id);
        sql_z(q, "=");
        sql_int(q, op->if_rev);
    }
}

/* "(SELECT c<field> FROM e<entity> WHERE c<id>=?)": what is stored now */
static void add_stored(sql *q, const entity *e, uint32_t field_index, int64_t id)
{
    sql_z(q, "(SELECT ");
    sql_name(q, 'c', e->fields[field_index].id);
    sql_z(q, " FROM ");
    sql_name(q, 'e', e->id);
    add_where_id(q, e, id);
    sql_z(q, ")");
}

/* Why an UPDATE or DELETE touched nothing. */
static crm_status why_untouched(sqlite_session *s, const engine_op *op)
{
    int64_t rev = 0;
    sql *q = start(s, "SELECT ");
    sql_name(q, 'c', op->entity->fields[COL_REV].id);
    sql_z(q, " FROM ");
    sql_name(q, 'e', op->entity->id);
    add_where_id(q, op->entity, op->id);
    crm_status st = statement_int(s, &rev);
    return st != CRM_OK ? st : op->if_rev && rev != op->if_rev ? CRM_STALE : CRM_OK;
}

/* ---- elements of many-valued fields ------------------------------------------------------------
 */

static void add_element(sql *q, const field *f, crm_str element)
{
    if (field_is_folded(f)) {
        sql_param(q, sql_key(q, element));
    } else {
        sql_param(q, (param){.kind = PARAM_TEXT, .s = element});
    }
}

/* Whether the row is in the recycle bin after the op, as an SQL expression. */
static void add_is_deleted(sql *q, const engine_op *op)
{
    if (op->kind == ENGINE_INSERT || bits_has(op->set, COL_DELETED_AT)) {
        sql_int(q, !value_is_null(op->row[COL_DELETED_AT]));
        return;
    }
    add_stored(q, op->entity, COL_DELETED_AT, op->id);
    sql_z(q, " IS NOT NULL");
}

static crm_status insert_elements(sqlite_session *s, const engine_op *op, const field *f)
{
    crm_str rest = op->row[f->index].s, element;
    crm_status st = CRM_OK;
    while (st == CRM_OK && op->row[f->index].kind == VALUE_TEXT &&
           str_split(&rest, '\n', &element)) {
        sql *q = start(s, "INSERT OR IGNORE INTO ");
        sql_name(q, 'm', f->id);
        sql_z(q, "(id,v,d) VALUES(");
        sql_int(q, op->id);
        sql_z(q, ",");
        add_element(q, f, element);
        sql_z(q, ",");
        add_is_deleted(q, op);
        sql_z(q, ")");
        st = statement_run(s);
    }
    return st;
}

static crm_status delete_elements(sqlite_session *s, const field *f, int64_t id)
{
    sql *q = start(s, "DELETE FROM ");
    sql_name(q, 'm', f->id);
    sql_z(q, " WHERE id=");
    sql_int(q, id);
    return statement_run(s);
}

static crm_status move_elements(sqlite_session *s, const engine_op *op, const field *f)
{
    sql *q = start(s, "UPDATE ");
    sql_name(q, 'm', f->id);
    sql_z(q, " SET d=");
    add_is_deleted(q, op);
    sql_z(q, " WHERE id=");
    sql_int(q, op->id);
    return statement_run(s);
}

static crm_status write_elements(sqlite_session *s, const engine_op *op)
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
            st = is_insert ? CRM_OK : delete_elements(s, f, op->id);
            st = st == CRM_OK ? insert_elements(s, op, f) : st;
        } else if (moves) {
            st = move_elements(s, op, f);
        }
    }
    return st;
}

/* ---- uniqueness
 * ---------------------------------------------------------------------------------- */

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
    sql *q = start(s, "SELECT b.id FROM ");
    sql_name(q, 'm', f->id);
    sql_z(q, " b WHERE b.d=0 AND b.id<>");
    sql_int(q, op->id);
    sql_z(q, " AND b.v");
    if (element) {
        sql_z(q, "=");
        add_element(q, f, *element);
    } else {
        sql_z(q, " IN (SELECT v FROM ");
        sql_name(q, 'm', f->id);
        sql_z(q, " WHERE id=");
        sql_int(q, op->id);
        sql_z(q, ")");
    }
    sql_z(q, " AND NOT (");
    add_is_deleted(q, op);
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

/* Unique elements are in tables of their own, so they are checked before the row is written. */
static crm_status check_many(sqlite_session *s, engine_op *op)
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
            st = why_untouched(s, op);
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
    sql *q = start(s, "SELECT ");
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
        bool is_folded = field_is_folded(f);
        sql_z(q, is_folded ? "karkas_key(" : "");
        add_stored(q, e, f->index, op->id);
        sql_z(q, is_folded ? ")" : "");
    }
    sql_z(q, " LIMIT 1");
    return statement_int(s, twin);
}

/* Which unique index refused the row, after SQLite has said that one did. */
static crm_status explain_conflict(sqlite_session *s, engine_op *op)
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

/* ---- rows
 * ------------------------------------------------------------------------------------------- */

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
    op->status = check_many(s, op);
    if (op->status != CRM_OK) {
        return;
    }
    sql *q = start(s, "INSERT INTO ");
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
        op->status = explain_conflict(s, op);
    } else if (op->status == CRM_OK) {
        op->id = sqlite3_last_insert_rowid(s->db);
        atomic_fetch_add_explicit(&s->engine->rows_written, 1, memory_order_relaxed);
        op->status = write_elements(s, op);
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
    op->status = check_many(s, op);
    if (op->status != CRM_OK) {
        return;
    }
    sql *q = start(s, "UPDATE ");
    sql_name(q, 'e', op->entity->id);
    sql_z(q, " SET ");
    if (!add_assignments(s, q, op)) {
        op->status = why_untouched(s, op);
        return;
    }
    add_where_rev(q, op);
    op->status = statement_run(s);
    if (op->status == CRM_CONFLICT) {
        op->status = explain_conflict(s, op);
    } else if (op->status == CRM_OK && sqlite3_changes(s->db) == 0) {
        op->status = why_untouched(s, op);
    } else if (op->status == CRM_OK) {
        atomic_fetch_add_explicit(&s->engine->rows_written, 1, memory_order_relaxed);
        op->status = write_elements(s, op);
    }
}

static crm_status delete_terms(sqlite_session *s, const entity *e, int64_t id)
{
    sql *q = start(s, "DELETE FROM ");
    sql_name(q, 'f', e->id);
    sql_z(q, " WHERE rowid=");
    sql_int(q, id);
    return statement_run(s);
}

void write_delete(sqlite_session *s, engine_op *op)
{
    const entity *e = op->entity;
    sql *q = start(s, "DELETE FROM ");
    sql_name(q, 'e', e->id);
    add_where_rev(q, op);
    op->status = statement_run(s);
    if (op->status == CRM_OK && sqlite3_changes(s->db) == 0) {
        op->status = why_untouched(s, op);
        return;
    }
    for (uint32_t i = COL_OWN; op->status == CRM_OK && i < e->field_count; i++) {
        if (is_side(s, &e->fields[i])) {
            op->status = delete_elements(s, &e->fields[i], op->id);
        }
    }
    if (op->status == CRM_OK && has_search(s, e)) {
        op->status = delete_terms(s, e, op->id);
    }
}

/* ---- full text
 * ------------------------------------------------------------------------------------ */

static crm_str terms_of(const engine_op *op, uint32_t field_id)
{
    const entity *e = op->entity;
    for (uint32_t i = 0; i < e->search_count; i++) {
        if (e->fields[e->search_fields[i]].id == field_id) {
            return op->terms[i];
        }
    }
    return (crm_str){0};
}

void write_terms(sqlite_session *s, engine_op *op)
{
    const entity *e = op->entity;
    if (!has_search(s, e)) {
        return;
    }
    s->has_merges = true;
    if (!op->terms) {
        op->status = delete_terms(s, e, op->id);
        return;
    }
    const layout_table *t = &s->layout->tables[e->id];
    sql *q = start(s, "REPLACE INTO ");
    sql_name(q, 'f', e->id);
    sql_z(q, "(rowid");
    for (uint32_t i = 0; i < t->search_count; i++) {
        sql_z(q, ",");
        sql_name(q, 's', t->search[i]);
    }
    sql_z(q, ",access) SELECT ");
    sql_int(q, op->id);
    for (uint32_t i = 0; i < t->search_count; i++) {
        sql_z(q, ",");
        sql_value(q, value_text(terms_of(op, t->search[i])));
    }
    sql_z(q, ",");
    sql_value(q, value_text(op->access));
    /* Words of a row that is not there would be found with the row that gets its id. */
    sql_z(q, " FROM ");
    sql_name(q, 'e', e->id);
    add_where_id(q, e, op->id);
    op->status = statement_run(s);
}

/* ---- transactions
 * ------------------------------------------------------------------------------------ */

void write_begin(sqlite_session *s, engine_op *op)
{
    if (atomic_load(&s->engine->is_broken)) {
        op->status = CRM_UNAVAILABLE;
        return;
    }
    op->status = sqlite3_get_autocommit(s->db) ? statement_fixed(s, "BEGIN IMMEDIATE") : CRM_MISUSE;
    s->in_savepoint = false;
}

/* A failed commit is never tried again: what the disk holds then is for recovery to find out. */
void write_commit(sqlite_session *s, engine_op *op)
{
    s->deadline = 0;
    atomic_store(&s->interrupt, 0);
    op->status = sqlite3_get_autocommit(s->db) ? CRM_MISUSE : statement_fixed(s, "COMMIT");
    s->in_savepoint = false;
    if (op->status == CRM_OK) {
        atomic_fetch_add_explicit(&s->engine->commits, 1, memory_order_relaxed);
        return;
    }
    if (op->status == CRM_INTERNAL) {
        atomic_store(&s->engine->is_broken, true);
    }
    if (!sqlite3_get_autocommit(s->db)) {
        (void)!statement_fixed(s, "ROLLBACK");
    }
}

void write_rollback(sqlite_session *s, engine_op *op)
{
    op->status = sqlite3_get_autocommit(s->db) ? CRM_OK : statement_fixed(s, "ROLLBACK");
    s->in_savepoint = false;
}

void write_savepoint(sqlite_session *s, engine_op *op)
{
    bool is_right = !s->in_savepoint && !sqlite3_get_autocommit(s->db);
    op->status = is_right ? statement_fixed(s, "SAVEPOINT request") : CRM_MISUSE;
    s->in_savepoint = op->status == CRM_OK;
}

/* Without an open savepoint there is nothing to do: ROLLBACK_TO has closed it. */
void write_release(sqlite_session *s, engine_op *op)
{
    op->status = s->in_savepoint ? statement_fixed(s, "RELEASE request") : CRM_OK;
    s->in_savepoint = false;
}

void write_rollback_to(sqlite_session *s, engine_op *op)
{
    op->status = s->in_savepoint ? statement_fixed(s, "ROLLBACK TO request") : CRM_MISUSE;
    if (op->status == CRM_OK) {
        op->status = statement_fixed(s, "RELEASE request");
    }
    s->in_savepoint = false;
}
