/*
 * phone.h - a phone as it is stored, and as a person in Russia writes it.
 *
 * Stored is E.164 ("+74951234567": '+' and at most 15 digits, ITU-T E.164), and behind it the extension
 * one asks for, if any, as RFC 3966 §5.1.5 writes it: "+74951234567;ext=12", 1 to 7 digits. What is
 * stored reads back as itself.
 *
 * An extension says where to ask, not whom: phones are compared, searched, kept unique and told apart
 * as duplicates by the number without it. Only the bytes of two values tell one extension from another,
 * so that a list may hold both and nothing is lost when records are merged.
 *
 * Any thread. What comes out lives in the arena, or in what was given.
 */
#ifndef DATA_PHONE_H
#define DATA_PHONE_H

#include "base/base.h"

#define PHONE_EXTENSION_MAX 7 /* digits */

/*
 * To the stored form. Without a country code a number is Russian: 8 and ten digits, ten digits alone,
 * or 8-10 and a number abroad. An extension follows the number as «доб. 12», «доб12», «вн. 12»,
 * «внутр. 12» (or those words in full), "ext. 12", "x12", "#12", ";ext=12" or ",12", also in
 * parentheses. INVALID: anything else; no part of a text is dropped in silence.
 */
CRM_MUST_CHECK crm_status phone_normalise(arena *a, crm_str text, crm_str *stored);

/* The number of a stored phone, without its extension; what is no phone stays as it is. */
crm_str phone_number(crm_str stored);
/* The digits of its extension, or empty. */
crm_str phone_extension(crm_str stored);

/* Bytes of the extension as people write it that `s` begins with, up to its last digit; or 0. */
size_t phone_extension_span(crm_str s, crm_str *digits);
/* Bytes of the mark people put between digits that `s`, which is not empty, begins with; or 0. */
size_t phone_separator(crm_str s);

/* The full-text terms of a phone field: the digits of each number and every end of them from four
 * digits on, so that the prefix match of a search finds a number by any fragment. */
CRM_MUST_CHECK crm_status phone_terms(arena *a, crm_str numbers, crm_str *terms);

#endif
