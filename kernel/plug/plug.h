/*
 * plug.h - modules: finding, probing, loading, and turning them into rows of a registry.
 *
 * A module is a folder <modules>/<name>/ with module.yaml, optional ui/ and locales/, optional
 * <name>.so whose embedded manifest is then used. States: found, probed, resolved, running,
 * draining, stopped; a refusal names the module and exactly what this kernel does not know.
 * Loading runs on a worker or at start, never on a loop thread.
 */
#ifndef PLUG_PLUG_H
#define PLUG_PLUG_H

#include "data/data.h"

typedef struct module module;

typedef struct module_refusal {
    crm_str module, code, text; /* "newer_level", "too_new_fields", "bad_magic", "no_symbol", "bad_manifest"… */
    struct module_refusal *next;
} module_refusal;

typedef struct module_found {
    crm_str name, version, title, path; /* path of the .so, empty when it has none */
    crm_str manifest;
    bool is_bundled;
} module_found;

/* Every module folder below `dir`; broken ones become refusals. */
CRM_MUST_CHECK crm_status plug_scan(arena *a, const char *dir, module_found **out, uint32_t *count,
                                    module_refusal **refused);
/* Loads what has code: probe in a child process, dlopen, validate. NULL `*out` with a refusal. */
CRM_MUST_CHECK crm_status plug_load(arena *a, const module_found *f, module **out, module_refusal **refused);
/* Adds the module's entities, fields, strings, routes, hooks, jobs, steps … to an open registry. */
CRM_MUST_CHECK crm_status plug_register(module *m, registry *r, arena *a, registry_fault **faults);
/* Calls start() once; stop() when the registry that holds the generation is released. */
CRM_MUST_CHECK crm_status plug_start(module *m);
void plug_stop(module *m);
/* `karkas --probe FILE`: prints the descriptor as JSON and exits; runs in the helper process. */
int plug_probe_main(const char *path);
/* The host table every module gets. */
extern const struct crm_host plug_host;

#endif
