/*
 * setting.h - a value of a module's setting against its declaration (registry.h): JSON as the API gives it,
 * a text as people write it, a node of a ТЗ; what comes out is the JSON that is kept and that modules read.
 *
 * Pure: no call and no storage. Any thread; what comes out lives in the arena given. A refusal never
 * holds the value, which may be a secret that was written in the wrong place.
 */
#ifndef DATA_SETTING_H
#define DATA_SETTING_H

#include "data/registry.h"

#define SETTINGS_MAX       100 /* of one module */
#define SETTING_LENGTH_MAX 10000 /* characters of a text */

typedef struct setting_fault {
    const char *code;    /* of a field error of API.md: "setting_int" */
    crm_str params_json; /* {"min":"1","max":"10"}, or empty */
    const char *word;    /* the same as a fault that has a place: "wrong_type", "out_of_range" … */
    crm_str expected;    /* of that: "int", "1..10", "red, green" */
} setting_fault;

/* Makes `s` one of the type that module.yaml calls so, with the type's own limits. False: there is none. */
bool setting_take_type(setting *s, crm_str word);
crm_str setting_type(const setting *s);
const crm_str *setting_types(uint32_t *count);
/* One of its limits, as module.yaml writes it. INVALID: it is none of this type. */
CRM_MUST_CHECK crm_status setting_read_bound(arena *a, const setting *s, crm_str written, value *out);
bool setting_has_bounds(const setting *s); /* min, max */
bool setting_has_length(const setting *s); /* max_length */

/* INVALID with *why, or NOMEM. A JSON null is no value: whoever knows what it goes back to asks before. */
CRM_MUST_CHECK crm_status setting_read_json(arena *a, const setting *s, const json_t *given, crm_str *json,
                                            setting_fault *why);
/* A secret is written as "secret:NAME", a duration with its unit. */
CRM_MUST_CHECK crm_status setting_read_text(arena *a, const setting *s, crm_str written, crm_str *json,
                                            setting_fault *why);
/* As setting_read_text, but a secret is {secret: NAME}. */
CRM_MUST_CHECK crm_status setting_read_node(arena *a, const setting *s, const yaml_node *n, crm_str *json,
                                            setting_fault *why);
/* Whether JSON that was kept under another declaration is one of this. INVALID with *why. */
CRM_MUST_CHECK crm_status setting_check(arena *a, const setting *s, crm_str json, setting_fault *why);

/* What holds while nothing was changed at the server: JSON; "null": nobody gives a value. */
static inline crm_str setting_given(const setting *s) { return s->tz_json.n ? s->tz_json : s->default_json; }
/* A value as setting_read_text takes it, a text as it stands; "null" is empty. NULL `s`: as JSON. */
crm_str setting_text(arena *a, const setting *s, crm_str json);
/* min or max likewise, and as JSON. */
crm_str setting_bound_text(arena *a, const setting *s, value bound);
void setting_put_bound(json_writer *w, const setting *s, value bound);
/* Letters, digits, '_' and '-', at most 64. */
bool setting_is_secret_name(crm_str name);

#endif
