/* stage_job.c - stays in stages that stand in the log of before come to the logs of their entities:
 * a few records a commit until none is left. Each commit holds what it moved, so it goes on after
 * any end. Writer, bulk lane. */
#include "data/stage_log.h"
#include "flow/flow_private.h"

#define JOB   CRM_S("kernel.stage_log")
#define SLICE 20 /* records */

static crm_status bring(crm_ctx *c, crm_str arg, const void *fn)
{
    bool is_done;
    (void)arg;
    (void)fn;
    crm_status s = stage_log_bring(c, SLICE, &is_done);
    return s || is_done ? s : timers_schedule(c, JOB, CRM_S("more"), clock_now(), (crm_str){0});
}

crm_status stage_job_register(registry *r)
{
    job j = {.run = bring, .name = JOB, .module = CRM_S("kernel"), .at_ready = true};
    return registry_add_job(r, &j);
}
