/* xlsx.h - what the files that read a spreadsheet share. */
#ifndef SHEET_XLSX_H
#define SHEET_XLSX_H

#include <expat.h>
#include <zip.h>

#include "base/buf.h"
#include "base/str.h"
#include "sheet/sheet.h"

#define XLSX_PATH_MAX    512
#define XLSX_SHEETS_MAX  255
#define XLSX_STYLES_MAX  65536
#define XLSX_STRINGS_MAX 20000000u
#define XLSX_TEXT_MAX    ((uint64_t)2 << 30)  /* of all shared strings */
#define XLSX_UNPACKED    ((uint64_t)8 << 30)  /* of all parts */
#define XLSX_RATIO       200                  /* of one part bigger than 16 MB */
#define XLSX_DEPTH_MAX   64

typedef enum xlsx_style_kind { STYLE_PLAIN, STYLE_DATE, STYLE_PERCENT, STYLE_ZEROS } xlsx_style_kind;
typedef struct xlsx_style {
    uint8_t kind;  /* xlsx_style_kind */
    uint8_t zeros; /* STYLE_ZEROS: least digits */
} xlsx_style;

typedef struct xlsx_strings xlsx_strings;

typedef struct xlsx {
    zip_t *zip;
    sheet_output *out;
    const char *fault; /* the first; NULL: none */
    uint64_t unpacked;
    char book[XLSX_PATH_MAX]; /* "xl/workbook.xml" */
    buf sheet_names;          /* each ended by 0 */
    char relation[XLSX_SHEETS_MAX][64];
    uint32_t sheet_count;
    bool is_1904;
    xlsx_style *styles;
    uint32_t style_count;
    int spill;
    xlsx_strings *strings; /* NULL: it has none */
} xlsx;

/* ---- xlsx_part.c: one part of the package ---------------------------------------------------- */

typedef struct xlsx_handlers {
    /* `name` without its prefix; attributes as expat gives them. */
    void (*start)(void *arg, const char *name, const char **attributes);
    void (*end)(void *arg, const char *name);
    void (*text)(void *arg, const char *s, int n); /* may be NULL */
    void *arg;
} xlsx_handlers;
/* False when the part is absent, or x->fault is set. */
bool xlsx_parse(xlsx *x, const char *path, const xlsx_handlers *h);
/* The attribute's value, whatever its prefix, or NULL. */
const char *xlsx_attribute(const char **attributes, const char *name);
void xlsx_fail(xlsx *x, const char *code);
/* Stops the parsing under way without a fault: enough was read. */
void xlsx_stop(void);

/* ---- xlsx_book.c: what a sheet is read with -------------------------------------------------- */

bool xlsx_read_book(xlsx *x);
/* The path of the sheet's part. False: no such sheet. */
bool xlsx_sheet_path(xlsx *x, uint32_t sheet, char path[XLSX_PATH_MAX]);
/* The path of the workbook's part of this type ("/styles"). False: it has none. */
bool xlsx_find_part(xlsx *x, const char *type, char path[XLSX_PATH_MAX]);
void xlsx_read_styles(xlsx *x);

/* ---- xlsx_strings.c: the shared strings, of which a few blocks are in memory ------------------- */

void xlsx_read_strings(xlsx *x);
/* Valid until the next one; one that is not there is empty. False: it is too long for a cell, or
 * x->fault is set. */
bool xlsx_string(xlsx *x, uint32_t index, crm_str *out);
void xlsx_free_strings(xlsx *x);

/* ---- xlsx_number.c: a number as it is shown -------------------------------------------------- */

/* What a format code makes of a number; `id` names the built-in ones. */
xlsx_style xlsx_style_of(uint32_t id, const char *code);
#define XLSX_NUMBER_TEXT 64
crm_str xlsx_number(crm_str value, xlsx_style style, bool is_1904, char out[XLSX_NUMBER_TEXT]);

/* ---- xlsx_rows.c ----------------------------------------------------------------------------- */

void xlsx_read_rows(xlsx *x, const char *path, int64_t most, sheet_output *out);

#endif
