/*
 * openapi.h - this deployment's API as an OpenAPI 3.1 document (API.md, OpenAPI).
 *
 * The document is what the acting principal may see and do, in the call's language. It is made anew
 * each time: about 10 ms and some hundred KB, so nothing of it runs on a loop.
 */
#ifndef NET_OPENAPI_H
#define NET_OPENAPI_H

#include "data/call.h"

/* Appends the document as compact JSON. A pool thread, a worker or a command. */
CRM_MUST_CHECK crm_status openapi_write(crm_ctx *c, buf *out);

#endif
