/*
 * sheet.h - spreadsheets (XLSX, ECMA-376) to rows and rows to spreadsheets, in a process of its own.
 *
 * The program karkas-sheet is this folder with the base layer. It parses what strangers made, so it
 * runs with lowered limits and without the right to open or connect to anything; the server never
 * links what parses. Its talk is frames of base/table.h:
 *   read    descriptor 3 is the file. Out: the sheets' names as a row of line 0, the chosen sheet's
 *           rows, and as a last row of line 0 one cell, "ok", or with a
 *           fault the code of what is wrong.
 *   write   In: rows of line 0 with the columns' kinds (TABLE_TEXT …) and titles, then the rows, and an
 *           empty row of line 0 as the end. Descriptor 3 is the file to be written. Out: as above.
 */
#ifndef SHEET_SHEET_H
#define SHEET_SHEET_H

#include "base/table.h"

#define SHEET_FILE_FD 3
#define SHEET_ROWS_MAX 1048576 /* of one sheet, its head included */

/* Codes: xlsx_broken, xlsx_bomb (unpacks to too much), xlsx_doctype, xlsx_sheet (no such sheet),
 * xlsx_cell (a text too long for a cell; the row's line follows), too_many_rows. */
typedef struct sheet_output {
    int fd;
    buf pending;
    bool has_failed; /* nobody reads any more */
} sheet_output;
void sheet_put(sheet_output *out, const table_row *row);
void sheet_flush(sheet_output *out);

/* Both return the code, "ok" at best. `most`: rows at most; `sheet` from 0. */
const char *sheet_read(int file, uint32_t sheet, int64_t most, sheet_output *out);
const char *sheet_write(table_source rows, int file, const char *tmp);

/* No new privileges, memory, files, time; then only reading, writing and memory are left. False:
 * this system cannot, and the program must not go on. */
bool sheet_confine(bool is_reader);

#endif
