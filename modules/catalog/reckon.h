/*
 * reckon.h - what a line of goods comes to. Pure: no host, no memory, any thread.
 *
 * Everything is an integer: money in kopecks, quantities in thousandths, percentages in hundredths.
 * Products are formed in 128 bits, so nothing is lost before it is rounded; each of the quotients
 * below is rounded once, a half upwards (nothing here is negative), to a whole kopeck:
 *
 *   gross    = price × quantity
 *   discount = gross × discount percent, or the sum that was given instead
 *   net      = gross − discount
 *   VAT in the price:     vat = net × rate / (100 % + rate),  sum = net
 *   VAT on top of it:     vat = net × rate / 100 %,           sum = net + vat
 *
 * A document is the sum of its lines: what it comes to, and its VAT, are added up from the lines'
 * rounded kopecks and never computed from the whole again, so that the lines always prove the
 * total.
 */
#ifndef CATALOG_RECKON_H
#define CATALOG_RECKON_H

#include <stdbool.h>
#include <stdint.h>

#define RECKON_UNIT    1000  /* a quantity of one */
#define RECKON_PERCENT 100   /* one per cent */
#define RECKON_WHOLE   10000 /* a hundred per cent */
#define RECKON_NONE    (-1)  /* no percentage was given; no VAT is charged */

/* The most a line may come to, and the most lines a document has: their sum has room in 64 bits. */
#define RECKON_SUM_MAX   INT64_C(1000000000000000)
#define RECKON_LINES_MAX 200

typedef struct line_terms {
    int64_t price, quantity;
    int64_t discount;     /* of the gross, or RECKON_NONE: then it is discount_sum */
    int64_t discount_sum; /* looked at without a percentage only */
    int64_t vat;          /* the rate, or RECKON_NONE */
    bool vat_on_top;
} line_terms;

typedef struct line_sums {
    int64_t gross, discount, vat, sum;
} line_sums;

typedef enum reckoning {
    RECKON_OK,
    RECKON_TERMS,    /* something is negative, or a percentage above 100 */
    RECKON_DISCOUNT, /* more is taken off than the line comes to */
    RECKON_TOO_MUCH, /* above RECKON_SUM_MAX */
} reckoning;

/* Anything but RECKON_OK leaves *out zeroed. */
reckoning reckon_line(const line_terms *t, line_sums *out);

#endif
