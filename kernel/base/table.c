/* table.c - see table.h. */
#include "base/table.h"

#include "base/str.h"

const char *table_fault_code(table_fault f)
{
    static const char *const codes[TABLE_FAULT_COUNT] = {
        "", "csv_quote", "bad_encoding", "cell_too_long", "too_many_columns", "row_broken"};
    return f < TABLE_FAULT_COUNT ? codes[f] : codes[TABLE_BROKEN];
}

static void put_number(buf *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) {
        buf_char(out, (char)(v | 0x80));
    }
    buf_char(out, (char)v);
}

void table_put(buf *out, const table_row *row)
{
    put_number(out, (uint64_t)row->line);
    put_number(out, row->fault);
    put_number(out, row->fault_column);
    put_number(out, row->count);
    for (uint32_t i = 0; i < row->count; i++) {
        put_number(out, row->cells[i].n);
        buf_str(out, row->cells[i]);
    }
}

static crm_status take_number(crm_str *rest, uint64_t max, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < rest->n && i < 9; i++) {
        uint64_t c = (unsigned char)rest->p[i];
        *out |= (c & 0x7F) << (7 * i);
        if (c < 0x80) {
            *rest = (crm_str){rest->p + i + 1, rest->n - i - 1};
            return *out <= max ? CRM_OK : CRM_INVALID;
        }
    }
    return rest->n < 9 ? CRM_NOT_FOUND : CRM_INVALID;
}

static crm_status take_cell(crm_str *rest, crm_str *cell)
{
    uint64_t n;
    crm_status s = take_number(rest, TABLE_CELL_MAX, &n);
    if (s != CRM_OK) {
        return s;
    }
    if (n > rest->n) {
        return CRM_NOT_FOUND;
    }
    *cell = (crm_str){rest->p, (size_t)n};
    *rest = (crm_str){rest->p + n, rest->n - (size_t)n};
    return CRM_OK;
}

crm_status table_take(crm_str *rest, crm_str *cells, table_row *row)
{
    static const uint64_t most[] = {INT64_MAX, TABLE_FAULT_COUNT - 1, UINT32_MAX,
                                    TABLE_COLUMNS_MAX};
    uint64_t head[4];
    crm_str left = *rest;
    for (int i = 0; i < 4; i++) {
        crm_status s = take_number(&left, most[i], &head[i]);
        if (s != CRM_OK) {
            return s;
        }
    }
    for (uint64_t i = 0; i < head[3]; i++) {
        crm_status s = take_cell(&left, &cells[i]);
        if (s != CRM_OK) {
            return s;
        }
    }
    *row = (table_row){.line = (int64_t)head[0],
                       .fault = (table_fault)head[1],
                       .fault_column = (uint32_t)head[2],
                       .cells = cells,
                       .count = (uint32_t)head[3]};
    *rest = left;
    return CRM_OK;
}
