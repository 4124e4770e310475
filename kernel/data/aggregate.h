/*
 * aggregate.h - groups and measures under rights: reports, dashboards, counters of lists.
 *
 * What may be counted: rows of branches that allow READ and show every field the keys, measures and
 * conditions touch, exactly as a list would; a field no branch shows is unknown_field. So no figure
 * can tell more than reading the rows one by one.
 */
#ifndef DATA_AGGREGATE_H
#define DATA_AGGREGATE_H

#include "data/grouping.h"
#include "data/records.h"

/* One group of the answer, complete: averages and shares are filled in. Labels of reference keys as
 * in record_view: {NULL,0} with `denied` when the record may not be read. */
typedef struct group_view {
    const grouping *g;
    const value *keys, *measures;
    crm_str labels[GROUP_KEYS_MAX];
    bool denied[GROUP_KEYS_MAX];
} group_view;
/* False stops. */
typedef bool (*group_fn)(void *arg, const group_view *v);

/*
 * Runs on a pool thread or the writer, within call.read_until. Gives at most g->limit groups in
 * their order; *has_more tells of further ones. Memory is bounded by the groups given, not by the
 * groups there are. INVALID with the field errors, TIMEOUT, LIMIT sum_overflow.
 */
CRM_MUST_CHECK crm_status aggregate_run(crm_ctx *c, const grouping *g, group_fn on_group, void *arg,
                                        bool *has_more);

/*
 * The JSON form (API.md, "Aggregates") against an entity, bounded like conditions: unknown names,
 * operators, buckets and misfits are field errors of the call. INVALID.
 */
CRM_MUST_CHECK crm_status grouping_read(crm_ctx *c, const entity *e, const json_t *json, grouping **out);
/* Type and scale of what a key or measure gives, for JSON, tables and exports. */
typedef struct result_type {
    field_type type;
    uint8_t scale;
    const field *field; /* whose choices, stages or reference the value is of; NULL: none */
} result_type;
result_type group_key_type(const group_key *k);
result_type measure_type(const grouping *g, uint32_t measure);

#endif
