/*
 * rights_compile.h - what the files that compile grants to branches share: rights_compile.c (the
 * whole), rights_scopes.c (rows), rights_lists.c (fields), rights_holders.c (whom a grant is for),
 * rights_export.c (what may leave).
 */
#ifndef DATA_RIGHTS_COMPILE_H
#define DATA_RIGHTS_COMPILE_H

#include "data/rights_private.h"

#define RIGHTS_DEPTH_MAX 3
#define PARTS_MAX        8
#define PATH_MAX_PARTS   2 /* a branch leads through two references at most */

typedef struct parts {
    const cond *at[PARTS_MAX]; /* NULL: every row */
    uint32_t count;
} parts;

/* Where a branch comes from: equal keys and equal fields are one branch. */
typedef struct branch_key {
    scope scope;
    uint32_t part;
    crm_str where_text;
    const crm_str *linked; /* the list itself: equal texts in two lists stay two */
    crm_str role;          /* only for parts of which roles see different fields: the first such */
} branch_key;

typedef struct compiler {
    const rights_inputs *in;
    const entity *entity;
    branches *out;
    branch_key keys[BRANCHES_MAX];
    parts scopes[SCOPE_LINKED]; /* made once: READ and UPDATE of the team share its list */
    bool has_scope[SCOPE_LINKED];
    bool is_joined;                      /* one branch per scope */
    const entity *parts[PATH_MAX_PARTS]; /* of which roles see different fields */
    uint32_t part_count;
    bool is_common; /* of parts: only the fields that all of the roles see */
    bool is_over;
    int depth;
} compiler;

/* ---- the whole (rights_compile.c) ------------------------------------------------------------ */

/* rights_compile, `depth` references away from what was asked. */
crm_status rights_compile_at(const rights_inputs *in, const entity *e, int depth,
                             const branches **out);

/* ---- rows (rights_scopes.c) ------------------------------------------------------------------ */

/* The conditions of the grant's scope, one branch each. */
void scope_parts(compiler *k, const grant *g, parts *p);
/* One condition of them all. */
void scope_join(arena *a, parts *p);

/* ---- whom a grant is for (rights_holders.c) -------------------------------------------------- */

bool holds_function(const principal *who, const function_grant *f);
bool is_granted_to(const registry *r, const principal *who, const grant *g);

/* ---- fields (rights_lists.c) ----------------------------------------------------------------- */

/* Those the grant lists, all when it lists none; hidden ones never. */
void granted_fields(const grant *g, const entity *e, uint64_t out[4]);
void named_fields(const entity *e, const crm_str *names, uint32_t count, uint64_t out[4]);
/* Whether any role is given a list of the part's fields. */
bool has_lists(const registry *r, const entity *part);
/* The fields of the part that a role is given, all where it says nothing of them. */
void listed_fields(const compiler *k, const entity *part, crm_str whose, uint64_t out[4]);
/* What every role of his that has a list sees. */
void common_fields(const compiler *k, const entity *part, uint64_t out[4]);
/* The first role that sees the same fields of every part as this one. */
crm_str like_role(const compiler *k, crm_str whose);

/* ---- what may leave (rights_export.c) --------------------------------------------------------- */

/* Fills b->exported; where it takes more than BRANCHES_MAX branches, nothing may leave, and the log
 * says so. NOMEM. */
CRM_MUST_CHECK crm_status rights_pair_export(const rights_inputs *in, const entity *e, branches *b);

#endif
