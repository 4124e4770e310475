/*
 * webhook.h - subscriptions of other systems to what changes here, and their deliveries.
 *
 * A subscription (`sys.webhook`) belongs to a service user and reads the change log from a position of
 * its own. The courier, one thread, turns the changes that concern it into rows of `sys.delivery`
 * together with the new position, and sends those by HTTP POST outside any transaction, under the
 * user's rights of that moment. What happened to each is written with it, so that kill -9 loses
 * nothing: what was under way is sent again under the same message id.
 *
 * A record's deliveries go one after the other; at most WEBHOOK_WAITING_MAX wait, the rest stays in the
 * change log. Everything here runs on the writer inside a transaction unless said otherwise.
 */
#ifndef FLOW_WEBHOOK_H
#define FLOW_WEBHOOK_H

#include "data/data.h"

#define WEBHOOK_WAITING_MAX  500
#define WEBHOOK_PARALLEL     4
#define WEBHOOK_PARALLEL_MAX 8
#define WEBHOOK_ROTATION_MS  (24LL * 3600 * 1000) /* how long the old secret signs beside the new one */
#define WEBHOOK_REDELIVER_MAX 1000

#define WEBHOOK_ACTIVE "active"
#define WEBHOOK_PAUSED "paused"

/* What is to be told to whom. */
typedef struct webhook_wish {
    crm_str name, title, url, entity;
    int64_t user, owner; /* owner 0: the holders of "settings" hear of its troubles */
    crm_str ops;         /* of "cud" */
    crm_str fields;      /* JSON array of names, or empty: all */
    crm_str where;       /* JSON prefix form, or empty */
    bool is_each;        /* also every row of batches, the quiet ones included */
    int parallel;
    crm_str secret, old_secret; /* JSON {"secret":"NAME"}; empty: one is made from the server's key */
    bool is_of_tz;
} webhook_wish;

/* Field errors by the names of API.md; OK when it may be kept. */
CRM_MUST_CHECK crm_status webhook_check(crm_ctx *c, const webhook_wish *w);
/* *id 0: a new one, which hears what happens from now on. */
CRM_MUST_CHECK crm_status webhook_save(crm_ctx *c, const webhook_wish *w, int64_t *id);
CRM_MUST_CHECK crm_status webhook_remove(crm_ctx *c, int64_t id);
/* Those of the ТЗ are these and no others. */
CRM_MUST_CHECK crm_status webhooks_apply(crm_ctx *c, const webhook_wish *wishes, uint32_t count);

/* `reason`: "person", "failing", "gone", "user", "condition". The owner is told unless it was a person. */
CRM_MUST_CHECK crm_status webhook_pause(crm_ctx *c, int64_t id, const char *reason);
/* Goes on where it stopped; `skip`: what changed meanwhile is not told. */
CRM_MUST_CHECK crm_status webhook_resume(crm_ctx *c, int64_t id, bool skip);
CRM_MUST_CHECK crm_status webhook_test(crm_ctx *c, int64_t id, int64_t *delivery);
/* Deliveries of the journal once more, under their ids: the named ones, or those of a time and state. */
typedef struct webhook_again {
    const int64_t *ids;
    uint32_t id_count;  /* 0: by the rest */
    int64_t from, to;   /* ms UTC; 0: open */
    crm_str state;      /* "done", "dead", or empty: both */
} webhook_again;
CRM_MUST_CHECK crm_status webhook_redeliver(crm_ctx *c, int64_t id, const webhook_again *what,
                                            uint32_t *count);
/* A new secret of the server's making; CONFLICT "webhook_of_tz" when the ТЗ names one. */
CRM_MUST_CHECK crm_status webhook_rotate(crm_ctx *c, int64_t id, int64_t *old_until);
/* "whsec_…" of a subscription whose secret the server made; NOT_FOUND else. Pool or writer. */
CRM_MUST_CHECK crm_status webhook_secret(crm_ctx *c, int64_t id, crm_str *out);

#endif
