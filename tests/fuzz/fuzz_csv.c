/* fuzz_csv.c - any bytes as a table: every row is whole, valid text, and the same in any pieces. */
#include "../unit/table_text.h"
#include "base/csv.h"
#include "base/text.h"
#include "fuzz.h"

static uint64_t read_all(crm_str file, const csv_format *format, size_t piece)
{
    table_text text = {file, piece};
    csv_reader *r;
    table_row row;
    uint64_t hash = 14695981039346656037ull;
    int64_t line = 0;
    MUST(csv_open(table_text_source(&text), format, &r) == CRM_OK);
    crm_status s;
    while ((s = csv_next(r, &row)) == CRM_OK) {
        MUST(row.count > 0 && row.count <= TABLE_COLUMNS_MAX && row.line > line);
        line = row.line;
        for (uint32_t i = 0; i < row.count; i++) {
            MUST(row.cells[i].n <= TABLE_CELL_MAX && text_is_utf8(row.cells[i]));
            hash = (hash ^ str_hash(row.cells[i])) * 1099511628211ull;
        }
        hash = (hash ^ row.fault) * 1099511628211ull;
    }
    MUST(s == CRM_NOT_FOUND);
    csv_close(r);
    return hash;
}

static void check_cell(crm_str text)
{
    char scratch[4096];
    buf out;
    table_text file;
    csv_reader *r;
    table_row row;
    csv_format format = {CHARSET_UTF8, ';'};
    if (!text.n || text.n > sizeof scratch || !text_is_utf8(text) || memchr(text.p, '\r', text.n) ||
        memmem(text.p, text.n, "\xEF\xBF\xBD", 3) || str_starts(text, CRM_S("\xEF\xBB\xBF")) ||
        str_starts(text, CRM_S("sep="))) {
        return;
    }
    buf_init(&out, 0);
    csv_put_cell(&out, text, ';');
    MUST(!memchr("=@", out.p[0], 2) || !out.n);
    file = (table_text){buf_view(&out), 0};
    MUST(csv_open(table_text_source(&file), &format, &r) == CRM_OK);
    if (csv_next(r, &row) == CRM_OK) {
        MUST(row.count == 1 && row.fault == TABLE_SOUND);
        MUST(str_eq(csv_plain(row.cells[0], scratch), text));
    }
    csv_close(r);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    crm_str file = {(const char *)data, size};
    csv_format format = csv_guess(file);
    MUST(read_all(file, &format, 0) == read_all(file, &format, 3));
    check_cell(file);
    return 0;
}
