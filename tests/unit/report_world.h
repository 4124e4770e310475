/*
 * report_world.h - a small service company whose figures are known: calls, visits, deals, the log
 * of their stages, tickets. It stands in Moscow, at noon of 15 February 2027.
 *
 * rep.person  name source owner
 * rep.call    at line direction outcome reason called_back (how long after it) person owner (who
 * took it) department rep.visit   at owner rep.deal    title stage amount closed_on person owner;
 * sellers see their own, without `amount`; the auditor sees counts and sums by stage and owner, of
 * three and more rep.log     deal stage lasted rep.ticket  title due closed_at centre client
 * rep.item    deal (part_of) product price cost; the auditor sees sums of `price` by product. There
 * are none until a test adds some
 */
#ifndef REPORT_WORLD_H
#define REPORT_WORLD_H

#include "data/aggregate.h"
#include "data_world.h"

void report_world_open(world *x, world_engine which);
/* Stores a row from JSON as the system; an owner is "anna" or "boris", a department "sales" or
 * "north". */
void report_add(world *x, const char *entity_name, const char *json);

/* The groups that `json` asks for as `user` (0: the system), one line each: keys, then measures;
 * "+" when there are more, "folded" when some are too small to be shown, else what failed. In
 * static memory. */
const char *report_of(world *x, int64_t user, const char *entity_name, const char *json);
/* Titles of the rows of a list, joined by spaces. */
const char *report_list(world *x, int64_t user, const char *entity_name, const char *where,
                        const char *sort_field);

#endif
