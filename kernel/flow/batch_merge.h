/* batch_merge.h - what the files of batches know of merges. */
#ifndef FLOW_BATCH_MERGE_H
#define FLOW_BATCH_MERGE_H

#include "data/merge.h"

/* `into` and `from` of a spec or a request; INVALID names what is wrong. */
CRM_MUST_CHECK crm_status merge_wish_read(crm_ctx *c, const entity *e, const json_t *spec,
                                          merge_wish *w);

#endif
