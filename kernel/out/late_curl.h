/*
 * late_curl.h - libcurl, loaded when something first speaks to the outside.
 *
 * It brings some thirty libraries with it: 20 ms of every start and 6 MB, which a server without mail
 * and webhooks, and every command, would pay for nothing. Include this in place of <curl/curl.h> and
 * call the functions by their names; each entry to the layer asks for curl_ready first. Any thread.
 */
#ifndef OUT_LATE_CURL_H
#define OUT_LATE_CURL_H

#include <curl/curl.h>

#include "base/base.h"

/* These are macros in its header. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

/* clang-format off */
#define CURL_CALLS(X)                                                                               \
    X(curl_global_init) X(curl_free)                                                                \
    X(curl_easy_init) X(curl_easy_setopt) X(curl_easy_getinfo) X(curl_easy_perform)                 \
    X(curl_easy_strerror) X(curl_easy_cleanup)                                                      \
    X(curl_multi_init) X(curl_multi_add_handle) X(curl_multi_remove_handle) X(curl_multi_perform)   \
    X(curl_multi_poll) X(curl_multi_info_read) X(curl_multi_cleanup)                                \
    X(curl_slist_append) X(curl_slist_free_all)                                                     \
    X(curl_url) X(curl_url_set) X(curl_url_get) X(curl_url_cleanup)
/* clang-format on */

#define X(name) __typeof__(name) *name;
typedef struct curl_calls {
    CURL_CALLS(X)
} curl_calls;
#undef X

/* Whole once curl_ready said so. */
extern curl_calls late_curl;

/* UNAVAILABLE: the library is not installed, which the log says once. */
CRM_MUST_CHECK crm_status curl_ready(void);

#ifndef LATE_CURL_NAMES
#define curl_global_init         late_curl.curl_global_init
#define curl_free                late_curl.curl_free
#define curl_easy_init           late_curl.curl_easy_init
#define curl_easy_setopt         late_curl.curl_easy_setopt
#define curl_easy_getinfo        late_curl.curl_easy_getinfo
#define curl_easy_perform        late_curl.curl_easy_perform
#define curl_easy_strerror       late_curl.curl_easy_strerror
#define curl_easy_cleanup        late_curl.curl_easy_cleanup
#define curl_multi_init          late_curl.curl_multi_init
#define curl_multi_add_handle    late_curl.curl_multi_add_handle
#define curl_multi_remove_handle late_curl.curl_multi_remove_handle
#define curl_multi_perform       late_curl.curl_multi_perform
#define curl_multi_poll          late_curl.curl_multi_poll
#define curl_multi_info_read     late_curl.curl_multi_info_read
#define curl_multi_cleanup       late_curl.curl_multi_cleanup
#define curl_slist_append        late_curl.curl_slist_append
#define curl_slist_free_all      late_curl.curl_slist_free_all
#define curl_url                 late_curl.curl_url
#define curl_url_set             late_curl.curl_url_set
#define curl_url_get             late_curl.curl_url_get
#define curl_url_cleanup         late_curl.curl_url_cleanup
#endif

#endif
