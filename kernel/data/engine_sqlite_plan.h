/* engine_sqlite_plan.h - the SQL of reads, between engine_sqlite_plan.c, _merge.c and _query.c. */
#ifndef DATA_ENGINE_SQLITE_PLAN_H
#define DATA_ENGINE_SQLITE_PLAN_H

#include "data/engine_sqlite.h"

/*
 * The part of a page a statement gives. Down a column that may be NULL the values come first, then
 * the NULLs; one range of the index cannot hold both, so they are asked for one after the other.
 */
typedef enum page_part { PAGE_WHOLE, PAGE_VALUES, PAGE_NULLS } page_part;
bool plan_comes_in_parts(const query *in);

/* "SELECT <fields>,<branches>": branches that other rows decide come as 0 or 1 after the fields. */
void plan_select(sql *q, const entity *e, const uint64_t selected[4], const branches *b);
void plan_from(sql *q, const entity *e);
/* The recycle bin, rights, words and the condition. */
void plan_where(sql *q, const query *in);
/* Which rows of the recycle bin count. */
void plan_bin(sql *q, const query *in);
/* " AND <beyond the cursor>" */
void plan_after(sql *q, const query *in, page_part part);
void plan_order_and_limit(sql *q, const query *in, uint32_t limit);
void plan_list(sqlite_session *s, const query *in, const uint64_t selected[4], page_part part,
               uint32_t limit);

/*
 * Lists of several owners in the order of an index (owner, sort): the first rows of each owner are
 * taken from the index and merged, instead of reading and sorting all rows of all of them.
 * It stands before the SELECT as "WITH …"; false, with nothing added, when the query is not of that
 * shape.
 */
bool plan_merge(sql *q, const query *in, page_part part, uint32_t limit);
/* The rows that plan_merge has chosen. */
void plan_merged(sql *q, const query *in);

#endif
