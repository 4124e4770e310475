/*
 * gathering.h - a list that has no place in its order to go on from.
 *
 * Where nothing has the order asked for, or of the rows along it the asker may read none for so long, the
 * rows are passed by their ids instead, and those that are first in the order so far are kept, until
 * all were passed: then they are the page. What is carried from part to part is how far the ids were
 * passed, which rows are kept, by id, and what the last of them is sorted by: all of them the asker's
 * own. No value of a row that he may not read is in it, nor can one be found out by asking what comes
 * behind.
 *
 * Of a search only the rows that have its words are passed. A list that goes by the ids themselves is
 * passed in its own direction, from its cursor on: each part gives what it has found, and nothing is kept.
 *
 * Rows change meanwhile. What was left out comes after `bound`; so a kept row that has moved behind it
 * is no row of this page any more, and the page ends there however few rows are left.
 */
#ifndef DATA_GATHERING_H
#define DATA_GATHERING_H

#include "base/base.h"
#include "data/value.h"

#define SORTS_MAX 3

/* Where a page ended: the sort values of its last row and its id. */
typedef struct cursor {
    value at[SORTS_MAX];
    /* A text too long for an address: at[] stands before all that begin as it does, and this knows the
     * whole when the row gives it (cursor_complete). 0: at[] is all of it. */
    int64_t whole[SORTS_MAX];
    int64_t id;
    bool is_set;
} cursor;

typedef struct list_gathering {
    int64_t passed;     /* rows up to this id, or down to it, were judged; 0: none yet */
    const int64_t *ids; /* the first of them behind the query's cursor, in the order of the list */
    uint32_t count;
    uint8_t percent; /* of the way, when it began; of a search, as it was told last */
    cursor bound;    /* set: some were left out, which all come after it */
    bool is_over;    /* the page that was given ends at `bound` */
} list_gathering;

/* All but `bound` and is_over as bytes; gathering_read cuts them off the beginning of *text. INVALID: they are
 * none. */
void gathering_write(buf *b, const list_gathering *g);
CRM_MUST_CHECK crm_status gathering_read(arena *a, crm_str *text, list_gathering *out);

#endif
