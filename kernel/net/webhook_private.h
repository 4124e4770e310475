/* webhook_private.h - what the files of /api/v1/webhooks share. Loop thread, but for `read_…`. */
#ifndef NET_WEBHOOK_PRIVATE_H
#define NET_WEBHOOK_PRIVATE_H

#include "flow/webhook.h"
#include "net/api_private.h"

#define WEBHOOKS_MAX 200

typedef enum webhook_act {
    WEBHOOK_ACT_PAUSE,
    WEBHOOK_ACT_RESUME,
    WEBHOOK_ACT_TEST,
    WEBHOOK_ACT_ROTATE,
    WEBHOOK_ACT_AGAIN
} webhook_act;

/* One request's own state (api_call.own). */
typedef struct webhook_ask {
    webhook_act act;
    bool is_new, skip, shows_secret;
    crm_str seen; /* If-Match: the revision that is to be changed; empty: whichever it is */
    int64_t delivery, old_until;
    webhook_again again;
    uint32_t count;
} webhook_ask;

/* The revision of a stored subscription: the same as long as nobody changes what it is. */
crm_str webhook_rev(arena *a, const value *row);
/* A moment or null. */
void webhook_put_moment(json_writer *w, const char *name, value at);
/* …/<id>/deliveries, k->id and k->rest are set. */
void deliveries_route(api_call *k);

#endif
