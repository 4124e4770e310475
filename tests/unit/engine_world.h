/*
 * engine_world.h - a small deployment to try engines on, built by hand so that nothing above the
 * engines is needed, and calls of an engine in one line each.
 */
#ifndef ENGINE_WORLD_H
#define ENGINE_WORLD_H

#include "data/engine.h"
#include "data/query.h"
#include "unit.h"

enum { PERSON_NAME = COL_OWN, PERSON_REGION, PERSON_COLUMNS };
enum {
    DEAL_NAME = COL_OWN, /* text: indexed, searched */
    DEAL_CODE,           /* text: unique */
    DEAL_NOTE,           /* multiline: searched */
    DEAL_STAGE,          /* indexed, by bytes */
    DEAL_AMOUNT,         /* money: indexed */
    DEAL_CLOSE,          /* date */
    DEAL_OWNER,          /* ref to a person, indexed with created_at */
    DEAL_BUYER,          /* ref to a person */
    DEAL_TAGS,           /* many, indexed */
    DEAL_PHONES,         /* many, unique */
    DEAL_EMAILS,         /* many, not indexed */
    DEAL_CALLED,         /* datetime */
    DEAL_TOOK,           /* duration */
    DEAL_PHONE,          /* indexed, by the number */
    DEAL_COLUMNS
};
enum { LINE_DEAL = COL_OWN, LINE_SKU, LINE_COUNT, LINE_COLUMNS };

#define WORLD_ENTITIES 6

typedef struct world {
    arena *arena;
    registry reg;
    entity person, deal, line;
    const entity *entities[WORLD_ENTITIES];
    const entity *main; /* the one that is asked for most */
} world;

world *world_new(void);
void world_free(world *w);

/* A field as it is declared. */
typedef struct world_field {
    const char *name;
    field_type type;
    uint32_t flags;
    const entity *ref;
} world_field;

/* A world without entities, and one more in it, at w->entities[n]. */
world *world_new_empty(void);
void world_add(world *w, entity *e, const char *name, const world_field *own, uint32_t count);
/* A deal's field, or another entity's. */
static inline const field *deal_field(const world *w, uint32_t i)
{
    return &w->deal.fields[i];
}

/* An open engine with the world's schema, a writer and a reader. */
typedef struct bench {
    world *w;
    engine *e;
    engine_session *writer, *reader;
    char dir[64];
    bool is_ungathered; /* lists in parts go on where they have no place yet */
    void (*between)(struct bench *b); /* such parts; NULL: nothing */
} bench;

typedef enum engine_choice { ON_SQLITE, ON_MEMORY, ON_DELAYED } engine_choice;
/* `seed` is for ON_DELAYED. */
bench *bench_new(engine_choice which, uint64_t seed);
/* The same with another world, which is the bench's from now on. */
bench *bench_new_in(engine_choice which, uint64_t seed, world *w);
void bench_free(bench *b);
/* SQLite: closes the engine and opens it again on the same directory. */
void bench_reopen(bench *b);

/* One op as a batch of its own in the writing session, with no transaction of its own. */
crm_status bench_op(bench *b, engine_op *op);
void bench_begin(bench *b);
void bench_commit(bench *b);
/* Everything the writing session does when it has nothing to do. */
void bench_rest(bench *b);
/* Inserts in the open transaction; the id. Fails the test when refused. */
int64_t bench_insert(bench *b, const entity *e, const value *row);
/* The same in a transaction of its own. */
int64_t bench_insert_committed(bench *b, const entity *e, const value *row);
/* A row of `e` with rev 1 and the given stamp. */
void bench_row(value *row, const entity *e, int64_t created_at);

/* The ids of a list in order, and the branches of each row. */
typedef struct ids {
    int64_t at[2000];
    uint32_t branches[2000];
    uint32_t count;
    crm_status status;
} ids;
void bench_list(engine_session *s, const query *q, ids *out);
int64_t bench_count(engine_session *s, const query *q);
/* A list of b->reader that may stop does so after so many rows (0: by its time alone), and nothing
 * counts as having few rows. */
void bench_stop_lists(bench *b, uint32_t rows);
/*
 * All parts of such a list, one after the other, as rows that may not stop would give them. How many
 * stopped. One that is gathered has a limit of its own in each part, `q.limit` at most.
 */
uint32_t bench_list_in_parts(bench *b, query q, ids *out);

/* Deals in the open transaction: with a name and an amount (0: none), with one field. */
int64_t bench_deal(bench *b, const char *name, int64_t amount);
int64_t bench_deal_with(bench *b, uint32_t f, value v);
crm_status bench_set(bench *b, int64_t id, uint32_t f, value v);
void bench_terms(bench *b, int64_t id, const char *name, const char *note);
int64_t bench_person(bench *b, const char *name, const char *region);
/* How many deals the reading session counts, by a condition and by full text. */
uint32_t bench_count_where(bench *b, const cond *c);
uint32_t bench_search(bench *b, const char *terms);

/* A deal as it was given to the sink, in the world's arena. */
typedef struct row_copy {
    arena *arena;
    value row[FIELDS_MAX];
    uint32_t bits, count;
} row_copy;
crm_status bench_get(bench *b, engine_session *s, int64_t id, const query *q, row_copy *out);

/*
 * Tests that every engine has to pass: on SQLite, in memory, and in memory with completion delayed by
 * two seeds; on SQLite, where nothing was chosen. *state is the bench.
 */
void bench_choose(engine_choice which, uint64_t seed);
int bench_set_up(void **state);
/* Of another world on the engine that was chosen; it is the bench's from now on. */
bench *bench_new_chosen(world *w);
int bench_tear_down(void **state);
#define ON_ALL(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)
/* On every engine in turn; how many tests failed. */
int bench_run_all(const struct CMUnitTest *tests, size_t count);
#define RUN_ON_ALL(tests) bench_run_all(tests, sizeof(tests) / sizeof((tests)[0]))

/* Conditions in one line. */
const cond *world_cond(world *w, cond_op op, const field *f, value v);
const cond *world_not(world *w, const cond *c);

#endif
