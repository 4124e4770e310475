/*
 * yaml.h - YAML as a tree that remembers where everything stood (libyaml underneath).
 *
 * The dialect of ТЗ and module.yaml: no aliases, anchors or tags, keys are unique scalars, scalars
 * are text until the schema types them. Nodes live in the arena given to yaml_parse.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <crm/crm.h>

#include "base/arena.h"

typedef enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP } yaml_kind;

typedef struct yaml_node {
    yaml_kind kind;
    int line, column;       /* from 1, of the value */
    int key_line, key_column; /* of the key, 0 in a list */
    const char *file;       /* as given to yaml_parse */
    crm_str key;            /* in a map; else empty */
    crm_str text;           /* of a scalar */
    bool is_quoted;         /* "yes" in quotes is text, yes is a bool where the schema says so */
    int count;              /* children */
    struct yaml_node *first, *next, *parent;
} yaml_node;

typedef struct yaml_error {
    const char *file;
    int line, column;
    crm_str text; /* in the arena, English */
    crm_str key;  /* the key that stands twice in a map; else empty */
} yaml_error;

#define YAML_DEPTH_MAX 32
#define YAML_NODES_MAX 100000

/* INVALID with *err filled when the text is not YAML of this dialect, or NOMEM. An empty text gives
 * an empty map. */
CRM_MUST_CHECK crm_status yaml_parse(arena *a, const char *file, crm_str text, yaml_node **root,
                                     yaml_error *err);
/* The child of a map by key, or NULL. `map` may be NULL. */
yaml_node *yaml_get(const yaml_node *map, const char *key);
/* The text of a scalar child, or {NULL,0}. */
crm_str yaml_text(const yaml_node *map, const char *key);
/* true/false/yes/no/да/нет unquoted. INVALID otherwise. */
CRM_MUST_CHECK crm_status yaml_bool(const yaml_node *scalar, bool *out);
/* `for (yaml_node *n = ...)` over the children; `parent` may be NULL. */
#define YAML_EACH(n, parent) for (yaml_node *n = (parent) ? (parent)->first : NULL; n; n = n->next)

#endif
