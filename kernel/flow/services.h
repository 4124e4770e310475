/*
 * services.h - services: long loops of modules, each on a thread of its own, supervised.
 *
 * What a service is promised stands in crm/module.h. One thread, made with the first service, watches over all:
 * it begins those of the registry in force once flow_ready has run on it, tells those to stop that are
 * not in it any more or are of another generation, begins again what failed after growing pauses, and
 * names what does not stop. A run holds the generation of its module, no registry. Pauses and healthy
 * periods are of clock_now, the time to stop in is real.
 */
#ifndef FLOW_SERVICES_H
#define FLOW_SERVICES_H

#include "flow/flow.h"

#define SERVICES_MAX      32 /* in force, or still running, at a time */
#define SERVICE_NAME_MAX  81 /* "<module>.<name>" */
#define SERVICE_TITLE_MAX 100
#define SERVICE_TEXT_MAX  200

typedef enum service_state {
    SERVICE_OFF,  /* its module is not in force, or waits for its code */
    SERVICE_SAFE, /* the server was started with --safe */
    SERVICE_IDLE, /* it said that there is nothing to do */
    SERVICE_OK, SERVICE_DEGRADED, SERVICE_DOWN, /* it runs, and says so */
    SERVICE_WAITING,  /* it failed and begins again at `next`; error LIMIT and no `next`: there are too many, and it
                         begins when another is gone */
    SERVICE_FAILING,  /* likewise, or runs again, and has failed too often */
    SERVICE_STOPPING, /* it was told to stop */
    SERVICE_STUCK     /* it did not in its time */
} service_state;
/* "off", "ok" …: as the API has it. */
const char *service_state_code(service_state s);

typedef struct service_view {
    crm_str name, module, title; /* the title is a key, or empty */
    service_state state;
    crm_str text;        /* what it said of itself last, or empty */
    crm_status error;    /* of its last failure; CRM_OK: none since the version came into force */
    int64_t since;       /* its run began, ms UTC; 0: it does not run */
    int64_t next;        /* its next try; 0: none is waited for */
    uint32_t failures;   /* without a healthy run between */
    uint64_t starts, failed; /* in all */
} service_view;
/* Those of a module that are in force or still run, in `a`. Any thread. */
CRM_MUST_CHECK crm_status services_of(arena *a, crm_str module, service_view **out, uint32_t *count);
/* One by its full name, its strings in `a`; false: there is none. Any thread. */
bool services_view(arena *a, crm_str name, service_view *out);
/* Its state and counts without its strings. Any thread. */
bool services_look(crm_str name, service_view *out);

/*
 * Wakes a service: on the writer after the commit of the open transaction, else at once. NOT_FOUND: it
 * is not in force. Any thread.
 */
CRM_MUST_CHECK crm_status services_wake(crm_str name);

/* ---- of one run, for the host table; the service's thread unless said otherwise --------------- */

bool service_should_stop(crm_service *s); /* any thread */
uint32_t service_wait(crm_service *s, uint32_t ms);
int service_fd(crm_service *s);
void service_say(crm_service *s, uint32_t health, crm_str text); /* any thread */
/* `fn` in a call as "module:<name>" with a reading session, on this thread; in one transaction on the writer. */
CRM_MUST_CHECK crm_status service_read(crm_service *s, crm_status (*fn)(crm_ctx *c, void *arg), void *arg,
                                       uint32_t limit_ms);
CRM_MUST_CHECK crm_status service_write(crm_service *s, crm_status (*fn)(crm_ctx *c, void *arg), void *arg);

#endif
