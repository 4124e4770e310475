/* match_job.c - keys of names for rows that were stored before the ТЗ asked for them: a few rows a
 * commit until all have them, most of the time left to others. How far it is stands in the log and,
 * with the keys themselves, in each commit, so that it goes on there after any end. Writer, bulk
 * lane. */
#include "data/match.h"
#include "flow/flow_private.h"

#define JOB   CRM_S("kernel.match")
#define SLICE 50 /* some 5 ms, for which others wait */

/* The full text and the commit of a slice take about as long as making its keys, and come after it
 * is measured: so this is a quarter of a writer that has nothing else to do. */
#define PAUSE_TIMES    6
#define PAUSE_LEAST_MS 10

int64_t match_job_pause_ms(int64_t took_ns)
{
    int64_t pause = took_ns * PAUSE_TIMES / 1000000;
    return pause > PAUSE_LEAST_MS ? pause : PAUSE_LEAST_MS;
}

/* Virtual time goes on when it is told to, and nobody waits then. */
static crm_status fill(crm_ctx *c, crm_str arg, const void *fn)
{
    bool is_done;
    int64_t left;
    int64_t begun = clock_mono();
    (void)arg;
    (void)fn;
    crm_status s = match_fill_keys(c, SLICE, &is_done, &left);
    if (s == CRM_OK) {
        atomic_store(&flow_running()->keys_left, left);
    }
    if (s == CRM_OK && !is_done) {
        int64_t pause = clock_is_virtual() ? 0 : match_job_pause_ms(clock_mono() - begun);
        s = timers_schedule(c, JOB, CRM_S("more"), clock_now() + pause, (crm_str){0});
    }
    return s;
}

crm_status match_job_register(registry *r)
{
    job j = {.run = fill, .name = JOB, .module = CRM_S("kernel"), .at_ready = true};
    return registry_add_job(r, &j);
}
