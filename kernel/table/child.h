/*
 * child.h - the program that reads and writes spreadsheets, as a process of this one.
 *
 * Blocking: pool and worker threads only. A child that says nothing for CHILD_SILENCE_MS is ended.
 */
#ifndef TABLE_CHILD_H
#define TABLE_CHILD_H

#include "base/base.h"
#include "base/table.h"

#define CHILD_SILENCE_MS 60000

typedef struct child {
    int pid;
    int in, out; /* its standard input and output; -1: closed */
} child;

/* Starts karkas-sheet; `file` becomes its descriptor 3. `args` end in NULL. */
CRM_MUST_CHECK crm_status child_start(const char *const *args, int file, child *out);
/* Whether it says something, or has ended, within `ms`. */
bool child_speaks(const child *c, int ms);
/* As table_source.read: what it says. -1 also when it is silent for too long. */
ssize_t child_read(void *child, char *to, size_t n);
CRM_MUST_CHECK crm_status child_write(child *c, crm_str bytes);
/* Ends it if it has not ended. */
void child_end(child *c);
/* Where the program is; before any thread that uses it. */
void child_set_program(const char *path);

#endif
