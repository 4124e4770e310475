/*
 * table.h - rows of text cells: what every reader of tables gives, and the form in which they are
 * kept in a file and passed between processes.
 *
 * The stored form of a row is a frame: line, fault, number of cells, then each cell's length and
 * bytes, numbers as LEB128. It needs no unescaping, so a row is read in place.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <crm/crm.h>
#include <sys/types.h>

#include "base/buf.h"

#define TABLE_COLUMNS_MAX 512
#define TABLE_CELL_MAX    ((size_t)1 << 20)
#define TABLE_ROW_MAX     ((size_t)4 << 20)

/* What is wrong with a whole row; the cells before it are given all the same. */
typedef enum table_fault {
    TABLE_SOUND, TABLE_QUOTE, TABLE_ENCODING, TABLE_LONG, TABLE_WIDE, TABLE_BROKEN, TABLE_FAULT_COUNT
} table_fault;
/* "csv_quote", "bad_encoding", "cell_too_long", "too_many_columns", "row_broken"; "" of a sound one. */
const char *table_fault_code(table_fault f);

typedef struct table_row {
    int64_t line; /* in the file, from 1, where the row begins */
    const crm_str *cells;
    uint32_t count;
    table_fault fault;
    uint32_t fault_column; /* from 1 */
} table_row;

/* Kinds of columns that a spreadsheet is written with, one letter: what its cells' texts are. */
#define TABLE_TEXT     "t"
#define TABLE_NUMBER   "n" /* "-1500.50" */
#define TABLE_DATE     "d" /* "2027-01-18" */
#define TABLE_DATETIME "m" /* "2027-01-18 10:00:30.250" */

/* Bytes from somewhere: how many were read, 0 at the end, -1 when reading failed. */
typedef struct table_source {
    ssize_t (*read)(void *arg, char *to, size_t n);
    void *arg;
} table_source;

/* Appends the row's frame. */
void table_put(buf *out, const table_row *row);
/*
 * Cuts a frame off *rest; its texts point into it. `cells` has room for TABLE_COLUMNS_MAX. OK;
 * NOT_FOUND when the frame is not complete (*rest is unchanged); INVALID when it is none.
 */
CRM_MUST_CHECK crm_status table_take(crm_str *rest, crm_str *cells, table_row *row);

#endif
