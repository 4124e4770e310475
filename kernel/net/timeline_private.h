/*
 * timeline_private.h - what the files of a record's timeline share. Pool.
 *
 * Items come from sources: the record's history, its notes, and each entity that joins. All are in one
 * order: by time, the newest first; of one moment by their source's rank; of one source by id, the greatest
 * first. A page ends at an item, and the next one is what is behind it in this order.
 */
#ifndef NET_TIMELINE_PRIVATE_H
#define NET_TIMELINE_PRIVATE_H

#include "data/timeline.h"
#include "net/history_private.h"

enum { RANK_HISTORY, RANK_NOTES }; /* of an entity that joins it is its kind */

typedef struct timeline_item {
    int64_t at, id; /* id of the record, or position of the change */
    uint32_t rank;
    timeline_kind kind;
    crm_str json;                /* of a record: the whole item */
    const history_entry *change; /* of a change */
} timeline_item;

typedef struct timeline {
    api_call *k;
    uint64_t kinds;       /* asked for, and there for who asks */
    uint32_t limit;
    bool may_change;      /* the record: who may, pins notes */
    bool has_before;      /* what is behind `before` in the order of items */
    timeline_item before; /* its at, rank and id */
    timeline_item *items;
    uint32_t count, cap;
    bool keeps_pinned; /* what is read goes to `pinned` */
    timeline_item *pinned;
    uint32_t pinned_count;
} timeline;

/* The kinds that some right of the caller shows of some record of `e`. */
uint64_t timeline_kinds(crm_ctx *c, const entity *e);
/* The fields of a joining entity that are seen through rights that show by which it joins `of`; false: none. */
bool timeline_join_fields(crm_ctx *c, const entity *e, const entity *of, uint64_t out[4]);
/* Fills `items`, in their order, with `limit` and one more where there are so many; and `pinned` of a first
 * page. NOT_FOUND: the record may not be read. */
CRM_MUST_CHECK crm_status timeline_read(timeline *t);

#endif
