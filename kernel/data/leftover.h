/*
 * leftover.h - what is left of a field or an entity that no registry declares any more, and its
 * removal, page by page: values, what history says of them, files, and what the kernel's stores tell
 * of the records. Below rights and without history: whoever calls this answers for both.
 *
 * `stored` is engine_find_stored's: with own fields their values go, without any the records do.
 */
#ifndef DATA_LEFTOVER_H
#define DATA_LEFTOVER_H

#include "data/records.h"

#define LEFTOVER_PAGE 1000

/* In this order. Of a field the first three. */
typedef enum leftover_part {
    LEFTOVER_ROWS,
    LEFTOVER_CHANGES,
    LEFTOVER_FILES,
    LEFTOVER_STAGE_LOG,
    LEFTOVER_DELIVERIES,
    LEFTOVER_RUNS,
    LEFTOVER_NOTICES,
    LEFTOVER_NOTES,
    LEFTOVER_END /* nothing is left but the catalogue's own (engine_forget) */
} leftover_part;

typedef struct leftover_page {
    leftover_part part; /* in and out: where it stands */
    int64_t after;
    int64_t ids[LEFTOVER_PAGE];
    uint32_t count;
    int64_t last;  /* looked at up to this row */
    bool is_end;   /* of the part */
    uint32_t rows; /* out: rows of the entity itself that lost something */
} leftover_page;

/* What comes next behind `part` and `after`. Any blocking session. */
CRM_MUST_CHECK crm_status leftover_read(crm_ctx *c, const entity *stored, leftover_page *p);
/* Removes what the page names, until clock_mono `until` but at least one, and moves `part` and `after`
 * behind it. Done twice it does no harm. Writer, inside c->tx. */
CRM_MUST_CHECK crm_status leftover_remove(crm_ctx *c, const entity *stored, leftover_page *p, int64_t until);
/* Rows with values (of an entity all), and files. Any blocking session. */
CRM_MUST_CHECK crm_status leftover_count(crm_ctx *c, const entity *stored, int64_t *rows, int64_t *files);

#endif
