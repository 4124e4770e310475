/* tx_gather.c - words and changes that wait for the end of the group. */
#include "data/tx_gather.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "data/field.h"
#include "data/tx_private.h"

#define CHANGES_ARENA_MAX ((size_t)256 * 1024 * 1024)

struct gathered_terms {
    gathered_terms *older;
    const entity *entity;
    int64_t id;
    uint32_t at; /* its place among those gathered */
    bool is_gone;
    crm_str *texts; /* parallel to entity->search_fields; after them the keys of the name */
};

struct gathered_change {
    gathered_change *older;
    change change;
};

typedef struct held_registry {
    struct held_registry *next;
    const registry *reg;
} held_registry;

struct changes_box {
    changes_batch pub; /* first */
    _Atomic uint32_t refs;
    arena *arena;
    held_registry *held;
};

crm_status tx_gathered_init(tx_gathered *g, arena *a)
{
    *g = (tx_gathered){.arena = a};
    return CRM_OK;
}

static void box_free(changes_box *box)
{
    if (!box) {
        return;
    }
    for (held_registry *h = box->held; h; h = h->next) {
        registry_unpin(h->reg);
    }
    arena_free(box->arena);
    free(box);
}

void tx_gathered_fini(tx_gathered *g)
{
    box_free(g->box);
}

tx_gathered_mark tx_gathered_mark_get(const tx_gathered *g)
{
    return (tx_gathered_mark){g->terms, g->changes, g->term_count, g->change_count};
}

void tx_gathered_rewind(tx_gathered *g, tx_gathered_mark m)
{
    /* The memory of dropped changes stays in their arena until the batch goes. */
    g->terms = m.terms;
    g->term_count = m.term_count;
    g->changes = m.changes;
    g->change_count = m.change_count;
}

/* ---- words ----------------------------------------------------------------------------------- */

static crm_str text_dup(arena *a, value v)
{
    return v.kind == VALUE_TEXT ? arena_dup(a, v.s) : (crm_str){0};
}

crm_status tx_gathered_terms(tx_gathered *g, const entity *e, int64_t id, const value *row)
{
    if (!e->search_count && !e->match_field) {
        return CRM_OK;
    }
    gathered_terms *n = ARENA_NEW(g->arena, gathered_terms);
    if (!n) {
        return CRM_NOMEM;
    }
    *n = (gathered_terms){
        .older = g->terms, .entity = e, .id = id, .at = g->term_count, .is_gone = !row};
    if (row) {
        n->texts = ARENA_ARRAY(g->arena, crm_str, e->search_count + 1);
        for (uint32_t i = 0; n->texts && i < e->search_count; i++) {
            n->texts[i] = text_dup(g->arena, row[e->search_fields[i]]);
        }
        if (n->texts && e->match_field) {
            n->texts[e->search_count] = text_dup(g->arena, row[e->match_field]);
        }
    }
    if (arena_failed(g->arena)) {
        return CRM_NOMEM;
    }
    g->terms = n;
    g->term_count++;
    return CRM_OK;
}

static crm_status write_terms(tx *t, const gathered_terms *n)
{
    engine_op op = {.kind = ENGINE_TERMS, .entity = n->entity, .id = n->id};
    if (n->is_gone) {
        return tx_run(t, &op);
    }
    crm_str *terms = ARENA_ARRAY(t->arena, crm_str, n->entity->search_count + 1);
    crm_status st = terms ? CRM_OK : CRM_NOMEM;
    for (uint32_t i = 0; !st && i < n->entity->search_count; i++) {
        const field *f = &n->entity->fields[n->entity->search_fields[i]];
        if (n->texts[i].n) {
            st = f->type == FIELD_PHONE ? phone_terms(t->arena, n->texts[i], &terms[i])
                                        : text_terms(t->arena, n->texts[i], &terms[i]);
        }
    }
    if (terms) {
        terms[n->entity->search_count] = n->texts[n->entity->search_count];
    }
    op.terms = terms;
    return st ? st : tx_run(t, &op);
}

/* By entity and id; of one record the newest first. */
static int by_record(const void *x, const void *y)
{
    const gathered_terms *a = *(const gathered_terms *const *)x;
    const gathered_terms *b = *(const gathered_terms *const *)y;
    if (a->entity->id != b->entity->id) {
        return a->entity->id < b->entity->id ? -1 : 1;
    }
    if (a->id != b->id) {
        return a->id < b->id ? -1 : 1;
    }
    return (a->at < b->at) - (a->at > b->at);
}

/* By ascending id: at one that is below the last, FTS5 writes all it holds to its tables. */
crm_status tx_gathered_write_terms(tx_gathered *g, tx *t)
{
    if (!g->term_count) {
        return CRM_OK;
    }
    const gathered_terms **all = ARENA_ARRAY(g->arena, const gathered_terms *, g->term_count);
    crm_status st = all ? CRM_OK : CRM_NOMEM;
    uint32_t count = 0;
    for (const gathered_terms *n = g->terms; !st && n; n = n->older) {
        all[count++] = n;
    }
    if (!st) {
        qsort(all, count, sizeof *all, by_record);
    }
    for (uint32_t i = 0; !st && i < count; i++) {
        bool is_again =
            i && all[i - 1]->entity->id == all[i]->entity->id && all[i - 1]->id == all[i]->id;
        st = is_again ? CRM_OK : write_terms(t, all[i]);
    }
    return st;
}

/* ---- changes --------------------------------------------------------------------------------- */

static crm_status box_make(tx_gathered *g)
{
    if (g->box) {
        return CRM_OK;
    }
    changes_box *box = calloc(1, sizeof *box);
    if (!box || !(box->arena = arena_new(CHANGES_ARENA_MAX))) {
        free(box);
        return CRM_NOMEM;
    }
    atomic_init(&box->refs, 1);
    g->box = box;
    return CRM_OK;
}

static bool hold(changes_box *box, const registry *reg)
{
    for (held_registry *h = box->held; h; h = h->next) {
        if (h->reg == reg) {
            return true;
        }
    }
    held_registry *h = ARENA_NEW(box->arena, held_registry);
    if (h) {
        *h = (held_registry){.next = box->held, .reg = registry_ref(reg)};
        box->held = h;
    }
    return h != NULL;
}

/* The changed values point into the copied rows. */
static void take_values(change *copy, arena *a, const change *ch)
{
    uint32_t n = ch->field_count;
    uint16_t *fields = ARENA_ARRAY(a, uint16_t, n ? n : 1);
    value *was = ARENA_ARRAY(a, value, n ? n : 1), *now = ARENA_ARRAY(a, value, n ? n : 1);
    if (!fields || !was || !now) {
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        fields[i] = ch->fields[i];
        was[i] = copy->row_was ? copy->row_was[fields[i]] : value_null();
        now[i] = copy->row_now ? copy->row_now[fields[i]] : value_null();
    }
    copy->fields = fields;
    copy->was = was;
    copy->now = now;
    copy->marks = NULL;
}

crm_status tx_gathered_change(tx_gathered *g, const change *ch)
{
    crm_status st = box_make(g);
    if (st) {
        return st;
    }
    arena *a = g->box->arena;
    gathered_change *n = ARENA_NEW(a, gathered_change);
    if (!n || !hold(g->box, ch->reg)) {
        return CRM_NOMEM;
    }
    n->older = g->changes;
    n->change = *ch;
    n->change.row_was = ch->row_was ? row_dup(a, ch->entity, ch->row_was) : NULL;
    n->change.row_now = ch->row_now ? row_dup(a, ch->entity, ch->row_now) : NULL;
    take_values(&n->change, a, ch);
    if (arena_failed(a)) {
        return CRM_NOMEM;
    }
    g->changes = n;
    g->change_count++;
    return CRM_OK;
}

const change *tx_gathered_last(const tx_gathered *g)
{
    const gathered_change *n = g->changes;
    while (n && n->change.because) {
        n = n->older;
    }
    return n ? &n->change : NULL;
}

changes_batch *tx_gathered_take(tx_gathered *g)
{
    changes_box *box = g->box;
    if (!box || !g->change_count) {
        return NULL;
    }
    box->pub.at = ARENA_ARRAY(box->arena, change, g->change_count);
    if (!box->pub.at) {
        /* The log holds them all the same: receivers catch up from it. */
        return NULL;
    }
    uint32_t i = box->pub.count = g->change_count;
    for (const gathered_change *n = g->changes; n; n = n->older) {
        box->pub.at[--i] = n->change;
        if (n->change.position > box->pub.last_position) {
            box->pub.last_position = n->change.position;
        }
    }
    g->box = NULL;
    g->changes = NULL;
    g->change_count = 0;
    return &box->pub;
}

changes_batch *changes_ref(changes_batch *b)
{
    if (b) {
        atomic_fetch_add_explicit(&((changes_box *)b)->refs, 1, memory_order_relaxed);
    }
    return b;
}

void changes_unref(changes_batch *b)
{
    changes_box *box = (changes_box *)b;
    if (box && atomic_fetch_sub_explicit(&box->refs, 1, memory_order_acq_rel) == 1) {
        box_free(box);
    }
}
