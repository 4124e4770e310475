/*
 * fault_vfs.h - a disk that fails on demand: SQLite's own VFS behind one that counts calls.
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

#endif
