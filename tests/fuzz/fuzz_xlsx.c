/* fuzz_xlsx.c - any bytes as a spreadsheet, and as the sheet inside a sound one: rows of valid
 * text, and an outcome that has a name. */
#include "../unit/package.h"
#include "base/text.h"
#include "fuzz.h"
#include "sheet/sheet.h"

static void check(int fd)
{
    crm_str cells[TABLE_COLUMNS_MAX];
    table_row row;
    sheet_output out = {.fd = -1};
    buf_init(&out.pending, (size_t)16 << 20);
    int spill = sheet_spill_open("/tmp");
    const char *code = sheet_read(fd, spill, 0, 1000, &out);
    MUST(code && *code);
    close(spill);
    crm_str rest = buf_view(&out.pending);
    while (rest.n) {
        MUST(table_take(&rest, cells, &row) == CRM_OK);
        for (uint32_t i = 0; i < row.count; i++) {
            MUST(text_is_utf8(cells[i]) && cells[i].n <= TABLE_CELL_MAX);
        }
    }
    buf_free(&out.pending);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    crm_str text = {(const char *)data, size};
    int fd = memfd_create("fuzz", 0);
    MUST(write(fd, text.p, text.n) == (ssize_t)text.n);
    check(fd);
    package_part parts[] = {{"xl/styles.xml", text}, {"xl/sharedStrings.xml", text}};
    check(package_open(text, parts, 2));
    return 0;
}
