/*
 * group_table.h - groups summed up row by row, for an engine that reads each row once.
 *
 * Memory grows with the groups, not with the rows; only percentiles and counts of different values
 * keep what they saw (group_kept.h). One thread.
 */
#ifndef DATA_GROUP_TABLE_H
#define DATA_GROUP_TABLE_H

#include "data/engine.h"

#define GROUP_MEMORY_MAX ((size_t)128 * 1024 * 1024) /* of one question */

/* What engine_op.count is after LIMIT, when more memory is needed: for the groups themselves, or, less
 * a measure's position, for the values that this measure, the one with the most, has to keep. */
#define GROUPS_SPENT (-1)
#define VALUES_SPENT (-2)

typedef struct group_table group_table;

/* One row. Texts are borrowed. */
typedef struct group_row {
    value
        keys[GROUP_KEYS_MAX]; /* what stands at the end of each key's path; buckets are made here */
    value
        compared[GROUP_KEYS_MAX]; /* what that text compares by (field_key_make); NULL: not known */
    value inputs[MEASURES_MAX];   /* what stands at the end of each measure's; of FILLED, whether */
    uint32_t seen;                /* a bit for each measure that sees the row */
    uint32_t is_key;              /* a bit for each whose input is what the text compares by */
} group_row;

/* `g` outlives it; `most` bytes, 0: GROUP_MEMORY_MAX. NULL when memory is out. */
group_table *group_table_new(const grouping *g, size_t most);
void group_table_free(group_table *t); /* t may be NULL */
/* LIMIT when more memory is needed than there may be: group_table_spent says for what. NOMEM. */
CRM_MUST_CHECK crm_status group_table_add(group_table *t, const group_row *row);
int64_t group_table_spent(const group_table *t); /* GROUPS_SPENT … */
/* Gives every group to op->on_group and counts them. LIMIT with op->count as engine.h has it. */
CRM_MUST_CHECK crm_status group_table_give(group_table *t, engine_op *op);

/* Whether they give the same of every row; false may be too little knowledge. */
bool field_path_equal(const field_path *x, const field_path *y);

#endif
