/*
 * barcode.h - the codes that stand on goods. Pure: no host, no memory, any thread.
 *
 * EAN-13, EAN-8, UPC-A and ITF-14 end in a check digit, which the GS1 General Specifications
 * (7.9.1) define alike for all of them: from the right, digits count three times and once in turn,
 * and the sum with the check digit is a multiple of ten. Codes of any other form have none.
 */
#ifndef CATALOG_BARCODE_H
#define CATALOG_BARCODE_H

#include <crm/crm.h>

typedef enum barcode_kind {
    BARCODE_SOUND,
    BARCODE_WRONG, /* the length of such a code, another check digit: a typing error, most likely */
    BARCODE_OTHER, /* a code of one's own */
} barcode_kind;

barcode_kind barcode_check(crm_str code);

/* Without the blanks and hyphens of a code that is else digits; any other code as it is. Writes at
 * most code.n bytes. */
crm_str barcode_plain(crm_str code, char *out);

#endif
