/* late_curl.c - see late_curl.h. */
#define LATE_CURL_NAMES
#include "out/late_curl.h"

#include <dlfcn.h>
#include <pthread.h>

#define LIBRARY "libcurl.so.4" /* the soname of every curl 7 and 8 */

curl_calls late_curl;

static crm_status status = CRM_UNAVAILABLE;

/* POSIX lets a function's address be read out as an object's. */
static bool find(void *library, const char *name, void *to)
{
    void *at = dlsym(library, name);
    memcpy(to, &at, sizeof at);
    return at != NULL;
}

static void load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    bool is_whole = library != NULL;
#define X(name) is_whole = is_whole && find(library, #name, &late_curl.name);
    CURL_CALLS(X)
#undef X
    if (!is_whole) {
        log_event(LOG_ERROR, "curl.not_loaded", "why=%s", log_quote(str_of(dlerror())));
    } else if (late_curl.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
        status = CRM_OK;
    }
}

crm_status curl_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return status;
}
