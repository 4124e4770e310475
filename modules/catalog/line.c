/* line.c - a line of a deal, before it is written: what comes from the good, and what it sums up
 * to. */
#include "catalog.h"

#define QUANTITY_ONE RECKON_UNIT

/* ---- from the good --------------------------------------------------------------------------- */

static crm_status put_rate(crm_rec *line, int64_t rate)
{
    return rate == RECKON_NONE ? crm_set_null(line, "vat") : crm_set_int(line, "vat", rate);
}

static crm_status take_text(crm_rec *line, const crm_rec *good, const char *field)
{
    crm_str v = crm_get_text(good, field);
    return crm_changed(line, field) || !v.n ? CRM_OK : crm_set_text(line, field, v);
}

static crm_status take_price(crm_ctx *c, crm_rec *line, const crm_rec *deal, const crm_rec *good)
{
    int64_t price;
    bool has;
    crm_status s = price_of(c, deal, good, &price, &has);
    bool is_given = crm_changed(line, "price");
    return s == CRM_OK && has && !is_given ? crm_set_int(line, "price", price) : s;
}

/* A good that the caller may not read gives nothing. */
crm_status line_take_good(crm_ctx *c, crm_rec *line, const crm_rec *deal)
{
    crm_rec *good;
    crm_status s = crm_get(c, GOOD, crm_get_int(line, "good"), &good);
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    s = take_text(line, good, "title");
    s = s == CRM_OK ? take_text(line, good, "unit") : s;
    s = s == CRM_OK ? take_price(c, line, deal, good) : s;
    return s == CRM_OK && !crm_changed(line, "vat") ? put_rate(line, rate_of(c, good)) : s;
}

/* ---- what it comes to ------------------------------------------------------------------------ */

static int64_t percentage(const crm_rec *line, const char *field)
{
    return crm_has(line, field) ? crm_get_int(line, field) : RECKON_NONE;
}

/* The sum that the percentage gives: such a one comes with it when a change is taken back. */
static bool is_sum_of_percent(const crm_rec *line)
{
    line_sums x;
    const line_terms t = {.price = crm_get_int(line, "price"),
                          .quantity = crm_get_int(line, "quantity"),
                          .discount = percentage(line, "discount"),
                          .vat = RECKON_NONE};
    return reckon_line(&t, &x) == RECKON_OK && x.discount == crm_get_int(line, "discount_sum");
}

/* Whichever of the two was given last holds; a percentage that was taken away takes its sum with
 * it. */
static crm_status settle_discount(crm_rec *line)
{
    bool by_percent = crm_changed(line, "discount"), by_sum = crm_changed(line, "discount_sum");
    if (by_sum && !by_percent && crm_has(line, "discount") && !is_sum_of_percent(line)) {
        return crm_set_null(line, "discount");
    }
    if (by_percent && !by_sum && !crm_has(line, "discount")) {
        return crm_set_int(line, "discount_sum", 0);
    }
    return CRM_OK;
}

static crm_status refuse(crm_ctx *c, const char *field, const char *key)
{
    crm_str why = crm_text(c, key);
    return crm_fail(c, CRM_INVALID, field, "%.*s", (int)why.n, why.p);
}

crm_status line_reckon(crm_ctx *c, crm_rec *line, bool vat_on_top)
{
    line_sums x;
    const line_terms t = {.price = crm_get_int(line, "price"),
                          .quantity = crm_get_int(line, "quantity"),
                          .discount = percentage(line, "discount"),
                          .discount_sum = crm_get_int(line, "discount_sum"),
                          .vat = percentage(line, "vat"),
                          .vat_on_top = vat_on_top};
    switch (reckon_line(&t, &x)) {
    case RECKON_OK:
        break;
    case RECKON_DISCOUNT:
        return refuse(c, "discount_sum", "catalog.discount_too_much");
    case RECKON_TOO_MUCH:
        return refuse(c, "quantity", "catalog.sum_too_much");
    case RECKON_TERMS:
        return refuse(c, "quantity", "catalog.terms_wrong");
    }
    crm_status s = crm_set_int(line, "discount_sum", x.discount);
    s = s == CRM_OK ? crm_set_int(line, "vat_sum", x.vat) : s;
    return s == CRM_OK ? crm_set_int(line, "sum", x.sum) : s;
}

/* ---- the hook -------------------------------------------------------------------------------- */

static crm_status check_room(crm_ctx *c, const crm_rec *line)
{
    int64_t count;
    crm_str where = crm_fmt(c, "[\"deal\",\"eq\",%lld]", (long long)crm_get_int(line, "deal"));
    if (!where.p) {
        return CRM_NOMEM;
    }
    crm_status s = crm_count(c, LINE, where.p, &count);
    return s == CRM_OK && count >= RECKON_LINES_MAX ? refuse(c, "deal", "catalog.too_many_lines")
                                                    : s;
}

/* Free text has the company's usual rate as long as nobody says another. */
static crm_status fill(crm_ctx *c, crm_rec *line, const crm_rec *was, const crm_rec *deal)
{
    crm_status s = CRM_OK;
    if (crm_has(line, "good") && crm_changed(line, "good")) {
        s = line_take_good(c, line, deal);
    } else if (!was && !crm_has(line, "vat") && !crm_changed(line, "vat")) {
        s = put_rate(line, rate_of(c, NULL));
    }
    s = s == CRM_OK && !crm_has(line, "price") ? crm_set_int(line, "price", 0) : s;
    bool has_quantity = crm_has(line, "quantity");
    return s == CRM_OK && !has_quantity ? crm_set_int(line, "quantity", QUANTITY_ONE) : s;
}

crm_status line_before(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    crm_rec *deal;
    bool comes = !was || crm_changed(now, "deal");
    crm_status s = crm_get(c, DEAL, crm_get_int(now, "deal"), &deal);
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s; /* that it is not there is told at the field */
    }
    s = comes ? check_room(c, now) : CRM_OK;
    s = s == CRM_OK ? fill(c, now, was, deal) : s;
    if (s == CRM_OK && !crm_has(now, "title")) {
        return refuse(c, "title", "catalog.title_needed");
    }
    if (s == CRM_OK && crm_changed(now, "vat") && crm_has(now, "vat") &&
        !rate_is_known(c, crm_get_int(now, "vat"))) {
        return rate_refuse(c, "vat");
    }
    s = s == CRM_OK ? settle_discount(now) : s;
    return s == CRM_OK ? line_reckon(c, now, crm_get_int(deal, "vat_on_top") != 0) : s;
}
