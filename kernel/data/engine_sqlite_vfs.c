/*
 * engine_sqlite_vfs.c - the write-ahead log in long writes.
 *
 * SQLite writes a commit to its log in two calls a page, one after the other; the calls cost more
 * than what they carry. Here what follows on in the log is gathered and written at once, at the
 * latest before the log is synced or read. A commit is acknowledged, and readers learn of its
 * pages, only after that sync (synchronous=FULL), so the order on the disk is SQLite's own. What
 * fails is reported by the call that wrote: a sync may answer SQLITE_FULL too, and SQLite takes any
 * failure of a call for the failure of the commit.
 *
 * Of all files only logs are touched. A file belongs to its connection, so to one thread.
 */
#include <pthread.h>
#include <stdlib.h>

#include "data/engine_sqlite.h"

/* Below 128 KB: of a longer write SQLite's unix VFS takes the size modulo that. */
#define GATHER_BYTES (124 * 1024)

typedef struct log_file {
    sqlite3_file base; /* first */
    sqlite3_file *real;
    char *gathered; /* GATHER_BYTES; made by the first write */
    sqlite3_int64 at;
    int used;
} log_file;

static sqlite3_vfs *real_vfs;

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((log_file *)f)->real;
}

/* What could not be written is forgotten: SQLite undoes the transaction and writes there again. */
static int flush(sqlite3_file *f)
{
    log_file *log = (log_file *)f;
    int n = log->used;
    log->used = 0;
    return n ? log->real->pMethods->xWrite(log->real, log->gathered, n, log->at) : SQLITE_OK;
}

static int log_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    log_file *log = (log_file *)f;
    bool follows = at == log->at + log->used && n <= GATHER_BYTES - log->used;
    int rc = log->used && !follows ? flush(f) : SQLITE_OK;
    if (rc == SQLITE_OK && !log->gathered) {
        log->gathered = malloc(GATHER_BYTES);
    }
    if (rc != SQLITE_OK || !log->gathered || n > GATHER_BYTES) {
        return rc ? rc : log->real->pMethods->xWrite(log->real, from, n, at);
    }
    log->at = log->used ? log->at : at;
    memcpy(log->gathered + log->used, from, (size_t)n);
    log->used += n;
    return SQLITE_OK;
}

static int log_sync(sqlite3_file *f, int flags)
{
    int rc = flush(f);
    return rc ? rc : real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int log_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    int rc = flush(f);
    return rc ? rc : real_of(f)->pMethods->xRead(real_of(f), to, n, at);
}

static int log_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int rc = flush(f);
    return rc ? rc : real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int log_size(sqlite3_file *f, sqlite3_int64 *size)
{
    int rc = flush(f);
    return rc ? rc : real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int log_close(sqlite3_file *f)
{
    log_file *log = (log_file *)f;
    int rc = flush(f), closed = real_of(f)->pMethods->xClose(real_of(f));
    free(log->gathered);
    log->gathered = NULL;
    return rc ? rc : closed;
}

/* ---- what passes through --------------------------------------------------------------------- */

static int log_lock(sqlite3_file *f, int how)
{
    return real_of(f)->pMethods->xLock(real_of(f), how);
}

static int log_unlock(sqlite3_file *f, int how)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), how);
}

static int log_is_reserved(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int log_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int log_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int log_traits(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

/* Version 1: without shared memory and mapping, which are of the file the log belongs to. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_is_reserved,
    .xFileControl = log_control,
    .xSectorSize = log_sector,
    .xDeviceCharacteristics = log_traits,
};

/* ---- the VFS --------------------------------------------------------------------------------- */

static int vfs_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
    log_file *log = (log_file *)f;
    (void)v;
    if (!(flags & SQLITE_OPEN_WAL)) {
        return real_vfs->xOpen(real_vfs, name, f, flags, out);
    }
    *log = (log_file){.real = (sqlite3_file *)(log + 1)};
    int rc = real_vfs->xOpen(real_vfs, name, log->real, flags, out);
    f->pMethods = log->real->pMethods ? &methods : NULL;
    return rc;
}

static void install(void)
{
    static sqlite3_vfs mine;
    real_vfs = sqlite3_vfs_find(NULL);
    mine = *real_vfs; /* what is not about open files is the real one's */
    mine.pNext = NULL;
    mine.zName = VFS_NAME;
    mine.szOsFile = (int)sizeof(log_file) + real_vfs->szOsFile;
    mine.xOpen = vfs_open;
    sqlite3_vfs_register(&mine, 0);
}

void vfs_install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
}
