/* price.c - what a good costs. */
#include "catalog.h"

#include <string.h>

/* By the price type of the deal; NOT_FOUND is no failure: the good has no such price. */
static crm_status typed_price(crm_ctx *c, int64_t type, const crm_rec *good, int64_t *price,
                              bool *has)
{
    crm_rows *rows;
    crm_str where = crm_fmt(c, "[\"and\",[\"good\",\"eq\",%lld],[\"type\",\"eq\",%lld]]",
                            (long long)crm_id(good), (long long)type);
    if (!where.p) {
        return CRM_NOMEM;
    }
    crm_status s = crm_find(c, PRICE, where.p, NULL, 1, &rows);
    const crm_rec *row = s == CRM_OK ? crm_next(rows) : NULL;
    if (row) {
        *has = crm_has(row, "price");
        *price = crm_get_int(row, "price");
    }
    return s;
}

static bool is_same_currency(const crm_rec *deal, const crm_rec *good)
{
    crm_str a = crm_get_text(deal, "currency"), b = crm_get_text(good, "currency");
    return !a.n || !b.n || (a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
}

/* Nothing is converted: a price in another currency is none of this deal. */
crm_status price_of(crm_ctx *c, const crm_rec *deal, const crm_rec *good, int64_t *price, bool *has)
{
    crm_status s = CRM_OK;
    *has = false;
    *price = 0;
    if (!is_same_currency(deal, good)) {
        return CRM_OK;
    }
    if (crm_has(deal, "price_type")) {
        s = typed_price(c, crm_get_int(deal, "price_type"), good, price, has);
    }
    if (s == CRM_OK && !*has) {
        *has = crm_has(good, "price");
        *price = crm_get_int(good, "price");
    }
    return s;
}
