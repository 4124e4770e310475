/*
 * rights.h - what a principal may do, compiled from grants into branches.
 *
 * Default deny. For a principal and an entity the grants of its roles become at most BRANCHES_MAX
 * branches (row predicate + field mask + actions), once per (registry, people epoch, roles, user).
 * A row's fields are the union over the branches it matches. A query that touches a field runs only
 * over the branches whose mask holds it; when none does, the field is unknown to this principal.
 */
#ifndef DATA_RIGHTS_H
#define DATA_RIGHTS_H

#include "data/people.h"

/* All branches of the entity. Lives until the registry and the people snapshot are replaced AND the
 * call's arena is gone: keep neither beyond the call. Never NULL; count 0 means nothing. System gets
 * one branch of everything. An entity with a parent (part_of) has its parent's; see rights_parent. */
const branches *rights_of(crm_ctx *c, const entity *e);
/* Those of them that allow `a`. In the call's arena. */
const branches *rights_for(crm_ctx *c, const entity *e, action a);
/* Those READ branches whose mask holds every field set in `touched`. */
const branches *rights_touching(crm_ctx *c, const entity *e, const uint64_t touched[4]);
/* Any branch allows it for some row: menus and buttons. */
bool rights_may_some(crm_ctx *c, const entity *e, action a);
/* The fields some READ branch shows: what is not here does not exist for him. */
void rights_fields(crm_ctx *c, const entity *e, uint64_t out[4]);
/* Which of `b` this row matches. */
uint32_t rights_match(const branches *b, const value *row, int64_t me);
/* The fields and actions of the matched branches together. */
void rights_union(const branches *b, uint32_t matched, uint64_t fields[4], uint32_t *actions);
/* DENIED, or CONFLICT with code stage_move_denied: may he move this record from stage to stage? */
crm_status rights_move(crm_ctx *c, const entity *e, const value *row, const stage *from, const stage *to);
/* The fields locked for him in this stage. */
void rights_locked(crm_ctx *c, const entity *e, const stage *at, uint64_t out[4]);
/* One line per branch a record matches for a user: `karkas why`. */
crm_status rights_why(crm_ctx *c, const entity *e, const value *row, buf *out);

#endif
