/*
 * rights.c - the branches of a principal, compiled once per people snapshot and registry.
 *
 * The compiled rights live in the people snapshot, which every call pins; a table belongs to one
 * registry, known by its serial, since a freed registry's address may come again. Entries are added
 * and never removed while the snapshot lives, so readers take no lock. What does not fit a table is
 * compiled into the call's own arena: slower, never wrong.
 */
#include "data/rights_private.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "data/access.h"
#include "data/people_private.h"

#define TABLES_MAX      8
#define BUCKETS         256
#define TABLE_ARENA_MAX ((size_t)16 * 1024 * 1024)
#define ALL_BITS                   \
    {                              \
        ~0ull, ~0ull, ~0ull, ~0ull \
    }

typedef struct principal_rights {
    struct principal_rights *next;
    uint64_t hash;
    principal who;
    _Atomic(const branches *) at[]; /* by entity->index */
} principal_rights;

typedef struct rights_table {
    _Atomic uint64_t serial; /* of the registry; 0: free */
    arena *arena;
    _Atomic(principal_rights *) buckets[BUCKETS];
} rights_table;

struct rights_tables {
    pthread_mutex_t lock; /* of making tables and entries */
    rights_table at[TABLES_MAX];
};

static const branches everything = {
    .at = {{.fields = ALL_BITS, .actions = ~0u, .kinds = ~0ull, .source = {"system", 6}}},
    .count = 1,
    .exported = &everything};
static const branches everything_of_log = {
    .at = {{.fields = ALL_BITS,
            .actions = 1u << ACTION_READ | 1u << ACTION_EXPORT,
            .source = {"system", 6}}},
    .count = 1,
    .exported = &everything_of_log};
static const branches nothing;

rights_tables *rights_tables_new(void)
{
    rights_tables *t = calloc(1, sizeof *t);
    if (t) {
        pthread_mutex_init(&t->lock, NULL);
    }
    return t;
}

void rights_tables_free(rights_tables *t)
{
    if (t) {
        for (int i = 0; i < TABLES_MAX; i++) {
            arena_free(t->at[i].arena);
        }
        pthread_mutex_destroy(&t->lock);
        free(t);
    }
}

/* ---- finding --------------------------------------------------------------------------------- */

static uint64_t hash_principal(const principal *p)
{
    uint64_t h = (uint64_t)p->user * 0x9E3779B97F4A7C15ull + (uint64_t)p->kind;
    h ^= str_hash(p->name) + (uint64_t)p->department * 31 + (uintptr_t)p->scope;
    for (uint32_t i = 0; i < p->role_count; i++) {
        h = h * 1099511628211ull ^ str_hash(p->roles[i]);
    }
    return h;
}

static bool same_principal(const principal *x, const principal *y)
{
    if (x->kind != y->kind || x->user != y->user || x->department != y->department ||
        x->role_count != y->role_count || x->scope != y->scope || !str_eq(x->name, y->name)) {
        return false;
    }
    for (uint32_t i = 0; i < x->role_count; i++) {
        if (!str_eq(x->roles[i], y->roles[i])) {
            return false;
        }
    }
    return true;
}

static rights_table *table_find(rights_tables *t, uint64_t serial)
{
    for (int i = 0; i < TABLES_MAX; i++) {
        uint64_t at = atomic_load_explicit(&t->at[i].serial, memory_order_acquire);
        if (at == serial) {
            return &t->at[i];
        }
        if (!at) {
            break;
        }
    }
    return NULL;
}

static principal_rights *entry_find(rights_table *t, const principal *who, uint64_t hash)
{
    principal_rights *p = atomic_load_explicit(&t->buckets[hash % BUCKETS], memory_order_acquire);
    while (p && (p->hash != hash || !same_principal(&p->who, who))) {
        p = p->next;
    }
    return p;
}

/* ---- making (under the lock) ----------------------------------------------------------------- */

static rights_table *table_make(rights_tables *t, uint64_t serial)
{
    rights_table *found = table_find(t, serial);
    for (int i = 0; !found && i < TABLES_MAX; i++) {
        rights_table *at = &t->at[i];
        if (!atomic_load_explicit(&at->serial, memory_order_relaxed)) {
            at->arena = at->arena ? at->arena : arena_new(TABLE_ARENA_MAX);
            if (!at->arena) {
                return NULL;
            }
            atomic_store_explicit(&at->serial, serial, memory_order_release);
            found = at;
        }
    }
    return found;
}

static bool copy_principal(arena *a, principal *copy, const principal *who)
{
    *copy = *who;
    copy->name = arena_dup(a, who->name);
    crm_str *roles = ARENA_ARRAY(a, crm_str, who->role_count + 1);
    for (uint32_t i = 0; roles && i < who->role_count; i++) {
        roles[i] = arena_dup(a, who->roles[i]);
    }
    copy->roles = roles;
    return !arena_failed(a);
}

static principal_rights *entry_make(rights_table *t, const crm_ctx *c, uint64_t hash)
{
    principal_rights *p = entry_find(t, c->who, hash);
    if (p) {
        return p;
    }
    p = arena_alloc(t->arena, sizeof *p + c->reg->entity_count * sizeof p->at[0]);
    if (!p || !copy_principal(t->arena, &p->who, c->who)) {
        return NULL;
    }
    p->hash = hash;
    p->next = atomic_load_explicit(&t->buckets[hash % BUCKETS], memory_order_relaxed);
    atomic_store_explicit(&t->buckets[hash % BUCKETS], p, memory_order_release);
    return p;
}

/* What a token that may only read leaves of them. NULL when memory is out. */
static const branches *narrowed(const access_scope *s, const branches *b, arena *a)
{
    branches *out = b && s && s->is_read_only ? ARENA_NEW(a, branches) : NULL;
    if (!out) {
        return s && s->is_read_only ? NULL : b;
    }
    *out = *b;
    for (uint32_t i = 0; i < out->count; i++) {
        out->at[i].actions = access_actions(s, out->at[i].actions);
    }
    return out;
}

/* NULL when memory is out. Too many branches is an error of the ТЗ: it is told, nothing is granted.
 */
static const branches *compiled(const crm_ctx *c, const entity *e, arena *a)
{
    const branches *b = NULL;
    if (!access_has_entity(c->who->scope, e->name)) {
        return &nothing;
    }
    rights_inputs in = {.reg = c->reg, .people = c->people, .who = c->who, .arena = a};
    crm_status st = rights_compile(&in, e, &b);
    if (st == CRM_LIMIT) {
        log_event(LOG_ERROR, "rights.too_many", "user=%s entity=%s max=%d", log_quote(c->who->name),
                  log_quote(e->name), BRANCHES_MAX);
        return &nothing;
    }
    return st ? NULL : narrowed(c->who->scope, b, a);
}

static const branches *make(rights_tables *all, const crm_ctx *c, const entity *e, uint64_t hash)
{
    const branches *b = NULL;
    pthread_mutex_lock(&all->lock);
    rights_table *t = table_make(all, c->reg->serial);
    principal_rights *p = t && !arena_failed(t->arena) ? entry_make(t, c, hash) : NULL;
    if (p) {
        b = atomic_load_explicit(&p->at[e->index], memory_order_relaxed);
    }
    if (p && !b) {
        b = compiled(c, e, t->arena);
        atomic_store_explicit(&p->at[e->index], b, memory_order_release);
    }
    pthread_mutex_unlock(&all->lock);
    return b;
}

static const branches *look_up(crm_ctx *c, const entity *e)
{
    rights_tables *all = people_rights(c->people);
    if (!all || !c->reg->serial) {
        return NULL;
    }
    uint64_t hash = hash_principal(c->who);
    rights_table *t = table_find(all, c->reg->serial);
    principal_rights *p = t ? entry_find(t, c->who, hash) : NULL;
    const branches *b = p ? atomic_load_explicit(&p->at[e->index], memory_order_acquire) : NULL;
    return b ? b : make(all, c, e, hash);
}

const branches *rights_of(crm_ctx *c, const entity *e)
{
    assert(e->index < c->reg->entity_count && c->reg->entities[e->index] == e);
    if (c->who->kind == PRINCIPAL_SYSTEM) {
        return e->flags & ENTITY_LOG ? &everything_of_log : &everything;
    }
    if (c->who->kind == PRINCIPAL_NOBODY || e->flags & ENTITY_SYSTEM) {
        return &nothing;
    }
    const branches *b = look_up(c, e);
    b = b ? b : compiled(c, e, c->arena);
    return b ? b : &nothing;
}

/* ---- asking ---------------------------------------------------------------------------------- */

uint32_t rights_for(const branches *b, action a)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        bits |= (b->at[i].actions >> a & 1u) << i;
    }
    return bits;
}

uint32_t rights_touching(const branches *b, const uint64_t touched[4])
{
    uint32_t bits = rights_for(b, ACTION_READ);
    for (uint32_t i = 0; i < b->count; i++) {
        if (!bits_cover(b->at[i].fields, touched)) {
            bits &= ~(1u << i);
        }
    }
    return bits;
}

bool rights_may_sum(crm_ctx *c, const entity *e)
{
    return rights_of(c, e)->sum_count > 0;
}

bool rights_may_some(crm_ctx *c, const entity *e, action a)
{
    return rights_for(rights_of(c, e), a) != 0;
}

const branches *rights_exported(crm_ctx *c, const entity *e)
{
    const branches *b = rights_of(c, e)->exported;
    return b ? b : &nothing;
}

bool rights_may_export(crm_ctx *c, const entity *e)
{
    return rights_for(rights_exported(c, e), ACTION_READ) != 0;
}

bool rights_may_import(crm_ctx *c, const entity *e)
{
    return rights_may_some(c, e, ACTION_IMPORT) &&
           (rights_may_some(c, e, ACTION_CREATE) || rights_may_some(c, e, ACTION_UPDATE));
}

bool rights_reads_none(crm_ctx *c, const entity *e, int64_t user)
{
    const branches *b = NULL;
    principal who;
    if (people_principal(c->arena, c->people, user, &who) != CRM_OK) {
        return false;
    }
    const rights_inputs in = {c->reg, c->people, &who, c->arena};
    return rights_compile(&in, e, &b) == CRM_OK && !rights_for(b, ACTION_READ);
}

static bool reads_some(const registry *r, const role *who, const entity *e)
{
    for (uint32_t i = 0; i < r->grant_count; i++) {
        const grant *g = &r->grants[i];
        if (g->action == ACTION_READ && str_eq(g->role, who->name) && grant_covers(g, e)) {
            return true;
        }
    }
    return false;
}

unsigned rights_foreign(crm_ctx *c, const entity *e)
{
    unsigned bits = 0;
    bool is_of_kernel = str_find(e->name, '.') < 0;
    if (is_of_kernel || e->parent_field || !rights_may_some(c, e, ACTION_READ)) {
        return 0;
    }
    for (uint32_t i = 0; i < c->reg->role_count; i++) {
        const role *r = &c->reg->roles[i];
        if (r->foreign && call_has_role(c, r->name) && reads_some(c->reg, r, e)) {
            bits |= r->foreign;
        }
    }
    return bits;
}

uint64_t rights_kinds_for(const branches *b, uint32_t matched)
{
    uint64_t kinds = 0;
    matched &= rights_for(b, ACTION_READ);
    for (uint32_t i = 0; i < b->count; i++) {
        kinds |= matched >> i & 1 ? b->at[i].kinds : 0;
    }
    return kinds;
}

void rights_fields_for(const branches *b, uint32_t matched, action a, uint64_t fields[4])
{
    memset(fields, 0, 4 * sizeof *fields);
    matched &= rights_for(b, a);
    for (uint32_t i = 0; i < b->count; i++) {
        if (matched >> i & 1) {
            bits_or(fields, b->at[i].fields);
        }
    }
}

void rights_fields(crm_ctx *c, const entity *e, uint64_t out[4])
{
    rights_fields_for(rights_of(c, e), ~0u, ACTION_READ, out);
}

uint32_t rights_actions(const branches *b, uint32_t matched)
{
    uint32_t actions = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        actions |= matched >> i & 1 ? b->at[i].actions : 0;
    }
    return actions;
}

const branches *rights_readable(arena *a, const branches *b, const uint64_t touched[4])
{
    branches *out = ARENA_NEW(a, branches);
    uint32_t bits = rights_touching(b, touched);
    for (uint32_t i = 0; out && i < b->count; i++) {
        if (bits >> i & 1) {
            out->at[out->count++] = b->at[i];
        }
    }
    return out;
}

void rights_judged(const registry *r, const entity *e, uint64_t out[4])
{
    const uint16_t columns[] = {COL_CREATED_BY,     e->owner_fields[0],  e->owner_fields[1],
                                e->owner_fields[2], e->stage_field,      e->department_field,
                                e->parent_field,    e->parent_kind_field};
    memset(out, 0, 4 * sizeof *out);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        bits_add(out, columns[i]);
    }
    for (uint32_t i = 0; i < r->grant_count; i++) {
        if (r->grants[i].where && grant_covers(&r->grants[i], e)) {
            cond_fields(r->grants[i].where, out);
        }
    }
    bits_drop(out, COL_ID); /* an absent column of `columns` */
}
