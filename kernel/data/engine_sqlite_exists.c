/*
 * engine_sqlite_exists.c - whether there is another record, as SQL: a child, which refers to this
 * one, or one that this one refers to; or an attachment.
 *
 * A list of references is a text with one id a line; karkas_ids makes rows of it. Where such a
 * field is indexed, its side table leads from an id to the rows whose lists hold it.
 */
#include "data/engine_sqlite.h"

void sql_ids(sql *q, const field *f, uint32_t alias)
{
    sql_z(q, "json_each(karkas_ids(");
    sql_column(q, alias, f);
    sql_z(q, "))");
}

void sql_other(sql *q, uint32_t alias, const other_row *o)
{
    const entity *e = o->by->entity;
    uint64_t used[4] = {0};
    bits_add(used, o->by->index);
    cond_fields(o->where, used);
    sql_column(q, alias, &e->fields[COL_DELETED_AT]);
    sql_z(q, " IS NULL AND ");
    if (o->rights) {
        sql_branches(q, e, alias, o->rights, engine_hop_branches(o->rights, used));
        sql_z(q, " AND ");
    }
    bool is_seen_to = o->rights || o->is_own_part;
    sql_cond(q, e, alias, is_seen_to ? o->where : cond_kept_part(q->arena, e, o->where));
}

/* "e5 t1" */
static void add_table(sql *q, const entity *e, uint32_t alias)
{
    sql_name(q, 'e', e->id);
    sql_z(q, " ");
    sql_name(q, 't', alias);
}

static void add_id(sql *q, const entity *e, uint32_t alias)
{
    sql_column(q, alias, &e->fields[COL_ID]);
}

/* ---- children -------------------------------------------------------------------------------- */

/* The record whose children are asked for, and the name of theirs. */
typedef struct family {
    const entity *entity;
    uint32_t alias, child;
    const field *back;
} family;

/* Whether an index leads from a record to its children. */
static bool has_index(const sql *q, const field *back)
{
    const entity *child = back->entity;
    if (engine_is_many(back)) {
        return layout_column(q->layout, back->id) & COLUMN_SIDE;
    }
    for (uint32_t i = 0; i < child->index_count; i++) {
        const entity_index *x = &child->indexes[i];
        if (x->field[0] == back->index && !x->empty_count && !x->is_sparse) {
            return true;
        }
    }
    return false;
}

/* What a child of any record must be. */
static void add_child(sql *q, const family *of, const cond *c)
{
    const entity *child = of->back->entity;
    if (child->parent_kind_field && child->parent_field == of->back->index) {
        sql_column(q, of->child, &child->fields[child->parent_kind_field]);
        sql_z(q, "=");
        sql_int(q, of->entity->id);
        sql_z(q, " AND ");
    }
    other_row o = {of->back, c->hop[0], c->first, cond_is_own_part(c)};
    sql_other(q, of->child, &o);
}

/* "EXISTS(SELECT 1 FROM <children of this record> …" */
static void add_led(sql *q, const family *of, const cond *c)
{
    bool is_many = engine_is_many(of->back);
    sql_z(q, "EXISTS(SELECT 1 FROM ");
    if (is_many) {
        sql_name(q, 'm', of->back->id);
        sql_z(q, " ");
        sql_name(q, 'j', of->child);
        sql_z(q, " CROSS JOIN ");
    }
    add_table(q, of->back->entity, of->child);
    sql_z(q, " WHERE ");
    if (is_many) {
        sql_name(q, 'j', of->child);
        sql_z(q, ".v=CAST(");
        add_id(q, of->entity, of->alias);
        sql_z(q, " AS TEXT) AND ");
        add_id(q, of->back->entity, of->child);
        sql_z(q, "=");
        sql_name(q, 'j', of->child);
        sql_z(q, ".id AND ");
    } else {
        sql_column(q, of->child, of->back);
        sql_z(q, "=");
        add_id(q, of->entity, of->alias);
        sql_z(q, " AND ");
    }
    add_child(q, of, c);
    sql_z(q, ")");
}

/* "(c1 IN (SELECT <whose children are so> …" */
static void add_set(sql *q, const family *of, const cond *c)
{
    bool is_many = engine_is_many(of->back);
    sql_z(q, "(");
    add_id(q, of->entity, of->alias);
    sql_z(q, " IN (SELECT ");
    if (is_many) {
        sql_name(q, 'j', of->child);
        sql_z(q, ".value");
    } else {
        sql_column(q, of->child, of->back);
    }
    sql_z(q, " FROM ");
    add_table(q, of->back->entity, of->child);
    if (is_many) {
        sql_z(q, " CROSS JOIN ");
        sql_ids(q, of->back, of->child);
        sql_z(q, " ");
        sql_name(q, 'j', of->child);
        sql_z(q, " WHERE ");
    } else {
        sql_z(q, " WHERE +"); /* the index of `back` would give all children in random order */
        sql_column(q, of->child, of->back);
        sql_z(q, " IS NOT NULL AND ");
    }
    add_child(q, of, c);
    sql_z(q, "))");
}

/* Children in the recycle bin, and those that may not be read, are not there. Without an index each
 * record would read all children, and where few are as asked it reads many of its own even with
 * one: then those with such a child are made a set once. */
void sql_exists(sql *q, const entity *e, uint32_t alias, const cond *c)
{
    family of = {.entity = e, .alias = alias, .child = q->aliases++, .back = c->path[0]};
    if (has_index(q, of.back) && !q->is_patient) {
        add_led(q, &of, c);
    } else {
        add_set(q, &of, c);
    }
}

/* ---- what this record refers to -------------------------------------------------------------- */

/* They are few, and each is read by its id. */
void sql_refers(sql *q, uint32_t alias, const cond *c)
{
    const field *f = c->path[0];
    const entity *target = f->ref;
    uint32_t found = q->aliases++;
    if (!target) {
        q->status = CRM_INVALID;
        return;
    }
    sql_z(q, "EXISTS(SELECT 1 FROM ");
    if (engine_is_many(f)) {
        sql_ids(q, f, alias);
        sql_z(q, " ");
        sql_name(q, 'j', found);
        sql_z(q, " CROSS JOIN ");
    }
    add_table(q, target, found);
    sql_z(q, " WHERE ");
    add_id(q, target, found);
    sql_z(q, "=");
    if (engine_is_many(f)) {
        sql_name(q, 'j', found);
        sql_z(q, ".value");
    } else {
        sql_column(q, alias, f);
    }
    sql_z(q, " AND ");
    sql_other(q, found,
              &(other_row){.by = &target->fields[COL_ID], .rights = c->hop[0], .where = c->first});
    sql_z(q, ")");
}

/* ---- attachments ----------------------------------------------------------------------------- */

/* They are a text of the row itself, which is judged in C. */
void sql_attached(sql *q, const field *f, uint32_t alias, const cond *where)
{
    attached_asked *asked = ARENA_NEW(q->arena, attached_asked);
    if (!asked) {
        q->status = CRM_NOMEM;
        return;
    }
    *asked = (attached_asked){.where = where, .env = q->env};
    sql_z(q, "karkas_attached(");
    sql_column(q, alias, f);
    sql_z(q, ",");
    sql_param(q, (param){.kind = PARAM_ATTACHED, .s = {(const char *)asked, 0}});
    sql_z(q, ")");
}
