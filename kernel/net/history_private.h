/* history_private.h - changes of a record as JSON: what its history and its timeline tell alike. */
#ifndef NET_HISTORY_PRIVATE_H
#define NET_HISTORY_PRIVATE_H

#include "data/positions.h"
#include "net/api_private.h"

/* Rows of one record's past, with the titles of the records that they refer to. */
typedef struct history_text {
    api_call *k;
    const history_entry *rows;
    uint32_t count;
    struct label_list *labels;
} history_text;

/* Reads those titles: one look-up per entity. Pool. A name that could not be read in time is no name that
 * he may not read. */
CRM_MUST_CHECK crm_status history_read_labels(history_text *t);
/* The members of one of the rows but `at` and `by`, into k->w. */
void history_put_members(const history_text *t, const history_entry *h);
/* Where positions of the history of the record k->id stand. */
position_place history_place(const api_call *k);

#endif
