/* main.c - the program karkas-sheet: `karkas-sheet read SHEET ROWS`, `karkas-sheet write TMPDIR`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "sheet/sheet.h"

static ssize_t from_input(void *arg, char *to, size_t n)
{
    (void)arg;
    return read(STDIN_FILENO, to, n);
}

static const char *run(int argc, char **argv, sheet_output *out)
{
    int64_t sheet, most;
    bool is_read = argc == 4 && strcmp(argv[1], "read") == 0;
    if (is_read && str_to_i64(str_of(argv[2]), &sheet) == CRM_OK && sheet >= 0 &&
        str_to_i64(str_of(argv[3]), &most) == CRM_OK && sheet_confine(true)) {
        return sheet_read(SHEET_FILE_FD, (uint32_t)sheet, most, out);
    }
    if (argc == 3 && strcmp(argv[1], "write") == 0 && sheet_confine(false)) {
        return sheet_write((table_source){from_input, NULL}, SHEET_FILE_FD, argv[2]);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    sheet_output out = {.fd = STDOUT_FILENO};
    buf_init(&out.pending, TABLE_ROW_MAX * 2);
    const char *code = run(argc, argv, &out);
    if (!code) {
        fprintf(stderr, "karkas-sheet: a part of karkas, which starts it\n");
        return 2;
    }
    crm_str cell = str_of(code);
    bool is_ok = strcmp(code, "ok") == 0;
    sheet_put(&out, &(table_row){
                        .cells = &cell, .count = 1, .fault = is_ok ? TABLE_SOUND : TABLE_BROKEN});
    sheet_flush(&out);
    /* _exit: nothing that a stranger's file led to is run on the way out. */
    _exit(is_ok && !out.has_failed ? 0 : 1);
}
