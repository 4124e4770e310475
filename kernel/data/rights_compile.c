/*
 * rights_compile.c - grants of a principal's roles become branches of one entity.
 *
 * Each scope is a list of simple conditions, one branch each, because an engine merges simple
 * branches by their indexes. Only when that makes too many does a scope become one branch with
 * `or`.
 */
#include "data/access.h"
#include "data/rights_private.h"
#include "data/stores.h"

#define PARTS_MAX      8
#define DEPTH_MAX      3
#define PATH_MAX_PARTS 2 /* a branch leads through two references at most */
#define ACTION_BIT(a)  (1u << (a))

typedef struct parts {
    const cond *at[PARTS_MAX]; /* NULL: every row */
    uint32_t count;
} parts;

/* Where a branch comes from: equal keys and equal fields are one branch. */
typedef struct branch_key {
    scope scope;
    uint32_t part;
    crm_str where_text;
    const crm_str *linked; /* the list itself: equal texts in two lists stay two */
    crm_str role;          /* only for parts of which roles see different fields: the first such */
} branch_key;

typedef struct compiler {
    const rights_inputs *in;
    const entity *entity;
    branches *out;
    branch_key keys[BRANCHES_MAX];
    parts scopes[SCOPE_LINKED]; /* made once: READ and UPDATE of the team share its list */
    bool has_scope[SCOPE_LINKED];
    bool is_joined;                      /* one branch per scope */
    const entity *parts[PATH_MAX_PARTS]; /* of which roles see different fields */
    uint32_t part_count;
    bool is_common; /* of parts: only the fields that all of the roles see */
    bool is_over;
    int depth;
} compiler;

static crm_status compile(const rights_inputs *in, const entity *e, int depth,
                          const branches **out);
static crm_status compile_entity(compiler *k);

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

/* A row that a readable record of another entity refers to. */
static void linked_parts(compiler *k, const grant *g, parts *p)
{
    arena *a = k->in->arena;
    for (uint32_t i = 0; i < g->linked_count; i++) {
        const entity *child = registry_entity(k->in->reg, g->linked_to[i]);
        const branches *all;
        if (!child || k->depth >= DEPTH_MAX || compile(k->in, child, k->depth + 1, &all)) {
            continue;
        }
        for (uint32_t f = COL_OWN; f < child->field_count; f++) {
            uint64_t shown[4] = {0};
            if (child->fields[f].type != FIELD_REF || child->fields[f].ref != k->entity) {
                continue;
            }
            bits_add(shown, f);
            const branches *hop = rights_readable(a, all, shown);
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

static void scope_parts(compiler *k, const grant *g, parts *p)
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

static void join(arena *a, parts *p)
{
    const cond *all = p->count ? p->at[0] : NULL;
    for (uint32_t i = 1; i < p->count; i++) {
        all = cond_or(a, all, p->at[i]);
    }
    if (p->count > 1) {
        *p = (parts){.at = {all}, .count = 1};
    }
}

/* ---- grants ---------------------------------------------------------------------------------- */

static void granted_fields(const grant *g, const entity *e, uint64_t out[4])
{
    memset(out, 0, 4 * sizeof *out);
    /* What every row is known by comes with the row. */
    for (uint32_t i = 0; i < (g->field_count ? COL_OWN : e->field_count); i++) {
        bits_add(out, i);
    }
    for (uint32_t i = 0; i < g->field_count; i++) {
        const field *f = entity_field(e, g->fields[i]);
        if (f) {
            bits_add(out, f->index);
        }
    }
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (e->fields[i].flags & FIELD_HIDDEN) {
            bits_drop(out, i);
        }
    }
}

static bool same_key(const branch_key *x, const branch_key *y)
{
    return x->scope == y->scope && x->part == y->part && str_eq(x->where_text, y->where_text) &&
           x->linked == y->linked && str_eq(x->role, y->role);
}

static void add_branch(compiler *k, const branch_key *key, const branch *b)
{
    for (uint32_t i = 0; i < k->out->count; i++) {
        branch *old = &k->out->at[i];
        if (same_key(&k->keys[i], key) && !memcmp(old->fields, b->fields, sizeof b->fields)) {
            old->actions |= b->actions;
            return;
        }
    }
    if (k->out->count == BRANCHES_MAX) {
        k->is_over = true;
        return;
    }
    k->keys[k->out->count] = *key;
    k->out->at[k->out->count++] = *b;
}

static bool role_matches(const principal *who, crm_str wanted)
{
    crm_str module = CRM_S("module:");
    if (who->kind == PRINCIPAL_MODULE) {
        return str_starts(wanted, module) &&
               (str_eq(wanted, who->name) ||
                str_eq((crm_str){wanted.p + module.n, wanted.n - module.n}, who->name));
    }
    if (who->kind != PRINCIPAL_USER) {
        return false;
    }
    for (uint32_t i = 0; i < who->role_count; i++) {
        if (str_eq(who->roles[i], wanted)) {
            return true;
        }
    }
    return str_is(wanted, ROLE_EVERYONE);
}

static bool holds_function(const principal *who, const function_grant *f)
{
    bool is_left = access_has_function(who->scope, f->function);
    for (uint32_t i = 0; is_left && i < f->holder_count; i++) {
        if (who->kind == PRINCIPAL_USER &&
            (str_eq(f->holders[i], who->name) || role_matches(who, f->holders[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_granted_to(const registry *r, const principal *who, const grant *g)
{
    crm_str function = g->role;
    if (!str_starts(function, CRM_S(ROLE_FUNCTION))) {
        return role_matches(who, g->role);
    }
    function.p += sizeof ROLE_FUNCTION - 1;
    function.n -= sizeof ROLE_FUNCTION - 1;
    for (uint32_t i = 0; i < r->function_count; i++) {
        const function_grant *f = &r->functions[i];
        if (str_eq(f->function, function) && holds_function(who, f)) {
            return true;
        }
    }
    return false;
}

bool grant_covers(const grant *g, const entity *e)
{
    crm_str name = g->entity_name;
    bool has_dot = str_find(e->name, '.') >= 0;
    if (str_is(name, "*")) {
        return has_dot && !(e->flags & ENTITY_SYSTEM);
    }
    if (str_ends(name, CRM_S(".*"))) {
        return has_dot && str_starts(e->name, (crm_str){name.p, name.n - 1});
    }
    return str_eq(name, e->name);
}

static void named_fields(const entity *e, const crm_str *names, uint32_t count, uint64_t out[4])
{
    memset(out, 0, 4 * sizeof *out);
    for (uint32_t i = 0; i < count; i++) {
        const field *f = entity_field(e, names[i]);
        if (f && !(f->flags & FIELD_HIDDEN)) {
            bits_add(out, f->index);
        }
    }
}

/* Figures are no rows: the right to them stands beside the branches. */
static void add_summary(compiler *k, const grant *g, const parts *p)
{
    summary_right s = {.at_least = g->at_least, .is_counted = g->is_counted, .source = g->source};
    if (!p->count) {
        return; /* a scope of no rows */
    }
    if (k->out->sum_count == SUMMARIES_MAX) {
        k->is_over = true;
        return;
    }
    s.where = g->where ? cond_and(k->in->arena, p->at[0], g->where) : p->at[0];
    named_fields(k->entity, g->fields, g->field_count, s.sums);
    named_fields(k->entity, g->keys, g->key_count, s.keys);
    k->out->sums[k->out->sum_count++] = s;
}

/* ---- what a role sees of parts --------------------------------------------------------------- */

static bool is_list_of(const grant *g, const entity *part)
{
    return g->action == ACTION_READ && g->field_count && grant_covers(g, part);
}

static bool has_lists(const registry *r, const entity *part)
{
    for (uint32_t i = 0; i < r->grant_count; i++) {
        if (is_list_of(&r->grants[i], part)) {
            return true;
        }
    }
    return false;
}

/* The fields of the part that a role is given, all where it says nothing of them. */
static void listed_fields(const compiler *k, const entity *part, crm_str whose, uint64_t out[4])
{
    const registry *r = k->in->reg;
    bool is_listed = false;
    uint64_t one[4];
    memset(out, 0, 4 * sizeof *out);
    for (uint32_t i = 0; i < r->grant_count; i++) {
        if (is_list_of(&r->grants[i], part) && str_eq(r->grants[i].role, whose)) {
            granted_fields(&r->grants[i], part, one);
            bits_or(out, one);
            is_listed = true;
        }
    }
    if (!is_listed) {
        granted_fields(&(grant){.field_count = 0}, part, out);
    }
    bits_add(out, part->parent_field);
}

static bool lists_same(const compiler *k, const entity *part, crm_str one, crm_str other)
{
    uint64_t x[4], y[4];
    listed_fields(k, part, one, x);
    listed_fields(k, part, other, y);
    return memcmp(x, y, sizeof x) == 0;
}

/* What every role of his that has a list sees. */
static void common_fields(const compiler *k, const entity *part, uint64_t out[4])
{
    const registry *r = k->in->reg;
    uint64_t one[4];
    listed_fields(k, part, (crm_str){0}, out);
    for (uint32_t i = 0; i < r->grant_count; i++) {
        const grant *g = &r->grants[i];
        if (is_list_of(g, part) && is_granted_to(r, k->in->who, g)) {
            listed_fields(k, part, g->role, one);
            for (int n = 0; n < 4; n++) {
                out[n] &= one[n];
            }
        }
    }
}

/* The first role that sees the same fields of every part as this one. */
static crm_str like_role(const compiler *k, crm_str whose)
{
    const registry *r = k->in->reg;
    for (uint32_t i = 0; k->part_count && !k->is_common && i < r->grant_count; i++) {
        bool is_same = grant_covers(&r->grants[i], k->entity);
        for (uint32_t n = 0; is_same && n < k->part_count; n++) {
            is_same = lists_same(k, k->parts[n], whose, r->grants[i].role);
        }
        if (is_same) {
            return r->grants[i].role;
        }
    }
    return (crm_str){0};
}

static void add_grant(compiler *k, const grant *g)
{
    parts p;
    branch b = {.actions = ACTION_BIT(g->action), .source = g->source};
    if (g->where_text.n && !g->where) {
        return; /* a limit that was not resolved must not become none */
    }
    scope_parts(k, g, &p);
    if (k->is_joined || g->action == ACTION_AGGREGATE) {
        join(k->in->arena, &p);
    }
    if (g->action == ACTION_AGGREGATE) {
        add_summary(k, g, &p);
        return;
    }
    granted_fields(g, k->entity, b.fields);
    for (uint32_t i = 0; i < p.count; i++) {
        branch_key key = {
            .scope = g->scope, .part = i, .where_text = g->where_text, .linked = g->linked_to};
        key.role = like_role(k, g->role);
        b.where = g->where ? cond_and(k->in->arena, p.at[i], g->where) : p.at[i];
        add_branch(k, &key, &b);
    }
}

/* ---- functions that carry an action ---------------------------------------------------------- */

static const struct {
    const char *function;
    action gives, over; /* who holds it may do `gives` to the rows he may do `over` to */
} function_actions[] = {
    {"delete", ACTION_DELETE, ACTION_UPDATE},
    {"export", ACTION_EXPORT, ACTION_READ},
    {"import", ACTION_IMPORT, ACTION_CREATE},
    {"merge", ACTION_MERGE, ACTION_UPDATE},
};

/* A declared function is needed besides the grant, and is a grant over what one may change. */
static void apply_function(compiler *k, size_t which)
{
    bool is_declared = false, is_held = false;
    for (uint32_t i = 0; i < k->in->reg->function_count; i++) {
        const function_grant *f = &k->in->reg->functions[i];
        if (str_is(f->function, function_actions[which].function)) {
            is_declared = true;
            is_held |= holds_function(k->in->who, f);
        }
    }
    uint32_t gives = ACTION_BIT(function_actions[which].gives);
    uint32_t over = ACTION_BIT(function_actions[which].over);
    for (uint32_t i = 0; is_declared && i < k->out->count; i++) {
        branch *b = &k->out->at[i];
        if (is_held && b->actions & over) {
            b->actions |= gives;
        } else if (!is_held && k->in->who->kind == PRINCIPAL_USER) {
            b->actions &= ~gives;
        }
    }
}

/* ---- part_of --------------------------------------------------------------------------------- */

/* Fields of the parent a person could change, out of what he sees. */
static void seen_fields(const entity *e, const branches *b, uint64_t out[4])
{
    memset(out, 0, 4 * sizeof *out);
    for (uint32_t i = 0; i < b->count; i++) {
        if (b->at[i].actions & ACTION_BIT(ACTION_READ)) {
            bits_or(out, b->at[i].fields);
        }
    }
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (i < COL_OWN || e->fields[i].flags & FIELD_READ_ONLY) {
            bits_drop(out, i);
        }
    }
}

/* Lines follow their parent. Changing them changes the parent, so it takes the right to change all
 * of it that one sees, not one field. */
static void take_parent(compiler *k, const compiler *whole)
{
    const entity *e = k->entity;
    const branches *b = whole->out;
    uint64_t seen[4];
    seen_fields(whole->entity, b, seen);
    for (uint32_t i = 0; i < b->count; i++) {
        branch child = b->at[i];
        if (child.via_count == 2) {
            continue;
        }
        child.via[1] = child.via[0];
        child.via[0] = &e->fields[e->parent_field];
        child.via_count++;
        uint32_t actions = child.actions;
        child.actions &= ACTION_BIT(ACTION_READ) | ACTION_BIT(ACTION_EXPORT);
        if (actions & ACTION_BIT(ACTION_UPDATE) && bits_cover(b->at[i].fields, seen)) {
            child.actions |=
                ACTION_BIT(ACTION_CREATE) | ACTION_BIT(ACTION_UPDATE) | ACTION_BIT(ACTION_DELETE);
        }
        if (k->is_common) {
            common_fields(k, e, child.fields);
        } else {
            listed_fields(k, e, whole->keys[i].role, child.fields);
        }
        if (child.actions) {
            k->keys[k->out->count] = whole->keys[i];
            k->out->at[k->out->count++] = child;
        }
    }
}

/* Whose right it is: it names its line. */
static crm_str role_of_summary(const registry *r, const summary_right *s)
{
    for (uint32_t i = 0; i < r->grant_count; i++) {
        const grant *g = &r->grants[i];
        if (g->action == ACTION_AGGREGATE && g->source.p == s->source.p) {
            return g->role;
        }
    }
    return (crm_str){0};
}

static void name_own(const entity *e, const grant *g, summary_right *s)
{
    uint64_t own[4];
    named_fields(e, g->fields, g->field_count, own);
    bits_or(s->sums, own);
    named_fields(e, g->keys, g->key_count, own);
    bits_or(s->keys, own);
    s->at_least = g->at_least > s->at_least ? g->at_least : s->at_least;
}

/* Figures of parts are of the rows that the right to the parent's covers, in the same order; what
 * of their own fields may be told is named beside it, for the same role. */
static void take_summaries(compiler *k, const branches *parent)
{
    const registry *r = k->in->reg;
    for (uint32_t i = 0; i < parent->sum_count; i++) {
        summary_right s = parent->sums[i];
        crm_str whose = role_of_summary(r, &s);
        memset(s.sums, 0, sizeof s.sums);
        memset(s.keys, 0, sizeof s.keys);
        for (uint32_t n = 0; n < r->grant_count; n++) {
            const grant *g = &r->grants[n];
            bool is_own = g->action == ACTION_AGGREGATE &&
                          str_eq(g->entity_name, k->entity->name) && str_eq(g->role, whose);
            if (is_own) {
                name_own(k->entity, g, &s);
            }
        }
        k->out->sums[k->out->sum_count++] = s;
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static crm_status compile_grants(compiler *k)
{
    const registry *r = k->in->reg;
    k->out->count = k->out->sum_count = 0;
    k->is_over = false;
    for (uint32_t i = 0; i < r->grant_count; i++) {
        const grant *g = &r->grants[i];
        if (grant_covers(g, k->entity) && is_granted_to(r, k->in->who, g)) {
            add_grant(k, g);
        }
    }
    for (size_t i = 0; i < sizeof function_actions / sizeof function_actions[0]; i++) {
        apply_function(k, i);
    }
    return k->is_over ? CRM_LIMIT : CRM_OK;
}

/* So many different lists that a row's roles cannot be told apart: its parts are seen by what all
 * of them show. Less than granted, never more, and never no row at all. */
static crm_status compile_common(compiler *k)
{
    k->is_common = true;
    k->is_joined = false;
    crm_status st = compile_grants(k);
    if (st == CRM_LIMIT) {
        k->is_joined = true;
        st = compile_grants(k);
    }
    log_event(LOG_WARN, "rights.lists_joined", "entity=%s user=%lld", log_quote(k->parts[0]->name),
              (long long)k->in->who->user);
    return st;
}

static crm_status compile_part(compiler *k)
{
    compiler whole = {.in = k->in,
                      .entity = k->entity->fields[k->entity->parent_field].ref,
                      .depth = k->depth + 1,
                      .part_count = k->part_count};
    memcpy(whole.parts, k->parts, sizeof whole.parts);
    if (has_lists(k->in->reg, k->entity) && whole.part_count < PATH_MAX_PARTS) {
        whole.parts[whole.part_count++] = k->entity;
    }
    crm_status st = k->depth < DEPTH_MAX ? compile_entity(&whole) : CRM_LIMIT;
    if (!st) {
        k->is_common = whole.is_common;
        take_parent(k, &whole);
        take_summaries(k, whole.out);
    }
    return st;
}

static crm_status compile_entity(compiler *k)
{
    k->out = ARENA_NEW(k->in->arena, branches);
    if (!k->out) {
        return CRM_NOMEM;
    }
    if (entity_is_part(k->entity)) {
        return compile_part(k);
    }
    crm_status st = compile_grants(k);
    if (st == CRM_LIMIT) {
        k->is_joined = true;
        st = compile_grants(k);
    }
    if (st == CRM_LIMIT && k->part_count) {
        st = compile_common(k);
    }
    return st;
}

static crm_status compile(const rights_inputs *in, const entity *e, int depth, const branches **out)
{
    compiler k = {.in = in, .entity = e, .depth = depth};
    crm_status st = compile_entity(&k);
    *out = k.out;
    return !st && arena_failed(in->arena) ? CRM_NOMEM : st;
}

crm_status rights_compile(const rights_inputs *in, const entity *e, const branches **out)
{
    return compile(in, e, 0, out);
}
