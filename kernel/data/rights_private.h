/* rights_private.h - compiling grants to branches, and what records.c asks of them besides. */
#ifndef DATA_RIGHTS_PRIVATE_H
#define DATA_RIGHTS_PRIVATE_H

#include "data/rights.h"

/* What the branches of a principal depend on, and the memory they go to. */
typedef struct rights_inputs {
    const registry *reg;
    const people *people;
    const principal *who;
    arena *arena;
} rights_inputs;

/* The branches of `e`. NOMEM; LIMIT when they are more than BRANCHES_MAX. */
CRM_MUST_CHECK crm_status rights_compile(const rights_inputs *in, const entity *e,
                                         const branches **out);
/* Departments he heads; who heads none has his own; each with those below. NULL when memory is out. */
value *rights_team_departments(const rights_inputs *in, uint32_t *count);
/* Ids of himself and of everyone of these departments. NULL when memory is out. */
value *rights_team_users(const rights_inputs *in, const value *departments, uint32_t n,
                         uint32_t *count);
/* Branches that allow READ and show every field of `touched`. NULL when memory is out. */
const branches *rights_readable(arena *a, const branches *b, const uint64_t touched[4]);
/* Which branches a row matches that is not (or not so) stored yet: parents are read, branches
 * over child records ask the engine about the stored row when there is one. Pool or writer. */
CRM_MUST_CHECK crm_status rights_match_row(crm_ctx *c, const entity *e, const value *row,
                                           uint32_t *matched);
/* The columns by which somebody's rights on a row of `e` are judged. */
void rights_judged(const registry *r, const entity *e, uint64_t out[4]);
/* Whether the grant's name covers the entity. */
bool grant_covers(const grant *g, const entity *e);

static inline bool bits_cover(const uint64_t all[4], const uint64_t part[4])
{
    return !((part[0] & ~all[0]) | (part[1] & ~all[1]) | (part[2] & ~all[2]) | (part[3] & ~all[3]));
}
static inline void bits_or(uint64_t into[4], const uint64_t from[4])
{
    for (int i = 0; i < 4; i++) {
        into[i] |= from[i];
    }
}
static inline bool bits_any(const uint64_t set[4])
{
    return set[0] | set[1] | set[2] | set[3];
}
static inline void bits_drop(uint64_t set[4], uint32_t i)
{
    set[i >> 6] &= ~(1ull << (i & 63));
}

#endif
