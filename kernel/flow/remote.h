/*
 * remote.h - hooks and rule steps of a module without code: an HTTP service in any language answers.
 *
 * A question is a POST of JSON, signed as a webhook is (webhook-id, webhook-timestamp,
 * webhook-signature), to the service's address and "/hooks/<id>" or "/steps/<id>". It carries the
 * record's declared fields and no others. An answer is at most REMOTE_ANSWER_MAX bytes of JSON; it may
 * set the declared fields, whose values are judged as a person's are. Anything else is a failure, and
 * what follows a failure is declared: the change is refused or let through, or the question is asked
 * again, for three days, under the same webhook-id. No failure passes without the log, the module's
 * health and the metrics.
 *
 *  - A hook before a change is asked before the transaction, on a pool, while a person waits: within
 *    its time limit. In the transaction its hook finds the verdict in the call. A write that could not
 *    ask (an import, a batch, a rule, a module's own) or whose record was changed meanwhile finds none:
 *    the first counts as a failure, the second is asked again.
 *  - A hook after a change leaves a due row in the change's transaction; what the answer sets is
 *    written as "module:<name>". Its own writes do not come back to it.
 *  - A step keeps the rule's acting principal; its answer and the run's cursor are one commit.
 *
 * After REMOTE_FAILURES failures in a row a service is not asked for a while, with growing pauses:
 * its questions fail at once.
 */
#ifndef FLOW_REMOTE_H
#define FLOW_REMOTE_H

#include "data/data.h"

#define REMOTE_ANSWER_MAX  65536
#define REMOTE_BODY_MAX    (1u << 20)
#define REMOTE_TEXT_MAX    500   /* bytes of a refusal's text */
#define REMOTE_ERRORS_MAX  16    /* refusals of one answer */
#define REMOTE_TYPE        96
#define REMOTE_FAILURES    5
#define REMOTE_HOOK_MS     2000  /* time limits: usual, and the most that may be declared */
#define REMOTE_HOOK_MAX_MS 10000
#define REMOTE_STEP_MS     10000
#define REMOTE_STEP_MAX_MS 60000

typedef enum remote_failure { REMOTE_REFUSE, REMOTE_LET_THROUGH, REMOTE_RETRY } remote_failure;

/* The `fn` of a hook or step that a service answers for. */
typedef struct remote_call {
    crm_str module, id, entity_name;
    crm_str kind;            /* "hooks" or "steps" */
    const crm_str *fields;   /* a hook on changes: of these only; count 0: of any */
    const crm_str *send, *set;
    uint32_t field_count, send_count, set_count;
    uint32_t limit_ms;
    remote_failure on_failure;
} remote_call;

/* ---- rows of a registry ---------------------------------------------------------------------- */

/* `call` lives as long as the registry. `when` may be any but the two of deletions. */
crm_status remote_add_hook(registry *r, const remote_call *call, hook_when when);
crm_status remote_add_step(registry *r, const remote_call *call, crm_str schema_json);
crm_status remote_register(registry *r);

/* ---- before a change ------------------------------------------------------------------------- */

/* What a service said of a write that is to come. */
typedef struct remote_verdict {
    const struct remote_verdict *next;
    const remote_call *call;
    int64_t record, rev;     /* it was asked about; 0: a new one */
    bool has_failed;         /* there is no answer: as declared */
    bool is_refused;         /* `errors` says why */
    const struct remote_refusal *errors;
    crm_str set_json;        /* an object of the declared fields, or empty */
} remote_verdict;
typedef struct remote_refusal {
    const struct remote_refusal *next;
    crm_str field, text;     /* field: empty, the record as a whole */
} remote_refusal;

/* Whether a service is to be asked before records of this entity are created or changed. Loop. */
bool remote_asks(const registry *r, const entity *e, hook_when when);
/*
 * Asks all of them about the write that `json` describes (of the record `id`, or of a new one), as
 * c->who, and leaves their verdicts in the call. What cannot be written anyway is not asked about.
 * `key`: the client's idempotency key, or empty. Until c->until. Pool, outside a transaction.
 */
CRM_MUST_CHECK crm_status remote_ask(crm_ctx *c, const entity *e, int64_t id, const json_t *json,
                                     crm_str key);
/* After a write: a verdict was about an older record, so it is to be asked again. */
bool remote_is_outdated(const crm_ctx *c);

/* ---- pages: a pool, outside a transaction ------------------------------------------------------ */

#define REMOTE_PAGE_MAX (1u << 20)
#define REMOTE_PAGE_MS  5000
/*
 * What the service gives for GET <url><path>, signed over the path in place of a body. UPSTREAM,
 * noted: nothing sound; `type` is then undefined, else its Content-Type.
 */
CRM_MUST_CHECK crm_status remote_get(crm_ctx *c, crm_str module, crm_str path, buf *out,
                                     char type[REMOTE_TYPE]);

/* ---- health: any thread ---------------------------------------------------------------------- */

typedef struct remote_health {
    uint64_t calls, failed, refused, let_through, not_asked;
    uint32_t in_a_row;       /* failures since the last answer */
    bool is_open;            /* it is not asked now */
    int64_t open_until, failed_at; /* ms UTC; 0: never */
    char error[48];          /* of the last failure: "timeout", "status_500", "bad_answer" … */
    char detail[96];         /* "set.discount: type_mismatch" */
} remote_health;
void remote_health_of(crm_str module, remote_health *out);

#endif
