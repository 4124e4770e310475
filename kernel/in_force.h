/*
 * in_force.h - which ТЗ a data directory is under: where it was read, and a copy of its files.
 *
 * What `tz apply` has acknowledged stays in force over a restart, whatever became of the file. The file
 * that `serve --tz` names is read again at each start as long as nothing else was applied meanwhile; with
 * a fault in it a start goes on with the copy.
 * Blocking; under deployment.apply_lock.
 */
#ifndef IN_FORCE_H
#define IN_FORCE_H

#include "base/buf.h"
#include "tz/tz.h"

#define IN_FORCE_FILE   "tz.in_force"
#define IN_FORCE_COPIES "tz.copy" /* a folder with one folder in it */
#define IN_FORCE_MARK   "tz.restored" /* an empty file in a directory that was restored from a backup */

typedef struct in_force {
    crm_str given; /* what the last start was given as --tz: a real path; empty: nothing */
    crm_str path;  /* the file that was applied last: a real path; empty: none was yet */
    crm_str copy;  /* the root file of the copy, below the data directory */
    bool is_restored; /* from a backup: the copy stays until something is applied, whatever lies at --tz */
} in_force;

/* In the arena. Nothing is there: all empty. */
CRM_MUST_CHECK crm_status in_force_read(arena *a, const char *data, in_force *out);
/*
 * The file that a start reads, of `given` (NULL: no --tz) and what was in force; in the arena. Where that is
 * not the one given, a line in `say` tells which and why. NULL: there is none.
 */
const char *in_force_choose(arena *a, const char *data, const char *given, const in_force *was, const char *lang,
                            buf *say);
/* Whether `path` is the file that was applied last. */
bool in_force_is(arena *a, const in_force *was, const char *path);
/* The copy of what was in force, in the arena; NULL: there is none. */
const char *in_force_copy(arena *a, const char *data, const in_force *was);
/* After `path` came into force, or its copy: at a start with what was given, later with NULL. */
CRM_MUST_CHECK crm_status in_force_keep(arena *a, const char *data, const tz *t, const char *path, const char *given,
                                        bool is_start);

typedef struct in_force_pulled {
    crm_str root;   /* the file to apply, in the folder */
    crm_str taken;  /* CONFLICT: a file there that says something else */
    crm_str failed; /* the file that could not be written; empty: the folder itself */
    crm_str unread; /* the path of what could not be read: of the copy, or what is there */
    bool is_none;   /* NOT_FOUND: no ТЗ is in force yet */
    bool is_left;   /* what had been written could not be taken back */
} in_force_pulled;
/* Writes the files in force into the folder `dir`: all, or none where one there says something else or writing
 * fails. */
CRM_MUST_CHECK crm_status in_force_pull(arena *a, const char *data, const char *dir, in_force_pulled *out);

#endif
