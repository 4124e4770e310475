/* queued.h - how long others kept the calling thread from the processor. */
#ifndef BASE_QUEUED_H
#define BASE_QUEUED_H

#include <crm/crm.h>

/*
 * Nanoseconds for which the thread has been ready to run while others ran: what is left of real
 * time it ran itself, or waited for a disk or another thread. -1: the system does not tell (the
 * second number of /proc/thread-self/schedstat, which a sandbox may not show). A few microseconds.
 */
int64_t queued_ns(void);

#endif
