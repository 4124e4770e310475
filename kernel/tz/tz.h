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
    int64_t count, rows[FAULT_ROWS]; /* of values that do not fit, and the first records */
    bool is_warning;     /* lint advice: applying goes on */
    struct tz_fault *next;
} tz_fault;

/* Parses file and its includes into a tree and checks keys and types. *out is NULL when faults are errors. */
CRM_MUST_CHECK crm_status tz_read(arena *a, const char *path, tz **out, tz_fault **faults);
/*
 * The same for a text that was in force, maybe under a server before this one, which judged it less
 * strictly: what is wrong in what it says of itself alone (`served_by`, the forms of acceptance
 * checks) is advice, since nothing that the server does depends on it.
 */
CRM_MUST_CHECK crm_status tz_reread(arena *a, const char *path, tz **out, tz_fault **faults);
/* A file of a text: its name relative to the folder of the root file, which is the first. */
typedef struct tz_file {
    crm_str name, text;
    const struct tz_file *next;
} tz_file;
const tz_file *tz_files(const tz *t);
/* Names of the modules the text needs (`modules: auto` or the explicit list checked against it). `t`
 * keeps the words that all of them offer: what is misspelt may be one of a module it does not name. */
CRM_MUST_CHECK crm_status tz_modules(tz *t, arena *a, const module_found *found, uint32_t found_count,
                                     crm_str **names, uint32_t *count, tz_fault **faults);
/*
 * Adds roles, grants, pipelines, entities, fields, integrations, rules … to an open registry that has
 * the kernel's, flow's and the modules' rows already. Faults have their place; what only sealing can
 * see comes from registry_seal with the same sources ("tz.yaml:47").
 */
CRM_MUST_CHECK crm_status tz_register(tz *t, registry *r, arena *a, tz_fault **faults);

/*
 * One declaration of the UI's model (STORE_MODEL): a field in the form the ТЗ has for it, as JSON, or,
 * with an empty `field`, an entity without its fields.
 */
#define TZ_MODEL "model" /* the file that faults and sources of declarations name */
typedef struct tz_declaration {
    crm_str entity, field, body;
    int line; /* out: faults and sources name it as "model:<line>" */
} tz_declaration;
/*
 * What tz_register adds behind the text's own entities and fields, instead of what it got before. What
 * the text declares with the same shape is the text's. `a` outlives the registries made of `t`.
 */
CRM_MUST_CHECK crm_status tz_take_model(tz *t, arena *a, tz_declaration *rows, uint32_t count, tz_fault **faults);

/* Whether the text itself declares the field, or with an empty one the entity. */
bool tz_declares(const tz *t, crm_str entity_name, crm_str field_name);

/* A version that was applied, as `sys.tz` keeps it. */
typedef struct tz_version {
    int64_t id, applied_at;
    crm_str version, text;
    crm_str grants; /* {"entities":{"sales.lead":["title",…]},"people":["petrov",…]} */
} tz_version;
/* The one in force; NOT_FOUND before the first. Blocking session; `r` has its ids, and a registry of
 * the kernel alone will do. */
CRM_MUST_CHECK crm_status tz_load(engine_session *s, const registry *r, arena *a, tz_version *out);
/* A registry of the kernel alone, with its ids: to read with before one is published. The caller's. */
CRM_MUST_CHECK crm_status tz_kernel_registry(engine *e, arena *a, registry **out);
/* Before tz_register: when the text is still the one that was applied, its grants keep the fields they
 * had then, and what modules brought since stays unseen. */
void tz_keep(tz *t, const tz_version *applied);
/* The two at once, from what `e` holds. `current` is the registry in force; NULL at a start, when no
 * session is open yet: the kernel's own stores are then made first. Blocking. */
CRM_MUST_CHECK crm_status tz_recall(tz *t, engine *e, const registry *current);
/*
 * Writer, one transaction, after tz_register: departments, people, and the text itself as a version
 * (`sys.tz`). Quiet. People are known by their login: those who left the file are disabled; accounts
 * made by hand are left alone. Departments that left the file stay. The same text again changes
 * nothing. No credentials are made here. On failure *refused (in the call's arena) says which
 * department or person cannot be written and why; NULL when it was nobody's fault.
 */
CRM_MUST_CHECK crm_status tz_apply(const tz *t, crm_ctx *c, tz_fault **refused);
/* What registry_seal found, as a fault: with the words of tz_fault_text. In the arena. */
tz_fault *tz_fault_of_seal(arena *a, const registry_fault *f);
/* One fault as a line in ru or en: "tz.yaml:47:7: неизвестный ключ «rigths», есть «rights»". */
void tz_fault_text(const tz_fault *f, const char *lang, buf *out);
/* The same without the place. */
void tz_fault_words(const tz_fault *f, const char *lang, buf *out);

#endif
