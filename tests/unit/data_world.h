/*
 * data_world.h - a small deployment for tests of the data layer: people, a pipeline, roles, an
 * engine.
 *
 * test.lead     title phone amount secret code owner department stage contact done_at reason
 * test.person   name owner
 * test.line     lead (part_of) name
 *
 * Departments: sales, north below it, other. People and roles:
 *   anna, boris   seller   sales    own leads, without the field `secret`
 *   hanna         head     sales    the team's, with reassign
 *   nina          seller   north
 *   vera          viewer   other    reads all but `secret`, updates only `stage`
 *   zina          boss     other    everything; holds "settings" and "delete"
 *   oleg          (none)   other
 *   alla          auditor  other    persons that a lead she sees (stage `lost`) refers to
 */
#ifndef DATA_WORLD_H
#define DATA_WORLD_H

#include "unit.h"

#include "data/data.h"
#include "data/stores.h"

enum {
    LEAD_TITLE = COL_OWN,
    LEAD_PHONE,
    LEAD_AMOUNT,
    LEAD_SECRET,
    LEAD_CODE,
    LEAD_OWNER,
    LEAD_DEPARTMENT,
    LEAD_STAGE,
    LEAD_CONTACT,
    LEAD_DONE_AT,
    LEAD_REASON
};
enum { PERSON_NAME = COL_OWN, PERSON_OWNER };
enum { LINE_LEAD = COL_OWN, LINE_NAME };

typedef enum world_engine { WORLD_SQLITE, WORLD_MEMORY, WORLD_DELAYED } world_engine;

typedef struct world {
    engine *engine;
    engine_session *writer, *reader;
    char dir[64];
    const registry *reg; /* pinned */
    const entity *lead, *person, *line;
    int64_t anna, boris, hanna, nina, vera, zina, oleg, alla;
    int64_t sales, north, other;
    tx *tx;
    crm_ctx call; /* of the open request */
    principal who;
    arena *who_arena;
    changes_batch *changes; /* of the last commit */
} world;

/* Hooks a test adds; set before world_open, forgotten by world_close. */
extern hook world_hooks[8];
extern uint32_t world_hook_count;
/* The same for grants, functions and roles. */
extern const grant *world_grants;
extern uint32_t world_grant_count;
extern const function_grant *world_functions;
extern uint32_t world_function_count;
extern const role *world_roles;
extern uint32_t world_role_count;
/* And for entities, and the deployment's zone. */
extern const entity *world_entities;
extern uint32_t world_entity_count;
extern crm_str world_timezone;

void world_open(world *x, world_engine which);
void world_close(world *x);

/* A request of `user` (0: the system) in a transaction of its own. */
crm_ctx *world_begin(world *x, int64_t user);
/* Commits when `st` is OK, else rolls back; the call stays readable until the next world_begin. */
void world_end(world *x, crm_status st);
/* The same without a transaction, on the reading session; world_read_end frees it. */
crm_ctx *world_read(world *x, int64_t user);
void world_read_end(world *x);

/* Stores a lead as the system and gives its id. */
int64_t world_lead(world *x, const char *title, int64_t owner, int64_t department);
/* The code of the call's error for this field, or "". */
const char *world_code(const crm_ctx *c, const char *field_name);
/* Saves one field of one record as `user`; the request commits when it is OK. */
crm_status world_update(world *x, int64_t user, const entity *e, int64_t id, uint16_t f, value v);
/* Titles of the leads a user sees, in order of id, joined by spaces; in static memory. */
const char *world_titles(world *x, int64_t user, const cond *where);

#define TEXT(lit) value_text(CRM_S(lit))

/* ---- the world of a test program, set up and taken down around each of its tests ------------- */

#ifndef DATA_WORLD_OWN /* data_world.c itself has none */
static world w;

static inline int open_world(void **state) /* on SQLite */
{
    (void)state;
    world_open(&w, WORLD_SQLITE);
    return 0;
}
static inline int open_delayed(void **state)
{
    (void)state;
    world_open(&w, WORLD_DELAYED);
    return 0;
}
static inline int close_world(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}
#define ON_SQLITE(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)
#define ON_DELAYED(test)                                     \
    {                                                        \
        #test " (delayed)", test, open_delayed, close_world, NULL \
    }
#define BOTH(test) ON_SQLITE(test), ON_DELAYED(test)
#endif

#endif
