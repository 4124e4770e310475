/*
 * access.h - what a token leaves of its user's rights. Any thread.
 *
 * Scopes are interned: one text is one pointer for as long as the process lives, so that compiled
 * rights are found by it and no request reads JSON. A scope takes away only; what it lets through is
 * judged by the user's own rights.
 */
#ifndef DATA_ACCESS_H
#define DATA_ACCESS_H

#include "data/call.h"

#define ACCESS_NAMES_MAX 100

struct access_scope {
    crm_str text; /* as it was interned: what a longer task keeps to act within it later */
    bool is_read_only;
    bool is_listed; /* `entities` says which exist; else all do */
    const crm_str *entities; /* "sales.lead", "sales.*" */
    uint32_t entity_count;
    const crm_str *functions; /* only these work, and only when the user holds them */
    uint32_t function_count;
};

/*
 * {"access":"read|write","entities":[…]|null,"functions":[…]} as the store keeps it. INVALID when it is
 * none; LIMIT when the process has met too many different ones.
 */
CRM_MUST_CHECK crm_status access_intern(crm_str json, const access_scope **out);
/* A scope of NULL lets everything through. */
bool access_has_entity(const access_scope *s, crm_str entity_name);
bool access_has_function(const access_scope *s, crm_str function);
/* The actions that remain of these. */
uint32_t access_actions(const access_scope *s, uint32_t actions);

#endif
