/* backup_sqlite.h - what backup.c needs to know of a copy of the database. */
#ifndef DATA_BACKUP_SQLITE_H
#define DATA_BACKUP_SQLITE_H

#include "data/engine_sqlite.h"

#define BACKUP_ENTITIES_MAX 4096

typedef struct backup_count {
    crm_str entity;
    int64_t rows;
} backup_count;
typedef struct backup_counts {
    backup_count *at;
    uint32_t count;
} backup_counts;

/* fsync of a file and of its folder. */
CRM_MUST_CHECK crm_status backup_sync(const char *path);
/* Rows of every entity of a copy nobody writes. `check`: first that this program may write it, else
 * CONFLICT, and its integrity. INVALID when that fails. */
CRM_MUST_CHECK crm_status backup_inspect(const char *path, bool check, arena *a,
                                         backup_counts *out);

#endif
