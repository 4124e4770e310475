/* kit_mock_time.c - the virtual clock of a mock, and the due work of its modules on the way. */
#include "flow/flow.h"
#include "kit_mock.h"

#define AGAIN_MS 60000 /* what failed is tried again after */

typedef struct due {
    int64_t until; /* looked for up to then */
    int64_t id, at;
    crm_str job, key, arg; /* in the mock's arena */
    bool is_found;
    crm_status status; /* of the job that failed */
} due;

/* ---- recurring work -------------------------------------------------------------------------- */

/* The kernel's own jobs need what is not there: a flow, other systems. */
static bool is_of_module(const job *j)
{
    return j && j->run && j->module.n && !str_is(j->module, "kernel");
}

static crm_status schedule_recurring(mock *m, crm_ctx *c, void *arg)
{
    crm_status s = CRM_OK;
    (void)m;
    (void)arg;
    for (uint32_t i = 0; s == CRM_OK && i < c->reg->job_count; i++) {
        const job *j = &c->reg->jobs[i];
        if (is_of_module(j) && j->every_ms) {
            s = timers_schedule(c, j->name, CRM_S("every"), clock_now(), (crm_str){0});
        }
    }
    return s;
}

crm_status mock_time_begin(mock *m)
{
    return mock_act_aside(m, schedule_recurring, NULL);
}

/* ---- one due row ----------------------------------------------------------------------------- */

/* The first by its moment that a module has code for. */
static crm_status find_due(mock *m, crm_ctx *c, void *arg)
{
    due *d = arg;
    store_row *rows;
    uint32_t count;
    const entity *e = registry_store(c->reg, STORE_DUE);
    query *q = query_new(c->arena, e);
    if (!q) {
        return CRM_NOMEM;
    }
    q->sorts[0] = (sort){&e->fields[DUE_AT], false};
    q->sort_count = 1;
    q->limit = LIST_MAX;
    crm_status s = store_list(c->session, c->arena, q, &rows, &count);
    for (uint32_t i = 0; s == CRM_OK && !d->is_found && i < count; i++) {
        const store_row *r = &rows[i];
        bool is_due = !value_is_null(r->v[DUE_AT]) && store_int(r, DUE_AT) <= d->until;
        if (is_due && is_of_module(registry_job(c->reg, store_text(r, DUE_JOB)))) {
            *d = (due){.until = d->until,
                       .id = r->id,
                       .at = store_int(r, DUE_AT),
                       .job = arena_dup(m->arena, store_text(r, DUE_JOB)),
                       .key = arena_dup(m->arena, store_text(r, DUE_KEY)),
                       .arg = arena_dup(m->arena, store_text(r, DUE_ARG)),
                       .is_found = true};
        }
    }
    return s;
}

/* As the scheduler does: the row goes with what its job wrote. */
static crm_status run_due(mock *m, crm_ctx *c, void *arg)
{
    const due *d = arg;
    const job *j = registry_job(c->reg, d->job);
    (void)m;
    crm_status s = tx_delete(c->tx, registry_store(c->reg, STORE_DUE), d->id);
    c->is_due = true;
    call_limit(c, j->limit_ms);
    s = s == CRM_OK ? j->run(c, d->arg, j->fn) : s;
    if (s == CRM_OK && j->every_ms && str_is(d->key, "every")) {
        s = timers_schedule(c, d->job, d->key, clock_now() + j->every_ms, d->arg);
    }
    return s;
}

static crm_status put_off(mock *m, crm_ctx *c, void *arg)
{
    const due *d = arg;
    store_row row;
    (void)m;
    crm_status s = store_load(c->tx, c->arena, c->reg, STORE_DUE, d->id, &row);
    if (s == CRM_OK) {
        store_set(&row, DUE_AT, value_int(clock_now() + AGAIN_MS));
        store_set(&row, DUE_ATTEMPTS, value_int(store_int(&row, DUE_ATTEMPTS) + 1));
        store_set(&row, DUE_ERROR, value_text(str_of(status_code(d->status))));
        s = store_save(c->tx, &row);
    }
    return s;
}

/* ---- going on -------------------------------------------------------------------------------- */

/* The status of the last job that failed. */
static crm_status run_up_to(mock *m, int64_t until)
{
    crm_status failed = CRM_OK, s;
    for (;;) {
        due d = {.until = until};
        s = mock_look(m, find_due, &d);
        if (s != CRM_OK || !d.is_found) {
            return s == CRM_OK ? failed : s;
        }
        clock_set(d.at);
        d.status = mock_act(m, run_due, &d);
        if (d.status != CRM_OK) {
            failed = d.status;
            s = mock_act_aside(m, put_off, &d);
        }
        if (s != CRM_OK) {
            return s;
        }
    }
}

crm_status mock_time_advance(mock *m, const char *duration)
{
    int64_t ms, was = m->user;
    if (clock_parse_duration(str_of(duration), &ms) != CRM_OK || ms < 0) {
        return mock_misuse("no duration: %s", duration ? duration : "NULL");
    }
    int64_t until = clock_now() + ms;
    m->user = MOCK_SYSTEM;
    crm_status s = run_up_to(m, until);
    m->user = was;
    clock_set(until);
    return s;
}
