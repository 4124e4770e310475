/*
 * target.h - what a request names: its path, its query, its host; percent-decoding.
 *
 * Pure functions on text, any thread. Internal to the net layer.
 */
#ifndef NET_TARGET_H
#define NET_TARGET_H

#include <crm/crm.h>

#include "base/arena.h"

/*
 * Takes a request target (RFC 9112 §3.2) apart: origin-form, or absolute-form whose authority is
 * `host`. Decodes the path into the arena. BAD_REQUEST on broken escapes, NUL, '\', "." and ".."
 * segments in either form, an escaped '/', bytes that are not UTF-8, '#', and anything outside
 * printable ASCII.
 */
CRM_MUST_CHECK crm_status target_parse(arena *a, crm_str target, crm_str host, crm_str *path,
                                       crm_str *query);

/* Host = uri-host [":" port] (RFC 9110 §7.2) with the letters, digits, '-', '.', '_' of real names,
 * or an address in brackets. */
bool target_is_host(crm_str host);

/* Decodes %XX, and '+' as a blank when `is_form`. BAD_REQUEST on a broken escape. */
CRM_MUST_CHECK crm_status target_decode(arena *a, crm_str s, bool is_form, crm_str *out);

#endif
