/*
 * manifest.h - module.yaml: read, checked, and turned into rows of a registry.
 *
 * A fault names file and line, what stood there and the nearest word that would have been right;
 * reading goes on after a fault, so that an author sees all of them. The file that was read from a
 * shared object and the one that lies in the folder are the same text.
 */
#ifndef PLUG_MANIFEST_H
#define PLUG_MANIFEST_H

#include "data/data.h"

#define MANIFEST_MAX (512u << 10) /* bytes of a module.yaml or of a locale file */

/* The head of a manifest; everything lives in the arena it was read into. */
typedef struct manifest {
    const char *file;
    const yaml_node *root;
    crm_str name, version;
    uint32_t level;
    const crm_str *needs;
    uint32_t need_count;
    const crm_str *offers; /* "step:task" */
    uint32_t offer_count;
    const crm_str *entities; /* full names */
    uint32_t entity_count;
} manifest;

/* Collects faults in the order they were met. */
typedef struct faults {
    arena *a;
    registry_fault **end;
    uint32_t count;
} faults;
void faults_init(faults *f, arena *a, registry_fault **list);
void faults_add(faults *f, crm_str source, const char *code, crm_str subject, crm_str nearest);
/* "modules/tasks/module.yaml:12" of a node. */
crm_str node_source(arena *a, const yaml_node *n);
void fault_at(faults *f, const yaml_node *n, const char *code, crm_str subject);
void fault_near(faults *f, const yaml_node *n, const char *code, crm_str subject,
                const crm_str *known, size_t count);
void fault_expected(faults *f, const yaml_node *n, const char *code, crm_str subject,
                    crm_str expected);
/* Every key of the map is one of `known` (ends in NULL); `n` may be NULL. False: `n` is no map. */
bool keys_check(faults *f, const yaml_node *n, const char *const *known);

/* INVALID with faults when the head cannot be read; `file` is what faults say. */
CRM_MUST_CHECK crm_status manifest_read(arena *a, const char *file, crm_str text, manifest *out,
                                        registry_fault **list);

/* The entities of all enabled modules: what optional parts may refer to. */
typedef struct enabled {
    const crm_str *entities;
    uint32_t count;
} enabled;
bool is_enabled(const enabled *on, crm_str entity_name);

/* One manifest on its way into a registry. */
typedef struct reader {
    arena *a; /* of the registry */
    registry *r;
    const manifest *m;
    const enabled *on;
    faults *f;
} reader;
/* Entities, extensions, pipelines, menu, settings and grants. */
CRM_MUST_CHECK crm_status manifest_register(const manifest *m, const enabled *on, registry *r,
                                            faults *f);
/*
 * Hooks and steps that an HTTP service answers for, its address, and pages in frames
 * (manifest_remote.c): when the entities of all modules are in the registry.
 */
CRM_MUST_CHECK crm_status manifest_register_remote(const manifest *m, const enabled *on, registry *r,
                                                   faults *f);
/* Where elements of its ui/ui.js stand in the UI (manifest_ui.c); at the same time. */
CRM_MUST_CHECK crm_status manifest_register_ui(const manifest *m, const enabled *on, registry *r,
                                               faults *f);
/* Whether a file lies in the module's folder, which the path of its manifest begins with. */
bool manifest_has_file(reader *rd, const char *name);
/* The jobs that its settings name are among those of its code, which is bound by then. */
void settings_check_jobs(const manifest *m, const registry *r, faults *f);
/* <dir>/locales/<lang>.yaml for every language: flat texts by full key. */
CRM_MUST_CHECK crm_status locales_register(const char *dir, registry *r, faults *f);

/* ---- the parts, shared by the files of this folder ------------------------------------------- */

void read_entity(reader *rd, const yaml_node *n);
void read_extension(reader *rd, const yaml_node *n);
void read_pipeline(reader *rd, const yaml_node *n);
void read_settings(reader *rd, const yaml_node *settings);
/* The entity that stands at `key`. NULL without a fault: of another module that is not enabled. */
const entity *read_entity_name(reader *rd, const yaml_node *n, const char *key);
/* Small letters, digits and '_', at most 40, the first a letter. */
bool is_snake_case(crm_str s);

/* The fields of one entity while it is read. */
typedef struct field_list {
    field *at;
    uint32_t count;
    const crm_str *dropped; /* optional ones whose target is not enabled */
    uint32_t dropped_count;
    crm_str label_prefix; /* "tasks.task" */
} field_list;
void read_fields(reader *rd, const yaml_node *map, field_list *out);
/* The position in entity->fields by name: its own fields after the system columns. 0 with a fault
 * when unknown; 0 without one when it was dropped. */
uint16_t field_at(reader *rd, const field_list *l, const yaml_node *n, crm_str name);
bool field_is_dropped(const field_list *l, crm_str name);
bool field_is_known(const field_list *l, crm_str name);
/* The views as the UI gets them. */
crm_str read_views(reader *rd, const yaml_node *views, const field_list *l, crm_str prefix);
/* A list of plain values as JSON, for conditions: whole numbers and true/false are typed. */
void node_to_json(json_writer *w, const yaml_node *n);

/* Scalars. A wrong one is a fault and gives the default. */
bool read_flag(reader *rd, const yaml_node *map, const char *key);
int64_t read_number(reader *rd, const yaml_node *map, const char *key, int64_t otherwise);

#endif
