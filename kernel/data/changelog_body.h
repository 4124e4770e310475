/*
 * changelog_body.h - the text of one change: {"c":{"<field id>":[old,new],…},"k":{"<field
 * id>":now,…},"m":{"<field id>":"<code>",…}}.
 *
 * "c" are the changed fields, "k" the columns by which rights on the row are judged, "m" the marks of
 * the old values, which an undo brings back with them (left out when none had one). Fields stand under
 * their durable ids, so a rename keeps the past readable.
 */
#ifndef DATA_CHANGELOG_BODY_H
#define DATA_CHANGELOG_BODY_H

#include "data/records.h"

/* Own fields that differ; every filled one when `was` is NULL. The count of `fields`. */
uint32_t changelog_differing(const entity *e, const value *now, const value *was,
                             uint16_t fields[FIELDS_MAX]);
/* Sets `marks` to those that the old values of `fields` had. */
CRM_MUST_CHECK crm_status changelog_take_marks(arena *a, change *ch);
CRM_MUST_CHECK crm_status changelog_write_body(arena *a, const registry *r, const change *ch,
                                               crm_str *body);
/* Fills fields, was, now, marks, row_was and row_now. A field that no longer exists is left out. */
CRM_MUST_CHECK crm_status changelog_read_body(arena *a, crm_str body, change *ch);
/* The body without the values of these fields. */
CRM_MUST_CHECK crm_status changelog_strip_body(arena *a, const entity *e, crm_str body,
                                               const uint64_t fields[4], crm_str *out);

#endif
