/* json_plain.h - the short way through plain JSON, for json.c alone. */
#ifndef BASE_JSON_PLAIN_H
#define BASE_JSON_PLAIN_H

#include <crm/crm.h>
#include <jansson.h>

/*
 * What jansson would make of a document whose brackets are at most JSON_DEPTH_MAX deep; NULL: it is
 * not plain, or no JSON, or memory is out. The caller decrefs it.
 */
json_t *json_read_plain(crm_str text);

#endif
