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
 * A row of line 0 without a cell says that it is at work and has nothing to tell yet.
 *
 * Memory is bounded whatever the sheet holds: rows pass through, and what a reader must come back to
 * (shared strings) lies in a file without a name, opened before the right to open anything is gone.
 */
#ifndef SHEET_SHEET_H
#define SHEET_SHEET_H

#include "base/table.h"

#define SHEET_FILE_FD 3
#define SHEET_ROWS_MAX 1048576 /* of one sheet, its head included */

#define SHEET_BEAT_S   2       /* how often a writer says that it is at work */

/* Codes: xlsx_broken, xlsx_bomb (unpacks to too much), xlsx_doctype, xlsx_sheet (no such sheet),
 * xlsx_cell (a text too long for a cell), too_many_rows (more than SHEET_ROWS_MAX), no_space. */
typedef struct sheet_output {
    int fd;
    buf pending;
    bool has_failed; /* nobody reads any more */
} sheet_output;
void sheet_put(sheet_output *out, const table_row *row);
void sheet_flush(sheet_output *out);
/* Says that it is at work. */
void sheet_beat(sheet_output *out);

/* An empty file without a name in the folder, for what does not stay in memory; -1: none. */
int sheet_spill_open(const char *dir);
#define SHEET_SPILL_MAX ((uint64_t)2304 << 20)

/* Both return the code, "ok" at best. `most`: rows at most; `sheet` from 0; `spill` is written from
 * its beginning and stays the caller's. */
const char *sheet_read(int file, int spill, uint32_t sheet, int64_t most, sheet_output *out);
const char *sheet_write(table_source rows, int file, const char *tmp);

/* No new privileges, memory, files, time. A reader is then left reading, writing and memory, and no
 * file grows beyond `file_max`. False: this system cannot, and the program must not go on. */
bool sheet_confine(bool is_reader, uint64_t file_max);

#endif
