/* vcard_row.c - see vcard_row.h. */
#include "base/vcard_row.h"

#include <stdlib.h>

#include "base/str.h"

#define EXTRAS_MAX (TABLE_COLUMNS_MAX - VCARD_COLUMNS)
#define KEPT_MOST  4096 /* memory of an extra column between cards */

void vcard_row_init(vcard_row *r)
{
    *r = (vcard_row){.count = 0};
    for (int i = 0; i < VCARD_COLUMNS; i++) {
        buf_init(&r->columns[i], TABLE_CELL_MAX);
    }
}

void vcard_row_free(vcard_row *r)
{
    for (int i = 0; i < VCARD_COLUMNS; i++) {
        buf_free(&r->columns[i]);
    }
    for (uint32_t i = 0; i < r->count; i++) {
        buf_free(&r->extras[i].text);
    }
    free(r->extras);
}

void vcard_row_begin(vcard_row *r)
{
    for (int i = 0; i < VCARD_COLUMNS; i++) {
        buf_clear(&r->columns[i]);
    }
    for (uint32_t i = 0; i < r->count; i++) {
        if (r->extras[i].text.cap > KEPT_MOST) {
            buf_free(&r->extras[i].text);
        }
        buf_clear(&r->extras[i].text);
    }
    r->total = r->foreign = 0;
    r->fault = TABLE_SOUND;
    r->fault_column = 0;
}

void vcard_row_fault(vcard_row *r, table_fault fault, uint32_t column)
{
    if (r->fault == TABLE_SOUND) {
        r->fault = fault;
        r->fault_column = column + 1;
    }
}

/* ---- texts ----------------------------------------------------------------------------------- */

static const buf *text_of(const vcard_row *r, uint32_t column)
{
    return column < VCARD_COLUMNS ? &r->columns[column] : &r->extras[column - VCARD_COLUMNS].text;
}

bool vcard_row_admit(vcard_row *r, uint32_t column, size_t n)
{
    bool fits = n < TABLE_ROW_MAX / 4 - r->foreign && n < TABLE_ROW_MAX - r->total &&
                n < TABLE_CELL_MAX - text_of(r, column)->n;
    r->foreign += fits ? n + 1 : 0;
    return fits;
}

void vcard_row_add(vcard_row *r, uint32_t column, crm_str text, const char *glue)
{
    buf *to = (buf *)text_of(r, column);
    text = str_trim(text);
    if (!text.n) {
        return;
    }
    if (text.n + 2 > TABLE_ROW_MAX - r->total) {
        vcard_row_fault(r, TABLE_LONG, column);
        return;
    }
    size_t before = to->n;
    buf_z(to, before ? glue : "");
    buf_str(to, text);
    r->total += to->n - before;
    if (to->failed) {
        vcard_row_fault(r, TABLE_LONG, column);
    }
}

/* ---- columns of X- properties ---------------------------------------------------------------- */

static bool write_name(crm_str name, char out[VCARD_NAME_MAX])
{
    if (!name.n || name.n >= VCARD_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_lower = c >= 'a' && c <= 'z';
        bool is_other = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        if (!is_lower && !is_other) {
            return false;
        }
        out[i] = (char)(is_lower ? c - 'a' + 'A' : c);
    }
    out[name.n] = 0;
    return true;
}

static bool grow(vcard_row *r)
{
    uint32_t cap = r->cap ? r->cap * 2 : 16;
    vcard_extra *more = realloc(r->extras, cap * sizeof *more);
    if (!more) {
        return false;
    }
    r->extras = more;
    r->cap = cap;
    return true;
}

bool vcard_row_extra(vcard_row *r, crm_str name, uint32_t *column)
{
    char upper[VCARD_NAME_MAX] = "";
    uint32_t i = 0;
    if (!write_name(name, upper)) {
        return false;
    }
    while (i < r->count && strcmp(r->extras[i].name, upper) != 0) {
        i++;
    }
    *column = VCARD_COLUMNS + i;
    if (i < r->count) {
        return true;
    }
    if (i == EXTRAS_MAX || (i == r->cap && !grow(r))) {
        return false;
    }
    vcard_extra *x = &r->extras[r->count++];
    memcpy(x->name, upper, sizeof upper);
    buf_init(&x->text, TABLE_CELL_MAX);
    return true;
}

void vcard_row_give(vcard_row *r, int64_t line, table_row *out)
{
    uint32_t count = VCARD_COLUMNS + r->count;
    for (uint32_t i = 0; i < count; i++) {
        const buf *text = text_of(r, i);
        r->cells[i] = text->n ? buf_view(text) : CRM_S("");
    }
    *out = (table_row){.line = line,
                       .cells = r->cells,
                       .count = count,
                       .fault = r->fault,
                       .fault_column = r->fault_column};
}
