/*
 * backup_kept.h - the files of a data directory that a backup holds besides database and attachments: keys,
 * and what else of it cannot be made again. They are small, and secret.
 */
#ifndef DATA_BACKUP_KEPT_H
#define DATA_BACKUP_KEPT_H

#include "base/crypto.h"
#include "base/json.h"

typedef struct kept_file {
    crm_str name; /* below the data directory */
    char sha256[2 * SHA256_SIZE + 1];
    struct kept_file *next;
} kept_file;

/*
 * Copies `names` (files or folders, NULL ends them; what is not there is left out) from `dir` into the
 * folder `to`, which is made: mode 0700, the files 0600. The list is in the arena. Blocking.
 */
CRM_MUST_CHECK crm_status kept_copy(arena *a, const char *dir, const char *to, const char *const *names,
                                    kept_file **out);
/* {"ca.key":"<sha256>",…} of a manifest as a list. INVALID: a name that is none of `names` nor below one. */
CRM_MUST_CHECK crm_status kept_read(arena *a, json_t *sums, const char *const *names, kept_file **out);
/* The first that is not in the folder `from` with its digest; NULL: all are. */
const kept_file *kept_damaged(arena *a, const char *from, const kept_file *list);
/* Puts them into the data directory. */
CRM_MUST_CHECK crm_status kept_put(arena *a, const char *from, const char *dir, const kept_file *list);

#endif
