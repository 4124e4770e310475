/* sqlite_read.h - what reading costs SQLite alone. */
#ifndef BENCH_SQLITE_READ_H
#define BENCH_SQLITE_READ_H

#include <sqlite3.h>

/* Each prints one line of JSON: {"us","answer"}, of a list also {"count_us"}: what its total cost. */

/* `ids` names a file of ids, one a line; `can` is the JSON of a contact's `_can`. */
void measure_get(sqlite3 *db, const char *ids, const char *can);
/*
 * `next` is the JSON of the answer's `next`. Each of `owners` is "3,5,8": whose contacts one who asks
 * may see; another asks each time. None: one who sees all. The answer shown is of the first.
 */
void measure_list(sqlite3 *db, const char *can, const char *next, char **owners, int count);

#endif
