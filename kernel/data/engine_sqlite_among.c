/*
 * engine_sqlite_among.c - sub-queries as SQL: a value among those of a field of other rows.
 *
 * The values become one set that SQLite makes once and looks up. Elements of a many-valued field
 * come from its side table; where it has none they are split off its text, and then values compare
 * by their bytes in hexadecimal, which is what karkas_elements gives.
 */
#include "data/engine_sqlite.h"

typedef enum kept_as { KEPT_ALONE, KEPT_ASIDE, KEPT_JOINED } kept_as;

static kept_as kept(const sql *q, const field *f)
{
    bool has_side = (layout_column(q->layout, f->id) & COLUMN_SIDE) != 0;
    return !engine_is_many(f) ? KEPT_ALONE : has_side ? KEPT_ASIDE : KEPT_JOINED;
}

/* "json_each(karkas_elements(t1.c7,1)) j1": 1 is the field_key */
static void add_elements(sql *q, const field *f, uint32_t alias)
{
    sql_z(q, "json_each(karkas_elements(");
    sql_column(q, alias, f);
    sql_key_kind(q, f);
    sql_z(q, ")) ");
    sql_name(q, 'j', alias);
}

/* " FROM e5 t1,<elements of t1> WHERE …" */
static void add_rows(sql *q, const subquery *sub, uint32_t alias, bool is_split)
{
    const entity *e = sub->field->entity;
    sql_z(q, " FROM ");
    sql_name(q, 'e', e->id);
    sql_z(q, " ");
    sql_name(q, 't', alias);
    if (is_split) {
        sql_z(q, " CROSS JOIN ");
        add_elements(q, sub->field, alias);
    }
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

static void add_alone(sql *q, const field *f, uint32_t alias, bool by_bytes)
{
    sql_z(q, by_bytes ? "hex(" : "");
    sql_ordered(q, alias, f);
    sql_z(q, by_bytes ? ")" : "");
}

/* "SELECT v …": the values as they compare. */
static void add_set(sql *q, const subquery *sub, bool by_bytes)
{
    const field *f = sub->field;
    uint32_t alias = q->aliases++;
    kept_as as = kept(q, f);
    sql_z(q, "SELECT ");
    if (as == KEPT_ALONE) {
        add_alone(q, f, alias, by_bytes);
    } else if (as == KEPT_JOINED) {
        sql_name(q, 'j', alias);
        sql_z(q, ".value");
    } else {
        sql_z(q, by_bytes ? "hex(v) FROM " : "v FROM ");
        sql_name(q, 'm', f->id);
        sql_z(q, " WHERE id IN (SELECT ");
        sql_column(q, alias, &f->entity->fields[COL_ID]);
    }
    add_rows(q, sub, alias, as == KEPT_JOINED);
    sql_z(q, as == KEPT_ASIDE ? ")" : "");
}

/* "c7 IN (", or the same of the elements; what closes it comes back. */
static const char *add_looked_up(sql *q, const field *f, uint32_t alias, bool by_bytes)
{
    switch (kept(q, f)) {
    case KEPT_ALONE:
        add_alone(q, f, alias, by_bytes);
        sql_z(q, " IN (");
        return ")";
    case KEPT_ASIDE:
        sql_column(q, alias, &f->entity->fields[COL_ID]);
        sql_z(q, " IN (SELECT id FROM ");
        sql_name(q, 'm', f->id);
        sql_z(q, by_bytes ? " WHERE hex(v) IN (" : " WHERE v IN (");
        return "))";
    default:
        sql_z(q, "EXISTS(SELECT 1 FROM ");
        add_elements(q, f, alias);
        sql_z(q, " WHERE ");
        sql_name(q, 'j', alias);
        sql_z(q, ".value IN (");
        return "))";
    }
}

void sql_among(sql *q, const field *f, uint32_t alias, const subquery *sub)
{
    if (!cond_can_join(f, sub->field)) {
        sql_z(q, SQL_NEVER);
        return;
    }
    bool by_bytes = kept(q, f) == KEPT_JOINED || kept(q, sub->field) == KEPT_JOINED;
    const char *end = add_looked_up(q, f, alias, by_bytes);
    add_set(q, sub, by_bytes);
    sql_z(q, end);
}
