/*
 * records_derive.c - what the kernel itself fills in a row before it is written, from its other
 * values: computed fields, marks of accounts whose key does not agree with the bank.
 */
#include "data/field.h"
#include "data/formula.h"
#include "data/records_private.h"

/* ---- computed fields ------------------------------------------------------------------------- */

#define OTHERS_MAX 8

/* The records that this one refers to, each read once. */
typedef struct deriving {
    saving *s;
    struct {
        const field *via;
        const value *row;
    } others[OTHERS_MAX];
    uint32_t count;
    crm_status status;
} deriving;

static const value *read_other(deriving *d, const field *via)
{
    value *row = NULL, at = d->s->now.v[via->index];
    if (at.kind != VALUE_INT) {
        return NULL;
    }
    crm_status st = tx_get(d->s->call->tx, via->ref, at.i, d->s->call->arena, &row);
    d->status = st && st != CRM_NOT_FOUND ? st : d->status;
    return st ? NULL : row;
}

static const value *other(void *arg, const field *via)
{
    deriving *d = arg;
    for (uint32_t i = 0; i < d->count; i++) {
        if (d->others[i].via == via) {
            return d->others[i].row;
        }
    }
    const value *row = read_other(d, via);
    if (d->count < OTHERS_MAX) {
        d->others[d->count].via = via;
        d->others[d->count++].row = row;
    }
    return row;
}

/* What a formula reads of a record the caller may not see shows in its result: so the ТЗ says. */
crm_status derive_computed(saving *s)
{
    deriving d = {.s = s};
    const entity *e = s->entity;
    formula_rows rows = {.own = s->now.v, .other = other, .arg = &d};
    for (uint32_t i = 0; !d.status && i < e->computed_count; i++) {
        const field *f = &e->fields[e->computed[i]];
        s->now.v[f->index] = formula_eval(f->program, s->call->arena, f, &rows);
    }
    return d.status;
}

/* ---- accounts -------------------------------------------------------------------------------- */

static bool concerns(const saving *s, const field *f)
{
    return f->type == FIELD_ACCOUNT && f->bik_field &&
           (bits_has(s->changed, f->index) || bits_has(s->changed, f->bik_field));
}

crm_status derive_marks(saving *s)
{
    crm_status st = CRM_OK;
    for (uint32_t i = COL_OWN; !st && i < s->entity->field_count; i++) {
        const field *f = &s->entity->fields[i];
        if (!concerns(s, f)) {
            continue;
        }
        crm_str account = s->now.v[i].s, bik = s->now.v[f->bik_field].s;
        if (account.n == FIELD_ACCOUNT_DIGITS) { /* else it is marked for its form, or empty */
            st = record_mark(&s->now, f, !field_is_account_sound(account, bik));
        }
    }
    return st;
}
