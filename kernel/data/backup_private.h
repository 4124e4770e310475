/* backup_private.h - what the making and the restoring of a backup share. */
#ifndef DATA_BACKUP_PRIVATE_H
#define DATA_BACKUP_PRIVATE_H

#include "data/backup.h"
#include "data/backup_kept.h"

#define BACKUP_MANIFEST_MAX ((size_t)1024 * 1024)
#define BACKUP_MANIFEST     ".json"
#define BACKUP_FILES        ".files"
#define BACKUP_DATA         ".data"
#define BACKUP_PART         ".part"             /* the database while it is being copied */
#define BACKUP_KEY          "." BACKUP_KEY_FILE /* where format 3 has it */

/* Sets the fault, whose name is two parts put together, and gives `st` back. */
crm_status backup_fail(backup_report *r, crm_status st, const char *key, const char *name,
                       const char *more);
/* TOO_LARGE: there is no room. */
CRM_MUST_CHECK crm_status backup_join(char out[BACKUP_NAME_ROOM], const char *a, const char *b);
/* The digest and size of a file that nobody writes. */
CRM_MUST_CHECK crm_status backup_digest(const char *path, backup_report *r);
/* The manifest beside a backup; the caller frees it, NULL included. */
CRM_MUST_CHECK crm_status backup_manifest(const char *path, arena *a, json_t **out,
                                          backup_report *r);

#endif
