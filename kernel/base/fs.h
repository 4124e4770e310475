/* fs.h - files the server owns: whole reads and durable writes. Blocking: no loop thread. */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <crm/crm.h>

#include "base/arena.h"

/* Reads a regular file of at most `max` bytes. NOT_FOUND, TOO_LARGE, INTERNAL. */
CRM_MUST_CHECK crm_status fs_read(arena *a, const char *path, size_t max, crm_str *out);
/* Writes beside, fsyncs, renames over `path`, fsyncs the folder. Written by root, the file belongs to
 * whom its folder does. NO_SPACE or INTERNAL. */
CRM_MUST_CHECK crm_status fs_write(const char *path, crm_str data, unsigned mode);
/* Bytes that the disk of `path` has left for us; 0 when that cannot be told. */
uint64_t fs_room(const char *path);
uint64_t fs_room_of(int fd);
#define FS_ROOM_KEPT ((uint64_t)256 << 20) /* of the disk, for the database: no upload takes it */
/* What was made, renamed or removed in the folder is on the disk. */
CRM_MUST_CHECK crm_status fs_sync(const char *dir);
/* Makes the folder (one level) with this mode; an existing one is fine. */
CRM_MUST_CHECK crm_status fs_mkdir(const char *path, unsigned mode);
/* Removes the folder and all that is in it; links are removed, not followed. What is not there is fine. */
void fs_remove_all(const char *dir);
/*
 * Takes the exclusive lock of a data directory (flock on <dir>/lock) until the process ends.
 * CONFLICT when another process holds it; *holder is then its pid as written in the file, or 0.
 */
CRM_MUST_CHECK crm_status fs_lock(const char *dir, int *fd, long *holder);

#endif
