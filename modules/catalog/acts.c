/* acts.c - the module's routes. */
#include "catalog.h"

#include <string.h>

/* ---- prices of today ------------------------------------------------------------------------- */

/* A discount by a percentage is taken of the new price, one by a sum stays as it is. */
static crm_status reprice_line(crm_ctx *c, crm_rec *line, const crm_rec *deal, int64_t *changed)
{
    crm_rec *good;
    int64_t price;
    bool has;
    if (!crm_has(line, "good")) {
        return CRM_OK;
    }
    crm_status s = crm_get(c, GOOD, crm_get_int(line, "good"), &good);
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    s = price_of(c, deal, good, &price, &has);
    int64_t rate = rate_of(c, good);
    int64_t had = crm_has(line, "vat") ? crm_get_int(line, "vat") : RECKON_NONE;
    if (s != CRM_OK || (rate == had && (!has || crm_get_int(line, "price") == price))) {
        return s;
    }
    s = has ? crm_set_int(line, "price", price) : CRM_OK;
    if (s == CRM_OK) {
        s = rate == RECKON_NONE ? crm_set_null(line, "vat") : crm_set_int(line, "vat", rate);
    }
    ++*changed;
    return s == CRM_OK ? crm_save(c, line) : s;
}

static crm_status reprice_lines(crm_ctx *c, const crm_rec *deal, int64_t *changed)
{
    crm_rec *line;
    total_walk lines = {.c = c, .deal = crm_id(deal)};
    crm_status s = total_next(&lines, &line);
    while (s == CRM_OK && line) {
        s = reprice_line(c, line, deal, changed);
        s = s == CRM_OK ? total_next(&lines, &line) : s;
    }
    return s;
}

crm_status reprice(crm_ctx *c, crm_out *out)
{
    crm_rec *deal;
    int64_t changed = 0;
    crm_status s = crm_get(c, DEAL, crm_param_id(c, "id"), &deal);
    if (s != CRM_OK) {
        return s;
    }
    total_hold(crm_id(deal));
    s = total_release(c, reprice_lines(c, deal, &changed));
    if (s == CRM_OK) {
        crm_put_int(out, "changed", changed);
    }
    return s;
}

/* ---- stock ----------------------------------------------------------------------------------- */

#define STOCK_ROWS_MAX 100

static crm_str member(crm_ctx *c, crm_str object, const char *name, size_t n)
{
    crm_str key, value;
    for (uint32_t i = 0; crm_json_at(c, object, i, &key, &value); i++) {
        if (key.n == n && memcmp(key.p, name, n) == 0) {
            return value;
        }
    }
    return (crm_str){0};
}
#define MEMBER(c, object, name) member(c, object, name, sizeof(name) - 1)

/* The article as a JSON text: it stands in a condition. */
static crm_str quoted(crm_ctx *c, crm_str s)
{
    char *text = crm_alloc(c, s.n * 6 + 3);
    size_t n = 0;
    static const char hex[] = "0123456789abcdef";
    if (!text) {
        return (crm_str){0};
    }
    text[n++] = '"';
    for (size_t i = 0; i < s.n; i++) {
        unsigned char b = (unsigned char)s.p[i];
        if (b < ' ' || b == '"' || b == '\\') {
            memcpy(text + n, "\\u00", 4);
            text[n + 4] = hex[b >> 4];
            text[n + 5] = hex[b & 15];
            n += 6;
        } else {
            text[n++] = s.p[i];
        }
    }
    text[n++] = '"';
    return (crm_str){text, n};
}

/* *out stays NULL when there is none of this article. */
static crm_status find_good(crm_ctx *c, crm_str article, crm_rec **out)
{
    crm_rows *rows;
    crm_str text = quoted(c, article);
    *out = NULL;
    if (!text.p) {
        return CRM_NOMEM;
    }
    crm_str where = crm_fmt(c, "[\"article\",\"eq\",%.*s]", (int)text.n, text.p);
    if (!where.p) {
        return CRM_NOMEM;
    }
    crm_status s = crm_find(c, GOOD, where.p, "id", 1, &rows);
    *out = s == CRM_OK ? crm_next(rows) : NULL;
    return s;
}

static crm_status put_figure(crm_ctx *c, crm_rec *good, const char *field, crm_str as_written)
{
    return as_written.n ? crm_set_input(c, good, field, as_written) : CRM_OK;
}

static crm_status take_row(crm_ctx *c, crm_str row, crm_rec **good)
{
    crm_str article = MEMBER(c, row, "article");
    crm_status s = article.n ? find_good(c, article, good) : CRM_OK;
    if (s != CRM_OK || !article.n || !*good) {
        return s;
    }
    s = put_figure(c, *good, "stock", MEMBER(c, row, "stock"));
    s = s == CRM_OK ? put_figure(c, *good, "reserved", MEMBER(c, row, "reserved")) : s;
    s = s == CRM_OK ? crm_set_int(*good, "stock_at", crm_now(c)) : s;
    return s == CRM_OK ? crm_save(c, *good) : s;
}

/* Articles that nobody knows are told, the others are taken. */
crm_status stock_take(crm_ctx *c, crm_out *out)
{
    crm_str rows = MEMBER(c, crm_body(c), "rows"), key, row;
    int64_t taken = 0;
    crm_str why = crm_text(c, "catalog.stock_rows");
    bool has_one = rows.n && crm_json_at(c, rows, 0, &key, &row);
    if (!has_one || crm_json_at(c, rows, STOCK_ROWS_MAX, &key, &row)) {
        return crm_fail(c, CRM_INVALID, "rows", "%.*s", (int)why.n, why.p);
    }
    crm_put_list(out, "unknown");
    for (uint32_t i = 0; crm_json_at(c, rows, i, &key, &row); i++) {
        crm_rec *good = NULL;
        crm_status s = take_row(c, row, &good);
        if (s != CRM_OK) {
            return s;
        }
        taken += good != NULL;
        if (!good) {
            crm_put_text(out, NULL, MEMBER(c, row, "article"));
        }
    }
    crm_put_end(out);
    crm_put_int(out, "taken", taken);
    return CRM_OK;
}
