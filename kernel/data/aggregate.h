/*
 * aggregate.h - groups and measures under rights: reports, dashboards, counters of lists.
 *
 * What may be counted: rows of branches that allow READ and show every field the keys, measures and
 * conditions touch, exactly as a list would; a field no branch shows is unknown_field. So no figure
 * can tell more than reading the rows one by one, and no further right is asked for.
 */
#ifndef DATA_AGGREGATE_H
#define DATA_AGGREGATE_H

#include "data/grouping.h"
#include "data/records.h"

/* One group of the answer, complete: averages and shares are filled in. Labels of reference keys as
 * in record_view: {NULL,0} with `denied` when the record may not be read. */
typedef struct group_view {
    const grouping *g; /* by position as in it */
    const value *keys, *measures;
    crm_str labels[GROUP_KEYS_MAX];
    bool denied[GROUP_KEYS_MAX];
} group_view;
/* False stops. */
typedef bool (*group_fn)(void *arg, const group_view *v);

/*
 * Runs on a pool thread or the writer, within call.read_until. Gives at most g->limit groups in
 * their order; *has_more tells of further ones. Above the engine only the groups given are kept.
 * INVALID with the field errors: unknown_field, sum_overflow (the measure's name), too_many_groups
 * ("by"). TIMEOUT: throw away what was given.
 */
CRM_MUST_CHECK crm_status aggregate_run(crm_ctx *c, const grouping *g, group_fn on_group, void *arg,
                                        bool *has_more);

/*
 * The JSON form (API.md, "Aggregates") against an entity, bounded like conditions: unknown names,
 * operators, buckets and misfits are field errors of the call. INVALID. `totals` is the caller's.
 */
CRM_MUST_CHECK crm_status grouping_read(crm_ctx *c, const entity *e, const json_t *json, grouping **out);

#endif
