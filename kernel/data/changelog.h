/*
 * changelog.h - the one append-only log of changes: history, events, undo and listeners read it.
 *
 * Kernel entity `sys.change`: entity id, record, rev, op, at, by, by_name, via, quiet, batch, and a body
 * of {"c":{"<field id>":[old,new],…},"k":{…}}, where "k" are the columns rights are judged by. Subscribers
 * hold cursors (`sys.cursor`), so nothing is lost over a crash and order per record is kept. Positions are opaque to everyone above.
 */
#ifndef DATA_CHANGELOG_H
#define DATA_CHANGELOG_H

#include "data/records.h"

/* Appends one change inside the open request. Writer. */
CRM_MUST_CHECK crm_status changelog_append(tx *t, const crm_ctx *c, const record *now, const record *was,
                                           char op);
/*
 * The same for browsers alone: nothing is kept, and its position is 0. For figures that move often;
 * what must not be missed is appended.
 */
CRM_MUST_CHECK crm_status changelog_tell(tx *t, const crm_ctx *c, const record *now, const record *was);
/* What was read on from a position. */
typedef struct change_page {
    change *at; /* oldest first */
    uint32_t count;
    int64_t last;  /* the position read up to: read on from it, also when the end is not in `at` */
    bool has_more; /* more rows may follow `last`; `count` does not tell, see changelog_after */
} change_page;
/* Changes after `position`, at most `limit`; pool or writer. Never returns a position while a smaller
 * one may still commit. row_was/row_now hold the columns rights are judged by. Changes of entities
 * that this registry does not know are left out, so a page may be short though more follows. */
CRM_MUST_CHECK crm_status changelog_after(engine_session *s, const registry *r, arena *a, int64_t position,
                                          uint32_t limit, change_page *out);
CRM_MUST_CHECK crm_status changelog_last(engine_session *s, const registry *r, int64_t *position);
CRM_MUST_CHECK crm_status changelog_cursor(tx *t, crm_str name, int64_t *position); /* NOT_FOUND: new */
/* Removes the values of these fields from a record's past; positions stay. Writer. */
CRM_MUST_CHECK crm_status changelog_erase(tx *t, const entity *e, int64_t record, const uint64_t fields[4]);
CRM_MUST_CHECK crm_status changelog_set_cursor(tx *t, crm_str name, int64_t position);

#endif
