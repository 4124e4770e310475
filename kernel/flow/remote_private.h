/* remote_private.h - what the files of the remote hooks and steps share. */
#ifndef FLOW_REMOTE_PRIVATE_H
#define FLOW_REMOTE_PRIVATE_H

#include "flow/flow_private.h"
#include "flow/remote.h"
#include "out/post.h"

/* ---- remote_health.c: any thread ------------------------------------------------------------- */

/* False: it fails at once, because it has failed too often. One who asks after the pause finds out. */
bool remote_may_ask(crm_str module);
void remote_note_answer(crm_str module);
void remote_note_failure(const remote_call *call, const char *error, crm_str detail);
/* What a failure came to: the change or the run went on without the service. */
void remote_note_let_through(const remote_call *call, bool was_asked);
void remote_note_refused(const remote_call *call);

/* ---- remote_ask.c: a blocking thread, outside a transaction ---------------------------------- */

typedef struct remote_question {
    const remote_call *call;
    crm_str message;         /* webhook-id */
    crm_str type;            /* "sales.deal.before_update" */
    const record *subject;   /* its declared fields are sent as far as it is visible */
    crm_str params_json;     /* of a step, or empty */
    const uint64_t *changed; /* NULL: not said */
    int64_t limit_ms;
} remote_question;

/* Address, signature and who may be spoken to; the body stands there. INVALID: no address. NOT_FOUND:
 * no secret. */
CRM_MUST_CHECK crm_status remote_fill(crm_ctx *c, crm_str module, crm_str path, crm_str message,
                                      post_request *r);

/* UPSTREAM when there is no sound answer; noted. *answer is an object, which the caller decrefs, or
 * NULL when the service answered with nothing. */
CRM_MUST_CHECK crm_status remote_put(crm_ctx *c, const remote_question *q, json_t **answer);
/*
 * What `answer` wants to set, dumped into *set_json: an object whose members are all declared and
 * have values that the fields take. UPSTREAM, noted: something else. Leaves no error in the call.
 */
CRM_MUST_CHECK crm_status remote_read_set(crm_ctx *c, const remote_call *call, const json_t *answer,
                                          crm_str *set_json);
/* Sets them. Writer. */
CRM_MUST_CHECK crm_status remote_apply(crm_ctx *c, record *subject, crm_str set_json);
/* The same, and saves the record. The service's own hooks are not asked about what it says itself. */
CRM_MUST_CHECK crm_status remote_write(crm_ctx *c, const remote_call *call, record *subject,
                                       crm_str set_json);
crm_status remote_fail(crm_ctx *c, const remote_call *call);

#endif
