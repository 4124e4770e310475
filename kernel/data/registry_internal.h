/* registry_internal.h - what the files of the registry share; nobody else includes it. */
#ifndef DATA_REGISTRY_INTERNAL_H
#define DATA_REGISTRY_INTERNAL_H

#include <stdatomic.h>

#include "data/registry.h"
#include "data/stores.h"

/* Fields for an entity that is declared later. */
typedef struct extension {
    crm_str entity_name;
    const field *fields;
    uint32_t count;
    struct extension *next;
} extension;

/* The whole of a registry; `pub` is what everyone sees. */
typedef struct holder {
    registry pub;
    uint32_t entity_cap;
#define X(T, name) uint32_t name##_cap;
    REGISTRY_TABLES(X)
#undef X
    extension *extensions, **extensions_end;
    uint16_t *entity_slots; /* made by seal: hash of a name -> position + 1 */
    uint32_t entity_mask;
    uint32_t *string_slots;
    uint32_t string_mask;
    const zone *zone;
    atomic_uint references;
    void (*on_release)(registry *r, void *arg);
    void *release_arg;
} holder;

static inline holder *holder_of(const registry *r) { return (holder *)r; }

/* Seal's state: where faults go. Once `status` is a failure of memory the rest does nothing. */
typedef struct seal {
    holder *h;
    registry *r;
    arena *a;               /* of the faults */
    registry_fault **faults_end;
    uint32_t fault_count;
    bool no_memory;
} seal;

/* Adds a fault; `nearest` is looked for among the candidates. */
void seal_fault(seal *s, crm_str source, const char *code, crm_str subject);
void seal_fault_near(seal *s, crm_str source, const char *code, crm_str subject,
                     const crm_str *candidates, size_t count);
void seal_unknown_entity(seal *s, crm_str source, crm_str name);
void seal_unknown_field(seal *s, crm_str source, const entity *e, crm_str name);
/* Reads a condition of an entity; faults when it does not read. Empty text: NULL. */
const cond *seal_cond(seal *s, crm_str source, const entity *e, crm_str text);
void seal_check_role(seal *s, crm_str source, crm_str name);
/* Memory of the registry; sets no_memory and gives NULL when it is out. */
void *seal_alloc(seal *s, size_t count, size_t size);
/*
 * Adds `own`, which has its fields and indexes, beside `e` under e's name with `suffix`, with the labels of
 * `<texts>.one`, `.many`, `.count`. NULL: a fault, or no memory; somebody else's entity of that name or a
 * field added to it is a fault.
 */
entity *seal_companion(seal *s, const entity *e, entity *own, const char *suffix, const char *texts);

/* The parts of registry_seal, in their order. */
void seal_stage_logs(seal *s); /* before names are indexed: it adds entities */
void seal_notes(seal *s); /* likewise */
void seal_joins(seal *s); /* once fields are resolved */
void seal_matches(seal *s); /* before names are indexed: it adds fields */
void seal_entities(seal *s);
void seal_pipelines(seal *s);
void seal_formulas(seal *s);
void seal_links(seal *s);
void seal_views(seal *s);
void seal_grants(seal *s);
void seal_behaviour(seal *s);
void seal_indexes(seal *s);
void seal_strings(seal *s);
void seal_rev(seal *s);

/* The entity with `more` behind the fields it has; LIMIT. */
crm_status registry_append_fields(registry *r, entity *e, const field *more, uint32_t count);

/* registry_kernel.c, registry_text.c: what every registry begins with. */
CRM_MUST_CHECK crm_status registry_add_kernel(registry *r);
CRM_MUST_CHECK crm_status registry_add_kernel_strings(registry *r);

#endif
