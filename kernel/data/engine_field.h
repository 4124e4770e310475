/* engine_field.h - what engines share: which fields a query reads, branches, words of a search. */
#ifndef DATA_ENGINE_FIELD_H
#define DATA_ENGINE_FIELD_H

#include "data/field.h"
#include "data/query.h"

static inline bool engine_is_many(const field *f)
{
    return (f->flags & FIELD_MANY) != 0;
}

/*
 * The fields an engine gives for a query: what is selected, the id, the sort fields, and what the
 * local branches need to be judged by. `q` may be NULL: everything.
 */
void engine_selected(const entity *e, const query *q, uint64_t out[4]);
/* The branches that count for a row reached in a path: they allow reading and show `used`. */
uint32_t engine_hop_branches(const branches *hop, const uint64_t used[4]);
/* Whether every row matches this branch. */
static inline bool engine_branch_is_all(const branch *b)
{
    return !b->via_count && !b->where;
}
/* Whether cond_eval on the row itself can judge this branch. */
static inline bool engine_branch_is_local(const branch *b)
{
    return !b->via_count && (!b->where || cond_is_local(b->where));
}

/*
 * The words of q->terms one by one: a word, its stem or {NULL,0}, and whether it is the last one.
 * False at the end. *rest begins as q->terms.
 */
bool engine_next_word(crm_str *rest, crm_str *word, crm_str *stem, bool *is_last);

#endif
