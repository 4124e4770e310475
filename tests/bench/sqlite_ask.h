/*
 * sqlite_ask.h - what finding, counting and changing contacts costs SQLite alone, by the statements
 * that one would write by hand on the server's tables. Answers are not the server's byte for byte:
 * `rows` says how many there are, so that they can be held against it.
 */
#ifndef BENCH_SQLITE_ASK_H
#define BENCH_SQLITE_ASK_H

#include <sqlite3.h>
#include <stdint.h>

/* Each prints one line of JSON: {"us","rows"}. `can` is the JSON of a contact's `_can`. */

/* The newest fifty of this position, which no index knows. */
void measure_filter(sqlite3 *db, const char *can, const char *position);
/* The newest fifty that hold the word; one that ends in '*' is a beginning. */
void measure_search(sqlite3 *db, const char *can, const char *word);
/* How many contacts of each source there are. */
void measure_groups(sqlite3 *db, const char *unused, const char *field);
/* Contacts changed as `patch` of load.lua does, in groups of `group` a commit, for so long; prints
 * {"us","rows","rows_per_s"}. */
void measure_updates(sqlite3 *db, uint32_t group, double limit_us);

#endif
