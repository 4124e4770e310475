/*
 * engine_sqlite_cond.c - conditions, branches and full-text matches as SQL.
 *
 * In SQL a comparison with NULL is NULL, which counts as false in WHERE, in AND and in OR, but not
 * under NOT. So a negation is pushed down to the comparisons and there written IS NOT TRUE; what a
 * path may not read then stays false on both sides of a `not`.
 */
#include "data/engine_sqlite.h"

typedef struct place {
    sql *q;
    const entity *entity;
    uint32_t alias;
    bool is_negated;
} place;

static void add_cond(place at, const cond *c);

static void add_truth(place at, bool truth)
{
    sql_z(at.q, truth != at.is_negated ? "1" : SQL_NEVER);
}

/* ---- values ---------------------------------------------------------------------------------- */

static value resolve(const sql *q, const field *f, value v)
{
    return cond_value(f, v, q->env);
}

/* A text against a number is never true; both engines must say so before SQLite's affinity helps.
 */
static bool is_comparable(const field *f, value v)
{
    return v.kind == (field_is_text(f) ? VALUE_TEXT : VALUE_INT);
}

/* The part of a key before the marks of е and ё, by which beginnings and parts compare. */
static param key_base(sql *q, const field *f, crm_str text)
{
    param p = sql_key(q, f, text);
    if (!field_is_folded(f)) {
        return p;
    }
    ptrdiff_t zero = str_find(p.s, 0);
    p.s.n = zero >= 0 ? (size_t)zero : p.s.n;
    return p;
}

/* The least value above everything that begins with `p`: no UTF-8 text holds the byte 0xFF. */
static param after_all(sql *q, param p)
{
    char *copy = arena_alloc(q->arena, p.s.n + 1);
    if (!copy) {
        q->status = CRM_NOMEM;
        return p;
    }
    if (p.s.n) {
        memcpy(copy, p.s.p, p.s.n);
    }
    copy[p.s.n] = (char)0xFF;
    p.s = (crm_str){copy, p.s.n + 1};
    return p;
}

/* ---- comparisons of one value ---------------------------------------------------------------- */

/* What stands left of an operator: a column of the row, or `v` of a side table. */
typedef struct left {
    const field *field;
    uint32_t alias;
    bool is_side;
} left;

static void add_left(sql *q, left l)
{
    if (l.is_side) {
        sql_z(q, "v");
    } else {
        sql_ordered(q, l.alias, l.field);
    }
}

static const char *operator_of(cond_op op)
{
    switch (op) {
    case COND_GT:
        return ">?";
    case COND_GTE:
        return ">=?";
    case COND_LT:
        return "<?";
    case COND_LTE:
        return "<=?";
    default:
        return "=?";
    }
}

static void drop_last_char(sql *q)
{
    q->text.n--;
}

/* A folded text that has no key beside it: mostly its first letter tells, without making the key.
 */
static bool is_keyless(const sql *q, left l)
{
    bool has_key = !l.field->part && layout_column(q->layout, l.field->id) & COLUMN_KEY;
    return !l.is_side && field_is_folded(l.field) && !has_key;
}

static void add_same(sql *q, left l, value v)
{
    sql_z(q, "karkas_same(");
    sql_column(q, l.alias, l.field);
    sql_z(q, ",");
    sql_value(q, v);
    sql_z(q, ")");
}

static void add_operator(sql *q, left l, cond_op op, value v)
{
    if (op == COND_EQ && is_keyless(q, l)) {
        add_same(q, l, v);
        return;
    }
    add_left(q, l);
    sql_z(q, operator_of(op));
    drop_last_char(q); /* the parameter brings its own '?' */
    sql_ordered_value(q, l.field, v);
}

static void add_starts(sql *q, left l, value v)
{
    param from = key_base(q, l.field, v.s);
    sql_z(q, "(");
    add_left(q, l);
    sql_z(q, ">=");
    sql_param(q, from);
    sql_z(q, " AND ");
    add_left(q, l);
    sql_z(q, "<");
    sql_param(q, after_all(q, from));
    sql_z(q, ")");
}

static void add_contains(sql *q, left l, value v)
{
    sql_z(q, "instr(");
    add_left(q, l);
    sql_z(q, ",");
    sql_param(q, key_base(q, l.field, v.s));
    sql_z(q, ")>0");
}

/* The count is rounded up to a power of two by repeating the last, so there are few shapes. */
static void add_in(sql *q, left l, const value *values, uint32_t count)
{
    uint32_t good = 0, last = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (is_comparable(l.field, resolve(q, l.field, values[i]))) {
            good++;
            last = i;
        }
    }
    if (!good) {
        sql_z(q, SQL_NEVER);
        return;
    }
    uint32_t rounded = 1;
    while (rounded < good) {
        rounded *= 2;
    }
    add_left(q, l);
    sql_z(q, " IN (");
    for (uint32_t i = 0, given = 0; given < rounded; i++) {
        value v = resolve(q, l.field, values[i < last ? i : last]);
        if (!is_comparable(l.field, v)) {
            continue;
        }
        sql_z(q, given++ ? "," : "");
        sql_ordered_value(q, l.field, v);
    }
    sql_z(q, ")");
}

static void add_comparison(sql *q, left l, const cond *c)
{
    value v = c->value_count ? resolve(q, l.field, c->values[0]) : value_null();
    if (c->op == COND_IN) {
        add_in(q, l, c->values, c->value_count);
    } else if (!is_comparable(l.field, v)) {
        sql_z(q, SQL_NEVER);
    } else if (c->op == COND_STARTS || (c->op == COND_HAS && !engine_is_many(l.field))) {
        if (v.kind != VALUE_TEXT) {
            sql_z(q, SQL_NEVER);
        } else if (c->op == COND_STARTS) {
            add_starts(q, l, v);
        } else {
            add_contains(q, l, v);
        }
    } else {
        add_operator(q, l, c->op, v);
    }
}

/* ---- comparisons of many values -------------------------------------------------------------- */

static void add_side(place at, const field *f, const cond *c)
{
    sql_column(at.q, at.alias, &at.entity->fields[COL_ID]);
    sql_z(at.q, " IN (SELECT id FROM ");
    sql_name(at.q, 'm', f->id);
    sql_z(at.q, " WHERE ");
    add_comparison(at.q, (left){.field = f, .is_side = true}, c);
    sql_z(at.q, ")");
}

/* karkas_any(text, key, operator, operand): whether any element satisfies it. */
static void add_scan(place at, const field *f, cond_op op, value v)
{
    sql *q = at.q;
    if (!is_comparable(f, v)) {
        sql_z(q, SQL_NEVER);
        return;
    }
    sql_z(q, "karkas_any(");
    sql_column(q, at.alias, f);
    sql_key_kind(q, f);
    sql_z(q, ",");
    char digit[3] = {(char)('0' + (op == COND_HAS ? COND_EQ : op) / 10),
                     (char)('0' + (op == COND_HAS ? COND_EQ : op) % 10), 0};
    sql_z(q, digit);
    sql_z(q, ",");
    if (op == COND_STARTS) {
        sql_param(q, key_base(q, f, v.s));
    } else {
        sql_ordered_value(q, f, v);
    }
    sql_z(q, ")");
}

static void add_many(place at, const field *f, const cond *c)
{
    if (layout_column(at.q->layout, f->id) & COLUMN_SIDE) {
        add_side(at, f, c);
        return;
    }
    if (sql_match_keys(at.q, at.alias, f, c)) {
        return;
    }
    sql_z(at.q, "(" SQL_NEVER);
    for (uint32_t i = 0; i < c->value_count; i++) {
        sql_z(at.q, " OR ");
        add_scan(at, f, c->op == COND_IN ? COND_EQ : c->op, resolve(at.q, f, c->values[i]));
    }
    sql_z(at.q, ")");
}

/* ---- one field of the row -------------------------------------------------------------------- */

static void add_me(place at, const field *f)
{
    if (field_is_text(f)) {
        sql_z(at.q, SQL_NEVER);
        return;
    }
    sql_column(at.q, at.alias, f);
    sql_z(at.q, "=");
    sql_int(at.q, at.q->env->me);
}

static void add_leaf(place at, const field *f, const cond *c)
{
    if (c->op == COND_NONE) {
        sql_column(at.q, at.alias, f);
        sql_z(at.q, at.is_negated ? " IS NOT NULL" : " IS NULL");
        return;
    }
    cond plain = *c;
    bool is_negated = at.is_negated != (c->op == COND_NE);
    plain.op = c->op == COND_NE ? COND_EQ : c->op;
    sql_z(at.q, is_negated ? "((" : "(");
    if (c->op == COND_ME) {
        add_me(at, f);
    } else if (c->op == COND_IN_QUERY) {
        sql_among(at.q, f, at.alias, c);
    } else if (c->op == COND_ATTACHED) {
        sql_attached(at.q, f, at.alias, c->first);
    } else if (engine_is_many(f)) {
        add_many(at, f, &plain);
    } else {
        add_comparison(at.q, (left){.field = f, .alias = at.alias}, &plain);
    }
    sql_z(at.q, is_negated ? ") IS NOT TRUE)" : ")");
}

/* ---- other rows ------------------------------------------------------------------------------ */

/* "e<id> t<alias> WHERE t<alias>.c<id>=": the head of a sub-select over `target`, its id compared.
 */
static place add_from(place at, const entity *target)
{
    place inner = {at.q, target, at.q->aliases++, at.is_negated};
    sql_name(at.q, 'e', target->id);
    sql_z(at.q, " ");
    sql_name(at.q, 't', inner.alias);
    sql_z(at.q, " WHERE ");
    return inner;
}

static void add_hop(place at, const branches *hop, const uint64_t used[4])
{
    if (hop) {
        sql_branches(at.q, at.entity, at.alias, hop, engine_hop_branches(hop, used));
        sql_z(at.q, " AND ");
    }
}

/* A reference that leads nowhere gives NULL, and NULL is "not that": then the row may be missing.
 */
static void add_path(place at, const cond *c, uint8_t at_step)
{
    const field *f = c->path[at_step];
    if (at_step + 1 == c->path_length) {
        add_leaf(at, f, c);
        return;
    }
    if (!f->ref || field_is_text(f)) {
        at.q->status = CRM_INVALID;
        return;
    }
    bool holds_for_null = (c->op == COND_NONE || c->op == COND_NE) != at.is_negated;
    sql_z(at.q, holds_for_null ? "NOT EXISTS(SELECT 1 FROM " : "EXISTS(SELECT 1 FROM ");
    place inner = add_from(at, f->ref);
    sql_column(at.q, inner.alias, &f->ref->fields[COL_ID]);
    sql_z(at.q, "=");
    sql_column(at.q, at.alias, f);
    sql_z(at.q, holds_for_null ? " AND ((" : " AND (");
    uint64_t used[4] = {0};
    bits_add(used, c->path[at_step + 1]->index);
    add_hop(inner, c->hop[at_step], used);
    add_path(inner, c, (uint8_t)(at_step + 1));
    sql_z(at.q, holds_for_null ? ") IS NOT TRUE))" : "))");
}

/* ---- the tree -------------------------------------------------------------------------------- */

static void add_children(place at, const cond *c)
{
    bool is_and = (c->op == COND_AND) != at.is_negated;
    if (!c->first) {
        add_truth(at, c->op == COND_AND);
        return;
    }
    sql_z(at.q, "(");
    for (const cond *child = c->first; child; child = child->next) {
        add_cond(at, child);
        if (child->next) {
            sql_z(at.q, is_and ? " AND " : " OR ");
        }
    }
    sql_z(at.q, ")");
}

static bool is_held(const sql *q, const cond *c)
{
    for (uint32_t i = 0; i < q->held_count; i++) {
        if (q->held[i] == c) {
            return true;
        }
    }
    return false;
}

static void add_cond(place at, const cond *c)
{
    if (!c || is_held(at.q, c) || c->op == COND_TRUE || c->op == COND_FALSE) {
        add_truth(at, !c || c->op != COND_FALSE);
    } else if (c->op == COND_AND || c->op == COND_OR) {
        add_children(at, c);
    } else if (c->op == COND_NOT) {
        at.is_negated = !at.is_negated;
        add_cond(at, c->first);
    } else if (c->op == COND_EXISTS) {
        sql_z(at.q, at.is_negated ? "NOT " : "");
        sql_exists(at.q, at.entity, at.alias, c);
    } else if (c->op == COND_REFERS) {
        sql_z(at.q, at.is_negated ? "NOT " : "");
        sql_refers(at.q, at.alias, c);
    } else {
        add_path(at, c, 0);
    }
}

void sql_cond(sql *q, const entity *e, uint32_t alias, const cond *c)
{
    add_cond((place){.q = q, .entity = e, .alias = alias}, c);
}

/* ---- branches -------------------------------------------------------------------------------- */

static void add_via(place at, const branch *b, uint8_t at_step)
{
    if (at_step == b->via_count) {
        add_cond(at, b->where);
        return;
    }
    const field *f = b->via[at_step];
    if (!f->ref) {
        at.q->status = CRM_INVALID;
        return;
    }
    sql_z(at.q, "EXISTS(SELECT 1 FROM ");
    place inner = add_from(at, f->ref);
    sql_column(at.q, inner.alias, &f->ref->fields[COL_ID]);
    sql_z(at.q, "=");
    sql_column(at.q, at.alias, f);
    sql_z(at.q, " AND ");
    if (b->is_via_kept) {
        sql_column(at.q, inner.alias, &f->ref->fields[COL_DELETED_AT]);
        sql_z(at.q, " IS NULL AND ");
    }
    add_via(inner, b, (uint8_t)(at_step + 1));
    sql_z(at.q, ")");
}

void sql_branch(sql *q, const entity *e, uint32_t alias, const branch *b)
{
    add_via((place){.q = q, .entity = e, .alias = alias}, b, 0);
}

void sql_branches(sql *q, const entity *e, uint32_t alias, const branches *b, uint32_t bits)
{
    uint32_t given = 0;
    sql_z(q, "(");
    for (uint32_t i = 0; i < b->count; i++) {
        if (bits >> i & 1) {
            sql_z(q, given++ ? " OR " : "");
            sql_branch(q, e, alias, &b->at[i]);
        }
    }
    sql_z(q, given ? ")" : SQL_NEVER ")");
}
