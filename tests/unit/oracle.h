/*
 * oracle.h - what the parts of the oracle test share: chance, and questions made by it.
 *
 * Both worlds make theirs by equal dice, so they are the same.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include "engine_world.h"

typedef struct dice {
    uint64_t state;
} dice;
uint32_t roll(dice *d, uint32_t sides);
dice dice_of(uint64_t n);
#define PICK(d, list) ((list)[roll((d), sizeof(list) / sizeof((list)[0]))])

typedef struct maker {
    world *w;
    dice d;
    int subs; /* sub-queries made so far: they hold conditions that could hold more */
} maker;
void *make(maker *m, size_t n);
const cond *some_cond(maker *m, const entity *e, int depth);
const branches *some_branches(maker *m, const entity *e);
query some_query(maker *m);
void tell_query(const query *q);

/* Asks both engines for the same groups (oracle_groups.c). */
void group_both(bench *x, bench *y, uint64_t number);

#endif
