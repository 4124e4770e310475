/* export_private.h - an export on its way, as the files of the export API share it. */
#ifndef NET_EXPORT_PRIVATE_H
#define NET_EXPORT_PRIVATE_H

#include "data/search.h"
#include "net/pour.h"
#include "table/child.h"
#include "table/export.h"

#define EXPORT_PAGE 500
/* Less than a server that stops waits for its pools. */
#define EXPORT_PAGE_US 5000000

typedef struct exporting {
    api_call *k;
    export_plan plan;
    query *query;
    search_try search; /* of the list's words */
    record_read read;
    arena_mark mark; /* of the call's arena, before each page */
    buf next;        /* the cursor, outside that arena */
    pour pour;
    int64_t total, rows; /* total -1: not counted in time */
    uint64_t lost;
    child child;
    char said[64]; /* what the child said and was not understood yet */
    size_t said_n;
    uint32_t words; /* how often it said something */
    int file; /* of a spreadsheet */
    int64_t file_size, file_at;
} exporting;

/* What the request asks for: the rows of a list and the form of the file. Loop. */
CRM_MUST_CHECK crm_status export_prepare(exporting *x);
/* How many rows there are, by the reading of the words that finds some; the file does not wait long
 * for it, HEAD does. Pool. */
CRM_MUST_CHECK crm_status export_count(exporting *x);

#endif
