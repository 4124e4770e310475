/*
 * module_world.h - a deployment of real modules for unit tests: their shared objects over the host
 * table, on the engine in memory, one transaction per act, with the clock in the test's hand.
 *
 * It has the department "sales" (head: boris), and anna (of sales) and boris with the role
 * "manager".
 */
#ifndef MODULE_WORLD_H
#define MODULE_WORLD_H

#include "plug/module.h"

#include "unit.h"

#include "data/stores.h"
#include "flow/flow.h"

typedef struct module_world {
    engine *e;
    engine_session *writer;
    const registry *reg;
    arena *a; /* of the test */
    tx *t;
    crm_ctx c;
    principal who;
    buf out; /* what the last route or description replied */
    int64_t anna, boris, sales;
    uint32_t limit_ms;
} module_world;
extern module_world w;

/* Every module below `dir`; `more` adds what a ТЗ would, before the registry is sealed. */
void modules_open(const char *dir, void (*more)(registry *r));
/* The same on SQLite, in a folder that modules_close removes. */
void modules_open_sqlite(const char *dir, void (*more)(registry *r));
void modules_close(void);
/* What the role "manager" may do with its own records of an entity: read, create, update. */
void grant_own(registry *r, const char *entity_name);

/* One act: a call in a transaction of its own; user 0 is the system. `act_end` commits when OK. */
crm_ctx *act_begin(int64_t user);
void act_end(crm_status s);
int64_t make(const char *entity_name, const char *json);
void change_record(const char *entity_name, int64_t id, const char *json);
/* Into the recycle bin. */
void delete_record(const char *entity_name, int64_t id);
/* The rows of an entity by id, in the test's arena. */
uint32_t list_of(const char *entity_name, record ***out);
record *only(const char *entity_name);
value get(const record *r, const char *name);
#define assert_field(r, name, z) assert_text(get(r, name).s, z)

/* Routes and jobs from now on have this long in their transaction; 0: as usual. */
void give_time(uint32_t ms);
crm_status run_step(const char *verb, const char *entity_name, int64_t id, const char *args);
crm_status run_job(const char *name, const char *arg);
/* A module's route by its pattern, with `:id`; the reply is in w.out. */
crm_status call_route(const char *pattern, int64_t user, int64_t id);

#endif
