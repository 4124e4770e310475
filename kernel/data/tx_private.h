/* tx_private.h - what records.c and changelog.c need of an open transaction. Writer only. */
#ifndef DATA_TX_PRIVATE_H
#define DATA_TX_PRIVATE_H

#include "data/tx.h"

/* The registry of the newest request. */
const registry *tx_registry(const tx *t);
/* Runs one op in the transaction; op->refused and others hold its answer. UNAVAILABLE: lost. */
CRM_MUST_CHECK crm_status tx_run(tx *t, engine_op *op);
/* The row's words go to full text when the group commits. NULL: they are removed. Copied. */
crm_status tx_gather_terms(tx *t, const entity *e, int64_t id, const value *row);
/* Listeners and browsers get it after the commit. Deep copied. */
crm_status tx_gather_change(tx *t, const change *ch);
/* The newest that stands for itself, until the changes are published; NULL: none. */
const change *tx_last_change(const tx *t);
/* All values of a row, in `a`; NULL when memory is out. */
value *row_dup(arena *a, const entity *e, const value *row);
/* The first row of the kernel's own store whose `column` is `key`, in `a`; NOT_FOUND. */
CRM_MUST_CHECK crm_status tx_find_row(engine_session *s, const entity *e, uint16_t column, value key,
                                     arena *a, value **row);

#endif
