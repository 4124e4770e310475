/*
 * csv.c - a table of comma- or semicolon-separated values (RFC 4180, and what spreadsheets write)
 * as a list of maps whose cells know their places. Any thread.
 */
#include "tz/csv.h"

#include "base/str.h"

#define COLUMNS_MAX 64
#define ROWS_MAX    2000

typedef struct scanner {
    arena *a;
    const char *file;
    crm_str rest;
    int line, column; /* of the next character, from 1 */
    char separator;
    csv_error *err;
    crm_str names[COLUMNS_MAX];
    int column_count;
} scanner;

static crm_status refuse(scanner *s, int line, int column, const char *code)
{
    *s->err = (csv_error){.line = line, .column = column, .code = code};
    return CRM_INVALID;
}

static void skip(scanner *s)
{
    unsigned char c = (unsigned char)s->rest.p[0];
    s->rest.p++;
    s->rest.n--;
    if (c == '\n') {
        s->line++;
        s->column = 1;
    } else if ((c & 0xC0) != 0x80) { /* a character, not a byte within one */
        s->column++;
    }
}

static bool is_at(const scanner *s, char c)
{
    return s->rest.n && s->rest.p[0] == c;
}

static bool is_row_end(const scanner *s)
{
    return !s->rest.n || is_at(s, '\n') ||
           (s->rest.n > 1 && is_at(s, '\r') && s->rest.p[1] == '\n');
}

/* "…" with "" for a quote inside. */
static crm_status quoted(scanner *s, crm_str *out)
{
    int line = s->line, column = s->column;
    char *p = arena_alloc(s->a, s->rest.n + 1);
    size_t n = 0;
    skip(s);
    while (p && s->rest.n) {
        bool is_quote = is_at(s, '"');
        bool is_double = is_quote && s->rest.n > 1 && s->rest.p[1] == '"';
        if (is_quote) {
            skip(s);
        }
        if (is_quote && !is_double) {
            *out = (crm_str){p, n};
            return CRM_OK;
        }
        p[n++] = s->rest.p[0];
        skip(s);
    }
    return p ? refuse(s, line, column, "csv_quote") : CRM_NOMEM;
}

static crm_status cell(scanner *s, crm_str *out)
{
    if (is_at(s, '"')) {
        crm_status st = quoted(s, out);
        bool is_end = is_row_end(s) || is_at(s, s->separator);
        return st != CRM_OK || is_end ? st : refuse(s, s->line, s->column, "csv_quote");
    }
    const char *from = s->rest.p;
    while (!is_row_end(s) && !is_at(s, s->separator)) {
        skip(s);
    }
    *out = arena_dup(s->a, str_trim((crm_str){from, (size_t)(s->rest.p - from)}));
    return out->p ? CRM_OK : CRM_NOMEM;
}

static yaml_node *new_node(scanner *s, yaml_kind kind, yaml_node *parent)
{
    yaml_node *n = ARENA_NEW(s->a, yaml_node);
    if (n) {
        *n = (yaml_node){
            .kind = kind, .file = s->file, .line = s->line, .column = s->column, .parent = parent};
    }
    return n;
}

static void append(yaml_node *parent, yaml_node ***end, yaml_node *child)
{
    **end = child;
    *end = &child->next;
    parent->count++;
}

/* One row as a map; the header fills s->names instead. */
static crm_status read_row(scanner *s, yaml_node *row, bool is_header)
{
    yaml_node **end = &row->first;
    int at = 0;
    for (;; at++) {
        yaml_node *n = new_node(s, YAML_SCALAR, row);
        crm_status st = n ? cell(s, &n->text) : CRM_NOMEM;
        if (st != CRM_OK) {
            return st;
        }
        if (at == COLUMNS_MAX || (!is_header && at >= s->column_count)) {
            return refuse(s, n->line, n->column, "csv_columns");
        }
        if (is_header) {
            s->names[s->column_count++] = n->text;
        }
        n->is_quoted = true;
        n->key = s->names[at];
        n->key_line = n->line;
        n->key_column = n->column;
        append(row, &end, n);
        if (!is_at(s, s->separator)) {
            return CRM_OK;
        }
        skip(s);
    }
}

static void end_row(scanner *s)
{
    while (s->rest.n && (is_at(s, '\r') || is_at(s, '\n'))) {
        skip(s);
    }
}

static crm_status read_rows(scanner *s, yaml_node *list)
{
    yaml_node **end = &list->first;
    for (bool is_header = true; s->rest.n; is_header = false) {
        yaml_node *row = new_node(s, YAML_MAP, list);
        crm_status st = row ? read_row(s, row, is_header) : CRM_NOMEM;
        if (st != CRM_OK) {
            return st;
        }
        if (list->count == ROWS_MAX) {
            return refuse(s, row->line, 1, "csv_rows");
        }
        append(list, &end, row);
        end_row(s);
    }
    return CRM_OK;
}

/* Spreadsheets of Russian systems write semicolons. */
static char guess_separator(crm_str text)
{
    ptrdiff_t end = str_find(text, '\n');
    crm_str header = {text.p, end < 0 ? text.n : (size_t)end};
    return str_find(header, ';') >= 0 ? ';' : ',';
}

crm_status csv_parse(arena *a, const char *file, crm_str text, yaml_node **rows, csv_error *err)
{
    if (str_starts(text, CRM_S("\xEF\xBB\xBF"))) {
        text = (crm_str){text.p + 3, text.n - 3};
    }
    scanner s = {.a = a, .file = file, .rest = text, .line = 1, .column = 1, .err = err};
    s.separator = guess_separator(text);
    end_row(&s);
    yaml_node *list = new_node(&s, YAML_LIST, NULL);
    if (!text_is_utf8(text)) {
        return refuse(&s, 1, 1, "csv_encoding");
    }
    crm_status st = list ? read_rows(&s, list) : CRM_NOMEM;
    if (st == CRM_OK) {
        *rows = list;
    }
    return st;
}
