/* engine_field.h - what engines share: which fields a query reads, branches, terms of a search. */
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
 * Rights inside a full-text match. The access terms of a row: "=u17" for who created or owns it,
 * "=d3" for its department and "=w3" when nobody owns it, "=snew" for its stage.
 */
typedef struct access_row {
    value created_by, owners[3], department, stage;
} access_row;
void engine_access_terms(buf *out, const access_row *row);
/*
 * Access terms one of which every row has that `c` allows, separated by spaces; false: nothing is
 * known of such rows, or more than ACCESS_MAX would be needed. Necessary, not sufficient.
 */
#define ACCESS_MAX 64
bool engine_access_needed(const entity *e, const cond *c, const cond_env *env, buf *out);

/*
 * Whether a word, or one with this beginning, is among the terms of a text; whether texts have the terms
 * of a query (query.h) between them.
 */
bool engine_has_word(crm_str terms, crm_str token, bool is_prefix);
bool engine_has_words(const crm_str *texts, uint32_t count, crm_str terms);
/* Whether a full-text term may be what somebody meant: 4 to 32 letters of one script. */
bool engine_is_vocabulary(crm_str term);

#endif
