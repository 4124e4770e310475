/*
 * clock.h - the only source of time.
 *
 * Product time (rules, sessions, retries, stamps) is clock_now and may be virtual. Socket time-outs
 * and measurements use clock_mono and are always real. Any thread may read; clock_virtual and
 * clock_set are called by the scheduler's owner only.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <crm/crm.h>

/* Milliseconds since 1970-01-01 UTC: the system's wall clock, or the virtual one. */
int64_t clock_now(void);
/* Monotonic nanoseconds, never virtual. */
int64_t clock_mono(void);

/* What the calling thread has had so far. A thread that others keep from the processor gets older by
 * neither; one that a disk keeps waiting by its waits. */
typedef struct thread_use {
    int64_t cpu_ns;
    int64_t waits; /* how often it gave the processor up by itself */
} thread_use;
thread_use clock_thread(void);

bool clock_is_virtual(void);
/* Turns the clock virtual for the rest of the process, standing at `ms`. */
void clock_virtual(int64_t ms);
/* Moves the virtual clock; it never goes back (a smaller value is ignored). */
void clock_set(int64_t ms);

/* RFC 3339 in UTC with milliseconds, "2027-01-18T07:00:00.000Z"; 24 bytes and the 0. */
#define CLOCK_TEXT 25
void clock_format(int64_t ms, char out[CLOCK_TEXT]);
/* RFC 3339 with any offset, seconds and fraction optional as in the RFC. INVALID otherwise. */
CRM_MUST_CHECK crm_status clock_parse(crm_str s, int64_t *ms);
/* "2027-01-18" to days since 1970-01-01 and back (proleptic Gregorian). */
CRM_MUST_CHECK crm_status clock_parse_date(crm_str s, int32_t *days);
void clock_format_date(int32_t days, char out[11]);
/* The first day of the month (months 1), quarter (3) or year (12) that `days` lies in. */
int64_t clock_first_day(int64_t days, int months);
/* "15m", "3d", "2h", "30s", "1d 12h" to milliseconds. INVALID otherwise. */
CRM_MUST_CHECK crm_status clock_parse_duration(crm_str s, int64_t *ms);

#endif
