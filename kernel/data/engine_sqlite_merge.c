/*
 * engine_sqlite_merge.c - lists of several owners: the first rows of each, merged.
 *
 * "owner IN (20 people) ORDER BY created_at LIMIT 50" has no one range in the index (owner,
 * created_at). SQLite would read all rows of the twenty and sort them. Here each owner's first rows
 * come from the index, and only those are sorted. It applies when every branch that grants rows, or
 * the condition itself, asks for some values of a field indexed together with the sort.
 */
#include "data/engine_sqlite_plan.h"

#define VALUES_MAX 64 /* of all branches together: each is a sub-select of the statement */

/* One comparison that names the values of a field, and the condition it stands in. */
typedef struct driver {
    const cond *names;    /* EQ, IN or ME */
    const branch *branch; /* whose condition it is; NULL: the query's own */
} driver;

static bool has_index(const entity *e, const field *f, const field *sorted)
{
    for (uint32_t i = 0; i < e->index_count; i++) {
        const entity_index *x = &e->indexes[i];
        if (x->count == 2 && x->field[0] == f->index && x->field[1] == sorted->index) {
            return true;
        }
    }
    return false;
}

static bool is_driver(const query *in, const cond *c)
{
    const field *f = c->path[0];
    bool names = c->op == COND_EQ || c->op == COND_IN || c->op == COND_ME;
    return names && c->path_length == 1 && !field_is_text(f) &&
           has_index(in->entity, f, in->sorts[0].field);
}

/* The condition itself or a part of its AND. */
static const cond *find_driver(const query *in, const cond *c)
{
    if (!c || c->op != COND_AND) {
        return c && is_driver(in, c) ? c : NULL;
    }
    for (const cond *child = c->first; child; child = child->next) {
        if (is_driver(in, child)) {
            return child;
        }
    }
    return NULL;
}

static uint32_t value_count(const cond *c)
{
    return c->op == COND_ME ? 1 : c->value_count;
}

/* The drivers that together name every row of the list; 0: there are none. */
static uint32_t find_drivers(const query *in, driver out[BRANCHES_MAX])
{
    out[0] = (driver){find_driver(in, in->where), NULL};
    if (out[0].names) {
        return 1;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; in->rights && i < in->rights->count; i++) {
        const branch *b = &in->rights->at[i];
        if (!(in->need >> i & 1)) {
            continue;
        }
        out[count] = (driver){b->via_count ? NULL : find_driver(in, b->where), b};
        if (!out[count++].names) {
            return 0;
        }
    }
    return count;
}

/* What is no number equals nothing, as NULL does. */
static value value_at(const sql *q, const cond *c, uint32_t i)
{
    if (c->op == COND_ME) {
        return value_int(q->env->me);
    }
    value v = cond_value(c->path[0], c->values[i], q->env);
    return v.kind == VALUE_INT ? v : value_null();
}

static bool is_repeated(const sql *q, const cond *c, uint32_t i)
{
    value v = value_at(q, c, i);
    for (uint32_t k = 0; k < i; k++) {
        if (value_equal(v, value_at(q, c, k))) {
            return true;
        }
    }
    return false;
}

/* The rest of what a row must be: the driver itself holds by the sub-select's own comparison. */
static void add_rest(sql *q, const query *in, const driver *d)
{
    query rest = *in;
    q->skip = d->names;
    if (d->branch) {
        rest.rights = NULL; /* this sub-select is the branch */
        sql_z(q, " AND ");
        sql_branch(q, in->entity, 0, d->branch);
    }
    sql_z(q, " AND ");
    plan_where(q, &rest);
    q->skip = NULL;
}

/* "p<n>(id,s) AS (<the first rows of one value>)," */
static void add_part(sql *q, const query *in, const driver *d, uint32_t i, page_part part,
                     uint32_t limit)
{
    sql_z(q, "(id,s) AS (SELECT ");
    sql_column(q, 0, &in->entity->fields[COL_ID]);
    sql_z(q, ",");
    sql_ordered(q, 0, in->sorts[0].field);
    plan_from(q, in->entity);
    sql_column(q, 0, d->names->path[0]);
    sql_z(q, "=");
    sql_value(q, value_at(q, d->names, i));
    add_rest(q, in, d);
    plan_after(q, in, part);
    plan_order_and_limit(q, in, limit);
    sql_z(q, "),");
}

/* A row of two branches must not count twice towards the limit; parts of one have no row in common.
 */
static void add_union(sql *q, const query *in, uint32_t parts, bool is_one, uint32_t limit)
{
    const char *between = is_one ? " UNION ALL SELECT * FROM " : " UNION SELECT * FROM ";
    sql_z(q, "firsts(id) AS (SELECT id FROM (");
    for (uint32_t i = 0; i < parts; i++) {
        sql_z(q, i ? between : "SELECT * FROM ");
        sql_name(q, 'p', i);
    }
    sql_z(q,
          in->sorts[0].descending ? ") ORDER BY s DESC,id DESC LIMIT " : ") ORDER BY s,id LIMIT ");
    sql_int(q, limit);
    sql_z(q, ") ");
}

static uint32_t count_values(const driver *drivers, uint32_t count)
{
    uint32_t values = 0;
    for (uint32_t i = 0; i < count; i++) {
        values += value_count(drivers[i].names);
    }
    return values;
}

bool plan_merge(sql *q, const query *in, page_part part, uint32_t limit)
{
    driver drivers[BRANCHES_MAX];
    if (in->sort_count != 1 || in->terms.n || limit > LIST_MAX + 1) {
        return false;
    }
    uint32_t count = find_drivers(in, drivers), parts = 0;
    uint32_t values = count_values(drivers, count);
    if (values < 2 || values > VALUES_MAX) {
        return false;
    }
    sql_z(q, "WITH ");
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < value_count(drivers[i].names); k++) {
            if (!is_repeated(q, drivers[i].names, k)) {
                sql_name(q, 'p', parts++);
                add_part(q, in, &drivers[i], k, part, limit);
            }
        }
    }
    add_union(q, in, parts, count == 1, limit);
    return true;
}

void plan_merged(sql *q, const query *in)
{
    sql_column(q, 0, &in->entity->fields[COL_ID]);
    sql_z(q, " IN (SELECT id FROM firsts)");
}
