/*
 * main.c - the program karkas-sheet: `karkas-sheet read SHEET ROWS TMPDIR`,
 * `karkas-sheet write TMPDIR`.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "sheet/sheet.h"

static ssize_t from_input(void *arg, char *to, size_t n)
{
    (void)arg;
    return read(STDIN_FILENO, to, n);
}

/* A book is put together in one call that says nothing for as long as it takes. Each word is one
 * write(2), whole beside the last one (pipe(7)). */
static void *beat(void *arg)
{
    sheet_output out = {.fd = STDOUT_FILENO};
    (void)arg;
    buf_init(&out.pending, 64);
    while (!out.has_failed) {
        sleep(SHEET_BEAT_S);
        sheet_beat(&out);
    }
    buf_free(&out.pending);
    return NULL;
}

static const char *write_book(const char *dir)
{
    pthread_t beats;
    if (!sheet_confine(false, 0) || pthread_create(&beats, NULL, beat, NULL) != 0) {
        return NULL;
    }
    return sheet_write((table_source){from_input, NULL}, SHEET_FILE_FD, dir);
}

/* What the disk has for others than the database is all that a stranger's book may take of it; it
 * is looked at again as the strings are written (xlsx_strings.c). */
static uint64_t spill_max(const char *dir)
{
    uint64_t room = fs_room(dir);
    room = room > FS_ROOM_KEPT ? room - FS_ROOM_KEPT : 0;
    return room < SHEET_SPILL_MAX ? room : SHEET_SPILL_MAX;
}

static const char *run(int argc, char **argv, sheet_output *out)
{
    int64_t sheet, most;
    bool is_read = argc == 5 && strcmp(argv[1], "read") == 0;
    if (is_read && str_to_i64(str_of(argv[2]), &sheet) == CRM_OK && sheet >= 0 &&
        str_to_i64(str_of(argv[3]), &most) == CRM_OK) {
        int spill = sheet_spill_open(argv[4]);
        return spill >= 0 && sheet_confine(true, spill_max(argv[4]))
                   ? sheet_read(SHEET_FILE_FD, spill, (uint32_t)sheet, most, out)
                   : NULL;
    }
    return argc == 3 && strcmp(argv[1], "write") == 0 ? write_book(argv[2]) : NULL;
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
