/* status.h - what a status is called and which errno means which status. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <crm/crm.h>

int status_http(crm_status s);
const char *status_code(crm_status s); /* "not_found" */
crm_status status_from_http(int http); /* the nearest, INTERNAL when none is */
crm_status status_from_errno(int err); /* ENOSPC, EDQUOT: NO_SPACE; ENOENT: NOT_FOUND ... */

#endif
