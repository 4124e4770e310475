/*
 * static.h - files served from memory: the bundled UI and the modules' ui folders.
 *
 * A folder is read once into an immutable table; a request is a look-up in that table, so no path
 * from outside ever reaches the file system. Files ending in .br or .gz beside their original are
 * its compressed forms; they are sent only if the .gz is there and says that it is of the
 * original's bytes, so what an upgrade has left behind is not. Loading blocks (start-up, or a
 * worker); serving is loop thread, any loop.
 */
#ifndef NET_STATIC_H
#define NET_STATIC_H

#include <crm/crm.h>

#include "net/http.h"

typedef struct static_files static_files;

/*
 * Reads the folder tree under `dir`, to be served under `prefix` ("/", "/m/sales/"; it starts and
 * ends with '/'). Hidden files and symbolic links are left out. A name that holds its hash, as
 * bundlers write it ("app-1A2B3C4D.js": 8 or more capitals and digits, or lower hex with a digit,
 * after the last '-' or '.' of the stem), is immutable; others are revalidated. At most 4096 files
 * and 256 MiB: TOO_LARGE. NOT_FOUND when there is no folder.
 */
CRM_MUST_CHECK crm_status static_load(const char *dir, const char *prefix, static_files **out);
/* After the last reply that uses it: replies hold a reference of their own. */
void static_free(static_files *f);

/*
 * Answers GET and HEAD (405 otherwise) when the table has the path and returns true; false leaves
 * the request untouched. Does ETag, 304, Accept-Encoding, Vary, Content-Type, CSP on HTML.
 */
bool static_serve(static_files *f, http_request *r);
/* Answers with this file of the table whatever the path is (the UI's page). False when not there.
 */
bool static_serve_as(static_files *f, http_request *r, crm_str path);
/* Whether the UI's page may stand for a path: its last segment has no '.', or it is below /e/,
 * where the dot is an entity's. */
bool static_is_page_path(crm_str path);

#endif
