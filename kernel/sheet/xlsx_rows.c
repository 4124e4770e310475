/* xlsx_rows.c - the rows of a sheet, each given as soon as it has ended. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sheet/xlsx.h"

typedef struct row_reading {
    xlsx *x;
    sheet_output *out;
    int64_t most, line;
    buf texts; /* of the row's cells, in the order they came */
    struct {
        size_t from, n;
    } at[TABLE_COLUMNS_MAX];
    uint32_t width, next; /* cells up to the last filled one; the next one's column, from 0 */
    table_fault fault;
    uint32_t fault_column;
    buf value;
    uint32_t column, style;
    char type[12];
    bool in_value, in_reading;
} row_reading;

/* "AB12" to 27; what is no reference stands behind the cell before it. */
static uint32_t column_of(const char *reference, uint32_t next)
{
    uint32_t column = 0, letters = 0;
    for (; reference && *reference >= 'A' && *reference <= 'Z' && letters < 4; reference++) {
        column = column * 26 + (uint32_t)(*reference - 'A') + 1;
        letters++;
    }
    return letters ? column - 1 : next;
}

static uint32_t index_of(crm_str s)
{
    uint64_t v;
    return str_to_u64(s, &v) == CRM_OK && v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
}

static void begin_row(row_reading *r, const char **attributes)
{
    const char *number = xlsx_attribute(attributes, "r");
    uint32_t line = number ? index_of(str_of(number)) : 0;
    r->line = line > r->line && line != UINT32_MAX ? line : r->line + 1;
    buf_clear(&r->texts);
    memset(r->at, 0, sizeof r->at);
    r->width = r->next = 0;
    r->fault = TABLE_SOUND;
    r->fault_column = 0;
}

static void begin_cell(row_reading *r, const char **attributes)
{
    const char *type = xlsx_attribute(attributes, "t"), *style = xlsx_attribute(attributes, "s");
    r->column = column_of(xlsx_attribute(attributes, "r"), r->next);
    r->next = r->column + 1;
    r->style = style ? index_of(str_of(style)) : 0;
    size_t n = type ? strnlen(type, sizeof r->type - 1) : 0;
    memcpy(r->type, type ? type : "", n);
    r->type[n] = 0;
    buf_clear(&r->value);
}

static void on_start(void *arg, const char *name, const char **attributes)
{
    row_reading *r = arg;
    if (strcmp(name, "row") == 0) {
        begin_row(r, attributes);
    } else if (strcmp(name, "c") == 0) {
        begin_cell(r, attributes);
    } else if (strcmp(name, "rPh") == 0) {
        r->in_reading = true;
    } else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
        r->in_value = !r->in_reading;
    }
}

static void on_text(void *arg, const char *s, int n)
{
    row_reading *r = arg;
    if (r->in_value) {
        buf_add(&r->value, s, (size_t)n);
    }
}

static void note(row_reading *r, table_fault f)
{
    if (r->fault == TABLE_SOUND) {
        r->fault = f;
        r->fault_column = r->column + 1;
    }
}

static bool is_type(const row_reading *r, const char *type)
{
    return strcmp(r->type, type) == 0;
}

/* False: it is too long. */
static bool text_of(row_reading *r, char number[XLSX_NUMBER_TEXT], crm_str *out)
{
    crm_str v = buf_view(&r->value);
    *out = v;
    if (r->value.failed) {
        return false;
    }
    if (is_type(r, "s")) {
        return xlsx_string(r->x, index_of(v), out);
    }
    if (is_type(r, "b")) {
        *out = str_is(v, "1") ? CRM_S("true") : CRM_S("false");
    } else if (!r->type[0] || is_type(r, "n")) {
        xlsx_style style = r->style < r->x->style_count ? r->x->styles[r->style] : (xlsx_style){0};
        *out = xlsx_number(v, style, r->x->is_1904, number);
    }
    return true;
}

static void end_cell(row_reading *r)
{
    char number[XLSX_NUMBER_TEXT];
    crm_str text;
    if (!text_of(r, number, &text) || r->texts.n + text.n > TABLE_ROW_MAX) {
        note(r, TABLE_LONG);
        return;
    }
    if (!text.n) {
        return;
    }
    if (r->column >= TABLE_COLUMNS_MAX) {
        note(r, TABLE_WIDE);
        return;
    }
    r->at[r->column].from = r->texts.n;
    r->at[r->column].n = text.n;
    buf_str(&r->texts, text);
    r->width = r->column + 1 > r->width ? r->column + 1 : r->width;
}

static void end_row(row_reading *r)
{
    crm_str cells[TABLE_COLUMNS_MAX];
    if (!r->width && r->fault == TABLE_SOUND) {
        return;
    }
    if (r->line > SHEET_ROWS_MAX) {
        xlsx_fail(r->x, "too_many_rows");
        return;
    }
    for (uint32_t i = 0; i < r->width; i++) {
        cells[i] = r->at[i].n ? (crm_str){r->texts.p + r->at[i].from, r->at[i].n} : CRM_S("");
    }
    table_row row = {.line = r->line,
                     .cells = cells,
                     .count = r->width,
                     .fault = r->fault,
                     .fault_column = r->fault_column};
    sheet_put(r->out, &row);
    if (--r->most <= 0 || r->out->has_failed) {
        xlsx_stop();
    }
}

static void on_end(void *arg, const char *name)
{
    row_reading *r = arg;
    if (strcmp(name, "row") == 0) {
        end_row(r);
    } else if (strcmp(name, "c") == 0) {
        end_cell(r);
    } else if (strcmp(name, "rPh") == 0) {
        r->in_reading = false;
    } else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
        r->in_value = false;
    }
}

void xlsx_read_rows(xlsx *x, const char *path, int64_t most, sheet_output *out)
{
    row_reading *r = calloc(1, sizeof *r);
    if (!r) {
        xlsx_fail(x, "xlsx_broken");
        return;
    }
    r->x = x;
    r->out = out;
    r->most = most;
    buf_init(&r->texts, TABLE_ROW_MAX);
    buf_init(&r->value, TABLE_CELL_MAX);
    xlsx_handlers h = {.start = on_start, .end = on_end, .text = on_text, .arg = r};
    if (!xlsx_parse(x, path, &h)) {
        xlsx_fail(x, "xlsx_broken");
    }
    buf_free(&r->texts);
    buf_free(&r->value);
    free(r);
}
