/*
 * module_purge.h - what is left of a module that is off goes for ever: the records of its entities, its
 * fields on others' entities and others' references to its records, with what history holds of them;
 * settings, due work, the places where its listeners stood, numbers, what of the rights of the ТЗ names
 * it, what was decided about it, and the installed files as far as the server may remove them. Of files
 * that came with the server none go. Whoever installs the module again begins anew.
 *
 * What is whose stands in the manifests of the versions that lie there when it begins, and is kept with
 * the batch. Workers.
 */
#ifndef MODULE_PURGE_H
#define MODULE_PURGE_H

#include "module_change.h"
#include "purge.h"

typedef struct module_part {
    purge_thing what;
    int64_t rows, files;
} module_part;
typedef struct module_plan {
    crm_str name;
    module_part *parts; /* those of which something is stored: entities, then fields */
    uint32_t part_count;
    int64_t rows, files; /* of all */
    int64_t settings, jobs, numbers, rights;
    crm_str *versions; /* ids of the installed ones */
    uint32_t version_count;
    bool is_removable; /* the server may remove their files */
    int64_t batch;     /* 0: nothing was begun */
} module_plan;

/*
 * Says what would go (ask->is_check), or begins the batch when ask->typed is the name. As the caller, who
 * holds the function "settings", and needs "delete", too; c->session reads. CONFLICT, INVALID, DENIED or
 * NOT_FOUND with c->error.
 */
CRM_MUST_CHECK crm_status module_purge(deployment *d, crm_ctx *c, const module_ask *ask, module_plan *out);
void module_put_plan(json_writer *w, const module_plan *p);

/* ---- the parts -------------------------------------------------------------------------------- */

/* Which things are the module's, off all versions that lie there (module_purge_plan.c); and why it is
 * not to be purged now. On the registry in force, under the lock of changes. */
CRM_MUST_CHECK crm_status module_find_parts(deployment *d, crm_ctx *c, module_plan *p);

/* What the kernel's stores hold of a module besides (module_rest.c): due work, places of listeners,
 * numbers. */
#define MODULE_REST_PAGE 500
typedef struct module_rest {
    crm_str name;
    store store;
    int64_t ids[MODULE_REST_PAGE];
    uint32_t count;
} module_rest;
/* The next rows; count 0: none are left. Any blocking session. */
CRM_MUST_CHECK crm_status module_rest_read(crm_ctx *c, module_rest *x);
/* Removes them. Writer; `rest` is a module_rest. */
CRM_MUST_CHECK crm_status module_rest_remove(crm_ctx *c, void *rest);
/* How many settings, jobs, numbers, rights there are. */
CRM_MUST_CHECK crm_status module_rest_count(crm_ctx *c, module_plan *p);
/* Removes settings and rights. `things` is the batch's list of [entity, field]. Writer. */
CRM_MUST_CHECK crm_status module_rest_end(crm_ctx *c, crm_str name, const json_t *things);

#endif
