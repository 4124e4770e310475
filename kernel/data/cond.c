/*
 * cond.c - making conditions in code and evaluating them on a row. Any thread.
 *
 * The truth of every operator stands in cond.h; engines say the same in their own way and the
 * property tests compare the two.
 */
#include "data/cond.h"

#include "base/zone.h"
#include "data/address.h"
#include "data/field.h"
#include "data/query.h"

#define DAY_MS 86400000LL

/* ---- making ---------------------------------------------------------------------------------- */

/* What is given when memory is out: it must never widen what someone may see. */
static const cond never = {.op = COND_FALSE};

/* A copy of `x` whose next is `next`: a node may stand in several conditions. */
static cond *with_next(arena *a, const cond *x, const cond *next)
{
    cond *c = ARENA_NEW(a, cond);
    if (c) {
        *c = *x;
        c->next = next;
    }
    return c;
}

static const cond *join(arena *a, cond_op op, const cond *x, const cond *y)
{
    cond *c = ARENA_NEW(a, cond);
    cond *second = with_next(a, y, NULL);
    cond *first = second ? with_next(a, x, second) : NULL;
    if (!c || !first) {
        return &never;
    }
    c->op = op;
    c->first = first;
    return c;
}

const cond *cond_and(arena *a, const cond *x, const cond *y)
{
    return !x ? y : !y ? x : join(a, COND_AND, x, y);
}

const cond *cond_or(arena *a, const cond *x, const cond *y)
{
    return !x || !y ? NULL : join(a, COND_OR, x, y);
}

const cond *cond_compare(arena *a, cond_op op, const field *f, value v)
{
    return cond_make(a, op, f, &v, op == COND_NONE || op == COND_ME ? 0 : 1);
}

const cond *cond_in(arena *a, const field *f, const value *values, uint32_t count)
{
    return cond_make(a, COND_IN, f, values, count);
}

const cond *cond_make(arena *a, cond_op op, const field *f, const value *values, uint32_t count)
{
    cond *c = ARENA_NEW(a, cond);
    value *copy = ARENA_ARRAY(a, value, count + 1);
    if (!c || !copy) {
        return &never;
    }
    for (uint32_t i = 0; i < count; i++) {
        copy[i] = value_dup(a, values[i]);
    }
    *c = (cond){.op = op, .path = {f}, .path_length = 1, .values = copy, .value_count = count};
    return c;
}

const cond *cond_kept_part(arena *a, const entity *e, const cond *c)
{
    cond whole = {.op = COND_NONE};
    while (entity_is_part(e) && whole.path_length < COND_PATH_MAX - 1) {
        whole.path[whole.path_length++] = &e->fields[e->parent_field];
        e = e->fields[e->parent_field].ref;
        cond *one = ARENA_NEW(a, cond);
        if (!one) {
            return &never;
        }
        *one = whole;
        one->path[one->path_length++] = &e->fields[COL_DELETED_AT];
        c = cond_and(a, c, one);
    }
    return c;
}

bool cond_is_own_part(const cond *c)
{
    bool is_of_row = c->op == COND_EXISTS || (c->path_length == 1 && c->path[0]->index == COL_ID);
    const field *by = c->op == COND_EXISTS ? c->path[0] : c->sub->field;
    return is_of_row && entity_is_part(by->entity) && by->index == by->entity->parent_field;
}

/* ---- what it touches ------------------------------------------------------------------------- */

bool cond_is_local(const cond *c)
{
    if (!c) {
        return true;
    }
    bool asks_others = c->op == COND_EXISTS || c->op == COND_REFERS || c->op == COND_IN_QUERY;
    if (asks_others || c->path_length > 1) {
        return false;
    }
    for (const cond *child = c->first; child; child = child->next) {
        if (!cond_is_local(child)) {
            return false;
        }
    }
    return true;
}

bool cond_is_timeless(const cond *c)
{
    for (uint32_t i = 0; c && i < c->value_count; i++) {
        if (c->values[i].kind == VALUE_NOW || c->values[i].kind == VALUE_TODAY) {
            return false;
        }
    }
    if (c && c->sub && !cond_is_timeless(c->sub->where)) {
        return false;
    }
    for (const cond *child = c ? c->first : NULL; child; child = child->next) {
        if (!cond_is_timeless(child)) {
            return false;
        }
    }
    return true;
}

static bool is_joined(const field *f)
{
    switch (field_stored_type(f)) {
    case FIELD_MULTILINE:
    case FIELD_JSON:
    case FIELD_FILE:
    case FIELD_FILES:
        return false;
    default:
        return true;
    }
}

static bool holds_id(const field *f)
{
    return f->index == COL_ID || f->type == FIELD_REF || f->type == FIELD_REFS ||
           f->type == FIELD_USER;
}

bool cond_can_join(const field *x, const field *among)
{
    if (!is_joined(x) || !is_joined(among)) {
        return false;
    }
    if (holds_id(x) || holds_id(among)) {
        const entity *of = x->index == COL_ID ? x->entity : x->ref;
        return of && of == (among->index == COL_ID ? among->entity : among->ref);
    }
    return field_stored_type(x) == field_stored_type(among) && x->scale == among->scale;
}

void cond_fields(const cond *c, uint64_t set[4])
{
    if (!c || c->op == COND_EXISTS) {
        return; /* the child's fields are another entity's */
    }
    if (c->path_length) {
        bits_add(set, c->path[0]->index);
    }
    bool is_of_others = c->op == COND_REFERS || c->op == COND_ATTACHED;
    for (const cond *child = is_of_others ? NULL : c->first; child; child = child->next) {
        cond_fields(child, set);
    }
}

/* ---- values ---------------------------------------------------------------------------------- */

/* A day is 23 or 25 hours long when the clocks change; its noon is never near its ends. */
static int64_t midnight(const cond_env *env, int64_t days)
{
    int64_t day = env->day_start + days * DAY_MS;
    return days && env->zone ? zone_day_start(env->zone, day + DAY_MS / 2) : day;
}

value cond_value(const field *f, value v, const cond_env *env)
{
    if (v.kind != VALUE_NOW && v.kind != VALUE_TODAY) {
        return v;
    }
    bool is_now = v.kind == VALUE_NOW;
    if (field_stored_type(f) != FIELD_DATE) {
        return value_int(is_now ? env->now + v.i : midnight(env, v.i));
    }
    /* Midnight's UTC moment lies within half a day of the date's own, whatever the zone. */
    int64_t noon = env->day_start + DAY_MS / 2, today = noon / DAY_MS - (noon % DAY_MS < 0);
    if (!is_now) {
        return value_int(today + v.i);
    }
    int64_t into = env->now - env->day_start + v.i;
    return value_int(today + into / DAY_MS - (into % DAY_MS < 0));
}

/* ---- comparing ------------------------------------------------------------------------------- */

static int compare_keys(arena *a, crm_str x, crm_str y)
{
    crm_str kx, ky;
    bool has_keys = text_sort_key(a, x, &kx) == CRM_OK && text_sort_key(a, y, &ky) == CRM_OK;
    return has_keys ? str_cmp(kx, ky) : str_cmp(x, y);
}

static bool satisfies(cond_op op, int order)
{
    switch (op) {
    case COND_GT:
        return order > 0;
    case COND_GTE:
        return order >= 0;
    case COND_LT:
        return order < 0;
    case COND_LTE:
        return order <= 0;
    default:
        return order == 0;
    }
}

/* The part of a key before the marks of е and ё: beginnings and parts compare by it. */
static crm_str key_base(crm_str key)
{
    ptrdiff_t zero = str_find(key, 0);
    return zero < 0 ? key : (crm_str){key.p, (size_t)zero};
}

static bool holds(cond_op op, crm_str text, crm_str part)
{
    if (op == COND_STARTS) {
        return str_starts(text, part);
    }
    return part.n == 0 || (text.n && memmem(text.p, text.n, part.p, part.n));
}

static bool holds_folded(arena *a, cond_op op, crm_str text, crm_str part)
{
    crm_str kt, kp;
    if (text_sort_key(a, text, &kt) != CRM_OK || text_sort_key(a, part, &kp) != CRM_OK) {
        return false;
    }
    return holds(op, op == COND_STARTS ? key_base(kt) : kt, key_base(kp));
}

/* One text of a field against the condition's; NULL never comes here. */
static bool text_is(const field *f, cond_op op, crm_str x, crm_str y)
{
    bool is_part = op == COND_STARTS || op == COND_HAS;
    field_key by = field_key_of(f);
    if (by == FIELD_KEY_NUMBER) {
        x = phone_number(x);
        y = phone_number(y);
    }
    if (by != FIELD_KEY_FOLDED) {
        return is_part ? holds(op, x, y) : satisfies(op, str_cmp(x, y));
    }
    if (op == COND_EQ) {
        return text_same(x, y);
    }
    arena *a = arena_new(0);
    if (!a) {
        return false;
    }
    bool is = is_part ? holds_folded(a, op, x, y) : satisfies(op, compare_keys(a, x, y));
    arena_free(a);
    return is;
}

static bool element_is(const field *f, cond_op op, const value *row, const value *v)
{
    bool is_text = field_is_text(f);
    if (v->kind != (is_text ? VALUE_TEXT : VALUE_INT) || row->kind != v->kind) {
        return false;
    }
    if (is_text) {
        return text_is(f, op, row->s, v->s);
    }
    bool is_order = op != COND_STARTS && op != COND_HAS;
    return is_order && satisfies(op, (row->i > v->i) - (row->i < v->i));
}

/* Of many values any one; there `has` asks for an equal element. */
static bool any_is(const field *f, cond_op op, const value *row, const value *v)
{
    if (!(f->flags & FIELD_MANY)) {
        return element_is(f, op, row, v);
    }
    crm_str rest = row->s, part;
    while (row->kind == VALUE_TEXT && str_split(&rest, '\n', &part)) {
        value element = {.kind = VALUE_TEXT, .s = part};
        if (element_is(f, op == COND_HAS ? COND_EQ : op, &element, v)) {
            return true;
        }
    }
    return false;
}

/* `wanted` may be a moment yet, as "today". */
static bool wanted_is(const field *f, cond_op op, const value *row, const value *wanted,
                      const cond_env *env)
{
    if (wanted->kind != VALUE_NOW && wanted->kind != VALUE_TODAY) {
        return any_is(f, op, row, wanted);
    }
    value then = cond_value(f, *wanted, env);
    return any_is(f, op, row, &then);
}

static bool is_any_of(const cond *c, const value *row, const cond_env *env)
{
    const field *f = c->path[0];
    bool is_id =
        row->kind == VALUE_INT && !field_is_text(f); /* one of two hundred owners, mostly */
    for (uint32_t i = 0; i < c->value_count; i++) {
        const value *v = &c->values[i];
        bool is =
            is_id && v->kind == VALUE_INT ? v->i == row->i : wanted_is(f, COND_EQ, row, v, env);
        if (is) {
            return true;
        }
    }
    return false;
}

static bool leaf_is(const cond *c, const value *v, const cond_env *env)
{
    const field *f = c->path[0];
    switch (c->op) {
    case COND_NONE:
        return value_is_null(*v);
    case COND_ME:
        return v->kind == VALUE_INT && v->i == env->me;
    case COND_ATTACHED:
        return cond_attached(c->first, *v, env);
    case COND_IN:
    case COND_EQ:
        return is_any_of(c, v, env);
    case COND_NE:
        return !is_any_of(c, v, env);
    default:
        return c->value_count && wanted_is(f, c->op, v, c->values, env);
    }
}

static bool leaf(const cond *c, const value *row, const cond_env *env)
{
    const field *f = c->path[0];
    if (!f->part) {
        return leaf_is(c, &row[f->index], env);
    }
    arena *a = arena_new(0);
    value part = a ? address_value(a, f, row) : value_null();
    bool is = a && leaf_is(c, &part, env);
    arena_free(a);
    return is;
}

bool cond_eval(const cond *c, const value *row, const cond_env *env)
{
    if (!c || c->op == COND_TRUE || c->op == COND_FALSE) {
        return !c || c->op == COND_TRUE;
    }
    if (c->op == COND_NOT) {
        return !cond_eval(c->first, row, env);
    }
    if (c->op != COND_AND && c->op != COND_OR) {
        return leaf(c, row, env);
    }
    bool is_or = c->op == COND_OR;
    for (const cond *child = c->first; child; child = child->next) {
        if (cond_eval(child, row, env) == is_or) {
            return is_or;
        }
    }
    return !is_or;
}
