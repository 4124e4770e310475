/*
 * plan_walks.h - the indexes that a plan of SQLite goes along, by the names of their fields.
 *
 * "owner,created_at/closed_at; created_by,created_at": the walks in their order; behind a bar the
 * fields that are empty in all rows of the index. "all of" stands before an index that is walked
 * from end to end, "another's" before one of other rows that a condition or a right looks through.
 * What would sort, or read a table without an index, stands as SQLite tells it.
 */
#ifndef PLAN_WALKS_H
#define PLAN_WALKS_H

#include "data/engine.h"
#include "unit.h"

#define WALKS_MAX 400

/* Empty: there is nothing to read. */
void plan_walks(engine_session *reader, const registry *r, const query *q, engine_op_kind kind,
                char out[WALKS_MAX]);
/* What an index of that name is called there; one that the registry does not know, its name. */
void plan_index(const registry *r, crm_str name, buf *out);

#endif
