/*
 * registry_seal_formulas.c - sealing: computed fields are compiled, each after those it uses, and
 * every entity learns which of them follow its own fields.
 */
#include "data/field.h"
#include "data/formula.h"
#include "data/query.h"
#include "data/registry_internal.h"

#define MONEY_SCALE 2

typedef enum state { FRESH, UNDER_WAY, DONE } state;

typedef struct compiling {
    seal *s;
    uint8_t **states; /* of every entity, of every field */
    field **order;    /* as they became ready */
    uint32_t count;
} compiling;

static bool compile(compiling *c, field *f);

/* ---- one field ------------------------------------------------------------------------------- */

static bool need(void *arg, const field *f)
{
    return compile(arg, (field *)f);
}

static void fault(compiling *c, const field *f, const formula_error *err)
{
    crm_str subject = arena_fmt(c->s->a, "%.*s: %.*s", STR_FMT(f->name), STR_FMT(err->subject));
    seal_fault_near(c->s, f->source, err->code, subject, &err->nearest, err->nearest.n ? 1 : 0);
}

static bool is_result(field_type t)
{
    return t == FIELD_TEXT || t == FIELD_INT || t == FIELD_DECIMAL || t == FIELD_MONEY ||
           t == FIELD_PERCENT || t == FIELD_BOOL || t == FIELD_DATE || t == FIELD_DATETIME ||
           t == FIELD_DURATION;
}

/* COMPUTED as its own result means: nothing was declared. */
static void set_result(compiling *c, field *f)
{
    if (f->result == FIELD_COMPUTED) {
        f->result = formula_result(f->program, &f->scale);
    } else if (f->result == FIELD_MONEY && !f->scale) {
        f->scale = MONEY_SCALE;
    }
    if (!is_result(f->result) || !formula_fits(f->program, f->result)) {
        seal_fault(c->s, f->source, "formula_result", f->name);
    }
}

/* False: it stands in a circle. */
static bool compile(compiling *c, field *f)
{
    uint8_t *at = &c->states[f->entity->index][f->index];
    formula_scope in = {.a = c->s->r->arena, .need = need, .arg = c};
    formula_error err;
    if (*at != FRESH) {
        return *at == DONE;
    }
    *at = UNDER_WAY;
    crm_status st = formula_compile(&in, f, &f->program, &err);
    *at = DONE;
    if (st == CRM_OK) {
        set_result(c, f);
    } else if (st == CRM_INVALID) {
        fault(c, f, &err);
        f->program = NULL;
        f->result = FIELD_TEXT;
    }
    c->s->no_memory = c->s->no_memory || st == CRM_NOMEM;
    c->order[c->count++] = f;
    return true;
}

/* ---- what entities learn --------------------------------------------------------------------- */

static void list_computed(compiling *c, entity *e)
{
    uint16_t *at = seal_alloc(c->s, e->field_count, sizeof *at);
    for (uint32_t i = 0; at && i < c->count; i++) {
        if (c->order[i]->entity == e) {
            at[e->computed_count++] = c->order[i]->index;
        }
    }
    e->computed = at;
}

static feed *feed_of(seal *s, entity *e, const field *via)
{
    for (uint32_t i = 0; i < e->feed_count; i++) {
        if (e->feeds[i].via == via) {
            return (feed *)&e->feeds[i];
        }
    }
    feed *more = seal_alloc(s, e->feed_count + 1, sizeof *more);
    if (!more) {
        return NULL;
    }
    if (e->feed_count) {
        memcpy(more, e->feeds, e->feed_count * sizeof *more);
    }
    more[e->feed_count].via = via;
    e->feeds = more;
    return &more[e->feed_count++];
}

static void add_feeds(seal *s, const field *f)
{
    const field *via;
    uint64_t fields[4];
    for (uint32_t i = 0; f->program && formula_reads(f->program, i, &via, fields); i++) {
        feed *x = feed_of(s, (entity *)via->ref, via);
        for (int w = 0; x && w < 4; w++) {
            x->fields[w] |= fields[w];
        }
    }
}

/* ---- all ------------------------------------------------------------------------------------- */

static uint32_t count_computed(const registry *r)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->entity_count; i++) {
        for (uint32_t j = COL_OWN; j < r->entities[i]->field_count; j++) {
            n += r->entities[i]->fields[j].type == FIELD_COMPUTED;
        }
    }
    return n;
}

static bool prepare(compiling *c, uint32_t total)
{
    const registry *r = c->s->r;
    c->states = seal_alloc(c->s, r->entity_count, sizeof *c->states);
    c->order = seal_alloc(c->s, total, sizeof(field *));
    for (uint32_t i = 0; c->states && i < r->entity_count; i++) {
        c->states[i] = seal_alloc(c->s, r->entities[i]->field_count, 1);
    }
    return !c->s->no_memory;
}

void seal_formulas(seal *s)
{
    compiling c = {.s = s};
    uint32_t total = count_computed(s->r);
    if (!total || !prepare(&c, total)) {
        return;
    }
    for (uint32_t i = 0; i < s->r->entity_count; i++) {
        const entity *e = s->r->entities[i];
        for (uint32_t j = COL_OWN; j < e->field_count; j++) {
            if (e->fields[j].type == FIELD_COMPUTED) {
                compile(&c, (field *)&e->fields[j]);
            }
        }
    }
    for (uint32_t i = 0; i < c.count; i++) {
        add_feeds(s, c.order[i]);
        if (!c.order[i]->entity->computed) {
            list_computed(&c, (entity *)c.order[i]->entity);
        }
    }
}
