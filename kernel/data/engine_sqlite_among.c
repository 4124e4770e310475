/*
 * engine_sqlite_among.c - sub-queries as SQL: a value among those of a field of other rows.
 *
 * The values become one set that SQLite makes once and looks up. Elements of a many-valued field
 * come from its side table; where it has none they are split off its text, and then values compare
 * by their bytes in hexadecimal, which is what karkas_elements gives. Lists of references hold ids
 * as texts: among single ones, which are numbers, they compare as numbers, and in a side table,
 * whose index knows texts, as texts.
 */
#include "data/engine_sqlite.h"

typedef enum kept_as { KEPT_ALONE, KEPT_ASIDE, KEPT_JOINED } kept_as;

static kept_as kept(const sql *q, const field *f)
{
    bool has_side = (layout_column(q->layout, f->id) & COLUMN_SIDE) != 0;
    return !engine_is_many(f) ? KEPT_ALONE : has_side ? KEPT_ASIDE : KEPT_JOINED;
}

/* How the values of both sides compare. */
typedef enum compared {
    AS_KEPT,
    AS_BYTES, /* in hexadecimal */
    AS_IDS,   /* numbers, of which one side keeps texts */
    AS_TEXTS, /* the same in the index of a side table */
} compared;

static compared compared_as(const sql *q, const field *f, const field *among)
{
    if ((f->type == FIELD_REFS) != (among->type == FIELD_REFS)) {
        return kept(q, f) == KEPT_ASIDE ? AS_TEXTS : AS_IDS;
    }
    return kept(q, f) == KEPT_JOINED || kept(q, among) == KEPT_JOINED ? AS_BYTES : AS_KEPT;
}

/* "json_each(karkas_elements(t1.c7,1)) j1": 1 is the field_key */
static void add_elements(sql *q, const field *f, uint32_t alias, compared as)
{
    if (as == AS_IDS) {
        sql_ids(q, f, alias);
    } else {
        sql_z(q, "json_each(karkas_elements(");
        sql_column(q, alias, f);
        sql_key_kind(q, f);
        sql_z(q, "))");
    }
    sql_z(q, " ");
    sql_name(q, 'j', alias);
}

/* " FROM e5 t1,<elements of t1> WHERE …" */
static void add_rows(sql *q, const cond *c, uint32_t alias, compared as)
{
    const subquery *sub = c->sub;
    other_row o = {sub->field, sub->rights, sub->where, cond_is_own_part(c)};
    sql_z(q, " FROM ");
    sql_name(q, 'e', sub->field->entity->id);
    sql_z(q, " ");
    sql_name(q, 't', alias);
    if (kept(q, sub->field) == KEPT_JOINED) {
        sql_z(q, " CROSS JOIN ");
        add_elements(q, sub->field, alias, as);
    }
    sql_z(q, " WHERE ");
    sql_other(q, alias, &o);
}

static void add_alone(sql *q, const field *f, uint32_t alias, compared as)
{
    sql_z(q, as == AS_BYTES ? "hex(" : as == AS_TEXTS ? "CAST(" : "");
    sql_ordered(q, alias, f);
    sql_z(q, as == AS_BYTES ? ")" : as == AS_TEXTS ? " AS TEXT)" : "");
}

/* "SELECT v …": the values as they compare. */
static void add_set(sql *q, const cond *c, compared as)
{
    const field *f = c->sub->field;
    uint32_t alias = q->aliases++;
    kept_as kept_so = kept(q, f);
    sql_z(q, "SELECT ");
    if (kept_so == KEPT_ALONE) {
        add_alone(q, f, alias, as);
    } else if (kept_so == KEPT_JOINED) {
        sql_name(q, 'j', alias);
        sql_z(q, ".value");
    } else {
        sql_z(q, as == AS_BYTES ? "hex(v)" : as == AS_IDS ? "CAST(v AS INTEGER)" : "v");
        sql_z(q, " FROM ");
        sql_name(q, 'm', f->id);
        sql_z(q, " WHERE id IN (SELECT ");
        sql_column(q, alias, &f->entity->fields[COL_ID]);
    }
    add_rows(q, c, alias, as);
    sql_z(q, kept_so == KEPT_ASIDE ? ")" : "");
}

/* "c7 IN (", or the same of the elements; what closes it comes back. */
static const char *add_looked_up(sql *q, const field *f, uint32_t alias, compared as)
{
    switch (kept(q, f)) {
    case KEPT_ALONE:
        add_alone(q, f, alias, as);
        sql_z(q, " IN (");
        return ")";
    case KEPT_ASIDE:
        sql_column(q, alias, &f->entity->fields[COL_ID]);
        sql_z(q, " IN (SELECT id FROM ");
        sql_name(q, 'm', f->id);
        sql_z(q, as == AS_BYTES ? " WHERE hex(v) IN (" : " WHERE v IN (");
        return "))";
    default:
        sql_z(q, "EXISTS(SELECT 1 FROM ");
        add_elements(q, f, alias, as);
        sql_z(q, " WHERE ");
        sql_name(q, 'j', alias);
        sql_z(q, ".value IN (");
        return "))";
    }
}

void sql_among(sql *q, const field *f, uint32_t alias, const cond *c)
{
    if (!cond_can_join(f, c->sub->field)) {
        sql_z(q, SQL_NEVER);
        return;
    }
    compared as = compared_as(q, f, c->sub->field);
    const char *end = add_looked_up(q, f, alias, as);
    add_set(q, c, as);
    sql_z(q, end);
}
