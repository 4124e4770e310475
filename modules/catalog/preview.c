/* preview.c - what a line would come to as it is being typed: the same arithmetic, nothing is
 * written. */
#include "catalog.h"

#include <string.h>

#define DIGITS_MAX 15

/* "12.5" at a scale of 2 is 1250; further digits are cut. False: it is no such number. */
static bool read_decimal(crm_str s, int scale, int64_t *out)
{
    int64_t n = 0;
    int digits = 0, places = -1;
    for (size_t i = 0; i < s.n; i++) {
        bool is_digit = s.p[i] >= '0' && s.p[i] <= '9';
        if (!is_digit && (s.p[i] != '.' || places >= 0)) {
            return false;
        }
        if (!is_digit) {
            places = 0;
        } else if (places < scale) {
            n = n * 10 + (s.p[i] - '0');
            digits += n > 0;
            places += places >= 0;
        }
        if (digits > DIGITS_MAX) {
            return false; /* before it has no room */
        }
    }
    for (int p = places < 0 ? 0 : places; p < scale; p++) {
        n *= 10;
    }
    *out = n;
    return s.n > 0;
}

static crm_str named(crm_ctx *c, crm_str object, const char *name)
{
    crm_str key, value;
    for (uint32_t i = 0; crm_json_at(c, object, i, &key, &value); i++) {
        if (key.n == strlen(name) && memcmp(key.p, name, key.n) == 0) {
            bool is_null = value.n == 4 && memcmp(value.p, "null", 4) == 0;
            return is_null ? (crm_str){0} : value;
        }
    }
    return (crm_str){0};
}

static bool is_among(crm_ctx *c, crm_str list, const char *name)
{
    crm_str key, value;
    for (uint32_t i = 0; crm_json_at(c, list, i, &key, &value); i++) {
        if (value.n == strlen(name) && memcmp(value.p, name, value.n) == 0) {
            return true;
        }
    }
    return false;
}

/* Absent: *out stays. */
static bool take(crm_ctx *c, crm_str values, const char *name, int scale, int64_t *out)
{
    crm_str text = named(c, values, name);
    return !text.n || read_decimal(text, scale, out);
}

/* As the hook will settle it: whichever of the two was typed last holds. */
static void settle(crm_ctx *c, crm_str changed, line_terms *t)
{
    bool by_percent = is_among(c, changed, "discount");
    bool by_sum = is_among(c, changed, "discount_sum");
    if (by_sum && !by_percent) {
        t->discount = RECKON_NONE;
    } else if (by_percent && !by_sum && t->discount == RECKON_NONE) {
        t->discount_sum = 0;
    }
}

static void put_money(crm_ctx *c, crm_out *out, const char *key, int64_t kopecks)
{
    crm_put_text(out, key,
                 crm_fmt(c, "%lld.%02d", (long long)(kopecks / 100), (int)(kopecks % 100)));
}

crm_status preview(crm_ctx *c, crm_out *out)
{
    crm_rec *deal;
    line_sums x;
    line_terms t = {.quantity = RECKON_UNIT, .discount = RECKON_NONE, .vat = RECKON_NONE};
    crm_str values = named(c, crm_body(c), "values"), changed = named(c, crm_body(c), "changed");
    crm_status s = crm_get(c, DEAL, crm_param_id(c, "id"), &deal);
    if (s != CRM_OK) {
        return s;
    }
    bool is_read =
        take(c, values, "price", 2, &t.price) && take(c, values, "quantity", 3, &t.quantity) &&
        take(c, values, "discount", 2, &t.discount) &&
        take(c, values, "discount_sum", 2, &t.discount_sum) && take(c, values, "vat", 2, &t.vat);
    t.vat_on_top = crm_get_int(deal, "vat_on_top") != 0;
    settle(c, changed, &t);
    if (is_read && reckon_line(&t, &x) == RECKON_OK) {
        put_money(c, out, "discount_sum", x.discount);
        put_money(c, out, "vat_sum", x.vat);
        put_money(c, out, "sum", x.sum);
    }
    return CRM_OK;
}
