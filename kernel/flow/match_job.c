/* match_job.c - keys of names for rows that were stored before the ТЗ asked for them: a few rows a
 * commit until all have them. Writer, bulk lane. */
#include "data/match.h"
#include "flow/flow_private.h"

#define JOB   CRM_S("kernel.match")
#define SLICE 50 /* some 5 ms, for which others wait */

static crm_status fill(crm_ctx *c, crm_str arg, const void *fn)
{
    bool is_done;
    (void)arg;
    (void)fn;
    crm_status s = match_fill_keys(c, SLICE, &is_done);
    if (s == CRM_OK && !is_done) {
        s = timers_schedule(c, JOB, CRM_S("more"), clock_now(), (crm_str){0});
    }
    return s;
}

crm_status match_job_register(registry *r)
{
    job j = {.run = fill, .name = JOB, .module = CRM_S("kernel"), .at_ready = true};
    return registry_add_job(r, &j);
}
