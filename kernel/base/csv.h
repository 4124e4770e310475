/*
 * csv.h - tables of separated values as spreadsheets write them (RFC 4180 and beyond), read and
 * written row by row in bounded memory. Any thread; a reader belongs to one.
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/charset.h"
#include "base/table.h"

typedef struct csv_format {
    charset charset;
    char separator; /* ; , TAB | */
} csv_format;

/* The format by the file's beginning. A first line "sep=;" decides the separator; else the one that
 * cuts the first lines most alike. */
csv_format csv_guess(crm_str sample);

typedef struct csv_reader csv_reader;
/* NOMEM, or UNAVAILABLE when the system lacks the encoding. */
CRM_MUST_CHECK crm_status csv_open(table_source from, const csv_format *format, csv_reader **out);
void csv_close(csv_reader *r); /* may be NULL */
/*
 * The next row that holds anything; its texts are valid UTF-8 and live until the next call. Lines end
 * in CR LF, LF or CR; a quote inside an unquoted cell is a letter; a byte order mark and the line
 * "sep=;" are passed over. A row that cannot be taken whole has its fault, and reading goes on behind
 * it. NOT_FOUND at the end; INTERNAL when the source failed.
 */
CRM_MUST_CHECK crm_status csv_next(csv_reader *r, table_row *row);

/*
 * A cell as it is meant: without Excel's ="001", and without the ' before what would be a formula or
 * a number (csv_put_cell writes one). The result points into `cell` or into `scratch`, which has
 * room for it.
 */
crm_str csv_plain(crm_str cell, char *scratch);
/* 7,91612E+10: a long number of which a spreadsheet kept the first digits only. */
bool csv_is_rounded(crm_str cell);

/*
 * Appends one cell, quoted where it must be. A text that a spreadsheet would compute (= + - @ TAB CR
 * in front, unless it is a plain number or phone) gets a ' before it.
 */
void csv_put_cell(buf *out, crm_str text, char separator);

#endif
