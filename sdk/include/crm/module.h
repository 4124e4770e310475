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
 * refuse with crm_fail; searches and long lists have no place here. AFTER_UPDATE also runs when a record
 * comes back from the recycle bin, with nothing changed. */
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

/*
 * A change of what earlier versions have stored: fields that are new are filled, never emptied or given
 * another meaning, since rolling back finds them again and the version before still reads the rows.
 *
 * `version` numbers the module's changes of data: 1, 2, 3 …, in this order in the table, none ever taken
 * out or changed; it is not the version of the module. Once a version is in force, those it has beyond the
 * last that was completed here run one after the other, beside requests; on a new installation all of
 * them do, over nothing. Rolling back to a version that does not know one makes it run again when it
 * comes back, for the records written meanwhile.
 *
 * `fn` is called in slices: at first with *cursor 0, then with what it has left there, and it says by a
 * negative one that it is done: when fewer records came than were asked for, since what is made meanwhile
 * has passed the hooks of this version, and who waits for none at all may wait long.
 *
 * A slice is one transaction, with the cursor, in the bulk lane of the one thread that writes: do at most
 * 20 ms of work, some dozens of records; past 250 ms every call to the host gives CRM_TIMEOUT. It acts as
 * "module:<name>", so module.yaml has to grant what it reads and writes; hooks run, but no rule, notice or
 * webhook follows. It has no request: crm_user is 0, crm_param and crm_body are empty, crm_use gives NULL.
 *
 * A slice may be run again after a failed commit or when the migration is repeated, so look at what is
 * there; requests of the same version go on meanwhile and meet records that were not passed yet.
 * CRM_TIMEOUT, CRM_UNAVAILABLE, CRM_UPSTREAM, CRM_NO_SPACE and CRM_NOMEM are tried again, for about three
 * days. Any other status ends it: its text (crm_fail) is shown to the administrator, what earlier slices
 * did stays, and the version that was in force before comes back, where there is one.
 */
typedef crm_status (*crm_migrate_fn)(crm_ctx *c, int64_t *cursor);
typedef struct crm_migration {
    uint32_t version;
    crm_migrate_fn fn;
} crm_migration;

/*
 * A service (level 2): a loop that lives as long as the module is in force: a telephone exchange's line, mail that
 * is waited for, a queue of another system. Known as "<module>.<name>".
 *
 * Thread. `run` has a thread of its own, and the kernel never runs it twice at a time, not in two versions either.
 * It may block in poll(2), recv(2) and their like, never without crm_service_fd among what it waits for or a time
 * limit of its own. The crm_service_ functions below are for that thread; to records it comes by crm_service_read
 * and crm_service_write only. `state` is the pointer that stands at the row's `state`, which start() has put there:
 * memory of crm_keep, which lives until `run` has returned. What stop() frees is freed after that, too.
 *
 * Life. It begins when the module is in force and the server listens. It is told to stop when the module goes off,
 * changes its version or the server ends, and has `drain_ms` (real time; 0: 10000, at most 60000) to return. One
 * that does not is `stuck`: that is shown with its name, its version's code and memory stay, and the next version's
 * begins when it has returned after all. A server that ends waits for the longest
 * drain_ms of those that run, and 20 s at most. Until its time is over its calls over the records are answered, those of
 * a module that goes off under what was in force before: it may write down how far it is. After that, and once it is
 * off, they are UNAVAILABLE.
 *
 * What `run` returns when it was not told to stop:
 *   CRM_OK       there is nothing to do, as when nothing is set: it begins again when it is woken (crm_service_wake)
 *                or with another version;
 *   anything else it failed: it begins again after a pause of 1 s that doubles up to 5 min, each up to a quarter longer
 *                by chance (on the clock of the deployment, which is virtual in a sandbox). A run of a minute that
 *                did not end `down` makes the next pause 1 s again. Five failures within ten minutes make it `failing`
 *                until such a run; it is tried on. crm_service_wake shortens the pause to 10 s after the failure.
 * A crash is the module's as in any call of it: "service=<name>" stands in the crash file. `--safe` begins none.
 * Shown in GET /api/v1/modules, `karkas module list`, the page of modules and /metrics (karkas_service_…).
 */
typedef crm_status (*crm_service_fn)(crm_service *s, void *state);
typedef struct crm_service_def {
    const char *name;      /* durable; small letters, digits and '_', at most 40: it stands in /metrics */
    const char *title_key; /* "telephony.service.ami": a key of the locales; NULL: the name is shown */
    crm_service_fn run;
    void *const *state;    /* NULL: `run` gets NULL */
    uint32_t flags;        /* 0 */
    uint32_t drain_ms;
} crm_service_def;
/* How it is, for people (crm_service_health), and why a wait is over (crm_service_wait). */
#define CRM_HEALTH_OK 0u
#define CRM_HEALTH_DEGRADED 1u
#define CRM_HEALTH_DOWN 2u
#define CRM_WAIT_TIME 0u
#define CRM_WAIT_WAKE 1u
#define CRM_WAIT_STOP 2u
/* What is done in one call over the records; `arg` is the service's own and lives until the call has returned. */
typedef crm_status (*crm_service_call)(crm_ctx *c, void *arg);

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
    /* ---- level 2 ---- */
    CRM_TABLE_OF(crm_service_def) services; /* at most 16 */
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
