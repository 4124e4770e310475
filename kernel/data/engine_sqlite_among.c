/*
 * engine_sqlite_among.c - sub-queries as SQL: a value among those of a field of other rows.
 *
 * When elements of many-valued fields stand in side tables, or there are none, the values become
 * one set that SQLite makes once and looks up. Without a side table every pair of rows is compared.
 */
#include "data/engine_sqlite.h"

/* Whether single values of the field can be had in SQL. */
static bool has_elements(const sql *q, const field *f)
{
    return !engine_is_many(f) || (layout_column(q->layout, f->id) & COLUMN_SIDE);
}

/* " FROM e5 t1 WHERE …": the rows of the sub-query. */
static void add_rows(sql *q, const subquery *sub, uint32_t alias)
{
    const entity *e = sub->field->entity;
    sql_z(q, " FROM ");
    sql_name(q, 'e', e->id);
    sql_z(q, " ");
    sql_name(q, 't', alias);
    sql_z(q, " WHERE ");
    sql_column(q, alias, &e->fields[COL_DELETED_AT]);
    sql_z(q, " IS NULL AND ");
    if (sub->rights) {
        uint64_t used[4] = {0};
        bits_add(used, sub->field->index);
        cond_fields(sub->where, used);
        sql_branches(q, e, alias, sub->rights, engine_hop_branches(sub->rights, used));
        sql_z(q, " AND ");
    }
    sql_cond(q, e, alias, sub->where);
}

/* "SELECT v …": the values as they compare. */
static void add_set(sql *q, const subquery *sub)
{
    const field *f = sub->field;
    uint32_t alias = q->aliases++;
    bool is_many = engine_is_many(f);
    if (is_many) {
        sql_z(q, "SELECT v FROM ");
        sql_name(q, 'm', f->id);
        sql_z(q, " WHERE id IN (SELECT ");
        sql_column(q, alias, &f->entity->fields[COL_ID]);
    } else {
        sql_z(q, "SELECT ");
        sql_ordered(q, alias, f);
    }
    add_rows(q, sub, alias);
    sql_z(q, is_many ? ")" : "");
}

static void add_looked_up(sql *q, const field *f, uint32_t alias, const subquery *sub)
{
    bool is_many = engine_is_many(f);
    if (is_many) {
        sql_column(q, alias, &f->entity->fields[COL_ID]);
        sql_z(q, " IN (SELECT id FROM ");
        sql_name(q, 'm', f->id);
        sql_z(q, " WHERE v");
    } else {
        sql_ordered(q, alias, f);
    }
    sql_z(q, " IN (");
    add_set(q, sub);
    sql_z(q, is_many ? "))" : ")");
}

/* Whether any element of `many` equals the single value of `one`. */
static void add_any(sql *q, const field *many, uint32_t many_alias, const field *one,
                    uint32_t one_alias)
{
    sql_z(q, "karkas_any(");
    sql_column(q, many_alias, many);
    sql_z(q, field_is_folded(many) ? ",1,5," : ",0,5,");
    sql_ordered(q, one_alias, one);
    sql_z(q, ")");
}
_Static_assert(COND_EQ == 5, "the operator stands in the text above");

static void add_compared(sql *q, const field *f, uint32_t alias, const subquery *sub)
{
    uint32_t other = q->aliases++;
    sql_z(q, "EXISTS(SELECT 1");
    add_rows(q, sub, other);
    sql_z(q, " AND ");
    if (!engine_is_many(sub->field)) {
        add_any(q, f, alias, sub->field, other);
    } else if (!engine_is_many(f)) {
        add_any(q, sub->field, other, f, alias);
    } else {
        sql_z(q, "karkas_share(");
        sql_column(q, alias, f);
        sql_z(q, ",");
        sql_column(q, other, sub->field);
        sql_z(q, field_is_folded(f) ? ",1)" : ",0)");
    }
    sql_z(q, ")");
}

void sql_among(sql *q, const field *f, uint32_t alias, const subquery *sub)
{
    if (!cond_can_join(f, sub->field)) {
        sql_z(q, SQL_NEVER);
    } else if (has_elements(q, f) && has_elements(q, sub->field)) {
        add_looked_up(q, f, alias, sub);
    } else {
        add_compared(q, f, alias, sub);
    }
}
