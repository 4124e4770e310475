/*
 * changelog.h - the one append-only log of changes: history, events, undo and listeners read it.
 *
 * Kernel entity `sys.change`: entity id, record, rev, op, at, by, by_name, via, quiet, and a body of
 * {"<field id>":[old,new],…}. Subscribers hold cursors (`sys.cursor`), so nothing is lost over a
 * crash and order per record is kept. Positions are opaque to everyone above.
 */
#ifndef DATA_CHANGELOG_H
#define DATA_CHANGELOG_H

#include "data/records.h"

/* Appends one change inside the open request. Writer. */
CRM_MUST_CHECK crm_status changelog_append(tx *t, const crm_ctx *c, const record *now, const record *was,
                                           char op);
/* Changes after `position`, oldest first, at most `limit`; blocking, any session. */
CRM_MUST_CHECK crm_status changelog_after(engine_session *s, const registry *r, arena *a, int64_t position,
                                          uint32_t limit, change **out, uint32_t *count);
CRM_MUST_CHECK crm_status changelog_last(engine_session *s, const registry *r, int64_t *position);
CRM_MUST_CHECK crm_status changelog_cursor(tx *t, crm_str name, int64_t *position); /* NOT_FOUND: new */
CRM_MUST_CHECK crm_status changelog_set_cursor(tx *t, crm_str name, int64_t position);

#endif
