/*
 * vcard.h - address cards: 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350) in, 4.0 out, card by card in
 * bounded memory. Any thread; a reader belongs to one.
 */
#ifndef BASE_VCARD_H
#define BASE_VCARD_H

#include "base/charset.h"
#include "base/table.h"

/*
 * A card as a row: these columns in this order; new ones come last, since files that were uploaded are
 * read by them. Several values of one are joined by line breaks. FN of a card that has none, as 2.1
 * allows, is made of N. ORG is the organisation alone, ADR.locality the town of the first address that
 * has one.
 */
#define VCARD_COLUMN_MAP(X)                                                                        \
    X(NAME, "FN") X(FAMILY, "N.family") X(GIVEN, "N.given") X(MIDDLE, "N.additional")              \
    X(ORG, "ORG") X(POSITION, "TITLE") X(PHONE, "TEL") X(EMAIL, "EMAIL") X(ADDRESS, "ADR")         \
    X(URL, "URL") X(BIRTHDAY, "BDAY") X(NOTE, "NOTE") X(TAGS, "CATEGORIES") X(UID, "UID")           \
    X(UNIT, "ORG.unit") X(TOWN, "ADR.locality")
typedef enum vcard_column {
#define X(name, text) VCARD_##name,
    VCARD_COLUMN_MAP(X)
#undef X
    VCARD_COLUMNS
} vcard_column;
/* "FN", "N.family" … */
crm_str vcard_column_name(vcard_column c);

/* A field that vCard has no property for is X-KARKAS-<FIELD>; of a second phone the property is TEL with
 * that in the parameter: TEL;X-KARKAS-FIELD=X-KARKAS-MOBILE:+7… Both come back in its own column. */
#define VCARD_OWN   "X-KARKAS-"
#define VCARD_FIELD "X-KARKAS-FIELD"

typedef struct vcard_reader vcard_reader;
/* `usual`: the encoding of texts that do not name theirs. Any errors as csv_open. */
CRM_MUST_CHECK crm_status vcard_open(table_source from, charset usual, vcard_reader **out);
void vcard_close(vcard_reader *r); /* may be NULL */
/*
 * The next card, as csv_next gives a row; `line` is that of BEGIN:VCARD. A card that the file ends in
 * has the fault TABLE_BROKEN. Behind the columns that every row has stand those of X- properties, in
 * the order in which the file names them first, so that a later row may have more. Of other programs
 * only texts of a usual length are there; photographs and what else has no column are passed over.
 */
CRM_MUST_CHECK crm_status vcard_next(vcard_reader *r, table_row *row);
/* What a column of the rows so far is: "FN", "X-KARKAS-SOURCE". Valid until the next vcard_next. */
crm_str vcard_name(const vcard_reader *r, uint32_t column);

/* ---- writing 4.0 ----------------------------------------------------------------------------- */

void vcard_begin(buf *out);
/* One property; `params` as ";TYPE=work" or empty. Its text is escaped and folded. */
void vcard_put(buf *out, const char *name, const char *params, crm_str text);
/* A property that is a URI: TEL;VALUE=uri:tel:+74951234567;ext=12 */
void vcard_put_uri(buf *out, const char *name, crm_str uri);
/* A property of parts, "N" and "ADR": joined by ';'. */
void vcard_put_parts(buf *out, const char *name, const crm_str *parts, size_t count);
void vcard_end(buf *out);

#endif
