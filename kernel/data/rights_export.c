/*
 * rights_export.c - what of an entity may leave in a file: the rows and fields that one may read
 * and export both. Rights of other scopes than reading's are paired with those to read.
 */
#include "data/rights_compile.h"

#define READS   (1u << ACTION_READ)
#define EXPORTS (1u << ACTION_EXPORT)
#define BOTH    (READS | EXPORTS)

typedef struct pairing {
    arena *arena;
    const branches *from;
    branches *out;
    bool is_joined; /* rights to export that show the same fields are one */
    bool is_over;
} pairing;

static uint32_t kind_of(const branch *b)
{
    return b->actions & BOTH;
}

static void add(pairing *p, const branch *b)
{
    if (p->out->count == BRANCHES_MAX) {
        p->is_over = true;
        return;
    }
    p->out->at[p->out->count] = *b;
    p->out->at[p->out->count++].actions = BOTH;
}

/* ---- branches that show the same fields ------------------------------------------------------ */

static bool is_alike(const branch *x, const branch *y, bool is_read)
{
    bool is_same_kind = is_read ? kind_of(y) & READS : kind_of(y) == EXPORTS;
    return is_same_kind && !memcmp(x->fields, y->fields, sizeof x->fields);
}

static bool is_first_alike(const branches *b, uint32_t i, bool is_read)
{
    uint32_t first = 0;
    while (!is_alike(&b->at[i], &b->at[first], is_read)) {
        first++;
    }
    return first == i;
}

static const cond *any_alike(arena *a, const branches *b, uint32_t i, bool is_read)
{
    const cond *any = b->at[i].where;
    for (uint32_t k = i + 1; k < b->count; k++) {
        if (is_alike(&b->at[i], &b->at[k], is_read)) {
            any = cond_or(a, any, b->at[k].where);
        }
    }
    return any;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

/* A right to export alone gives what somebody may read of its rows, and no more. */
static void add_readable(pairing *p, const branch *exports)
{
    for (uint32_t i = 0; i < p->from->count; i++) {
        const branch *reads = &p->from->at[i];
        if (!(kind_of(reads) & READS) || !is_first_alike(p->from, i, true)) {
            continue;
        }
        branch b = *exports;
        b.where = cond_and(p->arena, b.where, any_alike(p->arena, p->from, i, true));
        for (int n = 0; n < 4; n++) {
            b.fields[n] &= reads->fields[n];
        }
        add(p, &b);
    }
}

static void pair(pairing *p)
{
    p->out->count = 0;
    p->is_over = false;
    for (uint32_t i = 0; i < p->from->count; i++) {
        branch b = p->from->at[i];
        if (kind_of(&b) == BOTH) {
            add(p, &b);
        } else if (kind_of(&b) == EXPORTS && (!p->is_joined || is_first_alike(p->from, i, false))) {
            b.where = p->is_joined ? any_alike(p->arena, p->from, i, false) : b.where;
            add_readable(p, &b);
        }
    }
}

/* Most texts give both the same scope: then nothing is to be paired. */
static bool is_paired(const branches *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        if (kind_of(&b->at[i]) && kind_of(&b->at[i]) != BOTH) {
            return false;
        }
    }
    return true;
}

crm_status rights_pair_export(const rights_inputs *in, const entity *e, branches *b)
{
    if (!rights_for(b, ACTION_EXPORT) || !rights_for(b, ACTION_READ)) {
        return CRM_OK;
    }
    if (is_paired(b)) {
        b->exported = b;
        return CRM_OK;
    }
    pairing p = {.arena = in->arena, .from = b, .out = ARENA_NEW(in->arena, branches)};
    if (!p.out) {
        return CRM_NOMEM;
    }
    pair(&p);
    if (p.is_over) {
        p.is_joined = true;
        pair(&p);
    }
    if (p.is_over) {
        log_event(LOG_ERROR, "rights.too_many", "user=%s entity=%s max=%d of=export",
                  log_quote(in->who->name), log_quote(e->name), BRANCHES_MAX);
        return CRM_OK;
    }
    b->exported = p.out;
    return CRM_OK;
}
