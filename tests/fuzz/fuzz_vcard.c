/* fuzz_vcard.c - any bytes as address cards: valid text in bounded columns, then the end. */
#include "../unit/table_text.h"
#include "base/text.h"
#include "base/vcard.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    table_text text = {{(const char *)data, size}, size % 7};
    vcard_reader *r;
    table_row row;
    crm_status s;
    int64_t line = 0;
    uint32_t count = VCARD_COLUMNS;
    size_t mark;
    MUST(vcard_open(table_text_source(&text), charset_guess(text.rest, &mark), &r) == CRM_OK);
    while ((s = vcard_next(r, &row)) == CRM_OK) {
        MUST(row.count >= count && row.count <= TABLE_COLUMNS_MAX && row.line > line);
        line = row.line;
        count = row.count;
        size_t all = 0;
        for (uint32_t i = 0; i < row.count; i++) {
            all += row.cells[i].n;
            MUST(row.cells[i].n <= TABLE_CELL_MAX && text_is_utf8(row.cells[i]));
            MUST(text_is_utf8(vcard_name(r, i)));
        }
        MUST(all <= TABLE_ROW_MAX);
    }
    MUST(s == CRM_NOT_FOUND);
    vcard_close(r);
    return 0;
}
