/*
 * source.h - a person's file as rows, whatever it is: CSV and its kin, XLSX, vCard; and the file of
 * frames (base/table.h) it is turned into once, so that slices of an import read it in place from any
 * offset.
 *
 * Blocking: pool and worker threads only.
 */
#ifndef TABLE_SOURCE_H
#define TABLE_SOURCE_H

#include "base/arena.h"
#include "base/charset.h"
#include "base/csv.h"
#include "base/table.h"

typedef enum source_format { SOURCE_CSV, SOURCE_XLSX, SOURCE_VCARD } source_format;

/* How a file is read. */
typedef struct source_reading {
    source_format format;
    charset charset;  /* CSV, and vCard's usual one */
    char separator;   /* CSV */
    bool has_header;  /* the first row names the columns; a vCard names its own */
    uint32_t sheet;   /* XLSX, from 0 */
} source_reading;

/*
 * Looks at the file's beginning. INVALID: it is none of these; *found names what it is ("xls html pdf
 * zip image empty binary"). has_header is left to who sees the rows.
 */
CRM_MUST_CHECK crm_status source_guess(int fd, source_reading *out, const char **found);

typedef struct source source;
/* Reads from the file's beginning, at most `most` rows. Takes no ownership of `fd`. */
CRM_MUST_CHECK crm_status source_open(arena *a, int fd, const source_reading *how, int64_t most,
                                      source **out);
/* OK with a row valid until the next call; NOT_FOUND at the end; INVALID: the file as a whole is not
 * to be read, source_fault names why. NO_SPACE. */
CRM_MUST_CHECK crm_status source_next(source *s, table_row *row);
const char *source_fault(const source *s); /* "xlsx_broken" …, "too_many_rows", "charset_missing" */
/*
 * Who waits for a long reading: asked every second, or more often, while no row of a workbook comes, and
 * by frames_make every thousand rows. What it gives but OK ends the reading, and is what the reader gives.
 */
typedef struct source_watch {
    crm_status (*look)(void *arg, int64_t rows); /* `rows` so far */
    void *arg;
} source_watch;
/* Borrowed; NULL: nobody. */
void source_watched(source *s, const source_watch *watch);
/* XLSX: the sheets' names, known after the first source_next. */
const crm_str *source_sheets(const source *s, uint32_t *count);
/* What the file itself calls a column of the rows so far, valid until the next source_next; empty where
 * the first row does. A card may name columns that none before it had. */
crm_str source_column_name(const source *s, uint32_t column);
void source_close(source *s);

/* ---- the file of frames ---------------------------------------------------------------------- */

/*
 * Turns the file behind `fd` into frames at `path`, durably; an existing one stays. *rows: how many it
 * holds, without the header. INVALID with *fault, also of a file of more than FRAMES_ROWS rows or of
 * one that unpacks to more than is sound; NO_SPACE, before the database has none.
 */
CRM_MUST_CHECK crm_status frames_make(int fd, const source_reading *how, const char *path,
                                      const source_watch *watch, int64_t *rows, const char **fault);
#define FRAMES_ROWS  10000000LL
#define FRAMES_BEGIN 16 /* the first row's offset */
typedef struct frames {
    table_row *rows;
    int64_t *ends; /* the offset behind each */
    uint32_t count; /* 0: the end of the file */
} frames;
/*
 * Reads at most `most` rows from *offset on, which is moved behind them. They and their texts live in
 * the arena.
 */
CRM_MUST_CHECK crm_status frames_read(arena *a, int fd, int64_t *offset, uint32_t most, frames *out);

#endif
