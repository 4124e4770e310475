/* xlsx_write.c - rows to a spreadsheet by libxlsxwriter, row by row in constant memory. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/text.h"
#include "sheet/sheet.h"

#define PIECE           65536
#define WIDTH           18 /* characters of a column */
#define DAY_MS          86400000.0
#define SERIAL_1970     25569
#define CELL_CHARACTERS 32767
#define NUMBER_DIGITS   15 /* what a spreadsheet keeps of a number */
/* A sheet near the 4 GB that a part of a plain zip may have. Of smaller ones some programs that
 * read spreadsheets know no other. */
#define PLAIN_ZIP_MAX ((uint64_t)0xF0000000u)
#define SMALL         ((uint64_t)64 << 20) /* a sheet whose room is not asked for */
#define ROOM_ROWS     4096                 /* between two looks at the disk */

typedef struct writing {
    table_source source;
    const char *tmp;
    buf in;
    size_t at;
    crm_str cells[TABLE_COLUMNS_MAX];
    char kinds[TABLE_COLUMNS_MAX];
    uint32_t width;
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_format *head, *date, *moment;
    lxw_row_t row;
    const char *fault;
    char where[32];
} writing;

/* ---- reading frames -------------------------------------------------------------------------- */

static bool fill(writing *w)
{
    if (w->at) {
        memmove(w->in.p, w->in.p + w->at, w->in.n - w->at);
    }
    w->in.n -= w->at;
    w->at = 0;
    char *room = buf_room(&w->in, PIECE);
    ssize_t n = room ? w->source.read(w->source.arg, room, PIECE) : -1;
    w->in.n += n > 0 ? (size_t)n : 0;
    return n > 0;
}

/* False at the end, which is a frame of its own: whoever writes and dies leaves a broken file. */
static bool next(writing *w, table_row *row)
{
    for (;;) {
        crm_str rest = {w->in.p + w->at, w->in.n - w->at};
        crm_status s = rest.n ? table_take(&rest, w->cells, row) : CRM_NOT_FOUND;
        if (s == CRM_OK) {
            w->at = w->in.n - rest.n;
            return row->line || row->count;
        }
        if (s != CRM_NOT_FOUND || !fill(w)) {
            w->fault = "xlsx_broken";
            return false;
        }
    }
}

/* ---- cells ----------------------------------------------------------------------------------- */

static void put_text(writing *w, lxw_col_t column, crm_str text, lxw_format *format)
{
    char z[4 * CELL_CHARACTERS + 1];
    lxw_error e = LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED;
    if (text.n < sizeof z && text_length(text) <= CELL_CHARACTERS) {
        memcpy(z, text.p, text.n);
        z[text.n] = 0;
        e = worksheet_write_string(w->sheet, w->row, column, z, format);
    }
    if (e != LXW_NO_ERROR) {
        w->fault = "xlsx_cell";
    }
}

static bool take_number(crm_str text, double *out)
{
    char z[64], *end;
    size_t digits = 0;
    if (!text.n || text.n >= sizeof z) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        digits += text.p[i] >= '0' && text.p[i] <= '9';
    }
    memcpy(z, text.p, text.n);
    z[text.n] = 0;
    *out = strtod(z, &end);
    return !*end && digits <= NUMBER_DIGITS;
}

/* What a spreadsheet can count days of: from March 1900 on. */
static bool take_date(crm_str text, bool has_time, double *out)
{
    int32_t days;
    int64_t ms = 0;
    char z[32];
    if (text.n < 10 || text.n > 24 || clock_parse_date((crm_str){text.p, 10}, &days) != CRM_OK) {
        return false;
    }
    if (has_time) {
        snprintf(z, sizeof z, "1970-01-01T%.*sZ", (int)text.n - 11, text.p + 11);
        if (text.n < 16 || clock_parse(str_of(z), &ms) != CRM_OK) {
            return false;
        }
    }
    *out = (double)(days + SERIAL_1970) + (double)ms / DAY_MS;
    return *out > 60 && (has_time || text.n == 10);
}

static void put_cell(writing *w, lxw_col_t column, crm_str text)
{
    double v;
    char kind = w->kinds[column];
    if (!text.n) {
        return;
    }
    if (kind == TABLE_NUMBER[0] && take_number(text, &v)) {
        worksheet_write_number(w->sheet, w->row, column, v, NULL);
    } else if (kind == TABLE_DATE[0] && take_date(text, false, &v)) {
        worksheet_write_number(w->sheet, w->row, column, v, w->date);
    } else if (kind == TABLE_DATETIME[0] && take_date(text, true, &v)) {
        worksheet_write_number(w->sheet, w->row, column, v, w->moment);
    } else {
        put_text(w, column, text, NULL);
    }
}

/* ---- the sheet ------------------------------------------------------------------------------- */

static bool begin(writing *w)
{
    table_row row;
    if (!next(w, &row)) {
        return false;
    }
    w->width = row.count;
    for (uint32_t i = 0; i < row.count; i++) {
        w->kinds[i] = row.cells[i].n ? row.cells[i].p[0] : TABLE_TEXT[0];
    }
    if (!next(w, &row) || row.count != w->width) {
        return false;
    }
    w->sheet = workbook_add_worksheet(w->book, NULL);
    w->head = workbook_add_format(w->book);
    w->date = workbook_add_format(w->book);
    w->moment = workbook_add_format(w->book);
    if (!w->sheet || !w->head || !w->date || !w->moment) {
        return false;
    }
    format_set_bold(w->head);
    format_set_num_format(w->date, "dd.mm.yyyy");
    format_set_num_format(w->moment, "dd.mm.yyyy hh:mm");
    worksheet_freeze_panes(w->sheet, 1, 0);
    worksheet_set_column(w->sheet, 0, (lxw_col_t)(w->width ? w->width - 1 : 0), WIDTH, NULL);
    for (uint32_t i = 0; i < w->width; i++) {
        put_text(w, (lxw_col_t)i, row.cells[i], w->head);
    }
    return true;
}

/* The rows so far as they lie on the disk. */
static uint64_t sheet_size(const writing *w)
{
    off_t n = w->sheet->optimize_tmpfile ? ftello(w->sheet->optimize_tmpfile) : 0;
    return n > 0 ? (uint64_t)n : 0;
}

/* The book is made of another copy of the rows, and the database needs the disk as well. */
static bool has_room(const writing *w)
{
    uint64_t size = sheet_size(w);
    return size < SMALL || fs_room(w->tmp) >= FS_ROOM_KEPT + size + size / 4;
}

static void put_rows(writing *w)
{
    table_row row;
    while (!w->fault && next(w, &row)) {
        if (++w->row == SHEET_ROWS_MAX) {
            w->fault = "too_many_rows";
            return;
        }
        if (w->row % ROOM_ROWS == 0 && !has_room(w)) {
            w->fault = "no_space";
            return;
        }
        for (uint32_t i = 0; i < row.count && i < w->width && !w->fault; i++) {
            put_cell(w, (lxw_col_t)i, row.cells[i]);
        }
    }
}

/* One that has no room stays as it is: putting it together would take more. */
static void close_book(writing *w)
{
    if (!w->fault && !has_room(w)) {
        w->fault = "no_space";
    }
    if (!w->book || (w->fault && strcmp(w->fault, "no_space") == 0)) {
        return;
    }
    w->book->options.use_zip64 = w->sheet && sheet_size(w) > PLAIN_ZIP_MAX ? LXW_TRUE : LXW_FALSE;
    if (workbook_close(w->book) != LXW_NO_ERROR && !w->fault) {
        w->fault = "no_space";
    }
}

const char *sheet_write(table_source rows, int file, const char *tmp)
{
    char path[32];
    writing *w = calloc(1, sizeof *w);
    if (!w) {
        return "xlsx_broken";
    }
    w->source = rows;
    w->tmp = tmp;
    buf_init(&w->in, TABLE_ROW_MAX * 2);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    lxw_workbook_options o = {.constant_memory = LXW_TRUE, .tmpdir = (char *)tmp};
    w->book = workbook_new_opt(path, &o);
    if (!w->book || !begin(w)) {
        w->fault = "xlsx_broken";
    } else {
        put_rows(w);
    }
    close_book(w);
    const char *fault = w->fault ? w->fault : "ok";
    buf_free(&w->in);
    free(w);
    return fault;
}
