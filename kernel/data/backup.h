/*
 * backup.h - a copy of everything, its manifest, and the way back.
 *
 * A backup is <path>, a database that stands alone, <path>.files, the contents of its attachments
 * when it has any, <path>.data, what the caller wants kept of the data directory (keys among it:
 * mode 0600, and a secret as a whole), and <path>.json, the manifest with the SHA-256 of the
 * database and of what was kept, the number of files and of the rows of every entity. A copy
 * without one is not a backup. The database is written into <path>.part, which gets its name last,
 * beside the manifest. What is told to stop leaves nothing; what is killed leaves <path>.part, and
 * the next copy to that name begins anew in its place. Contents never change, so on one disk a
 * backup links them and takes no room for them. Blocking functions; never on a loop thread.
 *
 * A backup is restored beside and then put in place: all of it is written into <dir>/restore.part,
 * which becomes <dir>/restore.whole; from there everything is renamed into the directory, the
 * database last. So what fails leaves the directory as it was, and what is killed is either begun
 * again (part) or completed by the next who comes (whole).
 */
#ifndef DATA_BACKUP_H
#define DATA_BACKUP_H

#include "data/engine.h"

/* The key in a data directory; flow/webhook_sign.c makes it before the first row that needs it. */
#define BACKUP_KEY_FILE  "webhook.key"
#define BACKUP_KEY_MAX   4096
#define BACKUP_NAME_ROOM 4200

/* What is wrong, for people and programs; backup_say makes a line of it. */
typedef struct backup_fault {
    const char *key;             /* of the kernel's texts, "backup.taken"; NULL: nothing */
    char name[BACKUP_NAME_ROOM]; /* the file, folder or entity that it is about */
    int64_t found, told;         /* numbers that differ */
    crm_status why;
} backup_fault;

typedef struct backup_report {
    int64_t bytes, rows, files;
    uint32_t entities;
    bool has_key;      /* a copy of format 3, which has the webhooks' key beside it */
    bool is_completed; /* a restore that was cut off has been completed, and this was its copy */
    bool is_left;      /* it failed, and what it has placed could not be taken back */
    char sha256[65];
    char made_at[CLOCK_TEXT];
    backup_fault fault;
} backup_report;

/* What is copied. */
typedef struct backup_of {
    engine *engine;
    const char *dir;         /* its data directory */
    const char *const *kept; /* files and folders of it, NULL ends them */
} backup_of;

/* engine_backup with its manifest. CONFLICT when a file stands at `path` or somebody else copies
 * there, NO_SPACE, UNAVAILABLE when it was told to stop; what it had made is gone then. By the time
 * of progress.begun the files of the directory are copied, too. */
CRM_MUST_CHECK crm_status backup_make(const backup_of *of, const char *path,
                                      engine_backup_progress p, backup_report *report);
/* Compares a backup with its manifest and checks its integrity; `kept` is what it may hold of a
 * data directory. INVALID with report->fault. */
CRM_MUST_CHECK crm_status backup_verify(const char *path, const char *const *kept,
                                        backup_report *report);

/* Where it goes. */
typedef struct backup_into {
    const char *dir;         /* a data directory; the caller holds its lock */
    const char *const *kept; /* what may be put there */
    const char *mark;        /* an empty file that says where the data came from; NULL: none */
    const char *other; /* a file that says the directory is for data of another kind; NULL: none */
} backup_into;
/*
 * Verifies the backup and puts it into the directory. CONFLICT with the name of what is there when
 * it holds any of that already: nothing is overwritten. Completes first what an earlier restore was
 * cut off in: OK with is_completed where that was of this copy, CONFLICT where it was of another.
 * What fails leaves the directory as it was, unless is_left.
 */
CRM_MUST_CHECK crm_status backup_restore(const backup_into *into, const char *path,
                                         backup_report *report);
/*
 * Before anything else looks into a data directory: completes a restore that was cut off once it
 * was whole. CONFLICT: one was cut off before, and there is nothing to work with.
 */
CRM_MUST_CHECK crm_status backup_settle(const char *dir, backup_report *report);
/* Whether there is what backup_settle looks for. */
bool backup_is_cut_off(const char *dir);

/* The fault as a line in `lang`, "ru" or "en"; nothing when there is none. */
void backup_say(const backup_fault *f, const char *lang, buf *out);

#endif
