/*
 * descriptor.h - a module's descriptor as this kernel understands it.
 *
 * The order of checks is fixed: magic, level, size, then a copy of what both know, zero-extended; a
 * longer struct or row must be all zero behind that, else it asks for something this kernel does
 * not have. A refusal says which field that is, by table, row and offset.
 */
#ifndef PLUG_DESCRIPTOR_H
#define PLUG_DESCRIPTOR_H

#include <crm/module.h>

#include "base/base.h"

#define KERNEL_LEVEL        CRM_ABI_LEVEL_LATEST
#define DESCRIPTOR_SIZE_MAX (64u << 10)
#define ROWS_MAX            4096u
#define STRIDE_MAX          4096u
#define SERVICES_OF_MODULE  16
#define SERVICE_DRAIN_MS    10000u
#define SERVICE_DRAIN_MOST  60000u

/* The tables of a descriptor: row type, member. */
#define DESCRIPTOR_TABLES(X)         \
    X(crm_dep, deps)                 \
    X(crm_iface, ifaces)             \
    X(crm_route, routes)             \
    X(crm_hook, hooks)               \
    X(crm_listener, listeners)       \
    X(crm_job, jobs)                 \
    X(crm_step, steps)               \
    X(crm_strategy, strategies)      \
    X(crm_integration, integrations) \
    X(crm_perm, perms)               \
    X(crm_migration, migrations)     \
    X(crm_service_def, services)

typedef struct descriptor {
    crm_module head; /* zero-extended copy; its tables are the module's own, of its stride */
    crm_str manifest;
#define X(T, name) \
    T *name;       \
    uint32_t name##_count;
    DESCRIPTOR_TABLES(X) /* rows of this kernel's size */
#undef X
} descriptor;

/* Why a module is not taken. `text` is a sentence with the module's name, levels and numbers. */
typedef struct refusal {
    const char *code; /* bad_magic newer_level bad_size too_new_fields bad_stride bad_row … */
    crm_str text;
} refusal;
CRM_PRINTF(4, 5)
crm_status refuse(arena *a, refusal *why, const char *code, const char *fmt, ...); /* INVALID */

/* `name` is the folder's, for the text of a refusal. OK, INVALID with *why, NOMEM. */
CRM_MUST_CHECK crm_status descriptor_read(arena *a, crm_str name, const crm_module *raw,
                                          descriptor *out, refusal *why);

/* dlopen and dlsym of an open file, then descriptor_read. Runs the file's constructors. */
CRM_MUST_CHECK crm_status object_open(arena *a, crm_str name, const char *path, void **handle,
                                      const crm_module **raw, refusal *why);
/* The list of probed files, any thread. What it calls this one; empty when there is no list. */
crm_str probed_line(arena *a, crm_str name, int fd);
bool probed_has(crm_str line);
/* Written durably; a list that cannot be written is told in the log. */
void probed_add(crm_str line);
/* What the probing child said, or what became of it. INVALID with *why. */
CRM_MUST_CHECK crm_status probe_run(arena *a, crm_str name, const char *program, int fd,
                                    int limit_ms, refusal *why);

#endif
