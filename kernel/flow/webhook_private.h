/* webhook_private.h - what the files of the webhooks share. */
#ifndef FLOW_WEBHOOK_PRIVATE_H
#define FLOW_WEBHOOK_PRIVATE_H

#include "flow/flow_private.h"
#include "flow/store.h"
#include "flow/webhook.h"
#include "out/post.h"

#define WEBHOOK_JOB CRM_S("kernel.webhook")

enum { /* courier_wake */
       COURIER_ROWS = 1,    /* subscriptions or deliveries may be other ones */
       COURIER_CHANGES = 2, /* something was committed */
};

/* The operation of a delivery. */
#define OP_MANY 'm'
#define OP_TEST 't'
#define OP_GONE 'g'

/* ---- webhook_rows.c -------------------------------------------------------------------------- */

/* Tells the courier after the commit that rows are other ones. Writer. */
crm_status webhook_rows_changed(crm_ctx *c);
/* A row of the journal that waits. */
typedef struct delivery_wish {
    int64_t webhook, position, record, batch;
    crm_str message, entity;
    char op;
} delivery_wish;
crm_status delivery_add(crm_ctx *c, const delivery_wish *d, int64_t *id);
/* Pauses the row that is given, tells whoever has to hear of it, and saves it. Writer. */
crm_status webhook_stop(crm_ctx *c, store_row *row, const char *reason);

/* ---- webhook_sign.c: any blocking thread ----------------------------------------------------- */

/* The bytes behind a secret setting: {"secret":"NAME"} or {"salt":"…"}. */
crm_status webhook_key(arena *a, crm_str secret, crm_str *out);
crm_str webhook_key_text(arena *a, crm_str key); /* "whsec_…" */
/* "v1,<base64>" of one key. */
crm_str webhook_signature(arena *a, crm_str key, crm_str id, int64_t seconds, crm_str body);
/* A new {"salt":"…"}. */
crm_str webhook_new_salt(arena *a);

/* ---- webhook_follow.c: the courier's thread -------------------------------------------------- */

/* Subscriptions as the courier keeps them between two looks. */
typedef struct subscription {
    store_row row;
    int64_t read_to; /* position up to which nothing is left to take up */
    uint32_t waiting;
    uint32_t under_way;
} subscription;

/* Takes up changes behind h->read_to, at most a page. True: there may be more. */
bool webhook_follow(flow *f, engine_session *s, const registry *r, subscription *h);
/* A call as the subscription's user; UNAUTHENTICATED when there is none any more. */
crm_status webhook_begin(crm_ctx *c, engine_session *s, const subscription *h, principal *who);

/* ---- webhook_send.c: the courier's thread ---------------------------------------------------- */

typedef struct sending {
    int64_t id, webhook, record, attempts, first_at;
    crm_str entity, text; /* text: the body as it is sent */
    arena *arena;
    guard_list allowed;
    post_request request;
    bool has_ended;
    struct courier *courier;
    struct sending *next;
} sending;

/* Makes the body, signs it and fills the request. What cannot be sent is a failed attempt: then
 * request.error says why and OK is returned all the same. */
crm_status webhook_prepare(flow *f, engine_session *s, const subscription *h, const store_row *delivery,
                           sending *x);
/* Writes what came of those in the list that have ended. Writer, one request. */
crm_status webhook_results(crm_ctx *c, void *ended);

/* ---- courier.c ------------------------------------------------------------------------------- */

typedef struct courier courier;
crm_status courier_start(flow *f);
/* Begins nothing new; courier_join waits for it to end. */
void courier_close(flow *f);
bool courier_join(flow *f, int64_t until);
bool courier_is_idle(flow *f);
void courier_wake(flow *f, int why); /* any thread */
uint32_t courier_under_way(flow *f); /* any thread */
crm_status webhooks_register(registry *r);

#endif
