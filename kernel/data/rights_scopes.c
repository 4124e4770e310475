/*
 * rights_scopes.c - the rows of a scope as simple conditions: own, the team's, linked ones.
 */
#include "data/rights_compile.h"
#include "data/stores.h"

/* ---- conditions ------------------------------------------------------------------------------ */

static const cond *leaf(arena *a, cond_op op, const field *f, const value *values, uint32_t n)
{
    cond *c = ARENA_NEW(a, cond);
    if (c) {
        *c = (cond){.op = op, .path = {f}, .path_length = 1, .values = values, .value_count = n};
    }
    return c;
}

static const cond *equals(arena *a, const field *f, int64_t id)
{
    value *v = ARENA_NEW(a, value);
    if (!v) {
        return NULL;
    }
    *v = value_int(id);
    return leaf(a, COND_EQ, f, v, 1);
}

static void add_part(parts *p, const cond *c)
{
    if (c && p->count < PARTS_MAX) {
        p->at[p->count++] = c;
    }
}

/* Rows without any owner in one of these departments. */
static const cond *unowned(compiler *k, const value *departments, uint32_t count)
{
    const entity *e = k->entity;
    arena *a = k->in->arena;
    if (!e->department_field || !e->owner_fields[0] || !count) {
        return NULL;
    }
    const cond *c = leaf(a, COND_IN, &e->fields[e->department_field], departments, count);
    for (int i = 0; i < 3 && e->owner_fields[i]; i++) {
        c = cond_and(a, c, leaf(a, COND_NONE, &e->fields[e->owner_fields[i]], NULL, 0));
    }
    return c;
}

static void own_parts(compiler *k, parts *p)
{
    const entity *e = k->entity;
    arena *a = k->in->arena;
    for (int i = 0; i < 3 && e->owner_fields[i]; i++) {
        add_part(p, leaf(a, COND_ME, &e->fields[e->owner_fields[i]], NULL, 0));
    }
    if (e == registry_store(k->in->reg, STORE_USER)) {
        add_part(p, equals(a, &e->fields[COL_ID], k->in->who->user));
    } else if (!e->owner_fields[0]) {
        add_part(p, leaf(a, COND_ME, &e->fields[COL_CREATED_BY], NULL, 0));
    }
    if (k->in->who->department) {
        value *d = ARENA_NEW(a, value);
        if (d) {
            *d = value_int(k->in->who->department);
            add_part(p, unowned(k, d, 1));
        }
    }
}

/* ---- team ------------------------------------------------------------------------------------ */

static void team_parts(compiler *k, parts *p)
{
    const entity *e = k->entity;
    arena *a = k->in->arena;
    uint32_t department_count, user_count;
    const value *departments = rights_team_departments(k->in, &department_count);
    const value *users = rights_team_users(k->in, departments, department_count, &user_count);
    if (!departments || !users) {
        return;
    }
    for (int i = 0; i < 3 && e->owner_fields[i]; i++) {
        add_part(p, leaf(a, COND_IN, &e->fields[e->owner_fields[i]], users, user_count));
    }
    if (e == registry_store(k->in->reg, STORE_USER)) {
        add_part(p, leaf(a, COND_IN, &e->fields[COL_ID], users, user_count));
    } else if (!e->owner_fields[0]) {
        add_part(p, leaf(a, COND_IN, &e->fields[COL_CREATED_BY], users, user_count));
    }
    add_part(p, unowned(k, departments, department_count));
}

/* ---- linked ---------------------------------------------------------------------------------- */

/*
 * Parts of the very row are there as long as it is looked at, as they are to a condition
 * (cond_is_own_part): else who threw a record away by this right could not bring it back.
 */
static const branches *with_own_parts(arena *a, const branches *of)
{
    branches *out = of ? ARENA_NEW(a, branches) : NULL;
    if (!out) {
        return NULL;
    }
    *out = *of;
    for (uint32_t i = 0; i < out->count; i++) {
        branch *b = &out->at[i];
        b->is_via_kept =
            b->is_via_kept && b->via_count > 1; /* what that is a part of still counts */
    }
    return out;
}

/* A row that a readable record of another entity refers to. */
static void linked_parts(compiler *k, const grant *g, parts *p)
{
    arena *a = k->in->arena;
    for (uint32_t i = 0; i < g->linked_count; i++) {
        const entity *child = registry_entity(k->in->reg, g->linked_to[i]);
        const branches *all;
        if (!child || k->depth >= RIGHTS_DEPTH_MAX ||
            rights_compile_at(k->in, child, k->depth + 1, &all)) {
            continue;
        }
        for (uint32_t f = COL_OWN; f < child->field_count; f++) {
            uint64_t shown[4] = {0};
            if (child->fields[f].type != FIELD_REF || child->fields[f].ref != k->entity) {
                continue;
            }
            bits_add(shown, f);
            const branches *hop = rights_readable(a, all, shown);
            if (entity_is_part(child) && f == child->parent_field) {
                hop = with_own_parts(a, hop);
            }
            cond *c = hop && hop->count ? ARENA_NEW(a, cond) : NULL;
            if (c) {
                *c = (cond){
                    .op = COND_EXISTS, .path = {&child->fields[f]}, .path_length = 1, .hop = {hop}};
                add_part(p, c);
            }
        }
    }
}

static void make_parts(compiler *k, const grant *g, parts *p)
{
    *p = (parts){0};
    switch (g->scope) {
    case SCOPE_ALL:
        p->count = 1;
        break;
    case SCOPE_OWN:
        own_parts(k, p);
        break;
    case SCOPE_INVOLVED:
        own_parts(k, p);
        if (k->entity->owner_fields[0]) {
            const field *by = &k->entity->fields[COL_CREATED_BY];
            add_part(p, leaf(k->in->arena, COND_ME, by, NULL, 0));
        }
        break;
    case SCOPE_TEAM:
        team_parts(k, p);
        break;
    case SCOPE_LINKED:
        linked_parts(k, g, p);
        break;
    case SCOPE_NONE:
        break;
    }
}

void scope_parts(compiler *k, const grant *g, parts *p)
{
    if (g->scope >= SCOPE_LINKED) {
        make_parts(k, g, p);
        return;
    }
    if (!k->has_scope[g->scope]) {
        make_parts(k, g, &k->scopes[g->scope]);
        k->has_scope[g->scope] = true;
    }
    *p = k->scopes[g->scope];
}

void scope_join(arena *a, parts *p)
{
    const cond *all = p->count ? p->at[0] : NULL;
    for (uint32_t i = 1; i < p->count; i++) {
        all = cond_or(a, all, p->at[i]);
    }
    if (p->count > 1) {
        *p = (parts){.at = {all}, .count = 1};
    }
}
