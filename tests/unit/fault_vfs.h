/*
 * fault_vfs.h - a disk that fails on demand: SQLite's own VFS behind one that counts calls, and tells
 * what reaches the disk.
 *
 * One plan at a time, for all files. Any thread; the plan is changed while nothing is written.
 */
#ifndef FAULT_VFS_H
#define FAULT_VFS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum fault_call { FAULT_NONE, FAULT_READ, FAULT_WRITE, FAULT_SYNC, FAULT_TRUNCATE } fault_call;

/* Becomes the default VFS; before the first engine of the process is opened. */
void fault_vfs_install(void);
/*
 * The `nth` call of this kind from now on (1: the next) gives `rc`, one of SQLITE_IOERR_FSYNC,
 * SQLITE_FULL …, and with `for_ever` every later one as well. FAULT_NONE: nothing fails any more.
 */
void fault_vfs_plan(fault_call which, uint32_t nth, int rc, bool for_ever);
/* How many calls have failed since the plan was made. */
uint32_t fault_vfs_hits(void);
/* How many writes there were since the process began, of all files. */
uint64_t fault_vfs_writes(void);

/*
 * Told of all that happens to files, before it does, by the thread that does it. A file whose `open`
 * gave a number from 0 on is told of by that number, and is not really synced: what that would be
 * for is the watcher's business.
 */
typedef struct fault_watcher {
    int (*open)(const char *path, int flags, bool is_new);
    void (*write)(int file, const void *from, int n, int64_t at);
    void (*truncate)(int file, int64_t size);
    void (*sync)(int file);
    void (*remove)(const char *path, bool syncs_folder);
} fault_watcher;
/* NULL: nobody any more; files that are open then are told of no more, and synced. */
void fault_vfs_watch(const fault_watcher *w);

#endif
