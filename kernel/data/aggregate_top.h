/*
 * aggregate_top.h - the first groups in the order of a grouping, out of however many come by.
 *
 * Memory is that of the groups kept. One thread.
 */
#ifndef DATA_AGGREGATE_TOP_H
#define DATA_AGGREGATE_TOP_H

#include "data/grouping.h"

typedef struct top_group {
    value keys[GROUP_KEYS_MAX], measures[MEASURES_MAX];
    value ordered[GROUP_KEYS_MAX]; /* the keys as they order: of folded texts the sort key */
    buf texts;                     /* what the keys point at */
} top_group;

typedef struct top {
    const grouping *g;
    top_group **at; /* a heap whose root is the last in order; sorted by top_sort */
    uint32_t count, limit;
    bool has_more;
} top;

/* `limit` at least 1. NOMEM. */
CRM_MUST_CHECK crm_status top_init(top *t, const grouping *g, uint32_t limit);
void top_free(top *t);
/* Keeps a copy when the group is among the first. `scratch` is for sort keys of this one group. */
CRM_MUST_CHECK crm_status top_offer(top *t, arena *scratch, const value *keys,
                                    const value *measures);
/* In order; nothing is offered afterwards. */
void top_sort(top *t);

#endif
