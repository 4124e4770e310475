/*
 * files_clear.c - attachments go when their purpose is over: uploads that no record took, detached
 * ones past the time of the recycle bin. A worker then removes contents that no row knows any more.
 */
#include "data/files.h"
#include "flow/flow_private.h"

#define HOUR_MS  3600000LL
#define SLICE    100
#define PAUSE_MS 1000
#define JOB      CRM_S("kernel.files_clear")

static crm_status is_known(void *arg, crm_str hash, bool *known)
{
    return file_is_known(arg, hash, known);
}

static crm_status work(crm_ctx *c, crm_str arg, const void *fn)
{
    (void)arg;
    (void)fn;
    return files_sweep(c->arena, is_known, c);
}

static crm_status run(crm_ctx *c, crm_str arg, const void *fn)
{
    bool is_more;
    (void)arg;
    (void)fn;
    crm_status s = file_expire(c, SLICE, &is_more);
    if (s == CRM_OK && is_more) {
        s = timers_schedule(c, JOB, CRM_S("more"), clock_now() + PAUSE_MS, (crm_str){0});
    }
    return s;
}

crm_status files_clear_register(registry *r)
{
    job j = {.work = work,
             .run = run,
             .name = JOB,
             .module = CRM_S("kernel"),
             .every_ms = HOUR_MS,
             .limit_ms = 60000};
    return registry_add_job(r, &j);
}
