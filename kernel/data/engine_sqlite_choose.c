/*
 * engine_sqlite_choose.c - which walks make up a query.
 *
 * There are no statistics to trust: one stage holds half of the rows, another ten. So a walk that
 * has nothing to look for in its rows is taken at once; else a comparison that turns out to have
 * few rows, which are all read; else a walk in the order of the list that passes over rows until
 * the page is full. It passes over rows of the asker's own; where it would meet those of everybody,
 * his own are all read if they are few beside the table. What is left SQLite plans, and the time
 * limit of the batch judges.
 */
#include "data/engine_sqlite_plan.h"

/* Rows in no order are each looked for; the whole table is read in a row. */
#define OWN_MAX   20000
#define OWN_SHARE 50 /* a row looked for costs as much as so many read in a row */

static void take_one(plan *p, walk w)
{
    p->at[0] = w;
    p->count = 1;
    p->is_merged = false;
}

/* ---- a walk per branch ----------------------------------------------------------------------- */

static bool may_merge(const query *in, engine_op_kind kind)
{
    return kind == ENGINE_LIST ? in->limit && in->limit <= LIST_MAX + 1 : in->limit <= COUNT_CAP;
}

/* False when some branch has no index, or when there are too many ranges. */
static bool find_walks(sql *q, const query *in, engine_op_kind kind, plan *p)
{
    bool is_whole = !in->rights || plan_sees_all(in);
    uint32_t branch_count = is_whole ? 1 : in->rights->count, ranges = 0;
    for (uint32_t i = 0; i < branch_count; i++) {
        walk *w = &p->at[p->count];
        const branch *b = is_whole ? NULL : &in->rights->at[i];
        if (b && !(in->need >> i & 1)) {
            continue;
        }
        if (!walk_find(q, in, b, kind, w)) {
            return false;
        }
        p->count += w->ranges > 0;
        ranges += w->ranges;
    }
    p->is_merged = p->count > 1 || ranges > 1;
    return ranges <= RANGES_MAX && (!p->is_merged || may_merge(in, kind));
}

static bool are_ordered(const plan *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (!p->at[i].is_ordered) {
            return false;
        }
    }
    return true;
}

/* No walk goes through the rows of everybody to find those of its branch. */
static bool are_own(const plan *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->at[i].branch && !p->at[i].is_own && !p->at[i].is_exact) {
            return false;
        }
    }
    return true;
}

static bool are_exact(const plan *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (!p->at[i].is_exact) {
            return false;
        }
    }
    return true;
}

crm_status plan_last_id(sqlite_session *s, const query *in, int64_t *out)
{
    sql *q = &s->sql;
    sql_start(q, s->layout, &in->env);
    sql_z(q, "SELECT max(");
    sql_column(q, 0, &in->entity->fields[COL_ID]);
    sql_z(q, ") FROM ");
    sql_name(q, 'e', in->entity->id);
    sql_z(q, " t0");
    return statement_int(s, out);
}

/* How many rows may be looked for before reading the whole table costs less. */
static int64_t own_max(sqlite_session *s, const query *in)
{
    int64_t last = 0;
    int64_t most = plan_last_id(s, in, &last) == CRM_OK ? last / OWN_SHARE : 0;
    most = most > OWN_MAX ? OWN_MAX : most;
    return s->lookup_max && most > s->lookup_max ? most : s->lookup_max;
}

/* So few rows in all ranges that their order does not matter. */
static bool are_few(sqlite_session *s, const query *in, const plan *p)
{
    int64_t most = own_max(s, in);
    plan ranges = *p;
    query rows = {.entity = in->entity, .env = in->env};
    int64_t count = 0;
    for (uint32_t i = 0; i < ranges.count; i++) {
        ranges.at[i].branch = NULL;
    }
    crm_status st = merge_count(s, &rows, &ranges, most, &count);
    /* The statement reads the moment of `in` again: `rows` ends here. */
    sql_start(&s->sql, s->layout, &in->env);
    return st == CRM_OK && count < most;
}

/* What the rights alone lead to, the condition judged on each row, if that is little. */
static bool find_own(sqlite_session *s, const query *in, plan *p)
{
    query all = *in;
    plan own = {.count = 0};
    all.where = NULL;
    sql_start(&s->sql, s->layout, &in->env);
    if (!find_walks(&s->sql, &all, ENGINE_LIST, &own) || !are_few(s, in, &own)) {
        return false;
    }
    *p = own;
    return true;
}

/* ---- a comparison with few rows -------------------------------------------------------------- */

typedef struct lookup {
    sqlite_session *s;
    const query *in;
    walk best;
    int64_t size; /* of `best` */
} lookup;

/* What an index, or the table of elements, can find. */
static bool is_looked_up(const cond *c)
{
    if (c->path_length != 1) {
        return false;
    }
    bool is_many = engine_is_many(c->path[0]);
    switch (c->op) {
    case COND_EQ:
    case COND_GT:
    case COND_GTE:
    case COND_LT:
    case COND_LTE:
    case COND_IN:
    case COND_STARTS:
        return true;
    case COND_NONE:
    case COND_ME:
        return !is_many;
    case COND_HAS:
        return is_many;
    default:
        return false;
    }
}

static const entity_index *index_of(const entity *e, const field *f)
{
    for (uint32_t i = 0; i < e->index_count; i++) {
        const entity_index *x = &e->indexes[i];
        if (x->field[0] == f->index && !x->empty_count && !x->is_sparse) {
            return x;
        }
    }
    return NULL;
}

/* How the rows of one comparison are reached; false: no index knows them. */
static bool lookup_walk(const lookup *l, const cond *c, walk *out)
{
    const field *f = c->path[0];
    const entity_index *x = f->part ? NULL : index_of(l->in->entity, f);
    *out = (walk){.by = WALK_INDEX, .index = x, .ranges = 1};
    if (engine_is_many(f)) {
        out->by = WALK_IDS; /* the table of elements gives them */
        return (layout_column(l->s->layout, f->id) & COLUMN_SIDE) != 0;
    }
    if (f->index == COL_ID) {
        out->by = WALK_IDS;
    } else if (x && x->is_unique) {
        out->by = WALK_FREE; /* it may be dropped while an older registry is in use */
    }
    return x || out->by == WALK_IDS;
}

static int64_t lookup_size(const lookup *l, const cond *c, walk *w)
{
    query rows = {.entity = l->in->entity, .env = l->in->env, .where = c};
    sql *q = &l->s->sql;
    int64_t size = l->s->lookup_max;
    sql_start(q, l->s->layout, &l->in->env);
    sql_z(q, "SELECT count(*) FROM (SELECT 1");
    plan_rows(q, &rows, w);
    sql_z(q, " LIMIT ");
    sql_int(q, l->s->lookup_max);
    sql_z(q, ")");
    return statement_int(l->s, &size) == CRM_OK ? size : l->s->lookup_max;
}

static void look(lookup *l, const cond *c)
{
    walk w;
    if (c && c->op == COND_AND) {
        for (const cond *child = c->first; child; child = child->next) {
            look(l, child);
        }
    } else if (c && is_looked_up(c) && lookup_walk(l, c, &w)) {
        int64_t size = lookup_size(l, c, &w);
        if (size < l->size) {
            l->size = size;
            l->best = w;
        }
    }
}

static bool find_lookup(sqlite_session *s, const query *in, walk *out)
{
    lookup l = {.s = s, .in = in, .size = s->lookup_max};
    look(&l, in->where);
    *out = l.best;
    return l.size < s->lookup_max;
}

/* ---- the recycle bin --------------------------------------------------------------------------
 */

static walk bin_walk(const query *in)
{
    const entity *e = in->entity;
    for (uint32_t i = 0; in->only_deleted && i < e->index_count; i++) {
        const entity_index *x = &e->indexes[i];
        if (x->is_sparse && x->field[0] == COL_DELETED_AT) {
            return (walk){.by = WALK_INDEX, .index = x, .ranges = 1};
        }
    }
    return (walk){.by = WALK_FREE, .ranges = 1};
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* All rows that the condition leads to, in the order of the list, the rights judged on each. */
static walk whole_walk(sql *q, const query *in, engine_op_kind kind)
{
    walk w;
    bool is_found = kind == ENGINE_LIST && walk_find(q, in, NULL, kind, &w);
    if (is_found && w.is_ordered && w.ranges == 1) {
        return w;
    }
    if (kind == ENGINE_LIST && plan_is_by_id(in)) {
        return (walk){.by = WALK_IDS, .ranges = 1, .is_ordered = true};
    }
    return (walk){.by = WALK_FREE, .ranges = 1};
}

static void choose(sqlite_session *s, const query *in, engine_op_kind kind, plan *p)
{
    walk w;
    bool is_complete = find_walks(&s->sql, in, kind, p);
    bool is_good = is_complete && (kind == ENGINE_COUNT || are_ordered(p));
    if (is_good && are_exact(p)) {
        return;
    }
    if (!in->rights) { /* the kernel's own questions are simple, and asked often */
        take_one(p, (walk){.by = WALK_FREE, .ranges = 1});
    } else if (find_lookup(s, in, &w)) {
        take_one(p, w);
    } else if (is_good && (kind == ENGINE_COUNT || are_own(p))) {
        p->is_long = true;
    } else if (!(is_complete && !is_good && are_few(s, in, p)) &&
               !(kind == ENGINE_LIST && find_own(s, in, p))) {
        take_one(p, whole_walk(&s->sql, in, kind));
        p->is_long = true;
    }
}

crm_status plan_make(sqlite_session *s, const query *in, engine_op_kind kind, plan *out)
{
    *out = (plan){.count = 0};
    sql_start(&s->sql, s->layout, &in->env);
    if (in->only_deleted || in->with_deleted) {
        take_one(out, bin_walk(in));
    } else if (in->terms.n) {
        take_one(out, (walk){.by = WALK_FREE, .ranges = 1});
    } else {
        choose(s, in, kind, out);
    }
    return s->sql.status;
}

bool plan_in_order(sqlite_session *s, const query *in, walk *out)
{
    query bare = *in;
    if (plan_is_by_id(in)) {
        *out = (walk){.by = WALK_IDS, .ranges = 1, .is_ordered = true};
        return true;
    }
    bare.where = NULL;
    sql_start(&s->sql, s->layout, &in->env);
    return walk_find(&s->sql, &bare, NULL, ENGINE_LIST, out) && out->is_ordered;
}
