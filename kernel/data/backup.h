/*
 * backup.h - a copy of everything, its manifest, and the way back.
 *
 * A backup is <path>, a database that stands alone, <path>.files, the contents of its attachments when
 * it has any, <path>.data, what the caller wants kept of the data directory (keys among it: mode 0600, and
 * a secret as a whole), and <path>.json, the manifest with the SHA-256 of the database and of what was
 * kept, the number of files and of the rows of every entity. The manifest is written last: a copy without
 * one is not a backup.
 * Contents never change, so on one disk a backup links them and takes no room for them. Blocking
 * functions; never on a loop thread.
 */
#ifndef DATA_BACKUP_H
#define DATA_BACKUP_H

#include "data/engine.h"

/* The key in a data directory; flow/webhook_sign.c makes it before the first row that needs it. */
#define BACKUP_KEY_FILE "webhook.key"
#define BACKUP_KEY_MAX  4096

typedef struct backup_report {
    int64_t bytes, rows, files;
    uint32_t entities;
    bool has_key; /* a copy of format 3, which has the webhooks' key beside it */
    char sha256[65];
    char made_at[CLOCK_TEXT];
    char fault[160]; /* what is wrong, in English for the log and the command; empty: nothing */
} backup_report;

/* What is copied. */
typedef struct backup_of {
    engine *engine;
    const char *dir;         /* its data directory */
    const char *const *kept; /* files and folders of it, NULL ends them */
} backup_of;

/* engine_backup with its manifest. CONFLICT when a file stands at `path`, NO_SPACE. */
CRM_MUST_CHECK crm_status backup_make(const backup_of *of, const char *path, engine_backup_progress p,
                                      backup_report *report);
/* Compares a backup with its manifest and checks its integrity; `kept` is what it may hold of a data
 * directory. INVALID with report->fault. */
CRM_MUST_CHECK crm_status backup_verify(const char *path, const char *const *kept, backup_report *report);
/*
 * Verifies the backup and puts it into the data directory, which must hold no database. CONFLICT
 * when it does; then nothing is touched. The caller holds the directory's lock.
 */
CRM_MUST_CHECK crm_status backup_restore(const char *path, const char *dir, const char *const *kept,
                                         backup_report *report);

#endif
