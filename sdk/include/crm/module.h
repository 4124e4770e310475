/*
 * module.h - what a native module declares: one const descriptor, exported as `crm_module_v1`.
 *
 * Entities, fields, pipelines, views, menus, settings and strings stand in module.yaml, which the
 * build embeds into `manifest`; this file is for code. A module that declares no code needs no C.
 *
 * Rules of growth: structs and rows grow at their end only, zero means the old behaviour, integers
 * have fixed widths. The loader checks magic, level and size, zero-extends older descriptors and
 * refuses a newer one by naming what it does not know. sdk/abi/lock_v1.c asserts every offset.
 */
#ifndef CRM_MODULE_H
#define CRM_MODULE_H

#include <crm/crm.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct crm_host crm_host;

/* Another module's interface this one calls. Coupling by events and records is preferred. */
typedef struct crm_dep {
    const char *iface;
    uint16_t major, min_minor;
    uint32_t flags;
} crm_dep;
#define CRM_DEP_OPTIONAL 1u /* its table is NULL when nobody offers it */

typedef struct crm_iface {
    const char *name;
    uint16_t major, minor;
    uint32_t size;
    const void *vtable;
} crm_iface;

/*
 * A route is mounted under /api/v1/<module>. READ runs on a pool, WRITE in a transaction on the
 * writer, NONE on a pool without data. All but NONE may be run again: keep no state outside the
 * records.
 *
 * Time. `limit_ms` is real time from the request to its answer (0: 5000, at most 60000); then the
 * caller gets 504. READ and `prepare` have 250 ms on the fast pool and are run again on the slow one
 * with what is left; the commit part of a WRITE has 250 ms. Past its time every call to the host that
 * gives a status gives CRM_TIMEOUT, to be returned at once, and what the handler still returns is
 * not taken. The module is named in the log and in /metrics.
 */
#define CRM_TX_NONE 0u
#define CRM_TX_READ 1u
#define CRM_TX_WRITE 2u
typedef crm_status (*crm_handler)(crm_ctx *c, crm_out *out);
typedef struct crm_route {
    const char *method, *path; /* "POST", "/task/:id/done" */
    crm_handler fn;
    crm_handler prepare;       /* WRITE only, may be NULL: parse and look up on a pool first */
    uint32_t tx, limit_ms;
    const char *perm;          /* a permission of this module; "user": anyone signed in; "public" */
} crm_route;

/* In the transaction, on the writer. `was` is NULL at create. A `before` hook may change `now` or
 * refuse with crm_fail; searches and long lists have no place here. */
#define CRM_BEFORE_CREATE 0u
#define CRM_AFTER_CREATE 1u
#define CRM_BEFORE_UPDATE 2u
#define CRM_AFTER_UPDATE 3u
#define CRM_BEFORE_DELETE 4u
#define CRM_AFTER_DELETE 5u
typedef crm_status (*crm_hook_fn)(crm_ctx *c, crm_rec *now, const crm_rec *was);
typedef struct crm_hook {
    const char *entity;
    crm_hook_fn fn;
    uint32_t when;
    int32_t order; /* then module name; load order never matters */
} crm_hook;

/* After the commit, in order per record, at least once; its effects are one transaction. `change`
 * is readable through crm_change_*; the change's position is the idempotency key. It grows with every change
 * of the database, so it is not to be shown: who reads two knows how much others have changed between. */
typedef struct crm_change crm_change;
typedef crm_status (*crm_listen_fn)(crm_ctx *c, const crm_change *change);
typedef struct crm_listener {
    const char *name, *entity; /* the name is durable: it names the cursor */
    crm_listen_fn fn;
} crm_listener;

/* Named work: at once, at a due time (crm_schedule), or every so often. One write transaction, on the
 * one thread that writes: it has `limit_ms` (0: 250, at most 5000) as a route has its time, then it is
 * taken back and tried again later (on virtual time it has ten times as long, and the log names what took
 * more than that time). Long work goes in slices: do a part, schedule the rest. */
typedef crm_status (*crm_job_fn)(crm_ctx *c, crm_str arg);
typedef struct crm_job {
    const char *name; /* "remind": known as "<module>.remind" */
    crm_job_fn fn;
    uint32_t every_s, limit_ms;
} crm_job;

/* A verb that rules of the ТЗ may use: `do: [{task: {kind: call, due: 15m}}]`. `subject` is the
 * record the rule runs for. `schema` is JSON: {"text":{"type":"text","required":true,"title":"…"}};
 * {"kind":{"type":"choice","of":"tasks.task","field":"kind"}} takes what that field may hold. */
typedef crm_status (*crm_step_fn)(crm_ctx *c, crm_rec *subject);
typedef struct crm_step {
    const char *verb, *schema;
    crm_step_fn fn;
} crm_step;

/* Picks one of `users` for `subject`: `strategy: free`. */
typedef crm_status (*crm_strategy_fn)(crm_ctx *c, const crm_rec *subject, const int64_t *users,
                                      uint32_t count, int64_t *out);
typedef struct crm_strategy {
    const char *name;
    crm_strategy_fn fn;
} crm_strategy;

/* A kind of integration. `receive` turns one stored raw request (crm_body, crm_content_type) into
 * records; it runs after the answer was sent. Refused with CRM_DENIED and a text at a field
 * (crm_fail), before anything is written, it is a robot's: kept, counted, not tried again. `describe` answers GET /hook/<instance>. */
typedef crm_status (*crm_receive_fn)(crm_ctx *c, crm_str instance);
typedef struct crm_integration {
    const char *type, *schema;
    crm_receive_fn receive;
    crm_handler describe;
    uint32_t flags;
} crm_integration;
#define CRM_INTEGRATION_SIGNED 1u

typedef struct crm_perm {
    const char *name, *title; /* "close": known as "<module>.close" */
} crm_perm;

/* Expand-only, over the host, in slices: called until it returns CRM_OK with *cursor < 0. */
typedef crm_status (*crm_migrate_fn)(crm_ctx *c, int64_t *cursor);
typedef struct crm_migration {
    uint32_t version;
    crm_migrate_fn fn;
} crm_migration;

#define CRM_MODULE_MAGIC 0x314d5243u /* "CRM1", little-endian: catches a foreign byte order too */
typedef struct crm_module {
    uint32_t magic, size;
    uint16_t level, flags;
    uint32_t reserved;
    const crm_host **host_slot;   /* filled by the loader before start() */
    const char *name, *version, *license;
    const char *manifest;         /* module.yaml, embedded by the build */
    uint64_t manifest_size;
    CRM_TABLE_OF(crm_dep) deps;
    CRM_TABLE_OF(crm_iface) ifaces;
    CRM_TABLE_OF(crm_route) routes;
    CRM_TABLE_OF(crm_hook) hooks;
    CRM_TABLE_OF(crm_listener) listeners;
    CRM_TABLE_OF(crm_job) jobs;
    CRM_TABLE_OF(crm_step) steps;
    CRM_TABLE_OF(crm_strategy) strategies;
    CRM_TABLE_OF(crm_integration) integrations;
    CRM_TABLE_OF(crm_perm) perms;
    CRM_TABLE_OF(crm_migration) migrations;
    const char *caps;             /* "as_system net:*.example.com": shown to the administrator */
    crm_status (*start)(const crm_host *host); /* may be NULL */
    void (*stop)(void);                        /* may be NULL */
} crm_module;

extern CRM_HIDDEN const crm_host *crm__host; /* one per module; use the crm_ functions of host.h */
extern CRM_HIDDEN const char crm__manifest[];
extern CRM_HIDDEN const uint64_t crm__manifest_size;

#define CRM_MODULE_HEAD                                                                            \
    .magic = CRM_MODULE_MAGIC, .size = (uint32_t)sizeof(crm_module), .level = CRM_API_LEVEL,       \
    .host_slot = &crm__host, .manifest = crm__manifest

/* The one exported symbol. Its name carries the ABI major. */
#define CRM_MODULE_EXPORT(desc)                                                                    \
    const crm_host *crm__host;                                                                     \
    extern CRM_EXPORT const crm_module *const crm_module_v1;                                       \
    CRM_EXPORT const crm_module *const crm_module_v1 = &(desc)

#ifdef __cplusplus
}
#endif
#endif
