/* oracle_conds.c - conditions and rights made by chance. */
#include "oracle.h"

/* ---- conditions ------------------------------------------------------------------------------ */

void *oracle_alloc(maker *m, size_t n)
{
    void *p = arena_alloc(m->w->arena, n);
    assert_non_null(p);
    return p;
}

/* Somebody's rows, as scopes of rights name them. */
const cond *some_whose(maker *m, const entity *e)
{
    arena *a = m->w->arena;
    const field *owner = owner_of(e), *by = &e->fields[COL_CREATED_BY], *at = stage_of(e);
    value *who = oracle_alloc(m, 2 * sizeof *who);
    who[0] = value_int(1 + roll(&m->d, 4));
    who[1] = value_int(1 + roll(&m->d, 4));
    const cond *mine = cond_make(a, COND_ME, owner, NULL, 0);
    const cond *theirs = cond_make(a, COND_IN, owner, who, 1 + roll(&m->d, 2));
    const cond *there = cond_make(a, COND_IN, place_of(e), who, 1 + roll(&m->d, 2));
    const cond *unowned = cond_and(a, there, cond_make(a, COND_NONE, owner, NULL, 0));
    const cond *all[] = {mine,
                         theirs,
                         there,
                         unowned,
                         cond_make(a, COND_ME, by, NULL, 0),
                         cond_compare(a, COND_EQ, at, some_element(&m->d, at))};
    const cond *one = PICK(&m->d, all), *other = PICK(&m->d, all);
    return roll(&m->d, 3) ? one : cond_or(a, one, other);
}

void some_branch(maker *m, const entity *e, branch *b)
{
    *b = (branch){.actions = roll(&m->d, 4) ? 1u << ACTION_READ : 0};
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (roll(&m->d, 4)) {
            bits_add(b->fields, i);
        }
    }
    const entity *about = e;
    const field *parent = e->parent_field ? &e->fields[e->parent_field] : NULL;
    if (parent && roll(&m->d, 2)) {
        b->via[b->via_count++] = parent;
        about = parent->ref;
    }
    const field *link = some_such(&m->d, about, is_link);
    if (link && roll(&m->d, 3) == 0) {
        b->via[b->via_count++] = link;
        about = link->ref;
    }
    b->is_via_kept = b->via_count && roll(&m->d, 2);
    b->where = roll(&m->d, 6) ? some_cond(m, about, 1) : NULL;
    if (about->owner_fields[0] && roll(&m->d, 2)) {
        const cond *whose = some_whose(m, about);
        b->where = roll(&m->d, 3) ? whose : cond_and(m->w->arena, whose, b->where);
    }
}

const branches *some_branches(maker *m, const entity *e)
{
    branches *b = oracle_alloc(m, sizeof *b);
    b->count = roll(&m->d, 4);
    for (uint32_t i = 0; i < b->count; i++) {
        some_branch(m, e, &b->at[i]);
    }
    return b;
}

/* Mostly a field that can be joined with `f`; sometimes one that cannot, so that nothing is among.
 */
static const field *some_joined(maker *m, const field *f)
{
    const field *among = NULL;
    for (int tries = 0; tries < 12 && (!among || !cond_can_join(f, among)); tries++) {
        const entity *e = m->w->entities[roll(&m->d, m->w->reg.entity_count)];
        among = &e->fields[roll(&m->d, e->field_count)];
    }
    return among;
}

static const cond *some_in_query(maker *m, const field *f)
{
    cond *c = oracle_alloc(m, sizeof *c);
    subquery *sub = oracle_alloc(m, sizeof *sub);
    sub->field = some_joined(m, f);
    sub->where = roll(&m->d, 3) ? some_cond(m, sub->field->entity, 1) : NULL;
    sub->rights = roll(&m->d, 3) ? NULL : some_branches(m, sub->field->entity);
    *c = (cond){.op = COND_IN_QUERY, .path = {f}, .path_length = 1, .sub = sub};
    return c;
}

static const cond *some_leaf(maker *m, const field *f)
{
    if (roll(&m->d, 10) == 0 && m->subs++ < 4) {
        return some_in_query(m, f);
    }
    static const cond_op ops[] = {COND_EQ, COND_NE, COND_GT,   COND_GTE,    COND_LT,  COND_LTE,
                                  COND_IN, COND_IN, COND_NONE, COND_STARTS, COND_HAS, COND_ME};
    cond *c = oracle_alloc(m, sizeof *c);
    value *values = oracle_alloc(m, 4 * sizeof *values);
    c->op = PICK(&m->d, ops);
    c->path[0] = f;
    c->path_length = 1;
    c->values = values;
    c->value_count = c->op == COND_IN                         ? roll(&m->d, 4)
                     : c->op == COND_NONE || c->op == COND_ME ? 0
                                                              : 1;
    for (uint32_t i = 0; i < c->value_count; i++) {
        values[i] = some_operand(&m->d, f);
    }
    return c;
}

static const cond *some_path(maker *m, const field *const *refs, uint32_t count)
{
    const entity *last = refs[count - 1]->ref;
    cond *c = (cond *)some_leaf(m, some_own(&m->d, last));
    c->path[count] = c->path[0];
    for (uint32_t i = 0; i < count; i++) {
        c->path[i] = refs[i];
        c->hop[i] = roll(&m->d, 2) ? some_branches(m, refs[i]->ref) : NULL;
    }
    c->path_length = (uint8_t)(count + 1);
    return c;
}

/* A reference to a row of `e`, of whatever entity; NULL: there is none. */
static const field *some_child(maker *m, const entity *e)
{
    const field *child = NULL;
    for (int tries = 0; tries < 6 && (!child || child->ref != e); tries++) {
        child = some_such(&m->d, m->w->entities[roll(&m->d, m->w->reg.entity_count)], is_reference);
    }
    return child && child->ref == e ? child : NULL;
}

/* Of a child by its reference, or of a record that `f` refers to. */
static const cond *some_exists(maker *m, cond_op op, const field *f)
{
    const entity *other = op == COND_EXISTS ? f->entity : f->ref;
    cond *c = oracle_alloc(m, sizeof *c);
    c->op = op;
    c->path[0] = f;
    c->path_length = 1;
    c->first = roll(&m->d, 4) ? some_cond(m, other, 1) : NULL;
    c->hop[0] = roll(&m->d, 3) ? NULL : some_branches(m, other);
    return c;
}

static bool is_file(const field *f)
{
    return f->type == FIELD_FILE || f->type == FIELD_FILES;
}

/* Of an attachment by one or two of its fields. */
static const cond *some_attached(maker *m, const field *f)
{
    static const char *const names[] = {"ж", "жук.pdf", "елка", "Жук 2.txt", ""};
    static const char *const types[] = {"image/png", "text/plain", "IMAGE/PNG"};
    static const cond_op sized[] = {COND_GT, COND_LTE, COND_EQ, COND_NE};
    static const cond_op named[] = {COND_STARTS, COND_HAS, COND_EQ, COND_NE, COND_LT};
    const field *of = cond_attachment.fields + COL_OWN;
    arena *a = m->w->arena;
    const cond *one =
        cond_compare(a, PICK(&m->d, named), &of[0], value_text(str_of(PICK(&m->d, names))));
    const cond *two =
        roll(&m->d, 2) ? cond_compare(a, PICK(&m->d, sized), &of[1], value_int(8 + roll(&m->d, 3)))
                       : cond_compare(a, COND_EQ, &of[2], value_text(str_of(PICK(&m->d, types))));
    cond *c = oracle_alloc(m, sizeof *c);
    *c = (cond){.op = COND_ATTACHED, .path = {f}, .path_length = 1};
    const cond *all[] = {NULL, one, two, cond_and(a, one, two), cond_or(a, one, two)};
    c->first = PICK(&m->d, all);
    return c;
}

static const cond *some_simple(maker *m, const entity *e)
{
    uint32_t kind = roll(&m->d, 8);
    const field *links[2] = {some_such(&m->d, e, is_link), NULL};
    if (links[0] && kind < 2) {
        links[1] = some_such(&m->d, links[0]->ref, is_link);
        return some_path(m, links, links[1] ? 1 + roll(&m->d, 2) : 1);
    }
    const field *child = kind == 2 ? some_child(m, e) : NULL;
    if (child) {
        return some_exists(m, COND_EXISTS, child);
    }
    const field *own = kind == 3 ? some_such(&m->d, e, is_reference) : NULL;
    if (own && m->subs++ < 4) {
        return some_exists(m, COND_REFERS, own);
    }
    const field *files = kind == 4 ? some_such(&m->d, e, is_file) : NULL;
    if (files) {
        return some_attached(m, files);
    }
    return some_leaf(m, roll(&m->d, 12) ? some_own(&m->d, e) : &e->fields[roll(&m->d, COL_MARKS)]);
}

const cond *some_cond(maker *m, const entity *e, int depth)
{
    uint32_t kind = roll(&m->d, 8);
    if (depth == 0 || kind < 3) {
        return some_simple(m, e);
    }
    cond *c = oracle_alloc(m, sizeof *c);
    static const cond_op ops[] = {COND_AND, COND_OR, COND_NOT, COND_AND, COND_OR};
    c->op = kind == 3 && roll(&m->d, 3) == 0 ? COND_TRUE : PICK(&m->d, ops);
    uint32_t children = c->op == COND_NOT ? 1 : c->op == COND_TRUE ? 0 : roll(&m->d, 4);
    for (uint32_t i = 0; i < children; i++) {
        cond *child = oracle_alloc(m, sizeof *child);
        *child = *some_cond(m, e, depth - 1);
        child->next = c->first;
        c->first = child;
    }
    return c;
}
