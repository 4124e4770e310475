/*
 * post.h - sending JSON to other systems by HTTP POST, many at a time on one thread (libcurl's multi
 * interface).
 *
 * Redirects are not followed, no proxy and no credentials of the environment are used, names and
 * certificates are verified, and the address that is connected to is judged by guard.h. The thread
 * that made the client uses it; only post_wake is for others.
 */
#ifndef OUT_POST_H
#define OUT_POST_H

#include "base/buf.h"
#include "out/guard.h"

#define POST_REPLY_KEPT 2048
#define POST_TYPE_KEPT  96
#define POST_REPLY_MAX  65536 /* read at most; a longer answer is cut off and counts by its status */

typedef struct post_client post_client;

typedef struct post_request {
    /* in; unchanged until `done` */
    const char *url; /* "https://…", or "http://…", which goes to addresses of `allowed` only */
    const char *const *headers; /* "webhook-id: msg_1", ends in NULL */
    crm_str body;
    const guard_list *allowed;  /* addresses that are not public, and may be spoken to */
    const char *ca_file;        /* a further authority, or NULL */
    long limit_ms;              /* of it all */
    bool is_get;                /* a GET without a body instead */
    buf *whole;                 /* the whole answer, at most its capacity's limit; NULL: `reply` will do.
                                   One that is longer is no answer: error "too_large" */
    void (*done)(struct post_request *r);
    void *arg;
    /* out */
    int status;              /* 0: there was no answer */
    const char *error;       /* a code when there was none: "refused_address", "timeout" …; else NULL */
    char reply[POST_REPLY_KEPT];
    size_t reply_n;
    char content_type[POST_TYPE_KEPT]; /* as the answer says, cut off at its end; empty: not said */
    int64_t ms;
    int64_t retry_after_s;   /* 0: not said */
    /* the client's */
    size_t read;
    bool is_refused;
    void *handle, *list;
    int64_t started;
} post_request;

/*
 * Whether a URL may be kept as a target: https, or http when `with_http`; a host, no user, no password,
 * no fragment. What it resolves to is judged when it is used.
 */
bool post_is_url(crm_str url, bool with_http);

CRM_MUST_CHECK crm_status post_client_new(post_client **out);
void post_client_free(post_client *c); /* nothing is under way any more */
/* On an error it has not begun, and `done` is not called. */
CRM_MUST_CHECK crm_status post_start(post_client *c, post_request *r);
/* Moves all transfers on, waiting at most `ms` for something to happen; calls `done` of those that ended. */
void post_poll(post_client *c, int ms);
/* Gives up what was started and has not ended; `done` is not called. */
void post_drop(post_client *c, post_request *r);
/*
 * One request on a client of its own, from its start to its end; `done` is not called. When the
 * process goes down (out_cancel), it ends within a tenth of a second: error "cancelled". A blocking
 * thread.
 */
void post_now(post_request *r);
/* Ends the waiting of post_poll. Any thread. */
void post_wake(post_client *c);

#endif
