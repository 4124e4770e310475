/*
 * openapi_private.h - how the OpenAPI document is made: YAML templates (openapi/) that hold what is
 * the same everywhere, and schemas and parameters from the registry.
 *
 * A pool thread or a command. What comes out is a json_t its caller decrefs; NULL: no memory.
 */
#ifndef NET_OPENAPI_PRIVATE_H
#define NET_OPENAPI_PRIVATE_H

#include "data/records.h"
#include "net/openapi.h"

#define OPENAPI_NAMES_MAX 8
#define OPENAPI_PARTS_MAX 3

/* What a template is filled with; openapi/document.yaml explains its signs. */
typedef struct openapi_scope {
    crm_ctx *c;
    const yaml_node *texts;
    /* Whether a word of `x-if` holds. */
    bool (*holds)(const struct openapi_scope *s, crm_str word);
    const void *arg; /* of `holds` */
    const yaml_node *statuses; /* x-statuses of document.yaml */
    struct { const char *name; crm_str value; } names[OPENAPI_NAMES_MAX]; /* <name> */
    struct { const char *name; json_t *value; } parts[OPENAPI_PARTS_MAX]; /* +name; borrowed */
} openapi_scope;

/* The files, parsed into the call's arena. */
typedef struct openapi_files {
    const yaml_node *document, *outward, *model, *modules, *entity, *texts;
} openapi_files;
CRM_MUST_CHECK crm_status openapi_files_read(crm_ctx *c, openapi_files *out);

/* A node of a template as JSON. A list of a part is spliced into the list it stands in. */
json_t *openapi_fill(const openapi_scope *s, const yaml_node *node);
/* The text of a key with the scope's names filled in. */
crm_str openapi_text(const openapi_scope *s, const char *key);
/* {"$ref": "#/components/<kind>/<name>"} */
json_t *openapi_ref(const char *kind, crm_str name);
/* Sets a member and takes the value over; false: no memory. */
bool openapi_set(json_t *object, crm_str key, json_t *member);
json_t *openapi_string(crm_str text);

/* What the caller may do with an entity. */
typedef struct openapi_entity {
    const entity *e;
    uint64_t seen[4], made[4], changed[4]; /* fields he reads, sets in a new record, changes */
    bool may_read, may_create, may_update, may_delete, may_bulk, may_export, may_import, may_merge,
        has_match, has_foreign, is_batch;
} openapi_entity;

/* The schema of a record as it is read, and as it is written (`fields`: those that may be set). */
json_t *openapi_record(const openapi_scope *s, const openapi_entity *e);
json_t *openapi_change(const openapi_scope *s, const openapi_entity *e, bool is_new);
/* A small example of a body that `openapi_change` takes. */
json_t *openapi_example(const openapi_entity *e, bool is_new);
/* The list's parameters: a field alone and with each operator that makes sense for its type. */
json_t *openapi_filters(const openapi_scope *s, const openapi_entity *e);
/* Takes out the components that no path leads to. */
void openapi_prune(crm_ctx *c, json_t *document);

#endif
