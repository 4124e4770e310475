/*
 * summary.h - figures without the records: the right `aggregate` of design and ТЗ.
 *
 * A holder sees counts and sums of rows that he may not read, by the keys he was given, of groups
 * of at least so many rows. What he may not tell apart he may not work out either:
 *  - a question has no condition and its measures have none: what is counted is always all the
 * rows;
 *  - moments and dates fall into months, quarters or years, which lie inside each other;
 *  - measures are counts, filled, sums, averages, and shares of those: no value of a single row;
 *  - a group of fewer rows (or, of a sum, of fewer rows with a value) is folded away, and with it
 * the next smallest, until in every total that the same keys allow (by some of them, or by none)
 * what was folded is nothing or again at least so many rows. So no difference of two answers is
 * about fewer. What two questions at two moments tell apart, one row that came between, is not
 * hidden.
 *
 * Parts of a record (part_of) follow it: their figures are about the rows of the records that the right
 * covers, by the keys it names there, reached through the part's reference, and by what the same role's
 * right to the parts names of their own. "So many rows" are so many of the records, not of their parts,
 * which one of them may have many of; groups may share a record, so counts of groups are not added up.
 */
#ifndef DATA_SUMMARY_H
#define DATA_SUMMARY_H

#include "data/aggregate.h"

/* One group: its keys and raw figures, and how many rows each of its figures is about. */
typedef struct summary_group {
    value keys[GROUP_KEYS_MAX], measures[MEASURES_MAX];
    int64_t filled[MEASURES_MAX];
    int64_t counts[MEASURES_MAX + 1]; /* rows, then rows with a value for each sum */
    bool is_folded;
} summary_group;

typedef struct summary_groups {
    arena *texts; /* what keys point at */
    summary_group *at;
    uint32_t count, room;
    uint32_t key_count, count_count; /* members of keys and counts in use */
    uint32_t figure_count;           /* measures that were asked; behind them stand the counts */
    bool is_shared;                  /* one record may be counted in several groups */
} summary_groups;

/* Where such a question is read: the caller knows of what one of those rights names. */
cond_scope summary_scope(crm_ctx *c, const entity *e);
/* Narrows `g`, a copy of `asked`, to what the caller's rights to figures allow, and prepares `s` to take
 * its groups: `g` counts the rows of each group and those with a value (of a SUM it asks what an AVG
 * needs). INVALID with the field errors, DENIED without any such right. System is not limited and must
 * not come here. */
CRM_MUST_CHECK crm_status summary_narrow(crm_ctx *c, const grouping *asked, grouping *g,
                                         summary_groups *s, uint32_t *at_least);

void summary_groups_free(summary_groups *s);
/* Keeps a copy. NOMEM. */
CRM_MUST_CHECK crm_status summary_groups_add(summary_groups *s, const grouping *g,
                                             const value *keys, const value *measures,
                                             const int64_t *filled);
/* Marks what must not be shown; true: something is. */
bool summary_fold(summary_groups *s, uint32_t at_least);

#endif
