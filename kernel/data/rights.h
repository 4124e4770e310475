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

/* All branches of the entity for the acting principal; live as long as the call (its pins). Never
 * NULL; count 0 means nothing. System gets one branch of everything. An entity with a parent
 * (part_of) gets its parent's, reached by `via`. `e` is of c->reg: one of another registry is a bug. */
const branches *rights_of(crm_ctx *c, const entity *e);
/* A bit for each of them that allows `a`. */
uint32_t rights_for(const branches *b, action a);
/* A bit for each READ branch whose mask holds every field set in `touched`. */
uint32_t rights_touching(const branches *b, const uint64_t touched[4]);
/* Figures may be asked of rows that need not be readable (ACTION_AGGREGATE, data/summary.h). */
bool rights_may_sum(crm_ctx *c, const entity *e);
/* Any branch allows it for some row: menus and buttons. */
bool rights_may_some(crm_ctx *c, const entity *e, action a);
/*
 * What of it may leave in a file: its branches to read, cut down to what ACTION_EXPORT covers as well. A
 * row is there when both cover it, and shows what both show. Lives as long as rights_of's; no branch
 * to read: none of it leaves.
 */
const branches *rights_exported(crm_ctx *c, const entity *e);
bool rights_may_export(crm_ctx *c, const entity *e);
/* Some row may come from a file: ACTION_IMPORT, and to create or update. */
bool rights_may_import(crm_ctx *c, const entity *e);
/* No role of this user reads such records: one given to him would be lost to view. False of who is unknown or has left. */
bool rights_reads_none(crm_ctx *c, const entity *e, int64_t user);
/* The fields some READ branch shows: what is not here does not exist for him. */
void rights_fields(crm_ctx *c, const entity *e, uint64_t out[4]);
/* What he sees of a record that he may not read: FOREIGN_* of those of his roles that read some. 0 of the
 * kernel's own entities and of parts of others. */
unsigned rights_foreign(crm_ctx *c, const entity *e);
/* Which of `b` this row matches. */
uint32_t rights_match(const branches *b, const value *row, const cond_env *env);
/* The same for a stored row when a branch is not local (`via`, EXISTS): asks the engine. Writer. */
CRM_MUST_CHECK crm_status rights_match_stored(crm_ctx *c, const entity *e, int64_t id, uint32_t *matched);
/* The fields `a` covers: the union over the matched branches that allow `a`, those only. */
void rights_fields_for(const branches *b, uint32_t matched, action a, uint64_t fields[4]);
/* The kinds of a timeline that those of `matched` which let it be read show of the record (timeline.h). */
uint64_t rights_kinds_for(const branches *b, uint32_t matched);
uint32_t rights_actions(const branches *b, uint32_t matched);
/* May he move this record from stage to stage? CONFLICT when not. Does not touch c->error. */
crm_status rights_move(crm_ctx *c, const entity *e, const value *row, const stage *from, const stage *to);
/* The fields locked for him in this stage. */
void rights_locked(crm_ctx *c, const entity *e, const stage *at, uint64_t out[4]);
/*
 * Why rights_move says no, as parameters of the texts field.stage_move_denied.role (who moves there),
 * field.stage_move_denied.path (nobody does; where he may go from here) and field.stage_move_denied.end; without
 * `from`, of a new record, field.stage_move_denied.start. They name stages and roles, never anything of the record.
 */
crm_str rights_move_reason(crm_ctx *c, const entity *e, const stage *from, const stage *to);
/* What field.stage_needs is said with: the stage that a field has to be filled for. */
crm_str rights_need_reason(crm_ctx *c, const stage *at);
/* Why a field is closed in a stage: field.locked.role (who changes it there) or field.locked.all. */
crm_str rights_lock_reason(crm_ctx *c, const entity *e, const stage *at, uint32_t f);
/* One line per branch a record matches for a user: `karkas why`. */
crm_status rights_why(crm_ctx *c, const entity *e, const value *row, buf *out);

#endif
