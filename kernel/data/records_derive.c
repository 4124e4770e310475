/*
 * records_derive.c - what the kernel itself fills in a row before it is written, from its other
 * values: marks of accounts whose key does not agree with the bank.
 */
#include "data/field.h"
#include "data/records_private.h"

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
