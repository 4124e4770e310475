/*
 * group_kept.h - what a measure has to keep of the values it saw: all of them, or the different
 * ones.
 *
 * A number takes 8 bytes, whatever it is; of a different text its keyed hash stands in 16 (hash.h),
 * never the text. Sets are open-addressed and at most three quarters full. Every byte is taken from
 * a budget, while they grow both the old place and the new one. One thread.
 */
#ifndef DATA_GROUP_KEPT_H
#define DATA_GROUP_KEPT_H

#include "base/base.h"
#include "base/hash.h"

/* Bytes of one question. */
typedef struct budget {
    size_t used, most;
} budget;

/* False: that is more than there may be. */
static inline bool group_budget_take(budget *b, size_t bytes)
{
    bool may = b->used <= b->most && bytes <= b->most - b->used;
    b->used += may ? bytes : 0;
    return may;
}

/* Either a list of numbers, a set of numbers or a set of marks; all 0 is an empty one. */
typedef struct kept {
    union {
        int64_t *numbers;
        hash128 *marks; /* all 0: a free place */
    };
    uint32_t count; /* in the sets all different ones */
    uint8_t bits;   /* there is room for 2^bits; without any place it is 0 */
    bool has_zero;  /* a set of numbers: 0, which is a free place, is one of them */
} kept;

/* LIMIT: the budget is spent; NOMEM. */
CRM_MUST_CHECK crm_status group_kept_add(kept *k, budget *b, int64_t number);
CRM_MUST_CHECK crm_status group_kept_add_different(kept *k, budget *b, hash_key key,
                                                   int64_t number);
CRM_MUST_CHECK crm_status group_kept_add_mark(kept *k, budget *b, hash128 mark);
/* Of a list that is not empty the number at `rank` (from 0) in their order; moves them about. `key`
 * decides where it looks, so that no order of values makes it slow. */
int64_t group_kept_select(kept *k, hash_key key, uint32_t rank);
void group_kept_free(kept *k);

#endif
