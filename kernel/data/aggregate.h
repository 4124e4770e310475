/*
 * aggregate.h - groups and measures under rights: reports, dashboards, counters of lists.
 *
 * What may be counted: rows of branches that allow READ and show every field the keys, measures and
 * conditions touch, exactly as a list would; a field no branch shows is unknown_field. So no figure
 * can tell more than reading the rows one by one, and no further right is asked for. Who may read
 * none, and who asks with `is_summary`, gets the figures that his right to aggregate allows:
 * summary.h.
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

/* What there is besides the groups given. */
typedef struct aggregate_told {
    bool has_more;  /* further groups */
    bool is_folded; /* groups of too few rows, which a summary does not show */
} aggregate_told;

/* Whether the caller may ask at all. */
bool aggregate_may(crm_ctx *c, const entity *e);

/*
 * Runs on a pool thread or the writer, within call.read_until. Gives at most g->limit groups in
 * their order. Above the engine only the groups given are kept.
 * INVALID with the field errors: unknown_field, sum_overflow (the measure's name), too_many_groups
 * ("by"), too_many_values (the measure that keeps the most), not_granted (beyond a summary). TIMEOUT: throw away what was given.
 */
CRM_MUST_CHECK crm_status aggregate_run(crm_ctx *c, const grouping *g, group_fn on_group, void *arg,
                                        aggregate_told *told);

/*
 * The JSON form (API.md, "Aggregates") against an entity, bounded like conditions: unknown names,
 * operators, buckets and misfits are field errors of the call. INVALID. `totals` is the caller's.
 */
CRM_MUST_CHECK crm_status grouping_read(crm_ctx *c, const entity *e, const json_t *json,
                                        grouping **out);

#endif
