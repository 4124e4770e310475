/* batch_private.h - what the files of batches share. */
#ifndef FLOW_BATCH_PRIVATE_H
#define FLOW_BATCH_PRIVATE_H

#include "flow/batch.h"
#include "flow/flow_private.h"
#include "flow/store.h"

#define BATCH_JOB CRM_S("kernel.batch")

/* Whether trying again later may help. */
bool batch_is_healed_by_time(crm_status s);
/* Waiting or running. */
bool batch_is_open(const store_row *row);
/*
 * Stores what was set of a batch's row and tells browsers; is_kept: in the change log as well, for what
 * must not be missed. The change is no part of any batch. Writer.
 */
CRM_MUST_CHECK crm_status batch_save(crm_ctx *c, store_row *row, bool is_kept);
crm_status bulk_register(registry *r);
crm_status merge_register(registry *r);
crm_status undo_register(registry *r);
/* Ends it in this state; `error` is a code or empty. Writer. */
CRM_MUST_CHECK crm_status batch_end(crm_ctx *c, store_row *row, const char *state, crm_str error);

#endif
