/*
 * changelog.h - the one append-only log of changes: history, events, undo and listeners read it.
 *
 * Kernel entity `sys.change`: entity id, record, rev, op, at, by, by_name, via, quiet, batch, and a body
 * of {"c":{"<field id>":[old,new],…},"k":{…},"m":{…}}, where "k" are the columns rights are judged by and "m" the old values' marks. Subscribers
 * hold cursors (`sys.cursor`), so nothing is lost over a crash and order per record is kept. Positions are opaque to everyone above, and
 * go outside as positions.h writes them alone.
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
/* The same of `now`, of which nothing is another but its timeline, by the change that was told last: for those
 * who may see that one and its field `by`. */
CRM_MUST_CHECK crm_status changelog_tell_because(tx *t, const crm_ctx *c, const record *now, uint16_t by);
/* What was read on from a position. */
typedef struct change_page {
    change *at; /* oldest first */
    uint32_t count;
    uint32_t looked; /* rows of the log, of any entity; changelog_of_entity's */
    int64_t last;  /* the position read up to: read on from it, also when the end is not in `at` */
    bool has_more; /* more rows may follow `last`; `count` does not tell, see changelog_after */
} change_page;
/* Changes after `position`, at most `limit`; pool or writer. Never returns a position while a smaller
 * one may still commit. row_was/row_now hold the columns rights are judged by. Changes of entities
 * that this registry does not know are left out, so a page may be short though more follows. */
CRM_MUST_CHECK crm_status changelog_after(engine_session *s, const registry *r, arena *a, int64_t position,
                                          uint32_t limit, change_page *out);
/*
 * Changes of one entity, oldest first, in the arena: at most `limit`, about 8 MiB, and what of the log's next
 * CHANGES_LOOKED rows is of it, within the call's time. The log is in the order of time and no index is asked
 * of those who write.
 */
#define CHANGES_LOOKED 20000
CRM_MUST_CHECK crm_status changelog_of_entity(const crm_ctx *c, arena *a, const entity *e, int64_t position,
                                              uint32_t limit, change_page *out);
/* The newest position written before that moment (ms UTC, by the clock of then); 0: none. A few dozen rows are
 * read. */
CRM_MUST_CHECK crm_status changelog_before(engine_session *s, const registry *r, int64_t moment,
                                           int64_t *position);
/* Between two positions, both left out; before 0: up to the newest. */
typedef struct change_range {
    int64_t after, before;
    uint32_t limit;
} change_range;
/*
 * Changes of one batch, newest first, at most `limit` and about 8 MiB. Those of entities that this
 * registry does not know are there with no entity. Pool or writer.
 */
CRM_MUST_CHECK crm_status changelog_of_batch(engine_session *s, const registry *r, arena *a, int64_t batch,
                                             change_range in, change_page *out);
/* The first changes of one batch, oldest first. */
CRM_MUST_CHECK crm_status changelog_begin_of_batch(engine_session *s, const registry *r, arena *a,
                                                   int64_t batch, uint32_t limit, change_page *out);
/* Changes of the record that `like` is one of, newest first. */
CRM_MUST_CHECK crm_status changelog_of_record(engine_session *s, const registry *r, arena *a,
                                              const change *like, change_range in, change_page *out);
/* One change by its position; NOT_FOUND. */
CRM_MUST_CHECK crm_status changelog_get(engine_session *s, const registry *r, arena *a, int64_t position,
                                        change *out);
/* Whether the record was changed after `position` by anything but these two batches (0: none). */
CRM_MUST_CHECK crm_status changelog_changed_since(engine_session *s, const registry *r, const change *ch,
                                                  const int64_t batches[2], bool *is_changed);
CRM_MUST_CHECK crm_status changelog_last(engine_session *s, const registry *r, int64_t *position);
CRM_MUST_CHECK crm_status changelog_cursor(tx *t, crm_str name, int64_t *position); /* NOT_FOUND: new */
/* Removes the values of these fields from a record's past; positions stay. Writer. */
CRM_MUST_CHECK crm_status changelog_erase(tx *t, const entity *e, int64_t record, const uint64_t fields[4]);
/* The same of the change at that position; NOT_FOUND. `e` has the durable ids. Writer. */
CRM_MUST_CHECK crm_status changelog_erase_at(tx *t, const entity *e, int64_t position, const uint64_t fields[4]);
CRM_MUST_CHECK crm_status changelog_set_cursor(tx *t, crm_str name, int64_t position);

#endif
