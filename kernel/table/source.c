/* source.c - see source.h. */
#include "table/source.h"

#include <errno.h>
#include <fcntl.h>

#include "base/base.h"
#include "base/vcard.h"
#include "table/child.h"
#include "table/import.h"

#define SAMPLE  (1 << 20)
#define LOOK_MS 1000

struct source {
    source_format format;
    int64_t left, rows;
    const source_watch *watch;
    const char *fault;
    int fd;
    off_t at; /* pread's, so that one file can be read twice */
    csv_reader *csv;
    vcard_reader *vcard;
    child child;
    bool is_ended, has_child;
    arena *arena;
    buf frames; /* XLSX: what the child said */
    size_t frames_at;
    crm_str cells[TABLE_COLUMNS_MAX];
    crm_str *sheets;
    uint32_t sheet_count;
};

/* ---- what a file is -------------------------------------------------------------------------- */

static ssize_t read_whole(int fd, char *to, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(fd, to + done, n - done, (off_t)done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? -1 : (ssize_t)done;
        }
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static bool begins(crm_str s, const char *text)
{
    size_t n = strlen(text);
    return s.n >= n && str_eq_ascii_nocase((crm_str){s.p, n}, str_of(text));
}

/* What people take for a table and is none; NULL: nothing known. */
static const char *find_stranger(crm_str s)
{
    static const struct {
        const char *begin, *found;
    } known[] = {{"\xD0\xCF\x11\xE0", "xls"}, {"%PDF", "pdf"},       {"\x89PNG", "image"},
                 {"\xFF\xD8\xFF", "image"},   {"GIF8", "image"},     {"Rar!", "zip"},
                 {"7z\xBC\xAF", "zip"},       {"<!doctype", "html"}, {"<html", "html"},
                 {"<table", "html"},          {"<meta", "html"},     {"<?xml", "html"}};
    crm_str text = s;
    if (str_starts(text, CRM_S("\xEF\xBB\xBF"))) {
        text = (crm_str){text.p + 3, text.n - 3};
    }
    text = str_trim(text);
    if (!text.n) {
        return "empty";
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (begins(text, known[i].begin)) {
            return known[i].found;
        }
    }
    return NULL;
}

/* Text has no control characters but tabs and line breaks; a stray zero is somebody's slip. */
static bool is_binary(crm_str s, charset c)
{
    size_t odd = 0;
    if (c == CHARSET_UTF16LE || c == CHARSET_UTF16BE) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        unsigned char b = (unsigned char)s.p[i];
        odd += b < ' ' && b != '\t' && b != '\n' && b != '\r' && b != '\f' && b != 0x1a;
    }
    return odd > s.n / 20 + 1;
}

static const char *guess_text(crm_str s, source_reading *out)
{
    csv_format f = csv_guess(s);
    size_t mark;
    out->charset = f.charset;
    out->separator = f.separator;
    if (is_binary(s, f.charset)) {
        return "binary";
    }
    crm_str head = s;
    charset_guess(s, &mark);
    head = str_trim((crm_str){head.p + mark, head.n - mark});
    out->format = begins(head, "BEGIN:VCARD") ? SOURCE_VCARD : SOURCE_CSV;
    return NULL;
}

crm_status source_guess(int fd, source_reading *out, const char **found)
{
    char *sample = malloc(SAMPLE);
    ssize_t n = sample ? read_whole(fd, sample, SAMPLE) : -1;
    crm_str s = {sample, n > 0 ? (size_t)n : 0};
    *out = (source_reading){.format = SOURCE_CSV, .separator = ';'};
    *found = n < 0 ? NULL : find_stranger(s);
    if (n > 0 && !*found && begins(s, "PK\3\4")) {
        out->format = SOURCE_XLSX;
    } else if (n > 0 && !*found) {
        *found = guess_text(s, out);
    }
    free(sample);
    return !sample ? CRM_NOMEM : n < 0 ? CRM_INTERNAL : *found ? CRM_INVALID : CRM_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static ssize_t read_file(void *arg, char *to, size_t n)
{
    source *s = arg;
    ssize_t got;
    do {
        got = pread(s->fd, to, n, s->at);
    } while (got < 0 && errno == EINTR);
    s->at += got > 0 ? got : 0;
    return got;
}

static crm_status open_sheet(source *s, const source_reading *how)
{
    char sheet[16], most[24];
    crm_str dir = import_path(s->arena, CRM_S(""), "");
    const char *const args[] = {"karkas-sheet", "read", sheet, most, dir.p, NULL};
    if (!dir.p) {
        return CRM_NOMEM;
    }
    snprintf(sheet, sizeof sheet, "%u", how->sheet);
    snprintf(most, sizeof most, "%lld", (long long)s->left);
    buf_init(&s->frames, TABLE_ROW_MAX * 2);
    crm_status st = child_start(args, s->fd, &s->child);
    s->has_child = st == CRM_OK;
    return st;
}

crm_status source_open(arena *a, int fd, const source_reading *how, int64_t most, source **out)
{
    source *s = ARENA_NEW(a, source);
    crm_status st = CRM_NOMEM;
    if (!s) {
        return st;
    }
    *s = (source){.format = how->format, .left = most, .fd = fd, .arena = a};
    table_source from = {read_file, s};
    csv_format format = {how->charset, how->separator};
    switch (how->format) {
    case SOURCE_CSV:
        st = csv_open(from, &format, &s->csv);
        break;
    case SOURCE_VCARD:
        st = vcard_open(from, how->charset, &s->vcard);
        break;
    case SOURCE_XLSX:
        st = open_sheet(s, how);
        break;
    }
    *out = s;
    return st;
}

static crm_status invalid(source *s, const char *fault)
{
    s->fault = fault;
    return CRM_INVALID;
}

static crm_status keep_sheets(source *s, const table_row *row)
{
    s->sheets = ARENA_ARRAY(s->arena, crm_str, row->count + 1);
    for (uint32_t i = 0; s->sheets && i < row->count; i++) {
        s->sheets[i] = arena_dup(s->arena, row->cells[i]);
    }
    s->sheet_count = s->sheets ? row->count : 0;
    return s->sheets && !arena_failed(s->arena) ? CRM_OK : CRM_NOMEM;
}

static crm_status ask_watch(const source *s)
{
    return s->watch ? s->watch->look(s->watch->arg, s->rows) : CRM_OK;
}

/* Until the child says something: it may be silent for long, and who waits may not want to. */
static crm_status wait_for_child(source *s)
{
    crm_status st = CRM_OK;
    for (int ms = 0; st == CRM_OK && ms < CHILD_SILENCE_MS; ms += LOOK_MS) {
        if (child_speaks(&s->child, LOOK_MS)) {
            return CRM_OK;
        }
        st = ask_watch(s);
    }
    return st == CRM_OK ? invalid(s, "xlsx_broken") : st;
}

/* A frame of line 0: the sheets' names first; then the outcome, of which a bad one has a fault. One
 * without a cell only says that there is more to come. */
static crm_status take_note(source *s, const table_row *row)
{
    static const char *const known[] = {"xlsx_broken", "xlsx_bomb", "xlsx_doctype", "xlsx_sheet",
                                        "too_many_rows"};
    if (!row->count && row->fault == TABLE_SOUND) {
        return ask_watch(s);
    }
    if (row->fault == TABLE_SOUND && !s->sheets) {
        return keep_sheets(s, row);
    }
    s->is_ended = true;
    if (row->fault == TABLE_SOUND) {
        return CRM_NOT_FOUND;
    }
    if (row->count && str_is(row->cells[0], "no_space")) {
        return CRM_NO_SPACE;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0] && row->count; i++) {
        if (str_is(row->cells[0], known[i])) {
            return invalid(s, known[i]);
        }
    }
    return invalid(s, "xlsx_broken");
}

static crm_status more_frames(source *s)
{
    s->frames.n -= s->frames_at;
    if (s->frames.n) { /* before the first read there is no memory to move in */
        memmove(s->frames.p, s->frames.p + s->frames_at, s->frames.n);
    }
    s->frames_at = 0;
    crm_status st = wait_for_child(s);
    if (st != CRM_OK) {
        return st;
    }
    char *room = buf_room(&s->frames, 65536);
    ssize_t n = room ? child_read(&s->child, room, 65536) : -1;
    s->frames.n += n > 0 ? (size_t)n : 0;
    /* It died without a last word: the file did that. */
    return n > 0 ? CRM_OK : invalid(s, "xlsx_broken");
}

static crm_status next_of_sheet(source *s, table_row *row)
{
    crm_status st = s->is_ended ? CRM_NOT_FOUND : CRM_OK;
    while (st == CRM_OK) {
        crm_str rest = {s->frames.p + s->frames_at, s->frames.n - s->frames_at};
        crm_status got = rest.n ? table_take(&rest, s->cells, row) : CRM_NOT_FOUND;
        if (got == CRM_NOT_FOUND) {
            st = more_frames(s);
            continue;
        }
        s->frames_at = s->frames.n - rest.n;
        if (got == CRM_OK && row->line) {
            s->rows++;
            return CRM_OK;
        }
        st = got == CRM_OK ? take_note(s, row) : invalid(s, "xlsx_broken");
    }
    return st;
}

crm_status source_next(source *s, table_row *row)
{
    if (s->format == SOURCE_XLSX) {
        return next_of_sheet(s, row);
    }
    if (s->left-- <= 0) {
        return CRM_NOT_FOUND;
    }
    return s->csv ? csv_next(s->csv, row) : vcard_next(s->vcard, row);
}

void source_watched(source *s, const source_watch *watch)
{
    s->watch = watch;
}

const char *source_fault(const source *s)
{
    return s->fault ? s->fault : "xlsx_broken";
}

const crm_str *source_sheets(const source *s, uint32_t *count)
{
    *count = s->sheet_count;
    return s->sheets;
}

crm_str source_column_name(const source *s, uint32_t column)
{
    return s->vcard ? vcard_name(s->vcard, column) : (crm_str){0};
}

void source_close(source *s)
{
    if (!s) {
        return;
    }
    csv_close(s->csv);
    vcard_close(s->vcard);
    if (s->has_child) {
        child_end(&s->child);
    }
    buf_free(&s->frames);
    s->csv = NULL;
    s->vcard = NULL;
    s->has_child = false;
}
