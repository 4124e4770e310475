/* xlsx_book.c - the workbook's sheets, its parts and its styles (ECMA-376 part 1, 18). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sheet/xlsx.h"

static bool copy(char *to, size_t size, const char *from)
{
    size_t n = strlen(from);
    if (n >= size) {
        return false;
    }
    memcpy(to, from, n + 1);
    return true;
}

static bool has_suffix(const char *s, const char *suffix)
{
    return str_ends(str_of(s), str_of(suffix));
}

/* ---- relationships --------------------------------------------------------------------------- */

typedef struct relation_search {
    const char *type, *id; /* one of them is given */
    char target[XLSX_PATH_MAX];
    bool is_found;
} relation_search;

static void on_relation(void *arg, const char *name, const char **attributes)
{
    relation_search *s = arg;
    const char *type = xlsx_attribute(attributes, "Type"), *id = xlsx_attribute(attributes, "Id");
    const char *target = xlsx_attribute(attributes, "Target");
    if (strcmp(name, "Relationship") != 0 || !target || s->is_found) {
        return;
    }
    bool is_it = s->type ? type && has_suffix(type, s->type) : id && strcmp(id, s->id) == 0;
    s->is_found = is_it && copy(s->target, sizeof s->target, target);
}

static void on_nothing(void *arg, const char *name)
{
    (void)arg;
    (void)name;
}

/* "xl/workbook.xml" has its relations in "xl/_rels/workbook.xml.rels". */
static bool relations_of(const char *part, char path[XLSX_PATH_MAX])
{
    const char *slash = strrchr(part, '/');
    int dir = slash ? (int)(slash - part) + 1 : 0;
    int n = snprintf(path, XLSX_PATH_MAX, "%.*s_rels/%s.rels", dir, part, part + dir);
    return n > 0 && n < XLSX_PATH_MAX;
}

/* The part that `target` means beside the workbook; absolute ones begin with '/'. */
static bool resolve(const xlsx *x, const char *target, char path[XLSX_PATH_MAX])
{
    const char *slash = strrchr(x->book, '/');
    int dir = slash && target[0] != '/' ? (int)(slash - x->book) + 1 : 0;
    int n = snprintf(path, XLSX_PATH_MAX, "%.*s%s", dir, x->book, target + (target[0] == '/'));
    return n > 0 && n < XLSX_PATH_MAX;
}

static bool find_relation(xlsx *x, const char *part, relation_search *s)
{
    char path[XLSX_PATH_MAX];
    xlsx_handlers h = {.start = on_relation, .end = on_nothing, .arg = s};
    return relations_of(part, path) && xlsx_parse(x, path, &h) && s->is_found;
}

bool xlsx_find_part(xlsx *x, const char *type, char path[XLSX_PATH_MAX])
{
    relation_search s = {.type = type};
    return find_relation(x, x->book, &s) && resolve(x, s.target, path);
}

bool xlsx_sheet_path(xlsx *x, uint32_t sheet, char path[XLSX_PATH_MAX])
{
    if (sheet >= x->sheet_count) {
        return false;
    }
    relation_search s = {.id = x->relation[sheet]};
    return find_relation(x, x->book, &s) && resolve(x, s.target, path);
}

/* ---- the workbook ---------------------------------------------------------------------------- */

static void on_book(void *arg, const char *name, const char **attributes)
{
    xlsx *x = arg;
    if (strcmp(name, "workbookPr") == 0) {
        const char *v = xlsx_attribute(attributes, "date1904");
        x->is_1904 = v && (strcmp(v, "1") == 0 || strcmp(v, "true") == 0);
    }
    if (strcmp(name, "sheet") != 0 || x->sheet_count == XLSX_SHEETS_MAX) {
        return;
    }
    const char *title = xlsx_attribute(attributes, "name");
    const char *id = NULL;
    for (const char **a = attributes; a[0]; a += 2) {
        id = has_suffix(a[0], ":id") ? a[1] : id; /* r:id, beside sheetId */
    }
    if (title && id && copy(x->relation[x->sheet_count], sizeof x->relation[0], id)) {
        buf_add(&x->sheet_names, title, strlen(title) + 1);
        x->sheet_count++;
    }
}

bool xlsx_read_book(xlsx *x)
{
    relation_search s = {.type = "/officeDocument"};
    xlsx_handlers of_package = {.start = on_relation, .end = on_nothing, .arg = &s};
    xlsx_handlers of_book = {.start = on_book, .end = on_nothing, .arg = x};
    bool is_ok = xlsx_parse(x, "_rels/.rels", &of_package) && s.is_found &&
                 copy(x->book, sizeof x->book, s.target + (s.target[0] == '/')) &&
                 xlsx_parse(x, x->book, &of_book) && x->sheet_count > 0;
    if (!is_ok) {
        xlsx_fail(x, "xlsx_broken");
    }
    return is_ok;
}

/* ---- styles ---------------------------------------------------------------------------------- */

#define FORMATS_MAX 1000

typedef struct style_reading {
    xlsx *x;
    struct {
        uint32_t id;
        xlsx_style style;
    } formats[FORMATS_MAX];
    uint32_t format_count;
    bool is_in_cells;
} style_reading;

static uint32_t number_of(const char *s)
{
    uint64_t v = 0;
    return s && str_to_u64(str_of(s), &v) == CRM_OK && v < UINT32_MAX ? (uint32_t)v : 0;
}

static void add_style(style_reading *r, uint32_t id)
{
    xlsx *x = r->x;
    xlsx_style style = xlsx_style_of(id, NULL);
    for (uint32_t i = 0; i < r->format_count; i++) {
        style = r->formats[i].id == id ? r->formats[i].style : style;
    }
    if (x->style_count < XLSX_STYLES_MAX) {
        x->styles[x->style_count++] = style;
    }
}

static void on_style(void *arg, const char *name, const char **attributes)
{
    style_reading *r = arg;
    if (strcmp(name, "cellXfs") == 0) {
        r->is_in_cells = true;
    } else if (strcmp(name, "xf") == 0 && r->is_in_cells) {
        add_style(r, number_of(xlsx_attribute(attributes, "numFmtId")));
    } else if (strcmp(name, "numFmt") == 0 && r->format_count < FORMATS_MAX) {
        const char *code = xlsx_attribute(attributes, "formatCode");
        uint32_t id = number_of(xlsx_attribute(attributes, "numFmtId"));
        r->formats[r->format_count].id = id;
        r->formats[r->format_count++].style = xlsx_style_of(id, code ? code : "");
    }
}

static void on_style_end(void *arg, const char *name)
{
    style_reading *r = arg;
    r->is_in_cells = r->is_in_cells && strcmp(name, "cellXfs") != 0;
}

void xlsx_read_styles(xlsx *x)
{
    char path[XLSX_PATH_MAX];
    style_reading *r = calloc(1, sizeof *r);
    x->styles = calloc(XLSX_STYLES_MAX, sizeof *x->styles);
    if (!r || !x->styles) {
        xlsx_fail(x, "xlsx_broken");
    } else if (xlsx_find_part(x, "/styles", path)) {
        r->x = x;
        xlsx_handlers h = {.start = on_style, .end = on_style_end, .arg = r};
        xlsx_parse(x, path, &h);
    }
    free(r);
}
