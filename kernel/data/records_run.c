/* records_run.c - batches that are read for a call, within its time. Blocking. */
#include "data/records_private.h"

#define LABELS_US 250000

static crm_status run(const crm_ctx *c, engine_batch *b)
{
    return c->tx ? engine_write_now(c->session, b) : engine_read_now(c->session, b);
}

crm_status records_run(crm_ctx *c, engine_batch *b)
{
    crm_status st = call_limit_read(c, b);
    return st ? st : run(c, b);
}

/* An engine may have let the batch before run longer than the call's time, for it had none of it.
 */
crm_status records_run_labels(crm_ctx *c, engine_batch *b)
{
    crm_status st = call_limit_read(c, b);
    if (call_is_left(c)) {
        return st;
    }
    b->interrupted = false;
    if (st || (b->limit_us && b->limit_us < LABELS_US)) {
        b->limit_us = LABELS_US;
    }
    return run(c, b);
}
