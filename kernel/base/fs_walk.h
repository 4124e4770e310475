/* fs_walk.h - the files below a folder. Blocking: no loop thread. */
#ifndef BASE_FS_WALK_H
#define BASE_FS_WALK_H

#include "base/fs.h"

/*
 * Calls `each` for every regular file below `dir` with its name from there ("tz.copy/1f/tz.yaml"), or for
 * `dir/only` alone, file or folder. Links are left alone, what is not there is fine, a deeper folder than
 * FS_DEPTH is TOO_LARGE. Names are in the arena.
 */
#define FS_DEPTH 8
typedef crm_status (*fs_each)(void *arg, crm_str name);
CRM_MUST_CHECK crm_status fs_files(arena *a, const char *dir, const char *only, fs_each each, void *arg);
/* Removes what fs_write had begun in `dir` itself when its process was killed. Only where nobody else writes:
 * with fs_lock. */
void fs_drop_unfinished(const char *dir);
/* Makes the folders that `name` has below `dir`, which is there. */
CRM_MUST_CHECK crm_status fs_mkdirs(arena *a, const char *dir, crm_str name, unsigned mode);

#endif
