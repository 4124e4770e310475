/*
 * tx_gather.h - what a group's requests leave for later: words of rows and changes.
 *
 * Both are lists with the newest first, so a request that is rolled back drops its part by going
 * back to a mark. Writer only, but changes batches, which any thread may hold.
 */
#ifndef DATA_TX_GATHER_H
#define DATA_TX_GATHER_H

#include "data/tx.h"

typedef struct gathered_terms gathered_terms;
typedef struct gathered_change gathered_change;
typedef struct changes_box changes_box;

typedef struct tx_gathered {
    arena *arena; /* the group's: words; changes have one of their own */
    gathered_terms *terms;
    uint32_t term_count;
    changes_box *box; /* made with the first change */
    gathered_change *changes;
    uint32_t change_count;
} tx_gathered;

typedef struct tx_gathered_mark {
    gathered_terms *terms;
    gathered_change *changes;
    uint32_t term_count, change_count;
} tx_gathered_mark;

CRM_MUST_CHECK crm_status tx_gathered_init(tx_gathered *g, arena *a);
void tx_gathered_fini(tx_gathered *g);
tx_gathered_mark tx_gathered_mark_get(const tx_gathered *g);
void tx_gathered_rewind(tx_gathered *g, tx_gathered_mark m);
CRM_MUST_CHECK crm_status tx_gathered_terms(tx_gathered *g, const entity *e, int64_t id,
                                            const value *row);
CRM_MUST_CHECK crm_status tx_gathered_change(tx_gathered *g, const change *ch);
/* Each record's newest words, once. */
CRM_MUST_CHECK crm_status tx_gathered_write_terms(tx_gathered *g, tx *t);
const change *tx_gathered_last(const tx_gathered *g);
changes_batch *tx_gathered_take(tx_gathered *g);

#endif
