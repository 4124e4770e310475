/* backup_world.h - a data directory to copy, the copy, and the directory it is restored into. */
#ifndef BACKUP_WORLD_H
#define BACKUP_WORLD_H

#include "data/backup.h"
#include "engine_world.h"

extern const char *const kept[]; /* "webhook.key" and "tz.copy" */

typedef struct backup_place {
    char path[128], dir[128]; /* the copy; an empty directory */
} backup_place;

/* Of bench_set_up: its directory is the one to copy. */
backup_place place_in(const bench *b);
/* Writes `count` deals. */
void fill(bench *b, int count);
/* A file of mode 0600 named by the two put together. */
void write_key(const char *folder, const char *name, const char *text);
void assert_file(bench *b, const char *folder, const char *name, const char *text);
/* How many files there are, at any depth. */
int files_in(bench *b, const char *dir);
/* A copy with a key and a folder. */
backup_place copy_with_all(bench *b);
crm_status restore(const backup_place *p, backup_report *r);

#endif
