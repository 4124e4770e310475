/*
 * merge.h - one record out of several, and back. On the writer, inside c->tx.
 *
 * What people call a merge is a batch (flow/batch.h): records_merge is its first step, which stands in
 * the commit of whoever asked; what refers to the others is moved behind it, a slice at a time, by
 * records_repoint. All of it takes the right to merge every one of the records and no other: that a
 * deal's client is now called otherwise is no change of the deal that its own rights guard.
 */
#ifndef DATA_MERGE_H
#define DATA_MERGE_H

#include "data/changelog.h"
#include "data/records.h"

#define MERGE_MAX 20 /* that go into one */

typedef struct merge_wish {
    const entity *entity;
    int64_t into, from[MERGE_MAX];
    uint32_t count;
    int64_t rev_into, rev_from[MERGE_MAX]; /* what the caller saw; 0: whatever */
    int64_t take[FIELDS_MAX];              /* whose value a field takes; 0: as it comes */
} merge_wish;

/*
 * The others go to the recycle bin and point to the winner; it takes what it lacks, in their order,
 * and the values wished. Field errors name what refuses. DENIED: he may not merge one of them. CONFLICT
 * "merge_changed" (params id) for another revision, "merged_already" (params id, merged_into).
 */
CRM_MUST_CHECK crm_status records_merge(crm_ctx *c, const merge_wish *w);

/* A field of another entity, or of this one, that may refer to a record. */
typedef struct merge_link {
    const entity *entity;
    const field *field; /* ref or refs */
} merge_link;
/* All that may refer to `e`, at most FIELDS_MAX. */
uint32_t merge_links(const registry *r, const entity *e, merge_link out[FIELDS_MAX]);
/* The records of a link that refer to any of `from`; those that are merged themselves do not count. */
const cond *merge_link_cond(arena *a, const merge_link *l, const merge_wish *w);
/* The record, whether or not it lies in the recycle bin, refers to the winner instead. Its hooks run. */
CRM_MUST_CHECK crm_status records_repoint(crm_ctx *c, const merge_link *l, int64_t id,
                                          const merge_wish *w);

/* ---- un-merge -------------------------------------------------------------------------------- */

/*
 * Undoes records_merge by the changes it left (`first`: those of the batch, oldest first): the winner
 * gives back what still holds what it took, the others come out of the bin. It takes the right to merge
 * all of them. Conflicts are fields of the winner. Done again it does nothing.
 */
CRM_MUST_CHECK crm_status records_unmerge(crm_ctx *c, const merge_wish *w, const change_page *first,
                                          uint64_t conflicts[4]);
/* One moved reference goes back, if it still points where the merge put it. */
CRM_MUST_CHECK crm_status records_repoint_back(crm_ctx *c, const change *ch, uint64_t conflicts[4]);

/* ---- where a record went --------------------------------------------------------------------- */

/* The end of the chain, or NOT_FOUND: it was not merged. Any session. */
CRM_MUST_CHECK crm_status merged_into(crm_ctx *c, const entity *e, int64_t id, int64_t *into);
/* Turns NOT_FOUND of a merged record into "merged" with its params, when the caller may read it. */
crm_status merged_answer(crm_ctx *c, const entity *e, int64_t id, crm_status status);
/* A record that came back is merged no more. */
CRM_MUST_CHECK crm_status merged_forget(crm_ctx *c, const entity *e, int64_t id);

#endif
