/*
 * register.h - what the files that turn a ТЗ into rows of an open registry share; nobody else
 * includes it. Rows live in the registry's arena, faults in the caller's.
 */
#ifndef TZ_REGISTER_H
#define TZ_REGISTER_H

#include "tz/tz_private.h"

typedef struct registering {
    tz *t;
    registry *r;
    arena *a; /* of the registry */
    tz_faults *f;
    json_t *kept; /* t->kept, or NULL: the fields that exist now are granted */
    bool is_model; /* the model's declarations are being added, behind the text's */
} registering;

/* The parts of tz_register, in their order. */
void register_entities(registering *g);  /* own entities, fields of others' ones */
void register_matches(registering *g);   /* what finds duplicates */
void register_pipelines(registering *g);
void register_links(registering *g);     /* look-up conditions of fields, once all entities stand */
void register_rights(registering *g);
void register_functions(registering *g);
void register_settings(registering *g);
void register_integrations(registering *g);
void register_rules(registering *g);
void register_outgoing(registering *g);
void register_webhooks(registering *g);

/* One field as its map `n` declares it, but for the currency and the condition of a look-up. */
void register_field(registering *g, const yaml_node *n, field *f);
/* The entity that `n` names, or NULL with a fault at `n`. */
const entity *entity_named(registering *g, const yaml_node *n, crm_str name);
/* The field of `e` that `n` names, or NULL with a fault. */
const field *field_named(registering *g, const entity *e, const yaml_node *n, crm_str name);
/* The names of the fields of `e` that a ТЗ may speak of. */
tz_names field_names(registering *g, const entity *e);
/* Adds the words of that kind ("step") that modules offer, whether they are on or not. */
void add_offered(registering *g, const char *kind, tz_names *known);
/* The scalars of a SHAPE_NAMES node as an array in the registry's arena; *count 0 for NULL. */
const crm_str *names_list(registering *g, const yaml_node *n, uint32_t *count);
const pipeline *pipeline_of_entity(const registry *r, const entity *e);

/* choice.c: refuses a scalar that is none of the values of a choice or of the stages; of a field of
 * another type nothing is asked. */
void choice_check(registering *g, const field *f, const yaml_node *n);
/* The same of a stage of `e`, whose name stands there. */
void stage_check(registering *g, const entity *e, const yaml_node *n);

/* where.c: a condition in map form as JSON prefix form, typed against `e`; empty for an empty map or
 * with a fault. */
crm_str where_compile(registering *g, const entity *e, const yaml_node *map);
/* args.c: the map of a step or an integration as JSON, checked against its schema (registry.h,
 * step.schema_json). `of` is what a step runs for, NULL for an integration; `but` is a key that is
 * not part of it, or NULL. */
crm_str args_compile(registering *g, const entity *of, const yaml_node *map, crm_str schema_json,
                     const char *but);
/* The same of a word whose module is away, and its schema with it: whatever is written. */
crm_str args_keep(registering *g, const yaml_node *map, const char *but);

#endif
