/*
 * kit_http.h - asking a server of the kit's own over HTTP, as a signed-in person (libcurl). One thread
 * a client; blocking.
 */
#ifndef KIT_HTTP_H
#define KIT_HTTP_H

#include "base/base.h"

typedef struct kit_client {
    void *handle; /* of libcurl */
    int port;
    int64_t user; /* who has signed in; 0: nobody */
    char csrf[128];
    buf reply; /* the body of the last answer */
} kit_client;

/* UNAVAILABLE: libcurl is not installed. */
CRM_MUST_CHECK crm_status kit_client_open(kit_client *c, int port);
void kit_client_close(kit_client *c);
/* The status of the answer, its body in c->reply; 0 when there was none. `body` is JSON or NULL. `path` may be
 * a whole address, of another server: ask that with a client that has not signed in. */
int kit_ask(kit_client *c, const char *method, const char *path, const char *body);
/* The last answer as JSON, for the caller to decref; NULL when it is none. */
json_t *kit_reply(const kit_client *c);
/* Signs in by a one-time code and sets a password; false when the server refuses. */
bool kit_sign_in(kit_client *c, const char *login, const char *code);
/*
 * What an event stream tells in `ms`, as text in c->reply, or until it tells `enough`. `after` is the id of
 * an event to go on from, NULL for a fresh stream, which begins with the id it stands at.
 */
void kit_listen(kit_client *c, const char *after, const char *enough, long ms);

#endif
