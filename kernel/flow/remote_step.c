/*
 * remote_step.c - a rule step that a service answers for: asked outside of the transaction, its
 * effects in one commit with the run's cursor. remote.h.
 */
#include "flow/remote_private.h"

typedef struct outcome_of_step {
    bool is_refused;
    crm_str set_json;
} outcome_of_step;

static crm_status failed(const remote_call *call, outcome_of_step *out)
{
    if (call->on_failure == REMOTE_RETRY) {
        return CRM_UPSTREAM;
    }
    out->is_refused = call->on_failure == REMOTE_REFUSE;
    if (!out->is_refused) {
        remote_note_let_through(call, true);
    }
    return CRM_OK;
}

/* {"ok":false}: the service has understood, and the run turns to its `otherwise`. */
static crm_status read_outcome(crm_ctx *c, const remote_call *call, const json_t *answer,
                               outcome_of_step *out)
{
    const json_t *ok = json_object_get(answer, "ok");
    if (ok && !json_is_boolean(ok)) {
        remote_note_failure(call, "bad_answer", CRM_S("ok"));
        return CRM_UPSTREAM;
    }
    out->is_refused = json_is_false(ok);
    crm_status s = out->is_refused ? CRM_OK : remote_read_set(c, call, answer, &out->set_json);
    if (s == CRM_OK) {
        remote_note_answer(call->module);
    }
    if (out->is_refused) {
        remote_note_refused(call);
    }
    return s;
}

static crm_status ask(crm_ctx *c, step_call *s, const void *fn)
{
    json_t *answer = NULL;
    const remote_call *call = fn;
    outcome_of_step *out = ARENA_NEW(c->arena, outcome_of_step);
    if (!out) {
        return CRM_NOMEM;
    }
    c->prepared = out;
    remote_question q = {.call = call,
                         .message = s->message,
                         .type = arena_fmt(c->arena, "step.%.*s", STR_FMT(call->id)),
                         .subject = s->subject,
                         .params_json = s->args_json,
                         .limit_ms = call->limit_ms};
    crm_status st = remote_put(c, &q, &answer);
    st = st == CRM_OK ? read_outcome(c, call, answer, out) : st;
    json_decref(answer);
    return st == CRM_UPSTREAM ? failed(call, out) : st;
}

static crm_status apply(crm_ctx *c, step_call *s, const void *fn)
{
    const outcome_of_step *out = c->prepared;
    if (!out) {
        return CRM_UNAVAILABLE; /* the record came back after nobody was asked about it */
    }
    if (out->is_refused) {
        return CRM_NOT_FOUND;
    }
    return out->set_json.n ? remote_write(c, fn, s->subject, out->set_json) : CRM_OK;
}

crm_status remote_add_step(registry *r, const remote_call *call, crm_str schema_json)
{
    step row = {.verb = call->id,
                .module = call->module,
                .entity_name = call->entity_name,
                .schema_json = schema_json,
                .work = ask,
                .run = apply,
                .fn = call};
    if (registry_step(r, call->id)) {
        return CRM_CONFLICT;
    }
    return registry_add_step(r, &row);
}
