/* oracle_queries.c - lists and searches made by chance. */
#include "oracle.h"

static const char *const asked[] = {"елк*",         "елка|=елк",  "жук|жук*", "ель зел*",
                                    "жук 2*",       "=склад|ель", "ж*",       "ель&зеленая|жук",
                                    "=елк|жук e*",  "strasse*",   "зеле*",    "ель&зелен*|жук",
                                    "елка зелены*", "stra*|ель",  "эрзац*"};

static const cond *of_field(maker *m, cond_op op, const field *f, uint32_t count)
{
    value *values = oracle_alloc(m, (count + 1) * sizeof *values);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = some_operand(&m->d, f);
    }
    return cond_make(m->w->arena, op, f, values, count);
}

/* What rights ask of a row: who has it, who made it, whose department's it is, where it stands. */
static const cond *some_right(maker *m, const entity *e)
{
    arena *a = m->w->arena;
    const field *owner = owner_of(e), *place = place_of(e), *at = stage_of(e);
    const field *by = &e->fields[COL_CREATED_BY];
    switch (roll(&m->d, 12)) {
    case 0:
        return of_field(m, COND_ME, owner, 0);
    case 1:
        return of_field(m, COND_ME, by, 0);
    case 2:
        return cond_and(a, of_field(m, COND_IN, place, roll(&m->d, 4)),
                        of_field(m, COND_NONE, owner, 0));
    case 3:
        return of_field(m, COND_IN, at, 1 + roll(&m->d, 3));
    case 4:
        return cond_and(a, of_field(m, COND_ME, owner, 0), of_field(m, COND_EQ, at, 1));
    case 5:
        return some_cond(m, e, 1);
    default:
        return of_field(m, COND_IN, owner, 1 + roll(&m->d, 5));
    }
}

/* What a person narrows a list by. */
static const cond *some_filter(maker *m, const entity *e)
{
    static const cond_op ops[] = {COND_EQ, COND_EQ,  COND_IN, COND_NONE,
                                  COND_GT, COND_LTE, COND_HAS};
    const cond *c = NULL;
    for (uint32_t i = roll(&m->d, 2) * roll(&m->d, 3); i; i--) {
        cond_op op = PICK(&m->d, ops);
        uint32_t count = op == COND_NONE ? 0 : op == COND_IN ? 1 + roll(&m->d, 3) : 1;
        const field *f = some_own(&m->d, e);
        c = cond_and(m->w->arena, c, of_field(m, op, f, count));
    }
    return roll(&m->d, 4) ? c : cond_and(m->w->arena, c, some_cond(m, e, 1));
}

/* A list as rights cut it into branches, in an order that an index knows, mostly. */
static void ask_under_rights(maker *m, query *q)
{
    const entity *e = q->entity;
    const uint32_t own = COL_OWN + roll(&m->d, e->field_count - COL_OWN);
    const uint32_t sorts[] = {COL_CREATED_AT, COL_CREATED_AT, own, own, own, COL_ID};
    branches *b = oracle_alloc(m, sizeof *b);
    b->count = 1 + roll(&m->d, 5);
    for (uint32_t i = 0; i < b->count; i++) {
        b->at[i] = (branch){.where = some_right(m, e)};
        if (roll(&m->d, 20) == 0) {
            some_branch(m, e, &b->at[i]);
        }
    }
    q->rights = roll(&m->d, 5) ? b : NULL;
    q->need = roll(&m->d, 8) ? ~0u : roll(&m->d, 32);
    q->where = some_filter(m, e);
    q->terms = (crm_str){0};
    q->limit = 1 + roll(&m->d, 12);
    q->with_deleted = q->only_deleted = false;
    q->sort_count = 1 + (roll(&m->d, 4) == 0);
    for (uint32_t i = 0; i < q->sort_count; i++) {
        const field *f = some_part(&m->d, &e->fields[PICK(&m->d, sorts)]);
        q->sorts[i] = (sort){f, roll(&m->d, 2)};
    }
}

/* A search among somebody's rows. */
static void search_for_mine(maker *m, query *q)
{
    branches *b = oracle_alloc(m, sizeof *b);
    b->count = 1 + roll(&m->d, 3);
    for (uint32_t i = 0; i < b->count; i++) {
        b->at[i].where = some_whose(m, q->entity);
        int shown = roll(&m->d, 2) ? 0xff : (int)roll(&m->d, 256);
        memset(b->at[i].fields, shown, sizeof b->at[i].fields);
    }
    q->rights = b;
    q->need = 1 + roll(&m->d, 7);
    q->where = roll(&m->d, 4) ? NULL : q->where;
}

query some_query(maker *m)
{
    const entity *e = some_entity(m);
    query q = {.entity = e, .env = {.me = 2, .now = 1500, .day_start = 0}};
    q.where = roll(&m->d, 5) ? some_cond(m, e, 3) : NULL;
    if (roll(&m->d, 2)) {
        q.rights = some_branches(m, e);
        q.need = roll(&m->d, 16);
    }
    if (e->search_count && roll(&m->d, 4) == 0) {
        q.terms = str_of(PICK(&m->d, asked));
        if (roll(&m->d, 2)) {
            search_for_mine(m, &q);
        }
    }
    q.sort_count = roll(&m->d, SORTS_MAX + 1);
    for (uint32_t i = 0; i < q.sort_count; i++) {
        const field *f = some_part(&m->d, &e->fields[roll(&m->d, e->field_count)]);
        q.sorts[i] = (sort){f, roll(&m->d, 2)};
    }
    q.limit = roll(&m->d, 3) ? 1 + roll(&m->d, 12) : 1000;
    q.with_deleted = roll(&m->d, 6) == 0;
    q.only_deleted = roll(&m->d, 12) == 0;
    if (e == m->w->main && roll(&m->d, 3)) {
        ask_under_rights(m, &q);
    }
    return q;
}
