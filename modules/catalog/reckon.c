/* reckon.c - see reckon.h. */
#include "reckon.h"

__extension__ typedef __int128 wide;

/* The quotient of what is not negative to the nearest whole number, a half upwards. */
static wide nearest(wide dividend, int64_t divisor)
{
    return (2 * dividend + divisor) / (2 * (wide)divisor);
}

static bool is_percentage(int64_t p)
{
    return p == RECKON_NONE || (p >= 0 && p <= RECKON_WHOLE);
}

static reckoning take_off(const line_terms *t, wide gross, line_sums *x)
{
    wide discount =
        t->discount == RECKON_NONE ? t->discount_sum : nearest(gross * t->discount, RECKON_WHOLE);
    x->gross = (int64_t)gross;
    x->discount = (int64_t)discount;
    return discount > gross ? RECKON_DISCOUNT : RECKON_OK;
}

static reckoning tax(const line_terms *t, line_sums *x)
{
    wide net = x->gross - x->discount;
    int64_t rate = t->vat == RECKON_NONE ? 0 : t->vat;
    wide vat = nearest(net * rate, t->vat_on_top ? RECKON_WHOLE : RECKON_WHOLE + rate);
    wide sum = t->vat_on_top ? net + vat : net;
    if (sum > RECKON_SUM_MAX) {
        return RECKON_TOO_MUCH;
    }
    x->vat = (int64_t)vat;
    x->sum = (int64_t)sum;
    return RECKON_OK;
}

reckoning reckon_line(const line_terms *t, line_sums *out)
{
    line_sums x = {0};
    *out = x;
    if (t->price < 0 || t->quantity < 0 || !is_percentage(t->discount) || !is_percentage(t->vat) ||
        (t->discount == RECKON_NONE && t->discount_sum < 0)) {
        return RECKON_TERMS;
    }
    if (t->price > RECKON_SUM_MAX || t->quantity > RECKON_SUM_MAX) {
        return RECKON_TOO_MUCH; /* so that the product has room, twice */
    }
    wide gross = nearest((wide)t->price * t->quantity, RECKON_UNIT);
    if (gross > RECKON_SUM_MAX) {
        return RECKON_TOO_MUCH;
    }
    reckoning r = take_off(t, gross, &x);
    r = r == RECKON_OK ? tax(t, &x) : r;
    if (r == RECKON_OK) {
        *out = x;
    }
    return r;
}
