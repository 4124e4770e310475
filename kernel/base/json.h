/*
 * json.h - reading JSON that comes from outside (jansson behind fixed limits).
 *
 * A json_t moves with its call: one thread at a time, because its counters are not atomic.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <crm/crm.h>
#include <jansson.h>

#include "base/arena.h"

#define JSON_DEPTH_MAX 32
#define JSON_ITEMS_MAX 1000 /* of one array, unless the caller allows more */

typedef struct json_error {
    int line, column;
    /* Static: too_deep too_many_items not_utf8 ends_early trailing duplicate_key number_too_large nul
     * not_json. */
    crm_str code;
} json_error;

/*
 * Parses one document: strict UTF-8, duplicate keys refused, no NUL, depth and array length bounded
 * before anything is built. BAD_REQUEST with *err filled (err may be NULL), or NOMEM. The caller
 * decrefs *out.
 */
CRM_MUST_CHECK crm_status json_read(crm_str text, size_t items_max, json_t **out, json_error *err);
/* A string member, {NULL,0} when absent or not a string. Borrowed from `object`. */
crm_str json_text(const json_t *object, const char *key);
/* Copies the document as compact JSON into the arena. */
crm_str json_dump(arena *a, const json_t *value);

#endif
