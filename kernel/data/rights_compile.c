/*
 * rights_compile.c - grants of a principal's roles become branches of one entity.
 *
 * Each scope is a list of simple conditions, one branch each, because an engine merges simple
 * branches by their indexes. Only when that makes too many does a scope become one branch with
 * `or`.
 */
#include "data/rights_compile.h"

#include "data/access.h"
#include "data/stores.h"
#include "data/timeline.h"

#define ACTION_BIT(a) (1u << (a))

static crm_status compile_entity(compiler *k);

/* ---- grants ---------------------------------------------------------------------------------- */

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
            old->kinds |= b->kinds;
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

/* Only a right to read shows anything. */
static uint64_t kinds_of(const compiler *k, const grant *g)
{
    uint64_t kinds = 0;
    if (g->action != ACTION_READ || !g->lists_kinds) {
        return g->action == ACTION_READ ? ~0ull : 0;
    }
    for (uint32_t i = 0; i < g->kind_count; i++) {
        int kind = timeline_kind_find(k->in->reg, g->kinds[i]);
        kinds |= kind < 0 ? 0 : KIND_BIT(kind);
    }
    return kinds;
}

static void add_grant(compiler *k, const grant *g)
{
    parts p;
    branch b = {.actions = ACTION_BIT(g->action), .kinds = kinds_of(k, g), .source = g->source};
    if (g->where_text.n && !g->where) {
        return; /* a limit that was not resolved must not become none */
    }
    scope_parts(k, g, &p);
    if (k->is_joined || g->action == ACTION_AGGREGATE) {
        scope_join(k->in->arena, &p);
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

/*
 * A declared function is needed besides the grant. One that is a grant as well is of the rows that
 * its holder may do `over` to. What goes out or comes in as a file is granted by lines of its own
 * alone, and a token has to name the function whether it is declared or not.
 */
static const struct {
    const char *function;
    action gives;
    bool is_grant;
    action over;
} function_actions[] = {
    {"delete", ACTION_DELETE, true, ACTION_UPDATE},
    {"merge", ACTION_MERGE, true, ACTION_UPDATE},
    {"export", ACTION_EXPORT, false, 0},
    {"import", ACTION_IMPORT, false, 0},
};

static void apply_function(compiler *k, size_t which)
{
    const principal *who = k->in->who;
    if (k->entity == registry_store(k->in->reg, STORE_VIEW)) {
        return; /* what everybody keeps for himself takes no function */
    }
    crm_str function = str_of(function_actions[which].function);
    bool is_declared = false, is_held = false, is_grant = function_actions[which].is_grant;
    for (uint32_t i = 0; i < k->in->reg->function_count; i++) {
        const function_grant *f = &k->in->reg->functions[i];
        if (str_eq(f->function, function)) {
            is_declared = true;
            is_held |= holds_function(who, f);
        }
    }
    bool is_cut_off = !is_grant && !access_has_function(who->scope, function);
    bool takes = who->kind == PRINCIPAL_USER && !is_held && (is_declared || is_cut_off);
    uint32_t gives = ACTION_BIT(function_actions[which].gives);
    uint32_t over = ACTION_BIT(function_actions[which].over);
    for (uint32_t i = 0; i < k->out->count; i++) {
        branch *b = &k->out->at[i];
        if (is_held && is_grant && b->actions & over) {
            b->actions |= gives;
        } else if (takes) {
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

/* Further along to what the branch is about. What lies in the recycle bin takes its parts with it.
 */
static void go_by_parent(const entity *e, branch *b)
{
    b->via[1] = b->via[0];
    b->via[0] = &e->fields[e->parent_field];
    b->via_count++;
    b->is_via_kept = true;
}

/* A stage log tells of the stage: it is shown by what shows that, and nobody changes it. False:
 * this branch shows none. */
static bool as_log(const compiler *k, const entity *of, branch *b)
{
    bool shows_stage = bits_has(b->fields, of->stage_field);
    b->actions &= ACTION_BIT(ACTION_READ) | ACTION_BIT(ACTION_EXPORT);
    granted_fields(&(grant){.field_count = 0}, k->entity, b->fields);
    return shows_stage && b->actions;
}

/*
 * A note is read by whoever reads its record through a right that shows notes; he may write one as
 * well, and what becomes of it is its author's (notes.c).
 */
static bool as_notes(const compiler *k, branch *b)
{
    bool is_shown = b->actions & ACTION_BIT(ACTION_READ) && b->kinds & KIND_BIT(KIND_NOTE);
    b->actions &= ACTION_BIT(ACTION_READ) | ACTION_BIT(ACTION_EXPORT);
    b->actions |= ACTION_BIT(ACTION_CREATE) | ACTION_BIT(ACTION_UPDATE) | ACTION_BIT(ACTION_DELETE);
    granted_fields(&(grant){.field_count = 0}, k->entity, b->fields);
    return is_shown;
}

/* What the kernel keeps beside a record, its stage log or its notes, follows that record alone. */
static void take_parent_of_kept(compiler *k, const compiler *whole)
{
    bool is_log = k->entity->flags & ENTITY_LOG;
    for (uint32_t i = 0; i < whole->out->count; i++) {
        branch child = whole->out->at[i];
        if (child.via_count == 2) {
            continue;
        }
        go_by_parent(k->entity, &child);
        if (is_log ? as_log(k, whole->entity, &child) : as_notes(k, &child)) {
            k->keys[k->out->count] = whole->keys[i];
            k->out->at[k->out->count++] = child;
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
        go_by_parent(e, &child);
        uint32_t actions = child.actions;
        child.actions &=
            ACTION_BIT(ACTION_READ) | ACTION_BIT(ACTION_EXPORT) | ACTION_BIT(ACTION_IMPORT);
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
    bool is_kept = k->entity->flags & (ENTITY_LOG | ENTITY_NOTES);
    if (!is_kept && has_lists(k->in->reg, k->entity) && whole.part_count < PATH_MAX_PARTS) {
        whole.parts[whole.part_count++] = k->entity;
    }
    crm_status st = k->depth < RIGHTS_DEPTH_MAX ? compile_entity(&whole) : CRM_LIMIT;
    if (!st && is_kept) {
        take_parent_of_kept(k, &whole);
    } else if (!st) {
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

crm_status rights_compile_at(const rights_inputs *in, const entity *e, int depth,
                             const branches **out)
{
    compiler k = {.in = in, .entity = e, .depth = depth};
    crm_status st = compile_entity(&k);
    *out = k.out;
    if (!st && !depth) {
        st = rights_pair_export(in, e, k.out);
    }
    return !st && arena_failed(in->arena) ? CRM_NOMEM : st;
}

crm_status rights_compile(const rights_inputs *in, const entity *e, const branches **out)
{
    return rights_compile_at(in, e, 0, out);
}
