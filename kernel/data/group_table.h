/*
 * group_table.h - groups summed up row by row, for an engine that reads each row once.
 *
 * Memory grows with the groups, not with the rows; only percentiles and counts of different values
 * keep what they saw. One thread.
 */
#ifndef DATA_GROUP_TABLE_H
#define DATA_GROUP_TABLE_H

#include "data/engine.h"

#define GROUP_MEMORY_MAX ((size_t)128 * 1024 * 1024) /* of one question */

typedef struct group_table group_table;

/* `g` outlives it. NULL when memory is out. */
group_table *group_table_new(const grouping *g);
void group_table_free(group_table *t); /* t may be NULL */
/*
 * One row: for each key what stands at its path's end (buckets are made here), for each measure the
 * same, and a bit for each measure that sees the row. Texts are borrowed. LIMIT when the groups need
 * more than GROUP_MEMORY_MAX, NOMEM.
 */
CRM_MUST_CHECK crm_status group_table_add(group_table *t, const value *keys, const value *inputs,
                                          uint32_t seen);
/* Gives every group to op->on_group and counts them. LIMIT with op->count as engine.h has it. */
CRM_MUST_CHECK crm_status group_table_give(group_table *t, engine_op *op);

#endif
