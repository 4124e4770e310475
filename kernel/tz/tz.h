/*
 * tz.h - the ТЗ, one text that is the deployment's configuration: reading, linting, applying.
 *
 * Reading never changes anything. Every fault has file, line, column, a stable code and, for an
 * unknown name, the nearest known one. The schema of rule steps and integrations comes from the
 * registry's rows, so a module's verbs are linted like the kernel's.
 */
#ifndef TZ_TZ_H
#define TZ_TZ_H

#include "flow/flow.h"
#include "plug/plug.h"

typedef struct tz tz;

typedef struct tz_fault {
    const char *file;
    int line, column;
    crm_str code;        /* "unknown_key", "unknown_name", "wrong_type", "missing", "duplicate", "no_start_stage"… */
    crm_str subject, nearest, expected;
    bool is_warning;     /* lint advice: applying goes on */
    struct tz_fault *next;
} tz_fault;

/* Parses file and its includes into a tree and checks keys and types. *out is NULL when faults are errors. */
CRM_MUST_CHECK crm_status tz_read(arena *a, const char *path, tz **out, tz_fault **faults);
/* Names of the modules the text needs (`modules: auto` or the explicit list checked against it). */
CRM_MUST_CHECK crm_status tz_modules(const tz *t, arena *a, const module_found *found, uint32_t found_count,
                                     crm_str **names, uint32_t *count, tz_fault **faults);
/* Adds roles, grants, pipelines, entities, fields, integrations, rules … to an open registry. */
CRM_MUST_CHECK crm_status tz_register(const tz *t, registry *r, arena *a, tz_fault **faults);
/* Writer, one transaction: departments, people, and the text itself as a version (`sys.tz`). */
CRM_MUST_CHECK crm_status tz_apply(const tz *t, crm_ctx *c);
/* One fault as a line in ru or en: "tz.yaml:47:7: неизвестный ключ «rigths», есть «rights»". */
void tz_fault_text(const tz_fault *f, const char *lang, buf *out);

#endif
