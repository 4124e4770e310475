/* writer_group.h - the requests that share a transaction. On the writer's thread. */
#ifndef FLOW_WRITER_GROUP_H
#define FLOW_WRITER_GROUP_H

#include "flow/flow_private.h"

/* One group on its way through a transaction. */
typedef struct group {
    write_request *head;
    uint32_t count;
    bool is_bulk;
    bool wants_guards; /* lost since a request failed after it had written */
} group;

/*
 * Runs the group to its replies: in one transaction, or when that is lost, each request in one of its
 * own. Returns those that were not run since the transaction had to close before them, in their
 * order; NULL: none.
 */
write_request *group_run(flow *f, group *g);

#endif
