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
    int subs; /* sub-queries and the like made so far: they hold conditions that could hold more */
} maker;
void *oracle_alloc(maker *m, size_t n);

/* Values (oracle_values.c): as a row holds them, and as a condition may. */
value some_element(dice *d, const field *f);
value some_value(arena *a, dice *d, const field *f);
value some_operand(dice *d, const field *f);
/* The main entity mostly. */
const entity *some_entity(maker *m);
/* The field, or of an address now and then one of its parts. */
const field *some_part(dice *d, const field *f);
/* One of the entity's own fields, or a part of one. */
const field *some_own(dice *d, const entity *e);
/* One of the entity's own fields that are so; NULL: none is. */
const field *some_such(dice *d, const entity *e, bool (*is)(const field *f));
bool is_link(const field *f);
/* A link, or a list of them. */
bool is_reference(const field *f);
bool is_single(const field *f);
bool is_words(const field *f);
/* What rights go by: who has a row, where it belongs, how far it is; or who made it. */
const field *owner_of(const entity *e);
const field *place_of(const entity *e);
const field *stage_of(const entity *e);

/* Conditions and rights (oracle_conds.c). */
const cond *some_cond(maker *m, const entity *e, int depth);
const cond *some_whose(maker *m, const entity *e);
void some_branch(maker *m, const entity *e, branch *b);
const branches *some_branches(maker *m, const entity *e);

/* Lists and searches (oracle_queries.c). */
query some_query(maker *m);
void tell_query(const query *q);

/* Schemas (oracle_schema.c): entities of any fields; other indexes and searched fields over the
 * rows that are there. */
world *some_world(dice d);
void change_schema(bench *b, dice d);

/* Asks both engines for the same groups (oracle_groups.c). */
void group_both(bench *x, bench *y, uint64_t number);

#endif
