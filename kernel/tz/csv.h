/* csv.h - a table in a text file, as the same tree that YAML gives. */
#ifndef TZ_CSV_H
#define TZ_CSV_H

#include "base/base.h"

typedef struct csv_error {
    int line, column;
    const char *code; /* csv_quote, csv_columns, csv_rows, csv_encoding */
} csv_error;

/*
 * *rows is a list of maps, the header first (its cells' keys are their own texts); a row may have
 * fewer cells than the header. Lines without text are passed over. At most 64 columns and 2000
 * rows. INVALID with *err filled, or NOMEM.
 */
CRM_MUST_CHECK crm_status csv_parse(arena *a, const char *file, crm_str text, yaml_node **rows,
                                    csv_error *err);

#endif
