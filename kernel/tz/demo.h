/*
 * demo.h - demonstration data: a file beside the ТЗ whose records show the deployment at work.
 *
 * The file is data for any deployment's entities, in the dialect of yaml.h:
 *
 *   demo: 1                                # version of the format
 *   title: Демонстрационные данные
 *   hours: 09:00-18:00                     # working hours, Monday to Friday; may be left out
 *   records:
 *     contacts.company:
 *       most: {at: today-80d 10:20, by: petrov, name: ООО «СтройМост», owner: petrov}
 *     sales.deal:
 *       crane:
 *         at: today-12d 11:05              # when it was made; without it, when the file is loaded
 *         title: Кран                      # fields by name, as a person writes them
 *         company: most                    # a reference: the key of a record that stands above
 *         owner: petrov                    # a user: the login
 *         expected_at: today+14d           # a date or a moment
 *         then:                            # what was changed later, oldest first
 *           - {at: today-3d 16:30, by: ivanova, stage: offer, amount: 4500000}
 *
 * `at`, `by` and `then` are words of the format and no fields. A moment is absolute as everywhere, or
 * `now` or `today` with a duration, `now-40m`; after `today…` there may be a time of the deployment's
 * clock, `today-3d 16:30`. Dates and moments of fields are written likewise. `by` is who did it: by
 * default the owner, else the system; a change is by whoever wrote the record before. A moment that
 * has not come is the moment of loading, and none comes before the record's own past or that of what
 * it refers to, so a file is good at any hour. With `hours` it looks like work at any hour too: `now` is
 * counted from the last or to the next of them, and a day of a weekend gives way to the one before it, in
 * a field that has not come to the one after it; what is written absolutely stays.
 *
 * Everything is written by the ordinary record layer as the system, quietly, as of its own moment:
 * validation, modules' hooks, stage log, history and words are as if it had happened then, while rules,
 * notices, mail, webhooks and timers stay silent. All of it is ONE transaction with the marker, a row
 * of the entity `batch` of the kind "demo" whose id every change carries: kill -9 leaves all or nothing.
 */
#ifndef TZ_DEMO_H
#define TZ_DEMO_H

#include "tz/tz.h"

#define DEMO_RECORDS_MAX 2000 /* records and later changes of one file: one turn of the writer */

typedef struct demo demo;

/*
 * Reads and checks the file against the call's registry and people: names of entities, fields, records
 * and logins, and the form of every value. *out is NULL when there are faults; they live in the call's
 * arena and speak the call's language. Blocking; any thread but a loop.
 */
CRM_MUST_CHECK crm_status demo_read(crm_ctx *c, const char *path, demo **out, tz_fault **faults);

typedef struct demo_count {
    const entity *entity;
    int64_t count;
} demo_count;

typedef enum demo_end {
    DEMO_DONE,
    DEMO_IS_THERE,  /* this file is loaded already: nothing was done */
    DEMO_OTHER,     /* another one is */
    DEMO_NOT_EMPTY, /* an entity of the file has records: `counts` are those */
    DEMO_REFUSED,   /* a record cannot be written: `refused` says which and why */
} demo_end;

typedef struct demo_result {
    demo_end end;
    demo_count *counts; /* by entity, in the order of the file, those above 0; in the call's arena */
    uint32_t count;
    int64_t changed; /* of those removed, what people had changed since */
    tz_fault *refused;
} demo_result;

/* Writer, one transaction. With anything but DEMO_DONE the status is not OK or nothing was written. */
CRM_MUST_CHECK crm_status demo_load(crm_ctx *c, const demo *d, demo_result *out);
/*
 * Takes away everything that the loaded demo made, changed since or not, into the recycle bin, from
 * where it can be restored; what people made themselves stays. Quiet, one transaction. NOT_FOUND when
 * none is loaded.
 */
CRM_MUST_CHECK crm_status demo_remove(crm_ctx *c, demo_result *out);

#endif
