/*
 * ahead_world.h - what tests of what is made ahead of a schema step share: a bench on disk, its
 * file, slices.
 */
#ifndef TESTS_AHEAD_WORLD_H
#define TESTS_AHEAD_WORLD_H

#include "engine_world.h"

#define ROWS 900 /* so many that an index is made ahead */

/* One integer of a statement on the bench's file. */
int64_t bench_ask(bench *b, const char *text);
void assert_sound(bench *b);
/* Tables that only what goes on has. */
int64_t bench_leftovers(bench *b);
/* So many deals. */
void bench_fill(bench *b);

/* What the registry in force declares between two slices. */
typedef struct declared {
    const entity_index *indexes;
    uint32_t count;
} declared;
declared bench_declare(bench *b, declared now);

/* All slices that are left; how many. The code of the fault that ended them, or empty. */
int bench_slices(bench *b);
extern crm_str bench_refused;
/* The step. */
crm_status bench_make(bench *b, registry_fault **faults);

#endif
