/* xlsx_read.c - a spreadsheet from an open file: package, workbook, strings, then rows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sheet/xlsx.h"

#define PENDING 65536

void sheet_flush(sheet_output *out)
{
    size_t done = 0;
    while (done < out->pending.n && !out->has_failed) {
        ssize_t n = write(out->fd, out->pending.p + done, out->pending.n - done);
        out->has_failed = n < 0 && errno != EINTR;
        done += n > 0 ? (size_t)n : 0;
    }
    buf_clear(&out->pending);
}

void sheet_put(sheet_output *out, const table_row *row)
{
    table_put(&out->pending, row);
    if (out->pending.n >= PENDING) {
        sheet_flush(out);
    }
}

void sheet_beat(sheet_output *out)
{
    table_put(&out->pending, &(table_row){.line = 0});
    sheet_flush(out);
}

static void put_names(const xlsx *x, sheet_output *out)
{
    crm_str names[XLSX_SHEETS_MAX];
    const char *p = x->sheet_names.p;
    for (uint32_t i = 0; i < x->sheet_count; i++) {
        names[i] = str_of(p);
        p += names[i].n + 1;
    }
    sheet_put(out, &(table_row){.cells = names, .count = x->sheet_count});
}

static void read_sheet(xlsx *x, uint32_t sheet, int64_t most, sheet_output *out)
{
    char path[XLSX_PATH_MAX];
    if (!xlsx_read_book(x)) {
        return;
    }
    put_names(x, out);
    if (!xlsx_sheet_path(x, sheet, path)) {
        xlsx_fail(x, "xlsx_sheet");
        return;
    }
    xlsx_read_styles(x);
    xlsx_read_strings(x);
    xlsx_read_rows(x, path, most, out);
}

const char *sheet_read(int file, int spill, uint32_t sheet, int64_t most, sheet_output *out)
{
    int code;
    xlsx *x = calloc(1, sizeof *x);
    if (!x) {
        return "xlsx_broken";
    }
    buf_init(&x->sheet_names, 0);
    x->out = out;
    x->spill = spill;
    x->zip = zip_fdopen(file, ZIP_CHECKCONS, &code);
    if (x->zip) {
        read_sheet(x, sheet, most, out);
        zip_discard(x->zip);
    } else {
        x->fault = "xlsx_broken";
    }
    const char *fault = x->fault ? x->fault : "ok";
    buf_free(&x->sheet_names);
    xlsx_free_strings(x);
    free(x->styles);
    free(x);
    return fault;
}
