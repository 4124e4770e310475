/*
 * backup.h - a copy of everything, its manifest, and the way back.
 *
 * A backup is two files: <path>, a database that stands alone, and <path>.json, the manifest with
 * its SHA-256, its size and the number of rows of every entity. The manifest is written last: a
 * copy without one is not a backup. Blocking functions; never on a loop thread.
 */
#ifndef DATA_BACKUP_H
#define DATA_BACKUP_H

#include "data/engine.h"

typedef struct backup_report {
    int64_t bytes, rows;
    uint32_t entities;
    char sha256[65];
    char made_at[CLOCK_TEXT];
    char fault[160]; /* what is wrong, in English for the log and the command; empty: nothing */
} backup_report;

/* engine_backup with its manifest. CONFLICT when a file stands at `path`, NO_SPACE. */
CRM_MUST_CHECK crm_status backup_make(engine *e, const char *path, engine_backup_progress p,
                                      backup_report *report);
/* Compares a backup with its manifest and checks its integrity. INVALID with report->fault. */
CRM_MUST_CHECK crm_status backup_verify(const char *path, backup_report *report);
/*
 * Verifies the backup and puts it into the data directory, which must hold no database. CONFLICT
 * when it does; then nothing is touched. The caller holds the directory's lock.
 */
CRM_MUST_CHECK crm_status backup_restore(const char *path, const char *dir, backup_report *report);

#endif
