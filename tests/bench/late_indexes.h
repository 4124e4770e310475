/*
 * late_indexes.h - the indexes that lists of an entity are read by, taken away while many of its rows
 * are written and made again at once from all of them: ten places far apart are what a row's write
 * takes its time for. What writing asks stays: unique indexes, elements of many-valued fields.
 *
 * An engine of this process may have the file open, but neither writes nor copies its log back
 * meanwhile.
 */
#ifndef BENCH_LATE_INDEXES_H
#define BENCH_LATE_INDEXES_H

#include <stdbool.h>

typedef struct late_indexes late_indexes;

/* NULL: SQLite refused, and said why on stderr. To be freed by the caller. */
late_indexes *late_indexes_drop(const char *data_dir, const char *entity);
/* As they were before. */
bool late_indexes_make(late_indexes *l);
void late_indexes_free(late_indexes *l); /* NULL is fine */

#endif
