/*
 * export.h - records as a file for people: the same values in the form that import reads back.
 *
 * An export is made row by row from a reading under the caller's rights (records.h); what he may not
 * see is not there. Pool threads.
 */
#ifndef TABLE_EXPORT_H
#define TABLE_EXPORT_H

#include "base/charset.h"
#include "base/table.h"
#include "base/vcard.h"
#include "data/data.h"

typedef enum export_format { EXPORT_CSV, EXPORT_XLSX, EXPORT_VCARD, EXPORT_JSON } export_format;

typedef struct export_plan {
    export_format format;
    const entity *entity;
    uint16_t columns[FIELDS_MAX]; /* fields in the order of the columns */
    uint32_t count;
    char separator;
    bool is_cp1251, has_names, has_ids; /* header=names, refs=id */
    charset_decoder encoder;
    const field *card[VCARD_COLUMNS]; /* vCard: the field of each property; NULL: none */
} export_plan;

/*
 * `fields` is the list as asked ("name,phone"), or empty: all that the caller sees. INVALID with the
 * error set: an unknown field; a vCard of an entity without phone and e-mail (export_format).
 */
CRM_MUST_CHECK crm_status export_plan_make(crm_ctx *c, export_plan *p, crm_str fields);
const char *export_media_type(const export_plan *p);
const char *export_extension(const export_plan *p);

/* What stands before the first row, each row, and what stands behind the last. JSON rows are written
 * by the API, whose form they have. `out` gets the file's bytes; XLSX: frames for karkas-sheet. */
void export_begin(crm_ctx *c, const export_plan *p, buf *out);
CRM_MUST_CHECK crm_status export_row(crm_ctx *c, const export_plan *p, const record_view *v, buf *out);
void export_end(const export_plan *p, buf *out);

/* Which field is which property of a card, and one card (export_card.c). */
CRM_MUST_CHECK crm_status export_card_plan(crm_ctx *c, export_plan *p);
CRM_MUST_CHECK crm_status export_card(crm_ctx *c, const export_plan *p, const record_view *v, buf *out);

/* ---- one value as people write it ------------------------------------------------------------ */

/* Appends the field's value: labels, dates of the deployment's zone, decimals, several values joined.
 * `label` is a reference's title. In the call's language; NOMEM, TIMEOUT of a look-up. */
CRM_MUST_CHECK crm_status export_value(crm_ctx *c, const export_plan *p, const field *f, value v,
                                       crm_str label, buf *out);
/* The choice or stage whose value, or label in any language, this is; or NULL. What export writes for
 * one is always found as that one. */
const crm_str *choice_find(const registry *r, arena *a, const field *f, crm_str text);
/* "1 д 12 ч 30 мин" or "1d 12h 30m". */
void export_duration(int64_t ms, bool is_russian, buf *out);

#endif
