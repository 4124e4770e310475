/*
 * multipart.h - the parts of a multipart/form-data body (RFC 7578, RFC 2046 §5.1), as browsers and
 * scripts send a form that may hold files. Strict: what two readers could take differently is no such
 * body. Any thread; nothing is decoded or copied but names, so the body must outlive the parts.
 */
#ifndef BASE_MULTIPART_H
#define BASE_MULTIPART_H

#include <crm/crm.h>

#include "base/arena.h"

#define MULTIPART_PARTS_MAX   1000
#define MULTIPART_HEAD_MAX    4096 /* bytes of one part's headers */
#define MULTIPART_HEADERS_MAX 8
#define MULTIPART_BOUND_MAX   70 /* RFC 2046 */

typedef struct multipart_part {
    crm_str name;      /* never empty; bytes in the page's encoding, not looked into */
    crm_str file_name; /* of a file, may be empty */
    crm_str charset;   /* as the part declares it, mostly empty */
    crm_str content;
    bool is_file; /* has a file name, or a type that is no text */
} multipart_part;

/* Whether the type is multipart/form-data, whatever its boundary. */
bool multipart_is(crm_str content_type);
/* The parts in order, their array in the arena. INVALID: it is no such body, holds more than is
 * bounded above, or a transfer encoding, which forms do not use (RFC 7578 §4.7). */
CRM_MUST_CHECK crm_status multipart_read(arena *a, crm_str content_type, crm_str body,
                                         multipart_part **parts, uint32_t *count);

#endif
