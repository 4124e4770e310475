/*
 * static_set.h - folders of files that are served beside the UI: one for every version of a module
 * that was ever in force. Folders are added while others are served and stay to the end.
 */
#ifndef NET_STATIC_SET_H
#define NET_STATIC_SET_H

#include "net/static.h"

typedef struct static_set static_set;

static_set *static_set_new(void);    /* NULL: memory is out */
void static_set_free(static_set *s); /* may be NULL */
/* Reads the folder as static_load does, unless it is there. NOT_FOUND, TOO_LARGE, NOMEM. Blocks;
 * any thread but a loop's. */
CRM_MUST_CHECK crm_status static_set_add(static_set *s, crm_str dir, const char *prefix);
/*
 * Answers from the folder `dir`, else from the newest other one that has the path: a page opened
 * under an older version still finds the parts of its script. False leaves the request untouched.
 * Any loop.
 */
bool static_set_serve(static_set *s, http_request *r, crm_str dir);

#endif
